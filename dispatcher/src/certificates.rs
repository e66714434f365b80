//! Another certificate while sessions go on.

use quinn::Endpoint;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{StartError, transport};

/// What handshakes show from now on; sessions that are open have had theirs.
#[derive(Debug, Clone)]
pub struct Certificates {
    pub(crate) endpoints: Vec<Endpoint>,
    /// Whose client certificates are taken, which stay the same.
    pub(crate) client_authorities: Vec<CertificateDer<'static>>,
}

impl Certificates {
    /// Shows this chain, the server's own certificate first, in every handshake to come.
    ///
    /// # Errors
    /// [`StartError::Tls`] if chain and key do not fit together or cannot be used; then nothing
    /// changes.
    pub fn swap(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), StartError> {
        let config = transport::server_config(chain, key, self.client_authorities.clone())?;
        for endpoint in &self.endpoints {
            endpoint.set_server_config(Some(config.clone()));
        }
        Ok(())
    }
}
