//! Everything the log says, and the index derived from it.

#![allow(
    missing_docs,
    reason = "rkyv derives resolvers whose fields have no documentation"
)]

use std::collections::{BTreeMap, BTreeSet};

use rkyv::rancor::{self, ResultExt};
use rkyv::with::Skip;
use rkyv::{Archive, Deserialize, Serialize};

use super::ahead::Ahead;
use super::answers::{Answers, Remembered};
use super::command::Actor;
use super::event::{Event, Record};
use super::expiries::Expiries;
use super::grants::Grants;
use super::keeping::Keeping;
use super::refusal::Refused;
use super::{saved, sound};
use crate::index::Index;
use crate::model::{
    AgreementId, Attendance, Bearer, Calendar, CertificationId, Code, Date, Denial, Job, Journal,
    Lift, Offering, OfficerId, OfficerSet, Place, Punch, RequestId, Roster, Sequence, Standing,
    Table, Timestamp, Vacancy, VacancyId, VacancyKey, Widening,
};
use crate::rules::{Candidate, Clause, Ground, eligibility, tier};

/// The state after some record of the log.
///
/// The engine thread holds one, and so does every follower; the same records make the same state.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) durable: Durable,
    pub(super) index: Index,
    pub(super) ahead: Ahead,
    pub(super) keeping: Keeping,
}

/// What a snapshot holds: all of the state but what is derived.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Durable {
    pub(super) sequence: Sequence,
    pub(super) at: Timestamp,
    pub(super) roster: Roster,
    pub(super) vacancies: Table<VacancyId, Vacancy>,
    pub(super) keys: BTreeMap<VacancyKey, VacancyId>,
    pub(super) calendars: Table<OfficerId, Calendar>,
    pub(super) punches: BTreeMap<VacancyId, Vec<Punch>>,
    /// What falls due, but for certifications that run out on days to come.
    pub(super) deadlines: BTreeSet<(Timestamp, Deadline)>,
    pub(super) answers: Answers,
    /// Those certifications. In a snapshot they are among the deadlines.
    #[rkyv(with = Skip)]
    pub(super) expiries: Expiries,
    /// A section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub(super) grants: Grants,
    /// What is known of attendance beside punches; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub(super) attendance: BTreeMap<VacancyId, Attendance>,
    /// What was written about vacancies; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub(super) journals: BTreeMap<VacancyId, Journal>,
    /// Officers who are told of a vacancy when their quiet is over; a section of a snapshot.
    #[rkyv(with = Skip)]
    pub(super) deferred: BTreeMap<(VacancyId, Timestamp), OfficerSet>,
    /// Since when officers have been in service; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub(super) seniority: Table<OfficerId, Date>,
    /// Officers who may come to more from some moment on; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub(super) widened: BTreeMap<Timestamp, Widening>,
    /// Those who are being offered what is open to them; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub(super) offering: Option<Offering>,
    /// What customers asked for; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub(super) jobs: BTreeMap<Code, Job>,
    /// Who may not come in; a section of its own in a snapshot.
    #[rkyv(with = Skip)]
    pub(super) denials: BTreeMap<Bearer, Denial>,
}

/// Something that falls due.
#[derive(Archive, Serialize, Deserialize)]
#[rkyv(derive(PartialEq, Eq, PartialOrd, Ord))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deadline {
    /// A tier's window ends.
    Tier(VacancyId),
    /// A vacancy's work starts.
    Start(VacancyId),
    /// A certification runs out.
    Certification(OfficerId, CertificationId),
    /// Holders have had their time to say yes to another time or place.
    Confirm(VacancyId),
    /// What was written about a vacancy has been at hand for long enough.
    Shelve(VacancyId),
    /// Officers' quiet is over, and a vacancy waits for them.
    Push(VacancyId),
    /// Bids are ranked, or closed until the seed is known.
    Rank(VacancyId),
    /// Somebody on the standby list has had their time to say yes.
    Standby(VacancyId),
    /// Officers may come to more than before.
    Widened,
    /// Officers are being offered what is open to them, and there is more of it.
    Offering,
    /// The work of a vacancy starts whose slots are all held, and nobody waits for one any more.
    Waits(VacancyId),
}

/// The answer to a command: done, or refused.
pub type Reply = Result<Answer, Refused>;

/// The good answers.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The slot is the officer's.
    Won(Receipt),
    /// It is done.
    Done {
        /// The log record that holds it.
        sequence: Sequence,
    },
    /// The accept is collected: slots are given when bids are ranked.
    Bid {
        /// The vacancy.
        vacancy: VacancyId,
        /// Place in the order of arrival, from 1.
        place: u32,
        /// When slots are given.
        closes_at: Timestamp,
    },
    /// The officer is on the standby list.
    Standby {
        /// The vacancy.
        vacancy: VacancyId,
        /// Place on the list, from 1.
        place: u32,
    },
}

