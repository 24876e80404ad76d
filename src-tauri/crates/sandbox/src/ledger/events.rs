//! What can happen to money, and what each event does to the ledger.
//!
//! `apply` is the only place where a trade or a balance changes; it runs for new events and for
//! the journal alike, so it must never read a clock, refuse, or touch the disk.

use serde::{Deserialize, Serialize};

use super::{
    Channel, Charge, CoinFact, Currency, Decline, EndedBy, Fen, Ledger, Plan, Refund, RefundState,
    Reserve, State, StripeAttempt, StripeEvent, StripeMethod, Trade, TradeKey, UnionpayTerms,
    Withdrawal,
};
use crate::bills::Plant;
use crate::customers::{self, Behaviour};

/// One fact of the journal.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// Money was taken from the payer.
    Charged {
        key: TradeKey,
        at_ms: i64,
        amount: Fen,
    },
    /// Something happened in BTCPay Server's books.
    Coins { fact: CoinFact },
    /// The day was ended early: the sandbox's clock runs ahead of the machine's from now on.
    DayEnded { at_ms: i64, offset_ms: i64 },
    /// The payer declined on the phone; the trade waits on.
    Declined { key: TradeKey, at_ms: i64 },
    /// An unpaid trade ended.
    Ended {
        key: TradeKey,
        at_ms: i64,
        by: EndedBy,
    },
    /// The payer at a reader is going to pay, or to be declined (Stripe).
    Expected {
        key: TradeKey,
        behaviour: Behaviour,
        plan: Option<Plan>,
    },
    /// A success was told to the merchant's address (UnionPay).
    Noticed {
        number: String,
        at_ms: i64,
        is_acknowledged: bool,
    },
    /// A trade was created.
    Opened(Box<Trade>),
    /// A difference between bill and truth was planted.
    Planted(Plant),
    /// The contract's rate for trades from now on.
    RateSet {
        channel: Channel,
        millionths: u32,
        at_ms: i64,
    },
    /// Money is on its way back.
    RefundAccepted { key: TradeKey, refund: Box<Refund> },
    /// Money arrived, or could not.
    RefundSettled {
        key: TradeKey,
        refund_no: String,
        at_ms: i64,
        state: RefundState,
    },
    /// The channel holds money of the merchant back, or releases some as a negative sum.
    Reserved {
        channel: Channel,
        #[serde(default)]
        currency: Currency,
        held: Fen,
        at_ms: i64,
    },
    /// A waiting trade was tried again with a fresh code.
    Retried {
        key: TradeKey,
        code: String,
        behaviour: Behaviour,
        plan: Option<Plan>,
    },
    /// A payer scanned the QR.
    Scanned { key: TradeKey, at_ms: i64 },
    /// What is Stripe's alone.
    Stripe(Box<StripeEvent>),
    /// The merchant took money out.
    Withdrawn {
        channel: Channel,
        #[serde(default)]
        currency: Currency,
        amount: Fen,
        at_ms: i64,
    },
}

