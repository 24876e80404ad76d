//! XLSX (ECMA-376 SpreadsheetML): a zip with the list of sheets, the texts, the formats and one file for each sheet.
//! Read as they are: shown and hidden rows, and of a formula the value that was kept with it. A formula without one,
//! and a cell that is merged into another, hold nothing. Hidden sheets are left alone.

use super::{Each, Row, delimited::COLUMNS_MAX, number};
use crate::{
    Reason, StatementFault,
    xml::{Element, Node, Source},
};
use std::{
    borrow::Cow,
    collections::HashMap,
    io::{Cursor, Read},
};
use zip::{ZipArchive, result::ZipError};

/// Parts of a workbook, pictures and drawings included.
const ENTRIES_MAX: usize = 512;
/// One part unpacked: a hundred thousand rows of fifteen cells.
const PART_BYTES_MAX: u64 = 96 << 20;
/// A sheet of equal rows packs fifty to one; a bomb packs a thousand to one.
const RATIO_MAX: u64 = 200;
/// Below this the ratio says nothing.
const RATIO_FROM: u64 = 16 << 20;
/// More sheets are no statement.
pub(super) const SHEETS_MAX: usize = 32;
/// The record at the end of every whole zip, and where it counts the entries.
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_COUNT_AT: usize = 10;

fn archive() -> StatementFault {
    StatementFault::of_file(Reason::Archive)
}

/// Whether a file is a zip.
pub(crate) fn is_one(file: &[u8]) -> bool {
    file.starts_with(b"PK\x03\x04")
}

pub(super) struct Workbook<'f> {
    zip: ZipArchive<Cursor<&'f [u8]>>,
    packed: u64,
    strings: Vec<String>,
    /// Of each format of cells, whether it shows a day.
    dates: Vec<bool>,
    is_1904: bool,
    /// Names and parts of the sheets that are shown.
    pub(super) sheets: Vec<(String, String)>,
}

