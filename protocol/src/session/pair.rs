//! Both sides of a conversation, joined by queues under virtual time, with a server shell that
//! keeps a history and answers on demand.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Action, ClientSession, Due, Event, ServerSession};
use crate::token::{SigningKey, VerifyingKeys};
use crate::{Ask, ClientMessage, Cursor, GoAway, Outcome, Push, RequestId, Role, ServerMessage};

pub(super) const START_US: i64 = 1_795_417_200_000_000;

/// How far the client's clock is behind the server's, in microseconds.
const CLIENT_BEHIND_US: i64 = 1_795_000_000_000_000;

/// A client, a server and the wire between them.
pub(super) struct Pair {
    pub(super) now_us: i64,
    pub(super) key: SigningKey,
    pub(super) client: ClientSession,
    pub(super) server: ServerSession,
    pub(super) shell: Shell,
    /// What the client learned, in order.
    pub(super) events: Vec<Event>,
    keys: Arc<VerifyingKeys>,
    to_server: VecDeque<ClientMessage>,
    to_client: VecDeque<ServerMessage>,
}

/// What stands behind the server's side.
#[derive(Default)]
pub(super) struct Shell {
    /// Every push ever, in order of its cursor.
    pub(super) history: Vec<Push>,
    /// Pushes that describe the whole state, said when the cursor is too old.
    pub(super) state: Vec<Push>,
    /// Whether the history still reaches back to every cursor.
    pub(super) resumable: bool,
    /// Whether requests are answered; if not, they wait.
    pub(super) answering: bool,
    /// Requests that reached the shell, in order.
    pub(super) requests: Vec<(RequestId, Ask)>,
    /// How the last connection was ended by the server.
    pub(super) closed: Option<Option<GoAway>>,
    /// How many connections were opened.
    pub(super) opened: usize,
}

impl Pair {
    pub(super) fn new() -> Pair {
        let key = SigningKey::generate();
        let keys = Arc::new(VerifyingKeys::new([key.verifying_key()]));
        Pair {
            now_us: START_US,
            client: ClientSession::new("pair 1"),
            server: ServerSession::new(Arc::clone(&keys), START_US),
            shell: Shell {
                resumable: true,
                answering: true,
                ..Shell::default()
            },
            events: Vec::new(),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            key,
            keys,
        }
    }

    /// A pair whose officer is connected and in sync.
    pub(super) fn connected() -> Pair {
        let mut pair = Pair::new();
        pair.connect();
        pair.events.clear();
        pair
    }

    pub(super) fn token(&self, role: Role, subject: &str) -> String {
        self.key
            .issue(role, subject, Some("tucson"), self.now_us, 900)
            .expect("good claims")
    }

    /// A new connection, run until nothing moves.
    pub(super) fn connect(&mut self) {
        let token = self.token(Role::Officer, "TUC-0412");
        self.connect_with(token);
    }

    pub(super) fn connect_with(&mut self, token: String) {
        self.server = ServerSession::new(Arc::clone(&self.keys), self.now_us);
        self.client.open(token, self.client_now_us());
        self.run();
    }

    /// The connection breaks: whatever was under way is lost.
    pub(super) fn cut(&mut self) {
        self.to_client.clear();
        self.to_server.clear();
        self.client.disconnected();
        self.collect();
    }

    /// Adds to the history and pushes it.
    pub(super) fn push(&mut self, push: Push) {
        self.shell.history.push(push.clone());
        self.to_client.push_back(ServerMessage::Push(push));
        self.run();
    }

    /// Lets time pass on both sides.
    pub(super) fn pass(&mut self, seconds: i64) -> Option<Due> {
        self.now_us += seconds * 1_000_000;
        self.server.handle_timeout(self.now_us);
        let due = self.client.handle_timeout(self.client_now_us());
        self.run();
        due
    }

    pub(super) fn request(&mut self, id: u128, ask: Ask) {
        self.client
            .request(RequestId(id), ask)
            .expect("there is room");
        self.run();
    }

    pub(super) fn say(&mut self, message: ClientMessage) {
        self.to_server.push_back(message);
        self.run();
    }

    pub(super) fn client_now_us(&self) -> i64 {
        self.now_us - CLIENT_BEHIND_US
    }

    /// Moves messages until both sides are quiet.
    pub(super) fn run(&mut self) {
        loop {
            while let Some(message) = self.client.poll_transmit() {
                self.to_server.push_back(message);
            }
            if let Some(message) = self.to_server.pop_front() {
                self.server.handle_message(message, self.now_us);
            }
            while let Some(action) = self.server.poll() {
                self.act(action);
            }
            if let Some(message) = self.to_client.pop_front() {
                let now_us = self.client_now_us();
                self.client
                    .handle_message(message, now_us)
                    .expect("the server keeps the rules");
            } else if self.to_server.is_empty() {
                break;
            }
        }
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(event) = self.client.poll_event() {
            self.events.push(event);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Opened { resume, .. } => self.welcome(resume),
            Action::Request { id, ask } => {
                self.shell.requests.push((id, ask));
                if self.shell.answering {
                    let outcome = Outcome::Done { sequence: 1 };
                    self.to_client
                        .push_back(ServerMessage::Answer { id, outcome });
                    self.server.answered(id);
                }
            }
            Action::Renewed { .. } => {}
            Action::Send(message) => self.to_client.push_back(message),
            Action::Close { because } => self.shell.closed = Some(because),
        }
    }

    fn welcome(&mut self, resume: Option<Cursor>) {
        self.shell.opened += 1;
        let resume = resume.filter(|_| self.shell.resumable);
        self.server.welcome(7, resume.is_some(), self.now_us);
        while let Some(action) = self.server.poll() {
            self.act(action);
        }
        let pushes = match resume {
            Some(cursor) => self
                .shell
                .history
                .iter()
                .filter(|push| push.cursor > cursor)
                .cloned()
                .collect(),
            None => self.shell.state.clone(),
        };
        self.to_client
            .extend(pushes.into_iter().map(ServerMessage::Push));
        let cursor = self
            .shell
            .history
            .last()
            .map_or(Cursor::default(), |push| push.cursor);
        self.to_client.push_back(ServerMessage::Synced { cursor });
    }
}
