//! Accounts without a window: the program itself in a real folder, with a sandbox as the channels' side.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]
#![cfg(unix)]

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

const DONE: i32 = 0;
const REFUSED: i32 = 3;
const UNKNOWN: i32 = 4;
const LOCKED: i32 = 7;
const USAGE: i32 = 64;

const PASSPHRASE: &str = "correct horse battery";

/// A folder for real accounts, and a sandbox that another process serves.
struct Street {
    folder: PathBuf,
    serving: Child,
    gateway: String,
}

impl Street {
    fn open(name: &str) -> Street {
        let folder = std::env::temp_dir();
        let folder = folder.join(format!("paydesk-channels-{}-{name}", std::process::id()));
        let _absent = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("data")).unwrap();
        let mut serving = Command::new(env!("CARGO_BIN_EXE_paydesk-cli"))
            .arg("--data")
            .arg(folder.join("street"))
            .args(["sandbox", "serve"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = serving.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        fs::write(folder.join("right"), format!("{PASSPHRASE}\n")).unwrap();
        fs::write(folder.join("wrong"), "no such passphrase").unwrap();
        Street {
            folder,
            serving,
            gateway: format!("http://{}", line.trim()),
        }
    }

    /// What the sandbox issued to the merchant.
    fn merchant(&self) -> Value {
        let keys = fs::read(self.folder.join("street/sandbox/keys.json")).unwrap();
        let keys: Value = serde_json::from_slice(&keys).unwrap();
        keys["merchant"].clone()
    }

    /// Runs the program where no keyring can be found, with a file open as 3 for the passphrase.
    fn run(&self, passphrase: Option<&str>, words: &[&str]) -> Output {
        let mut shell = Command::new("sh");
        let given = match passphrase {
            Some(file) => format!("exec \"$0\" \"$@\" --passphrase-fd 3 3<{file}"),
            None => "exec \"$0\" \"$@\"".to_owned(),
        };
        shell
            .args(["-c", &given, env!("CARGO_BIN_EXE_paydesk-cli"), "--data"])
            .arg(self.folder.join("data"))
            .args(words)
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .stdin(fs::File::open(self.folder.join("stdin")).unwrap())
            .current_dir(&self.folder);
        shell.output().unwrap()
    }

    /// Runs the program in a desktop session of its own, with the real keyring, unlocked or as it starts.
    fn in_session(&self, is_unlocked: bool, words: &[&str], code: i32) -> String {
        use std::os::unix::fs::PermissionsExt;
        let runtime = self.folder.join("runtime");
        fs::create_dir_all(&runtime).unwrap();
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
        let script = if is_unlocked {
            r#"eval "$(printf test | gnome-keyring-daemon --unlock --components=secrets)"; exec "$@""#
        } else {
            r#"exec "$@""#
        };
        let output = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", script, "_"])
            .args(words)
            .env("XDG_DATA_HOME", self.folder.join("share"))
            .env("XDG_RUNTIME_DIR", &runtime)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(fs::File::open(self.folder.join("stdin")).unwrap())
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?}: {printed}{said}"
        );
        format!("{printed}{said}")
    }

    /// Another program reads the account's item back.
    fn is_in_keyring(&self, account: &str) {
        let signpost = fs::read(self.folder.join("data/vault.json")).unwrap();
        let signpost: Value = serde_json::from_slice(&signpost).unwrap();
        let item = format!("{}/account/{account}", text(&signpost, "folder"));
        let look = [
            "secret-tool",
            "lookup",
            "service",
            "paydesk",
            "username",
            &item,
        ];
        let found = self.in_session(true, &look, DONE);
        assert!(found.starts_with("paydesk1 "), "not in the keyring");
    }

    fn check(&self, passphrase: Option<&str>, words: &[&str], code: i32) -> String {
        let output = self.run(passphrase, words);
        let printed = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let ended = output.status.code();
        assert_eq!(ended, Some(code), "{words:?}: {printed}{said}");
        format!("{printed}{said}")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }
}

impl Drop for Street {
    fn drop(&mut self) {
        let _ended = self.serving.kill();
        let _ended = self.serving.wait();
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

fn holds(folder: &Path, canary: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, canary);
        }
        let bytes = fs::read(path).unwrap();
        let mut windows = bytes.windows(canary.len());
        windows.any(|window| window == canary.as_bytes())
    })
}

