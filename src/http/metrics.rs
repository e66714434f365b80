//! What is counted, as OpenMetrics text: the format of Prometheus.
//!
//! Everything is read at the moment somebody asks; whoever counts meanwhile is not kept waiting.

use std::fmt;
use std::sync::Arc;

use dispatcher::Spread;
use engine::Health;
use engine::limits::INBOX_LEN_MAX;
use loadgen::usage::Subject;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::overview::{Overview, Serving};
use crate::embedded::COMMIT;

/// What the text is, for who reads it.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of the buckets of times, as powers of two in microseconds: 64 µs to 67 s.
const BUCKETS: std::ops::RangeInclusive<u32> = 6..=26;

/// Everything that is known now.
pub(super) fn text(overview: Arc<Overview>) -> String {
    let mut registry = Registry::with_prefix("muster");
    registry.register_collector(Box::new(Scrape(overview)));
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = text::encode(&mut text, &registry);
    text
}

struct Scrape(Arc<Overview>);

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Writer(encoder);
        let is_ready = u64::from(self.0.ready().is_ok());
        page.info(
            "build",
            "Which program this is",
            [("version", env!("CARGO_PKG_VERSION")), ("commit", COMMIT)],
        )?;
        page.gauge(
            "ready",
            "1 if new sessions and requests are taken in",
            is_ready,
        )?;
        page.process(&self.0)?;
        match self.0.serving() {
            Some(serving) => {
                page.sessions(serving)?;
                page.answers(serving)?;
                page.engine(serving)?;
                page.log(serving)
            }
            None => Ok(()),
        }
    }
}

struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn sessions(&mut self, serving: &Serving) -> fmt::Result {
        let stats = &serving.stats;
        self.gauge(
            "connections",
            "Connections that are sessions or about to be",
            stats.sessions() as u64,
        )?;
        let present = stats.present().map(|((role, codec), count)| {
            let labels = [("role", kebab(&role)), ("wire", kebab(&codec))];
            (labels.to_vec(), count)
        });
        let help = "Sessions that are open, by role and by how messages are written";
        self.each("sessions", help, MetricType::Gauge, present)?;
        let handshakes = stats.handshakes().map(by("outcome"));
        let help = "Attempts to connect, by what became of them";
        self.each("handshakes", help, MetricType::Counter, handshakes)?;
        let sent_away = stats.sent_away().map(by("reason"));
        let help = "Sessions that the server ended, by reason";
        self.each("sessions_ended", help, MetricType::Counter, sent_away)?;
        let help = "Sessions that are behind with reading";
        self.gauge("sessions_lagging", help, stats.lagging())
    }

    fn answers(&mut self, serving: &Serving) -> fmt::Result {
        let stats = &serving.stats;
        self.counter("pushes", "Messages pushed to sessions", stats.pushes())?;
        let help = "Answers to requests, by outcome";
        let answers = stats.answers().map(by("outcome"));
        self.each("answers", help, MetricType::Counter, answers)?;
        let help = "Requests refused or lost, by reason";
        let refusals = stats.refusals().map(by("reason"));
        self.each("refusals", help, MetricType::Counter, refusals)?;
        let help = "From a request's arrival to its durable answer";
        self.spread("settle", help, stats.settles())?;
        let help =
            "From the hub taking a durable batch to a push of it being written to its last session";
        self.spread("fanout", help, stats.fanouts())
    }

    fn engine(&mut self, serving: &Serving) -> fmt::Result {
        let (stats, engine) = (&serving.stats, &serving.engine);
        let health = engine.health();
        let states = [
            ("running", Health::Running),
            ("read-only", Health::ReadOnly),
            ("failed", Health::Failed),
            ("closed", Health::Closed),
        ];
        let states = states.map(|(name, state)| {
            let labels = vec![("state", name.to_owned())];
            (labels, u64::from(state == health))
        });
        let help = "1 for the state that the engine is in, 0 for the others";
        self.each("engine_state", help, MetricType::Gauge, states.into_iter())?;
        let help = "Requests in line before the engine";
        self.gauge("line_length", help, engine.line_len() as u64)?;
        let help = "Requests that fit into the line";
        self.gauge("line_length_max", help, INBOX_LEN_MAX as u64)?;
        let help = "Messages of sessions that wait for the hub";
        self.gauge("hub_queue_length", help, stats.hub_queue() as u64)?;
        let help = "Vacancies with open slots";
        self.gauge("vacancies_open", help, stats.vacancies_open())
    }

    fn log(&mut self, serving: &Serving) -> fmt::Result {
        let stats = &serving.stats;
        let recovered = &serving.recovered;
        let sequence = stats.sequence().max(recovered.sequence.0);
        self.counter(
            "log_records",
            "Durable records since the log began",
            sequence,
        )?;
        let help = "Writing and syncing a batch of the log";
        self.spread("log_sync", help, stats.syncs())?;
        // A folder that cannot be read now has no figures, which is told from zero.
        if let Ok(folder) = super::overview::LogFolder::look(&serving.log) {
            let help = "Segments of the log in its folder, archived ones included";
            self.gauge("log_segments", help, folder.segments)?;
            let help = "Size of all files of the log, snapshots included";
            self.measure("log", help, &Unit::Bytes, folder.bytes as f64)?;
        }
        let help = "Reading the log at the last start";
        let took = serving.recovery.as_secs_f64();
        self.measure("recovery", help, &Unit::Seconds, took)?;
        let help = "Records read after the snapshot at the last start";
        self.gauge("recovery_records", help, recovered.records)?;
        let ends = serving.certificate.borrow().ends;
        if let Some(ends) = ends {
            let help = "When the certificate ends, in seconds since 1970";
            let ends = ends.as_second() as f64;
            self.measure("certificate_end_timestamp", help, &Unit::Seconds, ends)?;
        }
        Ok(())
    }

    fn process(&mut self, overview: &Overview) -> fmt::Result {
        // Where there is no /proc there are no figures.
        let Some(seen) = Subject::own(None).look() else {
            return Ok(());
        };
        let cpu_s = seen.cpu_us as f64 / 1e6;
        let help = "Processor time used, user and system";
        let unit = Unit::Seconds;
        let mut metric =
            self.0
                .encode_descriptor("process_cpu", help, Some(&unit), MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, f64>(&cpu_s, None)?;
        let help = "Resident memory";
        let bytes = seen.memory_bytes as f64;
        self.measure("process_resident_memory", help, &Unit::Bytes, bytes)?;
        self.gauge(
            "process_open_descriptors",
            "Open descriptors",
            seen.descriptors,
        )?;
        let help = "Since the program started";
        let up = overview.up().as_secs_f64();
        self.measure("process_uptime", help, &Unit::Seconds, up)
    }

    fn info<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: [(&str, &str); N],
    ) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Info)?;
        metric.encode_info(&labels)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    /// A gauge with a unit, which becomes part of its name.
    fn measure(&mut self, name: &str, help: &str, unit: &Unit, value: f64) -> fmt::Result {
        let kind = MetricType::Gauge;
        let mut metric = self.0.encode_descriptor(name, help, Some(unit), kind)?;
        metric.encode_gauge(&value)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let kind = MetricType::Counter;
        let mut metric = self.0.encode_descriptor(name, help, None, kind)?;
        metric.encode_counter::<NoLabelSet, _, f64>(&value, None)
    }

    /// One family with a row for each set of labels.
    fn each(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        rows: impl Iterator<Item = (Labels, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in rows {
            let mut row = family.encode_family(&labels)?;
            match kind {
                MetricType::Counter => row.encode_counter::<NoLabelSet, _, f64>(&value, None)?,
                _ => row.encode_gauge(&value)?,
            }
        }
        Ok(())
    }

    fn spread(&mut self, name: &str, help: &str, spread: &Spread) -> fmt::Result {
        let mut counted = 0;
        let mut buckets: Vec<(f64, u64)> = Vec::new();
        for doubling in BUCKETS {
            let below = spread.below(doubling);
            buckets.push(((1_u64 << doubling) as f64 / 1e6, below - counted));
            counted = below;
        }
        let sum_s = spread.sum_us() as f64 / 1e6;
        // Read last, so that it is never less than what the buckets hold.
        let count = spread.count();
        buckets.push((f64::INFINITY, count - counted));
        let (unit, kind) = (Unit::Seconds, MetricType::Histogram);
        let mut metric = self.0.encode_descriptor(name, help, Some(&unit), kind)?;
        metric.encode_histogram::<NoLabelSet>(sum_s, count, &buckets, None)
    }
}

type Labels = Vec<(&'static str, String)>;

/// One label that holds the kind's name.
fn by<T: fmt::Debug>(label: &'static str) -> impl Fn((T, u64)) -> (Labels, u64) {
    move |(kind, count)| (vec![(label, kebab(&kind))], count)
}

/// `AlreadyExists` as the wire writes it: `already-exists`.
fn kebab(kind: &impl fmt::Debug) -> String {
    let mut words = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(letter.to_lowercase());
    }
    words
}
