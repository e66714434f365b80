//! The corpus of the fuzz targets, replayed by the functions that the targets call (promise P11).
//!
//! `UPDATE_CORPUS=1 cargo test -p muster --test it corpus` writes the seeds anew, as
//! `fuzz/corpus/<target>/seed-…`; what fuzzing found beside them is left alone. `docs/fuzzing.md`
//! says how to find more.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use engine::io::Storage;
use engine::model::Sequence;
use protocol::session::{Action, Event};
use protocol::{Ask, ClientMessage, Cursor, GoAway, RequestId, ServerMessage, VacancyKey};

use fuzz::Reached;
use fuzz::chronicle::Chronicle;
use fuzz::log::folder::{CREATE_BYTES_MAX, Files, OPERATIONS_MAX, Watched};
use fuzz::log::{Found, judge};
use fuzz::session::{client, server};
use fuzz::token::{NOW_US, issued};

#[expect(unreachable_pub, reason = "the fuzz targets reach it as a library")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
#[path = "../../protocol/tests/samples/mod.rs"]
mod samples;
mod seeds;

/// Files of the whole corpus, and their bytes: it is read by people who look for a reason.
const FILES_MAX: usize = 300;
const BYTES_MAX: u64 = 300 * 1_024;

/// Kinds of events that a log can hold.
const EVENT_KINDS: usize = 34;

/// What the inputs of each target come across, all of them together. An input that is refused at
/// the door proves little.
const REACHED: [(&str, &[&str]); 6] = [
    ("record", &["decoded", "refused"]),
    (
        "log",
        &[
            "blind",
            "forged",
            "followed",
            "reader refused",
            "opened",
            "torn",
            "spotless",
            "zero spares",
            "dirty spares",
            "corrupt",
            "later version",
        ],
    ),
    (
        "snapshot",
        &["read from its file", "refused", "restored", "worked on"],
    ),
    (
        "frame",
        &["message", "stream ended", "too large", "undecodable"],
    ),
    (
        "session",
        &[
            "opened",
            "request",
            "refused",
            "busy",
            "closed",
            "decoded",
            "up",
            "down",
            "news",
            "gone",
            "synced",
            "answered",
            "violation",
        ],
    ),
    (
        "token",
        &[
            "refused",
            "verified",
            "signed and taken",
            "signed and refused",
            "verifying key",
            "signing key",
        ],
    ),
];

#[test]
fn every_input_of_the_corpus_is_survived() {
    if std::env::var_os("UPDATE_CORPUS").is_some() {
        write_seeds();
    }
    let (mut files, mut bytes, mut broken) = (0, 0, Vec::new());
    for (target, run) in fuzz::TARGETS {
        let mut reached = BTreeSet::new();
        let inputs = inputs_of(target);
        assert!(
            inputs.len() >= 5,
            "{target} has {} inputs only",
            inputs.len()
        );
        for path in inputs {
            let input = fs::read(&path).expect("an input can be read");
            files += 1;
            bytes += input.len() as u64;
            match catch_unwind(|| run(&input)) {
                Ok(Reached(words)) => reached.extend(words),
                Err(_) => broken.push(path),
            }
        }
        assert_reached(target, &reached);
    }
    assert!(broken.is_empty(), "not survived: {broken:#?}");
    assert!(files <= FILES_MAX, "{files} files: minimise the corpus");
    assert!(bytes <= BYTES_MAX, "{bytes} bytes: minimise the corpus");
    println!("corpus: {files} inputs of {bytes} bytes replayed");
}

#[test]
fn seeds_of_today_are_survived_and_reach_what_they_are_for() {
    for (target, run) in fuzz::TARGETS {
        let mut reached = BTreeSet::new();
        for seed in seeds::all().iter().filter(|seed| seed.target == target) {
            reached.extend(run(&seed.bytes).0);
        }
        assert_reached(target, &reached);
    }
    let events = Chronicle::shared()
        .records
        .iter()
        .flat_map(|record| &record.events);
    let kinds: BTreeSet<String> = events
        .map(|event| {
            format!("{event:?}")
                .chars()
                .take_while(|c| c.is_alphanumeric())
                .collect()
        })
        .collect();
    assert_eq!(
        kinds.len(),
        EVENT_KINDS,
        "every kind of event is in the history: {kinds:?}"
    );
}

