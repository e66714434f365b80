//! Everybody who acts in a run, and the one clock that tells them when.
//!
//! [`Officer`](officer::Officer) and [`Desk`](desk::Desk) are plain state machines: they hear
//! events, write their books and say what they mean to do when. A [`Cast`] joins them to real
//! sessions and to the alarm, a thread of its own: timers of an asynchronous runtime tick in
//! milliseconds, too coarse for officers who answer within 0.2 ms, and a task per reaction would
//! cost more than the reaction.
//!
//! Per session there is one future, the client library's driver. Its sink locks the session's
//! own book, which nobody else holds except the alarm at the moment this person acts.

mod alarm;
mod desk;
mod officer;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use client::{AskError, Client, Event};
use protocol::session::Event as Learned;
use protocol::{Ask, NewVacancy, RequestId, VacancyKey};
use tokio::sync::{Notify, Semaphore, watch};

use crate::ledger::{DeskBook, OfficerBook, RequestIds, Unheard, VacancyNo};
use crate::limits::HAND_OVER_RETRY;
use crate::live::Live;
use crate::world::Facts;

pub(crate) use alarm::{Alarm, AlarmThread};
pub(crate) use desk::{Desk, DeskAct};
pub(crate) use officer::{Lapse, Officer, OfficerAct};

/// What everybody in a run knows.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The instant from which the run's microseconds count.
    pub(crate) origin: Instant,
    pub(crate) ids: RequestIds,
    pub(crate) numbers: HashMap<VacancyKey, VacancyNo>,
    pub(crate) facts: Vec<Facts>,
    pub(crate) vacancies: Vec<NewVacancy>,
    pub(crate) appeal_permille: Vec<u16>,
    pub(crate) live: Arc<Live>,
}

impl Stage {
    /// An instant as microseconds of the run.
    pub(crate) fn us(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.origin);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }

    /// Microseconds of the run as an instant.
    pub(crate) fn instant(&self, us: u64) -> Instant {
        self.origin + Duration::from_micros(us)
    }

    /// The plan's number of a vacancy; nothing if somebody else published it.
    pub(crate) fn number(&self, key: VacancyKey) -> Option<VacancyNo> {
        self.numbers.get(&key).copied()
    }
}

/// Something to be done by somebody.
#[derive(Debug)]
pub(crate) enum Act {
    Officer(u32, OfficerAct),
    Desk(u32, DeskAct),
}

/// Something meant to be done at an instant of the run.
#[derive(Debug)]
pub(crate) struct Intent {
    pub(crate) at_us: u64,
    pub(crate) act: Act,
}

/// A request to hand to a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Handover {
    pub(crate) id: RequestId,
    /// The place of the ask in the book, to be handed over again if the session is full.
    pub(crate) place: usize,
    pub(crate) ask: Ask,
}

/// What somebody does when an intent comes due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Nothing,
    Ask(Handover),
    Cut,
    /// Reads what is sent, or leaves it unread.
    Read(bool),
}

/// Everybody who acts in a run.
pub(crate) struct Cast {
    pub(crate) stage: Arc<Stage>,
    pub(crate) alarm: Alarm,
    officers: Vec<Seat<Officer>>,
    desks: Vec<Seat<Desk>>,
    /// Officers whose first sync is complete.
    arrived: AtomicU64,
    /// Room for handshakes; a session gives its permit back when it has synced.
    pub(crate) handshakes: Semaphore,
    pub(crate) arrival: Notify,
    /// Planned publications and incidents that never happened.
    dropped: AtomicU64,
    /// Requests handed over and not finally answered.
    outstanding: AtomicI64,
}

struct Seat<P> {
    person: Mutex<P>,
    client: OnceLock<Client>,
    reads: watch::Sender<bool>,
}

impl<P> Seat<P> {
    fn new(person: P) -> Seat<P> {
        Seat {
            person: Mutex::new(person),
            client: OnceLock::new(),
            reads: watch::Sender::new(true),
        }
    }

    /// What the session received and nobody heard.
    fn unheard(&self) -> Unheard {
        let counts = self.client.get().map(Client::counts).unwrap_or_default();
        Unheard {
            pushes: counts.repeats,
            answers: counts.strays,
        }
    }

