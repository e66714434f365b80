//! The muster dispatcher: QUIC sessions, fan-out, authentication.