impl Ledger {
    /// What a trade does by itself by now.
    pub(super) fn due_events(&self, trade: &Trade, now_ms: i64) -> Vec<Event> {
        let key = &trade.key;
        let mut events = Vec::new();
        if let Some(plan) = trade.plan.filter(|plan| plan.at_ms <= now_ms) {
            events.push(if plan.pays {
                held_at_reader(trade, plan.at_ms).unwrap_or_else(|| Event::Charged {
                    key: key.clone(),
                    at_ms: plan.at_ms,
                    amount: trade.total,
                })
            } else if key.channel == Channel::Stripe {
                declined_at_reader(trade, plan.at_ms)
            } else {
                Event::Ended {
                    key: key.clone(),
                    at_ms: plan.at_ms,
                    by: EndedBy::Payer,
                }
            });
        } else if trade.state == State::Waiting && trade.expires_ms <= now_ms {
            let at_ms = trade.expires_ms;
            events.push(Event::Ended {
                key: key.clone(),
                at_ms,
                by: EndedBy::Timeout,
            });
        }
        for refund in &trade.refunds {
            if refund.state == RefundState::Processing && refund.due_ms <= now_ms {
                events.push(Event::RefundSettled {
                    key: key.clone(),
                    refund_no: refund.refund_no.clone(),
                    at_ms: refund.due_ms,
                    state: refund.ends_as,
                });
            }
            let fails_ms = refund.stripe.as_ref().and_then(|told| told.fails_ms);
            if let Some(at_ms) = fails_ms.filter(|at_ms| *at_ms <= now_ms) {
                events.push(Event::Stripe(Box::new(StripeEvent::RefundClosed {
                    key: key.clone(),
                    refund_no: refund.refund_no.clone(),
                    at_ms,
                    is_canceled: false,
                    keeps_money: false,
                })));
            }
        }
        events
    }

    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Charged { key, at_ms, amount } => self.apply_charge(&key, at_ms, amount),
            Event::Coins { fact } => self.apply_coins(fact),
            Event::DayEnded { offset_ms, .. } => self.offset_ms = offset_ms,
            Event::Planted(plant) => self.plants.push(plant),
            Event::RateSet {
                channel,
                millionths,
                ..
            } => {
                self.rates.insert(channel, millionths);
            }
            Event::Declined { key, .. } => {
                if let Some(trade) = self.trades.get_mut(&key) {
                    trade.declined = true;
                }
            }
            Event::Ended { key, at_ms, by } => self.apply_end(&key, at_ms, by),
            Event::Expected {
                key,
                behaviour,
                plan,
            } => self.apply_expected(&key, behaviour, plan),
            Event::Noticed {
                number,
                at_ms,
                is_acknowledged,
            } => self.notices.sent(&number, at_ms, is_acknowledged),
            Event::Opened(trade) => self.apply_open(*trade),
            Event::RefundAccepted { key, refund } => self.apply_refund(&key, *refund),
            Event::RefundSettled {
                key,
                refund_no,
                at_ms,
                state,
            } => {
                self.apply_refund_end(&key, &refund_no, at_ms, state);
            }
            Event::Retried {
                key,
                code,
                behaviour,
                plan,
            } => {
                self.by_code
                    .insert((key.channel, code.clone()), key.clone());
                if let Some(trade) = self.trades.get_mut(&key) {
                    trade.code = code;
                }
                self.apply_expected(&key, behaviour, plan);
            }
            Event::Reserved {
                channel,
                currency,
                held,
                at_ms,
            } => {
                self.reserves.push(Reserve {
                    channel,
                    currency,
                    held,
                    at_ms,
                });
                let account = self.accounts.entry((channel, currency)).or_default();
                move_money(&mut account.balance, held, Way::Out);
                move_money(&mut account.reserved, held, Way::In);
            }
            Event::Scanned { key, .. } => {
                if let Some(trade) = self.trades.get_mut(&key) {
                    trade.scanned = true;
                    trade.declined = false;
                }
            }
            Event::Stripe(event) => self.apply_stripe(*event),
            Event::Withdrawn {
                channel,
                currency,
                amount,
                at_ms,
            } => {
                self.withdrawals.push(Withdrawal {
                    channel,
                    currency,
                    amount,
                    at_ms,
                });
                let account = self.accounts.entry((channel, currency)).or_default();
                move_money(&mut account.balance, amount, Way::Out);
                move_money(&mut account.withdrawn, amount, Way::In);
            }
        }
    }

    fn apply_expected(&mut self, key: &TradeKey, behaviour: Behaviour, plan: Option<Plan>) {
        if let Some(plan) = plan {
            self.agenda.insert((plan.at_ms, key.clone()));
        }
        if let Some(trade) = self.trades.get_mut(key) {
            trade.behaviour = behaviour;
            trade.plan = plan;
        }
    }

    fn apply_open(&mut self, trade: Trade) {
        let key = trade.key.clone();
        self.order.push(key.clone());
        self.by_trade_no
            .insert((key.channel, trade.trade_no.clone()), key.clone());
        self.by_code
            .insert((key.channel, trade.code.clone()), key.clone());
        self.agenda.insert((trade.expires_ms, key.clone()));
        if let Some(plan) = trade.plan {
            self.agenda.insert((plan.at_ms, key.clone()));
        }
        self.tell_opened(&trade);
        self.trades.insert(key, trade);
    }

    fn apply_charge(&mut self, key: &TradeKey, at_ms: i64, amount: Fen) {
        let Some(trade) = self.trades.get_mut(key) else {
            return;
        };
        trade.plan = None;
        trade.state = State::Paid;
        trade.charges.push(Charge { at_ms, amount });
        let payer = (key.channel, trade.currency, trade.behaviour);
        if is_told(trade.unionpay.as_ref()) {
            self.notices.owe(&key.out_trade_no, key, at_ms);
        }
        self.move_balance(key.channel, payer.1, amount, Way::In);
        self.move_wallet(payer, amount, Way::Out);
        self.tell_charged(key, at_ms);
    }

    fn apply_end(&mut self, key: &TradeKey, at_ms: i64, by: EndedBy) {
        let delayed_ms = at_ms.saturating_add(self.rhythm.after_reverse_ms);
        let Some(trade) = self.trades.get_mut(key) else {
            return;
        };
        trade.state = State::Ended(by);
        trade.ended_ms = Some(at_ms);
        // The one customer whose charge was still under way when the till gave up.
        // A canceled intent of Stripe is final.
        let is_delayed = key.channel != Channel::Stripe
            && trade.behaviour == Behaviour::PaysAfterReverse
            && by == EndedBy::Cancel;
        trade.plan = is_delayed.then_some(Plan {
            at_ms: delayed_ms,
            pays: true,
        });
        if is_delayed {
            self.agenda.insert((delayed_ms, key.clone()));
        }
        self.tell_ended(key, by, at_ms);
    }

    fn apply_refund(&mut self, key: &TradeKey, refund: Refund) {
        let Some(trade) = self.trades.get_mut(key) else {
            return;
        };
        self.refunds = self.refunds.saturating_add(1);
        self.agenda.insert((refund.due_ms, key.clone()));
        let (currency, amount) = (trade.currency, refund.amount);
        if key.channel != Channel::Alipay && !refund.refund_no.is_empty() {
            let (number, id) = (refund.refund_no.clone(), refund.refund_id.clone());
            self.by_refund_id.insert((key.channel, id), number.clone());
            self.by_refund_no.insert((key.channel, number), key.clone());
        }
        if let Some(fails_ms) = refund.stripe.as_ref().and_then(|told| told.fails_ms) {
            self.agenda.insert((fails_ms, key.clone()));
        }
        trade.refunds.push(refund.clone());
        self.tell_back(key, &refund);
        self.move_balance(key.channel, currency, amount, Way::Out);
    }

    fn apply_refund_end(
        &mut self,
        key: &TradeKey,
        refund_no: &str,
        at_ms: i64,
        state: RefundState,
    ) {
        let Some(trade) = self.trades.get_mut(key) else {
            return;
        };
        let payer = (key.channel, trade.currency, trade.behaviour);
        let Some(refund) = trade.refunds.iter_mut().find(|refund| {
            refund.refund_no == refund_no && refund.state == RefundState::Processing
        }) else {
            return;
        };
        refund.state = state;
        refund.settled_ms = Some(at_ms);
        let amount = refund.amount;
        if state == RefundState::Success && is_told(refund.unionpay.as_ref()) {
            self.notices.owe(refund_no, key, at_ms);
        }
        match state {
            RefundState::Success => self.move_wallet(payer, amount, Way::In),
            RefundState::Closed => self.move_balance(payer.0, payer.1, amount, Way::In),
            RefundState::Abnormal | RefundState::Processing => {}
        }
        self.tell_settled(key, refund_no, at_ms);
    }

    pub(super) fn move_wallet(
        &mut self,
        payer: (Channel, Currency, Behaviour),
        amount: Fen,
        way: Way,
    ) {
        let wallet = self
            .wallets
            .entry(payer)
            .or_insert_with(|| customers::opening_balance(payer.2));
        move_money(wallet, amount, way);
    }

    pub(super) fn move_balance(
        &mut self,
        channel: Channel,
        currency: Currency,
        amount: Fen,
        way: Way,
    ) {
        let account = self.accounts.entry((channel, currency)).or_default();
        move_money(&mut account.balance, amount, way);
    }
}

