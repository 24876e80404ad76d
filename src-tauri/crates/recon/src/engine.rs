//! The three steps: which line belongs to which. What is said about a pair stands in `judge`.

use crate::totals::Sums;
use crate::{
    Difference, Matched, ReconError, Setting, Summary,
    combined::{self, Left},
    damage,
    index::{Index, hash_of},
    judge,
    keys::{bill_key, bill_rank, bill_rank_in_file, book_key, book_rank, repeats},
};
use paydesk_domain::{BillLine, BookLine, BreakCode, ChannelDay, LineKind, LineState, Totals};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of one movement on the bill: the one that counts, and who met it.
struct Held {
    line: BillLine,
    book: Option<Box<BookLine>>,
}

/// Step one: takes the bill's lines.
pub struct BillSide {
    setting: Setting,
    lines: Vec<BillLine>,
    sums: Sums,
}

impl BillSide {
    /// Nothing yet.
    #[must_use]
    pub fn new(setting: Setting) -> BillSide {
        BillSide {
            setting,
            lines: Vec::new(),
            sums: Sums::default(),
        }
    }

    /// Takes one line.
    ///
    /// # Errors
    /// `Money` when the sum overflows or the fee has another currency than the amount.
    pub fn push(&mut self, line: BillLine) -> Result<(), ReconError> {
        self.sums.add(
            "bill",
            line.reference(),
            line.kind,
            line.state,
            line.amount,
            Some(line.fee),
        )?;
        self.lines.push(line);
        Ok(())
    }

    /// All lines are in; `file` is what the file says of itself.
    #[must_use]
    pub fn close(mut self, file: Option<Totals>) -> BookSide {
        let in_order = |a: &BillLine, b: &BillLine| bill_rank_in_file(a) <= bill_rank_in_file(b);
        if !self.lines.is_sorted_by(in_order) {
            self.lines
                .sort_unstable_by(|a, b| bill_rank_in_file(a).cmp(&bill_rank_in_file(b)));
        }
        let mut found = Vec::new();
        let repeats = repeats(&self.lines);
        let mut held: Vec<Held> = Vec::with_capacity(self.lines.len() - repeats.len());
        let mut entries = Vec::with_capacity(self.lines.len());
        let mut repeats = repeats.into_iter().peekable();
        for (at, line) in self.lines.into_iter().enumerate() {
            if let Some((_, first_row)) = repeats.next_if(|(place, _)| *place == at) {
                found.push(judge::repeated_row(line, first_row));
                continue;
            }
            if let (false, Ok(place)) = (line.reference().is_empty(), u32::try_from(held.len())) {
                entries.push((hash_of(line.kind, line.reference()), place));
            }
            held.push(Held { line, book: None });
        }
        entries.sort_unstable();
        let mut foreign: Vec<usize> = (0..held.len())
            .filter(|at| held.get(*at).is_some_and(|h| by_transaction(&h.line)))
            .collect();
        foreign.sort_by(|a, b| transaction_at(&held, *a).cmp(transaction_at(&held, *b)));
        BookSide {
            setting: self.setting,
            index: Index::new(entries),
            held,
            foreign,
            alone: Vec::new(),
            neighbours: Vec::new(),
            found,
            bill: self.sums.done(),
            sums: Sums::default(),
            file,
        }
    }
}

/// Step two: takes our lines of the day and of its neighbours.
pub struct BookSide {
    setting: Setting,
    /// In the order of the file.
    held: Vec<Held>,
    /// Their places by reference, as long as none of them moves.
    index: Index,
    /// Payments whose reference is not ours, in the order of their transaction numbers.
    foreign: Vec<usize>,
    /// Lines of this day that met nothing by reference.
    alone: Vec<BookLine>,
    /// Lines of other days that met nothing by reference but may by transaction number.
    neighbours: Vec<BookLine>,
    found: Vec<Difference>,
    bill: Vec<Totals>,
    sums: Sums,
    file: Option<Totals>,
}

