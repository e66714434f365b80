//! How a message is written in bytes.
//!
//! ```text
//! frame   = length payload
//! length  = u32, little-endian, the bytes of the payload
//! payload = rkyv bytes (native peers) | JSON text (browsers) of one message
//! ```
//!
//! Browsers read JSON numbers as doubles. Keys are therefore text, and every other number stays
//! below 2⁵³: log sequences, and times in microseconds until the year 2255.
//!
//! The rkyv format is little-endian, unaligned and has 32-bit pointers, so that a payload may be
//! read wherever it lies in a buffer. Bytes from the network are never believed: the length is
//! held against a cap before anything is kept, and a payload is validated before it is read.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;

use crate::{ClientMessage, Role, ServerMessage};

/// Bytes of the length before every payload.
pub const PREFIX_BYTES: usize = 4;

/// The largest payload an officer or a watcher may send, in bytes, and the largest that anybody
/// may send before the token is known.
pub const OFFICER_FRAME_MAX_BYTES: usize = 16 * 1024;

/// The largest payload a coordinator or an operator may send, in bytes: a whole roster import.
pub const OPERATOR_FRAME_MAX_BYTES: usize = 16 * 1024 * 1024;

/// The largest payload the server sends, in bytes: a long board.
pub const SERVER_FRAME_MAX_BYTES: usize = 16 * 1024 * 1024;

/// How large an ordinary push may be, in bytes with its prefix, so that one offer fits one packet.
pub const PUSH_TYPICAL_BYTES: usize = 1_000;

/// The largest payload a client of this role may send, in bytes.
pub fn client_frame_max_bytes(role: Role) -> usize {
    match role {
        Role::Officer | Role::ReadOnly => OFFICER_FRAME_MAX_BYTES,
        Role::Coordinator | Role::Operator => OPERATOR_FRAME_MAX_BYTES,
    }
}

/// Writes a server's message for native peers; the frame is shared by every session it goes to.
///
/// # Errors
/// [`FrameError::TooLarge`] above [`SERVER_FRAME_MAX_BYTES`].
pub fn encode(message: &ServerMessage) -> Result<Bytes, FrameError> {
    Codec::Native.encode(message, SERVER_FRAME_MAX_BYTES)
}

/// How payloads are written on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// rkyv, for native peers.
    Native,
    /// JSON, for browsers.
    Json,
}

impl Codec {
    /// Writes one frame.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`] where the payload exceeds `max_bytes`: the sender learns it, not
    /// the receiver.
    pub fn encode<M: Message>(self, message: &M, max_bytes: usize) -> Result<Bytes, FrameError> {
        let payload = match self {
            Codec::Native => message.to_native()?,
            Codec::Json => message.to_json()?,
        };
        let bytes = payload.len();
        let Some(length) = u32::try_from(bytes).ok().filter(|_| bytes <= max_bytes) else {
            return Err(FrameError::TooLarge { bytes, max_bytes });
        };
        let mut frame = Vec::with_capacity(PREFIX_BYTES + bytes);
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(&payload);
        Ok(Bytes::from(frame))
    }

    fn decode<M: Message>(self, payload: &[u8]) -> Result<M, FrameError> {
        match self {
            Codec::Native => M::from_native(payload),
            Codec::Json => M::from_json(payload),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Codec::Native => "rkyv",
            Codec::Json => "JSON",
        })
    }
}

/// Takes frames out of a stream of bytes, however they were cut.
///
/// The caller pushes what it received and then calls [`next`](Self::next) until it is `None`.
/// After an error there is no telling where the next frame begins, so the error is final and the
/// connection must end.
#[derive(Debug)]
pub struct FrameReader<M> {
    codec: Codec,
    max_bytes: usize,
    buffer: Vec<u8>,
    taken: usize,
    failed: Option<FrameError>,
    message: PhantomData<fn() -> M>,
}

impl<M: Message> FrameReader<M> {
    /// A reader that refuses payloads above `max_bytes`.
    pub fn new(codec: Codec, max_bytes: usize) -> FrameReader<M> {
        FrameReader {
            codec,
            max_bytes,
            buffer: Vec::new(),
            taken: 0,
            failed: None,
            message: PhantomData,
        }
    }

