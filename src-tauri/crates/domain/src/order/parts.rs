//! An order in parts: what of it is paid, what is still owed, and when another part may be taken (ADR 37).

use super::{Blocked, Order};
use crate::{
    money::Money,
    number::MerchantRef,
    payment::{Payment, PaymentPlan},
    refund::Refund,
    time::Timestamp,
};
use paydesk_signing::mutants::{Mutant, planted};

impl Order {
    pub(super) fn add_payment(
        &mut self,
        plan: PaymentPlan,
        now: Timestamp,
    ) -> Result<MerchantRef, Blocked> {
        let owed = self.may_take_more()?;
        if plan.amount.currency() != owed.currency() {
            return Err(Blocked::OtherCurrency);
        }
        if plan.amount.minor() > owed.minor() && !planted(Mutant::RoundedUp) {
            return Err(Blocked::ExceedsOwed);
        }
        let n = u32::try_from(self.payments.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let reference = self.number.attempt(n).ok_or(Blocked::ReferencesUsedUp)?;
        self.payments
            .push(Payment::begin(reference.clone(), plan, now));
        Ok(reference)
    }

    /// Whether another part can be taken now: something is owed, nothing is open, nothing is undecided, and nothing
    /// goes back.
    #[must_use]
    pub fn takes_more(&self) -> bool {
        self.may_take_more().is_ok()
    }

    /// Why no other part can be taken now; else what is still owed.
    fn may_take_more(&self) -> Result<Money, Blocked> {
        let owed = self.owed();
        if owed.minor() <= 0 {
            return Err(Blocked::AlreadyPaid);
        }
        // One attempt at a time, so that no two can take the same part; late money is decided about first.
        let is_open = |it: &Payment| it.blocks_another() && it.paid().is_none();
        if self
            .payments
            .iter()
            .any(|it| is_open(it) || it.is_late_undecided())
        {
            return Err(Blocked::AttemptOpen);
        }
        if self.gives_back() {
            return Err(Blocked::GoingBack);
        }
        Ok(owed)
    }

    /// The payments that stand: paid, and not on their way back as late money.
    pub fn standing(&self) -> impl Iterator<Item = &Payment> {
        let payments = self.payments.iter();
        payments.filter(|it| it.paid().is_some() && it.blocks_another())
    }

    /// What the payments that stand cover of what is owed; refunds of them are not taken off. Too much or too little
    /// money covers what was asked for: a person kept it for that.
    #[must_use]
    pub fn covered(&self) -> Money {
        let zero = Money::zero(self.plan.total.currency());
        let paid = self.standing().filter_map(Payment::paid);
        paid.fold(zero, |sum, paid| {
            sum.checked_add(paid.asked.money()).unwrap_or(sum)
        })
    }

    /// What is still owed: the total less the payments that stand.
    #[must_use]
    pub fn owed(&self) -> Money {
        let total = self.plan.total.money();
        if planted(Mutant::PartsNotCounted) {
            return total;
        }
        // Sums that do not compute are more than anything: nothing is owed then.
        let left = total.checked_sub(self.covered());
        left.unwrap_or(Money::zero(total.currency()))
    }

    /// Whether anything of a payment that stands went back or may have.
    pub(super) fn gives_back(&self) -> bool {
        self.standing()
            .any(|it| self.refunds_of(it.reference()).any(Refund::reserves))
    }

    /// Whether some of what is owed is paid and the rest is not, and the shop holds what is paid: somebody goes on
    /// with the rest, or gives it back part by part.
    #[must_use]
    pub fn is_part_paid(&self) -> bool {
        let is_held = |it: &Payment| {
            let left = self.refundable(it.reference());
            left.is_ok_and(|left| left.minor() > 0)
        };
        self.covered().minor() < self.plan.total.minor() && self.standing().any(is_held)
    }

    /// Whether it is collected in parts: an attempt was over less than all of it.
    #[must_use]
    pub fn is_split(&self) -> bool {
        let total = self.plan.total.minor();
        self.payments
            .iter()
            .any(|it| it.plan().amount.minor() < total)
    }

    /// The attempt that a call with this intent began as a further part.
    #[must_use]
    pub fn part_of_intent(&self, intent: &str) -> Option<&Payment> {
        let is_its = |it: &&Payment| it.plan().intent.as_deref() == Some(intent);
        self.payments.iter().find(is_its)
    }
}
