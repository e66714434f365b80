//! One message of every kind. Agencies, officers and sites in them are invented.

mod afterwards;
mod denials;
mod jobs;
mod provisions;

use protocol::*;

mod award;
mod publication;

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
        places()
            .into_iter()
            .chain(relations())
            .chain(people())
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
        news()
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
    let happenings = happenings()
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

fn places() -> Vec<(&'static str, RosterChange)> {
    let text = str::to_owned;
    vec![
        (
            "agency",
            RosterChange::Agency {
                code: text("saguaro"),
                name: text("Saguaro Police"),
                agreement: Some(text("saguaro-msa")),
            },
        ),
        (
            "certification",
            RosterChange::Certification {
                code: text("azpost"),
                name: text("Peace officer"),
            },
        ),
        (
            "programme",
            RosterChange::Programme {
                code: text("sso"),
                name: text("School safety"),
                certifications: vec![text("azpost"), text("ade-sso")],
                classes: vec![
                    Class::PeaceOfficer,
                    Class::FullAuthorityReserve,
                    Class::CommunityServiceOfficer,
                ],
                approval: true,
            },
        ),
        (
            "site",
            RosterChange::Site {
                code: text("saguaro-elementary"),
                name: text("Saguaro Elementary"),
                lead: text("saguaro"),
                zone: text("America/Phoenix"),
                position: Position {
                    latitude_udeg: 32_000_000,
                    longitude_udeg: -111_000_000,
                },
                geofence_m: 150,
                district: text("Saguaro Unified"),
                kind: SiteKind::Charter,
                ade_funded: true,
            },
        ),
    ]
}

fn relations() -> Vec<(&'static str, RosterChange)> {
    let text = str::to_owned;
    let badge = badge();
    vec![
        (
            "pact",
            RosterChange::Pact {
                lead: text("saguaro"),
                backup: text("ocotillo"),
                tier: 1,
                from_us: Some(NINE_US),
                until_us: None,
                cover: Some(text("saguaro-msa")),
            },
        ),
        (
            "pact-ended",
            RosterChange::PactEnded {
                lead: text("saguaro"),
                backup: text("ocotillo"),
            },
        ),
        (
            "excluded",
            RosterChange::Excluded {
                site: text("saguaro-elementary"),
                badge: badge.clone(),
            },
        ),
        (
            "readmitted",
            RosterChange::Readmitted {
                site: text("saguaro-elementary"),
                badge: badge.clone(),
            },
        ),
        (
            "seniority-set",
            RosterChange::SenioritySet {
                badge,
                since: Day {
                    year: 2009,
                    month: 6,
                    day: 15,
                },
            },
        ),
    ]
}

fn people() -> Vec<(&'static str, RosterChange)> {
    let text = str::to_owned;
    let badge = badge();
    let dated = |code: &str| Dated {
        code: text(code),
        from_us: None,
        until_us: Some(NINE_US),
    };
    vec![
        (
            "officer",
            RosterChange::Officer {
                badge: badge.clone(),
                agency: text("saguaro"),
                class: Class::PeaceOfficer,
                rank: Rank::Officer,
                certifications: vec![dated("azpost")],
                approvals: vec![dated("sso")],
                availability: Availability::Always,
            },
        ),
        (
            "certification-granted",
            RosterChange::CertificationGranted {
                badge: badge.clone(),
                certification: dated("ade-sso"),
            },
        ),
        (
            "certification-revoked",
            RosterChange::CertificationRevoked {
                badge: badge.clone(),
                certification: text("ade-sso"),
            },
        ),
        (
            "approval-granted",
            RosterChange::ApprovalGranted {
                badge: badge.clone(),
                programme: dated("sso"),
            },
        ),
        (
            "approval-withdrawn",
            RosterChange::ApprovalWithdrawn {
                badge: badge.clone(),
                programme: text("sso"),
            },
        ),
        (
            "suspended",
            RosterChange::Suspended {
                badge: badge.clone(),
            },
        ),
        (
            "reinstated",
            RosterChange::Reinstated {
                badge: badge.clone(),
            },
        ),
        (
            "availability-declared",
            RosterChange::AvailabilityDeclared {
                badge: badge.clone(),
                availability: declared(),
            },
        ),
    ]
}

