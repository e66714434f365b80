//! A record of the log from arbitrary bytes.

use engine::core::Record;

use super::Reached;

/// Decodes `input` as a record. What decodes must survive being written and read again.
///
/// # Panics
/// If a record that was read cannot be written, or reads differently afterwards.
pub fn run(input: &[u8]) -> Reached {
    let mut reached = Reached::default();
    let Ok(record) = Record::decode(input) else {
        reached.note("refused");
        return reached;
    };
    reached.note("decoded");
    // What every reader asks of a record before it is applied.
    let _ = record.reply();
    for event in &record.events {
        let _ = event.vacancy();
    }
    let mut bytes = Vec::new();
    record.encode_into(&mut bytes);
    let again = Record::decode(&bytes).expect("what has just been encoded decodes");
    assert_eq!(again, record, "a record reads as it was written");
    reached
}
