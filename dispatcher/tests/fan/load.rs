//! A server that is behind with its pushes: what it refuses, and what it goes on with.

use std::time::{Duration, Instant};

use dispatcher::limits::{ANSWERS_BEHIND_MAX, BUSY_RETRY_MAX, PUSHES_BEHIND_MAX, SHARD_PUSHES_MAX};
use protocol::{Ask, Outcome, RefusalCode, ServerMessage, VacancyKey};

use crate::PATIENCE;
use crate::house::{House, badge};
use crate::phone::Phone;

const VACANCIES: u64 = 2_000;
/// Each is offered to the officers, and the desk hears that it was published and offered.
const PUSHES: u64 = 3 * VACANCIES;

#[tokio::test]
async fn a_server_that_is_behind_takes_no_new_work_and_answers_accepts() {
    let house = House::open_here(2).await;
    let mut desk = Phone::call_desk(&house).await;
    let mut racer = Phone::call(&house, &badge(0)).await;
    let mut reader = Phone::call(&house, &badge(1)).await;
    house.publish_all(1..=VACANCIES);
    let last = u128::from(VACANCIES);
    let read = tokio::spawn(async move { while reader.offered().await.1 != last {} });
    let (_, first) = racer.offered().await;
    // What is pushed from now on has waited for too long, and there is a lot of it.
    tokio::time::pause();
    tokio::time::advance(2 * PUSHES_BEHIND_MAX).await;
    tokio::time::resume();
    let vacancy = VacancyKey(first);
    racer.ask(7, Ask::Accept { vacancy, round: 1 }).await;
    let answered = answer(&mut racer).await;
    assert!(matches!(answered, Outcome::Won(_)), "{answered:?}");
    let nothing = || Ask::PublishAll {
        vacancies: Vec::new(),
    };
    desk.ask(8, nothing()).await;
    let Outcome::Busy { retry_after_ms } = answer(&mut desk).await else {
        panic!("new work is taken in");
    };
    let most = BUSY_RETRY_MAX.as_millis();
    assert!(
        (1..=most).contains(&retry_after_ms.into()),
        "{retry_after_ms}"
    );
    let told = house.stats().fanouts().count();
    assert!(told < PUSHES, "both were answered behind {told} pushes");

    read.await.expect("it heard of everything");
    let began = Instant::now();
    let refused = loop {
        desk.ask(8, nothing()).await;
        match answer(&mut desk).await {
            Outcome::Refused(refused) => break refused,
            Outcome::Busy { .. } if began.elapsed() < PATIENCE => {}
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(refused.code, RefusalCode::Invalid, "it was looked at");

    // What took the hub long, and was the last in line, keeps nobody away later.
    for id in [9, 10] {
        desk.ask(id, Ask::Board).await;
        let answered = answer(&mut desk).await;
        assert!(!matches!(answered, Outcome::Busy { .. }), "{answered:?}");
        tokio::time::sleep(ANSWERS_BEHIND_MAX + Duration::from_millis(100)).await;
    }
    house.stop().await;
}

#[tokio::test]
async fn who_comes_while_pushes_wait_is_welcomed_ahead_of_them() {
    // With what a board hears, more than the shard is given at once: the hub waits for it.
    const VACANCIES: u64 = 4_000;
    const GIVEN: u64 = SHARD_PUSHES_MAX as u64 / 3;
    let house = House::open_here(2).await;
    let mut reader = Phone::call(&house, &badge(0)).await;
    house.publish_all(1..=VACANCIES);
    let (_, first) = reader.offered().await;
    assert_eq!(first, 1);
    let last = u128::from(VACANCIES);
    let read = tokio::spawn(async move { while reader.offered().await.1 != last {} });

    let mut late = Phone::call(&house, &badge(1)).await;
    let told = house.stats().fanouts().count();
    assert!(told < VACANCIES - GIVEN, "welcomed behind {told} pushes");
    assert!(late.stood.iter().copied().eq(1..=last), "each is told once");
    // Those that are still on their way come no second time.
    house.publish(VACANCIES + 1, "");
    assert_eq!(late.offered().await.1, last + 1);
    read.await.expect("it heard of everything");
    house.stop().await;
}

async fn answer(phone: &mut Phone) -> Outcome {
    loop {
        if let ServerMessage::Answer { outcome, .. } = phone.next().await {
            return outcome;
        }
    }
}
