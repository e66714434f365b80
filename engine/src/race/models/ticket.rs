//! A ticket: whoever waits for an answer hears it, looking or asleep.

use super::explore::{Model, Seen, join, spawn};
use crate::core::{Refusal, Reply};
use crate::race::ticket::{Promise, Ticket, Unavailable};

type Heard = Result<Reply, Unavailable>;

fn the_answer() -> Heard {
    Ok(Err(Refusal::Busy { retry_after_ms: 1 }.into()))
}

/// One waits while another answers, or goes away without an answer.
fn one_waits(wait: fn(Ticket) -> Heard, answer: fn(Promise)) -> impl Fn(&Seen) {
    move |seen| {
        let (ticket, promise) = Ticket::new();
        let waiting = spawn(move || wait(ticket));
        answer(promise);
        let heard = join([waiting]).remove(0);
        seen.note(match heard == the_answer() {
            true => "the answer",
            false => "nobody can say",
        });
        assert!(
            heard == the_answer() || heard == Err(Unavailable::Closed),
            "what is heard was said"
        );
    }
}

const ANSWERED: Model = Model {
    name: "a ticket that is answered",
    preemptions_max: None,
    reaches: &["the answer"],
};

const ABANDONED: Model = Model {
    name: "a ticket whose promise is dropped",
    preemptions_max: None,
    reaches: &["nobody can say"],
};

fn keep(promise: Promise) {
    promise.keep(the_answer());
}

#[test]
fn whoever_waits_for_an_answer_hears_it() {
    ANSWERED.holds(one_waits(Ticket::wait, keep));
}

#[test]
fn whoever_waits_for_nobody_hears_that() {
    ABANDONED.holds(one_waits(Ticket::wait, drop));
}

#[test]
fn an_answer_that_wakes_nobody_is_found() {
    ANSWERED.finds(
        "who answers trusts the waiting to look",
        "deadlock",
        one_waits(Ticket::wait, |promise| {
            promise.keep_for_who_looks(the_answer());
        }),
    );
}

#[test]
fn sleeping_on_an_answer_that_came_since_the_look_is_found() {
    ANSWERED.finds(
        "the answer comes between the look and the sleep",
        "deadlock",
        one_waits(Ticket::look_and_sleep_blindly, keep),
    );
}

#[test]
fn trusting_a_look_is_found() {
    ANSWERED.finds(
        "a look in vain is taken for one that found something",
        "the look found the answer",
        one_waits(Ticket::trust_the_look, keep),
    );
}
