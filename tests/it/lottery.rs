//! A lottery over real sessions: the server promises the seed, closes the bids, reveals the seed by
//! itself and tells both bidders; the command line draws again from the log.

use clap::Parser;
use muster::cli::Cli;
use muster::embedded::DataFolder;
use muster::server::Server;
use protocol::session::Event;
use protocol::{
    Ask, AwardRule, Collect, Criterion, News, Outcome, Publication, RefusalCode, Role, Term, What,
};

use crate::amend::{HOUR_US, House, VACANCY, accept, done, posted, roster, told, until};

/// How long bids are taken, in microseconds.
const BIDS_US: i64 = 6_000_000;

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

    let now_us = muster::clock::now_us();
    let lottery = Criterion::Lottery {
        reveal_within_ms: 60_000,
    };
    let rule = AwardRule {
        collect: Collect::Until {
            at_us: now_us + BIDS_US,
        },
        ranked_by: vec![lottery],
    };
    let publication = Publication {
        vacancy: posted(now_us + 48 * HOUR_US),
        terms: vec![Term::Award(Box::new(rule))],
    };
    let vacancies = vec![publication];
    done(&desk, 2, Ask::PublishAll { vacancies }).await;
    for (client, id, number) in [(&first, 3, 1), (&second, 4, 2)] {
        let outcome = accept(client, id, 1).await;
        assert!(
            matches!(outcome, Outcome::Bid { place, .. } if place == number),
            "{outcome:?}"
        );
    }

    // The seed comes from the server, and nobody asked it to.
    let seed = told(&mut board, |news| match news {
        News::Happened(happening) => match happening.what {
            What::Ranked { seed, .. } => Some(seed.expect("it was revealed")),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(seed.await.len(), 64);
    let what = |news| match news {
        News::Assigned(assignment) => Some(Ok(assignment.receipt.place)),
        News::Missed(missed) => Some(Err((missed.place, missed.bids, missed.code))),
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
    let again = accept(&first, 3, 1).await;
    assert!(matches!(again, Outcome::Bid { place: 1, .. }), "{again:?}");
    let winner = if heard[0].is_ok() { &first } else { &second };
    let won = accept(winner, 5, 1).await;
    assert!(matches!(won, Outcome::Won(_)), "{won:?}");
    server.stop().await;

    let log = config.data_dir.join("log").display().to_string();
    let words = ["muster", "log", "lottery", &log, &VACANCY.to_string()];
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
