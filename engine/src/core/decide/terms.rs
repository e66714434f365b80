//! What a vacancy may ask beyond time, place and rank.

use crate::core::refusal::{Invalid, Refusal};
use crate::limits::BUFFER_MS_MAX;
use crate::model::{Term, Terms};

/// The terms as they are kept, with every bound checked.
pub(super) fn resolve(terms: &[Term]) -> Result<Terms, Refusal> {
    let is_within = |term: &Term| match term {
        Term::Buffer {
            before_ms,
            after_ms,
        } => *before_ms.max(after_ms) <= BUFFER_MS_MAX,
        Term::Clothing(_) | Term::MarkedCar => true,
    };
    let within = terms.iter().all(is_within);
    let terms = Terms::new(terms.to_vec()).filter(|_| within);
    terms.ok_or(Refusal::Invalid(Invalid::Terms))
}
