//! PaymentIntents: made, changed, confirmed, captured, canceled.
//!
//! A declined attempt leaves the intent as it was, for the next card. It must never take money twice.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::objects::{self, by_intent, charge_id, intent, intent_status, terms_of};
use super::params::Params;
use super::{Cx, Done, currency};
use crate::exchange::Carriage;
use crate::ledger::{
    Awaits, Channel, Decline, EndedBy, Fen, Kind, Ledger, NewTrade, Origin, State, StripeAttempt,
    StripeEvent, StripeMethod, StripeTerms, Trade, TradeKey,
};

/// An intent does not end by itself; so long is for ever in a sandbox.
const LIFE_MS: i64 = 3_650 * 86_400_000;
/// What the sandbox's account can be paid with.
pub(super) const METHODS: [&str; 4] = ["card", "card_present", "alipay", "wechat_pay"];
const CAPTURES: [&str; 3] = ["automatic", "automatic_async", "manual"];
const REASONS: [&str; 4] = [
    "abandoned",
    "duplicate",
    "fraudulent",
    "requested_by_customer",
];

pub(super) fn find<'a>(ledger: &'a Ledger, id: &str) -> Result<&'a Trade, Refusal> {
    let found = by_intent(ledger, id).filter(|trade| {
        // Before its customer has tried to pay, a session's intent is not there.
        let terms = terms_of(trade);
        terms.session.is_none() || trade.state == State::Paid || !terms.attempts.is_empty()
    });
    found.ok_or_else(|| Refusal::no_such("payment_intent", id))
}

/// What create and update say alike.
fn told(params: &Params, terms: &mut StripeTerms) -> Result<(), Refusal> {
    terms.metadata = params.metadata("metadata", &terms.metadata)?;
    for (name, most, place) in [
        ("description", 1_000, &mut terms.description),
        ("receipt_email", 800, &mut terms.receipt_email),
        ("statement_descriptor", 22, &mut terms.statement_descriptor),
        (
            "statement_descriptor_suffix",
            22,
            &mut terms.statement_descriptor_suffix,
        ),
    ] {
        if params.has(name) {
            *place = params.limited(name, most)?;
        }
    }
    if params.has("payment_method_types") {
        terms.method_types = methods(params)?;
        terms.is_automatic = false;
    }
    if let Some(capture) = params.choice("capture_method", &CAPTURES)? {
        terms.capture_method = capture;
    }
    Ok(())
}

pub(super) fn methods(params: &Params) -> Result<Vec<String>, Refusal> {
    let types = params.texts("payment_method_types")?;
    match types.iter().find(|kind| !METHODS.contains(&kind.as_str())) {
        Some(kind) => {
            let message = format!("The payment method type \"{kind}\" is invalid.");
            Err(Refusal::invalid("payment_method_types", message))
        }
        None => Ok(types),
    }
}

pub(super) fn create(cx: &Cx<'_>, ledger: &mut Ledger, params: &Params) -> Done {
    params.only(&[
        "amount",
        "automatic_payment_methods",
        "capture_method",
        "confirm",
        "confirmation_method",
        "currency",
        "customer",
        "description",
        "expand",
        "metadata",
        "payment_method",
        "payment_method_options",
        "payment_method_types",
        "receipt_email",
        "return_url",
        "statement_descriptor",
        "statement_descriptor_suffix",
    ])?;
    params.need("amount")?;
    let amount = params.number("amount")?.unwrap_or_default();
    let currency = currency::read(params.need("currency")?)?;
    let total = currency::check_charge(currency, amount)?;
    let automatic = params.below("automatic_payment_methods")?;
    automatic.only(&["allow_redirects", "enabled"])?;
    let is_automatic = automatic.flag("enabled")? == Some(true);
    if is_automatic && params.has("payment_method_types") {
        let message = "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.";
        return Err(Refusal::invalid("payment_method_types", message.to_owned()));
    }
    let mut terms = StripeTerms {
        intent: format!("pi_3{}", cx.world.chance.letters(23)),
        method_types: vec!["card".to_owned()],
        capture_method: "automatic".to_owned(),
        is_automatic: !params.has("payment_method_types"),
        ..StripeTerms::default()
    };
    told(params, &mut terms)?;
    let method = params.owned("payment_method")?;
    let is_confirmed = params.flag("confirm")? == Some(true);
    let redirects = automatic.choice("allow_redirects", &["always", "never"])?;
    check_return(params, &terms, is_confirmed, redirects.as_deref())?;
    let chosen = method
        .as_deref()
        .map(|id| card_named(&terms, id))
        .transpose()?;
    if chosen.is_some() {
        terms.awaits = Awaits::Confirmation;
        terms.method = chosen.as_ref().map(|(method, _)| method.clone());
    }
    let key = TradeKey::new(Channel::Stripe, &terms.intent);
    let has_code = terms
        .method_types
        .iter()
        .any(|kind| matches!(kind.as_str(), "alipay" | "wechat_pay"));
    let kind = if has_code { Kind::Qr } else { Kind::Code };
    let subject = terms
        .description
        .clone()
        .unwrap_or_else(|| "Payment".to_owned());
    ledger.open_qr(
        NewTrade {
            key: key.clone(),
            kind,
            currency,
            total,
            subject,
            attach: None,
            origin: Origin::default(),
            code: format!("https://qr.stripe.com/{}", terms.intent),
            expires_ms: cx.now_ms.saturating_add(LIFE_MS),
            unionpay: None,
            stripe: Some(Box::new(terms)),
        },
        cx.now_ms,
    )?;
    if is_confirmed {
        let wanted = chosen.map(|(_, fate)| fate);
        confirm_as(cx, ledger, &key, wanted)?;
    }
    answer(ledger, &key)
}

