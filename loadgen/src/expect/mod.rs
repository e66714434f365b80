//! What a run is expected to come to: assertions about its report, and a baseline.
//!
//! Both name figures as the report's JSON does, so whatever a report holds can be asserted, and a
//! word that names nothing is found before the run.

mod baseline;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::report::{Percentiles, Report, millis};

pub use baseline::{Baseline, BaselineError};

/// An assertion about a report, such as `accept_to_answer.p99<50ms` or `double_fills==0`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    text: String,
    figure: Figure,
    comparison: Comparison,
    /// Microseconds for a latency, otherwise a plain number.
    bound: f64,
}

/// Where in a report a figure stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Figure {
    /// A percentile of a latency.
    Latency { name: String, percentile: String },
    /// A number in the section of this name.
    Number { section: &'static str, name: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Below,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    Above,
}

/// An assertion that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// There is no comparison in it.
    #[error(
        "`{0}` compares nothing: write a figure, one of < <= == != >= >, and a number, such as \
         `accept.p99<50ms` or `double_fills==0`"
    )]
    Shape(String),
    /// Nothing is called so.
    #[error("no figure of a report is called `{name}`: there are {}", known.join(", "))]
    Unknown {
        /// What was named.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A latency without one of its percentiles.
    #[error("`{0}` is a latency: say which of p50, p90, p99, p999 and max, such as `{0}.p99`")]
    NoPercentile(String),
    /// The number or its unit makes no sense for this figure.
    #[error("`{text}` is no bound of {figure}: write {example}")]
    Bound {
        /// What was written.
        text: String,
        /// The figure.
        figure: String,
        /// What would do.
        example: &'static str,
    },
}

/// Short names of the latencies that are asserted most.
const SHORT_NAMES: [(&str, &str); 4] = [
    ("accept", "accept_to_answer"),
    ("publish", "publish_to_answer"),
    ("first_push", "publish_to_first_push"),
    ("last_push", "publish_to_last_push"),
];

/// The sections of a report that hold plain numbers.
const SECTIONS: [&str; 5] = ["audit", "counts", "usage", "knee", "generator"];

/// Comparisons; where one begins another, the longer one comes first.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

impl FromStr for Assertion {
    type Err = AssertionError;

    fn from_str(text: &str) -> Result<Assertion, AssertionError> {
        let split = COMPARISONS.into_iter().find_map(|(sign, comparison)| {
            let (figure, bound) = text.split_once(sign)?;
            Some((figure.trim(), comparison, bound.trim()))
        });
        let Some((figure, comparison, bound)) = split else {
            return Err(AssertionError::Shape(text.to_owned()));
        };
        let figure = Figure::read(figure)?;
        Ok(Assertion {
            bound: figure.read_bound(bound)?,
            text: text.to_owned(),
            figure,
            comparison,
        })
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Assertion {
    /// Says how the report fails it, as one sentence; nothing if it holds.
    pub fn failure(&self, report: &Report) -> Option<String> {
        let found = match self.figure.value(report) {
            Some(found) => found,
            None => {
                return Some(format!("{self}: nothing of this kind was measured"));
            }
        };
        let holds = match self.comparison {
            Comparison::Below => found < self.bound,
            Comparison::AtMost => found <= self.bound,
            Comparison::Equal => found == self.bound,
            Comparison::Unequal => found != self.bound,
            Comparison::AtLeast => found >= self.bound,
            Comparison::Above => found > self.bound,
        };
        let told = match self.figure {
            Figure::Latency { .. } => format!("{} ms", millis(found as u64)),
            Figure::Number { .. } => found.to_string(),
        };
        (!holds).then(|| format!("{self}: it is {told}"))
    }
}

impl Figure {
    fn read(name: &str) -> Result<Figure, AssertionError> {
        let (first, rest) = match name.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (name, None),
        };
        let long = SHORT_NAMES.iter().find(|(short, _)| *short == first);
        let latency = long.map_or(first, |(_, long)| *long);
        let report = as_json(&Report::default());
        if report["latency_us"].get(latency).is_some() {
            let percentile = match rest {
                Some("p99.9") => "p999",
                Some(percentile) => percentile,
                None => return Err(AssertionError::NoPercentile(first.to_owned())),
            };
            if report["latency_us"][latency].get(percentile).is_none() {
                return Err(AssertionError::NoPercentile(first.to_owned()));
            }
            return Ok(Figure::Latency {
                name: latency.to_owned(),
                percentile: percentile.to_owned(),
            });
        }
        let named = SECTIONS.into_iter().find_map(|section| {
            let bare = match rest {
                Some(rest) if first == section => rest,
                Some(_) => return None,
                None => first,
            };
            let is_number = report[section].get(bare).is_some_and(Value::is_number);
            is_number.then(|| (section, bare.to_owned()))
        });
        match named {
            Some((section, name)) => Ok(Figure::Number { section, name }),
            None => Err(AssertionError::Unknown {
                name: name.to_owned(),
                known: known(&report),
            }),
        }
    }

    fn read_bound(&self, text: &str) -> Result<f64, AssertionError> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let (scale, example) = match (self, unit.trim()) {
            (Figure::Latency { .. }, "us" | "µs") => (Some(1.0), ""),
            (Figure::Latency { .. }, "ms") => (Some(1_000.0), ""),
            (Figure::Latency { .. }, "s") => (Some(1_000_000.0), ""),
            (Figure::Latency { .. }, _) => (None, "a time such as 50ms, 800us or 2s"),
            (Figure::Number { .. }, "") => (Some(1.0), ""),
            (Figure::Number { .. }, _) => (None, "a number without a unit"),
        };
        let number = number
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        match (number, scale) {
            (Some(number), Some(scale)) => Ok(number * scale),
            (None, Some(_)) | (_, None) => Err(AssertionError::Bound {
                text: text.to_owned(),
                figure: self.to_string(),
                example: if example.is_empty() {
                    "a number"
                } else {
                    example
                },
            }),
        }
    }

