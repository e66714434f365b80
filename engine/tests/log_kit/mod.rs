//! A disk that keeps its promises and no more: what has not been synced may be lost, torn, zeroed
//! or written out of order when the power goes, and any operation may fail.

pub(crate) mod folder;
pub(crate) mod run;

mod crash;
mod damage;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::io::{FileInfo, FolderLock, IoError, Operation, Storage, StoredFile};

/// What the drive writes at once. Smaller than the log's sectors, so that those can tear too.
const DRIVE_SECTOR: usize = 512;

/// Small deterministic random numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Rng(pub u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What goes wrong in a run, besides the power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// The n-th write fails and leaves nothing.
    FailWrite(u64),
    /// The n-th write fails and leaves a part.
    ShortWrite(u64),
    /// The n-th sync fails; its pages count as clean from then on.
    FailSync(u64),
    /// The n-th sync of the folder fails.
    FailFolderSync(u64),
    /// The n-th write leaves a part and reports that space ran out.
    FullWrite(u64),
    /// Files may not occupy more than this in all, in bytes.
    Space(usize),
}

/// A bug planted to see whether the checks can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    /// Records count as acknowledged before they are committed.
    AckFirst,
    /// A sync does nothing.
    LieAboutSync,
    /// A sync of the folder does nothing.
    LieAboutNames,
    /// A short write counts as done, so that the next batch goes behind half a frame.
    SwallowShortWrite,
    /// A failed sync is called again and then succeeds.
    RetrySync,
}

/// How often each thing happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fired {
    pub crashes: u64,
    pub kills: u64,
    pub sectors_lost: u64,
    pub sectors_torn: u64,
    pub sectors_zeroed: u64,
    pub reordered: u64,
    pub names_lost: u64,
    pub failed_writes: u64,
    pub short_writes: u64,
    pub failed_syncs: u64,
    pub failed_folder_syncs: u64,
    pub full_writes: u64,
    pub full_creates: u64,
}

#[derive(Debug, Clone, Default)]
struct Inode {
    cache: Vec<u8>,
    durable: Vec<u8>,
    dirty: Vec<bool>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Link(String, usize),
    /// From, to, and which file: a file system moves the file, not whatever has the name later.
    Rename(String, String, usize),
    Remove(String),
}

struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    names_durable: BTreeMap<String, usize>,
    pending: Vec<NameChange>,
    rng: Rng,
    fault: Fault,
    bug: Bug,
    operations: u64,
    crash_at: u64,
    crashed: bool,
    writes: u64,
    syncs: u64,
    folder_syncs: u64,
    fired: Fired,
}

/// The simulated folder; clones share it.
#[derive(Clone)]
pub(crate) struct FaultyDisk {
    state: Arc<Mutex<State>>,
    locked: Arc<AtomicBool>,
}

impl FaultyDisk {
    /// A disk whose power goes during operation `crash_at`, counted from 1; 0 is never.
    pub(crate) fn new(seed: u64, fault: Fault, bug: Bug, crash_at: u64) -> FaultyDisk {
        let state = State {
            inodes: Vec::new(),
            names: BTreeMap::new(),
            names_durable: BTreeMap::new(),
            pending: Vec::new(),
            rng: Rng(seed ^ 0xD15C),
            fault,
            bug,
            operations: 0,
            crash_at,
            crashed: false,
            writes: 0,
            syncs: 0,
            folder_syncs: 0,
            fired: Fired::default(),
        };
        FaultyDisk {
            state: Arc::new(Mutex::new(state)),
            locked: Arc::default(),
        }
    }

    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    pub(crate) fn crashed(&self) -> bool {
        self.state().crashed
    }

    pub(crate) fn fired(&self) -> Fired {
        self.state().fired.clone()
    }

