//! The integration tests of muster: one binary, one module a subject.

mod amend;
mod embed;
mod index_twin;
mod readme;
mod recovery;
mod retention;
mod scenario;
mod scenarios;
mod terminal;
mod tidy;
mod walk;
