//! One simulated officer: hears, decides, writes everything down.

use std::sync::atomic::Ordering;

use protocol::session::{Event, Standing as Stood};
use protocol::{Ask, News, Offer, Outcome, RequestId};

use super::{Act, Deed, DeskAct, Handover, Intent, Stage};
use crate::behaviour::{Behaviour, Decision, Temptation};
use crate::ledger::{
    Actor, Answer, Heard, HeardWhat, OfficerAsk, OfficerAskWhat, OfficerBook, VacancyNo,
};
use crate::live::Live;
use crate::seed::{SplitMix64, derive_nth};

/// A simulated officer.
#[derive(Debug)]
pub(crate) struct Officer {
    place: u32,
    seed: u64,
    behaviour: Behaviour,
    book: OfficerBook,
    /// What was offered, by vacancy, ascending.
    offers: Vec<Offered>,
    /// What is held, as far as the officer knows.
    holds: Vec<VacancyNo>,
    /// Accepts and declines without an answer.
    outstanding: u8,
    wins: u32,
    lapse: Option<Lapse>,
    is_up: bool,
    /// When the last sync was complete.
    synced_us: Option<u64>,
}

/// The latest offer of one vacancy.
#[derive(Debug, Clone, Copy)]
struct Offered {
    vacancy: VacancyNo,
    round: u32,
    stands: bool,
}

/// A certificate that lapses between the offer of this vacancy and the officer's accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lapse {
    pub(crate) vacancy: VacancyNo,
    /// The desk that revokes.
    pub(crate) desk: u32,
    pub(crate) certification: String,
}

/// What an officer means to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfficerAct {
    /// Takes an offer if it still stands, and maybe cuts the connection a moment later.
    Accept {
        vacancy: VacancyNo,
        round: u32,
        cut: bool,
    },
    /// Takes an offer whether or not it stands.
    AcceptRegardless { vacancy: VacancyNo, round: u32 },
    /// Turns an offer down if it still stands.
    Decline { vacancy: VacancyNo, round: u32 },
    /// Gives a slot back.
    Release { vacancy: VacancyNo },
    /// Repeats the ask of this place under its old id.
    Again { ask: usize },
    /// Cuts the connection.
    Cut,
    /// Leaves unread what is sent from here on.
    StopReading,
    /// Reads again.
    ReadAgain,
}

/// The longest time between an accept and the cut that follows it, in microseconds: sometimes
/// before the request leaves, sometimes after the answer was sent.
const CUT_WITHIN_US: u64 = 4_000;

impl Officer {
    pub(crate) fn new(place: u32, badge: String, behaviour: Behaviour, seed: u64) -> Officer {
        Officer {
            place,
            seed,
            behaviour,
            book: OfficerBook::new(badge),
            offers: Vec::new(),
            holds: Vec::new(),
            outstanding: 0,
            wins: 0,
            lapse: None,
            is_up: false,
            synced_us: None,
        }
    }

    /// Lets a certificate lapse once the officer has been offered a certain vacancy.
    pub(crate) fn lapse_on(&mut self, lapse: Lapse) {
        self.lapse = Some(lapse);
    }

    /// Whether the occasion for a planned lapse never came.
    pub(crate) fn has_a_lapse_left(&self) -> bool {
        self.lapse.is_some()
    }

    /// Whether a first sync is complete.
    pub(crate) fn has_arrived(&self) -> bool {
        self.synced_us.is_some()
    }

    /// When the last sync was complete, in microseconds of the run.
    pub(crate) fn synced_us(&self) -> Option<u64> {
        self.synced_us
    }

    /// What has been written down so far.
    pub(crate) fn book(&self) -> &OfficerBook {
        &self.book
    }

    /// Takes the book, leaving an empty one.
    pub(crate) fn take_book(&mut self) -> OfficerBook {
        std::mem::take(&mut self.book)
    }

