//! Changes to the roster: all of a command's changes, or none.
//!
//! A later change may name what an earlier one of the same command adds, so names are looked up
//! in what is being added first and in the roster second.

mod provisions;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use self::windows::{parse_availability, parse_date};
use super::super::command::{NewOfficer, NewSite, RosterChange};
use crate::core::event::Event;
use crate::core::refusal::{Invalid, Kind, Refusal};
use crate::core::state::State;
use crate::limits::{
    AGENCIES_MAX, CERTIFICATIONS_MAX, NAME_LEN_MAX, OFFICERS_MAX, PROGRAMMES_MAX,
    ROSTER_CHANGES_MAX, SITES_MAX,
};
use crate::model::{
    Agency, AgencyId, Agreement, AgreementId, Certification, CertificationId, Code, Held, Interval,
    Officer, OfficerId, Pact, Programme, ProgrammeId, Site, SiteId, Timestamp,
};
use crate::rules::{Candidate, eligibility};

/// What `changes` do, if every one of them can be done.
pub(super) fn change(
    state: &State,
    changes: &[RosterChange],
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if !(1..=ROSTER_CHANGES_MAX).contains(&changes.len()) {
        return Err(Refusal::Invalid(Invalid::Changes));
    }
    let mut draft = Draft::new(state, at);
    for change in changes {
        draft.change(change)?;
    }
    let mut events = draft.events;
    events.extend(flags(state, &draft.officers, at));
    Ok(events)
}

/// The assignments that can no longer stand on what `changed` officers hold: they are flagged
/// for the coordinator, and nothing is reopened by itself (rule 2).
fn flags(state: &State, changed: &BTreeMap<OfficerId, Officer>, at: Timestamp) -> Vec<Event> {
    let mut flags = Vec::new();
    for (&id, officer) in changed {
        let Some(calendar) = state.calendars().find(id) else {
            continue;
        };
        let ahead = calendar
            .bookings()
            .iter()
            .filter(|booking| booking.span.end > at);
        for vacancy in ahead
            .map(|booking| booking.vacancy)
            .collect::<BTreeSet<_>>()
        {
            let row = state
                .vacancy(vacancy)
                .expect("what is booked was published");
            let Some(ground) = state.ground(row, at) else {
                continue;
            };
            let breach = |officer| {
                eligibility::held_breach(
                    ground,
                    Candidate {
                        id,
                        officer,
                        calendar: None,
                    },
                )
            };
            let before = state.roster().officers.find(id).and_then(breach);
            if let Some(clause) = breach(officer).filter(|clause| Some(*clause) != before) {
                flags.push(Event::Flagged {
                    vacancy,
                    officer: id,
                    clause,
                });
            }
        }
    }
    flags
}

/// Events in the making, and what they add by name.
struct Draft<'a> {
    state: &'a State,
    at: Timestamp,
    events: Vec<Event>,
    agencies: BTreeMap<Code, AgencyId>,
    agreements: BTreeMap<Code, (AgreementId, AgencyId)>,
    certifications: BTreeMap<Code, CertificationId>,
    programmes: BTreeMap<Code, ProgrammeId>,
    sites: BTreeMap<Code, SiteId>,
    badges: BTreeMap<Code, OfficerId>,
    /// Officers as they stand after the changes so far.
    officers: BTreeMap<OfficerId, Officer>,
    /// Last officer number given per agency, where this command gave one.
    numbered: BTreeMap<AgencyId, OfficerId>,
    next_block: Option<u32>,
}

