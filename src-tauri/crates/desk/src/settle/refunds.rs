//! What an exchange about a refund came to.

use crate::{Desk, DeskError, driver::Exchanged};
use paydesk_channels::Schedule;
use paydesk_domain::{Doubt, Evidence, Fact, Heard, MerchantRef, Order, Refund, RefundFact};

impl Desk {
    /// Records what an exchange about a refund came to.
    pub(crate) async fn settle_refund(
        &self,
        reference: &MerchantRef,
        exchanged: Exchanged<RefundFact>,
        heard: Heard,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
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
                    .settle_doubt::<Refund>(reference, &doubt, None, &record, schedule)
                    .await;
            }
            Exchanged::Doubt {
                doubt,
                forged,
                record,
            } => {
                return self
                    .settle_doubt::<Refund>(reference, &doubt, forged, &record, schedule)
                    .await;
            }
            Exchanged::NotSent(proof) => {
                return self
                    .settle_not_sent::<Refund>(reference, proof, heard, schedule)
                    .await;
            }
        };
        let evidence = Evidence::from_channel(Fact::Refund(fact), &proof, heard, self.now());
        let heard = (&evidence, &proof, &record);
        self.settle_heard(reference, heard, schedule, |_: &mut Refund| {}, None)
            .await
    }
}
