//! A report as one page that opens from the disk: drawn here as SVG, so that it needs no script,
//! no network and no second file, and prints.

mod chart;
mod figures;

use std::fmt::{self, Display, Write};

use super::table::{grouped, millis};
use super::{AuditCounts, Percentiles, Period, Report};
use crate::usage::Generator;

/// The page of a report, with the histories of the first breaches.
pub fn html(report: &Report, histories: &[String]) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _infallible = write_page(&mut page, report, histories);
    page
}

const STYLE: &str = include_str!("style.css");

fn write_page(page: &mut String, report: &Report, histories: &[String]) -> fmt::Result {
    let name = report.workload.split(' ').next().unwrap_or_default();
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>muster load report: {}</title>\n<style>\n{STYLE}</style>\n\
         <h1>muster load report: {}</h1>\n",
        Text(name),
        Text(name)
    )?;
    write_verdict(page, report)?;
    write_in_words(page, report)?;
    write_tiles(page, report)?;
    write_latencies(page, report)?;
    figures::write(page, report)?;
    write_periods(page, report)?;
    write_audit(page, &report.audit, histories)?;
    write_configuration(page, report)?;
    write_data(page, report)
}

fn write_verdict(page: &mut String, report: &Report) -> fmt::Result {
    let breaches: u64 = audit_rows(&report.audit)
        .iter()
        .map(|(_, count)| count)
        .sum();
    if breaches == 0 {
        page.push_str(
            "<p class=\"verdict clean\">The officers' own ledger shows no broken promise: no slot \
             had two holders, no officer two places to be, and every request was answered once \
             and truly.</p>\n",
        );
    } else {
        writeln!(
            page,
            "<p class=\"verdict breach\">The officers' own ledger shows {} broken promises; their \
             histories are below.</p>",
            grouped(breaches)
        )?;
    }
    let counts = &report.counts;
    if counts.dropped + counts.late + counts.late_asks + counts.accepts_withheld > 0 {
        writeln!(
            page,
            "<p class=\"verdict caution\">The generator itself: {} planned publications or \
             incidents never happened, {} publications and {} officers' requests were sent more \
             than 10 ms late, {} accepts were withheld because their officer still waited for \
             answers. All of them count from the intended instant.</p>",
            counts.dropped, counts.late, counts.late_asks, counts.accepts_withheld
        )?;
    }
    Ok(())
}

/// What a reader asks first, as sentences.
fn write_in_words(page: &mut String, report: &Report) -> fmt::Result {
    for (name, begins, ends) in [
        (
            "publish_to_last_push",
            "vacancies, 99 % had reached the last officer asked within",
            "ms of the planned instant",
        ),
        (
            "accept_to_answer",
            "accepts, 99 % had their final, durable answer within",
            "ms of the moment at which the officer meant to accept",
        ),
    ] {
        let Some(all) = report.distributions.iter().find(|one| one.name == name) else {
            continue;
        };
        let (count, p99) = (grouped(all.count()), millis(all.percentiles().p99));
        writeln!(page, "<p>Of {count} {begins} <b>{p99}</b> {ends}.</p>")?;
    }
    Ok(())
}

fn write_tiles(page: &mut String, report: &Report) -> fmt::Result {
    let counts = &report.counts;
    page.push_str("<div class=\"tiles\">\n");
    for (name, count) in [
        ("officers", counts.officers),
        ("vacancies published", counts.vacancies),
        ("offers pushed", counts.offers_pushed),
        ("accepts", counts.accepts),
        ("awards", counts.awards),
        ("lost", counts.lost),
        ("refused", counts.refused),
        ("told to come back later", counts.busy),
        ("escalations", counts.escalations),
        ("reconnects", counts.reconnects),
    ] {
        writeln!(
            page,
            "<div><b>{}</b><span>{name}</span></div>",
            grouped(count)
        )?;
    }
    page.push_str("</div>\n");
    Ok(())
}

fn write_latencies(page: &mut String, report: &Report) -> fmt::Result {
    page.push_str(
        "<h2>Latency, milliseconds</h2>\n\
         <p><b>Response time</b> counts from the instant at which something was meant to happen. \
         <b>Service time</b> counts from the instant at which it was really sent.</p>\n\
         <table><tr><th>latency<th>values<th>p50<th>p90<th>p99<th>p99.9<th>largest</tr>\n",
    );
    for (name, percentiles) in report.latency_us.named() {
        let all = report.distributions.iter().find(|one| one.name == name);
        let Some(all) = all else {
            continue;
        };
        write!(
            page,
            "<tr><td>{}<td>{}",
            figures::title(name),
            grouped(all.count())
        )?;
        write_percentiles(page, &percentiles)?;
        page.push_str("<td>");
        page.push_str(&millis(percentiles.max));
        page.push_str("</tr>\n");
    }
    page.push_str(
        "</table>\n<p class=\"note\">A percentile needs values: of fewer than 1,000, p99.9 is the \
         largest one; of fewer than 100, p99 is, too.</p>\n",
    );
    Ok(())
}

