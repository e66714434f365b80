//! An engine on disk with agencies, officers and work for them. Everything in it is invented.
//!
//! A **wave** is one vacancy of every agency, at an hour of its own. Each officer who accepts one
//! of a wave's slots is free then and certain to win, so a wave is as many awards as it has slots,
//! each examined against vacancy and calendar. Neighbours in line are of different vacancies and
//! different agencies, as they are on a Monday morning.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{Actor, Body, Command, NewSegment, NewVacancy, RosterChange};
use engine::io::{Clock, Disk, SystemClock};
use engine::model::{
    Class, Interval, OfficerId, Position, Rank, RequestId, SiteKind, Timestamp, VacancyId,
    VacancyKey,
};
use engine::{Engine, Options};

use super::BenchError;
use super::drive::{Core, Line, Run};
use crate::priority;

/// Slots of a vacancy of a wave.
const WAVE_SLOTS: usize = 16;
/// Officers of each agency of a wave: two shifts, so that not always the same ones win.
const OFFICERS_EACH: usize = 2 * WAVE_SLOTS;
/// Slots of the one hot vacancy: the most that a vacancy has.
pub(super) const HOT_SLOTS: usize = engine::limits::SLOTS_MAX;
/// Roster changes of one command while the world is made.
const CHANGES_AT_ONCE: usize = 4_096;
/// Publications in flight while a wave is prepared.
const PUBLISH_IN_FLIGHT: usize = 4_096;
/// Length of a shift, in milliseconds.
const SHIFT_MS: u64 = 3_600_000;
/// How far ahead the first shift is, in milliseconds: no bench lasts longer.
const AHEAD_MS: u64 = 24 * SHIFT_MS;
/// The agency whose officers race for one slot, and its site.
pub(super) const CROWD: &str = "the-crowd";
pub(super) const CROWD_SITE: &str = "the-crowd-site";
/// The name of everything that has one, and the zone of every site.
pub(super) const INVENTED: &str = "Invented";
pub(super) const ZONE: &str = "America/Phoenix";
/// Name of the thread that settles.
const ENGINE_THREAD: &str = "muster-engine";
/// Request ids of accepts start here, those of everything else at 0.
const ACCEPT_IDS: u128 = 1 << 64;
/// Numbers of accepts that are not of a wave, and of those that come too late, start here.
const APART_NUMBERS: u64 = 1 << 60;
const LATE_NUMBERS: u64 = 1 << 61;

/// How large a world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Agencies that take part in waves.
    pub(super) agencies: usize,
    /// Officers who race for one slot.
    pub(super) crowd: usize,
}

/// An open engine, and what is published in it.
pub(super) struct World {
    pub(super) engine: Engine,
    /// What the engine's thread spends on a core.
    core: Option<Core>,
    pub(super) folder: PathBuf,
    line: Line,
    size: Size,
    /// The first hour of the schedule.
    begins: Timestamp,
    asked: u64,
    vacancies: u32,
    schedule: Schedule,
    /// Accepts of waves that were handed out, and the number of the next one of anything else.
    taken: u64,
    apart: u64,
    /// Officers of the hot vacancy, and of the crowd.
    hot: Vec<OfficerId>,
    crowd: Vec<OfficerId>,
    hot_hours: u64,
    crowd_hours: u64,
}

/// Who works in which wave.
#[derive(Debug, Default)]
struct Schedule {
    agencies: usize,
    /// The officers of each agency, one agency after the other.
    officers: Vec<OfficerId>,
    /// The first vacancy of each wave; the others follow it, one an agency.
    waves: Vec<VacancyId>,
}

/// One accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accept {
    pub(super) vacancy: VacancyId,
    pub(super) officer: OfficerId,
    /// Differs from that of every other accept.
    pub(super) number: u64,
}

impl Accept {
    pub(super) fn command(self) -> Command {
        Command {
            request: RequestId(ACCEPT_IDS + u128::from(self.number)),
            by: Actor::Officer(self.officer),
            body: Body::Accept {
                vacancy: self.vacancy,
                round: 1,
            },
        }
    }
}

