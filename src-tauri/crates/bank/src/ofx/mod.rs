//! Open Financial Exchange, 1.x and 2.x: `BANKMSGSRSV1/STMTTRNRS/STMTRS` and, of cards,
//! `CREDITCARDMSGSRSV1/CCSTMTTRNRS/CCSTMTRS` (OFX 2.3, sections 11.4 and 11.3). `CURDEF` is the currency, `STMTTRN` a
//! movement, `LEDGERBAL` the closing balance; an opening balance is not in the format. `FITID` is the bank's number
//! of a movement. A `STATUS` with the severity `ERROR` is the bank's refusal.

mod markup;

use crate::{
    Reason, StatementFault, amount,
    amount::Form,
    text::{first, joined, push},
};
use encoding_rs::Encoding;
use jiff::civil::Date;
use markup::Node;
use paydesk_domain::{
    BalanceCheck, BankAccount, BankBalance, BankLine, BankStatement, Currency, StatementFormat,
};
use std::borrow::Cow;

/// The header and `<OFX>` stand within this.
const HEAD_BYTES: usize = 4096;

fn head(file: &[u8]) -> &[u8] {
    file.get(..HEAD_BYTES).unwrap_or(file)
}

/// Whether a file is one: its header, or its first tag.
pub(crate) fn is_one(file: &[u8]) -> bool {
    let head = head(file);
    [&b"OFXHEADER"[..], b"<OFX>"]
        .iter()
        .any(|mark| memchr::memmem::find(head, mark).is_some())
}

/// The encoding that a 1.x header names: `ENCODING:` and `CHARSET:` (OFX 1.6, section 2.2).
pub(crate) fn declared(file: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(head(file));
    let value = |name: &str| {
        let line = head.lines().find_map(|line| line.trim().strip_prefix(name));
        line.map(str::trim).unwrap_or_default()
    };
    let charset = value("CHARSET:");
    let is_number = !charset.is_empty() && charset.bytes().all(|byte| byte.is_ascii_digit());
    match (value("ENCODING:"), charset) {
        ("UTF-8" | "UNICODE", _) => Encoding::for_label(b"utf-8"),
        (_, "936") => Some(encoding_rs::GB18030),
        (_, number) if is_number => Encoding::for_label(format!("windows-{number}").as_bytes()),
        (_, label) => Encoding::for_label(label.as_bytes()),
    }
}

/// One leaf of a movement or balance.
struct Leaf<'t> {
    row: u64,
    name: &'t str,
    /// The aggregate that it stands in.
    within: &'t str,
    text: Cow<'t, str>,
}

/// A statement or a status that is being read.
#[derive(Default)]
struct Open<'t> {
    row: u64,
    account: BankAccount,
    currency: Option<Currency>,
    from: Option<Date>,
    to: Option<Date>,
    closing: Option<BankBalance>,
    lines: Vec<BankLine>,
    /// Of the movement, balance or status that is open.
    leaves: Vec<Leaf<'t>>,
    leaves_row: u64,
}

/// More leaves than a movement has.
const LEAVES_MAX: usize = 200;

