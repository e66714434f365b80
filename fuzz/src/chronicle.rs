//! A small true history: the records that a script of commands brings about, and what a log and a
//! snapshot hold of them. Everything that is damaged or imitated elsewhere is made from it.
//!
//! Agencies, officers and sites in it are invented. All officers are of one agency: numbers are given
//! in blocks, and those of a second agency would make every snapshot a hundred times longer.

use std::sync::OnceLock;

use engine::core::command::{Amend, NewAvailability, NewOfficer, NewSite};
use engine::core::decide::Stamp;
use engine::core::digest::fingerprint;
use engine::core::{
    Actor, Body, Command, Event, Matches, NewSegment, NewVacancy, Outcome, Record, RosterChange,
    State, apply, decide,
};
use engine::model::{
    AgencyId, Class, Direction, Interval, OfficerId, Position, Rank, RequestId, Sequence, SiteKind,
    Timestamp, VacancyId, VacancyKey, Window,
};

/// Sunday 22 November 2026, 19:00 UTC: when the history begins, in microseconds.
const BEGIN_US: i64 = 1_795_374_000_000_000;
const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
/// When the work of the script begins and ends, in hours after the beginning.
const WORK_HOURS: (i64, i64) = (19, 26);

/// Records, and the states between them.
pub struct Chronicle {
    /// The records, from sequence 1 on.
    pub records: Vec<Record>,
    /// The same as they stand in a log.
    pub payloads: Vec<Vec<u8>>,
    /// The states after so many records, from none on.
    pub states: Vec<State>,
}

impl Chronicle {
    /// The history of the script below.
    pub fn shared() -> &'static Chronicle {
        static SHARED: OnceLock<Chronicle> = OnceLock::new();
        SHARED.get_or_init(Chronicle::of_script)
    }

    /// The bytes of record `sequence`.
    pub fn payload(&self, sequence: Sequence) -> Option<&[u8]> {
        let place = usize::try_from(sequence.0.checked_sub(1)?).ok()?;
        self.payloads.get(place).map(Vec::as_slice)
    }

    /// The state after record `sequence`, as a snapshot has it.
    pub fn snapshot(&self, sequence: Sequence) -> Option<Vec<u8>> {
        let state = self.states.get(usize::try_from(sequence.0).ok()?)?;
        Some(
            state
                .snapshot()
                .expect("a state in memory can be written to memory"),
        )
    }

    fn of_script() -> Chronicle {
        let mut chronicle = Chronicle {
            records: Vec::new(),
            payloads: Vec::new(),
            states: vec![State::empty()],
        };
        let mut place = 0;
        for (request, (minute, by, body)) in (1..).zip(script()) {
            place += u32::from(body.accepted().is_some());
            let command = Command {
                request: RequestId(request),
                by,
                body,
            };
            let at = Timestamp(BEGIN_US + minute * MINUTE_US);
            chronicle.settle(&command, Stamp { at, place });
        }
        chronicle
    }

    fn settle(&mut self, command: &Command, stamp: Stamp) {
        let mut state = self
            .states
            .last()
            .expect("there is one from the start")
            .clone();
        if let Some(record) = outcome(&state, command, stamp) {
            apply(&mut state, &record);
            let mut bytes = Vec::new();
            record.encode_into(&mut bytes);
            self.payloads.push(bytes);
            self.records.push(record);
            self.states.push(state);
        }
    }
}

/// What the engine would record for `command` on `state`, if anything.
pub fn outcome(state: &State, command: &Command, stamp: Stamp) -> Option<Record> {
    let events = match decide(state, command, stamp, &Matches::none()) {
        Ok(Outcome::New(events)) => events,
        Ok(Outcome::Again(_)) => return None,
        Err(refused) if refused.refusal.is_remembered(&command.body) => {
            Event::Refused(refused).into()
        }
        Err(_) => return None,
    };
    Some(Record {
        sequence: state.sequence().next(),
        at: stamp.at,
        request: command.request,
        by: command.by,
        fingerprint: fingerprint(&command.body),
        events,
    })
}

