//! Webhooks: the merchant's addresses, what was delivered to them, and the text of an event.
//!
//! It must never tell a secret that it was given earlier.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::asked::{Asked, Query};
use super::{Store, signature, view};
use crate::exchange::Call;
use crate::ledger::{CoinFact, Delivery, Hook, Ledger, What};
use crate::notices::DueNotice;
use crate::world::World;

pub(super) fn find<'a>(ledger: &'a Ledger, id: &str) -> Result<&'a Hook, Refusal> {
    let found = ledger.coins().hook(id);
    found.ok_or_else(|| Refusal::not_found("webhook-not-found", "webhook"))
}

fn told(hook: &Hook) -> Value {
    json!({
        "id": hook.id,
        "enabled": hook.is_enabled,
        "automaticRedelivery": hook.redelivers,
        "url": hook.url,
        "authorizedEvents": { "everything": hook.takes_everything, "specificEvents": hook.events },
    })
}

pub(super) fn list(world: &World, store: Store<'_>) -> Result<Answer, Refusal> {
    let ledger = world.ledger()?;
    let own = ledger
        .coins()
        .hooks()
        .filter(|hook| hook.store_id == store.id);
    Ok(Answer::ok(own.map(told).collect()))
}

pub(super) fn get(world: &World, id: &str) -> Result<Answer, Refusal> {
    let ledger = world.ledger()?;
    Ok(Answer::ok(told(find(&ledger, id)?)))
}

/// The secret is told once, here.
pub(super) fn create(world: &World, store: Store<'_>, call: &Call) -> Result<Answer, Refusal> {
    let fresh = Hook {
        id: world.chance.base58(22),
        store_id: store.id.to_owned(),
        url: String::new(),
        secret: world.chance.base58(27),
        is_enabled: true,
        redelivers: true,
        takes_everything: true,
        events: Vec::new(),
    };
    let hook = read(call, fresh)?;
    let mut answer = told(&hook);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("secret".to_owned(), json!(hook.secret));
    }
    world.ledger()?.keep_coins(vec![CoinFact::Hook(hook)])?;
    Ok(Answer::ok(answer))
}

pub(super) fn update(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let mut ledger = world.ledger()?;
    let hook = read(call, find(&ledger, id)?.clone())?;
    let answer = told(&hook);
    ledger.keep_coins(vec![CoinFact::Hook(hook)])?;
    Ok(Answer::ok(answer))
}

fn read(call: &Call, mut hook: Hook) -> Result<Hook, Refusal> {
    let mut asked = Asked::read(call)?;
    match asked.text("url") {
        Some(url) if url.contains("://") => hook.url = url,
        Some(_) => asked.blame("url", "Invalid URL"),
        None if hook.url.is_empty() => asked.blame("url", "The URL is required"),
        None => {}
    }
    if let Some(secret) = asked.text("secret") {
        hook.secret = secret;
    }
    hook.is_enabled = asked.flag("enabled").unwrap_or(hook.is_enabled);
    hook.redelivers = asked.flag("automaticRedelivery").unwrap_or(hook.redelivers);
    if asked.value("authorizedEvents").is_some() {
        let mut events = asked.part("authorizedEvents", "authorizedEvents.");
        hook.takes_everything = events.flag("everything").unwrap_or(true);
        hook.events = events.texts("specificEvents").unwrap_or_default();
        asked.wrong.append(&mut events.wrong);
    }
    asked.checked()?;
    Ok(hook)
}

pub(super) fn delete(world: &World, id: &str) -> Result<Answer, Refusal> {
    let mut ledger = world.ledger()?;
    let id = find(&ledger, id)?.id.clone();
    ledger.keep_coins(vec![CoinFact::HookGone { id }])?;
    Ok(Answer::empty())
}

