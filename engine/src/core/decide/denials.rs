//! Who may not come in, and who may again.
//!
//! A denial is about sessions: the dispatcher ends those that are open and opens no other. Here it
//! stops what an officer sent before: a command in line is refused when its turn comes. What was
//! settled before stays settled, a bid that is being collected included: who may work is the
//! roster's to say (a suspension), and who holds a slot the coordinator's (a recall).

use crate::core::command::Actor;
use crate::core::denials::{Known, NewBearer, NewDenial};
use crate::core::event::Event;
use crate::core::refusal::{Invalid, Kind, Refusal};
use crate::core::state::State;
use crate::limits::{DENIALS_MAX, NAME_LEN_MAX};
use crate::model::{Bearer, Code, Denial, Denied, Timestamp};

/// Refuses what a denied officer asks. Others are known by their sessions only.
pub(super) fn admit(state: &State, by: Actor, at: Timestamp) -> Result<(), Refusal> {
    match by {
        Actor::Officer(officer) if state.is_officer_denied(officer, at) => Err(Refusal::Denied),
        Actor::Officer(_) | Actor::Coordinator(_) | Actor::Operator | Actor::Clock => Ok(()),
    }
}

/// Denies somebody, or for other reasons than before. What is denied is what was named, an officer
/// or a name, even where one is the other: the longer of two denials holds.
pub(super) fn deny(state: &State, new: &NewDenial, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    let Named { bearer, .. } = resolve(state, &new.bearer)?;
    if new.until.is_some_and(|until| until <= at) {
        return Err(Refusal::Invalid(Invalid::Validity));
    }
    let denials = state.denials();
    if !denials.contains_key(&bearer) && denials.len() >= DENIALS_MAX {
        let hold = denials.values().filter(|denial| denial.holds(at)).count();
        if hold >= DENIALS_MAX {
            let (kind, limit) = (Kind::Denial, DENIALS_MAX as u64);
            return Err(Refusal::LimitReached { kind, limit });
        }
    }
    let denial = Denial {
        reason: new.reason,
        since: at,
        until: new.until,
    };
    Ok(vec![Event::Denied(Box::new(Denied { bearer, denial }))])
}

/// Ends a denial. Whoever is named may come in again, by whichever of their names they were denied.
pub(super) fn end(state: &State, named: &NewBearer) -> Result<Vec<Event>, Refusal> {
    let Named { bearer, alias } = resolve(state, named)?;
    let bearers = [bearer].into_iter().chain(alias);
    let denied = bearers.filter(|bearer| state.denials().contains_key(bearer));
    let admitted: Vec<_> = denied
        .map(|bearer| Event::Admitted(Box::new(bearer)))
        .collect();
    if admitted.is_empty() {
        let code = match named {
            NewBearer::Officer { badge: code }
            | NewBearer::Subject { name: code, .. }
            | NewBearer::SigningKey(code)
            | NewBearer::Device(code) => code.as_str().into(),
        };
        let kind = Kind::Denial;
        return Err(Refusal::Unknown { kind, code });
    }
    Ok(admitted)
}

/// Who was named.
struct Named {
    /// As they were named.
    bearer: Bearer,
    /// The officer of that name, or the name of that officer.
    alias: Option<Bearer>,
}

impl From<Bearer> for Named {
    fn from(bearer: Bearer) -> Named {
        let alias = None;
        Named { bearer, alias }
    }
}

fn resolve(state: &State, named: &NewBearer) -> Result<Named, Refusal> {
    let roster = state.roster();
    let unknown = |kind, code: &str| Refusal::Unknown {
        kind,
        code: code.into(),
    };
    match named {
        NewBearer::Officer { badge } => {
            let officer = roster.officer(badge);
            let officer = officer.ok_or_else(|| unknown(Kind::Officer, badge))?;
            let alias = state.known_officer(officer).map(|known| known.subject);
            let bearer = Bearer::Officer(officer);
            Ok(Named { bearer, alias })
        }
        NewBearer::Subject { agency, name } => {
            let agency = match agency {
                Some(code) => {
                    let agency = roster.agency(code);
                    Some(agency.ok_or_else(|| unknown(Kind::Agency, code))?)
                }
                None => None,
            };
            let bounded = (1..=NAME_LEN_MAX).contains(&name.len());
            if !bounded || name.chars().any(char::is_control) {
                return Err(Refusal::Invalid(Invalid::Name));
            }
            let Known { subject, officer } = state.known(agency, name);
            Ok(Named {
                bearer: subject,
                alias: officer,
            })
        }
        NewBearer::SigningKey(id) => Ok(Bearer::SigningKey(code(id)?).into()),
        NewBearer::Device(key) => Ok(Bearer::Device(code(key)?).into()),
    }
}

fn code(text: &str) -> Result<Code, Refusal> {
    Code::parse(text).map_err(|_| Refusal::Invalid(Invalid::Code(text.chars().take(80).collect())))
}
