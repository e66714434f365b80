//! The port for whoever looks after a server: `/metrics`, `/healthz` and `/readyz` over HTTP/1.1,
//! and `/officer.html` to try it with, where pages may open sessions.
//!
//! It answers small questions of a few readers on this machine, one to a connection. It knows no
//! names, no rules of the trade and no way to change anything.

mod ask;
mod metrics;
mod overview;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::config;

pub use ask::{AskError, Page, page};
pub use overview::{NotReady, Overview, Serving};

/// Connections that are answered at once; the next wait in the system's queue.
const CONNECTIONS_MAX: usize = 16;

/// How long one connection may take, from its first byte to its last.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(5);

/// Bytes of a request that are held, its head above all: a body is never read.
const REQUEST_BYTES_MAX: usize = 8 << 10;

/// The wait after a connection could not be taken, as when there are no descriptors left.
const TAKE_AGAIN: Duration = Duration::from_millis(100);

const TEXT: &str = "text/plain; charset=utf-8";

/// An open port; it closes with this value.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Why the port cannot be opened.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum PortError {
    /// Other machines would reach it.
    #[error("http.listen is {address}, which other machines reach")]
    #[diagnostic(help(
        "listen on 127.0.0.1, or say `http.exposed = \"yes\"` if a firewall or a proxy stands \
         before it: it has no password and no encryption"
    ))]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// The address is taken, or not this machine's.
    #[error("cannot listen on tcp {address}: {cause}")]
    #[diagnostic(help("name another port with `http.listen`, or \"\" for none"))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
}

