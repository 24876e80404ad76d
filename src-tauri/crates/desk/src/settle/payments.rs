//! What an exchange about a payment came to.

use super::{Step, doubt_body};
use crate::{
    Desk, DeskError,
    driver::{Exchanged, Record},
    ports::{EventKind, SealedField, Work},
    rhythm,
};
use paydesk_channels::Schedule;
use paydesk_domain::{
    Change, ClosedWhy, Doubt, Evidence, Fact, Heard, MerchantRef, NotSent, Order, Payment,
    PaymentFact,
};
use serde_json::json;

impl Desk {
    /// Records what an exchange about a payment came to.
    pub(crate) async fn settle_payment(
        &self,
        reference: &MerchantRef,
        exchanged: Exchanged<PaymentFact>,
        heard: Heard,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        let (fact, learned, proof, record) = match exchanged {
            Exchanged::Heard {
                answer,
                proof,
                record,
            } => (answer.fact, answer.learned, proof, record),
            // Only a reply to the charge itself ends it; a refused query or ending says nothing of the money.
            Exchanged::Refused {
                refusal,
                proof,
                record,
            } => {
                let fact = if heard == Heard::Reply {
                    PaymentFact::Closed(ClosedWhy::Refused { refusal })
                } else {
                    PaymentFact::EndRefused(refusal)
                };
                (fact, None, proof, record)
            }
            Exchanged::Doubt {
                doubt,
                forged,
                record,
            } => {
                return self
                    .settle_payment_doubt(reference, &doubt, forged, &record, schedule)
                    .await;
            }
            Exchanged::NotSent(proof) => {
                return self
                    .settle_payment_not_sent(reference, proof, heard, schedule)
                    .await;
            }
        };
        let payer = payer_of(&fact);
        let evidence = Evidence::from_channel(Fact::Payment(fact), &proof, heard, self.now());
        self.change(&reference.order(), |mut order| {
            let Some(payment) = order.payment_mut(reference) else {
                return Err(DeskError::OrderNotFound);
            };
            if let Some(memo) = learned.clone() {
                payment.learn(memo);
            }
            let change = payment.apply(&evidence);
            self.payment_step(order, reference, change, schedule, |step| {
                step.events.push(self.heard_event(
                    EventKind::PaymentHeard,
                    step,
                    reference,
                    &evidence,
                    change,
                    &record,
                    &proof,
                )?);
                if let Some(value) = payer.clone() {
                    step.sealed.push(SealedField {
                        subject: reference.clone(),
                        name: "payer",
                        value,
                    });
                }
                Ok(())
            })
        })
        .await
    }

    async fn settle_payment_doubt(
        &self,
        reference: &MerchantRef,
        doubt: &Doubt,
        forged: Option<String>,
        record: &Record,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        self.change(&reference.order(), |mut order| {
            let Some(payment) = order.payment_mut(reference) else {
                return Err(DeskError::OrderNotFound);
            };
            if payment.is_settled() && forged.is_none() {
                return Ok(None);
            }
            let mut change = payment.note_doubt(doubt.clone());
            let handed = self.hand_over_if_due(payment);
            if forged.is_some() || handed {
                change = Change::Moved;
            }
            self.payment_step(order, reference, change, schedule, |step| {
                let kind = if forged.is_some() {
                    EventKind::ForgedReply
                } else {
                    EventKind::PaymentDoubted
                };
                let body = doubt_body(record, doubt, forged.as_deref());
                step.events.push(
                    self.with_evidence(self.payment_event(kind, step, reference, body)?, record)?,
                );
                if handed {
                    step.events.push(self.payment_event(
                        EventKind::PaymentHandedOver,
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

    /// A charge that was never sent is taken back; a query or ending that was not sent changes nothing.
    async fn settle_payment_not_sent(
        &self,
        reference: &MerchantRef,
        proof: NotSent,
        heard: Heard,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        self.change(&reference.order(), |mut order| {
            let Some(payment) = order.payment_mut(reference) else {
                return Err(DeskError::OrderNotFound);
            };
            if heard == Heard::Reply && payment.withdraw(proof.clone()).is_ok() {
                return self.payment_step(order, reference, Change::Moved, schedule, |step| {
                    let body = json!({ "proof": proof });
                    step.events.push(self.payment_event(
                        EventKind::PaymentWithdrawn,
                        step,
                        reference,
                        body,
                    )?);
                    Ok(())
                });
            }
            let handed = self.hand_over_if_due(payment);
            let change = if handed { Change::Moved } else { Change::Same };
            self.payment_step(order, reference, change, schedule, |step| {
                step.events.push(self.payment_event(
                    EventKind::PaymentHandedOver,
                    step,
                    reference,
                    json!({}),
                )?);
                Ok(())
            })
        })
        .await
    }

    fn hand_over_if_due(&self, payment: &mut Payment) -> bool {
        rhythm::hand_over_due(payment, self.now()) && payment.hand_over(self.now()) == Change::Moved
    }

    /// `None` when nothing moved: then there is nothing to commit.
    pub(crate) fn payment_step(
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
            .payment(reference)
            .and_then(|p| rhythm::next_look(p, schedule, self.now()));
        let mut step = Step::of(order);
        events(&mut step)?;
        step.work.push(Work {
            reference: reference.clone(),
            due,
        });
        Ok(Some(step))
    }
}

fn payer_of(fact: &PaymentFact) -> Option<String> {
    match fact {
        PaymentFact::Paid(paid) => paid.payer.clone(),
        PaymentFact::Awaiting(..)
        | PaymentFact::Closed(_)
        | PaymentFact::EndRefused(_)
        | PaymentFact::Held(_)
        | PaymentFact::NotFound
        | PaymentFact::Processing(_) => None,
    }
}
