//! Runs a plan against a server: real sessions, an open-loop schedule, and judgement at the end.

mod digest;
mod judgement;
mod plan;
pub(crate) mod sessions;
mod workloads;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use protocol::token::{SigningKey, TokenError};
use protocol::{BoardRow, RefusalCode};

use crate::audit::Breach;
use crate::behaviour::Temper;
use crate::cast::{Act, Alarm, Cast, Desk, DeskAct, Intent, Lapse, Officer, OfficerAct, Stage};
use crate::ledger::{Ledger, RequestIds, VacancyNo};
use crate::limits::{HANDSHAKES_IN_FLIGHT_MAX, QUIET_POLL, RECALL_TRIES_MAX, ROSTER_CHUNK_LEN_MAX};
use crate::live::{Live, Phase, Stop};
use crate::report::{Machine, Report};
use crate::seed::{derive, derive_nth};
use crate::shard::Kept;
use crate::usage::{Generator, LOOK_AGAIN, Sampler, Subject, Usage};
use crate::view::Progress;
use crate::world::{Facts, World, WorldError};

pub use plan::{
    Backoff, Incident, Part, Plan, Planned, PlannedIncident, PlannedOfficer, StormOptions,
    next_monday_us,
};

pub use workloads::{Recorded, Stretch};

pub(crate) use judgement::{Judged, judge};
use sessions::Sessions;

/// The server to load.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it listens (UDP).
    pub address: SocketAddr,
    /// The name its certificate is for.
    pub server_name: String,
    /// How its certificate is judged.
    pub trust: client::Trust,
    /// Signs the tokens of everybody simulated.
    pub signing: Arc<SigningKey>,
    /// Whether the plan's world is sent to the server first. Parts that exist already are taken
    /// to be the same.
    pub import_roster: bool,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// The breaches behind its audit, with their histories.
    pub breaches: Vec<Breach>,
    /// The ledger, to be judged with those of the other parts, if this was a part of a run.
    pub kept: Option<Box<Kept>>,
}

/// Why a run could not be carried through. Breaches are no errors: they are in the report.
#[derive(Debug, thiserror::Error)]
pub enum StormError {
    /// The plan contradicts itself.
    #[error("the plan cannot be carried out: {0}")]
    World(#[from] WorldError),
    /// The plan names somebody who is not in it.
    #[error(
        "the plan lets a certificate of {badge} lapse, who is not among its officers: add them"
    )]
    NotPlanned {
        /// The officer.
        badge: String,
    },
    /// No socket.
    #[error(transparent)]
    Bind(#[from] client::BindError),
    /// The system refuses a thread.
    #[error("no thread for the alarm ({0}): raise the limit of processes")]
    Thread(#[from] std::io::Error),
    /// Tokens cannot be signed.
    #[error("no token can be issued for {who}: {because}")]
    Token {
        /// For whom.
        who: String,
        /// Why.
        because: TokenError,
    },
    /// A session ended for good before the run did.
    #[error("the session of {who} ended: {because}")]
    Session {
        /// Whose.
        who: String,
        /// Why.
        because: client::Ended,
    },
    /// Not everybody came up in time.
    #[error(
        "only {up} of {of} sessions came up within {waited_s} s: check that the server allows so \
         many sessions, or ask for fewer officers"
    )]
    NotConnected {
        /// How many did.
        up: u64,
        /// How many should have.
        of: u64,
        /// How long they had, in seconds.
        waited_s: u64,
    },
    /// The parts of the run began while this one was not ready.
    #[error(
        "the run began {late_s} s before everybody of this part was there: choose a later --at \
         for all parts"
    )]
    BeganWithout {
        /// How late this part was, in seconds.
        late_s: u64,
    },
    /// The roster was refused.
    #[error("the server refused the roster ({code:?}): {sentence}")]
    RosterRefused {
        /// The code.
        code: RefusalCode,
        /// The server's sentence.
        sentence: String,
    },
    /// A request outside the schedule got no usable answer.
    #[error("{what} got no usable answer ({detail}): look at the server's log")]
    Errand {
        /// What was asked.
        what: &'static str,
        /// What came instead.
        detail: String,
    },
}

