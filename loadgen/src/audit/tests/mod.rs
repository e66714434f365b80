//! One planted breach for every check, and a clean history that must stay clean.

mod holds;
mod offers_and_pushes;

use protocol::{
    Availability, BoardRow, BoardSlot, Class, Dated, NewSegment, NewVacancy, Position, Rank,
    RefusalCode, RosterChange, SiteKind, Standing, Unassignment, VacancyKey, Withdrawal,
};

use super::*;
use crate::ledger::{
    Answer, DeskAsk, DeskAskWhat, DeskBook, Heard, HeardWhat, OfficerAsk, OfficerAskWhat,
    OfficerBook, Seen, SeenWhat,
};
use crate::world::World;

const SEVEN_US: i64 = 1_795_442_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
const NOW_US: i64 = SEVEN_US - 24 * HOUR_US;

const V0: VacancyNo = VacancyNo(0);
/// Overlaps `V0` in time.
const V1: VacancyNo = VacancyNo(1);
/// Right after `V0`: back to back.
const V2: VacancyNo = VacancyNo(2);

fn held(code: &str) -> Vec<Dated> {
    vec![Dated {
        code: code.to_owned(),
        from_us: None,
        until_us: None,
    }]
}

fn officer(badge: &str, agency: &str) -> RosterChange {
    RosterChange::Officer {
        badge: badge.to_owned(),
        agency: agency.to_owned(),
        class: Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: held("azpost"),
        approvals: Vec::new(),
        availability: Availability::Always,
    }
}

fn world() -> World {
    let agency = |code: &str| RosterChange::Agency {
        code: code.to_owned(),
        name: code.to_owned(),
        agreement: Some(format!("{code}-msa")),
    };
    World::from_changes(&[
        agency("lead"),
        agency("back"),
        agency("other"),
        RosterChange::Certification {
            code: "azpost".to_owned(),
            name: "azpost".to_owned(),
        },
        RosterChange::Programme {
            code: "sso".to_owned(),
            name: "sso".to_owned(),
            certifications: vec!["azpost".to_owned()],
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        RosterChange::Pact {
            lead: "lead".to_owned(),
            backup: "back".to_owned(),
            tier: 1,
            from_us: None,
            until_us: None,
            cover: None,
        },
        RosterChange::Site {
            code: "school".to_owned(),
            name: "school".to_owned(),
            lead: "lead".to_owned(),
            zone: "America/Phoenix".to_owned(),
            position: Position {
                latitude_udeg: 0,
                longitude_udeg: 0,
            },
            geofence_m: 100,
            district: "d".to_owned(),
            kind: SiteKind::Public,
            ade_funded: true,
        },
        officer("LG-0", "lead"),
        officer("LG-1", "lead"),
        officer("BK-2", "back"),
        officer("OT-3", "other"),
    ])
    .unwrap()
}

fn vacancy(number: u128, start_us: i64) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(number),
        lead: "lead".to_owned(),
        programme: "sso".to_owned(),
        segments: vec![NewSegment {
            site: "school".to_owned(),
            start_us,
            end_us: start_us + 4 * HOUR_US,
        }],
        slots: vec![Rank::Officer; 2],
        windows_ms: Vec::new(),
        post_orders: String::new(),
    }
}

fn offered(sequence: u64, vacancy: VacancyNo, tier: u8) -> Heard {
    Heard {
        at_us: sequence * 1_000,
        sequence,
        step: 0,
        vacancy,
        what: HeardWhat::Offered {
            round: 1,
            tier,
            offered_at_us: NOW_US,
        },
    }
}

fn heard(sequence: u64, vacancy: VacancyNo, what: HeardWhat) -> Heard {
    Heard {
        at_us: sequence * 1_000,
        sequence,
        step: 1,
        vacancy,
        what,
    }
}

fn ask(vacancy: VacancyNo, what: OfficerAskWhat, answer: Option<Answer>) -> OfficerAsk {
    OfficerAsk {
        vacancy,
        round: 1,
        what,
        intended_us: 1,
        sent_us: 2,
        answered_us: 3,
        answer,
        busy: 0,
        interrupted: false,
    }
}

fn won(vacancy: VacancyNo, slot: u16, sequence: u64) -> OfficerAsk {
    let answer = Answer::Won {
        slot,
        sequence,
        awarded_at_us: NOW_US,
    };
    ask(vacancy, OfficerAskWhat::Accept, Some(answer))
}

fn released(vacancy: VacancyNo, sequence: u64) -> OfficerAsk {
    let done = Answer::Done { sequence };
    ask(vacancy, OfficerAskWhat::Release, Some(done))
}

