//! What the connectors declare: codes, forms of payment codes, rhythm.

use paydesk_channels::{MoneyMoved, all, by_id, by_payment_code};
use std::{collections::BTreeSet, path::PathBuf};

#[test]
fn a_scanned_code_names_its_channel() {
    let check = |code: &str, expected: Option<&str>| {
        assert_eq!(
            by_payment_code(code).map(|channel| channel.profile().id),
            expected,
            "{code}"
        );
    };
    for prefix in 10..=15 {
        check(&format!("{prefix}1234567890123456"), Some("wechatpay"));
        check(&format!("{prefix}123456789012345"), None);
        check(&format!("{prefix}12345678901234567"), None);
    }
    for prefix in 25..=30 {
        check(&format!("{prefix}{}", "1".repeat(14)), Some("alipay"));
        check(&format!("{prefix}{}", "1".repeat(22)), Some("alipay"));
        check(&format!("{prefix}{}", "1".repeat(13)), None);
        check(&format!("{prefix}{}", "1".repeat(23)), None);
    }
    for code in [
        "",
        "1",
        "6901234567892",
        "161234567890123456",
        "241234567890123456",
        "311234567890123456",
        "13123456789012345x",
        "１３1234567890123456",
    ] {
        check(code, None);
    }
}

#[test]
fn every_code_has_a_text_in_both_languages() {
    let messages = |language: &str| -> serde_json::Value {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../../../ui/messages")
            .join(language);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let (zh, en) = (messages("zh-CN.json"), messages("en.json"));
    let documented = [
        (
            "alipay",
            &[
                "20000",
                "40005",
                "ACQ.SYSTEM_ERROR",
                "ACQ.TRADE_HAS_SUCCESS",
                "ACQ.PAYMENT_AUTH_CODE_INVALID",
                "ACQ.SELLER_BALANCE_NOT_ENOUGH",
                "isv.invalid-signature",
            ],
        ),
        (
            "wechatpay",
            &[
                "USERPAYING",
                "SYSTEM_ERROR",
                "ORDER_PAID",
                "ORDERPAID",
                "NOT_ENOUGH",
                "AUTH_CODE_EXPIRE",
                "SIGN_ERROR",
            ],
        ),
    ];
    for (channel, codes) in documented {
        for code in codes {
            let meaning = by_id(channel)
                .unwrap()
                .meaning(code)
                .unwrap_or_else(|| panic!("{channel} {code}"));
            assert!(
                zh[meaning.text].is_string() && en[meaning.text].is_string(),
                "{channel} {code}: {}",
                meaning.text
            );
        }
        assert!(by_id(channel).unwrap().meaning("NOVEL").is_none());
    }
    // The sources say which texts the tables name; none may be missing from a catalogue.
    let mut named = BTreeSet::new();
    for file in [
        "alipay/codes.rs",
        "stripe/codes.rs",
        "unionpay/codes.rs",
        "wechatpay/codes.rs",
        "field_check.rs",
    ] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("src")
            .join(file);
        let source = std::fs::read_to_string(path).unwrap();
        named.extend(
            source
                .split('"')
                .filter(|word| {
                    word.starts_with("code_")
                        || word.starts_with("check_")
                        || word.starts_with("event_")
                        || word.starts_with("stage_")
                })
                .map(str::to_owned),
        );
    }
    assert!(named.len() > 25, "{named:?}");
    for key in named {
        assert!(
            zh[&key].is_string() && en[&key].is_string(),
            "{key} is missing from a catalogue"
        );
    }
}

#[test]
fn a_system_error_never_says_that_no_money_moved() {
    for (channel, code) in [
        ("alipay", "ACQ.SYSTEM_ERROR"),
        ("alipay", "20000"),
        ("wechatpay", "SYSTEM_ERROR"),
        ("wechatpay", "BANK_ERROR"),
    ] {
        assert_eq!(
            by_id(channel).unwrap().meaning(code).unwrap().money,
            MoneyMoved::Unknown,
            "{code}"
        );
    }
}

#[test]
fn the_rhythm_is_that_of_the_channels() {
    for channel in all() {
        let schedule = &channel.profile().schedule;
        // A create's lost answer is looked up soon at a server of one's own: the code is made by then.
        let first = if channel.profile().id == "btcpay" {
            2
        } else {
            5
        };
        assert_eq!(
            (
                schedule.deadline.as_secs(),
                schedule.first.as_secs(),
                schedule.every.as_secs()
            ),
            (14, first, 5)
        );
        // UnionPay counts questions, and answers 37 to more than about six in a row.
        let shown = match channel.profile().id {
            "unionpay" => (5, 30, 10),
            // Payers of coins take longer to find their wallet, and Lightning is paid at once.
            "btcpay" => (2, 120, 3),
            _ => (2, 30, 5),
        };
        assert_eq!(
            (
                schedule.shown_first.as_secs(),
                schedule.shown_first_for.as_secs(),
                schedule.shown_every.as_secs()
            ),
            shown
        );
        assert!(schedule.end_not_before <= schedule.end_doubt_after);
        assert!(
            schedule.watch_for >= schedule.shown_for.max(schedule.charge_for),
            "a late payment must be seen"
        );
    }
    let patience = |id: &str| {
        let schedule = &by_id(id).unwrap().profile().schedule;
        (
            schedule.end_doubt_after.as_secs(),
            schedule.end_awaiting_after.as_secs(),
        )
    };
    assert_eq!(
        (patience("alipay"), patience("wechatpay")),
        ((20, 60), (20, 30))
    );
    let wechatpay = &by_id("wechatpay").unwrap().profile().schedule;
    assert_eq!(wechatpay.end_not_before.as_secs(), 15);
}
