//! `muster demo`: a peak Monday on the sample state, over real sessions, audited by the officers.

mod plan;

use std::io::{IsTerminal, Write};

use loadgen::cli::conclude;
use loadgen::storm::{self, next_monday_us};
use loadgen::view::{Plain, Progress, Screen};

use crate::cli::DemoArgs;
use crate::clock::now_us;
use crate::embedded::{DataFolder, probe, target};
use crate::sample::{INVENTED, SampleState};
use crate::server::Server;
use crate::stop::{FAILED, Stop};

/// What a demo cannot go on without.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the demo cannot {what}: {cause}")]
struct DemoError {
    what: &'static str,
    cause: String,
}

impl DemoError {
    fn stop<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Stop {
        move |error| {
            Stop::failed(DemoError {
                what,
                cause: error.to_string(),
            })
        }
    }
}

/// Runs the demo; the audit decides how it ends.
///
/// # Errors
/// The server or the run failed, or the audit found a breach.
pub fn run(args: &DemoArgs, out: &mut dyn Write) -> Result<(), Stop> {
    crate::commands::trace(crate::config::LogFormat::Text);
    let runtime = crate::commands::runtime()?;
    runtime.block_on(play(args, out))
}

async fn play(args: &DemoArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let now_us = now_us();
    let no_monday = || DemoError {
        what: "find a Monday",
        cause: "set the clock".to_owned(),
    };
    let monday_us = next_monday_us(now_us).ok_or_else(|| Stop::failed(no_monday()))?;
    let sample = SampleState::new(args.seed, plan::date_of(monday_us));
    let data = DataFolder::open(args.data.as_deref()).map_err(DemoError::stop("make a folder"))?;
    let config = data.config(args.listen);
    let server = Server::start(&config)?;
    banner(&server, &sample, &data, args, out)?;

    let plan = plan::peak(&plan::Options {
        seed: args.seed,
        goes_on: !args.once,
        monday_us,
        now_us,
        sample: &sample,
    });
    let view: Box<dyn Progress> = if !args.no_tui && std::io::stdout().is_terminal() {
        let title = format!("muster demo · seed {} · {INVENTED}", args.seed);
        let screen = Screen::open(title, Some(probe(&server)));
        Box::new(screen.map_err(DemoError::stop("use the terminal (try --no-tui)"))?)
    } else {
        Box::new(Plain::stderr(Some(probe(&server))))
    };
    let target = target(&server, &config)?;
    let outcome = storm::run(plan, target, view.as_ref()).await;
    drop(view);
    let stats = server.stats();
    server.stop().await;

    let outcome = outcome.map_err(DemoError::stop("be played"))?;
    let is_clean = conclude(&outcome, args.json.as_ref(), out);
    let is_clean = is_clean.map_err(DemoError::stop("report"))?;
    saved(&data, stats.sequence(), out)?;
    match is_clean {
        true => Ok(()),
        // The histories stand above the table.
        false => Err(Stop::Said(FAILED)),
    }
}

fn banner(
    server: &Server,
    sample: &SampleState,
    data: &DataFolder,
    args: &DemoArgs,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let folder = match data.is_temporary() {
        true => "a temporary folder (--data DIR keeps it)".to_owned(),
        false => data.path().display().to_string(),
    };
    writeln!(
        out,
        "muster {} · demo: {INVENTED}",
        env!("CARGO_PKG_VERSION")
    )?;
    writeln!(out, "  listen   {} (udp, muster/1)", server.address())?;
    writeln!(out, "  data     {folder}")?;
    writeln!(
        out,
        "  state    {} places · {} agencies · {} sites · {} officers · seed {}",
        sample.places(),
        sample.agencies().len(),
        sample.sites().len(),
        sample.officers().len(),
        args.seed
    )?;
    writeln!(
        out,
        "  beside   `muster board`, `muster watch`, `loadgen storm` find this server"
    )?;
    out.flush()?;
    Ok(())
}

fn saved(data: &DataFolder, sequence: u64, out: &mut dyn Write) -> Result<(), Stop> {
    match data.is_temporary() {
        true => writeln!(
            out,
            "{sequence} records were logged in a temporary folder, now removed"
        )?,
        false => writeln!(
            out,
            "{sequence} records are saved in {0}: `muster log verify {0}/log`",
            data.path().display()
        )?,
    }
    Ok(())
}
