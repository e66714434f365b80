//! What may be said of every workload: whom to load, what to expect, where to write.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::CliError;
use super::tell::TellArgs;
use crate::shard::Shard;
use crate::storm::{Outcome, Plan};
use crate::usage::Subject;
use crate::view::{Plain, Probe, Progress, Screen, ScreenError};

/// What may be said of every workload.
#[derive(Debug, Clone, clap::Args)]
pub struct LoadArgs {
    /// Same seed, same world, schedule and decisions
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// The server to load
    #[arg(long, value_name = "ADDRESS", default_value_t = default_target())]
    pub target: SocketAddr,
    /// Start a server in this process and load that
    #[arg(long, conflicts_with_all = ["target", "certificate", "token_key", "server_pid"])]
    pub embedded: bool,
    /// The server's certificate, PEM [default: of this machine's server]
    #[arg(long, value_name = "FILE", requires = "token_key")]
    pub certificate: Option<PathBuf>,
    /// The key that signs tokens [default: of this machine's server]
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub token_key: Option<PathBuf>,
    /// Look at what the server's process uses [default: of an embedded one]
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// Play one part of the run, such as 1/3; other processes play the others
    #[arg(long, value_name = "I/N", requires_all = ["at", "ledger"])]
    pub shard: Option<Shard>,
    /// When all parts begin, in seconds since the epoch; everybody must be there by then
    #[arg(long, value_name = "SECONDS", requires = "shard")]
    #[arg(value_parser = clap::value_parser!(u32))]
    pub at: Option<u32>,
    /// Write this part's ledger, for `loadgen merge`
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub ledger: Option<PathBuf>,
    #[command(flatten)]
    /// What to expect and to write.
    pub tell: TellArgs,
    /// Progress lines instead of the full screen
    #[arg(long)]
    pub no_tui: bool,
}

impl LoadArgs {
    /// The view that fits: a full screen on a terminal, otherwise lines on the standard error.
    ///
    /// # Errors
    /// The terminal refuses.
    pub fn view(
        &self,
        plan: &Plan,
        probe: Option<Probe>,
    ) -> Result<Box<dyn Progress>, ScreenError> {
        if self.no_tui || !io::stdout().is_terminal() {
            return Ok(Box::new(Plain::stderr(probe)));
        }
        let name = plan.workload.split(' ').next().unwrap_or_default();
        let officers = plan.officers.len();
        let title = format!("loadgen {name} · {officers} officers · seed {}", self.seed);
        Ok(Box::new(Screen::open(title, probe)?))
    }

    /// The process to look at: the named one, or this one with the log of its embedded server.
    pub fn subject(&self, own_log: Option<PathBuf>) -> Option<Subject> {
        match self.server_pid {
            Some(pid) => Some(Subject {
                pid,
                of: format!("process {pid}: the server"),
                log: None,
            }),
            None if self.embedded => Some(Subject::own(own_log)),
            None => None,
        }
    }

    /// The moment of the run, microseconds since the epoch: that which all parts share, or this
    /// one.
    pub fn moment(&self, now_us: i64) -> i64 {
        self.at.map_or(now_us, |at_s| i64::from(at_s) * 1_000_000)
    }

    /// The part of the plan that is to be played; all of it, if it is not divided.
    pub fn part_of(&self, plan: Plan) -> Plan {
        match self.shard {
            Some(shard) => plan.part(shard, self.moment(0)),
            None => plan,
        }
    }

    /// Writes the ledger of a part.
    ///
    /// # Errors
    /// [`CliError::Merge`].
    pub fn keep(&self, outcome: &Outcome) -> Result<(), CliError> {
        match (&self.ledger, &outcome.kept) {
            (Some(path), Some(kept)) => Ok(kept.write(path)?),
            _ => Ok(()),
        }
    }
}

fn default_target() -> SocketAddr {
    ([127, 0, 0, 1], protocol::PORT).into()
}
