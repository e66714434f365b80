//! How a server says why it ends a conversation, also where its last message gets lost.

use crate::GoAway;

/// When a client is to come back, in milliseconds: at once where a fresh token or a sync is all
/// it takes, later where the server needs room or the client a new build.
pub fn reconnect_after_ms(because: GoAway) -> u32 {
    match because {
        GoAway::TokenExpired | GoAway::TooSlow => 0,
        GoAway::Stopping => 1_000,
        GoAway::TooManySessions => 10_000,
        GoAway::Unauthenticated
        | GoAway::VersionNotSpoken
        | GoAway::ProtocolError
        | GoAway::Denied => 60_000,
    }
}

/// The application error code with which the server closes the QUIC connection after `GoAway`.
/// It says the same once more: a peer that does not read loses what stands in the stream. Zero
/// is an end without a reason.
pub fn close_code(because: Option<GoAway>) -> u32 {
    match because {
        None => 0,
        Some(GoAway::Stopping) => 1,
        Some(GoAway::Unauthenticated) => 2,
        Some(GoAway::TokenExpired) => 3,
        Some(GoAway::VersionNotSpoken) => 4,
        Some(GoAway::ProtocolError) => 5,
        Some(GoAway::TooSlow) => 6,
        Some(GoAway::TooManySessions) => 7,
        Some(GoAway::Denied) => 8,
    }
}

/// What a server said by its [`close_code`]; `None` for codes without a reason.
pub fn said_by_code(code: u64) -> Option<GoAway> {
    match code {
        1 => Some(GoAway::Stopping),
        2 => Some(GoAway::Unauthenticated),
        3 => Some(GoAway::TokenExpired),
        4 => Some(GoAway::VersionNotSpoken),
        5 => Some(GoAway::ProtocolError),
        6 => Some(GoAway::TooSlow),
        7 => Some(GoAway::TooManySessions),
        8 => Some(GoAway::Denied),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_was_meant() {
        let reasons: Vec<_> = (0..100).filter_map(said_by_code).collect();
        assert_eq!(reasons.len(), 8);
        for because in reasons {
            assert_eq!(
                said_by_code(u64::from(close_code(Some(because)))),
                Some(because)
            );
        }
        assert_eq!(said_by_code(u64::from(close_code(None))), None);
    }
}
