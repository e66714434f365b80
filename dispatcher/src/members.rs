//! Who is there: sessions by what they may hear.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use engine::core::Actor;
use engine::model::{AgencyId, OfficerId, OfficerSet};
use protocol::{GoAway, Role};

use crate::frame::Frame;
use crate::outgoing::{Item, Outgoing};

/// Who a session speaks for, as its token said and the roster confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Officer(OfficerId),
    Coordinator(AgencyId),
    ReadOnly(AgencyId),
    Operator,
}

impl Who {
    /// On whose behalf commands are submitted; a reader submits none.
    pub(crate) fn actor(self) -> Option<Actor> {
        match self {
            Who::Officer(officer) => Some(Actor::Officer(officer)),
            Who::Coordinator(agency) => Some(Actor::Coordinator(agency)),
            Who::Operator => Some(Actor::Operator),
            Who::ReadOnly(_) => None,
        }
    }

    pub(crate) fn role(self) -> Role {
        match self {
            Who::Officer(_) => Role::Officer,
            Who::Coordinator(_) => Role::Coordinator,
            Who::ReadOnly(_) => Role::ReadOnly,
            Who::Operator => Role::Operator,
        }
    }
}

/// To whom a push goes.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    /// Officers, on every device of theirs.
    Officers(OfficerSet),
    /// Whoever watches this agency's board, and operators.
    Board(AgencyId),
    /// Coordinators of these agencies, and operators: whoever may read what people write.
    Desks(Vec<AgencyId>),
}

impl Audience {
    /// Whether `who` belongs to it.
    pub(crate) fn includes(&self, who: Who) -> bool {
        match (self, who) {
            (Audience::Officers(set), Who::Officer(officer)) => set.contains(officer),
            (Audience::Board(_) | Audience::Desks(_), Who::Operator) => true,
            (Audience::Desks(agencies), Who::Coordinator(agency)) => agencies.contains(&agency),
            (Audience::Board(lead), Who::Coordinator(agency) | Who::ReadOnly(agency)) => {
                *lead == agency
            }
            (Audience::Desks(_), Who::ReadOnly(_) | Who::Officer(_))
            | (Audience::Officers(_), _)
            | (Audience::Board(_), Who::Officer(_)) => false,
        }
    }
}

/// Sessions that are open.
#[derive(Default)]
pub(crate) struct Members {
    by_session: HashMap<u64, (Who, Arc<Outgoing>)>,
    /// Devices of each officer who is there.
    devices: HashMap<OfficerId, Vec<(u64, Arc<Outgoing>)>>,
    online: OfficerSet,
    boards: BTreeMap<AgencyId, Vec<(u64, Arc<Outgoing>)>>,
    operators: Vec<(u64, Arc<Outgoing>)>,
}

impl Members {
    pub(crate) fn join(&mut self, session: u64, who: Who, outgoing: Arc<Outgoing>) {
        let entry = (session, Arc::clone(&outgoing));
        match who {
            Who::Officer(officer) => {
                self.online.insert(officer);
                self.devices.entry(officer).or_default().push(entry);
            }
            Who::Coordinator(agency) | Who::ReadOnly(agency) => {
                self.boards.entry(agency).or_default().push(entry);
            }
            Who::Operator => self.operators.push(entry),
        }
        self.by_session.insert(session, (who, outgoing));
    }

    pub(crate) fn leave(&mut self, session: u64) {
        let Some((who, _)) = self.by_session.remove(&session) else {
            return;
        };
        let others = |entry: &(u64, Arc<Outgoing>)| entry.0 != session;
        match who {
            Who::Officer(officer) => {
                let Some(devices) = self.devices.get_mut(&officer) else {
                    return;
                };
                devices.retain(others);
                if devices.is_empty() {
                    self.devices.remove(&officer);
                    self.online.remove(officer);
                }
            }
            Who::Coordinator(agency) | Who::ReadOnly(agency) => {
                if let Some(watchers) = self.boards.get_mut(&agency) {
                    watchers.retain(others);
                }
            }
            Who::Operator => self.operators.retain(others),
        }
    }

    /// Queues `frame` to everybody in `audience` who is there; says how many sessions that were.
    ///
    /// `turn` picks who comes first, so that over many pushes nobody always does.
    pub(crate) fn send(&self, audience: &Audience, frame: &Frame, turn: u64) -> u64 {
        match audience {
            Audience::Officers(set) => {
                let there = OfficerSet(&set.0 & &self.online.0);
                let first = (turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32)
                    .checked_rem(there.len())
                    .unwrap_or(0) as usize;
                let in_turn = there.iter().skip(first).chain(there.iter().take(first));
                let devices = in_turn
                    .filter_map(|officer| self.devices.get(&officer))
                    .flatten();
                devices.map(|(_, outgoing)| put(outgoing, frame)).sum()
            }
            Audience::Desks(agencies) => {
                let there = agencies.iter().filter_map(|agency| self.boards.get(agency));
                let coordinators = there.flatten().filter(|(session, _)| {
                    let who = self.by_session.get(session).map(|(who, _)| *who);
                    matches!(who, Some(Who::Coordinator(_)))
                });
                coordinators
                    .chain(&self.operators)
                    .map(|(_, outgoing)| put(outgoing, frame))
                    .sum()
            }
            Audience::Board(lead) => {
                let watchers = self.boards.get(lead).into_iter().flatten();
                watchers
                    .chain(&self.operators)
                    .map(|(_, outgoing)| put(outgoing, frame))
                    .sum()
            }
        }
    }

    /// Ends every session.
    pub(crate) fn close_all(&mut self, because: GoAway) {
        for (_, outgoing) in self.by_session.values() {
            outgoing.put(Item::Close(because));
        }
    }
}

fn put(outgoing: &Outgoing, frame: &Frame) -> u64 {
    outgoing.put(Item::Frame(frame.bytes(outgoing.codec())));
    1
}
