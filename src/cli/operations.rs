//! What whoever looks after a server can say.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::ConfigArgs;

/// Which server is looked at.
#[derive(Debug, Clone, Default, Args)]
pub struct HttpArgs {
    /// Its HTTP port [default: that of the server this user runs on this machine]
    #[arg(long, value_name = "ADDRESS", env = "MUSTER_HTTP")]
    pub http: Option<SocketAddr>,
    /// Its configuration file, which names the port
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        env = "MUSTER_CONFIG"
    )]
    pub config: Option<PathBuf>,
}

/// `muster health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Ask only whether the process answers, not whether it takes sessions
    #[arg(long)]
    pub alive: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub http: HttpArgs,
}

/// `muster top`.
#[derive(Debug, Args)]
pub struct TopArgs {
    /// Print the figures of one second and end
    #[arg(long)]
    pub once: bool,
    /// Print JSON; needs --once
    #[arg(long, requires = "once")]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub http: HttpArgs,
}

/// `muster doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// What is configured.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
