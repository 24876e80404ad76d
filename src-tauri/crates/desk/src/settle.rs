//! Recording what an exchange came to: evidence moves the state, one transaction per answer.
//! A lost race loads again and decides again; nothing here sends.

use crate::{
    Desk, DeskError,
    driver::{Exchanged, Record},
    ports::{Actor, Commit, EventKind, NewEvent, SealedField, StoreError, Work},
    rhythm,
};
use paydesk_channels::Schedule;
use paydesk_domain::{
    Change, ClosedWhy, Doubt, Evidence, Fact, Heard, MerchantRef, NotSent, Order, OrderNumber,
    Payment, PaymentFact, Refund, RefundFact, Source, Timestamp,
};
use paydesk_signing::Authentic;
use serde_json::{Value, json};

/// A race is lost at most this often before the resolver is left to do it.
const RACES_MAX: u32 = 20;

/// One step of an order inside a commit: its events and what the resolver must know.
pub(crate) struct Step {
    pub order: Order,
    pub events: Vec<NewEvent>,
    pub work: Vec<Work>,
    pub sealed: Vec<SealedField>,
}

impl Step {
    pub(crate) fn of(order: Order) -> Step {
        Step {
            order,
            events: Vec::new(),
            work: Vec::new(),
            sealed: Vec::new(),
        }
    }

    pub(crate) fn commit(self) -> Commit {
        Commit {
            order: self.order,
            events: self.events,
            work: self.work,
            sealed: self.sealed,
            note: None,
        }
    }
}

