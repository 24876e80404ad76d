//! Every code that the wire references name has a row: did money move, what next, and a text of its own.
//! The codes are read out of the references' tables, so a new one there fails here.

use crate::documented::{alipay, protocol, unionpay, wechatpay};
use paydesk_channels::{MoneyMoved, NextAction, by_id};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// The text for a code nobody knows.
const FALLBACK: &str = "code_other";

fn check(channel: &str, codes: &BTreeSet<String>) {
    let connector = by_id(channel).unwrap();
    let missing: Vec<&String> = codes
        .iter()
        .filter(|code| connector.meaning(code).is_none())
        .collect();
    assert!(missing.is_empty(), "{channel}: no row for {missing:?}");
    let mut shared: BTreeMap<&str, (MoneyMoved, NextAction, &str)> = BTreeMap::new();
    for code in codes {
        let meaning = connector.meaning(code).unwrap();
        assert_ne!(meaning.text, FALLBACK, "{channel} {code}");
        let (money, next, first) =
            *shared
                .entry(meaning.text)
                .or_insert((meaning.money, meaning.next, meaning.code));
        assert_eq!(
            (money, next),
            (meaning.money, meaning.next),
            "{channel}: {first} and {code} share {}",
            meaning.text
        );
    }
}

#[allow(clippy::print_stderr, reason = "shows what was found")]
fn print(codes: &BTreeSet<String>) {
    eprintln!("{} codes: {codes:?}", codes.len());
}

#[test]
fn every_documented_code_of_alipay_has_a_row() {
    let Some(text) = protocol("alipay.md") else {
        return;
    };
    let codes = alipay(&text);
    for known in [
        "10000",
        "40006",
        "isp.unknow-error",
        "isv.missing-version",
        "isv.missing-signature-type",
        "isv.invalid-method",
        "isv.method-call-limited",
        "isv.app-cert-expired",
        "isv.invalid-encrypt-type",
        "isp.bill_not_exist",
        "NO_BILL_DATA",
        "SYSTEM_ERROR",
        "BEYOND_PER_RECEIPT_SINGLE_RESTRICTION",
        "BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR",
        "TRADE_CANCEL_TIME_OUT",
        "REFUNDALLOC_UNAUTH_LIMIT",
        "APPLY_PC_MERCHANT_CODE_ERROR",
    ] {
        assert!(
            codes.contains(known),
            "{known} is not found in the reference"
        );
    }
    assert!(codes.len() > 95, "{}", codes.len());
    print(&codes);
    check("alipay", &codes);
}

#[test]
fn every_documented_code_of_wechat_pay_has_a_row() {
    let Some(text) = protocol("wechatpay.md") else {
        return;
    };
    let codes = wechatpay(&text);
    for known in [
        "USERPAYING",
        "APPID_MCHID_NOT_MATCH",
        "STATEMENT_CREATING",
        "RATELIMIT_EXCEEDED",
        "BIZ_ERR_NEED_RETRY",
        "NOTSUPORTCARD",
        "RESOURCE_NOT_EXISTS",
    ] {
        assert!(
            codes.contains(known),
            "{known} is not found in the reference"
        );
    }
    assert!(codes.len() >= 40, "{}", codes.len());
    print(&codes);
    check("wechatpay", &codes);
}

#[test]
fn every_documented_code_of_unionpay_has_a_row() {
    let Some(text) = protocol("unionpay.md") else {
        return;
    };
    let codes = unionpay(&text);
    for known in [
        "00", "A6", "A1", "12", "34", "42", "61", "64", "66", "68", "78", "83", "98", "99",
    ] {
        assert!(
            codes.contains(known),
            "{known} is not found in the reference"
        );
    }
    assert!(codes.len() >= 45, "{}", codes.len());
    print(&codes);
    check("unionpay", &codes);
}

/// The reference's rule: these decide nothing in answer to a movement of money.
#[test]
fn a_doubtful_code_of_unionpay_is_never_a_no() {
    for code in [
        "00", "01", "02", "03", "04", "05", "06", "12", "34", "37", "60", "83", "99",
    ] {
        let meaning = by_id("unionpay").unwrap().meaning(code).unwrap();
        assert_eq!(meaning.money, MoneyMoved::Unknown, "{code}");
    }
}

#[test]
fn texts_are_shared_only_by_codes_that_ask_for_the_same() {
    // All tables whole, whatever the references name; one text means one thing in all channels.
    let mut shared: BTreeMap<String, (MoneyMoved, NextAction, String)> = BTreeMap::new();
    let mut rows = 0;
    for channel in ["alipay", "unionpay", "wechatpay"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("src")
            .join(channel)
            .join("codes.rs");
        let source = std::fs::read_to_string(path).unwrap();
        let table = source.split_once("static TABLE").unwrap().1;
        for line in table.lines() {
            let line = line.trim();
            let named = line.split('"').nth(1);
            let Some(code) = named.filter(|_| !line.starts_with("//")) else {
                continue;
            };
            // A code of our own is written by the name of its constant.
            let code = if code.starts_with("code_") {
                let name = line.trim_start_matches("no(").split(',').next().unwrap();
                let constant = source.split_once(&format!("{name}: &str = \"")).unwrap().1;
                constant.split_once('"').unwrap().0
            } else {
                code
            };
            let Some(meaning) = by_id(channel).unwrap().meaning(code) else {
                panic!("{channel} {code}");
            };
            rows += 1;
            let now = (meaning.money, meaning.next, code.to_owned());
            let before = shared
                .entry(meaning.text.to_owned())
                .or_insert_with(|| now.clone());
            assert_eq!(
                (before.0, before.1),
                (now.0, now.1),
                "{} and {code}",
                before.2
            );
        }
    }
    assert!(rows > 140, "{rows}");
}

#[test]
fn a_variant_spelling_means_the_same() {
    for (channel, one, other) in [
        ("alipay", "ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR"),
        ("alipay", "ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR"),
        ("alipay", "ACQ.TRADE_NOT_EXIST", "TRADE_NOT_EXIST"),
        ("wechatpay", "ORDER_PAID", "ORDERPAID"),
        ("wechatpay", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"),
    ] {
        let meaning = |code| by_id(channel).unwrap().meaning(code).unwrap();
        assert_eq!(meaning(one), meaning(other), "{other}");
    }
}
