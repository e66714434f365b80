//! The closing table, for people.

use std::fmt::{self, Write as _};

use super::{AuditCounts, Counts, Latencies, Percentiles, Report};

/// The closing table: at most 80 columns, the promises last.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _infallible = write_table(&mut text, report);
    text
}

fn write_table(text: &mut String, report: &Report) -> fmt::Result {
    for line in wrapped(&format!("{}   commit {}", report.workload, report.commit)) {
        writeln!(text, "{line}")?;
    }
    writeln!(text)?;
    write_counts(text, &report.counts)?;
    writeln!(text)?;
    write_latencies(text, &report.latency_us)?;
    writeln!(text)?;
    write_periods(text, report)?;
    write_usage(text, report)?;
    write_audit(text, &report.audit)
}

fn write_counts(text: &mut String, counts: &Counts) -> fmt::Result {
    let pairs = [
        (("officers", counts.officers), ("sessions", counts.sessions)),
        (
            ("vacancies", counts.vacancies),
            ("offers pushed", counts.offers_pushed),
        ),
        (("accepts", counts.accepts), ("awards", counts.awards)),
        (
            ("escalations", counts.escalations),
            ("releases", counts.releases),
        ),
        (
            ("cancels", counts.cancels),
            ("reconnects", counts.reconnects),
        ),
        (
            ("busy", counts.busy),
            ("connections cut", counts.connections_cut),
        ),
        (("late", counts.late), ("dropped", counts.dropped)),
    ];
    for ((left, left_count), (right, right_count)) in pairs {
        let (left_count, right_count) = (grouped(left_count), grouped(right_count));
        writeln!(
            text,
            "{left:<14}{left_count:>14}    {right:<16}{right_count:>14}"
        )?;
    }
    Ok(())
}

fn write_latencies(text: &mut String, latencies: &Latencies) -> fmt::Result {
    writeln!(
        text,
        "{:<30}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "latency, ms", "p50", "p90", "p99", "p99.9", "max"
    )?;
    let rows = [
        ("publish → last push", latencies.publish_to_last_push),
        ("publish → first push", latencies.publish_to_first_push),
        ("publish → durable answer", latencies.publish_to_answer),
        ("accept → durable answer", latencies.accept_to_answer),
        ("accept, from the send", latencies.accept_service),
        (
            "accept, connection cut",
            latencies.interrupted_accept_to_answer,
        ),
        ("race → winner told", latencies.race_to_winner),
        ("race → last loser told", latencies.race_to_last_loser),
        ("outage of a session", latencies.outage),
    ];
    for (name, percentiles) in rows {
        if percentiles == Percentiles::default() {
            // A zero would look like a measurement.
            writeln!(text, "{name:<30}{:>10}", "none")?;
            continue;
        }
        let Percentiles {
            p50,
            p90,
            p99,
            p999,
            max,
        } = percentiles;
        write!(text, "{name:<30}")?;
        for us in [p50, p90, p99, p999, max] {
            write!(text, "{:>10}", millis(us))?;
        }
        writeln!(text)?;
    }
    writeln!(
        text,
        "from the intended instant, but for the line that says otherwise"
    )
}

/// The parts of a run that its workload tells apart: what was asked for and answered in each, and how
/// long accepts took.
fn write_periods(text: &mut String, report: &Report) -> fmt::Result {
    let knee = report.knee.publications_per_ks;
    if knee > 0 {
        let (bound, knee) = (millis(report.knee.bound_us), grouped(knee / 1_000));
        writeln!(
            text,
            "the knee, by a bound of {bound} ms: {knee} publications a second"
        )?;
    }
    if report.periods.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "{:<22}{:>10}{:>12}{:>12}{:>12}{:>12}",
        "requests a second", "asked", "answered", "busy", "accept p50", "p99.9, ms"
    )?;
    for period in &report.periods {
        let name: String = period.name.chars().take(22).collect();
        let lasting_us = u128::from((period.until_us - period.from_us).max(1));
        let busy = u128::from(period.busy) * 1_000_000 / lasting_us;
        writeln!(
            text,
            "{name:<22}{:>10}{:>12}{:>12}{:>12}{:>12}",
            grouped(period.offered_per_ks / 1_000),
            grouped(period.answered_per_ks / 1_000),
            grouped(u64::try_from(busy).unwrap_or(u64::MAX)),
            millis(period.accept_to_answer.p50),
            millis(period.accept_to_answer.p999),
        )?;
    }
    writeln!(text)
}

