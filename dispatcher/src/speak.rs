//! From the engine's words to the wire's. Names are looked up in a follower's state.

mod award;
mod limits;

use engine::core::{Answer, Event, Receipt, Refusal, Refused, State, TierCause, Unassigned};
use engine::model::{
    AgencyId, AgreementId, OfficerId, OfficerSet, Rank, Segment, Standing, Timestamp, Vacancy,
    VacancyId,
};
use engine::rules::Clause;
use protocol::{
    Amended, Assignment, BoardRow, BoardSlot, Happening, Offer, Outcome, RefusalCode, Unassignment,
    What, Withdrawal,
};

mod publication;

pub use limits::period;
pub(crate) use publication::grant;
pub(crate) use publication::preview;

pub(crate) fn key(row: &Vacancy) -> protocol::VacancyKey {
    protocol::VacancyKey(row.posting.key.0)
}

pub(crate) fn agency(state: &State, id: AgencyId) -> String {
    state
        .roster()
        .agencies
        .find(id)
        .map_or_else(String::new, |row| row.code.to_string())
}

fn agreement(state: &State, id: AgreementId) -> String {
    state
        .roster()
        .agreements
        .find(id)
        .map_or_else(String::new, |row| row.code.to_string())
}

pub(crate) fn badge(state: &State, id: OfficerId) -> String {
    state
        .roster()
        .officers
        .find(id)
        .map_or_else(String::new, |row| row.badge.to_string())
}

fn badges(state: &State, officers: &OfficerSet) -> Vec<String> {
    officers.iter().map(|id| badge(state, id)).collect()
}

pub(crate) fn slots_open(row: &Vacancy) -> u16 {
    u16::try_from(row.slots_open()).unwrap_or(u16::MAX)
}

pub(crate) fn programme(state: &State, row: &Vacancy) -> String {
    let programme = state.roster().programmes.find(row.posting.programme);
    programme.map_or_else(String::new, |row| row.code.to_string())
}

pub(crate) fn direction(direction: engine::model::Direction) -> protocol::Direction {
    match direction {
        engine::model::Direction::In => protocol::Direction::In,
        engine::model::Direction::Out => protocol::Direction::Out,
    }
}

pub(crate) fn rank(rank: Rank) -> protocol::Rank {
    match rank {
        Rank::Officer => protocol::Rank::Officer,
        Rank::Sergeant => protocol::Rank::Sergeant,
        Rank::Commander => protocol::Rank::Commander,
    }
}

/// Says where and when.
pub fn segments(state: &State, segments: &[Segment]) -> Vec<protocol::Segment> {
    let speak = |segment: &Segment| {
        let site = state.roster().sites.find(segment.site);
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        protocol::Segment {
            site: text(site.map(|site| site.code.as_str())),
            name: text(site.map(|site| &*site.name)),
            zone: text(site.map(|site| &*site.zone)),
            start_us: segment.span.start.as_micros(),
            end_us: segment.span.end.as_micros(),
        }
    };
    segments.iter().map(speak).collect()
}

pub(crate) fn offer(state: &State, row: &Vacancy, tier: u8, offered_at_us: i64) -> Offer {
    Offer {
        vacancy: key(row),
        round: row.round,
        tier,
        lead: agency(state, row.posting.lead),
        programme: programme(state, row),
        segments: segments(state, &row.posting.segments),
        slots: row.posting.slots.iter().copied().map(rank).collect(),
        slots_open: slots_open(row),
        offered_at_us,
    }
}

fn receipt(state: &State, receipt: Receipt) -> Option<protocol::Receipt> {
    Some(protocol::Receipt {
        vacancy: key(state.vacancy(receipt.vacancy)?),
        slot: receipt.slot,
        place: receipt.place,
        sequence: receipt.sequence.0,
        cover: agreement(state, receipt.cover),
        awarded_at_us: receipt.awarded_at.as_micros(),
    })
}