/// A method that may lead elsewhere needs a way back.
fn check_return(
    params: &Params,
    terms: &StripeTerms,
    is_confirmed: bool,
    redirects: Option<&str>,
) -> Result<(), Refusal> {
    let needs = is_confirmed && terms.is_automatic && redirects != Some("never");
    if needs && params.text("return_url")?.is_none() {
        let message = "This PaymentIntent is configured to accept payment methods that may redirect: provide a \
                       `return_url`, or set `automatic_payment_methods[allow_redirects]` to `never`.";
        return Err(Refusal::invalid("return_url", message.to_owned()));
    }
    Ok(())
}

/// What a card of the documents does when it is charged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Declined(Decline),
    Pays,
}

fn decline(code: &str, decline_code: &str) -> Fate {
    Fate::Declined(Decline {
        code: code.to_owned(),
        decline_code: decline_code.to_owned(),
    })
}

/// Cards of the documents by name or number: brand, last digits, fate.
fn card(name: &str) -> Option<(&'static str, &'static str, Fate)> {
    Some(match name {
        "pm_card_visa" | "4242424242424242" => ("visa", "4242", Fate::Pays),
        "pm_card_mastercard" | "5555555555554444" => ("mastercard", "4444", Fate::Pays),
        "pm_card_unionpay" | "6200000000000005" => ("unionpay", "0005", Fate::Pays),
        "pm_card_pendingRefund" | "4000000000007726" => ("visa", "7726", Fate::Pays),
        "pm_card_refundFail" | "4000000000005126" => ("visa", "5126", Fate::Pays),
        "pm_card_createDispute" | "4000000000000259" => ("visa", "0259", Fate::Pays),
        "pm_card_chargeDeclined" | "pm_card_visa_chargeDeclined" | "4000000000000002" => {
            ("visa", "0002", decline("card_declined", "generic_decline"))
        }
        "pm_card_chargeDeclinedInsufficientFunds"
        | "pm_card_visa_chargeDeclinedInsufficientFunds"
        | "4000000000009995" => (
            "visa",
            "9995",
            decline("card_declined", "insufficient_funds"),
        ),
        "pm_card_chargeDeclinedExpiredCard" | "4000000000000069" => {
            ("visa", "0069", decline("expired_card", "expired_card"))
        }
        "pm_card_chargeDeclinedIncorrectCvc" | "4000000000000127" => {
            ("visa", "0127", decline("incorrect_cvc", "incorrect_cvc"))
        }
        "pm_card_chargeDeclinedProcessingError" | "4000000000000119" => (
            "visa",
            "0119",
            decline("processing_error", "processing_error"),
        ),
        _ => return None,
    })
}

/// What a physical test card does: the last two digits of the amount decide.
pub(super) fn fate_by_amount(amount: Fen) -> Fate {
    match amount.get() % 100 {
        1 => decline("card_declined", "call_issuer"),
        5 => decline("card_declined", "generic_decline"),
        55 => decline("card_declined", "incorrect_pin"),
        65 => decline("card_declined", "withdrawal_count_limit_exceeded"),
        75 => decline("card_declined", "pin_try_exceeded"),
        _ => Fate::Pays,
    }
}

/// A card by its number, as a reader or a page reads it.
pub(super) fn card_numbered(
    intent: &str,
    kind: &str,
    number: &str,
) -> Option<(StripeMethod, Fate)> {
    let (brand, last4, fate) =
        card(number).filter(|_| number.bytes().all(|it| it.is_ascii_digit()))?;
    Some((objects::method(intent, kind, brand, last4), fate))
}

