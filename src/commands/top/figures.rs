//! From two readings of the metrics to what is worth a look.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// The metrics of one moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// Values by name and labels, as they are written.
    values: BTreeMap<String, f64>,
}

/// What goes on in a server.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Figures {
    ready: bool,
    uptime_s: u64,
    /// Open sessions by role.
    sessions: BTreeMap<String, u64>,
    connections: u64,
    vacancies_open: u64,
    pushes_per_s: f64,
    records_per_s: f64,
    /// By outcome.
    answers_per_s: BTreeMap<String, f64>,
    /// By reason.
    refusals_per_s: BTreeMap<String, f64>,
    settle: Times,
    fanout: Times,
    log_sync: Times,
    line: u64,
    hub_queue: u64,
    log_bytes: u64,
    memory_bytes: u64,
    /// Of one core.
    cpu_percent: f64,
}

/// How long something took in the time between two readings, in seconds; none of nothing.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Times {
    p50_s: Option<f64>,
    p99_s: Option<f64>,
    p999_s: Option<f64>,
}

impl Reading {
    /// Reads OpenMetrics text; none of what is none.
    pub(super) fn of(text: &str) -> Option<Reading> {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let values = samples.map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        let values: Option<BTreeMap<String, f64>> = values.collect();
        let values = values.filter(|values| values.contains_key("muster_ready"))?;
        Some(Reading { values })
    }

    fn value(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(0.0)
    }

    /// The values of one name, added up by one of its labels.
    fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut by = BTreeMap::new();
        for (written, value) in &self.values {
            let labels = written
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('{'));
            let of = labels.and_then(|labels| {
                let (_, rest) = labels.split_once(&format!("{label}=\""))?;
                Some(rest.split_once('"')?.0.to_owned())
            });
            if let Some(of) = of {
                *by.entry(of).or_default() += value;
            }
        }
        by
    }

    /// The buckets of a histogram: upper bounds in order, and how many were at most as long.
    fn buckets(&self, name: &str) -> Vec<(f64, f64)> {
        let of_bound = self.by(&format!("{name}_bucket"), "le").into_iter();
        let mut buckets: Vec<(f64, f64)> = of_bound
            .filter_map(|(bound, count)| Some((bound.parse().ok()?, count)))
            .collect();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        buckets
    }
}

impl Figures {
    /// What went on between two readings that lie `apart`.
    pub(super) fn between(before: &Reading, now: &Reading, apart: Duration) -> Figures {
        let seconds = apart.as_secs_f64().max(0.001);
        let whole = |name: &str| now.value(name) as u64;
        // A server that was started again counts from zero.
        let rate = |name: &str| (now.value(name) - before.value(name)).max(0.0) / seconds;
        let rates = |name: &str, label: &str| {
            let was = before.by(name, label);
            let each = now.by(name, label).into_iter().map(|(of, value)| {
                let was = was.get(&of).copied().unwrap_or(0.0);
                (of, (value - was).max(0.0) / seconds)
            });
            each.filter(|(_, rate)| *rate > 0.0).collect()
        };
        let times = |name: &str| Times::between(&before.buckets(name), &now.buckets(name));
        let sessions = now.by("muster_sessions", "role").into_iter();
        Figures {
            ready: now.value("muster_ready") == 1.0,
            uptime_s: whole("muster_process_uptime_seconds"),
            sessions: sessions.map(|(role, count)| (role, count as u64)).collect(),
            connections: whole("muster_connections"),
            vacancies_open: whole("muster_vacancies_open"),
            pushes_per_s: rate("muster_pushes_total"),
            records_per_s: rate("muster_log_records_total"),
            answers_per_s: rates("muster_answers_total", "outcome"),
            refusals_per_s: rates("muster_refusals_total", "reason"),
            settle: times("muster_settle_seconds"),
            fanout: times("muster_fanout_seconds"),
            log_sync: times("muster_log_sync_seconds"),
            line: whole("muster_line_length"),
            hub_queue: whole("muster_hub_queue_length"),
            log_bytes: whole("muster_log_bytes"),
            memory_bytes: whole("muster_process_resident_memory_bytes"),
            cpu_percent: rate("muster_process_cpu_seconds_total") * 100.0,
        }
    }

    /// A line for each thing worth a look: what it is, and how it stands.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let status = if self.ready {
            "ready"
        } else {
            "NOT READY: `muster health` says why"
        };
        let sessions = counted(self.sessions.iter().map(|(role, count)| (role, *count)));
        let answers = rated(&self.answers_per_s);
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        vec![
            ("status", format!("{status} · up {} s", self.uptime_s)),
            ("sessions", sessions),
            ("connections", self.connections.to_string()),
            ("vacancies", format!("{} open", self.vacancies_open)),
            ("pushes", format!("{:.0} /s", self.pushes_per_s)),
            ("answers", answers),
            ("refusals", rated(&self.refusals_per_s)),
            ("records", format!("{:.0} /s", self.records_per_s)),
            ("settle", self.settle.to_string()),
            ("fan-out", self.fanout.to_string()),
            ("log sync", self.log_sync.to_string()),
            ("line", format!("{} waiting", self.line)),
            ("hub queue", format!("{} waiting", self.hub_queue)),
            ("log", format!("{:.1} MiB", mib(self.log_bytes))),
            ("memory", format!("{:.1} MiB", mib(self.memory_bytes))),
            ("cpu", format!("{:.0} % of a core", self.cpu_percent)),
        ]
    }
}

/// Kinds that are shown on one line; the largest come first.
const KINDS_SHOWN_MAX: usize = 2;

