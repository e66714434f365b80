use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use protocol::{
    Assignment, Cursor, NewSegment, NewVacancy, Push, Rank, Receipt, RefusalCode, Refused, Role,
    VacancyKey, Welcome, Withdrawal,
};

use super::*;
use crate::behaviour::Temper;
use crate::ledger::RequestIds;
use crate::world::{World, synthetic};

const V0: VacancyNo = VacancyNo(0);
const V1: VacancyNo = VacancyNo(1);

/// Two vacancies that overlap in time, and an officer of some temper who wants everything.
fn stage() -> Stage {
    let made = synthetic(7, 15);
    let world = World::from_changes(&made.changes).unwrap();
    let vacancy = |number: u128| NewVacancy {
        key: VacancyKey(number),
        lead: made.agencies[0].clone(),
        programme: made.programme.clone(),
        segments: vec![NewSegment {
            site: made.sites[0].code.clone(),
            start_us: 0,
            end_us: 1_000,
        }],
        slots: vec![Rank::Officer],
        windows_ms: Vec::new(),
        post_orders: String::new(),
    };
    let vacancies = vec![vacancy(100), vacancy(101)];
    Stage {
        origin: Instant::now(),
        ids: RequestIds::new(5),
        numbers: HashMap::from([(VacancyKey(100), V0), (VacancyKey(101), V1)]),
        facts: vacancies
            .iter()
            .map(|one| world.facts(one).unwrap())
            .collect(),
        vacancies,
        appeal_permille: vec![1_000; 2],
        live: Arc::new(Live::new()),
    }
}

fn officer(temper: Temper) -> Officer {
    let behaviour = Behaviour {
        temper,
        accept_permille: 1_000,
        outstanding_max: 1,
    };
    Officer::new(3, "LG-3".to_owned(), behaviour, 42)
}

fn hear(officer: &mut Officer, stage: &Stage, event: &Event, at_us: u64) -> (bool, Vec<Intent>) {
    let mut intents = Vec::new();
    let settled = officer.hear(stage, event, at_us, &mut |intent| intents.push(intent));
    (settled, intents)
}

fn act(officer: &mut Officer, stage: &Stage, act: OfficerAct, now_us: u64) -> (Deed, Vec<Intent>) {
    let mut intents = Vec::new();
    let deed = officer.act(stage, act, now_us, now_us, &mut |intent| {
        intents.push(intent);
    });
    (deed, intents)
}

fn news(sequence: u64, news: News) -> Event {
    Event::News(Push {
        cursor: Cursor { sequence, step: 0 },
        news,
    })
}

fn offered(sequence: u64, key: u128, round: u32) -> Event {
    news(
        sequence,
        News::Offered(Offer {
            vacancy: VacancyKey(key),
            round,
            tier: 0,
            lead: "lead".to_owned(),
            programme: "sso".to_owned(),
            segments: Vec::new(),
            slots: vec![Rank::Officer],
            slots_open: 1,
            offered_at_us: 77,
        }),
    )
}

fn up(resumed: bool) -> Event {
    Event::Up(Welcome {
        session: 1,
        subject: "LG-3".to_owned(),
        agency: None,
        role: Role::Officer,
        resumed,
        server_time_us: 0,
        token_expires_us: 0,
    })
}

fn answered(stage: &Stage, place: usize, outcome: Outcome) -> Event {
    Event::Answered {
        id: stage.ids.id(Actor::Officer(3), place),
        outcome,
    }
}

fn won(sequence: u64) -> Outcome {
    Outcome::Won(Receipt {
        vacancy: VacancyKey(100),
        slot: 0,
        place: 1,
        sequence,
        cover: "msa".to_owned(),
        awarded_at_us: 78,
    })
}

fn lost() -> Outcome {
    Outcome::Lost(Refused {
        code: RefusalCode::Filled,
        sentence: "filled".to_owned(),
        place: None,
        behind_us: None,
        clauses: Vec::new(),
    })
}

#[track_caller]
fn only(intents: &[Intent]) -> (u64, OfficerAct) {
    let [Intent { at_us, act }] = intents else {
        panic!("exactly one intent, not {intents:?}");
    };
    let Act::Officer(3, act) = act else {
        panic!("an intent of this officer, not {act:?}");
    };
    (*at_us, *act)
}