impl Port {
    /// Opens the port that the configuration names, if it names one, and answers from `overview`.
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// See [`PortError`].
    pub async fn open(
        config: config::Http,
        overview: Arc<Overview>,
    ) -> Result<Option<Port>, PortError> {
        let Some(address) = config.listen else {
            return Ok(None);
        };
        refuse_exposed(config)?;
        let failed = |cause| PortError::Bind { address, cause };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let task = tokio::spawn(answer_all(listener, config, overview));
        Ok(Some(Port { address, task }))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether the configured address is one that may be listened on.
///
/// # Errors
/// [`PortError::Exposed`] if other machines would reach it and nobody said that they may.
pub fn refuse_exposed(config: config::Http) -> Result<(), PortError> {
    match config.listen {
        Some(address) if !address.ip().is_loopback() && !config.exposed => {
            Err(PortError::Exposed { address })
        }
        _ => Ok(()),
    }
}

async fn answer_all(listener: TcpListener, config: config::Http, overview: Arc<Overview>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let overview = Arc::clone(&overview);
                tokio::spawn(async move {
                    let answered = answer_one(stream, config, overview);
                    if tokio::time::timeout(CONNECTION_DEADLINE, answered)
                        .await
                        .is_err()
                    {
                        tracing::debug!("a reader of the HTTP port was too slow");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the HTTP port could not be taken");
                tokio::time::sleep(TAKE_AGAIN).await;
            }
        }
    }
}

async fn answer_one(stream: TcpStream, config: config::Http, overview: Arc<Overview>) {
    let answer = service_fn(|request: Request<Incoming>| {
        let overview = Arc::clone(&overview);
        async move { Ok::<_, Infallible>(answer(&request, config, overview).await) }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(REQUEST_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the HTTP port broke");
    }
}

async fn answer(
    request: &Request<Incoming>,
    config: config::Http,
    overview: Arc<Overview>,
) -> Response<Full<Bytes>> {
    if !config.exposed && !names_this_machine(request.headers().get(HOST)) {
        let ask_for = "ask for 127.0.0.1 or localhost, or set http.exposed\n";
        return response(StatusCode::MISDIRECTED_REQUEST, TEXT, ask_for.into());
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".into());
    }
    match request.uri().path() {
        "/healthz" => response(StatusCode::OK, TEXT, "alive\n".into()),
        "/readyz" => match overview.ready() {
            Ok(()) => response(StatusCode::OK, TEXT, "ready\n".into()),
            Err(why) => response(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
        },
        // It looks at the log's folder, and a disk may take its time.
        "/metrics" => match tokio::task::spawn_blocking(move || metrics::text(overview)).await {
            Ok(text) => response(StatusCode::OK, metrics::CONTENT_TYPE, text),
            Err(error) => {
                tracing::error!(%error, "the metrics could not be written");
                let sorry = "the metrics could not be written\n";
                response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, sorry.into())
            }
        },
        path => {
            if let Some((kind, text)) = page_file(path, &overview) {
                return response(StatusCode::OK, kind, text);
            }
            let there_is = "there is /metrics, /healthz and /readyz\n";
            response(StatusCode::NOT_FOUND, TEXT, there_is.into())
        }
    }
}

/// Whether a request came by an address or by this machine's own name. A page of the web that makes
/// its name point here would read the port through a browser on this machine; it cannot have the
/// browser say another name than its own. Whoever says none is no browser.
fn names_this_machine(host: Option<&HeaderValue>) -> bool {
    let Some(host) = host else { return true };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    let name = authority.host();
    let literal = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || literal.parse::<IpAddr>().is_ok()
}

/// A file of the officers' page, where pages may open sessions at all.
fn page_file(path: &str, overview: &Overview) -> Option<(&'static str, String)> {
    let serving = overview.serving()?;
    crate::page::file(path, serving.web?, &serving.certificate.borrow())
}

fn response(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let never = HeaderValue::from_static("no-store");
    headers.insert(CACHE_CONTROL, never);
    response
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn any_port() -> config::Http {
        config::Http {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            exposed: false,
        }
    }

    fn opened() -> (tokio::runtime::Runtime, Port) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let port = runtime.block_on(Port::open(any_port(), Arc::new(Overview::new())));
        let port = port.unwrap().unwrap();
        (runtime, port)
    }

    #[test]
    fn before_the_log_is_read_the_server_is_alive_and_not_ready() {
        let (_runtime, port) = opened();
        let alive = page(port.address(), "/healthz").unwrap();
        assert_eq!((alive.status, alive.text.as_str()), (200, "alive\n"));
        let ready = page(port.address(), "/readyz").unwrap();
        assert_eq!(ready.status, 503);
        assert!(ready.text.contains("log"), "{}", ready.text);
        let metrics = page(port.address(), "/metrics").unwrap();
        assert!(metrics.text.contains("\nmuster_ready 0\n"), "{metrics:?}");
        assert_eq!(page(port.address(), "/").unwrap().status, 404);
    }

    fn say(port: &Port, request: &str) -> String {
        let mut stream = std::net::TcpStream::connect(port.address()).unwrap();
        // A server that has had enough may close before everything is written.
        let _ = stream.write_all(request.as_bytes());
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        String::from_utf8(heard).unwrap()
    }

    #[test]
    fn a_page_that_makes_its_name_point_here_reads_nothing() {
        let (runtime, port) = opened();
        let mut config = any_port();
        config.exposed = true;
        let exposed = runtime.block_on(Port::open(config, Arc::new(Overview::new())));
        let exposed = exposed.unwrap().unwrap();
        let asks = |port, host: &str| {
            let request = format!("GET /healthz HTTP/1.1\r\n{host}connection: close\r\n\r\n");
            let heard = say(port, &request);
            heard.split(' ').nth(1).unwrap_or_default().to_owned()
        };
        let own = [
            "localhost",
            "LocalHost:9464",
            "127.0.0.1:9464",
            "[::1]:9464",
        ];
        for host in own {
            assert_eq!(asks(&port, &format!("host: {host}\r\n")), "200", "{host}");
        }
        assert_eq!(asks(&port, ""), "200", "whoever says none is no browser");
        let others = [
            "rebound.example",
            "localhost.example:9464",
            "127.0.0.1.example",
            "",
        ];
        for host in others {
            let header = format!("host: {host}\r\n");
            assert_eq!(asks(&port, &header), "421", "{host}");
            assert_eq!(asks(&exposed, &header), "200", "{host}");
        }
    }

    #[test]
    fn only_reading_is_answered_and_a_long_request_is_not() {
        let (_runtime, port) = opened();
        let said = |request: &str| say(&port, request);
        let post = said("POST /metrics HTTP/1.1\r\nhost: [::1]\r\ncontent-length: 0\r\n\r\n");
        assert!(post.starts_with("HTTP/1.1 405"), "{post}");
        let long = "a".repeat(2 * REQUEST_BYTES_MAX);
        let long = said(&format!("GET /healthz HTTP/1.1\r\nx: {long}\r\n\r\n"));
        assert!(!long.starts_with("HTTP/1.1 200"), "{long}");
    }

    #[tokio::test]
    async fn readers_who_say_nothing_hold_the_port_no_longer_than_their_time() {
        let port = Port::open(any_port(), Arc::new(Overview::new())).await;
        let address = port.as_ref().unwrap().as_ref().unwrap().address();
        let asked = || tokio::task::spawn_blocking(move || page(address, "/healthz"));
        let mut silent = Vec::new();
        for _ in 1..CONNECTIONS_MAX {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let alive = asked().await.unwrap().unwrap();
        assert_eq!(alive.status, 200, "one place is left");
        silent.push(TcpStream::connect(address).await.unwrap());
        let waiting = asked();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!waiting.is_finished(), "no place is left");
        tokio::time::pause();
        tokio::time::advance(CONNECTION_DEADLINE).await;
        tokio::time::resume();
        assert_eq!(waiting.await.unwrap().unwrap().status, 200);
    }

    #[test]
    fn an_address_that_others_reach_must_be_asked_for() {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 9464));
        let mut config = config::Http {
            listen: Some(everywhere),
            exposed: false,
        };
        let refused = refuse_exposed(config).unwrap_err();
        assert!(matches!(refused, PortError::Exposed { address } if address == everywhere));
        config.exposed = true;
        assert!(refuse_exposed(config).is_ok() && refuse_exposed(any_port()).is_ok());
    }

    #[test]
    fn a_taken_port_is_named_and_no_port_is_none() {
        let (runtime, port) = opened();
        let mut config = any_port();
        config.listen = Some(port.address());
        let open = |config| runtime.block_on(Port::open(config, Arc::new(Overview::new())));
        let error = open(config).unwrap_err();
        assert!(matches!(error, PortError::Bind { address, .. } if address == port.address()));
        config.listen = None;
        assert!(open(config).unwrap().is_none());
    }
}
