//! What may be asked about who may come in.

use super::state::State;
use crate::model::{AgencyId, Bearer, DenialReason, Timestamp};

/// Somebody is denied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewDenial {
    /// Who.
    pub bearer: NewBearer,
    /// Why.
    pub reason: DenialReason,
    /// Until when; none means for ever.
    pub until: Option<Timestamp>,
}

/// By what a session is known, with codes for numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NewBearer {
    /// An officer.
    Officer {
        /// The officer.
        badge: String,
    },
    /// Whoever tokens name so; an officer of the agency is that officer.
    Subject {
        /// Code of the agency; none is an operator of no agency.
        agency: Option<String>,
        /// The name.
        name: String,
    },
    /// The id of a key that signs tokens, in lower-case hexadecimal.
    SigningKey(String),
    /// The public key of a device, in lower-case hexadecimal.
    Device(String),
}

impl State {
    /// Whoever tokens name so for an agency: an officer of it if the name is a badge.
    pub fn bearer_of(&self, agency: Option<AgencyId>, name: &str) -> Bearer {
        let roster = self.roster();
        let officer = roster.officer(name).filter(|id| {
            let home = roster.officers.find(*id).map(|row| row.home);
            home.is_some() && home == agency
        });
        match officer {
            Some(officer) => Bearer::Officer(officer),
            None => Bearer::Subject {
                agency,
                name: name.into(),
            },
        }
    }
}
