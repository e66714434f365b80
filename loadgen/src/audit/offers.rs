//! Whether only those were asked who may come.

use super::holds::Holds;
use super::{Audit, BreachKind, at, key};
use crate::ledger::{Answer, HeardWhat, Ledger, VacancyNo};
use crate::world::World;

/// Offers and awards to somebody who was not eligible by the world as it stood at that record,
/// or was offered something while holding an assignment that overlaps it.
pub(super) fn ineligible(ledger: &Ledger, holds: &Holds, audit: &mut Audit) {
    let mut world = ledger.world.clone();
    let changes = ledger.roster_changes();
    let mut next_change = 0;
    for claim in claims(ledger) {
        while let Some((sequence, made)) = changes.get(next_change)
            && *sequence < claim.sequence
        {
            world.follow(made);
            next_change += 1;
        }
        judge(ledger, &world, holds, &claim, audit);
    }
}

/// A record by which somebody must have been eligible.
struct Claim {
    sequence: u64,
    /// The officer's place in the ledger.
    officer: usize,
    vacancy: VacancyNo,
    /// The log's own time of the record, microseconds since the epoch.
    record_at_us: i64,
    /// When the officer heard of it.
    heard_us: u64,
    what: ClaimWhat,
}

enum ClaimWhat {
    /// An offer that was news when it was made.
    Offered {
        tier: u8,
    },
    /// An offer stated in a state sync, which may be older than the roster of that moment.
    Stated,
    Awarded,
}

fn claims(ledger: &Ledger) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (officer, book) in ledger.officers.iter().enumerate() {
        let mut stating = false;
        for heard in &book.heard {
            match heard.what {
                HeardWhat::Up { resumed } => stating = !resumed,
                HeardWhat::Synced => stating = false,
                HeardWhat::Offered {
                    tier,
                    offered_at_us,
                    ..
                } => claims.push(Claim {
                    sequence: heard.sequence,
                    officer,
                    vacancy: heard.vacancy,
                    record_at_us: offered_at_us,
                    heard_us: heard.at_us,
                    what: match stating {
                        true => ClaimWhat::Stated,
                        false => ClaimWhat::Offered { tier },
                    },
                }),
                _ => {}
            }
        }
        for ask in &book.asks {
            if let Some(Answer::Won {
                sequence,
                awarded_at_us,
                ..
            }) = ask.answer
            {
                claims.push(Claim {
                    sequence,
                    officer,
                    vacancy: ask.vacancy,
                    record_at_us: awarded_at_us,
                    heard_us: ask.answered_us,
                    what: ClaimWhat::Awarded,
                });
            }
        }
    }
    claims.sort_by_key(|claim| claim.sequence);
    claims
}

fn judge(ledger: &Ledger, world: &World, holds: &Holds, claim: &Claim, audit: &mut Audit) {
    let book = &ledger.officers[claim.officer];
    let facts = &ledger.vacancies[claim.vacancy.index()];
    let because = match world.judge(&book.badge, facts, claim.record_at_us) {
        Err(reason) => match claim.what {
            ClaimWhat::Stated => {
                let before = &ledger.world;
                match before.judge(&book.badge, facts, claim.record_at_us) {
                    Ok(_) => None,
                    Err(_) => Some(reason),
                }
            }
            ClaimWhat::Offered { .. } | ClaimWhat::Awarded => Some(reason),
        },
        Ok(expected) => match claim.what {
            ClaimWhat::Offered { tier } if tier != expected => Some(format!(
                "the officer belongs to tier {expected} and was asked in tier {tier}"
            )),
            ClaimWhat::Offered { .. } => engaged(ledger, holds, claim),
            ClaimWhat::Stated | ClaimWhat::Awarded => None,
        },
    };
    if let Some(because) = because {
        let done = match claim.what {
            ClaimWhat::Offered { tier } => format!("was offered in tier {tier}"),
            ClaimWhat::Stated => "was offered in a state sync".to_owned(),
            ClaimWhat::Awarded => "was awarded".to_owned(),
        };
        audit.add(BreachKind::IneligibleOffer, || {
            format!(
                "{} {done} {} at sequence {} (heard at {}), but {because}.",
                book.badge,
                key(ledger, claim.vacancy),
                claim.sequence,
                at(claim.heard_us),
            )
        });
    }
}

/// The assignment that stands in the way of an offer, as a sentence.
fn engaged(ledger: &Ledger, holds: &Holds, claim: &Claim) -> Option<String> {
    let facts = &ledger.vacancies[claim.vacancy.index()];
    let held = holds.of_officer(claim.officer).iter();
    let mut standing = held.filter(|hold| hold.stands_at(claim.sequence));
    let hold = standing.find(|hold| ledger.vacancies[hold.vacancy.index()].overlaps(facts))?;
    Some(format!(
        "the officer held {} since sequence {}, which overlaps it",
        key(ledger, hold.vacancy),
        hold.from
    ))
}
