//! What happened, in the words of a scenario.

use std::fmt::Write;

use engine::core::{Answer, Effect, Event, Refusal, Reply, TierCause, Unassigned, apply, react};
use engine::io::Clock;
use engine::model::{Direction, OfficerId, OfficerSet, Standing, Timestamp, VacancyId};
use engine::rules::Clause;

use super::super::words::Words;
use super::Stage;
use super::jobs::said_of_jobs;
use super::provisions::{limit, said_of_provisions};

impl Stage {
    /// Writes what became durable, as its followers are told.
    pub(super) fn hear(&mut self, output: &mut String) {
        while let Some(delivery) = self
            .house_mut()
            .follower
            .try_next()
            .expect("the engine goes on")
        {
            let Some(batch) = delivery.batch else {
                continue;
            };
            for record in &batch.records {
                apply(&mut self.house_mut().follower.state, record);
                let effects = react(self.state(), record);
                let is_anybody_choosy = !self.state().roster().provisions.preferences.is_empty();
                check_told(&record.events, &effects, is_anybody_choosy);
                for effect in effects {
                    let event = match &effect {
                        Effect::Happened { event, .. } | Effect::Written { event, .. } => {
                            Some(&record.events[*event])
                        }
                        _ => None,
                    };
                    self.say(&effect, event, output);
                }
                self.say_silent(&record.events, output);
            }
        }
    }

    /// Events that change no board and tell nobody.
    fn say_silent(&self, events: &[Event], output: &mut String) {
        for event in events {
            let said = said_of_provisions(self, event)
                .or_else(|| said_of_jobs(event))
                .or_else(|| self.said_of_denials(event));
            if let Some(said) = said {
                line(output, format_args!("{said}"));
            }
            self.say_terms(event, output);
            if let Event::CertificationExpired {
                officer,
                certification,
            } = event
            {
                let kind = self.state().roster().certifications.find(*certification);
                let kind = kind.map_or("?", |kind| kind.code.as_str());
                line(
                    output,
                    format_args!("certification-expired {} {kind}", self.badge(*officer)),
                );
            }
        }
    }

    fn say(&self, effect: &Effect, event: Option<&Event>, output: &mut String) {
        match effect {
            Effect::Happened { vacancy, .. } => {
                let event = event.expect("what happened is an event of the record");
                self.say_event(&self.name(*vacancy), event, output);
            }
            Effect::Offer { vacancy, round, to } if *round > 1 => {
                let (vacancy, to) = (self.name(*vacancy), self.badges(to));
                line(
                    output,
                    format_args!("offered {vacancy} round={round} to={to}"),
                );
            }
            Effect::Offer { vacancy, to, .. }
                if !self.state().roster().provisions.preferences.is_empty() =>
            {
                let (vacancy, to) = (self.name(*vacancy), self.badges(to));
                line(output, format_args!("pushed {vacancy} to={to}"));
            }
            Effect::Overlap {
                officer,
                vacancy,
                withdrawn,
            } => {
                let names: Vec<_> = withdrawn.iter().map(|id| self.name(*id)).collect();
                let (with, badge) = (self.name(*vacancy), self.badge(*officer));
                let names = names.join(",");
                line(
                    output,
                    format_args!("withdrawn {names} because=overlaps:{with} from={badge}"),
                );
            }
            // The first round's recipients stand in `tier-opened`, the winner in `awarded`.
            Effect::Offer { .. } | Effect::Assign { .. } => {}
            Effect::Withdraw {
                vacancy,
                because,
                from,
            } => {
                let (vacancy, from) = (self.name(*vacancy), self.badges(from));
                let because = match because {
                    Standing::Open => "amended",
                    over => standing(*over),
                };
                line(
                    output,
                    format_args!("withdrawn {vacancy} because={because} from={from}"),
                );
            }
            Effect::Unassign {
                vacancy,
                officer,
                because,
            } => {
                let because = match because {
                    Unassigned::Released => "released",
                    Unassigned::Recalled => "recalled",
                    Unassigned::Amended => "amended",
                    Unassigned::Unconfirmed => "unconfirmed",
                    Unassigned::Cancelled => "cancelled",
                    Unassigned::Reduced => "reduced",
                    Unassigned::Undone => "undone",
                };
                let (vacancy, badge) = (self.name(*vacancy), self.badge(*officer));
                line(
                    output,
                    format_args!("unassigned {vacancy} {badge} because={because}"),
                );
            }
            Effect::Amend {
                vacancy,
                confirm_by,
                to,
            } => {
                let (vacancy, to) = (self.name(*vacancy), self.badges(to));
                let said = match confirm_by {
                    Some(by) => format!("must-confirm {vacancy} by={} to={to}", phoenix(*by)),
                    None => format!("told {vacancy} to={to}"),
                };
                line(output, format_args!("{said}"));
            }
            Effect::ReadOrders {
                vacancy,
                version,
                to,
            } => {
                let (vacancy, to) = (self.name(*vacancy), self.badges(to));
                line(
                    output,
                    format_args!("must-read {vacancy} version={version} to={to}"),
                );
            }
            Effect::Attendance { vacancy, officer } => {
                let (vacancy, badge) = (self.name(*vacancy), self.badge(*officer));
                line(output, format_args!("told-attendance {vacancy} {badge}"));
            }
            Effect::Written {
                vacancy,
                officer,
                agencies,
                ..
            } => {
                let event = event.expect("what was written is an event of the record");
                self.say_written((*vacancy, event), *officer, agencies, output);
            }
            // That a slot is kept stands in `kept`.
            Effect::Keep { .. } => {}
            Effect::Lose { .. } | Effect::Pass { .. } | Effect::EndWait { .. } => {
                if let Some(said) = self.say_award_effect(effect) {
                    line(output, format_args!("{said}"));
                }
            }
            Effect::Flag {
                vacancy,
                officer,
                clause,
            } => {
                let (vacancy, badge) = (self.name(*vacancy), self.badge(*officer));
                let clause = self.clause(*clause);
                line(
                    output,
                    format_args!("flagged {vacancy} {badge} because={clause}"),
                );
            }
        }
    }

