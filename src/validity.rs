//! What a certificate says of itself: how long it is good.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// When a certificate (DER, X.509) begins and ends to be good; none if it is none.
///
/// RFC 5280, section 4.1: a certificate is a sequence of what is signed, which has the version,
/// the serial number, the algorithm, the issuer and then the validity.
pub fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate, _) = element(der)?;
    let (_, mut signed, _) = element(certificate)?;
    let (tag, _, rest) = element(signed)?;
    if tag == VERSION {
        signed = rest;
    }
    for _ in ["serial number", "algorithm", "issuer"] {
        (_, _, signed) = element(signed)?;
    }
    let (tag, validity, _) = element(signed)?;
    if tag != SEQUENCE {
        return None;
    }
    let (tag, begins, rest) = element(validity)?;
    let begins = time(tag, begins)?;
    let (tag, ends, _) = element(rest)?;
    Some((begins, time(tag, ends)?))
}

/// Tags of X.690.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The tag and the content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut len = usize::from(*first);
    if len >= 0x80 {
        // The long form: so many bytes of length.
        let (bytes, after) = rest.split_at_checked(len - 0x80)?;
        if bytes.len() > 3 {
            return None;
        }
        len = bytes
            .iter()
            .fold(0, |len, byte| len << 8 | usize::from(*byte));
        rest = after;
    }
    let (content, rest) = rest.split_at_checked(len)?;
    Some((*tag, content, rest))
}

fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let whole = match tag {
        // Two digits stand for 1950 to 2049.
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", &whole).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::identity::Identity;
    use crate::scratch::Scratch;

    #[test]
    fn a_certificate_made_here_says_when_it_ends() {
        let scratch = Scratch::new();
        let config = Config {
            data_dir: scratch.path().to_owned(),
            ..Config::default()
        };
        let now = Timestamp::constant(1_795_000_000, 0);
        let identity = Identity::load_or_make(&config, now).unwrap();
        let (begins, ends) = validity(&identity.chain[0]).unwrap();
        assert_eq!(Some(ends), identity.certificate_ends);
        assert!(begins < now);
    }

    #[test]
    fn what_is_cut_off_anywhere_is_no_certificate() {
        let scratch = Scratch::new();
        let config = Config {
            data_dir: scratch.path().to_owned(),
            ..Config::default()
        };
        let now = Timestamp::constant(1_795_000_000, 0);
        let identity = Identity::load_or_make(&config, now).unwrap();
        for len in 0..identity.chain[0].len() {
            assert_eq!(validity(&identity.chain[0][..len]), None, "{len}");
        }
    }

    #[test]
    fn years_before_2050_have_two_digits_and_later_ones_four() {
        let said = |tag, text: &str| time(tag, text.as_bytes()).map(|at| at.to_string());
        let early = said(UTC_TIME, "491231235959Z");
        assert_eq!(early.as_deref(), Some("2049-12-31T23:59:59Z"));
        let past = said(UTC_TIME, "990101000000Z");
        assert_eq!(past.as_deref(), Some("1999-01-01T00:00:00Z"));
        let late = said(GENERALIZED_TIME, "20500101000000Z");
        assert_eq!(late.as_deref(), Some("2050-01-01T00:00:00Z"));
        assert_eq!(said(UTC_TIME, "491331235959Z"), None);
        assert_eq!(said(SEQUENCE, "491231235959Z"), None);
    }
}
