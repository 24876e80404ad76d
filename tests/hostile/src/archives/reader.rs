//! The process that opens archives: reads a path from its input, opens the file as the bill of each channel, reads
//! its lines as an import does, and answers with one line.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{AccountSettings, BillEnd, BillFault, all, by_id};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{BufRead as _, Cursor, Write as _},
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
        "unionpay" => &[("merId", "777290058167151")],
        _ => &[("appid", "wxd678efh567hg6787"), ("mchid", "1900000001")],
    };
    let fields = fields.iter();
    AccountSettings {
        sandbox: false,
        gateway: String::new(),
        fields: fields
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

/// What a bill said: how many lines, all that each of them decides, and the file's own end.
#[derive(PartialEq)]
struct Read {
    lines: u64,
    briefs: u64,
    end: BillEnd,
}

/// Opens and reads as an import does: the lines stream past and none is held.
fn open(channel: &str, file: &[u8]) -> Result<Read, BillFault> {
    let bills = by_id(channel)
        .and_then(|channel| channel.bills())
        .expect("bills");
    let (mut lines, mut briefs) = (0, DefaultHasher::new());
    let mut each = |line: paydesk_channels::Brief<'_>| {
        lines += 1;
        (line.kind == paydesk_domain::LineKind::Payment).hash(&mut briefs);
        line.reference.hash(&mut briefs);
        [line.amount.minor(), line.fee.minor(), line.at.0].hash(&mut briefs);
        (line.state == paydesk_domain::LineState::Done).hash(&mut briefs);
        Ok(())
    };
    let end = bills.stream(&mut Cursor::new(file), None, &account(channel), &mut each)?;
    Ok(Read {
        lines,
        briefs: briefs.finish(),
        end,
    })
}

/// The name of a fault without what it found.
fn reason(fault: &BillFault) -> String {
    let words = format!("{fault:?}");
    let end = words.find(['(', ' ', '{']).unwrap_or(words.len());
    words[..end].to_owned()
}

/// Answers for every path on the input until it ends.
pub(crate) fn read() -> std::io::Result<()> {
    let bills = ["alipay", "wechatpay"].into_iter().zip(genuine_bills());
    let genuine: BTreeMap<&str, Read> = bills
        .map(|(channel, bill)| (channel, open(channel, &bill).expect("the genuine bill")))
        .collect();
    let channels: Vec<&str> = all()
        .iter()
        .filter(|channel| channel.bills().is_some())
        .map(|channel| channel.profile().id)
        .collect();
    for path in std::io::stdin().lock().lines() {
        let answer = answer(Path::new(&path?), &channels, &genuine)? + "\n";
        let mut out = std::io::stdout().lock();
        out.write_all(answer.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

fn answer(
    path: &Path,
    channels: &[&str],
    genuine: &BTreeMap<&str, Read>,
) -> std::io::Result<String> {
    let file = std::fs::read(path)?;
    let mut reasons = Vec::new();
    for channel in channels {
        match open(channel, &file) {
            Ok(read) if genuine.get(channel) == Some(&read) => return Ok("read".to_owned()),
            Ok(read) => return Ok(format!("ACCEPTED other lines: {}", read.lines)),
            Err(fault) => reasons.push(reason(&fault)),
        }
    }
    // The channel whose bill it pretends to be has more to say than that it is another's.
    let own = reasons.iter().find(|reason| *reason != "WrongChannel");
    let said = own.or_else(|| reasons.first());
    Ok(format!("refused {}", said.map_or("", String::as_str)))
}
