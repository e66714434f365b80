//! The index and its naive twin, on random rosters under random changes.

use std::collections::BTreeMap;

use engine::core::{Actor, Event, Record, State, apply};
use engine::index::naive;
use engine::model::{
    Agency, AgencyId, Agreement, AgreementId, Availability, Certification, CertificationId, Class,
    Code, Date, Exceptions, Interval, LocalSpan, Officer, OfficerId, OfficerSet, Pact, Posting,
    Programme, ProgrammeId, Rank, RequestId, Segment, SiteId, Timestamp, Vacancy, VacancyId,
    VacancyKey, Window,
};
use engine::rules::tier;
use proptest::prelude::*;

const HOUR_US: i64 = 3_600_000_000;
const AGENCIES: u32 = 4;
const CERTIFICATIONS: u32 = 3;
/// Enough in each agency for the index to make rows of what lists are for at first.
const OFFICERS: u32 = 100;
/// Between the numbers of two officers who are added later: they are of many blocks.
const HIRED_APART: u32 = 97;
/// From midnight to midnight.
const WHOLE_DAY: (u16, u16) = (0, 1_440);
/// The days, from the first, for which somebody may declare something of their own.
const EXCEPTED: u8 = 4;

/// One random change to the world.
#[derive(Debug, Clone)]
enum Change {
    Grant(u32, u32, i64),
    GrantLater(u32, u32, i64, i64),
    Revoke(u32, u32),
    Expire(u32, u32),
    Approve(u32, i64),
    Withdraw(u32),
    Suspend(u32),
    Reinstate(u32),
    Declare(u32, Option<(u16, u16)>),
    Except(u32, u8, Option<(u16, u16)>),
    Exclude(u32),
    Readmit(u32),
    Hire(u32),
    Define,
    Pact(u32, u32, u8),
    EndPact(u32, u32),
    Award(u32, i64, i64),
    /// Everybody declares windows that differ a little.
    DeclareAll(u16),
    /// Everybody from one officer on declares the same for a day.
    ExceptFrom(u32, u8, Option<(u16, u16)>),
    /// Everybody from one officer on has work, one of so many the same.
    AwardFrom(u32, i64, i64, u32),
    Release(u32),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let officer = || 0..OFFICERS;
    let kind = || 0..CERTIFICATIONS;
    let change =
        prop_oneof![
            (officer(), kind(), ends()).prop_map(|(o, k, end)| Change::Grant(o, k, end)),
            (officer(), kind(), 1..40i64, ends()).prop_map(
                |(o, k, start, end)| Change::GrantLater(o, k, start, end.saturating_add(start))
            ),
            (officer(), kind()).prop_map(|(o, k)| Change::Revoke(o, k)),
            (officer(), kind()).prop_map(|(o, k)| Change::Expire(o, k)),
            (officer(), ends()).prop_map(|(o, end)| Change::Approve(o, end)),
            officer().prop_map(Change::Withdraw),
            officer().prop_map(Change::Suspend),
            officer().prop_map(Change::Reinstate),
            (officer(), windows()).prop_map(|(o, window)| Change::Declare(o, window)),
            (officer(), 1..=EXCEPTED, windows())
                .prop_map(|(o, day, window)| Change::Except(o, day, window)),
            officer().prop_map(Change::Exclude),
            officer().prop_map(Change::Readmit),
            officer().prop_map(|o| Change::Hire(o * HIRED_APART)),
            Just(Change::Define),
            (0..AGENCIES, 0..AGENCIES, 1..3u8).prop_map(|(a, b, t)| Change::Pact(a, b, t)),
            (0..AGENCIES, 0..AGENCIES).prop_map(|(a, b)| Change::EndPact(a, b)),
            (officer(), 1..47i64, 1..9i64)
                .prop_map(|(o, start, hours)| Change::Award(o, start, hours)),
            officer().prop_map(Change::Release),
            (1..900u16).prop_map(Change::DeclareAll),
            (officer(), 1..=EXCEPTED, windows())
                .prop_map(|(o, d, window)| Change::ExceptFrom(o, d, window)),
            (officer(), 1..30i64, 1..9i64, 1..9u32)
                .prop_map(|(o, start, hours, apart)| Change::AwardFrom(o, start, hours, apart)),
        ];
    proptest::collection::vec(change, 0..120)
}

/// Ends of validities, in hours: near the work, and near and between the rungs of the index.
fn ends() -> impl Strategy<Value = i64> {
    let rung = 16 * 24;
    prop_oneof![
        0..60i64,
        (0..30i64, -2..3i64).prop_map(move |(rungs, off)| rungs * rung + off),
        1..12_000i64,
        Just(i64::MAX),
    ]
}

