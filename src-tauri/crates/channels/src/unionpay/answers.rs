//! Reading UnionPay's believed answers. Merchant, number, moment, amount, currency and type must be those of the call,
//! or nothing is concluded.
//!
//! `00` to a movement says that it was taken in, and only a query says that it happened: the code of the question
//! first, then that of the order. A code that decides nothing is a doubt at either level.

use super::{
    codes,
    envelope::{ACCEPTED, Fields, content},
    undo::{Stage, Undo},
};
use crate::{
    Answer, Create, Cx, Finish, Query, QueryRefund, RefundCall, Target, Tender,
    wire::{codes as table, codes::Sort, safe_code, time},
};
use paydesk_domain::{
    Again, Amount, ChannelRef, ClosedWhy, Doubt, End, Outcome, Paid, PayerAction, PaymentFact,
    RefundFact, Refusal, Timestamp,
};
use paydesk_signing::Authentic;

/// Yuan, as ISO 4217 numbers it.
const YUAN: &str = "156";
/// Only these addresses stand in a code that a payer of a live account may scan.
const CODE_PREFIX: &str = "https://qr.95516.com/";
/// A code of a sandbox may be any text of this length.
const CODE_CHARS_MAX: usize = 512;
/// A payer's number is kept only as the channel masks it.
const PAYER_CHARS_MAX: usize = 32;
/// The types by which a query's answer names an order: that of the order, or the query's own.
const OF_PAYMENT: &[&str] = &["00", "01"];
const OF_REFUND: &[&str] = &["00", "04"];
const OF_UNDO: &[&str] = &["00", "31"];

/// The order that an answer must be about.
struct Asked<'a> {
    number: &'a str,
    at: Timestamp,
    amount: Amount,
    kinds: &'a [&'a str],
}

