//! Lines whose fee is not the contract's, with the sums for each currency at the end.

use crate::{
    differences::kind_key,
    list::{ListFile, ListSetting, columns},
    model::{Cell, ColumnKind, ExportError, Exported},
};
use jiff::tz::TimeZone;
use paydesk_domain::{BillLine, ChannelDay, Money};
use paydesk_texts::{Language, text};
use std::io::Write;

/// The columns: names and kinds.
const COLUMNS: [(&str, ColumnKind); 13] = [
    ("channel", ColumnKind::Text),
    ("bill_day", ColumnKind::Day),
    ("bill_row", ColumnKind::Integer),
    ("kind", ColumnKind::Text),
    ("payment_ref", ColumnKind::Text),
    ("refund_ref", ColumnKind::Text),
    ("channel_no", ColumnKind::Text),
    ("bill_time", ColumnKind::Moment),
    ("bill_amount", ColumnKind::Amount),
    ("bill_fee", ColumnKind::Summed),
    ("contract_fee", ColumnKind::Summed),
    ("fee_more", ColumnKind::Summed),
    ("currency", ColumnKind::Currency),
];

/// The file being written.
pub struct FeeFindingList<W: Write> {
    file: ListFile<W>,
    language: Language,
    zone: TimeZone,
    channel: String,
}

impl<W: Write> FeeFindingList<W> {
    /// Begins the file of one channel's account.
    ///
    /// # Errors
    /// The writer's.
    pub fn begin(
        writer: W,
        setting: ListSetting,
        channel: &str,
    ) -> Result<FeeFindingList<W>, ExportError> {
        let (language, zone) = (setting.language, setting.zone.clone());
        Ok(FeeFindingList {
            file: ListFile::begin(writer, setting, columns(language, &COLUMNS))?,
            language,
            zone,
            channel: text(language, &format!("channel_{channel}"), &[]),
        })
    }

    /// Writes a finding: `more` is the bill's fee less the contract's.
    ///
    /// # Errors
    /// The writer's; `Money` when the sums no longer fit; `TooLarge` when the format has no room.
    pub fn row(
        &mut self,
        day: ChannelDay,
        line: &BillLine,
        contract: Money,
        more: Money,
    ) -> Result<(), ExportError> {
        let currency = line.amount.currency();
        let cells = [
            Cell::text(self.channel.as_str()),
            Cell::day(day.date()),
            Cell::Integer(line.row),
            Cell::text(text(self.language, kind_key(Some(line.kind)), &[])),
            Cell::text(line.payment.as_str()),
            Cell::text(line.refund.as_str()),
            Cell::text(line.transaction.as_str()),
            Cell::moment(Some(line.at), &self.zone),
            Cell::Amount(line.amount),
            Cell::Amount(line.fee),
            Cell::Amount(contract),
            Cell::Amount(more),
            Cell::text(currency.code()),
        ];
        self.file.row(Some(currency), &cells)
    }

    /// Writes the totals and gives the writer back with what was written.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> Result<(W, Exported), ExportError> {
        self.file.finish()
    }
}
