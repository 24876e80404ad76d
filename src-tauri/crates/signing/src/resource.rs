//! Opening content that the channel sealed with AES-GCM (WeChat Pay certificates and notices).

use crate::keys::KeyError;
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::fmt;

/// An AES-GCM key. The length of the key chooses the cipher; accounts take 32 bytes only.
pub struct ResourceKey(LessSafeKey);

impl fmt::Debug for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResourceKey(<redacted>)")
    }
}

impl ResourceKey {
    /// From 32 bytes (AES-256), or 16 (AES-128, published test vectors).
    ///
    /// # Errors
    /// `Malformed` for any other length.
    pub fn new(key: &[u8]) -> Result<ResourceKey, KeyError> {
        let cipher = match key.len() {
            16 => &AES_128_GCM,
            32 => &AES_256_GCM,
            _ => return Err(KeyError::Malformed),
        };
        let key = UnboundKey::new(cipher, key).map_err(|_| KeyError::Malformed)?;
        Ok(ResourceKey(LessSafeKey::new(key)))
    }

    /// Opens `sealed` (ciphertext, then 16 bytes of tag).
    ///
    /// # Errors
    /// `Malformed` unless the nonce has 12 bytes, `Wrong` when any bit differs.
    pub fn open(&self, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::Malformed)?;
        let mut content = sealed.to_vec();
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(aad), &mut content)
            .map_err(|_| KeyError::Wrong)?;
        Ok(plain.to_vec())
    }
}
