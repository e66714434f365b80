//! The pushes of late, for sessions that resume.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::Cursor;

use crate::frame::Frame;
use crate::limits::RECENT_PUSHES_MAX;
use crate::members::Who;
use crate::shard::Pushed;

/// The last pushes in order of their cursors.
#[derive(Debug)]
pub(crate) struct Recent {
    pushes: VecDeque<Arc<Pushed>>,
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

    pub(crate) fn keep(&mut self, pushed: Arc<Pushed>) {
        if self.pushes.len() >= RECENT_PUSHES_MAX
            && let Some(oldest) = self.pushes.pop_front()
        {
            self.complete_after = oldest.cursor;
        }
        self.pushes.push_back(pushed);
    }

    /// What `who` has missed after `cursor`; nothing can be said if it is too long ago.
    pub(crate) fn missed(&self, who: Who, cursor: Cursor) -> Option<Vec<Frame>> {
        if cursor < self.complete_after {
            return None;
        }
        let from = self
            .pushes
            .partition_point(|pushed| pushed.cursor <= cursor);
        let missed = self.concerning(who, from);
        Some(missed.map(|pushed| pushed.frame.clone()).collect())
    }

    /// What `who` has missed from `cursor` on, but no more than `max`, and from where on there is
    /// more; nothing can be said if it is too long ago.
    pub(crate) fn missed_from(
        &self,
        who: Who,
        cursor: Cursor,
        max: usize,
    ) -> Option<(Vec<Frame>, Option<Cursor>)> {
        if cursor <= self.complete_after {
            return None;
        }
        let from = self.pushes.partition_point(|pushed| pushed.cursor < cursor);
        let mut missed = self.concerning(who, from);
        let frames = missed.by_ref().take(max).map(|pushed| pushed.frame.clone());
        Some((frames.collect(), missed.next().map(|pushed| pushed.cursor)))
    }

    fn concerning(&self, who: Who, from: usize) -> impl Iterator<Item = &Arc<Pushed>> {
        let pushes = self.pushes.range(from..);
        pushes.filter(move |pushed| pushed.audience.includes(who))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::Audience;
    use bytes::Bytes;
    use engine::model::{OfficerId, OfficerSet};
    use protocol::ServerMessage;
    use protocol::frame::Codec;
    use tokio::time::Instant;

    fn at(sequence: u64) -> Cursor {
        Cursor { sequence, step: 0 }
    }

    fn frame(sequence: u64) -> Frame {
        let cursor = at(sequence);
        Frame::new(&ServerMessage::Synced { cursor }).expect("it is short")
    }

    fn push(sequence: u64, audience: Audience) -> Arc<Pushed> {
        let (cursor, frame) = (at(sequence), frame(sequence));
        Arc::new(Pushed {
            cursor,
            audience,
            frame,
            since: Instant::now(),
        })
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
        recent.keep(push(11, for_officers(&[1, 2])));
        recent.keep(push(12, for_officers(&[2])));
        recent.keep(push(13, for_officers(&[1])));
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
            recent.keep(push(sequence, for_officers(&[1])));
        }
        let who = Who::Officer(OfficerId(1));
        assert!(recent.missed(who, at(0)).is_none());
        assert_eq!(
            recent.missed(who, at(1)).map(|m| m.len()),
            Some(RECENT_PUSHES_MAX)
        );
    }

    #[test]
    fn who_was_behind_hears_it_piece_by_piece() {
        let mut recent = Recent::new(at(10));
        for sequence in 11..=15 {
            recent.keep(push(sequence, for_officers(&[1])));
            recent.keep(push(sequence, for_officers(&[2])));
        }
        let who = Who::Officer(OfficerId(1));
        let missed = |from, max| {
            let (frames, still) = recent.missed_from(who, at(from), max)?;
            Some((bytes(&frames), still))
        };
        let two = bytes(&[frame(12), frame(13)]);
        assert_eq!(missed(12, 2), Some((two, Some(at(14)))));
        let rest = bytes(&[frame(14), frame(15)]);
        assert_eq!(missed(14, 2), Some((rest, None)), "that is all");
        assert_eq!(missed(10, 2), None, "too long ago");
    }
}
