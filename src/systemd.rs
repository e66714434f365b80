//! Telling the service manager how the server is: the notification protocol of systemd.
//!
//! One datagram a message, to the socket that `NOTIFY_SOCKET` names (sd_notify(3)). It is this
//! short, so it is written here rather than taken from a crate. Without the variable nobody is told.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Who started the server and wants to hear of it, if anybody does.
#[derive(Debug)]
pub struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that the environment names. One that cannot be reached is warned of, and not told.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Supervisor {
        let socket = variable("NOTIFY_SOCKET").and_then(|name| {
            let socket = connect(&name);
            socket
                .map_err(|error| tracing::warn!(%error, name, "NOTIFY_SOCKET is of no use"))
                .ok()
        });
        // The variable may be meant for a process that started this one.
        let own = std::process::id().to_string();
        let is_ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == own);
        let watchdog = variable("WATCHDOG_USEC").filter(|_| is_ours);
        let watchdog = watchdog.and_then(|us| us.parse().ok());
        Supervisor {
            socket,
            watchdog: watchdog.map(Duration::from_micros),
        }
    }

    /// The server takes sessions.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// The server is about to end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=draining");
    }

    /// The server is alive.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// How often it wants to hear that the server is alive: twice in the time it waits.
    pub fn alive_period(&self) -> Option<Duration> {
        let period = self.watchdog? / 2;
        (self.socket.is_some() && !period.is_zero()).then_some(period)
    }

    fn tell(&self, message: &str) {
        let Some((socket, address)) = &self.socket else {
            return;
        };
        if let Err(error) = socket.send_to_addr(message.as_bytes(), address) {
            tracing::warn!(%error, "the service manager could not be told");
        }
    }
}

/// A name that begins with `@` is one in the abstract namespace, any other a path.
fn connect(name: &str) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.strip_prefix('@') {
        Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    // A service manager that does not read must not hold the server up.
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let limit = Some(Duration::from_secs(5));
        socket.set_read_timeout(limit).unwrap();
        let len = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    }

    fn told_at(name: &str, socket: &UnixDatagram) {
        let supervisor = Supervisor::of_environment(|variable| match variable {
            "NOTIFY_SOCKET" => Some(name.to_owned()),
            "WATCHDOG_USEC" => Some("3000000".to_owned()),
            _ => None,
        });
        supervisor.ready("serving");
        assert_eq!(heard(socket), "READY=1\nSTATUS=serving");
        supervisor.alive();
        assert_eq!(heard(socket), "WATCHDOG=1");
        supervisor.stopping();
        assert!(heard(socket).starts_with("STOPPING=1\n"));
        assert_eq!(
            supervisor.alive_period(),
            Some(Duration::from_millis(1_500))
        );
    }

    #[test]
    fn a_socket_with_a_path_is_told() {
        let scratch = Scratch::new();
        let path = scratch.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        told_at(path.to_str().unwrap(), &socket);
    }

    #[test]
    fn a_socket_in_the_abstract_namespace_is_told() {
        let name = format!("muster-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        told_at(&format!("@{name}"), &socket);
    }

    #[test]
    fn without_a_supervisor_nobody_is_told_and_another_process_s_watchdog_is_not_ours() {
        let nobody = Supervisor::of_environment(|_| None);
        nobody.ready("serving");
        assert_eq!(nobody.alive_period(), None);
        let another = Supervisor::of_environment(|variable| match variable {
            "NOTIFY_SOCKET" => Some("@muster-test-nobody".to_owned()),
            "WATCHDOG_USEC" => Some("3000000".to_owned()),
            "WATCHDOG_PID" => Some("1".to_owned()),
            _ => None,
        });
        assert_eq!(another.alive_period(), None);
        another.alive();
    }
}
