//! Keys, handed out as abilities. The demo's generated test keys and the folder's data key sit in a file
//! of their own, readable by this user only; keys of real accounts never go there.

mod key_file;
mod material;

pub use key_file::{FolderVault, VaultError};
pub use material::{AccountMaterial, PeerKey};
