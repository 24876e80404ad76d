//! Giving money back: the refund exists, durable and reserving its amount, before anything is sent.
//! The same intent again is the same refund; the same reference goes out again, never a new one.

use crate::{
    Desk, DeskError,
    pay::{NOTE_MAX, target},
    ports::{EventKind, Work},
    settle::Step,
};
use paydesk_channels::{QueryRefund, RefundCall, Refunds, Target};
use paydesk_domain::{
    Amount, Blocked, Heard, LateChoice, MerchantRef, Money, Order, OrderNumber, Payment,
    PaymentState, Refund, RefundPlan, RefundState,
};
use serde_json::json;
use std::sync::Arc;

/// Reasons that can be picked; each has a text `reason_<key>` in both catalogues.
pub const REASONS: [&str; 5] = [
    "goods_returned",
    "overcharged",
    "customer_cancelled",
    "wrong_amount",
    "other",
];

/// Ask for a refund.
pub struct RefundAsk {
    /// Made when the dialog opened.
    pub intent: String,
    /// The order.
    pub number: OrderNumber,
    /// How much.
    pub amount: Money,
    /// One of [`REASONS`].
    pub reason: String,
    /// Free words.
    pub note: String,
}

impl Desk {
    /// Gives money back. Returns once the refund is durable; the sending goes on by itself.
    ///
    /// # Errors
    /// `DeskError`: nothing was sent.
    pub async fn refund(
        self: &Arc<Self>,
        ask: RefundAsk,
    ) -> Result<(Order, MerchantRef), DeskError> {
        self.not_older_copy()?;
        if !REASONS.contains(&ask.reason.as_str())
            || (ask.reason == "other" && ask.note.trim().is_empty())
        {
            return Err(DeskError::ReasonRequired);
        }
        if ask.note.chars().count() > NOTE_MAX {
            return Err(DeskError::TextTooLong(NOTE_MAX));
        }
        let amount = Amount::new(ask.amount)?;
        let plan = RefundPlan {
            intent: ask.intent,
            amount,
            reason: ask.reason,
            note: ask.note,
            by: self.operator_name(),
        };
        self.begin_refund(&ask.number, plan, false).await
    }

    /// A person decides what becomes of late money.
    ///
    /// # Errors
    /// `NotNow` when it is decided already, `ReasonRequired` without a reason.
    pub async fn decide_late(
        self: &Arc<Self>,
        number: &OrderNumber,
        give_back: bool,
        reason: &str,
    ) -> Result<Order, DeskError> {
        self.not_older_copy()?;
        if reason.trim().is_empty() {
            return Err(DeskError::ReasonRequired);
        }
        let by = self.operator_name();
        let order = self
            .change(number, |mut order| {
                let reference = late_payment(&order).map(|p| p.reference().clone()).ok_or(DeskError::NotNow(paydesk_domain::NotNow))?;
                let Some(payment) = order.payment_mut(&reference) else { return Err(DeskError::OrderNotFound) };
                let choice = if give_back { LateChoice::Returning { by: by.clone() } } else { LateChoice::Accepted { by: by.clone() } };
                payment.decide_late(choice)?;
                let mut step = Step::of(order);
                let body = json!({ "decision": if give_back { "return" } else { "accept" }, "reason": reason });
                step.events.push(self.event_about::<Payment>(EventKind::LateDecided, &step, &reference, body)?);
                Ok(Some(step))
            })
            .await?;
        let returning = late_payment(&order)
            .filter(|_| give_back)
            .and_then(Payment::paid)
            .map(|p| p.asked);
        match returning {
            Some(amount) => {
                let plan = RefundPlan {
                    intent: format!("late {number}"),
                    amount,
                    reason: "paid_late".to_owned(),
                    note: reason.to_owned(),
                    by,
                };
                Ok(self.begin_refund(number, plan, true).await?.0)
            }
            None => Ok(order),
        }
    }

