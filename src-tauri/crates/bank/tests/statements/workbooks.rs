//! XLSX and XLS: a statement that holds what a workbook can do to amounts, the samples of Chinese banks saved by
//! LibreOffice, and workbooks made to harm.

use crate::{money, reason, samples::sample, summaries, words};
use jiff::civil::{date, time};
use paydesk_bank::{Reason, StatementFile, read};
use paydesk_domain::{BankLine, BankStatement};
use std::{
    io::{Cursor, Write},
    path::Path,
    process::Command,
};
use zip::{ZipWriter, write::SimpleFileOptions};

fn fixture(kind: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let file = format!("tests/fixtures/bank_workbooks/statement.{kind}");
    std::fs::read(root.join(file)).unwrap()
}

#[test]
fn formulas_hidden_rows_merged_cells_and_fonts_do_not_move_an_amount() {
    let [new, old] = ["xlsx", "xls"].map(|kind| read(&fixture(kind)).unwrap());
    assert_eq!(
        summaries(&new),
        ["6225880100001234 CNY 100.00→2334.69 5× 2234.69 holds"]
    );
    assert_eq!(new.statements, old.statements);
    let table = &new.tables[0];
    assert_eq!(
        (table.sheet.as_str(), table.titles_row, table.skipped),
        ("明细", 4, 1)
    );
    assert_eq!(table, &old.tables[0]);
    let statement = &new.statements[0];
    assert_eq!(statement.account.holder, "演示商店");
    let mut line = BankLine::new(6, date(2026, 11, 18), money("-0.07", "CNY"));
    line.time = Some(time(9, 31, 0, 0));
    line.balance = Some(money("1334.49", "CNY"));
    line.text = "手续费".to_owned();
    line.bank_reference = "LS0002".to_owned();
    assert_eq!(statement.lines[1], line);
    assert_eq!(statement.lines[2].text, "转账".repeat(3000));
    assert_eq!(statement.lines[2].time, Some(time(23, 59, 59, 0)));
    assert_eq!(statement.lines[3].amount, money("2000.10", "CNY"));
    assert!(new.accept().is_ok());
}

/// What a workbook keeps of a line: numbers have fifteen digits there, so long accounts that look like numbers lose
/// their end, and the sheet is the one that shows it.
fn kept(statement: &BankStatement) -> Vec<BankLine> {
    let lines = statement.lines.iter().cloned();
    lines
        .map(|line| BankLine {
            counterparty: String::new(),
            counterparty_account: String::new(),
            ..line
        })
        .collect()
}

#[allow(clippy::print_stderr, reason = "says what was not done")]
fn converted(
    texts: &[(String, String)],
    kind: &str,
    filter: &str,
    country: u32,
) -> Option<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bank-{kind}-{country}"));
    std::fs::create_dir_all(&folder).unwrap();
    let files = texts.iter().map(|(name, text)| {
        let file = folder.join(name).with_extension("csv");
        std::fs::write(&file, text).unwrap();
        file
    });
    let files: Vec<_> = files.collect();
    let profile = folder.join("profile");
    let ended = Command::new("soffice")
        .arg(format!(
            "-env:UserInstallation=file://{}",
            profile.display()
        ))
        .args([
            "--headless",
            &format!("--infilter=CSV:44,34,76,1,,{country}"),
            "--convert-to",
            filter,
            "--outdir",
        ])
        .arg(&folder)
        .args(files)
        .output();
    match ended {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) => {
            eprintln!("skipped: no soffice ({error})");
            return None;
        }
    }
    let made = texts.iter().map(|(name, _)| {
        let file = folder.join(name).with_extension(kind);
        std::fs::read(file).unwrap()
    });
    Some(made.collect())
}

