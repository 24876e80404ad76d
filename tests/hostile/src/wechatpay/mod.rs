//! WeChat Pay as an enemy would answer it. The genuine answers stand here; each file beside is one family of lies.

mod contents;
mod headers;

use crate::{
    case::{Case, Tally, play},
    content::Content,
    peer::{Ask, NOW, Peer, reference, refund_reference},
    verdict::{Verdict, judge},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::wechatpay::CONNECTOR;
use paydesk_signing::{Peer as From, WireReply};

const NONCE: &str = "respnonce0001";

/// What WeChat Pay itself would say.
pub(crate) fn genuine(ask: Ask) -> Content {
    let (ours, refund) = (
        quoted(reference().as_str()),
        quoted(refund_reference().as_str()),
    );
    let order = || {
        Content::of(&[
            ("appid", "\"wx1\""),
            ("mchid", "\"1900000001\""),
            ("out_trade_no", &ours),
        ])
    };
    match ask {
        Ask::Charge | Ask::Query => order()
            .say("transaction_id", "4200002026112100000000000001")
            .say("trade_type", "MICROPAY")
            .say("trade_state", "SUCCESS")
            .say("success_time", "2026-11-21T10:24:20+08:00")
            .set("payer", "{\"openid\":\"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o\"}")
            .set(
                "amount",
                "{\"total\":8888,\"payer_total\":8888,\"currency\":\"CNY\"}",
            ),
        Ask::Show => Content::of(&[("code_url", "\"weixin://wxpay/bizpayurl?pr=abc\"")]),
        Ask::Close => Content::of(&[]),
        Ask::Reverse => order(),
        Ask::Refund | Ask::QueryRefund => Content::of(&[
            ("refund_id", "\"50000000382019052709732678859\""),
            ("out_refund_no", &refund),
            ("transaction_id", "\"4200002026112100000000000001\""),
            ("out_trade_no", &ours),
            ("success_time", "\"2026-11-21T10:24:20+08:00\""),
            ("status", "\"SUCCESS\""),
            (
                "amount",
                "{\"total\":8888,\"refund\":800,\"payer_refund\":800,\"currency\":\"CNY\"}",
            ),
        ]),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The text under the signature.
pub(crate) fn under(seconds: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    [
        seconds.as_bytes(),
        b"\n",
        nonce.as_bytes(),
        b"\n",
        body,
        b"\n",
    ]
    .concat()
}

pub(crate) fn seconds() -> String {
    (NOW.0 / 1000).to_string()
}

/// A reply with these signature headers.
pub(crate) fn framed(
    status: u16,
    seconds: &str,
    serial: &str,
    signature: &str,
    body: Vec<u8>,
) -> WireReply {
    let headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Wechatpay-Timestamp", seconds),
        ("Wechatpay-Nonce", NONCE),
        ("Wechatpay-Serial", serial),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
    ];
    let headers = headers.iter();
    WireReply {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body,
        peer: From::Unknown,
    }
}

/// A body that WeChat Pay itself signed now.
pub(crate) fn signed(peer: &Peer, status: u16, body: impl Into<Vec<u8>>) -> WireReply {
    let body = body.into();
    let text = under(&seconds(), NONCE, &body);
    let signature = STANDARD.encode(peer.quick.sign(&text).expect("a signature"));
    framed(status, &seconds(), &peer.key_name, &signature, body)
}

/// The genuine answer to a call.
pub(crate) fn answer(peer: &Peer, ask: Ask) -> WireReply {
    match ask {
        Ask::Close => signed(peer, 204, ""),
        _ => signed(peer, 200, genuine(ask).text()),
    }
}

pub(crate) fn verdict(peer: &Peer, ask: Ask, reply: WireReply) -> Verdict {
    judge(&CONNECTOR, peer, ask, reply)
}

/// The genuine answers and what they come to: a suite that refused these would prove nothing.
pub(crate) fn controls() -> Vec<(Ask, &'static str)> {
    vec![
        (Ask::Charge, "paid"),
        (Ask::Close, "closed: closed"),
        (Ask::Query, "paid"),
        (Ask::QueryRefund, "refunded"),
        (Ask::Refund, "refunded"),
        (Ask::Reverse, "closed: reversed"),
        (Ask::Show, "awaiting"),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = headers::cases();
    all.extend(contents::cases());
    all
}

pub(crate) fn suite(peer: &Peer) -> Tally {
    for (ask, expected) in controls() {
        let found = verdict(peer, ask, answer(peer, ask));
        assert_eq!(found.words, expected, "the genuine answer to {ask:?}");
    }
    play(peer, &cases(), &|ask, reply| verdict(peer, ask, reply))
}
