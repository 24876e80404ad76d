//! One line of one side that is several of the other together. The channel's number of the payment says that they
//! belong together, and all that is left over under it must add up exactly: nothing is searched, so nothing is
//! found by chance.

use crate::{Counts, Difference, ReconError};
use paydesk_domain::{
    BillLine, BookLine, Break, BreakCode, ChannelDay, Explanation, LineKind, LineState, Money,
};
use std::collections::BTreeMap;

/// A line of the bill that met nothing, or something of another amount.
pub(crate) struct Left<'a> {
    /// Its place among the bill's lines.
    pub(crate) at: usize,
    /// It.
    pub(crate) bill: &'a BillLine,
    /// What it met.
    pub(crate) book: Option<&'a BookLine>,
}

/// What belongs together.
#[derive(Default)]
pub(crate) struct Found {
    /// Places of the bill's lines that are spoken for.
    pub(crate) held: Vec<usize>,
    /// Places of our lines that are spoken for.
    pub(crate) alone: Vec<usize>,
    /// What is said about them.
    pub(crate) differences: Vec<Difference>,
}

#[derive(Default)]
struct Group<'a> {
    held: Vec<(usize, &'a BillLine)>,
    /// With the place among the lines that met nothing; those that met a line of the group have none.
    books: Vec<(Option<usize>, &'a BookLine)>,
}

/// Finds them among what is left on both sides.
pub(crate) fn find<'a>(
    day: ChannelDay,
    left: impl Iterator<Item = Left<'a>>,
    alone: &'a [BookLine],
) -> Result<Found, ReconError> {
    let mut groups: BTreeMap<(LineKind, &str), Group<'a>> = BTreeMap::new();
    for Left { at, bill, book } in left {
        if bill.transaction.is_empty() {
            continue;
        }
        let group = groups.entry((bill.kind, &bill.transaction)).or_default();
        group.held.push((at, bill));
        group.books.extend(book.map(|book| (None, book)));
    }
    for (at, book) in alone.iter().enumerate() {
        let Some(transaction) = &book.transaction else {
            continue;
        };
        if let Some(group) = groups.get_mut(&(book.kind, transaction.as_str())) {
            group.books.push((Some(at), book));
        }
    }
    let mut found = Found::default();
    for group in groups.values() {
        if let Some(total) = group.total(day) {
            found.held.extend(group.held.iter().map(|(at, _)| *at));
            (found.alone).extend(group.books.iter().filter_map(|(at, _)| *at));
            group.say(total, &mut found.differences)?;
        }
    }
    Ok(found)
}

impl Group<'_> {
    /// What both sides come to, where one line of one side is all of the other.
    fn total(&self, day: ChannelDay) -> Option<Money> {
        let is_one_of_several = (self.held.len() == 1 && self.books.len() > 1)
            || (self.books.len() == 1 && self.held.len() > 1);
        let has_moved = self
            .held
            .iter()
            .all(|(_, bill)| bill.state == LineState::Done)
            && (self.books.iter())
                .all(|(_, book)| book.state == LineState::Done && book.day == day);
        if !is_one_of_several || !has_moved {
            return None;
        }
        let bill = sum(self.held.iter().map(|(_, bill)| bill.amount))?;
        let books = sum(self.books.iter().map(|(_, book)| book.amount))?;
        (bill == books).then_some(bill)
    }

    /// One difference for each of the several; together they come to nothing.
    fn say(&self, total: Money, found: &mut Vec<Difference>) -> Result<(), ReconError> {
        let lines = self.held.len().max(self.books.len());
        let explanation = Explanation::SumOfSeveral {
            lines: u32::try_from(lines).unwrap_or(u32::MAX),
            total,
        };
        for n in 0..lines {
            let counts = Counts {
                bill: n < self.held.len(),
                book: n < self.books.len(),
            };
            let bill = self
                .held
                .get(n)
                .or(self.held.first())
                .map(|(_, line)| *line);
            let book = self
                .books
                .get(n)
                .or(self.books.first())
                .map(|(_, line)| *line);
            let none = Money::zero(total.currency());
            let plus = bill
                .filter(|_| counts.bill)
                .map_or(none, |line| line.amount);
            let minus = book
                .filter(|_| counts.book)
                .map_or(none, |line| line.amount);
            let difference = plus
                .checked_sub(minus)
                .map_err(|source| ReconError::Money {
                    side: "bill",
                    reference: bill.map_or("", BillLine::reference).to_owned(),
                    source,
                })?;
            found.push(Difference {
                found: Break {
                    code: BreakCode::Combined,
                    bill: bill.cloned(),
                    book: book.cloned(),
                    difference: Some(difference),
                },
                explanation,
                counts,
            });
        }
        Ok(())
    }
}

/// `None` for two currencies, nothing, or too much.
fn sum(mut amounts: impl Iterator<Item = Money>) -> Option<Money> {
    let first = amounts.next()?;
    amounts.try_fold(first, |sum, amount| sum.checked_add(amount).ok())
}
