//! A record of every kind. Agencies, officers and sites in them are invented.
//!
//! A new variant of one of the enums below does not compile before it is listed in [`variants`],
//! and once it is listed, `every_variant_has_a_sample` fails before it has a sample here. So: add
//! it to the list, add a sample at the end of the function it belongs to, run
//! `UPDATE_GOLDEN=1 cargo test -p muster-engine --test golden`, and look at the difference: lines
//! were added to `records.txt`, and none has changed.
//!
//! Safe is a variant at the end of an enum that makes the enum no larger (`EVENT_BYTES` in
//! `main.rs` watches over the largest). Everything else (a field, a type, an order, a larger
//! variant) changes the bytes of records that are on disks already.

use engine::core::{
    Actor, Amendment, Event, Invalid, Kind, Lapse, Receipt, Record, Refusal, Relocation, TierCause,
    Vacated,
};
use engine::model::{
    AgencyId, AgreementId, CertificationId, Code, Date, Direction, Interval, LocalSpan, OfficerId,
    OfficerSet, Position, Posting, ProgrammeId, Punch, Rank, RequestId, Segment, Sequence, SiteId,
    Term, Timestamp, VacancyId, VacancyKey, Window,
};
use engine::rules::Clause;

use crate::{award, denials, jobs, later, life, provisions, publication, refusals, roster};

pub(crate) const NINE: Timestamp = Timestamp(1_795_449_600_000_000);
pub(crate) const V: VacancyId = VacancyId(7);
pub(crate) const O: OfficerId = OfficerId(1_025);

/// The names of an enum's variants, and the name of a value's.
macro_rules! variants {
    ($($all:ident, $name:ident, $type:ident: $($variant:ident)+;)+) => {$(
        pub(crate) const $all: &[&str] = &[$(stringify!($variant)),+];

        pub(crate) fn $name(value: &$type) -> &'static str {
            match value {
                $($type::$variant { .. } => stringify!($variant)),+
            }
        }
    )+};
}

variants! {
    EVENTS, event, Event: Published TierOpened WindowClosed Awarded Declined Vacated Cancelled
        Expired Punched Flagged Confirmed Refused AgencyAdded AgreementSigned CertificationNamed
        ProgrammeDefined SiteAdded OfficerAdded CertificationGranted CertificationRevoked
        CertificationExpired ApprovalGranted ApprovalWithdrawn Suspended Reinstated
        AvailabilityDeclared PactMade PactEnded Excluded Readmitted Amended Reconfirmed Lapsed
        Termed GrantMade Reduced NoShow Corrected Noted Acknowledged Reminded Said Shelved LimitsSet
        LimitsLifted PreferencesDeclared PreferencesBound District LastTierSet LastTierApproved
        PushDeferred Pushed Bid BidsClosed Ranked StandbyJoined StandbyLeft SlotKept StandbyPassed
        Reoffered SenioritySet Widened Offered Considered JobRulesSet Job LaddersSet WaitEnded
        Denied Admitted;
    REFUSALS, refusal, Refusal: Invalid RequestReused NotAllowed Unknown AlreadyExists LimitReached
        Filled Cancelled Expired NotOffered NotEligible Overlaps RankFilled NotHolder NoFurtherTier
        Busy Amended SlotHeld Unchanged OutsideGrant BeyondGrant TooFewSlots NotStarted ClockedIn
        OtherOrders Full Shelved NoLastTier TiersLeft BidsClosed KeptForStandby NotUndoable
        NoStandby StillOpen NotWaiting Seed Job BelowLadder Denied TooLong;
    INVALID, invalid, Invalid: Code Name PostOrders Reason Segments SegmentOrder Slots Windows
        InThePast Zone Position Validity Availability Pact Cover Changes ConfirmWithin Publications
        Terms Round OpensBefore Grant Reduction Rest Correction Text Attachments Limits Lift
        Preferences LastTier ApprovedBy Award Date Job JobBy JobRules Ladders;
    TERMS, term, Term: Buffer OpensBefore BeyondGrant Clothing MarkedCar Award Undo Standby Job
        HigherRanks ByLadder;
    KINDS, kind, Kind: Agency Agreement Certification Programme Site Officer Pact Vacancy Grant Slot
        Punch Correction District Lift Bid Standby Job Denial;
    ACTORS, actor, Actor: Officer Coordinator Operator Clock;
    CLAUSES, clause, Clause: LeadOrPact Cover NotSuspended Class Certified Approved Rank Available
        NotExcluded Free Preferred Hours Rest JobApproved;
    TIER_CAUSES, tier_cause, TierCause: Published NoEligibleOfficer AllDeclined WindowElapsed
        Coordinator StartNear;
    VACATED, vacated, Vacated: Released Recalled Undone;
}

