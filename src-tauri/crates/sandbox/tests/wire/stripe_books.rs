//! Stripe's balance, payouts, reports, disputes, events and notices.

use serde_json::{Value, json};

use crate::shop::Shop;
use crate::stripe_till::form;

const DAY_MS: i64 = 86_400_000;

fn sum(rows: &Value, field: &str) -> i64 {
    rows["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[field].as_i64().unwrap())
        .sum()
}

#[tokio::test]
async fn a_payout_is_the_sum_of_its_items() {
    let shop = Shop::open().await;
    let first = shop.stripe_paid("PO1", "10000", "usd").await;
    shop.stripe_paid("PO2", "5000", "usd").await;
    shop.stripe_paid("PO3", "3000", "jpy").await;
    let id = first["id"].as_str().unwrap();
    shop.stripe_do("/v1/refunds", &[("payment_intent", id), ("amount", "1000")])
        .await;
    let balance = shop.stripe_get("/v1/balance").await;
    assert_eq!(
        balance["pending"][1]["amount"],
        10_000 - 320 + 5_000 - 175,
        "{balance}"
    );
    assert_eq!(balance["available"][1]["amount"], -1_000);
    // The clock stands on a Saturday: Tuesday is the second working day after.
    shop.pass(4 * DAY_MS);
    let payouts = shop.stripe_get("/v1/payouts").await;
    let own: Vec<&Value> = payouts["data"].as_array().unwrap().iter().collect();
    assert_eq!(own.len(), 2, "one of each currency");
    let dollars = own.iter().find(|it| it["currency"] == "usd").unwrap();
    assert_eq!(dollars["amount"], 10_000 - 320 + 5_000 - 175 - 1_000);
    assert_eq!(dollars["reconciliation_status"], "completed");
    let po = dollars["id"].as_str().unwrap();
    let rows = shop
        .stripe_get(&format!("/v1/balance_transactions?payout={po}&limit=100"))
        .await;
    assert_eq!(rows["data"].as_array().unwrap().len(), 4);
    assert_eq!(sum(&rows, "net"), 0, "with the payout's own row");
    shop.pass(2 * DAY_MS);
    let paid = shop.stripe_get(&format!("/v1/payouts/{po}")).await;
    assert_eq!(paid["status"], "paid");
    assert!(paid["trace_id"]["value"].is_string());
    let (status, _) = shop
        .control("POST", "stripe/payout/fail", json!({ "payout": po }))
        .await;
    assert_eq!(status, 200);
    let failed = shop
        .stripe_get(&format!(
            "/v1/payouts/{po}?expand[]=failure_balance_transaction"
        ))
        .await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["failure_balance_transaction"]["type"],
        "payout_failure"
    );
    shop.pass(DAY_MS);
    let again = shop.stripe_get("/v1/payouts?limit=1").await;
    assert_eq!(
        again["data"][0]["amount"], dollars["amount"],
        "what came back goes out again"
    );
}

fn rows_of(csv: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut lines = csv
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    (lines.next().unwrap(), lines.collect())
}

