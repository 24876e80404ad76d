//! The fee audit, and a contract's rows.

use super::{BillAccount, FileFormat, MoneyView, RateRow, SideLine};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Days whose fees are worked out again.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FeesOf {
    /// Only this account; all of them when not given.
    pub account_id: Option<String>,
    /// The channels' first day, `2026-11-01`.
    pub from: String,
    /// Their last day, at most 400 days on.
    pub to: String,
}

/// What an audit came to, in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FeeTotals {
    /// Days whose bill is kept.
    pub days: u32,
    /// Lines whose fee was worked out.
    pub audited: u32,
    /// Lines of which the contract says nothing.
    pub without_rate: u32,
    /// Lines on which too much was taken.
    pub lines_over: u32,
    /// Lines on which too little was taken.
    pub lines_under: u32,
    /// What the bills charge.
    pub charged: MoneyView,
    /// What the contract says.
    pub contract: MoneyView,
    /// What was taken too much.
    pub overcharged: MoneyView,
    /// What was taken too little, not negative.
    pub undercharged: MoneyView,
}

/// One line whose fee is not the contract's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FeeFindingView {
    /// The bill's day.
    pub day: String,
    /// Its line.
    pub line: SideLine,
    /// The contract's fee.
    pub contract: MoneyView,
    /// The bill's fee less the contract's.
    pub more: MoneyView,
}

/// An account's fees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountFees {
    /// The account.
    pub account: BillAccount,
    /// The rate of days that no row names, in millionths; none is set: null.
    pub rate_millionths: Option<u32>,
    /// The rows of its contract with dates.
    pub rates: Vec<RateRow>,
    /// In numbers.
    pub totals: FeeTotals,
    /// The first 500 findings, in the order of the days; the exported file has them all.
    pub findings: Vec<FeeFindingView>,
}

/// The fees of some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FeeAuditView {
    /// Account by account.
    pub accounts: Vec<AccountFees>,
}

/// Every finding of an audit as a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportFees {
    /// The account.
    pub account_id: String,
    /// The channel's first day.
    pub from: String,
    /// Its last day, at most 400 days on.
    pub to: String,
    /// `csv`, `csv_plain` or `xlsx`.
    pub format: FileFormat,
    /// A full path with the format's ending.
    pub file: String,
    /// Whether a file of this name is replaced.
    pub replace: bool,
    /// The figures that stood on the screen: an audit that comes to others is not kept.
    pub seen: Option<FeeTotals>,
}
