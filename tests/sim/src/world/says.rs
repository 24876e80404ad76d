//! What an answer says about a payment or a refund, read from its bytes by the letter of the channels'
//! documents: for counting which states met which answers. Nothing here asks a connector, and nothing is
//! decided by it.

use super::{weather::Ill, wire::Reading};
use paydesk_auditor::Effect;
use paydesk_desk::ports::Cut;
use paydesk_sandbox::WireAnswer;
use serde_json::Value;

pub(crate) const PAID: &str = "paid";
pub(crate) const WAITING: &str = "waiting";
pub(crate) const CLOSED: &str = "closed";
pub(crate) const NOT_FOUND: &str = "not found";
pub(crate) const REFUSED: &str = "refused";
pub(crate) const DUPLICATE: &str = "duplicate number";
pub(crate) const SERVER_FAULT: &str = "server fault";
pub(crate) const NO_REPLY: &str = "no reply";
pub(crate) const NO_CONNECTION: &str = "no connection";
pub(crate) const UNREADABLE: &str = "unreadable";
pub(crate) const UNAUTHENTICATED: &str = "unauthenticated";
pub(crate) const UNSIGNED_REFUSAL: &str = "unsigned refusal";
pub(crate) const MISMATCH: &str = "mismatch";
pub(crate) const ACCEPTED: &str = "accepted";
pub(crate) const DONE: &str = "done";
pub(crate) const FAILED: &str = "failed";

/// What comes back says, or what its coming back like this means.
pub(crate) fn says(
    reading: &Reading,
    ill: Option<Ill>,
    back: Result<&WireAnswer, &Cut>,
) -> &'static str {
    let answer = match back {
        Err(Cut::BeforeSend) => return NO_CONNECTION,
        Err(_) => return NO_REPLY,
        Ok(answer) => answer,
    };
    if reading.channel == "stripe" {
        return stripe(reading, answer);
    }
    match ill {
        Some(Ill::BadSignature | Ill::UnknownKey | Ill::BitFlipped) => UNAUTHENTICATED,
        Some(Ill::UnsignedRefusal | Ill::UnsignedRefusalAfter) => UNSIGNED_REFUSAL,
        Some(Ill::OtherOrder | Ill::OtherMerchant) => MISMATCH,
        Some(Ill::Truncated | Ill::Portal) => UNREADABLE,
        Some(Ill::StaleTime) if reading.channel == "wechatpay" => UNAUTHENTICATED,
        Some(
            Ill::Gateway500
            | Ill::Gateway502
            | Ill::Gateway503
            | Ill::Gateway504
            | Ill::RateLimited
            | Ill::SystemError
            | Ill::SystemErrorAfter,
        ) => SERVER_FAULT,
        _ => match reading.channel {
            "alipay" => alipay(reading, answer),
            "unionpay" => unionpay(reading, answer),
            _ => wechatpay(reading, answer),
        },
    }
}

fn alipay(reading: &Reading, answer: &WireAnswer) -> &'static str {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let parts = document.as_object();
    let content = parts.and_then(|parts| {
        let mut parts = parts.iter();
        parts.find(|(name, _)| name.ends_with("_response"))
    });
    let Some((_, content)) = content else {
        return UNREADABLE;
    };
    let text = |name: &str| {
        content
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let operation = reading.operation.as_str();
    match (text("code"), operation) {
        ("10003", _) => WAITING,
        ("20000", _) => SERVER_FAULT,
        ("10000", "alipay.trade.pay") => PAID,
        ("10000", "alipay.trade.precreate") => WAITING,
        ("10000", "alipay.trade.query") => match text("trade_status") {
            "WAIT_BUYER_PAY" => WAITING,
            "TRADE_CLOSED" => CLOSED,
            _ => PAID,
        },
        ("10000", "alipay.trade.fastpay.refund.query") if text("refund_status").is_empty() => {
            NOT_FOUND
        }
        ("10000", "alipay.trade.refund" | "alipay.trade.fastpay.refund.query") => DONE,
        ("10000", _) => CLOSED,
        _ => match text("sub_code") {
            "ACQ.TRADE_NOT_EXIST" => NOT_FOUND,
            "ACQ.TRADE_HAS_SUCCESS" | "ACQ.CONTEXT_INCONSISTENT" => DUPLICATE,
            _ if reading.effect == Some(Effect::Refund) => FAILED,
            _ => REFUSED,
        },
    }
}

