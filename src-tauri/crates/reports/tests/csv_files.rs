//! The files as another reader of CSV sees them: cells, line ends, totals, digest.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use jiff::tz::TimeZone;
use paydesk_domain::{
    BillLine, BookLine, Break, BreakCode, BusinessDay, ChannelDay, Currency, Damage, Explanation,
    FeeRate, LineKind, LineState, Money, OrderStatus, Timestamp,
};
use paydesk_reports::{
    DifferenceList, ExportError, Exported, Heading, ListFormat, ListSetting, OrderLine, OrderList,
};
use paydesk_texts::{Language, has, text};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// 2026-11-21 06:41:08 UTC, a quarter to three in the shop.
const AT: Timestamp = Timestamp(1_795_243_268_000);

fn shanghai() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn setting(language: Language) -> ListSetting {
    ListSetting {
        format: ListFormat::Csv { has_bom: true },
        language,
        zone: shanghai(),
        currency: Currency::CNY,
        heading: Heading::default(),
    }
}

fn cny(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

fn order(taken: i64, refunded: i64, note: &str) -> OrderLine {
    OrderLine {
        number: "T7K2M02611210001AE".to_owned(),
        day: BusinessDay(20_261_121),
        at: AT,
        channel: "alipay".to_owned(),
        status: OrderStatus::Paid,
        amount: cny(4650),
        taken: cny(taken),
        refunded: cny(refunded),
        operator: "收银员 1".to_owned(),
        note: note.to_owned(),
    }
}

fn orders(language: Language, lines: &[OrderLine]) -> (Vec<u8>, Exported) {
    let mut csv = OrderList::begin(Vec::new(), setting(language)).unwrap();
    for line in lines {
        csv.row(line).unwrap();
    }
    csv.finish().unwrap()
}

fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").expect("a BOM");
    csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text)
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_list_reads_back_cell_by_cell() {
    let (bytes, exported) = orders(Language::English, &[order(4650, 150, "no sugar")]);
    let rows = cells(&bytes);
    assert_eq!(
        rows[0],
        [
            "Order number",
            "Business day",
            "Time",
            "Channel",
            "Status",
            "Owed",
            "Received",
            "Refunded",
            "Net",
            "Currency",
            "Operator",
            "Note"
        ]
    );
    assert_eq!(
        rows[1],
        [
            "T7K2M02611210001AE",
            "2026-11-21",
            "2026-11-21 14:41:08",
            "Alipay",
            "Paid",
            "46.50",
            "46.50",
            "1.50",
            "45.00",
            "CNY",
            "收银员 1",
            "no sugar"
        ]
    );
    assert_eq!(
        rows[2],
        [
            "Total", "Count: 1", "", "", "", "", "46.50", "1.50", "45.00", "CNY", "", ""
        ]
    );
    assert_eq!((rows.len(), exported.rows), (3, 1));
}

#[test]
fn the_digest_is_of_the_bytes_and_every_line_ends_as_windows_does() {
    let (bytes, exported) = orders(Language::Chinese, &[order(4650, 0, "蛋糕")]);
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(exported.sha256, digest);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains('\n'));
    assert!(text.contains("订单号") && text.contains("支付宝") && text.contains("蛋糕"));
    assert_eq!(
        orders(Language::Chinese, &[order(4650, 0, "蛋糕")]).0,
        bytes,
        "same input, same bytes"
    );
}

#[test]
fn hostile_notes_stay_in_their_cell_and_run_nothing() {
    for (note, expected) in [
        ("a,\"b\"\r\nc", "a,\"b\"\r\nc"),
        ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
        ("@SUM(A1:A9)", "'@SUM(A1:A9)"),
        ("\t=1", "'\t=1"),
        ("👩‍🍳 生日蛋糕", "👩‍🍳 生日蛋糕"),
        ("شكرا", "شكرا"),
        ("\u{202e}gnp.exe", "\u{fffd}gnp.exe"),
    ] {
        let mut line = order(4650, 0, note);
        line.operator = note.to_owned();
        let (bytes, _) = orders(Language::Chinese, &[line, order(1, 0, "")]);
        let rows = cells(&bytes);
        assert_eq!(
            (rows[1][10].as_str(), rows[1][11].as_str()),
            (expected, expected)
        );
        assert_eq!(rows.len(), 4, "{note:?}");
        assert!(rows.iter().all(|row| row.len() == 12), "{note:?}");
    }
}

