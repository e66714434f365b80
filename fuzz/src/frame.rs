//! Frames from arbitrary bytes: both codecs, both directions, cut anywhere.

use std::fmt::Debug;

use protocol::frame::{Codec, FrameError, FrameReader, Message, PREFIX_BYTES};
use protocol::{ClientMessage, ServerMessage};

use super::Reached;
use super::tape::Tape;

/// The payload caps that are tried, in bytes: small ones, so that short inputs come to them.
const CAPS_BYTES: [usize; 4] = [64, 512, 4_096, 16 * 1_024];

/// The direction bit of an input's first byte: set for what a server says.
pub const FROM_SERVER: u8 = 1;
/// The codec bit of an input's first byte: set for JSON.
pub const IN_JSON: u8 = 2;
/// An input's first byte has the place of its cap, [`CAP_LARGEST`] at most, above these bits.
pub const CAP_SHIFT: u8 = 2;
/// The place of the largest cap.
pub const CAP_LARGEST: u8 = 3;

/// Reads a stream of frames: the first byte of `input` says who speaks in which codec under which
/// cap, the second how the stream is cut, and the rest is the stream.
///
/// # Panics
/// If it matters how the stream is cut, if a message does not survive being written and read
/// again, or if more is kept than the cap allows.
pub fn run(input: &[u8]) -> Reached {
    let mut tape = Tape(input);
    let (head, cut) = (tape.byte(), tape.byte());
    let codec = if head & IN_JSON == 0 {
        Codec::Native
    } else {
        Codec::Json
    };
    let cap = CAPS_BYTES[usize::from(head >> CAP_SHIFT) % CAPS_BYTES.len()];
    let mut reached = Reached::default();
    if head & FROM_SERVER == 0 {
        read::<ClientMessage>(codec, cap, cut, tape.0, &mut reached);
    } else {
        read::<ServerMessage>(codec, cap, cut, tape.0, &mut reached);
    }
    reached
}

fn read<M: Message + Debug + PartialEq>(
    codec: Codec,
    cap: usize,
    cut: u8,
    stream: &[u8],
    reached: &mut Reached,
) {
    let whole = heard::<M>(codec, cap, stream.len().max(1), stream);
    let pieces = heard::<M>(codec, cap, usize::from(cut) + 1, stream);
    assert_eq!(whole, pieces, "it does not matter how a stream is cut");
    let (messages, end) = whole;
    for message in &messages {
        reached.note("message");
        let frame = codec
            .encode(message, usize::MAX)
            .expect("what was read can be written");
        let (again, end) = heard::<M>(codec, frame.len(), frame.len(), &frame);
        assert_eq!(
            (again.as_slice(), end),
            (std::slice::from_ref(message), None)
        );
    }
    reached.note(match end {
        None => "stream ended",
        Some(FrameError::TooLarge { .. }) => "too large",
        Some(FrameError::Undecodable { .. }) => "undecodable",
        Some(FrameError::Unencodable { .. }) => unreachable!("nothing is encoded by reading"),
    });
}

/// What a reader makes of `stream` in pieces of `piece` bytes, and the error that ended it.
fn heard<M: Message>(
    codec: Codec,
    cap: usize,
    piece: usize,
    stream: &[u8],
) -> (Vec<M>, Option<FrameError>) {
    let mut reader = FrameReader::<M>::new(codec, cap);
    let mut messages = Vec::new();
    for bytes in stream.chunks(piece) {
        reader.push(bytes);
        loop {
            match reader.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.buffered_bytes(), 0, "a failed reader keeps nothing");
                    assert_eq!(
                        reader.next().err(),
                        Some(error.clone()),
                        "an error is final"
                    );
                    return (messages, Some(error));
                }
            }
        }
        assert!(
            reader.buffered_bytes() < PREFIX_BYTES + cap,
            "no more is kept than one frame below the cap"
        );
    }
    (messages, None)
}
