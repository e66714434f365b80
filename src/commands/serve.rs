//! `muster serve`: runs a server until it is told to stop.

use std::io::Write;
use std::time::Duration;

use engine::Health;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::ServeArgs;
use crate::config::{Config, LogFormat};
use crate::server::Server;
use crate::stop::Stop;

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the server has stopped serving: the engine is {health:?}")]
#[diagnostic(help(
    "everything acknowledged is in the log; see that the disk of the data folder is well, then \
     start the server again"
))]
struct EngineEnded {
    health: Health,
}

/// How often the server looks whether its disk is full. Whoever has to make space hears of it
/// within a moment; a full disk that passes sooner than that needs nobody.
const HEALTH_PERIOD: Duration = Duration::from_millis(100);

/// Runs until Ctrl-C or SIGTERM, then lets every session go and closes the log.
pub(super) fn run(args: &ServeArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let settings = super::config::resolve(&args.config)?;
    trace(settings.config.log_format);
    let runtime = super::runtime()?;
    runtime.block_on(serve(&settings.config, out))
}

async fn serve(config: &Config, out: &mut dyn Write) -> Result<(), Stop> {
    // Before the banner: whoever sees it may send a signal at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut server = Server::start(config)?;
    banner(&server, config, out)?;
    let engine = server.engine().clone();
    let mut health = Health::Running;
    let mut look = tokio::time::interval(HEALTH_PERIOD);
    loop {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
            _ = terminate.recv() => break,
            _ = hangup.recv() => server.look_at_certificate(),
            () = server.ended() => {
                let health = engine.health();
                server.stop().await;
                return Err(Stop::failed(EngineEnded { health }));
            }
            _ = look.tick() => {
                let before = std::mem::replace(&mut health, engine.health());
                report(before, health, config);
            }
        }
    }
    writeln!(
        out,
        "stopping: sessions are told to come back, the log is closed"
    )?;
    out.flush()?;
    server.stop().await;
    writeln!(out, "stopped")?;
    Ok(())
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

fn banner(server: &Server, config: &Config, out: &mut dyn Write) -> Result<(), Stop> {
    let recovered = server.recovered();
    writeln!(out, "muster {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  listen   {} (udp, {})", server.address(), alpn())?;
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
