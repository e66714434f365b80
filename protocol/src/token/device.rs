//! The key of a device, to which tokens may be bound: a token that was copied is of no use without
//! the key, and the proof of one connection is of no use on another.

use std::fmt;
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::key::{KEY_BYTES, KeyTextError, from_hex, key_line, to_hex};

/// The label under which both ends of a connection export what a device signs (RFC 5705; labels
/// that are not registered begin so).
pub const EXPORTER_LABEL: &[u8] = b"EXPERIMENTAL muster device proof";

/// Bytes that are exported.
pub const EXPORTER_BYTES: usize = 32;

/// What stands before the exported bytes where a device signs them, so that its signature means
/// this and nothing else.
const SIGNED: &[u8] = b"muster device proof 1\0";

const SECRET_LABEL: &str = "device-secret";

/// The secret half of a device's key: it never leaves the device.
pub struct DeviceKey {
    seed: [u8; KEY_BYTES],
    pair: Ed25519KeyPair,
}

impl DeviceKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Panics
    /// The system gives no random bytes: nothing is safe then.
    pub fn generate() -> DeviceKey {
        let random = ring::rand::generate::<[u8; KEY_BYTES]>(&SystemRandom::new());
        DeviceKey::of(random.expect("the system gives random bytes").expose())
            .expect("every seed of this length is one")
    }

    /// Reads the text written by [`to_text`](Self::to_text).
    ///
    /// # Errors
    /// [`KeyTextError`] names the line that is missing or wrong.
    pub fn from_text(text: &str) -> Result<DeviceKey, KeyTextError> {
        let malformed = KeyTextError::Malformed {
            label: SECRET_LABEL,
        };
        DeviceKey::of(key_line(text, SECRET_LABEL)?).ok_or(malformed)
    }

    /// Writes the key as a few labelled lines, the secret included.
    pub fn to_text(&self) -> String {
        format!(
            "# muster device key (Ed25519). Keep it secret, and on this device.\n\
             {SECRET_LABEL}: {}\ndevice-key: {}\n",
            to_hex(&self.seed),
            self.public(),
        )
    }

    /// The half that a token names.
    pub fn public(&self) -> DevicePublicKey {
        let bytes = self.pair.public_key().as_ref().try_into();
        DevicePublicKey(bytes.expect("a public key has 32 bytes"))
    }

    /// Proves that this device is at the end of the connection that exports `exporter`.
    pub fn prove(&self, exporter: &[u8; EXPORTER_BYTES]) -> Vec<u8> {
        self.pair.sign(&signed(exporter)).as_ref().to_vec()
    }

    fn of(seed: [u8; KEY_BYTES]) -> Option<DeviceKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        Some(DeviceKey { seed, pair })
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceKey")
            .field("public", &self.public())
            .finish_non_exhaustive()
    }
}

/// The public half of a device's key; as text, 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DevicePublicKey([u8; KEY_BYTES]);

impl DevicePublicKey {
    /// Whether `proof` was made by this device for the connection that exports `exporter`.
    pub fn is_proven(&self, exporter: &[u8; EXPORTER_BYTES], proof: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(&signed(exporter), proof).is_ok()
    }
}

impl fmt::Display for DevicePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl FromStr for DevicePublicKey {
    type Err = DeviceKeyError;

    fn from_str(text: &str) -> Result<DevicePublicKey, DeviceKeyError> {
        from_hex(text).map(DevicePublicKey).ok_or(DeviceKeyError)
    }
}

/// A text that is no public key of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the public key of a device: expected 64 hexadecimal digits")]
pub struct DeviceKeyError;

fn signed(exporter: &[u8; EXPORTER_BYTES]) -> Vec<u8> {
    [SIGNED, exporter].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_of_one_device_and_one_connection() {
        let (device, other) = (DeviceKey::generate(), DeviceKey::generate());
        let (here, there) = ([1; EXPORTER_BYTES], [2; EXPORTER_BYTES]);
        let proof = device.prove(&here);
        assert!(device.public().is_proven(&here, &proof));
        assert!(!device.public().is_proven(&there, &proof));
        assert!(!other.public().is_proven(&here, &proof));
        assert!(!device.public().is_proven(&here, &proof[1..]));
        assert!(!device.public().is_proven(&here, &[]));
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let device = DeviceKey::generate();
        let again = DeviceKey::from_text(&device.to_text()).expect("just written");
        assert_eq!(again.public(), device.public());
        let text = device.public().to_string();
        assert_eq!(text.parse(), Ok(device.public()));
        assert_eq!(text[1..].parse::<DevicePublicKey>(), Err(DeviceKeyError));
        assert!(!format!("{device:?}").contains(&to_hex(&device.seed)));
        let missing = DeviceKey::from_text("device-key: 00").expect_err("it has no secret");
        assert_eq!(missing.to_string().matches(SECRET_LABEL).count(), 1);
    }
}
