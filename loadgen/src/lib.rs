//! The muster load generator: simulated officers, an open-loop pacer and an independent ledger.

pub mod audit;
pub mod behaviour;
mod cast;
pub mod cli;
pub mod ledger;
pub mod limits;
pub mod live;
pub mod pacer;
pub mod preflight;
pub mod report;
pub mod seed;
pub mod storm;
pub mod view;
pub mod world;
