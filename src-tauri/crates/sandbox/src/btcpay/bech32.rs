//! Bech32 (BIP 173): the letters of addresses and of Lightning invoices.
//!
//! Groups of five bits and a checksum. It must never know what they mean.

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];
const CHECKSUM: usize = 6;

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    values.fold(1, |sum: u32, value| {
        let top = sum >> 25;
        let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        let bits = GENERATOR.iter().enumerate();
        bits.filter(|(bit, _)| (top >> bit) & 1 == 1)
            .fold(next, |sum, (_, term)| sum ^ term)
    })
}

fn expanded(prefix: &str) -> impl Iterator<Item = u8> {
    let high = prefix.bytes().map(|byte| byte >> 5);
    high.chain([0]).chain(prefix.bytes().map(|byte| byte & 31))
}

fn letter(word: u8) -> char {
    char::from(LETTERS.get(usize::from(word & 31)).copied().unwrap_or(b'q'))
}

/// The text of words of five bits.
pub(crate) fn encode(prefix: &str, words: &[u8]) -> String {
    let data = words.iter().copied();
    let sum = polymod(expanded(prefix).chain(data).chain([0; CHECKSUM])) ^ 1;
    let last = (0..CHECKSUM).map(|at| {
        let shift = 5 * CHECKSUM.saturating_sub(1).saturating_sub(at);
        u8::try_from((sum >> shift) & 31).unwrap_or(0)
    });
    let letters = words.iter().copied().chain(last).map(letter);
    format!("{prefix}1{}", letters.collect::<String>())
}

/// Prefix and words of a text in one case, where its checksum is right.
pub(crate) fn decode(text: &str) -> Option<(String, Vec<u8>)> {
    let lower = text.to_ascii_lowercase();
    if text != lower && text != text.to_ascii_uppercase() {
        return None;
    }
    let (prefix, data) = lower.rsplit_once('1')?;
    let word = |byte: u8| LETTERS.iter().position(|known| *known == byte);
    let words: Vec<u8> = data
        .bytes()
        .map(|byte| u8::try_from(word(byte)?).ok())
        .collect::<Option<_>>()?;
    let is_right = polymod(expanded(prefix).chain(words.iter().copied())) == 1;
    let kept = words.len().checked_sub(CHECKSUM)?;
    is_right.then(|| (prefix.to_owned(), words.into_iter().take(kept).collect()))
}

/// Bytes as words of five bits, the last one filled with zeros.
pub(crate) fn words(bytes: &[u8]) -> Vec<u8> {
    regroup(bytes, 8, 5, true)
}

/// Words as bytes; what does not fill a byte is filled with zeros, or dropped.
pub(crate) fn bytes(words: &[u8], is_filled: bool) -> Vec<u8> {
    regroup(words, 5, 8, is_filled)
}

fn regroup(groups: &[u8], from: u32, to: u32, is_filled: bool) -> Vec<u8> {
    let (mut held, mut bits) = (0_u32, 0_u32);
    let mut out = Vec::new();
    let mask = (1_u32 << to).wrapping_sub(1);
    for group in groups {
        held = ((held << from) | u32::from(*group)) & 0xffff;
        bits = bits.saturating_add(from);
        while bits >= to {
            bits = bits.saturating_sub(to);
            out.push(u8::try_from((held >> bits) & mask).unwrap_or(0));
        }
    }
    if is_filled && bits > 0 {
        out.push(u8::try_from((held << to.saturating_sub(bits)) & mask).unwrap_or(0));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BIP 173's own examples.
    #[test]
    fn published_texts_are_read_and_written() {
        let address = "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4";
        let (prefix, words) = decode(address).expect("a right checksum");
        assert_eq!((prefix.as_str(), words.first()), ("bc", Some(&0)));
        assert_eq!(encode(&prefix, &words), address.to_ascii_lowercase());
        let program = bytes(words.get(1..).unwrap_or_default(), false);
        let hex: String = program.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "751e76e8199196d454941c45d1b3a323f1433bd6");
        assert_eq!(self::words(&program), words.get(1..).unwrap_or_default());
        assert!(decode("A12UEL5L").is_some());
        for wrong in ["A12uEL5L", "A1G7SGD8", "a12uel5m", "12uel5", "a1b2bbbb"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