/// One line of a script: minutes after the beginning, who asks, and what.
type Line = (i64, Actor, Body);

fn script() -> Vec<Line> {
    let operator = Actor::Operator;
    let officer = |number| Actor::Officer(OfficerId(number));
    let roster = |minute, change| (minute, operator, Body::Roster(vec![change]));
    let vacancy = VacancyId(0);
    let accept = |vacancy, round| Body::Accept {
        vacancy: VacancyId(vacancy),
        round,
    };
    let badge = || "SAG-4".to_owned();
    let mut lines = vec![(0, operator, Body::Roster(founding()))];
    lines.push((1, operator, Body::Publish(Box::new(posting(1, 2)))));
    lines.push((2, officer(1), Body::Decline { vacancy, round: 1 }));
    lines.push((3, officer(0), accept(0, 1)));
    lines.push((3, officer(0), accept(0, 1)));
    lines.push((4, officer(2), accept(0, 1)));
    lines.push((15, Actor::Clock, Body::Tick));
    lines.push((16, officer(3), accept(0, 1)));
    lines.push((17, officer(1), accept(0, 1)));
    lines.push((18, Actor::Operator, Body::Publish(Box::new(posting(2, 1)))));
    lines.push((19, officer(0), accept(1, 1)));
    lines.push((20, officer(2), Body::Release { vacancy }));
    lines.push((21, officer(3), accept(0, 2)));
    lines.push((
        22,
        Actor::Coordinator(AgencyId(0)),
        Body::OpenNextTier { vacancy },
    ));
    let officer_0 = OfficerId(0);
    lines.push((
        23,
        Actor::Coordinator(AgencyId(0)),
        Body::Recall {
            vacancy,
            officer: officer_0,
        },
    ));
    lines.push((24, officer(1), accept(0, 3)));
    lines.push(roster(30, RosterChange::Suspended { badge: badge() }));
    lines.push(roster(31, RosterChange::Reinstated { badge: badge() }));
    lines.push(roster(32, availability(badge())));
    lines.push(roster(33, granted(badge(), 40)));
    lines.push((25, Actor::Coordinator(AgencyId(0)), longer(vacancy)));
    lines.push((26, officer(1), accept(0, 4)));
    lines.push((37, Actor::Clock, Body::Tick));
    lines.push((50 * 60, Actor::Clock, Body::Tick));
    lines.push((18 * 60 + 50, officer(1), punch(Direction::In)));
    lines.extend(farewells());
    lines.sort_by_key(|(minute, ..)| *minute);
    lines
}

/// An hour more, which holders have to say yes to.
fn longer(vacancy: VacancyId) -> Body {
    let mut segments = posting(1, 2).segments;
    segments[0].end = Timestamp(segments[0].end.as_micros() + HOUR_US);
    Body::Amend(Box::new(Amend {
        vacancy,
        segments: Some(segments),
        slots: None,
        post_orders: None,
        confirm_within_ms: 600_000,
    }))
}

fn punch(direction: Direction) -> Body {
    let position = Some(Position {
        latitude_udeg: 33_306_160,
        longitude_udeg: -111_841_250,
    });
    Body::Punch {
        vacancy: VacancyId(0),
        direction,
        position,
    }
}

/// What takes things away again, so that every kind of record is in the history.
fn farewells() -> Vec<Line> {
    let operator = Actor::Operator;
    let badge = || "SAG-4".to_owned();
    let text = str::to_owned;
    let reason = text("school closed");
    let changes = vec![
        RosterChange::CertificationRevoked {
            badge: badge(),
            certification: text("azpost"),
        },
        RosterChange::ApprovalWithdrawn {
            badge: badge(),
            programme: text("sso"),
        },
        RosterChange::ApprovalGranted {
            badge: badge(),
            programme: text("sso"),
            valid: Interval::ALWAYS,
        },
        RosterChange::Excluded {
            site: text("saguaro-1"),
            badge: badge(),
        },
        RosterChange::Readmitted {
            site: text("saguaro-1"),
            badge: badge(),
        },
        RosterChange::PactEnded {
            lead: text("saguaro"),
            backup: text("ocotillo"),
        },
    ];
    vec![
        (34, operator, Body::Roster(changes)),
        (
            35,
            operator,
            Body::Cancel {
                vacancy: VacancyId(1),
                reason,
            },
        ),
        (33, operator, Body::Publish(Box::new(posting(3, 1)))),
        (45, Actor::Clock, Body::Tick),
        (
            37,
            Actor::Officer(OfficerId(2)),
            Body::Release {
                vacancy: VacancyId(2),
            },
        ),
    ]
}

