//! Stripe's reader, driven by the server, and the customers who stand in front of it.

use paydesk_sandbox::Behaviour;
use serde_json::json;

use crate::shop::Shop;
use crate::stripe_till::fresh_key;

#[tokio::test]
async fn a_card_is_presented_and_the_intent_is_paid() {
    let shop = Shop::open().await;
    let reader = shop.stripe_reader();
    let id = shop.stripe_for_reader("READ1", "1000").await;
    let process = format!("{reader}/process_payment_intent");
    let pairs = [
        ("payment_intent", id.as_str()),
        ("process_config[skip_tipping]", "true"),
    ];
    let busy = shop.stripe_do(&process, &pairs).await;
    assert_eq!(busy["action"]["status"], "in_progress");
    assert_eq!(
        busy["action"]["process_payment_intent"]["payment_intent"],
        id
    );
    let other = shop.stripe_for_reader("READ2", "500").await;
    let refused = shop
        .stripe_refused(&process, &[("payment_intent", &other)])
        .await;
    assert_eq!(refused, (400, "terminal_reader_busy".to_owned()));
    let own = &shop.merchant().stripe.reader;
    let present = format!("/v1/test_helpers/terminal/readers/{own}/present_payment_method");
    let declined = shop
        .stripe_do(&present, &[("card_present[number]", "4000000000009995")])
        .await;
    assert_eq!(
        (
            &declined["action"]["status"],
            &declined["action"]["failure_code"]
        ),
        (&json!("failed"), &json!("card_declined"))
    );
    let intent = shop.stripe_get(&format!("/v1/payment_intents/{id}")).await;
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!(
        intent["last_payment_error"]["decline_code"],
        "insufficient_funds"
    );
    shop.stripe_do(&process, &pairs).await;
    shop.stripe_do(&present, &[("card_present[number]", "6200000000000005")])
        .await;
    let done = shop.stripe_get(&reader).await;
    assert_eq!(done["action"]["status"], "succeeded");
    assert!(
        done["last_seen_at"].as_i64().unwrap() > 1_700_000_000_000,
        "milliseconds"
    );
    let target = format!("/v1/payment_intents/{id}?expand[0]=latest_charge");
    let paid = shop.stripe_get(&target).await;
    let details = &paid["latest_charge"]["payment_method_details"]["card_present"];
    assert_eq!(
        (&paid["status"], &details["brand"], &details["last4"]),
        (&json!("succeeded"), &json!("unionpay"), &json!("0005"))
    );
    assert_eq!(shop.stripe_balance("HKD"), 1_000);
}

#[tokio::test]
async fn the_amount_decides_for_a_test_card() {
    let shop = Shop::open().await;
    let reader = shop.stripe_reader();
    let own = &shop.merchant().stripe.reader;
    let present = format!("/v1/test_helpers/terminal/readers/{own}/present_payment_method");
    for (amount, decline) in [
        ("1000", None),
        ("1001", Some("call_issuer")),
        ("1005", Some("generic_decline")),
        ("1055", Some("incorrect_pin")),
        ("1065", Some("withdrawal_count_limit_exceeded")),
        ("1075", Some("pin_try_exceeded")),
    ] {
        let id = shop
            .stripe_for_reader(&format!("AMOUNT{amount}"), amount)
            .await;
        shop.stripe_do(
            &format!("{reader}/process_payment_intent"),
            &[("payment_intent", &id)],
        )
        .await;
        shop.stripe_do(&present, &[]).await;
        let intent = shop.stripe_get(&format!("/v1/payment_intents/{id}")).await;
        assert_eq!(
            intent["last_payment_error"]["decline_code"].as_str(),
            decline,
            "{amount}"
        );
        let status = if decline.is_none() {
            "succeeded"
        } else {
            "requires_payment_method"
        };
        assert_eq!(intent["status"], status);
    }
}

#[tokio::test]
async fn an_unreachable_reader_starts_nothing() {
    let shop = Shop::open().await;
    let reader = shop.stripe_reader();
    shop.sandbox.set_reader(false, None).unwrap();
    let id = shop.stripe_for_reader("OFF1", "1000").await;
    let refused = shop
        .stripe_refused(
            &format!("{reader}/process_payment_intent"),
            &[("payment_intent", &id)],
        )
        .await;
    assert_eq!(refused, (400, "terminal_reader_offline".to_owned()));
    let told = shop.stripe_get(&reader).await;
    assert_eq!(
        (&told["status"], told["action"].is_null()),
        (&json!("offline"), true)
    );
    let intent = shop.stripe_get(&format!("/v1/payment_intents/{id}")).await;
    assert_eq!(intent["status"], "requires_payment_method");
}

#[tokio::test]
async fn a_waiting_reader_is_called_off_and_an_authorising_one_is_not() {
    let shop = Shop::open().await;
    let reader = shop.stripe_reader();
    let process = format!("{reader}/process_payment_intent");
    let id = shop.stripe_for_reader("STOP1", "1000").await;
    shop.stripe_do(&process, &[("payment_intent", &id)]).await;
    let free = shop
        .stripe_do(&format!("{reader}/cancel_action"), &[])
        .await;
    assert!(free["action"].is_null());
    shop.stripe_do(&format!("/v1/payment_intents/{id}/cancel"), &[])
        .await;
    shop.sandbox
        .set_reader(true, Some(Behaviour::PaysAfterPassword))
        .unwrap();
    let id = shop.stripe_for_reader("STOP2", "1000").await;
    shop.stripe_do(&process, &[("payment_intent", &id)]).await;
    let busy = shop
        .stripe_refused(&format!("{reader}/cancel_action"), &[])
        .await;
    assert_eq!(busy, (400, "terminal_reader_busy".to_owned()));
    assert_eq!(
        shop.stripe_refused(&format!("/v1/payment_intents/{id}/cancel"), &[])
            .await
            .0,
        400
    );
    shop.pass(6_000);
    assert_eq!(
        shop.stripe_get(&reader).await["action"]["status"],
        "succeeded"
    );
    assert_eq!(shop.stripe_balance("HKD"), 1_000);
}

