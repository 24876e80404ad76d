//! The samples, files made from them, and short names for what reading one says.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use encoding_rs::GB18030;
use paydesk_channels::{AccountSettings, BillEnd, BillFault, BillText, Bills, Brief, Span, by_id};
use paydesk_domain::{BillLine, Totals};
use serde_json::Value;
use std::{
    io::{Cursor, Write as _},
    path::PathBuf,
};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The bills of a channel.
pub(crate) fn bills(channel: &str) -> &'static dyn Bills {
    by_id(channel).unwrap().bills().unwrap()
}

/// The account that the samples are of.
pub(crate) fn account(channel: &str) -> AccountSettings {
    let fields: &[(&str, &str)] = match channel {
        "alipay" => &[
            ("app_id", "2021000000000001"),
            ("seller_id", "2088021109625633"),
        ],
        _ => &[("appid", "wxd678efh567hg6787"), ("mchid", "1900000001")],
    };
    AccountSettings {
        sandbox: false,
        gateway: by_id(channel).unwrap().profile().gateway.to_owned(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

pub(crate) fn sample(id: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/fixtures/vectors/bill_samples.json");
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let found = all["samples"].as_array().unwrap().iter();
    let mut found = found.filter(|sample| sample["id"] == id);
    found.next().unwrap().clone()
}

pub(crate) fn bytes(sample: &Value, field: &str) -> Vec<u8> {
    STANDARD.decode(sample[field].as_str().unwrap()).unwrap()
}

/// The sample's lines, to be changed.
pub(crate) fn lines(id: &str) -> Vec<String> {
    let sample = sample(id);
    let lines = sample["lines"].as_array().unwrap().iter();
    lines
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

/// A file of these lines as Alipay writes it.
pub(crate) fn gbk(lines: &[String]) -> Vec<u8> {
    let text = lines.join("\r\n") + "\r\n";
    let (bytes, _, lossy) = encoding_rs::GBK.encode(&text);
    assert!(!lossy);
    bytes.into_owned()
}

/// A file of these lines as WeChat Pay writes it.
pub(crate) fn utf8(lines: &[String]) -> Vec<u8> {
    format!("\u{feff}{}\r\n", lines.join("\r\n")).into_bytes()
}

pub(crate) fn file(channel: &str, lines: &[String]) -> Vec<u8> {
    if channel == "alipay" {
        gbk(lines)
    } else {
        utf8(lines)
    }
}

/// A zip with entries of these names, GBK without a mark like the channel's.
pub(crate) fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        let name = GB18030.encode(name).0;
        // The writer takes text only; each byte as one character comes out as that byte.
        let placeholder: String = name
            .iter()
            .map(|byte| {
                if byte.is_ascii() {
                    char::from(*byte)
                } else {
                    'x'
                }
            })
            .collect();
        writer
            .start_file(placeholder, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    let mut archive = writer.finish().unwrap().into_inner();
    for (name, _) in entries {
        let name = GB18030.encode(name).0;
        let placeholder: Vec<u8> = name
            .iter()
            .map(|byte| if byte.is_ascii() { *byte } else { b'x' })
            .collect();
        replace(&mut archive, &placeholder, &name);
    }
    archive
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    for at in 0..=bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
}

pub(crate) fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

/// Every line of a trade bill, or what is wrong. Both ways of reading say the same.
pub(crate) fn read(
    channel: &str,
    file: &[u8],
) -> Result<(BillText, Vec<BillLine>, Totals), BillFault> {
    let held = held(channel, file);
    let streamed = streamed(channel, file);
    match (&held, &streamed) {
        (Ok((text, lines, totals)), Ok((end, again))) => {
            assert_eq!((lines, totals), (again, &end.totals));
            assert_eq!(text.content_sha256, end.content_sha256);
            // An empty WeChat bill has no line that names a day.
            assert!(lines.is_empty() || text.day == end.day);
        }
        (Err(one), Err(other)) if one == other => {}
        // What comes behind the end of a packed file is seen at its end only.
        (Err(BillFault::Archive(_)), Err(_)) if file.starts_with(&[0x1f, 0x8b]) => {}
        (held, streamed) => panic!("{held:?} held, {streamed:?} streamed"),
    }
    held
}

fn held(channel: &str, file: &[u8]) -> Result<(BillText, Vec<BillLine>, Totals), BillFault> {
    let text = bills(channel).open(file, None)?;
    let mut lines = Vec::new();
    let totals = bills(channel).read(&text, &account(channel), &mut |line| lines.push(line))?;
    Ok((text, lines, totals))
}

/// Streamed, and every line read again by its place, which must say what was said of it in brief.
fn streamed(channel: &str, file: &[u8]) -> Result<(BillEnd, Vec<BillLine>), BillFault> {
    let (bills, mut file) = (bills(channel), Cursor::new(file));
    let mut briefs = Vec::new();
    let end = bills.stream(&mut file, None, &account(channel), &mut |line| {
        let reference = String::from_utf8(line.reference.to_vec()).unwrap();
        let sums = (line.kind, line.amount, line.fee, line.state, line.at);
        briefs.push((line.row, line.offset, reference, sums));
        Ok(())
    })?;
    let mut lines = Vec::new();
    let span = |(row, offset): (u64, u64), lines| Span { row, offset, lines };
    let mut one_by_one = briefs.iter().map(|it| span((it.0, it.1), 1));
    bills.lines_at(&mut file, &mut one_by_one, &mut |line| lines.push(line))?;
    let mut at_once = briefs
        .iter()
        .take(1)
        .map(|it| span((it.0, it.1), briefs.len() + 7));
    let mut again = Vec::new();
    bills.lines_at(&mut file, &mut at_once, &mut |line| again.push(line))?;
    assert_eq!(again, lines);
    assert_eq!(lines.len(), briefs.len());
    for (line, (row, offset, reference, sums)) in lines.iter().zip(&briefs) {
        let again = Brief::of(line, *offset);
        assert_eq!((again.row, again.reference), (*row, reference.as_bytes()));
        let said = (again.kind, again.amount, again.fee, again.state, again.at);
        assert_eq!(said, *sums);
    }
    Ok((end, lines))
}

/// What is wrong with a file.
pub(crate) fn fault(channel: &str, file: &[u8]) -> BillFault {
    match read(channel, file) {
        Ok((_, lines, totals)) => panic!("it was read: {} lines, {totals:?}", lines.len()),
        Err(fault) => fault,
    }
}

/// A fault in few words: its name, and a row where it has one.
pub(crate) fn named(fault: &BillFault) -> String {
    match fault {
        BillFault::Archive(what) => format!("archive: {what}"),
        BillFault::Cell { row, column } => format!("cell {row} {column}"),
        BillFault::Encoding(row) => format!("encoding {row}"),
        BillFault::Totals(_) => "totals".to_owned(),
        BillFault::RepeatedRow { row, first } => format!("row {row} repeats {first}"),
        BillFault::Doubled(row) => format!("doubled {row}"),
        BillFault::GoesOn(row) => format!("goes on {row}"),
        BillFault::WrongDay(day) => format!("wrong day {day}"),
        other => format!("{other:?}"),
    }
}

/// A line in few words.
pub(crate) fn told(line: &BillLine) -> String {
    format!(
        "{} {:?} {} {} {} {} fee {} {:?} {}",
        line.row,
        line.kind,
        line.payment,
        if line.refund.is_empty() {
            "-"
        } else {
            &line.refund
        },
        line.transaction,
        line.amount.to_decimal(),
        line.fee.to_decimal(),
        line.state,
        line.at.0,
    )
}
