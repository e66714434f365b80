//! Why the storage could not do as asked.

use std::fmt;
use std::io;
use std::mem::discriminant;
use std::sync::Arc;

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

pub(super) fn full(operation: Operation, file: &str) -> IoError {
    let file = file.to_owned();
    IoError::Full { operation, file }
}

pub(super) fn in_use(folder: String) -> IoError {
    IoError::InUse { folder }
}

pub(super) fn not_found(file: &str) -> IoError {
    let file = file.to_owned();
    IoError::NotFound { file }
}
