//! A snapshot from arbitrary bytes: the file around it, the state in it, and work on that state.

use std::sync::Arc;

use engine::core::command::Amend;
use engine::core::decide::Stamp;
use engine::core::{Actor, Body, Command, State, apply, digest};
use engine::io::Storage;
use engine::log::{Log, OpenError, Recovery};
use engine::model::{Direction, OfficerId, Rank, RequestId, Sequence, Timestamp, VacancyId};

use super::Reached;
use super::chronicle::outcome;
use super::log::folder::{Files, Watched, files};
use super::log::options;

/// The record after which the snapshots here are taken.
const TAKEN_AFTER: Sequence = Sequence(1);
const SNAPSHOT_FILE: &str = "snapshot-00000000000000000001.snap";

/// How many officers and vacancies of a restored state take part in the work on it.
const CAST_MAX: usize = 3;

/// How long after the restored state the work on it goes on, in milliseconds.
const LATER_MS: [u64; 3] = [0, 60_000, 48 * 3_600_000];

/// Reads `input` as a snapshot file, as the payload of a sound one, and as a state.
///
/// # Panics
/// If the reader hands out anything but what was saved, if a state that was restored cannot be
/// saved and restored again, or if the core fails on it.
pub fn run(input: &[u8]) -> Reached {
    let mut reached = Reached::default();
    if input.is_empty() {
        return reached;
    }
    read_as_file(input, &mut reached);
    let Ok(state) = State::restore(input) else {
        reached.note("refused");
        return reached;
    };
    reached.note("restored");
    let bytes = state
        .snapshot()
        .expect("a state in memory can be written to memory");
    let again = State::restore(&bytes).expect("what has just been saved is restored");
    assert_eq!(
        again.durable(),
        state.durable(),
        "a state is restored as it was saved"
    );
    assert_eq!(digest(&again), digest(&state));
    if work_on(state) {
        reached.note("worked on");
    }
    reached
}

/// The same bytes as a whole file, and behind a header that vouches for them.
fn read_as_file(input: &[u8], reached: &mut Reached) {
    let base = log_of_one_record();
    let mut damaged = base.clone();
    damaged.insert(SNAPSHOT_FILE.to_owned(), input.to_vec());
    match recovered(&damaged) {
        Some((Some(payload), _)) => {
            assert!(input.ends_with(&payload), "a payload is read as it stands");
        }
        Some((None, set_aside)) => {
            assert_eq!(
                set_aside, 1,
                "a snapshot is read, or it is known as damaged"
            );
        }
        None => reached.note("later version"),
    }

    let storage: Arc<dyn Storage> = Arc::new(Watched::of(&base));
    let (log, _) = Log::open(Arc::clone(&storage), options()).expect("a sound log opens");
    log.snapshots()
        .save(TAKEN_AFTER, input)
        .expect("memory takes a snapshot");
    drop(log);
    let taken = recovered(&files(&*storage)).and_then(|(taken, _)| taken);
    assert_eq!(
        taken.as_deref(),
        Some(input),
        "a snapshot is read as it was saved"
    );
    reached.note("read from its file");
}

/// The snapshot that opening `files` finds, and how many it cannot use; nothing if the snapshot
/// says that a later version wrote it.
fn recovered(files: &Files) -> Option<(Option<Vec<u8>>, usize)> {
    let storage: Arc<dyn Storage> = Arc::new(Watched::of(files));
    let mut recovery = match Recovery::begin(Arc::clone(&storage), options()) {
        Err(OpenError::Version { .. }) => return None,
        begun => begun.expect("the log around it is sound"),
    };
    let taken = recovery.take_snapshot().map(|(_, payload)| payload);
    let (log, _) = recovery.finish().expect("the log around it is sound");
    drop(log);
    let damaged = self::files(&*storage);
    let set_aside = damaged
        .keys()
        .filter(|name| name.starts_with("damaged-"))
        .count();
    Some((taken, set_aside))
}

fn log_of_one_record() -> Files {
    static BASE: std::sync::OnceLock<Files> = std::sync::OnceLock::new();
    let written = || {
        let storage: Arc<dyn Storage> = Arc::new(Watched::of(&Files::new()));
        let (mut log, _) = Log::open(Arc::clone(&storage), options()).expect("a new log opens");
        log.append(b"a record");
        log.commit().expect("memory takes a batch");
        log.work();
        drop(log);
        files(&*storage)
    };
    BASE.get_or_init(written).clone()
}

/// Everything that officers and clocks may ask, on a state that nobody knows; whether anything
/// came of it.
fn work_on(mut state: State) -> bool {
    let officers: Vec<_> = state.roster().officers.iter().map(|(id, _)| id).collect();
    let officers = &officers[..officers.len().min(CAST_MAX)];
    let vacancies: Vec<_> = state.vacancies().iter().map(|(id, _)| id).collect();
    let mut request = u128::MAX;
    let mut has_worked = false;
    for later_ms in LATER_MS {
        let at = state.at().plus_ms(later_ms);
        let stamp = Stamp { at, place: 1 };
        for (by, body) in asks(
            officers,
            &vacancies[..vacancies.len().min(CAST_MAX)],
            &state,
            at,
        ) {
            request -= 1;
            let command = Command {
                request: RequestId(request),
                by,
                body,
            };
            if let Some(record) = outcome(&state, &command, stamp) {
                apply(&mut state, &record);
                has_worked = true;
            }
        }
    }
    let bytes = state
        .snapshot()
        .expect("a state in memory can be written to memory");
    let again = State::restore(&bytes).expect("work leaves a state that can be restored");
    assert_eq!(digest(&again), digest(&state));
    has_worked
}

fn asks(
    officers: &[OfficerId],
    vacancies: &[VacancyId],
    state: &State,
    at: Timestamp,
) -> Vec<(Actor, Body)> {
    let mut asks = vec![(Actor::Clock, Body::Tick)];
    for &vacancy in vacancies {
        let round = state.vacancy(vacancy).map_or(1, |row| row.round);
        for &officer in officers {
            let by = Actor::Officer(officer);
            let (direction, position) = (Direction::In, None);
            asks.push((by, Body::Decline { vacancy, round }));
            asks.push((by, Body::Accept { vacancy, round }));
            asks.push((
                by,
                Body::Punch {
                    vacancy,
                    direction,
                    position,
                },
            ));
            asks.push((by, Body::Release { vacancy }));
            asks.push((Actor::Operator, Body::Recall { vacancy, officer }));
            if let Some(row) = state.vacancy(vacancy) {
                let _ = state.why(row, officer, at);
                let _ = state.stands_for(row, officer, at);
            }
        }
        asks.push((Actor::Operator, Body::OpenNextTier { vacancy }));
        if let Some(row) = state.vacancy(vacancy) {
            let mut slots = row.posting.slots.clone();
            slots.extend(row.posting.slots.first());
            asks.push((Actor::Operator, with_slots(vacancy, slots)));
        }
        asks.push((
            Actor::Operator,
            Body::Cancel {
                vacancy,
                reason: "closed".to_owned(),
            },
        ));
    }
    asks
}

fn with_slots(vacancy: VacancyId, slots: Vec<Rank>) -> Body {
    Body::Amend(Box::new(Amend {
        vacancy,
        segments: None,
        slots: Some(slots),
        post_orders: None,
        confirm_within_ms: 60_000,
    }))
}
