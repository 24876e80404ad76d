//! Every code that the wire references name has a row: did money move, what next, and a text of its own.
//! The codes are read out of the references' tables, so a new one there fails here.

use crate::documented::{alipay, protocol, rows, stripe, unionpay, wechatpay};
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

#[test]
fn every_documented_code_of_stripe_has_a_row() {
    let Some(text) = protocol("stripe.md") else {
        return;
    };
    let codes = stripe(&text);
    for known in [
        "parameter_missing",
        "amount_too_small",
        "charge_already_refunded",
        "payment_intent_unexpected_state",
        "idempotency_error",
        "idempotency_key_in_use",
        "api_key_expired",
        "expired_card",
        "resource_missing",
        "lock_timeout",
        "rate_limit",
        "balance_insufficient",
        "terminal_reader_timeout",
        "terminal_reader_invalid_location_for_payment",
        "intent_invalid_state",
        "refund.lost_or_stolen_card",
        "refund.declined",
        "pickup_card",
        "withdrawal_count_limit_exceeded",
        "currency_not_supported",
        "fraudulent",
    ] {
        assert!(
            codes.contains(known),
            "{known} is not found in the reference: {codes:?}"
        );
    }
    assert!(codes.len() >= 60, "{}", codes.len());
    print(&codes);
    check("stripe", &codes);
}

/// Nobody at a counter may read that the customer's card was reported as lost or stolen.
#[test]
fn a_lost_or_stolen_card_is_refused_in_the_words_of_any_other() {
    let text = |code| by_id("stripe").unwrap().meaning(code).unwrap().text;
    for code in [
        "lost_card",
        "stolen_card",
        "pickup_card",
        "fraudulent",
        "pin_try_exceeded",
    ] {
        assert_eq!(text(code), text("do_not_honor"), "{code}");
    }
}

/// C9: "not enough balance at the channel" is a state of its own, with top-up as its next step.
#[test]
fn too_little_balance_for_a_refund_has_a_meaning_of_its_own() {
    for code in ["balance_insufficient", "refund.insufficient_funds"] {
        let meaning = by_id("stripe").unwrap().meaning(code).unwrap();
        assert_eq!(
            (meaning.money, meaning.next, meaning.text),
            (MoneyMoved::No, NextAction::FixSetup, "code_refund_top_up")
        );
        // Under its key the channel would repeat the no for a day.
        assert_eq!(meaning.again, Some(paydesk_domain::Again::NewReference));
    }
}

/// Error codes in their table's rows, and the states of invoices and payouts.
fn btcpay(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let is_code = |word: &&str| {
        word.contains(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
    };
    for row in rows(text, "item") {
        let mut errors = row[0].split(" / ");
        let is_error = errors.all(|part| part.starts_with('4') && part.len() >= 3);
        let ticked = row[1].split('`').skip(1).step_by(2);
        codes.extend(
            ticked
                .filter(|_| is_error)
                .filter(is_code)
                .map(str::to_owned),
        );
    }
    for row in rows(text, "status") {
        let words = row[..2].join(", ").replace(['?', '(', ')'], "");
        codes.extend(words.split(", ").map(str::to_owned));
    }
    for line in text.lines() {
        if let Some((_, code)) = line.split_once("else 400 code `") {
            codes.insert(code.split('`').next().unwrap().to_owned());
        }
        if let Some((_, states)) = line.split_once("payout AwaitingApproval") {
            let states = states.split('.').next().unwrap();
            let words = states
                .split([' ', '|'])
                .filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()));
            codes.insert("AwaitingApproval".to_owned());
            codes.extend(words.map(str::to_owned));
        }
    }
    codes
}

#[test]
fn every_documented_code_of_btcpay_server_has_a_row() {
    let Some(text) = protocol("btcpay.md") else {
        return;
    };
    let codes = btcpay(&text);
    for known in [
        "unauthenticated",
        "missing-permission",
        "invoice-not-found",
        "store-not-found",
        "non-refundable",
        "New",
        "Processing",
        "Settled",
        "Expired",
        "Invalid",
        "PaidPartial",
        "PaidOver",
        "PaidLate",
        "Marked",
        "AwaitingApproval",
        "Completed",
    ] {
        assert!(
            codes.contains(known),
            "{known} is not found in the reference"
        );
    }
    print(&codes);
    check("btcpay", &codes);
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
    for channel in ["alipay", "btcpay", "stripe", "unionpay", "wechatpay"] {
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
                let (_, name) = line.split_once('(').unwrap();
                let name = name.split(',').next().unwrap();
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
