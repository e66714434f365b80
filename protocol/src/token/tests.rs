use super::*;

const NOW_US: i64 = 1_795_417_200_000_000;
const SECOND: i64 = MICROS_PER_SECOND;

fn officer() -> Claims {
    Claims {
        role: Role::Officer,
        subject: "TUC-0412".to_owned(),
        agency: Some("tucson".to_owned()),
        issued_us: NOW_US,
        expires_us: NOW_US + 900 * SECOND,
        device: None,
        signed_by: None,
    }
}

fn payload() -> Payload {
    Payload {
        aud: AUDIENCE.to_owned(),
        sub: "TUC-0412".to_owned(),
        role: Role::Officer,
        agency: Some("tucson".to_owned()),
        iat: instant::to_text(NOW_US).expect("in range"),
        nbf: None,
        exp: instant::to_text(NOW_US + 900 * SECOND).expect("in range"),
        cnf: None,
    }
}

fn key() -> (SigningKey, VerifyingKeys) {
    let key = SigningKey::generate();
    let keys = VerifyingKeys::new([key.verifying_key()]);
    (key, keys)
}

fn at(offset_s: i64) -> String {
    instant::to_text(NOW_US + offset_s * SECOND).expect("in range")
}

#[test]
fn a_token_says_what_was_signed() {
    let (key, keys) = key();
    for (role, agency) in [
        (Role::Officer, Some("tucson")),
        (Role::Coordinator, Some("chandler")),
        (Role::ReadOnly, Some("mesa")),
        (Role::Operator, None),
        (Role::Operator, Some("tucson")),
    ] {
        let token = key
            .issue(role, "somebody", agency, NOW_US, 900)
            .expect("good claims");
        let claims = keys.verify(&token, NOW_US).expect("a good token");
        assert_eq!((claims.role, claims.agency.as_deref()), (role, agency));
        assert_eq!(claims.subject, "somebody");
        assert_eq!(claims.expires_us - claims.issued_us, 900 * SECOND);
        assert_eq!(expiry_us(&token), Some(claims.expires_us));
        assert!(token.len() < TOKEN_MAX_BYTES / 2, "{} bytes", token.len());
    }
}

#[test]
fn it_ends_at_its_last_microsecond_and_begins_within_the_skew() {
    let (key, keys) = key();
    let token = key.sign(&officer()).expect("good claims");
    let expires_us = officer().expires_us;
    assert!(keys.verify(&token, expires_us - 1).is_ok());
    assert_eq!(keys.verify(&token, expires_us), Err(TokenError::Expired));
    assert!(keys.verify(&token, NOW_US - 60 * SECOND).is_ok());
    assert_eq!(
        keys.verify(&token, NOW_US - 60 * SECOND - 1),
        Err(TokenError::NotYetValid)
    );
}

#[test]
fn a_later_beginning_than_its_issue_is_respected() {
    let (key, keys) = key();
    let later = Payload {
        nbf: Some(at(300)),
        ..payload()
    };
    let token = key.seal(&later).expect("any payload seals");
    assert_eq!(
        keys.verify(&token, NOW_US + 239 * SECOND),
        Err(TokenError::NotYetValid)
    );
    assert!(keys.verify(&token, NOW_US + 240 * SECOND).is_ok());
}