pub(crate) fn assignment(state: &State, id: VacancyId, officer: OfficerId) -> Option<Assignment> {
    let row = state.vacancy(id)?;
    Some(Assignment {
        receipt: receipt(state, state.receipt(id, officer)?)?,
        segments: segments(state, &row.posting.segments),
        post_orders: row.posting.post_orders.to_string(),
    })
}

/// A vacancy as it is after an amendment, for those who hold it or were asked.
pub(crate) fn amended(state: &State, row: &Vacancy, confirm_by: Option<Timestamp>) -> Amended {
    Amended {
        vacancy: key(row),
        round: row.round,
        segments: segments(state, &row.posting.segments),
        slots: row.posting.slots.iter().copied().map(rank).collect(),
        post_orders: row.posting.post_orders.to_string(),
        confirm_by_us: confirm_by.map(Timestamp::as_micros),
    }
}

pub(crate) use award::{awarding, kept};

pub(crate) fn withdrawal(standing: Standing) -> Withdrawal {
    match standing {
        // What is open is withdrawn only from those whom an amendment leaves out.
        Standing::Open => Withdrawal::Amended,
        Standing::Filled => Withdrawal::Filled,
        Standing::Cancelled => Withdrawal::Cancelled,
        Standing::Expired => Withdrawal::Expired,
    }
}

pub(crate) fn unassignment(because: Unassigned) -> Unassignment {
    match because {
        Unassigned::Released => Unassignment::Released,
        Unassigned::Recalled => Unassignment::Recalled,
        Unassigned::Cancelled => Unassignment::Cancelled,
        Unassigned::Amended => Unassignment::Amended,
        Unassigned::Unconfirmed => Unassignment::Unconfirmed,
        Unassigned::Reduced => Unassignment::Reduced,
        Unassigned::Undone => Unassignment::Undone,
    }
}

/// The name of a clause, such as `certified:ade-sso`.
pub fn clause_name(state: &State, clause: Clause) -> String {
    let certification = |kind| {
        let row = state.roster().certifications.find(kind);
        row.map_or_else(
            || "certified".to_owned(),
            |row| format!("certified:{}", row.code),
        )
    };
    let name = match clause {
        Clause::LeadOrPact => "lead-or-pact",
        Clause::Cover => "cover",
        Clause::NotSuspended => "not-suspended",
        Clause::Class => "class",
        Clause::Certified(kind) => return certification(kind),
        Clause::Approved => "approved",
        Clause::Rank => "rank",
        Clause::Available => "available",
        Clause::NotExcluded => "not-excluded",
        Clause::Free => "free",
        Clause::Preferred => "preferred",
        Clause::Hours { period, .. } => return format!("hours:{}", limits::period(period)),
        Clause::Rest { .. } => "rest",
        Clause::JobApproved => "job-approved",
    };
    name.to_owned()
}

/// A clause that is flagged: its name, and the figures where it has some.
pub fn flagged_clause(state: &State, clause: Clause) -> String {
    let name = clause_name(state, clause);
    match limits::figures(clause) {
        Some(figures) => format!("{name} ({figures})"),
        None => name,
    }
}

