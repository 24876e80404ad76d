//! What every connector needs to read and write bytes of the outside: strict JSON, forms, channel time.
//! Knows no channel. Foreign bytes never make it panic, and nothing here turns money into a float.

pub mod archive;
pub mod bill;
pub mod codes;
pub mod form;
pub mod json;
pub mod link;
pub mod stream;
pub mod table;
pub mod time;

use paydesk_domain::{Amount, Currency, Money};

/// The largest genuine answer of a money call is a few KiB. More is not read.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How we name ourselves to the channels; WeChat Pay refuses a request without a name.
pub const USER_AGENT: &str = concat!("Paydesk/", env!("CARGO_PKG_VERSION"));

/// The longest code a channel is known to use is below this.
const CODE_CHARS_MAX: usize = 64;

/// A foreign code fit to be shown and logged: letters, digits, `.`, `_`, `-`; anything else is no code.
#[must_use]
pub fn safe_code(code: &str) -> Option<&str> {
    let fits = (1..=CODE_CHARS_MAX).contains(&code.len());
    let plain = code
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'='));
    (fits && plain).then_some(code)
}

/// The first `limit` bytes of a text, cut between characters.
#[must_use]
pub fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Whether the decimal text is exactly this amount.
#[must_use]
pub fn is_amount(text: &str, amount: Amount) -> bool {
    Money::parse(text, amount.currency()).is_ok_and(|money| money == amount.money())
}

/// A positive decimal in this currency.
#[must_use]
pub fn positive(text: &str, currency: Currency) -> Option<Amount> {
    Money::parse(text, currency)
        .ok()
        .and_then(|money| Amount::new(money).ok())
}