/// Proof of an award.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The vacancy.
    pub vacancy: VacancyId,
    /// The slot, from 0.
    pub slot: u16,
    /// Place in the line of accepts, from 1.
    pub place: u32,
    /// The log record of the award.
    pub sequence: Sequence,
    /// What protects the officer.
    pub cover: AgreementId,
    /// When it was awarded.
    pub awarded_at: Timestamp,
}

impl State {
    /// The state before the first record.
    pub fn empty() -> State {
        State::from(Durable::default())
    }

    /// The state that `snapshot` holds.
    ///
    /// # Errors
    /// If the bytes are no state, or one that no log leads to.
    pub fn restore(snapshot: &[u8]) -> Result<State, rancor::Error> {
        let durable = saved::load(snapshot)?;
        sound::check(&durable).into_error()?;
        Ok(State::from(durable))
    }

    /// Keys the table of answers with something that nobody outside knows, so that no choice of
    /// request ids makes it slow.
    pub(crate) fn key_answers(&mut self, key: u64) {
        self.durable.answers.rekey(key);
    }

    /// The durable part as bytes, for a snapshot.
    pub fn snapshot(&self) -> Result<Vec<u8>, rancor::Error> {
        saved::save(&self.durable)
    }

    /// The durable part.
    pub fn durable(&self) -> &Durable {
        &self.durable
    }

    /// The record this state is the outcome of.
    pub fn sequence(&self) -> Sequence {
        self.durable.sequence
    }

    /// When that record was decided.
    pub fn at(&self) -> Timestamp {
        self.durable.at
    }

    /// Agencies, officers, sites, pacts.
    pub fn roster(&self) -> &Roster {
        &self.durable.roster
    }

    /// The index over the roster.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The vacancies whose work is ahead.
    pub fn ahead(&self) -> &Ahead {
        &self.ahead
    }

    /// What officers are assigned to.
    pub fn calendars(&self) -> &Table<OfficerId, Calendar> {
        &self.durable.calendars
    }

    /// Every vacancy with its number.
    pub fn vacancies(&self) -> &Table<VacancyId, Vacancy> {
        &self.durable.vacancies
    }

    /// A vacancy by number.
    pub fn vacancy(&self, id: VacancyId) -> Option<&Vacancy> {
        self.durable.vacancies.find(id)
    }

    /// The number of a vacancy by its name outside.
    pub fn vacancy_id(&self, key: VacancyKey) -> Option<VacancyId> {
        self.durable.keys.get(&key).copied()
    }

    /// The punches made for a vacancy, in order.
    pub fn punches(&self, id: VacancyId) -> &[Punch] {
        self.durable.punches.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Grants of districts, and what is taken of them.
    pub fn grants(&self) -> &Grants {
        &self.durable.grants
    }

    /// What is known of the attendance at a vacancy beside its punches, if anything is.
    pub fn attendance(&self, id: VacancyId) -> Option<&Attendance> {
        self.durable.attendance.get(&id)
    }

    /// The version of a vacancy's post orders, from 1.
    pub fn orders_version(&self, id: VacancyId) -> u32 {
        self.attendance(id).map_or(1, Attendance::orders_version)
    }

    /// A job by its code.
    pub fn job(&self, code: &str) -> Option<&Job> {
        self.durable.jobs.get(code)
    }

    /// Every job, in the order of their codes.
    pub fn jobs(&self) -> &BTreeMap<Code, Job> {
        &self.durable.jobs
    }

    /// Who may not come in, and some whose time is over.
    pub fn denials(&self) -> &BTreeMap<Bearer, Denial> {
        &self.durable.denials
    }

    /// Whether whoever is known by `bearer` may not come in at `at`.
    pub fn is_denied(&self, bearer: &Bearer, at: Timestamp) -> bool {
        let denial = self.durable.denials.get(bearer);
        denial.is_some_and(|denial| denial.holds(at))
    }

    /// What was written about a vacancy, if anything was and is still at hand.
    pub fn journal(&self, id: VacancyId) -> Option<&Journal> {
        self.durable.journals.get(&id)
    }

    /// When the next [`Tick`](super::Body::Tick) is due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.durable.deadlines.first().map(|(at, _)| *at)
    }

    /// The answer given to a request, if it is still remembered.
    pub fn answer(&self, by: Actor, request: RequestId) -> Option<&Remembered> {
        self.durable.answers.find(by, request)
    }

    /// Officers who heard anything but that a slot is theirs, and whose retries must hear it again.
    pub fn answered_officers(&self) -> impl Iterator<Item = OfficerId> {
        self.durable.answers.answered_officers()
    }

