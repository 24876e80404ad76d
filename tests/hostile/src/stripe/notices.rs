//! Stripe's notices as an enemy would post them: their signature, its moment, its scheme, the body under it, and word of
//! another account, mode, version or payment that Stripe itself signed.

use super::{ACCOUNT, INTENT, SECRET, genuine, intent, notice_verdict, refund, reply};
use crate::{
    case::{Case, Tally, case, play},
    content::Content,
    json::{broken, not_json},
    peer::{Ask, NOW, Peer, other_reference, reference, refund_reference},
};
use hmac::{Hmac, Mac as _};
use paydesk_signing::WireReply;
use sha2::Sha256;

type Change = fn(Content) -> Content;

const MALFORMED: &str = "forged: the reply is not";
const NO_SIGNATURE: &str = "forged: the reply carries no";
const WRONG: &str = "forged: the signature is wrong";

const SECONDS: i64 = NOW.0 / 1_000;

/// What Stripe tells about this.
pub(crate) fn event(kind: &str, object: &Content) -> Content {
    Content::of(&[
        ("id", "\"evt_1hostile\""),
        ("object", "\"event\""),
        ("account", &format!("\"{ACCOUNT}\"")),
        ("api_version", "\"2026-10-28.endive\""),
        ("created", "1795227862"),
        ("data", &format!("{{\"object\":{}}}", object.text())),
        ("livemode", "true"),
        ("type", &format!("\"{kind}\"")),
    ])
}

