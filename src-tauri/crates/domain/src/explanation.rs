//! Why a difference is there: a sentence that carries its numbers, and the addition that proves it.
//! The addition is done again from those numbers alone; a guess is not an explanation.

use crate::{
    BillLine, BookLine, Break, BreakCode, FeeRate, LineState, Money, MoneyError, Rounding,
};
use serde::{Deserialize, Serialize};

/// Which side of a difference counts in a day's totals: a line of a neighbouring day is shown but not
/// counted, and a fee named beside an amount counts nothing again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// The bill's line.
    pub bill: bool,
    /// Ours.
    pub book: bool,
}

/// What happened to a reference on its way to the bill.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// Its end is missing.
    Cut,
    /// Its beginning is missing.
    LeadingLost,
    /// Blanks, back-ticks or other marks stand in it, or its letters are small.
    Marked,
    /// A spreadsheet wrote it as a number: `1.23E+19`.
    Scientific,
}

impl Damage {
    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Damage::Cut => "cut",
            Damage::LeadingLost => "leading_lost",
            Damage::Marked => "marked",
            Damage::Scientific => "scientific",
        }
    }
}

/// A fee worked out once more: so much of a sum, rounded so. Of a refund it comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FeeSum {
    /// What the fee is taken of.
    pub base: Money,
    /// The rate that gives the bill's fee.
    pub rate: FeeRate,
    /// How that is rounded to the minor unit.
    pub rounding: Rounding,
    /// Whether it comes back.
    pub is_returned: bool,
    /// What our books hold, signed as the bill signs it.
    pub ours: Money,
}

impl FeeSum {
    /// The fee that these numbers give, signed as the bill signs it.
    #[must_use]
    pub fn value(&self) -> Money {
        let minor = self.rounding.share(self.base.minor(), self.rate);
        let minor = if self.is_returned {
            minor.saturating_neg()
        } else {
            minor
        };
        Money::from_minor(minor, self.base.currency())
    }
}

/// Why a difference is there, as far as arithmetic proves it (feature D7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Explanation {
    /// The bill's fee is the contract's on the bill's amount: it differs because the amount does.
    FeeFollowsAmount {
        /// The fee worked out on the bill's amount.
        sum: FeeSum,
    },
    /// The fee fits another rate than the contract's: the roundest one that gives exactly this fee.
    FeeRateDiffers {
        /// That rate.
        implied: FeeRate,
        /// The fee worked out with it; what was kept before it was has none.
        #[serde(default)]
        sum: Option<FeeSum>,
    },
    /// It happened so close to the channel's midnight that the two clocks fell on two days.
    HappenedNearMidnight {
        /// Seconds between it and that midnight.
        seconds: u64,
    },
    /// Our books were still in doubt about it.
    InDoubtWhenCut,
    /// The bill's reference is no number of this program: another till, or the channel's back office.
    NotAPaydeskNumber,
    /// The bill's reference is a remainder of ours; the channel's number of the payment says that it is the same.
    ReferenceMangled {
        /// What happened to it.
        damage: Damage,
    },
    /// The bill repeats what another of its rows already says.
    RepeatedRow {
        /// The row that counts.
        first_row: u64,
    },
    /// The contract's rate, rounded the other way on this line.
    RoundingPerLine {
        /// The fee worked out that way; what was kept before it was has none.
        #[serde(default)]
        sum: Option<FeeSum>,
    },
    /// One line of one side is these of the other together, and the channel's number says that they belong together.
    SumOfSeveral {
        /// How many the several are.
        lines: u32,
        /// What they come to: the one line.
        total: Money,
    },
    /// Nothing here fits.
    Unexplained,
}

/// What one number of an addition is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermName {
    /// What the bill says moved.
    Bill,
    /// What our books say moved, taken off.
    Books,
    /// A fee by a rate.
    FeeAtRate,
    /// The fee in our books, taken off.
    FeeInBooks,
}

impl TermName {
    /// Its name in screens and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TermName::Bill => "bill",
            TermName::Books => "books",
            TermName::FeeAtRate => "fee_at_rate",
            TermName::FeeInBooks => "fee_in_books",
        }
    }
}

/// One number of the addition that gives a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Term {
    /// What it is.
    pub name: TermName,
    /// What it adds.
    pub amount: Money,
    /// How it came about, where it is a fee.
    pub fee: Option<FeeSum>,
}

