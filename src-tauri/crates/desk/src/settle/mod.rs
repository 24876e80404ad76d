//! Recording what an exchange came to: evidence moves the state, one transaction per answer.
//! A lost race loads again and decides again; nothing here sends.

mod matter;
mod payments;
mod refunds;

use crate::{
    Desk, DeskError,
    driver::Record,
    ports::{Actor, Commit, EventKind, NewEvent, SealedField, StoreError, Work},
};
use paydesk_domain::{
    Amiss, Change, ClosedWhy, Doubt, Evidence, Fact, MerchantRef, Order, OrderNumber, PaymentFact,
    RefundFact, Source, Timestamp,
};
use paydesk_signing::{
    Authentic, Peer,
    mutants::{Mutant, planted},
};
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

/// An order after a question about it.
pub(crate) struct Seen {
    pub order: Order,
    /// As of when the channel answered, by its own clock where it says so; an ending or a send is no question.
    pub answered: Option<Timestamp>,
}

impl From<Order> for Seen {
    fn from(order: Order) -> Seen {
        Seen {
            order,
            answered: None,
        }
    }
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
            if planted(Mutant::SendBeforeCommit) {
                self.send_unrecorded(&step).await;
            }
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
            EventKind::BillCompared
            | EventKind::BillImported
            | EventKind::CashReturned
            | EventKind::CashTaken
            | EventKind::DrawerMoved
            | EventKind::FlowImported
            | EventKind::DayReopened
            | EventKind::DaySigned
            | EventKind::DifferenceTreated
            | EventKind::EndingBegun
            | EventKind::KeysChanged
            | EventKind::LateDecided
            | EventKind::NoteAdded
            | EventKind::OrderOpened
            | EventKind::FileExported
            | EventKind::OrdersExported
            | EventKind::PaymentBegun
            | EventKind::PayoutDecided
            | EventKind::ReceiptIssued
            | EventKind::RefundBegun
            | EventKind::SettingsChanged
            | EventKind::StatementImported => self.actor(),
        }
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
            PaymentFact::Confirming(..) => "confirming",
            PaymentFact::EndRefused(_) => "end_refused",
            PaymentFact::Held(_) => "held",
            PaymentFact::NotFound => "not_found",
            PaymentFact::Paid(_) => "paid",
            PaymentFact::PaidAmiss(_, amiss) => match amiss {
                Amiss::Late => "paid_late",
                Amiss::Over => "paid_over",
                Amiss::Short => "paid_short",
            },
            PaymentFact::Processing(_) => "processing",
        },
        Fact::Refund(fact) => match fact {
            RefundFact::Accepted => "accepted",
            RefundFact::Done { .. } => "done",
            RefundFact::Failed(..) => "failed",
            RefundFact::NotFound => "not_found",
            RefundFact::Offered(_) => "offered",
            RefundFact::Refused(..) => "refused",
        },
    }
}

fn code_of(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Payment(
            PaymentFact::Closed(ClosedWhy::Refused { refusal }) | PaymentFact::EndRefused(refusal),
        )
        | Fact::Refund(RefundFact::Failed(refusal, _) | RefundFact::Refused(refusal, _)) => {
            Some(refusal.code.clone())
        }
        Fact::Payment(_) | Fact::Refund(_) => None,
    }
}

fn channel_ref_of(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Payment(PaymentFact::Paid(paid) | PaymentFact::PaidAmiss(paid, _)) => {
            Some(paid.channel_ref.0.clone())
        }
        Fact::Refund(RefundFact::Done { channel_ref, .. }) => {
            channel_ref.as_ref().map(|r| r.0.clone())
        }
        Fact::Payment(_) | Fact::Refund(_) => None,
    }
}

/// What the log keeps of an authenticated answer.
fn heard_body(evidence: &Evidence, change: Change, record: &Record, proof: &Authentic) -> Value {
    let (key, heard) = match evidence.source() {
        Source::Channel { key, heard } => (key.clone(), Some(*heard)),
        Source::Cash { .. } | Source::Operator { .. } => (None, None),
    };
    json!({
        "operation": record.operation,
        "heard": heard,
        "fact": fact_name(evidence.fact()),
        "change": change,
        "code": code_of(evidence.fact()),
        "channel_ref": channel_ref_of(evidence.fact()),
        "proof": proof_body(key.as_deref(), proof),
        "took_ms": record.took_ms,
    })
}

/// How an answer was proved: by a key, or by the host that answered.
fn proof_body(key: Option<&str>, proof: &Authentic) -> Value {
    let host = match &proof.reply().peer {
        Peer::TlsHost(host) if key.is_none() => Some(host.as_str()),
        Peer::SandboxHere if key.is_none() => Some("sandbox"),
        Peer::SandboxHere | Peer::TlsHost(_) | Peer::Unknown => None,
    };
    let believed = <sha2::Sha256 as sha2::Digest>::digest(proof.believed());
    let mut body = json!({ "key": key, "believed_sha256": crate::driver::hex(&believed) });
    if let (Some(host), Some(body)) = (host, body.as_object_mut()) {
        body.insert("host".to_owned(), host.into());
    }
    body
}

/// What the log keeps of an answer after which its call goes on.
fn step_body(record: &Record, proof: &Authentic) -> Value {
    json!({
        "operation": record.operation,
        "proof": proof_body(proof.by().map(|key| key.0.as_str()), proof),
        "took_ms": record.took_ms,
    })
}

/// What the log keeps of an answer that could not be believed or read.
fn doubt_body(record: &Record, doubt: &Doubt, forged: Option<&str>) -> Value {
    json!({
        "operation": record.operation,
        "doubt": doubt,
        "forged": forged,
        "status": record.status,
        "reply_sha256": record.reply_sha256,
        "took_ms": record.took_ms,
    })
}
