//! Records of what a vacancy goes through beside the race: its terms, and what happens afterwards.

use engine::core::{Event, Reduction, Removed};
use engine::model::{
    AgencyId, Attachment, Author, Clothing, Correction, Direction, Interval, Mended, Message, Note,
    Rank, Term, Terms, VacancyId,
};

use crate::samples::{NINE, O, V};

pub(crate) fn terms() -> Vec<(&'static str, Event)> {
    let termed = |terms: Vec<Term>| {
        let terms = Box::new(Terms::new(terms).expect("one of a kind"));
        Event::Termed { vacancy: V, terms }
    };
    let buffer = Term::Buffer {
        before_ms: 1_800_000,
        after_ms: 900_000,
    };
    let worn = |clothing| termed(vec![Term::Clothing(clothing), Term::MarkedCar]);
    vec![
        ("termed", termed(vec![buffer])),
        ("termed-uniform-and-car", worn(Clothing::Uniform)),
        ("termed-civilian-and-car", worn(Clothing::Civilian)),
    ]
}

pub(crate) fn afterwards() -> Vec<(&'static str, Event)> {
    let removed = |slot, rank, holder| Removed { slot, rank, holder };
    let end = NINE.plus_ms(3_600_000);
    let reduction = Reduction {
        vacancy: V,
        removed: vec![
            removed(1, Rank::Officer, None),
            removed(2, Rank::Sergeant, Some(O)),
        ],
        scheduled: vec![Interval { start: NINE, end }],
        reason: "fewer visitors than expected".into(),
        withdrawn: [O].into_iter().collect(),
    };
    let no_show = |again| Event::NoShow {
        vacancy: V,
        slot: 1,
        officer: O,
        again,
    };
    let officers = [O].into_iter().collect();
    let mut events = vec![
        ("reduced", Event::Reduced(Box::new(reduction))),
        ("no-show", no_show(None)),
        ("no-show-offered-again", no_show(Some(VacancyId(8)))),
        (
            "acknowledged",
            Event::Acknowledged {
                vacancy: V,
                officer: O,
                version: 2,
            },
        ),
        (
            "reminded",
            Event::Reminded {
                vacancy: V,
                version: 2,
                officers,
            },
        ),
        ("shelved", Event::Shelved { vacancy: V }),
    ];
    events.extend(corrections());
    events.extend(written());
    events
}

fn corrections() -> Vec<(&'static str, Event)> {
    let corrected = |mended| Event::Corrected {
        vacancy: V,
        correction: Box::new(Correction {
            officer: O,
            mended,
            reason: "read from the paper sheet".into(),
            by: Author::Coordinator(AgencyId(2)),
            at: NINE,
        }),
    };
    let missed = Mended::Missed {
        direction: Direction::Out,
        to: NINE,
    };
    vec![
        (
            "corrected-moved",
            corrected(Mended::Moved { punch: 3, to: NINE }),
        ),
        ("corrected-struck", corrected(Mended::Struck { punch: 3 })),
        ("corrected-missed", corrected(missed)),
        (
            "corrected-withdrawn",
            corrected(Mended::Withdrawn { correction: 1 }),
        ),
        ("corrected-came", corrected(Mended::Came)),
    ]
}

fn written() -> Vec<(&'static str, Event)> {
    let noted = |by, text: &str, attachments| Event::Noted {
        vacancy: V,
        note: Box::new(Note {
            officer: O,
            by,
            at: NINE,
            text: text.into(),
            attachments,
        }),
    };
    let said = |by, text: &str| Event::Said {
        vacancy: V,
        message: Box::new(Message {
            officer: O,
            by,
            at: NINE,
            text: text.into(),
        }),
    };
    let picture = Attachment {
        sha256: [0xa5; 32],
        size: 123_456,
        media_type: "image/jpeg".into(),
        name: "gate.jpg".into(),
    };
    let coordinator = Author::Coordinator(AgencyId(2));
    vec![
        ("noted", noted(coordinator, "The gate was open.", vec![])),
        (
            "noted-with-a-picture",
            noted(Author::Officer(O), "", vec![picture]),
        ),
        ("said-by-officer", said(Author::Officer(O), "Which door?")),
        ("said-by-coordinator", said(coordinator, "The north door.")),
        ("said-by-operator", said(Author::Operator, "We are back.")),
    ]
}
