//! The server's own log lines: who was refused is in them, and nobody's name.

use std::sync::Arc;
use std::time::Duration;

use muster::sample::SampleState;
use protocol::token::{DeviceKey, SigningKey};
use protocol::{Bearer, DenialAsk, DenialReason, RequestId, Role};

use super::{deny, officer, token};
use crate::house::{
    House, Ledger, Server, Start, ask, free_port, import, officers, publish, race, scratch,
};

/// Officers who race, and vacancies they race for.
const OFFICERS: usize = 24;
const VACANCIES: u128 = 8;

const DESK: &str = "the-night-desk-of-nobody";

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_logged_and_no_line_names_anybody() {
    let (folder, port) = (scratch(), free_port());
    let lines = folder.join("lines");
    let start = Start {
        stderr: Some(lines.clone()),
        log: Some("trace,quinn=info,quinn_proto=info,rustls=info"),
        ..Start::default()
    };
    let server = Server::start_as(&folder, port, &start);
    let house = House::open(&folder, port);
    let sample = SampleState::new(7, jiff::civil::date(2026, 11, 23));
    let operator = house.join(Role::Operator, "the-operator-of-nobody", None, |_| {});
    import(&operator, &sample).await;
    let ledger = Arc::new(Ledger::default());
    let racing: Vec<(&str, &str)> = officers(&sample, OFFICERS).collect();
    let clients: Vec<_> = racing
        .iter()
        .map(|(badge, agency)| race(&house, badge, agency, &ledger))
        .collect();
    for number in 0..VACANCIES {
        publish(&operator, &sample, number).await;
    }
    // Half of them are denied in the middle of it, and whoever has no good token knocks.
    for ((badge, _), id) in racing.iter().take(OFFICERS / 2).zip(2..) {
        ask(&operator, RequestId(id), deny(officer(badge))).await;
    }
    let forger = SigningKey::generate();
    let (badge, agency) = racing[OFFICERS - 1];
    let forged = token(&forger, Role::Officer, badge, Some(agency), None);
    let device = DeviceKey::generate().public();
    let copied = token(
        house.signing(),
        Role::Officer,
        badge,
        Some(agency),
        Some(device),
    );
    let unknown = token(
        house.signing(),
        Role::Officer,
        "ZZZ-0000",
        Some(agency),
        None,
    );
    let desk = token(house.signing(), Role::Coordinator, DESK, Some(agency), None);
    let who = Bearer::Subject {
        agency: Some(agency.to_owned()),
        name: DESK.to_owned(),
    };
    let denied = DenialAsk::Add {
        who,
        reason: DenialReason::Left,
        until_us: None,
    };
    let denied = protocol::Ask::Denial(Box::new(denied));
    ask(&operator, RequestId(1_000), denied).await;
    let tokens = [forged, copied, unknown, desk];
    for token in &tokens {
        house.knock(token).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(clients);
    server.stop();

    let text = std::fs::read_to_string(&lines).expect("the lines");
    let refused = |kind: &str| {
        let of = |line: &&str| line.contains("an identity was refused") && line.contains(kind);
        text.lines().filter(of).count()
    };
    for kind in ["token-unknown-key", "unproven", "not-known"] {
        assert_eq!(refused(kind), 1, "{kind}:\n{text}");
    }
    assert!(refused("denied") > OFFICERS / 2, "{text}");
    let secrets = sample
        .officers()
        .iter()
        .map(|officer| officer.badge.to_string());
    let names = ["ZZZ-0000", DESK, "the-operator-of-nobody"].map(str::to_owned);
    let keys = [device.to_string()];
    let all: Vec<String> = secrets.chain(names).chain(keys).chain(tokens).collect();
    assert_eq!(named(&text, &all), None, "{} lines", text.lines().count());
    let planted = format!("{text}\nsession of {badge} ends");
    assert_eq!(named(&planted, &all), Some(badge), "a name is found");
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

/// The first of `names` that stands in `text`.
fn named<'a>(text: &str, names: &'a [String]) -> Option<&'a str> {
    let mut names = names.iter().map(String::as_str);
    names.find(|name| text.contains(name))
}