impl BookSide {
    /// Takes one line.
    ///
    /// # Errors
    /// `OtherDay` for a line of a day that is not asked for; `Money` as for the bill.
    pub fn push(&mut self, line: BookLine) -> Result<(), ReconError> {
        let here = line.day == self.setting.day;
        if here {
            self.sums.add(
                "books",
                line.reference(),
                line.kind,
                line.state,
                line.amount,
                line.fee,
            )?;
        } else {
            refuse_other_day(&self.setting, line.day, line.reference())?;
        }
        let Some(met) = self.place_of(&line) else {
            if here {
                self.alone.push(line);
            } else if self.is_wanted(&line) {
                self.neighbours.push(line);
            }
            return Ok(());
        };
        let Some(held) = self.held.get_mut(met) else {
            return Ok(());
        };
        let beaten = match held.book.take() {
            None => {
                held.book = Some(Box::new(line));
                return Ok(());
            }
            Some(before) if book_rank(&self.setting, &before, &line).is_le() => {
                held.book = Some(before);
                line
            }
            Some(before) => {
                held.book = Some(Box::new(line));
                *before
            }
        };
        if beaten.day == self.setting.day {
            self.found
                .push(judge::ours_alone(&self.setting, beaten, true, None));
        }
        Ok(())
    }

    /// Where the bill has this reference. Of several that are not ours, which a spreadsheet may have made alike, the
    /// one with the lowest number of the channel.
    fn place_of(&self, line: &BookLine) -> Option<usize> {
        let key = book_key(line);
        let number = |at: &usize| transaction_at(&self.held, *at).to_owned();
        let is_it = |at: &usize| self.held.get(*at).is_some_and(|h| bill_key(&h.line) == key);
        let mut places = (self.index.places(hash_of(line.kind, line.reference()))).filter(is_it);
        let first = places.next()?;
        match places.next() {
            None => Some(first),
            Some(second) => [first, second].into_iter().chain(places).min_by_key(number),
        }
    }

    /// Whether a payment of the bill that is not ours by reference carries this transaction number.
    fn is_wanted(&self, line: &BookLine) -> bool {
        line.kind == LineKind::Payment
            && line.transaction.as_deref().is_some_and(|transaction| {
                self.foreign
                    .binary_search_by(|at| transaction_at(&self.held, *at).cmp(transaction))
                    .is_ok()
            })
    }

    /// All our lines are in.
    ///
    /// # Errors
    /// `Money` when a difference leaves 64 bits.
    pub fn close(mut self) -> Result<OtherBills, ReconError> {
        let setting = self.setting;
        self.alone.sort_unstable_by(|a, b| {
            (book_key(a).cmp(&book_key(b))).then_with(|| book_rank(&setting, a, b))
        });
        let mut alone: Vec<BookLine> = Vec::with_capacity(self.alone.len());
        for line in std::mem::take(&mut self.alone) {
            match alone.last() {
                Some(first) if book_key(first) == book_key(&line) => {
                    self.found
                        .push(judge::ours_alone(&setting, line, true, None));
                }
                _ => alone.push(line),
            }
        }
        let alone = self.meet_by_transaction(alone);
        let alone = self.meet_mangled_refunds(alone, true);
        let alone = self.meet_mangled_refunds(alone, false);
        let alone = self.take_combined(alone)?;
        Ok(OtherBills {
            alone: alone.into_iter().map(|line| (line, None)).collect(),
            side: self,
        })
    }

