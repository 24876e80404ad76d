//! Reading Stripe's itemised report of the balance (`balance_change_from_activity.itemized`): UTF-8, titles in the first
//! line, commas, quotes as RFC 4180 has them, decimals of major units, moments in UTC.
//!
//! Columns are found by their titles. The report has no totals, so a file that was cut between two lines looks whole; a
//! line that was cut has too few cells.

use super::request::{PAYMENT_KEY, REFUND_KEY};
use crate::{
    BillEnd, BillFault, Brief, Span,
    wire::{
        bill::{Each, add, one_more},
        stream::{Line, Stream},
        time,
    },
};
use jiff::tz::Offset;
use paydesk_domain::{
    BillLine, ChannelDay, Currency, LineKind, LineState, Money, Timestamp, Totals,
};
use std::{borrow::Cow, time::Duration};

/// Moments of the report are in UTC; the reader of cells takes them for China's.
const CHINA_AHEAD: Duration = Duration::from_secs(8 * 3600);
/// The most columns that any report of the channel has, those of metadata included.
const COLUMNS_MAX: usize = 128;
/// What the other export of the channel, "All activity", begins with.
const ALL_ACTIVITY: [&str; 3] = ["ID", "Type", "Source"];

/// What every report must have.
pub(super) const NEEDED: [&str; 8] = [
    "balance_transaction_id",
    "created_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
];

/// Where a column stands, by its title.
struct Titles(Vec<String>);

impl Titles {
    fn read(line: Line<'_>) -> Result<Titles, BillFault> {
        // Stripe's titles are ASCII: what is written otherwise is another channel's bill, in the encoding of that one.
        let text = text_of(&line).map_err(|_| BillFault::WrongChannel)?;
        let titles: Vec<String> = cells(text)
            .ok_or(BillFault::WrongChannel)?
            .iter()
            .map(|title| title.trim().to_owned())
            .collect();
        if titles.iter().take(3).eq(ALL_ACTIVITY) {
            return Err(BillFault::WrongKind);
        }
        let all = Titles(titles);
        if NEEDED.iter().any(|title| all.place(title).is_none()) {
            let is_ours = all.place("balance_transaction_id").is_some()
                || all.place("reporting_category").is_some();
            return Err(if is_ours {
                BillFault::WrongKind
            } else {
                BillFault::WrongChannel
            });
        }
        Ok(all)
    }

    fn place(&self, title: &str) -> Option<usize> {
        self.0.iter().position(|known| known == title)
    }
}

fn text_of<'l>(line: &Line<'l>) -> Result<&'l str, BillFault> {
    let text = std::str::from_utf8(line.bytes).map_err(|_| BillFault::Encoding(line.row))?;
    Ok(text.trim_end_matches('\r'))
}

/// The cells of a line; none where a quote is not closed, or something stands behind one.
fn cells(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let (mut found, mut rest) = (Vec::new(), line);
    loop {
        if found.len() == COLUMNS_MAX {
            return None;
        }
        let Some(quoted) = rest.strip_prefix('"') else {
            let (cell, behind) = match rest.split_once(',') {
                Some((cell, behind)) => (cell, Some(behind)),
                None => (rest, None),
            };
            if cell.contains('"') {
                return None;
            }
            found.push(Cow::Borrowed(cell));
            match behind {
                Some(behind) => rest = behind,
                None => return Some(found),
            }
            continue;
        };
        let (mut at, mut doubled) = (0, false);
        let end = loop {
            let quote = at + quoted.get(at..)?.find('"')?;
            if !quoted.get(quote + 1..)?.starts_with('"') {
                break quote;
            }
            (at, doubled) = (quote + 2, true);
        };
        let cell = quoted.get(..end)?;
        found.push(if doubled {
            Cow::Owned(cell.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(cell)
        });
        match quoted.get(end + 1..)? {
            "" => return Some(found),
            behind => rest = behind.strip_prefix(',')?,
        }
    }
}

/// One row with its titles.
struct Row<'r> {
    number: u64,
    cells: Vec<Cow<'r, str>>,
    titles: &'r Titles,
}

