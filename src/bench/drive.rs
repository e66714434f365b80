//! Who submits, who waits, and when: closed loops, blocking callers, an open loop.
//!
//! Latency counts from the instant at which a command was about to be submitted; in the open loop
//! from the instant at which the plan wanted it, whether or not it was submitted then.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use engine::core::{Answer, Command, Refusal, Reply};
use engine::{Answers, Engine, Outbox, Unavailable};
use hdrhistogram::Histogram;

use super::BenchError;
use super::floor::{histogram, note};
use super::world::Accept;

/// Commands submitted under one reading of the clock. The reading comes first, so a latency is
/// never too short for it.
const BURST: usize = 32;

/// How long the open loop rests when nothing is due and nothing was answered.
const REST: Duration = Duration::from_micros(20);

/// One connection: the way in, and where its answers arrive.
pub(super) struct Line {
    engine: Engine,
    answers: Answers,
    outbox: Outbox,
}

/// What came of a number of commands.
pub(super) struct Run {
    pub(super) won: u64,
    pub(super) done: u64,
    pub(super) filled: u64,
    pub(super) busy: u64,
    others: u64,
    first_other: Option<String>,
    /// In nanoseconds, of everything that was answered.
    pub(super) latency: Histogram<u64>,
    pub(super) took: Duration,
    /// What the submitting threads spent on a core; none where the system does not say.
    pub(super) on_core: Option<Duration>,
    /// What the engine's thread spent on a core.
    pub(super) engine_on_core: Option<Duration>,
}

impl Line {
    pub(super) fn new(engine: &Engine) -> Line {
        let answers = engine.answers();
        let outbox = answers.outbox();
        let engine = engine.clone();
        Line {
            engine,
            answers,
            outbox,
        }
    }

    /// Has `commands` done, `in_flight` at a time.
    pub(super) fn done(
        &mut self,
        what: &'static str,
        commands: impl Iterator<Item = Command>,
        in_flight: usize,
    ) -> Result<(), BenchError> {
        let mut run = Run::new();
        self.closed_loop(commands, in_flight, Instant::now(), &mut run)?;
        run.expect(what, run.answered() - run.done)
    }

    /// Keeps `in_flight` commands in flight until all are answered.
    pub(super) fn closed_loop(
        &mut self,
        mut commands: impl Iterator<Item = Command>,
        in_flight: usize,
        began: Instant,
        run: &mut Run,
    ) -> Result<(), BenchError> {
        let mut waiting = 0;
        let mut is_more = true;
        loop {
            while is_more && waiting < in_flight {
                let now_ns = ns_since(began);
                for _ in 0..BURST.min(in_flight - waiting) {
                    let Some(command) = commands.next() else {
                        is_more = false;
                        break;
                    };
                    match self.engine.submit_to(command, &self.outbox, now_ns) {
                        None => waiting += 1,
                        Some(answer) => run.count(&answer)?,
                    }
                }
            }
            if waiting == 0 {
                return Ok(());
            }
            let answers = self.answers.wait()?;
            waiting -= answers.len();
            run.hear(&answers, ns_since(began))?;
        }
    }

    /// Submits `accepts` at `rate` a second, however slowly they are answered.
    pub(super) fn open_loop(&mut self, accepts: &[Accept], rate: f64) -> Result<Run, BenchError> {
        let mut run = Run::new();
        let core = Core::own();
        let (gap_ns, count) = (1e9 / rate, accepts.len() as u64);
        let (mut sent, mut waiting) = (0u64, 0usize);
        let began = Instant::now();
        while sent < count || waiting > 0 {
            let due = (ns_since(began) as f64 / gap_ns) as u64 + 1;
            let mut is_idle = true;
            for number in sent..due.min(count) {
                let intended_ns = (number as f64 * gap_ns) as u64;
                let accept = accepts[number as usize];
                is_idle = false;
                match self
                    .engine
                    .submit_to(accept.command(), &self.outbox, intended_ns)
                {
                    None => waiting += 1,
                    Some(answer) => run.count(&answer)?,
                }
            }
            sent = sent.max(due.min(count));
            while let Some(answers) = self.answers.try_next()? {
                is_idle = false;
                waiting -= answers.len();
                run.hear(&answers, ns_since(began))?;
            }
            if is_idle {
                thread::sleep(REST);
            }
        }
        run.took = began.elapsed();
        run.on_core = core.spent();
        Ok(run)
    }
}