impl<'a> Asked<'a> {
    fn payment(of: &'a Target, kinds: &'a [&'a str]) -> Asked<'a> {
        Asked {
            number: of.reference.as_str(),
            at: of.sent_at,
            amount: of.amount,
            kinds,
        }
    }

    fn of(number: &'a str, at: Timestamp, amount: Amount, kinds: &'a [&'a str]) -> Asked<'a> {
        Asked {
            number,
            at,
            amount,
            kinds,
        }
    }

    /// Whether the answer is about it, of this merchant, and names no other amount or currency.
    fn is_meant(&self, fields: &Fields, cx: &Cx<'_>) -> bool {
        let same = |name: &str, value: &str| fields.get(name) == Some(value);
        let kind = fields.get("txnType").unwrap_or_default();
        same("merId", cx.account.field("merId"))
            && same("orderId", self.number)
            && same("txnTime", &time::to_compact(self.at))
            && self.kinds.contains(&kind)
            && (!fields.has("txnAmt") || self.is_sum(fields))
            && (!fields.has("currencyCode") || same("currencyCode", YUAN))
            // What the shop is settled in is what it has received.
            && (!fields.has("settleCurrencyCode") || same("settleCurrencyCode", YUAN))
    }

    fn is_sum(&self, fields: &Fields) -> bool {
        let text = fields.get("txnAmt").unwrap_or_default();
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        is_number && text.parse() == Ok(self.amount.minor())
    }

    /// Whether the sum is named, too: without it no money is concluded.
    fn is_whole(&self, fields: &Fields) -> bool {
        self.is_sum(fields) && fields.get("currencyCode") == Some(YUAN)
    }
}

/// The fields of an answer about `asked`, with its code.
fn read(reply: &Authentic, asked: &Asked<'_>, cx: &Cx<'_>) -> Result<(Fields, String), Doubt> {
    let fields = content(reply)?;
    if !asked.is_meant(&fields, cx) {
        return Err(Doubt::Mismatch);
    }
    let code = fields.get("respCode").and_then(safe_code);
    let code = code.ok_or(Doubt::Unreadable)?.to_owned();
    Ok((fields, code))
}

/// The same of an answer to a movement itself. A query's answer about it holds the same fields and one more.
fn read_movement(
    reply: &Authentic,
    asked: &Asked<'_>,
    cx: &Cx<'_>,
) -> Result<(Fields, String), Doubt> {
    let (fields, code) = read(reply, asked, cx)?;
    if fields.has("origRespCode") || fields.get("txnType") == Some("00") {
        return Err(Doubt::Mismatch);
    }
    Ok((fields, code))
}

fn done<F>(fact: F) -> Outcome<Answer<F>> {
    Outcome::Done(Answer::of(fact))
}

/// A fact, and how far the undo came with it.
fn remembered(fact: PaymentFact, undo: Undo) -> Outcome<Answer<PaymentFact>> {
    Outcome::Done(Answer {
        fact,
        learned: Some(undo.memo()),
    })
}

fn refused<F>(code: &str) -> Outcome<Answer<F>> {
    table::outcome(codes::row(code), code)
}

fn fault<F>(code: &str) -> Outcome<Answer<F>> {
    Outcome::Unknown(Doubt::ServerFault {
        code: code.to_owned(),
    })
}

/// The words of a code; of one that is in no row, that it cannot be settled here.
fn refusal(code: &str) -> Refusal {
    let advice = match codes::row(code).map(|row| row.sort) {
        Some(Sort::Refusal(advice)) => advice,
        Some(Sort::Duplicate | Sort::Fault | Sort::NotFound | Sort::Waiting) | None => {
            paydesk_domain::Advice::GiveUp
        }
    };
    Refusal {
        code: code.to_owned(),
        advice,
    }
}

/// What a query says of an order.
enum Found {
    /// The money moved.
    Moved(Fields),
    /// It may still.
    Running,
    /// It did not, and will not.
    Failed(String),
    /// There is no such order.
    Nothing,
}

/// Reads an answer to a query: the code of the question, then that of the order.
fn found(reply: &Authentic, asked: &Asked<'_>, cx: &Cx<'_>) -> Result<Found, Doubt> {
    let (fields, code) = read(reply, asked, cx)?;
    let open = |code: &str| Doubt::ServerFault {
        code: code.to_owned(),
    };
    if code == "34" {
        // Of an order that is not there nothing can be told.
        let is_told = fields.has("origRespCode");
        return if is_told { Err(Doubt::Mismatch) } else { Ok(Found::Nothing) };
    }
    if code != ACCEPTED {
        return Err(open(&code));
    }
    // The answer to the movement itself says 00 too, and has no second code.
    let of_order = fields.get("origRespCode").and_then(safe_code);
    let of_order = of_order.ok_or(Doubt::Mismatch)?.to_owned();
    match of_order.as_str() {
        moved if codes::is_done(moved) && asked.is_whole(&fields) => Ok(Found::Moved(fields)),
        moved if codes::is_done(moved) => Err(Doubt::Mismatch),
        running if codes::is_running(running) => Ok(Found::Running),
        failed if codes::is_failed(failed) => Ok(Found::Failed(of_order)),
        other => Err(open(other)),
    }
}

/// The paid fact of an order that went through.
fn paid(fields: &Fields, asked: &Asked<'_>, cx: &Cx<'_>) -> Result<Paid, Doubt> {
    let number = fields.get("queryId").and_then(safe_code);
    let number = number.ok_or(Doubt::Unreadable)?;
    let masked = |name: &str| {
        let payer = fields.get(name)?;
        (payer.contains('*') && payer.len() <= PAYER_CHARS_MAX).then(|| payer.to_owned())
    };
    Ok(Paid {
        asked: asked.amount,
        received: asked.amount,
        payer_paid: None,
        channel_ref: ChannelRef(number.to_owned()),
        at: moved_at(fields, asked.at)?.unwrap_or(cx.now),
        payer: masked("payCardNo").or_else(|| masked("accNo")),
        coins: Vec::new(),
    })
}

/// When the channel says that the money moved, if it does: its time has no year.
fn moved_at(fields: &Fields, near: Timestamp) -> Result<Option<Timestamp>, Doubt> {
    let said = fields.get("traceTime");
    let read = |text| time::from_yearless(text, near).ok_or(Doubt::Unreadable);
    said.map(read).transpose()
}

/// The answer to a charge and to a code that was asked for.
pub(super) fn create(
    call: &Create,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let asked = Asked::of(call.reference.as_str(), call.sent_at, call.amount, &["01"]);
    let (fields, code) = match read_movement(reply, &asked, cx) {
        Ok(read) => read,
        Err(doubt) => return Outcome::Unknown(doubt),
    };
    let sub_type = match &call.tender {
        Tender::PayerCode(_) => "06",
        Tender::Reader { .. } => return Outcome::Unknown(Doubt::Unreadable),
        Tender::ShowCode => "07",
    };
    if fields.get("txnSubType") != Some(sub_type) {
        return Outcome::Unknown(Doubt::Mismatch);
    }
    match (code.as_str(), &call.tender) {
        (ACCEPTED, Tender::PayerCode(_)) => done(PaymentFact::Awaiting(
            PayerAction::EnterPassword,
            call.expires,
        )),
        (ACCEPTED, Tender::Reader { .. }) => Outcome::Unknown(Doubt::Unreadable),
        (ACCEPTED, Tender::ShowCode) => {
            match fields.get("qrCode").filter(|code| is_showable(code, cx)) {
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
        (code, _) => refused(code),
    }
}

fn is_showable(code: &str, cx: &Cx<'_>) -> bool {
    let is_plain = code.len() <= CODE_CHARS_MAX && code.bytes().all(|byte| byte.is_ascii_graphic());
    let is_live = cx.account.gateway == super::PROFILE.gateway;
    is_plain && (!is_live || code.starts_with(CODE_PREFIX))
}

/// What a query says of the payment.
fn payment(found: Found, asked: &Asked<'_>, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    match found {
        Found::Moved(fields) => match paid(&fields, asked, cx) {
            Ok(paid) => done(PaymentFact::Paid(paid)),
            Err(doubt) => Outcome::Unknown(doubt),
        },
        Found::Running => {
            let until = asked.at.plus(super::PROFILE.schedule.charge_for);
            done(PaymentFact::Awaiting(PayerAction::EnterPassword, until))
        }
        Found::Failed(code) => done(PaymentFact::Closed(ClosedWhy::Refused {
            refusal: refusal(&code),
        })),
        Found::Nothing => done(PaymentFact::NotFound),
    }
}

/// The answer to a query.
pub(super) fn query(call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    if let Some(undo) = Undo::open(&call.of) {
        let number = undo.order(&call.of);
        let asked = Asked::of(&number, undo.at, call.of.amount, OF_UNDO);
        return match found(reply, &asked, cx) {
            // Nothing is said of the payment, and the next query asks about it.
            Ok(Found::Failed(_)) => remembered(PaymentFact::Processing(None), undo.to(Stage::Over)),
            found => of_undo(found, undo, cx),
        };
    }
    let asked = Asked::payment(&call.of, OF_PAYMENT);
    match found(reply, &asked, cx) {
        Ok(found) => payment(found, &asked, cx),
        Err(doubt) => Outcome::Unknown(doubt),
    }
}

/// What is heard of an undo that may have gone out.
fn of_undo(found: Result<Found, Doubt>, undo: Undo, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    match found {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok(Found::Moved(_)) => done(PaymentFact::Closed(ClosedWhy::Reversed)),
        Ok(Found::Running) => done(PaymentFact::Processing(None)),
        Ok(Found::Failed(code)) => remembered(
            PaymentFact::EndRefused(refusal(&code)),
            undo.to(Stage::Over),
        ),
        // It was taken in once, so this is no word about it; or it may still be on its way.
        Ok(Found::Nothing) if undo.stage == Stage::Asked || !undo.is_lost(cx.now) => fault("34"),
        Ok(Found::Nothing) if undo.is_given_up(cx.now) => {
            remembered(PaymentFact::EndRefused(refusal("34")), undo.to(Stage::Over))
        }
        Ok(Found::Nothing) => remembered(PaymentFact::Processing(None), undo.to(Stage::Over)),
    }
}

/// The answer to an ending: a question about the payment, about its undo, or the undo itself.
pub(super) fn finish(
    call: &Finish,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    match (call.how, Undo::open(&call.of)) {
        (End::Reverse, Some(undo)) => undone(call, undo, reply, cx),
        (how, _) => {
            let asked = Asked::payment(&call.of, OF_PAYMENT);
            match found(reply, &asked, cx) {
                Err(doubt) => Outcome::Unknown(doubt),
                // It may still be on its way to the channel, so it is watched.
                Ok(Found::Nothing) => done(PaymentFact::Closed(ClosedWhy::NeverExisted)),
                // Nothing can be undone yet, and a code ends by itself.
                Ok(Found::Running) => done(PaymentFact::Processing(None)),
                Ok(Found::Moved(fields)) => match (paid(&fields, &asked, cx), how) {
                    (Err(doubt), _) => Outcome::Unknown(doubt),
                    (Ok(paid), End::Close) => done(PaymentFact::Paid(paid)),
                    (Ok(paid), End::Reverse) => {
                        remembered(PaymentFact::Paid(paid), Undo::next(&call.of, cx.now))
                    }
                },
                Ok(failed @ Found::Failed(_)) => payment(failed, &asked, cx),
            }
        }
    }
}

/// The answer to an undo or to a question about it; which of the two, its own fields say.
fn undone(
    call: &Finish,
    undo: Undo,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let number = undo.order(&call.of);
    let asked = Asked::of(&number, undo.at, call.of.amount, OF_UNDO);
    let was_asked_about = undo.stage == Stage::Asked || undo.is_lost(cx.now);
    let (fields, code) = match read(reply, &asked, cx) {
        Ok(read) => read,
        Err(doubt) => return Outcome::Unknown(doubt),
    };
    let is_state = fields.has("origRespCode") || fields.get("txnType") == Some("00");
    if is_state || (was_asked_about && code == "34") {
        return of_undo(found(reply, &asked, cx), undo, cx);
    }
    if undo.stage == Stage::Asked {
        // Its own first answer again, or one to another call.
        return Outcome::Unknown(Doubt::Mismatch);
    }
    match codes::row(&code).map(|row| row.sort) {
        // Taken in, now or by an earlier send of ours: a question tells how it ended.
        _ if code == ACCEPTED => remembered(PaymentFact::Processing(None), undo.to(Stage::Asked)),
        Some(Sort::Duplicate) => remembered(PaymentFact::Processing(None), undo.to(Stage::Asked)),
        Some(Sort::Refusal(_)) => remembered(
            PaymentFact::EndRefused(refusal(&code)),
            undo.to(Stage::Over),
        ),
        Some(Sort::Fault | Sort::NotFound | Sort::Waiting) | None => fault(&code),
    }
}

/// The answer to a refund. It is never the end of one.
pub(super) fn refund(
    call: &RefundCall,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let asked = Asked::of(call.reference.as_str(), call.sent_at, call.amount, &["04"]);
    match read_movement(reply, &asked, cx) {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok((_, code)) if code == ACCEPTED => done(RefundFact::Accepted),
        // The same refund, sent once more, has the moment of its beginning.
        Ok((_, code)) if code == "10" && is_stale(call.sent_at, cx.now) => {
            refused(codes::REFUND_STALE)
        }
        Ok((_, code)) => refused(&code),
    }
}

fn is_stale(sent_at: Timestamp, now: Timestamp) -> bool {
    now.since(sent_at) >= super::STALE_AFTER
}

/// The answer to a refund's query, by the refund's own number and moment.
pub(super) fn query_refund(
    call: &QueryRefund,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let asked = Asked::payment(&call.refund, OF_REFUND);
    match found(reply, &asked, cx) {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok(Found::Moved(fields)) => given_back(&fields, &asked),
        Ok(Found::Running) => done(RefundFact::Accepted),
        Ok(Found::Failed(code)) => {
            let again = codes::row(&code).and_then(|row| row.meaning.again);
            let again = again.filter(|again| *again != Again::SameReference);
            done(RefundFact::Failed(
                refusal(&code),
                again.unwrap_or(Again::NewReference),
            ))
        }
        Ok(Found::Nothing) => done(RefundFact::NotFound),
    }
}

fn given_back(fields: &Fields, asked: &Asked<'_>) -> Outcome<Answer<RefundFact>> {
    let number = fields.get("queryId").and_then(safe_code);
    match moved_at(fields, asked.at) {
        Ok(at) => done(RefundFact::Done {
            channel_ref: number.map(|number| ChannelRef(number.to_owned())),
            at,
        }),
        Err(doubt) => Outcome::Unknown(doubt),
    }
}

/// The fields that the answer to the movement itself does not have: with them a notice speaks of money that moved.
const MOVED: [&str; 4] = ["queryId", "settleAmt", "settleDate", "traceTime"];

/// What a notice says of the order that it names: only that it went through.
fn told(fields: &Fields, asked: &Asked<'_>, cx: &Cx<'_>) -> Result<(), Doubt> {
    let is_bound = asked.is_meant(fields, cx) && asked.is_whole(fields);
    let is_told = MOVED.iter().all(|name| fields.has(name)) && !fields.has("origRespCode");
    if !is_bound || !is_told {
        return Err(Doubt::Mismatch);
    }
    let code = fields.get("respCode").and_then(safe_code);
    match code.ok_or(Doubt::Unreadable)? {
        code if codes::is_done(code) => Ok(()),
        code => Err(Doubt::ServerFault {
            code: code.to_owned(),
        }),
    }
}

/// What a notice says of a payment.
pub(super) fn payment_notice(
    fields: &Fields,
    of: &Query,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let asked = Asked::payment(&of.of, &["01"]);
    match told(fields, &asked, cx).and_then(|()| paid(fields, &asked, cx)) {
        Ok(paid) => done(PaymentFact::Paid(paid)),
        Err(doubt) => Outcome::Unknown(doubt),
    }
}

/// What a notice says of a refund.
pub(super) fn refund_notice(
    fields: &Fields,
    of: &QueryRefund,
    cx: &Cx<'_>,
) -> Outcome<Answer<RefundFact>> {
    let asked = Asked::payment(&of.refund, &["04"]);
    match told(fields, &asked, cx) {
        Ok(()) => given_back(fields, &asked),
        Err(doubt) => Outcome::Unknown(doubt),
    }
}
