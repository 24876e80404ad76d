//! Contents that UnionPay itself signed, and that are not the answer to what was asked: another amount, order, moment,
//! merchant, currency or kind, fields missing or of another form, and the answers to other calls.

use super::{MALFORMED, MERCHANT, MOMENT, MONEY, NOT_THIS_PART, Sheet, genuine, reply, signed};
use crate::{
    case::{Case, case},
    peer::{Ask, Peer, other_reference, reference, refund_reference},
};

type Change = fn(Sheet) -> Sheet;

const MISMATCH: &str = "doubt: mismatch";

/// Wrong sums, and spellings that a loose reader takes for the right one.
const AMOUNTS: &[(&str, &str)] = &[
    ("a fen less", "8887"),
    ("a fen more", "8889"),
    ("one fen", "1"),
    ("nothing", "0"),
    ("the refund before", "1600"),
    ("a hundredth", "88"),
    ("a hundred times", "888800"),
    ("in yuan", "88.88"),
    ("with a point behind", "8888."),
    ("with decimals", "8888.00"),
    ("negative", "-8888"),
    ("with a plus", "+8888"),
    ("with a comma", "8,888"),
    ("with an exponent", "8888e0"),
    ("in hexadecimal", "0x22b8"),
    ("in full-width digits", "８８８８"),
    ("in Arabic digits", "٨٨٨٨"),
    ("in Chinese", "八八八八"),
    ("with a blank in front", " 8888"),
    ("with a blank behind", "8888 "),
    ("with a line behind", "8888\r\n"),
    ("with a NUL behind", "8888\0"),
    ("with its currency", "8888CNY"),
    ("in a group", "{8888}"),
    ("in brackets", "[8888]"),
    ("the word NaN", "NaN"),
    ("beyond 64 bits", "18446744073709560504"),
    (
        "of a thousand digits, 8888 at the end",
        "1000000000000000000000000000000000000000000000008888",
    ),
    ("empty", ""),
];

/// The same for the number of an order.
const NUMBERS: &[(&str, Change)] = &[
    ("missing", |s| s.without("orderId")),
    ("empty", |s| s.set("orderId", "")),
    ("in small letters", |s| {
        let small = s.get("orderId").to_lowercase();
        s.set("orderId", &small)
    }),
    ("cut", |s| {
        let mut cut = s.get("orderId").to_owned();
        cut.pop();
        s.set("orderId", &cut)
    }),
    ("with a letter more", |s| {
        let more = format!("{}0", s.get("orderId"));
        s.set("orderId", &more)
    }),
    ("with a blank", |s| {
        let blank = format!("{} ", s.get("orderId"));
        s.set("orderId", &blank)
    }),
    ("with a NUL", |s| {
        let nul = format!("{}\0", s.get("orderId"));
        s.set("orderId", &nul)
    }),
    ("in a group", |s| {
        let group = format!("{{{}}}", s.get("orderId"));
        s.set("orderId", &group)
    }),
    ("of another payment", |s| {
        s.set("orderId", other_reference().as_str())
    }),
    ("of the refund before", |s| {
        let before = reference().refund(1).expect("a number");
        s.set("orderId", before.as_str())
    }),
    ("of an undo", |s| {
        let undo = format!("{}U1", reference());
        s.set("orderId", &undo)
    }),
    ("of another merchant", |s| s.set("orderId", "POS20261121")),
    ("beside ours in another field", |s| {
        let ours = s.get("orderId").to_owned();
        s.set("orderId", "POS20261121").set("origOrderId", &ours)
    }),
];

/// Fields that bind an answer to this account, this moment and this kind.
const FOREIGN: &[(&str, Change)] = &[
    ("another merchant", |s| s.set("merId", "777290058167152")),
    ("another merchant's place", |s| {
        s.set("merId", "777290058167152").set("subMerId", MERCHANT)
    }),
    ("no merchant", |s| s.without("merId")),
    ("our merchant with a blank", |s| {
        s.set("merId", "777290058167151 ")
    }),
    ("our merchant cut", |s| s.set("merId", "77729005816715")),
    ("a second later", |s| s.set("txnTime", "20261121102423")),
    ("the day before", |s| s.set("txnTime", "20261120102422")),
    ("the year before", |s| s.set("txnTime", "20251121102422")),
    ("the same moment in Greenwich", |s| {
        s.set("txnTime", "20261121022422")
    }),
    ("no moment", |s| s.without("txnTime")),
    ("a moment with a blank", |s| {
        s.set("txnTime", "20261121102422 ")
    }),
    ("a moment written at length", |s| {
        s.set("txnTime", "2026-11-21 10:24:22")
    }),
    ("a moment in seconds", |s| s.set("txnTime", "1795227862")),
    ("in dollars", |s| s.set("currencyCode", "840")),
    ("in yen", |s| s.set("currencyCode", "392")),
    ("in yuan by letters", |s| s.set("currencyCode", "CNY")),
    ("in yuan with zeros", |s| s.set("currencyCode", "0156")),
    ("in yuan with a blank", |s| s.set("currencyCode", "156 ")),
    ("in no currency", |s| s.without("currencyCode")),
    ("settled in dollars", |s| s.set("settleCurrencyCode", "840")),
    ("settled in Hong Kong's", |s| {
        s.set("settleCurrencyCode", "344")
    }),
    ("no sum", |s| s.without("txnAmt")),
];

