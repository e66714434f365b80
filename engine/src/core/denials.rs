//! What may be asked about who may come in.

use super::state::State;
use crate::model::{AgencyId, Bearer, DenialReason, OfficerId, Timestamp};

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
    /// Whoever tokens name so, now or later: an officer of the agency, if the name is a badge of it.
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

/// By what the tokens of somebody are known. A denial of any of it is a denial of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Known {
    /// The name and the agency, as tokens say them.
    pub subject: Bearer,
    /// The officer of that agency whose badge the name is, if there is one.
    pub officer: Option<Bearer>,
}

impl Known {
    /// Everything of it.
    pub fn iter(&self) -> impl Iterator<Item = &Bearer> {
        [&self.subject].into_iter().chain(&self.officer)
    }
}

impl State {
    /// By what somebody is known whom tokens name so for an agency.
    ///
    /// A name stays a name when it becomes a badge: whoever was denied by it is denied still.
    pub fn known(&self, agency: Option<AgencyId>, name: &str) -> Known {
        let roster = self.roster();
        let officer = roster.officer(name).filter(|id| {
            let home = roster.officers.find(*id).map(|row| row.home);
            home.is_some() && home == agency
        });
        Known {
            subject: Bearer::Subject {
                agency,
                name: name.into(),
            },
            officer: officer.map(Bearer::Officer),
        }
    }

    /// By what the tokens of an officer are known; none if there is no such officer.
    pub fn known_officer(&self, officer: OfficerId) -> Option<Known> {
        let row = self.roster().officers.find(officer)?;
        Some(Known {
            subject: Bearer::Subject {
                agency: Some(row.home),
                name: row.badge.as_str().into(),
            },
            officer: Some(Bearer::Officer(officer)),
        })
    }

    /// Whether an officer may not come in at `at`, by number or by name.
    pub fn is_officer_denied(&self, officer: OfficerId, at: Timestamp) -> bool {
        // Accepts come by here, and hardly anybody is denied.
        if self.denials().is_empty() {
            return false;
        }
        let known = self.known_officer(officer);
        known.is_some_and(|known| known.iter().any(|bearer| self.is_denied(bearer, at)))
    }
}
