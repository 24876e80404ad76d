//! The differences of a reconciled day, with a line of totals for each currency at its end.
//! Rows are pushed and forgotten; only the sums are kept.

use crate::{
    list::{ListFile, ListSetting, columns},
    model::{Cell, ColumnKind, ExportError, Exported},
};
use jiff::tz::TimeZone;
use paydesk_domain::{
    BillLine, BookLine, Break, BreakCode, ChannelDay, Currency, Explanation, FeeRate, LineKind,
};
use paydesk_texts::{Language, text};
use std::io::Write;

/// The columns: names and kinds.
const COLUMNS: [(&str, ColumnKind); 18] = [
    ("channel", ColumnKind::Text),
    ("bill_day", ColumnKind::Day),
    ("break", ColumnKind::Text),
    ("kind", ColumnKind::Text),
    ("payment_ref", ColumnKind::Text),
    ("refund_ref", ColumnKind::Text),
    ("channel_no", ColumnKind::Text),
    ("bill_row", ColumnKind::Integer),
    ("bill_time", ColumnKind::Moment),
    ("our_time", ColumnKind::Moment),
    ("bill_amount", ColumnKind::Amount),
    ("our_amount", ColumnKind::Amount),
    ("bill_fee", ColumnKind::Amount),
    ("our_fee", ColumnKind::Amount),
    ("difference", ColumnKind::Summed),
    ("fee_difference", ColumnKind::Summed),
    ("currency", ColumnKind::Currency),
    ("explanation", ColumnKind::Text),
];

/// The file being written.
pub struct DifferenceList<W: Write> {
    file: ListFile<W>,
    language: Language,
    zone: TimeZone,
    channel: String,
    day: ChannelDay,
}

impl<W: Write> DifferenceList<W> {
    /// Begins the file of one channel's day.
    ///
    /// # Errors
    /// The writer's.
    pub fn begin(
        writer: W,
        setting: ListSetting,
        channel: &str,
        day: ChannelDay,
    ) -> Result<DifferenceList<W>, ExportError> {
        let (language, zone) = (setting.language, setting.zone.clone());
        Ok(DifferenceList {
            file: ListFile::begin(writer, setting, columns(language, &COLUMNS))?,
            language,
            zone,
            channel: text(language, &format!("channel_{channel}"), &[]),
            day,
        })
    }

    /// Writes a difference. One between two currencies counts for the bill's; it has no amount to sum.
    ///
    /// # Errors
    /// The writer's; `Money` when the sums no longer fit; `TooLarge` when the format has no room.
    pub fn row(&mut self, found: &Break, explanation: Explanation) -> Result<(), ExportError> {
        let (bill, book) = (found.bill.as_ref(), found.book.as_ref());
        let (money, fee) = match found.code {
            BreakCode::Fee => (None, found.difference),
            _ => (found.difference, None),
        };
        let words = |key: String| text(self.language, &key, &[]);
        let kind = bill.map(|b| b.kind).or(book.map(|b| b.kind));
        let ours = |b: &'_ BookLine| b.transaction.clone().unwrap_or_default();
        let number = bill.map_or_else(|| book.map(ours), |b| Some(b.transaction.clone()));
        let cells = [
            Cell::text(self.channel.as_str()),
            Cell::day(self.day.date()),
            Cell::text(words(format!("break_{}", found.code.name()))),
            Cell::text(words(kind_key(kind).to_owned())),
            Cell::text(either(bill, book, |b| &b.payment, |b| &b.payment)),
            Cell::text(either(bill, book, |b| &b.refund, |b| &b.refund)),
            Cell::text(number.unwrap_or_default()),
            bill.map_or(Cell::Empty, |b| Cell::Integer(b.row)),
            Cell::moment(bill.map(|b| b.at), &self.zone),
            Cell::moment(book.map(|b| b.at), &self.zone),
            Cell::amount(bill.map(|b| b.amount)),
            Cell::amount(book.map(|b| b.amount)),
            Cell::amount(bill.map(|b| b.fee)),
            Cell::amount(book.and_then(|b| b.fee)),
            Cell::amount(money),
            Cell::amount(fee),
            Cell::text(currencies(found)),
            Cell::text(explained(self.language, explanation)),
        ];
        self.file.row(currency_of(found), &cells)
    }

    /// Writes the totals and gives the writer back with what was written.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> Result<(W, Exported), ExportError> {
        self.file.finish()
    }
}

/// Why it differs, in words.
pub(crate) fn explained(language: Language, explanation: Explanation) -> String {
    let key = format!("why_{}", explanation.name());
    let say = |params: &[(&str, &str)]| text(language, &key, params);
    match explanation {
        Explanation::FeeRateDiffers { implied, .. } => {
            say(&[("value", &format!("{} %", percent(implied)))])
        }
        Explanation::HappenedNearMidnight { seconds } => say(&[("value", &seconds.to_string())]),
        Explanation::RepeatedRow { first_row } => say(&[("value", &first_row.to_string())]),
        Explanation::SumOfSeveral { lines, .. } => say(&[("value", &lines.to_string())]),
        Explanation::ReferenceMangled { damage } => {
            let how = text(language, &format!("damage_{}", damage.name()), &[]);
            say(&[("value", &how)])
        }
        Explanation::FeeFollowsAmount { .. }
        | Explanation::InDoubtWhenCut
        | Explanation::NotAPaydeskNumber
        | Explanation::RoundingPerLine { .. }
        | Explanation::Unexplained => say(&[]),
    }
}

pub(crate) fn kind_key(kind: Option<LineKind>) -> &'static str {
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
