//! What a channel may keep: contract rates with their dates, and how a fee is rounded.
//! Plain values and their arithmetic; no rule of matching lives here.

use crate::{Amount, ChannelDay, FeeRate, Money};
use serde::{Deserialize, Serialize};

/// How an exact fee becomes whole minor units, line by line.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// A half and more becomes one.
    #[default]
    HalfUp,
    /// A half becomes the even neighbour.
    HalfEven,
    /// Whatever is left becomes one.
    Up,
    /// Whatever is left is dropped.
    Down,
}

impl Rounding {
    /// Every rule, in the order of the screens.
    pub const ALL: [Rounding; 4] = [
        Rounding::HalfUp,
        Rounding::HalfEven,
        Rounding::Up,
        Rounding::Down,
    ];

    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Rounding::HalfUp => "half_up",
            Rounding::HalfEven => "half_even",
            Rounding::Up => "up",
            Rounding::Down => "down",
        }
    }

    /// The rule of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Rounding> {
        Rounding::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// So much of a sum of minor units. The sum is never negative where a channel charges; of a negative one it is
    /// the negative of the same.
    #[must_use]
    pub fn share(self, minor: i64, rate: FeeRate) -> i64 {
        const WHOLE: i128 = 1_000_000;
        let exact = i128::from(minor.unsigned_abs()) * i128::from(rate.millionths());
        let (whole, rest) = (exact / WHOLE, exact % WHOLE);
        let up = match self {
            Rounding::HalfUp => rest * 2 >= WHOLE,
            Rounding::HalfEven => rest * 2 > WHOLE || (rest * 2 == WHOLE && whole % 2 == 1),
            Rounding::Up => rest > 0,
            Rounding::Down => false,
        };
        // At most the sum itself, because a rate is at most 100 %.
        let share = i64::try_from(whole + i128::from(up)).unwrap_or(i64::MAX);
        if minor < 0 { -share } else { share }
    }
}

/// One row of a contract: what the channel may keep of each payment, from one day to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ContractRate {
    /// The first day, by the channel's clock; `None` from the beginning.
    #[serde(default)]
    pub from: Option<ChannelDay>,
    /// The last day; `None` without an end.
    #[serde(default)]
    pub to: Option<ChannelDay>,
    /// The rate.
    pub rate: FeeRate,
    /// How each line's fee is rounded.
    #[serde(default)]
    pub rounding: Rounding,
    /// The least it keeps of a payment, in minor units.
    #[serde(default)]
    pub minimum: Option<i64>,
    /// The most it keeps of a payment, in minor units.
    #[serde(default)]
    pub maximum: Option<i64>,
}

impl ContractRate {
    /// A rate without dates and limits, rounded half up.
    #[must_use]
    pub fn always(rate: FeeRate) -> ContractRate {
        ContractRate {
            from: None,
            to: None,
            rate,
            rounding: Rounding::HalfUp,
            minimum: None,
            maximum: None,
        }
    }

    /// Whether it holds on this day.
    #[must_use]
    pub fn holds_on(&self, day: ChannelDay) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether a day is of both.
    #[must_use]
    pub fn meets(&self, other: &ContractRate) -> bool {
        let begins = |row: &ContractRate| row.from.unwrap_or(ChannelDay(i32::MIN));
        let ends = |row: &ContractRate| row.to.unwrap_or(ChannelDay(i32::MAX));
        begins(self) <= ends(other) && begins(other) <= ends(self)
    }

    /// The fee on `amount`: never more than the amount.
    #[must_use]
    pub fn fee_on(&self, amount: Amount) -> Money {
        let share = self.rounding.share(amount.minor(), self.rate);
        let share = self.minimum.map_or(share, |least| share.max(least));
        let share = self.maximum.map_or(share, |most| share.min(most));
        Money::from_minor(share.clamp(0, amount.minor()), amount.currency())
    }
}

/// The rows of a contract, no two of one day.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<ContractRate>", into = "Vec<ContractRate>")]
pub struct RateTable(Vec<ContractRate>);

/// Why rows make no contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RateFault {
    /// A row ends before it begins.
    #[error("a row of the contract ends before it begins")]
    EndsBeforeItBegins,
    /// Two rows hold on one day.
    #[error("two rows of the contract hold on one day")]
    Overlap,
    /// The least is more than the most, or one of them is negative.
    #[error("the limits of a row of the contract exclude each other")]
    Limits,
}

