//! The server's side against a client that says anything.

use std::sync::Arc;

use protocol::frame::Codec;
use protocol::session::{Action, ServerSession};
use protocol::token::Claims;
use protocol::{
    Afterwards, Ask, ClientMessage, GoAway, Hello, JobSay, JobsAsked, Outcome, Read, RequestId,
    Role, RosterChange, ServerMessage, VERSION,
};

use super::super::Reached;
use super::super::tape::Tape;
use super::super::token::{NOW_US, issued, keys};
use super::{ask, message, pass, request_id};

/// What the server may have to say to one move, in actions.
const ACTIONS_MAX: usize = 3;
/// How long what the session says by itself may be, in bytes.
const SAID_BYTES_MAX: usize = 1_024;

const REASONS: [GoAway; 8] = [
    GoAway::Stopping,
    GoAway::Unauthenticated,
    GoAway::TokenExpired,
    GoAway::VersionNotSpoken,
    GoAway::ProtocolError,
    GoAway::TooSlow,
    GoAway::TooManySessions,
    GoAway::Denied,
];

/// What a move does, as its first byte says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Move {
    /// The client says something: length (u16), payload.
    Say = 0,
    /// The client opens: role, whether it resumes, version.
    Hello = 1,
    /// The client renews: role.
    Renew = 2,
    /// Time passes: step.
    Pass = 3,
    /// The time comes at which the session wanted to be woken.
    Wake = 4,
    /// The shell answers a request: which.
    Answer = 5,
    /// The shell ends it: why.
    Close = 6,
    /// The shell says welcome: whether missed pushes follow.
    Welcome = 7,
    /// The client asks: kind, whether of its own, id.
    Ask = 8,
    /// The shell lets actions wait for the next move.
    Hold = 9,
}

const MOVES: [Move; 10] = [
    Move::Say,
    Move::Hello,
    Move::Renew,
    Move::Pass,
    Move::Wake,
    Move::Answer,
    Move::Close,
    Move::Welcome,
    Move::Ask,
    Move::Hold,
];

pub(super) fn play(tape: &mut Tape<'_>, reached: &mut Reached) {
    let mut stage = Stage {
        session: ServerSession::new(Arc::new(keys().clone()), NOW_US),
        now_us: NOW_US,
        model: Model::default(),
    };
    let mut is_held = false;
    for _ in 0..super::MOVES_MAX {
        if tape.is_over() {
            break;
        }
        let next = MOVES[usize::from(tape.byte()) % MOVES.len()];
        stage.make(next, tape);
        if next == Move::Hold {
            is_held = true;
            continue;
        }
        stage.model.may_say = ACTIONS_MAX * if is_held { super::MOVES_MAX } else { 1 };
        stage.take_actions(is_held, reached);
        is_held = false;
    }
    stage.take_actions(true, reached);
}

struct Stage {
    session: ServerSession,
    now_us: i64,
    model: Model,
}

/// What is known of a conversation from outside.
#[derive(Debug, Default)]
pub struct Model {
    /// Who opened it.
    pub opened: Option<Claims>,
    /// Whether the last action has been heard.
    pub closed: bool,
    /// Requests that were handed out and not answered.
    pub outstanding: Vec<RequestId>,
    /// How many actions may still come before the next move.
    pub may_say: usize,
}

