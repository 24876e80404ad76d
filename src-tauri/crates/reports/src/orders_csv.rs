//! The list of orders as CSV, with a line of totals for each currency at its end.
//! Rows are pushed and forgotten; only the sums are kept.

use crate::table::{ExportError, Exported, Table};
use jiff::tz::TimeZone;
use paydesk_domain::{BusinessDay, Currency, Money, MoneyError, OrderStatus, Timestamp};
use paydesk_texts::{Language, text};
use std::{collections::BTreeMap, io::Write};

/// One order of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderLine {
    /// Its number.
    pub number: String,
    /// The business day it stands in.
    pub day: BusinessDay,
    /// When it was opened.
    pub at: Timestamp,
    /// The channel's short name.
    pub channel: String,
    /// The status.
    pub status: OrderStatus,
    /// What is owed.
    pub amount: Money,
    /// What came in.
    pub taken: Money,
    /// What went back.
    pub refunded: Money,
    /// Who opened it.
    pub operator: String,
    /// The latest note.
    pub note: String,
}

/// The columns, by the keys of their titles.
const COLUMNS: [&str; 12] = [
    "export_order_no",
    "export_day",
    "export_time",
    "export_channel",
    "export_status",
    "export_amount",
    "export_taken",
    "export_refunded",
    "export_net",
    "export_currency",
    "export_operator",
    "export_note",
];

struct Sums {
    count: u64,
    taken: Money,
    refunded: Money,
}

/// The file being written.
pub struct OrdersCsv<W: Write> {
    table: Table<W>,
    language: Language,
    zone: TimeZone,
    sums: BTreeMap<&'static str, Sums>,
}

impl<W: Write> OrdersCsv<W> {
    /// Begins the file. Times are told in `zone`; a list without rows totals zero in `currency`.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(
        writer: W,
        language: Language,
        zone: TimeZone,
        currency: Currency,
    ) -> Result<OrdersCsv<W>, ExportError> {
        let titles = COLUMNS.map(|key| text(language, key, &[]));
        let mut csv = OrdersCsv {
            table: Table::new(writer, &titles)?,
            language,
            zone,
            sums: BTreeMap::new(),
        };
        csv.count(currency, 0, Money::zero(currency), Money::zero(currency))?;
        Ok(csv)
    }

    /// Writes an order.
    ///
    /// # Errors
    /// The writer's; `Money` when the sums no longer fit.
    pub fn row(&mut self, line: &OrderLine) -> Result<(), ExportError> {
        let net = line.taken.checked_sub(line.refunded)?;
        let currency = line.amount.currency();
        self.count(currency, 1, line.taken, line.refunded)?;
        let channel = text(self.language, &format!("channel_{}", line.channel), &[]);
        let status = text(self.language, status_key(line.status), &[]);
        let table = &mut self.table;
        table.text(&line.number)?;
        table.figure(&line.day.to_string())?;
        table.figure(&local(line.at, &self.zone))?;
        table.text(&channel)?;
        table.text(&status)?;
        for money in [line.amount, line.taken, line.refunded, net] {
            table.figure(&money.to_decimal())?;
        }
        table.figure(currency.code())?;
        table.text(&line.operator)?;
        table.text(&line.note)?;
        table.end_of_row()
    }

    /// Writes the totals and gives the writer back with what was written.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self) -> Result<(W, Exported), ExportError> {
        let total = text(self.language, "export_total", &[]);
        // The currency of an empty list stands only where there is no other.
        let has_rows = self.sums.values().any(|sums| sums.count > 0);
        for (code, sums) in &self.sums {
            if has_rows && sums.count == 0 {
                continue;
            }
            let net = sums.taken.checked_sub(sums.refunded)?;
            let count = sums.count.to_string();
            let table = &mut self.table;
            table.text(&total)?;
            table.text(&text(self.language, "export_count", &[("count", &count)]))?;
            // Time, channel, status and what is owed have no total.
            for _ in 0..4 {
                table.figure("")?;
            }
            for money in [sums.taken, sums.refunded, net] {
                table.figure(&money.to_decimal())?;
            }
            table.figure(code)?;
            table.figure("")?;
            table.figure("")?;
            table.end_of_line()?;
        }
        self.table.finish()
    }

    fn count(
        &mut self,
        currency: Currency,
        orders: u64,
        taken: Money,
        refunded: Money,
    ) -> Result<(), MoneyError> {
        let sums = self.sums.entry(currency.code()).or_insert_with(|| Sums {
            count: 0,
            taken: Money::zero(currency),
            refunded: Money::zero(currency),
        });
        sums.taken = sums.taken.checked_add(taken)?;
        sums.refunded = sums.refunded.checked_add(refunded)?;
        sums.count = sums.count.saturating_add(orders);
        Ok(())
    }
}

/// A moment as the shop's clock shows it.
pub(crate) fn local(at: Timestamp, zone: &TimeZone) -> String {
    let civil = zone.to_datetime(at.to_jiff());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}

fn status_key(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::AwaitingPayment => "status_awaiting_payment",
        OrderStatus::Closed => "status_closed",
        OrderStatus::Ending => "status_ending",
        OrderStatus::Failed => "status_failed",
        OrderStatus::InProgress => "status_in_progress",
        OrderStatus::Paid => "status_paid",
        OrderStatus::PaidLate => "status_paid_late",
        OrderStatus::PartRefunded => "status_part_refunded",
        OrderStatus::RefundFailed => "status_refund_failed",
        OrderStatus::Refunded => "status_refunded",
        OrderStatus::Refunding => "status_refunding",
        OrderStatus::Reversed => "status_reversed",
        OrderStatus::Unknown => "status_unknown",
    }
}
