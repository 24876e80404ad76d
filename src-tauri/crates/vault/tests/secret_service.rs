//! The real Secret Service, in a private session of its own: gnome-keyring under dbus-run-session.
//! Fails, with the line that installs them, where those programs are missing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests; the session's variables must be set before the program starts"
)]

use paydesk_desk::ports::Vault as _;
use paydesk_domain::{AccountId, Mode, Timestamp};
use paydesk_signing::{AccountKeys, KeyError, PrivateKey, Secret};
use paydesk_vault::{
    AccountSecrets, FolderKeys, KeyMaker, Keyring, Opening, VaultKind, VaultStatus,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

const PHASE: &str = "PAYDESK_VAULT_TEST_PHASE";
const FOLDER: &str = "PAYDESK_VAULT_TEST_FOLDER";
const UNLOCKED: &str =
    r#"eval "$(printf test | gnome-keyring-daemon --unlock --components=secrets)"; exec "$@""#;
const AS_IT_IS: &str = r#"exec "$@""#;

fn maker() -> KeyMaker {
    Arc::new(|_, fields: &BTreeMap<String, String>| {
        let key = fields.get("private_key").ok_or(KeyError::Missing)?;
        Ok(AccountKeys::builder().private_key(key.as_bytes())?.build())
    })
}

fn real() -> Opening<'static> {
    Opening {
        mode: Mode::Real,
        has_data: false,
        passphrase: None,
        now: Timestamp(0),
    }
}

fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
}

/// Runs the inner test of this same program in a session of its own.
fn session(folder: &Path, phase: &str, script: &str) {
    let runtime = folder.join("runtime");
    fs::create_dir_all(&runtime).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let out = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", script, "_"])
        .arg(std::env::current_exe().unwrap())
        .args(["inside_the_session", "--exact", "--nocapture"])
        .env(PHASE, phase)
        .env(FOLDER, folder)
        .env("XDG_DATA_HOME", folder.join("share"))
        .env("XDG_RUNTIME_DIR", &runtime)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{phase}: {said}\n{errors}");
    let ended = format!("phase {phase} ended");
    assert!(said.contains(&ended), "{phase}: {said}");
}

#[cfg(target_os = "linux")]
#[test]
fn keys_live_in_the_real_secret_service() {
    let needed = ["gnome-keyring-daemon", "dbus-run-session", "secret-tool"];
    let missing = needed.iter().find(|program| !has(program));
    assert_eq!(
        missing, None,
        "apt-get install -y --no-install-recommends gnome-keyring dbus-x11 libsecret-tools"
    );
    let name = format!("paydesk-secret-service-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _gone = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("data")).unwrap();
    // Nothing unlocked it and nobody can be asked; then with its password, twice.
    session(&folder, "locked", AS_IT_IS);
    session(&folder, "first", UNLOCKED);
    session(&folder, "restart", UNLOCKED);
    session(&folder, "gone", AS_IT_IS);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn inside_the_session() {
    let (Ok(phase), Some(folder)) = (std::env::var(PHASE), std::env::var_os(FOLDER)) else {
        return;
    };
    let folder = PathBuf::from(folder);
    let data = folder.join("data");
    let keys = FolderKeys::new(&data, Arc::new(Keyring::system()), maker());
    let id = AccountId("shop-1".to_owned());
    let status = keys.open(real()).unwrap();
    match phase.as_str() {
        "locked" => assert_eq!(status, VaultStatus::Locked),
        "gone" => {
            assert_eq!(status, VaultStatus::Locked);
            assert!(matches!(keys.keys(&id), Err(KeyError::Locked)));
        }
        "first" => {
            assert_eq!(status, VaultStatus::Open(VaultKind::Keyring));
            keep(&keys, &id, &folder);
        }
        _ => {
            assert_eq!(status, VaultStatus::Open(VaultKind::Keyring));
            let signed = keys.keys(&id).unwrap().sign(b"text").unwrap();
            assert_eq!(signed, fs::read(folder.join("signed")).unwrap());
            let vault = keys.vault().unwrap();
            assert_eq!(vault.mark().unwrap(), 5);
            vault.forget(&id).unwrap();
            assert!(matches!(vault.keys(&id), Err(KeyError::Missing)));
        }
    }
    println!("phase {phase} ended");
}

/// Stores a test key, reads the item back with another program, and looks for it in the folder.
fn keep(keys: &FolderKeys, id: &AccountId, folder: &Path) {
    let key = paydesk_signing::generate_private_key(&mut rand::rngs::OsRng, 2048).unwrap();
    let fields = BTreeMap::from([("private_key".to_owned(), Secret::new(key.expose().clone()))]);
    let secrets = AccountSecrets {
        channel: "testpay".to_owned(),
        fields,
    };
    let vault = keys.vault().unwrap();
    vault.keep(id, &secrets, Timestamp(1)).unwrap();
    vault.raise_mark(5).unwrap();
    let signed = PrivateKey::read(key.expose().as_bytes()).unwrap();
    fs::write(folder.join("signed"), signed.sign(b"text").unwrap()).unwrap();

    let data = folder.join("data");
    let signpost: serde_json::Value =
        serde_json::from_slice(&fs::read(data.join("vault.json")).unwrap()).unwrap();
    let name = signpost["folder"].as_str().unwrap();
    let look = |account: &str| {
        let out = Command::new("secret-tool")
            .args(["lookup", "service", "paydesk", "username", account])
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    assert!(look(&format!("{name}/data-key")).starts_with("paydesk1 0 44 "));
    let account = look(&format!("{name}/account/shop-1"));
    assert!(account.starts_with("paydesk1 "), "{}", account.len());
    assert!(
        look(&format!("{name}/probe")).is_empty(),
        "the probe is gone"
    );

    let canary = key.expose().lines().nth(3).unwrap();
    let shown = format!("{vault:?} {keys:?} {secrets:?} {:?}", vault.status(id));
    assert!(!shown.contains(canary));
    for entry in fs::read_dir(&data).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let found = bytes
            .windows(canary.len())
            .any(|at| at == canary.as_bytes());
        assert!(!found, "a key in a file of the folder");
    }
}
