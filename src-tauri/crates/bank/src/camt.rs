//! ISO 20022 bank-to-customer messages: camt.053 (`BkToCstmrStmt/Stmt`), camt.052 (`BkToCstmrAcctRpt/Rpt`) and
//! camt.054 (`BkToCstmrDbtCdtNtfctn/Ntfctn`), every version: elements are known by their local names, and the two
//! that moved between versions (`Sts` to `Sts/Cd` with .08, `Dbtr/Nm` to `Dbtr/Pty/Nm` with .08) by both places.
//! Only booked entries become lines. A reversal's `CdtDbtInd` is already its own direction and is not turned round.

use crate::{
    Reason, StatementFault, amount,
    amount::Form,
    balance,
    text::{first, joined, push},
    xml::{Element, Node, Source},
};
use jiff::civil::Date;
use paydesk_domain::{
    BalanceCheck, BankAccount, BankBalance, BankLine, BankPart, BankStatement, Currency, Money,
    StatementFormat,
};

/// Which message holds which statements.
const MESSAGES: [(&str, &str, StatementFormat); 3] = [
    ("BkToCstmrAcctRpt", "Rpt", StatementFormat::Camt052),
    ("BkToCstmrDbtCdtNtfctn", "Ntfctn", StatementFormat::Camt054),
    ("BkToCstmrStmt", "Stmt", StatementFormat::Camt053),
];

/// How a payer says that there is no reference.
const NO_REFERENCE: [&str; 2] = ["NOTPROVIDED", "NOT PROVIDED"];

/// Every statement of a file.
pub(crate) fn read(text: &str) -> Result<Vec<BankStatement>, StatementFault> {
    let mut source = Source::new(text);
    let mut message: Option<(&str, StatementFormat, u64)> = None;
    let mut statements = Vec::new();
    let mut depth = 0_u32;
    loop {
        match source.next()? {
            Node::Open(element) if depth == 0 && element.name == "Document" => depth = 1,
            Node::Open(element) if depth == 1 => {
                let known = MESSAGES.iter().find(|(name, ..)| *name == element.name);
                let Some((_, statement, format)) = known else {
                    let reason = Reason::NotAStatement;
                    return Err(StatementFault::at(element.row, &element.name, reason));
                };
                message = Some((*statement, *format, element.row));
                depth = 2;
            }
            Node::Open(element) => match message {
                Some((name, format, _)) if element.name == name => {
                    statements.push(statement(&mut source, &element, format)?);
                }
                Some(_) => drop(source.tree(element)?),
                None => {
                    let reason = Reason::NotAStatement;
                    return Err(StatementFault::at(element.row, &element.name, reason));
                }
            },
            Node::Close => depth = depth.saturating_sub(1),
            Node::Text(_) => {}
            Node::End => break,
        }
    }
    match message {
        Some((name, _, row)) if statements.is_empty() => {
            Err(StatementFault::at(row, name, Reason::Missing))
        }
        Some(_) => Ok(statements),
        None => Err(StatementFault::of_file(Reason::NotAStatement)),
    }
}

/// What is known of a statement before its currency is.
#[derive(Default)]
struct Head {
    reference: String,
    sequence: String,
    account: BankAccount,
    currency: Option<Currency>,
    from: Option<Date>,
    to: Option<Date>,
    opening: Option<(u8, BankBalance)>,
    closing: Option<BankBalance>,
}

/// One `Stmt`, `Rpt` or `Ntfctn`, whose beginning was read.
fn statement(
    source: &mut Source<'_>,
    open: &Element,
    format: StatementFormat,
) -> Result<BankStatement, StatementFault> {
    let mut head = Head::default();
    let (mut lines, mut not_booked) = (Vec::new(), 0);
    loop {
        let element = match source.next()? {
            Node::Open(element) => source.tree(element)?,
            Node::Close => break,
            Node::Text(_) => continue,
            Node::End => return Err(StatementFault::at(source.row(), "", Reason::Truncated)),
        };
        match element.name.as_str() {
            "Id" => head.reference = element.text.trim().to_owned(),
            "ElctrncSeqNb" => head.sequence = element.text.trim().to_owned(),
            "FrToDt" => {
                head.from = optional_date(&element, &["FrDtTm", "FrDt"])?;
                head.to = optional_date(&element, &["ToDtTm", "ToDt"])?;
            }
            "Acct" => {
                head.account = account(&element);
                if let Some(code) = element.child("Ccy") {
                    head.currency = Some(currency(code, code.text.trim())?);
                }
            }
            "Bal" => note_balance(&mut head, &element)?,
            "Ntry" => match entry(&element, head.currency)? {
                Some(line) => {
                    head.currency = head.currency.or(Some(line.amount.currency()));
                    push(&mut lines, line, element.row)?;
                }
                None => not_booked += 1,
            },
            _ => {}
        }
    }
    let Some(currency) = head.currency else {
        return Err(StatementFault::at(open.row, "Acct/Ccy", Reason::Missing));
    };
    if head.account.number.is_empty() {
        return Err(StatementFault::at(open.row, "Acct/Id", Reason::Missing));
    }
    let opening = head.opening.map(|(_, balance)| balance);
    let days = || lines.iter().map(|line: &BankLine| line.booked);
    let mut statement = BankStatement {
        format,
        row: open.row,
        reference: head.reference,
        sequence: head.sequence,
        account: head.account,
        currency,
        from: head.from.or_else(|| days().min()),
        to: head
            .to
            .or(head.closing.and_then(|closing| closing.date))
            .or_else(|| days().max()),
        opening,
        closing: head.closing,
        not_booked,
        check: BalanceCheck::NotStated,
        lines,
    };
    statement.check = balance::check(&statement)?;
    Ok(statement)
}