/// How long between the last preparation and the first intended instant.
const RUN_UP: Duration = Duration::from_millis(100);
/// How often something waits before it looks again whether it should stop.
pub(crate) const FAREWELL: Duration = Duration::from_secs(5);

/// Runs a plan.
///
/// Imports the roster, connects everybody, publishes on schedule, waits until everything is
/// answered and quiet, fetches the board, closes all sessions and judges the ledger. Ctrl-C (or
/// [`Live::ask_stop`] through the view) ends publishing early; a second one ends the waiting,
/// too. What was planned and not begun is counted as dropped.
///
/// # Errors
/// [`StormError`], where the run could not be carried through.
pub async fn run(plan: Plan, target: Target, view: &dyn Progress) -> Result<Outcome, StormError> {
    let live = Arc::new(Live::new());
    view.begin(&live);
    let _shown = Shown(view);
    let interrupts = tokio::spawn(stop_on_interrupt(Arc::clone(&live)));
    let outcome = Storm::new(plan, target, Arc::clone(&live));
    let outcome = match outcome {
        Ok(storm) => storm.run().await,
        Err(error) => Err(error),
    };
    interrupts.abort();
    live.enter(Phase::Over);
    outcome
}

/// Ends the view however the run ends.
struct Shown<'a>(&'a dyn Progress);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

async fn stop_on_interrupt(live: Arc<Live>) {
    // Where signals cannot be heard, the process ends on Ctrl-C as any other.
    while tokio::signal::ctrl_c().await.is_ok() {
        live.ask_stop();
    }
}

/// A run in progress.
pub(crate) struct Storm {
    pub(crate) plan: Plan,
    pub(crate) target: Target,
    live: Arc<Live>,
    world: World,
    pub(crate) facts: Vec<Facts>,
    pub(crate) cast: Arc<Cast>,
    alarm: Option<crate::cast::AlarmThread>,
    /// The instant from which the plan counts, in microseconds of the run.
    begun_us: u64,
    /// Agencies with a desk of their own, in the order of desks; the operator's desk is behind.
    leads: Vec<String>,
}

impl Storm {
    pub(crate) fn new(plan: Plan, target: Target, live: Arc<Live>) -> Result<Storm, StormError> {
        let world = World::from_changes(&plan.changes)?;
        let facts: Vec<Facts> = plan
            .publications
            .iter()
            .map(|planned| world.facts(&planned.vacancy))
            .collect::<Result<_, _>>()?;
        let leads: BTreeSet<&String> = facts.iter().map(|facts| &facts.lead).collect();
        let leads: Vec<String> = leads.into_iter().cloned().collect();
        let numbers = facts.iter().zip(0u32..);
        let numbers: HashMap<_, _> = numbers
            .map(|(facts, number)| (facts.key, VacancyNo(number)))
            .collect();
        let stage = Arc::new(Stage {
            origin: Instant::now(),
            ids: RequestIds::new(plan.run),
            numbers,
            facts: facts.clone(),
            vacancies: plan
                .publications
                .iter()
                .map(|one| one.vacancy.clone())
                .collect(),
            appeal_permille: plan
                .publications
                .iter()
                .map(|one| one.appeal_permille)
                .collect(),
            live: Arc::clone(&live),
        });
        let counter = |counter: &std::sync::atomic::AtomicU64, count: usize| {
            counter.store(count as u64, std::sync::atomic::Ordering::Relaxed);
        };
        counter(&live.officers, plan.officers.len());
        counter(&live.vacancies, plan.own_publications().count());
        let officers = officers(&plan, leads.len())?;
        let desks = leads.iter().zip(0u32..);
        let mut desks: Vec<Desk> = desks
            .map(|(lead, place)| Desk::new(place, lead.clone(), true))
            .collect();
        desks.push(Desk::new(place(leads.len()), "operator".to_owned(), false));
        let (alarm, thread) = Alarm::new();
        let cast = Cast::new(stage, alarm, officers, desks, HANDSHAKES_IN_FLIGHT_MAX);
        Ok(Storm {
            plan,
            target,
            live,
            world,
            facts,
            cast: Arc::new(cast),
            alarm: Some(thread),
            begun_us: 0,
            leads,
        })
    }

