//! The real server as a child process, and a look at the log that it leaves behind.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::history::{History, HistoryError};

/// How long a server may take to say that it is ready.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How long a stop, or a freeze, may take.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// How long between two looks at a process.
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// Small segments and frequent snapshots, so that crashes meet the change of segments, the making
/// of snapshots and recovery from them. Nobody looks after it, so it needs no port for that.
const SETTINGS: [(&str, &str); 3] = [
    ("MUSTER_HTTP_LISTEN", ""),
    ("MUSTER_LOG_SEGMENT_MIB", "1"),
    ("MUSTER_LOG_SNAPSHOT_EVERY_RECORDS", "1000"),
];

/// The syscalls that `strace` answers in the kernel's place for a server whose syncs do nothing.
const SYNCS: &str = "fsync,fdatasync,sync_file_range,syncfs,sync,msync";

/// How the server is run, and on what.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// The `muster` binary.
    pub(super) muster: PathBuf,
    /// Where the server runs and announces itself; not on the disk whose power is cut.
    pub(super) home: PathBuf,
    /// The data folder.
    pub(super) data: PathBuf,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

/// A running server; it is killed with this value.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// Keeps it from syncing, where that is the planted bug.
    tracer: Option<Child>,
}

/// Why a server or a look at its log failed.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It cannot be run.
    #[error("{} cannot be run ({because}): name it with --muster", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why.
        because: io::Error,
    },
    /// The server ended, or was not ready in time.
    #[error("the server did not start: {said}")]
    NotStarted {
        /// What it said last.
        said: String,
    },
    /// The log is not sound.
    #[error("`muster log {command}` does not accept the log: {said}")]
    Log {
        /// The command.
        command: &'static str,
        /// What it said.
        said: String,
    },
    /// The dump is not understood.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A process cannot be looked after.
    #[error("a child process cannot be looked after: {0}")]
    Child(#[from] io::Error),
}

impl Program {
    /// The folder of the log.
    pub(super) fn log(&self) -> PathBuf {
        self.data.join("log")
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Errors
    /// [`ProgramError::NotStarted`] if it refuses, else what kept it from being run.
    pub(super) fn start(&self) -> Result<Server, ProgramError> {
        let said_path = self.home.join("server.stderr");
        let said = fs::File::create(&said_path)?;
        let mut command = self.command();
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(&self.data)
            .arg("--listen")
            .arg(self.address.to_string())
            .stdout(Stdio::piped())
            .stderr(said);
        let child = command.spawn().map_err(|because| self.not_run(because))?;
        let mut server = Server {
            child,
            tracer: None,
        };
        let (ready, is_ready) = channel();
        if let Some(stdout) = server.child.stdout.take() {
            // It reads until the end, so that the server never waits for room in the pipe.
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if line.starts_with("ready") {
                        // Nobody listens any more if the deadline has passed.
                        let _ = ready.send(());
                    }
                }
            });
        }
        let read = || fs::read_to_string(&said_path).unwrap_or_default();
        match is_ready.recv_timeout(START_DEADLINE) {
            Ok(()) => Ok(server),
            Err(RecvTimeoutError::Disconnected) => {
                let status = server.child.wait()?;
                let said = format!("{status}; {}", read().trim());
                Err(ProgramError::NotStarted { said })
            }
            Err(RecvTimeoutError::Timeout) => {
                let said = format!("not ready within {} s", START_DEADLINE.as_secs());
                Err(ProgramError::NotStarted { said })
            }
        }
    }

    /// Verifies the log, then reads all of it.
    ///
    /// # Errors
    /// [`ProgramError::Log`] if the log is not sound.
    pub(super) fn inspect(&self) -> Result<History, ProgramError> {
        self.look("verify", |mut stdout| {
            io::copy(&mut stdout, &mut io::sink())?;
            Ok(())
        })?;
        self.look("dump", |stdout| Ok(History::read(BufReader::new(stdout))?))
    }

    fn look<T>(
        &self,
        command: &'static str,
        read: impl FnOnce(&mut dyn Read) -> Result<T, ProgramError>,
    ) -> Result<T, ProgramError> {
        let said_path = self.home.join("log.stderr");
        let mut child = Command::new(&self.muster)
            .args(["log", command, "--json"])
            .arg(self.log())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&said_path)?)
            .spawn()
            .map_err(|because| self.not_run(because))?;
        let taken = match child.stdout.take() {
            Some(mut stdout) => read(&mut stdout),
            None => Err(io::Error::other("the child has no standard output").into()),
        };
        if taken.is_err() {
            // What is not understood is not read to its end, for which the child would wait.
            child.kill()?;
            child.wait()?;
            return taken;
        }
        let status = child.wait()?;
        if !status.success() {
            let said = fs::read_to_string(&said_path).unwrap_or_default();
            let said = format!("{status}; {}", said.trim());
            return Err(ProgramError::Log { command, said });
        }
        taken
    }

    fn command(&self) -> Command {
        let mut words: Vec<&str> = Vec::new();
        if ends_with_us() {
            words.extend(["setpriv", "--pdeathsig", "KILL"]);
        }
        let muster = self.muster.as_os_str();
        let mut command = match words.split_first() {
            Some((program, rest)) => {
                let mut command = Command::new(program);
                command.args(rest).arg(muster);
                command
            }
            None => Command::new(muster),
        };
        // What the environment or a `muster.toml` says is meant for another server.
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("XDG_RUNTIME_DIR", &self.home)
            .envs(SETTINGS)
            .current_dir(&self.home)
            .stdin(Stdio::null());
        command
    }

    fn not_run(&self, because: io::Error) -> ProgramError {
        let program = self.muster.clone();
        ProgramError::Run { program, because }
    }
}