fn tag(secret: &str, text: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(text);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tag_at(secret: &str, seconds: i64, body: &[u8]) -> String {
    tag(secret, &[format!("{seconds}.").as_bytes(), body].concat())
}

fn with_header(body: impl Into<Vec<u8>>, header: &str) -> WireReply {
    let mut notice = reply(body);
    let name = "Stripe-Signature".to_owned();
    notice.headers.push((name, header.to_owned()));
    notice
}

/// With Stripe's signature, of now.
pub(crate) fn posted(body: impl Into<Vec<u8>>) -> WireReply {
    let body = body.into();
    let header = format!("t={SECONDS},v1={}", tag_at(SECRET, SECONDS, &body));
    with_header(body, &header)
}

fn told(ask: Ask) -> Content {
    match ask {
        Ask::QueryRefund => event("refund.updated", &refund()),
        _ => event("payment_intent.succeeded", &intent()),
    }
}

/// As Stripe itself would send it.
pub(crate) fn genuine_notice(ask: Ask) -> WireReply {
    posted(told(ask).text())
}

/// A header that is wrong: its name, what is expected, and the header.
type Header = (&'static str, &'static str, String);

/// The header of a body, wrong in its form or its moment.
fn headers(body: &[u8]) -> Vec<Header> {
    let mut headers = schemes(body);
    headers.extend(moments(body));
    headers.extend(secrets(body));
    headers
}

/// Schemes and signatures that are none.
fn schemes(body: &[u8]) -> Vec<Header> {
    let good = tag_at(SECRET, SECONDS, body);
    let now = format!("t={SECONDS}");
    vec![
        ("an empty signature header", MALFORMED, String::new()),
        ("no scheme", WRONG, now.clone()),
        ("no moment", MALFORMED, format!("v1={good}")),
        ("an older scheme", WRONG, format!("{now},v0={good}")),
        ("a scheme to come", WRONG, format!("{now},v2={good}")),
        ("a scheme in capitals", WRONG, format!("{now},V1={good}")),
        ("a scheme with a blank", WRONG, format!("{now}, v1={good}")),
        ("a signature that is empty", WRONG, format!("{now},v1=")),
        (
            "a signature in capitals",
            WRONG,
            format!("{now},v1={}", good.to_uppercase()),
        ),
        (
            "a signature cut",
            WRONG,
            format!("{now},v1={}", &good[..62]),
        ),
        (
            "a signature with a digit more",
            WRONG,
            format!("{now},v1={good}0"),
        ),
        (
            "a signature with a blank",
            WRONG,
            format!("{now},v1={good} "),
        ),
        (
            "a signature of noughts",
            WRONG,
            format!("{now},v1={}", "0".repeat(64)),
        ),
        (
            "several wrong signatures",
            WRONG,
            format!("{now},v1={0},v1={0},v1={0}", "a".repeat(64)),
        ),
        (
            "more signatures than secrets can be",
            MALFORMED,
            format!(
                "{now}{},v1={good}",
                format!(",v1={}", "0".repeat(64)).repeat(8)
            ),
        ),
    ]
}

/// Moments that are none, and signatures that are too old or too new.
fn moments(body: &[u8]) -> Vec<Header> {
    let good = tag_at(SECRET, SECONDS, body);
    let at = |seconds: i64| format!("t={seconds},v1={}", tag_at(SECRET, seconds, body));
    let now = format!("t={SECONDS}");
    vec![
        (
            "two moments, ours first",
            MALFORMED,
            format!("{now},t=1,v1={good}"),
        ),
        (
            "two moments, ours last",
            MALFORMED,
            format!("t=1,{now},v1={good}"),
        ),
        (
            "a moment that is negative",
            MALFORMED,
            format!("t=-{SECONDS},v1={good}"),
        ),
        (
            "a moment with a plus",
            MALFORMED,
            format!("t=+{SECONDS},v1={good}"),
        ),
        (
            "a moment with a blank",
            MALFORMED,
            format!("t= {SECONDS},v1={good}"),
        ),
        (
            "a moment in full-width digits",
            MALFORMED,
            format!("t=１７９５２２７８６２,v1={good}"),
        ),
        (
            "a moment in hexadecimal",
            MALFORMED,
            format!("t=0x{SECONDS:x},v1={good}"),
        ),
        (
            "a moment beyond 64 bits",
            MALFORMED,
            format!("t=99999999999999999999,v1={good}"),
        ),
        ("a moment that is empty", MALFORMED, format!("t=,v1={good}")),
        (
            "a part without a value",
            MALFORMED,
            format!("{now},v1,v1={good}"),
        ),
        (
            "parts with semicolons",
            MALFORMED,
            format!("{now};v1={good}"),
        ),
        (
            "the moment moved",
            WRONG,
            format!("t={},v1={good}", SECONDS + 1),
        ),
        ("301 seconds old", "forged: ", at(SECONDS - 301)),
        ("a day old", "forged: ", at(SECONDS - 86_400)),
        ("301 seconds ahead", "forged: ", at(SECONDS + 301)),
        ("a year ahead", "forged: ", at(SECONDS + 31_536_000)),
        ("of the beginning of time", "forged: ", at(0)),
        ("of the end of time", "forged: ", at(i64::MAX)),
    ]
}

/// Signatures by another's secret or over another text.
fn secrets(body: &[u8]) -> Vec<Header> {
    let now = format!("t={SECONDS}");
    vec![
        (
            "under an empty secret",
            WRONG,
            format!("{now},v1={}", tag_at("", SECONDS, body)),
        ),
        ("under the secret without its mark", WRONG, {
            let bare = SECRET.trim_start_matches("whsec_");
            format!("{now},v1={}", tag_at(bare, SECONDS, body))
        }),
        ("under the key of calls", WRONG, {
            format!("{now},v1={}", tag_at("sk_live_hostile", SECONDS, body))
        }),
        ("under another endpoint's secret", WRONG, {
            format!("{now},v1={}", tag_at("whsec_other", SECONDS, body))
        }),
        (
            "over the body alone",
            WRONG,
            format!("{now},v1={}", tag(SECRET, body)),
        ),
        ("over the moment alone", WRONG, {
            format!("{now},v1={}", tag(SECRET, format!("{SECONDS}.").as_bytes()))
        }),
        ("over another moment's text", WRONG, {
            let text = [format!("{SECONDS}").as_bytes(), body].concat();
            format!("{now},v1={}", tag(SECRET, &text))
        }),
        (
            "over another body",
            WRONG,
            format!("{now},v1={}", tag_at(SECRET, SECONDS, b"{}")),
        ),
        ("as base64", WRONG, format!("{now},v1=uVdYbWx2")),
        (
            "a header of a megabyte",
            MALFORMED,
            format!("{now},{}", "v1=0,".repeat(200_000)),
        ),
    ]
}

/// Signed by Stripe, and word of something else.
const SIGNED: &[(&str, &str, Change)] = &[
    ("another account", "doubt:", |e| {
        e.say("account", "acct_1Other")
    }),
    ("an account in capitals", "doubt:", |e| {
        e.say("account", &ACCOUNT.to_uppercase())
    }),
    ("the trial mode", "doubt:", |e| e.set("livemode", "false")),
    ("a mode as text", "doubt:", |e| e.say("livemode", "true")),
    ("no mode", "doubt:", |e| e.without("livemode")),
    ("an older version", "doubt:", |e| {
        e.say("api_version", "2020-08-27")
    }),
    ("no version", "doubt:", |e| e.set("api_version", "null")),
    ("a thin event", "doubt:", |e| {
        e.say("object", "v2.core.event")
    }),
    ("no object", "doubt:", |e| e.set("data", "{}")),
    ("no data", "doubt:", |e| e.without("data")),
    ("data that is a text", "doubt:", |e| e.say("data", INTENT)),
    ("no kind", "doubt:", |e| e.without("type")),
    ("a kind with a line", "doubt:", |e| e.say("type", "a\\nb")),
    ("no number", "doubt:", |e| e.without("id")),
    ("a number of another kind", "doubt:", |e| {
        e.say("id", "req_1")
    }),
    ("a number that is a way", "doubt:", |e| {
        e.say("id", "evt_1/../x")
    }),
    ("a charge", "about nothing", |e| {
        e.set(
            "data",
            &format!("{{\"object\":{}}}", super::charge().text()),
        )
    }),
    ("a list", "about nothing|doubt:", |e| {
        let list = super::list(&[&intent()]);
        e.set("data", &format!("{{\"object\":{}}}", list.text()))
    }),
    ("a page", "doubt:|about", |e| {
        let page = genuine(Ask::Query);
        e.set("data", &format!("{{\"object\":{}}}", page.text()))
    }),
];

/// The object in the event.
const OBJECTS: &[(&str, &str, Change)] = &[
    ("of another payment", "about another", |o| {
        let words = format!(
            "{{\"paydesk_payment\":\"{0}\",\"paydesk_refund\":\"{0}R1\"}}",
            other_reference()
        );
        o.set("metadata", &words)
    }),
    ("without words", "about nothing", |o| o.without("metadata")),
    ("with empty words", "about nothing", |o| {
        o.set("metadata", "{}")
    }),
    ("with words that are a list", "about nothing", |o| {
        o.set("metadata", &format!("[\"{}\"]", reference()))
    }),
    ("of a fen less", "doubt:", |o| o.set("amount", "1")),
    ("of a sum as text", "doubt:", |o| o.say("amount", "8888")),
    ("of a sum with decimals", "doubt:", |o| {
        o.set("amount", "8888.0")
    }),
    ("in dollars", "doubt:", |o| o.say("currency", "usd")),
    ("in capitals", "doubt:", |o| o.say("currency", "CNY")),
    ("in no currency", "doubt:", |o| o.without("currency")),
    ("with another state", "doubt:", |o| {
        o.say("status", "Succeeded")
    }),
    ("without a state", "doubt:", |o| o.without("status")),
    ("without a number", "doubt:", |o| o.without("id")),
    ("with a number that is a way", "doubt:", |o| {
        o.say("id", "pi_1/../x")
    }),
];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in [Ask::Query, Ask::QueryRefund] {
        let body = told(ask).text();
        for (name, expect, header) in headers(body.as_bytes()) {
            let body = body.clone();
            cases.push(case(format!("notice: {name}"), ask, expect, move |_| {
                with_header(body.clone(), &header)
            }));
        }
        let stripped = body.clone();
        cases.push(case("notice: no signature", ask, NO_SIGNATURE, move |_| {
            reply(stripped.clone())
        }));
        cases.push(case(
            "notice: a signature of another name",
            ask,
            NO_SIGNATURE,
            move |_| {
                let mut notice = genuine_notice(ask);
                for (name, _) in &mut notice.headers {
                    *name = name.replace("Stripe-Signature", "Stripe-Signatures");
                }
                notice
            },
        ));
        for (name, from, to) in [
            ("another sum", "8888", "8889"),
            ("another payment", "payment", "paument"),
            ("a blank more", "{", "{ "),
            ("another mode", "\"livemode\":true", "\"livemode\":false"),
        ] {
            let altered = body.replacen(from, to, 1);
            if altered == body {
                continue;
            }
            cases.push(case(
                format!("notice altered: {name}"),
                ask,
                WRONG,
                move |_| {
                    let mut notice = genuine_notice(ask);
                    notice.body = altered.clone().into_bytes();
                    notice
                },
            ));
        }
    }
    cases.extend(signed());
    cases
}

