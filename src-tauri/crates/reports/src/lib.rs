//! From values to documents: receipts, barcodes, lists as CSV. Same input, same bytes; opens nothing.

mod barcode;
mod breaks_csv;
mod orders_csv;
mod receipt;
mod table;

pub use barcode::barcode;
pub use breaks_csv::BreaksCsv;
pub use orders_csv::{OrderLine, OrdersCsv};
pub use receipt::{Receipt, ReceiptKind, Stamp};
pub use table::{ExportError, Exported};
