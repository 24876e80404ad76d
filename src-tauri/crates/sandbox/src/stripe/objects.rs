//! The objects of the API, written from the ledger: intent, charge, session, refund, dispute, reader.
//!
//! It reads only, and must never tell of the future.

use serde_json::{Value, json};

use super::answer::{put, words};
use super::balance::{line_of_charge, line_of_refund};
use crate::ledger::{
    Awaits, EndedBy, Fen, Ledger, Refund, RefundCause, RefundState, State, StripeAttempt,
    StripeMethod, StripeTerms, Trade,
};

pub(super) fn seconds(at_ms: i64) -> i64 {
    at_ms.div_euclid(1000)
}

fn seconds_if(at_ms: Option<i64>) -> Value {
    at_ms.map_or(Value::Null, |at_ms| json!(seconds(at_ms)))
}

pub(super) fn code_of(trade: &Trade) -> String {
    trade.currency.code().to_lowercase()
}

/// What the trade was told to be; a trade that the sandbox made itself was told nothing.
pub(super) fn terms_of(trade: &Trade) -> StripeTerms {
    let told = trade.stripe.as_ref().map(|terms| (**terms).clone());
    told.unwrap_or_else(|| StripeTerms {
        intent: trade.trade_no.clone(),
        method_types: vec!["card".to_owned()],
        capture_method: "automatic".to_owned(),
        ..StripeTerms::default()
    })
}

/// What was paid with: what is known, else what is usual for how it may be paid.
pub(super) fn method_of(trade: &Trade, terms: &StripeTerms) -> StripeMethod {
    let usual = || {
        let kind = terms.method_types.first().map_or("card", String::as_str);
        method(&trade.trade_no, kind, "visa", "4242")
    };
    terms.method.clone().unwrap_or_else(usual)
}

pub(super) fn method(intent: &str, kind: &str, brand: &str, last4: &str) -> StripeMethod {
    let is_card = matches!(kind, "card" | "card_present");
    let of_card = |text: &str| {
        if is_card {
            text.to_owned()
        } else {
            String::new()
        }
    };
    StripeMethod {
        id: intent.replacen("pi_", "pm_", 1),
        kind: kind.to_owned(),
        brand: of_card(brand),
        last4: of_card(last4),
    }
}

/// The trade as it was at a moment.
pub(super) fn as_of(trade: &Trade, at_ms: i64) -> Trade {
    let mut was = trade.clone();
    was.charges.retain(|charge| charge.at_ms <= at_ms);
    was.ended_ms = trade.ended_ms.filter(|ended_ms| *ended_ms <= at_ms);
    if was.charges.is_empty() && was.ended_ms.is_none() {
        was.state = State::Waiting;
    }
    was.refunds.retain(|refund| refund.accepted_ms <= at_ms);
    for refund in &mut was.refunds {
        if let Some(told) = refund.stripe.as_mut()
            && told.closed_ms.is_some_and(|closed_ms| closed_ms > at_ms)
        {
            told.closed_ms = None;
            refund.state = RefundState::Success;
        }
        if refund
            .settled_ms
            .is_none_or(|settled_ms| settled_ms > at_ms)
        {
            refund.settled_ms = None;
            refund.state = RefundState::Processing;
        }
    }
    if let Some(terms) = was.stripe.as_mut() {
        terms.attempts.retain(|attempt| attempt.at_ms <= at_ms);
        terms.authorised_ms = terms.authorised_ms.filter(|held_ms| *held_ms <= at_ms);
        if terms.awaits == Awaits::Capture && terms.authorised_ms.is_none() {
            terms.awaits = Awaits::Method;
        }
    }
    was
}

/// Whether the money is held and neither taken nor let go.
fn is_held(trade: &Trade, terms: &StripeTerms) -> bool {
    trade.state == State::Waiting && terms.awaits == Awaits::Capture
}

