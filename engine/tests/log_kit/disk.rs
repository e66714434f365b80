//! The simulated disk.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::io::{FileInfo, FolderLock, IoError, Operation, Storage, StoredFile};

use super::{Bug, FORGOTTEN_SYNCS, Fault, Fired, HONEST_SYNCS, Rng};

/// What the drive writes at once. Smaller than the log's sectors, so that those can tear too.
const DRIVE_SECTOR: usize = 512;

#[derive(Debug, Clone, Default)]
struct Inode {
    cache: Vec<u8>,
    durable: Vec<u8>,
    /// Which write each sector waits for; [`CLEAN`] if none.
    dirty: Vec<u64>,
}

const CLEAN: u64 = 0;

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
    /// What was durable before each of the last syncs, if a disk forgets those.
    earlier: VecDeque<Durable>,
    rng: Rng,
    fault: Fault,
    bug: Bug,
    operations: u64,
    crash_at: u64,
    crashed: bool,
    puts: u64,
    writes: u64,
    syncs: u64,
    folder_syncs: u64,
    fired: Fired,
}

/// What a power cut leaves for certain: the files in their order, and the names.
struct Durable {
    files: Vec<Vec<u8>>,
    names: BTreeMap<String, usize>,
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
            earlier: VecDeque::new(),
            rng: Rng(seed ^ 0xD15C),
            fault,
            bug,
            operations: 0,
            crash_at,
            crashed: false,
            puts: 0,
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

    /// What looked like a power cut was the end of the process only: the page cache is as the
    /// operation left it.
    pub(crate) fn kill_midway(&self) {
        let mut state = self.state();
        state.crashed = false;
        state.fired.kills_midway += 1;
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
        self.puts += 1;
        let Inode { cache, dirty, .. } = &mut self.inodes[inode];
        let end = offset + bytes.len();
        if cache.len() < end {
            grow(cache, end);
        }
        cache[offset..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            dirty.resize(cache.len().div_ceil(DRIVE_SECTOR), CLEAN);
            dirty[offset / DRIVE_SECTOR..end.div_ceil(DRIVE_SECTOR)].fill(self.puts);
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
            if *dirty == CLEAN {
                continue;
            }
            let range = sector * DRIVE_SECTOR..((sector + 1) * DRIVE_SECTOR).min(cache.len());
            durable[range.clone()].copy_from_slice(&cache[range]);
            *dirty = CLEAN;
        }
    }

    /// What of the unsynced sectors of a file reaches the disk, in whatever order.
    fn scatter(&mut self, inode: usize) {
        let Inode {
            cache,
            durable,
            dirty,
        } = &mut self.inodes[inode];
        let mut lost_before = CLEAN;
        let waiting = |(_, write): &(usize, &mut u64)| **write != CLEAN;
        for (sector, write) in dirty.iter_mut().enumerate().filter(waiting) {
            let write = std::mem::replace(write, CLEAN);
            let start = sector * DRIVE_SECTOR;
            let end = (start + DRIVE_SECTOR).min(cache.len());
            let kept = match self.rng.below(6) {
                0 | 1 => {
                    self.fired.sectors_lost += 1;
                    lost_before = write;
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
                    self.fired.reordered += u64::from(lost_before == write);
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
        if let Some(earlier) = self.earlier.pop_front() {
            self.go_back_to(earlier);
        }
        self.names = self.names_durable.clone();
    }

    fn remember(&mut self) {
        self.earlier.push_back(Durable {
            files: self.inodes.iter().map(|one| one.durable.clone()).collect(),
            names: self.names_durable.clone(),
        });
        if self.earlier.len() > FORGOTTEN_SYNCS {
            self.earlier.pop_front();
        }
    }

    /// Files that came later are still there, under no name.
    fn go_back_to(&mut self, Durable { files, names }: Durable) {
        for (inode, durable) in self.inodes.iter_mut().zip(files) {
            inode.cache.clone_from(&durable);
            inode.durable = durable;
        }
        self.names_durable = names;
        self.earlier.clear();
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
                if self.bug == Bug::SwallowFailedWrite {
                    return Ok(());
                }
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
                if self.bug == Bug::SwallowFullWrite {
                    return Ok(());
                }
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
        let does_nothing = match self.bug {
            Bug::LieAboutSync => true,
            Bug::LieAboutLateSyncs => self.syncs > HONEST_SYNCS,
            _ => false,
        };
        if self.bug == Bug::ForgetLastSyncs {
            self.remember();
        }
        if !does_nothing {
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
            state.fired.full_creates += 1;
            if state.bug != Bug::SwallowFullCreate {
                state.put(inode, 0, &zeros);
                return Err(IoError::Full {
                    operation: Operation::Create,
                    file: file.to_owned(),
                });
            }
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
            let retried = state.bug == Bug::RetryFolderSync;
            return if retried {
                Ok(())
            } else {
                Err(broken(Operation::SyncFolder, "simulated"))
            };
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
