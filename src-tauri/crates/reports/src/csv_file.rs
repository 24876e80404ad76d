//! One CSV file as a spreadsheet opens it right: BOM, CRLF, RFC 4180 quotes, cells that run nothing.
//! Rows go through, none is kept. Knows no columns; those stand with the lists.

use crate::{
    digest::Digesting,
    harmless::harmless,
    model::{Cell, Column, ExportError},
};
use std::io::{self, Write};

/// A spreadsheet takes a file without it for the machine's old encoding and shows Chinese wrongly.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// The file being written.
pub(crate) struct CsvFile<W: Write> {
    csv: csv::Writer<Digesting<W>>,
}

impl<W: Write> CsvFile<W> {
    /// Begins the file with its titles.
    pub(crate) fn begin(
        writer: W,
        has_bom: bool,
        columns: &[Column],
    ) -> Result<CsvFile<W>, ExportError> {
        let mut file = CsvFile::begin_without_titles(writer, has_bom)?;
        for column in columns {
            file.text(&column.title)?;
        }
        file.end_of_line()?;
        Ok(file)
    }

    /// Begins a file of several tables.
    pub(crate) fn begin_without_titles(
        writer: W,
        has_bom: bool,
    ) -> Result<CsvFile<W>, ExportError> {
        let mut writer = Digesting::new(writer);
        if has_bom {
            writer.write_all(BOM)?;
        }
        let csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .buffer_capacity(64 * 1024)
            .flexible(true)
            .from_writer(writer);
        Ok(CsvFile { csv })
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        for cell in cells {
            match cell {
                Cell::Empty => self.figure("")?,
                Cell::Text(text) => self.text(text)?,
                Cell::Amount(money) => self.figure(&money.to_decimal())?,
                Cell::Day(day) => self.figure(&day.to_string())?,
                Cell::Integer(number) => self.figure(&number.to_string())?,
                Cell::Moment(moment) => self.figure(&moment.strftime(MOMENT).to_string())?,
            }
        }
        self.end_of_line()
    }

    /// A cell with somebody's words.
    fn text(&mut self, text: &str) -> Result<(), ExportError> {
        Ok(self.csv.write_field(harmless(text).as_bytes())?)
    }

    /// A cell of our own making: an amount, a time, a day. Never for words.
    fn figure(&mut self, text: &str) -> Result<(), ExportError> {
        Ok(self.csv.write_field(text)?)
    }

    fn end_of_line(&mut self) -> Result<(), ExportError> {
        Ok(self.csv.write_record(None::<&[u8]>)?)
    }

    /// Hands everything to the writer and gives it back with the digest of all bytes.
    pub(crate) fn finish(mut self) -> Result<(W, String), ExportError> {
        self.csv.flush()?;
        let writer = self
            .csv
            .into_inner()
            .map_err(|error| io::Error::from(error.error().kind()))?;
        Ok(writer.finish()?)
    }
}

/// A moment without its zone, as spreadsheets read it.
const MOMENT: &str = "%Y-%m-%d %H:%M:%S";
