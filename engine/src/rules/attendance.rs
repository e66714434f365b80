//! What attendance counts: punches and their corrections, in pairs.

use std::collections::BTreeSet;

use crate::model::{
    Attendance, Correction, Direction, Mended, OfficerId, Punch, Standing, Timestamp, Vacancy,
};

/// A time of presence: from a clock-in until the clock-out that follows it. One without the other
/// counts nothing, and is there for a coordinator to correct: nothing is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// The clock-in.
    pub from: Option<Timestamp>,
    /// The clock-out.
    pub until: Option<Timestamp>,
}

/// How an officer stands to a vacancy that they hold or held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is ahead, or has a segment that is.
    Scheduled,
    /// It has started, and no clock-in says that the officer came.
    NotSeen,
    /// The officer is clocked in.
    OnDuty,
    /// The officer came, clocked out, and no segment is ahead.
    Done,
    /// A coordinator recorded that the officer did not come.
    NoShow,
    /// The officer gave the slot back or was taken back.
    Released,
    /// The slot was taken away by a reduction or an amendment.
    Lost,
}

/// How a whole job stands, for whoever ordered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Slots are open.
    Open,
    /// Every slot has its officer.
    Filled,
    /// It has started.
    UnderWay,
    /// Its last segment has ended.
    Over,
    /// The customer no longer needs it.
    Cancelled,
    /// It started with every slot open.
    Expired,
}

/// The presence of `officer`, in order of time: every punch that was not struck, at the time to
/// which it was last moved, and every one that was missed. A correction that was withdrawn does
/// not count.
pub fn spells(punches: &[Punch], corrections: &[Correction], officer: OfficerId) -> Vec<Spell> {
    let mut spells = Vec::new();
    let mut open = None;
    for (at, direction) in counted(punches, corrections, officer) {
        let closed = match direction {
            Direction::In => open.replace(at).map(|from| (Some(from), None)),
            Direction::Out => Some((open.take(), Some(at))),
        };
        spells.extend(closed.map(|(from, until)| Spell { from, until }));
    }
    spells.extend(open.map(|from| Spell {
        from: Some(from),
        until: None,
    }));
    spells
}

/// The whole presence in `spells`, in microseconds.
pub fn worked_us(spells: &[Spell]) -> i64 {
    let whole = spells.iter().filter_map(|spell| {
        let (from, until) = spell.from.zip(spell.until)?;
        Some(until.as_micros() - from.as_micros())
    });
    whole.sum()
}

/// Whether a clock-in of `officer` counts: who clocked in came.
pub fn is_clocked_in(punches: &[Punch], corrections: &[Correction], officer: OfficerId) -> bool {
    let mut counted = counted(punches, corrections, officer).into_iter();
    counted.any(|(_, direction)| direction == Direction::In)
}

/// How `officer` stands to `row` at `at`; nothing if they neither hold nor held a slot of it.
pub fn status(
    row: &Vacancy,
    (punches, attendance): (&[Punch], Option<&Attendance>),
    officer: OfficerId,
    at: Timestamp,
) -> Option<Status> {
    if row.slot_of(officer).is_none() {
        let mut lost = row.moved.iter().flat_map(|moved| &moved.lost);
        return match row.returned.contains(officer) {
            true => Some(Status::Released),
            false if lost.any(|lost| lost.officer == officer) => Some(Status::Lost),
            false => None,
        };
    }
    if attendance.is_some_and(|attendance| attendance.no_shows.contains_key(&officer)) {
        return Some(Status::NoShow);
    }
    let corrections = attendance.map_or(&[][..], |attendance| &attendance.corrections);
    let spells = spells(punches, corrections, officer);
    let mut segments = row.posting.segments.iter();
    let is_ahead = segments.any(|segment| at < segment.span.start);
    Some(match spells.last() {
        Some(spell) if spell.until.is_none() => Status::OnDuty,
        Some(_) if !is_ahead => Status::Done,
        None if row.posting.span().start <= at => Status::NotSeen,
        Some(_) | None => Status::Scheduled,
    })
}

