//! A workbook (Office Open XML, ECMA-376 part 1, SpreadsheetML), written as it grows: a row is on its way to the
//! disk before the next one is asked for, so a million rows take no more memory than ten.
//!
//! Every cell is a value. There is no element for a formula here, and there must never be one.

use crate::{
    digest::Digesting,
    harmless::{DIGITS_MAX, begins_like_a_formula, is_hidden},
    model::{Cell, Column, ColumnKind, CurrencyTotals, ExportError},
};
use jiff::civil::{Date, DateTime, date};
use paydesk_domain::Money;
use std::io::{self, Write};
use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

/// Rows of one sheet (ECMA-376: `row` goes up to 1,048,576).
pub(crate) const ROWS_MAX: u64 = 1_048_576;

/// Characters of one cell, as every spreadsheet limits it.
const CHARACTERS_MAX: usize = 32_767;

/// Characters of a sheet's name.
const NAME_MAX: usize = 31;

/// Bytes that are handed to the compressor at once.
const BUFFER: usize = 64 * 1024;

/// A quarter of the time of the usual level for a tenth more bytes.
const LEVEL: i64 = 3;

/// The positions of the cell formats in [`STYLES`].
mod style {
    pub(super) const TITLE: u8 = 1;
    pub(super) const TEXT: u8 = 2;
    /// Text that would become a formula when somebody edits the cell, were it not marked.
    pub(super) const GUARDED: u8 = 3;
    pub(super) const DAY: u8 = 4;
    pub(super) const MOMENT: u8 = 5;
    pub(super) const INTEGER: u8 = 6;
    /// Amounts without decimals; those with one to four follow.
    pub(super) const AMOUNT: u8 = 7;
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

const STYLES: &str = "<numFmts count=\"6\">\
<numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/>\
<numFmt numFmtId=\"165\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss\"/>\
<numFmt numFmtId=\"166\" formatCode=\"#,##0.0\"/><numFmt numFmtId=\"167\" formatCode=\"#,##0.000\"/>\
<numFmt numFmtId=\"168\" formatCode=\"#,##0.0000\"/><numFmt numFmtId=\"169\" formatCode=\"0\"/></numFmts>\
<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>\
<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>\
<fills count=\"3\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill>\
<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFE8EAF2\"/><bgColor indexed=\"64\"/></patternFill></fill></fills>\
<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
<cellXfs count=\"12\">\
<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>\
<xf numFmtId=\"49\" fontId=\"1\" fillId=\"2\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\" applyFill=\"1\"/>\
<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" quotePrefix=\"1\"/>\
<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"165\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"169\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"3\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"166\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"4\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"167\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"168\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
</cellXfs><cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>";

/// The workbook being written.
pub(crate) struct Workbook<W: Write> {
    zip: ZipWriter<StreamWriter<Digesting<W>>>,
    /// What waits for the compressor.
    waiting: String,
    sheets: usize,
    begun: usize,
    rows: u64,
}

impl<W: Write> Workbook<W> {
    /// Begins a workbook with sheets of these names.
    pub(crate) fn begin(
        writer: W,
        sheets: &[String],
        created: Option<Date>,
    ) -> Result<Workbook<W>, ExportError> {
        let mut book = Workbook {
            zip: ZipWriter::new_stream(Digesting::new(writer)),
            waiting: String::with_capacity(2 * BUFFER),
            sheets: sheets.len(),
            begun: 0,
            rows: 0,
        };
        book.part("[Content_Types].xml", &content_types(sheets.len()))?;
        book.part("_rels/.rels", &relations())?;
        book.part("docProps/core.xml", &core(created))?;
        book.part("xl/workbook.xml", &workbook(sheets))?;
        book.part("xl/_rels/workbook.xml.rels", &sheet_relations(sheets.len()))?;
        book.part(
            "xl/styles.xml",
            &format!("{HEAD}<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>"),
        )?;
        Ok(book)
    }

    /// Ends the sheet before and begins the next one with its titles, which stay in sight.
    pub(crate) fn sheet(&mut self, columns: &[Column]) -> Result<(), ExportError> {
        self.plain_sheet(columns.iter().map(|column| width(column.kind)), true)?;
        self.titles(columns.iter().map(|column| column.title.as_str()))
    }

