//! Names that cross the wire.

use std::fmt;
use std::str::FromStr;

use rkyv::{Archive, Deserialize, Serialize};
use serde::de::Error as _;
use uuid::Uuid;

/// The version of the conversation described by this crate, said in `Hello`.
pub const VERSION: u16 = 1;

/// The ALPN name under which native peers speak this protocol.
pub const ALPN: &[u8] = b"muster/1";

/// The path under which browsers open a WebTransport session that speaks this protocol.
pub const WEB_PATH: &str = "/muster/1";

/// The port muster listens on unless told otherwise.
pub const PORT: u16 = 7710;

macro_rules! prefixed_key {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Archive, Serialize, Deserialize)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), Uuid::from_u128(self.0).simple())
            }
        }

        impl FromStr for $name {
            type Err = KeyError;

            fn from_str(text: &str) -> Result<$name, KeyError> {
                text.strip_prefix($prefix)
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(|uuid| $name(uuid.as_u128()))
                    .ok_or_else(|| KeyError { text: text.to_owned(), prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

prefixed_key! {
    /// Names a vacancy outside the engine: `vac_` and a UUID (version 7) chosen by the publisher.
    VacancyKey = "vac_";
    /// Names one request: `req_` and 128 bits chosen by the client *before* it sends, so that a
    /// retry of the same request is recognised and hears the same answer.
    RequestId = "req_";
}

/// A key that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a key: expected `{prefix}` followed by a UUID")]
pub struct KeyError {
    text: String,
    prefix: &'static str,
}

/// A position in the durable history as one session sees it.
///
/// `sequence` is the log record that caused a push, `step` the place of the push among those the
/// record caused. A client that says the last cursor it saw resumes right after it.
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
    Default,
)]
pub struct Cursor {
    /// Log sequence of the record.
    pub sequence: u64,
    /// Place among the effects of that record.
    pub step: u32,
}

/// A position on the map in millionths of a degree (WGS 84).
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
    Hash,
)]
pub struct Position {
    /// Millionths of a degree north.
    pub latitude_udeg: i32,
    /// Millionths of a degree east.
    pub longitude_udeg: i32,
}

/// What an officer is sworn as.
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
pub enum Class {
    /// A certified peace officer.
    PeaceOfficer,
    /// A reserve with full peace-officer authority.
    FullAuthorityReserve,
    /// A community service officer: never for school safety work.
    CommunityServiceOfficer,
}

/// Rank, lowest first.
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
pub enum Rank {
    /// Officer.
    Officer,
    /// Sergeant.
    Sergeant,
    /// Commander.
    Commander,
}

/// What kind of school or venue a site is.
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
pub enum SiteKind {
    /// A public school.
    Public,
    /// A charter school.
    Charter,
    /// A private school; treated as public where the state department of education funds it.
    Private,
    /// Anything that is not a school.
    Venue,
}

/// Who speaks on a session, as its token says.
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
pub enum Role {
    /// An officer, who sees and answers their own offers.
    Officer,
    /// A coordinator of one agency, who publishes and cancels its vacancies.
    Coordinator,
    /// Runs the installation: rosters, pacts and everything a coordinator may do.
    Operator,
    /// May watch one agency's board and nothing else.
    ReadOnly,
}
