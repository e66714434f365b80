//! What is measured in which order, and what becomes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use client::Packets;
use jiff::Timestamp;
use protocol::frame::encode;
use protocol::{Ask, Cursor, Outcome, Push, RefusalCode, RequestId, ServerMessage};
use tokio::runtime::Handle;

use super::super::floor::{Floor, Looks, histogram, median, note};
use super::super::report::{Beside, Report, Spread, count};
use super::super::world::{Size, World};
use super::super::{BenchError, folder_error};
use super::child::{Kind, resident_bytes};
use super::officers::Cast;
use super::packets::{self, Packets as Bare};
use super::phones::Phones;
use super::side::{Broadcast, Side};
use super::{PushPlan, PushRow, handshake, key, offer, slow};
use crate::clock::now_us;
use crate::config::Config;
use crate::identity::Identity;

/// How long a server without work is looked at.
const IDLE: Duration = Duration::from_secs(1);
/// How long the sessions of a server that has ended are left to end.
const CALM: Duration = Duration::from_secs(1);
/// Officers who ask about a vacancy that somebody else has, in turn.
const LOSERS: usize = 16;
/// Questions before those that count.
const WARM_UP: usize = 100;
/// Request ids of questions: apart from those of accepts, which are keys of vacancies.
const QUESTIONS: u128 = 1 << 64;
const KIB: f64 = 1_024.0;

/// Measures the rows of `plan` in `folder`; `progress` hears what is being measured.
pub(in super::super) fn measure(
    plan: &PushPlan,
    folder: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Report, BenchError> {
    let phones = Phones::start();
    let phones = phones.map_err(|cause| folder_error("start a thread for", folder, cause))?;
    progress("the floor");
    let mut bench = Bench {
        floor: Floor::open(folder, plan.floor_syncs)?,
        looks: Looks::default(),
        report: Report::new("push", folder),
        plan,
        folder,
        runtime: phones.handle().clone(),
        published: 0,
    };
    bench.floor.look(&mut bench.looks)?;
    bench.crowd(progress)?;
    bench.floor.look(&mut bench.looks)?;
    if plan.has(PushRow::Slow) {
        progress("slow readers");
        let (rows, notes) = slow::measure(plan, folder, &bench.runtime)?;
        bench.report.beside.extend(rows);
        bench.report.notes.extend(notes);
        bench.floor.look(&mut bench.looks)?;
    }
    let Bench {
        mut floor,
        mut report,
        ..
    } = bench;
    report.floor = floor.report()?;
    Ok(report)
}

struct Bench<'a> {
    floor: Floor,
    looks: Looks,
    report: Report,
    plan: &'a PushPlan,
    folder: &'a Path,
    runtime: Handle,
    /// Vacancies that were published.
    published: u64,
}

