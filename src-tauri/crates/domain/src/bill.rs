//! What a channel's bill says, what our books say, and the names of their differences.
//! Plain values that the connectors read, `recon` compares and the store keeps; no rule of comparison lives here.

use crate::{Currency, Money, Timestamp};
use jiff::{civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of a channel's files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillKind {
    /// One line per payment and refund.
    Trade,
    /// One line per movement of the account at the channel.
    FundFlow,
}

/// A day by the channel's own clock, as the number `yyyymmdd`: the day its bill is cut by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelDay(pub i32);

impl ChannelDay {
    /// From a calendar date.
    #[must_use]
    pub fn from_date(date: Date) -> ChannelDay {
        let (year, month, day) = (
            i32::from(date.year()),
            i32::from(date.month()),
            i32::from(date.day()),
        );
        ChannelDay(year * 10_000 + month * 100 + day)
    }

    /// The calendar date; `None` for a number that names no day.
    #[must_use]
    pub fn date(self) -> Option<Date> {
        let year = i16::try_from(self.0 / 10_000).ok()?;
        let month = i8::try_from(self.0 / 100 % 100).ok()?;
        let day = i8::try_from(self.0 % 100).ok()?;
        Date::new(year, month, day).ok()
    }

    /// The day after; `None` where there is none.
    #[must_use]
    pub fn next(self) -> Option<ChannelDay> {
        self.date()?.tomorrow().ok().map(ChannelDay::from_date)
    }

    /// The day before; `None` where there is none.
    #[must_use]
    pub fn previous(self) -> Option<ChannelDay> {
        self.date()?.yesterday().ok().map(ChannelDay::from_date)
    }

    /// Its first moment and the first moment after it, for a channel that cuts its day at midnight of UTC+8.
    #[must_use]
    pub fn bounds_of_china(self) -> Option<(Timestamp, Timestamp)> {
        DayCut::MIDNIGHT.bounds(self)
    }
}

/// When a channel's day begins: so many hours before midnight of UTC+8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayCut {
    early_hours: u8,
}

impl DayCut {
    /// The day of the calendar.
    pub const MIDNIGHT: DayCut = DayCut::before_midnight(0);

    /// A day that begins so many hours before midnight, and ends as much before the next.
    #[must_use]
    pub const fn before_midnight(hours: u8) -> DayCut {
        DayCut { early_hours: hours }
    }

    fn early_ms(self) -> i64 {
        i64::from(self.early_hours) * 3_600_000
    }

    /// The first moment of a day and the first moment after it.
    #[must_use]
    pub fn bounds(self, day: ChannelDay) -> Option<(Timestamp, Timestamp)> {
        let start = |day: ChannelDay| {
            let midnight = day.date()?.to_zoned(Offset::constant(8).to_time_zone());
            let midnight = midnight.ok()?.timestamp().as_millisecond();
            midnight.checked_sub(self.early_ms()).map(Timestamp)
        };
        Some((start(day)?, start(day.next()?)?))
    }

    /// The day that a moment belongs to.
    #[must_use]
    pub fn day_of(self, at: Timestamp) -> Option<ChannelDay> {
        let at = Timestamp(at.0.checked_add(self.early_ms())?);
        let china = Offset::constant(8).to_time_zone();
        Some(ChannelDay::from_date(at.to_jiff().to_zoned(china).date()))
    }
}

impl fmt::Display for ChannelDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.0 / 10_000,
            self.0 / 100 % 100,
            self.0 % 100
        )
    }
}

/// Whether a line took money or gave it back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The payer paid.
    Payment,
    /// The payer got money back.
    Refund,
}

/// How far the money of a line came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// It moved.
    Done,
    /// It did not, and will not.
    Failed,
    /// It may still.
    Pending,
}

/// One line of a channel's trade bill, in one form for every channel.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BillLine {
    /// The line in the file as a person counts it, from 1, titles included.
    pub row: u64,
    /// Payment or refund.
    pub kind: LineKind,
    /// Our reference of the payment as the channel wrote it: `out_trade_no`. Not always ours.
    pub payment: String,
    /// Our reference of the refund: `out_request_no`, `out_refund_no`. Empty on a payment.
    pub refund: String,
    /// The channel's number of the payment: `trade_no`, `transaction_id`.
    pub transaction: String,
    /// What the payer paid or got back: never negative, whichever sign the file writes.
    pub amount: Money,
    /// What the channel keeps: positive when the shop pays it, negative when it comes back.
    pub fee: Money,
    /// When, by the channel's clock.
    pub at: Timestamp,
    /// How far the money came.
    pub state: LineState,
}

impl BillLine {
    /// The reference that names this movement: the refund's own, or the payment's.
    #[must_use]
    pub fn reference(&self) -> &str {
        match self.kind {
            LineKind::Payment => &self.payment,
            LineKind::Refund => &self.refund,
        }
    }
}

/// What one payment or refund is in our own books.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BookLine {
    /// Payment or refund.
    pub kind: LineKind,
    /// Our reference of the payment.
    pub payment: String,
    /// Our reference of the refund; empty on a payment.
    pub refund: String,
    /// The channel's number, once it said one.
    pub transaction: Option<String>,
    /// How much.
    pub amount: Money,
    /// The fee by the contract: same sign as on the bill. `None` when no rate is set.
    pub fee: Option<Money>,
    /// When the channel says it happened; when we asked, as long as it has not said.
    pub at: Timestamp,
    /// The channel's day of that moment.
    pub day: ChannelDay,
    /// How far the money came, as far as we know.
    pub state: LineState,
}

