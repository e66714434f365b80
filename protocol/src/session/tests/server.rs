//! What the server lets pass.

use std::sync::Arc;

use super::super::pair::{Pair, START_US};
use super::super::*;
use super::*;
use crate::token::{LIFETIME_MAX_S, VerifyingKeys};
use crate::{ClientMessage, Hello, Outcome, RefusalCode, RequestId, Role, ServerMessage, VERSION};

#[test]
fn a_role_hears_that_it_may_not_and_the_engine_hears_nothing() {
    let mut pair = Pair::connected();
    pair.request(1, Ask::Board);
    pair.request(2, why("TUC-9999"));
    pair.request(3, why("TUC-0412"));
    assert_eq!(pair.shell.requests, [(RequestId(3), why("TUC-0412"))]);
    let refusals = pair.events.iter().filter(|event| match event {
        Event::Answered {
            outcome: Outcome::Refused(refused),
            ..
        } => refused.code == RefusalCode::NotAllowed,
        _ => false,
    });
    assert_eq!(refusals.count(), 2);
}

#[test]
fn requests_beyond_the_cap_are_busy_until_some_are_answered() {
    for (role, cap) in [
        (Role::Officer, OFFICER_IN_FLIGHT_MAX),
        (Role::Operator, COORDINATOR_IN_FLIGHT_MAX),
    ] {
        let mut pair = Pair::new();
        pair.connect_with(pair.token(role, "TUC-0412"));
        pair.shell.answering = false;
        let say = |pair: &mut Pair, id: usize| {
            let id = RequestId(id as u128);
            pair.say(ClientMessage::Request {
                id,
                ask: why("TUC-0412"),
            });
        };
        for id in 0..cap {
            say(&mut pair, id);
        }
        pair.client
            .request(RequestId(u128::MAX), why("TUC-0412"))
            .expect("there is room");
        pair.run();
        assert_eq!(pair.shell.requests.len(), cap);
        assert_eq!(
            pair.events.last(),
            Some(&Event::Answered {
                id: RequestId(u128::MAX),
                outcome: Outcome::Busy {
                    retry_after_ms: BUSY_RETRY_AFTER_MS
                },
            }),
        );
        pair.server.answered(RequestId(5));
        say(&mut pair, cap);
        assert_eq!(pair.shell.requests.len(), cap + 1);
        say(&mut pair, cap + 1);
        assert_eq!(pair.shell.requests.len(), cap + 1);
    }
}

#[test]
fn a_client_that_says_nothing_is_not_waited_for() {
    let keys = Arc::new(VerifyingKeys::default());
    let mut server = ServerSession::new(keys, START_US);
    let deadline_us = START_US + i64::from(HELLO_DEADLINE_MS) * 1_000;
    assert_eq!(server.poll_timeout(), Some(deadline_us));
    server.handle_timeout(deadline_us - 1);
    assert_eq!(server.poll(), None);
    server.handle_timeout(deadline_us);
    assert!(matches!(
        server.poll(),
        Some(Action::Send(ServerMessage::GoAway {
            because: GoAway::TooSlow,
            ..
        })),
    ));
    assert_eq!(
        server.poll(),
        Some(Action::Close {
            because: Some(GoAway::TooSlow)
        })
    );
    assert_eq!((server.poll(), server.poll_timeout()), (None, None));
    server.handle_message(ClientMessage::Goodbye, deadline_us);
    assert_eq!(server.poll(), None, "a closed session does nothing more");
}

#[test]
fn a_session_ends_with_its_token_unless_it_is_renewed() {
    let lifetime_s = LIFETIME_MAX_S as i64;
    let mut pair = Pair::connected();
    let ahead_s = i64::from(RENEW_AHEAD_MS) / 1_000;
    assert_eq!(pair.pass(lifetime_s - ahead_s - 1), None);
    assert_eq!(pair.pass(1), Some(Due::Renewal));
    let token = pair.token(Role::Officer, "TUC-0412");
    pair.client.renew(token, pair.client_now_us());
    pair.run();
    assert_eq!(
        pair.pass(lifetime_s - ahead_s - 1),
        None,
        "the old token has expired by now"
    );
    assert_eq!(pair.shell.closed, None);
    assert_eq!(pair.pass(1), Some(Due::Renewal));
    assert_eq!(pair.pass(ahead_s), Some(Due::Renewal), "nobody renewed");
    assert_eq!(pair.shell.closed, Some(Some(GoAway::TokenExpired)));
    assert_eq!(downs(&pair.events), [Some(GoAway::TokenExpired)]);
}

