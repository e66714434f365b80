//! Which role may ask what.

use crate::token::Claims;
use crate::{Afterwards, Ask, JobSay, JobsAsked, Publication, Read, Role};

/// Whether somebody in this role may ask this at all.
///
/// Whether they may ask it of *this* vacancy or officer depends on what is known of it, which is
/// the engine's to say; [`concerns_own`] says what the request alone gives away.
pub fn allowed(role: Role, ask: &Ask) -> bool {
    match ask {
        // Nobody is assigned who did not opt in: only the officer answers for the officer.
        Ask::Accept { .. } | Ask::Decline { .. } | Ask::Release { .. } | Ask::Punch { .. } => {
            role == Role::Officer
        }
        Ask::Undo { .. } | Ask::JoinStandby { .. } | Ask::LeaveStandby { .. } => {
            role == Role::Officer
        }
        Ask::Publish(_)
        | Ask::Cancel { .. }
        | Ask::OpenNextTier { .. }
        | Ask::Recall { .. }
        | Ask::ApproveLastTier { .. }
        | Ask::Amend(_)
        | Ask::PublishAll { .. }
        | Ask::Preview(_)
        | Ask::Job { .. }
        | Ask::Jobs(_)
        | Ask::Restaff { .. }
        | Ask::Grant { .. } => matches!(role, Role::Coordinator | Role::Operator),
        // Officers declare for themselves; the rest of a roster is its agency's.
        Ask::Roster { changes } => match role {
            Role::Coordinator | Role::Operator => true,
            Role::Officer => changes.iter().all(|change| change.declared_by().is_some()),
            Role::ReadOnly => false,
        },
        Ask::PutGrant(_) | Ask::Denial(_) => role == Role::Operator,
        Ask::Why { .. } => role != Role::ReadOnly,
        Ask::Board => role != Role::Officer,
        Ask::Afterwards(asked) => match **asked {
            Afterwards::Acknowledge { .. } => role == Role::Officer,
            Afterwards::Note { .. } | Afterwards::Say { .. } => role != Role::ReadOnly,
            Afterwards::Reduce { .. }
            | Afterwards::NoShow { .. }
            | Afterwards::Correct { .. }
            | Afterwards::Remind { .. } => matches!(role, Role::Coordinator | Role::Operator),
        },
        // What is written and who came is nothing that the watchers of a board may read.
        Ask::Read(_) => role != Role::ReadOnly,
    }
}

