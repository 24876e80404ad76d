//! What a bitcoin costs: whole numbers of a hundred-millionth of the currency.
//!
//! Rounding is named where it happens. It must never use a float.

use serde::{Deserialize, Serialize};

use super::unit::{self, read_decimal, write_decimal};
use crate::ledger::{Currency, Fen};

const DECIMALS: u32 = 8;
const SATS: i128 = 100_000_000;

/// The price of one bitcoin, in 10^-8 of the currency beside it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Rate(i64);

impl Rate {
    /// A bitcoin in bitcoin.
    const ONE: Self = Self(100_000_000);

    /// Reads `64392.23`; nothing, negative and too long ones are refused.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let units = read_decimal(text, DECIMALS).ok()?;
        i64::try_from(units)
            .ok()
            .filter(|units| *units > 0)
            .map(Self)
    }

    /// `64392.23`, without zeros behind the second decimal.
    pub(crate) fn write(self) -> String {
        let text = write_decimal(self.0, DECIMALS);
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let rest = rest.trim_end_matches('0');
        format!("{whole}.{rest:0<2}")
    }

    /// What a bitcoin costs at first, in the currencies that anybody asks a rate of.
    pub(super) fn usual(currency: Currency) -> Option<Self> {
        let whole: i64 = match currency.code() {
            "BTC" => return Some(Self::ONE),
            "CAD" => 90_000,
            "CHF" => 57_000,
            "CNY" => 463_000,
            "EUR" => 59_500,
            "GBP" => 51_000,
            "HKD" => 500_000,
            "JPY" => 9_900_000,
            "KRW" => 88_000_000,
            "KWD" => 19_800,
            "SGD" => 86_000,
            "USD" => return Self::read("64392.23"),
            _ => return None,
        };
        whole.checked_mul(Self::ONE.0).map(Self)
    }

    /// The satoshi that cover a price: rounded up.
    pub(crate) fn sats(self, price: Fen, currency: Currency) -> Option<i64> {
        let (asked, per) = self.fraction(price, currency)?;
        let up = asked.checked_add(per.checked_sub(1)?)?.checked_div(per)?;
        i64::try_from(up).ok()
    }

    /// The satoshi that a sum buys: rounded down.
    pub(crate) fn sats_for(self, sum: Fen, currency: Currency) -> Option<i64> {
        let (asked, per) = self.fraction(sum, currency)?;
        i64::try_from(asked.checked_div(per)?).ok()
    }

    fn fraction(self, sum: Fen, currency: Currency) -> Option<(i128, i128)> {
        let asked = i128::from(sum.get()).checked_mul(SATS)?.checked_mul(SATS)?;
        let scale = 10_i128.checked_pow(unit::decimals(currency))?;
        Some((asked, i128::from(self.0).checked_mul(scale)?))
    }

    /// What so many satoshi are worth: rounded half up.
    pub(crate) fn value(self, sats: i64, currency: Currency) -> Fen {
        let scale = 10_i128.saturating_pow(unit::decimals(currency));
        let parts = i128::from(sats)
            .saturating_mul(i128::from(self.0))
            .saturating_mul(scale);
        let per = SATS.saturating_mul(SATS);
        let worth = parts
            .saturating_mul(2)
            .saturating_add(per)
            .div_euclid(per.saturating_mul(2));
        Fen::new(i64::try_from(worth).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(code: &str) -> Currency {
        unit::known(code).expect(code)
    }

    #[test]
    fn a_price_is_covered_and_worth_itself_again() {
        for code in ["BTC", "CNY", "EUR", "JPY", "KRW", "KWD", "USD"] {
            let rate = Rate::usual(named(code)).expect(code);
            for price in [1, 7, 499, 1_999, 123_456_789] {
                let sats = rate.sats(Fen::new(price), named(code)).expect("it fits");
                // Covered, and by no more than the part of a satoshi that nobody can pay.
                let more = rate.value(sats, named(code)).get() - price;
                let least = rate.value(1, named(code)).get();
                assert!((0..=least).contains(&more), "{code} {price}: {more}");
                let least = rate
                    .sats_for(Fen::new(price), named(code))
                    .expect("it fits");
                assert!(least <= sats && sats - least <= 1);
            }
        }
        let dollars = Rate::read("64392.23").expect("a rate");
        assert_eq!(dollars.sats(Fen::new(500), named("USD")), Some(7_765));
    }

    #[test]
    fn rates_read_back_what_they_write() {
        for (text, written) in [
            ("64392.23", "64392.23"),
            ("7", "7.00"),
            ("0.123456", "0.123456"),
        ] {
            assert_eq!(Rate::read(text).map(Rate::write).as_deref(), Some(written));
        }
        for text in ["0", "-1", "1e5", "", "99999999999999"] {
            assert_eq!(Rate::read(text), None, "{text}");
        }
    }
}