/// Keeps `in_flight` of `accepts` in flight, over `connections` that take turns.
pub(super) fn in_flight(
    engine: &Engine,
    connections: usize,
    in_flight: usize,
    accepts: &[Accept],
) -> Result<Run, BenchError> {
    let connections = connections.min(in_flight).max(1);
    let mut lines: Vec<Line> = (0..connections).map(|_| Line::new(engine)).collect();
    let start = Barrier::new(connections);
    let began = Instant::now();
    let one = |(place, line): (usize, &mut Line)| {
        let share = in_flight / connections + usize::from(place < in_flight % connections);
        let own = accepts.iter().skip(place).step_by(connections);
        let commands = own.map(|accept| accept.command());
        let mut run = Run::new();
        start.wait();
        let (core, started) = (Core::own(), began.elapsed());
        line.closed_loop(commands, share, began, &mut run)?;
        run.took = began.elapsed();
        run.on_core = core.spent();
        Ok((started, run))
    };
    let one = &one;
    let runs: Vec<Result<(Duration, Run), BenchError>> = thread::scope(|scope| {
        let threads: Vec<_> = lines
            .iter_mut()
            .enumerate()
            .map(|line| scope.spawn(move || one(line)))
            .collect();
        threads.into_iter().map(join).collect()
    });
    together(runs)
}

/// Callers who each submit one of `accepts` and wait for its answer before the next.
pub(super) fn callers(
    engine: &Engine,
    callers: usize,
    accepts: &[Accept],
) -> Result<Run, BenchError> {
    let start = Barrier::new(callers);
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let one = || {
        let mut run = Run::new();
        start.wait();
        let (core, started) = (Core::own(), began.elapsed());
        loop {
            let Some(accept) = accepts.get(next.fetch_add(1, Ordering::Relaxed)) else {
                run.took = began.elapsed();
                run.on_core = core.spent();
                return Ok((started, run));
            };
            let submitted = Instant::now();
            let answer = engine.submit(accept.command()).wait();
            note(&mut run.latency, submitted.elapsed().as_nanos() as u64, 1);
            run.count(&answer)?;
        }
    };
    let one = &one;
    let runs: Vec<Result<(Duration, Run), BenchError>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(join).collect()
    });
    together(runs)
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// One run out of those of several threads: from the first start to the last end.
fn together(runs: Vec<Result<(Duration, Run), BenchError>>) -> Result<Run, BenchError> {
    let mut all = Run::new();
    let mut first = Duration::MAX;
    for run in runs {
        let (started, run) = run?;
        first = first.min(started);
        all.add(run);
    }
    all.took = all.took.saturating_sub(first);
    Ok(all)
}

/// What a thread had spent on a core at some instant.
#[derive(Debug, Clone)]
pub(super) struct Core {
    schedstat: PathBuf,
    before: Option<Duration>,
}

impl Core {
    /// That of the calling thread.
    pub(super) fn own() -> Core {
        // On Linux this names the thread that reads it; elsewhere there is no such file.
        let own = fs::read_link("/proc/thread-self").unwrap_or_default();
        let schedstat = Path::new("/proc").join(own).join("schedstat");
        Core {
            before: on_core(&schedstat),
            schedstat,
        }
    }

    /// That of the same thread, from now on.
    pub(super) fn again(&self) -> Core {
        Core {
            before: on_core(&self.schedstat),
            schedstat: self.schedstat.clone(),
        }
    }

    /// What the thread has spent on a core since.
    pub(super) fn spent(&self) -> Option<Duration> {
        on_core(&self.schedstat)?.checked_sub(self.before?)
    }
}

