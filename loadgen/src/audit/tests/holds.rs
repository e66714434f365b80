//! Breaches of what is held and what is answered.

use super::*;

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
        &[
            "LG-0 held slot 0",
            "BK-2 held slot 0",
            "sequence 11",
            "sequence 15",
        ],
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
    ledger.desks[0]
        .asks
        .push(desk_ask(DeskAskWhat::Cancel(V0), done));
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
    ledger.officers[0].asks.push(won(V0, 1, 33));
    ledger.board.as_mut().unwrap()[0] = row(1, [Some("LG-0"), Some("LG-0")]);
    assert_breaches(
        &ledger,
        &[(BreachKind::OverlappingAssignment, 1)],
        &["slot 1"],
    );
}

#[test]
fn an_unanswered_request_is_a_lost_answer() {
    let mut ledger = clean();
    ledger.officers[0]
        .asks
        .push(ask(V2, OfficerAskWhat::Accept, None));
    let what = DeskAskWhat::Publish(V1);
    ledger.desks[0].asks.push(desk_ask(what, None));
    assert_breaches(
        &ledger,
        &[(BreachKind::LostAnswer, 2)],
        &["LG-0", "heard nothing"],
    );
    assert_breaches(
        &ledger,
        &[(BreachKind::LostAnswer, 2)],
        &["desk of lead", "publish"],
    );
}

#[test]
fn two_answers_to_one_id_are_a_lost_answer() {
    let mut ledger = clean();
    let later = Answer::Lost(RefusalCode::Overlaps);
    assert!(!ledger.officers[2].answered(0, later, 99));
    assert_breaches(
        &ledger,
        &[(BreachKind::LostAnswer, 1)],
        &["Filled", "Overlaps"],
    );
}

#[test]
fn a_win_the_board_does_not_show_is_a_lost_answer() {
    let mut ledger = clean();
    ledger.board.as_mut().unwrap()[0] = row(1, [None, None]);
    assert_breaches(
        &ledger,
        &[(BreachKind::LostAnswer, 1)],
        &["LG-0", "nobody holds it"],
    );
    ledger.board.as_mut().unwrap().remove(0);
    assert_breaches(
        &ledger,
        &[(BreachKind::LostAnswer, 1)],
        &["nothing of this vacancy"],
    );
}

#[test]
fn a_holder_who_was_never_told_is_a_lost_answer() {
    let mut ledger = clean();
    ledger.board.as_mut().unwrap()[2] = row(3, [Some("LG-1"), None]);
    assert_breaches(
        &ledger,
        &[(BreachKind::LostAnswer, 1)],
        &["LG-1", "never heard"],
    );
    // Somebody who is not simulated is none of the ledger's business.
    ledger.board.as_mut().unwrap()[2] = row(3, [Some("REAL-1"), None]);
    assert_breaches(&ledger, &[], &[]);
}