pub(super) fn intent_status(trade: &Trade, terms: &StripeTerms) -> &'static str {
    match (trade.state, terms.awaits) {
        (State::Ended(_), _) => "canceled",
        (State::Paid, _) => "succeeded",
        (State::Waiting, Awaits::Action) => "requires_action",
        (State::Waiting, Awaits::Capture) => "requires_capture",
        (State::Waiting, Awaits::Confirmation) => "requires_confirmation",
        (State::Waiting, Awaits::Method) => "requires_payment_method",
    }
}

pub(super) fn intent(trade: &Trade) -> Value {
    let terms = terms_of(trade);
    let status = intent_status(trade, &terms);
    let held = if is_held(trade, &terms) {
        trade.total
    } else {
        Fen::ZERO
    };
    let last_error = terms
        .attempts
        .last()
        .filter(|_| status == "requires_payment_method");
    let shown = terms
        .method
        .as_ref()
        .filter(|_| status != "requires_payment_method");
    let reason = match (trade.state, &terms.cancellation_reason) {
        (State::Ended(EndedBy::Timeout), _) => json!("automatic"),
        (_, reason) => json!(reason),
    };
    json!({
        "id": terms.intent,
        "object": "payment_intent",
        "amount": trade.total,
        "amount_capturable": held,
        "amount_details": { "tip": {} },
        "amount_received": trade.charged(),
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": terms.is_automatic.then(|| json!({ "allow_redirects": "always", "enabled": true })),
        "canceled_at": seconds_if(trade.ended_ms),
        "cancellation_reason": reason,
        "capture_method": terms.capture_method,
        "client_secret": format!("{}_secret_sandbox", terms.intent),
        "confirmation_method": "automatic",
        "created": seconds(trade.created_ms),
        "currency": code_of(trade),
        "customer": null,
        "customer_account": null,
        "description": terms.description,
        "excluded_payment_method_types": null,
        "last_payment_error": last_error.map(|attempt| last_error_of(trade, attempt)),
        "latest_charge": latest_charge(trade, &terms),
        "livemode": false,
        "metadata": terms.metadata,
        "next_action": next_action(trade, &terms),
        "on_behalf_of": null,
        "payment_method": shown.map(|method| method.id.clone()),
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": terms.method_types,
        "processing": null,
        "receipt_email": terms.receipt_email,
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": terms.statement_descriptor,
        "statement_descriptor_suffix": terms.statement_descriptor_suffix,
        "status": status,
        "transfer_data": null,
        "transfer_group": null,
    })
}

fn last_error_of(trade: &Trade, attempt: &StripeAttempt) -> Value {
    let place = trade
        .stripe
        .as_ref()
        .map_or(1, |terms| terms.attempts.len());
    json!({
        "type": "card_error",
        "code": attempt.decline.code,
        "decline_code": attempt.decline.decline_code,
        "message": words(&attempt.decline.decline_code),
        "charge": charge_id(trade, Some(place)),
        "doc_url": format!("https://stripe.com/docs/error-codes/{}", attempt.decline.code.replace('_', "-")),
        "payment_method_type": attempt.method.kind,
    })
}

fn next_action(trade: &Trade, terms: &StripeTerms) -> Value {
    if intent_status(trade, terms) != "requires_action" {
        return Value::Null;
    }
    let kind = terms.method.as_ref().map(|method| method.kind.as_str());
    if kind == Some("alipay") {
        return json!({
            "type": "alipay_handle_redirect",
            "alipay_handle_redirect": {
                "native_data": null, "native_url": null, "return_url": null, "url": trade.code,
            },
        });
    }
    json!({
        "type": "wechat_pay_display_qr_code",
        "wechat_pay_display_qr_code": {
            "data": trade.code,
            "hosted_instructions_url": format!("{}/instructions", trade.code),
            "image_data_url": "",
            "image_url_png": format!("{}.png", trade.code),
            "image_url_svg": format!("{}.svg", trade.code),
        },
    })
}

