//! Reading UnionPay's settlement detail (`…ZM_…`): GBK lines of fixed width, every field followed by one blank.
//! Widths are bytes, so bytes are cut and never characters; of the fields that are read all are ASCII.
//!
//! The file names no day and its moments no year: the day comes with the file, or each line's own `queryId` tells its
//! year. It has no totals either, so a file that was cut between two lines looks whole; the archive's checksum and the
//! signed answer it came in say that it is not.

use crate::{
    BillEnd, BillFault, Brief, Span,
    wire::{
        bill::{Each, add, one_more, positive},
        stream::{Line, Stream},
        time,
    },
};
use jiff::tz::Offset;
use paydesk_domain::{
    BillLine, ChannelDay, Currency, LineKind, LineState, Money, Timestamp, Totals,
};
use std::time::Duration;

/// Widths of the detail's fields in bytes, from the parser of the official samples.
const WIDTHS: [usize; 42] = [
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21,
    15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];
/// A whole line without its end.
const LINE_BYTES: usize = 607;
/// A line of the list of errors (`…ZME_…`), which is no bill.
const ERROR_LINE_BYTES: usize = 339;
/// The channel's day ends an hour before midnight.
const CUT_HOUR: Duration = Duration::from_secs(3600);
/// `queryId` holds the year of its order behind two digits.
const QUERY_DIGITS: usize = 21;

/// A field: its place in the line, and its name for a person.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    name: &'static str,
}

const MOMENT: Place = Place {
    at: 4,
    name: "交易传输时间",
};
const AMOUNT: Place = Place {
    at: 6,
    name: "交易金额",
};
const QUERY_ID: Place = Place {
    at: 9,
    name: "交易查询流水号",
};
const ORDER: Place = Place {
    at: 11,
    name: "商户订单号",
};
const FEE: Place = Place {
    at: 15,
    name: "商户手续费",
};
const KIND: Place = Place {
    at: 19,
    name: "交易类型",
};
const ORIGINAL_QUERY_ID: Place = Place {
    at: 26,
    name: "原交易查询流水号",
};
const MERCHANT: Place = Place {
    at: 27,
    name: "商户代码",
};
const ORIGINAL_ORDER: Place = Place {
    at: 40,
    name: "原始交易订单号",
};

/// One line, cut into its fields.
struct Row<'l> {
    number: u64,
    bytes: &'l [u8],
}

impl<'l> Row<'l> {
    /// A line of the right width with a blank behind every field.
    fn of(line: Line<'l>) -> Result<Row<'l>, BillFault> {
        let row = Row {
            number: line.row,
            bytes: line.bytes,
        };
        let mut end = 0;
        for (at, width) in WIDTHS.iter().enumerate() {
            end += width;
            let behind = line.bytes.get(end);
            let is_cut = match at + 1 == WIDTHS.len() {
                true => behind.is_none(),
                false => behind == Some(&b' '),
            };
            if !is_cut {
                return Err(row.fault(Place {
                    at,
                    name: "字段宽度",
                }));
            }
            end += 1;
        }
        Ok(row)
    }

    fn fault(&self, place: Place) -> BillFault {
        BillFault::Cell {
            row: self.number,
            column: place.name.to_owned(),
        }
    }

    /// The text of a field without its padding.
    fn text(&self, place: Place) -> Result<&'l str, BillFault> {
        let before: usize = WIDTHS.iter().take(place.at).map(|width| width + 1).sum();
        let width = WIDTHS.get(place.at).copied().unwrap_or_default();
        let bytes = self.bytes.get(before..before + width).unwrap_or_default();
        let text = bytes.is_ascii().then(|| std::str::from_utf8(bytes).ok());
        let text = text.flatten().ok_or_else(|| self.fault(place))?;
        Ok(text.trim_matches(' '))
    }