impl BookLine {
    /// The reference that names this movement: the refund's own, or the payment's.
    #[must_use]
    pub fn reference(&self) -> &str {
        match self.kind {
            LineKind::Payment => &self.payment,
            LineKind::Refund => &self.refund,
        }
    }
}

/// Sums of one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Totals {
    /// Payments whose money moved.
    pub payments: u64,
    /// Their sum.
    pub paid: Money,
    /// Refunds whose money moved.
    pub refunds: u64,
    /// Their sum, not negative.
    pub refunded: Money,
    /// Fees, those that came back taken off.
    pub fee: Money,
}

impl Totals {
    /// Nothing yet.
    #[must_use]
    pub fn zero(currency: Currency) -> Totals {
        let none = Money::zero(currency);
        Totals {
            payments: 0,
            paid: none,
            refunds: 0,
            refunded: none,
            fee: none,
        }
    }
}

/// The names of differences between a bill and our books (feature D6): one list for screens and files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakCode {
    /// The channel has a payment, we do not.
    MissingOurs,
    /// We have a payment, the channel does not.
    MissingChannel,
    /// The bill's amount is higher.
    AmountOver,
    /// The bill's amount is lower.
    AmountUnder,
    /// One side says the money moved, the other that it did not.
    Status,
    /// The fee differs from the contract's.
    Fee,
    /// Two currencies.
    Currency,
    /// Our books hold it twice.
    DuplicateOurs,
    /// The bill holds it twice.
    DuplicateChannel,
    /// The other side has it on the next day of the channel.
    NextDay,
    /// The other side has it on the previous day of the channel.
    PreviousDay,
    /// Our refund is on no bill.
    RefundMissing,
    /// A refund on the bill that is not ours.
    RefundExtra,
    /// The bill's reference is ours, but mangled: cut, with marks in it, or as a number of a spreadsheet.
    ReferenceDamaged,
    /// One line of one side is the sum of several of the other.
    Combined,
    /// Less came to the bank than the channel owes.
    PayoutShort,
    /// More came to the bank than the channel owes.
    PayoutOver,
}

impl BreakCode {
    /// Every code, in the order of the screens.
    pub const ALL: [BreakCode; 17] = [
        BreakCode::MissingOurs,
        BreakCode::MissingChannel,
        BreakCode::AmountOver,
        BreakCode::AmountUnder,
        BreakCode::Status,
        BreakCode::Fee,
        BreakCode::Currency,
        BreakCode::DuplicateOurs,
        BreakCode::DuplicateChannel,
        BreakCode::NextDay,
        BreakCode::PreviousDay,
        BreakCode::RefundMissing,
        BreakCode::RefundExtra,
        BreakCode::ReferenceDamaged,
        BreakCode::Combined,
        BreakCode::PayoutShort,
        BreakCode::PayoutOver,
    ];

    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BreakCode::MissingOurs => "missing_ours",
            BreakCode::MissingChannel => "missing_channel",
            BreakCode::AmountOver => "amount_over",
            BreakCode::AmountUnder => "amount_under",
            BreakCode::Status => "status",
            BreakCode::Fee => "fee",
            BreakCode::Currency => "currency",
            BreakCode::DuplicateOurs => "duplicate_ours",
            BreakCode::DuplicateChannel => "duplicate_channel",
            BreakCode::NextDay => "next_day",
            BreakCode::PreviousDay => "previous_day",
            BreakCode::RefundMissing => "refund_missing",
            BreakCode::RefundExtra => "refund_extra",
            BreakCode::ReferenceDamaged => "reference_damaged",
            BreakCode::Combined => "combined",
            BreakCode::PayoutShort => "payout_short",
            BreakCode::PayoutOver => "payout_over",
        }
    }

    /// The code of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<BreakCode> {
        BreakCode::ALL.into_iter().find(|code| code.name() == name)
    }
}

/// One difference, with both sides as far as they exist.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Break {
    /// What it is.
    pub code: BreakCode,
    /// The bill's line.
    pub bill: Option<BillLine>,
    /// Ours.
    pub book: Option<BookLine>,
    /// Bill less books, of this day: of the fee for `fee`, of the money that moved otherwise.
    /// `None` where two currencies cannot be subtracted.
    pub difference: Option<Money>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_channels_day_begins_at_midnight_of_china() {
        let (starts, ends) = ChannelDay(20_261_120).bounds_of_china().unwrap();
        // 2026-11-19 16:00 UTC, and 24 hours: China has no summer time.
        assert_eq!(starts, Timestamp(1_795_104_000_000));
        assert_eq!(ends.0 - starts.0, 86_400_000);
    }

    #[test]
    fn a_moment_lies_between_the_bounds_of_its_day() {
        let day = ChannelDay(20_261_120);
        for (cut, starts_at) in [
            (DayCut::MIDNIGHT, 1_795_104_000_000),
            (DayCut::before_midnight(1), 1_795_104_000_000 - 3_600_000),
        ] {
            let (starts, ends) = cut.bounds(day).unwrap();
            assert_eq!(starts, Timestamp(starts_at));
            assert_eq!(cut.day_of(Timestamp(starts.0 - 1)), day.previous());
            assert_eq!(cut.day_of(starts), Some(day));
            assert_eq!(cut.day_of(Timestamp(ends.0 - 1)), Some(day));
            assert_eq!(cut.day_of(ends), day.next());
        }
    }

    #[test]
    fn days_follow_each_other_over_months_and_years() {
        assert_eq!(ChannelDay(20_261_231).next(), Some(ChannelDay(20_270_101)));
        assert_eq!(
            ChannelDay(20_280_301).previous(),
            Some(ChannelDay(20_280_229))
        );
        assert_eq!(ChannelDay(20_260_230).next(), None);
        assert_eq!(ChannelDay(-1).date(), None);
    }
}
