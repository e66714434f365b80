//! What everybody heard and did, written down as it happened.
//!
//! Every simulated officer and every coordinator's desk keeps its own book, so recording takes
//! no lock that another session could hold. The books are bound into one [`Ledger`] when the run
//! is over, and only then does anybody judge them: [`crate::audit`] and [`crate::report`].
//!
//! Instants are microseconds since the run began, on the generator's monotonic clock. Sequences
//! are the server's: the place of a record in its log.

use protocol::{
    BoardRow, Cursor, Outcome, RefusalCode, RequestId, RosterChange, Unassignment, Withdrawal,
};
use serde::{Deserialize, Serialize};

use crate::world::{Facts, World};

/// Everything that is known when a run is over.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The world as it was before the run's own roster changes.
    pub world: World,
    /// The planned vacancies, in the order of [`VacancyNo`].
    pub vacancies: Vec<Facts>,
    /// The officers' books.
    pub officers: Vec<OfficerBook>,
    /// The coordinators' and the operator's books.
    pub desks: Vec<DeskBook>,
    /// The board as it stood at the very end; nothing if nobody looked at it.
    pub board: Option<Vec<BoardRow>>,
    /// The instant from which the plan counts, in microseconds of the run.
    pub begun_us: u64,
    /// Whether every officer of the world has a book here, so that a push that nobody heard is
    /// a push that is missing.
    pub everyone: bool,
}

impl Ledger {
    /// The roster changes of the run with the records that made them, in the log's order.
    pub fn roster_changes(&self) -> Vec<(u64, &[RosterChange])> {
        let asks = self.desks.iter().flat_map(|desk| &desk.asks);
        let mut changes: Vec<(u64, &[RosterChange])> = asks
            .filter_map(|ask| match (&ask.what, ask.answer) {
                (DeskAskWhat::Roster(made), Some(Answer::Done { sequence })) => {
                    Some((sequence, made.as_slice()))
                }
                _ => None,
            })
            .collect();
        changes.sort_by_key(|(sequence, _)| *sequence);
        changes
    }

    /// The world after all roster changes of the run.
    pub fn world_at_the_end(&self) -> World {
        let mut world = self.world.clone();
        for (_, made) in self.roster_changes() {
            world.follow(made);
        }
        world
    }
}

/// The place of a vacancy in the run's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VacancyNo(pub u32);

impl VacancyNo {
    /// Stands where no vacancy is meant.
    pub const NONE: VacancyNo = VacancyNo(u32::MAX);

    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One officer's book.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OfficerBook {
    /// Whose it is.
    pub badge: String,
    /// What was heard, in order.
    pub heard: Vec<Heard>,
    /// What was asked, in order; a request's id carries its place here.
    pub asks: Vec<OfficerAsk>,
    /// Later answers that said something else than the first.
    pub contradictions: Vec<Contradiction>,
    /// How many later answers there were, contradictions included.
    pub repeats: u64,
    /// Accepts that were meant and never sent, because too many answers were outstanding.
    pub withheld: u64,
    /// What the session received and kept from its officer.
    pub unheard: Unheard,
}

/// What a session received and kept to itself; a server that keeps its promises sends none of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unheard {
    /// Pushes that had been said before, or came after what followed them.
    pub pushes: u64,
    /// Answers to requests that nobody waits for: second answers.
    pub answers: u64,
}

/// Something an officer's session heard, or that happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When.
    pub at_us: u64,
    /// The push's cursor: log sequence. Zero where there was no push.
    pub sequence: u64,
    /// The push's cursor: step.
    pub step: u32,
    /// The vacancy it is about, or [`VacancyNo::NONE`].
    pub vacancy: VacancyNo,
    /// What it was.
    pub what: HeardWhat,
}

impl Heard {
    /// The push's cursor.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            sequence: self.sequence,
            step: self.step,
        }
    }
}

