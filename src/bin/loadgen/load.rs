//! Every workload that loads a server and is judged by the officers' ledger.

use std::io::Write;

use loadgen::cli::{CliError, LoadArgs, MergeArgs, RampArgs, TellArgs};
use loadgen::pacer::Pacer;
use loadgen::preflight::SystemLimits;
use loadgen::ramp::{self, RampOptions};
use loadgen::storm::{self, Outcome, Plan};
use loadgen::view::Plain;
use miette::{IntoDiagnostic, Result};
use muster::clock::now_us;
use muster::embedded::COMMIT;

use crate::ground::Ground;

/// Puts the load of a plan on; says the exit code.
pub(crate) fn run(load: &LoadArgs, plan: impl FnOnce(i64) -> Result<Plan, CliError>) -> Result<u8> {
    let mut plan = load.part_of(plan(load.moment(now_us())).into_diagnostic()?);
    plan.commit = COMMIT.to_owned();
    let baseline = load.tell.baseline(&plan.workload).into_diagnostic()?;
    advise(plan.officers.len() as u64);
    runtime()?.block_on(async {
        let ground = Ground::prepare(load)?;
        plan.subject = load.subject(ground.log.clone());
        let view = load.view(&plan, ground.probe.clone()).into_diagnostic()?;
        let outcome = storm::run(plan, ground.target.clone(), view.as_ref()).await;
        drop(view);
        ground.leave().await;
        let outcome = outcome.into_diagnostic()?;
        load.keep(&outcome).into_diagnostic()?;
        conclude(&load.tell, &outcome, baseline.as_ref())
    })
}

/// Binds the ledgers of a run's parts into one; says the exit code.
pub(crate) fn merge(args: &MergeArgs) -> Result<u8> {
    let outcome = args.merged().into_diagnostic()?;
    let baseline = args.tell.baseline(&outcome.report.workload);
    conclude(&args.tell, &outcome, baseline.into_diagnostic()?.as_ref())
}

/// Searches for the knee; says the exit code.
pub(crate) fn ramp(args: &RampArgs) -> Result<u8> {
    let load = &args.load;
    if load.shard.is_some() {
        return Err(CliError::NoParts).into_diagnostic();
    }
    let pacer = Pacer::Constant(args.from);
    let storm = args.crowd.options((load.seed, now_us()), 1, pacer);
    let mut options = RampOptions {
        storm: storm.into_diagnostic()?,
        bound: args.bound,
        from: args.from,
        to: args.to,
        step: args.step,
        commit: COMMIT.to_owned(),
        subject: None,
    };
    let baseline = load
        .tell
        .baseline(&ramp::workload(&options))
        .into_diagnostic()?;
    advise(args.crowd.officers);
    runtime()?.block_on(async {
        let ground = Ground::prepare(load)?;
        options.subject = load.subject(ground.log.clone());
        // One run follows another, which a full screen could not show as one.
        let view = Plain::stderr(ground.probe.clone());
        let mut say = |line: &str| eprintln!("{line}");
        let outcome = ramp::run(&options, &ground.target, &view, &mut say).await;
        ground.leave().await;
        conclude(&load.tell, &outcome.into_diagnostic()?, baseline.as_ref())
    })
}

fn conclude(
    tell: &TellArgs,
    outcome: &Outcome,
    baseline: Option<&loadgen::expect::Baseline>,
) -> Result<u8> {
    let mut out = std::io::stdout().lock();
    let concluded = tell.conclude(outcome, baseline, &mut out);
    out.flush().into_diagnostic()?;
    let concluded = concluded.into_diagnostic()?;
    for failure in &concluded.failures {
        // The standard output may be the report itself.
        eprintln!("NOT AS EXPECTED: {failure}");
    }
    Ok(concluded.code)
}

fn advise(officers: u64) {
    for line in SystemLimits::read().advice(officers) {
        eprintln!("{line}");
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().into_diagnostic()
}
