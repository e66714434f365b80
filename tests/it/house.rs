//! A server in a process of its own, officers who race for everything it offers, and the ledger of
//! what they heard.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use client::{Client, Ended, Endpoint, Options, Trust};
use muster::identity::load_signing_key;
use muster::sample::SampleState;
use protocol::session::Event;
use protocol::token::SigningKey;
use protocol::{
    Ask, BoardRow, NewSegment, NewVacancy, News, Outcome, Rank, Receipt, RequestId, Role,
    VacancyKey,
};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What the officers heard.
#[derive(Default)]
pub(crate) struct Ledger {
    asked: Mutex<BTreeMap<RequestId, (String, Ask)>>,
    answered: Mutex<BTreeMap<RequestId, Outcome>>,
}

impl Ledger {
    fn asks(&self, id: RequestId, badge: &str, ask: Ask) {
        lock(&self.asked).insert(id, (badge.to_owned(), ask));
    }

    pub(crate) fn hears(&self, id: RequestId, outcome: &Outcome) {
        let before = lock(&self.answered).insert(id, outcome.clone());
        if let (Some(Outcome::Won(before)), Outcome::Won(now)) = (&before, outcome) {
            assert_eq!(before, now, "the same request hears the same receipt");
        }
    }

    pub(crate) fn unanswered(&self) -> usize {
        let answered = lock(&self.answered);
        lock(&self.asked)
            .keys()
            .filter(|id| !answered.contains_key(id))
            .count()
    }

    /// Who was told that nobody can say, and may ask again under the same id.
    pub(crate) fn unavailable(&self) -> Vec<(RequestId, String, Ask)> {
        let (asked, answered) = (lock(&self.asked), lock(&self.answered));
        let open = asked
            .iter()
            .filter(|(id, _)| matches!(answered.get(id), Some(Outcome::Unavailable)));
        open.map(|(id, (badge, ask))| (*id, badge.clone(), ask.clone()))
            .collect()
    }

    /// Who was told they won what.
    pub(crate) fn won(&self) -> Vec<(String, Receipt)> {
        let asked = lock(&self.asked);
        let answered = lock(&self.answered);
        let won = answered.iter().filter_map(|(id, outcome)| match outcome {
            Outcome::Won(receipt) => Some((asked[id].0.clone(), receipt.clone())),
            _ => None,
        });
        won.collect()
    }

    /// Holds the recovered state against everything that was acknowledged.
    pub(crate) fn judge(&self, rows: &[BoardRow]) {
        let mut holders = BTreeMap::new();
        for row in rows {
            for (slot, number) in row.slots.iter().zip(0u16..) {
                if let Some(badge) = &slot.holder {
                    holders.insert((row.vacancy, number), badge.clone());
                }
            }
        }
        let mut slots = BTreeSet::new();
        for (badge, receipt) in self.won() {
            let slot = (receipt.vacancy, receipt.slot);
            assert!(
                slots.insert(slot),
                "{} slot {} was won twice",
                slot.0,
                slot.1
            );
            let holder = holders.get(&slot);
            assert_eq!(
                holder,
                Some(&badge),
                "{} was awarded to {badge} and is lost",
                slot.0
            );
        }
        let silent: Vec<_> = holders
            .keys()
            .filter(|slot| !slots.contains(slot))
            .collect();
        assert!(silent.is_empty(), "held, but nobody was told: {silent:?}");
    }
}

/// Has the operator bring in everything that the sample knows.
pub(crate) async fn import(operator: &Client, sample: &SampleState) {
    let changes = sample.changes.clone();
    let imported = ask(operator, RequestId(1), Ask::Roster { changes }).await;
    assert!(matches!(imported, Outcome::Done { .. }), "{imported:?}");
}

/// So many of the sample's officers, spread over all agencies: their badges and agencies.
pub(crate) fn officers(sample: &SampleState, count: usize) -> impl Iterator<Item = (&str, &str)> {
    let all = sample.officers().iter();
    let all: Vec<_> = all.filter(|one| one.rank == Rank::Officer).collect();
    let step = all.len() / count;
    let some = all.into_iter().step_by(step).take(count);
    some.map(|officer| (&*officer.badge, &*officer.agency))
}

/// An officer who accepts every offer at once.
pub(crate) fn race(house: &House, badge: &str, agency: &str, ledger: &Arc<Ledger>) -> Client {
    let (ledger, own_badge) = (Arc::clone(ledger), badge.to_owned());
    let (offers, mut offered) = tokio::sync::mpsc::unbounded_channel();
    let heard = Arc::clone(&ledger);
    let client = house.join(
        Role::Officer,
        badge,
        Some(agency),
        move |event| match event {
            Event::News(push) => {
                if let News::Offered(offer) = push.news {
                    // The taker below ends with the test.
                    let _ = offers.send((offer.vacancy, offer.round));
                }
            }
            Event::Answered { id, outcome } => heard.hears(id, &outcome),
            _ => {}
        },
    );
    let taker = client.clone();
    tokio::spawn(async move {
        let mut taken = BTreeSet::new();
        while let Some((vacancy, round)) = offered.recv().await {
            if !taken.insert((vacancy, round)) {
                continue;
            }
            let id = RequestId(uuid::Uuid::now_v7().as_u128());
            let ask = Ask::Accept { vacancy, round };
            ledger.asks(id, &own_badge, ask.clone());
            taker.post(id, ask).expect("a session takes requests");
        }
    });
    client
}

