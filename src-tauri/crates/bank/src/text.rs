//! From bytes to text: byte order mark, then strict UTF-8, then what the format says. Nothing is guessed in silence:
//! bytes that fit no encoding are refused with their line.

use crate::{Reason, StatementFault};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// The same as for a channel's bill: two hundred thousand lines.
pub(crate) const BYTES_MAX: usize = 64 << 20;
/// More movements than a statement of this size has; each is held while they are compared.
pub(crate) const LINES_MAX: usize = 400_000;

/// In which encoding a text without a mark may be where it is not UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fallback {
    /// The one that the file names.
    Named(&'static Encoding),
    /// A Chinese bank's table.
    Chinese,
    /// A format from the west, written by banks everywhere: by the look of its bytes.
    Either,
}

/// The text of a file, and the name of its encoding.
///
/// # Errors
/// `Binary`, `Encoding`.
pub(crate) fn decode(
    bytes: &[u8],
    fallback: Fallback,
) -> Result<(Cow<'_, str>, &'static str), StatementFault> {
    let (encoding, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (Some(encoding), bytes.get(length..).unwrap_or_default()),
        None => (None, bytes),
    };
    let is_wide = encoding.is_some_and(|found| found == UTF_16LE || found == UTF_16BE);
    if !is_wide && let Some(at) = memchr::memchr(0, rest) {
        return Err(StatementFault::at(row_of(rest, at), "", Reason::Binary));
    }
    let encoding = match encoding {
        Some(encoding) => encoding,
        None if std::str::from_utf8(rest).is_ok() => UTF_8,
        None => match fallback {
            Fallback::Named(encoding) => encoding,
            Fallback::Chinese => GB18030,
            Fallback::Either if looks_chinese(rest) => GB18030,
            Fallback::Either => WINDOWS_1252,
        },
    };
    let decoded = encoding.decode_without_bom_handling_and_without_replacement(rest);
    match decoded {
        Some(text) if is_wide && text.contains('\0') => {
            Err(StatementFault::of_file(Reason::Binary))
        }
        Some(text) => Ok((text, encoding.name())),
        None => Err(StatementFault::at(
            first_bad_row(rest, encoding),
            "",
            Reason::Encoding,
        )),
    }
}

/// GB 2312 writes a character as two bytes above A0; western letters above that stand alone between others.
fn looks_chinese(bytes: &[u8]) -> bool {
    let mut run = 0_usize;
    for byte in bytes.iter().chain([&0]) {
        if *byte >= 0xa1 {
            run += 1;
        } else if *byte >= 0x80 || run % 2 == 1 {
            return false;
        } else {
            run = 0;
        }
    }
    true
}

/// The line of a byte, from 1.
pub(crate) fn row_of(bytes: &[u8], at: usize) -> u64 {
    let before = bytes.get(..at).unwrap_or(bytes);
    let ends = memchr::memchr_iter(b'\n', before).count();
    u64::try_from(ends).map_or(u64::MAX, |ends| ends + 1)
}

/// The first line that is not in this encoding; both encodings in question keep line ends as they are.
fn first_bad_row(bytes: &[u8], encoding: &'static Encoding) -> u64 {
    let bad = |line: &[u8]| {
        encoding
            .decode_without_bom_handling_and_without_replacement(line)
            .is_none()
    };
    let lines = bytes.split(|byte| *byte == b'\n');
    (1..)
        .zip(lines)
        .find(|(_, line)| bad(line))
        .map_or(0, |(row, _)| row)
}

/// One more element of a list with a limit.
///
/// # Errors
/// `TooLarge`.
pub(crate) fn push<T>(list: &mut Vec<T>, item: T, row: u64) -> Result<(), StatementFault> {
    if list.len() >= LINES_MAX {
        return Err(StatementFault::at(row, "", Reason::TooLarge));
    }
    list.push(item);
    Ok(())
}

/// The texts that are not empty, with one blank between them.
pub(crate) fn joined<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let mut text = String::new();
    for part in parts {
        for word in part.split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    text
}

/// The first text that says something.
pub(crate) fn first<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let said = texts
        .into_iter()
        .map(str::trim)
        .find(|text| !text.is_empty());
    said.unwrap_or_default().to_owned()
}
