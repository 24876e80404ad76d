//! China Standard Time, in which both wallets write every moment, whatever the zone of this machine.

use jiff::{Timestamp as Moment, civil::DateTime, tz::Offset};
use paydesk_domain::Timestamp;

/// UTC+8, without daylight saving since 1991.
const CHINA: Offset = Offset::constant(8);
const PLAIN: &str = "%Y-%m-%d %H:%M:%S";

/// `2026-11-21 02:22:12`.
#[must_use]
pub fn to_china(at: Timestamp) -> String {
    CHINA.to_datetime(at.to_jiff()).strftime(PLAIN).to_string()
}

/// `2026-11-21T02:22:12+08:00`.
#[must_use]
pub fn to_rfc3339(at: Timestamp) -> String {
    format!(
        "{}+08:00",
        CHINA
            .to_datetime(at.to_jiff())
            .strftime("%Y-%m-%dT%H:%M:%S")
    )
}

/// Reads `2026-11-21 02:22:12`, China time.
#[must_use]
pub fn from_china(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime(PLAIN, text).ok()?;
    CHINA
        .to_timestamp(civil)
        .ok()
        .map(|moment| Timestamp(moment.as_millisecond()))
}

/// Reads exactly `2026-11-21 02:22:12`, China time: many cells in little time.
#[must_use]
pub fn from_china_cell(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    if bytes.len() != 19 || marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i16> {
        bytes.get(from..to)?.iter().try_fold(0_i16, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + i16::from(byte - b'0'))
        })
    };
    let small = |from: usize| i8::try_from(number(from, from + 2)?).ok();
    let civil = DateTime::new(
        number(0, 4)?,
        small(5)?,
        small(8)?,
        small(11)?,
        small(14)?,
        small(17)?,
        0,
    )
    .ok()?;
    let moment = CHINA.to_timestamp(civil).ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

/// `20261121102212`, China time.
#[must_use]
pub fn to_compact(at: Timestamp) -> String {
    let civil = CHINA.to_datetime(at.to_jiff());
    civil.strftime("%Y%m%d%H%M%S").to_string()
}

/// Reads exactly `20261121102212`, China time.
#[must_use]
pub fn from_compact(text: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| text.get(from..to);
    let is_digits = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits {
        return None;
    }
    from_china_cell(&format!(
        "{}-{}-{} {}:{}:{}",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

/// Reads `1121102212`, China time without its year: of the years around `near` the one that comes closest to it.
#[must_use]
pub fn from_yearless(text: &str, near: Timestamp) -> Option<Timestamp> {
    let year = CHINA.to_datetime(near.to_jiff()).year();
    let years = [year.checked_sub(1)?, year, year.checked_add(1)?];
    let moments = years
        .iter()
        .filter_map(|year| from_compact(&format!("{year:04}{text}")));
    moments.min_by_key(|moment| moment.0.abs_diff(near.0))
}

/// Reads RFC 3339 with any offset.
#[must_use]
pub fn from_rfc3339(text: &str) -> Option<Timestamp> {
    text.parse::<Moment>()
        .ok()
        .map(|moment| Timestamp(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn china_time_is_written_and_read() {
        let at = Timestamp(1_795_227_732_000);
        assert_eq!(to_china(at), "2026-11-21 10:22:12");
        assert_eq!(to_rfc3339(at), "2026-11-21T10:22:12+08:00");
        assert_eq!(from_china("2026-11-21 10:22:12"), Some(at));
        assert_eq!(from_rfc3339("2026-11-21T10:22:12+08:00"), Some(at));
        assert_eq!(from_rfc3339("2026-11-21T02:22:12Z"), Some(at));
        assert_eq!(from_china_cell("2026-11-21 10:22:12"), Some(at));
        for text in [
            "2026-11-21 10:22:1",
            "2026-02-30 10:22:12",
            "2026/11/21 10:22:12",
            "",
        ] {
            assert_eq!(from_china_cell(text), None, "{text}");
        }
        assert_eq!(to_compact(at), "20261121102212");
        assert_eq!(from_compact("20261121102212"), Some(at));
        for text in [
            "2026112110221",
            "20260230102212",
            "2026112110221x",
            "門門門門門",
            "",
        ] {
            assert_eq!(from_compact(text), None, "{text}");
        }
        let year = |moment: Option<Timestamp>| moment.map(to_compact);
        assert_eq!(from_yearless("1121102212", at), Some(at));
        let new_year = from_compact("20270101000100").unwrap_or(at);
        assert_eq!(
            year(from_yearless("1231235900", new_year)).as_deref(),
            Some("20261231235900")
        );
        assert_eq!(
            year(from_yearless("0101000100", Timestamp(new_year.0 - 600_000))).as_deref(),
            Some("20270101000100")
        );
        assert_eq!(from_yearless("0229000000", at), None);
        assert_eq!(from_china("2026-13-21 10:22:12"), None);
        assert_eq!(from_china(""), None);
    }
}
