//! How Stripe counts each currency: minor units, what it takes at least and at most, and its fixed fee.
//!
//! The classes are Stripe's own (protocol reference, "Currencies"), not ISO 4217's. It must never convert.

use super::answer::Refusal;
use crate::ledger::{Currency, Fen};

/// Without decimals on the wire. UGX stands here and among the special cases; here it is a special case.
const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// With three decimals, of which the last is nought.
const THREE_DECIMAL: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];
/// With two decimals on the wire, which are nought.
const WHOLE_ONLY: [&str; 2] = ["ISK", "UGX"];
/// With two decimals.
const TWO_DECIMAL: [&str; 26] = [
    "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR",
    "INR", "MOP", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
];
/// Eight digits.
const AMOUNT_MAX: i64 = 99_999_999;

fn has(codes: &[&str], currency: Currency) -> bool {
    codes.contains(&currency.code())
}

/// How many decimals the wire has.
pub(super) fn decimals(currency: Currency) -> u8 {
    if has(&ZERO_DECIMAL, currency) {
        0
    } else if has(&THREE_DECIMAL, currency) {
        3
    } else {
        2
    }
}

/// What Stripe keeps of each charge beside its share: 0.30 of a whole unit, and nothing without decimals.
pub(crate) fn fixed_fee(currency: Currency) -> i64 {
    match decimals(currency) {
        0 => 0,
        3 => 300,
        _ => 30,
    }
}

/// Reads a currency that Stripe takes.
pub(super) fn read(code: &str) -> Result<Currency, Refusal> {
    let known = Currency::read(code).filter(|currency| {
        [&ZERO_DECIMAL[..], &THREE_DECIMAL, &WHOLE_ONLY, &TWO_DECIMAL]
            .iter()
            .any(|codes| has(codes, *currency))
    });
    known.ok_or_else(|| Refusal::invalid("currency", format!("Invalid currency: {code}.")))
}

/// Checks what a payer is asked for.
pub(super) fn check_charge(currency: Currency, amount: i64) -> Result<Fen, Refusal> {
    let unit = fixed_fee(currency);
    // About half a dollar: fifty of the smallest unit, or of its hundredth where there are three decimals.
    let least = if unit == 300 { 500 } else { 50 };
    if amount < least {
        return Err(Refusal::invalid(
            "amount",
            "Amount must convert to at least 50 cents.".to_owned(),
        )
        .with_code("amount_too_small"));
    }
    if amount > AMOUNT_MAX {
        return Err(Refusal::invalid(
            "amount",
            format!("Amount must be no more than {AMOUNT_MAX}."),
        )
        .with_code("amount_too_large"));
    }
    check_form(currency, amount)?;
    Ok(Fen::new(amount))
}

/// Checks the last digits, which some currencies do not have in life.
pub(super) fn check_form(currency: Currency, amount: i64) -> Result<(), Refusal> {
    let step = if has(&THREE_DECIMAL, currency) {
        10
    } else if has(&WHOLE_ONLY, currency) {
        100
    } else {
        1
    };
    if amount % step == 0 {
        return Ok(());
    }
    let message = format!(
        "Amounts in {} must be a multiple of {step}.",
        currency.code().to_lowercase()
    );
    Err(Refusal::invalid("amount", message).with_code("parameter_invalid_integer"))
}

/// In whole units with decimals, as files write it.
pub(super) fn major(currency: Currency, amount: Fen) -> String {
    let sign = if amount < Fen::ZERO { "-" } else { "" };
    let minor = amount.get().unsigned_abs();
    match decimals(currency) {
        0 => format!("{sign}{minor}"),
        3 => format!("{sign}{}.{:03}", minor / 1000, minor % 1000),
        _ => format!("{sign}{}.{:02}", minor / 100, minor % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_counts_its_own_way() {
        let of = |code: &str| Currency::read(code).unwrap();
        for (code, amount, written) in [
            ("CNY", 12_345, "123.45"),
            ("JPY", -5_000, "-5000"),
            ("KWD", 1_230, "1.230"),
            ("ISK", 500, "5.00"),
        ] {
            assert_eq!(major(of(code), Fen::new(amount)), written);
        }
        for (code, amount, fits) in [
            ("usd", 49, false),
            ("usd", 50, true),
            ("usd", 99_999_999, true),
            ("usd", 100_000_000, false),
            ("jpy", 50, true),
            ("kwd", 1_235, false),
            ("kwd", 1_230, true),
            ("isk", 550, false),
            ("ugx", 500, true),
        ] {
            assert_eq!(
                check_charge(of(code), amount).is_ok(),
                fits,
                "{code} {amount}"
            );
        }
        assert!(read("xyz").is_err() && read("cny").is_ok());
    }
}
