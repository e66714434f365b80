//! Small made-up histories, right and wrong, on which the fast checker and the search must agree.

use engine::core::Refusal;
use loadgen::seed::SplitMix64;

use super::call::{Answer, Award, Call, Op};
use super::floor::Desk;
use super::record::Workload;

/// How far, at most, an operation begins before and ends after the moment it takes effect; the
/// moments of two operations that follow each other are [`STEP`] apart.
const SPREAD: u64 = 35;
const STEP: u64 = 10;
/// Operations of one history.
const CALLS: (u64, u64) = (5, 10);

/// The people and vacancies of these histories.
const SMALL: Workload = Workload {
    threads: 1,
    calls_per_thread: 0,
    officers: 2,
    sergeants: 1,
    vacancies: 2,
};

/// A history that somebody could have recorded, and, mostly, something wrong with it.
pub(crate) fn small_history(seed: u64) -> (Desk, Vec<Call>) {
    let mut dice = SplitMix64::new(seed);
    let (floor, publications) = SMALL.floor();
    let mut desk = Desk::new(floor, 0);
    for (request, op) in (1_000..).zip(publications) {
        desk.answer(request, op);
    }
    let start = Desk::new(desk.floor.clone(), desk.last);
    desk = start.clone();
    let mut moments = Vec::new();
    let mut calls: Vec<Call> = Vec::new();
    for number in 0..dice.between(CALLS.0, CALLS.1) {
        let (request, op) = choose(&calls, number, &mut dice);
        let answer = desk.answer(request, op);
        let effect = SPREAD + number * STEP;
        let place = calls.len();
        moments.push((effect - dice.below(SPREAD), false, place));
        moments.push((effect + dice.below(SPREAD), true, place));
        calls.push(Call {
            thread: place,
            request,
            op,
            invoked: 0,
            answered: 0,
            answer,
        });
    }
    // Ranks instead of moments, so that no two are the same; what begins goes first.
    moments.sort_unstable();
    for (rank, (_, ends, place)) in (0..).zip(moments) {
        match ends {
            false => calls[place].invoked = rank,
            true => calls[place].answered = rank,
        }
    }
    if dice.chance(700) {
        spoil(&mut calls, &mut dice);
    }
    (start, calls)
}

fn choose(calls: &[Call], number: u64, dice: &mut SplitMix64) -> (u64, Op) {
    if !calls.is_empty() && dice.chance(250) {
        let again = &calls[dice.below(calls.len() as u64) as usize];
        let other = random_op(dice);
        return match dice.chance(200) && other.asker() == again.op.asker() {
            true => (again.request, other),
            false => (again.request, again.op),
        };
    }
    (number, random_op(dice))
}

fn random_op(dice: &mut SplitMix64) -> Op {
    let officer = dice.below(3) as u32;
    let vacancy = dice.below(2) as u32;
    let round = dice.between(1, 2) as u32;
    match dice.pick(&[50, 8, 20, 8, 8, 3, 3]) {
        0 => Op::Accept {
            officer,
            vacancy,
            round,
        },
        1 => Op::Decline {
            officer,
            vacancy,
            round,
        },
        2 => Op::Release { officer, vacancy },
        3 => Op::Recall { officer, vacancy },
        4 => Op::Cancel { vacancy },
        5 => Op::Suspend { officer },
        _ => Op::Reinstate { officer },
    }
}

/// Does something to a history that is wrong more often than not.
fn spoil(calls: &mut Vec<Call>, dice: &mut SplitMix64) {
    let place = |dice: &mut SplitMix64| dice.below(calls.len() as u64) as usize;
    let (one, other) = (place(dice), place(dice));
    match dice.below(6) {
        0 => calls[one].answer = calls[other].answer.clone(),
        1 => calls[one].answer = made_up(&calls[one], dice),
        2 => {
            let answer = calls[one].answer.clone();
            calls[one].answer = std::mem::replace(&mut calls[other].answer, answer);
        }
        3 => {
            calls.remove(one);
        }
        4 => {
            let times = (calls[one].invoked, calls[one].answered);
            (calls[one].invoked, calls[one].answered) =
                (calls[other].invoked, calls[other].answered);
            (calls[other].invoked, calls[other].answered) = times;
        }
        _ => match &mut calls[one].answer {
            Answer::Won(Award { slot, .. }) => *slot ^= 1,
            Answer::Done { sequence } => *sequence += 1,
            Answer::Refused { refusal, .. } => *refusal = Refusal::Filled,
        },
    }
}

fn made_up(call: &Call, dice: &mut SplitMix64) -> Answer {
    let sequence = dice.between(3, 14);
    match (call.op, dice.below(4)) {
        (Op::Accept { vacancy, .. }, 0) => Answer::Won(Award {
            vacancy,
            slot: 0,
            place: 1,
            sequence,
        }),
        (_, 0) => Answer::Done { sequence },
        (_, 1) => Answer::refused(Refusal::Filled),
        (_, 2) => Answer::refused(Refusal::NotHolder),
        _ => Answer::refused(Refusal::Cancelled),
    }
}
