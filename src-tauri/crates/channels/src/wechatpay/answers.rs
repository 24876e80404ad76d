//! Reading WeChat Pay's believed answers. Merchant, number, amount and currency must be those of the call,
//! or nothing is concluded.

use super::codes;
use crate::{
    Answer, Create, Cx, Finish, Query, QueryRefund, RefundCall, Target, Tender,
    wire::{codes as table, codes::Sort, json::Json, safe_code, time},
};
use paydesk_domain::{
    Advice, Again, Amount, ChannelRef, ClosedWhy, Doubt, End, MerchantRef, Money, Outcome, Paid,
    PayerAction, PaymentFact, RefundFact, Refusal,
};
use paydesk_signing::{
    Authentic,
    mutants::{Mutant, planted},
};

/// Only codes of this scheme open WeChat's payment.
const CODE_PREFIX: &str = "weixin://";

/// A believed answer, by its status.
enum Read {
    /// 2xx with an object.
    Content(Json),
    /// 204, or 2xx without a body.
    Empty,
    /// An error with its canonical code.
    Code(String),
}

fn read(reply: &Authentic) -> Result<Read, Doubt> {
    let status = reply.status();
    let fault = || Doubt::ServerFault {
        code: status.to_string(),
    };
    if status >= 500 {
        // Whatever an error of the server says, the outcome is open; a known code only names the doubt.
        let content = Json::read(reply.believed()).ok();
        let code = content
            .as_ref()
            .and_then(|content| content.text("code"))
            .and_then(safe_code)
            .map(codes::canonical)
            .filter(|code| sort(code) == Some(Sort::Fault));
        return Err(code.map_or_else(fault, |code| Doubt::ServerFault {
            code: code.to_owned(),
        }));
    }
    if reply.believed().is_empty() {
        return if matches!(status, 200 | 204) {
            Ok(Read::Empty)
        } else {
            Err(fault())
        };
    }
    let content = Json::read(reply.believed()).map_err(|_| Doubt::Unreadable)?;
    let code = content
        .text("code")
        .and_then(safe_code)
        .map(|code| codes::canonical(code).to_owned());
    match (status, code) {
        // 202 comes with an error's form as well as with an order's.
        (202, Some(code)) => Ok(Read::Code(code)),
        // The status is not signed, so only those that WeChat Pay uses say anything.
        (200 | 202, _) if content.is_object() => Ok(Read::Content(content)),
        (400..500, Some(code)) => Ok(Read::Code(code)),
        _ => Err(Doubt::Unreadable),
    }
}

fn done<F>(fact: F) -> Outcome<Answer<F>> {
    Outcome::Done(Answer::of(fact))
}

fn refused<F>(code: &str) -> Outcome<Answer<F>> {
    table::outcome(codes::row(code), code)
}

fn sort(code: &str) -> Option<Sort> {
    codes::row(code).map(|row| row.sort)
}

/// Whether the answer is about this account and this number.
fn is_ours(content: &Json, reference: &MerchantRef, cx: &Cx<'_>) -> bool {
    if planted(Mutant::MerchantNotCompared) {
        return content.text("out_trade_no") == Some(reference.as_str());
    }
    let names_it = content.text("out_trade_no") == Some(reference.as_str());
    (names_it || planted(Mutant::NumberNotCompared))
        && content.text("mchid") == Some(cx.account.field("mchid"))
        && content
            .text("appid")
            .is_none_or(|appid| appid == cx.account.field("appid"))
        && (content.get("appid").is_none() || content.text("appid").is_some())
}

fn paid(content: &Json, asked: Amount, cx: &Cx<'_>) -> Result<Paid, Doubt> {
    let amount = content.get("amount").ok_or(Doubt::Unreadable)?;
    let currency = amount
        .get("currency")
        .map_or(Some("CNY"), |_| amount.text("currency"));
    if amount.integer("total") != Some(asked.minor()) || currency != Some(asked.currency().code()) {
        return Err(Doubt::Mismatch);
    }
    if content.text("appid") != Some(cx.account.field("appid"))
        && !planted(Mutant::MerchantNotCompared)
    {
        return Err(Doubt::Mismatch);
    }
    let number = content
        .text("transaction_id")
        .filter(|number| !number.is_empty())
        .ok_or(Doubt::Unreadable)?;
    let payer_paid = amount.integer("payer_total").filter(|total| *total >= 0);
    Ok(Paid {
        asked,
        received: asked,
        payer_paid: payer_paid.map(|total| Money::from_minor(total, asked.currency())),
        channel_ref: ChannelRef(number.to_owned()),
        at: content
            .text("success_time")
            .and_then(time::from_rfc3339)
            .unwrap_or(cx.now),
        coins: Vec::new(),
        payer: content
            .get("payer")
            .and_then(|payer| payer.text("openid"))
            .map(masked),
    })
}

