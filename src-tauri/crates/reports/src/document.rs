//! A report of some pages, free of formats: facts, tables, lines to sign on. Held whole; lists are not documents.

use crate::{
    csv_file::CsvFile,
    digest::Digesting,
    list::{ListFormat, created, facts},
    model::{Cell, Column, CurrencyTotals, ExportError, Exported, Heading},
    pdf::{Font, write_pdf},
    xlsx::Workbook,
};
use paydesk_texts::Language;
use std::io::Write;

/// A table of a report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentTable {
    /// What it is.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How wide each is on paper, as shares of the page.
    pub widths: Vec<u16>,
    /// Its rows.
    pub rows: Vec<Vec<Cell<'static>>>,
}

/// A report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Whose, of when.
    pub heading: Heading,
    /// Further facts below the heading: a name and a value each.
    pub facts: Vec<(String, String)>,
    /// Its tables.
    pub tables: Vec<DocumentTable>,
    /// Who signs.
    pub signatures: Vec<String>,
    /// Its sums.
    pub totals: Vec<CurrencyTotals>,
}

/// The formats of reports.
#[derive(Clone, Copy)]
pub enum DocumentFormat<'a> {
    /// One table below the other, or one sheet for each.
    Sheet(ListFormat),
    /// Pages of A4, with the outlines of this font.
    Pdf(&'a Font<'a>),
}

/// Writes a report.
///
/// # Errors
/// The writer's; `Font` when the font cannot be used.
pub fn write_document<W: Write>(
    writer: W,
    format: DocumentFormat<'_>,
    language: Language,
    document: &Document,
) -> Result<(W, Exported), ExportError> {
    let (writer, sha256) = match format {
        DocumentFormat::Sheet(ListFormat::Csv { has_bom }) => csv(writer, has_bom, document)?,
        DocumentFormat::Sheet(ListFormat::Xlsx) => xlsx(writer, language, document)?,
        DocumentFormat::Pdf(font) => {
            let bytes = write_pdf(document, &all_facts(document, language), font, language)?;
            let mut writer = Digesting::new(writer);
            writer.write_all(&bytes)?;
            writer.finish()?
        }
    };
    let rows: usize = document.tables.iter().map(|table| table.rows.len()).sum();
    Ok((
        writer,
        Exported {
            rows: u64::try_from(rows).unwrap_or(u64::MAX),
            sha256,
            totals: document.totals.clone(),
        },
    ))
}

fn all_facts(document: &Document, language: Language) -> Vec<(String, String)> {
    let mut all = facts(&document.heading, language);
    let program = all.pop();
    all.extend(document.facts.iter().cloned());
    all.extend(program);
    all
}

/// One table below the other, an empty line between them.
fn csv<W: Write>(
    writer: W,
    has_bom: bool,
    document: &Document,
) -> Result<(W, String), ExportError> {
    let mut file = CsvFile::begin_without_titles(writer, has_bom)?;
    for (at, table) in document.tables.iter().enumerate() {
        if at > 0 {
            file.line(&[Cell::Empty])?;
        }
        let titles = table.columns.iter();
        let titles: Vec<Cell<'_>> = titles.map(|c| Cell::text(c.title.as_str())).collect();
        file.line(&titles)?;
        for row in &table.rows {
            file.line(row)?;
        }
    }
    file.finish()
}

/// A sheet of facts, then one for each table.
fn xlsx<W: Write>(
    writer: W,
    language: Language,
    document: &Document,
) -> Result<(W, String), ExportError> {
    let mut sheets = vec![document.heading.title.clone()];
    sheets.extend(document.tables.iter().map(|table| table.title.clone()));
    let mut book = Workbook::begin(writer, &sheets, created(&document.heading))?;
    book.facts(&all_facts(document, language), &[], &[])?;
    for table in &document.tables {
        book.sheet(&table.columns)?;
        for row in &table.rows {
            book.line(row)?;
        }
    }
    book.finish()
}
