//! How a command ends when it does not end well.

use std::io;

use miette::{Diagnostic, Report};

use crate::access::AccessError;
use crate::config::ConfigError;
use crate::http::{AskError, PortError};
use crate::identity::IdentityError;
use crate::import::ImportError;
use crate::private_file::PrivateFileError;
use crate::reach::ReachError;
use crate::server::ServerError;
use crate::session::SessionError;

/// Exit code of a command that failed.
pub const FAILED: u8 = 1;

/// Exit code of a command line that makes no sense.
pub const USAGE: u8 = 2;

/// Exit code of an assertion that does not hold, such as the demo's audit.
pub const ASSERTED: u8 = 3;

/// Why a command ended.
#[derive(Debug)]
pub enum Stop {
    /// It could not do what was asked.
    Failed(Report),
    /// What was asked makes no sense.
    Usage(Report),
    /// It did what was asked, and what it found is not as it should be.
    Asserted(Report),
    /// It has said why, on stdout as was asked; the exit code is all that is left.
    Said(u8),
}

impl Stop {
    /// A command that failed.
    pub fn failed(error: impl Diagnostic + Send + Sync + 'static) -> Stop {
        Stop::Failed(Report::new(error))
    }

    /// A command line that makes no sense, with a sentence that says what to write instead.
    pub fn usage(sentence: impl Into<String>) -> Stop {
        Stop::Usage(Report::new(Usage {
            sentence: sentence.into(),
        }))
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Stop::Failed(_) => FAILED,
            Stop::Usage(_) => USAGE,
            Stop::Asserted(_) => ASSERTED,
            Stop::Said(code) => *code,
        }
    }

    /// What is left to be said on stderr.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Stop::Failed(report) | Stop::Usage(report) | Stop::Asserted(report) => Some(report),
            Stop::Said(_) => None,
        }
    }
}

/// An address that another process uses.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{address} is already in use (udp)")]
#[diagnostic(help(
    "is another muster running? `muster board` shows what it knows; stop it, or listen elsewhere \
     with `--listen {}:0` (any free port)",
    address.ip()
))]
pub struct PortInUse {
    /// The address.
    pub address: std::net::SocketAddr,
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{sentence}")]
struct Usage {
    sentence: String,
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("cannot print the result: {0}")]
#[diagnostic(help("is the disk that stdout leads to full?"))]
struct NotPrinted(io::Error);

impl From<io::Error> for Stop {
    /// What was printed could not be: a reader that has seen enough (`| head`) is no failure.
    fn from(error: io::Error) -> Stop {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Stop::Said(0),
            _ => Stop::failed(NotPrinted(error)),
        }
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Stop {
        Stop::from(io::Error::from(error))
    }
}

impl From<AccessError> for Stop {
    fn from(error: AccessError) -> Stop {
        Stop::failed(ReachError::from(error))
    }
}

macro_rules! failures {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Stop {
            fn from(error: $error) -> Stop {
                Stop::failed(error)
            }
        }
    )+};
}

failures!(
    AskError,
    ConfigError,
    IdentityError,
    ImportError,
    PortError,
    PortInUse,
    PrivateFileError,
    ReachError,
    ServerError,
    SessionError
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        let stop = Stop::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((stop.code(), stop.report().is_none()), (0, true));
        assert_eq!(
            Stop::from(io::Error::from(io::ErrorKind::StorageFull)).code(),
            FAILED
        );
        assert_eq!(Stop::usage("say it otherwise").code(), USAGE);
    }

    #[test]
    fn a_port_in_use_names_itself_and_the_way_out() {
        let error = PortInUse {
            address: "127.0.0.1:7710".parse().unwrap(),
        };
        assert_eq!(error.to_string(), "127.0.0.1:7710 is already in use (udp)");
        assert!(
            error
                .help()
                .unwrap()
                .to_string()
                .contains("--listen 127.0.0.1:0")
        );
    }
}
