//! From the wire's words to the engine's.

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{Amend, NewProvision, NewSegment, NewVacancy, RosterChange};
use engine::model::{
    Beyond, Class, Date, Direction, Interval, Lift, Limit, Measure, Period, Position, Preferences,
    Quiet, Rank, Reach, SiteKind, Timestamp, VacancyId, VacancyKey, Window,
};
use protocol::{Availability, Dated};

use crate::jobs;

mod publication;

pub(crate) use publication::{grant, publication};

pub(crate) fn direction(direction: protocol::Direction) -> Direction {
    match direction {
        protocol::Direction::In => Direction::In,
        protocol::Direction::Out => Direction::Out,
    }
}

pub(crate) fn position(position: protocol::Position) -> Position {
    let protocol::Position {
        latitude_udeg,
        longitude_udeg,
    } = position;
    Position {
        latitude_udeg,
        longitude_udeg,
    }
}

pub(crate) fn rank(rank: protocol::Rank) -> Rank {
    match rank {
        protocol::Rank::Officer => Rank::Officer,
        protocol::Rank::Sergeant => Rank::Sergeant,
        protocol::Rank::Commander => Rank::Commander,
    }
}

fn class(class: protocol::Class) -> Class {
    match class {
        protocol::Class::PeaceOfficer => Class::PeaceOfficer,
        protocol::Class::FullAuthorityReserve => Class::FullAuthorityReserve,
        protocol::Class::CommunityServiceOfficer => Class::CommunityServiceOfficer,
    }
}

fn site_kind(kind: protocol::SiteKind) -> SiteKind {
    match kind {
        protocol::SiteKind::Public => SiteKind::Public,
        protocol::SiteKind::Charter => SiteKind::Charter,
        protocol::SiteKind::Private => SiteKind::Private,
        protocol::SiteKind::Venue => SiteKind::Venue,
    }
}

fn segments(segments: Vec<protocol::NewSegment>) -> Vec<NewSegment> {
    let segment = |segment: protocol::NewSegment| NewSegment {
        site: segment.site,
        start: Timestamp(segment.start_us),
        end: Timestamp(segment.end_us),
    };
    segments.into_iter().map(segment).collect()
}

fn slots(slots: Vec<protocol::Rank>) -> Vec<Rank> {
    slots.into_iter().map(rank).collect()
}

pub(crate) fn vacancy(new: protocol::NewVacancy) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(new.key.0),
        lead: new.lead,
        programme: new.programme,
        segments: segments(new.segments),
        slots: slots(new.slots),
        windows_ms: new.windows_ms,
        post_orders: new.post_orders,
    }
}

pub(crate) fn amend(vacancy: VacancyId, amend: protocol::Amend) -> Amend {
    Amend {
        vacancy,
        segments: amend.segments.map(segments),
        slots: amend.slots.map(slots),
        post_orders: amend.post_orders,
        confirm_within_ms: amend.confirm_within_ms,
    }
}

fn day(day: protocol::Day) -> Date {
    let protocol::Day { year, month, day } = day;
    Date { year, month, day }
}

/// No date before means always was, none after means no end.
pub(crate) fn validity(from_us: Option<i64>, until_us: Option<i64>) -> Interval {
    Interval {
        start: from_us.map_or(Timestamp::MIN, Timestamp),
        end: until_us.map_or(Timestamp::MAX, Timestamp),
    }
}

fn dated(dated: Dated) -> (String, Interval) {
    (dated.code, validity(dated.from_us, dated.until_us))
}

fn availability(availability: Availability) -> NewAvailability {
    let Availability::Declared { weekly, exceptions } = availability else {
        return NewAvailability::Always;
    };
    let window = |from_minute, until_minute| Window {
        from_minute,
        until_minute,
    };
    NewAvailability::Declared {
        weekly: weekly
            .into_iter()
            // Days count from 1 on the wire; 0 becomes a day the engine refuses.
            .map(|w| {
                (
                    w.weekday.wrapping_sub(1),
                    window(w.from_minute, w.until_minute),
                )
            })
            .collect(),
        exceptions: exceptions
            .into_iter()
            .map(|dated| {
                let date = Date {
                    year: dated.year,
                    month: dated.month,
                    day: dated.day,
                };
                (
                    date,
                    dated
                        .windows
                        .into_iter()
                        .map(|(from, until)| window(from, until))
                        .collect(),
                )
            })
            .collect(),
    }
}