pub(crate) async fn publish(operator: &Client, sample: &SampleState, number: u128) {
    let sites = sample.sites();
    let site = &sites[number as usize * 7 % sites.len()];
    let start_us = muster::clock::now_us() + 24 * 3_600_000_000 + number as i64 * 1_800_000_000;
    let vacancy = NewVacancy {
        key: VacancyKey(1_000 + number),
        lead: site.lead.clone(),
        programme: "sso".to_owned(),
        segments: vec![NewSegment {
            site: site.code.clone(),
            start_us,
            end_us: start_us + 3_600_000_000,
        }],
        slots: vec![Rank::Officer, Rank::Officer],
        windows_ms: vec![0],
        post_orders: String::new(),
    };
    let outcome = ask(operator, RequestId(10_000 + number), Ask::Publish(vacancy)).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}

/// Asks until there is an answer that counts, always under the same id.
pub(crate) async fn ask(client: &Client, id: RequestId, ask: Ask) -> Outcome {
    let started = Instant::now();
    loop {
        match client.ask_in(PATIENCE, id, ask.clone()).await {
            Ok(Outcome::Unavailable | Outcome::Busy { .. }) if started.elapsed() < PATIENCE => {}
            Ok(outcome) => return outcome,
            Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How to reach the server, whichever process it is.
pub(crate) struct House {
    endpoint: Endpoint,
    address: SocketAddr,
    signing: Arc<SigningKey>,
}

impl House {
    pub(crate) fn open(folder: &Path, port: u16) -> House {
        let pem = std::fs::read(folder.join("certificate.pem")).expect("a certificate");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        House {
            endpoint: Endpoint::bind(any, &Trust::Certificate(pem)).expect("a socket"),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            signing: Arc::new(load_signing_key(&folder.join("token.key")).expect("a key")),
        }
    }

    pub(crate) fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// Comes once with this token, and waits until the session is over.
    pub(crate) async fn knock(&self, token: &str) -> Ended {
        let token = token.to_owned();
        let options = Options::once(move || token.clone());
        let (_client, driver) = self
            .endpoint
            .connect(self.address, "localhost", options, |_| {});
        let ended = tokio::time::timeout(PATIENCE, driver.run()).await;
        ended.expect("it ends in time")
    }

    pub(crate) fn join(
        &self,
        role: Role,
        subject: &str,
        agency: Option<&str>,
        mut hear: impl FnMut(Event) + Send + 'static,
    ) -> Client {
        let signing = Arc::clone(&self.signing);
        let (subject, agency) = (subject.to_owned(), agency.map(str::to_owned));
        let options = Options::new(move || {
            let now_us = muster::clock::now_us();
            signing
                .issue(role, &subject, agency.as_deref(), now_us, 600)
                .expect("it can be signed")
        });
        let hear = move |event: client::Event| hear(event.what);
        let (client, driver) = self
            .endpoint
            .connect(self.address, "localhost", options, hear);
        tokio::spawn(driver.run());
        client
    }
}

/// The real binary in a process of its own.
pub(crate) struct Server {
    child: Child,
}

/// How a server is started other than plainly.
#[derive(Default)]
pub(crate) struct Start {
    /// A program and its arguments, to which the server and its own arguments are added.
    pub(crate) under: Vec<OsString>,
    /// The file that takes what the server says on stderr.
    pub(crate) stderr: Option<PathBuf>,
    /// What of it is said, as `RUST_LOG` has it.
    pub(crate) log: Option<&'static str>,
    /// Variables besides those that every server here is given.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Server {
    pub(crate) fn start(folder: &Path, port: u16) -> Server {
        Server::start_as(folder, port, &Start::default())
    }

    pub(crate) fn start_as(folder: &Path, port: u16, start: &Start) -> Server {
        let binary = OsString::from(env!("CARGO_BIN_EXE_muster"));
        let mut words = start.under.iter().chain([&binary]);
        let program = words.next().expect("at least the binary");
        let stderr = start.stderr.as_ref().map_or(Stdio::inherit(), |path| {
            Stdio::from(std::fs::File::create(path).expect("a new file"))
        });
        let child = Command::new(program)
            .args(words)
            .args(["serve", "--data-dir"])
            .arg(folder)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("XDG_RUNTIME_DIR", folder)
            .envs(start.log.map(|log| ("RUST_LOG", log)))
            .env("MUSTER_HTTP_LISTEN", "127.0.0.1:0")
            .envs(start.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("the binary starts");
        let server = Server { child };
        let started = Instant::now();
        let announced = folder.join("token.key");
        while !announced.exists() && started.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    /// How the process ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// Sends it a signal by name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.expect("a shell's kill").success());
    }

    /// SIGKILL: no destructor, no flush, no goodbye.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub(crate) fn stop(mut self) {
        self.kill();
    }

    /// As [`Server::stop`] for one that was started under another program, which is the parent of
    /// the one to be killed and then ends by itself.
    pub(crate) fn stop_traced(mut self) {
        self.kill_children();
        self.kill();
    }

    fn kill_children(&self) {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        for child in children.unwrap_or_default().split_whitespace() {
            // Gone already, if it has ended.
            let _ = Command::new("kill").args(["-9", child]).status();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended, unless the test failed.
        self.kill_children();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("a bound socket").port()
}

pub(crate) fn scratch() -> PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let name = format!("muster-recovery-{}", uuid::Uuid::now_v7().simple());
    let folder = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .expect("a new folder");
    folder
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
