//! Answers of the server's own host that are not the answer to what was asked: of another store, order, sum, currency
//! or kind, states that are none, and refunds of another name, sum or claim.

use super::{HOST, PULL, STORE, invoice, invoice_of, listed, method, payment, payout, reply, with};
use crate::{
    case::{Case, case},
    content::Content,
    peer::{Ask, other_reference, reference, refund_reference},
};

type Change = fn(Content) -> Content;

const DOUBT: &str = "doubt: mismatch|doubt: unreadable";
/// The calls that are answered with an invoice.
const INVOICES: [Ask; 3] = [Ask::Show, Ask::Query, Ask::Close];

/// Wrong sums, and spellings that a loose reader takes for the right one.
const SUMS: &[(&str, &str)] = &[
    ("a fen less", "\"88.87\""),
    ("a fen more", "\"88.89\""),
    ("nothing", "\"0\""),
    ("negative", "\"-88.88\""),
    ("a hundredth", "\"0.88\""),
    ("a hundred times", "\"8888\""),
    ("with a fraction of a fen", "\"88.881\""),
    ("with an exponent", "\"8.888e1\""),
    ("with a comma", "\"88,88\""),
    ("with a sign", "\"+88.88\""),
    ("with a blank", "\" 88.88\""),
    ("with its currency", "\"88.88 CNY\""),
    ("in hexadecimals", "\"0x58\""),
    ("as an object", "{\"value\":\"88.88\"}"),
    ("in a list", "[\"88.88\"]"),
    ("empty", "\"\""),
    ("null", "null"),
    ("true", "true"),
];

/// Members that say whose or which money it is, and how far it came.
const WRONG: &[(&str, &str, &str)] = &[
    ("of another store", "storeId", "\"7CiNzKoANXxmk5ayZngSXr\""),
    ("of no store", "storeId", "null"),
    ("a store that is empty", "storeId", "\"\""),
    ("a store in a list", "storeId", "[]"),
    ("in dollars", "currency", "\"USD\""),
    ("in bitcoin", "currency", "\"BTC\""),
    ("in small letters", "currency", "\"cny\""),
    ("a currency with a blank", "currency", "\"CNY \""),
    ("no currency", "currency", "null"),
    ("a top-up", "type", "\"TopUp\""),
    ("of no kind", "type", "null"),
    ("a number that is a way", "id", "\"../../stores\""),
    ("a number with a question", "id", "\"a?b=c\""),
    ("a number with a NUL", "id", "\"a\\u0000\""),
    ("a number that is empty", "id", "\"\""),
    ("no number", "id", "null"),
    (
        "a page of another host",
        "checkoutLink",
        "\"https://evil.example/i/x\"",
    ),
    (
        "a page in the clear",
        "checkoutLink",
        "\"http://pay.shop.example/i/x\"",
    ),
    (
        "a page that is a script",
        "checkoutLink",
        "\"javascript:alert(1)\"",
    ),
    (
        "a page behind a name",
        "checkoutLink",
        "\"https://pay.shop.example@evil.example/\"",
    ),
    (
        "a page with a blank",
        "checkoutLink",
        "\"https://pay.shop.example/ x\"",
    ),
    ("no page", "checkoutLink", "null"),
    ("a state in small letters", "status", "\"settled\""),
    ("a state with a blank", "status", "\"Settled \""),
    ("a state of an older server", "status", "\"complete\""),
    ("a state that is empty", "status", "\"\""),
    ("no state", "status", "null"),
    ("a state in a list", "status", "[\"Settled\"]"),
    ("more that is unknown", "additionalStatus", "\"PaidTwice\""),
    ("no more of it", "additionalStatus", "null"),
    ("what came as a number", "paidAmount", "88.88"),
    ("what came below zero", "paidAmount", "\"-88.88\""),
    ("what came with an exponent", "paidAmount", "\"8.888e1\""),
    (
        "what came beyond 28 places",
        "paidAmount",
        "\"88.00000000000000000000000000001\"",
    ),
    (
        "what came beyond 64 bits",
        "paidAmount",
        "\"18446744073709551616\"",
    ),
    ("what came as null", "paidAmount", "null"),
    ("made at no time", "createdTime", "null"),
    ("made at a time in a text", "createdTime", "\"1795227800\""),
    (
        "an end beyond 64 bits",
        "expirationTime",
        "9223372036854775807",
    ),
    ("an end with a fraction", "expirationTime", "1795228700.5"),
    ("a watch as null", "monitoringExpiration", "null"),
    ("a tolerance", "checkout", "{\"paymentTolerance\":10}"),
    (
        "a tolerance of everything",
        "checkout",
        "{\"paymentTolerance\":100.0}",
    ),
    (
        "a tolerance as a text",
        "checkout",
        "{\"paymentTolerance\":\"1\"}",
    ),
    (
        "a tolerance that is none",
        "checkout",
        "{\"paymentTolerance\":true}",
    ),
    ("ways in an object", "paymentMethods", "{}"),
    ("ways as a text", "paymentMethods", "\"BTC-CHAIN\""),
];

