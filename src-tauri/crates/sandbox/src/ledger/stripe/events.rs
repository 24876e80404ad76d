//! What can happen at Stripe beside money, and what is told of either.
//!
//! It must never refuse, read a clock, or touch the disk.

use serde::{Deserialize, Serialize};

use super::{
    ActionEnd, Awaits, FactSubject, KEPT_MS, KeptAnswer, StripeAttempt, StripeFact, StripeLocation,
    StripePayout, StripeReader, StripeReport, StripeTerms,
};
use crate::ledger::events::Way;
use crate::ledger::{
    Channel, EndedBy, Event, JournalError, Ledger, Refund, RefundCause, RefundState, Trade,
    TradeKey,
};

/// One fact of the journal that is Stripe's alone.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "stripe", rename_all = "snake_case")]
pub(crate) enum StripeEvent {
    /// An attempt was declined.
    Declined {
        key: TradeKey,
        attempt: StripeAttempt,
    },
    /// Where events are told from now on.
    Endpoint {
        url: Option<String>,
    },
    /// An answer under its idempotency key.
    Kept {
        name: String,
        answer: KeptAnswer,
    },
    Location(StripeLocation),
    /// The payouts of a day; it is over even where there are none.
    PaidOut {
        day: i64,
        payouts: Vec<StripePayout>,
    },
    /// The bank sent a payout back.
    PayoutFailed {
        id: String,
        at_ms: i64,
    },
    /// A reader, as it is now.
    Reader {
        reader: Box<StripeReader>,
        at_ms: i64,
    },
    /// A refund's own words.
    RefundTold {
        key: TradeKey,
        refund_no: String,
        metadata: std::collections::BTreeMap<String, String>,
    },
    /// A refund that had succeeded, or waited, did not reach the payer; or a dispute was closed.
    RefundClosed {
        key: TradeKey,
        refund_no: String,
        at_ms: i64,
        is_canceled: bool,
        keeps_money: bool,
    },
    Report(StripeReport),
    /// What is known of an intent.
    Terms {
        key: TradeKey,
        at_ms: i64,
        terms: Box<StripeTerms>,
    },
}

impl Ledger {
    /// Writes an event of Stripe down.
    pub(crate) fn tell_stripe(&mut self, event: StripeEvent) -> Result<(), JournalError> {
        self.commit(vec![Event::Stripe(Box::new(event))])
    }

    pub(in crate::ledger) fn apply_stripe(&mut self, event: StripeEvent) {
        match event {
            StripeEvent::Declined { key, attempt } => self.apply_decline(&key, attempt),
            StripeEvent::Endpoint { url } => self.stripe.endpoint = url,
            StripeEvent::Kept { name, answer } => {
                let oldest_ms = answer.at_ms.saturating_sub(KEPT_MS);
                self.stripe.kept.retain(|_, kept| kept.at_ms > oldest_ms);
                self.stripe.kept.insert(name, answer);
            }
            StripeEvent::Location(location) => {
                self.stripe.locations.insert(location.id.clone(), location);
            }
            StripeEvent::PaidOut { day, payouts } => self.apply_payouts(day, payouts),
            StripeEvent::PayoutFailed { id, at_ms } => {
                let mut payouts = self.stripe.payouts.iter_mut();
                if let Some(payout) = payouts.find(|payout| payout.id == id) {
                    payout.failed_ms = Some(at_ms);
                    self.tell("payout.failed", FactSubject::Payout(id), at_ms);
                }
            }
            StripeEvent::Reader { reader, at_ms } => {
                let end = reader
                    .action
                    .as_ref()
                    .and_then(|action| action.ended.clone());
                let was = self
                    .stripe
                    .readers
                    .insert(reader.id.clone(), (*reader).clone());
                let had_end = was
                    .and_then(|reader| reader.action)
                    .is_none_or(|it| it.ended.is_some());
                if let Some(end) = end.filter(|_| !had_end) {
                    self.tell_reader(&reader.id, &end, at_ms);
                }
            }
            StripeEvent::RefundTold {
                key,
                refund_no,
                metadata,
            } => {
                if let Some(told) = self
                    .refund_mut(&key, &refund_no)
                    .and_then(|it| it.stripe.as_mut())
                {
                    told.metadata = metadata;
                }
            }
            StripeEvent::RefundClosed {
                key,
                refund_no,
                at_ms,
                is_canceled,
                keeps_money,
            } => {
                self.apply_closed(&key, &refund_no, at_ms, (is_canceled, keeps_money));
            }
            StripeEvent::Report(report) => {
                let (id, at_ms) = (report.id.clone(), report.ready_ms);
                self.stripe.reports.push(report);
                self.tell(
                    "reporting.report_run.succeeded",
                    FactSubject::Report(id),
                    at_ms,
                );
            }
            StripeEvent::Terms { key, at_ms, terms } => {
                let awaits = terms.awaits;
                let Some(trade) = self.trades.get_mut(&key) else {
                    return;
                };
                if awaits == Awaits::Capture {
                    trade.plan = None;
                }
                let was = trade.stripe.replace(terms).map(|terms| terms.awaits);
                if was == Some(awaits) {
                    return;
                }
                match awaits {
                    Awaits::Capture => {
                        let kind = "payment_intent.amount_capturable_updated";
                        self.tell(kind, FactSubject::Intent(key.clone()), at_ms);
                        self.end_actions(&key, &ActionEnd::Succeeded, at_ms);
                    }
                    Awaits::Action => {
                        self.tell(
                            "payment_intent.requires_action",
                            FactSubject::Intent(key),
                            at_ms,
                        );
                    }
                    Awaits::Confirmation | Awaits::Method => {}
                }
            }
        }
    }

