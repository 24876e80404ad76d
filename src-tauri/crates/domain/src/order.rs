//! What is owed, the attempts to collect it and the refunds of them: one aggregate with one version.
//! Every change is committed against the version it was computed from, so two windows cannot both act.

mod cash;
mod parts;

use crate::{
    coins::Amiss,
    evidence::{Change, ClosedWhy, Evidence, PayerAction},
    money::{Amount, Money, MoneyError},
    number::{MerchantRef, OrderNumber},
    payment::{LateChoice, NotNow, Payment, PaymentPlan, PaymentState},
    refund::{Refund, RefundPlan, RefundState},
    time::{BusinessDay, Timestamp},
};
use serde::{Deserialize, Serialize};

/// Why a permit is not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Blocked {
    /// The order is paid.
    #[error("the order is already paid")]
    AlreadyPaid,
    /// Another attempt is open, in doubt or being ended.
    #[error("an earlier attempt is not decided yet")]
    AttemptOpen,
    /// More than what is still owed: the total less the parts that are paid.
    #[error("more than what is still owed")]
    ExceedsOwed,
    /// More than what was paid and is not yet refunded, running or doubtful refunds counted.
    #[error("more than what can still be refunded")]
    ExceedsRefundable,
    /// What is paid of it goes back, or went back: the rest is not taken any more.
    #[error("what is paid of the order goes back")]
    GoingBack,
    /// Another currency than the payment's.
    #[error("another currency than the payment's")]
    OtherCurrency,
    /// Cash goes through no channel: it is taken and given back over the counter, in one step.
    #[error("cash goes through no channel")]
    NotThisWay,
    /// There is nothing paid to refund.
    #[error("nothing is paid here")]
    NothingPaid,
    /// Every reference of this order is used up.
    #[error("no reference is left")]
    ReferencesUsedUp,
}

/// Why late money cannot be decided about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Late {
    /// The order does not allow it.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// It is not late, or decided already.
    #[error(transparent)]
    NotNow(#[from] NotNow),
}

/// What is fixed when an order is opened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrderPlan {
    /// Made by the caller before the first try: a second call with it opens nothing new.
    pub intent: String,
    /// What is owed.
    pub total: Amount,
    /// The day it belongs to in the books.
    pub day: BusinessDay,
    /// Who opened it.
    pub by: String,
}

/// The status people see, as UI.md's table of order states.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// A code is shown or nothing has been tried.
    AwaitingPayment,
    /// Closed unpaid.
    Closed,
    /// A reverse or close is under way.
    Ending,
    /// Refused, expired or not sent: not charged.
    Failed,
    /// The payer is at it.
    InProgress,
    /// Paid.
    Paid,
    /// Money came after the end; a person must decide or has decided.
    PaidLate,
    /// More came than was asked for; likewise.
    PaidOver,
    /// Less came than was asked for; likewise.
    PaidShort,
    /// Some of what is owed is paid, and the shop has it; the rest is not.
    PartPaid,
    /// Part of it went back.
    PartRefunded,
    /// A refund failed.
    RefundFailed,
    /// All of it went back.
    Refunded,
    /// A refund is running.
    Refunding,
    /// Reversed.
    Reversed,
    /// We do not know; being asked.
    Unknown,
}

/// An order with its attempts and refunds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Order {
    number: OrderNumber,
    plan: OrderPlan,
    opened_at: Timestamp,
    payments: Vec<Payment>,
    refunds: Vec<Refund>,
    version: u64,
}

impl Order {
    /// A new order under a number the store has just drawn.
    #[must_use]
    pub fn open(number: OrderNumber, plan: OrderPlan, now: Timestamp) -> Order {
        Order {
            number,
            plan,
            opened_at: now,
            payments: Vec::new(),
            refunds: Vec::new(),
            version: 0,
        }
    }

    /// The order as it was stored.
    #[must_use]
    pub fn from_parts(
        number: OrderNumber,
        plan: OrderPlan,
        opened_at: Timestamp,
        payments: Vec<Payment>,
        refunds: Vec<Refund>,
        version: u64,
    ) -> Order {
        Order {
            number,
            plan,
            opened_at,
            payments,
            refunds,
            version,
        }
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        &self.number
    }

    /// What was fixed at the beginning.
    #[must_use]
    pub fn plan(&self) -> &OrderPlan {
        &self.plan
    }

