//! Award rules beside a flat model of them ([`flat`]): random bids, withdrawals, accepts, releases,
//! undone accepts and standby lists on overlapping work, compared after every step. Vacancies are
//! published one or many at a time, some paid by a grant, some with time around the work, to
//! officers whose agency limits a day's hours. A vacancy has one holder for each slot, and nobody
//! is in two places or works too much, because the model looks.

mod flat;

use std::sync::Arc;

use engine::core::command::{NewAvailability, NewGrant, NewOfficer, NewProvision, NewSite};
use engine::core::{
    Actor, Answer, Body, Command, NewSegment, NewVacancy, Publication, Refusal, Reply,
    RosterChange, State, digest,
};
use engine::io::{ManualClock, Memory};
use engine::log::{Background, LogOptions};
use engine::model::{
    AwardRule, Beyond, Class, Collect, Criterion, Date, Interval, Limit, Measure, OfficerId,
    Period, Position, Rank, RequestId, SiteKind, Term, Timestamp, VacancyId, VacancyKey,
};
use engine::{Engine, Options, Stepper};
use loadgen::seed::SplitMix64;

use flat::{By, Flat, Flaw, Notice, SINCE, Said, What};

/// Sequences played, and those in which a planted flaw must show itself.
const CASES: u64 = 400;
const STEPS: u64 = 80;
/// Vacancies of one sequence.
const VACANCIES_MAX: usize = 5;
/// Vacancies that one command publishes.
const MANY_MAX: u64 = 2;
/// When every sequence begins, in seconds since 1970: three hours before midnight in Phoenix.
const BEGIN: i64 = 1_795_061_200;
const MS: i64 = 1_000;
/// Steps in which everything that a moment brings about has happened.
const SETTLE_STEPS: usize = 32;

#[test]
fn award_rules_do_what_the_flat_model_does() {
    let mut heard = Heard::default();
    for seed in 0..CASES {
        match play(seed, Flaw::None) {
            Ok(more) => heard.add(&more),
            Err(difference) => panic!("seed {seed}: {difference}"),
        }
    }
    println!("awards: {CASES} sequences, {heard:?}, 0 differences");
    let reached = [
        heard.won,
        heard.bids,
        heard.standby,
        heard.kept,
        heard.retries,
        heard.many,
        heard.beyond_grant,
        heard.too_much,
    ];
    assert!(
        reached.iter().all(|count| *count > CASES / 4),
        "{reached:?}"
    );
}

#[test]
fn planted_flaws_of_award_rules_are_found() {
    for flaw in Flaw::PLANTED {
        let found = (0..CASES).find_map(|seed| Some((seed, play(seed, flaw).err()?)));
        let Some((seed, difference)) = found else {
            panic!("{flaw:?} made no difference in {CASES} sequences");
        };
        let first = difference.lines().next().unwrap_or_default();
        println!("planted {flaw:?}: sequence {seed}: {first}");
    }
}

/// What was reached.
#[derive(Debug, Default)]
struct Heard {
    won: u64,
    bids: u64,
    standby: u64,
    kept: u64,
    retries: u64,
    many: u64,
    beyond_grant: u64,
    too_much: u64,
}

impl Heard {
    fn add(&mut self, more: &Heard) {
        self.won += more.won;
        self.bids += more.bids;
        self.standby += more.standby;
        self.kept += more.kept;
        self.retries += more.retries;
        self.many += more.many;
        self.beyond_grant += more.beyond_grant;
        self.too_much += more.too_much;
    }
}

struct Drive {
    engine: Engine,
    stepper: Stepper,
    clock: Arc<ManualClock>,
    flat: Flat,
    now: i64,
    requests: u128,
    keys: u128,
    heard: Heard,
    asked: Vec<(Command, Reply)>,
}

fn play(seed: u64, flaw: Flaw) -> Result<Heard, String> {
    let mut dice = SplitMix64::new(seed);
    let mut drive = Drive::new(flaw);
    for step in 0..STEPS {
        let what = match dice.pick(&[12, 70, 14, 4]) {
            0 if drive.flat.vacancies.len() < VACANCIES_MAX => drive.publish(&mut dice)?,
            0 | 1 if !drive.flat.vacancies.is_empty() => drive.answer(&mut dice)?,
            3 if !drive.asked.is_empty() => drive.again(&mut dice)?,
            _ => drive.wait(&mut dice),
        };
        drive
            .compare()
            .map_err(|differs| format!("step {step}, {what}: {differs}"))?;
    }
    let state = drive.stepper.state();
    let snapshot = state.snapshot().expect("a state can be written");
    let restored = State::restore(&snapshot).map_err(|error| error.to_string())?;
    match digest(&restored) == digest(state) {
        true => Ok(drive.heard),
        false => Err("a snapshot holds another state".to_owned()),
    }
}

