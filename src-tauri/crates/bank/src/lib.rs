//! Bank statements: from the bytes of a dropped file to account, balances and movements.
//! Pure: no socket, file, environment, clock, randomness or thread. It matches nothing and decides nothing, and what a
//! file is called says nothing to it. Opening balance plus movements must be the closing balance: [`read`] says so of
//! every statement, and [`StatementFile::accept`] refuses the file where it does not hold.

mod amount;
mod balance;
mod camt;
mod fault;
mod mt940;
mod ofx;
mod table;
mod text;
mod xml;

pub use fault::{Reason, StatementFault};
pub use table::{AmountColumns, DateOrder, SheetRows, Table, Template, first_rows};

use encoding_rs::Encoding;
use paydesk_domain::BankStatement;
use text::Fallback;

/// A file that was recognised and read. What it holds may still contradict itself: see [`StatementFile::accept`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementFile {
    /// Its encoding, by the name of the WHATWG standard.
    pub encoding: &'static str,
    /// Its statements, in the order of the file; at least one.
    pub statements: Vec<BankStatement>,
    /// How it was read, where it is a table: one for each sheet with movements.
    pub tables: Vec<Table>,
}

impl StatementFile {
    /// Its statements, where nothing speaks against importing them: all of them or none.
    ///
    /// # Errors
    /// `Balance`, `Currencies` or `Total` of the first statement that does not add up.
    pub fn accept(self) -> Result<Vec<BankStatement>, StatementFault> {
        self.statements.iter().try_for_each(balance::accept)?;
        Ok(self.statements)
    }
}

/// What a workbook says of its texts is its own affair.
const WORKBOOK_ENCODING: &str = "UTF-8";

/// Recognises a file by its content and reads it; the columns of a table are guessed from its titles.
///
/// # Errors
/// `StatementFault` with the line, the field and the reason.
pub fn read(file: &[u8]) -> Result<StatementFile, StatementFault> {
    read_with(file, None)
}

/// Reads a table with the columns of this template; any other file as [`read`] does.
///
/// # Errors
/// `StatementFault` with the line, the field and the reason.
pub fn read_as(file: &[u8], template: &Template) -> Result<StatementFile, StatementFault> {
    read_with(file, Some(template))
}

fn read_with(file: &[u8], template: Option<&Template>) -> Result<StatementFile, StatementFault> {
    if file.len() > text::BYTES_MAX {
        return Err(StatementFault::of_file(Reason::TooLarge));
    }
    if table::is_workbook(file) {
        let (statements, tables) = table::read_workbook(file, template)?;
        balance::refuse_doubled(&statements)?;
        return Ok(StatementFile {
            encoding: WORKBOOK_ENCODING,
            statements,
            tables,
        });
    }
    let is_ofx = ofx::is_one(file);
    let is_mt940 = !is_ofx && mt940::is_one(file);
    let fallback = if is_ofx { ofx::declared(file) } else { None };
    let fallback = match fallback.or_else(|| declared(file)) {
        Some(named) => Fallback::Named(named),
        None if is_ofx || is_mt940 => Fallback::Either,
        None => Fallback::Chinese,
    };
    let (text, encoding) = text::decode(file, fallback)?;
    let mut tables = Vec::new();
    let statements = if is_ofx {
        ofx::read(&text)?
    } else if is_mt940 {
        mt940::read(&text)?
    } else if is_xml(&text) {
        camt::read(&text)?
    } else {
        let found = table::read_text(&text, template)?;
        let (statements, layouts) =
            found.ok_or_else(|| StatementFault::of_file(Reason::NotAStatement))?;
        tables = layouts;
        statements
    };
    balance::refuse_doubled(&statements)?;
    Ok(StatementFile {
        encoding,
        statements,
        tables,
    })
}

fn is_xml(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("<?xml") || text.starts_with("<Document") || text.starts_with("<!")
}

/// The encoding that an XML declaration names (XML 1.0, section 4.3.3).
fn declared(file: &[u8]) -> Option<&'static Encoding> {
    let start = file.trim_ascii_start();
    let declaration = start.strip_prefix(b"<?xml")?;
    let end = memchr::memchr(b'>', declaration.get(..200).unwrap_or(declaration))?;
    let declaration = std::str::from_utf8(declaration.get(..end)?).ok()?;
    let (_, named) = declaration.split_once("encoding")?;
    let named = named.trim_start().strip_prefix('=')?.trim_start();
    let quote = named
        .chars()
        .next()
        .filter(|letter| "\"'".contains(*letter))?;
    let (label, _) = named.get(1..)?.split_once(quote)?;
    Encoding::for_label(label.as_bytes())
}