impl Stage {
    fn make(&mut self, next: Move, tape: &mut Tape<'_>) {
        let now_us = self.now_us;
        match next {
            Move::Say => match message(tape, self.session.frame_max_bytes()) {
                Some(said) => self.session.handle_message(said, now_us),
                None => self.session.handle_undecodable(),
            },
            Move::Hello => {
                let token = self.token(tape);
                let flags = tape.byte();
                let version = if flags & 2 == 0 {
                    VERSION
                } else {
                    u16::from(flags)
                };
                let resume = (flags & 1 != 0).then(Default::default);
                let software = "fuzz".to_owned();
                let hello = Hello {
                    version,
                    token,
                    resume,
                    software,
                };
                self.session
                    .handle_message(ClientMessage::Hello(hello), now_us);
            }
            Move::Renew => {
                let token = self.token(tape);
                self.session
                    .handle_message(ClientMessage::Renew { token }, now_us);
            }
            Move::Pass => {
                self.now_us = pass(tape, now_us);
                self.session.handle_timeout(self.now_us);
            }
            Move::Wake => {
                if let Some(timeout_us) = self.session.poll_timeout() {
                    self.now_us = timeout_us;
                    self.session.handle_timeout(timeout_us);
                    assert!(
                        self.session.is_closed(),
                        "a session that is woken has an end"
                    );
                }
            }
            Move::Answer => {
                let which = tape.below(self.model.outstanding.len() + 1);
                let known = self.model.outstanding.get(which).copied();
                if known.is_some() {
                    self.model.outstanding.swap_remove(which);
                }
                self.session.answered(known.unwrap_or(RequestId(u128::MAX)));
            }
            Move::Close => {
                let because = REASONS[usize::from(tape.byte()) % REASONS.len()];
                self.session.close(because);
            }
            Move::Welcome => self.session.welcome(1, tape.byte() & 1 != 0, now_us),
            Move::Ask => {
                let (kind, is_own) = (tape.byte(), tape.byte() & 1 != 0);
                let id = request_id(tape.byte());
                let ask = ask(kind, is_own);
                self.session
                    .handle_message(ClientMessage::Request { id, ask }, now_us);
            }
            Move::Hold => {}
        }
    }

    fn token(&self, tape: &mut Tape<'_>) -> String {
        let which = usize::from(tape.byte());
        let issued = issued();
        issued
            .get(which % (issued.len() + 1))
            .map_or("forged", |(_, token)| token)
            .to_owned()
    }

    fn take_actions(&mut self, is_held: bool, reached: &mut Reached) {
        while let Some(action) = self.session.poll() {
            let now_us = if is_held { i64::MIN } else { self.now_us };
            let claims = self.session.claims().cloned();
            if let Err(breach) = self.model.hear(&action, claims.as_ref(), now_us, reached) {
                panic!("{breach}: {action:?}");
            }
        }
        if let (Some(opened), Some(now)) = (&self.model.opened, self.session.claims()) {
            let same = (opened.role, &opened.subject, &opened.agency, opened.device);
            assert_eq!(
                same,
                (now.role, &now.subject, &now.agency, now.device),
                "nobody becomes another"
            );
        }
        let is_over = self.session.is_closed();
        assert_eq!(
            is_over, self.model.closed,
            "a session that has closed says so, and only then"
        );
        assert_eq!(self.session.poll_timeout().is_none(), is_over);
    }
}

