//! The rows of `muster bench push`.
//!
//! The real server runs in a process of its own ([`child`], [`serve`]), officers with real
//! sessions in this one ([`officers`]). Beside it runs another process with the floor of pushing
//! ([`driver`]), to the same officers' software; both are pushed to in turn. What a packet, a
//! handshake, a token and a way there and back take with nothing around them is measured in this
//! process ([`packets`], [`handshake`]).

mod child;
mod driver;
mod handshake;
mod officers;
mod packets;
mod phones;
mod rows;
mod serve;
mod side;
mod slow;

use std::io::{self, Write};
use std::net::{SocketAddr, UdpSocket};

use clap::ValueEnum;
use protocol::{NewSegment, NewVacancy, News, Offer, Rank, Segment, VacancyKey};
use socket2::{Domain, Protocol, Socket, Type};

use super::world::{CROWD, CROWD_SITE, INVENTED, ZONE};
use crate::cli::{BenchPushArgs, BenchPushServerArgs};
use crate::clock::now_us;
use crate::stop::Stop;

pub(super) use rows::measure;

/// Officers with a session unless another number is named, and in a quick bench.
const SESSIONS: usize = 10_000;
const SESSIONS_QUICK: usize = 500;
/// Officers who read while others do not, and in a quick bench.
const READERS: usize = 1_000;
const READERS_QUICK: usize = 100;
/// Pushes that slow readers leave unread: more than the windows of both sides hold.
const UNREAD: usize = 600;
/// Parts of the shift that is offered: with so many, a push is 300 bytes long.
const SEGMENTS: u64 = 3;
/// How far ahead the first shift is, and how far apart shifts and their parts are, in microseconds.
const HOUR_US: i64 = 3_600_000_000;
const AHEAD_US: i64 = 48 * HOUR_US;
const APART_US: i64 = 8 * HOUR_US;
/// Bytes of UDP socket buffer asked of the system, each way.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;

/// A row, as it can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PushRow {
    /// What a push costs the server, and how long it takes until everybody has it
    Push,
    /// What a session weighs
    Memory,
    /// What a handshake costs the server
    Handshake,
    /// A question and its answer, without the disk
    Accept,
    /// Everybody accepts what they are pushed
    Herd,
    /// Clients that do not read
    Slow,
}

/// What is measured, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushPlan {
    /// Officers with a session.
    pub sessions: usize,
    /// Which rows; none named means all.
    pub only: Vec<PushRow>,
    /// Broadcasts, and herds; medians count.
    pub rounds: usize,
    /// Questions, one after the other; signatures and handshakes in memory.
    pub turns: usize,
    /// Officers who read while others do not.
    pub readers: usize,
    /// Pushes that slow readers leave unread.
    pub unread: usize,
    /// Syncs of one look at the disk.
    pub floor_syncs: u32,
}

impl PushPlan {
    /// What the command line asks for.
    pub fn new(args: &BenchPushArgs) -> PushPlan {
        let is_quick = args.bench.quick;
        let sessions = if is_quick { SESSIONS_QUICK } else { SESSIONS };
        let sessions = args.sessions.map_or(sessions, |count| count as usize);
        let readers = if is_quick { READERS_QUICK } else { READERS };
        PushPlan {
            sessions,
            only: args.only.clone(),
            rounds: if is_quick { 3 } else { 7 },
            turns: if is_quick { 200 } else { 2_000 },
            readers: readers.min(sessions),
            unread: UNREAD,
            floor_syncs: super::Pace::new(is_quick).floor_syncs,
        }
    }

    fn has(&self, row: PushRow) -> bool {
        self.only.is_empty() || self.only.contains(&row)
    }
}

/// The measured process.
///
/// # Errors
/// If it cannot listen.
pub(super) fn serve(args: &BenchPushServerArgs, out: &mut dyn Write) -> Result<(), Stop> {
    if args.driver {
        serve::driver(&args.dir, out)
    } else {
        serve::dispatcher(&args.dir, out)
    }
}

/// The vacancy with this number: one slot, for the whole crowd.
fn vacancy(number: u64) -> NewVacancy {
    let segment = |part: u64| {
        let (start_us, end_us) = span(number, part);
        NewSegment {
            site: CROWD_SITE.to_owned(),
            start_us,
            end_us,
        }
    };
    NewVacancy {
        key: key(number),
        lead: CROWD.to_owned(),
        programme: "sso".to_owned(),
        segments: (0..SEGMENTS).map(segment).collect(),
        slots: vec![Rank::Officer],
        windows_ms: Vec::new(),
        post_orders: String::new(),
    }
}

/// The same as an officer sees it: what the floor pushes.
fn offer(number: u64) -> News {
    let segment = |part: u64| {
        let (start_us, end_us) = span(number, part);
        Segment {
            site: CROWD_SITE.to_owned(),
            name: INVENTED.to_owned(),
            zone: ZONE.to_owned(),
            start_us,
            end_us,
        }
    };
    News::Offered(Offer {
        vacancy: key(number),
        round: 1,
        tier: 0,
        lead: CROWD.to_owned(),
        programme: "sso".to_owned(),
        segments: (0..SEGMENTS).map(segment).collect(),
        slots: vec![Rank::Officer],
        slots_open: 1,
        offered_at_us: now_us(),
    })
}

fn key(number: u64) -> VacancyKey {
    VacancyKey(u128::from(number) + 1)
}

/// When a part of a shift begins and ends: no two shifts overlap.
fn span(number: u64, part: u64) -> (i64, i64) {
    let this_hour_us = now_us() / HOUR_US * HOUR_US;
    let start_us = this_hour_us + AHEAD_US + APART_US * number as i64 + 2 * HOUR_US * part as i64;
    (start_us, start_us + HOUR_US)
}

/// A UDP socket with room for a herd, which does not wait.
fn socket(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(listen),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    // The system may grant less; what is lost for it is counted.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    Ok(socket.into())
}
