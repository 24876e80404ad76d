//! The page that a payer sees: reached by its address alone, without a key, and saying nothing but the payment.

use crate::shop::{ALL, Call, Shop, ask, exchange, fresh};
use paydesk_console::contract::{Act, PhoneAct, PhoneScreen};
use serde_json::json;
use std::time::{Duration, Instant};

/// The page under a path: status, head in lower case, and body.
async fn looked(shop: &Shop, path: &str, more: &[(&'static str, &str)]) -> (u16, String, String) {
    let mut call = Call::get(path);
    for (name, value) in more {
        call.more.push((name, (*value).to_owned()));
    }
    let bytes = exchange(shop.serving.address(), &call.bytes(&[])).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_sees_the_code_and_then_that_it_is_paid() {
    let shop = Shop::demo("payer").await;
    let key = shop.key(&ALL).await;
    let wish = json!({ "amount_minor": 4650, "currency": "CNY", "channel": "alipay", "note": "只给店里看" });
    let made = shop
        .send(&Call::post("/v1/orders", "payer-1", &wish), &[])
        .await;
    assert_eq!(made.status, 401, "only who signs makes one");
    let made = shop
        .call(&key, Call::post("/v1/orders", "payer-1", &wish))
        .await;
    let (order, path) = (
        made.body["order_id"].as_str().unwrap().to_owned(),
        made.body["payer_path"].as_str().unwrap().to_owned(),
    );
    assert!(path.starts_with(&format!("/pay/{order}/")));

    // A link on a web page leads here from elsewhere.
    let foreign = [("Sec-Fetch-Site", "cross-site"), ("Accept-Language", "en")];
    let begun = Instant::now();
    let shown = loop {
        let (status, head, page) = looked(&shop, &path, &foreign).await;
        assert_eq!(status, 200);
        assert!(head.contains("content-security-policy: default-src 'none'"));
        assert!(head.contains("cache-control: no-store"));
        if page.contains("<svg") {
            break page;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{page}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(shown.contains("CNY 46.50") && shown.contains("http-equiv=\"refresh\""));
    assert!(!shown.contains("只给店里看") && !shown.contains("<script"));

    let query = Call::get(&format!("/v1/orders/{order}"));
    let whole = shop.call(&key, query).await.body;
    assert_eq!(whole["payer_path"], path.as_str());
    let phone = PhoneAct {
        qr: whole["shown_code"]["text"].as_str().unwrap().to_owned(),
        act: Act::Pay,
    };
    let _screen: PhoneScreen = ask(&shop.host, "sandbox_phone", phone).await.unwrap();
    let begun = Instant::now();
    loop {
        let (_, _, page) = looked(&shop, &path, &foreign).await;
        if page.contains("class=\"paid\"") {
            assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains("<svg"));
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{page}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_guesses_an_address_or_learns_of_orders_by_it() {
    let shop = Shop::demo("payer-guess").await;
    let key = shop.key(&ALL).await;
    let wish = json!({ "amount_minor": 100, "currency": "CNY", "channel": "wechatpay" });
    let made = shop
        .call(&key, Call::post("/v1/orders", &fresh("guess"), &wish))
        .await
        .body;
    let (order, path) = (
        made["order_id"].as_str().unwrap(),
        made["payer_path"].as_str().unwrap(),
    );
    let tag = path.rsplit('/').next().unwrap();
    assert_eq!(tag.len(), 32);
    let changed: String = tag.chars().rev().collect();
    let mut said = Vec::new();
    for guess in [
        format!("/pay/{order}/{changed}"),
        format!("/pay/{order}/{}", tag.get(..31).unwrap()),
        format!("/pay/{order}/{tag}0"),
        format!("/pay/{order}/"),
        format!("/pay/TK7Q21261121000A4X/{tag}"),
        format!("/pay/x/{tag}"),
    ] {
        let (status, _, body) = looked(&shop, &guess, &[]).await;
        assert_eq!(status, 404, "{guess}");
        // Every refusal has a number of its own, for the log.
        said.push(body.split("\"incident\"").next().unwrap().to_owned());
    }
    said.dedup();
    assert_eq!(
        said.len(),
        1,
        "the same of an order that is there and of one that is not: {said:?}"
    );
    // By another name, and after the interface was switched off, not even with the address.
    let mut call = Call::get(path);
    call.host = "shop.example".to_owned();
    assert_eq!(shop.send(&call, &[]).await.status, 421);
    shop.close().await;
}
