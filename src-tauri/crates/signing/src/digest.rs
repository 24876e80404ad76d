//! Digests and message authentication codes.

use crate::keys::KeyError;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256.
#[must_use]
pub fn sha256(input: &[u8]) -> [u8; 32] {
    Sha256::digest(input).into()
}

/// SHA-256 as lower-case hex.
#[must_use]
pub fn sha256_hex(input: &[u8]) -> String {
    hex(&sha256(input))
}

/// SHA-1 as lower-case hex: only where a channel names a file by it, never for a signature.
#[must_use]
pub fn sha1_hex(input: &[u8]) -> String {
    hex(&Sha1::digest(input))
}

/// SHA-256 of content that comes in pieces.
#[derive(Clone, Default, Debug)]
pub struct Sha256Pieces(Sha256);

impl Sha256Pieces {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest as lower-case hex.
    #[must_use]
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// SHA-1 of content that comes in pieces: only where a channel names a file by it, never for a signature.
#[derive(Clone, Default, Debug)]
pub struct Sha1Pieces(Sha1);

impl Sha1Pieces {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest as lower-case hex.
    #[must_use]
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Whether both are the same, in a time that says nothing of where they differ.
#[must_use]
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA-256 under one shared secret.
pub struct Mac(Hmac<Sha256>);

impl Mac {
    /// From the shared secret.
    ///
    /// # Errors
    /// `Malformed` for an empty secret.
    pub fn new(secret: &[u8]) -> Result<Mac, KeyError> {
        if secret.is_empty() {
            return Err(KeyError::Malformed);
        }
        Hmac::new_from_slice(secret)
            .map(Mac)
            .map_err(|_| KeyError::Malformed)
    }

    /// From a digest, which always fits.
    #[must_use]
    pub(crate) fn from_digest(digest: &[u8; 32]) -> Mac {
        // HMAC pads a short key with zeros to the block size, so this is the same key.
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(digest) {
            *to = *from;
        }
        Mac(Hmac::new(&block.into()))
    }

    /// The tag of `input`.
    #[must_use]
    pub fn tag(&self, input: &[u8]) -> Vec<u8> {
        self.0
            .clone()
            .chain_update(input)
            .finalize()
            .into_bytes()
            .to_vec()
    }

    /// Whether `tag` is that of `input`; constant time, a shortened tag is refused.
    #[must_use]
    pub fn verify(&self, input: &[u8], tag: &[u8]) -> bool {
        self.0.clone().chain_update(input).verify_slice(tag).is_ok()
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(<redacted>)")
    }
}
