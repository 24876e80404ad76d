//! Stripe's card readers: the exchanges that charge one, ask about it and end it.

use crate::{shop::said, stripe_answers::foreign_intent, stripe_shop::*};
use paydesk_channels::Operation;
use paydesk_domain::PaymentFact;
use paydesk_signing::WireReply;
use serde_json::json;

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
        (idle(), ok(&reader(None)), "awaiting use_reader"),
        (idle(), ok(&elsewhere), "awaiting use_reader"),
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
        // Another card is at the reader.
        (
            declined(),
            ok(&reader(Some("in_progress"))),
            "awaiting use_reader",
        ),
        // The reader is gone: what the intent said stands.
        (idle(), no(404, "resource_missing"), "awaiting use_reader"),
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
