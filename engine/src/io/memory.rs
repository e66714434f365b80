//! A folder in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::{full, in_use, not_found};
use super::{FileInfo, FolderLock, IoError, Operation, Storage, StoredFile};

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
