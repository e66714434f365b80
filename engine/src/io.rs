//! What the engine asks of the world: the time, and one folder of files.
//!
//! Everything durable goes through [`Storage`], so that a test can lose, tear and refuse writes at
//! any point; every reading of the time goes through [`Clock`], so that a run can be repeated.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::mem::discriminant;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// The name of the file whose lock says that a folder has a writer.
pub const LOCK_FILE: &str = "lock";

/// How much is zero-filled between two syncs when a file is created. Without the syncs in between,
/// one flush of a whole segment would hold up the commits that share the disk with it.
const FILL_BYTES: usize = 4 << 20;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present, in microseconds since 1970.
    fn now(&self) -> Timestamp;
}

/// The wall clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// A clock that stands still until it is moved, for tests and simulation.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_us: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> ManualClock {
        let now_us = AtomicI64::new(at.as_micros());
        ManualClock { now_us }
    }

    /// Shows `at` from now on; going back is allowed, as it is for a wall clock.
    pub fn set(&self, at: Timestamp) {
        self.now_us.store(at.as_micros(), Ordering::SeqCst);
    }

    /// Moves on by `ms` milliseconds.
    pub fn advance_ms(&self, ms: u64) {
        self.set(self.now().plus_ms(ms));
    }
}

/// One folder of named files, without subfolders.
///
/// Creating, renaming and removing are certain to outlive a power cut only after
/// [`Storage::sync_folder`], and contents only after [`StoredFile::sync`].
pub trait Storage: Send + Sync {
    /// The folder as a person would name it, for messages.
    fn folder(&self) -> String;

    /// Takes the right to write here, until the returned value is dropped.
    ///
    /// # Errors
    /// [`IoError::InUse`] while somebody else, in this process or another, has it.
    fn lock(&self) -> Result<FolderLock, IoError>;

    /// All files, in the order of their names.
    ///
    /// # Errors
    /// Whatever the storage reports.
    fn list(&self) -> Result<Vec<FileInfo>, IoError>;

    /// Makes a file of `bytes` zeros that are really written (a hole or an unwritten extent would
    /// cost a journal commit at every later sync), replacing a file of that name. The last piece is
    /// not synced.
    ///
    /// # Errors
    /// [`IoError::Full`] if the space is not there; a part of the file may then remain.
    fn create(&self, file: &str, bytes: u64) -> Result<Box<dyn StoredFile>, IoError>;

    /// Opens a file for reading, and for writing where the storage allows it.
    ///
    /// # Errors
    /// [`IoError::NotFound`] if there is none of that name.
    fn open(&self, file: &str) -> Result<Box<dyn StoredFile>, IoError>;

    /// Gives a file another name, replacing a file that has it, in one step.
    ///
    /// # Errors
    /// [`IoError::NotFound`] if there is no file `from`.
    fn rename(&self, from: &str, to: &str) -> Result<(), IoError>;

    /// Removes a file.
    ///
    /// # Errors
    /// [`IoError::NotFound`] if there is none of that name.
    fn remove(&self, file: &str) -> Result<(), IoError>;

    /// Makes all names durable.
    ///
    /// # Errors
    /// Whatever the storage reports; names changed since the last success are then in doubt.
    fn sync_folder(&self) -> Result<(), IoError>;
}

/// An open file.
pub trait StoredFile: Send + Sync {
    /// The length of the file in bytes.
    ///
    /// # Errors
    /// Whatever the storage reports.
    fn bytes(&self) -> Result<u64, IoError>;

    /// Reads until `buffer` is full or the file ends, and says how much was read.
    ///
    /// # Errors
    /// Whatever the storage reports.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, IoError>;

    /// Writes all of `bytes`. After an error any part of them may be in the file.
    ///
    /// # Errors
    /// [`IoError::Full`] if the space ran out; otherwise whatever the storage reports.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), IoError>;

    /// Makes the contents durable (`fdatasync`). After an error they are in doubt for good: a
    /// second call may succeed although the data is gone.
    ///
    /// # Errors
    /// Whatever the storage reports.
    fn sync(&self) -> Result<(), IoError>;
}

/// The right to write into a folder, given back when dropped.
pub struct FolderLock {
    _held: Box<dyn Send + Sync>,
}

impl FolderLock {
    /// A lock that lasts as long as `held` is not dropped.
    pub fn new(held: impl Send + Sync + 'static) -> FolderLock {
        let _held = Box::new(held);
        FolderLock { _held }
    }
}

/// A file in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// The name within the folder.
    pub name: String,
    /// The length in bytes.
    pub bytes: u64,
}

/// What was being done when the storage failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Taking the folder's lock.
    Lock,
    /// Listing the folder.
    List,
    /// Making a file, or the folder itself.
    Create,
    /// Opening a file.
    Open,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Making contents durable.
    Sync,
    /// Making names durable.
    SyncFolder,
    /// Giving a file another name.
    Rename,
    /// Removing a file.
    Remove,
}

