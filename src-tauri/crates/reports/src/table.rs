//! One CSV file as a spreadsheet opens it right: BOM, CRLF, RFC 4180 quotes, cells that run nothing.
//! Rows go through, none is kept. Knows no columns; those stand in the files beside this one.

use paydesk_domain::MoneyError;
use sha2::{Digest, Sha256};
use std::{
    borrow::Cow,
    io::{self, Write},
};

/// A spreadsheet takes a file without it for the machine's old encoding and shows Chinese wrongly.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// A spreadsheet keeps 15 digits of what it takes for a number; a channel's number has up to 32.
const DIGITS_MAX: usize = 15;

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// Rows, titles and totals not counted.
    pub rows: u64,
    /// SHA-256 of all bytes, BOM included, as lower-case hex.
    pub sha256: String,
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The writer failed.
    #[error("the file could not be written: {0}")]
    Io(#[from] io::Error),
    /// The totals do not fit.
    #[error("the totals cannot be summed: {0}")]
    Money(#[from] MoneyError),
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> ExportError {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => ExportError::Io(error),
            // Rows of unequal length; the rest is about reading.
            kind => ExportError::Io(io::Error::other(format!("{kind:?}"))),
        }
    }
}

/// Counts every byte into the digest on its way.
struct Digesting<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The file being written.
pub(crate) struct Table<W: Write> {
    csv: csv::Writer<Digesting<W>>,
    rows: u64,
}

impl<W: Write> Table<W> {
    /// Begins the file with its titles.
    pub(crate) fn new(writer: W, titles: &[String]) -> Result<Table<W>, ExportError> {
        let mut writer = Digesting {
            inner: writer,
            digest: Sha256::new(),
        };
        writer.write_all(BOM)?;
        let csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .buffer_capacity(64 * 1024)
            .from_writer(writer);
        let mut table = Table { csv, rows: 0 };
        for title in titles {
            table.text(title)?;
        }
        table.end_of_line()?;
        Ok(table)
    }

    /// A cell with somebody's words.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), ExportError> {
        Ok(self.csv.write_field(harmless(text).as_bytes())?)
    }

    /// A cell of our own making: an amount, a time, a day. Never for words.
    pub(crate) fn figure(&mut self, text: &str) -> Result<(), ExportError> {
        Ok(self.csv.write_field(text)?)
    }

    /// Ends a row.
    pub(crate) fn end_of_row(&mut self) -> Result<(), ExportError> {
        self.rows = self.rows.saturating_add(1);
        self.end_of_line()
    }

    /// Ends a line that is no row: titles, totals.
    pub(crate) fn end_of_line(&mut self) -> Result<(), ExportError> {
        Ok(self.csv.write_record(None::<&[u8]>)?)
    }

    /// Hands everything to the writer and gives it back.
    pub(crate) fn finish(mut self) -> Result<(W, Exported), ExportError> {
        self.csv.flush()?;
        let rows = self.rows;
        let mut writer = self
            .csv
            .into_inner()
            .map_err(|error| io::Error::from(error.error().kind()))?;
        writer.flush()?;
        let digest = writer.digest.finalize();
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((writer.inner, Exported { rows, sha256 }))
    }
}

/// The cell as text for certain: a spreadsheet runs what begins like a formula, rounds long numbers,
/// and turns the reading order where it is told to. The apostrophe in front is the usual remedy.
fn harmless(text: &str) -> Cow<'_, str> {
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
fn begins_like_a_formula(text: &str) -> bool {
    if text.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}');
    text.trim_start_matches(is_blank)
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Characters that are obeyed, not shown: direction changes and controls other than line breaks and tabs.
fn is_hidden(character: char) -> bool {
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
