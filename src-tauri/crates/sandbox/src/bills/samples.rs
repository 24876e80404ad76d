//! The writer against the published layouts, byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests: a failed assumption is a failed test"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::lines::{Entry, EntryKind, Line, LineKind, Payer};
use super::wechatpay::Part;
use super::{Holder, Sheet, alipay, archive, gbk, wechatpay};
use crate::clock::{read_alipay_time, read_day};
use crate::ledger::{Fen, Kind, Origin, RefundState};

/// The synthetic files of the channels' layouts.
const SAMPLES: &str = include_str!("../../tests/vectors/bill_samples.json");

fn sample(id: &str) -> Vec<u8> {
    let file: Value = serde_json::from_str(SAMPLES).unwrap();
    let samples = file["samples"].as_array().unwrap();
    let found = samples.iter().find(|sample| sample["id"] == id).expect(id);
    STANDARD
        .decode(found["bytes_b64"].as_str().unwrap())
        .unwrap()
}

fn ms(time: &str) -> i64 {
    read_alipay_time(&format!("2024-11-26 {time}")).unwrap()
}

fn sheet(account: &'static str) -> Sheet<'static> {
    Sheet {
        holder: Holder {
            account,
            appid: "wxd678efh567hg6787",
        },
        day: read_day("2024-11-26").unwrap(),
        skew: Fen::ZERO,
    }
}

const ALIPAY: &str = "20880211096256330156";
const SMITH: Payer = Payer {
    name: "*三",
    logon: "138***@qq.com",
};

fn payment(number: &str, trade_no: &str, times: [&str; 2], fen: i64, fee: i64) -> Line {
    Line {
        kind: LineKind::Payment,
        out_trade_no: number.to_owned(),
        trade_no: trade_no.to_owned(),
        subject: "测试商品".to_owned(),
        attach: None,
        origin: Origin {
            store_id: Some("NJ_001".to_owned()),
            operator_id: Some("op1".to_owned()),
            terminal_id: Some("T1".to_owned()),
        },
        paid_by: Kind::Code,
        payer: SMITH,
        created_ms: ms(times[0]),
        accepted_ms: ms(times[1]),
        at_ms: ms(times[1]),
        amount: Fen::new(fen),
        fee: Fen::new(fee),
        rate: 6_000,
        refund_no: String::new(),
        refund_id: String::new(),
        reason: None,
        refund_state: RefundState::Success,
        unionpay: None,
    }
}

fn alipay_lines() -> [Line; 3] {
    let first = payment(
        "POS-20241126-0001",
        "2024112622001400000500000001",
        ["10:00:01", "10:00:03"],
        8888,
        53,
    );
    let mut second = payment(
        "POS-20241126-0002",
        "2024112622001400000500000002",
        ["11:00:01", "11:00:08"],
        1000,
        6,
    );
    second.payer = Payer {
        name: "*四",
        logon: "139****0001",
    };
    let refund = Line {
        kind: LineKind::Refund,
        at_ms: ms("15:20:10"),
        amount: Fen::new(2000),
        fee: Fen::new(12),
        refund_no: "RF-1".to_owned(),
        ..first.clone()
    };
    [first, second, refund]
}

fn wechatpay_lines() -> [Line; 2] {
    let mut first = payment(
        "POS-20241126-0001",
        "4200000920202411261000000001",
        ["10:00:01", "10:00:03"],
        8888,
        53,
    );
    first.origin.terminal_id = Some("POS1".to_owned());
    let refund = Line {
        kind: LineKind::Refund,
        accepted_ms: ms("15:20:09"),
        at_ms: ms("15:20:10"),
        amount: Fen::new(2000),
        fee: Fen::new(12),
        refund_no: "RF-1".to_owned(),
        refund_id: "50000000382024112600000000001".to_owned(),
        ..first.clone()
    };
    [first, refund]
}

fn entry(kind: EntryKind, change: i64, balance: i64, number: u64, line: &Line) -> Entry<'_> {
    Entry {
        kind,
        at_ms: line.at_ms,
        change: Fen::new(change),
        balance: Fen::new(balance),
        number,
        line: Some(line),
        payout: None,
    }
}

#[track_caller]
fn same(written: &[u8], id: &str) {
    let wanted = sample(id);
    if written != wanted {
        let text = String::from_utf8_lossy(written).into_owned();
        panic!(
            "{id} differs:\n{text}\n---\n{}",
            String::from_utf8_lossy(&wanted)
        );
    }
}

