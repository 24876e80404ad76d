//! What people decide about differences, and which decision fits which difference.
//! Plain values and one rule; moves no payment, knows no store.

use crate::{AccountId, Break, BreakCode, ChannelDay, Explanation, Money, Timestamp};
use serde::{Deserialize, Serialize};

/// Names one difference of one day, also after the day was compared again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ItemName {
    /// Whose bill.
    pub account: AccountId,
    /// The channel's day.
    pub day: ChannelDay,
    /// Code, kind and reference of the difference.
    pub item: String,
}

/// What is done about a difference (features D10 to D13).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// It is what its explanation says: arithmetic proved it.
    Explained,
    /// The channel kept it: it is booked as a fee.
    Fee,
    /// It is too small to follow up.
    WrittenOff,
    /// It belongs to another difference: both are one movement.
    Linked {
        /// The other one.
        to: ItemName,
    },
    /// The channel's line stands for a sale that our books do not have: booked under a name.
    Added,
    /// Several decisions, each about a part of the sum.
    Split {
        /// They add up to the difference.
        parts: Vec<Part>,
    },
    /// It stays open and is followed up; a signed day carries it over by name.
    Exception,
    /// Nothing is decided, something is known.
    Noted,
}

/// What a part of a difference is booked as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartAct {
    /// As a fee.
    Fee,
    /// Written off.
    WrittenOff,
    /// As a sale that our books do not have.
    Added,
}

/// A part of a split difference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// As what.
    pub act: PartAct,
    /// How much of it; signed as the difference is.
    pub amount: Money,
}

/// A file that shows why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Proof {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal. The bytes are kept sealed beside the event.
    pub sha256: String,
}

/// One decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// What.
    #[serde(flatten)]
    pub act: Act,
    /// Why, in a person's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
    /// The file that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Where a difference stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Nobody decided.
    Open,
    /// It is followed up.
    Exception,
    /// It is settled.
    Settled,
}

impl ItemState {
    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ItemState::Open => "open",
            ItemState::Exception => "exception",
            ItemState::Settled => "settled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<ItemState> {
        [ItemState::Open, ItemState::Exception, ItemState::Settled]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// Everything that was decided about one difference, and who looks after it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Treatment {
    /// Who looks after it; empty for nobody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Decisions that stand, oldest first: one that was undone is in the log alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

impl Treatment {
    /// The decision that counts: the last one that decides anything.
    #[must_use]
    pub fn decided(&self) -> Option<&Decision> {
        let mut newest_first = self.decisions.iter().rev();
        newest_first.find(|decision| decision.act != Act::Noted)
    }

    /// Where the difference stands.
    #[must_use]
    pub fn state(&self) -> ItemState {
        match self.decided().map(|decision| &decision.act) {
            None => ItemState::Open,
            Some(Act::Exception) => ItemState::Exception,
            Some(_) => ItemState::Settled,
        }
    }
}

/// Why a decision does not fit a difference. Nothing was decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum Unfit {
    /// A decision of a person says why.
    #[error("a remark is missing")]
    RemarkMissing,
    /// Nothing proves it.
    #[error("it is not explained")]
    NotExplained,
    /// The sum is above what may be written off.
    #[error("it is above the limit for writing off")]
    AboveLimit,
    /// Two currencies have no sum.
    #[error("it has no sum")]
    NoSum,
    /// Our books have this line.
    #[error("our books have it")]
    NotMissingOurs,
    /// The parts do not add up.
    #[error("the parts do not add up to it")]
    PartsDiffer,
    /// It cannot belong to itself, to one of the same side or of another sum.
    #[error("the two are not one movement")]
    NoPair,
    /// Somebody decided before.
    #[error("it is decided already")]
    Decided,
    /// Its day is signed.
    #[error("its day is signed")]
    DayLocked,
    /// There is no such difference any more.
    #[error("it is gone")]
    Gone,
}

impl Unfit {
    /// Its name in screens and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Unfit::RemarkMissing => "remark_missing",
            Unfit::NotExplained => "not_explained",
            Unfit::AboveLimit => "above_limit",
            Unfit::NoSum => "no_sum",
            Unfit::NotMissingOurs => "not_missing_ours",
            Unfit::PartsDiffer => "parts_differ",
            Unfit::NoPair => "no_pair",
            Unfit::Decided => "decided",
            Unfit::DayLocked => "day_locked",
            Unfit::Gone => "gone",
        }
    }
}

/// What a decision is measured by.
#[derive(Clone, Copy, Debug)]
pub struct Fitting<'a> {
    /// The difference.
    pub found: &'a Break,
    /// Why it is there.
    pub explanation: &'a Explanation,
    /// The most that may be written off, in minor units of any currency.
    pub write_off_max: i64,
    /// Why, in a person's words.
    pub remark: &'a str,
}

impl Act {
    /// Its name in screens, files and the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Act::Explained => "explained",
            Act::Fee => "fee",
            Act::WrittenOff => "written_off",
            Act::Linked { .. } => "linked",
            Act::Added => "added",
            Act::Split { .. } => "split",
            Act::Exception => "exception",
            Act::Noted => "noted",
        }
    }

    /// Whether this can be decided about that difference.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn fits(&self, to: &Fitting<'_>) -> Result<(), Unfit> {
        if *self != Act::Explained && to.remark.trim().is_empty() {
            return Err(Unfit::RemarkMissing);
        }
        let sum = || to.found.difference.ok_or(Unfit::NoSum);
        match self {
            Act::Explained => match to.explanation {
                Explanation::Unexplained => Err(Unfit::NotExplained),
                _ => Ok(()),
            },
            Act::Fee => sum().map(|_| ()),
            Act::WrittenOff => below(sum()?, to.write_off_max),
            Act::Added => is_missing_ours(to.found),
            Act::Split { parts } => split(parts, sum()?, to),
            Act::Linked { .. } | Act::Exception | Act::Noted => Ok(()),
        }
    }
}

