//! Plays scenario lines on a real engine with a clock that only the scenario moves.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use engine::core::command::{NewOfficer, NewSite};
use engine::core::{
    Actor, Answer, Body, Command, Effect, Event, NewSegment, NewVacancy, Reply, RosterChange,
    State, TierCause, Vacated, apply, digest, react,
};
use engine::io::{Clock, ManualClock, Memory};
use engine::log::{Background, LogOptions};
use engine::model::{
    Direction, OfficerId, OfficerSet, Position, RequestId, SiteKind, Standing, Timestamp,
    VacancyId, VacancyKey,
};
use engine::rules::{Clause, Ground, tier};
use engine::{Engine, Follower, Options, Stepper, Ticket};

use super::words::{
    Words, availability, class, dated, duration_ms, minute, rank, validity, weekday,
};

/// Every scenario starts on Sunday 22 November 2026 at noon in Phoenix.
const START: &str = "2026-11-22T19:00:00Z";

/// An engine, its follower, and the names that a scenario uses.
pub(crate) struct Stage {
    storage: Arc<Memory>,
    clock: Arc<ManualClock>,
    /// None only while it is closed and opened again.
    house: Option<House>,
    /// `v1` and so on.
    vacancies: BTreeMap<String, VacancyKey>,
    requests: u128,
}

/// An open engine and a reader of it.
struct House {
    engine: Engine,
    stepper: Stepper,
    follower: Follower,
}

