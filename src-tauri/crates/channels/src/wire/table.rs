//! Tables of text as bills hold them: columns found by their titles, and texts that hold the separator put together
//! again.

use paydesk_domain::{Currency, Money};
use paydesk_signing::Sha256Pieces;

/// A row may have this many separators inside its texts.
const EXTRA_MAX: usize = 64;
/// The widest bill has some thirty columns.
const COLUMNS_MAX: usize = 128;
/// Tools pad lines with empty cells, but not without end.
const PADDING_MAX: usize = 1024;
/// Decimals of the finest amount that a bill writes.
const FINE_DECIMALS: usize = 5;

/// SHA-256 of lines, whatever ends them: the same content saved again has the same.
#[derive(Default)]
pub struct ContentDigest {
    digest: Sha256Pieces,
    /// Line ends wait until another line follows them.
    ends: u64,
}

impl ContentDigest {
    /// Takes the next line, without its end.
    pub fn push(&mut self, line: &[u8]) {
        if !line.is_empty() {
            for _ in 0..self.ends {
                self.digest.push(b"\n");
            }
            self.digest.push(line);
            self.ends = 0;
        }
        self.ends += 1;
    }

    /// The digest, hexadecimal.
    #[must_use]
    pub fn finish(self) -> String {
        self.digest.finish()
    }
}

/// What stands in the cells of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// A decimal, or nothing.
    Amount,
    /// `2024-11-26 10:00:03`, or nothing.
    Moment,
    /// A number or word without blanks inside, or nothing.
    Name,
    /// Anything.
    Text,
}

impl Column {
    /// Whether the cell can stand here, as strictly as a row is read.
    fn fits(self, cell: &str, strictness: Strictness) -> bool {
        let cell = cell.trim();
        let nothing = strictness != Strictness::Whole && cell.is_empty();
        let is_mangled = strictness == Strictness::Mangled;
        match self {
            Column::Amount => nothing || fine(cell).is_some(),
            Column::Moment => nothing || super::time::from_china_cell(cell).is_some(),
            Column::Name => {
                let fits = |byte: u8| byte.is_ascii_graphic() || (is_mangled && byte == b' ');
                cell.bytes().all(fits)
            }
            Column::Text => true,
        }
    }
}

/// How strictly the cells of a row are told apart; the next one only where the one before finds no way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// Amounts and moments are there.
    Whole,
    /// They may be missing.
    Blank,
    /// Numbers may have blanks inside: another program had the file.
    Mangled,
}

/// The titles of a table.
pub struct Header {
    titles: Vec<String>,
    columns: Vec<Column>,
}

/// A title in one spelling: brackets of either width and the unit in them left out.
fn title(cell: &str) -> String {
    let cell = cell.trim().trim_matches(['`', '"']);
    let end = cell.find(['（', '(']).unwrap_or(cell.len());
    cell.get(..end).unwrap_or_default().trim().to_owned()
}

impl Header {
    /// Reads the line of titles; `column` says what stands under one.
    #[must_use]
    pub fn read(line: &str, column: fn(&str) -> Column) -> Header {
        let titles: Vec<String> = line.split(',').take(COLUMNS_MAX).map(title).collect();
        let columns = titles.iter().map(|title| column(title)).collect();
        Header { titles, columns }
    }

    /// How many columns there are.
    #[must_use]
    pub fn width(&self) -> usize {
        self.titles.len()
    }

    /// Where the first of these titles stands that is there.
    #[must_use]
    pub fn place(&self, titles: &[&str]) -> Option<usize> {
        titles
            .iter()
            .find_map(|wanted| self.titles.iter().position(|title| title == wanted))
    }

    /// The title of a column.
    #[must_use]
    pub fn title(&self, at: usize) -> &str {
        self.titles.get(at).map_or("", String::as_str)
    }