impl Explanation {
    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Explanation::FeeFollowsAmount { .. } => "fee_follows_amount",
            Explanation::FeeRateDiffers { .. } => "fee_rate_differs",
            Explanation::HappenedNearMidnight { .. } => "happened_near_midnight",
            Explanation::InDoubtWhenCut => "in_doubt_when_cut",
            Explanation::NotAPaydeskNumber => "not_a_paydesk_number",
            Explanation::ReferenceMangled { .. } => "reference_mangled",
            Explanation::RepeatedRow { .. } => "repeated_row",
            Explanation::RoundingPerLine { .. } => "rounding_per_line",
            Explanation::SumOfSeveral { .. } => "sum_of_several",
            Explanation::Unexplained => "unexplained",
        }
    }

    /// The addition that gives the difference, worked out again from the numbers. Empty where nothing is explained,
    /// where two currencies meet, and where no number was kept.
    #[must_use]
    pub fn arithmetic(&self, found: &Break, counts: Counts) -> Vec<Term> {
        match self {
            Explanation::Unexplained => Vec::new(),
            Explanation::FeeFollowsAmount { sum } => of_fee(*sum),
            Explanation::FeeRateDiffers { sum, .. } | Explanation::RoundingPerLine { sum } => {
                sum.map_or_else(Vec::new, of_fee)
            }
            _ if found.difference.is_none() || found.code == BreakCode::Fee => Vec::new(),
            Explanation::HappenedNearMidnight { .. }
            | Explanation::InDoubtWhenCut
            | Explanation::NotAPaydeskNumber
            | Explanation::ReferenceMangled { .. }
            | Explanation::RepeatedRow { .. }
            | Explanation::SumOfSeveral { .. } => of_sides(found, counts),
        }
    }
}

/// What an addition comes to; `None` for none.
///
/// # Errors
/// `CurrencyMismatch` or `Overflow`.
pub fn total(terms: &[Term]) -> Result<Option<Money>, MoneyError> {
    let Some((first, rest)) = terms.split_first() else {
        return Ok(None);
    };
    rest.iter()
        .try_fold(first.amount, |sum, term| sum.checked_add(term.amount))
        .map(Some)
}

fn of_fee(sum: FeeSum) -> Vec<Term> {
    let charged = Term {
        name: TermName::FeeAtRate,
        amount: sum.value(),
        fee: Some(sum),
    };
    vec![charged, term(TermName::FeeInBooks, negative(sum.ours))]
}

fn of_sides(found: &Break, counts: Counts) -> Vec<Term> {
    let bill = found.bill.as_ref().filter(|_| counts.bill);
    let book = found.book.as_ref().filter(|_| counts.book);
    let on_bill = |line: &BillLine| term(TermName::Bill, moved(line.amount, line.state));
    let in_books =
        |line: &BookLine| term(TermName::Books, negative(moved(line.amount, line.state)));
    (bill.map(on_bill).into_iter())
        .chain(book.map(in_books))
        .collect()
}

fn term(name: TermName, amount: Money) -> Term {
    Term {
        name,
        amount,
        fee: None,
    }
}

fn negative(money: Money) -> Money {
    Money::from_minor(money.minor().saturating_neg(), money.currency())
}

fn moved(amount: Money, state: LineState) -> Money {
    match state {
        LineState::Done => amount,
        LineState::Failed | LineState::Pending => Money::zero(amount.currency()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::Currency;

    fn cny(minor: i64) -> Money {
        Money::from_minor(minor, Currency::CNY)
    }

    #[test]
    fn an_explanation_is_written_as_its_name() {
        let sum = FeeSum {
            base: cny(4_650),
            rate: FeeRate::from_millionths(6_000).unwrap(),
            rounding: Rounding::Down,
            is_returned: false,
            ours: cny(28),
        };
        for explanation in [
            Explanation::RepeatedRow { first_row: 7 },
            Explanation::FeeRateDiffers {
                implied: sum.rate,
                sum: Some(sum),
            },
            Explanation::RoundingPerLine { sum: Some(sum) },
            Explanation::ReferenceMangled {
                damage: Damage::Marked,
            },
            Explanation::SumOfSeveral {
                lines: 2,
                total: cny(5),
            },
        ] {
            let json = serde_json::to_string(&explanation).unwrap();
            let why = format!("\"why\":\"{}\"", explanation.name());
            assert!(json.contains(&why), "{json}");
            assert_eq!(
                serde_json::from_str::<Explanation>(&json).unwrap(),
                explanation
            );
        }
    }

    #[test]
    fn what_was_kept_without_its_numbers_is_still_read() {
        for (json, name) in [
            (r#"{"why":"rounding_per_line"}"#, "rounding_per_line"),
            (
                r#"{"why":"fee_rate_differs","implied":3800}"#,
                "fee_rate_differs",
            ),
        ] {
            let read: Explanation = serde_json::from_str(json).unwrap();
            assert_eq!(read.name(), name);
        }
    }

    #[test]
    fn a_fee_is_worked_out_from_its_numbers() {
        // 46.51 × 0.6 % = 0.27906.
        let sum = FeeSum {
            base: cny(4_651),
            rate: FeeRate::from_millionths(6_000).unwrap(),
            rounding: Rounding::Down,
            is_returned: true,
            ours: cny(-28),
        };
        assert_eq!(sum.value(), cny(-27));
        assert_eq!(total(&of_fee(sum)).unwrap(), Some(cny(1)));
    }
}
