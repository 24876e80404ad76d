//! Reading Alipay's believed answers. Number and amount must be those of the call, or nothing is concluded.

use super::codes;
use crate::{
    Answer, Create, Cx, Finish, Query, QueryRefund, RefundCall, Tender,
    wire::{codes as table, codes::Sort, is_amount, json::Json, positive, safe_code, time},
};
use paydesk_domain::{
    Amount, ChannelRef, ClosedWhy, Doubt, End, MerchantRef, Money, Outcome, Paid, PayerAction, PaymentFact,
    RefundFact, Timestamp,
};
use paydesk_signing::{
    Authentic,
    mutants::{Mutant, planted},
};

/// Only these hosts appear in a code that a payer may scan.
const CODE_PREFIX: &str = "https://qr.alipay.com/";

/// Every field that names a currency.
const CURRENCIES: [&str; 4] = [
    "pay_currency",
    "refund_currency",
    "settle_currency",
    "trans_currency",
];

/// What the envelope's code makes of the answer.
enum Read {
    /// `10000`: accepted; the business fields tell.
    Accepted(Json),
    /// `10003`: the payer must act.
    Paying(Json),
    /// Anything else, canonical.
    Code(String),
}

/// The answer about `ours`. A refusal need not name what it refuses; one that names something else refuses
/// that (Q8).
fn read(reply: &Authentic, ours: &MerchantRef, cx: &Cx<'_>) -> Result<Read, Doubt> {
    let content = Json::read(reply.believed()).map_err(|_| Doubt::Unreadable)?;
    if other_than(&content, "out_trade_no", ours.as_str()) || foreign(&content, cx) {
        return Err(Doubt::Mismatch);
    }
    let code = content
        .text("code")
        .and_then(safe_code)
        .ok_or(Doubt::Unreadable)?;
    Ok(match code {
        "10000" => Read::Accepted(content),
        "10003" => Read::Paying(content),
        "40004" => {
            let sub = content.text("sub_code").and_then(safe_code);
            Read::Code(sub.map_or_else(|| code.to_owned(), codes::canonical))
        }
        // Gateway codes: the finer word if we know it, else the coarse one.
        other => {
            let sub = content
                .text("sub_code")
                .and_then(safe_code)
                .map(codes::canonical);
            Read::Code(
                sub.filter(|sub| codes::row(sub).is_some())
                    .unwrap_or_else(|| other.to_owned()),
            )
        }
    })
}

fn done<F>(fact: F) -> Outcome<Answer<F>> {
    Outcome::Done(Answer::of(fact))
}

fn refused<F>(code: &str) -> Outcome<Answer<F>> {
    table::outcome(codes::row(code), code)
}

fn is_not_found(code: &str) -> bool {
    codes::row(code).is_some_and(|row| row.sort == Sort::NotFound)
}

/// Present and other than ours: an answer about something else (Q8).
fn other_than(content: &Json, name: &str, ours: &str) -> bool {
    content.get(name).is_some() && content.text(name) != Some(ours)
}

/// The paid fact, bound to number, amount and merchant.
fn paid(
    content: &Json,
    asked: Amount,
    reference: &str,
    cx: &Cx<'_>,
    time_field: &str,
) -> Result<Paid, Doubt> {
    let bound = content.text("out_trade_no") == Some(reference)
        && content
            .text("total_amount")
            .is_some_and(|total| is_amount(total, asked))
        && !foreign(content, cx);
    if !bound {
        return Err(Doubt::Mismatch);
    }
    let number = content
        .text("trade_no")
        .filter(|number| !number.is_empty())
        .ok_or(Doubt::Unreadable)?;
    let money = |name: &str| {
        content
            .text(name)
            .and_then(|text| Money::parse(text, asked.currency()).ok())
    };
    // The sandbox of Alipay itself answers queries with a receipt of 0.00, so zero says nothing.
    let received = content
        .text("receipt_amount")
        .and_then(|text| positive(text, asked.currency()))
        .unwrap_or(asked);
    if received.minor() > asked.minor() {
        return Err(Doubt::Mismatch);
    }
    Ok(Paid {
        asked,
        received,
        payer_paid: money("buyer_pay_amount"),
        channel_ref: ChannelRef(number.to_owned()),
        at: content
            .text(time_field)
            .and_then(time::from_china)
            .unwrap_or(cx.now),
        coins: Vec::new(),
        payer: content
            .text("buyer_logon_id")
            .filter(|payer| !payer.is_empty())
            .map(str::to_owned),
    })
}

/// Fields by which the answers to the operations can be told apart.
const MARKS: [&str; 9] = [
    "fund_change",
    "gmt_payment",
    "out_request_no",
    "qr_code",
    "refund_fee",
    "refund_status",
    "retry_flag",
    "total_amount",
    "trade_status",
];

