//! What is published on terms, and what pays for it, in the engine's words.

use engine::core::{NewGrant, Publication};
use engine::model::{Clothing, Date, Term};

use super::vacancy;

pub(crate) fn publication(publication: protocol::Publication) -> Publication {
    Publication {
        vacancy: vacancy(publication.vacancy),
        terms: publication.terms.into_iter().map(term).collect(),
    }
}

fn term(term: protocol::Term) -> Term {
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
        protocol::Term::Job { job } => Term::Job {
            job: job.into(),
            version: 0,
        },
        protocol::Term::HigherRanks { fill } => Term::HigherRanks { fill },
        protocol::Term::ByLadder { slots } => Term::ByLadder { slots },
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
