//! Bills of past days over the wire: played days, links, digests, plants, faults, restarts.

use paydesk_sandbox::{BILL_FAULTS, Behaviour, Channel, Fault, FaultKind};
use serde_json::{Value, json};

use crate::shop::{Answer, Shop};

/// The tests' clock stands at 2026-11-21 10:22:12 in China.
const YESTERDAY: &str = "2026-11-20";
const HOUR_MS: i64 = 3_600_000;

impl Shop {
    async fn bytes(&self, request: reqwest::RequestBuilder) -> (u16, Vec<u8>) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.bytes().await.unwrap().to_vec())
    }

    /// A shop whose trades happened yesterday: 88.88 with 20.00 given back, and 10.00.
    async fn with_yesterday() -> Self {
        let shop = Self::open().await;
        shop.pass(-24 * HOUR_MS);
        for number in ["BILL0001", "BILL0002", "BILL0003"] {
            shop.alipay_pay(number, "88.88", Behaviour::Pays).await;
            shop.wechatpay_pay(number, 8888, Behaviour::Pays).await;
            shop.pass(60_000);
        }
        let refund = json!({ "out_trade_no": "BILL0001", "out_request_no": "BILL0001R1", "refund_amount": "20.00" });
        shop.alipay("alipay.trade.refund", refund).await;
        shop.wechatpay_refund("BILL0001", "BILL0001R1", 2000, 8888)
            .await;
        // Ended unpaid: what a late payment can be planted on.
        shop.alipay_pay("BILL0004", "5.00", Behaviour::RefusesPassword)
            .await;
        shop.wechatpay_pay("BILL0004", 500, Behaviour::RefusesPassword)
            .await;
        shop.pass(24 * HOUR_MS);
        shop
    }

    async fn alipay_bill(&self, bill_type: &str, day: &str) -> Value {
        let asked = json!({ "bill_type": bill_type, "bill_date": day });
        self.alipay("alipay.data.dataservice.bill.downloadurl.query", asked)
            .await
    }

    async fn alipay_fetch(&self, bill_type: &str, day: &str) -> (u16, Vec<u8>) {
        let answer = self.alipay_bill(bill_type, day).await;
        let url = answer["bill_download_url"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"));
        assert!(
            url.starts_with(&self.url("/downloadBillFile.resource?")),
            "{url}"
        );
        self.bytes(self.client.get(url)).await
    }

    async fn wechatpay_offer(&self, target: &str) -> (u16, Value) {
        self.wechatpay("GET", target, Value::Null).await
    }

    /// Fetches the file behind an offer, with an Authorization over path and query.
    async fn wechatpay_fetch(&self, offer: &Value) -> (u16, Vec<u8>) {
        let url = offer["download_url"]
            .as_str()
            .unwrap_or_else(|| panic!("{offer}"));
        let target = url
            .strip_prefix(&self.url(""))
            .expect("the sandbox's own host");
        let authorization = self.wechatpay_authorization("GET", target, "");
        self.bytes(self.wechatpay_request("GET", target, "", &authorization))
            .await
    }

    async fn wechatpay_rows(&self, day: &str) -> Vec<Vec<String>> {
        let (_, offer) = self
            .wechatpay_offer(&format!("/v3/bill/tradebill?bill_date={day}"))
            .await;
        let (_, file) = self.wechatpay_fetch(&offer).await;
        let text = String::from_utf8(file).unwrap();
        let rows = text.lines().filter(|line| line.starts_with('`'));
        rows.map(|row| row[1..].split(",`").map(str::to_owned).collect())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wechat_pays_bill_lists_the_day_and_its_digest_is_of_the_plain_file() {
    let shop = Shop::with_yesterday().await;
    let target = format!("/v3/bill/tradebill?bill_date={YESTERDAY}&bill_type=ALL");
    let (status, offer) = shop.wechatpay_offer(&target).await;
    assert_eq!((status, &offer["hash_type"]), (200, &json!("SHA1")));
    let (status, plain) = shop.wechatpay_fetch(&offer).await;
    assert_eq!(status, 200);
    assert_eq!(offer["hash_value"], sha1_hex(&plain));
    let rows = shop.wechatpay_rows(YESTERDAY).await;
    assert_eq!(rows.len(), 5, "three payments, one refund, the sums");
    assert_eq!(
        rows[0][6..14],
        [
            "BILL0001",
            rows[0][7].as_str(),
            "MICROPAY",
            "SUCCESS",
            "OTHERS",
            "CNY",
            "88.88",
            "0.00"
        ]
    );
    let refund = rows.iter().find(|row| row[9] == "REFUND").unwrap();
    assert_eq!(
        (
            refund[15].as_str(),
            refund[16].as_str(),
            refund[22].as_str()
        ),
        ("BILL0001R1", "20.00", "-0.12000")
    );
    assert_eq!(
        rows[4],
        ["4", "266.64", "20.00", "0.00", "1.47000", "266.64", "20.00"]
    );
    let (_, packed) = shop
        .wechatpay_offer(&format!("{target}&tar_type=GZIP"))
        .await;
    assert_eq!(
        packed["hash_value"], offer["hash_value"],
        "the digest is of the plain file"
    );
    let (_, file) = shop.wechatpay_fetch(&packed).await;
    assert!(file.starts_with(&[0x1f, 0x8b, 8]) && file.len() < plain.len());
    for (part, count) in [("SUCCESS", 4), ("REFUND", 2)] {
        let (_, offer) = shop
            .wechatpay_offer(&format!(
                "/v3/bill/tradebill?bill_date={YESTERDAY}&bill_type={part}"
            ))
            .await;
        let (_, file) = shop.wechatpay_fetch(&offer).await;
        let text = String::from_utf8(file).unwrap();
        assert_eq!(
            text.lines().filter(|line| line.starts_with('`')).count(),
            count,
            "{part}"
        );
    }
    let (_, offer) = shop
        .wechatpay_offer(&format!("/v3/bill/fundflowbill?bill_date={YESTERDAY}"))
        .await;
    let (_, file) = shop.wechatpay_fetch(&offer).await;
    let text = String::from_utf8(file).unwrap();
    assert!(text.ends_with("`7,`3,`266.64,`4,`21.47\r\n"), "{text}");
}

/// The day after yesterday's trade the channel pays it, less what it holds back; the bank names the same number.
#[tokio::test(flavor = "multi_thread")]
async fn the_fund_flow_tells_payouts_and_reserves_as_the_bank_does() {
    let shop = Shop::with_yesterday().await;
    let held = json!({ "channel": "wechatpay", "reserve_fen": 1_000, "at_ms": null });
    let (status, balances) = shop.control("POST", "reserve", held).await;
    assert_eq!((status, &balances["reserved"]), (200, &json!(1_000)));
    assert_eq!(balances["is_balanced"], true);
    let too_much = json!({ "channel": "wechatpay", "reserve_fen": -1_001, "at_ms": null });
    assert_eq!(shop.control("POST", "reserve", too_much).await.0, 409);
    let future = json!({ "channel": "wechatpay", "reserve_fen": 1, "at_ms": i64::MAX });
    assert_eq!(shop.control("POST", "reserve", future).await.0, 400);
    // To Tuesday: Friday's trade was paid on Monday, Saturday's reserve keeps some of it.
    shop.pass(4 * 24 * HOUR_MS);
    let (_, offer) = shop
        .wechatpay_offer("/v3/bill/fundflowbill?bill_date=2026-11-21")
        .await;
    let text = String::from_utf8(shop.wechatpay_fetch(&offer).await.1).unwrap();
    assert!(text.contains("`冻结,`冻结,`支出,`10.00,"), "{text}");
    let (_, offer) = shop
        .wechatpay_offer("/v3/bill/fundflowbill?bill_date=2026-11-23")
        .await;
    let text = String::from_utf8(shop.wechatpay_fetch(&offer).await.1).unwrap();
    let paid = text.lines().find(|line| line.contains("`提现")).unwrap();
    let cells: Vec<&str> = paid.split(",`").collect();
    assert_eq!((cells[5], cells[6]), ("支出", "235.17"), "{text}");
    let asked = json!({ "form": "camt053", "from": null, "to": "2026-11-23" });
    let (_, written) = shop.control("POST", "bank/statement", asked).await;
    let file = written["file"].as_str().unwrap();
    let file = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, file).unwrap();
    let statement = String::from_utf8(file).unwrap();
    assert!(
        statement.contains(&format!("单号{}", cells[1])),
        "{statement}"
    );
    assert!(
        statement.contains("<Amt Ccy=\"CNY\">235.17</Amt>"),
        "{statement}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wechat_pay_refuses_days_without_a_bill_and_links_that_are_none() {
    let shop = Shop::with_yesterday().await;
    for (query, wanted) in [
        ("bill_date=2026-11-21", (400, "INVALID_REQUEST")),
        ("bill_date=2026-12-01", (400, "INVALID_REQUEST")),
        ("bill_date=2026-07-01", (400, "INVALID_REQUEST")),
        ("bill_date=2026-11-01", (400, "NO_STATEMENT_EXIST")),
        ("bill_date=20261120", (400, "PARAM_ERROR")),
        ("bill_date=2026-11-20&bill_type=SOME", (400, "PARAM_ERROR")),
        ("bill_date=2026-11-20&tar_type=ZIP", (400, "PARAM_ERROR")),
        ("bill_type=ALL", (400, "PARAM_ERROR")),
    ] {
        let (status, body) = shop
            .wechatpay_offer(&format!("/v3/bill/tradebill?{query}"))
            .await;
        assert_eq!((status, body["code"].as_str().unwrap()), wanted, "{query}");
    }
    let target = format!("/v3/bill/tradebill?bill_date={YESTERDAY}");
    shop.pass(-HOUR_MS);
    let (status, body) = shop.wechatpay_offer(&target).await;
    assert_eq!(
        (status, &body["code"]),
        (400, &json!("STATEMENT_CREATING")),
        "before ten o'clock"
    );
    shop.pass(HOUR_MS);
    let (_, offer) = shop.wechatpay_offer(&target).await;
    let url = offer["download_url"].as_str().unwrap().to_owned();
    let unsigned = shop
        .client
        .get(&url)
        .header("accept", "*/*")
        .header("user-agent", "till");
    assert_eq!(shop.bytes(unsigned).await.0, 401);
    let path = "/v3/billdownload/file";
    let over_path_only = shop.wechatpay_authorization("GET", path, "");
    let target = url.strip_prefix(&shop.url("")).unwrap();
    let wrong = shop.wechatpay_request("GET", target, "", &over_path_only);
    assert_eq!(shop.bytes(wrong).await.0, 401, "the query is signed too");
    let unknown = json!({ "download_url": shop.url(&format!("{path}?token=nonsense")) });
    assert_eq!(shop.wechatpay_fetch(&unknown).await.0, 400);
    shop.pass(299_000);
    assert_eq!(shop.wechatpay_fetch(&offer).await.0, 200);
    shop.pass(2_000);
    assert_eq!(shop.wechatpay_fetch(&offer).await.0, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn alipays_bill_is_a_zip_of_two_files_behind_a_link_of_half_a_minute() {
    let shop = Shop::with_yesterday().await;
    let account = format!("{}0156", shop.merchant().alipay.seller_id);
    for bill_type in ["trade", "signcustomer"] {
        let (status, zip) = shop.alipay_fetch(bill_type, YESTERDAY).await;
        assert_eq!((status, &zip[..4]), (200, &b"PK\x03\x04"[..]));
        let names = zip
            .windows(4)
            .filter(|bytes| *bytes == b"PK\x01\x02")
            .count();
        assert_eq!(names, 2);
        let stem = format!("{account}_20261120_");
        assert_eq!(zip[30..30 + stem.len()], *stem.as_bytes());
    }
    let answer = shop.alipay_bill("trade", YESTERDAY).await;
    let url = answer["bill_download_url"].as_str().unwrap();
    shop.pass(29_000);
    assert_eq!(shop.bytes(shop.client.get(url)).await.0, 200);
    shop.pass(2_000);
    assert_eq!(shop.bytes(shop.client.get(url)).await.0, 403);
    assert_eq!(
        shop.bytes(shop.client.get(shop.url("/downloadBillFile.resource")))
            .await
            .0,
        404
    );
    assert_eq!(shop.bytes(shop.client.post(url)).await.0, 405);
    for (bill_type, day, code) in [
        ("trade", "2026-11-21", "isp.bill_not_exist"),
        ("trade", "2026-11-01", "isp.bill_not_exist"),
        ("signcustomer", "2026-11-01", "isp.bill_not_exist"),
        ("trade", "2026-11", "isv.invalid_arguments"),
        ("nonsense", YESTERDAY, "isv.invalid_arguments"),
    ] {
        assert_eq!(
            shop.alipay_bill(bill_type, day).await["sub_code"],
            code,
            "{bill_type} {day}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_are_of_the_contract_when_the_trade_was_made() {
    let shop = Shop::open().await;
    shop.pass(-24 * HOUR_MS);
    let (_, rates) = shop.control("GET", "rates", Value::Null).await;
    assert_eq!(
        rates,
        json!({ "alipay": 6000, "stripe": 29_000, "unionpay": 6000, "wechatpay": 6000 })
    );
    shop.wechatpay_pay("RATE0001", 10_000, Behaviour::Pays)
        .await;
    let asked = json!({ "channel": "wechatpay", "rate_millionths": 3800 });
    assert_eq!(
        shop.control("POST", "rates", asked).await.1["wechatpay"],
        3800
    );
    shop.wechatpay_pay("RATE0002", 10_000, Behaviour::Pays)
        .await;
    shop.pass(24 * HOUR_MS);
    let rows = shop.wechatpay_rows(YESTERDAY).await;
    let fees: Vec<_> = rows[..2]
        .iter()
        .map(|row| (row[22].as_str(), row[23].as_str()))
        .collect();
    assert_eq!(fees, [("0.60000", "0.60%"), ("0.38000", "0.38%")]);
    let wrong = json!({ "channel": "wechatpay", "rate_millionths": 1_000_001 });
    assert_eq!(shop.control("POST", "rates", wrong).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_played_call_happens_at_its_time_and_only_with_the_token() {
    let shop = Shop::open().await;
    let seconds = 1_795_227_732 - 30 * 86_400;
    let body = shop
        .wechatpay_charge("PLAY0001", 100, Behaviour::PaysLate)
        .to_string();
    let target = "/v3/pay/transactions/codepay";
    let authorization = shop.wechatpay_authorization_at("POST", target, &body, seconds);
    let call = || {
        shop.wechatpay_request("POST", target, &body, &authorization)
            .header("x-sandbox-now", (seconds * 1000).to_string())
    };
    let alone = shop.send(call()).await.unwrap();
    assert_eq!(
        (alone.status, shop.has_trade("PLAY0001")),
        (401, false),
        "no token"
    );
    let with = call().header("x-sandbox-token", shop.sandbox.control_token());
    let answer: Answer = shop.send(with).await.unwrap();
    assert_eq!(
        (answer.status, answer.json()["trade_state"].as_str()),
        (200, Some("SUCCESS"))
    );
    assert_eq!(answer.header("wechatpay-timestamp"), seconds.to_string());
    let paid = shop
        .trade(Channel::Wechatpay, "PLAY0001")
        .paid_ms()
        .unwrap();
    assert_eq!(paid / 1000, seconds, "the late customer is not waited for");
    let rows = shop.wechatpay_rows("2026-10-22").await;
    assert_eq!(rows[0][6], "PLAY0001");
    let wrong = call()
        .header("x-sandbox-token", shop.sandbox.control_token())
        .header("x-sandbox-now", "yesterday");
    assert_eq!(shop.send(wrong).await.unwrap().status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_time_holds_for_every_call_until_it_is_given_back() {
    let shop = Shop::open().await;
    let (_, before) = shop.control("GET", "time", Value::Null).await;
    assert_eq!(
        (&before["day"], &before["is_played"]),
        (&json!("2026-11-21"), &json!(false))
    );
    let asked = json!({ "now": "2026-11-10T09:00:00+08:00" });
    let (_, set) = shop.control("POST", "time", asked).await;
    assert_eq!(
        (&set["day"], &set["is_played"]),
        (&json!("2026-11-10"), &json!(true))
    );
    let made = shop.alipay_pay("TIME0001", "1.00", Behaviour::Pays).await;
    assert_eq!(made["gmt_payment"], "2026-11-10 09:00:00");
    shop.control("POST", "time", json!({ "now": null })).await;
    assert_eq!(shop.sandbox.now_ms(), before["now_ms"].as_i64().unwrap());
    assert_eq!(shop.alipay_fetch("trade", "2026-11-10").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_the_day_brings_its_bill_and_survives_a_restart() {
    let shop = Shop::open().await;
    shop.alipay_pay("TODAY001", "1.00", Behaviour::Pays).await;
    assert_eq!(
        shop.alipay_bill("trade", "2026-11-21").await["sub_code"],
        "isp.bill_not_exist"
    );
    let (status, ended) = shop.control("POST", "day/end", Value::Null).await;
    assert_eq!(
        (status, &ended["ended"], &ended["today"]),
        (200, &json!("2026-11-21"), &json!("2026-11-22"))
    );
    assert_eq!(shop.alipay_fetch("trade", "2026-11-21").await.0, 200);
    // A till whose clock stayed behind is still heard, and answered in its own time.
    shop.wechatpay_pay("TOMORROW1", 100, Behaviour::Pays).await;
    let paid = shop
        .trade(Channel::Wechatpay, "TOMORROW1")
        .paid_ms()
        .unwrap();
    assert_eq!(
        paid,
        ended["now_ms"].as_i64().unwrap(),
        "its trade is of the new day"
    );
    let shop = shop.restart().await;
    assert_eq!(shop.sandbox.now_ms(), paid);
    assert_eq!(shop.alipay_fetch("trade", "2026-11-21").await.0, 200);
    assert_eq!(shop.sandbox.end_day().unwrap().today, "2026-11-23");
}

#[tokio::test(flavor = "multi_thread")]
async fn plants_are_told_stand_on_the_bills_and_survive_a_restart() {
    let shop = Shop::with_yesterday().await;
    let wish = |code: &str| json!({ "code": code, "channel": "wechatpay", "day": YESTERDAY });
    let on = |code: &str, number: &str| {
        let mut wish = wish(code);
        wish["out_trade_no"] = json!(number);
        wish
    };
    let plants = [
        wish("missing_ours"),
        wish("status"),
        on("amount_over", "BILL0002"),
        on("next_day", "BILL0003"),
    ];
    let (status, body) = shop
        .control("POST", "plant", json!({ "plants": plants }))
        .await;
    assert_eq!(status, 200, "{body}");
    let told = body["planted"].as_array().unwrap();
    assert_eq!(told.len(), 4);
    assert_eq!(told[1]["out_trade_no"], "BILL0004");
    assert_eq!(
        (&told[2]["amount"], &told[2]["bill_amounts"]),
        (&json!(8888), &json!([8988]))
    );
    assert_eq!(told[3]["bill_days"], json!(["2026-11-21"]));
    let twice = json!({ "plants": [on("fee", "BILL0002")] });
    assert_eq!(
        shop.control("POST", "plant", twice).await.0,
        409,
        "one plant on a payment"
    );
    let today = json!({ "plants": [{ "code": "fee", "channel": "alipay", "day": "2026-11-21" }] });
    assert_eq!(shop.control("POST", "plant", today).await.0, 409);
    let before = shop.wechatpay_rows(YESTERDAY).await;
    let shop = shop.restart().await;
    let rows = shop.wechatpay_rows(YESTERDAY).await;
    assert_eq!(rows, before);
    let amounts: Vec<_> = rows
        .iter()
        .map(|row| (row[6].as_str(), row.get(12).map(String::as_str)))
        .collect();
    let unknown = told[0]["out_trade_no"].as_str().unwrap();
    for wanted in [
        ("BILL0002", Some("89.88")),
        ("BILL0004", Some("5.00")),
        (unknown, Some("18.88")),
    ] {
        assert!(amounts.contains(&wanted), "{wanted:?} in {amounts:?}");
    }
    assert!(
        !amounts.iter().any(|(number, _)| *number == "BILL0003"),
        "it moved to the next day"
    );
    assert_eq!(
        shop.wechatpay_query("BILL0002").await.1["amount"]["total"],
        8888,
        "the truth stays"
    );
    assert_eq!(shop.sandbox.planted().unwrap().len(), 4);
    assert!(
        shop.sandbox
            .ledger()
            .unwrap()
            .balances
            .iter()
            .all(|of| of.is_balanced)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_plants_change_lines_of_alipay() {
    let shop = Shop::with_yesterday().await;
    for (code, number, days, fee) in [
        ("missing_channel", "BILL0002", json!([]), json!([])),
        ("fee", "BILL0003", json!([YESTERDAY]), json!([54])),
    ] {
        let wish =
            json!({ "code": code, "channel": "alipay", "day": YESTERDAY, "out_trade_no": number });
        let (_, body) = shop
            .control("POST", "plant", json!({ "plants": [wish] }))
            .await;
        let told = &body["planted"][0];
        assert_eq!(
            (&told["bill_days"], &told["bill_fees"], &told["fee"]),
            (&days, &fee, &json!(53)),
            "{code}"
        );
    }
    let shop = Shop::with_yesterday().await;
    for (code, number, days, amounts) in [
        (
            "duplicate_channel",
            "BILL0002",
            json!([YESTERDAY, YESTERDAY]),
            json!([8888, 8888]),
        ),
        (
            "previous_day",
            "BILL0003",
            json!(["2026-11-19"]),
            json!([8888]),
        ),
    ] {
        let wish =
            json!({ "code": code, "channel": "alipay", "day": YESTERDAY, "out_trade_no": number });
        let (_, body) = shop
            .control("POST", "plant", json!({ "plants": [wish] }))
            .await;
        let told = &body["planted"][0];
        assert_eq!(
            (&told["bill_days"], &told["bill_amounts"]),
            (&days, &amounts),
            "{code}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bill_faults_strike_bills_and_nothing_else() {
    let shop = Shop::with_yesterday().await;
    let target = format!("/v3/bill/tradebill?bill_date={YESTERDAY}");
    let (_, whole) = shop.wechatpay_offer(&target).await;
    let (_, right) = shop.wechatpay_fetch(&whole).await;
    let (_, view) = shop.control("GET", "faults", Value::Null).await;
    assert_eq!(
        view["bill_faults"].as_array().unwrap().len(),
        BILL_FAULTS.len()
    );
    for kind in BILL_FAULTS {
        shop.sandbox.set_fault(Fault::always(*kind));
        assert_eq!(shop.wechatpay_query("BILL0001").await.0, 200);
        let (status, offer) = shop.wechatpay_offer(&target).await;
        let node = shop.alipay_bill("trade", YESTERDAY).await;
        if *kind == FaultKind::BillNotAllowed {
            assert_eq!((status, &offer["code"]), (403, &json!("NO_AUTH")));
            assert_eq!(node["code"], "40006");
            shop.sandbox.clear_fault(*kind);
            continue;
        }
        if *kind == FaultKind::BillNotReady {
            assert_eq!(
                (status, &offer["code"]),
                (400, &json!("STATEMENT_CREATING"))
            );
            assert_eq!(node["sub_code"], "isp.bill_not_exist");
            shop.sandbox.clear_fault(*kind);
            continue;
        }
        let (status, file) = shop.wechatpay_fetch(&offer).await;
        let url = node["bill_download_url"].as_str().unwrap();
        let (_, zip) = shop.bytes(shop.client.get(url)).await;
        let is_digest_right = offer["hash_value"] == sha1_hex(&file);
        match kind {
            FaultKind::BillLinkExpired => assert_eq!(status, 403),
            FaultKind::BillTruncated => {
                assert!(file.len() < right.len() && !zip.ends_with(&[0, 0]))
            }
            FaultKind::BillDigestWrong => assert!(file == right && !is_digest_right),
            _ => assert!(file != right && is_digest_right, "{kind:?}"),
        }
        let text = String::from_utf8_lossy(&file).into_owned();
        match kind {
            FaultKind::BillTotalsWrong => assert!(text.contains("`4,`266.65,")),
            FaultKind::BillWrongDay => {
                assert!(text.contains("`2026-11-19 ") && !text.contains("`2026-11-20 "))
            }
            _ => {}
        }
        shop.sandbox.clear_fault(*kind);
    }
}

fn sha1_hex(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
