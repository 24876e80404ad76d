//! The books of BTCPay Server: invoices, refunds, rates, and what is told of them. Money is in satoshi.
//!
//! An event holds the new version of a thing, so that living and replaying cannot differ. What moves on the
//! merchant's balance is the difference between two versions. It must never know a wire format.

mod invoice;
mod payout;
mod rate;
mod told;
pub(crate) mod unit;
mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

pub use invoice::{
    CoinMethod, CoinPayment, CoinState, Invoice, InvoiceExtra, InvoiceMethod, InvoiceStatus,
    InvoiceTerms, SpeedPolicy,
};
pub(crate) use payout::PayoutPace;
pub use payout::{CoinPayout, PayoutState, PullPayment};
pub use rate::Rate;
pub(crate) use told::{Delivery, Hook, Told, What, id_of};

use super::events::Way;
use super::{Channel, Currency, Event, Fen, JournalError, Ledger};
use crate::customers::Behaviour;

/// Whose coins are in the customers' wallets.
const PURSE: (Channel, Currency, Behaviour) = (Channel::Btcpay, Currency::BTC, Behaviour::Pays);

/// One fact of BTCPay Server's books.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CoinFact {
    /// A delivery went out.
    Delivered {
        id: String,
        at_ms: i64,
        status: Option<u16>,
    },
    Hook(Hook),
    HookGone {
        id: String,
    },
    Invoice(Box<Invoice>),
    Payout(Box<CoinPayout>),
    PullPayment(Box<PullPayment>),
    /// What a bitcoin costs from now on; nothing where nobody knows.
    Rate {
        currency: Currency,
        rate: Option<Rate>,
    },
    /// A delivery was asked for once more.
    Redelivered {
        id: String,
        at_ms: i64,
    },
    Told(Box<Told>),
}

/// The books.
#[derive(Debug, Default)]
pub(crate) struct Coins {
    invoices: HashMap<String, Invoice>,
    /// In the order in which they were made.
    order: Vec<String>,
    by_destination: HashMap<String, String>,
    /// Invoices that ever carried this number of the merchant.
    by_order: HashMap<String, Vec<String>>,
    pulls: BTreeMap<String, PullPayment>,
    pulls_of_invoice: HashMap<String, Vec<String>>,
    payouts: HashMap<String, CoinPayout>,
    payout_order: Vec<String>,
    payouts_of_pull: HashMap<String, Vec<String>>,
    hooks: BTreeMap<String, Hook>,
    deliveries: BTreeMap<String, Delivery>,
    outbox: BTreeSet<(i64, String)>,
    rates: BTreeMap<Currency, Option<Rate>>,
    /// Invoices and payouts that change by themselves.
    agenda: BTreeSet<(i64, String)>,
}

impl Coins {
    pub(crate) fn invoice(&self, id: &str) -> Option<&Invoice> {
        self.invoices.get(id)
    }

    /// Every invoice, oldest first.
    pub(crate) fn invoices(&self) -> impl DoubleEndedIterator<Item = &Invoice> {
        self.order.iter().filter_map(|id| self.invoices.get(id))
    }

    /// The invoice that this address or BOLT11 invoice ever stood on.
    pub(crate) fn by_destination(&self, destination: &str) -> Option<&Invoice> {
        self.invoice(self.by_destination.get(destination)?)
    }

    /// Those that carry this number of the merchant, oldest first.
    pub(crate) fn by_order<'a>(&'a self, order_id: &'a str) -> impl Iterator<Item = &'a Invoice> {
        let ids = self.by_order.get(order_id).into_iter().flatten();
        ids.filter_map(|id| self.invoice(id))
            .filter(move |invoice| invoice.order_id() == Some(order_id))
    }

    pub(crate) fn pull(&self, id: &str) -> Option<&PullPayment> {
        self.pulls.get(id)
    }

    pub(crate) fn pulls(&self) -> impl Iterator<Item = &PullPayment> {
        self.pulls.values()
    }

    pub(crate) fn payout(&self, id: &str) -> Option<&CoinPayout> {
        self.payouts.get(id)
    }