impl Server {
    /// From here on its syncs do nothing and report success, which only a power cut can show.
    pub(super) fn stop_syncing(&mut self) -> io::Result<()> {
        let pid = self.child.id();
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-qq", "-o", "/dev/null", "-p"])
            .arg(pid.to_string())
            .args(["-e", &format!("trace={SYNCS}")])
            .args(["-e", &format!("inject={SYNCS}:retval=0")])
            .stdin(Stdio::null());
        self.tracer = Some(strace.spawn()?);
        let until = Instant::now() + STOP_DEADLINE;
        while !all_traced(Path::new(&format!("/proc/{pid}/task")))? {
            if Instant::now() > until {
                return Err(io::Error::other("strace does not attach to the server"));
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// SIGKILL: no destructor, no flush, no goodbye.
    pub(super) fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGSTOP, and waits until every thread stands still.
    pub(super) fn freeze(&self) -> io::Result<()> {
        self.signal("STOP")?;
        let tasks = format!("/proc/{}/task", self.child.id());
        let until = Instant::now() + STOP_DEADLINE;
        while !all_stopped(Path::new(&tasks))? {
            if Instant::now() > until {
                return Err(io::Error::other("the server does not stand still"));
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// SIGTERM, and waits until it has gone in its own way.
    pub(super) fn stop(mut self) -> io::Result<ExitStatus> {
        self.signal("TERM")?;
        let until = Instant::now() + STOP_DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > until {
                return Err(io::Error::other(
                    "the server does not end when it is told to",
                ));
            }
            thread::sleep(LOOK_AGAIN * 10);
        }
    }

    fn signal(&self, name: &str) -> io::Result<()> {
        // The shell's own `kill` is there even where no package brings a program of that name.
        let mut shell = Command::new("sh");
        shell.args(["-c", "kill -s \"$0\" \"$1\"", name]);
        let status = shell.arg(self.child.id().to_string()).status()?;
        match status.success() {
            true => Ok(()),
            false => Err(io::Error::other(format!("SIG{name} was refused: {status}"))),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless something went wrong before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(tracer) = &mut self.tracer {
            // It ends with the process that it traces.
            let _ = tracer.wait();
        }
    }
}

/// Whether a child can be made to end with this process, however that ends.
fn ends_with_us() -> bool {
    let mut probe = Command::new("setpriv");
    probe.args(["--pdeathsig", "KILL", "true"]);
    let quiet = probe.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Whether every thread is stopped, by a signal (T) or under a tracer (t).
fn all_stopped(tasks: &Path) -> io::Result<bool> {
    // The name, in parentheses, may hold anything; the state is the word behind it.
    let is_stopped = |stat: &str| {
        let state = stat.rsplit(')').next().unwrap_or_default();
        state.trim_start().starts_with(['T', 't'])
    };
    all_tasks(tasks, "stat", is_stopped)
}

/// Whether every thread has a tracer.
fn all_traced(tasks: &Path) -> io::Result<bool> {
    let is_traced = |status: &str| {
        let mut lines = status.lines();
        let tracer = lines.find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_some_and(|pid| pid.trim() != "0")
    };
    all_tasks(tasks, "status", is_traced)
}

fn all_tasks(tasks: &Path, file: &str, holds: impl Fn(&str) -> bool) -> io::Result<bool> {
    for task in fs::read_dir(tasks)? {
        let text = match fs::read_to_string(task?.path().join(file)) {
            Ok(text) => text,
            // It ended between the two looks, and its siblings have to be looked at again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if !holds(&text) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with a program in it that does what a script says, in place of the server.
    fn program(name: &str, script: &str) -> Program {
        let name = format!("muster-stand-in-{}-{name}", std::process::id());
        let home = std::env::temp_dir().join(name);
        fs::create_dir_all(&home).unwrap();
        let muster = home.join("stand-in");
        fs::write(&muster, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&muster, fs::Permissions::from_mode(0o700)).unwrap();
        Program {
            muster,
            data: home.clone(),
            home,
            address: ([127, 0, 0, 1], 1).into(),
        }
    }

    #[test]
    fn a_dump_that_is_not_understood_is_an_error_and_nobody_waits_for_its_end() {
        let program = program("nonsense", "[ $2 = verify ] || exec yes nonsense");
        let error = program.inspect().unwrap_err();
        assert!(matches!(error, ProgramError::History(_)), "{error}");
        fs::remove_dir_all(&program.home).unwrap();
    }

    #[test]
    fn a_log_that_is_refused_says_why() {
        let program = program("damaged", "echo the log is damaged >&2; exit 1");
        let error = program.inspect().unwrap_err();
        assert!(error.to_string().contains("`muster log verify`"), "{error}");
        assert!(error.to_string().contains("the log is damaged"), "{error}");
        fs::remove_dir_all(&program.home).unwrap();
    }

    #[test]
    fn a_server_that_does_not_start_says_why() {
        let program = program("ended", "echo the disk is on fire >&2; exit 3");
        let error = program.start().unwrap_err();
        assert!(error.to_string().contains("the disk is on fire"), "{error}");
        fs::remove_dir_all(&program.home).unwrap();
    }
}