/// Four cells: the largest value is left to whoever has room for it.
fn write_percentiles(page: &mut String, of: &Percentiles) -> fmt::Result {
    for us in [of.p50, of.p90, of.p99, of.p999] {
        write!(page, "<td>{}", millis(us))?;
    }
    Ok(())
}

fn write_periods(page: &mut String, report: &Report) -> fmt::Result {
    let knee = &report.knee;
    if !knee.probes.is_empty() {
        let bound = millis(knee.bound_us);
        let rate = per_second(knee.publications_per_ks);
        let found = match (knee.publications_per_ks, knee.is_a_lower_limit) {
            (0, _) => format!("No rate that was tried kept p99.9 within {bound} ms."),
            (_, 0) => format!("{rate} publications a second kept p99.9 within {bound} ms."),
            _ => format!(
                "{rate} publications a second, the highest rate that was tried, kept p99.9 within \
                 {bound} ms: the knee lies beyond."
            ),
        };
        writeln!(page, "<h2>The knee</h2>\n<p>{found}</p>")?;
        write_period_table(page, &knee.probes)?;
    }
    if !report.periods.is_empty() {
        page.push_str("<h2>Periods</h2>\n");
        write_period_table(page, &report.periods)?;
    }
    Ok(())
}

fn write_period_table(page: &mut String, periods: &[Period]) -> fmt::Result {
    page.push_str(
        "<table><tr><th>period<th>publications<th>requests meant /s<th>answered /s<th>busy\
         <th>late<th>accept p50<th>p90<th>p99<th>p99.9</tr>\n",
    );
    for period in periods {
        write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
            Text(&period.name),
            grouped(period.publications),
            per_second(period.offered_per_ks),
            per_second(period.answered_per_ks),
            grouped(period.busy),
            grouped(period.late)
        )?;
        write_percentiles(page, &period.accept_to_answer)?;
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
    Ok(())
}

fn per_second(per_ks: u64) -> String {
    format!("{}.{}", grouped(per_ks / 1_000), per_ks % 1_000 / 100)
}

