//! Sessions and pushes over real QUIC on the loopback interface: the dispatcher on an engine in
//! memory, and phones that do what phones do.

mod door;
mod house;
mod load;
mod lots;
mod phone;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dispatcher::Answered;
use dispatcher::limits::{DEVICES_MAX, LAG_DEADLINE, REST_BYTES_MAX};
use engine::core::{Body, NewBearer, NewDenial};
use engine::model::{DenialReason, Term};
use house::{House, badge, officer};
use phone::{Phone, config, loopback};
use protocol::frame::{Codec, SERVER_FRAME_MAX_BYTES};
use protocol::session::{OFFICER_REQUESTS, said_by_code};
use protocol::{
    Ask, GoAway, News, Outcome, RefusalCode, RequestId, Role, ServerMessage, VacancyKey,
};
use quinn::crypto::rustls::QuicServerConfig;
use rustls_pki_types::PrivateKeyDer;

/// Longer than anything here takes, so that only a fault runs into it.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn every_device_of_an_officer_hears_what_came_of_an_accept_on_one_of_them() {
    let house = House::open(2, 2).await;
    let mut phone = Phone::call(&house, &badge(0)).await;
    let mut tablet = Phone::call(&house, &badge(0)).await;
    let mut other = Phone::call(&house, &badge(1)).await;
    house.publish(1, "");
    for device in [&mut phone, &mut tablet, &mut other] {
        assert_eq!(device.offered().await.1, 1);
    }
    let vacancy = VacancyKey(1);
    phone.ask(7, Ask::Accept { vacancy, round: 1 }).await;
    let (mut won, mut assigned) = (false, false);
    while !(won && assigned) {
        match phone.next().await {
            ServerMessage::Answer { outcome, .. } => {
                assert!(matches!(outcome, Outcome::Won(_)), "{outcome:?}");
                won = true;
            }
            ServerMessage::Push(push) => assigned |= matches!(push.news, News::Assigned(_)),
            other => panic!("{other:?}"),
        }
    }
    let (_, news) = tablet.news().await;
    assert!(matches!(news, News::Assigned(_)), "{news:?}");
    let (_, news) = other.news().await;
    assert!(matches!(news, News::Withdrawn { .. }), "{news:?}");
    house.stop().await;
}

