//! A whole dispatcher on an engine in memory, with an invented agency.

use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU8;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dispatcher::limits::{CONNECTIONS_PER_MINUTE, SESSIONS_MAX};
use dispatcher::{Bound, Dispatcher, Handshake, Lots, Network, Options, Stats};
use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{
    Actor, Answer, Body, Command, NewSegment, NewVacancy, Publication, RosterChange,
};
use engine::io::{Clock, Memory, Storage, SystemClock};
use engine::limits::SLOTS_MAX;
use engine::model::{Class, Interval, Position, Rank, RequestId, SiteKind, Term, VacancyKey};
use engine::{Engine, Health};
use protocol::Role;
use protocol::token::{SigningKey, VerifyingKeys};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::phone::loopback;

/// How long a vacancy starts after it was published.
const AHEAD_MS: u64 = 3_600_000;
/// What tokens are good for, in seconds.
const TOKEN_S: u64 = 600;

pub(crate) struct House {
    engine: Engine,
    dispatcher: Dispatcher,
    pub(crate) certificate: CertificateDer<'static>,
    key: SigningKey,
    requests: AtomicU64,
}

/// How many sessions there may be, and how often one address may come a minute.
struct Bounds {
    sessions: usize,
    per_minute: u32,
}

impl House {
    /// Opens with so many officers and so many shards.
    pub(crate) async fn open(officers: usize, shards: u8) -> House {
        House::open_on(sharded(shards), officers).await
    }

    /// Opens with everything in the runtime of the test, so that its time can be moved.
    pub(crate) async fn open_here(officers: usize) -> House {
        House::open_on(here(), officers).await
    }

    /// Opens with an officer, where one address may come so often and `clock` says when.
    pub(crate) async fn open_strict(shards: u8, per_minute: u32, clock: Arc<dyn Clock>) -> House {
        let bounds = Bounds {
            sessions: SESSIONS_MAX,
            per_minute,
        };
        House::open_with(sharded(shards), 1, bounds, clock).await
    }

    /// As [`House::open_here`] with one officer, for so many sessions.
    pub(crate) async fn open_for(sessions: usize) -> House {
        let bounds = Bounds {
            sessions,
            per_minute: CONNECTIONS_PER_MINUTE,
        };
        House::open_with(here(), 1, bounds, Arc::new(SystemClock)).await
    }

    /// As [`House::open_here`] with one officer, on this storage.
    pub(crate) async fn open_stored(storage: Arc<dyn Storage>) -> House {
        let bounds = Bounds {
            sessions: SESSIONS_MAX,
            per_minute: CONNECTIONS_PER_MINUTE,
        };
        House::open_all(here(), 1, bounds, Arc::new(SystemClock), storage).await
    }

    async fn open_on(network: Network, officers: usize) -> House {
        let bounds = Bounds {
            sessions: SESSIONS_MAX,
            per_minute: CONNECTIONS_PER_MINUTE,
        };
        House::open_with(network, officers, bounds, Arc::new(SystemClock)).await
    }

    async fn open_with(
        network: Network,
        officers: usize,
        bounds: Bounds,
        clock: Arc<dyn Clock>,
    ) -> House {
        House::open_all(network, officers, bounds, clock, Arc::new(Memory::new())).await
    }

    async fn open_all(
        network: Network,
        officers: usize,
        bounds: Bounds,
        clock: Arc<dyn Clock>,
        storage: Arc<dyn Storage>,
    ) -> House {
        let options = engine::Options {
            storage,
            clock: Arc::new(SystemClock),
            log: Default::default(),
            snapshot_every_records: 0,
        };
        let (engine, _) = Engine::open(options).expect("an empty log opens");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .expect("a certificate can be made");
        let key = SigningKey::generate();
        let private = PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let options = Options {
            chain: vec![made.cert.der().clone()],
            key: private.expect("the key was just made"),
            client_authorities: Vec::new(),
            tokens: VerifyingKeys::new([key.verifying_key()]),
            bound: Bound::Optional,
            lots: Lots::new(&[7; 32]),
            clock,
            sessions_max: bounds.sessions,
            connections_per_minute: bounds.per_minute,
            origins: dispatcher::Origins::default(),
        };
        let dispatcher = Dispatcher::start(engine.clone(), options, network);
        let house = House {
            engine,
            dispatcher: dispatcher.expect("it starts"),
            certificate: made.cert.der().clone(),
            key,
            requests: AtomicU64::new(1),
        };
        // Whoever connects is looked up in what the dispatcher knows by then.
        house.settle(Body::Roster(roster(officers))).await;
        house
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.dispatcher.local_address().expect("it is bound")
    }

    pub(crate) fn stats(&self) -> &Stats {
        self.dispatcher.stats()
    }

    pub(crate) fn health(&self) -> Health {
        self.engine.health()
    }

    pub(crate) fn handshakes(&self, how: Handshake) -> u64 {
        let mut seen = self.stats().handshakes();
        seen.find(|(kind, _)| *kind == how)
            .map_or(0, |(_, count)| count)
    }

