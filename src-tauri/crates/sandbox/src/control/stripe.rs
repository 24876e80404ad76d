//! What only Stripe has: the customer at a reader, disputes, payouts that come back, and where events are told.
//!
//! It must never take a card that the customer does not put down.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Control, Refused, read, written};
use crate::customers::{Behaviour, CUSTOMERS};
use crate::exchange::Call;
use crate::ledger::{Fen, JournalError, StripeReader};
use crate::stripe::{self, ReaderAct, ReaderScreen};

/// Where notices may go: nothing else is ever called.
const OWN: [&str; 2] = ["http://127.0.0.1", "http://localhost"];

#[derive(Debug, Deserialize)]
struct ReaderAsked {
    /// Without it the reader that was issued with the keys.
    reader: Option<String>,
    online: Option<bool>,
    /// The key of a customer, or an empty text for nobody.
    customer: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CardAsked {
    /// Without it the reader that was issued with the keys.
    reader: Option<String>,
    act: ReaderAct,
}

#[derive(Debug, Deserialize)]
struct DisputeAsked {
    payment_intent: String,
    amount: Option<Fen>,
    #[serde(default = "fraudulent")]
    reason: String,
}

fn fraudulent() -> String {
    "fraudulent".to_owned()
}

#[derive(Debug, Deserialize)]
struct DecisionAsked {
    dispute: String,
    won: bool,
}

#[derive(Debug, Deserialize)]
struct PayoutAsked {
    payout: String,
}

#[derive(Debug, Deserialize)]
struct EndpointAsked {
    url: Option<String>,
}

impl Control {
    pub(super) fn stripe(&self, path: &str, call: &Call) -> Result<Value, Refused> {
        let nothing = || Refused(409, "there is nothing that fits".to_owned());
        match path {
            "stripe/reader" => {
                let asked: ReaderAsked = read(call)?;
                let customer = asked.customer.map(|key| customer_named(&key)).transpose()?;
                let reader = self.set_reader(asked.reader.as_deref(), asked.online, customer)?;
                written(&reader.ok_or_else(|| Refused(404, "no such reader".to_owned()))?)
            }
            "stripe/card" => {
                let asked: CardAsked = read(call)?;
                let screen = self.serve_at_reader(asked.reader.as_deref(), asked.act)?;
                written(&screen.ok_or_else(|| Refused(404, "no such reader".to_owned()))?)
            }
            "stripe/dispute" => {
                let asked: DisputeAsked = read(call)?;
                let opened = stripe::dispute(
                    &self.world,
                    &asked.payment_intent,
                    asked.amount,
                    &asked.reason,
                )?;
                opened.ok_or_else(nothing)
            }
            "stripe/dispute/decide" => {
                let asked: DecisionAsked = read(call)?;
                stripe::decide_dispute(&self.world, &asked.dispute, asked.won)?.ok_or_else(nothing)
            }
            "stripe/payout/fail" => {
                let asked: PayoutAsked = read(call)?;
                let has_failed = stripe::fail_payout(&self.world, &asked.payout)?;
                if has_failed {
                    Ok(json!({ "failed": asked.payout }))
                } else {
                    Err(nothing())
                }
            }
            "stripe/endpoint" => {
                let asked: EndpointAsked = read(call)?;
                let is_own = |url: &String| OWN.iter().any(|own| url.starts_with(own));
                if asked.url.as_ref().is_some_and(|url| !is_own(url)) {
                    return Err(Refused(
                        400,
                        "only http://127.0.0.1 and http://localhost are ever called".to_owned(),
                    ));
                }
                stripe::set_endpoint(&self.world, asked.url.clone())?;
                Ok(json!({ "url": asked.url }))
            }
            _ => Err(Refused(404, "no such control".to_owned())),
        }
    }

    /// Who stands at a reader of Stripe, and whether Stripe reaches it.
    pub(crate) fn set_reader(
        &self,
        reader: Option<&str>,
        is_online: Option<bool>,
        customer: Option<Option<Behaviour>>,
    ) -> Result<Option<StripeReader>, JournalError> {
        let own = &self.world.keys.merchant.stripe.reader;
        stripe::set_reader(&self.world, reader.unwrap_or(own), is_online, customer)
    }

    /// The customer at a reader of Stripe does something.
    pub(crate) fn serve_at_reader(
        &self,
        reader: Option<&str>,
        act: ReaderAct,
    ) -> Result<Option<ReaderScreen>, JournalError> {
        let own = &self.world.keys.merchant.stripe.reader;
        stripe::serve_at_reader(&self.world, reader.unwrap_or(own), act)
    }

    pub(crate) fn set_endpoint(&self, url: Option<String>) -> Result<(), JournalError> {
        stripe::set_endpoint(&self.world, url)
    }
}

fn customer_named(key: &str) -> Result<Option<Behaviour>, Refused> {
    if key.is_empty() {
        return Ok(None);
    }
    let found = CUSTOMERS.iter().find(|customer| customer.key == key);
    let unknown = || Refused(400, format!("there is no customer {key}"));
    found
        .map(|customer| Some(customer.behaviour))
        .ok_or_else(unknown)
}
