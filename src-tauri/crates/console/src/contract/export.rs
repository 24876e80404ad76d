//! Exports: lists, reports and journals as files.

use super::{OrderQuery, OrderTotals};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// A text journal of Beancount.
    Beancount,
    /// Comma-separated values that every spreadsheet reads as UTF-8.
    Csv,
    /// The same without the three bytes that tell a spreadsheet the encoding.
    CsvPlain,
    /// Pages of A4.
    Pdf,
    /// Text lines in the encoding of the program that imports them.
    Txt,
    /// A workbook.
    Xlsx,
}

impl FileFormat {
    /// What the file's name must end in.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            FileFormat::Beancount => "beancount",
            FileFormat::Csv | FileFormat::CsvPlain => "csv",
            FileFormat::Pdf => "pdf",
            FileFormat::Txt => "txt",
            FileFormat::Xlsx => "xlsx",
        }
    }
}

/// The filtered list as a file, newest first, with totals at its end.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportOrders {
    /// Which orders.
    pub query: OrderQuery,
    /// `csv`, `csv_plain` or `xlsx`.
    pub format: FileFormat,
    /// The file as a person chose it: a full path with the format's ending.
    pub file: String,
    /// Whether a file of this name is replaced.
    pub replace: bool,
    /// The totals that stood over the list: a file that sums to others is not kept.
    pub seen: Option<OrderTotals>,
}

/// Looks after a running export.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportStep {
    /// Ends it; nothing of the file is left then.
    pub stop: bool,
}

/// How far an export is.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ExportProgress {
    /// Rows read so far; null: none is running.
    pub rows: Option<u32>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportedFile {
    /// Rows in it.
    pub rows: u32,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Where it is.
    pub file: String,
    /// The file beside it: digest, filter, totals.
    pub side_file: String,
}
