//! Stripe's minor units, which are not everywhere those of ISO 4217 (wire reference, section 12).

use paydesk_domain::{Amount, Currency};

/// The largest amount on the wire: eight digits.
const WIRE_MAX: i64 = 99_999_999;

/// Whole units on the wire, hundredths in ISO 4217.
const WHOLE_ON_THE_WIRE: &[&str] = &["MGA"];
/// Hundredths on the wire, whole units in ISO 4217: five krónur are 500.
const HUNDREDTHS_ON_THE_WIRE: &[&str] = &["ISK"];
/// Three decimals, of which the last is always 0.
const LAST_DIGIT_ZERO: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

/// What is charged in. UGX is left out: the channel names it in two ways that contradict each other.
pub(super) const CURRENCIES: &[&str] = &[
    "AED", "AUD", "BHD", "BIF", "BRL", "CAD", "CHF", "CLP", "CNY", "CZK", "DJF", "DKK", "EUR",
    "GBP", "GNF", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JOD", "JPY", "KMF", "KRW", "KWD",
    "MGA", "MXN", "MYR", "NOK", "NZD", "OMR", "PHP", "PLN", "PYG", "RON", "RWF", "SAR", "SEK",
    "SGD", "THB", "TND", "TRY", "TWD", "USD", "VND", "VUV", "XAF", "XOF", "XPF", "ZAR",
];

/// The amount as it is sent; none where this currency cannot be sent, or not exactly.
pub(super) fn to_wire(amount: Amount) -> Option<i64> {
    let (code, minor) = (amount.currency().code(), amount.minor());
    if !CURRENCIES.contains(&code) {
        return None;
    }
    let wire = if WHOLE_ON_THE_WIRE.contains(&code) {
        (minor % 100 == 0).then_some(minor / 100)?
    } else if HUNDREDTHS_ON_THE_WIRE.contains(&code) {
        minor.checked_mul(100)?
    } else if LAST_DIGIT_ZERO.contains(&code) {
        Some(minor).filter(|minor| minor % 10 == 0)?
    } else {
        minor
    };
    (wire <= WIRE_MAX).then_some(wire)
}

/// Whether the two texts of an answer are exactly this amount: integer and lower-case currency.
pub(super) fn is_same(wire: Option<i64>, currency: Option<&str>, amount: Amount) -> bool {
    currency == Some(code_of(amount.currency()).as_str()) && wire == to_wire(amount)
}

/// As the wire writes a currency.
pub(super) fn code_of(currency: Currency) -> String {
    currency.code().to_ascii_lowercase()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_wire_has_minor_units_of_its_own() {
        let wire = |code: &str, minor| {
            let currency = Currency::from_code(code).unwrap();
            to_wire(Amount::from_minor(minor, currency).unwrap())
        };
        for (code, minor, expected) in [
            ("USD", 1999, Some(1999)),
            ("CNY", 1, Some(1)),
            ("JPY", 500, Some(500)),
            ("KRW", 1, Some(1)),
            ("XAF", 99_999_999, Some(99_999_999)),
            ("XAF", 100_000_000, None),
            ("ISK", 5, Some(500)),
            ("ISK", 999_999, Some(99_999_900)),
            ("ISK", 1_000_000, None),
            ("MGA", 500, Some(5)),
            ("MGA", 550, None),
            ("KWD", 1230, Some(1230)),
            ("KWD", 1234, None),
            ("UGX", 500, None),
            ("IQD", 1000, None),
        ] {
            assert_eq!(wire(code, minor), expected, "{minor} {code}");
        }
    }

    #[test]
    fn every_currency_is_one_of_iso_4217_and_stands_once() {
        for pair in CURRENCIES.windows(2) {
            assert!(pair.first() < pair.last(), "{pair:?}");
        }
        for code in CURRENCIES {
            let currency = Currency::from_code(code).unwrap();
            let expected = match *code {
                code if LAST_DIGIT_ZERO.contains(&code) => 3,
                "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
                | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
                _ => 2,
            };
            assert_eq!(currency.exponent(), expected, "{code}");
        }
    }
}
