//! Who the server is and whose tokens it believes: certificate, its key, the signing key.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use protocol::token::{DeviceKey, KeyTextError, SigningKey, VerifyingKey};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificate::CertificateHash;
use crate::config::Config;
use crate::private_file::{self, PrivateFileError};

/// How long a certificate made here lasts, in days. Browsers take one that they know by its hash
/// for up to 14.
pub const CERTIFICATE_DAYS: u64 = 10;

/// A certificate made here is replaced when it ends within so many hours.
pub const RENEW_BEFORE_HOURS: i64 = 24;

/// How far the clocks of clients may be behind ours, in hours.
const CLOCK_SLACK_HOURS: u64 = 1;

/// Names a certificate made here is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The line before a certificate made here; PEM readers pass over it.
const MARK: &str = "made by muster, valid until ";

/// Everything a server needs to prove who it is.
#[derive(Debug)]
pub struct Identity {
    /// The certificate chain as PEM, which clients pin.
    pub certificate_pem: String,
    /// The certificate chain, the server's own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key of the certificate.
    pub key: PrivateKeyDer<'static>,
    /// Whose client certificates are taken.
    pub client_authorities: Vec<CertificateDer<'static>>,
    /// Issues session tokens.
    pub signing_key: SigningKey,
    /// A key whose tokens are good besides, if there is one.
    pub previous_key: Option<VerifyingKey>,
    /// When the certificate ends; known only of those made here.
    pub certificate_ends: Option<Timestamp>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum IdentityError {
    /// A file cannot be read or written, or others may read it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] PrivateFileError),
    /// One of certificate and key is there and the other is not.
    #[error("{} is there, but {} is not", present.display(), missing.display())]
    #[diagnostic(help("put both in place, or remove both and let `muster init` make them"))]
    Half {
        /// The one that exists.
        present: PathBuf,
        /// The one that does not.
        missing: PathBuf,
    },
    /// A file that the configuration names does not exist.
    #[error("{} does not exist, but {named_by} names it", path.display())]
    #[diagnostic(help(
        "put the file in place, or take `{named_by}` out of the configuration: then it is made in \
         the data folder"
    ))]
    Missing {
        /// The file.
        path: PathBuf,
        /// The key of the configuration.
        named_by: &'static str,
    },
    /// A file is not what it should be.
    #[error("{} holds no {wanted} in PEM form", path.display())]
    #[diagnostic(help(
        "`tls.certificate` is the chain, `tls.key` the private key (PKCS #8, SEC1)"
    ))]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A file is not a signing key.
    #[error("{} is not a signing key: {cause}", path.display())]
    #[diagnostic(help(
        "`muster init --force` makes a new one; tokens signed with the old one then end"
    ))]
    NotSigningKey {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: KeyTextError,
    },
    /// A file is not the key of a device.
    #[error("{} is not the key of a device: {cause}", path.display())]
    #[diagnostic(help("`muster token device-key FILE` makes a new one; bind a new token to it"))]
    NotDeviceKey {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: KeyTextError,
    },
    /// The operating system or the cryptography refused to make a certificate.
    #[error("cannot make a certificate: {0}")]
    #[diagnostic(help("name one made elsewhere with `tls.certificate` and `tls.key`"))]
    NotMade(#[from] rcgen::Error),
    /// The file holds no secret for lotteries.
    #[error("{} holds no secret: 64 hexadecimal digits", path.display())]
    #[diagnostic(help("restore it from a backup; without it, open lotteries draw no lots"))]
    NotLotterySecret {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for the secret of lotteries")]
    #[diagnostic(help("see that this process may use the system's random numbers"))]
    NoRandomness,
}

impl Identity {
    /// Loads what the configuration names. In the data folder, what is missing is made, and a
    /// certificate made here that ends soon is replaced.
    ///
    /// # Errors
    /// A file is missing, malformed or readable by others; see [`IdentityError`].
    pub fn load_or_make(config: &Config, now: Timestamp) -> Result<Identity, IdentityError> {
        private_file::make_folder(&config.data_dir)?;
        let (certificate_path, key_path) =
            (config.certificate_path(), config.certificate_key_path());
        if !exists(&certificate_path) && !exists(&key_path) {
            named_files_exist(&[
                ("tls.certificate", config.tls.certificate.as_deref()),
                ("tls.key", config.tls.key.as_deref()),
            ])?;
            make_certificate(now)?.write(&certificate_path, &key_path)?;
        }
        let mut loaded = load_certificate(&certificate_path, &key_path)?;
        if loaded.ends_soon(now) {
            make_certificate(now)?.write(&certificate_path, &key_path)?;
            loaded = load_certificate(&certificate_path, &key_path)?;
        }
        let token_key_path = config.token_key_path();
        if !exists(&token_key_path) {
            named_files_exist(&[("tokens.key", config.tokens.key.as_deref())])?;
            private_file::write(&token_key_path, &SigningKey::generate().to_text())?;
        }
        let client_ca = config.tls.client_ca.as_deref();
        let client_authorities = client_ca.map(load_authorities).transpose()?;
        let signing_key = load_signing_key(&token_key_path)?;
        let previous = config.tokens.previous.as_deref();
        let previous_key = previous.map(load_verifying_key).transpose()?;
        Ok(Identity {
            certificate_pem: loaded.pem,
            chain: loaded.chain,
            key: loaded.key,
            client_authorities: client_authorities.unwrap_or_default(),
            signing_key,
            previous_key,
            certificate_ends: loaded.ends,
        })
    }
}

/// Reads a signing key, which must be its owner's alone.
///
/// # Errors
/// The file is missing, malformed or readable by others.
pub fn load_signing_key(path: &Path) -> Result<SigningKey, IdentityError> {
    let text = private_file::read(path)?;
    SigningKey::from_text(&text).map_err(|cause| IdentityError::NotSigningKey {
        path: path.to_owned(),
        cause,
    })
}

fn load_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let pem = private_file::read_public(path)?;
    certificates(&pem).ok_or_else(|| IdentityError::NotPem {
        path: path.to_owned(),
        wanted: "certificate",
    })
}

