//! Which vault a folder gets, what is said when it is not open, and the move out of the demo.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use super::*;
use crate::{
    StoreMaker,
    testing::{self, Folder},
};
use keyring_core::{CredentialStore, Error, mock};
use paydesk_desk::ports::Vault as _;
use std::sync::atomic::{AtomicU8, Ordering};

const WORKS: u8 = 0;
const LOCKED: u8 = 1;
const MISSING: u8 = 2;
const HANGS: u8 = 3;

/// A keyring whose mood the test sets.
struct Moody {
    mood: Arc<AtomicU8>,
    store: Arc<CredentialStore>,
}

impl Moody {
    fn new() -> Moody {
        Moody {
            mood: Arc::new(AtomicU8::new(WORKS)),
            store: mock::Store::new().unwrap(),
        }
    }

    fn set(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    /// As another process would reach it.
    fn keys(&self, folder: &Folder) -> FolderKeys {
        let (mood, store) = (Arc::clone(&self.mood), Arc::clone(&self.store));
        let make: StoreMaker = Arc::new(move || match mood.load(Ordering::SeqCst) {
            WORKS => Ok(Arc::clone(&store)),
            LOCKED => Err(Error::NoStorageAccess("prompt dismissed".into())),
            HANGS => loop {
                std::thread::park();
            },
            _ => Err(Error::NoDefaultStore),
        });
        let keyring = Keyring::new(make, Duration::from_millis(300));
        FolderKeys::new(&folder.0, Arc::new(keyring), testing::maker())
    }
}

fn opening(mode: Mode, passphrase: Option<&Secret<String>>) -> Opening<'_> {
    Opening {
        mode,
        has_data: false,
        passphrase,
        now: Timestamp(0),
    }
}

fn right() -> Secret<String> {
    Secret::new("a passphrase".to_owned())
}

#[test]
fn a_real_folder_stays_with_the_keyring_it_began_with() {
    let (moody, folder) = (Moody::new(), Folder::new("chooses"));
    let real = opening(Mode::Real, None);
    let first = moody.keys(&folder);
    assert_eq!(
        first.open(real).unwrap(),
        VaultStatus::Open(VaultKind::Keyring)
    );
    let mac = first.data_key().unwrap().mac("a", b"b");
    let id = AccountId("shop-1".to_owned());
    let secrets = testing::secrets(&testing::private_key(0), "serial");
    first
        .vault()
        .unwrap()
        .keep(&id, &secrets, Timestamp(1))
        .unwrap();

    let pass = right();
    for (mood, status) in [
        (LOCKED, VaultStatus::Locked),
        (MISSING, VaultStatus::MissingService),
        (HANGS, VaultStatus::Hanging),
    ] {
        moody.set(mood);
        let later = moody.keys(&folder);
        // Not even a passphrase makes it begin a second vault.
        let with = opening(Mode::Real, Some(&pass));
        assert_eq!(later.open(with).unwrap(), status);
        assert_eq!(later.status(), status);
        assert!(matches!(later.keys(&id), Err(KeyError::Locked)));
        assert!(matches!(later.data_key(), Err(KeyError::Locked)));
        moody.set(WORKS);
        let status = later.open(real).unwrap();
        assert_eq!(status, VaultStatus::Open(VaultKind::Keyring));
        assert_eq!(later.data_key().unwrap().mac("a", b"b"), mac);
        assert!(later.keys(&id).is_ok());
    }
    // What is open stays open when the keyring goes away.
    moody.set(MISSING);
    assert!(first.keys(&id).unwrap().sign(b"x").is_ok());
}

#[test]
fn without_a_keyring_a_passphrase_seals_the_folder() {
    let (moody, folder) = (Moody::new(), Folder::new("seals"));
    moody.set(MISSING);
    let keys = moody.keys(&folder);
    let none = keys.open(opening(Mode::Real, None)).unwrap();
    assert_eq!(none, VaultStatus::NeedsPassphrase { is_new: true });
    assert!(!sealed::exists(&folder.0));
    let pass = right();
    let made = keys.open(opening(Mode::Real, Some(&pass))).unwrap();
    assert_eq!(made, VaultStatus::Open(VaultKind::Sealed));
    // A keyring that appears later changes nothing: the folder stays sealed.
    moody.set(WORKS);
    let later = moody.keys(&folder);
    let asked = later.open(opening(Mode::Real, None)).unwrap();
    assert_eq!(asked, VaultStatus::NeedsPassphrase { is_new: false });
    let wrong = Secret::new("something else".to_owned());
    let refused = later.open(opening(Mode::Real, Some(&wrong))).unwrap();
    assert!(matches!(refused, VaultStatus::WrongPassphrase { .. }));
    let opened = later.open(opening(Mode::Real, Some(&pass))).unwrap();
    assert_eq!(opened, VaultStatus::Open(VaultKind::Sealed));
}

#[test]
fn a_demo_needs_no_keyring_and_a_folder_leaves_the_key_file_with_its_data_key() {
    let (moody, folder) = (Moody::new(), Folder::new("moves"));
    moody.set(HANGS);
    let keys = moody.keys(&folder);
    let demo = opening(Mode::Demo, None);
    assert_eq!(
        keys.open(demo).unwrap(),
        VaultStatus::Open(VaultKind::KeyFile)
    );
    let mac = keys.data_key().unwrap().mac("a", b"b");
    assert_eq!(keys.move_to_real(None).unwrap(), VaultStatus::Hanging);
    assert!(key_file::path(&folder.0).exists(), "nothing was changed");
    moody.set(WORKS);
    let keys = moody.keys(&folder);
    let moved = keys.move_to_real(None).unwrap();
    assert_eq!(moved, VaultStatus::Open(VaultKind::Keyring));
    assert!(!key_file::path(&folder.0).exists());
    let later = moody.keys(&folder);
    later.open(opening(Mode::Real, None)).unwrap();
    assert_eq!(later.data_key().unwrap().mac("a", b"b"), mac);
}

#[test]
fn a_folder_with_data_never_gets_a_second_data_key() {
    let (moody, folder) = (Moody::new(), Folder::new("lost"));
    let lost = Opening {
        has_data: true,
        ..opening(Mode::Real, None)
    };
    let keys = moody.keys(&folder);
    assert!(matches!(keys.open(lost), Err(VaultError::DataKeyMissing)));
    keys.open(opening(Mode::Real, None)).unwrap();
    let emptied = Moody::new();
    let refused = emptied.keys(&folder).open(lost);
    assert!(matches!(refused, Err(VaultError::DataKeyMissing)));
}

#[test]
fn a_demo_with_accounts_is_not_made_real() {
    let (moody, folder) = (Moody::new(), Folder::new("stays"));
    let keys = moody.keys(&folder);
    keys.open(opening(Mode::Demo, None)).unwrap();
    let secrets = testing::secrets(&testing::private_key(0), "serial");
    let id = AccountId("demo".to_owned());
    keys.vault()
        .unwrap()
        .keep(&id, &secrets, Timestamp(1))
        .unwrap();
    assert!(matches!(
        keys.move_to_real(None),
        Err(VaultError::Exists { .. })
    ));
    assert!(keys.vault().unwrap().keys(&id).is_ok());
}
