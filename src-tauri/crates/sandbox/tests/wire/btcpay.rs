//! BTCPay Server's invoices over HTTP: made, paid, listed and marked, with the clock in the test's hand.

use paydesk_sandbox::WalletAct;
use serde_json::{Value, json};

use crate::btcpay_till::sats_of;
use crate::shop::Shop;

const MINUTE_MS: i64 = 60_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_says_what_was_asked_and_how_it_can_be_paid() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("SHOP1-1", "5.00", "USD").await;
    for (name, value) in [
        ("amount", json!("5.00")),
        ("paidAmount", json!("0")),
        ("currency", json!("USD")),
        ("type", json!("Standard")),
        ("status", json!("New")),
        ("additionalStatus", json!("None")),
        ("archived", json!(false)),
        ("storeId", json!(shop.merchant().btcpay.store_id)),
        (
            "availableStatusesForManualMarking",
            json!(["Settled", "Invalid"]),
        ),
        ("createdTime", json!(1_795_227_732)),
        ("expirationTime", json!(1_795_227_732 + 900)),
        ("monitoringExpiration", json!(1_795_227_732 + 900 + 86_400)),
    ] {
        assert_eq!(invoice[name], value, "{name}");
    }
    assert_eq!(invoice["metadata"]["orderId"], "SHOP1-1");
    assert_eq!(invoice["checkout"]["speedPolicy"], "MediumSpeed");
    let chain = shop.way(&invoice, "BTC-CHAIN").await;
    let address = chain["destination"].as_str().unwrap();
    assert!(
        address.starts_with("bcrt1q"),
        "no mainnet address: {address}"
    );
    assert_eq!(chain["rate"], "64392.23");
    assert_eq!(
        (&chain["due"], &chain["amount"]),
        (&json!("0.00007765"), &json!("0.00007765"))
    );
    assert_eq!(
        chain["paymentLink"],
        format!("bitcoin:{address}?amount=0.00007765")
    );
    let lightning = shop.way(&invoice, "BTC-LN").await;
    let bolt11 = lightning["destination"].as_str().unwrap();
    assert!(bolt11.starts_with("lnbcrt77650n1"), "{bolt11}");
    assert_eq!(lightning["paymentLink"], format!("lightning:{bolt11}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_is_locked_when_the_invoice_is_made() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("LOCKED", "5.00", "USD").await;
    let dearer = json!({ "currency": "USD", "rate": "100000" });
    assert_eq!(shop.control("POST", "coin-rate", dearer).await.0, 200);
    assert_eq!(shop.way(&invoice, "BTC-CHAIN").await["due"], "0.00007765");
    let later = shop.invoice("LATER", "5.00", "USD").await;
    assert_eq!(shop.way(&later, "BTC-CHAIN").await["due"], "0.00005000");
    let path = shop.btcpay_store("rates?currencyPair=BTC_USD&currencyPair=BTC_CNY");
    let rates = shop.btcpay("GET", &path, Value::Null).await;
    assert_eq!(
        rates[0],
        json!({ "currencyPair": "BTC_USD", "rate": "100000.00", "errors": [] })
    );
    assert_eq!(rates[1]["rate"], "463000.00");
    let nobody = json!({ "currency": "USD", "rate": null });
    assert_eq!(shop.control("POST", "coin-rate", nobody).await.0, 200);
    let rates = shop.btcpay("GET", &path, Value::Null).await;
    assert_eq!(rates[0]["rate"], Value::Null);
    assert_eq!(rates[0]["errors"].as_array().unwrap().len(), 1);
    let asked = json!({ "amount": "5.00", "currency": "USD" });
    let path = shop.btcpay_store("invoices");
    let (status, wrong) = shop.btcpay_refused("POST", &path, asked).await;
    assert_eq!((status, &wrong[0]["path"]), (422, &json!("paymentMethods")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_on_chain_settles_with_its_block() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("CHAIN", "5.00", "USD").await;
    shop.send_coins(&invoice, None).await;
    assert_eq!(shop.state(&invoice).await, "Processing/None");
    let way = shop.way(&invoice, "BTC-CHAIN").await;
    assert_eq!(way["payments"][0]["status"], "Processing");
    assert_eq!(
        (&way["due"], &way["totalPaid"]),
        (&json!("0"), &json!("0.00007765"))
    );
    shop.pass(MINUTE_MS);
    assert_eq!(shop.state(&invoice).await, "Settled/None");
    assert_eq!(shop.invoice_now(&invoice).await["paidAmount"], "5.00");
    assert_eq!(shop.sats(), 7_765);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_says_how_many_blocks_are_enough() {
    let shop = Shop::open().await;
    for (policy, blocks) in [("HighSpeed", 0), ("LowMediumSpeed", 2), ("LowSpeed", 6)] {
        let invoice = shop
            .invoice_with(policy, json!({ "speedPolicy": policy }))
            .await;
        shop.send_coins(&invoice, None).await;
        for _ in 0..blocks {
            assert_eq!(shop.state(&invoice).await, "Processing/None", "{policy}");
            shop.pass(MINUTE_MS);
        }
        assert_eq!(shop.state(&invoice).await, "Settled/None", "{policy}");
    }
    let fast = shop
        .invoice_with("RBF", json!({ "speedPolicy": "HighSpeed" }))
        .await;
    let link = shop.link(&fast, "BTC-CHAIN").await;
    let replaceable = WalletAct::Send {
        sats: None,
        is_replaceable: true,
        is_stuck: false,
    };
    shop.wallet(&link, replaceable);
    assert_eq!(shop.state(&fast).await, "Processing/None");
}

#[tokio::test(flavor = "multi_thread")]
async fn lightning_settles_at_once_and_takes_its_own_sum_only() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("LIGHTNING", "5.00", "USD").await;
    let link = shop.link(&invoice, "BTC-LN").await;
    let less = WalletAct::Send {
        sats: Some(5),
        is_replaceable: false,
        is_stuck: false,
    };
    assert_eq!(shop.wallet(&link, less).state, "refused");
    assert_eq!(shop.wallet(&link, WalletAct::PAY).state, "sent");
    assert_eq!(shop.state(&invoice).await, "Settled/None");
    assert_eq!(shop.wallet(&link, WalletAct::PAY).state, "refused", "once");
    let late = shop.invoice("LATE", "5.00", "USD").await;
    let link = shop.link(&late, "BTC-LN").await;
    shop.pass(15 * MINUTE_MS);
    assert_eq!(
        shop.wallet(&link, WalletAct::PAY).state,
        "refused",
        "expired"
    );
    assert_eq!(shop.sats(), 7_765);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_shrinks_with_every_payment() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("PARTLY", "5.00", "USD").await;
    let first = shop.link(&invoice, "BTC-LN").await;
    shop.send_coins(&invoice, Some(3_000)).await;
    assert_eq!(shop.state(&invoice).await, "New/PaidPartial");
    let way = shop.way(&invoice, "BTC-CHAIN").await;
    assert_eq!(sats_of(&way["due"]), 4_765);
    assert!(
        way["paymentLink"]
            .as_str()
            .unwrap()
            .ends_with("?amount=0.00004765")
    );
    let second = shop.link(&invoice, "BTC-LN").await;
    assert!(second.starts_with("lightning:lnbcrt47650n1"), "{second}");
    assert_eq!(
        shop.wallet(&first, WalletAct::PAY).state,
        "refused",
        "an old sum"
    );
    assert_eq!(shop.wallet(&second, WalletAct::PAY).state, "sent");
    assert_eq!(shop.state(&invoice).await, "Processing/None");
    let way = shop.way(&invoice, "BTC-LN").await;
    assert_eq!(sats_of(&way["paymentMethodPaid"]), 4_765);
    assert_eq!(sats_of(&way["totalPaid"]), 7_765);
    shop.pass(MINUTE_MS);
    assert_eq!(shop.state(&invoice).await, "Settled/None");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_too_much_and_too_late_are_states_of_their_own() {
    let shop = Shop::open().await;
    let over = shop.invoice("OVER", "5.00", "USD").await;
    shop.send_coins(&over, Some(10_000)).await;
    let (none, partly, late) = (
        shop.invoice("NONE", "5.00", "USD").await,
        shop.invoice("PARTLY", "5.00", "USD").await,
        shop.invoice("LATE", "5.00", "USD").await,
    );
    shop.send_coins(&partly, Some(1_000)).await;
    shop.pass(15 * MINUTE_MS);
    assert_eq!(shop.state(&over).await, "Settled/PaidOver");
    assert_eq!(shop.state(&none).await, "Expired/None");
    assert_eq!(shop.state(&partly).await, "Expired/PaidPartial");
    shop.send_coins(&late, None).await;
    assert_eq!(shop.state(&late).await, "Expired/PaidLate");
    shop.pass(2 * 1_440 * MINUTE_MS);
    assert_eq!(shop.state(&late).await, "Expired/PaidLate");
    let id = late["id"].as_str().unwrap();
    let path = format!("invoices/{id}/status");
    let marked = shop
        .btcpay("POST", &path, json!({ "status": "Settled" }))
        .await;
    assert_eq!(
        (&marked["status"], &marked["additionalStatus"]),
        (&json!("Settled"), &json!("Marked"))
    );
    assert_eq!(
        marked["availableStatusesForManualMarking"],
        json!(["Invalid"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_transaction_and_a_stuck_one_are_no_money() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("REPLACED", "5.00", "USD").await;
    let link = shop.link(&invoice, "BTC-CHAIN").await;
    let replaceable = WalletAct::Send {
        sats: None,
        is_replaceable: true,
        is_stuck: false,
    };
    shop.wallet(&link, replaceable);
    assert_eq!(shop.state(&invoice).await, "Processing/None");
    assert_eq!(
        shop.wallet(&link, WalletAct::Replace { sats: 0 }).state,
        "replaced"
    );
    assert_eq!(shop.state(&invoice).await, "New/None");
    assert_eq!(shop.sats(), 0);
    let way = shop.way(&invoice, "BTC-CHAIN").await;
    assert_eq!(
        (&way["payments"], &way["due"]),
        (&json!([]), &json!("0.00007765"))
    );
    let id = invoice["id"].as_str().unwrap();
    let path = format!("invoices/{id}/payment-methods?onlyAccountedPayments=false");
    let all = shop.btcpay("GET", &path, Value::Null).await;
    assert_eq!(all[0]["payments"][0]["status"], "Invalid");
    assert_eq!(
        shop.wallet(&link, WalletAct::Replace { sats: 0 }).state,
        "refused"
    );

    let stuck = shop
        .invoice_with("STUCK", json!({ "monitoringMinutes": 60 }))
        .await;
    let link = shop.link(&stuck, "BTC-CHAIN").await;
    let never = WalletAct::Send {
        sats: None,
        is_replaceable: false,
        is_stuck: true,
    };
    shop.wallet(&link, never);
    shop.pass(74 * MINUTE_MS);
    assert_eq!(shop.state(&stuck).await, "Processing/None");
    shop.pass(MINUTE_MS);
    assert_eq!(shop.state(&stuck).await, "Invalid/None");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_a_second_invoice_and_the_list_finds_both() {
    let shop = Shop::open().await;
    let first = shop.invoice("TWICE", "5.00", "USD").await;
    shop.pass(1_000);
    let second = shop.invoice("TWICE", "5.00", "USD").await;
    shop.invoice("OTHER", "7", "CNY").await;
    let ids = async |query: &str| -> Vec<String> {
        let path = shop.btcpay_store(&format!("invoices?{query}"));
        let rows = shop.btcpay("GET", &path, Value::Null).await;
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let own = |invoice: &Value| invoice["id"].as_str().unwrap().to_owned();
    assert_eq!(ids("orderId=TWICE").await, [own(&second), own(&first)]);
    assert_eq!(ids("orderId=TWICE&orderId=OTHER").await.len(), 3);
    assert_eq!(ids("orderId=TWICE&skip=1&take=5").await, [own(&first)]);
    assert_eq!(ids("orderId=TWICE&take=1").await, [own(&second)]);
    assert_eq!(ids("status=New").await.len(), 3);
    assert!(ids("status=Settled&status=Expired").await.is_empty());
    assert_eq!(ids("startDate=1795227733").await.len(), 2);
    assert_eq!(ids("endDate=1795227732").await, [own(&first)]);
    assert_eq!(ids("textSearch=tEa").await.len(), 3);
    assert_eq!(
        ids(&format!("textSearch={}", own(&second))).await,
        [own(&second)]
    );

    let path = format!("invoices/{}", own(&second));
    assert_eq!(shop.btcpay("DELETE", &path, Value::Null).await, Value::Null);
    assert_eq!(ids("orderId=TWICE").await, [own(&first)]);
    assert_eq!(ids("orderId=TWICE&includeArchived=true").await.len(), 2);
    assert_eq!(shop.invoice_now(&second).await["archived"], true);
    let path = format!("invoices/{}/unarchive", own(&second));
    assert_eq!(
        shop.btcpay("POST", &path, Value::Null).await["archived"],
        false
    );
    assert_eq!(ids("orderId=TWICE").await.len(), 2);

    let other = json!({ "metadata": { "orderId": "MOVED", "seller": "x" } });
    let path = format!("invoices/{}", own(&first));
    let moved = shop.btcpay("PUT", &path, other.clone()).await;
    assert_eq!(moved["metadata"], other["metadata"]);
    assert_eq!(ids("orderId=MOVED").await, [own(&first)]);
    assert_eq!(ids("orderId=TWICE").await, [own(&second)]);
    let path = shop.btcpay_store("invoices?orderId=MOVED&includePaymentMethods=true");
    let rows = shop.btcpay("GET", &path, Value::Null).await;
    assert_eq!(rows[0]["paymentMethods"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_of_a_path_and_the_old_names_of_methods_are_spoken() {
    let shop = Shop::open().await;
    let old = json!({ "paymentMethods": ["BTC", "BTC-LightningNetwork"] });
    let invoice = shop.invoice_with("OLD", old).await;
    assert_eq!(
        invoice["checkout"]["paymentMethods"],
        json!(["BTC-CHAIN", "BTC-LN"])
    );
    let id = invoice["id"].as_str().unwrap();
    for rest in ["", "/payment-methods"] {
        let short = format!("invoices/{id}{rest}");
        let long = shop.btcpay_store(&short);
        let told = shop.btcpay("GET", &short, Value::Null).await;
        assert_eq!(shop.btcpay("GET", &long, Value::Null).await, told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn currencies_keep_their_decimals() {
    let shop = Shop::open().await;
    for (amount, currency, sats) in [
        ("500", "JPY", 5_051),
        ("1.500", "KWD", 7_576),
        ("0.00012345", "BTC", 12_345),
        ("5.00", "CNY", 1_080),
    ] {
        let invoice = shop.invoice(currency, amount, currency).await;
        assert_eq!(invoice["amount"], amount);
        let way = shop.way(&invoice, "BTC-CHAIN").await;
        assert_eq!(sats_of(&way["due"]), sats, "{currency}");
        shop.send_coins(&invoice, None).await;
        assert_eq!(shop.invoice_now(&invoice).await["paidAmount"], amount);
    }
    let asked = json!({ "amount": 5.5 });
    let path = shop.btcpay_store("invoices");
    let invoice = shop.btcpay("POST", &path, asked).await;
    assert_eq!(
        (&invoice["amount"], &invoice["currency"]),
        (&json!("5.50"), &json!("CNY"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_up_takes_what_comes_and_nothing_is_paid_at_once() {
    let shop = Shop::open().await;
    let asked = json!({ "currency": "USD", "metadata": { "orderId": "TOPUP" } });
    let path = shop.btcpay_store("invoices");
    let invoice = shop.btcpay("POST", &path, asked).await;
    assert_eq!(
        (&invoice["type"], &invoice["amount"]),
        (&json!("TopUp"), &json!("0"))
    );
    let ways = shop.ways(&invoice).await;
    assert_eq!(ways.as_array().unwrap().len(), 1);
    assert!(!ways[0]["paymentLink"].as_str().unwrap().contains("amount"));
    shop.send_coins(&invoice, Some(7_765)).await;
    shop.pass(MINUTE_MS);
    assert_eq!(shop.state(&invoice).await, "Settled/None");
    assert_eq!(shop.invoice_now(&invoice).await["amount"], "5.00");
    let nothing = shop.invoice("NOTHING", "0", "USD").await;
    assert_eq!(shop.state(&nothing).await, "Settled/None");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lazy_way_is_there_once_somebody_asks_for_it() {
    let shop = Shop::open().await;
    let lazy = json!({ "lazyPaymentMethods": true, "paymentTolerance": "2" });
    let invoice = shop.invoice_with("LAZY", lazy).await;
    let way = shop.way(&invoice, "BTC-LN").await;
    assert_eq!(
        (&way["activated"], &way["paymentLink"]),
        (&json!(false), &Value::Null)
    );
    let id = invoice["id"].as_str().unwrap();
    for method in ["BTC-LN", "BTC-CHAIN", "BTC-CHAIN"] {
        let path = format!("invoices/{id}/payment-methods/{method}/activate");
        shop.btcpay("POST", &path, Value::Null).await;
    }
    assert_eq!(shop.way(&invoice, "BTC-LN").await["activated"], true);
    shop.send_coins(&invoice, Some(7_610)).await;
    assert_eq!(
        shop.state(&invoice).await,
        "Processing/None",
        "within two percent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_nothing() {
    let shop = Shop::open().await;
    let invoice = shop.invoice("KEPT", "5.00", "USD").await;
    shop.send_coins(&invoice, None).await;
    let before = (shop.invoice_now(&invoice).await, shop.ways(&invoice).await);
    let address = shop.sandbox.address();
    let shop = shop.restart().await;
    assert_ne!(shop.sandbox.address(), address);
    let mut after = (shop.invoice_now(&invoice).await, shop.ways(&invoice).await);
    after.0["checkoutLink"] = before.0["checkoutLink"].clone();
    assert_eq!(after, before);
    shop.pass(MINUTE_MS);
    assert_eq!(shop.state(&invoice).await, "Settled/None");
    assert_eq!(shop.sats(), 7_765);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_learns_what_it_talks_to() {
    let shop = Shop::open().await;
    let health = shop.btcpay_as(None, "GET", "health", &Value::Null).await;
    assert_eq!(health.json(), json!({ "synchronized": true }));
    let info = shop.btcpay("GET", "server/info", Value::Null).await;
    assert_eq!(info["version"], "2.4.1");
    let key = shop.btcpay("GET", "api-keys/current", Value::Null).await;
    let own = &shop.merchant().btcpay;
    let create = format!("btcpay.store.cancreateinvoice:{}", own.store_id);
    assert!(
        key["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!(create))
    );
    let store = shop
        .btcpay("GET", &format!("stores/{}", own.store_id), Value::Null)
        .await;
    assert_eq!(store["defaultCurrency"], "CNY");
    let path = format!("stores/{}", own.other_store_id);
    let other = shop
        .btcpay_as(Some(&own.other_api_key), "GET", &path, &Value::Null)
        .await;
    assert_eq!(
        other.json()["defaultCurrency"],
        "USD",
        "a store of another currency"
    );
    let path = shop.btcpay_store("payment-methods?onlyEnabled=true");
    let methods = shop.btcpay("GET", &path, Value::Null).await;
    assert_eq!(
        methods[1],
        json!({ "enabled": true, "paymentMethodId": "BTC-LN" })
    );
}