#[test]
fn a_log_that_lost_something_does_not_pass() {
    let truth = Chronicle::shared();
    let last = Sequence(truth.payloads.len() as u64);
    let all = (1..).map(Sequence).zip(truth.payloads.iter().cloned());
    let sound = Found {
        snapshot: None,
        records: all.collect(),
        last,
        torn: Vec::new(),
    };
    let judged = |plant: fn(&mut Found)| {
        let mut found = sound.clone();
        plant(&mut found);
        judge(Some(truth), last, &found).err().unwrap_or_default()
    };
    assert_eq!(judged(|_| {}), "");
    let changed = judged(|found| found.records[3].1[0] ^= 1);
    assert!(changed.contains("is not what was written"), "{changed}");
    let gap = judged(|found| drop(found.records.remove(5)));
    assert!(gap.contains("came after record"), "{gap}");
    let short = judged(|found| drop(found.records.pop()));
    assert!(short.contains("the writer says"), "{short}");
    let lost = judged(|found| {
        found.records.pop();
        found.last = Sequence(found.last.0 - 1);
    });
    assert!(lost.contains("was durable"), "{lost}");
    let made_up = judged(|found| found.snapshot = Some((Sequence(2), b"made up".to_vec())));
    assert!(made_up.contains("is not what was saved"), "{made_up}");
}

#[test]
fn a_reader_that_runs_away_or_believes_a_length_is_caught() {
    let files = Files::from([("log".to_owned(), vec![0; 10])]);
    let caught = |plant: fn(&Watched)| {
        let watched = Watched::of(&files);
        catch_unwind(std::panic::AssertUnwindSafe(|| plant(&watched))).is_err()
    };
    assert!(!caught(
        |watched| (0..OPERATIONS_MAX).for_each(|_| drop(watched.list()))
    ));
    assert!(caught(
        |watched| (0..=OPERATIONS_MAX).for_each(|_| drop(watched.list()))
    ));
    assert!(caught(|watched| {
        let file = watched.open("log").expect("it is there");
        let _ = file.read_at(0, &mut vec![0; 1 << 20]);
    }));
    assert!(caught(|watched| drop(
        watched.create("log", CREATE_BYTES_MAX + 1)
    )));
}

#[test]
fn a_server_that_breaks_a_rule_is_caught() {
    let officer = &issued()[0].0;
    let vacancy = VacancyKey(7);
    let request = |ask| Action::Request {
        id: RequestId(1),
        ask,
    };
    let accept = || request(Ask::Accept { vacancy, round: 1 });
    let hear = |actions: &[Action], now_us| {
        let mut model = server::Model {
            may_say: 9,
            ..Default::default()
        };
        let mut reached = Reached::default();
        actions.iter().find_map(|action| {
            model
                .hear(action, Some(officer), now_us, &mut reached)
                .err()
        })
    };
    let opened = |claims: &protocol::token::Claims| Action::Opened {
        claims: claims.clone(),
        resume: None,
        software: String::new(),
    };
    let open = || opened(officer);
    let closed = || Action::Close {
        because: Some(GoAway::Stopping),
    };
    let mut forged = officer.clone();
    forged.subject = "SAG-0413".to_owned();
    let synced = Action::Send(ServerMessage::Synced {
        cursor: Cursor::default(),
    });

    assert_eq!(hear(&[open(), accept(), closed()], NOW_US), None);
    let late_us = officer.expires_us;
    let plants = [
        (vec![accept()], NOW_US, "nobody asks before the opening"),
        (vec![open(), open()], NOW_US, "a session opens once"),
        (vec![opened(&forged)], NOW_US, "nobody issued this token"),
        (
            vec![open(), request(Ask::Board)],
            NOW_US,
            "this role may not ask this",
        ),
        (
            vec![open(), accept()],
            late_us,
            "nobody asks with a token that has expired",
        ),
        (
            vec![open(), closed(), closed()],
            NOW_US,
            "nothing is said after the end",
        ),
        (vec![open(), synced], NOW_US, "only the shell says this"),
        (
            vec![open(); 1]
                .into_iter()
                .chain((0..9).map(|_| accept()))
                .collect(),
            NOW_US,
            "one move has endless answers",
        ),
    ];
    for (actions, now_us, rule) in plants {
        assert_eq!(hear(&actions, now_us), Some(rule));
    }
    let mut full = server::Model {
        may_say: 99,
        ..Default::default()
    };
    full.opened = Some(officer.clone());
    full.outstanding = vec![RequestId(1); 32];
    let breach = full.hear(&accept(), Some(officer), NOW_US, &mut Reached::default());
    assert_eq!(breach, Err("too many requests are under way"));
}

