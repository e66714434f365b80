//! Tokens and keys from arbitrary text, and arbitrary claims under a good signature.

use std::sync::OnceLock;

use pasetors::keys::AsymmetricSecretKey;
use pasetors::version4::{PublicToken, V4};
use protocol::Role;
use protocol::token::{
    Claims, LIFETIME_MAX_S, NAME_MAX_BYTES, SKEW_MAX_S, SigningKey, VerifyingKey, VerifyingKeys,
    expiry_us,
};

use super::Reached;
use super::tape::Tape;

/// The instant at which tokens are verified, in microseconds: Monday 23 November 2026, 07:00 UTC.
pub const NOW_US: i64 = 1_795_417_200_000_000;

/// The first bit of an input: set if what follows is to be signed first.
pub const SIGNED: u8 = 1;

/// What separates claims from the footer in an input that is to be signed.
pub const SEPARATOR: u8 = b'\n';

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Both halves of the first test vector of RFC 8032, section 7.1: known to everybody, and good for
/// nothing but this.
const SECRET: [u8; 64] = *b"\
    \x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\
    \x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60\
    \xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\
    \x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";

/// The same key as it stands in a file.
pub const KEY_TEXT: &str = "\
secret-key: 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
public-key: d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
key-id: d75a980182b10ab7
";

/// The key that everything here is signed with.
pub fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::from_text(KEY_TEXT).expect("the text above is a key"))
}

/// What verifies it.
pub fn keys() -> &'static VerifyingKeys {
    static KEYS: OnceLock<VerifyingKeys> = OnceLock::new();
    KEYS.get_or_init(|| VerifyingKeys::new([key().verifying_key()]))
}

/// Tokens that were really issued. Whatever else verifies is a forgery.
pub fn issued() -> &'static [(Claims, String)] {
    static ISSUED: OnceLock<Vec<(Claims, String)>> = OnceLock::new();
    ISSUED.get_or_init(|| {
        let roles = [
            Role::Officer,
            Role::Coordinator,
            Role::Operator,
            Role::ReadOnly,
        ];
        let claims = roles.map(|role| Claims {
            role,
            subject: "SAG-0412".to_owned(),
            agency: (role != Role::Operator).then(|| "saguaro".to_owned()),
            issued_us: NOW_US,
            expires_us: NOW_US + 900 * MICROS_PER_SECOND,
            device: None,
            signed_by: Some(key().key_id().clone()),
        });
        let sign = |claims: Claims| {
            let token = key().sign(&claims).expect("the claims are good");
            (claims, token)
        };
        claims.map(sign).to_vec()
    })
}

/// Verifies `input` as a token and reads it as a key; or signs it as claims and a footer, and
/// verifies that.
///
/// # Panics
/// If a token is taken that was not issued, or claims that break a rule.
pub fn run(input: &[u8]) -> Reached {
    let mut reached = Reached::default();
    let mut tape = Tape(input);
    if tape.byte() & SIGNED == 0 {
        let text = String::from_utf8_lossy(tape.0);
        let _ = expiry_us(&text);
        keys_from(&text, &mut reached);
        match keys().verify(&text, NOW_US) {
            Ok(claims) => {
                let is_issued = issued().iter().any(|(issued, _)| *issued == claims);
                assert!(is_issued, "nobody issued {text}");
                reached.note("verified");
            }
            Err(_) => reached.note("refused"),
        }
        return reached;
    }
    let now_us = NOW_US + i64::from(tape.short()) * MICROS_PER_SECOND;
    let mut parts = tape.0.splitn(2, |byte| *byte == SEPARATOR);
    let (claims, footer) = (parts.next().unwrap_or_default(), parts.next());
    let secret = AsymmetricSecretKey::<V4>::from(&SECRET).expect("both halves belong together");
    let Ok(token) = PublicToken::sign(&secret, claims, footer, None) else {
        reached.note("not signed");
        return reached;
    };
    let ends_us = expiry_us(&token);
    match keys().verify(&token, now_us) {
        Ok(claims) => {
            reached.note("signed and taken");
            assert_eq!(ends_us, Some(claims.expires_us));
            within_the_rules(&claims, now_us);
        }
        Err(_) => reached.note("signed and refused"),
    }
    reached
}

/// The rules of tokens, said once more.
fn within_the_rules(claims: &Claims, now_us: i64) {
    let Claims {
        role,
        subject,
        agency,
        issued_us,
        expires_us,
        device: _,
        signed_by,
    } = claims;
    assert_eq!(signed_by.as_ref(), Some(key().key_id()), "one key signs");
    assert!(now_us < *expires_us, "an expired token is not taken");
    let skew_us = SKEW_MAX_S as i64 * MICROS_PER_SECOND;
    assert!(
        issued_us - skew_us <= now_us,
        "a token of the future is not taken"
    );
    let lifetime_us = expires_us - issued_us;
    assert!(lifetime_us > 0 && lifetime_us <= LIFETIME_MAX_S as i64 * MICROS_PER_SECOND);
    assert!(
        agency.is_some() || *role == Role::Operator,
        "only an operator has no agency"
    );
    for name in [Some(subject), agency.as_ref()].into_iter().flatten() {
        assert!(
            (1..=NAME_MAX_BYTES).contains(&name.len()),
            "a name has its limits"
        );
    }
}

/// A key that can be read is written and read as the same key.
fn keys_from(text: &str, reached: &mut Reached) {
    if let Ok(key) = VerifyingKey::from_text(text) {
        let again = VerifyingKey::from_text(&key.to_text()).expect("it has just been written");
        assert_eq!(again.key_id(), key.key_id());
        reached.note("verifying key");
    }
    if let Ok(key) = SigningKey::from_text(text) {
        let again = SigningKey::from_text(&key.to_text()).expect("it has just been written");
        assert_eq!(again.key_id(), key.key_id());
        reached.note("signing key");
    }
}
