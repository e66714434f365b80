//! What a command does, or why it does nothing. May refuse, may not write.

mod afterwards;
mod amend;
mod answer;
mod award;
mod denials;
mod grants;
mod jobs;
mod last_tier;
mod later;
mod permission;
mod posting;
mod push;
mod roster;
mod staffing;
mod stalled;
mod standby;
mod terms;
mod tick;

pub use award::ranked;
pub use posting::resolve;
pub(super) use posting::{draft, sketch};

use super::command::{Actor, Body, Command, NewProvision, RosterChange};
use super::digest::fingerprint;
use super::event::{Event, TierCause};
use super::events::Events;
use super::matching::Matches;
use super::refusal::{Kind, Refusal, Refused};
use super::state::{Reply, State};
use crate::model::{OfficerId, OfficerSet, Standing, Timestamp, Vacancy, VacancyId};
use crate::rules::tier;

/// What is stamped on a command when it is drained from the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The time, from here on data.
    pub at: Timestamp,
    /// Place in the line of accepts for the vacancy's round, from 1; 0 for other commands.
    pub place: u32,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// These events, to be recorded and applied.
    New(Events),
    /// Nothing: it was asked before, and this was the answer.
    Again(Reply),
}

/// Decides `command` as of `stamp`.
///
/// `matches` is what was found ahead for this command, or [`Matches::none`]; it saves
/// work and changes nothing.
pub fn decide(
    state: &State,
    command: &Command,
    stamp: Stamp,
    matches: &Matches,
) -> Result<Outcome, Refused> {
    if let Some(remembered) = state.answer(command.by, command.request) {
        if remembered.fingerprint != fingerprint(&command.body) {
            return Err(Refusal::RequestReused.into());
        }
        return Ok(Outcome::Again(remembered.reply.clone()));
    }
    denials::admit(state, command.by, stamp.at)?;
    authorise(state, command)?;
    let at = stamp.at;
    let mut events = match (&command.body, command.by) {
        (Body::Accept { vacancy, round }, Actor::Officer(officer)) => {
            return answer::accept(state, *vacancy, *round, officer, stamp);
        }
        (Body::Decline { vacancy, round }, Actor::Officer(officer)) => {
            answer::decline(state, *vacancy, *round, officer, at)?
        }
        (Body::Release { vacancy }, Actor::Officer(officer)) => {
            answer::release(state, *vacancy, officer, at)?
        }
        (
            Body::Punch {
                vacancy,
                direction,
                position,
            },
            Actor::Officer(officer),
        ) => answer::punch(state, *vacancy, officer, (*direction, *position), at)?,
        (Body::Recall { vacancy, officer }, _) => answer::recall(state, *vacancy, *officer, at)?,
        (Body::Publish(new), _) => posting::publish(state, new, at, matches)?,
        (Body::PublishAll(all), _) => posting::publish_all(state, all, at, matches)?,
        (Body::Cancel { vacancy, reason }, _) => posting::cancel(state, *vacancy, reason, at)?,
        (Body::OpenNextTier { vacancy }, _) => posting::open_next_tier(state, *vacancy, at)?,
        (Body::Amend(asked), _) => amend::amend(state, asked, at)?,
        (Body::Roster(changes), _) => roster::change(state, changes, at)?,
        (Body::Grant(new), _) => grants::make(state, new)?,
        (Body::Afterwards(asked), by) => afterwards::decide(state, asked, by, at)?,
        (
            Body::ApproveLastTier {
                vacancy,
                approved_by,
            },
            _,
        ) => last_tier::approve(state, *vacancy, approved_by, at)?,
        (Body::Job(asked), by) => jobs::decide(state, asked, by, at)?,
        (Body::Restaff { vacancy, slots }, _) => {
            let asked = staffing::restaff(state, (*vacancy, *slots))?;
            amend::amend(state, &asked, at)?
        }
        (Body::Deny(new), _) => denials::deny(state, new, at)?,
        (Body::Admit(bearer), _) => denials::end(state, bearer)?,
        (Body::Tick, _) => tick::tick(state, at),
        (Body::Reveal { vacancy, seed }, _) => award::reveal(state, *vacancy, *seed, at)?,
        (Body::Undo { vacancy }, Actor::Officer(officer)) => {
            standby::undo(state, *vacancy, officer, at)?
        }
        (Body::JoinStandby { vacancy }, Actor::Officer(officer)) => {
            standby::join(state, *vacancy, officer, at)?
        }
        (Body::LeaveStandby { vacancy }, Actor::Officer(officer)) => {
            standby::leave(state, *vacancy, officer, at)?
        }
        (
            Body::Accept { .. }
            | Body::Decline { .. }
            | Body::Release { .. }
            | Body::Punch { .. }
            | Body::Undo { .. }
            | Body::JoinStandby { .. }
            | Body::LeaveStandby { .. },
            _,
        ) => return Err(Refusal::NotAllowed.into()),
    };
    stalled::note(state, &mut events, at);
    push::defer(state, &mut events, at);
    later::note(state, &mut events, at);
    Ok(Outcome::New(events.into()))
}

