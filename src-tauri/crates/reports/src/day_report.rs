//! The report of a channel's reconciled day, and the statement of several days: the numbers of the screen on paper.

use crate::{
    day_way::{BankWay, DecidedItem, decided, way},
    differences::explained,
    document::{Document, DocumentTable},
    list::{column, columns},
    model::{Cell, ColumnKind, CurrencyTotals, ExportError, Heading},
};
use jiff::{civil::Date, tz::TimeZone};
use paydesk_domain::{Break, BreakCode, ChannelDay, Explanation, Money, Timestamp, Totals};
use paydesk_texts::{Language, text};

/// What a channel's day came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayReport {
    /// Shop, account and program; title and days are the report's own.
    pub heading: Heading,
    /// The channel's short name.
    pub channel: String,
    /// The channel's day.
    pub day: ChannelDay,
    /// The bill's sums.
    pub bill: Totals,
    /// Ours.
    pub books: Totals,
    /// Pairs that agree.
    pub matched: u64,
    /// What differs, and why.
    pub differences: Vec<(Break, Explanation)>,
    /// What people decided about them.
    pub decided: Vec<DecidedItem>,
    /// The way from our books to the bank.
    pub way: BankWay,
    /// When the bill was imported, and by whom.
    pub imported: Option<(Timestamp, String)>,
    /// The head of the chain of events, of a day that is signed.
    pub chain_head: Option<String>,
}

/// One day of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementDay {
    /// The channel's day.
    pub day: ChannelDay,
    /// The bill's sums.
    pub bill: Totals,
    /// How many differences stand on it.
    pub differences: u64,
}

/// What the channel settles over several days.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// Shop, account and program; title and days are the statement's own.
    pub heading: Heading,
    /// The channel's short name.
    pub channel: String,
    /// First and last day.
    pub days: (Date, Date),
    /// Sums of nothing, for a statement without days.
    pub none: Totals,
    /// The days with a bill.
    pub rows: Vec<StatementDay>,
}

/// Paid less refunded less fees.
fn net(totals: &Totals) -> Result<Money, ExportError> {
    let left = totals.paid.checked_sub(totals.refunded)?;
    Ok(left.checked_sub(totals.fee)?)
}

fn signatures(language: Language) -> Vec<String> {
    ["report_prepared_by", "report_checked_by"]
        .map(|key| text(language, key, &[]))
        .to_vec()
}

fn named(account: &str, channel: &str, language: Language) -> String {
    let channel = text(language, &format!("channel_{channel}"), &[]);
    if account.is_empty() || account == channel {
        return channel;
    }
    format!("{channel} · {account}")
}

/// The report of a day.
///
/// # Errors
/// `Money` when the sums do not fit.
pub fn day_report(
    report: &DayReport,
    language: Language,
    zone: &TimeZone,
) -> Result<Document, ExportError> {
    let say = |key: &str| text(language, key, &[]);
    let mut facts = vec![
        (say("report_matched"), report.matched.to_string()),
        (
            say("report_differences"),
            report.differences.len().to_string(),
        ),
    ];
    if let Some((at, by)) = &report.imported {
        let at = zone.to_datetime(at.to_jiff()).strftime("%Y-%m-%d %H:%M:%S");
        facts.push((
            say("report_imported"),
            format!("{at} {by}").trim_end().to_owned(),
        ));
    }
    if let Some(head) = &report.chain_head {
        facts.push((say("report_chain_head"), head.clone()));
    }
    let (books, bill) = (&report.books, &report.bill);
    let books_net = net(books)?;
    let bill_net = net(bill)?;
    let heading = Heading {
        title: say("report_day"),
        account: named(&report.heading.account, &report.channel, language),
        days: report.day.date().map(|day| (day, day)),
        ..report.heading.clone()
    };
    let mut tables = vec![sums(language, books, bill, books_net, bill_net)?];
    tables.extend(way(language, &report.way)?);
    tables.push(differences(language, &report.differences));
    tables.extend(decided(language, &report.decided));
    Ok(Document {
        heading,
        facts,
        tables,
        signatures: signatures(language),
        totals: vec![CurrencyTotals {
            currency: bill_net.currency().code().to_owned(),
            rows: bill.payments.saturating_add(bill.refunds),
            sums: vec![
                ("bill_paid", bill.paid),
                ("bill_refunded", bill.refunded),
                ("bill_fee", bill.fee),
                ("bill_net", bill_net),
                ("books_paid", books.paid),
                ("books_refunded", books.refunded),
                ("books_fee", books.fee),
                ("books_net", books_net),
                ("arrived", report.way.arrived),
                ("in_transit", report.way.in_transit),
            ],
        }],
    })
}

