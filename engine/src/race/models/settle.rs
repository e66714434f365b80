//! The whole way: gate, line, an engine thread with the product's core, and answers.
//!
//! The engine thread is a short one: it drains, decides and applies, "syncs" by noting what is
//! durable, shows the gates and answers. Under shuttle everybody asks twice under one request id, as
//! they do whose first reply was lost; under loom they come to the gate twice.

use std::sync::Arc;
use std::time::Duration;

use super::explore::{Model, Seen, join, spawn};
use super::world::{VACANCIES, accept, offered, settle_one};
use crate::core::{Actor, Answer, Command, Event, Record, Refusal, Reply, Stamp, State};
use crate::model::{OfficerId, Timestamp, VacancyId};
use crate::race::gate::{Admission, Gates};
use crate::race::line::{Entry, Line};
use crate::race::sync::explorer::sync::Mutex;
use crate::race::sync::explorer::sync::atomic::AtomicUsize;
use crate::race::sync::{Bell, Ordering};

/// What the threads share.
struct Stage {
    gates: Gates,
    line: Line<Intention>,
    /// When each vacancy was filled, as far as it is durable; 0 if it is not.
    durable: [AtomicUsize; VACANCIES.len()],
    /// Planted: who has each slot, for those who take it themselves.
    slots: [AtomicUsize; VACANCIES.len()],
}

struct Intention {
    /// None if the one who leaves had no need to ask.
    question: Option<(Command, Arc<Said>)>,
    /// Whether nothing more comes from there.
    is_last: bool,
}

/// An answer and the bell of the one who waits for it.
#[derive(Default)]
struct Said {
    reply: Mutex<Option<Reply>>,
    bell: Bell,
}

/// What an officer heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Won,
    FilledAtTheGate,
    FilledInLine,
    Overlaps,
}

/// In which order the engine thread makes a batch known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    SyncShowTell,
    /// Planted.
    ShowSyncTell,
    /// Planted.
    TellSyncShow,
}

/// Who asked for what, and heard what at first and again.
type Story = (OfficerId, VacancyId, Heard, Heard);

type Ask = fn(&Stage, OfficerId, VacancyId, bool) -> Heard;

impl Stage {
    fn new() -> Stage {
        let stage = Stage {
            gates: Gates::new(),
            line: Line::new(64),
            durable: [AtomicUsize::new(0), AtomicUsize::new(0)],
            slots: [AtomicUsize::new(0), AtomicUsize::new(0)],
        };
        for (id, row) in offered().vacancies().iter() {
            stage.gates.show(id, row);
        }
        stage
    }

    fn durably_filled_at(&self, vacancy: VacancyId) -> i64 {
        self.durable[vacancy.index()].load(Ordering::Relaxed) as i64
    }

    fn enter(&self, question: Option<(Command, Arc<Said>)>, is_last: bool) {
        let entry = self.line.enter(Intention { question, is_last });
        assert!(matches!(entry, Entry::InLine), "there is room");
    }

    /// Comes to the gate.
    fn look(&self, officer: OfficerId, vacancy: VacancyId) -> Admission {
        let admission = self.gates.admit(vacancy, 1, officer);
        if let Admission::Filled { filled_at, .. } = admission {
            let durable = Timestamp(self.durably_filled_at(vacancy));
            assert_eq!(filled_at, durable, "what is shown is durable");
        }
        admission
    }

    /// Asks as `Engine::submit` does, and waits for the answer.
    fn ask(&self, officer: OfficerId, vacancy: VacancyId, is_last: bool) -> Heard {
        if self.look(officer, vacancy) != Admission::Enter {
            if is_last {
                self.enter(None, true);
            }
            return Heard::FilledAtTheGate;
        }
        let said = Arc::<Said>::default();
        let question = (accept(officer, vacancy), Arc::clone(&said));
        self.enter(Some(question), is_last);
        let reply = loop {
            if let Some(reply) = said.reply.lock().unwrap().take() {
                break reply;
            }
            said.bell.wait(Duration::MAX);
        };
        let (heard, rests_on) = match reply {
            Ok(Answer::Won(receipt)) => (Heard::Won, receipt.vacancy),
            Err(refused) if refused.refusal == Refusal::Filled => (Heard::FilledInLine, vacancy),
            Err(_) => (Heard::Overlaps, VACANCIES[1 - vacancy.index()]),
            Ok(other) => unreachable!("no answer to an accept: {other:?}"),
        };
        assert_ne!(
            self.durably_filled_at(rests_on),
            0,
            "what is told is durable"
        );
        heard
    }

