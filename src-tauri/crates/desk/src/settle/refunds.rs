//! What an exchange about a refund came to.

use super::{Step, doubt_body};
use crate::{
    Desk, DeskError,
    driver::{Exchanged, Record},
    ports::{EventKind, NewEvent, Work},
    rhythm,
};
use paydesk_channels::Schedule;
use paydesk_domain::{
    Change, Doubt, Evidence, Fact, Heard, MerchantRef, NotSent, Order, Refund, RefundFact,
};
use serde_json::{Value, json};

impl Desk {
    pub(super) fn refund_event(
        &self,
        kind: EventKind,
        step: &Step,
        reference: &MerchantRef,
        mut body: Value,
    ) -> Result<NewEvent, DeskError> {
        if let (Some(fields), Some(refund)) = (body.as_object_mut(), step.order.refund(reference)) {
            fields.insert("after".to_owned(), json!({ "refund": refund }));
        }
        self.event(kind, &step.order, reference, self.by_whom(kind), body)
    }

    /// Records what an exchange about a refund came to.
    pub(crate) async fn settle_refund(
        &self,
        reference: &MerchantRef,
        exchanged: Exchanged<RefundFact>,
        heard: Heard,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        let number = reference.order();
        let now = self.now();
        let (fact, proof, record) = match exchanged {
            Exchanged::Heard {
                answer,
                proof,
                record,
            } => (answer.fact, proof, record),
            Exchanged::Refused {
                refusal,
                proof,
                record,
            } if heard == Heard::Reply => {
                let again = self.again_after(reference, &refusal.code);
                (RefundFact::Failed(refusal, again), proof, record)
            }
            // A refused query says nothing of the money.
            Exchanged::Refused { record, .. } => {
                let doubt = Doubt::ServerFault {
                    code: "query_refused".to_owned(),
                };
                return self
                    .settle_refund_doubt(reference, &doubt, None, &record, schedule)
                    .await;
            }
            Exchanged::Doubt {
                doubt,
                forged,
                record,
            } => {
                return self
                    .settle_refund_doubt(reference, &doubt, forged, &record, schedule)
                    .await;
            }
            Exchanged::NotSent(proof) => {
                return self
                    .settle_refund_not_sent(reference, proof, heard, schedule)
                    .await;
            }
        };
        let evidence = Evidence::from_channel(Fact::Refund(fact), &proof, heard, now);
        self.change(&number, |mut order| {
            let Some(refund) = order.refund_mut(reference) else {
                return Err(DeskError::OrderNotFound);
            };
            let change = refund.apply(&evidence);
            self.refund_step(order, reference, change, schedule, |step| {
                step.events.push(self.heard_event(
                    EventKind::RefundHeard,
                    step,
                    reference,
                    &evidence,
                    change,
                    &record,
                    &proof,
                )?);
                Ok(())
            })
        })
        .await
    }

    async fn settle_refund_doubt(
        &self,
        reference: &MerchantRef,
        doubt: &Doubt,
        forged: Option<String>,
        record: &Record,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        self.change(&reference.order(), |mut order| {
            let Some(refund) = order.refund_mut(reference) else {
                return Err(DeskError::OrderNotFound);
            };
            let mut change = refund.note_doubt(doubt.clone());
            let handed = self.hand_over_refund_if_due(refund);
            if forged.is_some() || handed {
                change = Change::Moved;
            }
            self.refund_step(order, reference, change, schedule, |step| {
                let kind = if forged.is_some() {
                    EventKind::ForgedReply
                } else {
                    EventKind::RefundDoubted
                };
                let body = doubt_body(record, doubt, forged.as_deref());
                step.events.push(
                    self.with_evidence(self.refund_event(kind, step, reference, body)?, record)?,
                );
                if handed {
                    step.events.push(self.refund_event(
                        EventKind::RefundHandedOver,
                        step,
                        reference,
                        json!({}),
                    )?);
                }
                Ok(())
            })
        })
        .await
    }

    async fn settle_refund_not_sent(
        &self,
        reference: &MerchantRef,
        proof: NotSent,
        heard: Heard,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        self.change(&reference.order(), |mut order| {
            let Some(refund) = order.refund_mut(reference) else {
                return Err(DeskError::OrderNotFound);
            };
            if heard == Heard::Reply && refund.withdraw(proof.clone()).is_ok() {
                return self.refund_step(order, reference, Change::Moved, schedule, |step| {
                    step.events.push(self.refund_event(
                        EventKind::RefundWithdrawn,
                        step,
                        reference,
                        json!({ "proof": proof }),
                    )?);
                    Ok(())
                });
            }
            let change = if self.hand_over_refund_if_due(refund) {
                Change::Moved
            } else {
                Change::Same
            };
            self.refund_step(order, reference, change, schedule, |step| {
                step.events.push(self.refund_event(
                    EventKind::RefundHandedOver,
                    step,
                    reference,
                    json!({}),
                )?);
                Ok(())
            })
        })
        .await
    }

    fn hand_over_refund_if_due(&self, refund: &mut Refund) -> bool {
        let long = self.now().since(refund.begun_at()) >= rhythm::HAND_OVER_AFTER;
        let in_doubt = matches!(refund.state(), paydesk_domain::RefundState::InDoubt { .. });
        long && in_doubt && refund.hand_over(self.now()) == Change::Moved
    }

    pub(crate) fn refund_step(
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
        let due = order
            .refund(reference)
            .and_then(|r| rhythm::next_refund_look(r, schedule, self.now()));
        let mut step = Step::of(order);
        events(&mut step)?;
        step.work.push(Work {
            reference: reference.clone(),
            due,
        });
        Ok(Some(step))
    }
}