/// Refuses what the asker's role or agency does not allow.
fn authorise(state: &State, command: &Command) -> Result<(), Refusal> {
    let leads = |vacancy: &VacancyId, agency| {
        state
            .vacancy(*vacancy)
            .is_some_and(|row| row.posting.lead == agency)
    };
    let roster = state.roster();
    let employs = |officer: Option<OfficerId>, agency| {
        officer
            .and_then(|id| roster.officers.find(id))
            .is_some_and(|row| row.home == agency)
    };
    let allowed = match (command.by, &command.body) {
        (Actor::Clock, body) => matches!(body, Body::Tick),
        (by, Body::Afterwards(asked)) => afterwards::may(state, asked, by),
        (by, Body::Job(asked)) => jobs::may(state, asked, by),
        (Actor::Operator, body) => !matches!(
            body,
            Body::Tick
                | Body::Accept { .. }
                | Body::Decline { .. }
                | Body::Release { .. }
                | Body::Punch { .. }
                | Body::Undo { .. }
                | Body::JoinStandby { .. }
                | Body::LeaveStandby { .. }
        ),
        (Actor::Coordinator(agency), body) => match body {
            Body::Publish(new) => roster.agency(&new.lead) == Some(agency),
            Body::PublishAll(all) => all
                .iter()
                .all(|one| roster.agency(&one.vacancy.lead) == Some(agency)),
            Body::Cancel { vacancy, .. }
            | Body::OpenNextTier { vacancy }
            | Body::Restaff { vacancy, .. }
            | Body::ApproveLastTier { vacancy, .. } => leads(vacancy, agency),
            Body::Amend(asked) => leads(&asked.vacancy, agency),
            Body::Recall { officer, .. } => employs(Some(*officer), agency),
            Body::Roster(changes) => return permission::may_change(roster, changes, agency),
            _ => false,
        },
        (Actor::Officer(officer), body) => match body {
            Body::Accept { .. } | Body::Decline { .. } | Body::Release { .. } => true,
            Body::Punch { .. } => true,
            Body::Undo { .. } | Body::JoinStandby { .. } | Body::LeaveStandby { .. } => true,
            Body::Roster(changes) => changes.iter().all(|change| {
                let own = |badge: &String| roster.officer(badge) == Some(officer);
                match change {
                    RosterChange::AvailabilityDeclared { badge, .. }
                    | RosterChange::Provided(NewProvision::Preferences { badge, .. }) => own(badge),
                    _ => false,
                }
            }),
            _ => false,
        },
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::NotAllowed)
    }
}

/// The vacancy, or the refusal that says it is not known.
fn known(state: &State, id: VacancyId) -> Result<&Vacancy, Refusal> {
    let unknown = || Refusal::Unknown {
        kind: Kind::Vacancy,
        code: id.0.to_string().into(),
    };
    state.vacancy(id).ok_or_else(unknown)
}

/// Refuses what is over: cancelled, expired, or already started.
fn not_over(row: &Vacancy, at: Timestamp) -> Result<(), Refusal> {
    match row.standing {
        Standing::Cancelled => Err(Refusal::Cancelled),
        Standing::Expired => Err(Refusal::Expired),
        Standing::Open | Standing::Filled if row.posting.span().start <= at => {
            Err(Refusal::Expired)
        }
        Standing::Open | Standing::Filled => Ok(()),
    }
}

