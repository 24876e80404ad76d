//! The commit that begins an attempt: with it the order where that is new, who asked for it and with which words.

use crate::{
    Desk, DeskError,
    asked::ASKED,
    ports::{Actor, Commit, EventKind, NewEvent, NewNote, Opened, PayerCode, StoreError, Work},
};
use paydesk_domain::{
    Blocked, BusinessDay, Memo, MerchantRef, Order, OrderNumber, PaymentPlan, Timestamp,
};
use serde_json::{Value, json};
use std::time::Duration;

/// Another window's change of the order is met at most this often before the person is asked to try again.
const RACES_MAX: u32 = 20;

/// Who begins an attempt, when, and with which words.
#[derive(Clone)]
pub(crate) struct Opening {
    pub day: BusinessDay,
    pub actor: Actor,
    pub by: String,
    pub note: String,
    pub asked: Option<String>,
    pub now: Timestamp,
}

impl Opening {
    /// The commit over an order in which something just began, with its events and what is looked at next. An order
    /// that was never stored is opened by it.
    pub(crate) fn commit(
        self,
        order: Order,
        (reference, kind, mut body): (MerchantRef, EventKind, Value),
        due: Option<Timestamp>,
    ) -> Commit {
        let Opening {
            day,
            actor,
            by,
            note,
            asked,
            now,
        } = self;
        let new_event = |kind, subject, body| NewEvent {
            kind,
            order: Some(order.number().clone()),
            subject,
            actor: actor.clone(),
            at: now,
            day,
            body,
            evidence: None,
        };
        let mut events = Vec::new();
        if order.version() == 0 {
            let opened = json!({ ASKED: asked, "after": { "order": {
                "number": order.number(), "plan": order.plan(), "opened_at": order.opened_at(),
            } } });
            events.push(new_event(EventKind::OrderOpened, None, opened));
        } else if let (Some(asked), Some(body)) = (asked, body.as_object_mut()) {
            body.insert(ASKED.to_owned(), asked.into());
        }
        events.push(new_event(kind, Some(reference.clone()), body));
        let text = note.trim().to_owned();
        let note = (!text.is_empty()).then_some(NewNote { at: now, by, text });
        if let Some(note) = &note {
            let body = json!({ "after": { "note": note } });
            events.push(new_event(EventKind::NoteAdded, None, body));
        }
        Commit {
            order,
            events,
            work: vec![Work { reference, due }],
            sealed: Vec::new(),
            note,
        }
    }

    /// Begins an attempt through a channel, with what it remembers from before anything is sent; the channel is looked
    /// at for the first time after `first_look`.
    pub(crate) fn attempt(
        self,
        mut order: Order,
        plan: PaymentPlan,
        memo: Option<Memo>,
        first_look: Duration,
    ) -> Result<Commit, Blocked> {
        let now = self.now;
        let mut payment = order.begin_payment(plan, now)?.clone();
        if let (Some(memo), Some(begun)) = (memo, order.payment_mut(payment.reference())) {
            begun.learn(memo, None);
            payment = begun.clone();
        }
        let body = json!({
            "tender": payment.plan().tender,
            "channel": payment.plan().channel,
            "after": { "payment": payment },
        });
        let reference = payment.reference().clone();
        let begun = (reference, EventKind::PaymentBegun, body);
        Ok(self.commit(order, begun, Some(now.plus(first_look))))
    }
}

impl Desk {
    /// Begins a further part of an order: durable when it returns. The same intent again begins nothing new.
    ///
    /// # Errors
    /// `OrderNotFound`, what the order refuses, the store's.
    pub(crate) async fn begin_part(
        &self,
        (number, intent): (&OrderNumber, &str),
        code: Option<PayerCode>,
        is_test: bool,
        begin: impl Fn(Order) -> Result<Commit, Blocked>,
    ) -> Result<Opened, DeskError> {
        for _ in 0..RACES_MAX {
            let order = self.order(number).await?;
            if order.part_of_intent(intent).is_some() {
                return Ok(Opened::Existing(order));
            }
            // The order's number says whether money moved: that must be true of every part.
            if order.number().is_test() != is_test {
                return Err(Blocked::NotThisWay.into());
            }
            // What an older copy forgot may have used the next references of its orders (Q24): nothing is taken under
            // them. What is paid of such an order goes back, or the rest becomes an order of its own.
            if order.number().epoch() != Some(self.ports.store.device().epoch) {
                return Err(Blocked::ReferencesUsedUp.into());
            }
            match self
                .ports
                .store
                .begin_part(begin(order)?, code.clone())
                .await
            {
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
                Ok(opened) => return Ok(opened),
            }
        }
        Err(DeskError::Store(StoreError::Stale))
    }
}