    /// Planted: looks whether the slot is free and takes it, without the line.
    fn help_oneself(&self, officer: OfficerId, vacancy: VacancyId, is_last: bool) -> Heard {
        let slot = &self.slots[vacancy.index()];
        let who = officer.index() + 1;
        let holder = slot.load(Ordering::SeqCst);
        if holder == 0 {
            slot.store(who, Ordering::SeqCst);
        }
        if is_last {
            self.enter(None, true);
        }
        match holder {
            0 => Heard::Won,
            _ if holder == who => Heard::Won,
            _ => Heard::FilledInLine,
        }
    }

    /// The engine thread: settles until `takers` have left.
    fn run(&self, takers: usize, order: Order) -> State {
        let mut state = offered();
        let (mut taken, mut left) = (Vec::new(), 0);
        while left < takers {
            self.line.drain_into(&mut taken);
            if taken.is_empty() {
                self.line.wait(None);
                continue;
            }
            let at = state.at().plus_ms(1);
            let (mut records, mut answers) = (Vec::new(), Vec::new());
            for intention in taken.drain(..) {
                left += usize::from(intention.is_last);
                let Some((command, said)) = intention.question else {
                    continue;
                };
                let (vacancy, _) = command.body.accepted().expect("only accepts are asked");
                let place = self.gates.next_place(vacancy);
                let (reply, record) = settle_one(&mut state, &command, Stamp { at, place });
                records.extend(record);
                answers.push((said, reply));
            }
            match order {
                Order::SyncShowTell => {
                    self.sync(&state);
                    self.show(&state, &records);
                    tell(answers);
                }
                Order::ShowSyncTell => {
                    self.show(&state, &records);
                    self.sync(&state);
                    tell(answers);
                }
                Order::TellSyncShow => {
                    tell(answers);
                    self.sync(&state);
                    self.show(&state, &records);
                }
            }
        }
        state
    }

    fn holders(&self, state: &State, vacancy: VacancyId) -> Vec<OfficerId> {
        if let Some(who) = self.slots[vacancy.index()]
            .load(Ordering::SeqCst)
            .checked_sub(1)
        {
            return vec![OfficerId(who as u32)];
        }
        let row = state.vacancy(vacancy).expect("it was published");
        row.holders().map(|holder| holder.officer).collect()
    }

    fn sync(&self, state: &State) {
        for (id, row) in state.vacancies().iter() {
            let filled_at = row.filled_at.map_or(0, Timestamp::as_micros);
            // Relaxed: that it is seen follows from what is shown and told after it.
            self.durable[id.index()].store(filled_at as usize, Ordering::Relaxed);
        }
    }

    fn show(&self, state: &State, records: &[Record]) {
        for record in records {
            if let (Actor::Officer(officer), [Event::Refused(_), ..]) = (record.by, &*record.events)
            {
                self.gates.note_answer(officer);
            }
        }
        for id in records
            .iter()
            .flat_map(|record| &record.events)
            .filter_map(Event::vacancy)
        {
            self.gates
                .show(id, state.vacancy(id).expect("it was settled"));
        }
    }
}

fn tell(answers: Vec<(Arc<Said>, Reply)>) {
    for (said, reply) in answers {
        *said.reply.lock().unwrap() = Some(reply);
        said.bell.ring();
    }
}

/// How often an officer asks and waits under one request id. Loom would be at it for hours with two.
const ASKS: usize = if cfg!(loom) { 1 } else { 2 };

