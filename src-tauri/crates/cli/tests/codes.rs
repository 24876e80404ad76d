//! Exit codes a script relies on, each provoked: the program itself, over folders that are really damaged or full.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const DONE: i32 = 0;
const DIFFERENCES: i32 = 6;
const LOCKED: i32 = 7;
const ENVIRONMENT: i32 = 69;

/// A demo shop of its own, removed at the end.
struct Shop {
    folder: PathBuf,
    is_mounted: bool,
}

impl Shop {
    fn folder(name: &str) -> Shop {
        let folder =
            std::env::temp_dir().join(format!("paydesk-codes-{}-{name}", std::process::id()));
        let _absent = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("data")).unwrap();
        Shop {
            folder,
            is_mounted: false,
        }
    }

    fn open(name: &str) -> Shop {
        let shop = Shop::folder(name);
        shop.init();
        shop
    }

    fn init(&self) {
        let words = [
            "init",
            "--mode",
            "demo",
            "--locale",
            "en",
            "--past-days",
            "0",
        ];
        self.check(&words, DONE);
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_paydesk-cli"))
            .arg("--data")
            .arg(self.data())
            .args(words)
            .current_dir(&self.folder)
            .output()
            .unwrap()
    }

    /// The command ends with this code; what it printed.
    fn check(&self, words: &[&str], code: i32) -> String {
        let output = self.run(words);
        let printed = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?}: {printed}{said}"
        );
        printed
    }

    /// The same with `--json`: a script finds the error's code in the output.
    fn refused(&self, words: &[&str], code: i32, name: &str) -> Value {
        let printed = self.check(&[words, &["--json"]].concat(), code);
        let error: Value = serde_json::from_str(printed.trim()).unwrap();
        assert_eq!(error["code"], name, "{error}");
        error
    }

    /// A code of the customer who pays at once.
    fn code(&self) -> String {
        let codes = self.check(&["sandbox", "codes"], DONE);
        let line = codes.lines().find(|line| line.starts_with("alipay\t00\t"));
        line.unwrap().split('\t').nth(2).unwrap().to_owned()
    }

    /// What the channel's side has on record: the truth about what was sent.
    fn ledger(&self) -> Vec<u8> {
        fs::read(self.data().join("sandbox/ledger.jsonl")).unwrap_or_default()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if self.is_mounted {
            let _gone = Command::new("umount").arg(self.data()).status();
        }
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

fn charge<'a>(amount: &'a str, code: &'a str) -> [&'a str; 6] {
    ["charge", "--amount", amount, "--code", code, "--wait"]
}

#[test]
fn keys_that_cannot_be_read_end_with_seven_and_nothing_is_sent() {
    let shop = Shop::open("keys");
    let code = shop.code();
    let before = shop.ledger();
    let file = shop.data().join("keys.json");
    let whole = fs::read(&file).unwrap();

    fs::write(&file, b"{").unwrap();
    let error = shop.refused(&charge("12.00", &code), LOCKED, "keys_locked");
    assert_eq!(error["money"], "not_moved");
    shop.check(&["orders"], LOCKED);
    assert_eq!(
        fs::read(&file).unwrap(),
        b"{",
        "a damaged file is left as it is"
    );

    // Unreadable for everybody, root too: there is a folder in its place.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    shop.refused(&["orders"], LOCKED, "keys_locked");
    fs::remove_dir(&file).unwrap();

    // The folder's own key is there, the account's are gone.
    let mut keys: Value = serde_json::from_slice(&whole).unwrap();
    keys["accounts"] = serde_json::json!({});
    fs::write(&file, serde_json::to_vec(&keys).unwrap()).unwrap();
    shop.refused(&charge("12.00", &code), LOCKED, "keys_locked");
    assert_eq!(shop.ledger(), before, "the channel heard of no charge");

    fs::write(&file, whole).unwrap();
    shop.check(&charge("12.00", &code), DONE);
    assert_ne!(shop.ledger(), before);
}

/// Changes the one order's row behind the program's back.
fn change(shop: &Shop, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let file = SqliteConnectOptions::new().filename(shop.data().join("paydesk.db"));
        let mut database = SqliteConnection::connect_with(&file).await.unwrap();
        let changed = sqlx::query(statement).execute(&mut database).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
        database.close().await.unwrap();
    });
}

#[test]
fn a_changed_projection_ends_with_six_and_is_named() {
    let shop = Shop::open("projection");
    let code = shop.code();
    shop.check(&charge("46.50", &code), DONE);
    shop.check(&["verify", "--rebuild"], DONE);

    change(&shop, "UPDATE orders SET taken_minor = taken_minor + 100");

    // The log itself is whole: only building anew and comparing finds it.
    shop.check(&["verify"], DONE);
    let printed = shop.check(&["verify", "--rebuild", "--json"], DIFFERENCES);
    let report: Value = serde_json::from_str(printed.trim()).unwrap();
    assert_eq!(report["fault"], Value::Null);
    assert!(
        !report["differences"].as_array().unwrap().is_empty(),
        "{report}"
    );
    // Comparing repairs nothing: what was changed stays to be seen until it is put right.
    shop.check(&["verify", "--rebuild"], DIFFERENCES);
    change(&shop, "UPDATE orders SET taken_minor = taken_minor - 100");
    shop.check(&["verify", "--rebuild"], DONE);
}

/// A small disk of its own under the data folder; `None` where mounting is not allowed.
fn small_disk(name: &str) -> Option<Shop> {
    let mut shop = Shop::folder(name);
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
        .arg(shop.data())
        .output();
    shop.is_mounted = mounted.is_ok_and(|output| output.status.success());
    // The channel's side of the demo has its own disk, as the real channels have.
    let elsewhere = shop.folder.join("channel");
    fs::create_dir(&elsewhere).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&elsewhere, shop.data().join("sandbox")).unwrap();
    shop.is_mounted.then_some(shop)
}

/// Fills the disk to the last byte, then gives `room` bytes back.
fn fill(folder: &Path, room: u64) {
    let mut file = fs::File::create(folder.join("ballast")).unwrap();
    let block = vec![0_u8; 4096];
    while file.write_all(&block).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(room)).unwrap();
}

#[test]
fn a_full_disk_refuses_the_charge_before_anything_is_sent() {
    let Some(shop) = small_disk("full") else {
        eprintln!("skipped: needs root (a small disk is mounted)");
        return;
    };
    shop.init();
    let code = shop.code();
    shop.check(&charge("5.00", &code), DONE);
    let code = shop.code();
    let before = shop.ledger();

    // No room to open the database at all, and room for that but not for one more intent.
    for room in [0, 40 << 10] {
        fill(&shop.data(), room);
        let error = shop.refused(&charge("12.00", &code), ENVIRONMENT, "disk_full");
        assert_eq!(error["money"], "not_moved", "{room}: {error}");
        assert_eq!(
            shop.ledger(),
            before,
            "{room}: the channel heard of no charge"
        );
    }

    fs::remove_file(shop.data().join("ballast")).unwrap();
    shop.check(&charge("12.00", &code), DONE);
    assert_ne!(shop.ledger(), before);
    shop.check(&["verify", "--rebuild"], DONE);
}
