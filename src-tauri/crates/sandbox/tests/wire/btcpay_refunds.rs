//! Money back at BTCPay Server: what is offered, who claims it, and what becomes of the claim.

use paydesk_sandbox::WalletAct;
use serde_json::{Value, json};

use crate::btcpay_till::sats_of;
use crate::shop::Shop;

const CLAIM: WalletAct = WalletAct::Claim {
    by_lightning: false,
};

/// An invoice of five dollars, settled, and so many satoshi over.
async fn settled(shop: &Shop, order_id: &str, over: i64) -> String {
    let invoice = shop.invoice(order_id, "5.00", "USD").await;
    shop.send_coins(&invoice, Some(7_765 + over)).await;
    shop.pass(60_000);
    invoice["id"].as_str().unwrap().to_owned()
}

async fn refund(shop: &Shop, id: &str, body: Value) -> Value {
    shop.btcpay("POST", &format!("invoices/{id}/refund"), body)
        .await
}

async fn refused(shop: &Shop, id: &str, body: Value) -> (u16, Value) {
    shop.btcpay_refused("POST", &format!("invoices/{id}/refund"), body)
        .await
}

async fn payouts(shop: &Shop, pull: &Value) -> Value {
    let id = pull["id"].as_str().unwrap();
    let path = format!("pull-payments/{id}/payouts?includeCancelled=true");
    shop.btcpay("GET", &path, Value::Null).await
}

fn claim(shop: &Shop, pull: &Value, act: WalletAct) -> &'static str {
    shop.wallet(pull["viewLink"].as_str().unwrap(), act).state
}

