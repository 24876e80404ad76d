//! A BTCPay Server as an enemy would answer in its place. Nothing is signed there: what is believed comes from the
//! account's own host, so the lies are of another host, of other things than were asked about, and of webhooks.
//!
//! Money that is amiss is money: an invoice that says so in every form is no lie, and no case.

mod contents;
mod frames;
mod notices;

pub(crate) use notices::genuine_notices;

use crate::{
    case::{Case, Tally, play},
    content::Content,
    peer::{AMOUNT, Ask, NOW, Peer, Signer, recorded, reference, refund_reference, settings, text},
    verdict::{Verdict, judge, judge_notice, of_refund},
};
use paydesk_channels::{Channel as _, Exchange as _, QueryRefund, btcpay, btcpay::CONNECTOR};
use paydesk_domain::{ChannelRef, Decimal, Memo, OfferStage, RefundOffer};
use paydesk_signing::{Peer as From, PrivateKey, WireReply};
use std::collections::BTreeMap;

pub(crate) const STORE: &str = "9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776";
pub(crate) const SECRET: &str = "hostile shop";
pub(crate) const HOST: &str = "pay.shop.example";
pub(crate) const INVOICE: &str = "KsMbgnT1hostile";
const PULL: &str = "3cHostilePull";
const SECONDS: i64 = NOW.0 / 1_000;
/// The calls whose answer can say that money moved, or that it is offered back.
const MONEY: [Ask; 5] = [
    Ask::Show,
    Ask::Query,
    Ask::Close,
    Ask::Refund,
    Ask::QueryRefund,
];

