//! Computes a report from the ledger.

use std::collections::BTreeSet;

use super::distribution::{Distribution, Histograms};
use super::race::races;
use super::timeline::{Timeline, timeline};
use super::{AuditCounts, Broadcast, Counts, Latencies};
use crate::audit::{Audit, BreachKind};
use crate::ledger::{
    Answer, DeskAsk, DeskAskWhat, Heard, HeardWhat, Ledger, OfficerAskWhat, OfficerBook, SeenWhat,
    VacancyNo,
};
use crate::limits::{BROADCASTS_TOLD_MAX, LATE_AFTER};

/// What a ledger comes to.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    /// How much of everything there was.
    pub counts: Counts,
    /// How long things took.
    pub latency_us: Latencies,
    /// The same in full.
    pub distributions: Vec<Distribution>,
    /// How many breaches there were.
    pub audit: AuditCounts,
    /// How it went from moment to moment.
    pub timeline: Timeline,
    /// How each first offering spread.
    pub broadcasts: Vec<Broadcast>,
}

/// Measures a run. `dropped` is how many planned publications and incidents never happened, which
/// no book can know.
pub fn measure(ledger: &Ledger, audit: &Audit, dropped: u64) -> Measures {
    let audit = AuditCounts {
        double_fills: audit.count(BreachKind::DoubleFill),
        overlapping_assignments: audit.count(BreachKind::OverlappingAssignment),
        lost_answers: audit.count(BreachKind::LostAnswer),
        ineligible_offers: audit.count(BreachKind::IneligibleOffer),
        repeated_pushes: audit.count(BreachKind::RepeatedPush),
        out_of_order_pushes: audit.count(BreachKind::OutOfOrderPush),
        missing_pushes: audit.count(BreachKind::MissingPush),
    };
    let spreads = spreads(ledger);
    let histograms = histograms(ledger, &spreads);
    Measures {
        counts: counts(ledger, dropped),
        latency_us: histograms.latencies(),
        distributions: histograms.distributions(),
        audit,
        timeline: timeline(ledger),
        broadcasts: broadcasts(ledger, &spreads),
    }
}

fn counts(ledger: &Ledger, dropped: u64) -> Counts {
    let mut counts = Counts {
        officers: ledger.officers.len() as u64,
        dropped,
        ..Counts::default()
    };
    for book in &ledger.officers {
        count_officer(book, &mut counts);
    }
    for ask in ledger.desks.iter().flat_map(|desk| &desk.asks) {
        counts.busy += u64::from(ask.busy);
        counts.refused += u64::from(matches!(ask.answer, Some(Answer::Refused(_))));
        let done = matches!(ask.answer, Some(Answer::Done { .. }));
        match &ask.what {
            DeskAskWhat::Publish(_) => {
                counts.vacancies += u64::from(done);
                counts.late += u64::from(is_late(ask.sent_us, ask.intended_us));
            }
            DeskAskWhat::Cancel(_) => counts.cancels += u64::from(done),
            DeskAskWhat::OpenNextTier(_) | DeskAskWhat::Recall { .. } | DeskAskWhat::Roster(_) => {}
        }
    }
    // Several desks may see one record: a tier of a vacancy is opened once.
    let opened: BTreeSet<(VacancyNo, u8)> = ledger
        .desks
        .iter()
        .flat_map(|desk| &desk.seen)
        .filter_map(|seen| match seen.what {
            SeenWhat::TierOpened { tier, .. } if tier > 0 => Some((seen.vacancy, tier)),
            _ => None,
        })
        .collect();
    counts.escalations = opened.len() as u64;
    counts
}

/// Whether something was sent so long after its instant that it counts as late.
pub(super) fn is_late(sent_us: u64, intended_us: u64) -> bool {
    sent_us > intended_us + LATE_AFTER.as_micros() as u64
}

