//! XLS: the records of a BIFF8 workbook (MS-XLS), as far as they hold values: texts, numbers, the kept values of
//! formulas, and the formats that make a number a day. BIFF5, from before 1997, is refused.

use super::{
    Each, Row,
    container::{u16_at, u32_at},
    delimited::COLUMNS_MAX,
    number,
    workbook::{NO_VALUE, SHEETS_MAX, number_text},
};
use crate::{Reason, StatementFault};
use std::{borrow::Cow, collections::HashMap};

/// Cells of one sheet: every row that there can be, with thirty columns.
const CELLS_MAX: usize = 2_000_000;

/// The types of records (MS-XLS, 2.3).
mod kind {
    pub(super) const BOF: u16 = 0x0809;
    pub(super) const BOOLERR: u16 = 0x0205;
    pub(super) const BOUNDSHEET: u16 = 0x0085;
    pub(super) const CONTINUE: u16 = 0x003c;
    pub(super) const DATEMODE: u16 = 0x0022;
    pub(super) const EOF: u16 = 0x000a;
    pub(super) const FILEPASS: u16 = 0x002f;
    pub(super) const FORMAT: u16 = 0x041e;
    pub(super) const FORMULA: u16 = 0x0006;
    pub(super) const LABEL: u16 = 0x0204;
    pub(super) const LABELSST: u16 = 0x00fd;
    pub(super) const MULRK: u16 = 0x00bd;
    pub(super) const NUMBER: u16 = 0x0203;
    pub(super) const RK: u16 = 0x027e;
    pub(super) const SST: u16 = 0x00fc;
    pub(super) const STRING: u16 = 0x0207;
    pub(super) const XF: u16 = 0x00e0;
}

fn broken() -> StatementFault {
    StatementFault::of_file(Reason::Archive)
}

/// The records of a stream from a place on.
struct Records<'s> {
    rest: &'s [u8],
}

impl<'s> Records<'s> {
    fn next(&mut self) -> Result<(u16, &'s [u8]), StatementFault> {
        let truncated = || StatementFault::of_file(Reason::Truncated);
        let kind = u16_at(self.rest, 0).ok_or_else(truncated)?;
        let length = usize::from(u16_at(self.rest, 2).ok_or_else(truncated)?);
        let body = self.rest.get(4..4 + length).ok_or_else(truncated)?;
        self.rest = self.rest.get(4 + length..).unwrap_or_default();
        Ok((kind, body))
    }

    /// The bodies that continue the one before.
    fn continued(&mut self) -> Result<Vec<&'s [u8]>, StatementFault> {
        let mut bodies = Vec::new();
        while u16_at(self.rest, 0) == Some(kind::CONTINUE) {
            bodies.push(self.next()?.1);
        }
        Ok(bodies)
    }
}

/// What a cell holds.
enum Value {
    Owned(String),
    Shared(usize),
}

pub(super) struct Workbook<'s> {
    stream: &'s [u8],
    strings: Vec<String>,
    dates: Vec<bool>,
    is_1904: bool,
    /// Names and places of the sheets that are shown.
    pub(super) sheets: Vec<(String, usize)>,
}

