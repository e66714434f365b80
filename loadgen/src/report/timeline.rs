//! How a run went from moment to moment, and in each period that its workload tells apart.

use std::collections::BTreeSet;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::Percentiles;
use super::distribution::{histogram, percentiles, record};
use super::measure::{Moment, moments, publications};
use crate::ledger::{Answer, DeskAskWhat, HeardWhat, Ledger, OfficerAsk, OfficerAskWhat, SeenWhat};

/// A run in steps of equal length, from the plan's beginning on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// How long a step is, in microseconds.
    pub step_us: u64,
    /// The steps.
    pub steps: Vec<Step>,
}

/// What happened in one step. Latencies belong to the step in which their work was intended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Publications intended.
    pub publications: u64,
    /// Publications acknowledged.
    pub published: u64,
    /// Accepts intended, those of officers who cut their connection included.
    pub accepts: u64,
    /// Accepts answered.
    pub answered: u64,
    /// Offers heard as news.
    pub offers: u64,
    /// Requests told to come back later.
    pub busy: u64,
    /// Accepts that lost.
    pub lost: u64,
    /// Officers' requests refused for other reasons.
    pub refused: u64,
    /// Sessions that broke, by their officers' hands or otherwise.
    pub breaks: u64,
    /// Slots of the vacancies acknowledged so far.
    pub slots_published: u64,
    /// Awards of slots so far; a slot that was given back is awarded again.
    pub slots_awarded: u64,
    /// Accepts intended in this step: response time, in microseconds.
    pub accept_to_answer: Percentiles,
    /// Publications intended in this step: response time, in microseconds.
    pub publish_to_answer: Percentiles,
}

/// A part of a run that its workload tells apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// What it is called.
    pub name: String,
    /// Where it begins, in microseconds since the plan began.
    pub from_us: u64,
    /// The first microsecond after it.
    pub until_us: u64,
}

/// What a period came to. Requests are accepts and publications.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// What it is called.
    pub name: String,
    /// Where it begins, in microseconds since the plan began.
    pub from_us: u64,
    /// The first microsecond after it.
    pub until_us: u64,
    /// Publications intended in it.
    pub publications: u64,
    /// Requests intended in it.
    pub requests: u64,
    /// Requests intended in it, per 1,000 seconds.
    pub offered_per_ks: u64,
    /// Requests finally answered in it, per 1,000 seconds: the goodput.
    pub answered_per_ks: u64,
    /// How often requests intended in it were told to come back later.
    pub busy: u64,
    /// Publications intended in it and sent more than 10 ms late.
    pub late: u64,
    /// Accepts intended in it: response time, in microseconds.
    pub accept_to_answer: Percentiles,
    /// Publications intended in it: response time, in microseconds.
    pub publish_to_answer: Percentiles,
}

/// Steps of a timeline at most; longer runs have longer steps.
const STEPS_MAX: u64 = 200;

/// Lengths of a step that a person can read from an axis, in microseconds.
const STEP_LENGTHS_US: [u64; 13] = [
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    900_000_000,
    3_600_000_000,
];

/// Lays a run out in steps.
pub(super) fn timeline(ledger: &Ledger) -> Timeline {
    let origin_us = ledger.begun_us;
    let Some(length_us) = length_us(ledger, origin_us) else {
        return Timeline::default();
    };
    let longest = STEP_LENGTHS_US[STEP_LENGTHS_US.len() - 1];
    let mut lengths = STEP_LENGTHS_US.into_iter();
    let step_us = lengths.find(|step_us| length_us.div_ceil(*step_us) <= STEPS_MAX);
    let step_us = step_us.unwrap_or(longest);
    let mut axis = Axis {
        origin_us,
        step_us,
        steps: Vec::new(),
        accepts: Vec::new(),
        publications: Vec::new(),
    };
    let steps = length_us / step_us + 1;
    axis.steps = vec![Step::default(); usize::try_from(steps).unwrap_or(usize::MAX)];
    axis.accepts = vec![histogram(); axis.steps.len()];
    axis.publications = axis.accepts.clone();
    axis.enter_desks(ledger);
    axis.enter_officers(ledger);
    axis.close()
}

/// From the plan's beginning to the last answer.
fn length_us(ledger: &Ledger, origin_us: u64) -> Option<u64> {
    let asked = ledger.officers.iter().flat_map(|book| &book.asks);
    let asked = asked.map(|ask| ask.answered_us.max(ask.intended_us));
    let published = ledger.desks.iter().flat_map(|desk| &desk.asks);
    let published = published.filter(|ask| matches!(ask.what, DeskAskWhat::Publish(_)));
    let published = published.map(|ask| ask.answered_us.max(ask.intended_us));
    let last_us = asked.chain(published).max()?;
    Some(last_us.saturating_sub(origin_us))
}

struct Axis {
    origin_us: u64,
    step_us: u64,
    steps: Vec<Step>,
    accepts: Vec<Histogram<u64>>,
    publications: Vec<Histogram<u64>>,
}

impl Axis {
    /// The step of an instant; nothing for what came before the plan began or after the
    /// last answer.
    fn place(&self, at_us: u64) -> Option<usize> {
        let since_us = at_us.checked_sub(self.origin_us)?;
        let place = usize::try_from(since_us / self.step_us).ok()?;
        (place < self.steps.len()).then_some(place)
    }

    fn count(&mut self, at_us: u64, count: impl FnOnce(&mut Step)) {
        if let Some(place) = self.place(at_us) {
            count(&mut self.steps[place]);
        }
    }