fn audit_rows(audit: &AuditCounts) -> [(&'static str, u64); 7] {
    [
        ("double fills", audit.double_fills),
        ("overlapping assignments", audit.overlapping_assignments),
        ("lost answers", audit.lost_answers),
        ("ineligible offers", audit.ineligible_offers),
        ("repeated pushes", audit.repeated_pushes),
        ("pushes out of order", audit.out_of_order_pushes),
        ("missing pushes", audit.missing_pushes),
    ]
}

fn write_audit(page: &mut String, audit: &AuditCounts, histories: &[String]) -> fmt::Result {
    page.push_str("<h2>Audit</h2>\n<table><tr><th>promise broken<th>times</tr>\n");
    for (name, count) in audit_rows(audit) {
        let class = if count > 0 { " class=\"bad\"" } else { "" };
        writeln!(page, "<tr{class}><td>{name}<td>{}</tr>", grouped(count))?;
    }
    page.push_str("</table>\n");
    for history in histories.iter().take(HISTORIES_MAX) {
        writeln!(page, "<p class=\"history\">{}</p>", Text(history))?;
    }
    Ok(())
}

/// Histories on a page; every breach is counted.
const HISTORIES_MAX: usize = 100;

fn write_configuration(page: &mut String, report: &Report) -> fmt::Result {
    let machine = report.machine.to_string();
    let seed = report.seed.to_string();
    let generator = match report.generator {
        Generator {
            memory_per_session_bytes: 0,
            ..
        } => String::new(),
        Generator {
            memory_per_session_bytes,
            cpu_permille,
        } => format!(
            "{} KiB a simulated session, {} % of one processor",
            grouped(memory_per_session_bytes / 1_024),
            cpu_permille / 10
        ),
    };
    page.push_str("<h2>Configuration</h2>\n<table class=\"words\">\n");
    for (name, value) in [
        ("workload", report.workload.as_str()),
        ("seed", &seed),
        ("schedule", &report.schedule),
        ("commit", &report.commit),
        ("machine", &machine),
        ("usage is of", &report.usage.of),
        ("the generator used", &generator),
    ] {
        if !value.is_empty() {
            writeln!(page, "<tr><td>{name}<td>{}</tr>", Text(value))?;
        }
    }
    page.push_str("</table>\n");
    Ok(())
}

/// The report itself, for programs that read the page.
fn write_data(page: &mut String, report: &Report) -> fmt::Result {
    let json = serde_json::to_string(report).map_err(|_| fmt::Error)?;
    // Inside a script element only this would end it.
    let json = json.replace("</", "<\\/");
    writeln!(
        page,
        "<script type=\"application/json\" id=\"report\">{json}</script>\n</html>"
    )
}

/// Text that is shown as it is, whatever it says.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Broadcast, Bucket, Distribution, Step, Timeline};
    use crate::usage::Sample;

    fn report() -> Report {
        let mut report = Report {
            workload: "storm --officers <20>".to_owned(),
            commit: "0123456789ab".to_owned(),
            seed: 42,
            schedule: "feedc0de".to_owned(),
            ..Report::default()
        };
        report.distributions = vec![Distribution {
            name: "accept_to_answer".to_owned(),
            buckets: (1..200u64)
                .map(|step| Bucket {
                    up_to_us: step * 100,
                    count: 200 - step,
                })
                .collect(),
        }];
        report.latency_us.accept_to_answer = report.distributions[0].percentiles();
        let step = Step {
            publications: 8,
            published: 8,
            accepts: 30,
            answered: 29,
            busy: 2,
            slots_published: 10,
            slots_awarded: 9,
            accept_to_answer: report.latency_us.accept_to_answer,
            ..Step::default()
        };
        report.timeline = Timeline {
            step_us: 200_000,
            steps: vec![step; 30],
        };
        report.broadcasts = (0..20)
            .map(|place| Broadcast {
                at_us: place * 100_000,
                first_us: 900,
                last_us: 4_000 + place * 10,
                recipients: 70,
            })
            .collect();
        report.usage.samples = (0..10)
            .map(|place| Sample {
                at_us: place * 100_000,
                memory_bytes: 50_000_000 + place * 1_000,
                ..Sample::default()
            })
            .collect();
        report.generator = Generator {
            memory_per_session_bytes: 12_345,
            cpu_permille: 456,
        };
        report.periods = vec![Period {
            name: "knee".to_owned(),
            offered_per_ks: 123_456,
            ..Period::default()
        }];
        report
    }

    /// Opening and closing tags of an element must balance.
    fn balanced(page: &str, element: &str) -> bool {
        let opened = page.matches(&format!("<{element}")).count();
        opened > 0 && opened == page.matches(&format!("</{element}>")).count()
    }

    #[test]
    fn the_page_needs_nothing_else_and_says_everything() {
        let page = html(&report(), &[]);
        for outside in ["http://", "https://", "<link", "src=", "url(", "@import"] {
            let found = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(outside), "{outside} is on the page");
        }
        for part in [
            "Response time</b> counts from",
            "Percentiles over time",
            "Latency distribution",
            "Spread of each broadcast",
            "Slots published and awarded",
            "Told to come back, lost, refused",
            "Memory",
            "123.4",
            "0123456789ab",
            "feedc0de",
            "no broken promise",
            "accepts, 99 % had their final, durable answer within <b>",
            "of fewer than 1,000, p99.9 is the largest one",
            "12 KiB a simulated session, 45 % of one processor",
        ] {
            assert!(page.contains(part), "{part} is not on the page");
        }
        for element in ["svg", "style", "table", "script", "h2"] {
            assert!(balanced(&page, element), "{element}");
        }
        assert!(!page.contains("NaN") && !page.contains("inf"));
    }

    #[test]
    fn what_was_said_is_shown_and_not_obeyed() {
        let histories = ["a </script><b>held slot 0".to_owned()];
        let mut report = report();
        report.audit.double_fills = 1;
        report.commit = "</script><i>".to_owned();
        let page = html(&report, &histories);
        assert!(page.contains("a &lt;/script&gt;&lt;b&gt;held slot 0"));
        assert!(page.contains("shows 1 broken promises"));
        assert!(page.contains("storm --officers &lt;20&gt;"));
        let data = page.split("id=\"report\">").nth(1).unwrap();
        let data = data.split("</script>").next().unwrap();
        let read: Report = serde_json::from_str(&data.replace("<\\/", "</")).unwrap();
        assert_eq!(read, report);
    }

    #[test]
    fn an_empty_report_is_a_page_too() {
        let page = html(&Report::default(), &[]);
        assert!(page.contains("<h2>Audit</h2>") && !page.contains("NaN"));
    }
}
