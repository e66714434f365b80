//! The deterministic core: a command becomes events or a refusal, events become state.
//!
//! ```text
//! decide(&State, &Command, Stamp) -> Result<Outcome, Refused>   may refuse, may not write
//! apply(&mut State, &Record)                                    may write, may not refuse
//! react(&State, &Record) -> Vec<Effect>                         who must be told
//! digest(&State) -> u64
//! ```
//!
//! Nothing here reads a clock, a file, a thread or a random number: time and place in line
//! arrive as arguments, so the log alone rebuilds everything.

pub mod afterwards;
pub mod ahead;
mod answers;
pub mod apply;
pub mod command;
pub mod decide;
pub mod denials;
pub mod digest;
pub mod effect;
pub mod event;
pub mod events;
mod expiries;
pub mod grants;
pub mod jobs;
mod keeping;
pub mod matching;
mod overlap;
pub mod preview;
pub mod react;
pub mod reading;
pub mod refusal;
mod saved;
mod sound;
pub mod state;
mod touch;

pub use afterwards::{Afterwards, Again, NewNote, Reduce};
pub use apply::apply;
pub use command::{
    Actor, Amend, Body, Command, NewGrant, NewProvision, NewSegment, NewVacancy, Publication,
    RosterChange,
};
pub use decide::{Outcome, Stamp, decide, ranked};
pub use denials::{Known, NewBearer, NewDenial};
pub use digest::digest;
pub use effect::{Effect, Unassigned, Waited};
pub use event::{
    Amendment, Considered, Event, Lapse, LastTierApproved, LimitsLifted, Missed, PushDeferred,
    Ranking, Record, Reduction, Relocation, Removed, TierCause, Vacated, WaitEnd, WaitEnded,
    Widened,
};
pub use events::Events;
pub use grants::{Fund, Grants};
pub use jobs::{JobAct, JobSay, NewBrief, NewJobRule};
pub use matching::{Match, Matches, Wanted};
pub use preview::{Funnel, Preview};
pub use react::react;
pub use reading::Readable;
pub use refusal::{
    BelowLadder, BeyondGrant, Invalid, JobRefusal, Kind, OutsideGrant, Refusal, Refused,
};
pub use state::{Answer, Deadline, Receipt, Reply, State};
pub(crate) use touch::TOUCHED_AT_A_TIME;
