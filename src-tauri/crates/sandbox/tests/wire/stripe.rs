//! Stripe's intents, sessions and refunds over HTTP.

use paydesk_sandbox::PhoneAct;
use serde_json::{Value, json};

use crate::shop::Shop;
use crate::stripe_till::form;

#[tokio::test]
async fn a_card_pays_and_fee_and_net_follow() {
    let shop = Shop::open().await;
    let intent = shop.stripe_paid("SHOP1", "10000", "usd").await;
    assert_eq!(
        (&intent["status"], &intent["amount_received"]),
        (&json!("succeeded"), &json!(10_000))
    );
    let id = intent["id"].as_str().unwrap();
    let target = format!("/v1/payment_intents/{id}?expand[0]=latest_charge.balance_transaction");
    let told = shop.stripe_get(&target).await;
    let line = &told["latest_charge"]["balance_transaction"];
    // 2.9 % and 30 cents.
    assert_eq!((&line["fee"], &line["net"]), (&json!(320), &json!(9_680)));
    assert_eq!(told["metadata"]["order_id"], "SHOP1");
    assert_eq!(shop.stripe_balance("USD"), 10_000);
    assert_eq!(shop.stripe_balance("CNY"), 0);
    let truth = shop.sandbox.truth().unwrap();
    let trade = truth
        .trades
        .iter()
        .find(|trade| trade.out_trade_no == "SHOP1")
        .unwrap();
    assert_eq!(
        (trade.charged.get(), trade.currency.code()),
        (10_000, "USD")
    );
}

#[tokio::test]
async fn a_declined_intent_takes_the_next_card() {
    let shop = Shop::open().await;
    let pairs = [
        ("amount", "1200"),
        ("currency", "eur"),
        ("payment_method_types[0]", "card"),
    ];
    let intent = shop.stripe_do("/v1/payment_intents", &pairs).await;
    let id = intent["id"].as_str().unwrap();
    let confirm = format!("/v1/payment_intents/{id}/confirm");
    let (status, body) = shop
        .stripe_post(
            &confirm,
            &[("payment_method", "pm_card_chargeDeclinedInsufficientFunds")],
        )
        .await;
    let error = &body["error"];
    assert_eq!(
        (status, &error["type"], &error["code"]),
        (402, &json!("card_error"), &json!("card_declined"))
    );
    assert_eq!(error["decline_code"], "insufficient_funds");
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    assert_eq!(
        error["payment_intent"]["last_payment_error"]["decline_code"],
        "insufficient_funds"
    );
    let paid = shop
        .stripe_do(&confirm, &[("payment_method", "pm_card_mastercard")])
        .await;
    assert_eq!(paid["status"], "succeeded");
    let charges = shop
        .stripe_get(&format!("/v1/charges?payment_intent={id}"))
        .await;
    let told: Vec<&Value> = charges["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["status"])
        .collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&&json!("failed")) && told.contains(&&json!("succeeded")));
    assert_eq!(shop.stripe_balance("EUR"), 1_200);
}

#[tokio::test]
async fn money_is_held_and_a_part_is_taken() {
    let shop = Shop::open().await;
    let pairs = [
        ("amount", "5000"),
        ("currency", "usd"),
        ("payment_method_types[0]", "card"),
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ];
    let intent = shop.stripe_do("/v1/payment_intents", &pairs).await;
    assert_eq!(
        (&intent["status"], &intent["amount_capturable"]),
        (&json!("requires_capture"), &json!(5_000))
    );
    assert_eq!(shop.stripe_balance("USD"), 0);
    let capture = format!(
        "/v1/payment_intents/{}/capture",
        intent["id"].as_str().unwrap()
    );
    let too_much = shop
        .stripe_refused(&capture, &[("amount_to_capture", "5001")])
        .await;
    assert_eq!(too_much, (400, "amount_too_large".to_owned()));
    let taken = shop
        .stripe_do(&capture, &[("amount_to_capture", "4000")])
        .await;
    assert_eq!(
        (&taken["status"], &taken["amount_received"]),
        (&json!("succeeded"), &json!(4_000))
    );
    let again = shop.stripe_refused(&capture, &[]).await;
    assert_eq!(again, (400, "payment_intent_unexpected_state".to_owned()));
    assert_eq!(shop.stripe_balance("USD"), 4_000);
}

