//! The movements of a table in one currency, and what its own balances and sums say about them.

use crate::{Reason, StatementFault, text::push};
use paydesk_domain::{
    BalanceCheck, BankAccount, BankBalance, BankLine, BankStatement, Currency, Money, MoneyError,
    StatementFormat,
};

pub(super) struct Ledger {
    pub currency: Currency,
    pub lines: Vec<BankLine>,
    /// Movements whose amount stood in the column of money out, or beside 借, with a minus before it, by their place
    /// in `lines`.
    negative_debits: Vec<usize>,
    has_positive_debit: bool,
}

/// A sum that the file states: its line, whether of money in, and how much.
pub(super) type Sum = (u64, bool, Money);

impl Ledger {
    pub(super) fn new(currency: Currency) -> Ledger {
        Ledger {
            currency,
            lines: Vec::new(),
            negative_debits: Vec::new(),
            has_positive_debit: false,
        }
    }

    /// One movement; `debit` is what stood in the column of money out.
    pub(super) fn push(
        &mut self,
        line: BankLine,
        debit: Option<i64>,
    ) -> Result<(), StatementFault> {
        match debit {
            Some(debit) if debit < 0 => self.negative_debits.push(self.lines.len()),
            Some(debit) if debit > 0 => self.has_positive_debit = true,
            _ => {}
        }
        let row = line.row;
        push(&mut self.lines, line, row)
    }

    /// A minus in the column of money out takes money back, as red ink does, unless every amount there has one: then
    /// it is how the bank writes money out. Balances that follow only from the red ink prove it.
    fn settle_signs(&mut self) {
        if self.has_positive_debit || self.negative_debits.is_empty() {
            return;
        }
        let follows = |ledger: &Ledger| {
            let running = ledger.running();
            running.is_ok_and(|(_, _, check)| check == BalanceCheck::Holds)
        };
        let as_red_ink = follows(self);
        self.turn_debits();
        if as_red_ink && !follows(self) {
            self.turn_debits();
        }
    }

    fn turn_debits(&mut self) {
        for at in &self.negative_debits {
            if let Some(line) = self.lines.get_mut(*at) {
                line.amount = Money::from_minor(-line.amount.minor(), self.currency);
            }
        }
    }

    /// The statement of these movements.
    pub(super) fn end(
        mut self,
        row: u64,
        account: BankAccount,
        sums: &[Sum],
    ) -> Result<BankStatement, StatementFault> {
        self.settle_signs();
        let fault = |_: MoneyError| StatementFault::at(row, "", Reason::Amount);
        let (opening, closing, mut check) = self.running().map_err(fault)?;
        for (row, is_credit, stated) in sums {
            let expected = self.one_way(*is_credit).map_err(fault)?;
            if expected != *stated {
                let (row, stated) = (*row, *stated);
                check = BalanceCheck::Total {
                    expected,
                    row,
                    stated,
                };
                break;
            }
        }
        let days = || self.lines.iter().map(|line| line.booked);
        Ok(BankStatement {
            format: StatementFormat::Sheet,
            row,
            reference: String::new(),
            sequence: String::new(),
            account,
            currency: self.currency,
            from: days().min(),
            to: days().max(),
            opening,
            closing,
            not_booked: 0,
            check,
            lines: self.lines,
        })
    }

    /// All money in, or all money out as a positive sum.
    fn one_way(&self, is_credit: bool) -> Result<Money, MoneyError> {
        let mut sum = Money::zero(self.currency);
        for line in &self.lines {
            sum = match (is_credit, line.amount.minor() >= 0) {
                (true, true) => sum.checked_add(line.amount)?,
                (false, false) => sum.checked_sub(line.amount)?,
                _ => sum,
            };
        }
        Ok(sum)
    }

    /// The balances beside the movements: each must follow from its neighbour, in one direction of time.
    fn running(
        &self,
    ) -> Result<(Option<BankBalance>, Option<BankBalance>, BalanceCheck), MoneyError> {
        let balances: Option<Vec<Money>> = self.lines.iter().map(|line| line.balance).collect();
        let none = (None, None, BalanceCheck::NotStated);
        let (Some(balances), Some(first), Some(last)) =
            (balances, self.lines.first(), self.lines.last())
        else {
            return Ok(none);
        };
        // Where the first balance differs that does not follow, oldest line first and newest line first.
        let mut breaks: [Option<u64>; 2] = [None, None];
        let neighbours = self.lines.iter().zip(&balances);
        for ((above, above_balance), (below, below_balance)) in
            neighbours.clone().zip(neighbours.skip(1))
        {
            if above_balance.checked_add(below.amount)? != *below_balance {
                breaks[0] = breaks[0].or(Some(below.row));
            }
            if below_balance.checked_add(above.amount)? != *above_balance {
                breaks[1] = breaks[1].or(Some(above.row));
            }
        }
        let is_newest_first = match breaks {
            [None, None] | [Some(_), Some(_)] => first.booked > last.booked,
            [None, Some(_)] => false,
            [Some(_), None] => true,
        };
        let [oldest_first, newest_first] = breaks;
        let broken = if is_newest_first {
            newest_first
        } else {
            oldest_first
        };
        if let Some(row) = broken {
            return Ok((None, None, BalanceCheck::RunningBreaks { row }));
        }
        let (oldest, newest) = if is_newest_first {
            (last, first)
        } else {
            (first, last)
        };
        let (Some(after_oldest), Some(after_newest)) = (oldest.balance, newest.balance) else {
            return Ok(none);
        };
        let opening = BankBalance {
            row: oldest.row,
            date: Some(oldest.booked),
            amount: after_oldest.checked_sub(oldest.amount)?,
        };
        let closing = BankBalance {
            row: newest.row,
            date: Some(newest.booked),
            amount: after_newest,
        };
        // One balance follows from nothing but itself.
        Ok((Some(opening), Some(closing), BalanceCheck::Holds))
    }

    /// Whether the second half of the movements is the first half again.
    pub(super) fn is_doubled(&self, half: usize) -> bool {
        let (first, second) = self.lines.split_at_checked(half).unwrap_or_default();
        half > 0
            && first.len() == second.len()
            && first.iter().zip(second).all(|(left, right)| {
                (
                    left.booked,
                    left.amount,
                    left.balance,
                    &left.text,
                    &left.counterparty,
                ) == (
                    right.booked,
                    right.amount,
                    right.balance,
                    &right.text,
                    &right.counterparty,
                )
            })
    }
}
