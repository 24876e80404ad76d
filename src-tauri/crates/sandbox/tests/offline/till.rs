//! A till over the sandbox in the process: requests and checks written from the documents alone.

use std::cell::Cell;

use aws_lc_rs::{hmac, rand, signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paydesk_sandbox::{
    Behaviour, Channel, Delivered, FaultKind, Moment, Offline, OfflineKeys, Pending, Rhythm,
    Strike, TrueTrade, WireAnswer, WireCall, sample_code,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// 2026-11-21 10:22:12 in China.
pub(crate) const MORNING_MS: i64 = 1_795_227_732_000;
/// UnionPay's calls are forms of their own, BTCPay Server's invoices are no trades.
const ELSEWHERE: &str = "their tills stand in unionpay.rs and btcpay.rs";
const HOST: &str = "http://channel.localhost";

/// What a till makes of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Forged,
    Nothing,
    Trusted(u16, Value),
    Unreadable(u16),
    Unsigned(u16),
}

impl Seen {
    #[track_caller]
    pub(crate) fn trusted(self) -> (u16, Value) {
        match self {
            Self::Trusted(status, value) => (status, value),
            other => panic!("not to be trusted: {other:?}"),
        }
    }
}

pub(crate) struct Till {
    pub(crate) sandbox: Offline,
    pub(crate) now_ms: Cell<i64>,
    count: Cell<u64>,
    is_rsa: bool,
}

/// A call that was sent: what its answer is read against.
pub(crate) struct Sent {
    pub(crate) pending: Pending,
    channel: Channel,
    node: String,
}

pub(crate) fn strike(kind: FaultKind, has_effect: bool) -> Option<Strike> {
    Some(Strike { kind, has_effect })
}

impl Till {
    pub(crate) fn open(seed: u64) -> Self {
        Self::with(seed, Rhythm::default(), &OfflineKeys::stand_in(7))
    }

    pub(crate) fn with(seed: u64, rhythm: Rhythm, keys: &OfflineKeys) -> Self {
        let sandbox = Offline::new(seed, rhythm, keys);
        let is_rsa = !keys
            .merchant()
            .alipay
            .app_private_key_pem
            .starts_with("stand-in:");
        Self {
            sandbox,
            now_ms: Cell::new(MORNING_MS),
            count: Cell::new(0),
            is_rsa,
        }
    }

    pub(crate) fn now(&self) -> Moment {
        let since_ms = u64::try_from(self.now_ms.get() - MORNING_MS).unwrap_or(0);
        Moment {
            wall_ms: self.now_ms.get(),
            monotonic_ns: since_ms * 1_000_000,
        }
    }

    pub(crate) fn pass(&self, milliseconds: i64) {
        self.now_ms.set(self.now_ms.get() + milliseconds);
    }

    pub(crate) fn fresh(&self) -> u64 {
        self.count.set(self.count.get() + 1);
        self.count.get()
    }

    pub(crate) fn sign(&self, key: &str, message: &[u8]) -> String {
        if !self.is_rsa {
            return STANDARD.encode(stand_in_signature(key, message));
        }
        let pem: String = key.lines().filter(|line| !line.starts_with('-')).collect();
        let key = signature::RsaKeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap();
        let mut made = vec![0; key.public_modulus_len()];
        let random = rand::SystemRandom::new();
        key.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut made)
            .unwrap();
        STANDARD.encode(made)
    }

    pub(crate) fn verifies(&self, key: &str, message: &[u8], sign: &str) -> bool {
        let Ok(sign) = STANDARD.decode(sign) else {
            return false;
        };
        if !self.is_rsa {
            return stand_in_signature(key, message) == sign;
        }
        let pem: String = key.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(pem).unwrap();
        let algorithm = &signature::RSA_PKCS1_2048_8192_SHA256;
        signature::UnparsedPublicKey::new(algorithm, der)
            .verify(message, &sign)
            .is_ok()
    }

    /// Sends without waiting for the answer.
    pub(crate) fn send(&self, channel: Channel, ask: &Ask, strike: Option<Strike>) -> Sent {
        match channel {
            Channel::Alipay => self.send_alipay(ask, strike),
            Channel::Btcpay | Channel::Stripe | Channel::Unionpay => panic!("{ELSEWHERE}"),
            Channel::Wechatpay => self.send_wechatpay(ask, strike),
        }
    }

    /// Builds and signs a request and throws it away.
    pub(crate) fn rehearse(&self, channel: Channel, ask: &Ask) {
        let own = &self.sandbox.merchant().wechatpay;
        match channel {
            Channel::Alipay => {
                let (method, content) = ask.alipay();
                std::hint::black_box(self.alipay_body(method, &content));
            }
            Channel::Btcpay | Channel::Stripe | Channel::Unionpay => panic!("{ELSEWHERE}"),
            Channel::Wechatpay => {
                let (method, target, body) = ask.wechatpay(&own.appid, &own.mchid);
                std::hint::black_box(self.authorization(method, &target, &body.to_string()));
            }
        }
    }

    fn send_alipay(&self, ask: &Ask, strike: Option<Strike>) -> Sent {
        let (method, content) = ask.alipay();
        let body = self.alipay_body(method, &content);
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        Sent {
            pending: self.deliver("POST", "/gateway.do", &headers, &body, strike),
            channel: Channel::Alipay,
            node: format!("{}_response", method.replace('.', "_")),
        }
    }

    pub(crate) fn alipay_body(&self, method: &str, content: &Value) -> String {
        let own = &self.sandbox.merchant().alipay;
        let content = content.to_string();
        let mut form = vec![
            ("app_id", own.app_id.as_str()),
            ("biz_content", content.as_str()),
            ("charset", "utf-8"),
            ("format", "JSON"),
            ("method", method),
            ("sign_type", "RSA2"),
            ("timestamp", "2026-11-21 10:22:12"),
            ("version", "1.0"),
        ];
        let pairs: Vec<String> = form.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let sign = self.sign(&own.app_private_key_pem, pairs.join("&").as_bytes());
        form.push(("sign", &sign));
        let pairs: Vec<String> = form
            .iter()
            .map(|(n, v)| format!("{n}={}", utf8_percent_encode(v, NON_ALPHANUMERIC)))
            .collect();
        pairs.join("&")
    }

    fn send_wechatpay(&self, ask: &Ask, strike: Option<Strike>) -> Sent {
        let own = &self.sandbox.merchant().wechatpay;
        let (method, target, body) = ask.wechatpay(&own.appid, &own.mchid);
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let authorization = self.authorization(method, &target, &body);
        let headers = [
            ("Accept", "application/json"),
            ("User-Agent", "till"),
            ("Authorization", authorization.as_str()),
            ("Wechatpay-Serial", own.public_key_id.as_str()),
        ];
        Sent {
            pending: self.deliver(method, &target, &headers, &body, strike),
            channel: Channel::Wechatpay,
            node: String::new(),
        }
    }

    pub(crate) fn authorization(&self, method: &str, target: &str, body: &str) -> String {
        let own = &self.sandbox.merchant().wechatpay;
        let seconds = self.now_ms.get() / 1000;
        let nonce = format!("nonce{}", self.fresh());
        let message = format!("{method}\n{target}\n{seconds}\n{nonce}\n{body}\n");
        let signature = self.sign(&own.merchant_private_key_pem, message.as_bytes());
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",\
             signature=\"{signature}\",timestamp=\"{seconds}\",serial_no=\"{}\"",
            own.mchid, own.merchant_serial
        )
    }

    pub(crate) fn deliver(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
        strike: Option<Strike>,
    ) -> Pending {
        let headers: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let call = WireCall {
            method,
            url: &format!("{HOST}{target}"),
            headers: &headers,
            body: body.as_bytes(),
        };
        self.sandbox.exchange(&call, strike, self.now())
    }

    /// Waits for the answer and reads it.
    pub(crate) fn finish(&self, sent: Sent) -> Seen {
        self.pass(i64::try_from(sent.pending.wait_ms()).unwrap());
        match self.sandbox.finish(sent.pending, self.now()) {
            Delivered::Answer(answer) => self.read(sent.channel, &sent.node, &answer),
            Delivered::Cut | Delivered::CutShort(_) => Seen::Nothing,
        }
    }

    pub(crate) fn ask(&self, channel: Channel, ask: &Ask) -> Seen {
        self.finish(self.send(channel, ask, None))
    }

    pub(crate) fn ask_struck(&self, channel: Channel, ask: &Ask, strike: Option<Strike>) -> Seen {
        self.finish(self.send(channel, ask, strike))
    }

    pub(crate) fn read(&self, channel: Channel, node: &str, answer: &WireAnswer) -> Seen {
        match channel {
            Channel::Alipay => self.read_alipay(node, answer),
            Channel::Btcpay | Channel::Stripe | Channel::Unionpay => panic!("{ELSEWHERE}"),
            Channel::Wechatpay => self.read_wechatpay(answer),
        }
    }

    fn read_alipay(&self, node: &str, answer: &WireAnswer) -> Seen {
        let Ok(whole) = serde_json::from_slice::<Value>(&answer.body) else {
            return Seen::Unreadable(answer.status);
        };
        let Some(sign) = whole["sign"].as_str() else {
            return Seen::Unsigned(answer.status);
        };
        let body = std::str::from_utf8(&answer.body).unwrap();
        let part = body
            .strip_prefix(&format!("{{\"{node}\":"))
            .and_then(|rest| rest.split(",\"alipay_cert_sn\"").next())
            .and_then(|rest| rest.split(",\"sign\"").next())
            .unwrap_or_default();
        let key = &self.sandbox.merchant().alipay.gateway_public_key_pem;
        if self.verifies(key, part.as_bytes(), sign) {
            Seen::Trusted(answer.status, serde_json::from_str(part).unwrap())
        } else {
            Seen::Forged
        }
    }

    fn read_wechatpay(&self, answer: &WireAnswer) -> Seen {
        let header = |wanted: &str| {
            let mut found = answer.headers.iter().filter(|(name, _)| name == wanted);
            found.next().map(|(_, value)| value.as_str())
        };
        let Some(sign) = header("wechatpay-signature") else {
            let is_json = serde_json::from_slice::<Value>(&answer.body).is_ok();
            return if is_json {
                Seen::Unsigned(answer.status)
            } else {
                Seen::Unreadable(answer.status)
            };
        };
        let own = &self.sandbox.merchant().wechatpay;
        let seconds = header("wechatpay-timestamp").unwrap();
        let mut message =
            format!("{seconds}\n{}\n", header("wechatpay-nonce").unwrap()).into_bytes();
        message.extend_from_slice(&answer.body);
        message.push(b'\n');
        let away = self.now_ms.get() / 1000 - seconds.parse::<i64>().unwrap();
        let is_genuine = header("wechatpay-serial") == Some(&own.public_key_id)
            && header("wechatpay-signature-type") == Some("WECHATPAY2-SHA256-RSA2048")
            && away.abs() <= 300
            && self.verifies(&own.public_key_pem, &message, sign);
        if is_genuine {
            let value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
            Seen::Trusted(answer.status, value)
        } else {
            Seen::Forged
        }
    }

    pub(crate) fn truth_of(&self, channel: Channel, number: &str) -> Option<TrueTrade> {
        self.sandbox.truth_of(channel, number, self.now()).unwrap()
    }
}

