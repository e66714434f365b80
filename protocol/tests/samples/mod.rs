//! One message of every kind. Agencies, officers and sites in them are invented.

mod afterwards;
mod award;
mod denials;
mod jobs;
mod news;
mod provisions;
mod publication;
mod roster;

use protocol::*;

const NINE_US: i64 = 1_795_449_600_000_000;

/// Every kind of message a client says, with a name that is unique among all samples.
pub(crate) fn client() -> Vec<(String, ClientMessage)> {
    let mut samples = vec![
        ("hello-first".to_owned(), hello(None)),
        (
            "hello-resuming".to_owned(),
            hello(Some(Cursor {
                sequence: 4_711,
                step: 2,
            })),
        ),
        (
            "renew".to_owned(),
            ClientMessage::Renew {
                token: "v4.public.AAAA.BBBB".to_owned(),
            },
        ),
        ("goodbye".to_owned(), ClientMessage::Goodbye),
    ];
    samples.extend(
        asks()
            .into_iter()
            .chain(publication::asks())
            .chain(afterwards::asks())
            .chain(award::asks())
            .chain(jobs::asks())
            .chain(denials::asks())
            .map(|(name, ask)| {
                (
                    format!("request-{name}"),
                    ClientMessage::Request { id: request(), ask },
                )
            }),
    );
    samples.extend(
        roster::places()
            .into_iter()
            .chain(roster::relations())
            .chain(roster::people())
            .chain(provisions::all())
            .chain(jobs::changes())
            .map(|(name, change)| {
                let ask = Ask::Roster {
                    changes: vec![change],
                };
                (
                    format!("request-roster-{name}"),
                    ClientMessage::Request { id: request(), ask },
                )
            }),
    );
    samples.extend(denials::openings());
    samples
}

/// Every kind of message the server says, with a name that is unique among all samples.
pub(crate) fn server() -> Vec<(String, ServerMessage)> {
    let mut samples = vec![
        ("welcome".to_owned(), ServerMessage::Welcome(welcome())),
        (
            "synced".to_owned(),
            ServerMessage::Synced { cursor: cursor() },
        ),
        (
            "go-away".to_owned(),
            ServerMessage::GoAway {
                because: GoAway::TooSlow,
                reconnect_after_ms: 500,
            },
        ),
    ];
    samples.extend(
        news::news()
            .into_iter()
            .chain(afterwards::news())
            .chain(award::news())
            .map(|(name, news)| {
                let push = Push {
                    cursor: cursor(),
                    news,
                };
                (format!("push-{name}"), ServerMessage::Push(push))
            }),
    );
    let happenings = news::happenings()
        .into_iter()
        .chain(afterwards::happenings())
        .chain(award::happenings());
    samples.extend(happenings.map(|(name, what)| {
        let happening = Happening {
            vacancy: vacancy(),
            lead: "saguaro".to_owned(),
            at_us: NINE_US,
            what,
        };
        let push = Push {
            cursor: cursor(),
            news: News::Happened(happening),
        };
        (format!("push-happened-{name}"), ServerMessage::Push(push))
    }));
    samples.extend(
        outcomes()
            .into_iter()
            .chain(publication::outcomes())
            .chain(afterwards::outcomes())
            .chain(award::outcomes())
            .chain(jobs::outcomes())
            .chain(denials::outcomes())
            .map(|(name, outcome)| {
                (
                    format!("answer-{name}"),
                    ServerMessage::Answer {
                        id: request(),
                        outcome,
                    },
                )
            }),
    );
    samples.extend(denials::farewells());
    samples
}

fn vacancy() -> VacancyKey {
    VacancyKey(0x0198_f3a2_7c00_7aaa_8bbb_cccc_dddd_eeee)
}

fn request() -> RequestId {
    RequestId(0x0198_f3a2_7c01_7111_8222_3333_4444_5555)
}

fn cursor() -> Cursor {
    Cursor {
        sequence: 70_000,
        step: 3,
    }
}

fn badge() -> String {
    "SAG-0412".to_owned()
}

fn hello(resume: Option<Cursor>) -> ClientMessage {
    ClientMessage::Hello(Hello {
        version: VERSION,
        token: "v4.public.AAAA.BBBB".to_owned(),
        resume,
        software: "sample 1.0".to_owned(),
    })
}

