//! Stripe: what each believed answer is taken to mean, and how a call of several exchanges goes.

use crate::{
    shop::{NOW, reference, reply, said},
    stripe_shop::*,
};
use paydesk_channels::{Call, Exchange, Payments, Tender, stripe};
use paydesk_domain::{ChannelRef, PayerAction, PaymentFact, Timestamp};
use paydesk_signing::{Peer, WireReply};
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000;
const PAID: &str = "paid 1999 received 1999 by pi_1";

/// What binds a page to its payment, and another's.
fn foreign_page() -> Vec<Value> {
    vec![
        json!({"client_reference_id": "x"}),
        json!({"amount_total": 1998}),
        json!({"amount_total": null}),
        json!({"currency": "eur"}),
        json!({"currency": "USD"}),
        json!({"livemode": true}),
        json!({"livemode": null}),
        json!({"mode": "setup"}),
        json!({"object": "payment_link"}),
        json!({"id": "pi_1"}),
    ]
}

/// The same of an intent.
pub(crate) fn foreign_intent() -> Vec<Value> {
    vec![
        json!({"metadata": {"paydesk_payment": "x"}}),
        json!({"metadata": null}),
        json!({"amount": 1998}),
        json!({"currency": "eur"}),
        json!({"livemode": true}),
        json!({"livemode": null}),
        json!({"object": "setup_intent"}),
        json!({"id": "seti_1"}),
    ]
}

#[test]
fn a_page_is_shown_and_remembered() {
    let account = Account::test();
    let shown = |object: &Value| drive(&account, create(Tender::ShowCode), vec![ok(object)]);
    let made = shown(&session("open", "unpaid"));
    assert_eq!(made.learned, [SHOWN_MADE]);
    let PaymentFact::Awaiting(PayerAction::ShowCode { text, .. }, until) = payment(made.outcome)
    else {
        panic!()
    };
    assert!(text.starts_with("https://checkout.stripe.com/"));
    assert_eq!(until, Timestamp(NOW.0 + 300_000));
    for change in foreign_page() {
        let object = changed(session("open", "unpaid"), change.clone());
        assert_eq!(
            said(&shown(&object).outcome),
            "unknown mismatch",
            "{change}"
        );
    }
    let without = changed(session("open", "unpaid"), json!({"url": null}));
    assert_eq!(said(&shown(&without).outcome), "unknown unreadable");
    // A live account's payers are led to a page by TLS, and no further.
    let live = Account::with_key("sk_live_1", false);
    let page = |url: &str| {
        let object = changed(
            session("open", "unpaid"),
            json!({"livemode": true, "url": url}),
        );
        said(&drive(&live, create(Tender::ShowCode), vec![ok(&object)]).outcome)
    };
    assert_eq!(page("https://pay.shop.example/c/1"), "awaiting show_code");
    for wrong in [
        "http://checkout.stripe.com/c",
        "javascript:x",
        "https://a b",
    ] {
        assert_eq!(page(wrong), "unknown unreadable", "{wrong}");
    }
}

#[test]
fn a_page_says_how_the_payment_stands() {
    let account = Account::test();
    let asked = |object: &Value| {
        let driven = drive(&account, query(Some(SHOWN_MADE)), vec![ok(object)]);
        assert_eq!(driven.paths(), ["GET /v1/checkout/sessions/cs_test_1"]);
        said(&driven.outcome)
    };
    assert_eq!(asked(&session("open", "unpaid")), "awaiting show_code");
    assert_eq!(asked(&session("expired", "unpaid")), "closed expired");
    assert_eq!(asked(&session("complete", "paid")), PAID);
    let processing = session("complete", "unpaid");
    assert_eq!(asked(&processing), "Processing(None)");
    let failed = changed(
        processing.clone(),
        json!({"payment_intent": {"status": "requires_payment_method",
            "last_payment_error": {"type": "card_error", "code": "card_declined", "decline_code": "do_not_honor"}}}),
    );
    assert_eq!(asked(&failed), "closed refused do_not_honor");
    for (status, payment_status) in [
        ("complete", "no_payment_required"),
        ("expired", "paid"),
        ("novel", "unpaid"),
    ] {
        assert_eq!(
            asked(&session(status, payment_status)),
            "unknown unreadable"
        );
    }
    for change in foreign_page() {
        for object in [session("complete", "paid"), session("expired", "unpaid")] {
            assert_eq!(asked(&changed(object, change.clone())), "unknown mismatch");
        }
    }
    let other = changed(session("complete", "paid"), json!({"id": "cs_test_2"}));
    assert_eq!(asked(&other), "unknown mismatch");
    // The page's word alone is not enough: its intent must be the payment's, and all of it must have come.
    for change in foreign_intent() {
        let object = json!({"payment_intent": change});
        let object = changed(session("complete", "paid"), object);
        assert_eq!(asked(&object), "unknown mismatch", "{change}");
    }
    for change in [
        json!({"amount_received": 1998}),
        json!({"amount_received": null}),
        json!({"latest_charge": {"livemode": true}}),
    ] {
        let object = changed(
            session("complete", "paid"),
            json!({"payment_intent": change}),
        );
        assert_eq!(asked(&object), "unknown mismatch", "{change}");
    }
    let bare = changed(
        session("complete", "paid"),
        json!({"payment_intent": "pi_1"}),
    );
    assert_eq!(asked(&bare), "unknown unreadable");
    let behind = changed(
        session("complete", "paid"),
        json!({"payment_intent": {"status": "processing"}}),
    );
    assert_eq!(asked(&behind), "Processing(None)");
}

