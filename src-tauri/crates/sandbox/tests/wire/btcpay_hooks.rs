//! BTCPay Server's webhooks: to whom, signed how, in which order, how often.

use std::sync::atomic::Ordering;

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::shop::Shop;
use crate::unionpay_notices::Relay;

const SECRET: &str = "密钥";

async fn hook(shop: &Shop, relay: &Relay, events: Value) -> Value {
    let asked = json!({ "url": relay.url, "secret": SECRET, "authorizedEvents": events });
    shop.btcpay("POST", &shop.btcpay_store("webhooks"), asked)
        .await
}

fn everything() -> Value {
    json!({ "everything": true })
}

/// The next event, once its signature was verified with another library than the sandbox's.
async fn event(relay: &mut Relay) -> Value {
    let (head, body) = relay.next_raw().await;
    let header = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("btcpay-sig")
            .then_some(value.trim())
    });
    let hex = header
        .and_then(|header| header.strip_prefix("sha256="))
        .unwrap();
    let tag: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hmac::verify(&key, body.as_bytes(), &tag).unwrap();
    assert_eq!(hex, hex.to_lowercase());
    assert!(body.starts_with("{\n  \""), "indented: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Takes so many, in whatever order they came.
async fn events(relay: &mut Relay, count: usize) -> Vec<Value> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(event(relay).await);
    }
    all.sort_by_key(|event| event["type"].as_str().unwrap().to_owned());
    all
}

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_told_step_by_step_without_any_call() {
    let shop = Shop::open().await;
    let mut relay = Relay::open(200).await;
    let made = hook(&shop, &relay, everything()).await;
    assert_eq!(made["secret"], SECRET);
    let invoice = shop.invoice("TOLD", "5.00", "USD").await;
    let created = event(&mut relay).await;
    for (name, value) in [
        ("type", json!("InvoiceCreated")),
        ("webhookId", made["id"].clone()),
        ("invoiceId", invoice["id"].clone()),
        ("storeId", invoice["storeId"].clone()),
        ("isRedelivery", json!(false)),
        ("originalDeliveryId", created["deliveryId"].clone()),
        ("timestamp", json!(1_795_227_732)),
        ("metadata", invoice["metadata"].clone()),
    ] {
        assert_eq!(created[name], value, "{name}");
    }
    shop.send_coins(&invoice, Some(7_770)).await;
    let seen = events(&mut relay, 2).await;
    assert_eq!(
        types(&seen),
        ["InvoiceProcessing", "InvoiceReceivedPayment"]
    );
    assert_eq!(seen[0]["overPaid"], true);
    assert_eq!(seen[1]["afterExpiration"], false);
    assert_eq!(seen[1]["payment"]["value"], "0.00007770");
    shop.pass(60_000);
    let seen = events(&mut relay, 2).await;
    assert_eq!(types(&seen), ["InvoicePaymentSettled", "InvoiceSettled"]);
    assert_eq!(
        (&seen[1]["manuallyMarked"], &seen[1]["overPaid"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_asked_for_is_told() {
    let shop = Shop::open().await;
    let mut relay = Relay::open(204).await;
    let wanted =
        json!({ "everything": false, "specificEvents": ["InvoiceExpired", "InvoiceRefund"] });
    let made = hook(&shop, &relay, wanted).await;
    let invoice = shop.invoice("ASKED", "5.00", "USD").await;
    shop.send_coins(&invoice, Some(100)).await;
    shop.pass(900_000);
    // What is minutes old is lived through by the next call.
    assert_eq!(shop.state(&invoice).await, "Expired/PaidPartial");
    let expired = event(&mut relay).await;
    assert_eq!(
        (&expired["type"], &expired["partiallyPaid"]),
        (&json!("InvoiceExpired"), &json!(true))
    );
    let id = invoice["id"].as_str().unwrap();
    let asked = json!({ "refundVariant": "RateThen" });
    let pull = shop
        .btcpay("POST", &format!("invoices/{id}/refund"), asked)
        .await;
    let told = event(&mut relay).await;
    assert_eq!(
        (&told["type"], &told["pullPaymentId"]),
        (&json!("InvoiceRefund"), &pull["id"])
    );
    let path = format!("webhooks/{}", made["id"].as_str().unwrap());
    let off = shop.btcpay("PUT", &path, json!({ "enabled": false })).await;
    assert_eq!((&off["enabled"], off.get("secret")), (&json!(false), None));
    assert_eq!(shop.btcpay("GET", &path, Value::Null).await, off);
    let list = shop
        .btcpay("GET", &shop.btcpay_store("webhooks"), Value::Null)
        .await;
    assert_eq!(list, json!([off]));
    shop.btcpay("DELETE", &path, Value::Null).await;
    assert_eq!(shop.btcpay_refused("GET", &path, Value::Null).await.0, 404);
}

/// Waits until so many attempts are written down: that happens a moment after the answer.
async fn delivered(shop: &Shop, hook: &Value, count: usize) -> Value {
    let path = format!("webhooks/{}/deliveries", hook["id"].as_str().unwrap());
    loop {
        let rows = shop.btcpay("GET", &path, Value::Null).await;
        if rows.as_array().unwrap().len() >= count {
            return rows;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_delivery_comes_again_and_a_refused_one_does_not() {
    let shop = Shop::open().await;
    let mut relay = Relay::open(500).await;
    let hook = hook(&shop, &relay, everything()).await;
    shop.invoice("AGAIN", "5.00", "USD").await;
    let first = event(&mut relay).await;
    for (count, pause_ms) in [(1, 10_000), (2, 60_000), (3, 600_000)] {
        delivered(&shop, &hook, count).await;
        shop.pass(pause_ms);
        // The invoice itself expires meanwhile, which is told as well.
        let again = loop {
            let next = event(&mut relay).await;
            if next["type"] == "InvoiceCreated" {
                break next;
            }
        };
        assert_eq!(again["originalDeliveryId"], first["deliveryId"]);
        assert_ne!(again["deliveryId"], first["deliveryId"]);
        assert_eq!(again["isRedelivery"], true);
        assert_eq!(again["timestamp"], first["timestamp"]);
    }
    let rows = delivered(&shop, &hook, 4).await;
    assert_eq!(
        (&rows[0]["httpCode"], &rows[0]["status"]),
        (&json!(500), &json!("HttpError"))
    );

    let shop = Shop::open().await;
    let mut relay = Relay::open(400).await;
    let hook = self::hook(&shop, &relay, everything()).await;
    let invoice = shop.invoice("REFUSED", "5.00", "USD").await;
    let first = event(&mut relay).await;
    delivered(&shop, &hook, 1).await;
    shop.pass(700_000);
    relay.status.store(200, Ordering::SeqCst);
    let id = first["deliveryId"].as_str().unwrap();
    let path = format!(
        "webhooks/{}/deliveries/{id}/redeliver",
        hook["id"].as_str().unwrap()
    );
    let fresh = shop.btcpay("POST", &path, Value::Null).await;
    let again = event(&mut relay).await;
    assert_eq!(
        (&again["deliveryId"], &again["isRedelivery"]),
        (&fresh, &json!(true))
    );
    assert_eq!(again["invoiceId"], invoice["id"]);
    let rows = delivered(&shop, &hook, 2).await;
    assert_eq!(
        rows.as_array().unwrap().len(),
        2,
        "400 was not tried again by itself"
    );
    assert_eq!(rows[0]["status"], "HttpSuccess");
}