fn count_officer(book: &OfficerBook, counts: &mut Counts) {
    let mut ups = 0u64;
    for (heard, moment) in moments(book) {
        match heard.what {
            HeardWhat::Up { .. } => ups += 1,
            HeardWhat::Dropped => counts.connections_cut += 1,
            HeardWhat::Offered { .. } if moment != Moment::Stated => counts.offers_pushed += 1,
            _ => {}
        }
    }
    counts.sessions += ups.min(1);
    counts.reconnects += ups.saturating_sub(1);
    counts.accepts_withheld += book.withheld;
    // A retry under a new id hears of the same award again, so awards count by their record.
    let mut awards = BTreeSet::new();
    for ask in &book.asks {
        counts.busy += u64::from(ask.busy);
        counts.late_asks += u64::from(is_late(ask.sent_us, ask.intended_us));
        match ask.answer {
            Some(Answer::Lost(_)) => counts.lost += 1,
            Some(Answer::Refused(_)) => counts.refused += 1,
            _ => {}
        }
        match (ask.what, ask.answer) {
            (OfficerAskWhat::Accept, answer) => {
                counts.accepts += 1;
                if let Some(Answer::Won { sequence, .. }) = answer {
                    awards.insert(sequence);
                }
            }
            (OfficerAskWhat::Release, Some(Answer::Done { .. })) => counts.releases += 1,
            _ => {}
        }
    }
    counts.awards += awards.len() as u64;
}

fn histograms(ledger: &Ledger, spreads: &[Option<Spread>]) -> Histograms {
    let mut histograms = Histograms::new();
    for book in &ledger.officers {
        for ask in book.asks.iter().filter(|ask| ask.answer.is_some()) {
            if ask.what != OfficerAskWhat::Accept {
                continue;
            }
            let (intended_us, answered_us) = (ask.intended_us, ask.answered_us);
            if ask.interrupted {
                histograms.record("interrupted_accept_to_answer", answered_us, intended_us);
            } else {
                histograms.record("accept_to_answer", answered_us, intended_us);
                histograms.record("accept_service", answered_us, ask.sent_us);
            }
        }
        for (from_us, until_us) in outages(book) {
            histograms.record("outage", until_us, from_us);
        }
    }
    for (_, ask) in publications(ledger) {
        histograms.record("publish_to_answer", ask.answered_us, ask.intended_us);
        histograms.record("publish_service", ask.answered_us, ask.sent_us);
    }
    for (vacancy, ask) in publications(ledger) {
        if let Some(spread) = &spreads[vacancy.index()] {
            histograms.record("publish_to_first_push", spread.first_us, ask.intended_us);
            histograms.record("publish_to_last_push", spread.last_us, ask.intended_us);
        }
    }
    for race in races(ledger) {
        histograms.record("race_to_winner", race.won_us, race.begun_us);
        if let Some(lost_us) = race.last_lost_us {
            histograms.record("race_to_last_loser", lost_us, race.begun_us);
        }
    }
    histograms
}

/// The publications that were acknowledged.
pub(super) fn publications(ledger: &Ledger) -> impl Iterator<Item = (VacancyNo, &DeskAsk)> {
    let asks = ledger.desks.iter().flat_map(|desk| &desk.asks);
    asks.filter_map(|ask| match (&ask.what, ask.answer) {
        (DeskAskWhat::Publish(vacancy), Some(Answer::Done { .. })) => Some((*vacancy, ask)),
        _ => None,
    })
}

/// From each break of an officer's session to the end of the sync that mended it, in microseconds
/// of the run.
fn outages(book: &OfficerBook) -> Vec<(u64, u64)> {
    let mut outages = Vec::new();
    let mut broken_us = None;
    for heard in &book.heard {
        match heard.what {
            HeardWhat::Dropped | HeardWhat::Down => {
                broken_us = broken_us.or(Some(heard.at_us));
            }
            HeardWhat::Synced => outages.extend(broken_us.take().map(|from| (from, heard.at_us))),
            _ => {}
        }
    }
    outages
}

/// The spreads as a report tells them, in the order of publication.
fn broadcasts(ledger: &Ledger, spreads: &[Option<Spread>]) -> Vec<Broadcast> {
    let origin_us = ledger.begun_us;
    let mut told: Vec<Broadcast> = publications(ledger)
        .filter_map(|(vacancy, ask)| {
            let spread = spreads[vacancy.index()].as_ref()?;
            Some(Broadcast {
                at_us: ask.intended_us.saturating_sub(origin_us),
                first_us: spread.first_us.saturating_sub(ask.intended_us),
                last_us: spread.last_us.saturating_sub(ask.intended_us),
                recipients: spread.recipients,
            })
        })
        .collect();
    told.sort_by_key(|one| one.at_us);
    told.truncate(BROADCASTS_TOLD_MAX);
    told
}

