//! The integration tests of muster: one binary, one module a subject.

mod scenario;
mod scenarios;