/// Written from the text of `keys/stand_in.rs`, with another library.
fn stand_in_signature(key: &str, message: &[u8]) -> Vec<u8> {
    let digits = key.strip_prefix("stand-in:").unwrap();
    let key: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    hmac::sign(&key, message).as_ref().repeat(8)
}

/// What a till wants.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Charge {
        number: String,
        fen: i64,
        code: String,
    },
    End {
        number: String,
    },
    Query {
        number: String,
    },
    Refund {
        number: String,
        refund_no: String,
        fen: i64,
        total: i64,
    },
    RefundQuery {
        number: String,
        refund_no: String,
    },
    ShowQr {
        number: String,
        fen: i64,
    },
}

impl Ask {
    pub(crate) fn charge(
        till: &Till,
        channel: Channel,
        number: &str,
        fen: i64,
        customer: Behaviour,
    ) -> Self {
        Self::Charge {
            number: number.to_owned(),
            fen,
            code: sample_code(channel, customer, till.fresh()),
        }
    }

    pub(crate) fn query(number: &str) -> Self {
        let number = number.to_owned();
        Self::Query { number }
    }

    pub(crate) fn end(number: &str) -> Self {
        let number = number.to_owned();
        Self::End { number }
    }

    pub(crate) fn refund(number: &str, refund_no: &str, fen: i64, total: i64) -> Self {
        Self::Refund {
            number: number.to_owned(),
            refund_no: refund_no.to_owned(),
            fen,
            total,
        }
    }

