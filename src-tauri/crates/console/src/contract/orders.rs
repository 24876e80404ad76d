//! Orders, their history, refunds and receipts.

use super::{MoneyView, OfferView, PaymentView, RateView};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// The status people see; the words stand in UI.md's table of order states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StatusView {
    /// A code is shown.
    AwaitingPayment,
    /// Closed unpaid.
    Closed,
    /// Being reversed or closed.
    Ending,
    /// Not charged.
    Failed,
    /// The customer is paying.
    InProgress,
    /// Paid.
    Paid,
    /// Money came after the end.
    PaidLate,
    /// More came than was asked for; a person decides.
    PaidOver,
    /// Less came than was asked for; a person decides.
    PaidShort,
    /// Some of what is owed is paid, the rest is not.
    PartPaid,
    /// Part of it went back.
    PartRefunded,
    /// A refund failed.
    RefundFailed,
    /// All of it went back.
    Refunded,
    /// A refund is running.
    Refunding,
    /// Reversed.
    Reversed,
    /// Not confirmed.
    Unknown,
}

/// The tabs of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OrderTab {
    /// Everything.
    All,
    /// What needs a person.
    Attention,
    /// With money taken.
    Paid,
    /// With refunds.
    Refunds,
    /// Not charged, closed, reversed.
    Unpaid,
}

/// Which orders.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OrderQuery {
    /// Which tab.
    pub tab: OrderTab,
    /// Beginning or last 4+ digits of any number, an amount (`46.5`, `40-60`), words of note or name.
    pub search: String,
    /// Business days, `2026-11-21`, both included.
    pub day_from: Option<String>,
    /// Last business day.
    pub day_to: Option<String>,
    /// Only this status.
    pub status: Option<StatusView>,
    /// Only this channel.
    pub channel: Option<String>,
}

/// A page of the list.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListOrders {
    /// Which orders.
    pub query: OrderQuery,
    /// From the page before; wins over `position`.
    pub cursor: Option<String>,
    /// A jump: the position of the first row wanted, from 0.
    pub position: Option<u32>,
    /// Rows wanted, at most 200.
    pub limit: u32,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderRow {
    /// Its number.
    pub order_id: String,
    /// When it was opened.
    #[ts(type = "number")]
    pub at: i64,
    /// The channel's short name.
    pub channel: String,
    /// Whether the latest attempt was at a card reader of the shop.
    pub at_reader: bool,
    /// The status.
    pub status: StatusView,
    /// What is owed.
    pub amount: MoneyView,
    /// What came in, where that is something else.
    pub paid: Option<MoneyView>,
    /// What went back.
    pub refunded: Option<MoneyView>,
    /// The note.
    pub note: String,
    /// Who took it.
    pub operator: String,
    /// Needs a person.
    pub attention: bool,
}

/// Sums over the whole filter, not only the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderTotals {
    /// Orders, of every currency.
    pub count: u32,
    /// Each currency by itself, the shop's own first; that one is there even when it took nothing.
    pub sums: Vec<OrderSums>,
}

/// What orders of one currency come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderSums {
    /// Taken.
    pub taken: MoneyView,
    /// Gone back.
    pub refunded: MoneyView,
    /// Taken − refunded.
    pub net: MoneyView,
}

/// A page of orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderPage {
    /// The rows.
    pub rows: Vec<OrderRow>,
    /// For the next page.
    pub next_cursor: Option<String>,
}

/// What stands over the list; asked apart, so that the rows need not wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrdersOver {
    /// Sums of the filter.
    pub totals: OrderTotals,
    /// Orders per tab, search and filters aside.
    pub tab_counts: BTreeMap<String, u32>,
}

/// The till's own latest payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecentPayments {
    /// Taken today, each currency by itself, the shop's own first.
    pub today_totals: Vec<MoneyView>,
    /// Paid orders today.
    pub today_count: u32,
    /// The latest, newest first.
    pub rows: Vec<OrderRow>,
    /// What is not known yet, listed first after a start.
    pub open: Vec<OrderRow>,
}

/// Who verified a fact, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProofView {
    /// `signature`, `operator`, or `host`: by the certificate of the host that answered.
    pub by: String,
    /// Which key of the channel, who, or which host; `sandbox` for one on this machine.
    pub key: String,
    /// SHA-256 of the believed bytes, hex.
    pub digest: Option<String>,
}

/// One event of the timeline, newest first in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TimelineEvent {
    /// Its place in the log.
    pub seq: u32,
    /// When.
    #[ts(type = "number")]
    pub at: i64,
    /// What: key of the text (`event_<kind>`).
    pub kind: String,
    /// Values for the text.
    pub params: BTreeMap<String, String>,
    /// Who: a name, or `program`.
    pub actor: String,
    /// `us`, `channel_notice`, `channel_query`, `channel_reply`, `person`, `software`.
    pub source: String,
    /// Its proof.
    pub proof: Option<ProofView>,
    /// The redacted exchange, for those who want to see it.
    pub technical: Option<String>,
    /// How many of the same kind are folded into this one.
    pub repeated: u32,
}

/// Events that belong to no order.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ShopEventsOf {
    /// Those below this place in the log; the newest when not given.
    pub below: Option<u32>,
    /// How many, at most 100.
    pub limit: u32,
}