/// Every sample with a name that is unique among all.
pub(crate) fn all() -> Vec<(String, Record)> {
    let mut samples = actors();
    let by_coordinator = Actor::Coordinator(AgencyId(2));
    let mut add = |by: Actor, events: Vec<(&str, Event)>| {
        for (name, event) in events {
            samples.push((format!("event-{name}"), record(by, vec![event])));
        }
    };
    add(by_coordinator, race());
    add(Actor::Officer(O), answers());
    add(Actor::Operator, roster::entities());
    add(Actor::Operator, roster::officers());
    add(Actor::Operator, roster::relations());
    add(by_coordinator, amendments());
    add(by_coordinator, life::terms());
    add(by_coordinator, publication::events());
    add(by_coordinator, life::afterwards());
    add(by_coordinator, provisions::all());
    add(Actor::Officer(O), award::bids());
    add(Actor::Officer(O), award::standby());
    add(by_coordinator, later::all());
    add(by_coordinator, jobs::events());
    add(Actor::Operator, denials::all());
    for (name, refused) in refusals::all() {
        let events = vec![Event::Refused(refused)];
        samples.push((format!("refused-{name}"), record(Actor::Officer(O), events)));
    }
    samples
}

/// Records as a whole: who asked, none and several events, the largest numbers.
fn actors() -> Vec<(String, Record)> {
    let expired = || vec![Event::Expired { vacancy: V }];
    let mut largest = record(Actor::Officer(OfficerId(u32::MAX)), Vec::new());
    largest.sequence = Sequence(u64::MAX);
    largest.at = Timestamp::MAX;
    largest.request = RequestId(u128::MAX);
    largest.fingerprint = u64::MAX;
    let many = race().into_iter().map(|(_, event)| event).collect();
    let named = [
        ("record-by-officer", record(Actor::Officer(O), expired())),
        (
            "record-by-coordinator",
            record(Actor::Coordinator(AgencyId(2)), expired()),
        ),
        ("record-by-operator", record(Actor::Operator, expired())),
        ("record-by-clock", record(Actor::Clock, expired())),
        ("record-without-events", record(Actor::Officer(O), vec![])),
        ("record-of-the-largest-numbers", largest),
        ("record-of-many-events", record(Actor::Operator, many)),
    ];
    named.map(|(name, record)| (name.to_owned(), record)).into()
}

fn record(by: Actor, events: Vec<Event>) -> Record {
    Record {
        sequence: Sequence(4_711),
        at: NINE,
        request: RequestId(0x0198_f3a2_7c01_7171_8222_3333_4444_5555),
        by,
        fingerprint: 0x0123_4567_89ab_cdef,
        events: events.into(),
    }
}

fn race() -> Vec<(&'static str, Event)> {
    let opened = |because, recipients, closes_at| Event::TierOpened {
        vacancy: V,
        tier: 1,
        because,
        recipients,
        closes_at,
    };
    let later = Some(NINE.plus_ms(600_000));
    let vacated = |because, recipients, closes_at| Event::Vacated {
        vacancy: V,
        slot: 1,
        officer: O,
        because,
        round: 2,
        recipients,
        closes_at,
    };
    vec![
        ("published", published()),
        (
            "tier-opened",
            opened(TierCause::Published, set(&[3, O.0]), later),
        ),
        (
            "tier-opened-nobody-eligible",
            opened(TierCause::NoEligibleOfficer, set(&[]), None),
        ),
        (
            "tier-opened-all-declined",
            opened(TierCause::AllDeclined, crowd(), later),
        ),
        (
            "tier-opened-window-elapsed",
            opened(TierCause::WindowElapsed, set(&[9]), later),
        ),
        (
            "tier-opened-by-hand",
            opened(TierCause::Coordinator, set(&[9]), None),
        ),
        ("window-closed", Event::WindowClosed { vacancy: V }),
        ("awarded", awarded()),
        (
            "declined",
            Event::Declined {
                vacancy: V,
                officer: O,
            },
        ),
        ("vacated", vacated(Vacated::Released, set(&[3, 4]), later)),
        (
            "vacated-recalled",
            vacated(Vacated::Recalled, set(&[]), None),
        ),
        (
            "cancelled",
            Event::Cancelled {
                vacancy: V,
                reason: "school closed for weather".into(),
                holders: vec![OfficerId(3), O],
            },
        ),
        ("expired", Event::Expired { vacancy: V }),
    ]
}