/// A phone takes no push that does not come after the last one it heard. An answer that is given
/// while an offer is still on its way to others brings the withdrawal along, which then comes to
/// everybody in its turn.
#[tokio::test]
async fn a_herd_hears_everything_once_and_in_order() {
    const PHONES: usize = 96;
    const VACANCIES: u64 = 3;
    let house = House::open(PHONES, 1).await;
    let mut phones = Vec::new();
    for number in 0..PHONES {
        phones.push(Phone::call(&house, &badge(number)).await);
    }
    for key in 1..=VACANCIES {
        house.publish(key, "");
    }
    let tasks = phones.into_iter().map(|phone| tokio::spawn(races(phone)));
    let mut won = 0;
    // Who hangs up is no longer there when it is the turn of a push that came with an answer.
    let mut there = Vec::new();
    for race in tasks.collect::<Vec<_>>() {
        let (of_it, phone) = race.await.expect("it heard everything");
        won += of_it;
        there.push(phone);
    }
    assert_eq!(won, VACANCIES);
    // The offer, the assignment and the withdrawal of each are counted, also where an answer brought
    // a push along to everybody whom it concerned.
    until(|| house.stats().fanouts().count() == 3 * VACANCIES).await;
    house.stop().await;

    /// Accepts each vacancy as it is offered; says how many it won.
    async fn races(mut phone: Phone) -> (u64, Phone) {
        let (mut won, mut answered, mut settled) = (0, 0, 0);
        while answered < VACANCIES || settled < VACANCIES {
            match phone.next().await {
                ServerMessage::Answer { outcome, .. } => {
                    answered += 1;
                    won += u64::from(matches!(outcome, Outcome::Won(_)));
                }
                ServerMessage::Push(push) => match push.news {
                    News::Offered(offer) => {
                        let (vacancy, round) = (offer.vacancy, offer.round);
                        phone.ask(vacancy.0, Ask::Accept { vacancy, round }).await;
                    }
                    News::Withdrawn { .. } | News::Assigned(_) => settled += 1,
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
        (won, phone)
    }
}

#[tokio::test]
async fn one_device_too_many_takes_the_place_of_the_first() {
    let house = House::open(2, 1).await;
    let mut phones = Vec::new();
    for _ in 0..=DEVICES_MAX {
        phones.push(Phone::call(&house, &badge(0)).await);
    }
    match phones[0].next().await {
        ServerMessage::GoAway { because, .. } => assert_eq!(because, GoAway::TooManySessions),
        other => panic!("{other:?}"),
    }
    house.publish(1, "");
    for phone in &mut phones[1..] {
        assert_eq!(phone.offered().await.1, 1);
    }
    house.stop().await;
}

#[tokio::test]
async fn who_is_denied_by_name_stays_denied_when_a_badge_of_that_name_is_added() {
    let house = House::open(1, 1).await;
    let desk = || Phone::try_as(&house, house.token(Role::Coordinator, "desk"));
    house.settle(deny(name_of("desk"))).await;
    assert_eq!(desk().await, Some(GoAway::Denied));
    let added = vec![officer("desk".into())];
    house.settle(Body::Roster(added)).await;
    assert_eq!(desk().await, Some(GoAway::Denied), "nobody admitted it");
    let officer = Phone::try_call(&house, "desk").await;
    assert_eq!(officer, Some(GoAway::Denied), "it is the officer's name");
    house.stop().await;
}

#[tokio::test]
async fn a_session_ends_with_its_name_or_its_badge_also_if_the_badge_came_later() {
    let house = House::open(1, 1).await;
    let call = |name| Phone::call_as(&house, house.token(Role::Coordinator, name));
    let (mut day, mut night) = (call("day").await, call("night").await);
    let added = ["day", "night"].map(|name| officer(name.into()));
    house.settle(Body::Roster(added.into())).await;
    let badge = "night".into();
    let denied = [name_of("day"), NewBearer::Officer { badge }];
    for (bearer, desk) in denied.into_iter().zip([&mut day, &mut night]) {
        house.settle(deny(bearer)).await;
        match desk.next().await {
            ServerMessage::GoAway { because, .. } => assert_eq!(because, GoAway::Denied),
            other => panic!("{other:?}"),
        }
    }
    house.stop().await;
}

fn name_of(desk: &str) -> NewBearer {
    NewBearer::Subject {
        agency: Some("chandler".into()),
        name: desk.into(),
    }
}

fn deny(bearer: NewBearer) -> Body {
    Body::Deny(Box::new(NewDenial {
        bearer,
        reason: DenialReason::Left,
        until: None,
    }))
}

#[tokio::test]
async fn sessions_survive_a_change_of_address_on_one_shard() {
    sessions_survive_a_change_of_address(1).await;
}

#[tokio::test]
async fn sessions_survive_a_change_of_address_on_several_shards() {
    sessions_survive_a_change_of_address(3).await;
}

async fn sessions_survive_a_change_of_address(shards: u8) {
    const PHONES: usize = 24;
    let house = House::open(PHONES, shards).await;
    let mut phones = Vec::new();
    for number in 0..PHONES {
        phones.push(Phone::call(&house, &badge(number)).await);
    }
    house.publish(1, "");
    for phone in &mut phones {
        assert_eq!(phone.offered().await.1, 1);
    }
    for phone in &mut phones {
        phone.moves();
    }
    // What a phone asks from its new address is answered: also where its packets arrive at a
    // shard that has never heard of it.
    for (number, phone) in phones.iter_mut().enumerate() {
        let vacancy = VacancyKey(1);
        let ask = Ask::Decline { vacancy, round: 1 };
        phone.ask(number as u128, ask).await;
        while !matches!(phone.next().await, ServerMessage::Answer { .. }) {}
    }
    house.publish(2, "");
    for phone in &mut phones {
        assert_eq!(phone.offered().await.1, 2);
        assert!(phone.connection.close_reason().is_none());
    }
    assert_eq!(house.stats().sessions(), PHONES, "nobody came anew");
    house.stop().await;
}

#[tokio::test]
async fn a_slow_reader_slows_nobody_and_hears_what_it_missed() {
    const VACANCIES: u64 = 200;
    let house = House::open(2, 1).await;
    let mut slow = Phone::call_with_window(&house, &badge(0), 4 << 10).await;
    let mut quick = Phone::call(&house, &badge(1)).await;
    let orders = "Invented. ".repeat(100);
    for key in 1..=VACANCIES {
        house.publish(key, &orders);
    }
    let mut expected = Vec::new();
    for _ in 0..VACANCIES {
        expected.push(quick.offered().await);
    }
    assert_eq!(
        house.stats().lagging(),
        1,
        "one of them has not read anything"
    );
    let written = house.stats().pushes();
    assert!(
        written < 2 * VACANCIES,
        "{written} pushes: nothing waited for the slow one"
    );

    let vacancy = VacancyKey(1);
    slow.ask(7, Ask::Decline { vacancy, round: 1 }).await;
    let (mut heard, mut answered) = (Vec::new(), false);
    while heard.len() < expected.len() || !answered {
        match slow.next().await {
            ServerMessage::Push(push) => {
                let News::Offered(offer) = push.news else {
                    panic!("{:?}", push.news)
                };
                heard.push((push.cursor, offer.vacancy.0));
            }
            ServerMessage::Answer { .. } => answered = true,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heard, expected, "everything, once and in order");
    until(|| house.stats().lagging() == 0).await;
    house.publish(VACANCIES + 1, "");
    assert_eq!(slow.offered().await.1, u128::from(VACANCIES) + 1);
    house.stop().await;
}

#[tokio::test]
async fn who_stays_behind_is_sent_away_in_the_end() {
    let house = House::open_here(2).await;
    let slow = Phone::call_with_window(&house, &badge(0), 4 << 10).await;
    let mut quick = Phone::call(&house, &badge(1)).await;
    for key in 1..=40 {
        house.publish(key, "");
        quick.offered().await;
    }
    until(|| house.stats().lagging() == 1).await;
    tokio::time::pause();
    tokio::time::advance(LAG_DEADLINE - Duration::from_secs(1)).await;
    tokio::time::resume();
    house.publish(41, "");
    assert_eq!(quick.offered().await.1, 41);
    assert_eq!(house.stats().lagging(), 1, "there is a second left");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    let closed = slow.connection.closed().await;
    let quinn::ConnectionError::ApplicationClosed(closed) = closed else {
        panic!("{closed}")
    };
    let because = said_by_code(closed.error_code.into_inner());
    assert_eq!(because, Some(GoAway::TooSlow));
    until(|| house.stats().sessions() == 1 && house.stats().lagging() == 0).await;
    house.publish(42, "");
    assert_eq!(quick.offered().await.1, 42);
    house.stop().await;
}

#[tokio::test]
async fn who_asks_for_much_at_once_and_reads_it_is_not_behind() {
    const ASKS: u128 = 24;
    let house = House::open(1, 1).await;
    house.publish_wide(1..=100);
    let mut desk = Phone::call_desk(&house).await;
    for id in 0..ASKS {
        desk.ask(id, Ask::Board).await;
    }
    let mut bytes = 0;
    for expected in 0..ASKS {
        let (id, outcome) = desk.answer().await;
        assert_eq!(id, expected, "they are answered in order");
        let Outcome::Board { rows } = &outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(rows.len(), 100);
        bytes += length(outcome);
    }
    assert!(bytes > REST_BYTES_MAX, "{bytes}");
    house.stop().await;
}

#[tokio::test]
async fn the_last_word_is_said_behind_a_long_answer() {
    let house = House::open(1, 1).await;
    house.publish_wide(1..=1_700);
    let mut desk = Phone::call_desk(&house).await;
    desk.ask(1, Ask::Board).await;
    until(|| house.stats().lagging() == 1).await;
    let stopping = tokio::spawn(house.stop());
    let (_, outcome) = desk.answer().await;
    let bytes = length(outcome);
    assert!(bytes > REST_BYTES_MAX, "{bytes}");
    loop {
        match desk.next().await {
            ServerMessage::GoAway { because, .. } => break assert_eq!(because, GoAway::Stopping),
            ServerMessage::Push(_) => {}
            other => panic!("{other:?}"),
        }
    }
    stopping.await.expect("it stops");
}

/// What an answer takes on the wire, in bytes.
fn length(outcome: Outcome) -> usize {
    let id = RequestId(0);
    let message = ServerMessage::Answer { id, outcome };
    let frame = Codec::Native.encode(&message, SERVER_FRAME_MAX_BYTES);
    frame.expect("it fits").len()
}

#[tokio::test]
async fn what_a_session_refuses_by_itself_is_counted() {
    let house = House::open(1, 1).await;
    let mut phone = Phone::call(&house, &badge(0)).await;
    let (mut refused, mut busy, mut id) = (0, 0, 0);
    // So many at once that the rate is used up sooner than it comes back.
    while busy == 0 {
        for _ in 0..100 {
            id += 1;
            phone.ask(id, Ask::Board).await;
        }
        for _ in 0..100 {
            match phone.answer().await.1 {
                Outcome::Refused(why) if why.code == RefusalCode::NotAllowed => refused += 1,
                Outcome::Busy { .. } => busy += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(refused >= u64::from(OFFICER_REQUESTS.burst), "{refused}");
    let stats = house.stats();
    let counted: Vec<_> = stats.answers().collect();
    let expected = [(Answered::Refused, refused), (Answered::Busy, busy)];
    assert_eq!(counted, expected);
    let reasons: Vec<_> = stats.refusals().collect();
    assert_eq!(reasons, [(RefusalCode::NotAllowed, refused)]);
    assert_eq!(stats.settles().count(), 0, "nothing was settled");
    house.stop().await;
}

#[tokio::test]
async fn what_one_effect_says_in_two_pushes_is_heard_in_both() {
    let house = House::open(1, 1).await;
    let mut phone = Phone::call(&house, &badge(0)).await;
    house.publish_with(1, "", vec![Term::MarkedCar]);
    let (_, news) = phone.news().await;
    assert!(matches!(news, News::Attributes(_)), "{news:?}");
    assert_eq!(phone.offered().await.1, 1);
    house.stop().await;
}

#[tokio::test]
async fn a_stop_spreads_the_return_of_those_it_sends_away() {
    const PHONES: usize = 40;
    let house = House::open(PHONES, 2).await;
    let mut phones = Vec::new();
    for number in 0..PHONES {
        phones.push(Phone::call(&house, &badge(number)).await);
    }
    let stopping = tokio::spawn(house.stop());
    let mut waits = BTreeSet::new();
    for phone in &mut phones {
        match phone.next().await {
            ServerMessage::GoAway {
                because,
                reconnect_after_ms,
            } => {
                assert_eq!(because, GoAway::Stopping);
                waits.insert(reconnect_after_ms);
            }
            other => panic!("{other:?}"),
        }
        phone.connection.close(0_u32.into(), b"");
    }
    // Forty sessions come back within the time that forty handshakes take.
    let (first, last) = (waits.first(), waits.last());
    assert!(first >= Some(&1_000) && last <= Some(&1_020), "{waits:?}");
    assert!(waits.len() > 5, "{waits:?}");
    stopping.await.expect("it stops");
}

#[tokio::test]
async fn early_data_is_not_taken() {
    let house = House::open(1, 1).await;
    let refused = early_data(house.address(), &house.certificate).await;
    assert!(!refused, "what can be replayed is not listened to");
    house.stop().await;

    // The same phone at a server that takes early data: so it would have been sent.
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .expect("a certificate can be made");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring speaks TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.expect("just made"))
        .expect("the key belongs to the certificate");
    tls.alpn_protocols = vec![protocol::ALPN.to_vec()];
    tls.max_early_data_size = u32::MAX;
    let tls = QuicServerConfig::try_from(tls).expect("TLS 1.3 with its first suite");
    let careless = quinn::ServerConfig::with_crypto(Arc::new(tls));
    let careless = quinn::Endpoint::server(careless, loopback()).expect("a port is free");
    let address = careless.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Some(incoming) = careless.accept().await {
            tokio::spawn(async {
                let connection = incoming.await.expect("it is answered");
                connection.closed().await;
            });
        }
    });
    assert!(early_data(address, made.cert.der()).await);
}

/// Connects twice, the second time with early data; says whether any could be sent.
async fn early_data(
    address: SocketAddr,
    certificate: &rustls_pki_types::CertificateDer<'static>,
) -> bool {
    let endpoint = quinn::Endpoint::client(loopback()).expect("a port is free");
    let config = config(certificate);
    let connect = || {
        let connecting = endpoint.connect_with(config.clone(), address, "localhost");
        connecting.expect("it can be tried")
    };
    let first = connect().await.expect("it is answered");
    // The ticket for the second connection comes after the handshake.
    tokio::time::sleep(Duration::from_millis(200)).await;
    first.close(0_u32.into(), b"");
    connect().into_0rtt().is_ok()
}

async fn until(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it never came about");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
