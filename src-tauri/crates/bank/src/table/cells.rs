//! What stands in the cells of a bank's table: days, times, currencies and directions in the ways that banks write them.

use super::template::DateOrder;
use jiff::civil::{Date, Time};
use paydesk_domain::Currency;

/// A cell without what only pads it: blanks, tabs, quotes and back-ticks, and `="…"` that keeps a number text.
pub(super) fn clean(cell: &str) -> &str {
    let pads = |letter: char| {
        letter.is_whitespace() || matches!(letter, '"' | '`' | '\'' | '\u{feff}' | '\u{200b}')
    };
    let cell = cell.trim_matches(pads);
    match cell.strip_prefix("=\"") {
        Some(text) => text.trim_matches(pads),
        None => cell,
    }
}

/// Nothing, or what banks write for nothing.
pub(super) fn said(cell: &str) -> &str {
    let cell = clean(cell);
    if cell
        .chars()
        .all(|letter| matches!(letter, '-' | '－' | '—' | '/'))
    {
        ""
    } else {
        cell
    }
}

/// A title in one spelling: narrow, small, without blanks, and without a unit in brackets.
pub(super) fn title(cell: &str) -> String {
    let mut plain = String::new();
    for letter in clean(cell).chars() {
        let narrow = match letter {
            '\u{ff01}'..='\u{ff5e}' => u32::from(letter)
                .checked_sub(0xfee0)
                .and_then(char::from_u32)
                .unwrap_or(letter),
            other => other,
        };
        if !narrow.is_whitespace() {
            plain.extend(narrow.to_lowercase());
        }
    }
    for unit in ["(元)", "(人民币)", "(cny)", "(rmb)"] {
        if let Some(bare) = plain.strip_suffix(unit) {
            plain.truncate(bare.len());
        }
    }
    plain
}

/// A day as numbers, before it is known which of them is the month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Day {
    /// Year, month and day are known.
    Known(Date),
    /// `24/03/2025`: the year stands last.
    YearLast(i8, i8, i16),
}

impl Day {
    pub(super) fn date(self, order: Option<DateOrder>) -> Option<Date> {
        match (self, order) {
            (Day::Known(date), _) => Some(date),
            (Day::YearLast(day, month, year), Some(DateOrder::DayFirst))
            | (Day::YearLast(month, day, year), Some(DateOrder::MonthFirst)) => {
                Date::new(year, month, day).ok()
            }
            (Day::YearLast(..), None) => None,
        }
    }
}

