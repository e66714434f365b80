//! A sample of every refusal that is written down.

use engine::core::{Invalid, Kind, Refusal, Refused};
use engine::model::{CertificationId, VacancyId};
use engine::rules::Clause;

use crate::samples::{self, NINE};
use crate::{jobs, publication};

pub(crate) fn all() -> Vec<(String, Refused)> {
    let kinds = [
        Kind::Agency,
        Kind::Agreement,
        Kind::Certification,
        Kind::Programme,
        Kind::Site,
        Kind::Officer,
        Kind::Pact,
        Kind::Vacancy,
        Kind::Grant,
        Kind::Slot,
        Kind::Punch,
        Kind::Correction,
        Kind::District,
        Kind::Lift,
        Kind::Bid,
        Kind::Standby,
        Kind::Job,
        Kind::Denial,
    ];
    let name = || "saguaro".into();
    let unknown = kinds.map(|kind| Refusal::Unknown { kind, code: name() });
    let senseless = senseless().map(Refusal::Invalid);
    let clause = Clause::Certified(CertificationId(1));
    let others = [
        Refusal::RequestReused,
        Refusal::NotAllowed,
        Refusal::AlreadyExists {
            kind: Kind::Agency,
            code: name(),
        },
        Refusal::LimitReached {
            kind: Kind::Officer,
            limit: 1_000_000,
        },
        Refusal::Filled,
        Refusal::Cancelled,
        Refusal::Expired,
        Refusal::NotOffered,
        Refusal::NotEligible { clause },
        Refusal::Overlaps { with: VacancyId(6) },
        Refusal::RankFilled,
        Refusal::NotHolder,
        Refusal::NoFurtherTier,
        Refusal::Busy { retry_after_ms: 50 },
        Refusal::Amended,
        Refusal::SlotHeld { slot: 2 },
        Refusal::Unchanged,
        Refusal::TooFewSlots { ordinary: 3 },
        Refusal::NotStarted,
        Refusal::ClockedIn,
        Refusal::OtherOrders { version: 2 },
        Refusal::Full { limit: 32 },
        Refusal::Shelved,
        Refusal::NoLastTier,
        Refusal::TiersLeft,
        Refusal::BidsClosed,
        Refusal::KeptForStandby,
        Refusal::NotUndoable,
        Refusal::NoStandby,
        Refusal::StillOpen,
        Refusal::NotWaiting,
        Refusal::Seed,
        Refusal::Denied,
        Refusal::TooLong { bytes: 17_924_149 },
    ];
    let name_of = |value: &Refusal| match value {
        Refusal::Invalid(inner) => format!("invalid-{}", samples::invalid(inner)),
        Refusal::Job(inner) => format!("job-{}", jobs::refusal(inner)),
        Refusal::Unknown { kind: inner, .. } => format!("unknown-{}", samples::kind(inner)),
        other => samples::refusal(other).to_owned(),
    };
    let plain = unknown.into_iter().chain(senseless).chain(others);
    let plain = plain.chain(publication::refusals());
    let plain = plain.chain(jobs::refusals());
    let mut samples: Vec<(String, Refused)> = plain
        .map(|value| (name_of(&value), Refused::from(value)))
        .collect();
    let of_a_race = Refused {
        refusal: Refusal::Filled,
        place: Some(4),
        filled_at: Some(NINE),
    };
    samples.push(("Filled-in-a-race".to_owned(), of_a_race));
    samples
}

fn senseless() -> impl Iterator<Item = Invalid> {
    [
        Invalid::Code("no code".into()),
        Invalid::Name,
        Invalid::PostOrders,
        Invalid::Reason,
        Invalid::Segments,
        Invalid::SegmentOrder,
        Invalid::Slots,
        Invalid::Windows,
        Invalid::InThePast,
        Invalid::Zone("Mars/Olympus".into()),
        Invalid::Position,
        Invalid::Validity,
        Invalid::Availability,
        Invalid::Pact,
        Invalid::Cover("saguaro-msa".into()),
        Invalid::Changes,
        Invalid::ConfirmWithin,
        Invalid::Publications,
        Invalid::Terms,
        Invalid::Round,
        Invalid::OpensBefore,
        Invalid::Grant,
        Invalid::Reduction,
        Invalid::Rest,
        Invalid::Correction,
        Invalid::Text,
        Invalid::Attachments,
        Invalid::Limits,
        Invalid::Lift,
        Invalid::Preferences,
        Invalid::LastTier,
        Invalid::ApprovedBy,
        Invalid::Award,
        Invalid::Date,
        Invalid::Job,
        Invalid::JobBy,
        Invalid::JobRules,
        Invalid::Ladders,
    ]
    .into_iter()
}
