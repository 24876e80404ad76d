//! Whether a statement adds up, and whether a file holds the same statement twice.

use crate::{Reason, StatementFault};
use paydesk_domain::{BalanceCheck, BankBalance, BankStatement};
use std::collections::HashMap;

/// Opening balance plus movements against the closing balance.
///
/// # Errors
/// `Amount` when the sum is larger than any sum of money.
pub(crate) fn check(statement: &BankStatement) -> Result<BalanceCheck, StatementFault> {
    let (opening, closing) = match (statement.opening, statement.closing) {
        (Some(opening), Some(closing)) => (opening, closing),
        _ => return Ok(BalanceCheck::NotStated),
    };
    let is_other = |balance: &&BankBalance| balance.amount.currency() != statement.currency;
    if let Some(other) = [&opening, &closing].into_iter().find(is_other) {
        return Ok(BalanceCheck::OtherCurrency {
            row: other.row,
            stated: other.amount,
        });
    }
    let sum = statement.sum();
    let expected = sum
        .and_then(|sum| opening.amount.checked_add(sum))
        .map_err(|_| StatementFault::at(closing.row, "", Reason::Amount))?;
    if expected == closing.amount {
        return Ok(BalanceCheck::Holds);
    }
    Ok(BalanceCheck::Differs {
        expected,
        row: closing.row,
        stated: closing.amount,
    })
}

/// Whether nothing speaks against importing it.
///
/// # Errors
/// `Balance`, `Currencies`, `Total`.
pub(crate) fn accept(statement: &BankStatement) -> Result<(), StatementFault> {
    match statement.check {
        BalanceCheck::Differs {
            expected,
            row,
            stated,
        } => {
            let reason = Reason::Balance { expected, stated };
            Err(StatementFault::at(row, "", reason))
        }
        BalanceCheck::OtherCurrency { row, stated } => {
            let (left, right) = (statement.currency, stated.currency());
            Err(StatementFault::at(
                row,
                "",
                Reason::Currencies { left, right },
            ))
        }
        BalanceCheck::Total {
            expected,
            row,
            stated,
        } => {
            let reason = Reason::Total { expected, stated };
            Err(StatementFault::at(row, "", reason))
        }
        // A filtered list leaves movements out on purpose; what it has is true.
        BalanceCheck::Holds | BalanceCheck::NotStated | BalanceCheck::RunningBreaks { .. } => {
            Ok(())
        }
    }
}

/// Refuses a file with the same statement twice: same account, period, balances and movements.
///
/// # Errors
/// `Doubled`.
pub(crate) fn refuse_doubled(statements: &[BankStatement]) -> Result<(), StatementFault> {
    let mut seen: HashMap<_, Vec<&BankStatement>> = HashMap::new();
    for statement in statements {
        let name = (
            &statement.account.number,
            &statement.reference,
            &statement.sequence,
            statement.lines.len(),
        );
        let known = seen.entry(name).or_default();
        if let Some(first) = known.iter().find(|other| are_alike(other, statement)) {
            let reason = Reason::Doubled { first: first.row };
            return Err(StatementFault::at(statement.row, "", reason));
        }
        // Many statements of one name without movements are nothing to compare with each other for ever.
        if known.len() < COMPARED_MAX {
            known.push(statement);
        }
    }
    Ok(())
}

/// Statements of one name: a bank that does not number them has as many as days.
const COMPARED_MAX: usize = 400;

fn are_alike(left: &BankStatement, right: &BankStatement) -> bool {
    let balance = |balance: Option<BankBalance>| balance.map(|it| (it.date, it.amount));
    let is_empty = left.lines.is_empty() && left.opening.is_none() && left.closing.is_none();
    !is_empty
        && left.currency == right.currency
        && balance(left.opening) == balance(right.opening)
        && balance(left.closing) == balance(right.closing)
        && left.lines.iter().zip(&right.lines).all(|(left, right)| {
            left.booked == right.booked
                && left.amount == right.amount
                && left.bank_reference == right.bank_reference
                && left.end_to_end == right.end_to_end
                && left.text == right.text
        })
}
