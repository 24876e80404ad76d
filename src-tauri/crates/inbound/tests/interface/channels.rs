//! Every channel over the interface, and cash, which only people move.

use crate::shop::{ALL, Call, Shop, ask, fresh};
use paydesk_console::contract::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn every_channel_is_charged_shown_and_refunded() {
    let shop = Shop::demo("channels").await;
    let key = shop.key(&ALL).await;
    let codes = shop.codes("00").await;
    let scanned: BTreeSet<&str> = codes.keys().map(String::as_str).collect();
    let all = BTreeSet::from(["alipay", "btcpay", "stripe", "unionpay", "wechatpay"]);
    // Nobody shows a code of these; whoever pays there scans the shop's.
    let shops = BTreeSet::from(["btcpay", "stripe"]);
    assert!(scanned.is_subset(&all) && scanned.is_disjoint(&shops));
    let document: Value = serde_json::from_str(paydesk_inbound::OPENAPI).unwrap();
    let told = &document["components"]["schemas"]["CreateOrder"]["properties"]["channel"];
    for channel in all {
        let named = format!("`{channel}`");
        assert!(told["description"].as_str().unwrap().contains(&named));
        let body = match codes.get(channel) {
            Some(code) => json!({ "amount_minor": 1200, "currency": "CNY", "code": code }),
            None => json!({ "amount_minor": 1200, "currency": "CNY", "channel": channel }),
        };
        let made = shop
            .call(&key, Call::post("/v1/orders", &fresh("paid"), &body))
            .await;
        assert_eq!((made.status, &made.body["channel"]), (201, &json!(channel)));
        let order = made.body["order_id"].as_str().unwrap();
        if !scanned.contains(channel) {
            // Of coins the code is known once the server was asked which ways there are.
            let is_payable = |order: &Value| {
                let text = order["shown_code"]["text"].as_str();
                text.is_some_and(|it| channel != "btcpay" || it.starts_with("bitcoin:"))
            };
            let shown = shop.until(&key, order, is_payable).await;
            let pay = PhoneAct {
                qr: shown["shown_code"]["text"].as_str().unwrap().to_owned(),
                act: Act::Pay,
            };
            let _screen: PhoneScreen = ask(&shop.host, "sandbox_phone", pay).await.unwrap();
        }
        let paid = shop
            .until(&key, order, |order| order["is_final"] == true)
            .await;
        assert_eq!(paid["state"], "paid", "{paid}");

        let target = format!("/v1/orders/{order}/refunds");
        let body = json!({ "amount_minor": 1200, "currency": "CNY", "reason": "goods_returned" });
        let refund = shop
            .call(&key, Call::post(&target, &fresh("back"), &body))
            .await;
        assert_eq!(
            (refund.status, &refund.body["in_cash"]),
            (201, &json!(false))
        );
        if channel == "btcpay" {
            let link = |order: &Value| order["refunds"][0]["claim_link"].is_string();
            let offered = shop.until(&key, order, link).await;
            let link = offered["refunds"][0]["claim_link"].as_str().unwrap();
            let claim = PhoneAct {
                qr: link.to_owned(),
                act: Act::Claim,
            };
            let screen: PhoneScreen = ask(&shop.host, "sandbox_phone", claim).await.unwrap();
            assert_eq!(screen.state, "claimed");
        }
        let back = shop
            .until(&key, order, |order| order["refunds"][0]["state"] == "done")
            .await;
        assert_eq!(back["refundable_minor"], 0, "{back}");

        let body = json!({ "amount_minor": 1300, "currency": "CNY", "channel": channel });
        let made = shop
            .call(&key, Call::post("/v1/orders", &fresh("shown"), &body))
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        let order = made.body["order_id"].as_str().unwrap();
        let shown = shop
            .until(&key, order, |order| !order["shown_code"].is_null())
            .await;
        assert_eq!(shown["state"], "showing_qr", "{shown}");
        let page = shop
            .call(&key, Call::get(&format!("/v1/orders?channel={channel}")))
            .await;
        assert_eq!(page.body["orders"].as_array().unwrap().len(), 2, "{page:?}");
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_is_listed_and_queried_and_moved_by_people_alone() {
    let shop = Shop::demo("cash").await;
    let key = shop.key(&ALL).await;
    let take = TakeCash {
        currency: None,
        intent_id: fresh("cash"),
        amount_minor: "4650".to_owned(),
        received_minor: "5000".to_owned(),
        note: String::new(),
        confirmed_repeat_of: None,
        part: None,
    };
    let taken: PaymentView = ask(&shop.host, "take_cash", take).await.unwrap();
    let page = shop.call(&key, Call::get("/v1/orders?channel=cash")).await;
    assert_eq!(page.body["orders"][0]["order_id"], taken.order_id.as_str());
    assert_eq!(page.body["orders"][0]["channel"], "cash");
    let target = format!("/v1/orders/{}", taken.order_id);
    let whole = shop.call(&key, Call::get(&target)).await;
    assert_eq!(
        (&whole.body["state"], &whole.body["channel"]),
        (&json!("paid"), &json!("cash")),
        "{whole:?}"
    );

    let refund = json!({ "amount_minor": 650, "currency": "CNY", "reason": "overcharged" });
    let create = json!({ "amount_minor": 650, "currency": "CNY", "channel": "cash" });
    for (target, body) in [
        (format!("{target}/refunds"), &refund),
        ("/v1/orders".to_owned(), &create),
    ] {
        let answer = shop
            .call(&key, Call::post(&target, &fresh("by-hand"), body))
            .await;
        assert_eq!((answer.status, answer.code()), (422, "cash_by_hand"));
        assert_eq!(answer.body["error"]["money"], "not_moved");
        assert_eq!(answer.body["error"]["next"], "ask_the_shop");
    }
    let whole = shop.call(&key, Call::get(&target)).await;
    assert_eq!(
        (&whole.body["refundable_minor"], &whole.body["refunds"]),
        (&json!(4650), &json!([]))
    );

    // A person gives it back, and the interface says so.
    let by_hand = RequestRefund {
        currency: None,
        refund_intent: fresh("window"),
        order_id: taken.order_id.clone(),
        reference: None,
        amount_minor: "650".to_owned(),
        reason: "overcharged".to_owned(),
        note: String::new(),
        in_cash: false,
        rate: None,
    };
    let other = RequestRefund {
        amount_minor: "651".to_owned(),
        ..by_hand.clone()
    };
    let _back: RefundView = ask(&shop.host, "request_refund", by_hand).await.unwrap();
    let reused = ask::<_, RefundView>(&shop.host, "request_refund", other).await;
    assert_eq!(reused.unwrap_err().code, ErrorCode::IntentReused);
    let whole = shop.call(&key, Call::get(&target)).await;
    assert_eq!(whole.body["refundable_minor"], 4000);
    assert_eq!(whole.body["refunds"][0]["in_cash"], true, "{whole:?}");
    shop.close().await;
}
