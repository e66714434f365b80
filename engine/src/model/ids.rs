//! Dense numbers inside, spoken names outside.
//!
//! Every entity has a `u32` that indexes tables and bitmaps, and a name that people and files
//! use: a [`Code`] (`tucson`, `TUC-0412`) or, for vacancies, a [`VacancyKey`] (`vac_…`).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use rkyv::boxed::{ArchivedBox, BoxResolver};
use rkyv::rancor::Fallible;
use rkyv::{Archive, Deserialize, Place, Serialize, SerializeUnsized};

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
///
/// The log and snapshots know it as text. In memory nearly every code has its bytes in place, since
/// badges are counted by the million.
#[derive(Clone)]
pub struct Code(Letters);

/// Bytes of a code that has them in place: with what it is, as many as a text elsewhere takes.
const IN_PLACE: usize = 15;

#[derive(Clone)]
enum Letters {
    /// What is left is zero, which no code contains.
    InPlace([u8; IN_PLACE]),
    /// A text that is longer, or that nobody parsed.
    Elsewhere(Box<Box<str>>),
}

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
        Ok(Code::from(Box::from(text)))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Letters::InPlace(letters) => {
                let end = letters.iter().position(|letter| *letter == 0);
                let letters = &letters[..end.unwrap_or(IN_PLACE)];
                str::from_utf8(letters).expect("only ASCII is put in place")
            }
            Letters::Elsewhere(text) => text,
        }
    }
}

impl From<Box<str>> for Code {
    /// There is one way in which each text is held.
    fn from(text: Box<str>) -> Code {
        let fits = text.len() <= IN_PLACE && text.bytes().all(|byte| (1..0x80).contains(&byte));
        if !fits {
            return Code(Letters::Elsewhere(Box::new(text)));
        }
        let mut letters = [0; IN_PLACE];
        letters[..text.len()].copy_from_slice(text.as_bytes());
        Code(Letters::InPlace(letters))
    }
}

impl Archive for Code {
    type Archived = ArchivedBox<str>;
    type Resolver = BoxResolver;

    fn resolve(&self, resolver: BoxResolver, out: Place<ArchivedBox<str>>) {
        ArchivedBox::resolve_from_ref(self.as_str(), resolver, out);
    }
}

impl<S: Fallible + ?Sized> Serialize<S> for Code
where
    str: SerializeUnsized<S>,
{
    fn serialize(&self, serializer: &mut S) -> Result<BoxResolver, S::Error> {
        ArchivedBox::serialize_from_ref(self.as_str(), serializer)
    }
}

impl<D: Fallible + ?Sized> Deserialize<Code, D> for ArchivedBox<str> {
    fn deserialize(&self, _: &mut D) -> Result<Code, D::Error> {
        Ok(Code::from(Box::from(self.get())))
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Code) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Code {}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Code) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Code) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Code").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::borrow::Borrow<str> for Code {
    fn borrow(&self) -> &str {
        self.as_str()
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

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;

    #[test]
    fn a_code_is_its_text_however_it_is_held() {
        let texts = [
            "",
            "a",
            "TUC-0412",
            "fifteen-letters",
            "sixteen--letters",
            "é",
            "a\0",
        ];
        for (number, text) in texts.into_iter().enumerate() {
            let code = Code::from(Box::from(text));
            assert_eq!((code.as_str(), &*code.to_string()), (text, text));
            let bytes = rkyv::to_bytes::<Error>(&code).expect("to memory");
            let text: Box<str> = text.into();
            assert_eq!(*bytes, *rkyv::to_bytes::<Error>(&text).expect("to memory"));
            let read = rkyv::from_bytes::<Code, Error>(&bytes).expect("as written");
            assert_eq!(read, code);
            let other = Code::from(Box::from(texts[(number + 1) % texts.len()]));
            assert_eq!(code.cmp(&other), text.as_ref().cmp(other.as_str()));
        }
        assert_eq!(size_of::<Code>(), size_of::<Box<str>>());
    }
}
