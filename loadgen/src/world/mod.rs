//! What the ledger knows of the world, independently of the server.
//!
//! A [`World`] is built from the very roster changes that are sent to the server, and judges
//! eligibility with its own slow and obvious code. It shares nothing with the engine but the
//! words of the wire, so that a mistake in the engine's index cannot repeat itself here.

mod availability;
mod facts;
mod level;
mod synthetic;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::tz::TimeZone;
use protocol::{Availability, Class, Dated, NewVacancy, Rank, RosterChange};

pub use facts::{Facts, Stretch};
pub use level::level_field;
pub use synthetic::{
    AGENCIES, SITES_PER_AGENCY, Synthetic, SyntheticOfficer, SyntheticSite, synthetic,
};

/// Agencies, pacts, programmes, sites and officers as the roster changes described them.
#[derive(Debug, Clone, Default)]
pub struct World {
    agencies: BTreeMap<String, Agency>,
    certifications: BTreeSet<String>,
    programmes: BTreeMap<String, Programme>,
    sites: BTreeMap<String, Site>,
    pacts: Vec<Pact>,
    excluded: BTreeSet<(String, String)>,
    officers: Vec<Officer>,
    by_badge: HashMap<String, usize>,
}

/// A roster change that does not fit the world built so far, or a vacancy that names something
/// the world has never heard of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// A name that no earlier change introduced.
    #[error("no {kind} is called `{name}`: introduce it with an earlier roster change")]
    Unknown {
        /// What kind of thing was named.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A name that is taken.
    #[error("there is a {kind} called `{name}` already: choose another name")]
    Taken {
        /// What kind of thing was named.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A zone that is not in the time-zone database.
    #[error("site `{site}` names the time zone `{zone}`, which does not exist: use an IANA name")]
    Zone {
        /// The site.
        site: String,
        /// The zone as written.
        zone: String,
    },
    /// A vacancy without segments or slots, or with a segment that ends before it starts.
    #[error("vacancy {vacancy} is not workable: give it segments in order of time, and slots")]
    Unworkable {
        /// The vacancy.
        vacancy: String,
    },
}

impl World {
    /// The world after `changes`, in order.
    ///
    /// # Errors
    /// The first change that does not fit what came before it.
    pub fn from_changes(changes: &[RosterChange]) -> Result<World, WorldError> {
        let mut world = World::default();
        for change in changes {
            world.apply(change)?;
        }
        Ok(world)
    }

    /// Applies one change.
    ///
    /// # Errors
    /// The change names something unknown, or introduces a name that is taken.
    pub fn apply(&mut self, change: &RosterChange) -> Result<(), WorldError> {
        match change {
            RosterChange::Agency {
                code, agreement, ..
            } => {
                let agency = Agency {
                    agreement: agreement.clone(),
                };
                introduce("agency", &mut self.agencies, code, agency)
            }
            RosterChange::Certification { code, .. } => {
                if self.certifications.insert(code.clone()) {
                    Ok(())
                } else {
                    Err(taken("certification", code))
                }
            }
            RosterChange::Programme { .. }
            | RosterChange::Site { .. }
            | RosterChange::Officer { .. } => self.introduce_composed(change),
            RosterChange::Pact {
                lead,
                backup,
                tier,
                from_us,
                until_us,
                cover,
            } => {
                self.agency(lead)?;
                self.agency(backup)?;
                self.end_pact(lead, backup);
                self.pacts.push(Pact {
                    lead: lead.clone(),
                    backup: backup.clone(),
                    tier: *tier,
                    from_us: *from_us,
                    until_us: *until_us,
                    cover: cover.clone(),
                });
                Ok(())
            }
            RosterChange::PactEnded { lead, backup } => {
                self.end_pact(lead, backup);
                Ok(())
            }
            RosterChange::Excluded { site, badge } => {
                self.excluded.insert((site.clone(), badge.clone()));
                Ok(())
            }
            RosterChange::Readmitted { site, badge } => {
                self.excluded.remove(&(site.clone(), badge.clone()));
                Ok(())
            }
            _ => self.change_officer(change),
        }
    }

    /// Applies changes that the server has made.
    ///
    /// They fit, or the server would have refused them; where this world cannot follow one, the
    /// officers it concerns are judged by what is known of them.
    pub(crate) fn follow(&mut self, changes: &[RosterChange]) {
        for change in changes {
            if let Err(error) = self.apply(change) {
                tracing::warn!(%error, "the ledger could not follow a roster change");
            }
        }
    }

    /// Whether the officer may be offered the vacancy at this instant (microseconds since the
    /// epoch), and through which tier; otherwise the first clause that fails, as a sentence.
    ///
    /// # Errors
    /// The clause that does not hold, or the name that is not known.
    pub fn eligible(&self, badge: &str, vacancy: &NewVacancy, at_us: i64) -> Result<u8, String> {
        let facts = self.facts(vacancy).map_err(|error| error.to_string())?;
        self.judge(badge, &facts, at_us)
    }

    /// As [`World::eligible`], for a vacancy whose facts were worked out before.
    ///
    /// # Errors
    /// The clause that does not hold, or the name that is not known.
    pub fn judge(&self, badge: &str, facts: &Facts, at_us: i64) -> Result<u8, String> {
        let officer = self
            .officer(badge)
            .ok_or_else(|| format!("no officer is called {badge}"))?;
        let programme = self
            .programmes
            .get(&facts.programme)
            .ok_or_else(|| format!("no programme is called {}", facts.programme))?;
        let tier = self.tier(officer, facts, at_us)?;
        if !programme.classes.contains(&officer.class) {
            return Err(format!(
                "{} does not admit the class {:?}",
                facts.programme, officer.class
            ));
        }
        if !facts.slots.contains(&officer.rank) {
            return Err(format!("no slot asks for the rank {:?}", officer.rank));
        }
        if officer.suspended {
            return Err("the officer is suspended".to_owned());
        }
        for needed in &programme.certifications {
            if !held_throughout(&officer.certifications, needed, at_us, facts.end_us) {
                return Err(format!(
                    "the certification {needed} does not hold to the end"
                ));
            }
        }
        if programme.approval
            && !held_throughout(&officer.approvals, &facts.programme, at_us, facts.end_us)
        {
            return Err(format!(
                "the approval for {} does not hold to the end",
                facts.programme
            ));
        }
        for stretch in &facts.segments {
            if self
                .excluded
                .contains(&(stretch.site.clone(), badge.to_owned()))
            {
                return Err(format!("{} does not want the officer", stretch.site));
            }
            if !availability::contains(&officer.availability, stretch) {
                return Err(format!(
                    "the declared availability does not contain the work at {}",
                    stretch.site
                ));
            }
        }
        Ok(tier)
    }

    /// Works out once what judging a vacancy needs many times.
    ///
    /// # Errors
    /// The vacancy names an unknown agency, programme or site, or is not workable.
    pub fn facts(&self, vacancy: &NewVacancy) -> Result<Facts, WorldError> {
        self.agency(&vacancy.lead)?;
        if !self.programmes.contains_key(&vacancy.programme) {
            return Err(unknown("programme", &vacancy.programme));
        }
        let zone = |code: &str| self.sites.get(code).map(|site| site.zone.clone());
        Facts::new(vacancy, zone)
    }

    /// Badges in the order in which the changes introduced them.
    pub fn badges(&self) -> impl Iterator<Item = &str> {
        self.officers.iter().map(|officer| officer.badge.as_str())
    }

    /// The home agency of an officer.
    pub fn home_agency(&self, badge: &str) -> Option<&str> {
        self.officer(badge).map(|officer| officer.agency.as_str())
    }

    fn tier(&self, officer: &Officer, facts: &Facts, at_us: i64) -> Result<u8, String> {
        let agreement = |code: &str| {
            self.agencies
                .get(code)
                .and_then(|agency| agency.agreement.clone())
        };
        if officer.agency == facts.lead {
            return match agreement(&facts.lead) {
                Some(_) => Ok(0),
                None => Err(format!("{} has no agreement that covers it", facts.lead)),
            };
        }
        let pact = self
            .pacts
            .iter()
            .filter(|pact| pact.lead == facts.lead && pact.backup == officer.agency)
            .find(|pact| spans(pact.from_us, pact.until_us, at_us, facts.end_us))
            .ok_or_else(|| {
                format!(
                    "{} neither leads nor backs up {} through the end of the work",
                    officer.agency, facts.lead
                )
            })?;
        let cover = agreement(&officer.agency)
            .or_else(|| pact.cover.clone())
            .or_else(|| agreement(&facts.lead));
        match cover {
            Some(_) => Ok(pact.tier),
            None => Err(format!("no agreement covers {}", officer.agency)),
        }
    }

    fn introduce_composed(&mut self, change: &RosterChange) -> Result<(), WorldError> {
        match change {
            RosterChange::Programme {
                code,
                certifications,
                classes,
                approval,
                ..
            } => {
                for named in certifications {
                    if !self.certifications.contains(named) {
                        return Err(unknown("certification", named));
                    }
                }
                let programme = Programme {
                    certifications: certifications.clone(),
                    classes: classes.clone(),
                    approval: *approval,
                };
                introduce("programme", &mut self.programmes, code, programme)
            }
            RosterChange::Site {
                code, lead, zone, ..
            } => {
                self.agency(lead)?;
                let Ok(zone) = TimeZone::get(zone) else {
                    return Err(WorldError::Zone {
                        site: code.clone(),
                        zone: zone.clone(),
                    });
                };
                introduce("site", &mut self.sites, code, Site { zone })
            }
            RosterChange::Officer {
                badge,
                agency,
                class,
                rank,
                certifications,
                approvals,
                availability,
            } => {
                self.agency(agency)?;
                if self.by_badge.contains_key(badge) {
                    return Err(taken("officer", badge));
                }
                self.by_badge.insert(badge.clone(), self.officers.len());
                self.officers.push(Officer {
                    badge: badge.clone(),
                    agency: agency.clone(),
                    class: *class,
                    rank: *rank,
                    certifications: certifications.clone(),
                    approvals: approvals.clone(),
                    availability: availability.clone(),
                    suspended: false,
                });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn change_officer(&mut self, change: &RosterChange) -> Result<(), WorldError> {
        let (RosterChange::CertificationGranted { badge, .. }
        | RosterChange::CertificationRevoked { badge, .. }
        | RosterChange::ApprovalGranted { badge, .. }
        | RosterChange::ApprovalWithdrawn { badge, .. }
        | RosterChange::Suspended { badge }
        | RosterChange::Reinstated { badge }
        | RosterChange::AvailabilityDeclared { badge, .. }) = change
        else {
            return Ok(());
        };
        let Some(&place) = self.by_badge.get(badge) else {
            return Err(unknown("officer", badge));
        };
        let officer = &mut self.officers[place];
        match change {
            RosterChange::CertificationGranted { certification, .. } => {
                replace(&mut officer.certifications, certification);
            }
            RosterChange::CertificationRevoked { certification, .. } => {
                officer
                    .certifications
                    .retain(|held| held.code != *certification);
            }
            RosterChange::ApprovalGranted { programme, .. } => {
                replace(&mut officer.approvals, programme);
            }
            RosterChange::ApprovalWithdrawn { programme, .. } => {
                officer.approvals.retain(|held| held.code != *programme);
            }
            RosterChange::Suspended { .. } => officer.suspended = true,
            RosterChange::Reinstated { .. } => officer.suspended = false,
            RosterChange::AvailabilityDeclared { availability, .. } => {
                officer.availability = availability.clone();
            }
            _ => {}
        }
        Ok(())
    }

    fn end_pact(&mut self, lead: &str, backup: &str) {
        self.pacts
            .retain(|pact| pact.lead != lead || pact.backup != backup);
    }

    fn agency(&self, code: &str) -> Result<&Agency, WorldError> {
        self.agencies
            .get(code)
            .ok_or_else(|| unknown("agency", code))
    }

    fn officer(&self, badge: &str) -> Option<&Officer> {
        self.by_badge.get(badge).map(|&place| &self.officers[place])
    }
}

#[derive(Debug, Clone)]
struct Agency {
    agreement: Option<String>,
}

#[derive(Debug, Clone)]
struct Programme {
    certifications: Vec<String>,
    classes: Vec<Class>,
    approval: bool,
}

#[derive(Debug, Clone)]
struct Site {
    zone: TimeZone,
}

#[derive(Debug, Clone)]
struct Pact {
    lead: String,
    backup: String,
    tier: u8,
    from_us: Option<i64>,
    until_us: Option<i64>,
    cover: Option<String>,
}

#[derive(Debug, Clone)]
struct Officer {
    badge: String,
    agency: String,
    class: Class,
    rank: Rank,
    certifications: Vec<Dated>,
    approvals: Vec<Dated>,
    availability: Availability,
    suspended: bool,
}

fn held_throughout(held: &[Dated], code: &str, at_us: i64, end_us: i64) -> bool {
    held.iter()
        .any(|one| one.code == code && spans(one.from_us, one.until_us, at_us, end_us))
}

fn spans(from_us: Option<i64>, until_us: Option<i64>, at_us: i64, end_us: i64) -> bool {
    from_us.is_none_or(|from_us| from_us <= at_us)
        && until_us.is_none_or(|until_us| end_us <= until_us)
}

/// A renewal replaces what was known: there is one span per code.
fn replace(held: &mut Vec<Dated>, granted: &Dated) {
    held.retain(|one| one.code != granted.code);
    held.push(granted.clone());
}

fn introduce<T>(
    kind: &'static str,
    known: &mut BTreeMap<String, T>,
    name: &str,
    what: T,
) -> Result<(), WorldError> {
    if known.contains_key(name) {
        return Err(taken(kind, name));
    }
    known.insert(name.to_owned(), what);
    Ok(())
}

fn unknown(kind: &'static str, name: &str) -> WorldError {
    WorldError::Unknown {
        kind,
        name: name.to_owned(),
    }
}

fn taken(kind: &'static str, name: &str) -> WorldError {
    WorldError::Taken {
        kind,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
