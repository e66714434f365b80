//! A lottery over real sessions: the server promises the seed, closes the bids, reveals the seed by
//! itself and tells both bidders; the command line draws again from the log.

use clap::Parser;
use client::Client;
use muster::cli::Cli;
use muster::embedded::DataFolder;
use muster::server::Server;
use protocol::session::Event;
use protocol::{
    Ask, AwardRule, Collect, Criterion, NewVacancy, News, Outcome, Publication, RefusalCode,
    RequestId, Role, Term, VacancyKey, What,
};

use crate::amend::{HOUR_US, House, PATIENCE, done, posted, roster, told, until};

/// How long bids are taken, in microseconds: longer on a machine that is too slow for two of them.
const BIDS_US: [i64; 3] = [2_000_000, 8_000_000, 24_000_000];

#[tokio::test(flavor = "multi_thread")]
async fn lots_are_drawn_when_bids_close_and_can_be_drawn_again_from_the_log() {
    let folder = DataFolder::open(None).expect("a folder");
    let config = folder.config(([127, 0, 0, 1], 0).into());
    let server = Server::start(&config).expect("a server");
    let house = House::of(&server, &config);
    let (operator, _) = house.join(Role::Operator, "operator", None);
    done(&operator, 1, Ask::Roster { changes: roster() }).await;
    let (desk, mut board) = house.join(Role::Coordinator, "desk", Some("mesa"));
    let (first, mut to_first) = house.join(Role::Officer, "MES-0001", Some("mesa"));
    let (second, mut to_second) = house.join(Role::Officer, "MES-0002", Some("mesa"));
    for heard in [&mut board, &mut to_first, &mut to_second] {
        until(heard, |event| {
            matches!(event, Event::Synced(_)).then_some(())
        })
        .await;
    }

    let (vacancy, first_bid) = collected(&desk, [&first, &second]).await;

    // The seed comes from the server, and nobody asked it to.
    let seed = told(&mut board, |news| match news {
        News::Happened(happening) if happening.vacancy == vacancy => match happening.what {
            What::Ranked { seed, .. } => Some(seed.expect("it was revealed")),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(seed.await.len(), 64);
    let what = |news| match news {
        News::Assigned(assignment) if assignment.receipt.vacancy == vacancy => {
            Some(Ok(assignment.receipt.place))
        }
        News::Missed(missed) if missed.vacancy == vacancy => {
            Some(Err((missed.place, missed.bids, missed.code)))
        }
        _ => None,
    };
    let heard = [
        told(&mut to_first, what).await,
        told(&mut to_second, what).await,
    ];
    assert!(heard.contains(&Ok(1)), "{heard:?}");
    assert!(
        heard.contains(&Err((2, 2, RefusalCode::Filled))),
        "{heard:?}"
    );
    // The same request hears what it heard; the winner's next one that it won.
    let again = accept(&first, vacancy, first_bid).await;
    assert!(matches!(again, Outcome::Bid { place: 1, .. }), "{again:?}");
    let winner = if heard[0].is_ok() { &first } else { &second };
    let won = accept(winner, vacancy, RequestId(5)).await;
    assert!(matches!(won, Outcome::Won(_)), "{won:?}");
    server.stop().await;

    let log = config.data_dir.join("log").display().to_string();
    let words = ["muster", "log", "lottery", &log, &vacancy.to_string()];
    let cli = Cli::try_parse_from(words).expect("it is a command");
    let mut said = Vec::new();
    muster::commands::run(cli, &mut said).expect("the draw is what the log says");
    let said = String::from_utf8(said).expect("text");
    assert!(said.contains("as it was promised"), "{said}");
    assert!(
        said.contains("the order on record is what the rule gives"),
        "{said}"
    );
}

/// A vacancy for which both have bid, and the request of the first bid. Where the machine was too
/// slow for that, another one takes bids for longer, on another day: whoever bid alone for the one
/// before may be given it.
async fn collected(desk: &Client, bidders: [&Client; 2]) -> (VacancyKey, RequestId) {
    for (bids_us, attempt) in BIDS_US.into_iter().zip(1..) {
        let day_us = 24 * HOUR_US;
        let now_us = muster::clock::now_us();
        let rule = AwardRule {
            collect: Collect::Until {
                at_us: now_us + bids_us,
            },
            ranked_by: vec![Criterion::Lottery {
                reveal_within_ms: 60_000,
            }],
        };
        let key = VacancyKey(attempt);
        let vacancy = NewVacancy {
            key,
            ..posted(now_us + (1 + attempt as i64) * day_us)
        };
        let publication = Publication {
            vacancy,
            terms: vec![Term::Award(Box::new(rule))],
        };
        let vacancies = vec![publication];
        done(desk, attempt, Ask::PublishAll { vacancies }).await;
        let request = RequestId(100 * attempt);
        let outcomes = [
            accept(bidders[0], key, request).await,
            accept(bidders[1], key, request).await,
        ];
        let place = |outcome: &Outcome| match outcome {
            Outcome::Bid { place, .. } => Some(*place),
            _ => None,
        };
        match outcomes.each_ref().map(place) {
            [Some(1), Some(2)] => return (key, request),
            [_, None] => {}
            places => panic!("places are counted from 1: {places:?}"),
        }
    }
    panic!("two accepts take longer than bids are taken, {BIDS_US:?} microseconds")
}

async fn accept(client: &Client, vacancy: VacancyKey, request: RequestId) -> Outcome {
    let ask = Ask::Accept { vacancy, round: 1 };
    let outcome = client.ask_in(PATIENCE, request, ask).await;
    outcome.expect("it is answered")
}