/// A line that was put in line and waits for its answer.
struct Asked<'a> {
    words: Words<'a>,
    ticket: Ticket,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let start: jiff::Timestamp = START.parse().expect("the start is a time");
        let clock = Arc::new(ManualClock::new(Timestamp(start.as_microsecond())));
        let storage = Arc::new(Memory::new());
        let house = Some(open(&storage, &clock));
        Stage {
            storage,
            clock,
            house,
            vacancies: BTreeMap::new(),
            requests: 0,
        }
    }

    /// Plays one block: all its commands in line together, settled in one step.
    pub(crate) fn play(&mut self, lines: &[&str]) -> String {
        let mut output = String::new();
        let mut commands: Vec<(Words<'_>, Command)> = Vec::new();
        for line in lines {
            let words = Words::parse(line);
            match words.word(0) {
                "advance" => self.clock.advance_ms(duration_ms(words.word(1))),
                "at" => self
                    .clock
                    .set(self.local(words.word(1), words.word(2), "America/Phoenix")),
                "restart" => self.restart(),
                "why" => self.why(&words, &mut output),
                "holders" => self.holders(&words, &mut output),
                "and" => {
                    let (_, rest) = line.split_once(' ').expect("`and` something");
                    let change = roster_change(&Words::parse(rest));
                    let Some((
                        _,
                        Command {
                            body: Body::Roster(changes),
                            ..
                        },
                    )) = commands.last_mut()
                    else {
                        panic!("`{line}` continues no roster change");
                    };
                    changes.push(change);
                }
                _ => {
                    let command = self.command(&words);
                    commands.push((words, command));
                }
            }
        }
        let submit = |(words, command)| Asked {
            words,
            ticket: self.house().engine.submit(command),
        };
        let asked: Vec<Asked<'_>> = commands.into_iter().map(submit).collect();
        // What falls due because of this step is part of what happens after the block.
        for _ in 0..8 {
            assert!(self.house_mut().stepper.step(), "the engine goes on");
        }
        self.hear(&mut output);
        for Asked { words, ticket } in asked {
            let reply = ticket.wait().expect("a scenario's disk never fails");
            self.say_reply(&words, &reply, &mut output);
        }
        output
    }

    /// What must be true at the end of every scenario, whatever it was about.
    pub(crate) fn check(&mut self) {
        let live = digest(self.house().stepper.state());
        assert_eq!(
            live,
            digest(self.state()),
            "a follower has the engine's state"
        );
        let snapshot = self
            .house()
            .stepper
            .state()
            .snapshot()
            .expect("a state can be written");
        let restored = State::restore(&snapshot).expect("a snapshot can be read");
        assert_eq!(live, digest(&restored), "a snapshot holds the whole state");
        self.check_index();
        self.restart();
        assert_eq!(
            live,
            digest(self.house().stepper.state()),
            "the log alone rebuilds the state"
        );
        self.check_index();
    }

    /// The index and its naive twin agree on every vacancy and tier.
    fn check_index(&self) {
        let state = self.house().stepper.state();
        for (_, row) in state.vacancies().iter() {
            let ground = Ground::new(state.roster(), &row.posting, state.at());
            let ground = ground.expect("what was published has a programme");
            for number in 0..4 {
                let lead = row.posting.lead;
                let agencies =
                    tier::agencies_of_tier(state.roster(), lead, number, ground.at, ground.span);
                let fast = state.index().eligible(ground, state.calendars(), &agencies);
                let slow = engine::index::naive::eligible(ground, state.calendars(), &agencies);
                assert_eq!(
                    fast, slow,
                    "the index agrees with its naive twin in tier {number}"
                );
            }
        }
    }

    fn restart(&mut self) {
        self.house().engine.close();
        while self.house_mut().stepper.step() {}
        // The old engine lets go of the folder before the new one takes it.
        self.house = None;
        self.house = Some(open(&self.storage, &self.clock));
    }

    fn house(&self) -> &House {
        self.house
            .as_ref()
            .expect("the house stands between restarts")
    }

    fn house_mut(&mut self) -> &mut House {
        self.house
            .as_mut()
            .expect("the house stands between restarts")
    }

    fn state(&self) -> &State {
        &self.house().follower.state
    }

    fn command(&mut self, words: &Words<'_>) -> Command {
        self.requests += 1;
        let request = match words.named("request") {
            Some(name) => RequestId(
                name.bytes()
                    .fold(1 << 64, |sum, b| (sum << 4) ^ u128::from(b)),
            ),
            None => RequestId(self.requests),
        };
        let by = |stage: &Stage| match words.named("by") {
            Some("operator") | None => Actor::Operator,
            Some(who) => match stage.state().roster().agency(who) {
                Some(agency) => Actor::Coordinator(agency),
                None => Actor::Officer(stage.officer(who)),
            },
        };
        let answer = |stage: &Stage, body: fn(VacancyId, u32) -> Body| {
            let vacancy = stage.vacancy(words.word(1));
            let current = stage.state().vacancy(vacancy).map_or(1, |row| row.round);
            let round = words
                .named("round")
                .map_or(current, |n| n.parse().expect("a number"));
            (
                Actor::Officer(stage.officer(words.word(2))),
                body(vacancy, round),
            )
        };
        let (by, body) = match words.word(0) {
            "publish" => (by(self), Body::Publish(self.publication(words))),
            "accept" => answer(self, |vacancy, round| Body::Accept { vacancy, round }),
            "decline" => answer(self, |vacancy, round| Body::Decline { vacancy, round }),
            "release" => answer(self, |vacancy, _| Body::Release { vacancy }),
            "punch-in" | "punch-out" => self.punch(words),
            "recall" => {
                let (vacancy, officer) = (self.vacancy(words.word(1)), self.officer(words.word(2)));
                (by(self), Body::Recall { vacancy, officer })
            }
            "cancel" => {
                let reason = words.words_from(2).join(" ");
                (
                    by(self),
                    Body::Cancel {
                        vacancy: self.vacancy(words.word(1)),
                        reason,
                    },
                )
            }
            "open-next-tier" => (
                by(self),
                Body::OpenNextTier {
                    vacancy: self.vacancy(words.word(1)),
                },
            ),
            _ => (by(self), Body::Roster(vec![roster_change(words)])),
        };
        Command { request, by, body }
    }

    fn punch(&self, words: &Words<'_>) -> (Actor, Body) {
        let direction = if words.word(0) == "punch-in" {
            Direction::In
        } else {
            Direction::Out
        };
        let position = words.named("at").map(position);
        let vacancy = self.vacancy(words.word(1));
        let body = Body::Punch {
            vacancy,
            direction,
            position,
        };
        (Actor::Officer(self.officer(words.word(2))), body)
    }

    fn publication(&mut self, words: &Words<'_>) -> NewVacancy {
        let name = words.word(1).to_owned();
        let number = self.vacancies.len() as u128 + 1;
        let key = *self.vacancies.entry(name).or_insert(VacancyKey(number));
        let sites = words.list("site");
        let spans = words.words_from(2).chunks(2);
        let segment = |(site, span): (&&str, &[&str])| {
            let id = self.state().roster().site(site);
            let zone = id.and_then(|id| self.state().roster().sites.find(id));
            let zone = zone.map_or("America/Phoenix", |site| &site.zone);
            let (from, until) = span[1].split_once('-').expect("`hh:mm-hh:mm`");
            let (start, mut end) = (
                self.local(span[0], from, zone),
                self.local(span[0], until, zone),
            );
            if end <= start {
                end = end.plus_ms(24 * 3_600_000);
            }
            NewSegment {
                site: (*site).to_owned(),
                start,
                end,
            }
        };
        let repeated = sites
            .iter()
            .chain(std::iter::repeat(sites.last().expect("`site=`")));
        let slots = match words.named("ranks") {
            Some(ranks) => ranks.split(',').map(rank).collect(),
            None => vec![
                rank("officer");
                words
                    .named("slots")
                    .map_or(1, |n| n.parse().expect("a number"))
            ],
        };
        NewVacancy {
            key,
            lead: words.need("lead").to_owned(),
            programme: words.named("programme").unwrap_or("sso").to_owned(),
            segments: repeated.zip(spans).map(segment).collect(),
            slots,
            windows_ms: words.list("window").into_iter().map(duration_ms).collect(),
            post_orders: String::new(),
        }
    }

    /// The next such day and hour in `zone`, or that date's.
    fn local(&self, day: &str, hour: &str, zone: &str) -> Timestamp {
        let zone = jiff::tz::TimeZoneDatabase::bundled()
            .get(zone)
            .expect("a known zone");
        let now = jiff::Timestamp::from_microsecond(self.clock.now().as_micros());
        let mut date = zone.to_datetime(now.expect("a time in range")).date();
        match day.parse::<jiff::civil::Date>() {
            Ok(given) => date = given,
            Err(_) => {
                let wanted = weekday(day) as i8;
                while date.weekday().to_monday_zero_offset() != wanted {
                    date = date.tomorrow().expect("a date in range");
                }
            }
        }
        let (hours, minutes) = (minute(hour) / 60, minute(hour) % 60);
        let (date, hours) = if hours == 24 {
            (date.tomorrow().expect("a date in range"), 0)
        } else {
            (date, hours)
        };
        let at = date.at(hours as i8, minutes as i8, 0, 0);
        Timestamp(
            zone.to_timestamp(at)
                .expect("a time in range")
                .as_microsecond(),
        )
    }

    fn vacancy(&self, name: &str) -> VacancyId {
        let key = self
            .vacancies
            .get(name)
            .unwrap_or_else(|| panic!("no vacancy `{name}` yet"));
        self.state()
            .vacancy_id(*key)
            .unwrap_or(VacancyId(u32::MAX - 1))
    }

    fn officer(&self, badge: &str) -> OfficerId {
        let found = self.state().roster().officer(badge);
        found.unwrap_or_else(|| panic!("no officer or agency `{badge}`"))
    }

    /// Writes what became durable, as its followers are told.
    fn hear(&mut self, output: &mut String) {
        while let Some(delivery) = self
            .house_mut()
            .follower
            .try_next()
            .expect("the engine goes on")
        {
            let Some(batch) = delivery.batch else {
                continue;
            };
            for record in &batch.records {
                apply(&mut self.house_mut().follower.state, record);
                for effect in react(self.state(), record) {
                    let event = match &effect {
                        Effect::Happened { event, .. } => Some(&record.events[*event]),
                        _ => None,
                    };
                    self.say(&effect, event, output);
                }
                self.say_silent(&record.events, output);
            }
        }
    }

    /// Events that change no board and tell nobody.
    fn say_silent(&self, events: &[Event], output: &mut String) {
        for event in events {
            if let Event::CertificationExpired {
                officer,
                certification,
            } = event
            {
                let kind = self.state().roster().certifications.find(*certification);
                let kind = kind.map_or("?", |kind| kind.code.as_str());
                line(
                    output,
                    format_args!("certification-expired {} {kind}", self.badge(*officer)),
                );
            }
        }
    }

    fn say(&self, effect: &Effect, event: Option<&Event>, output: &mut String) {
        match effect {
            Effect::Happened { vacancy, .. } => {
                let event = event.expect("what happened is an event of the record");
                self.say_event(&self.name(*vacancy), event, output);
            }
            Effect::Offer { vacancy, round, to } if *round > 1 => {
                let (vacancy, to) = (self.name(*vacancy), self.badges(to));
                line(
                    output,
                    format_args!("offered {vacancy} round={round} to={to}"),
                );
            }
            // The first round's recipients stand in `tier-opened`, the winner in `awarded`.
            Effect::Offer { .. } | Effect::Assign { .. } => {}
            Effect::Withdraw {
                vacancy,
                because,
                from,
            } => {
                let (vacancy, from) = (self.name(*vacancy), self.badges(from));
                let because = standing(*because);
                line(
                    output,
                    format_args!("withdrawn {vacancy} because={because} from={from}"),
                );
            }
            Effect::Unassign {
                vacancy,
                officer,
                because,
            } => {
                let because = match because {
                    Some(Vacated::Released) => "released",
                    Some(Vacated::Recalled) => "recalled",
                    None => "cancelled",
                };
                let (vacancy, badge) = (self.name(*vacancy), self.badge(*officer));
                line(
                    output,
                    format_args!("unassigned {vacancy} {badge} because={because}"),
                );
            }
            Effect::Flag {
                vacancy,
                officer,
                clause,
            } => {
                let (vacancy, badge) = (self.name(*vacancy), self.badge(*officer));
                let clause = self.clause(*clause);
                line(
                    output,
                    format_args!("flagged {vacancy} {badge} because={clause}"),
                );
            }
        }
    }

    fn say_event(&self, vacancy: &str, event: &Event, output: &mut String) {
        match event {
            Event::TierOpened {
                tier,
                because,
                recipients,
                ..
            } => {
                let because = match because {
                    TierCause::Published => "published",
                    TierCause::NoEligibleOfficer => "no-eligible-officer",
                    TierCause::AllDeclined => "all-declined",
                    TierCause::WindowElapsed => "window-elapsed",
                    TierCause::Coordinator => "coordinator",
                };
                let to = self.badges(recipients);
                let said =
                    format_args!("tier-opened {vacancy} tier={tier} because={because} to={to}");
                line(output, said);
            }
            Event::Awarded {
                slot,
                officer,
                cover,
                place,
                ..
            } => {
                let badge = self.badge(*officer);
                let cover = self.state().roster().agreements.find(*cover);
                let cover = cover.map_or("?", |cover| cover.code.as_str());
                line(
                    output,
                    format_args!(
                        "awarded {vacancy} slot={slot} {badge} place={place} cover={cover}"
                    ),
                );
            }
            Event::Expired { .. } => line(output, format_args!("expired {vacancy}")),
            Event::Cancelled { reason, .. } => {
                line(output, format_args!("cancelled {vacancy} \"{reason}\""));
            }
            Event::Punched { punch, .. } => {
                let badge = self.badge(punch.officer);
                let on_site = match punch.on_site {
                    Some(true) => "on-site",
                    Some(false) => "off-site",
                    None => "no-position",
                };
                let verb = match punch.direction {
                    Direction::In => "punched-in",
                    Direction::Out => "punched-out",
                };
                line(output, format_args!("{verb} {vacancy} {badge} {on_site}"));
            }
            // These are said by their effects or by the reply.
            _ => {}
        }
    }

    fn say_reply(&self, words: &Words<'_>, reply: &Reply, output: &mut String) {
        let verb = words.word(0);
        match reply {
            Ok(Answer::Won(receipt)) if verb == "accept" => {
                let (vacancy, badge) = (words.word(1), words.word(2));
                let (slot, sequence) = (receipt.slot, receipt.sequence);
                let said = format_args!("won {vacancy} {badge} slot={slot} log={sequence}");
                line(output, said);
            }
            Ok(_) => {}
            Err(refused) => {
                let what = match verb {
                    "accept" | "decline" | "release" | "punch-in" | "punch-out" => {
                        format!("{} {}", words.word(1), words.word(2))
                    }
                    _ => format!("{verb} {}", words.word(1)),
                };
                let mut reason = self.refusal(&refused.refusal);
                if let Some(place) = refused.place {
                    let _ = write!(reason, " place={place}");
                }
                line(output, format_args!("refused {what} {reason}"));
            }
        }
    }

    fn refusal(&self, refusal: &engine::core::Refusal) -> String {
        use engine::core::Refusal;
        match refusal {
            Refusal::Filled => "filled".to_owned(),
            Refusal::Cancelled => "cancelled".to_owned(),
            Refusal::Expired => "expired".to_owned(),
            Refusal::NotOffered => "not-offered".to_owned(),
            Refusal::RankFilled => "rank-filled".to_owned(),
            Refusal::NotHolder => "not-holder".to_owned(),
            Refusal::NotAllowed => "not-allowed".to_owned(),
            Refusal::NotEligible { clause } => format!("not-eligible:{}", self.clause(*clause)),
            Refusal::Overlaps { with } => format!("overlaps:{}", self.name(*with)),
            Refusal::NoFurtherTier => "no-further-tier".to_owned(),
            other => format!("\"{other}\""),
        }
    }

    fn why(&self, words: &Words<'_>, output: &mut String) {
        let (officer, vacancy) = (self.officer(words.word(1)), self.vacancy(words.word(2)));
        let row = self
            .state()
            .vacancy(vacancy)
            .expect("the vacancy was published");
        let at = self.state().at().max(self.clock.now());
        let clauses = self
            .state()
            .why(row, officer, at)
            .expect("the officer is known");
        for (clause, holds) in clauses {
            let mark = if holds { "yes" } else { "no" };
            line(output, format_args!("{} {mark}", self.clause(clause)));
        }
    }

    fn holders(&self, words: &Words<'_>, output: &mut String) {
        let vacancy = self.vacancy(words.word(1));
        let row = self
            .state()
            .vacancy(vacancy)
            .expect("the vacancy was published");
        let holders: OfficerSet = row.holders().map(|holder| holder.officer).collect();
        let (standing, round) = (standing(row.standing), row.round);
        let holders = self.badges(&holders);
        let name = words.word(1);
        line(
            output,
            format_args!("{name} {standing} round={round} holders={holders}"),
        );
    }

    fn clause(&self, clause: Clause) -> String {
        match clause {
            Clause::LeadOrPact => "lead-or-pact".to_owned(),
            Clause::Cover => "cover".to_owned(),
            Clause::NotSuspended => "not-suspended".to_owned(),
            Clause::Class => "class".to_owned(),
            Clause::Certified(kind) => {
                let kind = self.state().roster().certifications.find(kind);
                format!("certified:{}", kind.map_or("?", |kind| kind.code.as_str()))
            }
            Clause::Approved => "approved".to_owned(),
            Clause::Rank => "rank".to_owned(),
            Clause::Available => "available".to_owned(),
            Clause::NotExcluded => "not-excluded".to_owned(),
            Clause::Free => "free".to_owned(),
        }
    }

    fn name(&self, id: VacancyId) -> String {
        let key = self.state().vacancy(id).map(|row| row.posting.key);
        let name = self
            .vacancies
            .iter()
            .find(|(_, named)| Some(**named) == key);
        name.map_or_else(|| "?".to_owned(), |(name, _)| name.clone())
    }

    fn badge(&self, id: OfficerId) -> String {
        let officer = self.state().roster().officers.find(id);
        officer.map_or_else(|| "?".to_owned(), |officer| officer.badge.to_string())
    }

    fn badges(&self, officers: &OfficerSet) -> String {
        let mut badges: Vec<String> = officers.iter().map(|officer| self.badge(officer)).collect();
        badges.sort();
        if badges.is_empty() {
            "none".to_owned()
        } else {
            badges.join(",")
        }
    }
}

