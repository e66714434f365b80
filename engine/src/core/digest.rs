//! Fingerprints: of a state, to compare live with replayed; of a command, to tell a retry from a
//! reused id.

use std::hash::{Hash, Hasher};

use super::command::Body;
use super::state::State;

/// A number that differs, but for chance, whenever two states differ in anything durable.
///
/// The index is left out: it is derived, and compared with its naive twin instead.
pub fn digest(state: &State) -> u64 {
    let mut hasher = Fnv::new();
    state.durable().hash(&mut hasher);
    hasher.finish()
}

/// A number that differs, but for chance, whenever two requests ask for different things.
pub fn fingerprint(body: &Body) -> u64 {
    let mut hasher = Fnv::new();
    body.hash(&mut hasher);
    hasher.finish()
}

/// FNV-1a over 64 bits: the same on every machine and in every release, unlike the standard
/// library's hashers. Not for untrusted keys of a table; nothing here is one.
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