fn declared() -> Availability {
    Availability::Declared {
        weekly: vec![WeeklyWindow {
            weekday: 1,
            from_minute: 420,
            until_minute: 900,
        }],
        exceptions: vec![DatedWindows {
            year: 2026,
            month: 12,
            day: 24,
            windows: vec![(480, 720)],
        }],
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

fn news() -> Vec<(&'static str, News)> {
    let vacancy = vacancy();
    vec![
        ("offered", News::Offered(offer())),
        (
            "withdrawn",
            News::Withdrawn {
                vacancy,
                because: Withdrawal::Filled,
            },
        ),
        ("assigned", News::Assigned(assignment())),
        (
            "unassigned",
            News::Unassigned {
                vacancy,
                because: Unassignment::Recalled,
            },
        ),
        (
            "flagged",
            News::Flagged {
                vacancy,
                badge: badge(),
                clause: "certified:ade-sso".to_owned(),
            },
        ),
        ("amended", News::Amended(amended())),
        (
            "withdrawn-amended",
            News::Withdrawn {
                vacancy,
                because: Withdrawal::Amended,
            },
        ),
        (
            "unassigned-amended",
            News::Unassigned {
                vacancy,
                because: Unassignment::Amended,
            },
        ),
        (
            "overlapped",
            News::Overlapped {
                with: vacancy,
                vacancies: vec![VacancyKey(1), VacancyKey(2)],
            },
        ),
        (
            "unassigned-unconfirmed",
            News::Unassigned {
                vacancy,
                because: Unassignment::Unconfirmed,
            },
        ),
    ]
}

fn amended() -> Amended {
    Amended {
        vacancy: vacancy(),
        round: 2,
        segments: segments(),
        slots: vec![Rank::Officer],
        post_orders: "Report to the front office.".to_owned(),
        confirm_by_us: Some(NINE_US - 3_600_000_000),
    }
}

/// As a district sends it: one day, two sites, one slot, ordinary names.
fn offer() -> Offer {
    Offer {
        vacancy: vacancy(),
        round: 1,
        tier: 1,
        lead: "saguaro".to_owned(),
        programme: "sso".to_owned(),
        segments: segments(),
        slots: vec![Rank::Officer],
        slots_open: 1,
        offered_at_us: NINE_US - 86_400_000_000,
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

fn assignment() -> Assignment {
    Assignment {
        receipt: receipt(),
        segments: segments(),
        post_orders: "Report to the front office.".to_owned(),
    }
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

fn happenings() -> Vec<(&'static str, What)> {
    let badge = badge();
    let cover = "saguaro-msa".to_owned();
    let because = Unassignment::Released;
    vec![
        (
            "published",
            What::Published {
                site: "saguaro-elementary".to_owned(),
                start_us: NINE_US,
                slots: 1,
            },
        ),
        (
            "tier-opened",
            What::TierOpened {
                tier: 1,
                because: TierCause::WindowElapsed,
                recipients: 44,
            },
        ),
        (
            "awarded",
            What::Awarded {
                slot: 0,
                badge: badge.clone(),
                place: 2,
                cover,
                slots_open: 0,
            },
        ),
        (
            "declined",
            What::Declined {
                badge: badge.clone(),
            },
        ),
        (
            "reoffered",
            What::Reoffered {
                slot: 0,
                badge: badge.clone(),
                because,
                round: 1,
                recipients: 43,
            },
        ),
        (
            "cancelled",
            What::Cancelled {
                reason: "school closed".to_owned(),
            },
        ),
        ("expired", What::Expired { slots_open: 1 }),
        (
            "punched",
            What::Punched {
                badge: badge.clone(),
                direction: Direction::In,
                on_site: Some(true),
            },
        ),
        (
            "amended",
            What::Amended {
                slots_open: 1,
                round: 2,
                recipients: 43,
                unconfirmed: vec![badge.clone()],
                lost: vec!["SAG-0413".to_owned()],
            },
        ),
        (
            "reconfirmed",
            What::Reconfirmed {
                slot: 0,
                badge: badge.clone(),
            },
        ),
        (
            "lapsed",
            What::Lapsed {
                slots_open: 2,
                round: 3,
                recipients: 44,
                badges: vec![badge],
            },
        ),
        ("tier-opened-start-near", publication::start_near()),
        (
            "last-tier-approved",
            What::LastTierApproved {
                approved_by: "SAG-0001".to_owned(),
                recipients: 4,
            },
        ),
        ("offered-later", What::OfferedLater { recipients: 3 }),
    ]
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