    async fn begin_refund(
        self: &Arc<Self>,
        number: &OrderNumber,
        plan: RefundPlan,
        late: bool,
    ) -> Result<(Order, MerchantRef), DeskError> {
        let now = self.now();
        let mut made: Option<MerchantRef> = None;
        let mut fresh = false;
        let order = self
            .change(number, |mut order| {
                let payment = order.payments().iter().find(|p| p.paid().is_some()).ok_or(Blocked::NothingPaid)?;
                let (account, channel) = self.route(payment)?;
                let schedule = &channel.profile().schedule;
                if channel.refunds().is_none() || self.ports.vault.keys(&account.id).is_err() {
                    return Err(DeskError::KeysLocked);
                }
                let payment = payment.reference().clone();
                let before = order.refunds().len();
                let reference = if late {
                    order.begin_late_return(&payment, plan.clone(), now)?
                } else {
                    order.begin_refund(&payment, plan.clone(), now)?
                };
                made = Some(reference.clone());
                fresh = order.refunds().len() > before;
                if !fresh {
                    return Ok(None);
                }
                let mut step = Step::of(order);
                let refund = step.order.refund(&reference).cloned();
                let body = json!({ "amount": plan.amount, "reason": plan.reason, "after": { "refund": refund } });
                step.events.push(self.event(EventKind::RefundBegun, &step.order, &reference, self.actor(), body)?);
                step.work.push(Work { reference, due: Some(now.plus(schedule.first)) });
                Ok(Some(step))
            })
            .await?;
        let reference = made.ok_or(DeskError::OrderNotFound)?;
        if fresh {
            let desk = Arc::clone(self);
            let (sent_order, sent) = (order.clone(), reference.clone());
            self.ports.tasks.spawn(Box::pin(async move {
                if let Err(error) = desk.send_refund(&sent_order, &sent).await {
                    tracing::error!(reference = %sent, %error, "a refund's answer could not be recorded; it stays in doubt");
                }
                desk.wake.notify_one();
            }));
        }
        Ok((order, reference))
    }

    /// Sends the refund's call: the first time and, with the same bytes of meaning, every time after.
    pub(crate) async fn send_refund(
        &self,
        order: &Order,
        reference: &MerchantRef,
    ) -> Result<Order, DeskError> {
        let (payment, refund) = parts(order, reference)?;
        let (account, channel) = self.route(payment)?;
        let refunds = channel.refunds().ok_or(DeskError::KeysLocked)?;
        let paid = payment.paid().map_or(payment.plan().amount, |p| p.asked);
        let call = RefundCall {
            of: target(payment),
            paid,
            others: others(order, refund, paid)?,
            reference: reference.clone(),
            amount: refund.plan().amount,
            reason: refund.plan().reason.clone(),
        };
        let exchanged = self.exchange(&account, channel, &call, refunds).await;
        self.settle_refund(reference, exchanged, Heard::Reply, channel)
            .await
    }

    /// Asks for a refund's state.
    pub(crate) async fn query_refund(
        &self,
        order: &Order,
        reference: &MerchantRef,
    ) -> Result<Order, DeskError> {
        let (payment, refund) = parts(order, reference)?;
        let (account, channel) = self.route(payment)?;
        let refunds: &dyn Refunds = channel.refunds().ok_or(DeskError::KeysLocked)?;
        let call = QueryRefund {
            of: target(payment),
            refund: Target {
                reference: reference.clone(),
                sent_at: refund.begun_at(),
                amount: refund.plan().amount,
                channel_ref: None,
                memo: None,
            },
        };
        let exchanged = self.exchange(&account, channel, &call, refunds).await;
        self.settle_refund(reference, exchanged, Heard::Query, channel)
            .await
    }

    /// One look of the resolver at a refund.
    pub(crate) async fn look_at_refund(
        &self,
        order: &Order,
        reference: &MerchantRef,
    ) -> Result<Order, DeskError> {
        let (_, refund) = parts(order, reference)?;
        match refund.state() {
            RefundState::Accepted { .. } => self.query_refund(order, reference).await,
            RefundState::InDoubt { .. } => {
                // Ask first; if the channel does not know it, the same reference goes out again (Q16).
                let before = refund.state().clone();
                let order = self.query_refund(order, reference).await?;
                match order.refund(reference) {
                    Some(after) if *after.state() == before => {
                        self.send_refund(&order, reference).await
                    }
                    _ => Ok(order),
                }
            }
            RefundState::Failed { .. } if refund.is_running() => {
                self.send_refund(order, reference).await
            }
            RefundState::Cancelled { .. }
            | RefundState::Done { .. }
            | RefundState::Failed { .. } => Ok(order.clone()),
        }
    }
}

fn late_payment(order: &Order) -> Option<&Payment> {
    order
        .payments()
        .iter()
        .find(|p| matches!(p.state(), PaymentState::PaidLate { .. }))
}

fn parts<'a>(
    order: &'a Order,
    reference: &MerchantRef,
) -> Result<(&'a Payment, &'a Refund), DeskError> {
    let payment = order
        .payment(&reference.payment())
        .ok_or(DeskError::OrderNotFound)?;
    let refund = order.refund(reference).ok_or(DeskError::OrderNotFound)?;
    Ok((payment, refund))
}

/// What the payment's other refunds gave back or may have given back.
fn others(order: &Order, refund: &Refund, paid: Amount) -> Result<Money, DeskError> {
    let reference = refund.reference();
    let others = order
        .refunds_of(&reference.payment())
        .filter(|other| other.reserves() && other.reference() != reference)
        .try_fold(Money::zero(paid.currency()), |sum, other| {
            sum.checked_add(other.plan().amount.money())
        });
    others.map_err(|_| DeskError::Blocked(Blocked::ExceedsRefundable))
}
