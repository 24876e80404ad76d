//! What payments and refunds have in common while they are settled: doubts, withdrawals, the human list.
//! Both are recorded by the same code, so that neither forgets what the other learned.

use super::Step;
use crate::{
    Desk, DeskError,
    driver::Record,
    ports::{EventKind, NewEvent, SealedField, Work},
    rhythm,
};
use paydesk_channels::Schedule;
use paydesk_domain::{
    Change, Doubt, Evidence, Heard, MerchantRef, NotNow, NotSent, Order, Payment, Refund,
    RefundState, Timestamp,
};
use paydesk_signing::Authentic;
use serde::Serialize;
use serde_json::{Value, json};

/// A payment or a refund.
pub(crate) trait Matter: Serialize + Sized {
    /// Its key in an event's `after`.
    const PART: &'static str;
    /// An authenticated fact about it.
    const HEARD: EventKind;
    /// An exchange left it unknown.
    const DOUBTED: EventKind;
    /// It was put on the human list.
    const HANDED_OVER: EventKind;
    /// No byte left this machine.
    const WITHDRAWN: EventKind;

    fn of<'o>(order: &'o Order, reference: &MerchantRef) -> Option<&'o Self>;
    fn of_mut<'o>(order: &'o mut Order, reference: &MerchantRef) -> Option<&'o mut Self>;
    fn hear(order: &mut Order, reference: &MerchantRef, evidence: &Evidence) -> Option<Change>;
    fn note_doubt(&mut self, doubt: Doubt) -> Change;
    fn withdraw(&mut self, proof: NotSent) -> Result<(), NotNow>;
    fn is_hand_over_due(&self, now: Timestamp) -> bool;
    fn hand_over(&mut self, now: Timestamp) -> Change;
    fn next_look(&self, schedule: &Schedule, now: Timestamp) -> Option<Timestamp>;
    /// What else has to be asked about now.
    fn asks_about(&self) -> Option<MerchantRef>;
}

impl Matter for Payment {
    const PART: &'static str = "payment";
    const HEARD: EventKind = EventKind::PaymentHeard;
    const DOUBTED: EventKind = EventKind::PaymentDoubted;
    const HANDED_OVER: EventKind = EventKind::PaymentHandedOver;
    const WITHDRAWN: EventKind = EventKind::PaymentWithdrawn;

    fn of<'o>(order: &'o Order, reference: &MerchantRef) -> Option<&'o Self> {
        order.payment(reference)
    }

    fn of_mut<'o>(order: &'o mut Order, reference: &MerchantRef) -> Option<&'o mut Self> {
        order.payment_mut(reference)
    }

    fn hear(order: &mut Order, reference: &MerchantRef, evidence: &Evidence) -> Option<Change> {
        order.hear(reference, evidence)
    }

    fn note_doubt(&mut self, doubt: Doubt) -> Change {
        self.note_doubt(doubt)
    }

    fn withdraw(&mut self, proof: NotSent) -> Result<(), NotNow> {
        self.withdraw(proof)
    }

    fn is_hand_over_due(&self, now: Timestamp) -> bool {
        rhythm::hand_over_due(self, now)
    }

    fn hand_over(&mut self, now: Timestamp) -> Change {
        self.hand_over(now)
    }

    fn next_look(&self, schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
        rhythm::next_look(self, schedule, now)
    }

    fn asks_about(&self) -> Option<MerchantRef> {
        None
    }
}

impl Matter for Refund {
    const PART: &'static str = "refund";
    const HEARD: EventKind = EventKind::RefundHeard;
    const DOUBTED: EventKind = EventKind::RefundDoubted;
    const HANDED_OVER: EventKind = EventKind::RefundHandedOver;
    const WITHDRAWN: EventKind = EventKind::RefundWithdrawn;

    fn of<'o>(order: &'o Order, reference: &MerchantRef) -> Option<&'o Self> {
        order.refund(reference)
    }

    fn of_mut<'o>(order: &'o mut Order, reference: &MerchantRef) -> Option<&'o mut Self> {
        order.refund_mut(reference)
    }

    fn hear(order: &mut Order, reference: &MerchantRef, evidence: &Evidence) -> Option<Change> {
        Some(order.refund_mut(reference)?.apply(evidence))
    }

    fn note_doubt(&mut self, doubt: Doubt) -> Change {
        self.note_doubt(doubt)
    }

    fn withdraw(&mut self, proof: NotSent) -> Result<(), NotNow> {
        self.withdraw(proof)
    }

    fn is_hand_over_due(&self, now: Timestamp) -> bool {
        let is_long = now.since(self.begun_at()) >= rhythm::HAND_OVER_AFTER;
        is_long && matches!(self.state(), RefundState::InDoubt { .. })
    }

    fn hand_over(&mut self, now: Timestamp) -> Change {
        self.hand_over(now)
    }

    fn next_look(&self, schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
        rhythm::next_refund_look(self, schedule, now)
    }

    /// Late money that did not go back: perhaps it did, by an earlier reversal of ours.
    fn asks_about(&self) -> Option<MerchantRef> {
        let has_failed = matches!(self.state(), RefundState::Failed { .. }) && !self.is_running();
        (has_failed && self.reference().is_late_return()).then(|| self.reference().payment())
    }
}

