//! What can be said about who may not come in.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use protocol::{Bearer, DenialReason};

use super::{ChangeArgs, help};

/// `muster deny`.
#[derive(Debug, Args)]
pub struct DenyCommand {
    /// What to do.
    #[command(subcommand)]
    pub what: DenyWhat,
}

/// What to do about who may not come in.
#[derive(Debug, Subcommand)]
pub enum DenyWhat {
    /// Deny somebody: their sessions end within a second, and no other begins
    #[command(after_help = help::DENY_ADD)]
    Add(DenyAddArgs),
    /// Let somebody who was denied come in again
    #[command(after_help = help::DENY_REMOVE)]
    Remove(DenyRemoveArgs),
    /// List who is denied
    #[command(after_help = help::DENY_LIST)]
    List(ChangeArgs),
}

/// `muster deny add`.
#[derive(Debug, Args)]
pub struct DenyAddArgs {
    /// Who.
    #[command(flatten)]
    pub who: BearerArgs,
    /// Why
    #[arg(long, value_enum)]
    pub reason: Why,
    /// Until when, such as 2026-12-01T00:00:00Z [default: for ever]
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `muster deny remove`.
#[derive(Debug, Args)]
pub struct DenyRemoveArgs {
    /// Who.
    #[command(flatten)]
    pub who: BearerArgs,
    /// How and where.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// By what somebody is known.
#[derive(Debug, Args)]
pub struct BearerArgs {
    /// By what they are known
    #[arg(value_name = "KIND", value_enum)]
    pub kind: BearerKind,
    /// Badge, name of the subject, id of the signing key, or public key of the device
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Code of the subject's agency [default: an operator of none]
    #[arg(long, value_name = "CODE")]
    pub of: Option<String>,
}

/// By what somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BearerKind {
    /// An officer, by badge
    Officer,
    /// Whoever tokens name so
    Subject,
    /// Everybody whose token this key signed
    Key,
    /// Everybody whose token is bound to this device
    Device,
}

/// Why somebody is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Why {
    /// The device was lost or stolen
    DeviceLost,
    /// A token or a key is known to others
    Exposed,
    /// The person has left the agency
    Left,
    /// Bots, or other use against the rules
    Misuse,
    /// Something else
    Other,
}

impl BearerArgs {
    /// Who is meant, as the wire has it.
    pub fn bearer(&self) -> Bearer {
        let name = self.name.clone();
        match self.kind {
            BearerKind::Officer => Bearer::Officer { badge: name },
            BearerKind::Subject => Bearer::Subject {
                agency: self.of.clone(),
                name,
            },
            BearerKind::Key => Bearer::SigningKey { id: name },
            BearerKind::Device => Bearer::Device { key: name },
        }
    }
}

impl From<Why> for DenialReason {
    fn from(why: Why) -> DenialReason {
        match why {
            Why::DeviceLost => DenialReason::DeviceLost,
            Why::Exposed => DenialReason::Exposed,
            Why::Left => DenialReason::Left,
            Why::Misuse => DenialReason::Misuse,
            Why::Other => DenialReason::Other,
        }
    }
}
