//! The control interface: who may use it, and what it tells.

use paydesk_sandbox::{Behaviour, CUSTOMERS, FAULTS};
use serde_json::{Value, json};

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_holder_of_the_token_on_loopback_may_use_it() {
    let shop = Shop::open().await;
    let url = shop.url("/_sandbox/state");
    let token = shop.sandbox.control_token();
    let get = || shop.client.get(&url);
    let with = || get().header("x-sandbox-token", token);
    assert_eq!(shop.send(with()).await.unwrap().status, 200);
    assert_eq!(shop.send(get()).await.unwrap().status, 401);
    let wrong = get().header("x-sandbox-token", "nonsense");
    assert_eq!(shop.send(wrong).await.unwrap().status, 401);
    let foreign = with().header("host", "evil.example");
    assert_eq!(shop.send(foreign).await.unwrap().status, 403);
    let page = with().header("origin", "https://evil.example");
    assert_eq!(shop.send(page).await.unwrap().status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_switched_listed_and_reset() {
    let shop = Shop::open().await;
    let on = json!({ "name": "delay_45s", "on": true, "scope": "pay", "channel": "wechatpay" });
    assert_eq!(shop.control("POST", "faults", on).await.0, 200);
    let (_, view) = shop.control("GET", "faults", Value::Null).await;
    let rows = view["faults"].as_array().unwrap();
    assert_eq!(rows.len(), FAULTS.len());
    let delay = rows.iter().find(|row| row["name"] == "delay").unwrap();
    assert_eq!(
        (&delay["on"], &delay["scope"]),
        (&json!(true), &json!("pay"))
    );
    let many = json!({ "faults": [{ "name": "garbage", "percent": 30 }], "seed": 5 });
    let (_, view) = shop.control("PUT", "faults", many).await;
    assert_eq!(view["on"].as_array().unwrap().len(), 1);
    let (_, view) = shop.control("DELETE", "faults", Value::Null).await;
    assert_eq!(view["on"], json!([]));
    for wrong in [
        json!({ "name": "nonsense", "on": true }),
        json!({ "name": "garbage", "on": true, "percent": 101 }),
    ] {
        let (status, body) = shop.control("POST", "faults", wrong).await;
        assert_eq!(status, 400);
        assert!(body["error"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_is_told_every_movement() {
    let shop = Shop::open().await;
    shop.wechatpay_pay("TRUTH001", 100, Behaviour::Pays).await;
    shop.wechatpay_refund("TRUTH001", "TRUTH001R1", 40, 100)
        .await;
    let (_, truth) = shop.control("GET", "truth", Value::Null).await;
    let movements = truth["trades"][0]["movements"].as_array().unwrap();
    let told: Vec<_> = movements
        .iter()
        .map(|it| (&it["kind"], &it["number"], &it["amount"], &it["state"]))
        .map(|it| json!([it.0, it.1, it.2, it.3]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["charge", "", 100, "success"]),
            json!(["refund", "TRUTH001R1", 40, "processing"])
        ]
    );
    let own = serde_json::to_value(shop.sandbox.truth().unwrap()).unwrap();
    assert_eq!(own, truth);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_every_call_and_both_stamps() {
    let shop = Shop::open().await;
    shop.alipay_pay("LOG001", "1", Behaviour::Pays).await;
    shop.wechatpay_pay("LOG002", 100, Behaviour::Pays).await;
    shop.wechatpay_refund("LOG002", "LOG002R1", 100, 100).await;
    let (_, log) = shop.control("GET", "requests", Value::Null).await;
    let entries = log["requests"].as_array().unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry["operation"].as_str().unwrap(),
                entry["reference"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("charge", "LOG001"),
            ("charge", "LOG002"),
            ("refund", "LOG002R1")
        ]
    );
    assert!(
        entries
            .iter()
            .all(|entry| entry["answered_ns"].is_u64() && entry["status"] == 200)
    );
    let (_, rest) = shop.control("GET", "requests?since=2", Value::Null).await;
    assert_eq!(rest["requests"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_customers_and_codes_are_told_as_data() {
    let shop = Shop::open().await;
    let (_, customers) = shop.control("GET", "customers", Value::Null).await;
    assert_eq!(
        customers["customers"].as_array().unwrap().len(),
        CUSTOMERS.len()
    );
    let (_, codes) = shop.control("GET", "codes", Value::Null).await;
    for row in codes["codes"].as_array().unwrap() {
        for channel in ["alipay", "wechatpay"] {
            let code = row[channel].as_str().unwrap();
            assert!(code.len() == 18 && code.ends_with(row["digits"].as_str().unwrap()));
        }
    }
    let content = json!({ "out_trade_no": "PHONE1", "total_amount": "5", "subject": "扫码" });
    let made = shop.alipay("alipay.trade.precreate", content).await;
    let asked = json!({ "qr": made["qr_code"], "act": "pay" });
    let (_, screen) = shop.control("POST", "phone", asked).await;
    assert_eq!(
        (&screen["state"], &screen["amount"]),
        (&json!("paid"), &json!(500))
    );
    let asked = json!({ "qr": "https://example.com", "act": "scan" });
    let (_, screen) = shop.control("POST", "phone", asked).await;
    assert_eq!(
        (&screen["state"], &screen["amount"]),
        (&json!("unknown_code"), &Value::Null)
    );
    assert_eq!(shop.control("GET", "nonsense", Value::Null).await.0, 404);
}