#[test]
fn the_samples_saved_as_workbooks_give_the_same_lines() {
    let names = [
        "abc-debit",
        "boc-debit",
        "bocom-debit",
        "cmb-debit",
        "hsbchk-debit",
        "icbc-credit",
        "icbc-debit-v1",
    ];
    let mut texts = Vec::new();
    for name in names {
        let Some(bytes) = sample(&format!("cn-bank/{name}.csv")) else {
            return;
        };
        let text = String::from_utf8(bytes).unwrap();
        // LibreOffice takes a tab behind a quote for part of the text; a balance that is none is refused either way.
        let text = text.replace("\"\t,", "\",").replace("xx,yyyy.zz", "");
        texts.push((name.to_owned(), text));
    }
    for (kind, filter) in [
        ("xlsx", "xlsx:Calc MS Excel 2007 XML"),
        ("xls", "xls:MS Excel 97"),
    ] {
        let Some(files) = converted(&texts, kind, filter, BRITAIN) else {
            return;
        };
        for ((name, text), bytes) in texts.iter().zip(&files) {
            let expected = read(text.as_bytes()).unwrap();
            let found = read(bytes).unwrap();
            assert_eq!(summaries(&found), summaries(&expected), "{name}.{kind}");
            for (found, expected) in found.statements.iter().zip(&expected.statements) {
                assert_eq!(kept(found), kept(expected), "{name}.{kind}");
                assert_eq!(found.check, expected.check);
            }
        }
    }
}

/// Whose way of writing dates LibreOffice reads a text by.
const BRITAIN: u32 = 2057;
const AMERICA: u32 = 1033;

#[test]
fn days_that_another_country_has_misread_are_refused() {
    let Some(bytes) = sample("cn-bank/hsbchk-debit.csv") else {
        return;
    };
    let text = String::from_utf8(bytes).unwrap().replace("\"\t,", "\",");
    let texts = [("hsbchk-debit".to_owned(), text)];
    // 24/03/2025 stays a text there, 12/03/2025 becomes 3 December.
    let Some(files) = converted(&texts, "xlsx", "xlsx:Calc MS Excel 2007 XML", AMERICA) else {
        return;
    };
    assert_eq!(words(read(&files[0])), "line 2: Date: not a date");
}

const LIST: &str = "<workbook xmlns:r=\"r\"><workbookPr/><sheets><sheet name=\"S\" r:id=\"r1\"/></sheets></workbook>";
const RELATIONS: &str =
    "<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
