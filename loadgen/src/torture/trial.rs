//! One log, and everybody who works on it through a number of crashes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::history::{History, HistoryError};
use super::judge::{self, BoardSeen, BreachKind, Evidence, Findings, Restart};
use super::plan;
use super::server::{Program, ProgramError, Server};
use super::{Crash, Plant, Torture, TortureError, system};
use crate::audit::audit;
use crate::ledger::{Actor, DeskBook, OfficerBook};
use crate::live::Live;
use crate::seed::{SplitMix64, derive, derive_nth};
use crate::storm::sessions::Sessions;
use crate::storm::{FAREWELL, Storm};

/// How long all sessions may take to come back after a restart.
const BACK_DEADLINE: Duration = Duration::from_secs(60);

/// How long the load may go unanswered before a crash comes anyway.
const ANSWER_DEADLINE: Duration = Duration::from_secs(5);

/// How long what a dead server had sent may take to be read.
const DRAIN: Duration = Duration::from_millis(15);

/// How often something is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// One log, and everybody who works on it through a number of crashes.
pub(super) struct Trial {
    program: Program,
    server: Option<Server>,
    storm: Storm,
    sessions: Sessions,
    ringing: Option<JoinHandle<()>>,
    live: Arc<Live>,
    dice: SplitMix64,
    /// The books as they were at the last crash.
    books: (Vec<OfficerBook>, Vec<DeskBook>),
    /// The log as it was at the last crash.
    history: Option<History>,
    boards: Vec<BoardSeen>,
    restarts: Vec<Restart>,
    /// Requests that waited for an answer at some crash, and whether the log held them then.
    waiting: BTreeMap<(Actor, usize), bool>,
    /// When the running server was started.
    started: Instant,
    /// A copy of an earlier log, where that is the planted bug.
    older: Option<PathBuf>,
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.storm.cast.alarm.end();
        if let Some(ringing) = self.ringing.take() {
            // A panic there has been printed, and the books it left are judged all the same.
            let _ = ringing.join();
        }
    }
}

impl Trial {
    /// Starts a server on an empty log, imports the roster and brings everybody up.
    pub(super) async fn begin(
        torture: &mut Torture<'_>,
        number: u64,
    ) -> Result<Trial, TortureError> {
        let options = torture.options;
        let data = torture.data(number);
        if let Some(before) = number.checked_sub(1) {
            let before = torture.data(before);
            let removed = fs::remove_dir_all(&before);
            removed.map_err(system(format!("{} cannot be removed", before.display())))?;
        }
        let program = Program {
            muster: options.muster.clone(),
            home: torture.workshop.path.clone(),
            data,
            address: free_address().map_err(system("no free port was found".to_owned()))?,
        };
        let started = Instant::now();
        let mut server = program.start()?;
        let target = (options.reach)(&program.data, program.address);
        let seed = derive_nth(options.seed, number);
        let plan = plan::plan(seed, options.officers, options.monday_us, options.now_us);
        let live = Arc::new(Live::new());
        let target = target.map_err(TortureError::Reach)?;
        let mut storm = Storm::new(plan, target, Arc::clone(&live))?;
        let ringing = storm.start_alarm()?;
        // From here on the trial ends what was begun, whatever happens.
        let sessions = match storm.connect().await {
            Ok(sessions) => sessions,
            Err(error) => {
                storm.cast.alarm.end();
                return Err(error.into());
            }
        };
        if let Err(error) = plant_no_sync(options.plant, &mut server) {
            storm.cast.alarm.end();
            return Err(error);
        }
        Ok(Trial {
            program,
            server: Some(server),
            storm,
            sessions,
            ringing: Some(ringing),
            live,
            dice: SplitMix64::new(derive(seed, "torture load")),
            books: Default::default(),
            history: None,
            boards: Vec::new(),
            restarts: Vec::new(),
            waiting: BTreeMap::new(),
            started,
            older: None,
        })
    }

    /// Load, crash, judgement, restart.
    pub(super) async fn round(
        &mut self,
        torture: &mut Torture<'_>,
        round: usize,
        crash: Crash,
    ) -> Result<Findings, TortureError> {
        self.bear(round).await;
        self.crash(torture, crash)?;
        tokio::time::sleep(DRAIN).await;
        if torture.options.plant == Some(Plant::OlderLog) {
            self.plant_older_log(torture)?;
        }
        let findings = self.look_back()?;
        if findings.breaches_count() > 0 {
            return Ok(findings);
        }
        self.come_back(torture, findings).await
    }

