//! Stripe's card readers: the exchanges that charge one, ask about it and end it.

use crate::{shop::said, stripe_answers::foreign_intent, stripe_shop::*};
use paydesk_channels::{CardReader, Channel as _, ListReaders, Operation, ReaderPage, stripe};
use paydesk_domain::{NotSent, Outcome, PaymentFact};
use paydesk_signing::WireReply;
use serde_json::{Value, json};

const PAID: &str = "paid 1999 received 1999 by pi_1";

/// Prepare, read the card, ask: each its own exchange, the intent durable before the reader is sent to it.
#[test]
fn a_reader_is_sent_to_an_intent_that_is_remembered() {
    let account = Account::test();
    let begun = drive(
        &account,
        create(at_reader()),
        vec![
            ok(&intent("requires_payment_method")),
            ok(&reader(Some("in_progress"))),
        ],
    );
    assert_eq!(
        begun.paths(),
        [
            "POST /v1/payment_intents",
            "POST /v1/terminal/readers/tmr_1/process_payment_intent"
        ]
    );
    assert_eq!(
        operations(&begun),
        [Operation::Prepare, Operation::ReadCard]
    );
    assert_eq!(begun.learned, [AT_READER_MADE]);
    assert_eq!(said(&begun.outcome), "awaiting use_reader");
    let sent = |answer: WireReply| {
        let first = ok(&intent("requires_payment_method"));
        said(&drive(&account, create(at_reader()), vec![first, answer]).outcome)
    };
    for (code, expected) in [
        (
            "terminal_reader_busy",
            "refused terminal_reader_busy TryAgain",
        ),
        (
            "terminal_reader_offline",
            "refused terminal_reader_offline TryAgain",
        ),
        (
            "terminal_reader_timeout",
            "unknown server_fault terminal_reader_timeout",
        ),
        (
            "terminal_reader_hardware_fault",
            "refused terminal_reader_hardware_fault FixSetup",
        ),
    ] {
        assert_eq!(sent(no(400, code)), expected);
    }
    assert_eq!(
        sent(ok(&reader(Some("failed")))),
        "refused card_declined AskPayer"
    );
    for object in [
        reader(None),
        changed(reader(Some("in_progress")), json!({"id": "tmr_2"})),
        changed(reader(Some("in_progress")), json!({"livemode": true})),
        changed(
            reader(Some("in_progress")),
            json!({"action": {"process_payment_intent": {"payment_intent": "pi_2"}}}),
        ),
    ] {
        assert_eq!(sent(ok(&object)), "unknown mismatch", "{object}");
    }
    // What is not the payment's intent sends no reader anywhere.
    for change in foreign_intent() {
        let object = changed(intent("requires_payment_method"), change);
        let driven = drive(&account, create(at_reader()), vec![ok(&object)]);
        assert_eq!(said(&driven.outcome), "unknown mismatch");
    }
    let refused = drive(
        &account,
        create(at_reader()),
        vec![no(400, "amount_too_small")],
    );
    assert_eq!(said(&refused.outcome), "refused amount_too_small GiveUp");
}

