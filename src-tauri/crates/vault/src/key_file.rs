//! The folder's own key file: data key and the demo's test keys, mode 0600.

use crate::AccountMaterial;
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_desk::ports::Vault;
use paydesk_domain::AccountId;
use paydesk_signing::{KeyError, Keys, SealingKey};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Why the vault cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file cannot be read or written.
    #[error("the key file {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key in it cannot be used.
    #[error("a key of account {account} cannot be used: {source}")]
    Key {
        /// Whose.
        account: String,
        /// Why.
        source: KeyError,
    },
    /// The file is not what this program wrote.
    #[error("the key file {path} is damaged; without it sealed fields stay sealed")]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
}

/// What stands in the file.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct KeyFile {
    note: String,
    data_key: String,
    #[zeroize(skip)]
    accounts: BTreeMap<String, AccountMaterial>,
}

/// The vault of one data folder.
pub struct FolderVault {
    path: PathBuf,
    data_key: Arc<SealingKey>,
    accounts: RwLock<BTreeMap<AccountId, Arc<dyn Keys>>>,
}

const NOTE: &str =
    "Paydesk: data key of this folder and generated TEST keys of the demo. Not for real accounts.";

impl FolderVault {
    /// Opens the folder's key file, or makes one with a fresh data key.
    ///
    /// # Errors
    /// `VaultError`.
    pub fn open(folder: &Path) -> Result<FolderVault, VaultError> {
        let path = folder.join("keys.json");
        let file = match fs::read(&path) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                serde_json::from_slice::<KeyFile>(&bytes)
                    .map_err(|_| VaultError::Damaged { path: path.clone() })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = Zeroizing::new([0_u8; 32]);
                rand::rngs::OsRng.fill_bytes(key.as_mut());
                let file = KeyFile {
                    note: NOTE.to_owned(),
                    data_key: STANDARD.encode(key.as_ref()),
                    accounts: BTreeMap::new(),
                };
                write(&path, &file)?;
                file
            }
            Err(source) => return Err(VaultError::File { path, source }),
        };
        let damaged = || VaultError::Damaged { path: path.clone() };
        let bytes = Zeroizing::new(STANDARD.decode(&file.data_key).map_err(|_| damaged())?);
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| damaged())?);
        let data_key = Arc::new(SealingKey::new(&bytes).map_err(|_| damaged())?);
        let mut accounts = BTreeMap::new();
        for (id, material) in &file.accounts {
            accounts.insert(AccountId(id.clone()), parse(id, material)?);
        }
        Ok(FolderVault {
            path,
            data_key,
            accounts: RwLock::new(accounts),
        })
    }

    /// Keeps the test keys of a demo account, replacing what was there.
    ///
    /// # Errors
    /// `Key` when a key cannot be used, before anything is written.
    pub fn keep(&self, id: &AccountId, material: AccountMaterial) -> Result<(), VaultError> {
        let keys = parse(&id.0, &material)?;
        let bytes = Zeroizing::new(fs::read(&self.path).map_err(|source| VaultError::File {
            path: self.path.clone(),
            source,
        })?);
        let mut file: KeyFile =
            serde_json::from_slice(&bytes).map_err(|_| VaultError::Damaged {
                path: self.path.clone(),
            })?;
        file.accounts.insert(id.0.clone(), material);
        write(&self.path, &file)?;
        if let Ok(mut accounts) = self.accounts.write() {
            accounts.insert(id.clone(), keys);
        }
        Ok(())
    }
}

fn parse(id: &str, material: &AccountMaterial) -> Result<Arc<dyn Keys>, VaultError> {
    match material.keys() {
        Ok(keys) => Ok(Arc::new(keys)),
        Err(source) => Err(VaultError::Key {
            account: id.to_owned(),
            source,
        }),
    }
}

/// Writes beside, syncs, renames: a crash leaves the old file or the new one.
fn write(path: &Path, file: &KeyFile) -> Result<(), VaultError> {
    let fault = |source| VaultError::File {
        path: path.to_owned(),
        source,
    };
    let bytes =
        Zeroizing::new(serde_json::to_vec_pretty(file).map_err(|e| fault(io::Error::other(e)))?);
    let fresh = path.with_extension("json.new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&fresh).map_err(fault)?;
    out.write_all(&bytes)
        .and_then(|()| out.sync_all())
        .map_err(fault)?;
    fs::rename(&fresh, path).map_err(fault)
}

impl Vault for FolderVault {
    fn keys(&self, account: &AccountId) -> Result<Arc<dyn Keys>, KeyError> {
        let accounts = self.accounts.read().map_err(|_| KeyError::Locked)?;
        accounts.get(account).cloned().ok_or(KeyError::Missing)
    }

    fn data_key(&self) -> Arc<SealingKey> {
        Arc::clone(&self.data_key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("paydesk-vault-{name}-{}", std::process::id()));
        let _gone = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn the_data_key_is_the_same_after_a_restart_and_nobody_else_reads_it() {
        let folder = folder("restart");
        let first = FolderVault::open(&folder)
            .unwrap()
            .data_key()
            .mac("label", b"input");
        assert_eq!(
            FolderVault::open(&folder)
                .unwrap()
                .data_key()
                .mac("label", b"input"),
            first
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(folder.join("keys.json"))
                    .unwrap()
                    .permissions()
                    .mode()
                    & 0o777,
                0o600
            );
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_file_is_said_and_not_replaced() {
        let folder = folder("damaged");
        fs::write(folder.join("keys.json"), b"{").unwrap();
        assert!(matches!(
            FolderVault::open(&folder),
            Err(VaultError::Damaged { .. })
        ));
        assert_eq!(fs::read(folder.join("keys.json")).unwrap(), b"{");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn kept_keys_sign_after_a_restart_and_unknown_accounts_have_none() {
        let folder = folder("kept");
        let private = paydesk_signing::generate_private_key(&mut rand::rngs::OsRng, 2048).unwrap();
        let material = AccountMaterial {
            private_key: private.expose().clone(),
            signing_id: None,
            peer_keys: Vec::new(),
            answers_with: None,
            resource_key: None,
        };
        let id = AccountId("demo-alipay".to_owned());
        FolderVault::open(&folder)
            .unwrap()
            .keep(&id, material)
            .unwrap();
        let vault = FolderVault::open(&folder).unwrap();
        assert_eq!(vault.keys(&id).unwrap().sign(b"text").unwrap().len(), 256);
        assert!(matches!(
            vault.keys(&AccountId("other".to_owned())),
            Err(KeyError::Missing)
        ));
        fs::remove_dir_all(folder).unwrap();
    }
}
