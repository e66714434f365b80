//! An event with names for numbers: structured for programs, and in a line for people.
//!
//! The names of the fields are for scripts to rely on: new ones may come, none goes.

use std::fmt;

use protocol::{Position, RefusalCode, Segment};
use serde::Serialize;

use super::afterwards::Afterwards;
use super::award::ToldAward;
use super::names::badges;
use super::provided::Provided;
use crate::show;

mod publication;
mod roster;

pub(super) use publication::GrantMade;
pub(super) use roster::Dated;

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Told {
    Published {
        vacancy: String,
        lead: String,
        programme: String,
        segments: Vec<Segment>,
        /// The rank of each slot.
        slots: Vec<&'static str>,
        windows_ms: Vec<u64>,
        post_orders: String,
    },
    TierOpened {
        vacancy: String,
        tier: u8,
        because: &'static str,
        to: Vec<String>,
        closes_at: Option<String>,
    },
    WindowClosed {
        vacancy: String,
    },
    Awarded {
        vacancy: String,
        slot: u16,
        badge: String,
        place: u32,
        cover: String,
    },
    Declined {
        vacancy: String,
        badge: String,
    },
    Vacated {
        vacancy: String,
        slot: u16,
        badge: String,
        because: &'static str,
        round: u32,
        to: Vec<String>,
        closes_at: Option<String>,
    },
    Cancelled {
        vacancy: String,
        reason: String,
        holders: Vec<String>,
    },
    Expired {
        vacancy: String,
    },
    Punched {
        vacancy: String,
        badge: String,
        direction: &'static str,
        punched_at: Option<String>,
        position: Option<Position>,
        on_site: Option<bool>,
    },
    Flagged {
        vacancy: String,
        badge: String,
        clause: String,
        /// Whether it is a limit that the award exceeds; otherwise it no longer holds.
        exceeded: bool,
    },
    Confirmed {
        vacancy: String,
        slot: u16,
        place: u32,
        cover: String,
        /// The record of the award.
        award: u64,
        awarded_at: Option<String>,
    },
    Refused {
        code: RefusalCode,
        sentence: String,
        place: Option<u32>,
        filled_at: Option<String>,
        /// The clause of eligibility that does not hold.
        clause: Option<String>,
        /// The assignment in the way.
        overlaps: Option<String>,
    },
    Amended {
        vacancy: String,
        /// Another time or place, if it has one.
        segments: Option<Vec<Segment>>,
        /// The rank of each slot, if that changed.
        slots: Option<Vec<&'static str>>,
        post_orders: Option<String>,
        round: u32,
        to: Vec<String>,
        withdrawn: Vec<String>,
        /// Holders who must say yes.
        unconfirmed: Vec<String>,
        confirm_by: Option<String>,
        /// Holders who lost their slots.
        lost: Vec<String>,
        closes_at: Option<String>,
    },
    Reconfirmed {
        vacancy: String,
        slot: u16,
        badge: String,
        /// The record of the award.
        award: u64,
    },
    Lapsed {
        vacancy: String,
        badges: Vec<String>,
        round: u32,
        to: Vec<String>,
        closes_at: Option<String>,
    },
    Termed {
        vacancy: String,
        terms: Vec<String>,
    },
    GrantMade(GrantMade),
    AgencyAdded {
        agency: String,
        name: String,
        agreement: Option<String>,
    },
    AgreementSigned {
        agreement: String,
        agency: String,
    },
    CertificationNamed {
        certification: String,
        name: String,
    },
    ProgrammeDefined {
        programme: String,
        name: String,
        certifications: Vec<String>,
        classes: Vec<&'static str>,
        approval: bool,
    },
    SiteAdded {
        site: String,
        name: String,
        lead: String,
        zone: String,
        position: Position,
        geofence_m: u32,
        district: String,
        kind: &'static str,
        ade_funded: bool,
    },
    OfficerAdded {
        badge: String,
        agency: String,
        class: &'static str,
        rank: &'static str,
        certifications: Vec<Dated>,
        approvals: Vec<Dated>,
        suspended: bool,
        availability: String,
    },
    CertificationGranted {
        badge: String,
        certification: String,
        from: Option<String>,
        until: Option<String>,
    },
    CertificationRevoked {
        badge: String,
        certification: String,
    },
    CertificationExpired {
        badge: String,
        certification: String,
    },
    ApprovalGranted {
        badge: String,
        programme: String,
        from: Option<String>,
        until: Option<String>,
    },
    ApprovalWithdrawn {
        badge: String,
        programme: String,
    },
    Suspended {
        badge: String,
    },
    Reinstated {
        badge: String,
    },
    AvailabilityDeclared {
        badge: String,
        availability: String,
    },
    PactMade {
        lead: String,
        backup: String,
        tier: u8,
        from: Option<String>,
        until: Option<String>,
        cover: Option<String>,
    },
    PactEnded {
        lead: String,
        backup: String,
    },
    Excluded {
        site: String,
        badge: String,
    },
    Readmitted {
        site: String,
        badge: String,
    },
    /// What happened to bids and the standby list.
    #[serde(untagged)]
    Award(ToldAward),
    #[serde(untagged)]
    Afterwards(Afterwards),
    #[serde(untagged)]
    Provided(Provided),
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Cancelled {
                vacancy,
                reason,
                holders,
            } => {
                let holders = badges(holders);
                write!(f, "cancelled {vacancy} {reason:?}, held by {holders}")
            }
            Told::Expired { vacancy } => write!(f, "expired {vacancy}"),
            Told::Punched {
                vacancy,
                badge,
                direction,
                on_site,
                ..
            } => {
                let place = match on_site {
                    Some(true) => "on site",
                    Some(false) => "off site",
                    None => "no position",
                };
                write!(f, "punched-{direction} {vacancy} by {badge} ({place})")
            }
            Told::Flagged {
                vacancy,
                badge,
                clause,
                exceeded,
            } => {
                let what = ["no longer holds", "is exceeded"][usize::from(*exceeded)];
                write!(f, "flagged {vacancy} of {badge}: {clause} {what}")
            }
            Told::Provided(provided) => provided.fmt(f),
            Told::Confirmed {
                vacancy,
                slot,
                place,
                cover,
                award,
                ..
            } => write!(
                f,
                "confirmed {vacancy} slot {slot} (place {place}, cover {cover}, record {award})"
            ),
            Told::Termed { vacancy, terms } => {
                write!(f, "terms of {vacancy}: {}", terms.join("; "))
            }
            Told::GrantMade(made) => write!(f, "{made}"),
            Told::Afterwards(told) => told.fmt(f),
            Told::Award(award) => award.fmt(f),
            Told::Refused { .. } => self.say_refusal(f),
            Told::Amended { .. } | Told::Reconfirmed { .. } | Told::Lapsed { .. } => {
                self.say_amendment(f)
            }
            other => other.say_race(f),
        }
    }
}

