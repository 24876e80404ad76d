//! The differences of a reconciled day as CSV, with a line of totals for each currency at its end.
//! Rows are pushed and forgotten; only the sums are kept.

use crate::{
    orders_csv::local,
    table::{ExportError, Exported, Table},
};
use jiff::tz::TimeZone;
use paydesk_domain::{
    BillLine, BookLine, Break, BreakCode, ChannelDay, Currency, Explanation, FeeRate, LineKind,
    Money,
};
use paydesk_texts::{Language, text};
use std::{collections::BTreeMap, io::Write};

/// The columns, by the keys of their titles.
const COLUMNS: [&str; 18] = [
    "export_channel",
    "export_bill_day",
    "export_break",
    "export_kind",
    "export_payment_ref",
    "export_refund_ref",
    "export_channel_no",
    "export_bill_row",
    "export_bill_time",
    "export_our_time",
    "export_bill_amount",
    "export_our_amount",
    "export_bill_fee",
    "export_our_fee",
    "export_difference",
    "export_fee_difference",
    "export_currency",
    "export_explanation",
];

struct Sums {
    count: u64,
    money: Money,
    fee: Money,
}

/// The file being written.
pub struct BreaksCsv<W: Write> {
    table: Table<W>,
    language: Language,
    zone: TimeZone,
    channel: String,
    day: ChannelDay,
    sums: BTreeMap<&'static str, Sums>,
}

impl<W: Write> BreaksCsv<W> {
    /// Begins the file of one channel's day. Times are told in `zone`; a day without differences
    /// totals zero in `currency`.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(
        writer: W,
        language: Language,
        zone: TimeZone,
        channel: &str,
        day: ChannelDay,
        currency: Currency,
    ) -> Result<BreaksCsv<W>, ExportError> {
        let titles = COLUMNS.map(|key| text(language, key, &[]));
        let none = Money::zero(currency);
        Ok(BreaksCsv {
            table: Table::new(writer, &titles)?,
            language,
            zone,
            channel: text(language, &format!("channel_{channel}"), &[]),
            day,
            sums: BTreeMap::from([(
                currency.code(),
                Sums {
                    count: 0,
                    money: none,
                    fee: none,
                },
            )]),
        })
    }

    /// Writes a difference.
    ///
    /// # Errors
    /// The writer's; `Money` when the sums no longer fit.
    pub fn row(&mut self, found: &Break, explanation: Explanation) -> Result<(), ExportError> {
        let (bill, book) = (found.bill.as_ref(), found.book.as_ref());
        let (money, fee) = match found.code {
            BreakCode::Fee => (None, found.difference),
            _ => (found.difference, None),
        };
        self.count(found, money, fee)?;
        let words = |key: String| text(self.language, &key, &[]);
        let kind = bill.map(|b| b.kind).or(book.map(|b| b.kind));
        let code = words(format!("break_{}", found.code.name()));
        let kind = words(kind_key(kind).to_owned());
        let why = self.explained(explanation);
        let zone = &self.zone;
        let table = &mut self.table;
        table.text(&self.channel)?;
        table.figure(&self.day.to_string())?;
        table.text(&code)?;
        table.text(&kind)?;
        table.text(either(bill, book, |b| &b.payment, |b| &b.payment))?;
        table.text(either(bill, book, |b| &b.refund, |b| &b.refund))?;
        let ours = |b: &'_ BookLine| b.transaction.clone().unwrap_or_default();
        let number = bill.map_or_else(|| book.map(ours), |b| Some(b.transaction.clone()));
        table.text(&number.unwrap_or_default())?;
        table.figure(&bill.map(|b| b.row.to_string()).unwrap_or_default())?;
        table.figure(&bill.map(|b| local(b.at, zone)).unwrap_or_default())?;
        table.figure(&book.map(|b| local(b.at, zone)).unwrap_or_default())?;
        for cell in [
            bill.map(|b| b.amount),
            book.map(|b| b.amount),
            bill.map(|b| b.fee),
            book.and_then(|b| b.fee),
            money,
            fee,
        ] {
            table.figure(&cell.map(Money::to_decimal).unwrap_or_default())?;
        }
        table.figure(&currencies(found))?;
        table.text(&why)?;
        table.end_of_row()
    }

    /// Writes the totals and gives the writer back with what was written.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self) -> Result<(W, Exported), ExportError> {
        let total = text(self.language, "export_total", &[]);
        let has_rows = self.sums.values().any(|sums| sums.count > 0);
        for (code, sums) in &self.sums {
            if has_rows && sums.count == 0 {
                continue;
            }
            let count = sums.count.to_string();
            let table = &mut self.table;
            table.text(&total)?;
            table.text(&text(self.language, "export_count", &[("count", &count)]))?;
            for _ in 0..12 {
                table.figure("")?;
            }
            table.figure(&sums.money.to_decimal())?;
            table.figure(&sums.fee.to_decimal())?;
            table.figure(code)?;
            table.figure("")?;
            table.end_of_line()?;
        }
        self.table.finish()
    }

    /// A difference between two currencies counts for the bill's; it has no amount to sum.
    fn count(
        &mut self,
        found: &Break,
        money: Option<Money>,
        fee: Option<Money>,
    ) -> Result<(), ExportError> {
        let Some(currency) = currency_of(found) else {
            return Ok(());
        };
        let none = Money::zero(currency);
        let sums = self.sums.entry(currency.code()).or_insert(Sums {
            count: 0,
            money: none,
            fee: none,
        });
        sums.money = sums.money.checked_add(money.unwrap_or(none))?;
        sums.fee = sums.fee.checked_add(fee.unwrap_or(none))?;
        sums.count = sums.count.saturating_add(1);
        Ok(())
    }

    fn explained(&self, explanation: Explanation) -> String {
        let key = format!("why_{}", explanation.name());
        let say = |params: &[(&str, &str)]| text(self.language, &key, params);
        match explanation {
            Explanation::FeeRateDiffers { implied, .. } => {
                say(&[("value", &format!("{} %", percent(implied)))])
            }
            Explanation::HappenedNearMidnight { seconds } => {
                say(&[("value", &seconds.to_string())])
            }
            Explanation::RepeatedRow { first_row } => say(&[("value", &first_row.to_string())]),
            Explanation::SumOfSeveral { lines, .. } => say(&[("value", &lines.to_string())]),
            Explanation::ReferenceMangled { damage } => {
                let how = text(self.language, &format!("damage_{}", damage.name()), &[]);
                say(&[("value", &how)])
            }
            Explanation::FeeFollowsAmount { .. }
            | Explanation::InDoubtWhenCut
            | Explanation::NotAPaydeskNumber
            | Explanation::RoundingPerLine { .. }
            | Explanation::Unexplained => say(&[]),
        }
    }
}