/// How the job stands at `at`.
pub fn progress(row: &Vacancy, at: Timestamp) -> Progress {
    let span = row.posting.span();
    match row.standing {
        Standing::Cancelled => Progress::Cancelled,
        Standing::Expired if row.holders().next().is_none() => Progress::Expired,
        Standing::Open if at < span.start => Progress::Open,
        Standing::Filled if at < span.start => Progress::Filled,
        _ if at < span.end => Progress::UnderWay,
        _ => Progress::Over,
    }
}

/// The punches of `officer` that count, by time.
fn counted(
    punches: &[Punch],
    corrections: &[Correction],
    officer: OfficerId,
) -> Vec<(Timestamp, Direction)> {
    // From the last to the first, because a withdrawal may itself have been withdrawn.
    let mut withdrawn = BTreeSet::new();
    for (number, correction) in corrections.iter().enumerate().rev() {
        if let Mended::Withdrawn { correction } = correction.mended
            && !withdrawn.contains(&number)
        {
            withdrawn.insert(correction as usize);
        }
    }
    let standing: Vec<Mended> = corrections
        .iter()
        .enumerate()
        .filter(|(number, correction)| correction.officer == officer && !withdrawn.contains(number))
        .map(|(_, correction)| correction.mended)
        .collect();
    let own = (0..)
        .zip(punches)
        .filter(|(_, punch)| punch.officer == officer);
    let mut counted: Vec<_> = own
        .filter_map(|(number, punch)| {
            let mut at = punch.at;
            for mended in &standing {
                match *mended {
                    Mended::Moved { punch, to } if punch == number => at = to,
                    Mended::Struck { punch } if punch == number => return None,
                    _ => {}
                }
            }
            Some((at, punch.direction))
        })
        .collect();
    counted.extend(standing.iter().filter_map(|mended| match *mended {
        Mended::Missed { direction, to } => Some((to, direction)),
        _ => None,
    }));
    counted.sort_by_key(|(at, _)| *at);
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AgencyId, AgreementId, Author, Holder, Interval, Posting, ProgrammeId, Rank, Segment,
        Sequence, SiteId, VacancyKey,
    };

    const WHO: OfficerId = OfficerId(1);

    fn punch(officer: OfficerId, direction: Direction, at: i64) -> Punch {
        Punch {
            officer,
            direction,
            at: Timestamp(at),
            position: None,
            on_site: None,
        }
    }

    fn corrected(mended: &[Mended]) -> Vec<Correction> {
        let correction = |mended: &Mended| Correction {
            officer: WHO,
            mended: *mended,
            reason: "read from the paper sheet".into(),
            by: Author::Operator,
            at: Timestamp(100),
        };
        mended.iter().map(correction).collect()
    }

    /// Pairs as `(from, until)`, 0 for one that is missing.
    fn pairs(punches: &[Punch], mended: &[Mended]) -> Vec<(i64, i64)> {
        let us = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_micros);
        let spells = spells(punches, &corrected(mended), WHO);
        let pair = |spell: &Spell| (us(spell.from), us(spell.until));
        spells.iter().map(pair).collect()
    }

    #[test]
    fn punches_pair_up_and_what_is_missing_is_not_guessed() {
        use Direction::{In, Out};
        type Made = &'static [(Direction, i64)];
        type Pairs = &'static [(i64, i64)];
        let table: [(Made, Pairs); 6] = [
            (&[], &[]),
            (&[(In, 1), (Out, 5)], &[(1, 5)]),
            (&[(In, 1)], &[(1, 0)]),
            (&[(Out, 5)], &[(0, 5)]),
            (&[(In, 1), (In, 2), (Out, 5)], &[(1, 0), (2, 5)]),
            (&[(In, 1), (Out, 4), (In, 4), (Out, 6)], &[(1, 4), (4, 6)]),
        ];
        for (made, expected) in table {
            let mut punches: Vec<Punch> = made.iter().map(|(d, at)| punch(WHO, *d, *at)).collect();
            // Somebody else's punches change nothing.
            punches.push(punch(OfficerId(2), Out, 3));
            assert_eq!(pairs(&punches, &[]), expected, "{made:?}");
        }
    }

    #[test]
    fn a_correction_counts_until_it_is_withdrawn() {
        let punches = [punch(WHO, Direction::In, 3), punch(WHO, Direction::Out, 5)];
        let moved = Mended::Moved {
            punch: 0,
            to: Timestamp(1),
        };
        let struck = Mended::Struck { punch: 1 };
        let missed = Mended::Missed {
            direction: Direction::Out,
            to: Timestamp(9),
        };
        let withdrawn = |correction| Mended::Withdrawn { correction };
        assert_eq!(pairs(&punches, &[moved]), [(1, 5)]);
        assert_eq!(pairs(&punches, &[moved, struck]), [(1, 0)]);
        assert_eq!(pairs(&punches, &[moved, struck, missed]), [(1, 9)]);
        let undone = [moved, struck, missed, withdrawn(1)];
        assert_eq!(pairs(&punches, &undone), [(1, 5), (0, 9)]);
        let again = [moved, struck, missed, withdrawn(1), withdrawn(3)];
        assert_eq!(pairs(&punches, &again), [(1, 9)]);
    }

    #[test]
    fn only_whole_pairs_are_worked_time() {
        let spell = |from: Option<i64>, until: Option<i64>| Spell {
            from: from.map(Timestamp),
            until: until.map(Timestamp),
        };
        let spells = [
            spell(Some(1), Some(4)),
            spell(Some(5), None),
            spell(None, Some(9)),
            spell(Some(10), Some(11)),
        ];
        assert_eq!(worked_us(&spells), 4);
    }

    /// Two segments, from 10 to 20 and from 30 to 40, and one slot, which `WHO` holds.
    fn row() -> Vacancy {
        let segment = |start, end| Segment {
            site: SiteId(0),
            span: Interval {
                start: Timestamp(start),
                end: Timestamp(end),
            },
            local: Vec::new(),
        };
        let mut row = Vacancy::new(Posting {
            key: VacancyKey(1),
            lead: AgencyId(0),
            programme: ProgrammeId(0),
            segments: vec![segment(10, 20), segment(30, 40)],
            slots: vec![Rank::Officer],
            windows_ms: Vec::new(),
            post_orders: "".into(),
        });
        row.slots[0].holder = Some(Holder {
            officer: WHO,
            cover: AgreementId(0),
            place: 1,
            sequence: Sequence(1),
            awarded_at: Timestamp(0),
            closed_before: 0,
        });
        row
    }

    #[test]
    fn a_holder_is_done_when_no_segment_is_ahead() {
        use Direction::{In, Out};
        let both = [punch(WHO, In, 10), punch(WHO, Out, 20)];
        let table: [(&[Punch], i64, Status); 8] = [
            (&[], 9, Status::Scheduled),
            (&[], 10, Status::NotSeen),
            (&[], 40, Status::NotSeen),
            (&both[..1], 9, Status::OnDuty),
            (&both[..1], 50, Status::OnDuty),
            (&both, 29, Status::Scheduled),
            (&both, 30, Status::Done),
            (&both, 50, Status::Done),
        ];
        for (punches, at, expected) in table {
            let stands = status(&row(), (punches, None), WHO, Timestamp(at));
            assert_eq!(stands, Some(expected), "{} punches at {at}", punches.len());
        }
        let stranger = status(&row(), (&both, None), OfficerId(2), Timestamp(15));
        assert_eq!(stranger, None);
    }

    #[test]
    fn a_job_goes_from_open_to_over_unless_it_ends_otherwise() {
        use Standing::{Cancelled, Expired, Filled, Open};
        let table = [
            (Open, 9, Progress::Open),
            (Open, 10, Progress::UnderWay),
            (Filled, 9, Progress::Filled),
            (Filled, 10, Progress::UnderWay),
            (Filled, 39, Progress::UnderWay),
            (Filled, 40, Progress::Over),
            // It started with a slot open and one held.
            (Expired, 39, Progress::UnderWay),
            (Expired, 40, Progress::Over),
            (Cancelled, 9, Progress::Cancelled),
            (Cancelled, 40, Progress::Cancelled),
        ];
        let mut row = row();
        for (standing, at, expected) in table {
            row.standing = standing;
            assert_eq!(
                progress(&row, Timestamp(at)),
                expected,
                "{standing:?} at {at}"
            );
        }
        row.standing = Expired;
        row.slots[0].holder = None;
        assert_eq!(progress(&row, Timestamp(10)), Progress::Expired);
        assert_eq!(progress(&row, Timestamp(40)), Progress::Expired);
    }
}
