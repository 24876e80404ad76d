//! Cash: what is handed over, what goes back, and what the drawer holds.

use super::{MoneyView, PartOf};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Take cash for a new order, or a part of one.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TakeCash {
    /// A UUID made before the first try; a repeat returns the same order.
    pub intent_id: String,
    /// What is taken, in minor units.
    pub amount_minor: String,
    /// ISO 4217; the shop's own, which the drawer is counted in, and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
    /// What was handed over, in minor units.
    pub received_minor: String,
    /// A note on the order.
    pub note: String,
    /// The earlier order, not known yet, that was shown in the repeat question.
    pub confirmed_repeat_of: Option<String>,
    /// What it collects; all of a new order when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub part: Option<PartOf>,
}

/// What to work out for a payer who pays in cash.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CashDueOf {
    /// What is owed, in minor units.
    pub amount_minor: String,
    /// What was handed over so far, in minor units; null for nothing yet.
    pub received_minor: Option<String>,
}

/// What may be handed over, and what goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CashDue {
    /// The exact amount first, then the next sums that notes make.
    pub quick: Vec<MoneyView>,
    /// What goes back; null while something is missing.
    pub change: Option<MoneyView>,
    /// What is missing.
    pub short: Option<MoneyView>,
}

/// What changed hands for a payment in cash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CashView {
    /// What was handed over.
    pub received: MoneyView,
    /// What went back.
    pub change: MoneyView,
}

/// How far a drawer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DrawerStage {
    /// Counted at the end: the next float is to be counted.
    Counted,
    /// No float was ever counted.
    Never,
    /// The float is counted and the drawer is in use.
    Open,
}

/// A count at the end against what should be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DrawerCount {
    /// Who counted.
    pub by: String,
    /// When.
    #[ts(type = "number")]
    pub at: i64,
    /// What should be there.
    pub expected: MoneyView,
    /// What is there.
    pub counted: MoneyView,
    /// Counted less expected: negative is short.
    pub difference: MoneyView,
    /// `exact`, `over` or `short`.
    pub verdict: String,
    /// What was said about it.
    pub remark: String,
    /// The float at the beginning.
    pub float: MoneyView,
    /// Payments.
    pub taken: MoneyView,
    /// Refunds.
    pub returned: MoneyView,
    /// Put in.
    pub paid_in: MoneyView,
    /// Taken out.
    pub paid_out: MoneyView,
}

/// One time the drawer was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DrawerMoveView {
    /// Its place in the log.
    pub seq: u32,
    /// When.
    #[ts(type = "number")]
    pub at: i64,
    /// Who.
    pub by: String,
    /// `opened`, `taken`, `returned`, `paid_in`, `paid_out`, `no_sale` or `counted`.
    pub kind: String,
    /// What it put in, negative for what it took out; null where nothing moved.
    pub amount: Option<MoneyView>,
    /// Why.
    pub reason: String,
    /// The order it belongs to.
    pub order_id: Option<String>,
}

/// The drawer. What should be in it is not told before it was counted: who knows the sum does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DrawerView {
    /// How far it is.
    pub stage: DrawerStage,
    /// The float at the beginning.
    pub float: Option<MoneyView>,
    /// Who counted it.
    pub opened_by: String,
    /// When.
    #[ts(type = "number | null")]
    pub opened_at: Option<i64>,
    /// How often it was opened without a sale since.
    pub no_sales: u32,
    /// The count at the end.
    pub count: Option<DrawerCount>,
    /// The latest times it was opened, newest first.
    pub moves: Vec<DrawerMoveView>,
}

/// What is done to the drawer beside payments and refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DrawerDo {
    /// Counts it at the end; again with a reason.
    Count,
    /// Opens it without a sale, with a reason.
    NoSale,
    /// Counts the float at the beginning.
    Open,
    /// Puts money in that is no payment, with a reason.
    PayIn,
    /// Takes money out that is no refund, with a reason.
    PayOut,
}

/// Does something to the drawer.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MoveDrawer {
    /// A UUID made before the first try; a repeat does nothing new.
    pub intent_id: String,
    /// What.
    pub act: DrawerDo,
    /// How much, or what was counted, in minor units; null for an opening without a sale.
    pub amount_minor: Option<String>,
    /// Why.
    pub reason: String,
}

/// A day's cash in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CashDayView {
    /// Payments.
    pub payments: u32,
    /// Their sum.
    pub taken: MoneyView,
    /// Refunds.
    pub refunds: u32,
    /// Their sum.
    pub returned: MoneyView,
    /// Put in.
    pub paid_in: MoneyView,
    /// Taken out.
    pub paid_out: MoneyView,
    /// How often it was opened without a sale.
    pub no_sales: u32,
    /// The drawers whose float was counted on the day.
    pub drawers: Vec<CashDrawerView>,
}

/// A drawer of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CashDrawerView {
    /// The float.
    pub float: MoneyView,
    /// Who counted it.
    pub opened_by: String,
    /// What should have been there; null while it is open.
    pub expected: Option<MoneyView>,
    /// What was there.
    pub counted: Option<MoneyView>,
    /// Counted less expected.
    pub difference: Option<MoneyView>,
    /// `exact`, `over` or `short`; empty while it is open.
    pub verdict: String,
    /// Who counted it at the end.
    pub counted_by: String,
    /// What was said about it.
    pub remark: String,
}
