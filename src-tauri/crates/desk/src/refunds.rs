//! Giving money back: the refund exists, durable and reserving its amount, before anything is sent.
//! The same intent again is the same refund; the same reference goes out again, never a new one.

use crate::{
    Desk, DeskError,
    pay::{NOTE_MAX, target},
    ports::{EventKind, Work},
    rhythm,
    settle::{Seen, Step},
};
use paydesk_channels::{QueryRefund, RefundCall, Refunds, Target};
use paydesk_domain::{
    Amount, Blocked, Change, Doubt, Heard, Late, LateChoice, MerchantRef, Money, NotNow, Order,
    OrderNumber, Payment, PaymentState, RateChoice, Refund, RefundPlan, RefundState, Timestamp,
};
use paydesk_signing::mutants::{Mutant, planted};
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
    /// Of which payment; `None` for the latest of which something is left.
    pub payment: Option<MerchantRef>,
    /// How much.
    pub amount: Money,
    /// One of [`REASONS`].
    pub reason: String,
    /// Free words.
    pub note: String,
    /// Gives cash back for a payment that was none; cash always goes back in cash.
    pub in_cash: bool,
    /// At which rate, where coins go back.
    pub rate: RateChoice,
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
            in_cash: false,
            rate: ask.rate,
        };
        let order = self.order(&ask.number).await?;
        let payment = to_refund(&order, ask.payment.as_ref())?;
        if ask.in_cash || payment.is_cash() {
            let payment = payment.reference().clone();
            return self.refund_in_cash(&ask.number, &payment, plan).await;
        }
        let back = BackBy::Refund(plan, ask.payment);
        self.begin_refund(&ask.number, back).await
    }

    /// A person decides what becomes of late money: it goes back at a rate, or it is kept.
    ///
    /// # Errors
    /// `NotNow` when it is decided already, `ReasonRequired` without a reason.
    pub async fn decide_late(
        self: &Arc<Self>,
        number: &OrderNumber,
        give_back: Option<RateChoice>,
        reason: &str,
    ) -> Result<Order, DeskError> {
        self.not_older_copy()?;
        if reason.trim().is_empty() {
            return Err(DeskError::ReasonRequired);
        }
        self.ask_about_late(number).await?;
        let by = self.operator_name();
        if let Some(rate) = give_back {
            return Ok(self
                .begin_refund(number, BackBy::LateReturn { by, reason, rate })
                .await?
                .0);
        }
        self.change(number, |mut order| {
            let reference = late_payment(&order)?.reference().clone();
            order
                .keep_late(&reference, by.clone())
                .map_err(late_refused)?;
            let mut step = Step::of(order);
            let body = json!({ "decision": "accept", "reason": reason });
            step.events.push(self.event_about::<Payment>(
                EventKind::LateDecided,
                &step,
                &reference,
                body,
            )?);
            let kept = step.order.payment(&reference);
            let due = kept.and_then(|kept| self.next_look(kept));
            step.work.push(Work { reference, due });
            Ok(Some(step))
        })
        .await
    }

    fn next_look(&self, payment: &Payment) -> Option<Timestamp> {
        let (_, channel) = self.route(payment).ok()?;
        rhythm::next_look(payment, &channel.profile().schedule, self.now())
    }

    /// A reversal of ours may have reached the channel after the money was seen, so the channel is asked
    /// once more before anybody decides; without its answer nothing can be decided.
    async fn ask_about_late(&self, number: &OrderNumber) -> Result<(), DeskError> {
        let order = self
            .ports
            .store
            .load(number)
            .await?
            .ok_or(DeskError::OrderNotFound)?;
        let payment = late_payment(&order)?;
        let seen = self.ask(payment).await?;
        if seen.answered.is_some() {
            Ok(())
        } else {
            Err(NotNow.into())
        }
    }

    async fn begin_refund(
        self: &Arc<Self>,
        number: &OrderNumber,
        back: BackBy<'_>,
    ) -> Result<(Order, MerchantRef), DeskError> {
        let now = self.now();
        let mut made: Option<MerchantRef> = None;
        let mut fresh = false;
        let order = self
            .change(number, |mut order| {
                let payment = match &back {
                    BackBy::LateReturn { .. } => late_payment(&order)?,
                    BackBy::Refund(_, which) => to_refund(&order, which.as_ref())?,
                };
                let (account, channel) = self.route(payment)?;
                let schedule = &channel.profile().schedule;
                if channel.refunds().is_none() || self.ports.vault.keys(&account.id).is_err() {
                    return Err(DeskError::KeysLocked);
                }
                let plan = back.plan(payment);
                let payment = payment.reference().clone();
                let before = order.refunds().len();
                let reference = match &back {
                    BackBy::LateReturn { .. } => order
                        .give_back_late(&payment, plan.clone(), now)
                        .map_err(late_refused)?,
                    BackBy::Refund(..) => order.begin_refund(&payment, plan.clone(), now)?,
                };
                made = Some(reference.clone());
                fresh = order.refunds().len() > before;
                if !fresh {
                    return match &back {
                        BackBy::LateReturn { .. } => Ok(None),
                        BackBy::Refund(_, which) => {
                            let is_other = |it: &&MerchantRef| **it != reference.payment();
                            if which.as_ref().is_some_and(|it| is_other(&it)) {
                                return Err(DeskError::IntentReused(order.number().clone()));
                            }
                            same_refund(&order, &reference, &plan)
                        }
                    };
                }
                let mut step = Step::of(order);
                // One commit: a decision without its return would never be carried out after a crash.
                if let BackBy::LateReturn { reason, .. } = &back {
                    let body = json!({ "decision": "return", "reason": reason });
                    step.events.push(self.event_about::<Payment>(EventKind::LateDecided, &step, &payment, body)?);
                    let due = step.order.payment(&payment).and_then(|late| self.next_look(late));
                    step.work.push(Work { reference: payment, due });
                }
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
        let (payment, _) = parts(order, reference)?;
        let (account, channel) = self.route(payment)?;
        let refunds = channel.refunds().ok_or(DeskError::KeysLocked)?;
        let mut call = self.refund_call(order, reference)?;
        let exchanged = self.exchange(&account, channel, &mut call, refunds).await;
        let order = self
            .settle_refund(reference, exchanged, Heard::Reply, channel)
            .await?;
        let is_refused = order
            .refund(reference)
            .is_some_and(Refund::is_refusal_unconfirmed);
        if is_refused {
            return self.query_refund(&order, reference).await;
        }
        Ok(order)
    }

    pub(crate) fn refund_call(
        &self,
        order: &Order,
        reference: &MerchantRef,
    ) -> Result<RefundCall, DeskError> {
        let (payment, refund) = parts(order, reference)?;
        let paid = payment.money_in().unwrap_or(payment.plan().amount);
        let mut call = RefundCall {
            of: target(payment),
            paid,
            others: others(order, refund, paid)?,
            reference: reference.clone(),
            sent_at: refund.begun_at(),
            amount: refund.plan().amount,
            reason: refund.plan().reason.clone(),
            rate: refund.plan().rate,
        };
        if planted(Mutant::RefundContentChanges) {
            call.reason = format!("{} {}", call.reason, self.now().0);
        }
        let is_first = matches!(
            refund.state(),
            RefundState::InDoubt {
                doubt: Doubt::Interrupted,
                ..
            }
        );
        if !is_first && planted(Mutant::NewRefundNumber) {
            call.reference = reference.refund(36).unwrap_or(call.reference);
        }
        Ok(call)
    }

    /// Asks for a refund's state.
    pub(crate) async fn query_refund(
        &self,
        order: &Order,
        reference: &MerchantRef,
    ) -> Result<Order, DeskError> {
        Ok(self.ask_refund(order, reference).await?.order)
    }

    /// As [`Desk::query_refund`], and says as of when an answer came that can be believed.
    async fn ask_refund(&self, order: &Order, reference: &MerchantRef) -> Result<Seen, DeskError> {
        let (payment, refund) = parts(order, reference)?;
        let (account, channel) = self.route(payment)?;
        let refunds: &dyn Refunds = channel.refunds().ok_or(DeskError::KeysLocked)?;
        let mut call = question(payment, refund);
        let exchanged = self.exchange(&account, channel, &mut call, refunds).await;
        let answered = exchanged.answered();
        let order = self
            .settle_refund(reference, exchanged, Heard::Query, channel)
            .await?;
        Ok(Seen { order, answered })
    }

    /// Durable before a refund goes out once more; says whether it may. While the channel was asked, its first call
    /// may have proved that it never left, and the refund was taken back.
    async fn note_resend(&self, reference: &MerchantRef) -> Result<(Order, bool), DeskError> {
        let mut may_go = false;
        let order = self
            .change(&reference.order(), |mut order| {
                let (payment, _) = parts(&order, reference)?;
                let (_, channel) = self.route(payment)?;
                let refund = order.refund_mut(reference);
                let again = refund.ok_or(DeskError::OrderNotFound)?.send_again();
                may_go = again.is_ok();
                let change = again.unwrap_or(Change::Same);
                let schedule = &channel.profile().schedule;
                self.step::<Refund>(order, reference, change, schedule, |step| {
                    let body = json!({ "operation": "refund", "doubt": Doubt::NoReply });
                    step.events.push(self.event_about::<Refund>(
                        EventKind::RefundDoubted,
                        step,
                        reference,
                        body,
                    )?);
                    Ok(())
                })
            })
            .await?;
        Ok((order, may_go))
    }

    /// One look of the resolver at a refund.
    pub(crate) async fn look_at_refund(
        &self,
        order: Order,
        reference: &MerchantRef,
    ) -> Result<Seen, DeskError> {
        let (_, refund) = parts(&order, reference)?;
        match refund.state() {
            RefundState::InDoubt { .. } | RefundState::Failed { .. } if refund.is_running() => {
                // Ask first; if the channel does not know it, the same reference goes out again (Q16). A "not
                // now" too may have been overtaken by an earlier send, whose answer to a later one is no news.
                let before = refund.state().clone();
                let order = self.query_refund(&order, reference).await?;
                match order.refund(reference) {
                    Some(after) if *after.state() == before => {
                        let (order, may_go) = self.note_resend(reference).await?;
                        if !may_go {
                            return Ok(order.into());
                        }
                        Ok(self.send_refund(&order, reference).await?.into())
                    }
                    _ => Ok(order.into()),
                }
            }
            RefundState::Accepted { .. } | RefundState::Failed { .. } => {
                self.ask_refund(&order, reference).await
            }
            // Its money may have come back. Looked at only while a watch lasts, or when a notice says so.
            RefundState::Done { .. } if !refund.plan().in_cash => {
                self.ask_refund(&order, reference).await
            }
            RefundState::Cancelled { .. }
            | RefundState::Done { .. }
            | RefundState::InDoubt { .. } => Ok(order.into()),
        }
    }
}

/// How money goes back.
enum BackBy<'a> {
    /// Late money, all of it.
    LateReturn {
        /// Who decided.
        by: String,
        /// Why.
        reason: &'a str,
        /// At which rate, where coins go back.
        rate: RateChoice,
    },
    /// As somebody asked, of this payment or of the latest of which something is left.
    Refund(RefundPlan, Option<MerchantRef>),
}

