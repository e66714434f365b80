//! What became of the packets of connections that have ended.

use std::sync::atomic::{AtomicU64, Ordering};

/// Packets of connections that have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Packets {
    /// How many were sent.
    pub sent: u64,
    /// How many of them were taken for lost, and what they carried sent again. Where nothing is
    /// lost on the way, the acknowledgement came too late.
    pub lost: u64,
}

/// The sum over the connections of an endpoint.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    sent: AtomicU64,
    lost: AtomicU64,
}

impl Sum {
    pub(crate) fn add(&self, packets: Packets) {
        self.sent.fetch_add(packets.sent, Ordering::Relaxed);
        self.lost.fetch_add(packets.lost, Ordering::Relaxed);
    }

    pub(crate) fn so_far(&self) -> Packets {
        Packets {
            sent: self.sent.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }
}