    async fn run(mut self) -> Result<Outcome, StormError> {
        let thread = self.start_alarm()?;
        let look = |subject| Sampler::start(subject, Arc::clone(&self.live));
        // An embedded server is part of this process, which then is looked at as a whole.
        let own = Subject::own(None);
        let subject = self.plan.subject.take();
        let apart = subject
            .as_ref()
            .is_none_or(|subject| subject.pid != own.pid);
        let own = apart.then(|| look(own)).transpose()?;
        let sampler = subject.map(look).transpose()?;
        let performed = self.perform().await;
        let usage = sampler.map(Sampler::finish).unwrap_or_default();
        let own = own.map(Sampler::finish).unwrap_or_default();
        self.cast.alarm.end();
        if thread.join().is_err() {
            tracing::error!("the alarm panicked: the run is incomplete");
        }
        let board = performed?;
        self.live.enter(Phase::Auditing);
        Ok(self.judge(board, usage, Generator::of(&own)))
    }

    /// Lets the alarm ring.
    pub(crate) fn start_alarm(&mut self) -> Result<std::thread::JoinHandle<()>, StormError> {
        match self.alarm.take() {
            Some(alarm) => Ok(alarm.start(Arc::clone(&self.cast))?),
            None => Err(std::io::Error::other("the alarm has been started").into()),
        }
    }

    /// Imports the roster, if the target wants it, and brings everybody's session up.
    pub(crate) async fn connect(&mut self) -> Result<Sessions, StormError> {
        let cast = Arc::clone(&self.cast);
        let dice = (self.plan.seed, self.plan.backoff);
        let mut sessions = Sessions::open(&self.target, self.plan.officers.len(), dice)?;
        let operator = self.operator();
        sessions.seat_operator(&cast, operator).await?;
        if self.target.import_roster {
            self.live.enter(Phase::Importing);
            let chunks = self.plan.changes.chunks(ROSTER_CHUNK_LEN_MAX);
            for (number, chunk) in chunks.enumerate() {
                sessions.import(&cast, operator, number, chunk).await?;
            }
            // Whoever looks at the server sees it once with the roster and without sessions.
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.live.enter(Phase::Connecting);
        for (lead, desk) in self.leads.iter().zip(0u32..) {
            sessions.seat_coordinator(&cast, desk, lead).await?;
        }
        sessions.seat_officers(&cast, &self.plan.officers).await?;
        Ok(sessions)
    }

    async fn perform(&mut self) -> Result<Vec<BoardRow>, StormError> {
        let cast = Arc::clone(&self.cast);
        let mut sessions = self.connect().await?;
        self.live.enter(Phase::Publishing);
        let last = self.arm(self.begin()?);
        self.until_quiet(last).await;

        let mut board = Vec::new();
        for desk in (0u32..).take(self.leads.len()) {
            board.extend(sessions.board(&cast, desk).await?);
        }
        cast.close();
        sessions.farewell(FAREWELL).await;
        Ok(board)
    }

    /// When the plan begins: as soon as everybody is there, or at the instant that all parts of a
    /// run share.
    fn begin(&self) -> Result<Instant, StormError> {
        let Some(Part { begins_at_us, .. }) = self.plan.part else {
            return Ok(Instant::now() + RUN_UP);
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_us = since.map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        });
        match u64::try_from(begins_at_us - now_us) {
            Ok(left_us) => Ok(Instant::now() + Duration::from_micros(left_us)),
            Err(_) => Err(StormError::BeganWithout {
                late_s: (now_us - begins_at_us).unsigned_abs().div_ceil(1_000_000),
            }),
        }
    }

