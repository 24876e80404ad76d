//! What other software can order, and what the window sees of it.

use crate::shop::{ALL, Call, Shop, ask, fresh, parse};
use paydesk_console::contract::*;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_taken_queried_listed_and_refunded() {
    let shop = Shop::demo("life").await;
    let key = shop.key(&ALL).await;
    let body = json!({ "amount_minor": 4650, "currency": "CNY", "code": shop.code("00").await, "note": "basket 4711" });
    let made = shop
        .call(&key, Call::post("/v1/orders", "basket-4711", &body))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(
        made.head.contains("cache-control: no-store"),
        "{}",
        made.head
    );
    let order = made.body["order_id"].as_str().unwrap().to_owned();
    let paid = shop
        .until(&key, &order, |order| order["is_final"] == true)
        .await;
    assert_eq!(
        (&paid["state"], &paid["refundable_minor"]),
        (&json!("paid"), &json!(4650))
    );
    assert_eq!(paid["note"], "basket 4711");

    // The window sees it, and who ordered it.
    let detail: OrderDetail = ask(
        &shop.host,
        "order_detail",
        OrderId {
            order_id: order.clone(),
        },
    )
    .await
    .unwrap();
    assert_eq!(detail.row.operator, "web shop");
    let opened = detail
        .timeline
        .iter()
        .find(|event| event.kind == "order_opened")
        .unwrap();
    assert_eq!(
        (opened.source.as_str(), opened.actor.as_str()),
        ("software", "web shop")
    );

    let target = format!("/v1/orders/{order}/refunds");
    let body = json!({ "amount_minor": 1000, "currency": "CNY", "reason": "goods_returned" });
    let refund = shop
        .call(&key, Call::post(&target, "return-1", &body))
        .await;
    assert_eq!(refund.status, 201, "{refund:?}");
    let again = shop
        .call(&key, Call::post(&target, "return-1", &body))
        .await;
    assert_eq!(
        (again.status, &again.body["refund_id"]),
        (201, &refund.body["refund_id"])
    );
    let other = json!({ "amount_minor": 1001, "currency": "CNY", "reason": "goods_returned" });
    let other = shop
        .call(&key, Call::post(&target, "return-1", &other))
        .await;
    assert_eq!((other.status, other.code()), (409, "intent_reused"));
    let whole = shop
        .until(&key, &order, |order| order["refunds"][0]["state"] == "done")
        .await;
    assert_eq!(whole["refundable_minor"], 3650);
    let too_much = json!({ "amount_minor": 3651, "currency": "CNY", "reason": "goods_returned" });
    let too_much = shop
        .call(&key, Call::post(&target, "return-2", &too_much))
        .await;
    assert_eq!((too_much.status, too_much.code()), (422, "refund_exceeds"));

    let page = shop.call(&key, Call::get("/v1/orders?limit=1")).await;
    assert_eq!(page.body["orders"][0]["order_id"], order.as_str());
    assert_eq!(page.body["orders"][0]["refunded_minor"], 1000);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_payment_is_cancelled_and_cancelling_again_changes_nothing() {
    let shop = Shop::demo("cancel").await;
    let key = shop.key(&ALL).await;
    let made = shop.create(&key, "c-1", 500).await;
    let order = made.body["order_id"].as_str().unwrap().to_owned();
    let shown = shop
        .until(&key, &order, |order| !order["shown_code"].is_null())
        .await;
    assert_eq!(shown["state"], "showing_qr");
    let target = format!("/v1/orders/{order}/cancel");
    for _ in 0..2 {
        let ended = shop.call(&key, Call::new("POST", &target, "")).await;
        assert!([200, 409].contains(&ended.status), "{ended:?}");
    }
    let ended = shop
        .until(&key, &order, |order| order["is_final"] == true)
        .await;
    assert!(
        ["closed", "reversed"].contains(&ended["state"].as_str().unwrap()),
        "{ended}"
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_is_the_same_order_also_after_a_restart() {
    let shop = Shop::demo("same").await;
    let key = shop.key(&ALL).await;
    let first = shop.create(&key, "same-1", 777).await;
    let again = shop.create(&key, "same-1", 777).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body["order_id"], again.body["order_id"]);
    let shop = shop.opened_again().await;
    let later = shop.create(&key, "same-1", 777).await;
    assert_eq!(later.body["order_id"], first.body["order_id"]);
    for (channel, minor, note) in [
        ("alipay", 778, ""),
        ("wechatpay", 777, ""),
        ("alipay", 777, "x"),
    ] {
        let body =
            json!({ "amount_minor": minor, "currency": "CNY", "channel": channel, "note": note });
        let other = shop
            .call(&key, Call::post("/v1/orders", "same-1", &body))
            .await;
        assert_eq!(
            (other.status, other.code()),
            (409, "intent_reused"),
            "{body}"
        );
        assert_eq!(other.body["error"]["money"], "not_moved");
    }
    // Another key's words are its own.
    let stranger = shop.key(&ALL).await;
    let own = shop.create(&stranger, "same-1", 777).await;
    assert_eq!(own.status, 201);
    assert_ne!(own.body["order_id"], first.body["order_id"]);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payers_code_is_part_of_the_wish() {
    let shop = Shop::demo("code").await;
    let key = shop.key(&ALL).await;
    let (code, other) = (shop.code("00").await, shop.code("01").await);
    let with = |code: &str| json!({ "amount_minor": 888, "currency": "CNY", "code": code });
    let first = shop
        .call(&key, Call::post("/v1/orders", "p-1", &with(&code)))
        .await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = shop
        .call(&key, Call::post("/v1/orders", "p-1", &with(&code)))
        .await;
    assert_eq!(again.body["order_id"], first.body["order_id"]);
    let wrong = shop
        .call(&key, Call::post("/v1/orders", "p-1", &with(&other)))
        .await;
    assert_eq!(wrong.code(), "intent_reused");
    let used = shop
        .call(&key, Call::post("/v1/orders", "p-2", &with(&code)))
        .await;
    assert_eq!((used.status, used.code()), (409, "code_used"));
    assert!(
        !used.body.to_string().contains(&code),
        "a payment code is a secret"
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_with_one_key_at_once_are_one_order() {
    let shop = Shop::demo("race").await;
    let key = shop.key(&ALL).await;
    let calls = (0..12).map(|_| shop.create(&key, "race-1", 321));
    let mut orders = std::collections::BTreeSet::new();
    for answer in join(calls).await {
        assert_eq!(answer.status, 201, "{answer:?}");
        orders.insert(answer.body["order_id"].to_string());
    }
    assert_eq!(orders.len(), 1);
    // The same amount under other keys is meant again: nobody is there to be asked.
    for n in 0..3 {
        let answer = shop.create(&key, &format!("race-again-{n}"), 321).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert!(orders.insert(answer.body["order_id"].to_string()));
    }
    shop.close().await;
}

async fn join<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = calls.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        let mut is_ready = true;
        for (call, done) in calls.iter_mut().zip(&mut done) {
            if done.is_none() {
                match call.as_mut().poll(cx) {
                    std::task::Poll::Ready(answer) => *done = Some(answer),
                    std::task::Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().map(Option::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_there_although_its_caller_hung_up() {
    let shop = Shop::demo("hang-up").await;
    let key = shop.key(&ALL).await;
    let body = json!({ "amount_minor": 999, "currency": "CNY", "channel": "alipay" });
    let call = Call::post("/v1/orders", "gone-1", &body);
    let bytes = call.bytes(&call.signed(&key));
    let mut stream = tokio::net::TcpStream::connect(shop.serving.address())
        .await
        .unwrap();
    stream.write_all(&bytes).await.unwrap();
    drop(stream);
    let later = shop.create(&key, "gone-1", 999).await;
    assert_eq!(later.status, 201);
    let page = shop.call(&key, Call::get("/v1/orders")).await;
    assert_eq!(page.body["orders"].as_array().unwrap().len(), 1, "{page:?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_told_in_codes_that_stay() {
    let shop = Shop::demo("wrong").await;
    let key = shop.key(&ALL).await;
    let cases = [
        (
            json!({ "amount_minor": 0, "currency": "CNY", "channel": "alipay" }),
            422,
            "amount_not_positive",
        ),
        (
            json!({ "amount_minor": -5, "currency": "CNY", "channel": "alipay" }),
            422,
            "amount_not_positive",
        ),
        (
            json!({ "amount_minor": i64::MAX, "currency": "CNY", "channel": "alipay" }),
            422,
            "amount_too_large",
        ),
        (
            json!({ "amount_minor": 100, "currency": "EUR", "channel": "alipay" }),
            422,
            "currency_not_taken",
        ),
        (
            json!({ "amount_minor": 100, "currency": "CNY", "channel": "venmo" }),
            422,
            "channel_not_connected",
        ),
        (
            json!({ "amount_minor": 100, "currency": "CNY", "code": "hello" }),
            422,
            "unknown_code",
        ),
        (
            json!({ "amount_minor": 100, "currency": "CNY" }),
            400,
            "not_json",
        ),
        (
            json!({ "amount_minor": 1.5, "currency": "CNY", "channel": "alipay" }),
            400,
            "not_json",
        ),
        (
            json!({ "amount_minor": "100", "currency": "CNY", "channel": "alipay" }),
            400,
            "not_json",
        ),
        (
            json!({ "amount_minor": 100, "currency": "CNY", "channel": "alipay", "extra": 1 }),
            400,
            "not_json",
        ),
        (
            json!({ "amount_minor": 100, "currency": "CNY", "channel": "alipay", "note": "x".repeat(501) }),
            422,
            "text_too_long",
        ),
        (json!([]), 400, "not_json"),
    ];
    for (body, status, code) in cases {
        let answer = shop
            .call(&key, Call::post("/v1/orders", &fresh("w"), &body))
            .await;
        assert_eq!((answer.status, answer.code()), (status, code), "{body}");
        assert_eq!(answer.body["error"]["money"], "not_moved");
    }
    let unnamed = Call {
        idempotency_key: None,
        ..Call::post("/v1/orders", "", &json!({}))
    };
    assert_eq!(
        shop.call(&key, unnamed).await.code(),
        "idempotency_key_wrong"
    );
    let unknown = shop.call(&key, Call::get("/v1/orders/nothing")).await;
    assert_eq!((unknown.status, unknown.code()), (404, "order_not_found"));
    for target in [
        "/v1/orders?limit=x",
        "/v1/orders?colour=red",
        "/v1/orders?day_from=yesterday",
        "/v1/orders?cursor=elsewhere",
    ] {
        let answer = shop.call(&key, Call::get(target)).await;
        assert_eq!(answer.status, 400, "{target}: {answer:?}");
    }
    let page = shop.call(&key, Call::get("/v1/orders")).await;
    assert_eq!(page.body["orders"], json!([]));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_ends_before_the_listener_does() {
    let shop = Shop::demo("stop").await;
    let key = shop.key(&ALL).await;
    let address = shop.serving.address();
    let call = Call::post(
        "/v1/orders",
        "stop-1",
        &json!({ "amount_minor": 1, "currency": "CNY", "channel": "alipay" }),
    );
    let bytes = call.bytes(&call.signed(&key));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let shop = shop.opened_again().await;
    let mut answer = Vec::new();
    // Whoever was not let in yet is cut off.
    let _cut = stream.read_to_end(&mut answer).await;
    let later = shop.create(&key, "stop-1", 1).await;
    assert_eq!(later.status, 201);
    if !answer.is_empty() {
        let answer = parse(&answer);
        assert!(
            answer.status == 503 || answer.body["order_id"] == later.body["order_id"],
            "{answer:?}"
        );
    }
    shop.close().await;
}
