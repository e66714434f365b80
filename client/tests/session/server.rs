//! A small server: the real session over real QUIC, with a history in memory behind it. It
//! answers every request with `Done` and the request's own number.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use client::Trust;
use protocol::frame::{Codec, FrameReader, encode};
use protocol::session::{Action, ServerSession, close_code};
use protocol::token::{SigningKey, VerifyingKeys};
use protocol::{ALPN, ClientMessage, Cursor, GoAway, Outcome, Push, Role, ServerMessage};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, SendStream, VarInt};
use rustls_pki_types::PrivateKeyDer;
use tokio::sync::broadcast;

pub(crate) struct Server {
    endpoint: quinn::Endpoint,
    certificate_pem: String,
    key: SigningKey,
    shell: Arc<Shell>,
}

struct Shell {
    keys: Arc<VerifyingKeys>,
    state: Mutex<State>,
    told: broadcast::Sender<Told>,
}

#[derive(Default)]
struct State {
    history: Vec<Push>,
    mute: bool,
    heard: Vec<ClientMessage>,
    resumed_from: Vec<Option<Cursor>>,
    closes_with: Option<GoAway>,
}

#[derive(Clone)]
enum Told {
    Push(Push),
    Away(GoAway),
}

impl Server {
    pub(crate) fn start() -> Server {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .expect("a certificate can be made");
        let key_der = PrivateKeyDer::try_from(made.signing_key.serialize_der())
            .expect("the key was just made");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("ring speaks TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key_der)
            .expect("the key belongs to the certificate");
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let tls = QuicServerConfig::try_from(tls).expect("TLS 1.3 with its first suite");
        let config = quinn::ServerConfig::with_crypto(Arc::new(tls));
        let endpoint =
            quinn::Endpoint::server(config, ([127, 0, 0, 1], 0).into()).expect("a free port");

        let key = SigningKey::generate();
        let shell = Arc::new(Shell {
            keys: Arc::new(VerifyingKeys::new([key.verifying_key()])),
            state: Mutex::default(),
            told: broadcast::channel(16).0,
        });
        tokio::spawn(accept(endpoint.clone(), Arc::clone(&shell)));
        Server {
            endpoint,
            certificate_pem: made.cert.pem(),
            key,
            shell,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.endpoint.local_addr().expect("it is bound")
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::Certificate(self.certificate_pem.clone().into_bytes())
    }

    pub(crate) fn trust_as_root(&self) -> Trust {
        Trust::Roots(self.certificate_pem.clone().into_bytes())
    }

    pub(crate) fn token(&self, role: Role, lifetime_s: u64) -> String {
        self.token_source(role, lifetime_s)()
    }

    pub(crate) fn token_source(
        &self,
        role: Role,
        lifetime_s: u64,
    ) -> impl Fn() -> String + Send + Sync + 'static {
        let key = self.key.clone();
        move || {
            key.issue(role, "TUC-0412", Some("tucson"), now_us(), lifetime_s)
                .expect("good claims")
        }
    }

    /// Adds to the history and tells everybody who is connected.
    pub(crate) fn happens(&self, push: Push) {
        self.happens_unheard(push.clone());
        let _nobody_is_connected = self.shell.told.send(Told::Push(push));
    }

    /// Adds to the history while nobody is connected.
    pub(crate) fn happens_unheard(&self, push: Push) {
        self.shell.state().history.push(push);
    }

    pub(crate) fn answers(&self, yes: bool) {
        self.shell.state().mute = !yes;
    }

    pub(crate) fn closes_without_a_word(&self, because: GoAway) {
        self.shell.state().closes_with = Some(because);
    }

    pub(crate) fn sends_everybody_away(&self, because: GoAway) {
        let _nobody_is_connected = self.shell.told.send(Told::Away(because));
    }

    pub(crate) fn heard(&self) -> Vec<ClientMessage> {
        self.shell.state().heard.clone()
    }

    pub(crate) fn resumed_from(&self) -> Vec<Option<Cursor>> {
        self.shell.state().resumed_from.clone()
    }

    /// Waits until the server has heard this.
    pub(crate) async fn hears(&self, message: &ClientMessage) {
        super::within(async {
            while !self.shell.state().heard.contains(message) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }
}

impl Shell {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no test panics while it holds the lock")
    }
}

async fn accept(endpoint: quinn::Endpoint, shell: Arc<Shell>) {
    while let Some(incoming) = endpoint.accept().await {
        let shell = Arc::clone(&shell);
        tokio::spawn(async move {
            // A client that refuses our certificate does not get this far.
            if let Ok(connection) = incoming.await {
                let _lost = serve(connection, &shell).await;
            }
        });
    }
}

/// One connection; `None` when the client is gone.
async fn serve(connection: Connection, shell: &Shell) -> Option<()> {
    let (mut send, mut recv) = connection.accept_bi().await.ok()?;
    if let Some(because) = shell.state().closes_with {
        connection.close(VarInt::from_u32(close_code(Some(because))), b"");
        return Some(());
    }
    let mut session = ServerSession::new(Arc::clone(&shell.keys), now_us());
    let mut reader = FrameReader::<ClientMessage>::new(Codec::Native, session.frame_max_bytes());
    let mut told = shell.told.subscribe();
    loop {
        tokio::select! {
            chunk = recv.read_chunk(4_096, true) => {
                reader.push(&chunk.ok()??.bytes);
                while let Some(message) = reader.next().expect("clients write whole frames") {
                    shell.state().heard.push(message.clone());
                    session.handle_message(message, now_us());
                    act(&mut session, shell, &mut send, &connection).await?;
                    reader.limit(session.frame_max_bytes());
                }
            }
            told = told.recv() => match told.ok()? {
                Told::Push(push) => write(&mut send, &ServerMessage::Push(push)).await?,
                Told::Away(because) => {
                    session.close(because);
                    act(&mut session, shell, &mut send, &connection).await?;
                }
            }
        }
    }
}

async fn act(
    session: &mut ServerSession,
    shell: &Shell,
    send: &mut SendStream,
    connection: &Connection,
) -> Option<()> {
    while let Some(action) = session.poll() {
        match action {
            Action::Opened { resume, .. } => {
                session.welcome(1, resume.is_some(), now_us());
                let Some(Action::Send(welcome)) = session.poll() else {
                    panic!("an open session welcomes");
                };
                write(send, &welcome).await?;
                for message in missed(shell, resume) {
                    write(send, &message).await?;
                }
            }
            Action::Request { id, .. } if shell.state().mute => session.answered(id),
            Action::Request { id, .. } => {
                session.answered(id);
                let outcome = Outcome::Done {
                    sequence: id.0 as u64,
                };
                write(send, &ServerMessage::Answer { id, outcome }).await?;
            }
            Action::Renewed { .. } => {}
            Action::Send(message) => write(send, &message).await?,
            Action::Close { because } => {
                send.finish().ok()?;
                send.stopped().await.ok()?;
                connection.close(VarInt::from_u32(close_code(because)), b"");
                return None;
            }
        }
    }
    Some(())
}

fn missed(shell: &Shell, resume: Option<Cursor>) -> Vec<ServerMessage> {
    let mut state = shell.state();
    state.resumed_from.push(resume);
    let after = resume.unwrap_or_default();
    let missed = state.history.iter().filter(|push| push.cursor > after);
    let mut messages: Vec<_> = missed.cloned().map(ServerMessage::Push).collect();
    let cursor = state.history.last().map_or(after, |push| push.cursor);
    messages.push(ServerMessage::Synced { cursor });
    messages
}

async fn write(send: &mut SendStream, message: &ServerMessage) -> Option<()> {
    let frame: Bytes = encode(message).expect("it fits");
    send.write_all(&frame).await.ok()
}

fn now_us() -> i64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from(now.as_micros()).expect("before 294247")
}
