//! What a process uses while a run goes on: memory, processor time, descriptors, its log.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::live::Live;

/// What a process used in the course of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Which process was looked at; empty if none was.
    pub of: String,
    /// Resident memory gained between the last look before the first session and the moment when
    /// all sessions were up, per session, in bytes. The roster was sent before.
    pub memory_per_session_bytes: u64,
    /// Processor time per session and second while all sessions were up, in nanoseconds.
    pub cpu_per_session_ns_per_s: u64,
    /// The slope of resident memory over the second half of the run, in bytes per minute.
    pub memory_slope_bytes_per_min: i64,
    /// The slope of open descriptors over the second half, in descriptors per 1,000 minutes.
    pub descriptors_slope_per_kmin: i64,
    /// The slope of the log's size over the second half, in bytes per minute.
    pub log_slope_bytes_per_min: i64,
    /// The samples, by time.
    pub samples: Vec<Sample>,
}

/// What the load generator itself used, where the server was another process. A generator that is
/// short of processors says more about itself than about the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// Resident memory per simulated session, as [`Usage::memory_per_session_bytes`].
    pub memory_per_session_bytes: u64,
    /// Processor time while all sessions were up, in thousandths of one processor.
    pub cpu_permille: u64,
}

impl Generator {
    /// Reads it from what was seen of this process.
    pub(crate) fn of(usage: &Usage) -> Generator {
        let most = usage.samples.iter().map(|sample| sample.sessions).max();
        let each = u128::from(usage.cpu_per_session_ns_per_s) * u128::from(most.unwrap_or(0));
        Generator {
            memory_per_session_bytes: usage.memory_per_session_bytes,
            cpu_permille: u64::try_from(each / 1_000_000).unwrap_or(u64::MAX),
        }
    }

    /// What several processes used together: memory as in the one that needs most.
    pub(crate) fn with(self, other: Generator) -> Generator {
        Generator {
            memory_per_session_bytes: self
                .memory_per_session_bytes
                .max(other.memory_per_session_bytes),
            cpu_permille: self.cpu_permille + other.cpu_permille,
        }
    }
}

/// One look at a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// When, in microseconds since the first look.
    pub at_us: u64,
    /// Resident memory, in bytes.
    pub memory_bytes: u64,
    /// Processor time used so far, in microseconds.
    pub cpu_us: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Size of the log's folder, in bytes; zero where it is not known.
    pub log_bytes: u64,
    /// Officers' sessions that stood.
    pub sessions: u64,
}

/// The process to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its number.
    pub pid: u32,
    /// What it is, for people.
    pub of: String,
    /// The folder of its log, where it is known.
    pub log: Option<PathBuf>,
}

impl Subject {
    /// This process, which an embedded server shares with the officers.
    pub fn own(log: Option<PathBuf>) -> Subject {
        Subject {
            pid: std::process::id(),
            of: "this process: the officers and, if embedded, the server".to_owned(),
            log,
        }
    }

    /// Looks once; nothing if the process cannot be seen.
    pub fn look(&self) -> Option<Sample> {
        let of = PathBuf::from(format!("/proc/{}", self.pid));
        let status = fs::read_to_string(of.join("status")).ok()?;
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let memory_kib: u64 = memory.split_whitespace().next()?.parse().ok()?;
        Some(Sample {
            memory_bytes: memory_kib * 1_024,
            cpu_us: cpu_us(&fs::read_to_string(of.join("stat")).ok()?)?,
            descriptors: fs::read_dir(of.join("fd")).map_or(0, |entries| entries.count() as u64),
            log_bytes: self.log.as_deref().map_or(0, folder_bytes),
            ..Sample::default()
        })
    }
}

/// Looks at a process in a thread of its own until it is asked for what it saw.
#[derive(Debug)]
pub struct Sampler {
    over: Arc<AtomicBool>,
    samples: Arc<Mutex<Vec<Sample>>>,
    of: String,
    thread: Option<JoinHandle<()>>,
}

