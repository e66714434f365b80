//! Both sides of a conversation, each against a peer that says anything at any time.
//!
//! An input is a list of moves. After each of them everything that the side has to say is taken
//! from it and held against a small model of what it may say ([`server`], [`client`]), which
//! shares no code with it.

pub mod client;
pub mod server;

use protocol::frame::{Codec, FrameReader, Message};
use protocol::{
    Amend, Ask, Day, Direction, Grant, NewVacancy, Publication, RequestId, RosterChange, VacancyKey,
};

use super::Reached;
use super::tape::Tape;
use super::token::NOW_US;

/// The first bit of an input: set for the client's side.
pub const CLIENT_SIDE: u8 = 1;

/// How many moves one conversation has at most.
const MOVES_MAX: usize = 512;

/// The steps in which time passes, in microseconds; the last one sets the clock back.
const STEPS_US: [i64; 8] = [
    0,
    1,
    1_000_000,
    5_000_000,
    60_000_000,
    600_000_000,
    86_400_000_000,
    -30_000_000,
];

/// Plays the conversation that `input` describes.
///
/// # Panics
/// If a side says what it may not say.
pub fn run(input: &[u8]) -> Reached {
    let mut tape = Tape(input);
    let mut reached = Reached::default();
    if tape.byte() & CLIENT_SIDE == 0 {
        server::play(&mut tape, &mut reached);
    } else {
        client::play(&mut tape, &mut reached);
    }
    reached
}

/// Moves on by the step that the tape names.
fn pass(tape: &mut Tape<'_>, now_us: i64) -> i64 {
    let step_us = STEPS_US[usize::from(tape.byte()) % STEPS_US.len()];
    // A clock of this century, whatever the steps add up to.
    (now_us + step_us).clamp(NOW_US / 2, NOW_US * 2)
}

/// The message in the next bytes of the tape, as the shell reads it from the stream: the frame's
/// length is put before it, so that the bytes need only be a payload.
fn message<M: Message>(tape: &mut Tape<'_>, max_bytes: usize) -> Option<M> {
    let length = usize::from(tape.short());
    let payload = tape.bytes(length);
    let prefix = u32::try_from(payload.len())
        .expect("it is below 65,536")
        .to_le_bytes();
    let mut reader = FrameReader::<M>::new(Codec::Native, max_bytes);
    reader.push(&prefix);
    reader.push(payload);
    reader.next().ok().flatten()
}

/// How many kinds of [`ask`] there are.
const ASKS: u8 = 16;

/// One ask of each kind, in the words of one agency or of another.
fn ask(kind: u8, is_own: bool) -> Ask {
    let vacancy = VacancyKey(7);
    let badge = if is_own { "SAG-0412" } else { "OCO-0007" }.to_owned();
    let lead = if is_own { "saguaro" } else { "ocotillo" }.to_owned();
    match kind % ASKS {
        0 => Ask::Accept { vacancy, round: 1 },
        1 => Ask::Decline { vacancy, round: 1 },
        2 => Ask::Release { vacancy },
        3 => Ask::Punch {
            vacancy,
            direction: Direction::In,
            position: None,
        },
        4 => Ask::Publish(new_vacancy(lead)),
        5 => Ask::Cancel {
            vacancy,
            reason: String::new(),
        },
        6 => Ask::OpenNextTier { vacancy },
        7 => Ask::Recall { vacancy, badge },
        8 => Ask::Roster {
            changes: vec![RosterChange::Suspended { badge }],
        },
        9 => Ask::Why { badge, vacancy },
        10 => Ask::Amend(Amend {
            vacancy,
            segments: None,
            slots: None,
            post_orders: Some(String::new()),
            confirm_within_ms: 60_000,
        }),
        11 => Ask::Board,
        12 => Ask::PublishAll {
            vacancies: vec![publication("saguaro".to_owned()), publication(lead)],
        },
        13 => Ask::Preview(Box::new(publication(lead))),
        14 => Ask::Grant { district: lead },
        _ => Ask::PutGrant(grant()),
    }
}

fn publication(lead: String) -> Publication {
    Publication {
        vacancy: new_vacancy(lead),
        terms: Vec::new(),
    }
}

fn new_vacancy(lead: String) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(7),
        lead,
        programme: "sso".to_owned(),
        segments: Vec::new(),
        slots: Vec::new(),
        windows_ms: Vec::new(),
        post_orders: String::new(),
    }
}

fn grant() -> Grant {
    let day = Day {
        year: 2026,
        month: 7,
        day: 1,
    };
    Grant {
        district: "saguaro-unified".to_owned(),
        programme: "sso".to_owned(),
        first: day,
        last: day,
        budget_min: 60,
    }
}

fn request_id(number: u8) -> RequestId {
    RequestId(u128::from(number))
}
