//! The gate: nobody who could win or has won is turned away, and whoever is turned away hears when
//! it was filled.

use std::sync::Arc;

use super::explore::{Model, RIVALS, Seen, join, spawn};
use super::world::{VACANCIES, accept, offered, settle_one};
use crate::core::{Actor, Body, Command, Stamp, State};
use crate::model::{OfficerId, RequestId, Timestamp, Vacancy, VacancyId};
use crate::race::gate::{Admission, Gates};

type Show = fn(&Gates, VacancyId, &Vacancy);

const V: VacancyId = VACANCIES[0];
const FIRST: OfficerId = OfficerId(0);
const SECOND: OfficerId = OfficerId(1);
const LOSER: OfficerId = OfficerId(2);
const T1: Timestamp = Timestamp(2_000_000);
const T2: Timestamp = Timestamp(4_000_000);

fn settled(state: &mut State, at: Timestamp, command: &Command) -> Vacancy {
    let (reply, _) = settle_one(state, command, Stamp { at, place: 1 });
    reply.expect("it is open to them");
    state.vacancy(V).expect("it was published").clone()
}

/// The rows of one vacancy as the engine shows them: offered; filled by the first; given back, so
/// that a second round begins; filled by the second.
fn rows() -> [Vacancy; 4] {
    let mut state = offered();
    let open = state.vacancy(V).expect("it was published").clone();
    let filled = settled(&mut state, T1, &accept(FIRST, V));
    let release = Command {
        request: RequestId(1),
        by: Actor::Officer(FIRST),
        body: Body::Release { vacancy: V },
    };
    let reopened = settled(&mut state, Timestamp(3_000_000), &release);
    let mut again = accept(SECOND, V);
    let round = 2;
    again.body = Body::Accept { vacancy: V, round };
    let refilled = settled(&mut state, T2, &again);
    [open, filled, reopened, refilled]
}

/// Officers come to the gate while it closes.
fn it_closes(show: Show) -> impl Fn(&Seen) {
    let [open, filled, ..] = rows();
    move |seen| {
        let gates = Arc::new(Gates::new());
        gates.show(V, &open);
        let comers = (0..RIVALS).map(|number| {
            let gates = Arc::clone(&gates);
            // Every other one is the winner, whose reply was lost.
            let officer = if number % 2 == 0 { FIRST } else { LOSER };
            spawn(move || (officer, gates.admit(V, 1, officer)))
        });
        let comers: Vec<_> = comers.collect();
        show(&gates, V, &filled);
        let mut places = Vec::new();
        for (officer, admission) in join(comers) {
            match admission {
                Admission::Enter => seen.note("let through"),
                Admission::Filled { place, filled_at } => {
                    seen.note("turned away");
                    assert_ne!(officer, FIRST, "a winner is never told that it is filled");
                    assert_eq!(filled_at, T1, "filled when the winner took it");
                    places.push(place);
                }
            }
        }
        let turned_away = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!(
            places.len(),
            turned_away,
            "everybody has a place of their own"
        );
    }
}

/// Officers come to the gate while it closes, opens for a second round, and closes again.
fn it_closes_twice(show: Show) -> impl Fn(&Seen) {
    let rows = rows();
    move |seen| {
        let gates = Arc::new(Gates::new());
        gates.show(V, &rows[0]);
        let comers = (0..RIVALS).map(|number| {
            let gates = Arc::clone(&gates);
            // Under loom the winners come in another model than the losers: see `WINNERS`.
            let (officer, round) = match number % 4 {
                0 => (LOSER, 1),
                1 => (LOSER, 2),
                2 => (FIRST, 1),
                _ => (SECOND, 2),
            };
            spawn(move || (officer, round, gates.admit(V, round, officer)))
        });
        let comers: Vec<_> = comers.collect();
        for row in &rows[1..] {
            show(&gates, V, row);
        }
        for (officer, round, admission) in join(comers) {
            let Admission::Filled { filled_at, .. } = admission else {
                seen.note("let through");
                continue;
            };
            assert_eq!(officer, LOSER, "a winner is never told that it is filled");
            match (round, filled_at) {
                (1, T1) => seen.note("the first round, when it was filled"),
                // Whoever asks for a round that is over may hear of the last one that is.
                (1, T2) => seen.note("the first round, once the second was filled"),
                (2, T2) => seen.note("the second round"),
                _ => panic!("round {round} was not filled at {filled_at:?}"),
            }
        }
    }
}

