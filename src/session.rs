//! One errand to a server, or a long look at it.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{AskError, BindError, Client, Ended, Endpoint, Events, Options, Trust};
use protocol::{Ask, Outcome, RefusalCode, Refused, RequestId, VacancyKey};
use uuid::Uuid;

use crate::reach::Reach;

/// How long an errand may take, repetitions included.
const ERRAND_MAX: Duration = Duration::from_secs(60);

/// How long one attempt to connect may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The wait before asking again where the server does not say how long.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Why an errand came to nothing.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SessionError {
    /// No socket, or a certificate that is none.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// There is no session, or it ended too early.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The request was not answered.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The server refused.
    #[error("{}", .0.sentence)]
    #[diagnostic(help("{}", refusal_help(.0)))]
    Refused(Box<Refused>),
    /// The server kept saying that it is busy, or could not say whether it was done.
    #[error(
        "the server could not take the request for {} s: nothing says that it was done",
        ERRAND_MAX.as_secs()
    )]
    #[diagnostic(help("ask again later; `muster board` shows what stands"))]
    TooBusy,
    /// The server answered something else than was asked.
    #[error("the server's answer does not belong to the question")]
    #[diagnostic(help("use the same release of muster on both sides"))]
    Unexpected,
    /// No runtime could be made.
    #[error("cannot start: {0}")]
    #[diagnostic(help("see that the limits on threads and open files are not reached"))]
    Runtime(std::io::Error),
}

/// A new id for a request.
pub fn new_request() -> RequestId {
    RequestId(Uuid::now_v7().as_u128())
}

/// A new key for a vacancy.
pub fn new_vacancy() -> VacancyKey {
    VacancyKey(Uuid::now_v7().as_u128())
}

/// Asks once and brings back the answer; where the server is busy, asks again under the same id.
///
/// # Errors
/// There is no session, no answer in time, or the server refused.
pub fn ask(reach: &Reach, ask: &Ask) -> Result<Outcome, SessionError> {
    let errand = Manner {
        reconnect: false,
        connect_max: CONNECT_MAX,
    };
    run(reach, errand, |client, _| async move {
        answer(&client, ask).await
    })
}

/// Runs something with a session that reconnects for as long as it can.
///
/// # Errors
/// The session ended, or what was run did not go well.
pub fn stay<T, F>(reach: &Reach, with: impl FnOnce(Client, Events) -> F) -> Result<T, SessionError>
where
    F: Future<Output = Result<T, SessionError>>,
{
    run(
        reach,
        Manner {
            reconnect: true,
            connect_max: CONNECT_MAX,
        },
        with,
    )
}

/// How persistent a session is.
#[derive(Clone, Copy)]
struct Manner {
    reconnect: bool,
    connect_max: Duration,
}

/// Drives the session and its user in turns, and says goodbye in the end.
fn run<T, F>(
    reach: &Reach,
    manner: Manner,
    with: impl FnOnce(Client, Events) -> F,
) -> Result<T, SessionError>
where
    F: Future<Output = Result<T, SessionError>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(SessionError::Runtime)?.block_on(async {
        let trust = Trust::Certificate(reach.certificate_pem.clone().into_bytes());
        let endpoint = Endpoint::bind(any_port(reach.address), &trust)?;
        let token = Arc::clone(&reach.token);
        let options = Options {
            software: concat!("muster ", env!("CARGO_PKG_VERSION")).into(),
            reconnect: manner.reconnect,
            connect_timeout: manner.connect_max,
            device: reach.device.clone(),
            ..Options::new(move || token())
        };
        let (sink, events) = client::events();
        let (client, driver) = endpoint.connect(reach.address, &reach.server_name, options, sink);
        let mut driver = pin!(driver.run());
        let with = with(client.clone(), events);
        let result = tokio::select! {
            result = with => result,
            ended = &mut driver => return Err(ended.into()),
        };
        client.close();
        driver.await;
        result
    })
}

