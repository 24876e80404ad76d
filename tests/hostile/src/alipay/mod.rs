//! Alipay as an enemy would answer it. The genuine answers stand here; each file beside is one family of lies.

mod contents;
mod frames;
mod signatures;

use crate::{
    case::{Case, Tally, play},
    content::Content,
    peer::{Ask, Peer, SELLER, reference, refund_reference},
    verdict::{Verdict, judge},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::alipay::CONNECTOR;
use paydesk_signing::{Peer as From, WireReply};

/// The name of the signed node.
pub(crate) fn node(ask: Ask) -> &'static str {
    match ask {
        Ask::Charge => "alipay_trade_pay_response",
        Ask::Close => "alipay_trade_close_response",
        Ask::Query => "alipay_trade_query_response",
        Ask::QueryRefund => "alipay_trade_fastpay_refund_query_response",
        Ask::Refund => "alipay_trade_refund_response",
        Ask::Reverse => "alipay_trade_cancel_response",
        Ask::Show => "alipay_trade_precreate_response",
    }
}

/// What Alipay itself would say.
pub(crate) fn genuine(ask: Ask) -> Content {
    let (ours, refund) = (
        quoted(reference().as_str()),
        quoted(refund_reference().as_str()),
    );
    let base = Content::of(&[
        ("code", "\"10000\""),
        ("msg", "\"Success\""),
        ("out_trade_no", &ours),
    ]);
    let trade = |content: Content| content.say("trade_no", "2026112122001400000000000001");
    match ask {
        Ask::Charge => trade(base)
            .say("buyer_logon_id", "159****5620")
            .say("total_amount", "88.88")
            .say("receipt_amount", "88.88")
            .say("gmt_payment", "2026-11-21 10:24:20"),
        Ask::Query => trade(base)
            .say("buyer_logon_id", "159****5620")
            .say("total_amount", "88.88")
            .say("receipt_amount", "88.88")
            .say("send_pay_date", "2026-11-21 10:24:20")
            .say("trade_status", "TRADE_SUCCESS"),
        Ask::Close => trade(base),
        Ask::Reverse => trade(base).say("retry_flag", "N").say("action", "refund"),
        Ask::Show => base.say("qr_code", "https:\\/\\/qr.alipay.com\\/bavh4wjlxf12tper3a"),
        Ask::Refund => trade(base)
            .say("fund_change", "Y")
            .say("refund_fee", "16.00")
            .say("gmt_refund_pay", "2026-11-21 10:24:20"),
        Ask::QueryRefund => trade(base)
            .set("out_request_no", &refund)
            .say("total_amount", "88.88")
            .say("refund_amount", "8.00")
            .say("refund_status", "REFUND_SUCCESS"),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

pub(crate) fn reply(body: impl Into<Vec<u8>>) -> WireReply {
    WireReply {
        status: 200,
        headers: vec![(
            "Content-Type".to_owned(),
            "text/html;charset=utf-8".to_owned(),
        )],
        body: body.into(),
        peer: From::Unknown,
    }
}

/// A node under a signature.
pub(crate) fn framed(node: &str, text: &str, sign: &[u8]) -> WireReply {
    let sign = STANDARD.encode(sign);
    reply(format!(r#"{{"{node}":{text},"sign":"{sign}"}}"#))
}

/// A content that Alipay itself signed, as the answer to `ask`.
pub(crate) fn signed(peer: &Peer, ask: Ask, text: &str) -> WireReply {
    let sign = peer.quick.sign(text.as_bytes()).expect("a signature");
    framed(node(ask), text, &sign)
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
    let mut all = signatures::cases();
    all.extend(frames::cases());
    all.extend(contents::cases());
    all
}

pub(crate) fn suite(peer: &Peer) -> Tally {
    for (ask, expected) in controls() {
        let found = verdict(peer, ask, signed(peer, ask, &genuine(ask).text()));
        assert_eq!(found.words, expected, "the genuine answer to {ask:?}");
    }
    debug_assert_eq!(peer.settings.field("seller_id"), SELLER);
    play(peer, &cases(), &|ask, reply| verdict(peer, ask, reply))
}
