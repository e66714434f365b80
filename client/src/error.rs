//! What can go wrong, one type per operation; every message says what to do.

use std::net::SocketAddr;

use protocol::GoAway;
use protocol::session::{RequestError, Violation};

/// Why an endpoint could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The local address cannot be used.
    #[error("cannot use the local address {local}: {cause}; use port 0 to have one chosen")]
    Address {
        /// The address.
        local: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Nothing drives asynchronous work here.
    #[error("there is no tokio runtime here: bind the endpoint inside one")]
    NoRuntime,
    /// What is to be trusted cannot be read.
    #[error("the certificate to trust cannot be read ({detail}): give the server's PEM file")]
    Trust {
        /// What is wrong with it.
        detail: String,
    },
}

/// Why a connection could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answered in time.
    #[error("nothing answers at {address}: is `muster serve` running?")]
    NothingAnswers {
        /// Where.
        address: SocketAddr,
    },
    /// The server is not the one we trust.
    #[error(
        "the server at {address} shows a certificate that is not trusted here ({detail}): give \
         the certificate it uses now, and check who runs it"
    )]
    CertificateRefused {
        /// Where.
        address: SocketAddr,
        /// What the check says.
        detail: String,
    },
    /// The server does not speak our protocol.
    #[error("the server at {address} does not speak muster ({detail}): is it the right port?")]
    NotMuster {
        /// Where.
        address: SocketAddr,
        /// What the handshake says.
        detail: String,
    },
    /// The server cannot be reached from this endpoint at all.
    #[error("cannot connect to {address} ({detail}): check the address and the server's name")]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// What is wrong.
        detail: String,
    },
    /// The connection broke off before it stood.
    #[error("the connection to {address} broke off ({detail}): try again")]
    BrokeOff {
        /// Where.
        address: SocketAddr,
        /// What happened.
        detail: String,
    },
}

impl ConnectError {
    /// Whether trying again may help without anybody changing anything.
    pub fn is_passing(&self) -> bool {
        match self {
            ConnectError::NothingAnswers { .. } | ConnectError::BrokeOff { .. } => true,
            ConnectError::CertificateRefused { .. }
            | ConnectError::NotMuster { .. }
            | ConnectError::Unreachable { .. } => false,
        }
    }
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The request was not taken.
    #[error(transparent)]
    NotTaken(#[from] RequestError),
    /// The request does not fit the frame that the role may send.
    #[error("the request is too large to be sent ({detail}): split it")]
    TooLarge {
        /// How large it is.
        detail: String,
    },
    /// No answer came in time; it may still come, and is then an event.
    #[error("no answer within {waited_ms} ms: ask again with the same id")]
    Deadline {
        /// How long we waited.
        waited_ms: u64,
    },
    /// The session has ended, and whether the request was done is not known.
    #[error("the session has ended: connect again and ask with the same id")]
    Ended,
}

/// Why a driver stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The program closed the session.
    #[error("the session was closed")]
    Closed,
    /// The server ended it for a reason that coming back would not change.
    #[error("{}", refused(*.0))]
    Refused(GoAway),
    /// There is no connection, and none is to be tried again.
    #[error(transparent)]
    NotConnected(#[from] ConnectError),
    /// The connection was lost, and reconnecting was not wished for.
    #[error("the connection to the server was lost: connect again")]
    Lost,
    /// The server broke the rules of the conversation, and reconnecting was not wished for.
    #[error(transparent)]
    Violated(#[from] Violation),
}

fn refused(because: GoAway) -> &'static str {
    match because {
        GoAway::Stopping => "the server is stopping: connect again when it is back",
        GoAway::Unauthenticated => {
            "the server does not accept the token: issue one with the server's key for a subject \
             it knows"
        }
        GoAway::TokenExpired => "the token has expired: connect again with a new one",
        GoAway::VersionNotSpoken => {
            "the server speaks another version of the protocol: use the same release on both sides"
        }
        GoAway::ProtocolError => {
            "the server says this client broke the protocol: use the same release on both sides"
        }
        GoAway::Denied => "this bearer is denied: ask whoever runs the installation",
        GoAway::TooSlow => "this client read too slowly: connect again and sync",
        GoAway::TooManySessions => "the server has as many sessions as it will hold: try later",
    }
}
