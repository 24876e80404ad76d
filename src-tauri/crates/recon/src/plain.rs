//! What agrees beyond doubt, settled while both sides stream past. Everything else is left to the engine, with whole
//! lines: here nothing is ever called a difference.
//!
//! **Beyond doubt** is a pair of one reference of ours that stands once on each side, both of whose money moved, on
//! this day, with the same amount and, where our books know one, the same fee. Such a pair meets no other line by any
//! rule of the engine, so taking it out changes nothing that is said of the rest.
//!
//! **Exact.** Two references are one when they are the same: twenty-four characters of `0-9A-Z` fit into sixteen
//! bytes as a number, so there is no hash that two could share. A reference of another form is in doubt.
//!
//! **Memory.** Forty bytes of each line of the bill and four of its place, nothing of our books.

use crate::{ReconError, Summary, totals::Sums};
use paydesk_domain::{LineKind, LineState, Money, Totals};

/// What is known of a line of either side while it streams past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BriefLine<'l> {
    /// Payment or refund.
    pub kind: LineKind,
    /// The reference that names the movement.
    pub reference: &'l [u8],
    /// How much.
    pub amount: Money,
    /// The bill's fee; ours, where a contract says one.
    pub fee: Option<Money>,
    /// How far the money came.
    pub state: LineState,
}

/// What becomes of a line of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Met {
    /// It agrees; nothing more is to be said of it.
    Agrees,
    /// The engine needs the whole line.
    Left,
    /// It is of a neighbouring day and the bill does not have its reference: the engine needs it only where a payment
    /// of the bill has its number of the channel and no reference of ours.
    Elsewhere,
}

/// What is kept of a line of the bill.
#[derive(Clone, Copy)]
struct Record {
    key: Key,
    amount: i64,
    /// Where it begins in the file, with the flags in the lowest bits.
    offset: u64,
    fee: i32,
    row: u32,
}

/// A line of ours has met it.
const SEEN: u64 = 1;
/// And agrees with it.
const AGREES: u64 = 2;
/// Our books know a fee.
const HAS_FEE: u64 = 4;
/// It can agree with nothing here.
const IN_DOUBT: u64 = 8;
/// It is a refund.
const REFUND: u64 = 16;
/// How far the offset is moved up to make room for them.
const FLAG_BITS: u32 = 5;

/// A kind and a reference as one number; two are alike only when both are.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key(u64, u64);

impl Key {
    const REFERENCE_MAX: usize = 24;
    const HALF: usize = 12;

    /// `None` for a reference of another form than ours.
    fn of(kind: LineKind, reference: &[u8]) -> Option<Key> {
        if reference.is_empty() || reference.len() > Key::REFERENCE_MAX {
            return None;
        }
        let (high, low) = reference.split_at(reference.len().min(Key::HALF));
        // 37^12 is below 2^63, so the kind has a bit of its own.
        let high = number(high)? << 1 | u64::from(kind == LineKind::Refund);
        Some(Key(high, number(low)?))
    }

    /// Spreads keys that differ in a few characters.
    fn spread(self) -> u64 {
        let mixed = self.0 ^ self.1.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        mixed.wrapping_mul(0xd6e8_feb8_6659_fd93)
    }
}

/// Up to twelve characters as a number to the base of 37, where nothing is a digit of its own.
fn number(characters: &[u8]) -> Option<u64> {
    let mut sum = 0_u64;
    for byte in characters {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            _ => return None,
        };
        sum = sum * 37 + u64::from(digit) + 1;
    }
    Some(sum)
}

/// The bill's side: takes its lines as they stream past.
#[derive(Default)]
pub struct PlainBill {
    records: Vec<Record>,
    money: Option<Money>,
}

impl PlainBill {
    /// Takes one line, with its row and where it begins in the file.
    pub fn push(&mut self, line: &BriefLine<'_>, row: u64, offset: u64) {
        let zero = Money::zero(line.amount.currency());
        let nothing = *self.money.get_or_insert(zero);
        let key = Key::of(line.kind, line.reference);
        let fee = line
            .fee
            .map_or(Some(0), |fee| i32::try_from(fee.minor()).ok());
        let is_plain = line.state == LineState::Done
            && nothing == zero
            && line.fee.is_none_or(|fee| fee.currency() == zero.currency());
        let flags = match (key, fee) {
            (Some(_), Some(_)) if is_plain => 0,
            _ => IN_DOUBT,
        } | if line.kind == LineKind::Refund {
            REFUND
        } else {
            0
        };
        self.records.push(Record {
            key: key.unwrap_or(Key(0, 0)),
            amount: line.amount.minor(),
            offset: offset << FLAG_BITS | flags,
            fee: fee.unwrap_or(0),
            // A bill has fewer lines by far; the place is what finds it again.
            row: u32::try_from(row).unwrap_or(u32::MAX),
        });
    }

    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.records.len()
    }

    /// All lines are in.
    #[must_use]
    pub fn close(mut self) -> PlainBooks {
        let mut index = Index::new(self.records.len());
        for at in 0..self.records.len() {
            let Some(record) = self.records.get(at).copied() else {
                continue;
            };
            if record.key == Key(0, 0) {
                continue;
            }
            match index.find(record.key, &self.records) {
                Found::At(first) => {
                    for both in [first, at] {
                        if let Some(record) = self.records.get_mut(both) {
                            record.offset |= IN_DOUBT;
                        }
                    }
                }
                Found::Free(slot) => index.put(slot, record.key, at),
                Found::Crowded => index.is_whole = false,
            }
        }
        PlainBooks {
            records: self.records,
            index,
            next: 0,
            money: self.money,
            again: Vec::new(),
        }
    }
}

