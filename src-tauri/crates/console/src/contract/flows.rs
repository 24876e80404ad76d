//! Fund-flow bills: what moved on the account at the channel.

use super::{BillPreview, MoneyView};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A file that was looked at, by what it turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LookedFile {
    /// A fund-flow bill.
    FundFlow(Box<FlowPreviewView>),
    /// A trade bill, compared with our books.
    Trade(Box<BillPreview>),
}

/// The movements of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FlowSumView {
    /// Both catalogues hold `flow_<sort>`.
    pub sort: String,
    /// How many.
    pub lines: u32,
    /// Their sum, signed as the account sees it.
    pub sum: MoneyView,
}

/// A fund-flow bill in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FlowView {
    /// Its movements by their sorts; sorts without any are left out.
    pub sums: Vec<FlowSumView>,
    /// What payments, refunds and fees come to.
    pub trade: MoneyView,
    /// What the kept trade bill of the day says of the same.
    pub bill_net: Option<MoneyView>,
    /// The balance behind the last movement.
    pub closing: Option<MoneyView>,
    /// When it was imported; `null` in a look.
    pub imported_at: Option<i64>,
    /// By whom.
    pub by: String,
    /// The file's name; empty when it was fetched.
    pub file: String,
    /// The channel says that nothing moved on the day.
    pub is_empty: bool,
}

/// A fund-flow bill that was looked at; nothing of it is kept yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FlowPreviewView {
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
    pub flow: FlowView,
}

/// A fund-flow bill that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeptFlowView {
    /// The account.
    pub account_id: String,
    /// The channel's day.
    pub day: String,
    /// Names its file.
    pub id: String,
    /// The day in numbers.
    pub flow: FlowView,
    /// Movements that the trade bill does not tell: payouts, reserves, others.
    pub moves: Vec<FlowMoveView>,
}

/// One movement of the account at the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FlowMoveView {
    /// The line of the file, from 1.
    pub row: u32,
    /// Both catalogues hold `flow_<sort>`.
    pub sort: String,
    /// What the channel calls it.
    pub name: String,
    /// The channel's number of it.
    pub entry: String,
    /// The channel's number of what it belongs to.
    pub business: String,
    /// Our reference, where there is one.
    pub reference: String,
    /// What came in, or went out as a negative sum.
    pub change: MoneyView,
    /// The balance behind it.
    pub balance: MoneyView,
    /// When, milliseconds since 1970 in UTC.
    pub at: i64,
}

/// Names a fund-flow bill whose lines are asked for.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "flow", rename_all = "snake_case", deny_unknown_fields)]
pub enum FlowName {
    /// One that is kept; its lines are read from its file.
    Kept {
        /// The account.
        account_id: String,
        /// The channel's day.
        day: String,
    },
    /// One that was looked at.
    LookedAt {
        /// As [`FlowPreviewView::preview`] gave it.
        preview: String,
    },
}

/// Lines of a fund-flow bill.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FlowMovesOf {
    /// Which.
    pub of: FlowName,
    /// Only those of this sort.
    pub sort: Option<String>,
    /// Position of the first line wanted, from 0.
    pub from: u32,
    /// Lines wanted, at most 200.
    pub limit: u32,
}

/// Lines of a fund-flow bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FlowMoves {
    /// How many there are of those that were asked for.
    pub total: u32,
    /// The lines.
    pub moves: Vec<FlowMoveView>,
}
