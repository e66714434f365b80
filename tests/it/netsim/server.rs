//! The server as a process: the real engine on a simulated disk, and the real dispatcher on the
//! simulated network. It can be killed, lose its power and be started again with its log.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dispatcher::{Bound, Dispatcher, Lots, Options};
use engine::io::{Clock, Storage};
use engine::log::{Background, LogOptions};
use engine::model::Timestamp;
use engine::{Engine, Stepper};
use loadgen::seed::{SplitMix64, derive, derive_nth};
use protocol::token::{SigningKey, VerifyingKeys};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, SerialNumber};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::Breach;
use super::disk::FaultyDisk;
use super::network::{Network, SERVER, VirtualTime};

/// Noon in Phoenix on Sunday, 22 November 2026, microseconds since the epoch: when a run begins.
pub(crate) const NOON_US: i64 = 1_795_374_000_000_000;

/// Bytes of a segment of the log: small, so that a run fills several.
const SEGMENT_BYTES: u64 = 64 << 10;

/// How often the engine looks for what is due when no datagram comes.
const LOOK: Duration = Duration::from_millis(20);

/// The longest write and sync of a batch, in milliseconds.
const SYNC_MS_MAX: u64 = 6;

/// How often a start is tried on a disk whose power goes again.
const STARTS_MAX: usize = 3;

/// The time of a run: virtual, and beginning at [`NOON_US`].
pub(crate) struct VirtualClock {
    runtime: Handle,
    began: Instant,
    /// How far the clock was set ahead, in microseconds.
    ahead_us: Mutex<i64>,
}

impl VirtualClock {
    /// Must be called inside the run's runtime.
    pub(crate) fn new() -> VirtualClock {
        VirtualClock {
            runtime: Handle::current(),
            began: Instant::now(),
            ahead_us: Mutex::new(0),
        }
    }

    pub(crate) fn now_us(&self) -> i64 {
        // Whoever asks from another thread is to be told the same time.
        let _inside = self.runtime.enter();
        let passed = i64::try_from(self.began.elapsed().as_micros());
        let ahead_us = *self.ahead_us.lock().unwrap_or_else(PoisonError::into_inner);
        NOON_US + ahead_us + passed.expect("a run takes minutes")
    }

    pub(crate) fn set_ahead(&self, by: Duration) {
        let by_us = i64::try_from(by.as_micros()).expect("a clock is set by days");
        *self.ahead_us.lock().unwrap_or_else(PoisonError::into_inner) += by_us;
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now_us())
    }
}

/// A certificate whose signatures are all of one length, so that datagrams are as well.
pub(crate) struct Certificate {
    chain: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    pub(crate) fn new() -> Certificate {
        let key = KeyPair::generate_for(&PKCS_ED25519).expect("the system has random numbers");
        let mut parameters =
            CertificateParams::new(vec!["localhost".to_owned()]).expect("it is a name");
        parameters.serial_number = Some(SerialNumber::from(1));
        let certificate = parameters.self_signed(&key).expect("the key can sign");
        Certificate {
            chain: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).expect("it was just written"),
        }
    }

    /// What a client trusts.
    pub(crate) fn trust(&self) -> client::Trust {
        client::Trust::Certificate(self.chain.to_vec())
    }
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The process is killed: what it wrote is there, synced or not.
    Kill,
    /// The power goes: what was not synced may be gone.
    PowerCut,
    /// It is told to stop: it answers who is in line, and everybody hears when to come back.
    Stop,
}

/// The server, whether or not it is running.
pub(crate) struct Server {
    seed: u64,
    network: Network,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) certificate: Certificate,
    pub(crate) tokens: Arc<SigningKey>,
    disk: FaultyDisk,
    lives: u64,
    running: Option<Running>,
}

struct Running {
    dispatcher: Dispatcher,
    stepping: JoinHandle<()>,
    ended: Arc<Notify>,
}