/// Each of `takers` asks for the vacancies named, one after the other.
fn they_race(
    takers: &'static [(u32, &'static [VacancyId])],
    order: Order,
    ask: Ask,
) -> impl Fn(&Seen) {
    move |seen| {
        let stage = Arc::new(Stage::new());
        let threads = takers.iter().map(|&(officer, vacancies)| {
            let stage = Arc::clone(&stage);
            spawn(move || {
                let officer = OfficerId(officer);
                let last = vacancies.len() - 1;
                let asked = vacancies.iter().enumerate().map(|(turn, &vacancy)| {
                    let is_last = turn == last;
                    let first = ask(&stage, officer, vacancy, is_last && ASKS == 1);
                    let again = match ASKS {
                        1 => first,
                        _ => ask(&stage, officer, vacancy, is_last),
                    };
                    (officer, vacancy, first, again)
                });
                asked.collect::<Vec<_>>()
            })
        });
        let threads: Vec<_> = threads.collect();
        let state = stage.run(takers.len(), order);
        let heard: Vec<_> = join(threads).into_iter().flatten().collect();
        judge(seen, &stage, &state, &heard);
    }
}

/// One winner for each slot, nobody in two places at once, and everybody heard what is so.
fn judge(seen: &Seen, stage: &Stage, state: &State, heard: &[Story]) {
    for vacancy in VACANCIES {
        let of_vacancy = heard.iter().filter(|&&(_, of, ..)| of == vacancy);
        let won = of_vacancy
            .clone()
            .filter(|&&(.., first, _)| first == Heard::Won);
        let winners: Vec<_> = won.map(|&(officer, ..)| officer).collect();
        // Nobody has to win what those who asked had no time for.
        let least = of_vacancy
            .filter(|&&(.., first, _)| first != Heard::Overlaps)
            .count()
            .min(1);
        assert!(
            (least..=1).contains(&winners.len()),
            "a slot has one winner: {heard:?}"
        );
        assert_eq!(
            stage.holders(state, vacancy),
            winners,
            "who heard Won holds it"
        );
    }
    for &(.., first, again) in heard {
        assert_eq!(
            first == Heard::Won,
            again == Heard::Won,
            "asked again: the same"
        );
    }
    let won_twice = |officer| {
        let won = |vacancy| heard.contains(&(officer, vacancy, Heard::Won, Heard::Won));
        VACANCIES.into_iter().all(won)
    };
    assert!(
        !heard.iter().any(|&(officer, ..)| won_twice(officer)),
        "nobody wins two that overlap"
    );
    for heard in heard
        .iter()
        .flat_map(|&(_, _, first, again)| [first, again].into_iter().take(ASKS))
    {
        seen.note(match heard {
            Heard::Won => "won",
            Heard::FilledAtTheGate => "turned away at the gate",
            Heard::FilledInLine => "refused in line",
            Heard::Overlaps => "refused as overlapping",
        });
    }
}

/// Each of `takers` officers asks for one slot and, without waiting for the answer, comes to the
/// gate once more. This keeps the threads short enough for loom.
#[cfg(loom)]
fn they_look_again(takers: u32, order: Order) -> impl Fn(&Seen) {
    move |seen| {
        let stage = Arc::new(Stage::new());
        let vacancy = VACANCIES[0];
        let threads = (0..takers).map(OfficerId).map(|officer| {
            let stage = Arc::clone(&stage);
            spawn(move || {
                let said = Arc::<Said>::default();
                let question = (accept(officer, vacancy), Arc::clone(&said));
                let first = stage.look(officer, vacancy);
                stage.enter((first == Admission::Enter).then_some(question), true);
                let again = stage.look(officer, vacancy);
                let turned_away = [first, again].iter().any(|&look| look != Admission::Enter);
                (turned_away, said)
            })
        });
        let threads: Vec<_> = threads.collect();
        stage.run(takers as usize, order);
        let mut winners = 0;
        for (turned_away, said) in join(threads) {
            let reply = said.reply.lock().unwrap().take();
            let has_won = matches!(reply, Some(Ok(Answer::Won(_))));
            winners += u32::from(has_won);
            assert!(
                !(has_won && turned_away),
                "a winner is never told that it is filled"
            );
            seen.note(match (has_won, turned_away) {
                (true, _) => "won",
                (false, true) => "turned away at the gate",
                (false, false) => "refused in line",
            });
        }
        assert_eq!(winners, 1, "a slot has one winner");
    }
}

