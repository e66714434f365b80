//! Browsers: WebTransport over HTTP/3, on the endpoint that native peers use.
//!
//! ```text
//! QUIC handshake, ALPN `h3` ─▶ SETTINGS ─▶ CONNECT: path? origin? ─▶ 200
//!        ─▶ the first stream of the page is the conversation, in JSON
//! ```
//!
//! What becomes of that stream is the business of `session`, as with a native peer's: here it is
//! only found.

use std::fmt;
use std::str::FromStr;

use quinn::{Connection, RecvStream, SendStream};
use url::Url;
use web_transport_quinn::http::{StatusCode, header};
use web_transport_quinn::proto::{ConnectRequest, Frame, VarInt};
use web_transport_quinn::{Request, ServerError, Session};

use crate::limits::{LEAVE_DEADLINE, ORIGINS_MAX};

/// The ALPN name under which browsers come.
pub(crate) const ALPN: &[u8] = web_transport_quinn::ALPN.as_bytes();

/// The web pages whose scripts may open sessions, by their origins, which are compared exactly.
/// An empty list refuses every browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// Text that names no origin, or too many.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// One of them is written in a way in which no browser would say it.
    #[error(
        "`{text}` is no origin: write it as browsers do, such as https://desk.example or \
         http://127.0.0.1:8080, without a path and without the usual port of its scheme"
    )]
    NotAnOrigin {
        /// What was written.
        text: String,
    },
    /// There are more than are compared.
    #[error("{count} origins exceed the limit of {ORIGINS_MAX}: name fewer")]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

impl Origins {
    /// Whether no page is let in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Origins {
    type Err = OriginError;

