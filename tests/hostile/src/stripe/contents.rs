//! Answers of Stripe's own host that are not the answer to what was asked: of the other mode, another payment, sum,
//! currency or kind, fields missing or of another form, and the answers to other calls.

use super::{MONEY, SESSION, genuine, intent, list, refund, reply, session, with};
use crate::{
    case::{Case, case},
    content::Content,
    peer::{Ask, other_reference, reference, refund_reference},
};

type Change = fn(Content) -> Content;

const DOUBT: &str = "doubt: mismatch|doubt: unreadable";
/// The calls that are answered with a page.
const PAGES: [Ask; 3] = [Ask::Show, Ask::Query, Ask::Close];
const REFUNDS: [Ask; 2] = [Ask::Refund, Ask::QueryRefund];

/// Wrong sums, and spellings that a loose reader takes for the right one.
const SUMS: &[(&str, &str)] = &[
    ("a fen less", "8887"),
    ("a fen more", "8889"),
    ("one fen", "1"),
    ("nothing", "0"),
    ("negative", "-8888"),
    ("a hundredth", "88"),
    ("a hundred times", "888800"),
    ("in yuan", "88.88"),
    ("with decimals", "8888.0"),
    ("with an exponent", "8888e0"),
    ("as another exponent", "8.888e3"),
    ("as text", "\"8888\""),
    ("as an object", "{\"value\":8888}"),
    ("in a list", "[8888]"),
    ("null", "null"),
    ("true", "true"),
    ("of another payment", "800"),
];

/// Members that say whose or which money it is.
const WRONG: &[(&str, &str, &str)] = &[
    ("of the other mode", "livemode", "false"),
    ("a mode as text", "livemode", "\"true\""),
    ("a mode as a number", "livemode", "1"),
    ("no mode", "livemode", "null"),
    ("in dollars", "currency", "\"usd\""),
    ("in yen", "currency", "\"jpy\""),
    ("in capitals", "currency", "\"CNY\""),
    ("a currency with a blank", "currency", "\"cny \""),
    ("a currency that is empty", "currency", "\"\""),
    ("no currency", "currency", "null"),
    ("two currencies", "currency", "[\"cny\",\"usd\"]"),
    ("of another kind", "object", "\"charge\""),
    ("of a kind with a blank", "object", "\"payment_intent \""),
    ("of no kind", "object", "null"),
    ("a number that is a way", "id", "\"../../v1/refunds\""),
    ("a number with a question", "id", "\"pi_1?expand=x\""),
    ("a number with a NUL", "id", "\"pi_1\\u0000\""),
    ("a number of another kind", "id", "\"cus_1\""),
    ("a number that is empty", "id", "\"\""),
    ("no number", "id", "null"),
    ("a number as a number", "id", "1"),
];

/// The number of the payment, told wrongly.
fn numbers() -> Vec<(&'static str, String)> {
    let ours = reference();
    let own = ours.as_str();
    let text = |text: &str| format!("\"{text}\"");
    vec![
        ("of another payment", text(other_reference().as_str())),
        ("of its refund", text(refund_reference().as_str())),
        ("in small letters", text(&own.to_lowercase())),
        ("cut", text(&own[..own.len() - 1])),
        ("with a digit more", text(&format!("{own}0"))),
        ("with a blank", text(&format!("{own} "))),
        ("with a blank in front", text(&format!(" {own}"))),
        ("with a NUL", text(&format!("{own}\\u0000"))),
        ("with a line", text(&format!("{own}\\n"))),
        ("with nothing that is wide", text(&format!("{own}\\u200b"))),
        ("empty", text("")),
        ("in a list", format!("[\"{own}\"]")),
        ("in an object", format!("{{\"id\":\"{own}\"}}")),
        ("null", "null".to_owned()),
    ]
}

