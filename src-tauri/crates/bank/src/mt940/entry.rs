//! Field `:61:`: value date `YYMMDD`, entry date `MMDD`, mark, third letter of the currency, amount, type, reference of
//! the account's holder, `//` reference of the bank; a second line of supplementary words.
//! `C` and `RD` bring money, `D` and `RC` take it; `E` marks what is expected.

use super::{Field, comma_amount};
use crate::{Reason, StatementFault, text::joined};
use jiff::civil::Date;
use paydesk_domain::{BankLine, Currency, Money};

/// Marks, longer ones first: whether money comes in, and whether it takes an earlier movement back.
const MARKS: [(&str, bool, bool); 6] = [
    ("RC", false, true),
    ("RD", true, true),
    ("EC", true, false),
    ("ED", false, false),
    ("C", true, false),
    ("D", false, false),
];

/// What banks write where there is no reference, or where it stands in `:86:`.
const NO_REFERENCE: [&str; 6] = ["NONREF", "EREF", "KREF", "KREF+", "MREF", "PREF"];

pub(super) fn read(field: &Field<'_>, currency: Currency) -> Result<BankLine, StatementFault> {
    let text = field.first();
    let value = value_date(text.get(..6)).ok_or_else(|| field.fault(Reason::Date))?;
    let rest = text.get(6..).unwrap_or_default();
    let (entry, rest) = match rest.split_at_checked(4) {
        Some(("    ", rest)) => (None, rest),
        Some((day, rest)) if is_digits(day) => (Some(day), rest),
        _ => (None, rest),
    };
    let booked = match entry {
        Some(day) => near(value, day).ok_or_else(|| field.fault(Reason::Date))?,
        None => value,
    };
    let mark = MARKS.iter().find(|(mark, ..)| rest.starts_with(mark));
    let Some((mark, is_credit, is_reversal)) = mark else {
        return Err(field.fault(Reason::Syntax));
    };
    let rest = rest.get(mark.len()..).unwrap_or_default();
    let rest = rest
        .strip_prefix(|letter: char| letter.is_ascii_uppercase())
        .unwrap_or(rest);
    let is_amount = |letter: char| letter.is_ascii_digit() || letter == ',';
    let end = rest.find(|letter: char| !is_amount(letter));
    let (amount, rest) = rest
        .split_at_checked(end.unwrap_or(rest.len()))
        .unwrap_or_default();
    let amount = comma_amount(field, amount, currency)?;
    let minor = if *is_credit {
        amount.minor()
    } else {
        -amount.minor()
    };
    let (code, rest) = rest
        .split_at_checked(4)
        .filter(|(code, _)| code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .ok_or_else(|| field.fault(Reason::Syntax))?;
    let (ours, banks) = rest.split_once("//").unwrap_or((rest, ""));
    let ours = ours.trim();
    let mut line = BankLine::new(field.row, booked, Money::from_minor(minor, currency));
    line.value = Some(value);
    line.is_reversal = *is_reversal;
    line.code = code.to_owned();
    if !NO_REFERENCE.contains(&ours) {
        line.our_reference = ours.to_owned();
    }
    line.bank_reference = banks.trim().to_owned();
    line.text = joined(field.lines.iter().skip(1).copied());
    Ok(line)
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parts(text: Option<&str>) -> Option<(i16, i8, i8)> {
    let text = text.filter(|text| is_digits(text))?;
    let year: i16 = text.get(..2)?.parse().ok()?;
    // These messages came up in the eighties.
    let year = if year >= 80 { 1900 + year } else { 2000 + year };
    Some((
        year,
        text.get(2..4)?.parse().ok()?,
        text.get(4..6)?.parse().ok()?,
    ))
}

/// `YYMMDD`.
pub(super) fn date(text: Option<&str>) -> Option<Date> {
    let (year, month, day) = parts(text)?;
    Date::new(year, month, day).ok()
}

/// `YYMMDD` of a value date. Interest by the German rule gives every month 30 days, so that money can count from
/// 30 February: that is its last day.
fn value_date(text: Option<&str>) -> Option<Date> {
    let (year, month, day) = parts(text)?;
    let day = if month == 2 && (29..=30).contains(&day) {
        day.min(Date::new(year, 2, 1).ok()?.days_in_month())
    } else {
        day
    };
    Date::new(year, month, day).ok()
}

/// `MMDD` in the year that puts it closest to the value date: 29 December may count from 2 January.
fn near(value: Date, day: &str) -> Option<Date> {
    let (month, day) = (day.get(..2)?.parse().ok()?, day.get(2..4)?.parse().ok()?);
    [-1, 0, 1]
        .into_iter()
        .filter_map(|years| Date::new(value.year().checked_add(years)?, month, day).ok())
        .min_by_key(|date| {
            let days = value.until(*date).map_or(i32::MAX, |span| span.get_days());
            days.unsigned_abs()
        })
}