/// What each side used for a session, as far as it was looked at.
fn write_usage(text: &mut String, report: &Report) -> fmt::Result {
    let Report {
        usage, generator, ..
    } = report;
    let kib = |bytes: u64| grouped(bytes / 1_024);
    if !usage.of.is_empty() {
        let us = usage.cpu_per_session_ns_per_s / 1_000;
        let (memory, us) = (kib(usage.memory_per_session_bytes), grouped(us));
        writeln!(text, "{}", usage.of)?;
        writeln!(text, "  {memory} KiB and {us} µs/s of processor a session")?;
    }
    if generator.memory_per_session_bytes > 0 {
        let memory = kib(generator.memory_per_session_bytes);
        let percent = generator.cpu_permille / 10;
        writeln!(
            text,
            "the generator: {memory} KiB a session, {percent} % of one processor"
        )?;
    }
    match usage.of.is_empty() && generator.memory_per_session_bytes == 0 {
        true => Ok(()),
        false => writeln!(text),
    }
}

fn write_audit(text: &mut String, audit: &AuditCounts) -> fmt::Result {
    for (name, count) in [
        ("repeated pushes", audit.repeated_pushes),
        ("out of order pushes", audit.out_of_order_pushes),
        ("missing pushes", audit.missing_pushes),
        ("double fills", audit.double_fills),
        ("overlapping assignments", audit.overlapping_assignments),
        ("lost answers", audit.lost_answers),
        ("ineligible offers", audit.ineligible_offers),
    ] {
        writeln!(text, "{name}: {count}")?;
    }
    Ok(())
}

const COLUMNS: usize = 80;

/// Breaks a line at spaces so that it fits the table.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.chars().take(COLUMNS).collect()),
        }
    }
    lines
}

pub(crate) fn millis(us: u64) -> String {
    match us {
        0..10_000_000 => format!("{}.{:03}", us / 1_000, us % 1_000),
        _ => grouped(us / 1_000),
    }
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::super::{Knee, Period};
    use super::*;

    fn report(count: u64) -> Report {
        let percentiles = Percentiles {
            p50: 812,
            p90: 1_000,
            p99: 12_345,
            p999: count,
            max: count,
        };
        Report {
            seed: 7,
            commit: "0123456789abcdef".to_owned(),
            workload: "storm --officers 1000 --vacancies 200 --over 5s --seed 7 --behaviour \
                       eager=58,considered=20,silent=10,decline=5,drop=5,release=2"
                .to_owned(),
            counts: Counts {
                officers: count,
                offers_pushed: count,
                ..Counts::default()
            },
            latency_us: Latencies {
                publish_to_last_push: percentiles,
                ..Latencies::default()
            },
            periods: vec![Period {
                name: "three times the knee, at least".to_owned(),
                until_us: 1_000_000,
                answered_per_ks: count,
                busy: count.min(9_999_999),
                accept_to_answer: percentiles,
                ..Period::default()
            }],
            knee: Knee {
                publications_per_ks: count,
                ..Knee::default()
            },
            ..Report::default()
        }
    }

    #[test]
    fn a_table_fits_and_ends_with_the_promises() {
        for count in [0, 123_456_789, 99_999_999_999] {
            let text = table(&report(count));
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{} columns: {line}", line.len());
            }
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(
                lines[lines.len() - 4..],
                [
                    "double fills: 0",
                    "overlapping assignments: 0",
                    "lost answers: 0",
                    "ineligible offers: 0"
                ]
            );
        }
    }

    #[test]
    fn a_period_is_told_by_the_second() {
        let text = table(&report(2_000));
        let row = text.lines().find(|line| line.starts_with("three times"));
        let cells: Vec<&str> = row.expect("a row").split_whitespace().collect();
        let figures = ["0", "2", "2,000", "0.812", "2.000"];
        assert_eq!(cells[cells.len() - 5..], figures);
        assert!(text.contains(": 2 publications a second"));
    }

    #[test]
    fn what_was_not_measured_is_no_zero() {
        let text = table(&report(1));
        let line = |name: &str| {
            let mut lines = text.lines();
            lines
                .find(|line| line.starts_with(name))
                .unwrap()
                .to_owned()
        };
        assert!(line("accept, connection cut").ends_with("none"));
        assert!(line("publish → last push").contains("12.345"));
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(millis(812), "0.812");
        assert_eq!(millis(1_234_567), "1234.567");
        assert_eq!(millis(12_345_678), "12,345");
    }
}