fn kind_key(kind: Option<LineKind>) -> &'static str {
    match kind {
        Some(LineKind::Payment) => "export_kind_payment",
        Some(LineKind::Refund) => "export_kind_refund",
        None => "",
    }
}

/// The bill's word where there is a bill, else ours.
fn either<'a>(
    bill: Option<&'a BillLine>,
    book: Option<&'a BookLine>,
    of_bill: impl Fn(&'a BillLine) -> &'a String,
    of_book: impl Fn(&'a BookLine) -> &'a String,
) -> &'a str {
    bill.map(of_bill)
        .or_else(|| book.map(of_book))
        .map_or("", String::as_str)
}

fn currency_of(found: &Break) -> Option<Currency> {
    let bill = found.bill.as_ref().map(|b| b.amount.currency());
    bill.or_else(|| found.book.as_ref().map(|b| b.amount.currency()))
}

/// One code, or both where the two sides differ.
fn currencies(found: &Break) -> String {
    let bill = found.bill.as_ref().map(|b| b.amount.currency().code());
    let book = found.book.as_ref().map(|b| b.amount.currency().code());
    match (bill, book) {
        (Some(bill), Some(book)) if bill != book => format!("{bill}/{book}"),
        (Some(code), _) | (None, Some(code)) => code.to_owned(),
        (None, None) => String::new(),
    }
}

/// A rate in percent, exactly: 6,000 millionths are 0.6.
fn percent(rate: FeeRate) -> String {
    let (whole, rest) = (rate.millionths() / 10_000, rate.millionths() % 10_000);
    let decimal = format!("{whole}.{rest:04}");
    decimal
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}
