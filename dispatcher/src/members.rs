//! Who is there: sessions by what they may hear.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use engine::core::Actor;
use engine::model::{AgencyId, Bearer, OfficerId, OfficerSet};
use protocol::GoAway;
use protocol::session::IdentityRefusal;

use crate::denials::Marks;
use crate::limits::DEVICES_MAX;
use crate::line::Line;

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

/// The open sessions of one shard.
#[derive(Default)]
pub(crate) struct Members {
    /// In the order of their numbers, in which they are told when all of them end.
    by_session: BTreeMap<u64, Member>,
    /// Devices of each officer who is there.
    devices: HashMap<OfficerId, Vec<Arc<Line>>>,
    online: OfficerSet,
    boards: BTreeMap<AgencyId, Vec<Arc<Line>>>,
    operators: Vec<Arc<Line>>,
}

/// One session.
struct Member {
    who: Who,
    marks: Marks,
    line: Arc<Line>,
}

impl Members {
    pub(crate) fn join(&mut self, who: Who, marks: Marks, line: Arc<Line>) {
        let entry = Arc::clone(&line);
        match who {
            Who::Officer(officer) => {
                self.online.insert(officer);
                let devices = self.devices.entry(officer).or_default();
                devices.push(entry);
                if devices.len() > DEVICES_MAX {
                    devices.remove(0).close(GoAway::TooManySessions, 0);
                }
            }
            Who::Coordinator(agency) | Who::ReadOnly(agency) => {
                self.boards.entry(agency).or_default().push(entry);
            }
            Who::Operator => self.operators.push(entry),
        }
        let number = line.number;
        self.by_session.insert(number, Member { who, marks, line });
    }

    pub(crate) fn leave(&mut self, session: u64) {
        let Some(Member { who, .. }) = self.by_session.remove(&session) else {
            return;
        };
        let others = |line: &Arc<Line>| line.number != session;
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

    /// Everybody in `audience` who is here.
    pub(crate) fn reached(&self, audience: &Audience) -> Vec<Arc<Line>> {
        match audience {
            Audience::Officers(set) => {
                let here = OfficerSet(&set.0 & &self.online.0);
                let devices = here.iter().filter_map(|officer| self.devices.get(&officer));
                devices.flatten().cloned().collect()
            }
            Audience::Desks(agencies) => {
                let here = agencies.iter().filter_map(|agency| self.boards.get(agency));
                let coordinators = here
                    .flatten()
                    .filter(|line| matches!(self.who(line.number), Some(Who::Coordinator(_))));
                coordinators.chain(&self.operators).cloned().collect()
            }
            Audience::Board(lead) => {
                let watchers = self.boards.get(lead).into_iter().flatten();
                watchers.chain(&self.operators).cloned().collect()
            }
        }
    }

    /// Who this session speaks for, if it is here.
    pub(crate) fn who(&self, session: u64) -> Option<Who> {
        self.by_session.get(&session).map(|member| member.who)
    }

    /// Every session.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Arc<Line>> {
        self.by_session.values().map(|member| &member.line)
    }

    /// A session is known by a fresh token from now on.
    pub(crate) fn renew(&mut self, session: u64, marks: Marks) {
        if let Some(member) = self.by_session.get_mut(&session) {
            member.marks = marks;
        }
    }

    /// Ends the sessions that are known by `bearer`.
    pub(crate) fn turn_out(&self, bearer: &Bearer) {
        let members = self.by_session.values();
        for member in members.filter(|member| member.marks.include(bearer)) {
            member.line.refuse(IdentityRefusal::Denied);
        }
    }
}