/// Kinds that are not what was asked about. What the frame shows already is refused there.
const KINDS: &[(&str, &str)] = &[
    ("a pre-authorisation", "02"),
    ("its completion", "03"),
    ("an undo of one", "32"),
    ("a reversal", "99"),
    ("a collection", "11"),
    ("a payout", "12"),
    ("a file", "76"),
    ("certificates", "95"),
    ("a kind in one digit", "1"),
    ("a kind with a blank", "01 "),
    ("a kind in letters", "O1"),
];

/// Codes that are not quite the one that says it happened. Of each, whether it is of the question or of the order.
const CODES: &[(&str, &str, Change)] = &[
    ("order's code missing", MISMATCH, |s| {
        s.without("origRespCode")
    }),
    ("order's code empty", MISMATCH, |s| {
        s.set("origRespCode", "")
    }),
    ("order's code with a blank", MISMATCH, |s| {
        s.set("origRespCode", "00 ")
    }),
    ("order's code with a NUL", MISMATCH, |s| {
        s.set("origRespCode", "00\0")
    }),
    ("order's code in a group", MISMATCH, |s| {
        s.set("origRespCode", "{00}")
    }),
    ("order's code in full-width digits", MISMATCH, |s| {
        s.set("origRespCode", "００")
    }),
    ("order's code 0", "doubt: server", |s| {
        s.set("origRespCode", "0")
    }),
    ("order's code 000", "doubt: server", |s| {
        s.set("origRespCode", "000")
    }),
    ("order's code 0000", "doubt: server", |s| {
        s.set("origRespCode", "0000")
    }),
    ("order's code in letters", "doubt: server", |s| {
        s.set("origRespCode", "OO")
    }),
    ("order's code a6", "doubt: server", |s| {
        s.set("origRespCode", "a6")
    }),
    ("order's code A1", "doubt: server", |s| {
        s.set("origRespCode", "A1")
    }),
    ("order's code unknown", "doubt: server", |s| {
        s.set("origRespCode", "ZZ")
    }),
    ("order's code 42", "doubt: server", |s| {
        s.set("origRespCode", "42")
    }),
    ("order's code 12", "doubt: server", |s| {
        s.set("origRespCode", "12")
    }),
    ("order's code 99", "doubt: server", |s| {
        s.set("origRespCode", "99")
    }),
    ("order's code SUCCESS", "doubt: server", |s| {
        s.set("origRespCode", "SUCCESS")
    }),
    ("question's code missing", "doubt: unreadable", |s| {
        s.without("respCode")
    }),
    ("question's code empty", "doubt: unreadable", |s| {
        s.set("respCode", "")
    }),
    ("question's code with a blank", "doubt: unreadable", |s| {
        s.set("respCode", "00 ")
    }),
    (
        "question's code in full-width digits",
        "doubt: unreadable",
        |s| s.set("respCode", "００"),
    ),
    ("question's code 0", "doubt: server", |s| {
        s.set("respCode", "0")
    }),
    (
        "question's code A6 beside a paid order",
        "doubt: server",
        |s| s.set("respCode", "A6"),
    ),
    (
        "question's code 03 beside a paid order",
        "doubt: server",
        |s| s.set("respCode", "03"),
    ),
    (
        "question's code 11 beside a paid order",
        "doubt: server",
        |s| s.set("respCode", "11"),
    ),
    (
        "question's code 37 beside a paid order",
        "doubt: server",
        |s| s.set("respCode", "37"),
    ),
    (
        "question's code 99 beside a paid order",
        "doubt: server",
        |s| s.set("respCode", "99"),
    ),
    ("not found beside a paid order", MISMATCH, |s| {
        s.set("respCode", "34")
    }),
];

