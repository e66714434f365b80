//! A short story on a real engine, told by `dump`, followed by `tail` and asked about by `replay`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::core::command::{NewAvailability, NewOfficer, NewSite};
use engine::core::{Actor, Body, Command, NewSegment, NewVacancy, RosterChange, State, digest};
use engine::io::{Clock, Disk, ManualClock};
use engine::log::{Background, LogOptions, durable_mark};
use engine::model::{
    Class, Interval, OfficerId, Position, Rank, RequestId, SiteKind, Timestamp, VacancyId,
    VacancyKey,
};
use engine::{Engine, Options, Stepper};
use serde_json::Value;

use super::super::tail::Tail;
use super::run_on;
use crate::scratch::Scratch;

/// 07:00 in Phoenix on 22 November 2026.
const SEVEN: Timestamp = Timestamp(1_795_356_000_000_000);
const HOUR_MS: u64 = 3_600_000;
/// The vacancy of the story.
const V: &str = "vac_00000000000000000000000000000007";

/// The records of the story.
const ROSTER: u64 = 1;
const AWARDED: u64 = 3;
const RELEASED: u64 = 5;
const LAPSED: u64 = 7;
const LAST: u64 = 8;

struct Story {
    clock: Arc<ManualClock>,
    engine: Engine,
    stepper: Stepper,
    folder: PathBuf,
    requests: u128,
    /// The digest after each step.
    digests: Vec<(u64, u64)>,
}