    /// Since when `officer` has been in service, if anybody said.
    pub fn seniority(&self, officer: OfficerId) -> Option<Date> {
        self.durable.seniority.find(officer).copied()
    }

    /// The award receipt of the slot that `officer` holds.
    pub fn receipt(&self, id: VacancyId, officer: OfficerId) -> Option<Receipt> {
        let (slot, holder) = self.vacancy(id)?.slot_of(officer)?;
        Some(Receipt {
            vacancy: id,
            slot,
            place: holder.place,
            sequence: holder.sequence,
            cover: holder.cover,
            awarded_at: holder.awarded_at,
        })
    }

    /// The tier through which `officer` sees a vacancy at `at`.
    pub fn tier_of(&self, vacancy: &Vacancy, officer: OfficerId, at: Timestamp) -> Option<u8> {
        let home = self.roster().officers.find(officer)?.home;
        let posting = &vacancy.posting;
        tier::tier_of(self.roster(), posting.lead, home, at, posting.span())
    }

    /// Whether the offer of a vacancy stands for `officer` at `at`: it is open, was offered, was
    /// not declined, and the officer could take it.
    pub fn stands_for(&self, vacancy: &Vacancy, officer: OfficerId, at: Timestamp) -> bool {
        let asked = vacancy.standing == Standing::Open
            && vacancy.offered.contains(officer)
            && !vacancy.declined.contains(officer);
        asked
            && self
                .ground(vacancy, at)
                .zip(self.candidate(officer))
                .is_some_and(|(ground, who)| eligibility::check(ground, who).is_ok())
    }

    /// Whether `officer` is to be told now of a vacancy whose offer stands for them. Where the next
    /// ticks are certain to push it, because other work of theirs has ended, it is theirs to say:
    /// whoever says it before says it twice.
    pub fn is_told_of(&self, id: VacancyId, vacancy: &Vacancy, officer: OfficerId) -> bool {
        self.stands_for(vacancy, officer, self.at()) && !self.is_pushed_next(id, vacancy, officer)
    }

    /// Whether one of the next ticks pushes the offer to `officer`, for whom it stands, whatever else
    /// happens. In doubt it does not: an offer that is said twice is read once, and one that nobody
    /// says is lost.
    fn is_pushed_next(&self, id: VacancyId, vacancy: &Vacancy, officer: OfficerId) -> bool {
        let durable = &self.durable;
        let noted = durable.widened.range(..=durable.at).map(|(_, who)| who);
        let offering = durable.offering.iter();
        let offering = offering.filter(|offering| offering.after < Place::of(id, vacancy));
        let mut to_come = noted.chain(offering.map(|offering| &offering.who));
        if !to_come.any(|who| who.frees((id, vacancy), officer)) {
            return false;
        }
        let roster = self.roster();
        // Wishes narrow the push, and put it off.
        let has_wishes = roster.provisions.preferences.contains_key(&officer);
        let rank = roster.officers.find(officer).map(|row| row.rank);
        let slot = rank.and_then(|rank| vacancy.free_slot(rank));
        slot.is_some() && !has_wishes && !vacancy.returned.contains(officer)
    }

    /// The ground on which officers are examined for `vacancy` at `at`; nothing if its programme is
    /// not known.
    pub fn ground<'a>(&'a self, vacancy: &'a Vacancy, at: Timestamp) -> Option<Ground<'a>> {
        Ground::new(self.roster(), self.vacancies(), vacancy, at)
    }

    /// Whether `lift` may still matter after `at`: what it is for is not over.
    pub(super) fn is_of_use(&self, lift: Lift, at: Timestamp) -> bool {
        match lift {
            Lift::Vacancy(key) => {
                let row = self.vacancy_id(key).and_then(|id| self.vacancy(id));
                row.is_some_and(|row| at < row.posting.span().end)
            }
            Lift::Dated(dates) => at < dates.end,
        }
    }

    /// Every clause of eligibility with its answer, as of `at`.
    pub fn why(
        &self,
        vacancy: &Vacancy,
        officer: OfficerId,
        at: Timestamp,
    ) -> Option<Vec<(Clause, bool)>> {
        let ground = self.ground(vacancy, at)?;
        let who = self.candidate(officer)?;
        let id = self.vacancy_id(vacancy.posting.key);
        let beside = id.map(|id| self.calendar_beside(id, officer));
        let calendar = beside.as_ref().or(who.calendar);
        Some(eligibility::explain(ground, Candidate { calendar, ..who }))
    }

    /// The limits of their agency that `officer` exceeds with a vacancy as of `at`.
    pub(super) fn exceeded(
        &self,
        (id, vacancy): (VacancyId, &Vacancy),
        officer: OfficerId,
        at: Timestamp,
    ) -> Vec<Clause> {
        let beside = self.calendar_beside(id, officer);
        let calendar = Some(&beside);
        let both = self.ground(vacancy, at).zip(self.candidate(officer));
        both.map_or_else(Vec::new, |(ground, who)| {
            eligibility::exceeded(ground, Candidate { calendar, ..who })
        })
    }

