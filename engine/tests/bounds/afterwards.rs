//! Bounds of what follows an award.

use engine::core::{Afterwards, Event, NewNote, Reduce, Reduction, Removed};
use engine::limits::{
    ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, CORRECTION_MARGIN_MS, CORRECTIONS_MAX,
    JOURNAL_RETENTION_MS, MEDIA_TYPE_LEN_MAX, MESSAGE_LEN_MAX, MESSAGES_MAX,
    MESSAGES_OF_OFFICER_MAX, NAME_LEN_MAX, NOTE_LEN_MAX, NOTES_OF_OFFICER_MAX,
    PUNCHES_OF_OFFICER_MAX,
};
use engine::model::{Attachment, Direction, Mended, OfficerId};

use super::*;

const VACANCY: VacancyId = VacancyId(0);
const HOLDER: OfficerId = OfficerId(0);
const MS_US: i64 = 1_000;

/// The town, with its one officer on its one vacancy, which is over a moment later.
fn held() -> State {
    let mut state = town();
    let (vacancy, round) = (VACANCY, 1);
    let accept = Body::Accept { vacancy, round };
    settle_as(&mut state, Actor::Officer(HOLDER), NOW, accept);
    state
}

fn after(asked: Afterwards) -> Body {
    Body::Afterwards(Box::new(asked))
}

fn noted(text: String, attachments: Vec<Attachment>) -> Body {
    after(Afterwards::Note(NewNote {
        vacancy: VACANCY,
        officer: HOLDER,
        text,
        attachments,
    }))
}

fn said(text: String) -> Body {
    after(Afterwards::Say {
        vacancy: VACANCY,
        officer: HOLDER,
        text,
    })
}

#[test]
fn what_is_written_has_its_length_and_no_control_characters() {
    let note = |length| noted("x".repeat(length), vec![]);
    let say = |length| said("x".repeat(length));
    let no = Some(Invalid::Text);
    let cases = vec![
        ("no note", note(0), no.clone()),
        ("the longest note", note(NOTE_LEN_MAX), None),
        ("a longer one", note(NOTE_LEN_MAX + 1), no.clone()),
        ("no message", say(0), no.clone()),
        ("the longest message", say(MESSAGE_LEN_MAX), None),
        ("a longer one", say(MESSAGE_LEN_MAX + 1), no.clone()),
        ("two lines", said("one\ntwo".into()), None),
        ("a bell", said("one\x07two".into()), no),
    ];
    check_in(&held(), cases);
}

#[test]
fn what_is_attached_has_a_name_a_size_and_a_media_type() {
    let attached = |count: usize, change: fn(&mut Attachment)| {
        let mut attachment = Attachment {
            sha256: [0; 32],
            size: 1,
            media_type: "image/jpeg".into(),
            name: "gate.jpg".into(),
        };
        change(&mut attachment);
        noted(String::new(), vec![attachment; count])
    };
    let one = |change: fn(&mut Attachment)| attached(1, change);
    let no = Some(Invalid::Attachments);
    let cases = vec![
        ("all", attached(ATTACHMENTS_MAX, |_| {}), None),
        (
            "one more",
            attached(ATTACHMENTS_MAX + 1, |_| {}),
            no.clone(),
        ),
        (
            "the largest",
            one(|new| new.size = ATTACHMENT_BYTES_MAX),
            None,
        ),
        (
            "larger",
            one(|new| new.size = ATTACHMENT_BYTES_MAX + 1),
            no.clone(),
        ),
        ("empty", one(|new| new.size = 0), no.clone()),
        (
            "the longest name",
            one(|new| new.name = "x".repeat(NAME_LEN_MAX).into()),
            None,
        ),
        (
            "longer",
            one(|new| new.name = "x".repeat(NAME_LEN_MAX + 1).into()),
            no.clone(),
        ),
        ("no name", one(|new| new.name = "".into()), no.clone()),
        ("a folder", one(|new| new.name = "a/b".into()), no.clone()),
        (
            "another one",
            one(|new| new.name = "a\\b".into()),
            no.clone(),
        ),
        (
            "a control character",
            one(|new| new.name = "a\nb".into()),
            no.clone(),
        ),
        (
            "the longest type",
            one(|new| new.media_type = long_type(0)),
            None,
        ),
        (
            "longer",
            one(|new| new.media_type = long_type(1)),
            no.clone(),
        ),
        (
            "a suffix",
            one(|new| new.media_type = "image/svg+xml".into()),
            None,
        ),
        (
            "no type",
            one(|new| new.media_type = "/jpeg".into()),
            no.clone(),
        ),
        (
            "no subtype",
            one(|new| new.media_type = "image/".into()),
            no.clone(),
        ),
        (
            "one word",
            one(|new| new.media_type = "image".into()),
            no.clone(),
        ),
        (
            "a parameter",
            one(|new| new.media_type = "a/b;c=d".into()),
            no,
        ),
    ];
    check_in(&held(), cases);
}

