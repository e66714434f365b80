//! The slow twin of the fast checker: try every order that real time allows, in the manner of Wing
//! and Gong (1993) with the memory of Lowe (2017). It takes nothing from the answers but whether
//! the specification permits them next, and exponential time.

use std::collections::HashSet;

use super::call::Call;
use super::floor::{Desk, Floor};

/// Calls of a history that can be searched: one bit each.
pub(crate) const CALLS_MAX: usize = 64;

/// Whether some order explains `calls`, beginning with `floor` at sequence `last`.
pub(crate) fn is_linearizable(floor: &Floor, last: u64, calls: &[Call]) -> bool {
    assert!(calls.len() <= CALLS_MAX, "search small histories only");
    let mut seen = HashSet::new();
    let mut open = vec![(0_u64, Desk::new(floor.clone(), last))];
    let all = u64::MAX >> (CALLS_MAX - calls.len().max(1));
    let all = if calls.is_empty() { 0 } else { all };
    while let Some((done, desk)) = open.pop() {
        if done == all {
            return true;
        }
        let waiting = |place: &usize| done & (1 << place) == 0;
        let left = (0..calls.len()).filter(waiting);
        // Nothing can be next that was invoked after something else left was answered.
        let deadline = left.clone().map(|place| calls[place].answered).min();
        let deadline = deadline.expect("something is left");
        for place in left.filter(|place| calls[*place].invoked <= deadline) {
            let Some(next) = desk.after(&calls[place]) else {
                continue;
            };
            let state = (done | 1 << place, next);
            if seen.insert(state.clone()) {
                open.push(state);
            }
        }
    }
    false
}