#[tokio::test]
async fn a_report_says_what_the_balance_says() {
    let shop = Shop::open().await;
    let from = 1_795_227_732 / 86_400 * 86_400;
    shop.stripe_paid("REP1", "10000", "usd").await;
    shop.stripe_paid("REP2", "5000", "jpy").await;
    let intent = shop.stripe_paid("REP4", "900", "eur").await;
    let refund = [
        ("payment_intent", intent["id"].as_str().unwrap()),
        ("metadata[refund]", "REP4R1"),
    ];
    shop.stripe_do("/v1/refunds", &refund).await;
    shop.pass(DAY_MS);
    shop.stripe_paid("REP3", "700", "usd").await;
    let (start, end) = (from.to_string(), (from + 86_400).to_string());
    let run = [
        ("report_type", "balance_change_from_activity.itemized.3"),
        ("parameters[interval_start]", start.as_str()),
        ("parameters[interval_end]", end.as_str()),
        ("parameters[timezone]", "Asia/Hong_Kong"),
        ("parameters[columns][0]", "balance_transaction_id"),
        ("parameters[columns][1]", "created"),
        ("parameters[columns][2]", "currency"),
        ("parameters[columns][3]", "gross"),
        ("parameters[columns][4]", "fee"),
        ("parameters[columns][5]", "net"),
        ("parameters[columns][6]", "payment_metadata[order_id]"),
        ("parameters[columns][7]", "refund_metadata[refund]"),
    ];
    let report = shop.stripe_do("/v1/reporting/report_runs", &run).await;
    assert_eq!(
        (&report["status"], report["result"].is_null()),
        (&json!("pending"), true)
    );
    shop.pass(3_000);
    let target = format!(
        "/v1/reporting/report_runs/{}",
        report["id"].as_str().unwrap()
    );
    let done = shop.stripe_get(&target).await;
    assert_eq!(done["status"], "succeeded");
    let url = done["result"]["url"].as_str().unwrap();
    let path = url
        .split_once("/v1/")
        .map(|(_, path)| format!("/v1/{path}"))
        .unwrap();
    let file = shop.stripe_ask(&path).await;
    let (names, mut rows) = rows_of(&file.body);
    assert_eq!(names[0], "balance_transaction_id");
    rows.sort_by_key(|row| (row[6].clone(), row[7].clone()));
    let of_refunds: Vec<&str> = rows.iter().map(|row| row[7].as_str()).collect();
    assert_eq!(of_refunds, ["", "", "", "REP4R1"]);
    let told: Vec<[&str; 5]> = rows
        .iter()
        .filter(|row| row[2] != "eur")
        .map(|row| [&row[2], &row[3], &row[4], &row[5], &row[6]].map(String::as_str))
        .collect();
    assert_eq!(
        told,
        [
            ["usd", "100.00", "3.20", "96.80", "REP1"],
            ["jpy", "5000", "145", "4855", "REP2"]
        ],
        "the third lies outside"
    );
    let stranger = shop.send(shop.client.get(shop.url(&path))).await.unwrap();
    assert_eq!(stranger.status, 401);
    let late = [run[0], run[1], ("parameters[interval_end]", "1999999999")];
    assert_eq!(
        shop.stripe_post("/v1/reporting/report_runs", &late).await.0,
        400
    );
}

#[tokio::test]
async fn a_payouts_report_lists_its_items() {
    let shop = Shop::open().await;
    shop.stripe_paid("ITEM1", "10000", "usd").await;
    shop.pass(4 * DAY_MS);
    let payouts = shop.stripe_get("/v1/payouts").await;
    let po = payouts["data"][0]["id"].as_str().unwrap().to_owned();
    let run = [
        ("report_type", "payout_reconciliation.by_id.itemized.4"),
        ("parameters[payout]", po.as_str()),
    ];
    let report = shop.stripe_do("/v1/reporting/report_runs", &run).await;
    shop.pass(3_000);
    let done = shop
        .stripe_get(&format!(
            "/v1/reporting/report_runs/{}",
            report["id"].as_str().unwrap()
        ))
        .await;
    let file = done["result"]["id"].as_str().unwrap();
    let text = shop
        .stripe_ask(&format!("/v1/files/{file}/contents"))
        .await
        .body;
    let (names, rows) = rows_of(&text);
    let net = names.iter().position(|name| name == "net").unwrap();
    assert_eq!((rows.len(), rows[0][net].as_str()), (1, "96.80"));
}