    /// Every payout, oldest first.
    pub(crate) fn payouts(&self) -> impl Iterator<Item = &CoinPayout> {
        let order = self.payout_order.iter();
        order.filter_map(|id| self.payouts.get(id))
    }

    /// The offers of money back for an invoice, oldest first.
    pub(crate) fn pulls_of(&self, invoice_id: &str) -> impl Iterator<Item = &PullPayment> {
        let ids = self.pulls_of_invoice.get(invoice_id).into_iter().flatten();
        ids.filter_map(|id| self.pull(id))
    }

    /// Every claim on a pull payment, oldest first.
    pub(crate) fn payouts_of(&self, pull_id: &str) -> impl Iterator<Item = &CoinPayout> {
        let ids = self.payouts_of_pull.get(pull_id).into_iter().flatten();
        ids.filter_map(|id| self.payout(id))
    }

    /// Those that were not given up.
    pub(crate) fn claims(&self, pull_id: &str) -> impl Iterator<Item = &CoinPayout> {
        let all = self.payouts_of(pull_id);
        all.filter(|payout| payout.state != PayoutState::Cancelled)
    }

    pub(crate) fn hook(&self, id: &str) -> Option<&Hook> {
        self.hooks.get(id)
    }

    pub(crate) fn hooks(&self) -> impl Iterator<Item = &Hook> {
        self.hooks.values()
    }

    pub(crate) fn delivery(&self, id: &str) -> Option<&Delivery> {
        self.deliveries.get(id)
    }

