//! The truth: the sandbox's ledger against what the store says, once no doubt is left.
//!
//! Pure, and without a type of the product: it must never learn from the code that it judges.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Digits and letters of an order number; a reference begins with it.
const NUMBER_LENGTH: usize = 18;

/// A trade in the sandbox's ledger.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Trade {
    /// Our number of the attempt.
    pub(crate) out_trade_no: String,
    /// What was asked, fen.
    pub(crate) total: i64,
    /// Every time money was taken.
    pub(crate) charges: Vec<Charge>,
    /// Every time money went back.
    pub(crate) refunds: Vec<Return>,
}

/// Money taken.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Charge {
    /// Fen.
    pub(crate) amount: i64,
}

/// Money that went back.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Return {
    /// Our number of the refund; empty for a reversal.
    pub(crate) refund_no: String,
    /// Fen.
    pub(crate) amount: i64,
    /// `refund` or `reversal`.
    pub(crate) cause: String,
    /// `success`, `processing`, `closed`, `abnormal`.
    pub(crate) state: String,
}

impl Trade {
    fn charged(&self) -> i64 {
        self.charges.iter().map(|it| it.amount).sum()
    }

    fn standing(&self) -> impl Iterator<Item = &Return> {
        self.refunds.iter().filter(|it| it.state != "closed")
    }

    fn returned(&self) -> i64 {
        self.standing().map(|it| it.amount).sum()
    }

    fn is_reversed(&self) -> bool {
        self.standing().any(|it| it.cause == "reversal")
    }
}

/// A payment as the store has it.
#[derive(Clone, Debug)]
pub(crate) struct PaymentRow {
    /// Its number at the channel.
    pub(crate) reference: String,
    /// The state's name.
    pub(crate) state: String,
    /// Fen.
    pub(crate) amount: i64,
}

/// A refund as the store has it.
#[derive(Clone, Debug)]
pub(crate) struct RefundRow {
    /// Its number at the channel.
    pub(crate) reference: String,
    /// The state's name.
    pub(crate) state: String,
    /// Fen.
    pub(crate) amount: i64,
}

/// Everything the store says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// The payments.
    pub(crate) payments: Vec<PaymentRow>,
    /// The refunds.
    pub(crate) refunds: Vec<RefundRow>,
}

/// A broken rule: of which order, in words.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Violation {
    /// The order's number.
    pub(crate) order: String,
    /// What is wrong.
    pub(crate) words: String,
}

/// The order a reference belongs to.
pub(crate) fn order_of(reference: &str) -> &str {
    reference.get(..NUMBER_LENGTH).unwrap_or(reference)
}

/// Holds the books against the ledger.
pub(crate) fn audit(books: &Books, trades: &[Trade]) -> BTreeSet<Violation> {
    let mut found = BTreeSet::new();
    let mut blame = |reference: &str, words: String| {
        found.insert(Violation {
            order: order_of(reference).to_owned(),
            words,
        });
    };
    let by_reference: BTreeMap<&str, &Trade> = trades
        .iter()
        .map(|it| (it.out_trade_no.as_str(), it))
        .collect();
    if by_reference.len() < trades.len() {
        blame("", "two trades with one number".to_owned());
    }
    no_doubt_left(books, &mut blame);
    no_double_charge(trades, &mut blame);
    for payment in &books.payments {
        judge_payment(
            payment,
            by_reference.get(payment.reference.as_str()).copied(),
            &mut blame,
        );
    }
    let known: BTreeSet<&str> = books
        .payments
        .iter()
        .map(|it| it.reference.as_str())
        .collect();
    for trade in trades
        .iter()
        .filter(|it| !known.contains(it.out_trade_no.as_str()))
    {
        blame(
            &trade.out_trade_no,
            "the channel knows a trade that the store does not".to_owned(),
        );
    }
    refunds_equal(books, trades, &mut blame);
    found
}

fn no_doubt_left(books: &Books, blame: &mut impl FnMut(&str, String)) {
    let settled = ["closed", "paid", "paid_late", "watching"];
    for payment in books
        .payments
        .iter()
        .filter(|it| !settled.contains(&it.state.as_str()))
    {
        blame(&payment.reference, format!("still open: {}", payment.state));
    }
    let settled = ["cancelled", "done", "failed"];
    for refund in books
        .refunds
        .iter()
        .filter(|it| !settled.contains(&it.state.as_str()))
    {
        blame(
            &refund.reference,
            format!("refund still open: {}", refund.state),
        );
    }
}

/// Per order, over all its attempts: what the channel kept is at most what was owed, and no attempt is taken twice.
fn no_double_charge(trades: &[Trade], blame: &mut impl FnMut(&str, String)) {
    let mut kept: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for trade in trades {
        if trade.charges.len() > 1 || trade.charged() > trade.total {
            let words = format!(
                "charged {} of {}, {} times",
                trade.charged(),
                trade.total,
                trade.charges.len()
            );
            blame(&trade.out_trade_no, words);
        }
        if trade.returned() > trade.charged() {
            blame(
                &trade.out_trade_no,
                format!("gave back {} of {}", trade.returned(), trade.charged()),
            );
        }
        let (net, owed) = kept.entry(order_of(&trade.out_trade_no)).or_default();
        *net += trade.charged() - trade.returned();
        *owed = (*owed).max(trade.total);
    }
    for (order, (net, owed)) in kept {
        if net > owed {
            blame(order, format!("double charge: {net} kept, {owed} owed"));
        }
    }
}

