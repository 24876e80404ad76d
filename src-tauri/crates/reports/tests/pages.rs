//! Reports on paper: the same numbers as in the tables, the same bytes each time, and a font that may be missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

use jiff::{civil::date, tz::TimeZone};
use paydesk_domain::{
    BillLine, BookLine, Break, BreakCode, ChannelDay, Currency, Explanation, LineKind, LineState,
    Money, Timestamp, Totals,
};
use paydesk_reports::{
    BankWay, BankWayLine, DayReport, DecidedItem, Document, DocumentFormat, ExportError, Exported,
    Font, Heading, ListFormat, Statement, StatementDay, day_report, statement, write_document,
};
use paydesk_texts::Language;
use std::{fs, io::Read, path::Path};

const AT: Timestamp = Timestamp(1_795_243_268_000);

fn cny(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

fn totals(payments: u64, paid: i64, refunds: u64, refunded: i64, fee: i64) -> Totals {
    Totals {
        payments,
        paid: cny(paid),
        refunds,
        refunded: cny(refunded),
        fee: cny(fee),
    }
}

fn heading() -> Heading {
    Heading {
        shop: "演示店 🍰".to_owned(),
        account: "前台".to_owned(),
        program: "Paydesk 0.1.0".to_owned(),
        ..Heading::default()
    }
}

fn difference(n: i64) -> (Break, Explanation) {
    let reference = format!("T7K2M0261121{n:04}AEA1");
    let bill = BillLine {
        row: 14,
        kind: LineKind::Payment,
        payment: reference.clone(),
        refund: String::new(),
        transaction: "2026112122001430001400123456".to_owned(),
        amount: cny(4_600 + n),
        fee: cny(28),
        at: AT,
        state: LineState::Done,
    };
    let book = BookLine {
        kind: LineKind::Payment,
        payment: reference,
        refund: String::new(),
        transaction: None,
        amount: cny(4_650 + n),
        fee: Some(cny(28)),
        at: AT,
        day: ChannelDay(20_261_121),
        state: LineState::Done,
    };
    let (code, bill, book, difference) = match n % 3 {
        0 => (
            BreakCode::AmountUnder,
            Some(bill),
            Some(book),
            Some(cny(-50)),
        ),
        1 => (
            BreakCode::MissingOurs,
            Some(bill),
            None,
            Some(cny(4_600 + n)),
        ),
        _ => (
            BreakCode::MissingChannel,
            None,
            Some(book),
            Some(cny(-4_650 - n)),
        ),
    };
    let found = Break {
        code,
        bill,
        book,
        difference,
    };
    let why = [
        Explanation::Unexplained,
        Explanation::NotAPaydeskNumber,
        Explanation::InDoubtWhenCut,
    ];
    (found, why[usize::try_from(n % 3).unwrap()])
}

/// The third of three is carried over.
fn decided(n: i64) -> DecidedItem {
    let is_carried = n == 2;
    DecidedItem {
        found: difference(n).0,
        act: if is_carried { "exception" } else { "fee" }.to_owned(),
        remark: "已电话核实".to_owned(),
        by: "小林".to_owned(),
        owner: "会计 1".to_owned(),
        is_carried,
    }
}

fn day(differences: i64, language: Language) -> Document {
    let report = DayReport {
        heading: heading(),
        channel: "alipay".to_owned(),
        day: ChannelDay(20_261_121),
        bill: totals(1_204, 123_456_789, 12, 98_765, 740_741),
        books: totals(1_203, 123_456_739, 12, 98_765, 740_740),
        matched: 1_190,
        differences: (0..differences).map(difference).collect(),
        decided: (0..differences.min(3)).map(decided).collect(),
        way: BankWay {
            books_net: cny(122_617_234),
            steps: vec![("exception".to_owned(), 2, cny(50))],
            rest: cny(-1),
            bill_net: cny(122_617_283),
            reserve: cny(-5_000),
            explained: vec![("fee_rounding".to_owned(), cny(2))],
            difference: cny(0),
            arrived: cny(122_612_285),
            in_transit: cny(0),
            expected_on: None,
            lines: vec![BankWayLine {
                account: "6222000188880000421".to_owned(),
                booked: date(2026, 11, 23),
                amount: cny(122_612_285),
                reference: "商户号2088000000000 2026-11-21结算款".to_owned(),
            }],
        },
        imported: Some((AT, "小林".to_owned())),
        chain_head: Some(
            "9f2c41d77a0be3c5d1f0a4f3e2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3".to_owned(),
        ),
    };
    day_report(&report, language, &TimeZone::get("Asia/Shanghai").unwrap()).unwrap()
}

fn month(language: Language) -> Document {
    let rows = (1..=30).map(|n| StatementDay {
        day: ChannelDay(20_261_100 + n),
        bill: totals(100, 1_000_000 + i64::from(n), 2, 5_000, 5_970),
        differences: u64::from(n % 7 == 0),
    });
    let wanted = Statement {
        heading: heading(),
        channel: "wechatpay".to_owned(),
        days: (date(2026, 11, 1), date(2026, 11, 30)),
        none: Totals::zero(Currency::CNY),
        rows: rows.collect(),
    };
    statement(&wanted, language).unwrap()
}

/// A font of this PC, where there is one.
fn font_file() -> Option<Vec<u8>> {
    let found = fs::read("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").ok();
    if found.is_none() {
        eprintln!("skipped: no fonts-noto-cjk");
    }
    found
}

fn pdf(document: &Document, language: Language, font: &Font<'_>) -> (Vec<u8>, Exported) {
    write_document(Vec::new(), DocumentFormat::Pdf(font), language, document).unwrap()
}

#[test]
fn the_tables_of_a_day_are_golden() {
    let csv = |document: &Document, language| {
        let format = DocumentFormat::Sheet(ListFormat::Csv { has_bom: false });
        let (bytes, exported) = write_document(Vec::new(), format, language, document).unwrap();
        (
            String::from_utf8(bytes).unwrap().replace('\r', ""),
            exported,
        )
    };
    let (text, exported) = csv(&day(3, Language::Chinese), Language::Chinese);
    assert_eq!(text, include_str!("golden/day-report.csv"));
    assert_eq!(exported.rows, 19);
    assert_eq!(exported.totals[0].sum("bill_net"), Some(cny(122_617_283)));
    let (text, _) = csv(&month(Language::English), Language::English);
    assert_eq!(text, include_str!("golden/statement.csv"));
}

#[test]
fn a_sheet_per_table_is_the_same_bytes_each_time() {
    let format = DocumentFormat::Sheet(ListFormat::Xlsx);
    let written = || {
        let document = day(40, Language::Chinese);
        write_document(Vec::new(), format, Language::Chinese, &document).unwrap()
    };
    assert_eq!(written().0, written().0);
    assert!(!written().0.windows(3).any(|bytes| bytes == b"<f>"));
}

#[test]
fn the_same_report_is_the_same_pages_byte_by_byte() {
    let Some(file) = font_file() else {
        return;
    };
    let font = Font::read(&file).unwrap();
    assert_eq!(font.used().name, "Noto Sans CJK SC");
    assert_eq!(font.used().sha256.len(), 64);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reports-pages");
    fs::create_dir_all(&folder).unwrap();
    for (name, document, language) in [
        ("day-zh", day(40, Language::Chinese), Language::Chinese),
        ("day-en", day(3, Language::English), Language::English),
        ("month-zh", month(Language::Chinese), Language::Chinese),
        ("month-en", month(Language::English), Language::English),
    ] {
        let (bytes, exported) = pdf(&document, language, &font);
        assert_eq!(pdf(&document, language, &font).0, bytes);
        assert!(
            bytes.starts_with(b"%PDF-1.7") && bytes.len() < 100_000,
            "{}",
            bytes.len()
        );
        assert_eq!(exported.totals, document.totals);
        fs::write(folder.join(name).with_extension("pdf"), bytes).unwrap();
    }
}

/// What a file was when it was last looked at; written anew where `PAYDESK_GOLDEN` says so.
#[allow(clippy::disallowed_methods, reason = "a test asks its caller")]
fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("PAYDESK_GOLDEN").is_some() {
        fs::write(&file, text).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap();
    for (row, (kept, now)) in kept.lines().zip(text.lines()).enumerate() {
        assert_eq!(now, kept, "{name}, line {}", row + 1);
    }
    assert_eq!(text, kept, "{name}");
}

/// Every part of a workbook, and the digest of all its bytes.
fn parts(bytes: &[u8], sha256: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = format!("sha256 {sha256}\n");
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        text += &format!("== {}\n", part.name().unwrap());
        part.read_to_string(&mut text).unwrap();
        text += "\n";
    }
    text.replace('\r', "").replace("><", ">\n<")
}