#[test]
fn what_the_channel_says_of_a_paid_payment_is_kept() {
    let account = Account::test();
    let driven = drive(
        &account,
        query(Some(SHOWN_MADE)),
        vec![ok(&session("complete", "paid"))],
    );
    let PaymentFact::Paid(paid) = payment(driven.outcome) else {
        panic!()
    };
    assert_eq!(paid.at, Timestamp((NOW.0 / 1000 + 30) * 1000));
    assert_eq!(paid.payer.as_deref(), Some("visa **** 4242"));
    assert_eq!(paid.channel_ref, ChannelRef("pi_1".to_owned()));
}

/// A lost answer: the same key again, which brings the first answer or makes the page now.
#[test]
fn a_page_whose_answer_was_lost_is_found_under_its_key() {
    let account = Account::test();
    let found = drive(
        &account,
        query(Some(SHOWN)),
        vec![ok(&session("open", "unpaid"))],
    );
    assert_eq!(found.paths(), ["POST /v1/checkout/sessions"]);
    assert_eq!(found.learned, [SHOWN_MADE]);
    assert_eq!(said(&found.outcome), "awaiting show_code");
    // The channel keeps its own faults under a key, and answers another request under it with a no: then it is listed.
    let differs = json!({"error": {"type": "idempotency_error", "message": "m"}});
    for lost in [answer(500, &json!({})), answer(400, &differs)] {
        let mut row = session("open", "unpaid");
        let other = changed(
            row.clone(),
            json!({"client_reference_id": "other", "id": "cs_test_9"}),
        );
        row["created"] = json!(NOW.0 / 1000 + 1);
        let found = drive(
            &account,
            query(Some(SHOWN)),
            vec![
                lost,
                ok(&list(std::slice::from_ref(&other), true)),
                ok(&list(&[other, row], true)),
            ],
        );
        assert_eq!(
            found.paths(),
            [
                "POST /v1/checkout/sessions",
                "GET /v1/checkout/sessions",
                "GET /v1/checkout/sessions"
            ]
        );
        assert!(found.sent[2].url.contains("starting_after=cs_test_9"));
        assert_eq!(found.learned, [SHOWN_MADE]);
        assert_eq!(said(&found.outcome), "awaiting show_code");
    }
}

/// The list is the newest first: behind pages from before the payment there is nothing of it.
#[test]
fn a_list_is_read_to_the_beginning_of_the_payment_and_no_further() {
    let account = Account::test();
    let row = |seconds: i64| {
        changed(
            session("open", "unpaid"),
            json!({"client_reference_id": "other", "created": NOW.0 / 1000 + seconds}),
        )
    };
    let lost = || answer(500, &json!({}));
    let old = drive(
        &account,
        query(Some(SHOWN)),
        vec![lost(), ok(&list(&[row(10), row(-301)], true))],
    );
    assert_eq!(said(&old.outcome), "not found");
    let end = drive(
        &account,
        query(Some(SHOWN)),
        vec![lost(), ok(&list(&[row(-299)], true)), ok(&list(&[], false))],
    );
    assert_eq!(said(&end.outcome), "not found");
    // A page without rows that goes on, and two of one payment, decide nothing.
    let twice = list(
        &[session("open", "unpaid"), session("expired", "unpaid")],
        false,
    );
    for (page, expected) in [
        (list(&[], true), "unknown unreadable"),
        (twice, "unknown mismatch"),
        (json!({"object": "list"}), "unknown unreadable"),
    ] {
        let driven = drive(&account, query(Some(SHOWN)), vec![lost(), ok(&page)]);
        assert_eq!(said(&driven.outcome), expected);
    }
}

