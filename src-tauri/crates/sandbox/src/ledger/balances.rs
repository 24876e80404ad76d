//! The balance sheet of one channel in one currency: all that left a wallet is somewhere.
//!
//! Reads only; it must never change an account.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Channel, Currency, Fen, Ledger, RefundState};
use crate::customers;

/// Where the money of a channel is, of one currency.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Balances {
    /// The channel.
    pub channel: Channel,
    /// The currency of every sum here.
    pub currency: Currency,
    /// The merchant's balance.
    pub merchant: Fen,
    /// What payers spent, less what came back.
    pub spent: Fen,
    /// Refunds accepted or held, not yet with the payer.
    pub in_transit: Fen,
    /// What the merchant took out.
    pub withdrawn: Fen,
    /// What the channel holds back.
    pub reserved: Fen,
    /// Whether spent = merchant + in transit + withdrawn + reserved, and the sums of the trades agree.
    pub is_balanced: bool,
}

impl Ledger {
    /// A sheet of every channel in yuan, or in coins where it keeps those, and one of each other currency that it has seen.
    pub(crate) fn all_balances(&self) -> Vec<Balances> {
        let sheets = Channel::ALL.into_iter().flat_map(|channel| {
            let trades = self.trades().filter(|trade| trade.key.channel == channel);
            let mut others: BTreeSet<Currency> = trades.map(|trade| trade.currency).collect();
            let first = match channel {
                Channel::Btcpay => Currency::BTC,
                _ => Currency::CNY,
            };
            others.remove(&first);
            let all = [first].into_iter().chain(others);
            all.map(move |currency| (channel, currency))
        });
        sheets
            .map(|(channel, currency)| self.balances(channel, currency))
            .collect()
    }

    pub(crate) fn balances(&self, channel: Channel, currency: Currency) -> Balances {
        let account = self.account(channel, currency);
        let (merchant, withdrawn) = (account.balance, account.withdrawn);
        let spent = Fen::sum(
            self.wallets
                .iter()
                .filter(|((of, in_currency, _), _)| (*of, *in_currency) == (channel, currency))
                .filter_map(|((_, _, behaviour), left)| {
                    customers::opening_balance(*behaviour).minus(*left)
                }),
        );
        let trades = || {
            self.trades()
                .filter(|trade| (trade.key.channel, trade.currency) == (channel, currency))
        };
        let in_transit = Fen::sum(
            trades()
                .flat_map(|trade| &trade.refunds)
                .filter_map(|refund| {
                    matches!(
                        refund.state,
                        RefundState::Processing | RefundState::Abnormal
                    )
                    .then_some(refund.amount)
                }),
        );
        // Invoices are no trades.
        let (came, left, on_way) = match (channel, currency) {
            (Channel::Btcpay, Currency::BTC) => self.coins().sums(),
            _ => (0, 0, 0),
        };
        let in_transit = in_transit.and_then(|sum| sum.plus(Fen::new(on_way)));
        let charged = Fen::sum(trades().map(super::Trade::charged));
        let refunded = Fen::sum(trades().map(super::Trade::refunded));
        let charged = charged.and_then(|sum| sum.plus(Fen::new(came)));
        let refunded = refunded.and_then(|sum| sum.plus(Fen::new(left)));
        let spent = spent.unwrap_or(Fen::ZERO);
        let in_transit = in_transit.unwrap_or(Fen::ZERO);
        let reserved = account.reserved;
        let held = Fen::sum([merchant, in_transit, withdrawn, reserved]);
        let kept = charged
            .zip(refunded)
            .and_then(|(charged, back)| charged.minus(back));
        let left = Fen::sum([merchant, withdrawn, reserved]);
        let is_balanced = held == Some(spent) && kept.is_some() && kept == left;
        Balances {
            channel,
            currency,
            merchant,
            spent,
            in_transit,
            withdrawn,
            reserved,
            is_balanced,
        }
    }
}
