//! A bill's file line by line while it streams past, in blocks: no file is ever held whole.
//!
//! The cells of a line are cut at its bytes. Commas and line ends are never part of a GBK character; a back-tick may
//! be, so the cells of a GBK file are cut at commas alone.

use super::table::ContentDigest;
use crate::BillFault;
use paydesk_domain::Timestamp;
use paydesk_signing::Sha1Pieces;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// What is read at once.
const BLOCK_BYTES: usize = 512 << 10;
/// What is read first: most files are small.
const FIRST_BYTES: usize = 8 << 10;
/// Longer lines are in no bill.
const LINE_BYTES_MAX: usize = 1 << 20;

/// A file that can also be read further on.
pub trait Skip: Read {
    /// Goes on behind so many bytes more.
    ///
    /// # Errors
    /// Whoever reads it says.
    fn skip(&mut self, bytes: u64) -> io::Result<()>;
}

/// Reads what it leaves out.
pub struct ByReading<R>(pub R);

impl<R: Read> Read for ByReading<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: Read> Skip for ByReading<R> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        io::copy(&mut (&mut self.0).take(bytes), &mut io::sink()).map(|_| ())
    }
}

/// Seeks over what it leaves out.
pub struct BySeeking<R>(pub R);

impl<R: Read> Read for BySeeking<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: Read + Seek> Skip for BySeeking<R> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let by = i64::try_from(bytes).map_err(io::Error::other)?;
        self.0.seek(SeekFrom::Current(by)).map(|_| ())
    }
}

/// Takes the SHA-1 of what is read, where it is asked for.
pub struct Digested<'r> {
    inner: &'r mut dyn Skip,
    digest: Option<Sha1Pieces>,
}

impl<'r> Digested<'r> {
    /// From the beginning of a file.
    pub fn new(inner: &'r mut dyn Skip, is_asked: bool) -> Digested<'r> {
        Digested {
            inner,
            digest: is_asked.then(Sha1Pieces::default),
        }
    }

    /// Reads the rest, and answers the digest of all.
    ///
    /// # Errors
    /// Those of the source.
    pub fn finish(mut self) -> Result<String, BillFault> {
        io::copy(&mut self, &mut io::sink()).map_err(|error| fault_of(&error))?;
        Ok(self.digest.map_or_else(String::new, Sha1Pieces::finish))
    }
}

impl Read for Digested<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        if let Some(digest) = &mut self.digest {
            digest.push(into.get(..count).unwrap_or_default());
        }
        Ok(count)
    }
}

impl Skip for Digested<'_> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        self.inner.skip(bytes)
    }
}

/// The fault that a reader of a bill carried through `io::Error`.
#[must_use]
pub fn fault_of(error: &io::Error) -> BillFault {
    let carried = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<BillFault>());
    match carried {
        Some(fault) => fault.clone(),
        None if error.kind() == ErrorKind::UnexpectedEof => BillFault::Truncated,
        None => BillFault::Archive("it is damaged"),
    }
}

/// A line without its end (LF or CRLF).
#[derive(Clone, Copy, Debug)]
pub struct Line<'l> {
    /// Its number, from 1.
    pub row: u64,
    /// Where it begins in the unpacked file.
    pub offset: u64,
    /// Its bytes.
    pub bytes: &'l [u8],
}

/// The lines of a file; a byte order mark is left out.
pub struct Stream<'s> {
    source: &'s mut dyn Skip,
    block: Vec<u8>,
    /// Where the next line begins in the block.
    from: usize,
    /// Where the read part of the block ends.
    to: usize,
    /// Where the next line begins in the file.
    offset: u64,
    row: u64,
    is_over: bool,
    content: Option<ContentDigest>,
}

impl<'s> Stream<'s> {
    /// From the beginning of a file.
    pub fn new(source: &'s mut dyn Skip) -> Stream<'s> {
        Stream {
            source,
            block: Vec::new(),
            from: 0,
            to: 0,
            offset: 0,
            row: 0,
            is_over: false,
            content: None,
        }
    }

    /// Takes the digest of the content, too.
    #[must_use]
    pub fn with_digest(mut self) -> Stream<'s> {
        self.content = Some(ContentDigest::default());
        self
    }

