//! From values to documents: receipts. Same input, same bytes; opens nothing.

mod receipt;

pub use receipt::{Receipt, ReceiptKind, Stamp};
