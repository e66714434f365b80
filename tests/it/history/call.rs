//! What was asked, what was heard, and when: the material of a history.

use engine::core::Refusal;

/// One thing that somebody asks. Officers and vacancies are the engine's own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// A new vacancy; its number is the count of those published before.
    Publish {
        key: u8,
        start_hour: u8,
        hours: u8,
        officers: u8,
        sergeants: u8,
    },
    Cancel {
        vacancy: u32,
    },
    Accept {
        officer: u32,
        vacancy: u32,
        round: u32,
    },
    Decline {
        officer: u32,
        vacancy: u32,
        round: u32,
    },
    Release {
        officer: u32,
        vacancy: u32,
    },
    Recall {
        officer: u32,
        vacancy: u32,
    },
    Suspend {
        officer: u32,
    },
    Reinstate {
        officer: u32,
    },
}

impl Op {
    /// Whether somebody may be eligible for more once this is done, so that a tick follows.
    pub(crate) fn may_widen(self) -> bool {
        match self {
            Op::Cancel { .. } | Op::Release { .. } | Op::Recall { .. } | Op::Reinstate { .. } => {
                true
            }
            Op::Publish { .. } | Op::Suspend { .. } => false,
            Op::Accept { .. } | Op::Decline { .. } => false,
        }
    }

    /// The officer who asks; none is the operator. Request ids belong to who asks.
    pub(crate) fn asker(self) -> Option<u32> {
        match self {
            Op::Accept { officer, .. } | Op::Decline { officer, .. } => Some(officer),
            Op::Release { officer, .. } => Some(officer),
            Op::Publish { .. } | Op::Cancel { .. } | Op::Recall { .. } => None,
            Op::Suspend { .. } | Op::Reinstate { .. } => None,
        }
    }
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Won(Award),
    Done {
        sequence: u64,
    },
    Refused {
        refusal: Refusal,
        place: Option<u32>,
    },
}

/// The proof that a winner holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Award {
    pub(crate) vacancy: u32,
    pub(crate) slot: u16,
    pub(crate) place: u32,
    pub(crate) sequence: u64,
}

impl Answer {
    pub(crate) fn refused(refusal: Refusal) -> Answer {
        Answer::Refused {
            refusal,
            place: None,
        }
    }

    /// Whether it is this refusal, wherever in the line.
    pub(crate) fn says(&self, wanted: &Refusal) -> bool {
        matches!(self, Answer::Refused { refusal, .. } if refusal == wanted)
    }

    /// The record that the answer cites: for a write, its place in the one order of all writes.
    pub(crate) fn sequence(&self) -> Option<u64> {
        match self {
            Answer::Won(award) => Some(award.sequence),
            Answer::Done { sequence } => Some(*sequence),
            Answer::Refused { .. } => None,
        }
    }

    /// Whether the same request must hear this again for the time of retention (P5). Refusals that
    /// cannot change are as good as remembered and are judged anew.
    pub(crate) fn is_remembered(&self) -> bool {
        match self {
            Answer::Won(_) | Answer::Done { .. } => true,
            Answer::Refused { refusal, .. } => !matches!(
                refusal,
                Refusal::Filled | Refusal::Cancelled | Refusal::RequestReused
            ),
        }
    }
}

/// One operation of a history. `invoked` and `answered` are readings of one counter that all
/// threads share, so they are distinct and their order is the order in real time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) thread: usize,
    pub(crate) request: u64,
    pub(crate) op: Op,
    pub(crate) invoked: u64,
    pub(crate) answered: u64,
    pub(crate) answer: Answer,
}

impl Call {
    /// Whose request this is: retries share it.
    pub(crate) fn identity(&self) -> (Option<u32>, u64) {
        (self.op.asker(), self.request)
    }
}

/// How many pairs of operations were under way at the same time: proof that there was concurrency
/// to be judged.
pub(crate) fn overlapping_pairs(calls: &[Call]) -> u64 {
    let invoked = calls.iter().map(|call| (call.invoked, true));
    let answered = calls.iter().map(|call| (call.answered, false));
    let mut moments: Vec<_> = invoked.chain(answered).collect();
    moments.sort_unstable();
    let (mut under_way, mut pairs) = (0, 0);
    for (_, begins) in moments {
        if begins {
            pairs += under_way;
            under_way += 1;
        } else {
            under_way -= 1;
        }
    }
    pairs
}
