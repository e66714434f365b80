//! The gate in front of the line: turns away accepts that have certainly lost.
//!
//! When 10,000 officers answer one slot, all but a few learn here, for two atomic loads and one
//! addition, that it is filled. A gate cites durable state only: the engine thread writes it
//! after the sync. It may let through who will lose in line; it never turns away who could win.

use std::sync::OnceLock;

use super::sync::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use crate::limits::VACANCIES_MAX;
use crate::model::{OfficerId, Standing, Timestamp, Vacancy, VacancyId};

/// Gates that are made at a time.
const CHUNK: usize = if IS_EXPLORED { 2 } else { 4_096 };

/// Chunks at most.
const CHUNKS_MAX: usize = if IS_EXPLORED {
    2
} else {
    VACANCIES_MAX.div_ceil(CHUNK)
};

/// Words of the filter of officers with recorded answers: 65,536 bits.
const ANSWERED_WORDS: usize = if IS_EXPLORED { 2 } else { 1_024 };

/// A model makes all its atomics anew for each of its thousands of runs, so it has few of them.
const IS_EXPLORED: bool = cfg!(all(test, any(loom, shuttle)));

/// What the gate says to an accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Into the line.
    Enter,
    /// Every slot of that round is taken.
    Filled {
        /// Place in the line of accepts.
        place: u32,
        /// When the last slot was taken.
        filled_at: Timestamp,
    },
}

/// A gate for every vacancy.
#[derive(Debug)]
pub(crate) struct Gates {
    chunks: Box<[OnceLock<Box<[Gate]>>]>,
    /// A filter of officers who were refused in a way that is on record, or whose accept was
    /// collected: their retries must hear it again, so they go past every gate.
    answered: Box<[AtomicU64]>,
}

/// What a gate shows of a vacancy: taken when it is settled, put up when it is durable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sign {
    /// As in [`Gate`]; none when the vacancy is over.
    word: Option<u64>,
    winners: u64,
    filled_at: i64,
}

#[derive(Debug, Default)]
struct Gate {
    /// The last closed round in the upper half, none being 0; whether it is filled in the lower.
    word: AtomicU64,
    /// A filter of those who hold or held a slot: one of 64 bits each. A winner whose reply was lost
    /// asks again and must get past the gate to hear it; so may one in 64 who did not win.
    winners: AtomicU64,
    /// Accepts seen in this round, here or in line.
    line: AtomicU32,
    filled_at: AtomicI64,
}

