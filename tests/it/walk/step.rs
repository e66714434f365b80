//! The steps of a walk, drawn at random.

use proptest::prelude::*;

use super::cast::{OFFICERS, VACANCIES};

/// One step of a walk.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// An officer answers the round that stands, or one so much earlier.
    Accept(u32, u32, u32),
    Decline(u32, u32),
    /// Somebody with a reservation says yes to the round that stands.
    Confirm(u32),
    Release(u32, u32),
    Recall(u32, u32),
    Cancel(u32),
    NextTier(u32),
    Suspend(u32, bool),
    /// To another hour, of so many slots, with so many minutes to confirm.
    Amend(u32, Option<u64>, Option<usize>, u64),
    /// One slot less, this one.
    Reduce(u32, u16),
    /// Somebody repeats an earlier request.
    Again(usize),
    /// What was put in line is settled, so many minutes later.
    Settle(u64),
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (officer, vacancy) = (0..OFFICERS, 0..VACANCIES);
    let both = (vacancy.clone(), officer.clone());
    let hour = proptest::option::weighted(0.8, 0..12u64);
    let slots = proptest::option::weighted(0.3, 1..4usize);
    let amend = (vacancy.clone(), hour, slots, 1..90u64);
    let step = prop_oneof![
        12 => (both.clone(), 0..2u32).prop_map(|((v, o), back)| Step::Accept(v, o, back)),
        2 => both.clone().prop_map(|(v, o)| Step::Decline(v, o)),
        4 => vacancy.clone().prop_map(Step::Confirm),
        3 => both.clone().prop_map(|(v, o)| Step::Release(v, o)),
        2 => both.prop_map(|(v, o)| Step::Recall(v, o)),
        1 => vacancy.clone().prop_map(Step::Cancel),
        1 => vacancy.prop_map(Step::NextTier),
        1 => (officer, any::<bool>()).prop_map(|(o, on)| Step::Suspend(o, on)),
        5 => amend.prop_map(|(v, hour, slots, within)| Step::Amend(v, hour, slots, within)),
        1 => (0..VACANCIES, 0..3u16).prop_map(|(v, slot)| Step::Reduce(v, slot)),
        4 => any::<usize>().prop_map(Step::Again),
        8 => (0..60u64).prop_map(Step::Settle),
    ];
    proptest::collection::vec(step, 1..120)
}
