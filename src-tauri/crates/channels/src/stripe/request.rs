//! Building Stripe's requests: forms for POST, parameters in the query for GET, a bearer key, one pinned version.
//!
//! An idempotency key is made of our reference and the operation, so that the same intent has the same key for ever. It
//! stands on what makes something; an ending carries none, for it does no harm twice, and under a key the channel
//! would go on repeating the answer it gave when it could not be ended yet.

use super::{
    PROFILE, Stripe, VERSION,
    known::{Known, Told, Way, id, is_key_alive},
    money,
};
use crate::{
    Create, Cx, Finish, Operation, Query, QueryRefund, RefundCall, Target, WireRequest, wire::form,
};
use paydesk_domain::{Amount, End, NotSent, Timestamp};
use paydesk_signing::KeyError;
use std::time::Duration;

/// How long a hosted page lives at the channel: no shorter than half an hour is taken, and our clock may be off.
pub(super) const SESSION_LIVES: Duration = Duration::from_secs(35 * 60);
/// What was made for a payment was made this long around the moment of its intent.
const MADE_AROUND: Duration = Duration::from_secs(5 * 60);
/// Rows of a page: the most there are.
pub(super) const PAGE: &str = "100";
/// Where a payer comes who has paid. The channel asks for a page; ours says nothing that only the till may say.
const THANKS: &str = "https://stripe.com";
/// Under which key our references stand in the channel's objects.
pub(super) const PAYMENT_KEY: &str = "paydesk_payment";
pub(super) const REFUND_KEY: &str = "paydesk_refund";

/// Name and value of a parameter.
type Pair = (String, String);

fn pair(name: &str, value: impl Into<String>) -> Pair {
    (name.to_owned(), value.into())
}

pub(super) fn unsendable(what: &str) -> NotSent {
    NotSent::Unsendable {
        what: what.to_owned(),
    }
}

/// The start of every key of this mode, as it stands in the header.
fn key_starts(sandbox: bool) -> [&'static str; 2] {
    if sandbox {
        ["Bearer sk_test_", "Bearer rk_test_"]
    } else {
        ["Bearer sk_live_", "Bearer rk_live_"]
    }
}

/// What every request carries. A live key never leaves for a sandbox account, and none of a sandbox for a live one.
fn headers(cx: &Cx<'_>) -> Result<Vec<Pair>, NotSent> {
    let mut headers = vec![
        pair("Accept", "application/json"),
        pair("Stripe-Version", VERSION),
        pair("User-Agent", crate::wire::USER_AGENT),
    ];
    cx.keys
        .authorize(&mut headers)
        .map_err(|error| match error {
            KeyError::Locked => NotSent::KeysLocked,
            KeyError::Malformed | KeyError::Missing | KeyError::Wrong => unsendable("secret_key"),
        })?;
    let bearer = headers.iter().find(|(name, _)| name == "Authorization");
    let is_of_mode = bearer.is_some_and(|(_, bearer)| {
        let starts = key_starts(cx.account.sandbox);
        starts.iter().any(|start| bearer.starts_with(start))
    });
    if is_of_mode {
        Ok(headers)
    } else {
        Err(unsendable("secret_key"))
    }
}

fn url(path: &str, cx: &Cx<'_>) -> String {
    format!("{}{path}", cx.account.gateway.trim_end_matches('/'))
}

