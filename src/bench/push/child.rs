//! The server that is measured: a process of its own, so that what it spends is nobody else's.
//!
//! It ends when its standard input does, which is when this process ends, however that happens.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use protocol::token::SigningKey;

use super::super::BenchError;
use crate::access::Access;
use crate::identity;

/// How long a server may take to end after its standard input has ended.
const END_DEADLINE: Duration = Duration::from_secs(5);
/// How often is looked whether it has ended.
const END_LOOK: Duration = Duration::from_millis(10);

/// Which server is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The real one.
    Dispatcher,
    /// A loop over quinn-proto that can do nothing but push: the floor.
    Driver,
}

/// A server in a process of its own.
pub(super) struct Server {
    child: Child,
    access: Access,
    /// What each thread had spent when it was last seen, by its number.
    spent: HashMap<String, Duration>,
}

impl Server {
    /// Starts one on `folder` and waits until it listens.
    pub(super) fn start(kind: Kind, folder: &Path) -> Result<Server, BenchError> {
        let failed = |cause| BenchError::Server {
            attempt: "started",
            cause,
        };
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["bench", "push-server"]).arg(folder);
        if kind == Kind::Driver {
            command.arg("--driver");
        }
        command
            // Nobody else is to find it.
            .env("XDG_RUNTIME_DIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let announced = announced(&mut child);
        if announced.is_err() {
            // It ends by itself as well, once its standard input is closed.
            let _ = child.kill();
            let _ = child.wait();
        }
        Ok(Server {
            access: announced.map_err(failed)?,
            child,
            spent: HashMap::new(),
        })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.access.address
    }

    /// Its certificate, to be pinned.
    pub(super) fn certificate_pem(&self) -> &[u8] {
        self.access.certificate_pem.as_bytes()
    }

    /// The key whose tokens it believes.
    pub(super) fn signing_key(&self) -> Result<SigningKey, BenchError> {
        identity::load_signing_key(&self.access.token_key).map_err(|cause| BenchError::Server {
            attempt: "asked for its key",
            cause: io::Error::other(cause.to_string()),
        })
    }

    /// Says a line to its standard input.
    pub(super) fn say(&mut self, line: &str) -> Result<(), BenchError> {
        let said = match &mut self.child.stdin {
            Some(stdin) => writeln!(stdin, "{line}").and_then(|()| stdin.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        said.map_err(|cause| BenchError::Server {
            attempt: "told to push",
            cause,
        })
    }

    /// What all its threads have spent on a core so far, those that have ended included.
    pub(super) fn cpu(&mut self) -> Result<Duration, BenchError> {
        let tasks = self.proc().join("task");
        let looked = fs::read_dir(&tasks).and_then(|entries| {
            for entry in entries {
                let entry = entry?;
                // A thread may end between the two looks; what was seen of it last stays.
                let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else {
                    continue;
                };
                let ns = text
                    .split_whitespace()
                    .next()
                    .and_then(|ns| ns.parse().ok());
                if let Some(ns) = ns {
                    let thread = entry.file_name().to_string_lossy().into_owned();
                    self.spent.insert(thread, Duration::from_nanos(ns));
                }
            }
            Ok(())
        });
        looked.map_err(looking)?;
        Ok(self.spent.values().sum())
    }

    /// Its resident memory, in bytes.
    pub(super) fn memory_bytes(&self) -> Result<u64, BenchError> {
        resident_bytes(&self.proc()).map_err(looking)
    }

    fn proc(&self) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let until = Instant::now() + END_DEADLINE;
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(END_LOOK);
        }
        // It is this process's own child and has not been waited for, so nobody else is killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The resident memory of the process whose folder this is, in bytes.
pub(super) fn resident_bytes(proc: &Path) -> io::Result<u64> {
    let status = fs::read_to_string(proc.join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib << 10)
        .ok_or_else(|| io::Error::other("its status names no resident memory"))
}

fn announced(child: &mut Child) -> io::Result<Access> {
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    if line.is_empty() {
        return Err(io::Error::other("it ended before it listened"));
    }
    Ok(serde_json::from_str(&line)?)
}

fn looking(cause: io::Error) -> BenchError {
    BenchError::Server {
        attempt: "looked at",
        cause,
    }
}