impl Drive {
    fn new(flaw: Flaw) -> Drive {
        let clock = Arc::new(ManualClock::new(timestamp(BEGIN)));
        let (engine, stepper, _) = Engine::open_stepped(Options {
            storage: Arc::new(Memory::new()),
            clock: Arc::clone(&clock) as Arc<dyn engine::io::Clock>,
            log: LogOptions {
                segment_bytes: 1 << 20,
                background: Background::OnDemand,
                ..LogOptions::default()
            },
            snapshot_every_records: 0,
        })
        .expect("memory is sound");
        let (vacancies, freed) = (Vec::new(), Vec::new());
        let mut drive = Drive {
            engine,
            stepper,
            clock,
            flat: Flat {
                flaw,
                vacancies,
                freed,
            },
            now: BEGIN,
            requests: 0,
            keys: 0,
            heard: Heard::default(),
            asked: Vec::new(),
        };
        let reply = drive.ask(Actor::Operator, Body::Roster(cast()));
        reply.expect("the cast is sound");
        let reply = drive.ask(Actor::Operator, Body::Grant(grant()));
        reply.expect("the grant is sound");
        drive.asked.clear();
        drive
    }

    fn ask(&mut self, by: Actor, body: Body) -> Reply {
        self.requests += 1;
        let request = RequestId(self.requests);
        let command = Command { request, by, body };
        let reply = self.submit(command.clone());
        self.asked.push((command, reply.clone()));
        reply
    }

    fn submit(&mut self, command: Command) -> Reply {
        let ticket = self.engine.submit(command);
        self.stepper.step();
        // What was due came before the command.
        self.flat.consider(self.now);
        ticket.wait().expect("memory never fails")
    }

    fn publish(&mut self, dice: &mut SplitMix64) -> Result<String, String> {
        let many = 0..dice.between(1, MANY_MAX);
        let notices: Vec<Notice> = many.map(|_| notice(dice, self.now)).collect();
        let keys = self.keys + 1..;
        self.keys += notices.len() as u128;
        let all = keys.zip(&notices);
        let all = all.map(|(key, notice)| publication(notice, VacancyKey(key)));
        let body = Body::PublishAll(all.collect());
        let what = format!("{notices:?}");
        self.heard.many += u64::from(notices.len() > 1);
        let reply = self.ask(Actor::Operator, body);
        let said = self.flat.publish(notices, self.now);
        self.heard.beyond_grant += u64::from(said.is_err());
        match (&reply, &said) {
            (Ok(Answer::Done { .. }), Ok(())) => Ok(what),
            (Err(refused), Err(refusal)) if refused.refusal == *refusal => Ok(what),
            _ => Err(format!(
                "{what}: the engine says {reply:?}, the model {said:?}"
            )),
        }
    }

    fn answer(&mut self, dice: &mut SplitMix64) -> Result<String, String> {
        let (number, officer) = (
            dice.below(self.flat.vacancies.len() as u64) as usize,
            dice.below(6) as usize,
        );
        let row = &self.flat.vacancies[number];
        self.heard.kept += u64::from(!row.kept.is_empty());
        let round = row.round.saturating_sub(u32::from(dice.chance(80))).max(1);
        let held = row
            .slots
            .iter()
            .flatten()
            .next()
            .map(|holder| holder.officer);
        let kept = row.kept.first().map(|kept| kept.1);
        let (officer, what) = match dice.pick(&[50, 10, 12, 8, 22, 6]) {
            0 => (
                kept.filter(|_| dice.chance(300)).unwrap_or(officer),
                What::Accept,
            ),
            1 => (
                kept.filter(|_| dice.chance(400)).unwrap_or(officer),
                What::Decline,
            ),
            2 => (held.unwrap_or(officer), What::Release),
            3 => (held.unwrap_or(officer), What::Undo),
            4 => (officer, What::Join),
            _ => (officer, What::Leave),
        };
        let vacancy = VacancyId(number as u32);
        let body = match what {
            What::Accept => Body::Accept { vacancy, round },
            What::Decline => Body::Decline { vacancy, round },
            What::Release => Body::Release { vacancy },
            What::Undo => Body::Undo { vacancy },
            What::Join => Body::JoinStandby { vacancy },
            What::Leave => Body::LeaveStandby { vacancy },
        };
        let reply = self.ask(Actor::Officer(self.id(officer)), body);
        let said = self.flat.ask((officer, what), (number, round), self.now);
        let same = match (&reply, &said) {
            (Ok(Answer::Won(receipt)), Ok(Said::Won(slot))) => {
                self.heard.won += 1;
                usize::from(receipt.slot) == *slot
            }
            (Ok(Answer::Bid { place, .. }), Ok(Said::Bid(said))) => {
                self.heard.bids += 1;
                place == said
            }
            (Ok(Answer::Standby { place, .. }), Ok(Said::Standby(said))) => {
                self.heard.standby += 1;
                place == said
            }
            (Ok(Answer::Done { .. }), Ok(Said::Done)) => true,
            (Err(refused), Err(refusal)) => {
                let too_much = matches!(refusal, Refusal::NotEligible { .. });
                self.heard.too_much += u64::from(too_much);
                refused.refusal == *refusal
            }
            _ => false,
        };
        let what = format!("v{number} round {round}: officer {officer} {what:?}");
        match same {
            true => Ok(what),
            false => Err(format!(
                "{what}: the engine says {reply:?}, the model {said:?}"
            )),
        }
    }

