//! Judging what a stopped log holds: the end, a torn tail, or damage. Nothing is changed here.
//!
//! The rules, in the order in which they are applied where no sound batch is found:
//! 1. A later segment continues here: go on there.
//! 2. A later segment exists, or the mark or a snapshot says that more was durable: damage.
//! 3. A sound batch further on was written when this place was durable already: damage.
//! 4. Only zeros follow: the clean end.
//! 5. Otherwise a crash tore the last batch, which nobody had been told of: a torn tail.

use std::sync::Arc;

use super::reader::{Batch, BatchInfo, Chain, Found, SegmentReader};
use super::record::{Damage, MarkSlot, SECTOR_BYTES};
use super::segment::{Folder, SegmentFile};
use super::{Corruption, OpenError};
use crate::io::Storage;
use crate::model::Sequence;

/// A walk over all batches from a segment on.
pub(super) struct Scan {
    storage: Arc<dyn Storage>,
    segments: Vec<SegmentFile>,
    mark: MarkSlot,
    /// The last record that is known to have been durable.
    floor: Sequence,
    /// From which record on records are handed out.
    from: Sequence,
    chain: Chain,
    at: usize,
    reader: Option<SegmentReader>,
    tail: Option<Tail>,
}

/// How the log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    /// What the next batch has to continue.
    pub(super) chain: Chain,
    /// The segment that the next batch goes to and its place there, if it has room for any.
    pub(super) active: Option<(SegmentFile, u64)>,
    /// A last segment whose header never became durable.
    pub(super) unborn: Option<SegmentFile>,
    /// What a crash left of batches that nobody was told of.
    pub(super) torn: Vec<TornRange>,
}

/// Bytes that are not zero and not a batch: `offset..end` of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TornRange {
    pub(super) file: SegmentFile,
    pub(super) offset: u64,
    pub(super) end: u64,
}

impl Scan {
    /// Starts in the segment that holds `after`, so as to hand out the records behind it. Besides
    /// what the mark says, everything up to `snapshot` is known to have been durable.
    pub(super) fn start(
        storage: Arc<dyn Storage>,
        folder: &Folder,
        mark: MarkSlot,
        snapshot: Sequence,
        after: Sequence,
    ) -> Result<Scan, OpenError> {
        let chain = Chain {
            identity: mark.identity,
            next: Sequence(1),
            previous: 0,
        };
        let floor = mark.sequence.max(snapshot);
        let mut scan = Scan {
            storage,
            segments: Vec::new(),
            mark,
            floor,
            from: after.next(),
            chain,
            at: 0,
            reader: None,
            tail: None,
        };
        // The segment with the last record before the start is read too: it tells what the first
        // one behind has to continue.
        let wanted = after.max(Sequence(1));
        match folder.holding(wanted) {
            Some(index) => scan.segments = folder.segments[index..].to_vec(),
            None => match folder.segments.first() {
                Some(file) => {
                    let what = Damage::Order { found: file.first };
                    return Err(corrupt(&file.name, 0, wanted, what));
                }
                None if floor > Sequence::ZERO => {
                    let name = super::segment::segment_name(wanted);
                    return Err(corrupt(
                        &name,
                        0,
                        wanted,
                        Damage::Missing { durable: floor },
                    ));
                }
                None => {
                    scan.tail = Some(Tail {
                        chain,
                        active: None,
                        unborn: None,
                        torn: Vec::new(),
                    });
                    return Ok(scan);
                }
            },
        }
        let first = scan.segments[0].first;
        if first > Sequence(1) {
            scan.adopt()?;
        } else {
            scan.enter(0)?;
        }
        Ok(scan)
    }

    /// Hands out all records from the first segment on, also those before the start.
    pub(super) fn include_all(&mut self) {
        self.from = Sequence::ZERO;
    }

