//! A clean history that must stay clean, and one planted breach for every promise.

use protocol::{BoardSlot, Rank, RefusalCode, RequestId, Standing, Unassignment, Withdrawal};

use super::*;
use crate::ledger::{
    Actor, Answer, DeskAsk, DeskAskWhat, Heard, HeardWhat, OfficerAsk, OfficerAskWhat, Seen,
    SeenWhat,
};
use crate::torture::history::{Durable, Fact};
use crate::world::Stretch;

const HOUR_US: i64 = 3_600_000_000;
/// One slot; won by A, lost by B.
const V0: VacancyNo = VacancyNo(0);
/// Overlaps `V0`; nobody has it.
const V1: VacancyNo = VacancyNo(1);
const A: u32 = 0;
const B: u32 = 1;

/// Everything that a run leaves behind, to be doctored.
struct Case {
    history: History,
    before: Option<History>,
    vacancies: Vec<Facts>,
    officers: Vec<OfficerBook>,
    desks: Vec<DeskBook>,
    boards: Vec<BoardSeen>,
    restarts: Vec<Restart>,
}

fn ids() -> RequestIds {
    RequestIds::new(1)
}

fn facts(number: u32, start_hour: i64) -> Facts {
    let (start_us, end_us) = (start_hour * HOUR_US, (start_hour + 2) * HOUR_US);
    Facts {
        key: key(VacancyNo(number)),
        lead: "chandler".to_owned(),
        programme: "sso".to_owned(),
        slots: vec![Rank::Officer],
        segments: vec![Stretch {
            site: "chandler-001".to_owned(),
            start_us,
            end_us,
            local_start_us: start_us,
            local_end_us: end_us,
        }],
        end_us,
    }
}

fn key(vacancy: VacancyNo) -> VacancyKey {
    VacancyKey(100 + u128::from(vacancy.0))
}

fn record(request: RequestId, events: Vec<Fact>) -> Durable {
    let fingerprint = request.0 as u64 ^ events.len() as u64;
    Durable {
        request,
        events,
        fingerprint,
    }
}

fn awarded(vacancy: VacancyNo, badge: &str) -> Fact {
    Fact::Awarded {
        vacancy: key(vacancy),
        slot: 0,
        badge: badge.to_owned(),
    }
}

fn published(vacancy: VacancyNo) -> Vec<Fact> {
    let vacancy = key(vacancy);
    vec![Fact::Published { vacancy }, Fact::TierOpened { vacancy }]
}

fn accept(vacancy: VacancyNo, answer: Option<Answer>) -> OfficerAsk {
    OfficerAsk {
        vacancy,
        round: 1,
        what: OfficerAskWhat::Accept,
        intended_us: 10,
        sent_us: 10,
        answered_us: 20,
        answer,
        busy: 0,
        interrupted: false,
    }
}

fn won(sequence: u64) -> Option<Answer> {
    Some(Answer::Won {
        slot: 0,
        sequence,
        awarded_at_us: 5,
    })
}

fn desk_ask(what: DeskAskWhat, sequence: u64) -> DeskAsk {
    DeskAsk {
        what,
        intended_us: 1,
        sent_us: 1,
        answered_us: 2,
        answer: Some(Answer::Done { sequence }),
        busy: 0,
    }
}

fn heard(at_us: u64, sequence: u64, vacancy: VacancyNo, what: HeardWhat) -> Heard {
    Heard {
        at_us,
        sequence,
        step: 1,
        vacancy,
        what,
    }
}

fn offered(round: u32) -> HeardWhat {
    HeardWhat::Offered {
        round,
        tier: 0,
        offered_at_us: 0,
    }
}

const ASSIGNED: HeardWhat = HeardWhat::Assigned {
    slot: 0,
    awarded: 3,
};

fn seen(sequence: u64, what: SeenWhat) -> Seen {
    Seen {
        at_us: 30,
        sequence,
        step: 0,
        vacancy: V0,
        what,
    }
}

fn row(vacancy: VacancyNo, standing: Standing, holder: Option<&str>) -> BoardRow {
    BoardRow {
        vacancy: key(vacancy),
        lead: "chandler".to_owned(),
        programme: "sso".to_owned(),
        segments: Vec::new(),
        standing,
        tier: 0,
        round: 1,
        offered: 2,
        slots: vec![BoardSlot {
            rank: Rank::Officer,
            holder: holder.map(str::to_owned),
        }],
    }
}

