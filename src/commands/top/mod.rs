//! `muster top`: a running server at a glance, from its `/metrics`.

mod figures;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use ratatui::{DefaultTerminal, Frame};

use super::print_json;
use crate::cli::TopArgs;
use crate::http::{AskError, page};
use crate::reach;
use crate::stop::Stop;
use figures::{Figures, Reading};

/// The time between two looks.
const PERIOD: Duration = Duration::from_secs(1);

/// Columns of the words before the figures.
const LABEL_COLUMNS: usize = 13;

/// The terminal could not be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the terminal cannot show a full screen: {0}")]
#[diagnostic(help("`muster top --once` prints the figures of one second as plain lines"))]
struct NoScreen(#[from] std::io::Error);

/// Shows what goes on until it is told to end, or once.
pub(super) fn run(args: &TopArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let address = reach::http(&args.http)?;
    if args.once || !std::io::stdout().is_terminal() {
        let (before, began) = (look(address)?, Instant::now());
        std::thread::sleep(PERIOD);
        let now = look(address)?;
        let figures = Figures::between(&before, &now, began.elapsed());
        return match args.json {
            true => print_json(out, &figures),
            false => {
                for (label, value) in figures.lines() {
                    writeln!(out, "{label:<LABEL_COLUMNS$}{value}")?;
                }
                Ok(())
            }
        };
    }
    // Asked before the screen is taken, so that nobody there is said on plain lines.
    look(address)?;
    let mut terminal = ratatui::try_init().map_err(|error| Stop::failed(NoScreen(error)))?;
    let shown = show(&mut terminal, address);
    ratatui::restore();
    shown.map_err(|error| Stop::failed(NoScreen(error)))
}

fn look(address: SocketAddr) -> Result<Reading, AskError> {
    let text = page(address, "/metrics")?.text;
    Reading::of(&text).ok_or(AskError::Strange { address })
}

fn show(terminal: &mut DefaultTerminal, address: SocketAddr) -> std::io::Result<()> {
    let mut before = (look(address).ok(), Instant::now());
    let title = format!(" muster top · {address} · q ends ");
    loop {
        let next = before.1 + PERIOD;
        if is_ended(next)? {
            return Ok(());
        }
        let now = (look(address), Instant::now());
        let lines = match (&before.0, &now.0) {
            (Some(before_it), Ok(now_it)) => {
                Figures::between(before_it, now_it, now.1 - before.1).lines()
            }
            (None, Ok(_)) => vec![("status", "a moment".to_owned())],
            // A server that restarts is worth waiting for.
            (_, Err(error)) => vec![("status", error.to_string())],
        };
        terminal.draw(|frame| draw(frame, &title, &lines))?;
        before = (now.0.ok(), now.1);
    }
}

/// Waits until `next`; says whether somebody wants to end before.
fn is_ended(next: Instant) -> std::io::Result<bool> {
    loop {
        let wait = next.saturating_duration_since(Instant::now());
        if !event::poll(wait)? {
            return Ok(false);
        }
        if let Event::Key(KeyEvent {
            code, modifiers, ..
        }) = event::read()?
        {
            let is_control_c =
                code == KeyCode::Char('c') && modifiers.contains(KeyModifiers::CONTROL);
            if matches!(code, KeyCode::Char('q') | KeyCode::Esc) || is_control_c {
                return Ok(true);
            }
        }
    }
}

fn draw(frame: &mut Frame<'_>, title: &str, lines: &[(&'static str, String)]) {
    let lines = lines.iter().map(|(label, value)| {
        let is_trouble = *label == "status" && !value.starts_with("ready");
        let style = if is_trouble {
            Style::new().red().bold()
        } else {
            Style::new()
        };
        Line::from(vec![
            Span::from(format!("{label:<LABEL_COLUMNS$}")).dim(),
            Span::from(value.as_str()).style(style),
        ])
    });
    let text = Paragraph::new(lines.collect::<Vec<_>>());
    let block = Block::bordered().title(title);
    frame.render_widget(text.block(block), frame.area());
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    #[test]
    fn everything_fits_a_small_terminal() {
        let figures = figures::busy();
        let lines = figures.lines();
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let title = " muster top · 127.0.0.1:9464 · q ends ";
        terminal.draw(|frame| draw(frame, title, &lines)).unwrap();
        let screen = terminal.backend().to_string();
        assert!(screen.contains("muster top"), "{screen}");
        for (label, value) in &lines {
            let row = format!("{label:<LABEL_COLUMNS$}{value}");
            assert!(screen.contains(row.trim_end()), "`{row}` is cut:\n{screen}");
        }
    }
}
