//! The sections of what agencies, customers and officers provide.

use rkyv::api::high::{HighDeserializer, HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::{self, Source};
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Serialize};

use super::Unreadable;
use crate::core::state::Durable;
use crate::model::{
    AgencyId, LastTier, Lift, Limit, OfficerId, OfficerSet, Preferences, ProgrammeId, Timestamp,
    VacancyId,
};

pub(super) const LIMITS: u32 = 20;
const LIFTS: u32 = 21;
const PREFERENCES: u32 = 22;
const BINDING: u32 = 23;
const UNWANTED: u32 = 24;
const LAST_TIERS: u32 = 25;
const LAST_TIERS_APPROVED: u32 = 26;
const DEFERRED: u32 = 27;

/// The rows of each section, in order of their keys.
type Limits = Vec<(AgencyId, Vec<Limit>)>;
type Lifts = Vec<(OfficerId, Vec<Lift>)>;
type Preferred = Vec<(OfficerId, Preferences)>;
type Binding = Vec<AgencyId>;
type Unwanted = Vec<(AgencyId, Box<str>, OfficerId)>;
type LastTiers = Vec<(ProgrammeId, LastTier)>;
type Approved = Vec<VacancyId>;
type Deferred = Vec<((VacancyId, Timestamp), OfficerSet)>;

/// Adds the sections that are not empty.
pub(super) fn save(
    durable: &Durable,
    sections: &mut Vec<(u32, AlignedVec)>,
) -> Result<(), rancor::Error> {
    let provided = &durable.roster.provisions;
    let limits: Limits = rows(&provided.limits);
    put(sections, LIMITS, &limits)?;
    let lifts: Lifts = rows(&provided.lifts);
    put(sections, LIFTS, &lifts)?;
    let preferences: Preferred = rows(&provided.preferences);
    put(sections, PREFERENCES, &preferences)?;
    let binding: Binding = provided.binding.iter().copied().collect();
    put(sections, BINDING, &binding)?;
    let unwanted: Unwanted = provided.unwanted.iter().cloned().collect();
    put(sections, UNWANTED, &unwanted)?;
    let last_tiers: LastTiers = rows(&provided.last_tiers);
    put(sections, LAST_TIERS, &last_tiers)?;
    let vacancies = durable.vacancies.iter();
    let approved: Approved = vacancies
        .filter_map(|(id, row)| row.last_tier.then_some(id))
        .collect();
    put(sections, LAST_TIERS_APPROVED, &approved)?;
    let deferred: Deferred = rows(&durable.deferred);
    put(sections, DEFERRED, &deferred)
}

/// Writes what the section of this number says into `durable`.
pub(super) fn restore(
    durable: &mut Durable,
    number: u32,
    section: &[u8],
) -> Result<(), rancor::Error> {
    let provided = &mut durable.roster.provisions;
    match number {
        LIMITS => provided.limits.extend(read::<Limits>(section)?),
        LIFTS => provided.lifts.extend(read::<Lifts>(section)?),
        PREFERENCES => provided.preferences.extend(read::<Preferred>(section)?),
        BINDING => provided.binding.extend(read::<Binding>(section)?),
        UNWANTED => provided.unwanted.extend(read::<Unwanted>(section)?),
        LAST_TIERS => provided.last_tiers.extend(read::<LastTiers>(section)?),
        LAST_TIERS_APPROVED => {
            for id in read::<Approved>(section)? {
                let row = durable.vacancies.find_mut(id);
                row.ok_or_else(|| rancor::Error::new(Unreadable::Vacancy))?
                    .last_tier = true;
            }
        }
        DEFERRED => durable.deferred.extend(read::<Deferred>(section)?),
        number => return Err(rancor::Error::new(Unreadable::Unknown(number))),
    }
    Ok(())
}

pub(super) fn rows<K: Clone, V: Clone>(table: &std::collections::BTreeMap<K, V>) -> Vec<(K, V)> {
    let rows = table.iter();
    rows.map(|(key, row)| (key.clone(), row.clone())).collect()
}

pub(super) fn put<T>(
    sections: &mut Vec<(u32, AlignedVec)>,
    number: u32,
    rows: &Vec<T>,
) -> Result<(), rancor::Error>
where
    Vec<T>: for<'a> Serialize<HighSerializer<AlignedVec, ArenaHandle<'a>, rancor::Error>>,
{
    if !rows.is_empty() {
        sections.push((number, rkyv::to_bytes::<rancor::Error>(rows)?));
    }
    Ok(())
}

