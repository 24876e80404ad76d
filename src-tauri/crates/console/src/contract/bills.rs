//! A channel's bill against our books.

use super::{CommandError, MoneyView};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The days of one account that can be reconciled.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DaysOf {
    /// The account; the first one when not given.
    pub account_id: Option<String>,
}

/// A day of an account.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DayOf {
    /// The account.
    pub account_id: String,
    /// The channel's day, `2026-11-20`.
    pub day: String,
}

/// A bill's file as the channel writes it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OpenBill {
    /// The account.
    pub account_id: String,
    /// The day it must be of; what the file says when not given.
    pub day: Option<String>,
    /// The file.
    pub file: GivenFile,
}

/// A file that a person chose or dropped.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "given", rename_all = "snake_case", deny_unknown_fields)]
pub enum GivenFile {
    /// By what is in it.
    Content {
        /// Its name, for the record.
        name: String,
        /// Its bytes, base64.
        base64: String,
    },
    /// By its place: it is read piece by piece and never held, however large it is.
    Path {
        /// Where it lies, from the root.
        path: String,
    },
}

/// A file of whichever account.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DroppedBill {
    /// The file.
    pub file: GivenFile,
}

/// How far the file is that is being looked at or imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BillReading {
    /// None while no file is being read.
    pub reading: Option<ReadingView>,
}

/// How far a file has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadingView {
    /// Parts of a thousand of the file, packed as it may be. It is read more than once: then it begins anew.
    pub permille: u16,
}

/// Names a bill that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PreviewId {
    /// As [`BillPreview::preview`] gave it.
    pub preview: String,
}

/// Names a bill whose lines are asked for.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "bill", rename_all = "snake_case", deny_unknown_fields)]
pub enum BillName {
    /// The one that was looked at last.
    LookedAt {
        /// As [`BillPreview::preview`] gave it.
        preview: String,
    },
    /// One that is kept.
    Kept {
        /// As [`ReconciledDay::bill`] gave it.
        id: String,
    },
}

/// Lines of a bill.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BillRowsOf {
    /// Which bill.
    pub of: BillName,
    /// Only lines that differ.
    pub only_different: bool,
    /// Position of the first line wanted, from 0.
    pub from: u32,
    /// Lines wanted, at most 200.
    pub limit: u32,
}

/// An account whose bills can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BillAccount {
    /// Its id.
    pub id: String,
    /// Its channel.
    pub channel: String,
    /// The name a person gave it, else the number the channel knows it by.
    pub name: String,
}

/// One day in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DayRow {
    /// The channel's day.
    pub day: String,
    /// The day in numbers, once its bill was imported.
    pub result: Option<DayResult>,
    /// Its bill can be fetched by now, and is not here.
    pub missing: bool,
    /// Its fund-flow bill is kept.
    pub flow: bool,
    /// Its fund-flow bill can be fetched by now, and is not here.
    pub flow_missing: bool,
}

/// A day whose bill did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FailedBill {
    /// The channel's day.
    pub day: String,
    /// `trade` or `fund_flow`.
    pub kind: String,
    /// Why.
    pub error: CommandError,
}

/// Where a run through missing bills stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BillRunView {
    /// Whose bills.
    pub account_id: String,
    /// Days to fetch.
    pub total: u32,
    /// Days that are done, one way or the other.
    pub done: u32,
    /// Bills that were kept.
    pub kept: u32,
    /// Differences in them.
    pub differences: u32,
    /// Fund-flow bills that were kept.
    pub flows: u32,
    /// The day that is being fetched.
    pub day: Option<String>,
    /// Days whose bill did not come.
    pub failed: Vec<FailedBill>,
    /// It was asked to stop.
    pub is_stopped: bool,
    /// It has ended.
    pub is_over: bool,
}

/// The run through missing bills that is under way, or the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BillRunStatus {
    /// `null` before the first.
    pub run: Option<BillRunView>,
}

