//! One desk: a coordinator who publishes and watches, or the operator who changes the roster.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use protocol::session::Event;
use protocol::{Ask, Happening, News, Outcome, RequestId, RosterChange, What};

use super::officer::{OfficerAct, retry_us};
use super::{Act, Deed, Handover, Intent, Stage};
use crate::ledger::{Actor, Answer, DeskAsk, DeskAskWhat, DeskBook, Seen, SeenWhat, VacancyNo};

/// A desk.
#[derive(Debug)]
pub(crate) struct Desk {
    place: u32,
    book: DeskBook,
    /// Whether this desk's view of the board feeds the live counters; one desk per vacancy does.
    counts: bool,
    /// What is said when a vacancy is cancelled, by vacancy.
    reasons: HashMap<VacancyNo, String>,
    /// Slots open, by vacancy, where this desk counts.
    open: HashMap<VacancyNo, u16>,
    /// What an officer does once an ask of this desk is done.
    consequences: HashMap<usize, (u32, OfficerAct)>,
    /// When the last sync was complete.
    synced_us: Option<u64>,
}

/// What a desk means to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeskAct {
    Publish(VacancyNo),
    Cancel {
        vacancy: VacancyNo,
        reason: String,
    },
    OpenNextTier(VacancyNo),
    /// Recalls whoever holds a slot by then; looks this many times more if nobody does.
    Recall {
        vacancy: VacancyNo,
        tries: u8,
    },
    RecallNow {
        vacancy: VacancyNo,
        badge: String,
    },
    Roster(Vec<RosterChange>),
    /// Revokes a certificate of an officer who was just offered a vacancy; when that is durable,
    /// the officer accepts.
    Lapse {
        officer: u32,
        badge: String,
        vacancy: VacancyNo,
        round: u32,
        certification: String,
    },
    /// Repeats the ask of this place under its old id.
    Again {
        ask: usize,
    },
}

