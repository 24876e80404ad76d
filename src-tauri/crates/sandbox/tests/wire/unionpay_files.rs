//! UnionPay's settlement files: when they are there, how they are packed, what a line says.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paydesk_sandbox::{Behaviour, Channel, Fault, FaultKind};
use serde_json::json;

use crate::shop::Shop;
use crate::unionpay_till::Fields;

const HOUR_MS: i64 = 3_600_000;

/// Offsets and widths as the protocol reference has them, for the fields that are looked at.
const ACCOUNT: (usize, usize) = (46, 19);
const AMOUNT: (usize, usize) = (66, 12);
const QUERY_ID: (usize, usize) = (87, 21);
const NUMBER: (usize, usize) = (112, 32);
const FEE: (usize, usize) = (166, 13);
const SETTLED: (usize, usize) = (180, 13);
const KIND: (usize, usize) = (215, 2);
const SUB_KIND: (usize, usize) = (218, 2);
const ORIGINAL_ID: (usize, usize) = (271, 21);
const MERCHANT: (usize, usize) = (293, 15);
const TERMINAL: (usize, usize) = (388, 8);
const RESERVED: (usize, usize) = (397, 32);
const ORIGINAL_NUMBER: (usize, usize) = (476, 32);

fn cell(line: &[u8], (from, width): (usize, usize)) -> String {
    let (text, _, is_wrong) = encoding_rs::GBK.decode(&line[from..from + width]);
    assert!(!is_wrong);
    assert_eq!(
        line.get(from + width).copied(),
        Some(b' '),
        "a blank after each"
    );
    text.trim_end().to_owned()
}

/// Names and contents of the zip inside the answer.
fn unpacked(content: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let packed = STANDARD.decode(content).unwrap();
    let mut zip = Vec::new();
    flate2::read::ZlibDecoder::new(packed.as_slice())
        .read_to_end(&mut zip)
        .ok()?;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).ok()?;
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).ok()?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).ok()?;
        files.push((entry.name().ok()?.into_owned(), bytes));
    }
    Some(files)
}

impl Shop {
    async fn unionpay_file(&self, date: &str) -> Fields {
        let own = [
            ("txnType", "76"),
            ("txnSubType", "01"),
            ("fileType", "00"),
            ("settleDate", date),
        ];
        self.unionpay("/", &own).await
    }

