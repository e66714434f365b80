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

fn rows<K: Clone, V: Clone>(table: &std::collections::BTreeMap<K, V>) -> Vec<(K, V)> {
    let rows = table.iter();
    rows.map(|(key, row)| (key.clone(), row.clone())).collect()
}

fn put<T>(
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

fn read<T>(section: &[u8]) -> Result<T, rancor::Error>
where
    T: Archive,
    T::Archived: for<'a> CheckBytes<HighValidator<'a, rancor::Error>>
        + Deserialize<T, HighDeserializer<rancor::Error>>,
{
    rkyv::from_bytes::<T, rancor::Error>(section)
}
