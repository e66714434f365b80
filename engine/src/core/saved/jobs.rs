//! The sections of jobs and of what agencies say about them, and of staffing ladders.

use rkyv::rancor;
use rkyv::util::AlignedVec;

use super::Unreadable;
use super::provisions::{put, read, rows};
use crate::core::state::Durable;
use crate::model::{AgencyId, Code, Job, JobRules, Ladder};

pub(super) const RULES: u32 = 70;
const LADDERS: u32 = 71;
const JOBS: u32 = 72;

/// The rows of each section, in order of their keys.
type Rules = Vec<(AgencyId, JobRules)>;
type Ladders = Vec<(AgencyId, Vec<Ladder>)>;
type Jobs = Vec<(Code, Job)>;

/// Adds the sections that are not empty.
pub(super) fn save(
    durable: &Durable,
    sections: &mut Vec<(u32, AlignedVec)>,
) -> Result<(), rancor::Error> {
    let provided = &durable.roster.provisions;
    let rules: Rules = rows(&provided.job_rules);
    put(sections, RULES, &rules)?;
    let ladders: Ladders = rows(&provided.ladders);
    put(sections, LADDERS, &ladders)?;
    let jobs: Jobs = rows(&durable.jobs);
    put(sections, JOBS, &jobs)
}

/// Writes what the section of this number says into `durable`.
pub(super) fn restore(
    durable: &mut Durable,
    number: u32,
    section: &[u8],
) -> Result<(), rancor::Error> {
    let provided = &mut durable.roster.provisions;
    match number {
        RULES => provided.job_rules.extend(read::<Rules>(section)?),
        LADDERS => provided.ladders.extend(read::<Ladders>(section)?),
        JOBS => durable.jobs.extend(read::<Jobs>(section)?),
        number => return Err(rancor::Source::new(Unreadable::Unknown(number))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Brief, Interval, ProgrammeId, Required};

    type Fill = fn(&mut Durable);

    /// One row in each table, in the order of the sections.
    const FILLS: [Fill; 3] = [
        |durable| {
            let rules = JobRules {
                required: Required::Everything,
                ..JobRules::default()
            };
            let all = &mut durable.roster.provisions.job_rules;
            all.insert(AgencyId(1), rules);
        },
        |durable| {
            let ladder = Ladder {
                steps: Vec::new(),
                higher_fills: true,
                valid: Interval::ALWAYS,
            };
            let all = &mut durable.roster.provisions.ladders;
            all.insert(AgencyId(1), vec![ladder]);
        },
        |durable| {
            let brief = Brief {
                lead: AgencyId(0),
                programme: ProgrammeId(0),
                customer: "Invented".into(),
                what: "Invented".into(),
                attributes: Vec::new(),
                officers: 1,
            };
            let code = Code::parse("J-1").expect("a code");
            durable.jobs.insert(code, Job::new(brief, 1));
        },
    ];

    #[test]
    fn every_table_has_a_section_of_its_own_and_comes_back_from_it() {
        let mut whole = Durable::default();
        for (fill, number) in FILLS.into_iter().zip(RULES..) {
            let mut durable = Durable::default();
            fill(&mut durable);
            fill(&mut whole);
            let mut sections = Vec::new();
            save(&durable, &mut sections).expect("memory");
            let numbers: Vec<u32> = sections.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, [number]);
            let mut restored = Durable::default();
            assert_ne!(restored, durable);
            restore(&mut restored, number, &sections[0].1).expect("just saved");
            assert_eq!(restored, durable);
        }
        let bytes = super::super::save(&whole).expect("memory");
        assert_eq!(super::super::load(&bytes).expect("just saved"), whole);
        let refused = restore(&mut whole, JOBS + 1, &[]).expect_err("nobody wrote it");
        assert!(refused.to_string().contains("later program"), "{refused}");
    }
}
