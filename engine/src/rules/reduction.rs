//! Which slots go when the customer needs fewer (rule 13).

use std::cmp::Reverse;

use crate::model::{Rank, Slot};

/// The slots that go, in order of their numbers: those that are `named`, and `fewer` ordinary ones.
///
/// An ordinary slot asks for an officer; a supervisor's goes only if a coordinator names it. Open
/// slots go before held ones, and of either the newest first: slots are added at the end, so the
/// newest is the one with the highest number.
///
/// # Errors
/// How many ordinary slots there are besides the named ones, if that is fewer than `fewer`.
pub fn slots_to_go(slots: &[Slot], fewer: usize, named: &[u16]) -> Result<Vec<u16>, usize> {
    let ordinary =
        |(number, slot): &(u16, &Slot)| slot.rank == Rank::Officer && !named.contains(number);
    let mut ordinary: Vec<(u16, &Slot)> = (0..).zip(slots).filter(ordinary).collect();
    if ordinary.len() < fewer {
        return Err(ordinary.len());
    }
    ordinary.sort_by_key(|(number, slot)| (slot.holder.is_some(), Reverse(*number)));
    let newest = ordinary[..fewer].iter().map(|(number, _)| *number);
    let mut gone: Vec<u16> = newest.chain(named.iter().copied()).collect();
    gone.sort_unstable();
    gone.dedup();
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgreementId, Holder, OfficerId, Sequence, Timestamp};

    /// `o` and `s` are open slots of an officer and a sergeant, `O` and `S` held ones.
    fn slots(letters: &str) -> Vec<Slot> {
        let holder = || Holder {
            officer: OfficerId(1),
            cover: AgreementId(0),
            place: 1,
            sequence: Sequence(1),
            awarded_at: Timestamp(0),
            closed_before: 0,
        };
        let slot = |letter: char| Slot {
            rank: match letter.to_ascii_lowercase() {
                's' => Rank::Sergeant,
                _ => Rank::Officer,
            },
            holder: letter.is_uppercase().then(holder),
        };
        letters.chars().map(slot).collect()
    }

    #[test]
    fn open_slots_go_first_then_the_newest_and_supervisors_only_by_name() {
        type Gone = Result<Vec<u16>, usize>;
        let table: [(&str, usize, &[u16], Gone); 9] = [
            ("OOO", 1, &[], Ok(vec![2])),
            ("OOO", 2, &[], Ok(vec![1, 2])),
            ("oOO", 1, &[], Ok(vec![0])),
            ("ooO", 1, &[], Ok(vec![1])),
            ("OOs", 1, &[], Ok(vec![1])),
            ("OOS", 2, &[], Ok(vec![0, 1])),
            ("OOS", 3, &[], Err(2)),
            ("OOS", 1, &[2], Ok(vec![1, 2])),
            ("OO", 1, &[1], Ok(vec![0, 1])),
        ];
        for (letters, fewer, named, expected) in table {
            let gone = slots_to_go(&slots(letters), fewer, named);
            assert_eq!(gone, expected, "{letters} {fewer} {named:?}");
        }
    }
}
