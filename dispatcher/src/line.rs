//! What goes out to one session.
//!
//! Whoever has something to say writes it straight into the session's stream, without waiting:
//! there is no queue in front of it and no task that moves things along. Where the stream takes
//! only a part, the session is *blocked*: the rest is kept, and the session's own task writes it as
//! the client makes room. A push that comes meanwhile is not kept: the session has *missed* it, and
//! everything after it, until the rest is written and the hub says again what was missed.
//!
//! Answers are kept, because nobody says them again. While something waits, nothing is read from the
//! client; what it had asked by then is answered, and of what is only read, whose answers may be
//! long, one at a time: the next is looked up when the answer before it is written. So a client that
//! asks for much at once and takes it as fast as it can is never behind, and what waits for one
//! that takes nothing is one long answer and the short ones of the requests under way.
//!
//! So a slow reader costs no more than what it was told at once, and nobody else is slowed.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use protocol::frame::Codec;
use protocol::session::{Action, IdentityRefusal, ServerSession};
use protocol::{Ask, Cursor, GoAway, RequestId, ServerMessage};
use quinn::SendStream;
use tokio::time::Instant;

use crate::Stats;
use crate::ask::is_read;
use crate::frame::{self, Frame};
use crate::limits::{LAG_DEADLINE, REST_BYTES_MAX};
use crate::shard::Way;

/// One session, as everybody who says something to it sees it.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) codec: Codec,
    /// The shard whose thread it lives on.
    pub(crate) shard: Arc<Way>,
    inside: Mutex<Inside>,
}

struct Inside {
    session: ServerSession,
    send: SendStream,
    /// What the stream has not taken yet; the first may be a part of a frame.
    rest: VecDeque<Bytes>,
    /// What the client wants to read, in the order in which it asked.
    reads: VecDeque<(RequestId, Ask)>,
    /// What is being looked up for it.
    reading: Option<RequestId>,
    /// Since when the client has been behind.
    behind_since: Option<Instant>,
    /// The last push that was written, or made up for.
    told: Option<Cursor>,
    /// The first push that was not written.
    missed: Option<Cursor>,
    /// Whether the hub has been asked for what was missed.
    is_asked: bool,
    /// Whether it was behind, and whether something waited, when its task last looked.
    noticed: (bool, bool),
    /// Whether the stream takes nothing any more.
    is_broken: bool,
    /// The session's own task.
    task: Option<Waker>,
}

/// What a session missed while it was behind.
pub(crate) struct Missed {
    pub(crate) frames: Vec<Frame>,
    /// From where on there is more.
    pub(crate) still: Option<Cursor>,
    /// The last push there was; if there is no more, the frames make up for everything through it.
    pub(crate) end: Cursor,
}

/// What the session's task learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// The client is behind now, or not any more, or has made room, or may read on.
    Changed,
    /// Everything is written, and pushes from this one on were missed.
    Behind(Cursor),
    /// The conversation is over, or the stream is gone.
    Over,
}

impl Line {
    pub(crate) fn new(
        number: u64,
        codec: Codec,
        shard: Arc<Way>,
        session: ServerSession,
        send: SendStream,
    ) -> Line {
        let inside = Inside {
            session,
            send,
            rest: VecDeque::new(),
            reads: VecDeque::new(),
            reading: None,
            behind_since: None,
            told: None,
            missed: None,
            is_asked: false,
            noticed: (false, false),
            is_broken: false,
            task: None,
        };
        Line {
            number,
            codec,
            shard,
            inside: Mutex::new(inside),
        }
    }

    /// Says welcome and how things stand through `end`; what is pushed later comes after it, and
    /// what was pushed before and is still on its way is passed over.
    pub(crate) fn welcome(
        &self,
        resumed: bool,
        first: &[Frame],
        end: Cursor,
        (now_us, stats): (i64, &Stats),
    ) {
        let mut inside = self.inside();
        inside.told = Some(end);
        inside.session.welcome(self.number, resumed, now_us);
        let (mut frames, _) = inside.said(self.codec, stats);
        frames.extend(first.iter().map(|frame| frame.bytes(self.codec)));
        inside.write(frames);
    }

    /// Whether a push was said.
    pub(crate) fn was_told(&self, cursor: Cursor) -> bool {
        self.inside().told >= Some(cursor)
    }

    /// Says a push, unless it was said before, if the client keeps up; says whether it was written.
    pub(crate) fn push(&self, cursor: Cursor, frame: &Frame) -> bool {
        let mut inside = self.inside();
        if inside.is_over() || inside.told >= Some(cursor) {
            return false;
        }
        if inside.missed.is_some() || !inside.rest.is_empty() {
            inside.missed.get_or_insert(cursor);
            return false;
        }
        inside.told = Some(cursor);
        inside.write_one(frame.bytes(self.codec));
        true
    }