#[test]
fn an_empty_list_says_so_in_its_totals() {
    let (bytes, exported) = orders(Language::English, &[]);
    let rows = cells(&bytes);
    assert_eq!((rows.len(), exported.rows), (2, 0));
    assert_eq!(rows[1][..2], ["Total".to_owned(), "Count: 0".to_owned()]);
    assert_eq!((rows[1][6].as_str(), rows[1][9].as_str()), ("0.00", "CNY"));
}

#[test]
fn each_currency_has_its_own_totals() {
    let yen = |minor| Money::from_minor(minor, Currency::from_code("JPY").unwrap());
    let abroad = OrderLine {
        amount: yen(500),
        taken: yen(500),
        refunded: yen(0),
        ..order(0, 0, "")
    };
    let lines = [order(4650, 4650, ""), abroad, order(350, 0, "")];
    let rows = cells(&orders(Language::English, &lines).0);
    let totals: Vec<String> = rows[4..].iter().map(|row| row.join("|")).collect();
    assert_eq!(
        totals,
        [
            "Total|Count: 2|||||50.00|46.50|3.50|CNY||",
            "Total|Count: 1|||||500|0|500|JPY||"
        ]
    );
    let only_yen = cells(&orders(Language::English, &lines[1..2]).0);
    assert_eq!(only_yen.len(), 3, "no line for a currency without orders");
}