#[test]
fn an_offer_becomes_an_accept_that_counts_from_its_intended_instant() {
    let stage = stage();
    let mut officer = officer(Temper::Eager);
    let (_, intents) = hear(&mut officer, &stage, &offered(10, 100, 1), 50_000);
    let (at_us, intended) = only(&intents);
    assert!((50_200..=55_000).contains(&at_us));

    // The alarm rings 3 ms late: the ask is sent late, and intended when it was.
    let late_us = at_us + 3_000;
    let mut none = |intent| panic!("nothing follows, not {intent:?}");
    let deed = officer.act(&stage, intended, at_us, late_us, &mut none);
    let Deed::Ask(handover) = deed else {
        panic!("an accept is asked");
    };
    let vacancy = VacancyKey(100);
    assert_eq!(handover.ask, Ask::Accept { vacancy, round: 1 });

    let (settled, _) = hear(
        &mut officer,
        &stage,
        &answered(&stage, 0, lost()),
        at_us + 9_000,
    );
    assert!(settled);
    let book = officer.take_book();
    let ask = book.asks[0];
    assert_eq!((ask.intended_us, ask.sent_us), (at_us, late_us));
    assert_eq!(ask.answer, Some(Answer::Lost(RefusalCode::Filled)));
    assert_eq!(
        book.heard[0].what,
        HeardWhat::Offered {
            round: 1,
            tier: 0,
            offered_at_us: 77
        }
    );
}

#[test]
fn a_withdrawn_or_newer_offer_is_not_answered_any_more() {
    let stage = stage();
    let mut officer = officer(Temper::Eager);
    let (_, first) = hear(&mut officer, &stage, &offered(10, 100, 1), 0);
    let withdrawn = News::Withdrawn {
        vacancy: VacancyKey(100),
        because: Withdrawal::Filled,
    };
    hear(&mut officer, &stage, &news(11, withdrawn), 10);
    assert_eq!(
        act(&mut officer, &stage, only(&first).1, 20).0,
        Deed::Nothing
    );
    // It is offered again: the old intent is still void, the new one counts.
    let (_, second) = hear(&mut officer, &stage, &offered(12, 100, 2), 30);
    assert_eq!(
        act(&mut officer, &stage, only(&first).1, 40).0,
        Deed::Nothing
    );
    assert!(matches!(
        act(&mut officer, &stage, only(&second).1, 50).0,
        Deed::Ask(_)
    ));
    // A state sync that says the same offer again changes no mind.
    assert!(
        hear(&mut officer, &stage, &offered(12, 100, 2), 60)
            .1
            .is_empty()
    );
}

#[test]
fn a_decline_is_unsaid_beside_an_outstanding_accept() {
    let stage = stage();
    let mut officer = officer(Temper::Eager);
    let (_, first) = hear(&mut officer, &stage, &offered(10, 100, 1), 0);
    hear(&mut officer, &stage, &offered(11, 101, 1), 0);
    let decline = OfficerAct::Decline {
        vacancy: V1,
        round: 1,
    };
    act(&mut officer, &stage, only(&first).1, 1);
    assert_eq!(act(&mut officer, &stage, decline, 2).0, Deed::Nothing);
    hear(&mut officer, &stage, &answered(&stage, 0, lost()), 3);
    assert!(matches!(
        act(&mut officer, &stage, decline, 4).0,
        Deed::Ask(_)
    ));
}

#[test]
fn outstanding_accepts_are_bounded() {
    let stage = stage();
    let mut officer = officer(Temper::Eager);
    let (_, first) = hear(&mut officer, &stage, &offered(10, 100, 1), 0);
    let (_, second) = hear(&mut officer, &stage, &offered(11, 101, 1), 0);
    assert!(matches!(
        act(&mut officer, &stage, only(&first).1, 1).0,
        Deed::Ask(_)
    ));
    assert_eq!(
        act(&mut officer, &stage, only(&second).1, 2).0,
        Deed::Nothing
    );
    hear(&mut officer, &stage, &answered(&stage, 0, lost()), 3);
    assert!(matches!(
        act(&mut officer, &stage, only(&second).1, 4).0,
        Deed::Ask(_)
    ));
}

#[test]
fn busy_is_asked_again_under_the_same_id() {
    let stage = stage();
    let mut officer = officer(Temper::Eager);
    let (_, intents) = hear(&mut officer, &stage, &offered(10, 100, 1), 0);
    let (first, _) = act(&mut officer, &stage, only(&intents).1, 1_000);
    let busy = answered(&stage, 0, Outcome::Busy { retry_after_ms: 40 });
    let (settled, intents) = hear(&mut officer, &stage, &busy, 2_000);
    assert!(!settled);
    let (at_us, again) = only(&intents);
    assert_eq!((at_us, again), (42_000, OfficerAct::Again { ask: 0 }));
    assert_eq!(act(&mut officer, &stage, again, at_us).0, first);
    let ask = officer.take_book().asks[0];
    assert_eq!((ask.busy, ask.answer, ask.sent_us), (1, None, 1_000));
}

