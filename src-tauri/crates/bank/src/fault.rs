//! Why a file is refused: the line, the field and the reason, so that a person finds the place.

use paydesk_domain::{Currency, Money};

/// A refusal of a statement's file. Money is not affected; nothing of the file is kept.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}{}{reason}", place_words(*row), field_words(field))]
pub struct StatementFault {
    /// The line as a person counts it, from 1; 0 when it is about the whole file.
    pub row: u64,
    /// The element, tag or column, as the file names it; empty when none is meant.
    pub field: String,
    /// What is wrong.
    pub reason: Reason,
}

fn place_words(row: u64) -> String {
    match row {
        0 => String::new(),
        row => format!("line {row}: "),
    }
}

fn field_words(field: &str) -> String {
    match field {
        "" => String::new(),
        field => format!("{field}: "),
    }
}

impl StatementFault {
    /// About one field of one line.
    #[must_use]
    pub fn at(row: u64, field: &str, reason: Reason) -> StatementFault {
        StatementFault {
            row,
            field: field.chars().take(FIELD_CHARACTERS_MAX).collect(),
            reason,
        }
    }

    /// About the whole file.
    #[must_use]
    pub fn of_file(reason: Reason) -> StatementFault {
        StatementFault::at(0, "", reason)
    }

    /// What fills the places of its text in the catalogues, by name.
    #[must_use]
    pub fn params(&self) -> Vec<(&'static str, String)> {
        let mut params = vec![("row", self.row.to_string()), ("field", self.field.clone())];
        match &self.reason {
            Reason::Balance { expected, stated } | Reason::Total { expected, stated } => {
                params.push(("expected", expected.to_string()));
                params.push(("stated", stated.to_string()));
            }
            Reason::Currencies { left, right } => {
                params.push(("left", left.to_string()));
                params.push(("right", right.to_string()));
            }
            Reason::Currency(code) | Reason::Refused(code) => params.push(("code", code.clone())),
            Reason::Doubled { first } => params.push(("first", first.to_string())),
            _ => {}
        }
        params
    }
}

/// A name from a file is shown, but never without end.
const FIELD_CHARACTERS_MAX: usize = 80;

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Reason {
    /// An amount that is no decimal number.
    #[error("not an amount")]
    Amount,
    /// A workbook whose container is damaged, or packed as no office program packs.
    #[error("the workbook cannot be opened")]
    Archive,
    /// Opening balance and movements are not the closing balance.
    #[error("the opening balance and the movements come to {expected}, the file says {stated}")]
    Balance {
        /// What they come to.
        expected: Money,
        /// What the file states.
        stated: Money,
    },
    /// A NUL byte in a text.
    #[error("a NUL byte: this is no text")]
    Binary,
    /// A small file that would unpack to more than any statement: it was stopped before it did.
    #[error("the workbook unpacks to more than any statement")]
    Bomb,
    /// A table without a column that is needed, or with columns that cannot be told apart.
    #[error("no column for this")]
    Columns,
    /// A balance or movement in another currency than the statement's.
    #[error("{right} in a statement of {left}")]
    Currencies {
        /// The statement's.
        left: Currency,
        /// The other one.
        right: Currency,
    },
    /// A code that ISO 4217 does not list, or no longer.
    #[error("`{0}` is not a currency of ISO 4217")]
    Currency(String),
    /// A day or time that does not exist, or cannot be read.
    #[error("not a date")]
    Date,
    /// The same statement or table is there twice.
    #[error("the same again as at line {first}")]
    Doubled {
        /// The line where it was first.
        first: u64,
    },
    /// A document type definition: it can make a small file endless, and no bank sends one.
    #[error("a document type definition, which no bank sends")]
    Dtd,
    /// Bytes that are in no encoding a bank uses.
    #[error("the text is in no known encoding")]
    Encoding,
    /// A workbook that asks for a password.
    #[error("the workbook is encrypted")]
    Encrypted,
    /// Something follows behind the end.
    #[error("the file goes on after its end")]
    GoesOn,
    /// What must be there is not.
    #[error("missing")]
    Missing,
    /// Elements inside each other deeper than any statement's.
    #[error("nested deeper than any statement")]
    Nested,
    /// Nothing that is known as a statement.
    #[error("this is not a bank statement in a known format")]
    NotAStatement,
    /// The bank's own error instead of a statement.
    #[error("the bank gave an error instead of a statement: {0}")]
    Refused(String),
    /// It breaks the rules of its format.
    #[error("this breaks the rules of the format")]
    Syntax,
    /// More bytes, lines or columns than any statement has.
    #[error("larger than any statement")]
    TooLarge,
    /// More decimals than the currency has.
    #[error("more decimals than the currency has")]
    TooPrecise,
    /// The file's own sum or count is not that of its lines.
    #[error("the lines come to {expected}, the file says {stated}")]
    Total {
        /// What the lines come to.
        expected: Money,
        /// What the file states.
        stated: Money,
    },
    /// It ends before its end.
    #[error("the file ends early")]
    Truncated,
}

impl Reason {
    /// Its code; its text stands in the catalogues under `error_` and this code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Reason::Amount => "statement_amount",
            Reason::Archive => "statement_archive",
            Reason::Balance { .. } => "statement_balance",
            Reason::Binary => "statement_binary",
            Reason::Bomb => "statement_bomb",
            Reason::Columns => "statement_columns",
            Reason::Currencies { .. } => "statement_currencies",
            Reason::Currency(_) => "statement_currency",
            Reason::Date => "statement_date",
            Reason::Doubled { .. } => "statement_doubled",
            Reason::Dtd => "statement_dtd",
            Reason::Encoding => "statement_encoding",
            Reason::Encrypted => "statement_encrypted",
            Reason::GoesOn => "statement_goes_on",
            Reason::Missing => "statement_missing",
            Reason::Nested => "statement_nested",
            Reason::NotAStatement => "statement_unknown",
            Reason::Refused(_) => "statement_refused",
            Reason::Syntax => "statement_syntax",
            Reason::TooLarge => "statement_too_large",
            Reason::TooPrecise => "statement_too_precise",
            Reason::Total { .. } => "statement_total",
            Reason::Truncated => "statement_truncated",
        }
    }
}
