//! The client against a small server over real QUIC on the loopback interface.

mod server;

use std::time::{Duration, Instant};

use client::{
    AskError, ConnectError, Driver, Ended, Endpoint, Event, Events, Options, Trust, events,
};
use protocol::session::Event as Learned;
use protocol::{
    Ask, ClientMessage, Cursor, GoAway, News, Outcome, Push, RequestId, Role, VacancyKey,
    Withdrawal,
};
use server::Server;
use tokio::task::JoinHandle;

/// Longer than anything here takes, so that only a fault runs into it.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn it_connects_hears_the_state_asks_and_hears_news() {
    let server = Server::start();
    server.happens(push(1));
    let (client, mut session) = connect(&server, officer(&server));
    let Learned::Up(welcome) = session.next().await else {
        panic!("welcome comes first")
    };
    assert_eq!(
        (welcome.subject.as_str(), welcome.resumed),
        ("TUC-0412", false)
    );
    assert_eq!(session.next().await, Learned::News(push(1)));
    assert_eq!(session.next().await, Learned::Synced(at(1)));

    let asked = Instant::now();
    assert_eq!(
        client.ask(RequestId(7), accept(1)).await,
        Ok(Outcome::Done { sequence: 7 })
    );
    let answered = session.next_event().await;
    let outcome = Outcome::Done { sequence: 7 };
    assert_eq!(
        answered.what,
        Learned::Answered {
            id: RequestId(7),
            outcome
        }
    );
    assert!(answered.received >= asked && answered.received <= Instant::now());

    server.happens(push(2));
    assert_eq!(session.next().await, Learned::News(push(2)));
    client.close();
    assert_eq!(session.ended().await, Ended::Closed);
    server.hears(&ClientMessage::Goodbye).await;
    assert_eq!(
        client.ask(RequestId(8), accept(1)).await,
        Err(AskError::Ended)
    );
}

#[tokio::test]
async fn a_dropped_connection_is_resumed_and_what_was_not_answered_is_asked_again() {
    let server = Server::start();
    server.happens(push(1));
    let (client, mut session) = connect(&server, officer(&server));
    session.until_synced().await;
    server.answers(false);
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.ask(RequestId(9), accept(1)).await }
    });
    let request = ClientMessage::Request {
        id: RequestId(9),
        ask: accept(1),
    };
    server.hears(&request).await;

    client.drop_connection();
    assert!(matches!(
        session.next().await,
        Learned::Down { because: None, .. }
    ));
    server.happens_unheard(push(2));
    server.answers(true);
    let Learned::Up(welcome) = session.next().await else {
        panic!("it connects again")
    };
    assert!(welcome.resumed);
    assert_eq!(
        session.next().await,
        Learned::News(push(2)),
        "neither repeated nor lost"
    );
    assert_eq!(
        asking.await.expect("it ran"),
        Ok(Outcome::Done { sequence: 9 })
    );
    assert_eq!(server.resumed_from(), [None, Some(at(1))]);
    let same = server
        .heard()
        .into_iter()
        .filter(|message| *message == request)
        .count();
    assert_eq!(same, 2, "the same id, the same content");
}

#[tokio::test]
async fn a_request_made_while_offline_is_sent_when_the_session_stands() {
    let server = Server::start();
    let (client, mut session) = connect(&server, officer(&server));
    // The driver has not connected yet: its task has not run.
    client
        .post(RequestId(1), accept(1))
        .expect("the driver is there");
    client
        .post(RequestId(1), accept(2))
        .expect("the driver is there");
    let answered = loop {
        if let Learned::Answered { id, .. } = session.next().await {
            break id;
        }
    };
    assert_eq!(answered, RequestId(1));
    server
        .hears(&ClientMessage::Request {
            id: RequestId(1),
            ask: accept(1),
        })
        .await;
}

#[tokio::test]
async fn another_certificate_is_refused() {
    let server = Server::start();
    let other = Server::start();
    let endpoint = bind(&other.trust());
    let (sink, _events) = events();
    let (_client, driver) = endpoint.connect(server.address(), "localhost", officer(&server), sink);
    let ended = within(driver.run()).await;
    assert!(
        matches!(
            ended,
            Ended::NotConnected(ConnectError::CertificateRefused { .. })
        ),
        "{ended}"
    );
    assert_eq!(server.heard(), []);
}