    /// Takes what the session learned; says whether it finally answered a request.
    pub(crate) fn hear(
        &mut self,
        stage: &Stage,
        event: &Event,
        at_us: u64,
        intend: &mut dyn FnMut(Intent),
    ) -> bool {
        let live = &*stage.live;
        match event {
            Event::Up(welcome) => {
                if self.synced_us.is_some() {
                    live.reconnects.fetch_add(1, Ordering::Relaxed);
                }
                if !self.is_up {
                    live.sessions_up.fetch_add(1, Ordering::Relaxed);
                }
                self.is_up = true;
                let resumed = welcome.resumed;
                self.note(at_us, VacancyNo::NONE, HeardWhat::Up { resumed });
            }
            Event::Synced(cursor) => {
                self.synced_us = Some(at_us);
                self.book.heard.push(Heard {
                    at_us,
                    sequence: cursor.sequence,
                    step: cursor.step,
                    vacancy: VacancyNo::NONE,
                    what: HeardWhat::Synced,
                });
            }
            Event::Down { .. } => {
                if self.is_up {
                    live.sessions_up.fetch_sub(1, Ordering::Relaxed);
                    self.note(at_us, VacancyNo::NONE, HeardWhat::Down);
                }
                self.is_up = false;
            }
            Event::Gone { vacancy, standing } => {
                if let Some(vacancy) = stage.number(*vacancy) {
                    self.note(at_us, vacancy, HeardWhat::Gone);
                    match standing {
                        Stood::Offer => self.withdraw(vacancy),
                        Stood::Assignment => self.holds.retain(|held| *held != vacancy),
                    }
                }
            }
            Event::News(push) => {
                live.pushes.fetch_add(1, Ordering::Relaxed);
                self.take_news(stage, push, at_us, intend);
            }
            Event::Answered { id, outcome } => {
                return self.take_answer(stage, *id, outcome, at_us, intend);
            }
        }
        false
    }

    /// Does what was intended for `intended_us`.
    pub(crate) fn act(
        &mut self,
        stage: &Stage,
        act: OfficerAct,
        intended_us: u64,
        now_us: u64,
        intend: &mut dyn FnMut(Intent),
    ) -> Deed {
        let (what, vacancy, round) = match act {
            OfficerAct::Accept {
                vacancy,
                round,
                cut,
            } => {
                if !self.stands(vacancy, round) {
                    return Deed::Nothing;
                }
                if !self.has_room() {
                    self.book.withheld += 1;
                    return Deed::Nothing;
                }
                if cut {
                    let mut dice = SplitMix64::new(derive_nth(self.seed, intended_us));
                    let at_us = now_us + dice.below(CUT_WITHIN_US);
                    let act = Act::Officer(self.place, OfficerAct::Cut);
                    intend(Intent { at_us, act });
                }
                (OfficerAskWhat::Accept, vacancy, round)
            }
            OfficerAct::AcceptRegardless { vacancy, round } => {
                (OfficerAskWhat::Accept, vacancy, round)
            }
            OfficerAct::Decline { vacancy, round } => {
                // Unsaid if there is no room: nobody is owed a no.
                if !self.stands(vacancy, round) || !self.has_room() {
                    return Deed::Nothing;
                }
                (OfficerAskWhat::Decline, vacancy, round)
            }
            OfficerAct::Release { vacancy } => {
                if !self.holds.contains(&vacancy) {
                    return Deed::Nothing;
                }
                (OfficerAskWhat::Release, vacancy, 0)
            }
            OfficerAct::Again { ask } => return self.hand_over(stage, ask),
            OfficerAct::Cut => return self.cut(stage, now_us),
            OfficerAct::StopReading => {
                self.note(now_us, VacancyNo::NONE, HeardWhat::StoppedReading);
                return Deed::Read(false);
            }
            OfficerAct::ReadAgain => return Deed::Read(true),
        };
        self.outstanding = self.outstanding.saturating_add(is_bounded(what).into());
        if what == OfficerAskWhat::Accept {
            stage.live.accepts.fetch_add(1, Ordering::Relaxed);
        }
        self.book.asks.push(OfficerAsk {
            vacancy,
            round,
            what,
            intended_us,
            sent_us: now_us,
            answered_us: 0,
            answer: None,
            busy: 0,
            interrupted: false,
        });
        self.hand_over(stage, self.book.asks.len() - 1)
    }

    fn hand_over(&self, stage: &Stage, place: usize) -> Deed {
        let asked = &self.book.asks[place];
        let vacancy = stage.facts[asked.vacancy.index()].key;
        let round = asked.round;
        Deed::Ask(Handover {
            id: stage.ids.id(Actor::Officer(self.place), place),
            place,
            ask: match asked.what {
                OfficerAskWhat::Accept => Ask::Accept { vacancy, round },
                OfficerAskWhat::Decline => Ask::Decline { vacancy, round },
                OfficerAskWhat::Release => Ask::Release { vacancy },
            },
        })
    }

    fn cut(&mut self, stage: &Stage, now_us: u64) -> Deed {
        if !self.is_up {
            return Deed::Nothing;
        }
        stage.live.connections_cut.fetch_add(1, Ordering::Relaxed);
        self.book.interrupt();
        self.note(now_us, VacancyNo::NONE, HeardWhat::Dropped);
        Deed::Cut
    }

