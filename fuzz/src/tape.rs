//! An input read from front to back as numbers. Where it ends, zeros follow.

/// The part of an input that has not been read.
pub(super) struct Tape<'a>(pub(super) &'a [u8]);

impl<'a> Tape<'a> {
    pub(super) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub(super) fn short(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(super) fn long(&mut self) -> i64 {
        i64::from_le_bytes(self.array())
    }

    /// A number below `bound`; zero if nothing is below it.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.short()).checked_rem(bound).unwrap_or(0)
    }

    /// The next `length` bytes, or as many as are left.
    pub(super) fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let bytes = self.bytes(N);
        array[..bytes.len()].copy_from_slice(bytes);
        array
    }
}
