//! Who may come in over real sessions: who is denied, what a copied token is worth, which keys are
//! good, and that the log names nobody.

mod bound;
mod certified;
mod log;
mod matrix;
mod rotation;

use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Client, Ended, Endpoint, Events, Options, Trust, events};
use muster::config::Config;
use muster::embedded::DataFolder;
use muster::server::Server;
use protocol::session::Event;
use protocol::token::{DeviceKey, DevicePublicKey, SigningKey};
use protocol::{
    Ask, Bearer, Denial, DenialAsk, DenialReason, GoAway, Outcome, Read, RefusalCode, RequestId,
    Role,
};
use tokio::task::JoinHandle;

use crate::amend::{PATIENCE, done, roster, until};

/// How long the sessions of whoever is denied may last.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);

/// Devices of the officer who is denied.
const DEVICES: usize = dispatcher::limits::DEVICES_MAX;

const OFFICER: &str = "MES-0001";
const OTHER: &str = "MES-0002";
const MESA: Option<&str> = Some("mesa");

/// A server in this process with a small roster, and how to come in.
pub(super) struct Town {
    pub(super) server: Server,
    endpoint: Endpoint,
    signing: Arc<SigningKey>,
}

/// A session.
pub(super) struct Visitor {
    pub(super) client: Client,
    pub(super) events: Events,
    ended: JoinHandle<Ended>,
}

impl Town {
    pub(super) async fn found(config: &Config) -> Town {
        let town = Town::open(config);
        let operator = town.operator();
        let changes = roster();
        done(&operator.client, 1, Ask::Roster { changes }).await;
        town
    }

    fn open(config: &Config) -> Town {
        let server = Server::start(config).expect("a server");
        let pem = server.certificate_pem().as_bytes().to_vec();
        let any = ([127, 0, 0, 1], 0).into();
        let signing = muster::identity::load_signing_key(&config.token_key_path());
        Town {
            endpoint: Endpoint::bind(any, &Trust::Certificate(pem)).expect("a socket"),
            server,
            signing: Arc::new(signing.expect("a key")),
        }
    }

    /// Comes in with a token that is bound, so that it is let in wherever that is asked.
    pub(super) fn operator(&self) -> Visitor {
        let device = Arc::new(DeviceKey::generate());
        let token = token(
            &self.signing,
            Role::Operator,
            "operator",
            None,
            Some(device.public()),
        );
        self.visit(token, Some(device))
    }

    pub(super) fn officer(&self, badge: &str) -> Visitor {
        self.visit(token(&self.signing, Role::Officer, badge, MESA, None), None)
    }

    pub(super) fn visit(&self, token: String, device: Option<Arc<DeviceKey>>) -> Visitor {
        let options = Options {
            device,
            ..Options::new(move || token.clone())
        };
        let (sink, events) = events();
        let address = self.server.address();
        let reached = self.endpoint.connect(address, "localhost", options, sink);
        let (client, driver) = reached;
        Visitor {
            client,
            events,
            ended: tokio::spawn(driver.run()),
        }
    }
}

impl Visitor {
    pub(super) async fn synced(&mut self) {
        let synced = |event| matches!(event, Event::Synced(_)).then_some(());
        until(&mut self.events, synced).await;
    }

    /// Why the session is over.
    pub(super) async fn ended(self) -> Ended {
        let ended = tokio::time::timeout(PATIENCE, self.ended).await;
        ended.expect("it ends in time").expect("no panic")
    }
}

pub(super) fn token(
    signing: &SigningKey,
    role: Role,
    subject: &str,
    agency: Option<&str>,
    device: Option<DevicePublicKey>,
) -> String {
    let now_us = muster::clock::now_us();
    let token = signing.issue_bound(role, subject, agency, now_us, 600, device);
    token.expect("it can be signed")
}

pub(super) fn config(folder: &DataFolder) -> Config {
    folder.config(([127, 0, 0, 1], 0).into())
}

pub(super) fn deny(who: Bearer) -> Ask {
    Ask::Denial(Box::new(DenialAsk::Add {
        who,
        reason: DenialReason::DeviceLost,
        until_us: None,
    }))
}

fn admit(who: Bearer) -> Ask {
    Ask::Denial(Box::new(DenialAsk::Remove { who }))
}

pub(super) fn officer(badge: &str) -> Bearer {
    let badge = badge.to_owned();
    Bearer::Officer { badge }
}

async fn denials(operator: &Client) -> Vec<Denial> {
    let list = Ask::Denial(Box::new(DenialAsk::List { from: 0 }));
    let id = RequestId(uuid::Uuid::now_v7().as_u128());
    match operator.ask_in(PATIENCE, id, list).await {
        Ok(Outcome::Denials { denials }) => denials,
        other => panic!("it is listed: {other:?}"),
    }
}