    fn take_news(
        &mut self,
        stage: &Stage,
        push: &protocol::Push,
        at_us: u64,
        intend: &mut dyn FnMut(Intent),
    ) {
        let (key, what) = match &push.news {
            News::Offered(offer) => {
                let what = HeardWhat::Offered {
                    round: offer.round,
                    tier: offer.tier,
                    offered_at_us: offer.offered_at_us,
                };
                (offer.vacancy, what)
            }
            News::Withdrawn { vacancy, because } => (*vacancy, HeardWhat::Withdrawn(*because)),
            News::Assigned(assignment) => {
                let receipt = &assignment.receipt;
                let what = HeardWhat::Assigned {
                    slot: receipt.slot,
                    awarded: receipt.sequence,
                };
                (receipt.vacancy, what)
            }
            News::Unassigned { vacancy, because } => (*vacancy, HeardWhat::Unassigned(*because)),
            News::Overlapped { vacancies, .. } => {
                for vacancy in vacancies.iter().filter_map(|key| stage.number(*key)) {
                    self.book.heard.push(Heard {
                        at_us,
                        sequence: push.cursor.sequence,
                        step: push.cursor.step,
                        vacancy,
                        what: HeardWhat::Overlapped,
                    });
                    self.withdraw(vacancy);
                }
                return;
            }
            // No vacancy of a storm is on terms.
            News::Flagged { .. }
            | News::Happened(_)
            | News::Amended(_)
            | News::ReadOrders(_)
            | News::Attendance(_)
            | News::Noted { .. }
            | News::Said { .. }
            | News::Attributes(_)
            | News::Missed(_)
            | News::Kept { .. }
            | News::WaitEnded { .. }
            | News::Passed { .. } => return,
        };
        // What others published is none of the ledger's business, and nobody here answers it.
        let Some(vacancy) = stage.number(key) else {
            return;
        };
        self.book.heard.push(Heard {
            at_us,
            sequence: push.cursor.sequence,
            step: push.cursor.step,
            vacancy,
            what,
        });
        match what {
            HeardWhat::Withdrawn(_) => self.withdraw(vacancy),
            HeardWhat::Assigned { .. } => {
                self.withdraw(vacancy);
                self.hold(vacancy);
            }
            HeardWhat::Unassigned(_) => self.holds.retain(|held| *held != vacancy),
            _ => {}
        }
        if let News::Offered(offer) = &push.news {
            stage.live.offers.fetch_add(1, Ordering::Relaxed);
            self.take_offer(stage, vacancy, offer, at_us, intend);
        }
    }

    fn take_offer(
        &mut self,
        stage: &Stage,
        vacancy: VacancyNo,
        offer: &Offer,
        at_us: u64,
        intend: &mut dyn FnMut(Intent),
    ) {
        let round = offer.round;
        let offered = Offered {
            vacancy,
            round,
            stands: true,
        };
        let known = self
            .offers
            .binary_search_by_key(&vacancy, |one| one.vacancy);
        match known {
            // A state sync says again what was offered; the officer has made up their mind.
            Ok(at) if self.offers[at].round >= round => {
                self.offers[at].stands |= self.offers[at].round == round;
                return;
            }
            Ok(at) => self.offers[at] = offered,
            Err(at) => self.offers.insert(at, offered),
        }
        let mut intend = |at_us, act| intend(Intent { at_us, act });
        if self
            .lapse
            .as_ref()
            .is_some_and(|lapse| lapse.vacancy == vacancy)
            && let Some(lapse) = self.lapse.take()
        {
            let act = DeskAct::Lapse {
                officer: self.place,
                badge: self.book.badge.clone(),
                vacancy,
                round,
                certification: lapse.certification,
            };
            return intend(at_us, Act::Desk(lapse.desk, act));
        }
        let temptation = Temptation {
            vacancy: vacancy.0,
            round,
            tier: offer.tier,
            appeal_permille: stage.appeal_permille[vacancy.index()],
            engaged: self.is_engaged(stage, vacancy),
        };
        let (after, act) = match self.behaviour.decide(self.seed, temptation) {
            Decision::Ignore => return,
            Decision::Decline { after } => (after, OfficerAct::Decline { vacancy, round }),
            Decision::Accept { after, cut } => {
                let act = OfficerAct::Accept {
                    vacancy,
                    round,
                    cut,
                };
                (after, act)
            }
        };
        intend(
            at_us + after.as_micros() as u64,
            Act::Officer(self.place, act),
        );
    }