    fn digits(&self, place: Place) -> Result<i64, BillFault> {
        let text = self.text(place)?;
        let width = WIDTHS.get(place.at).copied().unwrap_or_default();
        number(text, width).ok_or_else(|| self.fault(place))
    }

    /// A sum with `C` (credit) or `D` (debit to the merchant) in front, as what the shop pays.
    fn owed(&self, place: Place) -> Result<i64, BillFault> {
        let text = self.text(place)?;
        let owed = match text.split_at_checked(1) {
            Some(("D", digits)) => number(digits, 12),
            Some(("C", digits)) => number(digits, 12).map(i64::wrapping_neg),
            _ => None,
        };
        owed.ok_or_else(|| self.fault(place))
    }

    fn moment(&self, day: Option<ChannelDay>) -> Result<Timestamp, BillFault> {
        let text = self.text(MOMENT)?;
        let near = match day.and_then(|day| super::DAY_CUT.bounds(day)) {
            Some((start, _)) => Some(start),
            None => self.dated()?,
        };
        let is_whole = text.len() == 10;
        let moment = near.filter(|_| is_whole);
        let moment = moment.and_then(|near| time::from_yearless(text, near));
        moment.ok_or_else(|| self.fault(MOMENT))
    }

    /// The moment of the order that the line's own number names, with its year.
    fn dated(&self) -> Result<Option<Timestamp>, BillFault> {
        let id = self.text(QUERY_ID)?;
        let digits = id.len() == QUERY_DIGITS && id.bytes().all(|byte| byte.is_ascii_digit());
        let part = |from: usize, to: usize| id.get(from..to).filter(|_| digits);
        let moment = part(2, 14).and_then(|moment| time::from_compact(&format!("20{moment}")));
        match moment {
            Some(moment) => Ok(Some(moment)),
            None => Err(self.fault(QUERY_ID)),
        }
    }

    fn line(&self, day: Option<ChannelDay>) -> Result<BillLine, BillFault> {
        let named = |place: Place| {
            let text = self.text(place)?;
            let is_named = !text.is_empty();
            is_named
                .then(|| text.to_owned())
                .ok_or_else(|| self.fault(place))
        };
        let amount = positive(self.digits(AMOUNT)?, Currency::CNY);
        let (kind, payment, refund, transaction) = match self.text(KIND)? {
            "01" => (
                LineKind::Payment,
                named(ORDER)?,
                String::new(),
                named(QUERY_ID)?,
            ),
            "04" => (
                LineKind::Refund,
                self.text(ORIGINAL_ORDER)?.to_owned(),
                named(ORDER)?,
                self.text(ORIGINAL_QUERY_ID)?.to_owned(),
            ),
            // An undo gives back what came the same day and is no refund of ours: it has no reference.
            "31" => (
                LineKind::Refund,
                named(ORIGINAL_ORDER)?,
                String::new(),
                self.text(ORIGINAL_QUERY_ID)?.to_owned(),
            ),
            _ => return Err(self.fault(KIND)),
        };
        Ok(BillLine {
            row: self.number,
            kind,
            payment,
            refund,
            transaction,
            amount: amount.ok_or_else(|| self.fault(AMOUNT))?,
            fee: Money::from_minor(self.owed(FEE)?, Currency::CNY),
            at: self.moment(day)?,
            state: LineState::Done,
        })
    }
}