    /// Ends all trouble but what has been planted.
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        (state.fault, state.crash_at) = (Fault::Nothing, 0);
    }

    pub(crate) fn count_kill(&self) {
        self.state().fired.kills += 1;
    }

    pub(crate) fn space_is_short(&self) -> bool {
        matches!(self.state().fault, Fault::Space(_))
    }

    /// Somebody deletes other files on the volume.
    pub(crate) fn free_space(&self) {
        let mut state = self.state();
        if let Fault::Space(_) = state.fault {
            state.fault = Fault::Nothing;
        }
    }

    /// Only what was synced is certain to be there now.
    pub(crate) fn power_cut(&self) {
        self.state().power_cut();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts an operation; whether the power goes during it.
    fn step(&mut self) -> Result<bool, IoError> {
        self.alive()?;
        self.operations += 1;
        self.crashed = self.operations == self.crash_at;
        Ok(self.crashed)
    }

    fn alive(&self) -> Result<(), IoError> {
        if self.crashed {
            Err(broken(Operation::Read, "the power is gone"))
        } else {
            Ok(())
        }
    }

    fn put(&mut self, inode: usize, offset: usize, bytes: &[u8]) {
        let Inode { cache, dirty, .. } = &mut self.inodes[inode];
        let end = offset + bytes.len();
        if cache.len() < end {
            grow(cache, end);
        }
        cache[offset..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            dirty.resize(cache.len().div_ceil(DRIVE_SECTOR), false);
            dirty[offset / DRIVE_SECTOR..end.div_ceil(DRIVE_SECTOR)].fill(true);
        }
    }

    fn flush(&mut self, inode: usize) {
        let Inode {
            cache,
            durable,
            dirty,
        } = &mut self.inodes[inode];
        grow(durable, cache.len());
        for (sector, dirty) in dirty.iter_mut().enumerate() {
            if !*dirty {
                continue;
            }
            let range = sector * DRIVE_SECTOR..((sector + 1) * DRIVE_SECTOR).min(cache.len());
            durable[range.clone()].copy_from_slice(&cache[range]);
            *dirty = false;
        }
    }

    /// What of the unsynced sectors of a file reaches the disk, in whatever order.
    fn scatter(&mut self, inode: usize) {
        let Inode {
            cache,
            durable,
            dirty,
        } = &mut self.inodes[inode];
        let mut lost_before = false;
        for (sector, dirty) in dirty.iter_mut().enumerate().filter(|(_, dirty)| **dirty) {
            *dirty = false;
            let start = sector * DRIVE_SECTOR;
            let end = (start + DRIVE_SECTOR).min(cache.len());
            let kept = match self.rng.below(6) {
                0 | 1 => {
                    self.fired.sectors_lost += 1;
                    lost_before = true;
                    continue;
                }
                2 => {
                    self.fired.sectors_zeroed += 1;
                    grow(durable, end);
                    durable[start..end].fill(0);
                    continue;
                }
                3 => {
                    self.fired.sectors_torn += 1;
                    self.rng.below(end - start)
                }
                _ => {
                    self.fired.reordered += u64::from(lost_before);
                    end - start
                }
            };
            grow(durable, end);
            durable[start..start + kept].copy_from_slice(&cache[start..start + kept]);
        }
    }

    fn power_cut(&mut self) {
        self.crashed = false;
        self.fired.crashes += 1;
        for inode in 0..self.inodes.len() {
            self.scatter(inode);
            // Not only where something was dirty: a failed sync leaves pages that look clean.
            let Inode { cache, durable, .. } = &mut self.inodes[inode];
            cache.clone_from(durable);
        }
        for change in std::mem::take(&mut self.pending) {
            if self.rng.chance(50) {
                apply(&mut self.names_durable, change);
            } else {
                self.fired.names_lost += 1;
            }
        }
        self.names = self.names_durable.clone();
    }

    fn change_names(&mut self, change: NameChange) {
        apply(&mut self.names, change.clone());
        self.pending.push(change);
    }

    fn used(&self) -> usize {
        self.names
            .values()
            .map(|inode| self.inodes[*inode].cache.len())
            .sum()
    }

    fn write(&mut self, inode: usize, name: &str, at: usize, bytes: &[u8]) -> Result<(), IoError> {
        if self.step()? {
            let part = self.rng.below(bytes.len() + 1);
            self.put(inode, at, &bytes[..part]);
            return Err(broken(Operation::Write, name));
        }
        self.writes += 1;
        let part = self.rng.below(bytes.len().max(1));
        match self.fault {
            Fault::FailWrite(n) if n == self.writes => {
                self.fired.failed_writes += 1;
                Err(broken(Operation::Write, name))
            }
            Fault::ShortWrite(n) if n == self.writes => {
                self.fired.short_writes += 1;
                self.put(inode, at, &bytes[..part]);
                if self.bug == Bug::SwallowShortWrite {
                    return Ok(());
                }
                Err(broken(Operation::Write, name))
            }
            Fault::FullWrite(n) if n == self.writes => {
                self.fired.full_writes += 1;
                self.put(inode, at, &bytes[..part]);
                Err(IoError::Full {
                    operation: Operation::Write,
                    file: name.to_owned(),
                })
            }
            _ => {
                self.put(inode, at, bytes);
                Ok(())
            }
        }
    }

    fn sync(&mut self, inode: usize, name: &str) -> Result<(), IoError> {
        if self.step()? {
            return Err(broken(Operation::Sync, name));
        }
        self.syncs += 1;
        if self.fault == Fault::FailSync(self.syncs) {
            self.fired.failed_syncs += 1;
            // As Linux does it: the pages count as clean, later reads still see them, and what
            // is on the disk is anybody's guess.
            self.scatter(inode);
            let retried = self.bug == Bug::RetrySync;
            return if retried {
                Ok(())
            } else {
                Err(broken(Operation::Sync, name))
            };
        }
        if self.bug != Bug::LieAboutSync {
            self.flush(inode);
        }
        Ok(())
    }
}