    fn take_answer(
        &mut self,
        stage: &Stage,
        id: RequestId,
        outcome: &Outcome,
        at_us: u64,
        intend: &mut dyn FnMut(Intent),
    ) -> bool {
        let known = stage
            .ids
            .place(id)
            .filter(|&place| place < self.book.asks.len());
        let Some(place) = known else {
            return false;
        };
        let officer = self.place;
        let mut intend = |at_us, act| {
            let act = Act::Officer(officer, act);
            intend(Intent { at_us, act });
        };
        let Some(answer) = Answer::read(outcome) else {
            let ask = &mut self.book.asks[place];
            ask.busy = ask.busy.saturating_add(1);
            let vacancy = ask.vacancy;
            self.note(at_us, vacancy, HeardWhat::Busy);
            stage.live.busy.fetch_add(1, Ordering::Relaxed);
            intend(at_us + retry_us(outcome), OfficerAct::Again { ask: place });
            return false;
        };
        if !self.book.answered(place, answer, at_us) {
            return false;
        }
        let ask = self.book.asks[place];
        let live = &*stage.live;
        self.outstanding = self.outstanding.saturating_sub(is_bounded(ask.what).into());
        if ask.what == OfficerAskWhat::Accept && !ask.interrupted {
            live.settle_us.record(at_us.saturating_sub(ask.intended_us));
        }
        count(live, ask.what, answer);
        match (ask.what, answer) {
            (OfficerAskWhat::Accept, Answer::Won { .. }) => {
                self.hold(ask.vacancy);
                if let Some(after) = self.behaviour.regret(self.seed, self.wins) {
                    let vacancy = ask.vacancy;
                    let act = OfficerAct::Release { vacancy };
                    intend(at_us + after.as_micros() as u64, act);
                }
                self.wins += 1;
            }
            (OfficerAskWhat::Release, Answer::Done { .. }) => {
                self.holds.retain(|held| *held != ask.vacancy);
            }
            _ => {}
        }
        true
    }

    fn note(&mut self, at_us: u64, vacancy: VacancyNo, what: HeardWhat) {
        self.book.heard.push(Heard {
            at_us,
            sequence: 0,
            step: 0,
            vacancy,
            what,
        });
    }

    fn stands(&self, vacancy: VacancyNo, round: u32) -> bool {
        let known = self
            .offers
            .binary_search_by_key(&vacancy, |one| one.vacancy);
        known.is_ok_and(|at| self.offers[at].stands && self.offers[at].round == round)
    }

    fn withdraw(&mut self, vacancy: VacancyNo) {
        if let Ok(at) = self
            .offers
            .binary_search_by_key(&vacancy, |one| one.vacancy)
        {
            self.offers[at].stands = false;
        }
    }

    fn hold(&mut self, vacancy: VacancyNo) {
        if !self.holds.contains(&vacancy) {
            self.holds.push(vacancy);
        }
    }

    fn has_room(&self) -> bool {
        self.outstanding < self.behaviour.outstanding_max
    }

    fn is_engaged(&self, stage: &Stage, vacancy: VacancyNo) -> bool {
        let facts = &stage.facts[vacancy.index()];
        let mut held = self.holds.iter();
        held.any(|held| stage.facts[held.index()].overlaps(facts))
    }
}

/// Whether an officer has only so many of these outstanding at a time.
fn is_bounded(what: OfficerAskWhat) -> bool {
    matches!(what, OfficerAskWhat::Accept | OfficerAskWhat::Decline)
}

/// When to ask again, in microseconds, by an outcome that is not final.
pub(super) fn retry_us(outcome: &Outcome) -> u64 {
    /// What a server that cannot say is given before it is asked again.
    const UNAVAILABLE_RETRY_US: u64 = 200_000;
    match outcome {
        Outcome::Busy { retry_after_ms } => u64::from(*retry_after_ms) * 1_000,
        _ => UNAVAILABLE_RETRY_US,
    }
}

fn count(live: &Live, what: OfficerAskWhat, answer: Answer) {
    let counter = match (what, answer) {
        (_, Answer::Won { .. }) => &live.won,
        (_, Answer::Lost(_)) => &live.lost,
        (OfficerAskWhat::Release, Answer::Done { .. }) => &live.released,
        (_, Answer::Refused(_)) => &live.refused,
        (_, Answer::Done { .. } | Answer::Told) => return,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
#[path = "officer_tests.rs"]
mod tests;
