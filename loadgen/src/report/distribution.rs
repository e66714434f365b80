//! Latencies in full: what percentiles are read from, what merges without loss.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{Latencies, Percentiles};

/// Every value of one latency, in buckets of three digits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// Which latency: the name of a field of [`Latencies`].
    pub name: String,
    /// The buckets that hold anything, ascending.
    pub buckets: Vec<Bucket>,
}

/// Values that are alike to three digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The largest value that counts here, in microseconds.
    pub up_to_us: u64,
    /// How many values there were.
    pub count: u64,
}

/// One histogram for each field of [`Latencies`], while values come in.
#[derive(Debug, Clone)]
pub(super) struct Histograms {
    of: Vec<(&'static str, Histogram<u64>)>,
}

impl Histograms {
    /// Empty ones.
    pub(super) fn new() -> Histograms {
        let named = Latencies::default().named();
        Histograms {
            of: named
                .into_iter()
                .map(|(name, _)| (name, histogram()))
                .collect(),
        }
    }

    /// Adds the time between two instants to the latency of this name.
    pub(super) fn record(&mut self, name: &str, until_us: u64, from_us: u64) {
        let found = self.of.iter_mut().find(|(known, _)| *known == name);
        let (_, histogram) = found.expect("the names are those of the fields of Latencies");
        record(histogram, until_us.saturating_sub(from_us));
    }

    /// The percentiles of each.
    pub(super) fn latencies(&self) -> Latencies {
        let mut latencies = Latencies::default();
        let named = latencies.named_mut().into_iter().zip(&self.of);
        for ((_, field), (_, histogram)) in named {
            *field = percentiles(histogram);
        }
        latencies
    }

    /// All of them that hold anything, in full.
    pub(super) fn distributions(&self) -> Vec<Distribution> {
        let filled = self.of.iter().filter(|(_, one)| !one.is_empty());
        filled
            .map(|(name, histogram)| Distribution {
                name: (*name).to_owned(),
                buckets: buckets(histogram),
            })
            .collect()
    }
}

impl Distribution {
    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// The percentiles of these values.
    pub fn percentiles(&self) -> Percentiles {
        percentiles(&self.histogram())
    }

    /// The values as a histogram again; each is the largest of its bucket.
    pub(super) fn histogram(&self) -> Histogram<u64> {
        let mut histogram = histogram();
        for bucket in &self.buckets {
            histogram
                .record_n(bucket.up_to_us, bucket.count)
                .expect("a histogram made without bounds grows to take any value");
        }
        histogram
    }

    /// The distribution as HdrHistogram's tools plot it: value in milliseconds, percentile, how
    /// many values up to there, and the inverse of what is left.
    pub fn hgrm(&self) -> String {
        /// Lines for each halving of the distance to the end.
        const TICKS_PER_HALF: u32 = 5;
        let histogram = self.histogram();
        let mut text = format!(
            "{:>12} {:>14} {:>10} {:>14}\n\n",
            "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
        );
        let mut passed = 0;
        for step in histogram.iter_quantiles(TICKS_PER_HALF) {
            passed += step.count_since_last_iteration();
            let quantile = step.quantile();
            let left = match quantile < 1.0 {
                true => format!("{:14.2}", 1.0 / (1.0 - quantile)),
                false => String::new(),
            };
            let ms = step.value_iterated_to() as f64 / 1_000.0;
            let line = format!("{ms:12.3} {quantile:14.12} {passed:>10} {left}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push_str(&format!(
            "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n\
             #[Max     = {:12.3}, Total count    = {:12}]\n\
             #[Buckets = {:12}, SubBuckets     = {:12}]\n",
            histogram.mean() / 1_000.0,
            histogram.stdev() / 1_000.0,
            histogram.max() as f64 / 1_000.0,
            histogram.len(),
            histogram.buckets(),
            histogram.distinct_values() / usize::from(histogram.buckets()).max(1),
        ));
        text
    }
}

/// An empty histogram of three digits.
pub(super) fn histogram() -> Histogram<u64> {
    const DIGITS: u8 = 3;
    Histogram::new(DIGITS).expect("three digits lie within the range the library allows")
}

/// Adds one value, in microseconds.
pub(super) fn record(histogram: &mut Histogram<u64>, us: u64) {
    histogram
        .record(us)
        .expect("a histogram made without bounds grows to take any value");
}

/// The percentiles of a histogram; zeros if it is empty.
pub(super) fn percentiles(histogram: &Histogram<u64>) -> Percentiles {
    if histogram.is_empty() {
        return Percentiles::default();
    }
    Percentiles {
        p50: histogram.value_at_quantile(0.5),
        p90: histogram.value_at_quantile(0.9),
        p99: histogram.value_at_quantile(0.99),
        p999: histogram.value_at_quantile(0.999),
        max: histogram.max(),
    }
}

fn buckets(histogram: &Histogram<u64>) -> Vec<Bucket> {
    let recorded = histogram.iter_recorded();
    recorded
        .map(|step| Bucket {
            up_to_us: step.value_iterated_to(),
            count: step.count_at_value(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Distribution {
        let mut histograms = Histograms::new();
        for value in values {
            histograms.record("accept_to_answer", *value, 0);
        }
        histograms.distributions().remove(0)
    }

    #[test]
    fn a_distribution_has_the_percentiles_of_its_values() {
        let values: Vec<u64> = (1..=10_000).map(|step| step * 37).collect();
        let mut histograms = Histograms::new();
        for value in &values {
            histograms.record("accept_to_answer", *value + 5, 5);
        }
        let one = of(&values);
        assert_eq!(one.count(), 10_000);
        let told = one.percentiles();
        assert_eq!(told, histograms.latencies().accept_to_answer);
        for (permille, us) in [(500, told.p50), (990, told.p99), (999, told.p999)] {
            let exact = values[permille * 10 - 1];
            assert!(us >= exact && us - exact <= exact / 500, "{us} of {exact}");
        }
    }

    #[test]
    fn only_what_was_measured_is_told() {
        let mut histograms = Histograms::new();
        assert_eq!(histograms.distributions(), []);
        assert_eq!(histograms.latencies(), Latencies::default());
        histograms.record("outage", 9, 2);
        assert_eq!(histograms.distributions()[0].name, "outage");
    }

    #[test]
    fn a_plot_file_ends_with_everything() {
        let text = of(&[1_000, 2_000, 3_000, 900_000]).hgrm();
        let last = text.lines().rfind(|line| !line.starts_with('#')).unwrap();
        let columns: Vec<&str> = last.split_whitespace().collect();
        assert_eq!(columns[1..], ["1.000000000000", "4"]);
        let ms: f64 = columns[0].parse().unwrap();
        assert!((ms - 900.0).abs() < 1.0, "{last}");
        assert!(text.contains("Total count    =            4"), "{text}");
    }
}