#[tokio::test(flavor = "multi_thread")]
async fn every_variant_offers_its_own_sum() {
    let shop = Shop::open().await;
    let id = settled(&shop, "VARIANTS", 235).await;
    let dearer = json!({ "currency": "USD", "rate": "100000" });
    shop.control("POST", "coin-rate", dearer).await;
    for (body, currency, amount, approves) in [
        (
            json!({ "refundVariant": "RateThen" }),
            "BTC",
            "0.00008000",
            true,
        ),
        (
            json!({ "refundVariant": "CurrentRate" }),
            "BTC",
            "0.00005150",
            true,
        ),
        (json!({ "refundVariant": "Fiat" }), "USD", "5.15", false),
        (
            json!({ "refundVariant": "OverpaidAmount" }),
            "BTC",
            "0.00000235",
            true,
        ),
        (
            json!({ "refundVariant": "Custom", "customAmount": "1.25", "customCurrency": "USD" }),
            "USD",
            "1.25",
            false,
        ),
        (
            json!({ "refundVariant": "Custom", "customAmount": 0.00001, "customCurrency": "BTC" }),
            "BTC",
            "0.00001000",
            true,
        ),
        (
            json!({ "refundVariant": "RateThen", "subtractPercentage": "2.5" }),
            "BTC",
            "0.00007800",
            true,
        ),
    ] {
        let pull = refund(&shop, &id, body.clone()).await;
        assert_eq!(
            (
                &pull["currency"],
                &pull["amount"],
                &pull["autoApproveClaims"]
            ),
            (&json!(currency), &json!(amount), &json!(approves)),
            "{body}"
        );
    }
    let path = format!("invoices/{id}/refund/BTC-CHAIN");
    let choices = shop.btcpay("GET", &path, Value::Null).await;
    for (name, value) in [
        ("paymentAmountThen", "0.00008000"),
        ("paymentAmountNow", "0.00005150"),
        ("invoiceAmount", "5.15"),
        ("overpaidPaymentAmount", "0.00000235"),
    ] {
        assert_eq!(choices[name], value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_no_refund_until_it_was_claimed_and_paid() {
    let shop = Shop::open().await;
    let id = settled(&shop, "CLAIMED", 0).await;
    let asked =
        json!({ "refundVariant": "RateThen", "payoutMethods": ["BTC-CHAIN"], "name": "R1" });
    let pull = refund(&shop, &id, asked).await;
    assert_eq!(
        (&pull["name"], &pull["archived"]),
        (&json!("R1"), &json!(false))
    );
    assert_eq!(payouts(&shop, &pull).await, json!([]));
    assert_eq!(shop.sats(), 7_765);
    assert_eq!(claim(&shop, &pull, CLAIM), "claimed");
    assert_eq!(claim(&shop, &pull, CLAIM), "refused", "nothing is left");
    let state = async || {
        payouts(&shop, &pull).await[0]["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(state().await, "AwaitingPayment");
    shop.pass(3_000);
    assert_eq!(state().await, "InProgress");
    assert_eq!(shop.sats(), 0);
    shop.pass(60_000);
    assert_eq!(state().await, "Completed");
    let truth = serde_json::to_value(shop.sandbox.truth().unwrap()).unwrap();
    let trade = &truth["trades"][0];
    assert_eq!(
        (&trade["charged"], &trade["returned"], &trade["kept"]),
        (&json!(500), &json!(500), &json!(0))
    );
    assert_eq!(trade["movements"][1]["number"], "R1");
    assert_eq!(trade["movements"][1]["sats"], 7_765);
    let all = shop
        .btcpay("GET", &shop.btcpay_store("payouts"), Value::Null)
        .await;
    assert_eq!(sats_of(&all[0]["payoutAmount"]), 7_765);
}

#[tokio::test(flavor = "multi_thread")]
async fn fiat_waits_for_the_owner_and_costs_what_it_costs_then() {
    let shop = Shop::open().await;
    shop.control("POST", "refunds", json!({ "ends_as": "abnormal" }))
        .await;
    let id = settled(&shop, "FIAT", 10_000).await;
    let asked = json!({
        "refundVariant": "Custom", "customAmount": "5.00", "customCurrency": "USD",
    });
    let pull = refund(&shop, &id, asked).await;
    assert_eq!(claim(&shop, &pull, CLAIM), "claimed");
    shop.pass(3_600_000);
    let waiting = payouts(&shop, &pull).await;
    assert_eq!(
        (&waiting[0]["state"], &waiting[0]["payoutAmount"]),
        (&json!("AwaitingApproval"), &Value::Null)
    );
    let payout = format!("payouts/{}", waiting[0]["id"].as_str().unwrap());
    let (status, told) = shop
        .btcpay_refused("POST", &payout, json!({ "revision": 7 }))
        .await;
    assert_eq!((status, &told["code"]), (400, &json!("old-revision")));
    let unknown = json!({ "currency": "USD", "rate": null });
    shop.control("POST", "coin-rate", unknown).await;
    let (status, told) = shop
        .btcpay_refused("POST", &payout, json!({ "revision": 0 }))
        .await;
    assert_eq!((status, &told["code"]), (400, &json!("rate-unavailable")));
    let cheaper = json!({ "currency": "USD", "rate": "50000" });
    shop.control("POST", "coin-rate", cheaper).await;
    let told = shop.btcpay("POST", &payout, json!({ "revision": 0 })).await;
    assert_eq!(
        (&told["state"], &told["payoutAmount"]),
        (&json!("AwaitingPayment"), &json!("0.00010000"))
    );
    assert_eq!(
        shop.btcpay_refused("POST", &payout, json!({})).await.0,
        400,
        "once"
    );
    let paid = format!("{payout}/mark-paid");
    shop.btcpay("POST", &paid, Value::Null).await;
    assert_eq!(payouts(&shop, &pull).await[0]["state"], "Completed");
    assert_eq!(shop.sats(), 7_765 + 10_000 - 10_000);
    let (status, told) = shop.btcpay_refused("DELETE", &payout, Value::Null).await;
    assert_eq!((status, &told["code"]), (400, &json!("invalid-state")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_can_be_given_up_and_an_offer_taken_back() {
    let shop = Shop::open().await;
    let id = settled(&shop, "GIVENUP", 0).await;
    shop.control("POST", "refunds", json!({ "ends_as": "closed" }))
        .await;
    let pull = refund(&shop, &id, json!({ "refundVariant": "Fiat" })).await;
    assert_eq!(claim(&shop, &pull, CLAIM), "claimed");
    shop.pass(3_000);
    assert_eq!(payouts(&shop, &pull).await[0]["state"], "Cancelled");
    assert_eq!(
        claim(&shop, &pull, WalletAct::Claim { by_lightning: true }),
        "claimed",
        "again"
    );
    let path = format!("pull-payments/{}", pull["id"].as_str().unwrap());
    shop.btcpay("DELETE", &path, Value::Null).await;
    assert_eq!(
        shop.btcpay("GET", &path, Value::Null).await["archived"],
        true
    );
    assert_eq!(claim(&shop, &pull, CLAIM), "refused");
    let all = payouts(&shop, &pull).await;
    let all = all.as_array().unwrap().iter();
    assert!(all.clone().all(|payout| payout["state"] == "Cancelled"));
    assert_eq!(all.count(), 2);
    assert_eq!(shop.sats(), 7_765);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_holds_too_little_pays_later() {
    let shop = Shop::open().await;
    let id = settled(&shop, "POOR", 0).await;
    let out = json!({ "channel": "btcpay", "currency": "BTC", "withdraw_fen": 7_000 });
    assert_eq!(shop.control("POST", "merchant", out).await.0, 200);
    let pull = refund(&shop, &id, json!({ "refundVariant": "RateThen" })).await;
    assert_eq!(
        claim(&shop, &pull, WalletAct::Claim { by_lightning: true }),
        "claimed"
    );
    shop.pass(60_000);
    assert_eq!(payouts(&shop, &pull).await[0]["state"], "AwaitingPayment");
    settled(&shop, "RICH", 0).await;
    shop.pass(600_000);
    assert_eq!(payouts(&shop, &pull).await[0]["state"], "Completed");
    assert_eq!(shop.sats(), 765);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_refunds_and_claims_are_refused() {
    let shop = Shop::open().await;
    let open = shop.invoice("OPEN", "5.00", "USD").await;
    let then = json!({ "refundVariant": "RateThen" });
    let (status, told) = refused(&shop, open["id"].as_str().unwrap(), then.clone()).await;
    assert_eq!((status, &told["code"]), (400, &json!("non-refundable")));
    let id = settled(&shop, "PAID", 0).await;
    for (body, path) in [
        (json!({}), "refundVariant"),
        (json!({ "refundVariant": "Gold" }), "refundVariant"),
        (
            json!({ "refundVariant": "OverpaidAmount" }),
            "refundVariant",
        ),
        (
            json!({ "refundVariant": "Custom", "customAmount": "1" }),
            "customCurrency",
        ),
        (
            json!({ "refundVariant": "Custom", "customAmount": "0", "customCurrency": "USD" }),
            "customAmount",
        ),
        (
            json!({ "refundVariant": "Fiat", "subtractPercentage": "101" }),
            "subtractPercentage",
        ),
        (
            json!({ "refundVariant": "Fiat", "payoutMethods": ["XMR-CHAIN"] }),
            "payoutMethods",
        ),
    ] {
        let (status, told) = refused(&shop, &id, body.clone()).await;
        assert_eq!((status, &told[0]["path"]), (422, &json!(path)), "{body}");
    }
    let key = shop.merchant().btcpay.till_api_key.clone();
    let path = format!("invoices/{id}/refund");
    let pull = shop
        .btcpay_as(Some(&key), "POST", &path, &then)
        .await
        .json();
    assert_eq!(pull["autoApproveClaims"], false, "that key may not approve");
    let path = format!("pull-payments/{}/payouts", pull["id"].as_str().unwrap());
    let mainnet = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    for (body, status, place) in [
        (
            json!({ "destination": mainnet, "payoutMethodId": "BTC-CHAIN" }),
            422,
            "destination",
        ),
        (
            json!({ "destination": mainnet, "payoutMethodId": "XMR" }),
            422,
            "payoutMethodId",
        ),
    ] {
        let (seen, told) = shop.btcpay_refused("POST", &path, body).await;
        assert_eq!((seen, &told[0]["path"]), (status, &json!(place)));
    }
    let address = shop.way(&open, "BTC-CHAIN").await["destination"].clone();
    let claim = |amount: &str| json!({ "destination": address, "payoutMethodId": "BTC-CHAIN", "amount": amount });
    let (status, told) = shop.btcpay_refused("POST", &path, claim("1")).await;
    assert_eq!((status, &told["code"]), (400, &json!("overdraft")));
    let payout = shop.btcpay("POST", &path, claim("0.00004")).await;
    assert_eq!(payout["state"], "AwaitingApproval");
    let (status, told) = shop.btcpay_refused("POST", &path, claim("0.00001")).await;
    assert_eq!(
        (status, &told["code"]),
        (400, &json!("duplicate-destination"))
    );
}