/// The days of an account, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DayList {
    /// Every account whose bills can be compared.
    pub accounts: Vec<BillAccount>,
    /// The account that was asked for.
    pub account_id: String,
    /// The days.
    pub days: Vec<DayRow>,
    /// Whether bills are fetched without being asked for.
    pub by_themselves: bool,
}

/// Sums of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SideTotals {
    /// Payments.
    pub payments: u32,
    /// Their sum.
    pub paid: MoneyView,
    /// Refunds.
    pub refunds: u32,
    /// Their sum.
    pub refunded: MoneyView,
    /// Fees.
    pub fee: MoneyView,
    /// Paid less refunded less fees.
    pub net: MoneyView,
}

/// A compared day in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DayResult {
    /// Pairs that agree.
    pub matched: u32,
    /// Differences.
    pub differences: u32,
    /// The bill.
    pub bill: SideTotals,
    /// Our books.
    pub books: SideTotals,
    /// When it was imported; `null` in a look.
    pub imported_at: Option<i64>,
    /// By whom.
    pub by: String,
    /// The file's name; empty when it was fetched.
    pub file: String,
    /// The channel says that it has no bill for the day: nothing was traded.
    pub is_empty: bool,
}

/// One side of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SideLine {
    /// The bill's line, from 1; 0 on our side.
    pub row: u32,
    /// `payment` or `refund`.
    pub kind: String,
    /// Its reference.
    pub reference: String,
    /// The order, where the reference is ours.
    pub order_id: Option<String>,
    /// The channel's number.
    pub transaction: String,
    /// The amount.
    pub amount: MoneyView,
    /// The fee; `null` where no rate is set.
    pub fee: Option<MoneyView>,
    /// When.
    pub at: i64,
    /// `done`, `failed` or `pending`.
    pub state: String,
}

/// One difference with both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DifferenceView {
    /// Both catalogues hold `break_<code>`.
    pub code: String,
    /// Both catalogues hold `why_<why>`.
    pub why: String,
    /// What the explanation's text needs: a rate, seconds, a row.
    pub value: String,
    /// The bill's line.
    pub bill: Option<SideLine>,
    /// Ours.
    pub book: Option<SideLine>,
    /// Bill less books.
    pub difference: Option<MoneyView>,
    /// The addition that gives the difference; empty where none is known.
    pub terms: Vec<TermView>,
}

/// One number of the addition that gives a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TermView {
    /// Both catalogues hold `term_<name>`.
    pub name: String,
    /// What it adds.
    pub amount: MoneyView,
    /// What a fee was taken of.
    pub base: Option<MoneyView>,
    /// The rate of that fee.
    pub rate_millionths: Option<u32>,
    /// How that fee was rounded; both catalogues hold `rounding_<name>`.
    pub rounding: String,
}

/// A bill that was looked at; nothing of it is kept yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BillPreview {
    /// Names it for the import.
    pub preview: String,
    /// The account.
    pub account_id: String,
    /// The channel's day.
    pub day: String,
    /// How many lines it has.
    pub rows: u32,
    /// When the same bill was imported before.
    pub known_since: Option<i64>,
    /// The day in numbers.
    pub result: DayResult,
    /// What differs, the first 200.
    pub differences: Vec<DifferenceView>,
}

/// A line of a bill with what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BillRowView {
    /// The line.
    pub line: SideLine,
    /// `agrees`, or the code of the difference.
    pub verdict: String,
}

/// Lines of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BillRows {
    /// How many there are in all.
    pub total: u32,
    /// The lines.
    pub rows: Vec<BillRowView>,
}

/// A compared day that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReconciledDay {
    /// The account.
    pub account_id: String,
    /// The channel's day.
    pub day: String,
    /// Names its bill for the lines.
    pub bill: String,
    /// How many lines the bill has.
    pub rows: u32,
    /// The day in numbers.
    pub result: DayResult,
    /// What differs.
    pub differences: Vec<DifferenceView>,
}
