//! Cash in an order: begun and settled in one step, for nothing happens in between (ADR 33).

use super::{Blocked, Order};
use crate::{
    cash::{CASH, Handed},
    evidence::{CashFact, Evidence},
    money::Amount,
    number::MerchantRef,
    payment::{AccountId, ChannelId, Payment, PaymentPlan, TenderKind},
    refund::RefundPlan,
    time::Timestamp,
};

impl Order {
    /// Takes cash, on the word of the person who counted it: begun and paid in one step, for nothing happens between.
    /// `intent` as in [`PaymentPlan`].
    ///
    /// # Errors
    /// `Blocked` with the reason; the order is then as it was.
    pub fn take_cash(
        &mut self,
        amount: Amount,
        handed: Handed,
        intent: Option<String>,
        by: String,
        now: Timestamp,
    ) -> Result<&Payment, Blocked> {
        let plan = PaymentPlan {
            account: AccountId(CASH.to_owned()),
            channel: ChannelId(CASH.to_owned()),
            amount,
            tender: TenderKind::Cash(handed),
            expires: now,
            watch_ms: 0,
            rate: None,
            intent,
        };
        let reference = self.add_payment(plan, now)?;
        let taken = CashFact::Taken(amount, reference.clone());
        self.hear(&reference, &Evidence::of_cash(taken, by, now));
        self.payments.last().ok_or(Blocked::ReferencesUsedUp)
    }

    /// Gives money back in cash, on the word of the person who counted it: begun and done in one step. The same intent
    /// again gives the refund that exists.
    ///
    /// # Errors
    /// `Blocked` with the reason; the order is then as it was.
    pub fn give_back_cash(
        &mut self,
        payment: &MerchantRef,
        plan: RefundPlan,
        now: Timestamp,
    ) -> Result<MerchantRef, Blocked> {
        let word = Evidence::of_cash(CashFact::GivenBack, plan.by.clone(), now);
        let mut given = self.clone();
        let plan = RefundPlan {
            in_cash: true,
            ..plan
        };
        let reference = given.open_refund(payment, plan, now)?;
        let refund = given.refund_mut(&reference);
        if let Some(refund) = refund.filter(|it| it.plan().in_cash && it.is_running()) {
            refund.apply(&word);
        }
        *self = given;
        Ok(reference)
    }
}