#[test]
fn a_request_under_an_expired_token_is_not_passed_on() {
    let mut pair = Pair::connected();
    pair.now_us += LIFETIME_MAX_S as i64 * 1_000_000;
    pair.request(1, accept(1));
    assert_eq!(pair.shell.requests, []);
    assert_eq!(pair.shell.closed, Some(Some(GoAway::TokenExpired)));
}

#[test]
fn whoever_asks_too_often_is_told_when_to_ask_again() {
    let mut pair = Pair::connected();
    let burst = OFFICER_REQUESTS.burst;
    for id in 0..u128::from(burst) + 10 {
        pair.request(id, accept(1));
    }
    assert_eq!(pair.shell.requests.len(), burst as usize);
    let wait_ms = 60_000 / OFFICER_REQUESTS.per_minute;
    let busy = |event: &&Event| match event {
        Event::Answered { outcome, .. } => {
            *outcome
                == Outcome::Busy {
                    retry_after_ms: wait_ms,
                }
        }
        _ => false,
    };
    assert_eq!(pair.events.iter().filter(busy).count(), 10);
    pair.now_us += i64::from(wait_ms) * 1_000;
    pair.request(1_000, accept(1));
    assert_eq!(pair.shell.requests.len(), burst as usize + 1);
    assert_eq!(pair.shell.closed, None, "nobody is sent away for it");
}

#[test]
fn a_renewal_does_not_make_somebody_else_of_anybody() {
    for (role, subject) in [
        (Role::Officer, "TUC-0413"),
        (Role::Coordinator, "TUC-0412"),
        (Role::Operator, "TUC-0412"),
    ] {
        let mut pair = Pair::connected();
        let token = pair.token(role, subject);
        pair.say(ClientMessage::Renew { token });
        assert_eq!(
            pair.shell.closed,
            Some(Some(GoAway::Unauthenticated)),
            "{role:?} {subject}"
        );
    }
    let mut pair = Pair::connected();
    let other_agency = pair
        .key
        .issue(Role::Officer, "TUC-0412", Some("mesa"), pair.now_us, 900)
        .expect("good claims");
    pair.say(ClientMessage::Renew {
        token: other_agency,
    });
    assert_eq!(pair.shell.closed, Some(Some(GoAway::Unauthenticated)));
}

#[test]
fn a_session_shows_so_many_fresh_tokens_and_no_more() {
    let mut pair = Pair::connected();
    let renew = |pair: &mut Pair| {
        let token = pair.token(Role::Officer, "TUC-0412");
        pair.say(ClientMessage::Renew { token });
    };
    // As often as a client of ours would, for an hour, and everything at once after that.
    for _ in 0..3_600 {
        pair.now_us += i64::from(RENEW_INTERVAL_MIN_MS) * 1_000;
        renew(&mut pair);
    }
    pair.now_us += 60_000_000;
    for _ in 0..RENEWALS.burst {
        renew(&mut pair);
    }
    assert_eq!(pair.shell.closed, None);
    // One more is not even looked at: a forged one would be refused for what it is.
    let token = "forged".to_owned();
    pair.say(ClientMessage::Renew { token });
    assert_eq!(pair.shell.closed, Some(Some(GoAway::ProtocolError)));
}

