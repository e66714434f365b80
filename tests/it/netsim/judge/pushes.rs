//! What each device was pushed, held against what the log has for its owner.

use protocol::session::Event;
use protocol::{Cursor, GoAway, News, Push, VacancyKey};

use super::{Cast, History, Judged, Stood, Told};
use crate::netsim::Breach;
use crate::netsim::device::What;

pub(super) fn judge_pushes(
    cast: &Cast<'_>,
    history: &History,
    judged: &mut Judged,
    breaches: &mut Vec<Breach>,
) {
    for person in cast.officers {
        let nothing = Vec::new();
        let told = history.told.get(&person.name).unwrap_or(&nothing);
        for device in &person.devices {
            let counts = device.counts();
            if counts.repeats + counts.strays > 0 {
                let address = device.address();
                breaches.push(format!(
                    "the server repeated itself to {address}: {counts:?}"
                ));
            }
            let mut listener = Listener {
                badge: &person.name,
                told,
                history,
                next: 0,
                stating: None,
                last: None,
            };
            let heard = device
                .all()
                .into_iter()
                .try_for_each(|line| match line.what {
                    What::Heard(event) => listener.hear(event, judged),
                    What::Begun => {
                        listener.last = None;
                        Ok(())
                    }
                    What::Cut | What::Ended(_) => Ok(()),
                });
            let whole = heard.and_then(|()| listener.has_heard_all());
            if let Err(why) = whole {
                breaches.push(format!("{} at {}: {why}", person.name, device.address()));
            }
        }
    }
}

/// Somebody who knows what they should be told next.
struct Listener<'a> {
    badge: &'a str,
    told: &'a [Told],
    history: &'a History,
    next: usize,
    /// What a whole state has said so far, while one is being said.
    stating: Option<Stood>,
    last: Option<Cursor>,
}

impl Listener<'_> {
    fn hear(&mut self, event: Event, judged: &mut Judged) -> Result<(), Breach> {
        match event {
            Event::Up(welcome) => {
                judged.resumed += u64::from(welcome.resumed);
                self.stating = (!welcome.resumed).then(Stood::default);
                Ok(())
            }
            Event::News(push) => {
                judged.pushes += 1;
                match &mut self.stating {
                    Some(stood) => stood.note(&push.news),
                    None => return self.hear_push(&push),
                }
                Ok(())
            }
            Event::Synced(cursor) => match self.stating.take() {
                Some(stood) => {
                    judged.stated += 1;
                    self.hear_state(&stood, cursor)
                }
                None => match self.told.get(self.next) {
                    Some(missed) if missed.sequence <= cursor.sequence => {
                        Err(format!("resumed up to {cursor:?} without {missed:?}"))
                    }
                    _ => Ok(()),
                },
            },
            Event::Down { because, .. } => {
                judged.told_of_a_stop += u64::from(because == Some(GoAway::Stopping));
                self.stating = None;
                Ok(())
            }
            Event::Gone { .. } | Event::Answered { .. } => Ok(()),
        }
    }

    fn hear_push(&mut self, push: &Push) -> Result<(), Breach> {
        let Some((what, vacancy)) = subject(&push.news) else {
            return Ok(());
        };
        let heard = Told {
            sequence: push.cursor.sequence,
            what,
            vacancy,
        };
        if self.last.is_some_and(|last| push.cursor <= last) {
            return Err(format!(
                "heard {heard:?} at {:?} after {:?}",
                push.cursor, self.last
            ));
        }
        self.last = Some(push.cursor);
        match self.told.get(self.next) {
            Some(due) if *due == heard => {
                self.next += 1;
                Ok(())
            }
            due => Err(format!("heard {heard:?} where the log has {due:?}")),
        }
    }

    fn hear_state(&mut self, heard: &Stood, cursor: Cursor) -> Result<(), Breach> {
        self.last = Some(cursor);
        self.next = self
            .told
            .partition_point(|told| told.sequence <= cursor.sequence);
        let stood = self
            .history
            .stood
            .get(&(self.badge.to_owned(), cursor.sequence));
        match stood {
            Some(stood) if stood == heard => Ok(()),
            _ => Err(format!(
                "was told {heard:?} at {cursor:?}, where the log has {stood:?}"
            )),
        }
    }

    /// Everybody online hears everything in the end.
    fn has_heard_all(&self) -> Result<(), Breach> {
        match self.told.get(self.next) {
            None => Ok(()),
            Some(missed) => Err(format!("never heard {missed:?}")),
        }
    }
}

impl Stood {
    fn note(&mut self, news: &News) {
        match news {
            News::Offered(offer) => drop(self.offers.insert(offer.vacancy)),
            News::Assigned(held) => drop(self.assignments.insert(held.receipt.vacancy)),
            _ => {}
        }
    }
}

/// What a push to an officer says of which vacancy.
fn subject(news: &News) -> Option<(&'static str, VacancyKey)> {
    match news {
        News::Offered(offer) => Some(("offered", offer.vacancy)),
        News::Withdrawn { vacancy, .. } => Some(("withdrawn", *vacancy)),
        News::Overlapped { with, .. } => Some(("overlapped", *with)),
        News::Assigned(assignment) => Some(("assigned", assignment.receipt.vacancy)),
        News::Unassigned { vacancy, .. } => Some(("unassigned", *vacancy)),
        News::ReadOrders(orders) => Some(("read-orders", orders.vacancy)),
        News::Amended(amended) => Some(("amended", amended.vacancy)),
        News::Missed(missed) => Some(("missed", missed.vacancy)),
        News::Kept { vacancy, .. } => Some(("kept", *vacancy)),
        News::Passed { vacancy } => Some(("passed", *vacancy)),
        News::WaitEnded { vacancy, .. } => Some(("wait-ended", *vacancy)),
        _ => None,
    }
}
