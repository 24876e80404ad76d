//! What an intent asked for. The same intent with the same wish is the same order, or the same part of one; with
//! another wish it is a mistake of the caller, and is told so: nothing is charged by guessing which was meant.

use crate::{Desk, DeskError, ports::EventKind};
use paydesk_domain::{Amount, Blocked, Money, Order, OrderNumber, Payment};
use serde_json::{Value, json};

/// The member of an event that holds the digest of the wish.
pub(crate) const ASKED: &str = "asked";

/// What an attempt collects (ADR 37).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum PartOf {
    /// The first part of a new order.
    New {
        /// What is owed in all.
        total: Money,
    },
    /// A further part of an order, at most what is still owed.
    Order(OrderNumber),
    /// All of a new order.
    #[default]
    Whole,
}

/// What is to be collected.
pub(crate) struct Wish<'a> {
    /// How much.
    pub amount: Money,
    /// Whose code is shown; none where the scanned code names it.
    pub channel: Option<&'a str>,
    /// A note.
    pub note: &'a str,
    /// The scanned code: a secret, which the log gets only inside of the keyed digest.
    pub code: Option<&'a str>,
    /// Whether a card reader of the shop takes it.
    pub at_reader: bool,
}

/// A wish as it is held against what an earlier call of its intent began.
#[derive(Clone)]
pub(crate) struct Asked {
    /// Made by the caller before the first try.
    pub intent: String,
    /// How much.
    pub amount: Money,
    /// Of what.
    pub part: PartOf,
    /// The keyed digest of everything, hexadecimal; none while the keys are locked, and of cash.
    pub digest: Option<String>,
}

impl Asked {
    /// What is owed in all, where that is known before the order is looked at.
    pub(crate) fn total(&self) -> Money {
        match self.part {
            PartOf::New { total } => total,
            PartOf::Order(_) | PartOf::Whole => self.amount,
        }
    }

    /// Whether it is a further part of this order.
    pub(crate) fn is_part_of(&self, number: &OrderNumber) -> bool {
        matches!(&self.part, PartOf::Order(of) if of == number)
    }
}

impl Desk {
    /// The keyed digest of a wish, hexadecimal; none while the keys are locked.
    pub(crate) fn digest_of(&self, wish: &Wish<'_>, part: &PartOf) -> Option<String> {
        let key = self.ports.vault.data_key().ok()?;
        let (minor, currency) = (wish.amount.minor(), wish.amount.currency().code());
        let mut text = json!([minor, currency, wish.channel, wish.code, wish.note]);
        // A reader is one more word, and says of every other way what was said before there were readers.
        if let (Some(words), true) = (text.as_array_mut(), wish.at_reader) {
            words.push(json!("at_reader"));
        }
        // A whole order has no more words: its digest is what it was before there were parts.
        let of = match part {
            PartOf::New { total } => Some(json!({ "total": total })),
            PartOf::Order(number) => Some(json!({ "order": number })),
            PartOf::Whole => None,
        };
        if let (Some(words), Some(of)) = (text.as_array_mut(), of) {
            words.push(of);
        }
        Some(paydesk_signing::hex(
            &key.mac(ASKED, text.to_string().as_bytes()),
        ))
    }

    /// The order in which an earlier call with this intent began something, if it asked for the same.
    ///
    /// # Errors
    /// `OrderNotFound` for a part of an order that is not there; as for `same_wish`.
    pub(crate) async fn begun_before(&self, asked: &Asked) -> Result<Option<Order>, DeskError> {
        let begun = match &asked.part {
            PartOf::New { .. } | PartOf::Whole => self.ports.store.by_intent(&asked.intent).await?,
            PartOf::Order(number) => {
                let order = self.order(number).await?;
                let begun = order.part_of_intent(&asked.intent).is_some();
                begun.then_some(order)
            }
        };
        match begun {
            Some(order) => Ok(Some(self.same_wish(order, asked).await?)),
            None => Ok(None),
        }
    }

    /// The order of an earlier call with the same intent, if it asked for the same.
    ///
    /// # Errors
    /// `IntentReused` when it asked for something else: nothing new was made.
    pub(crate) async fn same_wish(&self, order: Order, asked: &Asked) -> Result<Order, DeskError> {
        let reused = || DeskError::IntentReused(order.number().clone());
        let part = order.part_of_intent(&asked.intent);
        let begun = part.map_or(order.plan().total, |part| part.plan().amount);
        if begun.money() != asked.total() {
            return Err(reused());
        }
        // Without the keys the amount alone can be compared.
        let Some(digest) = &asked.digest else {
            return Ok(order);
        };
        let subject = part.map(Payment::reference);
        let kind = match subject {
            Some(_) => EventKind::PaymentBegun,
            None => EventKind::OrderOpened,
        };
        let events = self.ports.store.timeline(order.number()).await?;
        let mut events = events.iter();
        let begun = events.find(|it| it.kind == kind && it.subject.as_ref() == subject);
        // Orders of an earlier version do not say what was asked for.
        let before = begun.and_then(|event| event.body.get(ASKED).and_then(Value::as_str));
        if before.is_some_and(|before| before != digest) {
            return Err(reused());
        }
        Ok(order)
    }
}

/// A first part is at most what is owed in all; of a further one the order says how much is left.
pub(crate) fn part_fits(amount: Amount, asked: &Asked) -> Result<(), DeskError> {
    let total = Amount::new(asked.total())?;
    if total.currency() != amount.currency() {
        return Err(Blocked::OtherCurrency.into());
    }
    if amount.minor() > total.minor() {
        return Err(Blocked::ExceedsOwed.into());
    }
    Ok(())
}