impl Told {
    fn say_race(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Published {
                vacancy,
                lead,
                programme,
                segments,
                slots,
                ..
            } => {
                let spans: Vec<String> = segments.iter().map(show::segment).collect();
                let (slots, spans) = (slots.join(", "), spans.join(" and "));
                write!(
                    f,
                    "published {vacancy} for {lead}: {programme}, {slots}; {spans}"
                )
            }
            Told::TierOpened {
                vacancy,
                tier,
                because,
                to,
                closes_at,
            } => {
                let (to, next) = (badges(to), next_tier(closes_at.as_deref()));
                write!(
                    f,
                    "tier-opened {vacancy} tier {tier} → {to} ({because}{next})"
                )
            }
            Told::WindowClosed { vacancy } => {
                write!(f, "window-closed {vacancy}: no further agency to ask")
            }
            Told::Awarded {
                vacancy,
                slot,
                badge,
                place,
                cover,
            } => write!(
                f,
                "awarded {vacancy} slot {slot} → {badge} (place {place}, cover {cover})"
            ),
            Told::Declined { vacancy, badge } => write!(f, "declined {vacancy} by {badge}"),
            Told::Vacated {
                vacancy,
                slot,
                badge,
                because,
                round,
                to,
                closes_at,
            } => {
                let (to, next) = (badges(to), next_tier(closes_at.as_deref()));
                write!(f, "vacated {vacancy} slot {slot} ← {badge} ({because}); ")?;
                write!(f, "round {round} → {to}{next}")
            }
            other => other.say_roster(f),
        }
    }

    fn say_amendment(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Amended {
                vacancy,
                segments,
                round,
                to,
                unconfirmed,
                confirm_by,
                lost,
                closes_at,
                ..
            } => {
                let spans = segments.iter().flatten().map(show::segment);
                let spans: Vec<String> = spans.collect();
                write!(f, "amended {vacancy} ")?;
                if let Some(by) = confirm_by {
                    let (kept, lost) = (badges(unconfirmed), badges(lost));
                    let spans = spans.join(" and ");
                    write!(
                        f,
                        "to {spans}: {kept} to confirm until {by}, {lost} let go; "
                    )?;
                }
                let (to, next) = (badges(to), next_tier(closes_at.as_deref()));
                write!(f, "round {round} → {to}{next}")
            }
            Told::Reconfirmed {
                vacancy,
                slot,
                badge,
                award,
            } => write!(
                f,
                "reconfirmed {vacancy} slot {slot} by {badge} (record {award})"
            ),
            Told::Lapsed {
                vacancy,
                badges: lapsed,
                round,
                to,
                closes_at,
            } => {
                let (lapsed, to) = (badges(lapsed), badges(to));
                let next = next_tier(closes_at.as_deref());
                write!(f, "lapsed {vacancy} ← {lapsed} (unconfirmed); ")?;
                write!(f, "round {round} → {to}{next}")
            }
            other => unreachable!("only amendments are said here: {other:?}"),
        }
    }

    fn say_refusal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told::Refused {
            sentence,
            place,
            clause,
            overlaps,
            ..
        } = self
        else {
            return Ok(());
        };
        write!(f, "refused: {sentence}")?;
        if let Some(clause) = clause {
            write!(f, " ({clause})")?;
        }
        if let Some(vacancy) = overlaps {
            write!(f, " ({vacancy})")?;
        }
        match place {
            Some(place) => write!(f, ", place {place}"),
            None => Ok(()),
        }
    }
}

pub(super) fn next_tier(closes_at: Option<&str>) -> String {
    closes_at.map_or_else(String::new, |at| format!(", next tier at {at}"))
}
