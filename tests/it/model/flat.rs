//! The flat reference model: what `docs/rules.md` says, done slowly on plain lists. It has no
//! index, no calendar and no deadline queue; whatever can be found by looking through everything
//! is found that way. It shares words with the engine (ranks, clauses, refusals), and no rule.

use engine::core::{Invalid, Kind, Refusal};
use engine::model::{Rank, Standing};
use engine::rules::Clause;

pub(crate) use super::flaw::Flaw;

use super::cast::{
    ALWAYS, Ask, Availability, By, CERTIFICATIONS, DAY, HalfHour, Notice, OFFICERS, PROGRAMMES,
    Pact, Span,
};
use super::later::Widening;
use super::provisions::Provided;
use super::roster::nobody;

/// How long an answer is remembered.
const RETENTION: HalfHour = DAY;

/// Everything there is.
#[derive(Debug, Clone)]
pub(crate) struct Flat {
    pub(crate) flaw: Flaw,
    /// Records of the log so far, and when the last was made.
    pub(crate) records: u64,
    pub(crate) last_at: HalfHour,
    pub(crate) officers: Vec<Officer>,
    pub(crate) pacts: Vec<Pact>,
    /// Site and officer.
    pub(crate) exclusions: Vec<(usize, usize)>,
    pub(crate) vacancies: Vec<Vacancy>,
    pub(crate) memory: Vec<Memory>,
    pub(super) provided: Provided,
    /// Who may not come in, and until when.
    pub(super) denied: Vec<(usize, Option<HalfHour>)>,
    /// Assignments flagged for the coordinator, until somebody takes note.
    pub(crate) flagged: Vec<(usize, usize, Clause)>,
    /// Officers who may come to more from some moment on.
    pub(super) widened: Vec<Widening>,
    /// How many were offered something later.
    pub(crate) offers_later: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Officer {
    pub(crate) certifications: Vec<Certificate>,
    /// Programme and validity.
    pub(crate) approvals: Vec<(usize, Span)>,
    pub(crate) suspended: bool,
    pub(crate) availability: Option<Availability>,
}

#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) kind: usize,
    pub(crate) valid: Span,
    /// Whether it was noticed that it ran out.
    pub(crate) noticed: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Vacancy {
    pub(crate) notice: Notice,
    pub(crate) standing: Standing,
    pub(crate) slots: Vec<Slot>,
    pub(crate) round: u32,
    pub(crate) closed_round: u32,
    pub(crate) filled_at: Option<HalfHour>,
    pub(crate) tier: u8,
    pub(crate) tier_closes_at: Option<HalfHour>,
    pub(super) offered_at: HalfHour,
    pub(crate) offered: Vec<usize>,
    pub(crate) declined: Vec<usize>,
    pub(crate) returned: Vec<usize>,
    pub(crate) punches: usize,
    /// Who has clocked in.
    pub(crate) came: Vec<usize>,
    pub(crate) no_shows: Vec<usize>,
    /// Whose slot was taken away.
    pub(crate) lost: Vec<Lost>,
}

#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) rank: Rank,
    pub(crate) holder: Option<Holder>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) officer: usize,
    pub(crate) cover: usize,
    pub(crate) sequence: u64,
    pub(crate) at: HalfHour,
    /// The last round that was filled before the award: the holder may have lost it, and heard so.
    pub(crate) filled_before: u32,
}

/// Somebody whose slot was taken away, and the rounds in which an accept was answered by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lost {
    pub(crate) officer: usize,
    pub(crate) first_round: u32,
    pub(crate) last_round: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Memory {
    pub(crate) at: HalfHour,
    pub(crate) by: By,
    pub(crate) request: u128,
    pub(crate) ask: Ask,
    pub(crate) said: Said,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Won {
        vacancy: usize,
        slot: usize,
        holder: Holder,
    },
    Done {
        sequence: u64,
    },
    No(Refusal),
}

