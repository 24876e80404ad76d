//! Contents that Alipay itself signed, and that are not the answer to what was asked: another amount, number,
//! merchant, currency or kind, fields missing or of another type.

use super::{genuine, signed};
use crate::{
    case::{Case, case},
    content::Content,
    peer::{Ask, reference, refund_reference},
};

type Change = fn(Content) -> Content;

/// Wrong spellings of an amount that a loose reader takes for it: the raw JSON.
const AMOUNTS: &[(&str, &str)] = &[
    ("a fen less", "\"88.87\""),
    ("a fen more", "\"88.89\""),
    ("in fen", "\"8888\""),
    ("a tenth", "\"8.888\""),
    ("ten times", "\"888.80\""),
    ("negative", "\"-88.88\""),
    ("nothing", "\"0.00\""),
    ("a number", "88.88"),
    ("a number in fen", "8888"),
    ("a number with an exponent", "8.888e1"),
    ("an exponent", "\"8.888e1\""),
    ("with a blank in front", "\" 88.88\""),
    ("with a blank behind", "\"88.88 \""),
    ("with a plus", "\"+88.88\""),
    ("with a comma", "\"88,88\""),
    ("with three decimals", "\"88.881\""),
    ("with its currency", "\"88.88 CNY\""),
    ("in hexadecimal", "\"0x58.58\""),
    ("in full-width digits", "\"８８.８８\""),
    ("in Arabic digits", "\"٨٨.٨٨\""),
    ("not a number", "\"NaN\""),
    ("infinite", "\"Infinity\""),
    ("beyond 64 bits", "\"184467440737095516.16\""),
    ("beyond 64 bits and back", "\"184467440737095604.48888\""),
    (
        "a million digits",
        "\"88.88000000000000000000000000000000000000000000000000001\"",
    ),
    ("empty", "\"\""),
    ("null", "null"),
    ("true", "true"),
    ("a list", "[\"88.88\"]"),
    ("an object", "{\"amount\":\"88.88\"}"),
    ("a text that ends early", "\"88.88\\u0000\""),
];

/// The same for a number of ours.
const NUMBERS: &[(&str, Change)] = &[
    ("missing", |c| c.without("out_trade_no")),
    ("empty", |c| c.say("out_trade_no", "")),
    ("null", |c| c.set("out_trade_no", "null")),
    ("in a list", |c| {
        let ours = format!("[\"{}\"]", reference());
        c.set("out_trade_no", &ours)
    }),
    ("in small letters", |c| {
        let small = reference().as_str().to_lowercase();
        c.say("out_trade_no", &small)
    }),
    ("cut", |c| {
        let ours = reference();
        let (cut, _) = ours.as_str().split_at(ours.as_str().len() - 1);
        c.say("out_trade_no", cut)
    }),
    ("with a blank", |c| {
        c.say("out_trade_no", &format!("{} ", reference()))
    }),
    ("with a NUL", |c| {
        c.say("out_trade_no", &format!("{}\\u0000", reference()))
    }),
    ("of a refund", |c| {
        c.say("out_trade_no", refund_reference().as_str())
    }),
    ("of another merchant", |c| c.say("out_trade_no", "POS-0001")),
    ("twice", |c| {
        let ours = format!("\"{}\"", reference());
        c.and("out_trade_no", &ours)
    }),
    ("twice, ours last", |c| {
        let ours = format!("\"{}\"", reference());
        c.say("out_trade_no", "POS-0001").and("out_trade_no", &ours)
    }),
];

/// Fields that bind an answer to this account.
const FOREIGN: &[(&str, Change)] = &[
    ("another application", |c| {
        c.say("app_id", "2021000000000002")
    }),
    ("another application, a number", |c| {
        c.set("app_id", "2021000000000001")
    }),
    ("another seller", |c| c.say("seller_id", "2088000000000002")),
    ("a seller that is null", |c| c.set("seller_id", "null")),
    ("traded in dollars", |c| c.say("trans_currency", "USD")),
    ("settled in yen", |c| c.say("settle_currency", "JPY")),
    ("paid in dollars", |c| c.say("pay_currency", "USD")),
    ("given back in dollars", |c| c.say("refund_currency", "USD")),
    ("a currency in small letters", |c| {
        c.say("trans_currency", "cny")
    }),
    ("a currency that is empty", |c| c.say("trans_currency", "")),
];

/// Codes that are not quite the one that accepts.
const CODES: &[(&str, &str, Change)] = &[
    ("code a number", "doubt: unreadable", |c| {
        c.set("code", "10000")
    }),
    ("code missing", "doubt: unreadable", |c| c.without("code")),
    ("code null", "doubt: unreadable", |c| c.set("code", "null")),
    ("code empty", "doubt: unreadable", |c| c.say("code", "")),
    ("code with a blank", "doubt: unreadable", |c| {
        c.say("code", "10000 ")
    }),
    ("code with a NUL", "doubt: unreadable", |c| {
        c.say("code", "10000\\u0000")
    }),
    ("code in full-width digits", "doubt: unreadable", |c| {
        c.say("code", "１００００")
    }),
    ("code in a list", "doubt: unreadable", |c| {
        c.set("code", "[\"10000\"]")
    }),
    (
        "code twice, the good one first",
        "forged: the reply is not",
        |c| c.and("code", "\"40004\""),
    ),
    (
        "code twice, the good one last",
        "forged: the reply is not",
        |c| c.say("code", "40004").and("code", "\"10000\""),
    ),
    ("code unknown", "doubt: server", |c| c.say("code", "99999")),
    ("code 20000 beside paid fields", "doubt: server", |c| {
        c.say("code", "20000")
    }),
    (
        "code of a system error beside paid fields",
        "doubt: server",
        |c| c.say("code", "40004").say("sub_code", "ACQ.SYSTEM_ERROR"),
    ),
];

