//! Award rules: what a line asks, and what became of bids and the standby list.

use std::fmt::Write;

use engine::core::{Answer, Body, Effect, Event, WaitEnd, Waited};
use engine::model::{AwardRule, Collect, Criterion, Promise, Seed, Term};
use engine::rules::award::promise;

use super::super::words::{Words, duration_ms};
use super::Stage;
use super::say::phoenix;

/// Draws that the seeds of a scenario are made for.
const DRAWS: u8 = 3;

impl Stage {
    /// `bids-until=mon/06:00` or `fairness=500ms`, `rank-by=seniority,hours:30d,lottery:10m`,
    /// `undo=2m`, `standby=10m`.
    pub(super) fn award_terms(&self, words: &Words<'_>) -> Vec<Term> {
        let until = words.named("bids-until").map(|at| {
            let (day, hour) = at.split_once('/').expect("`day/hh:mm`");
            Collect::Until(self.local(day, hour, "America/Phoenix"))
        });
        let fairness = words.named("fairness").map(|window| Collect::Fairness {
            window_ms: duration_ms(window),
        });
        let criterion = |rule: &str| {
            let (rule, of) = rule.split_once(':').unwrap_or((rule, "10m"));
            match rule {
                "seniority" => Criterion::Seniority,
                "hours" => Criterion::FewestHours {
                    period_ms: duration_ms(of),
                },
                "rotation" => Criterion::Rotation,
                "lottery" => Criterion::Lottery {
                    promise: promise(seed(words.word(1), 1)),
                    reveal_within_ms: duration_ms(of),
                },
                _ => panic!("`{rule}` ranks nobody"),
            }
        };
        let ranked_by = words.list("rank-by").into_iter().map(criterion).collect();
        let rule = until
            .or(fairness)
            .map(|collect| AwardRule { collect, ranked_by });
        let undo = words.named("undo").map(|within| Term::Undo {
            within_ms: duration_ms(within),
        });
        let standby = words.named("standby").map(|within| Term::Standby {
            confirm_within_ms: duration_ms(within),
        });
        let award = rule.map(|rule| Term::Award(Box::new(rule)));
        award.into_iter().chain(undo).chain(standby).collect()
    }

    /// `reveal V [draw=2]`; a wrong seed is that of another vacancy: `reveal V seed=v9`.
    pub(super) fn reveal(&self, words: &Words<'_>) -> Body {
        let draw = words
            .named("draw")
            .map_or(1, |n| n.parse().expect("a number"));
        let of = words.named("seed").unwrap_or(words.word(1));
        Body::Reveal {
            vacancy: self.vacancy(words.word(1)),
            seed: seed(of, draw),
        }
    }

    /// What happened to bids and the standby list; nothing of other events.
    pub(super) fn say_award(&self, vacancy: &str, event: &Event) -> Option<String> {
        Some(match event {
            Event::BidsClosed { reveal_by, .. } => {
                format!("bids-closed {vacancy} reveal-by={}", phoenix(*reveal_by))
            }
            Event::Ranked(ranking) => {
                let order = ranking.order.iter().map(|one| self.badge(*one));
                let order = order.collect::<Vec<_>>().join(",");
                let lots = match ranking.seed {
                    Some(_) => " by-lot",
                    None => "",
                };
                format!("ranked {vacancy} {order}{lots}")
            }
            Event::SlotKept {
                slot,
                officer,
                until,
                ..
            } => {
                let (badge, until) = (self.badge(*officer), phoenix(*until));
                format!("kept {vacancy} slot={slot} {badge} until={until}")
            }
            _ => return None,
        })
    }

    /// Who is told what about bids and the standby list.
    pub(super) fn say_award_effect(&self, effect: &Effect) -> Option<String> {
        Some(match effect {
            Effect::Lose {
                vacancy,
                missed,
                bids,
            } => {
                let (vacancy, badge) = (self.name(*vacancy), self.badge(missed.officer));
                let why = self.refusal(&missed.refusal);
                format!(
                    "lost {vacancy} {badge} {why} place={} of={bids}",
                    missed.place
                )
            }
            Effect::Pass { vacancy, officer } => {
                let (vacancy, badge) = (self.name(*vacancy), self.badge(*officer));
                format!("passed {vacancy} {badge}")
            }
            Effect::EndWait {
                vacancy,
                waited,
                because,
                to,
            } => {
                let (vacancy, of) = (self.name(*vacancy), self.badges(to));
                let what = match waited {
                    Waited::Kept => "kept-ended",
                    Waited::Bid => "bids-ended",
                    Waited::Standby => "standby-ended",
                };
                let because = match because {
                    WaitEnd::Cancelled => "cancelled",
                    WaitEnd::Expired => "expired",
                    WaitEnd::Amended => "amended",
                    WaitEnd::Reduced => "reduced",
                };
                format!("{what} {vacancy} because={because} of={of}")
            }
            _ => return None,
        })
    }

    /// A good answer about a bid or the standby list.
    pub(super) fn say_award_answer(&self, words: &Words<'_>, answer: &Answer) -> Option<String> {
        let (vacancy, badge) = (words.word(1), words.words_from(2).first()?);
        let mut said = String::new();
        match answer {
            Answer::Bid {
                place, closes_at, ..
            } => {
                let closes = phoenix(*closes_at);
                write!(said, "in {vacancy} {badge} place={place} closes={closes}").ok()?;
            }
            Answer::Standby { place, .. } => {
                write!(said, "standby {vacancy} {badge} place={place}").ok()?;
            }
            Answer::Won(_) | Answer::Done { .. } => return None,
        }
        Some(said)
    }
}

/// The seed of a vacancy's first, second or third draw: each is the promise of the next.
fn seed(vacancy: &str, draw: u8) -> Seed {
    let mut last = [0; 32];
    last[..vacancy.len()].copy_from_slice(vacancy.as_bytes());
    let next = |seed: &Seed| {
        let Promise(next) = promise(*seed);
        Some(Seed(next))
    };
    let mut chain = std::iter::successors(Some(Seed(last)), next);
    let place = DRAWS.checked_sub(draw).expect("a scenario has few draws");
    chain.nth(place.into()).expect("it does not end")
}
