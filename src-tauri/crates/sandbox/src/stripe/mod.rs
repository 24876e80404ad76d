//! Stripe's API (version 1): PaymentIntents, Checkout Sessions, readers, refunds, balance, payouts, reports, disputes,
//! events and their notices.
//!
//! The wire is described in the protocol reference of the workspace's design. It must never be used by the product,
//! nor use the product's connector.

mod answer;
mod balance;
mod checkout;
mod currency;
mod disputes;
mod events;
mod idempotency;
mod intents;
mod lists;
mod objects;
mod params;
mod readers;
mod refunds;
mod reports;
mod search;

pub(crate) use answer::Answer;
pub(crate) use currency::fixed_fee;
pub(crate) use events::notice;
pub use readers::{ReaderAct, ReaderScreen};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::customers::Behaviour;
use crate::exchange::{Call, Carriage, Label, Operation};
use crate::faults::NamedAnswer;
use crate::ledger::{
    Awaits, Channel, Fen, JournalError, Ledger, ReaderAction, RefundCause, StripeEvent,
    StripeReader, Trade,
};
use crate::world::{Draft, World};
use answer::{Body, Refusal, VERSION};
use params::Params;

/// Where the page of a Checkout Session lies.
pub(crate) const PAGE: &str = "/c/pay/";

/// One call as everything below sees it.
#[derive(Debug)]
struct Cx<'a> {
    world: &'a World,
    now_ms: i64,
    /// The name under which the caller found the sandbox.
    host: String,
    idempotency_key: Option<&'a str>,
}

/// What an act answers, and how the wire carries it.
type Done = Result<(Value, Carriage), Refusal>;

/// Lets a call have its effect.
pub(crate) fn handle(world: &World, call: &Call) -> (Draft, Carriage) {
    if let Some(id) = call.path.strip_prefix(PAGE) {
        let page = checkout::page(world, call, id);
        return (Draft::File(page), Carriage::Prompt);
    }
    let (answer, carriage) = match authenticate(world, call) {
        Ok(()) if call.method == "GET" => (asked(world, call), Carriage::Prompt),
        Ok(()) if call.method == "POST" => idempotency::acted(world, call),
        Ok(()) => (
            Refusal::no_such_url(&call.method, &call.path).answer(),
            Carriage::Prompt,
        ),
        Err(refusal) => (refusal.answer(), Carriage::Prompt),
    };
    (Draft::Stripe(answer), carriage)
}

fn cx<'a>(world: &'a World, call: &'a Call) -> Cx<'a> {
    Cx {
        world,
        now_ms: world.now().wall_ms,
        host: world.own_host(call),
        idempotency_key: call.header("idempotency-key"),
    }
}

/// The key, as a bearer or as a user without a password.
fn key_of(call: &Call) -> Option<String> {
    let header = call.header("authorization")?;
    if let Some(key) = header.strip_prefix("Bearer ") {
        return Some(key.trim().to_owned());
    }
    let pair = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    pair.split_once(':').map(|(user, _)| user.to_owned())
}

fn authenticate(world: &World, call: &Call) -> Result<(), Refusal> {
    let key = key_of(call)
        .ok_or_else(|| Refusal::unauthorized(None, "You did not provide an API key."))?;
    if key.starts_with("sk_live_") || key.starts_with("rk_live_") {
        let message =
            "This is a sandbox: it has no live mode, and a live key does not belong here.";
        return Err(Refusal::unauthorized(
            Some("api_key_mode_mismatch"),
            message,
        ));
    }
    let own = &world.keys.merchant.stripe;
    let is_restricted = key == own.restricted_key;
    if key != own.secret_key && !is_restricted || key.is_empty() {
        let shown: String = key.chars().take(8).collect();
        return Err(Refusal::unauthorized(
            None,
            format!("Invalid API Key provided: {shown}***"),
        ));
    }
    // A restricted key may do what a till does, and no more.
    if is_restricted && call.path.starts_with("/v1/test_helpers/") {
        return Err(Refusal::forbidden(
            "The provided key does not have the required permissions for this endpoint.",
        ));
    }
    match call.header("stripe-version") {
        Some(version) if version != VERSION => Err(Refusal::invalid(
            "",
            format!("Invalid Stripe API version: {version}; the sandbox speaks {VERSION}."),
        )),
        _ => Ok(()),
    }
}

/// A call that only asks.
fn asked(world: &World, call: &Call) -> Answer {
    let told = Params::read(call).and_then(|params| {
        let ledger = world.ledger()?;
        let cx = cx(world, call);
        let segments: Vec<&str> = call.path.split('/').skip(2).collect();
        if let ["files", id, "contents"] = segments.as_slice() {
            return reports::contents(&cx, &ledger, id).map(Body::File);
        }
        let mut value = ask(&cx, &ledger, &segments, &params)?;
        lists::expand(&cx, &ledger, &mut value, &params)?;
        Ok(Body::Json(value))
    });
    match told {
        Ok(body) => Answer {
            body,
            ..Answer::json(200, Value::Null)
        },
        Err(refusal) => refusal.answer(),
    }
}

