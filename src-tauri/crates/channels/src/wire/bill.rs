//! What every bill reader does alike: sums with their counts, faults of cells, and where a fault of the
//! last line means that the file was cut off.

use super::table::{Header, Lines, fine};
use crate::BillFault;
use paydesk_domain::{BillLine, LineKind, LineState, Money, MoneyError, Timestamp, Totals};
use std::collections::HashMap;

/// More lines than a bill of this size has; each of them is held while they are compared.
const LINES_MAX: u64 = 400_000;

/// Whether one line more is still a bill.
///
/// # Errors
/// `TooLarge`.
pub fn one_more(lines: &mut u64) -> Result<(), BillFault> {
    *lines += 1;
    if *lines > LINES_MAX {
        return Err(BillFault::TooLarge);
    }
    Ok(())
}

/// One row of a bill with its titles.
pub struct Row<'r> {
    /// Its number in the file.
    pub number: u64,
    /// Its cells, one per title.
    pub cells: Vec<&'r str>,
    /// The titles.
    pub header: &'r Header,
}

impl Row<'_> {
    /// The fault of one of its cells.
    #[must_use]
    pub fn fault(&self, at: usize) -> BillFault {
        BillFault::Cell {
            row: self.number,
            column: self.header.title(at).to_owned(),
        }
    }

    /// The text of a cell without padding; empty where the file has no such column.
    #[must_use]
    pub fn text(&self, at: Option<usize>) -> &str {
        at.and_then(|at| self.cells.get(at))
            .map_or("", |cell| cell.trim())
    }

    /// A decimal in hundred-thousandths; nothing is zero.
    ///
    /// # Errors
    /// `Cell`.
    pub fn fine(&self, at: Option<usize>) -> Result<i64, BillFault> {
        match (at, self.text(at)) {
            (None, _) | (_, "") => Ok(0),
            (Some(place), text) => fine(text).ok_or_else(|| self.fault(place)),
        }
    }

    /// Whole minor units; nothing is zero.
    ///
    /// # Errors
    /// `Cell`, also for more decimals than the currency has.
    pub fn minor(&self, at: Option<usize>) -> Result<i64, BillFault> {
        let fine = self.fine(at)?;
        if fine % 1000 == 0 {
            Ok(fine / 1000)
        } else {
            Err(self.fault(at.unwrap_or_default()))
        }
    }

    /// A moment.
    ///
    /// # Errors
    /// `Cell`, also when there is none.
    pub fn moment(&self, at: usize) -> Result<Timestamp, BillFault> {
        super::time::from_china_cell(self.text(Some(at))).ok_or_else(|| self.fault(at))
    }
}

/// Adds one line to the totals; only money that moved counts.
///
/// # Errors
/// `MoneyError`.
pub fn add(totals: &mut Totals, line: &BillLine) -> Result<(), MoneyError> {
    if line.state != LineState::Done {
        return Ok(());
    }
    match line.kind {
        LineKind::Payment => {
            totals.payments += 1;
            totals.paid = totals.paid.checked_add(line.amount)?;
        }
        LineKind::Refund => {
            totals.refunds += 1;
            totals.refunded = totals.refunded.checked_add(line.amount)?;
        }
    }
    totals.fee = totals.fee.checked_add(line.fee)?;
    Ok(())
}

/// Money of minor units that must not be negative.
#[must_use]
pub fn positive(minor: i64, currency: paydesk_domain::Currency) -> Option<Money> {
    (minor >= 0).then(|| Money::from_minor(minor, currency))
}

/// The fault of the last line of a file without its end: it was cut off there.
#[must_use]
pub fn cut_off(fault: BillFault, lines: &Lines<'_>) -> BillFault {
    match fault {
        BillFault::Cell { .. } | BillFault::Encoding(_) if lines.is_at_end() => {
            BillFault::Truncated
        }
        other => other,
    }
}

/// Totals that are not the sum of the lines, in a few words for the log.
#[must_use]
pub fn disagrees(
    what: &str,
    said: impl std::fmt::Display,
    found: impl std::fmt::Display,
) -> BillFault {
    BillFault::Totals(format!("{what}: {said} against {found}"))
}

/// The fault of totals that disagree, or of rows that are there twice where that is the reason to be seen:
/// the first row that is another one again, byte for byte. No two movements have all their cells alike.
#[must_use]
pub fn repeated(fault: BillFault, bytes: &[u8]) -> BillFault {
    if !matches!(fault, BillFault::Totals(_)) {
        return fault;
    }
    let mut seen = HashMap::new();
    for (row, line) in Lines::new(bytes) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if let Some(first) = seen.insert(line, row) {
            return BillFault::RepeatedRow { row, first };
        }
    }
    fault
}