impl Case {
    /// Two vacancies are published, A wins the first and B is told that it is filled; the server
    /// is crashed and started, and everybody is told the state.
    fn clean() -> Case {
        let mut history = History::default();
        let desk = |place| ids().id(Actor::Desk(0), place);
        history.push(record(desk(0), published(V0)));
        history.push(record(desk(1), published(V1)));
        history.push(record(
            ids().id(Actor::Officer(A), 0),
            vec![awarded(V0, "A")],
        ));
        let book = |badge: &str, asks, mut news: Vec<Heard>, held: Vec<Heard>| {
            news.push(heard(50, 0, VacancyNo::NONE, HeardWhat::Down));
            let up = HeardWhat::Up { resumed: false };
            news.push(heard(60, 0, VacancyNo::NONE, up));
            news.extend(held);
            news.push(heard(61, 3, V1, offered(1)));
            news.push(heard(62, 3, VacancyNo::NONE, HeardWhat::Synced));
            OfficerBook {
                badge: badge.to_owned(),
                asks,
                heard: news,
                ..OfficerBook::default()
            }
        };
        let filled = HeardWhat::Withdrawn(Withdrawal::Filled);
        let lost = Some(Answer::Lost(RefusalCode::Filled));
        let officers = vec![
            book(
                "A",
                vec![accept(V0, won(3))],
                vec![heard(9, 1, V0, offered(1)), heard(21, 3, V0, ASSIGNED)],
                vec![heard(61, 3, V0, ASSIGNED)],
            ),
            book(
                "B",
                vec![accept(V0, lost)],
                vec![heard(9, 1, V0, offered(1)), heard(21, 3, V0, filled)],
                Vec::new(),
            ),
        ];
        let badge = "A".to_owned();
        let desks = vec![DeskBook {
            name: "chandler".to_owned(),
            asks: vec![
                desk_ask(DeskAskWhat::Publish(V0), 1),
                desk_ask(DeskAskWhat::Publish(V1), 2),
            ],
            seen: vec![seen(3, SeenWhat::Awarded { slot: 0, badge })],
            ..DeskBook::default()
        }];
        let rows = vec![
            row(V0, Standing::Filled, Some("A")),
            row(V1, Standing::Open, None),
        ];
        Case {
            before: Some(history.clone()),
            history,
            vacancies: vec![facts(0, 0), facts(1, 1)],
            officers,
            desks,
            boards: vec![BoardSeen { from: 3, rows }],
            restarts: vec![Restart { at_us: 55, last: 3 }],
        }
    }

    fn judge(&self) -> Findings {
        judge(&Evidence {
            history: &self.history,
            before: self.before.as_ref(),
            world: &World::default(),
            vacancies: &self.vacancies,
            officers: &self.officers,
            desks: &self.desks,
            ids: ids(),
            boards: &self.boards,
            restarts: &self.restarts,
        })
    }

    /// Asserts that exactly these kinds of breach are found, and that a history says `words`.
    #[track_caller]
    fn finds(&self, kinds: &[BreachKind], words: &str) {
        let findings = self.judge();
        let found: Vec<BreachKind> = findings.by_kind().keys().copied().collect();
        let told = findings.breaches();
        assert_eq!(found, kinds, "{told:#?}");
        let mut histories = told.iter().map(|breach| &breach.history);
        assert!(
            histories.any(|history| history.contains(words)),
            "{told:#?}"
        );
    }

    fn ask(&mut self, officer: u32, ask: OfficerAsk) -> RequestId {
        let asks = &mut self.officers[officer as usize].asks;
        asks.push(ask);
        ids().id(Actor::Officer(officer), asks.len() - 1)
    }
}

#[test]
fn a_clean_history_is_clean_and_everything_in_it_is_counted() {
    let findings = Case::clean().judge();
    assert_eq!(findings.breaches(), Vec::<&Breach>::new());
    let expected = Checked {
        answers: 4,
        wins: 1,
        refusals: 1,
        pushes: 5,
        syncs: 2,
        boards: 1,
        records: 3,
    };
    assert_eq!(findings.counts, expected);
}

