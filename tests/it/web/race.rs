//! One port, two kinds of peer, one race.

use protocol::session::Event;
use protocol::{
    Ask, ClientMessage, Cursor, GoAway, News, Outcome, RefusalCode, Role, ServerMessage,
    VacancyKey, WEB_PATH, Withdrawal,
};
use web_transport_quinn::http::{HeaderValue, header::ORIGIN as ORIGIN_NAME};
use web_transport_quinn::proto::{
    ConnectError as Answered, ConnectRequest, ConnectResponse, Settings,
};
use web_transport_quinn::{ClientError, ConnectError, SessionError, WebTransportError};

use super::peer::{self, Page};
use super::{BADGES, ORIGIN, Town};
use crate::amend::{House, PATIENCE, told, until};

const KEY: VacancyKey = VacancyKey(7);

async fn page(town: &Town) -> Page {
    let (address, hash) = (town.server.address(), town.shown().hash);
    let page = Page::connect(address, hash, WEB_PATH, Some(ORIGIN)).await;
    page.expect("a session")
}

/// A page that has caught up, whether it was resumed, and where it stands.
async fn synced(town: &Town, badge: &str, resume: Option<Cursor>) -> (Page, bool, Cursor) {
    let mut page = page(town).await;
    page.hello(town.token(badge), resume).await;
    let resumed = page.until(|message| match message {
        ServerMessage::Welcome(welcome) => Some(welcome.resumed),
        _ => None,
    });
    let resumed = resumed.await;
    let cursor = page.until(|message| match message {
        ServerMessage::Synced { cursor } => Some(cursor),
        _ => None,
    });
    let cursor = cursor.await;
    (page, resumed, cursor)
}

fn offered(news: News) -> Option<u32> {
    match news {
        News::Offered(offer) if offer.vacancy == KEY => Some(offer.round),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_and_a_native_officer_race_on_one_port() {
    let town = Town::new(ORIGIN).await;
    let (mut page, resumed, before) = synced(&town, BADGES[0], None).await;
    assert!(!resumed, "it was never here");
    let (mut watcher, ..) = synced(&town, BADGES[2], None).await;
    let house = House::of(&town.server, &town.config);
    let (native, mut to_native) = house.join(Role::Officer, BADGES[1], Some("mesa"));
    until(&mut to_native, |event| {
        matches!(event, Event::Synced(_)).then_some(())
    })
    .await;

    town.publish(KEY.0, 2).await;
    let round = page.news(offered).await;
    assert_eq!(watcher.news(offered).await, round);
    assert_eq!(told(&mut to_native, offered).await, round);
    let accept = Ask::Accept {
        vacancy: KEY,
        round,
    };
    let won = page.ask(2, accept.clone()).await;
    let Outcome::Won(receipt) = &won else {
        panic!("nobody else has asked: {won:?}")
    };
    assert_eq!(receipt.place, 1);
    let lost = native.ask_in(PATIENCE, protocol::RequestId(3), accept.clone());
    let Ok(Outcome::Lost(refused)) = lost.await else {
        panic!("the slot is taken")
    };
    assert_eq!(
        (refused.code, refused.place),
        (RefusalCode::Filled, Some(2))
    );
    let withdrawn = watcher.news(|news| match news {
        News::Withdrawn { because, .. } => Some(because),
        _ => None,
    });
    assert_eq!(withdrawn.await, Withdrawal::Filled);

    // A page that lost its connection is told what it missed, and hears the same answer again.
    page.leave().await;
    let (mut page, resumed, after) = synced(&town, BADGES[0], Some(before)).await;
    assert!(resumed && after > before, "{before:?} {after:?}");
    assert_eq!(page.ask(2, accept).await, won);
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_from_elsewhere_and_a_path_of_something_else_are_refused() {
    let town = Town::new(ORIGIN).await;
    let hash = town.shown().hash;
    for (path, origin, expected) in [
        (WEB_PATH, Some("https://evil.example"), 403),
        (WEB_PATH, None, 403),
        ("/", Some(ORIGIN), 404),
    ] {
        let page = Page::connect(town.server.address(), hash, path, origin).await;
        let Err(ClientError::HttpError(ConnectError::ProtoError(Answered::WrongStatus(status)))) =
            page.map(|_| ())
        else {
            panic!("{path} of {origin:?} is not answered by a status")
        };
        assert_eq!(status.map(|status| status.as_u16()), Some(expected));
    }
    // The same server lets its own page in.
    page(&town).await.leave().await;
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_first_stream_is_not_its_own_is_cut_off() {
    let town = Town::new(ORIGIN).await;
    let endpoint = peer::h3_endpoint(&town.shown().pem);
    let connecting = endpoint.connect(town.server.address(), "localhost");
    let connection = connecting
        .expect("a handshake")
        .await
        .expect("a connection");
    let mut control = connection.open_uni().await.expect("a stream");
    let mut settings = Settings::default();
    settings.enable_webtransport(1);
    settings.write(&mut control).await.expect("settings");
    let url = format!("https://{}{WEB_PATH}", town.server.address());
    let request = ConnectRequest::new(url.parse::<url::Url>().expect("a URL"))
        .with_header(ORIGIN_NAME, HeaderValue::from_static(ORIGIN));
    let (mut asks, mut hears) = connection.open_bi().await.expect("a stream");
    request.write(&mut asks).await.expect("a request");
    ConnectResponse::read(&mut hears)
        .await
        .expect("it is let in");

    // The kind of the stream is right, and the session is not the one that was opened.
    let (mut send, _receive) = connection.open_bi().await.expect("a stream");
    send.write_all(&[0x40, 0x41, 0x04])
        .await
        .expect("it is taken");
    let closed = tokio::time::timeout(PATIENCE, connection.closed()).await;
    assert!(
        matches!(closed, Ok(quinn::ConnectionError::ApplicationClosed(_))),
        "{closed:?}"
    );
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_hears_why_its_session_ends() {
    let town = Town::new(ORIGIN).await;
    let mut liar = page(&town).await;
    liar.hello("v4.public.made-up".to_owned(), None).await;
    let because = liar.until(|message| match message {
        ServerMessage::GoAway { because, .. } => Some(because),
        _ => None,
    });
    assert_eq!(because.await, GoAway::Unauthenticated);
    let code = protocol::session::close_code(Some(GoAway::Unauthenticated));
    let closed = liar.closed().await;
    let SessionError::WebTransportError(WebTransportError::Closed(said, _)) = closed else {
        panic!("the session is not closed as a browser expects: {closed:?}")
    };
    assert_eq!(said, code);

    // What is no JSON, and what is too long, ends the session and nothing else.
    for bytes in [&b"\x02\x00\x00\x00{]"[..], &u32::MAX.to_le_bytes()] {
        let mut mumbler = page(&town).await;
        mumbler.write(bytes).await;
        let because = mumbler.until(|message| match message {
            ServerMessage::GoAway { because, .. } => Some(because),
            _ => None,
        });
        assert_eq!(because.await, GoAway::ProtocolError);
    }
    let (mut page, ..) = synced(&town, BADGES[0], None).await;
    page.say(&ClientMessage::Goodbye).await;
    page.closed().await;
    town.server.stop().await;
}
