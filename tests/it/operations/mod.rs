//! Looking after the real server: its HTTP port, its signals, its service manager.

mod metrics;
mod packaging;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use muster::access::Access;
use muster::http::page;

use crate::house::{PATIENCE, Server, Start, free_port, scratch};
use crate::storm::Storm;

/// What a server that was told to stop may take at most.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Officers who race while the server is told to stop.
const OFFICERS: usize = 60;
/// Vacancies that they race for.
const VACANCIES: u128 = 80;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_told_to_stop_under_load_answers_and_ends_in_time_and_loses_nothing() {
    let folder = scratch();
    let mut storm = Storm::open(&folder, OFFICERS).await;
    let port = storm.port;
    let stop = async |server: &mut Server| {
        server.signal("TERM");
        let began = Instant::now();
        while server.ended().is_none() && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = began.elapsed();
        let status = server.ended().expect("it has ended");
        assert!(status.success(), "{status}");
        assert!(took < DRAIN_MAX, "it took {took:?}");
        *server = Server::start(&folder, port);
        took
    };
    let (before, took) = storm.race(VACANCIES, stop).await;
    let won = storm.judge(before).await;
    let unavailable = storm.ledger.unavailable();
    assert!(
        unavailable.is_empty(),
        "no answer that is none: {unavailable:?}"
    );
    println!(
        "{before} awards before the stop, which took {} ms; {} after it; none lost",
        took.as_millis(),
        won - before
    );
    storm.end();
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn a_server_that_drains_is_not_ready_and_a_second_signal_ends_it_at_once() {
    let folder = scratch();
    let port = free_port();
    let mut server = Server::start(&folder, port);
    let http = http_of(&folder, port);
    assert_eq!(page(http, "/readyz").expect("an answer").status, 200);
    let mut watcher = muster(&folder, port, &["watch"]).spawn().expect("it runs");
    until("the watcher is there", || {
        let metrics = page(http, "/metrics").expect("an answer").text;
        metrics.contains("muster_sessions{role=\"operator\",wire=\"native\"} 1")
    });
    // Stopped, it takes no leave, and the server waits for it.
    signal(&watcher, "STOP");
    server.signal("TERM");
    let began = Instant::now();
    until("it drains", || {
        let ready = page(http, "/readyz").expect("it answers while it drains");
        ready.status == 503 && ready.text.contains("draining")
    });
    assert!(server.ended().is_none(), "it waits for the session");
    server.signal("TERM");
    until("it ends", || server.ended().is_some());
    let status = server.ended().expect("it has ended");
    assert_eq!(status.code(), Some(1), "after {:?}", began.elapsed());
    watcher.kill().expect("it is ours");
    watcher.wait().expect("it ends");
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn a_session_that_takes_no_leave_does_not_keep_the_server() {
    let folder = scratch();
    let port = free_port();
    let mut server = Server::start(&folder, port);
    let http = http_of(&folder, port);
    let mut watcher = muster(&folder, port, &["watch"]).spawn().expect("it runs");
    until("the watcher is there", || {
        let metrics = page(http, "/metrics").expect("an answer").text;
        metrics.contains("muster_sessions{role=\"operator\",wire=\"native\"} 1")
    });
    signal(&watcher, "STOP");
    server.signal("INT");
    let began = Instant::now();
    until("it ends", || server.ended().is_some());
    let (status, took) = (server.ended().expect("it has ended"), began.elapsed());
    assert!(status.success() && took < DRAIN_MAX, "{status}, {took:?}");
    watcher.kill().expect("it is ours");
    watcher.wait().expect("it ends");
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn health_says_whether_sessions_are_taken_and_top_what_goes_on() {
    let folder = scratch();
    let port = free_port();
    let server = Server::start(&folder, port);
    http_of(&folder, port);
    let ran = |words: &[&str]| {
        let output = muster(&folder, port, words).output().expect("it runs");
        let said = String::from_utf8(output.stdout).expect("it is text");
        (output.status.code(), said)
    };
    assert_eq!(ran(&["health"]), (Some(0), "ready\n".to_owned()));
    assert_eq!(ran(&["health", "--alive"]), (Some(0), "alive\n".to_owned()));
    let (code, said) = ran(&["top", "--once"]);
    let shows = ["sessions", "settle", "log sync", "line"];
    let is_shown = shows.iter().all(|word| said.contains(word));
    assert!(code == Some(0) && is_shown, "{said}");
    let (code, said) = ran(&["top", "--once", "--json"]);
    let figures: serde_json::Value = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!((code, &figures["ready"]), (Some(0), &true.into()), "{said}");
    server.stop();
    let (code, _) = ran(&["health", "--http", "127.0.0.1:1"]);
    assert_eq!(code, Some(1));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn the_service_manager_hears_ready_alive_and_stopping() {
    let folder = scratch();
    let name = format!("muster-it-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name);
    let address = address.expect("a short name");
    let manager = UnixDatagram::bind_addr(&address).expect("a free name");
    manager.set_read_timeout(Some(PATIENCE)).expect("it is set");
    let heard = || {
        let mut bytes = [0; 512];
        let len = manager.recv(&mut bytes).expect("it says something");
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    };
    let start = Start {
        environment: vec![
            ("NOTIFY_SOCKET", format!("@{name}")),
            ("WATCHDOG_USEC", "200000".to_owned()),
        ],
        ..Start::default()
    };
    let mut server = Server::start_as(&folder, free_port(), &start);
    assert!(heard().starts_with("READY=1\n"));
    assert_eq!(heard(), "WATCHDOG=1");
    server.signal("TERM");
    let mut said = BTreeSet::new();
    while !said.contains("STOPPING=1\nSTATUS=draining") {
        said.insert(heard());
    }
    until("it ends", || server.ended().is_some());
    assert!(server.ended().is_some_and(|status| status.success()));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// Where the server on `port` says that its HTTP port is, once it is ready.
fn http_of(folder: &Path, port: u16) -> SocketAddr {
    let announced = || {
        let folders = std::fs::read_dir(folder).expect("the folder is there");
        let folders = folders.filter_map(|entry| Some(entry.ok()?.path()));
        folders
            .filter_map(|folder| std::fs::read(folder.join(format!("{port}.json"))).ok())
            .find_map(|text| serde_json::from_slice::<Access>(&text).ok()?.http)
    };
    until("it announces itself", || announced().is_some());
    let http = announced().expect("it was there a moment ago");
    until("it is ready", || {
        page(http, "/readyz").is_ok_and(|page| page.status == 200)
    });
    http
}

/// The real binary as this server's user would run it.
fn muster(folder: &Path, port: u16, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command
        .args(words)
        .current_dir(folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env("MUSTER_LISTEN", format!("127.0.0.1:{port}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args(["-s", name, &id]).status();
    assert!(status.expect("a shell's kill").success());
}

fn until(what: &str, is_so: impl FnMut() -> bool) {
    let (began, mut is_so) = (Instant::now(), is_so);
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