/// Whether the content is the answer to something else. The signature covers the content and not the node's
/// name, so whoever carries the answer may write another name over it: the fields must be those of the call.
fn answers_another(content: &Json, own: &[&str]) -> bool {
    let mut others = MARKS.iter().filter(|mark| !own.contains(mark));
    others.any(|mark| content.get(mark).is_some())
}

/// Whether the answer names another currency, application or merchant than this account.
pub(super) fn foreign(content: &Json, cx: &Cx<'_>) -> bool {
    let seller = cx.account.field("seller_id");
    other_than(content, "app_id", cx.account.field("app_id"))
        || (!seller.is_empty() && other_than(content, "seller_id", seller))
        || CURRENCIES
            .iter()
            .any(|name| other_than(content, name, "CNY"))
}

/// The answer to trade.pay and trade.precreate.
pub(super) fn create(
    call: &Create,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let ours = call.reference.as_str();
    match (read(reply, &call.reference, cx), &call.tender) {
        (Err(doubt), _) => Outcome::Unknown(doubt),
        (Ok(Read::Accepted(content)), Tender::PayerCode(_)) => {
            // Only a payment's own answer says when it was paid. A query tells of a trade nobody paid yet with
            // the same number, amount and code.
            if answers_another(&content, &["gmt_payment", "total_amount"]) {
                return Outcome::Unknown(Doubt::Mismatch);
            }
            if content.text("gmt_payment").and_then(time::from_china).is_none() {
                return Outcome::Unknown(Doubt::Unreadable);
            }
            match paid(&content, call.amount, ours, cx, "gmt_payment") {
                Ok(paid) => done(PaymentFact::Paid(paid)),
                Err(doubt) => Outcome::Unknown(doubt),
            }
        }
        (Ok(Read::Accepted(content)), Tender::ShowCode) => {
            if content.text("out_trade_no") != Some(ours) {
                return Outcome::Unknown(Doubt::Mismatch);
            }
            match content.text("qr_code").filter(|code| showable(code, cx)) {
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
        (Ok(Read::Paying(content)), Tender::PayerCode(_)) => {
            let other_amount = content
                .text("total_amount")
                .is_some_and(|total| !is_amount(total, call.amount));
            if other_amount {
                return Outcome::Unknown(Doubt::Mismatch);
            }
            if planted(Mutant::WaitingIsRefusal) {
                return refused("ACQ.PAYMENT_FAIL");
            }
            done(PaymentFact::Awaiting(
                PayerAction::EnterPassword,
                call.expires,
            ))
        }
        (Ok(Read::Paying(_)), Tender::ShowCode)
        | (Ok(Read::Accepted(_) | Read::Paying(_)), Tender::Reader { .. }) => {
            Outcome::Unknown(Doubt::Unreadable)
        }
        (Ok(Read::Code(code)), _) => refused(&code),
    }
}

/// A code to show leads to Alipay, or to the sandbox this account talks to.
fn showable(code: &str, cx: &Cx<'_>) -> bool {
    let own_gateway = cx.account.gateway == super::PROFILE.gateway;
    code.starts_with(CODE_PREFIX) || (!own_gateway && !code.is_empty() && code.len() <= 512)
}

/// The answer to trade.query. A failed query says nothing of the payment.
pub(super) fn query(call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    let content = match read(reply, &call.of.reference, cx) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Read::Accepted(content)) => content,
        Ok(Read::Paying(_)) => return Outcome::Unknown(Doubt::Unreadable),
        Ok(Read::Code(code)) if is_not_found(&code) => return done(PaymentFact::NotFound),
        Ok(Read::Code(code)) => return Outcome::Unknown(Doubt::ServerFault { code }),
    };
    trade(&content, call, cx, "send_pay_date")
}