fn ask(cx: &Cx<'_>, ledger: &Ledger, segments: &[&str], params: &Params) -> Result<Value, Refusal> {
    let one = || params.only(&["expand", "client_secret"]);
    match segments {
        ["account"] => one().map(|()| balance::account(cx)),
        ["balance"] => one().map(|()| balance::balance(cx, ledger)),
        ["balance_transactions"] => balance::list(cx, ledger, params),
        ["charges"] => lists::charges(cx, ledger, params),
        ["checkout", "sessions"] => checkout::list(cx, ledger, params),
        ["disputes"] => disputes::list(cx, ledger, params),
        ["events"] => events::list(cx, ledger, params),
        ["payment_intents"] => lists::intents(cx, ledger, params),
        ["payment_intents", "search"] => search::intents(cx, ledger, params),
        ["payouts"] => balance::payouts(cx, ledger, params),
        ["refunds"] => refunds::list(cx, ledger, params),
        ["reporting", "report_runs"] => reports::list(cx, ledger, params),
        ["reporting", "report_types", id] => reports::report_type(cx, ledger, id),
        ["terminal", "readers"] => readers::list(cx, ledger, params),
        ["terminal", "locations"] => readers::locations(ledger, params),
        ["checkout", "sessions", id]
        | ["terminal", "readers", id]
        | ["reporting", "report_runs", id] => {
            one()?;
            lookup(cx, ledger, id).ok_or_else(|| Refusal::no_such(kind_of(segments), id))
        }
        [
            "balance_transactions"
            | "charges"
            | "disputes"
            | "events"
            | "files"
            | "payment_intents"
            | "payouts"
            | "refunds",
            id,
        ] => {
            one()?;
            let is_kind = prefixes(segments)
                .iter()
                .any(|prefix| id.starts_with(prefix));
            let found = if is_kind {
                lookup(cx, ledger, id)
            } else {
                None
            };
            found.ok_or_else(|| Refusal::no_such(kind_of(segments), id))
        }
        _ => Err(Refusal::no_such_url(
            "GET",
            &format!("/v1/{}", segments.join("/")),
        )),
    }
}

fn kind_of(segments: &[&str]) -> &'static str {
    match segments {
        ["balance_transactions", ..] => "balance_transaction",
        ["charges", ..] => "charge",
        ["checkout", ..] => "checkout.session",
        ["disputes", ..] => "dispute",
        ["events", ..] => "event",
        ["files", ..] => "file",
        ["payment_intents", ..] => "payment_intent",
        ["payouts", ..] => "payout",
        ["refunds", ..] => "refund",
        ["reporting", ..] => "reporting.report_run",
        _ => "terminal.reader",
    }
}

fn prefixes(segments: &[&str]) -> &'static [&'static str] {
    match segments {
        ["balance_transactions", ..] => &["txn_"],
        ["charges", ..] => &["ch_", "py_"],
        ["disputes", ..] => &["du_"],
        ["events", ..] => &["evt_"],
        ["files", ..] => &["file_"],
        ["payment_intents", ..] => &["pi_"],
        ["payouts", ..] => &["po_"],
        _ => &["re_"],
    }
}