pub(super) fn read<T>(section: &[u8]) -> Result<T, rancor::Error>
where
    T: Archive,
    T::Archived: for<'a> CheckBytes<HighValidator<'a, rancor::Error>>
        + Deserialize<T, HighDeserializer<rancor::Error>>,
{
    rkyv::from_bytes::<T, rancor::Error>(section)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Beyond, Class, Interval, Measure, Posting, Quiet, Rank, Segment, SiteId, Vacancy,
        VacancyKey, Window,
    };

    const V: VacancyId = VacancyId(0);

    fn plain() -> Durable {
        let span = Interval {
            start: Timestamp(1),
            end: Timestamp(2),
        };
        let mut durable = Durable::default();
        let posting = Posting {
            key: VacancyKey(1),
            lead: AgencyId(0),
            programme: ProgrammeId(0),
            segments: vec![Segment {
                site: SiteId(0),
                span,
                local: Vec::new(),
            }],
            slots: vec![Rank::Officer],
            windows_ms: Vec::new(),
            post_orders: "".into(),
        };
        durable.vacancies.put(V, Vacancy::new(posting));
        durable
    }

    type Fill = fn(&mut Durable);

    /// One row in each table, in the order of the sections.
    const FILLS: [Fill; 8] = [
        |durable| {
            let limit = Limit {
                measure: Measure::Rest { least_minutes: 60 },
                beyond: Beyond::Warn,
                valid: Interval::ALWAYS,
            };
            let limits = &mut durable.roster.provisions.limits;
            limits.insert(AgencyId(1), vec![limit]);
        },
        |durable| {
            let lifts = &mut durable.roster.provisions.lifts;
            lifts.insert(OfficerId(1), vec![Lift::Vacancy(VacancyKey(1))]);
        },
        |durable| {
            let quiet = Quiet {
                zone: "America/Phoenix".into(),
                windows: vec![Window {
                    from_minute: 0,
                    until_minute: 360,
                }],
            };
            let preferences = Preferences {
                quiet: Some(quiet),
                ..Preferences::default()
            };
            let all = &mut durable.roster.provisions.preferences;
            all.insert(OfficerId(1), preferences);
        },
        |durable| durable.roster.provisions.binding.extend([AgencyId(1)]),
        |durable| {
            let unwanted = &mut durable.roster.provisions.unwanted;
            unwanted.insert((AgencyId(1), "Desert".into(), OfficerId(1)));
        },
        |durable| {
            let last = LastTier {
                classes: vec![Class::CommunityServiceOfficer],
                waived: Vec::new(),
            };
            let all = &mut durable.roster.provisions.last_tiers;
            all.insert(ProgrammeId(1), last);
        },
        |durable| durable.vacancies.find_mut(V).expect("put").last_tier = true,
        |durable| {
            let officers: OfficerSet = [OfficerId(1)].into_iter().collect();
            durable.deferred.insert((V, Timestamp(1)), officers);
        },
    ];

    #[test]
    fn every_table_has_a_section_of_its_own_and_comes_back_from_it() {
        let mut whole = plain();
        for (fill, number) in FILLS.into_iter().zip(LIMITS..) {
            let mut durable = plain();
            fill(&mut durable);
            fill(&mut whole);
            let mut sections = Vec::new();
            save(&durable, &mut sections).expect("memory");
            let numbers: Vec<u32> = sections.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, [number]);
            let mut restored = plain();
            assert_ne!(restored, durable);
            restore(&mut restored, number, &sections[0].1).expect("just saved");
            assert_eq!(restored, durable);
        }
        let bytes = super::super::save(&whole).expect("memory");
        assert_eq!(super::super::load(&bytes).expect("just saved"), whole);
    }

    #[test]
    fn a_number_that_is_reserved_and_not_used_is_refused() {
        let unused = DEFERRED + 1;
        let refused = restore(&mut plain(), unused, &[]).expect_err("nobody wrote it");
        assert!(refused.to_string().contains("later program"), "{refused}");
        let elsewhere = rkyv::to_bytes::<rancor::Error>(&vec![VacancyId(9)]).expect("memory");
        let refused = restore(&mut plain(), LAST_TIERS_APPROVED, &elsewhere);
        assert!(refused.is_err(), "there is no such vacancy");
    }
}
