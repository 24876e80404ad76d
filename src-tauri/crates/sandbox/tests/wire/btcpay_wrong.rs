//! What BTCPay Server refuses, and that nothing has happened then.

use serde_json::{Value, json};

use crate::shop::Shop;

/// Everything that is true about money.
fn books(shop: &Shop) -> Value {
    serde_json::to_value(shop.sandbox.truth().unwrap().trades).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_keys_without_the_right_are_refused() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("OWN", "5.00", "USD").await;
    let id = invoice["id"].as_str().unwrap();
    let own = shop.merchant().btcpay.clone();
    let before = books(&shop);
    let create = json!({ "amount": "5.00" });
    let mark = json!({ "status": "Settled" });
    let (list, status) = (
        shop.btcpay_store("invoices"),
        format!("invoices/{id}/status"),
    );
    for key in [None, Some(""), Some("nonsense")] {
        for (method, path, body) in [("POST", &list, &create), ("GET", &list, &Value::Null)] {
            let answer = shop.btcpay_as(key, method, path, body).await;
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (401, &json!("unauthenticated"))
            );
        }
    }
    let other = own.other_api_key.as_str();
    let under_other = format!("stores/{}/invoices/{id}", own.other_store_id);
    for (key, method, path, body, permission) in [
        (
            own.till_api_key.as_str(),
            "POST",
            status.as_str(),
            &mark,
            "canmodifyinvoices",
        ),
        (
            &own.till_api_key,
            "GET",
            &shop.btcpay_store("webhooks"),
            &Value::Null,
            "canmodifywebhooks",
        ),
        (other, "POST", &list, &create, "cancreateinvoice"),
        (other, "GET", &list, &Value::Null, "canviewinvoices"),
        (other, "POST", &status, &mark, "canmodifyinvoices"),
        (
            other,
            "GET",
            &format!("invoices/{id}"),
            &Value::Null,
            "canviewinvoices",
        ),
        (
            &own.api_key,
            "GET",
            &under_other,
            &Value::Null,
            "canviewinvoices",
        ),
    ] {
        let answer = shop.btcpay_as(Some(key), method, path, body).await;
        let told = answer.json();
        assert_eq!(
            (answer.status, &told["code"]),
            (403, &json!("missing-permission")),
            "{path}"
        );
        assert!(
            told["message"].as_str().unwrap().contains(permission),
            "{told}"
        );
    }
    assert_eq!(books(&shop), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    let shop = Shop::open().await;
    let own = shop.merchant().btcpay.clone();
    let invoice = shop.invoice("OWN", "5.00", "USD").await;
    let id = invoice["id"].as_str().unwrap();
    for (path, code) in [
        ("invoices/nothing", "invoice-not-found"),
        (&shop.btcpay_store("invoices/nothing"), "invoice-not-found"),
        ("stores/nothing/invoices", "store-not-found"),
        ("pull-payments/nothing", "pullpayment-not-found"),
        ("payouts/nothing", "payout-not-found"),
        ("webhooks/nothing", "webhook-not-found"),
        (
            &format!("invoices/{id}/refund/XMR-CHAIN"),
            "payment-method-not-found",
        ),
    ] {
        let (status, told) = shop.btcpay_refused("GET", path, Value::Null).await;
        assert_eq!((status, &told["code"]), (404, &json!(code)), "{path}");
    }
    let under_other = format!("stores/{}/invoices/{id}", own.other_store_id);
    let key = Some(own.other_api_key.as_str());
    let answer = shop.btcpay_as(key, "GET", &under_other, &Value::Null).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (404, &json!("invoice-not-found"))
    );
    for (method, path) in [
        ("GET", "nonsense"),
        ("PATCH", "invoices"),
        ("POST", "health"),
    ] {
        assert_eq!(shop.btcpay_refused(method, path, Value::Null).await.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_is_named_at_once() {
    let shop = Shop::open().await;
    let path = shop.btcpay_store("invoices");
    let wrong = json!({
        "amount": "-5",
        "currency": "DOGE",
        "metadata": "x",
        "checkout": {
            "speedPolicy": "Warp",
            "paymentMethods": ["XMR-CHAIN"],
            "expirationMinutes": 0.1,
            "paymentTolerance": 101,
        },
    });
    let (status, told) = shop.btcpay_refused("POST", &path, wrong).await;
    assert_eq!(status, 422);
    let rows = told.as_array().unwrap().iter();
    let mut paths: Vec<&str> = rows.map(|row| row["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(
        paths,
        [
            "amount",
            "checkout.expirationMinutes",
            "checkout.paymentMethods",
            "checkout.paymentTolerance",
            "checkout.speedPolicy",
            "currency",
            "metadata",
        ]
    );
    for (amount, currency) in [
        (json!("5.001"), "USD"),
        (json!("5.5"), "JPY"),
        (json!("1e3"), "USD"),
        (json!(true), "USD"),
        (json!("99999999999999999999"), "USD"),
        (json!("90000000000"), "BTC"),
    ] {
        let asked = json!({ "amount": amount, "currency": currency });
        let (status, told) = shop.btcpay_refused("POST", &path, asked).await;
        assert_eq!(
            (status, &told[0]["path"]),
            (422, &json!("amount")),
            "{amount} {currency}"
        );
    }
    for query in [
        "status=Paid",
        "startDate=yesterday",
        "take=-1",
        "includeArchived=maybe",
    ] {
        let path = shop.btcpay_store(&format!("invoices?{query}"));
        assert_eq!(
            shop.btcpay_refused("GET", &path, Value::Null).await.0,
            422,
            "{query}"
        );
    }
    let (status, told) = shop.btcpay_refused("POST", &path, json!([1])).await;
    assert_eq!((status, &told["code"]), (400, &json!("invalid-request")));
    assert_eq!(books(&shop), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_that_the_table_does_not_allow_are_refused() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("MARKED", "5.00", "USD").await;
    let id = invoice["id"].as_str().unwrap().to_owned();
    let path = format!("invoices/{id}/status");
    let mark = async |status: &str| {
        shop.btcpay_refused("POST", &path, json!({ "status": status }))
            .await
    };
    assert_eq!(mark("Expired").await.0, 422);
    shop.send_coins(&invoice, None).await;
    shop.pass(60_000);
    assert_eq!(shop.state(&invoice).await, "Settled/None");
    for status in ["Settled", "Invalid"] {
        let (code, told) = mark(status).await;
        assert_eq!((code, &told[0]["path"]), (422, &json!("status")));
    }
    assert_eq!(shop.state(&invoice).await, "Settled/None");
    let by_hand = shop.invoice("CASH", "5.00", "USD").await;
    let path = format!("invoices/{}/status", by_hand["id"].as_str().unwrap());
    let told = shop
        .btcpay("POST", &path, json!({ "status": "Settled" }))
        .await;
    assert_eq!(
        (&told["additionalStatus"], &told["paidAmount"]),
        (&json!("Marked"), &json!("0"))
    );
    shop.send_coins(&by_hand, Some(100)).await;
    assert_eq!(
        shop.state(&by_hand).await,
        "Settled/Marked",
        "nothing else changes it"
    );
    let told = shop
        .btcpay("POST", &path, json!({ "status": "Invalid" }))
        .await;
    assert_eq!(told["status"], "Invalid");
}