    pub(crate) fn token(&self, role: Role, subject: &str) -> String {
        let now_us = SystemClock.now().as_micros();
        let token = self
            .key
            .issue(role, subject, Some("chandler"), now_us, TOKEN_S);
        token.expect("good claims")
    }

    /// Publishes a vacancy for one officer; every officer is asked.
    pub(crate) fn publish(&self, key: u64, post_orders: &str) {
        self.publish_with(key, post_orders, Vec::new());
    }

    /// As [`House::publish`], on these terms.
    pub(crate) fn publish_with(&self, key: u64, post_orders: &str, terms: Vec<Term>) {
        self.done(Body::PublishAll(vec![publication(key, post_orders, terms)]));
    }

    /// As [`House::publish`], of many with one command.
    pub(crate) fn publish_all(&self, keys: impl Iterator<Item = u64>) {
        let publications = keys.map(|key| publication(key, "", Vec::new()));
        self.done(Body::PublishAll(publications.collect()));
    }

    pub(crate) async fn stop(self) {
        self.dispatcher.stop().await;
        self.engine.close();
    }

    /// As [`House::publish_all`], with so many slots that a board is long.
    pub(crate) fn publish_wide(&self, keys: impl Iterator<Item = u64>) {
        let publications = keys.map(|key| {
            let mut wide = publication(key, "", Vec::new());
            wide.vacancy.slots = vec![Rank::Officer; SLOTS_MAX];
            wide
        });
        self.done(Body::PublishAll(publications.collect()));
    }

    /// Does what the operator asks; ends when the dispatcher knows of it.
    pub(crate) async fn settle(&self, body: Body) {
        let sequence = self.done(body);
        while self.stats().sequence() < sequence {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Does what the operator asks; the record that holds it.
    fn done(&self, body: Body) -> u64 {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        let command = Command {
            request: RequestId(request.into()),
            by: Actor::Operator,
            body,
        };
        let answer = self.engine.submit(command).wait();
        match answer.expect("memory does not fail") {
            Ok(Answer::Done { sequence }) => sequence.0,
            other => panic!("it is allowed: {other:?}"),
        }
    }
}

/// Work of an hour, so many hours ahead, for one officer.
fn publication(key: u64, post_orders: &str, terms: Vec<Term>) -> Publication {
    let start = SystemClock.now().plus_ms(AHEAD_MS + key * AHEAD_MS);
    let vacancy = NewVacancy {
        key: VacancyKey(key.into()),
        lead: "chandler".into(),
        programme: "sso".into(),
        segments: vec![NewSegment {
            site: "chandler-001".into(),
            start,
            end: start.plus_ms(AHEAD_MS),
        }],
        slots: vec![Rank::Officer],
        windows_ms: Vec::new(),
        post_orders: post_orders.into(),
    };
    Publication { vacancy, terms }
}

/// So many shards, on threads of their own.
fn sharded(shards: u8) -> Network {
    let shards = NonZeroU8::new(shards).expect("there is a shard");
    Network::bind(loopback(), shards).expect("a port is free")
}

/// A socket of the runtime that the test is in.
fn here() -> Network {
    let tokio: Arc<dyn quinn::Runtime> = Arc::new(quinn::TokioRuntime);
    let socket = UdpSocket::bind(loopback()).expect("a port is free");
    let socket = tokio.wrap_udp_socket(socket).expect("it is a socket");
    Network::given(socket, tokio, 7)
}

/// The badge of an officer.
pub(crate) fn badge(number: usize) -> String {
    format!("CHA-{number:04}")
}

/// An officer of the agency.
pub(crate) fn officer(badge: String) -> RosterChange {
    RosterChange::Officer(NewOfficer {
        badge,
        home: "chandler".into(),
        class: Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: vec![("azpost".into(), Interval::ALWAYS)],
        approvals: Vec::new(),
        availability: NewAvailability::Always,
    })
}

fn roster(officers: usize) -> Vec<RosterChange> {
    let name = String::from("Invented");
    let ground = [
        RosterChange::Certification {
            code: "azpost".into(),
            name: name.clone(),
        },
        RosterChange::Programme {
            code: "sso".into(),
            name: name.clone(),
            certifications: vec!["azpost".into()],
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        RosterChange::Agency {
            code: "chandler".into(),
            name: name.clone(),
            agreement: Some("chandler-msa".into()),
        },
        RosterChange::Site(NewSite {
            code: "chandler-001".into(),
            name: name.clone(),
            lead: "chandler".into(),
            zone: "America/Phoenix".into(),
            position: Position {
                latitude_udeg: 33_306_160,
                longitude_udeg: -111_841_250,
            },
            geofence_m: 150,
            district: name,
            kind: SiteKind::Public,
            ade_funded: false,
        }),
    ];
    ground
        .into_iter()
        .chain((0..officers).map(badge).map(officer))
        .collect()
}
