//! Coordinators' acts on a vacancy: publish, cancel, open the next tier.

use std::collections::BTreeSet;

use super::grants::{self, Pending};
use super::{jobs, known, not_over, open_next, open_tiers, push, staffing, standby, terms};
use crate::core::afterwards::Again;
use crate::core::command::{NewSegment, NewVacancy, Publication};
use crate::core::event::{Event, TierCause, WaitEnd};
use crate::core::matching::Matches;
use crate::core::refusal::{Invalid, Kind, Refusal};
use crate::core::state::State;
use crate::limits::{
    POST_ORDERS_LEN_MAX, PUBLICATIONS_MAX, REASON_LEN_MAX, SEGMENTS_MAX, SLOTS_MAX, VACANCIES_MAX,
    VACANCY_SPAN_US_MAX, WINDOW_MS_MAX, WINDOWS_MAX,
};
use crate::model::{
    AgencyId, Awarding, Interval, OfficerId, Posting, Rank, Roster, Segment, Standing, Term,
    Timestamp, Vacancy, VacancyId, VacancyKey,
};
use crate::rules::availability;

/// Publishes a vacancy and opens tier 0, and every tier that follows at once.
pub(super) fn publish(
    state: &State,
    new: &NewVacancy,
    at: Timestamp,
    matches: &Matches,
) -> Result<Vec<Event>, Refusal> {
    let id = state.vacancies().end();
    let row = draft(state, (new, &[]), at, &mut Pending::new())?;
    publish_one(state, (id, row), at, (matches, 0))
}

/// Publishes every one of `all`, or none.
pub(super) fn publish_all(
    state: &State,
    all: &[Publication],
    at: Timestamp,
    matches: &Matches,
) -> Result<Vec<Event>, Refusal> {
    let count = (1..=PUBLICATIONS_MAX).contains(&all.len());
    must(count, Invalid::Publications)?;
    let mut keys = BTreeSet::new();
    let mut events = Vec::new();
    let mut pending = Pending::new();
    let first = state.vacancies().end().index();
    for (nth, Publication { vacancy, terms }) in all.iter().enumerate() {
        if !keys.insert(vacancy.key) {
            return Err(taken(vacancy.key));
        }
        let row = draft(state, (vacancy, terms), at, &mut pending)?;
        let row = (VacancyId::from(first + nth), row);
        events.extend(publish_one(state, row, at, (matches, nth))?);
    }
    Ok(events)
}

/// The vacancy that publishing `new` would make, or why it may not be published. `pending` is what
/// other vacancies of the same command take of grants.
pub(in crate::core) fn draft<'a>(
    state: &'a State,
    (new, terms): (&NewVacancy, &[Term]),
    at: Timestamp,
    pending: &mut Pending<'a>,
) -> Result<Vacancy, Refusal> {
    let row = sketch(state, (new, terms), at)?;
    staffing::check(state.roster(), &row.posting)?;
    jobs::check(state, &row)?;
    check_new(state, &row, pending)?;
    Ok(row)
}

/// The same, before it is known whether its key is taken, whether grants pay for it and whether its
/// slots and its job allow it.
pub(in crate::core) fn sketch(
    state: &State,
    (new, terms): (&NewVacancy, &[Term]),
    at: Timestamp,
) -> Result<Vacancy, Refusal> {
    let roster = state.roster();
    let new = staffing::ranked(roster, new, terms)?;
    let mut row = Vacancy::new(resolve(roster, &new, at)?);
    row.terms = terms::resolve(terms, &row.posting, at)?;
    staffing::stamp(roster, &mut row);
    jobs::stamp(state, &mut row)?;
    Ok(row)
}

fn check_new<'a>(
    state: &'a State,
    row: &Vacancy,
    pending: &mut Pending<'a>,
) -> Result<(), Refusal> {
    if state.vacancy_id(row.posting.key).is_some() {
        return Err(taken(row.posting.key));
    }
    grants::check(state, row, None, pending)
}

