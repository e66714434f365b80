//! The simulated network (promises P1, P2, P5, P12): the real dispatcher and the real client over
//! quinn's own traits of sockets and runtimes, in one thread and in virtual time; the real engine,
//! stepped, with its log on a simulated disk. From one root seed come the weather, who is cut off
//! when, whose address changes, when the server is told to stop, is killed or loses its power and
//! comes back with its log, which program crashes, who is denied, what everybody wants and decides.
//! Afterwards everything that was heard is judged; the same seed gives the same run, datagram for
//! datagram.
//!
//! `MUSTER_NETSIM_SEEDS=1000 cargo test --release -p muster --test it netsim -- --nocapture` plays
//! more seeds; `MUSTER_NETSIM_FIRST=n` begins with another one.
//!
//! The trace of a run covers each datagram (when, whence, whither, how long, what becomes of it),
//! each arrival, each thing that a session tells its program, and each request. Not the bytes of
//! datagrams: TLS draws its keys where no seed reaches.

#[allow(dead_code, reason = "the tests of the log use all of it")]
#[path = "../../../engine/tests/log_kit/disk.rs"]
mod disk;
#[allow(dead_code, reason = "the tests of the log use all of it")]
#[path = "../../../engine/tests/log_kit/trouble.rs"]
mod trouble;

mod books;
mod denied;
mod device;
mod judge;
mod network;
mod person;
mod server;
mod town;
mod trial;

use trial::{Outcome, Tally, play, play_on_the_move};
use trouble::{Bug, FORGOTTEN_SYNCS, Fault, Fired, HONEST_SYNCS, Rng};

/// Seeds of one run, unless `MUSTER_NETSIM_SEEDS` says more.
const SEEDS: u64 = 24;
/// Seeds that are played twice.
const TWICE: u64 = 3;
/// Seeds after which a planted bug must have been caught.
const PLANTED_SEEDS: u64 = 100;

/// A promise that was not kept, in words.
pub(crate) type Breach = String;

/// A bug planted to see whether the judgement can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    /// What was synced last is gone after a power cut, as if everybody had been told before.
    TellBeforeSync,
    /// A server that starts again remembers no answers.
    ForgetAnswers,
    /// A program that starts again asks what was not answered under a new id.
    NewIdAfterCrash,
    /// The first push of a resumption is left out.
    ResumeSkipsAPush,
    /// Every push is said twice.
    PushTwice,
    /// A whole state leaves out an offer.
    StateLeavesOut,
    /// A device is never reached, and reaches nobody.
    Unplugged,
    /// The operator denies another officer than they say.
    DeniesAnother,
}

#[test]
fn what_was_promised_holds_on_any_network_and_across_restarts() {
    let first = from_environment("MUSTER_NETSIM_FIRST", 0);
    let seeds = from_environment("MUSTER_NETSIM_SEEDS", SEEDS);
    let mut tally = Tally::default();
    for seed in first..first + seeds {
        let outcome = play(seed, Planted::Nothing);
        tally.add(&outcome);
        assert!(
            outcome.breaches.is_empty(),
            "seed {seed}: {:#?}",
            outcome.breaches
        );
    }
    println!("{tally}");
    let idle = tally.kinds().into_iter().filter(|(_, count)| *count == 0);
    let idle: Vec<_> = idle.map(|(kind, _)| kind).collect();
    assert!(idle.is_empty(), "never happened in {seeds} seeds: {idle:?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let traces =
        |seed| [play(seed, Planted::Nothing), play(seed, Planted::Nothing)].map(|one| one.trace);
    let mut seen = std::collections::BTreeSet::new();
    for seed in 100..100 + TWICE {
        let [once, again] = traces(seed);
        assert_eq!(once, again, "seed {seed} is not repeatable");
        assert!(
            seen.insert(once),
            "seed {seed} gives the run of another seed"
        );
    }
}

#[test]
fn a_session_outlives_a_change_of_its_address() {
    let (outcome, connections_lost) = play_on_the_move(7);
    assert!(outcome.breaches.is_empty(), "{:#?}", outcome.breaches);
    assert_eq!(connections_lost, 0, "a connection ended with its address");
    let changed = outcome.count("addresses changed");
    assert!(changed > 20, "only {changed} addresses changed");
}

#[test]
fn telling_before_the_sync_is_caught() {
    // Whatever was told: a slot, that it is done, a place among bids or on standby, or no.
    for heard in ["Won {", "Done {", "Told", "Lost(", "Refused("] {
        let heard = format!("heard Some({heard}");
        catches(Planted::TellBeforeSync, &[&heard, "but the log has []"]);
    }
}

#[test]
fn a_server_that_forgets_answers_at_a_restart_is_caught() {
    catches(Planted::ForgetAnswers, &["but the log has"]);
}

#[test]
fn a_client_that_retries_under_a_new_id_is_caught() {
    catches(Planted::NewIdAfterCrash, &["but the log has"]);
}

#[test]
fn a_resumption_that_skips_a_push_is_caught() {
    catches(Planted::ResumeSkipsAPush, &["where the log has"]);
}

#[test]
fn a_push_that_is_said_twice_is_caught() {
    catches(Planted::PushTwice, &["after"]);
}

#[test]
fn a_whole_state_that_is_not_whole_is_caught() {
    catches(Planted::StateLeavesOut, &["was told"]);
}

#[test]
fn somebody_who_is_never_reached_is_caught() {
    catches(Planted::Unplugged, &["never heard"]);
}

#[test]
fn a_denial_that_does_not_keep_out_is_caught() {
    catches(Planted::DeniesAnother, &["is denied and is told"]);
}

/// Plays seeds until the planted bug shows, with all these words in one of the breaches.
fn catches(planted: Planted, words: &[&str]) {
    let caught = (0..PLANTED_SEEDS).find_map(|seed| {
        let Outcome { breaches, .. } = play(seed, planted);
        let mut breaches = breaches.into_iter();
        let breach = breaches.find(|breach| words.iter().all(|one| breach.contains(one)));
        breach.map(|breach| (seed, breach))
    });
    let Some((seed, breach)) = caught else {
        panic!("{planted:?} went unnoticed in {PLANTED_SEEDS} seeds: {words:?}");
    };
    println!("{planted:?} shows in seed {seed}: {breach}");
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number, not `{text}`")),
        Err(_) => otherwise,
    }
}
