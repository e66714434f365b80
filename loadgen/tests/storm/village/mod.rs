//! A village server: the whole protocol over real QUIC, one lock, one map per thing, and a
//! planted fault. It shares nothing with the real server but the wire.

mod books;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use client::Trust;
use protocol::frame::{Codec, FrameReader, encode};
use protocol::session::{Action, ServerSession, close_code};
use protocol::token::{Claims, SigningKey, VerifyingKeys};
use protocol::{
    ALPN, Ask, ClientMessage, Outcome, RequestId, ServerMessage, Standing, TierCause, VacancyKey,
};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, SendStream, VarInt};
use rustls_pki_types::PrivateKeyDer;
use tokio::sync::mpsc::unbounded_channel;

use books::Books;

/// What is wrong with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Every slot is given to two officers.
    DoubleFill,
    /// One accept is never answered.
    SwallowsAnAnswer,
    /// Everybody of the lead agency is asked, eligible or not.
    OffersToEverybody,
    /// Nothing is checked at the accept.
    NeverLooksAgain,
    /// One officer is not told of one offer.
    SkipsAPush,
    /// Nobody is told that a slot is theirs, but in the answer.
    TellsNoWinner,
    /// Nobody is told that an offer no longer stands.
    TellsNoLoser,
    /// One officer is told of one offer twice, under one cursor.
    RepeatsAPush,
    /// The server does nothing at all for a while.
    Stalls(Duration),
}

/// The sequence at which one-off faults happen.
const FAULT_SEQUENCE: u64 = 12;

pub(crate) struct Village {
    address: SocketAddr,
    certificate_pem: String,
    signing: Arc<SigningKey>,
}

struct Hall {
    keys: Arc<VerifyingKeys>,
    books: Mutex<Books>,
}

impl Village {
    pub(crate) fn start(fault: Fault) -> Village {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key_der = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key_der)
            .unwrap();
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let tls = QuicServerConfig::try_from(tls).unwrap();
        let config = quinn::ServerConfig::with_crypto(Arc::new(tls));
        let endpoint = quinn::Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
        let signing = Arc::new(SigningKey::generate());
        let hall = Arc::new(Hall {
            keys: Arc::new(VerifyingKeys::new([signing.verifying_key()])),
            books: Mutex::new(Books::new(fault)),
        });
        let address = endpoint.local_addr().unwrap();
        tokio::spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                let hall = Arc::clone(&hall);
                tokio::spawn(async move {
                    if let Ok(connection) = incoming.await {
                        let _gone = serve(connection, hall).await;
                    }
                });
            }
        });
        Village {
            address,
            certificate_pem: made.cert.pem(),
            signing,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::Certificate(self.certificate_pem.clone().into_bytes())
    }

    pub(crate) fn signing(&self) -> Arc<SigningKey> {
        Arc::clone(&self.signing)
    }
}

/// One connection; `None` when the client is gone.
async fn serve(connection: Connection, hall: Arc<Hall>) -> Option<()> {
    let (mut send, mut recv) = connection.accept_bi().await.ok()?;
    let mut session = ServerSession::new(Arc::clone(&hall.keys), now_us());
    let mut reader = FrameReader::<ClientMessage>::new(Codec::Native, session.frame_max_bytes());
    let (line, mut told) = unbounded_channel();
    let mut who: Option<Claims> = None;
    loop {
        tokio::select! {
            chunk = recv.read_chunk(65_536, true) => {
                reader.push(&chunk.ok()??.bytes);
                while let Some(message) = reader.next().unwrap() {
                    session.handle_message(message, now_us());
                    while let Some(action) = session.poll() {
                        match action {
                            Action::Opened { claims, resume, .. } => {
                                session.welcome(1, resume.is_some(), now_us());
                                let Some(Action::Send(welcome)) = session.poll() else {
                                    panic!("an open session welcomes");
                                };
                                write(&mut send, &welcome).await?;
                                hall.books().join(&claims, resume, &line);
                                who = Some(claims);
                            }
                            Action::Request { id, ask } => {
                                session.answered(id);
                                let outcome = settle(&hall, who.as_ref()?, id, ask);
                                if let Some(outcome) = outcome {
                                    let answer = ServerMessage::Answer { id, outcome };
                                    line.send(answer).ok()?;
                                }
                            }
                            Action::Renewed { .. } => {}
                            Action::Send(message) => write(&mut send, &message).await?,
                            Action::Close { because } => {
                                send.finish().ok()?;
                                send.stopped().await.ok()?;
                                connection.close(VarInt::from_u32(close_code(because)), b"");
                                return None;
                            }
                        }
                    }
                    reader.limit(session.frame_max_bytes());
                }
            }
            message = told.recv() => write(&mut send, &message?).await?,
        }
    }
}

async fn write(send: &mut SendStream, message: &ServerMessage) -> Option<()> {
    send.write_all(&encode(message).unwrap()).await.ok()
}

/// Answers a request, under the one lock; `None` says nothing.
fn settle(hall: &Arc<Hall>, who: &Claims, id: RequestId, ask: Ask) -> Option<Outcome> {
    let mut books = hall.books();
    if let Some(outcome) = books.answers.get(&id) {
        return Some(outcome.clone());
    }
    let accept = matches!(ask, Ask::Accept { .. });
    if accept && books.fires(Fault::SwallowsAnAnswer) {
        return None;
    }
    if let Fault::Stalls(stall) = books.fault
        && books.fires(Fault::Stalls(stall))
    {
        std::thread::sleep(stall);
    }
    let published = match &ask {
        Ask::Publish(vacancy) => vacancy.windows_ms.first().map(|ms| (vacancy.key, *ms)),
        _ => None,
    };
    let outcome = books.decide(who, ask);
    let durable = matches!(
        outcome,
        Outcome::Done { .. } | Outcome::Won(_) | Outcome::Lost(_)
    );
    if durable {
        books.answers.insert(id, outcome.clone());
    }
    if let (Some((key, window_ms)), Outcome::Done { .. }) = (published, &outcome) {
        tokio::spawn(escalate(
            Arc::clone(hall),
            key,
            Duration::from_millis(window_ms),
        ));
    }
    Some(outcome)
}

async fn escalate(hall: Arc<Hall>, key: VacancyKey, window: Duration) {
    for tier in 1..=2 {
        tokio::time::sleep(window).await;
        let mut books = hall.books();
        let posted = &books.vacancies[&key];
        if posted.standing == Standing::Open && posted.tier < tier {
            books.record();
            books.open_tier(key, tier, TierCause::WindowElapsed);
        }
    }
}

impl Hall {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

fn now_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    since.as_micros() as i64
}
