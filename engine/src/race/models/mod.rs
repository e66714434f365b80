//! Models of the way in, for two explorers: `cargo loom` and `cargo shuttle`.
//!
//! Each model runs the product's own code (`inbox`, `line`, `gate`, `ticket`) in a few threads, asserts in
//! every run what must hold, and notes what came about. An explorer runs it once for every order in
//! which the threads' steps can fall, or for many of them:
//!
//! | | threads | orders | memory |
//! |---|---|---|---|
//! | loom | 2 to 4 | all, or all with at most so many preemptions as the model says | weak, as in C++20 |
//! | shuttle | 9 | [`SCHEDULES`](explore::SCHEDULES), half of them random, half by PCT | in order |
//!
//! A model that reaches too little proves nothing, so each says what it must reach. And each is run
//! once more with every mistake that it is there to find, and must find it.
#![expect(
    clippy::unwrap_used,
    reason = "a thread that panicked fails the model, and so does whoever joins it"
)]

mod explore;
mod gate;
mod inbox;
mod line;
mod settle;
pub(super) mod stall;
mod ticket;
mod world;
