//! What a vacancy may ask beyond time, place and rank.

use std::mem::discriminant;

use crate::core::refusal::{Invalid, Refusal};
use crate::limits::{
    BUFFER_MS_MAX, CRITERIA_MAX, FAIRNESS_MS_MAX, HOURS_PERIOD_MS_MAX, REASON_LEN_MAX,
    REVEAL_WITHIN_MS_MAX, STANDBY_CONFIRM_MS_MAX, STANDBY_CONFIRM_MS_MIN, UNDO_MS_MAX,
    WINDOW_MS_MAX, WINDOWS_MAX,
};
use crate::model::{AwardRule, Collect, Criterion, Posting, Term, Terms, Timestamp};

/// The terms as they are kept, with every bound checked.
pub(super) fn resolve(terms: &[Term], posting: &Posting, at: Timestamp) -> Result<Terms, Refusal> {
    for term in terms {
        check(term, posting, at).map_err(Refusal::Invalid)?;
    }
    let mut terms = Terms::new(terms.to_vec()).ok_or(Refusal::Invalid(Invalid::Terms))?;
    terms.forget_number();
    Ok(terms)
}

fn check(term: &Term, posting: &Posting, at: Timestamp) -> Result<(), Invalid> {
    let (within, otherwise) = match term {
        Term::Buffer {
            before_ms,
            after_ms,
        } => (*before_ms.max(after_ms) <= BUFFER_MS_MAX, Invalid::Terms),
        Term::OpensBefore { before_ms } => {
            let count = (1..=WINDOWS_MAX).contains(&before_ms.len());
            let falling = before_ms.windows(2).all(|pair| pair[0] > pair[1]);
            let bounded = |ms: &u64| (1..=WINDOW_MS_MAX).contains(ms);
            let within = count && falling && before_ms.iter().all(bounded);
            (within, Invalid::OpensBefore)
        }
        Term::BeyondGrant { reason } => {
            let within = (1..=REASON_LEN_MAX).contains(&reason.len());
            (within, Invalid::Reason)
        }
        Term::Clothing(_) | Term::MarkedCar => (true, Invalid::Terms),
        Term::Award(rule) => (is_bounded(rule, posting, at), Invalid::Award),
        Term::Undo { within_ms } => {
            let within = 1..=UNDO_MS_MAX;
            (within.contains(within_ms), Invalid::Award)
        }
        Term::Standby { confirm_within_ms } => {
            let within = STANDBY_CONFIRM_MS_MIN..=STANDBY_CONFIRM_MS_MAX;
            (within.contains(confirm_within_ms), Invalid::Award)
        }
        // What they name is looked up and counted where they are answered.
        Term::Job { .. } | Term::HigherRanks { .. } | Term::ByLadder { .. } => {
            (true, Invalid::Terms)
        }
    };
    if within { Ok(()) } else { Err(otherwise) }
}

/// Whether accepts are collected for some time before the work, and ranked by what makes sense.
fn is_bounded(rule: &AwardRule, posting: &Posting, at: Timestamp) -> bool {
    let collects = match rule.collect {
        Collect::Until(until) => at < until && until < posting.span().start,
        Collect::Fairness { window_ms } => (1..=FAIRNESS_MS_MAX).contains(&window_ms),
    };
    let criteria = &rule.ranked_by;
    let is_repeated = |(place, one): (usize, &Criterion)| {
        let mut before = criteria[..place].iter();
        before.any(|other| discriminant(other) == discriminant(one))
    };
    let ranks = criteria.len() <= CRITERIA_MAX && !criteria.iter().enumerate().any(is_repeated);
    let sensible = |criterion: &Criterion| match criterion {
        Criterion::Seniority | Criterion::Rotation => true,
        Criterion::FewestHours { period_ms } => (1..=HOURS_PERIOD_MS_MAX).contains(period_ms),
        Criterion::Lottery {
            reveal_within_ms, ..
        } => (1..=REVEAL_WITHIN_MS_MAX).contains(reveal_within_ms),
    };
    collects && ranks && criteria.iter().all(sensible)
}
