//! A network in memory and in virtual time: datagrams are lost, delayed, overtaken and doubled,
//! whole addresses are cut off, and what the world sees of an address changes.
//!
//! What happens to a datagram follows from the seed, from its link and from its place on that link.
//! So it does not depend on what other links carry, and the same seed does the same again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant as StdInstant};

use loadgen::seed::{Fingerprint, SplitMix64, derive, derive_nth};
use quinn::udp::{EcnCodepoint, RecvMeta, Transmit};
use quinn::{AsyncTimer, AsyncUdpSocket, Runtime, UdpPoller};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Where the server listens.
pub(crate) const SERVER: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
    7117,
);

/// How long a datagram stays away that the network forgot for a while, in milliseconds.
const STALL_MS_MAX: u64 = 1_500;

/// What a network does to datagrams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) loss_permille: u16,
    pub(crate) double_permille: u16,
    /// Datagrams that stay away for a while.
    pub(crate) stall_permille: u16,
    /// The shortest way, and how much longer another may be, in milliseconds.
    pub(crate) delay_ms: u64,
    pub(crate) jitter_ms: u64,
}

impl Weather {
    /// Nothing goes wrong.
    pub(crate) const CALM: Weather = Weather {
        loss_permille: 0,
        double_permille: 0,
        stall_permille: 0,
        delay_ms: 5,
        jitter_ms: 0,
    };
}

/// Which ways of a cut address are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Both,
    Outwards,
    Inwards,
}

/// How often each thing happened to a datagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) stalled: u64,
    pub(crate) overtaken: u64,
    pub(crate) cut_both: u64,
    pub(crate) cut_outwards: u64,
    pub(crate) cut_inwards: u64,
    /// Sent to an address behind which nobody is any more.
    pub(crate) unreachable: u64,
    /// Addresses that the world saw change.
    pub(crate) moved: u64,
}

/// The network; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    inside: Arc<Mutex<Inside>>,
    began: Instant,
    /// Rung whenever a datagram reaches the server.
    pub(crate) server_reached: Arc<Notify>,
}

#[derive(Debug)]
struct Inside {
    seed: u64,
    weather: Weather,
    /// Who hears what is sent to an address, as the world sees it.
    hosts: BTreeMap<SocketAddr, Arc<Socket>>,
    /// What the world sees of an address that is not seen as it is.
    seen_as: BTreeMap<SocketAddr, SocketAddr>,
    moves: u16,
    cuts: BTreeMap<SocketAddr, Cut>,
    links: BTreeMap<(SocketAddr, SocketAddr), Link>,
    trace: Fingerprint,
    carried: Carried,
}

#[derive(Debug, Default)]
struct Link {
    sent: u64,
    delivered_last: u64,
}

impl Network {
    pub(crate) fn new(seed: u64, weather: Weather) -> Network {
        let inside = Inside {
            seed: derive(seed, "network"),
            weather,
            hosts: BTreeMap::new(),
            seen_as: BTreeMap::new(),
            moves: 0,
            cuts: BTreeMap::new(),
            links: BTreeMap::new(),
            trace: Fingerprint::default(),
            carried: Carried::default(),
        };
        Network {
            inside: Arc::new(Mutex::new(inside)),
            began: Instant::now(),
            server_reached: Arc::default(),
        }
    }

    /// A socket at `address`. One that was there before hears and says nothing any more.
    pub(crate) fn socket(&self, address: SocketAddr) -> Arc<Socket> {
        let socket = Arc::new(Socket {
            network: self.clone(),
            address,
            inbox: Mutex::default(),
        });
        let mut inside = self.inside();
        inside.seen_as.remove(&address);
        inside.hosts.insert(address, Arc::clone(&socket));
        drop(inside);
        socket
    }

    /// Whoever is at `address` is gone.
    pub(crate) fn remove(&self, address: SocketAddr) {
        let mut inside = self.inside();
        let seen = inside.seen(address);
        inside.hosts.remove(&seen);
        inside.seen_as.remove(&address);
        inside.cuts.remove(&address);
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        self.inside().weather = weather;
    }

    pub(crate) fn cut(&self, address: SocketAddr, cut: Cut) {
        self.inside().cuts.insert(address, cut);
    }

    pub(crate) fn mend(&self, address: SocketAddr) {
        self.inside().cuts.remove(&address);
    }

    pub(crate) fn mend_all(&self) {
        self.inside().cuts.clear();
    }

    /// The world sees whoever is at `address` somewhere else from now on, without their knowing, as
    /// a phone that leaves the house or a translator that forgets.
    pub(crate) fn change_address(&self, address: SocketAddr) {
        let mut inside = self.inside();
        let before = inside.seen(address);
        let Some(socket) = inside.hosts.remove(&before) else {
            return;
        };
        inside.moves += 1;
        inside.carried.moved += 1;
        let after = SocketAddr::from(([172, 16, 0, 1], 20_000 + inside.moves));
        inside.hosts.insert(after, socket);
        inside.seen_as.insert(address, after);
    }

    /// Adds a line to the trace of the run, with the time.
    pub(crate) fn note(&self, line: impl std::fmt::Display) {
        let at_us = self.began.elapsed().as_micros();
        writeln!(self.inside().trace, "{at_us} {line}").expect("a fingerprint takes everything");
    }

    /// What everything so far comes to.
    pub(crate) fn trace(&self) -> u64 {
        self.inside().trace.value()
    }

