//! A list as a file: rows pass through to the chosen format, only the sums for each currency are kept.

use crate::{
    csv_file::CsvFile,
    model::{Cell, Column, ColumnKind, CurrencyTotals, ExportError, Exported, Heading},
    xlsx::Workbook,
};
use jiff::tz::TimeZone;
use paydesk_domain::{Currency, Money};
use paydesk_texts::{Language, text};
use std::{collections::BTreeMap, io::Write};

/// The formats of lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListFormat {
    /// Comma-separated values in UTF-8.
    Csv {
        /// With the three bytes that tell a spreadsheet the encoding.
        has_bom: bool,
    },
    /// An Office Open XML workbook.
    Xlsx,
}

/// How a list is written.
#[derive(Clone, Debug)]
pub struct ListSetting {
    /// The format.
    pub format: ListFormat,
    /// The language of titles and words.
    pub language: Language,
    /// Times are told by this zone's clock.
    pub zone: TimeZone,
    /// A list without rows totals zero of it.
    pub currency: Currency,
    /// What stands above it.
    pub heading: Heading,
}

enum Format<W: Write> {
    Csv(Box<CsvFile<W>>),
    Xlsx(Box<Workbook<W>>),
}

struct Sums {
    rows: u64,
    sums: Vec<Money>,
}

/// The file being written.
pub(crate) struct ListFile<W: Write> {
    format: Format<W>,
    columns: Vec<Column>,
    language: Language,
    heading: Heading,
    rows: u64,
    sums: BTreeMap<&'static str, Sums>,
    empty: Currency,
}

/// The column of this name, its title from the catalogue.
pub(crate) fn column(language: Language, name: &'static str, kind: ColumnKind) -> Column {
    Column {
        name,
        title: text(language, &format!("export_{name}"), &[]),
        kind,
    }
}

/// The columns of these names and kinds.
pub(crate) fn columns(language: Language, named: &[(&'static str, ColumnKind)]) -> Vec<Column> {
    let named = named.iter();
    named
        .map(|(name, kind)| column(language, name, *kind))
        .collect()
}

impl<W: Write> ListFile<W> {
    pub(crate) fn begin(
        writer: W,
        setting: ListSetting,
        columns: Vec<Column>,
    ) -> Result<ListFile<W>, ExportError> {
        let ListSetting {
            format,
            language,
            currency,
            heading,
            ..
        } = setting;
        let format = match format {
            ListFormat::Csv { has_bom } => {
                Format::Csv(Box::new(CsvFile::begin(writer, has_bom, &columns)?))
            }
            ListFormat::Xlsx => {
                let totals = text(language, "export_totals_sheet", &[]);
                let sheets = [heading.title.clone(), totals];
                let mut book = Workbook::begin(writer, &sheets, created(&heading))?;
                book.sheet(&columns)?;
                Format::Xlsx(Box::new(book))
            }
        };
        Ok(ListFile {
            format,
            columns,
            language,
            heading,
            rows: 0,
            sums: BTreeMap::new(),
            empty: currency,
        })
    }

    /// Writes a row and adds its amounts to the sums of its currency.
    pub(crate) fn row(
        &mut self,
        currency: Option<Currency>,
        cells: &[Cell<'_>],
    ) -> Result<(), ExportError> {
        if let Some(currency) = currency {
            self.add(currency, cells)?;
        }
        self.line(cells)?;
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    fn line(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        match &mut self.format {
            Format::Csv(file) => file.line(cells),
            Format::Xlsx(book) => book.line(cells),
        }
    }

    fn add(&mut self, currency: Currency, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        let none = Money::zero(currency);
        let columns = &self.columns;
        let summed = || {
            columns
                .iter()
                .filter(|column| column.kind == ColumnKind::Summed)
        };
        let sums = self.sums.entry(currency.code()).or_insert_with(|| Sums {
            rows: 0,
            sums: summed().map(|_| none).collect(),
        });
        sums.rows = sums.rows.saturating_add(1);
        let amounts = columns.iter().zip(cells).filter_map(|(column, cell)| {
            let money = match cell {
                Cell::Amount(money) => *money,
                _ => none,
            };
            (column.kind == ColumnKind::Summed).then_some(money)
        });
        for (sum, money) in sums.sums.iter_mut().zip(amounts) {
            *sum = sum.checked_add(money)?;
        }
        Ok(())
    }

    fn totals(&self) -> Vec<CurrencyTotals> {
        let summed = self.columns.iter();
        let summed = summed.filter(|column| column.kind == ColumnKind::Summed);
        let names: Vec<&'static str> = summed.map(|column| column.name).collect();
        if self.sums.is_empty() {
            let none = Money::zero(self.empty);
            return vec![CurrencyTotals {
                currency: self.empty.code().to_owned(),
                rows: 0,
                sums: names.into_iter().map(|name| (name, none)).collect(),
            }];
        }
        let totals = self.sums.iter().map(|(code, sums)| CurrencyTotals {
            currency: (*code).to_owned(),
            rows: sums.rows,
            sums: names
                .iter()
                .copied()
                .zip(sums.sums.iter().copied())
                .collect(),
        });
        totals.collect()
    }

    /// Writes the totals and gives the writer back with what was written.
    pub(crate) fn finish(mut self) -> Result<(W, Exported), ExportError> {
        let totals = self.totals();
        let lines: Vec<Vec<Cell<'static>>> = totals
            .iter()
            .map(|totals| self.total_line(totals))
            .collect();
        for line in &lines {
            self.line(line)?;
        }
        let rows = self.rows;
        let (writer, sha256) = match self.format {
            Format::Csv(file) => file.finish()?,
            Format::Xlsx(mut book) => {
                book.facts(&facts(&self.heading, self.language), &self.columns, &totals)?;
                book.finish()?
            }
        };
        Ok((
            writer,
            Exported {
                rows,
                sha256,
                totals,
            },
        ))
    }

    fn total_line(&self, totals: &CurrencyTotals) -> Vec<Cell<'static>> {
        let count = totals.rows.to_string();
        let said = text(self.language, "export_count", &[("count", &count)]);
        let mut words = [text(self.language, "export_total", &[]), said].into_iter();
        let cells = self.columns.iter().map(|column| match column.kind {
            ColumnKind::Summed => Cell::amount(totals.sum(column.name)),
            ColumnKind::Currency => Cell::text(totals.currency.clone()),
            // The first two columns say what the line is.
            _ => words.next().map_or(Cell::Empty, Cell::text),
        });
        cells.collect()
    }
}

/// The date a workbook says it was made on: the last day it is of, so that the same rows are the same bytes.
pub(crate) fn created(heading: &Heading) -> Option<jiff::civil::Date> {
    heading.days.map(|(_, last)| last)
}

/// What stands beside the totals: each line a name and a value.
pub(crate) fn facts(heading: &Heading, language: Language) -> Vec<(String, String)> {
    let say = |key: &str| text(language, key, &[]);
    let mut facts = vec![
        (say("export_fact_title"), heading.title.clone()),
        (say("export_fact_shop"), heading.shop.clone()),
    ];
    if !heading.account.is_empty() {
        facts.push((say("export_fact_account"), heading.account.clone()));
    }
    if let Some((first, last)) = heading.days {
        let days = if first == last {
            first.to_string()
        } else {
            format!("{first} – {last}")
        };
        facts.push((say("export_fact_days"), days));
    }
    for (name, value) in &heading.filter {
        facts.push((say(&format!("export_filter_{name}")), value.clone()));
    }
    facts.push((say("export_fact_program"), heading.program.clone()));
    facts
}