fn open(storage: &Arc<Memory>, clock: &Arc<ManualClock>) -> House {
    let log = LogOptions {
        segment_bytes: 1 << 20,
        background: Background::OnDemand,
        ..LogOptions::default()
    };
    let (storage, clock) = (Arc::clone(storage), Arc::clone(clock));
    let options = Options {
        storage,
        clock,
        log,
        snapshot_every_records: 0,
    };
    let opened = Engine::open_stepped(options).expect("a scenario's disk is sound");
    let (engine, mut stepper, _) = opened;
    let reader = engine.clone();
    let following = std::thread::spawn(move || reader.follow());
    while !following.is_finished() {
        stepper.step();
    }
    let follower = following
        .join()
        .expect("following does not panic")
        .expect("it is open");
    House {
        engine,
        stepper,
        follower,
    }
}

fn roster_change(words: &Words<'_>) -> RosterChange {
    let text = |place| words.word(place).to_owned();
    match words.word(0) {
        "agency" => RosterChange::Agency {
            code: text(1),
            name: text(1),
            agreement: words.named("agreement").map(str::to_owned),
        },
        "certification" => RosterChange::Certification {
            code: text(1),
            name: text(1),
        },
        "programme" => RosterChange::Programme {
            code: text(1),
            name: text(1),
            certifications: words.list("needs").into_iter().map(str::to_owned).collect(),
            classes: words.list("classes").into_iter().map(class).collect(),
            approval: words.named("approval") == Some("yes"),
        },
        "site" => RosterChange::Site(NewSite {
            code: text(1),
            name: text(1),
            lead: words.need("lead").to_owned(),
            zone: words.named("zone").unwrap_or("America/Phoenix").to_owned(),
            position: words
                .named("at")
                .map_or_else(|| position("33.30616,-111.84125"), position),
            geofence_m: 150,
            district: "demo".to_owned(),
            kind: SiteKind::Public,
            ade_funded: false,
        }),
        "officer" => RosterChange::Officer(NewOfficer {
            badge: text(1),
            home: words.need("home").to_owned(),
            class: class(words.named("class").unwrap_or("peace-officer")),
            rank: rank(words.named("rank").unwrap_or("officer")),
            certifications: match words.named("certs") {
                Some("none") => Vec::new(),
                Some(list) => list.split(',').map(dated).collect(),
                None => vec![dated("azpost"), dated("ade-sso")],
            },
            approvals: match words.named("approvals") {
                Some("none") => Vec::new(),
                Some(list) => list.split(',').map(dated).collect(),
                None => vec![dated("sso")],
            },
            availability: availability(words.named("available")),
        }),
        "pact" => {
            assert_eq!(words.word(2), "backs-up", "a pact reads: pact A backs-up B");
            RosterChange::Pact {
                lead: text(3),
                backup: text(1),
                tier: words
                    .named("tier")
                    .map_or(1, |tier| tier.parse().expect("a number")),
                valid: validity(words.named("valid")),
                cover: words.named("cover").map(str::to_owned),
            }
        }
        "end-pact" => {
            assert_eq!(words.word(2), "backs-up", "it reads: end-pact A backs-up B");
            RosterChange::PactEnded {
                lead: text(3),
                backup: text(1),
            }
        }
        "grant" => {
            let (certification, valid) = dated(words.word(2));
            RosterChange::CertificationGranted {
                badge: text(1),
                certification,
                valid,
            }
        }
        "revoke" => RosterChange::CertificationRevoked {
            badge: text(1),
            certification: text(2),
        },
        "approve" => {
            let (programme, valid) = dated(words.word(2));
            RosterChange::ApprovalGranted {
                badge: text(1),
                programme,
                valid,
            }
        }
        "withdraw-approval" => RosterChange::ApprovalWithdrawn {
            badge: text(1),
            programme: text(2),
        },
        "suspend" => RosterChange::Suspended { badge: text(1) },
        "reinstate" => RosterChange::Reinstated { badge: text(1) },
        "declare" => RosterChange::AvailabilityDeclared {
            badge: text(1),
            availability: availability(Some(words.word(2))),
        },
        "exclude" => RosterChange::Excluded {
            site: text(1),
            badge: text(2),
        },
        "readmit" => RosterChange::Readmitted {
            site: text(1),
            badge: text(2),
        },
        verb => panic!("`{verb}` is no command of a scenario"),
    }
}

/// `33.30616,-111.84125`.
fn position(text: &str) -> Position {
    let (north, east) = text.split_once(',').expect("`latitude,longitude`");
    let udeg = |text: &str| (text.parse::<f64>().expect("degrees") * 1e6).round() as i32;
    Position {
        latitude_udeg: udeg(north),
        longitude_udeg: udeg(east),
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "open",
        Standing::Filled => "filled",
        Standing::Cancelled => "cancelled",
        Standing::Expired => "expired",
    }
}

fn line(output: &mut String, said: std::fmt::Arguments<'_>) {
    output.push_str(&said.to_string());
    output.push('\n');
}
