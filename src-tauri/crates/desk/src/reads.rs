//! Notes, receipts and reads that need the shop's rules.

use crate::{
    Desk, DeskError,
    pay::NOTE_MAX,
    ports::{Commit, EventKind, NewNote},
};
use paydesk_domain::{MerchantRef, Order, OrderNumber};
use serde_json::json;

impl Desk {
    /// The order as it stands.
    ///
    /// # Errors
    /// `OrderNotFound`.
    pub async fn order(&self, number: &OrderNumber) -> Result<Order, DeskError> {
        self.ports
            .store
            .load(number)
            .await?
            .ok_or(DeskError::OrderNotFound)
    }

    /// Adds a note to an order.
    ///
    /// # Errors
    /// `TextTooLong`, `ReasonRequired` for an empty one.
    pub async fn add_note(&self, number: &OrderNumber, text: &str) -> Result<Order, DeskError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(DeskError::ReasonRequired);
        }
        if text.chars().count() > NOTE_MAX {
            return Err(DeskError::TextTooLong(NOTE_MAX));
        }
        let note = NewNote {
            at: self.now(),
            by: self.operator_name(),
            text: text.to_owned(),
        };
        self.record(
            number,
            None,
            EventKind::NoteAdded,
            json!({ "after": { "note": note } }),
            Some(note),
        )
        .await
    }

    /// Counts a receipt that is about to be printed or saved: 1 is the original, above it a copy.
    ///
    /// # Errors
    /// `OrderNotFound`.
    pub async fn count_receipt(
        &self,
        number: &OrderNumber,
        refund: Option<&MerchantRef>,
        how: &str,
    ) -> Result<u32, DeskError> {
        let issued = self.receipts_issued(number, refund).await?;
        let copy = issued.saturating_add(1);
        let body = json!({ "copy": copy, "how": how, "refund": refund });
        self.record(number, refund, EventKind::ReceiptIssued, body, None)
            .await?;
        Ok(copy)
    }

    /// How many receipts of this payment or refund were printed or saved.
    ///
    /// # Errors
    /// The store's.
    pub async fn receipts_issued(
        &self,
        number: &OrderNumber,
        refund: Option<&MerchantRef>,
    ) -> Result<u32, DeskError> {
        let timeline = self.ports.store.timeline(number).await?;
        let issued = timeline
            .iter()
            .filter(|e| e.kind == EventKind::ReceiptIssued && e.subject.as_ref() == refund)
            .count();
        Ok(u32::try_from(issued).unwrap_or(u32::MAX))
    }

    async fn record(
        &self,
        number: &OrderNumber,
        subject: Option<&MerchantRef>,
        kind: EventKind,
        body: serde_json::Value,
        note: Option<NewNote>,
    ) -> Result<Order, DeskError> {
        loop {
            let order = self.order(number).await?;
            let at = self.now();
            let event = crate::ports::NewEvent {
                kind,
                order: Some(number.clone()),
                subject: subject.cloned(),
                actor: self.actor(),
                at,
                day: self.day_of(at)?,
                body: body.clone(),
                evidence: None,
            };
            let commit = Commit {
                order,
                events: vec![event],
                work: Vec::new(),
                sealed: Vec::new(),
                note: note.clone(),
            };
            match self.ports.store.commit(commit).await {
                Ok(order) => {
                    self.tell_order(number, order.version());
                    return Ok(order);
                }
                // Another change was faster; a note or a receipt goes on top of it.
                Err(crate::ports::StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
