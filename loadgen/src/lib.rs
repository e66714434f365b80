//! The muster load generator: simulated officers, an open-loop pacer and an independent ledger.
//!
//! ```text
//! seed ─▶ plan (world, officers, schedule, incidents): everything decided in advance
//!           │
//!           ▼
//! alarm ─▶ officers and desks, each on a real QUIC session ══▶ the server
//!           │  every book written by its own session                 │
//!           ▼                                                        │ the board at the end
//!         ledger ─▶ audit ─▶ report ◀────────────────────────────────┘
//! ```
//!
//! Reading order: [`pacer`] and [`seed`] for when and by what dice; [`world`] for who may come,
//! in slow and obvious code that shares nothing with the engine; [`behaviour`] for how people
//! answer; [`storm`] for a run; [`ledger`] for what is written down; [`audit`] for the promises
//! and what breaks them; [`report`] for the figures and how latency is counted; [`shard`] for a
//! run over several processes; [`live`] and [`view`] for watching.
//!
//! The load is open: publications happen on schedule and officers answer when they meant to,
//! whether or not the server keeps up, and latency counts from those intended instants. What
//! could not be done is counted as dropped, never left out.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

pub mod audit;
pub mod behaviour;
mod cast;
pub mod cli;
pub mod expect;
pub mod ledger;
pub mod limits;
pub mod live;
pub mod pacer;
pub mod preflight;
pub mod ramp;
pub mod report;
pub mod seed;
pub mod shard;
pub mod storm;
pub mod torture;
pub mod usage;
pub mod view;
pub mod world;