impl<'f> Workbook<'f> {
    pub(super) fn open(file: &'f [u8]) -> Result<Workbook<'f>, StatementFault> {
        let zip = archive_of(file)?;
        let mut book = Workbook {
            zip,
            packed: u64::try_from(file.len()).unwrap_or(u64::MAX),
            strings: Vec::new(),
            dates: Vec::new(),
            is_1904: false,
            sheets: Vec::new(),
        };
        let Some(list) = book.part("xl/workbook.xml")? else {
            return Err(StatementFault::of_file(Reason::NotAStatement));
        };
        let targets = match book.part("xl/_rels/workbook.xml.rels")? {
            Some(text) => targets(&whole(&text)?),
            None => HashMap::new(),
        };
        let list = whole(&list)?;
        let flag = list
            .at("workbookPr")
            .map(|properties| properties.attribute("date1904"));
        book.is_1904 = matches!(flag, Some("1" | "true"));
        for sheet in list
            .at("sheets")
            .into_iter()
            .flat_map(|sheets| sheets.all("sheet"))
        {
            let is_shown = matches!(sheet.attribute("state"), "" | "visible");
            if let Some(part) = targets.get(sheet.attribute("id")).filter(|_| is_shown) {
                book.sheets
                    .push((sheet.attribute("name").to_owned(), part.clone()));
            }
            if book.sheets.len() > SHEETS_MAX {
                return Err(StatementFault::of_file(Reason::TooLarge));
            }
        }
        if let Some(text) = book.part("xl/sharedStrings.xml")? {
            book.strings = strings(&text)?;
        }
        if let Some(text) = book.part("xl/styles.xml")? {
            book.dates = dates(&whole(&text)?);
        }
        Ok(book)
    }

    /// One part of the workbook, unpacked within limits; what it declares of its size is not believed.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, StatementFault> {
        let entry = match self.zip.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(_) => return Err(archive()),
        };
        let most = (self.packed.saturating_mul(RATIO_MAX)).clamp(RATIO_FROM, PART_BYTES_MAX);
        let mut bytes = Vec::new();
        let read = entry.take(most + 1).read_to_end(&mut bytes);
        let length = read.map_err(|_| archive())?;
        if u64::try_from(length).map_or(true, |length| length > most) {
            let reason = if most == PART_BYTES_MAX {
                Reason::TooLarge
            } else {
                Reason::Bomb
            };
            return Err(StatementFault::of_file(reason));
        }
        let fallback = crate::text::Fallback::Named(encoding_rs::UTF_8);
        match crate::text::decode(&bytes, fallback)? {
            (Cow::Borrowed(_), _) if bytes.starts_with(b"\xef\xbb\xbf") => Ok(Some(
                String::from_utf8(bytes.split_off(3)).map_err(|_| archive())?,
            )),
            (Cow::Borrowed(_), _) => Ok(Some(String::from_utf8(bytes).map_err(|_| archive())?)),
            (Cow::Owned(text), _) => Ok(Some(text)),
        }
    }

    /// Hands out the rows of a sheet's part.
    pub(super) fn rows(&self, part: &str, each: &mut Each<'_>) -> Result<(), StatementFault> {
        let mut source = Source::new(part);
        let mut last = 0_u64;
        loop {
            match source.next()? {
                Node::Open(element) => match element.name.as_str() {
                    "worksheet" | "sheetData" => {}
                    "row" => {
                        let row = source.tree(element)?;
                        let number = match row.attribute("r") {
                            "" => last + 1,
                            number => number.parse().unwrap_or(0),
                        };
                        if number <= last || number > 1 << 20 {
                            return Err(StatementFault::at(last + 1, "", Reason::Syntax));
                        }
                        last = number;
                        let cells = self.cells(&row, number)?;
                        if !each(Row {
                            number,
                            cells: &cells,
                        })? {
                            return Ok(());
                        }
                    }
                    _ => drop(source.tree(element)?),
                },
                Node::Close | Node::Text(_) => {}
                Node::End => return Ok(()),
            }
        }
    }

    fn cells<'r>(
        &'r self,
        row: &'r Element,
        number: u64,
    ) -> Result<Vec<Cow<'r, str>>, StatementFault> {
        let mut cells: Vec<Cow<'r, str>> = Vec::new();
        for cell in row.all("c") {
            let at = match cell.attribute("r") {
                "" => cells.len(),
                place => column(place)
                    .ok_or_else(|| StatementFault::at(number, place, Reason::Syntax))?,
            };
            let text = self.text(cell, number)?;
            if at >= COLUMNS_MAX {
                if text.is_empty() {
                    continue;
                }
                return Err(StatementFault::at(number, "", Reason::TooLarge));
            }
            if at < cells.len() {
                return Err(StatementFault::at(number, "", Reason::Syntax));
            }
            cells.resize(at, Cow::Borrowed(""));
            cells.push(text);
        }
        Ok(cells)
    }

    fn text<'r>(&'r self, cell: &'r Element, number: u64) -> Result<Cow<'r, str>, StatementFault> {
        let fault = || StatementFault::at(number, cell.attribute("r"), Reason::Syntax);
        let kept = cell.text_at("v");
        if kept.is_empty() && cell.child("f").is_some() {
            return Ok(Cow::Borrowed(NO_VALUE));
        }
        match cell.attribute("t") {
            "s" if !kept.is_empty() => {
                let at: usize = kept.parse().map_err(|_| fault())?;
                let text = self.strings.get(at).ok_or_else(fault)?;
                Ok(Cow::Borrowed(text.as_str()))
            }
            "inlineStr" => Ok(Cow::Owned(cell.child("is").map(phrase).unwrap_or_default())),
            "" | "n" if !kept.is_empty() => {
                let style: Option<usize> = cell.attribute("s").parse().ok();
                let is_date = style.and_then(|style| self.dates.get(style)) == Some(&true);
                Ok(match number_text(kept, is_date, self.is_1904) {
                    Some(text) => Cow::Owned(text),
                    None => Cow::Borrowed(kept),
                })
            }
            _ => Ok(Cow::Borrowed(kept)),
        }
    }
}

/// What stands for a formula whose value was not kept: no amount, no day.
pub(super) const NO_VALUE: &str = "=";

