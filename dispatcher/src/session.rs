//! One conversation: reads what the client says, and writes on where the client made it wait.
//!
//! What may be said when, and by whom, is decided by [`ServerSession`], which knows neither
//! sockets nor clocks; this is the shell around it.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::core::{Actor, Body};
use engine::model::VacancyKey;
use protocol::frame::{Codec, FrameReader, OFFICER_FRAME_MAX_BYTES};
use protocol::session::{Action, Channel, ServerSession, close_code};
use protocol::token::{EXPORTER_BYTES, EXPORTER_LABEL, VerifyingKeys};
use protocol::{Ask, ClientMessage, GoAway, Outcome, RequestId};
use quinn::{Connection, RecvStream, SendStream, VarInt};
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use web_transport_quinn::Session;

use crate::ask::{Caller, Desk, raced};
use crate::certified::certified;
use crate::door::{Door, Place};
use crate::hear;
use crate::hub::{Join, Said, ToHub};
use crate::limits::{LEAVE_DEADLINE, READ_BYTES, REFUSED_DEADLINE};
use crate::line::{Line, Moved};
use crate::members::Who;
use crate::opaque::Opaque;
use crate::shard::{Urgent, Way};
use crate::web::Origins;
use crate::{Bound, Stats};

/// What every session needs.
pub(crate) struct Shell {
    pub(crate) desk: Arc<Desk>,
    pub(crate) hub: mpsc::Sender<Said>,
    pub(crate) tokens: Arc<VerifyingKeys>,
    pub(crate) bound: Bound,
    pub(crate) opaque: Arc<Opaque>,
    pub(crate) sessions_max: usize,
    /// The way in, which all shards share.
    pub(crate) door: Arc<Door>,
    pub(crate) origins: Arc<Origins>,
    /// The shard whose thread this is.
    pub(crate) shard: Arc<Way>,
}

impl Shell {
    /// Tells the hub, once it has room.
    ///
    /// # Errors
    /// If it has ended.
    async fn tell_hub(&self, what: ToHub) -> Result<(), SendError<Said>> {
        let at_us = self.desk.now_us();
        self.hub.send(Said { at_us, what }).await
    }
}

/// Numbers sessions for logs.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

/// The other end of a conversation, as whoever accepted its connection hands it over.
pub(crate) struct Peer {
    pub(crate) connection: Connection,
    /// What a browser has around its stream; it ends when this is dropped. In a box, since it is
    /// larger than everything else here and most peers are no browsers.
    pub(crate) browser: Option<Box<Session>>,
    /// How messages are written.
    pub(crate) codec: Codec,
    /// The one stream that carries the conversation, opened by the client.
    pub(crate) streams: (SendStream, RecvStream),
    /// Held until the client is welcome.
    pub(crate) place: Place,
}

/// A place among the sessions that may be open, given back when it is dropped.
struct Seat(Arc<Stats>);

