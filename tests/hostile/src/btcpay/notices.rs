//! Webhooks as an enemy would post them: their tag, its scheme, the body under it. A genuine one concludes nothing, so
//! every one that concludes anything is a failure.

use super::{INVOICE, SECRET, STORE, notice_verdict, reply};
use crate::{
    case::{Case, Tally, case, play},
    content::Content,
    json::{broken, not_json},
    peer::{Ask, Peer, other_reference, reference},
};
use hmac::{Hmac, Mac as _};
use paydesk_signing::WireReply;
use sha2::Sha256;

type Change = fn(Content) -> Content;

fn told() -> Content {
    Content::of(&[
        ("deliveryId", "\"D1hostile\""),
        ("webhookId", "\"W1hostile\""),
        ("originalDeliveryId", "\"D1hostile\""),
        ("isRedelivery", "false"),
        ("type", "\"InvoiceSettled\""),
        ("timestamp", "1795227862"),
        ("storeId", &format!("\"{STORE}\"")),
        ("invoiceId", &format!("\"{INVOICE}\"")),
        ("metadata", &format!("{{\"orderId\":\"{}\"}}", reference())),
    ])
}

fn tag(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn with_header(body: impl Into<Vec<u8>>, name: &str, header: &str) -> WireReply {
    let mut notice = reply(body);
    notice.headers.push((name.to_owned(), header.to_owned()));
    notice
}

/// With the tag of the shop's own secret.
pub(crate) fn posted(body: impl Into<Vec<u8>>) -> WireReply {
    let body = body.into();
    let header = format!("sha256={}", tag(SECRET, &body));
    with_header(body, "BTCPay-Sig", &header)
}

/// Every kind of webhook, as the server itself would send it.
pub(crate) fn genuine_notices() -> Vec<WireReply> {
    [
        "InvoiceCreated",
        "InvoiceReceivedPayment",
        "InvoiceProcessing",
        "InvoiceExpired",
        "InvoiceSettled",
        "InvoiceInvalid",
        "InvoicePaymentSettled",
        "InvoiceRefund",
    ]
    .map(|kind| posted(told().say("type", kind).text()))
    .into()
}

/// Headers that are none, under which no body is believed.
fn headers(body: &[u8]) -> Vec<(&'static str, String)> {
    let good = tag(SECRET, body);
    vec![
        ("an empty header", String::new()),
        ("no scheme", good.clone()),
        ("another scheme", format!("sha1={good}")),
        ("a scheme in capitals", format!("SHA256={good}")),
        ("a scheme with a blank", format!("sha256 ={good}")),
        ("a blank before the tag", format!("sha256= {good}")),
        ("a blank behind the tag", format!("sha256={good} ")),
        ("an empty tag", "sha256=".to_owned()),
        ("a tag cut", format!("sha256={}", &good[..62])),
        ("a tag with a digit more", format!("sha256={good}0")),
        ("a tag of noughts", format!("sha256={}", "0".repeat(64))),
        (
            "a tag that is no number",
            format!("sha256={}", "z".repeat(64)),
        ),
        ("two tags", format!("sha256={good},sha256={good}")),
        ("a tag in Base64", "sha256=q83vEjRWeJA=".to_owned()),
        ("the tag of no secret", format!("sha256={}", tag("", body))),
        (
            "the tag of another secret",
            format!("sha256={}", tag("other", body)),
        ),
        (
            "the tag of the store's name",
            format!("sha256={}", tag(STORE, body)),
        ),
        (
            "the tag of the secret with a line",
            format!("sha256={}", tag("hostile shop\n", body)),
        ),
        (
            "the tag of another body",
            format!("sha256={}", tag(SECRET, b"{}")),
        ),
        (
            "the tag of the body and a line",
            format!("sha256={}", tag(SECRET, &[body, b"\n"].concat())),
        ),
    ]
}

/// Tagged by the server, and word of something else or of nothing.
const TAGGED: &[(&str, Change)] = &[
    ("of another store", |n| n.say("storeId", "x")),
    ("of no store", |n| n.without("storeId")),
    ("of another order", |n| {
        let words = format!("{{\"orderId\":\"{}\"}}", other_reference());
        n.set("metadata", &words)
    }),
    ("of no order", |n| n.without("metadata")),
    ("of no kind", |n| n.without("type")),
    ("of a kind to come", |n| n.say("type", "InvoicePaidTwice")),
    ("of a payout", |n| n.say("type", "PayoutApproved")),
    ("without a number", |n| {
        n.without("deliveryId").without("originalDeliveryId")
    }),
    ("with a sum of its own", |n| n.say("paidAmount", "88.88")),
    ("settled in words", |n| n.say("status", "Settled")),
    ("a store twice", |n| n.and("storeId", "\"x\"")),
    ("a kind twice", |n| n.and("type", "\"InvoiceExpired\"")),
];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let body = told().text();
    for (name, header) in headers(body.as_bytes()) {
        let body = body.clone();
        cases.push(case(
            format!("notice: {name}"),
            Ask::Query,
            "forged:",
            move |_| with_header(body.clone(), "BTCPay-Sig", &header),
        ));
    }
    let bare = body.clone();
    cases.push(case(
        "notice: no header",
        Ask::Query,
        "forged:",
        move |_| reply(bare.clone()),
    ));
    let misnamed = body.clone();
    cases.push(case(
        "notice: a header of another name",
        Ask::Query,
        "forged:",
        move |_| {
            let header = format!("sha256={}", tag(SECRET, misnamed.as_bytes()));
            with_header(misnamed.clone(), "BTCPay-Sig1", &header)
        },
    ));
    for (name, from, to) in [
        ("another kind", "InvoiceSettled", "InvoiceExpired"),
        ("another invoice", INVOICE, "AnotherInvoice"),
        ("a blank more", "{", "{ "),
    ] {
        let altered = body.replacen(from, to, 1);
        assert_ne!(altered, body, "{name}");
        cases.push(case(
            format!("notice altered: {name}"),
            Ask::Query,
            "forged:",
            move |_| {
                let mut notice = posted(told().text());
                notice.body = altered.clone().into_bytes();
                notice
            },
        ));
    }
    for (name, change) in TAGGED {
        cases.push(case(
            format!("notice tagged: {name}"),
            Ask::Query,
            "doubt:|about",
            move |_| posted(change(told()).text()),
        ));
    }
    for (name, spoil) in broken() {
        cases.push(case(
            format!("notice tagged: {name}"),
            Ask::Query,
            "doubt:|forged:",
            move |_| posted(spoil(told().text().into_bytes())),
        ));
    }
    for (name, body) in not_json() {
        cases.push(case(
            format!("notice tagged: {name}"),
            Ask::Query,
            "doubt:|forged:",
            move |_| posted(body()),
        ));
    }
    cases
}

/// The genuine ones are believed, name the payment and conclude nothing.
pub(super) fn suite(peer: &Peer) -> Tally {
    for notice in genuine_notices() {
        let found = notice_verdict(peer, Ask::Query, notice);
        let is_told = ["doubt: no reply", "about nothing: InvoiceRefund"];
        assert!(is_told.contains(&found.words.as_str()), "{}", found.words);
        assert!(found.believed.is_some());
    }
    play(peer, &cases(), &|ask, notice| {
        notice_verdict(peer, ask, notice)
    })
}