#[test]
fn a_log_that_lost_its_last_record_breaks_every_promise_that_rested_on_it() {
    let mut case = Case::clean();
    case.history.truncate(2);
    case.finds(
        &[
            BreachKind::LostWin,
            BreachKind::UnjustifiedRefusal,
            BreachKind::UndonePush,
            BreachKind::WrongSync,
            BreachKind::WrongBoard,
            BreachKind::RewrittenRecord,
        ],
        "heard Won { slot: 0, sequence: 3, awarded_at_us: 5 } at 0.000020 s, but the log ends \
         with record 2",
    );
}

#[test]
fn a_win_whose_record_went_to_another_is_lost() {
    let mut case = Case::clean();
    let id = case.ask(B, accept(V1, won(2)));
    case.finds(&[BreachKind::LostWin], &id.to_string());
}

#[test]
fn a_win_that_the_log_has_under_another_request_was_forgotten() {
    let mut case = Case::clean();
    case.ask(A, accept(V0, won(3)));
    case.finds(&[BreachKind::ForgottenRequest], "no word of that request");
    // Unless the log says that the holder asked again.
    let mut case = Case::clean();
    let id = case.ask(A, accept(V0, won(3)));
    case.history.push(record(id, vec![Fact::Confirmed]));
    assert_eq!(case.judge().breaches_count(), 0);
}

#[test]
fn a_request_that_was_refused_and_done_was_forgotten() {
    let mut case = Case::clean();
    let refused = Some(Answer::Lost(RefusalCode::Filled));
    let id = case.ask(B, accept(V1, refused));
    case.history.push(record(id, vec![awarded(V1, "B")]));
    case.finds(&[BreachKind::ForgottenRequest], "record 4 is of");
}

#[test]
fn a_request_that_was_done_twice_was_forgotten() {
    let mut case = Case::clean();
    let id = ids().id(Actor::Officer(A), 0);
    let (vacancy, badge) = (key(V0), "A".to_owned());
    let back = Fact::Vacated {
        vacancy,
        slot: 0,
        badge,
        round: 2,
    };
    case.history.push(record(RequestId(9), vec![back]));
    case.history.push(record(id, vec![awarded(V0, "A")]));
    case.finds(&[BreachKind::ForgottenRequest], "carried out twice");
}

#[test]
fn an_acknowledged_publication_that_is_another_request_s_is_lost() {
    let mut case = Case::clean();
    case.desks[0].asks[1] = desk_ask(DeskAskWhat::Publish(V1), 1);
    case.finds(&[BreachKind::LostAcknowledgement], "to publish");
}

#[test]
fn an_acknowledged_release_that_the_log_does_not_have_is_lost() {
    let mut case = Case::clean();
    let release = OfficerAsk {
        what: OfficerAskWhat::Release,
        answer: Some(Answer::Done { sequence: 4 }),
        ..accept(V0, None)
    };
    case.ask(A, release);
    case.finds(&[BreachKind::LostAcknowledgement], "ends with record 3");
}

#[test]
fn a_refusal_needs_a_durable_reason() {
    for (code, asked) in [
        (RefusalCode::Filled, V1),
        (RefusalCode::Cancelled, V1),
        (RefusalCode::Overlaps, V1),
        (RefusalCode::NotOffered, V1),
        (RefusalCode::Unknown, V1),
        (RefusalCode::Expired, V0),
    ] {
        let mut case = Case::clean();
        case.ask(B, accept(asked, Some(Answer::Lost(code))));
        case.finds(&[BreachKind::UnjustifiedRefusal], &format!("{code:?}"));
    }
    // A holds V0, which overlaps V1.
    let mut case = Case::clean();
    let overlaps = Some(Answer::Lost(RefusalCode::Overlaps));
    case.ask(A, accept(V1, overlaps));
    assert_eq!(case.judge().breaches_count(), 0);
}

#[test]
fn a_publication_that_is_said_to_exist_already_was_forgotten_by_its_server() {
    let mut case = Case::clean();
    let refused = Some(Answer::Refused(RefusalCode::AlreadyExists));
    case.desks[0].asks[1].answer = refused;
    case.finds(
        &[BreachKind::ForgottenRequest, BreachKind::UnjustifiedRefusal],
        "AlreadyExists",
    );
}

#[test]
fn a_slot_that_is_given_twice_is_doubled() {
    let mut case = Case::clean();
    let id = case.ask(B, accept(V0, won(4)));
    case.history.push(record(id, vec![awarded(V0, "B")]));
    case.finds(&[BreachKind::DoubledSlot], "A holds it");
}

