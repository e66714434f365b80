//! What is said: every message of the conversation, one set of types for native peers (rkyv)
//! and browsers (JSON).
//!
//! Times are microseconds since the epoch, UTC. Spans are half-open. Names such as `agency` or
//! `site` are the codes of the roster, never internal numbers.

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

mod afterwards;
mod ask;
mod award;
mod board;
mod denial;
mod job;
mod provision;
mod publication;
mod reading;
mod roster;
mod tell;

pub use afterwards::*;
pub use ask::*;
pub use award::*;
pub use board::*;
pub use denial::*;
pub use job::*;
pub use provision::*;
pub use publication::*;
pub use reading::*;
pub use roster::*;
pub use tell::*;