impl Schedule {
    /// The accept with this number, of those that were published.
    fn accept(&self, number: u64) -> Accept {
        let each = self.wave_len();
        let (wave, place) = (number as usize / each, number as usize % each);
        let (slot, agency) = (place / self.agencies, place % self.agencies);
        let officer = agency * OFFICERS_EACH + (wave * WAVE_SLOTS + slot) % OFFICERS_EACH;
        Accept {
            vacancy: VacancyId(self.waves[wave].0 + agency as u32),
            officer: self.officers[officer],
            number,
        }
    }

    fn wave_len(&self) -> usize {
        self.agencies * WAVE_SLOTS
    }
}

impl World {
    /// Opens an engine in `folder` and fills its roster.
    pub(super) fn open(folder: &Path, size: Size) -> Result<World, BenchError> {
        let folder = folder.join("log");
        let (sender, core) = mpsc::channel();
        let (engine, _) = Engine::open_on(options(&folder)?, move || {
            priority::go_ahead();
            // The log's thread is prepared as well.
            if thread::current().name() == Some(ENGINE_THREAD) {
                // Nobody waits for it if opening has failed.
                let _ = sender.send(Core::own());
            }
        })?;
        let core = core.recv().ok();
        let line = Line::new(&engine);
        let mut world = World {
            engine,
            core,
            folder,
            line,
            size,
            begins: SystemClock.now().plus_ms(AHEAD_MS),
            asked: 0,
            vacancies: 0,
            schedule: Schedule::default(),
            taken: 0,
            apart: APART_NUMBERS,
            hot: Vec::new(),
            crowd: Vec::new(),
            hot_hours: 0,
            crowd_hours: 0,
        };
        world.fill()?;
        Ok(world)
    }

    /// The next `count` accepts that are certain to win, of vacancies that are published for them
    /// if need be.
    pub(super) fn accepts(&mut self, count: u64) -> Result<Vec<Accept>, BenchError> {
        let until = self.taken + count;
        let wave = self.schedule.wave_len() as u64;
        let missing = until.saturating_sub(self.schedule.waves.len() as u64 * wave);
        self.publish_waves(missing.div_ceil(wave) as usize)?;
        let numbers = self.taken..until;
        self.taken = until;
        Ok(numbers.map(|number| self.schedule.accept(number)).collect())
    }

    /// Hot vacancies for `count` accepts, in the order in which they are raced for.
    pub(super) fn hot(&mut self, count: u64) -> Result<Vec<Accept>, BenchError> {
        let vacancies = (count as usize).div_ceil(HOT_SLOTS);
        let first = self.vacancies;
        let begins = self.begins;
        let hours = self.hot_hours;
        let commands = (0..vacancies as u64).map(|number| {
            let start = begins.plus_ms(SHIFT_MS * (hours + number));
            ("hot".to_owned(), start, HOT_SLOTS)
        });
        let commands: Vec<_> = commands.collect();
        self.publish(commands)?;
        self.hot_hours += vacancies as u64;
        let number = self.apart(count);
        let accept = |place: u64| Accept {
            vacancy: VacancyId(first + (place as usize / HOT_SLOTS) as u32),
            officer: self.hot[place as usize % HOT_SLOTS],
            number: number + place,
        };
        Ok((0..count).map(accept).collect())
    }

    /// A vacancy of one slot, and an accept of it by each of the crowd. Who comes first changes.
    pub(super) fn crowd(&mut self) -> Result<Vec<Accept>, BenchError> {
        let vacancy = VacancyId(self.vacancies);
        let start = self.begins.plus_ms(SHIFT_MS * self.crowd_hours);
        self.publish(vec![(CROWD.to_owned(), start, 1)])?;
        let first = self.crowd_hours as usize * 7;
        self.crowd_hours += 1;
        let number = self.apart(self.crowd.len() as u64);
        let accept = |place: usize| Accept {
            vacancy,
            officer: self.crowd[(first + place) % self.crowd.len()],
            number: number + place as u64,
        };
        Ok((0..self.crowd.len()).map(accept).collect())
    }

