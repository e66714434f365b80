//! Everything known of agencies, officers, sites and pacts, found by number or by code.

use std::collections::{BTreeMap, BTreeSet};

use rkyv::with::Skip;
use rkyv::{Archive, Deserialize, Serialize};

use super::table::Dense;
use super::{
    Agency, AgencyId, Agreement, AgreementId, Certification, CertificationId, Code, Officer,
    OfficerId, Pact, Programme, ProgrammeId, Provisions, Site, SiteId, Table,
};
use crate::limits::{OFFICER_BLOCK, OFFICERS_MAX};

/// The roster of an installation.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Roster {
    /// Agencies.
    pub agencies: Table<AgencyId, Agency>,
    /// Agreements that can cover officers.
    pub agreements: Table<AgreementId, Agreement>,
    /// Kinds of certification.
    pub certifications: Table<CertificationId, Certification>,
    /// Programmes of work.
    pub programmes: Table<ProgrammeId, Programme>,
    /// Sites.
    pub sites: Table<SiteId, Site>,
    /// Officers.
    pub officers: Table<OfficerId, Officer>,
    /// Pacts of each lead agency, by back-up: at most one per pair.
    pub pacts: BTreeMap<AgencyId, BTreeMap<AgencyId, Pact>>,
    /// Officers that a site does not want.
    pub exclusions: BTreeSet<(SiteId, OfficerId)>,
    /// What agencies, customers and officers provide beyond this; sections of a snapshot.
    #[rkyv(with = Skip)]
    pub provisions: Provisions,
    codes: Codes,
    /// The last officer number given to each agency.
    last_officer: BTreeMap<AgencyId, OfficerId>,
    /// The first officer number not reserved by any agency's block.
    next_block: u32,
}

/// Numbers by code.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Codes {
    agencies: BTreeMap<Code, AgencyId>,
    agreements: BTreeMap<Code, AgreementId>,
    certifications: BTreeMap<Code, CertificationId>,
    programmes: BTreeMap<Code, ProgrammeId>,
    sites: BTreeMap<Code, SiteId>,
    officers: BTreeMap<Code, OfficerId>,
}

impl Roster {
    /// The agency of this code.
    pub fn agency(&self, code: &str) -> Option<AgencyId> {
        self.codes.agencies.get(code).copied()
    }

    /// The agreement of this code.
    pub fn agreement(&self, code: &str) -> Option<AgreementId> {
        self.codes.agreements.get(code).copied()
    }

    /// The certification of this code.
    pub fn certification(&self, code: &str) -> Option<CertificationId> {
        self.codes.certifications.get(code).copied()
    }

    /// The programme of this code.
    pub fn programme(&self, code: &str) -> Option<ProgrammeId> {
        self.codes.programmes.get(code).copied()
    }

    /// The site of this code.
    pub fn site(&self, code: &str) -> Option<SiteId> {
        self.codes.sites.get(code).copied()
    }

    /// The officer with this badge.
    pub fn officer(&self, badge: &str) -> Option<OfficerId> {
        self.codes.officers.get(badge).copied()
    }

    /// The pacts under which other agencies back `lead` up.
    pub fn pacts_of(&self, lead: AgencyId) -> impl Iterator<Item = &Pact> {
        self.pacts.get(&lead).into_iter().flat_map(BTreeMap::values)
    }

    /// The pact under which `backup` backs `lead` up.
    pub fn pact(&self, lead: AgencyId, backup: AgencyId) -> Option<&Pact> {
        self.pacts.get(&lead)?.get(&backup)
    }

    /// The number the next officer of `home` gets, when `added` officers of that agency were
    /// numbered and not yet recorded, out of `blocks` blocks newly reserved.
    ///
    /// Numbers run inside blocks of [`OFFICER_BLOCK`] per agency, so that an agency's officers
    /// are few runs of a bitmap.
    pub fn next_officer(&self, last: Option<OfficerId>, next_block: u32) -> (OfficerId, u32) {
        let block = OFFICER_BLOCK as u32;
        match last {
            Some(OfficerId(last)) if (last + 1) % block != 0 => (OfficerId(last + 1), next_block),
            Some(_) | None => (OfficerId(next_block), next_block + block),
        }
    }

    /// The last officer number given to `home`, and the first number no block has reserved.
    pub fn numbering(&self, home: AgencyId) -> (Option<OfficerId>, u32) {
        (self.last_officer.get(&home).copied(), self.next_block)
    }

    /// Whether every code names something and further officers can be numbered: always, unless it
    /// was read from bytes that were not written from a roster.
    pub(crate) fn is_sound(&self) -> bool {
        let counted = self.agencies.is_counted()
            && self.agreements.is_counted()
            && self.certifications.is_counted()
            && self.programmes.is_counted()
            && self.sites.is_counted()
            && self.officers.is_counted();
        let codes = &self.codes;
        let named = names_rows(&codes.agencies, &self.agencies)
            && names_rows(&codes.agreements, &self.agreements)
            && names_rows(&codes.certifications, &self.certifications)
            && names_rows(&codes.programmes, &self.programmes)
            && names_rows(&codes.sites, &self.sites)
            && names_rows(&codes.officers, &self.officers);
        let mut last = self.last_officer.values();
        let numbered = last.all(|id| self.officers.find(*id).is_some());
        // Blocks are reserved one by one, each for officers below the limit.
        let reserved = self.next_block as usize <= OFFICERS_MAX + OFFICER_BLOCK;
        counted && named && numbered && reserved
    }

    /// Records an agency.
    pub fn put_agency(&mut self, id: AgencyId, agency: Agency) {
        self.codes.agencies.insert(agency.code.clone(), id);
        self.agencies.put(id, agency);
    }

    /// Records an agreement.
    pub fn put_agreement(&mut self, id: AgreementId, agreement: Agreement) {
        self.codes.agreements.insert(agreement.code.clone(), id);
        self.agreements.put(id, agreement);
    }

    /// Records a kind of certification.
    pub fn put_certification(&mut self, id: CertificationId, certification: Certification) {
        self.codes
            .certifications
            .insert(certification.code.clone(), id);
        self.certifications.put(id, certification);
    }

    /// Records a programme.
    pub fn put_programme(&mut self, id: ProgrammeId, programme: Programme) {
        self.codes.programmes.insert(programme.code.clone(), id);
        self.programmes.put(id, programme);
    }

    /// Records a site.
    pub fn put_site(&mut self, id: SiteId, site: Site) {
        self.codes.sites.insert(site.code.clone(), id);
        self.sites.put(id, site);
    }

    /// Records an officer under a number from [`Roster::next_officer`].
    pub fn put_officer(&mut self, id: OfficerId, officer: Officer) {
        let block = OFFICER_BLOCK as u32;
        self.next_block = self.next_block.max((id.0 / block + 1) * block);
        self.last_officer.insert(officer.home, id);
        self.codes.officers.insert(officer.badge.clone(), id);
        self.officers.put(id, officer);
    }
}

fn names_rows<I: Dense, T>(codes: &BTreeMap<Code, I>, rows: &Table<I, T>) -> bool {
    codes.values().all(|id| rows.find(*id).is_some())
}
