//! Who was refused, for the log: never a name, a badge or a token.

use protocol::session::Refusal;
use ring::hmac;

/// Stands for a bearer of whom nothing can be believed.
const NOBODY: &str = "nobody";

/// Bytes of a keyed hash that stand for a bearer: enough to tell them apart in a log.
const WHO_BYTES: usize = 8;

/// Under what refusals are logged: a server logs them unless it is told otherwise.
const TARGET: &str = "muster::identity";

/// Logs that a client certificate was refused; there was no session yet.
pub(crate) fn certificate_refused() {
    let (session, who, kind) = (0_u64, NOBODY, "certificate");
    tracing::info!(target: TARGET, session, who, kind, "an identity was refused");
}

/// Makes opaque ids of bearers. The same bearer has the same id until the server ends, and nobody
/// who reads the log can tell whose it is.
pub(crate) struct Opaque(hmac::Key);

impl Opaque {
    /// With a secret of its own, which is nowhere else.
    ///
    /// # Panics
    /// The system gives no random bytes: nothing is safe then.
    pub(crate) fn new() -> Opaque {
        let random = ring::rand::SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random);
        Opaque(key.expect("the system gives random bytes"))
    }

    /// Logs that `session` was refused, and gives the id under which the log has it, which the
    /// client hears as well.
    pub(crate) fn refused(&self, session: u64, refusal: &Refusal) -> String {
        let who = self.who(refusal);
        let kind = refusal.because.kind();
        tracing::info!(target: TARGET, session, who, kind, "an identity was refused");
        // As long for every session, so that nothing on the wire depends on how many there were.
        format!("{who}-{session:016x}")
    }

    fn who(&self, refusal: &Refusal) -> String {
        let Some(claims) = &refusal.claims else {
            return NOBODY.to_owned();
        };
        let agency = claims.agency.as_deref().unwrap_or_default();
        let mut context = hmac::Context::with_key(&self.0);
        for part in [agency, &claims.subject] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        let bytes = tag.as_ref()[..WHO_BYTES].iter();
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Role;
    use protocol::session::IdentityRefusal;
    use protocol::token::Claims;

    fn refusal(subject: &str, agency: Option<&str>) -> Refusal {
        Refusal {
            because: IdentityRefusal::Denied,
            claims: Some(Claims {
                role: Role::Officer,
                subject: subject.to_owned(),
                agency: agency.map(str::to_owned),
                issued_us: 0,
                expires_us: 1,
                device: None,
                signed_by: None,
            }),
        }
    }

    #[test]
    fn an_id_is_of_one_bearer_and_tells_nothing() {
        let opaque = Opaque::new();
        let id = |subject, agency| opaque.refused(7, &refusal(subject, agency));
        let one = id("TUC-0412", Some("tucson"));
        assert_eq!(one, id("TUC-0412", Some("tucson")));
        assert_ne!(one, id("TUC-0413", Some("tucson")));
        assert_ne!(one, id("TUC-0412", Some("mesa")));
        assert_ne!(id("ab", Some("c")), id("b", Some("ca")));
        assert!(
            one.ends_with("-0000000000000007") && !one.contains("TUC"),
            "{one}"
        );
        let other = Opaque::new().refused(7, &refusal("TUC-0412", Some("tucson")));
        assert_ne!(one, other, "another server has another secret");
        let nobody = Refusal {
            because: IdentityRefusal::Unbound,
            claims: None,
        };
        assert_eq!(opaque.refused(8, &nobody), "nobody-0000000000000008");
    }
}
