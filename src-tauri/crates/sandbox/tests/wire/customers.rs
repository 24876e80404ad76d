//! The table of customers, line by line, at both channels.

use paydesk_sandbox::{Behaviour, Channel};
use serde_json::json;

use crate::shop::Shop;

async fn alipay_status(shop: &Shop, number: &str) -> String {
    let node = shop
        .alipay("alipay.trade.query", json!({ "out_trade_no": number }))
        .await;
    let told = node["trade_status"].as_str().or(node["sub_code"].as_str());
    told.unwrap().to_owned()
}

async fn alipay_cancel(shop: &Shop, number: &str) -> serde_json::Value {
    shop.alipay("alipay.trade.cancel", json!({ "out_trade_no": number }))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_customers_who_answer_at_once() {
    let shop = Shop::open().await;
    for (number, customer, code, sub_code) in [
        ("A00", Behaviour::Pays, "10000", None),
        (
            "A03",
            Behaviour::NoBalance,
            "40004",
            Some("ACQ.BUYER_BALANCE_NOT_ENOUGH"),
        ),
        (
            "A04",
            Behaviour::ExpiredCode,
            "40004",
            Some("ACQ.PAYMENT_AUTH_CODE_INVALID"),
        ),
        ("A07", Behaviour::AnswersTwice, "10000", None),
    ] {
        let node = shop.alipay_pay(number, "88.88", customer).await;
        assert_eq!(node["code"], code, "{node}");
        assert_eq!(node["sub_code"].as_str(), sub_code);
        assert_eq!(shop.has_trade(number), sub_code.is_none());
    }
    assert_eq!(shop.trade(Channel::Alipay, "A07").charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_password_is_typed_or_refused_after_a_while() {
    let shop = Shop::open().await;
    let node = shop
        .alipay_pay("A01", "1", Behaviour::PaysAfterPassword)
        .await;
    assert_eq!(node["code"], "10003");
    shop.alipay_pay("A02", "1", Behaviour::RefusesPassword)
        .await;
    shop.pass(5_999);
    assert_eq!(alipay_status(&shop, "A01").await, "WAIT_BUYER_PAY");
    assert_eq!(alipay_status(&shop, "A02").await, "WAIT_BUYER_PAY");
    shop.pass(1);
    assert_eq!(alipay_status(&shop, "A01").await, "TRADE_SUCCESS");
    assert_eq!(alipay_status(&shop, "A02").await, "TRADE_CLOSED");
    assert!(shop.trade(Channel::Alipay, "A02").charges.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_silence_hides_a_payment_or_none() {
    let shop = Shop::open().await;
    for (number, customer) in [
        ("A05", Behaviour::NoAnswerPaid),
        ("A06", Behaviour::NoAnswerUnpaid),
    ] {
        let content = shop.alipay_charge(number, "1", customer);
        assert!(shop.alipay_try("alipay.trade.pay", &content).await.is_err());
    }
    assert_eq!(alipay_status(&shop, "A05").await, "TRADE_SUCCESS");
    assert_eq!(alipay_status(&shop, "A06").await, "WAIT_BUYER_PAY");
    let node = alipay_cancel(&shop, "A06").await;
    assert_eq!(
        (&node["action"], &node["retry_flag"]),
        (&json!("close"), &json!("N"))
    );
    shop.pass(60_000);
    assert_eq!(alipay_status(&shop, "A06").await, "TRADE_CLOSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn late_customers_pay_when_their_time_comes() {
    let shop = Shop::open().await;
    let content = shop.alipay_charge("A08", "1", Behaviour::PaysLate);
    let body = shop.wechatpay_charge("W000008", 100, Behaviour::PaysLate);
    let waiting = async {
        while !(shop.has_trade("A08") && shop.has_trade("W000008")) {
            tokio::task::yield_now().await;
        }
        assert_eq!(alipay_status(&shop, "A08").await, "WAIT_BUYER_PAY");
        assert_eq!(
            shop.wechatpay_query("W000008").await.1["trade_state"],
            "USERPAYING"
        );
        shop.pass(400);
    };
    let (alipay, wechatpay, ()) = tokio::join!(
        shop.alipay("alipay.trade.pay", content),
        shop.wechatpay("POST", "/v3/pay/transactions/codepay", body),
        waiting
    );
    assert_eq!(alipay["code"], "10000");
    assert_eq!(wechatpay.1["trade_state"], "SUCCESS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_charge_arrives_after_the_ending_and_can_be_given_back() {
    let shop = Shop::open().await;
    let content = shop.alipay_charge("A09", "1", Behaviour::PaysAfterReverse);
    assert!(shop.alipay_try("alipay.trade.pay", &content).await.is_err());
    let body = shop.wechatpay_charge("W000009", 100, Behaviour::PaysAfterReverse);
    assert!(
        shop.wechatpay_try("POST", "/v3/pay/transactions/codepay", &body)
            .await
            .is_err()
    );
    shop.pass(60_000);
    assert_eq!(alipay_status(&shop, "A09").await, "WAIT_BUYER_PAY");
    assert_eq!(alipay_cancel(&shop, "A09").await["action"], "close");
    assert_eq!(shop.wechatpay_reverse("W000009").await.0, 200);
    assert_eq!(alipay_status(&shop, "A09").await, "TRADE_CLOSED");
    assert_eq!(
        shop.wechatpay_query("W000009").await.1["trade_state"],
        "REVOKED"
    );
    shop.pass(3_000);
    assert_eq!(alipay_status(&shop, "A09").await, "TRADE_SUCCESS");
    assert_eq!(
        shop.wechatpay_query("W000009").await.1["trade_state"],
        "SUCCESS"
    );
    assert_eq!(alipay_cancel(&shop, "A09").await["action"], "refund");
    assert_eq!(shop.wechatpay_reverse("W000009").await.0, 200);
    for (channel, number) in [(Channel::Alipay, "A09"), (Channel::Wechatpay, "W000009")] {
        let trade = shop.trade(channel, number);
        assert_eq!(
            (trade.charges.len(), trade.charged()),
            (1, trade.refunded())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wechatpay_customers_who_answer_at_once() {
    let shop = Shop::open().await;
    for (number, customer, status, code) in [
        ("W000000", Behaviour::Pays, 200, None),
        ("W000003", Behaviour::NoBalance, 403, Some("NOT_ENOUGH")),
        (
            "W000004",
            Behaviour::ExpiredCode,
            403,
            Some("AUTH_CODE_EXPIRE"),
        ),
        ("W000007", Behaviour::AnswersTwice, 200, None),
    ] {
        let (got, body) = shop.wechatpay_pay(number, 8888, customer).await;
        assert_eq!((got, body["code"].as_str()), (status, code), "{body}");
        assert_eq!(shop.has_trade(number), code.is_none());
    }
    assert_eq!(shop.trade(Channel::Wechatpay, "W000007").charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wechatpay_asks_for_the_password_in_both_body_forms() {
    let shop = Shop::open().await;
    let (first, with_code) = shop
        .wechatpay_pay("W000001", 100, Behaviour::PaysAfterPassword)
        .await;
    let (second, with_state) = shop
        .wechatpay_pay("W000002", 100, Behaviour::RefusesPassword)
        .await;
    assert_eq!((first, second), (202, 202));
    assert_eq!(with_code["code"], "USERPAYING");
    assert_eq!(with_state["trade_state"], "USERPAYING");
    shop.pass(6_000);
    assert_eq!(
        shop.wechatpay_query("W000001").await.1["trade_state"],
        "SUCCESS"
    );
    assert_eq!(
        shop.wechatpay_query("W000002").await.1["trade_state"],
        "PAYERROR"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wechatpay_silence_hides_a_payment_or_none() {
    let shop = Shop::open().await;
    for (number, customer) in [
        ("W000005", Behaviour::NoAnswerPaid),
        ("W000006", Behaviour::NoAnswerUnpaid),
    ] {
        let body = shop.wechatpay_charge(number, 100, customer);
        let sent = shop
            .wechatpay_try("POST", "/v3/pay/transactions/codepay", &body)
            .await;
        assert!(sent.is_err());
    }
    assert_eq!(
        shop.wechatpay_query("W000005").await.1["trade_state"],
        "SUCCESS"
    );
    assert_eq!(
        shop.wechatpay_query("W000006").await.1["trade_state"],
        "USERPAYING"
    );
    let (status, body) = shop.wechatpay_reverse("W000006").await;
    assert_eq!(
        (status, body["code"].as_str()),
        (400, Some("INVALID_REQUEST"))
    );
    shop.pass(15_000);
    assert_eq!(shop.wechatpay_reverse("W000006").await.0, 200);
    assert_eq!(shop.wechatpay_reverse("W000006").await.0, 200);
    assert_eq!(
        shop.wechatpay_query("W000006").await.1["trade_state"],
        "REVOKED"
    );
}