/// Reads the half of a key that verifies; the file may hold the other half as well.
fn load_verifying_key(path: &Path) -> Result<VerifyingKey, IdentityError> {
    let text = private_file::read_public(path)?;
    VerifyingKey::from_text(&text).map_err(|cause| IdentityError::NotSigningKey {
        path: path.to_owned(),
        cause,
    })
}

/// Reads the key of a device, which must be its owner's alone.
///
/// # Errors
/// The file is missing, malformed or readable by others.
pub fn load_device_key(path: &Path) -> Result<DeviceKey, IdentityError> {
    let text = private_file::read(path)?;
    DeviceKey::from_text(&text).map_err(|cause| IdentityError::NotDeviceKey {
        path: path.to_owned(),
        cause,
    })
}

/// The secret behind the seeds of lotteries, which must be its owner's alone; made if it is missing.
///
/// # Errors
/// The file cannot be read or written, is readable by others, or holds something else.
pub fn lottery_secret(path: &Path) -> Result<[u8; 32], IdentityError> {
    if !exists(path) {
        let random = ring::rand::generate::<[u8; 32]>(&ring::rand::SystemRandom::new());
        let random = random.map_err(|_| IdentityError::NoRandomness)?.expose();
        let text = random.iter().map(|byte| format!("{byte:02x}"));
        private_file::write(path, &text.collect::<String>())?;
    }
    let text = private_file::read(path)?;
    let digits: Vec<u32> = text.trim().chars().filter_map(|c| c.to_digit(16)).collect();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | *digit as u8))
        .collect();
    let is_whole = text.trim().len() == 64 && digits.len() == 64;
    let secret = bytes.try_into().ok().filter(|_| is_whole);
    secret.ok_or_else(|| IdentityError::NotLotterySecret {
        path: path.to_owned(),
    })
}

/// A certificate made here with its key.
pub struct Made {
    /// By which a page names the certificate.
    pub hash: CertificateHash,
    certificate_pem: String,
    key_pem: String,
}