#[tokio::test]
async fn an_authority_vouches_for_a_name() {
    let server = Server::start();
    let endpoint = bind(&server.trust_as_root());
    for (name, trusted) in [("localhost", true), ("elsewhere.example", false)] {
        let (sink, events) = events();
        let (client, driver) = endpoint.connect(server.address(), name, officer(&server), sink);
        let mut session = Session::new(driver, events);
        if trusted {
            session.until_synced().await;
            client.close();
            assert_eq!(session.ended().await, Ended::Closed);
        } else {
            let ended = session.ended().await;
            assert!(
                matches!(
                    ended,
                    Ended::NotConnected(ConnectError::CertificateRefused { .. })
                ),
                "{ended}"
            );
        }
    }
}

#[tokio::test]
async fn it_stops_when_the_server_does_not_accept_the_token() {
    let server = Server::start();
    let stranger = Server::start();
    let (_client, session) = connect(&server, officer(&stranger));
    assert_eq!(
        session.ended().await,
        Ended::Refused(GoAway::Unauthenticated)
    );
}

#[tokio::test]
async fn the_closing_code_says_what_a_lost_message_said() {
    let server = Server::start();
    server.closes_without_a_word(GoAway::VersionNotSpoken);
    let (_client, mut session) = connect(&server, officer(&server));
    assert!(matches!(
        session.next().await,
        Learned::Down {
            because: Some(GoAway::VersionNotSpoken),
            ..
        }
    ));
    assert_eq!(
        session.ended().await,
        Ended::Refused(GoAway::VersionNotSpoken)
    );
}

#[tokio::test]
async fn it_comes_back_after_a_go_away_that_passes() {
    let server = Server::start();
    let (client, mut session) = connect(&server, officer(&server));
    session.until_synced().await;
    server.sends_everybody_away(GoAway::TooSlow);
    assert!(matches!(
        session.next().await,
        Learned::Down {
            because: Some(GoAway::TooSlow),
            ..
        }
    ));
    session.until_synced().await;
    client.close();
    assert_eq!(session.ended().await, Ended::Closed);
}

#[tokio::test]
async fn nothing_answers_where_nothing_listens() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("it is bound");
    let server = Server::start();
    let endpoint = bind(&server.trust());
    let connect_timeout = Duration::from_millis(200);
    let token = server.token(Role::Officer, 900);
    let options = Options {
        connect_timeout,
        ..Options::once(move || token.clone())
    };
    let (client, driver) = endpoint.connect(address, "localhost", options, |_| {});
    let asking = client.ask(RequestId(1), accept(1));
    let (ended, asked) = within(async { tokio::join!(driver.run(), asking) }).await;
    assert_eq!(
        ended,
        Ended::NotConnected(ConnectError::NothingAnswers { address })
    );
    assert_eq!(
        ended.to_string(),
        format!("nothing answers at {address}: is `muster serve` running?")
    );
    assert_eq!(asked, Err(AskError::Ended));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let server = Server::start();
    // The server ends the session two seconds after a token was issued, to the microsecond.
    let options = Options::new(server.token_source(Role::Officer, 2));
    let (_client, mut session) = connect(&server, options);
    session.until_synced().await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    server.happens(push(1));
    assert_eq!(
        session.next().await,
        Learned::News(push(1)),
        "never down in between"
    );
    let renewals = server
        .heard()
        .into_iter()
        .filter(|heard| matches!(heard, ClientMessage::Renew { .. }));
    assert!(renewals.count() >= 1);
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_told_from_one_that_does() {
    let server = Server::start();
    let (client, mut session) = connect(&server, officer(&server));
    session.until_synced().await;
    let cancel = |bytes| Ask::Cancel {
        vacancy: VacancyKey(1),
        reason: "x".repeat(bytes),
    };
    let error = client
        .ask(RequestId(1), cancel(20_000))
        .await
        .expect_err("above 16 KiB");
    assert!(matches!(error, AskError::TooLarge { .. }), "{error}");
    client
        .post(RequestId(2), cancel(20_000))
        .expect("the driver is there");
    let Learned::Answered {
        id,
        outcome: Outcome::Refused(_),
    } = session.next().await
    else {
        panic!("the sink hears of it");
    };
    assert_eq!(id, RequestId(2));
    client.drop_connection();
    loop {
        match session.next().await {
            Learned::Synced(_) => break,
            Learned::Answered { id, .. } => panic!("{id} was given up and is not tried again"),
            _ => {}
        }
    }

    // A coordinator has room for an import, through windows that are much smaller.
    let options = Options::new(server.token_source(Role::Operator, 900));
    let (operator, mut session) = connect(&server, options);
    session.until_synced().await;
    let answer = operator.ask(RequestId(3), cancel(2_000_000));
    assert_eq!(within(answer).await, Ok(Outcome::Done { sequence: 3 }));
}

