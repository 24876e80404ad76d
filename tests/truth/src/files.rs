//! Everything of a seed as files in a folder, and the list of what is wrong beside them.

use crate::settle::{Settling, settle};
use crate::world::{BookRow, Exception, World};
use crate::{Asked, alipay, bank, plant::Code, shop, wechatpay};
use crate::{draw::Draw, world::Channel};
use jiff::{civil::Date, tz::Offset};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// A bill's file.
#[derive(Clone, Debug)]
pub struct BillFile {
    /// Whose.
    pub channel: Channel,
    /// Of which day.
    pub day: i32,
    /// Where.
    pub path: PathBuf,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The day that is compared.
    pub day: i32,
    /// The day it is looked at.
    pub today: Date,
    /// The bills of the day and of its neighbours.
    pub bills: Vec<BillFile>,
    /// Our books, one file for each channel, a line of JSON each.
    pub books: Vec<(Channel, PathBuf)>,
    /// The bank's statement.
    pub statement: PathBuf,
    /// What each account owes and which movements are its payouts.
    pub settling: Vec<Settling>,
    /// Every exception of bills and payouts.
    pub exceptions: Vec<Exception>,
    /// Every finding of the fee audit.
    pub audited: Vec<Exception>,
    /// Pairs of codes that stand on one order.
    pub pairs: Vec<(Code, Code)>,
}

/// Writes a seed's days into a folder.
///
/// # Errors
/// What the disk says.
pub fn write(asked: &Asked, folder: &Path) -> Result<Written, String> {
    let wednesday = Date::constant(2026, 11, 18);
    let weeks = jiff::Span::new().weeks(i64::try_from(asked.seed % 50).unwrap_or(0));
    let date = wednesday.checked_sub(weeks).unwrap_or(wednesday);
    let day = number(date);
    let starts = midnight(date);
    let shop = shop::build(asked, day, starts);
    let mut written = Written {
        day,
        today: date.checked_add(jiff::Span::new().days(10)).unwrap_or(date),
        bills: Vec::new(),
        books: Vec::new(),
        statement: PathBuf::new(),
        settling: Vec::new(),
        exceptions: Vec::new(),
        audited: Vec::new(),
        pairs: shop.pairs,
    };
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut movements = Vec::new();
    let mut draw = Draw::new(asked.seed ^ 0xba11);
    for (n, (world, wishes)) in (0_u64..).zip(shop.worlds.iter().zip(shop.wishes)) {
        write_world(world, folder, &mut written)?;
        let known = shop::totals(world);
        let is_latin = bank::is_latin(asked.seed);
        let settled = settle(world.channel, known, wishes, is_latin, &mut draw, n * 500);
        movements.extend(settled.movements);
        written.exceptions.extend(settled.expected);
        written.settling.push(settled.settling);
    }
    movements.sort_by_key(|it| (it.booked, it.id));
    let (name, content) = bank::file(asked.seed, &movements);
    written.statement = put(folder, name, &content)?;
    written.exceptions.sort();
    written.audited.sort();
    let truth = json!({
        "day": day,
        "exceptions": written.exceptions,
        "audited": written.audited,
        "settling": written.settling,
    });
    put(folder, "truth.json", truth.to_string().as_bytes())?;
    Ok(written)
}

fn write_world(world: &World, folder: &Path, written: &mut Written) -> Result<(), String> {
    let name = world.channel.name();
    for (day, rows) in &world.bills {
        let starts = midnight(date(*day));
        let (content, end) = match world.channel {
            Channel::Alipay => (alipay::file(*day, starts, rows)?, "zip"),
            Channel::Wechatpay => (wechatpay::file(rows), "csv"),
        };
        let path = put(folder, &format!("{name}-{day}.{end}"), &content)?;
        let (channel, day) = (world.channel, *day);
        written.bills.push(BillFile { channel, day, path });
    }
    let mut lines = String::new();
    for row in &world.books {
        lines.push_str(&BookRow::json(row).to_string());
        lines.push('\n');
    }
    let path = put(folder, &format!("{name}-books.jsonl"), lines.as_bytes())?;
    written.books.push((world.channel, path));
    written.exceptions.extend(world.expected.iter().cloned());
    written.audited.extend(world.audited.iter().cloned());
    Ok(())
}

fn put(folder: &Path, name: &str, content: &[u8]) -> Result<PathBuf, String> {
    let path = folder.join(name);
    fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Fen as a decimal of yuan.
pub(crate) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}

fn china() -> jiff::tz::TimeZone {
    Offset::constant(8).to_time_zone()
}

/// `2026-11-18 23:59:59` in China.
pub(crate) fn china_time(at: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    moment
        .to_zoned(china())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

fn midnight(date: Date) -> i64 {
    date.to_zoned(china())
        .map_or(0, |it| it.timestamp().as_millisecond())
}

/// `yyyymmdd` as a date.
pub(crate) fn date(day: i32) -> Date {
    let part = |of: i32| i8::try_from(of).unwrap_or(1);
    let year = i16::try_from(day / 10_000).unwrap_or(2026);
    Date::new(year, part(day / 100 % 100), part(day % 100)).unwrap_or(Date::constant(2026, 1, 1))
}

/// A date as `yyyymmdd`.
pub(crate) fn number(date: Date) -> i32 {
    i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
}
