//! Stand-in signatures of the sandbox without a listener: fast, keyed, and not RSA.
//!
//! A simulation makes millions of calls; RSA would be most of its time. A stand-in takes the place
//! of RSA-2048 with SHA-256 and of nothing else: the signed bytes, the base64 and the headers
//! around it stay. It must never be made by a sandbox that listens, nor read from a folder, and
//! this text is all that the other side may take from it.
//!
//! # Construction
//! * **Key**: 32 bytes, one per key pair of the real thing (Alipay's application, its certificate
//!   application, Alipay's gateway, WeChat Pay's merchant, each platform certificate, each public
//!   key). Both sides hold the same bytes, so each direction has keys of its own.
//! * **Its text**, in every field of the credentials where a PEM would stand, private and public
//!   alike: `stand-in:` and the 32 bytes as 64 lower-case hexadecimal digits. Alipay's two
//!   certificate numbers are 32 such digits and stand where they stand in the credentials; in
//!   certificate mode answers name `alipay_cert_sn` as ever.
//! * **Message**: exactly the bytes that RSA would sign. Alipay's request: the sorted parameters
//!   `a=b&c=d` without `sign` and blanks. Alipay's answer: the node's value as it stands in the
//!   body, with its quotes when it is sealed. WeChat Pay's request: method, target, seconds, nonce
//!   and body, each followed by a line feed. WeChat Pay's answer: seconds, nonce and body, each
//!   followed by a line feed.
//! * **Tag**: HMAC-SHA-256 (RFC 2104) under the key over the message, 32 bytes.
//! * **Signature**: the tag eight times in a row, 256 bytes, the length of an RSA-2048 signature.
//!   Where the wire has base64 of it, the standard alphabet with padding, 344 characters.
//! * **Check**: the text decodes as base64 and the bytes are the 256 expected ones, all of them.
//!   So any changed bit of message or signature fails. SHA-1 (`sign_type=RSA`) never fits.

use sha2::{Digest as _, Sha256};

/// What a key's text begins with; no PEM does.
const MARK: &str = "stand-in:";
/// An RSA-2048 signature has 256 bytes, a tag 32.
const REPEATS: usize = 8;
const BLOCK: usize = 64;

/// A key of both sides.
#[derive(Clone)]
pub(crate) struct StandIn {
    /// SHA-256 that has read the key with the inner padding, and with the outer one.
    inner: Sha256,
    outer: Sha256,
}

impl StandIn {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let begun = |padding: u8| {
            let mut block = [padding; BLOCK];
            for (byte, of_key) in block.iter_mut().zip(key) {
                *byte ^= of_key;
            }
            Sha256::new().chain_update(block)
        };
        Self {
            inner: begun(0x36),
            outer: begun(0x5c),
        }
    }

    /// The 256 bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let inner = self.inner.clone().chain_update(message).finalize();
        let tag = self.outer.clone().chain_update(inner).finalize();
        tag.repeat(REPEATS)
    }

    pub(super) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.sign(message) == signature
    }
}

/// The text that stands where a PEM would.
pub(super) fn text(key: &[u8; 32]) -> String {
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{MARK}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231's second case has a shorter key, which HMAC pads with zeros.
    #[test]
    fn the_tag_is_hmac_sha_256() {
        let mut key = [0; 32];
        for (byte, of_key) in key.iter_mut().zip(b"Jefe") {
            *byte = *of_key;
        }
        let signature = StandIn::new(&key).sign(b"what do ya want for nothing?");
        let digits: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        let tag = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(digits, tag.repeat(8));
    }

    #[test]
    fn any_changed_bit_fails() {
        let key = StandIn::new(&[7; 32]);
        let message = b"{\"code\":\"10000\"}".to_vec();
        let signature = key.sign(&message);
        assert_eq!(signature.len(), 256);
        assert!(key.accepts(&message, &signature));
        assert!(!StandIn::new(&[8; 32]).accepts(&message, &signature));
        assert!(!key.accepts(&message, signature.get(..32).unwrap_or_default()));
        let flipped = |bytes: &[u8], bit: usize| {
            let mut bytes = bytes.to_vec();
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            bytes
        };
        for bit in 0..signature.len() * 8 {
            assert!(!key.accepts(&message, &flipped(&signature, bit)), "{bit}");
        }
        for bit in 0..message.len() * 8 {
            assert!(!key.accepts(&flipped(&message, bit), &signature), "{bit}");
        }
        assert_eq!(text(&[0xab; 32]), format!("stand-in:{}", "ab".repeat(32)));
    }
}
