//! What a driver tells its program.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::limits::EVENTS_MAX;

/// Something a session learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When its bytes were taken from the connection.
    pub received: Instant,
    /// What.
    pub what: protocol::session::Event,
}

/// A sink for [`Endpoint::connect`](crate::Endpoint::connect), and where its events come out.
///
/// At most [`EVENTS_MAX`] wait. What comes on top is dropped and counted
/// ([`missed`](Events::missed)): a program that fell so far behind connects anew for the state.
pub fn events() -> (impl FnMut(Event) + Send + 'static, Events) {
    let (to, from) = mpsc::channel(EVENTS_MAX);
    let missed = Arc::new(AtomicU64::new(0));
    let events = Events {
        from,
        missed: Arc::clone(&missed),
    };
    let sink = move |event| {
        let full = matches!(to.try_send(event), Err(TrySendError::Full(_)));
        if full && missed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                waiting = EVENTS_MAX,
                "events are not taken and are being dropped"
            );
        }
    };
    (sink, events)
}

/// The events of one session, in order.
#[derive(Debug)]
pub struct Events {
    from: mpsc::Receiver<Event>,
    missed: Arc<AtomicU64>,
}

impl Events {
    /// The next event; `None` when the driver has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.from.recv().await
    }

    /// How many events were dropped because too many waited.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_is_counted() {
        let (mut sink, mut events) = events();
        let down = protocol::session::Event::Down {
            because: None,
            reconnect_after_ms: 0,
        };
        for _ in 0..EVENTS_MAX + 3 {
            sink(Event {
                received: Instant::now(),
                what: down.clone(),
            });
        }
        assert_eq!(events.missed(), 3);
        drop(sink);
        let kept = std::iter::from_fn(|| events.from.try_recv().ok()).count();
        assert_eq!(kept, EVENTS_MAX);
    }
}
