//! How the thread that settles and writes is scheduled.
//!
//! Between a sync that has finished and the thread that waited for it running again stands the
//! scheduler. On a machine whose cores are all busy that wait is longer than the sync itself; a
//! thread at real-time priority does not queue for a core.

use serde::Serialize;
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
};

/// A low real-time priority: above everything ordinary, below what the system itself needs.
const REALTIME_PRIORITY: u8 = 10;
/// Just above it.
const AHEAD_PRIORITY: u8 = REALTIME_PRIORITY + 1;

/// How a thread is scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// As every other thread.
    #[default]
    Normal,
    /// Ahead of everything ordinary, where that is permitted.
    Realtime,
}

/// Schedules the calling thread as asked; says whether it is.
///
/// The thread must sleep when it has nothing to do, as the engine's does.
pub fn apply(priority: Priority) -> bool {
    match priority {
        Priority::Normal => true,
        Priority::Realtime => become_realtime(REALTIME_PRIORITY),
    }
}

/// Schedules the calling thread ahead of those at [`Priority::Realtime`] if it is one of them, as
/// one that was started by one of them is.
///
/// Threads of one real-time priority do not interrupt each other, so whoever submits without a pause
/// would keep a core from the thread whose sync has finished.
pub fn go_ahead() {
    let realtime = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    if thread_schedule_policy().is_ok_and(|policy| policy == realtime) {
        become_realtime(AHEAD_PRIORITY);
    }
}

fn become_realtime(priority: u8) -> bool {
    let value = ThreadPriorityValue::try_from(priority)
        .expect("the priorities are constants in the allowed range");
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let priority = ThreadPriority::Crossplatform(value);
    let set = set_thread_priority_and_policy(thread_native_id(), priority, policy);
    if let Err(error) = &set {
        tracing::warn!(
            ?error,
            "no real-time priority for the engine's thread: allow it (CAP_SYS_NICE or \
             LimitRTPRIO), or set log.priority to normal"
        );
    }
    set.is_ok()
}
