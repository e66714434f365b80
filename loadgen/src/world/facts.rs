//! What judging a vacancy needs many times, worked out once.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::{NewVacancy, Rank, VacancyKey};

use super::WorldError;

/// A vacancy as the ledger sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its name outside the engine.
    pub key: VacancyKey,
    /// The responsible agency.
    pub lead: String,
    /// The programme.
    pub programme: String,
    /// Required rank of each slot.
    pub slots: Vec<Rank>,
    /// Where and when, in order of time.
    pub segments: Vec<Stretch>,
    /// When the work ends for good, microseconds since the epoch.
    pub end_us: i64,
}

/// One segment, in universal time and in the local time of its site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Code of the site.
    pub site: String,
    /// First instant, microseconds since the epoch.
    pub start_us: i64,
    /// First instant after, microseconds since the epoch.
    pub end_us: i64,
    /// What the site's wall clock shows at the start, as microseconds since 1970-01-01T00:00
    /// on that same clock.
    pub local_start_us: i64,
    /// What the site's wall clock shows at the end, counted likewise.
    pub local_end_us: i64,
}

impl Facts {
    /// Reads a vacancy, given the zone of each site by its code.
    ///
    /// # Errors
    /// A site whose zone is not known, or a vacancy that is not workable.
    pub fn new(
        vacancy: &NewVacancy,
        zone: impl Fn(&str) -> Option<TimeZone>,
    ) -> Result<Facts, WorldError> {
        let unworkable = || WorldError::Unworkable {
            vacancy: vacancy.key.to_string(),
        };
        let mut segments = Vec::with_capacity(vacancy.segments.len());
        let mut free_from_us = i64::MIN;
        for segment in &vacancy.segments {
            let Some(zone) = zone(&segment.site) else {
                return Err(WorldError::Unknown {
                    kind: "site",
                    name: segment.site.clone(),
                });
            };
            if segment.start_us < free_from_us || segment.end_us <= segment.start_us {
                return Err(unworkable());
            }
            free_from_us = segment.end_us;
            let local = |at_us| local_us(at_us, &zone).ok_or_else(unworkable);
            segments.push(Stretch {
                site: segment.site.clone(),
                start_us: segment.start_us,
                end_us: segment.end_us,
                local_start_us: local(segment.start_us)?,
                local_end_us: local(segment.end_us)?,
            });
        }
        if segments.is_empty() || vacancy.slots.is_empty() {
            return Err(unworkable());
        }
        Ok(Facts {
            key: vacancy.key,
            lead: vacancy.lead.clone(),
            programme: vacancy.programme.clone(),
            slots: vacancy.slots.clone(),
            segments,
            end_us: free_from_us,
        })
    }

    /// When the work starts, microseconds since the epoch.
    pub fn start_us(&self) -> i64 {
        self.segments
            .first()
            .map_or(self.end_us, |first| first.start_us)
    }

    /// Whether somebody who works both would have to be in two places at once.
    pub fn overlaps(&self, other: &Facts) -> bool {
        self.segments.iter().any(|ours| {
            other
                .segments
                .iter()
                .any(|theirs| ours.start_us < theirs.end_us && theirs.start_us < ours.end_us)
        })
    }
}

fn local_us(at_us: i64, zone: &TimeZone) -> Option<i64> {
    let at = Timestamp::from_microsecond(at_us).ok()?;
    // The wall clock's reading is read back as if it were universal time: a plain number line
    // on which days are exactly 24 hours long.
    let reading = zone.to_datetime(at).to_zoned(TimeZone::UTC).ok()?;
    Some(reading.timestamp().as_microsecond())
}
