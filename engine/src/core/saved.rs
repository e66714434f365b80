//! A state as bytes, for a snapshot: sections, each under a number of its own.
//!
//! The first section is what the first version saved, and a state that has nothing else is saved
//! as it was then. What came later has sections of its own, so that a snapshot of any age can be
//! read. A section that is empty is left out; one whose number is not known was written by a later
//! program, and the snapshot is refused.

mod first;
mod jobs;
mod later;
mod provisions;

use rkyv::rancor::{self, Source};
use rkyv::util::AlignedVec;

use super::grants;
use super::state::Durable;
use crate::model::{Awarding, Bearer, Date, Denial, Grant, OfficerId, Terms, VacancyId};

/// What stands before sections. No bare first section begins so: it begins with a name or a code,
/// and neither contains a zero.
const BEGIN: [u8; 16] = *b"muster sections\0";

/// Numbers of sections. A number is never used for anything else again.
const FIRST: u32 = 0;
const TERMS: u32 = 1;
/// These and the nine behind it are what agencies, customers and officers provide.
const PROVISIONS: u32 = provisions::LIMITS;
const PROVISIONS_LAST: u32 = 29;
const AWARDING: u32 = 30;
const SENIORITY: u32 = 31;
/// These and the nine behind it are jobs and ladders.
const STAFFING: u32 = jobs::RULES;
const STAFFING_LAST: u32 = 79;
const GRANTS: u32 = 40;
const JOURNALS: u32 = 50;
const ATTENDANCE: u32 = 51;
/// These and the nine behind it are who hears of work later.
const LATER: u32 = later::WIDENED;
const LATER_LAST: u32 = 89;
const DENIALS: u32 = 90;

/// A snapshot that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Unreadable {
    #[error("section {0} of the state is not known here: it was saved by a later program")]
    Unknown(u32),
    #[error("the sections of the state do not add up to it")]
    Sections,
    #[error("a section names a vacancy that the state does not have")]
    Vacancy,
    #[error("a section names an officer that the state does not have")]
    Officer,
}

/// The bytes of `durable`.
pub(super) fn save(durable: &Durable) -> Result<Vec<u8>, rancor::Error> {
    let more = later(durable)?;
    let first = first::save(durable)?;
    if more.is_empty() {
        return Ok(first.into_vec());
    }
    let mut bytes = BEGIN.to_vec();
    put(&mut bytes, FIRST, &first);
    for (number, section) in more {
        put(&mut bytes, number, &section);
    }
    Ok(bytes)
}

/// What `bytes` say, which is not yet known to make sense.
pub(super) fn load(bytes: &[u8]) -> Result<Durable, rancor::Error> {
    let Some(sections) = bytes.strip_prefix(&BEGIN) else {
        return rkyv::from_bytes::<Durable, rancor::Error>(bytes);
    };
    let mut sections = Sections { rest: sections };
    let first = sections.next().ok_or(Unreadable::Sections);
    let (FIRST, first) = first.map_err(rancor::Error::new)? else {
        return Err(rancor::Error::new(Unreadable::Sections));
    };
    let mut durable = rkyv::from_bytes::<Durable, rancor::Error>(first)?;
    for (number, section) in sections.by_ref() {
        restore(&mut durable, number, section)?;
    }
    if !sections.rest.is_empty() {
        return Err(rancor::Error::new(Unreadable::Sections));
    }
    // What is taken of grants is told by everything else.
    grants::charge_all(&mut durable);
    Ok(durable)
}

