//! Reading the bytes of segments, and following a log that somebody else writes.
//!
//! [`SegmentReader`] says what lies at a place and leaves it to others what that means.
//! [`LogReader`] is for followers and tools: it changes nothing, needs no lock, and takes a
//! half-written tail for the end.

use std::ops::Range;
use std::sync::Arc;

use super::mark;
use super::record::{
    BATCH_BYTES_MAX, BatchHeader, Damage, HEADER_BYTES, HeaderBytes, Records, SECTOR_BYTES,
    SegmentHeader, padded,
};
use super::segment::{Folder, SegmentFile};
use super::{Corruption, ReadError};
use crate::io::{IoError, Storage, StoredFile};
use crate::model::Sequence;

/// How much is read from a file at once.
pub(super) const CHUNK_BYTES: usize = 1 << 20;

/// A batch of records as it stands in the log.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Where it stands.
    pub info: BatchInfo,
    pub(super) from: Sequence,
    pub(super) payload: &'a [u8],
}

/// Where a batch stands and what it occupies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchInfo {
    /// The first record in the batch.
    pub first: Sequence,
    /// The last record in the batch.
    pub last: Sequence,
    /// The first record of the segment that the batch is in.
    pub segment: Sequence,
    /// Where in that segment's file it begins.
    pub offset: u64,
    /// What it occupies there, with header and padding.
    pub bytes: u64,
    /// What its records and their lengths occupy.
    pub payload_bytes: u64,
}

impl<'a> Batch<'a> {
    /// The records that were asked for, in order.
    pub fn records(self) -> impl Iterator<Item = (Sequence, &'a [u8])> {
        Records::new(self.info.first, self.payload)
            .skip_while(move |(sequence, _)| *sequence < self.from)
    }
}

impl BatchInfo {
    pub(super) fn new(header: &BatchHeader, segment: Sequence, offset: u64) -> BatchInfo {
        BatchInfo {
            first: header.first,
            last: header.last(),
            segment,
            offset,
            bytes: header.bytes(),
            payload_bytes: u64::from(header.payload_bytes),
        }
    }
}

/// What must be true of the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) identity: u64,
    pub(super) next: Sequence,
    pub(super) previous: u32,
}

impl Chain {
    /// Moves past `batch` if it follows.
    pub(super) fn follow(&mut self, batch: &BatchHeader) -> Result<(), Damage> {
        self.admit(batch.identity, batch.first, batch.previous)?;
        *self = Chain {
            next: batch.last().next(),
            previous: batch.crc,
            ..*self
        };
        Ok(())
    }

    /// Whether `segment` goes on where the one before ended.
    pub(super) fn enter(&self, segment: &SegmentHeader) -> Result<(), Damage> {
        self.admit(segment.identity, segment.first, segment.previous)
    }

    fn admit(&self, identity: u64, first: Sequence, previous: u32) -> Result<(), Damage> {
        if identity != self.identity {
            return Err(Damage::Identity);
        }
        if first != self.next {
            return Err(Damage::Order { found: first });
        }
        if previous == self.previous {
            Ok(())
        } else {
            Err(Damage::Chain)
        }
    }
}

/// What lies at a place in a segment.
#[derive(Debug)]
pub(super) enum Found {
    /// A batch that is whole; the reader has moved past it.
    Batch(BatchHeader),
    /// Zeros where a header would be.
    Zeros,
    /// The end of the file.
    End,
    /// Something else.
    Bad(Damage),
}

/// Reads one segment from front to back in large pieces.
pub(super) struct SegmentReader {
    file: Box<dyn StoredFile>,
    bytes: u64,
    offset: u64,
    /// A piece of the file, in the first `held` bytes; the memory is used again.
    chunk: Vec<u8>,
    held: usize,
    chunk_offset: u64,
    payload: Range<usize>,
}

impl SegmentReader {
    pub(super) fn open(storage: &dyn Storage, name: &str) -> Result<SegmentReader, IoError> {
        let file = storage.open(name)?;
        let bytes = file.bytes()?;
        Ok(SegmentReader {
            file,
            bytes,
            offset: 0,
            chunk: Vec::new(),
            held: 0,
            chunk_offset: 0,
            payload: 0..0,
        })
    }

