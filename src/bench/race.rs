//! The rows of `muster bench race`.

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::ValueEnum;
use engine::Unavailable;
use engine::core::{Refusal, Reply};
use engine::limits::{ANSWERS_MAX, INBOX_LEN_MAX};

use super::drive::{self, Line, Run};
use super::floor::{Floor, Looks, median, note};
use super::report::{Beside, Report, Timed};
use super::world::{Accept, Size, World};
use super::{BenchError, Pace};
use crate::cli::BenchRaceArgs;

/// Commands in flight that are measured unless others are named.
const IN_FLIGHT: [usize; 7] = [1, 16, 64, 256, 1_024, 4_096, 16_384];
/// Callers who wait for each answer before they ask again.
const CALLERS: usize = 64;
/// The offered rate of the open loop, a second, unless the machine gives less.
const OPEN_RATE: f64 = 1e6;
/// Commands in flight by which is found what the machine gives, and which fill the world.
const AMPLE: usize = 4_096;
/// How much of what the machine gives is offered at most: an open loop at the brink measures its
/// own queue.
const OPEN_SHARE: f64 = 0.5;
/// Accepts of one round at most, which bounds memory and log.
const ROUND_ACCEPTS_MAX: u64 = 1_000_000;
/// Accepts of one round at least, for each command in flight: with fewer, a round would be mostly
/// its own beginning and end.
const TURNS_MIN: u64 = 10;
/// Hot races of a run are so many times its rounds.
const HOT_RACES_A_ROUND: u32 = 4;
/// Calls under one reading of the clock where one call is nanoseconds.
const CALLS: u64 = 100_000;
/// Filled vacancies among which a loser's is looked up.
const FILLED: usize = 1_024;

/// A row, as it can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RaceRow {
    /// Durable accepts with so many in flight
    InFlight,
    /// 64 callers who wait for each answer
    Callers,
    /// 64 callers who race for the slots of one vacancy
    HotVacancy,
    /// One accept at a time
    Alone,
    /// Accepts at a given rate, however slowly they are answered
    OpenLoop,
    /// A loser who is told so without entering the line
    Gate,
    /// 10,000 accepts of one slot
    HotRace,
}

/// What is measured, and how long.
#[derive(Debug, Clone, PartialEq)]
pub struct RacePlan {
    /// How long and how often.
    pub pace: Pace,
    /// Which rows; none named means all.
    pub only: Vec<RaceRow>,
    /// Commands in flight, one row each.
    pub in_flight: Vec<usize>,
    /// Threads that hold the commands in flight.
    pub connections: usize,
    /// The offered rate of the open loop, a second; none means what the machine gives.
    pub rate: Option<f64>,
    /// Agencies whose officers accept.
    pub agencies: usize,
    /// Officers who race for one slot.
    pub crowd: usize,
    /// Awards made before anything is measured, so that the table of remembered answers is as
    /// full as on a busy day.
    pub fill: u64,
}

impl RacePlan {
    /// What the command line asks for.
    pub fn new(args: &BenchRaceArgs) -> RacePlan {
        let is_quick = args.bench.quick;
        let in_flight = if args.in_flight.is_empty() {
            IN_FLIGHT.to_vec()
        } else {
            args.in_flight.iter().map(|&count| count as usize).collect()
        };
        RacePlan {
            pace: Pace::new(is_quick),
            only: args.only.clone(),
            in_flight,
            connections: args.connections as usize,
            rate: args.rate.map(f64::from),
            agencies: if is_quick { 64 } else { 256 },
            crowd: 10_000,
            fill: if is_quick { 0 } else { ANSWERS_MAX as u64 },
        }
    }

    fn has(&self, row: RaceRow) -> bool {
        self.only.is_empty() || self.only.contains(&row)
    }
}

/// Measures the rows of `plan` in `folder`; `progress` hears what is being measured.
pub(super) fn measure(
    plan: &RacePlan,
    folder: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Report, BenchError> {
    progress("the floor");
    let floor = Floor::open(folder, plan.pace.floor_syncs)?;
    progress("nothing yet: agencies and officers are made");
    let size = Size {
        agencies: plan.agencies,
        crowd: plan.crowd,
    };
    let mut bench = Bench {
        world: World::open(folder, size)?,
        floor,
        plan,
        report: Report::new("race", folder),
    };
    bench.fill(progress)?;
    bench.rows(progress)?;
    let Bench {
        world,
        mut floor,
        mut report,
        ..
    } = bench;
    world.close();
    report.floor = floor.report()?;
    Ok(report)
}

struct Bench<'a> {
    world: World,
    floor: Floor,
    plan: &'a RacePlan,
    report: Report,
}