/// What a trade's fields say, in an answer or in a notice.
pub(super) fn trade(
    content: &Json,
    call: &Query,
    cx: &Cx<'_>,
    time_field: &str,
) -> Outcome<Answer<PaymentFact>> {
    let ours = call.of.reference.as_str();
    if content.text("out_trade_no") != Some(ours) || foreign(content, cx) {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    if content
        .text("total_amount")
        .is_some_and(|total| !is_amount(total, call.of.amount))
    {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    match content.text("trade_status") {
        Some("TRADE_SUCCESS" | "TRADE_FINISHED") => {
            match paid(content, call.of.amount, ours, cx, time_field) {
                Ok(paid) => done(PaymentFact::Paid(paid)),
                Err(doubt) => Outcome::Unknown(doubt),
            }
        }
        Some("WAIT_BUYER_PAY") => {
            let until = call.of.sent_at.plus(super::PROFILE.schedule.charge_for);
            done(PaymentFact::Awaiting(PayerAction::EnterPassword, until))
        }
        // Unpaid and ended, or paid and wholly given back: either way nothing is left with the merchant.
        Some("TRADE_CLOSED") => done(PaymentFact::Closed(ClosedWhy::Closed)),
        Some(_) | None => Outcome::Unknown(Doubt::Unreadable),
    }
}

/// The answer to trade.cancel and trade.close.
pub(super) fn finish(
    call: &Finish,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let content = match read(reply, &call.of.reference, cx) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Read::Accepted(content)) => content,
        Ok(Read::Paying(_)) => return Outcome::Unknown(Doubt::Unreadable),
        // A trade exists only once the payer has acted. It may still be born, so it is watched.
        Ok(Read::Code(code)) if is_not_found(&code) => {
            return done(PaymentFact::Closed(ClosedWhy::NeverExisted));
        }
        Ok(Read::Code(code)) => return refused(&code),
    };
    let ours = call.of.reference.as_str();
    let own: &[&str] = match call.how {
        End::Close => &[],
        End::Reverse => &["retry_flag"],
    };
    if answers_another(&content, own) {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    // A cancel of an unknown number may leave the number out; what is there is ours.
    match call.how {
        End::Close if content.text("out_trade_no") == Some(ours) => {
            done(PaymentFact::Closed(ClosedWhy::Closed))
        }
        End::Close => Outcome::Unknown(Doubt::Mismatch),
        End::Reverse => match (content.text("retry_flag"), content.text("action")) {
            (Some("Y"), _) => Outcome::Unknown(Doubt::ServerFault {
                code: "retry_flag=Y".to_owned(),
            }),
            // Every answer to a cancel carries the flag.
            (None | Some(""), _) => Outcome::Unknown(Doubt::Unreadable),
            (_, Some("close")) => done(PaymentFact::Closed(ClosedWhy::Closed)),
            (_, Some("refund")) => done(PaymentFact::Closed(ClosedWhy::Reversed)),
            (_, None | Some("")) => done(PaymentFact::Closed(ClosedWhy::NeverExisted)),
            (_, Some(_)) => Outcome::Unknown(Doubt::Unreadable),
        },
    }
}

/// The answer to trade.refund. It names the trade and not the refund, and `refund_fee` is the trade's total so
/// far: it speaks for this refund only where it reaches beyond all others. Else an older answer of another
/// refund would do; what is not certain by this is asked for by number.
pub(super) fn refund(
    call: &RefundCall,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let content = match read(reply, &call.of.reference, cx) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Read::Accepted(content)) => content,
        Ok(Read::Paying(_)) => return Outcome::Unknown(Doubt::Unreadable),
        // Asked for by number before it counts: it may be this very refund that closed the trade.
        Ok(Read::Code(code)) if code == "ACQ.TRADE_HAS_CLOSE" => {
            return refused(codes::REFUND_TRADE_HAS_CLOSE);
        }
        Ok(Read::Code(code)) => return refused(&code),
    };
    let total = content
        .text("refund_fee")
        .and_then(|fee| positive(fee, call.amount.currency()));
    let least = call.others.minor().checked_add(call.amount.minor());
    let reached = total.zip(least).is_some_and(|(total, least)| {
        (least..=call.paid.minor()).contains(&total.minor())
    });
    if content.text("out_trade_no") != Some(call.of.reference.as_str())
        || !(total.is_none() || reached)
    {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    match content.text("fund_change") {
        Some("Y") if reached => done(refund_done(&content)),
        Some("Y") => Outcome::Unknown(Doubt::Mismatch),
        // No money moved by this call: an earlier send of ours did it, or nothing did. The query tells,
        // and until then the same number may go out again.
        _ => Outcome::Unknown(Doubt::Duplicate {
            code: "fund_change=N".to_owned(),
        }),
    }
}

fn refund_done(content: &Json) -> RefundFact {
    let at: Option<Timestamp> = content.text("gmt_refund_pay").and_then(time::from_china);
    RefundFact::Done {
        channel_ref: None,
        at,
    }
}

/// The answer to fastpay.refund.query. Without a status the channel has no such refund (yet).
pub(super) fn query_refund(
    call: &QueryRefund,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let content = match read(reply, &call.of.reference, cx) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Read::Accepted(content)) => content,
        Ok(Read::Paying(_)) => return Outcome::Unknown(Doubt::Unreadable),
        Ok(Read::Code(code)) if is_not_found(&code) => return done(RefundFact::NotFound),
        Ok(Read::Code(code)) => return Outcome::Unknown(Doubt::ServerFault { code }),
    };
    let own = ["out_request_no", "refund_status", "total_amount"];
    if other_than(&content, "out_request_no", call.refund.reference.as_str())
        || answers_another(&content, &own)
    {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    match content.text("refund_status") {
        Some("REFUND_SUCCESS") => {
            let whole = content.text("out_request_no").is_some()
                && content.text("out_trade_no").is_some()
                && content
                    .text("refund_amount")
                    .is_some_and(|text| is_amount(text, call.refund.amount));
            if whole {
                done(refund_done(&content))
            } else {
                Outcome::Unknown(Doubt::Mismatch)
            }
        }
        None | Some("") => done(RefundFact::NotFound),
        Some(_) => Outcome::Unknown(Doubt::Unreadable),
    }
}
