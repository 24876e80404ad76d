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
    /// Days, where it is about some.
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
    /// The bank's movement.
    pub line: Option<PayoutLine>,
    /// Why it is this movement.
    pub reasons: Vec<PayoutReason>,
    /// The bank's amount less the addition; `null` where it agrees or has not come.
    pub difference: Option<MoneyView>,
    /// A person said that it is this movement.
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

/// A movement of which a person said that it is no payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RejectedLine {
    /// The movement.
    pub line: PayoutLine,
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

/// Says what a movement of the bank is.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DecidePayout {
    /// `accepted`, `rejected` or `undone`.
    pub ruling: String,
    /// The kept statement of the movement.
    pub statement: String,
    /// Its place there, as [`PayoutLine::place`] gave it.
    pub place: u32,
    /// Whose days; needed where it is accepted.
    pub parts: Vec<DecidedDays>,
    /// Why; needed unless it is undone.
    pub remark: String,
}

/// A movement that may be these days, for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PayoutCandidate {
    /// The movement.
    pub line: PayoutLine,
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
    /// Kept statements.
    pub statements: u32,
}
