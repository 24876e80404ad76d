//! Stripe's objects, bound to a payment: reference, amount, currency and mode must be those of the call, or nothing is
//! concluded from them.

use super::{
    PROFILE, codes,
    envelope::{code_of, is_of_mode},
    known::{Known, Way, id},
    money, request,
};
use crate::{
    Answer, Cx, Target,
    wire::{codes::Sort, json::Json, safe_code},
};
use paydesk_domain::{
    Advice, ChannelRef, ClosedWhy, Doubt, Outcome, Paid, PayerAction, PaymentFact, Refusal,
    Timestamp,
};

/// A page of a live account is at this host; one of a sandbox may be anywhere.
const PAGE_PREFIX: &str = "https://";
/// An address of a page is long: it carries the session's key.
const PAGE_BYTES_MAX: usize = 2048;

/// A code with the words of its row; one that nobody knows is the customer's to mend.
pub(super) fn refusal(code: &str) -> Refusal {
    let advice = match codes::row(code).map(|row| row.sort) {
        Some(Sort::Refusal(advice)) => advice,
        Some(Sort::Duplicate | Sort::Fault | Sort::NotFound | Sort::Waiting) | None => {
            Advice::AskPayer
        }
    };
    Refusal {
        code: code.to_owned(),
        advice,
    }
}

fn reference_in(object: &Json) -> Option<&str> {
    object.get("metadata")?.text(request::PAYMENT_KEY)
}

/// A moment of the channel.
pub(super) fn moment(object: &Json, name: &str) -> Option<Timestamp> {
    let seconds = object.integer(name).filter(|seconds| *seconds > 0)?;
    seconds.checked_mul(1000).map(Timestamp)
}

/// The id of a member that is an id, or an object with one.
pub(super) fn linked<'j>(object: &'j Json, name: &str) -> Option<&'j str> {
    match object.get(name)? {
        Json::Text(text) => Some(text),
        linked @ Json::Object(_) => linked.text("id"),
        Json::Array(_) | Json::Bool(_) | Json::Null | Json::Number(_) => None,
    }
}

/// Whether a row of a list was made for this payment.
pub(super) fn is_made_for(row: &Json, of: &Target) -> bool {
    let named = match row.text("object") {
        Some("checkout.session") => row.text("client_reference_id"),
        _ => reference_in(row),
    };
    named == Some(of.reference.as_str())
}

/// A PaymentIntent that was made for the payment, with its id.
pub(super) fn intent<'j>(object: &'j Json, of: &Target, cx: &Cx<'_>) -> Result<&'j str, Doubt> {
    let is_bound = object.text("object") == Some("payment_intent")
        && is_of_mode(object, cx)
        && is_made_for(object, of)
        && money::is_same(object.integer("amount"), object.text("currency"), of.amount);
    let number = object.text("id").and_then(|text| id(text, "pi_"));
    number.filter(|_| is_bound).ok_or(Doubt::Mismatch)
}

/// A Checkout Session that was made for the payment, with its id.
pub(super) fn session<'j>(object: &'j Json, of: &Target, cx: &Cx<'_>) -> Result<&'j str, Doubt> {
    let is_bound = object.text("object") == Some("checkout.session")
        && object.text("mode") == Some("payment")
        && is_of_mode(object, cx)
        && is_made_for(object, of)
        && money::is_same(
            object.integer("amount_total"),
            object.text("currency"),
            of.amount,
        );
    let number = object.text("id").and_then(|text| id(text, "cs_"));
    number.filter(|_| is_bound).ok_or(Doubt::Mismatch)
}

/// The code of the last card that was refused on an intent.
pub(super) fn declined(intent: &Json) -> Option<&str> {
    let error = intent.get("last_payment_error")?;
    if error.is_object() {
        code_of(error)
    } else {
        None
    }
}

/// `visa **** 4242`, as far as the channel says it.
fn card(charge: &Json) -> Option<String> {
    let details = charge.get("payment_method_details")?;
    let kind = details.text("type").and_then(safe_code)?;
    let part = details.get(kind)?;
    let last4 = part.text("last4")?;
    let is_end = last4.len() == 4 && last4.bytes().all(|byte| byte.is_ascii_digit());
    let brand = part.text("brand").and_then(safe_code).unwrap_or(kind);
    is_end.then(|| format!("{brand} **** {last4}"))
}

fn paid(object: &Json, number: &str, of: &Target, cx: &Cx<'_>) -> Result<Paid, Doubt> {
    let received = object.integer("amount_received");
    if received != money::to_wire(of.amount) {
        return Err(Doubt::Mismatch);
    }
    let charge = object
        .get("latest_charge")
        .filter(|charge| charge.is_object());
    if charge.is_some_and(|charge| !is_of_mode(charge, cx)) {
        return Err(Doubt::Mismatch);
    }
    let at = charge.and_then(|charge| moment(charge, "created"));
    Ok(Paid {
        asked: of.amount,
        received: of.amount,
        payer_paid: None,
        channel_ref: ChannelRef(number.to_owned()),
        at: at.unwrap_or(cx.now),
        payer: charge.and_then(card),
        coins: Vec::new(),
    })
}

