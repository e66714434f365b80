//! The floor of a push: sealed packets through a socket, and an answer to each; and of a question:
//! a datagram that comes straight back.

use std::hint::black_box;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustls::Side;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::quic::{DirectionalKeys, Keys, Suite, Version};

use super::super::BenchError;
use super::super::drive::Core;
use super::super::floor::{histogram, note};

/// A datagram that carries 300 bytes: a short header, a stream frame's own, the bytes, the tag.
const DATAGRAM_BYTES: usize = 335;
/// One that acknowledges it.
const ANSWER_BYTES: usize = 40;
/// Where the number of the session stands, in the place of a connection id.
const ID: std::ops::Range<usize> = 1..9;
/// Where the packet's number stands.
const NUMBER: std::ops::Range<usize> = 9..11;
/// Where the sample for the header's protection begins, and how long it is.
const SAMPLE: std::ops::Range<usize> = 13..29;
const TAG_BYTES: usize = 16;
/// The first byte of a packet with a short header and a number of two bytes.
const SHORT_HEADER: u8 = 0x41;
/// The number of every answer: they are sealed once.
const ANSWER_NUMBER: u64 = 1;
/// Packets between two looks for answers.
const STEP: usize = 128;
/// How long is waited for the next answer before the missing ones are lost.
const ANSWER_WAIT: Duration = Duration::from_millis(500);
/// How often an answerer looks whether all is over.
const LOOK: Duration = Duration::from_millis(100);
/// The longest datagram anybody here takes, in bytes.
const LONGEST: usize = 512;
/// A question and its answer, in bytes.
const ECHO_BYTES: usize = 64;

/// Keys of many sessions, a socket to send from, and others that answer.
pub(super) struct Packets {
    sessions: Vec<Session>,
    socket: UdpSocket,
    shared: Arc<Shared>,
    answerers: Vec<JoinHandle<()>>,
    rounds: u64,
}

struct Session {
    seal: DirectionalKeys,
    open: DirectionalKeys,
    to: SocketAddr,
}

struct Shared {
    /// The answer of each session, sealed.
    answers: Vec<[u8; ANSWER_BYTES]>,
    origin: Instant,
    /// When the last packet arrived, in nanoseconds since the origin.
    last_ns: AtomicU64,
    is_over: AtomicBool,
}

/// What one round took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Round {
    /// On a core, for each packet that was answered, in microseconds.
    pub(super) each_us: f64,
    /// From the first packet until the last had arrived.
    pub(super) took: Duration,
    /// Packets that were not answered.
    pub(super) lost: u64,
}

