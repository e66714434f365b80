//! The certificate while the server runs: files that change are taken up, and one made here is
//! renewed before it ends, without a session noticing.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use dispatcher::{Certificates, StartError};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use tokio::sync::watch;

use crate::access::{Access, AccessError, Announced};
use crate::clock::now_us;
use crate::config::Config;
use crate::identity::{self, Identity, IdentityError, Loaded};

/// How often the files are looked at.
pub const LOOK_PERIOD: Duration = Duration::from_secs(2);

/// What clients are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The certificate chain as PEM, which native clients pin.
    pub pem: String,
    /// The hash of the server's own certificate, by which a page names it.
    pub hash: CertificateHash,
    /// When it ends; known only of certificates made here, and a browser takes only those by hash.
    pub ends: Option<Timestamp>,
}

impl Shown {
    /// What clients are shown of a chain with the server's own certificate first.
    pub fn new(pem: String, chain: &[CertificateDer<'_>], ends: Option<Timestamp>) -> Shown {
        let own = chain.first().map_or(&[][..], |own| own.as_ref());
        let hash = CertificateHash::of(own);
        Shown { pem, hash, ends }
    }
}

/// SHA-256 of a certificate's DER form, as `serverCertificateHashes` of a browser wants it; shown
/// as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateHash(pub [u8; 32]);

impl CertificateHash {
    /// The hash of a certificate in DER form.
    pub fn of(der: &[u8]) -> CertificateHash {
        CertificateHash(bytes(&digest(&SHA256, der)))
    }
}

impl std::fmt::Display for CertificateHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why files that changed were not taken up.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// A file cannot be read, or is not what it should be.
    #[error("{0}; the certificate before them stays in use")]
    Files(#[from] IdentityError),
    /// Certificate and key do not fit together, or cannot be used.
    #[error("{0}; put a certificate and its own key in place, until then those before are used")]
    Unusable(#[from] StartError),
    /// They were taken up, and other commands of this user could not be told.
    #[error("they are in use, but other commands of this user still trust those before: {0}")]
    NotAnnounced(#[from] AccessError),
}

/// Everything that has to hear of another certificate.
pub struct Watch {
    /// The two files.
    pub files: Files,
    /// What the next handshakes show.
    pub certificates: Certificates,
    /// What this process says it shows.
    pub shown: watch::Sender<Shown>,
    /// What other commands of this user are told of the server.
    pub access: Access,
    /// Where they are told so, as long as this lives.
    pub announced: Announced,
}

impl Watch {
    /// Looks at the files until the other end of `asked` is gone. Who sends there wants a look at
    /// once, and what is found taken as it is.
    pub fn run(mut self, asked: &Receiver<()>) {
        loop {
            let is_whole = match asked.recv_timeout(LOOK_PERIOD) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let now = Timestamp::from_microsecond(now_us()).unwrap_or_default();
            match self.look(now, is_whole) {
                Ok(()) => {}
                Err(error) => tracing::warn!(
                    %error,
                    "the files of the certificate have changed, and not all is well"
                ),
            }
        }
    }

    fn look(&mut self, now: Timestamp, is_whole: bool) -> Result<(), NotTaken> {
        let Some(found) = self.files.look(now, is_whole)? else {
            return Ok(());
        };
        let new = Shown::new(found.pem, &found.chain, found.ends);
        self.certificates.swap(found.chain, found.key)?;
        tracing::info!(sha256 = %new.hash, "another certificate is shown from now on");
        self.access.certificate_pem.clone_from(&new.pem);
        self.shown.send_replace(new);
        self.announced.replace(&self.access).map_err(NotTaken::from)
    }
}

/// The files of certificate and key, and what is known of them.
#[derive(Debug)]
pub struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// What is in use, or was found unusable: nothing is said or done twice about it.
    known: Mark,
    /// What the last look found. Two files do not change at once, so a change counts when two
    /// looks have found the same.
    last: Mark,
}

/// Tells contents of the two files from others.
type Mark = [u8; 32];

impl Files {
    /// The files that `identity` was loaded from.
    pub fn new(config: &Config, identity: &Identity) -> Files {
        let known = mark(&identity.certificate_pem, identity.key.secret_der());
        Files {
            certificate: config.certificate_path(),
            key: config.certificate_key_path(),
            known,
            last: known,
        }
    }

    /// What the files hold, if it is new, and whole or `is_whole` says so.
    fn look(&mut self, now: Timestamp, is_whole: bool) -> Result<Option<Loaded>, IdentityError> {
        let found = self.load(now);
        let new = match &found {
            Ok(found) => mark(&found.pem, found.key.secret_der()),
            Err(error) => mark(&error.to_string(), &[]),
        };
        let is_seen = std::mem::replace(&mut self.last, new) == new;
        if new == self.known || !(is_seen || is_whole) {
            return Ok(None);
        }
        self.known = new;
        found.map(Some)
    }

    fn load(&self, now: Timestamp) -> Result<Loaded, IdentityError> {
        let found = identity::load_certificate(&self.certificate, &self.key)?;
        if !found.ends_soon(now) {
            return Ok(found);
        }
        identity::make_certificate(now)?.write(&self.certificate, &self.key)?;
        identity::load_certificate(&self.certificate, &self.key)
    }
}

fn mark(text: &str, key: &[u8]) -> Mark {
    let mut both = ring::digest::Context::new(&SHA256);
    both.update(digest(&SHA256, text.as_bytes()).as_ref());
    both.update(key);
    bytes(&both.finish())
}

fn bytes(digest: &ring::digest::Digest) -> [u8; 32] {
    let bytes = digest.as_ref().try_into();
    bytes.expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::scratch::Scratch;

    const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn config(scratch: &Scratch) -> Config {
        Config {
            data_dir: scratch.path().to_owned(),
            ..Config::default()
        }
    }

    fn files(scratch: &Scratch) -> (Files, Identity) {
        let identity = Identity::load_or_make(&config(scratch), NOW).unwrap();
        (Files::new(&config(scratch), &identity), identity)
    }

    fn replace(files: &Files) {
        let made = identity::make_certificate(NOW).unwrap();
        made.write(&files.certificate, &files.key).unwrap();
    }

    fn hash(pem: &str) -> CertificateHash {
        let chain = identity::certificates(pem).unwrap();
        Shown::new(pem.to_owned(), &chain, None).hash
    }

    #[test]
    fn a_change_counts_when_two_looks_have_found_it() {
        let scratch = Scratch::new();
        let (mut files, before) = files(&scratch);
        assert!(files.look(NOW, true).unwrap().is_none(), "nothing is new");
        replace(&files);
        assert!(files.look(NOW, false).unwrap().is_none(), "it may be half");
        replace(&files);
        assert!(files.look(NOW, false).unwrap().is_none(), "it still moves");
        let found = files.look(NOW, false).unwrap().unwrap();
        assert_ne!(hash(&found.pem), hash(&before.certificate_pem));
        assert!(files.look(NOW, true).unwrap().is_none(), "it is in use");
    }

    #[test]
    fn who_asks_gets_the_change_at_once() {
        let scratch = Scratch::new();
        let (mut files, _) = files(&scratch);
        replace(&files);
        assert!(files.look(NOW, true).unwrap().is_some());
    }

    #[test]
    fn an_unusable_file_is_said_once_and_forgotten_when_it_is_mended() {
        let scratch = Scratch::new();
        let (mut files, before) = files(&scratch);
        fs::write(&files.certificate, "no certificate").unwrap();
        let error = files.look(NOW, true).unwrap_err();
        assert!(matches!(error, IdentityError::NotPem { .. }), "{error:?}");
        assert!(files.look(NOW, true).unwrap().is_none(), "it was said");
        fs::write(&files.certificate, &before.certificate_pem).unwrap();
        let found = files.look(NOW, true).unwrap().unwrap();
        assert_eq!(found.pem, before.certificate_pem);
    }

    #[test]
    fn one_made_here_is_renewed_before_it_ends() {
        let scratch = Scratch::new();
        let (mut files, before) = files(&scratch);
        let later = before.certificate_ends.unwrap() - jiff::SignedDuration::from_hours(1);
        assert!(files.look(later, false).unwrap().is_none());
        let renewed = files.look(later, false).unwrap().unwrap();
        assert!(renewed.ends > before.certificate_ends);
        assert!(files.look(later, false).unwrap().is_none());
    }

    #[test]
    fn a_hash_is_that_of_the_certificate_in_der_form() {
        let none = CertificateHash::of(b"").to_string();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(none, empty);
    }
}