    /// The length of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the next batch is looked for.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Looks for the next batch at `offset`.
    pub(super) fn seek(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// The header of the segment; the first batch is then looked for behind it.
    pub(super) fn header(&mut self) -> Result<Result<SegmentHeader, Damage>, IoError> {
        self.seek(0);
        let Some(header) = self.header_bytes()? else {
            return Ok(Err(Damage::Length { bytes: self.bytes }));
        };
        self.seek(SECTOR_BYTES);
        Ok(SegmentHeader::decode(&header).and_then(|header| {
            // A segment has its full length before it has its name.
            let whole = header.bytes == self.bytes;
            if whole {
                Ok(header)
            } else {
                Err(Damage::Length { bytes: self.bytes })
            }
        }))
    }

    /// What lies at [`SegmentReader::offset`].
    pub(super) fn next(&mut self) -> Result<Found, IoError> {
        let Some(header) = self.header_bytes()? else {
            return Ok(Found::End);
        };
        if header == [0; HEADER_BYTES] {
            return Ok(Found::Zeros);
        }
        let batch = match BatchHeader::decode(&header) {
            Ok(batch) => batch,
            Err(damage) => return Ok(Found::Bad(damage)),
        };
        let payload_bytes = batch.payload_bytes as usize;
        let length = Damage::Length {
            bytes: u64::from(batch.payload_bytes),
        };
        if payload_bytes > BATCH_BYTES_MAX || batch.bytes() > self.bytes - self.offset {
            return Ok(Found::Bad(length));
        }
        let Some(start) = self.hold(HEADER_BYTES + payload_bytes)? else {
            return Ok(Found::Bad(length));
        };
        let payload = start + HEADER_BYTES..start + HEADER_BYTES + payload_bytes;
        if let Err(damage) = BatchHeader::check(&header, &self.chunk[payload.clone()]) {
            return Ok(Found::Bad(damage));
        }
        self.payload = payload;
        self.offset += batch.bytes();
        Ok(Found::Batch(batch))
    }

    /// The payload of the batch found last.
    pub(super) fn payload(&self) -> &[u8] {
        &self.chunk[self.payload.clone()]
    }

    /// The sector at [`SegmentReader::offset`], shorter at the end of the file.
    pub(super) fn sector(&mut self) -> Result<&[u8], IoError> {
        let bytes = SECTOR_BYTES.min(self.bytes.saturating_sub(self.offset)) as usize;
        Ok(match self.hold(bytes)? {
            Some(start) => &self.chunk[start..start + bytes],
            None => &[],
        })
    }

    fn header_bytes(&mut self) -> Result<Option<HeaderBytes>, IoError> {
        let start = self.hold(HEADER_BYTES)?;
        Ok(start.and_then(|start| self.chunk[start..].first_chunk().copied()))
    }

    /// Where in the chunk the `bytes` bytes from the offset on stand, if the file has so many.
    fn hold(&mut self, bytes: usize) -> Result<Option<usize>, IoError> {
        let end = self.offset.saturating_add(bytes as u64);
        if end > self.bytes {
            return Ok(None);
        }
        let held = self.chunk_offset..self.chunk_offset + self.held as u64;
        if self.offset < held.start || end > held.end {
            let left = self.bytes - self.offset;
            let wanted = (bytes.max(CHUNK_BYTES) as u64).min(left) as usize;
            if self.chunk.len() < wanted {
                self.chunk = vec![0; wanted];
            }
            // Nothing is held while the read may fail.
            self.held = 0;
            self.held = self.file.read_at(self.offset, &mut self.chunk[..wanted])?;
            self.chunk_offset = self.offset;
            if self.held < bytes {
                return Ok(None);
            }
        }
        Ok(Some((self.offset - self.chunk_offset) as usize))
    }
}

/// Follows a log from a record on, without changing it.
pub struct LogReader {
    storage: Arc<dyn Storage>,
    from: Sequence,
    at: Option<At>,
}

struct At {
    file: SegmentFile,
    reader: SegmentReader,
    chain: Chain,
    /// Whether the end was reached, so that the file must be looked at afresh.
    stale: bool,
}

/// Opens the log in `storage` for reading from the record `from` on. The log may be live, and may be
/// damaged meanwhile: what the durable mark covers and cannot be read is reported, not waited for.
///
/// What is read has been written; whether it is durable yet, only its writer and, a moment later,
/// [`durable_mark`](super::durable_mark) can tell.
pub fn read_folder(storage: Arc<dyn Storage>, from: Sequence) -> LogReader {
    LogReader {
        storage,
        from: from.max(Sequence(1)),
        at: None,
    }
}

impl LogReader {
    /// The next batch, or nothing at the present end; later calls find what was written since.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] at damage that is not a half-written tail, [`ReadError::Gone`] if
    /// the record asked for has been removed, and whatever the storage reports.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, ReadError> {
        let info = loop {
            let Some(mut at) = self.take_place()? else {
                return Ok(None);
            };
            let offset = at.reader.offset();
            match at.reader.next()? {
                Found::Batch(header) => {
                    at.chain
                        .follow(&header)
                        .map_err(|what| at.corrupt(offset, what))?;
                    let info = BatchInfo::new(&header, at.file.first, offset);
                    self.at = Some(at);
                    if info.last >= self.from {
                        break info;
                    }
                }
                Found::Bad(Damage::Version { found }) => {
                    return Err(ReadError::Version {
                        file: at.file.name,
                        found,
                    });
                }
                found => {
                    let (at, moved) = self.move_on(at, &found)?;
                    self.at = Some(at);
                    if !moved {
                        return Ok(None);
                    }
                }
            }
        };
        // What has been handed out is not handed out again, whatever happens to the place.
        let from = std::mem::replace(&mut self.from, info.last.next());
        let payload = self.at.as_ref().map_or(&[][..], |at| at.reader.payload());
        Ok(Some(Batch {
            info,
            from,
            payload,
        }))
    }