/// Whether a request stays within what its sender is answerable for, as far as it says itself: a
/// coordinator publishes for its own agency, an officer asks why about themselves and declares for
/// themselves.
pub fn concerns_own(claims: &Claims, ask: &Ask) -> bool {
    match (claims.role, ask) {
        (Role::Officer, Ask::Why { badge, .. } | Ask::Read(Read::Shifts { badge, .. })) => {
            *badge == claims.subject
        }
        (Role::Officer, Ask::Roster { changes }) => changes
            .iter()
            .all(|change| change.declared_by() == Some(claims.subject.as_str())),
        (Role::Officer, Ask::Afterwards(asked)) => {
            asked.badge().is_none_or(|badge| badge == claims.subject)
        }
        (Role::Coordinator, Ask::Publish(vacancy)) => claims.agency.as_ref() == Some(&vacancy.lead),
        (Role::Coordinator, Ask::PublishAll { vacancies }) => {
            let own = |one: &Publication| claims.agency.as_ref() == Some(&one.vacancy.lead);
            vacancies.iter().all(own)
        }
        (Role::Coordinator, Ask::Job { say, .. }) => match &**say {
            JobSay::Ask(brief) => claims.agency.as_ref() == Some(&brief.lead),
            _ => true,
        },
        (Role::Coordinator, Ask::Jobs(JobsAsked::OfAgency { lead, .. })) => {
            claims.agency.as_ref() == Some(lead)
        }
        (Role::Coordinator, Ask::Preview(one)) => claims.agency.as_ref() == Some(&one.vacancy.lead),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Amend, Availability, Brief, Day, DenialAsk, Direction, Grant, Mended, NewVacancy,
        RosterChange, VacancyKey,
    };

    const DAY: Day = Day {
        year: 2026,
        month: 7,
        day: 1,
    };

    const ROLES: [Role; 4] = [
        Role::Officer,
        Role::Coordinator,
        Role::Operator,
        Role::ReadOnly,
    ];

    fn publish(lead: &str) -> Ask {
        Ask::Publish(new_vacancy(lead))
    }

    fn publication(lead: &str) -> Publication {
        Publication {
            vacancy: new_vacancy(lead),
            terms: Vec::new(),
        }
    }

    fn new_vacancy(lead: &str) -> NewVacancy {
        NewVacancy {
            key: VacancyKey(1),
            lead: lead.to_owned(),
            programme: "sso".to_owned(),
            segments: Vec::new(),
            slots: Vec::new(),
            windows_ms: Vec::new(),
            post_orders: String::new(),
        }
    }

    fn why(badge: &str) -> Ask {
        Ask::Why {
            badge: badge.to_owned(),
            vacancy: VacancyKey(1),
        }
    }

    fn roster(changes: Vec<RosterChange>) -> Ask {
        Ask::Roster { changes }
    }

    fn declared(badge: &str) -> RosterChange {
        RosterChange::AvailabilityDeclared {
            badge: badge.to_owned(),
            availability: Availability::Always,
        }
    }

    fn job(lead: &str) -> Ask {
        let brief = Brief {
            lead: lead.to_owned(),
            programme: "security".to_owned(),
            customer: String::new(),
            what: String::new(),
            attributes: Vec::new(),
            officers: 1,
        };
        Ask::Job {
            job: "J-1".to_owned(),
            say: Box::new(JobSay::Ask(brief)),
        }
    }

    fn jobs(lead: &str) -> Ask {
        Ask::Jobs(JobsAsked::OfAgency {
            lead: lead.to_owned(),
            after: None,
        })
    }

    fn suspended() -> RosterChange {
        RosterChange::Suspended {
            badge: "TUC-0412".to_owned(),
        }
    }

    /// Who may ask it, in the order of [`ROLES`]. The match has no default, so that a new ask
    /// does not compile until somebody decides who may ask it.
    fn expected(ask: &Ask) -> [bool; 4] {
        match ask {
            Ask::Accept { .. } => [true, false, false, false],
            Ask::Decline { .. } => [true, false, false, false],
            Ask::Release { .. } => [true, false, false, false],
            Ask::Punch { .. } => [true, false, false, false],
            Ask::Publish(_) => [false, true, true, false],
            Ask::Cancel { .. } => [false, true, true, false],
            Ask::OpenNextTier { .. } => [false, true, true, false],
            Ask::Recall { .. } => [false, true, true, false],
            Ask::Roster { changes } => {
                let declares = changes.iter().all(|change| change.declared_by().is_some());
                [declares, true, true, false]
            }
            Ask::Why { .. } => [true, true, true, false],
            Ask::Board => [false, true, true, true],
            Ask::Amend(_) => [false, true, true, false],
            Ask::PublishAll { .. } => [false, true, true, false],
            Ask::Preview(_) => [false, true, true, false],
            Ask::PutGrant(_) => [false, false, true, false],
            Ask::Grant { .. } => [false, true, true, false],
            Ask::Afterwards(asked) => match **asked {
                Afterwards::Reduce { .. } => [false, true, true, false],
                Afterwards::NoShow { .. } => [false, true, true, false],
                Afterwards::Correct { .. } => [false, true, true, false],
                Afterwards::Note { .. } => [true, true, true, false],
                Afterwards::Acknowledge { .. } => [true, false, false, false],
                Afterwards::Remind { .. } => [false, true, true, false],
                Afterwards::Say { .. } => [true, true, true, false],
            },
            Ask::Read(_) => [true, true, true, false],
            Ask::ApproveLastTier { .. } => [false, true, true, false],
            Ask::Undo { .. } => [true, false, false, false],
            Ask::JoinStandby { .. } => [true, false, false, false],
            Ask::LeaveStandby { .. } => [true, false, false, false],
            Ask::Job { .. } => [false, true, true, false],
            Ask::Jobs(_) => [false, true, true, false],
            Ask::Restaff { .. } => [false, true, true, false],
            Ask::Denial(_) => [false, false, true, false],
        }
    }

    #[test]
    fn every_role_may_ask_exactly_its_own() {
        let vacancy = VacancyKey(1);
        let asks = [
            Ask::Accept { vacancy, round: 0 },
            Ask::Decline { vacancy, round: 0 },
            Ask::Release { vacancy },
            Ask::Punch {
                vacancy,
                direction: Direction::In,
                position: None,
            },
            publish("tucson"),
            Ask::Cancel {
                vacancy,
                reason: String::new(),
            },
            Ask::OpenNextTier { vacancy },
            Ask::Recall {
                vacancy,
                badge: "TUC-0412".to_owned(),
            },
            roster(vec![suspended()]),
            roster(vec![declared("TUC-0412")]),
            roster(vec![declared("TUC-0412"), suspended()]),
            Ask::ApproveLastTier {
                vacancy,
                approved_by: String::new(),
            },
            why("TUC-0412"),
            Ask::Board,
            Ask::Amend(Amend {
                vacancy,
                segments: None,
                slots: None,
                post_orders: None,
                confirm_within_ms: 0,
            }),
            Ask::PublishAll {
                vacancies: Vec::new(),
            },
            Ask::Preview(Box::new(publication("tucson"))),
            Ask::PutGrant(Grant {
                district: String::new(),
                programme: String::new(),
                first: DAY,
                last: DAY,
                budget_min: 0,
            }),
            Ask::Grant {
                district: String::new(),
            },
            Ask::Undo { vacancy },
            Ask::JoinStandby { vacancy },
            Ask::LeaveStandby { vacancy },
            job("tucson"),
            jobs("tucson"),
            Ask::Restaff { vacancy, slots: 5 },
            Ask::Denial(Box::new(DenialAsk::List { from: 0 })),
        ];
        let asks = asks.into_iter().chain(afterwards());
        for ask in &asks.collect::<Vec<_>>() {
            let answers = ROLES.map(|role| allowed(role, ask));
            assert_eq!(answers, expected(ask), "{ask:?}");
        }
    }

    fn afterwards() -> impl Iterator<Item = Ask> {
        let vacancy = VacancyKey(1);
        let badge = || "TUC-0412".to_owned();
        let text = String::new;
        let asked = [
            Afterwards::Reduce {
                vacancy,
                fewer: 1,
                slots: Vec::new(),
                reason: text(),
            },
            Afterwards::NoShow {
                vacancy,
                badge: badge(),
                again: None,
            },
            Afterwards::Correct {
                vacancy,
                badge: badge(),
                mended: Mended::Came,
                reason: text(),
            },
            Afterwards::Note {
                vacancy,
                badge: badge(),
                text: text(),
                attachments: Vec::new(),
            },
            Afterwards::Acknowledge {
                vacancy,
                version: 1,
            },
            Afterwards::Remind { vacancy },
            Afterwards::Say {
                vacancy,
                badge: badge(),
                text: text(),
            },
        ];
        let read = Ask::Read(Read::Messages { vacancy, from: 0 });
        asked
            .into_iter()
            .map(|one| Ask::Afterwards(Box::new(one)))
            .chain([read])
    }

    #[test]
    fn nobody_asks_for_another() {
        let claims = |role, agency: Option<&str>| Claims {
            role,
            subject: "TUC-0412".to_owned(),
            agency: agency.map(str::to_owned),
            issued_us: 0,
            expires_us: 1,
            device: None,
            signed_by: None,
        };
        let officer = claims(Role::Officer, Some("tucson"));
        assert!(concerns_own(&officer, &why("TUC-0412")));
        assert!(!concerns_own(&officer, &why("TUC-0413")));
        assert!(concerns_own(&officer, &roster(vec![declared("TUC-0412")])));
        let of_two = roster(vec![declared("TUC-0412"), declared("TUC-0413")]);
        assert!(!concerns_own(&officer, &of_two));
        let shifts = |badge: &str| {
            Ask::Read(Read::Shifts {
                badge: badge.to_owned(),
                past: false,
                from: 0,
            })
        };
        assert!(concerns_own(&officer, &shifts("TUC-0412")));
        assert!(!concerns_own(&officer, &shifts("TUC-0413")));
        let say = |badge: &str| {
            Ask::Afterwards(Box::new(Afterwards::Say {
                vacancy: VacancyKey(1),
                badge: badge.to_owned(),
                text: String::new(),
            }))
        };
        assert!(concerns_own(&officer, &say("TUC-0412")));
        assert!(!concerns_own(&officer, &say("TUC-0413")));
        let coordinator = claims(Role::Coordinator, Some("tucson"));
        assert!(concerns_own(&coordinator, &why("GIL-0007")));
        assert!(concerns_own(&coordinator, &publish("tucson")));
        assert!(!concerns_own(&coordinator, &publish("gilbert")));
        let all = |leads: [&str; 2]| Ask::PublishAll {
            vacancies: leads.map(publication).into(),
        };
        assert!(concerns_own(&coordinator, &all(["tucson", "tucson"])));
        assert!(!concerns_own(&coordinator, &all(["tucson", "gilbert"])));
        let preview = |lead| Ask::Preview(Box::new(publication(lead)));
        assert!(concerns_own(&coordinator, &preview("tucson")));
        assert!(!concerns_own(&coordinator, &preview("gilbert")));
        assert!(concerns_own(&coordinator, &job("tucson")));
        assert!(!concerns_own(&coordinator, &job("gilbert")));
        assert!(concerns_own(&coordinator, &jobs("tucson")));
        assert!(!concerns_own(&coordinator, &jobs("gilbert")));
        assert!(concerns_own(
            &claims(Role::Operator, None),
            &publish("gilbert")
        ));
    }
}