/// Samples kept; when there are as many, every other one goes and looks become half as frequent.
const SAMPLES_MAX: usize = 2_000;
/// How often is looked at first.
const INTERVAL_FIRST: Duration = Duration::from_millis(100);
/// After so long there has been another look, if the run is young.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(150);

impl Sampler {
    /// Begins to look.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(subject: Subject, live: Arc<Live>) -> std::io::Result<Sampler> {
        let over = Arc::new(AtomicBool::new(false));
        let samples = Arc::new(Mutex::new(Vec::new()));
        let (of, ended, seen) = (subject.of.clone(), Arc::clone(&over), Arc::clone(&samples));
        let thread = std::thread::Builder::new().name("loadgen-usage".to_owned());
        let thread = thread.spawn(move || {
            let began = Instant::now();
            let mut interval = INTERVAL_FIRST;
            while !ended.load(Ordering::Relaxed) {
                if let Some(mut sample) = subject.look() {
                    sample.at_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    sample.sessions = live.sessions_up.load(Ordering::Relaxed).max(0) as u64;
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.push(sample);
                    if seen.len() == SAMPLES_MAX {
                        let mut place = 0;
                        seen.retain(|_| {
                            place += 1;
                            place % 2 == 1
                        });
                        interval *= 2;
                    }
                }
                std::thread::park_timeout(interval);
            }
        })?;
        Ok(Sampler {
            over,
            samples,
            of,
            thread: Some(thread),
        })
    }

    /// Ends the looking; says what was used.
    pub fn finish(mut self) -> Usage {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::warn!("the thread that looks at a process panicked");
            }
        }
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        summed_up(self.of.clone(), std::mem::take(&mut samples))
    }
}

/// Works out what samples come to.
fn summed_up(of: String, samples: Vec<Sample>) -> Usage {
    let (Some(first), Some(most)) = (
        samples.first().copied(),
        samples.iter().map(|sample| sample.sessions).max(),
    ) else {
        return Usage::default();
    };
    let full: Vec<&Sample> = samples
        .iter()
        .filter(|sample| most > 0 && sample.sessions == most)
        .collect();
    let mut usage = Usage {
        of,
        ..Usage::default()
    };
    if let (Some(up), Some(last)) = (full.first(), full.last()) {
        let before = samples.iter().take_while(|sample| sample.sessions == 0);
        let before = before.last().unwrap_or(&first);
        let gained = up.memory_bytes.saturating_sub(before.memory_bytes);
        usage.memory_per_session_bytes = gained / most;
        let cpu_ns = u128::from(last.cpu_us.saturating_sub(up.cpu_us)) * 1_000;
        let span_us = u128::from((last.at_us - up.at_us).max(1));
        let each = cpu_ns * 1_000_000 / span_us / u128::from(most);
        usage.cpu_per_session_ns_per_s = u64::try_from(each).unwrap_or(u64::MAX);
    }
    let half = &samples[samples.len() / 2..];
    let slope = |value: fn(&Sample) -> u64| slope_per_min(half, value);
    usage.memory_slope_bytes_per_min = slope(|sample| sample.memory_bytes) as i64;
    usage.descriptors_slope_per_kmin = (slope(|sample| sample.descriptors) * 1_000.0) as i64;
    usage.log_slope_bytes_per_min = slope(|sample| sample.log_bytes) as i64;
    usage.samples = samples;
    usage
}

/// The slope of the straight line that fits the samples best (least squares), per minute.
fn slope_per_min(samples: &[Sample], value: fn(&Sample) -> u64) -> f64 {
    const MINUTE_US: f64 = 60_000_000.0;
    let count = samples.len() as f64;
    let minutes = |sample: &Sample| sample.at_us as f64 / MINUTE_US;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (mean_at, mean_value) = (mean(&minutes), mean(&|sample| value(sample) as f64));
    let (mut above, mut below) = (0.0, 0.0);
    for sample in samples {
        let at = minutes(sample) - mean_at;
        above += at * (value(sample) as f64 - mean_value);
        below += at * at;
    }
    if below > 0.0 { above / below } else { 0.0 }
}