    fn plain_sheet(
        &mut self,
        widths: impl Iterator<Item = u8>,
        is_frozen: bool,
    ) -> Result<(), ExportError> {
        self.end_of_sheet()?;
        self.begun += 1;
        self.rows = 0;
        let name = format!("xl/worksheets/sheet{}.xml", self.begun);
        self.start(&name)?;
        let frozen = if is_frozen {
            "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>"
        } else {
            ""
        };
        let selected = if self.begun == 1 {
            " tabSelected=\"1\""
        } else {
            ""
        };
        self.waiting.push_str(&format!(
            "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView{selected} workbookViewId=\"0\">{frozen}</sheetView>\
             </sheetViews><sheetFormatPr defaultRowHeight=\"15\"/><cols>"
        ));
        for (at, width) in (1..).zip(widths) {
            let at: u32 = at;
            self.waiting.push_str(&format!(
                "<col min=\"{at}\" max=\"{at}\" width=\"{width}\" customWidth=\"1\"/>"
            ));
        }
        self.waiting.push_str("</cols><sheetData>");
        Ok(())
    }

    /// A line of titles.
    pub(crate) fn titles<'a>(
        &mut self,
        titles: impl Iterator<Item = &'a str>,
    ) -> Result<(), ExportError> {
        self.begin_row()?;
        for (at, title) in titles.enumerate() {
            self.string(at, title, style::TITLE)?;
        }
        self.end_row()
    }

    /// A line of values.
    pub(crate) fn line(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.begin_row()?;
        for (at, cell) in cells.iter().enumerate() {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) if text.is_empty() => {}
                Cell::Text(text) => {
                    let style = if begins_like_a_formula(text) {
                        style::GUARDED
                    } else {
                        style::TEXT
                    };
                    self.string(at, text, style)?;
                }
                Cell::Amount(money) => self.money(at, *money)?,
                Cell::Integer(number) => self.number(at, &number.to_string(), style::INTEGER),
                Cell::Day(day) => match serial(*day) {
                    Some(days) => self.number(at, &days.to_string(), style::DAY),
                    None => self.string(at, &day.to_string(), style::TEXT)?,
                },
                Cell::Moment(moment) => match serial(moment.date()) {
                    Some(days) => self.number(at, &with_time(days, *moment), style::MOMENT),
                    None => self.string(at, &moment.to_string(), style::TEXT)?,
                },
            }
        }
        self.end_row()
    }

    /// A sheet of facts, and below it the sums for each currency.
    pub(crate) fn facts(
        &mut self,
        facts: &[(String, String)],
        columns: &[Column],
        totals: &[CurrencyTotals],
    ) -> Result<(), ExportError> {
        let title_of = |kind| {
            let found = columns.iter().find(|column| column.kind == kind);
            found.map_or("", |column| column.title.as_str())
        };
        let summed: Vec<&Column> = columns
            .iter()
            .filter(|column| column.kind == ColumnKind::Summed)
            .collect();
        let widths = [24_u8, 36].into_iter();
        self.plain_sheet(widths.chain(summed.iter().map(|_| 18)), false)?;
        for (name, value) in facts {
            let line = [Cell::text(name.as_str()), Cell::text(value.as_str())];
            self.line(&line)?;
        }
        if totals.is_empty() {
            return Ok(());
        }
        self.line(&[])?;
        let titles = [title_of(ColumnKind::Currency), "#"].into_iter();
        self.titles(titles.chain(summed.iter().map(|column| column.title.as_str())))?;
        for totals in totals {
            let mut line = vec![
                Cell::text(totals.currency.as_str()),
                Cell::Integer(totals.rows),
            ];
            line.extend(
                summed
                    .iter()
                    .map(|column| Cell::amount(totals.sum(column.name))),
            );
            self.line(&line)?;
        }
        Ok(())
    }

    /// Ends the workbook; the writer and the digest of all bytes.
    pub(crate) fn finish(mut self) -> Result<(W, String), ExportError> {
        self.end_of_sheet()?;
        if self.begun != self.sheets {
            return Err(io::Error::other("a sheet of the workbook is missing").into());
        }
        let writer = self.zip.finish().map_err(io::Error::from)?;
        Ok(writer.into_inner().finish()?)
    }

    fn begin_row(&mut self) -> Result<(), ExportError> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(ExportError::TooLarge {
                limit: ROWS_MAX,
                of: "rows",
            });
        }
        self.waiting.push_str(&format!("<row r=\"{}\">", self.rows));
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), ExportError> {
        self.waiting.push_str("</row>");
        if self.waiting.len() >= BUFFER {
            self.hand_over()?;
        }
        Ok(())
    }

    fn end_of_sheet(&mut self) -> Result<(), ExportError> {
        if self.begun > 0 {
            self.waiting.push_str("</sheetData></worksheet>");
            self.hand_over()?;
        }
        Ok(())
    }

    fn money(&mut self, at: usize, money: Money) -> Result<(), ExportError> {
        let decimal = money.to_decimal();
        let digits = decimal.bytes().filter(u8::is_ascii_digit).count();
        // What a spreadsheet would round stays exact as text.
        if digits > DIGITS_MAX {
            return self.string(at, &decimal, style::GUARDED);
        }
        let style = style::AMOUNT.saturating_add(money.currency().exponent());
        self.number(at, &decimal, style);
        Ok(())
    }

    fn number(&mut self, at: usize, number: &str, style: u8) {
        self.open_cell(at, style);
        self.waiting.push_str("><v>");
        self.waiting.push_str(number);
        self.waiting.push_str("</v></c>");
    }

    fn string(&mut self, at: usize, text: &str, style: u8) -> Result<(), ExportError> {
        if text.encode_utf16().count() > CHARACTERS_MAX {
            return Err(ExportError::TooLarge {
                limit: u64::try_from(CHARACTERS_MAX).unwrap_or(u64::MAX),
                of: "characters in a cell",
            });
        }
        self.open_cell(at, style);
        self.waiting
            .push_str(" t=\"inlineStr\"><is><t xml:space=\"preserve\">");
        escape(text, &mut self.waiting);
        self.waiting.push_str("</t></is></c>");
        Ok(())
    }

    fn open_cell(&mut self, at: usize, style: u8) {
        self.waiting.push_str("<c r=\"");
        push_column(at, &mut self.waiting);
        self.waiting
            .push_str(&format!("{}\" s=\"{style}\"", self.rows));
    }

    fn part(&mut self, name: &str, text: &str) -> Result<(), ExportError> {
        self.start(name)?;
        self.waiting.push_str(text);
        self.hand_over()
    }

    fn start(&mut self, name: &str) -> Result<(), ExportError> {
        // The date of a part is the format's first, so that the same rows are the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(zip::DateTime::DEFAULT);
        Ok(self
            .zip
            .start_file(name, options)
            .map_err(io::Error::from)?)
    }

    fn hand_over(&mut self) -> Result<(), ExportError> {
        self.zip.write_all(self.waiting.as_bytes())?;
        self.waiting.clear();
        Ok(())
    }
}

