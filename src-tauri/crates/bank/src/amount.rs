//! Amounts as texts write them: made into the one plain decimal that `Money` reads, exactly. No float comes near.

use crate::Reason;
use paydesk_domain::{Currency, Money, MoneyError};

/// How a format writes decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// A decimal point or a decimal comma, without groups: OFX, and MT940, where the comma must be there.
    Comma,
    /// A decimal point, without groups: `xs:decimal`.
    Point,
    /// As people write it in tables: groups of three, full-width digits, a currency sign.
    Table,
}

/// More digits than any sum has, leading zeros included.
const DIGITS_MAX: usize = 40;

/// The amount in this text.
///
/// # Errors
/// `Amount`, `TooPrecise`.
pub(crate) fn read(text: &str, form: Form, currency: Currency) -> Result<Money, Reason> {
    let plain = plain(text, form).ok_or(Reason::Amount)?;
    Money::parse(&plain, currency).map_err(|error| match error {
        MoneyError::TooPrecise => Reason::TooPrecise,
        _ => Reason::Amount,
    })
}

/// `-1234.5`, as `Money::parse` wants it.
fn plain(text: &str, form: Form) -> Option<String> {
    let narrow: String;
    let mut text = text.trim();
    if form == Form::Table {
        narrow = text.chars().filter_map(narrowed).collect();
        text = narrow.trim();
    }
    let (mut negative, mut digits) = signed(text);
    if form == Form::Table {
        if let Some(inner) = digits
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
        {
            // Accountants write a negative amount in brackets.
            (negative, digits) = (!negative, inner);
        }
        if let Some(before) = digits.strip_suffix('-') {
            (negative, digits) = (!negative, before);
        }
        let (more, bare) = signed(digits.trim_start_matches(['¥', '$', '€', '£']).trim());
        (negative, digits) = (negative != more, bare);
    }
    let (whole, fraction) = match form {
        Form::Point => digits.split_once('.').unwrap_or((digits, "")),
        Form::Comma => digits.split_once([',', '.']).unwrap_or((digits, "")),
        Form::Table => digits.split_once('.').unwrap_or((digits, "")),
    };
    let whole = match form {
        Form::Table => ungrouped(whole)?,
        Form::Comma | Form::Point => whole.to_owned(),
    };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let empty = whole.is_empty() && fraction.is_empty();
    if empty || !is_number(&whole) || !is_number(fraction) || digits.len() > DIGITS_MAX {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { &whole };
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    Some(format!("{sign}{whole}.{fraction}"))
}

fn signed(text: &str) -> (bool, &str) {
    match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => (true, rest.trim_start()),
        (_, Some(rest)) => (false, rest.trim_start()),
        _ => (false, text),
    }
}

/// Without the commas between thousands, where they stand between thousands.
fn ungrouped(whole: &str) -> Option<String> {
    if !whole.contains(',') {
        return Some(whole.to_owned());
    }
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let is_grouped = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    is_grouped.then(|| whole.replace(',', ""))
}

/// Full-width digits and signs as their narrow ones; what only pads is left out.
fn narrowed(letter: char) -> Option<char> {
    match letter {
        '０'..='９' | '＋' | '－' | '．' | '，' | '（' | '）' | '￥' | '＄' => {
            let narrow = u32::from(letter)
                .checked_sub(0xfee0)
                .and_then(char::from_u32);
            match letter {
                '￥' => Some('¥'),
                _ => narrow,
            }
        }
        '−' | '–' => Some('-'),
        '\u{feff}' | '\u{200b}' | '\u{3000}' | '\u{a0}' | '\t' | ' ' | '\'' | '`' => None,
        other => Some(other),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, form: Form, expected: Result<i64, Reason>) {
        let found = read(text, form, Currency::CNY).map(Money::minor);
        assert_eq!(found, expected, "{text} as {form:?}");
    }

    #[test]
    fn each_form_reads_its_own_amounts_and_no_other() {
        check("8.850", Form::Point, Ok(885));
        check("+.5", Form::Point, Ok(50));
        check("5.", Form::Point, Ok(500));
        check("1,5", Form::Point, Err(Reason::Amount));
        check("1.005", Form::Point, Err(Reason::TooPrecise));
        check("", Form::Point, Err(Reason::Amount));
        check(".", Form::Point, Err(Reason::Amount));
        check("$120", Form::Point, Err(Reason::Amount));
        check("15000,", Form::Comma, Ok(1_500_000));
        check("000000000025,00", Form::Comma, Ok(2_500));
        check("-5.50", Form::Comma, Ok(-550));
        check("1,234,5", Form::Comma, Err(Reason::Amount));
        check("-2,600.00", Form::Table, Ok(-260_000));
        check("+10000.00", Form::Table, Ok(1_000_000));
        check("－１，２３４．５６", Form::Table, Ok(-123_456));
        check("￥0.35", Form::Table, Ok(35));
        check("-¥0.35", Form::Table, Ok(-35));
        check("¥-0.35", Form::Table, Ok(-35));
        check("(12.30)", Form::Table, Ok(-1_230));
        check("12.30-", Form::Table, Ok(-1_230));
        check("1,23", Form::Table, Err(Reason::Amount));
        check("12,34,567", Form::Table, Err(Reason::Amount));
        check("1e3", Form::Table, Err(Reason::Amount));
        check("xx,yyyy.zz", Form::Table, Err(Reason::Amount));
        check("99999999999999999999", Form::Table, Err(Reason::Amount));
    }

    proptest! {
        #[test]
        fn an_amount_written_by_money_is_read_back(minor in -i64::MAX..i64::MAX) {
            let money = Money::from_minor(minor, Currency::CNY);
            for form in [Form::Comma, Form::Point, Form::Table] {
                prop_assert_eq!(read(&money.to_decimal(), form, Currency::CNY), Ok(money));
            }
        }

        #[test]
        fn groups_and_width_change_nothing(minor in 0_i64..1_000_000_000_000) {
            let money = Money::from_minor(minor, Currency::CNY);
            let text = money.to_decimal();
            let (whole, fraction) = text.split_once('.').unwrap();
            let mut grouped = String::new();
            for (at, digit) in whole.chars().enumerate() {
                if at > 0 && (whole.len() - at) % 3 == 0 { grouped.push(','); }
                grouped.push(digit);
            }
            let text = format!("{grouped}.{fraction}");
            prop_assert_eq!(read(&text, Form::Table, Currency::CNY), Ok(money));
            let wide: String = text.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
            prop_assert_eq!(read(&wide, Form::Table, Currency::CNY), Ok(money));
        }
    }
}