    /// What `officer` is assigned to beside a vacancy: whoever holds a slot of it is judged for it by
    /// everything else they hold, or its own hours would be in their way.
    pub(super) fn calendar_beside(&self, id: VacancyId, officer: OfficerId) -> Calendar {
        let mut calendar = self.calendars().find(officer).cloned().unwrap_or_default();
        calendar.free(id);
        calendar
    }

    /// Everybody in `tier` who may take `vacancy` at `at` and has not given it back.
    pub(super) fn eligible(&self, vacancy: &Vacancy, tier: u8, at: Timestamp) -> OfficerSet {
        let posting = &vacancy.posting;
        let Some(ground) = self.ground(vacancy, at) else {
            return OfficerSet::new();
        };
        let span = ground.span;
        let agencies = tier::agencies_of_tier(self.roster(), posting.lead, tier, at, span);
        let mut eligible = self.index.eligible(ground, self.calendars(), &agencies);
        eligible.0 -= &vacancy.returned.0;
        if vacancy.free_slots().count() < vacancy.slots.len() {
            eligible = self.with_free_rank(vacancy, &eligible);
        }
        eligible
    }

    /// Those of `officers` for whose rank a slot of `vacancy` is open and kept for nobody.
    pub(super) fn with_free_rank(&self, vacancy: &Vacancy, officers: &OfficerSet) -> OfficerSet {
        let is_free = |id: &OfficerId| self.is_free_for_rank(vacancy, *id, &[]);
        officers.iter().filter(is_free).collect()
    }

    /// Whether a slot of `vacancy` is open for the rank of `officer`, kept for nobody, and none of
    /// `taken`.
    pub(super) fn is_free_for_rank(
        &self,
        vacancy: &Vacancy,
        officer: OfficerId,
        taken: &[u16],
    ) -> bool {
        let free = vacancy.free_slots();
        let free = free.filter(|(number, _)| !taken.contains(number));
        let officer = self.roster().officers.find(officer);
        officer.is_some_and(|officer| vacancy.terms.slot_for(free, officer.rank).is_some())
    }

    pub(super) fn candidate(&self, id: OfficerId) -> Option<Candidate<'_>> {
        let officer = self.roster().officers.find(id)?;
        Some(Candidate {
            id,
            officer,
            calendar: self.calendars().find(id),
        })
    }
}

impl Durable {
    /// What is known of who came to a vacancy: punches, and what was recorded beside them.
    pub(super) fn presence(&self, id: VacancyId) -> (&[Punch], Option<&Attendance>) {
        let punches = self.punches.get(&id).map_or(&[][..], Vec::as_slice);
        (punches, self.attendance.get(&id))
    }
}

impl From<Durable> for State {
    fn from(mut durable: Durable) -> State {
        durable.answers.rekey(0);
        durable.put_off_expiries();
        let index = Index::build(&durable.roster, &durable.calendars, durable.at);
        for officer in durable.roster.officers.iter_mut() {
            index.share(officer);
        }
        let ahead = Ahead::build(&durable);
        let keeping = Keeping::build(&durable);
        State {
            durable,
            index,
            ahead,
            keeping,
        }
    }
}

impl Record {
    /// The answer that whoever asked hears.
    pub fn reply(&self) -> Reply {
        for event in &self.events {
            match event {
                Event::Refused(refused) => return Err(refused.clone()),
                Event::Confirmed(receipt) => return Ok(Answer::Won(*receipt)),
                Event::Reconfirmed { receipt, .. } => return Ok(Answer::Won(**receipt)),
                // The awards behind it are not those of whoever revealed the seed.
                Event::Ranked(_) => break,
                Event::Bid {
                    vacancy,
                    place,
                    closes_at,
                    ..
                } => {
                    return Ok(Answer::Bid {
                        vacancy: *vacancy,
                        place: *place,
                        closes_at: *closes_at,
                    });
                }
                Event::StandbyJoined { vacancy, place, .. } => {
                    return Ok(Answer::Standby {
                        vacancy: *vacancy,
                        place: *place,
                    });
                }
                Event::Awarded {
                    vacancy,
                    slot,
                    cover,
                    place,
                    ..
                } => {
                    return Ok(Answer::Won(Receipt {
                        vacancy: *vacancy,
                        slot: *slot,
                        place: *place,
                        sequence: self.sequence,
                        cover: *cover,
                        awarded_at: self.at,
                    }));
                }
                _ => {}
            }
        }
        Ok(Answer::Done {
            sequence: self.sequence,
        })
    }
}
