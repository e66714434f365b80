//! Who may speak: PASETO v4.public tokens.
//!
//! A token says who somebody is, in what role, for which agency and until when; the signing key
//! vouches for it and the footer names that key (`kid`), so that two keys may be good during a
//! rotation. Claims are JSON with the registered names `aud sub iat nbf exp` (RFC 3339 instants)
//! and the two of muster, `role` and `agency`. `cnf` names the key of the device that the token is
//! bound to, if it is bound to one.
//!
//! No clock is read here: the caller says what time it is.

mod device;
mod instant;
mod key;

use std::collections::BTreeMap;

use pasetors::token::UntrustedToken;
use pasetors::version4::{PublicToken, V4};
use pasetors::{Public, errors::Error as PasetoError};

pub use device::{DeviceKey, DeviceKeyError, DevicePublicKey, EXPORTER_BYTES, EXPORTER_LABEL};
pub use key::{KeyId, KeyTextError, SigningKey, VerifyingKey};

use crate::Role;

/// For whom tokens are: the `aud` claim.
pub const AUDIENCE: &str = "muster";

/// The longest a token may live, in seconds.
pub const LIFETIME_MAX_S: u64 = 900;

/// How far an issuer's clock may be ahead of ours, in seconds.
pub const SKEW_MAX_S: u64 = 60;

/// The longest token that is looked at, in bytes.
pub const TOKEN_MAX_BYTES: usize = 2_048;

/// The longest subject or agency, in bytes.
pub const NAME_MAX_BYTES: usize = 128;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// In what role the subject speaks.
    pub role: Role,
    /// An officer's badge, or the name of a coordinator, operator or watcher.
    pub subject: String,
    /// Code of the agency; only an operator may have none.
    pub agency: Option<String>,
    /// When it was issued, microseconds since the epoch.
    pub issued_us: i64,
    /// When it ends, microseconds since the epoch: the first instant at which it is not valid.
    pub expires_us: i64,
    /// The device that the token is bound to, if it is bound to one.
    pub device: Option<DevicePublicKey>,
    /// The key that signed it, said by whoever verified it; what is signed does not say it.
    pub signed_by: Option<KeyId>,
}

impl SigningKey {
    /// Issues a token that is valid from `now_us` for `lifetime_s` seconds.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn issue(
        &self,
        role: Role,
        subject: &str,
        agency: Option<&str>,
        now_us: i64,
        lifetime_s: u64,
    ) -> Result<String, TokenError> {
        self.issue_bound(role, subject, agency, now_us, lifetime_s, None)
    }

    /// Issues a token that only `device` can use, if there is one.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn issue_bound(
        &self,
        role: Role,
        subject: &str,
        agency: Option<&str>,
        now_us: i64,
        lifetime_s: u64,
        device: Option<DevicePublicKey>,
    ) -> Result<String, TokenError> {
        let lifetime_us = i64::try_from(lifetime_s)
            .unwrap_or(i64::MAX)
            .saturating_mul(MICROS_PER_SECOND);
        self.sign(&Claims {
            role,
            subject: subject.to_owned(),
            agency: agency.map(str::to_owned),
            issued_us: now_us,
            expires_us: now_us.saturating_add(lifetime_us),
            device,
            signed_by: None,
        })
    }

    /// Signs claims as they are.
    ///
    /// # Errors
    /// [`TokenError`] where no verifier would take the token: a lifetime above
    /// [`LIFETIME_MAX_S`], a missing agency, a name that is empty or too long.
    pub fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        claims.check()?;
        let text = |instant_us| instant::to_text(instant_us).ok_or(TokenError::Malformed);
        let issued = text(claims.issued_us)?;
        let payload = Payload {
            aud: AUDIENCE.to_owned(),
            sub: claims.subject.clone(),
            role: claims.role,
            agency: claims.agency.clone(),
            nbf: Some(issued.clone()),
            iat: issued,
            exp: text(claims.expires_us)?,
            cnf: claims.device.map(|device| Confirmation {
                ed25519: device.to_string(),
            }),
        };
        self.seal(&payload)
    }

    fn seal(&self, payload: &Payload) -> Result<String, TokenError> {
        let footer = Footer {
            kid: self.key_id().as_str().to_owned(),
        };
        let text = |json: serde_json::Result<Vec<u8>>| json.map_err(|_| TokenError::Malformed);
        let payload = text(serde_json::to_vec(payload))?;
        let footer = text(serde_json::to_vec(&footer))?;
        PublicToken::sign(&self.secret, &payload, Some(&footer), None)
            .map_err(|_| TokenError::Malformed)
    }
}

/// The keys whose tokens are good: one, or two during a rotation.
#[derive(Debug, Clone, Default)]
pub struct VerifyingKeys {
    keys: BTreeMap<String, VerifyingKey>,
}

