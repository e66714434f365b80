//! The muster engine: eligibility, the race, the log.