impl Desk {
    /// An event about a payment or refund, with the whole of it as it is in this step.
    pub(crate) fn event_about<M: Matter>(
        &self,
        kind: EventKind,
        step: &Step,
        reference: &MerchantRef,
        mut body: Value,
    ) -> Result<NewEvent, DeskError> {
        if let (Some(fields), Some(matter)) = (body.as_object_mut(), M::of(&step.order, reference))
        {
            fields.insert("after".to_owned(), json!({ M::PART: matter }));
        }
        self.event(kind, &step.order, reference, self.by_whom(kind), body)
    }

    /// A step with its events and the next look; `None` when nothing moved: then there is nothing to commit.
    pub(crate) fn step<M: Matter>(
        &self,
        order: Order,
        reference: &MerchantRef,
        change: Change,
        schedule: &Schedule,
        events: impl FnOnce(&mut Step) -> Result<(), DeskError>,
    ) -> Result<Option<Step>, DeskError> {
        if change == Change::Same {
            return Ok(None);
        }
        let now = self.now();
        let matter = M::of(&order, reference);
        let due = matter.and_then(|matter| matter.next_look(schedule, now));
        let other = matter.and_then(Matter::asks_about);
        let mut step = Step::of(order);
        events(&mut step)?;
        step.work.push(Work {
            reference: reference.clone(),
            due,
        });
        step.work.extend(other.map(|reference| Work {
            reference,
            due: Some(now),
        }));
        Ok(Some(step))
    }

    /// An authenticated fact moves it, or changes nothing. `learn` takes what else the answer taught: news is recorded
    /// even where the fact is none.
    pub(super) async fn settle_heard<M: Matter>(
        &self,
        reference: &MerchantRef,
        (evidence, proof, record): (&Evidence, &Authentic, &Record),
        schedule: &'static Schedule,
        learn: impl Fn(&mut M) -> Change + Send + Sync,
        sealed: Option<SealedField>,
    ) -> Result<Order, DeskError> {
        self.change(&reference.order(), |mut order| {
            let matter = M::of_mut(&mut order, reference).ok_or(DeskError::OrderNotFound)?;
            let learned = learn(matter);
            let heard = M::hear(&mut order, reference, evidence);
            let change = heard.ok_or(DeskError::OrderNotFound)?;
            let news = if change == Change::Same {
                learned
            } else {
                change
            };
            self.step::<M>(order, reference, news, schedule, |step| {
                let body = super::heard_body(evidence, change, record, proof);
                let event = self.event_about::<M>(M::HEARD, step, reference, body)?;
                step.events.push(self.with_evidence(event, record)?);
                step.sealed.extend(sealed.clone());
                Ok(())
            })
        })
        .await
    }

    /// An exchange left it unknown, or brought something that proves nothing.
    pub(super) async fn settle_doubt<M: Matter>(
        &self,
        reference: &MerchantRef,
        doubt: &Doubt,
        forged: Option<String>,
        record: &Record,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        self.change(&reference.order(), |mut order| {
            let matter = M::of_mut(&mut order, reference).ok_or(DeskError::OrderNotFound)?;
            let mut change = matter.note_doubt(doubt.clone());
            let handed = self.hand_over_if_due(matter);
            if forged.is_some() || handed {
                change = Change::Moved;
            }
            self.step::<M>(order, reference, change, schedule, |step| {
                let kind = if forged.is_some() {
                    EventKind::ForgedReply
                } else {
                    M::DOUBTED
                };
                let body = super::doubt_body(record, doubt, forged.as_deref());
                let event = self.event_about::<M>(kind, step, reference, body)?;
                step.events.push(self.with_evidence(event, record)?);
                if handed {
                    step.events.push(self.handed_over::<M>(step, reference)?);
                }
                Ok(())
            })
        })
        .await
    }

    /// What was never sent is taken back; a query or ending that was not sent changes nothing.
    pub(super) async fn settle_not_sent<M: Matter>(
        &self,
        reference: &MerchantRef,
        proof: NotSent,
        heard: Heard,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        self.change(&reference.order(), |mut order| {
            let matter = M::of_mut(&mut order, reference).ok_or(DeskError::OrderNotFound)?;
            if heard == Heard::Reply && matter.withdraw(proof.clone()).is_ok() {
                return self.step::<M>(order, reference, Change::Moved, schedule, |step| {
                    let body = json!({ "proof": proof });
                    let event = self.event_about::<M>(M::WITHDRAWN, step, reference, body)?;
                    step.events.push(event);
                    Ok(())
                });
            }
            let change = if self.hand_over_if_due(matter) {
                Change::Moved
            } else {
                Change::Same
            };
            self.step::<M>(order, reference, change, schedule, |step| {
                step.events.push(self.handed_over::<M>(step, reference)?);
                Ok(())
            })
        })
        .await
    }

    fn hand_over_if_due(&self, matter: &mut impl Matter) -> bool {
        let now = self.now();
        matter.is_hand_over_due(now) && matter.hand_over(now) == Change::Moved
    }

    fn handed_over<M: Matter>(
        &self,
        step: &Step,
        reference: &MerchantRef,
    ) -> Result<NewEvent, DeskError> {
        self.event_about::<M>(M::HANDED_OVER, step, reference, json!({}))
    }
}
