//! Who may not come in, heard and spoken.

use engine::core::{Body, Known, NewBearer, NewDenial, State};
use engine::model::{AgencyId, Bearer, Code, DenialReason, Timestamp};
use protocol::token::{Claims, DevicePublicKey, KeyId};
use protocol::{Denial, DenialAsk, Outcome};

use crate::speak;

/// Denials said at a time.
const DENIALS_AT_A_TIME: usize = 256;

/// By what a session is known.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    known: Known,
    signing_key: Option<Bearer>,
    device: Option<Bearer>,
}

impl Marks {
    /// Those of the bearer of `claims`. An agency that nobody knows is as good as none.
    pub(crate) fn of(state: &State, claims: &Claims) -> Marks {
        let agency = claims.agency.as_deref();
        let agency: Option<AgencyId> = agency.and_then(|code| state.roster().agency(code));
        let key = |id: &KeyId| Code::parse(id.as_str()).ok().map(Bearer::SigningKey);
        let device = |key: DevicePublicKey| Code::parse(&key.to_string()).ok().map(Bearer::Device);
        Marks {
            known: state.known(agency, &claims.subject),
            signing_key: claims.signed_by.as_ref().and_then(key),
            device: claims.device.and_then(device),
        }
    }

    /// Whether `bearer` is one of them.
    pub(crate) fn include(&self, bearer: &Bearer) -> bool {
        self.iter().any(|mark| mark == bearer)
    }

    /// Whether any of them is denied at `at`.
    pub(crate) fn are_denied(&self, state: &State, at: Timestamp) -> bool {
        !state.denials().is_empty() && self.iter().any(|mark| state.is_denied(mark, at))
    }

    fn iter(&self) -> impl Iterator<Item = &Bearer> {
        let keys = self.signing_key.iter().chain(&self.device);
        self.known.iter().chain(keys)
    }
}

/// What the operator asks: a command, or the answer to a question.
pub(crate) fn hear(state: &State, asked: DenialAsk, at: Timestamp) -> Result<Body, Outcome> {
    match asked {
        DenialAsk::Add {
            who,
            reason,
            until_us,
        } => Ok(Body::Deny(Box::new(NewDenial {
            bearer: bearer(who),
            reason: hear_reason(reason),
            until: until_us.map(Timestamp),
        }))),
        DenialAsk::Remove { who } => Ok(Body::Admit(Box::new(bearer(who)))),
        DenialAsk::List { from } => {
            let rows = state
                .denials()
                .iter()
                .filter(|(_, denial)| denial.holds(at));
            let rows = rows.skip(from as usize).take(DENIALS_AT_A_TIME);
            let denials = rows.map(|(who, denial)| Denial {
                who: speak_bearer(state, who),
                reason: speak_reason(denial.reason),
                since_us: denial.since.as_micros(),
                until_us: denial.until.map(Timestamp::as_micros),
            });
            let denials = denials.collect();
            Err(Outcome::Denials { denials })
        }
    }
}

fn bearer(who: protocol::Bearer) -> NewBearer {
    use protocol::Bearer as Wire;
    match who {
        Wire::Officer { badge } => NewBearer::Officer { badge },
        Wire::Subject { agency, name } => NewBearer::Subject { agency, name },
        // Keys are written in lower case wherever they are compared.
        Wire::SigningKey { id } => NewBearer::SigningKey(id.to_ascii_lowercase()),
        Wire::Device { key } => NewBearer::Device(key.to_ascii_lowercase()),
    }
}

/// Whoever is denied, in the wire's words.
fn speak_bearer(state: &State, bearer: &Bearer) -> protocol::Bearer {
    use protocol::Bearer as Wire;
    match bearer {
        Bearer::Officer(officer) => Wire::Officer {
            badge: speak::badge(state, *officer),
        },
        Bearer::Subject { agency, name } => Wire::Subject {
            agency: agency.map(|agency| speak::agency(state, agency)),
            name: name.to_string(),
        },
        Bearer::SigningKey(id) => Wire::SigningKey { id: id.to_string() },
        Bearer::Device(key) => Wire::Device {
            key: key.to_string(),
        },
    }
}

fn hear_reason(reason: protocol::DenialReason) -> DenialReason {
    use protocol::DenialReason as Wire;
    match reason {
        Wire::DeviceLost => DenialReason::DeviceLost,
        Wire::Exposed => DenialReason::Exposed,
        Wire::Left => DenialReason::Left,
        Wire::Misuse => DenialReason::Misuse,
        Wire::Other => DenialReason::Other,
    }
}

/// Why somebody is denied, in the wire's words.
fn speak_reason(reason: DenialReason) -> protocol::DenialReason {
    use protocol::DenialReason as Wire;
    match reason {
        DenialReason::DeviceLost => Wire::DeviceLost,
        DenialReason::Exposed => Wire::Exposed,
        DenialReason::Left => Wire::Left,
        DenialReason::Misuse => Wire::Misuse,
        DenialReason::Other => Wire::Other,
    }
}
