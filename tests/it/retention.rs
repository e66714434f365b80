//! How long an answer is remembered: both ends that `engine/src/limits.rs` states. What a
//! coordinator sees of it is in `tests/scenarios/retention.txt`.

use engine::core::{Actor, Event, Record, Refusal, State, apply};
use engine::limits::{ANSWER_RETENTION_MS, ANSWERS_MAX};
use engine::model::{OfficerId, RequestId, Timestamp};

/// When the first answer is given.
const NOON: Timestamp = Timestamp(1_795_000_000_000_000);

/// Who asks.
const OFFICER: Actor = Actor::Officer(OfficerId(7));

/// One more answer is given, to `request` at `at`.
fn answer(state: &mut State, request: u128, at: Timestamp) {
    let record = Record {
        sequence: state.sequence().next(),
        at,
        request: RequestId(request),
        by: OFFICER,
        fingerprint: 1,
        events: vec![Event::Refused(Refusal::NotHolder.into())],
    };
    apply(state, &record);
}

fn is_remembered(state: &State, request: u128) -> bool {
    state.answer(OFFICER, RequestId(request)).is_some()
}

#[test]
fn an_answer_is_remembered_for_24_hours_to_the_microsecond() {
    assert_eq!(ANSWER_RETENTION_MS, 24 * 3_600 * 1_000);
    let mut state = State::empty();
    answer(&mut state, 1, NOON);
    let last = NOON.plus_ms(ANSWER_RETENTION_MS);
    answer(&mut state, 2, last);
    assert!(is_remembered(&state, 1), "24 hours later");
    answer(&mut state, 3, Timestamp(last.as_micros() + 1));
    assert!(!is_remembered(&state, 1), "a microsecond after that");
    assert!(is_remembered(&state, 2));
}

#[test]
fn a_million_answers_are_remembered_and_the_oldest_makes_room_for_one_more() {
    assert_eq!(ANSWERS_MAX, 1_048_576);
    let mut state = State::empty();
    let last = ANSWERS_MAX as u128;
    for request in 1..=last {
        answer(&mut state, request, NOON);
    }
    assert!(is_remembered(&state, 1), "there is room for all of them");
    answer(&mut state, last + 1, NOON);
    assert!(!is_remembered(&state, 1), "the oldest made room");
    assert!(is_remembered(&state, 2) && is_remembered(&state, last + 1));
}