/// The sections behind the first that are not empty.
fn later(durable: &Durable) -> Result<Vec<(u32, AlignedVec)>, rancor::Error> {
    let mut sections = Vec::new();
    let rows = durable.vacancies.iter();
    let terms: Vec<(VacancyId, Terms)> = rows
        .filter(|(_, row)| !row.terms.is_empty())
        .map(|(id, row)| (id, row.terms.clone()))
        .collect();
    if !terms.is_empty() {
        sections.push((TERMS, rkyv::to_bytes::<rancor::Error>(&terms)?));
    }
    provisions::save(durable, &mut sections)?;
    let grants = durable.grants.iter();
    let grants: Vec<(Box<str>, Grant)> = grants.map(|(of, fund)| (of.into(), fund.grant)).collect();
    if !grants.is_empty() {
        sections.push((GRANTS, rkyv::to_bytes::<rancor::Error>(&grants)?));
    }
    if !durable.journals.is_empty() {
        let journals = rkyv::to_bytes::<rancor::Error>(&durable.journals)?;
        sections.push((JOURNALS, journals));
    }
    if !durable.attendance.is_empty() {
        let attendance = rkyv::to_bytes::<rancor::Error>(&durable.attendance)?;
        sections.push((ATTENDANCE, attendance));
    }
    let rows = durable.vacancies.iter();
    let awarding: Vec<(VacancyId, Awarding)> = rows
        .filter_map(|(id, row)| Some((id, Awarding::clone(row.awarding.as_ref()?))))
        .collect();
    if !awarding.is_empty() {
        sections.push((AWARDING, rkyv::to_bytes::<rancor::Error>(&awarding)?));
    }
    let seniority: Vec<(OfficerId, Date)> = durable
        .seniority
        .iter()
        .map(|(id, since)| (id, *since))
        .collect();
    if !seniority.is_empty() {
        sections.push((SENIORITY, rkyv::to_bytes::<rancor::Error>(&seniority)?));
    }
    later::save(durable, &mut sections)?;
    jobs::save(durable, &mut sections)?;
    provisions::put(&mut sections, DENIALS, &provisions::rows(&durable.denials))?;
    Ok(sections)
}

fn restore(durable: &mut Durable, number: u32, section: &[u8]) -> Result<(), rancor::Error> {
    match number {
        TERMS => {
            let saved = rkyv::from_bytes::<Vec<(VacancyId, Terms)>, rancor::Error>(section)?;
            for (id, terms) in saved {
                let row = durable.vacancies.find_mut(id);
                row.ok_or_else(|| rancor::Error::new(Unreadable::Vacancy))?
                    .terms = terms;
            }
            Ok(())
        }
        number @ PROVISIONS..=PROVISIONS_LAST => provisions::restore(durable, number, section),
        number @ STAFFING..=STAFFING_LAST => jobs::restore(durable, number, section),
        GRANTS => {
            let saved = rkyv::from_bytes::<Vec<(Box<str>, Grant)>, rancor::Error>(section)?;
            for (district, grant) in saved {
                durable.grants.restore(district, grant);
            }
            Ok(())
        }
        JOURNALS => {
            durable.journals = rkyv::from_bytes::<_, rancor::Error>(section)?;
            Ok(())
        }
        ATTENDANCE => {
            durable.attendance = rkyv::from_bytes::<_, rancor::Error>(section)?;
            Ok(())
        }
        AWARDING => {
            let saved = rkyv::from_bytes::<Vec<(VacancyId, Awarding)>, rancor::Error>(section)?;
            for (id, awarding) in saved {
                let row = durable.vacancies.find_mut(id);
                row.ok_or_else(|| rancor::Error::new(Unreadable::Vacancy))?
                    .awarding = Some(Box::new(awarding));
            }
            Ok(())
        }
        SENIORITY => {
            let saved = rkyv::from_bytes::<Vec<(OfficerId, Date)>, rancor::Error>(section)?;
            for (id, since) in saved {
                if durable.roster.officers.find(id).is_none() {
                    return Err(rancor::Error::new(Unreadable::Officer));
                }
                durable.seniority.put(id, since);
            }
            Ok(())
        }
        DENIALS => {
            let saved: Vec<(Bearer, Denial)> = provisions::read(section)?;
            durable.denials.extend(saved);
            Ok(())
        }
        number @ LATER..=LATER_LAST => later::restore(durable, number, section),
        number => Err(rancor::Error::new(Unreadable::Unknown(number))),
    }
}

fn put(bytes: &mut Vec<u8>, number: u32, section: &[u8]) {
    bytes.extend(number.to_le_bytes());
    bytes.extend((section.len() as u64).to_le_bytes());
    bytes.extend(section);
}