/// Opens `first` because of `because`, and every tier after it that opens at once: because its
/// window is zero, or because nobody asked so far is there to answer.
///
/// `eligible` says who may come in a tier; `waiting` whether somebody asked before may answer.
fn open_tiers(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    (first, because): (u8, TierCause),
    at: Timestamp,
    mut waiting: bool,
    mut eligible: impl FnMut(u8) -> OfficerSet,
) -> Vec<Event> {
    let posting = &row.posting;
    let (mut tier, mut because) = (first, because);
    let mut events = Vec::new();
    loop {
        let recipients = eligible(tier);
        let is_offered = !recipients.is_empty();
        waiting |= push::is_anybody_asked(state, row, &recipients, at);
        let next = tier::next_tier(state.roster(), posting.lead, tier, at, posting.span());
        let due = next.and_then(|_| closes_at(row, tier, at));
        let closes_at = due
            .map(|(due_at, _)| due_at)
            .filter(|due_at| *due_at > at && waiting);
        events.push(Event::TierOpened {
            vacancy: id,
            tier,
            because,
            recipients,
            closes_at,
        });
        because = match (next, due) {
            (None, _) => return events,
            (Some(_), Some((due_at, because))) if due_at <= at => because,
            // Whoever prefers other work said no beforehand.
            (Some(_), _) if !waiting && is_offered => TierCause::AllDeclined,
            (Some(_), _) if !waiting => TierCause::NoEligibleOfficer,
            (Some(_), _) => return events,
        };
        tier = next.unwrap_or(tier);
    }
}

/// When the tier after `tier`, which is offered from `at`, opens by time, and by which rule: its
/// window elapses or the start is near, whichever comes first.
fn closes_at(row: &Vacancy, tier: u8, at: Timestamp) -> Option<(Timestamp, TierCause)> {
    let near = row.start_near_at(tier);
    let near = near.map(|near_at| (near_at.max(at), TierCause::StartNear));
    let window = row.posting.window_ms(tier);
    let window = window.map(|ms| (at.plus_ms(ms), TierCause::WindowElapsed));
    near.into_iter()
        .chain(window)
        .min_by_key(|(due_at, _)| *due_at)
}

/// Opens the tier after the highest that is open, if there is one.
fn open_next(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    because: TierCause,
    at: Timestamp,
    waiting: bool,
) -> Option<Vec<Event>> {
    let posting = &row.posting;
    let next = tier::next_tier(state.roster(), posting.lead, row.tier, at, posting.span())?;
    // Whoever said no in an earlier tier is not asked again because a pact has moved.
    let eligible = |tier| OfficerSet(state.eligible(row, tier, at).0 - &row.declined.0);
    Some(open_tiers(
        state,
        (id, row),
        (next, because),
        at,
        waiting,
        eligible,
    ))
}

/// A vacancy offered anew.
struct Anew {
    recipients: OfficerSet,
    /// When the next tier opens by time.
    closes_at: Option<Timestamp>,
    /// Later tiers that open at once, because nobody in those that are open is there to answer.
    opened: Vec<Event>,
}

/// Offers the open slots of `row` to `also` and to everybody eligible now in the tiers that are
/// open, but for those who hold a slot of it.
fn offer_again(
    state: &State,
    (id, row): (VacancyId, &Vacancy),
    also: OfficerSet,
    at: Timestamp,
) -> Anew {
    let eligible = |tier| {
        let mut eligible = state.eligible(row, tier, at);
        for holder in row.holders() {
            eligible.remove(holder.officer);
        }
        eligible
    };
    let mut recipients = also;
    for tier in 0..=row.tier {
        recipients.0 |= &eligible(tier).0;
    }
    let posting = &row.posting;
    let next = tier::next_tier(state.roster(), posting.lead, row.tier, at, posting.span());
    let (closes_at, opened) = match next {
        Some(next) if !push::is_anybody_asked(state, row, &recipients, at) => {
            let because = match recipients.is_empty() {
                true => TierCause::NoEligibleOfficer,
                false => TierCause::AllDeclined,
            };
            let first = (next, because);
            let opened = open_tiers(state, (id, row), first, at, false, eligible);
            (None, opened)
        }
        Some(_) => {
            let due = closes_at(row, row.tier, at);
            (due.map(|(due_at, _)| due_at), Vec::new())
        }
        None => (None, Vec::new()),
    };
    Anew {
        recipients,
        closes_at,
        opened,
    }
}
