//! What the engine asks of the world: the time, and one folder of files.
//!
//! Everything durable goes through [`Storage`], so that a test can lose, tear and refuse writes at
//! any point; every reading of the time goes through [`Clock`], so that a run can be repeated.

mod clock;
mod disk;
mod error;
mod memory;

pub use clock::{Clock, ManualClock, SystemClock};
pub use disk::Disk;
pub use error::{IoError, Operation};
pub use memory::Memory;

/// The name of the file whose lock says that a folder has a writer.
pub const LOCK_FILE: &str = "lock";

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
