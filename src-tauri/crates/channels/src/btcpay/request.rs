//! Building BTCPay Server requests. The server has no idempotency: a create is sent once, and whatever became of it is
//! found by its order number. Every route has the store in front, which servers of 1.x and 2.x both know.

use super::{
    MONITORING, PROFILE,
    envelope::base,
    invoice::{Status, is_id},
};
use crate::{
    Create, Cx, Finish, Operation, Query, Target, Tender, WireRequest,
    wire::{USER_AGENT, form::segment},
};
use paydesk_domain::{Memo, NotSent, Timestamp};
use paydesk_signing::KeyError;
use serde_json::{Value, json};

/// More invoices of one order number than this are no accident.
pub(super) const INVOICES_MAX: usize = 16;
/// In front of a memo of this kind.
const MARK: &str = "invoice";

pub(super) fn unsendable(what: &str) -> NotSent {
    NotSent::Unsendable {
        what: what.to_owned(),
    }
}

/// A whole request to the store's part of the API.
pub(super) fn request(
    operation: Operation,
    path: &str,
    body: Option<&Value>,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let store = cx.account.field("store_id");
    if store.is_empty() {
        return Err(unsendable("store_id"));
    }
    whole(
        operation,
        &format!("/stores/{}{path}", segment(store)),
        body,
        cx,
    )
}

/// A whole request to any part of it.
pub(super) fn whole(
    operation: Operation,
    path: &str,
    body: Option<&Value>,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    if base(cx).is_empty() {
        return Err(unsendable("base_url"));
    }
    let mut headers = vec![
        ("Accept".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), USER_AGENT.to_owned()),
    ];
    cx.keys
        .authorize(&mut headers)
        .map_err(|error| match error {
            KeyError::Locked => NotSent::KeysLocked,
            KeyError::Malformed | KeyError::Missing | KeyError::Wrong => unsendable("api_key"),
        })?;
    let body = match body {
        Some(body) => {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            serde_json::to_vec(body).map_err(|_| unsendable("body"))?
        }
        None => Vec::new(),
    };
    Ok(WireRequest {
        method: if body.is_empty() { "GET" } else { "POST" },
        url: format!("{}/api/v1{path}", base(cx)),
        headers,
        body,
        operation,
    })
}

/// The names of a list field, `BTC-CHAIN,BTC-LN`.
pub(super) fn names(field: &str) -> Vec<&str> {
    let parts = field.split(',').map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

pub(super) fn create(call: &Create, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let (low, high) = PROFILE.amount_minor;
    if !matches!(call.tender, Tender::ShowCode) {
        return Err(unsendable("tender"));
    }
    if !PROFILE.takes(call.amount.currency()) {
        return Err(unsendable("currency"));
    }
    if !(low..=high).contains(&call.amount.minor()) {
        return Err(unsendable("amount"));
    }
    let mut checkout = json!({
        "expirationMinutes": minutes(call.sent_at, call.expires)?,
        "monitoringMinutes": MONITORING.as_secs() / 60,
        // The store's own tolerance would call less than the sum paid.
        "paymentTolerance": 0,
        "speedPolicy": match cx.account.field("speed_policy") {
            "" => "MediumSpeed",
            policy => policy,
        },
    });
    let methods = names(cx.account.field("payment_methods"));
    if let (Some(checkout), false) = (checkout.as_object_mut(), methods.is_empty()) {
        checkout.insert("paymentMethods".to_owned(), json!(methods));
    }
    let body = json!({
        "amount": call.amount.money().to_decimal(),
        "currency": call.amount.currency().code(),
        "metadata": { "orderId": call.reference.as_str(), "itemDesc": call.subject },
        "checkout": checkout,
    });
    request(Operation::ShowCode, "/invoices", Some(&body), cx)
}

/// For how long the code is shown, in whole minutes.
fn minutes(from: Timestamp, to: Timestamp) -> Result<u64, NotSent> {
    match to.since(from).as_secs().saturating_add(30) / 60 {
        0 => Err(unsendable("expirationMinutes")),
        minutes => Ok(minutes),
    }
}

/// Every invoice of the order number, archived ones too, with what was paid by which way.
fn by_order(operation: Operation, of: &Target, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let path = format!(
        "/invoices?orderId={}&includeArchived=true&includePaymentMethods=true&take={}",
        segment(of.reference.as_str()),
        INVOICES_MAX + 1
    );
    request(operation, &path, None, cx)
}

pub(super) fn query(call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    by_order(Operation::Query, &call.of, cx)
}

/// An invoice on which nothing was seen is marked invalid, so that nobody pays it. One that is over by itself, or has
/// seen money, or is not known yet, is asked about: marking it would hide what it says.
pub(super) fn finish(call: &Finish, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let known = Known::of(&call.of);
    match known.filter(|known| known.is_untouched && cx.now < known.expires) {
        Some(known) => {
            let path = format!("/invoices/{}/status", known.id);
            let body = json!({ "status": "Invalid" });
            request(Operation::Close, &path, Some(&body), cx)
        }
        None => by_order(Operation::Close, &call.of, cx),
    }
}

/// The invoice that is shown, as an attempt remembers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) expires: Timestamp,
    /// Whether nothing had been seen on it when it was last asked about.
    pub(super) is_untouched: bool,
}

impl Known {
    pub(super) fn of(target: &Target) -> Option<Known> {
        let mut parts = target.memo.as_ref()?.0.split(':');
        let (mark, id, expires, touched) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_whole = mark == MARK && is_id(id) && parts.next().is_none();
        is_whole.then_some(Known {
            id: id.to_owned(),
            expires: Timestamp(expires.parse().ok()?),
            is_untouched: touched == "untouched",
        })
    }

    pub(super) fn new(invoice: &super::invoice::Invoice) -> Known {
        Known {
            id: invoice.id.clone(),
            expires: invoice.expires,
            is_untouched: invoice.status == Status::New && invoice.paid.is_zero(),
        }
    }

    pub(super) fn memo(&self) -> Memo {
        let touched = if self.is_untouched {
            "untouched"
        } else {
            "touched"
        };
        Memo(format!("{MARK}:{}:{}:{touched}", self.id, self.expires.0))
    }
}