    /// The next batch, or nothing once the log has ended without damage.
    pub(super) fn next_batch(&mut self) -> Result<Option<Batch<'_>>, OpenError> {
        let info = loop {
            let Some(reader) = &mut self.reader else {
                return Ok(None);
            };
            let file = &self.segments[self.at];
            let offset = reader.offset();
            match reader.next()? {
                Found::Batch(header) => {
                    let expected = self.chain.next;
                    let damaged = |what| corrupt(&file.name, offset, expected, what);
                    self.chain.follow(&header).map_err(damaged)?;
                    if header.last() == self.mark.sequence && header.crc != self.mark.previous {
                        return Err(damaged(Damage::Chain));
                    }
                    let info = BatchInfo::new(&header, file.first, offset);
                    if info.last >= self.from {
                        break info;
                    }
                }
                found => self.stop(&found, offset)?,
            }
        };
        let payload = self.reader.as_ref().map_or(&[][..], SegmentReader::payload);
        Ok(Some(Batch {
            info,
            from: self.from,
            payload,
        }))
    }

    /// How the log ends, once [`Scan::next_batch`] has found nothing more.
    pub(super) fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    /// No batch at `offset` of the present segment: on to the next segment, to the end, or damage.
    fn stop(&mut self, found: &Found, offset: u64) -> Result<(), OpenError> {
        let name = self.segments[self.at].name.clone();
        let later = self.segments.get(self.at + 1);
        if later.is_some_and(|file| file.first == self.chain.next) {
            return self.enter(self.at + 1);
        }
        let bad = match *found {
            Found::Bad(Damage::Version { found }) => {
                return Err(OpenError::Version { file: name, found });
            }
            Found::Bad(what) => Some(what),
            _ => None,
        };
        let durable = match later {
            // A segment is begun only when all before it is durable.
            Some(file) => Some(Sequence(file.first.0 - 1)),
            None if self.floor >= self.chain.next => Some(self.floor),
            None => None,
        };
        if let Some(durable) = durable {
            let what = bad.unwrap_or(Damage::Missing { durable });
            return Err(corrupt(&name, offset, self.chain.next, what));
        }
        // The checksum is right and the contents are not: no crash does that.
        if let Some(what @ Damage::Records) = bad {
            return Err(corrupt(&name, offset, self.chain.next, what));
        }
        self.finish(None, Some(offset))
    }

    /// Goes into a segment that has to continue the chain, or that is the first one of all.
    fn enter(&mut self, index: usize) -> Result<(), OpenError> {
        let file = self.segments[index].clone();
        let mut reader = SegmentReader::open(&*self.storage, &file.name)?;
        let expected = self.chain.next;
        let what = match reader.header()? {
            Ok(header) => match self.chain.enter(&header) {
                Ok(()) => {
                    self.at = index;
                    self.reader = Some(reader);
                    return Ok(());
                }
                Err(what) => return Err(corrupt(&file.name, 0, expected, what)),
            },
            Err(Damage::Version { found }) => {
                return Err(OpenError::Version {
                    file: file.name,
                    found,
                });
            }
            Err(what) => what,
        };
        let last = index + 1 == self.segments.len();
        // A wrong length is no work of a crash: the length is durable before the name is.
        if !last || self.floor >= expected || matches!(what, Damage::Length { .. }) {
            return Err(corrupt(&file.name, 0, expected, what));
        }
        let end = self.reader.as_ref().map(SegmentReader::offset);
        self.finish(Some((file, reader)), end)
    }

    /// Goes into a segment in the middle of the log, whose header is taken at its word.
    fn adopt(&mut self) -> Result<(), OpenError> {
        let file = self.segments[0].clone();
        let mut reader = SegmentReader::open(&*self.storage, &file.name)?;
        match reader.header()? {
            Ok(header) => {
                self.chain.next = file.first;
                self.chain.previous = header.previous;
                let damaged = |what| corrupt(&file.name, 0, file.first, what);
                self.chain.enter(&header).map_err(damaged)?;
                self.reader = Some(reader);
                Ok(())
            }
            Err(Damage::Version { found }) => Err(OpenError::Version {
                file: file.name,
                found,
            }),
            Err(what) => Err(corrupt(&file.name, 0, file.first, what)),
        }
    }

    /// The log ends: looks at what lies behind the end.
    fn finish(
        &mut self,
        unborn: Option<(SegmentFile, SegmentReader)>,
        end: Option<u64>,
    ) -> Result<(), OpenError> {
        let mut torn = Vec::new();
        if let Some(end) = end
            && let Some(mut reader) = self.reader.take()
        {
            torn.extend(self.behind(&self.segments[self.at], &mut reader, end)?);
        }
        let unborn = match unborn {
            Some((file, mut reader)) => {
                torn.extend(self.behind(&file, &mut reader, 0)?);
                Some(file)
            }
            None => None,
        };
        self.reader = None;
        let active = end.map(|end| (self.segments[self.at].clone(), end));
        self.tail = Some(Tail {
            chain: self.chain,
            active,
            unborn,
            torn,
        });
        Ok(())
    }

    /// What is not zero from `offset` to the end of a segment.
    fn behind(
        &self,
        file: &SegmentFile,
        reader: &mut SegmentReader,
        offset: u64,
    ) -> Result<Option<TornRange>, OpenError> {
        const ZEROS: [u8; SECTOR_BYTES as usize] = [0; SECTOR_BYTES as usize];
        let mut end = None;
        let mut at = offset;
        while at < reader.bytes() {
            reader.seek(at);
            let sector = reader.sector()?;
            let next = at + sector.len().max(1) as u64;
            if sector != &ZEROS[..sector.len()] {
                end = Some(next);
                if let Found::Batch(later) = reader.next()?
                    && later.identity == self.chain.identity
                    && later.durable >= self.chain.next
                {
                    let what = Damage::Overtaken { later: at };
                    return Err(corrupt(&file.name, offset, self.chain.next, what));
                }
            }
            at = next;
        }
        Ok(end.map(|end| TornRange {
            file: file.clone(),
            offset,
            end,
        }))
    }
}

fn corrupt(file: &str, offset: u64, sequence: Sequence, what: Damage) -> OpenError {
    OpenError::Corrupt(Corruption {
        file: file.to_owned(),
        offset,
        sequence,
        what,
    })
}