/// Events of the shop itself, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShopEvents {
    /// The events.
    pub events: Vec<TimelineEvent>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A refund's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RefundStateView {
    /// Taken in by the channel, not yet back.
    Accepted,
    /// Nothing was sent.
    Cancelled,
    /// The money is back.
    Done,
    /// Failed.
    Failed,
    /// Not enough balance at the channel; tried again by itself.
    WaitingForBalance,
    /// Not confirmed.
    Unknown,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefundView {
    /// Our number of it.
    pub refund_id: String,
    /// The order's number.
    pub order_id: String,
    /// How much.
    pub amount: MoneyView,
    /// The state.
    pub state: RefundStateView,
    /// Key of the reason.
    pub reason: String,
    /// Free words.
    pub note: String,
    /// Who asked for it.
    pub by: String,
    /// When.
    #[ts(type = "number")]
    pub at: i64,
    /// When the channel says it was done.
    #[ts(type = "number | null")]
    pub done_at: Option<i64>,
    /// Why it failed or is unknown: code of the channel or key.
    pub why: Option<String>,
    /// Key of the text that says why: what it means for a refund.
    pub why_text: Option<String>,
    /// How a failed one can go on: `by_hand`, `new_reference`, `same_reference`.
    pub again: Option<String>,
    /// A return of late money.
    pub late_return: bool,
    /// Given back in cash.
    pub in_cash: bool,
    /// What the payer claims, until the money is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub offer: Option<OfferView>,
}

/// A note on an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteView {
    /// When.
    #[ts(type = "number")]
    pub at: i64,
    /// Who.
    pub by: String,
    /// The words.
    pub text: String,
}

/// One order with everything about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderDetail {
    /// The row of the list.
    pub row: OrderRow,
    /// The latest attempt.
    pub payment: PaymentView,
    /// Our reference at the channel.
    pub reference: String,
    /// The account that took it, by its name or its number at the channel; empty: removed since.
    pub account: String,
    /// The business day.
    pub business_day: String,
    /// The payer as the channel masks it.
    pub payer: Option<String>,
    /// The device that took it.
    pub device: String,
    /// The rate that was in force.
    pub rate_millionths: Option<u32>,
    /// What may still be refunded, of all parts; null when nothing is paid.
    pub refundable: Option<MoneyView>,
    /// The refunds, oldest first.
    pub refunds: Vec<RefundView>,
    /// The notes.
    pub notes: Vec<NoteView>,
    /// The timeline, newest first.
    pub timeline: Vec<TimelineEvent>,
    /// Late money waits for a decision.
    pub late_undecided: bool,
    /// The rates at which late money can go back, where coins came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<RateView>>")]
    pub late_rates: Vec<RateView>,
    /// Receipts printed or saved so far.
    pub receipts: u32,
}

/// Adds a note.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AddNote {
    /// The order.
    pub order_id: String,
    /// The words, at most 500 characters.
    pub text: String,
}

/// What becomes of late money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LateDecision {
    /// Hand over the goods.
    Accept,
    /// Give it back.
    Return,
}

/// Decides about late money.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DecideLate {
    /// The order.
    pub order_id: String,
    /// What.
    pub decision: LateDecision,
    /// Why.
    pub reason: String,
    /// At which rate coins go back; the sum in the order's currency when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub rate: Option<RateView>,
}

/// Asks for the refund dialog.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PrepareRefund {
    /// The order.
    pub order_id: String,
    /// The reference of the part that is given back; the latest of which something is left when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reference: Option<String>,
}

/// A payment that can be given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefundPart {
    /// Our reference at the channel.
    pub reference: String,
    /// The channel's short name.
    pub channel: String,
    /// What may still be refunded of it.
    pub refundable: MoneyView,
}

/// What the refund dialog opens with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefundDialog {
    /// The refund's intent: made now, so a retry cannot refund twice.
    pub refund_intent: String,
    /// The order's number.
    pub order_id: String,
    /// The payment that is given back.
    pub reference: String,
    /// The payments of the order that can be given back; one of them is this.
    pub parts: Vec<RefundPart>,
    /// What was paid.
    pub paid: MoneyView,
    /// What went back or is on its way.
    pub refunded_or_running: MoneyView,
    /// What may still be refunded.
    pub refundable: MoneyView,
    /// Keys of the reasons.
    pub reasons: Vec<String>,
    /// Whether this channel gives the fee back; null: as the contract says.
    pub fee_returned: Option<bool>,
    /// The fee of the payment by the contract rate.
    pub fee: Option<MoneyView>,
    /// Cash: it goes back over the counter, now.
    pub in_cash: bool,
    /// The rates to choose from, where coins go back; all but the first are for the whole sum only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<RateView>>")]
    pub rates: Vec<RateView>,
}

/// Gives money back.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RequestRefund {
    /// From the dialog.
    pub refund_intent: String,
    /// The order.
    pub order_id: String,
    /// The reference of the part that is given back; the latest of which something is left when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reference: Option<String>,
    /// Minor units.
    pub amount_minor: String,
    /// ISO 4217; the order's when not given, and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
    /// Key of the reason.
    pub reason: String,
    /// Free words.
    pub note: String,
    /// Gives cash back for a payment that was none; cash always goes back in cash.
    #[serde(default)]
    pub in_cash: bool,
    /// At which rate coins go back; the sum in the order's currency when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub rate: Option<RateView>,
}

/// What to do with a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptAction {
    /// Look at it: counts no copy.
    Preview,
    /// Print it from the window.
    Print,
    /// Save it as a file.
    Save,
}

/// Asks for a receipt.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReceiptOf {
    /// The order.
    pub order_id: String,
    /// A refund's number: its receipt; null: the payment's.
    pub refund_id: Option<String>,
    /// What to do.
    pub action: ReceiptAction,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Receipt {
    /// A whole page, scripts and outside references absent.
    pub html: String,
    /// 1 is the original; above it the receipt says COPY.
    pub copy: u32,
    /// Where it was saved.
    pub saved_path: Option<String>,
}