    /// The digest of the lines so far, where it is taken.
    pub fn content_sha256(&mut self) -> Option<String> {
        self.content.take().map(ContentDigest::finish)
    }

    /// The next line; none behind the last.
    ///
    /// # Errors
    /// Those of the source, and `Cell` for a line without end.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, BillFault> {
        if self.row == 0 {
            self.leave_out_the_mark()?;
        }
        let mut looked = self.from;
        let end = loop {
            let rest = self.block.get(looked..self.to).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', rest) {
                break looked + at;
            }
            looked = self.to - self.from;
            if !self.fill()? {
                if self.from == self.to {
                    return Ok(None);
                }
                break self.to;
            }
            looked += self.from;
        };
        let whole = (end + 1).min(self.to);
        let (from, offset) = (self.from, self.offset);
        self.offset += u64::try_from(whole - from).unwrap_or(0);
        self.from = whole;
        self.row += 1;
        let bytes = self.block.get(from..end).unwrap_or_default();
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if let Some(content) = &mut self.content {
            content.push(bytes);
        }
        Ok(Some(Line {
            row: self.row,
            offset,
            bytes,
        }))
    }

    /// Whether nothing but blank lines follows. Reads to the end to know it.
    pub fn is_at_end(&mut self) -> bool {
        loop {
            let rest = self.block.get(self.from..self.to).unwrap_or_default();
            if !rest.iter().all(u8::is_ascii_whitespace) {
                return false;
            }
            self.from = self.to;
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Goes on with the line that begins at this offset, behind those that were read, and has this number.
    ///
    /// # Errors
    /// Those of the source.
    pub fn go_to(&mut self, row: u64, offset: u64) -> Result<(), BillFault> {
        let mut ahead = offset.saturating_sub(self.offset);
        let here = self.to - self.from;
        match usize::try_from(ahead) {
            Ok(bytes) if bytes <= here => self.from += bytes,
            _ => {
                ahead -= u64::try_from(here).unwrap_or(0);
                (self.from, self.to) = (0, 0);
                self.source.skip(ahead).map_err(|error| fault_of(&error))?;
            }
        }
        self.offset = offset;
        self.row = row.saturating_sub(1).max(1);
        Ok(())
    }

    fn leave_out_the_mark(&mut self) -> Result<(), BillFault> {
        let mark = "\u{feff}".as_bytes();
        while self.to < mark.len() && self.fill()? {}
        let start = self.block.get(..self.to).unwrap_or_default();
        if start.starts_with(mark) {
            self.from = mark.len();
            self.offset = u64::try_from(mark.len()).unwrap_or(0);
        }
        Ok(())
    }

    /// Reads more behind what is left; whether there was any.
    fn fill(&mut self) -> Result<bool, BillFault> {
        if self.is_over {
            return Ok(false);
        }
        if self.from > 0 {
            self.block.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        if self.to > LINE_BYTES_MAX {
            return Err(BillFault::Cell {
                row: self.row + 1,
                column: String::new(),
            });
        }
        let more = if self.block.is_empty() {
            FIRST_BYTES
        } else {
            BLOCK_BYTES
        };
        if self.block.len() < self.to + more {
            self.block.resize(self.to + more, 0);
        }
        let space = self.block.get_mut(self.to..).unwrap_or_default();
        let read = loop {
            match self.source.read(space) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.map_err(|error| fault_of(&error))?,
            }
        };
        self.to += read;
        self.is_over = read == 0;
        Ok(read > 0)
    }
}

/// The digest of a whole file's content: the same whatever ends its lines.
#[must_use]
pub fn content_sha256(bytes: &[u8]) -> String {
    let mut source = ByReading(bytes);
    let mut lines = Stream::new(&mut source).with_digest();
    while let Ok(Some(_)) = lines.next_line() {}
    lines.content_sha256().unwrap_or_default()
}

/// The cells of one line as they are cut at their separators; kept from line to line.
#[derive(Default)]
pub struct Cells {
    ends: Vec<(u32, u32)>,
}

impl Cells {
    /// Cuts at every comma; answers how many cells there are.
    pub fn cut_at_commas(&mut self, line: &[u8]) -> usize {
        self.ends.clear();
        let mut from = 0;
        for at in memchr::memchr_iter(b',', line) {
            self.push(from, at);
            from = at + 1;
        }
        self.push(from, line.len());
        self.ends.len()
    }

    /// Cuts at every comma with a back-tick behind it; answers how many cells there are.
    pub fn cut_at_marks(&mut self, line: &[u8]) -> usize {
        self.ends.clear();
        let mut from = 0;
        for at in memchr::memchr_iter(b'`', line) {
            let before = at.checked_sub(1);
            if before.and_then(|before| line.get(before)) == Some(&b',') && at > from {
                self.push(from, at - 1);
                from = at + 1;
            }
        }
        self.push(from, line.len());
        self.ends.len()
    }

    fn push(&mut self, from: usize, to: usize) {
        let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.ends.push((short(from), short(to)));
    }

    /// One cell.
    #[must_use]
    pub fn get<'l>(&self, line: &'l [u8], at: usize) -> &'l [u8] {
        let Some((from, to)) = self.ends.get(at) else {
            return &[];
        };
        let long = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        line.get(long(*from)..long(*to)).unwrap_or_default()
    }

    /// A cell of visible ASCII at both ends, which may have tabs behind it: then no blank of any kind is left to be
    /// taken off. `None` for every other, and an empty one.
    #[must_use]
    pub fn word<'l>(&self, line: &'l [u8], at: usize) -> Option<&'l [u8]> {
        let mut cell = self.get(line, at);
        while let [rest @ .., b'\t'] = cell {
            cell = rest;
        }
        match (cell.first(), cell.last()) {
            (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => {
                Some(cell)
            }
            _ => None,
        }
    }

    /// A decimal in hundred-thousandths; `None` where it takes a longer look.
    #[must_use]
    pub fn fine(&self, line: &[u8], at: usize) -> Option<i64> {
        super::table::fine_bytes(self.get(line, at))
    }

    /// A decimal of a column that may be missing, which is zero.
    #[must_use]
    pub fn fine_or_none(&self, line: &[u8], at: Option<usize>) -> Option<i64> {
        at.map_or(Some(0), |at| self.fine(line, at))
    }

    /// A reference: visible ASCII and nothing else.
    #[must_use]
    pub fn reference<'l>(&self, line: &'l [u8], at: usize) -> Option<&'l [u8]> {
        self.word(line, at)
            .filter(|word| word.iter().all(u8::is_ascii_graphic))
    }

    /// A moment by China's clock beyond doubt: `2026-11-21 02:22:12`, of a day that every month has.
    #[must_use]
    pub fn moment(&self, line: &[u8], at: usize) -> Option<Timestamp> {
        let [
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b' ',
            h1,
            h2,
            b':',
            n1,
            n2,
            b':',
            s1,
            s2,
        ] = self.get(line, at)
        else {
            return None;
        };
        let digits = [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2];
        let two = |a: &u8, b: &u8| i64::from(a & 15) * 10 + i64::from(b & 15);
        let (year, month, day) = (two(y1, y2) * 100 + two(y3, y4), two(m1, m2), two(d1, d2));
        let (hour, minute, second) = (two(h1, h2), two(n1, n2), two(s1, s2));
        let is_plain = digits.iter().all(|digit| digit.is_ascii_digit())
            && year >= 1970
            && (1..=12).contains(&month)
            && (1..=28).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !is_plain {
            return None;
        }
        // Days since 1970 of years that begin in March, so that a leap day is the last of its year.
        let (year, month) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let leaps = year / 4 - year / 100 + year / 400;
        let days = year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468;
        let seconds = days * 86_400 + (hour - 8) * 3_600 + minute * 60 + second;
        Some(Timestamp(seconds * 1_000))
    }
}

