//! Fingerprints: of a state, to compare live with replayed; of a command, to tell a retry from a
//! reused id.

use std::hash::{Hash, Hasher};

use super::command::Body;
use super::state::State;

/// A number that differs, but for chance, whenever two states differ in anything durable.
///
/// The index is left out: it is derived, and compared with its naive twin instead.
pub fn digest(state: &State) -> u64 {
    let mut hasher = Words::default();
    state.durable().hash(&mut hasher);
    hasher.finish()
}

/// A number that differs, but for chance, whenever two requests ask for different things.
pub fn fingerprint(body: &Body) -> u64 {
    let mut hasher = Words::default();
    body.hash(&mut hasher);
    hasher.finish()
}

/// Takes one word at a time: each step is a bijection of what came before, so that two inputs which
/// differ in one word never meet at it. The same on every machine and in every release, unlike the
/// standard library's hashers. Not for untrusted keys of a table; nothing here is one.
#[derive(Default)]
struct Words(u64);

impl Words {
    fn take(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Words {
    fn finish(&self) -> u64 {
        let folded = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        folded ^ (folded >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.take(u64::from_le_bytes(word));
        }
        self.take(bytes.len() as u64);
    }

    fn write_u8(&mut self, i: u8) {
        self.take(u64::from(i));
    }

    fn write_u16(&mut self, i: u16) {
        self.take(u64::from(i));
    }

    fn write_u32(&mut self, i: u32) {
        self.take(u64::from(i));
    }

    fn write_u64(&mut self, i: u64) {
        self.take(i);
    }

    fn write_u128(&mut self, i: u128) {
        self.take(i as u64);
        self.take((i >> 64) as u64);
    }

    fn write_usize(&mut self, i: usize) {
        self.take(i as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VacancyId;

    #[test]
    fn requests_that_differ_have_other_fingerprints() {
        let vacancies = 0..1_000;
        let bodies = vacancies.flat_map(|vacancy| {
            let vacancy = VacancyId(vacancy);
            let rounds = (1..10).map(move |round| Body::Accept { vacancy, round });
            rounds.chain([Body::Release { vacancy }])
        });
        let mut prints: Vec<u64> = bodies.map(|body| fingerprint(&body)).collect();
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), 10_000);
    }

    #[test]
    fn fingerprints_are_those_of_every_machine_and_release() {
        let accept = Body::Accept {
            vacancy: VacancyId(7),
            round: 2,
        };
        assert_eq!(fingerprint(&accept), 0xf671_9967_b7ed_716d);
    }
}