    /// When it was opened.
    #[must_use]
    pub fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// Its attempts, oldest first.
    #[must_use]
    pub fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// Its refunds, oldest first.
    #[must_use]
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// Counts commits; a commit names the version it was computed from.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The attempt with this reference.
    pub fn payment_mut(&mut self, reference: &MerchantRef) -> Option<&mut Payment> {
        self.payments
            .iter_mut()
            .find(|p| p.reference() == reference)
    }

    /// The attempt with this reference.
    #[must_use]
    pub fn payment(&self, reference: &MerchantRef) -> Option<&Payment> {
        self.payments.iter().find(|p| p.reference() == reference)
    }

    /// The refund with this reference.
    pub fn refund_mut(&mut self, reference: &MerchantRef) -> Option<&mut Refund> {
        self.refunds.iter_mut().find(|r| r.reference() == reference)
    }

    /// The refund with this reference.
    #[must_use]
    pub fn refund(&self, reference: &MerchantRef) -> Option<&Refund> {
        self.refunds.iter().find(|r| r.reference() == reference)
    }

    /// The latest attempt: what the till shows.
    #[must_use]
    pub fn latest(&self) -> Option<&Payment> {
        self.payments.last()
    }

    /// Adds an attempt over what is still owed, or a part of it: refused while an earlier one is open or in doubt.
    ///
    /// # Errors
    /// `Blocked` with the reason.
    pub fn begin_payment(
        &mut self,
        plan: PaymentPlan,
        now: Timestamp,
    ) -> Result<&Payment, Blocked> {
        if plan.tender.is_cash() {
            return Err(Blocked::NotThisWay);
        }
        self.add_payment(plan, now)?;
        self.payments.last().ok_or(Blocked::ReferencesUsedUp)
    }

    /// Applies a fact about a payment; `None` when the order has no such payment.
    pub fn hear(&mut self, payment: &MerchantRef, evidence: &Evidence) -> Option<Change> {
        let nothing_goes_back = !self.refunds_of(payment).any(Refund::reserves);
        let payment = self.payment_mut(payment)?;
        Some(if nothing_goes_back {
            payment.apply_unreturned(evidence)
        } else {
            payment.apply(evidence)
        })
    }

    /// What may still be refunded of a payment: paid − refunded − running − doubtful.
    ///
    /// # Errors
    /// `NothingPaid`, or `ExceedsRefundable` should the sums not compute.
    pub fn refundable(&self, payment: &MerchantRef) -> Result<Money, Blocked> {
        let paid = self
            .payment(payment)
            .and_then(Payment::money_in)
            .ok_or(Blocked::NothingPaid)?;
        let left = self
            .refunds_of(payment)
            .filter(|r| r.reserves())
            .try_fold(paid.money(), |left, refund| {
                left.checked_sub(refund.plan().amount.money())
            });
        left.map_err(|_: MoneyError| Blocked::ExceedsRefundable)
    }

    /// The refunds of one attempt.
    pub fn refunds_of(&self, payment: &MerchantRef) -> impl Iterator<Item = &Refund> {
        self.refunds
            .iter()
            .filter(move |r| r.reference().payment() == *payment)
    }

    /// Adds a refund that reserves its amount. The same intent again gives the refund that exists.
    ///
    /// # Errors
    /// `Blocked` with the reason.
    pub fn begin_refund(
        &mut self,
        payment: &MerchantRef,
        plan: RefundPlan,
        now: Timestamp,
    ) -> Result<MerchantRef, Blocked> {
        if plan.in_cash {
            return Err(Blocked::NotThisWay);
        }
        self.open_refund(payment, plan, now)
    }

    fn open_refund(
        &mut self,
        payment: &MerchantRef,
        plan: RefundPlan,
        now: Timestamp,
    ) -> Result<MerchantRef, Blocked> {
        if let Some(same) = self.refunds.iter().find(|r| r.plan().intent == plan.intent) {
            return Ok(same.reference().clone());
        }
        // Late money is decided about as a whole first: kept, or given back under its own reference.
        if self
            .payment(payment)
            .is_some_and(Payment::is_late_undecided)
        {
            return Err(Blocked::AttemptOpen);
        }
        let n = u32::try_from(
            self.refunds_of(payment)
                .filter(|r| !r.reference().as_str().ends_with('L'))
                .count(),
        );
        let reference = payment
            .refund(n.unwrap_or(u32::MAX).saturating_add(1))
            .ok_or(Blocked::ReferencesUsedUp)?;
        self.add_refund(payment, reference, plan, now)
    }

