//! Digital money beside the books: sums and rates as exact decimals, what is to be paid in coins, and what came.
//!
//! The books are kept in the order's currency alone. A sum of coins has as many places as its network wants (8 on
//! Bitcoin's chain, 11 on Lightning) and is never added to money; it is kept as it was written, with the rate it was
//! turned into by and where that rate came from.

use crate::money::{Amount, Currency, Money, MoneyError};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Places kept behind the point: as many as any server that counts in decimals of 96 bits can write.
const PLACES: usize = 28;

/// A decimal of zero or more, exact. Written without zeros at its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Decimal {
    whole: u64,
    /// In units of the last of [`PLACES`] places.
    parts: u128,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Decimal = Decimal { whole: 0, parts: 0 };

    /// Reads a plain decimal, `0.00012345`: digits and at most one point, no sign, no exponent, no grouping.
    ///
    /// # Errors
    /// `NotANumber`, `TooPrecise` beyond 28 places, `Overflow` beyond 64 bits before the point.
    pub fn parse(text: &str) -> Result<Decimal, MoneyError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let dangling_point = text.contains('.') && fraction.is_empty();
        if whole.is_empty() || dangling_point || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::NotANumber);
        }
        let kept = fraction.trim_end_matches('0');
        if kept.len() > PLACES {
            return Err(MoneyError::TooPrecise);
        }
        let whole = whole.parse().map_err(|_| MoneyError::Overflow)?;
        let parts = format!("{kept:0<PLACES$}");
        let parts = parts.parse().map_err(|_| MoneyError::Overflow)?;
        Ok(Decimal { whole, parts })
    }

    /// The exact value of a sum of money that is not negative.
    #[must_use]
    pub fn of(money: Money) -> Option<Decimal> {
        Decimal::parse(&money.to_decimal()).ok()
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Decimal::ZERO
    }

    /// The sum; `None` beyond 64 bits before the point.
    #[must_use]
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        let one = 10_u128.pow(28);
        let parts = self.parts.checked_add(other.parts)?;
        let (carry, parts) = if parts >= one {
            (1, parts.checked_sub(one)?)
        } else {
            (0, parts)
        };
        let whole = self.whole.checked_add(other.whole)?.checked_add(carry)?;
        Some(Decimal { whole, parts })
    }

    /// The whole minor units that are in it: what a channel worked out to a fraction of a cent is there up to the
    /// last whole cent. `None` beyond 64 bits.
    #[must_use]
    pub fn whole_minor_units(self, currency: Currency) -> Option<Money> {
        let places = usize::from(currency.exponent());
        let text = format!("{:0PLACES$}", self.parts);
        let kept = text.get(..places)?;
        let text = if kept.is_empty() {
            self.whole.to_string()
        } else {
            format!("{}.{kept}", self.whole)
        };
        Money::parse(&text, currency).ok()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.whole)?;
        let parts = format!("{:0PLACES$}", self.parts);
        match parts.trim_end_matches('0') {
            "" => Ok(()),
            kept => write!(f, ".{kept}"),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Decimal::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// One way to pay an order in coins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CoinWay {
    /// The channel's name of it, `BTC-CHAIN`.
    pub method: String,
    /// The coin, `BTC`.
    pub coin: String,
    /// What is still to be paid, in coins: it shrinks after a part was paid.
    pub due: Decimal,
    /// Units of the order's currency for one coin, locked until the code runs out.
    pub rate: Decimal,
    /// What the payer scans: an address with the sum, or an invoice.
    pub text: String,
}

/// What a payer of coins is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CoinOffer {
    /// The ways, the shown one first.
    pub ways: Vec<CoinWay>,
    /// The channel's page with all of them.
    pub page: String,
    /// What came so far, when the payer paid only a part: whole minor units.
    pub received: Option<Amount>,
}

