//! From values to documents: receipts, barcodes, lists as CSV and XLSX. Same input, same bytes; opens nothing.

mod barcode;
mod csv_file;
mod differences;
mod digest;
mod harmless;
mod journal;
mod list;
mod model;
mod orders;
mod receipt;
mod side_file;
mod xlsx;

pub use barcode::barcode;
pub use differences::DifferenceList;
pub use journal::{
    AccountFault, AccountMap, AccountRole, DayFigures, JournalEntry, JournalLine, JournalTemplate,
    LedgerAccount, Side, write_journal,
};
pub use list::{ListFormat, ListSetting};
pub use model::{Cell, Column, ColumnKind, CurrencyTotals, ExportError, Exported, Heading};
pub use orders::{OrderLine, OrderList};
pub use receipt::{Receipt, ReceiptKind, Stamp};
pub use side_file::{FontUsed, SIDE_FILE_ENDING, side_file};
