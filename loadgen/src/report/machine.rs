//! What a run ran on: enough to compare two figures, nothing that names the machine.

use std::fs;

use serde::{Deserialize, Serialize};

/// A machine, as far as a figure depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The processor's model; empty if it does not say.
    pub processor: String,
    /// Processors that this process may use.
    pub processors: u64,
    /// Memory, in KiB; zero if it cannot be read.
    pub memory_kib: u64,
    /// The operating system and its release.
    pub system: String,
}

impl Machine {
    /// Reads what this machine says of itself.
    pub fn read() -> Machine {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| -> String {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|line| line.split_once(':'));
            value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let release = read("/proc/sys/kernel/osrelease");
        Machine {
            processor: field(&read("/proc/cpuinfo"), "model name"),
            processors: std::thread::available_parallelism().map_or(0, |count| count.get() as u64),
            memory_kib: memory
                .split_whitespace()
                .next()
                .and_then(|digits| digits.parse().ok())
                .unwrap_or(0),
            system: format!("{} {}", std::env::consts::OS, release.trim()),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let processor = match self.processor.as_str() {
            "" => "unknown processor",
            known => known,
        };
        write!(
            f,
            "{} × {processor}, {} MiB, {}",
            self.processors,
            self.memory_kib / 1024,
            self.system
        )
    }
}
