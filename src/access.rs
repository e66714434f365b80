//! How commands on this machine find the server that runs on it.
//!
//! A server writes one small file, [`Access`], into a folder that only its user can look into;
//! a command of the same user reads it and needs no flags. The file names where the signing key
//! stands; it does not hold it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What a command needs to know of a running server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Access {
    /// Where the server listens (UDP).
    pub address: SocketAddr,
    /// Its certificate chain in PEM form, to be pinned.
    pub certificate_pem: String,
    /// The file of the key that signs session tokens.
    pub token_key: PathBuf,
    /// The server's process.
    pub pid: u32,
    /// Where its metrics are read (TCP), if anywhere.
    #[serde(default)]
    pub http: Option<SocketAddr>,
}

/// Why a running server was not found, or could not be announced.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No server of this user has announced itself on this port.
    #[error(
        "no muster is running on port {port}: start one with `muster demo` or `muster serve`, or \
         name one with `-c muster.toml`"
    )]
    NotFound {
        /// The port.
        port: u16,
    },
    /// The folder could be somebody else's trap.
    #[error(
        "{} is not a folder of this user alone: remove it, or set XDG_RUNTIME_DIR to a private \
         folder",
        folder.display()
    )]
    NotPrivate {
        /// The folder.
        folder: PathBuf,
    },
    /// The file is not what a server writes.
    #[error(
        "{} cannot be read as the announcement of a server: {cause}; stop the server and remove \
         the file",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: serde_json::Error,
    },
    /// The operating system refused.
    #[error("cannot use {}: {cause}; set XDG_RUNTIME_DIR to a private folder", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
}

/// A server's announcement, which goes away with this value.
#[derive(Debug)]
pub struct Announced {
    path: PathBuf,
    pid: u32,
}

impl Access {
    /// Finds the server of this user on a port.
    ///
    /// # Errors
    /// There is none, or its announcement cannot be trusted or read.
    pub fn find(port: u16) -> Result<Access, AccessError> {
        Access::find_in(&folder()?, port)
    }

    /// Announces this server to other commands of the same user, as long as the returned value
    /// lives.
    ///
    /// # Errors
    /// The folder cannot be made or is not private, or the file cannot be written.
    pub fn announce(&self) -> Result<Announced, AccessError> {
        self.absolute()?.announce_in(&folder()?)
    }

    /// A command may run in another folder, where a relative path leads elsewhere.
    fn absolute(&self) -> Result<Access, AccessError> {
        let token_key = std::path::absolute(&self.token_key).map_err(|cause| {
            let path = self.token_key.clone();
            AccessError::Io { path, cause }
        })?;
        Ok(Access {
            token_key,
            ..self.clone()
        })
    }

    fn find_in(folder: &Path, port: u16) -> Result<Access, AccessError> {
        let path = folder.join(format!("{port}.json"));
        if !is_there(folder)? {
            return Err(AccessError::NotFound { port });
        }
        refuse_unless_private(folder)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(AccessError::NotFound { port });
            }
            Err(cause) => return Err(AccessError::Io { path, cause }),
        };
        serde_json::from_str(&text).map_err(|cause| AccessError::Malformed { path, cause })
    }

    fn announce_in(&self, folder: &Path) -> Result<Announced, AccessError> {
        Ok(Announced {
            path: self.write_in(folder)?,
            pid: self.pid,
        })
    }

    fn write_in(&self, folder: &Path) -> Result<PathBuf, AccessError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |cause| AccessError::Io { path, cause }
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed(folder))?;
        refuse_unless_private(folder)?;
        let path = folder.join(format!("{}.json", self.address.port()));
        let beside = folder.join(format!("{}.{}.new", self.address.port(), self.pid));
        let text = serde_json::to_string_pretty(self).map_err(|cause| AccessError::Malformed {
            path: path.clone(),
            cause,
        })?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options
            .open(&beside)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&beside, &path));
        written.map_err(failed(&path))?;
        Ok(path)
    }
}

impl Announced {
    /// Says something else of the same server from now on, at no moment nothing.
    ///
    /// # Errors
    /// The file cannot be written; what was announced before stays.
    pub fn replace(&self, access: &Access) -> Result<(), AccessError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        access.absolute()?.write_in(folder).map(|_| ())
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        // Another server may have taken the port since: its announcement stays.
        let ours = fs::read_to_string(&self.path)
            .ok()
            .and_then(|text| serde_json::from_str::<Access>(&text).ok())
            .is_some_and(|access| access.pid == self.pid);
        if ours {
            // A file that stays behind leads to "nothing answers", which says the same.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// `$XDG_RUNTIME_DIR/muster-<uid>`, or in the folder for temporary files.
fn folder() -> Result<PathBuf, AccessError> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty());
    let runtime = runtime.map_or_else(std::env::temp_dir, PathBuf::from);
    let owner = user().map_err(|cause| AccessError::Io {
        path: runtime.clone(),
        cause,
    })?;
    Ok(runtime.join(format!("muster-{owner}")))
}

