//! What may be asked about a vacancy once slots of it were awarded: fewer slots, who came, what was
//! read and what was written.

use crate::model::{Attachment, Mended, OfficerId, Timestamp, VacancyId, VacancyKey};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Afterwards {
    /// A coordinator takes slots away, because the customer needs fewer.
    Reduce(Reduce),
    /// A coordinator records that a holder did not come.
    NoShow {
        /// The vacancy.
        vacancy: VacancyId,
        /// The holder.
        officer: OfficerId,
        /// What is published for the rest of the work; none leaves it.
        again: Option<Again>,
    },
    /// A coordinator corrects the attendance of a holder.
    Correct {
        /// The vacancy.
        vacancy: VacancyId,
        /// The holder.
        officer: OfficerId,
        /// What holds instead.
        mended: Mended,
        /// Why.
        reason: String,
    },
    /// An officer or a coordinator writes a field note about an assignment.
    Note(NewNote),
    /// The asking officer has read the post orders.
    Acknowledge {
        /// The vacancy.
        vacancy: VacancyId,
        /// The version that was read.
        version: u32,
    },
    /// A coordinator reminds the holders who have not acknowledged the post orders as they are.
    Remind {
        /// The vacancy.
        vacancy: VacancyId,
    },
    /// An officer writes to the coordinators of a vacancy, or one of them to the officer.
    Say {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer, who writes or is written to.
        officer: OfficerId,
        /// What is said.
        text: String,
    },
}

/// Fewer slots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reduce {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// How many ordinary slots go: open ones first, then the newest.
    pub fewer: u16,
    /// Slots that go by name, from 0; the only way for a supervisor's to go.
    pub slots: Vec<u16>,
    /// Why.
    pub reason: String,
}

/// The rest of work that somebody did not come to, as a vacancy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Again {
    /// Its name outside, chosen by the publisher.
    pub key: VacancyKey,
    /// When it starts: later than now, and before the work ends.
    pub from: Timestamp,
}

/// A field note as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewNote {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// Whose assignment it is about.
    pub officer: OfficerId,
    /// What it says; may be empty if something is attached.
    pub text: String,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

impl Afterwards {
    /// The vacancy that this is about.
    pub fn vacancy(&self) -> VacancyId {
        match self {
            Afterwards::Reduce(Reduce { vacancy, .. })
            | Afterwards::NoShow { vacancy, .. }
            | Afterwards::Correct { vacancy, .. }
            | Afterwards::Note(NewNote { vacancy, .. })
            | Afterwards::Acknowledge { vacancy, .. }
            | Afterwards::Remind { vacancy }
            | Afterwards::Say { vacancy, .. } => *vacancy,
        }
    }
}