    /// What `run` does, and what the engine's thread spends on a core meanwhile.
    pub(super) fn timed(
        &self,
        run: impl FnOnce(&Engine) -> Result<Run, BenchError>,
    ) -> Result<Run, BenchError> {
        let core = self.core.as_ref().map(Core::again);
        let mut run = run(&self.engine)?;
        run.engine_on_core = core.and_then(|core| core.spent());
        Ok(run)
    }

    /// How many accepts fill what is begun, and `waves` more.
    pub(super) fn until_filled(&self, waves: usize) -> u64 {
        let wave = self.schedule.wave_len() as u64;
        self.taken.next_multiple_of(wave) + waves as u64 * wave - self.taken
    }

    /// The vacancies of the last `waves`.
    pub(super) fn last_vacancies(&self, waves: usize) -> impl Iterator<Item = VacancyId> {
        let from = self.schedule.waves.len() - waves;
        let agencies = self.size.agencies as u32;
        let firsts = self.schedule.waves[from..].iter();
        firsts.flat_map(move |first| (first.0..first.0 + agencies).map(VacancyId))
    }

    /// An accept of `vacancy` by each of the crowd, whose agency is not asked.
    pub(super) fn late(&self, vacancy: VacancyId) -> impl Iterator<Item = Accept> {
        let late = move |(&officer, number)| Accept {
            vacancy,
            officer,
            number: LATE_NUMBERS + number,
        };
        self.crowd.iter().zip(0..).map(late)
    }

    /// Ends the engine; the folder stays.
    pub(super) fn close(self) -> PathBuf {
        self.engine.close();
        self.folder
    }

    /// Numbers for `count` accepts that are not of a wave.
    fn apart(&mut self, count: u64) -> u64 {
        let first = self.apart;
        self.apart += count;
        first
    }

    fn fill(&mut self) -> Result<(), BenchError> {
        let mut changes = installation(self.size);
        changes.reverse();
        while !changes.is_empty() {
            let from = changes.len().saturating_sub(CHANGES_AT_ONCE);
            let mut next = changes.split_off(from);
            next.reverse();
            let command = self.command(Body::Roster(next));
            self.line.done("the roster", std::iter::once(command), 1)?;
        }
        // Officer numbers never change, so one look is enough.
        let state = self.engine.follow().ok_or(engine::Ended::Closed)?;
        let state = state.into_state();
        let officer = |badge: String| {
            let found = state.roster().officer(&badge);
            found.expect("the engine has just said that everybody was added")
        };
        let of = |agency: &str, count| -> Vec<OfficerId> {
            let badges = (0..count).map(|number| badge(agency, number));
            badges.map(officer).collect()
        };
        self.hot = of("hot", HOT_SLOTS);
        self.crowd = of(CROWD, self.size.crowd);
        self.schedule.agencies = self.size.agencies;
        for agency in 0..self.size.agencies {
            let officers = of(&agency_code(agency), OFFICERS_EACH);
            self.schedule.officers.extend(officers);
        }
        Ok(())
    }

    fn publish_waves(&mut self, waves: usize) -> Result<(), BenchError> {
        let mut vacancies = Vec::new();
        for wave in self.schedule.waves.len()..self.schedule.waves.len() + waves {
            let start = self.begins.plus_ms(SHIFT_MS * wave as u64);
            let agencies = (0..self.size.agencies).map(agency_code);
            vacancies.extend(agencies.map(|agency| (agency, start, WAVE_SLOTS)));
        }
        let first = self.vacancies;
        self.publish(vacancies)?;
        let wave = self.size.agencies as u32;
        let firsts = (0..waves as u32).map(|number| VacancyId(first + number * wave));
        self.schedule.waves.extend(firsts);
        Ok(())
    }