/// The code of the call, and of a query the code of the order.
fn unionpay(reading: &Reading, answer: &WireAnswer) -> &'static str {
    let body = String::from_utf8_lossy(&answer.body);
    let field = |wanted: &str| {
        let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(name, _)| *name == wanted);
        found.map_or("", |(_, value)| value)
    };
    match (reading.operation.as_str(), field("respCode")) {
        (_, "") => UNREADABLE,
        ("query", "00") => match (field("txnType"), field("origRespCode")) {
            ("01", "00" | "A6") => PAID,
            ("04", "00" | "A6") => DONE,
            (_, "00" | "A6") => CLOSED,
            ("04", "03" | "04" | "05") => ACCEPTED,
            (_, "03" | "04" | "05") => WAITING,
            ("04", _) => FAILED,
            _ => CLOSED,
        },
        ("query", "34") => NOT_FOUND,
        ("query", _) | (_, "02" | "03" | "04" | "06") => SERVER_FAULT,
        (_, "12") => DUPLICATE,
        ("refund", "00") => ACCEPTED,
        ("refund", _) => FAILED,
        (_, "00") => WAITING,
        _ => REFUSED,
    }
}

/// An object by its status, or an error by its HTTP status and code; of the page the intent that it holds decides.
fn stripe(reading: &Reading, answer: &WireAnswer) -> &'static str {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    match (answer.status, text("/error/code")) {
        (500.. | 429 | 409, _) => return SERVER_FAULT,
        (404, _) | (_, Some("resource_missing")) => return NOT_FOUND,
        (400.., _) if reading.effect == Some(Effect::Refund) => return FAILED,
        (400.., _) => return REFUSED,
        _ => {}
    }
    let intent = text("/payment_intent/status");
    match (text("/object"), text("/status"), intent) {
        (Some("refund"), Some("succeeded"), _) => DONE,
        (Some("refund"), Some("failed" | "canceled"), _) => FAILED,
        (Some("refund"), ..) => ACCEPTED,
        (Some("checkout.session"), _, Some("succeeded")) => PAID,
        (Some("checkout.session"), Some("expired"), _) => CLOSED,
        (Some("checkout.session"), ..) => WAITING,
        (Some("payment_intent"), Some("succeeded"), _) => PAID,
        (Some("payment_intent"), Some("canceled"), _) => CLOSED,
        (Some("payment_intent"), ..) => WAITING,
        _ => UNREADABLE,
    }
}

fn wechatpay(reading: &Reading, answer: &WireAnswer) -> &'static str {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    if answer.status >= 300 {
        return match text("code").unwrap_or_default() {
            "ORDER_NOT_EXIST" | "RESOURCE_NOT_EXISTS" => NOT_FOUND,
            "OUT_TRADE_NO_USED" | "ORDER_PAID" if reading.effect == Some(Effect::Pay) => DUPLICATE,
            "USERPAYING" => WAITING,
            _ if answer.status >= 500 => SERVER_FAULT,
            _ if reading.effect == Some(Effect::Refund) => FAILED,
            _ => REFUSED,
        };
    }
    if reading.operation.starts_with("refund") {
        return match text("status").unwrap_or_default() {
            "PROCESSING" => ACCEPTED,
            "SUCCESS" => DONE,
            _ => FAILED,
        };
    }
    match text("trade_state") {
        Some("SUCCESS" | "REFUND") => PAID,
        Some("NOTPAY" | "USERPAYING") => WAITING,
        Some(_) => CLOSED,
        None if reading.effect == Some(Effect::End) => CLOSED,
        None => WAITING,
    }
}