#[test]
fn claims_that_break_a_rule_are_refused_though_well_signed() {
    let (key, keys) = key();
    let check = |spoil: fn(&mut Payload), error| {
        let mut payload = payload();
        spoil(&mut payload);
        let token = key.seal(&payload).expect("any payload seals");
        assert_eq!(keys.verify(&token, NOW_US), Err(error), "{payload:?}");
    };
    check(
        |payload| payload.aud = "other".to_owned(),
        TokenError::WrongAudience,
    );
    check(|payload| payload.exp = at(901), TokenError::LifetimeTooLong);
    check(|payload| payload.exp = at(0), TokenError::LifetimeTooLong);
    check(|payload| payload.exp = at(-1), TokenError::LifetimeTooLong);
    check(|payload| payload.agency = None, TokenError::AgencyMissing);
    let coordinator_without = |payload: &mut Payload| {
        (payload.role, payload.agency) = (Role::Coordinator, None);
    };
    check(coordinator_without, TokenError::AgencyMissing);
    let watcher_without = |payload: &mut Payload| {
        (payload.role, payload.agency) = (Role::ReadOnly, None);
    };
    check(watcher_without, TokenError::AgencyMissing);
    check(|payload| payload.sub.clear(), TokenError::BadName);
    check(
        |payload| payload.sub = "x".repeat(NAME_MAX_BYTES + 1),
        TokenError::BadName,
    );
    check(
        |payload| payload.agency = Some(String::new()),
        TokenError::BadName,
    );
    check(
        |payload| payload.iat = "yesterday".to_owned(),
        TokenError::Malformed,
    );
    check(
        |payload| payload.nbf = Some("now".to_owned()),
        TokenError::Malformed,
    );
    check(|payload| payload.exp.clear(), TokenError::Malformed);
    check(
        |payload| payload.sub = "x".repeat(TOKEN_MAX_BYTES),
        TokenError::Malformed,
    );
}

#[test]
fn an_issuer_holds_to_the_verifiers_rules() {
    let (key, _) = key();
    let issue = |role, subject, agency, lifetime_s| {
        key.issue(role, subject, agency, NOW_US, lifetime_s).err()
    };
    let tucson = Some("tucson");
    assert_eq!(
        issue(Role::Officer, "a", tucson, 901),
        Some(TokenError::LifetimeTooLong)
    );
    assert_eq!(
        issue(Role::Officer, "a", tucson, u64::MAX),
        Some(TokenError::LifetimeTooLong)
    );
    assert_eq!(
        issue(Role::Officer, "a", tucson, 0),
        Some(TokenError::LifetimeTooLong)
    );
    assert_eq!(
        issue(Role::Officer, "a", None, 60),
        Some(TokenError::AgencyMissing)
    );
    assert_eq!(
        issue(Role::Officer, "", tucson, 60),
        Some(TokenError::BadName)
    );
}

#[test]
fn both_keys_are_good_during_a_rotation_and_one_after_it() {
    let (old, new) = (SigningKey::generate(), SigningKey::generate());
    let token = old.sign(&officer()).expect("good claims");
    let both = VerifyingKeys::new([old.verifying_key(), new.verifying_key()]);
    assert!(both.verify(&token, NOW_US).is_ok());
    let after = VerifyingKeys::new([new.verifying_key()]);
    assert_eq!(after.verify(&token, NOW_US), Err(TokenError::UnknownKey));
}

#[test]
fn a_key_cannot_sign_under_the_name_of_another() {
    let (key, keys) = key();
    let forger = SigningKey::generate();
    let token = forger.sign(&officer()).expect("good claims");
    let genuine = key.sign(&officer()).expect("good claims");
    let footer = genuine.rsplit('.').next().expect("a token has a footer");
    let (body, _) = token.rsplit_once('.').expect("a token has a footer");
    let forged = format!("{body}.{footer}");
    assert_eq!(keys.verify(&forged, NOW_US), Err(TokenError::BadSignature));
}

#[test]
fn no_change_of_one_character_passes() {
    let (key, keys) = key();
    let token = key.sign(&officer()).expect("good claims");
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("a token is ASCII");
        let error = keys.verify(&changed, NOW_US).expect_err("it was changed");
        assert!(
            matches!(
                error,
                TokenError::Malformed | TokenError::UnknownKey | TokenError::BadSignature
            ),
            "at {at}: {error}",
        );
    }
    for text in [
        "",
        "v4.public.",
        "v4.public.AAAA",
        "v4.local.AAAA",
        "v2.public.AAAA",
    ] {
        assert_eq!(
            keys.verify(text, NOW_US),
            Err(TokenError::Malformed),
            "{text}"
        );
        assert_eq!(expiry_us(text), None);
    }
    assert_eq!(
        keys.verify(&"x".repeat(TOKEN_MAX_BYTES + 1), NOW_US),
        Err(TokenError::Malformed)
    );
}