#[test]
fn an_officer_in_two_places_is_found() {
    let mut case = Case::clean();
    let id = case.ask(A, accept(V1, won(4)));
    case.history.push(record(id, vec![awarded(V1, "A")]));
    case.finds(&[BreachKind::OverlappingOfficer], "overlaps in time");
}

#[test]
fn a_push_of_what_never_was_is_found() {
    let mut case = Case::clean();
    let at = HeardWhat::Unassigned(Unassignment::Released);
    case.officers[0].heard.push(heard(70, 3, V0, at));
    case.finds(&[BreachKind::UndonePush], "Unassigned(Released)");
    let mut case = Case::clean();
    case.officers[1].heard.push(heard(70, 4, V1, offered(2)));
    case.finds(&[BreachKind::UndonePush], "ends with record 3");
    let mut case = Case::clean();
    case.desks[0].seen.push(seen(4, SeenWhat::Cancelled));
    case.finds(&[BreachKind::UndonePush], "the desk of chandler saw");
}

#[test]
fn a_state_that_is_not_that_of_its_place_is_found() {
    // B is told the slot of A.
    let mut case = Case::clean();
    let place = case.officers[1].heard.len() - 2;
    case.officers[1]
        .heard
        .insert(place, heard(61, 3, V0, ASSIGNED));
    case.finds(&[BreachKind::WrongSync], "B was told");
    // A is not told of the slot.
    let mut case = Case::clean();
    let mentions = |heard: &Heard| heard.at_us == 61 && heard.vacancy == V0;
    case.officers[0].heard.retain(|heard| !mentions(heard));
    case.finds(
        &[BreachKind::WrongSync],
        "they hold nothing, but by the log",
    );
    // B is offered what is filled.
    let mut case = Case::clean();
    let place = case.officers[1].heard.len() - 1;
    case.officers[1]
        .heard
        .insert(place, heard(61, 3, V0, offered(1)));
    case.finds(&[BreachKind::WrongSync], "is open, but by the log");
    // A server that was started on three records shows the state of two.
    let mut case = Case::clean();
    let book = &mut case.officers[1].heard;
    book.last_mut().unwrap().sequence = 2;
    case.finds(&[BreachKind::WrongSync], "on a log of 3 records");
}

#[test]
fn a_state_sync_that_broke_off_is_not_judged() {
    let mut case = Case::clean();
    let book = &mut case.officers[0].heard;
    let last = book.pop().unwrap();
    book.retain(|heard| heard.at_us != 61);
    book.push(heard(61, 0, VacancyNo::NONE, HeardWhat::Down));
    assert_eq!(last.what, HeardWhat::Synced);
    let findings = case.judge();
    assert_eq!((findings.breaches_count(), findings.counts.syncs), (0, 1));
}

#[test]
fn a_board_that_never_was_is_found() {
    for (vacancy, shown) in [
        (0, row(V0, Standing::Filled, Some("B"))),
        (0, row(V0, Standing::Open, None)),
        (1, row(V1, Standing::Cancelled, None)),
        (1, row(VacancyNo(7), Standing::Open, None)),
    ] {
        let mut case = Case::clean();
        case.boards[0].rows[vacancy] = shown;
        case.finds(&[BreachKind::WrongBoard], "is the state at no place");
    }
    let mut case = Case::clean();
    case.boards[0].rows.pop();
    case.finds(&[BreachKind::WrongBoard], "is the state at no place");
}

#[test]
fn a_board_may_show_any_later_place_but_no_earlier_one() {
    let without_award = vec![row(V0, Standing::Open, None), row(V1, Standing::Open, None)];
    let mut case = Case::clean();
    case.boards[0].rows = without_award;
    case.finds(&[BreachKind::WrongBoard], "started on 3 records");
    case.boards[0].from = 2;
    assert_eq!(case.judge().breaches_count(), 0);
}

#[test]
fn a_record_that_became_another_is_found() {
    let mut case = Case::clean();
    let mut before = History::default();
    for (sequence, record) in case.history.records() {
        before.push(Durable {
            fingerprint: record.fingerprint + u64::from(sequence == 2),
            ..record.clone()
        });
    }
    case.before = Some(before);
    case.finds(&[BreachKind::RewrittenRecord], "record 2 was of");
}
