//! The client's side of a conversation, across the connections it takes.

use std::collections::VecDeque;

use super::{RENEW_AHEAD_MS, RENEW_INTERVAL_MIN_MS, UNANSWERED_MAX, WELCOME_DEADLINE_MS, micros};
use crate::token::expiry_us;
use crate::{
    Ask, ClientMessage, Cursor, GoAway, Hello, News, Outcome, Push, RequestId, ServerMessage,
    VERSION, VacancyKey, Welcome,
};

/// The client's side of a conversation.
///
/// It outlives connections: [`open`](Self::open) at the beginning of each,
/// [`disconnected`](Self::disconnected) at its end. After every `handle_*` the shell sends what
/// [`poll_transmit`](Self::poll_transmit) gives and passes on what
/// [`poll_event`](Self::poll_event) gives, until there is nothing more.
#[derive(Debug)]
pub struct ClientSession {
    software: String,
    phase: Phase,
    cursor: Option<Cursor>,
    offers: Keys,
    assignments: Keys,
    /// Requests without an answer, in the order in which they were made.
    unanswered: VecDeque<(RequestId, Ask)>,
    counts: Counts,
    transmits: VecDeque<ClientMessage>,
    events: VecDeque<Event>,
}

/// What the shell learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The server knows us. Missed pushes or the whole state follow.
    Up(Welcome),
    /// Something durable that concerns us. During a whole state sync it replaces what was known
    /// of its vacancy; otherwise it was not said before.
    News(Push),
    /// A whole state sync did not mention this any more: it ended while we were away.
    Gone {
        /// The vacancy.
        vacancy: VacancyKey,
        /// What it was to us.
        standing: Standing,
    },
    /// Everything missed has been said; from here on pushes are news.
    Synced(Cursor),
    /// A request was answered.
    Answered {
        /// The request.
        id: RequestId,
        /// What became of it.
        outcome: Outcome,
    },
    /// The connection has ended. Unanswered requests are kept for the next.
    Down {
        /// Why; `None` if the server did not say.
        because: Option<GoAway>,
        /// When to come back, in milliseconds.
        reconnect_after_ms: u32,
    },
}

/// What a vacancy is to an officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It is offered.
    Offer,
    /// A slot of it is held.
    Assignment,
}

/// What was received and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Pushes that had been said before.
    pub repeats: u64,
    /// Answers to requests that nobody waits for.
    pub strays: u64,
}

/// What is due, says [`ClientSession::handle_timeout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The token expires soon: call [`ClientSession::renew`].
    Renewal,
    /// The server did not say `Welcome` in time: end the connection.
    Reconnection,
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Too many requests wait for an answer.
    #[error("{UNANSWERED_MAX} requests wait for an answer: wait for some before asking more")]
    TooManyUnanswered,
    /// A request with this id waits for its answer.
    #[error("a request with this id waits for its answer: give every new request a new id")]
    AlreadyAsked,
}

/// How the server broke the rules of the conversation: end the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// It said something else before `Welcome`.
    #[error("the server spoke before it said welcome: check that it is a muster server")]
    NotWelcomed,
    /// It said `Welcome` a second time.
    #[error("the server said welcome twice: use the same protocol version on both sides")]
    WelcomedTwice,
    /// It said `Synced` without a sync.
    #[error("the server ended a sync that was not under way: use the same version on both sides")]
    NotSyncing,
}

#[derive(Debug)]
enum Phase {
    Down,
    Opening { deadline_us: i64 },
    Up(Connected),
}

#[derive(Debug)]
struct Connected {
    sync: Sync,
    /// How far the server's clock is ahead of ours, in microseconds.
    server_ahead_us: i64,
    renew_at_us: i64,
}

#[derive(Debug)]
enum Sync {
    /// Pushes after our cursor.
    Missed,
    /// The whole state: what stood before and has not been mentioned so far.
    Whole { offers: Keys, assignments: Keys },
    /// Nothing is left to catch up with.
    Live,
}

