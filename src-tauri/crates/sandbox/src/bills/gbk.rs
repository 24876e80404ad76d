//! GBK bytes of a text, by the published index of code points.
//!
//! It must never fail: what GBK cannot say becomes a question mark, as in the channel's files.

/// Encodes a text.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match (u8::try_from(character), pair(character)) {
            (Ok(ascii), _) if ascii < 0x80 => bytes.push(ascii),
            (_, Some(pair)) => bytes.extend(pair),
            (_, None) => bytes.push(b'?'),
        }
    }
    bytes
}

/// The two bytes of a character: 190 trail bytes per lead byte, 0x7F left out (WHATWG §10.2).
fn pair(character: char) -> Option<[u8; 2]> {
    let pointer = encoding_index_simpchinese::gb18030::backward(u32::from(character));
    if pointer == u16::MAX {
        return None;
    }
    let trail = pointer % 190;
    let gap = if trail < 0x3f { 0x40 } else { 0x41 };
    let lead = u8::try_from(pointer / 190 + 0x81).ok()?;
    Some([lead, u8::try_from(trail + gap).ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pairs_and_what_cannot_be_said() {
        assert_eq!(
            encode("支付宝（元）1"),
            b"\xd6\xa7\xb8\xb6\xb1\xa6\xa3\xa8\xd4\xaa\xa3\xa91"
        );
        assert_eq!(encode("a😀b"), b"a?b");
    }
}
