//! A device: the real client on an address of its own, and the list of everything it heard. It can
//! crash and be started again, as another process with another address, which knows nothing but
//! what its owner wrote down.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::{Client, Endpoint, Options, Trust};
use loadgen::seed::derive_nth;
use protocol::session::{Counts, Event};
use protocol::token::SigningKey;
use protocol::{Ask, News, RequestId, Role, Welcome};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Planted;
use super::network::{Network, SERVER, VirtualTime};
use super::server::VirtualClock;
use super::town::Town;

/// How long tokens live, in seconds: short enough to be renewed in a run.
const TOKEN_LIFETIME_S: u64 = 45;

/// What everybody in a run shares.
pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) town: Town,
    pub(crate) network: Network,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) trust: Trust,
    pub(crate) tokens: Arc<SigningKey>,
    pub(crate) began: Instant,
    pub(crate) planted: Planted,
}

impl Stage {
    /// Microseconds of the run.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).expect("a run takes minutes")
    }
}

/// For whom a session is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) role: Role,
    pub(crate) subject: String,
    pub(crate) agency: Option<String>,
}

/// Something that a device came to know.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) at_us: u64,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    /// The process began, and knows nothing.
    Begun,
    /// The owner cut the connection.
    Cut,
    /// The session learned this.
    Heard(Event),
    /// The program gave up.
    Ended(client::Ended),
}

/// A device.
pub(crate) struct Device {
    stage: Arc<Stage>,
    identity: Identity,
    seed: u64,
    host: [u8; 4],
    lives: u64,
    running: Option<Running>,
    lines: Arc<Mutex<Vec<Line>>>,
    /// How far the owner has read.
    read: usize,
    /// Rung whenever there is something to read.
    news: Arc<Notify>,
    counts: Counts,
}

struct Running {
    client: Client,
    driver: JoinHandle<()>,
}

impl Device {
    /// A device at the address of this number, which is not on yet.
    pub(crate) fn new(
        stage: &Arc<Stage>,
        identity: Identity,
        number: u8,
        news: &Arc<Notify>,
    ) -> Device {
        Device {
            stage: Arc::clone(stage),
            identity,
            seed: derive_nth(stage.seed, u64::from(number)),
            host: [10, 0, 1, number],
            lives: 0,
            running: None,
            lines: Arc::default(),
            read: 0,
            news: Arc::clone(news),
            counts: Counts::default(),
        }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        let port = u16::try_from(5_000 + self.lives).expect("few lives");
        SocketAddr::from((self.host, port))
    }

    /// Starts the process.
    pub(crate) fn start(&mut self) {
        self.lives += 1;
        let seed = derive_nth(self.seed, self.lives);
        let mut lots = [0; 32];
        lots[..8].copy_from_slice(&seed.to_le_bytes());
        let socket = self.stage.network.socket(self.address());
        let endpoint = Endpoint::given(socket, Arc::new(VirtualTime), lots, &self.stage.trust);
        let endpoint = endpoint.expect("the certificate is sound");
        let options = Options {
            seed,
            ..Options::new(self.token_source())
        };
        self.write(What::Begun);
        let (client, driver) = endpoint.connect(SERVER, "localhost", options, self.sink());
        let (stage, lines) = (Arc::clone(&self.stage), Arc::clone(&self.lines));
        let news = Arc::clone(&self.news);
        let driver = tokio::spawn(async move {
            let what = What::Ended(driver.run().await);
            write(&stage, &lines, what);
            news.notify_one();
        });
        self.running = Some(Running { client, driver });
    }

    /// Ends the process without a word to anybody.
    pub(crate) fn crash(&mut self) {
        self.stage.network.remove(self.address());
        if let Some(running) = self.running.take() {
            self.count(running.client.counts());
            running.driver.abort();
        }
    }

    /// Breaks the connection, as a program does that thinks it lost.
    pub(crate) fn cut(&mut self) {
        if let Some(running) = &self.running {
            self.write(What::Cut);
            running.client.drop_connection();
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.running.is_some()
    }

    /// Whether the session has ended for good although it should not.
    pub(crate) fn has_ended(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| running.driver.is_finished())
    }

