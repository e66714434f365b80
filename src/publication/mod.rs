//! Many vacancies at once: from a file, or from a pattern that repeats.
//!
//! A vacancy that is published so has a key derived from what it is: publishing the same file or
//! pattern twice is refused by key, and doubles nothing.

mod holidays;
mod pattern;

use engine::limits::PUBLICATIONS_MAX;
use protocol::{Publication, VacancyKey};

pub use holidays::Holidays;
pub use pattern::{DAYS_MAX, Hours, Pattern, PatternError, Plan};

/// A vacancy to be published, and where it stands in the file that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The vacancy.
    pub publication: Publication,
    /// The line of the file, from 1; none if it comes from no file.
    pub row: Option<u64>,
}

/// The vacancies in as many parts as commands are needed to publish them.
pub fn commands(planned: &[Planned]) -> impl Iterator<Item = &[Planned]> {
    planned.chunks(PUBLICATIONS_MAX)
}

/// The key of a vacancy that is published with others: the same lead agency, programme, places and
/// times always have the same one, whatever else is said.
///
/// FNV-1a of 128 bits (RFC 9923): keys are no secret, and nobody gains by making two of their own
/// vacancies meet.
pub fn key(lead: &str, programme: &str, segments: &[protocol::NewSegment]) -> VacancyKey {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut text = format!("{lead}\n{programme}");
    for segment in segments {
        text += &format!("\n{} {} {}", segment.site, segment.start_us, segment.end_us);
    }
    let mixed = text.bytes().fold(BASIS, |mixed, byte| {
        (mixed ^ u128::from(byte)).wrapping_mul(PRIME)
    });
    VacancyKey(mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_that_of_the_work() {
        let segment = |site: &str, start_us| protocol::NewSegment {
            site: site.to_owned(),
            start_us,
            end_us: 9,
        };
        let one = key("tucson", "sso", &[segment("a", 1)]);
        assert_eq!(one, key("tucson", "sso", &[segment("a", 1)]));
        for other in [
            key("tucson", "sso", &[segment("a", 2)]),
            key("tucson", "sso", &[segment("b", 1)]),
            key("tucson", "traffic", &[segment("a", 1)]),
            key("mesa", "sso", &[segment("a", 1)]),
            key("tucson", "sso", &[segment("a", 1), segment("a", 1)]),
        ] {
            assert_ne!(one, other);
        }
        // A key that changed would publish everything a second time.
        assert_eq!(one.0, KEY_OF_ONE);
    }

    const KEY_OF_ONE: u128 = 0xc8cf_05cd_51ad_cc58_92af_49f1_80f4_5485;
}