#[test]
fn nothing_is_done_for_a_subject_nobody_knows() {
    let pair = Pair::new();
    let mut server = pair.server;
    let token = pair
        .key
        .issue(Role::Officer, "TUC-0000", Some("tucson"), START_US, 900);
    let token = token.expect("good claims");
    let hello = Hello {
        version: VERSION,
        token,
        resume: None,
        software: "x".to_owned(),
    };
    server.handle_message(ClientMessage::Hello(hello), START_US);
    let request = ClientMessage::Request {
        id: RequestId(1),
        ask: accept(1),
    };
    server.handle_message(request, START_US);
    let Some(Action::Opened { claims, .. }) = server.poll() else {
        panic!("the token is good")
    };
    assert_eq!(claims.subject, "TUC-0000");
    server.close(GoAway::Unauthenticated);
    let rest: Vec<_> = std::iter::from_fn(|| server.poll()).collect();
    assert!(
        matches!(
            rest.as_slice(),
            [
                Action::Send(ServerMessage::GoAway {
                    because: GoAway::Unauthenticated,
                    ..
                }),
                Action::Close {
                    because: Some(GoAway::Unauthenticated)
                },
            ]
        ),
        "{rest:?}"
    );
}

#[test]
fn a_bad_token_or_version_opens_nothing() {
    let forger = Pair::new();
    let mut pair = Pair::new();
    pair.connect_with(forger.token(Role::Officer, "TUC-0412"));
    assert_eq!(pair.shell.closed, Some(Some(GoAway::Unauthenticated)));

    let mut pair = Pair::new();
    let token = pair.token(Role::Officer, "TUC-0412");
    pair.now_us += LIFETIME_MAX_S as i64 * 1_000_000;
    pair.connect_with(token.clone());
    assert_eq!(pair.shell.closed, Some(Some(GoAway::TokenExpired)));

    let mut pair = Pair::new();
    let version = VERSION + 1;
    pair.say(ClientMessage::Hello(Hello {
        version,
        token,
        resume: None,
        software: "x".into(),
    }));
    assert_eq!(pair.shell.closed, Some(Some(GoAway::VersionNotSpoken)));
    assert_eq!(pair.shell.opened, 0);
}

#[test]
fn rules_of_the_conversation_are_kept_by_the_server() {
    let hello = |pair: &Pair| {
        ClientMessage::Hello(Hello {
            version: VERSION,
            token: pair.token(Role::Officer, "TUC-0412"),
            resume: None,
            software: "x".to_owned(),
        })
    };
    let mut pair = Pair::connected();
    let again = hello(&pair);
    pair.say(again);
    assert_eq!(
        pair.shell.closed,
        Some(Some(GoAway::ProtocolError)),
        "hello is said once"
    );

    let token = Pair::new().token(Role::Officer, "TUC-0412");
    for early in [
        ClientMessage::Renew { token },
        ClientMessage::Request {
            id: RequestId(1),
            ask: Ask::Board,
        },
    ] {
        let mut pair = Pair::new();
        pair.say(early);
        assert_eq!(
            pair.shell.closed,
            Some(Some(GoAway::ProtocolError)),
            "hello comes first"
        );
    }

    let mut pair = Pair::connected();
    pair.server.handle_undecodable();
    pair.run();
    assert_eq!(pair.shell.closed, Some(Some(GoAway::ProtocolError)));
}

#[test]
fn both_sides_can_end_it() {
    let mut pair = Pair::connected();
    pair.client.goodbye();
    pair.run();
    assert_eq!(pair.shell.closed, Some(None));
    assert_eq!(downs(&pair.events), [None]);

    let mut pair = Pair::connected();
    pair.server.close(GoAway::Stopping);
    pair.server.close(GoAway::TooSlow);
    pair.run();
    assert_eq!(
        pair.shell.closed,
        Some(Some(GoAway::Stopping)),
        "the first reason holds"
    );
    assert_eq!(downs(&pair.events), [Some(GoAway::Stopping)]);
    pair.connect();
    assert_eq!(pair.shell.opened, 2);
}

#[test]
fn frames_of_the_role_are_taken_once_it_is_known() {
    use crate::frame::{OFFICER_FRAME_MAX_BYTES, OPERATOR_FRAME_MAX_BYTES};
    let mut pair = Pair::new();
    assert_eq!(pair.server.frame_max_bytes(), OFFICER_FRAME_MAX_BYTES);
    pair.connect();
    assert_eq!(pair.server.frame_max_bytes(), OFFICER_FRAME_MAX_BYTES);
    pair.connect_with(pair.token(Role::Operator, "ops"));
    assert_eq!(pair.server.frame_max_bytes(), OPERATOR_FRAME_MAX_BYTES);
}
