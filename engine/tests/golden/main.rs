//! The contents of the log cannot change by accident: every kind of record is compared, byte for
//! byte, with what it was when it was released, and the released bytes are read back.
//!
//! `UPDATE_GOLDEN=1 cargo test -p muster-engine --test golden` writes the fixture anew. Do that for
//! what is new; what was released never changes, because logs are read for years. Should a line of
//! the fixture change that is there already, the change is not one that may be made without a new
//! version of the format (`docs/log-format.md`): see `samples.rs` for what is safe.

mod award;
mod denials;
mod jobs;
mod later;
mod life;
mod provisions;
mod publication;
mod refusals;
mod roster;
mod samples;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use engine::core::{Answer, Event, Record, Refusal};

const HEADER: &str = "\
# One record of every kind as it stands in the log: a name, and the rkyv bytes in hexadecimal.
# See main.rs.
";

/// Bytes of an event inside its record, whichever variant it is. A variant that needs more would
/// move everything in records that have nothing to do with it, and no older record could be read.
const EVENT_BYTES: usize = 33;

#[test]
fn every_record_has_the_bytes_it_was_released_with() {
    let mut actual = HEADER.to_owned();
    for (name, record) in samples::all() {
        let mut bytes = Vec::new();
        record.encode_into(&mut bytes);
        write!(actual, "\n{name}\n  {}\n", hex(&bytes)).expect("a string takes it");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/records.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &actual).expect("the fixture can be written");
    }
    let expected = fs::read_to_string(&path).expect("the fixture is checked in");
    for (actual, expected) in actual.split("\n\n").zip(expected.split("\n\n")) {
        assert_eq!(actual, expected, "the contents of the log have changed");
    }
    assert_eq!(actual, expected, "a kind of record was added or lost");
    released_bytes_are_still_read(&expected);
}

fn released_bytes_are_still_read(fixture: &str) {
    let mut entries = fixture.split("\n\n").skip(1);
    for (name, record) in samples::all() {
        let entry = entries.next().expect("every sample has its entry");
        let (named, bytes) = entry.split_once('\n').expect("a name and bytes");
        assert_eq!(named, name);
        let bytes = unhex(bytes.trim());
        let read = Record::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read, record, "{name}");
        // An entry of which a byte is lost must not pass for a record of another shape.
        assert!(
            Record::decode(&bytes[..bytes.len() - 1]).is_err(),
            "{name}: half a record is not read as a whole one"
        );
    }
}

#[test]
fn every_variant_has_a_sample() {
    let records: Vec<Record> = samples::all().into_iter().map(|(_, one)| one).collect();
    let events = || records.iter().flat_map(|record| &record.events);
    let refusals = || {
        events().filter_map(|event| match event {
            Event::Refused(refused) => Some(&refused.refusal),
            _ => None,
        })
    };
    let invalid = refusals().filter_map(|refusal| match refusal {
        Refusal::Invalid(invalid) => Some(invalid),
        _ => None,
    });
    let kinds = refusals().filter_map(|refusal| match refusal {
        Refusal::Unknown { kind, .. } => Some(kind),
        _ => None,
    });
    covers("Event", samples::EVENTS, events().map(samples::event));
    covers(
        "Refusal",
        samples::REFUSALS,
        refusals().map(samples::refusal),
    );
    covers("Invalid", samples::INVALID, invalid.map(samples::invalid));
    covers("Kind", samples::KINDS, kinds.map(samples::kind));
    let actors = records.iter().map(|record| samples::actor(&record.by));
    covers("Actor", samples::ACTORS, actors);
    let clauses = events().filter_map(|event| match event {
        Event::Flagged { clause, .. } => Some(samples::clause(clause)),
        _ => None,
    });
    covers("Clause", samples::CLAUSES, clauses);
    let causes = events().filter_map(|event| match event {
        Event::TierOpened { because, .. } => Some(samples::tier_cause(because)),
        _ => None,
    });
    covers("TierCause", samples::TIER_CAUSES, causes);
    let terms = events().filter_map(|event| match event {
        Event::Termed { terms, .. } => Some(terms.iter().map(samples::term)),
        _ => None,
    });
    covers("Term", samples::TERMS, terms.flatten());
    let reasons = events().filter_map(|event| match event {
        Event::Vacated { because, .. } => Some(samples::vacated(because)),
        _ => None,
    });
    covers("Vacated", samples::VACATED, reasons);
    assert_eq!(
        missing(&["here", "there"], ["here"].into_iter()),
        ["there"],
        "a variant without a sample is found"
    );
}

/// A draw comes with the awards of those who won it, and is asked for by nobody who could win.
#[test]
fn whoever_reveals_a_seed_is_told_that_it_is_done_and_not_that_they_won() {
    let of = |is: fn(&Event) -> bool| {
        let mut records = samples::all().into_iter().map(|(_, record)| record);
        let found = records.find(|record| record.events.first().is_some_and(is));
        found.expect("there is a sample")
    };
    let ranked = of(|event| matches!(event, Event::Ranked(_)));
    let awarded = of(|event| matches!(event, Event::Awarded { .. }));
    assert!(matches!(awarded.reply(), Ok(Answer::Won(_))));
    let events: Vec<Event> = ranked
        .events
        .iter()
        .chain(&*awarded.events)
        .cloned()
        .collect();
    let sequence = ranked.sequence;
    let drawn = Record {
        events: events.into(),
        ..ranked
    };
    assert_eq!(drawn.reply(), Ok(Answer::Done { sequence }));
}

#[test]
fn names_of_samples_are_unique() {
    let all = samples::all();
    let names: BTreeSet<&String> = all.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), all.len());
}

#[test]
fn no_variant_makes_events_larger() {
    type Archived = <Event as rkyv::Archive>::Archived;
    assert_eq!(
        size_of::<Archived>(),
        EVENT_BYTES,
        "put what is large behind a box, a string or a vector: logs in the old size exist"
    );
}

fn covers(what: &str, all: &[&str], seen: impl Iterator<Item = &'static str>) {
    let missing = missing(all, seen);
    assert!(missing.is_empty(), "{what} without a sample: {missing:?}");
}

fn missing<'a>(all: &[&'a str], seen: impl Iterator<Item = &'static str>) -> Vec<&'a str> {
    let seen: BTreeSet<&str> = seen.collect();
    let is_missing = |name: &&&str| !seen.contains(**name);
    all.iter().filter(is_missing).copied().collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let digits = pairs.map(|pair| std::str::from_utf8(pair).expect("hexadecimal is text"));
    digits
        .map(|pair| u8::from_str_radix(pair, 16).expect("two digits"))
        .collect()
}
