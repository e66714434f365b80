//! One conversation: reads what the client says, writes what waits for it.
//!
//! What may be said when, and by whom, is decided by [`ServerSession`], which knows neither
//! sockets nor clocks; this is the shell around it.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use engine::core::{Actor, Body};
use engine::model::VacancyKey;
use protocol::frame::{Codec, FrameReader, OFFICER_FRAME_MAX_BYTES};
use protocol::session::{Action, ServerSession, close_code};
use protocol::token::VerifyingKeys;
use protocol::{Ask, ClientMessage, GoAway, RequestId};
use quinn::{Connection, RecvStream, SendStream, VarInt};
use tokio::sync::{mpsc, oneshot};

use crate::Stats;
use crate::ask::{Caller, Desk};
use crate::frame;
use crate::hear;
use crate::hub::{Join, Joined, ToHub};
use crate::limits::{LEAVE_DEADLINE, READ_BYTES, WRITE_DEADLINE, WRITE_FRAMES_MAX};
use crate::members::Who;
use crate::outgoing::{Item, Outgoing};

/// What every session needs.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) desk: Arc<Desk>,
    pub(crate) hub: mpsc::Sender<ToHub>,
    pub(crate) tokens: Arc<VerifyingKeys>,
    pub(crate) sessions_max: usize,
}

/// Numbers sessions for logs.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

/// The other end of a conversation, as whoever accepted its connection hands it over.
pub(crate) struct Peer {
    pub(crate) connection: Connection,
    /// How messages are written.
    pub(crate) codec: Codec,
    /// The one stream that carries the conversation, opened by the client.
    pub(crate) streams: (SendStream, RecvStream),
    pub(crate) seat: Seat,
}

/// A place among the sessions that may be open, given back when it is dropped.
pub(crate) struct Seat {
    stats: Arc<Stats>,
    /// Whether there was room; else the client is told so and leaves.
    is_free: bool,
}