impl Flat {
    /// The cast, every officer with every certificate and approval, after `records` records.
    pub(crate) fn new(flaw: Flaw, records: u64, at: HalfHour) -> Flat {
        let officer = |_| Officer {
            certifications: (0..CERTIFICATIONS)
                .map(|kind| Certificate {
                    kind,
                    valid: ALWAYS,
                    noticed: false,
                })
                .collect(),
            approvals: (0..PROGRAMMES.len())
                .map(|programme| (programme, ALWAYS))
                .collect(),
            suspended: false,
            availability: None,
        };
        Flat {
            flaw,
            records,
            last_at: at,
            officers: OFFICERS.iter().map(officer).collect(),
            pacts: Vec::new(),
            exclusions: Vec::new(),
            vacancies: Vec::new(),
            memory: Vec::new(),
            provided: Provided::default(),
            denied: Vec::new(),
            flagged: Vec::new(),
            widened: Vec::new(),
            offers_later: 0,
        }
    }

    /// Answers `ask` at `at`.
    pub(crate) fn ask(&mut self, by: By, request: u128, ask: &Ask, at: HalfHour) -> Said {
        if let Some(memory) = self.remembered(by, request) {
            if memory.ask != *ask {
                return Said::No(Refusal::RequestReused);
            }
            return memory.said.clone();
        }
        let is_denied = matches!(by, By::Officer(officer) if self.is_denied(officer, at));
        let said = if is_denied {
            Said::No(Refusal::Denied)
        } else if !self.may(by, ask) {
            Said::No(Refusal::NotAllowed)
        } else if Flat::is_about_nobody(by, ask) {
            Said::No(nobody())
        } else {
            match self.decide(by, ask, at) {
                Ok(said) => said,
                Err(refusal) => Said::No(refusal),
            }
        };
        if is_recorded(ask, &said) {
            self.record(at);
            self.memory.push(Memory {
                at,
                by,
                request,
                ask: ask.clone(),
                said: said.clone(),
            });
        }
        said
    }

    /// The remembered answer to a request.
    pub(crate) fn remembered(&self, by: By, request: u128) -> Option<&Memory> {
        let same = |memory: &&Memory| memory.by == by && memory.request == request;
        self.memory.iter().find(same)
    }

    /// When something next falls due by itself.
    pub(crate) fn next_deadline(&self) -> Option<HalfHour> {
        let widened = self.widened.iter().map(|one| one.from);
        widened.chain(self.next_of_work()).min()
    }

    /// When something next falls due that is not a later offer: those wait until nothing else is.
    fn next_of_work(&self) -> Option<HalfHour> {
        let open = self.vacancies.iter();
        let open = open.filter(|row| row.standing == Standing::Open);
        let starts = open.clone().map(|row| row.notice.start());
        let windows = open.filter_map(|row| row.tier_closes_at);
        let certificates = self.officers.iter().flat_map(|who| &who.certifications);
        let expiries = certificates
            .filter(|held| !held.noticed && held.valid.1 != HalfHour::MAX)
            .map(|held| held.valid.1);
        starts.chain(windows).chain(expiries).min()
    }

    /// Does what has fallen due at `at`; says whether anything had.
    pub(crate) fn tick(&mut self, at: HalfHour) -> bool {
        if self.next_deadline().is_none_or(|due| due > at) {
            return false;
        }
        if self.next_of_work().is_none_or(|due| due > at) {
            self.consider(at);
            self.record(at);
            return true;
        }
        for held in self.officers.iter_mut().flat_map(|o| &mut o.certifications) {
            held.noticed |= held.valid.1 <= at;
        }
        for number in 0..self.vacancies.len() {
            let row = &mut self.vacancies[number];
            if row.standing != Standing::Open {
                continue;
            }
            if row.notice.start() <= at {
                row.standing = Standing::Expired;
                row.tier_closes_at = None;
            } else if row.tier_closes_at.is_some_and(|due| due <= at) {
                row.tier_closes_at = None;
                let offered = row.offered.clone();
                let waiting = self.is_anybody_asked(number, &offered, at);
                if self.flaw != Flaw::WindowNeverElapses {
                    self.open_next(number, at, waiting);
                }
            }
        }
        self.record(at);
        true
    }

    /// Everybody who holds a slot.
    pub(super) fn holders(&self, number: usize) -> Vec<usize> {
        let slots = self.vacancies[number].slots.iter();
        let holders = slots.filter_map(|slot| slot.holder);
        holders.map(|holder| holder.officer).collect()
    }