    /// Refunds whose number on the bill is a remainder of ours: with the payment's transaction number, and no second
    /// one on either side; first those of the same amount. Gives back what met nothing.
    fn meet_mangled_refunds(&mut self, alone: Vec<BookLine>, same: bool) -> Vec<BookLine> {
        let is_lost = |held: &Held| {
            let line = &held.line;
            held.book.is_none()
                && line.kind == LineKind::Refund
                && !judge::is_ours(line.reference())
        };
        let mut lost: Vec<usize> = (self.held.iter().enumerate())
            .filter(|(_, held)| is_lost(held))
            .map(|(at, _)| at)
            .collect();
        lost.sort_by(|a, b| transaction_at(&self.held, *a).cmp(transaction_at(&self.held, *b)));
        let fits = |held: &[Held], at: usize, book: &BookLine| {
            held.get(at).is_some_and(|held| {
                let (seen, ours) = (held.line.reference(), book.reference());
                let damage = damage::of(seen, ours);
                (!same || held.line.amount == book.amount)
                    && damage.is_some_and(|damage| damage::is_proven(damage, &held.line, book))
            })
        };
        let near = |held: &[Held], book: &BookLine| -> Vec<usize> {
            let Some(wanted) = book
                .transaction
                .as_deref()
                .filter(|_| book.kind == LineKind::Refund)
            else {
                return Vec::new();
            };
            let starts = lost.partition_point(|at| transaction_at(held, *at) < wanted);
            (lost.iter().skip(starts).copied())
                .take_while(|at| transaction_at(held, *at) == wanted)
                .filter(|at| fits(held, *at, book))
                .take(2)
                .collect()
        };
        let met: Vec<Option<usize>> = (alone.iter())
            .map(|book| match near(&self.held, book).as_slice() {
                [only] => Some(*only),
                _ => None,
            })
            .collect();
        let mut wanted: BTreeMap<usize, u32> = BTreeMap::new();
        for at in met.iter().flatten() {
            *wanted.entry(*at).or_default() += 1;
        }
        let mut rest = Vec::with_capacity(alone.len());
        for (book, met) in alone.into_iter().zip(met) {
            let only = met.filter(|at| wanted.get(at) == Some(&1));
            match only.and_then(|at| self.held.get_mut(at)) {
                Some(held) => held.book = Some(Box::new(book)),
                None => rest.push(book),
            }
        }
        rest
    }

    /// What is left on both sides and belongs together as one and several; gives back the rest of ours.
    fn take_combined(&mut self, alone: Vec<BookLine>) -> Result<Vec<BookLine>, ReconError> {
        let left = self.held.iter().enumerate().filter_map(|(at, held)| {
            let book = held.book.as_deref();
            let agrees = book.is_some_and(|book| book.amount == held.line.amount);
            let bill = &held.line;
            (!agrees).then_some(Left { at, bill, book })
        });
        let found = combined::find(self.setting.day, left, &alone)?;
        if found.held.is_empty() {
            return Ok(alone);
        }
        let keep = |taken: Vec<usize>| {
            let taken: BTreeSet<usize> = taken.into_iter().collect();
            let mut at = 0;
            move || {
                at += 1;
                !taken.contains(&(at - 1))
            }
        };
        let mut stays = keep(found.held);
        self.held.retain(|_| stays());
        // Places among the bill's lines have moved; nobody looks for them again.
        self.foreign.clear();
        self.index = Index::default();
        let mut stays = keep(found.alone);
        let mut alone = alone;
        alone.retain(|_| stays());
        self.found.extend(found.differences);
        Ok(alone)
    }

    /// The second way: exactly one payment of the bill and one of ours with this transaction number,
    /// lines of this day before those of its neighbours. Gives back what met nothing.
    fn meet_by_transaction(&mut self, alone: Vec<BookLine>) -> Vec<BookLine> {
        let mut rest = Vec::with_capacity(alone.len());
        let mut candidates = std::mem::take(&mut self.neighbours);
        for line in alone {
            if self.is_wanted(&line) {
                candidates.push(line);
            } else {
                rest.push(line);
            }
        }
        let day = self.setting.day;
        candidates.sort_unstable_by(|a, b| {
            (a.transaction.cmp(&b.transaction))
                .then_with(|| (a.day != day).cmp(&(b.day != day)))
                .then_with(|| book_key(a).cmp(&book_key(b)))
        });
        for group in candidates.chunk_by(|a, b| a.transaction == b.transaction) {
            let ours = group.iter().filter(|line| line.day == day).count();
            let is_one = ours == 1 || (ours == 0 && group.len() == 1);
            let held = is_one
                .then(|| group.first()?.transaction.as_deref())
                .flatten()
                .and_then(|transaction| self.only_row_with(transaction));
            for (n, line) in group.iter().enumerate() {
                match held.and_then(|at| self.held.get_mut(at)) {
                    Some(held) if n == 0 => held.book = Some(Box::new(line.clone())),
                    _ if line.day == day => rest.push(line.clone()),
                    _ => {}
                }
            }
        }
        rest.sort_unstable_by(|a, b| book_key(a).cmp(&book_key(b)));
        rest
    }

