//! The vault: how it stands, unlocking and locking. No answer here can hold a key or a passphrase.

use super::Pasted;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How it stands with the keys of this folder. Text `keys_<state>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeysState {
    /// The keyring refuses this program.
    Denied,
    /// The keyring does not answer; a window of the system may be waiting for a person.
    Hanging,
    /// The keys of this folder are not in the keyring any more, although the folder has data.
    Lost,
    /// Locked: `unlock_keys` opens it, with the passphrase where `kept_in` is `sealed`.
    Locked,
    /// The keys are in a keyring, and there is none now.
    NoKeyring,
    /// There is no keyring on this PC: choose a passphrase; `set_up` and `unlock_keys` take it.
    NeedsNewPassphrase,
    /// Ready.
    Open,
    /// The sealed file or the signpost is damaged or newer than this program.
    Unreadable,
}

/// What the keys are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeysKept {
    /// The demo's file of test keys.
    KeyFile,
    /// The operating system's keyring.
    Keyring,
    /// A file sealed with a passphrase.
    Sealed,
}

/// How it stands with the keys of this folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeysStatus {
    /// How.
    pub state: KeysState,
    /// Where; null: not chosen yet.
    pub kept_in: Option<KeysKept>,
    /// Whether unlocking asks for a passphrase.
    pub asks_passphrase: bool,
    /// Seconds until a passphrase can be tried again; 0: now.
    pub wait_seconds: u32,
}

/// Opens the vault, tries again, or makes the sealed one where there is no keyring.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UnlockKeys {
    /// The passphrase, where one is asked for.
    #[serde(default)]
    #[ts(optional)]
    pub passphrase: Option<Pasted>,
}

/// Changes the passphrase of a sealed vault.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChangePassphrase {
    /// The one until now.
    pub old: Pasted,
    /// The one from now on.
    pub new: Pasted,
}