impl Story {
    fn begin(scratch: &Scratch) -> Story {
        let folder = scratch.path().join("log");
        let clock = Arc::new(ManualClock::new(SEVEN));
        let (engine, stepper, _) = Engine::open_stepped(Options {
            storage: Arc::new(Disk::open(&folder).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            log: LogOptions {
                segment_bytes: 1 << 13,
                identity: 7,
                background: Background::Threads,
                keep_archived: true,
            },
            snapshot_every_records: 0,
        })
        .unwrap();
        Story {
            clock,
            engine,
            stepper,
            folder,
            requests: 0,
            digests: Vec::new(),
        }
    }

    fn say(&mut self, by: Actor, body: Body) {
        self.requests += 1;
        let request = RequestId(self.requests);
        let ticket = self.engine.submit(Command { request, by, body });
        self.step();
        let _ = ticket.wait().unwrap();
    }

    fn step(&mut self) {
        assert!(self.stepper.step());
        let state = self.stepper.state();
        // The mark is written off the engine's thread, a moment after the batch.
        let storage = Disk::read_only(&self.folder).unwrap();
        while durable_mark(&storage).unwrap() < Some(state.sequence()) {
            std::thread::yield_now();
        }
        self.digests.push((state.sequence().0, digest(state)));
    }

    fn state(&self) -> &State {
        self.stepper.state()
    }

    fn officer(&self, badge: &str) -> OfficerId {
        self.state().roster().officer(badge).unwrap()
    }

    fn accept(&mut self, badge: &str) {
        let vacancy = VacancyId(0);
        let round = self.state().vacancy(vacancy).unwrap().round;
        let by = Actor::Officer(self.officer(badge));
        self.say(by, Body::Accept { vacancy, round });
    }

    /// Published, taken by B-01, confirmed, given back, refused to B-01, a certificate lapses,
    /// taken by B-03.
    fn tell(&mut self) {
        self.say(Actor::Operator, Body::Roster(roster()));
        self.say(Actor::Operator, Body::Publish(Box::new(vacancy())));
        self.accept("B-01");
        self.accept("B-01");
        let by = Actor::Officer(self.officer("B-01"));
        let vacancy = VacancyId(0);
        self.say(by, Body::Release { vacancy });
        self.accept("B-01");
        self.clock.advance_ms(2 * HOUR_MS);
        self.step();
        self.accept("B-03");
    }
}

fn vacancy() -> NewVacancy {
    NewVacancy {
        key: VacancyKey(7),
        lead: "chandler".into(),
        programme: "sso".into(),
        segments: vec![NewSegment {
            site: "chandler-001".into(),
            start: SEVEN.plus_ms(24 * HOUR_MS),
            end: SEVEN.plus_ms(32 * HOUR_MS),
        }],
        slots: vec![Rank::Officer],
        windows_ms: vec![],
        post_orders: String::new(),
    }
}

fn roster() -> Vec<RosterChange> {
    let name = || String::from("Invented");
    let officer = |badge: &str, valid| {
        RosterChange::Officer(NewOfficer {
            badge: badge.into(),
            home: "chandler".into(),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: vec![("azpost".into(), valid)],
            approvals: vec![],
            availability: NewAvailability::Always,
        })
    };
    // B-02's certificate lapses an hour into the story, long before the work begins.
    let short = Interval {
        start: Timestamp::MIN,
        end: SEVEN.plus_ms(HOUR_MS),
    };
    vec![
        RosterChange::Certification {
            code: "azpost".into(),
            name: name(),
        },
        RosterChange::Programme {
            code: "sso".into(),
            name: name(),
            certifications: vec!["azpost".into()],
            classes: vec![Class::PeaceOfficer],
            approval: false,
        },
        RosterChange::Agency {
            code: "chandler".into(),
            name: name(),
            agreement: Some("chandler-msa".into()),
        },
        RosterChange::Site(NewSite {
            code: "chandler-001".into(),
            name: name(),
            lead: "chandler".into(),
            zone: "America/Phoenix".into(),
            position: Position {
                latitude_udeg: 33_306_160,
                longitude_udeg: -111_841_250,
            },
            geofence_m: 150,
            district: name(),
            kind: SiteKind::Public,
            ade_funded: false,
        }),
        officer("B-01", Interval::ALWAYS),
        officer("B-02", short),
        officer("B-03", Interval::ALWAYS),
    ]
}

fn told(scratch: &Scratch) -> Story {
    let mut story = Story::begin(scratch);
    story.tell();
    assert_eq!(story.digests.last().unwrap().0, LAST);
    story
}

fn said(folder: &Path, words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    let (printed, result) = run_on(folder, &words);
    assert!(result.is_ok(), "{words:?}: {result:?}");
    printed
}

fn json(folder: &Path, words: &str) -> Value {
    serde_json::from_str(&said(folder, &format!("{words} --json"))).unwrap()
}

fn error(folder: &Path, words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    let (_, result) = run_on(folder, &words);
    result.unwrap_err().report().unwrap().to_string()
}

#[test]
fn a_dump_reads_like_the_trade() {
    let scratch = Scratch::new();
    let story = told(&scratch);
    let printed = said(&story.folder, "dump --from 2");
    let expected = format!(
        "       2  2026-11-22T14:00:00.000000Z  operator                  published {V} for chandler: \
         sso, officer; 2026-11-23 07:00–15:00 America/Phoenix chandler-001
       2  2026-11-22T14:00:00.000000Z  operator                  tier-opened {V} tier 0 → B-01, B-03 \
         (published)
       3  2026-11-22T14:00:00.000000Z  officer B-01              awarded {V} slot 0 → B-01 (place 1, \
         cover chandler-msa)
       4  2026-11-22T14:00:00.000000Z  officer B-01              confirmed {V} slot 0 (place 1, cover \
         chandler-msa, record 3)
       5  2026-11-22T14:00:00.000000Z  officer B-01              vacated {V} slot 0 ← B-01 (released); \
         round 2 → B-03
       6  2026-11-22T14:00:00.000000Z  officer B-01              refused: this shift is not offered to you, place 1
       7  2026-11-22T16:00:00.000000Z  clock                     certification-expired B-02 azpost
       8  2026-11-22T16:00:00.000000Z  officer B-03              awarded {V} slot 0 → B-03 (place 2, \
         cover chandler-msa)\n"
    );
    assert_eq!(printed, expected);
}

#[test]
fn a_timeline_tells_the_race_in_microseconds() {
    let scratch = Scratch::new();
    let story = told(&scratch);
    let printed = said(&story.folder, &format!("timeline {V}"));
    let expected = format!(
        "{V} since 2026-11-22T14:00:00.000000Z, in microseconds
              0         2  operator                  published for chandler: sso, officer; \
         2026-11-23 07:00–15:00 America/Phoenix chandler-001
              0         2  operator                  tier-opened tier 0 → B-01, B-03 (published)
              0         3  officer B-01              awarded slot 0 → B-01 (place 1, cover \
         chandler-msa); withdrawn from 1
              0         4  officer B-01              confirmed slot 0 (place 1, cover chandler-msa, \
         record 3)
              0         5  officer B-01              vacated slot 0 ← B-01 (released); round 2 → B-03
              0         6  officer B-01              refused: this shift is not offered to you, \
          place 1 (accept of round 2)
     7200000000         8  officer B-03              awarded slot 0 → B-03 (place 2, cover chandler-msa)
line from round 1: 1 won; places 1–1: 1 on record, 0 not
line from round 2: 1 won; places 1–2: 2 on record, 0 not
missing: accepts that were refused because the shift was filled are not recorded: who they were, \
         and how many came after the last place on record, nobody can say\n"
    );
    assert_eq!(printed, expected);
    let told = json(&story.folder, &format!("timeline {V}"));
    let moments = told["moments"].as_array().unwrap();
    assert_eq!(moments.len(), 7);
    assert_eq!(moments[2]["withdrawn_from"], 1);
    assert_eq!(moments[5]["asked"]["accept_of_round"], 2);
    assert_eq!(moments[6]["since_us"], 7_200_000_000u64);
    let unknown = error(
        &story.folder,
        "timeline vac_00000000000000000000000000000008",
    );
    assert!(unknown.contains("knows no vacancy"), "{unknown}");
}

#[test]
fn a_timeline_says_how_far_behind_and_which_places_are_not_on_record() {
    let scratch = Scratch::new();
    let mut story = Story::begin(&scratch);
    story.say(Actor::Operator, Body::Roster(roster()));
    let two = NewVacancy {
        slots: vec![Rank::Officer; 2],
        ..vacancy()
    };
    story.say(Actor::Operator, Body::Publish(Box::new(two)));
    story.accept("B-01");
    story.clock.advance_ms(1);
    // B-02 is not eligible, which is on record; whoever is told that it is filled is not.
    story.accept("B-02");
    story.clock.advance_ms(1);
    story.accept("B-03");
    story.accept("B-02");
    let by = Actor::Officer(story.officer("B-03"));
    let vacancy = VacancyId(0);
    story.say(by, Body::Release { vacancy });
    story.accept("B-02");
    let told = json(&story.folder, &format!("timeline {V}"));
    let moments = told["moments"].as_array().unwrap();
    let behind: Vec<_> = moments
        .iter()
        .filter_map(|one| one["behind_us"].as_i64())
        .collect();
    assert_eq!(behind, [0, 1_000, 2_000], "{told}");
    let line = |at: usize| {
        let line = &told["lines"][at];
        let number = |name: &str| line[name].as_u64().unwrap();
        (number("awarded"), number("recorded"), number("last_place"))
    };
    assert_eq!((line(0), line(1)), ((2, 3, 3), (0, 1, 1)), "{told}");
    let words = said(&story.folder, &format!("timeline {V}"));
    assert!(
        words.contains("place 2 (accept of round 1), 1000 µs behind the first"),
        "{words}"
    );
}

#[test]
fn a_dump_keeps_to_a_vacancy_or_an_officer() {
    let scratch = Scratch::new();
    let story = told(&scratch);
    let records = |words: &str| {
        let printed = said(&story.folder, &format!("dump --json {words}"));
        let lines = printed.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let events = line["events"].as_array().unwrap().len();
            (line["sequence"].as_u64().unwrap(), events)
        });
        lines.collect::<Vec<_>>()
    };
    let of_vacancy = records(&format!("--vacancy {V}"));
    assert_eq!(of_vacancy, [(2, 2), (3, 1), (4, 1), (5, 1), (8, 1)]);
    assert_eq!(records("--officer B-02"), [(1, 1), (7, 1)]);
    // Being offered concerns an officer as well.
    assert_eq!(records("--officer B-03 --from 2"), [(2, 1), (5, 1), (8, 1)]);
    assert_eq!(records("--officer B-01 --to 5").len(), 5);
    let words = error(&story.folder, "dump --officer B-99");
    assert_eq!(words, "up to record 8 the log knows no officer `B-99`");
    let words = error(&story.folder, "dump --from 99");
    assert!(words.starts_with("there is no record 99 yet"), "{words}");
}