/// Publishes what remains of `row` after `again.from`, for one officer of the rank of `slot`. What
/// is worn and driven is as it was, and so are the time around the work, who fills the slot, and
/// the job, which is judged no further than that it is still approved. `pending` is what the same
/// command gives back to grants.
pub(super) fn publish_rest<'a>(
    state: &'a State,
    (row, slot): (&Vacancy, u16),
    again: Again,
    at: Timestamp,
    pending: &mut Pending<'a>,
) -> Result<Vec<Event>, Refusal> {
    let span = row.posting.span();
    must(at < again.from && again.from < span.end, Invalid::Rest)?;
    let ahead = row.posting.segments.iter();
    let ahead = ahead.filter(|segment| again.from < segment.span.end);
    let cut = ahead.map(|segment| {
        let mut segment = segment.clone();
        segment.span.start = segment.span.start.max(again.from);
        let zone = state
            .roster()
            .sites
            .find(segment.site)
            .map(|site| &site.zone);
        if let Some(local) =
            zone.and_then(|zone| availability::local_spans(zone, segment.span).ok())
        {
            segment.local = local;
        }
        segment
    });
    let posting = Posting {
        key: again.key,
        segments: cut.collect(),
        slots: vec![row.slots[usize::from(slot)].rank],
        ..row.posting.clone()
    };
    let of_the_work = |term: &&Term| {
        matches!(
            term,
            Term::Buffer { .. }
                | Term::Clothing(_)
                | Term::MarkedCar
                | Term::Job { .. }
                | Term::HigherRanks { .. }
        )
    };
    let terms: Vec<Term> = row.terms.iter().filter(of_the_work).cloned().collect();
    let mut rest = Vacancy::new(posting);
    rest.terms = terms::resolve(&terms, &rest.posting, at)?;
    jobs::check_rest(state, &rest)?;
    check_new(state, &rest, pending)?;
    let rest = (state.vacancies().end(), rest);
    publish_one(state, rest, at, (&Matches::none(), 0))
}

fn publish_one(
    state: &State,
    (id, row): (VacancyId, Vacancy),
    at: Timestamp,
    (matches, nth): (&Matches, usize),
) -> Result<Vec<Event>, Refusal> {
    if id.index() >= VACANCIES_MAX {
        let (kind, limit) = (Kind::Vacancy, VACANCIES_MAX as u64);
        return Err(Refusal::LimitReached { kind, limit });
    }
    let posting = Box::new(row.posting.clone());
    let mut events = vec![Event::Published { id, posting }];
    if !row.terms.is_empty() {
        let terms = Box::new(row.terms.clone());
        events.push(Event::Termed { vacancy: id, terms });
    }
    let eligible = |tier| matches.recipients(nth, state, (&row, tier), at);
    let first = (0, TierCause::Published);
    events.extend(open_tiers(state, (id, &row), first, at, false, eligible));
    Ok(events)
}

fn taken(key: VacancyKey) -> Refusal {
    let code = format!("{:032x}", key.0).into();
    Refusal::AlreadyExists {
        kind: Kind::Vacancy,
        code,
    }
}

/// What `new` says, with every name resolved and every bound checked.
pub fn resolve(roster: &Roster, new: &NewVacancy, at: Timestamp) -> Result<Posting, Refusal> {
    let unknown = |kind, code: &str| Refusal::Unknown {
        kind,
        code: code.into(),
    };
    check_segments(&new.segments)?;
    check_slots(&new.slots)?;
    let windows = &new.windows_ms;
    let short = windows.iter().all(|ms| *ms <= WINDOW_MS_MAX);
    must(windows.len() <= WINDOWS_MAX && short, Invalid::Windows)?;
    check_post_orders(&new.post_orders)?;

    let agency = |code: &str| {
        roster
            .agency(code)
            .ok_or_else(|| unknown(Kind::Agency, code))
    };
    let lead: AgencyId = agency(&new.lead)?;
    let programme = roster.programme(&new.programme);
    let programme = programme.ok_or_else(|| unknown(Kind::Programme, &new.programme))?;
    Ok(Posting {
        key: new.key,
        lead,
        programme,
        segments: resolve_segments(roster, &new.segments, at)?,
        slots: new.slots.clone(),
        windows_ms: windows.clone(),
        post_orders: new.post_orders.as_str().into(),
    })
}

fn must(ok: bool, what: Invalid) -> Result<(), Refusal> {
    if ok {
        Ok(())
    } else {
        Err(Refusal::Invalid(what))
    }
}