/// Any object by its number.
fn lookup(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Option<Value> {
    match id.split_once('_')?.0 {
        "ch" | "py" => {
            objects::of_charge(ledger, id).map(|(trade, attempt)| objects::charge(trade, attempt))
        }
        "cs" => checkout::find(ledger, id).map(|trade| objects::session(trade, &cx.host)),
        "du" => objects::find_refund(ledger, id, RefundCause::Dispute)
            .map(|(trade, refund)| disputes::dispute(ledger, trade, refund)),
        "evt" => events::one(cx, ledger, id),
        "file" => reports::file_of(cx, ledger, id),
        "frr" => reports::one(cx, ledger, id),
        "pi" => intents::find(ledger, id).ok().map(objects::intent),
        "po" => balance::payout_by_id(cx, ledger, id),
        "re" => objects::find_refund(ledger, id, RefundCause::Refund)
            .map(|(trade, refund)| objects::refund(trade, refund)),
        "tmr" => {
            readers::find(cx, ledger, id).map(|reader| readers::written(ledger, &reader, cx.now_ms))
        }
        "txn" => balance::line_by_id(cx, ledger, id),
        _ => None,
    }
}

/// A call that acts.
fn act(cx: &Cx<'_>, ledger: &mut Ledger, path: &str, params: &Params) -> Done {
    let segments: Vec<&str> = path.split('/').skip(2).collect();
    let (mut value, carriage) = match segments.as_slice() {
        ["checkout", "sessions"] => checkout::create(cx, ledger, params),
        ["checkout", "sessions", id, "expire"] => checkout::expire(cx, ledger, id, params),
        ["disputes", id, "close"] => disputes::close(cx, ledger, id, params),
        ["payment_intents"] => intents::create(cx, ledger, params),
        ["payment_intents", id] => intents::update(cx, ledger, id, params),
        ["payment_intents", id, "cancel"] => intents::cancel(cx, ledger, id, params),
        ["payment_intents", id, "capture"] => intents::capture(cx, ledger, id, params),
        ["payment_intents", id, "confirm"] => intents::confirm(cx, ledger, id, params),
        ["refunds"] => refunds::create(cx, ledger, params),
        ["refunds", id] => refunds::update(ledger, id, params),
        ["refunds", id, "cancel"] => refunds::cancel(cx, ledger, id, params),
        ["reporting", "report_runs"] => reports::run(cx, ledger, params),
        ["terminal", "readers"] => readers::register(cx, ledger, params),
        ["terminal", "readers", id, what] => readers::act(cx, ledger, id, what, params),
        ["terminal", "locations"] => readers::create_location(cx, ledger, params),
        [
            "test_helpers",
            "terminal",
            "readers",
            id,
            "present_payment_method",
        ] => readers::present(cx, ledger, id, params),
        _ => Err(Refusal::no_such_url("POST", path)),
    }?;
    lists::expand(cx, ledger, &mut value, params)?;
    Ok((value, carriage))
}

/// What a call is about: the merchant's number of the order where the call or its object names one.
pub(crate) fn label(world: &World, call: &Call) -> Label {
    let segments: Vec<&str> = call.path.split('/').skip(2).collect();
    let is_post = call.method == "POST";
    let operation = match (is_post, segments.as_slice()) {
        _ if call.path.starts_with(PAGE) => Operation::Page,
        (true, ["payment_intents"] | ["terminal", "readers", _, ..])
            if !call.path.ends_with("cancel_action") =>
        {
            Operation::Charge
        }
        (true, ["payment_intents", _, "confirm" | "capture"] | ["test_helpers", ..]) => {
            Operation::Charge
        }
        (true, ["checkout", "sessions"]) => Operation::CreateQr,
        (true, ["payment_intents", _, "cancel"] | ["terminal", ..]) => Operation::Cancel,
        (true, ["checkout", "sessions", _, "expire"]) => Operation::Close,
        (true, ["refunds", ..]) => Operation::Refund,
        (false, ["refunds", ..]) => Operation::RefundQuery,
        (_, ["reporting", ..] | ["balance_transactions", ..] | ["payouts", ..]) => {
            Operation::BillQuery
        }
        (_, ["files", ..]) => Operation::BillDownload,
        (
            false,
            [
                "payment_intents" | "checkout" | "charges" | "terminal" | "events" | "disputes",
                ..,
            ],
        ) => Operation::Query,
        _ => Operation::Unknown,
    };
    let params = Params::read(call).unwrap_or_default();
    let words = |name: &str| {
        let words = params.below("metadata").ok()?;
        words.owned(name).ok().flatten()
    };
    let of_object = || {
        let ids = [
            params.owned("payment_intent").ok().flatten(),
            params.owned("charge").ok().flatten(),
        ];
        let named = segments.iter().map(|segment| (*segment).to_owned());
        let ledger = world.ledger().ok()?;
        ids.into_iter()
            .flatten()
            .chain(named)
            .find_map(|id| order_of(&ledger, &id))
    };
    let own_refund =
        || words("refund_id").or_else(|| call.header("idempotency-key").map(str::to_owned));
    Label {
        operation,
        out_trade_no: words("order_id").or_else(of_object),
        refund_no: if operation == Operation::Refund {
            own_refund()
        } else {
            None
        },
    }
}

/// The merchant's number of the order that an object belongs to; the object's own where there is none.
fn order_of(ledger: &Ledger, id: &str) -> Option<String> {
    let of_refund = || {
        let cause = RefundCause::Refund;
        objects::find_refund(ledger, id, cause).map(|(trade, _)| trade)
    };
    let of_reader = || {
        let action = ledger.stripe().reader(id)?.action.as_ref()?;
        ledger.find(action.key.as_ref()?)
    };
    let found = objects::by_intent(ledger, id)
        .or_else(|| checkout::find(ledger, id))
        .or_else(|| objects::of_charge(ledger, id).map(|(trade, _)| trade))
        .or_else(of_refund)
        .or_else(of_reader)?;
    let order = found
        .stripe
        .as_ref()
        .and_then(|terms| terms.order().map(str::to_owned));
    Some(order.unwrap_or_else(|| found.key.out_trade_no.clone()))
}

/// The answer to a payment at a reader whose customer pays late: the reader as it is by then.
pub(crate) fn charge_answer(world: &World, call: &Call) -> Answer {
    idempotency::late(world, call)
}

/// The API's own word for "something went wrong here", which is kept under the call's key as any answer is.
pub(crate) fn system_error(world: &World, call: &Call) -> Answer {
    let mut answer = Refusal::internal().answer();
    if let (Some(key), Ok(mut ledger)) = (call.header("idempotency-key"), world.ledger()) {
        idempotency::keep(&mut ledger, world.now().wall_ms, key, call, &answer);
        answer.idempotency_key = Some(key.to_owned());
    }
    answer
}

/// One code of the documents.
pub(crate) fn named(call: &Call, named: &NamedAnswer) -> Answer {
    let status = if named.status == 200 {
        400
    } else {
        named.status
    };
    let mut answer = Refusal::named(status, &named.code, named.sub_code.as_deref()).answer();
    answer.idempotency_key = call.header("idempotency-key").map(str::to_owned);
    answer
}

/// What somebody in between says, in the API's shape and without its headers.
pub(crate) fn unsigned_refusal() -> Answer {
    let body = json!({ "error": { "type": "invalid_request_error", "message": "Access to this site is blocked." } });
    Answer {
        is_own: false,
        ..Answer::json(403, body)
    }
}

/// The code of a session's address, whatever host it was read from.
pub(crate) fn code_of(qr: &str) -> &str {
    qr.find(PAGE).and_then(|at| qr.get(at..)).unwrap_or(qr)
}

/// Whether a phone may pay it: a session, or an intent that shows a code.
pub(crate) fn is_open_to_phones(trade: &Trade) -> bool {
    let terms = trade.stripe.as_ref();
    terms.is_none_or(|terms| terms.session.is_some() || terms.awaits == Awaits::Action)
}

/// What the control does to a reader.
pub(crate) fn set_reader(
    world: &World,
    id: &str,
    is_online: Option<bool>,
    customer: Option<Option<Behaviour>>,
) -> Result<Option<StripeReader>, JournalError> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let own = readers::cx_of(world);
    let Some(mut reader) = readers::find(&own, &ledger, id) else {
        return Ok(None);
    };
    reader.is_online = is_online.unwrap_or(reader.is_online);
    reader.customer = customer.unwrap_or(reader.customer);
    ledger.tell_stripe(StripeEvent::Reader {
        reader: Box::new(reader.clone()),
        at_ms: now_ms,
    })?;
    Ok(Some(reader))
}

