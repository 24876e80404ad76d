//! Money over ISO 4217: integers in minor units with a currency, checked arithmetic.
//! Never a float, never a sum of two currencies, never a silent rounding.

use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU64};

/// A currency of ISO 4217 that has a minor-unit exponent (0 to 4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Renminbi, the currency of Alipay and WeChat Pay inside China.
    pub const CNY: Currency = Currency(iso_currency::Currency::CNY);

    /// The currency with this alphabetic code, if ISO 4217 lists it with an exponent.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Currency> {
        let found = iso_currency::Currency::from_code(code)?;
        found.exponent().filter(|exponent| *exponent <= 4)?;
        Some(Currency(found))
    }

    /// The alphabetic code, `CNY`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal digits the minor unit has: 2 for CNY, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn exponent(self) -> u8 {
        // Every constructor checked that the exponent exists and is at most 4.
        self.0
            .exponent()
            .and_then(|e| u8::try_from(e).ok())
            .unwrap_or(0)
    }

    /// Minor units in one major unit, 100 for CNY.
    fn scale(self) -> i64 {
        10_i64.pow(u32::from(self.exponent()))
    }

    /// Every currency that has an exponent, for property tests and pickers.
    pub fn all() -> impl Iterator<Item = Currency> {
        use iso_currency::IntoEnumIterator;
        iso_currency::Currency::iter().filter_map(|c| Currency::from_code(c.code()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Currency::from_code(&code)
            .ok_or_else(|| serde::de::Error::custom(format!("{code} is not an ISO 4217 currency")))
    }
}

/// Why an amount of money could not be made or computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Two currencies met in one sum.
    #[error("{left} and {right} cannot be added")]
    CurrencyMismatch {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// Zero or negative where only a positive amount makes sense.
    #[error("an amount must be greater than zero")]
    NotPositive,
    /// Larger than 64 bits hold.
    #[error("the amount is too large")]
    Overflow,
    /// More decimals than the currency has.
    #[error("more decimals than the currency has")]
    TooPrecise,
}

/// A signed sum of one currency, for balances and differences.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// The number of minor units: fen for CNY.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Sum of the same currency.
    ///
    /// # Errors
    /// `CurrencyMismatch` or `Overflow`.
    pub fn checked_add(self, rhs: Money) -> Result<Money, MoneyError> {
        self.same_currency(rhs)?;
        let minor = self
            .minor
            .checked_add(rhs.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// Difference of the same currency.
    ///
    /// # Errors
    /// `CurrencyMismatch` or `Overflow`.
    pub fn checked_sub(self, rhs: Money) -> Result<Money, MoneyError> {
        self.same_currency(rhs)?;
        let minor = self
            .minor
            .checked_sub(rhs.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// Reads a plain decimal, `-12.34`, exactly: no sign but `-`, no grouping, no exponent.
    ///
    /// # Errors
    /// `NotANumber`, `TooPrecise` or `Overflow`.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let dangling_point = digits.contains('.') && fraction.is_empty();
        if whole.is_empty() || dangling_point || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::NotANumber);
        }
        let exponent = usize::from(currency.exponent());
        if fraction.len() > exponent && fraction.bytes().skip(exponent).any(|b| b != b'0') {
            return Err(MoneyError::TooPrecise);
        }
        let kept: String = fraction
            .chars()
            .chain(std::iter::repeat('0'))
            .take(exponent)
            .collect();
        let whole: i64 = whole.parse().map_err(|_| MoneyError::Overflow)?;
        let fraction: i64 = if kept.is_empty() {
            0
        } else {
            kept.parse().map_err(|_| MoneyError::Overflow)?
        };
        let minor = whole
            .checked_mul(currency.scale())
            .and_then(|m| m.checked_add(fraction))
            .ok_or(MoneyError::Overflow)?;
        Ok(Money {
            minor: if negative { -minor } else { minor },
            currency,
        })
    }

    /// The plain decimal the channels want, `46.50`; the inverse of [`Money::parse`].
    #[must_use]
    pub fn to_decimal(self) -> String {
        let exponent = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let magnitude = self.minor.unsigned_abs();
        if exponent == 0 {
            return format!("{sign}{magnitude}");
        }
        let scale = self.currency.scale().unsigned_abs();
        format!(
            "{sign}{}.{:0width$}",
            magnitude / scale,
            magnitude % scale,
            width = exponent
        )
    }

    /// Splits by `weights` so that the parts sum back exactly; the remainder goes to the first parts.
    ///
    /// # Errors
    /// `NotPositive` when the weights are empty or all zero, `Overflow` beyond 64 bits.
    pub fn allocate(self, weights: &[u32]) -> Result<Vec<Money>, MoneyError> {
        let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
        if total == 0 {
            return Err(MoneyError::NotPositive);
        }
        let minor = i128::from(self.minor);
        let mut parts = Vec::with_capacity(weights.len());
        let mut given: i128 = 0;
        for weight in weights {
            let part = minor * i128::from(*weight) / total;
            given += part;
            parts.push(part);
        }
        let mut left = minor - given;
        let step = left.signum();
        for (part, weight) in parts.iter_mut().zip(weights) {
            if left != 0 && *weight > 0 {
                *part += step;
                left -= step;
            }
        }
        parts
            .into_iter()
            .map(|part| {
                let minor = i64::try_from(part).map_err(|_| MoneyError::Overflow)?;
                Ok(Money { minor, ..self })
            })
            .collect()
    }

    fn same_currency(self, rhs: Money) -> Result<(), MoneyError> {
        if self.currency == rhs.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch {
            left: self.currency,
            right: rhs.currency,
        })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

/// What may be charged or refunded: never zero, never negative, never above `i64::MAX` minor units.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Amount {
    minor: NonZeroU64,
    currency: Currency,
}

impl Amount {
    /// A positive sum of money as an amount.
    ///
    /// # Errors
    /// `NotPositive` for zero and below.
    pub fn new(money: Money) -> Result<Amount, MoneyError> {
        let minor = u64::try_from(money.minor).ok().and_then(NonZeroU64::new);
        let minor = minor.ok_or(MoneyError::NotPositive)?;
        Ok(Amount {
            minor,
            currency: money.currency,
        })
    }

    /// `minor` units of `currency` as an amount.
    ///
    /// # Errors
    /// `NotPositive` for zero and below.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Amount, MoneyError> {
        Amount::new(Money::from_minor(minor, currency))
    }

    /// The amount as a signed sum.
    #[must_use]
    pub fn money(self) -> Money {
        // Made from an `i64` only, so it always fits.
        let minor = i64::try_from(self.minor.get()).unwrap_or(i64::MAX);
        Money {
            minor,
            currency: self.currency,
        }
    }

    /// The number of minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.money().minor
    }

    /// The currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.money().fmt(f)
    }
}

