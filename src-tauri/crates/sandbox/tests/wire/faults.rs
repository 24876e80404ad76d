//! Every fault switch: what the till sees, and what happened to the money all the same.

use paydesk_sandbox::{Behaviour, Channel, Fault, FaultKind};
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, node_of, signed_part};

/// What a till makes of an answer.
#[derive(Debug, PartialEq)]
enum Seen {
    Forged,
    Nothing,
    Trusted(Value),
    Unreadable(u16),
    Unsigned,
}

async fn alipay(shop: &Shop, number: &str) -> Seen {
    let content = shop.alipay_charge(number, "1", Behaviour::Pays);
    let Ok(answer) = shop.alipay_try("alipay.trade.pay", &content).await else {
        return Seen::Nothing;
    };
    let body = answer.json();
    if body.is_null() {
        return Seen::Unreadable(answer.status);
    }
    match signed_part(&answer.body, &node_of("alipay.trade.pay")) {
        None => Seen::Unsigned,
        Some(part) if shop.alipay_verifies(part, &answer.body) => {
            Seen::Trusted(serde_json::from_str(part).unwrap())
        }
        Some(_) => Seen::Forged,
    }
}

async fn wechatpay(shop: &Shop, number: &str) -> Seen {
    let body = shop.wechatpay_charge(number, 100, Behaviour::Pays);
    let sent = shop
        .wechatpay_try("POST", "/v3/pay/transactions/codepay", &body)
        .await;
    let Ok(answer): Result<Answer, _> = sent else {
        return Seen::Nothing;
    };
    let body = answer.json();
    if body.is_null() {
        return Seen::Unreadable(answer.status);
    }
    if answer.header("wechatpay-signature").is_empty() {
        return Seen::Unsigned;
    }
    if shop.wechatpay_verifies(&answer) {
        Seen::Trusted(body)
    } else {
        Seen::Forged
    }
}

