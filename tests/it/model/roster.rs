//! The model's roster changes: all of a command's, or none.

use engine::core::{Invalid, Kind, Refusal};

use super::cast::{AGREEMENT_HOLDERS, Change, HalfHour, OFFICERS, Pact};
use super::flat::{Certificate, Flat, Flaw, Said};
use super::permission::{Subject, subject};

impl Flat {
    pub(super) fn change_roster(
        &mut self,
        changes: &[Change],
        at: HalfHour,
    ) -> Result<Said, Refusal> {
        let before = self.clone();
        for change in changes {
            if let Err(refusal) = self.change(&before, change) {
                if self.flaw != Flaw::HalfARoster {
                    *self = before;
                }
                return Err(refusal);
            }
        }
        self.flag(&before, changes, at);
        self.note_changes(&before, changes, at);
        self.done()
    }

    /// Flags what `changes` to officers leave without ground, and what is held is kept (rule 2).
    fn flag(&mut self, before: &Flat, changes: &[Change], at: HalfHour) {
        // An officer's record is judged by the pacts and lists that stood before the command.
        let mut after = before.clone();
        after.officers = self.officers.clone();
        for officer in 0..OFFICERS.len() {
            let about = |change: &Change| matches!(subject(change), Subject::Officer(who) if who == officer);
            for number in 0..self.vacancies.len() {
                let mut segments = self.vacancies[number].notice.segments.iter();
                let is_ahead = segments.any(|(_, span)| span.1 > at);
                let held = before.held(number, officer).is_some();
                if !changes.iter().any(about) || !held || !is_ahead {
                    continue;
                }
                let breach = after.held_breach(number, officer, at);
                let Some(clause) = breach.filter(|_| self.flaw != Flaw::NothingFlagged) else {
                    continue;
                };
                if before.held_breach(number, officer, at) != Some(clause) {
                    self.flagged.push((number, officer, clause));
                }
            }
        }
    }

    fn change(&mut self, before: &Flat, change: &Change) -> Result<(), Refusal> {
        match change.clone() {
            Change::Pact(pact) => {
                if pact.lead == pact.backup || pact.tier == 0 {
                    return Err(Refusal::Invalid(Invalid::Pact));
                }
                if let Some(agreement) = pact.cover
                    && ![pact.lead, pact.backup].contains(&AGREEMENT_HOLDERS[agreement])
                {
                    let code = format!("msa-{agreement}").into();
                    return Err(Refusal::Invalid(Invalid::Cover(code)));
                }
                self.pacts
                    .retain(|old| (old.lead, old.backup) != (pact.lead, pact.backup));
                self.pacts.push(pact);
            }
            Change::EndPact { lead, backup } => {
                // A pact has no code: what ends must have stood before the command.
                if before.pact(lead, backup).is_none() {
                    return Err(Refusal::Unknown {
                        kind: Kind::Pact,
                        code: format!("agency-{lead}/agency-{backup}").into(),
                    });
                }
                self.pacts
                    .retain(|old| (old.lead, old.backup) != (lead, backup));
            }
            Change::Exclude { site, officer } => self.exclusions.push((site, officer)),
            Change::Readmit { site, officer } => {
                self.exclusions.retain(|row| *row != (site, officer));
            }
            Change::Provide(provide) => self.provide(provide),
            Change::Nobody => return Err(nobody()),
            change => self.change_officer(change),
        }
        Ok(())
    }

    /// Changes one officer's own record.
    fn change_officer(&mut self, change: Change) {
        match change {
            Change::Grant {
                officer,
                certification,
                valid,
            } => {
                let held = &mut self.officers[officer].certifications;
                held.retain(|held| held.kind != certification);
                held.push(Certificate {
                    kind: certification,
                    valid,
                    noticed: false,
                });
            }
            Change::Revoke {
                officer,
                certification,
            } => {
                let held = &mut self.officers[officer].certifications;
                held.retain(|held| held.kind != certification);
            }
            Change::Approve {
                officer,
                programme,
                valid,
            } => {
                let held = &mut self.officers[officer].approvals;
                held.retain(|(kind, _)| *kind != programme);
                held.push((programme, valid));
            }
            Change::Withdraw { officer, programme } => {
                let held = &mut self.officers[officer].approvals;
                held.retain(|(kind, _)| *kind != programme);
            }
            Change::Suspend { officer } => {
                self.officers[officer].suspended = true;
                if self.flaw == Flaw::SuspensionReopens {
                    let slots = self.vacancies.iter_mut().flat_map(|row| &mut row.slots);
                    for slot in slots {
                        slot.holder = slot.holder.filter(|holder| holder.officer != officer);
                    }
                }
            }
            Change::Reinstate { officer } => self.officers[officer].suspended = false,
            Change::Declare {
                officer,
                availability,
            } => self.officers[officer].availability = availability,
            other => unreachable!("every other change was made before: {other:?}"),
        }
    }

    pub(super) fn pact(&self, lead: usize, backup: usize) -> Option<&Pact> {
        let same = |pact: &&Pact| (pact.lead, pact.backup) == (lead, backup);
        self.pacts.iter().find(same)
    }
}

/// There is no such officer.
pub(super) fn nobody() -> Refusal {
    Refusal::Unknown {
        kind: Kind::Officer,
        code: "nobody".into(),
    }
}