#[test]
fn an_old_payment_whose_answer_was_lost_is_found_by_its_metadata() {
    let account = Account::test();
    let later = Timestamp(NOW.0 + 24 * HOUR);
    let asked =
        |memo: Option<&str>, pages: Vec<WireReply>| drive_at(&account, query(memo), pages, later);
    let other = changed(
        intent("succeeded"),
        json!({"metadata": {"paydesk_payment": "x"}, "id": "pi_9"}),
    );
    for memo in [None, Some(SHOWN)] {
        let found = asked(
            memo,
            vec![
                ok(&list(std::slice::from_ref(&other), true)),
                ok(&list(&[intent("succeeded")], false)),
            ],
        );
        assert_eq!(said(&found.outcome), PAID);
        assert!(found.sent[1].url.contains("starting_after=pi_9"));
        assert!(found.sent.iter().all(|one| one.method == "GET"));
        let none = asked(memo, vec![ok(&list(&[], false))]);
        assert_eq!(said(&none.outcome), "not found");
        let open = asked(memo, vec![ok(&list(&[intent("requires_action")], false))]);
        assert_eq!(said(&open.outcome), "closed expired");
    }
    // A reader's intent goes on living: it is remembered, and asked about.
    let idle = intent("requires_payment_method");
    let found = asked(
        Some(AT_READER),
        vec![
            ok(&list(std::slice::from_ref(&idle), false)),
            ok(&idle),
            ok(&reader(None)),
        ],
    );
    assert_eq!(found.learned, [AT_READER_MADE]);
    assert_eq!(said(&found.outcome), "not found");
}

#[test]
fn a_no_to_the_same_request_says_that_nothing_was_made() {
    let account = Account::test();
    let asked = |memo: &str, answer: WireReply| {
        said(&drive(&account, query(Some(memo)), vec![answer]).outcome)
    };
    for memo in [SHOWN, AT_READER] {
        assert_eq!(
            asked(memo, no(400, "amount_too_small")),
            "closed refused amount_too_small"
        );
        // A right, a key, a limit of calls, a code nobody knows: nothing is said of the payment.
        for (status, code) in [
            (401, "api_key_expired"),
            (403, "more_permissions_required"),
            (429, "rate_limit"),
            (409, "idempotency_key_in_use"),
            (400, "novel"),
            (404, "resource_missing"),
        ] {
            let expected = format!("unknown server_fault {code}");
            assert_eq!(asked(memo, no(status, code)), expected);
        }
    }
}

#[test]
fn a_page_is_ended_and_asked_about_when_it_would_not_end() {
    let account = Account::test();
    let ended = |answers: Vec<WireReply>| drive(&account, finish(Some(SHOWN_MADE)), answers);
    let expire = "POST /v1/checkout/sessions/cs_test_1/expire";
    let over = ended(vec![ok(&session("expired", "unpaid"))]);
    assert_eq!(over.paths(), [expire]);
    assert_eq!(said(&over.outcome), "closed expired");
    // It answers an ending and goes on: another call's answer.
    let open = ended(vec![ok(&session("open", "unpaid"))]);
    assert_eq!(said(&open.outcome), "unknown mismatch");
    for (object, expected) in [
        (session("complete", "paid"), PAID),
        (session("expired", "unpaid"), "closed expired"),
    ] {
        let driven = ended(vec![no(400, "invalid_request_error"), ok(&object)]);
        assert_eq!(said(&driven.outcome), expected);
        assert_eq!(
            driven.paths(),
            [expire, "GET /v1/checkout/sessions/cs_test_1"]
        );
    }
    for object in [session("open", "unpaid"), session("complete", "unpaid")] {
        let driven = ended(vec![no(400, "invalid_request_error"), ok(&object)]);
        let fact = payment(driven.outcome);
        assert!(matches!(fact, PaymentFact::EndRefused(_)), "{fact:?}");
    }
    for (status, expected) in [
        (500, "unknown server_fault 500"),
        (429, "unknown server_fault rate_limit"),
    ] {
        let error = json!({"error": {"type": "invalid_request_error"}});
        let body = if status == 500 { json!({}) } else { error };
        assert_eq!(said(&ended(vec![answer(status, &body)]).outcome), expected);
    }
}