    fn say_event(&self, vacancy: &str, event: &Event, output: &mut String) {
        match event {
            Event::TierOpened {
                tier,
                because,
                recipients,
                ..
            } => {
                let because = match because {
                    TierCause::Published => "published",
                    TierCause::NoEligibleOfficer => "no-eligible-officer",
                    TierCause::AllDeclined => "all-declined",
                    TierCause::WindowElapsed => "window-elapsed",
                    TierCause::Coordinator => "coordinator",
                    TierCause::StartNear => "start-near",
                };
                let to = self.badges(recipients);
                let said =
                    format_args!("tier-opened {vacancy} tier={tier} because={because} to={to}");
                line(output, said);
            }
            Event::Awarded {
                slot,
                officer,
                cover,
                place,
                ..
            } => {
                let badge = self.badge(*officer);
                let cover = self.state().roster().agreements.find(*cover);
                let cover = cover.map_or("?", |cover| cover.code.as_str());
                line(
                    output,
                    format_args!(
                        "awarded {vacancy} slot={slot} {badge} place={place} cover={cover}"
                    ),
                );
            }
            Event::Expired { .. } => line(output, format_args!("expired {vacancy}")),
            Event::Cancelled { reason, .. } => {
                line(output, format_args!("cancelled {vacancy} \"{reason}\""));
            }
            Event::Punched { punch, .. } => {
                let badge = self.badge(punch.officer);
                let on_site = match punch.on_site {
                    Some(true) => "on-site",
                    Some(false) => "off-site",
                    None => "no-position",
                };
                let verb = match punch.direction {
                    Direction::In => "punched-in",
                    Direction::Out => "punched-out",
                };
                line(output, format_args!("{verb} {vacancy} {badge} {on_site}"));
            }
            Event::Amended(amendment) => {
                line(
                    output,
                    format_args!("amended {vacancy} round={}", amendment.round),
                );
            }
            Event::Reconfirmed { officer, receipt } => {
                let (slot, badge) = (receipt.slot, self.badge(*officer));
                line(
                    output,
                    format_args!("reconfirmed {vacancy} slot={slot} {badge}"),
                );
            }
            Event::Lapsed(lapse) => {
                let badges = self.badges(&lapse.officers);
                line(output, format_args!("lapsed {vacancy} {badges}"));
            }
            Event::Offered { recipients, .. } => {
                let to = self.badges(recipients);
                line(output, format_args!("offered-later {vacancy} to={to}"));
            }
            Event::LastTierApproved(approved) => {
                let (by, to) = (&approved.approved_by, self.badges(&approved.recipients));
                line(
                    output,
                    format_args!("last-tier-approved {vacancy} by=\"{by}\" to={to}"),
                );
            }
            other => match self.say_award(vacancy, other) {
                Some(said) => line(output, format_args!("{said}")),
                None => self.say_afterwards(vacancy, other, output),
            },
        }
    }

