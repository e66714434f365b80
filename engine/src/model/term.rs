//! What a vacancy asks beyond time, place and rank.

use rkyv::{Archive, Deserialize, Serialize};

/// The terms of a vacancy: each kind at most once. Most vacancies have none.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Terms(Vec<Term>);

/// One term. Variants are only ever added at the end: they are in the log.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub enum Term {
    /// Time that belongs to the work though nobody is paid for it: the way there, a vehicle to be
    /// fetched (rule 11). The officer is busy from so long before the first start until so long
    /// after the last end.
    Buffer {
        /// Before the first start, in milliseconds.
        before_ms: u64,
        /// After the last end, in milliseconds.
        after_ms: u64,
    },
    /// What is worn (rule 16).
    Clothing(Clothing),
    /// The officer comes in a marked patrol car (rule 16).
    MarkedCar,
}

/// What an officer wears at work.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Clothing {
    /// The uniform of the home agency.
    Uniform,
    /// Civilian clothes.
    Civilian,
}

impl Terms {
    /// The terms, unless two of them are of one kind.
    pub fn new(terms: Vec<Term>) -> Option<Terms> {
        let kind = std::mem::discriminant::<Term>;
        let is_repeated =
            |(place, term)| terms[..place].iter().any(|other| kind(other) == kind(term));
        let is_any_repeated = terms.iter().enumerate().any(is_repeated);
        (!is_any_repeated).then_some(Terms(terms))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The terms, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &Term> {
        self.0.iter()
    }
}
