//! Who may not come in, whatever their token says.

use rkyv::{Archive, Deserialize, Serialize};

/// By what a session is known: whoever comes with it is denied.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
#[serde(tag = "bearer", rename_all = "kebab-case")]
pub enum Bearer {
    /// An officer, on every device and by whatever token.
    Officer {
        /// The officer.
        badge: String,
    },
    /// Whoever tokens name so. The badge of an officer of the agency means that officer.
    Subject {
        /// Code of the agency; none is an operator of no agency.
        agency: Option<String>,
        /// The name; 1 to 128 bytes.
        name: String,
    },
    /// Everybody whose token was signed with this key.
    SigningKey {
        /// The id of the key: 16 hexadecimal digits.
        id: String,
    },
    /// Everybody whose token is bound to this device.
    Device {
        /// The public key of the device: 64 hexadecimal digits.
        key: String,
    },
}

/// Why somebody is denied.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
#[serde(rename_all = "kebab-case")]
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

/// What an operator asks about who may come in.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
#[serde(tag = "denial", rename_all = "kebab-case")]
pub enum DenialAsk {
    /// Somebody is denied from now on; their sessions end at once.
    Add {
        /// Who.
        who: Bearer,
        /// Why.
        reason: DenialReason,
        /// Until when, microseconds since the epoch; none means for ever.
        until_us: Option<i64>,
    },
    /// Somebody who was denied may come in again.
    Remove {
        /// Who.
        who: Bearer,
    },
    /// Who is denied now, at most 256 at a time.
    List {
        /// How many to pass over.
        from: u32,
    },
}

/// Somebody who is denied.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Debug,
    Clone,
    PartialEq,
    Eq,
)]
pub struct Denial {
    /// Who.
    pub who: Bearer,
    /// Why.
    pub reason: DenialReason,
    /// Since when, microseconds since the epoch.
    pub since_us: i64,
    /// Until when; none means for ever.
    pub until_us: Option<i64>,
}
