//! Every bound of the dispatcher, by name and unit.

use std::time::Duration;

/// Sessions held unless the configuration says otherwise.
pub const SESSIONS_MAX: usize = 65_536;

/// Handshakes under way from which new addresses must prove that they receive what is sent to
/// them (QUIC Retry). A flood with forged addresses then holds nothing here.
pub const HANDSHAKES_UNPROVEN_MAX: usize = 1_024;

/// Handshakes under way from which new ones are refused.
pub const HANDSHAKES_MAX: usize = 16_384;

/// How long a handshake may take.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// What may wait for one session before it is told to come back, in bytes. Frames are shared
/// between sessions, so this bounds what a slow reader has to catch up with, not memory.
pub const OUTGOING_BYTES_MAX: usize = 4 << 20;

/// Frames that may wait for one session.
pub const OUTGOING_FRAMES_MAX: usize = 16_384;

/// Frames handed to QUIC in one write.
pub const WRITE_FRAMES_MAX: usize = 64;

/// Pushes kept for sessions that resume; who missed more is told the whole state.
pub const RECENT_PUSHES_MAX: usize = 16_384;

/// What sessions may have waiting for the hub.
pub const HUB_QUEUE_MAX: usize = 65_536;

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

/// How long a client may take to take in what is written at a time; a slower one is closed.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(30);

/// How long one session may take to hear why it ends.
pub const LEAVE_DEADLINE: Duration = Duration::from_secs(1);

/// Bytes read from a stream at a time.
pub const READ_BYTES: usize = 4 << 10;

/// Notes, messages or shifts in one answer; the next page is asked for.
pub(crate) const PAGE_ROWS_MAX: usize = 50;
