//! The pushes of late, for sessions that resume.

use std::collections::VecDeque;

use protocol::Cursor;

use crate::frame::Frame;
use crate::limits::RECENT_PUSHES_MAX;
use crate::members::{Audience, Who};

/// The last pushes in order of their cursors.
#[derive(Debug)]
pub(crate) struct Recent {
    pushes: VecDeque<(Cursor, Audience, Frame)>,
    /// Everything after this position is kept.
    complete_after: Cursor,
}

impl Recent {
    /// Nothing yet, and nothing known of what came up to `start`.
    pub(crate) fn new(start: Cursor) -> Recent {
        Recent {
            pushes: VecDeque::new(),
            complete_after: start,
        }
    }

    pub(crate) fn keep(&mut self, cursor: Cursor, audience: Audience, frame: Frame) {
        if self.pushes.len() >= RECENT_PUSHES_MAX
            && let Some((oldest, _, _)) = self.pushes.pop_front()
        {
            self.complete_after = oldest;
        }
        self.pushes.push_back((cursor, audience, frame));
    }

    /// What `who` has missed after `cursor`; nothing can be said if it is too long ago.
    pub(crate) fn missed(&self, who: Who, cursor: Cursor) -> Option<Vec<Frame>> {
        if cursor < self.complete_after {
            return None;
        }
        let from = self.pushes.partition_point(|(at, _, _)| *at <= cursor);
        let missed = self
            .pushes
            .range(from..)
            .filter(|(_, audience, _)| audience.includes(who));
        Some(missed.map(|(_, _, frame)| frame.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use engine::model::{OfficerId, OfficerSet};
    use protocol::ServerMessage;
    use protocol::frame::Codec;

    fn at(sequence: u64) -> Cursor {
        Cursor { sequence, step: 0 }
    }

    fn frame(sequence: u64) -> Frame {
        let cursor = at(sequence);
        Frame::new(&ServerMessage::Synced { cursor }).expect("it is short")
    }

    fn bytes(frames: &[Frame]) -> Vec<Bytes> {
        let native = |frame: &Frame| frame.bytes(Codec::Native);
        frames.iter().map(native).collect()
    }

    fn for_officers(officers: &[u32]) -> Audience {
        Audience::Officers(
            officers
                .iter()
                .copied()
                .map(OfficerId)
                .collect::<OfficerSet>(),
        )
    }

    #[test]
    fn who_resumes_hears_what_was_missed_and_no_more() {
        let mut recent = Recent::new(at(10));
        recent.keep(at(11), for_officers(&[1, 2]), frame(11));
        recent.keep(at(12), for_officers(&[2]), frame(12));
        recent.keep(at(13), for_officers(&[1]), frame(13));
        let missed = |officer, since| {
            let missed = recent.missed(Who::Officer(OfficerId(officer)), at(since));
            missed.map(|frames| bytes(&frames))
        };
        assert_eq!(missed(1, 10), Some(bytes(&[frame(11), frame(13)])));
        assert_eq!(missed(1, 11), Some(bytes(&[frame(13)])));
        assert_eq!(missed(2, 13), Some(Vec::new()));
        assert_eq!(missed(1, 9), None, "too long ago");
    }

    #[test]
    fn what_was_dropped_is_not_claimed() {
        let mut recent = Recent::new(at(0));
        for sequence in 1..=RECENT_PUSHES_MAX as u64 + 1 {
            recent.keep(at(sequence), for_officers(&[1]), frame(sequence));
        }
        let who = Who::Officer(OfficerId(1));
        assert!(recent.missed(who, at(0)).is_none());
        assert_eq!(
            recent.missed(who, at(1)).map(|m| m.len()),
            Some(RECENT_PUSHES_MAX)
        );
    }
}
