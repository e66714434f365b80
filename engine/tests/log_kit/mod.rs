//! A disk that keeps its promises and no more: what has not been synced may be lost, torn, zeroed
//! or written out of order when the power goes, and any operation may fail.

mod disk;
pub(crate) mod folder;
pub(crate) mod run;
mod trouble;

mod crash;
mod damage;
mod golden;
mod slow;
mod whole;

pub(crate) use disk::FaultyDisk;
pub(crate) use trouble::{Bug, FORGOTTEN_SYNCS, Fault, Fired, HONEST_SYNCS, Rng};
