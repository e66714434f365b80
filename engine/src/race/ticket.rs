//! What a submitter holds until the answer is durable: a plain future that a thread can wait on.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use super::lookout::Lookout;
use super::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering};
use crate::core::Reply;
use crate::limits::ANSWER_LOOK_US_MAX;

/// Where a thread that is the only one of this process to wait for an answer looks for it.
static LOOKOUT: Lookout = Lookout::new(ANSWER_LOOK_US_MAX);

/// Nobody can say whether the command was done: ask again with the same request id.
///
/// An outage, not an answer. It never means no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The disk is full: nothing new is taken in until there is space.
    #[error(
        "the disk is full, so nothing can be recorded: ask again with the same id once there is space"
    )]
    DiskFull,
    /// The log could not be written: the engine has stopped and must be restarted.
    #[error(
        "the log could not be written and the engine has stopped: restart it, then ask again with the same id"
    )]
    Failed,
    /// The engine was closed.
    #[error("the engine is closed: ask again with the same id when it is back")]
    Closed,
}

/// An answer to come. Await it, or [`wait`](Ticket::wait) for it on a thread.
#[derive(Debug)]
pub struct Ticket {
    cell: Arc<Cell>,
}

#[derive(Debug)]
struct Cell {
    inside: Mutex<Inside>,
    arrived: Condvar,
    /// Whether the answer is inside, for who looks without the lock.
    is_kept: AtomicBool,
}

#[derive(Debug, Default)]
struct Inside {
    answer: Option<Result<Reply, Unavailable>>,
    waker: Option<Waker>,
}

impl Ticket {
    /// A ticket and the promise to answer it.
    pub(crate) fn new() -> (Ticket, Promise) {
        let cell = Arc::new(Cell {
            inside: Mutex::default(),
            arrived: Condvar::default(),
            is_kept: AtomicBool::new(false),
        });
        (
            Ticket {
                cell: Arc::clone(&cell),
            },
            Promise { cell: Some(cell) },
        )
    }

    /// A ticket that is answered already.
    pub(crate) fn answered(answer: Result<Reply, Unavailable>) -> Ticket {
        let (ticket, promise) = Ticket::new();
        promise.keep(answer);
        ticket
    }

    /// Blocks this thread until the answer is durable.
    pub fn wait(self) -> Result<Reply, Unavailable> {
        let waiting = LOOKOUT.wait();
        waiting.look(|| self.cell.is_kept.load(Ordering::Relaxed));
        let mut inside = self.cell.inside();
        loop {
            if let Some(answer) = inside.answer.take() {
                return answer;
            }
            inside = self
                .cell
                .arrived
                .wait(inside)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Future for Ticket {
    type Output = Result<Reply, Unavailable>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inside = self.cell.inside();
        match inside.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                inside.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Cell {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Nothing panics while it is held, so a poisoned lock still guards a sound value.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to answer a ticket. Dropped without an answer, it says that the engine is closed.
#[derive(Debug)]
pub(crate) struct Promise {
    cell: Option<Arc<Cell>>,
}

impl Promise {
    /// Answers the ticket.
    pub(crate) fn keep(mut self, answer: Result<Reply, Unavailable>) {
        self.fulfil(answer);
    }

    fn fulfil(&mut self, answer: Result<Reply, Unavailable>) {
        let Some(cell) = self.cell.take() else { return };
        let mut inside = cell.inside();
        inside.answer = Some(answer);
        let waker = inside.waker.take();
        cell.is_kept.store(true, Ordering::Relaxed);
        drop(inside);
        cell.arrived.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.fulfil(Err(Unavailable::Closed));
    }
}

/// Tickets with one mistake each, for the models to find.
#[cfg(all(test, any(loom, shuttle)))]
mod planted {
    use super::*;

    impl Ticket {
        /// Looks, and sleeps without asking under the lock whether the answer has come since.
        pub(in crate::race) fn look_and_sleep_blindly(self) -> Result<Reply, Unavailable> {
            let kept = || self.cell.is_kept.load(Ordering::Relaxed);
            if !kept() {
                let inside = self.cell.inside();
                drop(self.cell.arrived.wait(inside));
            }
            self.wait()
        }

        /// Takes what a look has seen for an answer that is there.
        pub(in crate::race) fn trust_the_look(self) -> Result<Reply, Unavailable> {
            let kept = || self.cell.is_kept.load(Ordering::Relaxed);
            LOOKOUT.wait().look(kept);
            let mut inside = self.cell.inside();
            inside.answer.take().expect("the look found the answer")
        }
    }

    impl Promise {
        /// Answers whoever looks, and wakes nobody who sleeps.
        pub(in crate::race) fn keep_for_who_looks(mut self, answer: Result<Reply, Unavailable>) {
            let cell = self.cell.take().expect("it was not kept before");
            cell.inside().answer = Some(answer);
            cell.is_kept.store(true, Ordering::Relaxed);
        }
    }
}