#[test]
fn an_account_is_added_tested_charged_and_removed_behind_a_passphrase() {
    let street = Street::open("whole");
    street.write("stdin", "");
    let merchant = street.merchant();
    let wechatpay = &merchant["wechatpay"];
    street.write("key.pem", text(wechatpay, "merchant_private_key_pem"));
    street.write("pub.pem", text(wechatpay, "public_key_pem"));
    let init = [
        "init",
        "--mode",
        "real",
        "--locale",
        "en",
        "--store-name",
        "Shop",
    ];
    let said = street.check(None, &init, LOCKED);
    assert!(said.contains("keyring_missing"), "{said}");
    street.check(Some("right"), &init, DONE);

    // A key as an argument is refused: the list of processes shows it to everybody.
    let argued = [
        "channels",
        "add",
        "wechatpay",
        "--field",
        "apiv3_key=0123456789",
    ];
    street.check(Some("right"), &argued, USAGE);
    street.write("stdin", text(wechatpay, "apiv3_key"));
    let fields = [
        format!("appid={}", text(wechatpay, "appid")),
        format!("mchid={}", text(wechatpay, "mchid")),
        format!("merchant_serial={}", text(wechatpay, "merchant_serial")),
        format!("public_key_id={}", text(wechatpay, "public_key_id")),
        "store_id=1".to_owned(),
        "notify_url=https://notify.example.com/w".to_owned(),
    ];
    let mut add = vec![
        "channels",
        "add",
        "wechatpay",
        "--sandbox",
        "--test",
        "--gateway",
    ];
    add.push(&street.gateway);
    for field in &fields {
        add.extend(["--field", field]);
    }
    for file in ["private_key=key.pem", "public_key=pub.pem", "apiv3_key=-"] {
        add.extend(["--file", file]);
    }
    let locked = street.check(None, &add, LOCKED);
    assert!(locked.contains("keys_locked"), "{locked}");
    let added = street.check(Some("right"), &add, DONE);
    let account = added.lines().find(|line| line.starts_with("wechatpay-"));
    let account = account.unwrap().to_owned();
    let listed = street.check(None, &["channels", "list"], DONE);
    assert!(
        listed.contains(&account) && listed.contains("KeysLocked"),
        "{listed}"
    );
    street.check(None, &["channels", "test"], LOCKED);
    street.check(Some("right"), &["channels", "test"], DONE);

    let charge = |code: &'static str| ["charge", "--amount", "5.00", "--code", code, "--wait"];
    street.check(None, &charge("131234567890123400"), LOCKED);
    street.check(Some("wrong"), &charge("131234567890123400"), LOCKED);
    street.check(Some("right"), &charge("131234567890123400"), DONE);
    let verified = street.check(Some("right"), &["verify", "--rebuild"], DONE);
    assert!(verified.contains("chain complete"), "{verified}");

    let key = text(wechatpay, "merchant_private_key_pem");
    for canary in [
        key.lines().nth(3).unwrap(),
        text(wechatpay, "apiv3_key"),
        PASSPHRASE,
    ] {
        assert!(!holds(&street.folder.join("data"), canary));
        assert!(!added.contains(canary) && !listed.contains(canary));
    }
    // The one charge is watched for late money no more once it is paid; then the account may go.
    street.check(Some("right"), &["channels", "remove", &account], DONE);
    let left = street.check(None, &["channels", "list"], DONE);
    assert!(!left.contains(&account));

    let mute = mute();
    let gateway = add.iter().position(|word| *word == street.gateway);
    add[gateway.unwrap()] = &mute;
    let unclear = street.check(Some("right"), &add, UNKNOWN);
    assert!(unclear.contains("wechatpay-"), "{unclear}");
    street.check(Some("right"), &["channels", "test"], UNKNOWN);
}

/// Somebody who takes every call and hangs up.
fn mute() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    format!("http://{address}")
}

fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
}