    /// Sets the alarm for everything planned; says when the last of it is intended.
    fn arm(&mut self, begin: Instant) -> Instant {
        let stage = &self.cast.stage;
        let begin_us = stage.us(begin);
        self.begun_us = begin_us;
        let mut last = begin + self.plan.lasting;
        let intend = |at: Duration, act: Act| {
            let at_us = begin_us + at.as_micros() as u64;
            self.cast.alarm.set(Intent { at_us, act }, stage);
        };
        let everybody = |at: Duration, act: OfficerAct| {
            for (_, officer) in self.plan.officers.iter().zip(0u32..) {
                intend(at, Act::Officer(officer, act));
            }
        };
        let deaf = |at: Duration, act: OfficerAct| {
            let officers = self.plan.officers.iter().zip(0u32..);
            for (_, officer) in officers.filter(|(one, _)| one.behaviour.temper == Temper::Deaf) {
                intend(at, Act::Officer(officer, act));
            }
        };
        // What is set first comes first: nobody who does not read hears the first publication.
        deaf(Duration::ZERO, OfficerAct::StopReading);
        let meant = self.plan.own_publications().map(|(_, one)| begin + one.at);
        let mut meant: Vec<Instant> = meant.collect();
        meant.sort_unstable();
        self.live.begin(meant);
        let mut set = |at: Duration, desk: u32, act: DeskAct| {
            last = last.max(begin + at);
            intend(at, Act::Desk(desk, act));
        };
        for (vacancy, planned) in self.plan.own_publications() {
            set(planned.at, self.desk_of(vacancy), DeskAct::Publish(vacancy));
        }
        for PlannedIncident { at, incident } in &self.plan.incidents {
            if let Incident::CutEverybody = incident {
                everybody(*at, OfficerAct::Cut);
            }
            if let Some((desk, act)) = self.desk_act(incident) {
                set(*at, desk, act);
            }
        }
        // Whoever did not read does so in the end, so that the audit sees what they were told.
        let over = last.saturating_duration_since(begin) + self.plan.settle / 2;
        deaf(over, OfficerAct::ReadAgain);
        last
    }

    /// The desk that an incident befalls, and what it does; nothing for what officers carry
    /// themselves.
    fn desk_act(&self, incident: &Incident) -> Option<(u32, DeskAct)> {
        Some(match incident.clone() {
            Incident::Cancel { vacancy, reason } => {
                (self.desk_of(vacancy), DeskAct::Cancel { vacancy, reason })
            }
            Incident::OpenNextTier { vacancy } => {
                (self.desk_of(vacancy), DeskAct::OpenNextTier(vacancy))
            }
            Incident::Recall { vacancy, badge } => {
                let act = match badge {
                    Some(badge) => DeskAct::RecallNow { vacancy, badge },
                    None => DeskAct::Recall {
                        vacancy,
                        tries: RECALL_TRIES_MAX,
                    },
                };
                (self.operator(), act)
            }
            Incident::Roster { changes } => (self.operator(), DeskAct::Roster(changes)),
            Incident::CutEverybody | Incident::Lapse { .. } => return None,
        })
    }

    /// The world as it was sent.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// The place of the operator's desk.
    pub(crate) fn operator(&self) -> u32 {
        place(self.leads.len())
    }

    /// The place of the desk that publishes this vacancy.
    pub(crate) fn desk_of(&self, vacancy: VacancyNo) -> u32 {
        let lead = &self.facts[vacancy.index()].lead;
        // Every lead of the plan has a desk, in sorted order.
        place(self.leads.binary_search(lead).unwrap_or_default())
    }