/// What an intent says of its payment; nothing while it waits for a means to pay.
pub(super) fn state_of_intent(
    object: &Json,
    of: &Target,
    cx: &Cx<'_>,
) -> Result<Option<PaymentFact>, Doubt> {
    let number = intent(object, of, cx)?;
    Ok(match object.text("status") {
        Some("succeeded") => Some(PaymentFact::Paid(paid(object, number, of, cx)?)),
        Some("processing") => Some(PaymentFact::Processing(None)),
        Some("requires_capture") => Some(PaymentFact::Held(of.amount)),
        Some("canceled") => Some(PaymentFact::Closed(ClosedWhy::Closed)),
        Some("requires_action" | "requires_confirmation" | "requires_payment_method") => None,
        Some(_) | None => return Err(Doubt::Unreadable),
    })
}

/// The state of a page, with what was made for the payment.
pub(super) fn state_of_session(
    object: &Json,
    of: &Target,
    known: &Known,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let number = match session(object, of, cx) {
        Ok(number) if known.made.as_deref().is_none_or(|made| made == number) => number,
        Ok(_) => return Outcome::Unknown(Doubt::Mismatch),
        Err(doubt) => return Outcome::Unknown(doubt),
    };
    let fact = match (object.text("status"), object.text("payment_status")) {
        (Some("open"), _) => {
            let Some(page) = object.text("url").filter(|page| is_showable(page, cx)) else {
                return Outcome::Unknown(Doubt::Unreadable);
            };
            let action = PayerAction::ShowCode {
                text: page.to_owned(),
                coins: None,
            };
            PaymentFact::Awaiting(action, of.sent_at.plus(PROFILE.schedule.shown_for))
        }
        (Some("expired"), Some("unpaid")) => PaymentFact::Closed(ClosedWhy::Expired),
        (Some("complete"), Some("paid" | "unpaid")) => match completed(object, of, cx) {
            Ok(fact) => fact,
            Err(doubt) => return Outcome::Unknown(doubt),
        },
        _ => return Outcome::Unknown(Doubt::Unreadable),
    };
    Outcome::Done(Answer {
        fact,
        learned: Some(known.with(number).memo()),
    })
}

/// Of a page that was filled in the intent decides: its money may still be on its way, or have failed on it.
fn completed(object: &Json, of: &Target, cx: &Cx<'_>) -> Result<PaymentFact, Doubt> {
    let intent = object.get("payment_intent").ok_or(Doubt::Unreadable)?;
    if !intent.is_object() {
        return Err(Doubt::Unreadable);
    }
    let fact = state_of_intent(intent, of, cx)?;
    match (object.text("payment_status"), fact) {
        (Some("paid"), Some(fact @ PaymentFact::Paid(_))) => Ok(fact),
        // One of the two is about to follow the other.
        (Some("paid"), _) | (_, Some(PaymentFact::Paid(_))) => Ok(PaymentFact::Processing(None)),
        (_, Some(fact)) => Ok(fact),
        (_, None) => Ok(match declined(intent) {
            Some(code) => PaymentFact::Closed(ClosedWhy::Refused {
                refusal: refusal(code),
            }),
            None => PaymentFact::Processing(None),
        }),
    }
}

fn is_showable(page: &str, cx: &Cx<'_>) -> bool {
    let is_plain = page.len() <= PAGE_BYTES_MAX && page.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain && (cx.account.sandbox || page.starts_with(PAGE_PREFIX))
}

/// What a reader does about a payment.
pub(super) enum AtReader {
    /// It waits for a card, or reads one.
    Busy,
    /// It read one, and the intent says what came of it.
    Done,
    /// It gave up, with this code.
    Failed(String),
    /// It is not at this payment, and does not say what became of it.
    Elsewhere,
}

/// Reads a reader: it must be the one that was asked for.
pub(super) fn reader(object: &Json, known: &Known, cx: &Cx<'_>) -> Result<AtReader, Doubt> {
    let (Way::Reader(asked), Some(made)) = (&known.way, &known.made) else {
        return Err(Doubt::Mismatch);
    };
    let is_bound = object.text("object") == Some("terminal.reader")
        && object.text("id") == Some(asked)
        && is_of_mode(object, cx);
    if !is_bound {
        return Err(Doubt::Mismatch);
    }
    let Some(action) = object.get("action").filter(|action| action.is_object()) else {
        return Ok(AtReader::Elsewhere);
    };
    let intent = action
        .get("process_payment_intent")
        .and_then(|process| linked(process, "payment_intent"));
    if action.text("type") != Some("process_payment_intent") || intent != Some(made) {
        return Ok(AtReader::Elsewhere);
    }
    match action.text("status") {
        Some("in_progress") => Ok(AtReader::Busy),
        Some("succeeded") => Ok(AtReader::Done),
        Some("failed") => {
            let error = action.get("api_error").filter(|error| error.is_object());
            let code = error.and_then(code_of);
            let code = code.or_else(|| action.text("failure_code").and_then(safe_code));
            Ok(AtReader::Failed(
                code.unwrap_or(codes::READER_FAILED).to_owned(),
            ))
        }
        Some(_) | None => Err(Doubt::Unreadable),
    }
}