    /// The slot that `officer` holds.
    pub(crate) fn held(&self, number: usize, officer: usize) -> Option<(usize, Holder)> {
        let slots = self.vacancies.get(number)?.slots.iter().enumerate();
        slots
            .filter_map(|(slot, row)| Some((slot, row.holder?)))
            .find(|(_, holder)| holder.officer == officer)
    }

    /// Notes that a record was made, and forgets what is too old by then.
    fn record(&mut self, at: HalfHour) {
        self.records += 1;
        self.last_at = at;
        if self.flaw != Flaw::NothingForgotten {
            self.memory.retain(|memory| memory.at >= at - RETENTION);
        }
    }

    pub(super) fn done(&self) -> Result<Said, Refusal> {
        let sequence = self.records + 1;
        Ok(Said::Done { sequence })
    }

    fn decide(&mut self, by: By, ask: &Ask, at: HalfHour) -> Result<Said, Refusal> {
        match (ask, by) {
            (Ask::Publish(notice), _) => self.publish_all(std::slice::from_ref(notice), at),
            (Ask::PublishAll(notices), _) => self.publish_all(notices, at),
            (Ask::Accept { vacancy, round }, By::Officer(officer)) => {
                self.accept(*vacancy, *round, officer, at)
            }
            (Ask::Decline { vacancy, round }, By::Officer(officer)) => {
                self.decline(*vacancy, *round, officer, at)
            }
            (Ask::Release { vacancy }, By::Officer(officer)) => self.vacate(*vacancy, officer, at),
            (Ask::Recall { vacancy, officer }, _) => self.vacate(*vacancy, *officer, at),
            (
                Ask::Punch {
                    vacancy,
                    off_the_map,
                },
                By::Officer(officer),
            ) => self.punch(*vacancy, officer, *off_the_map),
            (Ask::Cancel { vacancy }, _) => self.cancel(*vacancy, at),
            (Ask::NextTier { vacancy }, _) => {
                self.not_over(*vacancy, at)?;
                let row = &self.vacancies[*vacancy];
                if row.standing == Standing::Filled {
                    return Err(Refusal::Filled);
                }
                let waiting = self.is_anybody_asked(*vacancy, &row.offered, at);
                let opened = self.open_next(*vacancy, at, waiting);
                opened.then_some(()).ok_or(Refusal::NoFurtherTier)?;
                self.done()
            }
            (
                Ask::Reduce {
                    vacancy,
                    fewer,
                    named,
                },
                _,
            ) => self.reduce(*vacancy, (*fewer, named), at),
            (
                Ask::NoShow {
                    vacancy,
                    officer,
                    again,
                },
                _,
            ) => self.no_show(*vacancy, *officer, *again, at),
            (Ask::Roster(changes), _) => self.change_roster(changes, at),
            (Ask::Deny { officer, until }, _) => self.deny(*officer, *until, at),
            (Ask::Admit { officer }, _) => self.admit(*officer),
            (_, By::Operator | By::Agency(_)) => unreachable!("only officers may: {ask:?}"),
        }
    }

    fn accept(
        &mut self,
        number: usize,
        round: u32,
        officer: usize,
        at: HalfHour,
    ) -> Result<Said, Refusal> {
        if round == 0 {
            return Err(Refusal::Invalid(Invalid::Round));
        }
        let row = self.known(number)?;
        if let Some((slot, holder)) = self.held(number, officer) {
            if round <= holder.filled_before {
                return Err(Refusal::Filled);
            }
            return Ok(Said::Won {
                vacancy: number,
                slot,
                holder,
            });
        }
        let is_late = round <= row.closed_round;
        let mut lost = row.lost.iter().filter(|lost| lost.officer == officer);
        let was_theirs = lost.any(|lost| (lost.first_round..=lost.last_round).contains(&round));
        if is_late
            && !was_theirs
            && (self.flaw != Flaw::LateAnswersWin || row.standing == Standing::Filled)
        {
            return Err(Refusal::Filled);
        }
        self.not_over(number, at)?;
        if was_theirs {
            return Err(Refusal::Amended);
        }
        if round > row.round {
            return Err(Refusal::NotOffered);
        }
        let cover = self.examine(number, officer, at)?;
        let beyond = self.exceeded(number, officer);
        let slot = self.slot_for(number, officer);
        let slot = slot.ok_or(Refusal::RankFilled)?;
        let holder = Holder {
            officer,
            cover,
            sequence: self.records + 1,
            at,
            filled_before: row.closed_round,
        };
        if self.flaw != Flaw::BeyondUnflagged {
            let flags = beyond.into_iter();
            let flags = flags.map(|(clause, _)| (number, officer, clause));
            self.flagged.extend(flags);
        }
        let row = &mut self.vacancies[number];
        row.slots[slot].holder = Some(holder);
        if row.slots.iter().all(|slot| slot.holder.is_some()) {
            row.standing = Standing::Filled;
            row.closed_round = row.round;
            row.filled_at = Some(at);
            row.tier_closes_at = None;
        }
        if self.flaw != Flaw::TakenWorkIsWaitedFor {
            self.open_without(number, officer, at);
        }
        Ok(Said::Won {
            vacancy: number,
            slot,
            holder,
        })
    }