fn below(sum: Money, max: i64) -> Result<(), Unfit> {
    let within = sum.minor().unsigned_abs() <= max.unsigned_abs();
    within.then_some(()).ok_or(Unfit::AboveLimit)
}

fn is_missing_ours(found: &Break) -> Result<(), Unfit> {
    let ours = found.book.is_some() || found.code == BreakCode::DuplicateChannel;
    if ours {
        return Err(Unfit::NotMissingOurs);
    }
    Ok(())
}

/// Each part fits, none is against the sum's direction, and together they are the sum.
fn split(parts: &[Part], sum: Money, to: &Fitting<'_>) -> Result<(), Unfit> {
    let mut left = sum;
    for part in parts {
        if part.amount.minor().signum() != sum.minor().signum() {
            return Err(Unfit::PartsDiffer);
        }
        match part.act {
            PartAct::Fee => {}
            PartAct::WrittenOff => below(part.amount, to.write_off_max)?,
            PartAct::Added => is_missing_ours(to.found)?,
        }
        left = left
            .checked_sub(part.amount)
            .map_err(|_| Unfit::PartsDiffer)?;
    }
    if parts.len() < 2 || left.minor() != 0 {
        return Err(Unfit::PartsDiffer);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    fn cny(minor: i64) -> Money {
        Money::from_minor(
            minor,
            Currency::from_code("CNY").unwrap_or_else(|| unreachable!()),
        )
    }

    fn found(difference: Option<Money>) -> Break {
        Break {
            code: BreakCode::MissingOurs,
            bill: None,
            book: None,
            difference,
        }
    }

    fn fits(
        act: &Act,
        difference: Option<Money>,
        explanation: Explanation,
        remark: &str,
    ) -> Result<(), Unfit> {
        act.fits(&Fitting {
            found: &found(difference),
            explanation: &explanation,
            write_off_max: 100,
            remark,
        })
    }

    #[test]
    fn a_person_says_why_and_arithmetic_need_not() {
        let sum = Some(cny(5));
        let why = Explanation::InDoubtWhenCut;
        assert_eq!(fits(&Act::Fee, sum, why, " "), Err(Unfit::RemarkMissing));
        assert_eq!(fits(&Act::Explained, sum, why, ""), Ok(()));
        let none = Explanation::Unexplained;
        assert_eq!(
            fits(&Act::Explained, sum, none, "sure"),
            Err(Unfit::NotExplained)
        );
    }

    #[test]
    fn only_so_much_is_written_off_in_either_direction() {
        let check = |minor| {
            fits(
                &Act::WrittenOff,
                Some(cny(minor)),
                Explanation::Unexplained,
                "small",
            )
        };
        assert_eq!(check(100), Ok(()));
        assert_eq!(check(-100), Ok(()));
        assert_eq!(check(101), Err(Unfit::AboveLimit));
        assert_eq!(check(-101), Err(Unfit::AboveLimit));
        assert_eq!(check(i64::MIN), Err(Unfit::AboveLimit));
        let none = fits(&Act::WrittenOff, None, Explanation::Unexplained, "small");
        assert_eq!(none, Err(Unfit::NoSum));
    }

    #[test]
    fn parts_are_the_sum_and_none_is_against_it() {
        let part = |act, minor| Part {
            act,
            amount: cny(minor),
        };
        let check = |parts: Vec<Part>| {
            fits(
                &Act::Split { parts },
                Some(cny(-300)),
                Explanation::Unexplained,
                "two reasons",
            )
        };
        let fee = |minor| part(PartAct::Fee, minor);
        let off = |minor| part(PartAct::WrittenOff, minor);
        assert_eq!(check(vec![fee(-200), off(-100)]), Ok(()));
        assert_eq!(check(vec![fee(-200), off(-99)]), Err(Unfit::PartsDiffer));
        assert_eq!(check(vec![fee(-400), off(100)]), Err(Unfit::PartsDiffer));
        assert_eq!(check(vec![fee(-300)]), Err(Unfit::PartsDiffer));
        assert_eq!(check(vec![fee(-100), off(-200)]), Err(Unfit::AboveLimit));
    }

    #[test]
    fn a_note_decides_nothing_and_undoing_gives_back_what_stood_before() {
        let decision = |act| Decision {
            act,
            remark: "asked the channel".to_owned(),
            proof: None,
            by: "Accountant 1".to_owned(),
            at: Timestamp(0),
        };
        let mut treatment = Treatment::default();
        assert_eq!(treatment.state(), ItemState::Open);
        treatment.decisions.push(decision(Act::Exception));
        treatment.decisions.push(decision(Act::Noted));
        assert_eq!(treatment.state(), ItemState::Exception);
        treatment.decisions.push(decision(Act::Fee));
        assert_eq!(treatment.state(), ItemState::Settled);
        treatment.decisions.pop();
        assert_eq!(treatment.state(), ItemState::Exception);
    }
}