    /// Waits until everything planned has been done and answered and nothing was heard for the
    /// plan's settling time, until the deadline, or until somebody insists.
    pub(crate) async fn until_quiet(&self, last: Instant) {
        let deadline = tokio::time::Instant::from_std(last + self.plan.deadline);
        let settle_us = self.plan.settle.as_micros() as u64;
        let quiet = async {
            let mut cleared = false;
            loop {
                if !cleared && self.live.stop() >= Stop::Soon {
                    self.cast.alarm.clear_plan();
                    cleared = true;
                }
                let published = cleared || Instant::now() >= last;
                if published {
                    self.live.enter(Phase::Settling);
                }
                let now_us = self.cast.stage.us(Instant::now());
                let silent = now_us.saturating_sub(self.live.last_stir_us()) >= settle_us;
                if published && silent && self.cast.is_idle() {
                    return;
                }
                tokio::time::sleep(QUIET_POLL).await;
            }
        };
        tokio::select! {
            () = quiet => {}
            () = tokio::time::sleep_until(deadline) => {
                tracing::warn!("the run did not become quiet before its deadline");
            }
            () = self.live.stopped(Stop::Now) => {}
        }
    }

    /// Binds everybody's books, with the board as it was seen at the end.
    pub(crate) fn ledger(&self, board: Vec<BoardRow>) -> Ledger {
        let (officers, desks) = self.cast.books();
        let simulated: BTreeSet<&str> = officers.iter().map(|book| book.badge.as_str()).collect();
        let everyone = self.world.badges().all(|badge| simulated.contains(badge));
        Ledger {
            everyone,
            begun_us: self.begun_us,
            world: self.world.clone(),
            vacancies: self.facts.clone(),
            officers,
            desks,
            board: Some(board),
        }
    }

    fn judge(self, board: Vec<BoardRow>, usage: Usage, generator: Generator) -> Outcome {
        let dropped = self.cast.dropped();
        let left_us = self.cast.stage.us(Instant::now());
        let ledger = self.ledger(board);
        let outcome = judge(
            &ledger,
            Judged {
                seed: self.plan.seed,
                schedule: self.plan.digest(),
                commit: self.plan.commit.clone(),
                workload: self.plan.workload.clone(),
                spans: self.plan.spans.clone(),
                dropped,
                usage,
                generator,
                machine: Machine::read(),
            },
        );
        let Some(part) = self.plan.part else {
            return outcome;
        };
        let report = &outcome.report;
        let kept = Kept {
            shard: part.shard,
            seed: report.seed,
            schedule: report.schedule.clone(),
            commit: report.commit.clone(),
            workload: report.workload.clone(),
            spans: self.plan.spans,
            changes: self.plan.changes,
            vacancies: self.cast.stage.vacancies.clone(),
            officers: ledger.officers,
            desks: ledger.desks,
            board: ledger.board.unwrap_or_default(),
            begun_us: self.begun_us,
            left_us,
            dropped,
            machine: report.machine.clone(),
            generator,
        };
        Outcome {
            kept: Some(Box::new(kept)),
            ..outcome
        }
    }
}

fn officers(plan: &Plan, operator: usize) -> Result<Vec<Officer>, StormError> {
    let root = derive(plan.seed, "officers");
    let planned = plan.officers.iter().zip(0u32..);
    let mut officers: Vec<Officer> = planned
        .map(|(planned, place)| {
            let seed = derive_nth(root, u64::from(planned.number));
            Officer::new(place, planned.badge.clone(), planned.behaviour, seed)
        })
        .collect();
    for planned in &plan.incidents {
        let Incident::Lapse {
            vacancy,
            badge,
            certification,
        } = &planned.incident
        else {
            continue;
        };
        let at = plan
            .officers
            .iter()
            .position(|officer| officer.badge == *badge);
        let Some(at) = at else {
            let badge = badge.clone();
            return Err(StormError::NotPlanned { badge });
        };
        officers[at].lapse_on(Lapse {
            vacancy: *vacancy,
            desk: place(operator),
            certification: certification.clone(),
        });
    }
    Ok(officers)
}

fn place(index: usize) -> u32 {
    u32::try_from(index).expect("plans are bounded far below four thousand million people")
}
