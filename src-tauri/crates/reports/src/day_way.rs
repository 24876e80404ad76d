//! A day's way from our books over the bill to the bank, and what people decided on it, as tables of its report.

use crate::{
    document::DocumentTable,
    list::columns,
    model::{Cell, ColumnKind, ExportError},
};
use jiff::civil::Date;
use paydesk_domain::{Break, Money};
use paydesk_texts::{Language, text};

/// A difference with what a person decided about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecidedItem {
    /// What differs.
    pub found: Break,
    /// The decision by name, as in `act_<name>`.
    pub act: String,
    /// Why.
    pub remark: String,
    /// Who decided.
    pub by: String,
    /// Who looks after it.
    pub owner: String,
    /// It is followed up: the day carries it over by name.
    pub is_carried: bool,
}

/// A movement of the bank in which money of the day came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BankWayLine {
    /// The bank account.
    pub account: String,
    /// The day it was booked.
    pub booked: Date,
    /// How much, of all days that came with it.
    pub amount: Money,
    /// What the bank says of it.
    pub reference: String,
}

/// The way of an account's day.
///
/// `books_net + steps + rest = bill_net`, `bill_net + reserve + explained + difference = arrived + in_transit`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BankWay {
    /// Payments less refunds less fees, ours.
    pub books_net: Money,
    /// What was decided, as in `act_<name>`: how many differences, and how much of the way.
    pub steps: Vec<(String, u64, Money)>,
    /// Fees that our books do not know.
    pub rest: Money,
    /// Payments less refunds less fees by the bill.
    pub bill_net: Money,
    /// Held back (negative) or released.
    pub reserve: Money,
    /// What explains that the bank's sum is another, as in `payout_term_<name>`.
    pub explained: Vec<(String, Money)>,
    /// What nothing explains.
    pub difference: Money,
    /// What is in the bank.
    pub arrived: Money,
    /// What is on its way.
    pub in_transit: Money,
    /// When what is on its way should come.
    pub expected_on: Option<Date>,
    /// The bank's movements.
    pub lines: Vec<BankWayLine>,
}

/// The tables of the way: the addition, and the movements of the bank where there are any.
pub(crate) fn way(language: Language, way: &BankWay) -> Result<Vec<DocumentTable>, ExportError> {
    let say = |key: &str| text(language, key, &[]);
    let mut rows = vec![(say("bridge_net_books"), way.books_net)];
    for (act, count, amount) in &way.steps {
        let act = say(&format!("act_{act}"));
        let count = count.to_string();
        let params = [("act", act.as_str()), ("count", count.as_str())];
        rows.push((text(language, "bridge_step", &params), *amount));
    }
    let any = |key: &str, amount: Money| (amount.minor() != 0).then(|| (say(key), amount));
    rows.extend(any("bridge_rest", way.rest));
    rows.push((say("bridge_net_bill"), way.bill_net));
    rows.extend(any("bridge_reserve", way.reserve));
    let explained = way.explained.iter();
    rows.extend(explained.map(|(name, amount)| (say(&format!("payout_term_{name}")), *amount)));
    rows.extend(any("bridge_difference", way.difference));
    rows.push((say("bridge_arrived"), way.arrived));
    let in_transit = match way.expected_on.filter(|_| way.in_transit.minor() != 0) {
        Some(day) => {
            let day = day.to_string();
            text(
                language,
                "bridge_in_transit_until",
                &[("day", day.as_str())],
            )
        }
        None => say("bridge_in_transit"),
    };
    rows.push((in_transit, way.in_transit));
    let currency = way.bill_net.currency().code();
    let row = |(name, amount): (String, Money)| {
        vec![Cell::text(name), Cell::Amount(amount), Cell::text(currency)]
    };
    let mut tables = vec![DocumentTable {
        title: say("bridge_to_bank_title"),
        columns: columns(
            language,
            &[
                ("item", ColumnKind::Text),
                ("bridge_amount", ColumnKind::Amount),
                ("currency", ColumnKind::Currency),
            ],
        ),
        widths: vec![60, 28, 12],
        rows: rows.into_iter().map(row).collect(),
    }];
    if !way.lines.is_empty() {
        tables.push(bank_lines(language, &way.lines));
    }
    Ok(tables)
}

fn bank_lines(language: Language, lines: &[BankWayLine]) -> DocumentTable {
    let row = |line: &BankWayLine| {
        vec![
            Cell::day(Some(line.booked)),
            Cell::text(line.account.clone()),
            Cell::text(line.reference.clone()),
            Cell::Amount(line.amount),
            Cell::text(line.amount.currency().code()),
        ]
    };
    DocumentTable {
        title: text(language, "report_bank_lines", &[]),
        columns: columns(
            language,
            &[
                ("booked", ColumnKind::Day),
                ("bank_account", ColumnKind::Text),
                ("bank_text", ColumnKind::Text),
                ("bridge_amount", ColumnKind::Amount),
                ("currency", ColumnKind::Currency),
            ],
        ),
        widths: vec![14, 24, 35, 17, 10],
        rows: lines.iter().map(row).collect(),
    }
}

/// The tables of decisions: those that settle, and those that are carried over; either only where there are any.
pub(crate) fn decided(language: Language, items: &[DecidedItem]) -> Vec<DocumentTable> {
    let of = |is_carried: bool| -> Vec<&DecidedItem> {
        let items = items.iter();
        items.filter(|it| it.is_carried == is_carried).collect()
    };
    let tables = [("report_decided", of(false)), ("report_carried", of(true))];
    let tables = tables.into_iter().filter(|(_, items)| !items.is_empty());
    tables
        .map(|(title, items)| decisions(language, title, &items))
        .collect()
}

fn decisions(language: Language, title: &str, items: &[&DecidedItem]) -> DocumentTable {
    let row = |it: &&DecidedItem| {
        let (bill, book) = (it.found.bill.as_ref(), it.found.book.as_ref());
        let reference = (bill.map(|line| line.reference()))
            .or_else(|| book.map(|line| line.reference()))
            .unwrap_or_default();
        let code = format!("break_{}", it.found.code.name());
        vec![
            Cell::text(text(language, &code, &[])),
            Cell::text(reference.to_owned()),
            Cell::amount(it.found.difference),
            Cell::text(text(language, &format!("act_{}", it.act), &[])),
            Cell::text(it.remark.clone()),
            Cell::text(it.by.clone()),
            Cell::text(it.owner.clone()),
        ]
    };
    DocumentTable {
        title: text(language, title, &[]),
        columns: columns(
            language,
            &[
                ("break", ColumnKind::Text),
                ("payment_ref", ColumnKind::Text),
                ("difference", ColumnKind::Amount),
                ("decision", ColumnKind::Text),
                ("remark", ColumnKind::Text),
                ("by", ColumnKind::Text),
                ("owner", ColumnKind::Text),
            ],
        ),
        widths: vec![15, 20, 11, 12, 22, 10, 10],
        rows: items.iter().map(row).collect(),
    }
}