fn clause_detail(state: &State, clause: Clause, holds: bool) -> String {
    let kind = match clause {
        Clause::Certified(kind) => state.roster().certifications.find(kind),
        _ => None,
    };
    let kind = kind.map_or("the certification", |kind| kind.code.as_str());
    let (yes, no) = match clause {
        Clause::LeadOrPact => (
            "the home agency leads here or backs the lead up",
            "the home agency neither leads here nor has a pact with the lead that holds",
        ),
        Clause::Cover => (
            "an agreement protects the officer",
            "no agreement protects the officer on this work",
        ),
        Clause::NotSuspended => ("the officer may work", "the officer is suspended"),
        Clause::Class => (
            "the programme admits the officer's class",
            "the programme does not admit the officer's class",
        ),
        Clause::Certified(_) => {
            let held = if holds {
                "is held"
            } else {
                "is not held from now"
            };
            return format!("{kind} {held} through the end of the work");
        }
        Clause::Approved => (
            "the home agency approves the officer through the end of the work",
            "the home agency does not approve the officer through the end of the work",
        ),
        Clause::Rank => ("a slot asks for this rank", "no slot asks for this rank"),
        Clause::Available => (
            "the declared windows contain the work",
            "the declared windows do not contain the work",
        ),
        Clause::NotExcluded => (
            "no site and no district objects to the officer",
            "a site or its district does not want this officer",
        ),
        Clause::Free => (
            "no other assignment overlaps",
            "another assignment overlaps",
        ),
        Clause::Preferred => (
            "the officer prefers such work",
            "the officer prefers other work, and the home agency keeps to that",
        ),
        Clause::JobApproved => (
            "the job it was published under is approved",
            "the job it was published under is no longer approved",
        ),
        Clause::Hours { .. } | Clause::Rest { .. } => {
            return limits::detail(clause, holds);
        }
    };
    if holds { yes.to_owned() } else { no.to_owned() }
}

/// Says whether a clause of eligibility holds, in the words of `muster why`.
pub fn clause(state: &State, clause: Clause, holds: bool) -> protocol::Clause {
    protocol::Clause {
        name: clause_name(state, clause),
        holds,
        detail: clause_detail(state, clause, holds),
    }
}

fn code(refusal: &Refusal) -> RefusalCode {
    match refusal {
        Refusal::Invalid(_) => RefusalCode::Invalid,
        Refusal::RequestReused => RefusalCode::RequestReused,
        Refusal::NotAllowed => RefusalCode::NotAllowed,
        Refusal::Unknown { .. } => RefusalCode::Unknown,
        Refusal::AlreadyExists { .. } => RefusalCode::AlreadyExists,
        Refusal::LimitReached { .. } | Refusal::Busy { .. } | Refusal::TooLong { .. } => {
            RefusalCode::LimitReached
        }
        Refusal::Cancelled => RefusalCode::Cancelled,
        Refusal::Expired => RefusalCode::Expired,
        Refusal::Filled | Refusal::RankFilled => RefusalCode::Filled,
        Refusal::NotOffered => RefusalCode::NotOffered,
        Refusal::NotEligible { .. } => RefusalCode::NotEligible,
        Refusal::Overlaps { .. } => RefusalCode::Overlaps,
        Refusal::NotHolder => RefusalCode::NotHolder,
        Refusal::NoFurtherTier => RefusalCode::NoFurtherTier,
        Refusal::Amended => RefusalCode::Amended,
        Refusal::SlotHeld { .. } => RefusalCode::SlotHeld,
        Refusal::Unchanged => RefusalCode::Unchanged,
        Refusal::OutsideGrant(_) => RefusalCode::OutsideGrant,
        Refusal::BeyondGrant(_) => RefusalCode::BeyondGrant,
        Refusal::TooFewSlots { .. } => RefusalCode::TooFewSlots,
        Refusal::NotStarted => RefusalCode::NotStarted,
        Refusal::ClockedIn => RefusalCode::ClockedIn,
        Refusal::OtherOrders { .. } => RefusalCode::OtherOrders,
        Refusal::Full { .. } => RefusalCode::LimitReached,
        Refusal::Shelved => RefusalCode::Shelved,
        Refusal::NoLastTier => RefusalCode::NoFurtherTier,
        Refusal::TiersLeft => RefusalCode::NotOffered,
        Refusal::BidsClosed => RefusalCode::BidsClosed,
        Refusal::KeptForStandby => RefusalCode::KeptForStandby,
        Refusal::NotUndoable => RefusalCode::NotUndoable,
        Refusal::NoStandby => RefusalCode::NoStandby,
        Refusal::StillOpen => RefusalCode::StillOpen,
        Refusal::NotWaiting => RefusalCode::NotWaiting,
        Refusal::Seed => RefusalCode::Seed,
        Refusal::Job(_) => RefusalCode::Job,
        Refusal::BelowLadder(_) => RefusalCode::BelowLadder,
        Refusal::Denied => RefusalCode::Denied,
    }
}

