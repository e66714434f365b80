//! How things look on the terminal.

mod afterwards;

pub use afterwards::{attended, author, mended, message, note, orders, progress, shift};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use protocol::{
    BoardRow, Clause, Happening, Rank, Segment, Standing, TierCause, Unassignment, What,
};

/// A span of time and place: `2026-11-23 07:00–15:00 America/Phoenix tucson-001`.
pub fn segment(segment: &Segment) -> String {
    let start = local(segment.start_us, &segment.zone);
    let end = local(segment.end_us, &segment.zone);
    let until = if start.date() == end.date() {
        "%H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    format!(
        "{}–{} {} {}",
        start.strftime("%Y-%m-%d %H:%M"),
        end.strftime(until),
        segment.zone,
        segment.site
    )
}

/// An instant in UTC with milliseconds.
pub fn instant(us: i64) -> String {
    let timestamp = Timestamp::from_microsecond(us).unwrap_or_default();
    timestamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// An instant in UTC with microseconds, as the log has it.
pub fn instant_us(us: i64) -> String {
    let timestamp = Timestamp::from_microsecond(us).unwrap_or_default();
    timestamp.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// A line of the board, and one below for each slot that is held.
pub fn board_row(row: &BoardRow) -> Vec<String> {
    let held = row
        .slots
        .iter()
        .filter(|slot| slot.holder.is_some())
        .count();
    let first = row.segments.first().map(segment).unwrap_or_default();
    let more = match row.segments.len() {
        0 | 1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    let mut lines = vec![format!(
        "{}  {:<9}  {held}/{}  tier {}  offered {:>4}  {:<16} {first}{more}",
        row.vacancy,
        standing(row.standing),
        row.slots.len(),
        row.tier,
        row.offered,
        row.lead,
    )];
    for (number, slot) in row.slots.iter().enumerate() {
        if let Some(holder) = &slot.holder {
            lines.push(format!("    slot {number} {:<9} {holder}", rank(slot.rank)));
        }
    }
    lines
}

/// Something that happened, on one line.
pub fn happening(happening: &Happening) -> String {
    let Happening {
        vacancy,
        lead,
        at_us,
        what,
    } = happening;
    format!(
        "{}  {vacancy}  {lead:<16} {}",
        instant(*at_us),
        self::what(what)
    )
}

/// A clause with its answer.
pub fn clause(clause: &Clause) -> String {
    let mark = if clause.holds { '✓' } else { '✗' };
    format!(" {mark} {:<22} {}", clause.name, clause.detail)
}

/// The sum of the clauses.
pub fn verdict(eligible: bool, clauses: &[Clause]) -> String {
    let failing = clauses.iter().filter(|clause| !clause.holds).count();
    let fail = if failing == 1 { "fails" } else { "fail" };
    match eligible {
        true => "eligible".to_owned(),
        false => format!(
            "not eligible: {failing} of {} clauses {fail}",
            clauses.len()
        ),
    }
}

fn what(what: &What) -> String {
    match what {
        What::Published {
            site,
            start_us,
            slots,
        } => {
            format!(
                "published {site} start={} slots={slots}",
                instant(*start_us)
            )
        }
        What::TierOpened {
            tier,
            because,
            recipients,
        } => {
            format!(
                "tier-opened {tier} because={} to={recipients}",
                cause(*because)
            )
        }
        What::Awarded {
            slot,
            badge,
            place,
            cover,
            slots_open,
        } => {
            format!("awarded slot={slot} {badge} place={place} cover={cover} open={slots_open}")
        }
        What::Declined { badge } => format!("declined {badge}"),
        What::Reoffered {
            slot,
            badge,
            because,
            round,
            recipients,
        } => format!(
            "reoffered slot={slot} {badge} because={} round={round} to={recipients}",
            unassignment(*because)
        ),
        What::Cancelled { reason } => format!("cancelled {reason:?}"),
        What::Expired { slots_open } => format!("expired open={slots_open}"),
        What::Punched {
            badge,
            direction,
            on_site,
        } => {
            let way = match direction {
                protocol::Direction::In => "in",
                protocol::Direction::Out => "out",
            };
            let place = match on_site {
                Some(true) => "on-site",
                Some(false) => "off-site",
                None => "no-position",
            };
            format!("punched {badge} {way} {place}")
        }
        What::Amended {
            slots_open,
            round,
            recipients,
            unconfirmed,
            lost,
        } => format!(
            "amended round={round} unconfirmed={} lost={} to={recipients} open={slots_open}",
            badges(unconfirmed),
            badges(lost)
        ),
        What::Reconfirmed { slot, badge } => format!("reconfirmed slot={slot} {badge}"),
        What::Lapsed {
            slots_open,
            round,
            recipients,
            badges: lapsed,
        } => format!(
            "lapsed {} round={round} to={recipients} open={slots_open}",
            badges(lapsed)
        ),
        What::LastTierApproved {
            approved_by,
            recipients,
        } => format!("last-tier-approved by {approved_by:?} to={recipients}"),
        What::OfferedLater { recipients } => format!("offered-later to={recipients}"),
        What::Reduced { .. }
        | What::NoShow { .. }
        | What::Corrected { .. }
        | What::Acknowledged { .. } => afterwards::what(what),
        What::Bid {
            badge,
            place,
            closes_at_us,
        } => format!(
            "bid {badge} place={place} closes={}",
            instant(*closes_at_us)
        ),
        What::BidsClosed { reveal_by_us } => {
            format!("bids-closed reveal-by={}", instant(*reveal_by_us))
        }
        What::Ranked { order, seed } => {
            let seed = seed.as_deref().unwrap_or("none");
            format!("ranked {} seed={seed}", badges(order))
        }
        What::StandbyJoined { badge, place } => format!("standby {badge} place={place}"),
        What::StandbyLeft { badge } => format!("left-standby {badge}"),
        What::SlotKept {
            slot,
            badge,
            until_us,
        } => format!("kept slot={slot} {badge} until={}", instant(*until_us)),
        What::StandbyPassed { badge } => format!("passed {badge}"),
        What::OfferedToAll { recipients } => format!("offered-to-all to={recipients}"),
    }
}

fn badges(badges: &[String]) -> String {
    match badges {
        [] => "none".to_owned(),
        some => some.join(","),
    }
}

fn cause(because: TierCause) -> &'static str {
    match because {
        TierCause::Published => "published",
        TierCause::NoEligibleOfficer => "no-eligible-officer",
        TierCause::AllDeclined => "all-declined",
        TierCause::WindowElapsed => "window-elapsed",
        TierCause::Coordinator => "coordinator",
        TierCause::StartNear => "start-near",
    }
}

fn unassignment(because: Unassignment) -> &'static str {
    match because {
        Unassignment::Released => "released",
        Unassignment::Recalled => "recalled",
        Unassignment::Cancelled => "cancelled",
        Unassignment::Amended => "amended",
        Unassignment::Unconfirmed => "unconfirmed",
        Unassignment::Reduced => "reduced",
        Unassignment::Undone => "undone",
    }
}

/// How a vacancy stands.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "open",
        Standing::Filled => "filled",
        Standing::Cancelled => "cancelled",
        Standing::Expired => "expired",
    }
}