fn judge_payment(
    payment: &PaymentRow,
    trade: Option<&Trade>,
    blame: &mut impl FnMut(&str, String),
) {
    let says_paid = matches!(payment.state.as_str(), "paid" | "paid_late");
    let charged = trade.map_or(0, Trade::charged);
    let is_reversed = trade.is_some_and(Trade::is_reversed);
    if says_paid && (charged != payment.amount || is_reversed) {
        let words = format!(
            "{} {} here, {charged} at the channel, reversed: {is_reversed}",
            payment.state, payment.amount
        );
        blame(&payment.reference, words);
    }
    if !says_paid && charged > 0 && !is_reversed {
        blame(
            &payment.reference,
            format!(
                "lost: {charged} paid at the channel, here {}",
                payment.state
            ),
        );
    }
}

fn refunds_equal(books: &Books, trades: &[Trade], blame: &mut impl FnMut(&str, String)) {
    let mut there: BTreeMap<&str, i64> = BTreeMap::new();
    for refund in trades
        .iter()
        .flat_map(Trade::standing)
        .filter(|it| it.cause == "refund")
    {
        let sum = there.entry(refund.refund_no.as_str()).or_default();
        *sum += refund.amount;
    }
    for refund in &books.refunds {
        let paid_back = there.remove(refund.reference.as_str()).unwrap_or(0);
        let expected = if refund.state == "done" {
            refund.amount
        } else {
            0
        };
        if paid_back != expected {
            let words = format!(
                "refund {} {} here, {paid_back} at the channel",
                refund.state, refund.amount
            );
            blame(&refund.reference, words);
        }
    }
    for (reference, amount) in there {
        blame(
            reference,
            format!("the channel gave back {amount} that the store does not know"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "T0000126112100001X";

    fn trade(attempt: u32, charges: &[i64], refunds: &[(&str, i64, &str)]) -> Trade {
        Trade {
            out_trade_no: format!("{NUMBER}A{attempt}"),
            total: 100,
            charges: charges
                .iter()
                .map(|amount| Charge { amount: *amount })
                .collect(),
            refunds: refunds
                .iter()
                .map(|(refund_no, amount, cause)| Return {
                    refund_no: (*refund_no).to_owned(),
                    amount: *amount,
                    cause: (*cause).to_owned(),
                    state: "success".to_owned(),
                })
                .collect(),
        }
    }

    fn books(payments: &[(u32, &str)], refunds: &[(&str, &str)]) -> Books {
        Books {
            payments: payments
                .iter()
                .map(|(attempt, state)| PaymentRow {
                    reference: format!("{NUMBER}A{attempt}"),
                    state: (*state).to_owned(),
                    amount: 100,
                })
                .collect(),
            refunds: refunds
                .iter()
                .map(|(reference, state)| RefundRow {
                    reference: (*reference).to_owned(),
                    state: (*state).to_owned(),
                    amount: 40,
                })
                .collect(),
        }
    }

    fn check(books: &Books, trades: &[Trade], expected: usize) {
        let found = audit(books, trades);
        assert_eq!(found.len(), expected, "{found:?}");
    }

    #[test]
    fn books_that_agree_pass() {
        let refund = format!("{NUMBER}A1R1");
        check(&books(&[(1, "paid")], &[]), &[trade(1, &[100], &[])], 0);
        check(&books(&[(1, "watching")], &[]), &[], 0);
        check(
            &books(&[(1, "watching")], &[]),
            &[trade(1, &[100], &[("", 100, "reversal")])],
            0,
        );
        check(
            &books(&[(1, "watching"), (2, "paid")], &[]),
            &[trade(1, &[], &[]), trade(2, &[100], &[])],
            0,
        );
        let refunded = [trade(1, &[100], &[(&refund, 40, "refund")])];
        check(&books(&[(1, "paid")], &[(&refund, "done")]), &refunded, 0);
        check(
            &books(&[(1, "paid")], &[(&refund, "cancelled")]),
            &[trade(1, &[100], &[])],
            0,
        );
    }

    #[test]
    fn each_planted_difference_is_found() {
        let refund = format!("{NUMBER}A1R1");
        // Charged twice under one number, and under two numbers of one order.
        check(
            &books(&[(1, "paid")], &[]),
            &[trade(1, &[100, 100], &[])],
            3,
        );
        check(
            &books(&[(1, "paid"), (2, "paid")], &[]),
            &[trade(1, &[100], &[]), trade(2, &[100], &[])],
            1,
        );
        // Paid and lost, unknown to the store, paid here only, reversed there and paid here.
        check(&books(&[(1, "closed")], &[]), &[trade(1, &[100], &[])], 1);
        check(&books(&[], &[]), &[trade(1, &[100], &[])], 1);
        check(&books(&[(1, "paid")], &[]), &[], 1);
        check(
            &books(&[(1, "paid")], &[]),
            &[trade(1, &[100], &[("", 100, "reversal")])],
            1,
        );
        // A doubt left, of a payment and of a refund.
        check(&books(&[(1, "in_doubt")], &[]), &[], 1);
        check(
            &books(&[(1, "paid")], &[(&refund, "in_doubt")]),
            &[trade(1, &[100], &[])],
            1,
        );
        // Refunded twice, refunded there only, refunded here only.
        let twice = [trade(
            1,
            &[100],
            &[(&refund, 40, "refund"), (&refund, 40, "refund")],
        )];
        check(&books(&[(1, "paid")], &[(&refund, "done")]), &twice, 1);
        check(
            &books(&[(1, "paid")], &[]),
            &[trade(1, &[100], &[(&refund, 40, "refund")])],
            1,
        );
        check(
            &books(&[(1, "paid")], &[(&refund, "done")]),
            &[trade(1, &[100], &[])],
            1,
        );
    }
}
