//! A name for everything that a plan has decided, so that two runs can be seen to offer the same.

use std::fmt::Write;

use super::{Incident, Plan};
use crate::seed::Fingerprint;

impl Plan {
    /// Names what is offered: the same for two runs with one seed, whenever they run, and
    /// another one if anything in it differs. Keys and dates belong to the run and do not count.
    /// A part has the name of the whole.
    pub fn digest(&self) -> String {
        if let Some(part) = &self.part {
            return part.schedule.clone();
        }
        let mut print = Fingerprint::default();
        let starts = self.publications.iter();
        let starts = starts.filter_map(|one| one.vacancy.segments.first());
        let monday_us = starts.map(|segment| segment.start_us).min().unwrap_or(0);
        // Writing to a fingerprint cannot fail.
        let _infallible = self.write_digest(monday_us, &mut print);
        format!("{:016x}", print.value())
    }

    fn write_digest(&self, monday_us: i64, print: &mut Fingerprint) -> std::fmt::Result {
        write!(print, "{} {:?} {:?}", self.seed, self.spans, self.backoff)?;
        for change in &self.changes {
            write!(print, "{change:?}")?;
        }
        for officer in &self.officers {
            write!(print, "{officer:?}")?;
        }
        for planned in &self.publications {
            let vacancy = &planned.vacancy;
            write!(
                print,
                "{:?} {} {} {} {:?} {:?}",
                planned.at,
                planned.appeal_permille,
                vacancy.lead,
                vacancy.programme,
                vacancy.slots,
                vacancy.windows_ms
            )?;
            for segment in &vacancy.segments {
                let (from_us, until_us) =
                    (segment.start_us - monday_us, segment.end_us - monday_us);
                write!(print, "{} {from_us} {until_us}", segment.site)?;
            }
        }
        for planned in &self.incidents {
            write!(print, "{:?}", planned.at)?;
            let incident: &Incident = &planned.incident;
            write!(print, "{incident:?}")?;
        }
        Ok(())
    }
}
