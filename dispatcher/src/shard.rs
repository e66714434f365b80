//! One thread's share of the sessions.
//!
//! A shard owns the sessions of one endpoint and runs on the thread that reads and writes the
//! endpoint's socket. The hub hands it each push once, for all of its sessions; it finds out who
//! of the audience is here, and writes to them in an order drawn by lot for this push.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use engine::model::Bearer;
use protocol::{Cursor, GoAway, RequestId};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{AcquireError, Semaphore, oneshot};
use tokio::time::Instant;

use crate::Stats;
use crate::chance::Chance;
use crate::denials::Marks;
use crate::frame::Frame;
use crate::limits::{
    AHEAD_MAX, PUSH_STEP_MAX, RECENT_PUSHES_MAX, RETURNS_PER_SECOND, SHARD_PUSHES_MAX,
};
use crate::line::{Line, Missed};
use crate::members::{Audience, Members, Who};

// Whoever is behind a full shard is told again what it missed.
const _: () = assert!(SHARD_PUSHES_MAX as usize <= RECENT_PUSHES_MAX / 2);

/// The way to a shard. Pushes are taken in order; what is for one session comes first, since
/// somebody waits for it, and so does the end of whoever is denied.
///
/// Neither queue can grow without bound: there is one answer for each request under way, of which
/// every session has a few at most; a session joins, leaves and catches up once at a time; the
/// operator denies; and pushes are sent only while there is [`Way::room`].
#[derive(Debug)]
pub(crate) struct Way {
    broadcast: UnboundedSender<Broadcast>,
    urgent: UnboundedSender<Urgent>,
    room: Semaphore,
    /// Pushes sent without having waited for room yet.
    owed: AtomicU64,
    /// How long the push that is being written had waited, in microseconds; zero if none is.
    waited_us: AtomicU64,
}

/// What is for everybody whom it concerns.
#[derive(Debug)]
enum Broadcast {
    /// To be said to whoever of the audience is here.
    Push(Arc<Pushed>),
    /// Every session ends.
    CloseAll(GoAway),
}

/// What comes before pushes.
pub(crate) enum Urgent {
    /// A session begins.
    Join(Box<Entry>),
    /// A session has ended.
    Leave(u64),
    /// A session is known by a fresh token.
    Renew(u64, Marks),
    /// A request is answered.
    Answer {
        /// The session that asked.
        line: Arc<Line>,
        id: RequestId,
        frame: Bytes,
    },
    /// A session is told again what it missed.
    CatchUp(Arc<Line>, Missed),
    /// The sessions of somebody who is denied end.
    TurnOut(Bearer),
}

/// How a session begins.
pub(crate) struct Entry {
    pub(crate) line: Arc<Line>,
    pub(crate) who: Who,
    pub(crate) marks: Marks,
    pub(crate) resumed: bool,
    /// What to say before anything that is pushed.
    pub(crate) first: Vec<Frame>,
    /// The last push that it makes up for.
    pub(crate) end: Cursor,
    pub(crate) now_us: i64,
    pub(crate) joined: oneshot::Sender<Who>,
}

/// A push on its way.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) cursor: Cursor,
    pub(crate) audience: Audience,
    pub(crate) frame: Frame,
    /// When the hub took what it tells from the engine, which was when it was durable unless the hub
    /// was behind.
    pub(crate) since: Instant,
}

/// One thread's share of the sessions.
pub(crate) struct Shard {
    broadcast: UnboundedReceiver<Broadcast>,
    urgent: UnboundedReceiver<Urgent>,
    /// Taken from the queue and not done with; a push that is being written is the first.
    ahead: VecDeque<Broadcast>,
    way: Arc<Way>,
    members: Members,
    stats: Arc<Stats>,
    chance: Chance,
    /// Sessions written to since the socket was last read.
    written: usize,
}

impl Way {
    /// Has the shard say a push to whoever of its audience is there. One that has ended has nobody
    /// to say it to.
    pub(crate) fn push(&self, pushed: Arc<Pushed>) {
        self.owed.fetch_add(1, Ordering::Relaxed);
        let _ = self.broadcast.send(Broadcast::Push(pushed));
    }

    /// Ends every session, behind the pushes that are on their way.
    pub(crate) fn close_all(&self, because: GoAway) {
        let _ = self.broadcast.send(Broadcast::CloseAll(because));
    }

    /// Tells the shard what does not wait for pushes.
    pub(crate) fn tell(&self, urgent: Urgent) {
        // Nobody waits for it where the shard has ended.
        let _ = self.urgent.send(urgent);
    }

    /// How long the push that the shard is writing had waited, in microseconds; zero if it has
    /// nothing to write.
    pub(crate) fn waited_us(&self) -> u64 {
        self.waited_us.load(Ordering::Relaxed)
    }

    fn waits(&self, waited: Duration) {
        let us = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.waited_us.store(us, Ordering::Relaxed);
    }

    /// Waits until the shard has kept up with what it was sent.
    ///
    /// # Errors
    /// If it has ended and never will.
    pub(crate) async fn room(&self) -> Result<(), AcquireError> {
        let mut owed = self.owed.swap(0, Ordering::Relaxed);
        while owed > 0 {
            let now = owed.min(SHARD_PUSHES_MAX.into());
            owed -= now;
            let now = u32::try_from(now).unwrap_or(SHARD_PUSHES_MAX);
            // The shard gives each of them back when it has written the push.
            self.room.acquire_many(now).await?.forget();
        }
        Ok(())
    }
}