/// A method by its name; `pm_card_…` of the documents, or `alipay` and `wechat_pay` by their kind.
fn card_named(terms: &StripeTerms, id: &str) -> Result<(StripeMethod, Fate), Refusal> {
    if let Some((brand, last4, fate)) = card(id).filter(|_| id.starts_with("pm_")) {
        return Ok((objects::method(&terms.intent, "card", brand, last4), fate));
    }
    let missing = Refusal::no_such("PaymentMethod", id);
    let kind = id
        .strip_prefix("pm_sandbox_")
        .filter(|kind| matches!(*kind, "alipay" | "wechat_pay"));
    let kind = kind.ok_or(missing)?;
    Ok((objects::method(&terms.intent, kind, "", ""), Fate::Pays))
}

pub(super) fn update(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&[
        "amount",
        "capture_method",
        "currency",
        "customer",
        "description",
        "expand",
        "metadata",
        "payment_method",
        "payment_method_options",
        "payment_method_types",
        "receipt_email",
        "statement_descriptor",
        "statement_descriptor_suffix",
    ])?;
    let trade = find(ledger, id)?.clone();
    let mut terms = terms_of(&trade);
    for fixed in ["amount", "currency"] {
        let same = match fixed {
            "amount" => params
                .number(fixed)?
                .is_none_or(|amount| amount == trade.total.get()),
            _ => params
                .text(fixed)?
                .is_none_or(|code| code.eq_ignore_ascii_case(trade.currency.code())),
        };
        if !same {
            let message = format!(
                "The sandbox does not change the {fixed} of an intent: cancel it and create another."
            );
            return Err(Refusal::invalid(fixed, message));
        }
    }
    told(params, &mut terms)?;
    if let Some(id) = params.text("payment_method")? {
        check_open(&trade, "update")?;
        terms.method = Some(card_named(&terms, id)?.0);
        terms.awaits = Awaits::Confirmation;
    }
    let key = trade.key.clone();
    ledger.tell_stripe(StripeEvent::Terms {
        key: key.clone(),
        at_ms: cx.now_ms,
        terms: Box::new(terms),
    })?;
    answer(ledger, &key)
}

pub(super) fn confirm(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&[
        "capture_method",
        "client_secret",
        "expand",
        "payment_method",
        "payment_method_data",
        "payment_method_options",
        "payment_method_types",
        "receipt_email",
        "return_url",
    ])?;
    let trade = find(ledger, id)?.clone();
    check_open(&trade, "confirm")?;
    let mut terms = terms_of(&trade);
    told(params, &mut terms)?;
    let redirects = (!terms.is_automatic).then_some("never");
    check_return(params, &terms, true, redirects)?;
    let fate = if let Some(id) = params.text("payment_method")? {
        let (method, fate) = card_named(&terms, id)?;
        terms.method = Some(method);
        Some(fate)
    } else if let Some(kind) = params
        .below("payment_method_data")?
        .choice("type", &["alipay", "wechat_pay"])?
    {
        terms.method = Some(objects::method(&terms.intent, &kind, "", ""));
        Some(Fate::Pays)
    } else {
        let known = terms.method.as_ref().map(|method| method.last4.clone());
        known.map(|last4| fate_of_last4(&last4))
    };
    let key = trade.key.clone();
    ledger.tell_stripe(StripeEvent::Terms {
        key: key.clone(),
        at_ms: cx.now_ms,
        terms: Box::new(terms),
    })?;
    confirm_as(cx, ledger, &key, fate)?;
    answer(ledger, &key)
}

/// The fate of a card that was attached before.
fn fate_of_last4(last4: &str) -> Fate {
    let numbers = [
        "4000000000000002",
        "4000000000009995",
        "4000000000000069",
        "4000000000000127",
        "4000000000000119",
    ];
    let number = numbers
        .into_iter()
        .find(|number| number.ends_with(last4) && !last4.is_empty());
    number
        .and_then(card)
        .map_or(Fate::Pays, |(_, _, fate)| fate)
}

fn confirm_as(
    cx: &Cx<'_>,
    ledger: &mut Ledger,
    key: &TradeKey,
    fate: Option<Fate>,
) -> Result<(), Refusal> {
    let trade = ledger.find(key).cloned().ok_or_else(Refusal::internal)?;
    let mut terms = terms_of(&trade);
    let Some(method) = terms.method.clone() else {
        let message =
            "You cannot confirm this PaymentIntent because it's missing a payment method.";
        return Err(Refusal::state("payment_intent_unexpected_state", message)
            .with("payment_intent", intent(&trade)));
    };
    if !terms.method_types.contains(&method.kind) {
        let message = format!(
            "The payment method type \"{}\" is not allowed by this PaymentIntent.",
            method.kind
        );
        return Err(Refusal::invalid("payment_method", message));
    }
    if !method.is_card() {
        terms.awaits = Awaits::Action;
        let at_ms = cx.now_ms;
        return Ok(ledger.tell_stripe(StripeEvent::Terms {
            key: key.clone(),
            at_ms,
            terms: Box::new(terms),
        })?);
    }
    pay(ledger, key, &method, fate.unwrap_or(Fate::Pays), cx.now_ms)?;
    let trade = ledger.find(key).cloned().ok_or_else(Refusal::internal)?;
    let terms = terms_of(&trade);
    match terms
        .attempts
        .last()
        .filter(|_| intent_status(&trade, &terms) == "requires_payment_method")
    {
        None => Ok(()),
        Some(attempt) => {
            let charge = charge_id(&trade, Some(terms.attempts.len()));
            let more = vec![
                ("charge", json!(charge)),
                ("payment_intent", intent(&trade)),
            ];
            Err(Refusal::declined(
                &attempt.decline.code,
                &attempt.decline.decline_code,
                more,
            ))
        }
    }
}