/// What a session heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeardWhat {
    /// A vacancy was offered.
    Offered {
        /// The round.
        round: u32,
        /// The tier.
        tier: u8,
        /// The log's own time of the offer, microseconds since the epoch.
        offered_at_us: i64,
    },
    /// An offer was withdrawn.
    Withdrawn(Withdrawal),
    /// An offer was withdrawn, because the officer holds work at that time.
    Overlapped,
    /// A slot is held.
    Assigned {
        /// The slot.
        slot: u16,
        /// The record that awarded it.
        awarded: u64,
    },
    /// A slot is no longer held.
    Unassigned(Unassignment),
    /// A state sync did not mention what had stood before.
    Gone,
    /// The session stands; pushes up to [`HeardWhat::Synced`] are missed ones if it was
    /// resumed, and a statement of the whole state otherwise.
    Up {
        /// Whether it was resumed.
        resumed: bool,
    },
    /// From here on pushes are news.
    Synced,
    /// The officer cut the connection on purpose.
    Dropped,
    /// The connection was lost.
    Down,
    /// The session stopped reading: what it hears from here on, it hears late.
    StoppedReading,
    /// A request was told to come back later.
    Busy,
}

/// One request of an officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficerAsk {
    /// The vacancy it is about.
    pub vacancy: VacancyNo,
    /// The round that was answered; zero for a release.
    pub round: u32,
    /// What was asked.
    pub what: OfficerAskWhat,
    /// When the officer meant to ask.
    pub intended_us: u64,
    /// When the request was first handed to the session.
    pub sent_us: u64,
    /// When the answer was heard; zero until then.
    pub answered_us: u64,
    /// The first final answer.
    pub answer: Option<Answer>,
    /// How often the server asked to come back later.
    pub busy: u16,
    /// Whether the officer cut the connection while the answer was outstanding.
    pub interrupted: bool,
}

/// What an officer asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfficerAskWhat {
    /// Takes a vacancy.
    Accept,
    /// Turns it down.
    Decline,
    /// Gives a slot back.
    Release,
}

/// A final answer, as far as the audit needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A slot was awarded.
    Won {
        /// The slot.
        slot: u16,
        /// The record that holds the award.
        sequence: u64,
        /// When, as the log has it, microseconds since the epoch.
        awarded_at_us: i64,
    },
    /// Nothing was given.
    Lost(RefusalCode),
    /// Done and durable.
    Done {
        /// The record that holds it.
        sequence: u64,
    },
    /// Not done.
    Refused(RefusalCode),
    /// A question was answered; nothing changed.
    Told,
}

impl Answer {
    /// The final answer in `outcome`, or nothing if it says to ask again with the same id.
    pub fn read(outcome: &Outcome) -> Option<Answer> {
        match outcome {
            Outcome::Won(receipt) => Some(Answer::Won {
                slot: receipt.slot,
                sequence: receipt.sequence,
                awarded_at_us: receipt.awarded_at_us,
            }),
            Outcome::Lost(refused) => Some(Answer::Lost(refused.code)),
            Outcome::Done { sequence } => Some(Answer::Done {
                sequence: *sequence,
            }),
            Outcome::Refused(refused) => Some(Answer::Refused(refused.code)),
            Outcome::Busy { .. } | Outcome::Unavailable => None,
            Outcome::Explained { .. }
            | Outcome::Board { .. }
            | Outcome::Preview { .. }
            | Outcome::Grant(_)
            | Outcome::Reading(_)
            | Outcome::Bid { .. }
            | Outcome::Standby { .. }
            | Outcome::Jobs { .. }
            | Outcome::Staffed { .. }
            | Outcome::Denials { .. } => Some(Answer::Told),
        }
    }

    /// The record that made it so, if anything became so.
    pub fn sequence(self) -> Option<u64> {
        match self {
            Answer::Won { sequence, .. } | Answer::Done { sequence } => Some(sequence),
            Answer::Lost(_) | Answer::Refused(_) | Answer::Told => None,
        }
    }
}

/// A second answer that is not the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// The place of the ask in the book.
    pub ask: usize,
    /// What was said later.
    pub later: Answer,
    /// When it was heard.
    pub at_us: u64,
}

impl OfficerBook {
    /// An empty book.
    pub fn new(badge: String) -> OfficerBook {
        OfficerBook {
            badge,
            ..OfficerBook::default()
        }
    }

    /// Writes down a final answer to the ask at `place`; a later one that differs from the first
    /// is a contradiction. Returns whether it was the first.
    pub fn answered(&mut self, place: usize, answer: Answer, at_us: u64) -> bool {
        let ask = &mut self.asks[place];
        match ask.answer {
            None => {
                ask.answer = Some(answer);
                ask.answered_us = at_us;
                true
            }
            Some(first) => {
                self.repeats += 1;
                if first != answer {
                    self.contradictions.push(Contradiction {
                        ask: place,
                        later: answer,
                        at_us,
                    });
                }
                false
            }
        }
    }

