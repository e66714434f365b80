//! Lines about who may not come in, and what is heard of it.

use engine::core::{Body, Event, NewBearer, NewDenial};
use engine::io::Clock;
use engine::model::{Bearer, DenialReason};

use super::super::words::{Words, duration_ms};
use super::Stage;
use super::say::phoenix;

impl Stage {
    /// `deny BEARER [for=10m] [reason=left]`, `admit BEARER`.
    pub(super) fn denial(&self, words: &Words<'_>) -> Body {
        let bearer = self.bearer(words.word(1));
        if words.word(0) == "admit" {
            return Body::Admit(Box::new(bearer));
        }
        let now = self.state().at().max(self.clock.now());
        let until = words.named("for");
        Body::Deny(Box::new(NewDenial {
            bearer,
            reason: match words.named("reason") {
                None | Some("device-lost") => DenialReason::DeviceLost,
                Some("exposed") => DenialReason::Exposed,
                Some("left") => DenialReason::Left,
                Some("misuse") => DenialReason::Misuse,
                Some(_) => DenialReason::Other,
            },
            until: until.map(|length| now.plus_ms(duration_ms(length))),
        }))
    }

    /// A badge, `NAME@AGENCY`, `operator:NAME`, `key:ID` or `device:KEY`.
    fn bearer(&self, text: &str) -> NewBearer {
        match (text.split_once(':'), text.split_once('@')) {
            (Some(("key", id)), _) => NewBearer::SigningKey(id.to_owned()),
            (Some(("device", key)), _) => NewBearer::Device(key.to_owned()),
            (Some((_, name)), _) => NewBearer::Subject {
                agency: None,
                name: name.to_owned(),
            },
            (None, Some((name, agency))) => NewBearer::Subject {
                agency: Some(agency.to_owned()),
                name: name.to_owned(),
            },
            (None, None) => NewBearer::Officer {
                badge: text.to_owned(),
            },
        }
    }

    /// What is heard of denials by whoever reads the log.
    pub(super) fn said_of_denials(&self, event: &Event) -> Option<String> {
        match event {
            Event::Denied(denied) => {
                let (who, denial) = (self.known_by(&denied.bearer), denied.denial);
                let until = denial
                    .until
                    .map(|until| format!(" until={}", phoenix(until)));
                let reason = format!("{:?}", denial.reason);
                Some(format!(
                    "denied {who} {reason}{}",
                    until.unwrap_or_default()
                ))
            }
            Event::Admitted(bearer) => Some(format!("admitted {}", self.known_by(bearer))),
            _ => None,
        }
    }

    fn known_by(&self, bearer: &Bearer) -> String {
        match bearer {
            Bearer::Officer(officer) => self.badge(*officer),
            Bearer::Subject {
                agency: Some(agency),
                name,
            } => {
                let row = self.state().roster().agencies.find(*agency);
                format!("{name}@{}", row.map_or("?", |row| row.code.as_str()))
            }
            Bearer::Subject { agency: None, name } => format!("operator:{name}"),
            Bearer::SigningKey(id) => format!("key:{id}"),
            Bearer::Device(key) => format!("device:{key}"),
        }
    }
}
