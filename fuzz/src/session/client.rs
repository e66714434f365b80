//! The client's side against a server that says anything.

use std::collections::BTreeSet;

use protocol::frame::SERVER_FRAME_MAX_BYTES;
use protocol::session::{ClientSession, Event, UNANSWERED_MAX};
use protocol::{
    Assignment, ClientMessage, Cursor, GoAway, News, Offer, Outcome, Push, Receipt, RequestId,
    Role, ServerMessage, Unassignment, VacancyKey, Welcome, Withdrawal,
};

use super::super::Reached;
use super::super::tape::Tape;
use super::super::token::{NOW_US, issued};
use super::{ask, message, pass, request_id};

/// What the client may have to say or tell after one move, beside requests and vacancies that it
/// knows of.
const SAID_MAX: usize = 4;

/// How many kinds of news a [`Move::Hear`] can bring.
const NEWS: u8 = 4;

/// What a move does, as its first byte says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Move {
    /// The server says something: length (u16), payload.
    Say = 0,
    /// A connection is made: token.
    Open = 1,
    /// The connection breaks.
    Cut = 2,
    /// Time passes: step.
    Pass = 3,
    /// The application renews: token, or that many bytes of the tape as one.
    Renew = 4,
    /// The application asks: kind, id.
    Ask = 5,
    /// The application gives a request up: id.
    Forget = 6,
    /// The application says goodbye.
    Goodbye = 7,
    /// The server says welcome: whether missed pushes follow, its time (i64), the token's end (i64).
    Welcome = 8,
    /// The server pushes: cursor, kind, vacancy.
    Hear = 9,
    /// The server ends a sync: cursor.
    Sync = 10,
    /// The server answers: id.
    Answer = 11,
    /// The server goes away.
    GoAway = 12,
}

const MOVES: [Move; 13] = [
    Move::Say,
    Move::Open,
    Move::Cut,
    Move::Pass,
    Move::Renew,
    Move::Ask,
    Move::Forget,
    Move::Goodbye,
    Move::Welcome,
    Move::Hear,
    Move::Sync,
    Move::Answer,
    Move::GoAway,
];

pub(super) fn play(tape: &mut Tape<'_>, reached: &mut Reached) {
    let mut stage = Stage {
        session: ClientSession::new("fuzz"),
        now_us: NOW_US,
        model: Model::default(),
    };
    for _ in 0..super::MOVES_MAX {
        if tape.is_over() {
            break;
        }
        let next = MOVES[usize::from(tape.byte()) % MOVES.len()];
        stage.make(next, tape, reached);
        stage.take_all(reached);
    }
}

struct Stage {
    session: ClientSession,
    now_us: i64,
    model: Model,
}

/// What is known of a client from outside.
#[derive(Debug, Default)]
pub struct Model {
    /// How the connection stands.
    pub line: Line,
    /// Whether a whole sync is under way.
    pub is_syncing: bool,
    /// The last position that was reached outside of a whole sync.
    pub cursor: Option<Cursor>,
    /// Requests without an answer.
    pub asked: Vec<RequestId>,
    /// Vacancies that were ever offered or assigned.
    pub mentioned: BTreeSet<VacancyKey>,
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Line {
    /// There is none.
    #[default]
    Down,
    /// `Hello` is to be said, or was.
    Opening,
    /// The server said welcome.
    Up,
}

impl Stage {
    fn make(&mut self, next: Move, tape: &mut Tape<'_>, reached: &mut Reached) {
        match next {
            Move::Say => {
                if let Some(said) = message(tape, SERVER_FRAME_MAX_BYTES) {
                    reached.note("decoded");
                    self.hear(said, reached);
                }
            }
            Move::Open => {
                let issued = issued();
                let token = &issued[usize::from(tape.byte()) % issued.len()].1;
                self.session.open(token.clone(), self.now_us);
                self.take_events(reached);
                self.model.line = Line::Opening;
            }
            Move::Cut => self.session.disconnected(),
            Move::Pass => {
                self.now_us = pass(tape, self.now_us);
                let _ = self.session.handle_timeout(self.now_us);
            }
            Move::Renew => {
                let which = usize::from(tape.byte());
                let token = issued().get(which).map(|(_, token)| token.clone());
                let made_up = || String::from_utf8_lossy(tape.bytes(which)).into_owned();
                self.session
                    .renew(token.unwrap_or_else(made_up), self.now_us);
            }
            Move::Ask => {
                let (kind, id) = (tape.byte(), request_id(tape.byte()));
                let is_new = !self.model.asked.contains(&id);
                let taken = self.session.request(id, ask(kind, true)).is_ok();
                assert_eq!(taken, is_new && self.model.asked.len() < UNANSWERED_MAX);
                if taken {
                    self.model.asked.push(id);
                }
            }
            Move::Forget => {
                let id = request_id(tape.byte());
                self.session.forget(id);
                self.model.asked.retain(|known| *known != id);
            }
            Move::Goodbye => self.session.goodbye(),
            Move::Welcome | Move::Hear | Move::Sync | Move::Answer | Move::GoAway => {
                self.hear(said(next, tape), reached);
            }
        }
    }

    /// The server says `message`. A shell whose server breaks the rules ends the connection.
    fn hear(&mut self, message: ServerMessage, reached: &mut Reached) {
        if self.session.handle_message(message, self.now_us).is_err() {
            reached.note("violation");
            self.take_events(reached);
            self.session.disconnected();
        }
    }

