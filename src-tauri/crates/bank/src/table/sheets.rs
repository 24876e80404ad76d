//! The first rows of a table as they stand, for a person who says which column is which. Nothing is judged here.

use super::{Each, biff, cells::clean, container, delimited, is_workbook, workbook};
use crate::{
    Reason, StatementFault,
    text::{self, Fallback},
};

/// Rows with their numbers from 1.
type Numbered = Vec<(u64, Vec<String>)>;

/// Rows of one sheet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SheetRows {
    /// The sheet of the workbook; empty for text.
    pub name: String,
    /// The rows that are not blank, each with its number from 1.
    pub rows: Vec<(u64, Vec<String>)>,
}

/// As much of a cell as is shown.
const CELL_CHARACTERS_MAX: usize = 80;

/// The first rows of each sheet of a table.
///
/// # Errors
/// `NotAStatement` where nothing looks like a table, and what keeps a file from being opened at all.
pub fn first_rows(file: &[u8], count: usize) -> Result<Vec<SheetRows>, StatementFault> {
    let sheets = if is_workbook(file) {
        of_workbook(file, count)?
    } else {
        let (text, _) = text::decode(file, Fallback::Chinese)?;
        vec![SheetRows {
            name: String::new(),
            rows: of_text(&text, count),
        }]
    };
    let is_table = |sheet: &SheetRows| sheet.rows.iter().any(|(_, cells)| cells.len() > 1);
    let sheets: Vec<SheetRows> = sheets.into_iter().filter(is_table).collect();
    if sheets.is_empty() {
        return Err(StatementFault::of_file(Reason::NotAStatement));
    }
    Ok(sheets)
}

/// Cut at the separator that gives the most cells.
fn of_text(text: &str, count: usize) -> Numbered {
    let mut widest = (0, Vec::new());
    for separator in delimited::SEPARATORS {
        // Cut at a separator that is not its own, a text may look damaged: what came before that is shown.
        let (rows, _) = taken(count, |each| delimited::rows(text, separator, each));
        let cells: usize = rows.iter().map(|(_, cells)| cells.len()).sum();
        if cells > widest.0 {
            widest = (cells, rows);
        }
    }
    widest.1
}

fn of_workbook(file: &[u8], count: usize) -> Result<Vec<SheetRows>, StatementFault> {
    let mut sheets = Vec::new();
    let mut add = |name: &str, (rows, read): (Vec<_>, Result<(), StatementFault>)| {
        read?;
        sheets.push(SheetRows {
            name: name.to_owned(),
            rows,
        });
        Ok(())
    };
    if container::is_one(file) {
        let stream = container::workbook(file)?;
        let book = biff::Workbook::open(&stream)?;
        for (name, at) in &book.sheets {
            add(name, taken(count, |each| book.rows(*at, each)))?;
        }
    } else {
        let mut book = workbook::Workbook::open(file)?;
        for (name, part) in book.sheets.clone() {
            if let Some(part) = book.part(&part)? {
                add(&name, taken(count, |each| book.rows(&part, each)))?;
            }
        }
    }
    Ok(sheets)
}

/// The first rows that are not blank, and whether reading them went well.
fn taken(
    count: usize,
    rows: impl Fn(&mut Each<'_>) -> Result<(), StatementFault>,
) -> (Numbered, Result<(), StatementFault>) {
    let mut found = Vec::new();
    let read = rows(&mut |row| {
        if !row.is_blank() {
            let cells = row.cells.iter();
            let cells = cells.map(|cell| clean(cell).chars().take(CELL_CHARACTERS_MAX).collect());
            found.push((row.number, cells.collect()));
        }
        Ok(found.len() < count)
    });
    (found, read)
}