#[tokio::test]
async fn a_canceled_intent_is_final() {
    let shop = Shop::open().await;
    let id = shop.stripe_for_reader("CANCEL1", "900").await;
    let cancel = format!("/v1/payment_intents/{id}/cancel");
    let gone = shop
        .stripe_do(&cancel, &[("cancellation_reason", "abandoned")])
        .await;
    assert_eq!(
        (&gone["status"], &gone["cancellation_reason"]),
        (&json!("canceled"), &json!("abandoned"))
    );
    let again = shop.stripe_refused(&cancel, &[]).await;
    assert_eq!(again, (400, "payment_intent_unexpected_state".to_owned()));
    let paid = shop.stripe_paid("CANCEL2", "900", "usd").await;
    let cancel = format!(
        "/v1/payment_intents/{}/cancel",
        paid["id"].as_str().unwrap()
    );
    assert_eq!(shop.stripe_refused(&cancel, &[]).await.0, 400);
    assert_eq!(shop.stripe_balance("USD"), 900);
}

#[tokio::test]
async fn a_session_is_paid_by_the_customers_phone_once() {
    let shop = Shop::open().await;
    let session = shop.stripe_session("QR1", "750").await;
    let told = |it: &Value| {
        (
            it["status"].clone(),
            it["payment_status"].clone(),
            it["payment_intent"].is_null(),
        )
    };
    assert_eq!(told(&session), (json!("open"), json!("unpaid"), true));
    assert_eq!(session["amount_total"], 1_500);
    let url = session["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&shop.url("/c/pay/cs_test_")), "{url}");
    let page = shop.send(shop.client.get(&url)).await.unwrap();
    assert!(
        page.body.contains("Tea &amp; cake") && page.body.contains("USD 15.00"),
        "{}",
        page.body
    );
    let screen = shop.sandbox.phone(&url, PhoneAct::Pay).unwrap();
    assert_eq!(
        (screen.state, screen.amount.unwrap().get()),
        ("paid", 1_500)
    );
    let target = format!("/v1/checkout/sessions/{}", session["id"].as_str().unwrap());
    let paid = shop
        .stripe_get(&format!("{target}?expand[]=payment_intent"))
        .await;
    assert_eq!(
        (&paid["status"], &paid["payment_status"]),
        (&json!("complete"), &json!("paid"))
    );
    assert!(paid["url"].is_null());
    assert_eq!(paid["payment_intent"]["status"], "succeeded");
    let (status, body) = shop.stripe_post(&format!("{target}/expire"), &[]).await;
    assert_eq!(status, 400, "{body}");
    assert_eq!(
        shop.sandbox.phone(&url, PhoneAct::Pay).unwrap().state,
        "paid"
    );
    assert_eq!(shop.stripe_balance("USD"), 1_500);
}

#[tokio::test]
async fn the_page_declines_a_card_and_takes_the_next() {
    let shop = Shop::open().await;
    let session = shop.stripe_session("QR2", "500").await;
    let url = session["url"].as_str().unwrap().to_owned();
    let pay = |number: &'static str| {
        let request = shop
            .client
            .post(&url)
            .header("content-type", "application/x-www-form-urlencoded");
        shop.send(request.body(form(&[("method", "card"), ("number", number)])))
    };
    let page = pay("4000 0000 0000 0002").await.unwrap();
    assert!(
        page.body.contains("Your card was declined."),
        "{}",
        page.body
    );
    let target = format!("/v1/checkout/sessions/{}", session["id"].as_str().unwrap());
    let open = shop
        .stripe_get(&format!("{target}?expand[0]=payment_intent"))
        .await;
    assert_eq!(open["status"], "open");
    assert_eq!(open["payment_intent"]["status"], "requires_payment_method");
    let intent = open["payment_intent"]["id"].as_str().unwrap();
    let cancel = format!("/v1/payment_intents/{intent}/cancel");
    assert_eq!(
        shop.stripe_refused(&cancel, &[]).await.0,
        400,
        "a session's intent is canceled by its session"
    );
    let page = pay("4242 4242 4242 4242").await.unwrap();
    let session_id = session["id"].as_str().unwrap();
    assert!(
        page.body
            .contains(&format!("https://shop.example/ok?s={session_id}")),
        "{}",
        page.body
    );
    assert_eq!(shop.stripe_get(&target).await["payment_status"], "paid");
}

#[tokio::test]
async fn an_expired_session_takes_no_money() {
    let shop = Shop::open().await;
    let session = shop.stripe_session("QR3", "500").await;
    let target = format!("/v1/checkout/sessions/{}", session["id"].as_str().unwrap());
    let ended = shop.stripe_do(&format!("{target}/expire"), &[]).await;
    assert_eq!(
        (&ended["status"], ended["url"].is_null()),
        (&json!("expired"), true)
    );
    let url = session["url"].as_str().unwrap();
    assert_eq!(
        shop.sandbox.phone(url, PhoneAct::Pay).unwrap().state,
        "expired"
    );
    let second = shop.stripe_session("QR4", "500").await;
    shop.pass(24 * 3_600_000);
    let target = format!("/v1/checkout/sessions/{}", second["id"].as_str().unwrap());
    assert_eq!(shop.stripe_get(&target).await["status"], "expired");
    assert_eq!(shop.stripe_balance("USD"), 0);
}

