//! The key of data at rest: seals personal fields and evidence, tags look-ups, seals the log's head.
//! AES-256-GCM and HMAC-SHA-256 by aws-lc-rs, each under its own key derived from the one in the vault.

use crate::KeyError;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use std::fmt;

/// Abilities of the data key; the bytes cannot be read back.
pub struct SealingKey {
    fields: LessSafeKey,
    tags: hmac::Key,
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(<redacted>)")
    }
}

impl SealingKey {
    /// From the 32 bytes the vault keeps.
    ///
    /// # Errors
    /// `Malformed` should the library refuse the key.
    pub fn new(bytes: &[u8; 32]) -> Result<SealingKey, KeyError> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let derive = |label: &[u8]| hmac::sign(&root, label);
        let fields = UnboundKey::new(&AES_256_GCM, derive(b"paydesk field sealing 1").as_ref());
        Ok(SealingKey {
            fields: LessSafeKey::new(fields.map_err(|_| KeyError::Malformed)?),
            tags: hmac::Key::new(hmac::HMAC_SHA256, derive(b"paydesk tags 1").as_ref()),
        })
    }

    /// Seals `plain`, bound to `aad` (table, column and key of the row). `nonce` must be fresh.
    /// The answer is nonce, ciphertext, tag.
    ///
    /// # Errors
    /// `Malformed` should the library refuse the length.
    pub fn seal(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let mut sealed = plain.to_vec();
        let used = Nonce::assume_unique_for_key(nonce);
        self.fields
            .seal_in_place_append_tag(used, Aad::from(aad), &mut sealed)
            .map_err(|_| KeyError::Malformed)?;
        Ok([nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// Opens what [`SealingKey::seal`] made for the same `aad`.
    ///
    /// # Errors
    /// `Wrong` when a bit was changed, the row was swapped, or another key sealed it.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, body) = sealed
            .split_at_checked(NONCE_LEN)
            .ok_or(KeyError::Malformed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::Malformed)?;
        let mut body = body.to_vec();
        let plain = self
            .fields
            .open_in_place(nonce, Aad::from(aad), &mut body)
            .map_err(|_| KeyError::Wrong)?;
        Ok(plain.to_vec())
    }

    /// A keyed digest for one purpose: the tag of a payment code, the seal of the log's head.
    #[must_use]
    pub fn mac(&self, label: &str, input: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.tags);
        context.update(label.as_bytes());
        context.update(&[0]);
        context.update(input);
        let mut tag = [0; 32];
        for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        tag
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_unchanged_in_its_own_place() {
        let key = SealingKey::new(&[7; 32]).unwrap();
        let sealed = key
            .seal([1; 12], b"sealed|payer|A1", b"159****5620")
            .unwrap();
        assert_eq!(
            key.open(b"sealed|payer|A1", &sealed).unwrap(),
            b"159****5620"
        );
        assert_eq!(key.open(b"sealed|payer|A2", &sealed), Err(KeyError::Wrong));
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(key.open(b"sealed|payer|A1", &bent).is_err(), "byte {at}");
        }
        assert!(
            SealingKey::new(&[8; 32])
                .unwrap()
                .open(b"sealed|payer|A1", &sealed)
                .is_err()
        );
        assert_ne!(key.mac("a", b"bc"), key.mac("ab", b"c"));
    }
}