    pub(crate) fn refund_query(number: &str, refund_no: &str) -> Self {
        Self::RefundQuery {
            number: number.to_owned(),
            refund_no: refund_no.to_owned(),
        }
    }

    fn alipay(&self) -> (&'static str, Value) {
        let yuan = |fen: &i64| format!("{}.{:02}", fen / 100, fen % 100);
        match self {
            Self::Charge { number, fen, code } => (
                "alipay.trade.pay",
                json!({
                    "out_trade_no": number, "scene": "bar_code", "auth_code": code,
                    "subject": "门店收款", "total_amount": yuan(fen),
                }),
            ),
            Self::End { number } => ("alipay.trade.cancel", json!({ "out_trade_no": number })),
            Self::Query { number } => ("alipay.trade.query", json!({ "out_trade_no": number })),
            Self::Refund {
                number,
                refund_no,
                fen,
                ..
            } => (
                "alipay.trade.refund",
                json!({
                    "out_trade_no": number, "out_request_no": refund_no,
                    "refund_amount": yuan(fen),
                }),
            ),
            Self::RefundQuery { number, refund_no } => (
                "alipay.trade.fastpay.refund.query",
                json!({ "out_trade_no": number, "out_request_no": refund_no }),
            ),
            Self::ShowQr { number, fen } => (
                "alipay.trade.precreate",
                json!({
                    "out_trade_no": number, "subject": "门店收款", "total_amount": yuan(fen),
                }),
            ),
        }
    }