#[tokio::test]
async fn every_customer_stands_at_a_reader() {
    for (customer, passes_ms, status) in [
        (Behaviour::Pays, 0, "succeeded"),
        (Behaviour::PaysAfterPassword, 6_000, "succeeded"),
        (Behaviour::RefusesPassword, 6_000, "requires_payment_method"),
        (Behaviour::NoBalance, 0, "requires_payment_method"),
        (Behaviour::ExpiredCode, 0, "requires_payment_method"),
        (Behaviour::NoAnswerPaid, 0, "succeeded"),
        (Behaviour::NoAnswerUnpaid, 0, "requires_payment_method"),
        (Behaviour::AnswersTwice, 0, "succeeded"),
        (Behaviour::PaysLate, 400, "succeeded"),
        (Behaviour::PaysAfterReverse, 0, "requires_payment_method"),
    ] {
        let shop = Shop::open().await;
        let reader = shop.stripe_reader();
        shop.sandbox.set_reader(true, Some(customer)).unwrap();
        let id = shop.stripe_for_reader("CUST1", "1000").await;
        let process = format!("{reader}/process_payment_intent");
        let pairs = [("payment_intent", id.as_str())];
        let answer = shop.stripe_try(&process, &pairs, &fresh_key()).await;
        let is_silent = matches!(
            customer,
            Behaviour::NoAnswerPaid | Behaviour::NoAnswerUnpaid | Behaviour::PaysAfterReverse
        );
        assert_eq!(answer.is_err(), is_silent, "{customer:?}");
        shop.pass(passes_ms);
        let intent = shop.stripe_get(&format!("/v1/payment_intents/{id}")).await;
        assert_eq!(intent["status"], status, "{customer:?}");
        let paid = if status == "succeeded" { 1_000 } else { 0 };
        assert_eq!(shop.stripe_balance("HKD"), paid, "{customer:?}");
        if customer == Behaviour::PaysAfterReverse {
            let cancel = format!("{reader}/cancel_action");
            assert_eq!(
                shop.stripe_refused(&cancel, &[]).await,
                (400, "terminal_reader_busy".to_owned())
            );
            shop.pass(3_000);
            let intent = shop.stripe_get(&format!("/v1/payment_intents/{id}")).await;
            assert_eq!(
                intent["status"], "succeeded",
                "the card was put down just then"
            );
        }
    }
}

/// Whoever takes time at a reader pays no sooner than the capture, either.
#[tokio::test]
async fn money_at_a_reader_is_held_until_it_is_captured() {
    for (customer, passes_ms) in [
        (Behaviour::Pays, 0),
        (Behaviour::PaysAfterPassword, 6_000),
        (Behaviour::PaysLate, 400),
    ] {
        let shop = Shop::open().await;
        let reader = shop.stripe_reader();
        shop.sandbox.set_reader(true, Some(customer)).unwrap();
        let pairs = [
            ("amount", "1000"),
            ("currency", "hkd"),
            ("payment_method_types[0]", "card_present"),
            ("capture_method", "manual"),
            ("metadata[order_id]", "HELD1"),
        ];
        let intent = shop.stripe_do("/v1/payment_intents", &pairs).await;
        let id = intent["id"].as_str().unwrap();
        let process = format!("{reader}/process_payment_intent");
        shop.stripe_do(&process, &[("payment_intent", id)]).await;
        shop.pass(passes_ms);
        let held = shop.stripe_get(&format!("/v1/payment_intents/{id}")).await;
        assert_eq!(
            (&held["status"], &held["amount_capturable"]),
            (&json!("requires_capture"), &json!(1_000)),
            "{customer:?}"
        );
        let told = shop.stripe_get(&reader).await;
        assert_eq!(told["action"]["status"], "succeeded", "{customer:?}");
        shop.pass(60_000);
        assert_eq!(shop.stripe_balance("HKD"), 0, "{customer:?}");
        let capture = format!("/v1/payment_intents/{id}/capture");
        let taken = shop.stripe_do(&capture, &[]).await;
        assert_eq!(taken["status"], "succeeded", "{customer:?}");
        assert_eq!(shop.stripe_balance("HKD"), 1_000, "{customer:?}");
    }
}

#[tokio::test]
async fn readers_are_registered_and_listed() {
    let shop = Shop::open().await;
    let pairs = [("registration_code", "simulated-s700"), ("label", "Bar")];
    let second = shop.stripe_do("/v1/terminal/readers", &pairs).await;
    assert_eq!(second["device_type"], "simulated_stripe_s700");
    let list = shop.stripe_get("/v1/terminal/readers?limit=10").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        shop.stripe_post("/v1/terminal/readers", &[("registration_code", "x")])
            .await
            .0,
        400
    );
}