/// User and system time in the text of `/proc/PID/stat`, in microseconds.
fn cpu_us(stat: &str) -> Option<u64> {
    /// What Linux counts processor time in, on every architecture it tells of it: 100 a second.
    const TICK_US: u64 = 10_000;
    // The name in parentheses may hold anything, so fields count from behind it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let ticks = |field: Option<&str>| field?.parse::<u64>().ok();
    Some((ticks(fields.next())? + ticks(fields.next())?) * TICK_US)
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        Some(match metadata.is_dir() {
            true => folder_bytes(&entry.path()),
            false => metadata.len(),
        })
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_s: u64, memory_bytes: u64, cpu_us: u64, sessions: u64) -> Sample {
        Sample {
            at_us: at_s * 1_000_000,
            memory_bytes,
            cpu_us,
            descriptors: 10 + at_s / 60,
            log_bytes: 100 * at_s,
            sessions,
        }
    }

    #[test]
    fn a_session_costs_what_was_gained_until_all_were_up() {
        let samples = vec![
            sample(0, 200_000, 0, 0),
            // The roster is there, and nobody yet.
            sample(0, 1_000_000, 0, 0),
            sample(1, 1_500_000, 500_000, 40),
            sample(2, 2_000_000, 900_000, 100),
            sample(12, 2_100_000, 910_000, 100),
            sample(13, 2_100_000, 999_000, 0),
        ];
        let usage = summed_up("x".to_owned(), samples);
        assert_eq!(usage.memory_per_session_bytes, 10_000);
        // 10 ms over 10 s and 100 sessions: 10 µs each and second.
        assert_eq!(usage.cpu_per_session_ns_per_s, 10_000);
        let generator = Generator {
            memory_per_session_bytes: 10_000,
            cpu_permille: 1,
        };
        assert_eq!(Generator::of(&usage), generator);
        let both = generator.with(Generator {
            memory_per_session_bytes: 9_000,
            cpu_permille: 700,
        });
        assert_eq!(
            (both.memory_per_session_bytes, both.cpu_permille),
            (10_000, 701)
        );
    }

    #[test]
    fn slopes_are_those_of_the_second_half() {
        let leak = |at_s: u64| 1_000_000 + at_s.saturating_sub(300) * 1_000;
        let samples = (0..=600).map(|at_s| sample(at_s, leak(at_s), 0, 1));
        let usage = summed_up("x".to_owned(), samples.collect());
        let near = |value: i64, expected: i64| (value - expected).abs() <= expected / 100 + 1;
        assert!(near(usage.memory_slope_bytes_per_min, 60_000), "{usage:?}");
        assert!(near(usage.log_slope_bytes_per_min, 6_000));
        assert!((900..1_100).contains(&usage.descriptors_slope_per_kmin));
        assert_eq!(summed_up("x".to_owned(), Vec::new()), Usage::default());
        let one = summed_up("x".to_owned(), vec![sample(0, 5, 0, 0)]);
        assert_eq!(one.memory_slope_bytes_per_min, 0);
    }

    #[test]
    fn this_process_can_be_seen() {
        let seen = Subject::own(Some(PathBuf::from("src"))).look().unwrap();
        assert!(seen.memory_bytes > 100_000 && seen.descriptors > 2 && seen.log_bytes > 100_000);
        let nobody = Subject {
            pid: u32::MAX,
            ..Subject::own(None)
        };
        assert_eq!(nobody.look(), None);
    }

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(cpu_us(stat), Some(3_000_000));
        assert_eq!(cpu_us("7"), None);
    }
}