fn account(element: &Element) -> BankAccount {
    let bank = [
        "Svcr/FinInstnId/BICFI",
        "Svcr/FinInstnId/BIC",
        "Svcr/FinInstnId/ClrSysMmbId/MmbId",
        "Svcr/FinInstnId/Nm",
        "Svcr/FinInstnId/Othr/Id",
    ];
    BankAccount {
        number: account_number(element),
        bank: first(bank.map(|path| element.text_at(path))),
        holder: first(["Ownr/Nm", "Ownr/Pty/Nm"].map(|path| element.text_at(path))),
    }
}

/// Of an `Acct`, `DbtrAcct` or `CdtrAcct`.
fn account_number(element: &Element) -> String {
    first(["Id/IBAN", "Id/Othr/Id", "Id/BBAN"].map(|path| element.text_at(path)))
}

/// `OPBD` opens; a `PRCD`, the closing balance before, does where there is none. `CLBD` closes. The others
/// (available, interim, expected) say nothing about what was booked.
fn note_balance(head: &mut Head, element: &Element) -> Result<(), StatementFault> {
    let kind = element.text_at("Tp/CdOrPrtry/Cd");
    let rank = match kind {
        "OPBD" => 2,
        "PRCD" => 1,
        "CLBD" => 0,
        _ => return Ok(()),
    };
    let balance = BankBalance {
        row: element.row,
        date: optional_date(element, &["Dt"])?,
        amount: signed(element, None)?,
    };
    if rank == 0 {
        head.closing = Some(balance);
    } else if head.opening.is_none_or(|(known, _)| known < rank) {
        head.opening = Some((rank, balance));
    }
    if rank > 0 && head.currency.is_none() {
        head.currency = Some(balance.amount.currency());
    }
    Ok(())
}

/// One `Ntry`; `None` where it is not booked.
fn entry(element: &Element, known: Option<Currency>) -> Result<Option<BankLine>, StatementFault> {
    let state = first(["Sts/Cd", "Sts"].map(|path| element.text_at(path)));
    if !matches!(state.as_str(), "BOOK" | "") || element.at("Sts/Prtry").is_some() {
        return Ok(None);
    }
    let amount = signed(element, known)?;
    let value = optional_date(element, &["ValDt"])?;
    let booked = optional_date(element, &["BookgDt"])?.or(value);
    let booked =
        booked.ok_or_else(|| StatementFault::at(element.row, "BookgDt", Reason::Missing))?;
    let mut line = BankLine::new(element.row, booked, amount);
    line.value = value;
    line.is_reversal = matches!(element.text_at("RvslInd"), "true" | "1");
    // The side that is not the account holder's; a reversal names the sides of what it takes back.
    let is_from_debtor = (amount.minor() >= 0) != line.is_reversal;
    let details: Vec<&Element> = element
        .all("NtryDtls")
        .flat_map(|details| details.all("TxDtls"))
        .collect();
    let batch = element.at("NtryDtls/Btch");
    match details.as_slice() {
        [] => {}
        [one] => {
            let part = part(one, is_from_debtor, amount.minor() < 0)?;
            line.end_to_end = part.end_to_end;
            line.our_reference = first(part.references.iter().map(String::as_str));
            line.counterparty = part.counterparty;
            line.counterparty_account = part.counterparty_account;
            line.text = part.text;
            line.bank_reference = one.text_at("Refs/AcctSvcrRef").to_owned();
        }
        several => {
            for one in several {
                let part = part(one, is_from_debtor, amount.minor() < 0)?;
                push(&mut line.parts, part, one.row)?;
            }
        }
    }
    if let Some(batch) = batch
        && line.our_reference.is_empty()
    {
        line.our_reference = first(["PmtInfId", "MsgId"].map(|name| batch.text_at(name)));
    }
    line.bank_reference = first([
        element.text_at("AcctSvcrRef"),
        &line.bank_reference,
        element.text_at("NtryRef"),
    ]);
    line.text = joined([line.text.as_str(), element.text_at("AddtlNtryInf")]);
    line.code = code(element);
    Ok(Some(line))
}