    /// Gives late money back under the one reference kept for that.
    ///
    /// # Errors
    /// `Blocked` with the reason.
    pub fn begin_late_return(
        &mut self,
        payment: &MerchantRef,
        plan: RefundPlan,
        now: Timestamp,
    ) -> Result<MerchantRef, Blocked> {
        let reference = payment.late_return();
        if self.refund(&reference).is_some() {
            return Ok(reference);
        }
        self.add_refund(payment, reference, plan, now)
    }

    /// A person keeps late money: the goods are handed over after all. Refused while another attempt may still pay, and
    /// where the order would then be paid with more than is owed.
    ///
    /// # Errors
    /// `Late` with the reason.
    pub fn keep_late(&mut self, payment: &MerchantRef, by: String) -> Result<(), Late> {
        // Undecided money stands, this one too: what is taken must fit into what is owed.
        if self.covered().minor() > self.plan.total.minor() {
            return Err(Blocked::AlreadyPaid.into());
        }
        let mut others = self.payments.iter().filter(|p| p.reference() != payment);
        if others.any(|p| p.blocks_another() && p.paid().is_none()) {
            return Err(Blocked::AttemptOpen.into());
        }
        let late = self.payment_mut(payment).ok_or(NotNow)?;
        Ok(late.decide_late(LateChoice::Accepted { by })?)
    }

    /// A person gives late money back: the decision and its return are one change, so that no crash can
    /// leave a decision without the return.
    ///
    /// # Errors
    /// `Late` with the reason; the order is then as it was.
    pub fn give_back_late(
        &mut self,
        payment: &MerchantRef,
        plan: RefundPlan,
        now: Timestamp,
    ) -> Result<MerchantRef, Late> {
        let by = plan.by.clone();
        let mut decided = self.clone();
        let late = decided.payment_mut(payment).ok_or(NotNow)?;
        late.decide_late(LateChoice::Returning { by })?;
        let reference = decided.begin_late_return(payment, plan, now)?;
        *self = decided;
        Ok(reference)
    }

    /// The attempt a refund is taken from: the latest of which something is left.
    #[must_use]
    pub fn to_refund(&self) -> Option<&Payment> {
        let left = |p: &&Payment| {
            !p.is_late_undecided()
                && self
                    .refundable(p.reference())
                    .is_ok_and(|left| left.minor() > 0)
        };
        self.payments
            .iter()
            .rev()
            .find(left)
            .or_else(|| self.payments.iter().rev().find(|p| p.paid().is_some()))
    }

    fn add_refund(
        &mut self,
        payment: &MerchantRef,
        reference: MerchantRef,
        plan: RefundPlan,
        now: Timestamp,
    ) -> Result<MerchantRef, Blocked> {
        if !plan.in_cash && self.payment(payment).is_some_and(Payment::is_cash) {
            return Err(Blocked::NotThisWay);
        }
        let left = self.refundable(payment)?;
        if left.currency() != plan.amount.currency() {
            return Err(Blocked::OtherCurrency);
        }
        if plan.amount.minor() > left.minor() {
            return Err(Blocked::ExceedsRefundable);
        }
        self.refunds
            .push(Refund::begin(reference.clone(), plan, now));
        Ok(reference)
    }

    /// What has verifiably gone back.
    #[must_use]
    pub fn refunded(&self) -> Money {
        let done = self
            .refunds
            .iter()
            .filter(|r| matches!(r.state(), RefundState::Done { .. }));
        done.fold(Money::zero(self.plan.total.currency()), |sum, r| {
            sum.checked_add(r.plan().amount.money()).unwrap_or(sum)
        })
    }

    /// What the channels say was paid, in time or late.
    #[must_use]
    pub fn taken(&self) -> Money {
        let zero = Money::zero(self.plan.total.currency());
        self.payments
            .iter()
            .filter_map(Payment::money_in)
            .fold(zero, |sum, paid| {
                sum.checked_add(paid.money()).unwrap_or(sum)
            })
    }