impl Peer {
    /// A live account, whose invoice is shown and known.
    pub(crate) fn btcpay() -> Peer {
        let others = recorded("vectors/alipay_sdk_recorded.json");
        let key = text(&others["keys"], "app_private_pkcs1_b64");
        let fields: BTreeMap<String, String> = [
            ("api_key", "6f0c1e7d7c2b4b6e9a1dhostile0shop00000000"),
            ("webhook_secret", SECRET),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let signer = || Signer::read(&key);
        let base = format!("https://{HOST}");
        Peer {
            keys: btcpay::account_keys(&fields).expect("a key"),
            settings: settings("", &[("base_url", &base), ("store_id", STORE)]),
            quick: PrivateKey::read(key.as_bytes()).expect("a test key"),
            channel: signer(),
            stranger: signer(),
            shop: signer(),
            public: SECRET.to_owned(),
            key_name: String::new(),
            certificate: String::new(),
            memo: Some(Memo(format!(
                "invoice:{INVOICE}:{}:untouched",
                NOW.0 + 800_000
            ))),
            channel_ref: Some(ChannelRef(INVOICE.to_owned())),
        }
    }
}

/// The sum of the payment, as the server writes it.
fn sum() -> String {
    format!("{}.{:02}", AMOUNT / 100, AMOUNT % 100)
}

fn payment() -> Content {
    Content::of(&[
        ("id", "\"f00d-0\""),
        ("receivedDate", &(SECONDS - 60).to_string()),
        ("value", "\"0.00019\""),
        ("fee", "\"0\""),
        ("status", "\"Settled\""),
        ("destination", "\"bc1qhostile\""),
    ])
}

fn method(payment: &Content) -> Content {
    Content::of(&[
        ("paymentMethodId", "\"BTC-CHAIN\""),
        ("currency", "\"BTC\""),
        ("destination", "\"bc1qhostile\""),
        ("paymentLink", "\"bitcoin:bc1qhostile\""),
        ("rate", "\"463000\""),
        ("paymentMethodPaid", "\"0.00019\""),
        ("due", "\"0\""),
        ("payments", &format!("[{}]", payment.text())),
        ("activated", "true"),
    ])
}

/// The invoice, settled, with what came.
fn invoice_of(method: &Content) -> Content {
    let sum = format!("\"{}\"", sum());
    Content::of(&[
        ("id", &format!("\"{INVOICE}\"")),
        ("storeId", &format!("\"{STORE}\"")),
        ("amount", &sum),
        ("paidAmount", &sum),
        ("description", "\"Shop out_trade_no\""),
        ("currency", "\"CNY\""),
        ("type", "\"Standard\""),
        ("checkoutLink", &format!("\"https://{HOST}/i/{INVOICE}\"")),
        ("createdTime", &(SECONDS - 100).to_string()),
        ("expirationTime", &(SECONDS + 800).to_string()),
        ("monitoringExpiration", &(SECONDS + 87_200).to_string()),
        ("status", "\"Settled\""),
        ("additionalStatus", "\"None\""),
        ("metadata", &format!("{{\"orderId\":\"{}\"}}", reference())),
        (
            "checkout",
            "{\"speedPolicy\":\"MediumSpeed\",\"paymentTolerance\":0}",
        ),
        ("paymentMethods", &format!("[{}]", method.text())),
    ])
}

fn invoice() -> Content {
    invoice_of(&method(&payment()))
}

/// The offer of a refund.
fn pull() -> Content {
    Content::of(&[
        ("id", &format!("\"{PULL}\"")),
        ("name", &format!("\"{}\"", refund_reference())),
        ("amount", "\"8.00\""),
        ("currency", "\"CNY\""),
        (
            "viewLink",
            &format!("\"https://{HOST}/pull-payments/{PULL}\""),
        ),
        ("description", "\"Shop out_trade_no\""),
        ("archived", "false"),
    ])
}

/// Its claim, paid.
fn payout() -> Content {
    Content::of(&[
        ("id", "\"6b1fhostile\""),
        ("pullPaymentId", &format!("\"{PULL}\"")),
        ("originalAmount", "\"8.00\""),
        ("originalCurrency", "\"CNY\""),
        ("description", "\"Shop out_trade_no\""),
        ("state", "\"Completed\""),
    ])
}

fn listed(rows: &[&Content]) -> String {
    let rows: Vec<String> = rows.iter().map(|row| row.text()).collect();
    format!("[{}]", rows.join(","))
}

/// The object that an answer is about, changed, in its answer.
fn with(ask: Ask, change: impl Fn(Content) -> Content) -> String {
    match ask {
        Ask::Refund => change(pull()).text(),
        Ask::QueryRefund => listed(&[&change(payout())]),
        Ask::Query => listed(&[&change(invoice())]),
        _ => change(invoice()).text(),
    }
}

fn genuine(ask: Ask) -> String {
    with(ask, |content| content)
}

fn reply(body: impl Into<Vec<u8>>) -> WireReply {
    WireReply {
        status: 200,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.into(),
        peer: From::TlsHost(HOST.to_owned()),
    }
}

/// The question about a refund's claims, once its offer was seen by the same call.
fn claims(peer: &Peer) -> QueryRefund {
    let offer = RefundOffer {
        id: PULL.to_owned(),
        link: format!("https://{HOST}/pull-payments/{PULL}"),
        sum: Decimal::parse("8").expect("a sum"),
        unit: "CNY".to_owned(),
        stage: OfferStage::Unclaimed,
    };
    let mut query = peer.query_refund();
    let told = serde_json::to_string(&offer).expect("an offer is data");
    query.refund.told = Some(Memo(told));
    query.offer = Some(offer);
    query
}

pub(crate) fn verdict(peer: &Peer, ask: Ask, reply: WireReply) -> Verdict {
    if ask != Ask::QueryRefund {
        return judge(&CONNECTOR, peer, ask, reply);
    }
    let cx = peer.cx();
    match CONNECTOR.authenticate(ask.operation(), reply, &cx) {
        Ok(proof) => Verdict {
            words: of_refund(CONNECTOR.decode(&claims(peer), &proof, &cx)),
            believed: Some(proof.believed().to_vec()),
        },
        Err(forged) => Verdict {
            words: format!("forged: {forged}"),
            believed: None,
        },
    }
}

pub(crate) fn notice_verdict(peer: &Peer, _: Ask, notice: WireReply) -> Verdict {
    judge_notice(CONNECTOR.notices().expect("notices"), peer, notice)
}

fn play_all(peer: &Peer, cases: &[Case]) -> Tally {
    play(peer, cases, &|ask, reply| verdict(peer, ask, reply))
}

/// A suite that refused the genuine answers would prove nothing.
pub(crate) fn suite(peer: &Peer) -> Tally {
    for ask in MONEY {
        let expected = match ask {
            Ask::Refund => "offered",
            Ask::QueryRefund => "refunded",
            _ => "paid",
        };
        let found = verdict(peer, ask, reply(genuine(ask)));
        assert_eq!(found.words, expected, "the genuine answer to {ask:?}");
    }
    let mut tally = play_all(peer, &frames::cases());
    tally.add(play_all(peer, &contents::cases()));
    tally.add(notices::suite(peer));
    tally
}
