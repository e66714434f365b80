//! Every workload that loads a server and is judged by the officers' ledger.

use std::io::Write;

use loadgen::cli::{CliError, LoadArgs, RampArgs};
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
    let mut plan = plan(now_us()).into_diagnostic()?;
    plan.commit = COMMIT.to_owned();
    let baseline = load.baseline(&plan.workload).into_diagnostic()?;
    advise(plan.officers.len() as u64);
    runtime()?.block_on(async {
        let ground = Ground::prepare(load)?;
        plan.subject = load.subject(ground.log.clone());
        let view = load.view(&plan, ground.probe.clone()).into_diagnostic()?;
        let outcome = storm::run(plan, ground.target.clone(), view.as_ref()).await;
        drop(view);
        ground.leave().await;
        conclude(load, &outcome.into_diagnostic()?, baseline.as_ref())
    })
}

/// Searches for the knee; says the exit code.
pub(crate) fn ramp(args: &RampArgs) -> Result<u8> {
    let load = &args.load;
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
    let baseline = load.baseline(&ramp::workload(&options)).into_diagnostic()?;
    advise(args.crowd.officers);
    runtime()?.block_on(async {
        let ground = Ground::prepare(load)?;
        options.subject = load.subject(ground.log.clone());
        // One run follows another, which a full screen could not show as one.
        let view = Plain::stderr(ground.probe.clone());
        let mut say = |line: &str| eprintln!("{line}");
        let outcome = ramp::run(&options, &ground.target, &view, &mut say).await;
        ground.leave().await;
        conclude(load, &outcome.into_diagnostic()?, baseline.as_ref())
    })
}

fn conclude(
    load: &LoadArgs,
    outcome: &Outcome,
    baseline: Option<&loadgen::expect::Baseline>,
) -> Result<u8> {
    let mut out = std::io::stdout().lock();
    let concluded = load.conclude(outcome, baseline, &mut out);
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
