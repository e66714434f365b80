//! The integration tests of muster: one binary, one module a subject.

mod afterwards;
mod amend;
mod awards;
mod corpus;
mod embed;
mod faults;
mod history;
mod house;
mod index_twin;
mod inspect;
mod later;
mod load;
mod lottery;
mod model;
mod operations;
mod peers;
mod readme;
mod recovery;
mod replay;
mod scenario;
mod scenarios;
mod terminal;
mod tidy;
mod torture;
mod walk;
