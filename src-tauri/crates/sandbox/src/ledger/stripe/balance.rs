//! The merchant's balance at Stripe: one line for each movement, with its fee and the day on which it is available,
//! and the payouts that are made of them.
//!
//! Lines follow from trades and payouts alone. It must never mix two currencies.

use std::collections::{BTreeMap, BTreeSet};

use super::{StripeEvent, StripePayout};
use crate::ledger::{
    Channel, Currency, Fen, JournalError, Ledger, Refund, RefundCause, RefundState, Trade, TradeKey,
};

const DAY_MS: i64 = 86_400_000;
/// How long after a payout its items are told.
pub(super) const ITEMISED_MS: i64 = 6 * 3_600_000;
/// Charges are available on the second working day after (protocol reference, "Simulator checklist").
const AVAILABLE_AFTER: u8 = 2;
/// A payout is at the bank on the next working day but one.
const ARRIVES_AFTER: u8 = 2;
/// What a dispute costs, in minor units.
const DISPUTE_FEE: Fen = Fen::new(1_500);

/// What a line is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum LineSource {
    Charge(TradeKey),
    Dispute(TradeKey, String),
    /// A dispute that was won.
    DisputeBack(TradeKey, String),
    Payout(String),
    PayoutFailed(String),
    Refund(TradeKey, String),
    /// A refund that did not reach the payer.
    RefundFailed(TradeKey, String),
}

/// One line of the balance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BalanceLine {
    pub(crate) id: String,
    pub(crate) source: LineSource,
    pub(crate) currency: Currency,
    /// Gross; negative leaves the balance.
    pub(crate) amount: Fen,
    /// Never negative.
    pub(crate) fee: Fen,
    pub(crate) at_ms: i64,
    pub(crate) available_ms: i64,
}

impl BalanceLine {
    pub(crate) fn net(&self) -> Fen {
        self.amount.minus(self.fee).unwrap_or(Fen::ZERO)
    }
}

/// The beginning of a day in UTC, counted from 1970.
pub(super) fn day_start_ms(day: i64) -> i64 {
    day.saturating_mul(DAY_MS)
}

/// Monday is nought; 1 January 1970 was a Thursday.
fn is_working(day: i64) -> bool {
    day.saturating_add(3).rem_euclid(7) < 5
}

/// The beginning of the day that is so many working days later.
fn working_days_later(at_ms: i64, count: u8) -> i64 {
    let mut day = at_ms.div_euclid(DAY_MS);
    let mut left = count;
    while left > 0 {
        day = day.saturating_add(1);
        if is_working(day) {
            left = left.saturating_sub(1);
        }
    }
    day_start_ms(day)
}

/// The contract's rate, rounded half up, and a fixed part where the currency has decimals.
fn fee_of(trade: &Trade, amount: Fen) -> Fen {
    let product = amount.get().saturating_mul(i64::from(trade.fee_rate));
    let share = product.saturating_add(500_000).div_euclid(1_000_000);
    let fixed = crate::stripe::fixed_fee(trade.currency);
    Fen::new(share.saturating_add(fixed))
}

fn line_id(source: &str, kind: &str) -> String {
    let tail = source.split_once('_').map_or(source, |(_, tail)| tail);
    format!("txn_{kind}{tail}")
}

fn negative(amount: Fen) -> Fen {
    Fen::ZERO.minus(amount).unwrap_or(Fen::ZERO)
}

fn of_trade(trade: &Trade) -> Vec<BalanceLine> {
    let line = |id, source, amount, fee, at_ms, available_ms| BalanceLine {
        id,
        source,
        currency: trade.currency,
        amount,
        fee,
        at_ms,
        available_ms,
    };
    let mut lines = Vec::new();
    for charge in &trade.charges {
        lines.push(line(
            line_id(&trade.trade_no, "1"),
            LineSource::Charge(trade.key.clone()),
            charge.amount,
            fee_of(trade, charge.amount),
            charge.at_ms,
            working_days_later(charge.at_ms, AVAILABLE_AFTER),
        ));
    }
    for refund in &trade.refunds {
        of_refund(trade, refund, |id, source, amount, fee, at_ms| {
            lines.push(line(id, source, amount, fee, at_ms, at_ms));
        });
    }
    lines
}

fn of_refund(
    trade: &Trade,
    refund: &Refund,
    mut add: impl FnMut(String, LineSource, Fen, Fen, i64),
) {
    let (key, number) = (trade.key.clone(), refund.refund_no.clone());
    let closed = refund.stripe.as_ref().and_then(|told| told.closed_ms);
    let came_back = closed.filter(|_| refund.state == RefundState::Closed);
    let is_dispute = refund.cause == RefundCause::Dispute;
    let (out, back) = if is_dispute {
        (
            LineSource::Dispute(key.clone(), number.clone()),
            LineSource::DisputeBack(key, number),
        )
    } else {
        (
            LineSource::Refund(key.clone(), number.clone()),
            LineSource::RefundFailed(key, number),
        )
    };
    let fee = if is_dispute { DISPUTE_FEE } else { Fen::ZERO };
    let id = |kind| line_id(&refund.refund_no, kind);
    add(
        id("2"),
        out,
        negative(refund.amount),
        fee,
        refund.accepted_ms,
    );
    if let Some(at_ms) = came_back {
        add(id("3"), back, refund.amount, Fen::ZERO, at_ms);
    }
}

