//! What is said about a vacancy once slots of it were awarded.

use protocol::*;

use super::{NINE_US, badge, segments, vacancy};

const HOUR_US: i64 = 3_600_000_000;

pub(super) fn asks() -> Vec<(&'static str, Ask)> {
    let vacancy = vacancy();
    let text = str::to_owned;
    let correct = |mended| Afterwards::Correct {
        vacancy,
        badge: badge(),
        mended,
        reason: text("Seen at the gate."),
    };
    let no_show = |again| Afterwards::NoShow {
        vacancy,
        badge: badge(),
        again,
    };
    let again = Again {
        key: vacancy,
        from_us: NINE_US + HOUR_US,
    };
    let asked = vec![
        (
            "reduce",
            Afterwards::Reduce {
                vacancy,
                fewer: 2,
                slots: vec![4],
                reason: text("One entrance is closed."),
            },
        ),
        ("no-show", no_show(None)),
        ("no-show-again", no_show(Some(again))),
        (
            "correct-moved",
            correct(Mended::Moved {
                punch: 3,
                to_us: NINE_US,
            }),
        ),
        ("correct-struck", correct(Mended::Struck { punch: 3 })),
        ("correct-missed", correct(missed())),
        (
            "correct-withdrawn",
            correct(Mended::Withdrawn { correction: 1 }),
        ),
        ("correct-came", correct(Mended::Came)),
        (
            "note",
            Afterwards::Note {
                vacancy,
                badge: badge(),
                text: text("The gate was open."),
                attachments: vec![attachment()],
            },
        ),
        (
            "acknowledge",
            Afterwards::Acknowledge {
                vacancy,
                version: 2,
            },
        ),
        ("remind", Afterwards::Remind { vacancy }),
        (
            "say",
            Afterwards::Say {
                vacancy,
                badge: badge(),
                text: text("Which door?"),
            },
        ),
    ];
    let read = vec![
        ("read-attendance", Read::Attendance { vacancy }),
        ("read-orders", Read::Orders { vacancy }),
        ("read-notes", Read::Notes { vacancy, from: 0 }),
        ("read-messages", Read::Messages { vacancy, from: 50 }),
        (
            "read-shifts",
            Read::Shifts {
                badge: badge(),
                past: true,
                from: 50,
            },
        ),
    ];
    let asked = asked
        .into_iter()
        .map(|(name, asked)| (name, Ask::Afterwards(Box::new(asked))));
    let read = read.into_iter().map(|(name, read)| (name, Ask::Read(read)));
    asked.chain(read).collect()
}

pub(super) fn news() -> Vec<(&'static str, News)> {
    let vacancy = vacancy();
    let attributes = |clothing, marked_car| {
        News::Attributes(Attributes {
            vacancy,
            clothing,
            marked_car,
        })
    };
    vec![
        ("read-orders", News::ReadOrders(orders())),
        ("attendance", News::Attendance(Box::new(attendance()))),
        (
            "noted",
            News::Noted {
                vacancy,
                note: Box::new(note()),
            },
        ),
        (
            "said",
            News::Said {
                vacancy,
                message: Box::new(message(Author::Officer { badge: badge() })),
            },
        ),
        (
            "attributes-uniform",
            attributes(Some(Clothing::Uniform), true),
        ),
        (
            "attributes-civilian",
            attributes(Some(Clothing::Civilian), false),
        ),
        (
            "unassigned-reduced",
            News::Unassigned {
                vacancy,
                because: Unassignment::Reduced,
            },
        ),
    ]
}

pub(super) fn happenings() -> Vec<(&'static str, What)> {
    let badge = badge();
    vec![
        (
            "reduced",
            What::Reduced {
                slots: vec![1, 4],
                lost: vec![badge.clone()],
                reason: "One entrance is closed.".to_owned(),
                slots_open: 1,
            },
        ),
        (
            "no-show",
            What::NoShow {
                slot: 1,
                badge: badge.clone(),
                again: Some(vacancy()),
            },
        ),
        (
            "corrected",
            What::Corrected {
                badge: badge.clone(),
            },
        ),
        ("acknowledged", What::Acknowledged { badge, version: 2 }),
    ]
}

