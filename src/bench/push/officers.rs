//! Everybody who is pushed to: real sessions of the client, in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use client::{Client, Driver, Endpoint, Event, Options, Packets, Trust};
use protocol::session::Event as Learned;
use protocol::token::SigningKey;
use protocol::{Ask, News, Outcome, RefusalCode, RequestId, Role};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::super::BenchError;
use super::super::world::{CROWD, badge};
use super::child::Server;
use crate::clock::now_us;

/// Sessions that share a socket: its buffer has room for a push to each.
const SESSIONS_A_SOCKET: usize = 1_250;
/// Handshakes under way at a time: fewer than the server asks to prove their address.
const HANDSHAKES_MAX: usize = 128;
/// How long a token is good, in seconds: longer than a bench, and the longest there is.
const TOKEN_S: u64 = protocol::token::LIFETIME_MAX_S;
/// How long everybody may take to be there, for each thousand and at least.
const ARRIVAL_EACH_THOUSAND: Duration = Duration::from_secs(10);
const ARRIVAL_MIN: Duration = Duration::from_secs(30);
/// How long anything that is waited for may take after that.
const HEARING_DEADLINE: Duration = Duration::from_secs(60);
/// How often is looked whether it is there. What is measured carries instants of its own.
const LOOK: Duration = Duration::from_millis(1);

/// Officers with a session each, and what they have heard.
pub(super) struct Officers {
    pub(super) clients: Vec<Client>,
    endpoints: Vec<Endpoint>,
    pub(super) heard: Arc<Heard>,
    stop_reading: watch::Sender<bool>,
    /// Ends them all when it goes.
    sessions: JoinSet<()>,
}

/// What all officers have heard since it was last emptied.
#[derive(Debug)]
pub(super) struct Heard {
    origin: Instant,
    arrived: AtomicU64,
    ended: AtomicU64,
    /// Whether an offer is accepted at once.
    accepts: AtomicBool,
    offered: Count,
    won: Count,
    filled: Count,
    other: Count,
}

/// How often something was heard, and when last, in nanoseconds since the origin.
#[derive(Debug, Default)]
struct Count {
    times: AtomicU64,
    last_ns: AtomicU64,
}

/// Who connects, and how many of them stop reading when they are told to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cast {
    pub(super) count: usize,
    pub(super) slow: usize,
}

impl Officers {
    /// Connects everybody and waits until they are there.
    pub(super) fn connect(
        runtime: &Handle,
        server: &Server,
        cast: Cast,
    ) -> Result<Officers, BenchError> {
        let signing = Arc::new(server.signing_key()?);
        let trust = Trust::Certificate(server.certificate_pem().to_vec());
        let heard = Arc::new(Heard::new());
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        let _in_runtime = runtime.enter();
        let endpoints = endpoints(cast.count, &trust)?;
        let stop_reading = watch::Sender::new(false);
        let mut clients = Vec::with_capacity(cast.count);
        let mut sessions = JoinSet::new();
        for number in 0..cast.count {
            let socket = number % endpoints.len();
            let options = options(&signing, Role::Officer, badge(CROWD, number));
            let own = Arc::new(OnceLock::new());
            let sink = sink(&heard, &own, &handshakes);
            let (client, driver) =
                endpoints[socket].connect(server.address(), "localhost", options, sink);
            // Nothing is heard before the driver runs.
            let _first = own.set(client.clone());
            clients.push(client);
            let stop = (number < cast.slow).then(|| stop_reading.subscribe());
            let (handshakes, hearing) = (Arc::clone(&handshakes), Arc::clone(&heard));
            sessions.spawn(async move {
                // The sink gives the permit back when the session is there.
                if let Ok(permit) = handshakes.acquire().await {
                    permit.forget();
                }
                run(driver, stop).await;
                hearing.ended.fetch_add(1, Ordering::Relaxed);
            });
        }
        let officers = Officers {
            clients,
            endpoints,
            heard,
            stop_reading,
            sessions,
        };
        let deadline = ARRIVAL_EACH_THOUSAND.mul_f64(cast.count as f64 / 1e3);
        officers.wait("there", deadline.max(ARRIVAL_MIN), |heard| {
            heard.arrived.load(Ordering::Relaxed) == cast.count as u64
        })?;
        Ok(officers)
    }