/// Whether a line is GBK beyond doubt: ASCII and characters of two bytes. Those of four take a longer look.
#[must_use]
pub fn is_plain_gbk(line: &[u8]) -> bool {
    let mut rest = line;
    loop {
        while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
            if u64::from_ne_bytes(*eight) & 0x8080_8080_8080_8080 != 0 {
                break;
            }
            rest = behind;
        }
        match rest {
            [] => return true,
            [ascii, behind @ ..] if ascii.is_ascii() => rest = behind,
            [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, behind @ ..] => rest = behind,
            _ => return false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out a few bytes at a time.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(into.len());
            let (now, rest) = self.0.split_at(count);
            into[..count].copy_from_slice(now);
            self.0 = rest;
            Ok(count)
        }
    }

    fn all(bytes: &[u8], at_once: usize) -> Vec<(u64, u64, Vec<u8>)> {
        let mut source = ByReading(Dribble(bytes, at_once));
        let mut stream = Stream::new(&mut source);
        let mut found = Vec::new();
        while let Some(line) = stream.next_line().unwrap() {
            found.push((line.row, line.offset, line.bytes.to_vec()));
        }
        found
    }

    #[test]
    fn lines_have_their_numbers_and_places() {
        let file = "\u{feff}a\r\n\r\nbc\nd".as_bytes();
        for at_once in [1, 2, 3, 100] {
            let lines = all(file, at_once);
            let of = |row, offset, text: &str| (row, offset, text.as_bytes().to_vec());
            assert_eq!(
                lines,
                [of(1, 3, "a"), of(2, 6, ""), of(3, 8, "bc"), of(4, 11, "d")]
            );
        }
        assert!(all(b"", 1).is_empty());
    }

    #[test]
    fn a_line_is_found_again_by_its_place() {
        let file: String = (0..500_000).map(|n| format!("line {n}\n")).collect();
        let wanted: Vec<(u64, u64, Vec<u8>)> = all(file.as_bytes(), 10_000)
            .into_iter()
            .step_by(70_001)
            .collect();
        let sources: [&mut dyn Skip; 2] = [
            &mut ByReading(file.as_bytes()),
            &mut BySeeking(io::Cursor::new(file.as_bytes())),
        ];
        for source in sources {
            let mut stream = Stream::new(source);
            stream.next_line().unwrap();
            for (row, offset, bytes) in &wanted[1..] {
                stream.go_to(*row, *offset).unwrap();
                let line = stream.next_line().unwrap().unwrap();
                assert_eq!((line.row, line.bytes), (*row, bytes.as_slice()));
            }
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let file = vec![b'x'; 3 << 20];
        let mut source = ByReading(file.as_slice());
        let fault = Stream::new(&mut source).next_line().unwrap_err();
        assert!(matches!(fault, BillFault::Cell { row: 1, .. }));
    }

    #[test]
    fn every_pair_that_counts_as_gbk_is_a_character() {
        let decodes = |bytes: &[u8]| {
            let gbk = encoding_rs::GB18030;
            gbk.decode_without_bom_handling_and_without_replacement(bytes)
                .is_some()
        };
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                if is_plain_gbk(&[first, second]) {
                    assert!(decodes(&[first, second]), "{first:x} {second:x}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_moment_is_what_the_calendar_says(
            year in 1970..2200, month in 1..13, day in 1..32, hour in 0..25, minute in 0..60, second in 0..61
        ) {
            let text = format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
            let mut cells = Cells::default();
            cells.cut_at_commas(text.as_bytes());
            let found = cells.moment(text.as_bytes(), 0);
            let known = crate::wire::time::from_china_cell(&text);
            prop_assert!(found.is_none() || found == known);
            prop_assert_eq!(found.is_some(), day < 29 && hour < 24 && second < 60);
        }

        #[test]
        fn bytes_that_count_as_gbk_decode(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let gbk = encoding_rs::GB18030;
            if is_plain_gbk(&bytes) {
                prop_assert!(gbk.decode_without_bom_handling_and_without_replacement(&bytes).is_some());
            }
        }

        #[test]
        fn cells_are_cut_as_texts_are_split(line in "[a,`]{0,30}") {
            let mut cells = Cells::default();
            let of = |cells: &Cells, count: usize| -> Vec<Vec<u8>> {
                (0..count).map(|at| cells.get(line.as_bytes(), at).to_vec()).collect()
            };
            let count = cells.cut_at_commas(line.as_bytes());
            let split: Vec<Vec<u8>> = line.split(',').map(|cell| cell.into()).collect();
            prop_assert_eq!(of(&cells, count), split);
            let count = cells.cut_at_marks(line.as_bytes());
            let split: Vec<Vec<u8>> = line.split(",`").map(|cell| cell.into()).collect();
            prop_assert_eq!(of(&cells, count), split);
        }
    }
}
