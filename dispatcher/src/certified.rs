//! Client certificates: whose are taken, and whom they name.

use std::sync::Arc;

use protocol::Role;
use protocol::session::Certified;
use protocol::token::NAME_MAX_BYTES;
use quinn::Connection;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::StartError;

/// How the URI begins that names a bearer: `muster:coordinator/mesa/api`, `muster:operator//api`.
const SCHEME: &str = "muster:";

/// Takes certificates that one of `authorities` issued, and clients without any. Without
/// authorities none is asked for.
pub(crate) fn verifier(
    authorities: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, StartError> {
    if authorities.is_empty() {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    let failed = |what: String| StartError::Tls { what };
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        let added = roots.add(authority);
        added.map_err(|error| failed(error.to_string()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| failed(error.to_string()))
}

/// Whom the certificate names that the client showed, if it showed one that names somebody. The
/// handshake has examined it.
pub(crate) fn certified(connection: &Connection) -> Option<Certified> {
    let chain = connection.peer_identity()?;
    let chain = chain.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    let certificate = EndEntityCert::try_from(chain.first()?).ok()?;
    let mut names = certificate
        .valid_uri_names()
        .filter_map(|name| name.strip_prefix(SCHEME));
    // A certificate of two bearers is nobody's.
    let name = names.next().filter(|_| names.next().is_none())?;
    read(name)
}

/// `role/agency/subject`; only an operator may leave the agency out.
fn read(name: &str) -> Option<Certified> {
    let mut parts = name.splitn(3, '/');
    let role = match parts.next()? {
        "officer" => Role::Officer,
        "coordinator" => Role::Coordinator,
        "operator" => Role::Operator,
        "read-only" => Role::ReadOnly,
        _ => return None,
    };
    let agency = parts
        .next()
        .filter(|agency| agency.len() <= NAME_MAX_BYTES)?;
    let agency = (!agency.is_empty()).then(|| agency.to_owned());
    let subject = parts.next()?.to_owned();
    let is_named = (1..=NAME_MAX_BYTES).contains(&subject.len());
    let is_somebody = is_named && (agency.is_some() || role == Role::Operator);
    is_somebody.then_some(Certified {
        role,
        agency,
        subject,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_role_agency_and_subject() {
        let certified = |role, agency: Option<&str>, subject: &str| {
            Some(Certified {
                role,
                agency: agency.map(str::to_owned),
                subject: subject.to_owned(),
            })
        };
        let api = certified(Role::Coordinator, Some("mesa"), "api");
        assert_eq!(read("coordinator/mesa/api"), api);
        assert_eq!(
            read("operator//api/west"),
            certified(Role::Operator, None, "api/west")
        );
        assert_eq!(
            read("read-only/mesa/wall"),
            certified(Role::ReadOnly, Some("mesa"), "wall")
        );
        assert_eq!(
            read("officer/mesa/MES-0001"),
            certified(Role::Officer, Some("mesa"), "MES-0001")
        );
        let long = "x".repeat(NAME_MAX_BYTES + 1);
        for nobody in [
            "",
            "coordinator",
            "coordinator/mesa",
            "coordinator/mesa/",
            "coordinator//api",
            "chief/mesa/api",
            &format!("operator//{long}"),
            &format!("operator/{long}/api"),
        ] {
            assert_eq!(read(nobody), None, "{nobody}");
        }
    }
}