impl Made {
    /// Writes both files in place of any others.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, certificate: &Path, key: &Path) -> Result<(), IdentityError> {
        private_file::write(key, &self.key_pem)?;
        private_file::write_public(certificate, &self.certificate_pem)?;
        Ok(())
    }
}

/// Makes a self-signed certificate for this machine: ECDSA on P-256, [`CERTIFICATE_DAYS`] long.
///
/// # Errors
/// The operating system gives no randomness.
pub fn make_certificate(now: Timestamp) -> Result<Made, IdentityError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "muster");
    params.distinguished_name = name;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let slack = Duration::from_secs(CLOCK_SLACK_HOURS * 3_600);
    let life = Duration::from_secs(CERTIFICATE_DAYS * 24 * 3_600);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since = Duration::from_secs(now.as_second().unsigned_abs());
    // The slack is taken from the life, so that it stays within what browsers take.
    params.not_before = epoch + since.saturating_sub(slack);
    params.not_after = epoch + since + life - slack;
    let ends = now.as_second().unsigned_abs() + (life - slack).as_secs();
    let ends = Timestamp::from_second(ends.cast_signed()).unwrap_or(Timestamp::MAX);
    let certificate = params.self_signed(&key)?;
    Ok(Made {
        hash: CertificateHash::of(certificate.der()),
        certificate_pem: format!("{MARK}{ends}\n{}", certificate.pem()),
        key_pem: key.serialize_pem(),
    })
}

/// When a certificate made here ends; none if it was made elsewhere.
pub fn certificate_ends(pem: &str) -> Option<Timestamp> {
    pem.lines()
        .find_map(|line| line.strip_prefix(MARK))?
        .parse()
        .ok()
}

/// A certificate with its key, as two files hold them.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) pem: String,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    /// Known only of certificates made here.
    pub(crate) ends: Option<Timestamp>,
}

impl Loaded {
    /// Whether it was made here and has to be replaced.
    pub(crate) fn ends_soon(&self, now: Timestamp) -> bool {
        let soon = now + jiff::SignedDuration::from_hours(RENEW_BEFORE_HOURS);
        self.ends.is_some_and(|ends| ends < soon)
    }
}

/// Reads both files; the key must be its owner's alone.
pub(crate) fn load_certificate(certificate: &Path, key: &Path) -> Result<Loaded, IdentityError> {
    let half = |present: &Path, missing: &Path| IdentityError::Half {
        present: present.to_owned(),
        missing: missing.to_owned(),
    };
    match (exists(certificate), exists(key)) {
        (true, false) => return Err(half(certificate, key)),
        (false, true) => return Err(half(key, certificate)),
        _ => {}
    }
    let pem = private_file::read_public(certificate)?;
    let chain = certificates(&pem).ok_or_else(|| IdentityError::NotPem {
        path: certificate.to_owned(),
        wanted: "certificate",
    })?;
    let key_pem = private_file::read(key)?;
    let key_der = PrivateKeyDer::from_pem_slice(key_pem.as_bytes());
    let key = key_der.map_err(|_| IdentityError::NotPem {
        path: key.to_owned(),
        wanted: "private key",
    })?;
    let ends = certificate_ends(&pem);
    Ok(Loaded {
        pem,
        chain,
        key,
        ends,
    })
}

/// The certificates of a PEM text; none if there is none, or one is malformed.
pub fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    chain.ok().filter(|chain| !chain.is_empty())
}