    pub(super) fn say_reply(&self, words: &Words<'_>, reply: &Reply, output: &mut String) {
        let verb = words.word(0);
        match reply {
            Ok(Answer::Won(receipt)) if verb == "accept" => {
                let (vacancy, badge) = (words.word(1), words.word(2));
                let (slot, sequence) = (receipt.slot, receipt.sequence);
                let said = format_args!("won {vacancy} {badge} slot={slot} log={sequence}");
                line(output, said);
            }
            Ok(answer) => {
                if let Some(said) = self.say_award_answer(words, answer) {
                    line(output, format_args!("{said}"));
                }
            }
            Err(refused) => {
                let what = match verb {
                    "accept" | "decline" | "release" | "punch-in" | "punch-out" | "acknowledge"
                    | "undo" | "standby" | "leave-standby" => {
                        format!("{} {}", words.word(1), words.word(2))
                    }
                    _ => format!("{verb} {}", words.word(1)),
                };
                let mut reason = self.refusal(&refused.refusal);
                if let Some(place) = refused.place {
                    let _ = write!(reason, " place={place}");
                }
                line(output, format_args!("refused {what} {reason}"));
            }
        }
    }

    pub(super) fn refusal(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::Filled => "filled".to_owned(),
            Refusal::Cancelled => "cancelled".to_owned(),
            Refusal::Expired => "expired".to_owned(),
            Refusal::NotOffered => "not-offered".to_owned(),
            Refusal::RankFilled => "rank-filled".to_owned(),
            Refusal::NotHolder => "not-holder".to_owned(),
            Refusal::NotAllowed => "not-allowed".to_owned(),
            Refusal::NotEligible { clause } => format!("not-eligible:{}", self.clause(*clause)),
            Refusal::Overlaps { with } => format!("overlaps:{}", self.name(*with)),
            Refusal::NoFurtherTier => "no-further-tier".to_owned(),
            Refusal::Amended => "amended".to_owned(),
            Refusal::SlotHeld { slot } => format!("slot-held:{slot}"),
            Refusal::Unchanged => "unchanged".to_owned(),
            Refusal::BidsClosed => "bids-closed".to_owned(),
            Refusal::KeptForStandby => "kept-for-standby".to_owned(),
            Refusal::NotUndoable => "not-undoable".to_owned(),
            Refusal::NoStandby => "no-standby".to_owned(),
            Refusal::StillOpen => "still-open".to_owned(),
            Refusal::NotWaiting => "not-waiting".to_owned(),
            Refusal::Seed => "seed".to_owned(),
            Refusal::Denied => "denied".to_owned(),
            Refusal::Busy { retry_after_ms } => format!("busy retry-after={retry_after_ms}ms"),
            other => format!("\"{other}\""),
        }
    }

    pub(super) fn why(&self, words: &Words<'_>, output: &mut String) {
        let (officer, vacancy) = (self.officer(words.word(1)), self.vacancy(words.word(2)));
        let row = self
            .state()
            .vacancy(vacancy)
            .expect("the vacancy was published");
        let at = self.state().at().max(self.clock.now());
        let clauses = self
            .state()
            .why(row, officer, at)
            .expect("the officer is known");
        for (clause, holds) in clauses {
            let mark = if holds { "yes" } else { "no" };
            line(output, format_args!("{} {mark}", self.clause(clause)));
        }
    }

    pub(super) fn holders(&self, words: &Words<'_>, output: &mut String) {
        let vacancy = self.vacancy(words.word(1));
        let row = self
            .state()
            .vacancy(vacancy)
            .expect("the vacancy was published");
        let holders: OfficerSet = row.holders().map(|holder| holder.officer).collect();
        let (standing, round) = (standing(row.standing), row.round);
        let holders = self.badges(&holders);
        let name = words.word(1);
        let moved = row.moved.as_ref();
        let unconfirmed = moved.map(|moved| &moved.unconfirmed);
        let unconfirmed = match unconfirmed.filter(|officers| !officers.is_empty()) {
            Some(officers) => format!(" unconfirmed={}", self.badges(officers)),
            None => String::new(),
        };
        line(
            output,
            format_args!("{name} {standing} round={round} holders={holders}{unconfirmed}"),
        );
    }

    pub(super) fn clause(&self, clause: Clause) -> String {
        match clause {
            Clause::LeadOrPact => "lead-or-pact".to_owned(),
            Clause::Cover => "cover".to_owned(),
            Clause::NotSuspended => "not-suspended".to_owned(),
            Clause::Class => "class".to_owned(),
            Clause::Certified(kind) => {
                let kind = self.state().roster().certifications.find(kind);
                format!("certified:{}", kind.map_or("?", |kind| kind.code.as_str()))
            }
            Clause::Approved => "approved".to_owned(),
            Clause::Rank => "rank".to_owned(),
            Clause::Available => "available".to_owned(),
            Clause::NotExcluded => "not-excluded".to_owned(),
            Clause::Free => "free".to_owned(),
            Clause::JobApproved => "job-approved".to_owned(),
            Clause::Preferred | Clause::Hours { .. } | Clause::Rest { .. } => limit(clause),
        }
    }

    pub(super) fn name(&self, id: VacancyId) -> String {
        let key = self.state().vacancy(id).map(|row| row.posting.key);
        let name = self
            .vacancies
            .iter()
            .find(|(_, named)| Some(**named) == key);
        name.map_or_else(|| "?".to_owned(), |(name, _)| name.clone())
    }

    pub(super) fn badge(&self, id: OfficerId) -> String {
        let officer = self.state().roster().officers.find(id);
        officer.map_or_else(|| "?".to_owned(), |officer| officer.badge.to_string())
    }

    pub(super) fn badges(&self, officers: &OfficerSet) -> String {
        let mut badges: Vec<String> = officers.iter().map(|officer| self.badge(officer)).collect();
        badges.sort();
        if badges.is_empty() {
            "none".to_owned()
        } else {
            badges.join(",")
        }
    }
}

