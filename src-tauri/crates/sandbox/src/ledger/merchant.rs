//! The merchant's money at the channels: what is there, what was taken out, what is held back, and at which rate.
//!
//! No sum mixes currencies. It must never move a payer's money.

use super::{Channel, Currency, Event, Fen, JournalError, Ledger};

/// The merchant's money of one currency at one channel. No sum of the ledger mixes currencies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    /// What the merchant has there.
    pub(super) balance: Fen,
    /// What was taken out.
    pub(super) withdrawn: Fen,
    /// What the channel holds back by now.
    pub(super) reserved: Fen,
}

/// Money that the merchant took out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Withdrawal {
    pub(crate) channel: Channel,
    pub(crate) currency: Currency,
    pub(crate) amount: Fen,
    pub(crate) at_ms: i64,
}

/// Money that the channel holds back, or releases as a negative sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reserve {
    pub(crate) channel: Channel,
    pub(crate) currency: Currency,
    pub(crate) held: Fen,
    pub(crate) at_ms: i64,
}

impl Ledger {
    /// The merchant takes money out of the channel, so that a refund can find too little.
    pub(crate) fn withdraw(
        &mut self,
        channel: Channel,
        currency: Currency,
        amount: Fen,
        now_ms: i64,
    ) -> Result<bool, JournalError> {
        if amount <= Fen::ZERO || self.merchant_balance(channel, currency) < amount {
            return Ok(false);
        }
        self.commit(vec![Event::Withdrawn {
            channel,
            currency,
            amount,
            at_ms: now_ms,
        }])?;
        Ok(true)
    }

    /// The channel holds money of the merchant back, or releases some as a negative sum. Nothing happens where the
    /// balance, or what is held, is less.
    pub(crate) fn reserve(
        &mut self,
        channel: Channel,
        currency: Currency,
        held: Fen,
        at_ms: i64,
    ) -> Result<bool, JournalError> {
        let account = self.account(channel, currency);
        let left = account.reserved.plus(held);
        let is_held = left.is_some_and(|left| left >= Fen::ZERO);
        if held == Fen::ZERO || !is_held || account.balance < held {
            return Ok(false);
        }
        self.commit(vec![Event::Reserved {
            channel,
            currency,
            held,
            at_ms,
        }])?;
        Ok(true)
    }

    pub(crate) fn reserves(&self) -> &[Reserve] {
        &self.reserves
    }

    pub(crate) fn merchant_balance(&self, channel: Channel, currency: Currency) -> Fen {
        self.account(channel, currency).balance
    }

    pub(super) fn account(&self, channel: Channel, currency: Currency) -> Account {
        let account = self.accounts.get(&(channel, currency));
        account.copied().unwrap_or_default()
    }

    /// The rate of trades created from now on, in millionths.
    pub(crate) fn fee_rate(&self, channel: Channel) -> u32 {
        let rate = self.rates.get(&channel).copied();
        rate.unwrap_or_else(|| channel.usual_rate())
    }

    pub(crate) fn set_fee_rate(
        &mut self,
        channel: Channel,
        millionths: u32,
        now_ms: i64,
    ) -> Result<(), JournalError> {
        self.commit(vec![Event::RateSet {
            channel,
            millionths,
            at_ms: now_ms,
        }])
    }

    pub(crate) fn withdrawals(&self) -> &[Withdrawal] {
        &self.withdrawals
    }
}