/// Declared windows of a day, along the hours and across them.
fn windows() -> impl Strategy<Value = Option<(u16, u16)>> {
    let hours = (0..12u16, 12..=24u16).prop_map(|(from, until)| (from * 60, until * 60));
    let minutes = (0..720u16, 720..1_440u16);
    proptest::option::of(prop_oneof![hours, minutes])
}

/// Work some days ahead, in hours.
fn starts() -> impl Strategy<Value = i64> {
    let days = prop_oneof![0..2i64, 14..18i64, 400..440i64];
    (days, 1..24i64).prop_map(|(day, hour)| day * 24 + hour)
}

/// The world the changes happen to, and what it takes to apply them as log records.
struct World {
    state: State,
    /// The vacancies that officers hold.
    held: BTreeMap<u32, VacancyId>,
}

impl World {
    fn new() -> World {
        let mut world = World {
            state: State::empty(),
            held: BTreeMap::new(),
        };
        let mut events = Vec::new();
        for number in 0..AGENCIES {
            let holder = AgencyId(number);
            // The last agency has no agreement: its officers are covered by the lead or not at all.
            let agreement = (number + 1 < AGENCIES).then_some(AgreementId(number));
            if let Some(id) = agreement {
                let agreement = Agreement {
                    code: code("msa", number),
                    holder,
                };
                events.push(Event::AgreementSigned { id, agreement });
            }
            let agency = Agency {
                code: code("agency", number),
                name: "A".into(),
                agreement,
            };
            events.push(Event::AgencyAdded { id: holder, agency });
        }
        for number in 0..CERTIFICATIONS {
            let certification = Certification {
                code: code("kind", number),
                name: "C".into(),
            };
            events.push(Event::CertificationNamed {
                id: CertificationId(number),
                certification,
            });
        }
        events.push(Event::ProgrammeDefined {
            id: ProgrammeId(0),
            programme: Box::new(programme(0)),
        });
        for number in 0..OFFICERS {
            let officer = Box::new(officer(number));
            events.push(Event::OfficerAdded {
                id: OfficerId(number),
                officer,
            });
        }
        world.record(events);
        world
    }

    fn record(&mut self, events: Vec<Event>) {
        let sequence = self.state.sequence().next();
        let (request, by, fingerprint) = (RequestId(0), Actor::Clock, 0);
        let at = Timestamp(0);
        apply(
            &mut self.state,
            &Record {
                sequence,
                at,
                request,
                by,
                fingerprint,
                events: events.into(),
            },
        );
    }

