//! `paydesk-cli export orders` as a script meets it: the program itself, its exit codes, the file.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("paydesk-cli-{}-{name}", std::process::id()));
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn cli(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paydesk-cli"))
        .arg("--data")
        .arg(folder.join("data"))
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The command ends with this code.
fn check(folder: &Path, words: &[&str], code: i32) -> Output {
    let output = cli(folder, words);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A payment code of the demo's customer who pays at once.
fn code(folder: &Path, channel: &str) -> String {
    let codes = said(&check(folder, &["sandbox", "codes"], 0));
    let line = codes
        .lines()
        .find(|line| line.starts_with(&format!("{channel}\t00\t")))
        .unwrap();
    line.split('\t').nth(2).unwrap().to_owned()
}

#[test]
fn a_demo_shops_orders_are_written_with_totals_and_digest() {
    let folder = folder("export");
    check(&folder, &["init", "--mode", "demo", "--locale", "en"], 0);
    for (channel, amount, note) in [
        ("alipay", "46.50", "=HYPERLINK(\"http://x\")"),
        ("wechatpay", "12.00", "试吃, \"big\""),
    ] {
        let code = code(&folder, channel);
        check(
            &folder,
            &[
                "charge", "--amount", amount, "--code", &code, "--note", note, "--wait",
            ],
            0,
        );
    }
    let export = ["export", "orders", "--out", "all.csv", "--json"];
    let answer: serde_json::Value =
        serde_json::from_str(&said(&check(&folder, &export, 0))).unwrap();
    let file = folder.join("all.csv");
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(answer["file"], file.to_str().unwrap());
    let digest = Command::new("sha256sum").arg(&file).output().unwrap();
    assert!(
        said(&digest).starts_with(answer["sha256"].as_str().unwrap()),
        "another program finds the same digest"
    );
    let rows: Vec<csv::StringRecord> = csv::ReaderBuilder::new()
        .from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap())
        .records()
        .collect::<Result<_, _>>()
        .unwrap();
    let (totals, orders) = rows.split_last().unwrap();
    assert_eq!(answer["rows"], orders.len());
    assert!(orders.len() > 2, "the demo's past days are there too");
    assert_eq!(
        (&orders[0][3], &orders[0][6], &orders[0][11]),
        ("WeChat Pay", "12.00", "试吃, \"big\"")
    );
    assert_eq!(&orders[1][11], "'=HYPERLINK(\"http://x\")");
    // Two decimals everywhere: without the point they are fen.
    let fen = |cell: &str| cell.replace('.', "").parse::<i64>().unwrap();
    let sum = |at: usize| orders.iter().map(|order| fen(&order[at])).sum::<i64>();
    assert_eq!(&totals[1], format!("Count: {}", orders.len()));
    assert_eq!(
        [6, 7, 8].map(|at| fen(&totals[at])),
        [6, 7, 8].map(sum),
        "received, refunded, net"
    );
    assert_eq!((&totals[0], &totals[9]), ("Total", "CNY"));
    check(&folder, &export, 64);
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "left as it was");
    let narrow = [
        "export",
        "orders",
        "--out",
        "all.csv",
        "--replace",
        "--channel",
        "wechatpay",
        "--status",
        "paid",
        "--from",
        "2020-01-01",
        "--to",
        "2099-12-31",
        "--search",
        "试吃",
    ];
    assert!(said(&check(&folder, &narrow, 0)).starts_with("1\t"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn wrong_use_and_a_wrong_place_have_their_codes() {
    let folder = folder("export-codes");
    let export = |more: &[&str], code| {
        let words: Vec<&str> = ["export", "orders"].iter().chain(more).copied().collect();
        check(&folder, &words, code);
    };
    export(&["--out", "a.csv"], 69);
    check(&folder, &["init"], 0);
    export(&[], 64);
    export(&["--out", "a.txt"], 64);
    export(&["--out", "a.csv", "--status", "happy"], 64);
    export(&["--out", "a.csv", "--channel", "nobody"], 64);
    export(&["--out", "a.csv", "--from", "yesterday"], 64);
    export(
        &[
            "--out",
            "a.csv",
            "--from",
            "2026-11-22",
            "--to",
            "2026-11-21",
        ],
        64,
    );
    export(&["--out", "absent/a.csv"], 69);
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        1,
        "only the data folder is there"
    );
    std::fs::remove_dir_all(folder).unwrap();
}