/// How the first offering of a vacancy spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spread {
    /// The record that made it.
    sequence: u64,
    first_us: u64,
    last_us: u64,
    /// How many officers heard it, those who are not measured left out.
    recipients: u64,
}

/// The first offering of each vacancy: the offers of the earliest record that offered it.
fn spreads(ledger: &Ledger) -> Vec<Option<Spread>> {
    let mut spreads: Vec<Option<Spread>> = vec![None; ledger.vacancies.len()];
    for (heard, moment) in ledger.officers.iter().flat_map(moments) {
        let offered = matches!(heard.what, HeardWhat::Offered { .. });
        if !offered || moment != Moment::News {
            continue;
        }
        let spread = &mut spreads[heard.vacancy.index()];
        match spread {
            Some(spread) if spread.sequence < heard.sequence => {}
            Some(spread) if spread.sequence == heard.sequence => {
                spread.first_us = spread.first_us.min(heard.at_us);
                spread.last_us = spread.last_us.max(heard.at_us);
                spread.recipients += 1;
            }
            _ => {
                *spread = Some(Spread {
                    sequence: heard.sequence,
                    first_us: heard.at_us,
                    last_us: heard.at_us,
                    recipients: 1,
                });
            }
        }
    }
    spreads
}

/// How a push reached its officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// As it happened, or late for a reason that is not the officer's.
    News,
    /// After the officer had cut the connection and resumed, or had not read for a while.
    CaughtUp,
    /// As part of a statement of the whole state.
    Stated,
}

/// What an officer heard, each with how it came.
pub(super) fn moments(book: &OfficerBook) -> impl Iterator<Item = (&Heard, Moment)> {
    let mut moment = Moment::News;
    let mut cut = false;
    book.heard.iter().map(move |heard| {
        match heard.what {
            HeardWhat::Dropped | HeardWhat::StoppedReading => {
                cut = true;
                moment = Moment::CaughtUp;
            }
            HeardWhat::Up { resumed: false } => moment = Moment::Stated,
            HeardWhat::Up { resumed: true } if cut => moment = Moment::CaughtUp,
            HeardWhat::Synced => {
                cut = false;
                moment = Moment::News;
            }
            _ => {}
        }
        (heard, moment)
    })
}

#[cfg(test)]
mod tests {
    use protocol::RefusalCode;

    use super::*;
    use crate::ledger::{DeskBook, OfficerAsk, Seen};
    use crate::report::Percentiles;

    const V0: VacancyNo = VacancyNo(0);

    fn heard(at_us: u64, sequence: u64, what: HeardWhat) -> Heard {
        Heard {
            at_us,
            sequence,
            step: 0,
            vacancy: V0,
            what,
        }
    }

    fn offered(at_us: u64, sequence: u64) -> Heard {
        let what = HeardWhat::Offered {
            round: 1,
            tier: 0,
            offered_at_us: 0,
        };
        heard(at_us, sequence, what)
    }

    fn up(at_us: u64, resumed: bool) -> Heard {
        heard(at_us, 0, HeardWhat::Up { resumed })
    }

    fn synced(at_us: u64) -> Heard {
        heard(at_us, 0, HeardWhat::Synced)
    }

    fn accept(intended_us: u64, sent_us: u64, answered_us: u64, interrupted: bool) -> OfficerAsk {
        OfficerAsk {
            vacancy: V0,
            round: 1,
            what: OfficerAskWhat::Accept,
            intended_us,
            sent_us,
            answered_us,
            answer: Some(Answer::Lost(RefusalCode::Filled)),
            busy: 1,
            interrupted,
        }
    }

    fn book(heard: Vec<Heard>, asks: Vec<OfficerAsk>) -> OfficerBook {
        OfficerBook {
            badge: "LG".to_owned(),
            heard,
            asks,
            ..OfficerBook::default()
        }
    }

