//! Every code that the wire references name has a row: did money move, what next, and a text of its own.
//! The codes are read out of the references' tables, so a new one there fails here.

use paydesk_channels::{MoneyMoved, NextAction, by_id};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// The text for a code nobody knows.
const FALLBACK: &str = "code_other";

#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "asks its caller where the shared folder is"
)]
fn protocol(name: &str) -> Option<String> {
    let asked = std::env::var("PAYDESK_SHARED").ok();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shared = asked
        .as_ref()
        .map_or_else(|| root.join("../shared"), PathBuf::from);
    let text = std::fs::read_to_string(shared.join("protocols").join(name)).ok();
    if text.is_none() {
        assert!(
            asked.is_none(),
            "PAYDESK_SHARED is set, but {name} is not there"
        );
        eprintln!("skipped: no shared data ({name})");
    }
    text
}

/// The rows of the tables whose first title is `title`, as cells.
fn rows<'t>(text: &'t str, title: &str) -> Vec<Vec<&'t str>> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let Some(line) = line.strip_prefix('|') else {
            inside = false;
            continue;
        };
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells[0].split(' ').next() == Some(title) {
            inside = true;
        } else if inside && !cells[0].starts_with("---") {
            found.push(cells);
        }
    }
    found
}

/// Words of capitals with `_`, or of eight capitals and more; what is left out of a code is filled in from
/// the one before it: `BEYOND_X (`_DAY_`)`, `A_DAY_LIMIT, …_MONTH_LIMIT`.
fn capitals(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '…')));
    for word in words {
        let bare = word.trim_start_matches('…');
        let capital = bare
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit());
        let long = bare.contains('_') || bare.len() >= 8;
        if !capital || !long || !bare.bytes().any(|b| b.is_ascii_uppercase()) {
            continue;
        }
        let before = found.last().cloned().unwrap_or_default();
        if bare.starts_with('_') && bare.ends_with('_') {
            let base = before.replace("_DAY_", "_");
            let (head, tail) = base.rsplit_once('_').unwrap();
            found.push(format!("{head}{bare}{tail}"));
        } else if word.starts_with('…') {
            let parts: Vec<&str> = before.split('_').collect();
            let kept = parts.len() - bare.matches('_').count();
            found.push(format!("{}{bare}", parts[..kept].join("_")));
        } else {
            found.push(bare.to_owned());
        }
    }
    found
}

/// Codes with a lower-case prefix, and those after them that only name what is different: `-app-id`.
fn dotted(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')));
    for word in words {
        let known = ["isv.", "isp.", "aop."]
            .iter()
            .any(|prefix| word.starts_with(prefix) && word.len() > prefix.len());
        if known && !word.contains("ACQ") {
            found.push(word.trim_end_matches('.').to_owned());
        } else if word.starts_with('-') && word.len() > 2 && !word.starts_with("--") {
            // `-signature` after `isv.missing-method`.
            let before = found.last().cloned().unwrap_or_default();
            if let Some((head, _)) = before.split_once('-') {
                found.push(format!("{head}{word}"));
            }
        }
    }
    found
}

fn alipay(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for row in rows(text, "code") {
        codes.insert(row[0].to_owned());
        codes.extend(dotted(row[2]));
    }
    for row in rows(text, "sub_code") {
        codes.extend(capitals(row[0]));
    }
    for line in text.lines() {
        if let Some((_, codes_of_call)) = line.split_once("Errors: ") {
            codes.extend(capitals(codes_of_call));
        }
        if let Some((_, of_bills)) = line.split_once("Sub codes seen live: ") {
            codes.extend(dotted(of_bills));
            let documented = of_bills.split_once("documented: ").unwrap().1;
            codes.extend(capitals(documented.split_once("Sandbox").unwrap().0));
        }
        if line.starts_with("Cert-mode errors") || line.contains("isv.missing-encrypt-type") {
            codes.extend(dotted(line));
        }
        for (at, _) in line.match_indices("`ACQ.") {
            let code = line[at + 5..].split(['`', ' ']).next().unwrap();
            if !code.ends_with('*') && !code.is_empty() {
                codes.insert(code.to_owned());
            }
        }
    }
    // The reference's own mark for what is not proved.
    codes.remove("UNVERIFIED");
    codes
}

fn wechatpay(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for row in rows(text, "HTTP") {
        codes.extend(capitals(row[1]));
    }
    for row in rows(text, "Item") {
        if row[0] == "err_code" {
            codes.extend(capitals(row[1]));
        }
    }
    for line in text.lines() {
        if let Some((_, codes_of_call)) = line.split_once("Errors: ") {
            codes.extend(capitals(codes_of_call));
        }
    }
    // The older spelling that the table gives as an example.
    codes.insert("ORDERPAID".to_owned());
    codes
}

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
fn texts_are_shared_only_by_codes_that_ask_for_the_same() {
    // Both tables whole, whatever the references name; one text means one thing in all channels.
    let mut shared: BTreeMap<String, (MoneyMoved, NextAction, String)> = BTreeMap::new();
    let mut rows = 0;
    for channel in ["alipay", "wechatpay"] {
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
            // One code of our own is written by its name.
            let code = if code.starts_with("code_") {
                "REFUND_NOT_ENOUGH"
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