/// Signed by Stripe, and word of something else or of nothing.
fn signed() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in [Ask::Query, Ask::QueryRefund] {
        for (name, expect, change) in SIGNED {
            cases.push(case(
                format!("notice signed: {name}"),
                ask,
                expect,
                move |_| posted(change(told(ask)).text()),
            ));
        }
        for (name, expect, change) in OBJECTS {
            cases.push(case(
                format!("notice signed: {name}"),
                ask,
                expect,
                move |_| {
                    let object = match ask {
                        Ask::QueryRefund => change(refund()),
                        _ => change(intent()),
                    };
                    posted(event("refund.updated", &object).text())
                },
            ));
        }
        for (name, spoil) in broken() {
            cases.push(case(
                format!("notice signed: {name}"),
                ask,
                "doubt:|forged:",
                move |_| posted(spoil(told(ask).text().into_bytes())),
            ));
        }
    }
    for (name, body) in not_json() {
        cases.push(case(
            format!("notice signed: {name}"),
            Ask::Query,
            "doubt:|forged:",
            move |_| posted(body()),
        ));
    }
    let crossed = [
        ("a refund that says it is the payment", {
            let words = format!("{{\"paydesk_payment\":\"{}\"}}", reference());
            refund()
                .say("object", "payment_intent")
                .set("metadata", &words)
        }),
        ("a payment that says it is the refund", {
            let words = format!(
                "{{\"paydesk_payment\":\"{}\",\"paydesk_refund\":\"{}\"}}",
                reference(),
                refund_reference()
            );
            intent().say("object", "refund").set("metadata", &words)
        }),
    ];
    for (name, object) in crossed {
        cases.push(case(
            format!("notice signed: {name}"),
            Ask::Query,
            "doubt:",
            move |_| posted(event("payment_intent.succeeded", &object).text()),
        ));
    }
    cases
}

pub(super) fn suite(peer: &Peer) -> Tally {
    for (ask, expected) in [(Ask::Query, "paid"), (Ask::QueryRefund, "refunded")] {
        let found = notice_verdict(peer, ask, genuine_notice(ask));
        assert_eq!(found.words, expected, "the genuine notice of {ask:?}");
    }
    play(peer, &cases(), &|ask, notice| {
        notice_verdict(peer, ask, notice)
    })
}