/// Why the storage could not do as asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IoError {
    /// No space or no quota is left (`ENOSPC`, `EDQUOT`).
    #[error("no space left to {operation} {file}: free space on its volume, or raise its quota")]
    Full {
        /// What was being done.
        operation: Operation,
        /// To which file.
        file: String,
    },
    /// There is no file or folder of that name.
    #[error("{file} does not exist")]
    NotFound {
        /// The name that was asked for.
        file: String,
    },
    /// Another writer has the folder.
    #[error("{folder} is in use by another process: stop it first, or choose another folder")]
    InUse {
        /// The folder that is taken.
        folder: String,
    },
    /// Anything else.
    #[error("could not {operation} {file}: {source}")]
    Other {
        /// What was being done.
        operation: Operation,
        /// To which file.
        file: String,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
}

impl IoError {
    /// Sorts an error of the operating system.
    pub fn new(operation: Operation, file: impl Into<String>, source: io::Error) -> IoError {
        let file = file.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                IoError::Full { operation, file }
            }
            io::ErrorKind::NotFound => IoError::NotFound { file },
            _ => IoError::Other {
                operation,
                file,
                source: Arc::new(source),
            },
        }
    }

    /// Whether space ran out, which passes, unlike everything else.
    pub fn is_full(&self) -> bool {
        matches!(self, IoError::Full { .. })
    }
}

impl PartialEq for IoError {
    fn eq(&self, other: &IoError) -> bool {
        // The message has the operation, the file and the cause, which is all there is to compare.
        discriminant(self) == discriminant(other) && self.to_string() == other.to_string()
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Lock => "lock",
            Operation::List => "list",
            Operation::Create => "create",
            Operation::Open => "open",
            Operation::Read => "read",
            Operation::Write => "write",
            Operation::Sync => "sync",
            Operation::SyncFolder => "sync the folder",
            Operation::Rename => "rename",
            Operation::Remove => "remove",
        })
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock that shows a time before 1970 is wrong by so much that any time will do.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now_us.load(Ordering::SeqCst))
    }
}

fn full(operation: Operation, file: &str) -> IoError {
    let file = file.to_owned();
    IoError::Full { operation, file }
}

fn in_use(folder: String) -> IoError {
    IoError::InUse { folder }
}

fn not_found(file: &str) -> IoError {
    let file = file.to_owned();
    IoError::NotFound { file }
}

/// A folder of a real file system.
#[derive(Debug, Clone)]
pub struct Disk {
    path: PathBuf,
    writable: bool,
}

