//! What is said to sessions, in bytes.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use protocol::ServerMessage;
use protocol::frame::{Codec, FrameError, FrameReader, SERVER_FRAME_MAX_BYTES, encode};

/// A message for any number of sessions: written once for each kind of peer, and for browsers only
/// if one of them is to hear it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Frame(Arc<Written>);

#[derive(Debug)]
struct Written {
    native: Bytes,
    json: OnceLock<Bytes>,
}

impl Frame {
    /// Writes `message`.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`] above [`SERVER_FRAME_MAX_BYTES`].
    pub(crate) fn new(message: &ServerMessage) -> Result<Frame, FrameError> {
        let (native, json) = (encode(message)?, OnceLock::new());
        Ok(Frame(Arc::new(Written { native, json })))
    }

    /// The message as peers of this kind read it; empty where it cannot be said to them.
    pub(crate) fn bytes(&self, codec: Codec) -> Bytes {
        match codec {
            Codec::Native => self.0.native.clone(),
            Codec::Json => self.0.json.get_or_init(|| in_json(&self.0.native)).clone(),
        }
    }
}

/// Writes a message for one session; nothing, with a line in the log, if it cannot be written.
pub(crate) fn write(codec: Codec, message: &ServerMessage) -> Option<Bytes> {
    let frame = codec.encode(message, SERVER_FRAME_MAX_BYTES);
    frame
        .map_err(|error| tracing::error!(%error, "a message could not be written"))
        .ok()
}

/// The native bytes are all that is kept of a message: where no browser listens, nothing else is
/// paid for, and where one does, reading them again costs less than keeping every message whole.
fn in_json(native: &Bytes) -> Bytes {
    let mut reader = FrameReader::<ServerMessage>::new(Codec::Native, SERVER_FRAME_MAX_BYTES);
    reader.push(native);
    match reader.next() {
        Ok(Some(message)) => write(Codec::Json, &message).unwrap_or_default(),
        Ok(None) | Err(_) => {
            tracing::error!("a message that was just written could not be read");
            Bytes::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Cursor;

    #[test]
    fn both_kinds_of_peer_hear_the_same_and_it_is_written_once() {
        let cursor = Cursor {
            sequence: 7,
            step: 1,
        };
        let message = ServerMessage::Synced { cursor };
        let frame = Frame::new(&message).expect("it is short");
        for codec in [Codec::Native, Codec::Json] {
            let mut reader = FrameReader::<ServerMessage>::new(codec, SERVER_FRAME_MAX_BYTES);
            reader.push(&frame.bytes(codec));
            assert_eq!(reader.next(), Ok(Some(message.clone())));
            assert_eq!(
                frame.bytes(codec).as_ptr(),
                frame.clone().bytes(codec).as_ptr(),
                "the bytes are shared"
            );
        }
    }
}