/// The order, told wrongly.
fn orders() -> Vec<(&'static str, String)> {
    let ours = reference();
    let own = ours.as_str();
    let order = |text: &str| format!("{{\"orderId\":\"{text}\"}}");
    vec![
        ("of another order", order(other_reference().as_str())),
        ("of its refund", order(refund_reference().as_str())),
        ("in small letters", order(&own.to_lowercase())),
        ("cut", order(&own[..own.len() - 1])),
        ("with a digit more", order(&format!("{own}0"))),
        ("with a blank", order(&format!("{own} "))),
        ("with a NUL", order(&format!("{own}\\u0000"))),
        ("with nothing that is wide", order(&format!("{own}\\u200b"))),
        ("empty", order("")),
        ("in a list", format!("{{\"orderId\":[\"{own}\"]}}")),
        ("under another name", format!("{{\"orderID\":\"{own}\"}}")),
        ("without words", "null".to_owned()),
        ("with words as a text", format!("\"{own}\"")),
    ]
}

/// What is said of coins that came.
const PAYMENTS: &[(&str, Change)] = &[
    ("a state that is none", |it| it.say("status", "Confirmed")),
    ("no state", |it| it.without("status")),
    ("a state in small letters", |it| it.say("status", "settled")),
    ("no moment", |it| it.without("receivedDate")),
    ("a moment as a text", |it| it.say("receivedDate", "now")),
    ("a moment beyond 64 bits", |it| {
        it.set("receivedDate", "9223372036854775807")
    }),
];

/// What is said of a way to pay.
const METHODS: &[(&str, Change)] = &[
    ("without a name", |it| it.without("paymentMethodId")),
    ("without a coin", |it| it.without("currency")),
    ("without a rate", |it| it.without("rate")),
    ("with a rate below zero", |it| it.say("rate", "-463000")),
    ("with a rate as a number", |it| it.set("rate", "463000")),
    ("with coins below zero", |it| {
        it.say("paymentMethodPaid", "-0.00019")
    }),
    ("with coins as null", |it| {
        it.set("paymentMethodPaid", "null")
    }),
    ("with payments in an object", |it| it.set("payments", "{}")),
];

/// Offers that are none of ours, or lead elsewhere.
const OFFERS: &[(&str, Change)] = &[
    ("of another refund", |p| p.say("name", "POS20261121")),
    ("of no name", |p| p.without("name")),
    ("of another sum", |p| p.say("amount", "8.01")),
    ("of less", |p| p.say("amount", "7.99")),
    ("of a sum as a number", |p| p.set("amount", "8.00")),
    ("of a sum below zero", |p| p.say("amount", "-8.00")),
    ("in dollars", |p| p.say("currency", "USD")),
    ("in coins", |p| p.say("currency", "BTC")),
    ("in no currency", |p| p.without("currency")),
    ("at another host", |p| {
        p.say("viewLink", "https://evil.example/pull-payments/x")
    }),
    ("in the clear", |p| {
        p.say("viewLink", "http://pay.shop.example/pull-payments/x")
    }),
    ("by a script", |p| p.say("viewLink", "javascript:alert(1)")),
    ("behind a name", |p| {
        p.say("viewLink", "https://pay.shop.example@evil.example/x")
    }),
    ("with a number that is a way", |p| p.say("id", "../x")),
    ("without a number", |p| p.without("id")),
    ("archived in words", |p| p.say("archived", "false")),
    ("without word of an end", |p| p.without("archived")),
];

