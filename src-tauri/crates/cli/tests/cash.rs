//! `paydesk-cli cash` as a script meets it: taken with change, the drawer counted, and the journal of the day.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod shell;

use serde_json::Value;
use shell::{check, folder};

#[test]
fn cash_is_taken_counted_and_booked() {
    let folder = folder("cash");
    let init = [
        "init",
        "--mode",
        "demo",
        "--locale",
        "en",
        "--past-days",
        "0",
    ];
    check(&folder, &init, 0);
    let json = |words: &[&str], code| -> Value {
        let words = [&["--json"][..], words].concat();
        serde_json::from_str(&check(&folder, &words, code)).unwrap()
    };
    json(&["cash", "float", "200"], 0);
    let take = ["cash", "take", "--amount", "46.50", "--received", "100"];
    let sale = json(&take, 0);
    assert_eq!(sale["cash"]["change"]["minor"], "5350");
    let short = json(
        &["cash", "take", "--amount", "46.50", "--received", "46.49"],
        3,
    );
    assert_eq!(short["code"], "cash_short");
    let order = sale["order_id"].as_str().unwrap();
    let back = json(&["refund", order, "--amount", "6.50"], 0);
    assert_eq!(back["in_cash"], true);
    json(&["cash", "out", "100", "--reason", "bank"], 0);
    let too_much = json(&["cash", "out", "1000", "--reason", "bank"], 3);
    assert_eq!(too_much["code"], "drawer_short");
    json(&["cash", "open", "--reason", "change for a note"], 0);
    // 200.00 + 46.50 - 6.50 - 100.00; what is short ends with six, and counted again it is exact.
    let counted = json(&["cash", "count", "139.50"], 6);
    assert_eq!(counted["count"]["verdict"], "short");
    let said = check(
        &folder,
        &["cash", "count", "140", "--reason", "a coin on the floor"],
        0,
    );
    assert_eq!(said.trim(), "Counted 200.00 140.00 140.00 exact 0.00");

    let today = json(&["orders"], 0)["rows"][0]["at"].as_i64().unwrap();
    let day = jiff::Timestamp::from_millisecond(today).unwrap();
    let day = day.in_tz("Asia/Shanghai").unwrap().date().to_string();
    let journal = [
        "export",
        "journal",
        "--from",
        &day,
        "--to",
        &day,
        "--template",
        "beancount",
        "--out",
        "cash.beancount",
    ];
    check(&folder, &journal, 0);
    let book = std::fs::read_to_string(folder.join("cash.beancount")).unwrap();
    // What is in the drawer is the takings less what went back and out.
    for (account, amount) in [("1001", "-60.00"), ("1221", "100.00"), ("6001", "-46.50")] {
        let line = |line: &&str| line.contains(account) && line.contains(amount);
        assert!(
            book.lines().any(|it| line(&it)),
            "{account} {amount}: {book}"
        );
    }
    check(&folder, &["verify", "--rebuild"], 0);
    std::fs::remove_dir_all(folder).unwrap();
}