/// Our side: takes our lines as they stream past.
pub struct PlainBooks {
    records: Vec<Record>,
    index: Index,
    /// Bills and books are in the order of time: what follows the last line that was met is met next, mostly.
    next: usize,
    money: Option<Money>,
    /// References that our books have twice.
    again: Vec<String>,
}

impl PlainBooks {
    /// Takes one line of ours; `is_ours` says that its reference is known to be one of this program, `is_here` that it
    /// is of the day.
    pub fn push(&mut self, line: &BriefLine<'_>, is_ours: bool, is_here: bool) -> Met {
        let Some(key) = Key::of(line.kind, line.reference) else {
            return Met::Left;
        };
        let is_next = self.records.get(self.next).is_some_and(|it| it.key == key);
        let found = if is_next && self.index.is_whole {
            self.first_of(self.next, key)
        } else {
            self.index.find(key, &self.records)
        };
        let at = match found {
            Found::At(at) => at,
            Found::Free(_) if is_here || !self.index.is_whole => return Met::Left,
            Found::Free(_) => return Met::Elsewhere,
            Found::Crowded => return Met::Left,
        };
        self.next = at + 1;
        let money = self.money;
        let Some(record) = self.records.get_mut(at) else {
            return Met::Left;
        };
        if record.offset & SEEN != 0 {
            record.offset &= !AGREES;
            self.again
                .push(String::from_utf8_lossy(line.reference).into_owned());
            return Met::Left;
        }
        record.offset |= SEEN;
        let fee_agrees = line.fee.is_none_or(|fee| {
            fee.minor() == i64::from(record.fee) && fee.currency() == line.amount.currency()
        });
        let agrees = record.offset & IN_DOUBT == 0
            && is_ours
            && is_here
            && fee_agrees
            && line.state == LineState::Done
            && line.amount.minor() == record.amount
            && money == Some(Money::zero(line.amount.currency()));
        if !agrees {
            return Met::Left;
        }
        record.offset |= AGREES;
        if line.fee.is_some() {
            record.offset |= HAS_FEE;
        }
        Met::Agrees
    }

    /// The record that stands for a key: of several alike the first, which the index knows.
    fn first_of(&self, at: usize, key: Key) -> Found {
        let in_doubt = |record: &Record| record.offset & IN_DOUBT != 0;
        if self.records.get(at).is_some_and(in_doubt) {
            return self.index.find(key, &self.records);
        }
        Found::At(at)
    }

    /// References that our books have more than once: every line of them is the engine's, those that agreed before
    /// the second one came, too.
    #[must_use]
    pub fn again(&self) -> &[String] {
        &self.again
    }

    /// Row and offset of every line of the bill that is left to the engine, in the order of the file.
    pub fn left(&self) -> impl Iterator<Item = (u64, u64)> {
        let left = (self.records.iter()).filter(|record| record.offset & AGREES == 0);
        left.map(|record| (u64::from(record.row), record.offset >> FLAG_BITS))
    }

    /// What agreed, added up.
    ///
    /// # Errors
    /// `Money` when a sum leaves 64 bits.
    pub fn settled(&self) -> Result<Settled, ReconError> {
        let (mut bill, mut books, mut matched) = (Sums::default(), Sums::default(), 0);
        let currency = self.money.map(Money::currency);
        let agreed = (self.records.iter()).filter(|record| record.offset & AGREES != 0);
        for (record, currency) in agreed.zip(currency.into_iter().cycle()) {
            let kind = if record.offset & REFUND == 0 {
                LineKind::Payment
            } else {
                LineKind::Refund
            };
            let amount = Money::from_minor(record.amount, currency);
            let fee = Money::from_minor(i64::from(record.fee), currency);
            let ours = (record.offset & HAS_FEE != 0).then_some(fee);
            bill.add("bill", "", kind, LineState::Done, amount, Some(fee))?;
            books.add("books", "", kind, LineState::Done, amount, ours)?;
            matched += 1;
        }
        Ok(Settled {
            matched,
            bill: bill.done(),
            books: books.done(),
        })
    }
}

/// What agreed beyond doubt, in numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// Pairs.
    pub matched: u64,
    bill: Vec<Totals>,
    books: Vec<Totals>,
}

