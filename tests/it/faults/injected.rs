//! Calls of the operating system fail under the real program: nobody is told what did not become
//! durable, and the next start has everything that anybody was told.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Client;
use engine::io::{Disk, Storage};
use engine::log::{BatchInfo, read_folder, verify};
use engine::model::Sequence;
use muster::sample::SampleState;
use protocol::{Ask, Outcome, RequestId, Role};

use super::skip;
use crate::house::{
    House, Ledger, PATIENCE, Server, Start, ask, free_port, import, officers, publish, race,
    scratch,
};

/// Officers who race, and vacancies they race for, at each fault point.
const OFFICERS: usize = 40;
const VACANCIES: u128 = 24;
/// Set it to try each call with a fault at many more places.
const EVERY_POINT: &str = "MUSTER_FAULT_POINTS_ALL";
const SEGMENT: &str = "log-00000000000000000001.seg";

/// One call that fails.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// The calls, as strace names them.
    calls: &'static str,
    /// What they fail with.
    error: &'static str,
    /// Of which file in the log's folder; of any file if empty.
    file: &'static str,
    /// Which of a thread's calls to that file fail, counted from 1: `3`, or `3..6`.
    when: &'static str,
    then: Then,
}

/// What the program has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// End with a message, and start again with everything that was acknowledged; whether the
    /// batch that failed is in the file or not.
    Stop { batch_is_written: bool },
    /// Turn requests away, and go on by itself.
    GoOn,
    /// Not even notice: what failed is tried again.
    NotNotice,
    /// Refuse to start, naming the file.
    NotStart,
}

const STOP: Then = Then::Stop {
    batch_is_written: false,
};
const STOP_WRITTEN: Then = Then::Stop {
    batch_is_written: true,
};

const fn point(
    calls: &'static str,
    error: &'static str,
    file: &'static str,
    when: &'static str,
    then: Then,
) -> Point {
    Point {
        calls,
        error,
        file,
        when,
        then,
    }
}

const POINTS: &[Point] = &[
    point("fdatasync", "EIO", SEGMENT, "2", STOP_WRITTEN),
    point("fdatasync", "EIO", SEGMENT, "17", STOP_WRITTEN),
    point("fdatasync", "ENOSPC", SEGMENT, "9", STOP_WRITTEN),
    point("pwrite64", "EIO", SEGMENT, "3", STOP),
    point("pwrite64", "EIO", SEGMENT, "21", STOP),
    point("pwrite64", "ENOSPC", SEGMENT, "4", Then::GoOn),
    point("pwrite64", "ENOSPC", SEGMENT, "12..17", Then::GoOn),
    point("fdatasync", "EIO", "mark", "3", STOP),
    point("pwrite64", "EIO", "mark", "5", STOP),
    point("pwrite64", "ENOSPC", "mark", "3..5", Then::NotNotice),
    point(
        "rename,renameat,renameat2",
        "EIO",
        "mark.tmp",
        "1",
        Then::NotStart,
    ),
    point("fdatasync", "EIO", "mark.tmp", "1", Then::NotStart),
    point("pwrite64", "ENOSPC", "mark.tmp", "1", Then::NotStart),
    point("pread64", "EIO", SEGMENT, "1", Then::NotStart),
];

/// What was counted over all points.
#[derive(Debug, Default)]
struct Tally {
    points: usize,
    fired: usize,
    awards: usize,
    unavailable: usize,
    asked_again: usize,
    batches_cut: usize,
}

/// Points of the long run: the first batches one by one, then fewer and fewer.
fn all_points() -> Vec<Point> {
    let mut points = POINTS.to_vec();
    for when in ["1", "4", "5", "6", "7", "8", "10", "13", "25", "31"] {
        points.push(point("fdatasync", "EIO", SEGMENT, when, STOP_WRITTEN));
        points.push(point("pwrite64", "EIO", SEGMENT, when, STOP));
        points.push(point("pwrite64", "ENOSPC", SEGMENT, when, Then::GoOn));
    }
    for when in ["1", "2", "4", "6", "9"] {
        points.push(point("fdatasync", "EIO", "mark", when, STOP));
        points.push(point("pwrite64", "EIO", "mark", when, STOP));
    }
    points
}

#[test]
fn calls_that_fail_under_the_real_program_betray_nobody() {
    if let Some(why) = missing_strace() {
        skip("faults injected into the real program", &why);
        return;
    }
    let every = std::env::var_os(EVERY_POINT).is_some();
    let points = if every { all_points() } else { POINTS.to_vec() };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let sample = SampleState::new(7, jiff::civil::date(2026, 11, 23));
    let prepared = scratch();
    runtime.block_on(prepare(&prepared, &sample));
    let mut tally = Tally::default();
    for point in points {
        let folder = scratch();
        copy(&prepared, &folder);
        let begun = Instant::now();
        match point.then {
            Then::NotStart => does_not_start(&folder, point, &mut tally),
            _ => runtime.block_on(storm(&folder, point, &sample, &mut tally)),
        }
        println!("{point:?}: held, {} ms", begun.elapsed().as_millis());
        tally.points += 1;
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
    }
    std::fs::remove_dir_all(&prepared).expect("the folder is ours");
    println!("{tally:?}");
    assert_eq!(tally.fired, tally.points);
    assert!(tally.awards > 0 && tally.unavailable > 0 && tally.batches_cut > 0);
}

