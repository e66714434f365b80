//! Dense numbers inside, spoken names outside.
//!
//! Every entity has a `u32` that indexes tables and bitmaps, and a name that people and files
//! use: a [`Code`] (`tucson`, `TUC-0412`) or, for vacancies, a [`VacancyKey`] (`vac_…`).

use std::fmt;

use rkyv::{Archive, Deserialize, Serialize};

macro_rules! dense_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Archive, Serialize, Deserialize)]
        #[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The place of this entity in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl super::table::Dense for $name {
            fn place(self) -> usize {
                self.index()
            }
        }

        impl From<usize> for $name {
            fn from(index: usize) -> $name {
                $name(u32::try_from(index).expect("tables are bounded by limits.rs, far below u32"))
            }
        }
    )*};
}

dense_id! {
    /// A law-enforcement employer.
    AgencyId;
    /// A Master Service Agreement that can protect an officer on an assignment.
    AgreementId;
    /// A kind of certification, such as `azpost` or `ade-sso`.
    CertificationId;
    /// A programme of work, such as `sso`.
    ProgrammeId;
    /// A school or venue.
    SiteId;
    /// An officer. Numbered contiguously in blocks per agency, so that an agency's officers
    /// are runs of a bitmap.
    OfficerId;
    /// A vacancy, in the order of publication.
    VacancyId;
}

/// The place of a record in the log, from 1 without gaps.
#[derive(
    Archive,
    Serialize,
    Deserialize,
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
pub struct Sequence(pub u64);

impl Sequence {
    /// Before the first record.
    pub const ZERO: Sequence = Sequence(0);

    /// The record after this one.
    #[must_use]
    pub fn next(self) -> Sequence {
        Sequence(self.0 + 1)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A name that people and files use: an agency's, a site's, a badge.
#[derive(Archive, Serialize, Deserialize)]
#[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Box<str>);

impl Code {
    /// Reads a code: 1 to [`CODE_LEN_MAX`](crate::limits::CODE_LEN_MAX) ASCII letters, digits,
    /// `-`, `_`, `.` or `/`.
    pub fn parse(text: &str) -> Result<Code, CodeError> {
        let shape = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
        if text.is_empty() || text.len() > crate::limits::CODE_LEN_MAX || !text.bytes().all(shape) {
            return Err(CodeError {
                text: text.chars().take(80).collect(),
            });
        }
        Ok(Code(text.into()))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::borrow::Borrow<str> for Code {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A name that is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a code: use 1 to 64 letters, digits, `-`, `_`, `.` or `/`")]
pub struct CodeError {
    text: String,
}

/// Names a vacancy outside the engine: 128 bits chosen by the publisher.
#[derive(Archive, Serialize, Deserialize)]
#[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VacancyKey(pub u128);

/// Names one request: 128 bits chosen by whoever asks, before asking. A retry repeats it.
#[derive(Archive, Serialize, Deserialize)]
#[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u128);