fn of_payout(payout: &StripePayout) -> Vec<BalanceLine> {
    let line = |kind, source, amount, at_ms| BalanceLine {
        id: line_id(&payout.id, kind),
        source,
        currency: payout.currency,
        amount,
        fee: Fen::ZERO,
        at_ms,
        available_ms: at_ms,
    };
    let id = || payout.id.clone();
    let out = line(
        "4",
        LineSource::Payout(id()),
        negative(payout.amount),
        payout.created_ms,
    );
    let back = payout
        .failed_ms
        .map(|at_ms| line("5", LineSource::PayoutFailed(id()), payout.amount, at_ms));
    [out].into_iter().chain(back).collect()
}

impl Ledger {
    /// Every line of Stripe's balance, oldest first.
    pub(crate) fn balance_lines(&self) -> Vec<BalanceLine> {
        let trades = self
            .trades()
            .filter(|trade| trade.key.channel == Channel::Stripe);
        let mut lines: Vec<BalanceLine> = trades.flat_map(of_trade).collect();
        lines.extend(self.stripe.payouts.iter().flat_map(of_payout));
        lines.sort_by(|one, other| (one.at_ms, &one.id).cmp(&(other.at_ms, &other.id)));
        lines
    }

    /// Makes the payouts of every day in UTC that has begun since they were made last.
    pub(in crate::ledger) fn pay_out(&mut self, now_ms: i64) -> Result<(), JournalError> {
        let today = now_ms.div_euclid(DAY_MS);
        let Some(first) = self.first_day_to_pay_out() else {
            return Ok(());
        };
        for day in first..=today {
            let payouts = self.payouts_of(day);
            let arrives = |payout: &StripePayout| payout.arrival_ms == day_start_ms(day);
            // A day on which nothing happens need not be written down, the last one apart.
            if payouts.is_empty() && day < today && !self.stripe.payouts.iter().any(arrives) {
                continue;
            }
            self.tell_stripe(StripeEvent::PaidOut { day, payouts })?;
        }
        Ok(())
    }

    /// The day after the last, or after the first trade; none while there is nothing to pay out.
    fn first_day_to_pay_out(&self) -> Option<i64> {
        let first = || {
            let mut trades = self
                .trades()
                .filter(|trade| trade.key.channel == Channel::Stripe);
            trades
                .next()
                .map(|trade| trade.created_ms.div_euclid(DAY_MS))
        };
        let last = self.stripe.paid_out_until.or_else(first)?;
        Some(last.saturating_add(1))
    }

    fn payouts_of(&self, day: i64) -> Vec<StripePayout> {
        let at_ms = day_start_ms(day);
        let done: BTreeSet<&String> = self
            .stripe
            .payouts
            .iter()
            .flat_map(|it| &it.lines)
            .collect();
        let mut open: BTreeMap<Currency, Vec<BalanceLine>> = BTreeMap::new();
        for line in self.balance_lines() {
            let is_payout = matches!(line.source, LineSource::Payout(_));
            if line.available_ms <= at_ms && !is_payout && !done.contains(&line.id) {
                open.entry(line.currency).or_default().push(line);
            }
        }
        let mut payouts = Vec::new();
        for (currency, lines) in open {
            let sum = Fen::sum(lines.iter().map(BalanceLine::net)).unwrap_or(Fen::ZERO);
            // What would be negative waits for more.
            if sum <= Fen::ZERO {
                continue;
            }
            let count = self
                .stripe
                .payouts
                .len()
                .saturating_add(payouts.len())
                .saturating_add(1);
            payouts.push(StripePayout {
                id: format!("po_1Sandbox{count:016}"),
                currency,
                amount: sum,
                created_ms: at_ms,
                arrival_ms: working_days_later(at_ms, ARRIVES_AFTER),
                lines: lines.into_iter().map(|line| line.id).collect(),
                failed_ms: None,
            });
        }
        payouts
    }
}

impl StripePayout {
    /// Whether its items are told by then.
    pub(crate) fn is_itemised(&self, at_ms: i64) -> bool {
        self.created_ms.saturating_add(ITEMISED_MS) <= at_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_days_leave_out_the_weekend() {
        // 19 November 2026 is a Thursday.
        let thursday = 20_776 * DAY_MS;
        for (after, days) in [(0, 0), (1, 1), (2, 4), (3, 5)] {
            assert_eq!(
                working_days_later(thursday + 5, after),
                thursday + days * DAY_MS,
                "{after}"
            );
        }
    }
}
