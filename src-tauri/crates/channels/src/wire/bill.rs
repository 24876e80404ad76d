//! What every bill reader does alike: sums with their counts, faults of cells, and where a fault of the
//! last line means that the file was cut off.

use super::{
    archive::{self, ReadSeek},
    stream::{Skip, Stream},
    table::{Header, fine},
};
use crate::{BillFault, Brief};
use paydesk_domain::{
    BillLine, Currency, LineKind, LineState, Money, MoneyError, Timestamp, Totals,
};
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher},
};

/// More lines than the bill of a day has; a few bytes of each are held while they are compared.
const LINES_MAX: u64 = 10_000_000;

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

/// What is done with the lines of a trade bill.
pub enum Each<'e> {
    /// As they stream past.
    Brief(crate::EachBrief<'e>),
    /// Each is read whole.
    Whole(&'e mut dyn FnMut(BillLine)),
}

impl Each<'_> {
    /// Hands out a line that was read whole.
    ///
    /// # Errors
    /// Those of who takes it.
    pub fn whole(&mut self, line: BillLine, offset: u64) -> Result<(), BillFault> {
        match self {
            Each::Brief(each) => each(Brief::of(&line, offset)),
            Each::Whole(each) => {
                each(line);
                Ok(())
            }
        }
    }
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
pub fn add(totals: &mut Totals, line: &Brief<'_>) -> Result<(), MoneyError> {
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
pub fn positive(minor: i64, currency: Currency) -> Option<Money> {
    (minor >= 0).then(|| Money::from_minor(minor, currency))
}

/// The fault of the last line of a file without its end: it was cut off there.
#[must_use]
pub fn cut_off(fault: BillFault, lines: &mut Stream<'_>) -> BillFault {
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

/// The first row that is another one again, byte for byte, with that one: the reason to be seen where totals disagree.
/// No two movements have all their cells alike.
#[must_use]
pub fn repeated(file: &mut dyn Skip) -> Option<BillFault> {
    let mut seen: HashMap<(u64, u64), u64> = HashMap::new();
    let mut lines = Stream::new(file);
    while let Ok(Some(line)) = lines.next_line() {
        let bytes = line.bytes.trim_ascii();
        if bytes.is_empty() || bytes.starts_with(b"#") {
            continue;
        }
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(salt);
            hasher.write(bytes);
            hasher.finish()
        };
        let row = line.row;
        if let Some(first) = seen.insert((half(0), half(1)), row) {
            return Some(BillFault::RepeatedRow { row, first });
        }
    }
    None
}

/// The same of a file that may be packed.
#[must_use]
pub fn repeated_in(file: &mut dyn ReadSeek, rank: fn(&str) -> u8) -> Option<BillFault> {
    let mut found = None;
    let read = archive::open(file, archive::STREAMED, rank, &mut |unpacked| {
        found = repeated(unpacked);
        Ok(())
    });
    read.ok().and(found)
}

/// What was read; the fault of totals that disagree as what explains it, where that is found.
///
/// # Errors
/// Those of the reading.
pub fn explained<T>(
    read: Result<T, BillFault>,
    why: impl FnOnce() -> Option<BillFault>,
) -> Result<T, BillFault> {
    read.map_err(|fault| match fault {
        BillFault::Totals(_) => why().unwrap_or(fault),
        other => other,
    })
}
