//! A shop with test keys, the calls it makes, and short names for what an outcome says.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{
    AccountSettings, Answer, Create, Cx, Finish, Query, QueryRefund, RefundCall, Target, Tender,
    WireRequest, unionpay,
};
use paydesk_domain::{
    Amount, BusinessDay, Currency, End, MerchantRef, Mode, Money, OrderNumber, Outcome,
    PaymentFact, RateChoice, RefundFact, Timestamp,
};
use paydesk_signing::{AccountKeys, KeyId, Peer, PrivateKey, Secret, WireReply, sha256_hex};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

/// 2026-11-21 10:24:22 in China, the moment of the recordings.
pub(crate) const NOW: Timestamp = Timestamp(1_795_227_862_000);

/// One account and the other side's private key.
pub(crate) struct Shop {
    pub(crate) keys: AccountKeys,
    pub(crate) settings: AccountSettings,
    pub(crate) channel: PrivateKey,
    pub(crate) ours: PrivateKey,
    pub(crate) recorded: Value,
}

fn fixture(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/fixtures")
        .join(name);
    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
}

impl Shop {
    pub(crate) fn alipay() -> Shop {
        let recorded = fixture("vectors/alipay_sdk_recorded.json");
        let key = |name: &str| recorded["keys"][name].as_str().unwrap().to_owned();
        let ours = key("app_private_pkcs1_b64");
        let builder = AccountKeys::builder().private_key(ours.as_bytes()).unwrap();
        Shop {
            keys: builder
                .trust_unnamed(key("alipay_gateway_public_spki_b64").as_bytes())
                .unwrap()
                .build(),
            settings: settings(
                "https://openapi.alipay.com/gateway.do",
                &[("app_id", "2021000000000001")],
            ),
            channel: PrivateKey::read(key("alipay_gateway_private_pkcs8_b64").as_bytes()).unwrap(),
            ours: PrivateKey::read(ours.as_bytes()).unwrap(),
            recorded,
        }
    }

    pub(crate) fn wechatpay() -> Shop {
        let recorded = fixture("vectors/wechatpay_sdk_recorded.json");
        let key = |name: &str| recorded["keys"][name].as_str().unwrap().to_owned();
        let ours = key("merchant_private_pkcs8_pem");
        let id = KeyId(key("public_key_id"));
        let keys = AccountKeys::builder()
            .private_key(ours.as_bytes())
            .unwrap()
            .merchant_certificate(key("merchant_cert_pem").as_bytes())
            .unwrap()
            .resource_key(key("apiv3_key").as_bytes())
            .unwrap()
            .trust(
                KeyId(key("platform_serial")),
                key("platform_cert_pem").as_bytes(),
            )
            .unwrap()
            .trust(id.clone(), key("platform_public_pem").as_bytes())
            .unwrap()
            .answers_with(id)
            .unwrap()
            .build();
        Shop {
            keys,
            settings: settings(
                "https://api.mch.weixin.qq.com",
                &[("appid", "wx1"), ("mchid", "1900000001")],
            ),
            channel: PrivateKey::read(key("platform_private_pkcs8_pem").as_bytes()).unwrap(),
            ours: PrivateKey::read(ours.as_bytes()).unwrap(),
            recorded,
        }
    }

