//! What the shop took, for its charts.

use super::MoneyView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// By what takings are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TakingsStep {
    /// Each day.
    Day,
    /// Each hour; of one day only, the first.
    Hour,
    /// Each month.
    Month,
}

/// Which days, by what.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TakingsOf {
    /// The first business day, `2026-11-01`.
    pub from: String,
    /// The last one, at most 400 days on.
    pub to: String,
    /// By what.
    pub by: TakingsStep,
    /// In which currency, ISO 4217; the shop's own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
}

/// What was taken through one channel in one step of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TakenView {
    /// `2026-11-20`, `2026-11` or `13`.
    pub at: String,
    /// The channel.
    pub channel: String,
    /// Orders, paid or not; one in parts counts once for each channel that was tried.
    pub orders: u32,
    /// Those of which the channel took money.
    pub paid: u32,
    /// What was taken.
    pub taken: MoneyView,
    /// What of it was given back.
    pub refunded: MoneyView,
    /// How much of it that is, in millionths.
    pub refund_share: u32,
}

/// What a channel's bills say of one step of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BilledView {
    /// As [`TakenView::at`], by the channel's days.
    pub at: String,
    /// The channel.
    pub channel: String,
    /// Bills.
    pub bills: u32,
    /// What was paid.
    pub paid: MoneyView,
    /// What was given back.
    pub refunded: MoneyView,
    /// What the channel kept.
    pub fee: MoneyView,
}

/// All of it together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TakingsTotals {
    /// Orders, paid or not; one in parts counts once for each channel that was tried.
    pub orders: u32,
    /// Those of which the channel took money.
    pub paid: u32,
    /// What was taken.
    pub taken: MoneyView,
    /// What of it was given back.
    pub refunded: MoneyView,
    /// How much of it that is, in millionths.
    pub refund_share: u32,
    /// What channels kept by the kept bills.
    pub fee: MoneyView,
    /// Bills that are kept.
    pub bills: u32,
}

/// What the shop took in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Takings {
    /// The currency of every amount here.
    pub currency: String,
    /// The currencies of this time, and the shop's own.
    pub currencies: Vec<String>,
    /// By our books, in the order of time.
    pub taken: Vec<TakenView>,
    /// By the bills; empty by hours, because a bill's hours stand with its day.
    pub billed: Vec<BilledView>,
    /// Together.
    pub totals: TakingsTotals,
}

/// Money on its way to the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InTransitView {
    /// Days since the newest day of the payout, at least.
    pub from_days: u32,
    /// And at most; without an end: null.
    pub to_days: Option<u32>,
    /// The channel.
    pub channel: String,
    /// Payouts.
    pub payouts: u32,
    /// What they come to.
    pub net: MoneyView,
}

/// The money that has not come to the bank, by age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MoneyInTransit {
    /// Youngest first.
    pub steps: Vec<InTransitView>,
}