pub(super) fn outcomes() -> Vec<(&'static str, Outcome)> {
    let reading = |reading| Outcome::Reading(Box::new(reading));
    let mut outcomes = vec![
        ("attendance", reading(Reading::Attendance(attendance()))),
        ("orders", reading(Reading::Orders(orders()))),
        (
            "notes",
            reading(Reading::Notes {
                notes: vec![note()],
                next: None,
            }),
        ),
        (
            "messages",
            reading(Reading::Messages {
                messages: vec![
                    message(Author::Coordinator {
                        agency: "saguaro".to_owned(),
                    }),
                    message(Author::Operator),
                ],
                next: Some(50),
            }),
        ),
        (
            "shifts",
            reading(Reading::Shifts {
                shifts: statuses().map(shift).into(),
                next: None,
            }),
        ),
    ];
    outcomes.extend(progress().map(|(name, progress)| {
        let attendance = Attendance {
            progress,
            holders: Vec::new(),
            ..attendance()
        };
        (name, reading(Reading::Attendance(attendance)))
    }));
    let codes = [
        ("refused-too-few-slots", RefusalCode::TooFewSlots),
        ("refused-not-started", RefusalCode::NotStarted),
        ("refused-clocked-in", RefusalCode::ClockedIn),
        ("refused-other-orders", RefusalCode::OtherOrders),
        ("refused-shelved", RefusalCode::Shelved),
    ];
    outcomes.extend(codes.map(|(name, code)| {
        let refused = Refused {
            code,
            sentence: "It cannot be done.".to_owned(),
            place: None,
            behind_us: None,
            clauses: Vec::new(),
        };
        (name, Outcome::Refused(refused))
    }));
    outcomes
}

fn missed() -> Mended {
    Mended::Missed {
        direction: Direction::Out,
        to_us: NINE_US,
    }
}

fn attachment() -> Attachment {
    Attachment {
        sha256: "a5".repeat(32),
        size: 123_456,
        media_type: "image/jpeg".to_owned(),
        name: "gate.jpg".to_owned(),
    }
}

fn orders() -> Orders {
    Orders {
        vacancy: vacancy(),
        version: 2,
        text: "Park behind the gym.".to_owned(),
    }
}

fn note() -> Note {
    Note {
        number: 7,
        badge: badge(),
        by: Author::Coordinator {
            agency: "saguaro".to_owned(),
        },
        at_us: NINE_US,
        text: "The gate was open.".to_owned(),
        attachments: vec![attachment()],
    }
}

fn message(by: Author) -> Message {
    Message {
        number: 7,
        badge: badge(),
        by,
        at_us: NINE_US,
        text: "Which door?".to_owned(),
    }
}

fn attendance() -> Attendance {
    Attendance {
        vacancy: vacancy(),
        progress: Progress::UnderWay,
        orders_version: 2,
        holders: vec![Attended {
            badge: badge(),
            slot: 1,
            rank: Rank::Officer,
            status: ShiftStatus::OnDuty,
            spells: vec![
                Spell {
                    from_us: Some(NINE_US),
                    until_us: Some(NINE_US + HOUR_US),
                },
                Spell {
                    from_us: Some(NINE_US + 2 * HOUR_US),
                    until_us: None,
                },
            ],
            worked_us: HOUR_US,
            punches: vec![Punched {
                number: 3,
                direction: Direction::In,
                at_us: NINE_US,
                on_site: Some(false),
            }],
            corrections: vec![Corrected {
                number: 0,
                mended: missed(),
                reason: "Seen at the gate.".to_owned(),
                by: Author::Operator,
                at_us: NINE_US,
            }],
            acknowledged: Some(1),
        }],
    }
}

fn progress() -> [(&'static str, Progress); 5] {
    [
        ("attendance-open", Progress::Open),
        ("attendance-filled", Progress::Filled),
        ("attendance-over", Progress::Over),
        ("attendance-cancelled", Progress::Cancelled),
        ("attendance-expired", Progress::Expired),
    ]
}

fn statuses() -> [ShiftStatus; 7] {
    [
        ShiftStatus::Scheduled,
        ShiftStatus::NotSeen,
        ShiftStatus::OnDuty,
        ShiftStatus::Done,
        ShiftStatus::NoShow,
        ShiftStatus::Released,
        ShiftStatus::Lost,
    ]
}

fn shift(status: ShiftStatus) -> Shift {
    Shift {
        vacancy: vacancy(),
        lead: "saguaro".to_owned(),
        programme: "sso".to_owned(),
        segments: segments(),
        status,
    }
}
