//! Lies while an undo is on its way: the payment's own answers, other undos, and what was heard of this one before.

use super::{MERCHANT, NOT_THIS_PART, Sheet, genuine, signed, verdict};
use crate::{
    case::{Case, Tally, case, play},
    peer::{Ask, Peer, reference},
};

/// The undo's own moment: ten seconds after the payment's, and not long ago.
const UNDONE: &str = "20261121102412";
const MISMATCH: &str = "doubt: mismatch";

type Change = fn(Sheet) -> Sheet;

/// What a question about the undo is answered when it went through.
fn state(peer: &Peer) -> Sheet {
    let number = format!("{}U1", reference());
    genuine(peer, Ask::Query)
        .set("orderId", &number)
        .set("txnTime", UNDONE)
        .set("txnType", "31")
        .set("txnSubType", "00")
}

/// What the undo itself is answered.
fn movement(peer: &Peer) -> Sheet {
    state(peer).without("origRespCode")
}

/// Of the answer about the undo, and what makes it none.
const LIES: &[(&str, &str, Change)] = &[
    ("the undo of another payment", MISMATCH, |s| {
        let other = format!("{}U1", crate::peer::other_reference());
        s.set("orderId", &other)
    }),
    ("the undo after it", MISMATCH, |s| {
        let next = format!("{}U2", reference());
        s.set("orderId", &next)
    }),
    ("a refund's number", MISMATCH, |s| {
        s.set("orderId", crate::peer::refund_reference().as_str())
    }),
    ("the payment's number", MISMATCH, |s| {
        s.set("orderId", reference().as_str())
    }),
    ("the payment's moment", MISMATCH, |s| {
        s.set("txnTime", super::MOMENT)
    }),
    ("the moment of an earlier undo", MISMATCH, |s| {
        s.set("txnTime", "20261121102411")
    }),
    ("of another sum", MISMATCH, |s| s.set("txnAmt", "8887")),
    ("of a part", MISMATCH, |s| s.set("txnAmt", "800")),
    ("of dollars", MISMATCH, |s| s.set("currencyCode", "840")),
    ("at another merchant", MISMATCH, |s| {
        s.set("merId", &MERCHANT.replace("51", "52"))
    }),
    ("of a payment's kind", MISMATCH, |s| s.set("txnType", "01")),
    ("of a refund's kind", NOT_THIS_PART, |s| {
        s.set("txnType", "04")
    }),
    (
        "of an undone pre-authorisation's kind",
        NOT_THIS_PART,
        |s| s.set("txnType", "32"),
    ),
    ("without its kind", MISMATCH, |s| s.without("txnType")),
];

/// Answers to the undo that are no end of it.
const OPEN: &[(&str, &str, Change)] = &[
    ("the undo without its sum", MISMATCH, |s| {
        s.without("txnAmt")
    }),
    ("the undo without its currency", MISMATCH, |s| {
        s.without("currencyCode")
    }),
    ("the undo by a code nobody knows", "doubt: server", |s| {
        s.set("origRespCode", "ZZ")
    }),
    ("the undo by 42", "doubt: server", |s| {
        s.set("origRespCode", "42")
    }),
    ("the undo by 34", "doubt: server", |s| {
        s.set("origRespCode", "34")
    }),
    ("the question about it failed", "doubt: server", |s| {
        s.set("respCode", "99")
    }),
    (
        "the undo is not found once it was taken in",
        "doubt: server 34",
        |s| s.without("origRespCode").set("respCode", "34"),
    ),
];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in [Ask::Query, Ask::Reverse] {
        for (name, expect, change) in LIES {
            cases.push(case(format!("undo: {name}"), ask, expect, move |peer| {
                signed(peer, change(state(peer)))
            }));
        }
        for (name, expect, change) in OPEN {
            cases.push(case(format!("undo: {name}"), ask, expect, move |peer| {
                signed(peer, change(state(peer)))
            }));
        }
        cases.push(case(
            "undo: the paid payment, once more",
            ask,
            MISMATCH,
            move |peer| signed(peer, genuine(peer, Ask::Query)),
        ));
        cases.push(case(
            "undo: its own first answer, once more",
            ask,
            MISMATCH,
            move |peer| signed(peer, movement(peer)),
        ));
        cases.push(case(
            "undo: by a stranger",
            ask,
            super::WRONG,
            move |peer| {
                let lie = state(peer).signed_by(|digest| peer.stranger.sha256(digest));
                super::reply(lie.raw())
            },
        ));
    }
    cases
}

pub(super) fn suite() -> Tally {
    let peer = Peer::undoing(&format!("undo:1:{UNDONE}:asked"));
    for (ask, expected) in [
        (Ask::Query, "closed: reversed"),
        (Ask::Reverse, "closed: reversed"),
    ] {
        let found = verdict(&peer, ask, signed(&peer, state(&peer)));
        assert_eq!(found.words, expected, "the genuine answer about an undo");
    }
    play(&peer, &cases(), &|ask, reply| verdict(&peer, ask, reply))
}
