//! The integration tests of muster: one binary, one module a subject.

mod embed;
mod history;
mod index_twin;
mod model;
mod readme;
mod recovery;
mod scenario;
mod scenarios;
mod terminal;
mod tidy;