impl Seat {
    /// Takes one, if there is one.
    fn take(shell: &Shell) -> Option<Seat> {
        let seat = Seat(Arc::clone(&shell.desk.stats));
        let taken = seat.0.sessions.fetch_add(1, Ordering::Relaxed);
        (taken < shell.sessions_max).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Holds the conversation with `peer` until it ends, and closes its connection.
pub(crate) async fn run(peer: Peer, shell: Arc<Shell>) {
    let Peer {
        connection,
        browser,
        codec,
        streams: (send, mut receive),
        place,
    } = peer;
    let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
    let session = ServerSession::new(Arc::clone(&shell.tokens), shell.desk.now_us()).over(channel(
        &connection,
        codec,
        shell.bound,
    ));
    let shard = Arc::clone(&shell.shard);
    let line = Arc::new(Line::new(number, codec, shard, session, send));
    let (stats, opaque) = (Arc::clone(&shell.desk.stats), Arc::clone(&shell.opaque));
    let conversation = Conversation {
        shell,
        line: Arc::clone(&line),
    };
    let _seat = conversation.hold(place, &mut receive).await;
    let because = line.last_words(&stats);
    if let Some(because) = because {
        stats.sends_away(because);
    }
    let refused = line.session(|session| session.refused().cloned());
    let patience = match refused {
        Some(_) => REFUSED_DEADLINE,
        None => LEAVE_DEADLINE,
    };
    let id = refused.map_or_else(String::new, |refused| opaque.refused(number, &refused));
    // A client that no longer answers is not waited for.
    let _ = tokio::time::timeout(patience, line.leave()).await;
    line.hang_up();
    line.shard.tell(Urgent::Leave(number));
    // The reason is in the code as well: the last message may be lost with the connection. Whoever
    // was refused hears under which id the log has it.
    let code = close_code(because);
    match browser {
        Some(browser) => {
            browser.close(code, id.as_bytes());
            // What a browser needs to read the code ends with the session, so that it stays until
            // the browser has hung up.
            let _ = tokio::time::timeout(LEAVE_DEADLINE, browser.closed()).await;
        }
        None => connection.close(VarInt::from_u32(code), id.as_bytes()),
    }
}

struct Conversation {
    shell: Arc<Shell>,
    line: Arc<Line>,
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
    /// Listens until the conversation is over. Who had a seat in it keeps it until the last word.
    async fn hold(&self, place: Place, receive: &mut RecvStream) -> Option<Seat> {
        let mut frames = FrameReader::new(self.line.codec, OFFICER_FRAME_MAX_BYTES);
        // In a box, so that the room it takes is given back before a conversation of days.
        let (who, seat) = Box::pin(self.open(place, &mut frames, receive)).await?;
        let role = self
            .line
            .session(|session| session.claims().map(|claims| claims.role));
        let stats = &self.shell.desk.stats;
        let _present = role.map(|role| stats.enters(role, self.line.codec));
        self.converse(who, &mut frames, receive).await;
        Some(seat)
    }

    /// Waits for `Hello`, and until the shard has welcomed the client, who then needs no place
    /// among newcomers any more.
    async fn open(
        &self,
        place: Place,
        frames: &mut FrameReader<ClientMessage>,
        receive: &mut RecvStream,
    ) -> Option<(Who, Seat)> {
        let opened = loop {
            match self.turn(frames, None) {
                Turn::Continue => self.read_more(&place, frames, receive).await?,
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
        let Some(seat) = Seat::take(&self.shell) else {
            self.line.close(GoAway::TooManySessions, 0);
            return None;
        };
        let session = self.line.number;
        tracing::debug!(session, %software, role = ?claims.role, "a session opens");
        let (joined, welcomed) = oneshot::channel();
        let join = Join {
            claims,
            resume,
            line: Arc::clone(&self.line),
            joined,
        };
        if self.shell.tell_hub(ToHub::Join(join)).await.is_err() {
            // A hub that is gone has ended with its engine.
            self.line.close(GoAway::Stopping, 0);
        }
        let who = welcomed.await.ok()?;
        frames.limit(self.line.session(|session| session.frame_max_bytes()));
        Some((who, seat))
    }

    /// Waits for the client's first words, or for the end of its time or its place; none at the
    /// end.
    async fn read_more(
        &self,
        place: &Place,
        frames: &mut FrameReader<ClientMessage>,
        receive: &mut RecvStream,
    ) -> Option<()> {
        tokio::select! {
            biased;
            read = receive.read_chunk(READ_BYTES, true) => {
                frames.push(&read.ok()??.bytes);
                Some(())
            }
            () = sleep_until(self.due()?) => {
                self.look_at_the_time();
                (!self.line.is_over()).then_some(())
            }
            () = place.lost() => {
                self.line.close(GoAway::TooManySessions, 0);
                None
            }
        }
    }

    /// Reads, passes on and writes what waits, until the conversation is over.
    async fn converse(
        &self,
        who: Who,
        frames: &mut FrameReader<ClientMessage>,
        receive: &mut RecvStream,
    ) {
        let mut due = pin!(sleep_until(Instant::now()));
        let mut wanted = None;
        let mut _lagging = None;
        loop {
            if let Turn::End = self.turn(frames, Some(who)) {
                return;
            }
            while let Some(telling) = self.act(who) {
                telling.await;
            }
            let expiry_us = self.line.session(|session| session.poll_timeout());
            let now_wanted = Some((expiry_us, self.line.deadline()));
            if wanted != now_wanted {
                wanted = now_wanted;
                _lagging = self.line.deadline().map(|_| self.shell.desk.stats.lags());
                let Some(at) = self.due() else { return };
                due.as_mut().reset(at);
            }
            // The same order in every run. What is due falls due seldom, and what waits to be
            // written is bounded, so reading gets its turn.
            tokio::select! {
                biased;
                () = &mut due => {
                    self.look_at_the_time();
                    wanted = None;
                }
                moved = self.line.moved() => match moved {
                    Moved::Changed => {}
                    Moved::Behind(from) => {
                        self.tell_hub(ToHub::Behind(who, Arc::clone(&self.line), from)).await;
                    }
                    Moved::Over => return,
                },
                read = receive.read_chunk(READ_BYTES, true), if !self.line.is_blocked() => {
                    let Ok(Some(chunk)) = read else { return };
                    frames.push(&chunk.bytes);
                }
            }
        }
    }

    /// Takes every whole frame that has arrived to the session.
    fn turn(&self, frames: &mut FrameReader<ClientMessage>, who: Option<Who>) -> Turn {
        let now_us = self.shell.desk.now_us();
        self.line.session(|session| {
            loop {
                match frames.next() {
                    Ok(Some(message)) => session.handle_message(message, now_us),
                    Ok(None) => break,
                    Err(error) => {
                        let session_number = self.line.number;
                        tracing::debug!(session_number, %error, "bytes that are no message");
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
        })
    }

    /// When the time has to be looked at: at the end of the token's, of the client's to open the
    /// conversation, or of its to catch up. Never once the conversation is over.
    fn due(&self) -> Option<Instant> {
        let expiry_us = self.line.session(|session| session.poll_timeout())?;
        let left_us = u64::try_from(expiry_us - self.shell.desk.now_us()).unwrap_or(0);
        let expiry = Instant::now() + Duration::from_micros(left_us);
        Some(
            self.line
                .deadline()
                .map_or(expiry, |deadline| deadline.min(expiry)),
        )
    }

    fn look_at_the_time(&self) {
        let now_us = self.shell.desk.now_us();
        self.line.session(|session| session.handle_timeout(now_us));
        if self
            .line
            .deadline()
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            self.line.close(GoAway::TooSlow, 0);
        }
    }

    /// Does what the conversation's rules want done, as far as the hub need not be waited for.
    fn act(&self, who: Who) -> Option<impl Future<Output = ()>> {
        while let Some(action) = self.line.next_action(&self.shell.desk.stats) {
            let left = match action {
                Action::Request { id, ask } => self.ask(who, id, ask),
                Action::Renewed { claims } => Some(ToHub::Renew(Arc::clone(&self.line), claims)),
                Action::Opened { .. } | Action::Send(_) | Action::Close { .. } => None,
            };
            if let Some(what) = left {
                return Some(self.tell_hub(what));
            }
        }
        None
    }

    /// Takes what the race asks straight to the engine; everything else is the hub's.
    fn ask(&self, who: Who, id: RequestId, ask: Ask) -> Option<ToHub> {
        let received_us = self.shell.desk.now_us();
        let caller = Caller {
            line: Arc::clone(&self.line),
            id,
            received_us,
        };
        let desk = &self.shell.desk;
        if let Some(retry_after_ms) = desk.load.refuses(&ask, received_us) {
            desk.answer(caller, Outcome::Busy { retry_after_ms });
            return None;
        }
        let Who::Officer(officer) = who else {
            return Some(ToHub::Ask(who, caller, ask));
        };
        let Some(key) = raced(&ask) else {
            return Some(ToHub::Ask(who, caller, ask));
        };
        let Some(vacancy) = desk.vacancies.get(&VacancyKey(key.0)).map(|found| *found) else {
            let is_accept = matches!(ask, Ask::Accept { .. });
            desk.unknown(caller, "vacancy", &key.to_string(), is_accept);
            return None;
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
            other => return Some(ToHub::Ask(who, caller, other)),
        };
        desk.submit(caller, Actor::Officer(officer), body);
        None
    }

    /// Tells the hub, once it has room. In a box: what waits is large, and most sessions say
    /// nothing to the hub most of the time.
    fn tell_hub(&self, what: ToHub) -> Pin<Box<impl Future<Output = ()>>> {
        Box::pin(async {
            // A hub that is gone ends every session, and the client asks again with the same id.
            let _ = self.shell.tell_hub(what).await;
        })
    }
}

/// What is known of the connection. A browser cannot say what its connection exports, so nothing
/// is asked of it that only a device could sign.
fn channel(connection: &Connection, codec: Codec, bound: Bound) -> Channel {
    let Codec::Native = codec else {
        return Channel::default();
    };
    let mut exporter = [0; EXPORTER_BYTES];
    let exported = connection.export_keying_material(&mut exporter, EXPORTER_LABEL, b"");
    Channel {
        exporter: exported.is_ok().then_some(exporter),
        must_be_bound: bound == Bound::Native,
        certified: certified(connection),
    }
}