fn on_core(schedstat: &Path) -> Option<Duration> {
    // The kernel counts a thread's time up when it leaves its core or a tick comes, and a short row of
    // the thread that reads this would seem to have cost nothing.
    thread::sleep(Duration::from_nanos(1));
    let text = fs::read_to_string(schedstat).ok()?;
    let ns = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(ns))
}

fn ns_since(began: Instant) -> u64 {
    began.elapsed().as_nanos() as u64
}

impl Run {
    pub(super) fn new() -> Run {
        Run {
            won: 0,
            done: 0,
            filled: 0,
            busy: 0,
            others: 0,
            first_other: None,
            latency: histogram(),
            took: Duration::ZERO,
            on_core: None,
            engine_on_core: None,
        }
    }

    /// Everything that was answered.
    pub(super) fn answered(&self) -> u64 {
        self.won + self.done + self.filled + self.busy + self.others
    }

    /// Awards a second.
    pub(super) fn won_per_s(&self) -> f64 {
        self.won as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// Nanoseconds on a core for each award: of the engine's thread, and of the submitters.
    pub(super) fn ns_each(&self) -> [Option<f64>; 2] {
        let each = |spent: Duration| spent.as_nanos() as f64 / (self.won.max(1)) as f64;
        [self.engine_on_core.map(each), self.on_core.map(each)]
    }

    /// A quantile of the latency, in nanoseconds.
    pub(super) fn quantile_ns(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64
    }

    /// Fails if `unexpected` answers were not what the row is made of.
    pub(super) fn expect(&self, what: &'static str, unexpected: u64) -> Result<(), BenchError> {
        if unexpected == 0 {
            return Ok(());
        }
        let counted = || {
            let Run {
                won,
                done,
                filled,
                busy,
                ..
            } = self;
            format!("{won} won, {done} done, {filled} filled, {busy} busy")
        };
        Err(BenchError::Unexpected {
            what,
            count: unexpected,
            first: self.first_other.clone().unwrap_or_else(counted),
        })
    }

    fn hear(
        &mut self,
        answers: &[(u64, Result<Reply, Unavailable>)],
        now_ns: u64,
    ) -> Result<(), BenchError> {
        // Those of one burst carry one token, and mostly come back together.
        for burst in answers.chunk_by(|(one, _), (other, _)| one == other) {
            let ns = now_ns.saturating_sub(burst[0].0);
            note(&mut self.latency, ns, burst.len() as u64);
            for (_, answer) in burst {
                self.count(answer)?;
            }
        }
        Ok(())
    }

    fn count(&mut self, answer: &Result<Reply, Unavailable>) -> Result<(), BenchError> {
        match answer {
            Ok(Ok(Answer::Won(_))) => self.won += 1,
            // No vacancy of the bench is on terms, so nothing is a bid.
            Ok(Ok(Answer::Done { .. } | Answer::Bid { .. } | Answer::Standby { .. })) => {
                self.done += 1;
            }
            Ok(Err(refused)) => match refused.refusal {
                Refusal::Filled => self.filled += 1,
                Refusal::Busy { .. } => self.busy += 1,
                _ => {
                    self.others += 1;
                    let first = || refused.refusal.to_string();
                    self.first_other.get_or_insert_with(first);
                }
            },
            Err(unavailable) => return Err(BenchError::from(*unavailable)),
        }
        Ok(())
    }

    fn add(&mut self, other: Run) {
        self.won += other.won;
        self.done += other.done;
        self.filled += other.filled;
        self.busy += other.busy;
        self.others += other.others;
        if self.first_other.is_none() {
            self.first_other = other.first_other;
        }
        let added = self.latency.add(&other.latency);
        added.expect("both histograms have the same precision and grow as needed");
        self.took = self.took.max(other.took);
        self.on_core = match (self.on_core, other.on_core) {
            (one, None) | (None, one) => one,
            (Some(one), Some(other)) => Some(one + other),
        };
    }
}
