//! Alipay's rules: numbers used twice, refunds, QR, expiry, endings, certificate mode.

use paydesk_sandbox::{Behaviour, Channel, PhoneAct};
use serde_json::{Value, json};

use crate::shop::{Shop, alipay_sign, node_of, signed_part, verifies};

async fn query(shop: &Shop, number: &str) -> Value {
    shop.alipay("alipay.trade.query", json!({ "out_trade_no": number }))
        .await
}

async fn refund(shop: &Shop, number: &str, refund_no: &str, yuan: &str) -> Value {
    let content =
        json!({ "out_trade_no": number, "out_request_no": refund_no, "refund_amount": yuan });
    shop.alipay("alipay.trade.refund", content).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_charged_once() {
    let shop = Shop::open().await;
    assert_eq!(
        shop.alipay_pay("N1", "10.00", Behaviour::Pays).await["code"],
        "10000"
    );
    let again = shop.alipay_pay("N1", "10.00", Behaviour::Pays).await;
    assert_eq!(again["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
    let other = shop.alipay_pay("N1", "10.01", Behaviour::Pays).await;
    assert_eq!(other["sub_code"], "ACQ.CONTEXT_INCONSISTENT");
    shop.alipay("alipay.trade.cancel", json!({ "out_trade_no": "N1" }))
        .await;
    let closed = shop.alipay_pay("N1", "10.00", Behaviour::Pays).await;
    assert_eq!(closed["sub_code"], "ACQ.TRADE_HAS_CLOSE");
    assert_eq!(shop.trade(Channel::Alipay, "N1").charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_code_is_for_one_payment() {
    let shop = Shop::open().await;
    let mut content = shop.alipay_charge("C1", "1", Behaviour::Pays);
    shop.alipay("alipay.trade.pay", content.clone()).await;
    content["out_trade_no"] = json!("C2");
    let second = shop.alipay("alipay.trade.pay", content).await;
    assert_eq!(second["sub_code"], "ACQ.PAYMENT_AUTH_CODE_INVALID");
    assert!(!shop.has_trade("C2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_trade_is_tried_again_with_a_fresh_code() {
    let shop = Shop::open().await;
    let first = shop.alipay_charge("R1", "1", Behaviour::PaysAfterPassword);
    for _ in 0..2 {
        assert_eq!(
            shop.alipay("alipay.trade.pay", first.clone()).await["code"],
            "10003"
        );
    }
    assert_eq!(
        shop.alipay_pay("R1", "1", Behaviour::Pays).await["code"],
        "10000"
    );
    shop.pass(60_000);
    assert_eq!(shop.trade(Channel::Alipay, "R1").charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_are_done_once_and_counted_together() {
    let shop = Shop::open().await;
    shop.alipay_pay("F1", "10.00", Behaviour::Pays).await;
    let first = refund(&shop, "F1", "R1", "4").await;
    assert_eq!(
        (&first["fund_change"], &first["refund_fee"]),
        (&json!("Y"), &json!("4.00"))
    );
    let again = refund(&shop, "F1", "R1", "4.00").await;
    assert_eq!(
        (&again["fund_change"], &again["refund_fee"]),
        (&json!("N"), &json!("4.00"))
    );
    let other = refund(&shop, "F1", "R1", "5").await;
    assert_eq!(other["sub_code"], "ACQ.DISCORDANT_REPEAT_REQUEST");
    let over = refund(&shop, "F1", "R2", "6.01").await;
    assert_eq!(over["sub_code"], "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    assert_eq!(query(&shop, "F1").await["trade_status"], "TRADE_SUCCESS");
    assert_eq!(refund(&shop, "F1", "R2", "6").await["refund_fee"], "10.00");
    assert_eq!(query(&shop, "F1").await["trade_status"], "TRADE_CLOSED");
    let asked = |refund_no| json!({ "out_trade_no": "F1", "out_request_no": refund_no });
    let method = "alipay.trade.fastpay.refund.query";
    let known = shop.alipay(method, asked("R1")).await;
    assert_eq!(known["refund_status"], "REFUND_SUCCESS");
    assert_eq!(known["refund_amount"], "4.00");
    let unknown = shop.alipay(method, asked("R9")).await;
    assert_eq!(
        (&unknown["code"], &unknown["refund_status"]),
        (&json!("10000"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_needs_money_at_the_channel_and_a_paid_trade() {
    let shop = Shop::open().await;
    shop.alipay_pay("B1", "10.00", Behaviour::Pays).await;
    let taken = json!({ "channel": "alipay", "withdraw_fen": 900 });
    assert_eq!(shop.control("POST", "merchant", taken).await.0, 200);
    let poor = refund(&shop, "B1", "R1", "2").await;
    assert_eq!(poor["sub_code"], "ACQ.SELLER_BALANCE_NOT_ENOUGH");
    assert_eq!(refund(&shop, "B1", "R2", "1").await["fund_change"], "Y");
    shop.alipay_pay("B2", "1", Behaviour::PaysAfterPassword)
        .await;
    let unpaid = refund(&shop, "B2", "R1", "1").await;
    assert_eq!(unpaid["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    assert_eq!(
        refund(&shop, "B3", "R1", "1").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_gives_back_what_was_paid_and_forgives_unknown_numbers() {
    let shop = Shop::open().await;
    shop.alipay_pay("K1", "10.00", Behaviour::Pays).await;
    refund(&shop, "K1", "R1", "3").await;
    for _ in 0..2 {
        let node = shop
            .alipay("alipay.trade.cancel", json!({ "out_trade_no": "K1" }))
            .await;
        assert_eq!(node["action"], "refund");
    }
    let trade = shop.trade(Channel::Alipay, "K1");
    assert_eq!(
        (trade.refunds.len(), trade.refunded()),
        (2, trade.charged())
    );
    let node = shop
        .alipay("alipay.trade.cancel", json!({ "out_trade_no": "K2" }))
        .await;
    assert_eq!(
        (&node["code"], &node["action"]),
        (&json!("10000"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qr_trade_exists_from_the_scan_and_dies_at_its_time() {
    let shop = Shop::open().await;
    let content = |number: &str| json!({ "out_trade_no": number, "total_amount": "5", "subject": "扫码", "timeout_express": "2m" });
    let made = shop
        .alipay_try("alipay.trade.precreate", &content("Q1"))
        .await
        .unwrap();
    assert!(
        made.body
            .contains(r#""qr_code":"https:\/\/qr.alipay.com\/bax"#),
        "{}",
        made.body
    );
    let made = shop.alipay("alipay.trade.precreate", content("Q1")).await;
    let qr = made["qr_code"].as_str().unwrap();
    assert_eq!(query(&shop, "Q1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    let closed = shop
        .alipay("alipay.trade.close", json!({ "out_trade_no": "Q1" }))
        .await;
    assert_eq!(closed["sub_code"], "ACQ.TRADE_NOT_EXIST");
    assert_eq!(
        shop.sandbox.phone(qr, PhoneAct::Scan).unwrap().state,
        "scanned"
    );
    assert_eq!(query(&shop, "Q1").await["trade_status"], "WAIT_BUYER_PAY");
    assert_eq!(
        shop.sandbox.phone(qr, PhoneAct::Decline).unwrap().state,
        "declined"
    );
    assert_eq!(shop.sandbox.phone(qr, PhoneAct::Pay).unwrap().state, "paid");
    assert_eq!(query(&shop, "Q1").await["trade_status"], "TRADE_SUCCESS");

    let old = shop.alipay("alipay.trade.precreate", content("Q2")).await;
    let qr = old["qr_code"].as_str().unwrap();
    shop.pass(120_000);
    assert_eq!(
        shop.sandbox.phone(qr, PhoneAct::Pay).unwrap().state,
        "expired"
    );
    let old_pays = json!({ "old_qr_pays": true });
    assert_eq!(shop.control("POST", "faults", old_pays).await.0, 200);
    assert_eq!(shop.sandbox.phone(qr, PhoneAct::Pay).unwrap().state, "paid");
    assert_eq!(query(&shop, "Q2").await["trade_status"], "TRADE_SUCCESS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_qr_cannot_be_paid() {
    let shop = Shop::open().await;
    let content = json!({ "out_trade_no": "Q3", "total_amount": "5", "subject": "扫码" });
    let made = shop.alipay("alipay.trade.precreate", content).await;
    shop.alipay("alipay.trade.cancel", json!({ "out_trade_no": "Q3" }))
        .await;
    let screen = shop
        .sandbox
        .phone(made["qr_code"].as_str().unwrap(), PhoneAct::Pay)
        .unwrap();
    assert_eq!(screen.state, "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_trade_closes_at_the_time_that_was_set() {
    let shop = Shop::open().await;
    let mut content = shop.alipay_charge("T1", "1", Behaviour::NoAnswerUnpaid);
    content["time_expire"] = json!("2026-11-21 10:30:00");
    assert!(shop.alipay_try("alipay.trade.pay", &content).await.is_err());
    assert_eq!(query(&shop, "T1").await["trade_status"], "WAIT_BUYER_PAY");
    shop.pass(3_600_000);
    assert_eq!(query(&shop, "T1").await["trade_status"], "TRADE_CLOSED");
    let mut past = shop.alipay_charge("T2", "1", Behaviour::Pays);
    past["time_expire"] = json!("2026-11-21 10:30:00");
    let refused = shop.alipay("alipay.trade.pay", past).await;
    assert_eq!(refused["sub_code"], "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR");
}

#[tokio::test(flavor = "multi_thread")]
async fn loose_parameters_are_refused() {
    let shop = Shop::open().await;
    for (field, value) in [
        ("total_amount", json!("0")),
        ("total_amount", json!("-1")),
        ("total_amount", json!("1.001")),
        ("total_amount", json!(1.5)),
        ("total_amount", json!("100000000.01")),
        ("subject", json!("a/b")),
        ("subject", json!("")),
        ("out_trade_no", json!("门")),
        ("scene", json!("security_code")),
        ("timeout_express", json!("1.5h")),
    ] {
        let mut content = shop.alipay_charge("L1", "1", Behaviour::Pays);
        content[field] = value.clone();
        let node = shop.alipay("alipay.trade.pay", content).await;
        assert_eq!(node["sub_code"], "ACQ.INVALID_PARAMETER", "{field} {value}");
    }
    let mut goods = shop.alipay_charge("L1", "1", Behaviour::Pays);
    goods["auth_code"] = json!("6901234567892");
    let node = shop.alipay("alipay.trade.pay", goods).await;
    assert_eq!(node["sub_code"], "ACQ.PAYMENT_AUTH_CODE_INVALID");
    let unknown = shop.alipay("alipay.trade.nonsense", json!({})).await;
    assert_eq!(unknown["sub_code"], "isv.invalid-method");
    assert!(!shop.has_trade("L1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_mode_names_its_certificates_both_ways() {
    let shop = Shop::open().await;
    let own = shop.merchant().alipay_certificate.clone();
    let charge = shop.alipay_charge("CERT1", "1", Behaviour::Pays);
    let mut form = shop.alipay_form("alipay.trade.pay", &charge);
    form[0].1 = own.app_id.clone();
    let bare = alipay_sign(form.clone(), &own.app_private_key_pem);
    let refused = shop.alipay_send(&bare).await.unwrap().json();
    let node = node_of("alipay.trade.pay");
    assert_eq!(refused[&node]["sub_code"], "isv.missing-app-cert-sn");
    form.push(("app_cert_sn".to_owned(), own.app_cert_sn.clone()));
    form.push((
        "alipay_root_cert_sn".to_owned(),
        own.alipay_root_cert_sn.clone(),
    ));
    let signed = alipay_sign(form, &own.app_private_key_pem);
    let answer = shop.alipay_send(&signed).await.unwrap();
    let body = answer.json();
    assert_eq!(body["alipay_cert_sn"], own.alipay_cert_sn.as_str());
    let (_, pem) = x509_parser::pem::parse_x509_pem(own.alipay_certificate_pem.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();
    let key = certificate.public_key().raw;
    let key = aws_lc_rs::signature::ParsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
        key,
    );
    let part = signed_part(&answer.body, &node).unwrap();
    use base64::Engine as _;
    let sign = base64::engine::general_purpose::STANDARD.decode(body["sign"].as_str().unwrap());
    assert!(
        key.unwrap()
            .verify_sig(part.as_bytes(), &sign.unwrap())
            .is_ok()
    );
    assert!(verifies(
        &shop.merchant().alipay.gateway_public_key_pem,
        part.as_bytes(),
        body["sign"].as_str().unwrap()
    ));
}
