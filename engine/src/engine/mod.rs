//! The engine: one thread that settles everything, and the handles around it.
//!
//! The thread repeats one step: drain the line → stamp → match → decide and apply in order →
//! append and sync → show the gates, answer, deliver to followers. See [`Stepper::step`].

mod desk;
mod follow;
mod recover;
mod scribe;
mod snapshots;
mod step;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use follow::Boxes;
pub use follow::{Answered, Answers, Batch, Delivery, Ended, Follower, Outbox};
pub use recover::{OpenError, Recovered};
use snapshots::{Saver, Saving};
pub use step::Stepper;

use crate::core::{Actor, Command, Refusal, Refused, Reply};
use crate::io::{Clock, Storage};
use crate::limits::{BUSY_RETRY_MS, INBOX_LEN_MAX};
use crate::log::LogOptions;
pub use crate::race::Health;
use crate::race::{Admission, Entry, Gates, Line, Promise, Ticket, Unavailable};

/// What an engine is opened with.
#[derive(Clone)]
pub struct Options {
    /// The folder that holds the log.
    pub storage: Arc<dyn Storage>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How the log is kept.
    pub log: LogOptions,
    /// A snapshot is saved after this many records; 0 saves none.
    pub snapshot_every_records: u64,
}

/// How long a reader waits before it asks again to follow.
const FOLLOW_RETRY: Duration = Duration::from_millis(10);

/// An open engine. Cheap to clone; [`Engine::close`] on any clone ends it for all.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// What submitters, followers and the engine thread share.
pub(crate) struct Shared {
    gates: Gates,
    line: Line<Intention>,
    saver: Saver,
    join: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// Something in line.
pub(crate) enum Intention {
    /// A command and where its answer goes.
    Command(Command, ReplyTo),
    /// A reader who wants the state and everything after it.
    Follow(std::sync::mpsc::SyncSender<Follower>),
    /// Somebody who wants their own answers, and to hear of the end.
    Listen(Outbox),
    /// The engine's end.
    Close,
}

/// Where an answer goes.
pub(crate) enum ReplyTo {
    Ticket(Promise),
    Outbox(Outbox, u64),
}

/// Answers all of `replies` that nobody can say.
fn fail(replies: impl IntoIterator<Item = ReplyTo>, why: Unavailable) {
    let mut boxes = Boxes::default();
    for reply_to in replies {
        match reply_to {
            ReplyTo::Ticket(promise) => promise.keep(Err(why)),
            ReplyTo::Outbox(outbox, token) => boxes.put(outbox, token, Err(why)),
        }
    }
    boxes.deliver();
}

impl Engine {
    /// Opens the log, rebuilds the state from it, and starts the engine thread.
    ///
    /// # Errors
    ///
    /// If the log is damaged, in use or cannot be read; the error says where and what to do.
    pub fn open(options: Options) -> Result<(Engine, Recovered), OpenError> {
        Engine::open_on(options, || ())
    }

    /// As [`Engine::open`]; `prepare` runs first on the thread that settles and on the one that
    /// writes, and is the place to change how they are scheduled.
    ///
    /// # Errors
    ///
    /// As for [`Engine::open`].
    pub fn open_on(
        options: Options,
        prepare: impl Fn() + Clone + Send + 'static,
    ) -> Result<(Engine, Recovered), OpenError> {
        let every = options.snapshot_every_records;
        let (engine, stepper, recovered) = Engine::open_stepped(options)?;
        let stepper = stepper.with_log_thread(prepare.clone())?;
        let snapshots = stepper.snapshots();
        let thread = thread::Builder::new()
            .name("muster-engine".into())
            .spawn(move || {
                prepare();
                stepper.run();
            })
            .map_err(|source| OpenError::Thread {
                what: source.to_string(),
            })?;
        engine.shared.line.is_drained_by(thread.thread().clone());
        *engine
            .shared
            .join
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(thread);
        if every > 0
            && let Some(follower) = engine.follow()
        {
            let saving = Saving {
                snapshots,
                every,
                saved: recovered.snapshot,
            };
            let saver = &engine.shared.saver;
            saver.start(engine.clone(), follower, saving)?;
        }
        Ok((engine, recovered))
    }

    /// Opens an engine without a thread: nothing happens but in [`Stepper::step`]. For
    /// simulations, where every step must be repeatable.
    ///
    /// # Errors
    ///
    /// As for [`Engine::open`].
    pub fn open_stepped(options: Options) -> Result<(Engine, Stepper, Recovered), OpenError> {
        let shared = Arc::new(Shared {
            gates: Gates::new(),
            line: Line::new(INBOX_LEN_MAX),
            saver: Saver::default(),
            join: std::sync::Mutex::new(None),
        });
        let (stepper, recovered) = Stepper::open(Arc::clone(&shared), options)?;
        Ok((Engine { shared }, stepper, recovered))
    }

    /// Puts `command` in line. The ticket is answered when the answer is durable.
    pub fn submit(&self, command: Command) -> Ticket {
        if let Some(answer) = self.turn_away(&command) {
            return Ticket::answered(answer);
        }
        let (ticket, promise) = Ticket::new();
        match self.enter(Intention::Command(command, ReplyTo::Ticket(promise))) {
            true => ticket,
            false => Ticket::answered(Ok(busy())),
        }
    }