    /// Says what was missed. What is still on its way and was said with it is passed over.
    pub(crate) fn catch_up(&self, missed: &Missed) {
        let mut inside = self.inside();
        if inside.is_over() {
            return;
        }
        inside.missed = missed.still;
        if missed.still.is_none() {
            inside.told = Some(missed.end);
        }
        inside.is_asked = false;
        let frames = missed.frames.iter().map(|frame| frame.bytes(self.codec));
        inside.write(frames.collect());
    }

    /// Answers a request.
    pub(crate) fn answer(&self, id: RequestId, frame: Bytes) {
        let mut inside = self.inside();
        inside.session.answered(id);
        if inside.reading == Some(id) {
            inside.reading = None;
            inside.wake();
        }
        if !inside.is_over() {
            inside.write_one(frame);
        }
    }

    /// Ends the conversation, and asks the client not to come back for `later_ms` more than usual.
    pub(crate) fn close(&self, because: GoAway, later_ms: u32) {
        self.inside().close(because, later_ms);
    }

    /// Ends the conversation because of who the client is or is not.
    pub(crate) fn refuse(&self, because: IdentityRefusal) {
        let mut inside = self.inside();
        inside.session.refuse(because);
        // What has begun is ended, or the last word could not be read; the rest is nothing to them.
        inside.rest.truncate(1);
        inside.wake();
    }

    /// Whether nothing more can be said.
    pub(crate) fn is_over(&self) -> bool {
        self.inside().is_over()
    }

    /// Takes note that the session's task has ended.
    pub(crate) fn hang_up(&self) {
        self.inside().is_broken = true;
    }

    /// What the conversation's rules say to what was heard or to the time.
    pub(crate) fn session<T>(&self, talk: impl FnOnce(&mut ServerSession) -> T) -> T {
        talk(&mut self.inside().session)
    }

    /// The next thing that the rules of the conversation want done. What they want said on the way
    /// is said. What is only to be read comes when it is its turn, and is overtaken by what is to
    /// be done: an accept waits for nobody's list.
    pub(crate) fn next_action(&self, stats: &Stats) -> Option<Action> {
        let mut inside = self.inside();
        loop {
            if inside.session.is_closed() {
                // What is left to say is said when the session takes leave.
                return None;
            }
            if let Some((id, ask)) = inside.next_read() {
                return Some(Action::Request { id, ask });
            }
            match inside.session.poll()? {
                Action::Request { id, ask } if is_read(&ask) => inside.reads.push_back((id, ask)),
                Action::Send(message) => {
                    let frame = written(self.codec, &message, stats);
                    inside.write(frame.into_iter().collect());
                }
                action => return Some(action),
            }
        }
    }

