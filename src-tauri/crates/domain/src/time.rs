//! Points in time and the shop's business day.
//! Nothing here reads a clock or a file: the time zone and "now" are handed in.

use jiff::{Span, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// A moment in UTC, in milliseconds since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `wait` later.
    #[must_use]
    pub fn plus(self, wait: Duration) -> Timestamp {
        Timestamp(
            self.0
                .saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero when it is not.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The same moment as `jiff` knows it; saturates far outside any shop's life.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

/// The day a fact belongs to in the shop's books, as the number `yyyymmdd`.
/// It is computed once, when the fact happens, and stored (INV24).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BusinessDay(pub i32);

impl BusinessDay {
    /// From a calendar date.
    #[must_use]
    pub fn from_date(date: jiff::civil::Date) -> BusinessDay {
        let (year, month, day) = (
            i32::from(date.year()),
            i32::from(date.month()),
            i32::from(date.day()),
        );
        BusinessDay(year * 10_000 + month * 100 + day)
    }

    /// The six digits that stand in an order number, `yymmdd`.
    #[must_use]
    pub fn short(self) -> String {
        format!("{:06}", self.0.rem_euclid(1_000_000))
    }
}

impl fmt::Display for BusinessDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.0 / 10_000,
            self.0 / 100 % 100,
            self.0 % 100
        )
    }
}

/// The shop's zone and the hour at which its day ends.
#[derive(Clone, Debug)]
pub struct ShopCalendar {
    zone: TimeZone,
    cutoff_hour: u8,
}

impl ShopCalendar {
    /// A calendar; the cut-off is an hour of the day, 0 to 23.
    #[must_use]
    pub fn new(zone: TimeZone, cutoff_hour: u8) -> Option<ShopCalendar> {
        (cutoff_hour < 24).then_some(ShopCalendar { zone, cutoff_hour })
    }

    /// The business day of a moment: with the cut-off at 04:00, half past three belongs to the day before.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> BusinessDay {
        let civil = at.to_jiff().to_zoned(self.zone.clone()).datetime();
        let shifted = civil.checked_sub(Span::new().hours(i64::from(self.cutoff_hour)));
        BusinessDay::from_date(shifted.unwrap_or(civil).date())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn day(zone: &str, cutoff: u8, moment: &str) -> i32 {
        let zone = TimeZone::get(zone).unwrap();
        let at = moment.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        ShopCalendar::new(zone, cutoff)
            .unwrap()
            .day_of(Timestamp(at))
            .0
    }

    #[test]
    fn the_day_follows_zone_and_cutoff() {
        assert_eq!(day("Asia/Shanghai", 0, "2026-11-20T15:59:59Z"), 20_261_120);
        assert_eq!(day("Asia/Shanghai", 0, "2026-11-20T16:00:00Z"), 20_261_121);
        assert_eq!(day("Asia/Shanghai", 4, "2026-11-20T19:59:59Z"), 20_261_120);
        assert_eq!(day("Asia/Shanghai", 4, "2026-11-20T20:00:00Z"), 20_261_121);
    }

    #[test]
    fn daylight_saving_neither_skips_nor_repeats_a_day() {
        // Both days on which Berlin changes its clocks, at their edges.
        assert_eq!(day("Europe/Berlin", 3, "2026-03-29T00:59:00Z"), 20_260_328);
        assert_eq!(day("Europe/Berlin", 3, "2026-03-29T01:00:00Z"), 20_260_329);
        assert_eq!(day("Europe/Berlin", 0, "2026-10-25T22:59:00Z"), 20_261_025);
        assert_eq!(day("Europe/Berlin", 0, "2026-10-25T23:00:00Z"), 20_261_026);
    }

    #[test]
    fn a_cutoff_is_an_hour_of_the_day() {
        assert!(ShopCalendar::new(TimeZone::UTC, 24).is_none());
        assert_eq!(BusinessDay(20_261_121).to_string(), "2026-11-21");
        assert_eq!(BusinessDay(20_261_121).short(), "261121");
    }
}