    /// The id that the delivery would have, were it made once more now.
    pub(crate) fn next_delivery(&self, id: &str) -> Option<String> {
        let count = self.deliveries.len();
        self.delivery(id).map(|of| of.again(count, 0).id)
    }

    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.values()
    }

    /// What a bitcoin costs now.
    pub(crate) fn rate(&self, currency: Currency) -> Option<Rate> {
        let set = self.rates.get(&currency).copied();
        set.unwrap_or_else(|| Rate::usual(currency))
    }

    /// Satoshi that came, that left, and that are on their way to a customer.
    pub(crate) fn sums(&self) -> (i64, i64, i64) {
        let add = |sum: i64, sats: i64| sum.saturating_add(sats);
        let came = self.invoices.values().map(Invoice::paid_sats).fold(0, add);
        let left = self.payouts.values().map(CoinPayout::out_sats).fold(0, add);
        let payouts = self.payouts.values();
        let on_way = payouts.filter(|payout| payout.state == PayoutState::InProgress);
        (came, left, on_way.map(CoinPayout::out_sats).fold(0, add))
    }

    fn keep_invoice(&mut self, invoice: Invoice) {
        let id = invoice.id.clone();
        match self.invoices.get(&id).map(Invoice::next_ms) {
            Some(next_ms) => self.forget(next_ms, &id),
            None => self.order.push(id.clone()),
        }
        self.expect(invoice.next_ms(), &id);
        let destinations = invoice.methods.iter();
        for destination in destinations.filter_map(|method| method.destination.clone()) {
            self.by_destination.insert(destination, id.clone());
        }
        if let Some(order_id) = invoice.order_id() {
            let ids = self.by_order.entry(order_id.to_owned()).or_default();
            if !ids.contains(&id) {
                ids.push(id.clone());
            }
        }
        self.invoices.insert(id, invoice);
    }

    fn keep_payout(&mut self, payout: CoinPayout) {
        let id = payout.id.clone();
        match self.payouts.get(&id).map(|before| before.next_ms) {
            Some(next_ms) => self.forget(next_ms, &id),
            None => {
                self.payout_order.push(id.clone());
                let claims = self.payouts_of_pull.entry(payout.pull_id.clone());
                claims.or_default().push(id.clone());
            }
        }
        self.expect(payout.next_ms, &id);
        self.payouts.insert(id, payout);
    }

    fn forget(&mut self, next_ms: Option<i64>, id: &str) {
        if let Some(next_ms) = next_ms {
            self.agenda.remove(&(next_ms, id.to_owned()));
        }
    }

    fn expect(&mut self, next_ms: Option<i64>, id: &str) {
        if let Some(next_ms) = next_ms {
            self.agenda.insert((next_ms, id.to_owned()));
        }
    }

    fn tell(&mut self, told: &Told) {
        let takers: Vec<Hook> = self
            .hooks()
            .filter(|hook| hook.takes(told))
            .cloned()
            .collect();
        for hook in takers {
            let delivery = Delivery::new(&hook, told, self.deliveries.len());
            self.post(delivery);
        }
    }

    fn post(&mut self, delivery: Delivery) {
        if let Some(due_ms) = delivery.due_ms {
            self.outbox.insert((due_ms, delivery.id.clone()));
        }
        self.deliveries.insert(delivery.id.clone(), delivery);
    }

    fn delivered(&mut self, id: &str, at_ms: i64, status: Option<u16>) {
        let count = self.deliveries.len();
        let Some(delivery) = self.deliveries.get_mut(id) else {
            return;
        };
        if let Some(due_ms) = delivery.due_ms.take() {
            self.outbox.remove(&(due_ms, id.to_owned()));
        }
        delivery.sent_ms = Some(at_ms);
        delivery.status = status;
        let hook = self.hooks.get(&delivery.hook_id);
        let comes_again = hook.is_some_and(|hook| hook.is_enabled && hook.redelivers);
        let pause_ms = delivery.pause_ms().filter(|_| comes_again);
        let again = pause_ms.map(|pause_ms| delivery.again(count, at_ms.saturating_add(pause_ms)));
        if let Some(again) = again {
            self.post(again);
        }
    }

    /// Who has the money: the change of the merchant's wallet and of the customers' purses, in satoshi.
    fn moved(&self, fact: &CoinFact) -> (i64, i64) {
        match fact {
            CoinFact::Invoice(invoice) => {
                let before = self.invoice(&invoice.id).map_or(0, Invoice::paid_sats);
                let came = invoice.paid_sats().saturating_sub(before);
                (came, came.saturating_neg())
            }
            CoinFact::Payout(payout) => {
                let arrived = |payout: &CoinPayout| {
                    let is_there = payout.state == PayoutState::Completed;
                    if is_there { payout.out_sats() } else { 0 }
                };
                let before = self.payout(&payout.id);
                let left = before.map_or(0, CoinPayout::out_sats);
                let left = payout.out_sats().saturating_sub(left);
                let there = arrived(payout).saturating_sub(before.map_or(0, arrived));
                (left.saturating_neg(), there)
            }
            _ => (0, 0),
        }
    }

    fn apply(&mut self, fact: CoinFact) {
        match fact {
            CoinFact::Delivered { id, at_ms, status } => self.delivered(&id, at_ms, status),
            CoinFact::Hook(hook) => {
                self.hooks.insert(hook.id.clone(), hook);
            }
            CoinFact::HookGone { id } => {
                self.hooks.remove(&id);
                let gone = self.deliveries.values_mut();
                for delivery in gone.filter(|delivery| delivery.hook_id == id) {
                    if let Some(due_ms) = delivery.due_ms.take() {
                        self.outbox.remove(&(due_ms, delivery.id.clone()));
                    }
                }
            }
            CoinFact::Invoice(invoice) => self.keep_invoice(*invoice),
            CoinFact::Payout(payout) => self.keep_payout(*payout),
            CoinFact::PullPayment(pull) => {
                let (id, invoice_id) = (pull.id.clone(), pull.invoice_id.clone());
                if self.pulls.insert(id.clone(), *pull).is_none() {
                    self.pulls_of_invoice
                        .entry(invoice_id)
                        .or_default()
                        .push(id);
                }
            }
            CoinFact::Rate { currency, rate } => {
                self.rates.insert(currency, rate);
            }
            CoinFact::Redelivered { id, at_ms } => {
                let count = self.deliveries.len();
                let again = self.delivery(&id).map(|of| of.again(count, at_ms));
                if let Some(again) = again {
                    self.post(again);
                }
            }
            CoinFact::Told(told) => self.tell(&told),
        }
    }
}

impl Ledger {
    pub(crate) fn coins(&self) -> &Coins {
        &self.coins
    }

