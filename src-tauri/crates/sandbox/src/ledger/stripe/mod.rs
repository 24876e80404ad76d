//! What the ledger keeps of Stripe beside its trades: intents and sessions, readers, kept answers, payouts, reports.
//!
//! A trade of Stripe is one PaymentIntent, with the Checkout Session around it where there is one. Money moves by the
//! events of every channel; the events here change what is told of it. It must never know a name of the wire.

mod balance;
mod events;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use balance::{BalanceLine, LineSource};
pub(crate) use events::StripeEvent;

use super::{Currency, Fen, TradeKey};
use crate::customers::Behaviour;

/// How long an idempotency key is remembered (protocol reference, "Idempotency").
const KEPT_MS: i64 = 24 * 3_600_000;

/// What a PaymentIntent was asked with, and what became of it beside money.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct StripeTerms {
    /// `pi_…`, from the beginning on; a session shows it when its customer has tried to pay.
    pub intent: String,
    /// The merchant's own words on the intent.
    pub metadata: BTreeMap<String, String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where a receipt goes.
    pub receipt_email: Option<String>,
    /// On the payer's statement.
    pub statement_descriptor: Option<String>,
    /// Behind the merchant's usual words on the payer's statement.
    pub statement_descriptor_suffix: Option<String>,
    /// How it may be paid.
    pub method_types: Vec<String>,
    /// Whether the account's own choice of methods was asked for.
    pub is_automatic: bool,
    /// `automatic`, `automatic_async` or `manual`.
    pub capture_method: String,
    /// What the payer pays with, once that is known.
    pub method: Option<StripeMethod>,
    /// What it waits for while it is neither paid nor canceled.
    pub awaits: Awaits,
    /// Declined attempts, oldest first.
    pub attempts: Vec<StripeAttempt>,
    /// When the money was held for a capture.
    pub authorised_ms: Option<i64>,
    /// Why it was canceled.
    pub cancellation_reason: Option<String>,
    /// The Checkout Session around it.
    pub session: Option<StripeSession>,
}

impl StripeTerms {
    /// Whether the payer's money is only held at first, and taken by a capture.
    #[must_use]
    pub fn is_held_first(&self) -> bool {
        self.capture_method == "manual"
    }

    /// The payer's money is held from this moment on.
    pub(crate) fn hold(&mut self, at_ms: i64) {
        self.awaits = Awaits::Capture;
        self.authorised_ms = Some(at_ms);
    }

    /// The merchant's number of the order, where one was given: under the name of the documents, or a till's own.
    #[must_use]
    pub fn order(&self) -> Option<&str> {
        let session = self.session.as_ref();
        let of_session = session.and_then(|session| session.metadata.get("order_id"));
        let of_reference = session.and_then(|session| session.client_reference_id.as_ref());
        let order = self
            .metadata
            .get("order_id")
            .or(of_session)
            .or(of_reference)
            .or_else(|| self.metadata.get("paydesk_payment"));
        order.map(String::as_str)
    }
}

/// What an intent waits for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaits {
    /// The payer, on a phone.
    Action,
    /// The merchant, who holds the money and has not taken it.
    Capture,
    /// The merchant, to go on with the method that is known.
    Confirmation,
    /// A way to pay.
    #[default]
    Method,
}

/// What the payer pays with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StripeMethod {
    /// `pm_…`.
    pub id: String,
    /// `card`, `card_present`, `alipay`, `wechat_pay`.
    pub kind: String,
    /// `visa`, where it is a card.
    pub brand: String,
    /// The last four digits of a card.
    pub last4: String,
}

impl StripeMethod {
    /// Whether it is a card, present or not.
    #[must_use]
    pub fn is_card(&self) -> bool {
        matches!(self.kind.as_str(), "card" | "card_present")
    }
}

/// Why a card was declined.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Decline {
    /// `card_declined`, `expired_card`, `incorrect_pin`.
    pub code: String,
    /// The issuer's own word.
    pub decline_code: String,
}

/// An attempt that was declined.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StripeAttempt {
    /// When.
    pub at_ms: i64,
    /// Why.
    pub decline: Decline,
    /// With what.
    pub method: StripeMethod,
}

/// A Checkout Session.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StripeSession {
    /// `cs_test_…`.
    pub id: String,
    /// The merchant's reference.
    pub client_reference_id: Option<String>,
    /// Where the payer goes after paying.
    pub success_url: Option<String>,
    /// Where the payer goes otherwise.
    pub cancel_url: Option<String>,
    /// The merchant's own words on the session, not on its intent.
    pub metadata: BTreeMap<String, String>,
    /// Which page shows it.
    pub ui_mode: String,
}

