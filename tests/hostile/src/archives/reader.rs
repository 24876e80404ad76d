//! The process that opens archives: reads a path from its input, opens the file as the bill of each channel, reads
//! every line as an import does, and answers with one line.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{AccountSettings, BillFault, all, by_id};
use paydesk_domain::BillLine;
use serde_json::Value;
use std::{
    io::{BufRead as _, Write as _},
    path::{Path, PathBuf},
};

fn samples() -> Vec<Value> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/vectors/bill_samples.json");
    let bytes = std::fs::read(path).expect("the sample bills");
    let all: Value = serde_json::from_slice(&bytes).expect("the sample bills are JSON");
    all["samples"].as_array().expect("samples").clone()
}

/// Alipay's bill in GBK and WeChat Pay's in UTF-8.
pub(crate) fn genuine_bills() -> [Vec<u8>; 2] {
    let samples = samples();
    let sample = |id: &str| {
        samples
            .iter()
            .find(|one| one["id"] == id)
            .expect("a sample")
    };
    let lines = sample("alipay-trade-detail")["lines"]
        .as_array()
        .expect("lines");
    let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
    let alipay = encoding_rs::GBK
        .encode(&(lines.join("\r\n") + "\r\n"))
        .0
        .into_owned();
    let wechatpay = STANDARD.decode(sample("wechat-all")["bytes_b64"].as_str().expect("text"));
    [alipay, wechatpay.expect("base64")]
}

/// Whose bills they are.
fn account(channel: &str) -> AccountSettings {
    let fields: &[(&str, &str)] = match channel {
        "alipay" => &[
            ("app_id", "2021000000000001"),
            ("seller_id", "2088021109625633"),
        ],
        _ => &[("appid", "wxd678efh567hg6787"), ("mchid", "1900000001")],
    };
    let fields = fields.iter();
    AccountSettings {
        gateway: String::new(),
        fields: fields
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

/// Opens and reads as an import does: all lines are held until the totals are compared.
fn open(channel: &str, file: &[u8]) -> Result<Vec<BillLine>, BillFault> {
    let bills = by_id(channel)
        .and_then(|channel| channel.bills())
        .expect("bills");
    let text = bills.open(file, None)?;
    let mut lines = Vec::new();
    bills.read(&text, &account(channel), &mut |line| lines.push(line))?;
    Ok(lines)
}

/// The name of a fault without what it found.
fn reason(fault: &BillFault) -> String {
    let words = format!("{fault:?}");
    let end = words.find(['(', ' ', '{']).unwrap_or(words.len());
    words[..end].to_owned()
}

/// Answers for every path on the input until it ends.
pub(crate) fn read() -> std::io::Result<()> {
    let channels: Vec<&str> = all().iter().map(|channel| channel.profile().id).collect();
    let genuine: Vec<Vec<BillLine>> = genuine_bills()
        .iter()
        .zip(&channels)
        .map(|(bill, channel)| open(channel, bill).expect("the genuine bill"))
        .collect();
    for path in std::io::stdin().lock().lines() {
        let answer = answer(Path::new(&path?), &channels, &genuine)? + "\n";
        let mut out = std::io::stdout().lock();
        out.write_all(answer.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

fn answer(path: &Path, channels: &[&str], genuine: &[Vec<BillLine>]) -> std::io::Result<String> {
    let file = std::fs::read(path)?;
    let mut reasons = Vec::new();
    for (channel, expected) in channels.iter().zip(genuine) {
        match open(channel, &file) {
            Ok(lines) if lines == *expected => return Ok("read".to_owned()),
            Ok(lines) => return Ok(format!("ACCEPTED other lines: {}", lines.len())),
            Err(fault) => reasons.push(reason(&fault)),
        }
    }
    // The channel whose bill it pretends to be has more to say than that it is another's.
    let own = reasons.iter().find(|reason| *reason != "WrongChannel");
    let said = own.or_else(|| reasons.first());
    Ok(format!("refused {}", said.map_or("", String::as_str)))
}