    fn refund_mut(&mut self, key: &TradeKey, refund_no: &str) -> Option<&mut Refund> {
        let trade = self.trades.get_mut(key)?;
        trade
            .refunds
            .iter_mut()
            .find(|refund| refund.refund_no == refund_no)
    }

    fn apply_decline(&mut self, key: &TradeKey, attempt: StripeAttempt) {
        let Some(trade) = self.trades.get_mut(key) else {
            return;
        };
        trade.plan = None;
        let Some(terms) = trade.stripe.as_mut() else {
            return;
        };
        let (at_ms, code) = (attempt.at_ms, attempt.decline.code.clone());
        terms.awaits = Awaits::Method;
        terms.method = None;
        terms.attempts.push(attempt);
        self.tell("charge.failed", FactSubject::Charge(key.clone()), at_ms);
        self.tell(
            "payment_intent.payment_failed",
            FactSubject::Intent(key.clone()),
            at_ms,
        );
        let message = "The card was declined.".to_owned();
        self.end_actions(key, &ActionEnd::Failed { code, message }, at_ms);
    }

    fn apply_payouts(&mut self, day: i64, payouts: Vec<StripePayout>) {
        self.stripe.paid_out_until = Some(day);
        let at_ms = super::balance::day_start_ms(day);
        let arrived = self
            .stripe
            .payouts
            .iter()
            .filter(|it| it.failed_ms.is_none());
        let arrived: Vec<String> = arrived
            .filter(|payout| payout.arrival_ms == at_ms)
            .map(|payout| payout.id.clone())
            .collect();
        for id in arrived {
            self.tell("payout.paid", FactSubject::Payout(id), at_ms);
        }
        for payout in payouts {
            let subject = || FactSubject::Payout(payout.id.clone());
            self.tell("payout.created", subject(), at_ms);
            let told_ms = at_ms.saturating_add(super::balance::ITEMISED_MS);
            self.tell("payout.reconciliation_completed", subject(), told_ms);
            self.stripe.payouts.push(payout);
        }
    }

    /// Money that had gone to the payer, or was on its way, is the merchant's again; or a dispute was lost and it is
    /// not.
    fn apply_closed(
        &mut self,
        key: &TradeKey,
        refund_no: &str,
        at_ms: i64,
        (is_canceled, keeps): (bool, bool),
    ) {
        let Some(trade) = self.trades.get_mut(key) else {
            return;
        };
        let payer = (key.channel, trade.currency, trade.behaviour);
        let mut refunds = trade.refunds.iter_mut();
        let Some(refund) = refunds.find(|refund| refund.refund_no == refund_no) else {
            return;
        };
        let (was, amount, cause) = (refund.state, refund.amount, refund.cause);
        if let Some(told) = refund.stripe.as_mut() {
            (told.closed_ms, told.is_canceled, told.fails_ms) = (Some(at_ms), is_canceled, None);
        }
        if !keeps {
            refund.state = RefundState::Closed;
            if was == RefundState::Success {
                self.move_wallet(payer, amount, Way::Out);
            }
            self.move_balance(payer.0, payer.1, amount, Way::In);
        }
        let subject = (key.clone(), refund_no.to_owned());
        if cause == RefundCause::Dispute {
            let subject = || FactSubject::Dispute(subject.0.clone(), subject.1.clone());
            self.tell("charge.dispute.closed", subject(), at_ms);
            if !keeps {
                self.tell("charge.dispute.funds_reinstated", subject(), at_ms);
            }
        } else {
            let subject = || FactSubject::Refund(subject.0.clone(), subject.1.clone());
            self.tell("refund.updated", subject(), at_ms);
            if !is_canceled {
                self.tell("refund.failed", subject(), at_ms);
            }
        }
    }