#[test]
fn of_a_reader_the_intent_decides_and_the_reader_says_what_it_waits_for() {
    let account = Account::test();
    let asked = |answers: Vec<WireReply>| drive(&account, query(Some(AT_READER_MADE)), answers);
    for (state, expected) in [
        ("succeeded", PAID),
        ("processing", "Processing(None)"),
        ("canceled", "closed closed"),
        ("novel", "unknown unreadable"),
    ] {
        let driven = asked(vec![ok(&intent(state))]);
        assert_eq!(said(&driven.outcome), expected);
        assert_eq!(driven.paths(), ["GET /v1/payment_intents/pi_1"]);
    }
    let held = asked(vec![ok(&intent("requires_capture"))]);
    assert!(matches!(payment(held.outcome), PaymentFact::Held(amount) if amount == usd(1999)));
    let idle = || ok(&intent("requires_payment_method"));
    let declined = || {
        let error = json!({"last_payment_error": {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}});
        ok(&changed(intent("requires_payment_method"), error))
    };
    let elsewhere = changed(
        reader(Some("in_progress")),
        json!({"action": {"process_payment_intent": {"payment_intent": "pi_2"}}}),
    );
    for (first, second, expected) in [
        (
            idle(),
            ok(&reader(Some("in_progress"))),
            "awaiting use_reader",
        ),
        // Nobody is asked for a card, and what sends the reader may still be on its way.
        (idle(), ok(&reader(None)), "not found"),
        (idle(), ok(&elsewhere), "not found"),
        (idle(), ok(&reader(Some("succeeded"))), "Processing(None)"),
        (
            idle(),
            ok(&reader(Some("failed"))),
            "closed refused card_declined",
        ),
        (
            declined(),
            ok(&reader(None)),
            "closed refused insufficient_funds",
        ),
        (
            declined(),
            ok(&elsewhere),
            "closed refused insufficient_funds",
        ),
        (
            declined(),
            ok(&reader(Some("failed"))),
            "closed refused insufficient_funds",
        ),
        // Another card is at the reader.
        (
            declined(),
            ok(&reader(Some("in_progress"))),
            "awaiting use_reader",
        ),
        // The reader is gone: what the intent said stands.
        (idle(), no(404, "resource_missing"), "not found"),
        (
            declined(),
            no(404, "resource_missing"),
            "closed refused insufficient_funds",
        ),
        (idle(), answer(500, &json!({})), "unknown server_fault 500"),
    ] {
        let driven = asked(vec![first, second]);
        assert_eq!(said(&driven.outcome), expected);
        assert_eq!(
            driven.paths(),
            [
                "GET /v1/payment_intents/pi_1",
                "GET /v1/terminal/readers/tmr_1"
            ]
        );
        // Nothing of it is remembered: the next query asks about the intent first, once more.
        assert!(driven.learned.is_empty());
    }
    for change in foreign_intent() {
        let driven = asked(vec![ok(&changed(intent("succeeded"), change))]);
        assert_eq!(said(&driven.outcome), "unknown mismatch");
    }
    let other = asked(vec![ok(&changed(
        intent("succeeded"),
        json!({"id": "pi_2"}),
    ))]);
    assert_eq!(said(&other.outcome), "unknown mismatch");
    let error = json!({"action": {"api_error": {"type": "card_error", "code": "card_declined", "decline_code": "stolen_card"}}});
    let failed = asked(vec![idle(), ok(&changed(reader(Some("failed")), error))]);
    assert_eq!(said(&failed.outcome), "closed refused stolen_card");
}

#[test]
fn a_reader_is_stopped_only_at_its_own_payment_and_then_the_intent_ends() {
    let account = Account::test();
    let ended = |answers: Vec<WireReply>| drive(&account, finish(Some(AT_READER_MADE)), answers);
    let (ask, stop, cancel) = (
        "GET /v1/terminal/readers/tmr_1",
        "POST /v1/terminal/readers/tmr_1/cancel_action",
        "POST /v1/payment_intents/pi_1/cancel",
    );
    let canceled = || ok(&intent("canceled"));
    let busy = || ok(&reader(Some("in_progress")));
    for stopped in [
        ok(&reader(None)),
        no(400, "terminal_reader_busy"),
        no(400, "terminal_reader_offline"),
    ] {
        let driven = ended(vec![busy(), stopped, canceled()]);
        assert_eq!(driven.paths(), [ask, stop, cancel]);
        assert_eq!(
            operations(&driven),
            [
                Operation::AskReader,
                Operation::StopReader,
                Operation::Close
            ]
        );
        assert_eq!(said(&driven.outcome), "closed closed");
    }
    let elsewhere = changed(
        reader(Some("in_progress")),
        json!({"action": {"process_payment_intent": {"payment_intent": "pi_2"}}}),
    );
    for free in [
        ok(&reader(None)),
        ok(&elsewhere),
        ok(&reader(Some("failed"))),
        no(404, "resource_missing"),
    ] {
        let driven = ended(vec![free, canceled()]);
        assert_eq!(driven.paths(), [ask, cancel]);
        assert_eq!(said(&driven.outcome), "closed closed");
    }
    let refused = || no(400, "payment_intent_unexpected_state");
    let paid = ended(vec![
        busy(),
        no(400, "terminal_reader_busy"),
        refused(),
        ok(&intent("succeeded")),
    ]);
    assert_eq!(said(&paid.outcome), PAID);
    assert_eq!(paid.paths().last().unwrap(), "GET /v1/payment_intents/pi_1");
    for state in ["processing", "requires_payment_method"] {
        let driven = ended(vec![ok(&reader(None)), refused(), ok(&intent(state))]);
        let PaymentFact::EndRefused(refusal) = payment(driven.outcome) else {
            panic!()
        };
        assert_eq!(refusal.code, "payment_intent_unexpected_state");
    }
    let goes_on = ended(vec![
        ok(&reader(None)),
        ok(&intent("requires_payment_method")),
    ]);
    assert_eq!(said(&goes_on.outcome), "unknown mismatch");
}