fn width(kind: ColumnKind) -> u8 {
    match kind {
        ColumnKind::Text => 24,
        ColumnKind::Amount | ColumnKind::Summed => 15,
        ColumnKind::Currency | ColumnKind::Integer => 9,
        ColumnKind::Day => 12,
        ColumnKind::Moment => 20,
    }
}

/// The letters of a column, from 0: `A`, `Z`, `AA`.
fn push_column(at: usize, out: &mut String) {
    if at >= 26 {
        push_column(at / 26 - 1, out);
    }
    let letter = u8::try_from(at % 26).unwrap_or(0);
    out.push(char::from(b'A'.saturating_add(letter)));
}

/// Days since the spreadsheet's day 0; it counts a 29 February 1900 that never was, so nothing before March.
fn serial(day: Date) -> Option<i32> {
    if day < date(1900, 3, 1) {
        return None;
    }
    let since = day.since((jiff::Unit::Day, date(1899, 12, 30))).ok()?;
    Some(since.get_days())
}

/// Days and the part of the day, cut so that no clock shows another second.
fn with_time(days: i32, moment: DateTime) -> String {
    let seconds = i64::from(moment.hour()) * 3_600
        + i64::from(moment.minute()) * 60
        + i64::from(moment.second());
    let part = (seconds * 10_000_000_000 + 43_200) / 86_400;
    format!("{days}.{part:010}")
}