/// Whoever is given a slot or keeps it is told, and nobody is nobody. Unless somebody prefers other
/// work, a tier that opens is offered to everybody whom its event names.
fn check_told(events: &[Event], effects: &[Effect], is_anybody_choosy: bool) {
    let asked = events.iter().filter_map(|event| match event {
        Event::TierOpened {
            vacancy,
            recipients,
            ..
        } => Some((*vacancy, recipients)),
        Event::LastTierApproved(approved) => Some((approved.vacancy, &approved.recipients)),
        _ => None,
    });
    for (asked_of, asked) in asked.filter(|(_, asked)| !asked.is_empty()) {
        let is_told = effects.iter().any(|effect| match effect {
            Effect::Offer { vacancy, to, .. } => *vacancy == asked_of && to == asked,
            _ => false,
        });
        assert!(is_told || is_anybody_choosy, "who is asked is told");
    }
    let given = |event: &&Event| matches!(event, Event::Awarded { .. } | Event::Reconfirmed { .. });
    let told = |effect: &&Effect| matches!(effect, Effect::Assign { .. });
    let (given, told) = (events.iter().filter(given), effects.iter().filter(told));
    // Who moves up behind a slot that went is told its number, and was given nothing.
    let moves_up = events
        .iter()
        .any(|event| matches!(event, Event::Reduced(_)));
    assert!(
        given.count() == told.count() || moves_up,
        "who has a slot is told"
    );
    let is_idle = |effect: &Effect| match effect {
        Effect::Offer { to, .. } | Effect::Amend { to, .. } => to.is_empty(),
        Effect::Withdraw { from, .. } => from.is_empty(),
        _ => false,
    };
    assert!(!effects.iter().any(is_idle), "nobody is told: {effects:?}");
}

/// `mon/07:00`, the time in Phoenix.
pub(super) fn phoenix(at: Timestamp) -> String {
    let zone = jiff::tz::TimeZoneDatabase::bundled()
        .get("America/Phoenix")
        .expect("a known zone");
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).expect("a time in range");
    let text = at.to_zoned(zone).strftime("%a/%H:%M").to_string();
    text.to_lowercase()
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "open",
        Standing::Filled => "filled",
        Standing::Cancelled => "cancelled",
        Standing::Expired => "expired",
    }
}

pub(super) fn line(output: &mut String, said: std::fmt::Arguments<'_>) {
    output.push_str(&said.to_string());
    output.push('\n');
}
