//! One run: the town is set up in calm weather, then half a minute of trouble, then calm until
//! everybody is at rest, and the judgement.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loadgen::seed::{SplitMix64, derive};
use protocol::Role;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::device::{Device, Identity, Stage};
use super::disk::FaultyDisk;
use super::judge::{Cast, Judged, judge};
use super::network::{Carried, Cut, Network, SERVER, Weather};
use super::person::{Act, Person};
use super::server::{End, Server};
use super::town::{AGENCIES, Errand, Resident, TROUBLE, Town, millis};
use super::{Breach, Bug, Fired, Planted};

/// How long it takes until everybody has noticed what they lost: the idle time of a session and
/// the longest wait before the next attempt, and some more.
const NOTICE: Duration = Duration::from_secs(75);
/// How long everybody has to be at rest.
const REST: Duration = Duration::from_secs(8);
/// Who is not at rest then never will be.
const PATIENCE: Duration = Duration::from_secs(240);
/// How long the town may take to be set up in calm weather.
const SETUP: Duration = Duration::from_secs(20);
/// Longer than answers are remembered for.
const FORGETTING: Duration = Duration::from_secs(25 * 3_600);

/// The numbers of people and their devices: the operator, the desks, the officers.
const OPERATOR: u8 = 1;
const FIRST_DESK: u8 = 2;
const FIRST_OFFICER: u8 = 10;

/// What became of one run.
pub(crate) struct Outcome {
    pub(crate) breaches: Vec<Breach>,
    pub(crate) trace: u64,
    seen: Seen,
}

impl Outcome {
    /// How often this kind of thing happened.
    pub(crate) fn count(&self, kind: &str) -> u64 {
        let kinds = self.seen.kinds();
        let found = kinds.into_iter().find(|(name, _)| *name == kind);
        found.expect("a kind is called by its name").1
    }
}

/// What happened in a run.
#[derive(Default)]
struct Seen {
    virtual_s: u64,
    carried: Carried,
    disk: Fired,
    server_cuts: u64,
    stops: u64,
    asked_twice: u64,
    crashes: u64,
    connection_cuts: u64,
    failures: u64,
    judged: Judged,
}

/// What happened in all runs.
#[derive(Default)]
pub(crate) struct Tally {
    seeds: u64,
    counts: Vec<(&'static str, u64)>,
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        let kinds = outcome.seen.kinds();
        if self.counts.is_empty() {
            self.counts = kinds;
            return;
        }
        for ((_, sum), (_, count)) in self.counts.iter_mut().zip(kinds) {
            *sum += count;
        }
    }

    /// How often each thing happened.
    pub(crate) fn kinds(&self) -> Vec<(&'static str, u64)> {
        self.counts.clone()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "netsim: {} seeds", self.seeds)?;
        self.counts
            .iter()
            .try_for_each(|(kind, count)| write!(f, ", {count} {kind}"))
    }
}

impl Seen {
    fn kinds(&self) -> Vec<(&'static str, u64)> {
        let Seen {
            carried,
            disk,
            judged,
            ..
        } = self;
        let logged = &judged.logged;
        vec![
            ("virtual seconds", self.virtual_s),
            ("datagrams", carried.sent),
            ("delivered", carried.delivered),
            ("lost", carried.lost),
            ("doubled", carried.doubled),
            ("stalled", carried.stalled),
            ("overtaken", carried.overtaken),
            ("cut off both ways", carried.cut_both),
            ("cut off outwards", carried.cut_outwards),
            ("cut off inwards", carried.cut_inwards),
            ("to nobody", carried.unreachable),
            ("addresses changed", carried.moved),
            ("servers cut off", self.server_cuts),
            ("servers told to stop", self.stops),
            ("sessions told so", judged.told_of_a_stop),
            ("servers killed", disk.kills),
            ("power cuts", disk.crashes),
            ("servers that failed by their disk", self.failures),
            ("sectors lost", disk.sectors_lost),
            ("failed writes", disk.failed_writes),
            ("short writes", disk.short_writes),
            ("failed syncs", disk.failed_syncs),
            ("programs crashed", self.crashes),
            ("connections cut", self.connection_cuts),
            ("records", judged.records),
            ("amendments that move", logged.moved),
            ("said yes to", logged.reconfirmed),
            ("not said yes to", logged.lapsed),
            ("bids", logged.bids),
            ("rankings", logged.rankings),
            ("of them by lot", logged.lotteries),
            ("after a fairness window", logged.fairness_windows),
            ("places on standby", logged.standby),
            ("slots kept", logged.kept),
            ("passed", logged.passed),
            ("denials", logged.denials),
            ("turned away", judged.turned_away),
            ("asked on two devices", self.asked_twice),
            ("answers judged", judged.answers),
            ("of them across connections", judged.retries),
            ("pushes judged", judged.pushes),
            ("sessions resumed", judged.resumed),
            ("whole states judged", judged.stated),
        ]
    }
}