    fn ledger(officers: Vec<OfficerBook>) -> Ledger {
        let world = crate::world::synthetic(1, 15);
        let vacancy = protocol::NewVacancy {
            key: protocol::VacancyKey(1),
            lead: world.agencies[0].clone(),
            programme: world.programme.clone(),
            segments: vec![protocol::NewSegment {
                site: world.sites[0].code.clone(),
                start_us: 0,
                end_us: 1,
            }],
            slots: vec![protocol::Rank::Officer],
            windows_ms: Vec::new(),
            post_orders: String::new(),
        };
        let world = crate::world::World::from_changes(&world.changes).unwrap();
        let publish = DeskAsk {
            what: DeskAskWhat::Publish(V0),
            intended_us: 1_000,
            sent_us: 21_000,
            answered_us: 24_000,
            answer: Some(Answer::Done { sequence: 10 }),
            busy: 2,
        };
        let escalated = Seen {
            at_us: 0,
            sequence: 12,
            step: 0,
            vacancy: V0,
            what: SeenWhat::TierOpened {
                tier: 1,
                recipients: 3,
            },
        };
        let desk = |seen: &[Seen], asks: Vec<DeskAsk>| DeskBook {
            name: "desk".to_owned(),
            asks,
            seen: seen.to_vec(),
            ..DeskBook::default()
        };
        Ledger {
            begun_us: 0,
            vacancies: vec![world.facts(&vacancy).unwrap()],
            world,
            officers,
            desks: vec![
                desk(std::slice::from_ref(&escalated), vec![publish]),
                desk(std::slice::from_ref(&escalated), Vec::new()),
            ],
            board: None,
            everyone: false,
        }
    }

    #[test]
    fn the_last_push_counts_from_the_intended_instant_over_all_officers() {
        let session = |news: Heard| book(vec![up(1, false), synced(2), news], Vec::new());
        let ledger = ledger(vec![
            session(offered(30_000, 10)),
            session(offered(46_000, 10)),
            session(offered(90_000, 13)),
        ]);
        let Measures {
            counts,
            latency_us: latencies,
            ..
        } = measure(&ledger, &Audit::default(), 4);
        // Published for 1,000 µs, sent 20 ms late: the delay is not forgiven.
        let near = |percentiles: Percentiles, us: u64| percentiles.max.abs_diff(us) <= us / 1_000;
        assert!(
            near(latencies.publish_to_last_push, 45_000),
            "{latencies:?}"
        );
        assert!(near(latencies.publish_to_first_push, 29_000));
        assert!(near(latencies.publish_to_answer, 23_000));
        assert_eq!((counts.late, counts.dropped, counts.busy), (1, 4, 2));
        assert_eq!((counts.vacancies, counts.offers_pushed), (1, 3));
        assert_eq!((counts.sessions, counts.escalations), (3, 1));
    }

    #[test]
    fn officers_who_cut_themselves_off_do_not_count_as_late_pushes() {
        let cut = book(
            vec![
                up(1, false),
                synced(2),
                heard(3, 0, HeardWhat::Dropped),
                up(99_000, true),
                offered(99_001, 10),
                synced(99_002),
            ],
            Vec::new(),
        );
        let prompt = book(
            vec![up(1, false), synced(2), offered(2_000, 10)],
            Vec::new(),
        );
        let both = ledger(vec![cut, prompt]);
        let Measures {
            counts,
            latency_us: latencies,
            ..
        } = measure(&both, &Audit::default(), 0);
        assert_eq!(latencies.publish_to_last_push.max, 1_000);
        assert_eq!((counts.connections_cut, counts.reconnects), (1, 1));
        assert_eq!(counts.offers_pushed, 2);

        // A break that is not the officer's own doing counts in full.
        let broken = book(
            vec![
                up(1, false),
                synced(2),
                up(99_000, true),
                offered(99_001, 10),
            ],
            Vec::new(),
        );
        let Measures {
            latency_us: latencies,
            ..
        } = measure(&ledger(vec![broken]), &Audit::default(), 0);
        assert!(latencies.publish_to_last_push.max > 97_000);
    }

    #[test]
    fn response_and_service_time_differ_by_the_delay_before_sending() {
        let asks = vec![
            accept(1_000, 5_000, 7_000, false),
            accept(0, 0, 500_000, true),
        ];
        let ledger = ledger(vec![book(Vec::new(), asks)]);
        let Measures {
            counts,
            latency_us: latencies,
            ..
        } = measure(&ledger, &Audit::default(), 0);
        let near = |a: u64, b: u64| a.abs_diff(b) <= b / 500;
        assert!(near(latencies.accept_to_answer.p50, 6_000));
        assert!(near(latencies.accept_service.p50, 2_000));
        assert!(near(latencies.interrupted_accept_to_answer.p50, 500_000));
        assert_eq!((counts.accepts, counts.busy), (2, 4));
    }
}
