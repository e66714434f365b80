//! The conversation, without sockets and without clocks.
//!
//! Both sides are state machines in the manner of `quinn-proto` and `rustls`: whoever owns one
//! (the shell) hands it what was received and what time it is (`handle_*`) and then asks what is
//! to be done (`poll_*`) until there is nothing more. Times are microseconds; the server's are
//! since the epoch, the client's since any instant of its own choosing.
//!
//! ```text
//! client                                server
//!   Hello { token, resume } ──────────▶ verify                        within HELLO_DEADLINE_MS
//!   Up ◀─────────────────────── Welcome { resumed }
//!   News, News, … ◀──────────── Push …  what was missed, or the whole state
//!   Gone …, Synced ◀─────────── Synced { cursor }
//!   News ◀───────────────────── Push    as it happens
//!   Request { id, ask } ──────────────▶ allowed? room? ▶ the engine
//!   Answered ◀───────────────── Answer { id, outcome }
//!   Renew { token } ──────────────────▶ same subject, role, agency and device
//!   Down ◀───────────────────── GoAway { because, reconnect_after_ms }
//! ```
//!
//! `HelloBound { hello, proof }` stands for `Hello` where the token is bound to a device.
//!
//! A connection may break at any point. The client then opens again with the last cursor it
//! reached and repeats, in order and under their old ids, the requests that were not answered.

mod client;
mod farewell;
mod identity;
mod permission;
mod rate;
mod server;

pub use client::{ClientSession, Counts, Due, Event, RequestError, Standing, Violation};
pub use farewell::{close_code, reconnect_after_ms, said_by_code};
pub use identity::{Certified, Channel, IdentityRefusal};
pub use permission::{allowed, concerns_own};
pub use rate::{Rate, Used};
pub use server::{Action, Refusal, ServerSession};

/// How long a client may take to say `Hello`, in milliseconds.
pub const HELLO_DEADLINE_MS: u32 = 5_000;

/// How long a server may take to say `Welcome`, in milliseconds, before the client tries again.
pub const WELCOME_DEADLINE_MS: u32 = 20_000;

/// How many requests of one officer's or watcher's session may be under way.
pub const OFFICER_IN_FLIGHT_MAX: usize = 32;

/// How many requests of one coordinator's or operator's session may be under way.
pub const COORDINATOR_IN_FLIGHT_MAX: usize = 1_024;

/// How often one officer's or watcher's session may ask: a hundred offers answered at a glance, and
/// then faster than any thumb. A program that asks more often hears `Busy`.
pub const OFFICER_REQUESTS: Rate = Rate {
    burst: 500,
    per_minute: 12_000,
};

/// How often one coordinator's or operator's session may ask: an API tier speaks for many people.
pub const COORDINATOR_REQUESTS: Rate = Rate {
    burst: 20_000,
    per_minute: 600_000,
};

/// How often a session may show a fresh token: each is verified on the thread that serves everybody
/// else. Twice as often as a client of ours at its quickest, see [`RENEW_INTERVAL_MIN_MS`]; whoever
/// does so more often breaks the rules of the conversation.
pub const RENEWALS: Rate = Rate {
    burst: 4,
    per_minute: 120,
};

/// After how many milliseconds a request beyond the cap is to be asked again.
pub const BUSY_RETRY_AFTER_MS: u32 = 100;

/// How many requests a client keeps that have not been answered.
pub const UNANSWERED_MAX: usize = 1_024;

/// How long before its token expires a client renews it, in milliseconds; with half of what is
/// left if that is shorter.
pub const RENEW_AHEAD_MS: u32 = 60_000;

/// The shortest time between two renewals, in milliseconds, whatever the tokens say.
pub const RENEW_INTERVAL_MIN_MS: u32 = 1_000;

const MICROS_PER_MILLI: i64 = 1_000;

fn micros(millis: u32) -> i64 {
    i64::from(millis) * MICROS_PER_MILLI
}

#[cfg(test)]
mod pair;
#[cfg(test)]
mod tests;
