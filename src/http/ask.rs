//! Reading a page of the port, for the commands that do.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting, and each read and write, may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Bytes of the longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status, such as 200.
    pub status: u16,
    /// What it says.
    pub text: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum AskError {
    /// Nobody answers there.
    #[error("nobody answers at http://{address}: {cause}")]
    #[diagnostic(help("is the server running, and is its `http.listen` that address?"))]
    Unreachable {
        /// Where was asked.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// Somebody else answers there.
    #[error("what answers at http://{address} is no muster")]
    #[diagnostic(help("see `http.listen` in the server's configuration"))]
    Strange {
        /// Where was asked.
        address: SocketAddr,
    },
}

/// Reads one page of the server whose port is at `address`.
///
/// # Errors
/// See [`AskError`]. A page that says that something is wrong is no error.
pub fn page(address: SocketAddr, path: &str) -> Result<Page, AskError> {
    let answer = exchange(address, path);
    let answer = answer.map_err(|cause| AskError::Unreachable { address, cause })?;
    parse(&answer).ok_or(AskError::Strange { address })
}

fn exchange(address: SocketAddr, path: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    // The answer ends with the connection, so that its length need not be understood.
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

fn parse(answer: &[u8]) -> Option<Page> {
    let answer = std::str::from_utf8(answer).ok()?;
    let (head, text) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    Some(Page {
        status: status.parse().ok()?,
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_status_and_its_text() {
        let page = parse(b"HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\nnot now\n").unwrap();
        assert_eq!((page.status, page.text.as_str()), (503, "not now\n"));
        for strange in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 x\r\n\r\n",
        ] {
            assert_eq!(parse(strange.as_bytes()), None, "{strange}");
        }
    }

    #[test]
    fn nobody_there_is_said() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let error = page(address, "/healthz").unwrap_err();
        assert!(matches!(error, AskError::Unreachable { .. }), "{error:?}");
    }
}