impl Desk {
    /// Loads, lets `decide` change the order, commits; again when another was faster.
    /// `decide` gives `None` when there is nothing to record.
    pub(crate) async fn change<D>(
        &self,
        number: &OrderNumber,
        mut decide: D,
    ) -> Result<Order, DeskError>
    where
        D: FnMut(Order) -> Result<Option<Step>, DeskError> + Send,
    {
        for _ in 0..RACES_MAX {
            let order = self
                .ports
                .store
                .load(number)
                .await?
                .ok_or(DeskError::OrderNotFound)?;
            let Some(step) = decide(order.clone())? else {
                return Ok(order);
            };
            match self.ports.store.commit(step.commit()).await {
                Ok(order) => {
                    self.tell_order(number, order.version());
                    return Ok(order);
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(DeskError::Store(StoreError::Stale))
    }

    pub(crate) fn event(
        &self,
        kind: EventKind,
        order: &Order,
        subject: &MerchantRef,
        actor: Actor,
        body: Value,
    ) -> Result<NewEvent, DeskError> {
        let at = self.now();
        Ok(NewEvent {
            kind,
            order: Some(order.number().clone()),
            subject: Some(subject.clone()),
            actor,
            at,
            day: self.day_of(at)?,
            body,
            evidence: None,
        })
    }

    /// Records what an exchange about a payment came to.
    pub(crate) async fn settle_payment(
        &self,
        reference: &MerchantRef,
        exchanged: Exchanged<PaymentFact>,
        heard: Heard,
        schedule: &'static Schedule,
    ) -> Result<Order, DeskError> {
        let number = reference.order();
        match exchanged {
            Exchanged::Heard {
                answer,
                proof,
                record,
            } => {
                let learned = answer.learned;
                let payer = payer_of(&answer.fact);
                let evidence =
                    Evidence::from_channel(Fact::Payment(answer.fact), &proof, heard, self.now());
                self.change(&number, |mut order| {
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
            Exchanged::Refused {
                refusal,
                proof,
                record,
            } => {
                // Only a reply to the charge itself ends it; a refused query or ending says nothing of the money.
                let fact = if heard == Heard::Reply {
                    PaymentFact::Closed(ClosedWhy::Refused { refusal })
                } else {
                    PaymentFact::EndRefused(refusal)
                };
                let evidence =
                    Evidence::from_channel(Fact::Payment(fact), &proof, heard, self.now());
                self.change(&number, |mut order| {
                    let Some(payment) = order.payment_mut(reference) else {
                        return Err(DeskError::OrderNotFound);
                    };
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
                        Ok(())
                    })
                })
                .await
            }
            Exchanged::Doubt {
                doubt,
                forged,
                record,
            } => {
                self.settle_payment_doubt(reference, &doubt, forged, &record, schedule)
                    .await
            }
            Exchanged::NotSent(proof) => {
                self.settle_payment_not_sent(reference, proof, heard, schedule)
                    .await
            }
        }
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
                let body = json!({
                    "operation": record.operation,
                    "doubt": doubt,
                    "forged": forged,
                    "status": record.status,
                    "reply_sha256": record.reply_sha256,
                    "took_ms": record.took_ms,
                });
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

    pub(crate) fn payment_event(
        &self,
        kind: EventKind,
        step: &Step,
        reference: &MerchantRef,
        mut body: Value,
    ) -> Result<NewEvent, DeskError> {
        if let (Some(fields), Some(payment)) = (body.as_object_mut(), step.order.payment(reference))
        {
            fields.insert("after".to_owned(), json!({ "payment": payment }));
        }
        self.event(kind, &step.order, reference, self.by_whom(kind), body)
    }

    fn refund_event(
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

    /// What answers and the resolver do, the program does; what a person asked for, the person does.
    fn by_whom(&self, kind: EventKind) -> Actor {
        match kind {
            EventKind::ForgedReply
            | EventKind::PaymentDoubted
            | EventKind::PaymentHandedOver
            | EventKind::PaymentHeard
            | EventKind::PaymentWithdrawn
            | EventKind::RefundDoubted
            | EventKind::RefundHandedOver
            | EventKind::RefundHeard
            | EventKind::RefundWithdrawn => Actor::Program,
            EventKind::EndingBegun
            | EventKind::LateDecided
            | EventKind::NoteAdded
            | EventKind::OrderOpened
            | EventKind::PaymentBegun
            | EventKind::ReceiptIssued
            | EventKind::RefundBegun
            | EventKind::SettingsChanged => self.actor(),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one event")]
    fn heard_event(
        &self,
        kind: EventKind,
        step: &Step,
        reference: &MerchantRef,
        evidence: &Evidence,
        change: Change,
        record: &Record,
        proof: &Authentic,
    ) -> Result<NewEvent, DeskError> {
        let key = match evidence.source() {
            Source::Channel { key, .. } => key.clone(),
            Source::Operator { .. } => None,
        };
        let heard = match evidence.source() {
            Source::Channel { heard, .. } => Some(*heard),
            Source::Operator { .. } => None,
        };
        let body = json!({
            "operation": record.operation,
            "heard": heard,
            "fact": fact_name(evidence.fact()),
            "change": change,
            "code": code_of(evidence.fact()),
            "channel_ref": channel_ref_of(evidence.fact()),
            "proof": {
                "key": key,
                "believed_sha256": crate::driver::hex(&<sha2::Sha256 as sha2::Digest>::digest(proof.believed())),
            },
            "took_ms": record.took_ms,
        });
        let event = match kind {
            EventKind::RefundHeard => self.refund_event(kind, step, reference, body)?,
            _ => self.payment_event(kind, step, reference, body)?,
        };
        self.with_evidence(event, record)
    }

    fn with_evidence(&self, mut event: NewEvent, record: &Record) -> Result<NewEvent, DeskError> {
        let bytes = serde_json::to_vec(record).map_err(|e| {
            DeskError::Store(StoreError::Corrupt(format!(
                "an exchange cannot be written: {e}"
            )))
        })?;
        event.evidence = Some(bytes);
        Ok(event)
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
                let body = json!({
                    "operation": record.operation,
                    "doubt": doubt,
                    "forged": forged,
                    "status": record.status,
                    "reply_sha256": record.reply_sha256,
                    "took_ms": record.took_ms,
                });
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

/// When a listener looks again although nothing moved.
pub(crate) fn look_again(
    order: &Order,
    reference: &MerchantRef,
    schedule: &Schedule,
    now: Timestamp,
) -> Option<Timestamp> {
    match order.payment(reference) {
        Some(payment) => rhythm::next_look(payment, schedule, now),
        None => order
            .refund(reference)
            .and_then(|r| rhythm::next_refund_look(r, schedule, now)),
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

fn fact_name(fact: &Fact) -> &'static str {
    match fact {
        Fact::Payment(fact) => match fact {
            PaymentFact::Awaiting(..) => "awaiting",
            PaymentFact::Closed(why) => match why {
                ClosedWhy::Closed => "closed",
                ClosedWhy::Expired => "expired",
                ClosedWhy::NeverExisted => "never_existed",
                ClosedWhy::NotSent { .. } => "not_sent",
                ClosedWhy::Refused { .. } => "refused",
                ClosedWhy::Reversed => "reversed",
            },
            PaymentFact::EndRefused(_) => "end_refused",
            PaymentFact::Held(_) => "held",
            PaymentFact::NotFound => "not_found",
            PaymentFact::Paid(_) => "paid",
            PaymentFact::Processing(_) => "processing",
        },
        Fact::Refund(fact) => match fact {
            RefundFact::Accepted => "accepted",
            RefundFact::Done { .. } => "done",
            RefundFact::Failed(..) => "failed",
            RefundFact::NotFound => "not_found",
        },
    }
}

fn code_of(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Payment(
            PaymentFact::Closed(ClosedWhy::Refused { refusal }) | PaymentFact::EndRefused(refusal),
        )
        | Fact::Refund(RefundFact::Failed(refusal, _)) => Some(refusal.code.clone()),
        Fact::Payment(_) | Fact::Refund(_) => None,
    }
}

fn channel_ref_of(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Payment(PaymentFact::Paid(paid)) => Some(paid.channel_ref.0.clone()),
        Fact::Refund(RefundFact::Done { channel_ref, .. }) => {
            channel_ref.as_ref().map(|r| r.0.clone())
        }
        Fact::Payment(_) | Fact::Refund(_) => None,
    }
}
