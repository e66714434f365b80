//! What the client keeps across connections.

use super::super::pair::{Pair, START_US};
use super::super::*;
use super::*;
use crate::{Cursor, Outcome, RequestId, Role, ServerMessage};

#[test]
fn a_conversation_opens_and_says_the_whole_state() {
    let mut pair = Pair::new();
    pair.shell.history = vec![offered(4, 1), assigned(5, 2)];
    pair.shell.state = vec![assigned(5, 2), offered(4, 1)];
    pair.connect();
    let [
        Event::Up(welcome),
        Event::News(first),
        Event::News(second),
        Event::Synced(cursor),
    ] = pair.events.as_slice()
    else {
        panic!("{:?}", pair.events);
    };
    assert_eq!(
        (welcome.subject.as_str(), welcome.role),
        ("TUC-0412", Role::Officer)
    );
    assert_eq!(welcome.agency.as_deref(), Some("tucson"));
    assert!(!welcome.resumed);
    // A state sync is in whatever order the server finds it.
    assert_eq!((first.cursor, second.cursor), (at(5), at(4)));
    assert_eq!((*cursor, pair.client.cursor()), (at(5), Some(at(5))));
    assert_eq!(
        pair.server.claims().map(|claims| claims.subject.as_str()),
        Some("TUC-0412")
    );
}

#[test]
fn a_resumed_conversation_repeats_nothing_and_loses_nothing() {
    let mut pair = Pair::connected();
    for sequence in 1..=3 {
        pair.push(offered(sequence, u128::from(sequence)));
    }
    pair.cut();
    for sequence in 4..=6 {
        pair.shell
            .history
            .push(offered(sequence, u128::from(sequence)));
    }
    pair.connect();
    pair.push(offered(7, 7));
    assert_eq!(news(&pair.events), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(gone(&pair.events), []);
    assert_eq!(pair.client.counts(), Counts::default());
}

#[test]
fn pushes_said_twice_are_counted_and_dropped() {
    let mut pair = Pair::connected();
    pair.push(offered(1, 1));
    pair.push(offered(2, 2));
    pair.push(offered(2, 2));
    pair.push(offered(1, 1));
    assert_eq!(news(&pair.events), [1, 2]);
    assert_eq!(pair.client.counts().repeats, 2);
    let later_step = Push {
        cursor: Cursor {
            sequence: 2,
            step: 1,
        },
        ..offered(2, 3)
    };
    pair.push(later_step);
    assert_eq!(
        news(&pair.events),
        [1, 2, 2],
        "one record may cause several pushes"
    );
}

#[test]
fn a_whole_sync_tells_what_no_longer_stands() {
    let mut pair = Pair::connected();
    pair.push(offered(1, 1));
    pair.push(offered(2, 2));
    pair.push(offered(3, 3));
    pair.push(assigned(4, 3));
    pair.push(assigned(5, 4));
    pair.push(offered(6, 5));
    pair.push(withdrawn(7, 5));
    pair.cut();
    pair.events.clear();
    pair.shell.resumable = false;
    pair.shell.history.push(offered(9, 6));
    pair.shell.state = vec![offered(2, 2), assigned(4, 3), offered(9, 6)];
    pair.connect();
    assert_eq!(news(&pair.events), [2, 4, 9]);
    assert_eq!(
        gone(&pair.events),
        [(1, Standing::Offer), (4, Standing::Assignment)]
    );
    assert_eq!(pair.events.last(), Some(&Event::Synced(at(9))));

    // What the sync said is what stands from here on.
    pair.cut();
    pair.events.clear();
    pair.shell.state.clear();
    pair.connect();
    assert_eq!(
        gone(&pair.events),
        [
            (2, Standing::Offer),
            (6, Standing::Offer),
            (3, Standing::Assignment)
        ],
    );
}

#[test]
fn a_whole_sync_that_breaks_off_is_as_if_it_had_not_begun() {
    let mut client = ClientSession::new("test");
    let welcome = |resumed| {
        ServerMessage::Welcome(crate::Welcome {
            session: 1,
            subject: "TUC-0412".to_owned(),
            agency: Some("tucson".to_owned()),
            role: Role::Officer,
            resumed,
            server_time_us: START_US,
            token_expires_us: START_US + 900_000_000,
        })
    };
    let mut hear = |messages: Vec<ServerMessage>| {
        client.open("token".to_owned(), 0);
        for message in messages {
            client
                .handle_message(message, 0)
                .expect("the rules are kept");
        }
        let events: Vec<_> = std::iter::from_fn(|| client.poll_event()).collect();
        (client.cursor(), gone(&events))
    };
    let synced = |sequence| ServerMessage::Synced {
        cursor: at(sequence),
    };
    let offer = |sequence, vacancy| ServerMessage::Push(offered(sequence, vacancy));
    assert_eq!(
        hear(vec![welcome(false), offer(1, 1), offer(2, 2), synced(2)]),
        (Some(at(2)), vec![]),
    );
    assert_eq!(
        hear(vec![welcome(false), offer(9, 3)]),
        (Some(at(2)), vec![])
    );
    assert_eq!(
        hear(vec![welcome(false), offer(2, 2), synced(9)]),
        (
            Some(at(9)),
            vec![(1, Standing::Offer), (3, Standing::Offer)]
        ),
    );
}

#[test]
fn an_unanswered_request_is_repeated_in_order_under_its_id() {
    let mut pair = Pair::connected();
    pair.shell.answering = false;
    pair.request(10, accept(1));
    pair.request(11, accept(2));
    pair.cut();
    pair.request(12, accept(3));
    pair.shell.answering = true;
    pair.connect();
    let ids: Vec<u128> = pair.shell.requests.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [10, 11, 10, 11, 12]);
    assert_eq!(pair.shell.requests[0], pair.shell.requests[2]);
    let answered: Vec<u128> = pair
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Answered { id, .. } => Some(id.0),
            _ => None,
        })
        .collect();
    assert_eq!(answered, [10, 11, 12]);
    assert_eq!(pair.client.unanswered().len(), 0);
    pair.cut();
    pair.connect();
    assert_eq!(
        pair.shell.requests.len(),
        5,
        "what was answered is not asked again"
    );
}

