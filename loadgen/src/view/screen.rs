//! A full-screen view of the run, on a terminal.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Bar, BarChart, BarGroup, Block, Gauge, Paragraph, Sparkline};
use ratatui::{DefaultTerminal, Frame};

use super::{Probe, Progress, Vitals, millis};
use crate::live::{Counts, Live, Stop};

/// A full-screen view: `q` or Ctrl-C ends the run early, twice ends it at once.
///
/// The terminal is restored when the run ends and also when anything panics.
pub struct Screen {
    title: String,
    probe: Option<Probe>,
    running: Mutex<Option<Running>>,
    opened: Mutex<Option<DefaultTerminal>>,
}

/// The terminal could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the terminal cannot show a full screen ({0}): use --no-tui")]
pub struct ScreenError(#[from] std::io::Error);

struct Running {
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// How often the screen is drawn and keys are looked for.
const FRAME: Duration = Duration::from_millis(100);
/// How many frames one column of the sparkline stands for.
const FRAMES_PER_COLUMN: u32 = 5;
/// Columns of the sparkline that are kept.
const COLUMNS_MAX: usize = 240;

impl Screen {
    /// Takes over the terminal.
    ///
    /// # Errors
    /// There is no terminal, or it refuses.
    pub fn open(title: String, probe: Option<Probe>) -> Result<Screen, ScreenError> {
        // `try_init` also installs a panic hook that restores the terminal first.
        let terminal = ratatui::try_init()?;
        Ok(Screen {
            title,
            probe,
            running: Mutex::new(None),
            opened: Mutex::new(Some(terminal)),
        })
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.end();
    }
}

impl Progress for Screen {
    fn begin(&self, live: &Arc<Live>) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(terminal) = opened.take() else {
            return;
        };
        let over = Arc::new(AtomicBool::new(false));
        let show = Show {
            live: Arc::clone(live),
            title: self.title.clone(),
            probe: self.probe.clone(),
            over: Arc::clone(&over),
            began: Instant::now(),
            pushes: Trace::default(),
            meant: Trace::default(),
            published: Trace::default(),
            settle: Tails::default(),
        };
        let thread = std::thread::Builder::new().name("loadgen-screen".to_owned());
        match thread.spawn(move || show.run(terminal)) {
            Ok(thread) => {
                let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
                *running = Some(Running { over, thread });
            }
            Err(error) => tracing::warn!(%error, "no thread for the screen: running silent"),
        }
    }

    fn end(&self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let opened = self
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let was_shown = running.is_some() || opened.is_some();
        if let Some(Running { over, thread }) = running {
            over.store(true, Ordering::Relaxed);
            if thread.join().is_err() {
                tracing::warn!("the thread of the screen panicked");
            }
        }
        drop(opened);
        if was_shown {
            ratatui::restore();
        }
    }
}

struct Show {
    live: Arc<Live>,
    title: String,
    probe: Option<Probe>,
    over: Arc<AtomicBool>,
    began: Instant,
    pushes: Trace,
    meant: Trace,
    published: Trace,
    settle: Tails,
}

/// The 99th percentile of what was settled in each column, in microseconds.
#[derive(Debug, Default)]
struct Tails {
    columns: Vec<u64>,
    frames: u32,
    before: Option<Counts>,
}

impl Tails {
    fn sample(&mut self, counts: impl FnOnce() -> Counts) {
        self.frames += 1;
        if self.frames < FRAMES_PER_COLUMN {
            return;
        }
        self.frames = 0;
        let now = counts();
        let column = match &self.before {
            Some(before) => now.since(before).permille(990),
            None => now.permille(990),
        };
        if self.columns.len() == COLUMNS_MAX {
            self.columns.remove(0);
        }
        self.columns.push(column.unwrap_or(0));
        self.before = Some(now);
    }
}

/// How a counter grew, column by column.
#[derive(Debug, Default)]
struct Trace {
    columns: Vec<u64>,
    frames: u32,
    total: u64,
}

impl Trace {
    fn sample(&mut self, total: u64) {
        if self.frames == 0 {
            if self.columns.len() == COLUMNS_MAX {
                self.columns.remove(0);
            }
            self.columns.push(0);
        }
        if let Some(column) = self.columns.last_mut() {
            *column += total - self.total;
        }
        self.total = total;
        self.frames = (self.frames + 1) % FRAMES_PER_COLUMN;
    }

    fn tail(&self, width: u16) -> &[u64] {
        last_of(&self.columns, width)
    }

    /// Growth per second over the last complete columns.
    fn per_second(&self) -> u64 {
        let columns_per_second = 1_000 / (FRAME.as_millis() as u64 * u64::from(FRAMES_PER_COLUMN));
        let complete = self.columns.len().saturating_sub(1);
        let last = &self.columns[complete.saturating_sub(columns_per_second as usize)..complete];
        last.iter().sum()
    }
}

/// The last `width` columns.
fn last_of(columns: &[u64], width: u16) -> &[u64] {
    let from = columns.len().saturating_sub(usize::from(width));
    &columns[from..]
}

impl Show {
    fn run(mut self, mut terminal: DefaultTerminal) {
        while !self.over.load(Ordering::Relaxed) {
            self.sample(Instant::now());
            if let Err(error) = terminal.draw(|frame| self.draw(frame)) {
                // The run goes on without its picture.
                tracing::warn!(%error, "the screen cannot be drawn");
                return;
            }
            if let Ok(true) = event::poll(FRAME)
                && let Ok(Event::Key(key)) = event::read()
                && is_quit(key)
            {
                self.live.ask_stop();
            }
        }
    }

    fn sample(&mut self, now: Instant) {
        let live = &*self.live;
        self.pushes.sample(live.pushes.load(Ordering::Relaxed));
        self.meant.sample(live.meant(now));
        self.published
            .sample(live.published.load(Ordering::Relaxed));
        self.settle.sample(|| live.settle_us.counts());
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let vitals = self.probe.as_ref().map(|probe| probe());
        let [head, sessions, board, over_time, settle, histogram, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(3),
            Constraint::Length(6),
            Constraint::Min(3),
            Constraint::Length(5),
            Constraint::Length(5),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        self.draw_head(frame, head);
        self.draw_sessions(frame, sessions);
        self.draw_board(frame, board);
        let half = Constraint::Percentage(50);
        let [push, tails] = Layout::horizontal([half, half]).areas(over_time);
        self.draw_pushes(frame, push);
        self.draw_tails(frame, tails);
        self.draw_settle(frame, settle, vitals);
        self.draw_histogram(frame, histogram);
        let foot_text = match self.live.stop() {
            Stop::Never => " q or Ctrl-C: end early and audit",
            Stop::Soon => " ending: waiting for what is outstanding; once more: end at once",
            Stop::Now => " ending at once",
        };
        frame.render_widget(Paragraph::new(foot_text).dim(), foot);
    }

    fn draw_head(&self, frame: &mut Frame<'_>, area: Rect) {
        let seconds = self.began.elapsed().as_secs();
        let head = Line::from(vec![
            Span::from(format!(" {} ", self.title)).bold(),
            Span::from(format!(" {}  {seconds} s", self.live.phase().word())),
        ]);
        frame.render_widget(head, area);
    }

    fn draw_sessions(&self, frame: &mut Frame<'_>, area: Rect) {
        let up = self.live.sessions_up.load(Ordering::Relaxed).max(0) as u64;
        let officers = self.live.officers.load(Ordering::Relaxed);
        let ratio = if officers == 0 {
            0.0
        } else {
            up as f64 / officers as f64
        };
        let gauge = Gauge::default()
            .block(Block::bordered().title(" sessions up "))
            .ratio(ratio.clamp(0.0, 1.0))
            .label(format!("{up} of {officers}"));
        frame.render_widget(gauge, area);
    }

    fn draw_board(&self, frame: &mut Frame<'_>, area: Rect) {
        let live = &*self.live;
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let published = count(&live.published);
        let lines = vec![
            Line::from(vec![
                Span::from(format!(
                    " published {published} of {}   ",
                    count(&live.vacancies)
                )),
                Span::from(format!("open {}   ", live.open.load(Ordering::Relaxed))).yellow(),
                Span::from(format!("filled {}   ", live.filled.load(Ordering::Relaxed))).green(),
                Span::from(format!("cancelled {}", count(&live.cancelled))).dim(),
            ]),
            Line::from(format!(
                " publications per second: {} meant, {} achieved",
                self.meant.per_second(),
                self.published.per_second(),
            )),
            Line::from(format!(
                " escalated {}   accepts {}   won {}   lost {}   given back {}",
                count(&live.escalations),
                count(&live.accepts),
                count(&live.won),
                count(&live.lost),
                count(&live.released),
            )),
            Line::from(format!(
                " waiting for an answer {}   busy {}   refused {}   cut {}   reconnects {}",
                live.outstanding.load(Ordering::Relaxed),
                count(&live.busy),
                count(&live.refused),
                count(&live.connections_cut),
                count(&live.reconnects),
            )),
        ];
        let board = Paragraph::new(lines).block(Block::bordered().title(" board "));
        frame.render_widget(board, area);
    }

    fn draw_pushes(&self, frame: &mut Frame<'_>, area: Rect) {
        let title = format!(" pushes: {} per second ", self.pushes.per_second());
        let block = Block::bordered().title(title);
        let inner = block.inner(area);
        let sparkline = Sparkline::default()
            .block(block)
            .data(self.pushes.tail(inner.width).to_vec())
            .style(Style::new().cyan());
        frame.render_widget(sparkline, area);
    }

    fn draw_tails(&self, frame: &mut Frame<'_>, area: Rect) {
        let last = self.settle.columns.last().copied().filter(|us| *us > 0);
        let block = Block::bordered().title(format!(" p99 of accepts: {} ", millis(last)));
        let inner = block.inner(area);
        let sparkline = Sparkline::default()
            .block(block)
            .data(last_of(&self.settle.columns, inner.width).to_vec())
            .style(Style::new().magenta());
        frame.render_widget(sparkline, area);
    }

    /// How accepts are spread over powers of two, the fastest on the left.
    fn draw_histogram(&self, frame: &mut Frame<'_>, area: Rect) {
        let powers = self.live.settle_us.counts().by_power();
        let bars: Vec<Bar<'_>> = powers
            .iter()
            .map(|(low_us, count)| {
                let label = match low_us {
                    0..1_000 => format!("{low_us}µ"),
                    1_000..1_000_000 => format!("{}m", low_us / 1_000),
                    _ => format!("{}s", low_us / 1_000_000),
                };
                Bar::default().value(*count).label(Line::from(label))
            })
            .collect();
        let chart = BarChart::default()
            .block(Block::bordered().title(" accepts by time to the answer, from … on "))
            .data(BarGroup::default().bars(&bars))
            .bar_width(5)
            .style(Style::new().green());
        frame.render_widget(chart, area);
    }

    fn draw_settle(&self, frame: &mut Frame<'_>, area: Rect, vitals: Option<Vitals>) {
        let settle = |permille| millis(self.live.settle_us.permille(permille));
        let log = match vitals {
            Some(vitals) => format!(
                " log sync: p50 {}  p99 {}",
                millis(Some(vitals.log_sync_p50_us)),
                millis(Some(vitals.log_sync_p99_us)),
            ),
            None => " log sync: known to an embedded server only".to_owned(),
        };
        let lines = vec![
            Line::from(format!(
                " accept to durable answer, from the intended instant: p50 {}  p90 {}",
                settle(500),
                settle(900)
            )),
            Line::from(format!("   p99 {}  p99.9 {}", settle(990), settle(999))),
            Line::from(log),
        ];
        let block = Block::bordered().title(" latency ");
        frame.render_widget(Paragraph::new(lines).block(block), area);
    }
}

/// In raw mode Ctrl-C is a key like any other.
fn is_quit(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && match key.code {
            KeyCode::Char('q') | KeyCode::Esc => true,
            KeyCode::Char('c') => control,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn show() -> Show {
        let live = Live::new();
        live.officers.store(1_000, Ordering::Relaxed);
        live.sessions_up.store(250, Ordering::Relaxed);
        live.vacancies.store(200, Ordering::Relaxed);
        live.published.store(17, Ordering::Relaxed);
        live.settle_us.record(1_500);
        Show {
            live: Arc::new(live),
            title: "storm".to_owned(),
            probe: Some(Arc::new(|| Vitals {
                log_sync_p50_us: 250,
                log_sync_p99_us: 900,
            })),
            over: Arc::default(),
            began: Instant::now(),
            pushes: Trace::default(),
            meant: Trace::default(),
            published: Trace::default(),
            settle: Tails::default(),
        }
    }

    #[test]
    fn the_screen_shows_what_is_going_on() {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let mut show = show();
        show.live.pushes.store(120, Ordering::Relaxed);
        show.live.begin(vec![Instant::now(); 3]);
        (0..11).for_each(|_| show.sample(Instant::now()));
        terminal.draw(|frame| show.draw(frame)).unwrap();
        let screen = terminal.backend().to_string();
        for part in [
            "storm",
            "importing",
            "250 of 1000",
            "published 17 of 200",
            "3 meant, 17 achieved",
            "p99 of accepts",
            "1m",
            "p50 1.472 ms",
            "log sync: p50 0.250 ms  p99 0.900 ms",
            "q or Ctrl-C",
        ] {
            assert!(screen.contains(part), "{part} is not on\n{screen}");
        }
        show.live.ask_stop();
        terminal.draw(|frame| show.draw(frame)).unwrap();
        assert!(terminal.backend().to_string().contains("once more"));
    }

    #[test]
    fn a_small_terminal_does_not_panic() {
        for (width, height) in [(1, 1), (20, 5), (200, 60)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            let show = show();
            terminal.draw(|frame| show.draw(frame)).unwrap();
        }
    }

    #[test]
    fn keys_that_end_the_run() {
        let press = |code, modifiers| KeyEvent::new(code, modifiers);
        assert!(is_quit(press(KeyCode::Char('q'), KeyModifiers::NONE)));
        assert!(is_quit(press(KeyCode::Char('c'), KeyModifiers::CONTROL)));
        assert!(!is_quit(press(KeyCode::Char('c'), KeyModifiers::NONE)));
        assert!(!is_quit(press(KeyCode::Char('x'), KeyModifiers::CONTROL)));
    }

    #[test]
    fn the_trace_keeps_its_width_and_its_rate() {
        let mut trace = Trace::default();
        for frame in 0..5_000u64 {
            trace.sample(frame * 10);
        }
        assert!(trace.columns.len() <= COLUMNS_MAX);
        assert_eq!(trace.tail(3).len(), 3);
        // Ten more in each of ten frames a second.
        assert_eq!(trace.per_second(), 100);
    }
}