/// The rounds of one row.
struct Rounds {
    runs: Vec<Run>,
    looks: Looks,
}

impl Rounds {
    fn timed(&self, row: &str, what: String) -> Timed {
        Timed::of(row, what, &self.runs, &self.looks)
    }
}

impl Bench<'_> {
    fn rows(&mut self, progress: &mut dyn FnMut(&str)) -> Result<(), BenchError> {
        if self.plan.has(RaceRow::Alone) {
            progress("one accept alone");
            self.alone()?;
        }
        if self.plan.has(RaceRow::InFlight) {
            for &in_flight in &self.plan.in_flight {
                progress(&format!("{in_flight} accepts in flight"));
                self.in_flight(in_flight)?;
            }
        }
        if self.plan.has(RaceRow::Callers) {
            progress("64 callers");
            self.callers()?;
        }
        if self.plan.has(RaceRow::HotVacancy) {
            progress("one hot vacancy");
            self.hot_vacancy()?;
        }
        if self.plan.has(RaceRow::OpenLoop) {
            progress("an open loop");
            self.open_loop()?;
        }
        if self.plan.has(RaceRow::HotRace) {
            progress("a hot race");
            self.hot_race()?;
        }
        if self.plan.has(RaceRow::Gate) {
            progress("a loser at the gate");
            self.gate()?;
        }
        Ok(())
    }

    /// Awards slots until as many answers are remembered as ever will be.
    fn fill(&mut self, progress: &mut dyn FnMut(&str)) -> Result<(), BenchError> {
        let mut left = self.plan.fill;
        if left > 0 {
            progress(&format!("nothing yet: {left} awards are made"));
        }
        while left > 0 {
            let count = left.min(ROUND_ACCEPTS_MAX / 4);
            self.run_in_flight("filling", AMPLE, count)?;
            left -= count;
        }
        Ok(())
    }

    /// Rounds of `run`, each of as many accepts as about fill a round's time, found by a first run
    /// that is not counted.
    fn rounds(
        &mut self,
        least: u64,
        mut run: impl FnMut(&mut World, u64) -> Result<Run, BenchError>,
    ) -> Result<Rounds, BenchError> {
        let Pace { rounds, round, .. } = self.plan.pace;
        let mut count = least;
        let rate_of = |run: &Run| run.answered() as f64 / run.took.as_secs_f64().max(1e-9);
        // Twice: the first is too short to say more than how long the second has to be.
        for share in [0.1, 1.0] {
            let first = run(&mut self.world, count)?;
            let wanted = rate_of(&first) * round.as_secs_f64() * share;
            count = (wanted as u64).clamp(least, ROUND_ACCEPTS_MAX.max(least));
        }
        let (mut runs, mut looks) = (Vec::new(), Looks::default());
        self.floor.look(&mut looks)?;
        for _ in 0..rounds {
            runs.push(run(&mut self.world, count)?);
            self.floor.look(&mut looks)?;
        }
        Ok(Rounds { runs, looks })
    }

    fn run_in_flight(
        &mut self,
        what: &'static str,
        in_flight: usize,
        count: u64,
    ) -> Result<Run, BenchError> {
        keep_in_flight(&mut self.world, self.plan, what, in_flight, count)
    }

    fn in_flight(&mut self, in_flight: usize) -> Result<(), BenchError> {
        let plan = self.plan;
        let least = TURNS_MIN * in_flight as u64;
        let rounds = self.rounds(least, |world, count| {
            keep_in_flight(world, plan, "accepts in flight", in_flight, count)
        })?;
        let mut row = rounds.timed("in-flight", format!("{in_flight} in flight"));
        row.in_flight = Some(in_flight as u64);
        row.share = Some(row.per_s * row.t_sync_us / 1e6 / in_flight as f64);
        self.report.timed.push(row);
        Ok(())
    }

    fn alone(&mut self) -> Result<(), BenchError> {
        let rounds = self.rounds(TURNS_MIN, |world, count| {
            wait_for_each(world, "one accept alone", 1, count)
        })?;
        let mut row = rounds.timed("alone", "one caller alone, waiting".to_owned());
        row.in_flight = Some(1);
        row.share = Some(row.per_s * row.t_sync_us / 1e6);
        self.report.timed.push(row);
        Ok(())
    }

    fn callers(&mut self) -> Result<(), BenchError> {
        let least = TURNS_MIN * CALLERS as u64;
        let rounds = self.rounds(least, |world, count| {
            wait_for_each(world, "64 callers", CALLERS, count)
        })?;
        let mut row = rounds.timed("callers", format!("{CALLERS} callers, each waiting"));
        row.in_flight = Some(CALLERS as u64);
        row.share = Some(row.per_s * row.t_sync_us / 1e6 / CALLERS as f64);
        self.report.timed.push(row);
        Ok(())
    }

    fn hot_vacancy(&mut self) -> Result<(), BenchError> {
        let least = TURNS_MIN * CALLERS as u64;
        let rounds = self.rounds(least, |world, count| {
            let accepts = world.hot(count)?;
            let run = world.timed(|engine| drive::callers(engine, CALLERS, &accepts))?;
            run.expect("one hot vacancy", run.answered() - run.won)?;
            Ok(run)
        })?;
        let what = format!("{CALLERS} callers, one vacancy: awards");
        let mut row = rounds.timed("hot-vacancy", what);
        row.in_flight = Some(CALLERS as u64);
        row.share = Some(row.per_s * row.t_sync_us / 1e6 / CALLERS as f64);
        self.report.timed.push(row);
        Ok(())
    }

    /// Accepts at the rate that was asked for, or at the usual one, or at half of what the
    /// machine gives if that is less.
    fn open_loop(&mut self) -> Result<(), BenchError> {
        let rate = match self.plan.rate {
            Some(rate) => rate,
            None => {
                let probe = TURNS_MIN * AMPLE as u64;
                let probe = self.run_in_flight("an open loop", AMPLE, probe)?;
                OPEN_RATE.min(probe.won_per_s() * OPEN_SHARE)
            }
        };
        let round = self.plan.pace.round.as_secs_f64();
        let count = ((rate * round) as u64).clamp(1, ROUND_ACCEPTS_MAX);
        let (mut runs, mut looks) = (Vec::new(), Looks::default());
        // The first is not counted.
        for number in 0..=self.plan.pace.rounds {
            let accepts = self.world.accepts(count)?;
            let run = self
                .world
                .timed(|engine| Line::new(engine).open_loop(&accepts, rate))?;
            run.expect("an open loop", run.answered() - run.won - run.busy)?;
            self.floor.look(&mut looks)?;
            if number > 0 {
                runs.push(run);
            }
        }
        let busy: u64 = runs.iter().map(|run| run.busy).sum();
        let rounds = Rounds { runs, looks };
        let what = format!("open loop, {} /s offered", super::report::count(rate));
        self.report
            .timed
            .push(rounds.timed("open-loop", what.clone()));
        if busy > 0 {
            self.report.notes.push(format!(
                "{what}: {busy} were told to come back because {INBOX_LEN_MAX} were in line"
            ));
        }
        Ok(())
    }

    fn hot_race(&mut self) -> Result<(), BenchError> {
        let races = self.plan.pace.rounds * HOT_RACES_A_ROUND;
        let connections = self.plan.connections;
        // One run holds how long each race took until everyone was answered.
        let (mut all, mut looks) = (Run::new(), Looks::default());
        for number in 0..=races {
            let accepts = self.world.crowd()?;
            let engine = &self.world.engine;
            let run = drive::in_flight(engine, connections, accepts.len(), &accepts)?;
            run.expect("a hot race", run.answered() - run.filled - 1)?;
            run.expect("a hot race", run.won.abs_diff(1))?;
            self.floor.look(&mut looks)?;
            if number > 0 {
                all.won += run.answered();
                all.took += run.took;
                note(&mut all.latency, run.took.as_nanos() as u64, 1);
            }
        }
        let what = format!("{} accepts of one slot: all answered", self.plan.crowd);
        let runs = vec![all];
        let mut row = Rounds { runs, looks }.timed("hot-race", what);
        row.in_flight = Some(self.plan.crowd as u64);
        row.rounds = races;
        self.report.timed.push(row);
        Ok(())
    }

    /// What it costs to be told at the gate that the slot is taken, beside the least that anybody
    /// can do to know it.
    fn gate(&mut self) -> Result<(), BenchError> {
        let losers = self.losers()?;
        let word = AtomicU64::new(1);
        let engine = &self.world.engine;
        let answers = engine.answers();
        let outbox = answers.outbox();
        let (mut load, mut same, mut spread, mut ticket) = (vec![], vec![], vec![], vec![]);
        for _ in 0..self.plan.pace.rounds {
            load.push(ns_per_call(|_| {
                black_box(&word).load(Ordering::Acquire) == 1
            }));
            let to = |loser: Accept| engine.submit_to(loser.command(), &outbox, 0);
            same.push(ns_per_call(|_| is_lost(to(losers[0]))));
            spread.push(ns_per_call(|number| {
                is_lost(to(losers[number as usize % losers.len()]))
            }));
            ticket.push(ns_per_call(|_| {
                is_lost(Some(engine.submit(losers[0].command()).wait()))
            }));
        }
        let lost = [&same, &spread, &ticket].into_iter().flatten();
        let missed: u64 = lost.map(|(_, missed)| missed).sum();
        Run::new().expect("a loser at the gate", missed)?;
        let middle = |taken: &[(f64, u64)]| median(taken.iter().map(|(ns, _)| *ns));
        let floor = middle(&load);
        let rows = [
            ("gate", "a loser at the gate, one vacancy", &same),
            (
                "gate-spread",
                "a loser at the gate, 1,024 vacancies",
                &spread,
            ),
            ("gate-ticket", "a loser at the gate, with a ticket", &ticket),
        ];
        for (row, what, taken) in rows {
            let unit = "ns";
            let beside = Beside::new(row, what, unit, middle(taken), ("one atomic load", floor));
            self.report.beside.push(beside);
        }
        Ok(())
    }

    /// Certain losers, each of another filled vacancy.
    fn losers(&mut self) -> Result<Vec<Accept>, BenchError> {
        let waves = FILLED.div_ceil(self.plan.agencies);
        let count = self.world.until_filled(waves);
        self.run_in_flight("a loser at the gate", AMPLE, count)?;
        let engine = &self.world.engine;
        let answers = engine.answers();
        let outbox = answers.outbox();
        let find = |vacancy| {
            // Who shares a bit of the gate's filter with a winner goes into the line instead.
            let is_certain = |late: &Accept| is_lost(engine.submit_to(late.command(), &outbox, 0));
            self.world.late(vacancy).find(is_certain)
        };
        let vacancies = self.world.last_vacancies(waves).take(FILLED);
        Ok(vacancies.filter_map(find).collect())
    }
}

