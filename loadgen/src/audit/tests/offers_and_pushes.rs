//! Breaches of what is offered and how it is told.

use super::*;

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
    assert_breaches(
        &ledger,
        &[(BreachKind::IneligibleOffer, 1)],
        &["belongs to tier 1"],
    );
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
    assert_breaches(
        &ledger,
        &[(BreachKind::IneligibleOffer, 1)],
        &["OT-3", "state sync"],
    );
}

#[test]
fn a_repeated_push_is_found_by_cursor_and_by_round() {
    let mut ledger = clean();
    let last = *ledger.officers[2].heard.last().unwrap();
    ledger.officers[2].heard.push(last);
    assert_breaches(
        &ledger,
        &[(BreachKind::RepeatedPush, 1)],
        &["BK-2", "Withdrawn"],
    );

    let mut ledger = clean();
    ledger.officers[2].heard.push(offered(50, V0, 1));
    assert_breaches(
        &ledger,
        &[(BreachKind::RepeatedPush, 1)],
        &["BK-2", "Offered"],
    );
}

#[test]
fn what_was_gone_after_an_absence_may_be_offered_again_in_its_round() {
    let mut ledger = clean();
    let up = ledger.officers[2].heard.len();
    ledger.officers[2].heard.extend([
        heard(40, VacancyNo::NONE, HeardWhat::Up { resumed: false }),
        heard(40, VacancyNo::NONE, HeardWhat::Synced),
        offered(50, V0, 1),
    ]);
    assert_breaches(&ledger, &[], &[]);
    ledger.officers[2].heard[up].what = HeardWhat::Up { resumed: true };
    assert_breaches(
        &ledger,
        &[(BreachKind::RepeatedPush, 1)],
        &["BK-2", "Offered"],
    );
}

#[test]
fn a_push_out_of_order_is_found() {
    let mut ledger = clean();
    ledger.officers[1].heard.swap(2, 3);
    assert_breaches(&ledger, &[(BreachKind::OutOfOrderPush, 1)], &["LG-1"]);
}

#[test]
fn a_missing_push_is_found_unless_somebody_was_away_then() {
    let mut ledger = clean();
    ledger.officers[1].heard.remove(2);
    assert_breaches(
        &ledger,
        &[(BreachKind::MissingPush, 1)],
        &["sequence 10", "2 officers", "1 heard it"],
    );
    // LG-1 was away from before sequence 10 until 12, but BK-2 only after 13.
    let down = heard(0, VacancyNo::NONE, HeardWhat::Down);
    let up = heard(0, VacancyNo::NONE, HeardWhat::Up { resumed: true });
    let synced = heard(12, VacancyNo::NONE, HeardWhat::Synced);
    let mut excused = ledger.clone();
    excused.officers[1].heard.splice(2..2, [down, up, synced]);
    assert_breaches(&excused, &[], &[]);
    ledger.officers[2].heard.push(down);
    assert_breaches(
        &ledger,
        &[(BreachKind::MissingPush, 1)],
        &["at most 0 were away"],
    );
    let mut others = clean();
    others.officers[1].heard.remove(2);
    others.everyone = false;
    assert_breaches(&others, &[], &[]);
}

#[test]
fn an_assignment_that_its_officer_was_not_told_is_missing() {
    let mut ledger = clean();
    // LG-1 hears of sequences 22 and 30 after it.
    ledger.officers[1].heard.remove(4);
    let words = ["LG-1", "at sequence 21", "not told that it is assigned"];
    assert_breaches(&ledger, &[(BreachKind::MissingPush, 1)], &words);
    // Whoever was away then, or heard nothing after it, may have been told later.
    let down = heard(0, VacancyNo::NONE, HeardWhat::Down);
    let mut away = ledger.clone();
    away.officers[1].heard.insert(4, down);
    assert_breaches(&away, &[], &[]);
    ledger.officers[1].heard.truncate(4);
    assert_breaches(&ledger, &[], &[]);
}

#[test]
fn an_offer_that_ended_without_a_word_is_missing() {
    // V2 was offered under 30 and is taken under 31 and 33 by two who have nothing else.
    let full = |told: &[Heard]| {
        let mut ledger = clean();
        for (officer, slot, sequence) in [(1, 0, 31), (2, 1, 33)] {
            let awarded = HeardWhat::Assigned {
                slot,
                awarded: sequence,
            };
            let book = &mut ledger.officers[officer];
            book.asks.push(won(V2, slot, sequence));
            book.heard.push(heard(sequence, V2, awarded));
        }
        let row = row(3, [Some("LG-1"), Some("BK-2")]);
        let standing = Standing::Filled;
        ledger.board.as_mut().expect("there is one")[2] = BoardRow { standing, ..row };
        ledger.officers[0].heard.extend(told);
        ledger
    };
    let filled = heard(33, V2, HeardWhat::Withdrawn(Withdrawal::Filled));
    let other = heard(40, V1, HeardWhat::Withdrawn(Withdrawal::Cancelled));
    let down = heard(0, VacancyNo::NONE, HeardWhat::Down);
    for (told, is_missing) in [
        (&[filled, other][..], false),
        (&[other], true),
        (&[], false),
        (&[down, other], false),
        (&[heard(33, V2, HeardWhat::Overlapped), other], false),
    ] {
        let expected = [(BreachKind::MissingPush, 1)];
        let expected = &expected[..usize::from(is_missing)];
        let words: &[&str] = match is_missing {
            true => &[
                "LG-0",
                "at sequence 30",
                "since sequence 33",
                "of sequence 40",
            ],
            false => &[],
        };
        assert_breaches(&full(told), expected, words);
    }
    // Whoever turned it down is not told, and neither is who was asked in an earlier round.
    let mut declined = full(&[other]);
    let done = Answer::Done { sequence: 32 };
    declined.officers[0]
        .asks
        .push(ask(V2, OfficerAskWhat::Decline, Some(done)));
    assert_breaches(&declined, &[], &[]);
    let mut again = full(&[other]);
    again.board.as_mut().expect("there is one")[2].round = 2;
    assert_breaches(&again, &[], &[]);
}

#[test]
fn histories_are_bounded_and_counts_are_not() {
    let mut ledger = clean();
    for _ in 0..BREACHES_KEPT_MAX + 5 {
        ledger.officers[0]
            .asks
            .push(ask(V2, OfficerAskWhat::Accept, None));
    }
    let found = audit(&ledger);
    assert_eq!(
        found.count(BreachKind::LostAnswer),
        BREACHES_KEPT_MAX as u64 + 5
    );
    assert_eq!(found.breaches().len(), BREACHES_KEPT_MAX);
}

#[test]
fn what_a_session_keeps_to_itself_is_a_breach() {
    let mut ledger = clean();
    ledger.officers[0].unheard.pushes = 3;
    let words = ["LG-0", "3 pushes at or before"];
    assert_breaches(&ledger, &[(BreachKind::RepeatedPush, 3)], &words);
    let mut ledger = clean();
    ledger.desks[0].unheard.answers = 2;
    let words = ["2 answers to requests that had been answered"];
    assert_breaches(&ledger, &[(BreachKind::LostAnswer, 2)], &words);
}