/// What a page says of itself.
const PAGE: &[(&str, &str, Change)] = &[
    ("a page of another payment", DOUBT, |s| {
        s.say("id", "cs_live_a1other")
    }),
    ("a page of the trial mode", DOUBT, |s| {
        s.set("livemode", "false").say("id", "cs_test_a1hostile")
    }),
    ("a page that sets up a card", DOUBT, |s| {
        s.say("mode", "setup")
    }),
    ("a page of a subscription", DOUBT, |s| {
        s.say("mode", "subscription")
    }),
    ("a page without a mode", DOUBT, |s| s.without("mode")),
    ("a page without its intent", DOUBT, |s| {
        s.set("payment_intent", "null")
    }),
    ("a page that only names its intent", DOUBT, |s| {
        s.say("payment_intent", "pi_3hostile")
    }),
    ("a page with a list of intents", DOUBT, |s| {
        s.set("payment_intent", &format!("[{}]", intent().text()))
    }),
    ("a page with an empty intent", DOUBT, |s| {
        s.set("payment_intent", "{}")
    }),
    ("a page whose intent is a page", DOUBT, |s| {
        let inner = s.text();
        s.set("payment_intent", &inner)
    }),
    ("a page that needed no payment", DOUBT, |s| {
        s.say("payment_status", "no_payment_required")
    }),
    ("a page paid in other words", DOUBT, |s| {
        s.say("payment_status", "Paid")
    }),
    ("a page without a state of its payment", DOUBT, |s| {
        s.without("payment_status")
    }),
    ("a page complete in other words", DOUBT, |s| {
        s.say("status", "completed")
    }),
    ("a page without a state", DOUBT, |s| s.without("status")),
    ("an expired page that was paid", DOUBT, |s| {
        s.say("status", "expired")
    }),
    ("an open page that leads nowhere", DOUBT, |s| {
        s.say("status", "open")
    }),
    ("an open page in the clear", DOUBT, |s| {
        s.say("status", "open")
            .say("url", "http://checkout.stripe.com/c/x")
    }),
    ("an open page that is a script", DOUBT, |s| {
        s.say("status", "open").say("url", "javascript:alert(1)")
    }),
    ("an open page with a blank", DOUBT, |s| {
        s.say("status", "open").say("url", "https://a b")
    }),
    ("an open page of three thousand letters", DOUBT, |s| {
        let long = format!("https://checkout.stripe.com/{}", "x".repeat(3_000));
        s.say("status", "open").say("url", &long)
    }),
];

/// What its intent says; the page around it says that it is paid.
const WITHIN: &[(&str, &str, Change)] = &[
    ("an intent that waits for a means", "processing", |i| {
        i.say("status", "requires_payment_method")
    }),
    ("an intent that waits for the customer", "processing", |i| {
        i.say("status", "requires_action")
    }),
    ("an intent that is only held", "processing", |i| {
        i.say("status", "requires_capture")
    }),
    ("an intent that is on its way", "processing", |i| {
        i.say("status", "processing")
    }),
    ("an intent that was canceled", "processing", |i| {
        i.say("status", "canceled")
    }),
    ("an intent in other words", DOUBT, |i| {
        i.say("status", "Succeeded")
    }),
    ("an intent with a blank", DOUBT, |i| {
        i.say("status", "succeeded ")
    }),
    ("an intent without a state", DOUBT, |i| i.without("status")),
    ("an intent that received less", DOUBT, |i| {
        i.set("amount_received", "8887")
    }),
    ("an intent that received more", DOUBT, |i| {
        i.set("amount_received", "8889")
    }),
    ("an intent that received nothing", DOUBT, |i| {
        i.set("amount_received", "0")
    }),
    ("an intent that does not say what it received", DOUBT, |i| {
        i.without("amount_received")
    }),
    ("an intent without words", DOUBT, |i| i.without("metadata")),
    ("an intent with empty words", DOUBT, |i| {
        i.set("metadata", "{}")
    }),
    ("an intent whose words are a text", DOUBT, |i| {
        i.say("metadata", reference().as_str())
    }),
    ("an intent whose words are a list", DOUBT, |i| {
        i.set("metadata", &format!("[\"{}\"]", reference()))
    }),
    ("an intent with our number under another word", DOUBT, |i| {
        i.set("metadata", &format!("{{\"order\":\"{}\"}}", reference()))
    }),
    ("a charge of the trial mode", DOUBT, |i| {
        let charge = super::charge().set("livemode", "false");
        i.set("latest_charge", &charge.text())
    }),
    ("a charge without a mode", DOUBT, |i| {
        let charge = super::charge().without("livemode");
        i.set("latest_charge", &charge.text())
    }),
];