/// How money looks in JSON: minor units as a string, because JavaScript numbers end at 2^53.
#[derive(Serialize, Deserialize)]
struct MoneyText {
    minor: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MoneyText {
            minor: self.minor.to_string(),
            currency: self.currency,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = MoneyText::deserialize(deserializer)?;
        let minor = text.minor.parse().map_err(serde::de::Error::custom)?;
        Ok(Money {
            minor,
            currency: text.currency,
        })
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.money().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Amount::new(Money::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A contract rate in millionths: 3 800 is 0.38 %.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeeRate {
    millionths: u32,
}

impl FeeRate {
    /// A rate; at most 100 %.
    #[must_use]
    pub fn from_millionths(millionths: u32) -> Option<FeeRate> {
        (millionths <= 1_000_000).then_some(FeeRate { millionths })
    }

    /// The rate in millionths.
    #[must_use]
    pub fn millionths(self) -> u32 {
        self.millionths
    }

    /// The fee on `amount`, rounded half up to the minor unit.
    #[must_use]
    pub fn fee_on(self, amount: Amount) -> Money {
        let exact = i128::from(amount.minor()) * i128::from(self.millionths);
        // At most the amount itself, because a rate is at most 100 %.
        let minor = i64::try_from((exact + 500_000) / 1_000_000).unwrap_or(amount.minor());
        Money {
            minor,
            currency: amount.currency,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, code: &str, expected: Result<i64, MoneyError>) {
        let currency = Currency::from_code(code).unwrap();
        assert_eq!(
            Money::parse(text, currency).map(Money::minor),
            expected,
            "{text} {code}"
        );
    }

    #[test]
    fn decimals_are_read_exactly() {
        check("46.50", "CNY", Ok(4650));
        check("46.5", "CNY", Ok(4650));
        check("46.500", "CNY", Ok(4650));
        check("46.505", "CNY", Err(MoneyError::TooPrecise));
        check("46", "JPY", Ok(46));
        check("46.1", "JPY", Err(MoneyError::TooPrecise));
        check("1.234", "KWD", Ok(1234));
        check("1.2345", "CLF", Ok(12345));
        check("-0.01", "CNY", Ok(-1));
        for bad in [
            "", "-", ".", "1.", ".5", "1,000", "1e3", "+1", " 1", "１", "--1", "1.-1", "NaN",
        ] {
            check(bad, "CNY", Err(MoneyError::NotANumber));
        }
        check("92233720368547758.08", "CNY", Err(MoneyError::Overflow));
        check("99999999999999999999", "CNY", Err(MoneyError::Overflow));
    }

    #[test]
    fn every_exponent_of_iso_4217_occurs() {
        let mut seen = [0_u32; 5];
        for currency in Currency::all() {
            seen[usize::from(currency.exponent())] += 1;
        }
        assert!(
            seen[0] > 0 && seen[2] > 100 && seen[3] > 0 && seen[4] > 0,
            "{seen:?}"
        );
        assert!(
            Currency::from_code("XAU").is_none(),
            "gold has no minor unit"
        );
        assert!(Currency::from_code("cny").is_none(), "codes are upper case");
    }

    #[test]
    fn an_amount_is_never_zero_or_negative() {
        assert_eq!(
            Amount::from_minor(0, Currency::CNY),
            Err(MoneyError::NotPositive)
        );
        assert_eq!(
            Amount::from_minor(-1, Currency::CNY),
            Err(MoneyError::NotPositive)
        );
        assert!(serde_json::from_str::<Amount>(r#"{"minor":"0","currency":"CNY"}"#).is_err());
    }

    #[test]
    fn fees_round_half_up() {
        let rate = FeeRate::from_millionths(3_800).unwrap();
        let fee = |minor| {
            rate.fee_on(Amount::from_minor(minor, Currency::CNY).unwrap())
                .minor()
        };
        assert_eq!(
            (fee(4650), fee(1), fee(20_000), fee(131), fee(132)),
            (18, 0, 76, 0, 1)
        );
        assert!(FeeRate::from_millionths(1_000_001).is_none());
        let whole = FeeRate::from_millionths(1_000_000).unwrap();
        let most = Amount::from_minor(i64::MAX, Currency::CNY).unwrap();
        assert_eq!(whole.fee_on(most).minor(), i64::MAX);
    }

    proptest! {
        #[test]
        fn decimal_and_json_round_trip_in_every_currency(minor in any::<i64>(), pick in 0_usize..1000) {
            let all: Vec<_> = Currency::all().collect();
            let money = Money::from_minor(minor, all[pick % all.len()]);
            if minor != i64::MIN {
                prop_assert_eq!(Money::parse(&money.to_decimal(), money.currency()), Ok(money));
            }
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn allocation_sums_back_exactly(minor in any::<i64>(), weights in prop::collection::vec(0_u32..1000, 1..20)) {
            prop_assume!(weights.iter().any(|w| *w > 0));
            let money = Money::from_minor(minor, Currency::CNY);
            let parts = money.allocate(&weights).unwrap();
            let sum: i128 = parts.iter().map(|p| i128::from(p.minor())).sum();
            prop_assert_eq!(sum, i128::from(minor));
        }

        #[test]
        fn refund_arithmetic_never_wraps(paid in 1_i64.., back in 1_i64..) {
            let left = Money::from_minor(paid, Currency::CNY).checked_sub(Money::from_minor(back, Currency::CNY)).unwrap();
            prop_assert_eq!(left.checked_add(Money::from_minor(back, Currency::CNY)).unwrap().minor(), paid);
        }
    }
}
