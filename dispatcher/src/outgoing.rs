//! What waits to be written to one session.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use protocol::frame::Codec;
use protocol::{GoAway, RequestId, ServerMessage};
use tokio::sync::Notify;

use crate::frame;
use crate::limits::{OUTGOING_BYTES_MAX, OUTGOING_FRAMES_MAX};

/// The queue of one session: the hub and the session's own task put frames in, the session's
/// task writes them. Bounded: a reader who does not keep up is told to come back, and nobody
/// else is slowed.
#[derive(Debug)]
pub(crate) struct Outgoing {
    codec: Codec,
    queue: Mutex<Queue>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    closed: bool,
}

/// One thing to write.
#[derive(Debug)]
pub(crate) enum Item {
    /// A frame.
    Frame(Bytes),
    /// A frame that answers a request.
    Answer(RequestId, Bytes),
    /// The session ends, and the client is told why.
    Close(GoAway),
    /// The session has ended by itself.
    End,
}

impl Outgoing {
    /// Nothing yet, for a peer of this kind.
    pub(crate) fn new(codec: Codec) -> Outgoing {
        let (queue, filled) = Default::default();
        Outgoing {
            codec,
            queue,
            filled,
        }
    }

    /// How messages are written on this session.
    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// Queues a message that is for this session alone.
    pub(crate) fn say(&self, message: &ServerMessage) {
        if let Some(frame) = frame::write(self.codec, message) {
            self.put(Item::Frame(frame));
        }
    }

    /// Queues `item`, or ends the session if it has fallen too far behind.
    pub(crate) fn put(&self, item: Item) {
        let mut queue = self.queue();
        if queue.closed {
            return;
        }
        let bytes = match &item {
            Item::Frame(frame) | Item::Answer(_, frame) => frame.len(),
            Item::Close(_) | Item::End => 0,
        };
        // A single long answer is no backlog.
        if bytes == 0 && matches!(item, Item::Frame(_)) {
            return;
        }
        let full = queue.items.len() >= OUTGOING_FRAMES_MAX
            || (!queue.items.is_empty() && queue.bytes + bytes > OUTGOING_BYTES_MAX);
        let item = if full {
            // What is dropped here the client is told again when it resumes.
            queue.items.clear();
            Item::Close(GoAway::TooSlow)
        } else {
            item
        };
        queue.closed = matches!(item, Item::Close(_) | Item::End);
        queue.bytes += bytes;
        queue.items.push_back(item);
        drop(queue);
        self.filled.notify_one();
    }

    /// Takes up to `max` items, waiting until there is one.
    pub(crate) async fn take(&self, max: usize) -> Vec<Item> {
        loop {
            let taken = self.take_now(max);
            if !taken.is_empty() {
                return taken;
            }
            self.filled.notified().await;
        }
    }

    fn take_now(&self, max: usize) -> Vec<Item> {
        let mut queue = self.queue();
        let count = queue.items.len().min(max);
        let taken: Vec<Item> = queue.items.drain(..count).collect();
        for item in &taken {
            if let Item::Frame(frame) | Item::Answer(_, frame) = item {
                queue.bytes = queue.bytes.saturating_sub(frame.len());
            }
        }
        if queue.items.is_empty() {
            // Most sessions are idle most of the time and should cost no buffer then.
            queue.items = VecDeque::new();
        }
        taken
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is held, so a poisoned lock still guards a sound value.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_who_falls_behind_is_told_to_come_back() {
        let outgoing = Outgoing::new(Codec::Native);
        let frame = Bytes::from(vec![0; OUTGOING_BYTES_MAX / 4]);
        for _ in 0..4 {
            outgoing.put(Item::Frame(frame.clone()));
        }
        assert_eq!(outgoing.take(8).await.len(), 4);
        for _ in 0..9 {
            outgoing.put(Item::Frame(frame.clone()));
        }
        let taken = outgoing.take(8).await;
        assert!(
            matches!(taken[..], [Item::Close(GoAway::TooSlow)]),
            "{taken:?}"
        );
    }

    #[tokio::test]
    async fn one_answer_may_be_longer_than_a_backlog() {
        let outgoing = Outgoing::new(Codec::Native);
        let board = Bytes::from(vec![0; OUTGOING_BYTES_MAX + 1]);
        outgoing.put(Item::Answer(RequestId(1), board));
        let taken = outgoing.take(8).await;
        assert!(matches!(taken[..], [Item::Answer(..)]), "{taken:?}");
    }
}