/// The customer at a reader does something; nothing where there is no such reader.
pub(crate) fn serve_at_reader(
    world: &World,
    id: &str,
    act: ReaderAct,
) -> Result<Option<ReaderScreen>, JournalError> {
    let mut ledger = world.ledger()?;
    let cx = readers::cx_of(world);
    match readers::find(&cx, &ledger, id) {
        Some(reader) => readers::serve(&cx, &mut ledger, reader, act).map(Some),
        None => Ok(None),
    }
}

/// A payer's bank takes money back, or gives up: the control's word.
pub(crate) fn dispute(
    world: &World,
    intent: &str,
    amount: Option<Fen>,
    reason: &str,
) -> Result<Option<Value>, JournalError> {
    disputes::open(world, intent, amount, reason)
}

/// A dispute is decided.
pub(crate) fn decide_dispute(
    world: &World,
    id: &str,
    is_won: bool,
) -> Result<Option<Value>, JournalError> {
    disputes::decide(world, id, is_won)
}

/// The bank sends a payout back.
pub(crate) fn fail_payout(world: &World, id: &str) -> Result<bool, JournalError> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let is_known = ledger
        .stripe()
        .payouts()
        .iter()
        .any(|it| it.id == id && it.failed_ms.is_none());
    if is_known {
        ledger.tell_stripe(StripeEvent::PayoutFailed {
            id: id.to_owned(),
            at_ms: now_ms,
        })?;
    }
    Ok(is_known)
}

/// Where events are told from now on.
pub(crate) fn set_endpoint(world: &World, url: Option<String>) -> Result<(), JournalError> {
    world.ledger()?.tell_stripe(StripeEvent::Endpoint { url })
}

fn is_of_stripe(trade: &&Trade) -> bool {
    trade.key.channel == Channel::Stripe
}

fn is_busy(action: Option<&ReaderAction>) -> bool {
    action.is_some_and(|action| action.ended.is_none())
}
