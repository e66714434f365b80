//! Every bound of the dispatcher, by name and unit.

use std::time::Duration;

/// Sessions held unless the configuration says otherwise.
pub const SESSIONS_MAX: usize = 65_536;

/// Newcomers, who shake hands or have shown no good token yet, from which new addresses must prove
/// that they receive what is sent to them (QUIC Retry). A flood with forged addresses then holds
/// nothing here.
pub const NEWCOMERS_UNPROVEN_MAX: usize = 1_024;

/// Newcomers at a time, in all shards. The next one takes the place of the first, if that has had
/// its time, and is refused otherwise.
pub const NEWCOMERS_MAX: usize = 16_384;

/// How long a newcomer keeps its place though another wants it: enough for a phone far away to
/// shake hands and show its token. Whoever would keep all places has to take 8,192 of them anew
/// each second.
pub const NEWCOMER_PATIENCE: Duration = Duration::from_secs(2);

/// Connections that one address may begin a minute, and at once, unless the configuration says
/// otherwise. Generous, because a whole department may sit behind one address: it bounds what one
/// machine can make this one do to a thousand handshakes a second.
pub const CONNECTIONS_PER_MINUTE: u32 = 60_000;

/// Addresses whose connections are counted at a time, in all shards; twice as many are remembered.
pub const ADDRESSES_MAX: usize = 16_384;

/// Sessions of one officer in one shard; with the next one, the oldest ends. A phone that lost its
/// network comes back before its old session has fallen silent, so the newest is the one in use.
pub const DEVICES_MAX: usize = 16;

/// How long a handshake may take.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// What may wait for one session before it is told to come back, in bytes, besides one long answer,
/// which [`SERVER_FRAME_MAX_BYTES`](protocol::frame::SERVER_FRAME_MAX_BYTES) bounds. Pushes are
/// shared between sessions; answers are not, and what is read is looked up one at a time.
pub const REST_BYTES_MAX: usize = 4 << 20;

/// How long a session may be behind; a slower one is closed, and resumes where it stopped.
pub const LAG_DEADLINE: Duration = Duration::from_secs(30);

/// Pushes that a session which was behind is told at a time; then it may ask for more.
pub const CATCH_UP_PUSHES_MAX: usize = 256;

/// Sessions written to before the socket is read again. Without a look at it, the acknowledgements
/// of a large broadcast come too late and both sides send again what was not lost; quinn takes
/// about as many packets at a look as these are answered with.
pub const PUSH_STEP_MAX: usize = 16;

/// What a shard has been told is looked through so far for whoever is written to anyway: an answer
/// brings along the pushes that are ahead.
pub const AHEAD_MAX: usize = 16;

/// Pushes that may wait for one shard; the hub takes nothing more from the engine until there is
/// room, so that answers wait as well. [`PUSHES_BEHIND_MAX`] refuses new work long before, but what
/// was taken in goes on to be offered to further tiers. Whoever is behind is told again from
/// [`RECENT_PUSHES_MAX`], which therefore has to reach farther back.
pub const SHARD_PUSHES_MAX: u32 = 8_192;

/// How long the hub tells what comes from the engine, and then hears what sessions say, before it
/// turns to the other: neither keeps the other waiting, but for the one that has begun.
pub const TURN_MAX: Duration = Duration::from_millis(2);

/// Packets that arrived at another shard's socket and wait for one shard.
pub const STRAYS_MAX: usize = 4_096;

/// How many sessions are asked to come back within one second after a stop: about half of what one
/// core can shake hands with.
pub const RETURNS_PER_SECOND: u64 = 2_000;

/// Pushes kept for sessions that resume; who missed more is told the whole state.
pub const RECENT_PUSHES_MAX: usize = 16_384;

/// What sessions may have waiting for the hub.
pub const HUB_QUEUE_MAX: usize = 65_536;

/// How long a push that a shard begins, or what the hub serves, may have waited before new work is
/// refused as busy: about what two broadcasts to ten thousand officers take.
pub const PUSHES_BEHIND_MAX: Duration = Duration::from_millis(500);

/// How long an answer that the hub tells, or a request that it hears, may have waited before others
/// of its line are refused as busy.
pub const ANSWERS_BEHIND_MAX: Duration = Duration::from_secs(1);

/// What a busy server asks clients to wait at least.
pub const BUSY_RETRY_MIN: Duration = Duration::from_millis(50);

/// What a busy server asks clients to wait at most.
pub const BUSY_RETRY_MAX: Duration = Duration::from_secs(5);

/// How many who were refused as busy are asked to come back within one second: refusing them again
/// must not be what keeps the server busy.
pub const BUSY_RETURNS_PER_SECOND: u32 = 2_000;

/// Bytes of UDP socket buffer asked of the system, each way. A herd of answers overruns the usual
/// default of 208 KiB.
pub const SOCKET_BUFFER_BYTES: usize = 4 << 20;

/// How long a stop waits for answers to those in line, and for sessions to take leave.
pub const STOP_DEADLINE: Duration = Duration::from_secs(3);

/// The part of it in which those in line are answered before anybody is told to leave.
pub const ANSWERS_DEADLINE: Duration = Duration::from_secs(1);

/// How long connections may take to end after that.
pub const CLOSE_DEADLINE: Duration = Duration::from_millis(500);

/// The wait between two looks at what a stop waits for.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The wait before the seed of a lottery is revealed again, while the disk is full.
pub(crate) const REVEAL_AGAIN: Duration = Duration::from_millis(500);

/// Web pages that may be allowed to open sessions: a page's origin is compared with each.
pub const ORIGINS_MAX: usize = 64;

/// How long one session may take to hear why it ends.
pub const LEAVE_DEADLINE: Duration = Duration::from_secs(1);

/// How long whoever is refused may take to hear it: sessions of whoever is denied end within a
/// second, also of clients that read nothing.
pub const REFUSED_DEADLINE: Duration = Duration::from_millis(500);

/// Bytes read from a stream at a time.
pub const READ_BYTES: usize = 4 << 10;

/// Notes, messages or shifts in one answer; the next page is asked for.
pub(crate) const PAGE_ROWS_MAX: usize = 50;
