//! `application/x-www-form-urlencoded`, and percent-encoding of one path segment or query value.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a form leaves as it is, besides letters and digits. A blank becomes `+`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b' ');
/// RFC 3986, section 2.3: the unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Names and values as a form.
#[must_use]
pub fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let one = |text: &str| {
        utf8_percent_encode(text, FORM)
            .to_string()
            .replace(' ', "+")
    };
    let parts: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{}={}", one(name), one(value)))
        .collect();
    parts.join("&")
}

/// Names and values of a form as bytes, whatever their charset. `None` when it is none.
#[must_use]
pub fn decode(body: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let hex = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let one = |text: &[u8]| {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.iter().copied();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
                byte => byte,
            });
        }
        Some(bytes)
    };
    body.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let (name, value) = pair.split_at_checked(at)?;
            Some((one(name)?, one(value.get(1..)?)?))
        })
        .collect()
}

/// One path segment or query value.
#[must_use]
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_character() {
        assert_eq!(
            encode([("a", "门 &=+*-._~/"), ("b", "")]),
            "a=%E9%97%A8+%26%3D%2B*-._%7E%2F&b="
        );
        let pairs = decode(b"a=%E9%97%A8+%26%3D%2B*-._%7E%2F&b=").unwrap_or_default();
        assert_eq!(
            pairs,
            [
                (b"a".to_vec(), "门 &=+*-._~/".as_bytes().to_vec()),
                (b"b".to_vec(), Vec::new())
            ]
        );
        for broken in ["a", "a=%", "a=%E", "a=%zz", "a=1&b"] {
            assert_eq!(decode(broken.as_bytes()), None, "{broken}");
        }
        assert_eq!(segment("A|B*C_d-1"), "A%7CB%2AC_d-1");
    }
}
