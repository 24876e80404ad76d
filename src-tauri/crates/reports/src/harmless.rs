//! Cells that a spreadsheet shows and never runs. Knows no file format.

use std::borrow::Cow;

/// A spreadsheet keeps 15 digits of what it takes for a number; a channel's number has up to 32.
pub(crate) const DIGITS_MAX: usize = 15;

/// The cell as text for certain: a spreadsheet runs what begins like a formula, rounds long numbers,
/// and turns the reading order where it is told to. The apostrophe in front is the usual remedy.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let is_number_for_it = text.len() > DIGITS_MAX && text.bytes().all(|b| b.is_ascii_digit());
    let guarded = is_number_for_it || begins_like_a_formula(text);
    if !guarded && !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut cell = String::with_capacity(text.len() + 1);
    if guarded {
        cell.push('\'');
    }
    cell.extend(text.chars().map(|character| {
        if is_hidden(character) {
            '\u{fffd}'
        } else {
            character
        }
    }));
    Cow::Owned(cell)
}

/// Also behind blanks, and in the wide forms that a Chinese spreadsheet takes for the plain ones.
pub(crate) fn begins_like_a_formula(text: &str) -> bool {
    if text.starts_with(['\0', '\t', '\r', '\n']) {
        return true;
    }
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}');
    text.trim_start_matches(is_blank)
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Characters that are obeyed, not shown: direction changes and controls other than line breaks and tabs.
pub(crate) fn is_hidden(character: char) -> bool {
    match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        '\t' | '\n' | '\r' => false,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for hostile in [
            "=1+1",
            "+1",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "\u{feff}=1",
            "\u{200b}@x",
            "＝1+1",
            "－1",
        ] {
            assert_eq!(harmless(hostile), format!("'{hostile}"), "{hostile:?}");
        }
    }

    #[test]
    fn long_numbers_keep_their_digits() {
        assert_eq!(
            harmless("2026112122001430001400123456"),
            "'2026112122001430001400123456"
        );
        assert_eq!(harmless("123456789012345"), "123456789012345");
        assert_eq!(harmless("T7K2M02611210001AE"), "T7K2M02611210001AE");
    }

    #[test]
    fn words_stay_as_they_are_and_hidden_signs_show() {
        for plain in [
            "",
            "蛋糕 🎂 a=b",
            "👨‍👩‍👧",
            "مرحبا",
            "two\nlines",
            "a,\"b\"",
            "5-3",
        ] {
            assert_eq!(harmless(plain), plain);
        }
        assert_eq!(
            harmless("a\u{202e}b\u{0}c\u{2066}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}"
        );
    }
}
