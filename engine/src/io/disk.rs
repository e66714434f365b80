//! A folder of a real file system.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::{in_use, not_found};
use super::{FileInfo, FolderLock, IoError, LOCK_FILE, Operation, Storage, StoredFile};

/// How much is zero-filled between two syncs when a file is created. Without the syncs in between,
/// one flush of a whole segment would hold up the commits that share the disk with it.
const FILL_BYTES: usize = 128 << 10;

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
