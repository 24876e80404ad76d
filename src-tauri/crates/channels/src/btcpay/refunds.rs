//! Refunds: a pull payment that the payer claims by a link, followed to its payouts.
//!
//! The server makes as many for one invoice as it is asked to. The refund's own reference is the pull payment's name,
//! so before one is sent again it is looked for by that name; of two with the same name one is followed and shown, and
//! nobody ever sees the link of the other.

use super::{
    codes::WITHDRAWN,
    envelope::{Said, is_own_link, read, refused},
    invoice::is_id,
    request::{Known, names, request, unsendable, whole},
};
use crate::{
    Answer, Cx, Further, Operation, QueryRefund, RefundCall, WireRequest,
    wire::{cut, json::Json},
};
use paydesk_domain::{
    Advice, Again, ChannelRef, Decimal, Doubt, Memo, MerchantRef, NotSent, OfferStage, Outcome,
    RateChoice, RefundFact, RefundOffer, Refusal,
};
use paydesk_signing::Authentic;
use serde_json::json;

/// Where refunds go when the account does not say: every store has a wallet.
const PAYOUT_METHOD: &str = "BTC-CHAIN";
/// What a payer reads of the reason.
const REASON_BYTES_MAX: usize = 256;

pub(super) fn encode(call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let known = Known::of(&call.of).map(|known| known.id);
    let id = call.of.channel_ref.as_ref().map(|number| number.0.clone());
    let id = id.or(known).filter(|id| is_id(id));
    let id = id.ok_or_else(|| unsendable("invoiceId"))?;
    let payout_methods = match names(cx.account.field("payout_methods")) {
        none if none.is_empty() => vec![PAYOUT_METHOD],
        methods => methods,
    };
    let mut body = json!({
        "name": call.reference.as_str(),
        "description": cut(&call.reason, REASON_BYTES_MAX),
        "payoutMethods": payout_methods,
    });
    let is_whole = call.amount == call.paid && call.others.minor() == 0;
    let variant = match call.rate {
        RateChoice::Amount => "Custom",
        RateChoice::Now if is_whole => "CurrentRate",
        RateChoice::Then if is_whole => "RateThen",
        // The server knows these two for all of it only.
        RateChoice::Now | RateChoice::Then => return Err(unsendable("refundVariant")),
    };
    if let Some(fields) = body.as_object_mut() {
        fields.insert("refundVariant".to_owned(), json!(variant));
        if call.rate == RateChoice::Amount {
            let amount = call.amount.money().to_decimal();
            fields.insert("customAmount".to_owned(), json!(amount));
            let currency = call.amount.currency().code();
            fields.insert("customCurrency".to_owned(), json!(currency));
        }
    }
    let path = format!("/invoices/{id}/refund");
    request(Operation::Refund, &path, Some(&body), cx)
}

