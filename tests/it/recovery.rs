//! The server is killed in the middle of a storm and started again: no acknowledged award is
//! lost, none is doubled, and everybody who asks again hears the same.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Client;
use muster::sample::SampleState;
use protocol::{Ask, Outcome, RequestId, Role};

use crate::house::{
    House, Ledger, PATIENCE, Server, ask, free_port, import, officers, publish, race, scratch,
};

/// Officers who race.
const OFFICERS: usize = 120;
/// Vacancies they race for, in two halves around the kill.
const VACANCIES: u128 = 160;

#[test]
fn a_killed_server_loses_no_award_that_was_acknowledged() {
    let folder = scratch();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(storm(&folder));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

async fn storm(folder: &Path) {
    let port = free_port();
    let mut server = Server::start(folder, port);
    let house = House::open(folder, port);
    let sample = SampleState::new(7, jiff::civil::date(2026, 11, 23));
    let operator = house.join(Role::Operator, "operator", None, |_| {});
    import(&operator, &sample).await;

    // Every officer takes whatever is offered, and keeps a ledger of what was answered.
    let ledger = Arc::new(Ledger::default());
    let racers: Vec<Client> = officers(&sample, OFFICERS)
        .map(|(badge, agency)| race(&house, badge, agency, &ledger))
        .collect();

    let publishing = async {
        for number in 0..VACANCIES {
            publish(&operator, &sample, number).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let killing = async {
        // In the middle: awards have been given, more are on their way.
        let started = Instant::now();
        while ledger.won().len() < 20 && started.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        server.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server = Server::start(folder, port);
        ledger.won().len()
    };
    let ((), won_before) = tokio::join!(publishing, killing);
    assert!(
        won_before >= 20,
        "only {won_before} awards before the kill: it hit too early"
    );

    let unanswered = settle(&ledger, won_before).await;
    assert_eq!(unanswered, 0, "everybody who asked was answered in the end");
    let Outcome::Board { rows } = ask(&operator, RequestId(2), Ask::Board).await else {
        panic!("an operator sees the board");
    };
    ledger.judge(&rows);
    let won = ledger.won().len();
    assert!(
        won > won_before,
        "the race went on after the restart: {won} awards"
    );
    println!("{won} acknowledged awards, {won_before} of them before the kill, none lost");
    for racer in racers {
        racer.close();
    }
    server.stop();
}

/// Waits until the race has gone on after the kill and nobody waits for an answer; says how many
/// still do. A session that has nothing to say notices the kill with its next keep-alive.
async fn settle(ledger: &Ledger, won_before: usize) -> usize {
    let started = Instant::now();
    let mut quiet = 0;
    while quiet < 10 && started.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let goes_on = ledger.won().len() > won_before + OFFICERS / 2;
        quiet = if goes_on && ledger.unanswered() == 0 {
            quiet + 1
        } else {
            0
        };
    }
    ledger.unanswered()
}