    /// The lines of a day's details.
    async fn unionpay_lines(&self, date: &str) -> Vec<Vec<u8>> {
        let answer = self.unionpay_file(date).await;
        let content = answer
            .get("fileContent")
            .unwrap_or_else(|| panic!("{answer:?}"));
        let files = unpacked(content).expect("a whole zip");
        let details = &files[0].1;
        assert!(details.ends_with(b"\r\n"));
        let lines = details.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let line = line.strip_suffix(b"\r").expect("CRLF");
                assert_eq!(line.len(), 607);
                line.to_vec()
            })
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_there_at_ten_and_lists_what_was_settled() {
    let shop = Shop::open().await;
    shop.sandbox.set_fee_rate(Channel::Unionpay, 6_000).unwrap();
    let code = paydesk_sandbox::sample_code(Channel::Unionpay, Behaviour::Pays, 1);
    let mut own = shop.unionpay_money("UPFILE001", "8888");
    own.extend([("txnType", "01"), ("txnSubType", "06"), ("qrNo", &code)]);
    own.push(("reqReserved", "门店1|乙"));
    let answer = shop.unionpay(crate::unionpay_till::BACK, &own).await;
    let paid = shop.unionpay_order("UPFILE001", &answer);
    let (refund, _) = shop.unionpay_back("04", &paid, "UPFILE001R1", "2000").await;
    let (other, _) = shop
        .unionpay_pay("UPFILE002", "1000", Behaviour::Pays)
        .await;
    shop.unionpay_back("31", &other, "UPFILE002U1", "1000")
        .await;
    shop.unionpay_pay("UPFILE003", "1", Behaviour::RefusesPassword)
        .await;
    // From 23:00 on it is the next settlement day.
    shop.pass(13 * HOUR_MS);
    shop.unionpay_pay("UPFILE004", "77", Behaviour::Pays).await;

    assert_eq!(
        shop.unionpay_file("1121").await["respCode"],
        "98",
        "the same evening"
    );
    shop.pass(10 * HOUR_MS);
    assert_eq!(shop.unionpay_file("1121").await["respCode"], "98", "09:22");
    shop.pass(HOUR_MS);
    let answer = shop.unionpay_file("1121").await;
    let mer_id = shop.merchant().unionpay.mer_id.clone();
    assert_eq!(answer["fileName"], format!("{mer_id}_20261121.zip"));
    let files = unpacked(&answer["fileContent"]).unwrap();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            format!("INN26112188ZM_{mer_id}.txt"),
            format!("INN26112188ZME_{mer_id}.txt")
        ]
    );
    assert!(files[1].1.is_empty(), "no adjustment");

    let lines = shop.unionpay_lines("1121").await;
    let rows: Vec<_> = lines
        .iter()
        .map(|line| (cell(line, KIND), cell(line, NUMBER), cell(line, AMOUNT)))
        .collect();
    let row = |kind: &str, number: &str, fen: i64| {
        (kind.to_owned(), number.to_owned(), format!("{fen:012}"))
    };
    assert_eq!(
        rows,
        [
            row("01", "UPFILE001", 8888),
            row("01", "UPFILE002", 1000),
            row("31", "UPFILE002U1", 1000),
            row("04", "UPFILE001R1", 2000),
        ]
    );
    for (at, place, value) in [
        (0, SUB_KIND, "06"),
        (0, ACCOUNT, "6216***********0018"),
        (0, QUERY_ID, paid.id.as_str()),
        (0, FEE, "D000000000053"),
        (0, SETTLED, "C000000008835"),
        (0, MERCHANT, &mer_id),
        (0, TERMINAL, "00000001"),
        (0, RESERVED, "门店1|乙"),
        (0, ORIGINAL_ID, ""),
        (3, SUB_KIND, "00"),
        (3, QUERY_ID, refund.id.as_str()),
        (3, FEE, "C000000000012"),
        (3, SETTLED, "D000000001988"),
        (3, ORIGINAL_ID, paid.id.as_str()),
        (3, ORIGINAL_NUMBER, "UPFILE001"),
    ] {
        assert_eq!(cell(&lines[at], place), value, "line {at} at {}", place.0);
    }
    shop.pass(24 * HOUR_MS);
    let lines = shop.unionpay_lines("1122").await;
    assert_eq!(lines.len(), 1);
    assert_eq!(cell(&lines[0], NUMBER), "UPFILE004");
    assert_eq!(
        shop.unionpay_file("1120").await["respCode"],
        "98",
        "nothing happened"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_asks_and_faults_of_bills() {
    let shop = Shop::open().await;
    shop.unionpay_pay("UPFLAW001", "1000", Behaviour::Pays)
        .await;
    shop.pass(24 * HOUR_MS);
    for (name, value, code) in [
        ("settleDate", "1321", "10"),
        ("settleDate", "", "13"),
        ("fileType", "01", "10"),
        ("txnTime", "20261121102212", "10"),
    ] {
        let mut own = vec![("txnType", "76"), ("txnSubType", "01"), ("fileType", "00")];
        own.extend([("settleDate", "1121"), (name, value)]);
        assert_eq!(
            shop.unionpay("/", &own).await["respCode"],
            code,
            "{name}={value}"
        );
    }
    let whole = shop.unionpay_file("1121").await["fileContent"].clone();
    assert!(unpacked(&whole).is_some());
    for (kind, code) in [
        (FaultKind::BillNotReady, "98"),
        (FaultKind::BillNotAllowed, "32"),
        (FaultKind::BillTruncated, "00"),
        (FaultKind::BillDigestWrong, "00"),
    ] {
        shop.sandbox.set_fault(Fault {
            channel: Some(Channel::Unionpay),
            remaining: Some(1),
            ..Fault::always(kind)
        });
        let answer = shop.unionpay_file("1121").await;
        assert_eq!(answer["respCode"], code, "{kind:?}");
        if let Some(content) = answer.get("fileContent") {
            assert!(unpacked(content).is_none(), "{kind:?}");
        }
    }
    let get = shop.client.get(shop.url("/"));
    assert_eq!(shop.send(get).await.unwrap().status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_differences_stand_in_the_file() {
    let shop = Shop::open().await;
    for at in 1..=7 {
        let number = format!("UPPLANT{at:02}");
        shop.unionpay_pay(&number, "1000", Behaviour::Pays).await;
    }
    shop.pass(24 * HOUR_MS);
    let codes = [
        "missing_ours",
        "missing_channel",
        "amount_over",
        "fee",
        "duplicate_channel",
        "next_day",
        "previous_day",
    ];
    let plants: Vec<_> = codes
        .iter()
        .map(|code| json!({ "code": code, "channel": "unionpay", "day": "2026-11-21" }))
        .collect();
    let (status, planted) = shop
        .control("POST", "plant", json!({ "plants": plants }))
        .await;
    assert_eq!(status, 200, "{planted}");
    shop.pass(24 * HOUR_MS);
    let mut counts = Vec::new();
    for date in ["1120", "1121", "1122"] {
        let lines = shop.unionpay_lines(date).await;
        counts.push(lines.len());
        for planted in planted["planted"].as_array().unwrap() {
            let number = planted["out_trade_no"].as_str().unwrap();
            let days = planted["bill_days"].as_array().unwrap().iter();
            let day = format!("2026-{}-{}", &date[..2], &date[2..]);
            let wanted = days.filter(|of| **of == day).count();
            let own = lines.iter().filter(|line| cell(line, NUMBER) == number);
            assert_eq!(own.count(), wanted, "{planted} on {date}");
        }
    }
    // Seven, one more that the shop never made, one missing, one twice, one on either side.
    assert_eq!(counts, [1, 6, 1]);
}