/// Exactly so many digits.
fn number(text: &str, width: usize) -> Option<i64> {
    let is_number = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The channel's day of a moment: from an hour before midnight on it is the next one.
fn day_of(at: Timestamp) -> ChannelDay {
    let civil = Offset::constant(8).to_datetime(at.plus(CUT_HOUR).to_jiff());
    ChannelDay::from_date(civil.date())
}

/// A line of another width: cut off, of another file, or damaged.
fn misfit(row: u64, bytes: usize, is_last: bool) -> BillFault {
    match (row, bytes) {
        (_, ..LINE_BYTES) if is_last && bytes != ERROR_LINE_BYTES => BillFault::Truncated,
        (1, ERROR_LINE_BYTES) => BillFault::WrongKind,
        (1, _) => BillFault::WrongChannel,
        _ => BillFault::Cell {
            row,
            column: "字段宽度".to_owned(),
        },
    }
}

/// The next line of the detail.
fn next_line(
    lines: &mut Stream<'_>,
    day: Option<ChannelDay>,
    account: Option<&str>,
) -> Result<Option<(BillLine, u64)>, BillFault> {
    let (row, width) = loop {
        let Some(line) = lines.next_line()? else {
            return Ok(None);
        };
        if line.bytes.trim_ascii().is_empty() {
            continue;
        }
        if line.bytes.len() != LINE_BYTES {
            break (line.row, line.bytes.len());
        }
        let offset = line.offset;
        let row = Row::of(line)?;
        let merchant = row.text(MERCHANT)?;
        if account.is_some_and(|account| account != merchant) {
            return Err(BillFault::WrongMerchant);
        }
        return Ok(Some((row.line(day)?, offset)));
    };
    // A file of another channel is not told from one that was cut by its first line's width alone.
    let is_last = lines.is_at_end();
    Err(misfit(row, width, is_last && row > 1))
}

/// Whether it is the detail, and the channel's day of its first line where none came with it.
pub(super) fn recognise(
    lines: &mut Stream<'_>,
    day: Option<ChannelDay>,
) -> Result<Option<ChannelDay>, BillFault> {
    let first = next_line(lines, day, None)?;
    Ok(day.or_else(|| first.map(|(line, _)| day_of(line.at))))
}

/// Reads the detail.
pub(super) fn read(
    mut lines: Stream<'_>,
    day: Option<ChannelDay>,
    merchant: &str,
    mut each: Each<'_>,
) -> Result<BillEnd, BillFault> {
    let account = Some(merchant).filter(|merchant| !merchant.is_empty());
    let (mut totals, mut count, mut first) = (Totals::zero(Currency::CNY), 0, None);
    while let Some((line, offset)) = next_line(&mut lines, day, account)? {
        one_more(&mut count)?;
        first = first.or(Some(line.at));
        add(&mut totals, &Brief::of(&line, offset))
            .map_err(|_| BillFault::Totals("the sum is beyond any bill".to_owned()))?;
        each.whole(line, offset)?;
    }
    Ok(BillEnd {
        day: day.or_else(|| first.map(day_of)),
        content_sha256: lines.content_sha256().unwrap_or_default(),
        totals,
    })
}

/// Reads some lines of the detail again.
pub(super) fn lines_at(
    mut lines: Stream<'_>,
    day: Option<ChannelDay>,
    spans: &mut dyn Iterator<Item = Span>,
    each: &mut dyn FnMut(BillLine),
) -> Result<(), BillFault> {
    for span in spans {
        // The first line has no titles in front of it: the stream stands there already.
        if span.row > 1 {
            lines.go_to(span.row, span.offset)?;
        }
        for _ in 0..span.lines {
            match next_line(&mut lines, day, None)? {
                Some((line, _)) => each(line),
                None => return Ok(()),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widths_are_a_line() {
        let blanks = WIDTHS.len() - 1;
        assert_eq!(WIDTHS.iter().sum::<usize>() + blanks, LINE_BYTES);
        let offset = |at: usize| WIDTHS.iter().take(at).map(|width| width + 1).sum::<usize>();
        // Offsets of the reference's own table.
        for (place, expected) in [
            (MOMENT, 35),
            (AMOUNT, 66),
            (QUERY_ID, 87),
            (ORDER, 112),
            (FEE, 166),
            (KIND, 215),
            (ORIGINAL_QUERY_ID, 271),
            (MERCHANT, 293),
            (ORIGINAL_ORDER, 476),
        ] {
            assert_eq!(offset(place.at), expected, "{}", place.name);
        }
    }
}
