//! One QUIC connection with its one stream of frames.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use protocol::ServerMessage;
use protocol::frame::{Codec, FrameReader, SERVER_FRAME_MAX_BYTES};
use protocol::token::{EXPORTER_BYTES, EXPORTER_LABEL};
use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream, VarInt, WriteError};
use tokio::sync::Semaphore;

use crate::ConnectError;
use crate::limits::{CLOSE_TIMEOUT, READ_CHUNK_MAX_BYTES};

/// The alerts with which TLS refuses a certificate: the numbers 42 to 49 of RFC 8446, section 6,
/// and 51 for a signature that is not the certificate's.
const CERTIFICATE_ALERTS: [u64; 9] = [42, 43, 44, 45, 46, 47, 48, 49, 51];

/// Where QUIC keeps the alerts of TLS among its error codes (RFC 9001, section 4.8).
const CRYPTO_ERRORS: std::ops::Range<u64> = 0x100..0x200;

/// The code under which we close; the server's own codes say why it does.
const CLOSED: VarInt = VarInt::from_u32(0);

/// Where to connect to.
pub(crate) struct Target {
    pub(crate) endpoint: quinn::Endpoint,
    pub(crate) config: quinn::ClientConfig,
    pub(crate) address: SocketAddr,
    pub(crate) server_name: Arc<str>,
    /// Turns to shake hands, shared by all sessions of the endpoint.
    pub(crate) turns: Arc<Semaphore>,
}

impl Target {
    /// Connects, within `timeout` from the moment at which it is our turn.
    pub(crate) async fn connect(&self, timeout: Duration) -> Result<Wire, ConnectError> {
        let _turn = self
            .turns
            .acquire()
            .await
            .expect("nothing closes this semaphore");
        let nothing_answers = ConnectError::NothingAnswers {
            address: self.address,
        };
        tokio::time::timeout(timeout, self.handshake())
            .await
            .unwrap_or(Err(nothing_answers))
    }

    async fn handshake(&self) -> Result<Wire, ConnectError> {
        let address = self.address;
        let connecting = self
            .endpoint
            .connect_with(self.config.clone(), address, &self.server_name)
            .map_err(|cause| ConnectError::Unreachable {
                address,
                detail: cause.to_string(),
            })?;
        let connection = connecting.await.map_err(|cause| self.refused(&cause))?;
        let (send, recv) = connection
            .open_bi()
            .await
            .map_err(|cause| self.refused(&cause))?;
        Ok(Wire {
            connection,
            send,
            recv,
            reader: FrameReader::new(Codec::Native, SERVER_FRAME_MAX_BYTES),
            unsent: Bytes::new(),
        })
    }

    fn refused(&self, cause: &ConnectionError) -> ConnectError {
        let address = self.address;
        let (code, detail) = match cause {
            ConnectionError::TransportError(error) => (u64::from(error.code), error.to_string()),
            ConnectionError::ConnectionClosed(close) => {
                (u64::from(close.error_code), close.to_string())
            }
            ConnectionError::VersionMismatch => (CRYPTO_ERRORS.start, cause.to_string()),
            ConnectionError::TimedOut => return ConnectError::NothingAnswers { address },
            ConnectionError::ApplicationClosed(_)
            | ConnectionError::Reset
            | ConnectionError::LocallyClosed
            | ConnectionError::CidsExhausted => (0, cause.to_string()),
        };
        // Only our own check refuses the server's certificate; the same alert from the server
        // would be about one of ours, and we show none.
        let ours = matches!(cause, ConnectionError::TransportError(_));
        if !CRYPTO_ERRORS.contains(&code) {
            ConnectError::BrokeOff { address, detail }
        } else if ours && CERTIFICATE_ALERTS.contains(&(code - CRYPTO_ERRORS.start)) {
            ConnectError::CertificateRefused { address, detail }
        } else {
            ConnectError::NotMuster { address, detail }
        }
    }
}

/// One QUIC connection with its one stream of frames.
pub(crate) struct Wire {
    connection: Connection,
    send: SendStream,
    recv: RecvStream,
    pub(crate) reader: FrameReader<ServerMessage>,
    /// What is left of the frame being sent.
    unsent: Bytes,
}

/// What became of the stream.
pub(crate) enum Moved {
    /// Bytes were received; the reader may have messages.
    Received,
    /// Bytes were sent; there may be room for the next frame.
    Sent,
    /// The connection is gone; the code is the server's, if it gave one.
    Gone { code: Option<u64> },
}

impl Wire {
    /// What both ends of this connection know and nobody else does, for a device to sign.
    pub(crate) fn exporter(&self) -> Option<[u8; EXPORTER_BYTES]> {
        let mut bytes = [0; EXPORTER_BYTES];
        let exported = self
            .connection
            .export_keying_material(&mut bytes, EXPORTER_LABEL, b"");
        exported.is_ok().then_some(bytes)
    }

    /// Whether the next frame can be given to [`send`](Self::send).
    pub(crate) fn is_clear(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Takes the next frame, which is sent while [`moved`](Self::moved) is awaited.
    pub(crate) fn send(&mut self, frame: Bytes) {
        debug_assert!(self.is_clear(), "frames are sent one after the other");
        self.unsent = frame;
    }

    /// Waits until bytes have moved in either direction. Cancel-safe.
    pub(crate) async fn moved(&mut self) -> Moved {
        let unsent = !self.unsent.is_empty();
        // Writing first, which ends with the frame, so that reading does not starve.
        tokio::select! {
            biased;
            written = self.send.write(&self.unsent), if unsent => match written {
                Ok(bytes) => {
                    self.unsent.advance(bytes);
                    Moved::Sent
                }
                Err(WriteError::Stopped(_) | WriteError::ClosedStream) => {
                    Moved::Gone { code: None }
                }
                // What the server said last may still be unread; reading tells how it ended.
                Err(WriteError::ConnectionLost(_) | WriteError::ZeroRttRejected) => {
                    self.unsent = Bytes::new();
                    Moved::Sent
                }
            },
            read = self.recv.read_chunk(READ_CHUNK_MAX_BYTES, true) => match read {
                Ok(Some(chunk)) => {
                    self.reader.push(&chunk.bytes);
                    Moved::Received
                }
                Ok(None) => Moved::Gone { code: None },
                Err(cause) => Moved::Gone { code: server_code(&cause) },
            },
        }
    }

    /// Sends what is left and then `last`, waits for as long as [`CLOSE_TIMEOUT`] until the
    /// server has them, and closes.
    pub(crate) async fn farewell(mut self, last: Bytes) {
        let sending = async {
            self.send.write_all(&self.unsent).await.ok()?;
            self.send.write_all(&last).await.ok()?;
            self.send.finish().ok()?;
            self.send.stopped().await.ok()
        };
        // A server that is gone does not need to hear that we are.
        let _heard = tokio::time::timeout(CLOSE_TIMEOUT, sending).await;
        self.close(b"goodbye");
    }

    /// Closes at once.
    pub(crate) fn close(&self, reason: &'static [u8]) {
        self.connection.close(CLOSED, reason);
    }
}

fn server_code(cause: &ReadError) -> Option<u64> {
    match cause {
        ReadError::ConnectionLost(ConnectionError::ApplicationClosed(close)) => {
            Some(close.error_code.into_inner())
        }
        _ => None,
    }
}
