//! Reading Stripe's believed answers about refunds. A refund names itself by our reference in its metadata, so a state
//! of it is always said by name; a no to the call names none and is confirmed by a question.

use super::{
    codes,
    envelope::{Said, is_of_mode, page, said},
    known::{Told, id, is_key_alive},
    money,
    objects::{linked, moment, refusal},
    request::{PAYMENT_KEY, REFUND_KEY},
};
use crate::{
    Answer, Cx, Further, QueryRefund, RefundCall, Target,
    wire::{codes as table, json::Json, safe_code},
};
use paydesk_domain::{Again, Amount, ChannelRef, Doubt, MerchantRef, Outcome, RefundFact, Refusal};
use paydesk_signing::Authentic;

/// The refund that an answer must be about.
struct Asked<'c> {
    payment: &'c Target,
    reference: &'c MerchantRef,
    amount: Amount,
}

fn done(fact: RefundFact) -> Outcome<Answer<RefundFact>> {
    Outcome::Done(Answer::of(fact))
}

fn named<'j>(object: &'j Json, key: &str) -> Option<&'j str> {
    object.get("metadata")?.text(key)
}

/// A refund's state, once it is bound to the payment, the reference and the sum. Its charge tells the mode.
fn state(object: &Json, asked: &Asked<'_>, cx: &Cx<'_>) -> Outcome<Answer<RefundFact>> {
    let intent = asked.payment.channel_ref.as_ref();
    let intent = intent.map(|number| number.0.as_str());
    let charge = object.get("charge").filter(|charge| charge.is_object());
    let is_bound = object.text("object") == Some("refund")
        && named(object, REFUND_KEY) == Some(asked.reference.as_str())
        && named(object, PAYMENT_KEY) == Some(asked.payment.reference.as_str())
        && (linked(object, "payment_intent") == intent && intent.is_some())
        && charge.is_none_or(|charge| is_of_mode(charge, cx))
        && money::is_same(
            object.integer("amount"),
            object.text("currency"),
            asked.amount,
        );
    let number = object.text("id").and_then(|text| id(text, ""));
    let Some(number) = number.filter(|_| is_bound) else {
        return Outcome::Unknown(Doubt::Mismatch);
    };
    match object.text("status") {
        // Also where the shop's balance is short: the channel pays it out once there is enough.
        Some("pending" | "requires_action") => done(RefundFact::Accepted),
        Some("succeeded") => done(RefundFact::Done {
            channel_ref: Some(ChannelRef(number.to_owned())),
            at: moment(object, "created"),
        }),
        Some("failed") => {
            let reason = object.text("failure_reason").and_then(safe_code);
            failed(&reason.map_or_else(
                || codes::REFUND_FAILED.to_owned(),
                |reason| format!("{}{reason}", codes::REFUND_REASON),
            ))
        }
        Some("canceled") => failed(codes::REFUND_CANCELED),
        Some(_) | None => Outcome::Unknown(Doubt::Unreadable),
    }
}

/// The money is back in the shop's balance; a code that nobody knows is for a person.
fn failed(code: &str) -> Outcome<Answer<RefundFact>> {
    let again = codes::row(code).and_then(|row| row.meaning.again);
    done(RefundFact::Failed(
        refusal(code),
        again.unwrap_or(Again::ByHand),
    ))
}

/// The refund in a page of those of its payment.
fn in_page<'j>(
    content: &'j Json,
    reference: &MerchantRef,
) -> Result<(Option<&'j Json>, bool), Doubt> {
    let (rows, has_more) = page(content).ok_or(Doubt::Unreadable)?;
    let ours = |row: &&Json| named(row, REFUND_KEY) == Some(reference.as_str());
    Ok((rows.iter().find(ours), has_more))
}

pub(super) fn refund(
    call: &RefundCall,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let asked = Asked {
        payment: &call.of,
        reference: &call.reference,
        amount: call.amount,
    };
    let object = match said(reply) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Said::No(no)) => return table::outcome(codes::row(&no.code), &no.code),
        Ok(Said::Object(object)) => object,
    };
    if is_key_alive(call.sent_at, cx.now) {
        return state(&object, &asked, cx);
    }
    match in_page(&object, &call.reference) {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok((Some(refund), _)) => state(refund, &asked, cx),
        // More refunds of one payment than stand on a page: whether it is behind them a question tells.
        Ok((None, true)) => Outcome::Unknown(Doubt::NoReply),
        Ok((None, false)) => Outcome::Refused(Refusal {
            code: codes::REFUND_STALE.to_owned(),
            advice: paydesk_domain::Advice::TryAgain,
        }),
    }
}

/// What a notice says of a refund.
pub(super) fn notice(
    object: &Json,
    call: &QueryRefund,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let asked = Asked {
        payment: &call.of,
        reference: &call.refund.reference,
        amount: call.refund.amount,
    };
    state(object, &asked, cx)
}

/// The next page of a payment's refunds.
pub(super) fn query_further(call: &QueryRefund, reply: &Authentic) -> Option<Further> {
    if call.refund.channel_ref.is_some() {
        return None;
    }
    let Ok(Said::Object(content)) = said(reply) else {
        return None;
    };
    let (None, true) = in_page(&content, &call.refund.reference).ok()? else {
        return None;
    };
    let (rows, _) = page(&content)?;
    let last = rows.last()?.text("id").and_then(|text| id(text, ""))?;
    Some(Further {
        learned: None,
        told: Some(Told::After(last.to_owned()).memo()),
    })
}

pub(super) fn query(
    call: &QueryRefund,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let asked = Asked {
        payment: &call.of,
        reference: &call.refund.reference,
        amount: call.refund.amount,
    };
    let content = match said(reply) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Said::No(no)) => return Outcome::Unknown(no.doubt()),
        Ok(Said::Object(content)) => content,
    };
    if call.refund.channel_ref.is_some() {
        return state(&content, &asked, cx);
    }
    match in_page(&content, &call.refund.reference) {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok((Some(refund), _)) => state(refund, &asked, cx),
        Ok((None, true)) => Outcome::Unknown(Doubt::Unreadable),
        Ok((None, false)) => done(RefundFact::NotFound),
    }
}
