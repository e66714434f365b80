//! Who may not come in any more, whatever their token says.

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

use rkyv::{Archive, Deserialize, Serialize};

use super::{AgencyId, Code, OfficerId, Timestamp};

/// By what a session is known: whoever comes with it is denied.
#[derive(Archive, Serialize, Deserialize)]
#[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bearer {
    /// An officer, on every device and by whatever token.
    Officer(OfficerId),
    /// Whoever tokens name so, for this agency; none is an operator of no agency.
    Subject {
        /// The agency.
        agency: Option<AgencyId>,
        /// The name.
        name: Box<str>,
    },
    /// Everybody whose token was signed with this key: its id, in hexadecimal.
    SigningKey(Code),
    /// Everybody whose token is bound to this device: its public key, in hexadecimal.
    Device(Code),
}

/// Why somebody is denied.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum DenialReason {
    /// The device was lost or stolen.
    DeviceLost,
    /// A token or a key is known to somebody it does not belong to.
    Exposed,
    /// The person has left the agency.
    Left,
    /// Bots, or other use against the agency's rules.
    Misuse,
    /// Something else.
    Other,
}

/// That somebody is denied.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Denial {
    /// Why.
    pub reason: DenialReason,
    /// Since when.
    pub since: Timestamp,
    /// Until when: the first instant at which they may come again. None means for ever.
    pub until: Option<Timestamp>,
}

impl Denial {
    /// Whether it still holds at `at`.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

/// One denial as the log holds it.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Denied {
    /// Who.
    pub bearer: Bearer,
    /// What holds from now on, in place of what did.
    pub denial: Denial,
}