impl RateTable {
    /// From rows, in the order of their days.
    ///
    /// # Errors
    /// `RateFault`.
    pub fn new(mut rows: Vec<ContractRate>) -> Result<RateTable, RateFault> {
        for row in &rows {
            if row.from.zip(row.to).is_some_and(|(from, to)| to < from) {
                return Err(RateFault::EndsBeforeItBegins);
            }
            let limits = [row.minimum, row.maximum];
            let crossed = row.minimum.zip(row.maximum).is_some_and(|(a, b)| a > b);
            if crossed || limits.into_iter().flatten().any(|limit| limit < 0) {
                return Err(RateFault::Limits);
            }
        }
        rows.sort_by_key(|row| row.from);
        let overlaps = rows
            .iter()
            .zip(rows.iter().skip(1))
            .any(|(a, b)| a.meets(b));
        if overlaps {
            return Err(RateFault::Overlap);
        }
        Ok(RateTable(rows))
    }

    /// One rate for ever.
    #[must_use]
    pub fn always(rate: FeeRate) -> RateTable {
        RateTable(vec![ContractRate::always(rate)])
    }

    /// The row of a day; `None` where the contract says nothing.
    #[must_use]
    pub fn on(&self, day: ChannelDay) -> Option<ContractRate> {
        self.0.iter().find(|row| row.holds_on(day)).copied()
    }

    /// Its rows in the order of their days.
    #[must_use]
    pub fn rows(&self) -> &[ContractRate] {
        &self.0
    }

    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<ContractRate>> for RateTable {
    type Error = RateFault;
    fn try_from(rows: Vec<ContractRate>) -> Result<RateTable, RateFault> {
        RateTable::new(rows)
    }
}

impl From<RateTable> for Vec<ContractRate> {
    fn from(table: RateTable) -> Vec<ContractRate> {
        table.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::Currency;
    use proptest::prelude::*;

    fn rate(millionths: u32) -> FeeRate {
        FeeRate::from_millionths(millionths).unwrap()
    }

    fn row(from: Option<i32>, to: Option<i32>, millionths: u32) -> ContractRate {
        ContractRate {
            from: from.map(ChannelDay),
            to: to.map(ChannelDay),
            ..ContractRate::always(rate(millionths))
        }
    }

    #[test]
    fn each_rule_rounds_its_own_way() {
        // 0.6 % of 2.50 is 0.015, of 7.50 is 0.045, of 46.51 is 0.27906.
        for (minor, expected) in [
            (250, [2, 2, 2, 1]),
            (750, [5, 4, 5, 4]),
            (4_651, [28, 28, 28, 27]),
        ] {
            let found = Rounding::ALL.map(|rule| rule.share(minor, rate(6_000)));
            assert_eq!(found, expected, "{minor}");
        }
    }

    #[test]
    fn a_day_has_the_rate_of_its_row() {
        let table = RateTable::new(vec![
            row(Some(20_260_701), None, 3_800),
            row(None, Some(20_260_630), 6_000),
        ])
        .unwrap();
        let on = |day| table.on(ChannelDay(day)).map(|row| row.rate.millionths());
        assert_eq!(on(20_260_630), Some(6_000));
        assert_eq!(on(20_260_701), Some(3_800));
        let gap = RateTable::new(vec![row(None, Some(20_260_101), 1)]).unwrap();
        assert_eq!(gap.on(ChannelDay(20_260_102)), None);
    }

    #[test]
    fn rows_that_contradict_each_other_are_no_contract() {
        let overlap = vec![
            row(None, Some(20_260_630), 1),
            row(Some(20_260_630), None, 2),
        ];
        assert_eq!(RateTable::new(overlap), Err(RateFault::Overlap));
        let backwards = vec![row(Some(20_260_702), Some(20_260_701), 1)];
        assert_eq!(
            RateTable::new(backwards),
            Err(RateFault::EndsBeforeItBegins)
        );
        let limits = ContractRate {
            minimum: Some(5),
            maximum: Some(4),
            ..row(None, None, 1)
        };
        assert_eq!(RateTable::new(vec![limits]), Err(RateFault::Limits));
    }

    #[test]
    fn a_fee_keeps_to_its_limits_and_to_the_amount() {
        let limited = ContractRate {
            minimum: Some(10),
            maximum: Some(100),
            ..row(None, None, 6_000)
        };
        let fee = |minor| {
            limited
                .fee_on(Amount::from_minor(minor, Currency::CNY).unwrap())
                .minor()
        };
        assert_eq!(
            (fee(5), fee(100), fee(5_000), fee(1_000_000)),
            (5, 10, 30, 100)
        );
    }

    proptest! {
        #[test]
        fn half_up_is_the_rate_as_it_always_was(minor in 1_i64..i64::MAX, millionths in 0_u32..=1_000_000) {
            let amount = Amount::from_minor(minor, Currency::CNY).unwrap();
            let rate = rate(millionths);
            prop_assert_eq!(ContractRate::always(rate).fee_on(amount), rate.fee_on(amount));
        }
    }
}