    /// Puts load on until a random moment under it.
    async fn bear(&mut self, round: usize) {
        let begin_us = self.now_us();
        let books = (&self.books.0[..], &self.books.1[..]);
        for intent in plan::load(&self.storm, &mut self.dice, round, books, begin_us) {
            self.storm.cast.alarm.set(intent, &self.storm.cast.stage);
        }
        let before = self.answers();
        let until = Instant::now() + ANSWER_DEADLINE;
        while self.answers() == before && Instant::now() < until {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let longest = plan::LOAD_MAX.mul_f64(self.dice.fraction());
        tokio::time::sleep(longest).await;
    }

    fn crash(&mut self, torture: &mut Torture<'_>, crash: Crash) -> Result<(), TortureError> {
        let Some(server) = self.server.take() else {
            return Ok(());
        };
        let not_ended = || system("the server cannot be ended".to_owned());
        match (crash, &mut torture.mains) {
            (Crash::Cut, Some(mains)) => {
                server.freeze().map_err(not_ended())?;
                mains.cut()?;
                server.kill().map_err(not_ended())?;
                self.storm.cast.alarm.clear_plan();
                mains.restore()?;
                torture.report.cuts += 1;
            }
            (Crash::Kill | Crash::Cut, _) => {
                server.kill().map_err(not_ended())?;
                self.storm.cast.alarm.clear_plan();
                torture.report.kills += 1;
            }
        }
        Ok(())
    }

    /// Judges what was heard so far against the dead log.
    fn look_back(&mut self) -> Result<Findings, TortureError> {
        let mut findings = Findings::default();
        let history = match self.program.inspect() {
            Ok(history) => history,
            Err(
                error
                @ (ProgramError::Log { .. } | ProgramError::History(HistoryError::Gap { .. })),
            ) => {
                findings.add(BreachKind::DamagedLog, || error.to_string());
                return Ok(findings);
            }
            Err(error) => return Err(error.into()),
        };
        self.books = self.storm.cast.books_so_far();
        let findings = self.judge(&history);
        let ids = self.storm.cast.stage.ids;
        for (who, place) in plan::unanswered(&self.books.0, &self.books.1) {
            let is_durable = || !history.of_request(ids.id(who, place)).is_empty();
            let known = self.waiting.entry((who, place));
            known.or_insert_with(is_durable);
        }
        self.history = Some(history);
        Ok(findings)
    }

    fn judge(&self, history: &History) -> Findings {
        judge::judge(&Evidence {
            history,
            before: self.history.as_ref(),
            world: self.storm.world(),
            vacancies: &self.storm.facts,
            officers: &self.books.0,
            desks: &self.books.1,
            ids: self.storm.cast.stage.ids,
            boards: &self.boards,
            restarts: &self.restarts,
        })
    }

    /// Starts the server again, waits until everybody is back, and asks for the board.
    async fn come_back(
        &mut self,
        torture: &mut Torture<'_>,
        mut findings: Findings,
    ) -> Result<Findings, TortureError> {
        let last = self.history.as_ref().map_or(0, History::last);
        let at_us = self.now_us();
        self.started = Instant::now();
        match self.program.start() {
            Ok(mut server) => {
                plant_no_sync(torture.options.plant, &mut server)?;
                self.server = Some(server);
            }
            Err(error @ ProgramError::NotStarted { .. }) => {
                findings.add(BreachKind::DamagedLog, || error.to_string());
                return Ok(findings);
            }
            Err(error) => return Err(error.into()),
        }
        torture.recover.note(self.started.elapsed());
        self.restarts.push(Restart { at_us, last });
        let ready = Instant::now();
        self.storm.cast.drop_connections();
        while !self.storm.cast.everybody_synced_since(at_us) {
            if ready.elapsed() > BACK_DEADLINE {
                let waited_s = BACK_DEADLINE.as_secs();
                return Err(TortureError::NotBack { waited_s });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        torture.sessions_back.note(ready.elapsed());
        let operator = self.storm.operator();
        let rows = self.sessions.board(&self.storm.cast, operator).await?;
        self.boards.push(BoardSeen { from: last, rows });
        Ok(findings)
    }

    /// Waits until everything is answered, ends the server in peace, and judges all of it, by
    /// the log and by the audit of the books.
    pub(super) async fn conclude(
        &mut self,
        torture: &mut Torture<'_>,
    ) -> Result<Findings, TortureError> {
        self.storm.until_quiet(Instant::now()).await;
        let operator = self.storm.operator();
        let rows = self.sessions.board(&self.storm.cast, operator).await?;
        let from = self.restarts.last().map_or(0, |restart| restart.last);
        let board = BoardSeen { from, rows };
        self.boards.push(board.clone());
        self.storm.cast.close();
        self.sessions.farewell(FAREWELL).await;
        if let Some(server) = self.server.take() {
            let ended = server.stop();
            ended.map_err(system("the server does not stop".to_owned()))?;
        }
        let mut findings = self.look_back()?;
        let ledger = self.storm.ledger(board.rows);
        for breach in audit(&ledger).breaches() {
            findings.add(BreachKind::Audit, || breach.to_string());
        }
        let answered = |((who, place), _): &(&(Actor, usize), &bool)| match who {
            Actor::Officer(officer) => {
                let book = &ledger.officers[*officer as usize];
                book.asks[*place].answer.is_some()
            }
            Actor::Desk(desk) => {
                let book = &ledger.desks[*desk as usize];
                book.asks[*place].answer.is_some()
            }
        };
        let resolved: Vec<_> = self.waiting.iter().filter(answered).collect();
        let durable = resolved.iter().filter(|(_, is_durable)| **is_durable);
        torture.report.retries_durable += durable.count() as u64;
        torture.report.retries_resolved += resolved.len() as u64;
        Ok(findings)
    }

    /// Adds what was checked to the report. Each log counts once, with its last judgement.
    pub(super) fn tally(&self, torture: &mut Torture<'_>, findings: &Findings) {
        let report = &mut torture.report;
        let counts = findings.counts;
        report.acks_checked += counts.answers;
        report.wins_checked += counts.wins;
        report.refusals_checked += counts.refusals;
        report.pushes_checked += counts.pushes;
        report.syncs_checked += counts.syncs;
        report.boards_checked += counts.boards;
        report.records_checked += counts.records;
        let (officers, desks) = &self.books;
        let repeats = officers.iter().map(|book| book.repeats);
        let repeats = repeats.chain(desks.iter().map(|desk| desk.repeats));
        report.repeats_checked += repeats.sum::<u64>();
        report.breaches += findings.breaches_count();
        let of_kinds = findings.by_kind().iter();
        report.breaches_by_kind = of_kinds
            .map(|(kind, count)| (kind.to_string(), *count))
            .collect();
        let told = findings.breaches().into_iter().map(ToString::to_string);
        report.histories.extend(told);
    }

    pub(super) fn progress(
        &self,
        torture: &Torture<'_>,
        crash: Crash,
        (number, total): (usize, usize),
        findings: &Findings,
    ) -> String {
        let counts = findings.counts;
        format!(
            "{number:>5}/{total}  {}  acks {:>6}  wins {:>5}  pushes {:>6}  records {:>6}  \
             ready in {:>4} ms  breaches {}",
            match crash {
                Crash::Kill => "kill",
                Crash::Cut => "cut ",
            },
            torture.report.acks_checked + counts.answers,
            torture.report.wins_checked + counts.wins,
            torture.report.pushes_checked + counts.pushes,
            torture.report.records_checked + counts.records,
            torture.recover.last().as_millis(),
            findings.breaches_count(),
        )
    }

    /// Keeps a copy of the log after the first crash, and puts it back after the second.
    fn plant_older_log(&mut self, torture: &Torture<'_>) -> Result<(), TortureError> {
        let log = self.program.log();
        let failed = || system("the planted bug cannot be planted".to_owned());
        match self.older.take() {
            None => {
                let older = torture.workshop.path.join("older");
                copy_folder(&log, &older).map_err(failed())?;
                self.older = Some(older);
            }
            Some(older) => {
                fs::remove_dir_all(&log).map_err(failed())?;
                copy_folder(&older, &log).map_err(failed())?;
                fs::remove_dir_all(&older).map_err(failed())?;
            }
        }
        Ok(())
    }

    fn now_us(&self) -> u64 {
        self.storm.cast.stage.us(Instant::now())
    }

    /// Final answers heard so far, as a sign of life.
    fn answers(&self) -> u64 {
        let Live {
            published,
            won,
            lost,
            ..
        } = &*self.live;
        [published, won, lost]
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }
}

fn plant_no_sync(plant: Option<Plant>, server: &mut Server) -> Result<(), TortureError> {
    if plant != Some(Plant::NoSync) {
        return Ok(());
    }
    let planted = server.stop_syncing();
    planted.map_err(system("the planted bug needs strace".to_owned()))
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// An address on this machine that nobody listens on. It has to be known before the server
/// starts: sessions come back to it after every crash.
fn free_address() -> io::Result<SocketAddr> {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    socket.local_addr()
}
