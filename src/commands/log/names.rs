//! What things in a record are called.

use engine::core::{Actor, State, TierCause, Vacated};
use engine::model::{
    AgencyId, AgreementId, Availability, Bearer, CertificationId, Class, Code, DenialReason,
    Direction, Interval, OfficerId, OfficerSet, ProgrammeId, Rank, SiteId, SiteKind, Timestamp,
    VacancyId, Window,
};

use crate::show;

/// How many officers a line names before it only counts.
const BADGES_SHOWN_MAX: usize = 8;

/// Names as a state knows them. What it does not know keeps its number, such as `officer#12`: a
/// log of which the beginning is gone is still read.
#[derive(Clone, Copy)]
pub(super) struct Names<'a>(pub(super) &'a State);

impl Names<'_> {
    pub(super) fn actor(self, by: Actor) -> String {
        match by {
            Actor::Officer(id) => format!("officer {}", self.officer(id)),
            Actor::Coordinator(id) => format!("coordinator {}", self.agency(id)),
            Actor::Operator => "operator".to_owned(),
            Actor::Clock => "clock".to_owned(),
        }
    }

    pub(super) fn vacancy(self, id: VacancyId) -> String {
        let key = self.0.vacancy(id).map(|row| row.posting.key.0);
        key.map_or_else(
            || format!("vacancy#{}", id.0),
            |key| protocol::VacancyKey(key).to_string(),
        )
    }

    pub(super) fn officer(self, id: OfficerId) -> String {
        let row = self.0.roster().officers.find(id);
        code(row.map(|row| &row.badge), "officer", id.0)
    }

    pub(super) fn officers(self, set: &OfficerSet) -> Vec<String> {
        set.iter().map(|id| self.officer(id)).collect()
    }

    pub(super) fn agency(self, id: AgencyId) -> String {
        let row = self.0.roster().agencies.find(id);
        code(row.map(|row| &row.code), "agency", id.0)
    }

    pub(super) fn agreement(self, id: AgreementId) -> String {
        let row = self.0.roster().agreements.find(id);
        code(row.map(|row| &row.code), "agreement", id.0)
    }

    pub(super) fn bearer(self, bearer: &Bearer) -> String {
        match bearer {
            Bearer::Officer(id) => format!("officer {}", self.officer(*id)),
            Bearer::Subject { agency, name } => {
                let of = agency.map(|id| format!(" of {}", self.agency(id)));
                format!("subject {name:?}{}", of.unwrap_or_default())
            }
            Bearer::SigningKey(id) => format!("key {id}"),
            Bearer::Device(key) => format!("device {key}"),
        }
    }

    pub(super) fn certification(self, id: CertificationId) -> String {
        let row = self.0.roster().certifications.find(id);
        code(row.map(|row| &row.code), "certification", id.0)
    }

    pub(super) fn programme(self, id: ProgrammeId) -> String {
        let row = self.0.roster().programmes.find(id);
        code(row.map(|row| &row.code), "programme", id.0)
    }

    pub(super) fn site(self, id: SiteId) -> String {
        let row = self.0.roster().sites.find(id);
        code(row.map(|row| &row.code), "site", id.0)
    }
}

fn code(code: Option<&Code>, kind: &str, number: u32) -> String {
    code.map_or_else(|| format!("{kind}#{number}"), Code::to_string)
}

/// A time, if it is one: validities without a date end never.
pub(super) fn time(at: Timestamp) -> Option<String> {
    let is_open = at == Timestamp::MIN || at == Timestamp::MAX;
    (!is_open).then(|| show::instant_us(at.as_micros()))
}

/// From when and until when, each if there is such a date.
pub(super) fn validity(valid: Interval) -> (Option<String>, Option<String>) {
    (time(valid.start), time(valid.end))
}

pub(super) fn tier_cause(because: TierCause) -> &'static str {
    match because {
        TierCause::Published => "published",
        TierCause::NoEligibleOfficer => "no-eligible-officer",
        TierCause::AllDeclined => "all-declined",
        TierCause::WindowElapsed => "window-elapsed",
        TierCause::Coordinator => "coordinator",
        TierCause::StartNear => "start-near",
    }
}

pub(super) fn vacated(because: Vacated) -> &'static str {
    match because {
        Vacated::Released => "released",
        Vacated::Recalled => "recalled",
        Vacated::Undone => "undone",
    }
}

pub(super) fn denial_reason(reason: DenialReason) -> &'static str {
    match reason {
        DenialReason::DeviceLost => "device-lost",
        DenialReason::Exposed => "exposed",
        DenialReason::Left => "left",
        DenialReason::Misuse => "misuse",
        DenialReason::Other => "other",
    }
}

pub(super) fn rank(rank: Rank) -> &'static str {
    match rank {
        Rank::Officer => "officer",
        Rank::Sergeant => "sergeant",
        Rank::Commander => "commander",
    }
}

pub(super) fn class(class: Class) -> &'static str {
    match class {
        Class::PeaceOfficer => "peace-officer",
        Class::FullAuthorityReserve => "full-authority-reserve",
        Class::CommunityServiceOfficer => "community-service-officer",
    }
}

pub(super) fn site_kind(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Public => "public",
        SiteKind::Charter => "charter",
        SiteKind::Private => "private",
        SiteKind::Venue => "venue",
    }
}

pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `always`, or windows by day and date: `mon 06:00-18:00;!2026-11-26;2026-11-27 08:00-12:00`.
pub(super) fn availability(declared: &Availability) -> String {
    let (weekly, exceptions) = match declared {
        Availability::Always => return "always".to_owned(),
        Availability::Declared { weekly, exceptions } => (weekly, exceptions),
    };
    let days = DAYS.iter().zip(weekly.iter());
    let days = days
        .filter(|(_, windows)| !windows.is_empty())
        .map(|(day, windows)| format!("{day} {}", hours(windows)));
    let dates = exceptions.iter().map(|(date, windows)| {
        let date = format!("{:04}-{:02}-{:02}", date.year, date.month, date.day);
        match windows.is_empty() {
            true => format!("!{date}"),
            false => format!("{date} {}", hours(windows)),
        }
    });
    let parts: Vec<String> = days.chain(dates).collect();
    match parts.is_empty() {
        true => "never".to_owned(),
        false => parts.join(";"),
    }
}

pub(super) fn hours(windows: &[Window]) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let hours = windows.iter().map(|window| {
        format!(
            "{}-{}",
            clock(window.from_minute),
            clock(window.until_minute)
        )
    });
    hours.collect::<Vec<_>>().join(",")
}

/// Officers as a line names them.
pub(super) fn badges(badges: &[String]) -> String {
    match badges.len() {
        0 => "nobody".to_owned(),
        many if many > BADGES_SHOWN_MAX => format!("{many} officers"),
        _ => badges.join(", "),
    }
}
