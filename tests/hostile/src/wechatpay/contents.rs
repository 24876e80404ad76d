//! Bodies that WeChat Pay itself signed just now, and that are not the answer to what was asked: another amount,
//! number, merchant, currency, kind or status, fields missing or of another type.

use super::{answer, genuine, signed};
use crate::{
    case::{Case, case},
    content::Content,
    peer::{Ask, other_reference, reference, refund_reference},
};
use paydesk_signing::WireReply;

type Change = fn(Content) -> Content;

/// What may stand for a sum of fen and is none: raw JSON.
const SUMS: &[(&str, &str)] = &[
    ("a fen less", "-1"),
    ("nothing", "0"),
    ("a text", "\"8888\""),
    ("in yuan", "88.88"),
    ("with a fraction of nothing", "8888.0"),
    ("with an exponent", "8.888e3"),
    ("with an exponent of nothing", "8888e0"),
    ("negative", "-8888"),
    ("beyond 64 bits", "18446744073709560504"),
    ("beyond 32 bits", "4294976184"),
    (
        "of a hundred digits",
        "8888000000000000000000000000000000000000000000000000000000000000000000000000",
    ),
    ("null", "null"),
    ("true", "true"),
    ("a list", "[8888]"),
    ("an object", "{\"total\":8888}"),
    ("empty", "\"\""),
];

/// Sums that are not even JSON.
const NO_SUMS: &[(&str, &str)] = &[
    ("not a number", "NaN"),
    ("infinite", "Infinity"),
    ("in hexadecimal", "0x22B8"),
    ("with a plus", "+8888"),
    ("with zeros in front", "008888"),
    ("with a point in front", ".8888"),
    ("with a point behind", "8888."),
    ("with a comma inside", "8,888"),
    ("in full-width digits", "８８８８"),
];

const NUMBERS: &[(&str, Change)] = &[
    ("missing", |c| c.without("out_trade_no")),
    ("empty", |c| c.say("out_trade_no", "")),
    ("null", |c| c.set("out_trade_no", "null")),
    ("a list", |c| {
        let ours = format!("[\"{}\"]", reference());
        c.set("out_trade_no", &ours)
    }),
    ("in small letters", |c| {
        let small = reference().as_str().to_lowercase();
        c.say("out_trade_no", &small)
    }),
    ("with a blank", |c| {
        c.say("out_trade_no", &format!("{} ", reference()))
    }),
    ("with a NUL", |c| {
        c.say("out_trade_no", &format!("{}\\u0000", reference()))
    }),
    ("of another payment", |c| {
        c.say("out_trade_no", other_reference().as_str())
    }),
    ("of a refund", |c| {
        c.say("out_trade_no", refund_reference().as_str())
    }),
    ("twice", |c| {
        let ours = format!("\"{}\"", reference());
        c.and("out_trade_no", &ours)
    }),
];

const FOREIGN: &[(&str, Change)] = &[
    ("another merchant", |c| c.say("mchid", "1900000002")),
    ("no merchant", |c| c.without("mchid")),
    ("a merchant that is a number", |c| {
        c.set("mchid", "1900000001")
    }),
    ("a merchant that is null", |c| c.set("mchid", "null")),
    ("another application", |c| c.say("appid", "wx2")),
    ("no application", |c| c.without("appid")),
    ("an application that is null", |c| c.set("appid", "null")),
    ("an application in capitals", |c| c.say("appid", "WX1")),
];

