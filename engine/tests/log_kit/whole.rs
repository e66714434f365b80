//! The whole engine on the simulated disk: it runs out of space, is read-only, and goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::core::digest::digest;
use engine::core::{Actor, Body, Command, RosterChange, State, apply};
use engine::io::ManualClock;
use engine::model::{RequestId, Timestamp};
use engine::{Engine, Follower, Health, Options, Stepper, Unavailable};

use super::run::{Breach, options};
use super::{Bug, Fault, FaultyDisk, Fired};

/// Requests of one run.
const REQUESTS: u128 = 40;
/// Requests that are refused before somebody makes space.
const REFUSED_BEFORE_SPACE: usize = 4;

#[derive(Debug, Default)]
struct Seen {
    runs: u64,
    read_only: u64,
    resumed: u64,
    refused: u64,
    acknowledged: u64,
    breaches: u64,
    first_breach: Option<Breach>,
    fired: Fired,
}

struct World {
    disk: FaultyDisk,
    engine: Engine,
    stepper: Stepper,
    follower: Follower,
    /// Requests that were acknowledged.
    done: BTreeSet<u128>,
    /// Requests that nobody could say anything about.
    open: BTreeSet<u128>,
}

fn code(request: u128) -> String {
    format!("agency-{request}")
}

fn command(request: u128) -> Command {
    let change = RosterChange::Agency {
        code: code(request),
        name: "Invented".to_owned(),
        agreement: None,
    };
    Command {
        request: RequestId(request),
        by: Actor::Operator,
        body: Body::Roster(vec![change]),
    }
}

fn options_on(disk: &FaultyDisk) -> Options {
    Options {
        storage: Arc::new(disk.clone()),
        clock: Arc::new(ManualClock::new(Timestamp(1_000_000))),
        log: options(),
        snapshot_every_records: 0,
    }
}

fn follow(engine: &Engine, stepper: &mut Stepper) -> Follower {
    std::thread::scope(|scope| {
        let following = scope.spawn(|| engine.follow());
        while !following.is_finished() {
            stepper.step();
            std::thread::yield_now();
        }
        let follower = following.join().expect("following does not panic");
        follower.expect("the engine is open")
    })
}

/// The requests whose agency the state has.
fn known(state: &State) -> BTreeSet<u128> {
    let is_known = |request: &u128| state.roster().agency(&code(*request)).is_some();
    (1..=REQUESTS).filter(is_known).collect()
}

fn hold(is_so: bool, breach: impl FnOnce() -> String) -> Result<(), Breach> {
    if is_so { Ok(()) } else { Err(breach()) }
}

impl World {
    fn ask(&mut self, request: u128) -> Result<bool, Breach> {
        let ticket = self.engine.submit(command(request));
        self.stepper.step();
        match ticket.wait() {
            Ok(Ok(_)) => {
                self.open.remove(&request);
                self.done.insert(request);
                Ok(true)
            }
            Err(Unavailable::DiskFull) => {
                self.open.insert(request);
                Ok(false)
            }
            other => Err(format!("request {request} heard {other:?}")),
        }
    }

    /// The follower sees what was acknowledged; nothing else, while nothing else is certain.
    fn read(&mut self) -> Result<(), Breach> {
        while let Ok(Some(delivery)) = self.follower.try_next() {
            let Some(batch) = delivery.batch else {
                continue;
            };
            for record in &batch.records {
                apply(&mut self.follower.state, record);
            }
        }
        let seen = known(&self.follower.state);
        hold(self.done.is_subset(&seen), || {
            format!("acknowledged {:?}, and a reader sees {seen:?}", self.done)
        })
    }

    fn play(&mut self, seen: &mut Seen) -> Result<(), Breach> {
        for request in 1..=REQUESTS {
            if self.ask(request)? {
                hold(self.engine.health() == Health::Running, || {
                    "acknowledged by an engine that does not run".to_owned()
                })?;
                self.read()?;
                continue;
            }
            seen.read_only += u64::from(self.engine.health() == Health::ReadOnly);
            if !self.disk.space_is_short() || self.open.len() < REFUSED_BEFORE_SPACE {
                continue;
            }
            self.read()?;
            self.disk.free_space();
            // Nobody tells the engine: it looks.
            self.stepper.step();
            hold(self.engine.health() == Health::Running, || {
                "there is space, and the engine stays read-only".to_owned()
            })?;
            seen.resumed += 1;
        }
        self.disk.free_space();
        self.stepper.step();
        seen.refused += self.open.len() as u64;
        for request in self.open.clone() {
            let answered = self.ask(request)?;
            hold(answered, || {
                format!("request {request} is refused with space")
            })?;
        }
        self.read()?;
        hold(
            digest(&self.follower.state) == digest(self.stepper.state()),
            || "a reader's state is not the engine's".to_owned(),
        )
    }
}

fn run(seed: u64, fault: Fault, bug: Bug, seen: &mut Seen) {
    let disk = FaultyDisk::new(seed, fault, bug, 0);
    let Ok((engine, mut stepper, _)) = Engine::open_stepped(options_on(&disk)) else {
        // Too full to begin with.
        return;
    };
    seen.runs += 1;
    let follower = follow(&engine, &mut stepper);
    let mut world = World {
        disk: disk.clone(),
        engine,
        stepper,
        follower,
        done: BTreeSet::new(),
        open: BTreeSet::new(),
    };
    let played = world.play(seen);
    let outcome = played.and_then(|()| {
        let (all, before) = (world.done.clone(), digest(world.stepper.state()));
        seen.acknowledged += all.len() as u64;
        drop(world);
        disk.calm();
        disk.power_cut();
        let reopened = Engine::open_stepped(options_on(&disk));
        let (_, stepper, _) = reopened.map_err(|e| format!("does not open again: {e}"))?;
        let there = known(stepper.state());
        hold(there == all, || {
            format!("acknowledged {all:?}, found {there:?}")
        })?;
        hold(digest(stepper.state()) == before, || {
            "the log gives another state".to_owned()
        })
    });
    if let Err(breach) = outcome {
        seen.breaches += 1;
        let place = || format!("seed {seed} {fault:?}: {breach}");
        seen.first_breach.get_or_insert_with(place);
    }
    seen.fired.add(&disk.fired());
}

fn sweep(bug: Bug) -> Seen {
    let mut seen = Seen::default();
    for step in 0..40 {
        run(
            step as u64,
            Fault::Space(44_000 + 4_000 * step),
            bug,
            &mut seen,
        );
    }
    for write in 1..=80 {
        run(write, Fault::FullWrite(write), bug, &mut seen);
    }
    seen
}

#[test]
fn an_engine_without_space_is_read_only_and_goes_on_when_there_is_some() {
    let seen = sweep(Bug::None);
    println!("{seen:#?}");
    assert_eq!((seen.first_breach, seen.breaches), (None, 0));
    let counts = [
        seen.read_only,
        seen.resumed,
        seen.refused,
        seen.acknowledged,
        seen.fired.full_creates,
        seen.fired.full_writes,
    ];
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");

    // The check can fail.
    for bug in [
        Bug::SwallowFullWrite,
        Bug::LieAboutSync,
        Bug::LieAboutLateSyncs,
    ] {
        let planted = sweep(bug);
        println!(
            "{bug:?}: {} breaches, first: {:?}",
            planted.breaches, planted.first_breach
        );
        assert!(planted.breaches > 0, "{bug:?} went unnoticed");
    }
}