impl<'s> Workbook<'s> {
    pub(super) fn open(stream: &'s [u8]) -> Result<Workbook<'s>, StatementFault> {
        let mut records = Records { rest: stream };
        let (first, body) = records.next()?;
        if first != kind::BOF || u16_at(body, 0) != Some(0x0600) {
            return Err(broken());
        }
        let mut book = Workbook {
            stream,
            strings: Vec::new(),
            dates: Vec::new(),
            is_1904: false,
            sheets: Vec::new(),
        };
        let mut written: HashMap<u16, bool> = HashMap::new();
        loop {
            let (kind, body) = records.next()?;
            match kind {
                kind::FILEPASS => return Err(StatementFault::of_file(Reason::Encrypted)),
                kind::DATEMODE => book.is_1904 = u16_at(body, 0) == Some(1),
                kind::BOUNDSHEET => {
                    let at = u32_at(body, 0).and_then(|at| usize::try_from(at).ok());
                    // Shown, and a sheet of cells.
                    if let (Some(at), Some([0, 0, length])) = (at, body.get(4..7)) {
                        let text = body.get(7..).unwrap_or_default();
                        let name = one_text(text, usize::from(*length)).unwrap_or_default();
                        book.sheets.push((name, at));
                    }
                    if book.sheets.len() > SHEETS_MAX {
                        return Err(StatementFault::of_file(Reason::TooLarge));
                    }
                }
                kind::FORMAT => {
                    let length = usize::from(u16_at(body, 2).unwrap_or(0));
                    let code = body.get(4..).and_then(|text| one_text(text, length));
                    if let (Some(id), Some(code)) = (u16_at(body, 0), code) {
                        written.insert(id, number::is_date_code(&code));
                    }
                }
                kind::XF => {
                    let id = u16_at(body, 2).unwrap_or(0);
                    let known = || number::is_date_format(u32::from(id));
                    book.dates
                        .push(written.get(&id).copied().unwrap_or_else(known));
                }
                kind::SST => {
                    let mut bodies = vec![body];
                    bodies.extend(records.continued()?);
                    book.strings = shared(&bodies).ok_or_else(broken)?;
                }
                kind::EOF => return Ok(book),
                _ => {}
            }
        }
    }

    /// Hands out the rows of a sheet, in their order.
    pub(super) fn rows(&self, at: usize, each: &mut Each<'_>) -> Result<(), StatementFault> {
        let mut cells = self.cells(at)?;
        cells.sort_by_key(|(row, column, _)| (*row, *column));
        let mut rest = cells.as_slice();
        while let Some((row, ..)) = rest.first() {
            let end = rest.partition_point(|(other, ..)| other == row);
            let (here, below) = rest.split_at_checked(end).ok_or_else(broken)?;
            rest = below;
            let number = u64::from(*row) + 1;
            let mut texts: Vec<Cow<'_, str>> = Vec::new();
            for (_, column, value) in here {
                let text = match value {
                    Value::Owned(text) => text.as_str(),
                    Value::Shared(at) => self.strings.get(*at).ok_or_else(broken)?,
                };
                let column = usize::from(*column);
                if column >= COLUMNS_MAX {
                    return Err(StatementFault::at(number, "", Reason::TooLarge));
                }
                // The same cell twice is no workbook of a bank.
                if column < texts.len() {
                    return Err(StatementFault::at(number, "", Reason::Syntax));
                }
                texts.resize(column, Cow::Borrowed(""));
                texts.push(Cow::Borrowed(text));
            }
            if !each(Row {
                number,
                cells: &texts,
            })? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn cells(&self, at: usize) -> Result<Vec<(u16, u16, Value)>, StatementFault> {
        let mut records = Records {
            rest: self.stream.get(at..).ok_or_else(broken)?,
        };
        if records.next()?.0 != kind::BOF {
            return Err(broken());
        }
        let mut cells: Vec<(u16, u16, Value)> = Vec::new();
        // Charts inside of a sheet have cells of their own.
        let mut depth = 1_u32;
        // A formula whose value is the text that follows it.
        let mut waiting: Option<usize> = None;
        while depth > 0 {
            let (kind, body) = records.next()?;
            match kind {
                kind::BOF => depth += 1,
                kind::EOF => depth -= 1,
                _ if depth > 1 => {}
                kind::STRING => {
                    let mut whole = body.to_vec();
                    for more in records.continued()? {
                        whole.extend_from_slice(more.get(1..).unwrap_or_default());
                    }
                    let length = usize::from(u16_at(&whole, 0).unwrap_or(0));
                    let text = whole.get(2..).and_then(|text| one_text(text, length));
                    if let Some(cell) = waiting.take().and_then(|at| cells.get_mut(at)) {
                        cell.2 = Value::Owned(text.ok_or_else(broken)?);
                    }
                }
                kind::MULRK => self.many(body, &mut cells)?,
                kind::BOOLERR
                | kind::FORMULA
                | kind::LABEL
                | kind::LABELSST
                | kind::NUMBER
                | kind::RK => {
                    let value = self.value(kind, body).ok_or_else(broken)?;
                    let (Some(row), Some(column)) = (u16_at(body, 0), u16_at(body, 2)) else {
                        return Err(broken());
                    };
                    let is_text = kind == kind::FORMULA && body.get(6) == Some(&0);
                    if is_text && body.get(12..14) == Some(&[0xff, 0xff]) {
                        waiting = Some(cells.len());
                    }
                    cells.push((row, column, value));
                }
                _ => {}
            }
            if cells.len() > CELLS_MAX {
                return Err(StatementFault::of_file(Reason::TooLarge));
            }
        }
        Ok(cells)
    }

    /// Numbers beside each other.
    fn many(&self, body: &[u8], cells: &mut Vec<(u16, u16, Value)>) -> Result<(), StatementFault> {
        let (Some(row), Some(first)) = (u16_at(body, 0), u16_at(body, 2)) else {
            return Err(broken());
        };
        // The columns of a sheet end at IV.
        if first > 255 {
            return Err(broken());
        }
        let numbers = body
            .get(4..body.len().saturating_sub(2))
            .unwrap_or_default();
        for (column, number) in (first..).zip(numbers.chunks_exact(6)) {
            let (Some(format), Some(packed)) = (u16_at(number, 0), u32_at(number, 2)) else {
                return Err(broken());
            };
            cells.push((row, column, self.number(packed_number(packed), format)));
        }
        Ok(())
    }

    fn value(&self, kind: u16, body: &[u8]) -> Option<Value> {
        let format = u16_at(body, 4)?;
        Some(match kind {
            kind::LABELSST => Value::Shared(usize::try_from(u32_at(body, 6)?).ok()?),
            kind::LABEL => Value::Owned(one_text(body.get(8..)?, usize::from(u16_at(body, 6)?))?),
            kind::NUMBER => self.number(binary(body.get(6..14)?)?, format),
            kind::RK => self.number(packed_number(u32_at(body, 6)?), format),
            kind::FORMULA => match (body.get(12..14)?, body.get(6)?) {
                // 0 is a text that follows, 3 nothing; a truth or an error is no amount.
                ([0xff, 0xff], _) => Value::Owned(NO_VALUE.to_owned()),
                _ => self.number(binary(body.get(6..14)?)?, format),
            },
            _ => Value::Owned(NO_VALUE.to_owned()),
        })
    }

    fn number(&self, written: String, format: u16) -> Value {
        let is_date = self.dates.get(usize::from(format)) == Some(&true);
        let text = number_text(&written, is_date, self.is_1904);
        Value::Owned(text.unwrap_or(written))
    }
}

/// A binary fraction in the fewest digits that tell it apart. Nothing is computed with it.
fn binary(bytes: &[u8]) -> Option<String> {
    let number = f64::from_le_bytes(bytes.try_into().ok()?);
    Some(format!("{number:e}"))
}

/// `RkNumber` (MS-XLS, 2.5.217): a whole number of 30 bits or the upper half of a binary fraction, of which one bit says
/// that it is hundredths.
fn packed_number(packed: u32) -> String {
    let is_hundredths = packed & 1 == 1;
    let number = if packed & 2 == 2 {
        // The sign stands in the highest bit and stays there.
        let whole = i32::from_le_bytes(packed.to_le_bytes()) >> 2;
        format!("{whole}e0")
    } else {
        let upper = u64::from(packed & !3) << 32;
        format!("{:e}", f64::from_bits(upper))
    };
    if !is_hundredths {
        return number;
    }
    match number.split_once('e') {
        Some((mantissa, exponent)) => {
            let exponent = exponent
                .parse::<i32>()
                .map_or(i32::MAX, |exponent| exponent - 2);
            format!("{mantissa}e{exponent}")
        }
        None => number,
    }
}

/// Flags and letters of a text that is not continued.
fn one_text(bytes: &[u8], length: usize) -> Option<String> {
    let is_wide = bytes.first()? & 1 == 1;
    let letters = bytes.get(1..)?;
    let letters = letters.get(..length.checked_mul(if is_wide { 2 } else { 1 })?)?;
    Some(text_of(letters, is_wide))
}

fn text_of(letters: &[u8], is_wide: bool) -> String {
    if is_wide {
        let units = letters.chunks_exact(2).filter_map(|unit| u16_at(unit, 0));
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    } else {
        letters.iter().map(|byte| char::from(*byte)).collect()
    }
}

/// The bodies of a record and what continues it, read as one.
struct Pieces<'p> {
    bodies: std::slice::Iter<'p, &'p [u8]>,
    rest: &'p [u8],
}

impl<'p> Pieces<'p> {
    fn bytes(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut taken = Vec::new();
        while taken.len() < length {
            if self.rest.is_empty() {
                self.rest = self.bodies.next()?;
                continue;
            }
            let part = (length - taken.len()).min(self.rest.len());
            let (part, rest) = self.rest.split_at_checked(part)?;
            taken.extend_from_slice(part);
            self.rest = rest;
        }
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        u16_at(&self.bytes(2)?, 0)
    }

    fn u32(&mut self) -> Option<usize> {
        usize::try_from(u32_at(&self.bytes(4)?, 0)?).ok()
    }

    /// Letters; where they go on in the next body, that one begins with flags of its own.
    fn letters(&mut self, mut length: usize, mut is_wide: bool) -> Option<String> {
        let mut text = String::new();
        while length > 0 {
            if self.rest.is_empty() {
                self.rest = self.bodies.next()?;
                let (flags, rest) = self.rest.split_first()?;
                is_wide = flags & 1 == 1;
                self.rest = rest;
            }
            let width = if is_wide { 2 } else { 1 };
            let count = length.min(self.rest.len() / width);
            let (part, rest) = self.rest.split_at_checked(count * width)?;
            text.push_str(&text_of(part, is_wide));
            self.rest = rest;
            length -= count;
            if count == 0 && length > 0 {
                // Half of a letter at the end of a body.
                self.rest = if self.rest.len() < width {
                    &[]
                } else {
                    return None;
                };
            }
        }
        Some(text)
    }
}

/// The texts that cells share: each with flags, and behind it what tells fonts and pronunciation.
fn shared(bodies: &[&[u8]]) -> Option<Vec<String>> {
    let mut pieces = Pieces {
        bodies: bodies.iter(),
        rest: &[],
    };
    let (_, count) = (pieces.u32()?, pieces.u32()?);
    let mut found = Vec::new();
    for _ in 0..count {
        let length = usize::from(pieces.u16()?);
        let flags = *pieces.bytes(1)?.first()?;
        let runs = if flags & 8 == 8 {
            usize::from(pieces.u16()?)
        } else {
            0
        };
        let extra = if flags & 4 == 4 { pieces.u32()? } else { 0 };
        found.push(pieces.letters(length, flags & 1 == 1)?);
        pieces.bytes(runs.checked_mul(4)?.checked_add(extra)?)?;
    }
    Some(found)
}