fn keep_in_flight(
    world: &mut World,
    plan: &RacePlan,
    what: &'static str,
    in_flight: usize,
    count: u64,
) -> Result<Run, BenchError> {
    let accepts = world.accepts(count)?;
    let run =
        world.timed(|engine| drive::in_flight(engine, plan.connections, in_flight, &accepts))?;
    run.expect(what, run.answered() - run.won)?;
    Ok(run)
}

fn wait_for_each(
    world: &mut World,
    what: &'static str,
    callers: usize,
    count: u64,
) -> Result<Run, BenchError> {
    let accepts = world.accepts(count)?;
    let run = world.timed(|engine| drive::callers(engine, callers, &accepts))?;
    run.expect(what, run.answered() - run.won)?;
    Ok(run)
}

/// Whether an accept was told at the gate that it lost.
fn is_lost(answer: Option<Result<Reply, Unavailable>>) -> bool {
    matches!(answer, Some(Ok(Err(refused))) if refused.refusal == Refusal::Filled)
}

/// Nanoseconds of one call, and how many calls did not say yes.
fn ns_per_call(mut call: impl FnMut(u64) -> bool) -> (f64, u64) {
    let mut missed = 0;
    let began = Instant::now();
    for number in 0..CALLS {
        missed += u64::from(!call(number));
    }
    (began.elapsed().as_nanos() as f64 / CALLS as f64, missed)
}