/// The list of readers as an account is asked for it.
fn listed(account: &Account, answer: WireReply) -> Outcome<ReaderPage> {
    let connector = stripe::CONNECTOR;
    let readers = connector.card_readers().unwrap();
    let cx = account.cx();
    let first = readers.encode(&ListReaders { after: None }, &cx).unwrap();
    assert_eq!(first.operation, Operation::ListReaders);
    let proof = connector.authenticate(first.operation, answer, &cx);
    match readers.decode(&ListReaders { after: None }, &proof.unwrap(), &cx) {
        Outcome::Done(answer) => Outcome::Done(answer.fact),
        Outcome::Refused(refusal) => Outcome::Refused(refusal),
        Outcome::Unknown(doubt) => Outcome::Unknown(doubt),
    }
}

fn readers(rows: Vec<Value>, has_more: bool) -> Value {
    json!({"object": "list", "url": "/v1/terminal/readers", "data": rows, "has_more": has_more})
}

#[test]
fn the_readers_of_an_account_are_listed_page_by_page() {
    let account = Account::test();
    let named = changed(
        reader(None),
        json!({"label": " Bar\u{7} ", "device_type": "simulated_wisepos_e", "status": "online"}),
    );
    let bare = changed(
        reader(None),
        json!({"id": "tmr_2", "label": null, "device_type": "x y", "status": "offline"}),
    );
    let Outcome::Done(page) = listed(&account, ok(&readers(vec![named, bare], true))) else {
        panic!("a page")
    };
    let known = |id: &str, name: &str, model: &str, is_online| CardReader {
        id: id.to_owned(),
        name: name.to_owned(),
        model: model.to_owned(),
        is_online,
    };
    assert_eq!(
        page.readers,
        [
            known("tmr_1", "Bar", "simulated_wisepos_e", true),
            known("tmr_2", "tmr_2", "", false)
        ]
    );
    assert_eq!(page.after.as_deref(), Some("tmr_2"));
    let connector = stripe::CONNECTOR;
    let asked = |after: Option<&str>| {
        let after = after.map(str::to_owned);
        let part = connector.card_readers().unwrap();
        part.encode(&ListReaders { after }, &account.cx()).unwrap()
    };
    let first = asked(None);
    assert_eq!(
        (first.method, first.url.as_str()),
        (
            "GET",
            "https://api.stripe.com/v1/terminal/readers?limit=100"
        )
    );
    assert!(asked(Some("tmr_2")).url.ends_with("&starting_after=tmr_2"));
    let Outcome::Done(end) = listed(&account, ok(&readers(Vec::new(), false))) else {
        panic!("an empty page")
    };
    assert_eq!((end.readers.len(), end.after), (0, None));
    // A key of the other mode asks nobody.
    let live = Account::with_key("sk_live_1", true);
    let part = connector.card_readers().unwrap();
    let refused = part.encode(&ListReaders { after: None }, &live.cx());
    assert!(matches!(refused, Err(NotSent::Unsendable { .. })));
}

#[test]
fn a_list_of_readers_that_cannot_be_one_is_none() {
    let account = Account::test();
    let row = |change| changed(reader(None), change);
    for (lie, said) in [
        (
            readers(vec![row(json!({"livemode": true}))], false),
            "Mismatch",
        ),
        (
            readers(vec![row(json!({"id": "tmr_../x"}))], false),
            "Unreadable",
        ),
        (
            readers(vec![row(json!({"id": "pi_1"}))], false),
            "Unreadable",
        ),
        (
            readers(vec![row(json!({"object": "payment_intent"}))], false),
            "Unreadable",
        ),
        (readers(Vec::new(), true), "Unreadable"),
        (
            json!({"object": "list", "data": {}, "has_more": false}),
            "Unreadable",
        ),
        (reader(None), "Unreadable"),
    ] {
        let Outcome::Unknown(doubt) = listed(&account, ok(&lie)) else {
            panic!("{lie}")
        };
        assert_eq!(format!("{doubt:?}"), said, "{lie}");
    }
    let Outcome::Refused(refusal) = listed(&account, no(403, "more_permissions_required")) else {
        panic!("a missing right")
    };
    assert_eq!(refusal.code, "more_permissions_required");
}