impl<'r> Row<'r> {
    fn of(line: &Line<'r>, titles: &'r Titles) -> Result<Row<'r>, BillFault> {
        let text = text_of(line)?;
        let misfit = || BillFault::Cell {
            row: line.row,
            column: "balance_transaction_id".to_owned(),
        };
        let cells = cells(text).filter(|cells| cells.len() == titles.0.len());
        Ok(Row {
            number: line.row,
            cells: cells.ok_or_else(misfit)?,
            titles,
        })
    }

    fn fault(&self, title: &str) -> BillFault {
        BillFault::Cell {
            row: self.number,
            column: title.to_owned(),
        }
    }

    /// A cell's text; empty where the report has no such column.
    fn text(&self, title: &str) -> &str {
        let place = self.titles.place(title);
        place
            .and_then(|place| self.cells.get(place))
            .map_or("", |cell| cell.trim())
    }

    fn currency(&self) -> Result<Currency, BillFault> {
        let code = self.text("currency").to_ascii_uppercase();
        Currency::from_code(&code).ok_or_else(|| self.fault("currency"))
    }

    fn money(&self, title: &str, currency: Currency) -> Result<Money, BillFault> {
        Money::parse(self.text(title), currency).map_err(|_| self.fault(title))
    }

    fn moment(&self) -> Result<Timestamp, BillFault> {
        let at = time::from_china_cell(self.text("created_utc"));
        at.map(|at| at.plus(CHINA_AHEAD))
            .ok_or_else(|| self.fault("created_utc"))
    }

    /// What the row is in a trade bill; nothing for movements that are no trade, such as fees of their own.
    ///
    /// A dispute takes money as a refund does, and one that was won brings it as a payment does: neither is in our
    /// books, so both are seen as differences. A refund that failed is told once more, as one that did not happen.
    fn sort(&self, gross: Money) -> Option<(LineKind, LineState)> {
        let takes = gross.minor() < 0;
        match (self.text("reporting_category"), takes) {
            ("charge" | "dispute_reversal", false) => Some((LineKind::Payment, LineState::Done)),
            ("refund" | "partial_capture_reversal" | "dispute", true) => {
                Some((LineKind::Refund, LineState::Done))
            }
            ("refund_failure", false) => Some((LineKind::Refund, LineState::Failed)),
            _ => None,
        }
    }

    fn line(&self) -> Result<Option<BillLine>, BillFault> {
        let currency = self.currency()?;
        let (gross, fee) = (self.money("gross", currency)?, self.money("fee", currency)?);
        // The channel's own sum of each row.
        if gross.checked_sub(fee).ok() != Some(self.money("net", currency)?) {
            return Err(self.fault("net"));
        }
        let at = self.moment()?;
        let Some((kind, state)) = self.sort(gross) else {
            return Ok(None);
        };
        let amount = Money::from_minor(gross.minor().saturating_abs(), currency);
        let metadata = |source: &str, key: &str| self.text(&format!("{source}_metadata[{key}]"));
        let first = |given: [&str; 2]| {
            let [one, other] = given;
            (if one.is_empty() { other } else { one }).to_owned()
        };
        let is_refund = kind == LineKind::Refund;
        // A dispute is a matter of its own: by the payment's names it would be taken for the payment once more.
        let is_dispute = self.text("reporting_category").starts_with("dispute");
        let source = self.text("source_id");
        Ok(Some(BillLine {
            row: self.number,
            kind,
            payment: match is_dispute {
                true => source.to_owned(),
                false => metadata("payment", PAYMENT_KEY).to_owned(),
            },
            refund: match is_refund {
                true => first([metadata("refund", REFUND_KEY), source]),
                false => String::new(),
            },
            transaction: match is_dispute {
                true => source.to_owned(),
                false => first([self.text("payment_intent_id"), source]),
            },
            amount,
            fee,
            at,
            state,
        }))
    }
}

