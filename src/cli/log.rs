//! What can be said about a log.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use protocol::VacancyKey;

use super::help;
use super::words::{Until, until};

/// `muster log`.
#[derive(Debug, Args)]
pub struct LogCommand {
    /// What to do.
    #[command(subcommand)]
    pub what: LogWhat,
}

/// What to do with a log.
#[derive(Debug, Subcommand)]
pub enum LogWhat {
    /// Read every record and checksum; exit 1 at the first damage, with file and offset
    #[command(after_help = help::LOG_VERIFY)]
    Verify(LogArgs),
    /// Print what happened, an event a line
    #[command(after_help = help::LOG_DUMP)]
    Dump(LogDumpArgs),
    /// Count events, records, batches, bytes and files
    #[command(after_help = help::LOG_STATS)]
    Stats(LogArgs),
    /// Print the last records, and those to come
    #[command(after_help = help::LOG_TAIL)]
    Tail(LogTailArgs),
    /// Rebuild the state of a past moment, and ask it
    #[command(after_help = help::LOG_REPLAY)]
    Replay(LogReplayArgs),
    /// Tell the race for one vacancy, with places and microseconds
    #[command(after_help = help::LOG_TIMELINE)]
    Timeline(LogTimelineArgs),
    /// Draw the lots of a vacancy again, and say whether the log agrees
    #[command(after_help = help::LOG_LOTTERY)]
    Lottery(LogLotteryArgs),
}

/// `muster log WHAT`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// The log's folder: `log` in the data folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `muster log lottery`.
#[derive(Debug, Args)]
pub struct LogLotteryArgs {
    /// The log's folder: `log` in the data folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `muster log dump`.
#[derive(Debug, Args)]
pub struct LogDumpArgs {
    /// The log's folder: `log` in the data folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The first record to print
    #[arg(long, value_name = "N")]
    pub from: Option<u64>,
    /// The last record to print
    #[arg(long, value_name = "N")]
    pub to: Option<u64>,
    /// Only what concerns this vacancy
    #[arg(long, value_name = "VACANCY")]
    pub vacancy: Option<VacancyKey>,
    /// Only what concerns this officer
    #[arg(long, value_name = "BADGE")]
    pub officer: Option<String>,
    /// Print one JSON object on each line, for each record
    #[arg(long)]
    pub json: bool,
}

/// `muster log tail`.
#[derive(Debug, Args)]
pub struct LogTailArgs {
    /// The log's folder: `log` in the data folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// How many of the last records to print
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub records: u64,
    /// Go on with what is written from now on
    #[arg(short = 'f', long)]
    pub follow: bool,
    /// Print one JSON object on each line, for each record
    #[arg(long)]
    pub json: bool,
}

/// `muster log replay`.
#[derive(Debug, Args)]
pub struct LogReplayArgs {
    /// The log's folder: `log` in the data folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Which moment: right after record N, at a time, or the end
    #[arg(long, value_name = "N|TIME|end", value_parser = until, global = true)]
    pub until: Option<Until>,
    /// Print the fingerprint of the state as well
    #[arg(long, global = true)]
    pub digest: bool,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to ask.
    #[command(subcommand)]
    pub question: Option<ReplayQuestion>,
}

/// `muster log timeline`.
#[derive(Debug, Args)]
pub struct LogTimelineArgs {
    /// The log's folder: `log` in the data folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What a past state is asked.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ReplayQuestion {
    /// Who held the slots of one vacancy, or of all
    #[command(after_help = help::REPLAY_HOLDERS)]
    Holders {
        /// Key of the vacancy [default: all that anybody held]
        #[arg(value_name = "VACANCY")]
        vacancy: Option<VacancyKey>,
    },
    /// Whether an officer was eligible for a vacancy then, clause by clause
    #[command(after_help = help::REPLAY_WHY)]
    Why {
        /// Key of the vacancy; it may also come second, as in `muster why`
        #[arg(value_name = "VACANCY")]
        vacancy: String,
        /// Badge code of the officer, such as TUC-0412
        #[arg(value_name = "BADGE")]
        badge: String,
    },
    /// The board as it stood
    #[command(after_help = help::REPLAY_BOARD)]
    Board,
}
