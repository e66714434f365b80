//! Every bound of the load generator, by name and unit.

use std::time::Duration;

/// Roster changes sent in one request.
pub const ROSTER_CHUNK_LEN_MAX: usize = 2_000;

/// Handshakes under way at once while the officers connect.
pub const HANDSHAKES_IN_FLIGHT_MAX: usize = 200;

/// Sessions that share one UDP socket at most; a socket is served by one task of the client
/// library, so several keep several processors busy.
pub const SESSIONS_PER_SOCKET_MAX: usize = 2_500;

/// UDP sockets opened at least, where there are that many sessions.
pub const SOCKETS_MIN: usize = 2;

/// How long all officers together may take to connect and sync, in addition to
/// [`CONNECT_PER_SESSION`] for each.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(60);

/// What each session adds to the time that all may take to connect.
pub const CONNECT_PER_SESSION: Duration = Duration::from_millis(20);

/// How long a single request outside the schedule (an import, the board) may take.
pub const ERRAND_DEADLINE: Duration = Duration::from_secs(120);

/// How often the end of a run is looked for.
pub const QUIET_POLL: Duration = Duration::from_millis(20);

/// A publication sent later than this after its intended instant counts as late.
pub const LATE_AFTER: Duration = Duration::from_millis(10);

/// How long after the schedule's first look at a recall it waits for somebody to recall.
pub const RECALL_RETRY: Duration = Duration::from_millis(100);

/// How often a recall looks for somebody to recall before it is counted as skipped.
pub const RECALL_TRIES_MAX: u8 = 50;

/// When a request that the session could not take is handed to it again.
pub const HAND_OVER_RETRY: Duration = Duration::from_millis(50);

/// Life of the tokens that simulated people carry, in seconds; sessions renew them.
pub const TOKEN_LIFETIME_S: u64 = protocol::token::LIFETIME_MAX_S;

/// The smallest wait before the end of a run is believed, added to the longest tier window.
pub const SETTLE_MARGIN: Duration = Duration::from_millis(700);

/// How long after the last planned instant a run ends even if it is not quiet.
pub const SETTLE_DEADLINE: Duration = Duration::from_secs(60);

/// Broadcasts whose spread a report tells one by one.
pub const BROADCASTS_TOLD_MAX: usize = 5_000;

/// Officers of one storm.
pub const OFFICERS_MAX: usize = 200_000;

/// Vacancies of one storm.
pub const VACANCIES_MAX: usize = 100_000;

/// UDP buffer that holds a broadcast to every session of a socket, in bytes.
pub const UDP_BUFFER_WISH_BYTES: u64 = 4 * 1024 * 1024;

/// Kills, or power cuts, of one torture.
pub const CRASHES_MAX: u64 = 100_000;

/// Officers of one torture: after each crash all of them have to come back.
pub const TORTURE_OFFICERS_MAX: u64 = 2_000;

/// Processes that play one run together.
pub const SHARDS_MAX: u32 = 64;
