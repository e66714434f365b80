//! Tokens that are bound to a device.

use std::sync::Arc;

use client::Ended;
use dispatcher::Bound;
use muster::embedded::DataFolder;
use protocol::token::DeviceKey;
use protocol::{GoAway, Role};

use super::{MESA, OFFICER, Town, config, token};

fn is_turned_away(ended: &Ended) -> bool {
    matches!(ended, Ended::Refused(GoAway::Unauthenticated))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_token_is_worth_nothing_without_the_device() {
    let folder = DataFolder::open(None).expect("a folder");
    let town = Town::found(&config(&folder)).await;
    let phone = Arc::new(DeviceKey::generate());
    let bound = token(
        &town.signing,
        Role::Officer,
        OFFICER,
        MESA,
        Some(phone.public()),
    );
    town.visit(bound.clone(), Some(Arc::clone(&phone)))
        .synced()
        .await;
    let thief = Arc::new(DeviceKey::generate());
    for device in [None, Some(thief)] {
        let ended = town.visit(bound.clone(), device).ended().await;
        assert!(is_turned_away(&ended), "{ended:?}");
    }
    // A token that is bound to nothing is anybody's, as long as the server takes such.
    let unbound = token(&town.signing, Role::Officer, OFFICER, MESA, None);
    town.visit(unbound, Some(phone)).synced().await;
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_tokens_must_be_bound_no_other_is_taken() {
    let folder = DataFolder::open(None).expect("a folder");
    let mut config = config(&folder);
    config.tokens.bound = Bound::Native;
    let town = Town::found(&config).await;
    let ended = town.officer(OFFICER).ended().await;
    assert!(is_turned_away(&ended), "{ended:?}");
    let phone = Arc::new(DeviceKey::generate());
    let bound = token(
        &town.signing,
        Role::Officer,
        OFFICER,
        MESA,
        Some(phone.public()),
    );
    town.visit(bound, Some(phone)).synced().await;
    town.server.stop().await;
}