/// Plays the run of this seed.
pub(crate) fn play(seed: u64, planted: Planted) -> Outcome {
    runtime().block_on(async {
        let mut trial = Trial::new(seed, Town::planned(seed), planted);
        let played = trial.play().await;
        trial.outcome(played)
    })
}

/// Plays this seed's plan in calm weather, but that every device's address changes twice. How many
/// connections ended of it, comes with what became of the run.
pub(crate) fn play_on_the_move(seed: u64) -> (Outcome, usize) {
    runtime().block_on(async {
        let town = Town::planned(seed).calm();
        let mut trial = Trial::new(seed, town, Planted::Nothing);
        let played = trial.play_on_the_move().await;
        let lost = trial
            .officers
            .iter()
            .map(|seat| seat.person().connections_lost());
        (trial.outcome(played), lost.sum())
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without sockets can be built")
}

struct Trial {
    stage: Arc<Stage>,
    server: Server,
    disk: FaultyDisk,
    officers: Vec<Seat>,
    desks: Vec<Seat>,
    operator: Seat,
    dice: SplitMix64,
    server_cuts: u64,
    stops: u64,
    failures: u64,
}

/// Somebody, and the task in which they live.
struct Seat {
    person: Arc<Mutex<Person>>,
    news: Arc<Notify>,
}

/// What somebody else does to the run.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    Cut(SocketAddr, Cut),
    Mend(SocketAddr),
    ChangeAddress(SocketAddr),
    EndServer(End),
    StartServer,
}

impl Trial {
    /// Must be called inside the run's runtime.
    fn new(seed: u64, town: Town, planted: Planted) -> Trial {
        let bug = match planted {
            Planted::TellBeforeSync => Bug::ForgetLastSyncs,
            _ => Bug::None,
        };
        let disk = FaultyDisk::new(seed, town.fault, bug, town.power_gone_at);
        let network = Network::new(seed, Weather::CALM);
        let server = Server::new(seed, &network, disk.clone());
        let stage = Arc::new(Stage {
            seed,
            town,
            network,
            clock: Arc::clone(&server.clock),
            trust: server.certificate.trust(),
            tokens: Arc::clone(&server.tokens),
            began: Instant::now(),
            planted,
        });
        Trial {
            officers: officers(&stage),
            desks: desks(&stage),
            operator: operator(&stage),
            dice: SplitMix64::new(derive(seed, "mishaps")),
            stage,
            server,
            disk,
            server_cuts: 0,
            stops: 0,
            failures: 0,
        }
    }

    async fn play(&mut self) -> Result<(), Breach> {
        self.open().await?;
        self.stage.network.set_weather(self.stage.town.weather);
        if self.stage.planted == Planted::Unplugged {
            let address = self.officers[0].person().devices[0].address();
            self.stage.network.remove(address);
        }
        for officer in &self.officers {
            officer.person().plan_mishaps();
        }
        let denied = self.stage.town.denied;
        let deny = Act::Errand(Errand::Deny(denied.officer));
        self.operator.person().plan(denied.after, deny);
        self.operator.news.notify_one();
        self.trouble().await?;
        self.stage.network.set_weather(Weather::CALM);
        self.stage.network.mend_all();
        self.disk.calm();
        self.close().await
    }

    async fn play_on_the_move(&mut self) -> Result<(), Breach> {
        self.open().await?;
        for _ in 0..2 {
            self.pass(TROUBLE / 3).await?;
            for officer in &self.officers {
                for device in &officer.person().devices {
                    self.stage.network.change_address(device.address());
                }
            }
        }
        self.close().await
    }

    /// The server starts, and everybody begins.
    async fn open(&mut self) -> Result<(), Breach> {
        self.server.start()?;
        self.set_up().await?;
        for seat in self.officers.iter().chain(&self.desks) {
            seat.person().start();
            seat.live();
        }
        for (at, desk, errand) in self.stage.town.errands.clone() {
            self.desks[desk].person().plan(at, Act::Errand(errand));
        }
        Ok(())
    }

    /// Everybody comes to rest, and the operator looks at the board.
    async fn close(&mut self) -> Result<(), Breach> {
        self.rest(NOTICE).await?;
        self.operator.person().wish_for_board();
        self.rest(Duration::ZERO).await
    }

    /// The operator brings the roster in.
    async fn set_up(&mut self) -> Result<(), Breach> {
        let roster = self.stage.town.roster.clone();
        self.operator.person().start();
        self.operator.person().wish_for_roster(roster);
        self.operator.live();
        let until = Instant::now() + SETUP;
        while self.operator.person().wishes[0].answer.is_none() {
            if Instant::now() > until {
                return Err("the roster was never answered".to_owned());
            }
            self.pass(Duration::from_millis(50)).await?;
        }
        Ok(())
    }

    async fn trouble(&mut self) -> Result<(), Breach> {
        let end = Instant::now() + TROUBLE;
        let mut due = Instant::now() + millis(&mut self.dice, 300, 1_500);
        let mut later: Vec<(Instant, Mishap)> = Vec::new();
        while Instant::now() < end {
            let next = later.iter().map(|(at, _)| *at).chain([due, end]).min();
            let next = next.unwrap_or(end);
            self.pass(next.saturating_duration_since(Instant::now()))
                .await?;
            let now = Instant::now();
            let over: Vec<_> = later.extract_if(.., |(at, _)| *at <= now).collect();
            for (_, mishap) in over {
                self.befall(mishap).await?;
            }
            if due <= now {
                due = now + millis(&mut self.dice, 200, 1_500);
                let (mishap, end) = self.draw();
                self.befall(mishap).await?;
                later.extend(end.map(|(after, mishap)| (now + after, mishap)));
            }
        }
        if !self.server.is_running() {
            self.befall(Mishap::StartServer).await?;
        }
        Ok(())
    }

    /// A mishap, and what ends it after how long.
    fn draw(&mut self) -> (Mishap, Option<(Duration, Mishap)>) {
        let victim = self.dice.below(self.officers.len() as u64);
        let victim = usize::try_from(victim).expect("one of a few");
        let address = {
            let person = self.officers[victim].person();
            let device = self.dice.below(person.devices.len() as u64);
            person.devices[usize::try_from(device).expect("one of two")].address()
        };
        let cut = [Cut::Both, Cut::Outwards, Cut::Inwards][self.dice.pick(&[2, 1, 1])];
        match self.dice.below(42) {
            0..15 => {
                let after = millis(&mut self.dice, 200, 6_000);
                (
                    Mishap::Cut(address, cut),
                    Some((after, Mishap::Mend(address))),
                )
            }
            15..33 => (Mishap::ChangeAddress(address), None),
            33..37 => {
                let after = millis(&mut self.dice, 200, 4_000);
                (
                    Mishap::Cut(SERVER, cut),
                    Some((after, Mishap::Mend(SERVER))),
                )
            }
            number => {
                let end = match number {
                    37 => End::Kill,
                    38..40 => End::PowerCut,
                    _ => End::Stop,
                };
                let after = millis(&mut self.dice, 100, 3_000);
                (Mishap::EndServer(end), Some((after, Mishap::StartServer)))
            }
        }
    }

    async fn befall(&mut self, mishap: Mishap) -> Result<(), Breach> {
        let network = &self.stage.network;
        network.note(format_args!("{mishap:?}"));
        match mishap {
            Mishap::Cut(address, cut) => {
                self.server_cuts += u64::from(address == SERVER);
                network.cut(address, cut);
            }
            Mishap::Mend(address) => network.mend(address),
            Mishap::ChangeAddress(address) => network.change_address(address),
            Mishap::EndServer(end) => {
                self.stops += u64::from(end == End::Stop && self.server.is_running());
                self.server.end(end).await;
            }
            Mishap::StartServer if !self.server.is_running() => {
                if self.stage.planted == Planted::ForgetAnswers {
                    self.stage.clock.set_ahead(FORGETTING);
                }
                return self.server.start();
            }
            // Its disk had failed meanwhile, and somebody has started it already.
            Mishap::StartServer => {}
        }
        Ok(())
    }

    /// Lets time pass. A server whose disk fails meanwhile is started again.
    async fn pass(&mut self, time: Duration) -> Result<(), Breach> {
        let end = Instant::now() + time;
        loop {
            let has_failed = tokio::select! {
                biased;
                () = self.server.failed() => true,
                () = sleep_until(end) => false,
            };
            if !has_failed {
                return Ok(());
            }
            self.failures += 1;
            self.server.end(End::Kill).await;
            sleep(Duration::from_millis(300)).await;
            self.server.start()?;
        }
    }

    /// Waits for `at_least`, and then until everybody has been at rest for a while.
    async fn rest(&mut self, at_least: Duration) -> Result<(), Breach> {
        let began = Instant::now();
        self.pass(at_least).await?;
        let mut at_rest_since = Instant::now();
        while at_rest_since.elapsed() < REST {
            self.pass(Duration::from_millis(500)).await?;
            let seats = self
                .officers
                .iter()
                .chain(&self.desks)
                .chain([&self.operator]);
            let unrest = seats.into_iter().find_map(|seat| seat.person().unrest());
            let Some(unrest) = unrest else { continue };
            at_rest_since = Instant::now();
            if began.elapsed() > PATIENCE {
                return Err(format!("not at rest after {PATIENCE:?}: {unrest}"));
            }
        }
        Ok(())
    }

    fn judge(&self, breaches: &mut Vec<Breach>) -> Judged {
        let officers: Vec<_> = self.officers.iter().map(Seat::person).collect();
        let desks: Vec<_> = self.desks.iter().map(Seat::person).collect();
        let operator = self.operator.person();
        let cast = Cast {
            town: &self.stage.town,
            officers: &officers.iter().map(|one| &**one).collect::<Vec<_>>(),
            desks: &desks.iter().map(|one| &**one).collect::<Vec<_>>(),
            operator: &operator,
        };
        let (judged, found) = judge(&cast, self.server.storage());
        breaches.extend(found);
        judged
    }

    fn outcome(&self, played: Result<(), Breach>) -> Outcome {
        let mut breaches = Vec::new();
        let judged = match played {
            Err(breach) => {
                breaches.push(breach);
                Judged::default()
            }
            Ok(()) => self.judge(&mut breaches),
        };
        let sum = |count: fn(&Person) -> u64| -> u64 {
            self.officers.iter().map(|seat| count(&seat.person())).sum()
        };
        let network = &self.stage.network;
        let seen = Seen {
            virtual_s: self.stage.now_us() / 1_000_000,
            carried: network.carried(),
            disk: self.disk.fired(),
            server_cuts: self.server_cuts,
            stops: self.stops,
            asked_twice: sum(|person| person.asked_twice),
            crashes: sum(|person| person.crashes),
            connection_cuts: sum(|person| person.cuts),
            failures: self.failures,
            judged,
        };
        let trace = network.trace();
        Outcome {
            breaches,
            trace,
            seen,
        }
    }
}

impl Seat {
    fn new(person: impl FnOnce(&Arc<Notify>) -> Person) -> Seat {
        let news = Arc::new(Notify::new());
        Seat {
            person: Arc::new(Mutex::new(person(&news))),
            news,
        }
    }

    fn person(&self) -> MutexGuard<'_, Person> {
        self.person.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has them hear and do from here on, for as long as the run lasts.
    fn live(&self) {
        let (person, news) = (Arc::clone(&self.person), Arc::clone(&self.news));
        tokio::spawn(async move {
            loop {
                let due = person.lock().unwrap_or_else(PoisonError::into_inner).step();
                let due = due.unwrap_or_else(|| Instant::now() + NOTICE);
                // Woken or not, they look again.
                let _ = timeout_at(due, news.notified()).await;
            }
        });
    }
}

fn officers(stage: &Arc<Stage>) -> Vec<Seat> {
    let mut devices_so_far = 0;
    let residents = stage.town.officers.iter().zip(FIRST_OFFICER..);
    let seat = |(resident, number): (&Resident, u8)| {
        let identity = Identity {
            role: Role::Officer,
            subject: resident.badge.clone(),
            agency: Some(resident.agency.to_owned()),
        };
        let hosts = devices_so_far..devices_so_far + resident.devices;
        devices_so_far = hosts.end;
        Seat::new(|news| {
            let device = |host| Device::new(stage, identity.clone(), FIRST_OFFICER + host, news);
            Person::new(stage, &resident.badge, number, hosts.map(device).collect())
        })
    };
    residents.map(seat).collect()
}

/// The desk of each agency.
fn desks(stage: &Arc<Stage>) -> Vec<Seat> {
    let desk = |(agency, number): (&str, u8)| {
        let identity = Identity {
            role: Role::Coordinator,
            subject: format!("desk-{agency}"),
            agency: Some(agency.to_owned()),
        };
        Seat::new(|news| {
            let device = Device::new(stage, identity, number, news);
            Person::new(stage, agency, number, vec![device])
        })
    };
    AGENCIES.into_iter().zip(FIRST_DESK..).map(desk).collect()
}

fn operator(stage: &Arc<Stage>) -> Seat {
    let identity = Identity {
        role: Role::Operator,
        subject: "operator".to_owned(),
        agency: None,
    };
    Seat::new(|news| {
        let device = Device::new(stage, identity, OPERATOR, news);
        Person::new(stage, "operator", OPERATOR, vec![device])
    })
}
