//! `/metrics`, read strictly, and held against what `docs/operations.md` says of it.

use std::collections::{BTreeMap, BTreeSet};

use muster::http::page;
use muster::sample::SampleState;
use protocol::{Ask, RequestId, Role};

use super::{http_of, until};
use crate::house::{House, Server, ask, free_port, import, publish, scratch};

#[test]
fn every_metric_is_well_formed_and_documented() {
    let folder = scratch();
    let port = free_port();
    let server = Server::start(&folder, port);
    let http = http_of(&folder, port);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let house = House::open(&folder, port);
        let sample = SampleState::new(7, jiff::civil::date(2026, 11, 23));
        let operator = house.join(Role::Operator, "operator", None, |_| {});
        import(&operator, &sample).await;
        publish(&operator, &sample, 0).await;
        let id = RequestId(77);
        // Something is refused, and somebody is sent away.
        let changes = Vec::new();
        ask(&operator, id, Ask::Roster { changes }).await;
        ask(&operator, id, Ask::Board).await;
    });
    let read = || {
        let families = parse(&page(http, "/metrics").expect("an answer").text);
        families.expect("it is well-formed")
    };
    // A push is counted once it is with everybody, which may be after its answer.
    until("a push that is counted", || {
        happened(&read(), "muster_fanout_seconds")
    });
    let families = read();
    server.stop();
    std::fs::remove_dir_all(&folder).expect("the folder is ours");

    let sample = |name: &str| families[name].samples[0].1;
    assert!(sample("muster_ready") == 1.0 && sample("muster_vacancies_open") == 1.0);
    assert!(sample("muster_log_records_total") >= 2.0);
    for times in [
        "muster_settle_seconds",
        "muster_log_sync_seconds",
        "muster_fanout_seconds",
    ] {
        assert!(happened(&families, times), "{times}");
    }
    // Not everything happens in a short run: nobody was sent away, for one.
    let told: BTreeMap<_, _> = families
        .iter()
        .map(|(name, family)| (name.as_str(), family.kind.as_str()))
        .collect();
    let text = include_str!("../../../docs/operations.md");
    let (_, table) = text.split_once("## Every metric").expect("the chapter");
    let documented: BTreeMap<_, _> = table.lines().filter_map(row).collect();
    assert_eq!(told, documented, "docs/operations.md has a row for each");
}

#[test]
fn a_strict_reader_refuses_what_is_not_well_formed() {
    let good = "# HELP muster_a_seconds What it is.\n# TYPE muster_a_seconds gauge\n\
                # UNIT muster_a_seconds seconds\nmuster_a_seconds 1.5\n# EOF\n";
    assert!(parse(good).is_ok());
    let bad = [
        ("no end", good.replace("# EOF\n", "")),
        (
            "no help",
            good.replace("# HELP muster_a_seconds What it is.\n", ""),
        ),
        (
            "no type",
            good.replace("# TYPE muster_a_seconds gauge\n", ""),
        ),
        (
            "another unit",
            good.replace("seconds seconds", "seconds bytes"),
        ),
        ("no number", good.replace("1.5", "much")),
        (
            "another family",
            good.replace("muster_a_seconds 1.5", "muster_b 1.5"),
        ),
        ("no total", good.replace("gauge", "counter")),
        (
            "a unit of its own",
            good.replace("_seconds", "_ms").replace(" seconds", " ms"),
        ),
        ("another prefix", good.replace("muster_", "")),
    ];
    for (what, text) in bad {
        assert!(parse(&text).is_err(), "{what} is not noticed:\n{text}");
    }
    let spread = |buckets: &str| {
        format!(
            "# HELP muster_a_seconds What.\n# TYPE muster_a_seconds histogram\n\
             # UNIT muster_a_seconds seconds\nmuster_a_seconds_sum 1.0\nmuster_a_seconds_count 2\n\
             {buckets}# EOF\n"
        )
    };
    let bucket =
        |bound: &str, count: u32| format!("muster_a_seconds_bucket{{le=\"{bound}\"}} {count}\n");
    let rising = bucket("0.5", 1) + &bucket("1.0", 2) + &bucket("+Inf", 2);
    assert!(parse(&spread(&rising)).is_ok());
    for falling in [
        bucket("0.5", 2) + &bucket("1.0", 1) + &bucket("+Inf", 2),
        bucket("1.0", 1) + &bucket("0.5", 2) + &bucket("+Inf", 2),
        bucket("0.5", 1) + &bucket("+Inf", 1),
        bucket("0.5", 1),
    ] {
        assert!(parse(&spread(&falling)).is_err(), "{falling}");
    }
}

