//! One thread that wakes people up: intents in order of their instants.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Act, Cast, DeskAct, Intent, Stage};

/// Sets the alarm for others. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    orders: Sender<Order>,
    /// Intents that have not been carried out.
    pending: Arc<AtomicI64>,
}

/// The thread that rings, before it runs.
pub(crate) struct AlarmThread {
    orders: Receiver<Order>,
    pending: Arc<AtomicI64>,
}

enum Order {
    Set {
        at: Instant,
        intent: Intent,
    },
    /// Forgets what was planned and has not begun.
    ClearPlan,
    End,
}

impl Alarm {
    pub(crate) fn new() -> (Alarm, AlarmThread) {
        let (to, orders) = channel();
        let pending = Arc::new(AtomicI64::new(0));
        let alarm = Alarm {
            orders: to,
            pending: Arc::clone(&pending),
        };
        (alarm, AlarmThread { orders, pending })
    }

    /// Sees that an intent is carried out at its instant.
    pub(crate) fn set(&self, intent: Intent, stage: &Stage) {
        let at = stage.instant(intent.at_us);
        self.pending.fetch_add(1, Ordering::Relaxed);
        // After the end of the run nobody listens, and nothing is to be done any more.
        let _over = self.orders.send(Order::Set { at, intent });
    }

    /// Forgets every publication and incident that has not begun.
    pub(crate) fn clear_plan(&self) {
        let _over = self.orders.send(Order::ClearPlan);
    }

    /// Ends the thread.
    pub(crate) fn end(&self) {
        let _over = self.orders.send(Order::End);
    }

    /// Intents that have not been carried out.
    pub(crate) fn pending(&self) -> i64 {
        self.pending.load(Ordering::Relaxed)
    }
}

impl AlarmThread {
    /// Starts to ring for `cast`.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn start(self, cast: Arc<Cast>) -> std::io::Result<JoinHandle<()>> {
        let thread = std::thread::Builder::new().name("loadgen-alarm".to_owned());
        thread.spawn(move || self.ring(&cast))
    }

    fn ring(self, cast: &Cast) {
        let mut due = BinaryHeap::new();
        let mut set = 0u64;
        loop {
            while let Some(Reverse(Due { at, .. })) = due.peek()
                && *at <= Instant::now()
            {
                if let Some(Reverse(Due { intent, .. })) = due.pop() {
                    cast.perform(intent);
                    // Counted after its consequences, so that it never looks quiet in between.
                    self.pending.fetch_sub(1, Ordering::Relaxed);
                }
            }
            match self.next_order(due.peek().map(|Reverse(Due { at, .. })| *at)) {
                Some(Order::Set { at, intent }) => {
                    set += 1;
                    due.push(Reverse(Due { at, set, intent }));
                }
                Some(Order::ClearPlan) => {
                    let before = due.len();
                    due.retain(|Reverse(due)| !is_planned(&due.intent.act));
                    let cleared = before - due.len();
                    cast.drop_planned(cleared as u64);
                    self.pending.fetch_sub(cleared as i64, Ordering::Relaxed);
                }
                Some(Order::End) => return,
                None => {}
            }
        }
    }

    /// The next order, or nothing when the first intent has come due.
    fn next_order(&self, first: Option<Instant>) -> Option<Order> {
        const LONG: Duration = Duration::from_secs(3_600);
        let wait = first.map_or(LONG, |at| at.saturating_duration_since(Instant::now()));
        match self.orders.recv_timeout(wait) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Order::End),
        }
    }
}

/// Whether it comes from the plan, and not from something that was heard.
fn is_planned(act: &Act) -> bool {
    match act {
        Act::Officer(..) | Act::Desk(_, DeskAct::Again { .. } | DeskAct::Lapse { .. }) => false,
        Act::Desk(..) => true,
    }
}

/// An intent in the queue; what was set first comes first among equals.
#[derive(Debug)]
struct Due {
    at: Instant,
    set: u64,
    intent: Intent,
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        (self.at, self.set) == (other.at, other.set)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.at, self.set).cmp(&(other.at, other.set))
    }
}
