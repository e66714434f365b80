//! The muster load generator: simulated officers, an open-loop pacer and an independent ledger.
