//! Bills of past days, written from the sandbox's own ledger in the channels' own layouts.
//!
//! It must never read anything of the product's: the lines come from the ledger, planted
//! differences from its journal, and archives and encodings are written here.

mod alipay;
mod archive;
mod bank;
mod downloads;
mod gbk;
mod lines;
mod plants;
mod unionpay;
mod wechatpay;

pub(crate) use archive::{gzip, zlib};
pub(crate) use bank::{Form as BankForm, Payee, statement as bank_statement};
pub(crate) use downloads::{Download, Downloads, Fetched};
pub(crate) use plants::{Plant, Sown, SownMoney, sow, told};
pub use plants::{PlantAsked, PlantCode, PlantRefused, Planted};
pub(crate) use wechatpay::Part;

use crate::clock::{day_of, day_start_ms};
use crate::ledger::{Channel, Fen, Ledger, TradeKey};
use lines::{DAY_MS, Entry, Line};

/// The day on whose bill a movement stands: China's day, at UnionPay the settlement day, which begins at 23:00 of
/// the evening before.
pub(crate) fn bill_day(channel: Channel, at_ms: i64) -> i64 {
    day_of(at_ms.saturating_add(ahead_ms(channel)))
}

/// The first instant of a bill's day.
fn bill_day_start_ms(channel: Channel, day: i64) -> i64 {
    day_start_ms(day).saturating_sub(ahead_ms(channel))
}

/// How much sooner than at midnight a channel's day begins.
fn ahead_ms(channel: Channel) -> i64 {
    match channel {
        Channel::Alipay | Channel::Btcpay | Channel::Stripe | Channel::Wechatpay => 0,
        Channel::Unionpay => 3_600_000,
    }
}

/// A bill of Alipay is there at nine the next morning, one of WeChat Pay and of UnionPay at ten.
fn ready_hour(channel: Channel) -> i64 {
    match channel {
        Channel::Alipay => 9,
        Channel::Btcpay | Channel::Stripe | Channel::Unionpay | Channel::Wechatpay => 10,
    }
}

/// When the bill of a day becomes available.
pub(crate) fn ready_ms(channel: Channel, day: i64) -> i64 {
    day_start_ms(day.saturating_add(1))
        .saturating_add(ready_hour(channel).saturating_mul(3_600_000))
}

/// Whether the bill of a day is there: from its hour on, or at once where differences were planted on the
/// day. Whoever plants shows them, at any time of the day.
pub(crate) fn is_ready(ledger: &Ledger, channel: Channel, day: i64, now_ms: i64) -> bool {
    let of_day = |key: &TradeKey| {
        let trade = ledger.find(key).filter(|_| key.channel == channel);
        trade.is_some_and(|trade| bill_day(channel, trade.created_ms) == day)
    };
    ready_ms(channel, day) <= now_ms || ledger.plants().iter().any(|plant| of_day(&plant.key))
}

/// What is wrong with a bill on purpose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BillFlaw {
    DigestWrong,
    LinkExpired,
    NotAllowed,
    NotReady,
    TotalsWrong,
    Truncated,
    WrongDay,
}

/// Which file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BillFile {
    AlipayAccount,
    AlipayTrade,
    UnionpaySettlement,
    WechatpayFundFlow,
    WechatpayTrade(Part),
}

impl BillFile {
    fn channel(self) -> Channel {
        match self {
            Self::AlipayAccount | Self::AlipayTrade => Channel::Alipay,
            Self::UnionpaySettlement => Channel::Unionpay,
            Self::WechatpayFundFlow | Self::WechatpayTrade(_) => Channel::Wechatpay,
        }
    }
}

/// Who the bill is for, as its cells name the merchant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder<'a> {
    /// Alipay's account of 20 digits, or the merchant at WeChat Pay or UnionPay.
    pub(crate) account: &'a str,
    /// WeChat Pay's application.
    pub(crate) appid: &'a str,
}

/// One file of one day.
#[derive(Clone, Copy, Debug)]
struct Sheet<'a> {
    holder: Holder<'a>,
    day: i64,
    /// One fen when the totals are wrong on purpose.
    skew: Fen,
}