/// The sections in some bytes; stops where there is no further whole one.
struct Sections<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Sections<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<(u32, &'a [u8])> {
        let (number, rest) = self.rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (section, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((u32::from_le_bytes(*number), section))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AgencyId, Attendance, DenialReason, Interval, Journal, Posting, ProgrammeId, Rank, Segment,
        SiteId, Term, Timestamp, Vacancy, VacancyKey,
    };

    const PLAIN: VacancyId = VacancyId(0);
    const ON_TERMS: VacancyId = VacancyId(1);

    fn plain() -> Durable {
        let span = Interval {
            start: Timestamp(1),
            end: Timestamp(2),
        };
        let vacancy = |key| {
            Vacancy::new(Posting {
                key: VacancyKey(key),
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
            })
        };
        let mut durable = Durable::default();
        durable.vacancies.put(PLAIN, vacancy(1));
        durable.vacancies.put(ON_TERMS, vacancy(2));
        durable
    }

    fn on_terms() -> Durable {
        let mut durable = plain();
        let buffer = Term::Buffer {
            before_ms: 1,
            after_ms: 2,
        };
        let terms = Terms::new(vec![buffer]).expect("one of a kind");
        durable.vacancies.find_mut(ON_TERMS).expect("put").terms = terms;
        durable
    }

    #[test]
    fn what_the_first_version_knew_is_saved_as_it_was_then() {
        let bytes = save(&plain()).expect("memory");
        let first = rkyv::to_bytes::<rancor::Error>(&plain()).expect("memory");
        assert_eq!(bytes, first.into_vec());
        assert_eq!(load(&bytes).expect("just saved"), plain());
    }

    #[test]
    fn what_came_later_is_saved_beside_it() {
        let saved = save(&on_terms()).expect("memory");
        assert_eq!(load(&saved).expect("just saved"), on_terms());
        assert_ne!(on_terms(), plain());
    }

    #[test]
    fn what_follows_an_award_and_who_is_denied_is_saved_beside_it() {
        let journal = Journal {
            notes: Vec::new(),
            messages: Vec::new(),
            shelved_at: Timestamp(3),
        };
        let amended = Attendance {
            orders_amended: 1,
            ..Attendance::default()
        };
        let mut written = plain();
        written.journals.insert(PLAIN, journal);
        let mut attended = plain();
        attended.attendance.insert(PLAIN, amended);
        let denial = Denial {
            reason: DenialReason::Left,
            since: Timestamp(3),
            until: None,
        };
        let mut denied = plain();
        denied.denials.insert(Bearer::Officer(OfficerId(1)), denial);
        for durable in [written, attended, denied] {
            let saved = save(&durable).expect("memory");
            assert_eq!(load(&saved).expect("just saved"), durable);
            assert_ne!(durable, plain());
        }
    }

    #[test]
    fn sections_that_are_cut_short_or_not_known_are_refused() {
        let saved = save(&on_terms()).expect("memory");
        let whole = (BEGIN.len()..saved.len()).filter(|length| load(&saved[..*length]).is_ok());
        // The checksum of the snapshot finds a section that is missing altogether.
        let first = rkyv::to_bytes::<rancor::Error>(&plain()).expect("memory");
        assert_eq!(
            whole.collect::<Vec<_>>(),
            [BEGIN.len() + 4 + 8 + first.len()]
        );
        let mut later = saved.clone();
        put(&mut later, u32::MAX, &[1]);
        let refused = load(&later).expect_err("nobody knows it");
        assert!(refused.to_string().contains("later program"), "{refused}");
        let mut elsewhere = save(&plain()).expect("memory");
        let terms = vec![(VacancyId(9), Terms::default())];
        let terms = rkyv::to_bytes::<rancor::Error>(&terms).expect("memory");
        let first = std::mem::replace(&mut elsewhere, BEGIN.to_vec());
        put(&mut elsewhere, FIRST, &first);
        put(&mut elsewhere, TERMS, &terms);
        let refused = load(&elsewhere).expect_err("there is no such vacancy");
        assert!(refused.to_string().contains("vacancy"), "{refused}");
    }
}
