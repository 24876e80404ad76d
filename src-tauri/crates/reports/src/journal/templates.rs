//! Entries in the columns that accounting programs import. The columns are documented in docs/exports.md.

use super::{JournalEntry, JournalLine, Side};
use crate::{
    csv_file::CsvFile,
    digest::Digesting,
    list::{ListFormat, columns},
    model::{Cell, Column, ColumnKind, CurrencyTotals, ExportError, Exported, Heading},
    xlsx::Workbook,
};
use encoding_rs::GBK;
use paydesk_domain::{Currency, Money};
use paydesk_texts::Language;
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// The voucher word of a general voucher, 记, as the programs know it.
const VOUCHER_WORD: &str = "记";

/// Bytes of a text in a text file of U8.
const U8_TEXT_MAX: usize = 60;

/// The programs an entry can be written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JournalTemplate {
    /// Beancount, a text journal.
    Beancount,
    /// Any program: one line per account, in the file's language.
    Generic,
    /// 金蝶: the sheet that its voucher import reads.
    Kingdee,
    /// 用友 T+: the sheet that its voucher import reads.
    YonyouT,
    /// 用友 U8, T6, T3: the text file of the general ledger's import tool, in GBK.
    YonyouU8,
}

const KINGDEE: [(&str, ColumnKind); 13] = [
    ("日期", ColumnKind::Day),
    ("凭证字", ColumnKind::Text),
    ("凭证号", ColumnKind::Integer),
    ("附件数", ColumnKind::Integer),
    ("分录序号", ColumnKind::Integer),
    ("摘要", ColumnKind::Text),
    ("科目代码", ColumnKind::Text),
    ("科目名称", ColumnKind::Text),
    ("借方金额", ColumnKind::Amount),
    ("贷方金额", ColumnKind::Amount),
    ("币别", ColumnKind::Text),
    ("汇率", ColumnKind::Integer),
    ("原币金额", ColumnKind::Amount),
];

const YONYOU_T: [(&str, ColumnKind); 11] = [
    ("凭证日期", ColumnKind::Day),
    ("凭证类别", ColumnKind::Text),
    ("凭证号", ColumnKind::Integer),
    ("附单据数", ColumnKind::Integer),
    ("摘要", ColumnKind::Text),
    ("科目编码", ColumnKind::Text),
    ("科目名称", ColumnKind::Text),
    ("币种", ColumnKind::Text),
    ("汇率", ColumnKind::Integer),
    ("借方金额", ColumnKind::Amount),
    ("贷方金额", ColumnKind::Amount),
];

const GENERIC: [(&str, ColumnKind); 8] = [
    ("journal_date", ColumnKind::Day),
    ("journal_number", ColumnKind::Integer),
    ("journal_text", ColumnKind::Text),
    ("journal_account_code", ColumnKind::Text),
    ("journal_account_name", ColumnKind::Text),
    ("journal_debit", ColumnKind::Amount),
    ("journal_credit", ColumnKind::Amount),
    ("currency", ColumnKind::Currency),
];

/// Writes the entries for a program. The first has the number 1; the programs give their own when they import.
/// `format` is looked at where the template has a choice.
///
/// # Errors
/// The writer's; `Money` when the sums do not fit.
pub fn write_journal<W: Write>(
    writer: W,
    template: JournalTemplate,
    format: ListFormat,
    language: Language,
    heading: &Heading,
    entries: &[JournalEntry],
) -> Result<(W, Exported), ExportError> {
    let written: Vec<&JournalEntry> = entries.iter().filter(|e| !e.lines.is_empty()).collect();
    let (rows, totals) = totals(&written)?;
    let (writer, sha256) = match template {
        JournalTemplate::Beancount => text_file(writer, &beancount(&written))?,
        JournalTemplate::YonyouU8 => {
            let text = yonyou_u8(&written);
            let (bytes, ..) = GBK.encode(&text);
            text_file(writer, &bytes)?
        }
        JournalTemplate::Generic | JournalTemplate::Kingdee | JournalTemplate::YonyouT => {
            let columns = match template {
                JournalTemplate::Kingdee => fixed(&KINGDEE),
                JournalTemplate::YonyouT => fixed(&YONYOU_T),
                _ => columns(language, &GENERIC),
            };
            let lines = written.iter().zip(1_u64..).flat_map(|(entry, number)| {
                let lines = entry.lines.iter().zip(1_u64..);
                lines.map(move |(line, at)| match template {
                    JournalTemplate::Kingdee => kingdee(entry, number, line, at),
                    JournalTemplate::YonyouT => yonyou_t(entry, number, line),
                    _ => generic(entry, number, line),
                })
            });
            table(writer, format, heading, &columns, lines)?
        }
    };
    Ok((
        writer,
        Exported {
            rows,
            sha256,
            totals,
        },
    ))
}

