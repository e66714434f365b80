//! The floor: what the volume takes for one write and one sync, with nothing above it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hdrhistogram::Histogram;

use super::report::{FloorReport, Spread};
use super::{BenchError, folder_error};

/// Length of one durable write of the unit `t_sync`, in bytes.
pub(super) const SYNC_BYTES: usize = 4 << 10;
/// Longer writes that are looked at once, in bytes.
const LONG_BYTES: [usize; 2] = [64 << 10, 1 << 20];
/// Length of the file that is written to, in bytes. It is zero-filled first, so that a sync has
/// no blocks to allocate.
const FILE_BYTES: usize = 32 << 20;
/// Syncs of each longer write.
const LONG_SYNCS: u32 = 30;

/// A pre-zeroed file on the volume, and every sync measured on it.
pub(super) struct Floor {
    file: File,
    path: PathBuf,
    offset: usize,
    page: Vec<u8>,
    /// In nanoseconds.
    all: Histogram<u64>,
    /// The median of each look, in nanoseconds.
    looks_ns: Vec<u64>,
    syncs: u32,
}

/// The median of so many `syncs` of [`SYNC_BYTES`] on a file in `folder`, in microseconds.
///
/// # Errors
/// The folder cannot be written.
pub fn sync_us(folder: &Path, syncs: u32) -> Result<f64, BenchError> {
    let taken = Floor::open(folder, syncs)?.sample(SYNC_BYTES, syncs)?;
    Ok(taken.value_at_quantile(0.5) as f64 / 1e3)
}

/// What `t_sync` was while a row was measured, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Looks(Vec<u64>);

impl Floor {
    /// Prepares a floor in `folder`, with so many `syncs` at each look.
    pub(super) fn open(folder: &Path, syncs: u32) -> Result<Floor, BenchError> {
        let path = folder.join("floor");
        let failed = |cause| folder_error("write", &path, cause);
        let file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let zeros = vec![0; LONG_BYTES[1]];
        for offset in (0..FILE_BYTES).step_by(zeros.len()) {
            file.write_all_at(&zeros, offset as u64).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        let mut floor = Floor {
            file,
            path,
            offset: 0,
            page: vec![0xa5; LONG_BYTES[1]],
            all: histogram(),
            looks_ns: Vec::new(),
            syncs,
        };
        // The first syncs of a file pay for what its creation left undone.
        floor.sample(SYNC_BYTES, syncs)?;
        Ok(floor)
    }

    /// Measures `t_sync` once more, for `looks` and for the run.
    pub(super) fn look(&mut self, looks: &mut Looks) -> Result<(), BenchError> {
        let taken = self.sample(SYNC_BYTES, self.syncs)?;
        looks.0.push(taken.value_at_quantile(0.5));
        self.looks_ns.push(taken.value_at_quantile(0.5));
        let added = self.all.add(&taken);
        added.expect("both histograms have the same precision and grow as needed");
        Ok(())
    }

    /// Everything that was measured, and the longer writes.
    pub(super) fn report(&mut self) -> Result<FloorReport, BenchError> {
        let mut longer = Vec::new();
        for bytes in LONG_BYTES {
            let taken = self.sample(bytes, LONG_SYNCS)?;
            longer.push((bytes, Spread::of(&taken)));
        }
        let us = |ns: Option<&u64>| ns.map_or(0.0, |ns| *ns as f64 / 1e3);
        Ok(FloorReport {
            t_sync: Spread::of(&self.all),
            syncs: self.all.len(),
            lowest_look_us: us(self.looks_ns.iter().min()),
            highest_look_us: us(self.looks_ns.iter().max()),
            append_64_kib: longer[0].1,
            append_1_mib: longer[1].1,
        })
    }

    fn sample(&mut self, bytes: usize, syncs: u32) -> Result<Histogram<u64>, BenchError> {
        let mut taken = histogram();
        for _ in 0..syncs {
            if self.offset + bytes > FILE_BYTES {
                self.offset = 0;
            }
            let began = Instant::now();
            let written = self
                .file
                .write_all_at(&self.page[..bytes], self.offset as u64);
            written
                .and_then(|()| self.file.sync_data())
                .map_err(|cause| folder_error("write", &self.path, cause))?;
            note(&mut taken, began.elapsed().as_nanos() as u64, 1);
            self.offset += bytes;
        }
        Ok(taken)
    }
}

impl Looks {
    /// The median look, in nanoseconds.
    pub(super) fn t_sync_ns(&self) -> f64 {
        median(self.0.iter().map(|ns| *ns as f64)).max(1.0)
    }
}

/// An empty histogram of nanoseconds, exact to three digits.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are among those that the histogram takes")
}

/// Notes `count` values of `ns`.
pub(super) fn note(histogram: &mut Histogram<u64>, ns: u64, count: u64) {
    let noted = histogram.record_n(ns, count);
    noted.expect("the histogram grows as needed");
}

/// The middle of `values`; of an even number, the mean of both; of none, zero.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