/// The answer to a refund: the pull payment, which nobody has claimed.
pub(super) fn decode(
    call: &RefundCall,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let content = match read(reply) {
        Said::Content(content) => content,
        Said::No(code) => return refused(&code),
        Said::Unclear(doubt) => return Outcome::Unknown(doubt),
    };
    let offer = match offer(&content, &call.reference, cx) {
        Ok(offer) => offer,
        Err(doubt) => return Outcome::Unknown(doubt),
    };
    let is_sum = offer.unit == call.amount.currency().code()
        && Decimal::of(call.amount.money()) == Some(offer.sum);
    if call.rate == RateChoice::Amount && !is_sum {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    Outcome::Done(Answer::of(RefundFact::Offered(offer)))
}

/// A pull payment of this name.
fn offer(of: &Json, reference: &MerchantRef, cx: &Cx<'_>) -> Result<RefundOffer, Doubt> {
    let text = |name: &str| of.text(name).ok_or(Doubt::Unreadable);
    if text("name")? != reference.as_str() {
        return Err(Doubt::Mismatch);
    }
    let (id, link) = (text("id")?, text("viewLink")?);
    if !is_id(id) || !is_own_link(link, cx) {
        return Err(Doubt::Unreadable);
    }
    let stage = match of.get("archived") {
        Some(Json::Bool(true)) => OfferStage::Withdrawn,
        Some(Json::Bool(false)) => OfferStage::Unclaimed,
        _ => return Err(Doubt::Unreadable),
    };
    Ok(RefundOffer {
        id: id.to_owned(),
        link: link.to_owned(),
        sum: Decimal::parse(text("amount")?).map_err(|_| Doubt::Unreadable)?,
        unit: text("currency")?.to_owned(),
        stage,
    })
}

/// The offer whose claims are asked about, once an exchange of this call has seen it.
fn seen(call: &QueryRefund) -> Option<RefundOffer> {
    let told = call.refund.told.as_ref()?;
    serde_json::from_str(&told.0).ok()
}

/// An offer is asked about first, whether it is there and was not withdrawn, and then its claims.
pub(super) fn encode_query(call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    // Routes of a pull payment have no store in front, in both generations.
    let path = match (seen(call), known(call)) {
        (Some(offer), _) => format!("/pull-payments/{}/payouts?includeCancelled=true", offer.id),
        (None, Some(known)) => format!("/pull-payments/{}", known.id),
        (None, None) => {
            let path = "/pull-payments?includeArchived=true";
            return request(Operation::QueryRefund, path, None, cx);
        }
    };
    whole(Operation::QueryRefund, &path, None, cx)
}

fn known(call: &QueryRefund) -> Option<&RefundOffer> {
    call.offer.as_ref().filter(|offer| is_id(&offer.id))
}

/// Its claims are asked about next, as soon as it was seen.
pub(super) fn further(call: &QueryRefund, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
    if seen(call).is_some() {
        return None;
    }
    let Said::Content(content) = read(reply) else {
        return None;
    };
    let offer = offered(&content, call, cx).ok()??;
    Some(Further {
        learned: None,
        told: Some(Memo(serde_json::to_string(&offer).ok()?)),
    })
}

pub(super) fn decode_query(
    call: &QueryRefund,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let content = match read(reply) {
        Said::Content(content) => content,
        Said::No(code) => return refused(&code),
        Said::Unclear(doubt) => return Outcome::Unknown(doubt),
    };
    let fact = match (seen(call), &content) {
        (Some(offer), Json::Array(listed)) => claimed(listed, offer),
        (Some(_), _) => Err(Doubt::Unreadable),
        (None, content) => offered(content, call, cx).map(|offer| match offer {
            Some(offer) => RefundFact::Offered(offer),
            None => RefundFact::NotFound,
        }),
    };
    match fact {
        Ok(fact) => Outcome::Done(Answer::of(fact)),
        Err(doubt) => Outcome::Unknown(doubt),
    }
}

/// What the server says of a refund's offer: the one that is known, or the one of this name in the list of all.
fn offered(content: &Json, call: &QueryRefund, cx: &Cx<'_>) -> Result<Option<RefundOffer>, Doubt> {
    let reference = &call.refund.reference;
    let Some(known) = known(call) else {
        let Json::Array(listed) = content else {
            return Err(Doubt::Unreadable);
        };
        let named = listed
            .iter()
            .filter(|it| it.text("name") == Some(reference.as_str()));
        let found: Result<Vec<RefundOffer>, Doubt> =
            named.map(|it| offer(it, reference, cx)).collect();
        // No order of theirs is told, so the choice is by id: it is the same each time.
        let is_gone = |offer: &RefundOffer| offer.stage == OfferStage::Withdrawn;
        let first = found?
            .into_iter()
            .min_by(|a, b| (is_gone(a), &a.id).cmp(&(is_gone(b), &b.id)));
        return Ok(first);
    };
    let now = offer(content, reference, cx)?;
    if now.id != known.id || now.sum != known.sum || now.unit != known.unit {
        return Err(Doubt::Mismatch);
    }
    Ok(Some(now))
}

/// What the payouts of a pull payment say of it.
fn claimed(listed: &[Json], offer: RefundOffer) -> Result<RefundFact, Doubt> {
    let mut completed = Decimal::ZERO;
    let mut last = None;
    let (mut is_claimed, mut is_paying) = (false, false);
    for payout in listed {
        let text = |name: &str| payout.text(name).ok_or(Doubt::Unreadable);
        if text("pullPaymentId")? != offer.id || text("originalCurrency")? != offer.unit {
            return Err(Doubt::Mismatch);
        }
        match text("state")? {
            "AwaitingApproval" | "AwaitingPayment" => is_claimed = true,
            "InProgress" => is_paying = true,
            "Cancelled" => {}
            "Completed" => {
                let sum = Decimal::parse(text("originalAmount")?).map_err(|_| Doubt::Unreadable)?;
                completed = completed.checked_add(sum).ok_or(Doubt::Unreadable)?;
                last = Some(text("id")?.to_owned()).filter(|id| is_payout_id(id));
            }
            _ => return Err(Doubt::Unreadable),
        }
    }
    if completed >= offer.sum && !offer.sum.is_zero() {
        return Ok(RefundFact::Done {
            channel_ref: last.map(ChannelRef),
            // The date of a payout is when it was claimed.
            at: None,
        });
    }
    let is_withdrawn = offer.stage == OfferStage::Withdrawn;
    let stage = match (is_paying, is_claimed) {
        (true, _) => OfferStage::Paying,
        (false, true) => OfferStage::Claimed,
        (false, false) if !is_withdrawn => OfferStage::Unclaimed,
        // Part of it is with the payer and the rest never will be: a person must look.
        (false, false) if !completed.is_zero() => return Err(Doubt::Mismatch),
        (false, false) => {
            let refusal = Refusal {
                code: WITHDRAWN.to_owned(),
                advice: Advice::TryAgain,
            };
            return Ok(RefundFact::Failed(refusal, Again::NewReference));
        }
    };
    Ok(RefundFact::Offered(RefundOffer { stage, ..offer }))
}

/// A payout's id may have dashes.
fn is_payout_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(is_plain)
}