#[tokio::test]
async fn a_deadline_leaves_the_request_under_way() {
    let server = Server::start();
    let (client, mut session) = connect(&server, officer(&server));
    session.until_synced().await;
    server.answers(false);
    let deadline = Duration::from_millis(100);
    let answer = client.ask_in(deadline, RequestId(5), accept(1)).await;
    assert_eq!(answer, Err(AskError::Deadline { waited_ms: 100 }));
    server.answers(true);
    client.drop_connection();
    loop {
        if let Learned::Answered { id, .. } = session.next().await {
            assert_eq!(id, RequestId(5));
            break;
        }
    }
}

#[tokio::test]
async fn many_sessions_share_one_socket() {
    const SESSIONS: usize = 100;
    let server = Server::start();
    let endpoint = bind(&server.trust());
    let (told, mut learned) = tokio::sync::mpsc::unbounded_channel();
    for seed in 0..SESSIONS {
        let told = told.clone();
        let sink = move |event: Event| {
            let _the_test_is_over = told.send((seed, event.what));
        };
        let options = Options {
            seed: seed as u64,
            ..officer(&server)
        };
        let (_client, driver) = endpoint.connect(server.address(), "localhost", options, sink);
        tokio::spawn(driver.run());
    }
    let mut everybody = async |wanted: Learned| {
        let mut sessions = std::collections::BTreeSet::new();
        while sessions.len() < SESSIONS {
            let (session, what) = within(learned.recv()).await.expect("drivers run");
            if what == wanted {
                assert!(sessions.insert(session), "session {session} heard it twice");
            }
        }
    };
    everybody(Learned::Synced(Cursor::default())).await;
    server.happens(push(1));
    everybody(Learned::News(push(1))).await;
}

#[tokio::test]
async fn a_driver_is_small() {
    let server = Server::start();
    let endpoint = bind(&server.trust());
    let (_client, driver) =
        endpoint.connect(server.address(), "localhost", officer(&server), |_| {});
    let bytes = std::mem::size_of_val(&driver.run());
    assert!(
        bytes <= 6 * 1024,
        "ten thousand of them share a machine: {bytes} bytes"
    );
}

/// A running session and what it learns.
struct Session {
    driver: JoinHandle<Ended>,
    events: Events,
}

impl Session {
    fn new<S: FnMut(Event) + Send + 'static>(driver: Driver<S>, events: Events) -> Session {
        Session {
            driver: tokio::spawn(driver.run()),
            events,
        }
    }

    async fn next_event(&mut self) -> Event {
        within(self.events.next()).await.expect("the driver runs")
    }

    async fn next(&mut self) -> Learned {
        self.next_event().await.what
    }

    async fn until_synced(&mut self) {
        while !matches!(self.next().await, Learned::Synced(_)) {}
    }

    async fn ended(self) -> Ended {
        within(self.driver)
            .await
            .expect("the driver does not panic")
    }
}

fn connect(server: &Server, options: Options) -> (client::Client, Session) {
    let (sink, events) = events();
    let (client, driver) =
        bind(&server.trust()).connect(server.address(), "localhost", options, sink);
    (client, Session::new(driver, events))
}

fn bind(trust: &Trust) -> Endpoint {
    Endpoint::bind(([127, 0, 0, 1], 0).into(), trust).expect("a free port")
}

fn officer(server: &Server) -> Options {
    Options::new(server.token_source(Role::Officer, 900))
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it does not take that long")
}

fn at(sequence: u64) -> Cursor {
    Cursor { sequence, step: 0 }
}

fn push(sequence: u64) -> Push {
    let vacancy = VacancyKey(u128::from(sequence));
    let news = News::Withdrawn {
        vacancy,
        because: Withdrawal::Filled,
    };
    Push {
        cursor: at(sequence),
        news,
    }
}

fn accept(vacancy: u128) -> Ask {
    Ask::Accept {
        vacancy: VacancyKey(vacancy),
        round: 0,
    }
}
