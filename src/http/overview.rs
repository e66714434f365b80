//! What is known of a server from its first moment to its last.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use dispatcher::Stats;
use engine::{Engine, Health, Recovered};
use tokio::sync::watch;

use crate::certificate::Shown;

/// How a server stands, for whoever looks after it.
pub struct Overview {
    begun: Instant,
    serving: OnceLock<Serving>,
    is_draining: AtomicBool,
}

/// A server that has read its log and takes sessions.
pub struct Serving {
    /// Its engine.
    pub engine: Engine,
    /// Its dispatcher's counts.
    pub stats: Arc<Stats>,
    /// The folder of its log.
    pub log: PathBuf,
    /// What was found in the log.
    pub recovered: Recovered,
    /// How long it took to read the log.
    pub recovery: Duration,
    /// The certificate that it shows.
    pub certificate: watch::Receiver<Shown>,
    /// Where it listens, if pages may open sessions.
    pub web: Option<SocketAddr>,
}

/// Why a server takes no new sessions or requests now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// It has not begun.
    #[error("starting: the log is being read")]
    Starting,
    /// It was told to stop.
    #[error("draining: sessions are told to come back, and the log is being closed")]
    Draining,
    /// The disk is full.
    #[error("read-only: the disk is full; free some space on the volume of the data folder")]
    ReadOnly,
    /// The log could not be written.
    #[error("failed: the log could not be written; see that the disk is well, then restart")]
    Failed,
    /// The engine is closed.
    #[error("closed: the engine has ended")]
    Closed,
}

impl Overview {
    /// Of a server that is about to start.
    pub fn new() -> Overview {
        Overview {
            begun: Instant::now(),
            serving: OnceLock::new(),
            is_draining: AtomicBool::new(false),
        }
    }

    /// How long ago that was.
    pub fn up(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Notes that the server takes sessions now.
    pub fn serves(&self, serving: Serving) {
        // A server starts once.
        let _ = self.serving.set(serving);
    }

    /// Notes that the server has been told to stop.
    pub fn drains(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// What there is to see, once the log has been read.
    pub fn serving(&self) -> Option<&Serving> {
        self.serving.get()
    }

    /// Whether new sessions and requests are taken in.
    ///
    /// # Errors
    /// Says why not.
    pub fn ready(&self) -> Result<(), NotReady> {
        if self.is_draining.load(Ordering::Relaxed) {
            return Err(NotReady::Draining);
        }
        let serving = self.serving().ok_or(NotReady::Starting)?;
        match serving.engine.health() {
            Health::Running => Ok(()),
            Health::ReadOnly => Err(NotReady::ReadOnly),
            Health::Failed => Err(NotReady::Failed),
            Health::Closed => Err(NotReady::Closed),
        }
    }
}

impl Default for Overview {
    fn default() -> Overview {
        Overview::new()
    }
}

/// What lies in the folder of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogFolder {
    /// Segments, those that no snapshot needs any more included.
    pub(super) segments: u64,
    /// The sizes of all files.
    pub(super) bytes: u64,
}

impl LogFolder {
    pub(super) fn look(folder: &Path) -> io::Result<LogFolder> {
        let (mut segments, mut bytes) = (0, 0);
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // A file may go away between the two looks.
            bytes += entry.metadata().map_or(0, |metadata| metadata.len());
            let name = entry.file_name();
            segments += u64::from(name.to_string_lossy().ends_with(".seg"));
        }
        Ok(LogFolder { segments, bytes })
    }
}
