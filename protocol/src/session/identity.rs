//! Who may open a session: what its connection says, and why somebody may not.

use crate::token::{Claims, EXPORTER_BYTES, LIFETIME_MAX_S, TokenError};
use crate::{GoAway, Role};

/// What is known of the connection that a session is on.
#[derive(Debug, Clone, Default)]
pub struct Channel {
    /// What both ends export under [`EXPORTER_LABEL`](crate::token::EXPORTER_LABEL); none where the
    /// client cannot, such as in a browser.
    pub exporter: Option<[u8; EXPORTER_BYTES]>,
    /// Whether a token must be bound to a device.
    pub must_be_bound: bool,
    /// Whom the client's certificate names, if it showed one.
    pub certified: Option<Certified>,
}

/// Whom a client certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// In what role.
    pub role: Role,
    /// For which agency; only an operator may have none.
    pub agency: Option<String>,
    /// The name.
    pub subject: String,
}

impl Certified {
    /// What the certificate stands for instead of a token. A session lasts as long as one that has
    /// a token does at most: the next handshake examines the certificate again.
    pub(super) fn claims(&self, now_us: i64) -> Claims {
        let lifetime_us = i64::try_from(LIFETIME_MAX_S * 1_000_000).unwrap_or(0);
        Claims {
            role: self.role,
            subject: self.subject.clone(),
            agency: self.agency.clone(),
            issued_us: now_us,
            expires_us: now_us + lifetime_us,
            device: None,
            signed_by: None,
        }
    }

    /// Whether a token is of the same bearer.
    pub(super) fn agrees(&self, claims: &Claims) -> bool {
        let Certified {
            role,
            agency,
            subject,
        } = self;
        (role, agency, subject) == (&claims.role, &claims.agency, &claims.subject)
    }
}

/// Why somebody may not have a session, or not any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityRefusal {
    /// The token is not good.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token is bound to no device.
    #[error("this server takes tokens that are bound to a device: issue one with `--bind`")]
    Unbound,
    /// The token is bound to a device that was not proven to be here.
    #[error("the token is bound to a device: connect with the key of that device")]
    Unproven,
    /// A fresh token is of somebody else than the one before, or of another device.
    #[error("a fresh token must be of the same subject, role, agency and device")]
    OtherBearer,
    /// Token and certificate are not of the same bearer.
    #[error("token and client certificate must be of the same subject, role and agency")]
    OtherCertificate,
    /// Nobody of that name is known here.
    #[error("nobody of that name is on the roster of that agency")]
    NotKnown,
    /// They are on the deny-list.
    #[error("they are denied: see `muster deny list`")]
    Denied,
}

impl IdentityRefusal {
    /// A stable name, for logs and counts.
    pub fn kind(self) -> &'static str {
        match self {
            IdentityRefusal::Token(error) => match error {
                TokenError::Malformed => "token-malformed",
                TokenError::UnknownKey => "token-unknown-key",
                TokenError::BadSignature => "token-bad-signature",
                TokenError::WrongAudience => "token-wrong-audience",
                TokenError::Expired => "token-expired",
                TokenError::NotYetValid => "token-not-yet-valid",
                TokenError::LifetimeTooLong => "token-lifetime-too-long",
                TokenError::AgencyMissing => "token-agency-missing",
                TokenError::BadName => "token-bad-name",
            },
            IdentityRefusal::Unbound => "unbound",
            IdentityRefusal::Unproven => "unproven",
            IdentityRefusal::OtherBearer => "other-bearer",
            IdentityRefusal::OtherCertificate => "other-certificate",
            IdentityRefusal::NotKnown => "not-known",
            IdentityRefusal::Denied => "denied",
        }
    }

    /// What the client is told.
    pub fn go_away(self) -> GoAway {
        match self {
            // A client that was away for long comes back with a fresh token by itself.
            IdentityRefusal::Token(TokenError::Expired) => GoAway::TokenExpired,
            IdentityRefusal::Denied => GoAway::Denied,
            IdentityRefusal::Token(_)
            | IdentityRefusal::Unbound
            | IdentityRefusal::Unproven
            | IdentityRefusal::OtherBearer
            | IdentityRefusal::OtherCertificate
            | IdentityRefusal::NotKnown => GoAway::Unauthenticated,
        }
    }
}
