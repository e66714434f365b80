//! The floor of pushing: one loop over quinn-proto with one socket and nothing else.
//!
//! It lets everybody in, says that nothing stands, and pushes one offer to all for each line that
//! it is told. No task, lock, queue or channel of a session, no engine, no log: what a dispatcher
//! spends beyond this is what it does beyond this.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use protocol::frame::encode;
use protocol::{Cursor, Push, Role, ServerMessage, Welcome};
use quinn_proto::crypto::rustls::QuicServerConfig;
use quinn_proto::{
    Connection, ConnectionHandle, DatagramEvent, Dir, Endpoint, EndpointConfig, Event,
    RandomConnectionIdGenerator, StreamEvent, StreamId, TransportConfig, VarInt,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::offer;
use crate::identity::Identity;

/// Sessions pushed to between two looks at the socket: with more, acknowledgements wait until both
/// sides take packets for lost.
const STEP: usize = 128;
/// Datagrams taken at a time before what they led to is sent.
const TAKEN_AT_ONCE: usize = 64;
/// The longest datagram, in bytes.
const DATAGRAM_BYTES: usize = 2_048;
/// Memory that received datagrams are cut from, in bytes.
const POOL_BYTES: usize = 64 << 10;
/// When to look again where no timer runs.
const NOTHING_DUE: Duration = Duration::from_secs(3_600);
/// Transport, as the dispatcher has it.
const BIDI_STREAMS: u32 = 8;
const UNI_STREAMS: u32 = 3;
const STREAM_WINDOW: u32 = 16 << 10;
const CONNECTION_WINDOW: u32 = 64 << 10;
const SEND_WINDOW: u64 = 64 << 10;
const CRYPTO_BUFFER: usize = 8 << 10;
const IDLE_MS: u32 = 60_000;
const INITIAL_RTT: Duration = Duration::from_millis(100);
const CONNECTION_ID_BYTES: usize = 8;
/// How long everybody may stay, in microseconds.
const STAY_US: i64 = 900_000_000;

/// The loop and everything in it.
pub(super) struct Driver {
    socket: UdpSocket,
    endpoint: Endpoint,
    sessions: Vec<Option<Box<Session>>>,
    /// Sessions that something happened to since they were driven.
    touched: Vec<usize>,
    /// When which session wants to be woken; what a session's own `due` does not say is stale.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    pool: BytesMut,
    outgoing: Vec<u8>,
    pushed: u64,
}

struct Session {
    connection: Connection,
    stream: Option<StreamId>,
    is_touched: bool,
    due: Option<Instant>,
}

impl Driver {
    pub(super) fn bind(listen: SocketAddr, identity: Identity) -> io::Result<Driver> {
        let mut config = EndpointConfig::default();
        config.cid_generator(|| Box::new(RandomConnectionIdGenerator::new(CONNECTION_ID_BYTES)));
        let server = server_config(identity).map_err(io::Error::other)?;
        Ok(Driver {
            socket: UdpSocket::from_std(super::socket(listen)?)?,
            endpoint: Endpoint::new(Arc::new(config), Some(Arc::new(server)), false, None),
            sessions: Vec::new(),
            touched: Vec::new(),
            timers: BinaryHeap::new(),
            pool: BytesMut::with_capacity(POOL_BYTES),
            outgoing: Vec::with_capacity(DATAGRAM_BYTES),
            pushed: 0,
        })
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `lines` end; each line is a push.
    pub(super) async fn run(mut self, mut lines: mpsc::Receiver<()>) -> io::Result<()> {
        loop {
            let due = self.timers.peek().map(|Reverse((due, _))| *due);
            let due = due.unwrap_or_else(|| Instant::now() + NOTHING_DUE);
            tokio::select! {
                ready = self.socket.readable() => ready?,
                line = lines.recv() => match line {
                    Some(()) => self.push().await,
                    None => return Ok(()),
                },
                () = tokio::time::sleep_until(due.into()) => {}
            }
            self.look();
        }
    }

    /// Pushes one offer to everybody.
    async fn push(&mut self) {
        self.pushed += 1;
        let cursor = Cursor {
            sequence: self.pushed,
            step: 0,
        };
        let news = offer(self.pushed);
        let frame = frame(&ServerMessage::Push(Push { cursor, news }));
        let mut next = 0;
        while next < self.sessions.len() {
            let step = next..self.sessions.len().min(next + STEP);
            next = step.end;
            for number in step {
                let Some(Some(session)) = self.sessions.get_mut(number) else {
                    continue;
                };
                if let Some(stream) = session.stream {
                    write(&mut session.connection, stream, frame.clone());
                    self.transmit(number, Instant::now());
                    self.arm(number);
                }
            }
            // The runtime learns here whether the socket has something.
            tokio::task::yield_now().await;
            self.look();
        }
    }

    /// Takes what has arrived and attends to what is due.
    fn look(&mut self) {
        while self.receive() == TAKEN_AT_ONCE {}
        let now = Instant::now();
        while let Some(Reverse((due, number))) = self.timers.peek().copied() {
            if due > now {
                break;
            }
            self.timers.pop();
            if let Some(Some(session)) = self.sessions.get_mut(number)
                && session.due == Some(due)
            {
                session.due = None;
                session.connection.handle_timeout(now);
                self.touch(number);
            }
        }
        self.drive_touched(now);
    }

    /// Takes some datagrams, and says how many.
    fn receive(&mut self) -> usize {
        let mut buffer = [0; DATAGRAM_BYTES];
        let mut taken = 0;
        let now = Instant::now();
        while taken < TAKEN_AT_ONCE {
            let Ok((bytes, from)) = self.socket.try_recv_from(&mut buffer) else {
                break;
            };
            taken += 1;
            if self.pool.capacity() < bytes {
                self.pool = BytesMut::with_capacity(POOL_BYTES);
            }
            self.pool.extend_from_slice(&buffer[..bytes]);
            let datagram = self.pool.split();
            self.outgoing.clear();
            let outgoing = &mut self.outgoing;
            match self
                .endpoint
                .handle(now, from, None, None, datagram, outgoing)
            {
                Some(DatagramEvent::ConnectionEvent(ConnectionHandle(number), event)) => {
                    if let Some(Some(session)) = self.sessions.get_mut(number) {
                        session.connection.handle_event(event);
                        self.touch(number);
                    }
                }
                Some(DatagramEvent::NewConnection(incoming)) => {
                    let accepted = self.endpoint.accept(incoming, now, outgoing, None);
                    if let Ok((ConnectionHandle(number), connection)) = accepted {
                        self.enter(number, connection);
                    }
                }
                Some(DatagramEvent::Response(response)) => {
                    // What the system has no room for is lost, as packets are.
                    let response_bytes = &self.outgoing[..response.size];
                    let _ = self.socket.try_send_to(response_bytes, from);
                }
                None => {}
            }
        }
        self.drive_touched(now);
        taken
    }

    fn enter(&mut self, number: usize, connection: Connection) {
        if self.sessions.len() <= number {
            self.sessions.resize_with(number + 1, || None);
        }
        self.sessions[number] = Some(Box::new(Session {
            connection,
            stream: None,
            is_touched: false,
            due: None,
        }));
        self.touch(number);
    }

    fn touch(&mut self, number: usize) {
        if let Some(Some(session)) = self.sessions.get_mut(number)
            && !std::mem::replace(&mut session.is_touched, true)
        {
            self.touched.push(number);
        }
    }

    fn drive_touched(&mut self, now: Instant) {
        while let Some(number) = self.touched.pop() {
            if self.drive(number) {
                self.transmit(number, now);
                self.arm(number);
            } else {
                self.sessions[number] = None;
            }
        }
    }

    /// Hears what a session has to say; false at its end.
    fn drive(&mut self, number: usize) -> bool {
        let Some(Some(session)) = self.sessions.get_mut(number) else {
            return false;
        };
        session.is_touched = false;
        let connection = &mut session.connection;
        loop {
            while let Some(event) = connection.poll_endpoint_events() {
                let is_over = event.is_drained();
                let answer = self.endpoint.handle_event(ConnectionHandle(number), event);
                if is_over {
                    return false;
                }
                if let Some(answer) = answer {
                    connection.handle_event(answer);
                }
            }
            match connection.poll() {
                Some(Event::Stream(StreamEvent::Opened { dir: Dir::Bi })) => {
                    if let Some(stream) = connection.streams().accept(Dir::Bi) {
                        // Whatever the first words are, they are a hello.
                        read(connection, stream);
                        write(connection, stream, welcome());
                        session.stream = Some(stream);
                    }
                }
                Some(Event::Stream(StreamEvent::Readable { id })) => read(connection, id),
                Some(Event::ConnectionLost { .. }) => session.stream = None,
                Some(_) => {}
                None => return true,
            }
        }
    }

    fn transmit(&mut self, number: usize, now: Instant) {
        let Some(Some(session)) = self.sessions.get_mut(number) else {
            return;
        };
        loop {
            self.outgoing.clear();
            let sent = session.connection.poll_transmit(now, 1, &mut self.outgoing);
            let Some(sent) = sent else { break };
            let datagram = &self.outgoing[..sent.size];
            // What the system has no room for is lost, as packets are.
            let _ = self.socket.try_send_to(datagram, sent.destination);
        }
    }

    fn arm(&mut self, number: usize) {
        let Some(Some(session)) = self.sessions.get_mut(number) else {
            return;
        };
        let due = session.connection.poll_timeout();
        if due != session.due {
            session.due = due;
            self.timers.extend(due.map(|due| Reverse((due, number))));
        }
    }
}

fn server_config(identity: Identity) -> Result<quinn_proto::ServerConfig, String> {
    let tls = super::handshake::server_tls(identity.chain, identity.key)?;
    let crypto = QuicServerConfig::try_from(tls).map_err(|error| error.to_string())?;
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(BIDI_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(SEND_WINDOW)
        .crypto_buffer_size(CRYPTO_BUFFER)
        .max_idle_timeout(Some(VarInt::from_u32(IDLE_MS).into()))
        .initial_rtt(INITIAL_RTT)
        .mtu_discovery_config(None)
        .send_fairness(false)
        .datagram_receive_buffer_size(None);
    let mut config = quinn_proto::ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// What everybody hears first: they are known, and nothing stands.
fn welcome() -> Bytes {
    let now_us = crate::clock::now_us();
    let welcome = ServerMessage::Welcome(Welcome {
        session: 0,
        subject: String::new(),
        agency: None,
        role: Role::Officer,
        resumed: false,
        server_time_us: now_us,
        token_expires_us: now_us + STAY_US,
    });
    let cursor = Cursor {
        sequence: 0,
        step: 0,
    };
    let synced = frame(&ServerMessage::Synced { cursor });
    Bytes::from([frame(&welcome), synced].concat())
}

fn frame(message: &ServerMessage) -> Bytes {
    encode(message).expect("a welcome and an offer are far below the largest frame")
}

/// Writes a frame. A client that does not read it all in time is none of a bench of this floor.
fn write(connection: &mut Connection, stream: StreamId, frame: Bytes) {
    // A session that is ending takes nothing any more.
    let _ = connection.send_stream(stream).write_chunks(&mut [frame]);
}

/// Takes what a client says and forgets it.
fn read(connection: &mut Connection, stream: StreamId) {
    let mut stream = connection.recv_stream(stream);
    let Ok(mut chunks) = stream.read(true) else {
        return;
    };
    while let Ok(Some(_)) = chunks.next(usize::MAX) {}
    // The window that this opens is told with the next packet.
    let _ = chunks.finalize();
}
