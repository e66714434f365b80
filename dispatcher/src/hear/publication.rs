//! What is published on terms, and what pays for it, in the engine's words.

use engine::core::{NewGrant, Publication};
use engine::model::{AwardRule, Clothing, Collect, Criterion, Date, Term, Timestamp, VacancyKey};

use super::vacancy;
use crate::lots::Lots;

/// A vacancy on terms. The seed of its lottery is promised by `lots`.
pub(crate) fn publication(publication: protocol::Publication, lots: &Lots) -> Publication {
    let protocol::Publication {
        vacancy: new,
        terms,
    } = publication;
    let vacancy = vacancy(new);
    let term = |one| term(one, vacancy.key, lots);
    Publication {
        terms: terms.into_iter().map(term).collect(),
        vacancy,
    }
}

fn term(term: protocol::Term, key: VacancyKey, lots: &Lots) -> Term {
    match term {
        protocol::Term::Buffer {
            before_ms,
            after_ms,
        } => Term::Buffer {
            before_ms,
            after_ms,
        },
        protocol::Term::OpensBefore { before_ms } => Term::OpensBefore { before_ms },
        protocol::Term::BeyondGrant { reason } => Term::BeyondGrant {
            reason: reason.into(),
        },
        protocol::Term::Clothing { clothing } => Term::Clothing(match clothing {
            protocol::Clothing::Uniform => Clothing::Uniform,
            protocol::Clothing::Civilian => Clothing::Civilian,
        }),
        protocol::Term::MarkedCar => Term::MarkedCar,
        protocol::Term::Award(rule) => {
            let by = |criterion| criterion_of(criterion, key, lots);
            Term::Award(Box::new(AwardRule {
                collect: match rule.collect {
                    protocol::Collect::Until { at_us } => Collect::Until(Timestamp(at_us)),
                    protocol::Collect::Fairness { window_ms } => Collect::Fairness { window_ms },
                },
                ranked_by: rule.ranked_by.into_iter().map(by).collect(),
            }))
        }
        protocol::Term::Undo { within_ms } => Term::Undo { within_ms },
        protocol::Term::Standby { confirm_within_ms } => Term::Standby { confirm_within_ms },
        protocol::Term::Job { job } => Term::Job {
            job: job.into(),
            version: 0,
        },
        protocol::Term::HigherRanks { fill } => Term::HigherRanks { fill },
        protocol::Term::ByLadder { slots } => Term::ByLadder { slots },
    }
}

fn criterion_of(criterion: protocol::Criterion, key: VacancyKey, lots: &Lots) -> Criterion {
    match criterion {
        protocol::Criterion::Seniority => Criterion::Seniority,
        protocol::Criterion::FewestHours { period_ms } => Criterion::FewestHours { period_ms },
        protocol::Criterion::Rotation => Criterion::Rotation,
        protocol::Criterion::Lottery { reveal_within_ms } => Criterion::Lottery {
            promise: lots.promise(key),
            reveal_within_ms,
        },
    }
}

pub(crate) fn grant(grant: protocol::Grant) -> NewGrant {
    let date = |day: protocol::Day| Date {
        year: day.year,
        month: day.month,
        day: day.day,
    };
    NewGrant {
        district: grant.district,
        programme: grant.programme,
        first: date(grant.first),
        last: date(grant.last),
        budget_min: grant.budget_min,
    }
}
