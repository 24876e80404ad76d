//! A new invoice. Nothing makes two of them one: a repeated request is another invoice.
//!
//! It must never take money; that comes to the address.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::asked::Asked;
use super::coin::{LightningTerms, address, lightning_invoice};
use super::{Store, view};
use crate::exchange::Call;
use crate::ledger::unit;
use crate::ledger::{
    CoinMethod, Currency, Fen, Invoice, InvoiceExtra, InvoiceMethod, InvoiceStatus, InvoiceTerms,
    SpeedPolicy, What,
};
use crate::world::World;

const MINUTE_MS: i64 = 60_000;
/// Without `expirationMinutes`.
const LIFE_MS: i64 = 15 * MINUTE_MS;
/// Without `monitoringMinutes`.
const MONITORED_MS: i64 = 1_440 * MINUTE_MS;
/// A hundred thousand bitcoin: more than anybody asks for, and far below the range of sums.
const SATS_MAX: i64 = 10_000_000_000_000;

/// What is asked for, read and checked.
struct Wish {
    currency: Currency,
    /// Nothing for a top-up.
    price: Option<Fen>,
    methods: Vec<CoinMethod>,
    life_ms: i64,
    monitored_ms: i64,
    terms: InvoiceTerms,
}

pub(super) fn create(world: &World, store: Store<'_>, call: &Call) -> Result<Answer, Refusal> {
    let wish = read(store, call)?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let rate = ledger.coins().rate(wish.currency);
    let Some(rate) = rate else {
        let code = wish.currency.code();
        let message = format!("No rate of BTC_{code} could be fetched");
        return Err(Refusal::field("paymentMethods", message));
    };
    let sats = match wish.price {
        None => 0,
        Some(price) => rate
            .sats(price, wish.currency)
            .filter(|sats| *sats <= SATS_MAX)
            .ok_or_else(|| Refusal::field("amount", "The amount is too large."))?,
    };
    let is_lazy = wish.terms.is_lazy;
    let mut invoice = Invoice {
        id: world.chance.base58(22),
        store_id: store.id.to_owned(),
        currency: wish.currency,
        price: wish.price.unwrap_or(Fen::ZERO),
        is_top_up: wish.price.is_none(),
        rate,
        sats,
        terms: wish.terms,
        created_ms: now_ms,
        expires_ms: now_ms.saturating_add(wish.life_ms),
        monitored_ms: now_ms
            .saturating_add(wish.life_ms)
            .saturating_add(wish.monitored_ms),
        status: InvoiceStatus::New,
        extra: InvoiceExtra::None,
        is_archived: false,
        methods: Vec::new(),
        payments: Vec::new(),
    };
    for method in wish.methods {
        let destination = (!is_lazy).then(|| destination(&invoice, method, now_ms));
        invoice.methods.push(InvoiceMethod {
            method,
            destination,
        });
    }
    let mut told = vec![What::Created];
    // An invoice about nothing is paid.
    told.extend(invoice.live(now_ms));
    let answer = view::invoice(&invoice, &world.own_host(call));
    ledger.keep_invoice(invoice, told, now_ms)?;
    Ok(Answer::ok(answer))
}

/// Where coins for this invoice go: for Lightning another place for every sum that is due.
pub(super) fn destination(invoice: &Invoice, method: CoinMethod, now_ms: i64) -> String {
    match method {
        CoinMethod::Chain => address(&invoice.id),
        CoinMethod::Lightning => {
            let left_ms = invoice.expires_ms.saturating_sub(now_ms).max(1_000);
            let due = invoice.due_sats();
            let described = invoice.terms.metadata.get("itemDesc");
            lightning_invoice(LightningTerms {
                seed: &format!("{}\n{due}", invoice.id),
                sats: due,
                made_s: view::seconds(now_ms),
                lives_s: view::seconds(left_ms),
                description: described.and_then(Value::as_str).unwrap_or("Paydesk"),
            })
        }
    }
}

