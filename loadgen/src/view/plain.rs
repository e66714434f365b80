//! One line a second, for logs and pipes.

use std::fmt;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Probe, Progress, millis};
use crate::live::{Live, Phase};

/// One line a second on any writer.
pub struct Plain {
    probe: Option<Probe>,
    out: Arc<Mutex<Box<dyn Write + Send>>>,
    running: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

/// How often a line is written.
const INTERVAL: Duration = Duration::from_secs(1);

impl Plain {
    /// Lines on the standard error stream, so that the report alone is on the standard output.
    pub fn stderr(probe: Option<Probe>) -> Plain {
        Plain::new(Box::new(std::io::stderr()), probe)
    }

    /// Lines on this writer.
    pub fn new(out: Box<dyn Write + Send>, probe: Option<Probe>) -> Plain {
        Plain {
            probe,
            out: Arc::new(Mutex::new(out)),
            running: Mutex::new(None),
        }
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}

impl Progress for Plain {
    fn begin(&self, live: &Arc<Live>) {
        let (end, ended) = channel();
        let (live, out, probe) = (Arc::clone(live), Arc::clone(&self.out), self.probe.clone());
        let began = Instant::now();
        let write = move || {
            let mut pushes_before = 0;
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(INTERVAL) {
                let pushes = live.pushes.load(Ordering::Relaxed);
                let text = line(
                    &live,
                    began.elapsed(),
                    pushes - pushes_before,
                    probe.as_ref(),
                );
                pushes_before = pushes;
                let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
                // A closed pipe must not end the run: its report is still wanted.
                let _unread = writeln!(out, "{text}");
            }
        };
        let thread = std::thread::Builder::new().name("loadgen-lines".to_owned());
        match thread.spawn(write) {
            Ok(thread) => {
                let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
                *running = Some((end, thread));
            }
            Err(error) => tracing::warn!(%error, "no thread for progress lines: running silent"),
        }
    }

    fn end(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((end, thread)) = running.take() {
            drop(end);
            if thread.join().is_err() {
                tracing::warn!("the thread of the progress lines panicked");
            }
        }
    }
}

fn line(live: &Live, elapsed: Duration, pushes: u64, probe: Option<&Probe>) -> String {
    let seconds = elapsed.as_secs();
    let phase = live.phase();
    let mut text = format!(
        "{seconds:>4} s  {:<10}  sessions {}/{}",
        phase.word(),
        live.sessions_up.load(Ordering::Relaxed),
        live.officers.load(Ordering::Relaxed),
    );
    if phase >= Phase::Publishing {
        let counter = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        text.push_str(&format!(
            "  meant {}  published {}/{}  filled {}  open {}  escalated {}  pushes/s {pushes}  accepts {}  \
             lost {}  busy {}  refused {}  settle p50 {} p99 {}",
            live.meant(Instant::now()),
            counter(&live.published),
            counter(&live.vacancies),
            live.filled.load(Ordering::Relaxed),
            live.open.load(Ordering::Relaxed),
            counter(&live.escalations),
            counter(&live.accepts),
            counter(&live.lost),
            counter(&live.busy),
            counter(&live.refused),
            millis(live.settle_us.permille(500)),
            millis(live.settle_us.permille(990)),
        ));
        if let Some(probe) = probe {
            let vitals = probe();
            text.push_str(&format!(
                "  sync p50 {}",
                millis(Some(vitals.log_sync_p50_us))
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Vitals;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_says_where_the_run_is() {
        let live = Live::new();
        live.officers.store(1_000, Ordering::Relaxed);
        live.sessions_up.store(200, Ordering::Relaxed);
        live.enter(Phase::Connecting);
        let text = line(&live, Duration::from_secs(3), 0, None);
        assert_eq!(text, "   3 s  connecting  sessions 200/1000");
        live.enter(Phase::Publishing);
        live.settle_us.record(1_500);
        let vitals = Vitals {
            log_sync_p50_us: 250,
            ..Vitals::default()
        };
        let probe: Probe = Arc::new(move || vitals);
        let text = line(&live, Duration::from_secs(4), 77, Some(&probe));
        for part in ["pushes/s 77", "settle p50 1.472 ms", "sync p50 0.250 ms"] {
            assert!(text.contains(part), "{part} is not in `{text}`");
        }
    }

    #[test]
    fn lines_are_written_until_the_end() {
        let page = Page::default();
        let view = Plain::new(Box::new(page.clone()), None);
        view.begin(&Arc::new(Live::new()));
        std::thread::sleep(INTERVAL + Duration::from_millis(200));
        view.end();
        let written = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert_eq!(written.lines().count(), 1, "{written}");
        assert!(written.contains("importing"), "{written}");
        view.end();
    }
}
