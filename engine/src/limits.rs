//! Every bound of the engine, by name and unit. What has no limit here has none.

/// Longest code (agency, site, badge, …), in bytes.
pub const CODE_LEN_MAX: usize = 64;
/// Longest full name, in bytes.
pub const NAME_LEN_MAX: usize = 200;
/// Longest post orders, in bytes.
pub const POST_ORDERS_LEN_MAX: usize = 2_000;
/// Longest reason of a cancellation, in bytes.
pub const REASON_LEN_MAX: usize = 200;

/// Agencies of one installation.
pub const AGENCIES_MAX: usize = 65_536;
/// Kinds of certification.
pub const CERTIFICATIONS_MAX: usize = 1_024;
/// Programmes of work.
pub const PROGRAMMES_MAX: usize = 1_024;
/// Sites.
pub const SITES_MAX: usize = 1 << 20;
/// Officers, counting numbers reserved in an agency's last block.
pub const OFFICERS_MAX: usize = 1 << 27;
/// Officer numbers given to an agency at a time, so that its officers are runs of a bitmap.
pub const OFFICER_BLOCK: usize = 1_024;
/// Vacancies ever published in one log.
pub const VACANCIES_MAX: usize = 1 << 24;

/// Segments of one vacancy.
pub const SEGMENTS_MAX: usize = 16;
/// Slots of one vacancy.
pub const SLOTS_MAX: usize = 256;
/// Tier windows of one vacancy.
pub const WINDOWS_MAX: usize = 16;
/// Longest window of a tier, in milliseconds (one year).
pub const WINDOW_MS_MAX: u64 = 366 * 24 * 3_600 * 1_000;
/// Shortest time for holders to confirm an amendment, in milliseconds (one minute): an amendment
/// nobody could confirm would take slots away and call it asking.
pub const CONFIRM_WITHIN_MS_MIN: u64 = 60 * 1_000;
/// Longest time for holders to confirm an amendment, in milliseconds (one year).
pub const CONFIRM_WITHIN_MS_MAX: u64 = WINDOW_MS_MAX;
/// Longest vacancy from its first start to its last end, in microseconds (31 days).
pub const VACANCY_SPAN_US_MAX: i64 = 31 * 24 * 3_600 * 1_000_000;
/// Declared availability windows of one officer, weekly and dated together.
pub const AVAILABILITY_WINDOWS_MAX: usize = 512;
/// Roster changes of one command.
pub const ROSTER_CHANGES_MAX: usize = 100_000;

/// Vacancies published by one command: with their recipients they fit into one record.
pub const PUBLICATIONS_MAX: usize = 4_096;
/// Grants in force at a time: each is looked at when a vacancy is settled.
pub const GRANTS_MAX: usize = 4_096;
/// Paid time of one grant, in minutes.
pub const GRANT_BUDGET_MIN_MAX: u64 = 1_000_000_000;
/// Time before or after the work that belongs to it: one day, in milliseconds.
pub const BUFFER_MS_MAX: u64 = 24 * 3_600 * 1_000;
/// Criteria by which the bids of one vacancy are ranked.
pub const CRITERIA_MAX: usize = 8;
/// Longest fairness window, in milliseconds (one hour): a longer one is a time until which bids
/// are taken.
pub const FAIRNESS_MS_MAX: u64 = 3_600 * 1_000;
/// Longest period in which hours are counted, in milliseconds (two years).
pub const HOURS_PERIOD_MS_MAX: u64 = 2 * 366 * 24 * 3_600 * 1_000;
/// Longest time for a seed to be revealed, in milliseconds (one day).
pub const REVEAL_WITHIN_MS_MAX: u64 = 24 * 3_600 * 1_000;
/// Longest time to undo an accept, in milliseconds (one day).
pub const UNDO_MS_MAX: u64 = 24 * 3_600 * 1_000;
/// Shortest time for whoever is on the standby list to say yes, in milliseconds (one second).
pub const STANDBY_CONFIRM_MS_MIN: u64 = 1_000;
/// Longest time for whoever is on the standby list to say yes, in milliseconds (one year).
pub const STANDBY_CONFIRM_MS_MAX: u64 = WINDOW_MS_MAX;
/// Bids for one vacancy at a time: their ranking fits into one record.
pub const BIDS_MAX: usize = 65_536;
/// Officers on one standby list.
pub const STANDBY_MAX: usize = 1_024;
/// Intentions waiting in line before new ones are refused as busy.
pub const INBOX_LEN_MAX: usize = 65_536;
/// Longest sleep of the engine thread without looking into the line, in milliseconds: what a thread
/// that stalls in the middle of waking it can cost those behind.
pub const LINE_SLEEP_MS_MAX: u64 = 50;
/// Longest look of the engine thread into an empty line before it sleeps, in microseconds: about
/// what waking it would cost.
pub const LINE_LOOK_US_MAX: u64 = 50;
/// Longest look of one who waits alone for an answer before it sleeps, in microseconds: about two
/// syncs of a good disk.
pub const ANSWER_LOOK_US_MAX: u64 = 400;
/// Commands decided and synced together at most.
pub const BATCH_LEN_MAX: usize = 16_384;
/// What a busy line asks clients to wait, in milliseconds.
pub const BUSY_RETRY_MS: u32 = 50;
/// Deadlines handled by one tick.
pub const TICK_DEADLINES_MAX: usize = 256;
/// Ticks before a batch; what is left to them follows before the next one.
pub const TICKS_MAX: usize = 64;
/// Bytes of sets of officers from which on a record of the clock takes no more: a vacancy that is
/// offered to everybody in an installation of a million adds about two mebibytes, and as much for
/// those whom it is told later.
pub const RECORD_SETS_BYTES_MAX: usize = 2 << 20;
/// Events that fit into one record whatever they say; of more it is found out.
pub const RECORD_EVENTS_SURE: usize = 64;
/// Bytes of records that are written and synced at a time.
pub const WRITTEN_AT_A_TIME_BYTES: usize = 32 << 20;
/// Vacancies that one tick considers for officers who may have become eligible: each costs at most
/// what its publication did.
pub const CONSIDERED_AT_A_TIME: usize = 64;
/// Officers who are examined one by one before the index is asked for everybody at once.
pub const EXAMINED_ALONE_MAX: u64 = 32;
/// Batches a follower may be behind before it is cut off and has to follow anew.
pub const FOLLOWER_BATCHES_MAX: usize = 65_536;

