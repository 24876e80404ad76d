//! Amounts of the sandbox: whole minor units of a currency that stands beside them, checked arithmetic.
//!
//! It must never round, and never use a float.

use serde::{Deserialize, Serialize};

/// An amount in the minor unit of its currency: in fen, where nothing else is said.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Fen(i64);

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One hundred million yuan, the most that Alipay takes in one trade.
    pub(crate) const TRADE_MAX: Self = Self(10_000_000_000);

    /// An amount of whole minor units.
    #[must_use]
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The number of minor units.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum, or `None` when it does not fit.
    pub(crate) fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Reads `88`, `88.8` or `88.88` yuan; signs, blanks, exponents and third decimals are refused.
    pub(crate) fn read_yuan(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 12 || decimals.len() > 2 {
            return None;
        }
        let scale = if decimals.len() == 1 { 10 } else { 1 };
        let yuan: i64 = whole.parse().ok()?;
        let rest: i64 = decimals.parse().ok()?;
        yuan.checked_mul(100)?
            .checked_add(rest.checked_mul(scale)?)
            .map(Self)
    }

    /// `88.88`, always with two decimals.
    pub(crate) fn yuan(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_reads_back_what_it_writes() {
        for (text, fen) in [("0.01", 1), ("88.88", 8888), ("88.8", 8880), ("7", 700)] {
            assert_eq!(Fen::read_yuan(text), Some(Fen::new(fen)), "{text}");
        }
        assert_eq!(Fen::new(5).yuan(), "0.05");
        assert_eq!(Fen::new(-1234).yuan(), "-12.34");
    }

    #[test]
    fn loose_amounts_are_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1.001", "1,000", "١",
        ] {
            assert_eq!(Fen::read_yuan(text), None, "{text}");
        }
    }
}