    fn take_all(&mut self, reached: &mut Reached) {
        self.take_events(reached);
        let mut may_say = SAID_MAX + self.model.asked.len();
        while let Some(message) = self.session.poll_transmit() {
            may_say = may_say
                .checked_sub(1)
                .expect("one move has endless answers");
            if let Err(breach) = self.model.says(&message) {
                panic!("{breach}: {message:?}");
            }
        }
        let unanswered: Vec<_> = self.session.unanswered().collect();
        assert_eq!(
            unanswered, self.model.asked,
            "requests are kept until they are answered"
        );
        assert_eq!(
            self.session.poll_timeout().is_none(),
            self.model.line == Line::Down
        );
    }

    fn take_events(&mut self, reached: &mut Reached) {
        let mut may_tell = SAID_MAX + 2 * self.model.mentioned.len();
        while let Some(event) = self.session.poll_event() {
            may_tell = may_tell
                .checked_sub(1)
                .expect("one move has endless events");
            if let Err(breach) = self.model.learns(&event, reached) {
                panic!("{breach}: {event:?}");
            }
        }
    }
}

impl Model {
    /// Whether the client may say `message` now.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn says(&mut self, message: &ClientMessage) -> Result<(), &'static str> {
        match (message, self.line) {
            (ClientMessage::Goodbye, Line::Down) => Ok(()),
            (ClientMessage::Hello(hello), Line::Opening) if hello.resume == self.cursor => Ok(()),
            (ClientMessage::Hello(_), Line::Opening) => Err("it resumes where it stood"),
            (ClientMessage::Renew { .. }, Line::Up) => Ok(()),
            (ClientMessage::Request { id, .. }, Line::Up) if self.asked.contains(id) => Ok(()),
            (ClientMessage::Request { .. }, Line::Up) => Err("nobody asked this"),
            _ => Err("there is nobody to say this to"),
        }
    }

    /// Whether the client may tell the application of `event` now.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn learns(&mut self, event: &Event, reached: &mut Reached) -> Result<(), &'static str> {
        match event {
            Event::Up(welcome) => {
                reached.note("up");
                self.is_syncing = !welcome.resumed;
                let is_first = std::mem::replace(&mut self.line, Line::Up) == Line::Opening;
                return is_first.then_some(()).ok_or("a connection comes up once");
            }
            Event::Down { .. } => {
                reached.note("down");
                let before = std::mem::replace(&mut self.line, Line::Down);
                return (before != Line::Down)
                    .then_some(())
                    .ok_or("a connection ends once");
            }
            _ if self.line != Line::Up => return Err("nothing is learnt without a welcome"),
            Event::News(push) => {
                reached.note("news");
                if !self.is_syncing {
                    if self.cursor.is_some_and(|cursor| push.cursor <= cursor) {
                        return Err("nothing is news twice");
                    }
                    self.cursor = Some(push.cursor);
                }
                self.mention(&push.news);
            }
            Event::Gone { vacancy, .. } => {
                reached.note("gone");
                if !self.is_syncing || !self.mentioned.contains(vacancy) {
                    return Err("only a whole sync lets go of what was known");
                }
            }
            Event::Synced(cursor) => {
                reached.note("synced");
                let before = self.cursor.filter(|_| !self.is_syncing);
                self.cursor = before.max(Some(*cursor));
                self.is_syncing = false;
            }
            Event::Answered { id, .. } => {
                reached.note("answered");
                let at = self.asked.iter().position(|known| known == id);
                self.asked
                    .remove(at.ok_or("an answer is heard once, by who asked")?);
            }
        }
        Ok(())
    }

    fn mention(&mut self, news: &News) {
        match news {
            News::Offered(offer) => drop(self.mentioned.insert(offer.vacancy)),
            News::Assigned(assignment) => {
                self.mentioned.insert(assignment.receipt.vacancy);
            }
            _ => {}
        }
    }
}

fn said(next: Move, tape: &mut Tape<'_>) -> ServerMessage {
    let cursor = |number: u8| Cursor {
        sequence: u64::from(number),
        step: 0,
    };
    match next {
        Move::Welcome => ServerMessage::Welcome(Welcome {
            session: 1,
            subject: "SAG-0412".to_owned(),
            agency: Some("saguaro".to_owned()),
            role: Role::Officer,
            resumed: tape.byte() & 1 != 0,
            server_time_us: tape.long(),
            token_expires_us: tape.long(),
        }),
        Move::Hear => {
            let cursor = cursor(tape.byte());
            let news = news(tape.byte(), VacancyKey(u128::from(tape.byte())));
            ServerMessage::Push(Push { cursor, news })
        }
        Move::Sync => ServerMessage::Synced {
            cursor: cursor(tape.byte()),
        },
        Move::Answer => {
            let outcome = Outcome::Done { sequence: 1 };
            ServerMessage::Answer {
                id: request_id(tape.byte()),
                outcome,
            }
        }
        _ => ServerMessage::GoAway {
            because: GoAway::Stopping,
            reconnect_after_ms: 1,
        },
    }
}

fn news(kind: u8, vacancy: VacancyKey) -> News {
    match kind % NEWS {
        0 => News::Offered(Offer {
            vacancy,
            round: 1,
            tier: 0,
            lead: "saguaro".to_owned(),
            programme: "sso".to_owned(),
            segments: Vec::new(),
            slots: Vec::new(),
            slots_open: 1,
            offered_at_us: 0,
        }),
        1 => News::Withdrawn {
            vacancy,
            because: Withdrawal::Filled,
        },
        2 => News::Assigned(Assignment {
            receipt: Receipt {
                vacancy,
                slot: 0,
                place: 1,
                sequence: 1,
                cover: "saguaro-msa".to_owned(),
                awarded_at_us: 0,
            },
            segments: Vec::new(),
            post_orders: String::new(),
        }),
        _ => News::Unassigned {
            vacancy,
            because: Unassignment::Released,
        },
    }
}
