//! What some planted bugs do in the desk's place. Each is reached only behind `planted`, whose answer in a product is
//! the constant "no"; it stands apart so that nobody takes it for a way in which the desk works.
//!
//! It must never be called for anything else.

use crate::{
    Desk, DeskError,
    driver::Exchanged,
    ports::{BoxFuture, EventKind},
    refunds::parts,
    settle::Step,
};
use paydesk_domain::{Amount, Change, Doubt, MerchantRef, Payment};
use paydesk_signing::mutants::{Mutant, planted};
use serde_json::json;

impl Desk {
    /// Begins another attempt where nobody knows what became of the one before (Q3).
    pub(crate) async fn next_attempt(
        &self,
        reference: &MerchantRef,
    ) -> Result<MerchantRef, DeskError> {
        let order = self
            .change(&reference.order(), |mut order| {
                let payment = order.payment(reference).ok_or(DeskError::OrderNotFound)?;
                let (_, channel) = self.route(payment)?;
                let plan = payment.plan().clone();
                let next = order.begin_payment(plan, self.now())?.reference().clone();
                let schedule = &channel.profile().schedule;
                self.step::<Payment>(order, &next, Change::Moved, schedule, |step| {
                    let body = json!({});
                    let begun =
                        self.event_about::<Payment>(EventKind::PaymentBegun, step, &next, body)?;
                    step.events.push(begun);
                    Ok(())
                })
            })
            .await?;
        let next = order.latest().ok_or(DeskError::OrderNotFound)?;
        Ok(next.reference().clone())
    }

    /// Sends refunds that are not durable yet (Q1). In a box: an exchange may record what it taught, and whatever is
    /// recorded comes through here.
    pub(crate) fn send_unrecorded<'d>(&'d self, step: &'d Step) -> BoxFuture<'d, ()> {
        Box::pin(async move {
            for event in step
                .events
                .iter()
                .filter(|it| it.kind == EventKind::RefundBegun)
            {
                let begun = event.subject.as_ref().and_then(|subject| {
                    let call = self.refund_call(&step.order, subject).ok()?;
                    let (account, channel) =
                        self.route(parts(&step.order, subject).ok()?.0).ok()?;
                    Some((account, channel, channel.refunds()?, call))
                });
                if let Some((account, channel, refunds, mut call)) = begun {
                    drop(self.exchange(&account, channel, &mut call, refunds).await);
                }
            }
        })
    }
}

/// Whether an answer that cannot be believed is taken for "nothing was sent" (Q4, Q6, Q10).
pub(crate) fn is_taken_for_failure(hint: &Doubt) -> bool {
    match hint {
        Doubt::ServerFault { .. } => planted(Mutant::GatewayIsFailure),
        Doubt::Unreadable => planted(Mutant::UnreadableIsFailure),
        Doubt::UnsignedRefusal { .. } => planted(Mutant::UnsignedRefusalIsFailure),
        Doubt::Duplicate { .. }
        | Doubt::Interrupted
        | Doubt::Mismatch
        | Doubt::NoReply
        | Doubt::RefusalUnconfirmed { .. }
        | Doubt::Unauthenticated => false,
    }
}

/// What is owed, to the next whole yuan.
pub(crate) fn rounded_up(owed: Amount) -> Result<Amount, DeskError> {
    let whole = owed.minor().saturating_add(99) / 100 * 100;
    Ok(Amount::from_minor(whole, owed.currency())?)
}

/// Whether nothing came back.
pub(crate) fn is_no_reply<F>(exchanged: &Exchanged<F>) -> bool {
    let doubt = match exchanged {
        Exchanged::Doubt { doubt, .. } => Some(doubt),
        Exchanged::Heard { .. } | Exchanged::NotSent(_) | Exchanged::Refused { .. } => None,
    };
    doubt == Some(&Doubt::NoReply)
}
