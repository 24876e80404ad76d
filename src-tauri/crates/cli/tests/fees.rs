//! `paydesk-cli fees` as a script meets it: the contract's rows, and what a channel charged otherwise.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod past;
mod shell;

use serde_json::{Value, json};
use shell::{check, folder};

#[test]
fn a_contract_is_set_and_shown_and_the_fees_of_a_month_are_held_against_it() {
    let folder = folder("fees");
    check(&folder, &["init", "--mode", "demo", "--locale", "en"], 0);
    let past = past::fetch(&folder);
    let days = past.fetched.lines();
    let days = days.filter_map(|line| line.split('\t').next());
    let first = days.min().unwrap();
    let month = ["--from", first, "--to", &past.yesterday];
    let audit = |code| {
        let words = [
            &["--json", "fees", "audit", "--account", "demo-alipay"][..],
            &month,
        ];
        let json = check(&folder, &words.concat(), code);
        let audit: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(audit["accounts"].as_array().unwrap().len(), 1, "{audit}");
        audit["accounts"][0]["totals"].clone()
    };
    let before = audit(6);
    assert!(before["audited"].as_u64().unwrap() > 50, "{before}");

    // With half the rate nearly every line is charged too much.
    let contract = |file: &str, code| {
        let of = ["--json", "fees", "contract", "--account", "demo-alipay"];
        check(&folder, &[&of[..], &["--set", file]].concat(), code)
    };
    let row = json!({
        "from": first, "to": null, "rate_millionths": 3_000, "rounding": "half_up",
        "minimum": null, "maximum": null,
    });
    let rows = Value::from_iter([row.clone()]);
    std::fs::write(folder.join("half.json"), rows.to_string()).unwrap();
    let set = contract("half.json", 0);
    assert_eq!(serde_json::from_str::<Value>(&set).unwrap(), rows);
    let over = |totals: &Value| totals["lines_over"].as_u64().unwrap();
    let half = audit(6);
    assert!(over(&half) > over(&before) + 30, "{half} after {before}");

    // What is no contract is refused and changes nothing.
    let overlapping = Value::from_iter([row.clone(), row]);
    std::fs::write(folder.join("twice.json"), overlapping.to_string()).unwrap();
    std::fs::write(folder.join("broken.json"), "{").unwrap();
    contract("twice.json", 3);
    contract("broken.json", 64);
    contract("nowhere.json", 64);
    let shown = ["--json", "fees", "contract", "--account", "demo-alipay"];
    let after = check(&folder, &shown, 0);
    assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), rows);
    check(&folder, &["fees", "audit"], 64);
    std::fs::remove_dir_all(&folder).unwrap();
}
