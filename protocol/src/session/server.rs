//! The server's side of one conversation.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{
    BUSY_RETRY_AFTER_MS, COORDINATOR_IN_FLIGHT_MAX, COORDINATOR_REQUESTS, Channel,
    HELLO_DEADLINE_MS, IdentityRefusal, OFFICER_IN_FLIGHT_MAX, OFFICER_REQUESTS, RENEWALS, Rate,
    Used, allowed, concerns_own, micros, reconnect_after_ms,
};
use crate::frame::{OFFICER_FRAME_MAX_BYTES, client_frame_max_bytes};
use crate::token::{Claims, VerifyingKeys};
use crate::{
    Ask, ClientMessage, Cursor, GoAway, Hello, Outcome, RefusalCode, Refused, RequestId, Role,
    ServerMessage, VERSION, Welcome,
};

/// The server's side of one conversation: `Opening → Open → Closed`.
///
/// The shell calls a `handle_*`, then [`poll`](Self::poll) until it gives nothing. It answers
/// [`Action::Opened`] with [`welcome`](Self::welcome) and pushes on its own, since pushes are
/// encoded once for all; and it reports every answer it sends through
/// [`answered`](Self::answered).
#[derive(Debug)]
pub struct ServerSession {
    keys: Arc<VerifyingKeys>,
    channel: Channel,
    state: State,
    refused: Option<Box<Refusal>>,
    /// Requests handed to the shell; an id stands here as often as it was asked.
    in_flight: Vec<RequestId>,
    actions: VecDeque<Action>,
    /// Requests so far, as the rate of the role counts them.
    asked: Used,
    /// Fresh tokens so far, as [`RENEWALS`] counts them.
    renewed: Used,
}

/// What the shell is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The token is good: look the subject up and call [`ServerSession::welcome`], or
    /// [`ServerSession::close`] if nobody of that name is known.
    Opened {
        /// Who speaks.
        claims: Claims,
        /// The last position the client reached, if it was here before.
        resume: Option<Cursor>,
        /// Name and version of the client's software.
        software: String,
    },
    /// A fresh token is good: call [`ServerSession::refuse`] if its bearer is denied by now.
    Renewed {
        /// Who speaks.
        claims: Claims,
    },
    /// Have this done, and send the answer under its id. An id that was asked before is passed on
    /// as well: it hears the same answer.
    Request {
        /// Its id.
        id: RequestId,
        /// What is asked. The role may ask it; whose vacancy it is has not been looked at.
        ask: Ask,
    },
    /// Send this.
    Send(ServerMessage),
    /// Send what is left, then end the connection. The last action.
    Close {
        /// Why; `None` if the client said goodbye.
        because: Option<GoAway>,
    },
}

/// Who was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub because: IdentityRefusal,
    /// What their token said, if anything of it could be believed.
    pub claims: Option<Claims>,
}

#[derive(Debug)]
enum State {
    Opening { deadline_us: i64 },
    Open(Claims),
    Closed,
}

impl ServerSession {
    /// A conversation that a client must open before [`HELLO_DEADLINE_MS`] have passed.
    pub fn new(keys: Arc<VerifyingKeys>, now_us: i64) -> ServerSession {
        ServerSession {
            keys,
            channel: Channel::default(),
            refused: None,
            state: State::Opening {
                deadline_us: now_us + micros(HELLO_DEADLINE_MS),
            },
            in_flight: Vec::new(),
            actions: VecDeque::new(),
            asked: Used::default(),
            renewed: Used::default(),
        }
    }

    /// The same conversation on a connection of which more is known.
    #[must_use]
    pub fn over(self, channel: Channel) -> ServerSession {
        ServerSession { channel, ..self }
    }

    /// Takes what the client said.
    pub fn handle_message(&mut self, message: ClientMessage, now_us: i64) {
        // A token that ran out while this message was on its way carries no request any more.
        self.handle_timeout(now_us);
        match (&self.state, message) {
            (State::Closed, _) => {}
            (_, ClientMessage::Goodbye) => self.end(None),
            (State::Opening { .. }, ClientMessage::Hello(hello)) => self.open(hello, None, now_us),
            (State::Opening { .. }, ClientMessage::HelloBound { hello, proof }) => {
                self.open(hello, Some(&proof), now_us);
            }
            (State::Open(_), ClientMessage::Renew { token }) => self.renew(&token, now_us),
            (State::Open(_), ClientMessage::Request { id, ask }) => self.request(id, ask, now_us),
            (
                State::Opening { .. },
                ClientMessage::Renew { .. } | ClientMessage::Request { .. },
            )
            | (State::Open(_), ClientMessage::Hello(_) | ClientMessage::HelloBound { .. }) => {
                self.close(GoAway::ProtocolError);
            }
        }
    }

