//! SWIFT MT940 (customer statement) and MT942 (interim report), as banks write them: fields `:20:` reference, `:25:`
//! account, `:28C:` number, `:60F:` opening balance, `:61:` movement, `:86:` its words, `:62F:` closing balance.
//! MT942 has a floor limit `:34F:` and sums `:90D:` and `:90C:` in the place of balances.
//! Lines that are no field belong to the field before them; what stands outside of statements is the envelope's.

mod entry;
mod words;

use crate::{
    Reason, StatementFault, amount,
    amount::Form,
    balance,
    text::{joined, push},
};
use paydesk_domain::{
    BalanceCheck, BankAccount, BankBalance, BankLine, BankStatement, Currency, Money,
    StatementFormat,
};

/// The fields of both messages. Anything else that looks like one is text: `13:12:11` that was wrapped.
const TAGS: [&str; 20] = [
    "13", "13D", "20", "21", "25", "25P", "28", "28C", "34F", "60F", "60M", "61", "62F", "62M",
    "64", "65", "86", "90C", "90D", "NS",
];
/// Banks write up to 6 lines of 65 letters, and some twice that; this is against files without an end.
const FIELD_BYTES_MAX: usize = 16 << 10;

/// Whether a file is one of these messages: `:20:` begins a line near its top.
pub(crate) fn is_one(file: &[u8]) -> bool {
    let head = file.get(..HEAD_BYTES).unwrap_or(file);
    let mut lines = head.split(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(b":20:") || memchr::memmem::find(line, b"{4:").is_some())
}

/// The envelope of a message is shorter.
const HEAD_BYTES: usize = 4096;

/// One field with the lines that belong to it.
struct Field<'t> {
    row: u64,
    tag: &'t str,
    lines: Vec<&'t str>,
    bytes: usize,
}

impl Field<'_> {
    fn fault(&self, reason: Reason) -> StatementFault {
        StatementFault::at(self.row, &format!(":{}:", self.tag), reason)
    }

    fn first(&self) -> &str {
        self.lines.first().copied().unwrap_or_default().trim_end()
    }
}

/// Every statement of a file.
pub(crate) fn read(text: &str) -> Result<Vec<BankStatement>, StatementFault> {
    let mut reader = Reader::default();
    let mut field: Option<Field<'_>> = None;
    let mut row = 0;
    for line in text.lines() {
        row += 1;
        // Some transports put STX and ETX around a message.
        let line = line.trim_end_matches(['\r', '\u{3}', '\u{1}']);
        let line = line.rsplit("{4:").next().unwrap_or(line);
        if is_end(line) {
            reader.take(field.take())?;
            reader.end(row)?;
        } else if let Some((tag, first)) = tagged(line) {
            reader.take(field.take())?;
            field = Some(Field {
                row,
                tag,
                lines: vec![first],
                bytes: first.len(),
            });
        } else if let Some(field) = &mut field {
            field.bytes += line.len() + 1;
            if field.bytes > FIELD_BYTES_MAX {
                return Err(field.fault(Reason::TooLarge));
            }
            field.lines.push(line);
        }
    }
    reader.take(field)?;
    reader.end(row)?;
    if reader.statements.is_empty() {
        return Err(StatementFault::of_file(Reason::NotAStatement));
    }
    Ok(reader.statements)
}

/// `-`, `-}` with trailers, or `-XXX` with a transport's name. No line of a field may begin with a hyphen.
fn is_end(line: &str) -> bool {
    match line.trim_end().strip_prefix('-') {
        Some(rest) => {
            let is_name = rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_uppercase());
            is_name || rest.starts_with('}')
        }
        None => false,
    }
}

fn tagged(line: &str) -> Option<(&str, &str)> {
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    TAGS.contains(&tag).then_some((tag, rest))
}