/// Writes a bill: a zip of Alipay or UnionPay, or WeChat Pay's plain text. `None` when nothing happened that day.
pub(crate) fn write(
    ledger: &Ledger,
    holder: Holder<'_>,
    file: BillFile,
    day: i64,
    flaw: Option<BillFlaw>,
) -> Option<Vec<u8>> {
    let of_day = |at_ms: i64| bill_day(file.channel(), at_ms) == day;
    let mut all = lines::of_channel(ledger, file.channel());
    let back_ms = if flaw == Some(BillFlaw::WrongDay) {
        DAY_MS
    } else {
        0
    };
    let sheet = Sheet {
        holder,
        day: day_of(day_start_ms(day).saturating_sub(back_ms)),
        skew: Fen::new(i64::from(flaw == Some(BillFlaw::TotalsWrong))),
    };
    match file {
        BillFile::AlipayAccount | BillFile::WechatpayFundFlow => {
            let mut entries = lines::entries(&all, ledger, file.channel());
            entries.retain(|entry| of_day(entry.at_ms));
            for entry in &mut entries {
                entry.at_ms = entry.at_ms.saturating_sub(back_ms);
            }
            (!entries.is_empty()).then(|| write_entries(&sheet, file, &entries, flaw))
        }
        BillFile::AlipayTrade | BillFile::UnionpaySettlement | BillFile::WechatpayTrade(_) => {
            all.retain(|line| of_day(line.at_ms) && is_asked(file, line));
            for line in &mut all {
                line.move_by(-back_ms);
            }
            (!all.is_empty()).then(|| write_lines(&sheet, file, &all, flaw))
        }
    }
}

fn is_asked(file: BillFile, line: &Line) -> bool {
    match file {
        BillFile::WechatpayTrade(part) => part.holds(line),
        _ => true,
    }
}

fn write_lines(
    sheet: &Sheet<'_>,
    file: BillFile,
    lines: &[Line],
    flaw: Option<BillFlaw>,
) -> Vec<u8> {
    match file {
        BillFile::UnionpaySettlement => unionpay::zip(sheet, lines, flaw),
        BillFile::WechatpayTrade(part) => wechatpay::trade(sheet, part, lines).into_bytes(),
        _ => alipay_zip(
            sheet,
            "业务明细",
            [
                alipay::trade_summary(sheet, lines),
                alipay::trade_detail(sheet, lines),
            ],
            flaw,
        ),
    }
}

fn write_entries(
    sheet: &Sheet<'_>,
    file: BillFile,
    entries: &[Entry<'_>],
    flaw: Option<BillFlaw>,
) -> Vec<u8> {
    if file == BillFile::WechatpayFundFlow {
        return wechatpay::fund_flow(sheet, entries).into_bytes();
    }
    let files = [
        alipay::account_summary(sheet, entries),
        alipay::account_detail(sheet, entries),
    ];
    alipay_zip(sheet, "账务明细", files, flaw)
}

/// The summary stands first, as in the files that were seen.
fn alipay_zip(
    sheet: &Sheet<'_>,
    title: &str,
    [summary, detail]: [String; 2],
    flaw: Option<BillFlaw>,
) -> Vec<u8> {
    let stem = alipay::file_stem(sheet);
    let entry = |name: String, text: String| archive::ZipEntry {
        name: gbk::encode(&name),
        content: gbk::encode(&text),
    };
    archive::zip(
        &[
            entry(format!("{stem}_{title}(汇总).csv"), summary),
            entry(format!("{stem}_{title}.csv"), detail),
        ],
        alipay::exported_ms(sheet.day),
        flaw == Some(BillFlaw::DigestWrong),
    )
}

/// `20880211096256330156_20241126.csv.zip`.
pub(crate) fn alipay_file_name(account: &str, day: i64) -> String {
    let holder = Holder { account, appid: "" };
    let sheet = Sheet {
        holder,
        day,
        skew: Fen::ZERO,
    };
    format!("{}.csv.zip", alipay::file_stem(&sheet))
}

#[cfg(test)]
mod samples;
