//! The payment interface from the command line: set up, served, called by the examples of the documentation.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod shell;

use serde_json::Value;
use shell::{check, folder};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const EXAMPLES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/examples/payment-interface"
);

/// A served interface; ended as a person ends it.
struct Served(Child);

impl Served {
    fn of(folder: &Path) -> (Served, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_paydesk-cli"))
            .arg("--data")
            .arg(folder.join("data"))
            .args(["interface", "serve"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        (Served(child), line.trim().to_owned())
    }

    fn end(mut self) {
        let id = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
    }
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

fn made_key(folder: &Path) -> (String, String) {
    let words = [
        "interface",
        "keys",
        "add",
        "--label",
        "web shop",
        "--rights",
        "create,query,cancel,list",
    ];
    let made = check(folder, &words, 0);
    let mut lines = made.lines();
    (
        lines.next().unwrap().to_owned(),
        lines.next().unwrap().to_owned(),
    )
}

fn example(words: &[&str], url: &str, (key, secret): &(String, String)) -> Vec<Value> {
    let output = Command::new(words[0])
        .args(&words[1..])
        .current_dir(EXAMPLES)
        .env("PAYDESK_URL", url)
        .env("PAYDESK_KEY", key)
        .env("PAYDESK_SECRET", secret)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A key that another process revoked is refused by the one that listens, within seconds.
fn refused_soon(url: &str, key: &(String, String)) {
    let begun = Instant::now();
    loop {
        let words = ["sh", "order.sh", "4650", "alipay", "basket-1"];
        let answer = example(&words, url, key).swap_remove(0);
        if answer["error"]["code"] == "caller_unknown" {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{answer:?}");
    }
}

#[test]
fn the_examples_of_the_documentation_order_a_payment_that_the_till_knows() {
    let folder = folder("interface");
    check(&folder, &["init", "--past-days", "0"], 0);
    check(&folder, &["interface", "serve"], 64);
    let port = free_port();
    check(
        &folder,
        &["interface", "set", "--payments", "on", "--port", &port],
        0,
    );
    let key = made_key(&folder);
    assert!(!check(&folder, &["--json", "interface", "show"], 0).contains(&key.1));
    let (served, address) = Served::of(&folder);
    assert_eq!(address, format!("127.0.0.1:{port}"));
    // A second one on the same folder finds the port taken.
    check(&folder, &["interface", "serve"], 69);
    let url = format!("http://{address}");
    let by_curl = example(
        &["sh", "order.sh", "4650", "alipay", "basket-1"],
        &url,
        &key,
    );
    assert_eq!(
        by_curl[0]["order_id"], by_curl[1]["order_id"],
        "{by_curl:?}"
    );
    assert_eq!(by_curl[1]["state"], "showing_qr", "{by_curl:?}");
    let by_python = example(
        &["python3", "order.py", "4651", "wechatpay", "basket-2"],
        &url,
        &key,
    );
    assert!(by_python[0]["shown_code"].is_object(), "{by_python:?}");
    let state = by_python[1]["state"].as_str().unwrap();
    assert!(["ending", "closed"].contains(&state), "{by_python:?}");
    let again = example(
        &["sh", "order.sh", "4650", "alipay", "basket-1"],
        &url,
        &key,
    );
    assert_eq!(again[0]["order_id"], by_curl[0]["order_id"]);
    let left = check(&folder, &["interface", "keys", "revoke", &key.0], 0);
    assert!(left.contains("revoked"), "{left}");
    refused_soon(&url, &key);
    served.end();

    let orders = check(&folder, &["orders"], 0);
    for order in [&by_curl[0], &by_python[0]] {
        assert!(
            orders.contains(order["order_id"].as_str().unwrap()),
            "{orders}"
        );
    }
    check(&folder, &["interface", "keys", "revoke", &key.0], 3);
    check(&folder, &["verify", "--rebuild"], 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_notice_that_proves_nothing_is_refused_and_changes_nothing() {
    let folder = folder("notices");
    check(&folder, &["init", "--past-days", "0"], 0);
    let file = folder.join("notice");
    let form = "out_trade_no=X&trade_status=TRADE_SUCCESS&sign_type=RSA2&sign=AAAA";
    std::fs::write(
        &file,
        format!("Content-Type: application/x-www-form-urlencoded\n\n{form}"),
    )
    .unwrap();
    check(&folder, &["notices", "deliver", "notice"], 3);
    check(
        &folder,
        &["notices", "deliver", "notice", "--account", "nobody"],
        3,
    );
    check(&folder, &["notices", "deliver", "absent"], 64);
    std::fs::write(&file, "no headers").unwrap();
    check(&folder, &["notices", "deliver", "notice"], 64);
    std::fs::remove_dir_all(folder).unwrap();
}