const PARTICULAR: &[(Ask, &str, Change)] = &[
    (Ask::Charge, "a state in small letters", |c| {
        c.say("trade_state", "success")
    }),
    (Ask::Charge, "a state with a blank", |c| {
        c.say("trade_state", "SUCCESS ")
    }),
    (Ask::Charge, "a state that is true", |c| {
        c.set("trade_state", "true")
    }),
    (Ask::Charge, "a state nobody knows", |c| {
        c.say("trade_state", "PAID")
    }),
    (Ask::Charge, "a state missing", |c| c.without("trade_state")),
    (Ask::Charge, "a state under another name", |c| {
        c.without("trade_state").say("status", "SUCCESS")
    }),
    (Ask::Charge, "a state twice", |c| {
        c.and("trade_state", "\"NOTPAY\"")
    }),
    (Ask::Charge, "paid without the channel's number", |c| {
        c.without("transaction_id")
    }),
    (Ask::Charge, "paid with an empty number", |c| {
        c.say("transaction_id", "")
    }),
    (Ask::Charge, "paid with a number that is one", |c| {
        c.set("transaction_id", "42")
    }),
    (Ask::Charge, "paid without a sum", |c| c.without("amount")),
    (Ask::Charge, "paid a sum that is none", |c| {
        c.set("amount", "8888")
    }),
    (Ask::Charge, "paid a list of sums", |c| {
        c.set("amount", "[{\"total\":8888}]")
    }),
    (Ask::Charge, "paid two sums", |c| {
        c.set(
            "amount",
            "{\"total\":8888,\"total\":1,\"currency\":\"CNY\"}",
        )
    }),
    (Ask::Charge, "paid two sums by an escape", |c| {
        c.set(
            "amount",
            "{\"total\":8888,\"t\\u006ftal\":1,\"currency\":\"CNY\"}",
        )
    }),
    (Ask::Charge, "paid in dollars", |c| {
        c.set("amount", "{\"total\":8888,\"currency\":\"USD\"}")
    }),
    (Ask::Charge, "paid in small letters", |c| {
        c.set("amount", "{\"total\":8888,\"currency\":\"cny\"}")
    }),
    (Ask::Charge, "paid in a currency that is null", |c| {
        c.set("amount", "{\"total\":8888,\"currency\":null}")
    }),
    (Ask::Charge, "paid in no currency's name", |c| {
        c.set("amount", "{\"total\":8888,\"currency\":\"\"}")
    }),
    (Ask::Charge, "the sum outside its object", |c| {
        c.set("amount", "{\"currency\":\"CNY\"}")
            .set("total", "8888")
    }),
    (Ask::Charge, "an unsealed notice", |c| {
        let resource = c.text();
        Content::of(&[
            ("event_type", "\"TRANSACTION.SUCCESS\""),
            ("resource", &resource),
        ])
    }),
    (Ask::Refund, "another refund", |c| {
        let other = reference().refund(1).map(|it| it.as_str().to_owned());
        c.say("out_refund_no", &other.unwrap_or_default())
    }),
    (Ask::Refund, "no refund named", |c| {
        c.without("out_refund_no")
    }),
    (Ask::Refund, "a refund that is null", |c| {
        c.set("out_refund_no", "null")
    }),
    (Ask::Refund, "refunded in small letters", |c| {
        c.say("status", "success")
    }),
    (Ask::Refund, "refunded under the notice's name", |c| {
        c.without("status").say("refund_status", "SUCCESS")
    }),
    (Ask::Refund, "refunded, true", |c| c.set("status", "true")),
    (Ask::Refund, "refunded without a sum", |c| {
        c.without("amount")
    }),
    (Ask::Refund, "refunded another sum", |c| {
        c.set(
            "amount",
            "{\"total\":8888,\"refund\":799,\"currency\":\"CNY\"}",
        )
    }),
    (Ask::Refund, "refunded of another sum", |c| {
        c.set(
            "amount",
            "{\"total\":8887,\"refund\":800,\"currency\":\"CNY\"}",
        )
    }),
    (Ask::Refund, "refunded a text", |c| {
        c.set(
            "amount",
            "{\"total\":8888,\"refund\":\"800\",\"currency\":\"CNY\"}",
        )
    }),
    (Ask::Refund, "refunded with a fraction", |c| {
        c.set(
            "amount",
            "{\"total\":8888,\"refund\":800.0,\"currency\":\"CNY\"}",
        )
    }),
    (Ask::Refund, "refunded a negative sum", |c| {
        c.set(
            "amount",
            "{\"total\":8888,\"refund\":-800,\"currency\":\"CNY\"}",
        )
    }),
    (Ask::Refund, "refunded in yen", |c| {
        c.set(
            "amount",
            "{\"total\":8888,\"refund\":800,\"currency\":\"JPY\"}",
        )
    }),
    (Ask::Refund, "refunded two sums", |c| {
        c.set(
            "amount",
            "{\"total\":8888,\"refund\":800,\"refund\":1,\"currency\":\"CNY\"}",
        )
    }),
    (Ask::Show, "a code of somebody else", |c| {
        c.say("code_url", "https://example.com/pay")
    }),
    (Ask::Show, "a code in capitals", |c| {
        c.say("code_url", "WEIXIN://wxpay/bizpayurl?pr=abc")
    }),
    (Ask::Show, "a code behind a blank", |c| {
        c.say("code_url", " weixin://wxpay/bizpayurl?pr=abc")
    }),
    (Ask::Show, "a code that is null", |c| {
        c.set("code_url", "null")
    }),
    (Ask::Show, "no code", |c| c.without("code_url")),
    (Ask::Reverse, "reversed, another payment", |c| {
        c.say("out_trade_no", other_reference().as_str())
    }),
    (Ask::Reverse, "reversed, another merchant", |c| {
        c.say("mchid", "1900000002")
    }),
];

/// One call's answer in the place of another's.
fn crossed() -> Vec<Case> {
    let mut cases = Vec::new();
    for from in Ask::ALL {
        for to in Ask::ALL.into_iter().filter(|to| *to != from) {
            // The same object answers both; what it says is so.
            let alike = matches!(
                (from, to),
                (Ask::Charge, Ask::Query)
                    | (Ask::Query, Ask::Charge)
                    | (Ask::Refund, Ask::QueryRefund)
                    | (Ask::QueryRefund, Ask::Refund)
            );
            if !alike {
                let name = format!("the answer to {from:?} in the place of the one to {to:?}");
                cases.push(case(name, to, "doubt:", move |peer| answer(peer, from)));
            }
        }
    }
    cases
}