#[tokio::test]
async fn refunds_in_parts_never_exceed_the_charge() {
    let shop = Shop::open().await;
    let intent = shop.stripe_paid("REF1", "1000", "usd").await;
    let id = intent["id"].as_str().unwrap();
    let first = shop
        .stripe_do("/v1/refunds", &[("payment_intent", id), ("amount", "400")])
        .await;
    assert_eq!(
        (&first["status"], &first["amount"]),
        (&json!("succeeded"), &json!(400))
    );
    let (status, body) = shop
        .stripe_post("/v1/refunds", &[("payment_intent", id), ("amount", "601")])
        .await;
    let message = body["error"]["message"].as_str().unwrap();
    assert!(
        status == 400 && message.contains("greater than unrefunded amount"),
        "{body}"
    );
    let charge = intent["latest_charge"].as_str().unwrap();
    let second = shop
        .stripe_do(
            "/v1/refunds",
            &[("charge", charge), ("reason", "duplicate")],
        )
        .await;
    assert_eq!(second["amount"], 600);
    let none = shop
        .stripe_refused("/v1/refunds", &[("payment_intent", id)])
        .await;
    assert_eq!(none, (400, "charge_already_refunded".to_owned()));
    let told = shop.stripe_get(&format!("/v1/charges/{charge}")).await;
    assert_eq!(
        (&told["refunded"], &told["amount_refunded"]),
        (&json!(true), &json!(1_000))
    );
    let list = shop
        .stripe_get(&format!("/v1/refunds?payment_intent={id}"))
        .await;
    let ids: Vec<&Value> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, [&second["id"], &first["id"]], "newest first");
    assert_eq!(shop.stripe_balance("USD"), 0);
}

#[tokio::test]
async fn a_refund_fails_after_it_had_succeeded() {
    let shop = Shop::open().await;
    let pairs = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("payment_method_types[0]", "card"),
        ("payment_method", "pm_card_refundFail"),
        ("confirm", "true"),
    ];
    let intent = shop.stripe_do("/v1/payment_intents", &pairs).await;
    let id = intent["id"].as_str().unwrap();
    let refund = shop
        .stripe_do("/v1/refunds", &[("payment_intent", id)])
        .await;
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(shop.stripe_balance("USD"), 0);
    shop.pass(3_000);
    let target = format!(
        "/v1/refunds/{}?expand[0]=failure_balance_transaction",
        refund["id"].as_str().unwrap()
    );
    let failed = shop.stripe_get(&target).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["failure_balance_transaction"]["amount"], 2_000);
    assert_eq!(
        failed["failure_balance_transaction"]["type"],
        "refund_failure"
    );
    assert_eq!(shop.stripe_balance("USD"), 2_000);
    let again = shop
        .stripe_do("/v1/refunds", &[("payment_intent", id)])
        .await;
    assert_eq!(again["amount"], 2_000, "what came back can be given back");
}

#[tokio::test]
async fn a_refund_waits_or_waits_for_the_customer() {
    let shop = Shop::open().await;
    let pairs = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("payment_method_types[0]", "card"),
        ("payment_method", "pm_card_pendingRefund"),
        ("confirm", "true"),
    ];
    let intent = shop.stripe_do("/v1/payment_intents", &pairs).await;
    let id = intent["id"].as_str().unwrap();
    let pending = shop
        .stripe_do("/v1/refunds", &[("payment_intent", id), ("amount", "500")])
        .await;
    assert_eq!(
        (&pending["status"], &pending["pending_reason"]),
        (&json!("pending"), &json!("processing"))
    );
    let target = format!("/v1/refunds/{}", pending["id"].as_str().unwrap());
    assert_eq!(
        shop.stripe_post(&format!("{target}/cancel"), &[]).await.0,
        400
    );
    shop.pass(3_000);
    assert_eq!(shop.stripe_get(&target).await["status"], "succeeded");
    shop.control("POST", "refunds", json!({ "ends_as": "abnormal" }))
        .await;
    let waits = shop
        .stripe_do("/v1/refunds", &[("payment_intent", id), ("amount", "700")])
        .await;
    let target = format!("/v1/refunds/{}", waits["id"].as_str().unwrap());
    shop.pass(3_000);
    assert_eq!(shop.stripe_get(&target).await["status"], "requires_action");
    assert_eq!(
        shop.stripe_do(&format!("{target}/cancel"), &[]).await["status"],
        "canceled"
    );
    assert_eq!(shop.stripe_balance("USD"), 1_500);
}
