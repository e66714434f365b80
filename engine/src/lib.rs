//! The muster engine: eligibility, the race, the log.
//!
//! Intentions enter one lock-free line, a pure core turns each into an outcome or a refusal, the
//! outcome is on disk before anyone hears of it, and the log alone rebuilds everything.

pub mod core;
pub mod index;
pub mod io;
pub mod limits;
pub mod log;
pub mod model;
pub mod rules;

mod engine;
mod race;

pub use crate::engine::{
    Batch, Delivery, Ended, Engine, Follower, Health, OpenError, Options, Outbox, Recovered,
    Stepper,
};
pub use crate::race::{Admission, Ticket, Unavailable};