impl Seat {
    /// Takes one, or stands where there is none.
    pub(crate) fn take(shell: &Shell) -> Seat {
        let stats = Arc::clone(&shell.desk.stats);
        let is_free = stats.sessions.fetch_add(1, Ordering::Relaxed) < shell.sessions_max;
        Seat { stats, is_free }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.stats.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Holds the conversation with `peer` until it ends, and closes its connection.
pub(crate) async fn run(peer: Peer, shell: Shell) {
    let Peer {
        connection,
        codec,
        streams: (send, receive),
        seat,
    } = peer;
    let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
    let session = ServerSession::new(Arc::clone(&shell.tokens), shell.desk.now_us());
    let (hub, desk) = (shell.hub.clone(), Arc::clone(&shell.desk));
    let conversation = Conversation {
        number,
        shell,
        codec,
        session: Mutex::new(session),
        outgoing: Arc::new(Outgoing::new(codec)),
    };
    let because = conversation.hold(&seat, send, receive).await;
    if let Some(because) = because {
        desk.stats.sends_away(because);
    }
    // A hub that is gone has no members to forget.
    let _ = hub.send(ToHub::Leave(number)).await;
    // The reason is in the code as well: the last message may be lost with the connection.
    let code = VarInt::from_u64(close_code(because).into()).unwrap_or(VarInt::MAX);
    connection.close(code, b"");
}

struct Conversation {
    number: u64,
    shell: Shell,
    codec: Codec,
    /// Locked for the length of a call, by this one task's reading and writing halves.
    session: Mutex<ServerSession>,
    outgoing: Arc<Outgoing>,
}

/// What the client's messages led to.
enum Turn {
    /// Go on reading.
    Continue,
    /// The token is good; the hub has to be asked.
    Opened(Action),
    /// The conversation is over.
    End,
}

impl Conversation {
    async fn hold(
        &self,
        seat: &Seat,
        mut send: SendStream,
        mut receive: RecvStream,
    ) -> Option<GoAway> {
        if !seat.is_free {
            self.session().close(GoAway::TooManySessions);
            return self.finish(&mut send).await;
        }
        let mut frames = FrameReader::new(self.codec, OFFICER_FRAME_MAX_BYTES);
        let Some(who) = self.open(&mut frames, &mut send, &mut receive).await else {
            return self.finish(&mut send).await;
        };
        let _present = self.shell.desk.stats.enters(who.role(), self.codec);
        if self.converse(who, frames, &mut send, &mut receive).await {
            return self.finish(&mut send).await;
        }
        // Cut off inside a frame, nothing more can be said: the reason is in the close code.
        self.said().1
    }

    /// Reads and writes until either ends; says whether the stream ends between two frames.
    async fn converse(
        &self,
        who: Who,
        frames: FrameReader<ClientMessage>,
        send: &mut SendStream,
        receive: &mut RecvStream,
    ) -> bool {
        let mut write = pin!(self.write(send));
        tokio::select! {
            is_whole = &mut write => return is_whole,
            () = self.read(who, frames, receive) => {}
        }
        // The writing half may be in the middle of a frame, and gets time to end it.
        self.outgoing.put(Item::End);
        let ended = tokio::time::timeout(LEAVE_DEADLINE, write).await;
        ended.unwrap_or(false)
    }

    /// Waits for `Hello`, joins the hub, and writes the welcome and the state.
    async fn open(
        &self,
        frames: &mut FrameReader<ClientMessage>,
        send: &mut SendStream,
        receive: &mut RecvStream,
    ) -> Option<Who> {
        let opened = loop {
            match self.turn(frames, None) {
                Turn::Continue => self.read_more(frames, receive).await?,
                Turn::Opened(action) => break action,
                Turn::End => return None,
            }
        };
        let Action::Opened {
            claims,
            resume,
            software,
        } = opened
        else {
            return None;
        };
        tracing::debug!(session = self.number, %software, role = ?claims.role, "a session opens");
        let (joined, answer) = oneshot::channel();
        let (session, outgoing) = (self.number, Arc::clone(&self.outgoing));
        let join = Join {
            session,
            claims,
            resume,
            outgoing,
            joined,
        };
        // A hub that is gone has ended with its engine.
        let sent = self.shell.hub.send(ToHub::Join(join)).await;
        let answer = if sent.is_ok() {
            answer.await
        } else {
            Ok(Err(GoAway::Stopping))
        };
        match answer.unwrap_or(Err(GoAway::Stopping)) {
            Ok(Joined {
                who,
                resumed,
                frames: first,
            }) => {
                frames.limit(self.session().frame_max_bytes());
                let now_us = self.shell.desk.now_us();
                self.session().welcome(self.number, resumed, now_us);
                let mut frames = self.said().0;
                let first = first.iter().map(|frame| frame.bytes(self.codec));
                frames.extend(first.filter(|frame| !frame.is_empty()));
                let written = self.write_in_time(send, frames).await;
                written.then_some(who)
            }
            Err(because) => {
                self.session().close(because);
                None
            }
        }
    }

    /// Reads and passes on until the conversation is over.
    async fn read(
        &self,
        who: Who,
        mut frames: FrameReader<ClientMessage>,
        receive: &mut RecvStream,
    ) {
        loop {
            if let Turn::End = self.turn(&mut frames, Some(who)) {
                return;
            }
            let asks: Vec<(RequestId, Ask)> = std::iter::from_fn(|| self.next_ask()).collect();
            for (id, ask) in asks {
                self.ask(who, id, ask).await;
            }
            if self.session().is_closed() || self.read_more(&mut frames, receive).await.is_none() {
                return;
            }
        }
    }

    /// Takes every whole frame that has arrived to the session.
    fn turn(&self, frames: &mut FrameReader<ClientMessage>, who: Option<Who>) -> Turn {
        let mut session = self.session();
        loop {
            match frames.next() {
                Ok(Some(message)) => session.handle_message(message, self.shell.desk.now_us()),
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(session = self.number, %error, "bytes that are no message");
                    session.handle_undecodable();
                    break;
                }
            }
            if who.is_none() && session.claims().is_some() {
                break;
            }
        }
        if session.is_closed() {
            return Turn::End;
        }
        match who {
            Some(_) => Turn::Continue,
            None => session.poll().map_or(Turn::Continue, Turn::Opened),
        }
    }

    /// The next request to pass on. What the session wants said on the way is queued.
    fn next_ask(&self) -> Option<(RequestId, Ask)> {
        loop {
            let mut session = self.session();
            if session.is_closed() {
                // What is left to say is said when the session finishes.
                return None;
            }
            match session.poll()? {
                Action::Request { id, ask } => return Some((id, ask)),
                Action::Send(message) => self.outgoing.say(&message),
                Action::Opened { .. } | Action::Close { .. } => {}
            }
        }
    }

    /// Takes what the race asks straight to the engine, and everything else to the hub.
    async fn ask(&self, who: Who, id: RequestId, ask: Ask) {
        let received_us = self.shell.desk.now_us();
        let caller = Caller {
            outgoing: Arc::clone(&self.outgoing),
            id,
            received_us,
        };
        let Who::Officer(officer) = who else {
            return self.ask_hub(who, caller, ask).await;
        };
        let key = match &ask {
            Ask::Accept { vacancy, .. }
            | Ask::Decline { vacancy, .. }
            | Ask::Release { vacancy }
            | Ask::Punch { vacancy, .. }
            | Ask::Undo { vacancy }
            | Ask::JoinStandby { vacancy }
            | Ask::LeaveStandby { vacancy } => *vacancy,
            _ => return self.ask_hub(who, caller, ask).await,
        };
        let desk = &self.shell.desk;
        let Some(vacancy) = desk.vacancies.get(&VacancyKey(key.0)).map(|found| *found) else {
            let is_accept = matches!(ask, Ask::Accept { .. });
            return desk.unknown(caller, "vacancy", &key.to_string(), is_accept);
        };
        let body = match ask {
            Ask::Accept { round, .. } => Body::Accept { vacancy, round },
            Ask::Decline { round, .. } => Body::Decline { vacancy, round },
            Ask::Release { .. } => Body::Release { vacancy },
            Ask::Undo { .. } => Body::Undo { vacancy },
            Ask::JoinStandby { .. } => Body::JoinStandby { vacancy },
            Ask::LeaveStandby { .. } => Body::LeaveStandby { vacancy },
            Ask::Punch {
                direction,
                position,
                ..
            } => Body::Punch {
                vacancy,
                direction: hear::direction(direction),
                position: position.map(hear::position),
            },
            other => return self.ask_hub(who, caller, other).await,
        };
        desk.submit(caller, Actor::Officer(officer), body);
    }

    async fn ask_hub(&self, who: Who, caller: Caller, ask: Ask) {
        // A hub that is gone ends every session, and the client asks again with the same id.
        let _ = self.shell.hub.send(ToHub::Ask(who, caller, ask)).await;
    }

    /// Waits for more bytes, or for a deadline of the session; none at the end.
    async fn read_more(
        &self,
        frames: &mut FrameReader<ClientMessage>,
        receive: &mut RecvStream,
    ) -> Option<()> {
        let due_us = self.session().poll_timeout()?;
        let wait_us = u64::try_from(due_us - self.shell.desk.now_us()).unwrap_or(0);
        let wait = Duration::from_micros(wait_us);
        match tokio::time::timeout(wait, receive.read_chunk(READ_BYTES, true)).await {
            Ok(Ok(Some(chunk))) => {
                frames.push(&chunk.bytes);
                Some(())
            }
            Ok(Ok(None) | Err(_)) => None,
            Err(_) => {
                self.session().handle_timeout(self.shell.desk.now_us());
                (!self.session().is_closed()).then_some(())
            }
        }
    }

    /// Writes what waits until the session is told to end, or the client is gone or takes too
    /// long. Says whether the stream ends between two frames.
    async fn write(&self, send: &mut SendStream) -> bool {
        loop {
            let mut frames = Vec::new();
            let mut end = None;
            for item in self.outgoing.take(WRITE_FRAMES_MAX).await {
                match item {
                    Item::Frame(frame) => frames.push(frame),
                    Item::Answer(id, frame) => {
                        self.session().answered(id);
                        frames.push(frame);
                    }
                    Item::Close(because) => end = Some(Some(because)),
                    Item::End => end = Some(None),
                }
            }
            if !self.write_in_time(send, frames).await {
                return false;
            }
            if let Some(because) = end {
                if let Some(because) = because {
                    self.session().close(because);
                }
                return true;
            }
        }
    }

    /// Writes `frames`; a client that takes none of them for too long is closed as too slow.
    async fn write_in_time(&self, send: &mut SendStream, frames: Vec<Bytes>) -> bool {
        let written = tokio::time::timeout(WRITE_DEADLINE, write_all(send, frames)).await;
        if written.is_err() {
            self.session().close(GoAway::TooSlow);
        }
        matches!(written, Ok(Ok(())))
    }

    /// Says what is left to say, and waits a moment for it to arrive. Says why it ended.
    async fn finish(&self, send: &mut SendStream) -> Option<GoAway> {
        let (last, because) = self.said();
        let leave = async {
            if !last.is_empty() && write_all(send, last).await.is_ok() && send.finish().is_ok() {
                // Whether the client stopped or received it all, the session is over.
                let _ = send.stopped().await;
            }
        };
        // A client that no longer answers is not waited for.
        let _ = tokio::time::timeout(LEAVE_DEADLINE, leave).await;
        because
    }

    /// What the session wants said, as frames, and why it ends if it does.
    fn said(&self) -> (Vec<Bytes>, Option<GoAway>) {
        let mut session = self.session();
        let (mut frames, mut ended) = (Vec::new(), None);
        while let Some(action) = session.poll() {
            match action {
                Action::Send(message) => frames.extend(frame::write(self.codec, &message)),
                Action::Close { because } => ended = because,
                Action::Opened { .. } | Action::Request { .. } => {}
            }
        }
        (frames, ended)
    }

    fn session(&self) -> MutexGuard<'_, ServerSession> {
        // Nothing panics while it is held, so a poisoned lock still guards a sound value.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write_all(send: &mut SendStream, mut frames: Vec<Bytes>) -> Result<(), quinn::WriteError> {
    send.write_all_chunks(&mut frames).await
}
