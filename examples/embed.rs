//! The engine behind an HTTP route: no dispatcher, no push, no sessions.
//!
//! ```text
//! cargo run --release --example embed
//! curl -X POST http://127.0.0.1:7780/vacancies/0/accept/CHA-0001
//! ```

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{Actor, Answer, Body, Command, NewSegment, NewVacancy, RosterChange};
use engine::io::{Clock, Memory, SystemClock};
use engine::model::{
    Class, Interval, Position, Rank, RequestId, Roster, SiteKind, VacancyId, VacancyKey,
};
use engine::{Engine, Options};
use serde_json::{Value, json};

/// What the route needs: the engine, and who is who.
#[derive(Clone)]
pub(crate) struct Api {
    engine: Engine,
    roster: Arc<Roster>,
}

/// Opens an engine in memory (use `Disk::open("folder")` to keep it), with one agency, two
/// officers and one vacancy that starts in an hour. All of it is invented.
pub(crate) fn open() -> Api {
    let options = Options {
        storage: Arc::new(Memory::new()),
        clock: Arc::new(SystemClock),
        log: Default::default(),
        snapshot_every_records: 0,
    };
    let (engine, _) = Engine::open(options).expect("an empty log opens");
    let start = SystemClock.now().plus_ms(3_600_000);
    let vacancy = NewVacancy {
        key: VacancyKey(1),
        lead: "chandler".into(),
        programme: "sso".into(),
        segments: vec![NewSegment {
            site: "chandler-001".into(),
            start,
            end: start.plus_ms(3_600_000),
        }],
        slots: vec![Rank::Officer],
        windows_ms: vec![],
        post_orders: "Report to the front office.".into(),
    };
    for (number, body) in [Body::Roster(roster()), Body::Publish(Box::new(vacancy))]
        .into_iter()
        .enumerate()
    {
        let command = Command {
            request: RequestId(number as u128),
            by: Actor::Operator,
            body,
        };
        engine
            .submit(command)
            .wait()
            .expect("memory does not fail")
            .expect("it is allowed");
    }
    // A follower has the whole state; officer numbers never change, so one look is enough here.
    let state = engine.follow().expect("the engine is open").into_state();
    Api {
        engine,
        roster: Arc::new(state.roster().clone()),
    }
}

fn roster() -> Vec<RosterChange> {
    let (name, always) = (String::from("Invented"), Interval::ALWAYS);
    let officer = |badge: &str| {
        RosterChange::Officer(NewOfficer {
            badge: badge.into(),
            home: "chandler".into(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: vec![("azpost".into(), always), ("ade-sso".into(), always)],
            approvals: vec![("sso".into(), always)],
            availability: NewAvailability::Always,
        })
    };
    let certification = |code: &str| RosterChange::Certification {
        code: code.into(),
        name: name.clone(),
    };
    vec![
        certification("azpost"),
        certification("ade-sso"),
        RosterChange::Programme {
            code: "sso".into(),
            name: "School safety officer".into(),
            certifications: vec!["azpost".into(), "ade-sso".into()],
            classes: vec![Class::PeaceOfficer, Class::FullAuthorityReserve],
            approval: true,
        },
        RosterChange::Agency {
            code: "chandler".into(),
            name: name.clone(),
            agreement: Some("chandler-msa".into()),
        },
        RosterChange::Site(NewSite {
            code: "chandler-001".into(),
            name: name.clone(),
            lead: "chandler".into(),
            zone: "America/Phoenix".into(),
            position: Position {
                latitude_udeg: 33_306_160,
                longitude_udeg: -111_841_250,
            },
            geofence_m: 150,
            district: name.clone(),
            kind: SiteKind::Public,
            ade_funded: false,
        }),
        officer("CHA-0001"),
        officer("CHA-0002"),
    ]
}

/// The API tier: one route.
pub(crate) fn router(api: Api) -> Router {
    Router::new()
        .route("/vacancies/{vacancy}/accept/{badge}", post(accept))
        .with_state(api)
}

/// Takes part in the race and answers when the award is on disk.
async fn accept(
    State(api): State<Api>,
    Path((vacancy, badge)): Path<(u32, String)>,
) -> (StatusCode, Json<Value>) {
    let Some(officer) = api.roster.officer(&badge) else {
        return (
            StatusCode::NOT_FOUND,
            Json(json!({ "error": format!("no officer {badge}") })),
        );
    };
    let command = Command {
        // A real API takes this from the Idempotency-Key header, so that a retry is recognised.
        request: RequestId(uuid::Uuid::now_v7().as_u128()),
        by: Actor::Officer(officer),
        body: Body::Accept {
            vacancy: VacancyId(vacancy),
            round: 1,
        },
    };
    match api.engine.submit(command).await {
        Ok(Ok(Answer::Won(receipt))) => {
            let (slot, place, log) = (receipt.slot, receipt.place, receipt.sequence.0);
            (
                StatusCode::OK,
                Json(json!({ "won": { "slot": slot, "place": place, "log": log } })),
            )
        }
        // Nothing here is published with bids or a standby list.
        Ok(Ok(Answer::Done { .. } | Answer::Bid { .. } | Answer::Standby { .. })) => {
            (StatusCode::OK, Json(json!({})))
        }
        Ok(Err(refused)) => {
            let (why, place) = (refused.refusal.to_string(), refused.place);
            (
                StatusCode::CONFLICT,
                Json(json!({ "lost": { "why": why, "place": place } })),
            )
        }
        Err(unavailable) => {
            let error = unavailable.to_string();
            (
                StatusCode::SERVICE_UNAVAILABLE,
                Json(json!({ "error": error })),
            )
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:7780").await?;
    println!(
        "curl -X POST http://{}/vacancies/0/accept/CHA-0001",
        listener.local_addr()?
    );
    axum::serve(listener, router(open())).await
}