/// A rank in a word.
pub fn rank(rank: Rank) -> &'static str {
    match rank {
        Rank::Officer => "officer",
        Rank::Sergeant => "sergeant",
        Rank::Commander => "commander",
    }
}

/// Local time at the site; a zone that is not known here is shown as UTC would be.
fn local(us: i64, zone: &str) -> Zoned {
    let timestamp = Timestamp::from_microsecond(us).unwrap_or_default();
    timestamp.to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use protocol::{BoardSlot, VacancyKey};

    use super::*;

    const START_US: i64 = 1_795_442_400_000_000;

    fn shift(hours: i64, zone: &str) -> Segment {
        Segment {
            site: "tucson-001".to_owned(),
            name: "Demo Elementary 001 (Tucson)".to_owned(),
            zone: zone.to_owned(),
            start_us: START_US,
            end_us: START_US + hours * 3_600_000_000,
        }
    }

    #[test]
    fn spans_are_shown_in_the_time_of_the_site() {
        assert_eq!(
            segment(&shift(8, "America/Phoenix")),
            "2026-11-23 07:00–15:00 America/Phoenix tucson-001"
        );
        assert_eq!(
            segment(&shift(24, "America/Phoenix")),
            "2026-11-23 07:00–2026-11-24 07:00 America/Phoenix tucson-001"
        );
    }

    #[test]
    fn the_verdict_counts_what_fails() {
        let clause = |holds| Clause {
            name: "rank".to_owned(),
            holds,
            detail: String::new(),
        };
        assert_eq!(verdict(true, &[clause(true)]), "eligible");
        let seven: Vec<Clause> = (0..7).map(|n| clause(n != 3)).collect();
        assert_eq!(verdict(false, &seven), "not eligible: 1 of 7 clauses fails");
        let two = [clause(false), clause(false)];
        assert_eq!(verdict(false, &two), "not eligible: 2 of 2 clauses fail");
    }

    #[test]
    fn a_row_names_its_holders() {
        let row = BoardRow {
            vacancy: VacancyKey(1),
            lead: "tucson".to_owned(),
            programme: "sso".to_owned(),
            segments: vec![shift(8, "America/Phoenix"), shift(9, "America/Phoenix")],
            standing: Standing::Open,
            tier: 1,
            round: 1,
            offered: 12,
            slots: vec![
                BoardSlot {
                    rank: Rank::Officer,
                    holder: Some("TUC-0412".to_owned()),
                },
                BoardSlot {
                    rank: Rank::Sergeant,
                    holder: None,
                },
            ],
        };
        let lines = board_row(&row);
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].contains("open       1/2  tier 1  offered   12  tucson"),
            "{lines:?}"
        );
        assert!(lines[0].ends_with("tucson-001 and 1 more"), "{lines:?}");
        assert_eq!(lines[1], "    slot 0 officer   TUC-0412");
    }

    #[test]
    fn a_happening_is_one_line() {
        let awarded = Happening {
            vacancy: VacancyKey(1),
            lead: "tucson".to_owned(),
            at_us: START_US,
            what: What::Awarded {
                slot: 0,
                badge: "TUC-0412".to_owned(),
                place: 1,
                cover: "tucson-msa".to_owned(),
                slots_open: 0,
            },
        };
        assert_eq!(
            happening(&awarded),
            format!(
                "2026-11-23T14:00:00.000Z  {}  tucson           awarded slot=0 TUC-0412 place=1 \
                 cover=tucson-msa open=0",
                VacancyKey(1)
            )
        );
    }
}