    /// Changes the cap, in bytes, once the peer's role is known.
    pub fn limit(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Takes what was received. After an error the bytes are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, or `None` until more bytes are pushed.
    ///
    /// # Errors
    /// [`FrameError`], as soon as the length is known to be too large or a payload is not a
    /// message; every later call gives the same error.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator's `None` would mean the end"
    )]
    pub fn next(&mut self) -> Result<Option<M>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let next = self.take_frame();
        if let Err(error) = &next {
            self.failed = Some(error.clone());
            self.release();
        }
        next
    }

    /// Bytes received that are not a whole message yet.
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.len() - self.taken
    }

    fn take_frame(&mut self) -> Result<Option<M>, FrameError> {
        let rest = &self.buffer[self.taken..];
        let Some((prefix, rest)) = rest.split_first_chunk::<PREFIX_BYTES>() else {
            self.release_if_empty();
            return Ok(None);
        };
        // A length beyond the address space is certainly beyond the cap.
        let bytes = usize::try_from(u32::from_le_bytes(*prefix)).unwrap_or(usize::MAX);
        if bytes > self.max_bytes {
            return Err(FrameError::TooLarge {
                bytes,
                max_bytes: self.max_bytes,
            });
        }
        let Some(payload) = rest.get(..bytes) else {
            return Ok(None);
        };
        let message = self.codec.decode(payload)?;
        self.taken += PREFIX_BYTES + bytes;
        Ok(Some(message))
    }

    /// An idle connection keeps no buffer: there are ten thousand of them.
    fn release_if_empty(&mut self) {
        if self.taken == self.buffer.len() {
            self.release();
        }
    }

    fn release(&mut self) {
        self.buffer = Vec::new();
        self.taken = 0;
    }
}

/// Something that is framed: [`ClientMessage`] and [`ServerMessage`], and nothing else.
pub trait Message: sealed::Payload {}

impl Message for ClientMessage {}
impl Message for ServerMessage {}

/// Why bytes are not a frame, or a message does not fit one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The payload exceeds the cap.
    #[error("a frame of {bytes} bytes exceeds the limit of {max_bytes}: send less at once")]
    TooLarge {
        /// Bytes of the payload.
        bytes: usize,
        /// The cap.
        max_bytes: usize,
    },
    /// The payload is not a message.
    #[error(
        "the frame is not a message in {codec} ({detail}): use the same protocol version on both \
         sides"
    )]
    Undecodable {
        /// How it was read.
        codec: Codec,
        /// What the decoder says.
        detail: String,
    },
    /// The message cannot be written.
    #[error("the message cannot be written in {codec} ({detail})")]
    Unencodable {
        /// How it was to be written.
        codec: Codec,
        /// What the encoder says.
        detail: String,
    },
}

impl FrameError {
    fn undecodable(codec: Codec, cause: &dyn fmt::Display) -> FrameError {
        FrameError::Undecodable {
            codec,
            detail: cause.to_string(),
        }
    }

    fn unencodable(codec: Codec, cause: &dyn fmt::Display) -> FrameError {
        FrameError::Unencodable {
            codec,
            detail: cause.to_string(),
        }
    }
}

mod sealed {
    use rkyv::util::AlignedVec;

    use super::{ClientMessage, Codec, FrameError, ServerMessage};

    pub trait Payload: Sized {
        fn to_native(&self) -> Result<Vec<u8>, FrameError>;
        fn from_native(payload: &[u8]) -> Result<Self, FrameError>;
        fn to_json(&self) -> Result<Vec<u8>, FrameError>;
        fn from_json(payload: &[u8]) -> Result<Self, FrameError>;
    }

    const UNSOUND: &str = "its bytes do not hold together";

