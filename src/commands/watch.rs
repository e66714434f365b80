//! `muster watch`: what happens, as it happens.

use std::io::Write;

use client::Events;
use protocol::session::Event;
use protocol::{News, Push};

use super::print_json_line;
use crate::cli::WatchArgs;
use crate::reach::Reach;
use crate::session::{SessionError, stay};
use crate::show;
use crate::stop::Stop;

/// Prints one line for each happening until the reader or the user has seen enough.
pub(super) fn run(args: &WatchArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let reach = Reach::find(&args.reach)?;
    stay(&reach, |_, events| async move {
        Ok(print_all(events, args.json, out).await)
    })?
}

async fn print_all(mut events: Events, json: bool, out: &mut dyn Write) -> Result<(), Stop> {
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                return Ok(());
            }
        };
        let Some(event) = event else {
            return Err(SessionError::Ended(client::Ended::Closed).into());
        };
        print(&event.what, json, out)?;
    }
}

fn print(event: &Event, json: bool, out: &mut dyn Write) -> Result<(), Stop> {
    match event {
        Event::News(Push {
            news: News::Happened(happening),
            ..
        }) => {
            match json {
                true => print_json_line(out, happening)?,
                false => writeln!(out, "{}", show::happening(happening))?,
            }
            // Whoever reads a pipe wants the line now, not when a buffer is full.
            Ok(out.flush()?)
        }
        Event::News(Push {
            news: news @ (News::Noted { .. } | News::Said { .. }),
            ..
        }) => {
            match (json, news) {
                (true, news) => print_json_line(out, news)?,
                (false, News::Noted { vacancy, note }) => {
                    writeln!(out, "noted {vacancy} {}", show::note(note))?;
                }
                (false, News::Said { vacancy, message }) => {
                    writeln!(out, "said {vacancy} {}", show::message(message))?;
                }
                (false, _) => {}
            }
            Ok(out.flush()?)
        }
        // Notes go to stderr, so that what is piped on stays one kind of line.
        Event::Up(welcome) => {
            let agency = welcome.agency.as_deref().unwrap_or("every agency");
            eprintln!("watching {agency}; Ctrl-C ends");
            Ok(())
        }
        Event::Down {
            because,
            reconnect_after_ms,
        } => {
            let why = because.map(|because| format!("{because:?}"));
            let why = why.unwrap_or_else(|| "connection lost".to_owned());
            eprintln!("{why}; connecting again in {reconnect_after_ms} ms");
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Cursor, Happening, VacancyKey, What};

    use super::*;

    #[test]
    fn happenings_are_printed_and_nothing_else_is() {
        let happening = Happening {
            vacancy: VacancyKey(1),
            lead: "tucson".to_owned(),
            at_us: 0,
            what: What::Declined {
                badge: "TUC-0412".to_owned(),
            },
        };
        let push = Push {
            cursor: Cursor::default(),
            news: News::Happened(happening.clone()),
        };
        let mut out = Vec::new();
        print(&Event::Synced(Cursor::default()), true, &mut out).unwrap();
        print(&Event::News(push.clone()), true, &mut out).unwrap();
        let read: Happening = serde_json::from_slice(&out).unwrap();
        assert_eq!(read, happening);
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
        out.clear();
        print(&Event::News(push), false, &mut out).unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .ends_with("declined TUC-0412\n")
        );
    }
}