impl BackBy<'_> {
    fn plan(&self, payment: &Payment) -> RefundPlan {
        match self {
            BackBy::LateReturn { by, reason, rate } => RefundPlan {
                intent: format!("late {}", payment.reference()),
                amount: payment.money_in().unwrap_or(payment.plan().amount),
                reason: "paid_late".to_owned(),
                note: (*reason).to_owned(),
                by: by.clone(),
                in_cash: false,
                rate: *rate,
            },
            BackBy::Refund(plan, _) => plan.clone(),
        }
    }
}

/// The payment that a refund is taken from.
fn to_refund<'o>(order: &'o Order, which: Option<&MerchantRef>) -> Result<&'o Payment, Blocked> {
    let payment = match which {
        Some(which) => order.payment(which).filter(|it| it.paid().is_some()),
        None => order.to_refund(),
    };
    payment.ok_or(Blocked::NothingPaid)
}

/// Nothing new, when the same intent asks for the same; who asks may change.
///
/// # Errors
/// `IntentReused` when it asks for something else.
pub(crate) fn same_refund(
    order: &Order,
    known: &MerchantRef,
    plan: &RefundPlan,
) -> Result<Option<Step>, DeskError> {
    let wish = |plan: &RefundPlan| {
        (
            plan.amount,
            plan.reason.clone(),
            plan.note.clone(),
            plan.rate,
        )
    };
    let known = order.refund(known).map(|refund| wish(refund.plan()));
    if known.is_some_and(|known| known != wish(plan)) {
        return Err(DeskError::IntentReused(order.number().clone()));
    }
    Ok(None)
}

