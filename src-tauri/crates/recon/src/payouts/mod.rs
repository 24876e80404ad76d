//! Payouts: what a channel owes for its days against what came to the bank. Pure: days and movements are handed in,
//! matches with their reasons come out; nothing is written anywhere.
//!
//! **What belongs together.** A movement of the bank is one payout of one account: days that follow each other, or,
//! where the reference names several merchants, the same days of each. Several movements are one payout where each of
//! them names the same payout's number, or the same days of the same channel. Amount and date alone never match: the
//! payer's name, the merchant's number or the payout's own number must say so too. Without it a match is only a
//! candidate. Two matches of equal weight that exclude each other are both candidates.
//!
//! **What explains a payout.** Takings less refunds less fees, reserves held or released, and, where the bank still
//! differs, one of a few additions that come to the very cent: the fee taken of the total instead of line by line,
//! money near the cut-off that went with another day, refunds of the next day taken already, fees not taken. What is
//! left is `payout_short` or `payout_over`.
//!
//! **Bounds.** Runs of days are short, subsets are searched within a budget; when it is used up the result says so.

mod evidence;
mod search;
mod settle;

use jiff::civil::{Date, Weekday};
use paydesk_domain::{
    AccountId, BankLine, BreakCode, ChannelDay, ContractRate, Money, MoneyError, Totals,
};
use std::collections::BTreeSet;

pub use settle::match_payouts;

/// One day of an account at a channel: what its bill says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwedDay {
    /// The channel's day.
    pub day: ChannelDay,
    /// The bill's sums.
    pub totals: Totals,
    /// What the channel held back (negative) or released, where the fund flow says so.
    pub reserve: Money,
    /// What else moved on the account there: no part of what is owed, unless it explains to the cent what came.
    pub other: Money,
    /// What is left of lines so near the end of the day that they may go with the next, each signed.
    pub near_end: Vec<Money>,
    /// The contract's row of the day.
    pub contract: Option<ContractRate>,
}

/// A payout that the channel says it made, as its fund flow lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The channel's number of it.
    pub number: String,
    /// The day.
    pub day: ChannelDay,
    /// How much, positive.
    pub amount: Money,
}

/// One account at a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayingAccount {
    /// Ours.
    pub account: AccountId,
    /// Under which names its money comes.
    pub names: Vec<String>,
    /// The channel's numbers of the merchant.
    pub merchants: Vec<String>,
    /// Working days from a day to its payout.
    pub arrives_after: u8,
    /// Its days, in any order; a day without movements may be left out.
    pub days: Vec<OwedDay>,
    /// Payouts that its fund flow lists.
    pub sent: Vec<Sent>,
}

/// A movement of the bank with the number the caller knows it by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BankEntry<'a> {
    /// The caller's number.
    pub id: u64,
    /// It.
    pub line: &'a BankLine,
}

/// On which days banks work: not at weekends, but for these.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BankCalendar {
    /// Days on which they do not.
    pub holidays: BTreeSet<Date>,
    /// Days of a weekend on which they do.
    pub workdays: BTreeSet<Date>,
}

impl BankCalendar {
    /// Whether banks work on this day.
    #[must_use]
    pub fn works_on(&self, date: Date) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.workdays.contains(&date) || !(weekend || self.holidays.contains(&date))
    }

    /// The working day so many working days after this one; `None` at the end of time.
    #[must_use]
    pub fn after(&self, date: Date, days: u8) -> Option<Date> {
        let mut date = date;
        for _ in 0..days.max(1) {
            date = date.tomorrow().ok()?;
            while !self.works_on(date) {
                date = date.tomorrow().ok()?;
            }
        }
        Some(date)
    }
}

/// One reason for a match; together they are its proof.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// The bank's amount is what the days come to.
    AmountEqual,
    /// It is, with an explanation.
    AmountExplained,
    /// The channel's fund flow lists this payout by its number.
    PayoutNumber,
    /// The reference names these days.
    Period,
    /// The reference names the merchant.
    MerchantNumber,
    /// The payer is the channel.
    PayerName,
    /// It came on the day it was expected on.
    OnTime,
    /// So many days between the last day and the bank's.
    DaysApart(u16),
    /// The days do not follow each other.
    Scattered,
    /// So many movements of the bank name the same payout.
    InParts(u16),
}

impl Reason {
    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::AmountEqual => "amount_equal",
            Reason::AmountExplained => "amount_explained",
            Reason::PayoutNumber => "payout_number",
            Reason::Period => "period",
            Reason::MerchantNumber => "merchant_number",
            Reason::PayerName => "payer_name",
            Reason::OnTime => "on_time",
            Reason::DaysApart(_) => "days_apart",
            Reason::Scattered => "scattered",
            Reason::InParts(_) => "in_parts",
        }
    }

    /// What it weighs in the ranking.
    #[must_use]
    pub fn weight(self) -> i32 {
        match self {
            Reason::AmountEqual => 40,
            Reason::PayoutNumber => 30,
            Reason::AmountExplained | Reason::Period => 25,
            Reason::MerchantNumber => 20,
            Reason::PayerName => 15,
            // More than a part alone that names the same days.
            Reason::InParts(_) => 10,
            Reason::OnTime => 5,
            Reason::DaysApart(days) => -i32::from(days.min(15)),
            Reason::Scattered => -10,
        }
    }
}

