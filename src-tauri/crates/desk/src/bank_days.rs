//! Days on which banks work otherwise than from Monday to Friday: a table that a person keeps or imports. None is built
//! in: holidays are set year by year, and a wrong one would call money overdue that is not.

use jiff::civil::Date;
use paydesk_recon::payouts::BankCalendar;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Days in a table: ten years of holidays.
pub const BANK_DAYS_MAX: usize = 1_000;

/// Days of one row, from the first to the last.
const ROW_DAYS_MAX: usize = 62;

/// Holidays and working days, each a date of the bank's country.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct BankDays {
    /// Days on which banks do not work.
    pub holidays: BTreeSet<Date>,
    /// Days of a weekend on which they do.
    pub workdays: BTreeSet<Date>,
}

/// As it stands in the settings: days as `2026-10-01`.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default)]
    holidays: Vec<String>,
    #[serde(default)]
    workdays: Vec<String>,
}

impl From<BankDays> for Written {
    fn from(days: BankDays) -> Written {
        let texts = |days: BTreeSet<Date>| days.iter().map(Date::to_string).collect();
        Written {
            holidays: texts(days.holidays),
            workdays: texts(days.workdays),
        }
    }
}

impl TryFrom<Written> for BankDays {
    type Error = BankDaysFault;
    fn try_from(written: Written) -> Result<BankDays, BankDaysFault> {
        let days = |texts: Vec<String>| {
            let read = (1..).zip(&texts).map(|(row, text)| {
                let day = text.parse::<Date>();
                day.map_err(|_| BankDaysFault::Row(row))
            });
            read.collect::<Result<BTreeSet<Date>, BankDaysFault>>()
        };
        BankDays::new(days(written.holidays)?, days(written.workdays)?)
    }
}

/// Why a table of bank days cannot be used. Nothing of it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BankDaysFault {
    /// Too many days.
    #[error("more than {BANK_DAYS_MAX} days")]
    TooMany,
    /// A row that says nothing a table of bank days says.
    #[error("row {0} names no day and kind")]
    Row(u64),
    /// A day that is a holiday and a working day.
    #[error("{0} is a holiday and a working day")]
    Both(Date),
}

impl BankDays {
    /// A table of these days.
    ///
    /// # Errors
    /// `TooMany`, `Both`.
    pub fn new(holidays: BTreeSet<Date>, workdays: BTreeSet<Date>) -> Result<Self, BankDaysFault> {
        if let Some(both) = holidays.intersection(&workdays).next() {
            return Err(BankDaysFault::Both(*both));
        }
        if holidays.len().saturating_add(workdays.len()) > BANK_DAYS_MAX {
            return Err(BankDaysFault::TooMany);
        }
        Ok(BankDays { holidays, workdays })
    }

    /// Reads a table: a row for each day or each run of days, `2026-10-01,holiday` or
    /// `2026-10-01,2026-10-07,holiday`. The kind is `holiday`, `休`, `放假`, or `workday`, `班`, `上班`, `补班`. A first row of
    /// titles, empty rows and rows behind `#` say nothing.
    ///
    /// # Errors
    /// `Row` with its number; `TooMany`, `Both`.
    pub fn read(text: &str) -> Result<BankDays, BankDaysFault> {
        let (mut holidays, mut workdays) = (BTreeSet::new(), BTreeSet::new());
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, row) in (1_u64..).zip(text.lines()) {
            let row = row.trim();
            if row.is_empty() || row.starts_with('#') {
                continue;
            }
            let cells: Vec<&str> = row
                .split([',', ';', '\t', '，'])
                .map(|cell| cell.trim().trim_matches('"'))
                .filter(|cell| !cell.is_empty())
                .collect();
            let Some((first, last, works)) = read_row(&cells) else {
                // Titles: no cell of them is a day.
                if number == 1 && cells.iter().all(|cell| read_date(cell).is_none()) {
                    continue;
                }
                return Err(BankDaysFault::Row(number));
            };
            let days: Vec<Date> = first
                .series(jiff::Span::new().days(1))
                .take_while(|day| *day <= last)
                .take(ROW_DAYS_MAX + 1)
                .collect();
            if days.is_empty() || days.len() > ROW_DAYS_MAX {
                return Err(BankDaysFault::Row(number));
            }
            let of_kind = if works { &mut workdays } else { &mut holidays };
            of_kind.extend(days);
            if holidays.len().saturating_add(workdays.len()) > BANK_DAYS_MAX {
                return Err(BankDaysFault::TooMany);
            }
        }
        BankDays::new(holidays, workdays)
    }

    /// The calendar that payouts are expected by.
    #[must_use]
    pub fn calendar(&self) -> BankCalendar {
        BankCalendar {
            holidays: self.holidays.clone(),
            workdays: self.workdays.clone(),
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.holidays.is_empty() && self.workdays.is_empty()
    }
}

fn read_row(cells: &[&str]) -> Option<(Date, Date, bool)> {
    let (first, rest) = cells.split_first()?;
    let first = read_date(first)?;
    let (last, kind) = match rest {
        [kind] => (first, kind),
        [last, kind] | [last, kind, _] if read_date(last).is_some() => (read_date(last)?, kind),
        // A name of the holiday may stand behind.
        [kind, _] => (first, kind),
        _ => return None,
    };
    let works = match kind.to_lowercase().as_str() {
        "holiday" | "休" | "放假" | "休息" => false,
        "workday" | "班" | "上班" | "补班" => true,
        _ => return None,
    };
    Some((first, last, works))
}

/// `2026-10-01`, `2026/10/1`, `20261001` or `2026年10月1日`.
fn read_date(cell: &str) -> Option<Date> {
    if cell.len() == 8 && cell.bytes().all(|byte| byte.is_ascii_digit()) {
        return paydesk_domain::ChannelDay(cell.parse().ok()?).date();
    }
    let mut parts = cell.trim_end_matches('日').split(['-', '/', '年', '月']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_table_is_read_as_people_write_it() {
        let text = "\u{feff}日期,类型\n2026-10-01,2026-10-03,休,国庆节\n2026/10/4,holiday\n\n# 调休\n20261010;补班\n2026年10月11日\t班\r\n";
        let days = BankDays::read(text).unwrap();
        assert_eq!(days.holidays.len(), 4);
        assert!(days.holidays.contains(&date(2026, 10, 3)));
        let worked: Vec<Date> = days.workdays.iter().copied().collect();
        assert_eq!(worked, [date(2026, 10, 10), date(2026, 10, 11)]);
        assert!(!days.calendar().works_on(date(2026, 10, 1)));
        assert!(days.calendar().works_on(date(2026, 10, 10)));
    }

    #[test]
    fn a_row_that_is_no_bank_day_is_named() {
        for (text, fault) in [
            ("日期,类型\n2026-13-01,休", BankDaysFault::Row(2)),
            ("2026-10-01,maybe", BankDaysFault::Row(1)),
            ("2026-10-07,2026-10-01,休", BankDaysFault::Row(1)),
            ("2026-01-01,2026-12-31,休", BankDaysFault::Row(1)),
            (
                "2026-10-01,休\n2026-10-01,班",
                BankDaysFault::Both(date(2026, 10, 1)),
            ),
        ] {
            assert_eq!(BankDays::read(text), Err(fault), "{text}");
        }
        let many: String = (0..1_001)
            .map(|n| {
                let day = date(2026, 1, 1).checked_add(jiff::Span::new().days(n));
                format!("{},休\n", day.unwrap())
            })
            .collect();
        assert_eq!(BankDays::read(&many), Err(BankDaysFault::TooMany));
    }
}
