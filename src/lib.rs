//! The command line of muster, as a library so that its parts can be tested and reused.
//!
//! Reading order: [`cli`] for what can be said, [`commands`] for what is done, [`config`] and
//! [`identity`] for what a server is given, [`reach`] and [`session`] for how a command finds and
//! talks to one, [`import`] for rosters, [`sample`] for the state that the demo begins with,
//! [`mod@bench`] for what a machine gives.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

pub mod access;
pub mod bench;
pub mod certificate;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod embedded;
pub mod http;
pub mod identity;
pub mod import;
pub mod page;
pub mod priority;
pub mod private_file;
pub mod programmes;
pub mod publication;
pub mod reach;
pub mod sample;
pub mod server;
pub mod session;
pub mod show;
pub mod stop;
pub mod suggest;
pub mod systemd;
pub mod validity;

#[cfg(test)]
mod scratch;
