//! What a wallet scans: regtest addresses, and BOLT11 invoices of a node whose key everybody knows.
//!
//! Of the test network `regtest`, so that no real wallet pays what is shown here. It must never make a mainnet
//! address: coins sent there would be lost.

use rsa::BigUint;
use sha2::{Digest as _, Sha256};

use super::bech32::{bytes, decode, encode, words};

const ADDRESS_PREFIX: &str = "bcrt";
const LIGHTNING_PREFIX: &str = "lnbcrt";
/// Order of secp256k1.
const ORDER: &[u8] = b"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
/// First coordinate of its generator, whose second one is even.
const GENERATOR: &[u8] = b"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// The node's private key, which BOLT 11 prints in its examples. Public on purpose.
const NODE_KEY: &[u8] = b"e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734";

/// A pay-to-witness-public-key-hash address that the seed determines; nobody has its key.
pub(super) fn address(seed: &str) -> String {
    let digest = Sha256::digest(seed);
    let program = words(digest.get(..20).unwrap_or_default());
    let versioned: Vec<u8> = [0].into_iter().chain(program).collect();
    encode(ADDRESS_PREFIX, &versioned)
}

/// Whether coins of this network can be sent there.
pub(super) fn is_address(text: &str) -> bool {
    decode(text).is_some_and(|(prefix, words)| {
        let length = bytes(words.get(1..).unwrap_or_default(), false).len();
        prefix == ADDRESS_PREFIX && words.first() == Some(&0) && matches!(length, 20 | 32)
    })
}

/// What a Lightning invoice asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct LightningTerms<'a> {
    /// Determines the payment's hash.
    pub(super) seed: &'a str,
    pub(super) sats: i64,
    pub(super) made_s: i64,
    pub(super) lives_s: i64,
    pub(super) description: &'a str,
}

/// The invoice's text in small letters.
pub(super) fn lightning_invoice(terms: LightningTerms<'_>) -> String {
    let prefix = format!("{LIGHTNING_PREFIX}{}", amount(terms.sats));
    let mut data = number(terms.made_s, 7);
    let secret = Sha256::digest(format!("{}\nsecret", terms.seed));
    let described = terms.description.bytes().take(600).collect::<Vec<u8>>();
    let expiry = shortest(terms.lives_s);
    // Features 8 and 14: onions of variable length, payment secrets; nothing works without them.
    let fields: [(u8, Vec<u8>); 6] = [
        (1, words(&Sha256::digest(terms.seed))),
        (16, words(&secret)),
        (13, words(&described)),
        (6, expiry),
        (24, shortest(18)),
        (5, vec![16, 8, 0]),
    ];
    for (kind, field) in fields {
        data.push(kind);
        data.extend(number(i64::try_from(field.len()).unwrap_or(0), 2));
        data.extend(field);
    }
    let signed: Vec<u8> = prefix.bytes().chain(bytes(&data, true)).collect();
    data.extend(words(&signature(&Sha256::digest(signed))));
    encode(&prefix, &data)
}

/// The satoshi that an invoice of this network asks for, where it asks for whole ones.
pub(super) fn lightning_sats(text: &str) -> Option<i64> {
    let (prefix, words) = decode(text)?;
    let amount = prefix.strip_prefix(LIGHTNING_PREFIX)?;
    let unit = amount.chars().last()?;
    let count: i64 = amount.strip_suffix(unit)?.parse().ok()?;
    let nano = match unit {
        'm' => count.checked_mul(1_000_000),
        'u' => count.checked_mul(1_000),
        'n' => Some(count),
        _ => None,
    }?;
    (words.len() > 104 && nano % 10 == 0).then_some(nano / 10)
}

/// In the largest unit that holds it whole.
fn amount(sats: i64) -> String {
    match sats.saturating_mul(10) {
        nano if nano % 1_000_000 == 0 => format!("{}m", nano / 1_000_000),
        nano if nano % 1_000 == 0 => format!("{}u", nano / 1_000),
        nano => format!("{nano}n"),
    }
}

/// So many words of five bits, the highest first.
fn number(value: i64, count: u32) -> Vec<u8> {
    let shifts = (0..count).rev().map(|at| at.saturating_mul(5));
    let word = |shift: u32| u8::try_from((value >> shift) & 31).unwrap_or(0);
    shifts.map(word).collect()
}

/// Without words of zeros in front.
fn shortest(value: i64) -> Vec<u8> {
    let all = number(value.max(0), 12);
    all.into_iter().skip_while(|word| *word == 0).collect()
}

/// r, s and the sign of R. The nonce is one, so that R is the generator: this key has nothing to hide, and a
/// simulation makes many invoices.
fn signature(digest: &[u8]) -> Vec<u8> {
    let read = |hex| BigUint::parse_bytes(hex, 16).unwrap_or_default();
    let (order, r) = (read(ORDER), read(GENERATOR));
    let s = (BigUint::from_bytes_be(digest) + &r * read(NODE_KEY)) % &order;
    let is_high = s > &order >> 1;
    let s = if is_high { order - s } else { s };
    let part = |value: &BigUint| {
        let short = value.to_bytes_be();
        let missing = 32_usize.saturating_sub(short.len());
        [vec![0; missing], short].concat()
    };
    [part(&r), part(&s), vec![u8::from(is_high)]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_the_largest_unit_and_read_again() {
        for (sats, text) in [
            (7_765, "77650n"),
            (100, "1u"),
            (250_000, "2500u"),
            (100_000, "1m"),
        ] {
            assert_eq!(amount(sats), text);
            let invoice = lightning_invoice(LightningTerms {
                seed: "one",
                sats,
                made_s: 1_795_227_147,
                lives_s: 900,
                description: "tea",
            });
            assert_eq!(lightning_sats(&invoice), Some(sats), "{invoice}");
            assert_eq!(lightning_sats(&invoice.to_uppercase()), Some(sats));
        }
        assert_eq!(lightning_sats("lnbc1qqqq"), None);
    }

    #[test]
    fn only_addresses_of_this_network_are_any() {
        assert!(is_address(&address("one")));
        assert_ne!(address("one"), address("two"));
        assert!(!is_address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        assert!(!is_address("tea"));
    }
}