/// What was delivered or tried, newest first.
pub(super) fn deliveries(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let count = Query::read(call).number("count")?;
    let count = count.map_or(usize::MAX, |count| {
        usize::try_from(count).unwrap_or(usize::MAX)
    });
    let ledger = world.ledger()?;
    find(&ledger, id)?;
    let all = ledger.coins().deliveries();
    let mut sent: Vec<(i64, &Delivery)> = all
        .filter(|delivery| delivery.hook_id == id)
        .filter_map(|delivery| Some((delivery.sent_ms?, delivery)))
        .collect();
    sent.sort_by_key(|(sent_ms, delivery)| (std::cmp::Reverse(*sent_ms), delivery.attempt));
    let rows = sent.into_iter().take(count).map(|(sent_ms, delivery)| {
        let mut row = json!({
            "id": delivery.id,
            "timestamp": view::seconds(delivery.told.at_ms),
            "deliveryTime": view::seconds(sent_ms),
            "httpCode": delivery.status,
            "status": match delivery.status {
                None => "Failed",
                Some(_) if delivery.is_taken() => "HttpSuccess",
                Some(_) => "HttpError",
            },
        });
        if let (true, Some(fields)) = (delivery.status.is_none(), row.as_object_mut()) {
            fields.insert(
                "errorMessage".to_owned(),
                json!("No connection could be made"),
            );
        }
        row
    });
    Ok(Answer::ok(rows.collect()))
}

/// Delivers once more, at once; answers the id of the new delivery.
pub(super) fn redeliver(world: &World, hook_id: &str, id: &str) -> Result<Answer, Refusal> {
    let at_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    find(&ledger, hook_id)?;
    let known = ledger.coins().delivery(id);
    if known.is_none_or(|delivery| delivery.hook_id != hook_id) {
        return Err(Refusal::not_found("webhookdelivery-not-found", "delivery"));
    }
    let fresh = ledger.coins().next_delivery(id);
    let id = id.to_owned();
    ledger.keep_coins(vec![CoinFact::Redelivered { id, at_ms }])?;
    Ok(Answer::ok(json!(fresh)))
}

/// A delivery as it goes out; `None` when its address is gone.
pub(crate) fn notice(ledger: &Ledger, delivery: &Delivery) -> Option<DueNotice> {
    let hook = ledger.coins().hook(&delivery.hook_id)?;
    let body = serde_json::to_string_pretty(&event(delivery)).ok()?;
    let signed = signature::of(hook.secret.as_bytes(), body.as_bytes());
    Some(DueNotice {
        number: delivery.id.clone(),
        url: hook.url.clone(),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("btcpay-sig".to_owned(), signed),
        ],
        body,
    })
}

fn event(delivery: &Delivery) -> Value {
    let told = &delivery.told;
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    for (name, value) in [
        ("deliveryId", json!(delivery.id)),
        ("webhookId", json!(delivery.hook_id)),
        ("originalDeliveryId", json!(delivery.original_id)),
        ("isRedelivery", json!(delivery.is_redelivery())),
        ("type", json!(told.what.name())),
        ("timestamp", json!(view::seconds(told.at_ms))),
        ("storeId", json!(told.store_id)),
    ] {
        put(name, value);
    }
    if let Some(id) = &told.invoice_id {
        put("invoiceId", json!(id));
        put("metadata", told.metadata.clone());
    }
    match &told.what {
        What::Created | What::ExpiredPaidPartial | What::PaidAfterExpiration => {}
        What::Expired { is_partly } => {
            put("partiallyPaid", json!(is_partly));
        }
        What::Invalid { is_marked } => {
            put("manuallyMarked", json!(is_marked));
        }
        What::PaymentSettled { is_late, payment } | What::ReceivedPayment { is_late, payment } => {
            put("afterExpiration", json!(is_late));
            put("paymentMethodId", json!(payment.method));
            put("payment", view::payment(payment));
        }
        What::PayoutApproved {
            payout_id,
            pull_id,
            state,
        }
        | What::PayoutCreated {
            payout_id,
            pull_id,
            state,
        }
        | What::PayoutUpdated {
            payout_id,
            pull_id,
            state,
        } => {
            put("payoutId", json!(payout_id));
            put("pullPaymentId", json!(pull_id));
            put("payoutState", json!(state));
        }
        What::Processing { is_over } => {
            put("overPaid", json!(is_over));
        }
        What::Refund { pull_id } => {
            put("pullPaymentId", json!(pull_id));
        }
        What::Settled { is_marked, is_over } => {
            put("manuallyMarked", json!(is_marked));
            put("overPaid", json!(is_over));
        }
    }
    Value::Object(event)
}