async fn answer(client: &Client, ask: &Ask) -> Result<Outcome, SessionError> {
    let id = new_request();
    let until = Instant::now() + ERRAND_MAX;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let pause = match client.ask_in(left, id, ask.clone()).await? {
            Outcome::Busy { retry_after_ms } => Duration::from_millis(retry_after_ms.into()),
            Outcome::Unavailable => ASK_AGAIN,
            Outcome::Refused(refused) | Outcome::Lost(refused) => {
                return Err(SessionError::Refused(Box::new(refused)));
            }
            outcome => return Ok(outcome),
        };
        if Instant::now() + pause >= until {
            return Err(SessionError::TooBusy);
        }
        tokio::time::sleep(pause).await;
    }
}

fn any_port(server: SocketAddr) -> SocketAddr {
    let ip = match server.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(ip, 0)
}

fn refusal_help(refused: &Refused) -> &'static str {
    match refused.code {
        RefusalCode::Invalid | RefusalCode::LimitReached => "nothing was done: say it otherwise",
        RefusalCode::RequestReused => "nothing was done: run the command again",
        RefusalCode::NotAllowed => {
            "look at what is named, or speak as an operator, or with --agency as its coordinator"
        }
        RefusalCode::Unknown => "nothing was done: import first what is named here",
        RefusalCode::AlreadyExists => "nothing was done: take what exists out of the file",
        RefusalCode::OutsideGrant | RefusalCode::BeyondGrant => {
            "`muster grant DISTRICT` shows what is left; --beyond-grant REASON publishes it anyway"
        }
        RefusalCode::Cancelled
        | RefusalCode::Expired
        | RefusalCode::Filled
        | RefusalCode::NotOffered
        | RefusalCode::NotEligible
        | RefusalCode::Overlaps
        | RefusalCode::NotHolder
        | RefusalCode::NoFurtherTier
        | RefusalCode::Amended
        | RefusalCode::SlotHeld
        | RefusalCode::Unchanged
        | RefusalCode::TooFewSlots
        | RefusalCode::BidsClosed
        | RefusalCode::KeptForStandby
        | RefusalCode::NotUndoable
        | RefusalCode::NoStandby
        | RefusalCode::StillOpen
        | RefusalCode::NotWaiting
        | RefusalCode::Seed => "`muster board` shows how the vacancy stands",
        RefusalCode::NotStarted | RefusalCode::ClockedIn => {
            "`muster attendance show` shows who came"
        }
        RefusalCode::OtherOrders => "`muster orders show` shows the version that holds",
        RefusalCode::Job => {
            "`muster job show JOB` shows how a job stands, and what stands against it"
        }
        RefusalCode::Denied => "`muster deny list` shows who is denied, to an operator",
        RefusalCode::BelowLadder => "--slots N without --rank takes the ranks of the ladder",
        RefusalCode::Shelved => "`muster log dump --vacancy` shows what the log has",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_keys_are_new_each_time() {
        assert_ne!(new_request(), new_request());
        assert_ne!(new_vacancy(), new_vacancy());
        assert_eq!(new_vacancy().to_string().len(), "vac_".len() + 32);
    }

    #[test]
    fn where_nothing_answers_the_error_says_what_to_start() {
        // A socket that is bound and never read: nothing answers there, and nothing else can.
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let now = jiff::Timestamp::constant(1_795_000_000, 0);
        let scratch = crate::scratch::Scratch::new();
        let config = crate::config::Config {
            data_dir: scratch.path().to_owned(),
            ..crate::config::Config::default()
        };
        let identity = crate::identity::Identity::load_or_make(&config, now).unwrap();
        let reach = Reach {
            address: silent.local_addr().unwrap(),
            server_name: "localhost".to_owned(),
            certificate_pem: identity.certificate_pem,
            token: Arc::new(String::new),
            device: None,
        };
        let impatient = Manner {
            reconnect: false,
            connect_max: Duration::from_millis(100),
        };
        let board = |client: Client, _| async move { answer(&client, &Ask::Board).await };
        let error = run(&reach, impatient, board).unwrap_err();
        let address = reach.address;
        let expected = format!("nothing answers at {address}: is `muster serve` running?");
        assert_eq!(error.to_string(), expected);
    }
}