    fn change(&mut self, change: &Change) {
        let valid = |end: i64| Interval {
            start: Timestamp::MIN,
            end: Timestamp(end.saturating_mul(HOUR_US)),
        };
        let event = match *change {
            Change::Grant(officer, kind, end) => Event::CertificationGranted {
                officer: OfficerId(officer),
                certification: CertificationId(kind),
                valid: valid(end),
            },
            Change::GrantLater(officer, kind, start, end) => Event::CertificationGranted {
                officer: OfficerId(officer),
                certification: CertificationId(kind),
                valid: Interval {
                    start: Timestamp(start * HOUR_US),
                    end: valid(end).end,
                },
            },
            Change::Revoke(officer, kind) => Event::CertificationRevoked {
                officer: OfficerId(officer),
                certification: CertificationId(kind),
            },
            // Only what has run out expires, or the index would rightly forget a holder.
            Change::Expire(officer, kind) => {
                let (officer, certification) = (OfficerId(officer), CertificationId(kind));
                let row = self.state.roster().officers.find(officer);
                let held = row.and_then(|row| row.certifications.get(&certification));
                if held.is_none_or(|valid| valid.end > Timestamp(0)) {
                    return;
                }
                Event::CertificationExpired {
                    officer,
                    certification,
                }
            }
            Change::Approve(officer, end) => Event::ApprovalGranted {
                officer: OfficerId(officer),
                programme: ProgrammeId(0),
                valid: valid(end),
            },
            Change::Withdraw(officer) => Event::ApprovalWithdrawn {
                officer: OfficerId(officer),
                programme: ProgrammeId(0),
            },
            Change::Suspend(officer) => Event::Suspended {
                officer: OfficerId(officer),
            },
            Change::Reinstate(officer) => Event::Reinstated {
                officer: OfficerId(officer),
            },
            Change::Declare(officer, window) => Event::AvailabilityDeclared {
                officer: OfficerId(officer),
                availability: Box::new(availability(window)),
            },
            Change::Except(officer, day, window) => {
                let id = OfficerId(officer);
                let row = self.state.roster().officers.find(id).expect("it is there");
                let declared = match row.availability.clone() {
                    Availability::Always => availability(Some(WHOLE_DAY)),
                    declared => declared,
                };
                let Availability::Declared { weekly, exceptions } = declared else {
                    return;
                };
                let mut exceptions = BTreeMap::clone(&exceptions);
                let date = Date {
                    year: 1970,
                    month: 1,
                    day,
                };
                exceptions.insert(date, window.map(day_window).into_iter().collect());
                let exceptions = exceptions.into();
                let availability = Availability::Declared { weekly, exceptions };
                Event::AvailabilityDeclared {
                    officer: id,
                    availability: Box::new(availability),
                }
            }
            Change::Exclude(officer) => Event::Excluded {
                site: SiteId(officer % 2),
                officer: OfficerId(officer),
            },
            Change::Readmit(officer) => Event::Readmitted {
                site: SiteId(officer % 2),
                officer: OfficerId(officer),
            },
            Change::Hire(number) => {
                let id = OfficerId(OFFICERS + number);
                if self.state.roster().officers.find(id).is_some() {
                    return;
                }
                let officer = Box::new(officer(id.0));
                Event::OfficerAdded { id, officer }
            }
            Change::Define => {
                let id = self.state.roster().programmes.end();
                Event::ProgrammeDefined {
                    id,
                    programme: Box::new(programme(id.0)),
                }
            }
            Change::Pact(lead, backup, tier) if lead != backup => {
                let (lead, backup) = (AgencyId(lead), AgencyId(backup));
                let pact = Pact {
                    lead,
                    backup,
                    tier,
                    valid: Interval::ALWAYS,
                    cover: None,
                };
                Event::PactMade { pact }
            }
            Change::Pact(..) => return,
            Change::EndPact(lead, backup) => Event::PactEnded {
                lead: AgencyId(lead),
                backup: AgencyId(backup),
            },
            Change::DeclareAll(from) => {
                for officer in 0..OFFICERS {
                    let from = from / 60 * 60 + (officer as u16 % 9) * 20;
                    self.change(&Change::Declare(officer, Some((from, 1_200))));
                }
                return;
            }
            Change::ExceptFrom(first, day, window) => {
                let all = (first..OFFICERS).map(|officer| Change::Except(officer, day, window));
                return all.for_each(|change| self.change(&change));
            }
            Change::AwardFrom(first, start, hours, apart) => {
                let hours = |officer: u32| match officer % apart {
                    0 => (start, hours),
                    other => (start + i64::from(other), i64::from(officer % 7) + 1),
                };
                return (first..OFFICERS).for_each(|officer| {
                    let (start, hours) = hours(officer);
                    self.award(officer, start, hours);
                });
            }
            Change::Award(officer, start, hours) => return self.award(officer, start, hours),
            Change::Release(officer) => {
                let Some(vacancy) = self.held.remove(&officer) else {
                    return;
                };
                Event::Vacated {
                    vacancy,
                    slot: 0,
                    officer: OfficerId(officer),
                    because: engine::core::Vacated::Released,
                    round: 2,
                    recipients: OfficerSet::new(),
                    closes_at: None,
                }
            }
        };
        self.record(vec![event]);
    }

    /// Publishes and awards in one, as one officer holds at most one thing here.
    fn award(&mut self, officer: u32, start: i64, hours: i64) {
        if self.held.contains_key(&officer) {
            return;
        }
        let id = self.state.vacancies().end();
        let posting = Box::new(posting(0, start, hours, u128::from(id.0) + 1));
        let awarded = Event::Awarded {
            vacancy: id,
            slot: 0,
            officer: OfficerId(officer),
            cover: AgreementId(0),
            place: 1,
        };
        self.record(vec![Event::Published { id, posting }, awarded]);
        self.held.insert(officer, id);
    }
}

fn code(kind: &str, number: u32) -> Code {
    Code::parse(&format!("{kind}-{number}")).expect("a code")
}

/// Programmes ask one kind less than the one before, and every other one asks no approval.
fn programme(number: u32) -> Programme {
    let kinds = [CertificationId(0), CertificationId(2)].into_iter();
    Programme {
        code: code("programme", number),
        name: "P".into(),
        certifications: kinds.skip(number as usize).collect(),
        classes: vec![Class::PeaceOfficer, Class::FullAuthorityReserve],
        approval: number.is_multiple_of(2),
    }
}