pub(super) fn check_segments(segments: &[NewSegment]) -> Result<(), Refusal> {
    let count = segments.len();
    must((1..=SEGMENTS_MAX).contains(&count), Invalid::Segments)
}

pub(super) fn check_slots(slots: &[Rank]) -> Result<(), Refusal> {
    must((1..=SLOTS_MAX).contains(&slots.len()), Invalid::Slots)
}

pub(super) fn check_post_orders(orders: &str) -> Result<(), Refusal> {
    must(orders.len() <= POST_ORDERS_LEN_MAX, Invalid::PostOrders)
}

/// Where and when `new` says, which has passed [`check_segments`].
pub(super) fn resolve_segments(
    roster: &Roster,
    new: &[NewSegment],
    at: Timestamp,
) -> Result<Vec<Segment>, Refusal> {
    let resolved = new.iter().map(|segment| resolve_segment(roster, segment));
    let segments = resolved.collect::<Result<Vec<Segment>, Refusal>>()?;
    let ordered = segments
        .windows(2)
        .all(|pair| pair[0].span.end <= pair[1].span.start);
    let ends = segments.first().zip(segments.last());
    let (start, end) = ends
        .map(|(first, last)| (first.span.start, last.span.end))
        .ok_or(Refusal::Invalid(Invalid::Segments))?;
    let short = end.as_micros() - start.as_micros() <= VACANCY_SPAN_US_MAX;
    must(ordered && short, Invalid::SegmentOrder)?;
    must(at < start, Invalid::InThePast)?;
    Ok(segments)
}

fn resolve_segment(roster: &Roster, new: &NewSegment) -> Result<Segment, Refusal> {
    let span = Interval::new(new.start, new.end);
    let span = span.ok_or(Refusal::Invalid(Invalid::SegmentOrder))?;
    if span
        .end
        .as_micros()
        .checked_sub(span.start.as_micros())
        .is_none_or(|us| us > VACANCY_SPAN_US_MAX)
    {
        return Err(Refusal::Invalid(Invalid::SegmentOrder));
    }
    let unknown = || Refusal::Unknown {
        kind: Kind::Site,
        code: new.site.as_str().into(),
    };
    let site = roster.site(&new.site).ok_or_else(unknown)?;
    let zone = &roster.sites.find(site).ok_or_else(unknown)?.zone;
    let local = availability::local_spans(zone, span);
    let local = local.map_err(|_| Refusal::Invalid(Invalid::Zone(zone.clone())))?;
    Ok(Segment { site, span, local })
}

/// Ends a vacancy on the customer's behalf, until its work is over: with slots still open at the
/// start it expired for whoever was asked, and goes on for those who hold one.
pub(super) fn cancel(
    state: &State,
    id: VacancyId,
    reason: &str,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if reason.len() > REASON_LEN_MAX {
        return Err(Refusal::Invalid(Invalid::Reason));
    }
    let row = known(state, id)?;
    let holders: Vec<OfficerId> = row.holders().map(|holder| holder.officer).collect();
    let is_over = row.posting.span().end <= at;
    match row.standing {
        Standing::Cancelled => return Err(Refusal::Cancelled),
        Standing::Expired if is_over || holders.is_empty() => return Err(Refusal::Expired),
        Standing::Open | Standing::Filled if is_over => return Err(Refusal::Expired),
        Standing::Expired | Standing::Open | Standing::Filled => {}
    }
    let mut events = vec![Event::Cancelled {
        vacancy: id,
        reason: reason.into(),
        holders,
    }];
    events.extend(standby::ended((id, row), WaitEnd::Cancelled, Awarding::end));
    Ok(events)
}

/// Opens the next tier because the coordinator says so.
pub(super) fn open_next_tier(
    state: &State,
    id: VacancyId,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let row = known(state, id)?;
    not_over(row, at)?;
    if row.standing == Standing::Filled {
        return Err(Refusal::Filled);
    }
    let waiting = push::is_anybody_asked(state, row, &row.offered, at);
    let opened = open_next(state, (id, row), TierCause::Coordinator, at, waiting);
    opened.ok_or(Refusal::NoFurtherTier)
}
