//! A million officers and work for them, from a seed. Everything in it is invented.
//!
//! Agencies are of skewed size, as they are; sixteen kinds of certification are held by 5 to 95 of
//! 100 officers, half of them without end and half for up to three years; 60 of 100 are approved
//! for a programme, 30 are willing to work by day, and 5 have work on each of the five days. A
//! vacancy is a morning or a day of an agency that one to five others back up.
//!
//! Every officer is kept a second time as flat as can be ([`Flat`]): what a scan reads, and what
//! other programs are given. Dates, hours and days are drawn so that both say the same.

use std::collections::{BTreeMap, BTreeSet};

use engine::core::{Actor, Event, Record, State, apply};
use engine::model::{
    Agency, AgencyId, Agreement, AgreementId, Availability, Certification, CertificationId, Class,
    Code, Date, Held, Interval, Officer, OfficerId, Pact, Posting, Programme, ProgrammeId, Rank,
    RequestId, Segment, SiteId, Timestamp, Vacancy, VacancyKey, Window,
};
use engine::rules::availability::local_spans;
use loadgen::seed::SplitMix64;

/// 2026-11-30T07:00:00Z, a Monday at midnight in Phoenix: when everything is recorded.
const NOW: Timestamp = Timestamp(1_796_022_000_000_000);
const DAY_MS: u64 = 24 * HOUR_MS;
const HOUR_MS: u64 = 3_600_000;
/// The five days of work begin a week later.
const FIRST_DAY: u64 = 7;
const WORKDAYS: u64 = 5;
const ZONE: &str = "America/Phoenix";
/// Kinds of certification, with how many of 1,000 officers hold them.
const HELD: [u16; 16] = [
    950, 900, 800, 700, 600, 500, 450, 400, 350, 300, 250, 200, 150, 100, 70, 50,
];
/// Programmes: the two kinds that each of them asks.
const ASKED: [[u32; 2]; 8] = [
    [0, 4],
    [1, 5],
    [2, 6],
    [3, 7],
    [8, 12],
    [9, 13],
    [10, 14],
    [11, 15],
];
/// Events of one record while the crowd is made.
const EVENTS_AT_ONCE: usize = 4_096;
/// Slots of a vacancy that keeps officers busy.
const BUSY_SLOTS: usize = engine::limits::SLOTS_MAX;

/// How large a crowd is, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) officers: u64,
    pub(super) agencies: u64,
    pub(super) vacancies: u64,
    pub(super) seed: u64,
}

/// Officers, and the work they are asked for.
pub(super) struct Crowd {
    pub(super) state: State,
    pub(super) flat: Vec<Flat>,
    pub(super) work: Vec<Work>,
}

/// An officer as a scan reads one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flat {
    pub(super) id: OfficerId,
    pub(super) agency: u16,
    /// Kinds that are valid on the five days, one bit each.
    pub(super) kinds: u16,
    /// Programmes approved on the five days, one bit each.
    pub(super) approved: u8,
    /// Of the five days, those on which the officer has work or is away, one bit each.
    pub(super) busy: u8,
    /// An ordinary officer of a class that is asked, not suspended, and willing by day.
    pub(super) is_ready: bool,
}

/// A vacancy to be matched.
pub(super) struct Work {
    pub(super) row: Vacancy,
    /// The lead agency and its back-ups.
    pub(super) agencies: Vec<AgencyId>,
    /// Which of the five days.
    pub(super) day: u8,
}

impl Work {
    /// Whether a scan finds that `officer` may come.
    pub(super) fn suits(&self, officer: &Flat) -> bool {
        let asked = self.kinds();
        officer.kinds & asked == asked
            && officer.is_ready
            && officer.approved >> self.row.posting.programme.0 & 1 == 1
            && officer.busy >> self.day & 1 == 0
            && self.agencies.contains(&AgencyId(u32::from(officer.agency)))
    }

    /// The kinds of certification asked, one bit each.
    pub(super) fn kinds(&self) -> u16 {
        let kinds = ASKED[self.row.posting.programme.index()];
        kinds.iter().fold(0, |bits, kind| bits | 1 << kind)
    }
}

impl Crowd {
    /// The crowd of `size`: the same one for the same seed.
    pub(super) fn new(size: Size) -> Crowd {
        let mut maker = Maker {
            dice: SplitMix64::new(size.seed),
            state: State::empty(),
            flat: Vec::with_capacity(size.officers as usize),
        };
        let agencies = maker.agencies(size.agencies);
        maker.officers(&sizes(size.officers, size.agencies));
        maker.busy();
        let work = (0..size.vacancies).map(|number| maker.work(number, &agencies));
        let work = work.collect();
        let Maker { state, flat, .. } = maker;
        Crowd { state, flat, work }
    }

    /// When vacancies are matched.
    pub(super) fn now(&self) -> Timestamp {
        NOW
    }
}