    /// Reads origins that are separated by commas; none if the text is empty.
    fn from_str(text: &str) -> Result<Origins, OriginError> {
        let written = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        let origins: Vec<String> = written.map(origin).collect::<Result<_, _>>()?;
        let count = origins.len();
        if count > ORIGINS_MAX {
            return Err(OriginError::TooMany { count });
        }
        Ok(Origins(origins))
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// `text` if a browser would say it so: what reads as a URL and is its own origin.
fn origin(text: &str) -> Result<String, OriginError> {
    let said = Url::parse(text).ok().filter(|url| {
        let of_the_web = matches!(url.scheme(), "https" | "http");
        // A star would be compared as it stands, and let nobody in.
        of_the_web && !text.contains('*') && url.origin().ascii_serialization() == text
    });
    said.map(|_| text.to_owned())
        .ok_or_else(|| OriginError::NotAnOrigin {
            text: text.to_owned(),
        })
}

/// Why a browser got no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    #[error("it asked for another path than {}", protocol::WEB_PATH)]
    Path,
    #[error("its page comes from an origin that is not among `web.origins`")]
    Origin,
    #[error("it does not speak WebTransport: {0}")]
    NotWebTransport(#[from] ServerError),
    #[error("its first stream is not one of its session")]
    Stream,
}

impl NotOpened {
    /// What the browser is told, if it asked for something.
    fn status(&self) -> Option<StatusCode> {
        match self {
            NotOpened::Path => Some(StatusCode::NOT_FOUND),
            NotOpened::Origin => Some(StatusCode::FORBIDDEN),
            NotOpened::NotWebTransport(_) | NotOpened::Stream => None,
        }
    }
}

/// The session of the browser behind `connection`, and its first stream. A browser that is refused
/// is told so; whoever calls sees to the deadline.
pub(crate) async fn open(
    connection: &Connection,
    origins: &Origins,
) -> Result<(Session, (SendStream, RecvStream)), NotOpened> {
    let request = Request::accept(connection.clone()).await?;
    if let Err(refused) = judge(&request, origins) {
        if let Some(status) = refused.status() {
            request.reject(status).await?;
            // The browser hangs up when it has read the answer.
            let _ = tokio::time::timeout(LEAVE_DEADLINE, connection.closed()).await;
        }
        return Err(refused);
    }
    let session = request.ok().await?;
    let (send, mut receive) = connection.accept_bi().await.map_err(ServerError::from)?;
    // A stream of a WebTransport session begins with its kind and the stream of the CONNECT, which
    // is the first that a client opens.
    for expected in [Frame::WEBTRANSPORT.0, VarInt::from_u32(0)] {
        let said = VarInt::read(&mut receive).await;
        if said.ok() != Some(expected) {
            return Err(NotOpened::Stream);
        }
    }
    Ok((session, (send, receive)))
}

fn judge(request: &ConnectRequest, origins: &Origins) -> Result<(), NotOpened> {
    if request.url.path() != protocol::WEB_PATH {
        return Err(NotOpened::Path);
    }
    // A page says exactly one; a program that says none is no page, and has native sessions.
    let mut said = request.headers.get_all(header::ORIGIN).iter();
    let (Some(one), None) = (said.next(), said.next()) else {
        return Err(NotOpened::Origin);
    };
    let is_allowed = origins.0.iter().any(|allowed| allowed.as_bytes() == one);
    is_allowed.then_some(()).ok_or(NotOpened::Origin)
}

#[cfg(test)]
mod tests {
    use web_transport_quinn::http::HeaderValue;

    use super::*;

    fn request(path: &str, origins: &[&'static str]) -> ConnectRequest {
        let url = format!("https://127.0.0.1:7710{path}");
        origins.iter().fold(
            ConnectRequest::new(Url::parse(&url).expect("a URL")),
            |request, origin| request.with_header(header::ORIGIN, HeaderValue::from_static(origin)),
        )
    }

    fn status(path: &str, said: &[&'static str], allowed: &str) -> u16 {
        let judged = judge(&request(path, said), &allowed.parse().expect("origins"));
        let refused = judged.err().and_then(|refused| refused.status());
        refused.unwrap_or(StatusCode::OK).as_u16()
    }

    #[test]
    fn only_the_pages_of_the_list_are_let_in() {
        const DESK: &str = "https://desk.example";
        const PATH: &str = protocol::WEB_PATH;
        let allowed = "http://127.0.0.1:8080, https://desk.example";
        assert_eq!(status(PATH, &[DESK], allowed), 200);
        assert_eq!(status(PATH, &["http://127.0.0.1:8080"], allowed), 200);
        for other in [
            "https://desk.example.evil.example",
            "https://evil-desk.example",
            "https://sub.desk.example",
            "http://desk.example",
            "https://desk.example:444",
            "https://DESK.example",
            "null",
            "",
        ] {
            assert_eq!(status(PATH, &[other], allowed), 403, "{other}");
        }
        assert_eq!(status(PATH, &[], allowed), 403, "no page says no origin");
        assert_eq!(status(PATH, &[DESK, DESK], allowed), 403, "nor two");
        assert_eq!(status(PATH, &[DESK], ""), 403, "an empty list");
        for path in ["/", "/muster", "/muster/1/", "/muster/2"] {
            assert_eq!(status(path, &[DESK], allowed), 404, "{path}");
        }
    }

    #[test]
    fn what_no_browser_would_say_is_refused_when_it_is_configured() {
        for wrong in [
            "*",
            "https://*.example",
            "null",
            "desk.example",
            "https://desk.example/",
            "https://desk.example:443",
            "https://Desk.example",
            "https://user@desk.example",
            "ftp://desk.example",
            "file:///",
            "https://a.example https://b.example",
        ] {
            let error = wrong.parse::<Origins>().expect_err("no origin");
            let text = wrong.to_owned();
            assert_eq!(error, OriginError::NotAnOrigin { text });
        }
        let many = vec!["https://desk.example"; ORIGINS_MAX + 1].join(",");
        let count = ORIGINS_MAX + 1;
        assert_eq!(many.parse::<Origins>(), Err(OriginError::TooMany { count }));
        let text = "https://desk.example, http://[::1]:8080";
        assert_eq!(text.parse::<Origins>().expect("origins").to_string(), text);
    }
}
