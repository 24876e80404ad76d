//! What an exchange about a payment came to.

use crate::{
    Desk, DeskError,
    driver::{Exchanged, Record},
    ports::{EventKind, SealedField},
};
use paydesk_channels::Schedule;
use paydesk_domain::{
    Change, ClosedWhy, Evidence, Fact, Heard, Memo, MerchantRef, Order, Payment, PaymentFact,
};
use paydesk_signing::{
    Authentic,
    mutants::{Mutant, planted},
};

impl Desk {
    /// Records what an exchange about a payment came to; `knew` is what the call was made with.
    pub(crate) async fn settle_payment(
        &self,
        reference: &MerchantRef,
        exchanged: Exchanged<PaymentFact>,
        heard: Heard,
        knew: Option<&Memo>,
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
                    .settle_doubt::<Payment>(reference, &doubt, forged, &record, schedule)
                    .await;
            }
            Exchanged::NotSent(proof) => {
                return self
                    .settle_not_sent::<Payment>(reference, proof, heard, schedule)
                    .await;
            }
        };
        let payer = payer_of(&fact);
        // By the channel's clock where it says so: a clock of ours that jumps ends no watch (Q18).
        let dated = record.dated.filter(|_| !planted(Mutant::WatchByOwnClock));
        let seen = dated.unwrap_or_else(|| self.now());
        let evidence =
            Evidence::from_channel(Fact::Payment(fact), &proof, heard, seen).asked_at(record.asked);
        let sealed = payer.map(|value| SealedField {
            subject: reference.clone(),
            name: "payer",
            value,
        });
        let learn = |payment: &mut Payment| match learned.clone() {
            Some(memo) => payment.learn(memo, knew),
            None => Change::Same,
        };
        let heard = (&evidence, &proof, &record);
        self.settle_heard(reference, heard, schedule, learn, sealed)
            .await
    }
}

impl Desk {
    /// Records what an exchange taught whose call goes on: an id that the next one needs. Nothing is concluded of the
    /// money, and the state stays. `knew` is what the exchange was made with.
    pub(crate) async fn settle_step(
        &self,
        reference: &MerchantRef,
        (memo, knew): (&Memo, Option<&Memo>),
        (proof, record): (&Authentic, &Record),
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        self.change(&reference.order(), |mut order| {
            let payment = order.payment_mut(reference);
            let payment = payment.ok_or(DeskError::OrderNotFound)?;
            let change = payment.learn(memo.clone(), knew);
            self.step::<Payment>(order, reference, change, schedule, |step| {
                let body = super::step_body(record, proof);
                let event =
                    self.event_about::<Payment>(EventKind::PaymentHeard, step, reference, body)?;
                step.events.push(self.with_evidence(event, record)?);
                Ok(())
            })
        })
        .await
    }
}

fn payer_of(fact: &PaymentFact) -> Option<String> {
    match fact {
        PaymentFact::Paid(paid) | PaymentFact::PaidAmiss(paid, _) => paid.payer.clone(),
        PaymentFact::Awaiting(..)
        | PaymentFact::Closed(_)
        | PaymentFact::Confirming(..)
        | PaymentFact::EndRefused(_)
        | PaymentFact::Held(_)
        | PaymentFact::NotFound
        | PaymentFact::Processing(_) => None,
    }
}
