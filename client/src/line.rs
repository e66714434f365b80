//! The line from clients to their driver: a short list under a lock and one wake-up. A channel
//! would keep a block of slots per session, and there are ten thousand of them, mostly idle.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::session::{Counts, RequestError};
use protocol::{Ask, Outcome, RequestId};
use tokio::sync::{Notify, oneshot};

use crate::AskError;
use crate::limits::LINE_MAX;

/// Where the answer to one request goes, besides the sink.
pub(crate) type Reply = oneshot::Sender<Result<Outcome, AskError>>;

/// A request a client wants made.
pub(crate) struct Wish {
    pub(crate) id: RequestId,
    pub(crate) ask: Ask,
    pub(crate) reply: Option<Reply>,
}

/// What a client wants done with the connection; the later of two in the list is the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    DropConnection,
    Close,
}

/// The clients' end.
#[derive(Clone)]
pub(crate) struct LineIn(Arc<Line>);

/// The driver's end. When it goes, so does everything that waits in the line.
pub(crate) struct LineOut(Arc<Line>);

struct Line {
    waiting: Mutex<Waiting>,
    wake: Notify,
    repeats: AtomicU64,
    strays: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    wishes: VecDeque<Wish>,
    order: Option<Order>,
    abandoned: bool,
}

pub(crate) fn line() -> (LineIn, LineOut) {
    let line = Arc::new(Line {
        waiting: Mutex::default(),
        wake: Notify::new(),
        repeats: AtomicU64::new(0),
        strays: AtomicU64::new(0),
    });
    (LineIn(Arc::clone(&line)), LineOut(line))
}

impl LineIn {
    /// Puts a request in the line.
    pub(crate) fn put(&self, wish: Wish) -> Result<(), AskError> {
        let mut waiting = self.0.lock();
        if waiting.abandoned {
            return Err(AskError::Ended);
        }
        if waiting.wishes.len() >= LINE_MAX {
            return Err(RequestError::TooManyUnanswered.into());
        }
        waiting.wishes.push_back(wish);
        drop(waiting);
        self.0.wake.notify_one();
        Ok(())
    }

    /// What the driver received and dropped.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            repeats: self.0.repeats.load(Ordering::Relaxed),
            strays: self.0.strays.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn order(&self, order: Order) {
        let mut waiting = self.0.lock();
        waiting.order = waiting.order.max(Some(order));
        drop(waiting);
        self.0.wake.notify_one();
    }
}

impl LineOut {
    /// Waits until there may be something to take. Cancel-safe.
    pub(crate) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// Says what was received and dropped.
    pub(crate) fn count(&self, counts: Counts) {
        self.0.repeats.store(counts.repeats, Ordering::Relaxed);
        self.0.strays.store(counts.strays, Ordering::Relaxed);
    }

    /// Takes everything in the line: the requests in order, and what is to be done after them.
    pub(crate) fn take(&self) -> (VecDeque<Wish>, Option<Order>) {
        let mut waiting = self.0.lock();
        (std::mem::take(&mut waiting.wishes), waiting.order.take())
    }
}

impl Drop for LineOut {
    fn drop(&mut self) {
        *self.0.lock() = Waiting {
            abandoned: true,
            ..Waiting::default()
        };
    }
}

impl Line {
    /// No code panics while it holds the lock, and a list is whole at every step.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(id: u128) -> Wish {
        Wish {
            id: RequestId(id),
            ask: Ask::Board,
            reply: None,
        }
    }

    #[test]
    fn a_line_has_an_end_and_ends_with_its_driver() {
        let (line_in, line_out) = line();
        for id in 0..LINE_MAX as u128 {
            assert_eq!(line_in.put(wish(id)), Ok(()));
        }
        let full = AskError::NotTaken(RequestError::TooManyUnanswered);
        assert_eq!(line_in.put(wish(0)), Err(full));
        let (wishes, order) = line_out.take();
        assert_eq!((wishes.len(), order), (LINE_MAX, None));
        assert_eq!(line_in.put(wish(0)), Ok(()));
        drop(line_out);
        assert_eq!(line_in.put(wish(1)), Err(AskError::Ended));
    }

    #[test]
    fn closing_is_stronger_than_dropping() {
        let (line_in, line_out) = line();
        line_in.order(Order::Close);
        line_in.order(Order::DropConnection);
        assert_eq!(line_out.take().1, Some(Order::Close));
        assert_eq!(line_out.take().1, None);
    }
}