#[test]
fn sums_that_do_not_fit_are_an_error_and_not_a_number() {
    let mut csv = OrderList::begin(Vec::new(), setting(Language::English)).unwrap();
    csv.row(&order(i64::MAX, 0, "")).unwrap();
    let error = csv.row(&order(1, 0, "")).unwrap_err();
    assert!(matches!(error, ExportError::Money(_)), "{error}");
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said_as_such_wherever_it_comes() {
    let long = order(1, 0, &"长".repeat(200));
    for room in [0, 1_000, 70_000] {
        let export = || -> Result<Exported, ExportError> {
            let mut csv = OrderList::begin(Full(room), setting(Language::English))?;
            for _ in 0..200 {
                csv.row(&long)?;
            }
            csv.finish().map(|(_, exported)| exported)
        };
        match export().unwrap_err() {
            ExportError::Io(error) => {
                assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
            }
            other => panic!("{other}"),
        }
    }
}

fn bill(minor: i64, fee: i64) -> BillLine {
    BillLine {
        row: 14,
        kind: LineKind::Payment,
        payment: "T7K2M02611210001AEA1".to_owned(),
        refund: String::new(),
        transaction: "2026112122001430001400123456".to_owned(),
        amount: cny(minor),
        fee: cny(fee),
        at: AT,
        state: LineState::Done,
    }
}

fn book(minor: i64, fee: i64) -> BookLine {
    BookLine {
        kind: LineKind::Payment,
        payment: "T7K2M02611210001AEA1".to_owned(),
        refund: String::new(),
        transaction: None,
        amount: cny(minor),
        fee: Some(cny(fee)),
        at: AT,
        day: ChannelDay(20_261_121),
        state: LineState::Done,
    }
}

fn breaks(found: &[(Break, Explanation)]) -> (Vec<Vec<String>>, Exported) {
    let mut csv = DifferenceList::begin(
        Vec::new(),
        setting(Language::English),
        "alipay",
        ChannelDay(20_261_121),
    )
    .unwrap();
    for (found, explanation) in found {
        csv.row(found, *explanation).unwrap();
    }
    let (bytes, exported) = csv.finish().unwrap();
    (cells(&bytes), exported)
}

#[test]
fn differences_stand_with_both_sides_and_their_sums() {
    let implied = FeeRate::from_millionths(5_500).unwrap();
    let lower = Break {
        code: BreakCode::AmountUnder,
        bill: Some(bill(4600, 28)),
        book: Some(book(4650, 28)),
        difference: Some(cny(-50)),
    };
    let fee = Break {
        code: BreakCode::Fee,
        bill: Some(bill(4650, 26)),
        book: Some(book(4650, 28)),
        difference: Some(cny(-2)),
    };
    let alone = Break {
        code: BreakCode::MissingOurs,
        bill: Some(bill(100, 1)),
        book: None,
        difference: Some(cny(100)),
    };
    let (rows, exported) = breaks(&[
        (lower, Explanation::Unexplained),
        (fee, Explanation::FeeRateDiffers { implied, sum: None }),
        (alone, Explanation::NotAPaydeskNumber),
    ]);
    assert_eq!((rows.len(), exported.rows), (5, 3));
    assert_eq!(
        rows[1][..17],
        [
            "Alipay",
            "2026-11-21",
            &text(Language::English, "break_amount_under", &[]),
            "Payment",
            "T7K2M02611210001AEA1",
            "",
            "'2026112122001430001400123456",
            "14",
            "2026-11-21 14:41:08",
            "2026-11-21 14:41:08",
            "46.00",
            "46.50",
            "0.28",
            "0.28",
            "-0.50",
            "",
            "CNY"
        ]
    );
    assert_eq!((rows[2][14].as_str(), rows[2][15].as_str()), ("", "-0.02"));
    assert!(rows[2][17].contains("0.55 %"), "{}", rows[2][17]);
    assert_eq!(
        (rows[3][9].as_str(), rows[3][11].as_str()),
        ("", ""),
        "no side of ours"
    );
    assert_eq!(
        rows[4].join("|"),
        "Total|Count: 3|||||||||||||0.50|-0.02|CNY|"
    );
}

#[test]
fn a_day_without_differences_and_two_currencies_are_told() {
    let (rows, exported) = breaks(&[]);
    assert_eq!((rows.len(), exported.rows), (2, 0));
    assert_eq!(rows[1][1], "Count: 0");
    let mut dollars = book(4650, 28);
    dollars.amount = Money::from_minor(4650, Currency::from_code("USD").unwrap());
    let two = Break {
        code: BreakCode::Currency,
        bill: Some(bill(4650, 28)),
        book: Some(dollars),
        difference: None,
    };
    let (rows, _) = breaks(&[(two, Explanation::Unexplained)]);
    assert_eq!(
        (rows[1][14].as_str(), rows[1][16].as_str()),
        ("", "CNY/USD")
    );
}

#[test]
fn a_foreign_reference_that_is_a_formula_runs_nothing() {
    let mut line = bill(100, 0);
    line.payment = "=cmd|' /C calc'!A0".to_owned();
    let (rows, _) = breaks(&[(
        Break {
            code: BreakCode::MissingOurs,
            bill: Some(line),
            book: None,
            difference: Some(cny(100)),
        },
        Explanation::RepeatedRow { first_row: 7 },
    )]);
    assert_eq!(rows[1][4], "'=cmd|' /C calc'!A0");
    assert!(rows[1][17].contains("row 7"));
}

#[test]
fn every_code_and_explanation_has_its_words() {
    let explanations = [
        Explanation::FeeRateDiffers {
            implied: FeeRate::from_millionths(1).unwrap(),
            sum: None,
        },
        Explanation::HappenedNearMidnight { seconds: 1 },
        Explanation::InDoubtWhenCut,
        Explanation::NotAPaydeskNumber,
        Explanation::RepeatedRow { first_row: 1 },
        Explanation::RoundingPerLine { sum: None },
        Explanation::ReferenceMangled {
            damage: Damage::Cut,
        },
        Explanation::SumOfSeveral {
            lines: 2,
            total: cny(1),
        },
        Explanation::Unexplained,
    ];
    for language in [Language::Chinese, Language::English] {
        for code in BreakCode::ALL {
            assert!(has(language, &format!("break_{}", code.name())), "{code:?}");
        }
        for explanation in explanations {
            let key = format!("why_{}", explanation.name());
            assert!(has(language, &key), "{key}");
        }
    }
    let said = text(Language::English, "why_unexplained", &[]);
    assert!(!said.contains('{'));
}
