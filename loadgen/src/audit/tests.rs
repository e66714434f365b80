//! One planted breach for every check, and a clean history that must stay clean.

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
    let up = heard(0, VacancyNo::NONE, HeardWhat::Up { resumed: false });
    let synced = heard(5, VacancyNo::NONE, HeardWhat::Synced);
    let book = |badge: &str, news: &[Heard], asks: &[OfficerAsk]| OfficerBook {
        badge: badge.to_owned(),
        heard: [&[up, synced], news].concat(),
        asks: asks.to_vec(),
        ..OfficerBook::default()
    };
    let assigned = |slot, awarded| HeardWhat::Assigned { slot, awarded };
    Ledger {
        officers: vec![
            book(
                "LG-0",
                &[offered(10, V0, 0), heard(11, V0, assigned(0, 11)), offered(30, V2, 0)],
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
        ],
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

/// Asserts that exactly the expected breaches are found, and that one of the histories tells
/// every word given.
#[track_caller]
fn assert_breaches(ledger: &Ledger, expected: &[(BreachKind, u64)], words: &[&str]) {
    let found = audit(ledger);
    for kind in BreachKind::ALL {
        let expected = expected.iter().find(|(of, _)| *of == kind);
        let expected = expected.map_or(0, |(_, count)| *count);
        assert_eq!(found.count(kind), expected, "{kind}: {:#?}", found.breaches());
    }
    assert_eq!(found.is_clean(), expected.is_empty());
    let told = |breach: &Breach| words.iter().all(|word| breach.history.contains(word));
    assert!(
        words.is_empty() || found.breaches().iter().any(told),
        "no history tells {words:?}: {:#?}",
        found.breaches()
    );
}

#[test]
fn a_clean_history_is_clean() {
    assert_breaches(&clean(), &[], &[]);
}

#[test]
fn a_double_fill_is_found_and_told() {
    let mut ledger = clean();
    ledger.officers[2].asks.push(won(V0, 0, 15));
    // The board can name only one of the two, so the other's win is lost as well.
    assert_breaches(
        &ledger,
        &[(BreachKind::DoubleFill, 1), (BreachKind::LostAnswer, 1)],
        &["LG-0 held slot 0", "BK-2 held slot 0", "sequence 11", "sequence 15"],
    );
}

#[test]
fn a_slot_given_back_may_be_given_again() {
    let mut ledger = clean();
    // LG-1 gave V1 back under sequence 22: BK-2 may have it from 23, but not from 21.
    ledger.board.as_mut().unwrap()[1] = row(2, [None, Some("BK-2")]);
    ledger.officers[2].asks.push(won(V1, 1, 23));
    assert_breaches(&ledger, &[], &[]);
    ledger.officers[2].asks.last_mut().unwrap().answer = won(V1, 1, 21).answer;
    assert_breaches(&ledger, &[(BreachKind::DoubleFill, 1)], &["BK-2", "LG-1"]);
}

#[test]
fn a_cancelled_hold_ends_with_the_cancellation() {
    let mut ledger = clean();
    let done = Some(Answer::Done { sequence: 40 });
    ledger.desks[0].asks.push(desk_ask(DeskAskWhat::Cancel(V0), done));
    // The board must not show a holder any more.
    assert_breaches(&ledger, &[(BreachKind::LostAnswer, 1)], &["given it back"]);
    ledger.board.as_mut().unwrap()[0] = row(1, [None, None]);
    assert_breaches(&ledger, &[], &[]);
}

#[test]
fn a_recalled_hold_ends_with_the_recall_of_that_officer_only() {
    let recall = |badge: &str| {
        let mut ledger = clean();
        let what = DeskAskWhat::Recall {
            vacancy: V0,
            badge: badge.to_owned(),
        };
        let done = Some(Answer::Done { sequence: 14 });
        ledger.desks[0].asks.push(desk_ask(what, done));
        ledger.officers[2].asks.push(won(V0, 0, 15));
        ledger.board.as_mut().unwrap()[0] = row(1, [Some("BK-2"), None]);
        ledger
    };
    assert_breaches(&recall("LG-0"), &[], &[]);
    assert_breaches(
        &recall("LG-1"),
        &[(BreachKind::DoubleFill, 1), (BreachKind::LostAnswer, 1)],
        &["LG-0", "BK-2"],
    );
}

#[test]
fn overlapping_assignments_are_found() {
    let mut ledger = clean();
    ledger.officers[0].asks.push(won(V1, 0, 33));
    ledger.board.as_mut().unwrap()[1] = row(2, [Some("LG-0"), None]);
    assert_breaches(
        &ledger,
        &[(BreachKind::OverlappingAssignment, 1)],
        &["LG-0", "sequence 11", "sequence 33", "overlaps in time"],
    );
}

#[test]
fn back_to_back_assignments_are_legal() {
    let mut ledger = clean();
    ledger.officers[0].asks.push(won(V2, 0, 31));
    ledger.board.as_mut().unwrap()[2] = row(3, [Some("LG-0"), None]);
    assert_breaches(&ledger, &[], &[]);
}

#[test]
fn two_slots_of_one_vacancy_overlap_each_other() {
    let mut ledger = clean();
    ledger.officers[0].asks.push(won(V0, 1, 17));
    ledger.board.as_mut().unwrap()[0] = row(1, [Some("LG-0"), Some("LG-0")]);
    assert_breaches(&ledger, &[(BreachKind::OverlappingAssignment, 1)], &["slot 1"]);
}

#[test]
fn an_unanswered_request_is_a_lost_answer() {
    let mut ledger = clean();
    ledger.officers[0].asks.push(ask(V2, OfficerAskWhat::Accept, None));
    let what = DeskAskWhat::Publish(V1);
    ledger.desks[0].asks.push(desk_ask(what, None));
    assert_breaches(&ledger, &[(BreachKind::LostAnswer, 2)], &["LG-0", "heard nothing"]);
    assert_breaches(&ledger, &[(BreachKind::LostAnswer, 2)], &["desk of lead", "publish"]);
}

#[test]
fn two_answers_to_one_id_are_a_lost_answer() {
    let mut ledger = clean();
    let later = Answer::Lost(RefusalCode::Overlaps);
    assert!(!ledger.officers[2].answered(0, later, 99));
    assert_breaches(&ledger, &[(BreachKind::LostAnswer, 1)], &["Filled", "Overlaps"]);
}

#[test]
fn a_win_the_board_does_not_show_is_a_lost_answer() {
    let mut ledger = clean();
    ledger.board.as_mut().unwrap()[0] = row(1, [None, None]);
    assert_breaches(&ledger, &[(BreachKind::LostAnswer, 1)], &["LG-0", "nobody holds it"]);
    ledger.board.as_mut().unwrap().remove(0);
    assert_breaches(&ledger, &[(BreachKind::LostAnswer, 1)], &["nothing of this vacancy"]);
}

#[test]
fn a_holder_who_was_never_told_is_a_lost_answer() {
    let mut ledger = clean();
    ledger.board.as_mut().unwrap()[2] = row(3, [Some("LG-1"), None]);
    assert_breaches(&ledger, &[(BreachKind::LostAnswer, 1)], &["LG-1", "never heard"]);
    // Somebody who is not simulated is none of the ledger's business.
    ledger.board.as_mut().unwrap()[2] = row(3, [Some("REAL-1"), None]);
    assert_breaches(&ledger, &[], &[]);
}

#[test]
fn an_offer_to_a_stranger_is_ineligible() {
    let mut ledger = clean();
    ledger.officers[3].heard.push(offered(16, V0, 0));
    assert_breaches(
        &ledger,
        &[(BreachKind::IneligibleOffer, 1)],
        &["OT-3", "sequence 16", "neither leads nor backs up"],
    );
}

#[test]
fn an_offer_in_the_wrong_tier_is_ineligible() {
    let mut ledger = clean();
    ledger.officers[2].heard[2] = offered(12, V0, 0);
    assert_breaches(&ledger, &[(BreachKind::IneligibleOffer, 1)], &["belongs to tier 1"]);
}

#[test]
fn an_offer_to_somebody_engaged_is_ineligible() {
    let mut ledger = clean();
    ledger.officers[0].heard.push(offered(35, V1, 0));
    assert_breaches(
        &ledger,
        &[(BreachKind::IneligibleOffer, 1)],
        &["held vac_", "since sequence 11"],
    );
    // LG-1 gave V1 back before: offering V0 anew is legal.
    let mut again = clean();
    let mut second = offered(36, V0, 0);
    second.what = HeardWhat::Offered {
        round: 2,
        tier: 0,
        offered_at_us: NOW_US,
    };
    again.officers[1].heard.push(second);
    assert_breaches(&again, &[], &[]);
}

#[test]
fn eligibility_is_judged_as_of_the_record() {
    let with_change_at = |changed: u64| {
        let mut ledger = clean();
        let what = DeskAskWhat::Roster(vec![RosterChange::CertificationRevoked {
            badge: "LG-1".to_owned(),
            certification: "azpost".to_owned(),
        }]);
        let done = Some(Answer::Done { sequence: changed });
        ledger.desks[0].asks.push(desk_ask(what, done));
        ledger
    };
    // Offers under 10, 20 and 30 and an award under 21.
    assert_breaches(&with_change_at(31), &[], &[]);
    assert_breaches(
        &with_change_at(25),
        &[(BreachKind::IneligibleOffer, 1)],
        &["LG-1", "sequence 30", "azpost"],
    );
    assert_breaches(
        &with_change_at(15),
        &[(BreachKind::IneligibleOffer, 3)],
        &["was awarded", "sequence 21"],
    );
}

#[test]
fn a_state_sync_may_repeat_what_was_eligible_once() {
    let mut ledger = clean();
    let done = Some(Answer::Done { sequence: 31 });
    let revoked = |badge: &str| RosterChange::CertificationRevoked {
        badge: badge.to_owned(),
        certification: "azpost".to_owned(),
    };
    let what = DeskAskWhat::Roster(vec![revoked("LG-1"), revoked("OT-3")]);
    ledger.desks[0].asks.push(desk_ask(what, done));
    let resync = [
        heard(32, VacancyNo::NONE, HeardWhat::Up { resumed: false }),
        offered(32, V2, 0),
        heard(32, VacancyNo::NONE, HeardWhat::Synced),
    ];
    ledger.officers[1].heard.extend(resync);
    assert_breaches(&ledger, &[], &[]);
    ledger.officers[3].heard.extend(resync);
    assert_breaches(&ledger, &[(BreachKind::IneligibleOffer, 1)], &["OT-3", "state sync"]);
}

#[test]
fn a_repeated_push_is_found_by_cursor_and_by_round() {
    let mut ledger = clean();
    let last = *ledger.officers[2].heard.last().unwrap();
    ledger.officers[2].heard.push(last);
    assert_breaches(&ledger, &[(BreachKind::RepeatedPush, 1)], &["BK-2", "Withdrawn"]);

    let mut ledger = clean();
    ledger.officers[2].heard.push(offered(50, V0, 1));
    assert_breaches(&ledger, &[(BreachKind::RepeatedPush, 1)], &["BK-2", "Offered"]);

    let mut ledger = clean();
    ledger.officers[0].repeats_dropped = 2;
    assert_breaches(&ledger, &[(BreachKind::RepeatedPush, 2)], &["LG-0", "2 pushes"]);
}

#[test]
fn a_push_out_of_order_is_found() {
    let mut ledger = clean();
    ledger.officers[1].heard.swap(2, 3);
    assert_breaches(&ledger, &[(BreachKind::OutOfOrderPush, 1)], &["LG-1"]);
}

#[test]
fn a_missing_push_is_found_unless_somebody_was_away() {
    let mut ledger = clean();
    ledger.officers[1].heard.remove(2);
    assert_breaches(
        &ledger,
        &[(BreachKind::MissingPush, 1)],
        &["sequence 10", "2 officers", "1 heard it"],
    );
    let up = heard(12, VacancyNo::NONE, HeardWhat::Up { resumed: true });
    ledger.officers[1].heard.insert(2, up);
    assert_breaches(&ledger, &[], &[]);
    let mut others = clean();
    others.officers[1].heard.remove(2);
    others.everyone = false;
    assert_breaches(&others, &[], &[]);
}

#[test]
fn histories_are_bounded_and_counts_are_not() {
    let mut ledger = clean();
    for _ in 0..BREACHES_KEPT_MAX + 5 {
        ledger.officers[0].asks.push(ask(V2, OfficerAskWhat::Accept, None));
    }
    let found = audit(&ledger);
    assert_eq!(found.count(BreachKind::LostAnswer), BREACHES_KEPT_MAX as u64 + 5);
    assert_eq!(found.breaches().len(), BREACHES_KEPT_MAX);
}
