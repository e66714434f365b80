//! The line: nobody sleeps on a line that is not empty, and nobody is left in line at its end.

use std::sync::Arc;

use super::explore::{Model, RIVALS, Seen, join, spawn};
use crate::race::line::{Entry, Health, Line};

type Enter = fn(&Line<u32>, u32) -> Entry<u32>;

/// Several enter while one drains and sleeps, until everybody was served.
fn the_drainer_wakes(enter: Enter, sleep: fn(&Line<u32>)) -> impl Fn(&Seen) {
    move |seen| {
        let line = Arc::new(Line::new(RIVALS as usize));
        let writers = (0..RIVALS).map(|writer| {
            let line = Arc::clone(&line);
            spawn(move || assert_eq!(enter(&line, writer), Entry::InLine))
        });
        let writers: Vec<_> = writers.collect();
        let mut taken = Vec::new();
        let mut sleeps = 0;
        loop {
            line.drain_into(&mut taken);
            if taken.len() == RIVALS as usize {
                break;
            }
            sleep(&line);
            sleeps += 1;
        }
        join(writers);
        seen.note(match sleeps {
            0 => "never slept",
            1 => "slept once",
            _ => "slept more than once",
        });
        taken.sort_unstable();
        assert!(taken.into_iter().eq(0..RIVALS), "everybody is served once");
    }
}

const WAKING: Model = Model {
    name: "a line whose drainer sleeps",
    preemptions_max: Some(3),
    reaches: &["never slept", "slept once", "slept more than once"],
};

fn sleep(line: &Line<u32>) {
    line.wait(None);
}

fn look_and_sleep(line: &Line<u32>) {
    line.look_out();
    line.wait(None);
}

/// Sleeps, after something else has used up the ring of whoever entered since the drain.
#[cfg(shuttle)]
fn sleep_after_a_lost_ring(line: &Line<u32>) {
    line.lose_a_ring();
    line.wait(None);
}

#[test]
fn nobody_sleeps_on_a_line_that_is_not_empty() {
    WAKING.holds(the_drainer_wakes(Line::enter, sleep));
}

#[test]
fn nobody_sleeps_on_a_line_that_was_empty_as_long_as_one_looked() {
    WAKING.holds(the_drainer_wakes(Line::enter, look_and_sleep));
}

#[cfg(shuttle)]
#[test]
fn a_ring_that_something_else_used_up_is_not_missed() {
    WAKING.holds(the_drainer_wakes(Line::enter, sleep_after_a_lost_ring));
}

#[test]
fn a_missing_ring_is_found() {
    WAKING.finds(
        "whoever enters rings for nobody",
        "deadlock",
        the_drainer_wakes(Line::enter_without_ringing, sleep),
    );
    WAKING.finds(
        "whoever enters trusts the drainer to look",
        "deadlock",
        the_drainer_wakes(Line::enter_without_ringing, look_and_sleep),
    );
}

#[test]
fn a_ring_by_the_wrong_one_is_found() {
    WAKING.finds(
        "whoever finds the line empty does not ring, and the others do",
        "deadlock",
        the_drainer_wakes(Line::enter_and_ring_the_wrong_way_round, sleep),
    );
}

#[cfg(shuttle)]
#[test]
fn sleeping_without_looking_once_more_is_found() {
    WAKING.finds(
        "a ring was used up, and the drainer does not look again",
        "deadlock",
        the_drainer_wakes(Line::enter, |line| {
            line.lose_a_ring();
            line.wait_blindly();
        }),
    );
}

