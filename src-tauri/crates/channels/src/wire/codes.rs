//! The shape of a connector's code table: what a code means, whether money moved, what to do next.
//! A code that is not in a table is never a refusal: it is a doubt, and a query decides.

use crate::{CodeMeaning, MoneyMoved, NextAction};
use paydesk_domain::{Advice, Again, Doubt, Outcome, Refusal};
use paydesk_signing::mutants::{Mutant, planted};

/// What an authenticated code makes of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// Our number is known to the channel: our own earlier send (Q9).
    Duplicate,
    /// The channel's own fault, or too busy: the outcome is open (Q4).
    Fault,
    /// The channel does not know the number.
    NotFound,
    /// A plain no.
    Refusal(Advice),
    /// The payer is at it.
    Waiting,
}

/// One row of a code table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// What the rest of the program may know of the code.
    pub meaning: CodeMeaning,
    /// What the connector does with it.
    pub sort: Sort,
}

/// A plain no: no money moved.
#[must_use]
pub const fn no(code: &'static str, text: &'static str, advice: Advice, again: Again) -> Row {
    let meaning = CodeMeaning {
        code,
        money: MoneyMoved::No,
        next: match advice {
            Advice::AskPayer => NextAction::AskPayer,
            Advice::FixSetup => NextAction::FixSetup,
            Advice::GiveUp => NextAction::GiveUp,
            Advice::TryAgain => NextAction::TryAgain,
        },
        text,
        again: Some(again),
    };
    Row {
        meaning,
        sort: Sort::Refusal(advice),
    }
}

/// A code after which only a query can tell.
#[must_use]
pub const fn open(code: &'static str, text: &'static str, sort: Sort) -> Row {
    let meaning = CodeMeaning {
        code,
        money: MoneyMoved::Unknown,
        next: match sort {
            Sort::Waiting => NextAction::Wait,
            Sort::Duplicate | Sort::Fault | Sort::NotFound | Sort::Refusal(_) => NextAction::Query,
        },
        text,
        again: Some(Again::SameReference),
    };
    Row { meaning, sort }
}

/// A code about a bill: no money moves by asking for one. Should it ever answer a call that moves money,
/// it decides nothing.
#[must_use]
pub const fn bill(code: &'static str, text: &'static str, next: NextAction) -> Row {
    let meaning = CodeMeaning {
        code,
        money: MoneyMoved::No,
        next,
        text,
        again: None,
    };
    Row {
        meaning,
        sort: Sort::Fault,
    }
}

fn plain_no<T>(code: String) -> Outcome<T> {
    let advice = Advice::GiveUp;
    Outcome::Refused(Refusal { code, advice })
}

/// The outcome that a row stands for, where it is no fact of its own; unknown codes are doubts.
pub fn outcome<T>(row: Option<&Row>, code: &str) -> Outcome<T> {
    let code = code.to_owned();
    match row.map(|row| row.sort) {
        Some(Sort::Refusal(advice)) => Outcome::Refused(Refusal { code, advice }),
        Some(Sort::Duplicate) if planted(Mutant::DuplicateIsRefusal) => plain_no(code),
        Some(Sort::Fault) if planted(Mutant::FaultIsRefusal) => plain_no(code),
        Some(Sort::Duplicate) => Outcome::Unknown(Doubt::Duplicate { code }),
        Some(Sort::Fault | Sort::NotFound | Sort::Waiting) | None => {
            Outcome::Unknown(Doubt::ServerFault { code })
        }
    }
}