async fn check(kind: FaultKind, expected: &[(Seen, bool)]) {
    let shop = Shop::open().await;
    shop.sandbox.set_fault(Fault {
        percent: 100,
        ..Fault::always(kind)
    });
    for (turn, (seen, has_effect)) in expected.iter().enumerate() {
        let number = format!("FAULT{turn}");
        shop.sandbox.reset_faults();
        shop.sandbox.set_fault(Fault::always(kind));
        for _ in 0..turn {
            let throw_away = format!("{number}x{}", crate::shop::fresh());
            alipay(&shop, &throw_away).await;
        }
        assert_eq!(
            &alipay(&shop, &number).await,
            seen,
            "{kind:?} at Alipay, turn {turn}"
        );
        assert_eq!(
            shop.has_trade(&number),
            *has_effect,
            "{kind:?} at Alipay, turn {turn}"
        );
    }
    let shop = Shop::open().await;
    shop.sandbox.set_fault(Fault::always(kind));
    for (turn, (seen, has_effect)) in expected.iter().enumerate() {
        let number = format!("FAULT{turn}");
        assert_eq!(
            &wechatpay(&shop, &number).await,
            seen,
            "{kind:?} at WeChat Pay, turn {turn}"
        );
        assert_eq!(
            shop.has_trade(&number),
            *has_effect,
            "{kind:?} at WeChat Pay, turn {turn}"
        );
    }
    shop.sandbox.reset_faults();
    assert!(matches!(
        wechatpay(&shop, "HEALTHY").await,
        Seen::Trusted(_)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_requests_have_no_effect_and_lost_replies_have() {
    check(FaultKind::RequestLost, &[(Seen::Nothing, false)]).await;
    check(FaultKind::ReplyLost, &[(Seen::Nothing, true)]).await;
    check(FaultKind::Truncated, &[(Seen::Nothing, true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_errors_come_before_the_effect_or_after_it() {
    let error = || Seen::Unreadable(502);
    check(FaultKind::ServerErrorBefore, &[(error(), false)]).await;
    check(FaultKind::ServerErrorAfter, &[(error(), true)]).await;
    check(FaultKind::ServerError, &[(error(), false), (error(), true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_have_no_effect_and_unknown_keys_hide_it() {
    check(FaultKind::RateLimited, &[(Seen::Unreadable(429), false)]).await;
    check(FaultKind::UnknownKey, &[(Seen::Forged, true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_merchants_and_old_answers_are_signed_and_about_others() {
    let shop = Shop::open().await;
    alipay(&shop, "EARLIER1").await;
    wechatpay(&shop, "EARLIER1").await;
    let told = |seen| match seen {
        Seen::Trusted(told) => told,
        other => panic!("{other:?}"),
    };
    shop.sandbox.set_fault(Fault::always(FaultKind::Replayed));
    assert_eq!(
        told(alipay(&shop, "REPLAY01").await)["out_trade_no"],
        "EARLIER1"
    );
    assert_eq!(
        told(wechatpay(&shop, "REPLAY01").await)["out_trade_no"],
        "EARLIER1"
    );
    shop.sandbox.reset_faults();
    shop.sandbox
        .set_fault(Fault::always(FaultKind::ForeignMerchant));
    let node = told(alipay(&shop, "OTHER001").await);
    assert_eq!(node["out_trade_no"], "OTHERSHOP00000001");
    let body = told(wechatpay(&shop, "OTHER001").await);
    assert_ne!(body["mchid"], shop.merchant().wechatpay.mchid);
    assert!(shop.has_trade("REPLAY01") && shop.has_trade("OTHER001"));
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_unsigned_answers_hide_the_effect() {
    check(FaultKind::BadSignature, &[(Seen::Forged, true)]).await;
    check(
        FaultKind::UnsignedRefusal,
        &[(Seen::Unsigned, false), (Seen::Unsigned, true)],
    )
    .await;
    check(FaultKind::Garbage, &[(Seen::Unreadable(200), false)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_answer_is_signed_and_about_another_order() {
    let shop = Shop::open().await;
    shop.alipay_pay("OTHER01", "1", Behaviour::Pays).await;
    shop.sandbox
        .set_fault(Fault::always(FaultKind::ForeignAnswer));
    let Seen::Trusted(node) = alipay(&shop, "MINE001").await else {
        panic!("signed")
    };
    assert_eq!(node["out_trade_no"], "OTHER01");
    let Seen::Trusted(body) = wechatpay(&shop, "MINE002").await else {
        panic!("signed")
    };
    assert_eq!(body["out_trade_no"], "MINE001");
    assert!(shop.has_trade("MINE001") && shop.has_trade("MINE002"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_error_is_signed_and_says_nothing_about_the_money() {
    let shop = Shop::open().await;
    shop.sandbox
        .set_fault(Fault::always(FaultKind::SystemError));
    for (number, has_effect) in [("SYSTEM1", false), ("SYSTEM2", true)] {
        let Seen::Trusted(node) = alipay(&shop, number).await else {
            panic!("signed")
        };
        assert_eq!(node["code"], "20000");
        assert_eq!(shop.has_trade(number), has_effect);
    }
    let Seen::Trusted(body) = wechatpay(&shop, "SYSTEM3").await else {
        panic!("signed")
    };
    assert_eq!(body["code"], "SYSTEM_ERROR");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_code_is_said_once_signed_and_without_effect() {
    let shop = Shop::open().await;
    let asked = [
        json!({ "channel": "alipay", "scope": "pay", "code": "40004", "sub_code": "ACQ.TOTAL_FEE_EXCEED" }),
        json!({ "channel": "wechatpay", "scope": "pay", "status": 403, "code": "RULE_LIMIT" }),
    ];
    for answer in asked {
        assert_eq!(shop.control("POST", "answer", answer).await.0, 200);
    }
    let Seen::Trusted(node) = alipay(&shop, "NAMED01").await else {
        panic!("signed")
    };
    assert_eq!(node["sub_code"], "ACQ.TOTAL_FEE_EXCEED");
    let Seen::Trusted(body) = wechatpay(&shop, "NAMED02").await else {
        panic!("signed")
    };
    assert_eq!(body["code"], "RULE_LIMIT");
    assert!(!shop.has_trade("NAMED01") && !shop.has_trade("NAMED02"));
    let Seen::Trusted(node) = alipay(&shop, "NAMED01").await else {
        panic!("signed")
    };
    assert_eq!(node["code"], "10000", "only once");
    let wrong = json!({ "channel": "alipay", "status": 99, "code": "1" });
    assert_eq!(shop.control("POST", "answer", wrong).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_answer_is_signed_too_long_ago() {
    let shop = Shop::open().await;
    shop.sandbox.set_fault(Fault::always(FaultKind::StaleTime));
    assert_eq!(wechatpay(&shop, "STALE01").await, Seen::Forged);
    assert!(matches!(alipay(&shop, "STALE02").await, Seen::Trusted(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_answer_comes_after_its_effect() {
    let shop = Shop::open().await;
    shop.sandbox.set_fault(Fault::always(FaultKind::Delay));
    let early = async {
        while !shop.has_trade("DELAY01") {
            tokio::task::yield_now().await;
        }
        shop.sandbox
            .requests(0)
            .into_iter()
            .next_back()
            .unwrap()
            .answered_ns
    };
    let (seen, answered) = tokio::join!(alipay(&shop, "DELAY01"), early);
    assert!(matches!(seen, Seen::Trusted(_)));
    assert_eq!(answered, None, "the effect stands before the answer is out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_delivered_twice_is_charged_once() {
    let shop = Shop::open().await;
    shop.sandbox
        .set_fault(Fault::always(FaultKind::AnswerTwice));
    for (channel, number) in [
        (Channel::Alipay, "TWICE01"),
        (Channel::Wechatpay, "TWICE02"),
    ] {
        let seen = match channel {
            Channel::Alipay => alipay(&shop, number).await,
            Channel::Btcpay | Channel::Stripe | Channel::Unionpay => {
                panic!("their faults stand elsewhere")
            }
            Channel::Wechatpay => wechatpay(&shop, number).await,
        };
        assert!(matches!(seen, Seen::Trusted(_)), "{seen:?}");
        assert_eq!(shop.trade(channel, number).charges.len(), 1);
    }
    let fault = json!({ "name": "answer_twice", "on": false });
    assert_eq!(shop.control("POST", "faults", fault).await.0, 200);
}