fn apply(names: &mut BTreeMap<String, usize>, change: NameChange) {
    match change {
        NameChange::Link(name, inode) => {
            names.insert(name, inode);
        }
        NameChange::Rename(from, to, inode) => {
            if names.get(&from) == Some(&inode) {
                names.remove(&from);
            }
            names.insert(to, inode);
        }
        NameChange::Remove(name) => {
            names.remove(&name);
        }
    }
}

/// Zeros behind, up to `length`. (`resize` takes its time in debug builds.)
fn grow(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend(vec![0; length.saturating_sub(bytes.len())]);
}

fn missing(file: &str) -> IoError {
    IoError::NotFound {
        file: file.to_owned(),
    }
}

fn broken(operation: Operation, file: &str) -> IoError {
    IoError::new(operation, file, io::Error::from_raw_os_error(5))
}

impl Storage for FaultyDisk {
    fn folder(&self) -> String {
        "simulated".to_owned()
    }

    fn lock(&self) -> Result<FolderLock, IoError> {
        if self.locked.swap(true, Ordering::SeqCst) {
            return Err(IoError::InUse {
                folder: self.folder(),
            });
        }
        struct Unlock(Arc<AtomicBool>);
        impl Drop for Unlock {
            fn drop(&mut self) {
                self.0.store(false, Ordering::SeqCst);
            }
        }
        Ok(FolderLock::new(Unlock(Arc::clone(&self.locked))))
    }

    fn list(&self) -> Result<Vec<FileInfo>, IoError> {
        let state = self.state();
        state.alive()?;
        let info = |(name, inode): (&String, &usize)| FileInfo {
            name: name.clone(),
            bytes: state.inodes[*inode].cache.len() as u64,
        };
        Ok(state.names.iter().map(info).collect())
    }

    fn create(&self, file: &str, bytes: u64) -> Result<Box<dyn StoredFile>, IoError> {
        let mut state = self.state();
        let crash = state.step()?;
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.change_names(NameChange::Link(file.to_owned(), inode));
        let mut zeros = vec![0; bytes as usize];
        if let Fault::Space(space) = state.fault
            && state.used() + zeros.len() > space
        {
            zeros.truncate(space.saturating_sub(state.used()));
            state.put(inode, 0, &zeros);
            state.fired.full_creates += 1;
            return Err(IoError::Full {
                operation: Operation::Create,
                file: file.to_owned(),
            });
        }
        if crash {
            return Err(broken(Operation::Create, file));
        }
        state.put(inode, 0, &zeros);
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            inode,
            name: file.to_owned(),
        }))
    }

    fn open(&self, file: &str) -> Result<Box<dyn StoredFile>, IoError> {
        let state = self.state();
        state.alive()?;
        let inode = *state.names.get(file).ok_or_else(|| IoError::NotFound {
            file: file.to_owned(),
        })?;
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            inode,
            name: file.to_owned(),
        }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), IoError> {
        let mut state = self.state();
        let crash = state.step()?;
        let inode = *state.names.get(from).ok_or_else(|| missing(from))?;
        state.change_names(NameChange::Rename(from.to_owned(), to.to_owned(), inode));
        if crash {
            Err(broken(Operation::Rename, from))
        } else {
            Ok(())
        }
    }

    fn remove(&self, file: &str) -> Result<(), IoError> {
        let mut state = self.state();
        let crash = state.step()?;
        if !state.names.contains_key(file) {
            return Err(IoError::NotFound {
                file: file.to_owned(),
            });
        }
        state.change_names(NameChange::Remove(file.to_owned()));
        if crash {
            Err(broken(Operation::Remove, file))
        } else {
            Ok(())
        }
    }

    fn sync_folder(&self) -> Result<(), IoError> {
        let mut state = self.state();
        if state.step()? {
            return Err(broken(Operation::SyncFolder, "simulated"));
        }
        state.folder_syncs += 1;
        if state.fault == Fault::FailFolderSync(state.folder_syncs) {
            state.fired.failed_folder_syncs += 1;
            return Err(broken(Operation::SyncFolder, "simulated"));
        }
        if state.bug != Bug::LieAboutNames {
            state.pending.clear();
            state.names_durable = state.names.clone();
        }
        Ok(())
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    inode: usize,
    name: String,
}

impl StoredFile for FaultyFile {
    fn bytes(&self) -> Result<u64, IoError> {
        let state = self.disk.state();
        state.alive()?;
        Ok(state.inodes[self.inode].cache.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, IoError> {
        let state = self.disk.state();
        state.alive()?;
        let cache = &state.inodes[self.inode].cache;
        let start = (offset as usize).min(cache.len());
        let read = buffer.len().min(cache.len() - start);
        buffer[..read].copy_from_slice(&cache[start..start + read]);
        Ok(read)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), IoError> {
        self.disk
            .state()
            .write(self.inode, &self.name, offset as usize, bytes)
    }

    fn sync(&self) -> Result<(), IoError> {
        self.disk.state().sync(self.inode, &self.name)
    }
}
