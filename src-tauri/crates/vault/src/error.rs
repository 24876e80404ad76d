//! Why a vault cannot do what is asked. No message ever holds a key or a passphrase.

use paydesk_desk::ports::{CustodyError, VaultStatus};
use paydesk_signing::KeyError;
use std::{io, path::PathBuf, time::Duration};

/// Why the vault cannot be opened or written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The folder's data key is gone although the folder holds data: the keyring was emptied, or the
    /// folder comes from another user or machine. Making a new key would lose what is sealed.
    #[error("the keyring holds no data key for this folder, which already has data")]
    DataKeyMissing,
    /// The file is not what this program wrote.
    #[error("the key file {path} is damaged; without it sealed fields stay sealed")]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// There is a vault already.
    #[error("the folder has a vault already: {path}")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("the key file {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key cannot be used.
    #[error("a key of account {account} cannot be used: {source}")]
    Key {
        /// Whose.
        account: String,
        /// Why.
        source: KeyError,
    },
    /// The key signs: another one must be made active before.
    #[error("the key signs; another one must be made active first")]
    KeyInUse,
    /// This key is stored already.
    #[error("this key is stored already")]
    KeyKnown,
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The vault is not open.
    #[error("the vault is not open")]
    NotOpen,
    /// Made by a newer version of this program.
    #[error("the vault was made by a newer version ({found}, this program knows {known})")]
    NewerFormat {
        /// What it says.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// The sealed file needs its passphrase.
    #[error("the vault is sealed; its passphrase is needed")]
    NeedsPassphrase,
    /// The passphrase is too short to protect anything.
    #[error("the passphrase is too short: {min} characters at least")]
    PassphraseTooShort {
        /// How many are needed.
        min: usize,
    },
    /// The system gives no randomness, or the library refused.
    #[error("the vault cannot be sealed on this machine")]
    Sealing,
    /// The sealed file was changed, cut or put together from two.
    #[error("the sealed vault {path} was changed or cut off; put back a copy of it")]
    Tampered {
        /// Which file.
        path: PathBuf,
    },
    /// There is no such account.
    #[error("the vault has no such account")]
    UnknownAccount,
    /// There is no such version of the account's keys.
    #[error("the account has no such key")]
    UnknownKey,
    /// The passphrase is wrong, or it is too early to try again.
    #[error("the passphrase is wrong; the next try is possible in {} s", wait.as_secs())]
    WrongPassphrase {
        /// How long to wait before the next try.
        wait: Duration,
    },
}

/// What the operating system's keyring said.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyringError {
    /// An item is not what this program wrote.
    #[error("the keyring item {item} is damaged")]
    Corrupt {
        /// Which.
        item: String,
    },
    /// The keyring refuses this program.
    #[error("the keyring refuses access")]
    Denied,
    /// Anything else the system reports.
    #[error("the keyring failed: {0}")]
    Failed(String),
    /// It does not answer. A dialog of the system may be waiting for a person.
    #[error("the keyring does not answer; a window of the system may be asking to unlock it")]
    Hanging,
    /// It is locked and was not unlocked.
    #[error("the keyring is locked")]
    Locked,
    /// There is none on this machine, or it does not run.
    #[error("there is no keyring service")]
    NoService,
}

impl From<VaultError> for CustodyError {
    fn from(error: VaultError) -> CustodyError {
        let said = error.to_string();
        match error {
            VaultError::DataKeyMissing => CustodyError::Lost,
            VaultError::Damaged { .. }
            | VaultError::NewerFormat { .. }
            | VaultError::Tampered { .. }
            | VaultError::Keyring(KeyringError::Corrupt { .. }) => CustodyError::Unreadable(said),
            VaultError::File { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                CustodyError::Full
            }
            VaultError::Exists { .. }
            | VaultError::File { .. }
            | VaultError::Keyring(KeyringError::Failed(_))
            | VaultError::Sealing => CustodyError::Failed(said),
            VaultError::Key { source, .. } => CustodyError::Key(source),
            VaultError::KeyInUse => CustodyError::KeyInUse,
            VaultError::KeyKnown => CustodyError::KeyKnown,
            VaultError::Keyring(KeyringError::Denied) => CustodyError::NotOpen(VaultStatus::Denied),
            VaultError::Keyring(KeyringError::Hanging) => {
                CustodyError::NotOpen(VaultStatus::Hanging)
            }
            VaultError::Keyring(KeyringError::Locked) | VaultError::NotOpen => {
                CustodyError::NotOpen(VaultStatus::Locked)
            }
            VaultError::Keyring(KeyringError::NoService) => {
                CustodyError::NotOpen(VaultStatus::MissingService)
            }
            VaultError::NeedsPassphrase => {
                CustodyError::NotOpen(VaultStatus::NeedsPassphrase { is_new: false })
            }
            VaultError::PassphraseTooShort { min } => CustodyError::PassphraseTooShort { min },
            VaultError::UnknownAccount => CustodyError::UnknownAccount,
            VaultError::UnknownKey => CustodyError::UnknownKey,
            VaultError::WrongPassphrase { wait } => {
                CustodyError::NotOpen(VaultStatus::WrongPassphrase { wait })
            }
        }
    }
}
