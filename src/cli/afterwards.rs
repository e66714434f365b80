//! What can be said about a vacancy once slots of it were awarded.

use clap::{Args, Subcommand, ValueEnum};
use protocol::{Direction, Position, VacancyKey};

use super::words::{position, when};
use super::{Moment, ReachArgs, help};

/// `muster reduce`.
#[derive(Debug, Args)]
pub struct ReduceArgs {
    /// Key of the vacancy, as `post` printed it
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// How many ordinary slots go: open ones first, then the newest
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        required_unless_present = "slot"
    )]
    pub fewer: u16,
    /// Number of a slot that goes, from 0; the only way for a supervisor's; repeat for several
    #[arg(long, value_name = "N")]
    pub slot: Vec<u16>,
    /// Why, at most 200 bytes
    #[arg(long, value_name = "TEXT", default_value = "the customer needs fewer")]
    pub reason: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster recall`.
#[derive(Debug, Args)]
pub struct RecallArgs {
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Badge code of the holder
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster punch`.
#[derive(Debug, Args)]
pub struct PunchArgs {
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// In or out
    #[arg(value_name = "WAY")]
    pub way: Way,
    /// Where the officer is, such as 33.30616,-111.84125; kept with this punch, and nowhere else
    #[arg(long, value_name = "LAT,LON", value_parser = position, allow_hyphen_values = true)]
    pub at: Option<Position>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster attendance`.
#[derive(Debug, Args)]
pub struct AttendanceCommand {
    /// What to do.
    #[command(subcommand)]
    pub what: AttendanceWhat,
}

/// What to do about attendance.
#[derive(Debug, Subcommand)]
pub enum AttendanceWhat {
    /// Show who came and when, with every punch and correction
    #[command(after_help = help::ATTENDANCE)]
    Show(VacancyArgs),
    /// Record that a holder did not come
    #[command(after_help = help::NO_SHOW)]
    NoShow(NoShowArgs),
    /// Correct what is recorded of a holder, by a record beside it
    #[command(after_help = help::CORRECT)]
    Correct(CorrectArgs),
}

/// A vacancy to be looked at.
#[derive(Debug, Args)]
pub struct VacancyArgs {
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster attendance no-show`.
#[derive(Debug, Args)]
pub struct NoShowArgs {
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Badge code of the holder
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// Publish the rest of the work from this time on, such as 2026-11-23T09:00
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub again_from: Option<Moment>,
    /// IANA zone of times written without an offset
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster attendance correct`.
#[derive(Debug, Args)]
pub struct CorrectArgs {
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Badge code of the holder
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// Number of the punch that was made at another time, --to
    #[arg(long, value_name = "N", group = "mends", requires = "to")]
    pub punch: Option<u32>,
    /// Number of the punch that does not count
    #[arg(long, value_name = "N", group = "mends")]
    pub strike: Option<u32>,
    /// A punch that is missing, --to
    #[arg(long, value_name = "WAY", group = "mends", requires = "to")]
    pub missed: Option<Way>,
    /// Number of an earlier correction that does not count
    #[arg(long, value_name = "N", group = "mends")]
    pub withdraw: Option<u32>,
    /// Who was recorded as a no-show came after all
    #[arg(long, group = "mends")]
    pub came: bool,
    /// The time that holds, such as 2026-11-23T07:00
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub to: Option<Moment>,
    /// IANA zone of times written without an offset
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
    /// Why, at most 200 bytes
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// In or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Clock-in.
    In,
    /// Clock-out.
    Out,
}

impl Way {
    /// The same on the wire.
    pub fn direction(self) -> Direction {
        match self {
            Way::In => Direction::In,
            Way::Out => Direction::Out,
        }
    }
}

/// `muster notes`.
#[derive(Debug, Args)]
pub struct NotesCommand {
    /// What to do.
    #[command(subcommand)]
    pub what: NotesWhat,
}

/// What to do with notes.
#[derive(Debug, Subcommand)]
pub enum NotesWhat {
    /// Print every note that you may read
    #[command(after_help = help::NOTES)]
    List(VacancyArgs),
    /// Write a note about an officer's assignment
    #[command(after_help = help::NOTES)]
    Add(WriteArgs),
}

/// `muster messages`.
#[derive(Debug, Args)]
pub struct MessagesCommand {
    /// What to do.
    #[command(subcommand)]
    pub what: MessagesWhat,
}

/// What to do with messages.
#[derive(Debug, Subcommand)]
pub enum MessagesWhat {
    /// Print every message that you may read
    #[command(after_help = help::MESSAGES)]
    List(VacancyArgs),
    /// Write to an officer, or as an officer to the coordinators
    #[command(after_help = help::MESSAGES)]
    Send(WriteArgs),
}

/// Something that is written.
#[derive(Debug, Args)]
pub struct WriteArgs {
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Badge code of the officer whom it concerns
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// What to write
    #[arg(value_name = "TEXT", default_value = "")]
    pub text: String,
    /// A file that a note refers to, as SHA256:BYTES:TYPE/SUBTYPE:NAME; repeat for several
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster orders`.
#[derive(Debug, Args)]
pub struct OrdersCommand {
    /// What to do.
    #[command(subcommand)]
    pub what: OrdersWhat,
}

/// What to do with post orders.
#[derive(Debug, Subcommand)]
pub enum OrdersWhat {
    /// Print the post orders with their version
    #[command(after_help = help::ORDERS)]
    Show(VacancyArgs),
    /// Acknowledge a version, as an officer who holds a slot
    #[command(after_help = help::ORDERS)]
    Ack {
        /// What is acknowledged.
        #[command(flatten)]
        vacancy: VacancyArgs,
        /// The version that was read
        #[arg(long, value_name = "N")]
        version: u32,
    },
    /// Remind the holders who have not acknowledged them
    #[command(after_help = help::ORDERS)]
    Remind(VacancyArgs),
}

/// `muster shifts`.
#[derive(Debug, Args)]
pub struct ShiftsArgs {
    /// Badge code of the officer, such as TUC-0412
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// Those that are over, the latest first
    #[arg(long)]
    pub past: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}
