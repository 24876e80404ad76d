//! Lists as files.

use super::OrderQuery;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The filtered list as a CSV file, newest first, with totals at its end.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportOrders {
    /// Which orders.
    pub query: OrderQuery,
    /// The file as a person chose it: a full path that ends in `.csv`.
    pub file: String,
    /// Whether a file of this name is replaced.
    pub replace: bool,
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
    /// Orders read so far; null: none is running.
    pub rows: Option<u32>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportedFile {
    /// Orders in it.
    pub rows: u32,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Where it is.
    pub file: String,
}