/// `ch_…`, or `py_…` where no card paid; a declined attempt is named by its place behind it.
pub(super) fn charge_id(trade: &Trade, attempt: Option<usize>) -> String {
    let terms = terms_of(trade);
    let is_card = attempt.is_some() || method_of(trade, &terms).is_card();
    let id = trade
        .trade_no
        .replacen("pi_", if is_card { "ch_" } else { "py_" }, 1);
    attempt.map_or(id.clone(), |place| format!("{id}_{place}"))
}

/// The trade of a charge, and which attempt it was if it was declined.
pub(super) fn of_charge<'a>(ledger: &'a Ledger, id: &str) -> Option<(&'a Trade, Option<usize>)> {
    let tail = id.strip_prefix("ch_").or_else(|| id.strip_prefix("py_"))?;
    let (tail, place) = match tail.split_once('_') {
        Some((tail, place)) => (tail, Some(place.parse::<usize>().ok()?)),
        None => (tail, None),
    };
    let trade = by_intent(ledger, &format!("pi_{tail}"))?;
    let known = charges(trade).into_iter().any(|known| known == place);
    (known && charge_id(trade, place) == id).then_some((trade, place))
}

pub(super) fn by_intent<'a>(ledger: &'a Ledger, id: &str) -> Option<&'a Trade> {
    ledger.find_by_trade_no(crate::ledger::Channel::Stripe, id)
}

/// The charges of a trade in their order: declined attempts by their places from one, then the one that was taken or
/// held.
pub(super) fn charges(trade: &Trade) -> Vec<Option<usize>> {
    let terms = terms_of(trade);
    let declined = (1..=terms.attempts.len()).map(Some);
    let is_taken = !trade.charges.is_empty() || terms.authorised_ms.is_some();
    declined.chain(is_taken.then_some(None)).collect()
}

fn latest_charge(trade: &Trade, terms: &StripeTerms) -> Value {
    // A session's intent is not there before its customer has tried to pay.
    let is_taken = !trade.charges.is_empty() || terms.authorised_ms.is_some();
    if is_taken {
        return json!(charge_id(trade, None));
    }
    let declined = terms.attempts.len();
    if declined == 0 {
        Value::Null
    } else {
        json!(charge_id(trade, Some(declined)))
    }
}

pub(super) fn charge_ms(trade: &Trade, attempt: Option<usize>) -> i64 {
    let terms = terms_of(trade);
    let declined = attempt.and_then(|place| terms.attempts.get(place.saturating_sub(1)));
    let taken = || terms.authorised_ms.or(trade.paid_ms());
    declined
        .map(|attempt| attempt.at_ms)
        .or_else(taken)
        .unwrap_or(trade.created_ms)
}