#[cfg(target_os = "linux")]
#[test]
fn keys_stand_in_the_real_keyring_and_charge_after_a_restart() {
    let needed = ["gnome-keyring-daemon", "dbus-run-session", "secret-tool"];
    let missing = needed.iter().find(|program| !has(program));
    assert_eq!(
        missing, None,
        "apt-get install -y --no-install-recommends gnome-keyring dbus-x11 libsecret-tools"
    );
    let street = Street::open("keyring");
    street.write("stdin", "");
    let merchant = street.merchant();
    let alipay = &merchant["alipay"];
    street.write("key.pem", text(alipay, "app_private_key_pem"));
    street.write("pub.pem", text(alipay, "gateway_public_key_pem"));
    let (data, gateway) = (
        street.folder.join("data"),
        format!("{}/gateway.do", street.gateway),
    );
    let (data, app_id) = (data.to_str().unwrap(), text(alipay, "app_id"));
    let program = env!("CARGO_BIN_EXE_paydesk-cli");
    let cli = |words: &[&str]| -> Vec<String> {
        let all = [&[program, "--data", data], words].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    let run = |is_unlocked, words: &[&str], code| {
        let words = cli(words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        street.in_session(is_unlocked, &words, code)
    };
    run(
        true,
        &[
            "init",
            "--mode",
            "real",
            "--locale",
            "en",
            "--store-name",
            "Shop",
        ],
        DONE,
    );
    assert!(!street.folder.join("data/keys.json").exists());
    let app_id = format!("app_id={app_id}");
    let add = [
        "channels",
        "add",
        "alipay",
        "--sandbox",
        "--test",
        "--gateway",
        &gateway,
        "--field",
        &app_id,
        "--file",
        "private_key=key.pem",
        "--file",
        "alipay_public_key=pub.pem",
    ];
    let added = run(true, &add, DONE);
    let account = added
        .lines()
        .find(|line| line.starts_with("alipay-"))
        .unwrap();
    street.is_in_keyring(account);
    // Another start, and another session: it charges. Locked, it sends nothing and still lists.
    let charge = [
        "charge",
        "--amount",
        "5.00",
        "--code",
        "281234567890123400",
        "--wait",
    ];
    run(true, &charge, DONE);
    let charge = [
        "charge",
        "--amount",
        "6.00",
        "--code",
        "281234567890123500",
        "--wait",
    ];
    let said = run(false, &charge, LOCKED);
    assert!(said.contains("keys_locked"), "{said}");
    assert!(run(false, &["orders"], DONE).contains("5.00"));
    let key = text(alipay, "app_private_key_pem");
    assert!(!holds(
        &street.folder.join("data"),
        key.lines().nth(3).unwrap()
    ));
}

#[test]
fn a_wrong_key_is_seen_before_it_is_kept() {
    let street = Street::open("wrong");
    street.write("stdin", "");
    let merchant = street.merchant();
    let (alipay, other) = (&merchant["alipay"], &merchant["alipay_certificate"]);
    street.write("key.pem", text(other, "app_private_key_pem"));
    street.write("pub.pem", text(alipay, "gateway_public_key_pem"));
    let init = [
        "init",
        "--mode",
        "real",
        "--locale",
        "en",
        "--store-name",
        "Shop",
    ];
    street.check(Some("right"), &init, DONE);
    let gateway = format!("{}/gateway.do", street.gateway);
    let app_id = format!("app_id={}", text(alipay, "app_id"));
    let add = |file: &'static str| {
        [
            "channels",
            "add",
            "alipay",
            "--sandbox",
            "--test",
            "--gateway",
            &gateway,
            "--field",
            &app_id,
            "--file",
            file,
            "--file",
            "alipay_public_key=pub.pem",
        ]
        .map(str::to_owned)
    };
    let run = |file, code| {
        let words = add(file);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        street.check(Some("right"), &words, code)
    };
    // Another application's key: only the channel sees it.
    let said = run("private_key=key.pem", REFUSED);
    assert!(said.contains("Signature\tFailed"), "{said}");
    // The public one in its place: seen at once, and named.
    let said = run("private_key=pub.pem", REFUSED);
    assert!(said.contains("account_field_wrong"), "{said}");
    run("private_key=absent.pem", USAGE);
    let listed = street.check(Some("right"), &["channels", "list"], DONE);
    assert_eq!(listed.trim(), "");
}

#[test]
fn a_card_reader_is_chosen_from_the_channels_list_and_takes_a_payment() {
    let street = Street::open("reader");
    street.write("stdin", "");
    let merchant = street.merchant();
    let stripe = &merchant["stripe"];
    let init = ["init", "--mode", "real", "--locale", "en"];
    street.check(Some("right"), &init, DONE);
    street.write("key", text(stripe, "secret_key"));
    let account = format!("account={}", text(stripe, "account"));
    let mut add = vec!["channels", "add", "stripe", "--sandbox", "--gateway"];
    add.extend([&street.gateway, "--field", &account]);
    add.extend(["--file", "secret_key=key"]);
    street.check(Some("right"), &add, DONE);

    let charge = ["charge", "--amount", "5.00", "--reader"];
    let said = street.check(Some("right"), &charge, REFUSED);
    assert!(said.contains("reader_not_chosen"), "{said}");
    let readers = ["channels", "readers"];
    let number = text(stripe, "reader");
    let listed = street.check(Some("right"), &readers, DONE);
    assert!(
        listed.contains(&format!("{number}\tonline\t-\t")) && listed.contains("\tCounter"),
        "{listed}"
    );
    let unknown = ["channels", "readers", "--choose", "tmr_another"];
    let said = street.check(Some("right"), &unknown, REFUSED);
    assert!(said.contains("reader_unknown"), "{said}");
    let choose = ["channels", "readers", "--choose", number];
    let chosen = street.check(Some("right"), &choose, DONE);
    assert!(
        chosen.contains(&format!("{number}\tonline\tchosen\t")),
        "{chosen}"
    );

    // Nobody puts a card down: the reader waits, and a resolver goes on.
    let said = street.check(Some("right"), &charge, UNKNOWN);
    assert!(said.contains("AtReader"), "{said}");
    let both = ["charge", "--amount", "5.00", "--code", "28", "--reader"];
    street.check(Some("right"), &both, USAGE);
    let none = street.check(Some("right"), &["channels", "readers", "--none"], DONE);
    assert!(!none.contains("chosen"), "{none}");
}