/// Says a refusal of a request that was received at `received_us`.
pub fn refused(refused: &Refused, received_us: i64) -> protocol::Refused {
    let behind = |filled: Timestamp| received_us - filled.as_micros();
    protocol::Refused {
        code: code(&refused.refusal),
        sentence: refused.refusal.to_string(),
        place: refused.place,
        behind_us: refused
            .filled_at
            .map(|at| u64::try_from(behind(at)).unwrap_or(0)),
        clauses: Vec::new(),
    }
}

/// Says no. A refused accept is a loss.
pub(crate) fn no(refusal: &Refused, is_accept: bool, received_us: i64) -> Outcome {
    match refusal.refusal {
        Refusal::Busy { retry_after_ms } => Outcome::Busy { retry_after_ms },
        _ if is_accept => Outcome::Lost(refused(refusal, received_us)),
        _ => Outcome::Refused(refused(refusal, received_us)),
    }
}

/// Says the answer to a request.
pub(crate) fn outcome(
    state: &State,
    reply: &Result<Answer, Refused>,
    is_accept: bool,
    received_us: i64,
) -> Outcome {
    let refusal = match reply {
        Ok(Answer::Won(won)) => {
            return receipt(state, *won).map_or(Outcome::Unavailable, Outcome::Won);
        }
        Ok(Answer::Done { sequence }) => {
            return Outcome::Done {
                sequence: sequence.0,
            };
        }
        Ok(Answer::Bid {
            place, closes_at, ..
        }) => {
            return Outcome::Bid {
                place: *place,
                closes_at_us: closes_at.as_micros(),
            };
        }
        Ok(Answer::Standby { place, .. }) => return Outcome::Standby { place: *place },
        Err(refusal) => refusal,
    };
    let mut outcome = no(refusal, is_accept, received_us);
    if let (
        Outcome::Lost(said) | Outcome::Refused(said),
        Refusal::NotEligible { clause: failing },
    ) = (&mut outcome, &refusal.refusal)
    {
        said.clauses = vec![clause(state, *failing, false)];
    }
    outcome
}

/// Says what happened on the board.
pub(crate) fn happening(
    state: &State,
    id: VacancyId,
    event: &Event,
    at_us: i64,
) -> Option<Happening> {
    let row = state.vacancy(id)?;
    let count = |set: &OfficerSet| u32::try_from(set.len()).unwrap_or(u32::MAX);
    let what = match event {
        Event::Published { posting, .. } => What::Published {
            site: segments(state, &posting.segments).swap_remove(0).site,
            start_us: posting.span().start.as_micros(),
            slots: u16::try_from(posting.slots.len()).unwrap_or(u16::MAX),
        },
        Event::TierOpened {
            tier,
            because,
            recipients,
            ..
        } => What::TierOpened {
            tier: *tier,
            because: tier_cause(*because),
            recipients: count(recipients),
        },
        Event::Awarded {
            slot,
            officer,
            cover,
            place,
            ..
        } => What::Awarded {
            slot: *slot,
            badge: badge(state, *officer),
            place: *place,
            cover: agreement(state, *cover),
            slots_open: slots_open(row),
        },
        Event::Declined { officer, .. } => What::Declined {
            badge: badge(state, *officer),
        },
        Event::Vacated {
            slot,
            officer,
            because,
            round,
            recipients,
            ..
        } => What::Reoffered {
            slot: *slot,
            badge: badge(state, *officer),
            because: unassignment((*because).into()),
            round: *round,
            recipients: count(recipients),
        },
        Event::Cancelled { reason, .. } => What::Cancelled {
            reason: reason.to_string(),
        },
        Event::Expired { .. } => What::Expired {
            slots_open: slots_open(row),
        },
        Event::Punched { punch, .. } => What::Punched {
            badge: badge(state, punch.officer),
            direction: direction(punch.direction),
            on_site: punch.on_site,
        },
        Event::Amended(amendment) => {
            let moved = amendment.moved.as_ref();
            let of = |set: Option<&OfficerSet>| set.map_or_else(Vec::new, |set| badges(state, set));
            What::Amended {
                slots_open: slots_open(row),
                round: amendment.round,
                recipients: count(&amendment.recipients),
                unconfirmed: of(moved.map(|moved| &moved.unconfirmed)),
                lost: of(moved.map(|moved| &moved.lost)),
            }
        }
        Event::Reconfirmed { officer, receipt } => What::Reconfirmed {
            slot: receipt.slot,
            badge: badge(state, *officer),
        },
        Event::Lapsed(lapse) => What::Lapsed {
            slots_open: slots_open(row),
            round: lapse.round,
            recipients: count(&lapse.recipients),
            badges: badges(state, &lapse.officers),
        },
        Event::LastTierApproved(approved) => What::LastTierApproved {
            approved_by: approved.approved_by.to_string(),
            recipients: count(&approved.recipients),
        },
        Event::Offered { recipients, .. } if !recipients.is_empty() => What::OfferedLater {
            recipients: count(recipients),
        },
        other => {
            award::what(state, other).or_else(|| crate::afterwards::happening(state, row, other))?
        }
    };
    Some(Happening {
        vacancy: key(row),
        lead: agency(state, row.posting.lead),
        at_us,
        what,
    })
}