/// One `TxDtls`.
fn part(
    element: &Element,
    is_from_debtor: bool,
    is_debit: bool,
) -> Result<BankPart, StatementFault> {
    let amount = match element.at("Amt") {
        Some(amount) if !amount.attribute("Ccy").is_empty() => {
            let money = money(amount, None)?;
            let minor = if is_debit {
                -money.minor()
            } else {
                money.minor()
            };
            Some(Money::from_minor(minor, money.currency()))
        }
        _ => None,
    };
    let (side, account, ultimate) = if is_from_debtor {
        ("Dbtr", "DbtrAcct", "UltmtDbtr")
    } else {
        ("Cdtr", "CdtrAcct", "UltmtCdtr")
    };
    let name = |of: &str| {
        let parties = element.child("RltdPties")?;
        let party = parties.child(of)?;
        let name = first(["Nm", "Pty/Nm"].map(|path| party.text_at(path)));
        (!name.is_empty()).then_some(name)
    };
    let references = ["PmtInfId", "InstrId", "TxId", "MsgId", "ChqNb", "UETR"]
        .into_iter()
        .map(|name| element.at("Refs").map_or("", |refs| refs.text_at(name)));
    let structured = || {
        let remittance = element.child("RmtInf").into_iter();
        remittance
            .flat_map(|remittance| remittance.all("Strd"))
            .map(|one| one.text_at("CdtrRefInf/Ref"))
    };
    let unstructured = element
        .child("RmtInf")
        .into_iter()
        .flat_map(|remittance| remittance.all("Ustrd"));
    let words = unstructured
        .map(|one| one.text.as_str())
        .chain(structured())
        .chain([element.text_at("AddtlTxInf")]);
    Ok(BankPart {
        amount,
        end_to_end: said(element.text_at("Refs/EndToEndId")).to_owned(),
        references: references
            .chain(structured())
            .map(said)
            .filter(|reference| !reference.is_empty())
            .map(str::to_owned)
            .collect(),
        counterparty: name(side).or_else(|| name(ultimate)).unwrap_or_default(),
        counterparty_account: element
            .at("RltdPties")
            .and_then(|parties| parties.child(account))
            .map(account_number)
            .unwrap_or_default(),
        text: joined(words),
    })
}

fn said(reference: &str) -> &str {
    if NO_REFERENCE.contains(&reference) {
        ""
    } else {
        reference
    }
}

/// `BkTxCd`: domain, family and sub-family of ISO 20022, or the bank's own code.
fn code(element: &Element) -> String {
    let domain = [
        "BkTxCd/Domn/Cd",
        "BkTxCd/Domn/Fmly/Cd",
        "BkTxCd/Domn/Fmly/SubFmlyCd",
    ]
    .map(|path| element.text_at(path));
    let domain: Vec<&str> = domain.into_iter().filter(|code| !code.is_empty()).collect();
    first([
        domain.join("/").as_str(),
        element.text_at("BkTxCd/Prtry/Cd"),
    ])
}

fn currency(element: &Element, code: &str) -> Result<Currency, StatementFault> {
    Currency::from_code(code).ok_or_else(|| {
        let code = code.chars().take(8).collect();
        StatementFault::at(element.row, &element.name, Reason::Currency(code))
    })
}

/// An `Amt` with its `Ccy`, never negative by the schema.
fn money(element: &Element, known: Option<Currency>) -> Result<Money, StatementFault> {
    let fault = |reason| StatementFault::at(element.row, &element.name, reason);
    let currency = currency(element, element.attribute("Ccy"))?;
    if let Some(left) = known.filter(|known| *known != currency) {
        let right = currency;
        return Err(fault(Reason::Currencies { left, right }));
    }
    let money = amount::read(&element.text, Form::Point, currency).map_err(fault)?;
    if money.minor() < 0 {
        return Err(fault(Reason::Amount));
    }
    Ok(money)
}

/// `Amt` with the sign of `CdtDbtInd`.
fn signed(element: &Element, known: Option<Currency>) -> Result<Money, StatementFault> {
    let amount = element
        .child("Amt")
        .ok_or_else(|| StatementFault::at(element.row, "Amt", Reason::Missing))?;
    let money = money(amount, known)?;
    let direction = element.child("CdtDbtInd");
    match direction.map(|direction| direction.text.trim()) {
        Some("CRDT") => Ok(money),
        Some("DBIT") => Ok(Money::from_minor(-money.minor(), money.currency())),
        Some(_) => Err(StatementFault::at(element.row, "CdtDbtInd", Reason::Syntax)),
        None => Err(StatementFault::at(
            element.row,
            "CdtDbtInd",
            Reason::Missing,
        )),
    }
}

/// The day in the first of these children that is there: itself, or its `Dt` or `DtTm`. The day is the one that
/// the bank's clock showed: an offset behind the time changes nothing.
fn optional_date(element: &Element, names: &[&str]) -> Result<Option<Date>, StatementFault> {
    let Some(found) = names.iter().find_map(|name| element.child(name)) else {
        return Ok(None);
    };
    let text = first([
        found.text_at("Dt"),
        found.text_at("DtTm"),
        found.text.as_str(),
    ]);
    let fault = || StatementFault::at(found.row, &found.name, Reason::Date);
    let day = text.get(..10).ok_or_else(fault)?;
    let rest = text.get(10..).unwrap_or_default();
    let is_moment = rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-']);
    let date: Date = day.parse().map_err(|_| fault())?;
    if is_moment {
        Ok(Some(date))
    } else {
        Err(fault())
    }
}
