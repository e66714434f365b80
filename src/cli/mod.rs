//! What can be said on the command line.

mod afterwards;
mod award;
mod bench;
mod deny;
mod help;
mod job;
mod log;
mod operations;
mod publication;
mod roster;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;
use protocol::token::DevicePublicKey;
use protocol::{Rank, Role, VacancyKey};

use words::{milliseconds, rank, role, set};

pub use afterwards::{
    AttendanceCommand, AttendanceWhat, CorrectArgs, MessagesCommand, MessagesWhat, NoShowArgs,
    NotesCommand, NotesWhat, OrdersCommand, OrdersWhat, PunchArgs, RecallArgs, ReduceArgs,
    ShiftsArgs, VacancyArgs, Way, WriteArgs,
};
pub use award::{AnswerArgs, AwardArgs, OfficerAnswer, RankBy};
pub use bench::{
    BenchArgs, BenchCommand, BenchLogArgs, BenchMatchArgs, BenchPushArgs, BenchPushServerArgs,
    BenchRaceArgs, BenchWhat,
};
pub use deny::{BearerArgs, DenyAddArgs, DenyCommand, DenyRemoveArgs, DenyWhat};
pub use job::{JobCommand, JobVersionArgs, JobWhat, LadderArgs};
pub use log::{
    LogArgs, LogCommand, LogDumpArgs, LogLotteryArgs, LogReplayArgs, LogTailArgs, LogTimelineArgs,
    LogWhat, ReplayQuestion,
};
pub use operations::{DoctorArgs, HealthArgs, HttpArgs, TopArgs};
pub use publication::{
    AskedArgs, GrantArgs, ManyArgs, PlaceArgs, PostArgs, PostFileArgs, PostMany, PostRepeatArgs,
    PreviewArgs,
};
pub use roster::{
    ApproveLastTierArgs, BindArgs, ChangeArgs, DeclareArgs, EndPactArgs, ExcludeArgs, HeldArgs,
    LastTierArgs, LiftArgs, LimitsArgs, OfficerArgs, PreferArgs, RecordWhat, RosterCommand,
    RosterWhat, TakenArgs,
};
pub use words::{Moment, Setting, Until, Window as TierWindow, when, window as tier_window};

/// One vacancy, every eligible officer at once, one winner per slot.
#[derive(Debug, Parser)]
#[command(name = "muster", version, after_help = help::TOP, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a server on the sample state with simulated officers
    #[command(after_help = help::DEMO)]
    Demo(DemoArgs),
    /// Run a server
    #[command(after_help = help::SERVE)]
    Serve(ServeArgs),
    /// Write a commented muster.toml, a certificate and a signing key
    #[command(after_help = help::INIT)]
    Init(InitArgs),
    /// Say whether a configuration file is right
    #[command(after_help = help::CHECK)]
    Check(CheckArgs),
    /// Show what is configured, and who set it
    #[command(after_help = help::CONFIG)]
    Config(ConfigCommand),
    /// Import agencies, officers, sites or pacts from CSV
    #[command(after_help = help::IMPORT)]
    Import(ImportCommand),
    /// Change the roster: certifications, approvals, availability, limits, exclusions
    #[command(after_help = help::ROSTER)]
    Roster(RosterCommand),
    /// Judge and approve what customers ask for, before anything is published under it
    #[command(after_help = help::JOB)]
    Job(JobCommand),
    /// Publish a vacancy, or many at once
    #[command(after_help = help::POST)]
    Post(Box<PostArgs>),
    /// Say who could come, before anything is published
    #[command(after_help = help::PREVIEW)]
    Preview(Box<PreviewArgs>),
    /// Show what a district's grant pays for and what is left; put one in force
    #[command(after_help = help::GRANT)]
    Grant(GrantArgs),
    /// Answer an offer as an officer: accept, decline, release, undo, standby
    #[command(after_help = help::ANSWER)]
    Answer(AnswerArgs),
    /// Clock in or out as an officer
    #[command(after_help = help::PUNCH)]
    Punch(PunchArgs),
    /// Ask the next tier of a vacancy now
    #[command(after_help = help::NEXT_TIER)]
    NextTier(VacancyArgs),
    /// Take an officer back from an assignment
    #[command(after_help = help::RECALL)]
    Recall(RecallArgs),
    /// Change time, place, slots or post orders of a vacancy
    #[command(after_help = help::AMEND)]
    Amend(AmendArgs),
    /// Take slots away, because the customer needs fewer
    #[command(after_help = help::REDUCE)]
    Reduce(ReduceArgs),
    /// Show who came and when, record a no-show, correct a punch
    #[command(after_help = help::ATTENDANCE)]
    Attendance(AttendanceCommand),
    /// Read and write field notes
    #[command(after_help = help::NOTES)]
    Notes(NotesCommand),
    /// Read and write messages between an officer and the coordinators
    #[command(after_help = help::MESSAGES)]
    Messages(MessagesCommand),
    /// Read, acknowledge and remind of post orders
    #[command(after_help = help::ORDERS)]
    Orders(OrdersCommand),
    /// List an officer's shifts
    #[command(after_help = help::SHIFTS)]
    Shifts(ShiftsArgs),
    /// Withdraw a vacancy
    #[command(after_help = help::CANCEL)]
    Cancel(CancelArgs),
    /// Print what happens, as it happens
    #[command(after_help = help::WATCH)]
    Watch(WatchArgs),
    /// Print every vacancy and who holds it
    #[command(after_help = help::BOARD)]
    Board(BoardArgs),
    /// Say clause by clause why an officer is eligible for a vacancy, or not
    #[command(after_help = help::WHY)]
    Why(WhyArgs),
    /// Issue session tokens
    #[command(after_help = help::TOKEN)]
    Token(TokenCommand),
    /// Say who may not come in, whatever their token says
    #[command(after_help = help::DENY)]
    Deny(DenyCommand),
    /// Look into the write-ahead log: verify, dump, count, follow, look back
    #[command(after_help = help::LOG)]
    Log(LogCommand),
    /// Say whether a running server takes sessions
    #[command(after_help = help::HEALTH)]
    Health(HealthArgs),
    /// Watch a running server: sessions, rates, times, queues
    #[command(after_help = help::TOP_LIVE)]
    Top(TopArgs),
    /// Examine this machine and the configuration before a server is started
    #[command(after_help = help::DOCTOR)]
    Doctor(DoctorArgs),
    /// Measure the race on this machine, beside what its disk allows
    #[command(after_help = help::BENCH)]
    Bench(BenchCommand),
}

