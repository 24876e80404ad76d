//! What UnionPay refuses, and everything that goes wrong on purpose.

use paydesk_sandbox::{Behaviour, Channel, Fault, FaultKind, Scope, sample_code};
use serde_json::json;

use crate::shop::{Shop, fresh};
use crate::unionpay_till::{BACK, Fields, Order, QUERY, raw};

/// A charge that is right in everything.
fn charge(shop: &Shop, number: &str) -> Fields {
    let code = sample_code(Channel::Unionpay, Behaviour::Pays, fresh());
    let mut own = shop.unionpay_money(number, "100");
    own.extend([("txnType", "01"), ("txnSubType", "06"), ("qrNo", &code)]);
    shop.unionpay_form(&own)
}

async fn answered(shop: &Shop, path: &str, form: &Fields) -> Fields {
    let answer = shop.unionpay_send(path, form).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    raw(&answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_sign_as_the_merchant_is_a_stranger() {
    let shop = Shop::open().await;
    let good = shop.unionpay_signed(charge(&shop, "UPSTRANGE1"));
    let changed = |name: &str, value: &str| {
        let mut form = good.clone();
        form.insert(name.to_owned(), value.to_owned());
        form
    };
    let mut unsigned = good.clone();
    unsigned.remove("signature");
    for (form, code) in [
        (changed("txnAmt", "1"), "11"),
        (changed("certId", "40000000001"), "11"),
        (changed("signature", "AAAA"), "11"),
        (changed("signature", "not base64!"), "11"),
        (changed("signMethod", "11"), "11"),
        (changed("merId", "898000000000000"), "31"),
        (unsigned, "11"),
    ] {
        let answer = answered(&shop, BACK, &form).await;
        assert_eq!(answer["respCode"], code, "{form:?}");
        assert!(
            !answer.contains_key("signature"),
            "strangers get no signature"
        );
        assert!(!shop.has_trade("UPSTRANGE1"));
    }
    let answer = answered(&shop, BACK, &good).await;
    assert!(shop.unionpay_believes(&answer));
    assert_eq!(answer["respCode"], "00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_comes_twice_is_nobodys_word() {
    let shop = Shop::open().await;
    let good = shop.unionpay_signed(charge(&shop, "UPTWICE01"));
    let pairs: Vec<(String, String)> = good.into_iter().collect();
    let body = crate::shop::encode(&pairs.iter().collect::<Vec<_>>());
    for tail in ["&txnAmt=100", "&orderId=%FF"] {
        let request = shop
            .client
            .post(shop.url(BACK))
            .body(format!("{body}{tail}"));
        let answer = raw(&shop.send(request).await.unwrap().body);
        assert_eq!(answer["respCode"], "10", "{tail}");
        assert!(!answer.contains_key("signature"));
    }
    assert!(!shop.has_trade("UPTWICE01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_checked_before_anything_happens() {
    let shop = Shop::open().await;
    let too_long = "1".repeat(1025);
    for (name, value, code) in [
        ("version", "5.0.0", "10"),
        ("encoding", "GBK", "10"),
        ("accessType", "1", "10"),
        ("bizType", "000201", "10"),
        ("channelType", "01", "10"),
        ("currencyCode", "840", "10"),
        ("txnAmt", "0", "10"),
        ("txnAmt", "1.00", "10"),
        ("txnAmt", "-1", "10"),
        ("txnAmt", "10000000001", "10"),
        ("orderId", "UP-WRONG-1", "10"),
        ("orderId", "UPSHORT", "10"),
        ("qrNo", "622048507363046993", "10"),
        ("qrNo", "2804850736304699361", "10"),
        ("payTimeout", "20261121", "10"),
        ("reqReserved", "a&b", "10"),
        ("orderId", "UPWRONG01&respCode=00", "10"),
        ("reqReserved", &too_long, "10"),
        ("txnTime", "20261121101211", "10"),
        ("txnTime", "20261121103213", "10"),
        ("txnTime", "2026-11-21 10:2", "10"),
        ("txnSubType", "05", "10"),
        ("txnType", "02", "10"),
        ("backUrl", "", "13"),
        ("termId", "", "13"),
        ("qrNo", "", "13"),
        ("orderId", "", "13"),
        ("currencyCode", "", "13"),
    ] {
        let mut form = charge(&shop, "UPWRONG01");
        form.insert(name.to_owned(), value.to_owned());
        let answer = answered(&shop, BACK, &shop.unionpay_signed(form)).await;
        assert_eq!(answer["respCode"], code, "{name}={value}: {answer:?}");
        assert!(shop.unionpay_believes(&answer), "{name}={value}");
    }
    let ledger = shop.sandbox.ledger().unwrap();
    assert!(ledger.trades.is_empty());
    // Ten minutes to either side are still now, base64 and Chinese may be reserved.
    for (number, time) in [
        ("UPEDGE001", "20261121101212"),
        ("UPEDGE002", "20261121103212"),
    ] {
        let mut form = charge(&shop, number);
        form.insert("txnTime".to_owned(), time.to_owned());
        form.insert("reqReserved".to_owned(), "门店1|乙 a+b/Zw==".to_owned());
        let answer = answered(&shop, BACK, &shop.unionpay_signed(form)).await;
        assert!(shop.unionpay_believes(&answer));
        assert_eq!(answer["respCode"], "00", "{time}");
        assert_eq!(
            answer["reqReserved"], "门店1|乙 a+b/Zw==",
            "raw, as it was sent"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_and_a_code_are_for_one_payment() {
    let shop = Shop::open().await;
    let form = charge(&shop, "UPONCE001");
    let signed = shop.unionpay_signed(form.clone());
    assert_eq!(answered(&shop, BACK, &signed).await["respCode"], "00");
    assert_eq!(answered(&shop, BACK, &signed).await["respCode"], "12");
    // Hours later it is still a repetition, not a wrong form.
    shop.pass(3_600_000);
    assert_eq!(answered(&shop, BACK, &signed).await["respCode"], "12");
    let mut other = charge(&shop, "UPONCE002");
    other.insert("qrNo".to_owned(), form["qrNo"].clone());
    let answer = answered(&shop, BACK, &shop.unionpay_signed(other)).await;
    assert_eq!(answer["respCode"], "61");
    assert!(!shop.has_trade("UPONCE002"));
    assert_eq!(shop.trade(Channel::Unionpay, "UPONCE001").charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_order_is_34_and_too_many_queries_are_37() {
    let shop = Shop::open().await;
    let (order, _) = shop.unionpay_show("UPASK0001", "1").await;
    let unknown = Order {
        time: "20261121000000".to_owned(),
        ..order.clone()
    };
    assert_eq!(shop.unionpay_levels(&unknown).await.0, "34", "another time");
    for _ in 0..5 {
        assert_eq!(shop.unionpay_levels(&order).await.0, "00");
        shop.pass(2_000);
    }
    let refused = shop.unionpay_query(&order).await;
    assert_eq!(refused["respCode"], "37");
    assert!(!refused.contains_key("origRespCode"));
    shop.pass(50_000);
    assert_eq!(shop.unionpay_levels(&order).await.0, "00");
    let elsewhere = [
        ("txnType", "00"),
        ("txnSubType", "00"),
        ("orderId", "UPASK0001"),
    ];
    assert_eq!(shop.unionpay(BACK, &elsewhere).await["respCode"], "10");
    let get = shop.client.get(shop.url(QUERY));
    assert_eq!(shop.send(get).await.unwrap().status, 405);
}

/// What a till makes of an answer.
#[derive(Debug, PartialEq)]
enum Seen {
    Believed(String),
    Forged,
    Nothing,
    Unreadable,
    Unsigned,
}

async fn seen(shop: &Shop, number: &str) -> Seen {
    let form = shop.unionpay_signed(charge(shop, number));
    let Ok(answer) = shop.unionpay_send(BACK, &form).await else {
        return Seen::Nothing;
    };
    let fields = raw(&answer.body);
    match fields.get("respCode") {
        None => Seen::Unreadable,
        Some(_) if !fields.contains_key("signature") => Seen::Unsigned,
        Some(code) if shop.unionpay_believes(&fields) => Seen::Believed(code.clone()),
        Some(_) => Seen::Forged,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_strikes_unionpay_too() {
    let shop = Shop::open().await;
    let believed = |code: &str| Seen::Believed(code.to_owned());
    for (kind, turns) in [
        (FaultKind::RequestLost, vec![(Seen::Nothing, false)]),
        (FaultKind::ReplyLost, vec![(Seen::Nothing, true)]),
        (FaultKind::Truncated, vec![(Seen::Nothing, true)]),
        (FaultKind::Garbage, vec![(Seen::Unreadable, false)]),
        (FaultKind::RateLimited, vec![(Seen::Unreadable, false)]),
        (FaultKind::ServerErrorAfter, vec![(Seen::Unreadable, true)]),
        (FaultKind::BadSignature, vec![(Seen::Forged, true)]),
        (FaultKind::UnknownKey, vec![(Seen::Forged, true)]),
        (FaultKind::AnswerTwice, vec![(believed("00"), true)]),
        (FaultKind::Delay, vec![(believed("00"), true)]),
        (FaultKind::StaleTime, vec![(believed("00"), true)]),
        (
            FaultKind::UnsignedRefusal,
            vec![(Seen::Unsigned, false), (Seen::Unsigned, true)],
        ),
        (
            FaultKind::SystemError,
            vec![(believed("04"), false), (believed("04"), true)],
        ),
    ] {
        shop.sandbox.reset_faults();
        shop.sandbox.set_fault(Fault {
            scope: Scope::Pay,
            channel: Some(Channel::Unionpay),
            ..Fault::always(kind)
        });
        for (turn, (wanted, has_effect)) in turns.iter().enumerate() {
            let number = format!("UPFAULT{:04}", fresh());
            assert_eq!(&seen(&shop, &number).await, wanted, "{kind:?}, turn {turn}");
            assert_eq!(
                shop.has_trade(&number),
                *has_effect,
                "{kind:?}, turn {turn}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_answers_are_signed_and_about_others() {
    let shop = Shop::open().await;
    let strike = |kind| {
        shop.sandbox.reset_faults();
        shop.sandbox.set_fault(Fault::always(kind));
    };
    let first = answered(
        &shop,
        BACK,
        &shop.unionpay_signed(charge(&shop, "UPOTHER01")),
    )
    .await;
    strike(FaultKind::ForeignAnswer);
    let other = answered(
        &shop,
        BACK,
        &shop.unionpay_signed(charge(&shop, "UPOTHER02")),
    )
    .await;
    assert!(shop.unionpay_believes(&other));
    assert_eq!(other["orderId"], "UPOTHER01");
    strike(FaultKind::ForeignMerchant);
    let other = answered(
        &shop,
        BACK,
        &shop.unionpay_signed(charge(&shop, "UPOTHER03")),
    )
    .await;
    assert!(shop.unionpay_believes(&other));
    assert_ne!(other["merId"], shop.merchant().unionpay.mer_id);
    strike(FaultKind::Replayed);
    let old = answered(
        &shop,
        BACK,
        &shop.unionpay_signed(charge(&shop, "UPOTHER04")),
    )
    .await;
    assert_eq!(old, first);
    assert!(shop.has_trade("UPOTHER04"));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_code_is_said_once_signed_and_without_effect() {
    let shop = Shop::open().await;
    for code in ["03", "04", "05", "99"] {
        let wish = json!({ "channel": "unionpay", "scope": "pay", "code": code });
        assert_eq!(shop.control("POST", "answer", wish).await.0, 200);
        let number = format!("UPNAMED{code}");
        assert_eq!(seen(&shop, &number).await, Seen::Believed(code.to_owned()));
        assert!(!shop.has_trade(&number));
    }
    let (order, _) = shop.unionpay_pay("UPNAMED00", "1", Behaviour::Pays).await;
    for code in ["03", "04", "05", "A6"] {
        let wish = json!({
            "channel": "unionpay", "scope": "query", "code": "00", "sub_code": code,
        });
        assert_eq!(shop.control("POST", "answer", wish).await.0, 200);
        let told = shop.unionpay_query(&order).await;
        assert_eq!(
            (told["respCode"].as_str(), told["origRespCode"].as_str()),
            ("00", code)
        );
        assert_eq!(told["queryId"], order.id);
    }
    assert_eq!(shop.unionpay_levels(&order).await.1, "00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_certificate_of_the_merchant_signs_beside_the_first() {
    let shop = Shop::open().await;
    let key = &shop.merchant().wechatpay.merchant_private_key_pem;
    let certificate = &shop.merchant().wechatpay.merchant_certificate_pem;
    let (_, pem) = x509_parser::pem::parse_x509_pem(certificate.as_bytes()).unwrap();
    use base64::Engine as _;
    let public = base64::engine::general_purpose::STANDARD
        .encode(pem.parse_x509().unwrap().public_key().raw);
    let registered = shop.sandbox.register(Channel::Unionpay, &public).unwrap();
    let (_, own) = x509_parser::pem::parse_x509_pem(registered.certificate_pem.as_bytes()).unwrap();
    assert_eq!(
        own.parse_x509().unwrap().tbs_certificate.serial.to_string(),
        registered.serial,
        "certId is the serial number in decimal"
    );
    let mut form = charge(&shop, "UPSECOND1");
    form.insert("certId".to_owned(), registered.serial);
    let digest = crate::unionpay_till::digest_of(&crate::unionpay_till::text_of(&form));
    form.insert(
        "signature".to_owned(),
        crate::shop::sign(key, digest.as_bytes()),
    );
    assert_eq!(answered(&shop, BACK, &form).await["respCode"], "00");
    assert_eq!(
        seen(&shop, "UPFIRST01").await,
        Seen::Believed("00".to_owned())
    );
}
