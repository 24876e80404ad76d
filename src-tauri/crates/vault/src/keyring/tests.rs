//! The keyring's logic on the library's own stand-in store, and on stores that fail.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use super::{KeyringShelf, StoreMaker, items, thread::Keyring};
use crate::{
    KeyringError, OpenVault, VaultError,
    open_vault::{Contents, Shelf as _},
    testing::{self, Folder},
};
use keyring_core::{CredentialStore, Error, mock};
use paydesk_desk::ports::Vault as _;
use paydesk_domain::{AccountId, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_millis(300);

fn working() -> Arc<Keyring> {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let make: StoreMaker = Arc::new(move || Ok(Arc::clone(&store)));
    Arc::new(Keyring::new(make, Duration::from_secs(5)))
}

fn fresh() -> Contents {
    Contents {
        data_key: zeroize::Zeroizing::new([9; 32]),
        accounts: BTreeMap::new(),
    }
}

fn failing(error: fn() -> Error) -> KeyringError {
    let make: StoreMaker = Arc::new(move || Err(error()));
    let folder = Folder::new("failing");
    let keyring = Arc::new(Keyring::new(make, PATIENCE));
    match KeyringShelf::open(&keyring, &folder.0, "f1").err().unwrap() {
        VaultError::Keyring(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn every_way_to_fail_has_its_own_name_and_shows_no_value() {
    fn text(text: &str) -> Box<dyn std::error::Error + Send + Sync> {
        text.to_owned().into()
    }
    assert_eq!(
        failing(|| Error::PlatformFailure(text("ServiceUnknown: not provided"))),
        KeyringError::NoService
    );
    assert_eq!(
        failing(|| Error::NoStorageAccess(text("SS error: prompt dismissed"))),
        KeyringError::Locked
    );
    assert_eq!(
        failing(|| Error::PlatformFailure(text("org.freedesktop.Secret.Error.IsLocked"))),
        KeyringError::Locked
    );
    assert_eq!(
        failing(|| Error::NoStorageAccess(text("Access denied"))),
        KeyringError::Denied
    );
    let corrupt = failing(|| Error::BadEncoding(b"canary".to_vec()));
    assert!(matches!(corrupt, KeyringError::Corrupt { .. }));
    assert!(!format!("{corrupt} {corrupt:?}").contains("canary"));
}

#[test]
fn a_store_that_never_answers_hangs_nobody_and_is_asked_again_after_a_restart() {
    let answers = Arc::new(AtomicBool::new(false));
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let does = Arc::clone(&answers);
    let make: StoreMaker = Arc::new(move || {
        if !does.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_secs(3600));
        }
        Ok(Arc::clone(&store))
    });
    let keyring = Arc::new(Keyring::new(make, PATIENCE));
    let folder = Folder::new("hanging");
    let ask = || KeyringShelf::open(&keyring, &folder.0, "f1").err();
    let is_hanging = |error: &Option<VaultError>| {
        matches!(error, Some(VaultError::Keyring(KeyringError::Hanging)))
    };
    let started = Instant::now();
    assert!(is_hanging(&ask()));
    let first = started.elapsed();
    assert!(first >= PATIENCE && first < Duration::from_secs(20));
    let again = Instant::now();
    for _ in 0..20 {
        assert!(is_hanging(&ask()));
    }
    assert!(again.elapsed() < PATIENCE * 10, "later calls fail at once");
    answers.store(true, Ordering::SeqCst);
    assert!(is_hanging(&ask()), "the given-up thread is not used");
    keyring.restart();
    assert!(ask().is_none());
}

#[test]
fn values_of_any_length_survive_and_a_missing_part_is_noticed() {
    let keyring = working();
    for length in [0, 1, 1999, 2000, 2001, 4000, 20_000, 3] {
        let value: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
        let back = keyring.run(move |connection| {
            items::set(connection, "f1/long", &value)?;
            let back = items::get(connection, "f1/long")?.unwrap();
            assert_eq!(*back, value);
            Ok(back.len())
        });
        assert_eq!(back.unwrap(), usize::try_from(length).unwrap());
    }
    let cut = keyring.run(|connection| {
        items::set(connection, "f1/long", &[5; 5000])?;
        let first = connection.read("f1/long")?.unwrap();
        let line = String::from_utf8(first.to_vec()).unwrap();
        let generation = line.trim().rsplit(' ').next().unwrap().to_owned();
        connection.delete(&format!("f1/long#{generation}.1"))?;
        items::get(connection, "f1/long").map(drop)
    });
    assert!(matches!(cut, Err(KeyringError::Corrupt { .. })));
    let none = keyring.run(|connection| {
        items::delete(connection, "f1/long")?;
        items::get(connection, "f1/long")
    });
    assert!(none.unwrap().is_none());
}

#[test]
fn accounts_come_back_and_an_emptied_keyring_is_not_taken_for_a_new_one() {
    let (keyring, folder) = (working(), Folder::new("keyring"));
    let open = |id: &str| {
        let shelf = KeyringShelf::open(&keyring, &folder.0, id)?;
        OpenVault::new(Box::new(shelf), testing::maker())
    };
    assert!(matches!(open("f1"), Err(VaultError::DataKeyMissing)));
    KeyringShelf::create(&keyring, &folder.0, "f1", &fresh()).unwrap();
    let id = AccountId("shop-1".to_owned());
    let secrets = testing::secrets(&testing::private_key(0), "serial");
    let first = open("f1").unwrap();
    first.keep(&id, &secrets, Timestamp(1)).unwrap();
    first.raise_mark(4).unwrap();
    let second = open("f1").unwrap();
    assert!(second.keys(&id).unwrap().sign(b"x").is_ok());
    assert_eq!(second.mark().unwrap(), 4);
    assert!(matches!(open("f2"), Err(VaultError::DataKeyMissing)));
    second.forget(&id).unwrap();
    assert!(open("f1").unwrap().accounts().is_empty());
    let shelf = KeyringShelf::open(&keyring, &folder.0, "f1").unwrap();
    assert!(shelf.account(&id).unwrap().is_none());
    // Only the lock stands in the folder, and it is empty.
    for entry in std::fs::read_dir(&folder.0).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().len(), 0);
    }
}