/// What is drawn on every page, and the digest of all its bytes.
fn drawn(bytes: &[u8], sha256: &str) -> String {
    let mut text = format!("sha256 {sha256}\n");
    let mut rest = bytes;
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|it| it == what);
    while let Some(at) = find(rest, b"stream\n") {
        rest = &rest[at + 7..];
        let mut inflated = Vec::new();
        let read = flate2::read::ZlibDecoder::new(rest).read_to_end(&mut inflated);
        // Of all streams only the pages set a font.
        if read.is_ok() && find(&inflated, b" Tf").is_some() {
            text += &format!(
                "== page\n{}\n",
                String::from_utf8_lossy(&inflated).escape_default()
            );
        }
        rest = &rest[find(rest, b"endstream").unwrap() + 9..];
    }
    assert!(text.contains("== page"), "no page was found");
    text.replace("\\n", "\n")
}

#[test]
fn workbooks_are_golden_byte_by_byte() {
    let xlsx = DocumentFormat::Sheet(ListFormat::Xlsx);
    for (name, document, language) in [
        ("day-report", day(3, Language::Chinese), Language::Chinese),
        ("statement", month(Language::English), Language::English),
    ] {
        let (bytes, exported) = write_document(Vec::new(), xlsx, language, &document).unwrap();
        golden(
            &format!("{name}.xlsx.txt"),
            &parts(&bytes, &exported.sha256),
        );
    }
}

/// The font that the golden pages were set in: another version has other outlines, and so other bytes.
const GOLDEN_FONT: &str = "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a";

#[test]
fn pages_are_golden_byte_by_byte_in_the_font_they_were_set_in() {
    let Some(file) = font_file() else {
        return;
    };
    let font = Font::read(&file).unwrap();
    if font.used().sha256 != GOLDEN_FONT {
        eprintln!("not compared: another version of {}", font.used().name);
        return;
    }
    for (name, document, language) in [
        ("day-report", day(3, Language::Chinese), Language::Chinese),
        ("statement", month(Language::English), Language::English),
    ] {
        let (bytes, exported) = pdf(&document, language, &font);
        golden(&format!("{name}.pdf.txt"), &drawn(&bytes, &exported.sha256));
    }
}

#[test]
fn a_file_that_is_no_font_for_chinese_is_refused() {
    for bytes in [&b""[..], b"not a font", &[0; 400]] {
        assert!(matches!(Font::read(bytes), Err(ExportError::Font(_))));
    }
    if let Ok(latin) = fs::read("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf") {
        assert!(matches!(Font::read(&latin), Err(ExportError::Font(_))));
    }
}
