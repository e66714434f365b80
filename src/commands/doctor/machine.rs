//! What the machine allows: buffers, descriptors, ports, the clock, priorities.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use dispatcher::limits::SOCKET_BUFFER_BYTES;
use loadgen::preflight::SystemLimits;

use super::Finding;
use crate::access::Access;
use crate::clock::now_us;
use crate::config::{Config, Http};
use crate::http::refuse_exposed;
use crate::priority::{self, Priority};

/// Descriptors that a server may need: one socket carries all sessions, so segments, snapshots,
/// the runtime and readers of the HTTP port are what is left.
const DESCRIPTORS_WISH: u64 = 1_024;

/// How long the wall clock is watched beside one that only goes forward.
const CLOCK_LOOK: Duration = Duration::from_millis(200);

/// How far the two may come apart in that time, in microseconds.
const CLOCK_APART_US_MAX: u64 = 5_000;

/// The file that systemd's clock keeper writes when it has heard from a server.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let limits = SystemLimits::read();
    vec![
        buffers(&limits),
        descriptors(&limits),
        port(config.listen),
        http(config.http, config.listen),
        clock(),
        realtime(config.log.priority),
    ]
}

fn buffers(limits: &SystemLimits) -> Finding {
    const WHAT: &str = "udp-buffers";
    let wish = SOCKET_BUFFER_BYTES as u64;
    let (Some(receive), Some(send)) = (limits.receive_buffer_bytes, limits.send_buffer_bytes)
    else {
        return Finding::skipped(WHAT, "the system does not say how long they may be");
    };
    if receive >= wish && send >= wish {
        return Finding::ok(WHAT, format!("{wish} bytes each way are allowed"));
    }
    let says = format!(
        "at most {receive} bytes in and {send} out: a herd of answers loses packets, which are \
         sent again"
    );
    let advice = format!("sysctl -w net.core.rmem_max={wish} net.core.wmem_max={wish}");
    Finding::warn(WHAT, says, advice)
}

fn descriptors(limits: &SystemLimits) -> Finding {
    const WHAT: &str = "descriptors";
    match limits.descriptors {
        None => Finding::skipped(WHAT, "the system does not say how many may be open"),
        Some(allowed) if allowed < DESCRIPTORS_WISH => Finding::warn(
            WHAT,
            format!("{allowed} may be open"),
            format!("ulimit -n {DESCRIPTORS_WISH}, or LimitNOFILE in the unit"),
        ),
        Some(allowed) => Finding::ok(WHAT, format!("{allowed} may be open")),
    }
}

fn port(listen: SocketAddr) -> Finding {
    const WHAT: &str = "listen";
    match UdpSocket::bind(listen) {
        Ok(_) => Finding::ok(WHAT, format!("{listen} (udp) is free")),
        Err(_) if Access::find(listen.port()).is_ok() => {
            Finding::ok(WHAT, format!("{listen} (udp) is used by a running muster"))
        }
        Err(error) => Finding::fail(
            WHAT,
            format!("{listen} (udp) cannot be listened on: {error}"),
            "name another with `listen`, or stop what uses it: ss -ulpn",
        ),
    }
}

fn http(http: Http, listen: SocketAddr) -> Finding {
    const WHAT: &str = "http";
    let Some(address) = http.listen else {
        let advice = "set `http.listen`: without it there are no metrics";
        return Finding::warn(WHAT, "nowhere", advice);
    };
    if let Err(error) = refuse_exposed(http) {
        let advice = "listen on 127.0.0.1, or set `http.exposed` to \"yes\"";
        return Finding::fail(WHAT, error.to_string(), advice);
    }
    let ours = || Access::find(listen.port()).ok()?.http;
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(WHAT, format!("{address} (tcp) is free")),
        Err(_) if ours() == Some(address) => {
            Finding::ok(WHAT, format!("{address} (tcp) is used by a running muster"))
        }
        Err(error) => Finding::fail(
            WHAT,
            format!("{address} (tcp) cannot be listened on: {error}"),
            "name another with `http.listen`, or stop what uses it: ss -tlpn",
        ),
    }
}

