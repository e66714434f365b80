//! A look at the system's limits before a run: what is too low, and what to raise.

use std::fs;

use crate::limits::{SESSIONS_PER_SOCKET_MAX, SOCKETS_MIN, UDP_BUFFER_WISH_BYTES};

/// The system's limits, as far as they can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemLimits {
    /// Descriptors that this process may open.
    pub descriptors: Option<u64>,
    /// Largest receive buffer of a socket, in bytes.
    pub receive_buffer_bytes: Option<u64>,
    /// Largest send buffer of a socket, in bytes.
    pub send_buffer_bytes: Option<u64>,
}

impl SystemLimits {
    /// Reads the limits of this system; what cannot be read is not judged.
    pub fn read() -> SystemLimits {
        let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse().ok();
        let limits = fs::read_to_string("/proc/self/limits");
        SystemLimits {
            descriptors: limits.ok().and_then(|limits| open_files(&limits)),
            receive_buffer_bytes: number("/proc/sys/net/core/rmem_max"),
            send_buffer_bytes: number("/proc/sys/net/core/wmem_max"),
        }
    }

    /// What should be raised for a run with so many officers: one sentence each, with the
    /// command that does it.
    pub fn advice(&self, officers: u64) -> Vec<String> {
        /// Descriptors besides the sockets: the runtime, the log of an embedded server, files.
        const DESCRIPTORS_BESIDES: u64 = 64;
        let sockets = officers
            .div_ceil(SESSIONS_PER_SOCKET_MAX as u64)
            .max(SOCKETS_MIN as u64);
        let needed = sockets + DESCRIPTORS_BESIDES;
        let mut advice = Vec::new();
        if let Some(allowed) = self.descriptors.filter(|&allowed| allowed < needed) {
            advice.push(format!(
                "this process may open {allowed} files and needs {needed}: `ulimit -n {needed}`"
            ));
        }
        for (name, key, bytes) in [
            ("receive", "rmem_max", self.receive_buffer_bytes),
            ("send", "wmem_max", self.send_buffer_bytes),
        ] {
            if let Some(bytes) = bytes.filter(|&bytes| bytes < UDP_BUFFER_WISH_BYTES) {
                advice.push(format!(
                    "UDP {name} buffers are limited to {bytes} bytes, so a broadcast to many \
                     sessions loses packets: `sysctl -w net.core.{key}={UDP_BUFFER_WISH_BYTES}`"
                ));
            }
        }
        advice
    }
}

/// The soft limit of open files in the text of `/proc/self/limits`.
fn open_files(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: SystemLimits = SystemLimits {
        descriptors: Some(1_024),
        receive_buffer_bytes: Some(UDP_BUFFER_WISH_BYTES),
        send_buffer_bytes: Some(UDP_BUFFER_WISH_BYTES),
    };

    #[test]
    fn enough_is_no_advice() {
        assert_eq!(ENOUGH.advice(50_000), Vec::<String>::new());
        assert_eq!(SystemLimits::default().advice(50_000), Vec::<String>::new());
    }

    #[test]
    fn what_is_too_low_is_named_with_its_remedy() {
        let low = SystemLimits {
            descriptors: Some(32),
            receive_buffer_bytes: Some(212_992),
            ..ENOUGH
        };
        let advice = low.advice(1_000);
        assert_eq!(advice.len(), 2);
        assert!(advice[0].contains("`ulimit -n 66`"), "{advice:?}");
        assert!(
            advice[1].contains("net.core.rmem_max=4194304"),
            "{advice:?}"
        );
    }

    #[test]
    fn open_files_are_read_from_the_kernels_table() {
        let table = "Limit             Soft Limit   Hard Limit   Units\n\
                     Max processes     95963        95963        processes\n\
                     Max open files    20000        524288       files\n";
        assert_eq!(open_files(table), Some(20_000));
        assert_eq!(
            open_files("Max open files            unlimited  unlimited  files"),
            None
        );
        assert_eq!(open_files(""), None);
    }
}
