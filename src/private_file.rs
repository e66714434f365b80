//! Files and folders that only their owner may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Bytes of the longest key or certificate file that is read.
const FILE_LEN_MAX: u64 = 1024 * 1024;

/// Permission bits of everybody who is not the owner.
const OTHERS: u32 = 0o077;

/// Why a private file could not be read or written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum PrivateFileError {
    /// Others may read it.
    #[error("{} can be read by others (mode {mode:04o})", path.display())]
    #[diagnostic(help(
        "chmod 600 {}   (and if others may have read it, replace it: `muster init --force`)",
        path.display()
    ))]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is too long to be what it should be.
    #[error("{} is longer than {FILE_LEN_MAX} bytes", path.display())]
    #[diagnostic(help("is this the right file? keys and certificates are a few kilobytes long"))]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {attempt} {}: {cause}", path.display())]
    #[diagnostic(help(
        "see that the path is right and that the user who runs this command owns it"
    ))]
    Io {
        /// What was tried.
        attempt: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
}

impl PrivateFileError {
    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            PrivateFileError::Io { cause, .. } if cause.kind() == io::ErrorKind::NotFound
        )
    }
}

/// Reads a file that must be its owner's alone.
///
/// The permissions are those of the file that is read, not of one that has taken its place.
///
/// # Errors
/// Others may read it, it is too long, or it cannot be read.
pub fn read(path: &Path) -> Result<String, PrivateFileError> {
    let file = File::open(path).map_err(|cause| io_error("read", path, cause))?;
    let metadata = file
        .metadata()
        .map_err(|cause| io_error("read", path, cause))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(PrivateFileError::ReadableByOthers {
            path: path.to_owned(),
            mode,
        });
    }
    read_bounded(path, &file)
}

/// Reads a file that everybody may read.
///
/// # Errors
/// It is too long, or it cannot be read.
pub fn read_public(path: &Path) -> Result<String, PrivateFileError> {
    let file = File::open(path).map_err(|cause| io_error("read", path, cause))?;
    read_bounded(path, &file)
}

fn read_bounded(path: &Path, file: &File) -> Result<String, PrivateFileError> {
    let mut text = String::new();
    let read = file.take(FILE_LEN_MAX + 1).read_to_string(&mut text);
    let len = read.map_err(|cause| io_error("read", path, cause))?;
    if len as u64 > FILE_LEN_MAX {
        return Err(PrivateFileError::TooLong {
            path: path.to_owned(),
        });
    }
    Ok(text)
}

/// Writes a file that only its owner may read, in place of any other of that name.
///
/// It is private from its first byte on, and there as a whole or not at all.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), PrivateFileError> {
    write_with_mode(path, text, 0o600)
}

/// Writes a file that everybody may read, in place of any other of that name.
///
/// # Errors
/// It cannot be written.
pub fn write_public(path: &Path, text: &str) -> Result<(), PrivateFileError> {
    write_with_mode(path, text, 0o644)
}

fn write_with_mode(path: &Path, text: &str, mode: u32) -> Result<(), PrivateFileError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = (|| {
        // What a crash left under this name may have other permissions.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    written.map_err(|cause| io_error("write", path, cause))
}

/// Makes a folder, and those above it, for its owner alone. One that exists stays as it is.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(path: &Path) -> Result<(), PrivateFileError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|cause| io_error("make the folder", path, cause))
}

fn io_error(attempt: &'static str, path: &Path, cause: io::Error) -> PrivateFileError {
    PrivateFileError::Io {
        attempt,
        path: path.to_owned(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn what_is_written_is_private_and_can_be_read() {
        let scratch = Scratch::new();
        let path = scratch.path().join("key");
        write(&path, "secret").unwrap();
        write(&path, "another").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(read(&path).unwrap(), "another");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let scratch = Scratch::new();
        let path = scratch.path().join("key");
        write(&path, "secret").unwrap();
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err();
            let refused = matches!(
                error,
                PrivateFileError::ReadableByOthers { mode: found, .. } if found == mode
            );
            assert!(refused, "{error:?}");
        }
    }

    #[test]
    fn a_folder_is_made_for_its_owner_alone() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("a/b");
        make_folder(&folder).unwrap();
        make_folder(&folder).unwrap();
        assert_eq!(
            fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn a_missing_file_is_told_apart() {
        let scratch = Scratch::new();
        assert!(read(&scratch.path().join("none")).unwrap_err().is_missing());
    }
}
