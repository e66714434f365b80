//! A browser without a browser: WebTransport and JSON as a page speaks them.

use std::net::SocketAddr;
use std::sync::Arc;

use muster::certificate::CertificateHash;
use protocol::frame::{Codec, FrameReader, OFFICER_FRAME_MAX_BYTES, SERVER_FRAME_MAX_BYTES};
use protocol::{
    Ask, ClientMessage, Cursor, Hello, News, Outcome, RequestId, ServerMessage, VERSION,
};
use quinn::rustls;
use web_transport_quinn::http::{HeaderName, HeaderValue};
use web_transport_quinn::proto::ConnectRequest;
use web_transport_quinn::{
    ClientBuilder, ClientError, RecvStream, SendStream, Session, SessionError,
};

use crate::amend::PATIENCE;

/// A page with a session.
pub(super) struct Page {
    session: Session,
    send: SendStream,
    receive: RecvStream,
    frames: FrameReader<ServerMessage>,
}

impl Page {
    /// A session and its stream, before anything was said.
    pub(super) async fn connect(
        address: SocketAddr,
        hash: CertificateHash,
        path: &str,
        origin: Option<&'static str>,
    ) -> Result<Page, ClientError> {
        let client = ClientBuilder::new().with_server_certificate_hashes(vec![hash.0.to_vec()])?;
        let url = format!("https://{address}{path}");
        let mut request = ConnectRequest::new(url.parse::<url::Url>().expect("a URL"));
        if let Some(origin) = origin {
            let name = HeaderName::from_static("origin");
            request = request.with_header(name, HeaderValue::from_static(origin));
        }
        let session = client.connect(request).await?;
        let (send, receive) = session.open_bi().await.expect("a stream");
        Ok(Page {
            session,
            send,
            receive,
            frames: FrameReader::new(Codec::Json, SERVER_FRAME_MAX_BYTES),
        })
    }

    pub(super) async fn hello(&mut self, token: String, resume: Option<Cursor>) {
        self.say(&ClientMessage::Hello(Hello {
            version: VERSION,
            token,
            resume,
            software: "test page".to_owned(),
        }))
        .await;
    }

    pub(super) async fn say(&mut self, message: &ClientMessage) {
        let frame = Codec::Json.encode(message, OFFICER_FRAME_MAX_BYTES);
        self.write(&frame.expect("it is short")).await;
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        self.send.write_all(bytes).await.expect("it is taken");
    }

    /// The first message that `pick` picks.
    pub(super) async fn until<T>(&mut self, mut pick: impl FnMut(ServerMessage) -> Option<T>) -> T {
        let waiting = async {
            loop {
                while let Some(message) = self.frames.next().expect("messages") {
                    if let Some(picked) = pick(message) {
                        return picked;
                    }
                }
                let chunk = self.receive.read_chunk(usize::MAX, true).await;
                let chunk = chunk.expect("the session goes on").expect("more");
                self.frames.push(&chunk.bytes);
            }
        };
        let heard = tokio::time::timeout(PATIENCE, waiting).await;
        heard.expect("it is said in time")
    }

    pub(super) async fn news<T>(&mut self, mut pick: impl FnMut(News) -> Option<T>) -> T {
        self.until(|message| match message {
            ServerMessage::Push(push) => pick(push.news),
            _ => None,
        })
        .await
    }

    pub(super) async fn ask(&mut self, id: u128, ask: Ask) -> Outcome {
        let id = RequestId(id);
        self.say(&ClientMessage::Request { id, ask }).await;
        self.until(|message| match message {
            ServerMessage::Answer { id: of, outcome } if of == id => Some(outcome),
            _ => None,
        })
        .await
    }

    /// How the server ended the session.
    pub(super) async fn closed(&self) -> SessionError {
        let closed = tokio::time::timeout(PATIENCE, self.session.closed()).await;
        closed.expect("it ends in time")
    }

    /// Ends it as a page does.
    pub(super) async fn leave(self) {
        self.session.close(0, b"");
        self.session.closed().await;
    }
}

/// An endpoint that speaks HTTP/3 and trusts this certificate, for what no browser would do.
pub(super) fn h3_endpoint(certificate_pem: &str) -> quinn::Endpoint {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    for own in muster::identity::certificates(certificate_pem).expect("a certificate") {
        roots.add(own).expect("it can vouch for itself");
    }
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![web_transport_quinn::ALPN.as_bytes().to_vec()];
    let tls = quinn::crypto::rustls::QuicClientConfig::try_from(tls).expect("it fits QUIC");
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let mut endpoint = quinn::Endpoint::client(any).expect("a socket");
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(tls)));
    endpoint
}