fn sums(
    language: Language,
    books: &Totals,
    bill: &Totals,
    books_net: Money,
    bill_net: Money,
) -> Result<DocumentTable, ExportError> {
    let currency = bill_net.currency().code();
    let row = |key: &str,
               counts: Option<(u64, u64)>,
               ours: Money,
               theirs: Money|
     -> Result<Vec<Cell<'static>>, ExportError> {
        let count = |count: Option<u64>| count.map_or(Cell::Empty, Cell::Integer);
        Ok(vec![
            Cell::text(text(language, key, &[])),
            count(counts.map(|(ours, _)| ours)),
            count(counts.map(|(_, theirs)| theirs)),
            Cell::Amount(ours),
            Cell::Amount(theirs),
            Cell::Amount(theirs.checked_sub(ours)?),
            Cell::text(currency),
        ])
    };
    let payments = Some((books.payments, bill.payments));
    let refunds = Some((books.refunds, bill.refunds));
    Ok(DocumentTable {
        title: text(language, "report_sums", &[]),
        columns: columns(
            language,
            &[
                ("item", ColumnKind::Text),
                ("our_count", ColumnKind::Integer),
                ("bill_count", ColumnKind::Integer),
                ("our_amount", ColumnKind::Amount),
                ("bill_amount", ColumnKind::Amount),
                ("difference", ColumnKind::Amount),
                ("currency", ColumnKind::Currency),
            ],
        ),
        widths: vec![19, 11, 11, 17, 17, 16, 9],
        rows: vec![
            row("report_payments", payments, books.paid, bill.paid)?,
            row("report_refunds", refunds, books.refunded, bill.refunded)?,
            row("report_fees", None, books.fee, bill.fee)?,
            row("report_net", None, books_net, bill_net)?,
        ],
    })
}

fn differences(language: Language, found: &[(Break, Explanation)]) -> DocumentTable {
    let rows = found.iter().map(|(found, explanation)| {
        let (bill, book) = (found.bill.as_ref(), found.book.as_ref());
        let reference = bill
            .map(|line| line.reference())
            .or_else(|| book.map(|line| line.reference()));
        let is_fee = found.code == BreakCode::Fee;
        let amounts = if is_fee {
            (bill.map(|b| b.fee), book.and_then(|b| b.fee))
        } else {
            (bill.map(|b| b.amount), book.map(|b| b.amount))
        };
        let currency = bill
            .map(|b| b.amount.currency())
            .or_else(|| book.map(|b| b.amount.currency()));
        vec![
            Cell::text(text(language, &format!("break_{}", found.code.name()), &[])),
            Cell::text(reference.unwrap_or_default().to_owned()),
            Cell::amount(amounts.1),
            Cell::amount(amounts.0),
            Cell::amount(found.difference),
            Cell::text(currency.map_or("", |currency| currency.code())),
            Cell::text(explained(language, *explanation)),
        ]
    });
    DocumentTable {
        title: text(language, "report_differences", &[]),
        columns: columns(
            language,
            &[
                ("break", ColumnKind::Text),
                ("payment_ref", ColumnKind::Text),
                ("our_amount", ColumnKind::Amount),
                ("bill_amount", ColumnKind::Amount),
                ("difference", ColumnKind::Amount),
                ("currency", ColumnKind::Currency),
                ("explanation", ColumnKind::Text),
            ],
        ),
        widths: vec![16, 20, 11, 11, 11, 9, 27],
        rows: rows.collect(),
    }
}

/// The statement of several days, with a line of sums.
///
/// # Errors
/// `Money` when the sums do not fit.
pub fn statement(statement: &Statement, language: Language) -> Result<Document, ExportError> {
    let mut all = statement.none;
    let mut rows = Vec::new();
    for day in &statement.rows {
        let bill = &day.bill;
        all.payments = all.payments.saturating_add(bill.payments);
        all.paid = all.paid.checked_add(bill.paid)?;
        all.refunds = all.refunds.saturating_add(bill.refunds);
        all.refunded = all.refunded.checked_add(bill.refunded)?;
        all.fee = all.fee.checked_add(bill.fee)?;
        rows.push(statement_row(
            Cell::day(day.day.date()),
            bill,
            Cell::Integer(day.differences),
        )?);
    }
    let mut line = statement_row(
        Cell::text(text(language, "export_total", &[])),
        &all,
        Cell::Integer(statement.rows.iter().map(|day| day.differences).sum()),
    )?;
    let net = net(&all)?;
    rows.push(std::mem::take(&mut line));
    let heading = Heading {
        title: text(language, "report_statement", &[]),
        account: named(&statement.heading.account, &statement.channel, language),
        days: Some(statement.days),
        ..statement.heading.clone()
    };
    let days = statement.rows.len().to_string();
    Ok(Document {
        heading,
        facts: vec![(text(language, "report_days_with_bill", &[]), days)],
        tables: vec![DocumentTable {
            title: text(language, "report_settled", &[]),
            columns: [
                ("bill_day", ColumnKind::Day),
                ("payments", ColumnKind::Integer),
                ("gross", ColumnKind::Amount),
                ("refunds", ColumnKind::Integer),
                ("refunded", ColumnKind::Amount),
                ("fees", ColumnKind::Amount),
                ("net", ColumnKind::Amount),
                ("currency", ColumnKind::Currency),
                ("differences", ColumnKind::Integer),
            ]
            .map(|(name, kind)| column(language, name, kind))
            .to_vec(),
            widths: vec![13, 10, 14, 9, 12, 12, 14, 9, 12],
            rows,
        }],
        signatures: signatures(language),
        totals: vec![CurrencyTotals {
            currency: net.currency().code().to_owned(),
            rows: all.payments.saturating_add(all.refunds),
            sums: vec![
                ("paid", all.paid),
                ("refunded", all.refunded),
                ("fee", all.fee),
                ("net", net),
            ],
        }],
    })
}

fn statement_row(
    first: Cell<'static>,
    bill: &Totals,
    differences: Cell<'static>,
) -> Result<Vec<Cell<'static>>, ExportError> {
    let net = net(bill)?;
    Ok(vec![
        first,
        Cell::Integer(bill.payments),
        Cell::Amount(bill.paid),
        Cell::Integer(bill.refunds),
        Cell::Amount(bill.refunded),
        Cell::Amount(bill.fee),
        Cell::Amount(net),
        Cell::text(net.currency().code()),
        differences,
    ])
}