#[test]
fn holders_differ_before_and_after_a_release() {
    let scratch = Scratch::new();
    let story = told(&scratch);
    let holder = |until: u64, vacancy: &str| {
        let words = format!("replay --until {until} holders {vacancy}");
        let answer = json(&story.folder, &words);
        assert_eq!(answer["as_of"]["sequence"], until);
        answer["holders"][0]["slots"][0]["badge"].clone()
    };
    for before in AWARDED..RELEASED {
        assert_eq!(holder(before, V), "B-01", "record {before}");
    }
    for free in [AWARDED - 1, RELEASED, RELEASED + 1, LAPSED] {
        assert_eq!(holder(free, V), Value::Null, "record {free}");
        assert_eq!(holder(free, ""), Value::Null, "record {free}");
    }
    assert_eq!(
        (holder(LAST, V), holder(LAST, "")),
        ("B-03".into(), "B-03".into())
    );
    let words = said(&story.folder, "replay --until 3 holders");
    let line = "    slot 0 officer   B-01 (place 1, cover chandler-msa, record 3, \
                2026-11-22T14:00:00.000000Z)\n";
    assert!(words.ends_with(line), "{words}");
    let none = said(&story.folder, "replay --until 5 holders");
    assert!(none.ends_with("nobody held anything\n"), "{none}");
}