fn is_denied(ended: &Ended) -> bool {
    matches!(ended, Ended::Refused(GoAway::Denied))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_officer_loses_every_session_within_a_second_and_has_no_other() {
    let folder = DataFolder::open(None).expect("a folder");
    let config = config(&folder);
    let town = Town::found(&config).await;
    let operator = town.operator();
    let mut devices: Vec<Visitor> = (0..DEVICES).map(|_| town.officer(OFFICER)).collect();
    let mut other = town.officer(OTHER);
    for visitor in devices.iter_mut().chain([&mut other]) {
        visitor.synced().await;
    }
    let said = Instant::now();
    done(&operator.client, 2, deny(officer(OFFICER))).await;
    let durable = said.elapsed();
    for device in devices {
        let ended = device.ended().await;
        assert!(is_denied(&ended), "{ended:?}");
    }
    let closed = said.elapsed();
    println!("{DEVICES} sessions closed {closed:?} after the denial was said, durable {durable:?}");
    assert!(
        closed < durable + CLOSED_WITHIN,
        "{closed:?}, durable {durable:?}"
    );
    let own = Ask::Read(Read::Shifts {
        badge: OTHER.to_owned(),
        past: false,
        from: 0,
    });
    let read = other.client.ask_in(PATIENCE, RequestId(3), own).await;
    assert!(matches!(read, Ok(Outcome::Reading(_))), "{read:?}");

    // It is in the log: the next server knows it.
    town.server.stop().await;
    let town = Town::open(&config);
    let ended = town.officer(OFFICER).ended().await;
    assert!(is_denied(&ended), "{ended:?}");
    let operator = town.operator();
    let listed = denials(&operator.client).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].who, officer(OFFICER));
    done(&operator.client, 4, admit(officer(OFFICER))).await;
    assert_eq!(denials(&operator.client).await, []);
    town.officer(OFFICER).synced().await;
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_a_device_and_a_key_that_is_rotated_out_are_denied_and_nobody_else() {
    let folder = DataFolder::open(None).expect("a folder");
    let old = SigningKey::generate();
    let previous = folder.path().join("previous.key");
    std::fs::write(&previous, old.verifying_key().to_text()).expect("a file");
    let mut config = config(&folder);
    config.tokens.previous = Some(previous);
    let town = Town::found(&config).await;
    let operator = town.operator();
    let device = Arc::new(DeviceKey::generate());
    let by = |key: &SigningKey, role, subject, device| token(key, role, subject, MESA, device);
    let new = &*town.signing;
    let bound = by(new, Role::Officer, OFFICER, Some(device.public()));
    let mut visitors = [
        town.visit(by(new, Role::Coordinator, "night desk", None), None),
        town.visit(bound, Some(Arc::clone(&device))),
        town.visit(by(&old, Role::Officer, OTHER, None), None),
        town.visit(by(new, Role::Officer, OFFICER, None), None),
    ];
    for visitor in &mut visitors {
        visitor.synced().await;
    }
    let bearers = [
        Bearer::Subject {
            agency: Some("mesa".to_owned()),
            name: "night desk".to_owned(),
        },
        Bearer::Device {
            key: device.public().to_string().to_uppercase(),
        },
        Bearer::SigningKey {
            id: old.key_id().to_string(),
        },
    ];
    let [desk, phone, rotated, spared] = visitors;
    for ((bearer, visitor), id) in bearers.into_iter().zip([desk, phone, rotated]).zip(2..) {
        done(&operator.client, id, deny(bearer.clone())).await;
        let durable = Instant::now();
        let ended = visitor.ended().await;
        assert!(is_denied(&ended), "{bearer:?}: {ended:?}");
        assert!(durable.elapsed() < CLOSED_WITHIN, "{:?}", durable.elapsed());
    }
    // The officer of the lost phone goes on with another device, and so does everybody by the new
    // key.
    let asked = Ask::Accept {
        vacancy: protocol::VacancyKey(1),
        round: 1,
    };
    let answer = spared.client.ask_in(PATIENCE, RequestId(9), asked).await;
    let Ok(Outcome::Lost(refused)) = answer else {
        panic!("there is no such vacancy: {answer:?}")
    };
    assert_eq!(refused.code, RefusalCode::Unknown);
    let ended = town
        .visit(by(&old, Role::Officer, OTHER, None), None)
        .ended();
    assert!(is_denied(&ended.await));
    town.officer(OTHER).synced().await;
    spared.client.close();
    let goodbye = spared.ended.await.expect("no panic");
    assert!(matches!(goodbye, Ended::Closed), "{goodbye:?}");
    town.server.stop().await;
}