/// Whether a histogram has counted anything.
fn happened(families: &BTreeMap<String, Family>, times: &str) -> bool {
    let mut samples = families[times].samples.iter();
    samples.any(|(name, value)| name.ends_with("_count") && *value > 0.0)
}

/// A row of the table: `` | `muster_ready` | gauge | … ``.
fn row(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
    let kind = rest.split(" |").next()?;
    name.starts_with("muster_").then_some((name, kind))
}

struct Family {
    kind: String,
    /// Names and labels as they are written, with values.
    samples: Vec<(String, f64)>,
}

/// Reads OpenMetrics text; families by the name under which they are asked for.
fn parse(text: &str) -> Result<BTreeMap<String, Family>, String> {
    let text = text.strip_suffix("# EOF\n").ok_or("it has no end")?;
    let mut families = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, help) = words(line, "# HELP ")?;
        if !name.starts_with("muster_") || help.is_empty() {
            return Err(format!("no help: {line}"));
        }
        let line = lines.next().ok_or("nothing after the help")?;
        let (typed, kind) = words(line, "# TYPE ")?;
        let mut unit = None;
        if let Some(line) = lines.next_if(|line| line.starts_with("# UNIT ")) {
            let (of, named) = words(line, "# UNIT ")?;
            if of != name || !name.ends_with(&format!("_{named}")) {
                return Err(format!("another unit: {line}"));
            }
            unit = Some(named);
        }
        if typed != name || !matches!(unit, None | Some("seconds" | "bytes")) {
            return Err(format!("no base unit, or another's type: {line}"));
        }
        let suffixes: &[&str] = match kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_sum", "_count", "_bucket"],
            "info" => &["_info"],
            _ => return Err(format!("no type: {line}")),
        };
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (written, value) = line.rsplit_once(' ').ok_or("a sample without a value")?;
            let plain = written.split('{').next().unwrap_or_default();
            let is_ours = suffixes.iter().any(|end| plain == format!("{name}{end}"));
            let value: f64 = value.parse().map_err(|_| format!("no number: {line}"))?;
            if !is_ours || !value.is_finite() || value < 0.0 {
                return Err(format!("not of {name}: {line}"));
            }
            samples.push((written.to_owned(), value));
        }
        let distinct: BTreeSet<_> = samples.iter().map(|(written, _)| written).collect();
        if distinct.len() != samples.len() {
            return Err(format!("said twice: {name}"));
        }
        if kind == "histogram" {
            rises(&samples)?;
        }
        let asked_for = match kind {
            "counter" | "info" => format!("{name}{}", suffixes[0]),
            _ => name.to_owned(),
        };
        let family = Family {
            kind: kind.to_owned(),
            samples,
        };
        if families.insert(asked_for, family).is_some() {
            return Err(format!("twice: {name}"));
        }
    }
    Ok(families)
}

/// Buckets are cumulative, in order, and end with everything.
fn rises(samples: &[(String, f64)]) -> Result<(), String> {
    let counted = samples.iter().find(|(name, _)| name.ends_with("_count"));
    let (_, counted) = counted.ok_or("a histogram without a count")?;
    let buckets = samples.iter().filter_map(|(written, count)| {
        let bound = written.split_once("{le=\"")?.1.strip_suffix("\"}")?;
        Some((bound.replace('+', "").parse::<f64>().ok()?, *count))
    });
    let mut last = (f64::NEG_INFINITY, 0.0);
    for bucket in buckets {
        if bucket.0 <= last.0 || bucket.1 < last.1 {
            return Err(format!("buckets fall: {bucket:?} after {last:?}"));
        }
        last = bucket;
    }
    if last == (f64::INFINITY, *counted) {
        return Ok(());
    }
    Err(format!("the last bucket is {last:?} of {counted}"))
}

fn words<'a>(line: &'a str, head: &str) -> Result<(&'a str, &'a str), String> {
    let rest = line.strip_prefix(head);
    let rest = rest.ok_or_else(|| format!("{head}belongs here: {line}"))?;
    rest.split_once(' ')
        .ok_or_else(|| format!("too short: {line}"))
}