    /// The status people see.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        let is_open = |it: &&Payment| it.blocks_another() && it.paid().is_none();
        // While the next part is under way, that says more than the parts that are paid.
        let next = self.latest().filter(|_| self.is_part_paid());
        let payments = || self.payments.iter().rev();
        let shown = next
            .filter(is_open)
            .or_else(|| payments().find(|it| it.paid().is_some()))
            .or(self.latest());
        let Some(payment) = shown else {
            return OrderStatus::AwaitingPayment;
        };
        match payment.state() {
            PaymentState::Awaiting { action, .. } => match action {
                crate::evidence::PayerAction::ShowCode { .. } => OrderStatus::AwaitingPayment,
                crate::evidence::PayerAction::EnterPassword
                | crate::evidence::PayerAction::OpenPage
                | crate::evidence::PayerAction::UseReader { .. } => OrderStatus::InProgress,
            },
            PaymentState::Held { .. } | PaymentState::Processing { .. } => OrderStatus::InProgress,
            PaymentState::InDoubt { .. } => OrderStatus::Unknown,
            PaymentState::Ending { .. } => OrderStatus::Ending,
            PaymentState::Watching { ended: why, .. } | PaymentState::Closed { why } => match why {
                ClosedWhy::Closed | ClosedWhy::Expired => OrderStatus::Closed,
                ClosedWhy::NeverExisted | ClosedWhy::Reversed => OrderStatus::Reversed,
                ClosedWhy::NotSent { .. } | ClosedWhy::Refused { .. } => OrderStatus::Failed,
            },
            PaymentState::PaidLate {
                choice: LateChoice::Undecided,
                amiss,
                ..
            } => amiss_status(*amiss),
            PaymentState::Paid { .. } | PaymentState::PaidLate { .. } => {
                self.refund_status(payment)
            }
        }
    }

    fn refund_status(&self, payment: &Payment) -> OrderStatus {
        if self.refunds.iter().any(Refund::is_running) {
            return OrderStatus::Refunding;
        }
        let failed = self
            .refunds
            .last()
            .is_some_and(|r| matches!(r.state(), RefundState::Failed { .. }));
        if failed {
            return OrderStatus::RefundFailed;
        }
        // A part of which something went back is given back; what of it is left stays on the list (INV25).
        if self.is_part_paid() && !self.gives_back() {
            return OrderStatus::PartPaid;
        }
        match self.refunded().minor() {
            0 => payment.amiss().map_or(OrderStatus::Paid, amiss_status),
            back if back >= self.taken().minor() => OrderStatus::Refunded,
            _ => OrderStatus::PartRefunded,
        }
    }

    /// Whether a person has to look at it: in doubt, being ended, late and undecided, on the human list,
    /// contradicted, paid in part, or with a refund that is unknown or failed (INV25).
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        let payments = self.payments.iter().any(|p| {
            p.handed_over_at().is_some()
                || p.contradictions() > 0
                || matches!(
                    p.state(),
                    PaymentState::InDoubt { .. }
                        | PaymentState::Ending { .. }
                        | PaymentState::PaidLate {
                            choice: LateChoice::Undecided,
                            ..
                        }
                )
        });
        payments
            || self.is_part_paid()
            || self.refunds.iter().any(|r| {
                r.is_running()
                    || r.contradictions() > 0
                    || matches!(r.state(), RefundState::Failed { .. })
            })
    }

    /// How many doubts are open: what quitting asks about. A code that is shown and waits for its payer is
    /// none: nothing is unclear about it.
    #[must_use]
    pub fn open_doubts(&self) -> u32 {
        let is_clear = |state: &PaymentState| {
            matches!(
                state,
                PaymentState::Watching { .. }
                    | PaymentState::Awaiting {
                        action: PayerAction::ShowCode { .. },
                        ..
                    }
            )
        };
        let payments = self
            .payments
            .iter()
            .filter(|p| !p.is_settled() && !is_clear(p.state()))
            .count();
        let refunds = self
            .refunds
            .iter()
            .filter(|r| matches!(r.state(), RefundState::InDoubt { .. }))
            .count();
        u32::try_from(payments + refunds).unwrap_or(u32::MAX)
    }
}

fn amiss_status(amiss: Amiss) -> OrderStatus {
    match amiss {
        Amiss::Late => OrderStatus::PaidLate,
        Amiss::Over => OrderStatus::PaidOver,
        Amiss::Short => OrderStatus::PaidShort,
    }
}
