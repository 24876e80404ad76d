//! From values to documents: receipts, barcodes, lists, reports and journals as CSV, XLSX, PDF and text. Same input, same bytes; opens nothing.

mod barcode;
mod bill_lines;
mod csv_file;
mod day_report;
mod day_way;
mod differences;
mod digest;
mod document;
mod fee_findings;
mod harmless;
mod journal;
mod list;
mod model;
mod orders;
mod payer_page;
mod pdf;
mod receipt;
mod side_file;
mod xlsx;

pub use barcode::barcode;
pub use bill_lines::BillLineList;
pub use day_report::{DayReport, Statement, StatementDay, day_report, statement};
pub use day_way::{BankWay, BankWayLine, DecidedItem};
pub use differences::DifferenceList;
pub use document::{Document, DocumentFormat, DocumentTable, write_document};
pub use fee_findings::FeeFindingList;
pub use journal::{
    AccountFault, AccountMap, AccountRole, CashFigures, DayFigures, JournalEntry, JournalLine,
    JournalTemplate, LedgerAccount, Side, write_journal,
};
pub use list::{ListFormat, ListSetting};
pub use model::{Cell, Column, ColumnKind, CurrencyTotals, ExportError, Exported, Heading};
pub use orders::{OrderLine, OrderList};
pub use payer_page::{PayerPage, PayerState};
pub use pdf::Font;
pub use receipt::{Receipt, ReceiptKind, ReceiptPart, Stamp};
pub use side_file::{FontUsed, SIDE_FILE_ENDING, side_file};
