//! The model's permissions: who may ask what.

use super::cast::{Ask, By, Change, OFFICERS, SITES};
use super::flat::Flat;
use super::provisions::Provide;

impl Flat {
    /// Whether role and agency allow this: they come from who asks, never from what is asked.
    pub(super) fn may(&self, by: By, ask: &Ask) -> bool {
        let leads = |agency: usize, vacancy: usize| {
            let row = self.vacancies.get(vacancy);
            row.is_some_and(|row| row.notice.lead == agency)
        };
        match (by, ask) {
            (By::Operator, Ask::Accept { .. } | Ask::Decline { .. }) => false,
            (By::Operator, Ask::Release { .. } | Ask::Punch { .. }) => false,
            (By::Operator, _) => true,
            (By::Agency(agency), Ask::Publish(notice)) => notice.lead == agency,
            (By::Agency(agency), Ask::PublishAll(notices)) => {
                notices.iter().all(|notice| notice.lead == agency)
            }
            (By::Agency(agency), Ask::Cancel { vacancy } | Ask::NextTier { vacancy }) => {
                leads(agency, *vacancy)
            }
            (By::Agency(agency), Ask::Reduce { vacancy, .. } | Ask::NoShow { vacancy, .. }) => {
                leads(agency, *vacancy)
            }
            (By::Agency(agency), Ask::Recall { officer, .. }) => OFFICERS[*officer].home == agency,
            (By::Agency(agency), Ask::Roster(changes)) => {
                changes.iter().all(|change| match subject(change) {
                    Subject::Agency(home) => home == agency,
                    Subject::Officer(officer) => OFFICERS[officer].home == agency,
                    Subject::Site(site) => SITES[site].lead == agency,
                    Subject::Installation => false,
                    // Whose officer it is cannot be said of one whom nobody knows.
                    Subject::Nobody => true,
                })
            }
            (By::Agency(_), _) => false,
            (By::Officer(_), Ask::Accept { .. } | Ask::Decline { .. }) => true,
            (By::Officer(_), Ask::Release { .. } | Ask::Punch { .. }) => true,
            (By::Officer(own), Ask::Roster(changes)) => changes.iter().all(|change| match change {
                Change::Declare { officer, .. }
                | Change::Provide(Provide::Prefer { officer, .. }) => *officer == own,
                _ => false,
            }),
            (By::Officer(_), _) => false,
        }
    }

    /// Whether a coordinator asks for something about an officer whom nobody knows, which is
    /// answered before anything else in it is looked at.
    pub(super) fn is_about_nobody(by: By, ask: &Ask) -> bool {
        let (By::Agency(_), Ask::Roster(changes)) = (by, ask) else {
            return false;
        };
        changes
            .iter()
            .any(|change| matches!(change, Change::Nobody))
    }
}

/// What a change is about, as far as permission goes.
pub(super) enum Subject {
    Agency(usize),
    Officer(usize),
    Site(usize),
    Installation,
    Nobody,
}

pub(super) fn subject(change: &Change) -> Subject {
    match change {
        Change::Grant { officer, .. } | Change::Revoke { officer, .. } => {
            Subject::Officer(*officer)
        }
        Change::Approve { officer, .. } | Change::Withdraw { officer, .. } => {
            Subject::Officer(*officer)
        }
        Change::Suspend { officer } | Change::Reinstate { officer } => Subject::Officer(*officer),
        Change::Declare { officer, .. } => Subject::Officer(*officer),
        Change::Exclude { site, .. } | Change::Readmit { site, .. } => Subject::Site(*site),
        Change::Provide(provide) => match provide {
            Provide::Limits { home, .. }
            | Provide::Bind { home, .. }
            | Provide::Ladder { home, .. } => Subject::Agency(*home),
            Provide::Lift { officer, .. } | Provide::Prefer { officer, .. } => {
                Subject::Officer(*officer)
            }
            Provide::Unwanted { site, .. } => Subject::Site(*site),
        },
        Change::Nobody => Subject::Nobody,
        Change::Pact(_) | Change::EndPact { .. } => Subject::Installation,
    }
}