/// Statuses are not signed: a paid body under each of them.
fn statuses() -> Vec<Case> {
    let mut cases = Vec::new();
    for status in [
        100, 101, 103, 201, 203, 204, 205, 206, 226, 300, 301, 302, 303, 304, 307, 308, 400, 401,
        403, 404, 429, 500, 502, 503, 504, 599,
    ] {
        for ask in [Ask::Charge, Ask::Refund] {
            cases.push(case(
                format!("paid with the status {status}"),
                ask,
                "doubt: unreadable|doubt: server",
                move |peer| WireReply {
                    status,
                    ..answer(peer, ask)
                },
            ));
        }
    }
    for (name, status, ask, expect) in [
        (
            "200 without a body for a charge",
            200,
            Ask::Charge,
            "doubt: unreadable",
        ),
        ("204 for a charge", 204, Ask::Charge, "doubt: unreadable"),
        ("204 for a refund", 204, Ask::Refund, "doubt: unreadable"),
        ("204 for a reversal", 204, Ask::Reverse, "doubt: unreadable"),
        (
            "206 without a body for a close",
            206,
            Ask::Close,
            "doubt: server",
        ),
        (
            "302 without a body for a close",
            302,
            Ask::Close,
            "doubt: server",
        ),
        (
            "404 without a body for a query",
            404,
            Ask::Query,
            "doubt: server",
        ),
    ] {
        cases.push(case(name, ask, expect, move |peer| {
            signed(peer, status, "")
        }));
    }
    cases
}

/// Codes that come with a body, signed.
fn codes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, body, status, ask, expect) in [
        (
            "a refusal with a paid body's status",
            r#"{"code":"NOT_ENOUGH","message":"x"}"#,
            200,
            Ask::Charge,
            "doubt: mismatch",
        ),
        (
            "a code of success that is none",
            r#"{"code":"SUCCESS","message":"OK"}"#,
            200,
            Ask::Charge,
            "doubt: mismatch",
        ),
        (
            "a code of success with 202",
            r#"{"code":"SUCCESS","message":"OK"}"#,
            202,
            Ask::Charge,
            "doubt: server",
        ),
        (
            "a code of success with 400",
            r#"{"code":"SUCCESS"}"#,
            400,
            Ask::Refund,
            "doubt: server",
        ),
        (
            "a refusal without its code",
            r#"{"message":"x"}"#,
            403,
            Ask::Charge,
            "doubt: unreadable",
        ),
        (
            "a refusal whose code is a number",
            r#"{"code":403}"#,
            403,
            Ask::Charge,
            "doubt: unreadable",
        ),
        (
            "a refusal twice",
            r#"{"code":"NOT_ENOUGH","code":"ORDER_PAID"}"#,
            403,
            Ask::Charge,
            "doubt: unreadable",
        ),
        (
            "order paid for a charge",
            r#"{"code":"ORDER_PAID"}"#,
            400,
            Ask::Charge,
            "doubt: duplicate",
        ),
        (
            "system error for a refund",
            r#"{"code":"SYSTEM_ERROR"}"#,
            500,
            Ask::Refund,
            "doubt: server",
        ),
        (
            "not found for a refund",
            r#"{"code":"RESOURCE_NOT_EXISTS"}"#,
            404,
            Ask::Refund,
            "doubt: server",
        ),
    ] {
        cases.push(case(name, ask, expect, move |peer| {
            signed(peer, status, body)
        }));
    }
    cases
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let wrong = "doubt: mismatch|doubt: unreadable";
    let mut add = |name: String, ask: Ask, content: Box<dyn Fn() -> Content>| {
        cases.push(case(name, ask, wrong, move |peer| {
            signed(peer, 200, content().text())
        }));
    };
    for ask in [Ask::Charge, Ask::Query] {
        for (name, raw) in SUMS.iter().chain(NO_SUMS) {
            let amount = format!("{{\"total\":{raw},\"currency\":\"CNY\"}}");
            add(
                format!("sum {name}"),
                ask,
                Box::new(move || genuine(ask).set("amount", &amount)),
            );
        }
        for (name, change) in FOREIGN {
            add(
                (*name).to_owned(),
                ask,
                Box::new(move || change(genuine(ask))),
            );
        }
    }
    for ask in Ask::MONEY {
        for (name, change) in NUMBERS {
            add(
                format!("number {name}"),
                ask,
                Box::new(move || change(genuine(ask))),
            );
        }
    }
    for (ask, name, change) in PARTICULAR {
        add(
            (*name).to_owned(),
            *ask,
            Box::new(move || change(genuine(*ask))),
        );
    }
    cases.extend(crossed());
    cases.extend(statuses());
    cases.extend(codes());
    cases
}
