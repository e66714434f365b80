//! The keys that sign and verify tokens, and how they are written in files.

use std::fmt;

use pasetors::keys::{AsymmetricKeyPair, AsymmetricPublicKey, AsymmetricSecretKey, Generate};
use pasetors::version4::V4;

/// Bytes of an Ed25519 seed, and of a public key.
pub(super) const KEY_BYTES: usize = 32;

/// Bytes of a public key that name it.
const KEY_ID_BYTES: usize = 8;

const KEY_ID_LABEL: &str = "key-id";
const SECRET_LABEL: &str = "secret-key";
const PUBLIC_LABEL: &str = "public-key";

/// Names a key: the first eight bytes of its public half in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The name as it stands in a token's footer.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(public: &AsymmetricPublicKey<V4>) -> KeyId {
        KeyId(to_hex(&public.as_bytes()[..KEY_ID_BYTES]))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Issues tokens. Whoever holds it can speak as anybody, so its file is for one reader only.
#[derive(Clone)]
pub struct SigningKey {
    pub(super) secret: AsymmetricSecretKey<V4>,
    public: VerifyingKey,
}

impl SigningKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> SigningKey {
        let pair = AsymmetricKeyPair::<V4>::generate()
            .expect("a pair that was just generated has the right lengths");
        SigningKey {
            secret: pair.secret,
            public: VerifyingKey::new(pair.public),
        }
    }

    /// Reads the text written by [`to_text`](Self::to_text).
    ///
    /// # Errors
    /// [`KeyTextError`] names the line that is missing or wrong.
    pub fn from_text(text: &str) -> Result<SigningKey, KeyTextError> {
        let seed = key_line(text, SECRET_LABEL)?;
        let public = VerifyingKey::from_text(text)?;
        if seed == [0; KEY_BYTES] {
            return Err(KeyTextError::Malformed {
                label: SECRET_LABEL,
            });
        }
        // Ed25519 secret keys are kept as the seed followed by the public key; the library
        // refuses two halves that do not belong together.
        let both = [seed.as_slice(), public.bytes.as_bytes()].concat();
        let secret =
            AsymmetricSecretKey::<V4>::from(&both).map_err(|_| KeyTextError::HalvesDiffer {
                key_id: public.key_id.clone(),
            })?;
        Ok(SigningKey { secret, public })
    }

    /// Writes the key as a few labelled lines, secret half included.
    pub fn to_text(&self) -> String {
        let seed = to_hex(&self.secret.as_bytes()[..KEY_BYTES]);
        format!(
            "# muster signing key (Ed25519, PASETO v4.public). Keep it secret.\n\
             {SECRET_LABEL}: {seed}\n{}",
            self.public.lines(),
        )
    }

    /// The name of the key.
    pub fn key_id(&self) -> &KeyId {
        &self.public.key_id
    }

    /// The half that verifies what this key signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("key_id", &self.public.key_id)
            .finish_non_exhaustive()
    }
}

/// Verifies the tokens of one signing key. It is public.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    pub(super) bytes: AsymmetricPublicKey<V4>,
    key_id: KeyId,
}

impl VerifyingKey {
    /// Reads the text written by [`to_text`](Self::to_text), or that of a signing key.
    ///
    /// # Errors
    /// [`KeyTextError`] names the line that is missing or wrong.
    pub fn from_text(text: &str) -> Result<VerifyingKey, KeyTextError> {
        let bytes = key_line(text, PUBLIC_LABEL)?;
        let bytes =
            AsymmetricPublicKey::<V4>::from(&bytes).map_err(|_| KeyTextError::Malformed {
                label: PUBLIC_LABEL,
            })?;
        let key = VerifyingKey::new(bytes);
        if line(text, KEY_ID_LABEL)? == key.key_id.0 {
            Ok(key)
        } else {
            Err(KeyTextError::HalvesDiffer { key_id: key.key_id })
        }
    }

    /// Writes the key as a few labelled lines.
    pub fn to_text(&self) -> String {
        let lines = self.lines();
        format!("# muster verifying key (Ed25519, PASETO v4.public). It is public.\n{lines}")
    }

    /// The name of the key.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    fn new(bytes: AsymmetricPublicKey<V4>) -> VerifyingKey {
        VerifyingKey {
            key_id: KeyId::of(&bytes),
            bytes,
        }
    }

    fn lines(&self) -> String {
        let public = to_hex(self.bytes.as_bytes());
        format!(
            "{PUBLIC_LABEL}: {public}\n{KEY_ID_LABEL}: {}\n",
            self.key_id
        )
    }
}

/// Why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// A line is missing.
    #[error("the key file has no line `{label}: …`: copy the whole file, or make a new key")]
    Missing {
        /// What the line begins with.
        label: &'static str,
    },
    /// A line cannot be read.
    #[error(
        "`{label}` in the key file is not a key of 64 hexadecimal digits: copy the whole file, \
         or make a new key"
    )]
    Malformed {
        /// What the line begins with.
        label: &'static str,
    },
    /// The lines are not of one key.
    #[error("the lines of the key file are not of one key ({key_id}): take them from one file")]
    HalvesDiffer {
        /// The name that belongs to the public key in the file.
        key_id: KeyId,
    },
}

fn line<'a>(text: &'a str, label: &'static str) -> Result<&'a str, KeyTextError> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == label)
        .map(|(_, value)| value.trim())
        .ok_or(KeyTextError::Missing { label })
}

pub(super) fn key_line(text: &str, label: &'static str) -> Result<[u8; KEY_BYTES], KeyTextError> {
    from_hex(line(text, label)?).ok_or(KeyTextError::Malformed { label })
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_their_text() {
        let key = SigningKey::generate();
        let again = SigningKey::from_text(&key.to_text()).expect("the text is whole");
        assert_eq!(again.secret, key.secret);
        assert_eq!(again.key_id(), key.key_id());
        let public = VerifyingKey::from_text(&key.verifying_key().to_text()).expect("whole");
        assert_eq!(public.key_id(), key.key_id());
        assert_eq!(public.bytes, key.verifying_key().bytes);
    }

    #[test]
    fn the_public_text_and_the_debug_text_keep_the_secret() {
        let key = SigningKey::generate();
        let secret = to_hex(&key.secret.as_bytes()[..KEY_BYTES]);
        assert!(key.to_text().contains(&secret));
        assert!(!key.verifying_key().to_text().contains(&secret));
        assert!(!format!("{key:?}").contains(&secret));
    }

    #[test]
    fn a_damaged_text_names_the_line() {
        let key = SigningKey::generate();
        let text = key.to_text();
        let public_only = key.verifying_key().to_text();
        assert_eq!(
            SigningKey::from_text(&public_only).err(),
            Some(KeyTextError::Missing {
                label: SECRET_LABEL
            }),
        );
        let cut = text.replace("public-key: ", "public-key: x");
        assert_eq!(
            SigningKey::from_text(&cut).err(),
            Some(KeyTextError::Malformed {
                label: PUBLIC_LABEL
            }),
        );
        let zero = text.replace(
            &to_hex(&key.secret.as_bytes()[..KEY_BYTES]),
            &"00".repeat(32),
        );
        assert_eq!(
            SigningKey::from_text(&zero).err(),
            Some(KeyTextError::Malformed {
                label: SECRET_LABEL
            }),
        );
        let other = SigningKey::generate();
        let mixed = format!(
            "{}{public_only}",
            other.to_text().replace("public-key", "old")
        );
        assert!(matches!(
            SigningKey::from_text(&mixed),
            Err(KeyTextError::HalvesDiffer { .. }),
        ));
    }
}