/// Every statement of a file.
pub(crate) fn read(text: &str) -> Result<Vec<BankStatement>, StatementFault> {
    let start = memchr::memchr(b'<', text.as_bytes()).unwrap_or(text.len());
    let row = crate::text::row_of(text.as_bytes(), start);
    let markup = text.get(start..).unwrap_or_default();
    let mut stack: Vec<&str> = Vec::new();
    let mut open: Option<Open<'_>> = None;
    let mut statements = Vec::new();
    let mut status: Vec<(u64, &str, String)> = Vec::new();
    markup::read(markup, row, &mut |row, node| {
        match node {
            Node::Open(name) => {
                match (name, &mut open) {
                    ("STMTRS" | "CCSTMTRS", _) => {
                        open = Some(Open {
                            row,
                            ..Open::default()
                        });
                    }
                    ("STMTTRN" | "LEDGERBAL", Some(open)) => {
                        open.leaves.clear();
                        open.leaves_row = row;
                    }
                    ("STATUS", _) => status.clear(),
                    _ => {}
                }
                stack.push(name);
            }
            Node::Leaf(name, text) => {
                let within = stack.last().copied().unwrap_or_default();
                if within == "STATUS" {
                    status.push((row, name, text.into_owned()));
                } else if let Some(open) = &mut open {
                    let is_of = |name| stack.contains(&name);
                    if is_of("STMTTRN") || is_of("LEDGERBAL") {
                        if open.leaves.len() >= LEAVES_MAX {
                            return Err(StatementFault::at(row, name, Reason::TooLarge));
                        }
                        open.leaves.push(Leaf {
                            row,
                            name,
                            within,
                            text,
                        });
                    } else {
                        open.leaf(row, within, name, &text)?;
                    }
                }
            }
            Node::Close(name) => {
                stack.pop();
                match (name, &mut open) {
                    ("STATUS", _) => refused(&status)?,
                    ("STMTTRN", Some(open)) => open.movement()?,
                    ("LEDGERBAL", Some(open)) => open.balance()?,
                    ("STMTRS" | "CCSTMTRS", open) => {
                        if let Some(open) = open.take() {
                            push(&mut statements, open.end()?, row)?;
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    })?;
    if statements.is_empty() {
        return Err(StatementFault::at(row, "STMTRS", Reason::Missing));
    }
    Ok(statements)
}

/// A status of severity `ERROR` stands in the place of a statement.
fn refused(status: &[(u64, &str, String)]) -> Result<(), StatementFault> {
    let of = |wanted: &str| status.iter().find(|(_, name, _)| *name == wanted);
    let is_error = of("SEVERITY").is_some_and(|(_, _, text)| text == "ERROR");
    match of("CODE") {
        Some((row, name, code)) if is_error && code != "0" => {
            let code = code.chars().take(16).collect();
            Err(StatementFault::at(*row, name, Reason::Refused(code)))
        }
        _ => Ok(()),
    }
}

impl Open<'_> {
    fn leaf(
        &mut self,
        row: u64,
        within: &str,
        name: &str,
        text: &str,
    ) -> Result<(), StatementFault> {
        match (within, name) {
            ("BANKACCTFROM" | "CCACCTFROM", "ACCTID") => text.clone_into(&mut self.account.number),
            ("BANKACCTFROM", "BANKID") => text.clone_into(&mut self.account.bank),
            (_, "CURDEF") if !text.is_empty() => self.currency = Some(currency(row, name, text)?),
            ("BANKTRANLIST", "DTSTART") if !text.is_empty() => {
                self.from = Some(date(row, name, text)?);
            }
            ("BANKTRANLIST", "DTEND") if !text.is_empty() => {
                self.to = Some(date(row, name, text)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The leaf of this name that stands directly in this aggregate, where it says something.
    fn said(&self, within: &str, name: &str) -> Option<(u64, &str)> {
        let found = self
            .leaves
            .iter()
            .find(|leaf| leaf.name == name && leaf.within == within && !leaf.text.is_empty());
        found.map(|leaf| (leaf.row, leaf.text.as_ref()))
    }

    fn needed(&self, within: &str, name: &str) -> Result<(u64, &str), StatementFault> {
        let missing = || StatementFault::at(self.leaves_row, name, Reason::Missing);
        self.said(within, name).ok_or_else(missing)
    }

    /// One `STMTTRN`.
    fn movement(&mut self) -> Result<(), StatementFault> {
        const HERE: &str = "STMTTRN";
        let (row, text) = self.needed(HERE, "DTPOSTED")?;
        let booked = date(row, "DTPOSTED", text)?;
        let (amount_row, amount_text) = self.needed(HERE, "TRNAMT")?;
        // `CURRENCY` says that the amount is in another one; `ORIGCURRENCY` that it was before it was changed.
        let own = match self.said("CURRENCY", "CURSYM") {
            Some((row, code)) => Some((row, currency(row, "CURSYM", code)?)),
            None => None,
        };
        let found = match (self.currency, own) {
            (Some(left), Some((row, right))) if left != right => {
                let reason = Reason::Currencies { left, right };
                return Err(StatementFault::at(row, "CURSYM", reason));
            }
            (Some(currency), _) | (None, Some((_, currency))) => currency,
            (None, None) => return Err(StatementFault::at(self.row, "CURDEF", Reason::Missing)),
        };
        let amount = amount::read(amount_text, Form::Comma, found);
        let amount = amount.map_err(|reason| StatementFault::at(amount_row, "TRNAMT", reason))?;
        let value = match self.said(HERE, "DTAVAIL") {
            Some((row, text)) => Some(date(row, "DTAVAIL", text)?),
            None => None,
        };
        let text = |within: &str, name: &str| self.said(within, name).map_or("", |(_, text)| text);
        let mut line = BankLine::new(self.leaves_row, booked, amount);
        line.value = value;
        line.bank_reference = text(HERE, "FITID").to_owned();
        // Banks fill the number of a cheque that is none with a nought.
        let check = text(HERE, "CHECKNUM").trim_start_matches('0');
        line.our_reference = first([text(HERE, "REFNUM"), check]);
        line.counterparty = joined([first([text(HERE, "NAME"), text("PAYEE", "NAME")]).as_str()]);
        line.counterparty_account =
            first([text("BANKACCTTO", "ACCTID"), text("CCACCTTO", "ACCTID")]);
        line.text = joined([text(HERE, "MEMO")]);
        line.code = text(HERE, "TRNTYPE").to_owned();
        line.is_reversal = self.said(HERE, "CORRECTFITID").is_some();
        self.currency = Some(found);
        let row = self.leaves_row;
        push(&mut self.lines, line, row)
    }

    /// `LEDGERBAL`; banks that know no balance leave it empty.
    fn balance(&mut self) -> Result<(), StatementFault> {
        const HERE: &str = "LEDGERBAL";
        let Some((row, text)) = self.said(HERE, "BALAMT") else {
            return Ok(());
        };
        let Some(currency) = self.currency else {
            return Err(StatementFault::at(self.row, "CURDEF", Reason::Missing));
        };
        let amount = amount::read(text, Form::Comma, currency)
            .map_err(|reason| StatementFault::at(row, "BALAMT", reason))?;
        let day = match self.said(HERE, "DTASOF") {
            Some((row, text)) => Some(date(row, "DTASOF", text)?),
            None => None,
        };
        self.closing = Some(BankBalance {
            row,
            date: day,
            amount,
        });
        Ok(())
    }

    fn end(self) -> Result<BankStatement, StatementFault> {
        let missing = |name: &str| StatementFault::at(self.row, name, Reason::Missing);
        let currency = self.currency.ok_or_else(|| missing("CURDEF"))?;
        if self.account.number.is_empty() {
            return Err(missing("ACCTID"));
        }
        let days = || self.lines.iter().map(|line| line.booked);
        Ok(BankStatement {
            format: StatementFormat::Ofx,
            row: self.row,
            reference: String::new(),
            sequence: String::new(),
            currency,
            from: self.from.or_else(|| days().min()),
            to: self.to.or_else(|| days().max()),
            opening: None,
            closing: self.closing,
            not_booked: 0,
            check: BalanceCheck::NotStated,
            account: self.account,
            lines: self.lines,
        })
    }
}

fn currency(row: u64, name: &str, code: &str) -> Result<Currency, StatementFault> {
    Currency::from_code(code).ok_or_else(|| {
        let code = code.chars().take(8).collect();
        StatementFault::at(row, name, Reason::Currency(code))
    })
}

/// `YYYYMMDD`, with or without `HHMMSS.XXX` and `[-5:EST]` (OFX 2.3, section 3.2.8.2): the day that the bank's clock
/// showed.
fn date(row: u64, name: &str, text: &str) -> Result<Date, StatementFault> {
    let number = |range| text.get(range).filter(|part: &&str| is_digits(part));
    let year = number(0..4).and_then(|year| year.parse().ok());
    let month = number(4..6).and_then(|month| month.parse().ok());
    let day = number(6..8).and_then(|day| day.parse().ok());
    let rest = text.get(8..).unwrap_or_default();
    let is_clock = rest
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".:[]+-".contains(&byte));
    let found = match (year, month, day) {
        (Some(year), Some(month), Some(day)) if is_clock => Date::new(year, month, day).ok(),
        _ => None,
    };
    found.ok_or_else(|| StatementFault::at(row, name, Reason::Date))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
