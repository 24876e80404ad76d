//! A recorded "paid" must prove itself again: signed by the channel, about this payment, over this amount (INV3).
//!
//! Reads the channels' answers by the letter of their documents, with nothing of the connectors.

use crate::{Auditor, Invariant, signed::unionpay_fields};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What an answer says about money.
#[derive(Debug, PartialEq, Eq)]
struct Says {
    out_trade_no: String,
    state: String,
    total_minor: Option<i64>,
}

impl Auditor {
    pub(crate) fn check_paid(&mut self, till: usize, seq: i64, reference: &str, record: &Value) {
        let Some(trade) = self.oracle.trade(reference) else {
            let found =
                format!("event {seq}: {reference} is called paid, the channel has no trade");
            self.found(Invariant::Inv3, till, found);
            return;
        };
        let body = record
            .get("body")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // Stripe signs nothing. Its answer is as good as the host it came from: these very bytes are the channel's.
        let is_proved = if trade.channel == "stripe" {
            let digest = Sha256::digest(body.as_bytes());
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            self.history.is_of_the_channel(&digest)
        } else {
            self.witness.is_signed(&trade.channel, record)
        };
        if !is_proved {
            let found = format!("event {seq}: the proof that {reference} is paid does not verify");
            self.found(Invariant::Inv3, till, found);
        }
        let says = match trade.channel.as_str() {
            "alipay" => alipay(body),
            "stripe" => stripe(body, reference),
            "unionpay" => unionpay(body),
            "wechatpay" => wechatpay(body),
            _ => None,
        };
        let fits = says.as_ref().is_some_and(|says| {
            says.out_trade_no == reference
                && matches!(
                    says.state.as_str(),
                    "00" | "10000"
                        | "A6"
                        | "TRADE_SUCCESS"
                        | "TRADE_FINISHED"
                        | "SUCCESS"
                        | "REFUND"
                        | "succeeded"
                )
                && says.total_minor == Some(trade.asked)
        });
        if !fits {
            let found = format!("event {seq}: the proof that {reference} is paid says {says:?}");
            self.found(Invariant::Inv3, till, found);
        }
    }
}

/// `{"alipay_trade_query_response":{"code":"10000","out_trade_no":..,"trade_status":..,"total_amount":"12.34"},"sign":..}`;
/// the answer to a charge has no `trade_status`: its code 10000 says paid (alipay.md, alipay.trade.pay).
fn alipay(body: &str) -> Option<Says> {
    let document: Value = serde_json::from_str(body).ok()?;
    let (_, response) = document
        .as_object()?
        .iter()
        .find(|(name, _)| name.ends_with("_response"))?;
    let text = |name: &str| response.get(name).and_then(Value::as_str);
    let state = text("trade_status").or(text("code"))?;
    Some(Says {
        out_trade_no: text("out_trade_no")?.to_owned(),
        state: state.to_owned(),
        total_minor: text("total_amount").and_then(fen_of),
    })
}

/// `origRespCode=00&orderId=..&txnAmt=1234&currencyCode=156`: only a query says that money moved, with a code of the
/// question and one of the order (unionpay.md, 00 query).
fn unionpay(body: &str) -> Option<Says> {
    let fields = unionpay_fields(body)?;
    let text = |name: &str| fields.get(name).copied();
    if text("respCode")? != "00" || text("txnType")? != "01" || text("currencyCode")? != "156" {
        return None;
    }
    Some(Says {
        out_trade_no: text("orderId")?.to_owned(),
        state: text("origRespCode")?.to_owned(),
        total_minor: text("txnAmt").and_then(|fen| fen.parse().ok()),
    })
}

/// The intent, alone, in its page or in a list: `{"object":"payment_intent","status":"succeeded","amount":1234,
/// "amount_received":1234,"currency":"cny","metadata":{"paydesk_payment":..}}` (stripe.md, PaymentIntents).
fn stripe(body: &str, reference: &str) -> Option<Says> {
    let document: Value = serde_json::from_str(body).ok()?;
    let rows = document.get("data").and_then(Value::as_array);
    let objects = rows.map_or(std::slice::from_ref(&document), Vec::as_slice);
    let intents = objects.iter().map(|object| {
        let within = object.get("payment_intent").filter(|it| it.is_object());
        within.unwrap_or(object)
    });
    let text = |object: &Value, pointer: &str| {
        let text = object.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned)
    };
    let number = "/metadata/paydesk_payment";
    let mut ours = intents.filter(|it| text(it, number).as_deref() == Some(reference));
    let intent = ours.next().filter(|_| ours.next().is_none())?;
    let is_ours =
        text(intent, "/object")? == "payment_intent" && text(intent, "/currency")? == "cny";
    let received = intent.get("amount_received").and_then(Value::as_i64);
    let asked = intent.get("amount").and_then(Value::as_i64);
    is_ours.then_some(Says {
        out_trade_no: text(intent, number)?,
        state: text(intent, "/status")?,
        total_minor: received.filter(|_| received == asked),
    })
}

/// `{"out_trade_no":..,"trade_state":"SUCCESS","amount":{"total":1234}}`.
fn wechatpay(body: &str) -> Option<Says> {
    let document: Value = serde_json::from_str(body).ok()?;
    Some(Says {
        out_trade_no: document.get("out_trade_no")?.as_str()?.to_owned(),
        state: document.get("trade_state")?.as_str()?.to_owned(),
        total_minor: document.pointer("/amount/total").and_then(Value::as_i64),
    })
}

/// `12.34` yuan as fen; one or two decimals, or none.
fn fen_of(yuan: &str) -> Option<i64> {
    let (whole, part) = yuan.split_once('.').unwrap_or((yuan, ""));
    let digits = match part.len() {
        0 => format!("{whole}00"),
        1 => format!("{whole}{part}0"),
        2 => format!("{whole}{part}"),
        _ => return None,
    };
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_become_fen_without_rounding() {
        let cases = [
            ("12.34", Some(1234)),
            ("12.3", Some(1230)),
            ("12", Some(1200)),
            ("0.01", Some(1)),
            ("1.234", None),
        ];
        for (text, fen) in cases {
            assert_eq!(fen_of(text), fen, "{text}");
        }
    }
}
