//! Content encryption of Alipay: AES-CBC with a zero IV and PKCS#7, by the `aes` and `cbc` crates.
//!
//! The key's length chooses the cipher, as the channel's own clients do. It must never say why a
//! text could not be opened.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore as _;

use crate::chance::Chance;

/// The channel's documents fix it.
const ZERO_IV: [u8; 16] = [0; 16];

/// A new key of 16 bytes, as the console shows it.
pub(super) fn fresh_key(chance: &Chance) -> String {
    let mut key = [0_u8; 16];
    chance.with(|source| source.fill_bytes(&mut key));
    STANDARD.encode(key)
}

/// The base64 text of the encrypted content; `None` when the key is none.
pub(crate) fn seal(key: &str, content: &str) -> Option<String> {
    let key = STANDARD.decode(key).ok()?;
    let plain = content.as_bytes();
    let iv = &ZERO_IV;
    let sealed = match key.len() {
        16 => cbc::Encryptor::<aes::Aes128>::new_from_slices(&key, iv)
            .ok()?
            .encrypt_padded_vec_mut::<Pkcs7>(plain),
        32 => cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, iv)
            .ok()?
            .encrypt_padded_vec_mut::<Pkcs7>(plain),
        _ => return None,
    };
    Some(STANDARD.encode(sealed))
}

/// The content under a base64 text; `None` when it was not sealed with this key.
pub(crate) fn open(key: &str, sealed: &str) -> Option<String> {
    let key = STANDARD.decode(key).ok()?;
    let sealed = STANDARD.decode(sealed).ok()?;
    let iv = &ZERO_IV;
    let plain = match key.len() {
        16 => cbc::Decryptor::<aes::Aes128>::new_from_slices(&key, iv)
            .ok()?
            .decrypt_padded_vec_mut::<Pkcs7>(&sealed),
        32 => cbc::Decryptor::<aes::Aes256>::new_from_slices(&key, iv)
            .ok()?
            .decrypt_padded_vec_mut::<Pkcs7>(&sealed),
        _ => return None,
    };
    String::from_utf8(plain.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_open_what_they_sealed_and_nothing_else() {
        for length in [16_u8, 32] {
            let key = STANDARD.encode((0..length).collect::<Vec<u8>>());
            let sealed = seal(&key, "{\"门\":1}").unwrap_or_default();
            assert_eq!(open(&key, &sealed).as_deref(), Some("{\"门\":1}"));
            let other = STANDARD.encode(vec![7_u8; usize::from(length)]);
            assert_ne!(open(&other, &sealed).as_deref(), Some("{\"门\":1}"));
            assert_eq!(open(&key, "nonsense"), None);
        }
        assert_eq!(seal("AAAA", "x"), None);
    }
}