impl Bench<'_> {
    /// Everything that is measured with all sessions.
    fn crowd(&mut self, progress: &mut dyn FnMut(&str)) -> Result<(), BenchError> {
        let has = |rows: &[PushRow]| rows.iter().any(|row| self.plan.has(*row));
        let with_driver = has(&[PushRow::Push, PushRow::Memory]);
        let with_server = with_driver || has(&[PushRow::Handshake, PushRow::Accept, PushRow::Herd]);
        if !with_server {
            return Ok(());
        }
        let count = self.plan.sessions;
        let cast = Cast { count, slow: 0 };
        progress(&format!("nothing yet: {count} officers are made"));
        let ours = world(self.folder, "ours", count)?;
        progress(&format!("{count} handshakes"));
        let mut ours = Side::open(&self.runtime, Kind::Dispatcher, &ours, cast)?;
        let mut driver = None;
        if with_driver {
            progress(&format!("{count} handshakes with the floor"));
            let beside = folder(self.folder, "driver")?;
            driver = Some(Side::open(&self.runtime, Kind::Driver, &beside, cast)?);
        }
        self.setting(&mut ours)?;
        if self.plan.has(PushRow::Handshake) {
            progress("handshakes in memory");
            self.handshake(&ours)?;
        }
        if let Some(driver) = &mut driver {
            progress("broadcasts");
            self.broadcasts(&mut ours, driver)?;
        }
        if driver.take().is_some() {
            std::thread::sleep(CALM);
        }
        if self.plan.has(PushRow::Accept) {
            progress("questions, one after the other");
            self.accept(&mut ours)?;
        }
        if self.plan.has(PushRow::Herd) {
            progress("herds");
            self.herd(&mut ours)?;
        }
        self.farewell(ours);
        Ok(())
    }

    /// Ends every session, and says what became of all of them.
    fn farewell(&mut self, ours: Side) {
        let ended = ours.officers.ended();
        if ended > 0 {
            self.note(format!("{ended} sessions ended in the course of the bench"));
        }
        let Packets { sent, lost } = ours.officers.end(&self.runtime);
        self.note(format!(
            "of {} packets that the officers sent in all, {lost} were taken for lost",
            count(sent as f64),
        ));
    }

    /// What a reader must know of the setting.
    fn setting(&mut self, ours: &mut Side) -> Result<(), BenchError> {
        let before = ours.server.cpu()?;
        let began = Instant::now();
        std::thread::sleep(IDLE);
        let spent = ours.server.cpu()?.saturating_sub(before);
        let idle = 100.0 * spent.as_secs_f64() / began.elapsed().as_secs_f64();
        let own = resident_bytes(Path::new("/proc/self"));
        let own = own.map_err(|cause| folder_error("read", Path::new("/proc/self"), cause))?;
        let cursor = Cursor {
            sequence: 1,
            step: 0,
        };
        let push = Push {
            cursor,
            news: offer(1),
        };
        let frame = encode(&ServerMessage::Push(push)).map_or(0, |frame| frame.len());
        self.note(format!(
            "{} sessions over {} client sockets in one process, which weighs {} MiB with them and \
             runs on the same cores; a push is {frame} bytes; without work the server spends \
             {idle:.1} % of a core",
            count(self.plan.sessions as f64),
            ours.officers.sockets(),
            own >> 20,
        ));
        Ok(())
    }

    fn handshake(&mut self, ours: &Side) -> Result<(), BenchError> {
        let config = Config {
            data_dir: folder(self.folder, "identity")?,
            ..Config::default()
        };
        let now = Timestamp::from_microsecond(now_us()).unwrap_or_default();
        let identity = Identity::load_or_make(&config, now).map_err(|cause| BenchError::Floor {
            what: cause.to_string(),
        })?;
        let bare = handshake::measure(self.plan.turns, identity)?;
        let without_token = ours.handshake_us - bare.token_us;
        let floor = ("rustls in memory, server side", bare.handshake_us);
        self.row(
            "handshake",
            "handshake, hello, sync; no token",
            "µs",
            without_token,
            floor,
        );
        let floor = ("one Ed25519 signature checked", bare.signature_us);
        self.row("token", "a token checked", "µs", bare.token_us, floor);
        Ok(())
    }

    /// What a session weighs, what a push costs and how long it takes: the server, the floor of
    /// pushing and bare packets in turn.
    fn broadcasts(&mut self, ours: &mut Side, driver: &mut Side) -> Result<(), BenchError> {
        let sessions = self.plan.sessions;
        let idle = [ours.session_bytes()? / KIB, driver.session_bytes()? / KIB];
        let mut bare = Bare::open(sessions, ours.officers.sockets())?;
        let (mut pushes, mut floors, mut packets) = (Vec::new(), Vec::new(), Vec::new());
        // The first round is not counted.
        for round in 0..=self.plan.rounds {
            let number = self.next();
            let taken = (
                ours.broadcast(&self.runtime, number, sessions)?,
                driver.broadcast(&self.runtime, number, sessions)?,
                bare.round()?,
            );
            if round > 0 {
                pushes.push(taken.0);
                floors.push(taken.1);
                packets.push(taken.2);
            }
            self.floor.look(&mut self.looks)?;
        }
        let lost: u64 = packets.iter().map(|round| round.lost).sum();
        if lost > 0 {
            self.note(format!("{lost} bare packets were lost"));
        }
        let packet_us = median(packets.iter().map(|round| round.each_us));
        let packet_ms = median(packets.iter().map(|round| ms(round.took)));
        let each_us = |of: &[Broadcast]| median(of.iter().map(|taken| taken.each_us));
        let took_ms = |of: &[Broadcast]| median(of.iter().map(|taken| ms(taken.took)));
        let after = [ours.session_bytes()? / KIB, driver.session_bytes()? / KIB];
        if self.plan.has(PushRow::Push) {
            let floor = ("seal, send, receive and open an answer", packet_us);
            self.row(
                "push",
                "a push and its receipt, on a core",
                "µs",
                each_us(&pushes),
                floor,
            );
            let what = "the same by a loop over quinn-proto";
            self.row("push-driver", what, "µs", each_us(&floors), floor);
            let floor = ("a loop over quinn-proto", took_ms(&floors));
            let what = "published until the last one has it";
            self.row("broadcast", what, "ms", took_ms(&pushes), floor);
            let floor = ("bare packets, sealed and answered", packet_ms);
            let what = "the same by a loop over quinn-proto";
            self.row("broadcast-driver", what, "ms", took_ms(&floors), floor);
        }
        if self.plan.has(PushRow::Memory) {
            let floor = ("a loop over quinn-proto", idle[1]);
            self.row("memory", "an idle session", "KiB", idle[0], floor);
            let what = format!("a session after {} pushes", self.plan.rounds + 1);
            let floor = ("a loop over quinn-proto", after[1]);
            self.row("memory-pushed", &what, "KiB", after[0], floor);
        }
        Ok(())
    }

    /// How long it takes to be told at the gate that somebody else has the slot, with everybody
    /// connected and nothing else to do.
    fn accept(&mut self, ours: &mut Side) -> Result<(), BenchError> {
        let number = self.next();
        ours.broadcast(&self.runtime, number, self.plan.sessions)?;
        let ask = Ask::Accept {
            vacancy: key(number),
            round: 1,
        };
        let clients = &ours.officers.clients;
        let winner = clients[0].ask(RequestId(QUESTIONS), ask.clone());
        expect(
            "the first accept",
            &self.runtime.block_on(winner)?,
            |outcome| matches!(outcome, Outcome::Won(_)),
        )?;
        let losers: Vec<_> = clients.iter().skip(1).take(LOSERS).cloned().collect();
        let turns = self.plan.turns;
        // Inside the runtime, so that the question wakes nobody but its session.
        let asking = self.runtime.spawn(async move {
            let mut taken = histogram();
            for turn in 0..WARM_UP + turns {
                let loser = &losers[turn % losers.len()];
                let began = Instant::now();
                let outcome = loser.ask(RequestId(QUESTIONS + 1 + turn as u128), ask.clone());
                let outcome = outcome.await?;
                if turn >= WARM_UP {
                    note(&mut taken, began.elapsed().as_nanos() as u64, 1);
                }
                expect("an accept that is too late", &outcome, is_filled)?;
            }
            Ok::<_, BenchError>(taken)
        });
        let asked = self.runtime.block_on(asking);
        let asked = asked.map_err(|cause| BenchError::Floor {
            what: cause.to_string(),
        })??;
        let (ours, floor) = (Spread::of(&asked), Spread::of(&packets::echo(turns)?));
        let p50 = ("a datagram there and back, p50", floor.p50_us);
        self.row(
            "accept",
            "told at the gate that it is filled, p50",
            "µs",
            ours.p50_us,
            p50,
        );
        let p99 = ("a datagram there and back, p99", floor.p99_us);
        self.row("accept-p99", "the same, p99", "µs", ours.p99_us, p99);
        Ok(())
    }

    /// Everybody accepts the moment they are pushed a vacancy; beside it, a push that nobody
    /// answers.
    fn herd(&mut self, ours: &mut Side) -> Result<(), BenchError> {
        let sessions = self.plan.sessions;
        let (mut herds, mut pushes, mut on_core) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=self.plan.rounds {
            let number = self.next();
            let push = ours.broadcast(&self.runtime, number, sessions)?;
            let number = self.next();
            let herd = ours.herd(&self.runtime, number)?;
            one_won(ours.officers.heard.answers())?;
            if round > 0 {
                herds.push(ms(herd.took));
                on_core.push(herd.each_us);
                pushes.push(ms(push.took));
            }
        }
        let longest = herds.iter().copied().fold(0.0, f64::max);
        self.note(format!(
            "herd: one won each time, the longest took {longest:.0} ms; on a core {:.1} µs for \
             each officer: push, accept, answer, withdrawal, receipts",
            median(on_core.into_iter()),
        ));
        let floor = ("a push that nobody answers", median(pushes.into_iter()));
        let herd = median(herds.into_iter());
        self.row(
            "herd",
            "all pushed, all accept, all answered",
            "ms",
            herd,
            floor,
        );
        Ok(())
    }

    fn row(
        &mut self,
        row: &str,
        what: &str,
        unit: &'static str,
        ours: f64,
        floor: (&'static str, f64),
    ) {
        let beside = Beside::new(row, what, unit, ours, floor);
        self.report.beside.push(beside);
    }

    fn note(&mut self, sentence: String) {
        self.report.notes.push(sentence);
    }

    fn next(&mut self) -> u64 {
        self.published += 1;
        self.published
    }
}

