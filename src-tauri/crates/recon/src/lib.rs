//! Bill lines of one channel's day against our books: matches and typed, explained differences.
//! Opens nothing and reads no clock: lines are handed in one by one, results are handed out one by one.
//! It never decides about a payment: a bill is not signed, so a difference asks for a query.
//!
//! **What belongs together.** A payment matches on our reference of the payment, a refund on our reference
//! of the refund. Where the bill's reference of a *payment* is no number of this program, the channel's
//! transaction number decides, if exactly one line of each side carries it. Refunds carry the transaction number
//! of their payment, so it would match a refund made in the channel's back office with one of ours: there the
//! bill's reference must be a remainder of one of ours, too. What is left over on both sides is
//! held together where the transaction number says so and one line is the sum of all the others (`combined`).
//! An amount alone never matches anything.
//!
//! **Which difference is named.** Of what could be said about one movement the first of this list is said:
//! duplicate, combined, currency, status, amount, day, fee. A fee beside an amount, and a mangled reference
//! beside anything, are named too and count no money of their own ([`Counts`]).
//!
//! **Order.** Three steps, each a type: [`BillSide`] takes the bill, [`BookSide`] our lines of the day and of its
//! neighbours, [`OtherBills`] the neighbouring bills as far as there are any. Inside a step the order of the lines
//! does not change the result.
//!
//! **Bills of a million lines.** What agrees beyond doubt is settled before (`plain`), and only the rest comes here.
//!
//! **Memory.** The bill is held, and of our books what meets it; neighbouring lines that meet nothing are
//! dropped at once. So it grows with the bill and the differences, however many lines stream past.

mod combined;
mod damage;
mod engine;
mod fees;
mod index;
mod judge;
mod keys;
pub mod payouts;
mod plain;
mod totals;

pub use engine::{BillSide, BookSide, OtherBills};
pub use fees::{FeeAudit, FeeFinding, FeeTerms};
pub use judge::NEAR_MIDNIGHT_SECONDS;
pub use paydesk_domain::Counts;
pub use plain::{BriefLine, Met, PlainBill, PlainBooks, Settled};

use paydesk_domain::{
    Break, ChannelDay, ContractRate, Currency, DayCut, Explanation, LineKind, MoneyError, Term,
    Timestamp, Totals,
};

/// Whose day it is and by which contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The channel's day.
    pub day: ChannelDay,
    /// Its first moment.
    pub starts: Timestamp,
    /// The first moment after it.
    pub ends: Timestamp,
    /// The contract's row of this day.
    pub contract: Option<ContractRate>,
}

impl Setting {
    /// A day as the channel cuts it; `None` for a number that names no day.
    #[must_use]
    pub fn of(day: ChannelDay, cut: DayCut, contract: Option<ContractRate>) -> Option<Setting> {
        let (starts, ends) = cut.bounds(day)?;
        Some(Setting {
            day,
            starts,
            ends,
            contract,
        })
    }
}

/// A pair that agrees, for the store's compact set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Matched<'a> {
    /// The bill's row.
    pub row: u64,
    /// Payment or refund.
    pub kind: LineKind,
    /// Our reference.
    pub reference: &'a str,
}

/// One difference with its reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What it is, with both lines.
    pub found: Break,
    /// Why, as far as arithmetic proves it.
    pub explanation: Explanation,
    /// Which of its lines count.
    pub counts: Counts,
}

impl Difference {
    /// The addition that gives the difference, worked out again from the explanation's numbers; empty without one.
    #[must_use]
    pub fn arithmetic(&self) -> Vec<Term> {
        self.explanation.arithmetic(&self.found, self.counts)
    }
}

/// The day in numbers. Totals are per currency, in the order of the codes; only money that moved counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Pairs that agree.
    pub matched: u64,
    /// Differences handed out.
    pub differences: u64,
    /// Our failed lines that the bill rightly does not hold.
    pub failed_ours: u64,
    /// Payments that came and went back by a reversal, on the bill; failed in our books.
    pub reversed: u64,
    /// The bill's lines.
    pub bill: Vec<Totals>,
    /// Ours of this day, and both ways of what was reversed.
    pub books: Vec<Totals>,
    /// What the file says of itself.
    pub file: Option<Totals>,
}

impl Summary {
    /// The bill's totals in this currency.
    #[must_use]
    pub fn bill_in(&self, currency: Currency) -> Totals {
        totals::of(&self.bill, currency)
    }

    /// Our totals in this currency.
    #[must_use]
    pub fn books_in(&self, currency: Currency) -> Totals {
        totals::of(&self.books, currency)
    }

    /// Whether the lines add up to what the file says of itself; `None` when it says nothing.
    #[must_use]
    pub fn file_agrees(&self) -> Option<bool> {
        self.file
            .map(|file| self.bill_in(file.paid.currency()) == file)
    }
}

/// Why a day could not be compared. Nothing handed out before it may be kept.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReconError {
    /// A sum left 64 bits, or a line has its fee in another currency than its amount.
    #[error("{side} line {reference}: {source}")]
    Money {
        /// `bill` or `books`.
        side: &'static str,
        /// The line.
        reference: String,
        /// Why.
        source: MoneyError,
    },
    /// A line of our books, or a bill, that is neither of this day nor of its neighbours.
    #[error("{reference} is of {found}, which is no neighbour of {day}")]
    OtherDay {
        /// The line.
        reference: String,
        /// Its day.
        found: ChannelDay,
        /// The day that is compared.
        day: ChannelDay,
    },
}