    /// All records up to the present end, each with the batch it stands in.
    pub fn records(
        mut self,
    ) -> impl Iterator<Item = Result<(Sequence, BatchInfo, Vec<u8>), ReadError>> {
        let mut ended = false;
        std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let batch = match self.next_batch() {
                Ok(Some(batch)) => batch,
                Ok(None) => {
                    ended = true;
                    return None;
                }
                Err(e) => {
                    ended = true;
                    return Some(vec![Err(e)]);
                }
            };
            let owned = |(at, bytes): (Sequence, &[u8])| Ok((at, batch.info, bytes.to_vec()));
            Some(batch.records().map(owned).collect::<Vec<_>>())
        })
        .flatten()
    }

    /// The place to read at, with the file open.
    fn take_place(&mut self) -> Result<Option<At>, ReadError> {
        let Some(mut at) = self.at.take() else {
            return self.first_place();
        };
        while at.stale {
            // The writer may have replaced or archived the file since.
            let folder = Folder::read(&*self.storage)?;
            let Some(file) = folder
                .segments
                .into_iter()
                .find(|f| f.first == at.file.first)
            else {
                return Err(ReadError::Gone {
                    from: at.chain.next,
                });
            };
            let Some(reader) = self.open_listed(&file)? else {
                continue;
            };
            let offset = at.reader.offset();
            at.reader = reader;
            at.reader.seek(offset);
            at.file = file;
            at.stale = false;
        }
        Ok(Some(at))
    }

    /// Opens a segment that was just listed; nothing if the writer has renamed it since, so that
    /// the list has to be read again.
    fn open_listed(&self, file: &SegmentFile) -> Result<Option<SegmentReader>, IoError> {
        match SegmentReader::open(&*self.storage, &file.name) {
            Ok(reader) => Ok(Some(reader)),
            Err(IoError::NotFound { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn first_place(&self) -> Result<Option<At>, ReadError> {
        let (folder, index, mut reader) = loop {
            let folder = Folder::read(&*self.storage)?;
            let Some(index) = folder.holding(self.from) else {
                let begun = !folder.segments.is_empty();
                return if begun {
                    Err(ReadError::Gone { from: self.from })
                } else {
                    Ok(None)
                };
            };
            if let Some(reader) = self.open_listed(&folder.segments[index])? {
                break (folder, index, reader);
            }
        };
        let file = folder.segments[index].clone();
        let header = match reader.header()? {
            Ok(header) if header.first == file.first => header,
            Ok(header) => {
                let what = Damage::Order {
                    found: header.first,
                };
                return Err(corrupt(&file.name, 0, file.first, what).into());
            }
            Err(Damage::Version { found }) => {
                return Err(ReadError::Version {
                    file: file.name,
                    found,
                });
            }
            // The newest segment gets its header together with its first batch.
            Err(what) if index + 1 == folder.segments.len() => {
                if self.marked()? < file.first {
                    return Ok(None);
                }
                // The mark says that the header is there by now.
                let mut again = SegmentReader::open(&*self.storage, &file.name)?;
                match again.header()? {
                    Ok(header) => {
                        reader = again;
                        header
                    }
                    Err(_) => return Err(corrupt(&file.name, 0, file.first, what).into()),
                }
            }
            Err(what) => return Err(corrupt(&file.name, 0, file.first, what).into()),
        };
        let SegmentHeader {
            identity,
            first,
            previous,
            ..
        } = header;
        let chain = Chain {
            identity,
            next: first,
            previous,
        };
        Ok(Some(At {
            file,
            reader,
            chain,
            stale: false,
        }))
    }

    /// Up to where the mark says that the log is durable. A mark that cannot be read says nothing:
    /// its writer may be at it.
    fn marked(&self) -> Result<Sequence, IoError> {
        let slot = mark::read(&*self.storage)?;
        Ok(match slot {
            Ok(Some(slot)) => slot.sequence,
            Ok(None) | Err(_) => Sequence::ZERO,
        })
    }

    /// From the end of one segment into the next one, if there is one.
    fn move_on(&self, mut at: At, found: &Found) -> Result<(At, bool), ReadError> {
        // The mark comes before the list, so that the list has every segment the mark knows of.
        let marked = self.marked()?;
        let folder = Folder::read(&*self.storage)?;
        let newest = folder
            .segments
            .last()
            .map_or(at.file.first, |file| file.first);
        if newest == at.file.first && marked < at.chain.next {
            at.stale = true;
            return Ok((at, false));
        }
        // There is a later segment, so this one is finished, or the mark says that the record due
        // is durable. Either may have come true only after the place was read, and the writer may
        // have put another file in place of this one, hence a second look.
        let offset = at.reader.offset();
        if let Some(file) = folder.segments.iter().find(|f| f.first == at.file.first) {
            let Some(reader) = self.open_listed(file)? else {
                at.stale = true;
                return Ok((at, true));
            };
            at.reader = reader;
            at.reader.seek(offset);
            at.file = file.clone();
        }
        let again = at.reader.next()?;
        at.reader.seek(offset);
        if let Found::Batch(_) = again {
            return Ok((at, true));
        }
        // Where the first batch of all is damaged, this very segment begins with the record due.
        let follows = |f: &SegmentFile| f.first == at.chain.next && f.first > at.file.first;
        let Some(file) = folder.segments.into_iter().find(follows) else {
            let what = match *found {
                Found::Bad(what) => what,
                _ => Damage::Missing {
                    durable: marked.max(Sequence(newest.0.saturating_sub(1))),
                },
            };
            return Err(at.corrupt(offset, what).into());
        };
        let Some(mut reader) = self.open_listed(&file)? else {
            at.stale = true;
            return Ok((at, true));
        };
        match reader.header()? {
            Ok(header) => {
                let name = &file.name;
                at.chain
                    .enter(&header)
                    .map_err(|what| corrupt(name, 0, at.chain.next, what))?;
                Ok((
                    At {
                        file,
                        reader,
                        chain: at.chain,
                        stale: false,
                    },
                    true,
                ))
            }
            Err(_) if file.first == newest && marked < newest => {
                at.stale = true;
                Ok((at, false))
            }
            Err(what) => Err(corrupt(&file.name, 0, at.chain.next, what).into()),
        }
    }
}

impl At {
    fn corrupt(&self, offset: u64, what: Damage) -> Corruption {
        corrupt(&self.file.name, offset, self.chain.next, what)
    }
}

fn corrupt(file: &str, offset: u64, sequence: Sequence, what: Damage) -> Corruption {
    debug_assert_eq!(offset, padded(offset), "batches stand on sector boundaries");
    Corruption {
        file: file.to_owned(),
        offset,
        sequence,
        what,
    }
}