fn day_of(at: Timestamp) -> ChannelDay {
    ChannelDay::from_date(Offset::constant(8).to_datetime(at.to_jiff()).date())
}

fn titles(lines: &mut Stream<'_>) -> Result<Titles, BillFault> {
    let line = lines.next_line()?.ok_or(BillFault::Truncated)?;
    Titles::read(line)
}

/// Whether it is the report, and the day of its first row, by the clock that our days are cut by.
pub(super) fn recognise(lines: &mut Stream<'_>) -> Result<Option<ChannelDay>, BillFault> {
    let titles = titles(lines)?;
    match next_row(lines, &titles)? {
        Some((row, _)) => Ok(Some(day_of(row.moment()?))),
        None => Ok(None),
    }
}

/// The next row with where it begins. What is wrong with the last line of a file means that it was cut there.
fn next_row<'r>(
    lines: &'r mut Stream<'_>,
    titles: &'r Titles,
) -> Result<Option<(Row<'r>, u64)>, BillFault> {
    let line = match lines.next_line()? {
        None => return Ok(None),
        Some(line) => line,
    };
    let offset = line.offset;
    Row::of(&line, titles).map(|row| Some((row, offset)))
}

/// Reads the report. All of it is one currency: two are never added.
pub(super) fn read(mut lines: Stream<'_>, mut each: Each<'_>) -> Result<BillEnd, BillFault> {
    let titles = titles(&mut lines)?;
    let mut totals: Option<Totals> = None;
    let (mut count, mut first) = (0, None);
    loop {
        let row = match next_row(&mut lines, &titles) {
            Ok(None) => break,
            Ok(Some((row, offset))) => {
                let sum = totals.get_or_insert(Totals::zero(row.currency()?));
                if row.currency()? != sum.paid.currency() {
                    return Err(row.fault("currency"));
                }
                first = first.or(Some(row.moment()?));
                row.line()?.map(|line| (line, offset))
            }
            Err(fault) => return Err(crate::wire::bill::cut_off(fault, &mut lines)),
        };
        let (Some((line, offset)), Some(sum)) = (row, totals.as_mut()) else {
            continue;
        };
        one_more(&mut count)?;
        add(sum, &Brief::of(&line, offset))
            .map_err(|_| BillFault::Totals("the sum is beyond any bill".to_owned()))?;
        each.whole(line, offset)?;
    }
    Ok(BillEnd {
        day: first.map(day_of),
        content_sha256: lines.content_sha256().unwrap_or_default(),
        // A day without a movement has no currency of its own.
        totals: totals.unwrap_or_else(|| Totals::zero(Currency::CNY)),
    })
}

/// Reads some lines of the report again. Rows that are no trade lie between them and are passed over.
pub(super) fn lines_at(
    mut lines: Stream<'_>,
    spans: &mut dyn Iterator<Item = Span>,
    each: &mut dyn FnMut(BillLine),
) -> Result<(), BillFault> {
    let titles = titles(&mut lines)?;
    for span in spans {
        lines.go_to(span.row, span.offset)?;
        let mut left = span.lines;
        while left > 0 {
            let Some((row, _)) = next_row(&mut lines, &titles)? else {
                return Ok(());
            };
            if let Some(line) = row.line()? {
                each(line);
                left -= 1;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_taken_off_as_rfc_4180_writes_them() {
        let read = |line| cells(line).map(|found| found.join("|"));
        for (line, expected) in [
            ("a,b,,c", Some("a|b||c")),
            (r#""a,b",c"#, Some("a,b|c")),
            (r#""say ""x""",c"#, Some(r#"say "x"|c"#)),
            (r#""""#, Some("")),
            ("", Some("")),
            ("a,", Some("a|")),
            (r#""a"#, None),
            (r#""a"b,c"#, None),
            (r#"a"b,c"#, None),
            (r#""a","#, Some("a|")),
        ] {
            assert_eq!(read(line).as_deref(), expected, "{line}");
        }
        assert_eq!(cells(&",".repeat(COLUMNS_MAX)), None);
    }
}
