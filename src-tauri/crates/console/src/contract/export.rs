//! Exports: lists, reports and journals as files.

use super::{DayResult, OrderQuery, OrderTotals};
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

/// What of a reconciled day is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DayExport {
    /// What differs, with both sides.
    Differences,
    /// Every line of the bill with what was said of it.
    Lines,
    /// Sums and differences with lines to sign on.
    Report,
}

/// A reconciled day as a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportDay {
    /// The account.
    pub account_id: String,
    /// The channel's day, `2026-11-20`.
    pub day: String,
    /// What of it.
    pub what: DayExport,
    /// `csv`, `csv_plain` or `xlsx`; a report also `pdf`.
    pub format: FileFormat,
    /// A full path with the format's ending.
    pub file: String,
    /// Whether a file of this name is replaced.
    pub replace: bool,
    /// The figures that stood on the screen: a day that has others is not written.
    pub seen: Option<DayResult>,
}

/// What a channel settled over several days, as a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportSettled {
    /// The account.
    pub account_id: String,
    /// The channel's first day.
    pub from: String,
    /// Its last day, at most 400 days on.
    pub to: String,
    /// `csv`, `csv_plain`, `xlsx` or `pdf`.
    pub format: FileFormat,
    /// A full path with the format's ending.
    pub file: String,
    /// Whether a file of this name is replaced.
    pub replace: bool,
}

/// The program a journal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum JournalTemplateView {
    /// Beancount.
    Beancount,
    /// Any program.
    Generic,
    /// 金蝶.
    Kingdee,
    /// 用友 T+.
    YonyouT,
    /// 用友 U8, T6, T3.
    YonyouU8,
}

/// Reconciled days as balanced journal entries.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportJournal {
    /// Only this account; all of them when not given.
    pub account_id: Option<String>,
    /// The channels' first day.
    pub from: String,
    /// Their last day, at most 400 days on.
    pub to: String,
    /// For which program.
    pub template: JournalTemplateView,
    /// What the program reads: `beancount`, `txt`, `xlsx` or `csv`.
    pub format: FileFormat,
    /// A full path with the format's ending.
    pub file: String,
    /// Whether a file of this name is replaced.
    pub replace: bool,
}

/// An account of the shop's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LedgerAccountView {
    /// What it is for: both catalogues hold `ledger_<role>`.
    pub role: String,
    /// For the money of one channel on its way; null: for every channel without one of its own.
    pub channel: Option<String>,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Which account each figure of a journal goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LedgerAccounts {
    /// In the order of the screen.
    pub accounts: Vec<LedgerAccountView>,
    /// Nobody changed them.
    pub is_usual: bool,
}

/// Sets the accounts.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChangeLedgerAccounts {
    /// All of them; null: the usual ones again.
    pub accounts: Option<Vec<LedgerAccountView>>,
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