impl Settled {
    /// The whole day: what agreed beyond doubt, with what the engine says of the rest.
    ///
    /// # Errors
    /// `Money` when a sum leaves 64 bits.
    pub fn with(&self, rest: Summary) -> Result<Summary, ReconError> {
        Ok(Summary {
            matched: self.matched + rest.matched,
            bill: Sums::of_both("bill", &self.bill, &rest.bill)?,
            books: Sums::of_both("books", &self.books, &rest.books)?,
            ..rest
        })
    }
}

/// What looking for a key comes to.
enum Found {
    At(usize),
    /// The slot where it would stand.
    Free(usize),
    /// Too many others stand around it.
    Crowded,
}

/// Places of records by their keys: open addressing, a slot of four bytes for each, half of the slots empty.
struct Index {
    /// Zero for nothing; else eight bits of the key, and the place plus one in the others.
    slots: Vec<u32>,
    shift: u32,
    /// Whether every key has its slot. A file that was made so that its keys crowd costs its own speed only.
    is_whole: bool,
}

/// Places have so many bits in a slot.
const PLACE_BITS: u32 = 24;
/// After so many looks a key has no slot.
const LOOKS_MAX: usize = 128;

impl Index {
    fn new(records: usize) -> Index {
        let bits = (records.max(8) * 3 / 2).ilog2() + 1;
        Index {
            slots: vec![0; 1 << bits],
            shift: 64 - bits,
            is_whole: true,
        }
    }

    fn find(&self, key: Key, records: &[Record]) -> Found {
        let spread = key.spread();
        let mark = tag(spread);
        let mut slot = usize::try_from(spread >> self.shift).unwrap_or(0);
        for _ in 0..LOOKS_MAX {
            match self.slots.get(slot) {
                Some(0) => return Found::Free(slot),
                Some(entry) if entry >> PLACE_BITS == mark => {
                    let place = (entry & ((1 << PLACE_BITS) - 1)) - 1;
                    let at = usize::try_from(place).unwrap_or(usize::MAX);
                    if records.get(at).is_some_and(|record| record.key == key) {
                        return Found::At(at);
                    }
                    slot += 1;
                }
                Some(_) => slot += 1,
                None => slot = 0,
            }
        }
        Found::Crowded
    }

    fn put(&mut self, slot: usize, key: Key, at: usize) {
        let place = u32::try_from(at + 1).unwrap_or(u32::MAX);
        match self.slots.get_mut(slot) {
            Some(free) if place < 1 << PLACE_BITS => {
                *free = tag(key.spread()) << PLACE_BITS | place;
            }
            _ => self.is_whole = false,
        }
    }
}

/// Eight bits of a key that its slot does not tell.
fn tag(spread: u64) -> u32 {
    u32::try_from(spread & 0xff).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use paydesk_domain::Currency;
    use proptest::prelude::*;

    fn line(reference: &str) -> BriefLine<'_> {
        BriefLine {
            kind: LineKind::Payment,
            reference: reference.as_bytes(),
            amount: Money::from_minor(100, Currency::CNY),
            fee: None,
            state: LineState::Done,
        }
    }

    #[test]
    fn a_crowd_costs_speed_and_nothing_else() {
        let mut bill = PlainBill::default();
        bill.push(&line("A"), 2, 10);
        let mut books = bill.close();
        books.index.is_whole = false;
        assert_eq!(books.push(&line("A"), true, true), Met::Agrees);
        // Of a neighbouring day and not to be found: it may be one that has no slot.
        assert_eq!(books.push(&line("B"), true, false), Met::Left);
    }

    #[test]
    fn what_comes_twice_is_left_on_both_sides() {
        let mut bill = PlainBill::default();
        for (row, reference) in (2..).zip(["A", "B", "B", "C"]) {
            bill.push(&line(reference), row, row * 10);
        }
        let mut books = bill.close();
        let met: Vec<Met> = (["A", "A", "B", "C"].iter())
            .map(|it| books.push(&line(it), true, true))
            .collect();
        assert_eq!(met, [Met::Agrees, Met::Left, Met::Left, Met::Agrees]);
        assert_eq!(books.again(), ["A"]);
        let left: Vec<(u64, u64)> = books.left().collect();
        assert_eq!(left, [(2, 20), (3, 30), (4, 40)]);
        assert_eq!(books.settled().unwrap().matched, 1);
    }

    proptest! {
        #[test]
        fn keys_are_alike_when_references_are(
            one in "[0-9A-Z]{1,24}", other in "[0-9A-Z]{1,24}", cut in 1_usize..24
        ) {
            let key = |text: &str| Key::of(LineKind::Payment, text.as_bytes()).unwrap();
            prop_assert_eq!(one == other, key(&one) == key(&other));
            let shorter = one.get(..cut.min(one.len())).unwrap();
            prop_assert_eq!(shorter == one, key(shorter) == key(&one));
            prop_assert!(Key::of(LineKind::Refund, one.as_bytes()).unwrap() != key(&one));
        }
    }
}
