//! Cutting the power, as far as one machine can do that to itself.
//!
//! A file system of its own, ext4 in an image on a loop device, is shut down by its own ioctl
//! without flushing anything, its journal included. What was not synced is gone; what was synced
//! must come back when it is mounted again. It takes root and a mount namespace of its own, in
//! which the mount, and with it the loop device, ends with the last process at the latest.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Size of the image, in bytes. It is sparse: only what is written takes room.
const IMAGE_BYTES: u64 = 1 << 30;

/// How often an unmount is tried while somebody is still leaving.
const UNMOUNT_TRIES_MAX: u32 = 50;

/// How long between two tries to unmount.
const UNMOUNT_RETRY: Duration = Duration::from_millis(20);

/// `EXT4_IOC_SHUTDOWN` is `_IOR('X', 125, __u32)`, and its argument 2 is
/// `EXT4_GOING_FLAGS_NOLOGFLUSH` (Linux, fs/ext4/ext4.h). Perl's base package is on every Debian.
const SHUTDOWN: &str = "open(my $folder, '<', $ARGV[0]) or die \"open: $!\\n\"; \
    my $flags = pack('L', 2); \
    ioctl($folder, 0x8004587D, $flags) or die \"ioctl: $!\\n\";";

/// A file system whose power can be cut.
#[derive(Debug)]
pub(super) struct Mains {
    image: PathBuf,
    folder: PathBuf,
    is_mounted: bool,
}

/// Why something could not be done to the file system.
#[derive(Debug, thiserror::Error)]
#[error("{what} failed: {because}")]
pub struct Refused {
    /// The command.
    what: String,
    /// What was said.
    because: String,
}

/// The command that runs another one in a mount namespace of its own.
pub fn unshared() -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private", "--"]);
    unshare
}

/// Whether this process may have a mount namespace of its own.
///
/// # Errors
/// [`Refused`], with what the system says.
pub fn may_unshare() -> Result<(), Refused> {
    do_it(unshared().arg("true"))
}

impl Mains {
    /// Makes the image in `within`, mounts it, and rehearses a cut.
    ///
    /// # Errors
    /// [`Refused`]: something of it is not permitted here, or the cut did not bite.
    pub(super) fn connect(within: &Path) -> Result<Mains, Refused> {
        let mut mains = Mains {
            image: within.join("disk.ext4"),
            folder: within.join("disk"),
            is_mounted: false,
        };
        let made = fs::File::create(&mains.image)
            .and_then(|image| image.set_len(IMAGE_BYTES))
            .and_then(|()| fs::create_dir(&mains.folder));
        made.map_err(|error| refused("making the image", &error))?;
        do_it(
            Command::new("mkfs.ext4")
                .args(["-q", "-F"])
                .arg(&mains.image),
        )?;
        mains.mount()?;
        mains.rehearse()?;
        Ok(mains)
    }

    /// Where the file system is mounted.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Cuts the power: nothing that was not synced survives. Whoever writes there must be
    /// frozen, so that no answer can leave that rests on a sync which races the cut.
    pub(super) fn cut(&self) -> Result<(), Refused> {
        do_it(
            Command::new("perl")
                .args(["-e", SHUTDOWN])
                .arg(&self.folder),
        )
    }

    /// Unmounts what is left, and mounts it again, which replays the journal.
    pub(super) fn restore(&mut self) -> Result<(), Refused> {
        self.unmount()?;
        self.mount()
    }

    /// Cuts the power on one file that was synced and one that was not.
    fn rehearse(&mut self) -> Result<(), Refused> {
        const TEXT: &[u8] = b"kept";
        let (synced, unsynced) = (self.folder.join("synced"), self.folder.join("unsynced"));
        let write = |path: &Path| {
            let mut file = fs::File::create(path)?;
            file.write_all(TEXT)?;
            io::Result::Ok(file)
        };
        let written = write(&synced)
            .and_then(|file| file.sync_all())
            .and_then(|()| write(&unsynced).map(drop));
        written.map_err(|error| refused("the rehearsal", &error))?;
        self.cut()?;
        self.restore()?;
        let read = |path: &Path| fs::read(path).unwrap_or_default();
        if read(&synced) != TEXT {
            let because = "a file that was synced did not survive".to_owned();
            let what = "the rehearsal of a cut".to_owned();
            return Err(Refused { what, because });
        }
        if read(&unsynced) == TEXT {
            let because = "a file that was not synced survived, so a cut would prove nothing";
            let (what, because) = ("the rehearsal of a cut".to_owned(), because.to_owned());
            return Err(Refused { what, because });
        }
        Ok(())
    }

    fn mount(&mut self) -> Result<(), Refused> {
        // With `loop`, the device is let go of when the file system is unmounted.
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop"]).args([&self.image, &self.folder]);
        do_it(&mut mount)?;
        self.is_mounted = true;
        Ok(())
    }

    fn unmount(&mut self) -> Result<(), Refused> {
        let mut tried = 0;
        loop {
            match do_it(Command::new("umount").arg(&self.folder)) {
                Ok(()) => break,
                Err(error) if tried == UNMOUNT_TRIES_MAX => return Err(error),
                // A process that was killed lets go of its files a moment later.
                Err(_) => thread::sleep(UNMOUNT_RETRY),
            }
            tried += 1;
        }
        self.is_mounted = false;
        Ok(())
    }
}

impl Drop for Mains {
    fn drop(&mut self) {
        if self.is_mounted {
            // A lazy unmount cannot be refused for being busy; and if it is refused for another
            // reason, the namespace ends with this process and takes the mount with it.
            let _ = do_it(Command::new("umount").arg("--lazy").arg(&self.folder));
        }
    }
}

fn do_it(command: &mut Command) -> Result<(), Refused> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| refused(&what, &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let because = match said.trim() {
        "" => output.status.to_string(),
        said => said.replace('\n', " "),
    };
    Err(Refused { what, because })
}

fn refused(what: &str, error: &io::Error) -> Refused {
    Refused {
        what: what.to_owned(),
        because: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_which_command_and_why() {
        let mut missing = Command::new("muster-there-is-no-such-program");
        let said = do_it(&mut missing).unwrap_err().to_string();
        assert!(
            said.starts_with("muster-there-is-no-such-program failed: "),
            "{said}"
        );
        let mut failing = Command::new("sh");
        failing.args(["-c", "echo not permitted >&2; exit 1"]);
        let said = do_it(&mut failing).unwrap_err().to_string();
        assert_eq!(said, "sh failed: not permitted");
    }
}