impl Desk {
    pub(crate) fn new(place: u32, name: String, counts: bool) -> Desk {
        Desk {
            place,
            book: DeskBook {
                name,
                ..DeskBook::default()
            },
            counts,
            reasons: HashMap::new(),
            open: HashMap::new(),
            consequences: HashMap::new(),
            synced_us: None,
        }
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
    pub(crate) fn book(&self) -> &DeskBook {
        &self.book
    }

    /// Takes the book, leaving an empty one.
    pub(crate) fn take_book(&mut self) -> DeskBook {
        std::mem::take(&mut self.book)
    }

    /// The last officer seen to be awarded a slot of this vacancy.
    pub(crate) fn holder_seen(&self, vacancy: VacancyNo) -> Option<String> {
        let mut seen = self.book.seen.iter().rev();
        seen.find_map(|seen| match &seen.what {
            SeenWhat::Awarded { badge, .. } if seen.vacancy == vacancy => Some(badge.clone()),
            _ => None,
        })
    }

    /// Takes what the session learned; says whether it finally answered a request.
    pub(crate) fn hear(
        &mut self,
        stage: &Stage,
        event: &Event,
        at_us: u64,
        intend: &mut dyn FnMut(Intent),
    ) -> bool {
        match event {
            Event::Synced(_) => self.synced_us = Some(at_us),
            Event::News(push) => {
                if let News::Happened(happening) = &push.news {
                    self.watch(stage, happening, push.cursor, at_us);
                }
            }
            Event::Answered { id, outcome } => {
                return self.take_answer(stage, *id, outcome, at_us, intend);
            }
            Event::Up(_) | Event::Down { .. } | Event::Gone { .. } => {}
        }
        false
    }

    /// Does what was intended for `intended_us`.
    pub(crate) fn act(
        &mut self,
        stage: &Stage,
        act: DeskAct,
        intended_us: u64,
        now_us: u64,
    ) -> Deed {
        let place = self.book.asks.len();
        let what = match act {
            DeskAct::Publish(vacancy) => DeskAskWhat::Publish(vacancy),
            DeskAct::Cancel { vacancy, reason } => {
                self.reasons.insert(vacancy, reason);
                DeskAskWhat::Cancel(vacancy)
            }
            DeskAct::OpenNextTier(vacancy) => DeskAskWhat::OpenNextTier(vacancy),
            DeskAct::RecallNow { vacancy, badge } => DeskAskWhat::Recall { vacancy, badge },
            DeskAct::Roster(changes) => DeskAskWhat::Roster(changes),
            DeskAct::Lapse {
                officer,
                badge,
                vacancy,
                round,
                certification,
            } => {
                let act = OfficerAct::AcceptRegardless { vacancy, round };
                self.consequences.insert(place, (officer, act));
                DeskAskWhat::Roster(vec![RosterChange::CertificationRevoked {
                    badge,
                    certification,
                }])
            }
            DeskAct::Again { ask } => return self.hand_over(stage, ask),
            // Whom to recall is found out by the cast, which then says `RecallNow`.
            DeskAct::Recall { .. } => return Deed::Nothing,
        };
        self.book.asks.push(DeskAsk {
            what,
            intended_us,
            sent_us: now_us,
            answered_us: 0,
            answer: None,
            busy: 0,
        });
        self.hand_over(stage, place)
    }

    fn hand_over(&self, stage: &Stage, place: usize) -> Deed {
        let key = |vacancy: &VacancyNo| stage.facts[vacancy.index()].key;
        let ask = match &self.book.asks[place].what {
            DeskAskWhat::Publish(vacancy) => Ask::Publish(stage.vacancies[vacancy.index()].clone()),
            DeskAskWhat::Cancel(vacancy) => Ask::Cancel {
                vacancy: key(vacancy),
                reason: self.reasons.get(vacancy).cloned().unwrap_or_default(),
            },
            DeskAskWhat::OpenNextTier(vacancy) => Ask::OpenNextTier {
                vacancy: key(vacancy),
            },
            DeskAskWhat::Recall { vacancy, badge } => Ask::Recall {
                vacancy: key(vacancy),
                badge: badge.clone(),
            },
            DeskAskWhat::Roster(changes) => Ask::Roster {
                changes: changes.clone(),
            },
        };
        Deed::Ask(Handover {
            id: stage.ids.id(Actor::Desk(self.place), place),
            place,
            ask,
        })
    }

    fn take_answer(
        &mut self,
        stage: &Stage,
        id: RequestId,
        outcome: &Outcome,
        at_us: u64,
        intend: &mut dyn FnMut(Intent),
    ) -> bool {
        let place = stage.ids.place(id);
        // Errands such as the import have ids beyond the book.
        let Some(ask) = place.and_then(|place| self.book.asks.get_mut(place)) else {
            return false;
        };
        let place = place.unwrap_or_default();
        let Some(answer) = Answer::read(outcome) else {
            ask.busy = ask.busy.saturating_add(1);
            stage.live.busy.fetch_add(1, Ordering::Relaxed);
            let act = Act::Desk(self.place, DeskAct::Again { ask: place });
            let at_us = at_us + retry_us(outcome);
            intend(Intent { at_us, act });
            return false;
        };
        if !self.book.answered(place, answer, at_us) {
            return false;
        }
        match (&self.book.asks[place].what, answer) {
            (DeskAskWhat::Publish(_), Answer::Done { .. }) => {
                stage.live.published.fetch_add(1, Ordering::Relaxed);
            }
            (_, Answer::Refused(_) | Answer::Lost(_)) => {
                stage.live.refused.fetch_add(1, Ordering::Relaxed);
                if let Outcome::Refused(refused) | Outcome::Lost(refused) = outcome {
                    tracing::warn!(
                        desk = self.book.name,
                        code = ?refused.code,
                        sentence = refused.sentence,
                        "a desk was refused"
                    );
                }
            }
            _ => {}
        }
        if let Some((officer, act)) = self.consequences.remove(&place) {
            let act = Act::Officer(officer, act);
            intend(Intent { at_us, act });
        }
        true
    }

    fn watch(
        &mut self,
        stage: &Stage,
        happening: &Happening,
        cursor: protocol::Cursor,
        at_us: u64,
    ) {
        let Some(vacancy) = stage.number(happening.vacancy) else {
            return;
        };
        if self.counts {
            self.count(stage, vacancy, &happening.what);
        }
        let what = match &happening.what {
            What::TierOpened {
                tier, recipients, ..
            } => SeenWhat::TierOpened {
                tier: *tier,
                recipients: *recipients,
            },
            What::Awarded { slot, badge, .. } => SeenWhat::Awarded {
                slot: *slot,
                badge: badge.clone(),
            },
            What::Reoffered {
                round, recipients, ..
            } => SeenWhat::Reoffered {
                round: *round,
                recipients: *recipients,
            },
            What::Cancelled { .. } => SeenWhat::Cancelled,
            What::Expired { .. } => SeenWhat::Expired,
            // No desk of a storm amends; if another one does, the audit knows only what was published.
            What::Published { .. }
            | What::Declined { .. }
            | What::Punched { .. }
            | What::Amended { .. }
            | What::Reconfirmed { .. }
            | What::Lapsed { .. }
            | What::Reduced { .. }
            | What::NoShow { .. }
            | What::Corrected { .. }
            | What::Acknowledged { .. }
            | What::LastTierApproved { .. }
            | What::Bid { .. }
            | What::BidsClosed { .. }
            | What::Ranked { .. }
            | What::StandbyJoined { .. }
            | What::StandbyLeft { .. }
            | What::SlotKept { .. }
            | What::StandbyPassed { .. }
            | What::OfferedToAll { .. }
            | What::OfferedLater { .. } => return,
        };
        self.book.seen.push(Seen {
            at_us,
            sequence: cursor.sequence,
            step: cursor.step,
            vacancy,
            what,
        });
    }

    /// Keeps the live counters of the board.
    fn count(&mut self, stage: &Stage, vacancy: VacancyNo, what: &What) {
        let live = &*stage.live;
        let before = self.open.get(&vacancy).copied();
        let after = match what {
            What::Published { slots, .. } => Some(*slots),
            What::Awarded { slots_open, .. } => Some(*slots_open),
            What::Reoffered { .. } => before.map(|open| open + 1),
            What::Cancelled { .. } => {
                live.cancelled.fetch_add(1, Ordering::Relaxed);
                None
            }
            What::Expired { .. } => None,
            What::TierOpened { tier, .. } => {
                if *tier > 0 {
                    live.escalations.fetch_add(1, Ordering::Relaxed);
                }
                return;
            }
            What::Amended { slots_open, .. }
            | What::Lapsed { slots_open, .. }
            | What::Reduced { slots_open, .. } => Some(*slots_open),
            What::Declined { .. }
            | What::Punched { .. }
            | What::Reconfirmed { .. }
            | What::NoShow { .. }
            | What::Corrected { .. }
            | What::Acknowledged { .. }
            | What::LastTierApproved { .. }
            | What::Bid { .. }
            | What::BidsClosed { .. }
            | What::Ranked { .. }
            | What::StandbyJoined { .. }
            | What::StandbyLeft { .. }
            | What::SlotKept { .. }
            | What::StandbyPassed { .. }
            | What::OfferedToAll { .. }
            | What::OfferedLater { .. } => return,
        };
        let class = |open: Option<u16>| match open {
            None => None,
            Some(0) => Some(&live.filled),
            Some(_) => Some(&live.open),
        };
        if let Some(counter) = class(before) {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(counter) = class(after) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        match after {
            Some(open) => self.open.insert(vacancy, open),
            None => self.open.remove(&vacancy),
        };
    }
}