/// Coins that came for a payment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CoinsPaid {
    /// The channel's name of the way, `BTC-LN`.
    pub method: String,
    /// The coin, `BTC`.
    pub coin: String,
    /// How many.
    pub amount: Decimal,
    /// Units of the order's currency for one coin, as it was locked.
    pub rate: Decimal,
    /// Who said the rate.
    pub source: String,
}

/// How far a chain has confirmed a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Confirmations {
    /// How many the shop asks for.
    pub needed: u32,
    /// How many there are, where the channel says.
    pub seen: Option<u32>,
}

/// Why money that came is not plainly paid: a person decides about it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amiss {
    /// It came after the end.
    #[default]
    Late,
    /// More than was asked for.
    Over,
    /// Less than was asked for, and the rest never came.
    Short,
}

/// At which rate money paid in coins goes back.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateChoice {
    /// The sum in the order's currency, turned into coins when the payer claims it. The only choice of channels
    /// without coins.
    #[default]
    Amount,
    /// Coins worth today what was paid.
    Now,
    /// As many coins as were paid.
    Then,
}

/// How far a refund that the payer must claim has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferStage {
    /// The payer said where to, and it waits for the merchant.
    Claimed,
    /// On its way.
    Paying,
    /// The payer has not claimed it.
    Unclaimed,
    /// Nobody can claim it any more; what was claimed before goes on.
    Withdrawn,
}

/// A refund that the payer must claim, by a link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RefundOffer {
    /// The channel's number of it.
    pub id: String,
    /// What the payer opens or scans.
    pub link: String,
    /// The whole sum, as the channel keeps it.
    pub sum: Decimal,
    /// Its currency or coin.
    pub unit: String,
    /// How far it came.
    pub stage: OfferStage,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_exact_and_written_one_way() {
        for (text, written) in [
            ("0", "0"),
            ("0.00", "0"),
            ("5.00", "5"),
            ("0.00012345", "0.00012345"),
            ("64392.230", "64392.23"),
            ("007.10", "7.1"),
            (
                "1.0000000000000000000000000001",
                "1.0000000000000000000000000001",
            ),
        ] {
            let decimal = Decimal::parse(text).unwrap();
            assert_eq!(decimal.to_string(), written);
            assert_eq!(Decimal::parse(written), Ok(decimal));
        }
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,0", "1.2.3", "١"] {
            assert_eq!(Decimal::parse(bad), Err(MoneyError::NotANumber), "{bad}");
        }
        let fine = format!("0.{}1", "0".repeat(28));
        assert_eq!(Decimal::parse(&fine), Err(MoneyError::TooPrecise));
        assert_eq!(
            Decimal::parse("18446744073709551616"),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn a_fraction_of_a_cent_is_no_cent() {
        let whole = |text: &str, code: &str| {
            let currency = Currency::from_code(code).unwrap();
            let money = Decimal::parse(text).unwrap().whole_minor_units(currency);
            money.map(Money::minor)
        };
        assert_eq!(whole("4.9999999", "USD"), Some(499));
        assert_eq!(whole("5.0000562", "USD"), Some(500));
        assert_eq!(whole("812.9", "JPY"), Some(812));
        assert_eq!(whole("1.2345", "KWD"), Some(1234));
        assert_eq!(whole("18446744073709551615", "USD"), None);
    }

    proptest! {
        #[test]
        fn sums_and_order_are_those_of_integers(a in 0_u64..1 << 62, b in 0_u64..1 << 62) {
            let decimal = |n: u64| {
                let text = format!("{n:012}");
                let (whole, parts) = text.split_at(text.len() - 11);
                Decimal::parse(&format!("{whole}.{parts}")).unwrap()
            };
            prop_assert_eq!(decimal(a).cmp(&decimal(b)), a.cmp(&b));
            prop_assert_eq!(decimal(a).checked_add(decimal(b)), Some(decimal(a + b)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(read) = Decimal::parse(&text) {
                prop_assert_eq!(Decimal::parse(&read.to_string()), Ok(read));
            }
        }
    }
}
