//! Packets to the shard that knows their session.
//!
//! Sockets that share a port get packets by the hash of the addresses. A phone that goes from Wi-Fi
//! to its mobile network has a new address, and its packets then arrive at a shard that has never
//! heard of the session. So the first byte of every connection id that we give names the shard, and
//! a shard passes on what is not its own. The kernel could do the same with a small BPF program; but
//! only sessions that have moved take this way, and here it works on every system and can be read.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

use crate::limits::STRAYS_MAX;

/// The first bit of a packet that begins a connection. Such packets come from one address, and
/// their connection ids may be the client's.
const LONG_HEADER: u8 = 0x80;

/// A shard's socket, which passes on what belongs to others and takes what others pass on.
#[derive(Debug)]
pub(crate) struct Steered {
    socket: Arc<dyn AsyncUdpSocket>,
    shard: usize,
    bags: Bags,
}

/// What is passed between the shards of one port, by shard.
pub(crate) type Bags = Arc<[Bag]>;

/// Packets for one shard that arrived at others.
#[derive(Debug, Default)]
pub(crate) struct Bag(Mutex<Strays>);

#[derive(Debug, Default)]
struct Strays {
    packets: VecDeque<(Box<[u8]>, RecvMeta)>,
    waiting: Option<Waker>,
}

impl Steered {
    /// The socket of this shard.
    pub(crate) fn new(socket: Arc<dyn AsyncUdpSocket>, shard: usize, bags: Bags) -> Steered {
        Steered {
            socket,
            shard,
            bags,
        }
    }

    /// The other shard that a packet belongs to.
    fn other(&self, packet: &[u8]) -> Option<&Bag> {
        let [first, shard, ..] = packet else {
            return None;
        };
        let shard = usize::from(*shard);
        let is_ours = first & LONG_HEADER != 0 || shard == self.shard;
        if is_ours { None } else { self.bags.get(shard) }
    }

    /// Passes on the packets in `buffer` that belong to others, and closes the gaps.
    fn sort(&self, buffer: &mut [u8], meta: &mut RecvMeta) {
        let (mut at, mut kept) = (0, 0);
        while at < meta.len {
            let end = meta.len.min(at + meta.stride.max(1));
            match self.other(&buffer[at..end]) {
                Some(bag) => bag.put(&buffer[at..end], meta),
                None => {
                    if kept < at {
                        buffer.copy_within(at..end, kept);
                    }
                    kept += end - at;
                }
            }
            at = end;
        }
        meta.len = kept;
    }
}

impl AsyncUdpSocket for Steered {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.socket).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.socket.try_send(transmit)
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let strays = self.bags[self.shard].take(context, buffers, metas);
        if strays > 0 {
            return Poll::Ready(Ok(strays));
        }
        let received = ready!(self.socket.poll_recv(context, buffers, metas))?;
        for (buffer, meta) in buffers.iter_mut().zip(metas).take(received) {
            self.sort(buffer, meta);
        }
        Poll::Ready(Ok(received))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}

impl Bag {
    fn put(&self, packet: &[u8], meta: &RecvMeta) {
        let mut strays = self.strays();
        if strays.packets.len() >= STRAYS_MAX {
            // As at a socket whose buffer is full; it is sent again.
            return;
        }
        let (len, stride) = (packet.len(), packet.len());
        let meta = RecvMeta {
            len,
            stride,
            ..*meta
        };
        strays.packets.push_back((packet.into(), meta));
        if let Some(waiting) = strays.waiting.take() {
            waiting.wake();
        }
    }

    /// Takes what there is; if there is nothing, the caller is woken when there is.
    fn take(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> usize {
        let mut strays = self.strays();
        let mut taken = 0;
        for (buffer, meta) in buffers.iter_mut().zip(metas) {
            let Some((packet, of)) = strays.packets.pop_front() else {
                break;
            };
            // All buffers here are of one size; a packet that were cut would be no packet.
            let len = packet.len().min(buffer.len());
            buffer[..len].copy_from_slice(&packet[..len]);
            *meta = RecvMeta { len, ..of };
            taken += 1;
        }
        if taken == 0 {
            strays.waiting = Some(context.waker().clone());
        }
        taken
    }

    fn strays(&self) -> MutexGuard<'_, Strays> {
        // Nothing panics while it is held, so a poisoned lock still guards a sound value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