/// What a refund of Stripe was asked with, and what became of it after it had succeeded.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct StripeRefund {
    /// The merchant's own words.
    pub metadata: BTreeMap<String, String>,
    /// The key under which it was asked for.
    pub idempotency_key: Option<String>,
    /// When it is going to fail although it had succeeded.
    pub fails_ms: Option<i64>,
    /// When it failed or was canceled; of a dispute, when it was closed.
    pub closed_ms: Option<i64>,
    /// Whether it was canceled, not failed.
    pub is_canceled: bool,
}

/// A card reader on the counter.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StripeReader {
    /// `tmr_…`.
    pub id: String,
    /// What the merchant calls it.
    pub label: String,
    /// `simulated_wisepos_e` and others.
    pub device_type: String,
    /// `tml_…`.
    pub location: Option<String>,
    /// The merchant's own words.
    pub metadata: BTreeMap<String, String>,
    /// When it was registered.
    pub registered_ms: i64,
    /// Whether Stripe reaches it.
    pub is_online: bool,
    /// Who is going to stand in front of it; without anybody a card has to be presented by a call.
    pub customer: Option<Behaviour>,
    /// What it does, or did last.
    pub action: Option<ReaderAction>,
}

/// What a reader does.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReaderAction {
    /// `process_payment_intent`.
    pub kind: String,
    /// The trade that is to be paid.
    pub key: Option<TradeKey>,
    /// What it was asked with.
    pub config: Value,
    /// When it began.
    pub started_ms: i64,
    /// Whether a card is being authorised: then it cannot be called off.
    pub is_authorising: bool,
    /// How it ended; without it, it goes on.
    pub ended: Option<ActionEnd>,
}

/// How an action of a reader ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionEnd {
    /// The card was declined, or the customer or the merchant called it off.
    Failed {
        /// The code.
        code: String,
        /// The words.
        message: String,
    },
    /// It did what it was asked.
    Succeeded,
}

/// A place with readers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StripeLocation {
    /// `tml_…`.
    pub id: String,
    /// What the merchant calls it.
    pub display_name: String,
    /// City, country, lines.
    pub address: BTreeMap<String, String>,
    /// The merchant's own words.
    pub metadata: BTreeMap<String, String>,
}

/// An answer that is given again to whoever asks under the same key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct KeptAnswer {
    pub(crate) fingerprint: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) at_ms: i64,
}

/// A payout to the merchant's bank, made at the beginning of a day in UTC.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct StripePayout {
    pub(crate) id: String,
    pub(crate) currency: Currency,
    pub(crate) amount: Fen,
    pub(crate) created_ms: i64,
    pub(crate) arrival_ms: i64,
    /// The lines of the balance that are in it.
    pub(crate) lines: Vec<String>,
    pub(crate) failed_ms: Option<i64>,
}

/// A report that was asked for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct StripeReport {
    pub(crate) id: String,
    pub(crate) file: String,
    pub(crate) report_type: String,
    pub(crate) parameters: Value,
    pub(crate) created_ms: i64,
    /// When its file is written.
    pub(crate) ready_ms: i64,
}

/// What an event tells of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum FactSubject {
    Charge(TradeKey),
    Dispute(TradeKey, String),
    Intent(TradeKey),
    Payout(String),
    Reader(String),
    Refund(TradeKey, String),
    Report(String),
    Session(TradeKey),
}

/// Something that happened, as the list of events tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StripeFact {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) subject: FactSubject,
    pub(crate) at_ms: i64,
}

/// Everything of Stripe that is not a trade.
#[derive(Debug, Default)]
pub(crate) struct StripeBooks {
    kept: BTreeMap<String, KeptAnswer>,
    pub(super) readers: BTreeMap<String, StripeReader>,
    pub(super) locations: BTreeMap<String, StripeLocation>,
    pub(super) payouts: Vec<StripePayout>,
    pub(super) reports: Vec<StripeReport>,
    facts: Vec<StripeFact>,
    /// Where events are told.
    endpoint: Option<String>,
    /// The day in UTC, counted from 1970, up to which payouts were made.
    paid_out_until: Option<i64>,
}

impl StripeBooks {
    /// The answer under a key, while it is remembered.
    pub(crate) fn kept(&self, key: &str, now_ms: i64) -> Option<&KeptAnswer> {
        let kept = self.kept.get(key);
        kept.filter(|kept| now_ms.saturating_sub(kept.at_ms) < KEPT_MS)
    }

    pub(crate) fn readers(&self) -> impl DoubleEndedIterator<Item = &StripeReader> {
        self.readers.values()
    }

    pub(crate) fn reader(&self, id: &str) -> Option<&StripeReader> {
        self.readers.get(id)
    }

    pub(crate) fn locations(&self) -> impl DoubleEndedIterator<Item = &StripeLocation> {
        self.locations.values()
    }

    pub(crate) fn payouts(&self) -> &[StripePayout] {
        &self.payouts
    }

    pub(crate) fn reports(&self) -> &[StripeReport] {
        &self.reports
    }

    /// Oldest first.
    pub(crate) fn facts(&self) -> &[StripeFact] {
        &self.facts
    }

    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }
}
