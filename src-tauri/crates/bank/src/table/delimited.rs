//! Text with separators, as banks write it: cells quoted or not, padded behind the quote, rows of unequal length.
//! A quote that is never closed is a file that was cut, not a cell that holds the rest of it.

use super::Row;
use crate::{Reason, StatementFault};
use std::borrow::Cow;

/// The separators in use, the commonest first.
pub(super) const SEPARATORS: [char; 4] = [',', '\t', ';', '|'];
/// The widest bank table has some thirty columns.
pub(super) const COLUMNS_MAX: usize = 128;
/// A cell holds a note, not a book.
const RECORD_BYTES_MAX: usize = 64 << 10;

/// Hands out every row, blank ones too.
///
/// # Errors
/// `TooLarge`, `Truncated`, and whatever `each` refuses.
pub(super) fn rows(
    text: &str,
    separator: char,
    each: &mut dyn FnMut(Row<'_>) -> Result<bool, StatementFault>,
) -> Result<(), StatementFault> {
    let mut rest = text;
    let mut number = 1_u64;
    while !rest.is_empty() {
        let (cells, length, lines) = record(rest, separator, number)?;
        let row = Row {
            number,
            cells: &cells,
        };
        if !each(row)? {
            return Ok(());
        }
        number += lines;
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// The cells of the first record, its length in bytes with its end, and how many lines it takes.
fn record(
    text: &str,
    separator: char,
    number: u64,
) -> Result<(Vec<Cow<'_, str>>, usize, u64), StatementFault> {
    let too_large = || StatementFault::at(number, "", Reason::TooLarge);
    let (mut at, mut lines) = (0_usize, 0_u64);
    let mut cells: Vec<Cow<'_, str>> = Vec::new();
    loop {
        if cells.len() >= COLUMNS_MAX {
            return Err(too_large());
        }
        let rest = text.get(at..).unwrap_or_default();
        let pads = |letter: char| matches!(letter, ' ' | '\t') && letter != separator;
        let padding = rest.len() - rest.trim_start_matches(pads).len();
        let mut cell: Option<Cow<'_, str>> = None;
        if let Some(inner) = rest.get(padding..).and_then(|rest| rest.strip_prefix('"')) {
            let (quoted, length) = quoted(inner, number)?;
            lines += count(quoted.as_ref());
            cell = Some(quoted);
            at += padding + 1 + length;
        }
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find([separator, '\n']).unwrap_or(rest.len());
        let bare = rest.get(..end).unwrap_or_default();
        at += end;
        cells.push(match cell {
            // Something behind the closing quote is padding, or belongs to it.
            Some(cell) if bare.trim().is_empty() => cell,
            Some(cell) => Cow::Owned(cell.into_owned() + bare),
            None => Cow::Borrowed(bare),
        });
        if at > RECORD_BYTES_MAX {
            return Err(too_large());
        }
        match rest.get(end..).and_then(|rest| rest.chars().next()) {
            Some('\n') => return Ok((cells, at + 1, lines + 1)),
            Some(_) => at += separator.len_utf8(),
            None => return Ok((cells, at, lines + 1)),
        }
    }
}

fn count(text: &str) -> u64 {
    u64::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or_default()
}

/// The text up to the closing quote, and its length with that quote; a doubled quote is one.
fn quoted(text: &str, number: u64) -> Result<(Cow<'_, str>, usize), StatementFault> {
    let mut from = 0;
    let mut owned: Option<String> = None;
    loop {
        let rest = text.get(from..).unwrap_or_default();
        let window = rest.as_bytes();
        let window = window.get(..RECORD_BYTES_MAX).unwrap_or(window);
        let Some(end) = memchr::memchr(b'"', window) else {
            let reason = if rest.len() > RECORD_BYTES_MAX {
                Reason::TooLarge
            } else {
                Reason::Truncated
            };
            return Err(StatementFault::at(number, "", reason));
        };
        let piece = rest.get(..end).unwrap_or_default();
        let is_doubled = rest
            .get(end + 1..)
            .is_some_and(|rest| rest.starts_with('"'));
        match (&mut owned, is_doubled) {
            (None, false) => return Ok((Cow::Borrowed(piece), end + 1)),
            (Some(known), false) => {
                known.push_str(piece);
                return Ok((Cow::Owned(std::mem::take(known)), from + end + 1));
            }
            (known, true) => {
                let known = known.get_or_insert_default();
                known.push_str(piece);
                known.push('"');
                from += end + 2;
            }
        }
        if from > RECORD_BYTES_MAX {
            return Err(StatementFault::at(number, "", Reason::TooLarge));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str, separator: char) -> Result<Vec<(u64, Vec<String>)>, StatementFault> {
        let mut found = Vec::new();
        rows(text, separator, &mut |row| {
            let cells = row.cells.iter().map(|cell| cell.to_string()).collect();
            found.push((row.number, cells));
            Ok(true)
        })?;
        Ok(found)
    }

    #[test]
    fn quotes_pads_and_ends_of_lines_are_told_apart() {
        let text = "a,\"b,\"\"c\"\"\"\t,d\r\n\n\"e\nf\",g\nlast";
        let found = all(text, ',').unwrap();
        let cells = |cells: &[&str]| {
            cells
                .iter()
                .map(|cell| (*cell).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found,
            [
                (1, cells(&["a", "b,\"c\"", "d\r"])),
                (2, cells(&[""])),
                (3, cells(&["e\nf", "g"])),
                (5, cells(&["last"])),
            ]
        );
        assert_eq!(
            all("a\n\"b,c\nd", ',').unwrap_err().reason,
            Reason::Truncated
        );
        assert_eq!(
            all(&",".repeat(200), ',').unwrap_err().reason,
            Reason::TooLarge
        );
        let long = "x".repeat(70_000);
        assert_eq!(all(&long, ',').unwrap_err().reason, Reason::TooLarge);
        assert_eq!(
            all(&format!("\"{long}\""), ',').unwrap_err().reason,
            Reason::TooLarge
        );
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(table in prop::collection::vec(prop::collection::vec("[a,\"\n 中]{0,6}", 1..5), 1..5)) {
            let text: String = table.iter().map(|row| {
                let cells: Vec<String> = row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
                cells.join(",") + "\n"
            }).collect();
            let found: Vec<Vec<String>> = all(&text, ',').unwrap().into_iter().map(|(_, cells)| cells).collect();
            prop_assert_eq!(found, table);
        }
    }
}