    /// An account over the keys made for these tests: nothing of UnionPay was recorded here.
    pub(crate) fn unionpay() -> Shop {
        let recorded = fixture("own_vectors/unionpay_own.json");
        let key = |name: &str| recorded["keys"][name].as_str().unwrap().to_owned();
        let fields: BTreeMap<String, String> = [
            ("private_key", key("merchant_private_pkcs8_pem")),
            ("sign_cert", key("merchant_cert_pem")),
            ("middle_cert", key("middle_pem")),
            ("root_cert", key("root_pem")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        Shop {
            keys: unionpay::account_keys(&fields, NOW).unwrap(),
            settings: settings(
                "https://gateway.95516.com",
                &[
                    ("merId", "777290058167151"),
                    ("backUrl", "https://relay.example/unionpay?a=1"),
                    ("termId", "0000000A"),
                ],
            ),
            channel: PrivateKey::read(key("gateway_private_pkcs8_pem").as_bytes()).unwrap(),
            ours: PrivateKey::read(key("merchant_private_pkcs8_pem").as_bytes()).unwrap(),
            recorded,
        }
    }

    /// UnionPay's fields with the certificate and the signature over them.
    pub(crate) fn unionpay_fields(&self, fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let certificate = self.recorded["keys"]["gateway_cert_pem"].as_str().unwrap();
        let certificate = certificate.trim().replace('\n', "\r\n");
        let common = [
            ("accessType", "0"),
            ("bizType", "000000"),
            ("encoding", "UTF-8"),
            ("signMethod", "01"),
            ("signPubKeyCert", certificate.as_str()),
            ("version", "5.1.0"),
        ];
        let mut all: Vec<(String, String)> = common
            .iter()
            .chain(fields)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.sort();
        let text: Vec<String> = all
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let digest = sha256_hex(text.join("&").as_bytes());
        let signature = STANDARD.encode(self.channel.sign(digest.as_bytes()).unwrap());
        all.push(("signature".to_owned(), signature));
        all
    }

    /// UnionPay's answer: raw, in no order.
    pub(crate) fn unionpay_reply(&self, fields: &[(&str, &str)]) -> WireReply {
        let mut all = self.unionpay_fields(fields);
        all.reverse();
        let parts: Vec<String> = all
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        reply(200, &[], parts.join("&"))
    }

    pub(crate) fn cx(&self) -> Cx<'_> {
        self.cx_at(NOW)
    }

    pub(crate) fn cx_at(&self, now: Timestamp) -> Cx<'_> {
        Cx {
            keys: &self.keys,
            account: &self.settings,
            now,
            nonce: [0xAB; 16],
        }
    }

    pub(crate) fn vectors(&self) -> &[Value] {
        self.recorded["vectors"].as_array().unwrap()
    }

    pub(crate) fn vector(&self, id: &str) -> &Value {
        self.vectors()
            .iter()
            .find(|vector| vector["id"] == id)
            .unwrap()
    }

    /// Alipay's answer: the node, signed over `signed`.
    pub(crate) fn alipay_reply(&self, node: &str, content: &str, signed: &str) -> WireReply {
        let sign = STANDARD.encode(self.channel.sign(signed.as_bytes()).unwrap());
        reply(
            200,
            &[],
            format!(r#"{{"{node}":{content},"sign":"{sign}"}}"#),
        )
    }

    /// WeChat Pay's answer, signed at `at`.
    pub(crate) fn wechatpay_reply(&self, status: u16, body: &str, at: Timestamp) -> WireReply {
        let seconds = (at.0 / 1000).to_string();
        let text = format!("{seconds}\nrespnonce0001\n{body}\n");
        let signature = STANDARD.encode(self.channel.sign(text.as_bytes()).unwrap());
        let headers = [
            ("Wechatpay-Timestamp", seconds.as_str()),
            ("Wechatpay-Nonce", "respnonce0001"),
            (
                "Wechatpay-Serial",
                self.recorded["keys"]["public_key_id"].as_str().unwrap(),
            ),
            ("Wechatpay-Signature", signature.as_str()),
            ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
        ];
        reply(status, &headers, body.to_owned())
    }
}

fn settings(gateway: &str, fields: &[(&str, &str)]) -> AccountSettings {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    AccountSettings {
        sandbox: false,
        gateway: gateway.to_owned(),
        fields,
    }
}

pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: String) -> WireReply {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    WireReply {
        status,
        headers,
        body: body.into_bytes(),
        peer: Peer::Unknown,
    }
}

pub(crate) fn cny(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::from_code("CNY").unwrap()).unwrap()
}

pub(crate) fn reference() -> MerchantRef {
    OrderNumber::compose(Mode::Demo, "A2B3", 0, BusinessDay(20_261_121), 7)
        .unwrap()
        .attempt(1)
        .unwrap()
}