/// The text of a number: a day where its format shows one.
pub(super) fn number_text(kept: &str, is_date: bool, is_1904: bool) -> Option<String> {
    let decimal = number::decimal(kept)?;
    if is_date {
        return number::day(&decimal, is_1904).or(Some(decimal));
    }
    Some(decimal)
}

/// The zip, looked at before its list is read: that may have a million entries.
fn archive_of(file: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, StatementFault> {
    let Some(end) = memchr::memmem::rfind(file, ZIP_END) else {
        return Err(StatementFault::of_file(Reason::Truncated));
    };
    let at = end.saturating_add(ZIP_COUNT_AT);
    let count = match file.get(at..at.saturating_add(2)) {
        Some([low, high]) => usize::from(u16::from_le_bytes([*low, *high])),
        _ => 0,
    };
    if count > ENTRIES_MAX {
        return Err(archive());
    }
    let mut zip = ZipArchive::new(Cursor::new(file)).map_err(|_| archive())?;
    // Entries of one name are one to the reader, and a choice to whoever made them.
    if zip.len() != count {
        return Err(archive());
    }
    for at in 0..zip.len() {
        let entry = zip.by_index_raw(at).map_err(|_| archive())?;
        if entry.encrypted() {
            return Err(StatementFault::of_file(Reason::Encrypted));
        }
    }
    Ok(zip)
}

/// The root of a small part with everything in it.
fn whole(text: &str) -> Result<Element, StatementFault> {
    let mut source = Source::new(text);
    loop {
        match source.next()? {
            Node::Open(root) => return source.tree(root),
            Node::End => return Err(archive()),
            Node::Close | Node::Text(_) => {}
        }
    }
}

/// Where the parts of a workbook are, by the names that it gives them.
fn targets(relations: &Element) -> HashMap<String, String> {
    let one = |relation: &Element| {
        let target = relation.attribute("Target");
        let part = match target.strip_prefix('/') {
            Some(from_root) => from_root.to_owned(),
            None => format!("xl/{target}"),
        };
        (relation.attribute("Id").to_owned(), part)
    };
    relations.all("Relationship").map(one).collect()
}

/// The texts that cells share. What only tells how a word is pronounced is not part of it.
fn strings(text: &str) -> Result<Vec<String>, StatementFault> {
    let mut source = Source::new(text);
    let mut found = Vec::new();
    loop {
        match source.next()? {
            Node::Open(element) if element.name == "si" => {
                found.push(phrase(&source.tree(element)?));
            }
            Node::Open(element) if element.name == "sst" => {}
            Node::Open(element) => drop(source.tree(element)?),
            Node::Close | Node::Text(_) => {}
            Node::End => return Ok(found),
        }
    }
}

/// `t`, or the `t` of each run `r`.
fn phrase(element: &Element) -> String {
    let mut text = String::new();
    for child in &element.children {
        match child.name.as_str() {
            "t" => text.push_str(&child.text),
            "r" => child.all("t").for_each(|run| text.push_str(&run.text)),
            _ => {}
        }
    }
    text
}

/// Of each format of cells, whether it shows a day.
fn dates(styles: &Element) -> Vec<bool> {
    let formats = styles
        .child("numFmts")
        .into_iter()
        .flat_map(|all| all.all("numFmt"));
    let written: HashMap<&str, bool> = formats
        .map(|format| {
            let is_date = number::is_date_code(format.attribute("formatCode"));
            (format.attribute("numFmtId"), is_date)
        })
        .collect();
    let cells = styles
        .child("cellXfs")
        .into_iter()
        .flat_map(|all| all.all("xf"));
    cells
        .map(|cell| {
            let id = cell.attribute("numFmtId");
            let known = || id.parse().is_ok_and(number::is_date_format);
            written.get(id).copied().unwrap_or_else(known)
        })
        .collect()
}

/// `C5` is the third column: 2.
fn column(place: &str) -> Option<usize> {
    let mut at = 0_usize;
    let letters = place.bytes().take_while(u8::is_ascii_uppercase);
    for letter in letters {
        at = at
            .checked_mul(26)?
            .checked_add(usize::from(letter - b'A') + 1)?;
        if at > 1 << 20 {
            return None;
        }
    }
    at.checked_sub(1)
}