    /// Puts `command` in line and has its answer delivered to `outbox` under `token`, in order
    /// with the events that the outbox's follower receives. An answer that is known at once is
    /// returned instead.
    pub fn submit_to(
        &self,
        command: Command,
        outbox: &Outbox,
        token: u64,
    ) -> Option<Result<Reply, Unavailable>> {
        if let Some(answer) = self.turn_away(&command) {
            return Some(answer);
        }
        let reply_to = ReplyTo::Outbox(outbox.clone(), token);
        match self.enter(Intention::Command(command, reply_to)) {
            true => None,
            false => Some(Ok(busy())),
        }
    }

    /// A receiver for the answers to commands that are submitted to its outbox.
    pub fn answers(&self) -> Answers {
        let answers = Answers::new();
        while !self.enter(Intention::Listen(answers.outbox())) {
            thread::yield_now();
        }
        answers
    }

    /// The state as it is durable now, and everything that becomes durable after it. Nothing if
    /// the engine has ended.
    ///
    /// Waits for the engine thread, which copies its state: meant for the start of a reader, not
    /// for every question.
    pub fn follow(&self) -> Option<Follower> {
        loop {
            let (sender, receiver) = std::sync::mpsc::sync_channel(1);
            let entered = self.enter(Intention::Follow(sender));
            // A full line is a matter of milliseconds; a full disk of somebody making room.
            if entered && let Ok(follower) = receiver.recv() {
                return Some(follower);
            }
            if matches!(self.health(), Health::Failed | Health::Closed) {
                return None;
            }
            thread::sleep(FOLLOW_RETRY);
        }
    }

    /// How the engine is.
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// How many are in line now.
    pub fn line_len(&self) -> usize {
        self.shared.line.len()
    }

    /// Settles what is in line, makes it durable and ends the engine, and waits for the snapshot
    /// that is being saved: the log can be opened again. Later commands hear
    /// [`Unavailable::Closed`].
    pub fn close(&self) {
        self.end();
        self.shared.saver.wait();
    }

    /// As [`Engine::close`], and saves a snapshot of the last state, so that the next start reads
    /// no records. Says whether it was saved within this time; if it was not, or if this engine
    /// saves no snapshots, the next start reads the log.
    pub fn close_saved(&self, within: Duration) -> bool {
        self.shared.saver.save_last();
        self.end();
        self.shared.saver.wait_saved(within)
    }

    /// Ends the engine and waits for the threads that settle and write.
    fn end(&self) {
        while !self.enter(Intention::Close) {
            thread::yield_now();
        }
        let join = self
            .shared
            .join
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        if let Some(thread) = join {
            // The thread's panic has been printed by the panic hook; closing goes on.
            let _ = thread.join();
        }
    }

    /// Answers at the gate what needs no place in line.
    fn turn_away(&self, command: &Command) -> Option<Result<Reply, Unavailable>> {
        match self.health() {
            Health::Running => {}
            Health::ReadOnly => return Some(Err(Unavailable::DiskFull)),
            Health::Failed => return Some(Err(Unavailable::Failed)),
            Health::Closed => return Some(Err(Unavailable::Closed)),
        }
        let (vacancy, round) = command.body.accepted()?;
        let Actor::Officer(officer) = command.by else {
            return None;
        };
        match self.shared.gates.admit(vacancy, round, officer) {
            Admission::Enter => None,
            Admission::Filled { place, filled_at } => {
                let (refusal, filled_at) = (Refusal::Filled, Some(filled_at));
                Some(Ok(Err(Refused {
                    refusal,
                    place: Some(place),
                    filled_at,
                })))
            }
        }
    }

    /// Puts `intention` in line; says whether there was room.
    fn enter(&self, intention: Intention) -> bool {
        match self.shared.line.enter(intention) {
            Entry::InLine => true,
            Entry::Full(_) => false,
            Entry::Ended(left) => {
                self.shared.turn_away(left);
                true
            }
        }
    }
}

impl Shared {
    /// Wakes the engine thread.
    fn wake(&self) {
        self.line.wake();
    }

    fn health(&self) -> Health {
        self.line.health()
    }

    /// Turns away whoever is in line of an engine that has ended.
    fn clear_line(&self) {
        let mut left = Vec::new();
        self.line.drain_into(&mut left);
        self.turn_away(left);
    }

    /// Answers those who were found in line after the end.
    fn turn_away(&self, left: Vec<Intention>) {
        let why = match self.health() {
            Health::Failed => Unavailable::Failed,
            Health::Running | Health::ReadOnly | Health::Closed => Unavailable::Closed,
        };
        let mut listeners = Vec::new();
        let replies = left.into_iter().filter_map(|intention| match intention {
            Intention::Command(_, reply_to) => Some(reply_to),
            Intention::Listen(outbox) => {
                listeners.push(outbox);
                None
            }
            Intention::Follow(_) | Intention::Close => None,
        });
        fail(replies, why);
        for outbox in listeners {
            outbox.mailbox.end(ended_because(why));
        }
    }
}

fn ended_because(why: Unavailable) -> Ended {
    match why {
        Unavailable::Failed => Ended::Failed,
        Unavailable::DiskFull | Unavailable::Closed => Ended::Closed,
    }
}

fn busy() -> Reply {
    Err(Refusal::Busy {
        retry_after_ms: BUSY_RETRY_MS,
    }
    .into())
}