/// As long as a media type may be, and so many more.
fn long_type(more: usize) -> Box<str> {
    let subtype = "x".repeat(MEDIA_TYPE_LEN_MAX - 2 + more);
    format!("a/{subtype}").into()
}

fn full(max: usize) -> Option<Refusal> {
    let limit = max as u32;
    Some(Refusal::Full { limit })
}

#[test]
fn so_many_notes_are_kept_of_an_officer() {
    let mut state = held();
    let note = || noted("x".into(), vec![]);
    for number in 0..NOTES_OF_OFFICER_MAX {
        assert_eq!(judge(&state, note()).err(), None, "{number}");
        settle(&mut state, note());
    }
    assert_eq!(judge(&state, note()).err(), full(NOTES_OF_OFFICER_MAX));
}

#[test]
fn each_side_of_a_conversation_has_half_of_its_messages() {
    let mut state = held();
    let half = MESSAGES_OF_OFFICER_MAX / 2;
    let officer = Actor::Officer(HOLDER);
    for by in [Actor::Operator, officer] {
        for number in 0..half {
            let heard = judge_as(&state, by, NOW, said("x".into())).err();
            assert_eq!(heard, None, "{by:?} {number}");
            settle_as(&mut state, by, NOW, said("x".into()));
        }
        let heard = judge_as(&state, by, NOW, said("x".into())).err();
        assert_eq!(heard, full(half), "{by:?}");
    }
}

/// Whoever holds the vacancy is heard even then.
#[test]
fn a_vacancy_keeps_so_many_messages_of_those_who_do_not_hold_it() {
    let half = MESSAGES_OF_OFFICER_MAX / 2;
    let others = MESSAGES_MAX / half;
    let mut state = State::empty();
    let mut roster = town_roster();
    roster.extend((1..=others).map(|number| officer(&format!("B-{:02}", number + 1))));
    settle(&mut state, Body::Roster(roster));
    settle(&mut state, Body::Publish(Box::new(vacancy(1))));
    let (vacancy, round) = (VACANCY, 1);
    let say = |officer| {
        after(Afterwards::Say {
            vacancy,
            officer,
            text: "x".into(),
        })
    };
    let numbers: Vec<OfficerId> = state.roster().officers.iter().map(|(id, _)| id).collect();
    assert_eq!(numbers.len(), others + 1);
    for number in 0..MESSAGES_MAX {
        let officer = numbers[1 + number / half];
        assert_eq!(judge(&state, say(officer)).err(), None, "{number}");
        settle(&mut state, say(officer));
    }
    assert_eq!(judge(&state, say(numbers[0])).err(), full(MESSAGES_MAX));
    let accept = Body::Accept { vacancy, round };
    settle_as(&mut state, Actor::Officer(numbers[0]), NOW, accept);
    assert_eq!(judge(&state, say(numbers[0])).err(), None);
}