impl<'a> Draft<'a> {
    fn new(state: &'a State, at: Timestamp) -> Draft<'a> {
        Draft {
            state,
            at,
            events: Vec::new(),
            agencies: BTreeMap::new(),
            agreements: BTreeMap::new(),
            certifications: BTreeMap::new(),
            programmes: BTreeMap::new(),
            sites: BTreeMap::new(),
            badges: BTreeMap::new(),
            officers: BTreeMap::new(),
            numbered: BTreeMap::new(),
            next_block: None,
        }
    }

    fn change(&mut self, change: &RosterChange) -> Result<(), Refusal> {
        match change {
            RosterChange::Agency {
                code,
                name,
                agreement,
            } => self.agency(code, name, agreement.as_deref()),
            RosterChange::Certification { code, name } => self.certification(code, name),
            RosterChange::Programme {
                code,
                name,
                certifications,
                classes,
                approval,
            } => {
                let code = self.unused(Kind::Programme, code)?;
                let name = parse_name(name)?;
                let held = certifications
                    .iter()
                    .map(|kind| self.certification_id(kind));
                let certifications = held.collect::<Result<Vec<_>, _>>()?;
                let end = self.state.roster().programmes.end().index() + self.programmes.len();
                let id = ProgrammeId::from(bounded(Kind::Programme, end, PROGRAMMES_MAX)?);
                self.programmes.insert(code.clone(), id);
                let (classes, approval) = (classes.clone(), *approval);
                let programme = Programme {
                    code,
                    name,
                    certifications,
                    classes,
                    approval,
                };
                self.events.push(Event::ProgrammeDefined {
                    id,
                    programme: Box::new(programme),
                });
                Ok(())
            }
            RosterChange::Site(site) => self.site(site),
            RosterChange::Officer(officer) => self.officer(officer),
            RosterChange::Pact {
                lead,
                backup,
                tier,
                valid,
                cover,
            } => self.pact((lead, backup), *tier, *valid, cover.as_deref()),
            RosterChange::PactEnded { lead, backup } => {
                let (lead_id, backup_id) = (self.agency_id(lead)?, self.agency_id(backup)?);
                if self.state.roster().pact(lead_id, backup_id).is_none() {
                    let code = format!("{lead}/{backup}");
                    return Err(Refusal::Unknown {
                        kind: Kind::Pact,
                        code: code.into(),
                    });
                }
                self.events.push(Event::PactEnded {
                    lead: lead_id,
                    backup: backup_id,
                });
                Ok(())
            }
            RosterChange::Excluded { site, badge } => {
                let (site, officer) = (self.site_id(site)?, self.officer_id(badge)?);
                self.events.push(Event::Excluded { site, officer });
                Ok(())
            }
            RosterChange::Readmitted { site, badge } => {
                let (site, officer) = (self.site_id(site)?, self.officer_id(badge)?);
                self.events.push(Event::Readmitted { site, officer });
                Ok(())
            }
            RosterChange::Provided(provided) => self.provide(provided),
            change => self.change_officer(change),
        }
    }

    fn agency(&mut self, code: &str, name: &str, agreement: Option<&str>) -> Result<(), Refusal> {
        let code = self.unused(Kind::Agency, code)?;
        let name = parse_name(name)?;
        let end = self.state.roster().agencies.end().index() + self.agencies.len();
        let id = AgencyId::from(bounded(Kind::Agency, end, AGENCIES_MAX)?);
        self.agencies.insert(code.clone(), id);
        let agreement = match agreement {
            Some(agreement) => {
                let signed = self.unused(Kind::Agreement, agreement)?;
                let end = self.state.roster().agreements.end().index() + self.agreements.len();
                let number = AgreementId::from(bounded(Kind::Agreement, end, AGENCIES_MAX)?);
                self.agreements.insert(signed.clone(), (number, id));
                let agreement = Agreement {
                    code: signed,
                    holder: id,
                };
                self.events.push(Event::AgreementSigned {
                    id: number,
                    agreement,
                });
                Some(number)
            }
            None => None,
        };
        self.events.push(Event::AgencyAdded {
            id,
            agency: Agency {
                code,
                name,
                agreement,
            },
        });
        Ok(())
    }

    fn certification(&mut self, code: &str, name: &str) -> Result<(), Refusal> {
        let code = self.unused(Kind::Certification, code)?;
        let name = parse_name(name)?;
        let end = self.state.roster().certifications.end().index() + self.certifications.len();
        let id = CertificationId::from(bounded(Kind::Certification, end, CERTIFICATIONS_MAX)?);
        self.certifications.insert(code.clone(), id);
        let certification = Certification { code, name };
        self.events
            .push(Event::CertificationNamed { id, certification });
        Ok(())
    }

    fn site(&mut self, new: &NewSite) -> Result<(), Refusal> {
        let code = self.unused(Kind::Site, &new.code)?;
        let lead = self.agency_id(&new.lead)?;
        if jiff::tz::TimeZoneDatabase::bundled()
            .get(&new.zone)
            .is_err()
        {
            return Err(Refusal::Invalid(Invalid::Zone(new.zone.as_str().into())));
        }
        let position = new.position;
        if !position.is_on_the_map() {
            return Err(Refusal::Invalid(Invalid::Position));
        }
        let end = self.state.roster().sites.end().index() + self.sites.len();
        let id = SiteId::from(bounded(Kind::Site, end, SITES_MAX)?);
        let site = Site {
            code: code.clone(),
            name: parse_name(&new.name)?,
            lead,
            zone: new.zone.as_str().into(),
            position,
            geofence_m: new.geofence_m,
            district: parse_name(&new.district)?,
            kind: new.kind,
            ade_funded: new.ade_funded,
        };
        self.sites.insert(code, id);
        self.events.push(Event::SiteAdded {
            id,
            site: Box::new(site),
        });
        Ok(())
    }

    fn officer(&mut self, new: &NewOfficer) -> Result<(), Refusal> {
        let badge = self.unused(Kind::Officer, &new.badge)?;
        let home = self.agency_id(&new.home)?;
        let mut certifications = Held::default();
        for (code, valid) in &new.certifications {
            certifications.insert(self.certification_id(code)?, parse_validity(*valid)?);
        }
        let mut approvals = Held::default();
        for (code, valid) in &new.approvals {
            approvals.insert(self.programme_id(code)?, parse_validity(*valid)?);
        }
        let roster = self.state.roster();
        let (last, first_free) = roster.numbering(home);
        let last = self.numbered.get(&home).copied().or(last);
        let (id, next_block) = roster.next_officer(last, self.next_block.unwrap_or(first_free));
        bounded(Kind::Officer, id.index(), OFFICERS_MAX)?;
        let officer = Officer {
            badge: badge.clone(),
            home,
            class: new.class,
            rank: new.rank,
            certifications,
            approvals,
            suspended: false,
            availability: parse_availability(&new.availability)?,
        };
        self.next_block = Some(next_block);
        self.numbered.insert(home, id);
        self.badges.insert(badge, id);
        self.officers.insert(id, officer.clone());
        self.events.push(Event::OfficerAdded {
            id,
            officer: Box::new(officer),
        });
        Ok(())
    }

    fn pact(
        &mut self,
        (lead, backup): (&str, &str),
        tier: u8,
        valid: Interval,
        cover: Option<&str>,
    ) -> Result<(), Refusal> {
        let (lead, backup) = (self.agency_id(lead)?, self.agency_id(backup)?);
        if lead == backup || tier == 0 {
            return Err(Refusal::Invalid(Invalid::Pact));
        }
        let valid = parse_validity(valid)?;
        let cover = match cover {
            Some(code) => {
                let (agreement, holder) = self.agreement(code)?;
                if holder != lead && holder != backup {
                    return Err(Refusal::Invalid(Invalid::Cover(code.into())));
                }
                Some(agreement)
            }
            None => None,
        };
        let pact = Pact {
            lead,
            backup,
            tier,
            valid,
            cover,
        };
        self.events.push(Event::PactMade { pact });
        Ok(())
    }

    /// Changes to one officer's own record.
    fn change_officer(&mut self, change: &RosterChange) -> Result<(), Refusal> {
        let (badge, event) = match change {
            RosterChange::CertificationGranted {
                badge,
                certification,
                valid,
            } => {
                let certification = self.certification_id(certification)?;
                let (officer, valid) = (self.officer_id(badge)?, parse_validity(*valid)?);
                (
                    badge,
                    Event::CertificationGranted {
                        officer,
                        certification,
                        valid,
                    },
                )
            }
            RosterChange::CertificationRevoked {
                badge,
                certification,
            } => {
                let certification = self.certification_id(certification)?;
                let officer = self.officer_id(badge)?;
                (
                    badge,
                    Event::CertificationRevoked {
                        officer,
                        certification,
                    },
                )
            }
            RosterChange::ApprovalGranted {
                badge,
                programme,
                valid,
            } => {
                let programme = self.programme_id(programme)?;
                let (officer, valid) = (self.officer_id(badge)?, parse_validity(*valid)?);
                (
                    badge,
                    Event::ApprovalGranted {
                        officer,
                        programme,
                        valid,
                    },
                )
            }
            RosterChange::ApprovalWithdrawn { badge, programme } => {
                let programme = self.programme_id(programme)?;
                let officer = self.officer_id(badge)?;
                (badge, Event::ApprovalWithdrawn { officer, programme })
            }
            RosterChange::Suspended { badge } => (
                badge,
                Event::Suspended {
                    officer: self.officer_id(badge)?,
                },
            ),
            RosterChange::Reinstated { badge } => (
                badge,
                Event::Reinstated {
                    officer: self.officer_id(badge)?,
                },
            ),
            RosterChange::AvailabilityDeclared {
                badge,
                availability,
            } => {
                let availability = Box::new(parse_availability(availability)?);
                let officer = self.officer_id(badge)?;
                (
                    badge,
                    Event::AvailabilityDeclared {
                        officer,
                        availability,
                    },
                )
            }
            RosterChange::SenioritySet { badge, since } => {
                let (officer, since) = (self.officer_id(badge)?, parse_date(*since)?);
                (badge, Event::SenioritySet { officer, since })
            }
            other => unreachable!("every other change was handled before: {other:?}"),
        };
        let id = self.officer_id(badge)?;
        let current = || self.state.roster().officers.find(id).cloned();
        let mut officer = self
            .officers
            .remove(&id)
            .or_else(current)
            .expect("it has a number");
        match &event {
            Event::CertificationGranted {
                certification,
                valid,
                ..
            } => {
                officer.certifications.insert(*certification, *valid);
            }
            Event::CertificationRevoked { certification, .. } => {
                officer.certifications.remove(certification);
            }
            Event::ApprovalGranted {
                programme, valid, ..
            } => {
                officer.approvals.insert(*programme, *valid);
            }
            Event::ApprovalWithdrawn { programme, .. } => {
                officer.approvals.remove(programme);
            }
            Event::Suspended { .. } => officer.suspended = true,
            Event::Reinstated { .. } => officer.suspended = false,
            _ => {}
        }
        self.officers.insert(id, officer);
        self.events.push(event);
        Ok(())
    }

    /// `code` as a code that nothing of this kind has yet.
    fn unused(&self, kind: Kind, code: &str) -> Result<Code, Refusal> {
        let parsed = Code::parse(code);
        let parsed = parsed.map_err(|_| Refusal::Invalid(Invalid::Code(code.into())))?;
        let taken = match kind {
            Kind::Agency => self.agency_id(code).is_ok(),
            Kind::Agreement => self.agreement(code).is_ok(),
            Kind::Certification => self.certification_id(code).is_ok(),
            Kind::Programme => self.programme_id(code).is_ok(),
            Kind::Site => self.site_id(code).is_ok(),
            Kind::Officer => self.officer_id(code).is_ok(),
            _ => false,
        };
        if taken {
            return Err(Refusal::AlreadyExists {
                kind,
                code: code.into(),
            });
        }
        Ok(parsed)
    }

    fn agency_id(&self, code: &str) -> Result<AgencyId, Refusal> {
        let added = self.agencies.get(code).copied();
        added
            .or_else(|| self.state.roster().agency(code))
            .ok_or_else(|| unknown(Kind::Agency, code))
    }

    fn agreement(&self, code: &str) -> Result<(AgreementId, AgencyId), Refusal> {
        let roster = self.state.roster();
        let recorded = || {
            let id = roster.agreement(code)?;
            Some((id, roster.agreements.find(id)?.holder))
        };
        let added = self.agreements.get(code).copied();
        added
            .or_else(recorded)
            .ok_or_else(|| unknown(Kind::Agreement, code))
    }

    fn certification_id(&self, code: &str) -> Result<CertificationId, Refusal> {
        let added = self.certifications.get(code).copied();
        let found = added.or_else(|| self.state.roster().certification(code));
        found.ok_or_else(|| unknown(Kind::Certification, code))
    }

    fn programme_id(&self, code: &str) -> Result<ProgrammeId, Refusal> {
        let added = self.programmes.get(code).copied();
        let found = added.or_else(|| self.state.roster().programme(code));
        found.ok_or_else(|| unknown(Kind::Programme, code))
    }

    fn site_id(&self, code: &str) -> Result<SiteId, Refusal> {
        let added = self.sites.get(code).copied();
        added
            .or_else(|| self.state.roster().site(code))
            .ok_or_else(|| unknown(Kind::Site, code))
    }

    fn officer_id(&self, badge: &str) -> Result<OfficerId, Refusal> {
        let added = self.badges.get(badge).copied();
        let found = added.or_else(|| self.state.roster().officer(badge));
        found.ok_or_else(|| unknown(Kind::Officer, badge))
    }
}

fn unknown(kind: Kind, code: &str) -> Refusal {
    Refusal::Unknown {
        kind,
        code: code.into(),
    }
}

fn bounded(kind: Kind, next: usize, max: usize) -> Result<usize, Refusal> {
    let limit = max as u64;
    if next < max {
        Ok(next)
    } else {
        Err(Refusal::LimitReached { kind, limit })
    }
}

fn parse_name(name: &str) -> Result<Box<str>, Refusal> {
    let fits = (1..=NAME_LEN_MAX).contains(&name.len());
    fits.then(|| name.into())
        .ok_or(Refusal::Invalid(Invalid::Name))
}

fn parse_validity(valid: Interval) -> Result<Interval, Refusal> {
    Interval::new(valid.start, valid.end).ok_or(Refusal::Invalid(Invalid::Validity))
}