#[tokio::test]
async fn a_dispute_takes_money_and_a_fee_and_is_won_or_lost() {
    let shop = Shop::open().await;
    let intent = shop.stripe_paid("DIS1", "2000", "usd").await;
    let id = intent["id"].as_str().unwrap();
    let (status, opened) = shop
        .control("POST", "stripe/dispute", json!({ "payment_intent": id }))
        .await;
    assert_eq!((status, &opened["status"]), (200, &json!("needs_response")));
    let line = &opened["balance_transactions"][0];
    assert_eq!(
        (&line["amount"], &line["fee"], &line["net"]),
        (&json!(-2_000), &json!(1_500), &json!(-3_500))
    );
    let refused = shop
        .stripe_refused("/v1/refunds", &[("payment_intent", id)])
        .await;
    assert_eq!(refused, (400, "charge_disputed".to_owned()));
    assert_eq!(shop.stripe_balance("USD"), 0);
    let du = opened["id"].as_str().unwrap();
    shop.control(
        "POST",
        "stripe/dispute/decide",
        json!({ "dispute": du, "won": true }),
    )
    .await;
    let list = shop
        .stripe_get(&format!("/v1/disputes?payment_intent={id}"))
        .await;
    assert_eq!(list["data"][0]["status"], "won");
    assert_eq!(
        list["data"][0]["balance_transactions"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(shop.stripe_balance("USD"), 2_000);
    let second = shop.stripe_paid("DIS2", "900", "usd").await;
    let asked = json!({ "payment_intent": second["id"] });
    let (_, opened) = shop.control("POST", "stripe/dispute", asked).await;
    let close = format!("/v1/disputes/{}/close", opened["id"].as_str().unwrap());
    assert_eq!(shop.stripe_do(&close, &[]).await["status"], "lost");
    assert_eq!(shop.stripe_balance("USD"), 2_000);
}

#[tokio::test]
async fn events_show_their_object_as_it_was() {
    let shop = Shop::open().await;
    let pairs = [
        ("amount", "1200"),
        ("currency", "usd"),
        ("payment_method_types[0]", "card"),
    ];
    let intent = shop.stripe_do("/v1/payment_intents", &pairs).await;
    shop.pass(1_000);
    let confirm = format!(
        "/v1/payment_intents/{}/confirm",
        intent["id"].as_str().unwrap()
    );
    shop.stripe_do(&confirm, &[("payment_method", "pm_card_visa")])
        .await;
    let all = shop
        .stripe_get("/v1/events?types[0]=payment_intent.created&types[1]=payment_intent.succeeded")
        .await;
    let told: Vec<(&str, &str)> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["type"].as_str().unwrap(),
                it["data"]["object"]["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("payment_intent.succeeded", "succeeded"),
            ("payment_intent.created", "requires_payment_method")
        ]
    );
    shop.pass(31 * DAY_MS);
    let late = shop.stripe_get("/v1/events?type=payment_intent.*").await;
    assert_eq!(late["data"], json!([]));
}

#[tokio::test]
async fn a_notice_is_signed_and_comes_until_it_is_acknowledged() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let shop = Shop::open().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (status, _) = shop
        .control(
            "POST",
            "stripe/endpoint",
            json!({ "url": "http://relay.example/" }),
        )
        .await;
    assert_eq!(status, 400, "nobody but loopback");
    shop.control("POST", "stripe/endpoint", json!({ "url": url }))
        .await;
    let session = shop.stripe_session("HOOK1", "500").await;
    let page = session["url"].as_str().unwrap();
    let request = shop
        .client
        .post(page)
        .header("content-type", "application/x-www-form-urlencoded");
    shop.send(request.body(form(&[("method", "alipay")])))
        .await
        .unwrap();
    let mut kinds = Vec::new();
    while !kinds.contains(&"checkout.session.completed".to_owned()) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = String::new();
        let (head, body) = loop {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .unwrap();
                if body.len() == length.parse::<usize>().unwrap() {
                    break (head.to_owned(), body.to_owned());
                }
            }
        };
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let header = head
            .lines()
            .find_map(|line| line.strip_prefix("stripe-signature: "))
            .unwrap();
        let (at, v1) = header
            .strip_prefix("t=")
            .unwrap()
            .split_once(",v1=")
            .unwrap();
        let key = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            shop.merchant().stripe.webhook_secret.as_bytes(),
        );
        let tag = aws_lc_rs::hmac::sign(&key, format!("{at}.{body}").as_bytes());
        let digits: String = tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(v1, digits);
        let event: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(event["object"], "event");
        kinds.push(event["type"].as_str().unwrap().to_owned());
    }
    assert!(
        kinds.contains(&"payment_intent.succeeded".to_owned()),
        "{kinds:?}"
    );
}