/// A statement that is being read.
#[derive(Default)]
struct Open {
    row: u64,
    reference: String,
    account: String,
    sequence: String,
    currency: Option<Currency>,
    opening: Option<BankBalance>,
    closing: Option<BankBalance>,
    is_interim: bool,
    /// Line, whether of credits, and the sum that the file states.
    sums: Vec<(u64, bool, Money)>,
    lines: Vec<BankLine>,
    /// Whether the field before was a movement, so that `:86:` is about it.
    after_line: bool,
}

impl Open {
    /// The currency of the statement, once for all its fields.
    fn settle(&mut self, field: &Field<'_>, currency: Currency) -> Result<(), StatementFault> {
        match self.currency {
            Some(left) if left != currency => {
                let right = currency;
                Err(field.fault(Reason::Currencies { left, right }))
            }
            _ => {
                self.currency = Some(currency);
                Ok(())
            }
        }
    }
}

#[derive(Default)]
struct Reader {
    open: Option<Open>,
    statements: Vec<BankStatement>,
}

impl Reader {
    fn take(&mut self, field: Option<Field<'_>>) -> Result<(), StatementFault> {
        let Some(field) = field else {
            return Ok(());
        };
        if field.tag == "20" {
            self.end(field.row)?;
            self.open = Some(Open {
                row: field.row,
                reference: field.first().trim().to_owned(),
                ..Open::default()
            });
            return Ok(());
        }
        let Some(open) = &mut self.open else {
            let fault = StatementFault::at(field.row, ":20:", Reason::Missing);
            return match field.tag {
                "60F" | "60M" | "61" | "62F" | "62M" => Err(fault),
                _ => Ok(()),
            };
        };
        let after_line = std::mem::take(&mut open.after_line);
        match field.tag {
            "25" | "25P" => field.first().trim().clone_into(&mut open.account),
            "28" | "28C" => field.first().trim().clone_into(&mut open.sequence),
            "34F" => {
                open.is_interim = true;
                open.settle(&field, currency(&field, field.first().get(..3))?)?;
            }
            "60F" | "60M" => {
                let balance = balance_of(&field)?;
                if open.opening.is_some() {
                    return Err(field.fault(Reason::Syntax));
                }
                open.settle(&field, balance.amount.currency())?;
                open.opening = Some(balance);
            }
            "61" => {
                let missing = || StatementFault::at(field.row, ":60F:", Reason::Missing);
                let currency = open.currency.ok_or_else(missing)?;
                if open.closing.is_some() {
                    return Err(field.fault(Reason::GoesOn));
                }
                push(&mut open.lines, entry::read(&field, currency)?, field.row)?;
                open.after_line = true;
            }
            "62F" | "62M" => open.closing = Some(balance_of(&field)?),
            "86" if after_line => {
                if let Some(line) = open.lines.last_mut() {
                    words::read(&field.lines, line);
                }
                open.after_line = true;
            }
            "90C" | "90D" => {
                open.is_interim = true;
                let text = field.first();
                let at = text.find(|letter: char| !letter.is_ascii_digit());
                let rest = text.get(at.unwrap_or_default()..).unwrap_or_default();
                let currency = currency(&field, rest.get(..3))?;
                open.settle(&field, currency)?;
                let amount = rest.get(3..).unwrap_or_default();
                let amount = amount::read(amount, Form::Comma, currency);
                let amount = amount.map_err(|reason| field.fault(reason))?;
                open.sums.push((field.row, field.tag == "90C", amount));
            }
            _ => {}
        }
        Ok(())
    }

