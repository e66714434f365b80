//! What a vacancy may ask beyond time, place and rank.

use crate::core::refusal::{Invalid, Refusal};
use crate::limits::{BUFFER_MS_MAX, REASON_LEN_MAX, WINDOW_MS_MAX, WINDOWS_MAX};
use crate::model::{Term, Terms};

/// The terms as they are kept, with every bound checked.
pub(super) fn resolve(terms: &[Term]) -> Result<Terms, Refusal> {
    for term in terms {
        check(term).map_err(Refusal::Invalid)?;
    }
    let mut terms = Terms::new(terms.to_vec()).ok_or(Refusal::Invalid(Invalid::Terms))?;
    terms.forget_number();
    Ok(terms)
}

fn check(term: &Term) -> Result<(), Invalid> {
    let (within, otherwise) = match term {
        Term::Buffer {
            before_ms,
            after_ms,
        } => (*before_ms.max(after_ms) <= BUFFER_MS_MAX, Invalid::Terms),
        Term::OpensBefore { before_ms } => {
            let count = (1..=WINDOWS_MAX).contains(&before_ms.len());
            let falling = before_ms.windows(2).all(|pair| pair[0] > pair[1]);
            let bounded = |ms: &u64| (1..=WINDOW_MS_MAX).contains(ms);
            let within = count && falling && before_ms.iter().all(bounded);
            (within, Invalid::OpensBefore)
        }
        Term::BeyondGrant { reason } => {
            let within = (1..=REASON_LEN_MAX).contains(&reason.len());
            (within, Invalid::Reason)
        }
        Term::Clothing(_) | Term::MarkedCar => (true, Invalid::Terms),
        // What they name is looked up and counted where they are answered.
        Term::Job { .. } | Term::HigherRanks { .. } | Term::ByLadder { .. } => {
            (true, Invalid::Terms)
        }
    };
    if within { Ok(()) } else { Err(otherwise) }
}
