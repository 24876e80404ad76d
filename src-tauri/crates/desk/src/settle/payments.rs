//! What an exchange about a payment came to.

use crate::{Desk, DeskError, driver::Exchanged, ports::SealedField};
use paydesk_channels::Schedule;
use paydesk_domain::{
    Change, ClosedWhy, Evidence, Fact, Heard, Memo, MerchantRef, Order, Payment, PaymentFact,
};
use paydesk_signing::mutants::{Mutant, planted};

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
