//! What a vacancy takes of the grants that pay for it (rule 19).

use std::collections::BTreeSet;

use super::attendance;
use crate::model::{
    Attendance, Date, Grant, Interval, OfficerId, Posting, Punch, Roster, Segment, Standing,
    Vacancy,
};

/// What a vacancy takes of one grant, in microseconds of paid time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Charge {
    /// Time that is scheduled and not worked yet.
    pub committed_us: u128,
    /// Time that officers were there, from punch to punch.
    pub drawn_us: u128,
}

impl Charge {
    /// Both together.
    pub fn total_us(self) -> u128 {
        self.committed_us + self.drawn_us
    }
}

/// The districts whose grant may pay for some of `posting`: those of its sites that the state
/// funds, whatever kind of school they are (rule 1).
pub fn districts<'a>(roster: &'a Roster, posting: &Posting) -> BTreeSet<&'a str> {
    let sites = posting.segments.iter().filter_map(|segment| {
        let site = roster.sites.find(segment.site)?;
        site.ade_funded.then_some(&*site.district)
    });
    sites.collect()
}

/// The part of `posting` that the grant of `district` is for, on whatever days.
pub fn claimed<'a>(
    roster: &'a Roster,
    (district, grant): (&'a str, &Grant),
    posting: &'a Posting,
) -> impl Iterator<Item = &'a Segment> + Clone {
    let is_programme = posting.programme == grant.programme;
    posting.segments.iter().filter(move |segment| {
        let site = roster.sites.find(segment.site);
        is_programme && site.is_some_and(|site| site.ade_funded && *site.district == *district)
    })
}

/// The part of `posting` that the grant of `district` pays for: what it is for, and within its
/// window. Other days are paid by an earlier grant, or by nobody.
pub fn funded<'a>(
    roster: &'a Roster,
    (district, grant): (&'a str, &Grant),
    posting: &'a Posting,
) -> impl Iterator<Item = &'a Segment> + Clone {
    let (first, last) = (grant.first, grant.last);
    let claimed = claimed(roster, (district, grant), posting);
    claimed.filter(move |segment| lies_within((first, last), segment))
}

/// Whether all that the grant is for of a vacancy lies in its window.
pub fn is_within<'a>(grant: &Grant, mut claimed: impl Iterator<Item = &'a Segment>) -> bool {
    claimed.all(|segment| lies_within((grant.first, grant.last), segment))
}

/// Whether `segment` lies on days from the first to the last, by its site's own dates.
fn lies_within((first, last): (Date, Date), segment: &Segment) -> bool {
    let mut days = segment.local.iter();
    days.all(|day| first <= day.date && day.date <= last)
}

/// What `row` takes of a grant that pays for its segments `funded`, with what is known of who came.
///
/// Every slot commits the time of every such segment. Who was there and clocked out draws the time
/// of attendance that lies in the segment instead, as it was corrected. Cancelled, nothing is
/// committed any more; expired, only what the slots commit that have an officer. Who was recorded as
/// absent is not paid, and commits nothing: the rest of the work, published again, commits its own.
pub fn charge<'a>(
    row: &Vacancy,
    (punches, attendance): (&[Punch], Option<&Attendance>),
    funded: impl Iterator<Item = &'a Segment> + Clone,
) -> Charge {
    let there = presence(punches, attendance);
    let is_absent = |officer: OfficerId| {
        attendance.is_some_and(|attendance| attendance.no_shows.contains_key(&officer))
    };
    let mut charge = Charge::default();
    for span in funded.map(|segment| segment.span) {
        let drawn = there.iter().map(|(_, there)| overlap_us(*there, span));
        charge.drawn_us += drawn.sum::<u128>();
        let worked = |officer: OfficerId| {
            let mut times = there.iter().filter(|(who, _)| *who == officer);
            times.any(|(_, there)| span.start < there.end)
        };
        let commits = row.slots.iter().filter(|slot| {
            let holder = slot.holder.as_ref().map(|holder| holder.officer);
            match (row.standing, holder) {
                (Standing::Cancelled, _) | (Standing::Expired, None) => false,
                (_, Some(officer)) => !worked(officer) && !is_absent(officer),
                (_, None) => true,
            }
        });
        charge.committed_us += overlap_us(span, span) * commits.count() as u128;
    }
    charge
}

/// When officers were there: their whole spells, corrections applied.
fn presence(punches: &[Punch], attendance: Option<&Attendance>) -> Vec<(OfficerId, Interval)> {
    let corrections = attendance.map_or(&[][..], |attendance| &attendance.corrections);
    let punched = punches.iter().map(|punch| punch.officer);
    let corrected = corrections.iter().map(|correction| correction.officer);
    let officers: BTreeSet<OfficerId> = punched.chain(corrected).collect();
    let spells = officers.into_iter().flat_map(|officer| {
        let spells = attendance::spells(punches, corrections, officer);
        spells.into_iter().map(move |spell| (officer, spell))
    });
    let whole = spells.filter_map(|(officer, spell)| {
        let (from, until) = spell.from.zip(spell.until)?;
        Some((officer, Interval::new(from, until)?))
    });
    whole.collect()
}

