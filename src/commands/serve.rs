//! `muster serve`: runs a server until it is told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use engine::Health;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::ServeArgs;
use crate::config::{Config, LogFormat, Settings};
use crate::http::{Overview, Port, PortError};
use crate::server::Server;
use crate::stop::Stop;
use crate::systemd::Supervisor;

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the server has stopped serving: the engine is {health:?}")]
#[diagnostic(help(
    "everything acknowledged is in the log; see that the disk of the data folder is well, then \
     start the server again"
))]
struct EngineEnded {
    health: Health,
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("stopped at once by a second signal: sessions were not told to come back")]
#[diagnostic(help("everything acknowledged is in the log; one signal and {} s let all take leave", DRAIN_MAX.as_secs()))]
struct StoppedAtOnce;

/// How often the server looks whether its disk is full. Whoever has to make space hears of it
/// within a moment; a full disk that passes sooner than that needs nobody.
const HEALTH_PERIOD: Duration = Duration::from_millis(100);

/// How long a stop takes at most, if the disk does not keep the log's last sync waiting.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Runs until Ctrl-C or SIGTERM, then lets every session go and closes the log.
pub(super) fn run(args: &ServeArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let settings = super::config::resolve(&args.config)?;
    trace(settings.config.log_format);
    let runtime = super::runtime()?;
    let served = runtime.block_on(serve(&settings, out));
    // After a second signal nobody waits for what is still being written.
    runtime.shutdown_background();
    served
}

/// What is said to a server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the server.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn serve(settings: &Settings, out: &mut dyn Write) -> Result<(), Stop> {
    let config = &settings.config;
    // Before the banner: whoever sees it may send a signal at once.
    let mut signals = Signals::listen()?;
    let supervisor = Supervisor::of_environment(|name| std::env::var(name).ok());
    let overview = Arc::new(Overview::new());
    let port = open_port(settings, &overview).await?;
    let http = port.as_ref().map(Port::address);
    let mut server = Server::start_beside(config, http)?;
    overview.serves(server.serving());
    banner(&server, http, config, out)?;
    supervisor.ready(&format!("serving on {}", server.address()));
    let signalled = until_told(&mut server, &mut signals, &supervisor, config).await;
    overview.drains();
    supervisor.stopping();
    if let Err(health) = signalled {
        server.stop().await;
        return Err(Stop::failed(EngineEnded { health }));
    }
    writeln!(
        out,
        "stopping: sessions are told to come back, the log is closed"
    )?;
    out.flush()?;
    tokio::select! {
        () = server.stop() => {}
        () = signals.end() => return Err(Stop::failed(StoppedAtOnce)),
    }
    writeln!(out, "stopped")?;
    Ok(())
}

/// Opens the port for whoever looks after the server. One that nobody asked for and that is taken
/// is no reason not to serve.
async fn open_port(settings: &Settings, overview: &Arc<Overview>) -> Result<Option<Port>, Stop> {
    match Port::open(settings.config.http, Arc::clone(overview)).await {
        Err(PortError::Bind { address, cause }) if settings.is_default("http.listen") => {
            tracing::warn!(%address, %cause, "no metrics: set http.listen to a free address");
            Ok(None)
        }
        opened => Ok(opened?),
    }
}

/// Waits for a signal, and looks after the server meanwhile.
///
/// # Errors
/// The engine has ended by itself; how it was then.
async fn until_told(
    server: &mut Server,
    signals: &mut Signals,
    supervisor: &Supervisor,
    config: &Config,
) -> Result<(), Health> {
    let engine = server.engine().clone();
    let mut health = Health::Running;
    let mut look = tokio::time::interval(HEALTH_PERIOD);
    let alive_period = supervisor.alive_period();
    let mut alive = tokio::time::interval(alive_period.unwrap_or(HEALTH_PERIOD));
    let Signals {
        interrupt,
        terminate,
        hangup,
    } = signals;
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => server.look_at_certificate(),
            () = server.ended() => return Err(engine.health()),
            _ = look.tick() => {
                let before = std::mem::replace(&mut health, engine.health());
                report(before, health, config);
            }
            _ = alive.tick(), if alive_period.is_some() => supervisor.alive(),
        }
    }
}

/// Says when the disk is full, and when it no longer is. The end of the engine ends the program,
/// which says so itself.
fn report(before: Health, now: Health, config: &Config) {
    let folder = config.data_dir.display();
    match (before, now) {
        (Health::Running, Health::ReadOnly) => tracing::error!(
            %folder,
            "the disk is full: sessions and reading go on, and nothing new is taken in until \
             there is space; free some on the volume of this folder"
        ),
        (Health::ReadOnly, Health::Running) => {
            tracing::warn!(%folder, "there is space again, and requests are taken in");
        }
        _ => {}
    }
}

fn banner(
    server: &Server,
    http: Option<SocketAddr>,
    config: &Config,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let recovered = server.recovered();
    writeln!(out, "muster {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  listen   {} (udp, {})", server.address(), alpn())?;
    if let Some(http) = http {
        writeln!(out, "  http     http://{http}/metrics, /healthz, /readyz")?;
    }
    writeln!(out, "  data     {}", config.data_dir.display())?;
    writeln!(
        out,
        "  log      {} records, {} of them read after the snapshot at {}",
        recovered.sequence, recovered.records, recovered.snapshot
    )?;
    for torn in &recovered.torn {
        writeln!(
            out,
            "  torn     {} bytes nobody was told of were cut from {} and kept as {}",
            torn.bytes, torn.file, torn.kept_as
        )?;
    }
    let certificate = server.certificate();
    if let Some(ends) = certificate.ends {
        writeln!(
            out,
            "  cert     self-signed, until {}; sha-256 {}",
            ends.strftime("%-d %b %Y"),
            certificate.hash
        )?;
    }
    writeln!(
        out,
        "ready: `muster import …`, `muster post …`, `loadgen storm` (stop with Ctrl-C)"
    )?;
    out.flush()?;
    Ok(())
}

fn alpn() -> std::borrow::Cow<'static, str> {
    String::from_utf8_lossy(protocol::ALPN)
}

/// What is logged unless `RUST_LOG` says otherwise: warnings, and who was refused.
const LOGGED: &str = "warn,muster::identity=info";

/// Sends log lines to stderr. `RUST_LOG` chooses which.
pub(crate) fn trace(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second subscriber in one process is a test's, and keeps the first.
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