/// A day, and the time where it stands behind it: `20240101`, `2024-01-01 12:00:00`, `2024/1/1`, `2024年1月1日`,
/// `24/03/2025`.
pub(super) fn day(cell: &str) -> Option<(Day, Option<Time>)> {
    let cell = clean(cell);
    let (day, clock) = match cell.split_once([' ', 'T']) {
        Some((day, clock)) => (day, clock.trim()),
        None => (cell, ""),
    };
    let time = match clock {
        "" => None,
        clock => Some(time(clock)?),
    };
    if day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()) {
        let date = civil(day.get(..4)?, day.get(4..6)?, day.get(6..)?)?;
        return Some((Day::Known(date), time));
    }
    let day = day.trim_end_matches('日');
    let mut parts = day.split(['-', '/', '.', '年', '月']);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number = |part: &str| {
        (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if parts.next().is_some() || ![first, second, third].into_iter().all(is_number) {
        return None;
    }
    let found = match (first.len(), third.len()) {
        (4, 1 | 2) => Day::Known(civil(first, second, third)?),
        (1 | 2, 4) => Day::YearLast(
            first.parse().ok()?,
            second.parse().ok()?,
            third.parse().ok()?,
        ),
        _ => return None,
    };
    Some((found, time))
}

fn civil(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `17:57:17`, `17:57`, `175717`, with or without parts of a second.
pub(super) fn time(cell: &str) -> Option<Time> {
    let cell = clean(cell);
    let cell = cell.split_once('.').map_or(cell, |(whole, _)| whole);
    let digits = |part: &str| {
        let is_number =
            (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    };
    let (hour, minute, second) = if cell.contains(':') {
        let mut parts = cell.split(':');
        let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
        let second = parts.next().map_or(Some(0), digits)?;
        if parts.next().is_some() {
            return None;
        }
        (hour, minute, second)
    } else if cell.len() == 6 {
        (
            digits(cell.get(..2)?)?,
            digits(cell.get(2..4)?)?,
            digits(cell.get(4..)?)?,
        )
    } else {
        return None;
    };
    Time::new(hour, minute, second, 0).ok()
}

/// A currency by its code, its number, or its Chinese name.
pub(super) fn currency(cell: &str) -> Option<Currency> {
    const NAMES: [(&str, &str); 18] = [
        ("人民币", "CNY"),
        ("人民币元", "CNY"),
        ("RMB", "CNY"),
        ("156", "CNY"),
        ("01", "CNY"),
        ("美元", "USD"),
        ("港币", "HKD"),
        ("港元", "HKD"),
        ("欧元", "EUR"),
        ("日元", "JPY"),
        ("英镑", "GBP"),
        ("澳门元", "MOP"),
        ("澳门币", "MOP"),
        ("新台币", "TWD"),
        ("新加坡元", "SGD"),
        ("澳大利亚元", "AUD"),
        ("澳元", "AUD"),
        ("加拿大元", "CAD"),
    ];
    let cell = clean(cell);
    let code = NAMES.iter().find(|(name, _)| *name == cell);
    Currency::from_code(code.map_or(cell, |(_, code)| *code))
}

/// Whether money came in: 贷 and its like, or went out: 借. By the bank's books, in which an account is a debt to
/// its holder.
pub(super) fn is_credit(cell: &str) -> Option<bool> {
    const IN: [&str; 9] = [
        "贷", "收", "转入", "存入", "来账", "c", "cr", "crdt", "credit",
    ];
    const OUT: [&str; 10] = [
        "借", "支", "付", "转出", "支取", "往账", "d", "dr", "dbit", "debit",
    ];
    let word = title(cell);
    let starts = |words: &[&str]| {
        words
            .iter()
            .any(|known| word == *known || (!known.is_ascii() && word.starts_with(known)))
    };
    match (word.as_str(), starts(&IN), starts(&OUT)) {
        ("+", ..) | (_, true, false) => Some(true),
        ("-", ..) | (_, false, true) => Some(false),
        _ => None,
    }
}

/// Whether a row begins with a word for a sum.
pub(super) fn is_total(cell: &str) -> bool {
    let word = title(cell);
    ["合计", "总计", "小计", "累计", "总额", "total"]
        .iter()
        .any(|known| word.contains(known))
        && word.chars().count() <= 16
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use jiff::civil::{date, time as clock};

    #[test]
    fn days_and_times_are_read_as_banks_write_them() {
        let known = Some(Day::Known(date(2024, 1, 2)));
        for text in [
            "20240102",
            "2024-01-02",
            "2024/1/2",
            "2024.01.02",
            "2024年1月2日",
            " \"2024-01-02\t",
        ] {
            assert_eq!(day(text).map(|(day, _)| day), known, "{text}");
        }
        let (_, at) = day("2024-01-02 17:57:17").unwrap();
        assert_eq!(at, Some(clock(17, 57, 17, 0)));
        assert_eq!(day("24/03/2025"), Some((Day::YearLast(24, 3, 2025), None)));
        for text in [
            "",
            "合计",
            "2024-13-01",
            "2024-02-30",
            "20240230",
            "24-03-25",
            "1.5",
            "2024-01",
            "2024-01-02 x",
            "45292",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
        for (text, expected) in [
            ("17:57:17", Some(clock(17, 57, 17, 0))),
            ("9:05", Some(clock(9, 5, 0, 0))),
            ("123456", Some(clock(12, 34, 56, 0))),
            ("24:00:00", None),
            ("12", None),
            ("", None),
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
    }

    #[test]
    fn directions_currencies_and_totals_are_words() {
        for (cell, expected) in [
            ("贷 Cr", Some(true)),
            ("借 Dr", Some(false)),
            ("收入", Some(true)),
            ("支出", Some(false)),
            ("C", Some(true)),
            ("DBIT", Some(false)),
            ("/", None),
            ("", None),
            ("不计收支", None),
        ] {
            assert_eq!(is_credit(cell), expected, "{cell}");
        }
        assert_eq!(currency("人民币  \t").unwrap(), Currency::CNY);
        assert_eq!(currency("HKD").unwrap().code(), "HKD");
        assert_eq!(currency("贝壳"), None);
        assert!(is_total("人民币合计") && is_total("合计金额") && !is_total("2024-01-01"));
        assert_eq!(title(" 日 志 号 "), "日志号");
        assert_eq!(title("交易金额（收入）"), "交易金额(收入)");
        assert_eq!(title("金额(元)"), "金额");
        assert_eq!(said("-------"), "");
        assert_eq!(clean("=\"00123\""), "00123");
    }
}