#[test]
fn what_was_never_heard_of_is_found_before_it_is_ended() {
    let account = Account::test();
    let driven = drive(
        &account,
        finish(Some(SHOWN)),
        vec![
            ok(&session("open", "unpaid")),
            ok(&session("expired", "unpaid")),
        ],
    );
    assert_eq!(
        driven.paths(),
        [
            "POST /v1/checkout/sessions",
            "POST /v1/checkout/sessions/cs_test_1/expire"
        ]
    );
    assert_eq!(driven.learned.first().map(String::as_str), Some(SHOWN_MADE));
    assert_eq!(said(&driven.outcome), "closed expired");
    let nowhere = drive(
        &account,
        finish(Some(SHOWN)),
        vec![answer(500, &json!({})), ok(&list(&[], false))],
    );
    assert_eq!(said(&nowhere.outcome), "closed never_existed");
    let later = Timestamp(NOW.0 + 30 * HOUR);
    let paid = drive_at(
        &account,
        finish(Some(SHOWN)),
        vec![ok(&list(&[intent("succeeded")], false))],
        later,
    );
    assert_eq!(said(&paid.outcome), PAID);
    let reader_gone = drive(
        &account,
        finish(Some(AT_READER)),
        vec![
            ok(&intent("requires_payment_method")),
            ok(&reader(None)),
            ok(&intent("canceled")),
        ],
    );
    assert_eq!(
        reader_gone.paths(),
        [
            "POST /v1/payment_intents",
            "GET /v1/terminal/readers/tmr_1",
            "POST /v1/payment_intents/pi_1/cancel"
        ]
    );
    assert_eq!(said(&reader_gone.outcome), "closed closed");
}

/// Whatever the status: the channel says itself whether a request may go out again, so that it decided nothing.
#[test]
fn the_channels_word_about_sending_again_comes_first() {
    let account = Account::test();
    let mut may = no(402, "card_declined");
    may.headers
        .push(("stripe-should-retry".to_owned(), "true".to_owned()));
    let outcome = drive(&account, create(Tender::ShowCode), vec![may]).outcome;
    assert_eq!(said(&outcome), "unknown server_fault card_declined");
    let mut must_not = answer(500, &json!({}));
    must_not
        .headers
        .push(("Stripe-Should-Retry".to_owned(), "false".to_owned()));
    let outcome = drive(&account, create(Tender::ShowCode), vec![must_not]).outcome;
    assert_eq!(said(&outcome), "unknown server_fault 500");
}

#[test]
fn what_is_no_answer_decides_nothing() {
    let account = Account::test();
    let host = |status, body: &str| WireReply {
        peer: Peer::TlsHost("api.stripe.com".to_owned()),
        ..reply(status, &[], body.to_owned())
    };
    let open = session("open", "unpaid").to_string();
    for (answer, expected) in [
        (host(200, ""), "unknown unreadable"),
        (host(200, "<html>"), "unknown unreadable"),
        (host(200, "[]"), "unknown unreadable"),
        (host(200, &open[..open.len() - 1]), "unknown unreadable"),
        (host(302, &open), "unknown unreadable"),
        (host(400, "{}"), "unknown unreadable"),
        (host(502, "<html>"), "unknown server_fault 502"),
        (
            host(200, r#"{"error":{"code":"card_declined"}}"#),
            "unknown unreadable",
        ),
        (
            host(401, r#"{"error":{"type":"invalid_request_error"}}"#),
            "refused api_key_invalid FixSetup",
        ),
        (
            host(402, r#"{"error":{"code":"<b>"}}"#),
            "unknown server_fault 402",
        ),
    ] {
        let driven = drive(&account, create(Tender::ShowCode), vec![answer]);
        assert_eq!(said(&driven.outcome), expected);
    }
}

/// Every step of every call, answered with a genuine answer to another one: never money, never an end.
#[test]
fn a_genuine_answer_to_another_call_concludes_nothing_false() {
    let account = Account::test();
    let others = [
        reader(Some("in_progress")),
        reader(None),
        refund_object("succeeded"),
        charge(),
        list(&[], false),
        list(&[refund_object("succeeded")], false),
    ];
    let connector = &stripe::CONNECTOR;
    fn check<C: Call<Fact = PaymentFact>>(account: &Account, call: C, answer: &Value)
    where
        stripe::Stripe: Exchange<C>,
    {
        let connector = &stripe::CONNECTOR;
        let cx = account.cx();
        let request = connector.encode(&call, &cx).unwrap();
        let proof =
            paydesk_channels::Channel::authenticate(connector, request.operation, ok(answer), &cx);
        let proof = proof.unwrap();
        if Exchange::<C>::further(connector, &call, &proof, &cx).is_some() {
            return;
        }
        let found = said(&connector.decode(&call, &proof, &cx));
        assert!(found.starts_with("unknown"), "{found}: {answer}");
    }
    for other in &others {
        check(&account, create(Tender::ShowCode), other);
        check(&account, create(at_reader()), other);
        check(&account, query(Some(SHOWN_MADE)), other);
        check(&account, query(Some(SHOWN)), other);
        check(&account, finish(Some(SHOWN_MADE)), other);
    }
    let memo = connector.before(&at_reader(), "门店").unwrap();
    assert_eq!(memo.0, AT_READER);
    assert_ne!(reference().as_str(), "");
}