    fn decline(
        &mut self,
        number: usize,
        round: u32,
        officer: usize,
        at: HalfHour,
    ) -> Result<Said, Refusal> {
        self.not_over(number, at)?;
        let holds = self.held(number, officer).is_some();
        let row = &mut self.vacancies[number];
        // A round that was never filled goes on as the one that follows.
        let stands = row.closed_round < round && round <= row.round;
        if holds || !row.offered.contains(&officer) || !(stands || round == row.round) {
            return Err(Refusal::NotOffered);
        }
        if !row.declined.contains(&officer) {
            row.declined.push(officer);
        }
        if self.flaw != Flaw::DeclinedByAllStops {
            self.open_if_nobody_is_left(number, at);
        }
        self.done()
    }

    /// Opens the next tier of whatever nobody is left to answer, now that `officer` holds a slot of
    /// `number`: of that, and of what was offered to the officer at the same time.
    fn open_without(&mut self, number: usize, officer: usize, at: HalfHour) {
        let held = self.vacancies[number].notice.busy(self.flaw);
        for other in 0..self.vacancies.len() {
            let row = &self.vacancies[other];
            let (lead, home) = (row.notice.lead, OFFICERS[officer].home);
            let is_of_theirs = lead == home || self.pact(lead, home).is_some();
            let is_asked = row.offered.contains(&officer) && !row.declined.contains(&officer);
            let theirs = row.notice.busy(self.flaw);
            let mut both = theirs
                .iter()
                .flat_map(|one| held.iter().map(move |span| (one, span)));
            let overlaps = both.any(|(one, span)| span.0 < one.1 && one.0 < span.1);
            if other == number || (is_of_theirs && is_asked && overlaps) {
                self.open_if_nobody_is_left(other, at);
            }
        }
    }

    /// Opens the next tier if nobody who was asked may still answer and take an open slot.
    pub(super) fn open_if_nobody_is_left(&mut self, number: usize, at: HalfHour) {
        let row = &self.vacancies[number];
        let is_left = row.offered.iter().any(|&who| {
            let silent = !row.declined.contains(&who) && self.held(number, who).is_none();
            silent
                && self.is_rank_open(number, who, None)
                && self.is_anybody_asked(number, &[who], at)
        });
        if row.standing == Standing::Open && !is_left {
            self.open_next(number, at, false);
        }
    }

    fn vacate(&mut self, number: usize, officer: usize, at: HalfHour) -> Result<Said, Refusal> {
        self.not_over(number, at)?;
        let (slot, _) = self.held(number, officer).ok_or(Refusal::NotHolder)?;
        self.note_freed(number, &[officer], at);
        // Whoever holds the shift is busy in its hours, and so is the officer until it is freed.
        let tiers = 0..=self.vacancies[number].tier;
        let asked: Vec<usize> = tiers
            .flat_map(|tier| self.eligible(number, tier, Some(slot), at))
            .collect();
        let next = self.next_tier(number, self.vacancies[number].tier, at);
        // Whoever is asked in a later tier is found while the slot is still held.
        let row = self.vacancies[number].clone();
        let is_anybody_asked = self.is_anybody_asked(number, &asked, at);
        let further = match (is_anybody_asked, next) {
            (false, Some(first)) => self.opening(number, first, at, (false, Some(slot))),
            _ => Vec::new(),
        };
        let row_now = &mut self.vacancies[number];
        if row.standing == Standing::Filled {
            row_now.offered.clear();
        }
        row_now.slots[slot].holder = None;
        row_now.standing = Standing::Open;
        row_now.round += 1;
        row_now.returned.push(officer);
        if row.standing == Standing::Filled || !asked.is_empty() {
            row_now.declined.clear();
        }
        row_now.offered.extend(&asked);
        row_now.offered.retain(|who| *who != officer);
        let window = next.and(row_now.window(row.tier));
        row_now.tier_closes_at = window.filter(|_| is_anybody_asked).map(|w| at + w);
        row_now.offered_at = at;
        self.apply_opening(number, further, at);
        self.done()
    }