    /// Takes note that the client sent bytes that are no message.
    pub fn handle_undecodable(&mut self) {
        self.close(GoAway::ProtocolError);
    }

    /// Takes note of the time; to be called at [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now_us: i64) {
        match &self.state {
            // An overloaded server may be late to read a `Hello` that was said in time, so the
            // client is to come back and not to give up.
            State::Opening { deadline_us } if now_us >= *deadline_us => {
                self.close(GoAway::TooSlow);
            }
            State::Open(claims) if now_us >= claims.expires_us => self.close(GoAway::TokenExpired),
            State::Opening { .. } | State::Open(_) | State::Closed => {}
        }
    }

    /// What is to be done next, if anything.
    pub fn poll(&mut self) -> Option<Action> {
        let action = self.actions.pop_front();
        if self.actions.is_empty() {
            // Most sessions are idle most of the time.
            self.actions = VecDeque::new();
        }
        action
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), in microseconds since the epoch.
    pub fn poll_timeout(&self) -> Option<i64> {
        match &self.state {
            State::Opening { deadline_us } => Some(*deadline_us),
            State::Open(claims) => Some(claims.expires_us),
            State::Closed => None,
        }
    }

    /// Answers [`Action::Opened`]: sends the `Welcome`. With `resumed`, the shell then sends the
    /// pushes after the client's cursor, without it the whole state, and `Synced` after either.
    pub fn welcome(&mut self, session: u64, resumed: bool, now_us: i64) {
        let State::Open(claims) = &self.state else {
            return;
        };
        let welcome = Welcome {
            session,
            subject: claims.subject.clone(),
            agency: claims.agency.clone(),
            role: claims.role,
            resumed,
            server_time_us: now_us,
            token_expires_us: claims.expires_us,
        };
        self.actions
            .push_back(Action::Send(ServerMessage::Welcome(welcome)));
    }

    /// Takes note that a request was answered. Must be called once for every
    /// [`Action::Request`], or the session runs out of room.
    pub fn answered(&mut self, id: RequestId) {
        if let Some(at) = self.in_flight.iter().position(|known| *known == id) {
            self.in_flight.swap_remove(at);
        }
    }

    /// Ends the conversation from this side: says why and when to come back.
    pub fn close(&mut self, because: GoAway) {
        self.close_later(because, 0);
    }

    /// As [`close`](Self::close), but asks the client to stay away for `later_ms` longer: clients
    /// that are sent away together are not to come back together.
    pub fn close_later(&mut self, because: GoAway, later_ms: u32) {
        if !self.is_closed() {
            // Whoever is sent away is not served any more: what waits in the queue is asked again
            // by a client that may.
            self.actions
                .retain(|action| !matches!(action, Action::Request { .. }));
            let reconnect_after_ms = reconnect_after_ms(because).saturating_add(later_ms);
            let message = ServerMessage::GoAway {
                because,
                reconnect_after_ms,
            };
            self.actions.push_back(Action::Send(message));
            self.end(Some(because));
        }
    }

    /// Ends the conversation because of who the client is or is not.
    pub fn refuse(&mut self, because: IdentityRefusal) {
        let claims = self.claims().cloned();
        self.turn_away(because, claims);
    }

    /// Who was refused and why, if the conversation ended so.
    pub fn refused(&self) -> Option<&Refusal> {
        self.refused.as_deref()
    }

    /// Who speaks, once the session is open and while it is.
    pub fn claims(&self) -> Option<&Claims> {
        match &self.state {
            State::Open(claims) => Some(claims),
            State::Opening { .. } | State::Closed => None,
        }
    }

    /// The largest payload the client may send at this point, in bytes.
    pub fn frame_max_bytes(&self) -> usize {
        self.claims().map_or(OFFICER_FRAME_MAX_BYTES, |claims| {
            client_frame_max_bytes(claims.role)
        })
    }

    /// Whether the conversation has ended.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn open(&mut self, hello: Hello, proof: Option<&[u8]>, now_us: i64) {
        if hello.version != VERSION {
            return self.close(GoAway::VersionNotSpoken);
        }
        let claims = match &self.channel.certified {
            Some(certified) if hello.token.is_empty() => certified.claims(now_us),
            _ => match self.keys.verify(&hello.token, now_us) {
                Ok(claims) => match self.belongs_here(&claims, proof) {
                    Ok(()) => claims,
                    Err(because) => return self.turn_away(because, Some(claims)),
                },
                Err(error) => return self.turn_away(error.into(), None),
            },
        };
        self.state = State::Open(claims.clone());
        let Hello {
            resume, software, ..
        } = hello;
        self.actions.push_back(Action::Opened {
            claims,
            resume,
            software,
        });
    }

    /// Whether a good token is in the hands of its bearer, as far as this connection tells.
    fn belongs_here(&self, claims: &Claims, proof: Option<&[u8]>) -> Result<(), IdentityRefusal> {
        let channel = &self.channel;
        if let Some(certified) = &channel.certified
            && !certified.agrees(claims)
        {
            return Err(IdentityRefusal::OtherCertificate);
        }
        let Some(device) = claims.device else {
            // A certificate is bound to its connection by the handshake.
            return match channel.must_be_bound && channel.certified.is_none() {
                true => Err(IdentityRefusal::Unbound),
                false => Ok(()),
            };
        };
        match (&channel.exporter, proof) {
            (Some(exporter), Some(proof)) if device.is_proven(exporter, proof) => Ok(()),
            _ => Err(IdentityRefusal::Unproven),
        }
    }

    fn renew(&mut self, token: &str, now_us: i64) {
        let State::Open(claims) = &mut self.state else {
            return;
        };
        if token.is_empty() && self.channel.certified.is_some() {
            // A certificate is renewed by a handshake, which examines it again.
            return self.close(GoAway::TokenExpired);
        }
        // Before it is looked at: verifying is what costs.
        if self.renewed.take(RENEWALS, now_us).is_err() {
            return self.close(GoAway::ProtocolError);
        }
        match self.keys.verify(token, now_us) {
            Ok(fresh) if same_identity(claims, &fresh) => {
                claims.clone_from(&fresh);
                self.actions.push_back(Action::Renewed { claims: fresh });
            }
            Ok(fresh) => self.turn_away(IdentityRefusal::OtherBearer, Some(fresh)),
            Err(error) => self.refuse(error.into()),
        }
    }

    fn turn_away(&mut self, because: IdentityRefusal, claims: Option<Claims>) {
        if !self.is_closed() {
            self.refused = Some(Box::new(Refusal { because, claims }));
            self.close(because.go_away());
        }
    }

    fn request(&mut self, id: RequestId, ask: Ask, now_us: i64) {
        let State::Open(claims) = &self.state else {
            return;
        };
        // What is refused counts as well, or a flood of nonsense would be free.
        if let Err(retry_after_ms) = self.asked.take(rate(claims.role), now_us) {
            self.answer(id, Outcome::Busy { retry_after_ms });
        } else if !allowed(claims.role, &ask) || !concerns_own(claims, &ask) {
            self.answer(id, Outcome::Refused(not_allowed()));
        } else if self.in_flight.len() >= in_flight_max(claims.role) {
            self.answer(
                id,
                Outcome::Busy {
                    retry_after_ms: BUSY_RETRY_AFTER_MS,
                },
            );
        } else {
            self.in_flight.push(id);
            self.actions.push_back(Action::Request { id, ask });
        }
    }

    fn answer(&mut self, id: RequestId, outcome: Outcome) {
        self.actions
            .push_back(Action::Send(ServerMessage::Answer { id, outcome }));
    }

    fn end(&mut self, because: Option<GoAway>) {
        self.state = State::Closed;
        self.in_flight = Vec::new();
        self.actions.push_back(Action::Close { because });
    }
}

fn same_identity(old: &Claims, new: &Claims) -> bool {
    let of = |claims: &Claims| (claims.role, claims.device);
    (of(old), &old.subject, &old.agency) == (of(new), &new.subject, &new.agency)
}

fn in_flight_max(role: Role) -> usize {
    match role {
        Role::Officer | Role::ReadOnly => OFFICER_IN_FLIGHT_MAX,
        Role::Coordinator | Role::Operator => COORDINATOR_IN_FLIGHT_MAX,
    }
}

fn rate(role: Role) -> Rate {
    match role {
        Role::Officer | Role::ReadOnly => OFFICER_REQUESTS,
        Role::Coordinator | Role::Operator => COORDINATOR_REQUESTS,
    }
}

fn not_allowed() -> Refused {
    Refused {
        code: RefusalCode::NotAllowed,
        sentence: "Your role or agency does not allow this.".to_owned(),
        place: None,
        behind_us: None,
        clauses: Vec::new(),
    }
}
