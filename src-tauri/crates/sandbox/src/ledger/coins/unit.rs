//! How BTCPay Server counts each currency, and its amounts as text.
//!
//! Whole numbers of the smallest unit, checked; it must never round, and never use a float.

use crate::ledger::{Currency, Fen};

/// Without decimals.
const ZERO_DECIMAL: [&str; 4] = ["CLP", "JPY", "KRW", "VND"];
/// With three.
const THREE_DECIMAL: [&str; 2] = ["BHD", "KWD"];
/// With two.
const TWO_DECIMAL: [&str; 28] = [
    "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR",
    "ILS", "INR", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TRY", "TWD",
    "USD", "ZAR",
];

/// Why a text is no amount of a currency.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Misread {
    /// Signs, blanks, exponents, or no digits.
    NoNumber,
    /// Beyond 64 bits.
    TooLarge,
    /// More decimals than the currency has.
    TooPrecise,
}

/// A currency that the server knows, by its code in capitals.
pub(crate) fn known(code: &str) -> Option<Currency> {
    let is_known = code == "BTC"
        || [&ZERO_DECIMAL[..], &THREE_DECIMAL, &TWO_DECIMAL]
            .iter()
            .any(|codes| codes.contains(&code));
    Currency::read(code).filter(|_| is_known)
}

/// How many decimals it has; a satoshi is the eighth of a bitcoin.
pub(crate) fn decimals(currency: Currency) -> u32 {
    match currency.code() {
        "BTC" => 8,
        code if ZERO_DECIMAL.contains(&code) => 0,
        code if THREE_DECIMAL.contains(&code) => 3,
        _ => 2,
    }
}

/// Reads `5`, `5.0` or `5.00`, and zeros behind the last decimal.
pub(crate) fn read(currency: Currency, text: &str) -> Result<Fen, Misread> {
    let units = read_decimal(text, decimals(currency))?;
    i64::try_from(units)
        .map(Fen::new)
        .map_err(|_| Misread::TooLarge)
}

/// `5.00`, with the currency's own number of decimals.
pub(crate) fn write(currency: Currency, amount: Fen) -> String {
    write_decimal(amount.get(), decimals(currency))
}

/// The number of units of which there are 10^`decimals` in one whole.
pub(crate) fn read_decimal(text: &str, decimals: u32) -> Result<i128, Misread> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(rest) {
        return Err(Misread::NoNumber);
    }
    let rest = rest.trim_end_matches('0');
    let places = u32::try_from(rest.len()).unwrap_or(u32::MAX);
    let missing = decimals.checked_sub(places).ok_or(Misread::TooPrecise)?;
    let units: i128 = format!("{whole}{rest}")
        .parse()
        .map_err(|_| Misread::TooLarge)?;
    let scale = 10_i128.checked_pow(missing).ok_or(Misread::TooLarge)?;
    units.checked_mul(scale).ok_or(Misread::TooLarge)
}

/// The same as text, always with so many decimals.
pub(crate) fn write_decimal(units: i64, decimals: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let width = usize::try_from(decimals).unwrap_or(0);
    let digits = format!("{:0>1$}", units.unsigned_abs(), width.saturating_add(1));
    let (whole, rest) = digits.split_at(digits.len().saturating_sub(width));
    if rest.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_back_what_they_write_with_none_two_three_and_eight_decimals() {
        for (code, text, units) in [
            ("JPY", "500", 500),
            ("CNY", "5.00", 500),
            ("KWD", "1.500", 1_500),
            ("BTC", "0.00012345", 12_345),
        ] {
            let currency = known(code).expect(code);
            assert_eq!(read(currency, text), Ok(Fen::new(units)), "{code}");
            assert_eq!(write(currency, Fen::new(units)), text);
        }
        assert_eq!(write(Currency::CNY, Fen::new(-5)), "-0.05");
        assert_eq!(read(Currency::CNY, "7.5000"), Ok(Fen::new(750)));
        assert_eq!((known("cny"), known("XYZ")), (None, None));
    }

    #[test]
    fn loose_and_too_precise_amounts_are_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1,000", "１"] {
            assert_eq!(read(Currency::CNY, text), Err(Misread::NoNumber), "{text}");
        }
        assert_eq!(read(Currency::CNY, "1.001"), Err(Misread::TooPrecise));
        let yen = known("JPY").expect("yen");
        assert_eq!(read(yen, "1.5"), Err(Misread::TooPrecise));
        assert_eq!(
            read(Currency::CNY, "99999999999999999999"),
            Err(Misread::TooLarge)
        );
    }
}