pub(crate) fn target() -> Target {
    Target {
        reference: reference(),
        sent_at: NOW,
        amount: cny(8888),
        channel_ref: None,
        memo: None,
        told: None,
    }
}

pub(crate) fn charge(code: &str) -> Create {
    Create {
        tender: Tender::PayerCode(Secret::new(code.to_owned())),
        ..show()
    }
}

pub(crate) fn show() -> Create {
    Create {
        reference: reference(),
        amount: cny(8888),
        tender: Tender::ShowCode,
        sent_at: NOW,
        expires: Timestamp(NOW.0 + 300_000),
        subject: "门店 & 收款=1/2".to_owned(),
        operator: "wang".to_owned(),
        memo: None,
    }
}

pub(crate) fn query() -> Query {
    Query { of: target() }
}

pub(crate) fn finish(how: End) -> Finish {
    Finish { of: target(), how }
}

pub(crate) fn refund() -> RefundCall {
    RefundCall {
        of: target(),
        paid: cny(8888),
        others: Money::zero(Currency::CNY),
        reference: reference().refund(1).unwrap(),
        sent_at: NOW,
        amount: cny(800),
        reason: "退货".to_owned(),
        rate: RateChoice::default(),
    }
}

pub(crate) fn query_refund() -> QueryRefund {
    let refund = Target {
        reference: reference().refund(1).unwrap(),
        amount: cny(800),
        ..target()
    };
    QueryRefund {
        of: target(),
        refund,
        offer: None,
    }
}

/// Names and values of a form, decoded by a reader of its own.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let one = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    text.split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (one(name), one(value)))
        .collect()
}

pub(crate) fn header<'a>(request: &'a WireRequest, name: &str) -> Option<&'a str> {
    request
        .headers
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// What an outcome says, in a few words.
pub(crate) fn said(outcome: &Outcome<Answer<PaymentFact>>) -> String {
    match outcome {
        Outcome::Done(answer) => match &answer.fact {
            PaymentFact::Paid(paid) => format!(
                "paid {} received {} by {}",
                paid.asked.minor(),
                paid.received.minor(),
                paid.channel_ref.0
            ),
            PaymentFact::Closed(why) => format!("closed {}", tag(why, "closed")),
            PaymentFact::Awaiting(action, _) => format!("awaiting {}", tag(action, "action")),
            PaymentFact::NotFound => "not found".to_owned(),
            other => format!("{other:?}"),
        },
        Outcome::Refused(refusal) => format!("refused {} {:?}", refusal.code, refusal.advice),
        Outcome::Unknown(doubt) => format!("unknown {}", tag(doubt, "why")),
    }
}

/// The same for a refund.
pub(crate) fn said_of_refund(outcome: &Outcome<Answer<RefundFact>>) -> String {
    match outcome {
        Outcome::Done(answer) => match &answer.fact {
            RefundFact::Accepted => "accepted".to_owned(),
            RefundFact::Done { channel_ref, at } => {
                format!(
                    "done {} {}",
                    channel_ref.as_ref().map_or("-", |r| r.0.as_str()),
                    at.is_some()
                )
            }
            RefundFact::Failed(refusal, again) => format!("failed {} {again:?}", refusal.code),
            RefundFact::NotFound => "not found".to_owned(),
            RefundFact::Offered(offer) => format!("offered {:?}", offer.stage),
            RefundFact::Refused(refusal, _) => format!("refused {}", refusal.code),
        },
        Outcome::Refused(refusal) => format!("refused {} {:?}", refusal.code, refusal.advice),
        Outcome::Unknown(doubt) => format!("unknown {}", tag(doubt, "why")),
    }
}

fn tag(value: &impl serde::Serialize, name: &str) -> String {
    let value = serde_json::to_value(value).unwrap();
    let code = value["code"]
        .as_str()
        .or_else(|| value["refusal"]["code"].as_str())
        .unwrap_or_default();
    format!("{} {code}", value[name].as_str().unwrap())
        .trim()
        .to_owned()
}