/// The number of the user who runs this process: the owner of the process's own entry under
/// `/proc`, or where there is none, of a file that it makes.
fn user() -> io::Result<u32> {
    if let Ok(process) = fs::metadata("/proc/self") {
        return Ok(process.uid());
    }
    let path = std::env::temp_dir().join(format!("muster-user-{}", std::process::id()));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    let owner = file.metadata()?.uid();
    fs::remove_file(&path)?;
    Ok(owner)
}

fn is_there(folder: &Path) -> Result<bool, AccessError> {
    match fs::symlink_metadata(folder) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(AccessError::Io {
            path: folder.to_owned(),
            cause,
        }),
    }
}

/// In a shared folder such as `/tmp` anybody can make a folder of the expected name first.
fn refuse_unless_private(folder: &Path) -> Result<(), AccessError> {
    let failed = |cause| AccessError::Io {
        path: folder.to_owned(),
        cause,
    };
    let metadata = fs::symlink_metadata(folder).map_err(failed)?;
    let owner = user().map_err(failed)?;
    let private = metadata.permissions().mode() & 0o077 == 0;
    if metadata.is_dir() && metadata.uid() == owner && private {
        return Ok(());
    }
    Err(AccessError::NotPrivate {
        folder: folder.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn access(port: u16, pid: u32) -> Access {
        Access {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            certificate_pem: "-----BEGIN CERTIFICATE-----".to_owned(),
            token_key: PathBuf::from("data/token.key"),
            pid,
            http: None,
        }
    }

    #[test]
    fn a_server_is_found_as_long_as_it_is_announced() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("muster-1");
        let announced = access(7710, 1).announce_in(&folder).unwrap();
        assert_eq!(Access::find_in(&folder, 7710).unwrap(), access(7710, 1));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&announced.path)), (0o700, 0o600));
        drop(announced);
        let gone = Access::find_in(&folder, 7710).unwrap_err();
        assert!(
            matches!(gone, AccessError::NotFound { port: 7710 }),
            "{gone:?}"
        );
    }

    #[test]
    fn a_server_that_shows_another_certificate_says_so() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("muster-1");
        let announced = access(7710, 1).announce_in(&folder).unwrap();
        let renewed = Access {
            certificate_pem: "another".to_owned(),
            ..access(7710, 1)
        };
        announced.replace(&renewed).unwrap();
        let found = Access::find_in(&folder, 7710).unwrap();
        assert_eq!(found.certificate_pem, "another");
        drop(announced);
        assert!(Access::find_in(&folder, 7710).is_err());
    }

    #[test]
    fn a_server_removes_only_its_own_announcement() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("muster-1");
        let first = access(7710, 1).announce_in(&folder).unwrap();
        let second = access(7710, 2).announce_in(&folder).unwrap();
        drop(first);
        assert_eq!(Access::find_in(&folder, 7710).unwrap().pid, 2);
        drop(second);
        assert!(Access::find_in(&folder, 7710).is_err());
    }

    #[test]
    fn without_a_folder_there_is_no_server() {
        let scratch = Scratch::new();
        let none = Access::find_in(&scratch.path().join("none"), 1).unwrap_err();
        assert!(
            matches!(none, AccessError::NotFound { port: 1 }),
            "{none:?}"
        );
    }

    #[test]
    fn a_folder_open_to_others_is_neither_read_nor_written() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("muster-1");
        let kept = access(7710, 1).announce_in(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let found = Access::find_in(&folder, 7710).unwrap_err();
        let announced = access(7711, 1).announce_in(&folder).unwrap_err();
        assert!(matches!(found, AccessError::NotPrivate { .. }), "{found:?}");
        assert!(
            matches!(announced, AccessError::NotPrivate { .. }),
            "{announced:?}"
        );
        drop(kept);
    }

    #[test]
    fn a_malformed_announcement_is_named() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("muster-1");
        let kept = access(7710, 1).announce_in(&folder).unwrap();
        fs::write(folder.join("7710.json"), "{}").unwrap();
        let error = Access::find_in(&folder, 7710).unwrap_err();
        assert!(matches!(error, AccessError::Malformed { .. }), "{error:?}");
        drop(kept);
    }
}