/// Claims that are not of this offer, not of all of it, or not paid.
const CLAIMS: &[(&str, &str, Change)] = &[
    ("of another offer", DOUBT, |c| {
        c.say("pullPaymentId", "other")
    }),
    ("of no offer", DOUBT, |c| c.without("pullPaymentId")),
    ("in dollars", DOUBT, |c| c.say("originalCurrency", "USD")),
    ("in no currency", DOUBT, |c| c.without("originalCurrency")),
    ("of less", "offered", |c| c.say("originalAmount", "7.99")),
    ("of nothing", "offered", |c| c.say("originalAmount", "0")),
    ("of a sum below zero", DOUBT, |c| {
        c.say("originalAmount", "-8.00")
    }),
    ("of a sum as a number", DOUBT, |c| {
        c.set("originalAmount", "8.00")
    }),
    ("of a sum with an exponent", DOUBT, |c| {
        c.say("originalAmount", "8e0")
    }),
    ("of no sum", DOUBT, |c| c.without("originalAmount")),
    ("that waits for approval", "offered", |c| {
        c.say("state", "AwaitingApproval")
    }),
    ("that waits for money", "offered", |c| {
        c.say("state", "AwaitingPayment")
    }),
    ("on its way", "offered", |c| c.say("state", "InProgress")),
    ("taken back", "offered", |c| c.say("state", "Cancelled")),
    ("done in other words", DOUBT, |c| {
        c.say("state", "completed")
    }),
    ("of no state", DOUBT, |c| c.without("state")),
    ("of a state in a list", DOUBT, |c| {
        c.set("state", "[\"Completed\"]")
    }),
    ("without a number", DOUBT, |c| c.without("id")),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in INVOICES {
        for (name, raw) in SUMS {
            cases.push(case(format!("a sum {name}"), ask, DOUBT, move |_| {
                reply(with(ask, |it| it.set("amount", raw)))
            }));
        }
        for (name, member, raw) in WRONG {
            cases.push(case(format!("an invoice: {name}"), ask, DOUBT, move |_| {
                reply(with(ask, |it| it.set(member, raw)))
            }));
        }
        for (name, words) in orders() {
            cases.push(case(format!("an order {name}"), ask, DOUBT, move |_| {
                reply(with(ask, |it| it.set("metadata", &words)))
            }));
        }
        for (name, change) in PAYMENTS {
            cases.push(case(format!("coins with {name}"), ask, DOUBT, move |_| {
                let changed = invoice_of(&method(&change(payment())));
                reply(with(ask, |_| changed.clone()))
            }));
        }
        for (name, change) in METHODS {
            cases.push(case(format!("a way {name}"), ask, DOUBT, move |_| {
                let changed = invoice_of(&change(method(&payment())));
                reply(with(ask, |_| changed.clone()))
            }));
        }
        // How much is certain is told by the payments alone.
        cases.push(case(
            "settled, and no word of payments",
            ask,
            "processing",
            move |_| reply(with(ask, |it| it.without("paymentMethods"))),
        ));
        cases.push(case("seen alone", ask, "confirming", move |_| {
            reply(with(ask, |it| it.say("status", "Processing")))
        }));
        cases.push(case("new with the whole sum", ask, "awaiting", move |_| {
            reply(with(ask, |it| it.say("status", "New")))
        }));
    }
    cases.extend(lists());
    for (name, change) in OFFERS {
        cases.push(case(
            format!("an offer {name}"),
            Ask::Refund,
            DOUBT,
            move |_| reply(with(Ask::Refund, change)),
        ));
    }
    for (name, expect, change) in CLAIMS {
        cases.push(case(
            format!("a claim {name}"),
            Ask::QueryRefund,
            expect,
            move |_| reply(with(Ask::QueryRefund, change)),
        ));
    }
    cases
}

/// Lists with others' invoices, too many of them, or in another form.
fn lists() -> Vec<Case> {
    let other = || invoice().say("id", "OtherInvoice");
    let seventeen: Vec<Content> = (0..17)
        .map(|n| invoice().say("id", &format!("I{n}")).say("status", "New"))
        .collect();
    let many: Vec<&Content> = seventeen.iter().collect();
    let stranger = invoice().say("storeId", "x");
    let bodies = [
        ("another invoice of ours alone", listed(&[&other()])),
        ("two with money", listed(&[&invoice(), &other()])),
        (
            "two with money, the other first",
            listed(&[&other(), &invoice()]),
        ),
        (
            "one of another store beside ours",
            listed(&[&invoice(), &stranger]),
        ),
        ("seventeen", listed(&many)),
        ("in a list of lists", format!("[{}]", listed(&[&invoice()]))),
        (
            "in an object",
            format!("{{\"data\":{}}}", listed(&[&invoice()])),
        ),
        ("beside null", format!("[{},null]", invoice().text())),
        ("as a text", "[\"Settled\"]".to_owned()),
        ("of the offer", listed(&[&super::pull()])),
        ("of the claim", listed(&[&payout()])),
    ];
    let mut cases: Vec<Case> = bodies
        .into_iter()
        .map(|(name, body)| {
            case(format!("a list: {name}"), Ask::Query, DOUBT, move |_| {
                reply(body.clone())
            })
        })
        .collect();
    cases.push(case(
        "an answer to another call",
        Ask::Refund,
        DOUBT,
        |_| reply(invoice().text()),
    ));
    cases.push(case(
        "an offer for a claim",
        Ask::QueryRefund,
        DOUBT,
        |_| reply(listed(&[&super::pull()])),
    ));
    cases.push(case(
        "an offer in a claim's place",
        Ask::QueryRefund,
        DOUBT,
        |_| reply(super::pull().text()),
    ));
    cases.push(case("a claim for an invoice", Ask::Show, DOUBT, |_| {
        reply(payout().text())
    }));
    for (name, link) in [
        ("in a page", format!("https://{HOST}/i/x")),
        (
            "of another claim",
            format!("https://{HOST}/pull-payments/{PULL}?x=[]&s={STORE} "),
        ),
    ] {
        cases.push(case(
            format!("an offer {name} with a blank"),
            Ask::Refund,
            DOUBT,
            move |_| {
                reply(with(Ask::Refund, |it| {
                    it.say("viewLink", &format!("{link} "))
                }))
            },
        ));
    }
    cases
}
