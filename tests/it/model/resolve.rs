//! What a step comes to in the world as it is when its turn comes.

use super::cast::{Ask, By, HalfHour, OFFICERS};
use super::flat::Flat;
use super::step::{What, Who};

impl What {
    /// What this is in the world of `flat` at `at`, and who would ordinarily ask it. `key` is one
    /// that nothing has yet.
    pub(crate) fn resolve(&self, flat: &Flat, at: HalfHour, key: u128) -> (By, Ask) {
        let row = |vacancy: usize| flat.vacancies.get(vacancy);
        let lead = |vacancy| row(vacancy).map_or(By::Operator, |row| By::Agency(row.notice.lead));
        let officer = |who: Who, vacancy| who.of(flat, vacancy, at);
        // Rounds count from 1, and somebody makes up a 0.
        let round = |offset: i64, vacancy| {
            let current = row(vacancy).map_or(1, |row| row.round);
            u32::try_from((i64::from(current) + offset).max(0)).expect("few rounds")
        };
        let vacancy = self.vacancy(flat);
        match self {
            What::Publish { notice, same_key } => {
                let mut notice = notice.clone();
                for (_, span) in &mut notice.segments {
                    *span = (span.0 + at, span.1 + at);
                }
                let newest = flat.vacancies.last().filter(|_| *same_key);
                notice.key = newest.map_or(key, |row| row.notice.key);
                (By::Agency(notice.lead), Ask::Publish(notice))
            }
            What::PublishAll { notices, same_key } => {
                let mut notices = notices.clone();
                // No request has so high a number.
                let keys = (key << 64..).zip(&mut notices);
                for (key, notice) in keys {
                    for (_, span) in &mut notice.segments {
                        *span = (span.0 + at, span.1 + at);
                    }
                    notice.key = key;
                }
                if let Some(last) = notices.len().checked_sub(1).filter(|_| *same_key) {
                    notices[last].key = notices[0].key;
                }
                (By::Agency(notices[0].lead), Ask::PublishAll(notices))
            }
            What::Accept {
                officer: who,
                round: offset,
                ..
            } => {
                let round = round(*offset, vacancy);
                let by = By::Officer(officer(*who, vacancy));
                (by, Ask::Accept { vacancy, round })
            }
            What::Decline {
                officer: who,
                round: offset,
                ..
            } => {
                let round = round(*offset, vacancy);
                let by = By::Officer(officer(*who, vacancy));
                (by, Ask::Decline { vacancy, round })
            }
            What::Release { officer: who, .. } => {
                let by = By::Officer(officer(*who, vacancy));
                (by, Ask::Release { vacancy })
            }
            What::Punch {
                officer: who,
                off_the_map,
                ..
            } => {
                let (by, off_the_map) = (By::Officer(officer(*who, vacancy)), *off_the_map);
                (
                    by,
                    Ask::Punch {
                        vacancy,
                        off_the_map,
                    },
                )
            }
            What::Recall { officer: who, .. } => {
                let officer = officer(*who, vacancy);
                let by = By::Agency(OFFICERS[officer].home);
                (by, Ask::Recall { vacancy, officer })
            }
            What::Cancel { .. } => (lead(vacancy), Ask::Cancel { vacancy }),
            What::NextTier { .. } => (lead(vacancy), Ask::NextTier { vacancy }),
            What::Reduce { fewer, named, .. } => {
                let (fewer, named) = (*fewer, named.clone());
                let asked = Ask::Reduce {
                    vacancy,
                    fewer,
                    named,
                };
                (lead(vacancy), asked)
            }
            What::NoShow {
                officer: who,
                again,
                ..
            } => {
                let officer = officer(*who, vacancy);
                let again = again.map(|after| (key, at + after));
                let asked = Ask::NoShow {
                    vacancy,
                    officer,
                    again,
                };
                (lead(vacancy), asked)
            }
            What::Roster(changes) => (By::Operator, Ask::Roster(changes.clone())),
            What::Deny { officer, lasting } => {
                let (officer, until) = (*officer, lasting.map(|lasting| at + lasting));
                (By::Operator, Ask::Deny { officer, until })
            }
            What::Admit { officer } => {
                let officer = *officer;
                (By::Operator, Ask::Admit { officer })
            }
            What::Again { .. } | What::Reuse { .. } => {
                unreachable!("who plays the sequence knows what was asked before")
            }
        }
    }

    /// The number of the vacancy that this is about, counted back from the newest.
    fn vacancy(&self, flat: &Flat) -> usize {
        let count = flat.vacancies.len() as u64;
        match self {
            What::Accept { back, .. }
            | What::Decline { back, .. }
            | What::Release { back, .. }
            | What::Punch { back, .. }
            | What::Recall { back, .. }
            | What::Cancel { back }
            | What::NextTier { back }
            | What::Reduce { back, .. }
            | What::NoShow { back, .. } => match (count, *back) {
                (_, u64::MAX) | (0, _) => count as usize,
                (_, back) => (count - 1 - back % count) as usize,
            },
            What::Publish { .. } | What::PublishAll { .. } | What::Roster(_) => 0,
            What::Deny { .. } | What::Admit { .. } => 0,
            What::Again { .. } | What::Reuse { .. } => 0,
        }
    }
}

impl Who {
    fn of(self, flat: &Flat, vacancy: usize, at: HalfHour) -> usize {
        let (nth, all): (usize, Vec<usize>) = match self {
            Who::Exactly(officer) => return officer,
            Who::Holder(nth) => {
                let everybody = 0..OFFICERS.len();
                let holds = |who: &usize| flat.held(vacancy, *who).is_some();
                (nth, everybody.filter(holds).collect())
            }
            Who::Busy(nth) => {
                let everybody = 0..OFFICERS.len();
                let others = 0..flat.vacancies.len();
                let elsewhere = |who: &usize| {
                    let mut others = others.clone().filter(|other| *other != vacancy);
                    others.any(|other| flat.held(other, *who).is_some())
                };
                (nth, everybody.filter(elsewhere).collect())
            }
            Who::Asked(nth) => {
                let known = vacancy < flat.vacancies.len();
                let everybody = 0..OFFICERS.len();
                let asked = |who: &usize| known && flat.stands_for(vacancy, *who, at);
                (nth, everybody.filter(asked).collect())
            }
        };
        match all.len() {
            0 => nth,
            count => all[nth % count],
        }
    }
}