/// Several enter while the line ends. Whoever is in line is answered by the drainer, by
/// themselves, or by somebody else who came too late: once, and by nobody twice.
fn everybody_is_answered(enter: Enter, end: fn(&Line<u32>, Health)) -> impl Fn(&Seen) {
    move |seen| {
        let line = Arc::new(Line::new(RIVALS as usize));
        let writers = (0..RIVALS).map(|writer| {
            let line = Arc::clone(&line);
            let seen = seen.clone();
            spawn(move || match enter(&line, writer) {
                Entry::InLine => Vec::new(),
                Entry::Full(_) => unreachable!("there is room for everybody"),
                Entry::Ended(left) => {
                    seen.note(match left.contains(&writer) {
                        true => "turned away by themselves",
                        false => "turned away by somebody else",
                    });
                    left
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        end(&line, Health::Closed);
        let mut answered = Vec::new();
        line.drain_into(&mut answered);
        seen.note(match answered.len() {
            0 => "the end found nobody",
            _ => "the end found somebody",
        });
        answered.extend(join(writers).into_iter().flatten());
        answered.sort_unstable();
        assert!(
            answered.into_iter().eq(0..RIVALS),
            "everybody is answered once"
        );
    }
}

const ENDING: Model = Model {
    name: "a line that ends while others enter",
    preemptions_max: Some(4),
    reaches: &[
        "the end found nobody",
        "the end found somebody",
        "turned away by themselves",
        "turned away by somebody else",
    ],
};

#[test]
fn nobody_is_left_in_a_line_that_has_ended() {
    ENDING.holds(everybody_is_answered(Line::enter, Line::set_health));
}

#[test]
fn not_looking_for_the_end_is_found() {
    ENDING.finds(
        "whoever enters does not look for the end",
        "everybody is answered once",
        everybody_is_answered(Line::enter_and_trust, Line::set_health),
    );
}

#[test]
fn looking_for_the_end_before_entering_is_found() {
    ENDING.finds(
        "whoever enters looks for the end before, and not after",
        "everybody is answered once",
        everybody_is_answered(Line::enter_if_not_ended, Line::set_health),
    );
}

/// Fences order weak memory, which loom alone has.
#[cfg(loom)]
#[test]
fn a_missing_fence_on_either_side_is_found() {
    ENDING.finds(
        "whoever enters has no fence",
        "everybody is answered once",
        everybody_is_answered(Line::enter_without_fence, Line::set_health),
    );
    ENDING.finds(
        "whoever ends the line has no fence",
        "everybody is answered once",
        everybody_is_answered(Line::enter, Line::set_health_without_fence),
    );
}

/// The line ends while whoever writes finds that the disk is full. Somebody enters meanwhile, and
/// somebody afterwards.
fn the_end_stays(say: fn(&Line<u32>, Health)) -> impl Fn(&Seen) {
    move |seen| {
        let line = Arc::new(Line::new(2));
        let entering = Arc::clone(&line);
        let entering = spawn(move || Line::enter(&entering, 0));
        let writing = Arc::clone(&line);
        let writing = spawn(move || say(&writing, Health::ReadOnly));
        line.set_health(Health::Closed);
        let mut answered = Vec::new();
        line.drain_into(&mut answered);
        seen.note(match answered.len() {
            0 => "the end found nobody",
            _ => "the end found somebody",
        });
        if let Entry::Ended(left) = join([entering]).remove(0) {
            answered.extend(left);
        }
        join([writing]);
        assert_eq!(line.health(), Health::Closed, "an end is for good");
        assert_eq!(Line::enter(&line, 1), Entry::Ended(vec![1]), "too late");
        assert_eq!(answered, [0], "everybody is answered once");
    }
}

const STAYING: Model = Model {
    name: "a line that ends while the disk is full",
    preemptions_max: Some(4),
    reaches: &["the end found nobody", "the end found somebody"],
};

#[test]
fn a_line_that_has_ended_stays_ended() {
    STAYING.holds(the_end_stays(Line::set_health));
}

#[test]
fn a_full_disk_said_over_an_end_is_found() {
    STAYING.finds(
        "the disk is said to be full although the line has ended",
        "an end is for good",
        the_end_stays(Line::set_health_over_an_end),
    );
}
