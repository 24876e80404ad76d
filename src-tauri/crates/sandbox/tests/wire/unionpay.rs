//! UnionPay's rules: customers, the two levels of a query, refunds, undos, reversals, shown codes.

use paydesk_sandbox::{Behaviour, Channel, PhoneAct, RefundState, State};
use serde_json::json;

use crate::shop::Shop;
use crate::unionpay_till::{BACK, Order, QUERY};

const HOUR_MS: i64 = 3_600_000;

fn levels(code: &str, order: &str) -> (String, String) {
    (code.to_owned(), order.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanned_code_is_accepted_first_and_told_by_the_query() {
    let shop = Shop::open().await;
    let (order, answer) = shop.unionpay_pay("UPPAY001", "1999", Behaviour::Pays).await;
    assert_eq!(answer["respCode"], "00");
    assert_eq!(answer["respMsg"], "成功[0000000]");
    assert_eq!(order.id.len(), 21);
    assert!(!answer.contains_key("settleAmt"), "accepted, not paid");
    let told = shop.unionpay_query(&order).await;
    for (name, value) in [
        ("respCode", "00"),
        ("origRespCode", "00"),
        ("queryId", &order.id),
        ("txnType", "01"),
        ("txnSubType", "06"),
        ("txnTime", &order.time),
        ("txnAmt", "1999"),
        ("settleAmt", "1999"),
        ("settleDate", "1121"),
        ("traceNo", &order.id[14..20]),
        ("traceTime", &order.id[4..14]),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    let by_id = [
        ("txnType", "00"),
        ("txnSubType", "02"),
        ("queryId", &order.id),
    ];
    let told_by_id = shop.unionpay(QUERY, &by_id).await;
    assert_eq!(told_by_id["orderId"], "UPPAY001");
    assert_eq!(shop.trade(Channel::Unionpay, "UPPAY001").charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_do_what_their_digits_say() {
    let shop = Shop::open().await;
    for (number, customer, code, at_once, later) in [
        ("UPCUST00", Behaviour::Pays, "00", "00", "00"),
        ("UPCUST01", Behaviour::PaysAfterPassword, "00", "05", "00"),
        ("UPCUST02", Behaviour::RefusesPassword, "00", "05", "65"),
        ("UPCUST03", Behaviour::NoBalance, "64", "", ""),
        ("UPCUST04", Behaviour::ExpiredCode, "61", "", ""),
        ("UPCUST07", Behaviour::AnswersTwice, "00", "00", "00"),
    ] {
        let (order, answer) = shop.unionpay_pay(number, "1", customer).await;
        assert_eq!(answer["respCode"], code, "{customer:?}");
        assert_eq!(shop.has_trade(number), code == "00", "{customer:?}");
        let told = |second: &str| levels(if code == "00" { "00" } else { "34" }, second);
        assert_eq!(
            shop.unionpay_levels(&order).await,
            told(at_once),
            "{customer:?}"
        );
        shop.pass(6_000);
        assert_eq!(
            shop.unionpay_levels(&order).await,
            told(later),
            "{customer:?}"
        );
    }
    assert_eq!(shop.trade(Channel::Unionpay, "UPCUST07").charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_hides_a_payment_or_none_and_a_reversal_ends_it() {
    let shop = Shop::open().await;
    let time = shop.unionpay_time();
    let order = |number: &str| Order {
        number: number.to_owned(),
        time: time.clone(),
        id: String::new(),
    };
    for (number, customer, told) in [
        ("UPSILENT5", Behaviour::NoAnswerPaid, "00"),
        ("UPSILENT6", Behaviour::NoAnswerUnpaid, "05"),
        ("UPSILENT9", Behaviour::PaysAfterReverse, "05"),
    ] {
        let code = paydesk_sandbox::sample_code(Channel::Unionpay, customer, 1);
        let mut own = shop.unionpay_money(number, "500");
        own.extend([("txnType", "01"), ("txnSubType", "06"), ("qrNo", &code)]);
        assert!(shop.unionpay_try(BACK, &own).await.is_err());
        assert_eq!(
            shop.unionpay_levels(&order(number)).await,
            levels("00", told)
        );
        let own = [
            ("txnType", "99"),
            ("txnSubType", "01"),
            ("channelType", "08"),
            ("orderId", number),
        ];
        for _ in 0..2 {
            assert_eq!(shop.unionpay(BACK, &own).await["respCode"], "00");
        }
        assert_eq!(
            shop.unionpay_levels(&order(number)).await,
            levels("00", "30")
        );
    }
    let undone = shop.trade(Channel::Unionpay, "UPSILENT5");
    assert_eq!((undone.charges.len(), undone.refunds.len()), (1, 1));
    // The charge that was under way arrives after the reversal.
    shop.pass(3_000);
    let late = shop.trade(Channel::Unionpay, "UPSILENT9");
    assert_eq!((late.state, late.charges.len()), (State::Paid, 1));
    assert_eq!(
        shop.unionpay_levels(&order("UPSILENT9")).await,
        levels("00", "00")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shown_code_is_paid_declined_or_left_on_the_phone() {
    let shop = Shop::open().await;
    let (order, answer) = shop.unionpay_show("UPQR0001", "250").await;
    let qr = answer["qrCode"].clone();
    assert!(qr.starts_with("https://qr.95516.com/"), "{qr}");
    assert_eq!(shop.unionpay_levels(&order).await, levels("00", "05"));
    let screen = shop.sandbox.phone(&qr, PhoneAct::Decline).unwrap();
    assert_eq!(
        (screen.state, screen.channel),
        ("declined", Some(Channel::Unionpay))
    );
    assert_eq!(shop.unionpay_levels(&order).await, levels("00", "05"));
    assert_eq!(
        shop.sandbox.phone(&qr, PhoneAct::Pay).unwrap().state,
        "paid"
    );
    let told = shop.unionpay_query(&order).await;
    assert_eq!(
        (told["origRespCode"].as_str(), told["txnSubType"].as_str()),
        ("00", "07")
    );

    let (left, answer) = shop.unionpay_show("UPQR0002", "250").await;
    shop.pass(15 * 60_000);
    assert_eq!(shop.unionpay_levels(&left).await, levels("00", "69"));
    let late = shop
        .sandbox
        .phone(&answer["qrCode"], PhoneAct::Pay)
        .unwrap();
    assert_eq!(late.state, "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_lives_as_long_as_it_says() {
    let shop = Shop::open().await;
    let mut own = shop.unionpay_money("UPLIFE01", "1");
    own.extend([("txnType", "01"), ("txnSubType", "07")]);
    let with = |timeout| [own.clone(), vec![("payTimeout", timeout)]].concat();
    let past = shop.unionpay(BACK, &with("20261121102211")).await;
    assert_eq!(past["respCode"], "10");
    assert!(!shop.has_trade("UPLIFE01"));
    let answer = shop.unionpay(BACK, &with("20261121102312")).await;
    let order = shop.unionpay_order("UPLIFE01", &answer);
    shop.pass(59_000);
    assert_eq!(shop.unionpay_levels(&order).await, levels("00", "05"));
    shop.pass(1_000);
    assert_eq!(shop.unionpay_levels(&order).await, levels("00", "69"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_come_in_parts_by_numbers_of_their_own() {
    let shop = Shop::open().await;
    let (paid, _) = shop.unionpay_pay("UPREF001", "1000", Behaviour::Pays).await;
    let (first, answer) = shop.unionpay_back("04", &paid, "UPREF001R1", "400").await;
    assert_eq!(answer["respCode"], "00");
    assert_eq!(
        shop.unionpay_levels(&first).await,
        levels("00", "05"),
        "accepted"
    );
    shop.pass(3_000);
    let told = shop.unionpay_query(&first).await;
    for (name, value) in [
        ("origRespCode", "00"),
        ("txnType", "04"),
        ("orderId", "UPREF001R1"),
        ("txnAmt", "400"),
        ("queryId", &first.id),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    let by_id = [
        ("txnType", "00"),
        ("txnSubType", "02"),
        ("queryId", &first.id),
    ];
    assert_eq!(shop.unionpay(QUERY, &by_id).await["orderId"], "UPREF001R1");
    let (_, over) = shop.unionpay_back("04", &paid, "UPREF001R2", "601").await;
    assert_eq!(over["respCode"], "36");
    let (_, rest) = shop.unionpay_back("04", &paid, "UPREF001R3", "600").await;
    assert_eq!(rest["respCode"], "00");
    let (_, nothing) = shop.unionpay_back("04", &paid, "UPREF001R4", "1").await;
    assert_eq!(nothing["respCode"], "35", "nothing is left");
    let (_, again) = shop.unionpay_back("04", &paid, "UPREF001R1", "1").await;
    assert_eq!(again["respCode"], "12");
    assert_eq!(
        shop.unionpay_levels(&paid).await,
        levels("00", "00"),
        "the payment stays"
    );
    let trade = shop.trade(Channel::Unionpay, "UPREF001");
    assert_eq!((trade.refunds.len(), trade.refunded().get()), (2, 1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_needs_a_paid_original_money_and_can_end_badly() {
    let shop = Shop::open().await;
    let (unpaid, _) = shop.unionpay_show("UPBAD001", "1000").await;
    let stranger = Order {
        id: "510000000000000000008".to_owned(),
        ..unpaid.clone()
    };
    for of in [&unpaid, &stranger] {
        for kind in ["04", "31"] {
            let (_, answer) = shop.unionpay_back(kind, of, "UPBAD001R1", "1000").await;
            assert_eq!(answer["respCode"], "35");
        }
    }
    let (paid, _) = shop.unionpay_pay("UPBAD002", "1000", Behaviour::Pays).await;
    let taken = json!({ "channel": "unionpay", "withdraw_fen": 900 });
    assert_eq!(shop.control("POST", "merchant", taken).await.0, 200);
    let (_, poor) = shop.unionpay_back("04", &paid, "UPBAD002R1", "200").await;
    assert_eq!(poor["respCode"], "64");
    for (number, ends_as, code) in [
        ("UPBAD002R2", RefundState::Closed, "30"),
        ("UPBAD002R3", RefundState::Abnormal, "04"),
    ] {
        let wish = json!({ "ends_as": ends_as });
        assert_eq!(shop.control("POST", "refunds", wish).await.0, 200);
        let (refund, answer) = shop.unionpay_back("04", &paid, number, "50").await;
        assert_eq!(answer["respCode"], "00");
        shop.pass(3_000);
        assert_eq!(shop.unionpay_levels(&refund).await, levels("00", code));
    }
    shop.trade(Channel::Unionpay, "UPBAD002");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_is_found_by_number_and_time_as_well() {
    let shop = Shop::open().await;
    let (paid, _) = shop.unionpay_pay("UPORIG01", "700", Behaviour::Pays).await;
    let ask = |time: &str, number: &str| {
        let own = [
            ("txnType", "04"),
            ("txnSubType", "00"),
            ("orderId", number),
            ("txnAmt", "700"),
            ("channelType", "08"),
            ("backUrl", "http://relay.example/n"),
            ("origOrderId", "UPORIG01"),
            ("origTxnTime", time),
        ];
        shop.unionpay_form(&own)
    };
    for (time, number, code) in [
        ("20261121000000", "UPORIG01R1", "35"),
        (paid.time.as_str(), "UPORIG01R1", "00"),
    ] {
        let form = shop.unionpay_signed(ask(time, number));
        let answer = shop.unionpay_send(BACK, &form).await.unwrap();
        let fields = crate::unionpay_till::raw(&answer.body);
        assert_eq!(fields["respCode"], code, "{time}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_is_whole_and_of_the_same_settlement_day() {
    let shop = Shop::open().await;
    let (paid, _) = shop.unionpay_pay("UPUNDO01", "1000", Behaviour::Pays).await;
    let (_, part) = shop.unionpay_back("31", &paid, "UPUNDO01U1", "999").await;
    assert_eq!(part["respCode"], "36");
    let (undo, answer) = shop.unionpay_back("31", &paid, "UPUNDO01U2", "1000").await;
    assert_eq!(answer["respCode"], "00");
    let told = shop.unionpay_query(&undo).await;
    assert_eq!(
        (told["origRespCode"].as_str(), told["txnType"].as_str()),
        ("00", "31")
    );
    for kind in ["04", "31"] {
        let (_, again) = shop.unionpay_back(kind, &paid, "UPUNDO01U3", "1000").await;
        assert_eq!(again["respCode"], "35", "nothing is left");
    }

    // The clock stands at 10:22; the settlement day ends at 23:00.
    let (late, _) = shop.unionpay_pay("UPUNDO02", "1000", Behaviour::Pays).await;
    let (today, _) = shop.unionpay_pay("UPUNDO03", "1000", Behaviour::Pays).await;
    shop.pass(12 * HOUR_MS + 37 * 60_000);
    let (_, in_time) = shop.unionpay_back("31", &today, "UPUNDO03U1", "1000").await;
    assert_eq!(in_time["respCode"], "00", "22:59");
    shop.pass(60_000);
    let (_, too_late) = shop.unionpay_back("31", &late, "UPUNDO02U1", "1000").await;
    assert_eq!(too_late["respCode"], "39", "23:00");
    let (_, refund) = shop.unionpay_back("04", &late, "UPUNDO02R1", "1000").await;
    assert_eq!(refund["respCode"], "00");
    let (evening, _) = shop.unionpay_pay("UPUNDO04", "1", Behaviour::Pays).await;
    assert_eq!(shop.unionpay_query(&evening).await["settleDate"], "1122");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_about_an_order_survives_a_restart() {
    let shop = Shop::open().await;
    let (paid, _) = shop.unionpay_pay("UPSTAY01", "1000", Behaviour::Pays).await;
    let (refund, _) = shop.unionpay_back("04", &paid, "UPSTAY01R1", "300").await;
    let view = |shop: &Shop| serde_json::to_value(shop.sandbox.ledger().unwrap()).unwrap();
    let before = view(&shop);
    let shop = shop.restart().await;
    assert_eq!(view(&shop), before);
    assert_eq!(shop.unionpay_levels(&paid).await, levels("00", "00"));
    shop.pass(3_000);
    assert_eq!(shop.unionpay_levels(&refund).await, levels("00", "00"));
    let (_, again) = shop.unionpay_pay("UPSTAY01", "1000", Behaviour::Pays).await;
    assert_eq!(again["respCode"], "12");
}