    /// Opens the tier after those that are open, if there is one.
    pub(super) fn open_next(&mut self, number: usize, at: HalfHour, waiting: bool) -> bool {
        let Some(next) = self.next_tier(number, self.vacancies[number].tier, at) else {
            return false;
        };
        self.open_from(number, next, at, waiting);
        true
    }

    pub(super) fn open_from(&mut self, number: usize, first: u8, at: HalfHour, waiting: bool) {
        let opened = self.opening(number, first, at, (waiting, None));
        self.apply_opening(number, opened, at);
    }

    /// The tiers that open at once from `first` on, with whom they ask and when they end. The slot
    /// `leaving` is about to be open.
    pub(super) fn opening(
        &self,
        number: usize,
        first: u8,
        at: HalfHour,
        (mut waiting, leaving): (bool, Option<usize>),
    ) -> Vec<(u8, Vec<usize>, Option<HalfHour>)> {
        let mut opened = Vec::new();
        let mut tier = first;
        loop {
            let asked = self.eligible(number, tier, leaving, at);
            waiting |= self.is_anybody_asked(number, &asked, at);
            let next = self.next_tier(number, tier, at);
            let window = next.and(self.vacancies[number].window(tier));
            let ends = window.filter(|window| *window > 0 && waiting);
            opened.push((tier, asked, ends.map(|window| at + window)));
            // The next tier opens at once if nobody is there to wait for, or no time is given.
            match next {
                Some(next) if !waiting || window == Some(0) => tier = next,
                _ => return opened,
            }
        }
    }

    pub(super) fn apply_opening(
        &mut self,
        number: usize,
        opened: Vec<(u8, Vec<usize>, Option<HalfHour>)>,
        at: HalfHour,
    ) {
        let row = &mut self.vacancies[number];
        for (tier, asked, ends) in opened {
            row.tier = tier;
            row.offered.extend(asked);
            row.tier_closes_at = ends;
            row.offered_at = at;
        }
        row.offered.sort_unstable();
        row.offered.dedup();
    }

    pub(super) fn known(&self, number: usize) -> Result<&Vacancy, Refusal> {
        self.vacancies.get(number).ok_or_else(|| Refusal::Unknown {
            kind: Kind::Vacancy,
            code: number.to_string().into(),
        })
    }

    pub(super) fn not_over(&self, number: usize, at: HalfHour) -> Result<(), Refusal> {
        let row = self.known(number)?;
        match row.standing {
            Standing::Cancelled => Err(Refusal::Cancelled),
            Standing::Expired => Err(Refusal::Expired),
            Standing::Open | Standing::Filled if row.notice.start() <= at => Err(Refusal::Expired),
            Standing::Open | Standing::Filled => Ok(()),
        }
    }
}

impl Vacancy {
    /// How long `tier` is offered before the next opens; none, never by time.
    pub(super) fn window(&self, tier: u8) -> Option<HalfHour> {
        let windows = &self.notice.windows;
        let last = windows.len().checked_sub(1)?;
        Some(windows[usize::from(tier).min(last)])
    }
}

/// Whether this answer is written down, so that a retry hears it again: everything that was done,
/// and every refusal that could be another one later.
fn is_recorded(ask: &Ask, said: &Said) -> bool {
    let Said::No(refusal) = said else {
        return true;
    };
    match refusal {
        Refusal::Filled => !matches!(ask, Ask::Accept { .. }),
        // It is measured by a shift that can be moved.
        Refusal::Invalid(Invalid::Rest) => true,
        Refusal::Invalid(_) | Refusal::NotAllowed | Refusal::RequestReused => false,
        Refusal::Denied => false,
        Refusal::Cancelled | Refusal::Busy { .. } => false,
        _ => true,
    }
}