    fn wechatpay(&self, appid: &str, mchid: &str) -> (&'static str, String, Value) {
        let order = |rest: &str| format!("/v3/pay/transactions/{rest}");
        match self {
            Self::Charge { number, fen, code } => (
                "POST",
                order("codepay"),
                json!({
                    "appid": appid, "mchid": mchid, "description": "门店收款",
                    "out_trade_no": number, "amount": { "total": fen, "currency": "CNY" },
                    "payer": { "auth_code": code },
                    "scene_info": { "store_info": { "id": "1" } },
                }),
            ),
            Self::End { number } => (
                "POST",
                order(&format!("out-trade-no/{number}/reverse")),
                json!({ "appid": appid, "mchid": mchid }),
            ),
            Self::Query { number } => (
                "GET",
                order(&format!("out-trade-no/{number}?mchid={mchid}")),
                Value::Null,
            ),
            Self::Refund {
                number,
                refund_no,
                fen,
                total,
            } => (
                "POST",
                "/v3/refund/domestic/refunds".to_owned(),
                json!({
                    "out_trade_no": number, "out_refund_no": refund_no,
                    "amount": { "refund": fen, "total": total, "currency": "CNY" },
                }),
            ),
            Self::RefundQuery { refund_no, .. } => (
                "GET",
                format!("/v3/refund/domestic/refunds/{refund_no}"),
                Value::Null,
            ),
            Self::ShowQr { number, fen } => (
                "POST",
                order("native"),
                json!({
                    "appid": appid, "mchid": mchid, "description": "门店收款",
                    "out_trade_no": number, "notify_url": "https://shop.example/notify",
                    "amount": { "total": fen, "currency": "CNY" },
                }),
            ),
        }
    }
}
