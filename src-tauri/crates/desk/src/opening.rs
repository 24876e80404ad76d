//! An order's first commit: the order, its attempt in doubt, who asked for it and with which words.

use crate::ports::{Actor, Commit, EventKind, FirstAttempt, NewEvent, NewNote, Work};
use paydesk_domain::{BusinessDay, Memo, PaymentPlan, Timestamp};
use serde_json::json;
use std::time::Duration;

/// How an order is opened.
pub(crate) struct Opening {
    pub day: BusinessDay,
    pub actor: Actor,
    pub by: String,
    pub note: String,
    pub asked: Option<String>,
    pub now: Timestamp,
    pub first_look: Duration,
}

/// The first attempt, with what it remembers from before anything is sent, and the events of a new order, made inside the transaction that drew its number.
pub(crate) fn first_attempt(
    plan: PaymentPlan,
    memo: Option<Memo>,
    opening: Opening,
) -> FirstAttempt {
    Box::new(move |mut order| {
        let Opening {
            day,
            actor,
            by,
            note,
            asked,
            now,
            first_look,
        } = opening;
        let opened = json!({ "asked": asked, "after": { "order": {
            "number": order.number(), "plan": order.plan(), "opened_at": order.opened_at(),
        } } });
        let mut payment = order.begin_payment(plan, now)?.clone();
        if let (Some(memo), Some(begun)) = (memo, order.payment_mut(payment.reference())) {
            begun.learn(memo, None);
            payment = begun.clone();
        }
        let reference = payment.reference().clone();
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
        let mut events = vec![
            new_event(EventKind::OrderOpened, None, opened),
            new_event(
                EventKind::PaymentBegun,
                Some(reference.clone()),
                json!({
                    "tender": payment.plan().tender,
                    "channel": payment.plan().channel,
                    "after": { "payment": payment },
                }),
            ),
        ];
        let note = (!note.trim().is_empty()).then_some(NewNote {
            at: now,
            by,
            text: note,
        });
        if let Some(note) = &note {
            events.push(new_event(
                EventKind::NoteAdded,
                None,
                json!({ "after": { "note": note } }),
            ));
        }
        let work = vec![Work {
            reference,
            due: Some(now.plus(first_look)),
        }];
        Ok(Commit {
            order,
            events,
            work,
            sealed: Vec::new(),
            note,
        })
    })
}
