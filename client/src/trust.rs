//! Which server is the right one.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::BindError;

/// How every PEM block begins.
const PEM_BEGIN: &[u8] = b"-----BEGIN";

/// Which server is the right one.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The one that holds the key of exactly this certificate (PEM or DER), as `muster init`
    /// writes it. Its name and dates are not looked at: it is known by its bytes.
    Certificate(Vec<u8>),
    /// Any that shows a certificate for its name issued by one of these authorities (PEM).
    Roots(Vec<u8>),
}

/// A certificate of our own that is shown to servers that ask for one.
#[derive(Clone)]
pub struct Shown {
    /// The certificate and those that vouch for it, our own first, PEM.
    pub certificate_pem: Vec<u8>,
    /// Its private key, PEM.
    pub key_pem: Vec<u8>,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

impl Trust {
    /// TLS 1.3 with ring, this trust, our ALPN name and no early data.
    pub(crate) fn client_config(&self, shown: Option<&Shown>) -> Result<ClientConfig, BindError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|cause| unreadable(&cause))?;
        let builder = match self {
            Trust::Certificate(bytes) => {
                let pinned = Arc::new(Pinned::new(certificate(bytes)?, &provider));
                builder.dangerous().with_custom_certificate_verifier(pinned)
            }
            Trust::Roots(pem) => builder.with_root_certificates(roots(pem)?),
        };
        let mut config = match shown {
            None => builder.with_no_client_auth(),
            Some(shown) => {
                let chain: Result<Vec<_>, _> =
                    CertificateDer::pem_slice_iter(&shown.certificate_pem).collect();
                let key = PrivateKeyDer::from_pem_slice(&shown.key_pem);
                let (chain, key) = (
                    chain.map_err(|cause| unreadable(&cause))?,
                    key.map_err(|cause| unreadable(&cause))?,
                );
                let shows = builder.with_client_auth_cert(chain, key);
                shows.map_err(|cause| unreadable(&cause))?
            }
        };
        config.alpn_protocols = vec![protocol::ALPN.to_vec()];
        // An accept must never ride on early data, which can be replayed.
        config.enable_early_data = false;
        Ok(config)
    }
}

/// Accepts one certificate and no other.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pinned {
    fn new(certificate: CertificateDer<'static>, provider: &CryptoProvider) -> Pinned {
        Pinned {
            certificate,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if end_entity.as_ref() == self.certificate.as_ref() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("QUIC has no TLS 1.2".to_owned()))
    }

    /// Anybody can show the certificate; only its owner can sign with it.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn certificate(bytes: &[u8]) -> Result<CertificateDer<'static>, BindError> {
    if bytes
        .windows(PEM_BEGIN.len())
        .any(|window| window == PEM_BEGIN)
    {
        CertificateDer::from_pem_slice(bytes).map_err(|cause| unreadable(&cause))
    } else if bytes.is_empty() {
        Err(unreadable(&"it is empty"))
    } else {
        Ok(CertificateDer::from(bytes.to_vec()))
    }
}

fn roots(pem: &[u8]) -> Result<RootCertStore, BindError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|cause| unreadable(&cause))?;
        roots.add(certificate).map_err(|cause| unreadable(&cause))?;
    }
    if roots.is_empty() {
        Err(unreadable(&"it holds no certificate"))
    } else {
        Ok(roots)
    }
}

fn unreadable(cause: &dyn std::fmt::Display) -> BindError {
    BindError::Trust {
        detail: cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_at_once() {
        for trust in [
            Trust::Certificate(Vec::new()),
            Trust::Certificate(b"-----BEGIN CERTIFICATE-----\nAAAA".to_vec()),
            Trust::Roots(Vec::new()),
            Trust::Roots(b"no PEM at all".to_vec()),
        ] {
            let error = trust
                .client_config(None)
                .expect_err("nothing can be trusted");
            assert!(
                matches!(error, BindError::Trust { .. }),
                "{trust:?}: {error}"
            );
        }
    }

    #[test]
    fn a_certificate_is_taken_as_pem_and_as_der() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .expect("a certificate can be made");
        let (pem, der) = (made.cert.pem(), made.cert.der().clone());
        let key_first = format!("{}{pem}", made.signing_key.serialize_pem());
        assert_eq!(certificate(pem.as_bytes()).expect("PEM"), der);
        assert_eq!(certificate(&der).expect("DER"), der);
        assert_eq!(
            certificate(key_first.as_bytes()).expect("PEM among others"),
            der
        );
        let config = Trust::Roots(pem.into_bytes())
            .client_config(None)
            .expect("roots");
        assert!(!config.enable_early_data);
        assert_eq!(config.alpn_protocols, [protocol::ALPN]);
    }
}
