//! Around the signed part: doubled nodes, renamed nodes, JSON that readers disagree about, bodies that are none.
//! Where a signature is in it, it is Alipay's own over some content, and must not speak for another.

use super::{genuine, node, reply};
use crate::{
    case::{Case, case},
    json::{broken, not_json},
    peer::{Ask, Peer},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_signing::WireReply;

fn sign(peer: &Peer, text: &str) -> String {
    STANDARD.encode(peer.channel.sha256(text.as_bytes()))
}

/// A harmless content that Alipay signs every day, under the signature of which an enemy would like to pay.
fn harmless() -> &'static str {
    r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST"}"#
}

type Body = fn(&Peer, &str, &str) -> String;

/// Two contents in one answer: the signature is over the harmless one.
const DOUBLED: &[(&str, &str, Body)] = &[
    (
        "two nodes of one name, the signed one first",
        "forged: the reply is not",
        |peer, node, paid| {
            let (good, sign) = (harmless(), sign(peer, harmless()));
            format!(r#"{{"{node}":{good},"{node}":{paid},"sign":"{sign}"}}"#)
        },
    ),
    (
        "two nodes of one name, the signed one last",
        "forged: the reply is not",
        |peer, node, paid| {
            let (good, sign) = (harmless(), sign(peer, harmless()));
            format!(r#"{{"{node}":{paid},"{node}":{good},"sign":"{sign}"}}"#)
        },
    ),
    (
        "two nodes, one spelt with an escape",
        "forged: the reply is not",
        |peer, node, paid| {
            let (good, sign) = (harmless(), sign(peer, harmless()));
            let spelt = node.replace('_', "\\u005f");
            format!(r#"{{"{node}":{good},"{spelt}":{paid},"sign":"{sign}"}}"#)
        },
    ),
    (
        "a node beside the error node",
        "forged: the reply is not",
        |peer, node, paid| {
            let (good, sign) = (harmless(), sign(peer, harmless()));
            format!(r#"{{"error_response":{good},"{node}":{paid},"sign":"{sign}"}}"#)
        },
    ),
    (
        "a node beside another method's",
        "forged: the reply is not",
        |peer, node, paid| {
            let (good, sign) = (harmless(), sign(peer, harmless()));
            format!(r#"{{"alipay_trade_close_response":{good},"{node}":{paid},"sign":"{sign}"}}"#)
        },
    ),
    (
        "the paid content in front of everything",
        "forged: the reply is not",
        |peer, node, paid| {
            let (good, sign) = (harmless(), sign(peer, harmless()));
            format!(r#"{paid}{{"{node}":{good},"sign":"{sign}"}}"#)
        },
    ),
    (
        "the paid content behind everything",
        "forged: the reply is not",
        |peer, node, paid| {
            let (good, sign) = (harmless(), sign(peer, harmless()));
            format!(r#"{{"{node}":{good},"sign":"{sign}"}}{paid}"#)
        },
    ),
    (
        "the signed answer inside the node",
        "forged: the reply carries no",
        |peer, node, paid| {
            let (good, sign) = (harmless(), sign(peer, harmless()));
            let inner = format!(r#""x":{good},"sign":"{sign}""#);
            format!(
                r#"{{"{node}":{}}}"#,
                paid.replacen('{', &format!("{{{inner},"), 1)
            )
        },
    ),
    (
        "the signature inside the node alone",
        "forged: the reply carries no",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(
                r#"{{"{node}":{}}}"#,
                paid.replacen('{', &format!(r#"{{"sign":"{sign}","#), 1)
            )
        },
    ),
    (
        "the node in a list",
        "forged: the reply is not",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(r#"{{"{node}":[{paid}],"sign":"{sign}"}}"#)
        },
    ),
    (
        "the node as text under the content's signature",
        "forged:",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(
                r#"{{"{node}":"{}","sign":"{sign}"}}"#,
                paid.replace('"', "\\\"")
            )
        },
    ),
    (
        "the node as base64, as a sealed one would be",
        "forged:",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(
                r#"{{"{node}":"{}","sign":"{sign}"}}"#,
                STANDARD.encode(paid)
            )
        },
    ),
    (
        "sealed, quotes signed, but no seal",
        "forged: the reply is not",
        |peer, node, paid| {
            let sealed = format!("\"{}\"", STANDARD.encode(paid));
            let sign = sign(peer, &sealed);
            format!(r#"{{"{node}":{sealed},"sign":"{sign}"}}"#)
        },
    ),
    (
        "the node null",
        "forged: the reply is not",
        |peer, node, _| {
            let sign = sign(peer, "null");
            format!(r#"{{"{node}":null,"sign":"{sign}"}}"#)
        },
    ),
    (
        "the node a number",
        "forged: the reply is not",
        |peer, node, _| {
            let sign = sign(peer, "10000");
            format!(r#"{{"{node}":10000,"sign":"{sign}"}}"#)
        },
    ),
    (
        "no node at all",
        "forged: the reply is not",
        |peer, _, paid| format!(r#"{{"sign":"{}"}}"#, sign(peer, paid)),
    ),
    (
        "the content without its node",
        "forged: the reply is not",
        |peer, _, paid| {
            let sign = sign(peer, paid);
            paid.replacen('{', &format!(r#"{{"sign":"{sign}","#), 1)
        },
    ),
    (
        "the node under a name in capitals",
        "forged: the reply is not",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(r#"{{"{}":{paid},"sign":"{sign}"}}"#, node.to_uppercase())
        },
    ),
    (
        "the node's name with a blank",
        "forged:",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(r#"{{" {node}":{paid},"sign":"{sign}"}}"#)
        },
    ),
    (
        "a node of a method that nobody has",
        "forged: the signature does not speak",
        |peer, _, paid| {
            let sign = sign(peer, paid);
            format!(r#"{{"alipay_trade_gift_response":{paid},"sign":"{sign}"}}"#)
        },
    ),
    (
        "one blank added to the signed part",
        "forged: the signature is wrong",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(
                r#"{{"{node}":{},"sign":"{sign}"}}"#,
                paid.replace(':', ": ")
            )
        },
    ),
    (
        "a line added to the signed part",
        "forged: the signature is wrong",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(
                r#"{{"{node}":{},"sign":"{sign}"}}"#,
                paid.replacen('{', "{\n", 1)
            )
        },
    ),
    (
        "the signed members in another order",
        "forged: the signature is wrong",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            let moved = paid.replacen(
                r#""code":"10000","msg":"Success""#,
                r#""msg":"Success","code":"10000""#,
                1,
            );
            format!(r#"{{"{node}":{moved},"sign":"{sign}"}}"#)
        },
    ),
    (
        "a letter of the signed part escaped",
        "forged: the signature is wrong",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(
                r#"{{"{node}":{},"sign":"{sign}"}}"#,
                paid.replacen("Success", "S\\u0075ccess", 1)
            )
        },
    ),
    (
        "the amount with an escaped slash that was not signed",
        "forged: the signature is wrong",
        |peer, node, paid| {
            let sign = sign(peer, paid);
            format!(
                r#"{{"{node}":{},"sign":"{sign}"}}"#,
                paid.replacen("88.88", "88.88\\/", 1)
            )
        },
    ),
];

/// The answers that can be told from each other only by their names, which nobody signs.
fn renamed() -> Vec<Case> {
    let mut cases = Vec::new();
    for from in Ask::ALL {
        for to in Ask::ALL.into_iter().filter(|to| *to != from) {
            // A close says nothing but the number, and so does the answer about a refund that is not there: the
            // refund is then sent again, under its own number.
            let expect = match (from, to) {
                (Ask::Close, Ask::QueryRefund) => "not found",
                _ => "doubt:",
            };
            cases.push(case(
                format!("the answer to {from:?} under the name of {to:?}"),
                to,
                expect,
                move |peer| super::signed(peer, to, &genuine(from).text()),
            ));
            cases.push(case(
                format!("the answer to {from:?} instead of the one to {to:?}"),
                to,
                "forged: the signature does not speak",
                move |peer| super::signed(peer, from, &genuine(from).text()),
            ));
        }
        cases.push(case(
            format!("the answer to {from:?} of another payment"),
            from,
            "doubt: mismatch",
            move |peer| {
                let text =
                    genuine(from).say("out_trade_no", crate::peer::other_reference().as_str());
                super::signed(peer, from, &text.text())
            },
        ));
    }
    for (status, to) in [
        ("WAIT_BUYER_PAY", Ask::Charge),
        ("WAIT_BUYER_PAY", Ask::Close),
        ("TRADE_CLOSED", Ask::Charge),
        ("TRADE_SUCCESS", Ask::Close),
    ] {
        cases.push(case(
            format!("a query's {status} under the name of {to:?}"),
            to,
            "doubt: mismatch",
            move |peer| {
                let text = genuine(Ask::Query)
                    .say("trade_status", status)
                    .without("send_pay_date");
                super::signed(peer, to, &text.text())
            },
        ));
    }
    cases
}

/// The whole body, spoilt after Alipay signed it.
fn spoilt() -> Vec<Case> {
    let mut cases = Vec::new();
    let whole =
        |peer: &Peer, ask: Ask| -> WireReply { super::signed(peer, ask, &genuine(ask).text()) };
    for (name, spoil) in broken() {
        for ask in [Ask::Charge, Ask::Refund] {
            cases.push(case(name, ask, "forged:", move |peer| {
                let mut reply = whole(peer, ask);
                reply.body = spoil(reply.body);
                reply
            }));
        }
    }
    for (name, body) in not_json() {
        cases.push(case(name, Ask::Charge, "forged:", move |_| reply(body())));
    }
    for status in [
        100, 101, 103, 201, 202, 203, 204, 205, 206, 226, 300, 301, 302, 303, 304, 307, 308, 400,
        401, 403, 404, 407, 418, 429, 451, 500, 501, 502, 503, 504, 511, 599,
    ] {
        cases.push(case(
            format!("a paid answer with the status {status}"),
            Ask::Charge,
            "forged: the reply is not",
            move |peer| WireReply {
                status,
                ..whole(peer, Ask::Charge)
            },
        ));
    }
    cases
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, expect, body) in DOUBLED {
        for ask in Ask::MONEY {
            let changes_nothing = name.starts_with("the amount") && ask == Ask::Refund;
            if !changes_nothing {
                cases.push(case(*name, ask, expect, move |peer| {
                    reply(body(peer, node(ask), &genuine(ask).text()))
                }));
            }
        }
    }
    cases.extend(renamed());
    cases.extend(spoilt());
    cases
}
