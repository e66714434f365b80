//! The future in which a session happens.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use protocol::frame::{Codec, FrameError, OFFICER_FRAME_MAX_BYTES, client_frame_max_bytes};
use protocol::session::{
    ClientSession, Due, Event as Learned, RequestError, Violation, reconnect_after_ms, said_by_code,
};
use protocol::{ClientMessage, GoAway, Outcome, RefusalCode, Refused, RequestId, ServerMessage};
use tokio::time::{Instant, sleep, sleep_until};

use crate::backoff::Backoff;
use crate::limits::BUSY_RETRY_AFTER_MS;
use crate::line::{LineOut, Order, Reply, Wish};
use crate::wire::{Moved, Target, Wire};
use crate::{AskError, ConnectError, Ended, Event, Options};

/// When to look again where nothing is due: late enough never to matter.
const NOTHING_DUE: Duration = Duration::from_secs(24 * 60 * 60);

/// The future in which a session happens. Spawn [`run`](Self::run), or await it.
///
/// Dropping it ends the session without a farewell; whoever waits for an answer hears
/// [`AskError::Ended`].
pub struct Driver<S> {
    target: Target,
    line: LineOut,
    backoff: Backoff,
    talk: Talk<S>,
}

/// The session with its clock, its sink and those who wait for answers.
struct Talk<S> {
    options: Options,
    session: ClientSession,
    began: Instant,
    sink: S,
    replies: HashMap<RequestId, Reply>,
    frame_max_bytes: usize,
    /// Whether everything missed was heard on this connection.
    synced: bool,
}

/// Why there is no connection (any more).
enum Broke {
    Closed,
    Dropped,
    Lost,
    NotConnected(ConnectError),
    Sent(GoAway, Duration),
    Violated(Violation),
    Unreadable(FrameError),
}

impl<S: FnMut(Event) + Send + 'static> Driver<S> {
    pub(crate) fn new(target: Target, options: Options, line: LineOut, sink: S) -> Driver<S> {
        let session = ClientSession::new(&*options.software);
        let backoff = Backoff::new(options.seed);
        let talk = Talk {
            options,
            session,
            began: Instant::now(),
            sink,
            replies: HashMap::new(),
            frame_max_bytes: OFFICER_FRAME_MAX_BYTES,
            synced: false,
        };
        Driver {
            target,
            line,
            backoff,
            talk,
        }
    }

    /// Connects and stays connected until the session ends for good.
    pub async fn run(mut self) -> Ended {
        loop {
            let broke = match self.connect().await {
                Ok(wire) => self.converse(wire).await,
                Err(broke) => broke,
            };
            self.talk.session.disconnected();
            self.talk.tell(Instant::now());
            if std::mem::take(&mut self.talk.synced) {
                self.backoff.reset();
            }
            let wished = match self.talk.judge(broke) {
                Ok(wished) => wished,
                Err(ended) => return ended,
            };
            let wait = self.backoff.wait(wished);
            if let Some(Order::Close) = self.rest(wait).await {
                return Ended::Closed;
            }
        }
    }

    async fn connect(&mut self) -> Result<Wire, Broke> {
        let connecting = self.target.connect(self.talk.options.connect_timeout);
        tokio::pin!(connecting);
        loop {
            tokio::select! {
                biased;
                wire = &mut connecting => return wire.map_err(Broke::NotConnected),
                () = self.line.woken() => {
                    if let Some(Order::Close) = self.talk.take_wishes(&self.line) {
                        return Err(Broke::Closed);
                    }
                }
            }
        }
    }

    /// Waits before the next attempt, taking requests meanwhile.
    async fn rest(&mut self, wait: Duration) -> Option<Order> {
        let over = sleep(wait);
        tokio::pin!(over);
        loop {
            tokio::select! {
                biased;
                () = &mut over => return None,
                () = self.line.woken() => {
                    if let Some(Order::Close) = self.talk.take_wishes(&self.line) {
                        return Some(Order::Close);
                    }
                }
            }
        }
    }

    /// Everything that happens on one connection.
    async fn converse(&mut self, mut wire: Wire) -> Broke {
        self.talk.hello(&wire);
        let due = sleep_until(self.talk.due());
        tokio::pin!(due);
        loop {
            if let Err(broke) = self.talk.transmit(&mut wire) {
                wire.close(b"cannot be sent");
                return broke;
            }
            if due.deadline() != self.talk.due() {
                due.as_mut().reset(self.talk.due());
            }
            // In this order, which is the same in every run, nobody starves: what is due falls due
            // seldom, and the line is short.
            let step = tokio::select! {
                biased;
                () = &mut due => self.talk.attend(),
                () = self.line.woken() => match self.talk.take_wishes(&self.line) {
                    None => Ok(()),
                    Some(Order::DropConnection) => Err(Broke::Dropped),
                    Some(Order::Close) => {
                        wire.farewell(self.talk.goodbye()).await;
                        return Broke::Closed;
                    }
                },
                moved = wire.moved() => self.talk.take(&moved, &mut wire),
            };
            self.line.count(self.talk.session.counts());
            if let Err(broke) = step {
                wire.close(b"over");
                return broke;
            }
        }
    }
}

