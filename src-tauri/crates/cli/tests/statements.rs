//! `paydesk-cli statements` and `bills fetch --missing` as a script meets them: exit codes, lines, JSON.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod past;
mod shell;

use shell::{check, folder};

const TABLE: &str = "账号: 6222\n记账日期,交易金额,余额,对方户名\n2026-11-18,10.00,110.00,甲\n2026-11-19,5.00,115.00,乙\n";

#[test]
fn statements_are_looked_at_imported_once_listed_and_taken_out() {
    let folder = folder("statements");
    check(&folder, &["init", "--mode", "demo", "--locale", "en"], 0);
    std::fs::write(folder.join("a.csv"), TABLE).unwrap();
    std::fs::write(folder.join("b.csv"), TABLE.replace("5.00,115", "5.00,116")).unwrap();
    std::fs::write(folder.join("notes.txt"), "hello").unwrap();

    let looked = check(&folder, &["statements", "import", "a.csv", "--preview"], 0);
    assert!(
        looked.contains("looked at") && looked.contains("2 new"),
        "{looked}"
    );
    assert_eq!(check(&folder, &["statements", "list"], 0).trim(), "");

    // One that is wrong says why and stops none of the others.
    let taken = check(&folder, &["statements", "import", "notes.txt", "a.csv"], 3);
    let lines: Vec<&str> = taken.lines().collect();
    assert!(
        lines[0].contains("refused") && lines[0].contains("No money moved"),
        "{taken}"
    );
    assert!(
        lines[1].contains("imported 1") && lines[2].contains("balances holds"),
        "{taken}"
    );
    let again = check(&folder, &["statements", "import", "a.csv"], 0);
    assert!(again.contains("here already"), "{again}");

    let json = check(&folder, &["--json", "statements", "list"], 0);
    let list: serde_json::Value = serde_json::from_str(&json).unwrap();
    let kept = &list["statements"][0];
    assert_eq!(
        (kept["lines"].as_u64(), kept["head"]["account"].as_str()),
        (Some(2), Some("6222"))
    );

    let id = kept["id"].as_str().unwrap();
    check(&folder, &["statements", "save", id, "--out", "out.csv"], 0);
    assert_eq!(
        std::fs::read_to_string(folder.join("out.csv")).unwrap(),
        TABLE
    );
    check(&folder, &["statements", "save", id, "--out", "out.csv"], 64);
    check(&folder, &["statements", "save", "99", "--out", "x.csv"], 3);
    check(&folder, &["statements", "import", "nowhere.csv"], 69);
    check(&folder, &["statements", "import"], 64);
    check(&folder, &["verify", "--rebuild"], 0);
}

#[test]
fn missing_bills_need_a_day_or_the_wish_for_all() {
    let folder = folder("missing");
    check(&folder, &["init", "--mode", "demo", "--locale", "en"], 0);
    check(&folder, &["bills", "fetch"], 64);
    check(
        &folder,
        &["bills", "fetch", "--missing", "--day", "2026-11-20"],
        64,
    );
    // A demo shop has a month behind it: a line for each day of each account.
    let fetched = past::fetch(&folder).fetched;
    assert!(fetched.lines().count() >= 40, "{fetched}");
    let is_told = |line: &str| line.contains("matched") || line.contains("nothing");
    assert!(fetched.lines().all(is_told), "{fetched}");
    let has_flow = |line: &str| line.ends_with("fund flow kept");
    assert!(fetched.lines().all(has_flow), "{fetched}");
    let again = check(&folder, &["bills", "fetch", "--missing"], 0);
    assert_eq!(again.trim(), "");
}

#[test]
fn a_day_is_signed_to_the_bank_and_the_banks_holidays_are_imported() {
    let folder = folder("bank-side");
    check(&folder, &["init", "--mode", "demo", "--locale", "en"], 0);
    let past = past::fetch(&folder);
    let json = check(&folder, &["--json", "bills", "fetch", "--missing"], 0);
    assert_eq!(json.trim(), "[]", "trade and fund-flow bills are here");
    let all_days = ["--from", "2020-01-01", "--to", "2099-01-01"];
    let worklist = [&["--json", "worklist"][..], &all_days].concat();
    let open: Vec<serde_json::Value> = serde_json::from_str(&check(&folder, &worklist, 6)).unwrap();
    assert!(
        open.iter().all(|it| it["day"] == past.yesterday),
        "{open:?}"
    );
    // A day without differences, long enough ago that its money should have come.
    let yesterday: jiff::civil::Date = past.yesterday.parse().unwrap();
    let day = yesterday
        .checked_sub(jiff::Span::new().days(9))
        .unwrap()
        .to_string();
    let signed = check(&folder, &["close", "--date", &day], 0);
    assert!(signed.contains("signed\tversion 1"), "{signed}");
    assert!(signed.contains("in the bank 0.00\ton its way "), "{signed}");

    std::fs::write(
        folder.join("days.csv"),
        "2026-10-01,2026-10-03,holiday\n2026-10-10,workday\n",
    )
    .unwrap();
    let kept = check(&folder, &["bank-days", "import", "days.csv"], 0);
    assert_eq!(kept.lines().count(), 4, "{kept}");
    assert_eq!(check(&folder, &["bank-days"], 0), kept);
    std::fs::write(folder.join("bad.csv"), "2026-10-01,perhaps\n").unwrap();
    check(&folder, &["bank-days", "import", "bad.csv"], 3);
    assert_eq!(
        check(&folder, &["bank-days"], 0),
        kept,
        "nothing was kept of it"
    );
    assert_eq!(check(&folder, &["bank-days", "clear"], 0).trim(), "");
    check(&folder, &["verify", "--rebuild"], 0);
}
