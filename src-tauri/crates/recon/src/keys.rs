//! What names a movement, which of several lines counts, and which lines another one already says.

use crate::{Setting, index::hash_of, judge};
use paydesk_domain::{BillLine, BookLine, LineKind, LineState, Money};
use std::cmp::Ordering;

/// What names a movement. A line without a reference is named by the channel's numbers and its row, so that two
/// such lines are never taken for one.
pub(crate) fn bill_key(line: &BillLine) -> (LineKind, &str, &str, u64) {
    match line.reference() {
        "" => (line.kind, "", &line.transaction, line.row),
        reference => (line.kind, reference, "", 0),
    }
}

/// The order of the file; lines of one row, which no file has, by what they say.
pub(crate) fn bill_rank_in_file(
    line: &BillLine,
) -> (u64, LineKind, &str, (u8, u64, i64, i64, &str)) {
    (line.row, line.kind, line.reference(), bill_rank(line))
}

/// Places of lines that another line already says, and the row of that one, in the order of the lines.
pub(crate) fn repeats(lines: &[BillLine]) -> Vec<(usize, u64)> {
    let mut hashes: Vec<(u64, u32)> = (0_u32..)
        .zip(lines)
        .filter(|(_, line)| !line.reference().is_empty())
        .map(|(at, line)| (hash_of(line.kind, line.reference()), at))
        .collect();
    hashes.sort_unstable();
    let mut found = Vec::new();
    for alike in hashes.chunk_by(|a, b| a.0 == b.0) {
        if alike.len() == 1 {
            continue;
        }
        let places = alike.iter().filter_map(|(_, at)| usize::try_from(*at).ok());
        let mut alike: Vec<(usize, &BillLine)> =
            places.filter_map(|at| Some((at, lines.get(at)?))).collect();
        alike.sort_unstable_by(|(_, a), (_, b)| {
            (bill_key(a).cmp(&bill_key(b)))
                .then_with(|| other_payment(a, b))
                .then_with(|| bill_rank(a).cmp(&bill_rank(b)))
        });
        let mut first: Option<&BillLine> = None;
        for (at, line) in alike {
            match first {
                Some(first)
                    if bill_key(first) == bill_key(line) && other_payment(first, line).is_eq() =>
                {
                    found.push((at, first.row));
                }
                _ => first = Some(line),
            }
        }
    }
    found.sort_unstable();
    found
}

/// Two lines of one reference are one movement. A reference that is not ours may be what a spreadsheet made of many:
/// there the channel's number tells them apart.
pub(crate) fn other_payment(a: &BillLine, b: &BillLine) -> Ordering {
    if a.transaction == b.transaction || judge::is_ours(a.reference()) {
        return Ordering::Equal;
    }
    a.transaction.cmp(&b.transaction)
}

pub(crate) fn book_key(line: &BookLine) -> (LineKind, &str, &str, u64) {
    (line.kind, line.reference(), "", 0)
}

/// Which of several rows counts: money that moved before money that did not, then the first row.
pub(crate) fn bill_rank(line: &BillLine) -> (u8, u64, i64, i64, &str) {
    (
        state_rank(line.state),
        line.row,
        line.at.0,
        line.amount.minor(),
        &line.transaction,
    )
}

/// Which of two lines of ours counts: this day's, then the one whose money moved, then the earlier.
pub(crate) fn book_rank(setting: &Setting, a: &BookLine, b: &BookLine) -> Ordering {
    let minor = |fee: Option<Money>| fee.map(Money::minor);
    (a.day != setting.day)
        .cmp(&(b.day != setting.day))
        .then_with(|| state_rank(a.state).cmp(&state_rank(b.state)))
        .then_with(|| (a.at, a.day).cmp(&(b.at, b.day)))
        .then_with(|| a.amount.minor().cmp(&b.amount.minor()))
        .then_with(|| a.transaction.cmp(&b.transaction))
        .then_with(|| minor(a.fee).cmp(&minor(b.fee)))
}

pub(crate) fn state_rank(state: LineState) -> u8 {
    match state {
        LineState::Done => 0,
        LineState::Pending => 1,
        LineState::Failed => 2,
    }
}
