//! The muster engine: eligibility, the race, the log.
//!
//! Intentions enter one lock-free line, a pure core turns each into an outcome or a refusal, the
//! outcome is on disk before anyone hears of it, and the log alone rebuilds everything.
//!
//! ```
//! use std::sync::Arc;
//!
//! use engine::core::{Actor, Body, Command, RosterChange};
//! use engine::io::{Memory, SystemClock};
//! use engine::model::RequestId;
//! use engine::{Engine, Options};
//!
//! let (engine, _) = Engine::open(Options {
//!     storage: Arc::new(Memory::new()), // `Disk::open("folder")` keeps it
//!     clock: Arc::new(SystemClock),
//!     log: Default::default(),
//!     snapshot_every_records: 0,
//! })?;
//! let add = |request, code: &str| {
//!     let (code, name) = (code.to_owned(), "Tucson Police Department".to_owned());
//!     let change = RosterChange::Agency { code, name, agreement: None };
//!     let (request, body) = (RequestId(request), Body::Roster(vec![change]));
//!     // The ticket can be awaited as well.
//!     engine.submit(Command { request, by: Actor::Operator, body }).wait()
//! };
//!
//! // Answered means durable. The same request hears the same answer, however often it is asked.
//! let done = add(1, "tucson")?;
//! assert!(done.is_ok());
//! assert_eq!(add(1, "tucson")?, done);
//!
//! // A refusal is an answer: typed, with the sentence that a person sees.
//! let refused = add(2, "tucson")?.unwrap_err();
//! assert_eq!(refused.refusal.to_string(), "agency `tucson` exists already");
//!
//! // A follower has the state that is durable, and everything that becomes durable after it.
//! let follower = engine.follow().expect("the engine is open");
//! assert!(follower.state.roster().agency("tucson").is_some());
//! engine.close();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Reading order: [`model`] for the words, [`rules`] for what may be, [`index`] for who may come,
//! [`core`] for what is decided and what it changes, [`log`] for how it is kept, [`replay`] for
//! how it is looked back into, then the engine itself. [`limits`] names every bound.

pub mod core;
pub mod index;
pub mod io;
pub mod limits;
pub mod log;
pub mod model;
pub mod replay;
pub mod rules;

mod engine;
mod race;

pub use crate::engine::{
    Answered, Answers, Batch, Delivery, Ended, Engine, Follower, Health, OpenError, Options,
    Outbox, Recovered, Stepper,
};
pub use crate::race::{Admission, Ticket, Unavailable};
