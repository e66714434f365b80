//! An amendment over real sessions: who is told what, who says yes, and what a session that joins
//! later is told.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, Endpoint, Events, Options, Trust, events};
use muster::embedded::DataFolder;
use muster::server::Server;
use protocol::session::Event;
use protocol::token::SigningKey;
use protocol::{
    Amend, Amended, Ask, Availability, NewSegment, NewVacancy, News, Outcome, Rank, RefusalCode,
    RequestId, Role, RosterChange, Unassignment, VacancyKey, What,
};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const VACANCY: VacancyKey = VacancyKey(7);

pub(crate) const HOUR_US: i64 = 3_600_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_reads_the_change_and_says_yes_and_who_cannot_come_is_let_go() {
    let folder = DataFolder::open(None).expect("a folder");
    let config = folder.config(([127, 0, 0, 1], 0).into());
    let server = Server::start(&config).expect("a server");
    let house = House::of(&server, &config);
    let (operator, _) = house.join(Role::Operator, "operator", None);
    done(&operator, 1, Ask::Roster { changes: roster() }).await;
    let (desk, mut board) = house.join(Role::Coordinator, "desk", Some("mesa"));
    let (first, mut to_first) = house.join(Role::Officer, "MES-0001", Some("mesa"));
    let (_second, mut to_second) = house.join(Role::Officer, "MES-0002", Some("mesa"));
    for heard in [&mut board, &mut to_first, &mut to_second] {
        until(heard, |event| {
            matches!(event, Event::Synced(_)).then_some(())
        })
        .await;
    }

    let start_us = muster::clock::now_us() + 48 * HOUR_US;
    done(&desk, 2, Ask::Publish(posted(start_us))).await;
    let offer = told(&mut to_first, |news| match news {
        News::Offered(offer) => Some(offer),
        _ => None,
    });
    assert_eq!(offer.await.round, 1);
    let won = accept(&first, 3, 1).await;
    assert!(matches!(won, Outcome::Won(_)), "{won:?}");

    // Two hours later: the holder keeps it under reservation, who was asked is asked again.
    let amend = amend_to(start_us + 2 * HOUR_US);
    done(&desk, 4, Ask::Amend(amend.clone())).await;
    let amended = told(&mut to_first, amended).await;
    assert_eq!(amended.round, 2);
    assert_eq!(amended.segments[0].start_us, start_us + 2 * HOUR_US);
    assert!(amended.confirm_by_us.is_some(), "{amended:?}");
    let happened = told(&mut board, |news| match news {
        News::Happened(happening) => match happening.what {
            What::Amended {
                unconfirmed, round, ..
            } => Some((unconfirmed, round)),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(happened.await, (vec!["MES-0001".to_owned()], 2));

    // Another device of the holder learns of the reservation when it joins.
    let (_, mut device) = house.join(Role::Officer, "MES-0001", Some("mesa"));
    assert_eq!(told(&mut device, self::amended).await, amended);

    // An answer to the old hours is refused; the same request that won still hears so.
    let Outcome::Lost(refused) = accept(&first, 5, 1).await else {
        panic!("round 1 is over")
    };
    assert_eq!(refused.code, RefusalCode::Amended);
    assert_eq!(accept(&first, 3, 1).await, won);
    assert_eq!(accept(&first, 6, 2).await, won, "yes to the new hours");
    let assignment = told(&mut device, |news| match news {
        News::Assigned(assignment) if assignment.segments == amended.segments => Some(assignment),
        _ => None,
    });
    assert_eq!(Outcome::Won(assignment.await.receipt), won);

    // Nothing to change is nothing done, and a slot that is held is not taken away.
    let same = desk.ask_in(PATIENCE, RequestId(8), Ask::Amend(amend)).await;
    let Ok(Outcome::Refused(refused)) = same else {
        panic!("it is that already: {same:?}")
    };
    assert_eq!(refused.code, RefusalCode::Unchanged);

    // At a site that excludes the holder the slot is lost at once, and offered to the other.
    let mut away = amend_to(start_us + 2 * HOUR_US);
    if let Some(segments) = &mut away.segments {
        segments[0].site = "mesa-002".to_owned();
    }
    done(&desk, 9, Ask::Amend(away)).await;
    let because = told(&mut to_first, |news| match news {
        News::Unassigned { because, .. } => Some(because),
        _ => None,
    });
    assert_eq!(because.await, Unassignment::Amended);
    let round = told(&mut to_second, |news| match news {
        News::Offered(offer) if offer.round > 1 => Some(offer.round),
        _ => None,
    });
    assert_eq!(round.await, 3);
    server.stop().await;
}

fn amended(news: News) -> Option<Amended> {
    match news {
        News::Amended(amended) => Some(amended),
        _ => None,
    }
}

fn amend_to(start_us: i64) -> Amend {
    Amend {
        vacancy: VACANCY,
        segments: Some(posted(start_us).segments),
        slots: None,
        post_orders: None,
        confirm_within_ms: 1_800_000,
    }
}

pub(crate) fn posted(start_us: i64) -> NewVacancy {
    NewVacancy {
        key: VACANCY,
        lead: "mesa".to_owned(),
        programme: "sso".to_owned(),
        segments: vec![NewSegment {
            site: "mesa-001".to_owned(),
            start_us,
            end_us: start_us + 8 * HOUR_US,
        }],
        slots: vec![Rank::Officer],
        windows_ms: Vec::new(),
        post_orders: String::new(),
    }
}

/// One agency, two schools, two officers, of whom the second school does not want one.
pub(crate) fn roster() -> Vec<RosterChange> {
    let text = str::to_owned;
    let mut changes = muster::programmes::standard();
    changes.push(RosterChange::Agency {
        code: text("mesa"),
        name: text("Mesa Police Department"),
        agreement: Some(text("mesa-msa")),
    });
    changes.extend(["mesa-001", "mesa-002"].map(|code| RosterChange::Site {
        code: text(code),
        name: text("Invented Elementary"),
        lead: text("mesa"),
        zone: text("America/Phoenix"),
        position: protocol::Position {
            latitude_udeg: 33_415_184,
            longitude_udeg: -111_831_472,
        },
        geofence_m: 150,
        district: text("invented"),
        kind: protocol::SiteKind::Public,
        ade_funded: false,
    }));
    let held = |code: &str| protocol::Dated {
        code: text(code),
        from_us: None,
        until_us: None,
    };
    changes.extend(["MES-0001", "MES-0002"].map(|badge| RosterChange::Officer {
        badge: text(badge),
        agency: text("mesa"),
        class: protocol::Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: vec![held("azpost"), held("ade-sso")],
        approvals: vec![held("sso")],
        availability: Availability::Always,
    }));
    changes.push(RosterChange::Excluded {
        site: text("mesa-002"),
        badge: text("MES-0001"),
    });
    changes
}

pub(crate) async fn accept(client: &Client, id: u128, round: u32) -> Outcome {
    let ask = Ask::Accept {
        vacancy: VACANCY,
        round,
    };
    let outcome = client.ask_in(PATIENCE, RequestId(id), ask).await;
    outcome.expect("it is answered")
}

pub(crate) async fn done(client: &Client, id: u128, ask: Ask) {
    let outcome = client.ask_in(PATIENCE, RequestId(id), ask).await;
    assert!(matches!(outcome, Ok(Outcome::Done { .. })), "{outcome:?}");
}

/// The first news that `pick` picks.
pub(crate) async fn told<T>(events: &mut Events, mut pick: impl FnMut(News) -> Option<T>) -> T {
    let news = |event| match event {
        Event::News(push) => pick(push.news),
        _ => None,
    };
    until(events, news).await
}

pub(crate) async fn until<T>(events: &mut Events, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    let waiting = async {
        loop {
            let event = events.next().await.expect("the session goes on");
            if let Some(picked) = pick(event.what) {
                return picked;
            }
        }
    };
    let heard = tokio::time::timeout(PATIENCE, waiting).await;
    heard.expect("it is told in time")
}

/// How to reach the server.
pub(crate) struct House {
    endpoint: Endpoint,
    address: std::net::SocketAddr,
    signing: Arc<SigningKey>,
}

impl House {
    pub(crate) fn of(server: &Server, config: &muster::config::Config) -> House {
        let pem = server.certificate_pem().as_bytes().to_vec();
        let any = ([127, 0, 0, 1], 0).into();
        let signing = muster::identity::load_signing_key(&config.token_key_path());
        House {
            endpoint: Endpoint::bind(any, &Trust::Certificate(pem)).expect("a socket"),
            address: server.address(),
            signing: Arc::new(signing.expect("a key")),
        }
    }

    pub(crate) fn join(&self, role: Role, subject: &str, agency: Option<&str>) -> (Client, Events) {
        let signing = Arc::clone(&self.signing);
        let (subject, agency) = (subject.to_owned(), agency.map(str::to_owned));
        let options = Options::new(move || {
            let now_us = muster::clock::now_us();
            let token = signing.issue(role, &subject, agency.as_deref(), now_us, 600);
            token.expect("it can be signed")
        });
        let (sink, events) = events();
        let reached = self
            .endpoint
            .connect(self.address, "localhost", options, sink);
        let (client, driver) = reached;
        tokio::spawn(driver.run());
        (client, events)
    }
}
