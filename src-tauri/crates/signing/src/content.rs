//! Sealing and opening whole contents with AES-CBC under a zero IV, as Alipay's content encryption fixes it.
//! It hides, it does not prove: an answer is opened only after its signature was checked.

use crate::{keys::KeyError, material};
use aws_lc_rs::{
    cipher::{
        AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
        PaddedBlockEncryptingKey, UnboundCipherKey,
    },
    iv::FixedLength,
};
use std::fmt;
use zeroize::Zeroizing;

/// The channel's documents fix it.
const ZERO_IV: [u8; 16] = [0; 16];

/// A content key. Its length chooses the cipher: 16 bytes AES-128, 32 bytes AES-256.
pub struct ContentKey(Zeroizing<Vec<u8>>);

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(<redacted>)")
    }
}

impl ContentKey {
    /// Reads the base64 text that the console shows.
    ///
    /// # Errors
    /// `Malformed` unless it is 16 or 32 bytes.
    pub fn read(text: &[u8]) -> Result<ContentKey, KeyError> {
        let text = std::str::from_utf8(text).map_err(|_| KeyError::Malformed)?;
        let bytes = material::decode(text)?;
        match bytes.len() {
            16 | 32 => Ok(ContentKey(bytes)),
            _ => Err(KeyError::Malformed),
        }
    }

    fn cipher(&self) -> Result<UnboundCipherKey, KeyError> {
        let algorithm = if self.0.len() == 16 {
            &AES_128
        } else {
            &AES_256
        };
        UnboundCipherKey::new(algorithm, &self.0).map_err(|_| KeyError::Malformed)
    }

    /// The ciphertext of `plain`.
    ///
    /// # Errors
    /// `Malformed` should the library refuse.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(self.cipher()?);
        let key = key.map_err(|_| KeyError::Malformed)?;
        let mut content = plain.to_vec();
        let context = EncryptionContext::Iv128(FixedLength::from(ZERO_IV));
        key.less_safe_encrypt(&mut content, context)
            .map_err(|_| KeyError::Malformed)?;
        Ok(content)
    }

    /// What was sealed.
    ///
    /// # Errors
    /// `Wrong` for every failure alike.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(self.cipher()?);
        let key = key.map_err(|_| KeyError::Malformed)?;
        let mut content = sealed.to_vec();
        let context = DecryptionContext::Iv128(FixedLength::from(ZERO_IV));
        let plain = key
            .decrypt(&mut content, context)
            .map_err(|_| KeyError::Wrong)?;
        Ok(plain.to_vec())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    #[test]
    fn both_lengths_open_what_they_sealed_and_nothing_shorter() {
        for length in [16, 32] {
            let key = ContentKey::read(STANDARD.encode(vec![7; length]).as_bytes()).unwrap();
            for plain in ["", "{}", "0123456789abcdef", "门店收款"] {
                let sealed = key.seal(plain.as_bytes()).unwrap();
                assert_eq!(key.open(&sealed).unwrap(), plain.as_bytes());
                assert!(key.open(sealed.get(1..).unwrap()).is_err());
            }
            assert_eq!(key.open(b""), Err(KeyError::Wrong));
            assert_eq!(format!("{key:?}"), "ContentKey(<redacted>)");
        }
        for text in ["", "AAAA", "not base64 at all", &STANDARD.encode([1; 24])] {
            assert!(ContentKey::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