/// Whether the transaction's success is told to an address.
fn is_told(terms: Option<&UnionpayTerms>) -> bool {
    terms.is_some_and(|terms| terms.back_url.is_some())
}

/// Stripe's money that is taken by a capture alone: the card only holds it.
fn held_at_reader(trade: &Trade, at_ms: i64) -> Option<Event> {
    let terms = trade.stripe.as_ref()?;
    if !terms.is_held_first() {
        return None;
    }
    let mut terms = terms.clone();
    terms.hold(at_ms);
    Some(Event::Stripe(Box::new(StripeEvent::Terms {
        key: trade.key.clone(),
        at_ms,
        terms,
    })))
}

/// The customer at a reader, who gives a wrong PIN.
fn declined_at_reader(trade: &Trade, at_ms: i64) -> Event {
    let known = trade.stripe.as_ref().and_then(|terms| terms.method.clone());
    let method = known.unwrap_or_else(|| StripeMethod {
        id: trade.trade_no.replacen("pi_", "pm_", 1),
        kind: "card_present".to_owned(),
        brand: "visa".to_owned(),
        last4: "4242".to_owned(),
    });
    let attempt = StripeAttempt {
        at_ms,
        decline: Decline {
            code: "card_declined".to_owned(),
            decline_code: "incorrect_pin".to_owned(),
        },
        method,
    };
    Event::Stripe(Box::new(StripeEvent::Declined {
        key: trade.key.clone(),
        attempt,
    }))
}

#[derive(Clone, Copy)]
pub(super) enum Way {
    In,
    Out,
}

/// Sums stay far below the range of an account: 10^12 fen are in the sandbox, and 2^63 fit.
pub(super) fn move_money(account: &mut Fen, amount: Fen, way: Way) {
    let moved = match way {
        Way::In => account.plus(amount),
        Way::Out => account.minus(amount),
    };
    if let Some(moved) = moved {
        *account = moved;
    }
}