fn encoded(pairs: &[Pair]) -> String {
    form::encode(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
}

/// Reads something.
pub(super) fn get(
    operation: Operation,
    path: &str,
    query: &[Pair],
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let mut url = url(path, cx);
    if !query.is_empty() {
        url = format!("{url}?{}", encoded(query));
    }
    Ok(WireRequest {
        method: "GET",
        url,
        headers: headers(cx)?,
        body: Vec::new(),
        operation,
    })
}

/// Makes or ends something.
pub(super) fn post(
    operation: Operation,
    path: &str,
    fields: &[Pair],
    key: Option<String>,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let mut headers = headers(cx)?;
    headers.push(pair("Content-Type", "application/x-www-form-urlencoded"));
    headers.extend(key.map(|key| pair("Idempotency-Key", key)));
    Ok(WireRequest {
        method: "POST",
        url: url(path, cx),
        headers,
        body: encoded(fields).into_bytes(),
        operation,
    })
}

/// The key of what is made once for a reference: stable, and far below 255 characters.
fn key(reference: &str, operation: &str) -> Option<String> {
    Some(format!("paydesk-{reference}-{operation}"))
}

fn sum(amount: Amount) -> Result<(String, String), NotSent> {
    let wire = money::to_wire(amount).ok_or_else(|| unsendable("amount"))?;
    Ok((wire.to_string(), money::code_of(amount.currency())))
}

fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1000)
}

/// A payment that something is made for.
struct Wanted<'c> {
    reference: &'c str,
    amount: Amount,
    sent_at: Timestamp,
}

