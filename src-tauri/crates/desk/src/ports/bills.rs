//! What the store keeps of bills and compared days.

use super::NewEvent;
use paydesk_domain::{
    AccountId, BillKind, BillLine, Break, BreakCode, ChannelDay, ChannelId, Explanation, Payment,
    Refund, Timestamp, Totals as BillTotals,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Our side of a day, as far as the store knows it.
#[derive(Clone, Debug, Default)]
pub struct Booked {
    /// Attempts.
    pub payments: Vec<Payment>,
    /// Refunds, each with its payment.
    pub refunds: Vec<(Refund, Payment)>,
}

/// How a bill came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum BillOrigin {
    /// From the channel.
    Fetched,
    /// The channel says that it has none for that day: nothing was traded.
    Empty,
    /// As a file that a person chose.
    File {
        /// Its name.
        name: String,
    },
}

/// A compared day in numbers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DaySummary {
    /// Pairs that agree.
    pub matched: u64,
    /// Differences.
    pub differences: u64,
    /// The bill's sums.
    pub bill: BillTotals,
    /// Ours.
    pub books: BillTotals,
}

/// A difference as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptDifference {
    /// What it is, with both lines.
    pub found: Break,
    /// Why, as far as arithmetic proves it.
    pub explanation: Explanation,
    /// Whether the bill's line counts in this day's totals.
    pub counts_bill: bool,
    /// Whether ours does.
    pub counts_book: bool,
}

/// What is said of one line of a bill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It agrees with our books.
    Agrees,
    /// It differs.
    Differs(BreakCode),
}

/// One line of a bill with what is said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillRow {
    /// The line.
    pub line: BillLine,
    /// Our reference, where it agrees.
    pub matched: Option<String>,
    /// What is said of it.
    pub verdict: Verdict,
}

/// Some lines of a kept bill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillRowsPage {
    /// How many lines there are of those that were asked for.
    pub total: u64,
    /// Those on this page, in the order of the file.
    pub rows: Vec<BillRow>,
}

/// A bill's file as it was fetched or dropped, for whoever asks later what was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of the bytes, hexadecimal.
    pub sha256: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// A bill to keep.
#[derive(Clone, Debug)]
pub struct NewBill {
    /// Whose.
    pub account: AccountId,
    /// Of which channel.
    pub channel: ChannelId,
    /// Of which of its days.
    pub day: ChannelDay,
    /// Which file.
    pub kind: BillKind,
    /// What makes it the same bill again.
    pub content_sha256: String,
    /// How it came.
    pub origin: BillOrigin,
    /// What it was read from; none where the channel has no bill.
    pub file: Option<BillFile>,
    /// Every line with what was said of it.
    pub rows: Vec<BillRow>,
    /// What was found.
    pub differences: Vec<KeptDifference>,
    /// The day in numbers.
    pub summary: DaySummary,
    /// The event that tells of it.
    pub event: NewEvent,
    /// Whose hand.
    pub by: String,
}

/// A bill that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptBill {
    /// Its number in this store.
    pub id: i64,
    /// Whose.
    pub account: AccountId,
    /// Of which channel.
    pub channel: ChannelId,
    /// Of which of its days.
    pub day: ChannelDay,
    /// What makes it the same bill again.
    pub content_sha256: String,
    /// How it came.
    pub origin: BillOrigin,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// By whom.
    pub by: String,
    /// The day in numbers.
    pub summary: DaySummary,
}

/// A kept bill, compared with our books again.
#[derive(Clone, Debug)]
pub struct ComparedAgain {
    /// Which bill.
    pub bill: i64,
    /// Of which day.
    pub day: ChannelDay,
    /// Its lines with what is said of each now.
    pub rows: Vec<BillRow>,
    /// What was found.
    pub differences: Vec<KeptDifference>,
    /// The day in numbers.
    pub summary: DaySummary,
    /// The event that tells of it.
    pub event: NewEvent,
}