fn founding() -> Vec<RosterChange> {
    let text = str::to_owned;
    let agency = |code: &str, agreement: Option<&str>| RosterChange::Agency {
        code: text(code),
        name: text(code),
        agreement: agreement.map(text),
    };
    let named = |code: &str| RosterChange::Certification {
        code: text(code),
        name: text(code),
    };
    let mut changes = vec![
        agency("saguaro", Some("saguaro-msa")),
        agency("ocotillo", None),
        named("azpost"),
        named("ade-sso"),
        RosterChange::Programme {
            code: text("sso"),
            name: text("School safety"),
            certifications: vec![text("azpost"), text("ade-sso")],
            classes: vec![Class::PeaceOfficer],
            approval: true,
        },
        RosterChange::Site(site()),
    ];
    let badges = ["SAG-1", "SAG-2", "SAG-3", "SAG-4"];
    changes.extend(badges.map(|badge| RosterChange::Officer(officer(badge))));
    changes.push(RosterChange::Pact {
        lead: text("saguaro"),
        backup: text("ocotillo"),
        tier: 1,
        valid: Interval::ALWAYS,
        cover: Some(text("saguaro-msa")),
    });
    changes
}

fn site() -> NewSite {
    let text = str::to_owned;
    NewSite {
        code: text("saguaro-1"),
        name: text("Saguaro Elementary"),
        lead: text("saguaro"),
        zone: text("America/Phoenix"),
        position: Position {
            latitude_udeg: 33_306_160,
            longitude_udeg: -111_841_250,
        },
        geofence_m: 150,
        district: text("Saguaro Unified"),
        kind: SiteKind::Public,
        ade_funded: false,
    }
}

fn officer(badge: &str) -> NewOfficer {
    let text = str::to_owned;
    let always = |code: &str| (text(code), Interval::ALWAYS);
    NewOfficer {
        badge: text(badge),
        home: text("saguaro"),
        class: Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: vec![always("azpost"), always("ade-sso")],
        approvals: vec![always("sso")],
        availability: NewAvailability::Always,
    }
}

fn posting(key: u128, slots: usize) -> NewVacancy {
    let (from, until) = WORK_HOURS;
    // Work of another vacancy lies behind, so that only the second overlaps the first.
    let later = if key == 3 { 30 } else { 0 };
    NewVacancy {
        key: VacancyKey(key),
        lead: "saguaro".to_owned(),
        programme: "sso".to_owned(),
        segments: vec![NewSegment {
            site: "saguaro-1".to_owned(),
            start: Timestamp(BEGIN_US + (from + later) * HOUR_US),
            end: Timestamp(BEGIN_US + (until + later) * HOUR_US),
        }],
        slots: vec![Rank::Officer; slots],
        windows_ms: vec![600_000],
        post_orders: "Report to the front office.".to_owned(),
    }
}

fn availability(badge: String) -> RosterChange {
    let window = Window {
        from_minute: 6 * 60,
        until_minute: 18 * 60,
    };
    let weekly = (0..5).map(|day| (day, window)).collect();
    let availability = NewAvailability::Declared {
        weekly,
        exceptions: Vec::new(),
    };
    RosterChange::AvailabilityDeclared {
        badge,
        availability,
    }
}

fn granted(badge: String, hours: i64) -> RosterChange {
    let end = Timestamp(BEGIN_US + hours * HOUR_US);
    RosterChange::CertificationGranted {
        badge,
        certification: "ade-sso".to_owned(),
        valid: Interval {
            start: Timestamp::MIN,
            end,
        },
    }
}