#[test]
fn an_acknowledged_batch_that_is_cut_away_does_not_pass() {
    // The check above cuts the batch whose sync failed. It proves something only if cutting one
    // more, which was acknowledged, is noticed.
    let sample = SampleState::new(7, jiff::civil::date(2026, 11, 23));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let folder = scratch();
    runtime.block_on(prepare(&folder, &sample));
    cut_last_batch(&folder);
    let stderr = folder.join("stderr.txt");
    let start = Start {
        stderr: Some(stderr.clone()),
        ..Start::default()
    };
    let mut server = Server::start_as(&folder, free_port(), &start);
    let ended = until_it_ends(&mut server);
    let said = std::fs::read_to_string(&stderr).expect("it is there");
    assert!(
        !ended.success() && said.contains(SEGMENT),
        "{ended}: {said}"
    );
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// A data folder with everything but vacancies.
async fn prepare(folder: &Path, sample: &SampleState) {
    let port = free_port();
    let server = Server::start(folder, port);
    let house = House::open(folder, port);
    let operator = house.join(Role::Operator, "operator", None, |_| {});
    import(&operator, sample).await;
    // The mark is written a moment after the answer.
    let begun = Instant::now();
    while !is_marked(folder) {
        assert!(begun.elapsed() < PATIENCE, "no mark is written");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    operator.close();
    server.stop();
}

fn log_of(folder: &Path) -> Arc<dyn Storage> {
    Arc::new(Disk::read_only(folder.join("log")).expect("the folder is there"))
}

/// Whether the mark covers all records.
fn is_marked(folder: &Path) -> bool {
    let report = verify(&log_of(folder)).expect("it reads");
    report.last == Some(report.durable_mark)
}

/// Races while a call fails; whatever was heard must hold after the next start.
async fn storm(folder: &Path, point: Point, sample: &SampleState, tally: &mut Tally) {
    let port = free_port();
    let (start, trace) = under_strace(folder, point);
    let mut server = Server::start_as(folder, port, &start);
    let house = House::open(folder, port);
    let operator = house.join(Role::Operator, "operator", None, |_| {});
    let ledger = Arc::new(Ledger::default());
    let racers: BTreeMap<String, Client> = officers(sample, OFFICERS)
        .map(|(badge, agency)| (badge.to_owned(), race(&house, badge, agency, &ledger)))
        .collect();
    let publishing = async {
        for number in 0..VACANCIES {
            publish(&operator, sample, number).await;
        }
    };
    let going_down = async {
        if !matches!(point.then, Then::Stop { .. }) {
            return;
        }
        let begun = Instant::now();
        let ended = loop {
            match server.ended() {
                Some(ended) => break ended,
                None => assert!(begun.elapsed() < PATIENCE, "{point:?}: it goes on"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let said = std::fs::read_to_string(folder.join("stderr.txt")).expect("it is there");
        let says = said.contains("start the server again") && said.contains("disk");
        assert!(!ended.success() && says, "{point:?}: {ended}: {said}");
        if let Then::Stop {
            batch_is_written: true,
        } = point.then
        {
            // Its sync failed, so the disk need not have it. Nobody may have been told of it.
            cut_last_batch(folder);
            tally.batches_cut += 1;
        }
        server = Server::start(folder, port);
    };
    tokio::join!(publishing, going_down);
    tally.fired += usize::from(has_fired(&trace));
    assert!(has_fired(&trace), "{point:?} has not fired");

    let unavailable = settle(&ledger, &racers, tally).await;
    if point.then == Then::NotNotice {
        assert_eq!(unavailable, 0, "{point:?}");
    }
    let Outcome::Board { rows } = ask(&operator, RequestId(2), Ask::Board).await else {
        panic!("an operator sees the board");
    };
    ledger.judge(&rows);
    let won = ledger.won().len();
    assert!(won > 0, "{point:?}: nobody won anything");
    tally.awards += won;
    tally.unavailable += unavailable;
    for racer in racers.into_values() {
        racer.close();
    }
    let keys: BTreeSet<_> = rows.iter().map(|row| row.vacancy).collect();
    assert_eq!(
        keys.len(),
        VACANCIES as usize,
        "{point:?}: a publication is lost"
    );
    if point.then == Then::GoOn || point.then == Then::NotNotice {
        assert!(server.ended().is_none(), "{point:?}: it has stopped");
        let said = std::fs::read_to_string(folder.join("stderr.txt")).expect("it is there");
        let says = said.contains("disk is full") && said.contains("space again");
        // One write without space is over before anybody could make any, and may go unsaid.
        let lasts = point.when.contains("..");
        assert!(
            says || point.then == Then::NotNotice || !lasts,
            "{point:?}: {said}"
        );
        assert!(!says || point.then == Then::GoOn, "{point:?}: {said}");
    }
    server.stop_traced();
}

/// Waits until everybody has been answered, asking again for those who heard that nobody can say;
/// how many those were.
async fn settle(ledger: &Ledger, racers: &BTreeMap<String, Client>, tally: &mut Tally) -> usize {
    let (begun, mut quiet, mut unavailable) = (Instant::now(), 0, 0);
    while quiet < 10 {
        assert!(begun.elapsed() < PATIENCE, "somebody is never answered");
        let open = ledger.unavailable();
        unavailable += open.len();
        for (id, badge, question) in &open {
            // The answer is heard twice: here, and by the racer's ledger.
            let outcome = ask(&racers[badge], *id, question.clone()).await;
            ledger.hears(*id, &outcome);
            tally.asked_again += 1;
        }
        let is_quiet = open.is_empty() && ledger.unanswered() == 0;
        quiet = if is_quiet { quiet + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unavailable
}

/// The program says which file it cannot use and ends; nothing has become of the log.
fn does_not_start(folder: &Path, point: Point, tally: &mut Tally) {
    let (start, trace) = under_strace(folder, point);
    let mut server = Server::start_as(folder, free_port(), &start);
    let ended = until_it_ends(&mut server);
    let said = std::fs::read_to_string(folder.join("stderr.txt")).expect("it is there");
    let names_it = said.contains(point.file);
    assert!(!ended.success() && names_it, "{point:?}: {ended}: {said}");
    assert!(has_fired(&trace), "{point:?} has not fired");
    tally.fired += 1;
    let report = verify(&log_of(folder)).expect("it reads");
    let is_whole = report.damage.is_none() && report.torn.is_empty() && is_marked(folder);
    assert!(is_whole && report.records > 0, "{point:?}: {report:?}");
}

fn until_it_ends(server: &mut Server) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(ended) = server.ended() {
            return ended;
        }
        assert!(begun.elapsed() < PATIENCE, "it has started");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How to start the server so that the call fails, and where it is noted that it did.
fn under_strace(folder: &Path, point: Point) -> (Start, PathBuf) {
    let Point {
        calls, error, when, ..
    } = point;
    let trace = folder.join("strace.txt");
    let file = folder.join("log").join(point.file);
    let mut under: Vec<OsString> = ["strace", "-f", "-qq", "-o"].map(OsString::from).into();
    under.push(trace.clone().into());
    under.push("-P".into());
    under.push(file.into());
    under.push("-e".into());
    under.push(format!("trace={calls}").into());
    under.push("-e".into());
    under.push(format!("inject={calls}:error={error}:when={when}").into());
    let stderr = Some(folder.join("stderr.txt"));
    let start = Start {
        under,
        stderr,
        ..Start::default()
    };
    (start, trace)
}

fn has_fired(trace: &Path) -> bool {
    let noted = std::fs::read_to_string(trace).unwrap_or_default();
    noted.contains("(INJECTED)")
}

/// Why faults cannot be injected here, if they cannot.
fn missing_strace() -> Option<String> {
    let probe = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "inject=fdatasync:error=EIO:when=1",
        ])
        .args(["sync", "--data", "/dev/null"])
        .stderr(Stdio::null())
        .status();
    match probe {
        // The only call to fail is the one that was asked for.
        Ok(status) if status.code() == Some(1) => None,
        Ok(status) => Some(format!("strace may not trace here: {status}")),
        Err(e) => Some(format!("strace cannot be started: {e}")),
    }
}

/// Overwrites the last batch with zeros, as if it had never reached the disk.
fn cut_last_batch(folder: &Path) {
    let log = folder.join("log");
    let last = read_folder(log_of(folder), Sequence(1)).records().last();
    let (_, info, _) = last.expect("there are records").expect("they read");
    let BatchInfo {
        segment,
        offset,
        bytes,
        ..
    } = info;
    let path = log.join(format!("log-{:020}.seg", segment.0));
    let file = std::fs::File::options().write(true).open(path);
    let file = file.expect("the segment is there");
    let zeros = vec![0; bytes as usize];
    file.write_all_at(&zeros, offset).expect("it writes");
}

/// Copies a data folder: the keys and the log.
fn copy(from: &Path, to: &Path) {
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(to.join("log"))
        .expect("a new folder");
    for folder in ["", "log"] {
        for entry in std::fs::read_dir(from.join(folder)).expect("the folder is there") {
            let entry = entry.expect("a readable entry");
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                let target = to.join(folder).join(entry.file_name());
                std::fs::copy(entry.path(), target).expect("it copies");
            }
        }
    }
}