impl Packets {
    /// Keys of `count` sessions whose packets go to `sockets` addresses.
    pub(super) fn open(count: usize, sockets: usize) -> Result<Packets, BenchError> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let socket = super::socket(anywhere).map_err(|cause| failed(&cause))?;
        let mut ends = Vec::new();
        for _ in 0..sockets {
            ends.push(answering(anywhere).map_err(|cause| failed(&cause))?);
        }
        let mut addresses = Vec::new();
        for end in &ends {
            addresses.push(end.local_addr().map_err(|cause| failed(&cause))?);
        }
        let (mut sessions, mut answers) = (Vec::new(), Vec::new());
        for number in 0..count {
            let (server, client) = keys(number as u64)?;
            answers.push(answer(number as u64, &client)?);
            sessions.push(Session {
                seal: server.local,
                open: server.remote,
                to: addresses[number % sockets],
            });
        }
        let shared = Arc::new(Shared {
            answers,
            origin: Instant::now(),
            last_ns: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let answerers = ends.into_iter().map(|end| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.answer(&end))
        });
        Ok(Packets {
            sessions,
            socket,
            answerers: answerers.collect(),
            shared,
            rounds: 0,
        })
    }

    /// A packet to every session and the answer of each, looked for after every few packets.
    pub(super) fn round(&mut self) -> Result<Round, BenchError> {
        self.rounds += 1;
        let core = Core::own();
        let began = Instant::now();
        let mut answered = 0;
        for number in 0..self.sessions.len() {
            self.send(number)?;
            if number % STEP == STEP - 1 {
                while self.open_answer()? {
                    answered += 1;
                }
            }
        }
        self.socket
            .set_nonblocking(false)
            .map_err(|cause| failed(&cause))?;
        self.socket
            .set_read_timeout(Some(ANSWER_WAIT))
            .map_err(|cause| failed(&cause))?;
        while answered < self.sessions.len() && self.open_answer()? {
            answered += 1;
        }
        self.socket
            .set_nonblocking(true)
            .map_err(|cause| failed(&cause))?;
        let spent = core.spent().unwrap_or_default();
        let last = Duration::from_nanos(self.shared.last_ns.load(Ordering::Relaxed));
        let last = self.shared.origin + last;
        Ok(Round {
            each_us: spent.as_secs_f64() * 1e6 / answered.max(1) as f64,
            took: last.saturating_duration_since(began),
            lost: (self.sessions.len() - answered) as u64,
        })
    }

    fn send(&self, number: usize) -> Result<(), BenchError> {
        let session = &self.sessions[number];
        let mut packet = [3; DATAGRAM_BYTES];
        seal(&mut packet, number as u64, self.rounds, &session.seal)?;
        match self.socket.send_to(&packet, session.to) {
            Ok(_) => Ok(()),
            // A full socket loses packets, which are counted when no answer comes.
            Err(full) if full.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(cause) => Err(failed(&cause)),
        }
    }

    /// Takes and opens an answer; false if there is none.
    fn open_answer(&self) -> Result<bool, BenchError> {
        let mut packet = [0; LONGEST];
        let bytes = match self.socket.recv_from(&mut packet) {
            Ok((bytes, _)) => bytes,
            Err(none) if none.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(cause) => return Err(failed(&cause)),
        };
        let packet = &mut packet[..bytes];
        let Some(session) = session_of(packet).and_then(|number| self.sessions.get(number)) else {
            return Ok(true);
        };
        let (head, rest) = packet.split_at_mut(NUMBER.end);
        let sample = SAMPLE.start - NUMBER.end..SAMPLE.end - NUMBER.end;
        let (first, number) = head.split_at_mut(NUMBER.start);
        let opened = session
            .open
            .header
            .decrypt_in_place(&rest[sample], &mut first[0], number)
            .and_then(|()| {
                let key = &session.open.packet;
                black_box(key.decrypt_in_place(ANSWER_NUMBER, head, rest)?);
                Ok(())
            });
        opened.map_err(|error| sealing(&error))?;
        Ok(true)
    }
}

impl Drop for Packets {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for answerer in self.answerers.drain(..) {
            // One that panicked has said so.
            let _ = answerer.join();
        }
    }
}

impl Shared {
    /// Answers what arrives until all is over.
    fn answer(&self, socket: &UdpSocket) {
        let mut packet = [0; LONGEST];
        while !self.is_over.load(Ordering::Relaxed) {
            let Ok((bytes, from)) = socket.recv_from(&mut packet) else {
                continue;
            };
            let now_ns = self.origin.elapsed().as_nanos() as u64;
            self.last_ns.fetch_max(now_ns, Ordering::Relaxed);
            let number = session_of(&packet[..bytes]);
            if let Some(answer) = number.and_then(|number| self.answers.get(number)) {
                // What is not answered is counted where the answer is waited for.
                let _ = socket.send_to(answer, from);
            }
        }
    }
}

/// How long a datagram takes there and back, waking whoever waits at both ends.
pub(super) fn echo(turns: usize) -> Result<Histogram<u64>, BenchError> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let far = answering(anywhere).map_err(|cause| failed(&cause))?;
    let to = far.local_addr().map_err(|cause| failed(&cause))?;
    let near = UdpSocket::bind(anywhere).map_err(|cause| failed(&cause))?;
    near.set_read_timeout(Some(ANSWER_WAIT))
        .map_err(|cause| failed(&cause))?;
    let echoing = thread::spawn(move || {
        let mut packet = [0; LONGEST];
        for _ in 0..turns {
            let Ok((bytes, from)) = far.recv_from(&mut packet) else {
                return;
            };
            // One that gets no answer waits in vain, and says so.
            let _ = far.send_to(&packet[..bytes], from);
        }
    });
    let mut taken = histogram();
    let mut packet = [0; LONGEST];
    for _ in 0..turns {
        let began = Instant::now();
        near.send_to(&[7; ECHO_BYTES], to)
            .map_err(|cause| failed(&cause))?;
        near.recv_from(&mut packet)
            .map_err(|cause| failed(&cause))?;
        note(&mut taken, began.elapsed().as_nanos() as u64, 1);
    }
    // It has answered as often as it was asked to.
    let _ = echoing.join();
    Ok(taken)
}

