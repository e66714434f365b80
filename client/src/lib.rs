//! The client side of muster: connect, resume, ask, listen.
