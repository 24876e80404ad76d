//! Keys, handed out as abilities. Real accounts' keys are kept in the operating system's keyring or in a
//! file sealed with a passphrase; only the demo's generated test keys stand in a plain file of their own.
//! Nothing here ever shows a key, or writes one of a real account unsealed.

mod account;
mod attempts;
mod error;
mod files;
mod folder_keys;
mod key_file;
mod keyring;
mod material;
mod open_vault;
mod rotation;
mod sealed;
#[cfg(feature = "stand-ins")]
pub mod stand_ins;
mod text;

#[cfg(test)]
mod testing;

pub use account::{AccountSecrets, KeyMaker, LearnedKey};
pub use error::{KeyringError, VaultError};
pub use folder_keys::{FolderKeys, Opening};
pub use key_file::FolderVault;
pub use keyring::{Keyring, StoreMaker};
pub use material::{AccountMaterial, PeerKey};
pub use open_vault::OpenVault;
pub use paydesk_desk::ports::{
    AccountStatus, KeyState, KeyStatus, PeerStatus, SecretFields, VaultKind, VaultStatus,
};
pub use sealed::Cost;
