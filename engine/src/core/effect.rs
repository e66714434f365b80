//! Who must be told what.

use super::event::{Missed, Vacated, WaitEnd};
use crate::model::{AgencyId, OfficerId, OfficerSet, Standing, Timestamp, VacancyId};
use crate::rules::Clause;

/// Something that somebody must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A vacancy is open to these officers.
    Offer {
        /// The vacancy.
        vacancy: VacancyId,
        /// The round their answer must name.
        round: u32,
        /// The officers.
        to: OfficerSet,
    },
    /// The offer no longer stands for these officers.
    Withdraw {
        /// The vacancy.
        vacancy: VacancyId,
        /// How it stands now; open means that it was amended, and is no longer for them.
        because: Standing,
        /// The officers.
        from: OfficerSet,
    },
    /// Offers no longer stand for this officer, who holds work at the same time.
    Overlap {
        /// The officer.
        officer: OfficerId,
        /// What the officer holds.
        vacancy: VacancyId,
        /// What was offered to them and overlaps with it, the earliest first for each lead.
        withdrawn: Vec<VacancyId>,
    },
    /// This officer holds a slot.
    Assign {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
    },
    /// This officer no longer holds a slot.
    Unassign {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
        /// Why.
        because: Unassigned,
    },
    /// The holder and the coordinator must look at this assignment.
    Flag {
        /// The vacancy.
        vacancy: VacancyId,
        /// The holder.
        officer: OfficerId,
        /// What no longer holds.
        clause: Clause,
    },
    /// These officers hold or were offered a vacancy that was amended, and must read it again.
    Amend {
        /// The vacancy.
        vacancy: VacancyId,
        /// When they have to have said yes to keep their slots; none if they need not.
        confirm_by: Option<Timestamp>,
        /// The officers.
        to: OfficerSet,
    },
    /// Slots were given to others: this officer's bid got none.
    Lose {
        /// The vacancy.
        vacancy: VacancyId,
        /// Whose bid, at which place, and why.
        missed: Missed,
        /// How many bids there were.
        bids: u32,
    },
    /// A slot is kept for this officer, who is on the standby list and must say yes.
    Keep {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
        /// Until when it is kept.
        until: Timestamp,
    },
    /// This officer said no, or nothing in time, and is no longer on the standby list.
    Pass {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
    },
    /// The board changed: the event of this place in the record.
    Happened {
        /// The vacancy.
        vacancy: VacancyId,
        /// Place among the record's events.
        event: usize,
    },
    /// These holders have to read the post orders and acknowledge them.
    ReadOrders {
        /// The vacancy.
        vacancy: VacancyId,
        /// Their version, from 1.
        version: u32,
        /// The holders.
        to: OfficerSet,
    },
    /// This officer's attendance is recorded otherwise than by a punch of theirs.
    Attendance {
        /// The vacancy.
        vacancy: VacancyId,
        /// The officer.
        officer: OfficerId,
    },
    /// A note or a message was written: the event of this place in the record.
    Written {
        /// The vacancy.
        vacancy: VacancyId,
        /// Place among the record's events.
        event: usize,
        /// The officer whom it concerns.
        officer: OfficerId,
        /// Agencies whose coordinators read it: the lead's and the officer's own.
        agencies: Vec<AgencyId>,
    },
    /// These officers wait for the vacancy no longer.
    EndWait {
        /// The vacancy.
        vacancy: VacancyId,
        /// For what they waited.
        waited: Waited,
        /// Why they no longer do.
        because: WaitEnd,
        /// The officers.
        to: OfficerSet,
    },
}

/// What an officer waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// A slot was kept for them.
    Kept,
    /// Their bid was in.
    Bid,
    /// They stood on the standby list.
    Standby,
}

/// Why an officer no longer holds a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unassigned {
    /// The officer gave it back.
    Released,
    /// The agency took the officer back.
    Recalled,
    /// The customer no longer needs it.
    Cancelled,
    /// It has another time or place, at which the officer cannot come.
    Amended,
    /// It has another time or place, to which the officer did not say yes in time.
    Unconfirmed,
    /// The customer needs fewer officers.
    Reduced,
    /// The officer took the accept back as an accident.
    Undone,
}

impl From<Vacated> for Unassigned {
    fn from(because: Vacated) -> Unassigned {
        match because {
            Vacated::Released => Unassigned::Released,
            Vacated::Recalled => Unassigned::Recalled,
            Vacated::Undone => Unassigned::Undone,
        }
    }
}