fn asks() -> Vec<(&'static str, Ask)> {
    let vacancy = vacancy();
    let position = Some(Position {
        latitude_udeg: 32_222_607,
        longitude_udeg: -110_974_711,
    });
    vec![
        ("accept", Ask::Accept { vacancy, round: 1 }),
        ("decline", Ask::Decline { vacancy, round: 0 }),
        ("release", Ask::Release { vacancy }),
        (
            "punch-in",
            Ask::Punch {
                vacancy,
                direction: Direction::In,
                position,
            },
        ),
        (
            "punch-out",
            Ask::Punch {
                vacancy,
                direction: Direction::Out,
                position: None,
            },
        ),
        ("publish", Ask::Publish(new_vacancy())),
        (
            "cancel",
            Ask::Cancel {
                vacancy,
                reason: "school closed".to_owned(),
            },
        ),
        ("open-next-tier", Ask::OpenNextTier { vacancy }),
        (
            "recall",
            Ask::Recall {
                vacancy,
                badge: badge(),
            },
        ),
        (
            "why",
            Ask::Why {
                vacancy,
                badge: badge(),
            },
        ),
        ("board", Ask::Board),
        ("amend", Ask::Amend(amend())),
        ("amend-orders", Ask::Amend(amend_orders())),
        (
            "approve-last-tier",
            Ask::ApproveLastTier {
                vacancy,
                approved_by: "SAG-0001".to_owned(),
            },
        ),
    ]
}

fn new_vacancy() -> NewVacancy {
    NewVacancy {
        key: vacancy(),
        lead: "saguaro".to_owned(),
        programme: "sso".to_owned(),
        segments: vec![NewSegment {
            site: "saguaro-elementary".to_owned(),
            start_us: NINE_US,
            end_us: NINE_US + 3_600_000_000,
        }],
        slots: vec![Rank::Officer, Rank::Sergeant, Rank::Commander],
        windows_ms: vec![600_000, 0],
        post_orders: "Report to the front office.".to_owned(),
    }
}

fn amend() -> Amend {
    Amend {
        vacancy: vacancy(),
        segments: Some(new_vacancy().segments),
        slots: Some(vec![Rank::Officer, Rank::Sergeant]),
        post_orders: None,
        confirm_within_ms: 1_800_000,
    }
}

fn amend_orders() -> Amend {
    Amend {
        segments: None,
        slots: None,
        post_orders: Some("Park behind the gym.".to_owned()),
        ..amend()
    }
}

fn welcome() -> Welcome {
    Welcome {
        session: 12,
        subject: badge(),
        agency: Some("saguaro".to_owned()),
        role: Role::Officer,
        resumed: true,
        server_time_us: NINE_US,
        token_expires_us: NINE_US + 900_000_000,
    }
}

fn segments() -> Vec<Segment> {
    let segment = |site: &str, name: &str, start_us| Segment {
        site: site.to_owned(),
        name: name.to_owned(),
        zone: "America/Phoenix".to_owned(),
        start_us,
        end_us: start_us + 4 * 3_600_000_000,
    };
    vec![
        segment("saguaro-elementary", "Saguaro Elementary School", NINE_US),
        segment(
            "ocotillo-elementary",
            "Ocotillo Elementary School",
            NINE_US + 14_400_000_000,
        ),
    ]
}

fn receipt() -> Receipt {
    Receipt {
        vacancy: vacancy(),
        slot: 0,
        place: 2,
        sequence: 70_001,
        cover: "saguaro-msa".to_owned(),
        awarded_at_us: NINE_US - 80_000_000_000,
    }
}

fn outcomes() -> Vec<(&'static str, Outcome)> {
    vec![
        ("won", Outcome::Won(receipt())),
        ("lost", Outcome::Lost(refused(RefusalCode::Filled, Some(3)))),
        ("done", Outcome::Done { sequence: 70_002 }),
        (
            "refused",
            Outcome::Refused(refused(RefusalCode::NoFurtherTier, None)),
        ),
        (
            "lost-amended",
            Outcome::Lost(refused(RefusalCode::Amended, Some(3))),
        ),
        (
            "refused-slot-held",
            Outcome::Refused(refused(RefusalCode::SlotHeld, None)),
        ),
        (
            "refused-unchanged",
            Outcome::Refused(refused(RefusalCode::Unchanged, None)),
        ),
        (
            "busy",
            Outcome::Busy {
                retry_after_ms: 100,
            },
        ),
        ("unavailable", Outcome::Unavailable),
        (
            "explained",
            Outcome::Explained {
                eligible: false,
                clauses: vec![clause()],
            },
        ),
        (
            "board",
            Outcome::Board {
                rows: vec![board_row()],
            },
        ),
    ]
}

fn refused(code: RefusalCode, place: Option<u32>) -> Refused {
    Refused {
        code,
        sentence: "Somebody else has it.".to_owned(),
        place,
        behind_us: Some(4_000),
        clauses: vec![clause()],
    }
}

fn clause() -> Clause {
    Clause {
        name: "certified:ade-sso".to_owned(),
        holds: false,
        detail: "Expired before the last segment ends.".to_owned(),
    }
}

fn board_row() -> BoardRow {
    BoardRow {
        vacancy: vacancy(),
        lead: "saguaro".to_owned(),
        programme: "sso".to_owned(),
        segments: segments(),
        standing: Standing::Open,
        tier: 1,
        round: 0,
        offered: 44,
        slots: vec![
            BoardSlot {
                rank: Rank::Officer,
                holder: Some(badge()),
            },
            BoardSlot {
                rank: Rank::Sergeant,
                holder: None,
            },
        ],
    }
}
