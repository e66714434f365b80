//! Who a session speaks for, and whether they may.

use engine::model::{Bearer, Timestamp};
use protocol::Role;
use protocol::session::IdentityRefusal;
use protocol::token::Claims;

use super::Hub;
use crate::denials::Marks;
use crate::line::Line;
use crate::members::Who;
use crate::shard::Urgent;

impl Hub {
    /// Whom the token names, if the roster knows them and nobody denies them.
    pub(super) fn identify(&self, claims: &Claims) -> Result<(Who, Marks), IdentityRefusal> {
        let state = &self.follower.state;
        let marks = Marks::of(state, claims);
        if marks.are_denied(state, self.now()) {
            return Err(IdentityRefusal::Denied);
        }
        let who = self.who(claims).ok_or(IdentityRefusal::NotKnown)?;
        Ok((who, marks))
    }

    /// The fresh token may be signed with another key, or come after a denial.
    pub(super) fn renew(&self, line: &Line, claims: &Claims) {
        match self.identify(claims) {
            Ok((_, marks)) => line.shard.tell(Urgent::Renew(line.number, marks)),
            Err(because) => line.refuse(because),
        }
    }

    /// Ends the sessions of whoever is denied on every shard. Those that opened before an officer of
    /// their name was added are known by the name alone.
    pub(super) fn turn_out(&self, denied: &Bearer) {
        let known = match denied {
            Bearer::Officer(officer) => self.follower.state.known_officer(*officer),
            Bearer::Subject { .. } | Bearer::SigningKey(_) | Bearer::Device(_) => None,
        };
        let name = known.map(|known| known.subject);
        for bearer in [denied.clone()].into_iter().chain(name) {
            for shard in &self.shards {
                shard.tell(Urgent::TurnOut(bearer.clone()));
            }
        }
    }

    /// The time by the server's clock, and never before what is recorded.
    pub(super) fn now(&self) -> Timestamp {
        self.follower.state.at().max(self.desk.clock.now())
    }

    fn who(&self, claims: &Claims) -> Option<Who> {
        let roster = self.follower.state.roster();
        let agency = claims
            .agency
            .as_deref()
            .and_then(|code| roster.agency(code));
        match claims.role {
            Role::Officer => {
                let officer = roster.officer(&claims.subject)?;
                let home = roster.officers.find(officer)?.home;
                (agency == Some(home)).then_some(Who::Officer(officer))
            }
            Role::Coordinator => agency.map(Who::Coordinator),
            Role::ReadOnly => agency.map(Who::ReadOnly),
            Role::Operator => Some(Who::Operator),
        }
    }
}