/// What one number of a payout's addition is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PayoutTermName {
    /// Takings.
    Paid,
    /// Refunds, taken off.
    Refunded,
    /// Fees, taken off.
    Fee,
    /// Held back, or released.
    Reserve,
    /// The fee taken of the total, not line by line.
    FeeRounding,
    /// Money near the cut-off that went with the next day.
    CutOff,
    /// Refunds of the next day, taken already.
    LaterRefunds,
    /// Fees that are not taken from the payout.
    FeeNotTaken,
    /// Other movements of the account at the channel, taken or added.
    Other,
}

impl PayoutTermName {
    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PayoutTermName::Paid => "paid",
            PayoutTermName::Refunded => "refunded",
            PayoutTermName::Fee => "fee",
            PayoutTermName::Reserve => "reserve",
            PayoutTermName::FeeRounding => "fee_rounding",
            PayoutTermName::CutOff => "cut_off",
            PayoutTermName::LaterRefunds => "later_refunds",
            PayoutTermName::FeeNotTaken => "fee_not_taken",
            PayoutTermName::Other => "other",
        }
    }
}

/// One number of a payout's addition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PayoutTerm {
    /// What it is.
    pub name: PayoutTermName,
    /// What it adds.
    pub amount: Money,
    /// Of how many lines it is.
    pub lines: u64,
}

/// The days of one account in a payout.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PayoutPart {
    /// The account.
    pub account: AccountId,
    /// Its days, in their order.
    pub days: Vec<ChannelDay>,
}

/// Whether a payout came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// Not due yet.
    Expected,
    /// Due so many days ago.
    Overdue {
        /// Days since it was expected.
        days: u16,
    },
    /// It came in full, with what explains it.
    Arrived {
        /// The bank's day.
        on: Date,
    },
    /// It came, and something is not explained.
    Differs {
        /// The bank's day.
        on: Date,
    },
}

impl Arrival {
    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Arrival::Expected => "expected",
            Arrival::Overdue { .. } => "overdue",
            Arrival::Arrived { .. } => "arrived",
            Arrival::Differs { .. } => "differs",
        }
    }
}

/// A payout: one that came, or one that is still to come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payout {
    /// Whose days.
    pub parts: Vec<PayoutPart>,
    /// The addition; it gives the bank's amount less `difference`.
    pub terms: Vec<PayoutTerm>,
    /// What the addition comes to.
    pub net: Money,
    /// When it should come.
    pub expected_on: Date,
    /// Whether it did.
    pub arrival: Arrival,
    /// The bank's movements: none before it came, several where it came in parts.
    pub bank: Vec<u64>,
    /// Why it is they.
    pub reasons: Vec<Reason>,
    /// The bank's amount less the addition; nothing where it agrees or has not come.
    pub difference: Money,
}

impl Payout {
    /// The difference as a code; `None` where there is none.
    #[must_use]
    pub fn code(&self) -> Option<BreakCode> {
        match self.difference.minor() {
            0 => None,
            short if short < 0 => Some(BreakCode::PayoutShort),
            _ => Some(BreakCode::PayoutOver),
        }
    }
}

/// Movements that may be these days, for a person to decide.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The bank's movements: one, or the parts of one payout.
    pub bank: Vec<u64>,
    /// Whose days.
    pub parts: Vec<PayoutPart>,
    /// What the days come to.
    pub net: Money,
    /// The bank's amount less that.
    pub difference: Money,
    /// What speaks for it.
    pub reasons: Vec<Reason>,
    /// The sum of their weights.
    pub score: i32,
}

/// What came out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payouts {
    /// Every day of every account in exactly one of them, by the day it was expected on.
    pub payouts: Vec<Payout>,
    /// The best first; of movements and days that nothing matched.
    pub candidates: Vec<Candidate>,
    /// Movements that belong to no payout.
    pub other: Vec<u64>,
    /// Whether the search for scattered days was cut short.
    pub is_cut_short: bool,
}

/// Why payouts could not be matched.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayoutError {
    /// A sum left 64 bits, or two currencies meet in one account.
    #[error("{account}: {source}")]
    Money {
        /// The account.
        account: String,
        /// Why.
        source: MoneyError,
    },
    /// A number that names no day, or a day twice.
    #[error("{account}: {day} is no day, or there twice")]
    Day {
        /// The account.
        account: String,
        /// The number.
        day: ChannelDay,
    },
}
