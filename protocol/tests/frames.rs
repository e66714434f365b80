//! Bytes from the network are never believed (promise P11): whatever is cut, flipped or made up,
//! the reader answers with a message or an error, and with the message only if it was whole.

mod samples;

use std::fmt::Debug;

use protocol::frame::{
    Codec, FrameError, FrameReader, Message, OFFICER_FRAME_MAX_BYTES, OPERATOR_FRAME_MAX_BYTES,
    PREFIX_BYTES, PUSH_TYPICAL_BYTES, encode,
};
use protocol::{ClientMessage, ServerMessage};

/// Damaged frames tried per sample and codec.
const FLIPS: usize = 500;

#[test]
fn every_message_comes_back_in_both_codecs() {
    for codec in [Codec::Native, Codec::Json] {
        for (name, message) in samples::client() {
            assert_eq!(
                read::<ClientMessage>(codec, &frame(codec, &message)),
                Ok(Some(message)),
                "{name}"
            );
        }
        for (name, message) in samples::server() {
            assert_eq!(
                read::<ServerMessage>(codec, &frame(codec, &message)),
                Ok(Some(message)),
                "{name}"
            );
        }
    }
}

/// JavaScript reads every number of JSON as a double, which is exact up to here.
const JAVASCRIPT_MAX: i64 = (1 << 53) - 1;

#[test]
fn no_number_in_json_loses_precision_in_a_browser() {
    for text in [
        r#"{"a":[9007199254740992]}"#,
        r#"{"a":-9007199254740992}"#,
        r#"{"a":{"b":18446744073709551615}}"#,
        r#"[0.5]"#,
    ] {
        let value = serde_json::from_str(text).expect("it is JSON");
        assert_eq!(inexact(&value).len(), 1, "{text}");
    }
    let client = samples::client().into_iter();
    let server = samples::server().into_iter();
    let texts = client
        .map(|(name, message)| (name, frame(Codec::Json, &message)))
        .chain(server.map(|(name, message)| (name, frame(Codec::Json, &message))));
    for (name, frame) in texts {
        let value = serde_json::from_slice(&frame[PREFIX_BYTES..]).expect("it is JSON");
        assert_eq!(inexact(&value), Vec::<String>::new(), "{name}");
    }
}

/// The numbers of `value` that a browser may read as others.
fn inexact(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Number(number) => {
            let exact = number.as_i64().is_some_and(|of| of.abs() <= JAVASCRIPT_MAX);
            (!exact).then(|| number.to_string()).into_iter().collect()
        }
        serde_json::Value::Array(values) => values.iter().flat_map(inexact).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(inexact).collect(),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::String(_) => {
            Vec::new()
        }
    }
}

#[test]
fn samples_are_of_different_kinds() {
    let mut names: Vec<_> = samples::client()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.extend(samples::server().into_iter().map(|(name, _)| name));
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_cut_frame_is_no_message() {
    for codec in [Codec::Native, Codec::Json] {
        for (name, message) in samples::client() {
            cut::<ClientMessage>(codec, &name, &frame(codec, &message));
        }
        for (name, message) in samples::server() {
            cut::<ServerMessage>(codec, &name, &frame(codec, &message));
        }
    }
}

#[test]
fn a_damaged_frame_is_a_message_or_an_error() {
    let mut noise = Noise(0x5eed);
    let mut refused = 0;
    for codec in [Codec::Native, Codec::Json] {
        for (_, message) in samples::client() {
            refused += damage::<ClientMessage>(codec, &frame(codec, &message), &mut noise);
        }
        for (_, message) in samples::server() {
            refused += damage::<ServerMessage>(codec, &frame(codec, &message), &mut noise);
        }
    }
    assert!(
        refused > 1_000,
        "damage must be noticed to prove anything: {refused}"
    );
}

#[test]
fn made_up_bytes_are_a_message_or_an_error() {
    let mut noise = Noise(0xbad_5eed);
    for codec in [Codec::Native, Codec::Json] {
        for _ in 0..20_000 {
            let length = noise.below(200);
            let payload: Vec<u8> = (0..length).map(|_| noise.below(256) as u8).collect();
            let prefix = u32::try_from(length)
                .expect("it is below 200")
                .to_le_bytes();
            let bytes = [prefix.as_slice(), &payload].concat();
            // Small numbers decode by chance; what counts is that an answer comes at all.
            let _answer = (
                read::<ClientMessage>(codec, &bytes),
                read::<ServerMessage>(codec, &bytes),
            );
        }
    }
}

#[test]
fn an_offer_fits_one_packet() {
    let samples = samples::server();
    let offer = samples.iter().find(|(name, _)| name == "push-offered");
    let (_, offer) = offer.expect("offers are among the samples");
    let frame = encode(offer).expect("it fits");
    assert!(frame.len() <= PUSH_TYPICAL_BYTES, "{} bytes", frame.len());
}

#[test]
fn an_officer_can_say_whatever_an_officer_may() {
    for (name, message) in samples::client() {
        let frame = Codec::Native.encode(&message, OFFICER_FRAME_MAX_BYTES);
        assert!(frame.is_ok(), "{name}");
    }
}

fn frame<M: Message>(codec: Codec, message: &M) -> Vec<u8> {
    codec
        .encode(message, OPERATOR_FRAME_MAX_BYTES)
        .expect("a sample can be written")
        .to_vec()
}

fn read<M: Message>(codec: Codec, bytes: &[u8]) -> Result<Option<M>, FrameError> {
    let mut reader = FrameReader::new(codec, OPERATOR_FRAME_MAX_BYTES);
    reader.push(bytes);
    reader.next()
}

fn cut<M: Message + Debug + PartialEq>(codec: Codec, name: &str, frame: &[u8]) {
    for kept in 0..frame.len() {
        assert_eq!(
            read::<M>(codec, &frame[..kept]),
            Ok(None),
            "{name} cut to {kept}"
        );
        if kept > 4 {
            // The same cut with a length that pretends the payload was whole.
            let length = u32::try_from(kept - 4)
                .expect("a sample is small")
                .to_le_bytes();
            let bytes = [length.as_slice(), &frame[4..kept]].concat();
            assert!(
                read::<M>(codec, &bytes).is_err() || codec == Codec::Native,
                "{name} {kept}"
            );
        }
    }
}

fn damage<M: Message>(codec: Codec, frame: &[u8], noise: &mut Noise) -> usize {
    let mut refused = 0;
    for _ in 0..FLIPS {
        let mut bytes = frame.to_vec();
        for _ in 0..=noise.below(3) {
            let at = noise.below(bytes.len());
            bytes[at] ^= 1 << noise.below(8);
        }
        refused += usize::from(read::<M>(codec, &bytes).is_err());
    }
    refused
}

/// A small generator (splitmix64), so that a failure comes back with its seed.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}
