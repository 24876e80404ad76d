//! Lists with their pages, and objects inside of objects.
//!
//! Newest first, from a place on (protocol reference, "Pagination and polling"). It must never leave one out between
//! two pages.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::objects::{self, charges as charges_of, seconds};
use super::params::Params;
use super::{Cx, is_of_stripe, lookup};
use crate::ledger::{Ledger, State};

const LIMIT_MAX: i64 = 100;
const LIMIT_USUAL: i64 = 10;
const DEPTH_MAX: usize = 4;

/// What every list takes.
pub(super) const PAGED: [&str; 5] = [
    "created",
    "ending_before",
    "expand",
    "limit",
    "starting_after",
];

/// Checks the names of a list's call.
pub(super) fn only(params: &Params, own: &[&str]) -> Result<(), Refusal> {
    let known: Vec<&str> = PAGED.iter().chain(own).copied().collect();
    params.only(&known)
}

pub(super) fn limit(params: &Params) -> Result<usize, Refusal> {
    let limit = params.number("limit")?.unwrap_or(LIMIT_USUAL);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("This value must be between 1 and {LIMIT_MAX}.");
        return Err(Refusal::invalid("limit", message).with_code("parameter_invalid_integer"));
    }
    Ok(usize::try_from(limit).unwrap_or(1))
}

/// Whether a moment lies where `created`, or another range, says.
pub(super) fn is_within(params: &Params, name: &str, at_ms: i64) -> Result<bool, Refusal> {
    let at = seconds(at_ms);
    if let Ok(Some(exact)) = params.number(name) {
        return Ok(at == exact);
    }
    let range = params.below(name)?;
    range.only(&["gt", "gte", "lt", "lte"])?;
    Ok(range.number("gt")?.is_none_or(|limit| at > limit)
        && range.number("gte")?.is_none_or(|limit| at >= limit)
        && range.number("lt")?.is_none_or(|limit| at < limit)
        && range.number("lte")?.is_none_or(|limit| at <= limit))
}

/// One member before it is written: its number, its time, and how to write it.
pub(super) type Member<'a> = (String, i64, Box<dyn Fn() -> Value + 'a>);

/// A page of members that come newest first.
pub(super) fn page(url: &str, params: &Params, members: Vec<Member<'_>>) -> Result<Value, Refusal> {
    let limit = limit(params)?;
    let mut kept = Vec::new();
    for member in members {
        if is_within(params, "created", member.1)? {
            kept.push(member);
        }
    }
    let place = |name: &str| -> Result<Option<usize>, Refusal> {
        let Some(id) = params.text(name)? else {
            return Ok(None);
        };
        let at = kept.iter().position(|member| member.0 == id);
        at.map(Some).ok_or_else(|| {
            Refusal::invalid(name, format!("No such object: '{id}'")).with_code("resource_missing")
        })
    };
    let (after, before) = (place("starting_after")?, place("ending_before")?);
    let (from, to) = match (after, before) {
        (Some(_), Some(_)) => {
            let message =
                "You may only specify one of these parameters: starting_after, ending_before.";
            return Err(Refusal::invalid("starting_after", message.to_owned()));
        }
        (Some(after), None) => (after.saturating_add(1), kept.len()),
        (None, Some(before)) => (0, before),
        (None, None) => (0, kept.len()),
    };
    let all = kept.get(from..to).unwrap_or_default();
    // Before a place the nearest ones are meant, still newest first.
    let data = if before.is_some() {
        all.get(all.len().saturating_sub(limit)..)
            .unwrap_or_default()
    } else {
        all.get(..limit.min(all.len())).unwrap_or_default()
    };
    let data: Vec<Value> = data.iter().map(|member| member.2()).collect();
    Ok(json!({ "object": "list", "data": data, "has_more": all.len() > limit, "url": url }))
}

pub(super) fn intents(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &["customer"])?;
    let trades = ledger.trades().rev().filter(is_of_stripe);
    let shown = trades.filter(|trade| {
        let terms = objects::terms_of(trade);
        let is_there =
            terms.session.is_none() || trade.state == State::Paid || !terms.attempts.is_empty();
        is_there && cx.world.is_seen(trade.created_ms)
    });
    let members = shown.map(|trade| -> Member<'_> {
        (
            trade.trade_no.clone(),
            trade.created_ms,
            Box::new(move || objects::intent(trade)),
        )
    });
    page("/v1/payment_intents", params, members.collect())
}

pub(super) fn charges(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &["customer", "payment_intent", "transfer_group"])?;
    let intent = params.text("payment_intent")?;
    let mut members: Vec<Member<'_>> = Vec::new();
    for trade in ledger.trades().filter(is_of_stripe) {
        if intent.is_some_and(|intent| trade.trade_no != intent)
            || !cx.world.is_seen(trade.created_ms)
        {
            continue;
        }
        for attempt in charges_of(trade) {
            let at_ms = objects::charge_ms(trade, attempt);
            let id = objects::charge_id(trade, attempt);
            members.push((id, at_ms, Box::new(move || objects::charge(trade, attempt))));
        }
    }
    members.sort_by_key(|member| std::cmp::Reverse(member.1));
    page("/v1/charges", params, members)
}

/// Puts objects in the place of their numbers, where `expand` says so.
pub(super) fn expand(
    cx: &Cx<'_>,
    ledger: &Ledger,
    value: &mut Value,
    params: &Params,
) -> Result<(), Refusal> {
    for path in params.texts("expand")? {
        let steps: Vec<&str> = path.split('.').collect();
        if steps.len() > DEPTH_MAX.saturating_add(1) {
            return Err(Refusal::invalid(
                "expand",
                format!("You cannot expand more than {DEPTH_MAX} levels: {path}."),
            ));
        }
        if !put_in(cx, ledger, value, &steps) {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(Refusal::invalid("expand", message));
        }
    }
    Ok(())
}

fn put_in(cx: &Cx<'_>, ledger: &Ledger, value: &mut Value, steps: &[&str]) -> bool {
    let Some((first, rest)) = steps.split_first() else {
        return true;
    };
    if let Value::Array(items) = value {
        return items.iter_mut().all(|item| put_in(cx, ledger, item, steps));
    }
    let Some(field) = value.get_mut(*first) else {
        return false;
    };
    if let Value::String(id) = field {
        match lookup(cx, ledger, id) {
            Some(object) => *field = object,
            None => return false,
        }
    }
    field.is_null() || put_in(cx, ledger, field, rest)
}
