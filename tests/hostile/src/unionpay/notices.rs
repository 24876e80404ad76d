//! UnionPay's notices as an enemy would send them: the same families, as forms that are posted to us.

use super::{
    MALFORMED, NO_SIGNATURE, Sheet, UNKNOWN_KEY, WRONG, genuine as answer,
    issue::{CHAIN, Card, gateway_card, pem},
    notice_verdict, reply,
};
use crate::{
    case::{Case, Tally, case, play},
    json::{gzip, not_json},
    peer::{Ask, Peer, other_reference, reference, refund_reference},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_signing::WireReply;

type Change = fn(&Peer, Sheet) -> Sheet;
type Spoil = fn(Vec<u8>) -> Vec<u8>;

/// The kinds of notices, as the questions whose answers they stand for.
const KINDS: [Ask; 2] = [Ask::Query, Ask::QueryRefund];

/// What a notice of a payment or refund says; not signed yet.
pub(crate) fn told(peer: &Peer, ask: Ask) -> Sheet {
    answer(peer, ask)
        .without("origRespCode")
        .without("origRespMsg")
        .without("payCardNo")
        .set("exchangeRate", "0")
}

/// With UnionPay's signature, as a form.
pub(crate) fn posted(peer: &Peer, sheet: Sheet) -> WireReply {
    reply(sheet.signed(peer).form())
}

/// As UnionPay itself would send it.
pub(crate) fn genuine(peer: &Peer, ask: Ask) -> WireReply {
    posted(peer, told(peer, ask))
}

/// Changed before UnionPay signed it: word of something else.
const SIGNED: &[(&str, &str, Change)] = &[
    ("a fen less", "doubt: mismatch", |_, s| {
        let less = s.get("txnAmt").parse::<i64>().expect("fen") - 1;
        s.set("txnAmt", &less.to_string())
    }),
    ("no sum", "doubt: mismatch", |_, s| s.without("txnAmt")),
    ("the sum in yuan", "doubt: mismatch", |_, s| {
        s.set("txnAmt", "88.88")
    }),
    (
        "the sum in the settled field alone",
        "doubt: mismatch",
        |_, s| s.set("txnAmt", "1"),
    ),
    ("in dollars", "doubt: mismatch", |_, s| {
        s.set("currencyCode", "840")
    }),
    ("in no currency", "doubt: mismatch", |_, s| {
        s.without("currencyCode")
    }),
    ("settled in dollars", "doubt: mismatch", |_, s| {
        s.set("settleCurrencyCode", "840")
    }),
    ("another merchant", "doubt: mismatch", |_, s| {
        s.set("merId", "777290058167152")
    }),
    ("no merchant", "doubt: unreadable", |_, s| {
        s.without("merId")
    }),
    ("another payment", "about", |_, s| {
        s.set("orderId", other_reference().as_str())
    }),
    ("another merchant's order", "about", |_, s| {
        s.set("orderId", "POS20261121")
    }),
    ("no order", "doubt: unreadable", |_, s| s.without("orderId")),
    ("an order in a group", "doubt: unreadable", |_, s| {
        let group = format!("{{{}}}", s.get("orderId"));
        s.set("orderId", &group)
    }),
    ("the day before", "doubt: mismatch", |_, s| {
        s.set("txnTime", "20261120102422")
    }),
    ("no moment", "doubt: mismatch", |_, s| s.without("txnTime")),
    ("no kind", "doubt: unreadable", |_, s| s.without("txnType")),
    ("a pre-authorisation", "about nothing: 02", |_, s| {
        s.set("txnType", "02")
    }),
    ("an undo", "about nothing: 31", |_, s| {
        s.set("txnType", "31")
    }),
    ("the question's kind", "about nothing: 00", |_, s| {
        s.set("txnType", "00")
    }),
    ("no number of the channel", "doubt: unreadable", |_, s| {
        s.without("queryId")
    }),
    ("a code that is none", "doubt: unreadable", |_, s| {
        s.set("respCode", "00 ")
    }),
    ("no code", "doubt: unreadable", |_, s| s.without("respCode")),
    ("a code 0", "doubt: server", |_, s| s.set("respCode", "0")),
    ("a code 05", "doubt: server", |_, s| s.set("respCode", "05")),
    ("a code 64", "doubt: server", |_, s| s.set("respCode", "64")),
    ("a moment that is none", "doubt: unreadable", |_, s| {
        s.set("traceTime", "0230102423")
    }),
    ("a question's answer", "doubt: mismatch", |_, s| {
        s.set("origRespCode", "00")
    }),
    ("the movement's own answer", "doubt: mismatch", |_, s| {
        s.without("settleAmt")
            .without("settleDate")
            .without("traceTime")
    }),
    ("nothing of settlement", "doubt: mismatch", |_, s| {
        s.without("settleDate")
    }),
    ("version 5.0.0", MALFORMED, |_, s| s.set("version", "5.0.0")),
    ("method 11", MALFORMED, |_, s| s.set("signMethod", "11")),
    ("method 12", MALFORMED, |_, s| s.set("signMethod", "12")),
    ("no method", MALFORMED, |_, s| s.without("signMethod")),
    ("a value that holds a separator", MALFORMED, |_, s| {
        s.set("respMsg", "成功&zzz=1")
    }),
    ("a value that opens a group", MALFORMED, |_, s| {
        s.set("respMsg", "成功{")
    }),
    ("no certificate", UNKNOWN_KEY, |_, s| {
        s.without("signPubKeyCert")
    }),
    ("a certificate that ran out", UNKNOWN_KEY, |_, s| {
        let card = Card {
            to: "261121022421Z",
            ..gateway_card()
        };
        s.set(
            "signPubKeyCert",
            &pem(&card.issue(&CHAIN.gateway, &CHAIN.middle)),
        )
    }),
    ("a certificate of a merchant", UNKNOWN_KEY, |_, s| {
        let card = Card {
            owners: vec!["041@777290058167151@某商户@00000001"],
            ..gateway_card()
        };
        s.set(
            "signPubKeyCert",
            &pem(&card.issue(&CHAIN.gateway, &CHAIN.middle)),
        )
    }),
    ("a certificate by itself", UNKNOWN_KEY, |_, s| {
        s.set(
            "signPubKeyCert",
            &pem(&gateway_card().issue(&CHAIN.gateway, &CHAIN.gateway)),
        )
    }),
    ("a certificate of another authority", UNKNOWN_KEY, |_, s| {
        s.set(
            "signPubKeyCert",
            &pem(&gateway_card().issue(&CHAIN.gateway, &CHAIN.other)),
        )
    }),
];

/// Changed after it was signed.
const AFTERWARDS: &[(&str, &str, Change)] = &[
    ("signature missing", NO_SIGNATURE, |_, s| {
        s.without("signature")
    }),
    ("signature empty", NO_SIGNATURE, |_, s| {
        s.set("signature", "")
    }),
    ("signature not base64", MALFORMED, |_, s| {
        s.set("signature", "%%%%")
    }),
    ("signature twice", MALFORMED, |_, s| {
        s.and("signature", "AAAA")
    }),
    ("signature by a stranger", WRONG, |p, s| {
        s.signed_by(|digest| p.stranger.sha256(digest))
    }),
    ("signature by the shop", WRONG, |p, s| {
        s.signed_by(|digest| p.shop.sha256(digest))
    }),
    ("signature by SHA-1", WRONG, |p, s| {
        s.signed_by(|digest| p.channel.sha1(digest))
    }),
    ("signature by PSS", WRONG, |p, s| {
        s.signed_by(|digest| p.channel.pss(digest))
    }),
    ("signature digested once", WRONG, |p, s| {
        let good = p.channel.sha256(s.text().as_bytes());
        s.set("signature", &STANDARD.encode(good))
    }),
    ("signature over another payment", WRONG, |_, s| {
        s.set("orderId", other_reference().as_str())
    }),
    ("another sum", WRONG, |_, s| s.set("txnAmt", "1")),
    ("another code", WRONG, |_, s| s.set("respCode", "A6")),
    ("a payment made a refund", WRONG, |_, s| {
        s.set("txnType", "31")
    }),
    ("a field more", WRONG, |_, s| s.and("zzz", "1")),
    ("a field of our own address", WRONG, |_, s| {
        s.and("token", "secret")
    }),
    ("a field less", WRONG, |_, s| s.without("traceNo")),
    ("a field twice, ours first", MALFORMED, |_, s| {
        s.and("txnAmt", "1")
    }),
    ("a field twice, ours last", MALFORMED, |_, s| {
        s.in_front("txnAmt", "1")
    }),
    ("a field twice, one in escapes", MALFORMED, |_, s| {
        s.and("txn%41mt", "1")
    }),
    ("a field twice, one empty", MALFORMED, |_, s| {
        s.and("txnAmt", "")
    }),
    ("a name with a blank", MALFORMED, |_, s| {
        s.and("txnAmt+", "1")
    }),
    ("a name with an escaped NUL", MALFORMED, |_, s| {
        s.and("txnAmt%00", "1")
    }),
    ("a name that is no UTF-8", MALFORMED, |_, s| {
        s.and("%ff", "1")
    }),
    ("an escape cut off", MALFORMED, |_, s| s.and("zzz%", "1")),
    ("two fields made one", MALFORMED, |_, s| {
        let joined = format!("{}&currencyCode=156", s.get("bizType"));
        s.without("currencyCode").set("bizType", &joined)
    }),
    ("a certificate of a stranger in front", MALFORMED, |p, s| {
        let foreign = pem(&gateway_card().issue(&p.stranger, &p.stranger));
        s.in_front("signPubKeyCert", &foreign)
    }),
    (
        "a certificate of a stranger instead",
        UNKNOWN_KEY,
        |p, s| {
            let foreign = pem(&gateway_card().issue(&p.stranger, &p.stranger));
            s.set("signPubKeyCert", &foreign)
        },
    ),
];

/// The whole form, spoilt on the way.
const SPOILT: &[(&str, Spoil)] = &[
    ("form raw, as an answer is", |b| {
        String::from_utf8_lossy(&b).replace("%2B", "+").into_bytes()
    }),
    ("form encoded twice", |b| {
        String::from_utf8_lossy(&b).replace('%', "%25").into_bytes()
    }),
    ("form twice", |b| [b.clone(), b"&".to_vec(), b].concat()),
    ("form behind a BOM", |b| {
        ["\u{feff}".as_bytes(), &b].concat()
    }),
    ("form and a NUL", |b| [b, vec![0]].concat()),
    ("form and a word", |b| [b, b"&ok".to_vec()].concat()),
    ("form cut in the middle", |mut b| {
        b.truncate(b.len() / 2);
        b
    }),
    ("form without its last bytes", |mut b| {
        b.truncate(b.len() - 3);
        b
    }),
    ("form packed by gzip", |b| gzip(&b)),
    ("form of a megabyte and a byte", |b| {
        let long = vec![b'x'; (1 << 20) + 1 - b.len()];
        [b, b"&a=".to_vec(), long].concat()
    }),
    ("form with three hundred fields", |b| {
        let more: String = (0..300).map(|n| format!("&f{n}=1")).collect();
        [b, more.into_bytes()].concat()
    }),
];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in KINDS {
        for (name, expect, change) in SIGNED {
            cases.push(case(
                format!("notice: {name}, signed"),
                ask,
                expect,
                move |peer| posted(peer, change(peer, told(peer, ask))),
            ));
        }
        for (name, expect, change) in AFTERWARDS {
            cases.push(case(format!("notice: {name}"), ask, expect, move |peer| {
                reply(change(peer, told(peer, ask).signed(peer)).form())
            }));
        }
        for (name, spoil) in SPOILT {
            cases.push(case(
                format!("notice: {name}"),
                ask,
                "forged:",
                move |peer| {
                    let mut whole = genuine(peer, ask);
                    whole.body = spoil(whole.body);
                    whole
                },
            ));
        }
    }
    for (name, body) in not_json() {
        cases.push(case(
            format!("notice: {name}"),
            Ask::Query,
            "forged:",
            move |_| reply(body()),
        ));
    }
    // Word of every call's own answer, posted to us.
    for from in Ask::ALL {
        cases.push(case(
            format!("notice: the answer to {from:?}"),
            Ask::Query,
            "doubt: mismatch",
            move |peer| posted(peer, answer(peer, from)),
        ));
    }
    for (name, order, kind) in [
        ("a payment's number as a refund", reference(), "04"),
        ("a refund's number as a payment", refund_reference(), "01"),
    ] {
        cases.push(case(
            format!("notice: {name}"),
            Ask::Query,
            "about",
            move |peer| {
                let sheet = told(peer, Ask::Query).set("orderId", order.as_str());
                posted(peer, sheet.set("txnType", kind))
            },
        ));
    }
    cases
}

pub(super) fn suite(peer: &Peer) -> Tally {
    for (ask, expected) in [(Ask::Query, "paid"), (Ask::QueryRefund, "refunded")] {
        let found = notice_verdict(peer, ask, genuine(peer, ask));
        assert_eq!(found.words, expected, "the genuine notice of {ask:?}");
    }
    play(peer, &cases(), &|ask, notice| {
        notice_verdict(peer, ask, notice)
    })
}