/// Of cells: 1 shows a day.
const STYLES: &str =
    "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn workbook_of(list: &str, sheet: &str) -> Vec<u8> {
    zipped(&[
        ("xl/workbook.xml", list.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

fn text(place: &str, text: &str) -> String {
    format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

fn sheet(rows: &str) -> String {
    let titles = [text("A1", "日期"), text("B1", "摘要"), text("C1", "金额")].concat();
    format!("<worksheet><sheetData><row r=\"1\">{titles}</row>{rows}</sheetData></worksheet>")
}

fn movement(amount: &str) -> String {
    let words = text("B2", "x");
    format!("<row r=\"2\"><c r=\"A2\" s=\"1\"><v>46346</v></c>{words}<c r=\"C2\"{amount}</c></row>")
}

fn found(amount: &str) -> Result<StatementFile, paydesk_bank::StatementFault> {
    read(&workbook_of(LIST, &sheet(&movement(amount))))
}

#[test]
fn a_cell_is_an_amount_as_a_person_sees_it_or_refused() {
    for (amount, minor) in [
        ("><v>1234.5599999999999</v>", 123_456),
        ("><v>-1.0E-2</v>", -1),
        ("><f>1+1</f><v>2</v>", 200),
        (" t=\"str\"><f>T(1)</f><v>2,000.10</v>", 200_010),
        (
            " t=\"inlineStr\"><is><r><t>1.</t></r><r><t>50</t></r></is>",
            150,
        ),
    ] {
        let file = found(amount).unwrap();
        assert_eq!(
            file.statements[0].lines[0].amount.minor(),
            minor,
            "{amount}"
        );
        assert_eq!(file.statements[0].lines[0].booked, date(2026, 11, 20));
    }
    for (amount, expected) in [
        ("><f>1+1</f>", "line 2: 金额: not an amount"),
        (">", "line 2: 金额: missing"),
        (
            "><v>1.005</v>",
            "line 2: 金额: more decimals than the currency has",
        ),
        ("><v>1e40</v>", "line 2: 金额: not an amount"),
        (" t=\"e\"><v>#REF!</v>", "line 2: 金额: not an amount"),
        (" t=\"b\"><v>TRUE</v>", "line 2: 金额: not an amount"),
        (
            " t=\"s\"><v>7</v>",
            "line 2: C2: this breaks the rules of the format",
        ),
        (" s=\"1\"><v>46346</v>", "line 2: 金额: not an amount"),
    ] {
        assert_eq!(words(found(amount)), expected, "{amount}");
    }
}

#[test]
fn days_of_1904_and_sheets_out_of_order_are_read_or_refused() {
    let list = LIST.replace("<workbookPr/>", "<workbookPr date1904=\"1\"/>");
    let file = read(&workbook_of(&list, &sheet(&movement("><v>1</v>")))).unwrap();
    assert_eq!(file.statements[0].lines[0].booked, date(2030, 11, 21));
    let twice = movement("><v>1</v>").repeat(2);
    assert_eq!(
        reason(read(&workbook_of(LIST, &sheet(&twice)))),
        (3, Reason::Syntax)
    );
    let wide = movement("><v>1</v>").replace("</row>", "<c r=\"ZZ2\"><v>1</v></c></row>");
    assert_eq!(
        reason(read(&workbook_of(LIST, &sheet(&wide)))),
        (2, Reason::TooLarge)
    );
    let back = movement("><v>1</v>").replace("C2", "A2");
    assert_eq!(
        reason(read(&workbook_of(LIST, &sheet(&back)))),
        (2, Reason::Syntax)
    );
    let hidden = LIST.replace("<sheet ", "<sheet state=\"hidden\" ");
    let one = sheet(&movement("><v>1</v>"));
    assert_eq!(
        reason(read(&workbook_of(&hidden, &one))).1,
        Reason::NotAStatement
    );
    let dtd = format!("<!DOCTYPE w [<!ENTITY a \"b\">]>{one}");
    assert_eq!(reason(read(&workbook_of(LIST, &dtd))).1, Reason::Dtd);
}

#[test]
fn bombs_cuts_and_other_archives_are_refused() {
    let bomb = sheet(&" ".repeat(40 << 20));
    assert_eq!(reason(read(&workbook_of(LIST, &bomb))).1, Reason::Bomb);
    let whole = workbook_of(LIST, &sheet(&movement("><v>1</v>")));
    assert!(read(&whole).is_ok());
    for cut in 4..whole.len() {
        assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
    }
    assert_eq!(reason(read(&whole[..200])).1, Reason::Truncated);
    let other = zipped(&[("bill.csv", b"a,b")]);
    assert_eq!(reason(read(&other)).1, Reason::NotAStatement);
    let many: Vec<String> = (0..600).map(|n| format!("part{n}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(reason(read(&zipped(&many))).1, Reason::Archive);
}

#[test]
fn an_old_workbook_that_is_cut_or_bites_its_tail_is_refused() {
    let whole = fixture("xls");
    let expected = read(&whole).unwrap();
    for cut in (8..whole.len() - 512).step_by(97) {
        assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
    }
    // Each sector of the first table of chains follows itself.
    let table = u32::from_le_bytes(whole[76..80].try_into().unwrap()) as usize;
    let mut tail = whole.clone();
    for n in 0..128_u32 {
        let at = (table + 1) * 512 + n as usize * 4;
        tail[at..at + 4].copy_from_slice(&n.to_le_bytes());
    }
    assert_eq!(reason(read(&tail)).1, Reason::Archive);
    // One byte wrong anywhere: no line has another amount in silence, as long as the balances are still there.
    for at in (512..whole.len()).step_by(13) {
        let mut wrong = whole.clone();
        wrong[at] ^= 0x10;
        if let Ok(file) = read(&wrong)
            && file.statements[0].check == expected.statements[0].check
        {
            for line in &file.statements[0].lines {
                let same = expected.statements[0].lines.iter();
                let same = same.filter(|other| other.row == line.row);
                let amounts: Vec<_> = same.map(|other| other.amount).collect();
                assert_eq!(amounts, [line.amount], "byte {at}");
            }
        }
    }
}