pub(super) fn charge(trade: &Trade, attempt: Option<usize>) -> Value {
    let terms = terms_of(trade);
    let declined = attempt.and_then(|place| terms.attempts.get(place.saturating_sub(1)));
    let method = declined.map_or_else(
        || method_of(trade, &terms),
        |attempt| attempt.method.clone(),
    );
    let standing = |cause| {
        let refunds = trade.refunds.iter();
        let standing =
            refunds.filter(move |it| it.cause == cause && it.state != RefundState::Closed);
        Fen::sum(standing.map(|refund| refund.amount)).unwrap_or(Fen::ZERO)
    };
    let (captured, refunded) = (trade.charged(), standing(RefundCause::Refund));
    let is_disputed = trade
        .refunds
        .iter()
        .any(|it| it.cause == RefundCause::Dispute);
    let is_ok = declined.is_none();
    let taken = |amount: Fen| if is_ok { amount } else { Fen::ZERO };
    let line = (is_ok && !trade.charges.is_empty()).then(|| line_of_charge(trade));
    json!({
        "id": charge_id(trade, attempt),
        "object": "charge",
        "amount": trade.total,
        "amount_captured": taken(captured),
        "amount_refunded": taken(refunded),
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": line,
        "billing_details": {
            "address": { "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null },
            "email": null, "name": null, "phone": null, "tax_id": null,
        },
        "calculated_statement_descriptor": "PAYDESK SANDBOX",
        "captured": is_ok && !trade.charges.is_empty(),
        "created": seconds(charge_ms(trade, attempt)),
        "currency": code_of(trade),
        "customer": null,
        "description": terms.description,
        "disputed": is_ok && is_disputed,
        "failure_balance_transaction": null,
        "failure_code": declined.map(|attempt| attempt.decline.code.clone()),
        "failure_message": declined.map(|attempt| words(&attempt.decline.decline_code)),
        "fraud_details": {},
        "livemode": false,
        "metadata": terms.metadata,
        "on_behalf_of": null,
        "outcome": outcome(declined),
        "paid": is_ok,
        "payment_intent": terms.intent,
        "payment_method": method.id,
        "payment_method_details": method_details(trade, &method),
        "receipt_email": terms.receipt_email,
        "receipt_number": null,
        "receipt_url": format!("https://pay.stripe.com/receipts/sandbox/{}", charge_id(trade, attempt)),
        "refunded": is_ok && captured > Fen::ZERO && refunded == captured,
        "review": null,
        "shipping": null,
        "source_transfer": null,
        "statement_descriptor": terms.statement_descriptor,
        "statement_descriptor_suffix": terms.statement_descriptor_suffix,
        "status": if is_ok { "succeeded" } else { "failed" },
        "transfer_data": null,
        "transfer_group": null,
    })
}

fn outcome(declined: Option<&StripeAttempt>) -> Value {
    match declined {
        None => json!({
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": "normal",
            "seller_message": "Payment complete.", "type": "authorized",
        }),
        Some(attempt) => json!({
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "declined_by_network", "reason": attempt.decline.decline_code, "risk_level": "normal",
            "seller_message": words(&attempt.decline.decline_code), "type": "issuer_declined",
        }),
    }
}

fn method_details(trade: &Trade, method: &StripeMethod) -> Value {
    let number = trade.trade_no.trim_start_matches("pi_");
    let details = match method.kind.as_str() {
        "card_present" => json!({
            "amount_authorized": trade.total,
            "brand": method.brand,
            "cardholder_name": null,
            "country": "US",
            "emv_auth_data": null,
            "exp_month": 8,
            "exp_year": 2030,
            "fingerprint": "SandboxFingerprint",
            "funding": "credit",
            "generated_card": null,
            "incremental_authorization_supported": false,
            "last4": method.last4,
            "network": method.brand,
            "overcapture_supported": false,
            "read_method": "contactless_emv",
            "receipt": {
                "account_type": "credit",
                "application_cryptogram": "SANDBOX000000000",
                "application_preferred_name": "Stripe Credit",
                "authorization_code": "123456",
                "authorization_response_code": "3030",
                "cardholder_verification_method": "approval",
                "dedicated_file_name": "A000000003101001",
                "terminal_verification_results": "0000000000",
                "transaction_status_information": "0000",
            },
        }),
        "card" => json!({
            "brand": method.brand,
            "country": "US",
            "exp_month": 8,
            "exp_year": 2030,
            "fingerprint": "SandboxFingerprint",
            "funding": "credit",
            "last4": method.last4,
            "mandate": null,
            "network": method.brand,
            "network_token": { "used": false },
        }),
        "alipay" => {
            json!({ "buyer_id": "2088000000000000", "fingerprint": "SandboxFingerprint", "transaction_id": number })
        }
        _ => json!({ "fingerprint": "SandboxFingerprint", "transaction_id": number }),
    };
    let mut told = json!({ "type": method.kind });
    put(&mut told, &method.kind, details);
    told
}

pub(super) fn session(trade: &Trade, host: &str) -> Value {
    let terms = terms_of(trade);
    let Some(session) = &terms.session else {
        return Value::Null;
    };
    let status = match trade.state {
        State::Ended(_) => "expired",
        State::Paid => "complete",
        State::Waiting => "open",
    };
    let is_paid = trade.state == State::Paid;
    let has_intent = is_paid || !terms.attempts.is_empty();
    let url = (status == "open").then(|| format!("http://{host}{}", trade.code));
    json!({
        "id": session.id,
        "object": "checkout.session",
        "allow_promotion_codes": null,
        "amount_subtotal": trade.total,
        "amount_total": trade.total,
        "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
        "billing_address_collection": null,
        "cancel_url": session.cancel_url,
        "client_reference_id": session.client_reference_id,
        "client_secret": null,
        "created": seconds(trade.created_ms),
        "currency": code_of(trade),
        "custom_fields": [],
        "customer": null,
        "customer_account": null,
        "customer_creation": "if_required",
        "customer_details": null,
        "customer_email": null,
        "expires_at": seconds(trade.expires_ms),
        "invoice": null,
        "livemode": false,
        "locale": null,
        "metadata": session.metadata,
        "mode": "payment",
        "payment_intent": has_intent.then(|| terms.intent.clone()),
        "payment_link": null,
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": terms.method_types,
        "payment_status": if is_paid { "paid" } else { "unpaid" },
        "recovered_from": null,
        "setup_intent": null,
        "status": status,
        "submit_type": null,
        "subscription": null,
        "success_url": session.success_url,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "ui_mode": session.ui_mode,
        "url": url,
    })
}

pub(super) fn refund_status(refund: &Refund) -> &'static str {
    let is_canceled = refund.stripe.as_ref().is_some_and(|told| told.is_canceled);
    match refund.state {
        RefundState::Abnormal => "requires_action",
        RefundState::Closed if is_canceled => "canceled",
        RefundState::Closed => "failed",
        RefundState::Processing => "pending",
        RefundState::Success => "succeeded",
    }
}