/// What makes one call's answer no answer to it: `expect` and the change.
const PARTICULAR: &[(Ask, &str, &str, Change)] = &[
    (
        Ask::Charge,
        "paid without the channel's number",
        "doubt: unreadable",
        |c| c.without("trade_no"),
    ),
    (
        Ask::Charge,
        "paid with an empty number",
        "doubt: unreadable",
        |c| c.say("trade_no", ""),
    ),
    (
        Ask::Charge,
        "paid with a number that is one",
        "doubt: unreadable",
        |c| c.set("trade_no", "20261121"),
    ),
    (Ask::Charge, "paid at no time", "doubt: unreadable", |c| {
        c.without("gmt_payment")
    }),
    (
        Ask::Charge,
        "paid at a time that is none",
        "doubt: unreadable",
        |c| c.say("gmt_payment", "2026-02-30 10:00:00"),
    ),
    (
        Ask::Charge,
        "paid at a number",
        "doubt: mismatch|doubt: unreadable",
        |c| c.set("gmt_payment", "1795227862"),
    ),
    (
        Ask::Charge,
        "received more than was asked",
        "doubt: mismatch",
        |c| c.say("receipt_amount", "88.89"),
    ),
    (Ask::Charge, "paid and waiting", "awaiting", |c| {
        c.say("code", "10003")
    }),
    (
        Ask::Charge,
        "paid, and a trade that waits",
        "doubt: mismatch",
        |c| c.say("trade_status", "WAIT_BUYER_PAY"),
    ),
    (Ask::Charge, "paid, and a refund", "doubt: mismatch", |c| {
        c.say("fund_change", "Y")
    }),
    (
        Ask::Charge,
        "waiting for another amount",
        "doubt: mismatch",
        |c| c.say("code", "10003").say("total_amount", "1.00"),
    ),
    (
        Ask::Charge,
        "refused, but another number",
        "doubt: mismatch",
        |c| {
            c.say("code", "40004")
                .say("sub_code", "ACQ.BUYER_BALANCE_NOT_ENOUGH")
                .say("out_trade_no", "POS-0001")
        },
    ),
    (
        Ask::Query,
        "paid in small letters",
        "doubt: unreadable",
        |c| c.say("trade_status", "trade_success"),
    ),
    (Ask::Query, "paid with a blank", "doubt: unreadable", |c| {
        c.say("trade_status", "TRADE_SUCCESS ")
    }),
    (
        Ask::Query,
        "a state that is true",
        "doubt: unreadable",
        |c| c.set("trade_status", "true"),
    ),
    (
        Ask::Query,
        "a state nobody knows",
        "doubt: unreadable",
        |c| c.say("trade_status", "TRADE_PAID"),
    ),
    (Ask::Query, "a state missing", "doubt: unreadable", |c| {
        c.without("trade_status")
    }),
    (
        Ask::Query,
        "a state twice",
        "forged: the reply is not",
        |c| c.and("trade_status", "\"WAIT_BUYER_PAY\""),
    ),
    (
        Ask::Query,
        "closed with paid fields",
        "closed: closed",
        |c| c.say("trade_status", "TRADE_CLOSED"),
    ),
    (Ask::Query, "waiting with paid fields", "awaiting", |c| {
        c.say("trade_status", "WAIT_BUYER_PAY")
    }),
    (
        Ask::Query,
        "paid without the channel's number, asked",
        "doubt: unreadable",
        |c| c.without("trade_no"),
    ),
    (
        Ask::Query,
        "received more than was asked, asked",
        "doubt: mismatch",
        |c| c.say("receipt_amount", "88.89"),
    ),
    (
        Ask::Query,
        "not found, but another number",
        "doubt: mismatch",
        |c| {
            c.say("code", "40004")
                .say("sub_code", "ACQ.TRADE_NOT_EXIST")
                .say("out_trade_no", "POS-0001")
        },
    ),
    (
        Ask::Refund,
        "the answer to the refund before",
        "doubt: mismatch",
        |c| c.say("refund_fee", "8.00"),
    ),
    (Ask::Refund, "given back less", "doubt: mismatch", |c| {
        c.say("refund_fee", "7.99")
    }),
    (
        Ask::Refund,
        "given back more than was paid",
        "doubt: mismatch",
        |c| c.say("refund_fee", "88.89"),
    ),
    (Ask::Refund, "given back nothing", "doubt: mismatch", |c| {
        c.say("refund_fee", "0.00")
    }),
    (
        Ask::Refund,
        "given back a negative sum",
        "doubt: mismatch",
        |c| c.say("refund_fee", "-16.00"),
    ),
    (Ask::Refund, "given back a number", "doubt: mismatch", |c| {
        c.set("refund_fee", "16.00")
    }),
    (Ask::Refund, "given back no sum", "doubt: mismatch", |c| {
        c.without("refund_fee")
    }),
    (Ask::Refund, "no money moved", "doubt: duplicate", |c| {
        c.say("fund_change", "N")
    }),
    (
        Ask::Refund,
        "money moved in small letters",
        "doubt: duplicate",
        |c| c.say("fund_change", "y"),
    ),
    (Ask::Refund, "money moved, true", "doubt: duplicate", |c| {
        c.set("fund_change", "true")
    }),
    (
        Ask::Refund,
        "money moved, not said",
        "doubt: duplicate",
        |c| c.without("fund_change"),
    ),
    (
        Ask::Refund,
        "refund still paying",
        "doubt: unreadable",
        |c| c.say("code", "10003"),
    ),
    (Ask::QueryRefund, "another refund", "doubt: mismatch", |c| {
        let other = reference().refund(1).map(|it| it.as_str().to_owned());
        c.say("out_request_no", &other.unwrap_or_default())
    }),
    (
        Ask::QueryRefund,
        "no refund named",
        "doubt: mismatch",
        |c| c.without("out_request_no"),
    ),
    (
        Ask::QueryRefund,
        "a refund that is null",
        "doubt: mismatch",
        |c| c.set("out_request_no", "null"),
    ),
    (Ask::QueryRefund, "another sum", "doubt: mismatch", |c| {
        c.say("refund_amount", "8.01")
    }),
    (
        Ask::QueryRefund,
        "a sum that is a number",
        "doubt: mismatch",
        |c| c.set("refund_amount", "8.00"),
    ),
    (Ask::QueryRefund, "no sum", "doubt: mismatch", |c| {
        c.without("refund_amount")
    }),
    (
        Ask::QueryRefund,
        "refund done in small letters",
        "doubt: unreadable",
        |c| c.say("refund_status", "refund_success"),
    ),
    (
        Ask::QueryRefund,
        "refund under way",
        "doubt: unreadable",
        |c| c.say("refund_status", "REFUND_PROCESSING"),
    ),
    (Ask::QueryRefund, "refund state empty", "not found", |c| {
        c.say("refund_status", "")
    }),
    (Ask::QueryRefund, "refund state missing", "not found", |c| {
        c.without("refund_status")
    }),
    (
        Ask::Show,
        "a code of somebody else",
        "doubt: unreadable",
        |c| c.say("qr_code", "https://qr.alipay.com.example.com/x"),
    ),
    (
        Ask::Show,
        "a code of WeChat Pay",
        "doubt: unreadable",
        |c| c.say("qr_code", "weixin://wxpay/bizpayurl?pr=x"),
    ),
    (Ask::Show, "a code without TLS", "doubt: unreadable", |c| {
        c.say("qr_code", "http://qr.alipay.com/x")
    }),
    (Ask::Show, "no code", "doubt: unreadable", |c| {
        c.without("qr_code")
    }),
    (
        Ask::Close,
        "closed, but not said which",
        "doubt: mismatch",
        |c| c.without("out_trade_no"),
    ),
    (
        Ask::Reverse,
        "reversed without the flag",
        "doubt: unreadable",
        |c| c.without("retry_flag"),
    ),
    (Ask::Reverse, "reversed, and again", "doubt: server", |c| {
        c.say("retry_flag", "Y")
    }),
    (
        Ask::Reverse,
        "reversed by an action nobody knows",
        "doubt: unreadable",
        |c| c.say("action", "melt"),
    ),
];

fn changed(name: String, ask: Ask, expect: &'static str, change: Change) -> Case {
    case(name, ask, expect, move |peer| {
        signed(peer, ask, &change(genuine(ask)).text())
    })
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, raw) in AMOUNTS {
        for ask in [Ask::Charge, Ask::Query] {
            cases.push(case(
                format!("amount {name}"),
                ask,
                "doubt: mismatch|doubt: unreadable",
                move |peer| signed(peer, ask, &genuine(ask).set("total_amount", raw).text()),
            ));
        }
    }
    for ask in Ask::MONEY {
        for (name, change) in NUMBERS {
            let expect = if name.starts_with("twice") {
                "forged: the reply is not"
            } else {
                "doubt: mismatch|doubt: unreadable"
            };
            cases.push(changed(format!("number {name}"), ask, expect, *change));
        }
        for (name, change) in FOREIGN {
            cases.push(changed((*name).to_owned(), ask, "doubt: mismatch", *change));
        }
        for (name, expect, change) in CODES {
            cases.push(changed((*name).to_owned(), ask, expect, *change));
        }
    }
    for (ask, name, expect, change) in PARTICULAR {
        cases.push(changed((*name).to_owned(), *ask, expect, *change));
    }
    cases
}