    /// What is told when a trade of Stripe was made.
    pub(in crate::ledger) fn tell_opened(&mut self, trade: &Trade) {
        let (Some(terms), key) = (&trade.stripe, &trade.key) else {
            return;
        };
        if terms.session.is_none() {
            self.tell(
                "payment_intent.created",
                FactSubject::Intent(key.clone()),
                trade.created_ms,
            );
        }
    }

    /// What is told when its money was taken.
    pub(in crate::ledger) fn tell_charged(&mut self, key: &TradeKey, at_ms: i64) {
        if key.channel != Channel::Stripe {
            return;
        }
        self.tell("charge.succeeded", FactSubject::Charge(key.clone()), at_ms);
        self.tell(
            "payment_intent.succeeded",
            FactSubject::Intent(key.clone()),
            at_ms,
        );
        if self.has_session(key) {
            self.tell(
                "checkout.session.completed",
                FactSubject::Session(key.clone()),
                at_ms,
            );
        }
        self.end_actions(key, &ActionEnd::Succeeded, at_ms);
    }

    pub(in crate::ledger) fn tell_ended(&mut self, key: &TradeKey, by: EndedBy, at_ms: i64) {
        if key.channel != Channel::Stripe {
            return;
        }
        if self.has_session(key) {
            self.tell(
                "checkout.session.expired",
                FactSubject::Session(key.clone()),
                at_ms,
            );
        } else if by != EndedBy::Payer {
            self.tell(
                "payment_intent.canceled",
                FactSubject::Intent(key.clone()),
                at_ms,
            );
        }
        let end = ActionEnd::Failed {
            code: "intent_invalid_state".to_owned(),
            message: "The PaymentIntent was canceled.".to_owned(),
        };
        self.end_actions(key, &end, at_ms);
    }

    /// A refund or dispute was taken on.
    pub(in crate::ledger) fn tell_back(&mut self, key: &TradeKey, refund: &Refund) {
        if key.channel != Channel::Stripe {
            return;
        }
        let at_ms = refund.accepted_ms;
        if refund.cause == RefundCause::Dispute {
            let subject = || FactSubject::Dispute(key.clone(), refund.refund_no.clone());
            self.tell("charge.dispute.created", subject(), at_ms);
            self.tell("charge.dispute.funds_withdrawn", subject(), at_ms);
        } else {
            let subject = FactSubject::Refund(key.clone(), refund.refund_no.clone());
            self.tell("refund.created", subject, at_ms);
            self.tell("charge.refunded", FactSubject::Charge(key.clone()), at_ms);
        }
    }

    pub(in crate::ledger) fn tell_settled(&mut self, key: &TradeKey, refund_no: &str, at_ms: i64) {
        let found = self
            .trades
            .get(key)
            .filter(|_| key.channel == Channel::Stripe);
        let mut refunds = found.into_iter().flat_map(|trade| &trade.refunds);
        let refund = refunds.find(|refund| refund.refund_no == refund_no);
        if refund.is_some_and(|it| it.cause == RefundCause::Refund && it.accepted_ms != at_ms) {
            let subject = FactSubject::Refund(key.clone(), refund_no.to_owned());
            self.tell("refund.updated", subject, at_ms);
        }
    }

    fn has_session(&self, key: &TradeKey) -> bool {
        let terms = self.trades.get(key).and_then(|trade| trade.stripe.as_ref());
        terms.is_some_and(|terms| terms.session.is_some())
    }

    /// Every reader that was busy with this trade is done.
    fn end_actions(&mut self, key: &TradeKey, end: &ActionEnd, at_ms: i64) {
        let mut done = Vec::new();
        for reader in self.stripe.readers.values_mut() {
            let action = reader.action.as_mut();
            let Some(action) =
                action.filter(|it| it.key.as_ref() == Some(key) && it.ended.is_none())
            else {
                continue;
            };
            action.ended = Some(end.clone());
            reader.customer = None;
            done.push(reader.id.clone());
        }
        for id in done {
            self.tell_reader(&id, end, at_ms);
        }
    }

    fn tell_reader(&mut self, id: &str, end: &ActionEnd, at_ms: i64) {
        let kind = match end {
            ActionEnd::Failed { .. } => "terminal.reader.action_failed",
            ActionEnd::Succeeded => "terminal.reader.action_succeeded",
        };
        self.tell(kind, FactSubject::Reader(id.to_owned()), at_ms);
    }

    /// Adds to the list of events, and owes it to the merchant's address.
    fn tell(&mut self, kind: &'static str, subject: FactSubject, at_ms: i64) {
        let count = self.stripe.facts.len().saturating_add(1);
        let id = format!("evt_1Sandbox{count:016}");
        if self.stripe.endpoint.is_some() {
            let key = TradeKey::new(Channel::Stripe, "");
            self.notices.owe(&id, &key, at_ms);
        }
        self.stripe.facts.push(StripeFact {
            id,
            kind,
            subject,
            at_ms,
        });
    }
}