impl<S: FnMut(Event)> Talk<S> {
    /// The session's clock: microseconds since the driver was made.
    fn now_us(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// When the session wants to be asked what is due. It changes seldom, so the one timer is
    /// seldom moved.
    fn due(&self) -> Instant {
        let after = match self.session.poll_timeout() {
            Some(due_us) => Duration::from_micros(u64::try_from(due_us).unwrap_or(0)),
            None => NOTHING_DUE,
        };
        self.began + after
    }

    fn hello(&mut self, wire: &Wire) {
        let token = (self.options.token)();
        // Until the server says who we are, it takes what an officer may send.
        self.frame_max_bytes = OFFICER_FRAME_MAX_BYTES;
        let now_us = self.now_us();
        let device = self.options.device.as_deref();
        match device.and_then(|device| Some(device.prove(&wire.exporter()?))) {
            Some(proof) => self.session.open_bound(token, proof, now_us),
            None => self.session.open(token, now_us),
        }
    }

    fn goodbye(&mut self) -> Bytes {
        self.session.goodbye();
        self.session
            .poll_transmit()
            .and_then(|message| Codec::Native.encode(&message, self.frame_max_bytes).ok())
            .unwrap_or_default()
    }

    fn attend(&mut self) -> Result<(), Broke> {
        match self.session.handle_timeout(self.now_us()) {
            Some(Due::Renewal) => {
                let token = (self.options.token)();
                self.session.renew(token, self.now_us());
                Ok(())
            }
            Some(Due::Reconnection) => Err(Broke::Lost),
            None => Ok(()),
        }
    }

    /// Gives the wire the next frame, if it has room.
    fn transmit(&mut self, wire: &mut Wire) -> Result<(), Broke> {
        while wire.is_clear() {
            let Some(message) = self.session.poll_transmit() else {
                break;
            };
            match Codec::Native.encode(&message, self.frame_max_bytes) {
                Ok(frame) => wire.send(frame),
                Err(error) => self.unsendable(&message, &error)?,
            }
        }
        Ok(())
    }

    fn unsendable(&mut self, message: &ClientMessage, error: &FrameError) -> Result<(), Broke> {
        let ClientMessage::Request { id, .. } = message else {
            // What does not fit is the token, and such a token is none.
            return Err(Broke::Sent(GoAway::Unauthenticated, Duration::ZERO));
        };
        self.session.forget(*id);
        let detail = error.to_string();
        match self.replies.remove(id) {
            Some(reply) => {
                let _nobody_waits = reply.send(Err(AskError::TooLarge { detail }));
            }
            None => self.answer(*id, Outcome::Refused(invalid(detail))),
        }
        Ok(())
    }

    fn take(&mut self, moved: &Moved, wire: &mut Wire) -> Result<(), Broke> {
        match moved {
            Moved::Sent => Ok(()),
            Moved::Received => self.hear(wire),
            Moved::Gone { code } => match code.and_then(said_by_code) {
                // The code says what a message would have said that was lost with the connection.
                Some(because) => {
                    let reconnect_after_ms = reconnect_after_ms(because);
                    let message = ServerMessage::GoAway {
                        because,
                        reconnect_after_ms,
                    };
                    self.hear_one(message, Instant::now())
                }
                None => Err(Broke::Lost),
            },
        }
    }

    fn hear(&mut self, wire: &mut Wire) -> Result<(), Broke> {
        let received = Instant::now();
        while let Some(message) = wire.reader.next().map_err(Broke::Unreadable)? {
            self.hear_one(message, received)?;
        }
        Ok(())
    }

    fn hear_one(&mut self, message: ServerMessage, received: Instant) -> Result<(), Broke> {
        let ended = match &message {
            ServerMessage::GoAway {
                because,
                reconnect_after_ms,
            } => Some(sent(*because, *reconnect_after_ms)),
            _ => None,
        };
        let heard = self.session.handle_message(message, self.now_us());
        self.tell(received);
        heard.map_err(Broke::Violated)?;
        ended.map_or(Ok(()), Err)
    }

    /// Passes on what the session learned.
    fn tell(&mut self, received: Instant) {
        while let Some(what) = self.session.poll_event() {
            match &what {
                Learned::Up(welcome) => {
                    self.frame_max_bytes = client_frame_max_bytes(welcome.role);
                }
                Learned::Synced(_) => self.synced = true,
                Learned::Answered { id, outcome } => {
                    if let Some(reply) = self.replies.remove(id) {
                        let _nobody_waits = reply.send(Ok(outcome.clone()));
                    }
                }
                Learned::News(_) | Learned::Gone { .. } | Learned::Down { .. } => {}
            }
            (self.sink)(Event {
                received: received.into_std(),
                what,
            });
        }
    }

    /// Takes the requests in the line, and says what else is wanted.
    fn take_wishes(&mut self, line: &LineOut) -> Option<Order> {
        let (wishes, order) = line.take();
        for Wish { id, ask, reply } in wishes {
            match (self.session.request(id, ask), reply) {
                (Ok(()), Some(reply)) => {
                    self.replies.insert(id, reply);
                }
                (Err(error), Some(reply)) => {
                    let _nobody_waits = reply.send(Err(error.into()));
                }
                (Err(RequestError::TooManyUnanswered), None) => {
                    self.answer(
                        id,
                        Outcome::Busy {
                            retry_after_ms: BUSY_RETRY_AFTER_MS,
                        },
                    );
                }
                // The answer that is awaited under this id is an answer to both.
                (Ok(()) | Err(RequestError::AlreadyAsked), None) => {}
            }
        }
        order
    }

    /// Answers a request that was never sent.
    fn answer(&mut self, id: RequestId, outcome: Outcome) {
        let what = Learned::Answered { id, outcome };
        (self.sink)(Event {
            received: Instant::now().into_std(),
            what,
        });
    }

    /// How long the server wishes us to wait before we come back, or why we do not.
    fn judge(&self, broke: Broke) -> Result<Duration, Ended> {
        let again = self.options.reconnect;
        match broke {
            Broke::Closed => Err(Ended::Closed),
            Broke::Sent(
                because @ (GoAway::Unauthenticated
                | GoAway::Denied
                | GoAway::VersionNotSpoken
                | GoAway::ProtocolError),
                _,
            ) => Err(Ended::Refused(because)),
            Broke::NotConnected(error) if !again || !error.is_passing() => Err(error.into()),
            Broke::Sent(because, _) if !again => Err(Ended::Refused(because)),
            Broke::Violated(violation) if !again => Err(violation.into()),
            Broke::Dropped | Broke::Lost | Broke::Unreadable(_) if !again => Err(Ended::Lost),
            Broke::Sent(_, wished) => Ok(wished),
            Broke::NotConnected(error) => {
                tracing::debug!(%error, "not connected");
                Ok(Duration::ZERO)
            }
            Broke::Violated(violation) => {
                tracing::warn!(%violation, "the server broke the protocol");
                Ok(Duration::ZERO)
            }
            Broke::Unreadable(error) => {
                tracing::warn!(%error, "the server sent what cannot be read");
                Ok(Duration::ZERO)
            }
            Broke::Dropped | Broke::Lost => Ok(Duration::ZERO),
        }
    }
}

fn sent(because: GoAway, reconnect_after_ms: u32) -> Broke {
    Broke::Sent(
        because,
        Duration::from_millis(u64::from(reconnect_after_ms)),
    )
}

fn invalid(sentence: String) -> Refused {
    Refused {
        code: RefusalCode::Invalid,
        sentence,
        place: None,
        behind_us: None,
        clauses: Vec::new(),
    }
}
