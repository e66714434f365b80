//! The rules of the trade as predicates over what is known. No state, no side effects.
//!
//! Rule numbers are those of the domain description: see `docs/rules.md`.

pub mod attendance;
pub mod availability;
pub mod award;
pub mod conflict;
pub mod eligibility;
pub mod funding;
pub mod hours;
pub mod job;
pub mod preference;
pub mod qualified;
pub mod reduction;
pub mod staffing;
pub mod tier;

pub use eligibility::{Candidate, Clause, Ground, Stand};
pub use qualified::qualified;
