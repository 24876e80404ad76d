//! Invoices that are there: read, listed, described anew, archived, marked, and their ways to be paid.
//!
//! It must never take money, and never give any back.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::asked::{Asked, Query};
use super::create::destination;
use super::view::{self, Detail};
use super::{Store, find_invoice};
use crate::exchange::Call;
use crate::ledger::{CoinMethod, Invoice, InvoiceStatus};
use crate::world::World;

pub(super) fn get(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let query = Query::read(call);
    let with_methods = query.flag("includePaymentMethods")?.unwrap_or(false);
    let ledger = world.ledger()?;
    let invoice = find_invoice(&ledger, id)?;
    if !world.is_seen(invoice.created_ms) {
        return Err(Refusal::not_found("invoice-not-found", "invoice"));
    }
    Ok(Answer::ok(told(world, invoice, call, with_methods)))
}

fn told(world: &World, invoice: &Invoice, call: &Call, with_methods: bool) -> Value {
    let mut told = view::invoice(invoice, &world.own_host(call));
    if let (true, Some(fields)) = (with_methods, told.as_object_mut()) {
        let detail = Detail {
            only_standing: true,
            is_sensitive: false,
        };
        let methods = invoice.methods.iter();
        let methods: Vec<Value> = methods
            .map(|way| view::method(invoice, way, detail))
            .collect();
        fields.insert("paymentMethods".to_owned(), json!(methods));
    }
    told
}

/// Newest first; every filter that is named has to fit.
pub(super) fn list(world: &World, store: Store<'_>, call: &Call) -> Result<Answer, Refusal> {
    let query = Query::read(call);
    let statuses: Vec<InvoiceStatus> = query
        .all("status")
        .map(|name| {
            serde_json::from_value(json!(name))
                .map_err(|_| Refusal::field("status", format!("Invalid status {name}")))
        })
        .collect::<Result<_, _>>()?;
    let order_ids: Vec<&str> = query.all("orderId").collect();
    let (start, end) = (query.number("startDate")?, query.number("endDate")?);
    let search = query.one("textSearch").map(str::to_lowercase);
    let with_archived = query.flag("includeArchived")?.unwrap_or(false);
    let with_methods = query.flag("includePaymentMethods")?.unwrap_or(false);
    let (skip, take) = (query.number("skip")?, query.number("take")?);
    let count = |number: Option<i64>, usual: usize| {
        number.map_or(usual, |number| {
            usize::try_from(number).unwrap_or(usize::MAX)
        })
    };
    let ledger = world.ledger()?;
    let fits = |invoice: &&Invoice| {
        let made = view::seconds(invoice.created_ms);
        let is_named = || {
            let own = invoice.order_id();
            order_ids.is_empty() || own.is_some_and(|own| order_ids.contains(&own))
        };
        invoice.store_id == store.id
            && (with_archived || !invoice.is_archived)
            && is_named()
            && (statuses.is_empty() || statuses.contains(&invoice.status))
            && start.is_none_or(|start| made >= start)
            && end.is_none_or(|end| made <= end)
            && search.as_ref().is_none_or(|text| is_found(invoice, text))
    };
    let found = ledger.coins().invoices().rev().filter(fits);
    let page = found.skip(count(skip, 0)).take(count(take, usize::MAX));
    let rows: Vec<Value> = page
        .filter(|invoice| world.is_seen(invoice.created_ms))
        .map(|invoice| told(world, invoice, call, with_methods))
        .collect();
    Ok(Answer::ok(json!(rows)))
}

/// Whether any of its texts holds the words, which are in small letters.
fn is_found(invoice: &Invoice, words: &str) -> bool {
    let in_metadata = ["orderId", "itemDesc", "buyerEmail"];
    let metadata = in_metadata
        .into_iter()
        .filter_map(|name| invoice.terms.metadata.get(name).and_then(Value::as_str));
    let own = invoice.terms.search_terms.iter().map(String::as_str);
    let ways = invoice.methods.iter();
    let ways = ways.filter_map(|way| way.destination.as_deref());
    let payments = invoice.payments.iter().map(|payment| payment.id.as_str());
    let mut texts = metadata
        .chain(own)
        .chain(ways)
        .chain(payments)
        .chain([invoice.id.as_str()]);
    texts.any(|text| text.to_lowercase().contains(words))
}

/// Puts other metadata in the place of its own; nothing else of an invoice can be changed.
pub(super) fn update(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let mut asked = Asked::read(call)?;
    let metadata = asked.value("metadata").cloned();
    if !metadata.as_ref().is_some_and(Value::is_object) {
        asked.blame("metadata", "Must be an object");
    }
    asked.checked()?;
    change(world, id, call, |invoice| {
        invoice.terms.metadata = metadata.unwrap_or(json!({}));
    })
}

/// Hides it from lists; it lives on.
pub(super) fn archive(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    change(world, id, call, |invoice| invoice.is_archived = true)?;
    Ok(Answer::empty())
}

pub(super) fn unarchive(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    change(world, id, call, |invoice| invoice.is_archived = false)
}

fn change(
    world: &World,
    id: &str,
    call: &Call,
    change: impl FnOnce(&mut Invoice),
) -> Result<Answer, Refusal> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let mut invoice = find_invoice(&ledger, id)?.clone();
    change(&mut invoice);
    let answer = told(world, &invoice, call, false);
    ledger.keep_invoice(invoice, Vec::new(), now_ms)?;
    Ok(Answer::ok(answer))
}

/// Sets the status by hand.
pub(super) fn mark(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let mut asked = Asked::read(call)?;
    let status = match asked.text("status").as_deref() {
        Some("Settled") => Some(InvoiceStatus::Settled),
        Some("Invalid") => Some(InvoiceStatus::Invalid),
        _ => {
            asked.blame("status", "Status can only be marked to Invalid or Settled");
            None
        }
    };
    asked.checked()?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let mut invoice = find_invoice(&ledger, id)?.clone();
    let allowed = status.filter(|status| invoice.markable().contains(status));
    let Some(status) = allowed else {
        let message = "The invoice cannot be marked like this in its current state";
        return Err(Refusal::field("status", message));
    };
    let whats = invoice.mark(status);
    let answer = told(world, &invoice, call, false);
    ledger.keep_invoice(invoice, whats, now_ms)?;
    Ok(Answer::ok(answer))
}

pub(super) fn methods(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let query = Query::read(call);
    let detail = Detail {
        only_standing: query.flag("onlyAccountedPayments")?.unwrap_or(true),
        is_sensitive: query.flag("includeSensitive")?.unwrap_or(false),
    };
    let ledger = world.ledger()?;
    let invoice = find_invoice(&ledger, id)?;
    let told = |way| view::method(invoice, way, detail);
    let methods: Vec<Value> = invoice.methods.iter().map(told).collect();
    Ok(Answer::ok(json!(methods)))
}

/// A way that was left out at first can be paid from now on, at the rate that was locked.
pub(super) fn activate(world: &World, id: &str, method: &str) -> Result<Answer, Refusal> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let mut invoice = find_invoice(&ledger, id)?.clone();
    let not_found = || Refusal::not_found("payment-method-not-found", "payment method");
    let method = CoinMethod::named(method).ok_or_else(not_found)?;
    let made = destination(&invoice, method, now_ms);
    let mut ways = invoice.methods.iter_mut();
    let way = ways
        .find(|way| way.method == method)
        .ok_or_else(not_found)?;
    if way.destination.is_none() {
        way.destination = Some(made);
        ledger.keep_invoice(invoice, Vec::new(), now_ms)?;
    }
    Ok(Answer::empty())
}