/// The late payment that waits for a decision.
fn late_payment(order: &Order) -> Result<&Payment, DeskError> {
    let undecided = |p: &&Payment| {
        matches!(
            p.state(),
            PaymentState::PaidLate {
                choice: LateChoice::Undecided,
                ..
            }
        )
    };
    order
        .payments()
        .iter()
        .find(undecided)
        .ok_or(DeskError::NotNow(NotNow))
}

fn late_refused(late: Late) -> DeskError {
    match late {
        Late::Blocked(blocked) => blocked.into(),
        Late::NotNow(not_now) => not_now.into(),
    }
}

/// The question about a refund.
pub(crate) fn question(payment: &Payment, refund: &Refund) -> QueryRefund {
    QueryRefund {
        of: target(payment),
        refund: Target {
            reference: refund.reference().clone(),
            sent_at: refund.begun_at(),
            amount: refund.plan().amount,
            channel_ref: None,
            memo: None,
            told: None,
        },
        offer: refund.offer().cloned(),
    }
}

pub(crate) fn parts<'a>(
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
        // The channel knows nothing of what went back in cash.
        .filter(|other| !other.plan().in_cash)
        .try_fold(Money::zero(paid.currency()), |sum, other| {
            sum.checked_add(other.plan().amount.money())
        });
    others.map_err(|_| DeskError::Blocked(Blocked::ExceedsRefundable))
}
