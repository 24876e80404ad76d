//! What an exchange about a refund came to.

use crate::{Desk, DeskError, driver::Exchanged};
use paydesk_channels::Channel;
use paydesk_domain::{
    Again, Change, Doubt, Evidence, Fact, Heard, MerchantRef, NotSent, Order, Refund, RefundFact,
};
use paydesk_signing::mutants::{Mutant, planted};

impl Desk {
    /// Records what an exchange about a refund came to.
    pub(crate) async fn settle_refund(
        &self,
        reference: &MerchantRef,
        exchanged: Exchanged<RefundFact>,
        heard: Heard,
        channel: &'static dyn Channel,
    ) -> Result<Order, DeskError> {
        let schedule = &channel.profile().schedule;
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
                // By hand when the connector's table does not know the code.
                let meaning = channel.meaning(&refusal.code);
                let again = meaning.and_then(|it| it.again).unwrap_or(Again::ByHand);
                tracing::info!(%reference, code = refusal.code, "a refund was refused; asking whether it is known");
                (RefundFact::Refused(refusal, again), proof, record)
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
                doubt: Doubt::NoReply,
                ..
            } if planted(Mutant::RefundTimeoutIsFailure) => {
                return self
                    .settle_not_sent::<Refund>(reference, NotSent::Offline, heard, schedule)
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
        // By the channel's clock where it says so: a wrong clock of ours moves no refund to another day (Q18).
        let seen = record.dated.unwrap_or_else(|| self.now());
        let evidence = Evidence::from_channel(Fact::Refund(fact), &proof, heard, seen);
        let heard = (&evidence, &proof, &record);
        self.settle_heard(
            reference,
            heard,
            schedule,
            |_: &mut Refund| Change::Same,
            None,
        )
        .await
    }
}