/// What a refund says.
const REFUND: &[(&str, &str, Change)] = &[
    ("a refund of another payment", DOUBT, |r| {
        r.say("payment_intent", "pi_3other")
    }),
    ("a refund of no payment", DOUBT, |r| {
        r.set("payment_intent", "null")
    }),
    ("a refund of a list of payments", DOUBT, |r| {
        r.set("payment_intent", "[\"pi_3hostile\"]")
    }),
    ("a refund of the trial mode", DOUBT, |r| {
        let charge = super::charge().set("livemode", "false");
        r.set("charge", &charge.text())
    }),
    ("a refund in other words", DOUBT, |r| {
        r.say("status", "Succeeded")
    }),
    ("a refund with a blank", DOUBT, |r| {
        r.say("status", "succeeded ")
    }),
    ("a refund without a state", DOUBT, |r| r.without("status")),
    ("a refund of a fen less", DOUBT, |r| r.set("amount", "799")),
    ("a refund of the whole", DOUBT, |r| r.set("amount", "8888")),
    ("a refund of nothing", DOUBT, |r| r.set("amount", "0")),
    ("a refund as text", DOUBT, |r| r.say("amount", "800")),
    ("a refund in dollars", DOUBT, |r| r.say("currency", "usd")),
    ("a refund in capitals", DOUBT, |r| r.say("currency", "CNY")),
    ("a refund without a number", DOUBT, |r| r.without("id")),
    ("a refund that is a charge", DOUBT, |r| {
        r.say("object", "charge")
    }),
    (
        "a refund under the first one's number",
        "doubt:|not found",
        |r| {
            let first = reference().refund(1).expect("a number");
            r.set("metadata", &told(reference().as_str(), first.as_str()))
        },
    ),
    ("a refund of another order of ours", DOUBT, |r| {
        let words = told(other_reference().as_str(), refund_reference().as_str());
        r.set("metadata", &words)
    }),
    ("a refund without words", "doubt:|not found", |r| {
        r.without("metadata")
    }),
    ("a refund on its way", "accepted", |r| {
        r.say("status", "pending")
    }),
    ("a refund that waits", "accepted", |r| {
        r.say("status", "requires_action")
    }),
    ("a refund that failed", "failed: refund.", |r| {
        r.say("status", "failed")
    }),
    (
        "a refund that was called off",
        "failed: refund_canceled",
        |r| r.say("status", "canceled"),
    ),
];

fn told(payment: &str, refund: &str) -> String {
    format!("{{\"paydesk_payment\":\"{payment}\",\"paydesk_refund\":\"{refund}\"}}")
}

/// Errors, and what they come to: none of them says that money moved.
const ERRORS: &[(u16, &str)] = &[
    (
        400,
        "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"payment_intent_unexpected_state\",\"payment_intent\":{\"status\":\"succeeded\"}}}",
    ),
    (400, "{\"error\":{\"code\":\"charge_already_refunded\"}}"),
    (
        402,
        "{\"error\":{\"type\":\"card_error\",\"code\":\"card_declined\",\"decline_code\":\"approved\"}}",
    ),
    (404, "{\"error\":{\"code\":\"resource_missing\"}}"),
    (400, "{\"error\":{}}"),
    (400, "{\"error\":\"succeeded\"}"),
    (400, "{\"error\":{\"code\":\"succeeded\"}}"),
    (409, "{\"error\":{\"code\":\"lock_timeout\"}}"),
    (500, "{\"error\":{\"type\":\"api_error\"}}"),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in PAGES {
        for (name, raw) in SUMS {
            for member in ["amount_total", "amount", "amount_received"] {
                cases.push(case(
                    format!("{member} {name}"),
                    ask,
                    DOUBT,
                    move |_| match member {
                        "amount_total" => reply(session(&intent()).set(member, raw).text()),
                        _ => reply(session(&intent().set(member, raw)).text()),
                    },
                ));
            }
        }
        for (name, raw) in numbers() {
            let (one, other) = (raw.clone(), raw);
            cases.push(case(format!("reference {name}"), ask, DOUBT, move |_| {
                reply(session(&intent()).set("client_reference_id", &one).text())
            }));
            cases.push(case(
                format!("reference {name} in the intent"),
                ask,
                DOUBT,
                move |_| {
                    let words = format!("{{\"paydesk_payment\":{other}}}");
                    reply(session(&intent().set("metadata", &words)).text())
                },
            ));
        }
        for (name, member, raw) in WRONG {
            cases.push(case(format!("an intent {name}"), ask, DOUBT, move |_| {
                reply(session(&intent().set(member, raw)).text())
            }));
        }
        for (name, expect, change) in PAGE {
            // Nothing is remembered of a page before its first answer.
            let expect = if *name == "a page of another payment" && ask == Ask::Show {
                continue;
            } else {
                expect
            };
            cases.push(case(*name, ask, expect, move |_| {
                reply(change(session(&intent())).text())
            }));
        }
        for (name, expect, change) in WITHIN {
            cases.push(case(*name, ask, expect, move |_| {
                reply(session(&change(intent())).text())
            }));
        }
    }
    cases.extend(of_money());
    cases
}

