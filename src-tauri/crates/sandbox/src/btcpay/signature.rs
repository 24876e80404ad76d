//! `BTCPay-Sig`: HMAC-SHA-256 over the bytes of an event.
//!
//! It must never be the product's own: whoever verifies has to do it with other code.

use sha2::{Digest as _, Sha256};

const BLOCK: usize = 64;

/// `sha256=` and the tag in small hexadecimal digits; an empty secret is an empty key.
pub(crate) fn of(secret: &[u8], body: &[u8]) -> String {
    let digested = Sha256::digest(secret);
    let key: &[u8] = if secret.len() > BLOCK {
        &digested
    } else {
        secret
    };
    let padded = |padding: u8| {
        let mut block = [padding; BLOCK];
        for (byte, of_key) in block.iter_mut().zip(key) {
            *byte ^= of_key;
        }
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(body);
    let outer = Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner.finalize());
    let digits = outer.finalize();
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, the second and the sixth case: a short key, and one longer than a block.
    #[test]
    fn published_tags_are_made() {
        assert_eq!(
            of(b"Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            of(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            ),
            "sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