    pub(crate) fn carried(&self) -> Carried {
        self.inside().carried
    }

    fn send(&self, from: &Socket, transmit: &Transmit<'_>) {
        let mut inside = self.inside();
        let seen = inside.seen(from.address);
        let is_there = inside
            .hosts
            .get(&seen)
            .is_some_and(|host| std::ptr::eq(&**host, from));
        if !is_there {
            return;
        }
        let datagram = Datagram {
            from: seen,
            to: transmit.destination,
            ecn: transmit.ecn,
            bytes: transmit.contents.to_vec(),
        };
        inside.carried.sent += 1;
        let delays = inside.fate(from.address, &datagram);
        drop(inside);
        let bytes = datagram.bytes.len();
        self.note(format_args!("{seen} > {} {bytes} {delays:?}", datagram.to));
        for (number, delay_ms) in delays {
            let (network, datagram) = (self.clone(), datagram.clone());
            let due = Instant::now() + Duration::from_millis(delay_ms);
            tokio::spawn(async move {
                sleep_until(due).await;
                network.deliver(number, datagram);
            });
        }
    }

    fn deliver(&self, number: u64, datagram: Datagram) {
        let mut inside = self.inside();
        let (from, to) = (datagram.from, datagram.to);
        let Some(host) = inside.hosts.get(&to).cloned() else {
            inside.carried.unreachable += 1;
            return;
        };
        match inside.cuts.get(&host.address) {
            Some(Cut::Both) => return inside.carried.cut_both += 1,
            Some(Cut::Inwards) => return inside.carried.cut_inwards += 1,
            Some(Cut::Outwards) | None => {}
        }
        inside.carried.delivered += 1;
        let link = inside.links.entry((from, to)).or_default();
        let is_overtaken = number < link.delivered_last;
        link.delivered_last = link.delivered_last.max(number);
        inside.carried.overtaken += u64::from(is_overtaken);
        drop(inside);
        self.note(format_args!("{from} < {to} {}", datagram.bytes.len()));
        host.receive(datagram);
        if to == SERVER {
            self.server_reached.notify_one();
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn seen(&self, address: SocketAddr) -> SocketAddr {
        self.seen_as.get(&address).copied().unwrap_or(address)
    }

    /// After how many milliseconds each copy of the datagram arrives, and its place on its link.
    fn fate(&mut self, host: SocketAddr, datagram: &Datagram) -> Vec<(u64, u64)> {
        match self.cuts.get(&host) {
            Some(Cut::Both) => {
                self.carried.cut_both += 1;
                return Vec::new();
            }
            Some(Cut::Outwards) => {
                self.carried.cut_outwards += 1;
                return Vec::new();
            }
            Some(Cut::Inwards) | None => {}
        }
        let link = self.links.entry((datagram.from, datagram.to)).or_default();
        link.sent += 1;
        let number = link.sent;
        let name = format!("{} {}", datagram.from, datagram.to);
        let mut dice = SplitMix64::new(derive_nth(derive(self.seed, &name), number));
        let weather = self.weather;
        if dice.chance(weather.loss_permille) {
            self.carried.lost += 1;
            return Vec::new();
        }
        let is_doubled = dice.chance(weather.double_permille);
        self.carried.doubled += u64::from(is_doubled);
        let mut copies = Vec::new();
        for _ in 0..=u64::from(is_doubled) {
            let mut delay_ms = weather.delay_ms + dice.between(0, weather.jitter_ms);
            if dice.chance(weather.stall_permille) {
                self.carried.stalled += 1;
                delay_ms += dice.between(1, STALL_MS_MAX);
            }
            copies.push((number, delay_ms));
        }
        copies
    }
}

#[derive(Debug, Clone)]
struct Datagram {
    from: SocketAddr,
    to: SocketAddr,
    ecn: Option<EcnCodepoint>,
    bytes: Vec<u8>,
}

/// One address, as quinn sees it.
#[derive(Debug)]
pub(crate) struct Socket {
    network: Network,
    address: SocketAddr,
    inbox: Mutex<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    arrived: VecDeque<Datagram>,
    waker: Option<Waker>,
}

impl Socket {
    fn receive(&self, datagram: Datagram) {
        let mut inbox = self.inbox();
        inbox.arrived.push_back(datagram);
        if let Some(waker) = inbox.waker.take() {
            waker.wake();
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.network.send(self, transmit);
        Ok(())
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut inbox = self.inbox();
        let Some(datagram) = inbox.arrived.pop_front() else {
            inbox.waker = Some(context.waker().clone());
            return Poll::Pending;
        };
        let length = datagram.bytes.len();
        buffers[0][..length].copy_from_slice(&datagram.bytes);
        meta[0] = RecvMeta {
            addr: datagram.from,
            len: length,
            stride: length,
            ecn: datagram.ecn,
            ..RecvMeta::default()
        };
        Poll::Ready(Ok(1))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The network takes whatever is sent.
#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Tokio's time and tasks, which is virtual time where the clock is paused.
#[derive(Debug)]
pub(crate) struct VirtualTime;

impl Runtime for VirtualTime {
    fn new_timer(&self, due: StdInstant) -> Pin<Box<dyn AsyncTimer>> {
        Box::pin(sleep_until(Instant::from_std(due)))
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(future);
    }

    fn wrap_udp_socket(&self, _: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Err(io::Error::other("there are no sockets of the system here"))
    }

    fn now(&self) -> StdInstant {
        Instant::now().into_std()
    }
}