#[test]
fn alipays_trade_files_are_the_samples() {
    let (sheet, lines) = (sheet(ALIPAY), alipay_lines());
    same(
        &gbk::encode(&alipay::trade_detail(&sheet, &lines)),
        "alipay-trade-detail",
    );
    same(
        &gbk::encode(&alipay::trade_summary(&sheet, &lines)),
        "alipay-trade-summary",
    );
}

#[test]
fn alipays_account_files_are_the_samples() {
    let [paid, _, refund] = alipay_lines();
    let entries = [
        entry(EntryKind::Payment, 8888, 108_888, 1, &paid),
        entry(EntryKind::Fee, -53, 108_835, 2, &paid),
        entry(EntryKind::Refund, -2000, 106_835, 3, &refund),
    ];
    let sheet = sheet(ALIPAY);
    same(
        &gbk::encode(&alipay::account_detail(&sheet, &entries)),
        "alipay-account-detail",
    );
    same(
        &gbk::encode(&alipay::account_summary(&sheet, &entries)),
        "alipay-account-summary",
    );
}

#[test]
fn wechat_pays_trade_files_are_the_samples() {
    let (sheet, lines) = (sheet("1900000001"), wechatpay_lines());
    let write = |part: Part| {
        let held: Vec<Line> = lines
            .iter()
            .filter(|line| part.holds(line))
            .cloned()
            .collect();
        wechatpay::trade(&sheet, part, &held).into_bytes()
    };
    same(&write(Part::All), "wechat-all");
    same(&write(Part::Success), "wechat-success");
    same(&write(Part::Refund), "wechat-refund");
}

#[test]
fn wechat_pays_fund_flow_is_the_sample() {
    let [paid, refund] = wechatpay_lines();
    let entries = [
        entry(EntryKind::Payment, 8888, 108_888, 1, &paid),
        entry(EntryKind::Fee, -53, 108_835, 2, &paid),
        entry(EntryKind::Refund, -1988, 106_847, 3, &refund),
    ];
    let written = wechatpay::fund_flow(&sheet("1900000001"), &entries);
    same(written.as_bytes(), "wechat-fundflow");
}

/// Everything of the sample's zip but the deflated bytes and their length: names, flags, times.
#[test]
fn the_zip_carries_names_flags_and_times_as_the_sample_does() {
    let file: Value = serde_json::from_str(SAMPLES).unwrap();
    let samples = file["samples"].as_array().unwrap();
    let found = samples
        .iter()
        .find(|sample| sample["id"] == "alipay-trade-zip")
        .unwrap();
    let wanted = STANDARD.decode(found["zip_b64"].as_str().unwrap()).unwrap();
    let entries = found["entry_names"].as_array().unwrap();
    let written = archive::zip(
        &[
            archive::ZipEntry {
                name: gbk::encode(entries[0].as_str().unwrap()),
                content: sample("alipay-trade-summary"),
            },
            archive::ZipEntry {
                name: gbk::encode(entries[1].as_str().unwrap()),
                content: sample("alipay-trade-detail"),
            },
        ],
        alipay::exported_ms(read_day("2024-11-26").unwrap()),
        false,
    );
    assert_eq!(headers(&written), headers(&wanted));
    let stem = alipay::file_stem(&sheet(ALIPAY));
    assert_eq!(
        format!("{stem}.csv.zip"),
        found["file_name"].as_str().unwrap()
    );
}

/// Local and central headers with their names, sizes of packed bytes and offsets taken out.
fn headers(zip: &[u8]) -> Vec<Vec<u8>> {
    let number = |at: usize, width: usize| {
        let bytes = zip[at..at + width].iter().rev();
        bytes.fold(0_usize, |sum, byte| sum * 256 + usize::from(*byte))
    };
    let end = zip.len() - 22;
    assert_eq!(&zip[end..end + 4], b"PK\x05\x06");
    let (count, mut at) = (number(end + 10, 2), number(end + 16, 4));
    let mut found = vec![zip[end..end + 12].to_vec()];
    for _ in 0..count {
        let length = 46 + number(at + 28, 2);
        let local = number(at + 42, 4);
        let mut central = zip[at..at + length].to_vec();
        central[20..24].fill(0);
        central[42..46].fill(0);
        let mut head = zip[local..local + 30 + number(local + 26, 2)].to_vec();
        head[18..22].fill(0);
        found.extend([central, head]);
        at += length;
    }
    found
}
