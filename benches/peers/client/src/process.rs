//! What the server's processes use, its children included: one of the peers forks for each
//! connection.

use std::fs;

/// Microseconds of a tick of the kernel's accounts: 100 a second.
const TICK_US: u64 = 10_000;

/// Processor time used so far by this process and its children, in microseconds, those that have
/// ended included.
pub fn cpu_us(pid: u32) -> u64 {
    let of = |pid: u32, fields: std::ops::Range<usize>| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name may hold anything, blanks too, and ends with the last parenthesis.
        let behind = stat.rsplit(')').next().unwrap_or_default();
        let fields = behind
            .split_whitespace()
            .skip(fields.start)
            .take(fields.len());
        fields
            .filter_map(|field| field.parse::<u64>().ok())
            .sum::<u64>()
    };
    // utime, stime, cutime and cstime are the 14th to 17th field; the third is the first here.
    let ticks = of(pid, 11..15) + children(pid).map(|child| of(child, 11..13)).sum::<u64>();
    ticks * TICK_US
}

/// Memory of this process and its children, in KiB; pages that they share count once.
pub fn memory_kib(pid: u32) -> u64 {
    let of = |pid: u32| {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = pss.and_then(|pss| pss.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0)
    };
    of(pid) + children(pid).map(of).sum::<u64>()
}

fn children(pid: u32) -> impl Iterator<Item = u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let pids: Vec<u32> = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect();
    pids.into_iter()
}
