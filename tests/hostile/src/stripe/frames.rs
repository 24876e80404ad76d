//! Around the content: another host, another status, bodies that are no answer or read in two ways.

use super::{HOST, MONEY, genuine, intent, reply, session};
use crate::{
    case::{Case, case},
    json::{broken, not_json},
    peer::{AMOUNT, Ask},
};
use paydesk_signing::Peer as From;

/// Who else may answer: no certificate of the host, this machine, and names that a loose reader takes for it.
fn others() -> Vec<(&'static str, From)> {
    let host = |name: &str| From::TlsHost(name.to_owned());
    vec![
        ("without TLS", From::Unknown),
        ("a sandbox on this machine", From::SandboxHere),
        ("the host of files", host("files.stripe.com")),
        ("the domain above", host("stripe.com")),
        ("a neighbour", host("dashboard.stripe.com")),
        ("the host of another channel", host("api.mch.weixin.qq.com")),
        ("the name in another's", host("api.stripe.com.example.com")),
        ("the name behind another's", host("x-api.stripe.com")),
        ("the name in capitals", host("API.STRIPE.COM")),
        ("the name with a dot", host("api.stripe.com.")),
        ("the name with a port", host("api.stripe.com:443")),
        ("the name with a blank", host(" api.stripe.com")),
        ("the name with a NUL", host("api.stripe.com\0")),
        ("the name cut", host("api.stripe.co")),
        ("a letter that looks like one", host("аpi.stripe.com")),
        ("no name", host("")),
        ("a star", host("*.stripe.com")),
    ]
}

/// A member twice, or under a name that reads the same.
fn doubled() -> Vec<(&'static str, String)> {
    let own = session(&intent());
    let unpaid = session(&intent()).say("payment_status", "unpaid");
    let waiting = session(&intent().say("status", "requires_payment_method"));
    vec![
        (
            "a status twice",
            unpaid.clone().and("payment_status", "\"paid\"").text(),
        ),
        (
            "a status twice, the other way",
            own.clone().and("payment_status", "\"unpaid\"").text(),
        ),
        (
            "a status twice, one in escapes",
            unpaid.and("payment_st\\u0061tus", "\"paid\"").text(),
        ),
        (
            "an intent twice",
            waiting.and("payment_intent", &intent().text()).text(),
        ),
        ("a sum twice", own.clone().and("amount_total", "1").text()),
        (
            "a sum twice in the intent",
            session(&intent().and("amount_received", "1")).text(),
        ),
        ("a mode twice", own.clone().and("livemode", "false").text()),
        (
            "a reference twice",
            own.and("client_reference_id", "\"POS20261121\"").text(),
        ),
        (
            "words twice",
            session(&intent().and("metadata", "{}")).text(),
        ),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in MONEY {
        for (name, from) in others() {
            cases.push(case(format!("from {name}"), ask, "forged:", move |_| {
                let mut whole = reply(genuine(ask).text());
                whole.peer = from.clone();
                whole
            }));
        }
        for status in [
            100, 201, 202, 203, 204, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401,
            402, 403, 404, 409, 418, 424, 429, 499, 500, 502, 503, 504, 599, 999,
        ] {
            cases.push(case(
                format!("a paid answer under status {status}"),
                ask,
                "doubt: unreadable|doubt: server",
                move |_| {
                    let mut whole = reply(genuine(ask).text());
                    whole.status = status;
                    whole
                },
            ));
        }
        for (name, spoil) in broken() {
            cases.push(case(name, ask, "doubt: unreadable", move |_| {
                reply(spoil(genuine(ask).text().into_bytes()))
            }));
        }
        for (name, body) in not_json() {
            cases.push(case(
                name,
                ask,
                "doubt: unreadable|doubt: mismatch",
                move |_| reply(body()),
            ));
        }
        cases.push(case(
            "a redirect that holds the answer",
            ask,
            "doubt: unreadable",
            move |_| {
                let mut whole = reply(genuine(ask).text());
                whole.status = 302;
                let to = ("Location".to_owned(), format!("https://{HOST}/v1/other"));
                whole.headers.push(to);
                whole
            },
        ));
        cases.push(case(
            "an error beside the answer",
            ask,
            "doubt: unreadable",
            move |_| {
                let error = "{\"type\":\"api_error\",\"message\":\"no\"}";
                reply(genuine(ask).and("error", error).text())
            },
        ));
        cases.push(case(
            "an answer that may be asked for again",
            ask,
            "doubt: server",
            move |_| {
                let mut whole = reply(genuine(ask).text());
                whole.status = 409;
                let again = ("Stripe-Should-Retry".to_owned(), "true".to_owned());
                whole.headers.push(again);
                whole
            },
        ));
    }
    for ask in [Ask::Show, Ask::Query, Ask::Close] {
        for (name, body) in doubled() {
            cases.push(case(name, ask, "doubt: unreadable", move |_| {
                reply(body.clone())
            }));
        }
    }
    // The sum as no integer that fits: a reader that rounds would take it.
    for (name, raw) in [
        ("beyond 64 bits", "18446744073709560504".to_owned()),
        ("of a thousand digits", "9".repeat(1_000)),
        (
            "with a thousand noughts in front",
            format!("{}{AMOUNT}", "0".repeat(1_000)),
        ),
    ] {
        for ask in [Ask::Show, Ask::Query, Ask::Close] {
            let raw = raw.clone();
            cases.push(case(format!("a sum {name}"), ask, "doubt:", move |_| {
                reply(session(&intent()).set("amount_total", &raw).text())
            }));
        }
    }
    cases
}
