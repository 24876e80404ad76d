//! What the store keeps of bank statements. Lines are sealed there: they name who paid.

use super::{BoxFuture, NewEvent, StoreError};
use jiff::civil::Date;
use paydesk_domain::{BankLine, BankStatement, Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A statement's file as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BankFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of the bytes, hexadecimal.
    pub sha256: String,
    /// The encoding it was read in, by the name of the WHATWG standard.
    pub encoding: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// Names a line that is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LineName {
    /// Its statement.
    pub statement: i64,
    /// Its place there, from 0.
    pub n: u32,
}

/// A statement to keep.
#[derive(Clone, Debug)]
pub struct NewStatement {
    /// What tells accounts apart: the number, or the name a person gave.
    pub account: String,
    /// What makes it the same statement again.
    pub content_sha256: String,
    /// The columns it was read by, where it is a table; empty elsewhere.
    pub layout: String,
    /// What it says.
    pub statement: BankStatement,
    /// For each line, the kept one that told the same movement before.
    pub told_before: Vec<Option<LineName>>,
}

/// The statements of one file, to be kept together.
#[derive(Clone, Debug)]
pub struct NewStatements {
    /// The file.
    pub file: BankFile,
    /// Its statements.
    pub statements: Vec<NewStatement>,
    /// The newest statement that was known when the lines were compared; `Stale` when there is a newer one.
    pub compared_with: i64,
    /// The event that tells of it; the store adds a digest of each statement.
    pub event: NewEvent,
    /// Whose hand.
    pub by: String,
}

/// A statement that is kept, without its lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptStatement {
    /// Its number in this store.
    pub id: i64,
    /// What tells accounts apart.
    pub account: String,
    /// What makes it the same statement again.
    pub content_sha256: String,
    /// The columns it was read by, where it is a table.
    pub layout: String,
    /// What it says, its lines left out.
    pub head: BankStatement,
    /// How many lines it has.
    pub lines: u64,
    /// How many of them were told by an earlier statement.
    pub told_before: u64,
    /// The sum of what came in.
    pub money_in: Money,
    /// The sum of what went out, negative.
    pub money_out: Money,
    /// The name of its file.
    pub file: String,
    /// The digest of its file.
    pub file_sha256: String,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// By whom.
    pub by: String,
}

/// A line that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptLine {
    /// Its name.
    pub name: LineName,
    /// The line that told the same movement before.
    pub told_before: Option<LineName>,
    /// What it says.
    pub line: BankLine,
}

/// The bank statements of the store.
pub trait StatementStore: Send + Sync {
    /// Keeps the statements of a file with their lines: all of them or none.
    fn import_statements(
        &self,
        new: NewStatements,
    ) -> BoxFuture<'_, Result<Vec<KeptStatement>, StoreError>>;
    /// Every statement, the newest first.
    fn statements(&self) -> BoxFuture<'_, Result<Vec<KeptStatement>, StoreError>>;
    /// Lines of one statement in the order of its file, `from` counted from 0.
    fn statement_lines(
        &self,
        statement: i64,
        from: u32,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<KeptLine>, StoreError>>;
    /// Lines of an account that were booked from one day to another, of every statement, the earliest kept first.
    fn bank_lines<'a>(
        &'a self,
        account: &'a str,
        currency: Currency,
        from: Date,
        to: Date,
    ) -> BoxFuture<'a, Result<Vec<KeptLine>, StoreError>>;
    /// What people decided about payouts, as the log tells it, in its order.
    fn payout_decisions(&self) -> BoxFuture<'_, Result<Vec<serde_json::Value>, StoreError>>;
    /// The file that a kept statement was read from.
    fn statement_file(&self, statement: i64)
    -> BoxFuture<'_, Result<Option<BankFile>, StoreError>>;
}
