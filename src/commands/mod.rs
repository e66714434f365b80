//! What the commands do.

mod act;
mod afterwards;
mod amend;
mod answer;
mod board;
mod check;
mod config;
mod deny;
mod doctor;
mod grant;
mod health;
mod import;
mod init;
mod job;
mod log;
mod post;
mod preview;
mod roster;
mod serve;
mod token;
mod top;
mod watch;
mod why;

use std::io::Write;

use serde::Serialize;

use crate::cli::{BenchWhat, Cli, Command, ConfigWhat, LogWhat, TokenWhat};
use crate::session::SessionError;
use crate::stop::Stop;

pub(crate) use serve::trace;

/// Does what the command line says; what it prints goes to `out`.
///
/// # Errors
/// [`Stop`] says why, and with which exit code.
pub fn run(cli: Cli, out: &mut dyn Write) -> Result<(), Stop> {
    match cli.command {
        Command::Demo(args) => crate::demo::run(&args, out),
        Command::Serve(args) => serve::run(&args, out),
        Command::Init(args) => init::run(&args, out),
        Command::Check(args) => check::run(&args, out),
        Command::Config(command) => match command.what {
            ConfigWhat::Print(args) => config::print(&args, out),
        },
        Command::Import(command) => import::run(&command.table, out),
        Command::Roster(command) => roster::run(&command.what, out),
        Command::Job(command) => job::run(&command.what, out),
        Command::Post(args) => post::run(&args, out),
        Command::Preview(args) => preview::run(&args, out),
        Command::Grant(args) => grant::run(&args, out),
        Command::Answer(args) => answer::run(&args, out),
        Command::Amend(args) => amend::run(&args, out),
        Command::Reduce(args) => afterwards::reduce(&args, out),
        Command::Attendance(command) => afterwards::attendance(&command.what, out),
        Command::Notes(command) => afterwards::notes(&command.what, out),
        Command::Messages(command) => afterwards::messages(&command.what, out),
        Command::Orders(command) => afterwards::orders(&command.what, out),
        Command::Shifts(args) => afterwards::shifts(&args, out),
        Command::Cancel(args) => act::cancel(&args, out),
        Command::Recall(args) => act::recall(&args, out),
        Command::NextTier(args) => act::next_tier(&args, out),
        Command::Punch(args) => act::punch(&args, out),
        Command::Watch(args) => watch::run(&args, out),
        Command::Board(args) => board::run(&args, out),
        Command::Why(args) => why::run(&args, out),
        Command::Token(command) => match command.what {
            TokenWhat::Issue(args) => token::issue(&args, out),
            TokenWhat::DeviceKey(args) => token::device_key(&args, out),
        },
        Command::Deny(command) => deny::run(&command.what, out),
        Command::Log(command) => match command.what {
            LogWhat::Verify(args) => log::verify(&args, out),
            LogWhat::Dump(args) => log::dump(&args, out),
            LogWhat::Stats(args) => log::stats(&args, out),
            LogWhat::Tail(args) => log::tail(&args, out),
            LogWhat::Replay(args) => log::replay(&args, out),
            LogWhat::Timeline(args) => log::timeline(&args, out),
            LogWhat::Lottery(args) => log::lottery(&args, out),
        },
        Command::Health(args) => health::run(&args, out),
        Command::Top(args) => top::run(&args, out),
        Command::Doctor(args) => doctor::run(&args, out),
        Command::Bench(command) => match command.what {
            BenchWhat::Race(args) => crate::bench::race(&args, out),
            BenchWhat::Log(args) => crate::bench::log(&args, out),
            BenchWhat::Match(args) => crate::bench::matching(&args, out),
            BenchWhat::Push(args) => crate::bench::push(&args, out),
            BenchWhat::PushServer(args) => crate::bench::push_server(&args, out),
        },
    }
}

/// The runtime of a command that holds sessions: one thread a core.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    let made = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    made.map_err(|error| Stop::failed(SessionError::Runtime(error)))
}

/// Prints one JSON value over several lines.
fn print_json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Stop> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    Ok(writeln!(out)?)
}

/// Prints one JSON value on one line.
fn print_json_line(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Stop> {
    serde_json::to_writer(&mut *out, value)?;
    Ok(writeln!(out)?)
}