fn rated(rates: &BTreeMap<String, f64>) -> String {
    let mut rates: Vec<_> = rates.iter().collect();
    rates.sort_by(|one, other| other.1.total_cmp(one.1));
    let rest: f64 = rates
        .iter()
        .skip(KINDS_SHOWN_MAX)
        .map(|(_, rate)| **rate)
        .sum();
    let shown = rates.iter().take(KINDS_SHOWN_MAX);
    let mut shown: Vec<String> = shown
        .map(|(kind, rate)| format!("{kind} {rate:.0} /s"))
        .collect();
    if rest > 0.0 {
        shown.push(format!("others {rest:.0} /s"));
    }
    or_none(&shown)
}

fn counted<'a>(counts: impl Iterator<Item = (&'a String, u64)>) -> String {
    let some = counts.filter(|(_, count)| *count > 0);
    let shown: Vec<String> = some
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    or_none(&shown)
}

fn or_none(shown: &[String]) -> String {
    match shown.is_empty() {
        true => "none".to_owned(),
        false => shown.join(" · "),
    }
}

impl Times {
    fn between(before: &[(f64, f64)], now: &[(f64, f64)]) -> Times {
        let was = |place: usize| before.get(place).map_or(0.0, |bucket| bucket.1);
        let buckets: Vec<(f64, f64)> = (0..)
            .zip(now)
            .map(|(place, (bound, count))| (*bound, (count - was(place)).max(0.0)))
            .collect();
        let quantile = |share| quantile_s(&buckets, share);
        Times {
            p50_s: quantile(0.5),
            p99_s: quantile(0.99),
            p999_s: quantile(0.999),
        }
    }
}

/// The time that this share did not exceed, taking times to be spread evenly within a bucket; the
/// last bound that is one for what is beyond all buckets.
fn quantile_s(buckets: &[(f64, f64)], share: f64) -> Option<f64> {
    let all = buckets
        .last()
        .map(|bucket| bucket.1)
        .filter(|all| *all > 0.0)?;
    let (mut bound_before, mut count_before) = (0.0, 0.0);
    for (bound, count) in buckets {
        if *count >= all * share {
            if bound.is_infinite() {
                return Some(bound_before);
            }
            let within = (all * share - count_before) / (count - count_before);
            return Some(bound_before + (bound - bound_before) * within);
        }
        (bound_before, count_before) = (*bound, *count);
    }
    None
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Some(p50), Some(p99), Some(p999)) = (self.p50_s, self.p99_s, self.p999_s) else {
            return f.write_str("nothing in this second");
        };
        let ms = |seconds: f64| seconds * 1e3;
        let (p50, p99, p999) = (ms(p50), ms(p99), ms(p999));
        write!(f, "p50 {p50:.2} ms · p99 {p99:.2} ms · p99.9 {p999:.2} ms")
    }
}

/// Everything at once, for a look at the screen.
#[cfg(test)]
pub(super) fn busy() -> Figures {
    let times = || Times {
        p50_s: Some(0.000_25),
        p99_s: Some(1.25),
        p999_s: Some(12.5),
    };
    let many = |kinds: &[&str]| -> BTreeMap<String, f64> {
        kinds
            .iter()
            .map(|kind| ((*kind).to_owned(), 9_999.0))
            .collect()
    };
    let roles = ["officer", "coordinator", "operator", "read-only"];
    Figures {
        ready: true,
        uptime_s: 1_000_000,
        sessions: roles
            .iter()
            .map(|role| ((*role).to_owned(), 9_999))
            .collect(),
        answers_per_s: many(&["won", "lost", "refused", "busy", "done"]),
        refusals_per_s: many(&[
            "not-eligible",
            "already-exists",
            "no-further-tier",
            "filled",
        ]),
        settle: times(),
        fanout: times(),
        log_sync: times(),
        ..Figures::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(won: u32, fast: u32, slow: u32) -> Reading {
        let all = fast + slow;
        Reading::of(&format!(
            "# TYPE muster_ready gauge\nmuster_ready 1\nmuster_vacancies_open 3\n\
             muster_sessions{{role=\"officer\",wire=\"native\"}} 7\n\
             muster_sessions{{role=\"officer\",wire=\"json\"}} 2\n\
             muster_answers_total{{outcome=\"won\"}} {won}\n\
             muster_settle_seconds_bucket{{le=\"0.001\"}} {fast}\n\
             muster_settle_seconds_bucket{{le=\"0.002\"}} {all}\n\
             muster_settle_seconds_bucket{{le=\"+Inf\"}} {all}\n# EOF\n"
        ))
        .unwrap()
    }

    #[test]
    fn figures_are_those_of_the_time_between() {
        let apart = Duration::from_secs(2);
        let figures = Figures::between(&reading(10, 1_000, 0), &reading(30, 1_000, 100), apart);
        assert_eq!((figures.ready, figures.vacancies_open), (true, 3));
        assert_eq!(figures.sessions["officer"], 9);
        assert_eq!(figures.answers_per_s["won"], 10.0);
        // Only the slow ones are new, and they are taken to be spread over their bucket.
        assert_eq!(figures.settle.p50_s, Some(0.0015));
        assert_eq!(figures.fanout, Times::default());
        let lines = figures.lines();
        let line = |label| lines.iter().find(|line| line.0 == label).unwrap().1.clone();
        assert_eq!(line("answers"), "won 10 /s");
        assert_eq!(line("fan-out"), "nothing in this second");
    }

    #[test]
    fn a_server_that_was_started_again_has_no_negative_rates() {
        let apart = Duration::from_secs(1);
        let figures = Figures::between(&reading(30, 5, 5), &reading(1, 1, 0), apart);
        assert!(figures.answers_per_s.is_empty(), "{figures:?}");
    }

    #[test]
    fn what_is_no_metrics_is_no_reading() {
        assert_eq!(Reading::of("hello world\n"), None);
        assert_eq!(Reading::of("other_metric 1\n"), None);
    }
}