impl ClientSession {
    /// A session that has not spoken to anybody. `software` is the name and version of the
    /// program, for the server's logs.
    pub fn new(software: impl Into<String>) -> ClientSession {
        ClientSession {
            software: software.into(),
            phase: Phase::Down,
            cursor: None,
            offers: Keys::default(),
            assignments: Keys::default(),
            unanswered: VecDeque::new(),
            counts: Counts::default(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Begins on a new connection: says `Hello` with the last cursor.
    pub fn open(&mut self, token: String, now_us: i64) {
        let hello = self.hello(token, now_us);
        self.transmits.push_back(ClientMessage::Hello(hello));
    }

    /// Begins on a new connection with a token that is bound to a device: says with the `Hello`
    /// that the device is here, as [`DeviceKey::prove`](crate::token::DeviceKey::prove) says it.
    pub fn open_bound(&mut self, token: String, proof: Vec<u8>, now_us: i64) {
        let hello = self.hello(token, now_us);
        self.transmits
            .push_back(ClientMessage::HelloBound { hello, proof });
    }

    /// Takes note that the connection is gone.
    pub fn disconnected(&mut self) {
        self.down(None, 0);
    }

    /// Ends the conversation on purpose.
    pub fn goodbye(&mut self) {
        if !matches!(self.phase, Phase::Down) {
            self.disconnected();
            self.transmits.push_back(ClientMessage::Goodbye);
        }
    }

    /// Takes what the server said.
    ///
    /// # Errors
    /// [`Violation`]; the shell ends the connection, and a later one may be opened.
    pub fn handle_message(&mut self, message: ServerMessage, now_us: i64) -> Result<(), Violation> {
        match message {
            _ if matches!(self.phase, Phase::Down) => Ok(()),
            ServerMessage::GoAway {
                because,
                reconnect_after_ms,
            } => {
                self.down(Some(because), reconnect_after_ms);
                Ok(())
            }
            ServerMessage::Welcome(welcome) => self.welcomed(welcome, now_us),
            ServerMessage::Push(push) => self.pushed(push),
            ServerMessage::Synced { cursor } => self.synced(cursor),
            ServerMessage::Answer { id, outcome } => self.answered(id, outcome),
        }
    }

    /// Says what is due; to be called at [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now_us: i64) -> Option<Due> {
        let due = self
            .poll_timeout()
            .is_some_and(|timeout_us| now_us >= timeout_us);
        match &self.phase {
            Phase::Opening { .. } if due => Some(Due::Reconnection),
            Phase::Up(_) if due => Some(Due::Renewal),
            Phase::Opening { .. } | Phase::Up(_) | Phase::Down => None,
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), on the client's clock.
    pub fn poll_timeout(&self) -> Option<i64> {
        match &self.phase {
            Phase::Down => None,
            Phase::Opening { deadline_us } => Some(*deadline_us),
            Phase::Up(connected) => Some(connected.renew_at_us),
        }
    }

    /// Sends a fresh token.
    pub fn renew(&mut self, token: String, now_us: i64) {
        let Phase::Up(connected) = &mut self.phase else {
            return;
        };
        // A token that does not say when it ends is the server's to refuse.
        let server_now_us = now_us.saturating_add(connected.server_ahead_us);
        let expires_us = expiry_us(&token).unwrap_or(server_now_us);
        connected.renew_at_us = renew_at_us(now_us, server_now_us, expires_us);
        self.transmits.push_back(ClientMessage::Renew { token });
    }

    /// Asks something: at once if the server knows us, else as soon as it does; and again on
    /// every new connection until it is answered.
    ///
    /// # Errors
    /// [`RequestError`]; nothing was asked.
    pub fn request(&mut self, id: RequestId, ask: Ask) -> Result<(), RequestError> {
        if self.unanswered.iter().any(|(known, _)| *known == id) {
            return Err(RequestError::AlreadyAsked);
        }
        if self.unanswered.len() >= UNANSWERED_MAX {
            return Err(RequestError::TooManyUnanswered);
        }
        if matches!(self.phase, Phase::Up(_)) {
            self.transmits.push_back(ClientMessage::Request {
                id,
                ask: ask.clone(),
            });
        }
        self.unanswered.push_back((id, ask));
        Ok(())
    }

    /// Gives a request up, so that it is not repeated: for requests that cannot be sent at all.
    pub fn forget(&mut self, id: RequestId) {
        self.unanswered.retain(|(known, _)| *known != id);
    }

    /// What to send next, if anything.
    pub fn poll_transmit(&mut self) -> Option<ClientMessage> {
        pop(&mut self.transmits)
    }

    /// What was learned next, if anything.
    pub fn poll_event(&mut self) -> Option<Event> {
        pop(&mut self.events)
    }

    /// The position reached: what the next connection resumes from.
    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// Requests that have not been answered, in the order in which they were made.
    pub fn unanswered(&self) -> impl ExactSizeIterator<Item = RequestId> {
        self.unanswered.iter().map(|(id, _)| *id)
    }

    /// What was received and dropped.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn welcomed(&mut self, welcome: Welcome, now_us: i64) -> Result<(), Violation> {
        let Phase::Opening { .. } = self.phase else {
            return Err(Violation::WelcomedTwice);
        };
        let sync = if welcome.resumed {
            Sync::Missed
        } else {
            Sync::Whole {
                offers: std::mem::take(&mut self.offers),
                assignments: std::mem::take(&mut self.assignments),
            }
        };
        self.phase = Phase::Up(Connected {
            sync,
            server_ahead_us: welcome.server_time_us.saturating_sub(now_us),
            renew_at_us: renew_at_us(now_us, welcome.server_time_us, welcome.token_expires_us),
        });
        self.events.push_back(Event::Up(welcome));
        for (id, ask) in &self.unanswered {
            self.transmits.push_back(ClientMessage::Request {
                id: *id,
                ask: ask.clone(),
            });
        }
        Ok(())
    }

    fn pushed(&mut self, push: Push) -> Result<(), Violation> {
        let Phase::Up(connected) = &self.phase else {
            return Err(Violation::NotWelcomed);
        };
        if !matches!(connected.sync, Sync::Whole { .. }) {
            if self.cursor.is_some_and(|cursor| push.cursor <= cursor) {
                self.counts.repeats += 1;
                return Ok(());
            }
            // The cursor stays where it was during a whole sync: one that breaks off half-way
            // has not caught up with anything.
            self.cursor = Some(push.cursor);
        }
        self.stand(&push.news);
        self.events.push_back(Event::News(push));
        Ok(())
    }

    fn stand(&mut self, news: &News) {
        match news {
            News::Offered(offer) => self.offers.insert(offer.vacancy),
            News::Withdrawn { vacancy, .. } => self.offers.remove(*vacancy),
            News::Overlapped { vacancies, .. } => {
                for vacancy in vacancies {
                    self.offers.remove(*vacancy);
                }
            }
            News::Assigned(assignment) => {
                self.offers.remove(assignment.receipt.vacancy);
                self.assignments.insert(assignment.receipt.vacancy);
            }
            News::Unassigned { vacancy, .. } => self.assignments.remove(*vacancy),
            News::Passed { vacancy } => self.offers.remove(*vacancy),
            News::Flagged { .. }
            | News::Happened(_)
            | News::Amended(_)
            | News::ReadOrders(_)
            | News::Attendance(_)
            | News::Noted { .. }
            | News::Said { .. }
            | News::Attributes(_)
            | News::Missed(_)
            | News::Kept { .. }
            | News::WaitEnded { .. } => {}
        }
    }

    fn synced(&mut self, cursor: Cursor) -> Result<(), Violation> {
        let Phase::Up(connected) = &mut self.phase else {
            return Err(Violation::NotWelcomed);
        };
        match std::mem::replace(&mut connected.sync, Sync::Live) {
            Sync::Live => return Err(Violation::NotSyncing),
            Sync::Missed => self.cursor = self.cursor.max(Some(cursor)),
            Sync::Whole {
                offers,
                assignments,
            } => {
                self.cursor = Some(cursor);
                for vacancy in offers.without(&self.offers) {
                    self.events.push_back(Event::Gone {
                        vacancy,
                        standing: Standing::Offer,
                    });
                }
                for vacancy in assignments.without(&self.assignments) {
                    let standing = Standing::Assignment;
                    self.events.push_back(Event::Gone { vacancy, standing });
                }
            }
        }
        self.events.push_back(Event::Synced(cursor));
        Ok(())
    }

    fn answered(&mut self, id: RequestId, outcome: Outcome) -> Result<(), Violation> {
        let Phase::Up(_) = self.phase else {
            return Err(Violation::NotWelcomed);
        };
        let Some(at) = self.unanswered.iter().position(|(known, _)| *known == id) else {
            self.counts.strays += 1;
            return Ok(());
        };
        self.unanswered.remove(at);
        self.events.push_back(Event::Answered { id, outcome });
        Ok(())
    }

    fn hello(&mut self, token: String, now_us: i64) -> Hello {
        self.disconnected();
        self.phase = Phase::Opening {
            deadline_us: now_us + micros(WELCOME_DEADLINE_MS),
        };
        Hello {
            version: VERSION,
            token,
            resume: self.cursor,
            software: self.software.clone(),
        }
    }

    fn down(&mut self, because: Option<GoAway>, reconnect_after_ms: u32) {
        // What was not sent on the old connection has no place on the next.
        self.transmits.clear();
        match std::mem::replace(&mut self.phase, Phase::Down) {
            Phase::Down => return,
            Phase::Opening { .. } => {}
            // A whole sync that broke off: what it had not come to may still stand, and the next
            // one will tell.
            Phase::Up(Connected {
                sync:
                    Sync::Whole {
                        offers,
                        assignments,
                    },
                ..
            }) => {
                self.offers.add(offers);
                self.assignments.add(assignments);
            }
            Phase::Up(_) => {}
        }
        self.events.push_back(Event::Down {
            because,
            reconnect_after_ms,
        });
    }
}

/// When to renew a token, on our clock, that expires at an instant of the server's clock: all in
/// microseconds. The server may say any time, so nothing is added up without a stop at the end.
fn renew_at_us(now_us: i64, server_now_us: i64, expires_us: i64) -> i64 {
    let left_us = expires_us.saturating_sub(server_now_us);
    let ahead_us = micros(RENEW_AHEAD_MS).min(left_us / 2);
    now_us.saturating_add((left_us - ahead_us).max(micros(RENEW_INTERVAL_MIN_MS)))
}

/// Queues are empty most of the time, and an empty one keeps no memory.
fn pop<T>(queue: &mut VecDeque<T>) -> Option<T> {
    let next = queue.pop_front();
    if queue.is_empty() {
        *queue = VecDeque::new();
    }
    next
}

/// A set of vacancies: sorted, because keys are made in order of time and a load generator holds
/// ten thousand of these, for which a hash table would be mostly empty.
#[derive(Debug, Default)]
struct Keys(Vec<VacancyKey>);

impl Keys {
    fn insert(&mut self, key: VacancyKey) {
        if let Err(at) = self.0.binary_search(&key) {
            self.0.insert(at, key);
        }
    }

    fn remove(&mut self, key: VacancyKey) {
        if let Ok(at) = self.0.binary_search(&key) {
            self.0.remove(at);
        }
    }

    fn add(&mut self, other: Keys) {
        self.0.extend(other.0);
        self.0.sort_unstable();
        self.0.dedup();
    }

    fn without(self, other: &Keys) -> impl Iterator<Item = VacancyKey> {
        self.0
            .into_iter()
            .filter(|key| other.0.binary_search(key).is_err())
    }
}