fn totals(entries: &[&JournalEntry]) -> Result<(u64, Vec<CurrencyTotals>), ExportError> {
    let mut sums: BTreeMap<&'static str, (u64, Money)> = BTreeMap::new();
    let mut rows = 0_u64;
    for entry in entries {
        let sum = entry.sum;
        let lines = u64::try_from(entry.lines.len()).unwrap_or(u64::MAX);
        let none = (0, Money::zero(sum.currency()));
        let kept = sums.entry(sum.currency().code()).or_insert(none);
        *kept = (kept.0.saturating_add(lines), kept.1.checked_add(sum)?);
        rows = rows.saturating_add(lines);
    }
    let totals = sums
        .into_iter()
        .map(|(currency, (rows, sum))| CurrencyTotals {
            currency: currency.to_owned(),
            rows,
            sums: vec![("debit", sum), ("credit", sum)],
        });
    Ok((rows, totals.collect()))
}

fn text_file<W: Write>(writer: W, bytes: &[u8]) -> io::Result<(W, String)> {
    let mut writer = Digesting::new(writer);
    writer.write_all(bytes)?;
    writer.finish()
}

fn table<'a, W: Write>(
    writer: W,
    format: ListFormat,
    heading: &Heading,
    columns: &[Column],
    lines: impl Iterator<Item = Vec<Cell<'a>>>,
) -> Result<(W, String), ExportError> {
    match format {
        ListFormat::Csv { has_bom } => {
            let mut file = CsvFile::begin(writer, has_bom, columns)?;
            for line in lines {
                file.line(&line)?;
            }
            file.finish()
        }
        ListFormat::Xlsx => {
            let sheets = [heading.title.clone()];
            let mut book = Workbook::begin(writer, &sheets, crate::list::created(heading))?;
            book.sheet(columns)?;
            for line in lines {
                book.line(&line)?;
            }
            book.finish()
        }
    }
}

/// Titles that a program looks for, whatever the file's language.
fn fixed(named: &[(&'static str, ColumnKind)]) -> Vec<Column> {
    let columns = named.iter().map(|(name, kind)| Column {
        name,
        title: (*name).to_owned(),
        kind: *kind,
    });
    columns.collect()
}

/// The amount on its side, nothing on the other.
fn sides(line: &JournalLine) -> [Cell<'static>; 2] {
    match line.side {
        Side::Debit => [Cell::Amount(line.amount), Cell::Empty],
        Side::Credit => [Cell::Empty, Cell::Amount(line.amount)],
    }
}

/// The name that the programs know China's currency by.
fn currency_name(currency: Currency) -> &'static str {
    if currency == Currency::CNY {
        return "RMB";
    }
    currency.code()
}

fn kingdee<'a>(entry: &JournalEntry, number: u64, line: &'a JournalLine, at: u64) -> Vec<Cell<'a>> {
    let [debit, credit] = sides(line);
    vec![
        Cell::Day(entry.date),
        Cell::text(VOUCHER_WORD),
        Cell::Integer(number),
        Cell::Integer(0),
        Cell::Integer(at),
        Cell::text(line.text.as_str()),
        Cell::text(line.account.code.as_str()),
        Cell::text(line.account.name.as_str()),
        debit,
        credit,
        Cell::text(currency_name(line.amount.currency())),
        Cell::Integer(1),
        Cell::Amount(line.amount),
    ]
}

