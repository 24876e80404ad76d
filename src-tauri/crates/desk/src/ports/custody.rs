//! What is kept of accounts' keys, and changing it: for the wizard and the lock screen.
//! Nothing here ever gives a key out; what may be shown is a fingerprint, a name, a day.

use super::BoxFuture;
use paydesk_domain::{AccountId, Timestamp};
use paydesk_signing::{KeyError, Keys, Secret};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Where one version of our own keys stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Signs.
    Active,
    /// Was active; still verifies and opens until it is retired.
    Old,
    /// Stored, not used yet.
    Waiting,
}

/// What may be shown of one version of our keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyStatus {
    /// Its name here, for `activate` and `retire`.
    pub id: String,
    /// SHA-256 of the public half, hex in groups of four; none when the channel uses no key pair.
    pub fingerprint: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When the first certificate of it expires.
    pub expires_at: Option<Timestamp>,
    /// Where it stands.
    pub state: KeyState,
}

/// What may be shown of a channel's key that was learned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerStatus {
    /// Its name at the channel.
    pub id: String,
    /// SHA-256 of the key, hex in groups of four.
    pub fingerprint: Option<String>,
    /// When its certificate expires.
    pub expires_at: Option<Timestamp>,
    /// When it was learned.
    pub learned_at: Timestamp,
}

/// What may be shown of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountStatus {
    /// The connector; empty for an account of the older form.
    pub channel: String,
    /// The names of the fields that are filled in, never their values.
    pub fields: Vec<String>,
    /// Versions of our keys, oldest first.
    pub keys: Vec<KeyStatus>,
    /// The channel's keys learned later.
    pub peers: Vec<PeerStatus>,
}

/// What the keys of a folder are kept in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultKind {
    /// The demo's key file.
    KeyFile,
    /// The operating system's keyring.
    Keyring,
    /// The file sealed with a passphrase.
    Sealed,
}

/// How it stands with a folder's keys; for the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VaultStatus {
    /// The keyring refuses this program.
    Denied,
    /// The keyring does not answer.
    Hanging,
    /// The keyring is locked, or the vault was locked here.
    Locked,
    /// This folder's keys are in a keyring, and there is none now.
    MissingService,
    /// A passphrase is needed: to open the sealed file, or to make it where there is no keyring.
    NeedsPassphrase {
        /// Whether the person chooses one now.
        is_new: bool,
    },
    /// Ready.
    Open(VaultKind),
    /// The passphrase was wrong.
    WrongPassphrase {
        /// How long to wait before the next try.
        wait: Duration,
    },
}

/// A key or certificate of the channel that came later than the account, proved by its sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerKey {
    /// Its name at the channel.
    pub id: String,
    /// The account field it adds to, for example `platform_certificates`.
    pub field: String,
    /// The certificate or public key, PEM.
    pub material: String,
}

/// Named secrets as a person filled them in.
pub type SecretFields = BTreeMap<String, Secret<String>>;

/// How far the folder's past went, as the vault remembers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Mark {
    /// The epoch of the order numbers.
    pub epoch: u8,
    /// Events in the log.
    pub events: u64,
}

/// Why the vault cannot do it. Nothing was changed. No message holds a key or a passphrase.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CustodyError {
    /// The disk or the system said no.
    #[error("{0}")]
    Failed(String),
    /// No space is left on the disk.
    #[error("no space is left on the disk")]
    Full,
    /// A key cannot be used.
    #[error("the key cannot be used: {0}")]
    Key(KeyError),
    /// The key signs: another one must be made active before.
    #[error("the key signs")]
    KeyInUse,
    /// This key is stored already.
    #[error("the key is stored already")]
    KeyKnown,
    /// The keys of this folder are gone although it has data.
    #[error("the keys of this folder are gone")]
    Lost,
    /// It is not open; the status says why.
    #[error("the vault is not open")]
    NotOpen(VaultStatus),
    /// The passphrase is too short to protect anything.
    #[error("the passphrase is too short: {min} characters at least")]
    PassphraseTooShort {
        /// How many are needed.
        min: usize,
    },
    /// There is no such account.
    #[error("the vault has no such account")]
    UnknownAccount,
    /// There is no such version of the account's keys.
    #[error("the account has no such key")]
    UnknownKey,
    /// The file is damaged, or from a newer version.
    #[error("the vault cannot be read: {0}")]
    Unreadable(String),
}