pub(crate) fn roster_change(change: protocol::RosterChange) -> RosterChange {
    use protocol::RosterChange as Wire;
    match change {
        Wire::Agency {
            code,
            name,
            agreement,
        } => RosterChange::Agency {
            code,
            name,
            agreement,
        },
        Wire::Certification { code, name } => RosterChange::Certification { code, name },
        Wire::Programme {
            code,
            name,
            certifications,
            classes,
            approval,
        } => {
            let classes = classes.into_iter().map(class).collect();
            RosterChange::Programme {
                code,
                name,
                certifications,
                classes,
                approval,
            }
        }
        Wire::Site {
            code,
            name,
            lead,
            zone,
            position: at,
            geofence_m,
            district,
            kind,
            ade_funded,
        } => {
            let (position, kind) = (position(at), site_kind(kind));
            RosterChange::Site(NewSite {
                code,
                name,
                lead,
                zone,
                position,
                geofence_m,
                district,
                kind,
                ade_funded,
            })
        }
        Wire::Officer {
            badge,
            agency,
            class: of,
            rank: at,
            certifications,
            approvals,
            availability: when,
        } => RosterChange::Officer(NewOfficer {
            badge,
            home: agency,
            class: class(of),
            rank: rank(at),
            certifications: certifications.into_iter().map(dated).collect(),
            approvals: approvals.into_iter().map(dated).collect(),
            availability: availability(when),
        }),
        Wire::CertificationGranted {
            badge,
            certification,
        } => {
            let (certification, valid) = dated(certification);
            RosterChange::CertificationGranted {
                badge,
                certification,
                valid,
            }
        }
        Wire::CertificationRevoked {
            badge,
            certification,
        } => RosterChange::CertificationRevoked {
            badge,
            certification,
        },
        Wire::ApprovalGranted { badge, programme } => {
            let (programme, valid) = dated(programme);
            RosterChange::ApprovalGranted {
                badge,
                programme,
                valid,
            }
        }
        Wire::ApprovalWithdrawn { badge, programme } => {
            RosterChange::ApprovalWithdrawn { badge, programme }
        }
        Wire::Suspended { badge } => RosterChange::Suspended { badge },
        Wire::Reinstated { badge } => RosterChange::Reinstated { badge },
        Wire::AvailabilityDeclared {
            badge,
            availability: when,
        } => RosterChange::AvailabilityDeclared {
            badge,
            availability: availability(when),
        },
        Wire::Pact {
            lead,
            backup,
            tier,
            from_us,
            until_us,
            cover,
        } => RosterChange::Pact {
            lead,
            backup,
            tier,
            valid: validity(from_us, until_us),
            cover,
        },
        Wire::PactEnded { lead, backup } => RosterChange::PactEnded { lead, backup },
        Wire::Excluded { site, badge } => RosterChange::Excluded { site, badge },
        Wire::Readmitted { site, badge } => RosterChange::Readmitted { site, badge },
        Wire::SenioritySet { badge, since } => RosterChange::SenioritySet {
            badge,
            since: day(since),
        },
        provided => RosterChange::Provided(provision(provided)),
    }
}

/// What an agency, a customer or an officer provides.
fn provision(provided: protocol::RosterChange) -> NewProvision {
    use protocol::RosterChange as Wire;
    match provided {
        Wire::LimitsSet { agency, limits } => NewProvision::Limits {
            agency,
            limits: limits.into_iter().map(limit).collect(),
        },
        Wire::LimitsLifted {
            badge,
            lift,
            reason,
        } => {
            let lift = match lift {
                protocol::Lift::Vacancy { vacancy } => Lift::Vacancy(VacancyKey(vacancy.0)),
                protocol::Lift::Dated { from_us, until_us } => {
                    Lift::Dated(validity(Some(from_us), Some(until_us)))
                }
            };
            NewProvision::Lifted {
                badge,
                lift,
                reason,
            }
        }
        Wire::PreferencesDeclared {
            badge,
            preferences: declared,
        } => NewProvision::Preferences {
            badge,
            preferences: preferences(declared),
        },
        Wire::PreferencesBind { agency, bind } => NewProvision::PreferencesBind { agency, bind },
        Wire::DistrictExcluded {
            lead,
            district,
            badge,
        } => NewProvision::Unwanted {
            lead,
            district,
            badge,
        },
        Wire::DistrictReadmitted {
            lead,
            district,
            badge,
        } => NewProvision::WantedAgain {
            lead,
            district,
            badge,
        },
        Wire::LastTierSet {
            programme,
            classes,
            waived,
        } => NewProvision::LastTier {
            programme,
            classes: classes.into_iter().map(class).collect(),
            waived,
        },
        other => jobs::provision(other).expect("`roster_change` sends only provisions here"),
    }
}

fn limit(limit: protocol::Limit) -> Limit {
    let hours = |period, most_minutes| Measure::Hours {
        period,
        most_minutes,
    };
    let measure = match limit.measure {
        protocol::Measure::Day { most_minutes } => hours(Period::Day, most_minutes),
        // Days count from 1 on the wire; 0 becomes a day the engine refuses.
        protocol::Measure::Week {
            starts_on,
            most_minutes,
        } => {
            let starts_on = starts_on.wrapping_sub(1);
            hours(Period::Week { starts_on }, most_minutes)
        }
        protocol::Measure::Days { days, most_minutes } => hours(Period::Days(days), most_minutes),
        protocol::Measure::Rest { least_minutes } => Measure::Rest { least_minutes },
    };
    Limit {
        measure,
        beyond: match limit.blocks {
            true => Beyond::Block,
            false => Beyond::Warn,
        },
        valid: validity(limit.from_us, limit.until_us),
    }
}

fn preferences(declared: protocol::Preferences) -> Preferences {
    let window = |(from_minute, until_minute)| Window {
        from_minute,
        until_minute,
    };
    let districts = declared.districts.into_iter();
    Preferences {
        districts: districts.map(String::into_boxed_str).collect(),
        reach: declared.near.map(|near| Reach {
            from: position(near.position),
            metres: near.metres,
        }),
        notice_ms: declared.notice_ms,
        quiet: declared.quiet.map(|quiet| Quiet {
            zone: quiet.zone.into(),
            windows: quiet.windows.into_iter().map(window).collect(),
        }),
    }
}