    /// Publishes vacancies of these agencies, starts and slots. The engine numbers them in order.
    fn publish(&mut self, vacancies: Vec<(String, Timestamp, usize)>) -> Result<(), BenchError> {
        let count = vacancies.len() as u32;
        let first = self.vacancies;
        let asked = self.asked;
        let commands =
            vacancies
                .into_iter()
                .zip(0u32..)
                .map(move |((lead, start, slots), number)| Command {
                    request: RequestId(u128::from(asked + u64::from(number))),
                    by: Actor::Operator,
                    body: Body::Publish(Box::new(vacancy(first + number, lead, start, slots))),
                });
        self.line.done("publishing", commands, PUBLISH_IN_FLIGHT)?;
        self.asked += u64::from(count);
        self.vacancies += count;
        Ok(())
    }

    fn command(&mut self, body: Body) -> Command {
        self.asked += 1;
        Command {
            request: RequestId(u128::from(self.asked - 1)),
            by: Actor::Operator,
            body,
        }
    }
}

/// What the engine is opened with: the log's defaults, and no snapshots, which would measure a
/// second reader of the log beside the race.
pub(super) fn options(folder: &Path) -> Result<Options, BenchError> {
    Ok(Options {
        storage: Arc::new(Disk::open(folder)?),
        clock: Arc::new(SystemClock),
        log: Default::default(),
        snapshot_every_records: 0,
    })
}

fn vacancy(number: u32, lead: String, start: Timestamp, slots: usize) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(u128::from(number) + 1),
        programme: "sso".into(),
        segments: vec![NewSegment {
            site: format!("{lead}-site"),
            start,
            end: start.plus_ms(SHIFT_MS),
        }],
        lead,
        slots: vec![Rank::Officer; slots],
        windows_ms: Vec::new(),
        post_orders: String::new(),
    }
}

fn agency_code(number: usize) -> String {
    format!("agency-{number}")
}

/// The badge of an agency's officer with this number.
pub(super) fn badge(agency: &str, number: usize) -> String {
    format!("{agency}-{number:05}")
}

/// The roster of an installation: waves of agencies, the hot one and the crowd.
fn installation(size: Size) -> Vec<RosterChange> {
    let name = || String::from(INVENTED);
    let certification = |code: &str| RosterChange::Certification {
        code: code.into(),
        name: name(),
    };
    let mut changes = vec![
        certification("azpost"),
        certification("ade-sso"),
        RosterChange::Programme {
            code: "sso".into(),
            name: name(),
            certifications: vec!["azpost".into(), "ade-sso".into()],
            classes: vec![Class::PeaceOfficer],
            approval: true,
        },
    ];
    let waves = (0..size.agencies).map(|number| (agency_code(number), OFFICERS_EACH));
    let special = [("hot", HOT_SLOTS), (CROWD, size.crowd)];
    let special = special.map(|(code, officers)| (code.to_owned(), officers));
    for (code, officers) in waves.chain(special) {
        changes.push(RosterChange::Agency {
            code: code.clone(),
            name: name(),
            agreement: Some(format!("{code}-msa")),
        });
        changes.push(RosterChange::Site(site(&code)));
        changes.extend((0..officers).map(|number| officer(&code, number)));
    }
    changes
}

fn site(lead: &str) -> NewSite {
    NewSite {
        code: format!("{lead}-site"),
        name: INVENTED.into(),
        lead: lead.into(),
        zone: ZONE.into(),
        position: Position {
            latitude_udeg: 33_000_000,
            longitude_udeg: -112_000_000,
        },
        geofence_m: 150,
        district: INVENTED.into(),
        kind: SiteKind::Public,
        ade_funded: false,
    }
}

fn officer(home: &str, number: usize) -> RosterChange {
    let held = |kind: &str| (kind.to_owned(), Interval::ALWAYS);
    RosterChange::Officer(NewOfficer {
        badge: badge(home, number),
        home: home.into(),
        class: Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: vec![held("azpost"), held("ade-sso")],
        approvals: vec![held("sso")],
        availability: NewAvailability::Always,
    })
}