    fn enter_desks(&mut self, ledger: &Ledger) {
        for ask in ledger.desks.iter().flat_map(|desk| &desk.asks) {
            let is_publication = matches!(ask.what, DeskAskWhat::Publish(_));
            self.count(ask.intended_us, |step| {
                step.publications += u64::from(is_publication);
                // A desk's book does not say when it was told, only how often.
                step.busy += u64::from(ask.busy);
            });
        }
        for (vacancy, ask) in publications(ledger) {
            let slots = ledger.vacancies[vacancy.index()].slots.len() as u64;
            self.count(ask.answered_us, |step| {
                step.published += 1;
                step.slots_published += slots;
            });
            if let Some(place) = self.place(ask.intended_us) {
                let us = ask.answered_us.saturating_sub(ask.intended_us);
                record(&mut self.publications[place], us);
            }
        }
        // Several desks may see one award.
        let mut seen_awards = BTreeSet::new();
        for seen in ledger.desks.iter().flat_map(|desk| &desk.seen) {
            if let SeenWhat::Awarded { slot, .. } = seen.what
                && seen_awards.insert((seen.sequence, seen.vacancy, slot))
            {
                self.count(seen.at_us, |step| step.slots_awarded += 1);
            }
        }
    }

    fn enter_officers(&mut self, ledger: &Ledger) {
        for book in &ledger.officers {
            for ask in &book.asks {
                self.enter_ask(ask);
            }
            for (heard, moment) in moments(book) {
                self.count(heard.at_us, |step| match heard.what {
                    HeardWhat::Offered { .. } => step.offers += u64::from(moment == Moment::News),
                    HeardWhat::Busy => step.busy += 1,
                    HeardWhat::Dropped | HeardWhat::Down => step.breaks += 1,
                    _ => {}
                });
            }
        }
    }

    fn enter_ask(&mut self, ask: &OfficerAsk) {
        let is_accept = ask.what == OfficerAskWhat::Accept;
        self.count(ask.intended_us, |step| step.accepts += u64::from(is_accept));
        let Some(answer) = ask.answer else {
            return;
        };
        self.count(ask.answered_us, |step| {
            step.answered += u64::from(is_accept);
            match answer {
                Answer::Lost(_) => step.lost += 1,
                Answer::Refused(_) => step.refused += 1,
                Answer::Won { .. } | Answer::Done { .. } | Answer::Told => {}
            }
        });
        if is_accept
            && !ask.interrupted
            && let Some(place) = self.place(ask.intended_us)
        {
            let us = ask.answered_us.saturating_sub(ask.intended_us);
            record(&mut self.accepts[place], us);
        }
    }

    fn close(mut self) -> Timeline {
        let (mut published, mut awarded) = (0, 0);
        let latencies = self.accepts.iter().zip(&self.publications);
        for (step, (accepts, publications)) in self.steps.iter_mut().zip(latencies) {
            published += step.slots_published;
            awarded += step.slots_awarded;
            (step.slots_published, step.slots_awarded) = (published, awarded);
            step.accept_to_answer = percentiles(accepts);
            step.publish_to_answer = percentiles(publications);
        }
        Timeline {
            step_us: self.step_us,
            steps: self.steps,
        }
    }
}

/// What each of these parts of a run came to.
pub fn periods(ledger: &Ledger, spans: &[Span]) -> Vec<Period> {
    let origin_us = ledger.begun_us;
    spans
        .iter()
        .map(|span| period(ledger, origin_us, span))
        .collect()
}

fn period(ledger: &Ledger, origin_us: u64, span: &Span) -> Period {
    let within = |at_us: u64| {
        let since_us = at_us.checked_sub(origin_us);
        since_us.is_some_and(|since_us| (span.from_us..span.until_us).contains(&since_us))
    };
    let (mut accepts, mut publications) = (histogram(), histogram());
    let mut told = Period {
        name: span.name.clone(),
        from_us: span.from_us,
        until_us: span.until_us,
        ..Period::default()
    };
    let mut answered = 0u64;
    let asks = ledger.officers.iter().flat_map(|book| &book.asks);
    for ask in asks.filter(|ask| ask.what == OfficerAskWhat::Accept && !ask.interrupted) {
        answered += u64::from(ask.answer.is_some() && within(ask.answered_us));
        if within(ask.intended_us) {
            told.requests += 1;
            told.busy += u64::from(ask.busy);
            if ask.answer.is_some() {
                record(
                    &mut accepts,
                    ask.answered_us.saturating_sub(ask.intended_us),
                );
            }
        }
    }
    for ask in ledger.desks.iter().flat_map(|desk| &desk.asks) {
        if !matches!(ask.what, DeskAskWhat::Publish(_)) {
            continue;
        }
        answered += u64::from(ask.answer.is_some() && within(ask.answered_us));
        if within(ask.intended_us) {
            told.requests += 1;
            told.publications += 1;
            told.busy += u64::from(ask.busy);
            told.late += u64::from(super::measure::is_late(ask.sent_us, ask.intended_us));
            if ask.answer.is_some() {
                let us = ask.answered_us.saturating_sub(ask.intended_us);
                record(&mut publications, us);
            }
        }
    }
    let per_ks = |count: u64| {
        let lasting_us = u128::from((span.until_us - span.from_us).max(1));
        u64::try_from(u128::from(count) * 1_000_000_000 / lasting_us).unwrap_or(u64::MAX)
    };
    told.offered_per_ks = per_ks(told.requests);
    told.answered_per_ks = per_ks(answered);
    told.accept_to_answer = percentiles(&accepts);
    told.publish_to_answer = percentiles(&publications);
    told
}