#[test]
fn a_first_win_may_be_regretted() {
    let stage = stage();
    let mut officer = officer(Temper::Release);
    let (_, intents) = hear(&mut officer, &stage, &offered(10, 100, 1), 0);
    act(&mut officer, &stage, only(&intents).1, 1_000);
    let (_, intents) = hear(&mut officer, &stage, &answered(&stage, 0, won(11)), 5_000);
    let (at_us, release) = only(&intents);
    assert_eq!(release, OfficerAct::Release { vacancy: V0 });
    assert!(at_us >= 105_000);
    let (deed, _) = act(&mut officer, &stage, release, at_us);
    assert!(matches!(
        deed,
        Deed::Ask(Handover {
            ask: Ask::Release { .. },
            ..
        })
    ));
    hear(
        &mut officer,
        &stage,
        &answered(&stage, 1, Outcome::Done { sequence: 12 }),
        at_us + 1,
    );
    assert_eq!(
        act(&mut officer, &stage, release, at_us + 2).0,
        Deed::Nothing
    );
}

#[test]
fn somebody_who_holds_a_slot_knows_what_overlaps_it() {
    let stage = stage();
    let mut officer = officer(Temper::Eager);
    assert!(!officer.is_engaged(&stage, V1));
    let assigned = News::Assigned(Assignment {
        receipt: match won(11) {
            Outcome::Won(receipt) => receipt,
            _ => unreachable!("it was just made"),
        },
        segments: Vec::new(),
        post_orders: String::new(),
    });
    hear(&mut officer, &stage, &news(11, assigned), 0);
    assert!(officer.is_engaged(&stage, V1));
    let gone = Event::Gone {
        vacancy: VacancyKey(100),
        standing: Stood::Assignment,
    };
    hear(&mut officer, &stage, &gone, 1);
    assert!(!officer.is_engaged(&stage, V1));
}

#[test]
fn a_cut_marks_what_it_interrupts() {
    let stage = stage();
    let mut officer = officer(Temper::Drop);
    assert_eq!(
        act(&mut officer, &stage, OfficerAct::Cut, 1).0,
        Deed::Nothing
    );
    hear(&mut officer, &stage, &up(false), 2);
    let accept = OfficerAct::AcceptRegardless {
        vacancy: V0,
        round: 1,
    };
    act(&mut officer, &stage, accept, 3);
    assert_eq!(act(&mut officer, &stage, OfficerAct::Cut, 4).0, Deed::Cut);
    hear(
        &mut officer,
        &stage,
        &Event::Down {
            because: None,
            reconnect_after_ms: 0,
        },
        5,
    );
    hear(&mut officer, &stage, &up(true), 6);
    assert_eq!(stage.live.sessions_up.load(Ordering::Relaxed), 1);
    let book = officer.take_book();
    assert!(book.asks[0].interrupted);
    let what: Vec<HeardWhat> = book.heard.iter().map(|heard| heard.what).collect();
    assert_eq!(
        what,
        [
            HeardWhat::Up { resumed: false },
            HeardWhat::Dropped,
            HeardWhat::Down,
            HeardWhat::Up { resumed: true }
        ]
    );
}

#[test]
fn a_lapse_lets_the_desk_act_first() {
    let stage = stage();
    let mut officer = officer(Temper::Silent);
    officer.lapse_on(Lapse {
        vacancy: V0,
        desk: 9,
        certification: "azpost".to_owned(),
    });
    assert!(officer.has_a_lapse_left());
    let (_, intents) = hear(&mut officer, &stage, &offered(10, 100, 1), 700);
    let [
        Intent {
            at_us: 700,
            act:
                Act::Desk(
                    9,
                    DeskAct::Lapse {
                        badge, round: 1, ..
                    },
                ),
        },
    ] = intents.as_slice()
    else {
        panic!("the operator's desk revokes, not {intents:?}");
    };
    assert_eq!(badge, "LG-3");
    assert!(!officer.has_a_lapse_left());
}

#[test]
fn what_others_published_is_left_alone() {
    let stage = stage();
    let mut officer = officer(Temper::Eager);
    let (_, intents) = hear(&mut officer, &stage, &offered(10, 999, 1), 0);
    assert!(intents.is_empty());
    assert!(officer.take_book().heard.is_empty());
}