/// Changing what the vault keeps. Everything that may wait for a keyring or a disk is a future.
pub trait Custody: Send + Sync {
    /// How it stands, as last seen.
    ///
    /// # Errors
    /// What no passphrase and no unlocking will mend.
    fn status(&self) -> Result<VaultStatus, CustodyError>;
    /// Where the keys are kept, once that is decided.
    fn kept_in(&self) -> Option<VaultKind>;
    /// How long until a passphrase can be tried again.
    fn wait(&self) -> Duration;
    /// Opens it, or tries again.
    fn unlock(
        &self,
        passphrase: Option<Secret<String>>,
    ) -> BoxFuture<'_, Result<VaultStatus, CustodyError>>;
    /// Drops the accounts' keys from memory. What is in flight is still recorded.
    fn lock(&self);
    /// Moves the folder's keys from the demo's file to the real vault.
    fn go_real(
        &self,
        passphrase: Option<Secret<String>>,
    ) -> BoxFuture<'_, Result<VaultStatus, CustodyError>>;
    /// Changes the passphrase of a sealed vault.
    fn change_passphrase(
        &self,
        old: Secret<String>,
        new: Secret<String>,
    ) -> BoxFuture<'_, Result<(), CustodyError>>;
    /// What may be shown of an account.
    fn account(&self, id: &AccountId) -> Option<AccountStatus>;
    /// The abilities these fields would give, without keeping them.
    ///
    /// # Errors
    /// Why a key cannot be used.
    fn try_out(&self, channel: &str, fields: &SecretFields) -> Result<Arc<dyn Keys>, KeyError>;
    /// The abilities of a key that waits.
    fn try_key<'a>(
        &'a self,
        id: &'a AccountId,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Arc<dyn Keys>, CustodyError>>;
    /// Keeps an account, replacing what was there.
    fn keep<'a>(
        &'a self,
        id: &'a AccountId,
        channel: &'a str,
        fields: SecretFields,
    ) -> BoxFuture<'a, Result<(), CustodyError>>;
    /// Changes fields that stay the same from one key of ours to the next.
    fn amend<'a>(
        &'a self,
        id: &'a AccountId,
        fields: SecretFields,
    ) -> BoxFuture<'a, Result<(), CustodyError>>;
    /// Reads every account again, because another process changed them.
    fn refresh(&self) -> BoxFuture<'_, Result<(), CustodyError>>;
    /// Forgets an account.
    fn forget<'a>(&'a self, id: &'a AccountId) -> BoxFuture<'a, Result<(), CustodyError>>;
    /// Keeps a new key beside the active one; gives its name.
    fn add_key<'a>(
        &'a self,
        id: &'a AccountId,
        fields: SecretFields,
    ) -> BoxFuture<'a, Result<String, CustodyError>>;
    /// Makes a key sign.
    fn activate<'a>(
        &'a self,
        id: &'a AccountId,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), CustodyError>>;
    /// Forgets a key that does not sign.
    fn retire<'a>(
        &'a self,
        id: &'a AccountId,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), CustodyError>>;
    /// Trusts a further key of the channel beside those that are trusted.
    fn learn<'a>(
        &'a self,
        id: &'a AccountId,
        key: PeerKey,
    ) -> BoxFuture<'a, Result<(), CustodyError>>;
    /// How far the folder's past went when it was last marked.
    fn mark(&self) -> BoxFuture<'_, Result<Mark, CustodyError>>;
    /// Moves the mark forward; never back.
    fn set_mark(&self, mark: Mark) -> BoxFuture<'_, Result<(), CustodyError>>;
}
