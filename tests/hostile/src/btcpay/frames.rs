//! Around the content: another host, another status, bodies that are no answer or read in two ways.

use super::{HOST, MONEY, genuine, invoice, payout, reply, sum, with};
use crate::{
    case::{Case, case},
    json::{broken, not_json},
    peer::Ask,
};
use paydesk_signing::Peer as From;

/// Who else may answer: no certificate of the host, this machine, and names that a loose reader takes for it.
fn others() -> Vec<(&'static str, From)> {
    let host = |name: &str| From::TlsHost(name.to_owned());
    vec![
        ("without TLS", From::Unknown),
        ("a sandbox on this machine", From::SandboxHere),
        ("the domain above", host("shop.example")),
        ("a neighbour", host("www.shop.example")),
        ("the host of another channel", host("api.stripe.com")),
        ("the name in another's", host("pay.shop.example.com")),
        ("the name behind another's", host("x-pay.shop.example")),
        ("the name in capitals", host("PAY.SHOP.EXAMPLE")),
        ("the name with a dot", host("pay.shop.example.")),
        ("the name with a port", host("pay.shop.example:443")),
        ("the name with a blank", host(" pay.shop.example")),
        ("the name with a NUL", host("pay.shop.example\0")),
        ("the name cut", host("pay.shop.exampl")),
        ("a letter that looks like one", host("pаy.shop.example")),
        ("no name", host("")),
        ("a star", host("*.shop.example")),
    ]
}

/// A member twice, or under a name that reads the same.
fn doubled() -> Vec<(&'static str, String)> {
    let whole = format!("\"{}\"", sum());
    let fresh = invoice().say("status", "New");
    vec![
        (
            "a status twice",
            fresh.clone().and("status", "\"Settled\"").text(),
        ),
        (
            "a status twice, the other way",
            invoice().and("status", "\"New\"").text(),
        ),
        (
            "a status twice, one in escapes",
            fresh.and("st\\u0061tus", "\"Settled\"").text(),
        ),
        ("a sum twice", invoice().and("amount", "\"1\"").text()),
        (
            "what came twice",
            invoice()
                .say("paidAmount", "1")
                .and("paidAmount", &whole)
                .text(),
        ),
        ("words twice", invoice().and("metadata", "{}").text()),
        ("a store twice", invoice().and("storeId", "\"x\"").text()),
        (
            "ways to pay twice",
            invoice().and("paymentMethods", "[]").text(),
        ),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in MONEY {
        for (name, from) in others() {
            cases.push(case(format!("from {name}"), ask, "forged:", move |_| {
                let mut whole = reply(genuine(ask));
                whole.peer = from.clone();
                whole
            }));
        }
        for status in [
            100, 201, 202, 203, 204, 206, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402,
            403, 404, 409, 418, 422, 429, 499, 500, 502, 503, 504, 599, 999,
        ] {
            cases.push(case(
                format!("a good answer under status {status}"),
                ask,
                "doubt: server",
                move |_| {
                    let mut whole = reply(genuine(ask));
                    whole.status = status;
                    whole
                },
            ));
        }
        // A question that ends a payment is answered with a list as well.
        let spoils = broken().into_iter();
        for (name, spoil) in spoils.filter(|(name, _)| ask != Ask::Close || !name.contains("list"))
        {
            cases.push(case(name, ask, "doubt: unreadable", move |_| {
                reply(spoil(genuine(ask).into_bytes()))
            }));
        }
        for (name, body) in not_json() {
            cases.push(case(
                name,
                ask,
                "doubt: unreadable|doubt: mismatch|not found|closed: never existed|offered",
                move |_| reply(body()),
            ));
        }
        cases.push(case(
            "a redirect that holds the answer",
            ask,
            "doubt: server",
            move |_| {
                let mut whole = reply(genuine(ask));
                whole.status = 302;
                let to = ("Location".to_owned(), format!("https://{HOST}/other"));
                whole.headers.push(to);
                whole
            },
        ));
    }
    for (name, body) in doubled() {
        for ask in [Ask::Show, Ask::Query, Ask::Close] {
            let body = match ask {
                Ask::Query => format!("[{body}]"),
                _ => body.clone(),
            };
            cases.push(case(name, ask, "doubt: unreadable", move |_| {
                reply(body.clone())
            }));
        }
    }
    let twice = payout().and("state", "\"Cancelled\"").text();
    cases.push(case(
        "a payout's state twice",
        Ask::QueryRefund,
        "doubt: unreadable",
        move |_| reply(format!("[{twice}]")),
    ));
    let sum_twice = with(Ask::Refund, |pull| pull.and("amount", "\"9.00\""));
    cases.push(case(
        "an offer's sum twice",
        Ask::Refund,
        "doubt: unreadable",
        move |_| reply(sum_twice.clone()),
    ));
    cases
}
