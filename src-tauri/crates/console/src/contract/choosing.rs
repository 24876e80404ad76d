//! Which channel is suggested for an amount, and why.

use super::MoneyView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for the suggestion.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChoiceOf {
    /// Minor units.
    pub amount_minor: String,
    /// ISO 4217; the shop's own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
}

/// Why a channel cannot be used for the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AgainstView {
    /// The clock of this PC is too far off for it.
    ClockWrong,
    /// No account of it charges.
    NotConnected,
    /// Its keys cannot be used now.
    NoKeys,
    /// It has no code to show.
    NoShownCode,
    /// It does not take the currency.
    OtherCurrency,
    /// The amount is more than it takes.
    TooLarge,
    /// The amount is less than it takes.
    TooSmall,
}

/// How a channel did at the last contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DoingView {
    /// Nothing is known to be wrong.
    Well,
    /// The last contact brought no answer that proved itself.
    Badly,
    /// No connection could be opened.
    Unreachable,
}

/// The rule by which the suggestion stands before the next channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BecauseView {
    /// It costs less by contract.
    Cheaper,
    /// It was paid sooner before.
    Faster,
    /// The other one answers badly or not at all.
    Healthier,
    /// Nothing speaks for one of them: the order of names.
    Named,
    /// No other can be used.
    Only,
}

/// A channel and what speaks for or against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ContenderView {
    /// Its short name.
    pub channel: String,
    /// Why it cannot be used; null: it can.
    pub against: Option<AgainstView>,
    /// The limit that the amount is beyond; null for other reasons.
    pub limit: Option<MoneyView>,
    /// How it is doing.
    pub doing: DoingView,
    /// What it would keep by contract; null where the contract says nothing.
    pub fee: Option<MoneyView>,
    /// The median time from a shown code to its payment, milliseconds; null when too few were paid.
    #[ts(type = "number | null")]
    pub median_ms: Option<u64>,
    /// Over how many payments.
    pub measured: u32,
}

/// The channels for an amount, the best first; those that cannot be used stand last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChoiceView {
    /// Every channel.
    pub contenders: Vec<ContenderView>,
    /// Why the first one is suggested; null when none can be used.
    pub because: Option<BecauseView>,
}