    /// Takes out the payments that came and were reversed: the bill has a line for each way, without a refund
    /// number of ours, and our books hold a payment that failed. They agree, so our books count both ways too.
    fn take_reversed(&mut self) -> Result<Reversed, ReconError> {
        let is_reversal = |line: &BillLine| {
            line.kind == LineKind::Refund
                && line.reference().is_empty()
                && line.state == LineState::Done
        };
        let backs: Vec<usize> = (self.held.iter().enumerate())
            .filter(|(_, held)| is_reversal(&held.line))
            .map(|(at, _)| at)
            .collect();
        let of = |at: &usize| self.held.get(*at).map(|held| held.line.payment.as_str());
        let wanted: BTreeSet<&str> = backs.iter().filter_map(of).collect();
        let payments: BTreeMap<&str, usize> = (self.held.iter().enumerate().rev())
            .filter(|_| !wanted.is_empty())
            .filter(|(_, held)| held.line.kind == LineKind::Payment)
            .filter(|(_, held)| wanted.contains(held.line.payment.as_str()))
            .map(|(at, held)| (held.line.payment.as_str(), at))
            .collect();
        let mut gone = BTreeSet::new();
        for back in backs {
            let Some(line) = self.held.get(back).map(|held| &held.line) else {
                continue;
            };
            let Some(there) = payments.get(line.payment.as_str()).copied() else {
                continue;
            };
            let came = self.held.get(there).is_some_and(|h| {
                h.line.state == LineState::Done
                    && h.line.amount == line.amount
                    && (h.book.as_ref()).is_some_and(|book| book.state == LineState::Failed)
            });
            if came && !gone.contains(&there) {
                gone.extend([there, back]);
            }
        }
        let mut reversed = Reversed::default();
        if gone.is_empty() {
            return Ok(reversed);
        }
        let mut rest = Vec::with_capacity(self.held.len());
        for (at, Held { line, book }) in std::mem::take(&mut self.held).into_iter().enumerate() {
            if !gone.contains(&at) {
                rest.push(Held { line, book });
                continue;
            }
            let fee = Some(line.fee);
            (self.sums).add(
                "books",
                &line.payment,
                line.kind,
                line.state,
                line.amount,
                fee,
            )?;
            if let Some(book) = book {
                reversed.count += 1;
                reversed.ours += u64::from(book.day == self.setting.day);
            }
            reversed.rows.push((line.row, line.kind, line.payment));
        }
        self.held = rest;
        Ok(reversed)
    }

    /// The one line of the bill with this transaction number that nothing met yet.
    fn only_row_with(&self, transaction: &str) -> Option<usize> {
        let starts = self
            .foreign
            .partition_point(|at| transaction_at(&self.held, *at) < transaction);
        let mut same = (self.foreign.iter().skip(starts))
            .take_while(|at| transaction_at(&self.held, **at) == transaction);
        let first = *same.next()?;
        let is_free = self.held.get(first).is_some_and(|h| h.book.is_none());
        (same.next().is_none() && is_free).then_some(first)
    }
}

/// Payments that came and went back by a reversal.
#[derive(Default)]
struct Reversed {
    /// How many.
    count: u64,
    /// How many of them are of this day in our books.
    ours: u64,
    /// The bill's rows with our reference.
    rows: Vec<(u64, LineKind, String)>,
}

/// Step three: takes the lines of the neighbouring bills, as far as there are any, and hands out the result.
pub struct OtherBills {
    side: BookSide,
    /// Our lines that met nothing, in the order of their keys, with what another day's bill says.
    alone: Vec<(BookLine, Option<(ChannelDay, BillLine)>)>,
}