/// WeChat Pay does not mask its payer ids, so we do: the ends are enough to tell two payers apart.
fn masked(openid: &str) -> String {
    let chars: Vec<char> = openid.chars().collect();
    let ends = |part: &[char]| part.iter().collect::<String>();
    match (
        chars.get(..4),
        chars
            .len()
            .checked_sub(4)
            .and_then(|from| chars.get(from..)),
    ) {
        (Some(head), Some(tail)) if chars.len() > 8 => format!("{}****{}", ends(head), ends(tail)),
        _ => "****".to_owned(),
    }
}

/// What an order object says.
pub(super) fn order(content: &Json, of: &Target, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    if !is_ours(content, &of.reference, cx) {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    let until = of.sent_at.plus(super::PROFILE.schedule.charge_for);
    match content.text("trade_state") {
        // Paid, and perhaps given back since: what was given back is a refund of its own.
        Some("SUCCESS" | "REFUND") => match paid(content, of.amount, cx) {
            Ok(paid) => done(PaymentFact::Paid(paid)),
            Err(doubt) => Outcome::Unknown(doubt),
        },
        Some("NOTPAY" | "USERPAYING") => {
            done(PaymentFact::Awaiting(PayerAction::EnterPassword, until))
        }
        Some("CLOSED") => done(PaymentFact::Closed(ClosedWhy::Closed)),
        Some("REVOKED") => done(PaymentFact::Closed(ClosedWhy::Reversed)),
        Some("PAYERROR") => {
            let refusal = Refusal {
                code: "PAYERROR".to_owned(),
                advice: Advice::AskPayer,
            };
            done(PaymentFact::Closed(ClosedWhy::Refused { refusal }))
        }
        Some(_) | None => Outcome::Unknown(Doubt::Unreadable),
    }
}

/// The answer to codepay and native.
pub(super) fn create(
    call: &Create,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    match (read(reply), &call.tender) {
        (Err(doubt), _) => Outcome::Unknown(doubt),
        (Ok(Read::Empty), _) => Outcome::Unknown(Doubt::Unreadable),
        (Ok(Read::Content(content)), Tender::PayerCode(_)) => {
            let of = Target {
                reference: call.reference.clone(),
                sent_at: cx.now,
                amount: call.amount,
                channel_ref: None,
                memo: None,
                told: None,
            };
            order(&content, &of, cx)
        }
        (Ok(Read::Content(_)), Tender::Reader { .. }) => Outcome::Unknown(Doubt::Unreadable),
        (Ok(Read::Content(content)), Tender::ShowCode) => {
            match content
                .text("code_url")
                .filter(|code| code.starts_with(CODE_PREFIX))
            {
                Some(code) => {
                    let action = PayerAction::ShowCode {
                        text: code.to_owned(),
                        coins: None,
                    };
                    done(PaymentFact::Awaiting(action, call.expires))
                }
                None => Outcome::Unknown(Doubt::Unreadable),
            }
        }
        (Ok(Read::Code(code)), Tender::PayerCode(_)) if sort(&code) == Some(Sort::Waiting) => done(
            PaymentFact::Awaiting(PayerAction::EnterPassword, call.expires),
        ),
        (Ok(Read::Code(code)), _) => refused(&code),
    }
}

/// The answer to a query. A failed query says nothing of the payment.
pub(super) fn query(call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    match read(reply) {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok(Read::Empty) => Outcome::Unknown(Doubt::Unreadable),
        Ok(Read::Content(content)) => order(&content, &call.of, cx),
        Ok(Read::Code(code)) if sort(&code) == Some(Sort::NotFound) => done(PaymentFact::NotFound),
        Ok(Read::Code(code)) => Outcome::Unknown(Doubt::ServerFault { code }),
    }
}

/// The answer to reverse and close.
pub(super) fn finish(
    call: &Finish,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let ended = |why| done(PaymentFact::Closed(why));
    match (read(reply), call.how) {
        (Err(doubt), _) => Outcome::Unknown(doubt),
        (Ok(Read::Empty), End::Close) => ended(ClosedWhy::Closed),
        (Ok(Read::Empty), End::Reverse) => Outcome::Unknown(Doubt::Unreadable),
        (Ok(Read::Content(content)), End::Reverse) => {
            // An order's answer to a query holds these names too; it is no word about a reversal.
            let reversal =
                content.get("trade_state").is_none() && content.get("out_refund_no").is_none();
            if is_ours(&content, &call.of.reference, cx) && reversal {
                ended(ClosedWhy::Reversed)
            } else {
                Outcome::Unknown(Doubt::Mismatch)
            }
        }
        (Ok(Read::Content(_)), End::Close) => Outcome::Unknown(Doubt::Unreadable),
        (Ok(Read::Code(code)), how) => match (code.as_str(), how) {
            ("ORDER_CLOSED", _) => ended(ClosedWhy::Closed),
            ("ORDER_REVERSED", _) => ended(ClosedWhy::Reversed),
            // It may still be on its way to the channel, so it is watched.
            ("ORDER_NOT_EXIST", _) => ended(ClosedWhy::NeverExisted),
            ("ORDER_PAID", _) => Outcome::Refused(Refusal {
                code,
                advice: Advice::GiveUp,
            }),
            _ => refused(&code),
        },
    }
}

/// What a refund object says.
fn refund_object(
    content: &Json,
    of: &MerchantRef,
    refund: &MerchantRef,
    refunded: Amount,
    total: Amount,
    state: &str,
) -> Outcome<Answer<RefundFact>> {
    let amount = content.get("amount");
    let sum = |name: &str| amount.and_then(|amount| amount.integer(name));
    let currency = amount.and_then(|amount| {
        amount
            .get("currency")
            .map_or(Some("CNY"), |_| amount.text("currency"))
    });
    let bound = content.text("out_refund_no") == Some(refund.as_str())
        && content.text("out_trade_no") == Some(of.as_str())
        && sum("refund") == Some(refunded.minor())
        && sum("total") == Some(total.minor())
        && currency == Some(refunded.currency().code());
    if !bound {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    let failed = |code: &str, advice, again| {
        done(RefundFact::Failed(
            Refusal {
                code: code.to_owned(),
                advice,
            },
            again,
        ))
    };
    match content.text(state) {
        Some("PROCESSING") => done(RefundFact::Accepted),
        Some("SUCCESS") => done(RefundFact::Done {
            channel_ref: content
                .text("refund_id")
                .map(|id| ChannelRef(id.to_owned())),
            at: content.text("success_time").and_then(time::from_rfc3339),
        }),
        Some("CLOSED") => failed("REFUND_CLOSED", Advice::TryAgain, Again::NewReference),
        Some("ABNORMAL") => failed("REFUND_ABNORMAL", Advice::GiveUp, Again::ByHand),
        Some(_) | None => Outcome::Unknown(Doubt::Unreadable),
    }
}

/// The answer to a refund.
pub(super) fn refund(call: &RefundCall, reply: &Authentic) -> Outcome<Answer<RefundFact>> {
    match read(reply) {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok(Read::Empty) => Outcome::Unknown(Doubt::Unreadable),
        Ok(Read::Content(content)) => refund_object(
            &content,
            &call.of.reference,
            &call.reference,
            call.amount,
            call.of.amount,
            "status",
        ),
        // The balance of the merchant, not of a payer.
        Ok(Read::Code(code)) if code == "NOT_ENOUGH" => refused(codes::REFUND_NOT_ENOUGH),
        Ok(Read::Code(code)) => refused(&code),
    }
}

/// The answer to a refund query.
pub(super) fn query_refund(call: &QueryRefund, reply: &Authentic) -> Outcome<Answer<RefundFact>> {
    match read(reply) {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok(Read::Empty) => Outcome::Unknown(Doubt::Unreadable),
        Ok(Read::Content(content)) => refund_object(
            &content,
            &call.of.reference,
            &call.refund.reference,
            call.refund.amount,
            call.of.amount,
            "status",
        ),
        Ok(Read::Code(code)) if sort(&code) == Some(Sort::NotFound) => done(RefundFact::NotFound),
        Ok(Read::Code(code)) => Outcome::Unknown(Doubt::ServerFault { code }),
    }
}

/// What a notice says of a refund: the same object, with the state under another name.
pub(super) fn refund_notice(content: &Json, call: &QueryRefund) -> Outcome<Answer<RefundFact>> {
    refund_object(
        content,
        &call.of.reference,
        &call.refund.reference,
        call.refund.amount,
        call.of.amount,
        "refund_status",
    )
}