#[test]
fn a_client_takes_no_more_requests_than_it_can_keep() {
    let mut pair = Pair::connected();
    pair.shell.answering = false;
    pair.request(0, accept(1));
    assert_eq!(
        pair.client.request(RequestId(0), accept(2)),
        Err(RequestError::AlreadyAsked),
        "the first answer would answer both",
    );
    pair.cut();
    for id in 1..UNANSWERED_MAX as u128 {
        pair.request(id, accept(id));
    }
    let one_more = RequestId(UNANSWERED_MAX as u128);
    assert_eq!(
        pair.client.request(one_more, accept(1)),
        Err(RequestError::TooManyUnanswered),
    );
    pair.client.forget(RequestId(0));
    assert_eq!(pair.client.request(one_more, accept(1)), Ok(()));
}

#[test]
fn answers_nobody_waits_for_are_counted() {
    let mut pair = Pair::connected();
    let stray = ServerMessage::Answer {
        id: RequestId(99),
        outcome: Outcome::Unavailable,
    };
    let now_us = pair.client_now_us();
    assert_eq!(pair.client.handle_message(stray, now_us), Ok(()));
    assert_eq!(pair.client.poll_event(), None);
    assert_eq!(pair.client.counts().strays, 1);
}

#[test]
fn a_server_that_does_not_welcome_is_not_waited_for() {
    let mut client = ClientSession::new("test");
    client.open("token".to_owned(), 5);
    let deadline_us = 5 + i64::from(WELCOME_DEADLINE_MS) * 1_000;
    assert_eq!(client.poll_timeout(), Some(deadline_us));
    assert_eq!(client.handle_timeout(deadline_us - 1), None);
    assert_eq!(client.handle_timeout(deadline_us), Some(Due::Reconnection));
    client.disconnected();
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn rules_of_the_conversation_are_kept_by_the_client() {
    let mut client = ClientSession::new("test");
    let synced = || ServerMessage::Synced { cursor: at(1) };
    let answer = ServerMessage::Answer {
        id: RequestId(1),
        outcome: Outcome::Unavailable,
    };
    assert_eq!(
        client.handle_message(synced(), 0),
        Ok(()),
        "a late word on a dead connection"
    );
    client.open("token".to_owned(), 0);
    for early in [synced(), ServerMessage::Push(offered(1, 1)), answer] {
        assert_eq!(client.handle_message(early, 0), Err(Violation::NotWelcomed));
    }
    let mut pair = Pair::connected();
    assert_eq!(
        pair.client.handle_message(synced(), 0),
        Err(Violation::NotSyncing)
    );
    let mut other = Pair::new();
    other.connect();
    let Some(Event::Up(welcome)) = other.events.first().cloned() else {
        panic!("{:?}", other.events);
    };
    assert_eq!(
        pair.client
            .handle_message(ServerMessage::Welcome(welcome), 0),
        Err(Violation::WelcomedTwice),
    );
}