    /// An earlier request again: it hears what it heard (P5).
    fn again(&mut self, dice: &mut SplitMix64) -> Result<String, String> {
        let place = dice.below(self.asked.len() as u64) as usize;
        let (command, first) = self.asked[place].clone();
        let reply = self.submit(command.clone());
        self.heard.retries += 1;
        let refusal = |reply: &Reply| reply.as_ref().err().map(|no| no.refusal.clone());
        let same =
            first == reply || refusal(&first).is_some() && refusal(&first) == refusal(&reply);
        match same {
            true => Ok(format!("{command:?} again")),
            false => Err(format!("{command:?} heard {first:?} and now {reply:?}")),
        }
    }

    fn wait(&mut self, dice: &mut SplitMix64) -> String {
        let seconds = match dice.below(4) {
            0 => dice.between(600, 3_600),
            _ => dice.between(1, 60),
        };
        self.now += seconds as i64;
        self.clock.set(timestamp(self.now));
        for _ in 0..SETTLE_STEPS {
            self.stepper.step();
        }
        self.flat.tick(self.now);
        self.flat.consider(self.now);
        format!("{seconds} s later")
    }

    fn compare(&self) -> Result<(), String> {
        let state = self.stepper.state();
        let (engine, model) = (state.vacancies().end().index(), self.flat.vacancies.len());
        if engine != model {
            return Err(format!(
                "the engine has {engine} vacancies, the model {model}"
            ));
        }
        let fund = state.grants().find(flat::DISTRICT).expect("it was made");
        let engine = fund.taken.committed_us / 1_000_000;
        let model = self.flat.committed().unsigned_abs();
        if engine != u128::from(model) {
            return Err(format!(
                "the grant has promised {engine} s, and {model} s in the model"
            ));
        }
        for (number, row) in self.flat.vacancies.iter().enumerate() {
            let found = state
                .vacancy(VacancyId(number as u32))
                .expect("it was published");
            let officer = |id: OfficerId| {
                let all = 0..SINCE.len();
                all.into_iter()
                    .find(|one| self.id(*one) == id)
                    .expect("one of the cast")
            };
            let holders = found.slots.iter().map(|slot| slot.holder.as_ref());
            let holders: Vec<Option<usize>> = holders
                .map(|holder| holder.map(|holder| officer(holder.officer)))
                .collect();
            let awarding = found.awarding.as_deref().cloned().unwrap_or_default();
            let bids = awarding
                .bids
                .iter()
                .map(|bid| (officer(bid.officer), bid.place));
            let list = awarding.standby.iter().map(|one| officer(*one));
            let kept = awarding.kept.iter().map(|kept| {
                let until = kept.until.as_micros() / (1_000 * MS);
                (usize::from(kept.slot), officer(kept.officer), until)
            });
            let engine = (
                (found.standing, found.round, holders),
                (bids.collect(), list.collect(), kept.collect()),
            );
            let model = row
                .slots
                .iter()
                .map(|holder| holder.map(|holder| holder.officer));
            let model = (
                (row.standing, row.round, model.collect()),
                (row.bids.clone(), row.list.clone(), row.kept.clone()),
            );
            if engine != model {
                return Err(format!(
                    "v{number}: the engine has {engine:?}, the model {model:?}"
                ));
            }
        }
        Ok(())
    }

    fn id(&self, officer: usize) -> OfficerId {
        let roster = self.stepper.state().roster();
        roster.officer(&badge(officer)).expect("one of the cast")
    }
}

fn notice(dice: &mut SplitMix64, now: i64) -> Notice {
    let start = now + dice.between(1_000, 9_000) as i64;
    let all = [By::Seniority, By::Hours(7_200), By::Rotation];
    let first = dice.below(3) as usize;
    let count = dice.below(3) as usize;
    Notice {
        span: (start, start + dice.between(600, 5_400) as i64),
        slots: dice.between(1, 2) as usize,
        collect: match dice.below(5) {
            0 | 1 => Some(flat::Collect::Until(now + dice.between(30, 900) as i64)),
            2 | 3 => Some(flat::Collect::Fairness(dice.between(5, 120) as i64)),
            _ => None,
        },
        ranked_by: (0..=count).map(|place| all[(first + place) % 3]).collect(),
        undo: [0, 30, 600][dice.below(3) as usize],
        standby: [None, Some(60), Some(900)][dice.below(3) as usize],
        around: [(0, 0), (300, 0), (0, 900)][dice.below(3) as usize],
        is_funded: dice.chance(500),
    }
}

