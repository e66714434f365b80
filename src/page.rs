//! The page on which an officer sees offers and answers them. A browser needs it from somewhere
//! else than the dispatcher, which knows nothing of HTTP but WebTransport.

use crate::certificate::Shown;

/// The page itself, HTML; it loads [`MODULE`] as `officer.mjs` and [`Connect`] as `connect.json`
/// from beside it.
pub const HTML: &str = include_str!("page/officer.html");

/// What the page does, an ES module.
pub const MODULE: &str = include_str!("page/officer.mjs");

/// Where the page connects to, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Connect {
    /// The address of the WebTransport session.
    pub url: String,
    /// The certificate that the browser is to trust, by the SHA-256 of its DER form in hexadecimal
    /// digits; none where an authority vouches for it.
    pub certificate_sha256: Option<String>,
}

impl Connect {
    /// How to connect to the server at `host`, such as `127.0.0.1:7710`.
    pub fn new(host: &str, shown: &Shown) -> Connect {
        Connect {
            url: format!("https://{host}{}", protocol::WEB_PATH),
            // Browsers take no other certificate by its hash than one that ends within two weeks.
            certificate_sha256: shown.ends.map(|_| shown.hash.to_string()),
        }
    }
}
