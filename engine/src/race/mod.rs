//! The way in: gate, line, ticket. Lock-free until the engine thread takes over.
//!
//! ```text
//! submit ─▶ gate (atomic loads) ─▶ line (one compare-and-swap: the place in line) ─▶ engine thread
//!              └─ filled: answered here                          ticket ◀─ answer after the sync
//! ```

mod gate;
mod inbox;
mod line;
mod lookout;
#[cfg(all(test, any(loom, shuttle)))]
mod models;
mod sync;
mod ticket;

pub use gate::Admission;
pub(crate) use gate::{Gates, Sign};
pub use line::Health;
pub(crate) use line::{Entry, Line};
pub(crate) use ticket::Promise;
pub use ticket::{Ticket, Unavailable};
