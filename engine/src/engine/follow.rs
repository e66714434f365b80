//! Followers: readers of the durable history.
//!
//! Everybody who reads is a follower. A follower starts with a state and applies the same
//! records as the engine, after they are durable, so no reader slows the race and no reader
//! shows what a crash can undo.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::core::{Record, Reply, State};
use crate::limits::FOLLOWER_BATCHES_MAX;
use crate::race::Unavailable;

/// Records that became durable with one sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The records, in order. Never empty.
    pub records: Vec<Record>,
    /// How long writing and syncing them took, in microseconds.
    pub sync_us: u64,
}

/// What a follower receives at a time.
#[derive(Debug, Default)]
pub struct Delivery {
    /// What became durable, if anything did.
    pub batch: Option<Arc<Batch>>,
    /// Answers to commands submitted to this follower's outbox, by token. They may rest on
    /// `batch`, never on anything after it.
    pub replies: Vec<Answered>,
}

/// Why nothing more will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The engine was closed.
    #[error("the engine was closed")]
    Closed,
    /// The log could not be written.
    #[error("the log could not be written and the engine has stopped")]
    Failed,
    /// The follower read too slowly; follow anew.
    #[error("the follower was too far behind: follow anew")]
    Lagged,
}

/// A reader of the durable history.
#[derive(Debug)]
pub struct Follower {
    /// The state to start from: the deliveries continue it.
    pub state: State,
    mailbox: Arc<Mailbox>,
}

/// A receiver of answers alone, without a state and without the history: for who submits much and
/// reads nothing else.
#[derive(Debug)]
pub struct Answers {
    mailbox: Arc<Mailbox>,
}

/// An answer, under the token that its command was submitted with.
pub type Answered = (u64, Result<Reply, Unavailable>);

/// Where answers are delivered, in order with a follower's batches.
#[derive(Debug, Clone)]
pub struct Outbox {
    pub(super) mailbox: Arc<Mailbox>,
}

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    /// Whether it is given what becomes durable, and not only answers.
    pub(super) reads_history: bool,
    inside: Mutex<Inside>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    queue: VecDeque<Delivery>,
    ended: Option<Ended>,
    waker: Option<Waker>,
    abandoned: bool,
}

impl Follower {
    pub(super) fn new(state: State, mailbox: Arc<Mailbox>) -> Follower {
        Follower { state, mailbox }
    }

    /// The state to start from alone, for who needs no more than a look.
    pub fn into_state(mut self) -> State {
        std::mem::replace(&mut self.state, State::empty())
    }

    /// Where commands can have their answers delivered among this follower's batches.
    pub fn outbox(&self) -> Outbox {
        Outbox {
            mailbox: Arc::clone(&self.mailbox),
        }
    }

    /// Whether nothing waits to be taken.
    pub fn is_current(&self) -> bool {
        self.mailbox.inside().queue.is_empty()
    }

    /// The next delivery, when it is there.
    ///
    /// # Errors
    ///
    /// Says why nothing more will come, after everything that did come was taken.
    pub async fn next(&mut self) -> Result<Delivery, Ended> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Blocks this thread until the next delivery.
    ///
    /// # Errors
    ///
    /// As for [`Follower::next`].
    pub fn wait(&mut self) -> Result<Delivery, Ended> {
        self.mailbox.wait()
    }

    /// The next delivery if it is there already.
    ///
    /// # Errors
    ///
    /// As for [`Follower::next`].
    pub fn try_next(&mut self) -> Result<Option<Delivery>, Ended> {
        self.mailbox.inside().take()
    }

    /// As [`Follower::next`], for hand-written futures.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Delivery, Ended>> {
        self.mailbox.poll(context)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.mailbox.abandon();
    }
}

impl Answers {
    pub(super) fn new() -> Answers {
        Answers {
            mailbox: Arc::default(),
        }
    }

    /// Where commands have their answers delivered.
    pub fn outbox(&self) -> Outbox {
        Outbox {
            mailbox: Arc::clone(&self.mailbox),
        }
    }

    /// The next answers, when there are some: those that became durable together.
    ///
    /// # Errors
    ///
    /// As for [`Follower::next`].
    pub async fn next(&mut self) -> Result<Vec<Answered>, Ended> {
        let delivery = std::future::poll_fn(|context| self.mailbox.poll(context)).await?;
        Ok(delivery.replies)
    }

