//! What can be said about the roster, one change at a time.

use clap::{Args, Subcommand};
use protocol::{Availability, Class, Limit, Near, Position, VacancyKey};

use super::help;
use super::words::{Moment, class, limit, milliseconds, position, quiet, when};
use super::{LadderArgs, ReachArgs};

/// `muster roster`.
#[derive(Debug, Args)]
pub struct RosterCommand {
    /// What to change.
    #[command(subcommand)]
    pub what: RosterWhat,
}

/// What to change of the roster.
#[derive(Debug, Subcommand)]
pub enum RosterWhat {
    /// Say when an officer is willing to work
    #[command(after_help = help::ROSTER_DECLARE)]
    Declare(DeclareArgs),
    /// Say what an officer would rather be asked for, and when not to be disturbed
    #[command(after_help = help::ROSTER_PREFER)]
    Prefer(PreferArgs),
    /// Say whether an agency's officers may accept only what they prefer
    #[command(after_help = help::ROSTER_BIND)]
    Bind(BindArgs),
    /// Limit the hours of an agency's officers, and set their rest
    #[command(after_help = help::ROSTER_LIMITS)]
    Limits(LimitsArgs),
    /// Lift an officer's limits for one vacancy or some time
    #[command(after_help = help::ROSTER_LIFT)]
    Lift(LiftArgs),
    /// Change an officer's record.
    #[command(flatten)]
    Record(RecordWhat),
    /// End a pact
    #[command(after_help = help::ROSTER_END_PACT)]
    EndPact(EndPactArgs),
    /// Keep an officer away from a site, or from all sites of a district
    #[command(after_help = help::ROSTER_EXCLUDE)]
    Exclude(ExcludeArgs),
    /// Let an officer work at a site or in a district again
    #[command(after_help = help::ROSTER_EXCLUDE)]
    Readmit(ExcludeArgs),
    /// Say who may come to work of a programme when nobody else is available
    #[command(after_help = help::ROSTER_LAST_TIER)]
    LastTier(LastTierArgs),
    /// Say which slots of a vacancy are supervisors', and who may fill which
    #[command(after_help = help::ROSTER_LADDER)]
    Ladder(LadderArgs),
    /// Record that the last tier of one vacancy may be asked
    #[command(after_help = help::ROSTER_LAST_TIER)]
    ApproveLastTier(ApproveLastTierArgs),
}

/// What to change of an officer's record.
#[derive(Debug, Subcommand)]
pub enum RecordWhat {
    /// Record that an officer has a certification, or has renewed it
    #[command(after_help = help::ROSTER_CERTIFY)]
    Certify(HeldArgs),
    /// Take a certification away
    #[command(after_help = help::ROSTER_CERTIFY)]
    Revoke(TakenArgs),
    /// Approve an officer of the own agency for a programme
    #[command(after_help = help::ROSTER_APPROVE)]
    Approve(HeldArgs),
    /// Withdraw the approval for a programme
    #[command(after_help = help::ROSTER_APPROVE)]
    WithdrawApproval(TakenArgs),
    /// Say that an officer may not work until reinstated
    #[command(after_help = help::ROSTER_SUSPEND)]
    Suspend(OfficerArgs),
    /// Say that a suspended officer may work again
    #[command(after_help = help::ROSTER_SUSPEND)]
    Reinstate(OfficerArgs),
}

