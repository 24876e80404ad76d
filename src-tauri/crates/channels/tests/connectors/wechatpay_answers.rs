//! WeChat Pay: what each believed answer is taken to mean.

use crate::shop::{
    NOW, Shop, charge, finish, query, query_refund, reference, refund, said, said_of_refund, show,
};
use paydesk_channels::{Answer, Call, Channel, Exchange, Operation, wechatpay};
use paydesk_domain::{End, Outcome, PaymentFact};

const CODE: &str = "131234567890123456";

fn decode<C: Call>(
    shop: &Shop,
    operation: Operation,
    call: &C,
    status: u16,
    body: &str,
) -> Outcome<Answer<C::Fact>>
where
    wechatpay::WechatPay: Exchange<C>,
{
    let body = body.replace("{no}", reference().as_str());
    let reply = shop.wechatpay_reply(status, &body, NOW);
    let proof = wechatpay::CONNECTOR
        .authenticate(operation, reply, &shop.cx())
        .unwrap();
    Exchange::<C>::decode(&wechatpay::CONNECTOR, call, &proof, &shop.cx())
}

fn no(code: &str) -> String {
    format!(r#"{{"code":"{code}","message":"x"}}"#)
}

const PAID: &str = r#"{"appid":"wx1","mchid":"1900000001","out_trade_no":"{no}","transaction_id":"4200T","trade_type":"MICROPAY","trade_state":"SUCCESS","success_time":"2026-11-21T10:24:20+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount":{"total":8888,"payer_total":8000,"currency":"CNY"}}"#;

/// The order with another state.
fn state(state: &str) -> String {
    PAID.replace("SUCCESS", state)
}

/// Answers about another payment, as seen by a reader that does not look twice.
fn others() -> Vec<String> {
    [
        ("8888", "8889"),
        ("8888", "8888.0"),
        ("8888", "\"8888\""),
        ("CNY", "USD"),
        ("\"CNY\"", "1"),
        ("{no}", "POS-1"),
        ("wx1", "wx2"),
        ("\"wx1\"", "null"),
        ("1900000001", "1900000002"),
        (r#""out_trade_no":"{no}","#, ""),
        (r#""mchid":"1900000001","#, ""),
        (r#""appid":"wx1","#, ""),
    ]
    .iter()
    .map(|(from, to)| PAID.replacen(from, to, 1))
    .collect()
}

#[test]
fn the_answer_to_a_charge() {
    let shop = Shop::wechatpay();
    let check = |status: u16, body: &str, expected: &str| {
        let outcome = decode(&shop, Operation::Charge, &charge(CODE), status, body);
        assert_eq!(said(&outcome), expected, "{status} {body}");
    };
    check(200, PAID, "paid 8888 received 8888 by 4200T");
    for body in others() {
        check(200, &body, "unknown mismatch");
    }
    check(200, &PAID.replace("4200T", ""), "unknown unreadable");
    check(202, &no("USERPAYING"), "awaiting enter_password");
    check(202, &state("USERPAYING"), "awaiting enter_password");
    check(200, &state("USERPAYING"), "awaiting enter_password");
    check(
        200,
        &state("USERPAYING").replace("{no}", "POS-1"),
        "unknown mismatch",
    );
    check(400, &no("USERPAYING"), "awaiting enter_password");
    check(200, &state("PAYERROR"), "closed refused PAYERROR");
    check(200, &state("NOVEL"), "unknown unreadable");
    check(200, "", "unknown unreadable");
    check(200, "[]", "unknown unreadable");
    check(
        500,
        &no("SYSTEM_ERROR"),
        "unknown server_fault SYSTEM_ERROR",
    );
    // A code that is no fault of theirs says nothing with this status.
    check(500, &no("AUTH_CODE_INVALID"), "unknown server_fault 500");
    check(500, &no("ORDER_NOT_EXIST"), "unknown server_fault 500");
    check(500, PAID, "unknown server_fault 500");
    check(503, "", "unknown server_fault 503");
    check(403, &no("NOT_ENOUGH"), "refused NOT_ENOUGH AskPayer");
    check(403, &no("NOTENOUGH"), "refused NOT_ENOUGH AskPayer");
    check(
        400,
        &no("AUTH_CODE_INVALID"),
        "refused AUTH_CODE_INVALID AskPayer",
    );
    check(
        403,
        &no("AUTH_CODE_EXPIRE"),
        "refused AUTH_CODE_EXPIRE AskPayer",
    );
    check(400, &no("PARAM_ERROR"), "refused PARAM_ERROR FixSetup");
    check(401, &no("SIGN_ERROR"), "refused SIGN_ERROR FixSetup");
    check(400, &no("ORDER_PAID"), "unknown duplicate ORDER_PAID");
    check(400, &no("ORDERPAID"), "unknown duplicate ORDER_PAID");
    check(
        403,
        &no("OUT_TRADE_NO_USED"),
        "unknown duplicate OUT_TRADE_NO_USED",
    );
    check(
        400,
        &no("INVALID_REQUEST"),
        "unknown duplicate INVALID_REQUEST",
    );
    check(
        429,
        &no("FREQUENCY_LIMITED"),
        "unknown server_fault FREQUENCY_LIMITED",
    );
    check(400, &no("BANK_ERROR"), "unknown server_fault BANK_ERROR");
    check(
        400,
        &no("SOMETHING_NEW"),
        "unknown server_fault SOMETHING_NEW",
    );
    check(400, r#"{"message":"x"}"#, "unknown unreadable");
}

#[test]
fn what_the_channel_says_of_the_payment_is_kept_and_the_payer_masked() {
    let shop = Shop::wechatpay();
    let Outcome::Done(answer) = decode(&shop, Operation::Charge, &charge(CODE), 200, PAID) else {
        panic!()
    };
    let PaymentFact::Paid(paid) = answer.fact else {
        panic!()
    };
    assert_eq!(paid.at.0, 1_795_227_860_000);
    assert_eq!(paid.payer_paid.map(|money| money.minor()), Some(8000));
    assert_eq!(paid.payer.as_deref(), Some("oUpF****eS6o"));
}

#[test]
fn the_answer_to_a_shown_code() {
    let shop = Shop::wechatpay();
    let check = |status: u16, body: &str, expected: &str| {
        assert_eq!(
            said(&decode(&shop, Operation::ShowCode, &show(), status, body)),
            expected,
            "{body}"
        );
    };
    check(
        200,
        r#"{"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}"#,
        "awaiting show_code",
    );
    check(
        200,
        r#"{"code_url":"https://example.com"}"#,
        "unknown unreadable",
    );
    check(200, "{}", "unknown unreadable");
    check(400, &no("ORDER_CLOSED"), "unknown duplicate ORDER_CLOSED");
    check(
        400,
        &no("APPID_MCHID_NOT_MATCH"),
        "refused APPID_MCHID_NOT_MATCH FixSetup",
    );
}

#[test]
fn the_answer_to_a_query() {
    let shop = Shop::wechatpay();
    let check = |status: u16, body: &str, expected: &str| {
        assert_eq!(
            said(&decode(&shop, Operation::Query, &query(), status, body)),
            expected,
            "{body}"
        );
    };
    check(200, PAID, "paid 8888 received 8888 by 4200T");
    check(200, &state("REFUND"), "paid 8888 received 8888 by 4200T");
    check(200, &state("NOTPAY"), "awaiting enter_password");
    check(200, &state("USERPAYING"), "awaiting enter_password");
    check(200, &state("CLOSED"), "closed closed");
    check(200, &state("REVOKED"), "closed reversed");
    check(200, &state("PAYERROR"), "closed refused PAYERROR");
    for body in others() {
        check(200, &body, "unknown mismatch");
    }
    for closed in ["CLOSED", "REVOKED", "PAYERROR", "NOTPAY"] {
        check(
            200,
            &state(closed).replace("{no}", "POS-1"),
            "unknown mismatch",
        );
    }
    check(404, &no("ORDER_NOT_EXIST"), "not found");
    check(400, &no("PARAM_ERROR"), "unknown server_fault PARAM_ERROR");
    check(
        500,
        &no("SYSTEM_ERROR"),
        "unknown server_fault SYSTEM_ERROR",
    );
    check(204, "", "unknown unreadable");
}

#[test]
fn the_answers_to_endings() {
    let shop = Shop::wechatpay();
    let reverse = |status: u16, body: &str, expected: &str| {
        assert_eq!(
            said(&decode(
                &shop,
                Operation::Reverse,
                &finish(End::Reverse),
                status,
                body
            )),
            expected,
            "{body}"
        );
    };
    reverse(
        200,
        r#"{"appid":"wx1","mchid":"1900000001","out_trade_no":"{no}"}"#,
        "closed reversed",
    );
    reverse(
        200,
        r#"{"appid":"wx1","mchid":"1900000001","out_trade_no":"POS-1"}"#,
        "unknown mismatch",
    );
    reverse(
        200,
        r#"{"appid":"wx1","mchid":"1900000002","out_trade_no":"{no}"}"#,
        "unknown mismatch",
    );
    reverse(200, PAID, "unknown mismatch");
    reverse(204, "", "unknown unreadable");
    reverse(
        500,
        &no("SYSTEM_ERROR"),
        "unknown server_fault SYSTEM_ERROR",
    );
    reverse(400, &no("ORDER_REVERSED"), "closed reversed");
    reverse(404, &no("ORDER_NOT_EXIST"), "closed never_existed");
    reverse(403, &no("TRADE_ERROR"), "refused TRADE_ERROR GiveUp");
    let close = |status: u16, body: &str, expected: &str| {
        assert_eq!(
            said(&decode(
                &shop,
                Operation::Close,
                &finish(End::Close),
                status,
                body
            )),
            expected,
            "{body}"
        );
    };
    close(204, "", "closed closed");
    close(200, "", "closed closed");
    close(200, "{}", "unknown unreadable");
    close(400, &no("ORDER_PAID"), "refused ORDER_PAID GiveUp");
    close(400, &no("ORDER_CLOSED"), "closed closed");
    close(404, &no("ORDER_NOT_EXIST"), "closed never_existed");
    close(502, "", "unknown server_fault 502");
}

#[test]
fn the_answers_about_refunds() {
    let shop = Shop::wechatpay();
    let object = |status: &str| {
        format!(
            r#"{{"refund_id":"50R","out_refund_no":"{{no}}R1","out_trade_no":"{{no}}","transaction_id":"4200T","status":"{status}","success_time":"2026-11-21T10:24:20+08:00","amount":{{"total":8888,"refund":800,"currency":"CNY"}}}}"#
        )
    };
    let both = |status: u16, body: &str, expected: &str| {
        let sent = decode(&shop, Operation::Refund, &refund(), status, body);
        assert_eq!(said_of_refund(&sent), expected, "refund {body}");
        let asked = decode(&shop, Operation::QueryRefund, &query_refund(), status, body);
        assert_eq!(said_of_refund(&asked), expected, "query {body}");
    };
    both(200, &object("PROCESSING"), "accepted");
    both(200, &object("SUCCESS"), "done 50R true");
    both(200, &object("CLOSED"), "failed REFUND_CLOSED NewReference");
    both(200, &object("ABNORMAL"), "failed REFUND_ABNORMAL ByHand");
    both(200, &object("NOVEL"), "unknown unreadable");
    for (from, to) in [
        ("R1", "R2"),
        ("800", "801"),
        ("8888", "8889"),
        ("CNY", "USD"),
        (r#""out_trade_no":"{no}""#, r#""out_trade_no":"X""#),
    ] {
        both(
            200,
            &object("SUCCESS").replacen(from, to, 1),
            "unknown mismatch",
        );
    }
    both(
        500,
        &no("SYSTEM_ERROR"),
        "unknown server_fault SYSTEM_ERROR",
    );
    both(
        429,
        &no("FREQUENCY_LIMITED"),
        "unknown server_fault FREQUENCY_LIMITED",
    );
    let sent = |status: u16, code: &str, expected: &str| {
        let outcome = decode(&shop, Operation::Refund, &refund(), status, &no(code));
        assert_eq!(said_of_refund(&outcome), expected, "{code}");
    };
    sent(403, "NOT_ENOUGH", "refused REFUND_NOT_ENOUGH FixSetup");
    sent(400, "PARAM_ERROR", "refused PARAM_ERROR FixSetup");
    sent(400, "INVALID_REQUEST", "unknown duplicate INVALID_REQUEST");
    sent(
        404,
        "RESOURCE_NOT_EXISTS",
        "unknown server_fault RESOURCE_NOT_EXISTS",
    );
    let asked = decode(
        &shop,
        Operation::QueryRefund,
        &query_refund(),
        404,
        &no("RESOURCE_NOT_EXISTS"),
    );
    assert_eq!(said_of_refund(&asked), "not found");
}