    /// Waits until every reader was offered the vacancy; says when the last one was.
    pub(super) fn all_offered(&self, readers: usize) -> Result<Instant, BenchError> {
        self.wait("offered the vacancy", HEARING_DEADLINE, |heard| {
            heard.offered.times() >= readers as u64
        })?;
        Ok(self.heard.at(&self.heard.offered))
    }

    /// Waits until everybody was answered; says when the last one was.
    pub(super) fn all_answered(&self) -> Result<Instant, BenchError> {
        let answers = [&self.heard.won, &self.heard.filled, &self.heard.other];
        let all = self.clients.len() as u64;
        self.wait("answered", HEARING_DEADLINE, |_| {
            answers.iter().map(|count| count.times()).sum::<u64>() >= all
        })?;
        let last = answers.map(|count| self.heard.at(count));
        Ok(last.into_iter().max().unwrap_or(self.heard.origin))
    }

    /// The slow ones stop reading, for good.
    pub(super) fn stop_reading(&self) {
        self.stop_reading.send_replace(true);
    }

    /// How many UDP sockets they share.
    pub(super) fn sockets(&self) -> usize {
        self.endpoints.len()
    }

    /// How many sessions have ended.
    pub(super) fn ended(&self) -> u64 {
        self.heard.ended.load(Ordering::Relaxed)
    }

    /// Ends every session; what became of all their packets.
    pub(super) fn end(mut self, runtime: &Handle) -> Packets {
        runtime.block_on(self.sessions.shutdown());
        let each = self.endpoints.iter().map(Endpoint::packets);
        each.fold(Packets::default(), |sum, packets| Packets {
            sent: sum.sent + packets.sent,
            lost: sum.lost + packets.lost,
        })
    }

