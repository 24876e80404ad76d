//! The lines of a channel's bill with what was said of each, and the sums for each currency at the end.

use crate::{
    differences::kind_key,
    list::{ListFile, ListSetting, columns},
    model::{Cell, ColumnKind, ExportError, Exported},
};
use jiff::tz::TimeZone;
use paydesk_domain::{BillLine, BreakCode, LineKind, Money};
use paydesk_texts::{Language, text};
use std::io::Write;

/// The columns: names and kinds.
const COLUMNS: [(&str, ColumnKind); 11] = [
    ("bill_row", ColumnKind::Integer),
    ("kind", ColumnKind::Text),
    ("payment_ref", ColumnKind::Text),
    ("refund_ref", ColumnKind::Text),
    ("channel_no", ColumnKind::Text),
    ("bill_time", ColumnKind::Moment),
    ("taken", ColumnKind::Summed),
    ("refunded", ColumnKind::Summed),
    ("bill_fee", ColumnKind::Summed),
    ("currency", ColumnKind::Currency),
    ("verdict", ColumnKind::Text),
];

/// The file being written.
pub struct BillLineList<W: Write> {
    file: ListFile<W>,
    language: Language,
    zone: TimeZone,
}

impl<W: Write> BillLineList<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// The writer's.
    pub fn begin(writer: W, setting: ListSetting) -> Result<BillLineList<W>, ExportError> {
        let (language, zone) = (setting.language, setting.zone.clone());
        Ok(BillLineList {
            file: ListFile::begin(writer, setting, columns(language, &COLUMNS))?,
            language,
            zone,
        })
    }

    /// Writes a line; `None` says that it agrees.
    ///
    /// # Errors
    /// The writer's; `Money` when the sums no longer fit; `TooLarge` when the format has no room.
    pub fn row(&mut self, line: &BillLine, found: Option<BreakCode>) -> Result<(), ExportError> {
        let words = |key: &str| text(self.language, key, &[]);
        let currency = line.amount.currency();
        let none = Money::zero(currency);
        let (taken, refunded) = match line.kind {
            LineKind::Payment => (line.amount, none),
            LineKind::Refund => (none, line.amount),
        };
        let verdict = match found {
            Some(code) => words(&format!("break_{}", code.name())),
            None => words("export_agrees"),
        };
        let cells = [
            Cell::Integer(line.row),
            Cell::text(words(kind_key(Some(line.kind)))),
            Cell::text(line.payment.as_str()),
            Cell::text(line.refund.as_str()),
            Cell::text(line.transaction.as_str()),
            Cell::moment(Some(line.at), &self.zone),
            Cell::Amount(taken),
            Cell::Amount(refunded),
            Cell::Amount(line.fee),
            Cell::text(currency.code()),
            Cell::text(verdict),
        ];
        self.file.row(Some(currency), &cells)
    }

    /// Writes the totals and gives the writer back with what was written.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> Result<(W, Exported), ExportError> {
        self.file.finish()
    }
}
