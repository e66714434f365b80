//! The integration tests of muster: one binary, one module a subject.

mod embed;
mod index_twin;
mod readme;
mod recovery;
mod scenario;
mod scenarios;
mod terminal;
mod tidy;
mod torture;