    /// The cells of a row, one per title. A text that holds the separator is put together again where
    /// the other columns leave one way to do it; the last way if they leave several.
    #[must_use]
    pub fn cells<'l>(&self, line: &'l str, separator: &str) -> Option<Vec<&'l str>> {
        let wanted = self.titles.len();
        let mut ranges = Vec::with_capacity(wanted);
        let mut from = 0;
        for piece in line.split(separator) {
            if ranges.len() > wanted + EXTRA_MAX + PADDING_MAX {
                return None;
            }
            ranges.push((from, from + piece.len()));
            from += piece.len() + separator.len();
        }
        if let Some(cells) = self.arranged(line, &ranges) {
            return Some(cells);
        }
        // Tools that pad every line to the same width leave empty cells at the end.
        while ranges.len() > wanted && ranges.last().is_some_and(|(from, to)| from == to) {
            ranges.pop();
        }
        self.arranged(line, &ranges)
    }

    fn arranged<'l>(&self, line: &'l str, ranges: &[(usize, usize)]) -> Option<Vec<&'l str>> {
        let cell = |from: usize, to: usize| {
            let (start, _) = ranges.get(from)?;
            let (_, end) = ranges.get(to.checked_sub(1)?)?;
            line.get(*start..*end)
        };
        let (wanted, pieces) = (self.titles.len(), ranges.len());
        if pieces == wanted {
            return (0..wanted).map(|at| cell(at, at + 1)).collect();
        }
        if pieces < wanted || pieces > wanted + EXTRA_MAX {
            return None;
        }
        // A text that ends in the separator leaves a blank piece, which is no amount as long as one is there.
        let mut ways = [Strictness::Whole, Strictness::Blank, Strictness::Mangled]
            .into_iter()
            .map(|strictness| self.ways(pieces, strictness, &|at| cell(at, at + 1)));
        let ways = ways.find(|ways| ways.reaches(0, 0))?;
        let mut cells = Vec::with_capacity(wanted);
        let mut from = 0;
        for (at, column) in self.columns.iter().enumerate() {
            let most = match column {
                Column::Text => pieces,
                Column::Amount | Column::Moment | Column::Name => from + 1,
            };
            let to = (from + 1..=most).find(|to| ways.reaches(at + 1, *to))?;
            cells.push(cell(from, to)?);
            from = to;
        }
        Some(cells)
    }

    /// From which piece on the columns from each one on can take the rest of a row.
    fn ways<'l>(
        &self,
        pieces: usize,
        strictness: Strictness,
        piece: &dyn Fn(usize) -> Option<&'l str>,
    ) -> Ways {
        let mut ways = Ways {
            width: pieces + 1,
            reachable: vec![false; (self.columns.len() + 1) * (pieces + 1)],
        };
        ways.allow(self.columns.len(), pieces);
        for (at, column) in self.columns.iter().enumerate().rev() {
            for from in (0..pieces).rev() {
                let found = match column {
                    Column::Text => (from + 1..=pieces).any(|to| ways.reaches(at + 1, to)),
                    Column::Amount | Column::Moment | Column::Name => {
                        ways.reaches(at + 1, from + 1)
                            && piece(from).is_some_and(|text| column.fits(text, strictness))
                    }
                };
                if found {
                    ways.allow(at, from);
                }
            }
        }
        ways
    }
}

/// Which columns can take the rest of a row from which piece on.
struct Ways {
    width: usize,
    reachable: Vec<bool>,
}

impl Ways {
    fn reaches(&self, column: usize, piece: usize) -> bool {
        piece < self.width && self.reachable.get(column * self.width + piece) == Some(&true)
    }

    fn allow(&mut self, column: usize, piece: usize) {
        if let Some(slot) = self.reachable.get_mut(column * self.width + piece) {
            *slot = true;
        }
    }
}

/// A decimal in hundred-thousandths of the major unit: the finest that bills write.
#[must_use]
pub fn fine(text: &str) -> Option<i64> {
    fine_bytes(text.as_bytes())
}

