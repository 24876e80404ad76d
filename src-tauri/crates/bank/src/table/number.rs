//! Numbers of a workbook as decimal text. A workbook keeps binary fractions and shows fifteen digits of them; those
//! fifteen are the number that a person meant and sees: `1234.5599999999999` is `1234.56`. All on text, no float.

use jiff::civil::{Date, Time};

/// What a spreadsheet program keeps of a number.
const DIGITS: usize = 15;
/// Longer numbers are no sums and no days.
const PLACES_MAX: i32 = 30;

/// `1.2345E3`, `-0.5`, `1234.5599999999999` as plain decimals of at most fifteen digits; `None` for anything else.
pub(super) fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = Vec::new();
    for digit in whole.bytes().chain(fraction.bytes()) {
        digits.push(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?);
    }
    if digits.is_empty() || digits.len() > 400 {
        return None;
    }
    // How many of the digits stand before the point.
    let mut places = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.drain(..zeros);
    places = places.checked_sub(i32::try_from(zeros).ok()?)?;
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    if round(&mut digits) {
        places = places.checked_add(1)?;
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    if !(-PLACES_MAX..=PLACES_MAX).contains(&places) {
        return None;
    }
    let sign = if is_negative { "-" } else { "" };
    let mut plain = String::from(sign);
    if places <= 0 {
        plain.push_str("0.");
        (places..0).for_each(|_| plain.push('0'));
    }
    let mut left = places;
    for digit in digits {
        if left == 0 && places > 0 {
            plain.push('.');
        }
        plain.push(char::from(b'0' + digit));
        left -= 1;
    }
    (0..left).for_each(|_| plain.push('0'));
    Some(plain)
}

/// Rounds to fifteen digits, half up; whether there is one digit more before the point.
fn round(digits: &mut Vec<u8>) -> bool {
    let is_up = digits.get(DIGITS).is_some_and(|digit| *digit >= 5);
    digits.truncate(DIGITS);
    if !is_up {
        return false;
    }
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return false;
        }
        *digit = 0;
    }
    digits.insert(0, 1);
    true
}

/// A number of days since the workbook's first day as `2024-01-02` or `2024-01-02 17:57:17`; below one day it is a
/// time. Days before March 1900 are counted wrong by every spreadsheet program and are refused.
pub(super) fn day(decimal: &str, is_1904: bool) -> Option<String> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let days: i64 = whole.parse().ok()?;
    let seconds = seconds(fraction)?;
    let (days, seconds) = (days + seconds / 86_400, seconds % 86_400);
    let clock = || {
        let part = |value: i64| i8::try_from(value).ok();
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()
    };
    if days == 0 && !is_1904 {
        return Some(clock()?.to_string());
    }
    if !(61..=2_958_465).contains(&days) {
        return None;
    }
    let first = if is_1904 {
        Date::constant(1904, 1, 1)
    } else {
        Date::constant(1899, 12, 30)
    };
    let span = jiff::Span::new().try_days(days).ok()?;
    let date = first.checked_add(span).ok()?;
    match seconds {
        0 => Some(date.to_string()),
        _ => Some(format!("{date} {}", clock()?)),
    }
}

/// The part of a day in seconds, rounded.
fn seconds(fraction: &str) -> Option<i64> {
    const PLACES: usize = 10;
    let mut part: i64 = 0;
    for at in 0..PLACES {
        let digit = fraction.as_bytes().get(at).copied().unwrap_or(b'0');
        part = part * 10 + i64::from(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?);
    }
    Some((part * 86_400 + 5_000_000_000) / 10_000_000_000)
}

/// The formats that every workbook has without writing them down and that show a day or a time (ECMA-376, part 1,
/// 18.8.30, with those of Chinese workbooks).
pub(super) fn is_date_format(id: u32) -> bool {
    matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58)
}

/// Whether a format that is written down shows a day or a time: one of its letters stands outside of quotes.
pub(super) fn is_date_code(code: &str) -> bool {
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => letters
                .by_ref()
                .take_while(|letter| *letter != '"')
                .for_each(drop),
            '[' => letters
                .by_ref()
                .take_while(|letter| *letter != ']')
                .for_each(drop),
            '\\' | '_' | '*' => drop(letters.next()),
            'y' | 'Y' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'm' | 'M' => return true,
            // Of several formats, the first is that of positive numbers.
            ';' => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_what_a_person_sees() {
        for (text, expected) in [
            ("1234.5599999999999", "1234.56"),
            ("0.30000000000000004", "0.3"),
            ("-1234.5", "-1234.5"),
            ("1.2345E3", "1234.5"),
            ("1E-2", "0.01"),
            ("1.5e+2", "150"),
            ("999999999999999.96", "1000000000000000"),
            ("0", "0"),
            ("-0.00", "0"),
            ("000120", "120"),
            ("100", "100"),
            ("20240102", "20240102"),
        ] {
            assert_eq!(decimal(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "-",
            "x",
            "1.2.3",
            "1e",
            "1e99",
            "1e-2147483648",
            "0.01e-2147483647",
            "1e2147483647",
            "NaN",
            "inf",
            "1,5",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_from_the_workbooks_first() {
        for (number, is_1904, expected) in [
            ("45292", false, Some("2024-01-01")),
            ("43830", true, Some("2024-01-01")),
            ("45292.75", false, Some("2024-01-01 18:00:00")),
            ("45292.7480092593", false, Some("2024-01-01 17:57:08")),
            ("45292.999999999", false, Some("2024-01-02")),
            ("0.5", false, Some("12:00:00")),
            ("61", false, Some("1900-03-01")),
            ("60", false, None),
            ("-5", false, None),
            ("99999999", false, None),
        ] {
            assert_eq!(day(number, is_1904).as_deref(), expected, "{number}");
        }
        assert!(
            is_date_code("yyyy\\-mm\\-dd") && is_date_code("[$-804]h:mm") && is_date_format(14)
        );
        assert!(
            !is_date_code("#,##0.00_);[Red]\\(#,##0.00\\)")
                && !is_date_code("\"d\"0")
                && !is_date_code("General")
        );
        assert!(!is_date_format(4));
    }

    proptest! {
        #[test]
        fn an_amount_that_a_workbook_can_hold_is_read_back(minor in -99_999_999_999_999_i64..99_999_999_999_999) {
            let size = minor.unsigned_abs();
            let sign = if minor < 0 { "-" } else { "" };
            let exact = format!("{sign}{}.{:02}", size / 100, size % 100);
            // As the program that wrote it has it: the nearest binary fraction, in as many digits as tell it apart.
            let binary: f64 = exact.parse().unwrap();
            for written in [format!("{binary}"), format!("{binary:e}"), format!("{binary:.16e}")] {
                let read = decimal(&written).unwrap();
                let cny = paydesk_domain::Currency::CNY;
                prop_assert_eq!(paydesk_domain::Money::parse(&read, cny).unwrap().minor(), minor, "{}", written);
            }
        }
    }
}