/// The time that two spans share, in microseconds.
fn overlap_us(one: Interval, other: Interval) -> u128 {
    let (start, end) = (one.start.max(other.start), one.end.min(other.end));
    u128::try_from(end.as_micros() - start.as_micros()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AgencyId, AgreementId, Author, Correction, Direction, Holder, LocalSpan, Mended, NoShow,
        ProgrammeId, Rank, Sequence, SiteId, Timestamp, VacancyKey, Window,
    };

    const HOUR_US: i64 = 3_600_000_000;

    fn hours(from: i64, until: i64) -> Interval {
        Interval {
            start: Timestamp(from * HOUR_US),
            end: Timestamp(until * HOUR_US),
        }
    }

    fn day(day: u8) -> Date {
        let (year, month) = (2026, 11);
        Date { year, month, day }
    }

    fn segment(span: Interval, date: Date) -> Segment {
        let window = Window {
            from_minute: 420,
            until_minute: 900,
        };
        let weekday = 0;
        let local = vec![LocalSpan {
            date,
            weekday,
            window,
        }];
        Segment {
            site: SiteId(0),
            span,
            local,
        }
    }

    /// Work from 7 to 15 o'clock by two officers, of whom number 1 is known.
    fn row() -> Vacancy {
        let mut row = Vacancy::new(Posting {
            key: VacancyKey(1),
            lead: AgencyId(0),
            programme: ProgrammeId(0),
            segments: vec![segment(hours(7, 15), day(23))],
            slots: vec![Rank::Officer; 2],
            windows_ms: Vec::new(),
            post_orders: "".into(),
        });
        row.slots[0].holder = Some(Holder {
            officer: OfficerId(1),
            cover: AgreementId(0),
            place: 1,
            sequence: Sequence(1),
            awarded_at: Timestamp(0),
            closed_before: 0,
        });
        row
    }

    fn punch(direction: Direction, hour: i64) -> Punch {
        Punch {
            officer: OfficerId(1),
            direction,
            at: Timestamp(hour * HOUR_US),
            position: None,
            on_site: None,
        }
    }

    /// Hours committed and drawn.
    fn charged(row: &Vacancy, punches: &[Punch]) -> (u128, u128) {
        charged_with(row, punches, &Attendance::default())
    }

    fn charged_with(row: &Vacancy, punches: &[Punch], attendance: &Attendance) -> (u128, u128) {
        let segments = row.posting.segments.iter();
        let charge = charge(row, (punches, Some(attendance)), segments);
        let hour_us = HOUR_US as u128;
        (charge.committed_us / hour_us, charge.drawn_us / hour_us)
    }

    #[test]
    fn every_slot_commits_its_hours_until_its_officer_clocks_out() {
        let (came, left) = (punch(Direction::In, 6), punch(Direction::Out, 14));
        assert_eq!(charged(&row(), &[]), (16, 0));
        assert_eq!(charged(&row(), std::slice::from_ref(&came)), (16, 0));
        // What was worked before the start is not paid for.
        assert_eq!(charged(&row(), &[came, left.clone()]), (8, 7));
        assert_eq!(charged(&row(), &[left]), (16, 0), "nobody came");
        let early = [punch(Direction::In, 5), punch(Direction::Out, 7)];
        assert_eq!(charged(&row(), &early), (16, 0), "who left as it began");
    }

    #[test]
    fn what_was_corrected_is_what_was_worked() {
        let (came, left) = (punch(Direction::In, 7), punch(Direction::Out, 9));
        let correction = |mended| Correction {
            officer: OfficerId(1),
            mended,
            reason: "".into(),
            by: Author::Operator,
            at: Timestamp(0),
        };
        let to = Timestamp(15 * HOUR_US);
        let mut attendance = Attendance::default();
        let mended = Mended::Moved { punch: 1, to };
        attendance.corrections.push(correction(mended));
        let punches = [came, left];
        assert_eq!(charged_with(&row(), &punches, &attendance), (8, 8));
        let mended = Mended::Struck { punch: 0 };
        attendance.corrections.push(correction(mended));
        assert_eq!(charged_with(&row(), &punches, &attendance), (16, 0));
    }

    #[test]
    fn who_did_not_come_takes_nothing() {
        let no_show = NoShow {
            by: Author::Operator,
            at: Timestamp(0),
        };
        let mut attendance = Attendance::default();
        attendance.no_shows.insert(OfficerId(1), no_show);
        assert_eq!(charged_with(&row(), &[], &attendance), (8, 0));
    }

    #[test]
    fn what_ends_gives_back_what_nobody_worked() {
        let (came, left) = (punch(Direction::In, 7), punch(Direction::Out, 9));
        let mut cancelled = row();
        cancelled.standing = Standing::Cancelled;
        cancelled.slots[0].holder = None;
        assert_eq!(charged(&cancelled, &[]), (0, 0));
        assert_eq!(charged(&cancelled, &[came, left]), (0, 2));
        let mut expired = row();
        expired.standing = Standing::Expired;
        assert_eq!(charged(&expired, &[]), (8, 0));
    }

    #[test]
    fn the_window_is_one_of_whole_days_and_contains_its_ends() {
        let grant = |first, last| Grant {
            programme: ProgrammeId(0),
            first: day(first),
            last: day(last),
            budget_min: 0,
        };
        let row = row();
        let within = |grant| is_within(&grant, row.posting.segments.iter());
        assert!(within(grant(23, 23)));
        assert!(!within(grant(24, 30)));
        assert!(!within(grant(1, 22)));
    }

    #[test]
    fn of_two_days_a_grant_pays_for_the_one_in_its_window() {
        let lies = |first, last, on| {
            let segment = segment(hours(7, 15), day(on));
            lies_within((day(first), day(last)), &segment)
        };
        assert_eq!(
            [23, 24, 25].map(|on| lies(24, 24, on)),
            [false, true, false]
        );
    }
}
