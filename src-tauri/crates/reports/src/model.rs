//! What is exported, free of file formats: columns with their kinds, cells that are values, headings and totals.
//! A format decides how a value is written, never what it is.

use jiff::civil::{Date, DateTime};
use paydesk_domain::{Money, MoneyError, Timestamp};
use serde::Serialize;
use std::{borrow::Cow, io};

/// A value of one row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell<'a> {
    /// Nothing to say.
    Empty,
    /// Somebody's words or an id: text for certain, whatever it looks like.
    Text(Cow<'a, str>),
    /// An amount of money.
    Amount(Money),
    /// A day.
    Day(Date),
    /// A moment by the shop's clock.
    Moment(DateTime),
    /// A count or a position.
    Integer(u64),
}

impl<'a> Cell<'a> {
    /// Words.
    #[must_use]
    pub fn text(words: impl Into<Cow<'a, str>>) -> Cell<'a> {
        Cell::Text(words.into())
    }

    /// An amount, or nothing.
    #[must_use]
    pub fn amount(money: Option<Money>) -> Cell<'a> {
        money.map_or(Cell::Empty, Cell::Amount)
    }

    /// A day, or nothing where the number names none.
    #[must_use]
    pub fn day(day: Option<Date>) -> Cell<'a> {
        day.map_or(Cell::Empty, Cell::Day)
    }

    /// A moment as the clock of a zone shows it.
    #[must_use]
    pub fn moment(at: Option<Timestamp>, zone: &jiff::tz::TimeZone) -> Cell<'a> {
        at.map_or(Cell::Empty, |at| {
            Cell::Moment(zone.to_datetime(at.to_jiff()))
        })
    }
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnKind {
    /// Words and ids.
    Text,
    /// Amounts that have no sum.
    Amount,
    /// Amounts that are summed for each currency.
    Summed,
    /// The code of the row's currency.
    Currency,
    /// Days.
    Day,
    /// Moments.
    Moment,
    /// Counts and positions.
    Integer,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name in every language and version: the documented one, as in the side file.
    pub name: &'static str,
    /// Its title in the language of the file.
    pub title: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What stands above an export: whose, of when, which part.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Heading {
    /// What it is.
    pub title: String,
    /// The shop.
    pub shop: String,
    /// The account, where it is of one.
    pub account: String,
    /// First and last day, where it has them.
    pub days: Option<(Date, Date)>,
    /// The filter, by the names of its parts.
    pub filter: Vec<(String, String)>,
    /// Program and version.
    pub program: String,
}

/// The sums of one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CurrencyTotals {
    /// ISO 4217 code.
    pub currency: String,
    /// Rows of this currency.
    pub rows: u64,
    /// Each summed column's name and sum.
    pub sums: Vec<(&'static str, Money)>,
}

impl CurrencyTotals {
    /// The sum of a column.
    #[must_use]
    pub fn sum(&self, name: &str) -> Option<Money> {
        let mut sums = self.sums.iter();
        sums.find(|(column, _)| *column == name)
            .map(|(_, sum)| *sum)
    }
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// Rows, titles and totals not counted.
    pub rows: u64,
    /// SHA-256 of all bytes, as lower-case hex.
    pub sha256: String,
    /// The sums for each currency.
    pub totals: Vec<CurrencyTotals>,
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The writer failed.
    #[error("the file could not be written: {0}")]
    Io(#[from] io::Error),
    /// The totals do not fit.
    #[error("the totals cannot be summed: {0}")]
    Money(#[from] MoneyError),
    /// The format has no room for so many rows or so long a cell.
    #[error("the format holds at most {limit} {of}")]
    TooLarge {
        /// How many.
        limit: u64,
        /// Of what: `rows`, `characters in a cell`.
        of: &'static str,
    },
    /// Debit and credit of an entry are not equal.
    #[error("debit {debit} is not credit {credit}")]
    Unbalanced {
        /// One side.
        debit: Money,
        /// The other.
        credit: Money,
    },
    /// The font has no outline for what must be printed, or cannot be read.
    #[error("the font cannot be used: {0}")]
    Font(String),
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> ExportError {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => ExportError::Io(error),
            // Rows of unequal length; the rest is about reading.
            kind => ExportError::Io(io::Error::other(format!("{kind:?}"))),
        }
    }
}