    /// The figure; nothing for a latency that was not measured, whose zeros would pass for speed.
    fn value(&self, report: &Report) -> Option<f64> {
        let report_json = as_json(report);
        match self {
            Figure::Latency { name, percentile } => {
                let named = report.latency_us.named();
                let (_, all) = named.into_iter().find(|(known, _)| known == name)?;
                let is_measured = all != Percentiles::default();
                let value = &report_json["latency_us"][name][percentile];
                value.as_f64().filter(|_| is_measured)
            }
            Figure::Number { section, name } => report_json[section][name].as_f64(),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Figure::Latency { name, percentile } => write!(f, "{name}.{percentile}"),
            Figure::Number { name, .. } => f.write_str(name),
        }
    }
}

fn as_json(report: &Report) -> Value {
    serde_json::to_value(report).expect("a report holds nothing that JSON does not know")
}

/// Everything that can be asserted, by name.
fn known(report: &Value) -> Vec<String> {
    let keys = |section: &str| {
        let fields = report[section].as_object().into_iter().flatten();
        let numbers = fields.filter(|(_, value)| value.is_number() || value.is_object());
        numbers.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let latencies = keys("latency_us").into_iter();
    let latencies = latencies.map(|name| format!("{name}.p99"));
    latencies
        .chain(SECTIONS.into_iter().flat_map(keys))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        report.latency_us.accept_to_answer = Percentiles {
            p50: 900,
            p90: 2_000,
            p99: 50_000,
            p999: 80_000,
            max: 80_000,
        };
        report.audit.double_fills = 2;
        report.counts.vacancies = 200;
        report.usage.memory_slope_bytes_per_min = -5;
        report
    }

    fn failure(text: &str) -> Option<String> {
        text.parse::<Assertion>().unwrap().failure(&report())
    }

    #[test]
    fn assertions_hold_or_say_what_it_is() {
        for holds in [
            "accept.p99<=50ms",
            "accept.p50 < 1ms",
            "accept_to_answer.p99.9<=0.08s",
            "accept.max>=80000us",
            "double_fills==2",
            "audit.double_fills != 0",
            "vacancies>199",
            "usage.memory_slope_bytes_per_min<=0",
        ] {
            assert_eq!(failure(holds), None, "{holds}");
        }
        assert_eq!(
            failure("accept.p99<50ms").unwrap(),
            "accept.p99<50ms: it is 50.000 ms"
        );
        assert_eq!(
            failure("double_fills==0").unwrap(),
            "double_fills==0: it is 2"
        );
    }

    #[test]
    fn what_was_not_measured_is_not_fast() {
        let said = failure("outage.p99<1s").unwrap();
        assert!(said.contains("nothing of this kind was measured"), "{said}");
    }

    #[test]
    fn nonsense_is_refused_with_what_would_do() {
        let said = |text: &str| text.parse::<Assertion>().unwrap_err().to_string();
        for (text, words) in [
            ("accept.p99", "compares nothing"),
            ("acept.p99<5ms", "accept_to_answer.p99"),
            ("double_fill==0", "double_fills"),
            ("accept<5ms", "say which of p50"),
            ("accept.p95<5ms", "say which of p50"),
            ("accept.p99<5", "a time such as 50ms"),
            ("accept.p99<5m", "a time such as 50ms"),
            ("double_fills==0ms", "without a unit"),
            ("busy<many", "without a unit"),
            ("busy<", "a number"),
            ("counts.double_fills==0", "no figure"),
        ] {
            let said = said(text);
            assert!(said.contains(words), "{text} said {said}");
        }
    }
}