impl Model {
    /// Whether the server may do `action` now, for somebody whose token says `claims`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn hear(
        &mut self,
        action: &Action,
        claims: Option<&Claims>,
        now_us: i64,
        reached: &mut Reached,
    ) -> Result<(), &'static str> {
        self.may_say = self
            .may_say
            .checked_sub(1)
            .ok_or("one move has endless answers")?;
        if self.closed {
            return Err("nothing is said after the end");
        }
        match action {
            Action::Opened { claims, .. } => {
                reached.note("opened");
                if self.opened.is_some() {
                    return Err("a session opens once");
                }
                if !issued().iter().any(|(issued, _)| issued == claims) {
                    return Err("nobody issued this token");
                }
                self.opened = Some(claims.clone());
            }
            Action::Renewed { claims } => {
                reached.note("renewed");
                if !issued().iter().any(|(issued, _)| issued == claims) {
                    return Err("nobody issued this token");
                }
            }
            Action::Request { id, ask } => {
                reached.note("request");
                let opened = self
                    .opened
                    .as_ref()
                    .ok_or("nobody asks before the opening")?;
                if claims.is_some_and(|claims| now_us >= claims.expires_us) {
                    return Err("nobody asks with a token that has expired");
                }
                if !may(opened, ask) {
                    return Err("this role may not ask this");
                }
                let most = match opened.role {
                    Role::Officer | Role::ReadOnly => 32,
                    Role::Coordinator | Role::Operator => 1_024,
                };
                if self.outstanding.len() >= most {
                    return Err("too many requests are under way");
                }
                self.outstanding.push(*id);
            }
            Action::Send(message) => self.sent(message, reached)?,
            Action::Close { .. } => {
                reached.note("closed");
                self.closed = true;
            }
        }
        Ok(())
    }

    fn sent(&self, message: &ServerMessage, reached: &mut Reached) -> Result<(), &'static str> {
        let frame = Codec::Native.encode(message, SAID_BYTES_MAX);
        frame.map_err(|_| "what the session says by itself is short")?;
        match message {
            ServerMessage::GoAway { .. } => Ok(()),
            _ if self.opened.is_none() => Err("nothing is said before the opening"),
            ServerMessage::Welcome(_) => Ok(()),
            ServerMessage::Answer {
                outcome: Outcome::Refused(_),
                ..
            } => {
                reached.note("refused");
                Ok(())
            }
            ServerMessage::Answer {
                outcome: Outcome::Busy { .. },
                ..
            } => {
                reached.note("busy");
                Ok(())
            }
            ServerMessage::Answer { .. }
            | ServerMessage::Push(_)
            | ServerMessage::Synced { .. } => Err("only the shell says this"),
        }
    }
}

/// Who may ask what, said once more.
fn may(who: &Claims, ask: &Ask) -> bool {
    let leads = match who.role {
        Role::Coordinator | Role::Operator => true,
        Role::Officer | Role::ReadOnly => false,
    };
    let is_own = |lead: &String| who.role == Role::Operator || who.agency.as_ref() == Some(lead);
    match ask {
        Ask::Accept { .. } | Ask::Decline { .. } | Ask::Release { .. } | Ask::Punch { .. } => {
            who.role == Role::Officer
        }
        Ask::Undo { .. } | Ask::JoinStandby { .. } | Ask::LeaveStandby { .. } => {
            who.role == Role::Officer
        }
        Ask::Publish(new) => leads && is_own(&new.lead),
        Ask::PublishAll { vacancies } => {
            leads && vacancies.iter().all(|one| is_own(&one.vacancy.lead))
        }
        Ask::Preview(one) => leads && is_own(&one.vacancy.lead),
        Ask::Grant { .. } => leads,
        Ask::PutGrant(_) | Ask::Denial(_) => who.role == Role::Operator,
        Ask::Cancel { .. }
        | Ask::OpenNextTier { .. }
        | Ask::Recall { .. }
        | Ask::Amend(_)
        | Ask::ApproveLastTier { .. }
        | Ask::Jobs(JobsAsked::One { .. })
        | Ask::Restaff { .. } => leads,
        Ask::Jobs(JobsAsked::OfAgency { lead, .. }) => leads && is_own(lead),
        Ask::Job { say, .. } => match &**say {
            JobSay::Ask(brief) => leads && is_own(&brief.lead),
            _ => leads,
        },
        Ask::Roster { changes } => {
            let own = |change: &RosterChange| change.declared_by() == Some(&*who.subject);
            leads || who.role == Role::Officer && changes.iter().all(own)
        }
        Ask::Why { badge, .. } => leads || who.role == Role::Officer && *badge == who.subject,
        Ask::Board => who.role != Role::Officer,
        Ask::Afterwards(asked) => {
            let own = asked.badge().is_some_and(|badge| badge == who.subject);
            match **asked {
                Afterwards::Acknowledge { .. } => who.role == Role::Officer,
                Afterwards::Note { .. } | Afterwards::Say { .. } => {
                    leads || who.role == Role::Officer && own
                }
                _ => leads,
            }
        }
        Ask::Read(Read::Shifts { badge, .. }) => {
            leads || who.role == Role::Officer && *badge == who.subject
        }
        Ask::Read(_) => who.role != Role::ReadOnly,
    }
}