    /// Marks every outstanding ask as interrupted by the officer's own hand.
    pub fn interrupt(&mut self) {
        // Outstanding asks are among the latest: the behaviour bounds how many there can be.
        let recent = self.asks.iter_mut().rev().take(INTERRUPTIBLE_ASKS_MAX);
        for ask in recent.filter(|ask| ask.answer.is_none()) {
            ask.interrupted = true;
        }
    }
}

/// How many of an officer's latest asks are looked at when the connection is cut.
const INTERRUPTIBLE_ASKS_MAX: usize = 256;

/// The book of a coordinator's or operator's desk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeskBook {
    /// Whose it is: an agency's code, or `operator`.
    pub name: String,
    /// What was asked, in order; a request's id carries its place here.
    pub asks: Vec<DeskAsk>,
    /// What was seen on the board, in order.
    pub seen: Vec<Seen>,
    /// Later answers that said something else than the first.
    pub contradictions: Vec<Contradiction>,
    /// How many later answers there were, contradictions included.
    pub repeats: u64,
    /// What the session received and kept from its desk.
    pub unheard: Unheard,
}

impl DeskBook {
    /// As [`OfficerBook::answered`].
    pub fn answered(&mut self, place: usize, answer: Answer, at_us: u64) -> bool {
        let ask = &mut self.asks[place];
        let Some(first) = ask.answer else {
            ask.answer = Some(answer);
            ask.answered_us = at_us;
            return true;
        };
        self.repeats += 1;
        if first != answer {
            self.contradictions.push(Contradiction {
                ask: place,
                later: answer,
                at_us,
            });
        }
        false
    }
}

/// One request of a desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskAsk {
    /// What was asked.
    pub what: DeskAskWhat,
    /// When it was planned to be asked.
    pub intended_us: u64,
    /// When the request was first handed to the session.
    pub sent_us: u64,
    /// When the answer was heard; zero until then.
    pub answered_us: u64,
    /// The first final answer.
    pub answer: Option<Answer>,
    /// How often the server asked to come back later.
    pub busy: u16,
}

/// What a desk asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeskAskWhat {
    /// Publishes a vacancy.
    Publish(VacancyNo),
    /// Withdraws it for the customer.
    Cancel(VacancyNo),
    /// Opens its next tier by hand.
    OpenNextTier(VacancyNo),
    /// Takes an officer back.
    Recall {
        /// From which vacancy.
        vacancy: VacancyNo,
        /// Whom.
        badge: String,
    },
    /// Changes the roster.
    Roster(Vec<RosterChange>),
}

/// Something a desk saw happen on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When it was heard.
    pub at_us: u64,
    /// The record that caused it.
    pub sequence: u64,
    /// Its place among the effects of that record.
    pub step: u32,
    /// The vacancy it is about.
    pub vacancy: VacancyNo,
    /// What it was.
    pub what: SeenWhat,
}

/// What a desk saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeenWhat {
    /// A tier was opened to this many officers.
    TierOpened {
        /// The tier.
        tier: u8,
        /// How many officers it was offered to.
        recipients: u32,
    },
    /// A slot was awarded.
    Awarded {
        /// The slot.
        slot: u16,
        /// The officer.
        badge: String,
    },
    /// A slot is free again and offered to this many officers.
    Reoffered {
        /// The new round.
        round: u32,
        /// How many officers it was offered to.
        recipients: u32,
    },
    /// The vacancy was cancelled.
    Cancelled,
    /// Its start passed with slots open.
    Expired,
}

/// Names the requests of one run: who asks and the how-manieth ask it is can be read back from
/// the id, so an answer finds its ask without a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestIds {
    run: u64,
}

/// Who asks: officers first, then desks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// The officer of this place.
    Officer(u32),
    /// The desk of this place.
    Desk(u32),
}

impl RequestIds {
    /// Ids of the run called `run`; a server remembers ids for a day, so no two runs against
    /// one server may share a name.
    pub fn new(run: u64) -> RequestIds {
        RequestIds { run }
    }