impl Disk {
    /// The folder `path`, made (mode 0700) if it is not there.
    ///
    /// # Errors
    /// Whatever the file system reports.
    pub fn open(path: impl Into<PathBuf>) -> Result<Disk, IoError> {
        let (path, writable) = (path.into(), true);
        let missing = path.ancestors().take_while(|folder| !folder.is_dir());
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&path);
        // The name of a folder lives in its parent, which has to reach the disk as well.
        let mut parents = missing.iter().filter_map(|folder| folder.parent());
        made.and_then(|()| parents.try_for_each(sync_folder_at))
            .map_err(|e| IoError::new(Operation::Create, path.display().to_string(), e))?;
        Ok(Disk { path, writable })
    }

    /// The folder `path`, which must be there, for looking only: files open read-only.
    ///
    /// # Errors
    /// [`IoError::NotFound`] if there is no such folder.
    pub fn read_only(path: impl Into<PathBuf>) -> Result<Disk, IoError> {
        let (path, writable) = (path.into(), false);
        if path.is_dir() {
            return Ok(Disk { path, writable });
        }
        Err(not_found(&path.display().to_string()))
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Storage for Disk {
    fn folder(&self) -> String {
        self.path.display().to_string()
    }

    fn lock(&self) -> Result<FolderLock, IoError> {
        let failed = |e| IoError::new(Operation::Lock, self.folder(), e);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path.join(LOCK_FILE))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock::new(file)),
            Err(TryLockError::WouldBlock) => Err(in_use(self.folder())),
            Err(TryLockError::Error(e)) => Err(failed(e)),
        }
    }

    fn list(&self) -> Result<Vec<FileInfo>, IoError> {
        let failed = |e| IoError::new(Operation::List, self.folder(), e);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            match entry.metadata() {
                Ok(meta) if !meta.is_file() => {}
                Ok(meta) => {
                    let bytes = meta.len();
                    files.push(FileInfo { name, bytes });
                }
                // The writer of a live log may remove a file while it is being listed.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(failed(e)),
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    fn create(&self, file: &str, bytes: u64) -> Result<Box<dyn StoredFile>, IoError> {
        let handle = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path.join(file))
            .map_err(|e| IoError::new(Operation::Create, file, e))?;
        let name = file.to_owned();
        let stored = DiskFile { file: handle, name };
        let zeros = vec![0; FILL_BYTES.min(usize::try_from(bytes).unwrap_or(FILL_BYTES))];
        let mut offset = 0;
        while offset < bytes {
            let left = usize::try_from(bytes - offset).unwrap_or(usize::MAX);
            let piece = &zeros[..zeros.len().min(left)];
            stored.write_at(offset, piece)?;
            offset += piece.len() as u64;
            if offset < bytes {
                stored.sync()?;
            }
        }
        Ok(Box::new(stored))
    }

    fn open(&self, file: &str) -> Result<Box<dyn StoredFile>, IoError> {
        let handle = OpenOptions::new()
            .read(true)
            .write(self.writable)
            .open(self.path.join(file))
            .map_err(|e| IoError::new(Operation::Open, file, e))?;
        let name = file.to_owned();
        Ok(Box::new(DiskFile { file: handle, name }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), IoError> {
        fs::rename(self.path.join(from), self.path.join(to))
            .map_err(|e| IoError::new(Operation::Rename, from, e))
    }

    fn remove(&self, file: &str) -> Result<(), IoError> {
        fs::remove_file(self.path.join(file)).map_err(|e| IoError::new(Operation::Remove, file, e))
    }

    fn sync_folder(&self) -> Result<(), IoError> {
        sync_folder_at(&self.path)
            .map_err(|e| IoError::new(Operation::SyncFolder, self.folder(), e))
    }
}

fn sync_folder_at(path: &Path) -> io::Result<()> {
    let here = path.as_os_str().is_empty();
    File::open(if here { Path::new(".") } else { path })?.sync_all()
}

struct DiskFile {
    file: File,
    name: String,
}

impl DiskFile {
    fn failed(&self, operation: Operation, source: io::Error) -> IoError {
        IoError::new(operation, &self.name, source)
    }
}

impl StoredFile for DiskFile {
    fn bytes(&self) -> Result<u64, IoError> {
        let meta = self.file.metadata();
        Ok(meta.map_err(|e| self.failed(Operation::Read, e))?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, IoError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = &mut buffer[filled..];
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.failed(Operation::Read, e)),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), IoError> {
        let written = self.file.write_all_at(bytes, offset);
        written.map_err(|e| self.failed(Operation::Write, e))
    }

    fn sync(&self) -> Result<(), IoError> {
        let synced = self.file.sync_data();
        synced.map_err(|e| self.failed(Operation::Sync, e))
    }
}

/// A folder in memory, for tests and for an engine that need not outlive its process.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: Arc<Mutex<BTreeMap<String, MemoryFile>>>,
    locked: Arc<AtomicBool>,
}

impl Memory {
    /// An empty folder. Clones share it.
    pub fn new() -> Memory {
        Memory::default()
    }
}

impl Storage for Memory {
    fn folder(&self) -> String {
        "memory".to_owned()
    }

    fn lock(&self) -> Result<FolderLock, IoError> {
        if self.locked.swap(true, Ordering::SeqCst) {
            return Err(in_use(self.folder()));
        }
        Ok(FolderLock::new(Unlock(Arc::clone(&self.locked))))
    }

    fn list(&self) -> Result<Vec<FileInfo>, IoError> {
        let files = held(&self.files);
        Ok(files
            .iter()
            .map(|(name, file)| FileInfo {
                name: name.clone(),
                bytes: held(&file.0).len() as u64,
            })
            .collect())
    }

    fn create(&self, file: &str, bytes: u64) -> Result<Box<dyn StoredFile>, IoError> {
        let bytes = usize::try_from(bytes).map_err(|_| full(Operation::Create, file))?;
        let zeros = vec![0; bytes];
        let stored = MemoryFile(Arc::new(Mutex::new(zeros)));
        held(&self.files).insert(file.to_owned(), stored.clone());
        Ok(Box::new(stored))
    }

    fn open(&self, file: &str) -> Result<Box<dyn StoredFile>, IoError> {
        match held(&self.files).get(file) {
            Some(stored) => Ok(Box::new(stored.clone())),
            None => Err(not_found(file)),
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), IoError> {
        let mut files = held(&self.files);
        let stored = files.remove(from).ok_or_else(|| not_found(from))?;
        files.insert(to.to_owned(), stored);
        Ok(())
    }

    fn remove(&self, file: &str) -> Result<(), IoError> {
        match held(&self.files).remove(file) {
            Some(_) => Ok(()),
            None => Err(not_found(file)),
        }
    }

    fn sync_folder(&self) -> Result<(), IoError> {
        Ok(())
    }
}

#[derive(Debug, Clone)]
struct MemoryFile(Arc<Mutex<Vec<u8>>>);

/// What a lock guards. A panic elsewhere leaves bytes as good as any.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StoredFile for MemoryFile {
    fn bytes(&self) -> Result<u64, IoError> {
        Ok(held(&self.0).len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, IoError> {
        let contents = held(&self.0);
        let start = usize::try_from(offset).map_or(contents.len(), |at| at.min(contents.len()));
        let read = buffer.len().min(contents.len() - start);
        buffer[..read].copy_from_slice(&contents[start..start + read]);
        Ok(read)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), IoError> {
        let mut contents = held(&self.0);
        let too_long = || full(Operation::Write, "memory");
        let start = usize::try_from(offset).map_err(|_| too_long())?;
        let end = start.checked_add(bytes.len()).ok_or_else(too_long)?;
        if contents.len() < end {
            contents.resize(end, 0);
        }
        contents[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> Result<(), IoError> {
        Ok(())
    }
}

struct Unlock(Arc<AtomicBool>);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