/// A card is charged, or held for a capture, or declined.
pub(super) fn pay(
    ledger: &mut Ledger,
    key: &TradeKey,
    method: &StripeMethod,
    fate: Fate,
    at_ms: i64,
) -> Result<(), Refusal> {
    let trade = ledger.find(key).cloned().ok_or_else(Refusal::internal)?;
    let mut terms = terms_of(&trade);
    match fate {
        Fate::Declined(decline) => {
            let attempt = StripeAttempt {
                at_ms,
                decline,
                method: method.clone(),
            };
            ledger.tell_stripe(StripeEvent::Declined {
                key: key.clone(),
                attempt,
            })?;
        }
        Fate::Pays => {
            terms.method = Some(method.clone());
            let is_held = terms.is_held_first();
            if is_held {
                terms.hold(at_ms);
            }
            ledger.tell_stripe(StripeEvent::Terms {
                key: key.clone(),
                at_ms,
                terms: Box::new(terms),
            })?;
            if !is_held {
                ledger.charge(key, at_ms)?;
            }
        }
    }
    Ok(())
}

pub(super) fn capture(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&[
        "amount_to_capture",
        "expand",
        "metadata",
        "statement_descriptor",
        "statement_descriptor_suffix",
    ])?;
    let trade = find(ledger, id)?.clone();
    let terms = terms_of(&trade);
    if intent_status(&trade, &terms) != "requires_capture" {
        return Err(unexpected(&trade, "capture"));
    }
    let amount = params
        .number("amount_to_capture")?
        .map_or(trade.total, Fen::new);
    if amount <= Fen::ZERO || amount > trade.total {
        let message = format!(
            "amount_to_capture must be between 1 and {}.",
            trade.total.get()
        );
        return Err(Refusal::invalid("amount_to_capture", message).with_code("amount_too_large"));
    }
    currency::check_form(trade.currency, amount.get())?;
    ledger.capture(&trade.key, amount, cx.now_ms)?;
    answer(ledger, &trade.key)
}

pub(super) fn cancel(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&["cancellation_reason", "expand"])?;
    let reason = params.choice("cancellation_reason", &REASONS)?;
    let trade = find(ledger, id)?.clone();
    let mut terms = terms_of(&trade);
    let is_busy = ledger.stripe().readers().any(|reader| {
        let action = reader.action.as_ref();
        action.is_some_and(|it| {
            it.key.as_ref() == Some(&trade.key) && it.ended.is_none() && it.is_authorising
        })
    });
    let is_of_session = terms.session.is_some() && terms.awaits != Awaits::Capture;
    if trade.state != State::Waiting || is_busy || is_of_session {
        return Err(unexpected(&trade, "cancel"));
    }
    terms.cancellation_reason = reason;
    let key = trade.key.clone();
    ledger.tell_stripe(StripeEvent::Terms {
        key: key.clone(),
        at_ms: cx.now_ms,
        terms: Box::new(terms),
    })?;
    ledger.end(&key, EndedBy::Cancel, cx.now_ms)?;
    answer(ledger, &key)
}

fn unexpected(trade: &Trade, what: &str) -> Refusal {
    let status = intent_status(trade, &terms_of(trade));
    let message =
        format!("You cannot {what} this PaymentIntent because it has a status of {status}.");
    Refusal::state("payment_intent_unexpected_state", message).with("payment_intent", intent(trade))
}

fn check_open(trade: &Trade, what: &str) -> Result<(), Refusal> {
    let status = intent_status(trade, &terms_of(trade));
    let is_open = matches!(
        status,
        "requires_payment_method" | "requires_confirmation" | "requires_action"
    );
    if is_open {
        Ok(())
    } else {
        Err(unexpected(trade, what))
    }
}

fn answer(ledger: &Ledger, key: &TradeKey) -> Result<(Value, Carriage), Refusal> {
    let trade = ledger.find(key).ok_or_else(Refusal::internal)?;
    Ok((intent(trade), Carriage::Prompt))
}