fn desk_ask(what: DeskAskWhat, answer: Option<Answer>) -> DeskAsk {
    DeskAsk {
        what,
        intended_us: 1,
        sent_us: 2,
        answered_us: 3,
        answer,
        busy: 0,
    }
}

fn row(number: u128, holders: [Option<&str>; 2]) -> BoardRow {
    BoardRow {
        vacancy: VacancyKey(number),
        lead: "lead".to_owned(),
        programme: "sso".to_owned(),
        segments: Vec::new(),
        standing: Standing::Open,
        tier: 0,
        round: 1,
        offered: 2,
        slots: holders
            .map(|holder| BoardSlot {
                rank: Rank::Officer,
                holder: holder.map(str::to_owned),
            })
            .to_vec(),
    }
}

/// Three vacancies published under sequences 10, 20 and 30; LG-0 takes the first, LG-1 takes and
/// releases the second, BK-2 is asked in tier 1 and loses.
fn clean() -> Ledger {
    let world = world();
    let starts = [SEVEN_US, SEVEN_US + HOUR_US, SEVEN_US + 4 * HOUR_US];
    let vacancies = (1..).zip(starts);
    let vacancies = vacancies
        .map(|(number, start_us)| world.facts(&vacancy(number, start_us)).unwrap())
        .collect();
    Ledger {
        begun_us: 0,
        officers: clean_officers(),
        desks: vec![DeskBook {
            name: "lead".to_owned(),
            asks: vec![desk_ask(
                DeskAskWhat::Publish(V0),
                Some(Answer::Done { sequence: 10 }),
            )],
            seen: vec![Seen {
                at_us: 10_000,
                sequence: 10,
                step: 0,
                vacancy: V0,
                what: SeenWhat::TierOpened {
                    tier: 0,
                    recipients: 2,
                },
            }],
            ..DeskBook::default()
        }],
        vacancies,
        world,
        board: Some(vec![
            row(1, [Some("LG-0"), None]),
            row(2, [None, None]),
            row(3, [None, None]),
        ]),
        everyone: true,
    }
}

fn clean_officers() -> Vec<OfficerBook> {
    let up = heard(0, VacancyNo::NONE, HeardWhat::Up { resumed: false });
    let synced = heard(5, VacancyNo::NONE, HeardWhat::Synced);
    let book = |badge: &str, news: &[Heard], asks: &[OfficerAsk]| OfficerBook {
        badge: badge.to_owned(),
        heard: [&[up, synced], news].concat(),
        asks: asks.to_vec(),
        ..OfficerBook::default()
    };
    let assigned = |slot, awarded| HeardWhat::Assigned { slot, awarded };
    vec![
        book(
            "LG-0",
            &[
                offered(10, V0, 0),
                heard(11, V0, assigned(0, 11)),
                offered(30, V2, 0),
            ],
            &[won(V0, 0, 11)],
        ),
        book(
            "LG-1",
            &[
                offered(10, V0, 0),
                offered(20, V1, 0),
                heard(21, V1, assigned(1, 21)),
                heard(22, V1, HeardWhat::Unassigned(Unassignment::Released)),
                offered(30, V2, 0),
            ],
            &[won(V1, 1, 21), released(V1, 22)],
        ),
        book(
            "BK-2",
            &[
                offered(12, V0, 1),
                heard(13, V0, HeardWhat::Withdrawn(Withdrawal::Filled)),
            ],
            &[ask(
                V0,
                OfficerAskWhat::Accept,
                Some(Answer::Lost(RefusalCode::Filled)),
            )],
        ),
        book("OT-3", &[], &[]),
    ]
}

/// Asserts that exactly the expected breaches are found, and that one of the histories tells
/// every word given.
#[track_caller]
fn assert_breaches(ledger: &Ledger, expected: &[(BreachKind, u64)], words: &[&str]) {
    let found = audit(ledger);
    for kind in BreachKind::ALL {
        let expected = expected.iter().find(|(of, _)| *of == kind);
        let expected = expected.map_or(0, |(_, count)| *count);
        assert_eq!(
            found.count(kind),
            expected,
            "{kind}: {:#?}",
            found.breaches()
        );
    }
    assert_eq!(found.is_clean(), expected.is_empty());
    let told = |breach: &Breach| words.iter().all(|word| breach.history.contains(word));
    assert!(
        words.is_empty() || found.breaches().iter().any(told),
        "no history tells {words:?}: {:#?}",
        found.breaches()
    );
}