impl OtherBills {
    /// Takes one line of the bill of `day`; only our own reference is looked for.
    ///
    /// # Errors
    /// `OtherDay` for a bill that is not a neighbour.
    pub fn push(&mut self, day: ChannelDay, line: &BillLine) -> Result<(), ReconError> {
        refuse_other_day(&self.side.setting, day, line.reference())?;
        let key = bill_key(line);
        let met = self
            .alone
            .binary_search_by(|(book, _)| book_key(book).cmp(&key));
        let Some((_, elsewhere)) = met.ok().and_then(|at| self.alone.get_mut(at)) else {
            return Ok(());
        };
        let is_better = elsewhere.as_ref().is_none_or(|(before_day, before)| {
            (bill_rank(line), day) < (bill_rank(before), *before_day)
        });
        if is_better {
            *elsewhere = Some((day, line.clone()));
        }
        Ok(())
    }

    /// Hands out the pairs that agree, then the differences in the order of the bill's rows, then of our references.
    ///
    /// # Errors
    /// `Money` when a difference leaves 64 bits.
    pub fn finish(
        self,
        matched: &mut dyn FnMut(Matched<'_>),
        differences: &mut dyn FnMut(Difference),
    ) -> Result<Summary, ReconError> {
        let OtherBills { mut side, alone } = self;
        let reversed = side.take_reversed()?;
        let mut found = side.found;
        let mut summary = Summary {
            matched: 0,
            differences: 0,
            failed_ours: reversed.ours,
            reversed: reversed.count,
            bill: side.bill,
            books: side.sums.done(),
            file: side.file,
        };
        for (row, kind, reference) in &reversed.rows {
            matched(Matched {
                row: *row,
                kind: *kind,
                reference,
            });
        }
        for Held { line, book } in side.held {
            let Some(book) = book else {
                found.push(judge::missing_ours(&side.setting, line));
                continue;
            };
            let said = judge::pair(&side.setting, &line, &book)?;
            if said.is_empty() {
                summary.matched += 1;
                matched(Matched {
                    row: line.row,
                    kind: line.kind,
                    reference: book.reference(),
                });
            }
            found.extend(said);
        }
        for (book, elsewhere) in alone {
            // A failed payment has no line on a bill; the day that holds one after all says so itself.
            if book.state == LineState::Failed {
                summary.failed_ours += 1;
            } else {
                found.push(judge::ours_alone(&side.setting, book, false, elsewhere));
            }
        }
        found.sort_by(|a, b| place(a).cmp(&place(b)));
        for difference in found {
            summary.differences += 1;
            differences(difference);
        }
        Ok(summary)
    }
}

fn refuse_other_day(
    setting: &Setting,
    found: ChannelDay,
    reference: &str,
) -> Result<(), ReconError> {
    let day = setting.day;
    if day.next() == Some(found) || day.previous() == Some(found) {
        return Ok(());
    }
    Err(ReconError::OtherDay {
        reference: reference.to_owned(),
        found,
        day,
    })
}

fn by_transaction(line: &BillLine) -> bool {
    line.kind == LineKind::Payment
        && !line.transaction.is_empty()
        && !judge::is_ours(line.reference())
}

fn transaction_at(held: &[Held], at: usize) -> &str {
    held.get(at).map_or("", |h| h.line.transaction.as_str())
}

/// Where a difference stands in the list.
fn place(difference: &Difference) -> (u64, &str, LineKind, u8) {
    let found = &difference.found;
    let second = match found.code {
        BreakCode::Fee => 1,
        BreakCode::ReferenceDamaged => 2,
        BreakCode::Combined => 3,
        _ => 0,
    };
    let row = match &found.bill {
        // What is named beside an amount follows it; lines of other bills stand after this one's.
        Some(bill) if difference.counts.bill || second > 0 => bill.row,
        _ => u64::MAX,
    };
    let ours = found.book.as_ref().map_or("", |book| book.reference());
    let kind = match (&found.bill, &found.book) {
        (Some(bill), _) => bill.kind,
        (None, Some(book)) => book.kind,
        (None, None) => LineKind::Payment,
    };
    (row, ours, kind, second)
}
