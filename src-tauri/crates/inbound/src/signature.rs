//! What a caller signs: one text with everything that a request means, each part on a line of its own.

use sha2::{Digest, Sha256};

/// The first line of the signed text: another way of signing has another name.
pub const SCHEME: &str = "PAYDESK-HMAC-SHA256-1";

/// The parts of a request that are signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `POST`, in capitals.
    pub method: &'a str,
    /// The path with its query, as it stands in the request line.
    pub target: &'a str,
    /// The id of the key.
    pub key: &'a str,
    /// `Paydesk-Timestamp`: Unix seconds.
    pub timestamp: &'a str,
    /// `Paydesk-Nonce`.
    pub nonce: &'a str,
    /// `Idempotency-Key`; empty where there is none.
    pub idempotency_key: &'a str,
    /// The body, as sent.
    pub body: &'a [u8],
}

/// The text under the signature. No part but the last may hold a line break, so it has one reading.
#[must_use]
pub fn base_string(signed: &Signed<'_>) -> String {
    [
        SCHEME,
        signed.method,
        signed.target,
        signed.key,
        signed.timestamp,
        signed.nonce,
        signed.idempotency_key,
        &hex(&Sha256::digest(signed.body)),
    ]
    .join("\n")
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a hexadecimal text of exactly 64 digits, the form of every signature.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        let is_hex = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        *byte = u8::from_str_radix(pair, 16).ok().filter(|_| is_hex)?;
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = String> {
        "[ -~]{0,20}"
    }

    proptest! {
        #[test]
        fn two_requests_that_differ_in_a_part_differ_in_their_text(
            one in prop::array::uniform6(part()),
            other in prop::array::uniform6(part()),
            body in prop::collection::vec(any::<u8>(), 0..64),
            other_body in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let text = |[method, target, key, timestamp, nonce, idempotency_key]: &[String; 6], body: &[u8]| {
                base_string(&Signed { method, target, key, timestamp, nonce, idempotency_key, body })
            };
            let same = one == other && body == other_body;
            prop_assert_eq!(text(&one, &body) == text(&other, &other_body), same);
        }

        #[test]
        fn hexadecimal_is_read_back_and_nothing_else_is(bytes in any::<[u8; 32]>(), other in "[ -~]{0,70}") {
            prop_assert_eq!(unhex(&hex(&bytes)), Some(bytes));
            let is_hex = other.len() == 64 && other.bytes().all(|digit| digit.is_ascii_hexdigit());
            prop_assert_eq!(unhex(&other).is_some(), is_hex);
        }
    }

    #[test]
    fn the_text_is_as_documented() {
        let text = base_string(&Signed {
            method: "POST",
            target: "/v1/orders",
            key: "pk_01020304",
            timestamp: "1763721000",
            nonce: "5f0c2d3e4a5b6c7d",
            idempotency_key: "basket-4711",
            body: b"{}",
        });
        let expected = "PAYDESK-HMAC-SHA256-1\nPOST\n/v1/orders\npk_01020304\n1763721000\n5f0c2d3e4a5b6c7d\n\
            basket-4711\n44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(text, expected);
    }
}
