//! The inbox: nobody is lost, the bound holds, and whoever finds it empty says so.

use std::sync::Arc;

use super::explore::{Model, RIVALS, Seen, join, spawn};
use crate::race::inbox::Inbox;

type Push = fn(&Inbox<u32>, u32) -> Result<bool, u32>;

/// Several push and one drains in the middle of it.
fn everybody_leaves_once(push: Push) -> impl Fn(&Seen) {
    move |seen| {
        let inbox = Arc::new(Inbox::new(RIVALS as usize));
        let writers = (0..RIVALS).map(|writer| {
            let inbox = Arc::clone(&inbox);
            spawn(move || push(&inbox, writer).expect("there is room for everybody"))
        });
        let writers: Vec<_> = writers.collect();
        let mut taken = Vec::new();
        inbox.drain_into(&mut taken);
        let early = taken.len();
        let found_empty = join(writers).into_iter().filter(|&empty| empty).count();
        inbox.drain_into(&mut taken);
        seen.note(match taken.as_slice() {
            [0, 1, ..] => "the first writer first",
            [1, 0, ..] => "the second writer first",
            _ => "another order",
        });
        seen.note(match early {
            0 => "drained before anybody",
            _ if early == RIVALS as usize => "drained after everybody",
            _ => "drained in between",
        });
        let most = 1 + usize::from(0 < early && early < RIVALS as usize);
        taken.sort_unstable();
        assert!(taken.into_iter().eq(0..RIVALS), "everybody leaves once");
        assert_eq!(found_empty, most, "one for each drain found it empty");
    }
}

/// Several push into a line with room for one.
fn the_bound_holds(push: Push) -> impl Fn(&Seen) {
    move |seen| {
        let inbox = Arc::new(Inbox::new(1));
        let writers = (0..RIVALS).map(|writer| {
            let inbox = Arc::clone(&inbox);
            spawn(move || push(&inbox, writer).is_ok())
        });
        let writers: Vec<_> = writers.collect();
        let (mut early, mut late) = (Vec::new(), Vec::new());
        inbox.drain_into(&mut early);
        let entered = join(writers).into_iter().filter(|&entered| entered).count();
        inbox.drain_into(&mut late);
        assert!(early.len() <= 1 && late.len() <= 1, "one stays at most");
        assert_eq!(early.len() + late.len(), entered, "who entered leaves");
        assert!(entered >= 1, "the first to count itself has room");
        seen.note(match entered {
            1 => "one entered",
            _ => "a second entered after the drain",
        });
        assert_eq!(push(&inbox, 9), Ok(true), "the room is free again");
    }
}

const LEAVING: Model = Model {
    name: "an inbox drained while others push",
    preemptions_max: None,
    reaches: &[
        "the first writer first",
        "the second writer first",
        "drained before anybody",
        "drained in between",
        "drained after everybody",
    ],
};

const FULL: Model = Model {
    name: "an inbox with room for one",
    preemptions_max: None,
    reaches: &["one entered", "a second entered after the drain"],
};

#[test]
fn everybody_who_enters_leaves_once() {
    LEAVING.holds(everybody_leaves_once(Inbox::push));
}

#[test]
fn never_do_more_stay_than_there_is_room_for() {
    FULL.holds(the_bound_holds(Inbox::push));
}

/// Nobody drains here while others push: nodes that the planted push has lost are freed by nobody,
/// and nodes that it brings back would be freed twice.
#[test]
fn a_push_in_two_steps_is_found() {
    LEAVING.finds(
        "the head is read and written in two steps",
        "everybody leaves once",
        |_| {
            let inbox = Arc::new(Inbox::new(RIVALS as usize));
            let writers = (0..RIVALS).map(|writer| {
                let inbox = Arc::clone(&inbox);
                spawn(move || inbox.push_in_two_steps(writer).is_ok())
            });
            let writers: Vec<_> = writers.collect();
            join(writers);
            let mut taken = Vec::new();
            inbox.drain_into(&mut taken);
            taken.sort_unstable();
            assert!(taken.into_iter().eq(0..RIVALS), "everybody leaves once");
        },
    );
}

#[test]
fn a_bound_that_is_looked_at_before_it_is_counted_is_found() {
    FULL.finds(
        "room is looked for before it is taken",
        "one stays at most",
        the_bound_holds(Inbox::push_where_room_was_seen),
    );
}