/// The same of bytes that were not decoded.
#[must_use]
pub fn fine_bytes(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (mut value, mut whole, mut decimals) = (0_i64, 0_usize, None);
    for byte in digits {
        match (byte, &mut decimals) {
            (b'0'..=b'9', None) => whole += 1,
            (b'0'..=b'9', Some(count)) => *count += 1,
            (b'.', None) => {
                decimals = Some(0_usize);
                continue;
            }
            _ => return None,
        }
        value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    if whole == 0 || decimals == Some(0) {
        return None;
    }
    let missing = FINE_DECIMALS.checked_sub(decimals.unwrap_or(0))?;
    for _ in 0..missing {
        value = value.checked_mul(10)?;
    }
    Some(if negative { -value } else { value })
}

/// Hundred-thousandths of a yuan as money, half a fen away from zero.
#[must_use]
pub fn to_fen(fine: i64) -> Money {
    let half = if fine < 0 { -500 } else { 500 };
    Money::from_minor(fine.saturating_add(half) / 1000, Currency::CNY)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::wire::stream::{ByReading, Stream};
    use proptest::prelude::*;

    fn header() -> Header {
        Header::read("单号,名称,时间（元）,金额(元),备注", |title| match title {
            "单号" => Column::Name,
            "时间" => Column::Moment,
            "金额" => Column::Amount,
            _ => Column::Text,
        })
    }

    #[test]
    fn a_comma_in_a_text_moves_no_other_column() {
        let header = header();
        assert_eq!(header.place(&["时间"]), Some(2));
        for (line, cells) in [
            (
                "1,茶,2024-11-26 10:00:03,1.00,无",
                Some(["1", "茶", "2024-11-26 10:00:03", "1.00", "无"]),
            ),
            (
                "1,茶,大,2024-11-26 10:00:03,1.00,无,糖",
                Some(["1", "茶,大", "2024-11-26 10:00:03", "1.00", "无,糖"]),
            ),
            (
                "1,茶,2024-11-26 10:00:03,1.00,无,,",
                Some(["1", "茶", "2024-11-26 10:00:03", "1.00", "无,,"]),
            ),
            (
                "1 2,茶,大,2024-11-26 10:00:03,1.00,无",
                Some(["1 2", "茶,大", "2024-11-26 10:00:03", "1.00", "无"]),
            ),
            ("1,茶,大,x,1.00,无", None),
            ("1,茶,2024-11-26 10:00:03,1.00", None),
        ] {
            assert_eq!(
                header.cells(line, ","),
                cells.map(|cells| cells.to_vec()),
                "{line}"
            );
        }
    }

    #[test]
    fn fine_amounts_are_exact_and_rounded_once() {
        for (text, exact, fen) in [
            ("0.53000", 53_000, 53),
            ("-0.12000", -12_000, -12),
            ("0.00499", 499, 0),
            ("0.005", 500, 1),
            ("-0.005", -500, -1),
            ("88", 8_800_000, 8800),
        ] {
            assert_eq!(fine(text), Some(exact), "{text}");
            assert_eq!(to_fen(exact).minor(), fen, "{text}");
        }
        for text in ["", "-", ".5", "1.", "1.000000", "1,0", "+1", "９", "1e2"] {
            assert_eq!(fine(text), None, "{text}");
        }
    }

    #[test]
    fn the_content_is_the_same_whatever_ends_the_lines() {
        let content_sha256 = |bytes: &[u8]| {
            let mut source = ByReading(bytes);
            let mut stream = Stream::new(&mut source).with_digest();
            while stream.next_line().unwrap().is_some() {}
            stream.content_sha256()
        };
        let one = content_sha256(b"a\r\n\r\nb\r\n");
        for other in [
            "a\n\nb".as_bytes(),
            b"a\n\nb\n\n",
            "\u{feff}a\n\nb\n".as_bytes(),
        ] {
            assert_eq!(content_sha256(other), one);
        }
        assert_ne!(content_sha256(b"a\nb"), one);
        assert_ne!(content_sha256(b"ab"), content_sha256(b"a\nb"));
    }

    proptest! {
        #[test]
        fn every_row_that_fits_keeps_every_character(line in "[a1,.-]{0,40}") {
            if let Some(cells) = header().cells(&line, ",") {
                prop_assert_eq!(cells.len(), 5);
                let joined = cells.join(",");
                prop_assert_eq!(joined.trim_end_matches(','), line.trim_end_matches(','));
            }
        }
    }
}