    macro_rules! payload {
        ($($message:ty),*) => {$(
            impl Payload for $message {
                fn to_native(&self) -> Result<Vec<u8>, FrameError> {
                    rkyv::to_bytes::<rkyv::rancor::Error>(self)
                        .map(AlignedVec::into_vec)
                        .map_err(|cause| FrameError::unencodable(Codec::Native, &cause))
                }

                fn from_native(payload: &[u8]) -> Result<Self, FrameError> {
                    // What rkyv would say of the cause has addresses of this process in it.
                    rkyv::from_bytes::<Self, rkyv::rancor::Failure>(payload)
                        .map_err(|_| FrameError::undecodable(Codec::Native, &UNSOUND))
                }

                fn to_json(&self) -> Result<Vec<u8>, FrameError> {
                    serde_json::to_vec(self)
                        .map_err(|cause| FrameError::unencodable(Codec::Json, &cause))
                }

                fn from_json(payload: &[u8]) -> Result<Self, FrameError> {
                    serde_json::from_slice(payload)
                        .map_err(|cause| FrameError::undecodable(Codec::Json, &cause))
                }
            }
        )*};
    }

    payload!(ClientMessage, ServerMessage);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cursor;

    fn synced(sequence: u64) -> ServerMessage {
        ServerMessage::Synced {
            cursor: Cursor { sequence, step: 0 },
        }
    }

    fn reader(codec: Codec) -> FrameReader<ServerMessage> {
        FrameReader::new(codec, SERVER_FRAME_MAX_BYTES)
    }

    #[test]
    fn frames_come_out_however_they_were_cut() {
        for codec in [Codec::Native, Codec::Json] {
            let sent: Vec<_> = (1..=3).map(synced).collect();
            let mut bytes = Vec::new();
            for message in &sent {
                bytes.extend(
                    codec
                        .encode(message, SERVER_FRAME_MAX_BYTES)
                        .expect("it fits"),
                );
            }
            for size in 1..=bytes.len() {
                let mut reader = reader(codec);
                let mut heard = Vec::new();
                for chunk in bytes.chunks(size) {
                    reader.push(chunk);
                    while let Some(message) = reader.next().expect("whole frames") {
                        heard.push(message);
                    }
                }
                assert_eq!(heard, sent, "in chunks of {size}");
                assert_eq!(reader.buffered_bytes(), 0);
                assert_eq!(
                    reader.buffer.capacity(),
                    0,
                    "an idle reader keeps no buffer"
                );
            }
        }
    }

    #[test]
    fn an_oversized_frame_is_refused_by_its_length_alone() {
        let mut reader = FrameReader::<ClientMessage>::new(Codec::Native, OFFICER_FRAME_MAX_BYTES);
        reader.push(&u32::MAX.to_le_bytes());
        let error = FrameError::TooLarge {
            bytes: u32::MAX as usize,
            max_bytes: OFFICER_FRAME_MAX_BYTES,
        };
        assert_eq!(reader.next(), Err(error.clone()));
        assert_eq!(reader.buffer.capacity(), 0);

        reader.push(
            &Codec::Native
                .encode(&ClientMessage::Goodbye, 100)
                .expect("it fits"),
        );
        assert_eq!(reader.next(), Err(error), "there is no way back into step");
        assert_eq!(reader.buffered_bytes(), 0);
    }

    #[test]
    fn the_cap_is_the_last_size_that_passes() {
        let frame = Codec::Native
            .encode(&ClientMessage::Goodbye, 100)
            .expect("it fits");
        let payload_bytes = frame.len() - PREFIX_BYTES;
        let mut reader = FrameReader::new(Codec::Native, payload_bytes);
        reader.push(&frame);
        assert_eq!(reader.next(), Ok(Some(ClientMessage::Goodbye)));
        reader.limit(payload_bytes - 1);
        reader.push(&frame);
        assert_eq!(
            reader.next(),
            Err(FrameError::TooLarge {
                bytes: payload_bytes,
                max_bytes: payload_bytes - 1
            }),
        );
        assert_eq!(
            Codec::Native.encode(&ClientMessage::Goodbye, payload_bytes - 1),
            Err(FrameError::TooLarge {
                bytes: payload_bytes,
                max_bytes: payload_bytes - 1
            }),
        );
    }

    #[test]
    fn an_empty_payload_is_no_message() {
        for codec in [Codec::Native, Codec::Json] {
            let mut reader = reader(codec);
            reader.push(&0_u32.to_le_bytes());
            assert!(matches!(reader.next(), Err(FrameError::Undecodable { .. })));
        }
    }
}