/// A folder with a log in it whose roster has a crowd of this size.
pub(super) fn world(within: &Path, name: &str, crowd: usize) -> Result<PathBuf, BenchError> {
    let folder = folder(within, name)?;
    let size = Size { agencies: 0, crowd };
    World::open(&folder, size)?.close();
    Ok(folder)
}

fn expect(
    what: &'static str,
    outcome: &Outcome,
    is_so: impl Fn(&Outcome) -> bool,
) -> Result<(), BenchError> {
    if is_so(outcome) {
        return Ok(());
    }
    Err(BenchError::Unexpected {
        what,
        count: 1,
        first: format!("{outcome:?}"),
    })
}

/// Whether of a herd one won and everybody else was told that it is filled.
fn one_won((won, filled, other): (u64, u64, u64)) -> Result<(), BenchError> {
    if won == 1 && other == 0 {
        return Ok(());
    }
    Err(BenchError::Unexpected {
        what: "a herd",
        count: won.abs_diff(1) + other,
        first: format!("{won} won, {filled} were too late, {other} heard otherwise"),
    })
}

fn is_filled(outcome: &Outcome) -> bool {
    let (Outcome::Lost(refused) | Outcome::Refused(refused)) = outcome else {
        return false;
    };
    refused.code == RefusalCode::Filled
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn folder(within: &Path, name: &str) -> Result<PathBuf, BenchError> {
    let path = within.join(name);
    fs::create_dir(&path).map_err(|cause| folder_error("make", &path, cause))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_herd_with_any_other_end_than_one_winner_ends_the_bench() {
        assert!(one_won((1, 9, 0)).is_ok());
        for otherwise in [(0, 10, 0), (2, 8, 0), (1, 8, 1)] {
            let error = one_won(otherwise).unwrap_err().to_string();
            assert!(error.contains("of a herd were not"), "{error}");
        }
    }

    #[test]
    fn an_outcome_that_was_not_expected_ends_the_bench() {
        let done = Outcome::Done { sequence: 1 };
        assert!(expect("a question", &done, is_filled).is_err());
        assert!(expect("a question", &done, |outcome| *outcome == done).is_ok());
    }
}