fn publication(notice: &Notice, key: VacancyKey) -> Publication {
    let ms = |seconds: i64| (seconds * MS).cast_unsigned();
    let criterion = |by: &By| match by {
        By::Seniority => Criterion::Seniority,
        By::Hours(period) => Criterion::FewestHours {
            period_ms: ms(*period),
        },
        By::Rotation => Criterion::Rotation,
    };
    let rule = notice.collect.map(|collect| {
        Term::Award(Box::new(AwardRule {
            collect: match collect {
                flat::Collect::Until(at) => Collect::Until(timestamp(at)),
                flat::Collect::Fairness(window) => Collect::Fairness {
                    window_ms: ms(window),
                },
            },
            ranked_by: notice.ranked_by.iter().map(criterion).collect(),
        }))
    });
    let within_ms = ms(notice.undo);
    let undo = (within_ms > 0).then_some(Term::Undo { within_ms });
    let standby = notice.standby.map(|within| Term::Standby {
        confirm_within_ms: ms(within),
    });
    let (before_ms, after_ms) = (ms(notice.around.0), ms(notice.around.1));
    let buffer = (before_ms + after_ms > 0).then_some(Term::Buffer {
        before_ms,
        after_ms,
    });
    let site = match notice.is_funded {
        true => "funded",
        false => "school",
    };
    Publication {
        vacancy: NewVacancy {
            key,
            lead: "chandler".to_owned(),
            programme: "sso".to_owned(),
            segments: vec![NewSegment {
                site: site.to_owned(),
                start: timestamp(notice.span.0),
                end: timestamp(notice.span.1),
            }],
            slots: vec![Rank::Officer; notice.slots],
            windows_ms: Vec::new(),
            post_orders: String::new(),
        },
        terms: [rule, undo, standby, buffer]
            .into_iter()
            .flatten()
            .collect(),
    }
}

fn cast() -> Vec<RosterChange> {
    let text = str::to_owned;
    let mut changes = vec![
        RosterChange::Agency {
            code: text("chandler"),
            name: text("Chandler"),
            agreement: Some(text("chandler-msa")),
        },
        RosterChange::Programme {
            code: text("sso"),
            name: text("School safety"),
            certifications: Vec::new(),
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        site("school", "demo"),
        site("funded", flat::DISTRICT),
        RosterChange::Provided(NewProvision::Limits {
            agency: text("chandler"),
            limits: vec![Limit {
                measure: Measure::Hours {
                    period: Period::Day,
                    most_minutes: flat::MOST_MIN,
                },
                beyond: Beyond::Block,
                valid: Interval {
                    start: timestamp(0),
                    end: timestamp(2 * BEGIN),
                },
            }],
        }),
    ];
    for (number, since) in SINCE.iter().enumerate() {
        changes.push(RosterChange::Officer(NewOfficer {
            badge: badge(number),
            home: text("chandler"),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: Vec::<(String, Interval)>::new(),
            approvals: Vec::new(),
            availability: NewAvailability::Always,
        }));
        let date = since.map(|years| Date {
            year: 2_000 + years,
            month: 1,
            day: 1,
        });
        changes.extend(date.map(|since| RosterChange::SenioritySet {
            badge: badge(number),
            since,
        }));
    }
    changes
}

/// A site of `district`, which the state funds if the district has a grant.
fn site(code: &str, district: &str) -> RosterChange {
    RosterChange::Site(NewSite {
        code: code.to_owned(),
        name: "A school".to_owned(),
        lead: "chandler".to_owned(),
        zone: "America/Phoenix".to_owned(),
        position: Position {
            latitude_udeg: 33_306_160,
            longitude_udeg: -111_841_250,
        },
        geofence_m: 150,
        district: district.to_owned(),
        kind: SiteKind::Public,
        ade_funded: district == flat::DISTRICT,
    })
}

fn grant() -> NewGrant {
    let day = |year| Date {
        year,
        month: 1,
        day: 1,
    };
    NewGrant {
        district: flat::DISTRICT.to_owned(),
        programme: "sso".to_owned(),
        first: day(2026),
        last: day(2028),
        budget_min: flat::BUDGET_MIN,
    }
}

fn badge(officer: usize) -> String {
    format!("cha-{officer:02}")
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000 * MS)
}