/// How many officers each agency has: the tenth has half of what the first has.
fn sizes(officers: u64, agencies: u64) -> Vec<u64> {
    // A small crowd takes agencies from all over the scale of the two hundred of a large one.
    let weight = |agency: u64| 1e6 / ((agency * 200 / agencies) as f64 + 10.0);
    let all: f64 = (0..agencies).map(weight).sum();
    let share = |agency| (weight(agency) / all * officers as f64).round() as u64;
    let mut sizes: Vec<u64> = (0..agencies).map(share).collect();
    let others: u64 = sizes[1..].iter().sum();
    sizes[0] = officers.saturating_sub(others);
    sizes
}

/// Makes a crowd.
struct Maker {
    dice: SplitMix64,
    state: State,
    flat: Vec<Flat>,
}

impl Maker {
    fn record(&mut self, events: Vec<Event>) {
        let record = Record {
            sequence: self.state.sequence().next(),
            at: NOW,
            request: RequestId(0),
            by: Actor::Clock,
            fingerprint: 0,
            events: events.into(),
        };
        apply(&mut self.state, &record);
    }

    /// Agencies with the agencies that back them up, and the programmes.
    fn agencies(&mut self, agencies: u64) -> Vec<Vec<AgencyId>> {
        let mut events = Vec::new();
        let numbers = 0..agencies as u32;
        for number in numbers.clone() {
            let (id, holder) = (AgreementId(number), AgencyId(number));
            let code = code("msa", number);
            let agreement = Agreement { code, holder };
            events.push(Event::AgreementSigned { id, agreement });
            events.push(Event::AgencyAdded {
                id: holder,
                agency: agency(number),
            });
        }
        for number in 0..HELD.len() as u32 {
            let (code, name) = (code("kind", number), "Invented".into());
            events.push(Event::CertificationNamed {
                id: CertificationId(number),
                certification: Certification { code, name },
            });
        }
        for (number, kinds) in (0..).zip(ASKED) {
            let programme = Programme {
                code: code("programme", number),
                name: "Invented".into(),
                certifications: kinds.map(CertificationId).to_vec(),
                classes: vec![Class::PeaceOfficer, Class::FullAuthorityReserve],
                approval: true,
            };
            events.push(Event::ProgrammeDefined {
                id: ProgrammeId(number),
                programme: Box::new(programme),
            });
        }
        let mut asked = Vec::new();
        for number in numbers {
            let lead = AgencyId(number);
            let others = (0..self.dice.between(1, 5)).map(|_| self.dice.below(agencies) as u32);
            let others: BTreeSet<AgencyId> = others.map(AgencyId).filter(|a| *a != lead).collect();
            for &backup in &others {
                let pact = Pact {
                    lead,
                    backup,
                    tier: 1,
                    valid: Interval::ALWAYS,
                    cover: None,
                };
                events.push(Event::PactMade { pact });
            }
            asked.push([lead].into_iter().chain(others).collect());
        }
        self.record(events);
        asked
    }

    fn officers(&mut self, sizes: &[u64]) {
        let mut events = Vec::new();
        let (_, mut next_block) = self.state.roster().numbering(AgencyId(0));
        for (agency, size) in (0..).zip(sizes) {
            let mut last = None;
            for _ in 0..*size {
                let (id, block) = self.state.roster().next_officer(last, next_block);
                (last, next_block) = (Some(id), block);
                let officer = Box::new(self.officer(id, agency));
                events.push(Event::OfficerAdded { id, officer });
                if events.len() == EVENTS_AT_ONCE {
                    self.record(std::mem::take(&mut events));
                }
            }
        }
        self.record(events);
    }

    fn officer(&mut self, id: OfficerId, agency: u16) -> Officer {
        let dice = &mut self.dice;
        let held = (0..).zip(HELD).filter(|(_, held)| dice.chance(*held));
        let kinds: Vec<u32> = held.map(|(kind, _)| kind).collect();
        let approved = (0..ASKED.len() as u32).filter(|_| dice.chance(600));
        let approved: Vec<u32> = approved.collect();
        let class = match dice.below(100) {
            0..3 => Class::CommunityServiceOfficer,
            3..13 => Class::FullAuthorityReserve,
            _ => Class::PeaceOfficer,
        };
        let rank = match dice.below(100) {
            0..3 => Rank::Commander,
            3..15 => Rank::Sergeant,
            _ => Rank::Officer,
        };
        let suspended = dice.chance(10);
        let (availability, is_willing, away) = self.availability();
        let mut flat = Flat {
            id,
            agency,
            kinds: 0,
            approved: 0,
            busy: away,
            is_ready: !suspended
                && rank == Rank::Officer
                && class != Class::CommunityServiceOfficer
                && is_willing,
        };
        let mut certifications = Held::default();
        for kind in kinds {
            let (valid, lasts) = self.validity();
            certifications.insert(CertificationId(kind), valid);
            flat.kinds |= u16::from(lasts) << kind;
        }
        let mut approvals = Held::default();
        for programme in approved {
            let (valid, lasts) = self.validity();
            approvals.insert(ProgrammeId(programme), valid);
            flat.approved |= u8::from(lasts) << programme;
        }
        self.flat.push(flat);
        Officer {
            badge: code("B", id.0),
            home: AgencyId(u32::from(agency)),
            class,
            rank,
            certifications,
            approvals,
            suspended,
            availability,
        }
    }