/// How long an answer is remembered for retries, in milliseconds (24 hours).
pub const ANSWER_RETENTION_MS: u64 = 24 * 3_600 * 1_000;
/// Answers remembered at most; the oldest are forgotten first.
pub const ANSWERS_MAX: usize = 1 << 20;

/// Longest field note, in bytes.
pub const NOTE_LEN_MAX: usize = 2_000;
/// Notes about one officer's assignment.
pub const NOTES_OF_OFFICER_MAX: usize = 32;
/// Files attached to one note.
pub const ATTACHMENTS_MAX: usize = 8;
/// Largest attached file, in bytes (16 GiB): it is kept elsewhere, and larger ones are no notes.
pub const ATTACHMENT_BYTES_MAX: u64 = 16 << 30;
/// Longest media type of an attached file, in bytes.
pub const MEDIA_TYPE_LEN_MAX: usize = 100;
/// Longest message, in bytes.
pub const MESSAGE_LEN_MAX: usize = 1_000;
/// Messages between one officer and the coordinators of a vacancy, half of them for each side, so
/// that neither can silence the other.
pub const MESSAGES_OF_OFFICER_MAX: usize = 64;
/// Messages of a vacancy from which on only those who hold a slot of it add more.
pub const MESSAGES_MAX: usize = 1_024;
/// Punches of one officer for one vacancy: eight on each day of the longest, and some.
pub const PUNCHES_OF_OFFICER_MAX: usize = 256;
/// Corrections of the attendance at one vacancy.
pub const CORRECTIONS_MAX: usize = 1_024;
/// How far from the work a corrected punch may lie, in milliseconds (one day).
pub const CORRECTION_MARGIN_MS: u64 = 24 * 3_600 * 1_000;
/// How long after the work notes and messages stay at hand, in milliseconds (30 days); the log has
/// them for as long as it is kept.
pub const JOURNAL_RETENTION_MS: u64 = 30 * 24 * 3_600 * 1_000;
/// Limits of one agency to its officers' work.
pub const LIMITS_MAX: usize = 32;
/// Longest period in which hours are counted, in local days.
pub const PERIOD_DAYS_MAX: u8 = 31;
/// Lifts of one officer's limits that may be of use at a time.
pub const LIFTS_MAX: usize = 256;
/// Districts that one officer prefers.
pub const DISTRICTS_MAX: usize = 64;
/// Farthest that an officer can say to travel, in metres: across a large state.
pub const REACH_METRES_MAX: u32 = 2_000_000;
/// Windows of quiet in a day.
pub const QUIET_WINDOWS_MAX: usize = 8;
/// Jobs of one installation.
pub const JOBS_MAX: usize = 1 << 20;
/// Denials that hold at a time.
pub const DENIALS_MAX: usize = 1 << 16;
/// Attributes of one job.
pub const JOB_ATTRIBUTES_MAX: usize = 32;
/// Rules about jobs of one agency.
pub const JOB_RULES_MAX: usize = 256;
/// Staffing ladders of one agency, of different dates.
pub const LADDERS_MAX: usize = 32;
/// Steps of one staffing ladder.
pub const LADDER_STEPS_MAX: usize = 16;
