//! What can be said about publishing: one vacancy, many, a look before it, and grants.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::{Date, Time, Weekday};
use protocol::{Clothing, Rank};

use super::words::{Window, clothing, milliseconds, rank, weekday, when, window, yes_or_no};
use super::{AwardArgs, Moment, ReachArgs, help};

/// `muster post`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(disable_help_subcommand = true)]
pub struct PostArgs {
    /// Many at once.
    #[command(subcommand)]
    pub many: Option<PostMany>,
    /// Where and when; none if there are many.
    #[command(flatten)]
    pub place: Option<PlaceArgs>,
    /// What is asked of officers.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// Many vacancies at once.
#[derive(Debug, Subcommand)]
pub enum PostMany {
    /// Publish every vacancy of a CSV file, or none
    #[command(after_help = help::POST_FILE)]
    File(PostFileArgs),
    /// Publish a vacancy for each day of a pattern
    #[command(after_help = help::POST_REPEAT)]
    Repeat(Box<PostRepeatArgs>),
}

/// `muster preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// Where and when.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// What is asked of officers.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// Whose vacancy it is, where and when.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Code of the agency responsible
    #[arg(long, value_name = "CODE")]
    pub lead: String,
    /// Code of the site; repeat with --start and --end for several
    #[arg(long, value_name = "CODE", required = true)]
    pub site: Vec<String>,
    /// When the work starts, such as 2026-11-23T07:00
    #[arg(long, value_name = "TIME", required = true, value_parser = when)]
    pub start: Vec<Moment>,
    /// When it ends: the same, or a time of day such as 15:00
    #[arg(long, value_name = "TIME", required = true, value_parser = when)]
    pub end: Vec<Moment>,
    /// IANA zone of times written without an offset
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
}

/// What a vacancy asks beyond time and place.
#[derive(Debug, Args)]
pub struct AskedArgs {
    /// How many are needed, of the ladder's ranks [default: one officer]
    #[arg(long, value_name = "N", conflicts_with = "rank")]
    pub slots: Option<u16>,
    /// Rank of one slot (officer, sergeant, commander); repeat for each slot
    #[arg(long, value_name = "RANK", value_parser = rank)]
    pub rank: Vec<Rank>,
    /// Whether a higher rank fills a lower slot [default: as the lead agency's ladder says]
    #[arg(long, value_name = "YES_OR_NO", value_parser = yes_or_no, hide_short_help = true)]
    pub higher_fills: Option<bool>,
    /// The approved job that it is published under
    #[arg(long, value_name = "JOB", hide_short_help = true)]
    pub job: Option<String>,
    /// Code of the programme
    #[arg(long, value_name = "CODE", default_value = "sso")]
    pub programme: String,
    /// How long each tier is asked first; never: no limit
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = window)]
    pub window: Vec<Window>,
    /// Ask the next tier so long before the start; repeat for each
    #[arg(long, value_name = "TIME", value_parser = milliseconds, hide_short_help = true)]
    pub opens_before: Vec<u64>,
    /// Publish it though the district's grant does not pay, and say why
    #[arg(long, value_name = "REASON", hide_short_help = true)]
    pub beyond_grant: Option<String>,
    /// What is worn: uniform or civilian
    #[arg(long, value_name = "CLOTHES", value_parser = clothing, hide_short_help = true)]
    pub clothing: Option<Clothing>,
    /// Time before the work that belongs to it: nobody works elsewhere then
    #[arg(long, value_name = "TIME", value_parser = milliseconds, hide_short_help = true)]
    pub before: Option<u64>,
    /// Time after the work that belongs to it
    #[arg(long, value_name = "TIME", value_parser = milliseconds, hide_short_help = true)]
    pub after: Option<u64>,
    /// The officer comes in a marked patrol car
    #[arg(long, hide_short_help = true)]
    pub marked_car: bool,
    /// Post orders: instructions for whoever comes
    #[arg(long, value_name = "TEXT", default_value = "", alias = "post-orders")]
    pub orders: String,
    /// Who is given a slot.
    #[command(flatten)]
    pub award: AwardArgs,
}

/// `muster post file`.
#[derive(Debug, Args)]
pub struct PostFileArgs {
    /// The file, or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "example")]
    pub file: Option<PathBuf>,
    /// Print a small valid file to start from
    #[arg(long, conflicts_with_all = ["file", "dry_run", "json"])]
    pub example: bool,
    /// How to publish many.
    #[command(flatten)]
    pub many: ManyArgs,
}

/// `muster post repeat`.
#[derive(Debug, Args)]
#[command(
    override_usage = "muster post repeat [OPTIONS] --on <DAYS> --from <DATE> --until <DATE> \
    --lead <CODE> …"
)]
pub struct PostRepeatArgs {
    /// Days of the week, such as mon,tue,thu
    #[arg(long, value_name = "DAYS", required = true, value_delimiter = ',', value_parser = weekday)]
    pub on: Vec<Weekday>,
    /// The first day, such as 2026-08-03
    #[arg(long, value_name = "DATE")]
    pub from: Date,
    /// The last day
    #[arg(long, value_name = "DATE")]
    pub until: Date,
    /// CSV file of days that are left out; its columns are date,name
    #[arg(long, value_name = "FILE")]
    pub holidays: Option<PathBuf>,
    /// Code of the agency responsible
    #[arg(long, value_name = "CODE")]
    pub lead: String,
    /// Code of the site; repeat with --start and --end for several
    #[arg(long, value_name = "CODE", required = true)]
    pub site: Vec<String>,
    /// Time of day at which the work starts
    #[arg(long, value_name = "TIME", required = true)]
    pub start: Vec<Time>,
    /// Time of day at which it ends
    #[arg(long, value_name = "TIME", required = true)]
    pub end: Vec<Time>,
    /// IANA zone of the sites; repeat if they differ
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: Vec<String>,
    /// What is asked of officers.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// How to publish many.
    #[command(flatten)]
    pub many: ManyArgs,
}

/// How many vacancies are published.
#[derive(Debug, Args)]
pub struct ManyArgs {
    /// Print what would be published; publish nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Leave out what is on the board already
    #[arg(long, conflicts_with = "dry_run")]
    pub resume: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster grant`.
#[derive(Debug, Args)]
pub struct GrantArgs {
    /// The school district, as sites name it
    #[arg(value_name = "DISTRICT")]
    pub district: String,
    /// Put a grant in force: so many hours of paid time
    #[arg(long, value_name = "N", requires_all = ["from", "until"])]
    pub hours: Option<u64>,
    /// The first day it pays for
    #[arg(long, value_name = "DATE", requires = "hours")]
    pub from: Option<Date>,
    /// The last day
    #[arg(long, value_name = "DATE", requires = "hours")]
    pub until: Option<Date>,
    /// Code of the programme it pays for
    #[arg(long, value_name = "CODE", default_value = "sso")]
    pub programme: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}