fn officer(number: u32) -> Officer {
    Officer {
        badge: code("badge", number),
        home: AgencyId(number % AGENCIES),
        class: match number % 7 {
            0 => Class::CommunityServiceOfficer,
            1 => Class::FullAuthorityReserve,
            _ => Class::PeaceOfficer,
        },
        rank: match number % 5 {
            0 => Rank::Sergeant,
            1 if number > OFFICERS => Rank::Commander,
            _ => Rank::Officer,
        },
        certifications: (0..CERTIFICATIONS)
            .map(|k| (CertificationId(k), Interval::ALWAYS))
            .collect(),
        approvals: [(ProgrammeId(0), Interval::ALWAYS)].into_iter().collect(),
        suspended: false,
        availability: Availability::Always,
    }
}

fn availability(window: Option<(u16, u16)>) -> Availability {
    let Some(window) = window else {
        return Availability::Always;
    };
    let day = vec![day_window(window)];
    Availability::Declared {
        weekly: std::array::from_fn(|_| day.clone()).into(),
        exceptions: Exceptions::default(),
    }
}

fn day_window((from_minute, until_minute): (u16, u16)) -> Window {
    Window {
        from_minute,
        until_minute,
    }
}

/// Work from `start` hours after the epoch, on one UTC day or two.
fn posting(lead: u32, start: i64, hours: i64, key: u128) -> Posting {
    let span = Interval {
        start: Timestamp(start * HOUR_US),
        end: Timestamp((start + hours) * HOUR_US),
    };
    let minute = |hour: i64| u16::try_from(hour * 60).expect("a minute of a day");
    let date = |day: i64| Date {
        year: 1970 + i16::try_from(day / 200).expect("a year"),
        month: 1,
        day: 1 + u8::try_from(day % 200).expect("a day"),
    };
    let local = (start / 24..=(start + hours - 1) / 24).map(|day| LocalSpan {
        date: date(day),
        weekday: u8::try_from((day + 3) % 7).expect("a weekday"),
        window: Window {
            from_minute: minute((start - day * 24).max(0)),
            until_minute: minute((start + hours - day * 24).min(24)),
        },
    });
    Posting {
        key: VacancyKey(key),
        lead: AgencyId(lead),
        programme: ProgrammeId(0),
        segments: vec![Segment {
            site: SiteId(0),
            span,
            local: local.collect(),
        }],
        slots: vec![Rank::Officer],
        windows_ms: Vec::new(),
        post_orders: "".into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_exactly_whom_examining_everybody_finds(
        changes in changes(),
        lead in 0..AGENCIES,
        start in starts(),
        hours in 1..12i64,
        sergeant in any::<bool>(),
        later in proptest::option::of((0..4i64, 1..8i64)),
        restored in any::<bool>(),
        looking_back in proptest::option::of(-4..2_000i64),
    ) {
        let mut world = World::new();
        for change in changes {
            world.change(&change);
        }
        if restored {
            let saved = world.state.snapshot().expect("memory");
            world.state = State::restore(&saved).expect("it was just saved");
        }
        let state = &world.state;
        let mut wanted = posting(lead, start, hours, 0);
        if sergeant {
            wanted.slots.push(Rank::Sergeant);
        }
        if let Some((apart, hours)) = later {
            let mut second = posting(lead, start + 12 + apart, hours, 0).segments.remove(0);
            second.site = SiteId(1);
            wanted.segments.push(second);
        }
        for day in 0..i64::from(EXCEPTED) {
            compare(state, &posting(lead, day * 24 + 8, hours, 0), Timestamp(0))?;
        }
        for programme in 0..state.roster().programmes.end().0 {
            wanted.programme = ProgrammeId(programme);
            compare(state, &wanted, Timestamp(0))?;
            if let Some(hours) = looking_back {
                let end = wanted.span().end.as_micros();
                compare(state, &wanted, Timestamp(end + hours * HOUR_US))?;
            }
        }
    }
}

/// The index and its twin in every tier of `wanted`, as of `at`.
fn compare(state: &State, wanted: &Posting, at: Timestamp) -> Result<(), TestCaseError> {
    let wanted = &Vacancy::new(wanted.clone());
    let ground = state.ground(wanted, at).expect("a programme");
    for number in 0..3 {
        let roster = state.roster();
        let agencies =
            tier::agencies_of_tier(roster, wanted.posting.lead, number, ground.at, ground.span);
        let fast = state.index().eligible(ground, state.calendars(), &agencies);
        let slow = naive::eligible(ground, state.calendars(), &agencies);
        prop_assert_eq!(fast, slow, "tier {}", number);
    }
    Ok(())
}