    /// Blocks this thread until there are answers.
    ///
    /// # Errors
    ///
    /// As for [`Follower::next`].
    pub fn wait(&mut self) -> Result<Vec<Answered>, Ended> {
        Ok(self.mailbox.wait()?.replies)
    }

    /// The next answers if they are there already.
    ///
    /// # Errors
    ///
    /// As for [`Follower::next`].
    pub fn try_next(&mut self) -> Result<Option<Vec<Answered>>, Ended> {
        let delivery = self.mailbox.inside().take()?;
        Ok(delivery.map(|delivery| delivery.replies))
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.mailbox.abandon();
    }
}

/// Answers sorted by the outbox they go to, so that each reader is woken once.
#[derive(Default)]
pub(super) struct Boxes {
    boxes: Vec<(Outbox, Vec<Answered>)>,
}

impl Boxes {
    pub(super) fn put(&mut self, outbox: Outbox, token: u64, answer: Result<Reply, Unavailable>) {
        let same = |(other, _): &&mut (Outbox, Vec<Answered>)| {
            Arc::ptr_eq(&other.mailbox, &outbox.mailbox)
        };
        match self.boxes.iter_mut().find(same) {
            Some((_, answers)) => answers.push((token, answer)),
            None => self.boxes.push((outbox, vec![(token, answer)])),
        }
    }

    /// What goes to `mailbox`.
    pub(super) fn take(&mut self, mailbox: &Arc<Mailbox>) -> Vec<Answered> {
        let own = self
            .boxes
            .iter_mut()
            .find(|(outbox, _)| Arc::ptr_eq(&outbox.mailbox, mailbox));
        own.map(|(_, answers)| std::mem::take(answers))
            .unwrap_or_default()
    }

    /// Delivers everything that was not taken.
    pub(super) fn deliver(self) {
        for (outbox, replies) in self.boxes {
            // A reader who has ended waits for no answer.
            outbox.mailbox.deliver(Delivery {
                batch: None,
                replies,
            });
        }
    }
}

impl Inside {
    fn take(&mut self) -> Result<Option<Delivery>, Ended> {
        match (self.queue.pop_front(), self.ended) {
            (Some(delivery), _) => Ok(Some(delivery)),
            (None, Some(ended)) => Err(ended),
            (None, None) => Ok(None),
        }
    }
}

impl Mailbox {
    pub(super) fn of_reader() -> Mailbox {
        Mailbox {
            reads_history: true,
            ..Mailbox::default()
        }
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.inside().abandoned
    }

    fn wait(&self) -> Result<Delivery, Ended> {
        let mut inside = self.inside();
        loop {
            if let Some(delivery) = inside.take()? {
                return Ok(delivery);
            }
            inside = self
                .arrived
                .wait(inside)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Result<Delivery, Ended>> {
        let mut inside = self.inside();
        match inside.take() {
            Ok(Some(delivery)) => Poll::Ready(Ok(delivery)),
            Err(ended) => Poll::Ready(Err(ended)),
            Ok(None) => {
                inside.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn abandon(&self) {
        let mut inside = self.inside();
        inside.abandoned = true;
        inside.queue.clear();
    }

    /// Delivers; says whether anybody is still there to read.
    pub(super) fn deliver(&self, delivery: Delivery) -> bool {
        let mut inside = self.inside();
        if inside.abandoned || inside.ended.is_some() {
            return false;
        }
        if inside.queue.len() >= FOLLOWER_BATCHES_MAX {
            inside.queue.clear();
            drop(inside);
            self.end(Ended::Lagged);
            return false;
        }
        inside.queue.push_back(delivery);
        self.wake(inside);
        true
    }

    /// Ends the stream after what is queued.
    pub(super) fn end(&self, why: Ended) {
        let mut inside = self.inside();
        inside.ended.get_or_insert(why);
        self.wake(inside);
    }

    fn wake(&self, mut inside: MutexGuard<'_, Inside>) {
        let waker = inside.waker.take();
        drop(inside);
        self.arrived.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Nothing panics while it is held, so a poisoned lock still guards a sound value.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