fn named_files_exist(named: &[(&'static str, Option<&Path>)]) -> Result<(), IdentityError> {
    for (named_by, path) in named {
        if let Some(path) = path.filter(|path| !exists(path)) {
            return Err(IdentityError::Missing {
                path: path.to_owned(),
                named_by,
            });
        }
    }
    Ok(())
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::scratch::Scratch;

    const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn config(scratch: &Scratch) -> Config {
        Config {
            data_dir: scratch.path().join("data"),
            ..Config::default()
        }
    }

    fn days(days: i64) -> jiff::SignedDuration {
        jiff::SignedDuration::from_hours(24 * days)
    }

    #[test]
    fn what_is_made_is_loaded_again() {
        let scratch = Scratch::new();
        let first = Identity::load_or_make(&config(&scratch), NOW).unwrap();
        let again = Identity::load_or_make(&config(&scratch), NOW).unwrap();
        assert_eq!(first.certificate_pem, again.certificate_pem);
        assert_eq!(first.chain.len(), 1);
        assert_eq!(first.signing_key.key_id(), again.signing_key.key_id());
        let ends = first.certificate_ends.unwrap();
        assert!(ends > NOW + days(9) && ends < NOW + days(10), "{ends}");
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(config(&scratch).data_dir), 0o700);
        assert_eq!(mode(config(&scratch).token_key_path()), 0o600);
        assert_eq!(mode(config(&scratch).certificate_key_path()), 0o600);
    }

    #[test]
    fn a_certificate_that_ends_soon_is_replaced_and_the_signing_key_is_not() {
        let scratch = Scratch::new();
        let first = Identity::load_or_make(&config(&scratch), NOW).unwrap();
        let kept = Identity::load_or_make(&config(&scratch), NOW + days(8)).unwrap();
        assert_eq!(first.certificate_pem, kept.certificate_pem);
        let renewed = Identity::load_or_make(&config(&scratch), NOW + days(9)).unwrap();
        assert_ne!(first.certificate_pem, renewed.certificate_pem);
        assert_eq!(first.signing_key.key_id(), renewed.signing_key.key_id());
    }

    #[test]
    fn a_certificate_from_elsewhere_is_left_alone() {
        let scratch = Scratch::new();
        let config = config(&scratch);
        Identity::load_or_make(&config, NOW).unwrap();
        let pem = fs::read_to_string(config.certificate_path()).unwrap();
        let unmarked = pem.split_once('\n').unwrap().1;
        fs::write(config.certificate_path(), unmarked).unwrap();
        let later = Identity::load_or_make(&config, NOW + days(100)).unwrap();
        assert_eq!(
            (later.certificate_pem.as_str(), later.certificate_ends),
            (unmarked, None)
        );
    }

    #[test]
    fn named_files_must_exist() {
        let scratch = Scratch::new();
        let mut named = config(&scratch);
        named.tls.certificate = Some(scratch.path().join("none.pem"));
        let error = Identity::load_or_make(&named, NOW).unwrap_err();
        let named_by = matches!(
            error,
            IdentityError::Missing {
                named_by: "tls.certificate",
                ..
            }
        );
        assert!(named_by, "{error:?}");
    }

    #[test]
    fn half_a_pair_is_an_error() {
        let scratch = Scratch::new();
        Identity::load_or_make(&config(&scratch), NOW).unwrap();
        fs::remove_file(config(&scratch).certificate_key_path()).unwrap();
        let error = Identity::load_or_make(&config(&scratch), NOW).unwrap_err();
        assert!(matches!(error, IdentityError::Half { .. }), "{error:?}");
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let scratch = Scratch::new();
        let config = config(&scratch);
        Identity::load_or_make(&config, NOW).unwrap();
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(config.token_key_path(), open).unwrap();
        let error = Identity::load_or_make(&config, NOW).unwrap_err();
        let refused = IdentityError::File(PrivateFileError::ReadableByOthers {
            path: config.token_key_path(),
            mode: 0o644,
        });
        assert_eq!(error.to_string(), refused.to_string());
    }

    #[test]
    fn files_that_are_something_else_are_named() {
        let scratch = Scratch::new();
        let config = config(&scratch);
        Identity::load_or_make(&config, NOW).unwrap();
        private_file::write(&config.token_key_path(), "not a key").unwrap();
        let error = Identity::load_or_make(&config, NOW).unwrap_err();
        assert!(
            matches!(error, IdentityError::NotSigningKey { .. }),
            "{error:?}"
        );
        fs::write(config.certificate_path(), "not a certificate").unwrap();
        let error = Identity::load_or_make(&config, NOW).unwrap_err();
        let expected = matches!(
            error,
            IdentityError::NotPem {
                wanted: "certificate",
                ..
            }
        );
        assert!(expected, "{error:?}");
    }
}
