//! What can be said to `muster bench`.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};

use super::help;
use crate::bench::{LogRow, PushRow, RaceRow};

/// Commands in flight at most: as many as the line takes.
const IN_FLIGHT_MAX: u64 = engine::limits::INBOX_LEN_MAX as u64;
/// Threads that hold them at most.
const CONNECTIONS_MAX: u64 = 64;
/// Officers of a match at least, two agencies with them, and at most.
const OFFICERS_MIN: u64 = 1_000;
const OFFICERS_MAX: u64 = 20_000_000;
/// Officers with a session at most: more than the ports of one machine's addresses serve well.
const SESSIONS_MAX: u64 = 200_000;
/// Officers with a session at least: some have to lose.
const SESSIONS_MIN: u64 = 20;
/// The highest rate of the open loop, a second.
const RATE_MAX: u64 = 100_000_000;

/// `muster bench`.
#[derive(Debug, Args)]
pub struct BenchCommand {
    /// What to measure.
    #[command(subcommand)]
    pub what: BenchWhat,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub enum BenchWhat {
    /// Accepts, from the way in to the durable answer
    #[command(after_help = help::BENCH_RACE)]
    Race(BenchRaceArgs),
    /// The log below them, and how fast it is read back
    #[command(after_help = help::BENCH_LOG)]
    Log(BenchLogArgs),
    /// Who may take a vacancy, out of a million officers
    #[command(after_help = help::BENCH_MATCH)]
    Match(BenchMatchArgs),
    /// Sessions and pushes of a server in a process of its own
    #[command(after_help = help::BENCH_PUSH)]
    Push(BenchPushArgs),
    /// The process that `bench push` measures, until its standard input ends
    #[command(hide = true, after_help = help::BENCH_PUSH_SERVER)]
    PushServer(BenchPushServerArgs),
}

/// Flags of every bench.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// A folder on the volume to measure; what is written goes away afterwards
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Short rounds and a small world: whether it works, not how fast
    #[arg(long)]
    pub quick: bool,
    /// Measure everything, the floor included, at real-time priority, away from other work
    #[arg(long)]
    pub realtime: bool,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `muster bench race`.
#[derive(Debug, Clone, Args)]
pub struct BenchRaceArgs {
    /// Flags of every bench.
    #[command(flatten)]
    pub bench: BenchArgs,
    /// Measure this row only; repeat for several
    #[arg(long, value_name = "ROW", value_enum, hide_possible_values = true)]
    pub only: Vec<RaceRow>,
    /// Accepts in flight, one row each [default: 1,16,64,256,1024,4096,16384]
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    #[arg(value_parser = RangedU64ValueParser::<u32>::new().range(1..=IN_FLIGHT_MAX))]
    pub in_flight: Vec<u32>,
    /// Threads that hold the accepts in flight
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = RangedU64ValueParser::<u32>::new().range(1..=CONNECTIONS_MAX))]
    pub connections: u32,
    /// Accepts a second of the open loop [default: 1,000,000, or half of what the machine gives]
    #[arg(long, value_name = "N")]
    #[arg(value_parser = RangedU64ValueParser::<u32>::new().range(1..=RATE_MAX))]
    pub rate: Option<u32>,
}

/// `muster bench log`.
#[derive(Debug, Clone, Args)]
pub struct BenchLogArgs {
    /// Flags of every bench.
    #[command(flatten)]
    pub bench: BenchArgs,
    /// Measure this row only; repeat for several
    #[arg(long, value_name = "ROW", value_enum, hide_possible_values = true)]
    pub only: Vec<LogRow>,
}

/// `muster bench match`.
#[derive(Debug, Clone, Args)]
pub struct BenchMatchArgs {
    /// Officers, invented from the seed; a kilobyte of memory each [default: 1,000,000]
    #[arg(long, value_name = "N")]
    #[arg(value_parser = RangedU64ValueParser::<u32>::new().range(OFFICERS_MIN..=OFFICERS_MAX))]
    pub officers: Option<u32>,
    /// From which everything is drawn
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub seed: u64,
    /// Short rounds and 20,000 officers: whether it works, not how fast
    #[arg(long)]
    pub quick: bool,
    /// Measure at real-time priority, away from other work
    #[arg(long)]
    pub realtime: bool,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write officers and vacancies to this folder, for other programs to match
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
}

/// `muster bench push`.
#[derive(Debug, Clone, Args)]
pub struct BenchPushArgs {
    /// Flags of every bench.
    #[command(flatten)]
    pub bench: BenchArgs,
    /// Measure this row only; repeat for several
    #[arg(long, value_name = "ROW", value_enum, hide_possible_values = true)]
    pub only: Vec<PushRow>,
    /// Officers with a session [default: 10,000, or 500 with --quick]
    #[arg(long, value_name = "N")]
    #[arg(value_parser = RangedU64ValueParser::<u32>::new().range(SESSIONS_MIN..=SESSIONS_MAX))]
    pub sessions: Option<u32>,
}

/// `muster bench push-server`.
#[derive(Debug, Clone, Args)]
pub struct BenchPushServerArgs {
    /// The folder of its log and keys
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Be the floor of pushing instead of a server
    #[arg(long)]
    pub driver: bool,
}
