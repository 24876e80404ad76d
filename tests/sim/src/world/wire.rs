//! What a request says it is, read from its bytes by the letter of the channels' documents.
//! Nothing here asks the connector that wrote it.

use paydesk_auditor::Effect;
use paydesk_channels::WireRequest;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::BTreeMap;

/// A request as the wire shows it.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// `alipay`, `stripe`, `unionpay` or `wechatpay`.
    pub(crate) channel: &'static str,
    /// The channel's own name of the call, for matching an old answer with a new request.
    pub(crate) operation: String,
    /// What it does to money; none for questions.
    pub(crate) effect: Option<Effect>,
    /// The refund's number, else the payment's; at Stripe the channel's own number where a call names nothing else.
    pub(crate) reference: Option<String>,
    /// Its content without time, nonce and signature.
    pub(crate) meaning: Vec<u8>,
    /// Its moment, where the channel names an order by number and moment.
    pub(crate) moment: String,
}

pub(crate) fn read(request: &WireRequest) -> Reading {
    if request.url.contains("gateway.do") {
        alipay(request)
    } else if request.url.contains("/v1/") {
        stripe(request)
    } else if request.url.contains("/gateway/api/") || request.url.ends_with('/') {
        unionpay(request)
    } else {
        wechatpay(request)
    }
}

fn form(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn text(document: &Value, name: &str) -> Option<String> {
    Some(document.get(name)?.as_str()?.to_owned())
}

fn alipay(request: &WireRequest) -> Reading {
    let query = request.url.split_once('?').map_or("", |(_, query)| query);
    let mut parameters = form(query);
    parameters.extend(form(&String::from_utf8_lossy(&request.body)));
    let operation = parameters.remove("method").unwrap_or_default();
    let content = parameters.remove("biz_content").unwrap_or_default();
    let document: Value = serde_json::from_str(&content).unwrap_or_default();
    let payment = text(&document, "out_trade_no");
    let refund = text(&document, "out_request_no");
    let effect = match operation.as_str() {
        "alipay.trade.pay" | "alipay.trade.precreate" => Some(Effect::Pay),
        "alipay.trade.cancel" | "alipay.trade.close" => Some(Effect::End),
        "alipay.trade.refund" => Some(Effect::Refund),
        _ => None,
    };
    Reading {
        channel: "alipay",
        operation,
        effect,
        reference: refund.or(payment),
        meaning: content.into_bytes(),
        moment: String::new(),
    }
}

/// `31` has a number of its own, which is the payment's with `U` and a place; it is told of the payment.
fn undone(number: &str) -> Option<&str> {
    let (payment, place) = number.rsplit_once('U')?;
    let is_place = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit());
    is_place.then_some(payment)
}

fn unionpay(request: &WireRequest) -> Reading {
    let mut fields = form(&String::from_utf8_lossy(&request.body));
    let number = fields.get("orderId").cloned();
    let of = |name: &str| fields.get(name).map_or("", String::as_str);
    let (operation, effect) = match (of("txnType"), of("txnSubType")) {
        ("01", "01") => ("page", Some(Effect::Pay)),
        ("01", "06") => ("charge", Some(Effect::Pay)),
        ("01", "07") => ("code", Some(Effect::Pay)),
        ("04", _) => ("refund", Some(Effect::Refund)),
        ("31", _) => ("undo", Some(Effect::End)),
        ("00", _) => ("query", None),
        _ => ("other", None),
    };
    let payment = number.as_deref().and_then(undone).map(str::to_owned);
    fields.remove("signature");
    let mut moment = fields.remove("txnTime").unwrap_or_default();
    if operation == "undo" {
        // A second undo has another number and moment, and means the same.
        fields.remove("orderId");
        moment.clear();
    }
    Reading {
        channel: "unionpay",
        operation: operation.to_owned(),
        effect,
        reference: payment.or(number),
        meaning: format!("{fields:?}").into_bytes(),
        moment,
    }
}

/// Objects by their numbers in the path; what makes one carries the merchant's number among its words.
fn stripe(request: &WireRequest) -> Reading {
    let path = request.url.split_once("/v1/").map_or("", |(_, path)| path);
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let fields = form(&String::from_utf8_lossy(&request.body));
    let word = |name: &str| fields.get(&format!("metadata[{name}]")).cloned();
    let own = |number: &str| Some(number.to_owned());
    let (operation, effect, reference) = match (request.method, parts.as_slice()) {
        ("POST", ["checkout", "sessions"]) => {
            ("session", Some(Effect::Pay), word("paydesk_payment"))
        }
        ("POST", ["checkout", "sessions", number, "expire"]) => {
            ("expire", Some(Effect::End), own(number))
        }
        ("GET", ["checkout", "sessions", number]) => ("query", None, own(number)),
        ("GET", ["payment_intents", number]) => ("query", None, own(number)),
        ("POST", ["refunds"]) => ("refund", Some(Effect::Refund), word("paydesk_refund")),
        _ => ("other", None, None),
    };
    Reading {
        channel: "stripe",
        operation: operation.to_owned(),
        effect,
        reference,
        meaning: format!("{fields:?}").into_bytes(),
        moment: String::new(),
    }
}

fn wechatpay(request: &WireRequest) -> Reading {
    let path = request.url.split_once("/v3/").map_or("", |(_, path)| path);
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let document: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let (operation, effect, reference) = match parts.as_slice() {
        ["pay", "transactions", way @ ("codepay" | "native")] => {
            (*way, Some(Effect::Pay), text(&document, "out_trade_no"))
        }
        [
            "pay",
            "transactions",
            "out-trade-no",
            number,
            way @ ("close" | "reverse"),
        ] => (*way, Some(Effect::End), Some((*number).to_owned())),
        ["pay", "transactions", "out-trade-no", number] => {
            ("query", None, Some((*number).to_owned()))
        }
        ["refund", "domestic", "refunds"] => (
            "refund",
            Some(Effect::Refund),
            text(&document, "out_refund_no"),
        ),
        ["refund", "domestic", "refunds", number] => {
            ("refund query", None, Some((*number).to_owned()))
        }
        _ => ("other", None, None),
    };
    Reading {
        channel: "wechatpay",
        operation: operation.to_owned(),
        effect,
        reference,
        meaning: request.body.clone(),
        moment: String::new(),
    }
}
