//! What can be said about who is given a slot.

use clap::{Args, ValueEnum};
use protocol::{Criterion, VacancyKey};

use super::ReachArgs;
use super::words::{Moment, milliseconds, when};

const AWARD: &str = "Award [default: whoever accepts first]";

/// Flags that say who is given a slot, and what may follow.
#[derive(Debug, Clone, Default, Args)]
pub struct AwardArgs {
    /// Collect bids until this time, and rank them by --rank-by
    #[arg(long, help_heading = AWARD, value_name = "TIME", value_parser = when)]
    #[arg(conflicts_with = "fairness")]
    pub bids_until: Option<Moment>,
    /// Collect accepts for so long after each offer (500ms), and rank them
    #[arg(long, help_heading = AWARD, value_name = "TIME", value_parser = milliseconds)]
    pub fairness: Option<u64>,
    /// Rank by seniority, hours:720h, rotation, lottery:10m; equals by the next
    ///
    /// By seniority, by the fewest hours in the time before the start (hours:720h), by rotation
    /// or by lottery, whose seed may take so long to be revealed (10m unless said otherwise). Equals
    /// are ranked by the next one named, at last by arrival.
    #[arg(long, help_heading = AWARD, value_name = "RULE,…", value_parser = rank_by)]
    #[arg(value_delimiter = ',')]
    pub rank_by: Vec<RankBy>,
    /// Let officers take an accept back as an accident for so long
    #[arg(long, help_heading = AWARD, value_name = "TIME", value_parser = milliseconds)]
    pub undo: Option<u64>,
    /// Keep a standby list; whoever is asked has so long to accept
    #[arg(long, help_heading = AWARD, value_name = "TIME", value_parser = milliseconds)]
    pub standby: Option<u64>,
}

/// One way to rank bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankBy(pub Criterion);

/// How long a seed may take to be revealed, unless said otherwise: ten minutes, in milliseconds.
const REVEAL_WITHIN_MS: u64 = 10 * 60 * 1_000;

fn rank_by(written: &str) -> Result<RankBy, String> {
    let (rule, of) = match written.split_once(':') {
        Some((rule, of)) => (rule, Some(of)),
        None => (written, None),
    };
    let criterion = match (rule, of) {
        ("seniority", None) => Criterion::Seniority,
        ("rotation", None) => Criterion::Rotation,
        ("hours", Some(period)) => Criterion::FewestHours {
            period_ms: milliseconds(period)?,
        },
        ("lottery", None) => Criterion::Lottery {
            reveal_within_ms: REVEAL_WITHIN_MS,
        },
        ("lottery", Some(within)) => Criterion::Lottery {
            reveal_within_ms: milliseconds(within)?,
        },
        _ => return Err("expected seniority, hours:720h, rotation, lottery or lottery:10m".into()),
    };
    Ok(RankBy(criterion))
}

/// `muster answer`.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// Key of the vacancy
    #[arg(value_name = "VACANCY")]
    pub vacancy: VacancyKey,
    /// The answer
    #[arg(value_name = "ANSWER")]
    pub answer: OfficerAnswer,
    /// The round of the offer that is accepted or declined
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub round: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// What an officer says to a vacancy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OfficerAnswer {
    /// Take a slot, or bid for one
    Accept,
    /// Turn the offer down, withdraw a bid, or let the next on the standby list have it
    Decline,
    /// Give the slot back
    Release,
    /// Take an accept back that was an accident
    Undo,
    /// Wait for a slot
    Standby,
    /// No longer wait
    LeaveStandby,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_and_have_their_times() {
        let hours = Criterion::FewestHours {
            period_ms: 30 * 24 * 3_600_000,
        };
        assert_eq!(rank_by("hours:720h"), Ok(RankBy(hours)));
        let lottery = |reveal_within_ms| Ok(RankBy(Criterion::Lottery { reveal_within_ms }));
        assert_eq!(rank_by("lottery"), lottery(600_000));
        assert_eq!(rank_by("lottery:90s"), lottery(90_000));
        assert_eq!(rank_by("seniority"), Ok(RankBy(Criterion::Seniority)));
        for bad in [
            "",
            "age",
            "hours",
            "seniority:3",
            "rotation:1h",
            "hours:never",
        ] {
            assert!(rank_by(bad).is_err(), "{bad}");
        }
    }
}
