//! What follows an award, with names for numbers: structured, and in a line for people.

use std::fmt;

use engine::core::{Event, Reduction, Removed, State};
use serde::Serialize;

use super::names::{Names, rank};
use crate::show;

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Afterwards {
    Reduced {
        vacancy: String,
        removed: Vec<RemovedSlot>,
        /// Start and end of each segment as it stood, in microseconds since the epoch.
        scheduled_us: Vec<(i64, i64)>,
        reason: String,
        withdrawn: Vec<String>,
    },
    NoShow {
        vacancy: String,
        slot: u16,
        badge: String,
        /// The vacancy published for the rest of the work.
        again: Option<String>,
    },
    Corrected {
        vacancy: String,
        badge: String,
        correction: protocol::Mended,
        reason: String,
    },
    Noted {
        vacancy: String,
        note: protocol::Note,
    },
    Acknowledged {
        vacancy: String,
        badge: String,
        version: u32,
    },
    Reminded {
        vacancy: String,
        version: u32,
        badges: Vec<String>,
    },
    Said {
        vacancy: String,
        message: protocol::Message,
    },
    Shelved {
        vacancy: String,
    },
}

/// A slot that was taken away.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct RemovedSlot {
    slot: u16,
    rank: &'static str,
    badge: Option<String>,
}

/// Tells an event of what follows an award with the names that `state` has.
pub(super) fn tell(state: &State, event: &Event) -> Afterwards {
    let names = Names(state);
    match event {
        Event::Reduced(reduction) => reduced(names, reduction),
        Event::NoShow {
            vacancy,
            slot,
            officer,
            again,
        } => Afterwards::NoShow {
            vacancy: names.vacancy(*vacancy),
            slot: *slot,
            badge: names.officer(*officer),
            again: again.map(|id| names.vacancy(id)),
        },
        Event::Corrected {
            vacancy,
            correction,
        } => Afterwards::Corrected {
            vacancy: names.vacancy(*vacancy),
            badge: names.officer(correction.officer),
            correction: dispatcher::mended(correction.mended),
            reason: correction.reason.to_string(),
        },
        Event::Noted { vacancy, note } => {
            let count = state
                .journal(*vacancy)
                .map_or(0, |journal| journal.notes.len());
            Afterwards::Noted {
                vacancy: names.vacancy(*vacancy),
                note: dispatcher::note(state, last(count), note),
            }
        }
        Event::Acknowledged {
            vacancy,
            officer,
            version,
        } => Afterwards::Acknowledged {
            vacancy: names.vacancy(*vacancy),
            badge: names.officer(*officer),
            version: *version,
        },
        Event::Reminded {
            vacancy,
            version,
            officers,
        } => Afterwards::Reminded {
            vacancy: names.vacancy(*vacancy),
            version: *version,
            badges: names.officers(officers),
        },
        Event::Said { vacancy, message } => {
            let count = state
                .journal(*vacancy)
                .map_or(0, |journal| journal.messages.len());
            Afterwards::Said {
                vacancy: names.vacancy(*vacancy),
                message: dispatcher::message(state, last(count), message),
            }
        }
        Event::Shelved { vacancy } => Afterwards::Shelved {
            vacancy: names.vacancy(*vacancy),
        },
        other => unreachable!("`tell` sends only what follows an award here: {other:?}"),
    }
}

/// The number of the last of so many: `state` is the one that the record led to.
fn last(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_sub(1)
}

fn reduced(names: Names<'_>, reduction: &Reduction) -> Afterwards {
    let slot = |removed: &Removed| RemovedSlot {
        slot: removed.slot,
        rank: rank(removed.rank),
        badge: removed.holder.map(|officer| names.officer(officer)),
    };
    let spans = reduction.scheduled.iter();
    Afterwards::Reduced {
        vacancy: names.vacancy(reduction.vacancy),
        removed: reduction.removed.iter().map(slot).collect(),
        scheduled_us: spans
            .map(|span| (span.start.as_micros(), span.end.as_micros()))
            .collect(),
        reason: reduction.reason.to_string(),
        withdrawn: names.officers(&reduction.withdrawn),
    }
}

impl fmt::Display for Afterwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Afterwards::Reduced {
                vacancy,
                removed,
                reason,
                ..
            } => {
                let slot = |slot: &RemovedSlot| {
                    let badge = slot.badge.as_deref().unwrap_or("open");
                    format!("slot {} {} ({badge})", slot.slot, slot.rank)
                };
                let slots: Vec<String> = removed.iter().map(slot).collect();
                write!(f, "reduced {vacancy} by {}: {reason:?}", slots.join(", "))
            }
            Afterwards::NoShow {
                vacancy,
                slot,
                badge,
                again,
            } => {
                write!(f, "no-show {vacancy} slot {slot} of {badge}")?;
                match again {
                    Some(again) => write!(f, "; the rest is {again}"),
                    None => Ok(()),
                }
            }
            Afterwards::Corrected {
                vacancy,
                badge,
                correction,
                reason,
            } => {
                let correction = show::mended(correction);
                write!(
                    f,
                    "corrected {vacancy} of {badge}: {correction}, {reason:?}"
                )
            }
            Afterwards::Noted { vacancy, note } => {
                write!(f, "noted {vacancy} {}", show::note(note))
            }
            Afterwards::Acknowledged {
                vacancy,
                badge,
                version,
            } => write!(f, "acknowledged {vacancy} version {version} by {badge}"),
            Afterwards::Reminded {
                vacancy,
                version,
                badges,
            } => {
                let badges = badges.join(", ");
                write!(f, "reminded {vacancy} version {version} → {badges}")
            }
            Afterwards::Said { vacancy, message } => {
                write!(f, "said {vacancy} {}", show::message(message))
            }
            Afterwards::Shelved { vacancy } => {
                write!(
                    f,
                    "shelved {vacancy}: its notes and messages are in the log only"
                )
            }
        }
    }
}
