//! What follows an award: fewer slots, attendance, post orders read, notes and messages.

mod attendance;
mod journal;
mod reduce;

use crate::core::afterwards::Afterwards;
use crate::core::command::Actor;
use crate::core::event::Event;
use crate::core::refusal::{Invalid, Refusal};
use crate::core::state::State;
use crate::model::{Author, Timestamp};

/// What is asked becomes events, or a refusal.
pub(super) fn decide(
    state: &State,
    asked: &Afterwards,
    by: Actor,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let author = Author::from(by);
    match asked {
        Afterwards::Reduce(asked) => reduce::reduce(state, asked, at),
        Afterwards::NoShow {
            vacancy,
            officer,
            again,
        } => attendance::no_show(state, *vacancy, *officer, *again, (author, at)),
        Afterwards::Correct {
            vacancy,
            officer,
            mended,
            reason,
        } => attendance::correct(state, (*vacancy, *officer), (*mended, reason), author, at),
        Afterwards::Note(asked) => journal::note(state, asked, author, at),
        Afterwards::Acknowledge { vacancy, version } => match by {
            Actor::Officer(officer) => attendance::acknowledge(state, *vacancy, officer, *version),
            _ => Err(Refusal::NotAllowed),
        },
        Afterwards::Remind { vacancy } => attendance::remind(state, *vacancy),
        Afterwards::Say {
            vacancy,
            officer,
            text,
        } => journal::say(state, (*vacancy, *officer), text, author, at),
    }
}

/// Whether `by` may ask it: an officer for themselves, the coordinators of the lead agency, and of
/// the home agency where it is about one officer and changes nothing.
pub(super) fn may(state: &State, asked: &Afterwards, by: Actor) -> bool {
    let leads = |agency| {
        let row = state.vacancy(asked.vacancy());
        row.is_some_and(|row| row.posting.lead == agency)
    };
    match (asked, by) {
        (_, Actor::Clock) => false,
        (Afterwards::Acknowledge { .. }, by) => matches!(by, Actor::Officer(_)),
        (_, Actor::Operator) => true,
        (Afterwards::Note(asked), Actor::Officer(own)) => asked.officer == own,
        (Afterwards::Say { officer, .. }, Actor::Officer(own)) => *officer == own,
        (_, Actor::Officer(_)) => false,
        (Afterwards::Note(asked), Actor::Coordinator(agency)) => {
            leads(agency) || state.is_home(asked.officer, agency)
        }
        (Afterwards::Say { officer, .. }, Actor::Coordinator(agency)) => {
            leads(agency) || state.is_home(*officer, agency)
        }
        (_, Actor::Coordinator(agency)) => leads(agency),
    }
}

/// Refuses a text that is empty, longer than `len_max`, or could do something to a terminal.
fn check_text(text: &str, len_max: usize) -> Result<(), Refusal> {
    let plain = |c: char| !c.is_control() || c == '\n';
    let is_text = (1..=len_max).contains(&text.len()) && text.chars().all(plain);
    is_text.then_some(()).ok_or(Refusal::Invalid(Invalid::Text))
}
