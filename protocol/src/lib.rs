//! The wire between muster and the people who use it.
//!
//! Reading order: [`names`] for what is named on the wire, [`message`] for what is said,
//! [`frame`] for how it is written in bytes, [`token`] for who may say it, and [`session`] for
//! the conversation itself, which knows neither sockets nor clocks.

pub mod frame;
pub mod message;
pub mod names;
pub mod session;
pub mod token;

pub use message::*;
pub use names::*;