    /// Whether something waits for the client to make room. Nothing more is read from it then:
    /// otherwise it could ask for more than it takes.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.inside().rest.is_empty()
    }

    /// When a client that is behind is given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let since = self.inside().behind_since?;
        Some(since + LAG_DEADLINE)
    }

    /// Waits until the session's task has something to do, and writes the rest meanwhile.
    pub(crate) async fn moved(&self) -> Moved {
        std::future::poll_fn(|context| self.inside().poll_moved(context)).await
    }

    /// Says the last words; says why the conversation ended.
    pub(crate) fn last_words(&self, stats: &Stats) -> Option<GoAway> {
        let mut inside = self.inside();
        let (frames, because) = inside.said(self.codec, stats);
        inside.write_on(frames);
        because
    }

    /// Waits until the client has everything that was said to it, or wants no more.
    pub(crate) async fn leave(&self) {
        std::future::poll_fn(|context| self.inside().poll_write(context)).await;
        let stopped = {
            let mut inside = self.inside();
            inside.send.finish().map(|()| inside.send.stopped())
        };
        if let Ok(stopped) = stopped {
            // Whether the client stopped or received it all, the session is over.
            let _ = stopped.await;
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Nothing panics while it is held, so a poisoned lock still guards a sound value.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn is_over(&self) -> bool {
        self.is_broken || self.session.is_closed()
    }

    fn close(&mut self, because: GoAway, later_ms: u32) {
        self.session.close_later(because, later_ms);
        if because == GoAway::TooSlow {
            // What has begun is ended, or the last word could not be read. The rest the client is
            // told again when it resumes.
            self.rest.truncate(1);
        }
        self.wake();
    }

    /// What the rules of the conversation want said, and why it ends if it does.
    fn said(&mut self, codec: Codec, stats: &Stats) -> (Vec<Bytes>, Option<GoAway>) {
        let (mut frames, mut ended) = (Vec::new(), None);
        while let Some(action) = self.session.poll() {
            match action {
                Action::Send(message) => frames.extend(written(codec, &message, stats)),
                Action::Close { because } => ended = because,
                Action::Opened { .. } | Action::Renewed { .. } | Action::Request { .. } => {}
            }
        }
        (frames, ended)
    }

    /// Writes one frame. Ten thousand sessions take this way at once, so it holds nothing back and
    /// allocates nothing.
    fn write_one(&mut self, frame: Bytes) {
        if !self.rest.is_empty() || frame.is_empty() {
            return self.write(vec![frame]);
        }
        let mut chunks = [frame];
        let mut context = Context::from_waker(Waker::noop());
        let written = pin!(self.send.write_chunks(&mut chunks)).poll(&mut context);
        match written {
            Poll::Ready(Ok(written)) if written.chunks == 1 => {}
            Poll::Ready(Ok(_)) | Poll::Pending => {
                let [rest] = chunks;
                self.keep(rest);
            }
            Poll::Ready(Err(_)) => self.break_off(),
        }
    }

    /// What is to be looked up now, if the client has taken everything that it was told.
    fn next_read(&mut self) -> Option<(RequestId, Ask)> {
        if self.reading.is_some() || !self.rest.is_empty() {
            return None;
        }
        let (id, ask) = self.reads.pop_front()?;
        if self.reads.is_empty() {
            // Most sessions are idle most of the time and should cost no buffer then.
            self.reads = VecDeque::new();
        }
        self.reading = Some(id);
        Some((id, ask))
    }

    /// Writes frames after what waits already, or ends the conversation where too much would.
    fn write(&mut self, frames: Vec<Bytes>) {
        if !self.rest.is_empty() && self.backlog(&frames) > REST_BYTES_MAX {
            return self.close(GoAway::TooSlow, 0);
        }
        self.write_on(frames);
    }

    /// The bytes of what would wait with `frames`, but for the longest: one long answer is no
    /// backlog, and there is no second one.
    fn backlog(&self, frames: &[Bytes]) -> usize {
        let lengths = || self.rest.iter().chain(frames).map(Bytes::len);
        lengths().sum::<usize>() - lengths().max().unwrap_or(0)
    }

    /// Writes frames after what waits already, however much that is.
    fn write_on(&mut self, frames: Vec<Bytes>) {
        if self.is_broken {
            return;
        }
        for frame in frames.into_iter().filter(|frame| !frame.is_empty()) {
            self.keep(frame);
        }
        // Where the stream is full, the session's task waits with a waker of its own.
        let _ = self.poll_write(&mut Context::from_waker(Waker::noop()));
    }

    fn keep(&mut self, rest: Bytes) {
        self.rest.push_back(rest);
        self.behind_since.get_or_insert_with(Instant::now);
        self.wake();
    }

    /// Writes what waits; ready when nothing does.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.rest.is_empty() {
            let chunks = self.rest.make_contiguous();
            let written = pin!(self.send.write_chunks(chunks)).poll(context);
            match written {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(written)) => {
                    self.rest.drain(..written.chunks);
                }
                Poll::Ready(Err(_)) => self.break_off(),
            }
        }
        // Most sessions are idle most of the time and should cost no buffer then.
        self.rest = VecDeque::new();
        if self.missed.is_none() {
            self.behind_since = None;
        }
        Poll::Ready(())
    }

    fn poll_moved(&mut self, context: &mut Context<'_>) -> Poll<Moved> {
        let is_written = self.is_over() || self.poll_write(context).is_ready();
        if self.is_over() {
            return Poll::Ready(Moved::Over);
        }
        if let (Some(from), true, false) = (self.missed, is_written, self.is_asked) {
            self.is_asked = true;
            return Poll::Ready(Moved::Behind(from));
        }
        let now = (self.behind_since.is_some(), !is_written);
        let may_read = is_written && self.reading.is_none() && !self.reads.is_empty();
        if self.noticed != now || may_read {
            self.noticed = now;
            return Poll::Ready(Moved::Changed);
        }
        let known = self.task.as_ref();
        if !known.is_some_and(|task| task.will_wake(context.waker())) {
            self.task = Some(context.waker().clone());
        }
        Poll::Pending
    }

    fn break_off(&mut self) {
        self.is_broken = true;
        self.rest.clear();
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }
}

/// Writes what the rules of the conversation say by themselves. Their refusals are counted here, since
/// neither hub nor engine hear of them.
fn written(codec: Codec, message: &ServerMessage, stats: &Stats) -> Option<Bytes> {
    if let ServerMessage::Answer { outcome, .. } = message {
        stats.answered_at_once(outcome);
    }
    frame::write(codec, message)
}