    /// A validity, and whether it lasts through the five days: none ends among them.
    fn validity(&mut self) -> (Interval, bool) {
        let start = Timestamp(NOW.as_micros() - 100 * DAY_MS as i64 * 1_000);
        let mut end = Timestamp::MAX;
        let mut lasts = true;
        if self.dice.chance(500) {
            let day = self.dice.between(1, 1_095);
            lasts = day >= FIRST_DAY;
            let day = if lasts { day + WORKDAYS } else { day };
            end = NOW.plus_ms(day * DAY_MS + self.dice.below(DAY_MS));
        }
        (Interval { start, end }, lasts)
    }

    /// When somebody is willing, whether that is by day, and on which of the five days not.
    fn availability(&mut self) -> (Availability, bool, u8) {
        let window = |from: u16, until: u16| Window {
            from_minute: from,
            until_minute: until,
        };
        let (day, ragged) = (window(360, 1_080), window(335, 1_095));
        let (evening, weekend) = (window(1_080, 1_380), window(480, 1_200));
        let mut exceptions = BTreeMap::new();
        let mut away = 0;
        let (workday, is_willing) = match self.dice.below(1_000) {
            0..250 => return (Availability::Always, true, 0),
            250..290 => (day, true),
            290..300 => (ragged, true),
            _ => (evening, false),
        };
        if is_willing && self.dice.chance(200) {
            let day = self.dice.below(WORKDAYS) as u8;
            away = 1 << day;
            exceptions.insert(date(day), Vec::new());
        }
        let weekly = std::array::from_fn(|weekday| match weekday {
            0..5 => vec![workday],
            _ => vec![weekend],
        });
        let weekly: [Vec<Window>; 7] = weekly;
        let declared = Availability::Declared {
            weekly: weekly.into(),
            exceptions: exceptions.into(),
        };
        (declared, is_willing, away)
    }

    /// Gives work on each of the five days to 5 of 100 officers: from eight to four, in the way of
    /// every vacancy of that day.
    fn busy(&mut self) {
        for day in 0..WORKDAYS as u8 {
            let mut busy = Vec::new();
            for officer in &mut self.flat {
                if self.dice.chance(50) {
                    officer.busy |= 1 << day;
                    busy.push(officer.id);
                }
            }
            for officers in busy.chunks(BUSY_SLOTS) {
                let id = self.state.vacancies().end();
                let key = u128::from(id.0) + 1;
                let slots = vec![Rank::Officer; officers.len()];
                let posting = posting(key, (AgencyId(0), ProgrammeId(0)), (day, 8, 8), slots);
                let posting = Box::new(posting);
                let mut events = vec![Event::Published { id, posting }];
                events.extend((0..).zip(officers).map(|(slot, officer)| Event::Awarded {
                    vacancy: id,
                    slot,
                    officer: *officer,
                    cover: AgreementId(0),
                    place: 1,
                }));
                self.record(events);
            }
        }
    }

    /// A vacancy of an agency that is drawn by its size.
    fn work(&mut self, number: u64, agencies: &[Vec<AgencyId>]) -> Work {
        let officer = self.dice.below(self.flat.len() as u64) as usize;
        let asked = &agencies[usize::from(self.flat[officer].agency)];
        let programme = ProgrammeId(self.dice.below(ASKED.len() as u64) as u32);
        let day = self.dice.below(WORKDAYS) as u8;
        let (hour, hours) = (self.dice.between(6, 10), self.dice.between(4, 8));
        let lead = (asked[0], programme);
        let slots = vec![Rank::Officer];
        Work {
            row: Vacancy::new(posting(
                1 << 64 | u128::from(number),
                lead,
                (day, hour, hours),
                slots,
            )),
            agencies: asked.clone(),
            day,
        }
    }
}

/// Work on one of the five days.
fn posting(
    key: u128,
    (lead, programme): (AgencyId, ProgrammeId),
    (day, hour, hours): (u8, u64, u64),
    slots: Vec<Rank>,
) -> Posting {
    let start = NOW.plus_ms((FIRST_DAY + u64::from(day)) * DAY_MS + hour * HOUR_MS);
    let end = start.plus_ms(hours * HOUR_MS);
    let span = Interval { start, end };
    let segment = Segment {
        site: SiteId(0),
        span,
        local: local_spans(ZONE, span).expect("the zone of Phoenix is known"),
    };
    Posting {
        key: VacancyKey(key),
        lead,
        programme,
        segments: vec![segment],
        slots,
        windows_ms: Vec::new(),
        post_orders: "".into(),
    }
}

/// The date of one of the five days: 7 December 2026 is the first.
fn date(day: u8) -> Date {
    Date {
        year: 2026,
        month: 12,
        day: 7 + day,
    }
}

fn agency(number: u32) -> Agency {
    Agency {
        code: code("agency", number),
        name: "Invented".into(),
        agreement: Some(AgreementId(number)),
    }
}

fn code(kind: &str, number: u32) -> Code {
    Code::parse(&format!("{kind}-{number}")).expect("letters and digits are a code")
}