#[test]
fn a_client_that_breaks_a_rule_is_caught() {
    let up = || client::Model {
        line: client::Line::Up,
        ..Default::default()
    };
    let asks = ClientMessage::Request {
        id: RequestId(1),
        ask: Ask::Board,
    };
    assert_eq!(up().says(&asks), Err("nobody asked this"));
    let mut down = client::Model::default();
    assert_eq!(down.says(&asks), Err("there is nobody to say this to"));
    let mut reached = Reached::default();
    let synced = Event::Synced(Cursor::default());
    assert_eq!(
        down.learns(&synced, &mut reached),
        Err("nothing is learnt without a welcome")
    );
    let ended = Event::Down {
        because: None,
        reconnect_after_ms: 0,
    };
    assert_eq!(
        down.learns(&ended, &mut reached),
        Err("a connection ends once")
    );
    let standing = protocol::session::Standing::Offer;
    let gone = Event::Gone {
        vacancy: VacancyKey(1),
        standing,
    };
    let rule = "only a whole sync lets go of what was known";
    assert_eq!(up().learns(&gone, &mut reached), Err(rule));
    let outcome = protocol::Outcome::Done { sequence: 1 };
    let answered = Event::Answered {
        id: RequestId(1),
        outcome,
    };
    let rule = "an answer is heard once, by who asked";
    assert_eq!(up().learns(&answered, &mut reached), Err(rule));
    let pushed = samples::server()
        .into_iter()
        .find_map(|(_, message)| match message {
            ServerMessage::Push(push) => Some(Event::News(push)),
            _ => None,
        });
    let pushed = pushed.expect("a push is among the samples");
    let mut model = up();
    assert_eq!(model.learns(&pushed, &mut reached), Ok(()));
    assert_eq!(
        model.learns(&pushed, &mut reached),
        Err("nothing is news twice")
    );
}

fn assert_reached(target: &str, reached: &BTreeSet<&'static str>) {
    let (_, wanted) = REACHED
        .iter()
        .find(|(name, _)| *name == target)
        .expect("every target has its list");
    for what in *wanted {
        assert!(
            reached.contains(what),
            "no input of {target} reaches `{what}`: {reached:?}"
        );
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

fn inputs_of(target: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(corpus().join(target)).expect("every target has a corpus");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    paths.sort();
    paths
}

fn write_seeds() {
    for (target, _) in fuzz::TARGETS {
        fs::create_dir_all(corpus().join(target)).expect("a folder can be made");
        for old in inputs_of(target) {
            if old
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"seed-"))
            {
                fs::remove_file(old).expect("a seed can be replaced");
            }
        }
    }
    for seed in seeds::all() {
        let path = corpus()
            .join(seed.target)
            .join(format!("seed-{}", seed.name));
        fs::write(path, &seed.bytes).expect("a seed can be written");
    }
}
