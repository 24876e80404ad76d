//! Genuine answers where they do not belong. Alipay signs a content and not the name over it, and nobody signs a
//! status; each of these was taken for an answer once.

use crate::shop::{
    Shop, charge, cny, finish, query, query_refund, reference, refund, said, said_of_refund,
};
use paydesk_channels::{Channel, Exchange, Operation, RefundCall, alipay, wechatpay};
use paydesk_domain::{Currency, End, Money};
use paydesk_signing::{Forged, WireReply};

fn ours(rest: &str) -> String {
    format!(
        r#"{{"code":"10000","msg":"Success","out_trade_no":"{}"{rest}}}"#,
        reference()
    )
}

/// Alipay's own content under a name of our choice.
fn named(
    shop: &Shop,
    operation: Operation,
    node: &str,
    content: &str,
) -> paydesk_signing::Authentic {
    let node = format!("alipay_trade_{node}_response");
    let reply = shop.alipay_reply(&node, content, content);
    let proof = alipay::CONNECTOR.authenticate(operation, reply, &shop.cx());
    proof.unwrap()
}

#[test]
fn a_query_that_waits_is_no_payment_and_no_ending_under_another_name() {
    let shop = Shop::alipay();
    let (connector, cx) = (alipay::CONNECTOR, shop.cx());
    for status in ["WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_CLOSED"] {
        let content = ours(&format!(
            r#","trade_no":"1","total_amount":"88.88","trade_status":"{status}""#
        ));
        let proof = named(&shop, Operation::Charge, "pay", &content);
        let outcome = connector.decode(&charge("281234567890123456"), &proof, &cx);
        assert_eq!(said(&outcome), "unknown mismatch", "{status}");
        for (operation, node, how) in [
            (Operation::Close, "close", End::Close),
            (Operation::Reverse, "cancel", End::Reverse),
        ] {
            let proof = named(&shop, operation, node, &content);
            let outcome = connector.decode(&finish(how), &proof, &cx);
            assert_eq!(said(&outcome), "unknown mismatch", "{status}");
        }
    }
    // Nor is a payment's answer that does not say when it was paid.
    let content = ours(r#","trade_no":"1","total_amount":"88.88""#);
    let proof = named(&shop, Operation::Charge, "pay", &content);
    let outcome = connector.decode(&charge("281234567890123456"), &proof, &cx);
    assert_eq!(said(&outcome), "unknown unreadable");
}

#[test]
fn the_answer_to_an_earlier_refund_does_not_answer_a_later_one() {
    let shop = Shop::alipay();
    let total = |fee: &str| {
        let content = ours(&format!(r#","fund_change":"Y","refund_fee":"{fee}""#));
        named(&shop, Operation::Refund, "refund", &content)
    };
    let call = |others: i64| RefundCall {
        others: Money::from_minor(others, Currency::CNY),
        ..refund()
    };
    let said = |fee: &str, others: i64| {
        said_of_refund(&alipay::CONNECTOR.decode(&call(others), &total(fee), &shop.cx()))
    };
    assert_eq!(cny(800).minor(), refund().amount.minor());
    assert_eq!(said("8.00", 0), "done - false");
    assert_eq!(said("8.00", 800), "unknown mismatch");
    assert_eq!(said("15.99", 800), "unknown mismatch");
    assert_eq!(said("16.00", 800), "done - false");
}

#[test]
fn a_word_about_another_number_decides_nothing() {
    let shop = Shop::alipay();
    let (connector, cx) = (alipay::CONNECTOR, shop.cx());
    let about = |number: &str, code: &str| {
        format!(
            r#"{{"code":"40004","msg":"Business Failed","sub_code":"{code}","out_trade_no":"{number}"}}"#
        )
    };
    let code = "ACQ.BUYER_BALANCE_NOT_ENOUGH";
    let heard = |content: &str| {
        let proof = named(&shop, Operation::Charge, "pay", content);
        said(&connector.decode(&charge("281234567890123456"), &proof, &cx))
    };
    let own = about(reference().as_str(), code);
    assert!(heard(&own).starts_with("refused ACQ.BUYER_BALANCE_NOT_ENOUGH"));
    assert_eq!(heard(&about("POS-0001", code)), "unknown mismatch");
    let gone = about("POS-0001", "ACQ.TRADE_NOT_EXIST");
    let proof = named(&shop, Operation::Query, "query", &gone);
    assert_eq!(
        said(&connector.decode(&query(), &proof, &cx)),
        "unknown mismatch"
    );
    let content = ours(r#","fund_change":"Y","refund_fee":"8.00","refund_currency":"USD""#);
    let proof = named(&shop, Operation::Refund, "refund", &content);
    let outcome = connector.decode(&refund(), &proof, &cx);
    assert_eq!(said_of_refund(&outcome), "unknown mismatch");
    let proof = named(
        &shop,
        Operation::QueryRefund,
        "fastpay_refund_query",
        &content,
    );
    let outcome = connector.decode(&query_refund(), &proof, &cx);
    assert_eq!(said_of_refund(&outcome), "unknown mismatch");
}

#[test]
fn a_status_that_the_channel_does_not_use_is_not_the_channel() {
    let shop = Shop::alipay();
    let content =
        ours(r#","trade_no":"1","total_amount":"88.88","gmt_payment":"2026-11-21 10:24:22""#);
    let reply = shop.alipay_reply("alipay_trade_pay_response", &content, &content);
    for status in [206, 302, 404, 502] {
        let reply = WireReply {
            status,
            ..reply.clone()
        };
        let refused = alipay::CONNECTOR.authenticate(Operation::Charge, reply, &shop.cx());
        assert_eq!(refused.unwrap_err(), Forged::Malformed, "{status}");
    }
    let shop = Shop::wechatpay();
    let body = format!(
        r#"{{"appid":"wx1","mchid":"1900000001","out_trade_no":"{}","transaction_id":"4","trade_state":"SUCCESS","amount":{{"total":8888,"currency":"CNY"}}}}"#,
        reference()
    );
    for (status, expected) in [
        (200, "paid"),
        (202, "paid"),
        (201, "unknown"),
        (206, "unknown"),
    ] {
        let reply = shop.wechatpay_reply(status, &body, crate::shop::NOW);
        let proof = wechatpay::CONNECTOR.authenticate(Operation::Query, reply, &shop.cx());
        let outcome = wechatpay::CONNECTOR.decode(&query(), &proof.unwrap(), &shop.cx());
        assert!(
            said(&outcome).starts_with(expected),
            "{status}: {}",
            said(&outcome)
        );
    }
}