impl<'c> Wanted<'c> {
    fn of(of: &'c Target) -> Wanted<'c> {
        Wanted {
            reference: of.reference.as_str(),
            amount: of.amount,
            sent_at: of.sent_at,
        }
    }
}

/// The hosted page. Everything in it comes from what was durable before it was first asked for.
fn session(wanted: &Wanted<'_>, name: &str, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let (amount, currency) = sum(wanted.amount)?;
    let expires = seconds(wanted.sent_at.plus(SESSION_LIVES));
    let given = cx.account.field("success_url");
    let thanks = if given.is_empty() { THANKS } else { given };
    let fields = [
        pair("mode", "payment"),
        pair("client_reference_id", wanted.reference),
        pair("line_items[0][quantity]", "1"),
        pair("line_items[0][price_data][currency]", currency),
        pair("line_items[0][price_data][unit_amount]", amount),
        pair("line_items[0][price_data][product_data][name]", name),
        pair(&format!("metadata[{PAYMENT_KEY}]"), wanted.reference),
        pair(
            &format!("payment_intent_data[metadata][{PAYMENT_KEY}]"),
            wanted.reference,
        ),
        pair("success_url", thanks),
        pair("expires_at", expires.to_string()),
        pair("expand[0]", "payment_intent.latest_charge"),
    ];
    post(
        Operation::ShowCode,
        "/v1/checkout/sessions",
        &fields,
        key(wanted.reference, "session"),
        cx,
    )
}

/// The intent of a card reader: it charges nobody until a reader is sent to it.
fn intent(wanted: &Wanted<'_>, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let (amount, currency) = sum(wanted.amount)?;
    let fields = [
        pair("amount", amount),
        pair("currency", currency),
        pair("payment_method_types[0]", "card_present"),
        pair("capture_method", "automatic"),
        pair(&format!("metadata[{PAYMENT_KEY}]"), wanted.reference),
    ];
    post(
        Operation::Prepare,
        "/v1/payment_intents",
        &fields,
        key(wanted.reference, "intent"),
        cx,
    )
}

pub(super) fn create(call: &Create, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let known = Known::of_create(call).ok_or_else(|| unsendable("tender"))?;
    let wanted = Wanted {
        reference: call.reference.as_str(),
        amount: call.amount,
        sent_at: call.sent_at,
    };
    match (&known.way, &known.made) {
        (Way::Show { name }, _) => session(&wanted, name, cx),
        (Way::Reader(_), None) => intent(&wanted, cx),
        (Way::Reader(reader), Some(intent)) => {
            let fields = [
                pair("payment_intent", intent.as_str()),
                pair("process_config[skip_tipping]", "true"),
                pair("process_config[enable_customer_cancellation]", "true"),
            ];
            post(
                Operation::ReadCard,
                &format!("/v1/terminal/readers/{reader}/process_payment_intent"),
                &fields,
                key(wanted.reference, "process"),
                cx,
            )
        }
    }
}

/// A page of the intents that were made around this payment. Whichever of them were paid, they are all there: only the
/// search of the channel lags.
fn intents(operation: Operation, of: &Target, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let around = i64::try_from(MADE_AROUND.as_millis()).unwrap_or(0);
    let from = seconds(Timestamp(of.sent_at.0.saturating_sub(around)));
    // A page's intent is made when it is paid.
    let to = seconds(of.sent_at.plus(SESSION_LIVES).plus(MADE_AROUND));
    let mut query = vec![
        pair("created[gte]", from.to_string()),
        pair("created[lte]", to.to_string()),
        pair("limit", PAGE),
        pair("expand[0]", "data.latest_charge"),
    ];
    query.extend(behind(of));
    get(operation, "/v1/payment_intents", &query, cx)
}

/// Where a list goes on.
fn behind(of: &Target) -> Option<Pair> {
    match Told::of(of) {
        Some(Told::After(last)) => Some(pair("starting_after", last)),
        _ => None,
    }
}

/// What is to be asked to find what was made for a payment, where no answer named it.
pub(super) enum Search {
    /// The same request under the same key: it brings the first answer again, or makes it now.
    SameKey,
    /// The list of the pages, the newest first.
    Sessions,
    /// The list of the intents around the moment it was begun.
    Intents,
}

/// How what was made for `of` is searched for.
pub(super) fn search(of: &Target, known: Option<&Known>, cx: &Cx<'_>) -> Search {
    match known {
        Some(known) if is_key_alive(of.sent_at, cx.now) => match (Told::of(of), &known.way) {
            (None, _) => Search::SameKey,
            (Some(_), Way::Show { .. }) => Search::Sessions,
            (Some(_), Way::Reader(_)) => Search::Intents,
        },
        _ => Search::Intents,
    }
}

fn find(
    operation: Operation,
    of: &Target,
    known: Option<&Known>,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    match (search(of, known, cx), known.map(|known| &known.way)) {
        (Search::SameKey, Some(Way::Show { name })) => session(&Wanted::of(of), name, cx),
        (Search::SameKey, Some(Way::Reader(_))) => intent(&Wanted::of(of), cx),
        (Search::Sessions, _) => {
            let mut query = vec![
                pair("limit", PAGE),
                pair("expand[0]", "data.payment_intent.latest_charge"),
            ];
            query.extend(behind(of));
            get(operation, "/v1/checkout/sessions", &query, cx)
        }
        (Search::Intents | Search::SameKey, _) => intents(operation, of, cx),
    }
}

fn one_session(operation: Operation, made: &str, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let query = [pair("expand[0]", "payment_intent.latest_charge")];
    get(
        operation,
        &format!("/v1/checkout/sessions/{made}"),
        &query,
        cx,
    )
}

fn one_intent(operation: Operation, made: &str, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let query = [pair("expand[0]", "latest_charge")];
    get(
        operation,
        &format!("/v1/payment_intents/{made}"),
        &query,
        cx,
    )
}

fn ask_reader(reader: &str, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let path = format!("/v1/terminal/readers/{reader}");
    get(Operation::AskReader, &path, &[], cx)
}

pub(super) fn query(call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let known = Known::of_target(&call.of);
    let Some((way, made)) = known
        .as_ref()
        .and_then(|known| Some((&known.way, known.made.as_deref()?)))
    else {
        // Where nothing is remembered, what is paid may still be named by its number at the channel.
        return match &call.of.channel_ref {
            Some(number) if known.is_none() => {
                let intent = id(&number.0, "pi_").ok_or_else(|| unsendable("payment_intent"))?;
                one_intent(Operation::Query, intent, cx)
            }
            _ => find(Operation::Query, &call.of, known.as_ref(), cx),
        };
    };
    match (way, Told::of(&call.of)) {
        (Way::Show { .. }, _) => one_session(Operation::Query, made, cx),
        (Way::Reader(reader), Some(Told::Idle(_))) => ask_reader(reader, cx),
        (Way::Reader(_), _) => one_intent(Operation::Query, made, cx),
    }
}

pub(super) fn finish(call: &Finish, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    if call.how == End::Reverse {
        return Err(unsendable("reverse"));
    }
    let known = Known::of_target(&call.of);
    let Some((way, made)) = known
        .as_ref()
        .and_then(|known| Some((&known.way, known.made.as_deref()?)))
    else {
        return find(Operation::Close, &call.of, known.as_ref(), cx);
    };
    let told = Told::of(&call.of);
    match (way, told) {
        (Way::Show { .. }, Some(Told::Refused(_))) => one_session(Operation::Query, made, cx),
        (Way::Show { .. }, _) => {
            let path = format!("/v1/checkout/sessions/{made}/expire");
            let fields = [pair("expand[0]", "payment_intent.latest_charge")];
            post(Operation::Close, &path, &fields, None, cx)
        }
        (Way::Reader(_), Some(Told::Refused(_))) => one_intent(Operation::Query, made, cx),
        (Way::Reader(_), Some(Told::Free)) => {
            let path = format!("/v1/payment_intents/{made}/cancel");
            let fields = [pair("cancellation_reason", "requested_by_customer")];
            post(Operation::Close, &path, &fields, None, cx)
        }
        (Way::Reader(reader), Some(Told::Busy)) => {
            let path = format!("/v1/terminal/readers/{reader}/cancel_action");
            post(Operation::StopReader, &path, &[], None, cx)
        }
        (Way::Reader(reader), _) => ask_reader(reader, cx),
    }
}

/// The intent that a refund is of.
fn paid_intent(of: &Target) -> Result<&str, NotSent> {
    let number = of.channel_ref.as_ref();
    let number = number.and_then(|number| id(&number.0, "pi_"));
    number.ok_or_else(|| unsendable("payment_intent"))
}

fn refunds(
    operation: Operation,
    of: &Target,
    refund: Option<&Target>,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let mut query = vec![
        pair("payment_intent", paid_intent(of)?),
        pair("limit", PAGE),
        pair("expand[0]", "data.charge"),
    ];
    query.extend(refund.and_then(behind));
    get(operation, "/v1/refunds", &query, cx)
}

/// Past the life of its key a refund is not sent again, only looked for: the same key would make a second one.
pub(super) fn refund(call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    if !is_key_alive(call.sent_at, cx.now) {
        return refunds(Operation::QueryRefund, &call.of, None, cx);
    }
    let (amount, _) = sum(call.amount)?;
    let fields = [
        pair("payment_intent", paid_intent(&call.of)?),
        pair("amount", amount),
        pair("reason", "requested_by_customer"),
        pair(
            &format!("metadata[{PAYMENT_KEY}]"),
            call.of.reference.as_str(),
        ),
        pair(&format!("metadata[{REFUND_KEY}]"), call.reference.as_str()),
        pair("expand[0]", "charge"),
    ];
    post(
        Operation::Refund,
        "/v1/refunds",
        &fields,
        key(call.reference.as_str(), "refund"),
        cx,
    )
}

pub(super) fn query_refund(call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    if let Some(number) = &call.refund.channel_ref {
        let number = id(&number.0, "").ok_or_else(|| unsendable("refund"))?;
        let query = [pair("expand[0]", "charge")];
        let path = format!("/v1/refunds/{number}");
        return get(Operation::QueryRefund, &path, &query, cx);
    }
    refunds(Operation::QueryRefund, &call.of, Some(&call.refund), cx)
}

/// A file at an address that was looked at.
pub(super) fn file(url: String, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    Ok(WireRequest {
        method: "GET",
        url,
        headers: headers(cx)?,
        body: Vec::new(),
        operation: Operation::BillFile,
    })
}

/// Whether the account's own place is asked, by the host that may be believed for it.
pub(super) fn is_here(cx: &Cx<'_>) -> bool {
    cx.account.sandbox && cx.account.gateway != PROFILE.gateway
}

impl Stripe {
    /// The host whose certificate vouches for every answer.
    pub(super) const HOST: &'static str = "api.stripe.com";
}
