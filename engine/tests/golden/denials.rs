//! Records of who may not come in.

use std::collections::BTreeSet;

use engine::core::Event;
use engine::model::{AgencyId, Bearer, Code, Denial, DenialReason, Denied};

use crate::samples::{NINE, O};

pub(crate) fn all() -> Vec<(&'static str, Event)> {
    let denied = |(bearer, reason)| {
        let until = (reason == DenialReason::DeviceLost).then_some(NINE);
        let denial = Denial {
            reason,
            since: NINE,
            until,
        };
        Event::Denied(Box::new(Denied { bearer, denial }))
    };
    let names = [
        "denied-officer",
        "denied-subject",
        "denied-operator",
        "denied-key",
        "denied-device",
    ];
    let events = bearers().into_iter().zip(REASONS).map(denied);
    let admitted = Event::Admitted(Box::new(Bearer::Officer(O)));
    let events = names.into_iter().zip(events);
    events.chain([("admitted", admitted)]).collect()
}

const REASONS: [DenialReason; 5] = [
    DenialReason::DeviceLost,
    DenialReason::Left,
    DenialReason::Other,
    DenialReason::Exposed,
    DenialReason::Misuse,
];

fn bearers() -> [Bearer; 5] {
    let subject = |agency, name: &str| Bearer::Subject {
        agency,
        name: name.into(),
    };
    let code = |text: &str| Code::parse(text).expect("hexadecimal is a code");
    [
        Bearer::Officer(O),
        subject(Some(AgencyId(2)), "night desk"),
        subject(None, "operator"),
        Bearer::SigningKey(code("0123456789abcdef")),
        Bearer::Device(code(&"0123456789abcdef".repeat(4))),
    ]
}

#[test]
fn every_way_to_be_known_and_every_reason_has_a_sample() {
    // Each match names every variant, so that a new one is given a number, and then a sample.
    let bearer = |bearer: &Bearer| match bearer {
        Bearer::Officer(_) => 0,
        Bearer::Subject { .. } => 1,
        Bearer::SigningKey(_) => 2,
        Bearer::Device(_) => 3,
    };
    let reason = |reason: &DenialReason| match reason {
        DenialReason::DeviceLost => 0,
        DenialReason::Exposed => 1,
        DenialReason::Left => 2,
        DenialReason::Misuse => 3,
        DenialReason::Other => 4,
    };
    let first = |count| (0..count).collect::<BTreeSet<u8>>();
    assert_eq!(
        bearers().iter().map(bearer).collect::<BTreeSet<_>>(),
        first(4)
    );
    assert_eq!(
        REASONS.iter().map(reason).collect::<BTreeSet<_>>(),
        first(5)
    );
}