fn published() -> Event {
    let day = |day, from_minute, until_minute| LocalSpan {
        date: Date {
            year: 2026,
            month: 11,
            day,
        },
        weekday: 0,
        window: Window {
            from_minute,
            until_minute,
        },
    };
    let segment = |site, start: Timestamp, hours: u64, local| Segment {
        site: SiteId(site),
        span: Interval {
            start,
            end: start.plus_ms(hours * 3_600_000),
        },
        local,
    };
    let evening = NINE.plus_ms(12 * 3_600_000);
    Event::Published {
        id: V,
        posting: Box::new(Posting {
            key: VacancyKey(0x0198_f3a2_7c00_7aaa_8bbb_cccc_dddd_eeee),
            lead: AgencyId(2),
            programme: ProgrammeId(1),
            segments: vec![
                segment(5, NINE, 8, vec![day(23, 540, 1_020)]),
                segment(6, evening, 8, vec![day(23, 1_260, 1_440), day(24, 0, 300)]),
            ],
            slots: vec![Rank::Officer, Rank::Sergeant, Rank::Commander],
            windows_ms: vec![600_000, 0],
            post_orders: "Report to the front office.".into(),
        }),
    }
}

fn awarded() -> Event {
    Event::Awarded {
        vacancy: V,
        slot: 1,
        officer: O,
        cover: AgreementId(4),
        place: 3,
    }
}

fn answers() -> Vec<(&'static str, Event)> {
    let punched = |direction, position, on_site| Event::Punched {
        vacancy: V,
        punch: Punch {
            officer: O,
            direction,
            at: NINE,
            position,
            on_site,
        },
    };
    let mut events = vec![
        (
            "punched-in",
            punched(Direction::In, Some(tucson()), Some(true)),
        ),
        ("punched-out", punched(Direction::Out, None, None)),
        (
            "confirmed",
            Event::Confirmed(Receipt {
                vacancy: V,
                slot: 1,
                place: 3,
                sequence: Sequence(4_700),
                cover: AgreementId(4),
                awarded_at: NINE,
            }),
        ),
    ];
    events.extend(clauses().map(|(name, clause)| {
        let (vacancy, officer) = (V, O);
        let flagged = Event::Flagged {
            vacancy,
            officer,
            clause,
        };
        (name, flagged)
    }));
    events
}

fn clauses() -> impl Iterator<Item = (&'static str, Clause)> {
    [
        ("flagged-lead-or-pact", Clause::LeadOrPact),
        ("flagged-cover", Clause::Cover),
        ("flagged-not-suspended", Clause::NotSuspended),
        ("flagged-class", Clause::Class),
        ("flagged-certified", Clause::Certified(CertificationId(1))),
        ("flagged-approved", Clause::Approved),
        ("flagged-rank", Clause::Rank),
        ("flagged-available", Clause::Available),
        ("flagged-not-excluded", Clause::NotExcluded),
        ("flagged-free", Clause::Free),
    ]
    .into_iter()
}

fn amendments() -> Vec<(&'static str, Event)> {
    let segment = Segment {
        site: SiteId(6),
        span: Interval {
            start: NINE,
            end: NINE.plus_ms(3_600_000),
        },
        local: vec![],
    };
    let amended = |moved, slots, post_orders| {
        Event::Amended(Box::new(Amendment {
            vacancy: V,
            moved,
            slots,
            post_orders,
            round: 2,
            recipients: set(&[3, 4]),
            withdrawn: set(&[9]),
            closes_at: Some(NINE),
        }))
    };
    let moved = Relocation {
        segments: vec![segment],
        unconfirmed: set(&[O.0]),
        confirm_by: NINE,
        lost: set(&[5]),
    };
    let receipt = Box::new(Receipt {
        vacancy: V,
        slot: 1,
        place: 3,
        sequence: Sequence(4_700),
        cover: AgreementId(4),
        awarded_at: NINE,
    });
    let lapse = Lapse {
        vacancy: V,
        officers: set(&[O.0]),
        round: 3,
        recipients: crowd(),
        closes_at: None,
    };
    vec![
        ("amended-moved", amended(Some(moved), None, None)),
        (
            "amended-slots-and-orders",
            amended(
                None,
                Some(vec![Rank::Officer, Rank::Sergeant]),
                Some("Park behind the gym.".into()),
            ),
        ),
        (
            "reconfirmed",
            Event::Reconfirmed {
                officer: O,
                receipt,
            },
        ),
        ("lapsed", Event::Lapsed(Box::new(lapse))),
    ]
}

pub(crate) fn set(officers: &[u32]) -> OfficerSet {
    officers.iter().copied().map(OfficerId).collect()
}

/// Enough officers, and so far apart, that every kind of container of the bitmap occurs.
fn crowd() -> OfficerSet {
    let run = 1_000..1_100;
    let scattered = (0..9_000).map(|number| 65_536 + number * 3);
    let few = [200_000, 300_000];
    let mut crowd: OfficerSet = run.chain(scattered).chain(few).map(OfficerId).collect();
    crowd.0.optimize();
    crowd
}

pub(crate) fn year() -> Interval {
    Interval {
        start: Timestamp(1_767_225_600_000_000),
        end: Timestamp(1_798_761_600_000_000),
    }
}

pub(crate) fn tucson() -> Position {
    Position {
        latitude_udeg: 32_221_743,
        longitude_udeg: -110_926_479,
    }
}

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).expect("a sample's code is one")
}
