//! Time as the sandbox sees it: one wall clock, one monotonic clock.
//!
//! The sandbox is a server of its own, so it may read the clock of the machine; everything else in
//! the crate asks this trait, so that tests can move the time. It must never wait.

use std::fmt::Debug;

use jiff::{Timestamp, tz::Offset};

/// China time, UTC+8, the zone of all channels; it has no daylight saving since 1991.
const CHINA: Offset = Offset::constant(8);

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970, UTC.
    pub wall_ms: i64,
    /// The machine's `CLOCK_MONOTONIC` in nanoseconds, comparable between processes.
    pub monotonic_ns: u64,
}

/// Where the sandbox reads the time.
pub trait Clock: Debug + Send + Sync {
    /// Reads both clocks.
    fn now(&self) -> Moment;
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment {
            wall_ms: Timestamp::now().as_millisecond(),
            monotonic_ns: monotonic_ns(),
        }
    }
}

#[cfg(unix)]
fn monotonic_ns() -> u64 {
    let reading = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(reading.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(reading.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(nanoseconds)
}

/// Without `CLOCK_MONOTONIC` the figure counts from the first reading in this process.
#[cfg(not(unix))]
fn monotonic_ns() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// `2026-11-21 10:22:12` in China time, the form of Alipay.
pub(crate) fn alipay_time(wall_ms: i64) -> String {
    china(wall_ms, "%Y-%m-%d %H:%M:%S")
}

/// `2026-11-21T10:22:12+08:00`, the form of WeChat Pay.
pub(crate) fn rfc3339_time(wall_ms: i64) -> String {
    china(wall_ms, "%Y-%m-%dT%H:%M:%S+08:00")
}

/// `20261121102212` in China time, the form of UnionPay.
pub(crate) fn compact_time(wall_ms: i64) -> String {
    china(wall_ms, "%Y%m%d%H%M%S")
}

/// Reads UnionPay's form, and nothing looser.
pub(crate) fn read_compact_time(text: &str) -> Option<i64> {
    let is_digits = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits {
        return None;
    }
    let local = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    let instant = CHINA.to_timestamp(local).ok()?;
    (compact_time(instant.as_millisecond()) == text).then(|| instant.as_millisecond())
}

/// `20261121`, the day that begins channel numbers.
pub(crate) fn china_day(wall_ms: i64) -> String {
    china(wall_ms, "%Y%m%d")
}

const DAY_MS: i64 = 86_400_000;

/// The China day of an instant, counted from 1970-01-01.
pub(crate) fn day_of(wall_ms: i64) -> i64 {
    wall_ms.saturating_add(8 * 3_600_000).div_euclid(DAY_MS)
}

/// The first instant of a China day.
pub(crate) fn day_start_ms(day: i64) -> i64 {
    day.saturating_mul(DAY_MS).saturating_sub(8 * 3_600_000)
}

/// `2026-11-21`.
pub(crate) fn day_text(day: i64) -> String {
    china(day_start_ms(day), "%Y-%m-%d")
}

/// Reads `2026-11-21`, and nothing looser.
pub(crate) fn read_day(text: &str) -> Option<i64> {
    let instant = read_alipay_time(&format!("{text} 00:00:00"))?;
    Some(day_of(instant))
}

/// `2026年11月21日 05:46:49`, as Alipay's files write a time.
pub(crate) fn chinese_time(wall_ms: i64) -> String {
    china(wall_ms, "%Y年%m月%d日 %H:%M:%S")
}

fn china(wall_ms: i64, form: &str) -> String {
    let instant = Timestamp::from_millisecond(wall_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    CHINA.to_datetime(instant).strftime(form).to_string()
}

/// Reads Alipay's form; `None` for anything else, lenient spellings included.
pub(crate) fn read_alipay_time(text: &str) -> Option<i64> {
    if text.len() != 19 {
        return None;
    }
    let local = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    let instant = CHINA.to_timestamp(local).ok()?;
    (alipay_time(instant.as_millisecond()) == text).then(|| instant.as_millisecond())
}

/// Reads RFC 3339 with an offset, the form of WeChat Pay.
pub(crate) fn read_rfc3339_time(text: &str) -> Option<i64> {
    let shape = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T');
    let instant: Timestamp = shape.then(|| text.parse().ok()).flatten()?;
    Some(instant.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn china_time_is_eight_hours_ahead_and_reads_back() {
        let text = alipay_time(1_795_227_732_000);
        assert_eq!(read_alipay_time(&text), Some(1_795_227_732_000));
        assert_eq!(alipay_time(0), "1970-01-01 08:00:00");
        assert_eq!(rfc3339_time(0), "1970-01-01T08:00:00+08:00");
        assert_eq!(read_rfc3339_time("1970-01-01T08:00:01+08:00"), Some(1000));
        assert_eq!(compact_time(0), "19700101080000");
        assert_eq!(read_compact_time("19700101080001"), Some(1000));
    }

    #[test]
    fn loose_times_are_refused() {
        for text in [
            "",
            "2026-11-21T10:22:12",
            "2026-13-21 10:22:12",
            "2026-11-21 10:22:1 ",
        ] {
            assert_eq!(read_alipay_time(text), None, "{text}");
        }
        assert_eq!(read_rfc3339_time("2026-11-21 10:22:12+08:00"), None);
        for text in [
            "",
            "2026112110221",
            "20261321102212",
            "2026-11-2110:2",
            "2026112110221 ",
        ] {
            assert_eq!(read_compact_time(text), None, "{text}");
        }
    }
}