/// The two winners come to the gate while it closes twice.
fn both_winners_pass(show: Show) -> impl Fn(&Seen) {
    let rows = rows();
    move |seen| {
        let gates = Arc::new(Gates::new());
        gates.show(V, &rows[0]);
        let winners = [(FIRST, 1), (SECOND, 2)].map(|(officer, round)| {
            let gates = Arc::clone(&gates);
            spawn(move || gates.admit(V, round, officer))
        });
        for row in &rows[1..] {
            show(&gates, V, row);
        }
        for admission in join(winners) {
            seen.note("let through");
            assert_eq!(
                admission,
                Admission::Enter,
                "a winner is never told that it is filled"
            );
        }
    }
}

/// An officer whose refusal is on record comes while the gate closes behind it.
fn an_answer_is_heard_again(note_and_show: fn(&Gates, &Vacancy)) -> impl Fn(&Seen) {
    let [open, filled, ..] = rows();
    move |seen| {
        let gates = Arc::new(Gates::new());
        gates.show(V, &open);
        let comers = (0..RIVALS).map(|_| {
            let gates = Arc::clone(&gates);
            spawn(move || gates.admit(V, 1, LOSER))
        });
        let comers: Vec<_> = comers.collect();
        note_and_show(&gates, &filled);
        for admission in join(comers) {
            seen.note("let through");
            assert_eq!(admission, Admission::Enter, "the engine repeats its answer");
        }
    }
}

const CLOSING: Model = Model {
    name: "a gate that closes",
    preemptions_max: None,
    reaches: &["let through", "turned away"],
};

const TWICE: Model = Model {
    name: "a gate that closes twice",
    preemptions_max: Some(3),
    reaches: &[
        "let through",
        "the first round, when it was filled",
        "the first round, once the second was filled",
        "the second round",
    ],
};

const WINNERS: Model = Model {
    name: "a gate that closes twice, and its winners",
    preemptions_max: None,
    reaches: &["let through"],
};

const ANSWERED: Model = Model {
    name: "a gate and an answer on record",
    preemptions_max: None,
    reaches: &["let through"],
};

#[test]
fn a_closing_gate_turns_away_losers_alone_and_says_since_when() {
    CLOSING.holds(it_closes(Gates::show));
}

#[test]
fn a_gate_that_closes_twice_says_when_each_round_was_filled() {
    TWICE.holds(it_closes_twice(Gates::show));
}

#[test]
fn the_winner_of_each_round_passes() {
    WINNERS.holds(both_winners_pass(Gates::show));
}

#[test]
fn who_has_an_answer_on_record_passes() {
    ANSWERED.holds(an_answer_is_heard_again(|gates, row| {
        gates.note_answer(LOSER);
        gates.show(V, row);
    }));
}

#[test]
fn a_gate_that_closes_before_it_shows_the_winners_is_found() {
    CLOSING.finds(
        "the word is shown before the winners",
        "a winner is never told that it is filled",
        it_closes(Gates::show_the_word_first),
    );
    WINNERS.finds(
        "the word is shown before the winners",
        "a winner is never told that it is filled",
        both_winners_pass(Gates::show_the_word_first),
    );
}

#[test]
fn a_gate_that_closes_before_it_says_since_when_is_found() {
    CLOSING.finds(
        "the word is shown before the time",
        "filled when the winner took it",
        it_closes(Gates::show_the_time_last),
    );
    TWICE.finds(
        "the word is shown before the time",
        "was not filled at",
        it_closes_twice(Gates::show_the_time_last),
    );
}

/// Only loom lets a machine change the order of relaxed stores.
#[cfg(loom)]
#[test]
fn a_gate_without_order_is_found() {
    CLOSING.finds(
        "winners, time and word are shown without an order",
        "filled",
        it_closes(Gates::show_without_order),
    );
}

#[test]
fn an_answer_noted_behind_the_gate_is_found() {
    ANSWERED.finds(
        "the gate closes before the answer is noted",
        "the engine repeats its answer",
        an_answer_is_heard_again(|gates, row| {
            gates.show(V, row);
            gates.note_answer(LOSER);
        }),
    );
}