impl Shard {
    /// A shard without sessions. Its lots follow from `seed`.
    pub(crate) fn new(stats: Arc<Stats>, seed: u64) -> Shard {
        let (to_broadcast, broadcast) = unbounded_channel();
        let (to_urgent, urgent) = unbounded_channel();
        let way = Way {
            broadcast: to_broadcast,
            urgent: to_urgent,
            room: Semaphore::new(SHARD_PUSHES_MAX as usize),
            owed: AtomicU64::new(0),
            waited_us: AtomicU64::new(0),
        };
        Shard {
            broadcast,
            urgent,
            ahead: VecDeque::new(),
            way: Arc::new(way),
            members: Members::default(),
            stats,
            chance: Chance::new(seed),
            written: 0,
        }
    }

    /// The way to it.
    pub(crate) fn way(&self) -> Arc<Way> {
        Arc::clone(&self.way)
    }

    /// Passes on what it is told, for as long as it is run.
    pub(crate) async fn run(mut self) {
        loop {
            // Before each push: the hub tells who joins or was behind how things stand, and then
            // sends the pushes that come after it.
            self.hear_urgent();
            match self.ahead.front() {
                Some(Broadcast::Push(pushed)) => {
                    let pushed = Arc::clone(pushed);
                    self.way.waits(pushed.since.elapsed());
                    self.push(&pushed).await;
                    self.way.room.add_permits(1);
                }
                Some(Broadcast::CloseAll(because)) => self.close_all(*because),
                None => {
                    if self.broadcast.is_empty() {
                        self.way.waits(Duration::ZERO);
                    }
                    tokio::select! {
                        biased;
                        Some(urgent) = self.urgent.recv() => self.hear(urgent),
                        Some(next) = self.broadcast.recv() => self.ahead.push_back(next),
                    }
                    continue;
                }
            }
            self.ahead.pop_front();
        }
    }

    fn close_all(&mut self, because: GoAway) {
        let span_ms = self.stats.sessions() as u64 * 1_000 / RETURNS_PER_SECOND;
        for line in self.members.lines() {
            // Nobody is served by everybody's coming back at once.
            let later_ms = self.chance.below(span_ms + 1);
            line.close(because, u32::try_from(later_ms).unwrap_or(u32::MAX));
        }
    }

    fn join(&mut self, entry: Entry) {
        let Entry {
            line, who, marks, ..
        } = entry;
        let noted = (entry.now_us, &*self.stats);
        line.welcome(entry.resumed, &entry.first, entry.end, noted);
        // A session that has ended by now has said that it leaves before it joins.
        if !line.is_over() && entry.joined.send(who).is_ok() {
            self.members.join(who, marks, line);
        }
    }

    /// Writes a push to everybody here whom it concerns: in an order drawn by lot, so that nobody
    /// always comes first, and in steps between which the socket is read, so that acknowledgements
    /// and accepts do not wait for the last officer.
    async fn push(&mut self, pushed: &Pushed) {
        let mut reached = self.members.reached(&pushed.audience);
        self.chance.shuffle(&mut reached);
        let mut told = 0;
        for line in &reached {
            if !line.push(pushed.cursor, &pushed.frame) {
                continue;
            }
            told += 1;
            self.written += 1;
            if self.written >= PUSH_STEP_MAX {
                self.written = 0;
                tokio::task::yield_now().await;
                self.hear_urgent();
            }
        }
        self.count(told);
        // Those who heard of it with an answer heard it sooner: it has come to the last one now. To
        // those who are behind it has not come.
        if told > 0 || reached.iter().any(|line| line.was_told(pushed.cursor)) {
            self.stats.fanned_out(pushed.since.elapsed());
        }
    }

    fn hear_urgent(&mut self) {
        while let Ok(urgent) = self.urgent.try_recv() {
            self.hear(urgent);
        }
    }

    fn hear(&mut self, urgent: Urgent) {
        match urgent {
            Urgent::Join(entry) => self.join(*entry),
            Urgent::Leave(session) => self.members.leave(session),
            Urgent::Renew(session, marks) => self.members.renew(session, marks),
            Urgent::Answer { line, id, frame } => {
                line.answer(id, frame);
                self.push_ahead(&line);
            }
            Urgent::CatchUp(line, missed) => {
                self.count(missed.frames.len());
                line.catch_up(&missed);
            }
            Urgent::TurnOut(bearer) => self.members.turn_out(&bearer),
        }
    }

    /// Says to somebody who is written to anyway what is ahead for them: whoever loses a race hears
    /// of the withdrawal in the same packet, and acknowledges one instead of two.
    fn push_ahead(&mut self, line: &Line) {
        while self.ahead.len() < AHEAD_MAX
            && let Ok(next) = self.broadcast.try_recv()
        {
            self.ahead.push_back(next);
        }
        let Some(who) = self.members.who(line.number) else {
            return;
        };
        let told = self.ahead.iter().filter(|next| match next {
            Broadcast::Push(pushed) if pushed.audience.includes(who) => {
                line.push(pushed.cursor, &pushed.frame)
            }
            Broadcast::Push(_) | Broadcast::CloseAll(_) => false,
        });
        self.count(told.count());
    }

    fn count(&self, told: usize) {
        self.stats.pushes.fetch_add(told as u64, Ordering::Relaxed);
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        // The hub must not wait for a shard that is gone.
        self.way.room.close();
    }
}