/// What makes one call's answer no answer to it.
const PARTICULAR: &[(Ask, &str, &str, Change)] = &[
    (
        Ask::Query,
        "paid without the channel's number",
        "doubt: unreadable",
        |s| s.without("queryId"),
    ),
    (
        Ask::Query,
        "paid with an empty number",
        "doubt: unreadable",
        |s| s.set("queryId", ""),
    ),
    (
        Ask::Query,
        "paid with a number that is a text",
        "doubt: unreadable",
        |s| s.set("queryId", "see below; DROP"),
    ),
    (
        Ask::Query,
        "paid at a moment that is none",
        "doubt: unreadable",
        |s| s.set("traceTime", "0230102423"),
    ),
    (
        Ask::Query,
        "paid at a moment in another form",
        "doubt: unreadable",
        |s| s.set("traceTime", "2026-11-21"),
    ),
    (
        Ask::Close,
        "paid at a moment that is none, asked at the end",
        "doubt: unreadable",
        |s| s.set("traceTime", "9999999999"),
    ),
    (
        Ask::QueryRefund,
        "given back at a moment that is none",
        "doubt: unreadable",
        |s| s.set("traceTime", "0230102423"),
    ),
    (Ask::Query, "under way with paid fields", "awaiting", |s| {
        s.set("origRespCode", "05")
    }),
    (
        Ask::Query,
        "failed with paid fields",
        "closed: refused",
        |s| s.set("origRespCode", "64"),
    ),
    (Ask::Charge, "paid at once", NOT_THIS_PART, |s| {
        s.set("origRespCode", "00")
    }),
    (Ask::Charge, "taken in of another sum", MISMATCH, |s| {
        s.set("txnAmt", "1")
    }),
    (Ask::Charge, "taken in of another currency", MISMATCH, |s| {
        s.set("currencyCode", "840")
    }),
    (
        Ask::Charge,
        "taken in as a shown code",
        NOT_THIS_PART,
        |s| s.set("txnSubType", "07"),
    ),
    (Ask::Charge, "taken in as nothing", MISMATCH, |s| {
        s.without("txnSubType")
    }),
    (Ask::Charge, "refused, but another order", MISMATCH, |s| {
        s.set("respCode", "64").set("orderId", "POS20261121")
    }),
    (
        Ask::Charge,
        "refused by a code nobody knows",
        "doubt: server",
        |s| s.set("respCode", "ZZ"),
    ),
    (
        Ask::Charge,
        "refused by a duplicate",
        "doubt: duplicate",
        |s| s.set("respCode", "12"),
    ),
    (
        Ask::Show,
        "a code of somebody else",
        "doubt: unreadable",
        |s| s.set("qrCode", "https://qr.95516.com.example.com/1"),
    ),
    (
        Ask::Show,
        "a code of somebody else behind a name",
        "doubt: unreadable",
        |s| s.set("qrCode", "https://qr.95516.com@example.com/1"),
    ),
    (
        Ask::Show,
        "a code of another channel",
        "doubt: unreadable",
        |s| s.set("qrCode", "https://qr.alipay.com/bavh4wjlxf12tper3a"),
    ),
    (Ask::Show, "a code without TLS", "doubt: unreadable", |s| {
        s.set("qrCode", "http://qr.95516.com/00010000/1")
    }),
    (
        Ask::Show,
        "a code with a line in it",
        "doubt: unreadable",
        |s| s.set("qrCode", "https://qr.95516.com/1\r\n2"),
    ),
    (
        Ask::Show,
        "a code of a kilobyte",
        "doubt: unreadable",
        |s| {
            s.set(
                "qrCode",
                &format!("https://qr.95516.com/{}", "1".repeat(1000)),
            )
        },
    ),
    (Ask::Show, "no code", "doubt: unreadable", |s| {
        s.without("qrCode")
    }),
    (Ask::Show, "a code for another sum", MISMATCH, |s| {
        s.set("txnAmt", "8889")
    }),
    (Ask::Show, "a code as a scan's answer", NOT_THIS_PART, |s| {
        s.set("txnSubType", "06")
    }),
    (Ask::Refund, "the refund before", MISMATCH, |s| {
        s.set("txnAmt", "1600")
    }),
    (Ask::Refund, "the whole payment given back", MISMATCH, |s| {
        s.set("txnAmt", "8888")
    }),
    (Ask::Refund, "given back at once", NOT_THIS_PART, |s| {
        s.set("origRespCode", "00")
    }),
    (Ask::Refund, "given back in dollars", MISMATCH, |s| {
        s.set("currencyCode", "840")
    }),
    (Ask::Refund, "an undo of it", NOT_THIS_PART, |s| {
        s.set("txnType", "31")
    }),
    (Ask::Refund, "of the payment's own number", MISMATCH, |s| {
        s.set("orderId", reference().as_str())
    }),
    (
        Ask::QueryRefund,
        "the payment instead",
        NOT_THIS_PART,
        |s| s.set("txnType", "01"),
    ),
    (
        Ask::QueryRefund,
        "the payment under the question's own kind",
        MISMATCH,
        |s| s.set("txnType", "00").set("orderId", reference().as_str()),
    ),
    (Ask::Query, "the refund instead", NOT_THIS_PART, |s| {
        s.set("txnType", "04")
    }),
    (
        Ask::Query,
        "the refund under the question's own kind",
        MISMATCH,
        |s| {
            s.set("txnType", "00")
                .set("orderId", refund_reference().as_str())
        },
    ),
    (Ask::Query, "an undo of nobody's", MISMATCH, |s| {
        s.set("txnType", "31")
    }),
    (Ask::Reverse, "an undo that we never sent", MISMATCH, |s| {
        s.set("txnType", "31")
    }),
];

