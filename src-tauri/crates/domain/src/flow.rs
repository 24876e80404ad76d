//! What a channel's fund-flow bill says of the money it holds for the shop: what kinds of movements there are, and
//! their sums. Plain values; no rule of matching lives here.

use crate::{Currency, Money, MoneyError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a movement of the account at the channel is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowSort {
    /// A fee the channel took.
    Fee,
    /// A fee it gave back.
    FeeReturn,
    /// Anything else, such as a transfer of the merchant's own.
    Other,
    /// A payer paid.
    Payment,
    /// Sent to the merchant's bank, or returned by it.
    Payout,
    /// A payer got money back.
    Refund,
    /// Held back (negative) or released.
    Reserve,
}

impl FlowSort {
    /// Every sort, in the order of the screens.
    pub const ALL: [FlowSort; 7] = [
        FlowSort::Payment,
        FlowSort::Refund,
        FlowSort::Fee,
        FlowSort::FeeReturn,
        FlowSort::Reserve,
        FlowSort::Payout,
        FlowSort::Other,
    ];

    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FlowSort::Fee => "fee",
            FlowSort::FeeReturn => "fee_return",
            FlowSort::Other => "other",
            FlowSort::Payment => "payment",
            FlowSort::Payout => "payout",
            FlowSort::Refund => "refund",
            FlowSort::Reserve => "reserve",
        }
    }

    /// The sort of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<FlowSort> {
        FlowSort::ALL.into_iter().find(|sort| sort.name() == name)
    }

    /// Whether the trade bill tells the same movement, line by line.
    #[must_use]
    pub fn is_trade(self) -> bool {
        match self {
            FlowSort::Fee | FlowSort::FeeReturn | FlowSort::Payment | FlowSort::Refund => true,
            FlowSort::Other | FlowSort::Payout | FlowSort::Reserve => false,
        }
    }
}

/// The movements of one sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FlowSum {
    /// How many.
    pub lines: u64,
    /// Their sum, signed as the account sees it.
    pub sum: Money,
}

/// The movements of a day by their sorts, in one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FlowSums {
    currency: Currency,
    sorts: BTreeMap<FlowSort, FlowSum>,
}

impl FlowSums {
    /// No movement yet.
    #[must_use]
    pub fn none(currency: Currency) -> FlowSums {
        FlowSums {
            currency,
            sorts: BTreeMap::new(),
        }
    }

    /// One movement more.
    ///
    /// # Errors
    /// The sum left 64 bits, or two currencies meet.
    pub fn add(&mut self, sort: FlowSort, change: Money) -> Result<(), MoneyError> {
        let now = self.of(sort);
        let more = FlowSum {
            lines: now.lines.saturating_add(1),
            sum: now.sum.checked_add(change)?,
        };
        self.sorts.insert(sort, more);
        Ok(())
    }

    /// The movements of a sort.
    #[must_use]
    pub fn of(&self, sort: FlowSort) -> FlowSum {
        let none = FlowSum {
            lines: 0,
            sum: Money::zero(self.currency),
        };
        self.sorts.get(&sort).copied().unwrap_or(none)
    }

    /// What payments, refunds and fees come to: what the trade bill of the day says, too.
    ///
    /// # Errors
    /// The sum left 64 bits.
    pub fn trade(&self) -> Result<Money, MoneyError> {
        let trade = self.sorts.iter().filter(|(sort, _)| sort.is_trade());
        trade
            .map(|(_, sum)| sum.sum)
            .try_fold(Money::zero(self.currency), |all, sum| all.checked_add(sum))
    }

    /// How many movements there are.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.sorts.values().map(|sum| sum.lines).sum()
    }

    /// Its currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn sums_are_told_apart_by_sort_and_the_trade_is_what_the_trade_bill_says() {
        let money = |minor| Money::from_minor(minor, Currency::CNY);
        let mut sums = FlowSums::none(Currency::CNY);
        for (sort, minor) in [
            (FlowSort::Payment, 10_000),
            (FlowSort::Payment, 5_000),
            (FlowSort::Fee, -90),
            (FlowSort::Refund, -2_000),
            (FlowSort::FeeReturn, 12),
            (FlowSort::Reserve, -1_000),
            (FlowSort::Payout, -9_000),
        ] {
            sums.add(sort, money(minor)).unwrap();
        }
        assert_eq!(sums.of(FlowSort::Payment).lines, 2);
        assert_eq!(sums.trade().unwrap(), money(12_922));
        assert_eq!(sums.of(FlowSort::Other).sum, money(0));
        assert_eq!(sums.lines(), 7);
        let text = serde_json::to_string(&sums).unwrap();
        assert_eq!(serde_json::from_str::<FlowSums>(&text).unwrap(), sums);
    }

    #[test]
    fn every_sort_has_a_name_of_its_own() {
        for sort in FlowSort::ALL {
            assert_eq!(FlowSort::named(sort.name()), Some(sort));
        }
    }
}