/// Two officers and one slot.
const PAIR: &[(u32, &[VacancyId])] = &[(0, ONE), (1, ONE)];

const ONE: &[VacancyId] = &[VACANCIES[0]];
#[cfg(shuttle)]
const OTHER: &[VacancyId] = &[VACANCIES[1]];

/// One officer who waits for each answer.
#[cfg(loom)]
const TAKERS: &[(u32, &[VacancyId])] = &[(0, ONE)];

/// Officer 0 asks for both from two devices, officers 2 and 3 for one after the other.
#[cfg(shuttle)]
const TAKERS: &[(u32, &[VacancyId])] = &[
    (0, ONE),
    (0, OTHER),
    (1, ONE),
    (1, OTHER),
    (2, &[VACANCIES[0], VACANCIES[1]]),
    (3, &[VACANCIES[1], VACANCIES[0]]),
    (4, ONE),
    (5, OTHER),
];

#[cfg(loom)]
const SETTLING: Model = Model {
    name: "one taker who waits, gate, line and engine thread",
    preemptions_max: None,
    reaches: &["won"],
};

#[cfg(shuttle)]
const SETTLING: Model = Model {
    name: "takers, gate, line and engine thread",
    preemptions_max: None,
    reaches: &[
        "won",
        "turned away at the gate",
        "refused in line",
        "refused as overlapping",
    ],
};

#[cfg(loom)]
const LOOKING: Model = Model {
    name: "two takers, gate, line and engine thread",
    preemptions_max: Some(2),
    reaches: &["won", "turned away at the gate", "refused in line"],
};

#[test]
fn one_wins_everybody_else_hears_filled_and_nobody_before_the_sync() {
    SETTLING.holds(they_race(TAKERS, Order::SyncShowTell, Stage::ask));
}

#[cfg(loom)]
#[test]
fn of_two_who_wait_one_wins() {
    let model = Model {
        name: "two takers who wait, gate, line and engine thread",
        preemptions_max: Some(1),
        ..LOOKING
    };
    model.holds(they_race(PAIR, Order::SyncShowTell, Stage::ask));
}

#[cfg(loom)]
#[test]
fn of_two_that_overlap_one_is_won() {
    const DEVICES: &[(u32, &[VacancyId])] = &[(0, ONE), (0, &[VACANCIES[1]])];
    let model = Model {
        name: "one officer, two devices, two vacancies that overlap",
        preemptions_max: Some(1),
        reaches: &["won", "refused as overlapping"],
    };
    model.holds(they_race(DEVICES, Order::SyncShowTell, Stage::ask));
}

#[cfg(loom)]
#[test]
fn of_two_takers_one_wins_and_is_never_turned_away() {
    LOOKING.holds(they_look_again(2, Order::SyncShowTell));
}

#[cfg(loom)]
#[test]
fn of_three_takers_one_wins_and_is_never_turned_away() {
    let model = Model {
        name: "three takers, gate, line and engine thread",
        preemptions_max: Some(0),
        ..LOOKING
    };
    model.holds(they_look_again(3, Order::SyncShowTell));
}

#[cfg(loom)]
#[test]
fn a_gate_shown_before_the_sync_is_found_by_two() {
    LOOKING.finds(
        "gates are shown before the sync",
        "what is shown is durable",
        they_look_again(2, Order::ShowSyncTell),
    );
}

#[cfg(shuttle)]
#[test]
fn a_gate_shown_before_the_sync_is_found() {
    SETTLING.finds(
        "gates are shown before the sync",
        "what is shown is durable",
        they_race(TAKERS, Order::ShowSyncTell, Stage::ask),
    );
}

#[test]
fn an_answer_told_before_the_sync_is_found() {
    SETTLING.finds(
        "answers are told before the sync",
        "what is told is durable",
        they_race(TAKERS, Order::TellSyncShow, Stage::ask),
    );
}

#[test]
fn a_slot_that_everybody_takes_for_themselves_is_found() {
    SETTLING.finds(
        "whoever finds the slot free takes it, without the line",
        "a slot has one winner",
        they_race(PAIR, Order::SyncShowTell, Stage::help_oneself),
    );
}
