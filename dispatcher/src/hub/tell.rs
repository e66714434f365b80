//! What follows from a record, in the words of the wire, to everybody whom it concerns.

use std::sync::Arc;

use engine::core::{Effect, Record};
use engine::model::{OfficerId, OfficerSet, VacancyId};
use protocol::{Cursor, News, Push, ServerMessage};

use super::Hub;
use crate::frame::Frame;
use crate::members::Audience;
use crate::shard::Pushed;
use crate::{afterwards, speak};

impl Hub {
    pub(super) fn tell(&mut self, record: &Record, cursor: Cursor, effect: &Effect) {
        let state = &self.follower.state;
        let id = match effect {
            Effect::Offer { vacancy, .. }
            | Effect::Withdraw { vacancy, .. }
            | Effect::Overlap { vacancy, .. }
            | Effect::Assign { vacancy, .. }
            | Effect::Unassign { vacancy, .. }
            | Effect::Flag { vacancy, .. }
            | Effect::Amend { vacancy, .. }
            | Effect::ReadOrders { vacancy, .. }
            | Effect::Attendance { vacancy, .. }
            | Effect::Written { vacancy, .. }
            | Effect::Lose { vacancy, .. }
            | Effect::Keep { vacancy, .. }
            | Effect::Pass { vacancy, .. }
            | Effect::EndWait { vacancy, .. }
            | Effect::Happened { vacancy, .. } => *vacancy,
        };
        let Some(row) = state.vacancy(id) else { return };
        let vacancy = speak::key(row);
        let board = Audience::Board(row.posting.lead);
        let one = |officer: &OfficerId| Audience::Officers([*officer].into_iter().collect());
        match effect {
            Effect::Offer { to, .. } => {
                if let Some(attributes) = afterwards::attributes(row) {
                    self.push(cursor, Audience::Officers(to.clone()), attributes);
                }
                // Whoever hears both would take a second push at one position for a repeat.
                let cursor = Cursor {
                    step: cursor.step + 1,
                    ..cursor
                };
                let at_us = record.at.as_micros();
                for (tier, group) in self.by_tier(id, to) {
                    let Some(row) = self.follower.state.vacancy(id) else {
                        return;
                    };
                    let offer = speak::offer(&self.follower.state, row, tier, at_us);
                    self.push(cursor, Audience::Officers(group), News::Offered(offer));
                }
            }
            Effect::Withdraw { because, from, .. } => {
                let because = speak::withdrawal(*because);
                let audience = Audience::Officers(from.clone());
                self.push(cursor, audience, News::Withdrawn { vacancy, because });
            }
            Effect::Overlap {
                officer, withdrawn, ..
            } => {
                let keys = withdrawn.iter().filter_map(|id| state.vacancy(*id));
                let overlapped = News::Overlapped {
                    with: vacancy,
                    vacancies: keys.map(speak::key).collect(),
                };
                self.push(cursor, one(officer), overlapped);
            }
            Effect::Assign { officer, .. } => {
                // A later record of the same batch cannot have taken it away yet: this state is
                // that of exactly this record.
                if let Some(assignment) = speak::assignment(state, id, *officer) {
                    self.push(cursor, one(officer), News::Assigned(assignment));
                }
            }
            Effect::Unassign {
                officer, because, ..
            } => {
                let because = speak::unassignment(*because);
                self.push(cursor, one(officer), News::Unassigned { vacancy, because });
            }
            Effect::Flag {
                officer, clause, ..
            } => {
                let badge = speak::badge(state, *officer);
                let clause = speak::flagged_clause(state, *clause);
                let flag = News::Flagged {
                    vacancy,
                    badge,
                    clause,
                };
                self.push(cursor, one(officer), flag.clone());
                self.push(cursor, board, flag);
            }
            Effect::Amend { confirm_by, to, .. } => {
                let amended = speak::amended(state, row, *confirm_by);
                let audience = Audience::Officers(to.clone());
                self.push(cursor, audience, News::Amended(amended));
            }
            Effect::ReadOrders { to, .. } => {
                let orders = afterwards::orders(state, (id, row));
                let audience = Audience::Officers(to.clone());
                self.push(cursor, audience, News::ReadOrders(orders));
            }
            Effect::Attendance { officer, .. } => {
                let own = |other| other == *officer;
                let sheet = afterwards::attendance_of(state, (id, row), own, record.at);
                self.push(cursor, one(officer), News::Attendance(Box::new(sheet)));
            }
            Effect::Written {
                event,
                officer,
                agencies,
                ..
            } => {
                if let Some(news) = afterwards::written(state, &record.events[*event]) {
                    self.push(cursor, one(officer), news.clone());
                    self.push(cursor, Audience::Desks(agencies.clone()), news);
                }
            }
            Effect::Lose { .. }
            | Effect::Keep { .. }
            | Effect::Pass { .. }
            | Effect::EndWait { .. } => {
                if let Some((to, news)) = speak::awarding(row, effect) {
                    self.push(cursor, Audience::Officers(to), news);
                }
            }
            Effect::Happened { event, .. } => {
                let event = &record.events[*event];
                let happening = speak::happening(state, id, event, record.at.as_micros());
                if let Some(happening) = happening {
                    self.push(cursor, board, News::Happened(happening));
                }
            }
        }
    }

    /// Splits officers by the tier through which they see a vacancy. Usually there is one.
    fn by_tier(&self, id: VacancyId, to: &OfficerSet) -> Vec<(u8, OfficerSet)> {
        let state = &self.follower.state;
        let Some(row) = state.vacancy(id) else {
            return Vec::new();
        };
        let mut groups: Vec<(u8, OfficerSet)> = Vec::new();
        for officer in to.iter() {
            let tier = state.tier_of(row, officer, state.at()).unwrap_or(row.tier);
            match groups.iter_mut().find(|(of, _)| *of == tier) {
                Some((_, group)) => group.insert(officer),
                None => {
                    groups.push((tier, [officer].into_iter().collect()));
                    true
                }
            };
        }
        groups
    }

    /// Encodes once, tells every shard, and keeps the frame for who resumes.
    fn push(&mut self, cursor: Cursor, audience: Audience, news: News) {
        match Frame::new(&ServerMessage::Push(Push { cursor, news })) {
            Ok(frame) => {
                let pushed = Arc::new(Pushed {
                    cursor,
                    audience,
                    frame,
                    since: self.since,
                });
                for shard in &self.shards {
                    shard.push(Arc::clone(&pushed));
                }
                self.recent.keep(pushed);
            }
            Err(error) => tracing::error!(%error, "a push could not be written"),
        }
    }
}