/// `muster demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Same seed, same officers, vacancies and behaviour
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// End after the peak instead of going on with a trickle
    #[arg(long)]
    pub once: bool,
    /// Keep the log in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Write the closing report to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where the demo's server listens (UDP)
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "MUSTER_LISTEN",
        default_value = "127.0.0.1:7710"
    )]
    pub listen: SocketAddr,
    /// Print plain lines even on a terminal
    #[arg(long)]
    pub no_tui: bool,
}

/// `muster serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// What is configured.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Flags that say what is configured.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// Configuration file [default: ./muster.toml, if there is one]
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        env = "MUSTER_CONFIG"
    )]
    pub file: Option<PathBuf>,
    /// Same as --set data_dir=DIR
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Same as --set listen=ADDRESS
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Same as --set log_format=FORMAT (text or json)
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Set any key of the file, such as log.segment_mib=128
    #[arg(long, value_name = "KEY=VALUE", value_parser = set)]
    pub set: Vec<Setting>,
}

/// `muster init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Folder to write into; made if missing
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Replace what is there, keys included: tokens signed with the old key end
    #[arg(long)]
    pub force: bool,
}

/// `muster check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The file to check
    #[arg(value_name = "FILE", default_value = crate::config::FILE_NAME)]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `muster config`.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    /// What to show.
    #[command(subcommand)]
    pub what: ConfigWhat,
}

/// What to show of the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigWhat {
    /// Print every key with the value that holds
    #[command(after_help = help::CONFIG)]
    Print(ConfigPrintArgs),
}

