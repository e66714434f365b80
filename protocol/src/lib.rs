//! The wire between muster and the people who use it: messages, frames, tokens and a session without sockets.