fn read(store: Store<'_>, call: &Call) -> Result<Wish, Refusal> {
    let mut asked = Asked::read(call)?;
    let currency = match asked.text("currency") {
        None => store.currency,
        Some(code) => match unit::known(&code.to_ascii_uppercase()) {
            Some(known) => known,
            None => {
                asked.blame("currency", "Invalid currency");
                store.currency
            }
        },
    };
    let price = asked.amount("amount", currency);
    let metadata = asked.value("metadata").cloned().unwrap_or(json!({}));
    if !metadata.is_object() {
        asked.blame("metadata", "Must be an object");
    }
    let search_terms = asked.texts("additionalSearchTerms").unwrap_or_default();
    let receipt = receipt(&mut asked);
    let mut checkout = asked.part("checkout", "checkout.");
    let methods = methods(&mut checkout, price.is_none());
    let speed = speed(&mut checkout);
    let tolerance = checkout.scaled("paymentTolerance", 4, (0, 1_000_000));
    let default_method = checkout.text("defaultPaymentMethod");
    let default_method = default_method.and_then(|id| CoinMethod::named(&id));
    let is_lazy = checkout.flag("lazyPaymentMethods").unwrap_or(false);
    let minutes = |checkout: &mut Asked, name: &str, least_ms: i64| {
        // Tenths of a millisecond are not told apart: five decimals of a minute.
        let read = checkout.scaled(name, 5, (0, 36_000_000_000));
        let wanted_ms = read.map(|parts| parts.saturating_mul(3) / 5);
        if wanted_ms.is_some_and(|ms| ms < least_ms) {
            checkout.blame(name, "The value is too small.");
        }
        wanted_ms
    };
    let life_ms = minutes(&mut checkout, "expirationMinutes", MINUTE_MS / 2);
    let monitored_ms = minutes(&mut checkout, "monitoringMinutes", 0);
    let told = told_back(&mut checkout);
    asked.wrong.append(&mut checkout.wrong);
    asked.checked()?;
    Ok(Wish {
        currency,
        price,
        methods,
        life_ms: life_ms.unwrap_or(LIFE_MS),
        monitored_ms: monitored_ms.unwrap_or(MONITORED_MS),
        terms: InvoiceTerms {
            metadata,
            search_terms,
            speed,
            tolerance_millionths: tolerance.unwrap_or(0),
            default_method,
            is_lazy,
            checkout: told,
            receipt,
        },
    })
}

/// A Lightning invoice names its sum, so that a top-up can only be paid on chain.
fn methods(checkout: &mut Asked, is_top_up: bool) -> Vec<CoinMethod> {
    let ids = checkout
        .texts("paymentMethods")
        .filter(|ids| !ids.is_empty());
    let mut methods = Vec::new();
    for id in ids.iter().flatten() {
        match CoinMethod::named(id) {
            Some(method) if methods.contains(&method) => {}
            Some(method) => methods.push(method),
            None => checkout.blame("paymentMethods", format!("Invalid payment method {id}")),
        }
    }
    if ids.is_none() {
        methods.extend(CoinMethod::ALL);
    }
    methods.retain(|method| !is_top_up || *method == CoinMethod::Chain);
    if methods.is_empty() {
        checkout.blame("paymentMethods", "No payment method can take this");
    }
    methods
}

fn speed(checkout: &mut Asked) -> SpeedPolicy {
    let Some(name) = checkout.text("speedPolicy") else {
        return SpeedPolicy::MediumSpeed;
    };
    let read = serde_json::from_value(Value::String(name));
    read.unwrap_or_else(|_| {
        checkout.blame("speedPolicy", "Invalid speed policy");
        SpeedPolicy::MediumSpeed
    })
}

/// Fields of `checkout` that are told back as they came, or with what holds without them.
fn told_back(checkout: &mut Asked) -> Value {
    let mut told = Map::new();
    for (name, usual) in [
        ("expirationMinutes", json!(15)),
        ("monitoringMinutes", json!(1_440)),
        ("paymentTolerance", json!(0)),
        ("redirectURL", Value::Null),
        ("redirectAutomatically", json!(false)),
        ("defaultLanguage", Value::Null),
    ] {
        let own = checkout.value(name).cloned();
        let as_number = own.as_ref().and_then(Value::as_str).and_then(|text| {
            let is_number = usual.is_number();
            serde_json::from_str::<Value>(text)
                .ok()
                .filter(|_| is_number)
        });
        told.insert(name.to_owned(), as_number.or(own).unwrap_or(usual));
    }
    Value::Object(told)
}

fn receipt(asked: &mut Asked) -> Value {
    let mut receipt = asked.part("receipt", "receipt.");
    let flags = ["enabled", "showQR", "showPayments"].map(|name| (name, receipt.flag(name)));
    asked.wrong.append(&mut receipt.wrong);
    let told = flags.map(|(name, flag)| (name.to_owned(), json!(flag)));
    Value::Object(told.into_iter().collect())
}
