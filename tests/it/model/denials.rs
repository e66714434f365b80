//! The model's denials: whoever is denied is heard no longer, and keeps what they hold.

use engine::core::{Body, Invalid, Kind, NewBearer, NewDenial, Refusal};
use engine::model::DenialReason;

use super::cast::HalfHour;
use super::flat::{Flat, Flaw, Said};
use super::words::{badge, instant};

impl Flat {
    /// Whether the officer may not come in at `at`.
    pub(super) fn is_denied(&self, officer: usize, at: HalfHour) -> bool {
        let mut denied = self.denied.iter();
        denied.any(|(who, until)| {
            *who == officer
                && (until.is_none_or(|until| at < until) || self.flaw == Flaw::DeniedForEver)
        }) && self.flaw != Flaw::DeniedInLineIsHeard
    }

    pub(super) fn deny(
        &mut self,
        officer: usize,
        until: Option<HalfHour>,
        at: HalfHour,
    ) -> Result<Said, Refusal> {
        if until.is_some_and(|until| until <= at) {
            return Err(Refusal::Invalid(Invalid::Validity));
        }
        self.denied.retain(|(who, _)| *who != officer);
        self.denied.push((officer, until));
        self.done()
    }

    pub(super) fn admit(&mut self, officer: usize) -> Result<Said, Refusal> {
        // Whose time is over is still on the list.
        let Some(place) = self.denied.iter().position(|(who, _)| *who == officer) else {
            let (kind, code) = (Kind::Denial, badge(officer).into());
            return Err(Refusal::Unknown { kind, code });
        };
        self.denied.remove(place);
        self.done()
    }
}

/// The denial as the engine takes it.
pub(super) fn deny(officer: usize, until: Option<HalfHour>) -> Body {
    Body::Deny(Box::new(NewDenial {
        bearer: bearer(officer),
        reason: DenialReason::DeviceLost,
        until: until.map(instant),
    }))
}

/// The end of a denial as the engine takes it.
pub(super) fn admit(officer: usize) -> Body {
    Body::Admit(Box::new(bearer(officer)))
}

fn bearer(officer: usize) -> NewBearer {
    NewBearer::Officer {
        badge: badge(officer),
    }
}
