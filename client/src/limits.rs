//! Every bound of the client, with its unit and its reason.

use std::time::Duration;

/// How many handshakes of one endpoint may be under way; the others wait for their turn. More at
/// once would overflow the socket buffer of a server that comes back with all its clients
/// waiting, and what is lost there is sent again only after a second and more.
pub const HANDSHAKES_MAX: usize = 64;

/// How long one attempt to connect may take, unless [`crate::Options::connect_timeout`] says
/// otherwise. A server that many reach for at once may be busy for seconds.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the farewell may take to reach the server before the connection is closed anyway.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The wait before the first reconnection; it doubles with every attempt that fails.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(100);

/// The longest wait between two attempts.
pub const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// How many requests may wait for the driver to look at them.
pub const LINE_MAX: usize = 4_096;

/// After how many milliseconds a request that the client had no room for is to be asked again.
pub const BUSY_RETRY_AFTER_MS: u32 = 100;

/// How many events [`crate::events`] keeps for a program that is busy with something else.
pub const EVENTS_MAX: usize = 65_536;

/// The most that is taken from the stream at once, in bytes.
pub const READ_CHUNK_MAX_BYTES: usize = 64 * 1024;

/// The receive and send buffers wished for on the UDP socket, in bytes. The system may grant
/// less: thousands of sessions share the socket, and a broadcast reaches all of them at once.
pub const SOCKET_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// How many streams in one direction the server may open. None are used; the room is for later
/// versions.
pub const UNI_STREAMS_MAX: u32 = 3;

/// How many two-way streams the server may open.
pub const BIDI_STREAMS_MAX: u32 = 8;

/// What the server may send ahead of us on one stream, in bytes.
pub const STREAM_RECEIVE_WINDOW_BYTES: u32 = 64 * 1024;

/// What the server may send ahead of us on one connection, in bytes.
pub const RECEIVE_WINDOW_BYTES: u32 = 128 * 1024;

/// What we keep until the server has acknowledged it, in bytes. A large import takes several
/// round trips.
pub const SEND_WINDOW_BYTES: u64 = 64 * 1024;

/// How often a silent connection shows that it is alive: below the idle limit of either side and
/// of most address translators.
pub const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// After how long without a word a connection counts as lost, in milliseconds.
pub const IDLE_MAX_MS: u32 = 60_000;