/// Accepts are stamped by the wall clock: one that jumps shifts windows and deadlines.
fn clock() -> Finding {
    const WHAT: &str = "clock";
    let (wall_us, steady) = (now_us(), Instant::now());
    std::thread::sleep(CLOCK_LOOK);
    let by_wall_us = now_us() - wall_us;
    let apart_us = by_wall_us.abs_diff(steady.elapsed().as_micros() as i64);
    let advice =
        "see that one clock keeper (systemd-timesyncd, chrony) runs and slews: timedatectl";
    if apart_us > CLOCK_APART_US_MAX {
        let says = format!("it jumped by {apart_us} µs within {CLOCK_LOOK:?}");
        return Finding::warn(WHAT, says, advice);
    }
    if Path::new(SYNCHRONIZED).exists() {
        return Finding::ok(WHAT, "steady, and set by systemd-timesyncd");
    }
    Finding::skipped(
        WHAT,
        "it is steady; whether it is right cannot be told from here: timedatectl, chronyc tracking",
    )
}

fn realtime(wanted: Priority) -> Finding {
    const WHAT: &str = "realtime";
    // Tried by a thread that ends, so that nothing else keeps the priority.
    let tried = std::thread::spawn(|| priority::apply(Priority::Realtime)).join();
    match (wanted, tried.unwrap_or(false)) {
        (_, true) => Finding::ok(WHAT, "real-time priority is permitted"),
        (Priority::Normal, false) => Finding::ok(
            WHAT,
            "real-time priority is not permitted, and not asked for",
        ),
        (Priority::Realtime, false) => Finding::warn(
            WHAT,
            "log.priority is realtime, which is not permitted: it runs at normal priority",
            "AmbientCapabilities=CAP_SYS_NICE and LimitRTPRIO=20 in the unit, or log.priority normal",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn limits_that_are_too_low_are_found_and_those_that_are_unknown_are_not_judged() {
        let wish = SOCKET_BUFFER_BYTES as u64;
        let enough = SystemLimits {
            descriptors: Some(DESCRIPTORS_WISH),
            receive_buffer_bytes: Some(wish),
            send_buffer_bytes: Some(wish),
        };
        assert_eq!(buffers(&enough).verdict, Verdict::Ok);
        assert_eq!(descriptors(&enough).verdict, Verdict::Ok);
        let low = SystemLimits {
            descriptors: Some(64),
            send_buffer_bytes: Some(wish - 1),
            ..enough
        };
        let found = buffers(&low);
        assert_eq!(found.verdict, Verdict::Warn);
        assert!(found.advice.unwrap().contains("net.core.wmem_max=4194304"));
        assert_eq!(descriptors(&low).verdict, Verdict::Warn);
        let unknown = SystemLimits::default();
        assert_eq!(buffers(&unknown).verdict, Verdict::Skipped);
        assert_eq!(descriptors(&unknown).verdict, Verdict::Skipped);
    }

    #[test]
    fn ports_that_are_taken_or_exposed_are_found() {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let taken = udp.local_addr().unwrap();
        assert_eq!(port(taken).verdict, Verdict::Fail);
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut at = Http {
            listen: Some(tcp.local_addr().unwrap()),
            exposed: false,
        };
        assert_eq!(http(at, taken).verdict, Verdict::Fail);
        drop((udp, tcp));
        assert_eq!(port(taken).verdict, Verdict::Ok);
        assert_eq!(http(at, taken).verdict, Verdict::Ok);
        at.listen = Some(SocketAddr::from(([0, 0, 0, 0], 0)));
        assert_eq!(http(at, taken).verdict, Verdict::Fail);
        at.listen = None;
        assert_eq!(http(at, taken).verdict, Verdict::Warn);
    }
}
