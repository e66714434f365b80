//! The server is killed in the middle of a storm and started again: no acknowledged award is
//! lost, none is doubled, and everybody who asks again hears the same.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use client::{Client, Endpoint, Options, Trust};
use muster::identity::load_signing_key;
use muster::sample::SampleState;
use protocol::session::Event;
use protocol::token::SigningKey;
use protocol::{
    Ask, BoardRow, NewSegment, NewVacancy, News, Outcome, Rank, Receipt, RequestId, Role,
    VacancyKey,
};

/// Officers who race.
const OFFICERS: usize = 120;
/// Vacancies they race for, in two halves around the kill.
const VACANCIES: u128 = 160;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_killed_server_loses_no_award_that_was_acknowledged() {
    let folder = scratch();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(storm(&folder));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

async fn storm(folder: &Path) {
    let port = free_port();
    let mut server = Server::start(folder, port);
    let house = House::open(folder, port);
    let monday = jiff::civil::date(2026, 11, 23);
    let sample = SampleState::new(7, monday);
    let operator = house.join(Role::Operator, "operator", None, |_| {});
    let import = Ask::Roster {
        changes: sample.changes.clone(),
    };
    let imported = ask(&operator, RequestId(1), import).await;
    assert!(matches!(imported, Outcome::Done { .. }), "{imported:?}");

    // Every officer takes whatever is offered, and keeps a ledger of what was answered.
    let ledger = Arc::new(Ledger::default());
    let officers: Vec<_> = sample
        .officers()
        .iter()
        .filter(|one| one.rank == Rank::Officer)
        .collect();
    let step = officers.len() / OFFICERS;
    let racers: Vec<Client> = officers
        .iter()
        .step_by(step)
        .take(OFFICERS)
        .map(|officer| race(&house, &officer.badge, &officer.agency, &ledger))
        .collect();

    let publishing = async {
        for number in 0..VACANCIES {
            publish(&operator, &sample, number).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let killing = async {
        // In the middle: awards have been given, more are on their way.
        let started = Instant::now();
        while ledger.won().len() < 20 && started.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        server.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server = Server::start(folder, port);
        ledger.won().len()
    };
    let ((), won_before) = tokio::join!(publishing, killing);
    assert!(
        won_before >= 20,
        "only {won_before} awards before the kill: it hit too early"
    );

    let unanswered = settle(&ledger, won_before).await;
    assert_eq!(unanswered, 0, "everybody who asked was answered in the end");
    let Outcome::Board { rows } = ask(&operator, RequestId(2), Ask::Board).await else {
        panic!("an operator sees the board");
    };
    ledger.judge(&rows);
    let won = ledger.won().len();
    assert!(
        won > won_before,
        "the race went on after the restart: {won} awards"
    );
    println!("{won} acknowledged awards, {won_before} of them before the kill, none lost");
    for racer in racers {
        racer.close();
    }
    server.stop();
}

/// What the officers heard.
#[derive(Default)]
struct Ledger {
    asked: Mutex<BTreeMap<RequestId, String>>,
    answered: Mutex<BTreeMap<RequestId, Outcome>>,
}

impl Ledger {
    fn asks(&self, id: RequestId, badge: &str) {
        lock(&self.asked).insert(id, badge.to_owned());
    }

    fn hears(&self, id: RequestId, outcome: &Outcome) {
        let before = lock(&self.answered).insert(id, outcome.clone());
        if let (Some(Outcome::Won(before)), Outcome::Won(now)) = (&before, outcome) {
            assert_eq!(before, now, "the same request hears the same receipt");
        }
    }

    fn unanswered(&self) -> usize {
        let answered = lock(&self.answered);
        lock(&self.asked)
            .keys()
            .filter(|id| !answered.contains_key(id))
            .count()
    }

    /// Who was told they won what.
    fn won(&self) -> Vec<(String, Receipt)> {
        let asked = lock(&self.asked);
        let answered = lock(&self.answered);
        let won = answered.iter().filter_map(|(id, outcome)| match outcome {
            Outcome::Won(receipt) => Some((asked[id].clone(), receipt.clone())),
            _ => None,
        });
        won.collect()
    }

    /// Holds the recovered state against everything that was acknowledged.
    fn judge(&self, rows: &[BoardRow]) {
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

/// An officer who accepts every offer at once.
fn race(house: &House, badge: &str, agency: &str, ledger: &Arc<Ledger>) -> Client {
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
            ledger.asks(id, &own_badge);
            taker
                .post(id, Ask::Accept { vacancy, round })
                .expect("a session takes requests");
        }
    });
    client
}

async fn publish(operator: &Client, sample: &SampleState, number: u128) {
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

/// Waits until the race has gone on after the kill and nobody waits for an answer; says how many
/// still do. A session that has nothing to say notices the kill with its next keep-alive.
async fn settle(ledger: &Ledger, won_before: usize) -> usize {
    let started = Instant::now();
    let mut quiet = 0;
    while quiet < 10 && started.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let goes_on = ledger.won().len() > won_before + OFFICERS / 2;
        quiet = if goes_on && ledger.unanswered() == 0 {
            quiet + 1
        } else {
            0
        };
    }
    ledger.unanswered()
}

/// Asks until there is an answer that counts, always under the same id.
async fn ask(client: &Client, id: RequestId, ask: Ask) -> Outcome {
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
struct House {
    endpoint: Endpoint,
    address: SocketAddr,
    signing: Arc<SigningKey>,
}

impl House {
    fn open(folder: &Path, port: u16) -> House {
        let pem = std::fs::read(folder.join("certificate.pem")).expect("a certificate");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        House {
            endpoint: Endpoint::bind(any, &Trust::Certificate(pem)).expect("a socket"),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            signing: Arc::new(load_signing_key(&folder.join("token.key")).expect("a key")),
        }
    }

    fn join(
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
struct Server {
    child: Child,
}

impl Server {
    fn start(folder: &Path, port: u16) -> Server {
        let child = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["serve", "--data-dir"])
            .arg(folder)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("XDG_RUNTIME_DIR", folder)
            .stdout(Stdio::null())
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

    /// SIGKILL: no destructor, no flush, no goodbye.
    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    fn stop(mut self) {
        self.kill();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("a bound socket").port()
}

fn scratch() -> PathBuf {
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