fn tier_cause(because: TierCause) -> protocol::TierCause {
    match because {
        TierCause::Published => protocol::TierCause::Published,
        TierCause::NoEligibleOfficer => protocol::TierCause::NoEligibleOfficer,
        TierCause::AllDeclined => protocol::TierCause::AllDeclined,
        TierCause::WindowElapsed => protocol::TierCause::WindowElapsed,
        TierCause::Coordinator => protocol::TierCause::Coordinator,
        TierCause::StartNear => protocol::TierCause::StartNear,
    }
}

/// A vacancy as a row of the board.
pub fn board_row(state: &State, row: &Vacancy) -> BoardRow {
    let standing = match row.standing {
        Standing::Open => protocol::Standing::Open,
        Standing::Filled => protocol::Standing::Filled,
        Standing::Cancelled => protocol::Standing::Cancelled,
        Standing::Expired => protocol::Standing::Expired,
    };
    let slot = |slot: &engine::model::Slot| BoardSlot {
        rank: rank(slot.rank),
        holder: slot
            .holder
            .as_ref()
            .map(|holder| badge(state, holder.officer)),
    };
    BoardRow {
        vacancy: key(row),
        lead: agency(state, row.posting.lead),
        programme: programme(state, row),
        segments: segments(state, &row.posting.segments),
        standing,
        tier: row.tier,
        round: row.round,
        offered: u32::try_from(row.offered.len()).unwrap_or(u32::MAX),
        slots: row.slots.iter().map(slot).collect(),
    }
}

/// Says that the role does not allow it.
pub(crate) fn not_allowed() -> Outcome {
    Outcome::Refused(refused(&Refusal::NotAllowed.into(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_line_says_when_to_come_back_whatever_was_asked() {
        let busy = Refused::from(Refusal::Busy { retry_after_ms: 50 });
        for is_accept in [true, false] {
            let said = no(&busy, is_accept, 0);
            assert_eq!(said, Outcome::Busy { retry_after_ms: 50 });
        }
    }

    #[test]
    fn an_answer_to_what_was_amended_is_a_loss_that_says_what_to_do() {
        let amended = Refused {
            place: Some(3),
            ..Refused::from(Refusal::Amended)
        };
        let Outcome::Lost(said) = no(&amended, true, 0) else {
            panic!("an accept that is refused is lost")
        };
        assert_eq!((said.code, said.place), (RefusalCode::Amended, Some(3)));
        assert!(said.sentence.contains("answer the new offer"), "{said:?}");
    }
}
