//! Runs a model in every order, or in many, and says how many there were.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize as Count, Ordering as O};
use std::sync::{Arc, Mutex};

use crate::race::sync::explorer::sync::atomic::AtomicUsize;
use crate::race::sync::explorer::thread;
pub(super) use crate::race::sync::explorer::thread::JoinHandle;

/// Threads that a model lets compete.
pub(super) const RIVALS: u32 = if cfg!(loom) { 2 } else { 8 };

/// Schedules of each model under shuttle; `MUSTER_SHUTTLE_SCHEDULES` sets another number.
#[cfg(shuttle)]
pub(super) const SCHEDULES: usize = 5_000;

/// Where shuttle's random numbers begin; `SHUTTLE_RANDOM_SEED` sets another seed.
#[cfg(shuttle)]
const SEED: u64 = 0x6d75_7374_6572;

/// Preemptions that PCT places in one schedule, plus one.
#[cfg(shuttle)]
const PCT_DEPTH: usize = 4;

/// Bytes of stack of a thread under shuttle: the core is deeper than shuttle expects.
#[cfg(shuttle)]
const STACK_LEN: usize = 256 * 1_024;

/// Steps of one run after which loom takes it for one that never ends.
#[cfg(loom)]
const BRANCHES_MAX: usize = 10_000;

/// A model and what must come about in it.
#[derive(Clone, Copy)]
pub(super) struct Model {
    pub(super) name: &'static str,
    /// Preemptions of one run that loom explores; any number if none. `LOOM_MAX_PREEMPTIONS` sets
    /// another bound for the models that have one.
    #[cfg_attr(
        shuttle,
        expect(dead_code, reason = "shuttle samples and has no such bound")
    )]
    pub(super) preemptions_max: Option<usize>,
    /// Each of these must be noted in some run.
    pub(super) reaches: &'static [&'static str],
}

/// What came about in the runs of a model.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    runs: Arc<Count>,
    outcomes: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Seen {
    pub(super) fn note(&self, outcome: &'static str) {
        *self.outcomes().entry(outcome).or_default() += 1;
    }

    pub(super) fn has(&self, outcome: &str) -> bool {
        self.outcomes().contains_key(outcome)
    }

    fn outcomes(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, usize>> {
        self.outcomes
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Model {
    /// Asserts that `body` holds in every run, and that it reached what it must.
    pub(super) fn holds(self, body: impl Fn(&Seen) + Send + Sync + 'static) -> Seen {
        let seen = Seen::default();
        let began = std::time::Instant::now();
        self.explore(&seen, Purpose::Hold, body);
        let runs = seen.runs.load(O::Relaxed);
        let (explorer, unit) = EXPLORER;
        println!(
            "{explorer}: {runs} {unit} of {}, {:?}, {:?}",
            self.name,
            seen.outcomes(),
            began.elapsed(),
        );
        assert!(runs > 1, "`{}` was run in one order only", self.name);
        for outcome in self.reaches {
            assert!(
                seen.has(outcome),
                "`{}` never reached: {outcome}",
                self.name
            );
        }
        seen
    }

    /// Asserts that a run of `body`, in which `mistake` is planted, fails with `message`.
    pub(super) fn finds(
        self,
        mistake: &str,
        message: &str,
        body: impl Fn(&Seen) + Send + Sync + 'static,
    ) {
        let seen = Seen::default();
        println!("the next panic is the one that finds what was planted: {mistake}");
        let found = catch_unwind(AssertUnwindSafe(|| {
            self.explore(&seen, Purpose::Find, body);
        }));
        let (explorer, unit) = EXPLORER;
        let runs = seen.runs.load(O::Relaxed);
        let Err(panic) = found else {
            panic!("`{}` did not find in {runs} {unit}: {mistake}", self.name);
        };
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied())
            .unwrap_or("nothing");
        assert!(
            said.contains(message),
            "`{}` failed for another reason than {mistake}: {said}",
            self.name
        );
        println!(
            "{explorer}: planted and found in run {runs} of {}: {mistake}",
            self.name
        );
    }

    #[cfg(loom)]
    fn explore(self, seen: &Seen, _: Purpose, body: impl Fn(&Seen) + Send + Sync + 'static) {
        let mut loom = loom::model::Builder::new();
        let asked_for = loom.preemption_bound;
        loom.preemption_bound = self.preemptions_max.map(|bound| asked_for.unwrap_or(bound));
        loom.max_branches = BRANCHES_MAX;
        let seen = seen.clone();
        loom.check(move || {
            seen.runs.fetch_add(1, O::Relaxed);
            body(&seen);
        });
    }

    #[cfg(shuttle)]
    fn explore(self, seen: &Seen, purpose: Purpose, body: impl Fn(&Seen) + Send + Sync + 'static) {
        use shuttle::scheduler::{PctScheduler, RandomScheduler};
        use shuttle::{Config, FailurePersistence, Runner};

        let schedules = match std::env::var("MUSTER_SHUTTLE_SCHEDULES") {
            Ok(number) => number
                .parse()
                .expect("MUSTER_SHUTTLE_SCHEDULES is a number of schedules"),
            Err(_) => SCHEDULES,
        };
        let mut config = Config::new();
        config.stack_size = STACK_LEN;
        // That it takes memory for ordered is said in the table of `models`.
        config.silence_warnings = true;
        config.failure_persistence = match purpose {
            Purpose::Hold => FailurePersistence::Print,
            Purpose::Find => FailurePersistence::None,
        };
        let seen = seen.clone();
        let body = Arc::new(move || {
            seen.runs.fetch_add(1, O::Relaxed);
            body(&seen);
        });
        let again = Arc::clone(&body);
        let random = RandomScheduler::new_from_seed(SEED, schedules.div_ceil(2));
        Runner::new(random, config.clone()).run(move || body());
        let pct = PctScheduler::new_from_seed(SEED, PCT_DEPTH, schedules.div_ceil(2));
        Runner::new(pct, config).run(move || again());
    }
}

/// What a model is run for. A schedule that fails is printed for replay unless it is meant to.
#[derive(Clone, Copy)]
enum Purpose {
    Hold,
    Find,
}

#[cfg(loom)]
const EXPLORER: (&str, &str) = ("loom", "interleavings");
#[cfg(shuttle)]
const EXPLORER: (&str, &str) = ("shuttle", "schedules");

/// Starts a thread of a model. Its first step is a read-modify-write, because loom explores
/// nothing where a thread begins with a load.
pub(super) fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let begun = AtomicUsize::new(0);
    thread::spawn(move || {
        begun.fetch_add(1, O::Relaxed);
        body()
    })
}

pub(super) fn join<T>(threads: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let threads = threads.into_iter();
    threads.map(|thread| thread.join().unwrap()).collect()
}
