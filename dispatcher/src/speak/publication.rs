//! What publishing would do, and what pays for it, in the wire's words.

use engine::core::{Fund, Preview, State};
use engine::model::Date;
use protocol::{Day, Funnel, Grant, GrantStanding, Outcome};

use super::{agency, clause_name};

const MINUTE_US: u128 = 60_000_000;

/// Says what publishing a vacancy would find.
pub(crate) fn preview(state: &State, preview: &Preview) -> Vec<Funnel> {
    let funnel = |of: &engine::core::Funnel| Funnel {
        tier: of.tier,
        agencies: of.agencies.iter().map(|id| agency(state, *id)).collect(),
        officers: of.officers,
        left: of
            .left
            .iter()
            .map(|(clause, left)| (clause_name(state, *clause), *left))
            .collect(),
    };
    preview.tiers.iter().map(funnel).collect()
}

/// Says how a district's grant stands.
pub(crate) fn grant(state: &State, district: &str, fund: &Fund) -> Outcome {
    let programme = state.roster().programmes.find(fund.grant.programme);
    let minutes = |us: u128| u64::try_from(us.div_ceil(MINUTE_US)).unwrap_or(u64::MAX);
    Outcome::Grant(Box::new(GrantStanding {
        grant: Grant {
            district: district.to_owned(),
            programme: programme.map_or_else(String::new, |row| row.code.to_string()),
            first: day(fund.grant.first),
            last: day(fund.grant.last),
            budget_min: fund.grant.budget_min,
        },
        committed_min: minutes(fund.taken.committed_us),
        drawn_min: minutes(fund.taken.drawn_us),
    }))
}

fn day(date: Date) -> Day {
    let Date { year, month, day } = date;
    Day { year, month, day }
}