#[test]
fn what_is_written_is_taken_until_it_is_shelved() {
    let state = held();
    let end = NOW.0 + 2;
    let shelved = Timestamp(end + JOURNAL_RETENTION_MS as i64 * MS_US);
    let before = Timestamp(shelved.0 - 1);
    for body in [|| said("x".into()), || noted("x".into(), vec![])] {
        let hear = |at| judge_as(&state, Actor::Operator, at, body()).err();
        assert_eq!(hear(before), None);
        assert_eq!(hear(shelved), Some(Refusal::Shelved));
    }
}

#[test]
fn a_reduction_names_slots_once_and_has_a_reason() {
    let mut state = town();
    let slots = vec![Rank::Officer; 3];
    let new = NewVacancy {
        slots,
        ..vacancy(2)
    };
    settle(&mut state, Body::Publish(Box::new(new)));
    let reduce = |fewer, slots: &[u16], reason| {
        after(Afterwards::Reduce(Reduce {
            vacancy: VacancyId(1),
            fewer,
            slots: slots.to_vec(),
            reason: "x".repeat(reason),
        }))
    };
    let (no, text) = (Some(Invalid::Reduction), Some(Invalid::Text));
    let cases = vec![
        ("nothing", reduce(0, &[], 1), no.clone()),
        ("by count", reduce(1, &[], 1), None),
        ("by name", reduce(0, &[0], 1), None),
        ("the same twice", reduce(0, &[0, 0], 1), no.clone()),
        ("the same twice, and another", reduce(1, &[0, 0], 1), no),
        ("no reason", reduce(1, &[], 0), text.clone()),
        ("the longest reason", reduce(1, &[], REASON_LEN_MAX), None),
        ("longer", reduce(1, &[], REASON_LEN_MAX + 1), text),
    ];
    check_in(&state, cases);
    let unknown = |code: &str| {
        let (kind, code) = (Kind::Slot, code.into());
        Some(Refusal::Unknown { kind, code })
    };
    assert_eq!(judge(&state, reduce(0, &[2], 1)).err(), None);
    assert_eq!(judge(&state, reduce(0, &[3], 1)).err(), unknown("3"));
    let ordinary = |ordinary| Some(Refusal::TooFewSlots { ordinary });
    assert_eq!(judge(&state, reduce(2, &[], 1)).err(), None);
    assert_eq!(judge(&state, reduce(3, &[], 1)).err(), ordinary(3));
    assert_eq!(judge(&state, reduce(4, &[], 1)).err(), ordinary(3));
    assert_eq!(judge(&state, reduce(2, &[1], 1)).err(), ordinary(2));
    assert_eq!(judge(&state, reduce(0, &[0, 1, 2], 1)).err(), ordinary(0));
}

#[test]
fn who_has_not_come_by_the_start_has_not_come() {
    let state = held();
    let no_show = || {
        after(Afterwards::NoShow {
            vacancy: VACANCY,
            officer: HOLDER,
            again: None,
        })
    };
    let hear = |at| judge_as(&state, Actor::Operator, Timestamp(at), no_show()).err();
    assert_eq!(hear(NOW.0), Some(Refusal::NotStarted));
    assert_eq!(hear(NOW.0 + 1), None);
}

#[test]
fn a_punch_is_corrected_to_a_day_around_the_work_and_never_to_the_future() {
    let state = held();
    let missed = |to| {
        after(Afterwards::Correct {
            vacancy: VACANCY,
            officer: HOLDER,
            mended: Mended::Missed {
                direction: Direction::In,
                to: Timestamp(to),
            },
            reason: "x".into(),
        })
    };
    let margin = CORRECTION_MARGIN_MS as i64 * MS_US;
    let (start, end) = (NOW.0 + 1, NOW.0 + 2);
    let no = Some(Refusal::Invalid(Invalid::Correction));
    let far = Timestamp(end + 2 * margin);
    let hear = |at, to| judge_as(&state, Actor::Operator, at, missed(to)).err();
    assert_eq!(hear(far, start - margin), None);
    assert_eq!(hear(far, start - margin - 1), no);
    assert_eq!(hear(far, end + margin), None);
    assert_eq!(hear(far, end + margin + 1), no);
    assert_eq!(hear(Timestamp(end), end), None);
    assert_eq!(hear(Timestamp(end), end + 1), no);
}