impl Gates {
    pub(crate) fn new() -> Gates {
        Gates {
            chunks: (0..CHUNKS_MAX).map(|_| OnceLock::new()).collect(),
            answered: (0..ANSWERED_WORDS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Notes that a refusal of `officer` is on record, or will be. Called by the engine thread only,
    /// before the refusal is told.
    pub(crate) fn note_answer(&self, officer: OfficerId) {
        let (word, bit) = answered_bit(officer);
        self.answered[word].fetch_or(bit, Ordering::Release);
    }

    /// Whether a refusal of `officer` may be on record.
    pub(crate) fn has_answers(&self, officer: OfficerId) -> bool {
        let (word, bit) = answered_bit(officer);
        self.answered[word].load(Ordering::Acquire) & bit != 0
    }

    /// Whether an accept of `round` by `officer` may enter the line.
    pub(crate) fn admit(&self, vacancy: VacancyId, round: u32, officer: OfficerId) -> Admission {
        let Some(gate) = self.find(vacancy) else {
            return Admission::Enter;
        };
        let word = gate.word.load(Ordering::Acquire);
        let closed_round = (word >> 32) as u32;
        // A round that was never closed is the engine's to judge, and so is one that never began,
        // such as 0.
        if round == 0 || round > closed_round {
            return Admission::Enter;
        }
        let has_won = gate.winners.load(Ordering::Acquire) & winner_bit(officer) != 0;
        if has_won || self.has_answers(officer) {
            return Admission::Enter;
        }
        let place = gate.line.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Admission::Filled {
            place,
            filled_at: Timestamp(gate.filled_at.load(Ordering::Acquire)),
        }
    }

    /// The next place in the line of accepts for `vacancy`.
    pub(crate) fn next_place(&self, vacancy: VacancyId) -> u32 {
        let Some(gate) = self.find(vacancy) else {
            return 1;
        };
        gate.line.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Shows what is durable about `row`. Called by whoever writes the log only.
    pub(crate) fn show(&self, vacancy: VacancyId, row: &Vacancy) {
        self.put_up(vacancy, Sign::of(row));
    }

    /// Puts up a sign whose vacancy is durable as it says. Called by whoever writes the log only.
    pub(crate) fn put_up(&self, vacancy: VacancyId, sign: Sign) {
        let gate = self.make(vacancy);
        let Some(word) = sign.word else {
            // What is over is asked about rarely, and the engine remembers who held it. The
            // winners stay shown: whoever has read the closed word may still be about to look.
            gate.word.store(0, Ordering::Release);
            return;
        };
        // The line counts anew when a round opens after one was closed.
        if word as u32 == 0 && gate.word.load(Ordering::Relaxed) as u32 == 1 {
            gate.line.store(0, Ordering::Relaxed);
        }
        // Winners are shown before the gate closes. Otherwise a winner whose reply was lost could
        // ask again and be told that it is filled.
        gate.filled_at.store(sign.filled_at, Ordering::Release);
        gate.winners.store(sign.winners, Ordering::Release);
        gate.word.store(word, Ordering::Release);
    }

    /// The gate of `vacancy`, made with its neighbours when the first of them is published.
    fn make(&self, vacancy: VacancyId) -> &Gate {
        let chunk = self.chunks[vacancy.index() / CHUNK]
            .get_or_init(|| (0..CHUNK).map(|_| Gate::default()).collect());
        &chunk[vacancy.index() % CHUNK]
    }

    fn find(&self, vacancy: VacancyId) -> Option<&Gate> {
        let chunk = self.chunks.get(vacancy.index() / CHUNK)?.get()?;
        Some(&chunk[vacancy.index() % CHUNK])
    }
}

impl Sign {
    /// Whether the gate of `row` is to show anything else than when `row` was published: as long as
    /// no round was closed, everybody enters.
    pub(crate) fn differs(row: &Vacancy) -> bool {
        row.closed_round > 0
    }

    /// Whether an accept of `round` by `officer` has certainly lost: the round is filled, and the
    /// officer never had a slot of it.
    pub(crate) fn is_lost_to(&self, round: u32, officer: OfficerId) -> bool {
        let closed_round = self.word.map_or(0, |word| (word >> 32) as u32);
        (1..=closed_round).contains(&round) && self.winners & winner_bit(officer) == 0
    }

    /// What the gate of `row` shows once `row` is durable.
    pub(crate) fn of(row: &Vacancy) -> Sign {
        let is_over = matches!(row.standing, Standing::Cancelled | Standing::Expired);
        let is_filled = u64::from(row.standing == Standing::Filled);
        // Those who gave their slot back, undid their accept, or lost it to an amendment, won it
        // once, and a retry of that request hears what it heard then.
        let holders = row.holders().map(|holder| holder.officer);
        let lost = row.moved.iter().flat_map(|moved| &moved.lost);
        let undone = row
            .awarding
            .iter()
            .flat_map(|awarding| awarding.undone.iter());
        let winners = holders
            .chain(row.returned.iter())
            .chain(lost.map(|lost| lost.officer))
            .chain(undone);
        Sign {
            word: (!is_over).then_some((u64::from(row.closed_round) << 32) | is_filled),
            winners: winners.fold(0, |bits, officer| bits | winner_bit(officer)),
            filled_at: row.filled_at.map_or(0, Timestamp::as_micros),
        }
    }
}

fn answered_bit(officer: OfficerId) -> (usize, u64) {
    let word = officer.index() / 64 % ANSWERED_WORDS;
    (word, 1 << (officer.0 % 64))
}

fn winner_bit(officer: OfficerId) -> u64 {
    // Fibonacci hashing spreads neighbours, who are colleagues, over the bits.
    1 << (u64::from(officer.0).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

/// Gates that show what is durable in a wrong way each, for the models to find.
#[cfg(all(test, any(loom, shuttle)))]
mod planted {
    use super::*;

    impl Gates {
        /// Closes the gate before it shows the winners.
        pub(in crate::race) fn show_the_word_first(&self, vacancy: VacancyId, row: &Vacancy) {
            let (gate, sign) = (self.make(vacancy), Sign::of(row));
            let word = sign
                .word
                .expect("the models close a vacancy and do not end it");
            gate.filled_at.store(sign.filled_at, Ordering::Release);
            gate.word.store(word, Ordering::Release);
            gate.winners.store(sign.winners, Ordering::Release);
        }

        /// Closes the gate before it says since when.
        pub(in crate::race) fn show_the_time_last(&self, vacancy: VacancyId, row: &Vacancy) {
            let (gate, sign) = (self.make(vacancy), Sign::of(row));
            let word = sign
                .word
                .expect("the models close a vacancy and do not end it");
            gate.winners.store(sign.winners, Ordering::Release);
            gate.word.store(word, Ordering::Release);
            gate.filled_at.store(sign.filled_at, Ordering::Release);
        }

        /// Does everything in the right order and lets the machine change it.
        #[cfg(loom)]
        pub(in crate::race) fn show_without_order(&self, vacancy: VacancyId, row: &Vacancy) {
            let (gate, sign) = (self.make(vacancy), Sign::of(row));
            let word = sign
                .word
                .expect("the models close a vacancy and do not end it");
            gate.filled_at.store(sign.filled_at, Ordering::Relaxed);
            gate.winners.store(sign.winners, Ordering::Relaxed);
            gate.word.store(word, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::model::{
        AgencyId, AgreementId, Holder, Interval, Lost, Posting, ProgrammeId, Rank, Segment,
        Sequence, SiteId, VacancyKey,
    };

    const V: VacancyId = VacancyId(5_000);

    fn vacancy() -> Vacancy {
        let span = Interval {
            start: Timestamp(10),
            end: Timestamp(20),
        };
        Vacancy::new(Posting {
            key: VacancyKey(1),
            lead: AgencyId(0),
            programme: ProgrammeId(0),
            segments: vec![Segment {
                site: SiteId(0),
                span,
                local: Vec::new(),
            }],
            slots: vec![Rank::Officer],
            windows_ms: Vec::new(),
            post_orders: "".into(),
        })
    }

    fn fill(row: &mut Vacancy, officer: OfficerId) {
        row.slots[0].holder = Some(Holder {
            officer,
            cover: AgreementId(0),
            place: 1,
            sequence: Sequence(1),
            awarded_at: Timestamp(7),
            closed_before: 0,
        });
        row.standing = Standing::Filled;
        row.closed_round = row.round;
        row.filled_at = Some(Timestamp(7));
    }

    #[test]
    fn an_open_gate_lets_everybody_in_and_a_closed_one_only_its_winner() {
        let gates = Gates::new();
        assert_eq!(
            gates.admit(V, 1, OfficerId(3)),
            Admission::Enter,
            "not published here yet"
        );

        let mut row = vacancy();
        gates.show(V, &row);
        assert_eq!(gates.admit(V, 1, OfficerId(3)), Admission::Enter);
        assert_eq!(gates.next_place(V), 1);

        fill(&mut row, OfficerId(3));
        gates.show(V, &row);
        assert_eq!(
            gates.admit(V, 1, OfficerId(3)),
            Admission::Enter,
            "a winner hears it again"
        );
        let lost = |place| Admission::Filled {
            place,
            filled_at: Timestamp(7),
        };
        assert_eq!(gates.admit(V, 1, OfficerId(4)), lost(2));
        assert_eq!(gates.admit(V, 1, OfficerId(5)), lost(3));
    }

    #[test]
    fn a_sign_says_before_it_is_put_up_who_will_have_lost() {
        let mut row = vacancy();
        assert!(!Sign::of(&row).is_lost_to(1, OfficerId(4)), "it is open");
        fill(&mut row, OfficerId(3));
        let sign = Sign::of(&row);
        assert!(sign.is_lost_to(1, OfficerId(4)));
        assert!(!sign.is_lost_to(1, OfficerId(3)), "the winner");
        for round in [0, 2] {
            assert!(!sign.is_lost_to(round, OfficerId(4)), "no round was filled");
        }
        row.standing = Standing::Cancelled;
        assert!(!Sign::of(&row).is_lost_to(1, OfficerId(4)), "it is over");
    }

    #[test]
    fn who_has_an_answer_on_record_hears_it_from_the_engine() {
        let gates = Gates::new();
        let mut row = vacancy();
        fill(&mut row, OfficerId(3));
        gates.show(V, &row);
        gates.note_answer(OfficerId(4));
        assert_eq!(gates.admit(V, 1, OfficerId(4)), Admission::Enter);
        let other = gates.admit(V, 1, OfficerId(5));
        assert!(matches!(other, Admission::Filled { place: 1, .. }));
    }

    #[test]
    fn a_round_that_never_began_is_not_filled() {
        let gates = Gates::new();
        let mut row = vacancy();
        fill(&mut row, OfficerId(3));
        gates.show(V, &row);
        assert_eq!(gates.admit(V, 99, OfficerId(4)), Admission::Enter);
    }

    #[test]
    fn a_new_round_opens_the_gate_to_its_own_answers_only() {
        let gates = Gates::new();
        let mut row = vacancy();
        fill(&mut row, OfficerId(3));
        gates.show(V, &row);
        row.slots[0].holder = None;
        row.standing = Standing::Open;
        row.round = 2;
        gates.show(V, &row);
        assert_eq!(gates.admit(V, 2, OfficerId(4)), Admission::Enter);
        assert!(matches!(
            gates.admit(V, 1, OfficerId(4)),
            Admission::Filled { place: 1, .. }
        ));
        assert_eq!(gates.next_place(V), 2);
    }

    #[test]
    fn an_amended_round_is_not_filled_and_who_lost_a_slot_to_it_hears_it_from_the_engine() {
        let gates = Gates::new();
        let mut row = vacancy();
        let moved = row.moved.get_or_insert_default();
        moved.round = 2;
        row.round = 2;
        gates.show(V, &row);
        assert_eq!(
            gates.admit(V, 1, OfficerId(4)),
            Admission::Enter,
            "round 1 ended without being filled"
        );

        row.round = 3;
        fill(&mut row, OfficerId(3));
        let moved = row.moved.get_or_insert_default();
        moved.lost.push(Lost {
            officer: OfficerId(5),
            first_round: 2,
            last_round: 2,
        });
        gates.show(V, &row);
        assert_eq!(gates.admit(V, 2, OfficerId(5)), Admission::Enter);
        assert!(matches!(
            gates.admit(V, 2, OfficerId(4)),
            Admission::Filled { place: 1, .. }
        ));
    }
}