#[test]
fn why_is_answered_as_of_that_moment() {
    let scratch = Scratch::new();
    let story = told(&scratch);
    let failing = |until: &str, badge: &str| {
        let words = format!("replay --until {until} why {V} {badge}");
        let answer = json(&story.folder, &words);
        let clauses = answer["clauses"].as_array().unwrap().clone();
        let failing = clauses
            .into_iter()
            .filter(|clause| clause["holds"] == false);
        let names: Vec<String> = failing
            .map(|clause| clause["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(answer["eligible"], names.is_empty());
        names
    };
    assert_eq!(failing("2", "B-01"), [""; 0]);
    // What B-01 holds does not stand in the way of itself.
    assert_eq!(failing("3", "B-01"), [""; 0]);
    assert_eq!(failing("5", "B-01"), [""; 0]);
    // The certificate does not last until the end of the work, before as after it lapsed.
    assert_eq!(failing("2", "B-02"), ["certified:azpost"]);
    assert_eq!(
        failing("2026-11-22T15:30:00Z", "B-02"),
        ["certified:azpost"]
    );
    let words = said(&story.folder, &format!("replay --until 2 why {V} B-02"));
    assert!(words.contains(" ✗ certified:azpost"), "{words}");
    assert!(words.contains("not eligible: 1 of "), "{words}");
    let turned = said(&story.folder, &format!("replay --until 2 why B-02 {V}"));
    assert_eq!(turned, words, "in the order of `muster why`");
    let words = error(&story.folder, "replay --until 2 why B-01 B-02");
    assert!(words.contains("`B-01` is not a key"), "{words}");
    let words = error(&story.folder, &format!("replay --until 1 why {V} B-01"));
    assert_eq!(
        words,
        format!("up to record 1 the log knows no vacancy `{V}`")
    );
    let words = error(&story.folder, &format!("replay --until 2 why {V} B-99"));
    assert_eq!(words, "up to record 2 the log knows no officer `B-99`");
}

#[test]
fn the_board_and_the_digest_are_those_of_the_live_engine() {
    let scratch = Scratch::new();
    let story = told(&scratch);
    for (sequence, digest) in &story.digests {
        let answer = json(
            &story.folder,
            &format!("replay --until {sequence} --digest"),
        );
        assert_eq!(
            answer["digest"],
            format!("{digest:016x}"),
            "record {sequence}"
        );
        assert_eq!(
            (&answer["as_of"]["durable"], &answer["officers"]),
            (&true.into(), &3.into())
        );
    }
    let standing = |until: &str| {
        let board = json(&story.folder, &format!("replay --until {until} board"));
        board["board"][0]["standing"].clone()
    };
    assert_eq!(standing("1"), Value::Null);
    assert_eq!(
        (standing("2"), standing("4")),
        ("open".into(), "filled".into())
    );
    assert_eq!(
        (standing("6"), standing("end")),
        ("open".into(), "filled".into())
    );
    assert_eq!(standing("2026-11-22T15:30:00Z"), "open");
    let summary = said(&story.folder, "replay --until 3");
    assert!(summary.contains("vacancies  1 (0 open, 1 filled, 0 cancelled, 0 expired)"));
}

#[test]
fn a_moment_the_log_does_not_know_is_refused_with_the_way_out() {
    let scratch = Scratch::new();
    let story = told(&scratch);
    let words = error(&story.folder, "replay --until 9 holders");
    assert_eq!(
        words,
        "record 9 lies after the end of the log: its last record is 8 \
         (2026-11-22T16:00:00.000000Z); ask for that or an earlier one"
    );
    let words = error(&story.folder, "replay --until 2020-01-01T00:00:00Z board");
    assert!(words.contains("lies before what is kept"), "{words}");
    let words = error(&story.folder, "replay board");
    assert!(words.starts_with("say which moment: --until"), "{words}");
}

#[test]
fn a_log_without_a_record_yet_is_one() {
    let scratch = Scratch::new();
    let mut story = Story::begin(&scratch);
    let folder = story.folder.clone();
    let mut tail = Tail::open(&folder, 10, true).unwrap();
    let mut out = Vec::new();
    tail.print_new(&mut out).unwrap();
    assert_eq!(sequences(&out), [0; 0]);
    assert!(said(&folder, "verify").starts_with("ok: 0 records"));
    assert_eq!(
        (said(&folder, "dump"), said(&folder, "tail")),
        <_>::default()
    );
    assert_eq!(json(&folder, "stats")["records"], 0);
    assert_eq!(json(&folder, "replay --until end")["as_of"]["sequence"], 0);
    assert!(error(&folder, "replay --until 1").starts_with("there is no log in"));
    story.say(Actor::Operator, Body::Roster(roster()));
    tail.print_new(&mut out).unwrap();
    assert_eq!(sequences(&out), [1]);
}

#[test]
fn a_tail_goes_on_over_new_segments_and_a_restart() {
    let scratch = Scratch::new();
    let mut story = told(&scratch);
    let folder = story.folder.clone();
    let mut tail = Tail::open(&folder, 2, true).unwrap();
    let mut out = Vec::new();
    tail.print_last(&mut out).unwrap();
    tail.print_new(&mut out).unwrap();
    assert_eq!(sequences(&out), [7, 8], "the last two, and nothing new yet");
    for round in 0..2 {
        for _ in 0..6 {
            // Long enough that a segment is full after few of them.
            let name = "n".repeat(200);
            let (code, name) = (format!("kind-{}", story.requests), name);
            let change = RosterChange::Certification { code, name };
            story.say(Actor::Operator, Body::Roster(vec![change]));
            tail.print_new(&mut out).unwrap();
        }
        if round == 0 {
            let clock = Arc::clone(&story.clock);
            let (requests, digests) = (story.requests, story.digests.clone());
            story.engine.close();
            while story.stepper.step() {}
            drop(story);
            tail.print_new(&mut out).unwrap();
            story = Story::begin(&scratch);
            story.clock.set(clock.now());
            (story.requests, story.digests) = (requests, digests);
        }
    }
    assert_eq!(sequences(&out), (7..=20).collect::<Vec<u64>>());
    let stats = json(&folder, "stats");
    assert!(stats["segments"].as_u64().unwrap() > 3, "{stats}");
    let all = said(&folder, "dump --json");
    assert_eq!(sequences(all.as_bytes()).len(), 20);
}

fn sequences(printed: &[u8]) -> Vec<u64> {
    let lines = std::str::from_utf8(printed).unwrap().lines();
    let numbers = lines.map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["durable"], true, "{line}");
        line["sequence"].as_u64().unwrap()
    });
    numbers.collect()
}

