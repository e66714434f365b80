//! A TLS connection that is read frame by frame.

use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::peer::{Frame, Peer};

/// Where a peer is, and how to get in.
#[derive(Clone)]
pub struct Way {
    pub peer: Peer,
    port: u16,
    connector: TlsConnector,
}

/// A connection to a peer.
pub struct Connection {
    peer: Peer,
    stream: TlsStream<TcpStream>,
    /// What has been read and is no whole frame yet.
    read: Vec<u8>,
    /// How much of it has been understood.
    at: usize,
}

/// Bytes read at once: ten messages.
const READ_LEN: usize = 4_096;

impl Way {
    /// The way to a server on this machine whose certificate is in this PEM file. Every handshake
    /// is a full one.
    pub fn new(
        peer: Peer,
        port: u16,
        certificate: &str,
    ) -> Result<Way, Box<dyn std::error::Error>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate)?)?;
        let mut config = ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Way {
            peer,
            port,
            connector,
        })
    }

    /// Connects, and says hello.
    pub async fn connect(&self, number: usize) -> io::Result<Connection> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        self.peer.before_tls(&mut stream).await?;
        let name = ServerName::try_from("localhost").expect("localhost is a name");
        let stream = self.connector.connect(name, stream).await?;
        let (peer, read) = (self.peer, Vec::new());
        let mut connection = Connection {
            peer,
            stream,
            read,
            at: 0,
        };
        connection.done(&peer.hello(number)).await?;
        Ok(connection)
    }
}

impl Connection {
    /// Sends.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next frame that matters.
    pub async fn next(&mut self) -> io::Result<Frame> {
        loop {
            while let Some((length, frame)) = self.peer.frame(&self.read[self.at..])? {
                self.at += length;
                match frame {
                    Frame::Other => {}
                    Frame::Ping => self.send(self.peer.pong()).await?,
                    frame => return Ok(frame),
                }
            }
            self.read.drain(..self.at);
            self.at = 0;
            let mut piece = [0; READ_LEN];
            let length = self.stream.read(&mut piece).await?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.read.extend_from_slice(&piece[..length]);
        }
    }

    /// Sends, and waits until it is done.
    pub async fn done(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.send(bytes).await?;
        while self.next().await? != Frame::Ready {}
        Ok(())
    }

    /// Sends, and waits for the answer.
    pub async fn answer(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.send(bytes).await?;
        loop {
            if let Frame::Answer(won) = self.next().await? {
                return Ok(won);
            }
        }
    }
}
