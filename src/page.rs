//! The page on which an officer sees offers and answers them. A browser needs it from somewhere
//! else than the dispatcher, which knows nothing of HTTP but WebTransport: the port for whoever looks
//! after the server hands it out, to try the server with.

use std::net::SocketAddr;

use crate::certificate::Shown;
use crate::reach::reachable;

/// The page itself, HTML; it loads [`MODULE`] as `officer.mjs` and [`Connect`] as `connect.json`
/// from beside it.
pub const HTML: &str = include_str!("page/officer.html");

/// What the page does, an ES module.
pub const MODULE: &str = include_str!("page/officer.mjs");

/// The file at `path` of a page that connects to `address`, and what kind of file it is.
pub fn file(path: &str, address: SocketAddr, shown: &Shown) -> Option<(&'static str, String)> {
    match path {
        "/officer.html" => Some(("text/html; charset=utf-8", HTML.to_owned())),
        "/officer.mjs" => Some(("text/javascript; charset=utf-8", MODULE.to_owned())),
        "/connect.json" => {
            let connect = serde_json::to_string(&Connect::new(address, shown));
            Some(("application/json", connect.expect("two texts are JSON")))
        }
        _ => None,
    }
}

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
    /// How to connect to the server at `address`, from this machine if it listens everywhere.
    pub fn new(address: SocketAddr, shown: &Shown) -> Connect {
        let address = reachable(address);
        Connect {
            url: format!("https://{address}{}", protocol::WEB_PATH),
            // Browsers take no other certificate by its hash than one that ends within two weeks.
            certificate_sha256: shown.ends.map(|_| shown.hash.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ends: Option<jiff::Timestamp>) -> Shown {
        Shown::new("-----BEGIN CERTIFICATE-----".to_owned(), &[], ends)
    }

    #[test]
    fn a_page_names_a_certificate_by_its_hash_only_where_no_authority_does() {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 7710));
        let made_here = shown(Some(jiff::Timestamp::constant(1_795_000_000, 0)));
        let (_, text) = file("/connect.json", everywhere, &made_here).unwrap();
        let expected = format!(
            r#"{{"url":"https://127.0.0.1:7710/muster/1","certificate_sha256":"{}"}}"#,
            made_here.hash
        );
        assert_eq!(text, expected);
        let (_, text) = file("/connect.json", everywhere, &shown(None)).unwrap();
        assert!(text.ends_with(r#""certificate_sha256":null}"#), "{text}");
    }

    #[test]
    fn the_page_finds_what_it_asks_for_beside_itself() {
        let address = SocketAddr::from(([127, 0, 0, 1], 7710));
        let is_there = |name: &str| file(&format!("/{name}"), address, &shown(None)).is_some();
        assert!(HTML.contains(r#"src="officer.mjs""#) && is_there("officer.mjs"));
        assert!(MODULE.contains(r#"fetch("connect.json""#) && is_there("connect.json"));
        assert!(is_there("officer.html") && !is_there("../Cargo.toml") && !is_there(""));
    }
}
