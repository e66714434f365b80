//! What an event is about.

use super::Event;
use crate::model::{OfficerSet, VacancyId};

impl Event {
    /// The vacancy that this offers, and to whom.
    pub fn offered(&self) -> Option<(VacancyId, &OfficerSet)> {
        match self {
            Event::TierOpened {
                vacancy,
                recipients,
                ..
            }
            | Event::Vacated {
                vacancy,
                recipients,
                ..
            }
            | Event::Reoffered {
                vacancy,
                recipients,
                ..
            }
            | Event::Offered {
                vacancy,
                recipients,
                ..
            } => Some((*vacancy, recipients)),
            Event::Lapsed(lapse) => Some((lapse.vacancy, &lapse.recipients)),
            Event::Amended(amendment) => Some((amendment.vacancy, &amendment.recipients)),
            Event::LastTierApproved(approved) => Some((approved.vacancy, &approved.recipients)),
            _ => None,
        }
    }

    /// What the officers whom this offers something take in a record, in bytes: the only part of what
    /// the clock decides that grows with the roster.
    pub(in crate::core) fn sets_bytes(&self) -> usize {
        match (self.offered(), self) {
            (Some((_, officers)), _) | (None, Event::Pushed { officers, .. }) => {
                officers.0.serialized_size()
            }
            _ => 0,
        }
    }

    /// The vacancy whose standing this changes.
    pub fn vacancy(&self) -> Option<VacancyId> {
        match self {
            Event::Published { id: vacancy, .. }
            | Event::TierOpened { vacancy, .. }
            | Event::Awarded { vacancy, .. }
            | Event::Declined { vacancy, .. }
            | Event::Vacated { vacancy, .. }
            | Event::Cancelled { vacancy, .. }
            | Event::Expired { vacancy }
            | Event::Punched { vacancy, .. }
            | Event::Termed { vacancy, .. }
            | Event::NoShow { vacancy, .. }
            | Event::Corrected { vacancy, .. }
            | Event::Noted { vacancy, .. }
            | Event::Acknowledged { vacancy, .. }
            | Event::Reminded { vacancy, .. }
            | Event::Said { vacancy, .. }
            | Event::Shelved { vacancy }
            | Event::Bid { vacancy, .. }
            | Event::BidsClosed { vacancy, .. }
            | Event::StandbyJoined { vacancy, .. }
            | Event::StandbyLeft { vacancy, .. }
            | Event::SlotKept { vacancy, .. }
            | Event::StandbyPassed { vacancy, .. }
            | Event::Reoffered { vacancy, .. }
            | Event::Offered { vacancy, .. } => Some(*vacancy),
            Event::Ranked(ranking) => Some(ranking.vacancy),
            Event::Reduced(reduction) => Some(reduction.vacancy),
            Event::Lapsed(lapse) => Some(lapse.vacancy),
            Event::Amended(amendment) => Some(amendment.vacancy),
            Event::LastTierApproved(approved) => Some(approved.vacancy),
            Event::Reconfirmed { receipt, .. } => Some(receipt.vacancy),
            _ => None,
        }
    }
}