/// Answers of refunds, and what may be said of payments and refunds alike.
fn of_money() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in REFUNDS {
        for (name, expect, change) in REFUND {
            cases.push(case(*name, ask, expect, move |_| {
                reply(with(ask, change).text())
            }));
        }
    }
    for ask in MONEY {
        for (name, member, raw) in WRONG {
            // A refund has no mode of its own, and numbers of several kinds.
            let is_open = *member == "livemode" || *name == "a number of another kind";
            if REFUNDS.contains(&ask) && is_open {
                continue;
            }
            cases.push(case((*name).to_owned(), ask, DOUBT, move |_| {
                reply(with(ask, |object| object.set(member, raw)).text())
            }));
        }
        for (at, (status, body)) in ERRORS.iter().enumerate() {
            cases.push(case(
                format!("error {at}"),
                ask,
                "doubt:|refused:|not found|end refused:|closed:",
                move |_| {
                    let mut whole = reply(*body);
                    whole.status = *status;
                    whole
                },
            ));
        }
        for from in MONEY {
            let is_alike = (PAGES.contains(&from) && PAGES.contains(&ask)) || from == ask;
            if !is_alike {
                cases.push(case(
                    format!("the answer to {from:?}"),
                    ask,
                    "doubt:|not found",
                    move |_| reply(genuine(from).text()),
                ));
            }
        }
        let bare = [
            ("the intent alone", intent()),
            ("a list of pages", { list(&[&session(&intent())]) }),
        ];
        for (name, body) in bare {
            cases.push(case(name, ask, "doubt:|not found", move |_| {
                reply(body.text())
            }));
        }
    }
    cases
}

/// Lists, where a payment is looked for by our number.
pub(super) fn listed() -> Vec<Case> {
    let paid = || list(&[&intent()]);
    let other = || {
        let words = format!("{{\"paydesk_payment\":\"{}\"}}", other_reference());
        intent().set("metadata", &words)
    };
    let mut cases: Vec<Case> = Vec::new();
    let mut say = |name: &'static str, expect, body: String| {
        cases.push(case(name, Ask::Query, expect, move |_| reply(body.clone())));
    };
    say(
        "a list with two of ours",
        DOUBT,
        list(&[&intent(), &intent()]).text(),
    );
    say("a list of another's", "not found", list(&[&other()]).text());
    say("an empty list", "not found", list(&[]).text());
    say(
        "an empty list that goes on",
        DOUBT,
        list(&[]).set("has_more", "true").text(),
    );
    say(
        "a list that is none",
        DOUBT,
        paid().say("object", "search_result").text(),
    );
    say(
        "a list without a kind",
        DOUBT,
        paid().without("object").text(),
    );
    say(
        "a list that does not say its end",
        DOUBT,
        paid().without("has_more").text(),
    );
    say(
        "a list whose end is a text",
        DOUBT,
        paid().say("has_more", "false").text(),
    );
    say(
        "a list whose rows are an object",
        DOUBT,
        paid().set("data", &intent().text()).text(),
    );
    say("a list whose rows are lists", "doubt:|not found", {
        paid()
            .set("data", &format!("[[{}]]", intent().text()))
            .text()
    });
    say("the intent without its list", DOUBT, intent().text());
    say("a list with a page of ours in it", "doubt:|closed:", {
        list(&[&session(&intent()).say("id", SESSION)]).text()
    });
    for (name, member, raw) in WRONG {
        cases.push(case(
            format!("in a list, {name}"),
            Ask::Query,
            "doubt:|not found",
            move |_| reply(list(&[&intent().set(member, raw)]).text()),
        ));
    }
    for (name, raw) in SUMS {
        for member in ["amount", "amount_received"] {
            cases.push(case(
                format!("in a list, {member} {name}"),
                Ask::Query,
                DOUBT,
                move |_| reply(list(&[&intent().set(member, raw)]).text()),
            ));
        }
    }
    for (name, raw) in numbers() {
        cases.push(case(
            format!("in a list, reference {name}"),
            Ask::Query,
            "doubt:|not found",
            move |_| {
                let words = format!("{{\"paydesk_payment\":{raw}}}");
                reply(list(&[&intent().set("metadata", &words)]).text())
            },
        ));
    }
    for (name, _, change) in REFUND {
        cases.push(case(
            format!("in a list, {name}"),
            Ask::Query,
            "doubt:|not found",
            move |_| reply(list(&[&change(refund())]).text()),
        ));
    }
    cases
}