fn changed(name: String, ask: Ask, expect: &'static str, change: Change) -> Case {
    case(name, ask, expect, move |peer| {
        signed(peer, change(genuine(peer, ask)))
    })
}

/// The answers to other calls, and those to the same call about another order. Two questions about one payment are
/// answered alike.
fn crossed() -> Vec<Case> {
    let mut cases = Vec::new();
    let is_state = |ask| matches!(ask, Ask::Close | Ask::Query | Ask::Reverse);
    for from in Ask::ALL {
        for to in Ask::ALL {
            if from == to || (is_state(from) && is_state(to)) {
                continue;
            }
            cases.push(case(
                format!("the answer to {from:?} instead of the one to {to:?}"),
                to,
                "forged: the signature does not speak|doubt: mismatch",
                move |peer| signed(peer, genuine(peer, from)),
            ));
            cases.push(case(
                format!("the answer to {from:?} without its kind instead of the one to {to:?}"),
                to,
                "forged: the signature does not speak|doubt: mismatch",
                move |peer| signed(peer, genuine(peer, from).without("txnType")),
            ));
        }
        cases.push(case(
            format!("the answer to {from:?} of another payment"),
            from,
            MISMATCH,
            move |peer| {
                let other = genuine(peer, from).set("orderId", other_reference().as_str());
                signed(peer, other)
            },
        ));
        cases.push(case(
            format!("the answer to {from:?} of yesterday, signed then"),
            from,
            MISMATCH,
            move |peer| {
                let old = genuine(peer, from)
                    .set("txnTime", "20261120102422")
                    .set("traceTime", "1120102423");
                signed(peer, old)
            },
        ));
        cases.push(case(
            format!("the answer to {from:?} at another merchant's till"),
            from,
            MISMATCH,
            move |peer| signed(peer, genuine(peer, from).set("merId", "777290058167152")),
        ));
        // A request of ours that comes back as it went out, the shop's own signature on it.
        cases.push(case(
            format!("our own request for {from:?}, played back"),
            from,
            "forged:",
            move |peer: &Peer| {
                let sheet = genuine(peer, from)
                    .without("signPubKeyCert")
                    .set("certId", "69903319369")
                    .set("txnTime", MOMENT);
                reply(sheet.signed_by(|digest| peer.shop.sha256(digest)).raw())
            },
        ));
    }
    cases
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, sum) in AMOUNTS {
        for ask in [Ask::Query, Ask::Close, Ask::QueryRefund] {
            // The same spelling, of what this call is about.
            cases.push(case(
                format!("amount {name}"),
                ask,
                "doubt: mismatch|forged: the reply is not",
                move |peer| {
                    let sum = match ask {
                        Ask::QueryRefund => sum.replace("8888", "800").replace("88.88", "8.00"),
                        _ => (*sum).to_owned(),
                    };
                    signed(peer, genuine(peer, ask).set("txnAmt", &sum))
                },
            ));
        }
    }
    for ask in MONEY {
        for (name, change) in NUMBERS {
            cases.push(changed(format!("number {name}"), ask, MISMATCH, *change));
        }
        for (name, change) in FOREIGN {
            cases.push(changed((*name).to_owned(), ask, MISMATCH, *change));
        }
        for (name, kind) in KINDS {
            cases.push(case(*name, ask, NOT_THIS_PART, move |peer| {
                signed(peer, genuine(peer, ask).set("txnType", kind))
            }));
        }
        for (name, expect, change) in CODES {
            cases.push(changed((*name).to_owned(), ask, expect, *change));
        }
        // Two fields in one, before it was signed: the text reads as others than were sent.
        cases.push(changed(
            "a value that holds a separator, signed".to_owned(),
            ask,
            MALFORMED,
            |s| {
                s.set("respMsg", "成功&zzz=1")
                    .without("zzz")
                    .set("zzz", "1")
            },
        ));
    }
    for (ask, name, expect, change) in PARTICULAR {
        cases.push(changed((*name).to_owned(), *ask, expect, *change));
    }
    cases.extend(crossed());
    cases
}
