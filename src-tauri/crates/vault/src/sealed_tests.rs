//! The sealed file: opens with its passphrase only, unchanged only, and never shows what is in it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::{
    OpenVault,
    testing::{self, Folder},
};
use paydesk_desk::ports::Vault as _;
use proptest::prelude::*;
use std::time::Duration;

const CHEAP: Cost = Cost {
    memory_kib: 64,
    passes: 1,
};

fn passphrase(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn right() -> Secret<String> {
    passphrase("right passphrase 正确")
}

fn contents() -> Contents {
    Contents {
        data_key: Zeroizing::new([9; 32]),
        accounts: BTreeMap::new(),
    }
}

fn made(name: &str) -> Folder {
    let folder = Folder::new(name);
    SealedShelf::create(&folder.0, &right(), CHEAP, &contents(), 2).unwrap();
    folder
}

fn open(folder: &Folder, passphrase: &Secret<String>, at: i64) -> Result<OpenVault, VaultError> {
    let shelf = SealedShelf::open(&folder.0, passphrase, Timestamp(at))?;
    OpenVault::new(Box::new(shelf), testing::maker())
}

#[test]
fn accounts_come_back_with_the_passphrase_and_the_file_shows_nothing() {
    let folder = made("sealed");
    let id = AccountId("shop-1".to_owned());
    let key = testing::private_key(0);
    let first = open(&folder, &right(), 0).unwrap();
    let secrets = testing::secrets(&key, "serial-canary");
    first.keep(&id, &secrets, Timestamp(1)).unwrap();
    let again = open(&folder, &right(), 0).unwrap();
    assert!(again.keys(&id).unwrap().sign(b"x").is_ok());
    assert_eq!(again.mark().unwrap(), 2);
    for entry in std::fs::read_dir(&folder.0).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for canary in [
            testing::body_of(&key),
            "serial-canary",
            "canary-content-key",
        ] {
            let found = bytes
                .windows(canary.len())
                .any(|at| at == canary.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let about = std::fs::metadata(path(&folder.0)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn wrong_passphrases_wait_longer_each_time_also_after_a_restart() {
    let folder = made("attempts");
    let wrong = passphrase("wrong passphrase");
    let mut waits = Vec::new();
    let mut now = 1_000_000;
    for _ in 0..6 {
        let Err(VaultError::WrongPassphrase { wait }) = open(&folder, &wrong, now) else {
            panic!("a wrong passphrase opened it")
        };
        // Too early: refused without a look, even with the right one, and not counted.
        if !wait.is_zero() {
            let early = open(&folder, &right(), now + 500);
            assert!(matches!(early, Err(VaultError::WrongPassphrase { wait }) if !wait.is_zero()));
        }
        now += i64::try_from(wait.as_millis()).unwrap();
        waits.push(wait.as_secs());
    }
    assert_eq!(waits, [0, 0, 2, 4, 8, 16]);
    assert_eq!(
        Attempts::beside(&folder.0).wait(Timestamp(0)),
        Duration::from_secs(16)
    );
    open(&folder, &right(), now).unwrap();
    assert!(matches!(
        open(&folder, &wrong, now),
        Err(VaultError::WrongPassphrase { wait }) if wait.is_zero()
    ));
}

#[test]
fn another_passphrase_opens_the_same_content_and_the_old_one_none() {
    let folder = made("change");
    let new = passphrase("another passphrase");
    let short = passphrase("short");
    let change = |old: &Secret<String>, new: &Secret<String>| {
        SealedShelf::change_passphrase(&folder.0, old, new, CHEAP, Timestamp(0)).map(drop)
    };
    assert!(matches!(
        change(&right(), &short),
        Err(VaultError::PassphraseTooShort { .. })
    ));
    let before = open(&folder, &right(), 0).unwrap();
    change(&right(), &new).unwrap();
    let after = open(&folder, &new, 0).unwrap();
    let mac = |vault: &OpenVault| vault.data_key().mac("same", b"");
    assert_eq!(mac(&before), mac(&after));
    assert!(matches!(
        open(&folder, &right(), 0),
        Err(VaultError::WrongPassphrase { .. })
    ));
    // A process that had it open notices instead of writing with the old key.
    assert!(matches!(
        before.raise_mark(9),
        Err(VaultError::NeedsPassphrase)
    ));
    assert!(matches!(
        SealedShelf::create(&folder.0, &new, CHEAP, &contents(), 0),
        Err(VaultError::Exists { .. })
    ));
}

#[test]
fn a_file_that_asks_for_too_much_or_comes_from_a_newer_version_is_refused() {
    let folder = made("greedy");
    let file = path(&folder.0);
    let (heading, line, sealed) = split(&file).unwrap();
    let rewritten = |heading: &Heading| {
        let mut bytes = serde_json::to_vec(heading).unwrap();
        bytes.push(b'\n');
        bytes.extend_from_slice(&sealed);
        let digest = sha256(&bytes);
        bytes.extend_from_slice(&digest);
        std::fs::write(&file, bytes).unwrap();
        open(&folder, &right(), 0).unwrap_err()
    };
    assert_eq!(line.last(), Some(&b'\n'));
    let mut greedy = heading.clone();
    greedy.cost.memory_kib = u32::MAX;
    assert!(matches!(rewritten(&greedy), VaultError::Tampered { .. }));
    let mut newer = heading.clone();
    newer.paydesk_vault = 2;
    assert!(matches!(
        rewritten(&newer),
        VaultError::NewerFormat { found: 2, known: 1 }
    ));
    let mut weaker = heading;
    weaker.cost.passes = 2;
    // The digest was made to fit, so it looks like a wrong passphrase; it does not open.
    assert!(matches!(
        rewritten(&weaker),
        VaultError::WrongPassphrase { .. }
    ));
}

#[test]
fn a_sealed_content_changed_under_a_fitting_digest_is_refused() {
    let folder = made("forged");
    let file = path(&folder.0);
    let mut bytes = std::fs::read(&file).unwrap();
    let end = bytes.len() - DIGEST;
    bytes[end - 1] ^= 1;
    let digest = sha256(&bytes[..end]);
    bytes[end..].copy_from_slice(&digest);
    std::fs::write(&file, bytes).unwrap();
    assert!(matches!(
        open(&folder, &right(), 0),
        Err(VaultError::Tampered { .. })
    ));
}

proptest! {
    #[test]
    fn any_changed_or_missing_byte_is_refused(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let folder = made(&format!("flip-{}-{bit}", at.index(4096)));
        let file = path(&folder.0);
        let whole = std::fs::read(&file).unwrap();
        let mut bent = whole.clone();
        bent[at.index(whole.len())] ^= 1 << bit;
        for bytes in [bent.as_slice(), &whole[..at.index(whole.len())]] {
            std::fs::write(&file, bytes).unwrap();
            let refused = open(&folder, &right(), 0);
            let is_refused = matches!(refused, Err(VaultError::Tampered { .. }));
            prop_assert!(is_refused);
        }
        prop_assert!(!Attempts::beside(&folder.0).wait(Timestamp(0)).gt(&Duration::ZERO));
    }
}
