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
        assert_eq!(segment("A|B*C_d-1"), "A%7CB%2AC_d-1");
    }
}