    pub(super) fn apply_coins(&mut self, fact: CoinFact) {
        let (merchant, purses) = self.coins.moved(&fact);
        self.move_balance(Channel::Btcpay, Currency::BTC, Fen::new(merchant), Way::In);
        if purses != 0 {
            self.move_wallet(PURSE, Fen::new(purses), Way::In);
        }
        self.coins.apply(fact);
    }

    /// Writes down what happened to BTCPay Server's books: all of it, or nothing.
    pub(crate) fn keep_coins(&mut self, facts: Vec<CoinFact>) -> Result<(), JournalError> {
        let event = |fact| Event::Coins { fact };
        self.commit(facts.into_iter().map(event).collect())
    }

    /// An invoice as it is from now on, and what is told of the change.
    pub(crate) fn keep_invoice(
        &mut self,
        invoice: Invoice,
        whats: Vec<What>,
        at_ms: i64,
    ) -> Result<(), JournalError> {
        let tell = |what| {
            CoinFact::Told(Box::new(Told {
                at_ms,
                store_id: invoice.store_id.clone(),
                invoice_id: Some(invoice.id.clone()),
                metadata: invoice.terms.metadata.clone(),
                what,
            }))
        };
        let told: Vec<CoinFact> = whats.into_iter().map(tell).collect();
        let kept = CoinFact::Invoice(Box::new(invoice));
        self.keep_coins([kept].into_iter().chain(told).collect())
    }

    /// The same of a payout.
    pub(crate) fn keep_payout(
        &mut self,
        payout: CoinPayout,
        what: Option<What>,
        at_ms: i64,
    ) -> Result<(), JournalError> {
        let told = what.map(|what| {
            CoinFact::Told(Box::new(Told {
                at_ms,
                store_id: payout.store_id.clone(),
                invoice_id: None,
                metadata: serde_json::json!({}),
                what,
            }))
        });
        let kept = CoinFact::Payout(Box::new(payout));
        self.keep_coins([kept].into_iter().chain(told).collect())
    }

    pub(crate) fn payout_pace(&self) -> PayoutPace {
        PayoutPace {
            owner_ms: self.rhythm.refund_ms,
            block_ms: self.rhythm.block_ms,
        }
    }

    /// Whether the customers' purse holds so much.
    pub(crate) fn purse_holds(&self, sats: i64) -> bool {
        let (channel, currency, behaviour) = PURSE;
        self.wallet(channel, currency, behaviour) >= Fen::new(sats)
    }

    /// Makes everything happen that was due since then and by now, in the order of its time.
    pub(super) fn settle_coins(&mut self, since_ms: i64, now_ms: i64) -> Result<(), JournalError> {
        let first = (since_ms, String::new());
        while let Some((at_ms, id)) = self.coins.agenda.range(first.clone()..).next().cloned() {
            if at_ms > now_ms {
                break;
            }
            if let Some(mut invoice) = self.coins.invoice(&id).cloned() {
                let told = invoice.live(at_ms);
                self.keep_invoice(invoice, told, at_ms)?;
            } else if let Some(mut payout) = self.coins.payout(&id).cloned() {
                let told = self.live_payout(&mut payout, at_ms);
                self.keep_payout(payout, told, at_ms)?;
            }
        }
        Ok(())
    }

    fn live_payout(&self, payout: &mut CoinPayout, at_ms: i64) -> Option<What> {
        let pull = self.coins.pull(&payout.pull_id);
        let cost = pull.and_then(|pull| payout.cost(pull.currency, self.coins.rate(pull.currency)));
        let account = self.account(Channel::Btcpay, Currency::BTC);
        let balance = account.balance.get();
        payout.live(cost, balance, at_ms, self.payout_pace())
    }

    /// Deliveries that were due by then, the longest waiting first.
    pub(crate) fn due_deliveries(&self, by_ms: i64) -> impl Iterator<Item = &Delivery> {
        let due = self.coins.outbox.iter();
        due.take_while(move |(due_ms, _)| *due_ms <= by_ms)
            .filter_map(|(_, id)| self.coins.deliveries.get(id))
    }
}

#[cfg(test)]
mod tests;