    /// A book is whole after every entry, so a panic elsewhere does not spoil it.
    fn person(&self) -> MutexGuard<'_, P> {
        self.person.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cast {
    pub(crate) fn new(
        stage: Arc<Stage>,
        alarm: Alarm,
        officers: Vec<Officer>,
        desks: Vec<Desk>,
        handshakes: usize,
    ) -> Cast {
        Cast {
            stage,
            alarm,
            officers: officers.into_iter().map(Seat::new).collect(),
            desks: desks.into_iter().map(Seat::new).collect(),
            arrived: AtomicU64::new(0),
            handshakes: Semaphore::new(handshakes),
            arrival: Notify::new(),
            dropped: AtomicU64::new(0),
            outstanding: AtomicI64::new(0),
        }
    }

    /// Gives an officer the handle to ask with.
    pub(crate) fn seat_officer(&self, place: u32, client: Client) {
        // A second handle would be of a second session, and each officer connects once.
        let _first = self.officers[place as usize].client.set(client);
    }

    /// Whether this officer reads what is sent.
    pub(crate) fn officer_reads(&self, place: u32) -> watch::Receiver<bool> {
        self.officers[place as usize].reads.subscribe()
    }

    /// Gives a desk the handle to ask with.
    pub(crate) fn seat_desk(&self, place: u32, client: Client) {
        let _first = self.desks[place as usize].client.set(client);
    }

    /// The handle of a desk that has been seated.
    pub(crate) fn desk_client(&self, place: u32) -> Option<&Client> {
        self.desks[place as usize].client.get()
    }

    /// Takes what an officer's session learned; called by its driver.
    pub(crate) fn officer_hears(&self, place: u32, event: &Event) {
        let at_us = self.stage.us(event.received);
        self.stage.live.stir(at_us);
        let mut officer = self.officers[place as usize].person();
        let first_sync = matches!(event.what, Learned::Synced(_)) && !officer.has_arrived();
        let settled = officer.hear(&self.stage, &event.what, at_us, &mut |intent| {
            self.alarm.set(intent, &self.stage);
        });
        drop(officer);
        self.settled(settled);
        if first_sync {
            self.arrived.fetch_add(1, Ordering::Relaxed);
            self.handshakes.add_permits(1);
            self.arrival.notify_one();
        }
    }

    /// Takes what a desk's session learned; called by its driver.
    pub(crate) fn desk_hears(&self, place: u32, event: &Event) {
        let at_us = self.stage.us(event.received);
        self.stage.live.stir(at_us);
        let mut desk = self.desks[place as usize].person();
        let first_sync = matches!(event.what, Learned::Synced(_)) && !desk.has_arrived();
        let settled = desk.hear(&self.stage, &event.what, at_us, &mut |intent| {
            self.alarm.set(intent, &self.stage);
        });
        drop(desk);
        self.settled(settled);
        if first_sync {
            self.arrival.notify_one();
        }
    }

    /// Does what has come due; called by the alarm.
    pub(crate) fn perform(&self, intent: Intent) {
        let now_us = self.stage.us(Instant::now());
        self.stage.live.stir(now_us);
        match intent.act {
            Act::Officer(place, act) => {
                let seat = &self.officers[place as usize];
                let again = matches!(act, OfficerAct::Again { .. });
                let mut officer = seat.person();
                let mut set = |intent| self.alarm.set(intent, &self.stage);
                let deed = officer.act(&self.stage, act, intent.at_us, now_us, &mut set);
                drop(officer);
                match deed {
                    Deed::Nothing => {}
                    Deed::Read(reads) => {
                        // A session that has ended listens to nothing any more.
                        let _ended = seat.reads.send(reads);
                    }
                    Deed::Cut => {
                        if let Some(client) = seat.client.get() {
                            client.drop_connection();
                        }
                    }
                    Deed::Ask(handover) => {
                        self.asked(again);
                        let retry = OfficerAct::Again {
                            ask: handover.place,
                        };
                        self.hand_over(&seat.client, handover, Act::Officer(place, retry));
                    }
                }
            }
            Act::Desk(place, act) => self.perform_at_desk(place, act, intent.at_us, now_us),
        }
    }

    fn perform_at_desk(&self, place: u32, act: DeskAct, intended_us: u64, now_us: u64) {
        let act = match act {
            DeskAct::Recall { vacancy, tries } => {
                let Some(badge) = self.holder_seen(vacancy) else {
                    return self.recall_later(place, vacancy, tries, now_us);
                };
                DeskAct::RecallNow { vacancy, badge }
            }
            other => other,
        };
        let again = matches!(act, DeskAct::Again { .. });
        let seat = &self.desks[place as usize];
        let deed = seat.person().act(&self.stage, act, intended_us, now_us);
        if let Deed::Ask(handover) = deed {
            self.asked(again);
            let retry = DeskAct::Again {
                ask: handover.place,
            };
            self.hand_over(&seat.client, handover, Act::Desk(place, retry));
        }
    }

    /// Somebody who was awarded a slot of this vacancy, as any desk saw it.
    fn holder_seen(&self, vacancy: VacancyNo) -> Option<String> {
        self.desks
            .iter()
            .find_map(|seat| seat.person().holder_seen(vacancy))
    }

    fn recall_later(&self, place: u32, vacancy: VacancyNo, tries: u8, now_us: u64) {
        let Some(tries) = tries.checked_sub(1) else {
            self.drop_planned(1);
            return;
        };
        let wait_us = crate::limits::RECALL_RETRY.as_micros() as u64;
        let act = Act::Desk(place, DeskAct::Recall { vacancy, tries });
        let at_us = now_us + wait_us;
        self.alarm.set(Intent { at_us, act }, &self.stage);
    }

    fn hand_over(&self, client: &OnceLock<Client>, handover: Handover, retry: Act) {
        let Some(client) = client.get() else {
            return;
        };
        match client.post(handover.id, handover.ask) {
            Ok(()) => {}
            // The session has ended: the request stays unanswered and the audit says so.
            Err(AskError::Ended) => {}
            Err(_) => {
                let at = Instant::now() + HAND_OVER_RETRY;
                let at_us = self.stage.us(at);
                self.alarm.set(Intent { at_us, act: retry }, &self.stage);
            }
        }
    }

    fn asked(&self, again: bool) {
        if !again {
            self.outstanding.fetch_add(1, Ordering::Relaxed);
            self.stage.live.outstanding.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn settled(&self, settled: bool) {
        if settled {
            self.outstanding.fetch_sub(1, Ordering::Relaxed);
            self.stage.live.outstanding.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Notes planned publications or incidents that will not happen.
    pub(crate) fn drop_planned(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// Planned publications and incidents that never happened, lapses that never had their
    /// occasion included.
    pub(crate) fn dropped(&self) -> u64 {
        let waiting = self
            .officers
            .iter()
            .filter(|seat| seat.person().has_a_lapse_left());
        self.dropped.load(Ordering::Relaxed) + waiting.count() as u64
    }

    /// Whether nothing is meant to be done and nothing waits for its answer.
    pub(crate) fn is_idle(&self) -> bool {
        self.alarm.pending() == 0 && self.outstanding.load(Ordering::Relaxed) <= 0
    }

    /// How many officers have synced at least once.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Whether this desk's session has synced.
    pub(crate) fn desk_has_arrived(&self, place: u32) -> bool {
        self.desks[place as usize].person().has_arrived()
    }

    /// Whether everybody's session has synced since this microsecond of the run.
    pub(crate) fn everybody_synced_since(&self, us: u64) -> bool {
        let since = |synced_us: Option<u64>| synced_us.is_some_and(|at_us| at_us >= us);
        let mut officers = self.officers.iter();
        let mut desks = self.desks.iter();
        desks.all(|seat| since(seat.person().synced_us()))
            && officers.all(|seat| since(seat.person().synced_us()))
    }

    /// Breaks every connection, so that every session connects anew at once.
    pub(crate) fn drop_connections(&self) {
        let officers = self.officers.iter().filter_map(|seat| seat.client.get());
        let desks = self.desks.iter().filter_map(|seat| seat.client.get());
        officers.chain(desks).for_each(Client::drop_connection);
    }

    /// Copies of everybody's books as they are now.
    pub(crate) fn books_so_far(&self) -> (Vec<OfficerBook>, Vec<DeskBook>) {
        let officers = self.officers.iter();
        let desks = self.desks.iter();
        (
            officers.map(|seat| seat.person().book().clone()).collect(),
            desks.map(|seat| seat.person().book().clone()).collect(),
        )
    }

    /// Says goodbye on every session.
    pub(crate) fn close(&self) {
        let officers = self.officers.iter().filter_map(|seat| seat.client.get());
        let desks = self.desks.iter().filter_map(|seat| seat.client.get());
        officers.chain(desks).for_each(Client::close);
    }

    /// Takes everybody's books, leaving empty ones, with what their sessions kept from them.
    pub(crate) fn books(&self) -> (Vec<OfficerBook>, Vec<DeskBook>) {
        let officers = self.officers.iter().map(|seat| OfficerBook {
            unheard: seat.unheard(),
            ..seat.person().take_book()
        });
        let desks = self.desks.iter().map(|seat| DeskBook {
            unheard: seat.unheard(),
            ..seat.person().take_book()
        });
        (officers.collect(), desks.collect())
    }
}
