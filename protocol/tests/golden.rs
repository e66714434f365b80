//! The wire cannot change by accident: every kind of message is compared, byte for byte and
//! letter for letter, with the frame it had when it was released.
//!
//! `UPDATE_GOLDEN=1 cargo test -p muster-protocol --test golden` writes the fixture anew. Do that
//! for messages that are new; for those that were released, raise `protocol::VERSION` instead.

mod samples;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use protocol::frame::{Codec, FrameReader, Message, OPERATOR_FRAME_MAX_BYTES, PREFIX_BYTES};
use protocol::{ClientMessage, ServerMessage};

const HEADER: &str = "\
# Every kind of message as it stands on the wire: the native frame (length and rkyv bytes) in
# hexadecimal, and the JSON text without its length. See golden.rs.
";

#[test]
fn every_message_has_the_bytes_it_was_released_with() {
    let mut actual = HEADER.to_owned();
    for (name, message) in samples::client() {
        write_entry(&mut actual, &name, &message);
    }
    for (name, message) in samples::server() {
        write_entry(&mut actual, &name, &message);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &actual).expect("the fixture can be written");
    }
    let expected = fs::read_to_string(&path).expect("the fixture is checked in");
    for (actual, expected) in actual.split("\n\n").zip(expected.split("\n\n")) {
        assert_eq!(actual, expected, "the wire has changed");
    }
    assert_eq!(actual, expected, "a kind of message was added or lost");
    released_bytes_are_still_read(&expected);
}

fn released_bytes_are_still_read(fixture: &str) {
    let field = |name: &str, label: &str| {
        let entry = fixture
            .split("\n\n")
            .find(|entry| entry.lines().any(|line| line == name));
        let line = entry.and_then(|entry| {
            entry
                .lines()
                .find_map(|line| line.trim_start().strip_prefix(label))
        });
        line.unwrap_or_else(|| panic!("{name} has a line `{label}`"))
            .trim()
            .to_owned()
    };
    for (name, message) in samples::client() {
        let (native, json) = (
            unhex(&field(&name, "native")),
            framed(&field(&name, "json")),
        );
        assert_eq!(
            read::<ClientMessage>(Codec::Native, &native),
            message,
            "{name}"
        );
        assert_eq!(read::<ClientMessage>(Codec::Json, &json), message, "{name}");
    }
    for (name, message) in samples::server() {
        let (native, json) = (
            unhex(&field(&name, "native")),
            framed(&field(&name, "json")),
        );
        assert_eq!(
            read::<ServerMessage>(Codec::Native, &native),
            message,
            "{name}"
        );
        assert_eq!(read::<ServerMessage>(Codec::Json, &json), message, "{name}");
    }
}

fn write_entry<M: Message>(to: &mut String, name: &str, message: &M) {
    let encode = |codec: Codec| {
        codec
            .encode(message, OPERATOR_FRAME_MAX_BYTES)
            .expect("a sample can be written")
    };
    let native: String = encode(Codec::Native)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let json = encode(Codec::Json).slice(PREFIX_BYTES..);
    let json = String::from_utf8(json.to_vec()).expect("JSON is text");
    write!(to, "\n{name}\n  native {native}\n  json   {json}\n").expect("a string takes it");
}

fn read<M: Message>(codec: Codec, frame: &[u8]) -> M {
    let mut reader = FrameReader::new(codec, OPERATOR_FRAME_MAX_BYTES);
    reader.push(frame);
    reader
        .next()
        .expect("the fixture is valid")
        .expect("the fixture is whole")
}

fn framed(json: &str) -> Vec<u8> {
    let length = u32::try_from(json.len()).expect("a sample is small");
    [length.to_le_bytes().as_slice(), json.as_bytes()].concat()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let digits = pairs.map(|pair| std::str::from_utf8(pair).expect("hexadecimal is text"));
    digits
        .map(|pair| u8::from_str_radix(pair, 16).expect("two digits"))
        .collect()
}
