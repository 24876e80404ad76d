//! Stripe's refunds: what each answer is taken to mean, and those that are too old to be sent again.

use crate::{
    shop::{NOW, said_of_refund},
    stripe_shop::*,
};
use paydesk_domain::{ChannelRef, RefundFact, Timestamp};
use paydesk_signing::WireReply;
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000;

#[test]
fn a_refund_says_how_it_stands() {
    let account = Account::test();
    let given =
        |object: &Value| said_of_refund(&drive(&account, refund(), vec![ok(object)]).outcome);
    let asked = |object: &Value| {
        let page = list(std::slice::from_ref(object), false);
        said_of_refund(&drive(&account, query_refund(), vec![ok(&page)]).outcome)
    };
    let failed = |reason: &str| changed(refund_object("failed"), json!({"failure_reason": reason}));
    for (object, expected) in [
        (refund_object("pending"), "accepted"),
        (refund_object("requires_action"), "accepted"),
        (refund_object("succeeded"), "done re_1 true"),
        (
            refund_object("canceled"),
            "failed refund_canceled NewReference",
        ),
        (refund_object("failed"), "failed refund.unknown ByHand"),
        (
            failed("lost_or_stolen_card"),
            "failed refund.lost_or_stolen_card ByHand",
        ),
        (
            failed("insufficient_funds"),
            "failed refund.insufficient_funds NewReference",
        ),
        (failed("novel_reason"), "failed refund.novel_reason ByHand"),
        (refund_object("novel"), "unknown unreadable"),
    ] {
        assert_eq!(given(&object), expected);
        assert_eq!(asked(&object), expected);
    }
    for change in [
        json!({"amount": 801}),
        json!({"currency": "eur"}),
        json!({"payment_intent": "pi_2"}),
        json!({"payment_intent": null}),
        json!({"metadata": {"paydesk_payment": "x"}}),
        json!({"charge": {"livemode": true}}),
        json!({"object": "charge"}),
        json!({"id": "a/b"}),
    ] {
        let object = changed(refund_object("succeeded"), change);
        assert_eq!(given(&object), "unknown mismatch", "{object}");
        assert_eq!(asked(&object), "unknown mismatch", "{object}");
    }
    // Another refund of the payment, of the same sum even, is another.
    let other = changed(
        refund_object("succeeded"),
        json!({"metadata": {"paydesk_refund": "x"}}),
    );
    assert_eq!(given(&other), "unknown mismatch");
    assert_eq!(asked(&other), "not found");
}

#[test]
fn a_refund_is_looked_for_through_every_page() {
    let account = Account::test();
    let other = changed(
        refund_object("succeeded"),
        json!({"metadata": {"paydesk_refund": "x"}, "id": "re_9"}),
    );
    let driven = drive(
        &account,
        query_refund(),
        vec![
            ok(&list(std::slice::from_ref(&other), true)),
            ok(&list(&[refund_object("pending")], true)),
        ],
    );
    assert_eq!(driven.paths(), ["GET /v1/refunds", "GET /v1/refunds"]);
    assert!(driven.sent[1].url.contains("starting_after=re_9"));
    assert_eq!(said_of_refund(&driven.outcome), "accepted");
    let mut by_id = query_refund();
    by_id.refund.channel_ref = Some(ChannelRef("re_1".to_owned()));
    let driven = drive(&account, by_id, vec![ok(&refund_object("failed"))]);
    assert_eq!(driven.paths(), ["GET /v1/refunds/re_1"]);
    assert!(matches!(
        refund_fact(driven.outcome),
        RefundFact::Failed(..)
    ));
}

#[test]
fn a_refund_that_is_refused_or_too_old() {
    let account = Account::test();
    let given =
        |answer: WireReply| said_of_refund(&drive(&account, refund(), vec![answer]).outcome);
    for (status, code, expected) in [
        (
            400,
            "balance_insufficient",
            "refused balance_insufficient FixSetup",
        ),
        (
            400,
            "charge_already_refunded",
            "refused charge_already_refunded GiveUp",
        ),
        (400, "charge_disputed", "refused charge_disputed GiveUp"),
        (429, "rate_limit", "refused rate_limit TryAgain"),
        (
            409,
            "idempotency_key_in_use",
            "unknown server_fault idempotency_key_in_use",
        ),
        (429, "lock_timeout", "unknown server_fault lock_timeout"),
        (400, "novel", "unknown server_fault novel"),
        (500, "api_error", "unknown server_fault api_error"),
    ] {
        assert_eq!(given(no(status, code)), expected);
    }
    let later = Timestamp(NOW.0 + 24 * HOUR);
    let old = |page: &Value| {
        let driven = drive_at(&account, refund(), vec![ok(page)], later);
        assert_eq!(driven.paths(), ["GET /v1/refunds"]);
        said_of_refund(&driven.outcome)
    };
    assert_eq!(
        old(&list(&[refund_object("succeeded")], false)),
        "done re_1 true"
    );
    assert_eq!(old(&list(&[], false)), "refused refund_stale TryAgain");
    let other = changed(
        refund_object("succeeded"),
        json!({"metadata": {"paydesk_refund": "x"}}),
    );
    assert_eq!(old(&list(&[other], true)), "unknown no_reply");
}