/// How to say it and where.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// `muster roster declare`.
#[derive(Debug, Args)]
pub struct DeclareArgs {
    /// Badge code of the officer
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// always, or windows such as "mon-fri 06:00-18:00;!2026-11-26"
    #[arg(value_name = "WHEN", value_parser = crate::import::availability)]
    pub when: Availability,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster prefer`.
#[derive(Debug, Args)]
pub struct PreferArgs {
    /// Badge code of the officer
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// School district; repeat for several
    #[arg(long, value_name = "NAME")]
    pub district: Vec<String>,
    /// Where distance is measured from, such as 33.30616,-111.84125
    #[arg(long, value_name = "LAT,LON", value_parser = position, requires = "within_metres")]
    #[arg(allow_hyphen_values = true)]
    pub near: Option<Position>,
    /// How far from there
    #[arg(long, value_name = "N", requires = "near")]
    pub within_metres: Option<u32>,
    /// How long before the start, such as 24h
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = milliseconds)]
    pub notice: u64,
    /// When not to be disturbed, such as 22:00-06:00; repeat for several
    #[arg(long, value_name = "HOURS", value_parser = quiet)]
    pub quiet: Vec<(u16, u16)>,
    /// IANA zone of the officer's quiet hours
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

impl PreferArgs {
    /// The circle that is preferred, if one is.
    pub fn circle(&self) -> Option<Near> {
        let (position, metres) = self.near.zip(self.within_metres)?;
        Some(Near { position, metres })
    }
}

/// `muster roster bind`.
#[derive(Debug, Args)]
pub struct BindArgs {
    /// Code of the home agency; without --agency an operator says it
    #[arg(value_name = "HOME")]
    pub home: String,
    /// Preferences narrow the push only, from now on
    #[arg(long)]
    pub off: bool,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster limits`.
#[derive(Debug, Args)]
pub struct LimitsArgs {
    /// Code of the home agency
    #[arg(value_name = "HOME")]
    pub home: String,
    /// Such as week-from-mon:40h:block, in place of all it had; none ends them
    #[arg(value_name = "LIMIT", value_parser = limit)]
    pub limits: Vec<Limit>,
    /// Work that starts from then on
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub from: Option<Moment>,
    /// Work that starts before
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub until: Option<Moment>,
    /// IANA zone of times written without an offset
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster lift`.
#[derive(Debug, Args)]
pub struct LiftArgs {
    /// Badge code of the officer
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// For this vacancy
    #[arg(long, value_name = "VACANCY", required_unless_present = "from")]
    #[arg(conflicts_with_all = ["from", "until"])]
    pub vacancy: Option<VacancyKey>,
    /// Or for work that starts from then on
    #[arg(long, value_name = "TIME", value_parser = when, requires = "until")]
    pub from: Option<Moment>,
    /// And before
    #[arg(long, value_name = "TIME", value_parser = when, requires = "from")]
    pub until: Option<Moment>,
    /// IANA zone of times written without an offset
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster certify` and `approve`.
#[derive(Debug, Args)]
pub struct HeldArgs {
    /// Badge code of the officer
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// Code of the certification or of the programme
    #[arg(value_name = "CODE")]
    pub code: String,
    /// Valid from then on
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub from: Option<Moment>,
    /// Valid before then; none means until it is taken away
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub until: Option<Moment>,
    /// IANA zone of times written without an offset
    #[arg(long, value_name = "ZONE", default_value = "America/Phoenix")]
    pub zone: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster revoke` and `withdraw-approval`.
#[derive(Debug, Args)]
pub struct TakenArgs {
    /// Badge code of the officer
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// Code of the certification or of the programme
    #[arg(value_name = "CODE")]
    pub code: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster suspend` and `reinstate`.
#[derive(Debug, Args)]
pub struct OfficerArgs {
    /// Badge code of the officer
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster end-pact`.
#[derive(Debug, Args)]
pub struct EndPactArgs {
    /// Code of the agency that is backed up
    #[arg(value_name = "LEAD")]
    pub lead: String,
    /// Code of the agency that backs it up
    #[arg(value_name = "BACKUP")]
    pub backup: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster exclude` and `readmit`.
#[derive(Debug, Args)]
pub struct ExcludeArgs {
    /// Badge code of the officer
    #[arg(value_name = "BADGE")]
    pub badge: String,
    /// Code of the site
    #[arg(long, value_name = "CODE", required_unless_present = "district")]
    #[arg(conflicts_with = "district")]
    pub site: Option<String>,
    /// Or all sites of this district
    #[arg(long, value_name = "NAME", requires = "lead")]
    pub district: Option<String>,
    /// Code of the agency that leads at the sites of the district
    #[arg(long, value_name = "CODE", requires = "district")]
    pub lead: Option<String>,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster last-tier`.
#[derive(Debug, Args)]
pub struct LastTierArgs {
    /// Code of the programme
    #[arg(value_name = "PROGRAMME")]
    pub programme: String,
    /// Class admitted beside its own, such as community-service-officer; none ends the last tier
    #[arg(long, value_name = "CLASS", value_parser = class)]
    pub class: Vec<Class>,
    /// Code of a certification of the programme that is not asked of them; repeat for several
    #[arg(long, value_name = "CODE", requires = "class")]
    pub waive: Vec<String>,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster roster approve-last-tier`.
#[derive(Debug, Args)]
pub struct ApproveLastTierArgs {
    /// Key of the vacancy, as `post` printed it
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// Who approved it: the chief or the designee
    #[arg(long, value_name = "WHO")]
    pub by: String,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}