impl Server {
    pub(crate) fn new(seed: u64, network: &Network, disk: FaultyDisk) -> Server {
        Server {
            seed: derive(seed, "server"),
            network: network.clone(),
            clock: Arc::new(VirtualClock::new()),
            certificate: Certificate::new(),
            tokens: Arc::new(SigningKey::generate()),
            disk,
            lives: 0,
            running: None,
        }
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.disk.clone())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Starts, from the log that is there. Where the disk fails meanwhile or its power goes, it
    /// starts anew.
    pub(crate) fn start(&mut self) -> Result<(), Breach> {
        let mut why = String::new();
        for _ in 0..STARTS_MAX {
            match self.try_start() {
                Ok(running) => {
                    self.running = Some(running);
                    return Ok(());
                }
                Err(_) if self.disk.crashed() => self.disk.power_cut(),
                Err(failed) => why = failed,
            }
        }
        Err(format!("the server does not start again: {why}"))
    }

    fn try_start(&mut self) -> Result<Running, String> {
        self.lives += 1;
        let seed = derive_nth(self.seed, self.lives);
        let (engine, mut stepper, _) = Engine::open_stepped(engine::Options {
            storage: self.storage(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            log: LogOptions {
                segment_bytes: SEGMENT_BYTES,
                identity: self.seed,
                background: Background::OnDemand,
                keep_archived: true,
            },
            snapshot_every_records: 0,
        })
        .map_err(|error| error.to_string())?;
        // What fell due meanwhile comes before anybody follows, in every run.
        while stepper
            .state()
            .next_deadline()
            .is_some_and(|due| due <= self.clock.now())
        {
            if !stepper.step() {
                return Err("the engine ends at once".to_owned());
            }
        }
        let options = Options {
            chain: vec![self.certificate.chain.clone()],
            key: self.certificate.key.clone_key(),
            client_authorities: Vec::new(),
            tokens: VerifyingKeys::new([self.tokens.verifying_key()]),
            bound: Bound::Optional,
            lots: Lots::new(&[7; 32]),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            sessions_max: dispatcher::limits::SESSIONS_MAX,
            connections_per_minute: dispatcher::limits::CONNECTIONS_PER_MINUTE,
            origins: dispatcher::Origins::default(),
        };
        let socket = self.network.socket(SERVER);
        let network = dispatcher::Network::given(socket, Arc::new(VirtualTime), seed);
        let runtime = Handle::current();
        let dispatcher = thread::scope(|scope| {
            let starting = scope.spawn(move || {
                let _inside = runtime.enter();
                Dispatcher::start(engine, options, network)
            });
            // It begins to follow, which the engine answers in a step.
            while !starting.is_finished() {
                stepper.step();
                thread::yield_now();
            }
            starting.join().expect("starting does not panic")
        });
        let dispatcher = dispatcher.map_err(|error| error.to_string())?;
        let ended = Arc::new(Notify::new());
        let reached = Arc::clone(&self.network.server_reached);
        let stepping = step(stepper, seed, reached, Arc::clone(&ended));
        Ok(Running {
            dispatcher,
            stepping: tokio::spawn(stepping),
            ended,
        })
    }

    /// Waits until the engine ends by itself, because of its disk.
    pub(crate) async fn failed(&self) {
        match &self.running {
            Some(running) => running.ended.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Ends the process: its state is gone, and the disk is as the simulated disk says.
    pub(crate) async fn end(&mut self, end: End) {
        let Some(Running {
            dispatcher,
            stepping,
            ..
        }) = self.running.take()
        else {
            return;
        };
        if end == End::Stop {
            dispatcher.stop().await;
            self.network.remove(SERVER);
        } else {
            // From here on nothing that is left of it reaches the network, and nobody reaches it.
            self.network.remove(SERVER);
            drop(dispatcher);
        }
        stepping.abort();
        // Aborted or ended by itself, it is gone, and the engine with it.
        let _ = stepping.await;
        match end {
            End::PowerCut => self.disk.power_cut(),
            End::Kill | End::Stop if self.disk.crashed() => self.disk.power_cut(),
            End::Kill => self.disk.count_kill(),
            End::Stop => {}
        }
    }
}

/// The engine's thread, as a task: what came in is settled, written and told some milliseconds
/// later, together with what came meanwhile.
async fn step(mut stepper: Stepper, seed: u64, reached: Arc<Notify>, ended: Arc<Notify>) {
    let mut dice = SplitMix64::new(derive(seed, "sync"));
    loop {
        // Whether it was woken or has waited long enough, it looks.
        let _ = timeout(LOOK, reached.notified()).await;
        sleep(Duration::from_millis(dice.between(0, SYNC_MS_MAX))).await;
        if !stepper.step() {
            break;
        }
    }
    drop(stepper);
    ended.notify_one();
}
