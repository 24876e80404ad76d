//! What channels pay out, and whether it came to the bank.

use super::MoneyView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The days of one account in a payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutPartView {
    /// The account.
    pub account_id: String,
    /// The account's name.
    pub name: String,
    /// Its channel.
    pub channel: String,
    /// The channel's days.
    pub days: Vec<String>,
}

/// One number of a payout's addition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutTermView {
    /// Both catalogues hold `payout_term_<name>`.
    pub name: String,
    /// What it adds.
    pub amount: MoneyView,
    /// Of how many lines it is.
    pub lines: u32,
}

/// One reason for a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutReason {
    /// Both catalogues hold `payout_reason_<name>`.
    pub name: String,
    /// Days or movements, where it is about some.
    pub days: u32,
}

/// A movement of the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutLine {
    /// The kept statement it stands in.
    pub statement: String,
    /// Its place there, from 0.
    pub place: u32,
    /// The line of its file.
    pub row: u32,
    /// The day it was booked.
    pub booked: String,
    /// How much.
    pub amount: MoneyView,
    /// The other side's name.
    pub counterparty: String,
    /// The bank's number of it, else its purpose.
    pub reference: String,
    /// The purpose.
    pub text: String,
}

/// A payout that came, or is still to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutView {
    /// Whose days.
    pub parts: Vec<PayoutPartView>,
    /// The addition.
    pub terms: Vec<PayoutTermView>,
    /// What it comes to.
    pub net: MoneyView,
    /// When it should come.
    pub expected_on: String,
    /// `expected`, `overdue`, `arrived` or `differs`. Both catalogues hold `payout_<arrival>`.
    pub arrival: String,
    /// Days since it was expected, where it is overdue.
    pub overdue_days: u32,
    /// The bank's day.
    pub arrived_on: Option<String>,
    /// The bank's movements: none before it came, several where it came in parts.
    pub lines: Vec<PayoutLine>,
    /// Why it is they.
    pub reasons: Vec<PayoutReason>,
    /// The bank's amount less the addition; `null` where it agrees or has not come.
    pub difference: Option<MoneyView>,
    /// A person said that it is they.
    pub decision: Option<PayoutDecisionView>,
}

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutDecisionView {
    /// Why.
    pub remark: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: i64,
}

/// Movements of which a person said that they are no payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RejectedLine {
    /// The movements.
    pub lines: Vec<PayoutLine>,
    /// What was decided.
    pub decision: PayoutDecisionView,
}

/// The days of one account that a decision is about.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DecidedDays {
    /// The account.
    pub account_id: String,
    /// The channel's days, `2026-11-20`.
    pub days: Vec<String>,
}

/// Names a movement of the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BankLineRef {
    /// The kept statement of the movement.
    pub statement: String,
    /// Its place there, as [`PayoutLine::place`] gave it.
    pub place: u32,
}

/// Says what movements of the bank are.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DecidePayout {
    /// `accepted`, `rejected` or `undone`.
    pub ruling: String,
    /// The movements, at most ten. Undoing one of a decision undoes all of it.
    pub lines: Vec<BankLineRef>,
    /// Whose days; needed where it is accepted.
    pub parts: Vec<DecidedDays>,
    /// Why; needed unless it is undone.
    pub remark: String,
}

/// Movements that may be these days, for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutCandidate {
    /// The movements: one, or the parts of one payout.
    pub lines: Vec<PayoutLine>,
    /// Whose days.
    pub parts: Vec<PayoutPartView>,
    /// What the days come to.
    pub net: MoneyView,
    /// The bank's amount less that.
    pub difference: MoneyView,
    /// What speaks for it.
    pub reasons: Vec<PayoutReason>,
}

/// Every payout of the kept days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutList {
    /// The newest first.
    pub payouts: Vec<PayoutView>,
    /// The best first.
    pub candidates: Vec<PayoutCandidate>,
    /// Movements of which a person said that they are no payouts.
    pub rejected: Vec<RejectedLine>,
    /// Movements that came in and belong to no payout.
    pub other: u32,
    /// Not every combination of days was tried.
    pub is_cut_short: bool,
    /// Days whose bill is kept.
    pub days: u32,
    /// Days whose fund-flow bill is kept beside it.
    pub flows: u32,
    /// Kept statements.
    pub statements: u32,
}

/// A day on which banks work otherwise than from Monday to Friday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BankDay {
    /// The day, `2026-10-01`.
    pub day: String,
    /// Whether banks work on it.
    pub works: bool,
}

/// The days on which banks work otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BankDayTable {
    /// In their order.
    pub days: Vec<BankDay>,
}

/// Sets the days on which banks work otherwise.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChangeBankDays {
    /// All of them, at most 1,000.
    pub days: Vec<BankDay>,
}

/// A table of bank days as a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BankDaysFile {
    /// The file, base64: a row for each day or run of days, `2026-10-01,2026-10-07,holiday`.
    pub file: String,
}