    /// The statement that is open ends here.
    fn end(&mut self, row: u64) -> Result<(), StatementFault> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let is_interim = open.is_interim && open.opening.is_none();
        if !is_interim && open.opening.is_none() {
            return Err(StatementFault::at(open.row, ":60F:", Reason::Missing));
        }
        if !is_interim && open.closing.is_none() {
            return Err(StatementFault::at(row, ":62F:", Reason::Truncated));
        }
        let Some(currency) = open.currency else {
            return Err(StatementFault::at(open.row, ":34F:", Reason::Missing));
        };
        if open.account.is_empty() {
            return Err(StatementFault::at(open.row, ":25:", Reason::Missing));
        }
        let days = || open.lines.iter().map(|line| line.booked);
        let stated = |balance: Option<BankBalance>| balance.and_then(|balance| balance.date);
        let mut statement = BankStatement {
            format: if is_interim {
                StatementFormat::Mt942
            } else {
                StatementFormat::Mt940
            },
            row: open.row,
            reference: open.reference,
            sequence: open.sequence,
            account: account(&open.account, currency),
            currency,
            from: days().min().or(stated(open.opening)),
            to: stated(open.closing).or_else(|| days().max()),
            opening: open.opening,
            closing: open.closing,
            not_booked: 0,
            check: BalanceCheck::NotStated,
            lines: open.lines,
        };
        statement.check = match balance::check(&statement)? {
            BalanceCheck::NotStated => sums(&statement, &open.sums)?,
            check => check,
        };
        // The same number of statements as of movements is more than any file has.
        push(&mut self.statements, statement, row)
    }
}

/// Holds the sums of an interim report against its movements.
fn sums(
    statement: &BankStatement,
    stated: &[(u64, bool, Money)],
) -> Result<BalanceCheck, StatementFault> {
    for (row, is_credit, stated) in stated {
        let fault = |_| StatementFault::at(*row, "", Reason::Amount);
        let mut expected = Money::zero(statement.currency);
        for line in &statement.lines {
            if (line.amount.minor() >= 0) == *is_credit {
                let size = if *is_credit {
                    expected.checked_add(line.amount)
                } else {
                    expected.checked_sub(line.amount)
                };
                expected = size.map_err(fault)?;
            }
        }
        if expected != *stated {
            let (row, stated) = (*row, *stated);
            return Ok(BalanceCheck::Total {
                expected,
                row,
                stated,
            });
        }
    }
    Ok(BalanceCheck::NotStated)
}

/// `:60F:C100722EUR0,00`: mark, date, currency, amount.
fn balance_of(field: &Field<'_>) -> Result<BankBalance, StatementFault> {
    let text = field.first();
    let is_debit = match text.get(..1) {
        Some("C") => false,
        Some("D") => true,
        _ => return Err(field.fault(Reason::Syntax)),
    };
    let date = entry::date(text.get(1..7)).ok_or_else(|| field.fault(Reason::Date))?;
    let currency = currency(field, text.get(7..10))?;
    let amount = comma_amount(field, text.get(10..).unwrap_or_default(), currency)?;
    let minor = if is_debit {
        -amount.minor()
    } else {
        amount.minor()
    };
    Ok(BankBalance {
        row: field.row,
        date: Some(date),
        amount: Money::from_minor(minor, currency),
    })
}

/// An amount of these messages: digits and the comma that must be there, no sign.
fn comma_amount(
    field: &Field<'_>,
    text: &str,
    currency: Currency,
) -> Result<Money, StatementFault> {
    if !text.contains(',') || text.starts_with(['-', '+', ',']) {
        return Err(field.fault(Reason::Amount));
    }
    amount::read(text, Form::Comma, currency).map_err(|reason| field.fault(reason))
}

fn currency(field: &Field<'_>, code: Option<&str>) -> Result<Currency, StatementFault> {
    let code = code.ok_or_else(|| field.fault(Reason::Syntax))?;
    Currency::from_code(code).ok_or_else(|| field.fault(Reason::Currency(code.to_owned())))
}

/// `bank/account`, or an IBAN with the currency behind it.
fn account(text: &str, currency: Currency) -> BankAccount {
    let (bank, number) = text.split_once('/').unwrap_or(("", text));
    let number = number.trim();
    let is_iban = number.get(..2).is_some_and(|code| {
        code.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.get(2..4).is_some_and(entry::is_digits)
    });
    let number = match number.strip_suffix(currency.code()) {
        Some(bare) if is_iban => bare.trim_end(),
        _ => number,
    };
    BankAccount {
        number: joined([number]),
        bank: bank.trim().to_owned(),
        holder: String::new(),
    }
}