/// A socket at which somebody waits, but not for ever.
fn answering(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = super::socket(listen)?;
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(LOOK))?;
    Ok(socket)
}

/// Keys of one session, the server's and the client's.
fn keys(number: u64) -> Result<(Keys, Keys), BenchError> {
    let tls = TLS13_AES_128_GCM_SHA256.tls13();
    let suite: Option<Suite> = tls.and_then(|tls| tls.quic_suite());
    let suite = suite.ok_or(BenchError::Floor {
        what: "the cryptography has no keys for QUIC".to_owned(),
    })?;
    let id = number.to_be_bytes();
    let of = |side| suite.keys(&id, side, Version::V1);
    Ok((of(Side::Server), of(Side::Client)))
}

fn answer(number: u64, keys: &Keys) -> Result<[u8; ANSWER_BYTES], BenchError> {
    let mut packet = [0; ANSWER_BYTES];
    seal(&mut packet, number, ANSWER_NUMBER, &keys.local)?;
    Ok(packet)
}

/// Makes `packet` one of this session with this number: header, payload, tag, protection.
fn seal(
    packet: &mut [u8],
    session: u64,
    number: u64,
    keys: &DirectionalKeys,
) -> Result<(), BenchError> {
    packet[0] = SHORT_HEADER;
    packet[ID].copy_from_slice(&session.to_be_bytes());
    packet[NUMBER].copy_from_slice(&(number as u16).to_be_bytes());
    let (head, rest) = packet.split_at_mut(NUMBER.end);
    let (payload, tag) = rest.split_at_mut(rest.len() - TAG_BYTES);
    let sealed = keys.packet.encrypt_in_place(number, head, payload);
    tag.copy_from_slice(sealed.map_err(|error| sealing(&error))?.as_ref());
    let sample = SAMPLE.start - NUMBER.end..SAMPLE.end - NUMBER.end;
    let (first, number) = head.split_at_mut(NUMBER.start);
    let protected = keys
        .header
        .encrypt_in_place(&rest[sample], &mut first[0], number);
    protected.map_err(|error| sealing(&error))
}

/// Whose packet this is: the number stands in the open.
fn session_of(packet: &[u8]) -> Option<usize> {
    let id = packet.get(ID)?.try_into().ok()?;
    usize::try_from(u64::from_be_bytes(id)).ok()
}

fn failed(cause: &io::Error) -> BenchError {
    BenchError::Floor {
        what: cause.to_string(),
    }
}

fn sealing(error: &rustls::Error) -> BenchError {
    BenchError::Floor {
        what: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_is_answered_and_opened() {
        let mut packets = Packets::open(300, 2).unwrap();
        for _ in 0..2 {
            let round = packets.round().unwrap();
            assert_eq!(round.lost, 0, "{round:?}");
            assert!(round.each_us > 0.0 && !round.took.is_zero(), "{round:?}");
        }
    }

    #[test]
    fn an_answer_of_another_session_does_not_open() {
        let (server, _) = keys(1).unwrap();
        let (_, other) = keys(2).unwrap();
        let mut packet = answer(1, &other).unwrap();
        let (head, rest) = packet.split_at_mut(NUMBER.end);
        let opened = server
            .remote
            .packet
            .decrypt_in_place(ANSWER_NUMBER, head, rest);
        assert!(opened.is_err());
    }

    #[test]
    fn a_datagram_comes_back() {
        assert_eq!(echo(20).unwrap().len(), 20);
    }
}
