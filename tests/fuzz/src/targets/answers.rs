//! Answers and notices: without a signature nothing is believed, and with one only what binds pays.

use crate::{
    peer::{Peer, create, finish, query, query_refund, reference, refund, refund_reference},
    seeds,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{
    Answer, Channel, Exchange, Operation, alipay::CONNECTOR as ALIPAY,
    wechatpay::CONNECTOR as WECHATPAY,
};
use paydesk_domain::{End, Outcome, PaymentFact, RefundFact};
use paydesk_signing::{Authentic, Peer as From, WireReply};

pub(super) const OPERATIONS: [(Operation, &str); 7] = [
    (Operation::Charge, "alipay_trade_pay_response"),
    (Operation::ShowCode, "alipay_trade_precreate_response"),
    (Operation::Query, "alipay_trade_query_response"),
    (Operation::Reverse, "alipay_trade_cancel_response"),
    (Operation::Close, "alipay_trade_close_response"),
    (Operation::Refund, "alipay_trade_refund_response"),
    (
        Operation::QueryRefund,
        "alipay_trade_fastpay_refund_query_response",
    ),
];

pub(super) fn reply(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> WireReply {
    WireReply {
        status,
        headers,
        body,
        peer: From::Unknown,
    }
}

fn text(proof: &Authentic) -> String {
    String::from_utf8_lossy(proof.believed()).into_owned()
}

/// The number may be written with escapes; the amount as well.
fn holds(text: &str, part: &str) -> bool {
    text.contains(part) || text.contains("\\u")
}

fn check_payment(outcome: &Outcome<Answer<PaymentFact>>, proof: &Authentic) {
    if let Outcome::Done(Answer {
        fact: PaymentFact::Paid(paid),
        ..
    }) = outcome
    {
        let text = text(proof);
        assert!(
            holds(&text, reference().as_str()),
            "paid without our number: {text}"
        );
        assert!(
            holds(&text, "88.88") || text.contains("8888"),
            "paid without our amount: {text}"
        );
        assert!(paid.asked.minor() == 8888 && paid.received.minor() <= 8888);
    }
}

fn check_refund(outcome: &Outcome<Answer<RefundFact>>, proof: &Authentic, names_refund: bool) {
    if let Outcome::Done(Answer {
        fact: RefundFact::Done { .. },
        ..
    }) = outcome
    {
        let text = text(proof);
        assert!(
            holds(&text, reference().as_str()),
            "refunded without our number: {text}"
        );
        if names_refund {
            assert!(
                holds(&text, refund_reference().as_str()),
                "refunded without its number: {text}"
            );
        }
    }
}

macro_rules! decode_all {
    ($connector:expr, $operation:expr, $proof:expr, $cx:expr, $names_refund:expr) => {
        match $operation {
            Operation::Charge => {
                check_payment(&$connector.decode(&create(false), $proof, $cx), $proof)
            }
            Operation::ShowCode => {
                check_payment(&$connector.decode(&create(true), $proof, $cx), $proof)
            }
            Operation::Query => check_payment(&$connector.decode(&query(), $proof, $cx), $proof),
            Operation::Reverse => check_payment(
                &$connector.decode(&finish(End::Reverse), $proof, $cx),
                $proof,
            ),
            Operation::Close => {
                check_payment(&$connector.decode(&finish(End::Close), $proof, $cx), $proof)
            }
            Operation::Refund => check_refund(
                &$connector.decode(&refund(), $proof, $cx),
                $proof,
                $names_refund,
            ),
            _ => check_refund(
                &$connector.decode(&query_refund(), $proof, $cx),
                $proof,
                true,
            ),
        }
    };
}

pub(super) fn alipay_seeds() -> Vec<Vec<u8>> {
    seeds::texts(&seeds::vectors("alipay"), &["response_body"])
}

pub(super) fn alipay_reply(bytes: &[u8]) {
    let peer = Peer::of("alipay");
    let wire = reply(200, Vec::new(), bytes.to_vec());
    drop(ALIPAY.hint(&wire));
    for (operation, _) in OPERATIONS {
        assert!(
            ALIPAY
                .authenticate(operation, wire.clone(), &peer.cx())
                .is_err(),
            "believed"
        );
    }
    if let Some(part) = ALIPAY.certificates() {
        let named = part.named(&wire);
        assert!(
            part.open(named.as_ref(), &wire, &peer.cx()).is_err(),
            "a certificate from nowhere"
        );
    }
}

/// The first byte says which call it answers; the rest is the content.
pub(super) fn with_operations(contents: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for content in contents {
        for n in 0..OPERATIONS.len() as u8 {
            found.push([&[n], content.as_slice()].concat());
        }
    }
    found
}

pub(super) fn alipay_content_seeds() -> Vec<Vec<u8>> {
    let (ours, refund) = (reference(), refund_reference());
    let mut contents = seeds::texts(&seeds::vectors("alipay"), &["response_signed_content"]);
    contents.push(format!(r#"{{"code":"10000","out_trade_no":"{ours}","trade_no":"1","total_amount":"88.88","receipt_amount":"88.88","gmt_payment":"2026-11-21 10:24:20"}}"#).into_bytes());
    contents.push(format!(r#"{{"code":"10000","out_trade_no":"{ours}","trade_no":"1","total_amount":"88.88","trade_status":"TRADE_SUCCESS","send_pay_date":"2026-11-21 10:24:20"}}"#).into_bytes());
    contents.push(
        format!(
            r#"{{"code":"10000","out_trade_no":"{ours}","fund_change":"Y","refund_fee":"8.00"}}"#
        )
        .into_bytes(),
    );
    contents.push(format!(r#"{{"code":"10000","out_trade_no":"{ours}","out_request_no":"{refund}","refund_amount":"8.00","refund_status":"REFUND_SUCCESS"}}"#).into_bytes());
    contents.push(
        format!(r#"{{"code":"10000","out_trade_no":"{ours}","retry_flag":"N","action":"close"}}"#)
            .into_bytes(),
    );
    contents.push(br#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#.to_vec());
    with_operations(contents)
}

pub(super) fn alipay_answer(bytes: &[u8]) {
    let Some((first, content)) = bytes.split_first() else {
        return;
    };
    let (operation, node) = OPERATIONS[usize::from(*first) % OPERATIONS.len()];
    let peer = Peer::of("alipay");
    let sign = STANDARD.encode(peer.sign(content));
    let body = [
        format!("{{\"{node}\":").as_bytes(),
        content,
        format!(",\"sign\":\"{sign}\"}}").as_bytes(),
    ]
    .concat();
    if let Ok(proof) = ALIPAY.authenticate(operation, reply(200, Vec::new(), body), &peer.cx()) {
        decode_all!(ALIPAY, operation, &proof, &peer.cx(), false);
    }
}

pub(super) fn wechatpay_seeds() -> Vec<Vec<u8>> {
    let bodies = seeds::texts(&seeds::vectors("wechatpay"), &["response_body", "body"]);
    let head = "200\nWechatpay-Timestamp: 1795227862\nWechatpay-Nonce: n\nWechatpay-Serial: x\nWechatpay-Signature: AAAA\n\n";
    bodies
        .into_iter()
        .map(|body| [head.as_bytes(), &body].concat())
        .collect()
}

/// Status, headers and body as lines.
pub(super) fn wechatpay_reply(bytes: &[u8]) {
    let end = bytes
        .windows(2)
        .position(|two| two == b"\n\n")
        .unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split('\n');
    let status = lines
        .next()
        .and_then(|line| line.parse().ok())
        .unwrap_or(200);
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let wire = reply(
        status,
        headers,
        bytes.get(end + 2..).unwrap_or_default().to_vec(),
    );
    let peer = Peer::of("wechatpay");
    drop(WECHATPAY.hint(&wire));
    for (operation, _) in OPERATIONS {
        assert!(
            WECHATPAY
                .authenticate(operation, wire.clone(), &peer.cx())
                .is_err(),
            "believed"
        );
    }
    if let Some(part) = WECHATPAY.certificates() {
        assert!(
            part.open(None, &wire, &peer.cx()).is_err(),
            "certificates from nowhere"
        );
    }
}

pub(super) fn wechatpay_content_seeds() -> Vec<Vec<u8>> {
    let (ours, refund) = (reference(), refund_reference());
    let mut contents = seeds::texts(
        &seeds::vectors("wechatpay"),
        &["response_body", "plaintext"],
    );
    contents.push(format!(r#"{{"appid":"wx1","mchid":"1900000001","out_trade_no":"{ours}","transaction_id":"4","trade_state":"SUCCESS","amount":{{"total":8888,"currency":"CNY"}}}}"#).into_bytes());
    contents.push(format!(r#"{{"refund_id":"5","out_refund_no":"{refund}","out_trade_no":"{ours}","status":"SUCCESS","amount":{{"total":8888,"refund":800,"currency":"CNY"}}}}"#).into_bytes());
    contents.push(
        format!(r#"{{"appid":"wx1","mchid":"1900000001","out_trade_no":"{ours}"}}"#).into_bytes(),
    );
    contents.push(br#"{"code":"ORDER_PAID","message":"x"}"#.to_vec());
    with_operations(contents)
}

fn signed_headers(peer: &Peer, body: &[u8]) -> Vec<(String, String)> {
    let text = [b"1795227862\nn\n".as_slice(), body, b"\n"].concat();
    let sign = STANDARD.encode(peer.sign(&text));
    [
        ("Wechatpay-Timestamp", "1795227862".to_owned()),
        ("Wechatpay-Nonce", "n".to_owned()),
        ("Wechatpay-Serial", peer.key_name()),
        ("Wechatpay-Signature", sign),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

pub(super) fn wechatpay_answer(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let (operation, _) = OPERATIONS[usize::from(*first) % OPERATIONS.len()];
    let status = [200, 202, 204, 400, 403, 404, 429, 500][usize::from(*first) / 7 % 8];
    let peer = Peer::of("wechatpay");
    let wire = reply(status, signed_headers(&peer, body), body.to_vec());
    if let Ok(proof) = WECHATPAY.authenticate(operation, wire, &peer.cx()) {
        decode_all!(WECHATPAY, operation, &proof, &peer.cx(), true);
    }
}

pub(super) fn alipay_notice_seeds() -> Vec<Vec<u8>> {
    let ours = reference();
    let fields = format!(
        "app_id=2021000000000001&charset=utf-8&gmt_payment=2026-11-21 10:24:20&notify_id=1&notify_type=trade_status_sync&out_trade_no={ours}&seller_id=2088021109625633&total_amount=88.88&trade_no=1&trade_status=TRADE_SUCCESS"
    );
    let gbk = encoding_rs::GBK
        .encode(&fields.replace("charset=utf-8", "charset=gbk&body=茶"))
        .0
        .into_owned();
    vec![fields.into_bytes(), gbk]
}

/// The sorted fields as the channel signs them; here they are put into a form and signed.
pub(super) fn alipay_notice(bytes: &[u8]) {
    let peer = Peer::of("alipay");
    let mut pairs: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .collect();
    pairs.sort_unstable();
    let text = pairs.join(&b'&');
    let escaped: Vec<String> = pairs
        .iter()
        .map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let part = |bytes: &[u8]| {
                bytes
                    .iter()
                    .map(|byte| format!("%{byte:02X}"))
                    .collect::<String>()
            };
            let name = parts.next().map(part).unwrap_or_default();
            format!("{name}={}", parts.next().map(part).unwrap_or_default())
        })
        .collect();
    let sign: String = STANDARD
        .encode(peer.sign(&text))
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let body = format!("{}&sign_type=RSA2&sign={sign}", escaped.join("&"));
    let notices = ALIPAY.notices().expect("notices");
    for body in [body.into_bytes(), bytes.to_vec()] {
        if let Ok(proof) = notices.authenticate(reply(200, Vec::new(), body), &peer.cx()) {
            drop(notices.read(&proof, &peer.cx()));
            check_payment(&notices.payment(&query(), &proof, &peer.cx()), &proof);
        }
    }
}

pub(super) fn wechatpay_notice_seeds() -> Vec<Vec<u8>> {
    let (ours, refund) = (reference(), refund_reference());
    vec![
        format!(r#"TRANSACTION.SUCCESS {{"appid":"wx1","mchid":"1900000001","out_trade_no":"{ours}","transaction_id":"4","trade_state":"SUCCESS","amount":{{"total":8888,"currency":"CNY"}}}}"#).into_bytes(),
        format!(r#"REFUND.SUCCESS {{"mchid":"1900000001","refund_id":"5","out_refund_no":"{refund}","out_trade_no":"{ours}","refund_status":"SUCCESS","amount":{{"total":8888,"refund":800}}}}"#).into_bytes(),
    ]
}

/// The event's name, a blank, and what is sealed.
pub(super) fn wechatpay_notice(bytes: &[u8]) {
    let at = bytes
        .iter()
        .position(|byte| *byte == b' ')
        .unwrap_or(bytes.len());
    let event = String::from_utf8_lossy(&bytes[..at]).replace(['"', '\\'], "");
    let content = bytes.get(at + 1..).unwrap_or_default();
    let body = format!(
        r#"{{"id":"1","event_type":"{event}","resource":{{"algorithm":"AEAD_AES_256_GCM","ciphertext":"{}","nonce":"n"}}}}"#,
        STANDARD.encode(content)
    );
    let peer = Peer::of("wechatpay");
    let notices = WECHATPAY.notices().expect("notices");
    for body in [body.into_bytes(), bytes.to_vec()] {
        let wire = reply(200, signed_headers(&peer, &body), body);
        if let Ok(proof) = notices.authenticate(wire, &peer.cx()) {
            drop(notices.read(&proof, &peer.cx()));
            let paid = notices.payment(&query(), &proof, &peer.cx());
            let refunded = notices.refund(&query_refund(), &proof, &peer.cx());
            let text = String::from_utf8_lossy(content);
            if matches!(
                paid,
                Outcome::Done(Answer {
                    fact: PaymentFact::Paid(_),
                    ..
                })
            ) {
                assert!(
                    holds(&text, reference().as_str()),
                    "paid without our number"
                );
            }
            if matches!(
                refunded,
                Outcome::Done(Answer {
                    fact: RefundFact::Done { .. },
                    ..
                })
            ) {
                assert!(
                    holds(&text, refund_reference().as_str()),
                    "refunded without its number"
                );
            }
        }
    }
}