fn yonyou_t<'a>(entry: &JournalEntry, number: u64, line: &'a JournalLine) -> Vec<Cell<'a>> {
    let [debit, credit] = sides(line);
    vec![
        Cell::Day(entry.date),
        Cell::text(VOUCHER_WORD),
        Cell::Integer(number),
        Cell::Integer(0),
        Cell::text(line.text.as_str()),
        Cell::text(line.account.code.as_str()),
        Cell::text(line.account.name.as_str()),
        Cell::text(currency_name(line.amount.currency())),
        Cell::Integer(1),
        debit,
        credit,
    ]
}

fn generic<'a>(entry: &JournalEntry, number: u64, line: &'a JournalLine) -> Vec<Cell<'a>> {
    let [debit, credit] = sides(line);
    vec![
        Cell::Day(entry.date),
        Cell::Integer(number),
        Cell::text(line.text.as_str()),
        Cell::text(line.account.code.as_str()),
        Cell::text(line.account.name.as_str()),
        debit,
        credit,
        Cell::text(line.amount.currency().code()),
    ]
}

/// One line per account behind the line that names the format; a comma ends a field and nothing quotes it.
fn yonyou_u8(entries: &[&JournalEntry]) -> String {
    let mut out = "填制凭证,V800\r\n".to_owned();
    for (entry, number) in entries.iter().zip(1_u64..) {
        for line in &entry.lines {
            let zero = Money::zero(line.amount.currency());
            let (debit, credit) = match line.side {
                Side::Debit => (line.amount, zero),
                Side::Credit => (zero, line.amount),
            };
            out.push_str(&format!(
                "{},{VOUCHER_WORD},{number},0,{},{},{},{},0,0,0,\r\n",
                entry.date,
                u8_text(&line.text),
                line.account.code,
                debit.to_decimal(),
                credit.to_decimal(),
            ));
        }
    }
    out
}

/// What the tool takes as one field: no comma, no line break, no longer than it keeps, nothing GBK has no sign for.
fn u8_text(text: &str) -> String {
    let mut kept = String::new();
    let mut bytes = 0;
    for character in text.chars() {
        let character = match character {
            ',' => '，',
            c if c.is_control() => ' ',
            c => c,
        };
        let mut one = [0; 4];
        let (encoded, _, is_lost) = GBK.encode(character.encode_utf8(&mut one));
        let (character, length) = if is_lost {
            ('?', 1)
        } else {
            (character, encoded.len())
        };
        bytes += length;
        if bytes > U8_TEXT_MAX {
            break;
        }
        kept.push(character);
    }
    kept
}

/// Accounts are opened on the first day, so that the file can be checked by itself.
fn beancount(entries: &[&JournalEntry]) -> Vec<u8> {
    let mut accounts = BTreeMap::new();
    for line in entries.iter().flat_map(|entry| &entry.lines) {
        let name = one_line(&line.account.name);
        accounts.entry(beancount_account(line)).or_insert(name);
    }
    let first = entries.iter().map(|entry| entry.date).min();
    let mut out = String::new();
    for (account, name) in accounts {
        if let Some(day) = first {
            out.push_str(&format!("{day} open {account} ; {name}\n"));
        }
    }
    for entry in entries {
        let said = one_line(&entry.text)
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
        out.push_str(&format!("\n{} * \"Paydesk\" \"{said}\"\n", entry.date));
        for line in &entry.lines {
            let sign = match line.side {
                Side::Debit => "",
                Side::Credit => "-",
            };
            out.push_str(&format!(
                "  {}  {sign}{} {}\n",
                beancount_account(line),
                line.amount.to_decimal(),
                line.amount.currency().code(),
            ));
        }
    }
    out.into_bytes()
}

/// Each part begins with a capital or a digit and holds letters, digits and hyphens.
fn beancount_account(line: &JournalLine) -> String {
    let part = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let mut code: String = line.account.code.chars().map(part).collect();
    if let Some(first) = code.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{}:{code}", line.role.root())
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