/// Text for XML, with the format's own mark for a character that XML has no room for.
fn escape(text: &str, out: &mut String) {
    for (at, character) in text.char_indices() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A reader takes `_x000D_` for the character of that number.
            '_' if is_mark(text.get(at..).unwrap_or_default()) => out.push_str("_x005F_"),
            '\r' => out.push_str("_x000D_"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            hidden if is_hidden(hidden) => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}

fn is_mark(text: &str) -> bool {
    let digits = text.strip_prefix("_x").and_then(|rest| rest.get(..5));
    digits.is_some_and(|mark| {
        let is_hex = mark.bytes().take(4).all(|byte| byte.is_ascii_hexdigit());
        is_hex && mark.ends_with('_')
    })
}

fn attribute(text: &str) -> String {
    let mut out = String::new();
    escape(text, &mut out);
    out.replace('"', "&quot;")
}

/// A sheet's name as every spreadsheet allows it.
fn sheet_name(name: &str) -> String {
    let allowed =
        |c: char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') && !is_hidden(c);
    let name: String = name
        .chars()
        .filter(|c| allowed(*c))
        .take(NAME_MAX)
        .collect();
    if name.trim().is_empty() {
        "-".to_owned()
    } else {
        name
    }
}

fn content_types(sheets: usize) -> String {
    let mut parts = String::new();
    for sheet in 1..=sheets {
        parts.push_str(&format!(
            "<Override PartName=\"/xl/worksheets/sheet{sheet}.xml\" ContentType=\"{KIND}.worksheet+xml\"/>"
        ));
    }
    format!(
        "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>\
         <Override PartName=\"/xl/workbook.xml\" ContentType=\"{KIND}.sheet.main+xml\"/>\
         <Override PartName=\"/xl/styles.xml\" ContentType=\"{KIND}.styles+xml\"/>{parts}</Types>"
    )
}

fn relations() -> String {
    format!(
        "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/>\
         <Relationship Id=\"rId2\" Type=\"{PACKAGE}/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>\
         </Relationships>"
    )
}

fn core(created: Option<Date>) -> String {
    let created = created.map_or_else(String::new, |day| {
        format!("<dcterms:created xsi:type=\"dcterms:W3CDTF\">{day}T00:00:00Z</dcterms:created>")
    });
    format!(
        "{HEAD}<cp:coreProperties xmlns:cp=\"{PACKAGE}/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:creator>Paydesk</dc:creator>{created}</cp:coreProperties>"
    )
}

fn workbook(sheets: &[String]) -> String {
    let mut listed = String::new();
    let mut taken: Vec<String> = Vec::new();
    for (at, name) in (1..).zip(sheets) {
        let at: u32 = at;
        let mut name = sheet_name(name);
        if taken.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
            name = sheet_name(&format!("{at} {name}"));
        }
        listed.push_str(&format!(
            "<sheet name=\"{}\" sheetId=\"{at}\" r:id=\"rId{at}\"/>",
            attribute(&name)
        ));
        taken.push(name);
    }
    format!(
        "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><bookViews><workbookView/></bookViews>\
         <sheets>{listed}</sheets></workbook>"
    )
}

fn sheet_relations(sheets: usize) -> String {
    let mut listed = String::new();
    for sheet in 1..=sheets {
        listed.push_str(&format!(
            "<Relationship Id=\"rId{sheet}\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet{sheet}.xml\"/>"
        ));
    }
    let styles = sheets + 1;
    format!(
        "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">{listed}\
         <Relationship Id=\"rId{styles}\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/></Relationships>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        for (at, letters) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (702, "AAA"),
        ] {
            let mut out = String::new();
            push_column(at, &mut out);
            assert_eq!(out, letters);
        }
    }

    #[test]
    fn days_and_times_are_the_spreadsheets_numbers() {
        assert_eq!(serial(date(1900, 3, 1)), Some(61));
        assert_eq!(serial(date(2026, 11, 21)), Some(46_347));
        assert_eq!(serial(date(1900, 2, 28)), None);
        let noon = date(2026, 11, 21).at(12, 0, 0, 0);
        assert_eq!(with_time(46_347, noon), "46347.5000000000");
        let last = date(2026, 11, 21).at(23, 59, 59, 0);
        assert_eq!(with_time(46_347, last), "46347.9999884259");
    }

    #[test]
    fn marks_of_the_format_in_words_stay_words() {
        let mut out = String::new();
        escape("_x0041_ _x00 a\r<&>\u{0}\u{ffff}", &mut out);
        assert_eq!(
            out,
            "_x005F_x0041_ _x00 a_x000D_&lt;&amp;&gt;\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn names_of_sheets_are_cut_and_cleaned() {
        assert_eq!(sheet_name("a/b:c"), "abc");
        assert_eq!(sheet_name("[]"), "-");
        assert_eq!(sheet_name(&"长".repeat(40)).chars().count(), 31);
    }
}
