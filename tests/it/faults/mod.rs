//! Faults of a real disk under the real program: a file system without space, and calls of the
//! operating system that fail.
//!
//! What a machine does not allow is skipped. A skip is printed in capitals, past the test
//! harness's capture, and is a failure where [`FORBID_SKIPS`] is set.

mod full_disk;
mod injected;
mod town;

use std::io::Write;

/// Set it to anything where a skip must not pass.
const FORBID_SKIPS: &str = "MUSTER_FORBID_SKIPS";

pub(crate) fn skip(what: &str, why: &str) {
    // Not `eprintln!`, which the harness keeps to itself while tests pass. A closed stderr leaves
    // nobody to tell.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}: {why}");
    assert!(
        std::env::var_os(FORBID_SKIPS).is_none(),
        "{what} was skipped, and {FORBID_SKIPS} is set"
    );
}