impl VerifyingKeys {
    /// The keys whose tokens are good.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> VerifyingKeys {
        let named = keys
            .into_iter()
            .map(|key| (key.key_id().as_str().to_owned(), key));
        VerifyingKeys {
            keys: named.collect(),
        }
    }

    /// What a token says, if it is good at `now_us` (microseconds since the epoch).
    ///
    /// # Errors
    /// The first of [`TokenError`] that holds. Nothing in a token is believed before its
    /// signature; the key id in the footer only chooses which key must have made it.
    pub fn verify(&self, token: &str, now_us: i64) -> Result<Claims, TokenError> {
        let untrusted = parse(token)?;
        let footer: Footer = serde_json::from_slice(untrusted.untrusted_footer())
            .map_err(|_| TokenError::Malformed)?;
        let Some(key) = self.keys.get(&footer.kid) else {
            return Err(TokenError::UnknownKey);
        };
        let trusted = PublicToken::verify(&key.bytes, &untrusted, None, None)
            .map_err(|_| TokenError::BadSignature)?;
        let payload = Payload::read(trusted.payload().as_bytes())?;
        if payload.aud != AUDIENCE {
            return Err(TokenError::WrongAudience);
        }
        let (mut claims, not_before_us) = payload.claims()?;
        claims.signed_by = Some(key.key_id().clone());
        claims.check()?;
        let skew_us = SKEW_MAX_S as i64 * MICROS_PER_SECOND;
        let starts_us = claims.issued_us.max(not_before_us);
        if starts_us.saturating_sub(skew_us) > now_us {
            return Err(TokenError::NotYetValid);
        }
        if now_us >= claims.expires_us {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

/// When a token says it ends, without verifying it: its bearer wants to renew it in time.
pub fn expiry_us(token: &str) -> Option<i64> {
    let untrusted = parse(token).ok()?;
    let payload = Payload::read(untrusted.untrusted_payload()).ok()?;
    instant::from_text(&payload.exp)
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a PASETO v4.public token with the claims of muster.
    #[error("this is not a muster token (PASETO v4.public): issue one with `muster token issue`")]
    Malformed,
    /// Its key is not among those that are good here.
    #[error("the token's key is not known here: issue a token with the key of this server")]
    UnknownKey,
    /// It was not signed by the key it names.
    #[error("the token's signature is wrong: it was altered, or made by another key")]
    BadSignature,
    /// It is for somebody else.
    #[error("the token is not for the audience `{AUDIENCE}`: issue one for muster")]
    WrongAudience,
    /// It has expired.
    #[error("the token has expired: issue a new one")]
    Expired,
    /// It is not valid yet.
    #[error("the token is not valid yet: set the clocks of issuer and server")]
    NotYetValid,
    /// It would live too long, or ends before it begins.
    #[error("the token's lifetime is not within {LIFETIME_MAX_S} s: issue a shorter one")]
    LifetimeTooLong,
    /// Only an operator may have no agency.
    #[error("the token names no agency, which only an operator may lack: issue one that does")]
    AgencyMissing,
    /// The subject or the agency is empty or too long.
    #[error("the token's subject or agency is empty or longer than {NAME_MAX_BYTES} bytes")]
    BadName,
}

impl Claims {
    /// What can be said of claims without a clock; issuer and verifier hold to the same.
    fn check(&self) -> Result<(), TokenError> {
        let lifetime_us = self.expires_us.saturating_sub(self.issued_us);
        if lifetime_us <= 0 || lifetime_us > LIFETIME_MAX_S as i64 * MICROS_PER_SECOND {
            return Err(TokenError::LifetimeTooLong);
        }
        if self.agency.is_none() && self.role != Role::Operator {
            return Err(TokenError::AgencyMissing);
        }
        let names = [Some(&self.subject), self.agency.as_ref()];
        if names
            .into_iter()
            .flatten()
            .any(|name| !(1..=NAME_MAX_BYTES).contains(&name.len()))
        {
            return Err(TokenError::BadName);
        }
        Ok(())
    }
}

/// The claims as JSON has them. Claims of other issuers that mean nothing here are let pass.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Payload {
    aud: String,
    sub: String,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agency: Option<String>,
    iat: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<String>,
    exp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
}

/// The key that whoever shows the token must prove to have (RFC 7800, with a member of our own).
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Confirmation {
    ed25519: String,
}

impl Payload {
    fn read(json: &[u8]) -> Result<Payload, TokenError> {
        serde_json::from_slice(json).map_err(|_| TokenError::Malformed)
    }

    /// The claims, and the instant before which they are not valid.
    fn claims(self) -> Result<(Claims, i64), TokenError> {
        let read = |text: &str| instant::from_text(text).ok_or(TokenError::Malformed);
        let issued_us = read(&self.iat)?;
        let not_before_us = self.nbf.as_deref().map_or(Ok(issued_us), read)?;
        let device = self.cnf.map(|cnf| cnf.ed25519.parse());
        let claims = Claims {
            role: self.role,
            issued_us,
            expires_us: read(&self.exp)?,
            subject: self.sub,
            agency: self.agency,
            device: device.transpose().map_err(|_| TokenError::Malformed)?,
            signed_by: None,
        };
        Ok((claims, not_before_us))
    }
}

/// The footer, which is signed but read before the signature is checked.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Footer {
    kid: String,
}

fn parse(token: &str) -> Result<UntrustedToken<Public, V4>, TokenError> {
    if token.len() > TOKEN_MAX_BYTES {
        return Err(TokenError::Malformed);
    }
    UntrustedToken::try_from(token).map_err(|_: PasetoError| TokenError::Malformed)
}

#[cfg(test)]
mod tests;
