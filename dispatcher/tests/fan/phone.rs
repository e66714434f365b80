//! An officer's phone that speaks the wire by hand, so that it can do what the client never does:
//! stop reading, change its address, send early data.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use protocol::frame::{Codec, FrameReader, OFFICER_FRAME_MAX_BYTES, SERVER_FRAME_MAX_BYTES};
use protocol::{
    ALPN, Ask, ClientMessage, Cursor, GoAway, Hello, News, Outcome, Push, RequestId, Role,
    ServerMessage, VERSION,
};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{
    ClientConfig, Connection, Endpoint, IdleTimeout, RecvStream, SendStream, TransportConfig,
};
use rustls_pki_types::CertificateDer;

use crate::house::House;

/// Longer than anything here takes, so that only a fault runs into it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than the server gives those who do not keep up.
const IDLE: Duration = Duration::from_secs(120);

pub(crate) struct Phone {
    pub(crate) endpoint: Endpoint,
    pub(crate) connection: Connection,
    send: SendStream,
    receive: RecvStream,
    frames: FrameReader<ServerMessage>,
    /// Where it stands, once it knows how everything stands.
    cursor: Option<Cursor>,
    /// The vacancies that stood when it came.
    pub(crate) stood: Vec<u128>,
}

impl Phone {
    /// Connects, says hello, and hears how things stand.
    pub(crate) async fn call(house: &House, badge: &str) -> Phone {
        Phone::call_with_window(house, badge, 64 << 10).await
    }

    /// As [`Phone::call`], for the desk of the agency.
    pub(crate) async fn call_desk(house: &House) -> Phone {
        Phone::call_as(house, house.token(Role::Coordinator, "desk")).await
    }

    /// As [`Phone::call`], with this token.
    pub(crate) async fn call_as(house: &House, token: String) -> Phone {
        let mut phone = Phone::greet_with(house, token, 64 << 10).await;
        phone.sync().await;
        phone
    }

    /// As [`Phone::call`], where the server ends the conversation: why.
    pub(crate) async fn try_call(house: &House, badge: &str) -> Option<GoAway> {
        Phone::try_as(house, house.token(Role::Officer, badge)).await
    }

    /// As [`Phone::try_call`], with this token.
    pub(crate) async fn try_as(house: &House, token: String) -> Option<GoAway> {
        let mut phone = Phone::greet_with(house, token, 64 << 10).await;
        match phone.next().await {
            ServerMessage::GoAway { because, .. } => Some(because),
            _ => None,
        }
    }

    /// As [`Phone::call`], but takes no more than `window` bytes that it has not read.
    pub(crate) async fn call_with_window(house: &House, badge: &str, window: u32) -> Phone {
        let mut phone = Phone::greet(house, badge, window).await;
        phone.sync().await;
        phone
    }

    /// Hears how things stand.
    async fn sync(&mut self) {
        while self.cursor.is_none() {
            match self.next().await {
                ServerMessage::Synced { cursor } => self.cursor = Some(cursor),
                ServerMessage::Push(Push {
                    news: News::Offered(offer),
                    ..
                }) => self.stood.push(offer.vacancy.0),
                _ => {}
            }
        }
    }

    /// Connects and says hello.
    async fn greet(house: &House, badge: &str, window: u32) -> Phone {
        Phone::greet_with(house, house.token(Role::Officer, badge), window).await
    }

    async fn greet_with(house: &House, token: String, window: u32) -> Phone {
        let endpoint = Endpoint::client(loopback()).expect("a port is free");
        let mut config = config(&house.certificate);
        let mut transport = TransportConfig::default();
        let idle = IdleTimeout::try_from(IDLE).expect("it is not too long");
        transport
            .stream_receive_window(window.into())
            .max_idle_timeout(Some(idle));
        config.transport_config(Arc::new(transport));
        let connecting = endpoint.connect_with(config, house.address(), "localhost");
        let connection = connecting.expect("it can be tried");
        let connection = connection.await.expect("it is answered");
        let (send, receive) = connection.open_bi().await.expect("there is a stream");
        let mut phone = Phone {
            endpoint,
            connection,
            send,
            receive,
            frames: FrameReader::new(Codec::Native, SERVER_FRAME_MAX_BYTES),
            cursor: None,
            stood: Vec::new(),
        };
        phone
            .say(&ClientMessage::Hello(Hello {
                version: VERSION,
                token,
                resume: None,
                software: "a test".into(),
            }))
            .await;
        phone
    }

    pub(crate) async fn ask(&mut self, id: u128, ask: Ask) {
        let id = RequestId(id);
        self.say(&ClientMessage::Request { id, ask }).await;
    }

    async fn say(&mut self, message: &ClientMessage) {
        let frame = Codec::Native.encode(message, OFFICER_FRAME_MAX_BYTES);
        let frame = frame.expect("it is short");
        self.send.write_all(&frame).await.expect("it is taken");
    }

    /// The next thing that is said to it. A push that does not come after the last one it would
    /// take for a repeat.
    pub(crate) async fn next(&mut self) -> ServerMessage {
        loop {
            if let Some(message) = self.frames.next().expect("whole frames") {
                if let (ServerMessage::Push(push), Some(last)) = (&message, &mut self.cursor) {
                    assert!(push.cursor > *last, "{push:?} comes after {last:?}");
                    *last = push.cursor;
                }
                return message;
            }
            let read = self.receive.read_chunk(16 << 10, true);
            let read = tokio::time::timeout(PATIENCE, read).await;
            let chunk = read.expect("something is said in time");
            let chunk = chunk.expect("the connection stands");
            self.frames
                .push(&chunk.expect("the conversation goes on").bytes);
        }
    }

    /// The next answer, and to what.
    pub(crate) async fn answer(&mut self) -> (u128, Outcome) {
        loop {
            if let ServerMessage::Answer { id, outcome } = self.next().await {
                return (id.0, outcome);
            }
        }
    }

    /// The next push.
    pub(crate) async fn news(&mut self) -> (Cursor, News) {
        loop {
            if let ServerMessage::Push(push) = self.next().await {
                return (push.cursor, push.news);
            }
        }
    }

    /// The next vacancy that is offered.
    pub(crate) async fn offered(&mut self) -> (Cursor, u128) {
        loop {
            if let (cursor, News::Offered(offer)) = self.news().await {
                return (cursor, offer.vacancy.0);
            }
        }
    }

    /// Goes on from another address.
    pub(crate) fn moves(&self) {
        let before = self.endpoint.local_addr().expect("it is bound");
        let socket = UdpSocket::bind(loopback()).expect("a port is free");
        self.endpoint.rebind(socket).expect("it can move");
        let after = self.endpoint.local_addr().expect("it is bound");
        assert_ne!(before, after, "it has moved");
    }
}

/// How a phone that trusts `certificate` connects. It sends early data where it may.
pub(crate) fn config(certificate: &CertificateDer<'static>) -> ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    let added = roots.add(certificate.clone());
    added.expect("it is a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring speaks TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.enable_early_data = true;
    let tls = QuicClientConfig::try_from(tls).expect("TLS 1.3 with its first suite");
    ClientConfig::new(Arc::new(tls))
}

pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
