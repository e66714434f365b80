//! Messages about who may not come in, and about tokens that are bound to a device.

use protocol::*;

use super::{NINE_US, badge, hello, refused};

pub(super) fn openings() -> Vec<(String, ClientMessage)> {
    let ClientMessage::Hello(hello) = hello(None) else {
        unreachable!("a hello is one");
    };
    let proof = (0..64).collect();
    let bound = ClientMessage::HelloBound { hello, proof };
    vec![("hello-bound".to_owned(), bound)]
}

pub(super) fn asks() -> Vec<(&'static str, Ask)> {
    let add = |who, reason, until_us| DenialAsk::Add {
        who,
        reason,
        until_us,
    };
    let [officer, subject, operator, key, device] = bearers();
    let asked = [
        (
            "denial-add",
            add(officer, DenialReason::DeviceLost, Some(NINE_US)),
        ),
        ("denial-add-subject", add(subject, DenialReason::Left, None)),
        (
            "denial-add-operator",
            add(operator, DenialReason::Other, None),
        ),
        ("denial-add-key", add(key, DenialReason::Exposed, None)),
        ("denial-add-device", add(device, DenialReason::Misuse, None)),
        (
            "denial-remove",
            DenialAsk::Remove {
                who: bearers()[0].clone(),
            },
        ),
        ("denial-list", DenialAsk::List { from: 256 }),
    ];
    asked
        .map(|(name, asked)| (name, Ask::Denial(Box::new(asked))))
        .into()
}

pub(super) fn outcomes() -> Vec<(&'static str, Outcome)> {
    let denial = |who| Denial {
        who,
        reason: DenialReason::Exposed,
        since_us: NINE_US,
        until_us: Some(NINE_US + 1),
    };
    let denials = bearers().map(denial).into();
    vec![
        ("denials", Outcome::Denials { denials }),
        (
            "denials-none",
            Outcome::Denials {
                denials: Vec::new(),
            },
        ),
        (
            "lost-denied",
            Outcome::Lost(refused(RefusalCode::Denied, None)),
        ),
    ]
}

pub(super) fn farewells() -> Vec<(String, ServerMessage)> {
    let denied = ServerMessage::GoAway {
        because: GoAway::Denied,
        reconnect_after_ms: 60_000,
    };
    vec![("go-away-denied".to_owned(), denied)]
}

fn bearers() -> [Bearer; 5] {
    let subject = |agency: Option<&str>, name: &str| Bearer::Subject {
        agency: agency.map(str::to_owned),
        name: name.to_owned(),
    };
    [
        Bearer::Officer { badge: badge() },
        subject(Some("saguaro"), "night desk"),
        subject(None, "operator"),
        Bearer::SigningKey {
            id: "0123456789abcdef".to_owned(),
        },
        Bearer::Device {
            key: "0123456789abcdef".repeat(4),
        },
    ]
}