pub(super) fn refund(trade: &Trade, refund: &Refund) -> Value {
    let terms = terms_of(trade);
    let method = method_of(trade, &terms);
    let told = refund.stripe.clone().unwrap_or_default();
    let status = refund_status(refund);
    let has_line = told.closed_ms.is_none() || !told.is_canceled;
    let destination = if method.is_card() {
        let reference = if status == "succeeded" {
            "available"
        } else {
            "pending"
        };
        json!({
            "card": {
                "reference": (status == "succeeded").then(|| format!("{:0>23}", refund.accepted_ms)),
                "reference_status": reference,
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        })
    } else {
        let mut destination = json!({ "type": method.kind });
        put(&mut destination, &method.kind, json!({}));
        destination
    };
    let mut body = json!({
        "id": refund.refund_no,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": has_line.then(|| line_of_refund(refund, false)),
        "charge": charge_id(trade, None),
        "created": seconds(refund.accepted_ms),
        "currency": code_of(trade),
        "customer": null,
        "customer_account": null,
        "destination_details": destination,
        "metadata": told.metadata,
        "payment_intent": terms.intent,
        "payment_method": method.id,
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": status,
        "transfer_reversal": null,
    });
    match status {
        "failed" => {
            put(
                &mut body,
                "failure_reason",
                json!("expired_or_canceled_card"),
            );
            put(
                &mut body,
                "failure_balance_transaction",
                json!(line_of_refund(refund, true)),
            );
        }
        "pending" => put(&mut body, "pending_reason", json!("processing")),
        _ => {}
    }
    body
}

pub(super) fn find_refund<'a>(
    ledger: &'a Ledger,
    id: &str,
    cause: RefundCause,
) -> Option<(&'a Trade, &'a Refund)> {
    let found = ledger.find_refund(crate::ledger::Channel::Stripe, id);
    found.filter(|(_, refund)| refund.cause == cause)
}
