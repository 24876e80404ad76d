//! What a request says it is, read from its bytes by the letter of the channels' documents.
//!
//! Nothing here asks the connector that wrote it.

use crate::http::Message;
use paydesk_auditor::Effect;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a request asks of a channel.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Money from a payer.
    Pay,
    /// Money back to one.
    Refund,
    /// How a payment or refund stands.
    Query,
    /// A reversal, cancellation or closing.
    End,
    /// Anything else.
    Other,
}

/// A request as the wire shows it.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it asks.
    pub kind: Kind,
    /// The merchant's number in it: of the refund, else of the payment.
    pub reference: Option<String>,
    /// Its content without time, nonce and signature.
    pub meaning: Vec<u8>,
}

impl Call {
    /// What it does to money; none for questions.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        match self.kind {
            Kind::End => Some(Effect::End),
            Kind::Other | Kind::Query => None,
            Kind::Pay => Some(Effect::Pay),
            Kind::Refund => Some(Effect::Refund),
        }
    }

    pub(crate) fn read(message: &Message) -> Call {
        let target = message.head.split(' ').nth(1).unwrap_or_default();
        if target.contains("gateway.do") {
            alipay(target, &message.body)
        } else {
            wechatpay(target, &message.body)
        }
    }
}

fn form(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn text(document: &Value, name: &str) -> Option<String> {
    Some(document.get(name)?.as_str()?.to_owned())
}

fn alipay(target: &str, body: &[u8]) -> Call {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut parameters = form(query);
    parameters.extend(form(&String::from_utf8_lossy(body)));
    let content = parameters.remove("biz_content").unwrap_or_default();
    let document: Value = serde_json::from_str(&content).unwrap_or_default();
    let method = parameters.remove("method").unwrap_or_default();
    let kind = match method.as_str() {
        "alipay.trade.pay" | "alipay.trade.precreate" => Kind::Pay,
        "alipay.trade.cancel" | "alipay.trade.close" => Kind::End,
        "alipay.trade.refund" => Kind::Refund,
        "alipay.trade.query" | "alipay.trade.fastpay.refund.query" => Kind::Query,
        _ => Kind::Other,
    };
    Call {
        kind,
        reference: text(&document, "out_request_no").or(text(&document, "out_trade_no")),
        meaning: content.into_bytes(),
    }
}

fn wechatpay(target: &str, body: &[u8]) -> Call {
    let path = target.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let number = |number: &str| Some(number.to_owned());
    let (kind, reference) = match parts.as_slice() {
        ["v3", "pay", "transactions", "codepay" | "native"] => {
            (Kind::Pay, text(&document, "out_trade_no"))
        }
        [
            "v3",
            "pay",
            "transactions",
            "out-trade-no",
            its,
            "close" | "reverse",
        ] => (Kind::End, number(its)),
        ["v3", "pay", "transactions", "out-trade-no", its] => (Kind::Query, number(its)),
        ["v3", "refund", "domestic", "refunds"] => (Kind::Refund, text(&document, "out_refund_no")),
        ["v3", "refund", "domestic", "refunds", its] => (Kind::Query, number(its)),
        _ => (Kind::Other, None),
    };
    Call {
        kind,
        reference,
        meaning: body.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, body: &str, kind: Kind, reference: Option<&str>) {
        let message = Message {
            head: format!("{head} HTTP/1.1\r\nhost: x\r\n\r\n"),
            body: body.as_bytes().to_vec(),
        };
        let call = Call::read(&message);
        assert_eq!(
            (call.kind, call.reference.as_deref()),
            (kind, reference),
            "{head}"
        );
    }

    #[test]
    fn calls_are_told_by_the_wire_alone() {
        check(
            "POST /gateway.do?method=alipay.trade.pay",
            "biz_content=%7B%22out_trade_no%22%3A%22N1%22%7D",
            Kind::Pay,
            Some("N1"),
        );
        check(
            "POST /gateway.do?method=alipay.trade.refund",
            "biz_content=%7B%22out_trade_no%22%3A%22N1%22%2C%22out_request_no%22%3A%22N1R1%22%7D",
            Kind::Refund,
            Some("N1R1"),
        );
        check(
            "POST /v3/pay/transactions/codepay",
            r#"{"out_trade_no":"N1"}"#,
            Kind::Pay,
            Some("N1"),
        );
        check(
            "POST /v3/pay/transactions/out-trade-no/N1/reverse",
            "{}",
            Kind::End,
            Some("N1"),
        );
        check(
            "GET /v3/pay/transactions/out-trade-no/N1?mchid=1",
            "",
            Kind::Query,
            Some("N1"),
        );
        check("GET /v3/certificates", "", Kind::Other, None);
    }
}