    /// The id of this actor's ask at `place` in its book.
    pub fn id(self, actor: Actor, place: usize) -> RequestId {
        let who = match actor {
            Actor::Officer(officer) => officer,
            Actor::Desk(desk) => DESK_BIT | desk,
        };
        let place = place as u128 & u128::from(u32::MAX);
        RequestId(u128::from(self.run) << 64 | u128::from(who) << 32 | place)
    }

    /// The place of the ask that this id was given to, if it is one of this run.
    pub fn place(self, id: RequestId) -> Option<usize> {
        let run = u64::try_from(id.0 >> 64).ok()?;
        let place = u32::try_from(id.0 & u128::from(u32::MAX)).ok()?;
        (run == self.run).then_some(place as usize)
    }
}

const DESK_BIT: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_small() {
        // Ten thousand officers hear hundreds of vacancies: millions of entries.
        assert!(size_of::<Heard>() <= 40, "{} bytes", size_of::<Heard>());
    }

    #[test]
    fn ids_lead_back_to_their_ask() {
        let ids = RequestIds::new(77);
        assert_eq!(ids.place(ids.id(Actor::Officer(9_999), 12)), Some(12));
        assert_eq!(ids.place(ids.id(Actor::Desk(0), 0)), Some(0));
        assert_ne!(ids.id(Actor::Officer(3), 1), ids.id(Actor::Desk(3), 1));
        assert_eq!(RequestIds::new(78).place(ids.id(Actor::Desk(1), 1)), None);
    }

    #[test]
    fn a_second_answer_is_kept_only_if_it_differs() {
        let mut book = OfficerBook::new("LG-1".to_owned());
        book.asks.push(OfficerAsk {
            vacancy: VacancyNo(0),
            round: 1,
            what: OfficerAskWhat::Accept,
            intended_us: 5,
            sent_us: 6,
            answered_us: 0,
            answer: None,
            busy: 0,
            interrupted: false,
        });
        let lost = Answer::Lost(RefusalCode::Filled);
        assert!(book.answered(0, lost, 9));
        assert!(!book.answered(0, lost, 11));
        assert_eq!(book.contradictions, []);
        let late = Answer::Lost(RefusalCode::Overlaps);
        assert!(!book.answered(0, late, 12));
        assert_eq!((book.contradictions.len(), book.repeats), (1, 2));
        assert_eq!(
            (book.asks[0].answer, book.asks[0].answered_us),
            (Some(lost), 9)
        );
    }

    #[test]
    fn a_desk_s_second_answer_is_kept_only_if_it_differs() {
        let mut book = DeskBook::default();
        book.asks.push(DeskAsk {
            what: DeskAskWhat::Cancel(VacancyNo(0)),
            intended_us: 5,
            sent_us: 6,
            answered_us: 0,
            answer: None,
            busy: 0,
        });
        let done = Answer::Done { sequence: 3 };
        assert!(book.answered(0, done, 9));
        assert!(!book.answered(0, done, 11));
        assert!(!book.answered(0, Answer::Refused(RefusalCode::Unknown), 12));
        assert_eq!((book.contradictions.len(), book.repeats), (1, 2));
        assert_eq!(
            (book.asks[0].answer, book.asks[0].answered_us),
            (Some(done), 9)
        );
    }

    #[test]
    fn only_outstanding_asks_are_interrupted() {
        let ask = |answer| OfficerAsk {
            vacancy: VacancyNo(0),
            round: 1,
            what: OfficerAskWhat::Accept,
            intended_us: 0,
            sent_us: 0,
            answered_us: 0,
            answer,
            busy: 0,
            interrupted: false,
        };
        let mut book = OfficerBook::new("LG-1".to_owned());
        book.asks.push(ask(Some(Answer::Told)));
        book.asks.push(ask(None));
        book.interrupt();
        assert_eq!(
            book.asks
                .iter()
                .map(|ask| ask.interrupted)
                .collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[test]
    fn asking_again_later_is_no_answer() {
        assert_eq!(Answer::read(&Outcome::Busy { retry_after_ms: 5 }), None);
        assert_eq!(Answer::read(&Outcome::Unavailable), None);
        let done = Answer::read(&Outcome::Done { sequence: 4 });
        assert_eq!(done.and_then(Answer::sequence), Some(4));
    }
}