    fn wait(
        &self,
        what: &'static str,
        deadline: Duration,
        mut is_so: impl FnMut(&Heard) -> bool,
    ) -> Result<(), BenchError> {
        let until = Instant::now() + deadline;
        while !is_so(&self.heard) {
            if Instant::now() > until {
                return Err(BenchError::Sessions {
                    what,
                    waited_s: deadline.as_secs(),
                    ended: self.ended(),
                });
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Heard {
    fn new() -> Heard {
        Heard {
            origin: Instant::now(),
            arrived: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            accepts: AtomicBool::new(false),
            offered: Count::default(),
            won: Count::default(),
            filled: Count::default(),
            other: Count::default(),
        }
    }

    /// Empties it; from now on offers are accepted at once, or not.
    pub(super) fn begin(&self, accepts: bool) {
        self.accepts.store(accepts, Ordering::Relaxed);
        for count in [&self.offered, &self.won, &self.filled, &self.other] {
            count.times.store(0, Ordering::Relaxed);
            count.last_ns.store(0, Ordering::Relaxed);
        }
    }

    /// Who won, who found the slot taken, and who was answered anything else.
    pub(super) fn answers(&self) -> (u64, u64, u64) {
        (self.won.times(), self.filled.times(), self.other.times())
    }

    fn hear(&self, event: &Event, own: &OnceLock<Client>) {
        match &event.what {
            Learned::News(push) => {
                let News::Offered(offer) = &push.news else {
                    return;
                };
                self.offered.note(self.origin, event.received);
                if self.accepts.load(Ordering::Relaxed)
                    && let Some(client) = own.get()
                {
                    let id = RequestId(offer.vacancy.0);
                    let ask = Ask::Accept {
                        vacancy: offer.vacancy,
                        round: offer.round,
                    };
                    if client.post(id, ask).is_err() {
                        self.other.note(self.origin, event.received);
                    }
                }
            }
            Learned::Answered { outcome, .. } => {
                let count = match outcome {
                    Outcome::Won(_) => &self.won,
                    Outcome::Lost(refused) | Outcome::Refused(refused)
                        if refused.code == RefusalCode::Filled =>
                    {
                        &self.filled
                    }
                    _ => &self.other,
                };
                count.note(self.origin, event.received);
            }
            _ => {}
        }
    }

    fn at(&self, count: &Count) -> Instant {
        self.origin + Duration::from_nanos(count.last_ns.load(Ordering::Relaxed))
    }
}

impl Count {
    fn note(&self, origin: Instant, at: Instant) {
        let ns = at.saturating_duration_since(origin).as_nanos() as u64;
        self.last_ns.fetch_max(ns, Ordering::Relaxed);
        // Whoever sees the count sees the instant as well.
        self.times.fetch_add(1, Ordering::Release);
    }

    fn times(&self) -> u64 {
        self.times.load(Ordering::Acquire)
    }
}

/// A session of somebody else than an officer of the crowd, who hears nothing.
pub(super) fn coordinator(runtime: &Handle, server: &Server) -> Result<Client, BenchError> {
    let signing = Arc::new(server.signing_key()?);
    let trust = Trust::Certificate(server.certificate_pem().to_vec());
    let _in_runtime = runtime.enter();
    let endpoint = bind(0, &trust)?;
    let options = options(&signing, Role::Coordinator, "desk".to_owned());
    let (client, driver) = endpoint.connect(server.address(), "localhost", options, |_| {});
    runtime.spawn(driver.run());
    Ok(client)
}

fn endpoints(sessions: usize, trust: &Trust) -> Result<Vec<Endpoint>, BenchError> {
    (0..sessions.div_ceil(SESSIONS_A_SOCKET))
        .map(|number| bind(number, trust))
        .collect()
}

/// A socket at an address of its own: a server may bound what comes from one.
fn bind(number: usize, trust: &Trust) -> Result<Endpoint, BenchError> {
    let last = u8::try_from(2 + number % 250).unwrap_or(u8::MAX);
    let local = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    Ok(Endpoint::bind(local, trust)?)
}

fn options(signing: &Arc<SigningKey>, role: Role, name: String) -> Options {
    let signing = Arc::clone(signing);
    let name = Arc::<str>::from(name);
    let token = move || {
        let token = signing.issue(role, &name, Some(CROWD), now_us(), TOKEN_S);
        // An empty token is refused by the server, which is what a signing failure deserves.
        token.unwrap_or_default()
    };
    Options::once(token)
}

fn sink(
    heard: &Arc<Heard>,
    own: &Arc<OnceLock<Client>>,
    handshakes: &Arc<Semaphore>,
) -> impl FnMut(Event) + Send + 'static {
    let (heard, own, handshakes) = (Arc::clone(heard), Arc::clone(own), Arc::clone(handshakes));
    move |event| {
        if let Learned::Synced(_) = event.what {
            heard.arrived.fetch_add(1, Ordering::Relaxed);
            handshakes.add_permits(1);
        }
        heard.hear(&event, &own);
    }
}

/// Runs a session; one that is told to stop reading is kept, and never looked at again: its
/// packets are acknowledged, and what they carry stays where it is.
async fn run<S>(driver: Driver<S>, stop: Option<watch::Receiver<bool>>)
where
    S: FnMut(Event) + Send + 'static,
{
    let mut running = std::pin::pin!(driver.run());
    let Some(mut stop) = stop else {
        running.await;
        return;
    };
    let is_over = tokio::select! {
        _ = &mut running => true,
        _ = stop.wait_for(|is_over| *is_over) => false,
    };
    if !is_over {
        std::future::pending::<()>().await;
    }
}
