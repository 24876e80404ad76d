//! Alipay: what each believed answer is taken to mean.

use crate::shop::{
    Shop, charge, finish, query, query_refund, reference, refund, said, said_of_refund, show,
};
use paydesk_channels::{Answer, Call, Channel, Exchange, Operation, alipay};
use paydesk_domain::{End, Outcome, PaymentFact, RefundFact};

const CODE: &str = "281234567890123456";

fn decode<C: Call>(
    shop: &Shop,
    operation: Operation,
    node: &str,
    call: &C,
    content: &str,
) -> Outcome<Answer<C::Fact>>
where
    alipay::Alipay: Exchange<C>,
{
    let content = content.replace("{no}", reference().as_str());
    let reply = shop.alipay_reply(&format!("alipay_trade_{node}_response"), &content, &content);
    let proof = alipay::CONNECTOR
        .authenticate(operation, reply, &shop.cx())
        .unwrap();
    Exchange::<C>::decode(&alipay::CONNECTOR, call, &proof, &shop.cx())
}

fn no(sub_code: &str) -> String {
    format!(r#"{{"code":"40004","msg":"Business Failed","sub_code":"{sub_code}","sub_msg":"x"}}"#)
}

const PAID: &str = r#"{"code":"10000","out_trade_no":"{no}","trade_no":"2026T","total_amount":"88.88","receipt_amount":"88.80","buyer_pay_amount":"80.00","buyer_logon_id":"159****5620","gmt_payment":"2026-11-21 10:24:20"}"#;

#[test]
fn the_answer_to_a_charge() {
    let shop = Shop::alipay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(&shop, Operation::Charge, "pay", &charge(CODE), content);
        assert_eq!(said(&outcome), expected, "{content}");
    };
    check(PAID, "paid 8888 received 8880 by 2026T");
    check(
        &PAID.replace("88.80", "0.00"),
        "paid 8888 received 8888 by 2026T",
    );
    check(&PAID.replace("88.80", "88.89"), "unknown mismatch");
    for (from, to) in [
        ("88.88", "88.89"),
        ("88.88", "8.8"),
        ("{no}", "POS-1"),
        (r#""out_trade_no":"{no}","#, ""),
        (r#""total_amount":"88.88","#, ""),
    ] {
        check(&PAID.replacen(from, to, 1), "unknown mismatch");
    }
    check(&PAID.replacen(r#""88.88""#, "88.88", 1), "unknown mismatch");
    check(
        &PAID.replacen('{', r#"{"app_id":"2021000000000002","#, 1),
        "unknown mismatch",
    );
    check(
        &PAID.replacen('{', r#"{"trans_currency":"USD","#, 1),
        "unknown mismatch",
    );
    check(&PAID.replace("2026T", ""), "unknown unreadable");
    check(
        r#"{"code":"10003","out_trade_no":"{no}","total_amount":"88.88"}"#,
        "awaiting enter_password",
    );
    check(
        r#"{"code":"10003","out_trade_no":"POS-1","total_amount":"88.88"}"#,
        "unknown mismatch",
    );
    check(
        r#"{"code":"10003","out_trade_no":"{no}","total_amount":"88.87"}"#,
        "unknown mismatch",
    );
}

#[test]
fn a_code_in_answer_to_a_charge() {
    let shop = Shop::alipay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(&shop, Operation::Charge, "pay", &charge(CODE), content);
        assert_eq!(said(&outcome), expected, "{content}");
    };
    check(
        r#"{"code":"20000","sub_code":"isp.unknow-error"}"#,
        "unknown server_fault isp.unknow-error",
    );
    check(
        r#"{"code":"20000","sub_code":"isp.novel"}"#,
        "unknown server_fault 20000",
    );
    check(
        r#"{"code":"40002","sub_code":"isv.invalid-signature"}"#,
        "refused isv.invalid-signature FixSetup",
    );
    check(
        r#"{"code":"40002","sub_code":"isv.novel"}"#,
        "refused 40002 FixSetup",
    );
    check(
        r#"{"code":"40005","sub_code":"isv.app-call-limited"}"#,
        "refused isv.app-call-limited TryAgain",
    );
    check(r#"{"code":"99999"}"#, "unknown server_fault 99999");
    check(r#"{"code":10000}"#, "unknown unreadable");
    check("{}", "unknown unreadable");
    check(
        &no("ACQ.SYSTEM_ERROR"),
        "unknown server_fault ACQ.SYSTEM_ERROR",
    );
    check(
        &no("aop.ACQ.SYSTEM_ERROR"),
        "unknown server_fault ACQ.SYSTEM_ERROR",
    );
    check(
        &no("AQC.SYSTEM_ERROR"),
        "unknown server_fault ACQ.SYSTEM_ERROR",
    );
    check(
        &no("ACQ.SOMETHING_NEW"),
        "unknown server_fault ACQ.SOMETHING_NEW",
    );
    check(
        &no("ACQ.TRADE_HAS_SUCCESS"),
        "unknown duplicate ACQ.TRADE_HAS_SUCCESS",
    );
    check(
        &no("ACQ.CONTEXT_INCONSISTENT"),
        "unknown duplicate ACQ.CONTEXT_INCONSISTENT",
    );
    check(
        &no("ACQ.TRADE_HAS_CLOSE"),
        "unknown duplicate ACQ.TRADE_HAS_CLOSE",
    );
    check(
        &no("ACQ.PAYMENT_AUTH_CODE_INVALID"),
        "refused ACQ.PAYMENT_AUTH_CODE_INVALID AskPayer",
    );
    check(
        &no("ACQ.BUYER_BALANCE_NOT_ENOUGH"),
        "refused ACQ.BUYER_BALANCE_NOT_ENOUGH AskPayer",
    );
    check(
        &no("ACQ.INVALID_PARAMETER"),
        "refused ACQ.INVALID_PARAMETER FixSetup",
    );
}

#[test]
fn what_the_channel_says_of_the_payment_is_kept() {
    let shop = Shop::alipay();
    let Outcome::Done(answer) = decode(&shop, Operation::Charge, "pay", &charge(CODE), PAID) else {
        panic!()
    };
    let PaymentFact::Paid(paid) = answer.fact else {
        panic!()
    };
    assert_eq!(paid.at.0, 1_795_227_860_000);
    assert_eq!(paid.payer_paid.map(|money| money.minor()), Some(8000));
    assert_eq!(paid.payer.as_deref(), Some("159****5620"));
}

#[test]
fn the_answer_to_a_shown_code() {
    let shop = Shop::alipay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(&shop, Operation::ShowCode, "precreate", &show(), content);
        assert_eq!(said(&outcome), expected, "{content}");
    };
    let shown =
        r#"{"code":"10000","out_trade_no":"{no}","qr_code":"https:\/\/qr.alipay.com\/bax1"}"#;
    check(shown, "awaiting show_code");
    check(&shown.replace("{no}", "POS-1"), "unknown mismatch");
    check(
        &shown.replace("qr.alipay.com", "qr.alipay.com.example"),
        "unknown unreadable",
    );
    check(
        r#"{"code":"10000","out_trade_no":"{no}"}"#,
        "unknown unreadable",
    );
    check(
        &no("ACQ.APPLY_PC_MERCHANT_CODE_ERROR"),
        "unknown duplicate ACQ.APPLY_PC_MERCHANT_CODE_ERROR",
    );
}

#[test]
fn the_answer_to_a_query() {
    let shop = Shop::alipay();
    let check = |content: &str, expected: &str| {
        assert_eq!(
            said(&decode(&shop, Operation::Query, "query", &query(), content)),
            expected,
            "{content}"
        );
    };
    let state = |status: &str| PAID.replacen('{', &format!(r#"{{"trade_status":"{status}","#), 1);
    check(&state("TRADE_SUCCESS"), "paid 8888 received 8880 by 2026T");
    check(&state("TRADE_FINISHED"), "paid 8888 received 8880 by 2026T");
    check(&state("WAIT_BUYER_PAY"), "awaiting enter_password");
    check(&state("TRADE_CLOSED"), "closed closed");
    check(&state("TRADE_NOVEL"), "unknown unreadable");
    check(PAID, "unknown unreadable");
    for status in ["TRADE_SUCCESS", "TRADE_CLOSED", "WAIT_BUYER_PAY"] {
        check(&state(status).replace("88.88", "1.00"), "unknown mismatch");
        check(&state(status).replace("{no}", "POS-1"), "unknown mismatch");
    }
    let bare =
        r#"{"code":"10000","out_trade_no":"{no}","trade_no":"1","trade_status":"TRADE_SUCCESS"}"#;
    check(bare, "unknown mismatch");
    check(&no("ACQ.TRADE_NOT_EXIST"), "not found");
    check(&no("TRADE_NOT_EXIST"), "not found");
    check(
        &no("ACQ.SYSTEM_ERROR"),
        "unknown server_fault ACQ.SYSTEM_ERROR",
    );
    check(
        &no("ACQ.INVALID_PARAMETER"),
        "unknown server_fault ACQ.INVALID_PARAMETER",
    );
    check(
        r#"{"code":"40002","sub_code":"isv.invalid-signature"}"#,
        "unknown server_fault isv.invalid-signature",
    );
}

#[test]
fn the_answers_to_endings() {
    let shop = Shop::alipay();
    let cancel = |content: &str, expected: &str| {
        let outcome = decode(
            &shop,
            Operation::Reverse,
            "cancel",
            &finish(End::Reverse),
            content,
        );
        assert_eq!(said(&outcome), expected, "{content}");
    };
    let with = |rest: &str| format!(r#"{{"code":"10000","out_trade_no":"{{no}}"{rest}}}"#);
    cancel(
        &with(r#","retry_flag":"N","action":"close""#),
        "closed closed",
    );
    cancel(
        &with(r#","retry_flag":"N","action":"refund""#),
        "closed reversed",
    );
    cancel(&with(r#","retry_flag":"N""#), "closed never_existed");
    cancel(
        &with(r#","retry_flag":"Y","action":"close""#),
        "unknown server_fault retry_flag=Y",
    );
    cancel(&with(r#","action":"melt""#), "unknown unreadable");
    cancel(
        r#"{"code":"10000","out_trade_no":"POS-1","action":"close"}"#,
        "unknown mismatch",
    );
    cancel(
        &no("AQC.SYSTEM_ERROR"),
        "unknown server_fault ACQ.SYSTEM_ERROR",
    );
    cancel(
        &no("ACQ.TRADE_CANCEL_TIME_OUT"),
        "refused ACQ.TRADE_CANCEL_TIME_OUT GiveUp",
    );
    cancel(
        &no("ACQ.SELLER_BALANCE_NOT_ENOUGH"),
        "refused ACQ.SELLER_BALANCE_NOT_ENOUGH FixSetup",
    );
    let close = |content: &str, expected: &str| {
        let outcome = decode(
            &shop,
            Operation::Close,
            "close",
            &finish(End::Close),
            content,
        );
        assert_eq!(said(&outcome), expected, "{content}");
    };
    close(&with(""), "closed closed");
    close(r#"{"code":"10000"}"#, "unknown mismatch");
    close(
        r#"{"code":"10000","out_trade_no":"POS-1"}"#,
        "unknown mismatch",
    );
    close(&no("ACQ.TRADE_NOT_EXIST"), "closed never_existed");
    close(
        &no("ACQ.TRADE_STATUS_ERROR"),
        "refused ACQ.TRADE_STATUS_ERROR GiveUp",
    );
    close(
        &no("ACQ.REASON_TRADE_STATUS_INVALID"),
        "refused ACQ.REASON_TRADE_STATUS_INVALID GiveUp",
    );
}

fn check_refund(outcome: &Outcome<Answer<RefundFact>>, expected: &str, content: &str) {
    assert_eq!(said_of_refund(outcome), expected, "{content}");
}

#[test]
fn the_answer_to_a_refund() {
    let shop = Shop::alipay();
    let check = |content: &str, expected: &str| {
        check_refund(
            &decode(&shop, Operation::Refund, "refund", &refund(), content),
            expected,
            content,
        );
    };
    let with = |change: &str, fee: &str| {
        format!(
            r#"{{"code":"10000","out_trade_no":"{{no}}","trade_no":"1","fund_change":"{change}","refund_fee":"{fee}","gmt_refund_pay":"2026-11-21 10:24:20"}}"#
        )
    };
    check(&with("Y", "8.00"), "done - true");
    check(&with("Y", "16.00"), "done - true");
    check(&with("Y", "7.99"), "unknown mismatch");
    check(&with("Y", "88.89"), "unknown mismatch");
    check(&with("N", "8.00"), "unknown duplicate fund_change=N");
    check(
        r#"{"code":"10000","out_trade_no":"{no}"}"#,
        "unknown duplicate fund_change=N",
    );
    check(
        &with("Y", "8.00").replace("{no}", "POS-1"),
        "unknown mismatch",
    );
    check(
        &no("ACQ.SYSTEM_ERROR"),
        "unknown server_fault ACQ.SYSTEM_ERROR",
    );
    check(
        &no("ACQ.TRADE_NOT_EXIST"),
        "unknown server_fault ACQ.TRADE_NOT_EXIST",
    );
    check(
        &no("ACQ.DISCORDANT_REPEAT_REQUEST"),
        "unknown duplicate ACQ.DISCORDANT_REPEAT_REQUEST",
    );
    check(
        &no("ACQ.REASON_TRADE_REFUND_FEE_ERR"),
        "refused ACQ.REASON_TRADE_REFUND_FEE_ERR GiveUp",
    );
    // Of a charge this only says that the number is known.
    check(
        &no("ACQ.TRADE_HAS_CLOSE"),
        "refused ACQ.REFUND_TRADE_HAS_CLOSE GiveUp",
    );
    check(
        &no("ACQ.SELLER_BALANCE_NOT_ENOUGH"),
        "refused ACQ.SELLER_BALANCE_NOT_ENOUGH FixSetup",
    );
}

#[test]
fn the_answer_to_a_refund_query() {
    let shop = Shop::alipay();
    let check = |content: &str, expected: &str| {
        let outcome = decode(
            &shop,
            Operation::QueryRefund,
            "fastpay_refund_query",
            &query_refund(),
            content,
        );
        check_refund(&outcome, expected, content);
    };
    let done = r#"{"code":"10000","out_trade_no":"{no}","out_request_no":"{no}R1","refund_amount":"8.00","total_amount":"88.88","refund_status":"REFUND_SUCCESS"}"#;
    check(done, "done - false");
    check(&done.replace("8.00", "8.01"), "unknown mismatch");
    check(&done.replace("{no}R1", "{no}R2"), "unknown mismatch");
    check(&done.replacen("{no}", "POS-1", 1), "unknown mismatch");
    check(
        &done.replace(r#","refund_status":"REFUND_SUCCESS""#, ""),
        "not found",
    );
    check(
        &done.replace("REFUND_SUCCESS", "REFUND_NOVEL"),
        "unknown unreadable",
    );
    check(r#"{"code":"10000"}"#, "not found");
    check(&no("TRADE_NOT_EXIST"), "not found");
    check(
        &no("ACQ.SYSTEM_ERROR"),
        "unknown server_fault ACQ.SYSTEM_ERROR",
    );
}
