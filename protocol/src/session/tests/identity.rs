//! Who may open a session, and who may go on with it.

use std::sync::Arc;

use super::super::pair::START_US;
use super::super::*;
use crate::token::{DeviceKey, DevicePublicKey, EXPORTER_BYTES, SigningKey, VerifyingKeys};
use crate::{ClientMessage, GoAway, Hello, Role, VERSION};

const HERE: [u8; EXPORTER_BYTES] = [7; EXPORTER_BYTES];
const ELSEWHERE: [u8; EXPORTER_BYTES] = [8; EXPORTER_BYTES];

/// A server, a device and those who come.
struct Door {
    key: SigningKey,
    phone: DeviceKey,
    channel: Channel,
}

impl Door {
    fn new() -> Door {
        let channel = Channel {
            exporter: Some(HERE),
            ..Channel::default()
        };
        Door {
            key: SigningKey::generate(),
            phone: DeviceKey::generate(),
            channel,
        }
    }

    fn token(&self, subject: &str, device: Option<DevicePublicKey>) -> String {
        let agency = Some("tucson");
        let issued = self
            .key
            .issue_bound(Role::Officer, subject, agency, START_US, 900, device);
        issued.expect("good claims")
    }

    fn bound(&self) -> String {
        self.token("TUC-0412", Some(self.phone.public()))
    }

    /// What becomes of a session that opens so.
    fn open(&self, token: String, proof: Option<Vec<u8>>) -> ServerSession {
        let keys = Arc::new(VerifyingKeys::new([self.key.verifying_key()]));
        let mut session = ServerSession::new(keys, START_US).over(self.channel.clone());
        let hello = Hello {
            version: VERSION,
            token,
            resume: None,
            software: String::new(),
        };
        let message = match proof {
            Some(proof) => ClientMessage::HelloBound { hello, proof },
            None => ClientMessage::Hello(hello),
        };
        session.handle_message(message, START_US);
        session
    }

    fn refusal(&self, token: String, proof: Option<Vec<u8>>) -> Option<IdentityRefusal> {
        let session = self.open(token, proof);
        let because = session.refused().map(|refusal| refusal.because);
        assert_eq!(because.is_some(), session.is_closed());
        assert_eq!(because.is_none(), session.claims().is_some());
        because
    }

    fn certify(&mut self, agency: &str) {
        self.channel.certified = Some(Certified {
            role: Role::Officer,
            agency: Some(agency.to_owned()),
            subject: "TUC-0412".to_owned(),
        });
    }
}

#[test]
fn a_bound_token_needs_its_device_on_this_connection() {
    let mut door = Door::new();
    let proof = |device: &DeviceKey, exporter| Some(device.prove(exporter));
    let unproven = Some(IdentityRefusal::Unproven);
    assert_eq!(door.refusal(door.bound(), proof(&door.phone, &HERE)), None);
    for proof in [
        None,
        Some(Vec::new()),
        proof(&door.phone, &ELSEWHERE),
        proof(&DeviceKey::generate(), &HERE),
    ] {
        assert_eq!(door.refusal(door.bound(), proof), unproven);
    }
    // Where nothing is exported nothing is proven.
    door.channel.exporter = None;
    let refused = door.refusal(door.bound(), proof(&door.phone, &HERE));
    assert_eq!(refused, unproven);
}

#[test]
fn an_unbound_token_is_taken_where_it_need_not_be_bound() {
    let mut door = Door::new();
    let unbound = door.token("TUC-0412", None);
    let proof = door.phone.prove(&HERE);
    assert_eq!(door.refusal(unbound.clone(), None), None);
    assert_eq!(door.refusal(unbound.clone(), Some(proof.clone())), None);
    door.channel.must_be_bound = true;
    let refused = Some(IdentityRefusal::Unbound);
    assert_eq!(door.refusal(unbound.clone(), None), refused);
    assert_eq!(door.refusal(unbound.clone(), Some(proof)), refused);
    // The handshake has bound whoever shows a certificate.
    door.certify("tucson");
    assert_eq!(door.refusal(unbound, None), None);
}

#[test]
fn a_certificate_stands_for_no_token_and_contradicts_another() {
    let mut door = Door::new();
    let malformed = crate::token::TokenError::Malformed;
    let refused = door.refusal(String::new(), None);
    assert_eq!(refused, Some(IdentityRefusal::Token(malformed)));
    door.certify("tucson");
    let mut session = door.open(String::new(), None);
    let claims = session.claims().expect("it is open");
    assert_eq!(claims.subject, "TUC-0412");
    assert_eq!(claims.expires_us - START_US, 900_000_000);
    assert_eq!(door.refusal(door.token("TUC-0412", None), None), None);
    let other = door.refusal(door.token("TUC-0413", None), None);
    assert_eq!(other, Some(IdentityRefusal::OtherCertificate));
    // Its time is that of a token, and only a handshake gives it more.
    let token = String::new();
    session.handle_message(ClientMessage::Renew { token }, START_US + 1);
    assert!(session.is_closed() && session.refused().is_none());
    door.certify("mesa");
    let other = door.refusal(door.token("TUC-0412", None), None);
    assert_eq!(other, Some(IdentityRefusal::OtherCertificate));
}

#[test]
fn a_fresh_token_is_of_the_same_device_and_says_so_once() {
    let door = Door::new();
    let open = || door.open(door.bound(), Some(door.phone.prove(&HERE)));
    let renewed = |mut session: ServerSession, token| {
        session.handle_message(ClientMessage::Renew { token }, START_US + 1);
        let because = session.refused().map(|refusal| refusal.because);
        let mut said = std::iter::from_fn(|| session.poll());
        (
            because,
            said.any(|action| matches!(action, Action::Renewed { .. })),
        )
    };
    assert_eq!(renewed(open(), door.bound()), (None, true));
    let other = Some(DeviceKey::generate().public());
    for token in [
        door.token("TUC-0412", None),
        door.token("TUC-0412", other),
        door.token("TUC-0413", Some(door.phone.public())),
    ] {
        let refused = Some(IdentityRefusal::OtherBearer);
        assert_eq!(renewed(open(), token), (refused, false));
    }
}

#[test]
fn whoever_is_refused_is_known_to_the_log_as_far_as_they_can_be_believed() {
    let door = Door::new();
    let unproven = door.open(door.bound(), None);
    let refusal = unproven.refused().expect("it is refused");
    let claims = refusal.claims.as_ref().expect("the token is good");
    assert_eq!(claims.subject, "TUC-0412");
    assert_eq!(claims.signed_by.as_ref(), Some(door.key.key_id()));
    let forged = door.open("forged".to_owned(), None);
    let refusal = forged.refused().expect("it is refused");
    assert_eq!(refusal.claims, None);
    let mut denied = door.open(door.token("TUC-0412", None), None);
    denied.refuse(IdentityRefusal::Denied);
    denied.refuse(IdentityRefusal::NotKnown);
    let refusal = denied.refused().expect("it is refused");
    assert_eq!(refusal.because, IdentityRefusal::Denied, "the first reason");
    assert_eq!(refusal.because.go_away(), GoAway::Denied);
    let mut over = door.open(door.token("TUC-0412", None), None);
    over.handle_message(ClientMessage::Goodbye, START_US);
    over.refuse(IdentityRefusal::Denied);
    assert_eq!(over.refused(), None, "nobody is refused who has left");
}
