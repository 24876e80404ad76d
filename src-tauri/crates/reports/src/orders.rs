//! The list of orders, with a line of totals for each currency at its end.
//! Rows are pushed and forgotten; only the sums are kept.

use crate::{
    list::{ListFile, ListSetting, columns},
    model::{Cell, ColumnKind, ExportError, Exported},
};
use jiff::tz::TimeZone;
use paydesk_domain::{BusinessDay, ChannelDay, Money, OrderStatus, Timestamp};
use paydesk_texts::{Language, text};
use std::io::Write;

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

/// The columns: names and kinds.
const COLUMNS: [(&str, ColumnKind); 12] = [
    ("order_no", ColumnKind::Text),
    ("day", ColumnKind::Day),
    ("time", ColumnKind::Moment),
    ("channel", ColumnKind::Text),
    ("status", ColumnKind::Text),
    ("amount", ColumnKind::Amount),
    ("taken", ColumnKind::Summed),
    ("refunded", ColumnKind::Summed),
    ("net", ColumnKind::Summed),
    ("currency", ColumnKind::Currency),
    ("operator", ColumnKind::Text),
    ("note", ColumnKind::Text),
];

/// The file being written.
pub struct OrderList<W: Write> {
    file: ListFile<W>,
    language: Language,
    zone: TimeZone,
}

impl<W: Write> OrderList<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// The writer's.
    pub fn begin(writer: W, setting: ListSetting) -> Result<OrderList<W>, ExportError> {
        let (language, zone) = (setting.language, setting.zone.clone());
        Ok(OrderList {
            file: ListFile::begin(writer, setting, columns(language, &COLUMNS))?,
            language,
            zone,
        })
    }

    /// Writes an order.
    ///
    /// # Errors
    /// The writer's; `Money` when the sums no longer fit; `TooLarge` when the format has no room.
    pub fn row(&mut self, line: &OrderLine) -> Result<(), ExportError> {
        let net = line.taken.checked_sub(line.refunded)?;
        let currency = line.amount.currency();
        let channel = text(self.language, &format!("channel_{}", line.channel), &[]);
        self.file.row(
            Some(currency),
            &[
                Cell::text(line.number.as_str()),
                Cell::day(ChannelDay(line.day.0).date()),
                Cell::moment(Some(line.at), &self.zone),
                Cell::text(channel),
                Cell::text(text(self.language, status_key(line.status), &[])),
                Cell::Amount(line.amount),
                Cell::Amount(line.taken),
                Cell::Amount(line.refunded),
                Cell::Amount(net),
                Cell::text(currency.code()),
                Cell::text(line.operator.as_str()),
                Cell::text(line.note.as_str()),
            ],
        )
    }

    /// Writes the totals and gives the writer back with what was written.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> Result<(W, Exported), ExportError> {
        self.file.finish()
    }
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
        OrderStatus::PaidOver => "status_paid_over",
        OrderStatus::PaidShort => "status_paid_short",
        OrderStatus::PartPaid => "status_part_paid",
        OrderStatus::PartRefunded => "status_part_refunded",
        OrderStatus::RefundFailed => "status_refund_failed",
        OrderStatus::Refunded => "status_refunded",
        OrderStatus::Refunding => "status_refunding",
        OrderStatus::Reversed => "status_reversed",
        OrderStatus::Unknown => "status_unknown",
    }
}
