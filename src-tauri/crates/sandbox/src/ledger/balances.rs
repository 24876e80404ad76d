//! The balance sheet of one channel: every fen that left a wallet is somewhere.
//!
//! Reads only; it must never change an account.

use serde::Serialize;

use super::{Channel, Fen, Ledger, RefundState};
use crate::customers;

/// Where the money of a channel is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Balances {
    /// The channel.
    pub channel: Channel,
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
    pub(crate) fn balances(&self, channel: Channel) -> Balances {
        let merchant = self.merchant_balance(channel);
        let withdrawn = self.withdrawn.get(&channel).copied().unwrap_or(Fen::ZERO);
        let spent = Fen::sum(
            self.wallets
                .iter()
                .filter(|((of, _), _)| *of == channel)
                .filter_map(|((_, behaviour), left)| {
                    customers::opening_balance(*behaviour).minus(*left)
                }),
        );
        let trades = || self.trades().filter(|trade| trade.key.channel == channel);
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
        let charged = Fen::sum(trades().map(super::Trade::charged));
        let refunded = Fen::sum(trades().map(super::Trade::refunded));
        let spent = spent.unwrap_or(Fen::ZERO);
        let in_transit = in_transit.unwrap_or(Fen::ZERO);
        let reserved = self.reserved(channel);
        let held = Fen::sum([merchant, in_transit, withdrawn, reserved]);
        let kept = charged
            .zip(refunded)
            .and_then(|(charged, back)| charged.minus(back));
        let left = Fen::sum([merchant, withdrawn, reserved]);
        let is_balanced = held == Some(spent) && kept.is_some() && kept == left;
        Balances {
            channel,
            merchant,
            spent,
            in_transit,
            withdrawn,
            reserved,
            is_balanced,
        }
    }
}
