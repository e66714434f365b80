//! Threads that stall: at any step of the way in, for as long as the model likes.
//!
//! Strict lock-freedom says that a thread which the system has put to sleep, wherever it stands,
//! stops nobody else. So one thread is stopped before its k-th use of an atomic, for every k there
//! is, and released only after everybody else has got all they wanted. If anybody had to wait for
//! it, the explorer would report a deadlock. The drainer does not sleep here: the longest it sleeps
//! without being woken is bounded (`LINE_SLEEP_MS_MAX`), and no time passes in a model.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as O};
use std::time::Duration;

use super::explore::{Model, RIVALS, Seen, join, spawn};
use crate::race::line::{Entry, Line};
use crate::race::sync::{AtomicUsize, Bell, Ordering, explorer};

/// Steps of one way in, of which there are surely fewer: more would be a loop without an end.
const STEPS_MAX: usize = 64;

/// A standstill that one thread runs into and another lifts.
#[derive(Debug, Default)]
struct Standstill {
    is_lifted: AtomicBool,
    lifted: Bell,
}

#[derive(Debug)]
struct Plan {
    steps_left: usize,
    standstill: Arc<Standstill>,
    seen: Seen,
}

explorer::thread_local! {
    static PLAN: RefCell<Option<Plan>> = RefCell::new(None);
}

/// Every use of an atomic passes here first.
pub(in crate::race) fn point() {
    // A thread that is ending has no plan any more.
    let due = PLAN.try_with(|plan| {
        let mut plan = plan.borrow_mut();
        match plan.as_mut()?.steps_left.checked_sub(1) {
            Some(left) => {
                plan.as_mut()?.steps_left = left;
                None
            }
            None => plan.take(),
        }
    });
    if let Ok(Some(plan)) = due {
        plan.seen.note("stalled");
        while !plan.standstill.is_lifted.load(O::Relaxed) {
            plan.standstill.lifted.wait(Duration::MAX);
        }
    }
}

/// Runs `body` in a thread of its own until its `step`-th use of an atomic, and again from there
/// once the standstill is lifted.
fn spawn_stalling<T: Send + 'static>(
    step: usize,
    standstill: &Arc<Standstill>,
    seen: &Seen,
    body: impl FnOnce() -> T + Send + 'static,
) -> super::explore::JoinHandle<T> {
    let plan = Plan {
        steps_left: step,
        standstill: Arc::clone(standstill),
        seen: seen.clone(),
    };
    spawn(move || {
        PLAN.with(|slot| *slot.borrow_mut() = Some(plan));
        body()
    })
}

impl Standstill {
    fn lift(&self) {
        self.is_lifted.store(true, O::Relaxed);
        self.lifted.ring();
    }
}

/// A line that several write and one reads.
trait Way: Send + Sync + 'static {
    fn open(len_max: usize) -> Self;
    /// Says whether there was room.
    fn enter(&self, who: u32) -> bool;
    fn drain_into(&self, taken: &mut Vec<u32>);
}

impl Way for Line<u32> {
    fn open(len_max: usize) -> Self {
        Line::new(len_max)
    }

    fn enter(&self, who: u32) -> bool {
        Line::enter(self, who) == Entry::InLine
    }

    fn drain_into(&self, taken: &mut Vec<u32>) {
        Line::drain_into(self, taken);
    }
}

/// Planted: a place is claimed first and taken afterwards, as in a ring.
struct ClaimedFirst {
    places: Vec<AtomicUsize>,
    claimed: AtomicUsize,
    read: AtomicUsize,
}

impl Way for ClaimedFirst {
    fn open(len_max: usize) -> Self {
        ClaimedFirst {
            places: (0..len_max).map(|_| AtomicUsize::new(0)).collect(),
            claimed: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
        }
    }

    fn enter(&self, who: u32) -> bool {
        let place = self.claimed.fetch_add(1, Ordering::Relaxed);
        let Some(place) = self.places.get(place) else {
            return false;
        };
        place.store(who as usize + 1, Ordering::Release);
        true
    }

    fn drain_into(&self, taken: &mut Vec<u32>) {
        let mut read = self.read.load(Ordering::Relaxed);
        while let Some(place) = self.places.get(read) {
            let Some(who) = place.load(Ordering::Acquire).checked_sub(1) else {
                break;
            };
            taken.push(who as u32);
            read += 1;
        }
        self.read.store(read, Ordering::Relaxed);
    }
}

/// One of several writers stalls at `step`; the others enter and are taken out of line.
fn one_stalls_at<W: Way>(step: usize) -> impl Fn(&Seen) {
    move |seen| {
        let line = Arc::new(W::open(RIVALS as usize));
        let standstill = Arc::<Standstill>::default();
        let way = Arc::clone(&line);
        let staller = spawn_stalling(step, &standstill, seen, move || way.enter(0));
        let others = (1..RIVALS).map(|who| {
            let line = Arc::clone(&line);
            spawn(move || line.enter(who))
        });
        let others: Vec<_> = others.collect();
        let mut taken = Vec::new();
        line.drain_into(&mut taken);
        let entered = join(others);
        assert!(entered.iter().all(|&entered| entered), "nobody is refused");
        line.drain_into(&mut taken);
        let mut served: Vec<u32> = taken.iter().copied().filter(|&who| who != 0).collect();
        served.sort_unstable();
        assert!(
            served.iter().copied().eq(1..RIVALS),
            "whoever entered is served, whoever stalls"
        );

        standstill.lift();
        assert!(join([staller])[0], "there is room for the one who stalled");
        line.drain_into(&mut taken);
        assert_eq!(taken.len(), RIVALS as usize, "and nobody is served twice");
    }
}

#[test]
fn whoever_stalls_stops_nobody_from_entering_or_being_served() {
    let mut steps = 0;
    while steps < STEPS_MAX {
        let model = Model {
            name: "a line in which one stalls at each step in turn",
            preemptions_max: None,
            reaches: &[],
        };
        if !model
            .holds(one_stalls_at::<Line<u32>>(steps))
            .has("stalled")
        {
            break;
        }
        steps += 1;
    }
    // Counting oneself, reading the head, swapping it, ringing, looking for the end.
    assert!(
        (5..STEPS_MAX).contains(&steps),
        "{steps} steps were stalled at"
    );
    println!("{steps} steps of the way in were stalled at");
}

#[test]
fn a_place_claimed_first_and_taken_later_is_found() {
    let model = Model {
        name: "a line in which one stalls at its second step",
        preemptions_max: None,
        reaches: &[],
    };
    model.finds(
        "a place is claimed first and taken afterwards",
        "whoever entered is served, whoever stalls",
        one_stalls_at::<ClaimedFirst>(1),
    );
}