    /// Asks; a device that is off, or has ended, asks nothing.
    pub(crate) fn post(&self, id: RequestId, ask: Ask) {
        if let Some(running) = &self.running {
            // The owner asks again when the device is on again.
            let _ = running.client.post(id, ask);
        }
    }

    /// What was heard since it was read last.
    pub(crate) fn read(&mut self) -> Vec<Line> {
        let news = self.lines()[self.read..].to_vec();
        self.read += news.len();
        news
    }

    /// Everything that was ever heard.
    pub(crate) fn all(&self) -> Vec<Line> {
        self.lines().clone()
    }

    /// What all its processes received and dropped.
    pub(crate) fn counts(&self) -> Counts {
        let now = self.running.as_ref().map(|running| running.client.counts());
        let now = now.unwrap_or_default();
        Counts {
            repeats: self.counts.repeats + now.repeats,
            strays: self.counts.strays + now.strays,
        }
    }

    fn count(&mut self, counts: Counts) {
        self.counts.repeats += counts.repeats;
        self.counts.strays += counts.strays;
    }

    fn token_source(&self) -> impl Fn() -> String + Send + Sync + 'static {
        let (stage, identity) = (Arc::clone(&self.stage), self.identity.clone());
        move || {
            let Identity {
                role,
                subject,
                agency,
            } = &identity;
            let now_us = stage.clock.now_us();
            let agency = agency.as_deref();
            let token = stage
                .tokens
                .issue(*role, subject, agency, now_us, TOKEN_LIFETIME_S);
            token.expect("the claims are sound")
        }
    }

    fn sink(&self) -> impl FnMut(client::Event) + Send + 'static {
        let (stage, lines) = (Arc::clone(&self.stage), Arc::clone(&self.lines));
        let (news, address) = (Arc::clone(&self.news), self.address());
        let mut bend = Bend::new(stage.planted);
        move |event| {
            for heard in bend.bend(event.what) {
                stage
                    .network
                    .note(format_args!("{address} {:?}", shown(&heard)));
                write(&stage, &lines, What::Heard(heard));
            }
            news.notify_one();
        }
    }

    fn write(&self, what: What) {
        write(&self.stage, &self.lines, what);
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(stage: &Stage, lines: &Mutex<Vec<Line>>, what: What) {
    let at_us = stage.now_us();
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    lines.push(Line { at_us, what });
}

/// An event as the trace has it: sessions are numbered across all runs of a process.
fn shown(event: &Event) -> Event {
    match event {
        Event::Up(welcome) => Event::Up(Welcome {
            session: 0,
            ..welcome.clone()
        }),
        other => other.clone(),
    }
}

/// Bends what a session says, where a bug of the resumption is planted.
struct Bend {
    planted: Planted,
    /// Whether the next push is the first after the session was resumed.
    is_first: bool,
    is_stating: bool,
}

impl Bend {
    fn new(planted: Planted) -> Bend {
        Bend {
            planted,
            is_first: false,
            is_stating: false,
        }
    }

    fn bend(&mut self, event: Event) -> Vec<Event> {
        match &event {
            Event::Up(welcome) => {
                self.is_first = true;
                self.is_stating = !welcome.resumed;
            }
            Event::Synced(_) => self.is_stating = false,
            Event::News(push) => {
                let is_first = std::mem::take(&mut self.is_first);
                let is_offer = matches!(push.news, News::Offered(_));
                match self.planted {
                    Planted::ResumeSkipsAPush if is_first && !self.is_stating => return Vec::new(),
                    Planted::PushTwice if !self.is_stating => return vec![event.clone(), event],
                    Planted::StateLeavesOut if is_first && self.is_stating && is_offer => {
                        return Vec::new();
                    }
                    _ => {}
                }
            }
            Event::Answered { .. } | Event::Gone { .. } | Event::Down { .. } => {}
        }
        vec![event]
    }
}