#[test]
fn so_many_punches_of_an_officer_are_kept_for_one_shift() {
    let mut state = town();
    settle(&mut state, Body::Roster(vec![officer("B-02")]));
    settle(
        &mut state,
        published(|new| new.slots = vec![Rank::Officer; 2]),
    );
    let (vacancy, other) = (VacancyId(1), OfficerId(1));
    let punch = || Body::Punch {
        vacancy,
        direction: Direction::In,
        position: None,
    };
    for officer in [HOLDER, other] {
        let accept = Body::Accept { vacancy, round: 1 };
        settle_as(&mut state, Actor::Officer(officer), NOW, accept);
    }
    for _ in 0..PUNCHES_OF_OFFICER_MAX {
        settle_as(&mut state, Actor::Officer(HOLDER), NOW, punch());
    }
    let hear = |officer| judge_as(&state, Actor::Officer(officer), NOW, punch()).err();
    assert_eq!(hear(HOLDER), full(PUNCHES_OF_OFFICER_MAX));
    assert_eq!(hear(other), None, "each has their own");
}

#[test]
fn so_many_corrections_are_kept_and_a_punch_must_be_the_officers() {
    let mut state = held();
    let correct = |mended| {
        after(Afterwards::Correct {
            vacancy: VACANCY,
            officer: HOLDER,
            mended,
            reason: "x".into(),
        })
    };
    let missed = || {
        let (direction, to) = (Direction::In, NOW);
        correct(Mended::Missed { direction, to })
    };
    let unknown = |kind, code: &str| {
        let code = code.into();
        Some(Refusal::Unknown { kind, code })
    };
    let struck = |punch| correct(Mended::Struck { punch });
    assert_eq!(judge(&state, struck(0)).err(), unknown(Kind::Punch, "0"));
    let unchanged = judge(&state, correct(Mended::Came)).err();
    assert_eq!(unchanged, Some(Refusal::Unchanged));
    let withdrawn = |correction| correct(Mended::Withdrawn { correction });
    let none = unknown(Kind::Correction, "0");
    assert_eq!(judge(&state, withdrawn(0)).err(), none);
    for number in 0..CORRECTIONS_MAX {
        assert_eq!(judge(&state, missed()).err(), None, "{number}");
        settle(&mut state, missed());
    }
    assert_eq!(judge(&state, missed()).err(), full(CORRECTIONS_MAX));
}

/// A log may have it twice that somebody is no longer asked: as one who lost a slot, and as one from
/// whom the offer is withdrawn.
#[test]
fn who_lost_a_slot_and_is_no_longer_asked_is_not_asked() {
    let mut state = town();
    let two = published(|new| new.slots = vec![Rank::Officer; 2]);
    settle(&mut state, two);
    let vacancy = VacancyId(1);
    let accept = Body::Accept { vacancy, round: 1 };
    settle_as(&mut state, Actor::Officer(HOLDER), NOW, accept);
    assert!(
        state
            .vacancy(vacancy)
            .expect("published")
            .offered
            .contains(HOLDER)
    );
    let reduced = Event::Reduced(Box::new(Reduction {
        vacancy,
        removed: vec![Removed {
            slot: 0,
            rank: Rank::Officer,
            holder: Some(HOLDER),
        }],
        scheduled: vec![],
        reason: "Invented".into(),
        withdrawn: [HOLDER].into_iter().collect(),
    }));
    record(&mut state, Actor::Operator, NOW, reduced.into());
    let row = state.vacancy(vacancy).expect("published");
    assert!(!row.concerns(HOLDER), "{row:?}");
}
