//! Later offers and overlaps over real sessions: what is withdrawn from whoever won other work, what
//! is offered again when that is given back, and who hears of work after it was published.

use muster::embedded::DataFolder;
use muster::server::Server;
use protocol::session::Event;
use protocol::{Ask, NewVacancy, News, Role, RosterChange, VacancyKey, What};

use crate::amend::{HOUR_US, House, VACANCY, accept, done, posted, roster, told, until};

/// Overlaps with [`VACANCY`] by an hour.
const OTHER: VacancyKey = VacancyKey(8);

#[tokio::test(flavor = "multi_thread")]
async fn an_overlapping_offer_goes_with_the_award_and_comes_back_with_the_release() {
    let folder = DataFolder::open(None).expect("a folder");
    let config = folder.config(([127, 0, 0, 1], 0).into());
    let server = Server::start(&config).expect("a server");
    let house = House::of(&server, &config);
    let (operator, _) = house.join(Role::Operator, "operator", None);
    done(&operator, 1, Ask::Roster { changes: roster() }).await;
    let suspended = |suspended| match suspended {
        true => RosterChange::Suspended {
            badge: "MES-0002".to_owned(),
        },
        false => RosterChange::Reinstated {
            badge: "MES-0002".to_owned(),
        },
    };
    let changes = vec![suspended(true)];
    done(&operator, 2, Ask::Roster { changes }).await;
    let (desk, mut board) = house.join(Role::Coordinator, "desk", Some("mesa"));
    let (first, mut to_first) = house.join(Role::Officer, "MES-0001", Some("mesa"));
    let (_second, mut to_second) = house.join(Role::Officer, "MES-0002", Some("mesa"));
    for heard in [&mut board, &mut to_first, &mut to_second] {
        let synced = |event| matches!(event, Event::Synced(_)).then_some(());
        until(heard, synced).await;
    }

    let start_us = muster::clock::now_us() + 48 * HOUR_US;
    done(&desk, 3, Ask::Publish(posted(start_us))).await;
    let other = NewVacancy {
        key: OTHER,
        ..posted(start_us + 7 * HOUR_US)
    };
    done(&desk, 4, Ask::Publish(other)).await;
    let offered_other = |news| match news {
        News::Offered(offer) if offer.vacancy == OTHER => Some(offer.round),
        _ => None,
    };
    assert_eq!(told(&mut to_first, offered_other).await, 1);

    // One of the two is won: the other goes, and a session that joins now is not shown it.
    accept(&first, 5, 1).await;
    let overlapped = |news| match news {
        News::Overlapped { with, vacancies } => Some((with, vacancies)),
        _ => None,
    };
    let withdrawn = told(&mut to_first, overlapped).await;
    assert_eq!(withdrawn, (VACANCY, vec![OTHER]));
    assert_eq!(shown(&house).await, []);

    // Given back, the other is offered again; the one that was given back is not.
    let vacancy = VACANCY;
    done(&first, 6, Ask::Release { vacancy }).await;
    assert_eq!(told(&mut to_first, offered_other).await, 1);
    assert_eq!(shown(&house).await, [OTHER]);

    // Whoever could not work when they were published hears of both, and the board of how many.
    let changes = vec![suspended(false)];
    done(&operator, 7, Ask::Roster { changes }).await;
    assert_eq!(told(&mut to_second, offered_other).await, 1);
    let later = |news| match news {
        News::Happened(happening) => match happening.what {
            What::OfferedLater { recipients } => Some(recipients),
            _ => None,
        },
        _ => None,
    };
    assert_eq!(told(&mut board, later).await, 1);
    server.stop().await;
}

/// What a session of the first officer that joins now is shown as open.
async fn shown(house: &House) -> Vec<VacancyKey> {
    let (_, mut device) = house.join(Role::Officer, "MES-0001", Some("mesa"));
    let mut offers = Vec::new();
    let synced = |event| {
        if let Event::News(push) = &event
            && let News::Offered(offer) = &push.news
        {
            offers.push(offer.vacancy);
        }
        matches!(event, Event::Synced(_)).then_some(())
    };
    until(&mut device, synced).await;
    offers
}