/// `muster config print`.
#[derive(Debug, Args)]
pub struct ConfigPrintArgs {
    /// What is configured.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Say for each key who set it
    #[arg(long)]
    pub origin: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `muster import`.
#[derive(Debug, Args)]
pub struct ImportCommand {
    /// What the file holds.
    #[command(subcommand)]
    pub table: ImportTable,
}

/// What a file holds.
#[derive(Debug, Subcommand)]
pub enum ImportTable {
    /// Columns: code,name,agreement
    #[command(after_help = help::IMPORT_AGENCIES)]
    Agencies(ImportArgs),
    /// Columns: badge,agency,class,rank,certifications,approvals,availability
    #[command(after_help = help::IMPORT_OFFICERS)]
    Officers(ImportArgs),
    /// Columns: code,name,lead,zone,latitude,longitude,geofence_m,district,kind,ade_funded
    #[command(after_help = help::IMPORT_SITES)]
    Sites(ImportArgs),
    /// Columns: lead,backup,tier,from,until,cover
    #[command(after_help = help::IMPORT_PACTS)]
    Pacts(ImportArgs),
    /// Columns: badge,since
    #[command(after_help = help::IMPORT_SENIORITY)]
    Seniority(ImportArgs),
}

/// `muster import TABLE`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file, or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "example")]
    pub file: Option<PathBuf>,
    /// Check the file and count; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print a small valid file to start from
    #[arg(long, conflicts_with_all = ["file", "dry_run", "json"])]
    pub example: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster amend`.
#[derive(Debug, Args)]
pub struct AmendArgs {
    /// Key of the vacancy, as `post` printed it
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Code of another site; repeat for each segment
    #[arg(long, value_name = "CODE")]
    pub site: Vec<String>,
    /// When the work starts, such as 2026-11-23T07:00; repeat for each segment
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub start: Vec<Moment>,
    /// When it ends: the same, or a time of day such as 15:00
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub end: Vec<Moment>,
    /// IANA zone of times written without an offset [default: the posted site's, or
    /// America/Phoenix if --site, --start and --end are all said]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// How many are needed; without other changes, of the ladder's ranks
    #[arg(long, value_name = "N", conflicts_with = "rank")]
    pub slots: Option<u16>,
    /// Rank of one slot (officer, sergeant, commander); repeat for each slot
    #[arg(long, value_name = "RANK", value_parser = rank)]
    pub rank: Vec<Rank>,
    /// Instructions for whoever comes
    #[arg(long, value_name = "TEXT", alias = "orders")]
    pub post_orders: Option<String>,
    /// How long holders have to say yes to another time or place
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = milliseconds)]
    pub confirm_within: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// Key of the vacancy, as `post` printed it
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Said to everyone who was offered it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "cancelled by the coordinator"
    )]
    pub reason: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Print one JSON object on each line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster board`.
#[derive(Debug, Args)]
pub struct BoardArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster why`.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// Badge code of the officer, such as TUC-0412
    #[arg(value_name = "BADGE")]
    pub badge: String,
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

/// `muster token`.
#[derive(Debug, Args)]
pub struct TokenCommand {
    /// What to do.
    #[command(subcommand)]
    pub what: TokenWhat,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenWhat {
    /// Print a token signed with the server's key
    #[command(after_help = help::TOKEN)]
    Issue(TokenIssueArgs),
    /// Make the key of a device, to which tokens are bound
    #[command(after_help = help::TOKEN_DEVICE_KEY)]
    DeviceKey(TokenDeviceKeyArgs),
}

/// `muster token device-key`.
#[derive(Debug, Args)]
pub struct TokenDeviceKeyArgs {
    /// The file to write; one that is there stays
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `muster token issue`.
#[derive(Debug, Args)]
pub struct TokenIssueArgs {
    /// What the bearer may do: officer, coordinator, operator, read-only
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,
    /// Who the bearer is: a badge code, or a coordinator's name
    #[arg(long, value_name = "NAME")]
    pub subject: String,
    /// Code of the bearer's agency; every role but operator needs one
    #[arg(long, value_name = "CODE", required_if_eq_any = help::ROLES_OF_AN_AGENCY)]
    pub agency: Option<String>,
    /// How long the token lives, at most 15m
    #[arg(long, value_name = "TIME", default_value = "15m")]
    pub lifetime: SignedDuration,
    /// Public key of the device that alone can use it, as `token device-key` prints it
    #[arg(long, value_name = "PUBKEY")]
    pub bind: Option<DevicePublicKey>,
    /// Configuration file that says where the key stands
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        env = "MUSTER_CONFIG"
    )]
    pub config: Option<PathBuf>,
    /// The key itself
    #[arg(long, value_name = "FILE", env = "MUSTER_TOKENS_KEY")]
    pub token_key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How to reach a server. Without any of these: the one of this user on this machine.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Server [default: the one this user runs on this machine]")]
pub struct ReachArgs {
    /// Where it listens, such as 127.0.0.1:7710
    #[arg(long, value_name = "ADDRESS", env = "MUSTER_SERVER", hide_env = true)]
    pub server: Option<String>,
    /// Its configuration file, which names address, certificate and key
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        hide_short_help = true
    )]
    #[arg(env = "MUSTER_CONFIG", hide_env = true)]
    pub config: Option<PathBuf>,
    /// Its certificate, PEM
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    #[arg(env = "MUSTER_TLS_CERTIFICATE", hide_env = true)]
    pub certificate: Option<PathBuf>,
    /// The key that signs tokens
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    #[arg(env = "MUSTER_TOKENS_KEY", hide_env = true)]
    pub token_key: Option<PathBuf>,
    /// A token, instead of the key
    #[arg(long, value_name = "TOKEN", env = "MUSTER_TOKEN", hide_env = true)]
    #[arg(hide_env_values = true, hide_short_help = true)]
    pub token: Option<String>,
    /// The key of this device, if the token is bound to it
    #[arg(long, value_name = "FILE", env = "MUSTER_DEVICE_KEY", hide_env = true)]
    #[arg(hide_short_help = true, requires = "token")]
    pub device_key: Option<PathBuf>,
    /// Speak as a coordinator of this agency instead of as operator
    #[arg(
        long,
        value_name = "CODE",
        conflicts_with = "token",
        hide_short_help = true
    )]
    pub agency: Option<String>,
}

#[cfg(test)]
mod tests;
