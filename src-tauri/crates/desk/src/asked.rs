//! What an intent asked for. The same intent with the same wish is the same order; with another wish it is a mistake
//! of the caller, and is told so: nothing is charged by guessing which of the two was meant.

use crate::{Desk, DeskError, ports::EventKind};
use paydesk_domain::{Money, Order};
use serde_json::json;

/// The member of the opening event that holds the digest of the wish.
const ASKED: &str = "asked";

/// What an order is opened for.
pub(crate) struct Wish<'a> {
    /// How much.
    pub amount: Money,
    /// Whose code is shown; none where the scanned code names it.
    pub channel: Option<&'a str>,
    /// A note.
    pub note: &'a str,
    /// The scanned code: a secret, which the log gets only inside of the keyed digest.
    pub code: Option<&'a str>,
}

impl Desk {
    /// The keyed digest of a wish, hexadecimal; none while the keys are locked.
    pub(crate) fn digest_of(&self, wish: &Wish<'_>) -> Option<String> {
        let key = self.ports.vault.data_key().ok()?;
        let (minor, currency) = (wish.amount.minor(), wish.amount.currency().code());
        let text = json!([minor, currency, wish.channel, wish.code, wish.note]).to_string();
        Some(paydesk_signing::hex(&key.mac(ASKED, text.as_bytes())))
    }

    /// The order of an earlier call with the same intent, if it asked for the same.
    ///
    /// # Errors
    /// `IntentReused` when it asked for something else: nothing new was made.
    pub(crate) async fn same_wish(
        &self,
        order: Order,
        amount: Money,
        digest: Option<&str>,
    ) -> Result<Order, DeskError> {
        let reused = || DeskError::IntentReused(order.number().clone());
        if order.plan().total.money() != amount {
            return Err(reused());
        }
        // Without the keys the amount alone can be compared.
        let Some(digest) = digest else {
            return Ok(order);
        };
        let events = self.ports.store.timeline(order.number()).await?;
        let opened = events.iter().find(|it| it.kind == EventKind::OrderOpened);
        // Orders of an earlier version do not say what was asked for.
        let before = opened.and_then(|event| event.body.get(ASKED)?.as_str());
        if before.is_some_and(|before| before != digest) {
            return Err(reused());
        }
        Ok(order)
    }
}