#[test]
fn statistics_count_events_batches_and_seconds() {
    let scratch = Scratch::new();
    let story = told(&scratch);
    let stats = json(&story.folder, "stats");
    let events = [
        ("awarded", 2),
        ("officer-added", 3),
        ("refused", 1),
        ("certification-expired", 1),
    ];
    for (kind, count) in events {
        assert_eq!(stats["events"][kind], count, "{stats}");
    }
    assert_eq!(
        (&stats["records"], &stats["batches"]),
        (&8.into(), &8.into())
    );
    assert_eq!(stats["batch_records"]["p99"], 1);
    assert_eq!(stats["seconds"], 7_200.0);
    assert_eq!(
        (&stats["busiest_second"], &stats["first"]),
        (&6.into(), &ROSTER.into())
    );
    let occupied =
        stats["record_bytes"].as_u64().unwrap() + stats["padding_bytes"].as_u64().unwrap();
    assert_eq!(occupied % 4_096, 0, "batches are whole sectors");
    // Both tools call an event the same.
    let dumped = said(&story.folder, "dump --json");
    let mut counts = std::collections::BTreeMap::new();
    for line in dumped.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for event in line["events"].as_array().unwrap() {
            let kind = event["event"].as_str().unwrap().to_owned();
            *counts.entry(kind).or_insert(0u64) += 1;
        }
    }
    assert_eq!(stats["events"], serde_json::to_value(counts).unwrap());
    let words = said(&story.folder, "stats");
    assert!(
        words.contains("of records    p50 1, p99 1, max 1"),
        "{words}"
    );
}
