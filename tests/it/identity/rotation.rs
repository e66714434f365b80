//! Another key signs tokens from now on: whose token is of the old one stays as long as the token
//! says, and longer with a token of the new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use client::{Ended, Options};
use muster::embedded::DataFolder;
use protocol::session::Event;
use protocol::token::SigningKey;
use protocol::{Ask, GoAway, Outcome, Read, RequestId, Role};

use super::{MESA, OFFICER, OTHER, Town, config};
use crate::amend::{PATIENCE, until};

/// What is left of tokens of the old key, in seconds.
const LEFT_S: u64 = 3;

/// How long a session may outlast its token.
const ENDED_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_old_key_ends_with_its_token_or_goes_on_with_one_of_the_new() {
    let folder = DataFolder::open(None).expect("a folder");
    let old = Arc::new(SigningKey::generate());
    let previous = folder.path().join("previous.key");
    std::fs::write(&previous, old.verifying_key().to_text()).expect("a file");
    let mut config = config(&folder);
    config.tokens.previous = Some(previous);
    let town = Town::found(&config).await;

    let came = Instant::now();
    let mut stays = town.visit(issue(&old, OTHER, LEFT_S), None);
    stays.synced().await;
    let (renews, downs) = renewing(&town, &old);
    let ends = |event| match event {
        Event::Down { because, .. } => Some(because),
        _ => None,
    };
    let because = until(&mut stays.events, ends).await;
    let stayed = came.elapsed();
    assert_eq!(because, Some(GoAway::TokenExpired));
    stays.client.close();
    let token = Duration::from_secs(LEFT_S);
    assert!(
        token <= stayed && stayed < token + ENDED_WITHIN,
        "{stayed:?}"
    );

    tokio::time::sleep(ENDED_WITHIN).await;
    let own = Ask::Read(Read::Shifts {
        badge: OFFICER.to_owned(),
        past: false,
        from: 0,
    });
    let read = renews.ask_in(PATIENCE, RequestId(1), own).await;
    assert!(matches!(read, Ok(Outcome::Reading(_))), "{read:?}");
    assert_eq!(downs.load(Ordering::Relaxed), 0, "one session all along");
    renews.close();
    town.server.stop().await;

    // The rotation is over: the old key is good for nothing, however long its tokens say.
    config.tokens.previous = None;
    let town = Town::open(&config);
    let ended = town.visit(issue(&old, OTHER, 600), None).ended().await;
    assert!(
        matches!(ended, Ended::Refused(GoAway::Unauthenticated)),
        "{ended:?}"
    );
    town.officer(OFFICER).synced().await;
    town.server.stop().await;
}

/// An officer who comes with a token of the old key and renews it with the new one, and how often
/// their session ended.
fn renewing(town: &Town, old: &Arc<SigningKey>) -> (client::Client, Arc<AtomicU32>) {
    let (old, new) = (Arc::clone(old), Arc::clone(&town.signing));
    let asked = AtomicU32::new(0);
    let options = Options::new(move || match asked.fetch_add(1, Ordering::Relaxed) {
        0 => issue(&old, OFFICER, LEFT_S),
        _ => issue(&new, OFFICER, 600),
    });
    let downs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&downs);
    let sink = move |event: client::Event| {
        if let Event::Down { .. } = event.what {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    };
    let address = town.server.address();
    let (client, driver) = town.endpoint.connect(address, "localhost", options, sink);
    tokio::spawn(driver.run());
    (client, downs)
}

fn issue(key: &SigningKey, badge: &str, lifetime_s: u64) -> String {
    let now_us = muster::clock::now_us();
    let token = key.issue(Role::Officer, badge, MESA, now_us, lifetime_s);
    token.expect("it can be signed")
}
