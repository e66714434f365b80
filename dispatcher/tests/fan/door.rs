//! Who gets in while others try to keep everybody out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dispatcher::Handshake;
use dispatcher::limits::{HANDSHAKE_DEADLINE, NEWCOMERS_UNPROVEN_MAX};
use engine::io::{Clock, ManualClock, SystemClock};
use protocol::GoAway;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint};
use tokio::net::UdpSocket;

use crate::house::{House, badge};
use crate::phone::{Phone, config, loopback};
use crate::{PATIENCE, until};

/// The longest packet that a peer sends before its way is known.
const PACKET_BYTES: usize = 1_500;

#[tokio::test]
async fn an_address_beyond_its_rate_proves_itself_is_then_refused_and_comes_back() {
    an_address_has_one_rate(1).await;
}

#[tokio::test]
async fn an_address_has_one_rate_over_all_shards() {
    an_address_has_one_rate(4).await;
}

async fn an_address_has_one_rate(shards: u8) {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let house = House::open_strict(shards, 3, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let often = SocketAddr::from(([127, 0, 0, 1], 0));
    for _ in 0..3 {
        come(&house, often).await.expect("it is within its rate");
    }
    assert_eq!(house.handshakes(Handshake::Retried), 0);
    for _ in 0..3 {
        come(&house, often).await.expect("it proves itself");
    }
    assert_eq!(house.handshakes(Handshake::Retried), 3);
    let refused = come(&house, often).await;
    assert!(
        matches!(&refused, Err(ConnectionError::ConnectionClosed(_))),
        "{refused:?}"
    );
    assert_eq!(house.handshakes(Handshake::Refused), 1);
    let other = SocketAddr::from(([127, 0, 0, 2], 0));
    come(&house, other).await.expect("nobody else is touched");
    assert_eq!(house.handshakes(Handshake::Retried), 4);

    // Three a minute: one of them is free again after twenty seconds, and no more.
    clock.advance_ms(20_000);
    come(&house, often).await.expect("it has waited");
    come(&house, often).await.expect("it proves itself again");
    assert!(come(&house, often).await.is_err());
    house.stop().await;
}

#[tokio::test]
async fn a_handshake_that_is_not_completed_ends_at_its_deadline() {
    let house = House::open_here(1).await;
    let mute = Mute::new(&house).await;
    mute.begin().await;
    mute.hear().await;
    advance(HANDSHAKE_DEADLINE / 2).await;
    let _phone = Phone::call(&house, &badge(0)).await;
    assert_eq!(house.handshakes(Handshake::Failed), 0, "half is left");
    advance(HANDSHAKE_DEADLINE / 2).await;
    let began = Instant::now();
    until(|| house.handshakes(Handshake::Failed) == 1).await;
    // Silence would end it as well, but not so soon.
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    house.stop().await;
}

#[tokio::test]
async fn a_connection_that_opens_no_conversation_ends_at_its_deadline() {
    let house = House::open_here(1).await;
    let idler = come(&house, loopback()).await.expect("it shakes hands");
    until(|| house.handshakes(Handshake::Done) == 1).await;
    advance(HANDSHAKE_DEADLINE / 2).await;
    let phone = Phone::call(&house, &badge(0)).await;
    assert!(idler.close_reason().is_none(), "half is left");
    advance(HANDSHAKE_DEADLINE / 2).await;
    let ended = idler.closed().await;
    assert!(
        matches!(ended, ConnectionError::ApplicationClosed(_)),
        "{ended:?}"
    );
    assert_eq!(house.stats().sessions(), 1, "the phone's");
    assert!(phone.connection.close_reason().is_none());
    house.stop().await;
}

#[tokio::test]
async fn who_shows_no_token_takes_no_seat() {
    let house = House::open_for(1).await;
    let idlers = [
        come(&house, loopback()).await,
        come(&house, loopback()).await,
    ];
    until(|| house.handshakes(Handshake::Done) == 2).await;
    let phone = Phone::call(&house, &badge(0)).await;
    let idle =
        |one: &Result<Connection, _>| one.as_ref().is_ok_and(|one| one.close_reason().is_none());
    assert!(
        idlers.iter().all(idle),
        "they are there, and nobody misses their seats"
    );
    // The one seat is taken now, by a token.
    let ended = Phone::try_call(&house, &badge(0)).await;
    assert_eq!(ended, Some(GoAway::TooManySessions));
    assert!(phone.connection.close_reason().is_none());
    house.stop().await;
}

#[tokio::test]
async fn half_open_handshakes_past_the_threshold_cost_newcomers_a_proof_and_nothing_else() {
    let house = House::open_here(1).await;
    let mute = Mute::new(&house).await;
    let began = Instant::now();
    let mut begun = 0;
    while house.handshakes(Handshake::Retried) == 0 {
        assert!(began.elapsed() < PATIENCE, "{begun} handshakes");
        mute.begin().await;
        begun += 1;
    }
    assert!(begun > NEWCOMERS_UNPROVEN_MAX, "{begun} handshakes");
    let before = house.handshakes(Handshake::Retried);
    let phone = Phone::call(&house, &badge(0)).await;
    assert!(phone.connection.close_reason().is_none());
    assert!(house.handshakes(Handshake::Retried) > before);
    house.stop().await;
}

/// Shakes hands from `address`, and says nothing more.
async fn come(house: &House, address: SocketAddr) -> Result<Connection, ConnectionError> {
    let endpoint = Endpoint::client(address).expect("a port is free");
    let config = config(&house.certificate);
    let connecting = endpoint.connect_with(config, house.address(), "localhost");
    connecting.expect("it can be tried").await
}

async fn advance(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Begins handshakes and never hears what the server says to them: what a flood with forged
/// addresses looks like from the server.
struct Mute {
    client: Endpoint,
    config: ClientConfig,
    /// Between the client and the server; it lets through what the client says and nothing back.
    between: UdpSocket,
    server: SocketAddr,
}

impl Mute {
    async fn new(house: &House) -> Mute {
        Mute {
            client: Endpoint::client(loopback()).expect("a port is free"),
            config: config(&house.certificate),
            between: UdpSocket::bind(loopback()).await.expect("a port is free"),
            server: house.address(),
        }
    }

    /// Sends the first packet of one more handshake, or of an earlier one again.
    async fn begin(&self) {
        let between = self.between.local_addr().expect("it is bound");
        let config = self.config.clone();
        let connecting = self.client.connect_with(config, between, "localhost");
        // Nobody waits for it, and what is not waited for must not be hung up.
        tokio::spawn(connecting.expect("it can be tried"));
        let mut packet = [0; PACKET_BYTES];
        loop {
            let (bytes, from) = self.receive(&mut packet).await;
            if from != self.server {
                let sent = self.between.send_to(&packet[..bytes], self.server).await;
                sent.expect("it is sent");
                return;
            }
        }
    }

    /// Waits for the server's answer, and drops it.
    async fn hear(&self) {
        let mut packet = [0; PACKET_BYTES];
        while self.receive(&mut packet).await.1 != self.server {}
    }

    async fn receive(&self, packet: &mut [u8]) -> (usize, SocketAddr) {
        let received = self.between.recv_from(packet);
        let received = tokio::time::timeout(PATIENCE, received).await;
        received.expect("it comes in time").expect("it is whole")
    }
}
