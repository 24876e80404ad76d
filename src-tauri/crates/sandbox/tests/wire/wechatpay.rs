//! WeChat Pay's rules: numbers used twice, refunds that take time, QR, endings, certificates.

use paydesk_sandbox::{Behaviour, Channel, PhoneAct};
use serde_json::{Value, json};

use crate::shop::{Shop, verifies};

async fn close(shop: &Shop, number: &str) -> (u16, Value) {
    let body = json!({ "mchid": shop.merchant().wechatpay.mchid });
    let target = format!("/v3/pay/transactions/out-trade-no/{number}/close");
    shop.wechatpay("POST", &target, body).await
}

async fn native(shop: &Shop, number: &str, fen: i64) -> (u16, Value) {
    let own = &shop.merchant().wechatpay;
    let body = json!({
        "appid": own.appid, "mchid": own.mchid, "description": "扫码", "out_trade_no": number,
        "notify_url": "https://pos.example.cn/wx", "time_expire": "2026-11-21T12:00:00+08:00",
        "amount": { "total": fen, "currency": "CNY" },
    });
    shop.wechatpay("POST", "/v3/pay/transactions/native", body)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_charged_once() {
    let shop = Shop::open().await;
    let (status, body) = shop.wechatpay_pay("N00001", 1000, Behaviour::Pays).await;
    assert_eq!((status, &body["trade_type"]), (200, &json!("MICROPAY")));
    assert_eq!(body["amount"]["total"], 1000);
    for (fen, code) in [(1000, "ORDER_PAID"), (1001, "INVALID_REQUEST")] {
        let (status, body) = shop.wechatpay_pay("N00001", fen, Behaviour::Pays).await;
        assert_eq!((status, body["code"].as_str()), (400, Some(code)));
    }
    shop.pass(15_000);
    assert_eq!(shop.wechatpay_reverse("N00001").await.0, 200);
    let (_, body) = shop.wechatpay_pay("N00001", 1000, Behaviour::Pays).await;
    assert_eq!(body["code"], "ORDER_REVERSED");
    assert_eq!(
        shop.wechatpay_query("N00001").await.1["trade_state"],
        "REVOKED"
    );
    let trade = shop.trade(Channel::Wechatpay, "N00001");
    assert_eq!(
        (trade.charges.len(), trade.refunded()),
        (1, trade.charged())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_found_by_either_number_or_not_at_all() {
    let shop = Shop::open().await;
    let (_, paid) = shop.wechatpay_pay("Q|0*01", 1, Behaviour::Pays).await;
    let mchid = shop.merchant().wechatpay.mchid.clone();
    let encoded = format!("/v3/pay/transactions/out-trade-no/Q%7C0%2A01?mchid={mchid}");
    let (status, found) = shop.wechatpay("GET", &encoded, Value::Null).await;
    assert_eq!((status, &found["trade_state"]), (200, &json!("SUCCESS")));
    let id = paid["transaction_id"].as_str().unwrap();
    let target = format!("/v3/pay/transactions/id/{id}?mchid={mchid}");
    assert_eq!(shop.wechatpay("GET", &target, Value::Null).await.0, 200);
    let (status, body) = shop.wechatpay_query("NOPE01").await;
    assert_eq!(
        (status, body["code"].as_str()),
        (404, Some("ORDER_NOT_EXIST"))
    );
    let (status, _) = shop.wechatpay_reverse("NOPE01").await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_take_time_and_are_paid_out_once() {
    let shop = Shop::open().await;
    shop.wechatpay_pay("F00001", 1000, Behaviour::Pays).await;
    let (status, first) = shop.wechatpay_refund("F00001", "R1", 400, 1000).await;
    assert_eq!((status, &first["status"]), (200, &json!("PROCESSING")));
    let (_, again) = shop.wechatpay_refund("F00001", "R1", 400, 1000).await;
    assert_eq!(again["refund_id"], first["refund_id"]);
    for (refund_no, fen, total) in [("R1", 401, 1000), ("R2", 601, 1000), ("R2", 1, 999)] {
        let (status, body) = shop.wechatpay_refund("F00001", refund_no, fen, total).await;
        assert_eq!(
            (status, body["code"].as_str()),
            (400, Some("INVALID_REQUEST"))
        );
    }
    assert_eq!(
        shop.wechatpay_query("F00001").await.1["trade_state"],
        "REFUND"
    );
    let target = "/v3/refund/domestic/refunds/R1";
    assert_eq!(
        shop.wechatpay("GET", target, Value::Null).await.1["status"],
        "PROCESSING"
    );
    shop.pass(3_000);
    let (_, done) = shop.wechatpay("GET", target, Value::Null).await;
    assert_eq!(done["status"], "SUCCESS");
    assert!(done["success_time"].as_str().unwrap().ends_with("+08:00"));
    let missing = "/v3/refund/domestic/refunds/R9";
    assert_eq!(shop.wechatpay("GET", missing, Value::Null).await.0, 404);
    assert_eq!(shop.trade(Channel::Wechatpay, "F00001").refunds.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_refund_leaves_the_money_with_the_merchant() {
    let shop = Shop::open().await;
    shop.wechatpay_pay("F00002", 1000, Behaviour::Pays).await;
    let ends = json!({ "ends_as": "closed" });
    assert_eq!(shop.control("POST", "refunds", ends).await.0, 200);
    shop.wechatpay_refund("F00002", "R1", 1000, 1000).await;
    shop.pass(3_000);
    let target = "/v3/refund/domestic/refunds/R1";
    assert_eq!(
        shop.wechatpay("GET", target, Value::Null).await.1["status"],
        "CLOSED"
    );
    let ends = json!({ "ends_as": "success" });
    shop.control("POST", "refunds", ends).await;
    let (status, _) = shop.wechatpay_refund("F00002", "R2", 1000, 1000).await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_order_is_paid_by_phone_closed_or_expired() {
    let shop = Shop::open().await;
    let (status, made) = native(&shop, "Q00001", 500).await;
    assert_eq!(status, 200);
    let qr = made["code_url"].as_str().unwrap();
    assert_eq!(
        native(&shop, "Q00001", 500).await.1["code_url"],
        made["code_url"]
    );
    assert_eq!(
        native(&shop, "Q00001", 501).await.1["code"],
        "INVALID_REQUEST"
    );
    assert_eq!(
        shop.wechatpay_query("Q00001").await.1["trade_state"],
        "NOTPAY"
    );
    assert_eq!(shop.sandbox.phone(qr, PhoneAct::Pay).unwrap().state, "paid");
    let (status, body) = close(&shop, "Q00001").await;
    assert_eq!((status, body["code"].as_str()), (400, Some("ORDER_PAID")));

    let (_, second) = native(&shop, "Q00002", 500).await;
    for _ in 0..2 {
        assert_eq!(close(&shop, "Q00002").await.0, 204);
    }
    let qr = second["code_url"].as_str().unwrap();
    assert_eq!(
        shop.sandbox.phone(qr, PhoneAct::Pay).unwrap().state,
        "expired"
    );
    let (_, third) = native(&shop, "Q00003", 500).await;
    shop.pass(7_200_000);
    let qr = third["code_url"].as_str().unwrap();
    assert_eq!(
        shop.sandbox.phone(qr, PhoneAct::Scan).unwrap().state,
        "expired"
    );
    assert_eq!(
        shop.wechatpay_query("Q00003").await.1["trade_state"],
        "CLOSED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn loose_parameters_are_refused() {
    let shop = Shop::open().await;
    for (pointer, value, code) in [
        ("/amount/total", json!(0), "PARAM_ERROR"),
        ("/amount/total", json!(-5), "PARAM_ERROR"),
        ("/amount/total", json!("5"), "PARAM_ERROR"),
        ("/amount/total", json!(1.5), "PARAM_ERROR"),
        ("/amount/currency", json!("USD"), "PARAM_ERROR"),
        ("/out_trade_no", json!("short"), "PARAM_ERROR"),
        ("/description", json!(""), "PARAM_ERROR"),
        ("/appid", json!("wx0"), "APPID_MCHID_NOT_MATCH"),
        ("/mchid", json!("0"), "PARAM_ERROR"),
        (
            "/payer/auth_code",
            json!("6901234567892"),
            "AUTH_CODE_INVALID",
        ),
        ("/scene_info/store_info", json!({}), "PARAM_ERROR"),
    ] {
        let mut body = shop.wechatpay_charge("L00001", 1, Behaviour::Pays);
        *body.pointer_mut(pointer).unwrap() = value;
        let (status, answer) = shop
            .wechatpay("POST", "/v3/pay/transactions/codepay", body)
            .await;
        assert_eq!(
            (status, answer["code"].as_str()),
            (400, Some(code)),
            "{pointer}"
        );
    }
    assert!(!shop.has_trade("L00001"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_certificate_is_downloaded_opened_and_believed() {
    let shop = Shop::open().await;
    let own = shop.merchant().wechatpay.clone();
    let target = "/v3/certificates";
    let authorization = shop.wechatpay_authorization("GET", target, "");
    let answer = shop
        .send(shop.wechatpay_request("GET", target, "", &authorization))
        .await
        .unwrap();
    assert_eq!(
        answer.header("wechatpay-serial"),
        own.platform_certificate_serial
    );
    let entry = &answer.json()["data"][0];
    let sealed = &entry["encrypt_certificate"];
    let field = |name: &str| sealed[name].as_str().unwrap().to_owned();
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use base64::Engine as _;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, own.apiv3_key.as_bytes()).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(field("nonce").as_bytes()).unwrap();
    let mut bytes = base64::engine::general_purpose::STANDARD
        .decode(field("ciphertext"))
        .unwrap();
    let opened = key
        .open_in_place(nonce, Aad::from(b"certificate"), &mut bytes)
        .unwrap();
    assert_eq!(opened, own.platform_certificate_pem.as_bytes());
    let (_, pem) = x509_parser::pem::parse_x509_pem(opened).unwrap();
    let certificate = pem.parse_x509().unwrap();
    let serial = certificate.tbs_certificate.serial.to_str_radix(16);
    assert_eq!(serial.to_uppercase(), entry["serial_no"].as_str().unwrap());
    let message = format!(
        "{}\n{}\n{}\n",
        answer.header("wechatpay-timestamp"),
        answer.header("wechatpay-nonce"),
        answer.body
    );
    let spki = base64::engine::general_purpose::STANDARD.encode(certificate.public_key().raw);
    assert!(verifies(
        &spki,
        message.as_bytes(),
        &answer.header("wechatpay-signature")
    ));
}
