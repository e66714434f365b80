//! The server is killed in the middle of a storm and started again: no acknowledged award is
//! lost, none is doubled, and everybody who asks again hears the same.

use std::time::Duration;

use crate::house::{Server, scratch};
use crate::storm::Storm;

/// Officers who race.
const OFFICERS: usize = 120;
/// Vacancies they race for, around the kill.
const VACANCIES: u128 = 160;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_no_award_that_was_acknowledged() {
    let folder = scratch();
    let mut storm = Storm::open(&folder, OFFICERS).await;
    let port = storm.port;
    let kill = async |server: &mut Server| {
        server.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        *server = Server::start(&folder, port);
    };
    let (before, ()) = storm.race(VACANCIES, kill).await;
    let won = storm.judge(before + OFFICERS / 2).await;
    println!("{won} acknowledged awards, {before} of them before the kill, none lost");
    storm.end();
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}
