//! What the charts of a report show.

use std::fmt;

use super::chart::{Axis, Chart, Series, Shape};
use crate::report::{Distribution, Percentiles, Report, Step};

/// The name of a latency for people.
pub(super) fn title(name: &str) -> &str {
    match name {
        "publish_to_last_push" => "publish → last push",
        "publish_to_first_push" => "publish → first push",
        "publish_to_answer" => "publish → durable answer",
        "publish_service" => "publish, from the send (service)",
        "accept_to_answer" => "accept → durable answer",
        "accept_service" => "accept, from the send (service)",
        "interrupted_accept_to_answer" => "accept, connection cut",
        "race_to_winner" => "race → winner told",
        "race_to_last_loser" => "race → last loser told",
        "outage" => "session broken → synced again",
        other => other,
    }
}

/// Writes every chart that has something to show.
pub(super) fn write(page: &mut String, report: &Report) -> fmt::Result {
    let line = |name: &'static str, value: &dyn Fn(&Step) -> f64| Series {
        name,
        shape: Shape::Line(over_time(report, value)),
    };
    let ms = |us: u64| us as f64 / 1_000.0;
    let latencies = |of: fn(&Step) -> &Percentiles| {
        vec![
            line("p50", &|step| ms(of(step).p50)),
            line("p99", &|step| ms(of(step).p99)),
            line("p99.9", &|step| ms(of(step).p999)),
            line("largest", &|step| ms(of(step).max)),
        ]
    };
    // Per second, so that runs with steps of other lengths can be compared.
    let steps_per_s = 1_000_000.0 / (report.timeline.step_us.max(1) as f64);
    let rate = |count: u64| count as f64 * steps_per_s;
    let charts = [
        Chart {
            title: "Percentiles over time: accepts",
            note: "Response time in ms (log scale) over seconds, by intended instant.",
            x: Axis::Linear,
            y: Axis::Log,
            series: latencies(|step| &step.accept_to_answer),
        },
        Chart {
            title: "Percentiles over time: publications",
            note: "Response time in ms (log scale) over seconds, by intended instant.",
            x: Axis::Linear,
            y: Axis::Log,
            series: latencies(|step| &step.publish_to_answer),
        },
        Chart {
            title: "Latency distribution",
            note: "Milliseconds (log scale) by percentile.",
            x: Axis::Percentile,
            y: Axis::Log,
            series: distributions(report),
        },
        Chart {
            title: "Spread of each broadcast",
            note: "From the first push to the last, in ms since the intended publication (log \
                   scale), over seconds.",
            x: Axis::Linear,
            y: Axis::Log,
            series: vec![Series {
                name: "first → last push",
                shape: Shape::Sticks(spreads(report)),
            }],
        },
        Chart {
            title: "Slots published and awarded",
            note: "Slots so far, over seconds; a slot that was given back is awarded again.",
            x: Axis::Linear,
            y: Axis::Linear,
            series: vec![
                line("published", &|step| step.slots_published as f64),
                line("awarded", &|step| step.slots_awarded as f64),
            ],
        },
        Chart {
            title: "Meant and achieved",
            note: "Per second, over seconds.",
            x: Axis::Linear,
            y: Axis::Linear,
            series: vec![
                line("publications meant", &|step| rate(step.publications)),
                line("acknowledged", &|step| rate(step.published)),
                line("accepts meant", &|step| rate(step.accepts)),
                line("answered", &|step| rate(step.answered)),
            ],
        },
        Chart {
            title: "Told to come back, lost, refused",
            note: "Per second, over seconds.",
            x: Axis::Linear,
            y: Axis::Linear,
            series: vec![
                line("lost", &|step| rate(step.lost)),
                line("told to come back later", &|step| rate(step.busy)),
                line("refused", &|step| rate(step.refused)),
                line("sessions broken", &|step| rate(step.breaks)),
            ],
        },
        Chart {
            title: "Memory",
            note: "Resident MiB of the process that was looked at, over seconds.",
            x: Axis::Linear,
            y: Axis::Linear,
            series: usage(report),
        },
    ];
    charts.iter().try_for_each(|chart| chart.write(page))
}

fn over_time(report: &Report, value: &dyn Fn(&Step) -> f64) -> Vec<(f64, f64)> {
    let step_s = report.timeline.step_us as f64 / 1_000_000.0;
    let steps = report.timeline.steps.iter().enumerate();
    steps
        .map(|(place, step)| ((place as f64 + 0.5) * step_s, value(step)))
        .collect()
}

fn spreads(report: &Report) -> Vec<(f64, f64, f64)> {
    let ms = |us: u64| us as f64 / 1_000.0;
    let spreads = report.broadcasts.iter();
    spreads
        .map(|one| {
            (
                one.at_us as f64 / 1_000_000.0,
                ms(one.first_us),
                ms(one.last_us),
            )
        })
        .collect()
}

fn distributions(report: &Report) -> Vec<Series<'_>> {
    const SHOWN: [&str; 5] = [
        "accept_to_answer",
        "accept_service",
        "publish_to_answer",
        "publish_to_last_push",
        "race_to_last_loser",
    ];
    let shown = SHOWN.iter().filter_map(|name| {
        let mut all = report.distributions.iter();
        all.find(|one| one.name == *name)
    });
    shown
        .map(|one| Series {
            name: title(&one.name),
            shape: Shape::Line(by_percentile(one)),
        })
        .collect()
}

/// Each bucket at the inverse of the share of values beyond it.
fn by_percentile(distribution: &Distribution) -> Vec<(f64, f64)> {
    let all = distribution.count() as f64;
    let mut passed = 0;
    let mut points = Vec::with_capacity(distribution.buckets.len());
    for bucket in &distribution.buckets {
        let before = passed as f64 / all;
        passed += bucket.count;
        let ms = bucket.up_to_us as f64 / 1_000.0;
        points.push((1.0 / (1.0 - before), ms));
    }
    points
}

fn usage(report: &Report) -> Vec<Series<'_>> {
    const MIB: f64 = 1_048_576.0;
    let samples = report.usage.samples.iter();
    let points: Vec<(f64, f64)> = samples
        .map(|sample| {
            let at_s = sample.at_us as f64 / 1_000_000.0;
            (at_s, sample.memory_bytes as f64 / MIB)
        })
        .collect();
    vec![Series {
        name: "resident",
        shape: Shape::Line(points),
    }]
}
