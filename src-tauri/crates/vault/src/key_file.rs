//! The demo folder's own key file: data key and generated test keys, mode 0600. Never for real accounts.

use crate::{
    AccountMaterial, KeyMaker, OpenVault, VaultError,
    account::Stored,
    files::{self, FileLock},
    open_vault::{Contents, Shelf},
    text::SecretText,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_desk::ports::Vault;
use paydesk_domain::AccountId;
use paydesk_signing::{KeyError, Keys, SealingKey};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// What stands in the file.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    note: String,
    data_key: SecretText,
    #[serde(default, alias = "epoch")]
    mark: u64,
    accounts: BTreeMap<String, Stored>,
}

/// The largest key file anybody could have.
const LIMIT: u64 = 4 << 20;
const NOTE: &str =
    "Paydesk: data key of this folder and generated TEST keys of the demo. Not for real accounts.";

pub(crate) struct KeyFileShelf {
    folder: PathBuf,
    path: PathBuf,
}

impl KeyFileShelf {
    /// Opens the folder's key file, or makes one with a fresh data key.
    pub(crate) fn open(folder: &Path) -> Result<KeyFileShelf, VaultError> {
        let shelf = KeyFileShelf {
            folder: folder.to_owned(),
            path: path(folder),
        };
        // A folder that can only be read is opened without a lock.
        if files::read(&shelf.path, LIMIT)?.is_some() {
            return Ok(shelf);
        }
        let _lock = FileLock::take(folder)?;
        if files::read(&shelf.path, LIMIT)?.is_none() {
            let mut key = Zeroizing::new([0_u8; 32]);
            rand::rngs::OsRng.fill_bytes(key.as_mut());
            shelf.write(&KeyFile {
                note: NOTE.to_owned(),
                data_key: SecretText::new(&Zeroizing::new(STANDARD.encode(key.as_ref()))),
                mark: 0,
                accounts: BTreeMap::new(),
            })?;
        }
        Ok(shelf)
    }

    fn damaged(&self) -> VaultError {
        VaultError::Damaged {
            path: self.path.clone(),
        }
    }

    fn read(&self) -> Result<KeyFile, VaultError> {
        let bytes = files::read(&self.path, LIMIT)?.ok_or_else(|| self.damaged())?;
        let bytes = Zeroizing::new(bytes);
        serde_json::from_slice(&bytes).map_err(|_| self.damaged())
    }

    fn write(&self, file: &KeyFile) -> Result<(), VaultError> {
        let bytes = serde_json::to_vec_pretty(file).map_err(|_| self.damaged())?;
        files::write(&self.path, &Zeroizing::new(bytes))
    }

    fn change(&self, how: impl FnOnce(&mut KeyFile)) -> Result<(), VaultError> {
        let _lock = FileLock::take(&self.folder)?;
        let mut file = self.read()?;
        how(&mut file);
        self.write(&file)
    }
}

/// Where the key file of a folder stands.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("keys.json")
}

impl Shelf for KeyFileShelf {
    fn load(&self) -> Result<Contents, VaultError> {
        let file = self.read()?;
        let bytes = STANDARD.decode(file.data_key.expose());
        let bytes = Zeroizing::new(bytes.map_err(|_| self.damaged())?);
        let data_key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| self.damaged())?;
        let accounts = file.accounts.into_iter();
        Ok(Contents {
            data_key: Zeroizing::new(data_key),
            accounts: accounts
                .map(|(id, stored)| (AccountId(id), stored))
                .collect(),
        })
    }

    fn account(&self, id: &AccountId) -> Result<Option<Stored>, VaultError> {
        Ok(self.read()?.accounts.remove(&id.0))
    }

    fn set_account(&self, id: &AccountId, account: Option<&Stored>) -> Result<(), VaultError> {
        self.change(|file| match account {
            Some(account) => drop(file.accounts.insert(id.0.clone(), account.clone())),
            None => drop(file.accounts.remove(&id.0)),
        })
    }

    fn mark(&self) -> Result<u64, VaultError> {
        Ok(self.read()?.mark)
    }

    fn set_mark(&self, mark: u64) -> Result<(), VaultError> {
        self.change(|file| file.mark = mark)
    }
}

/// The vault of a demo folder.
#[derive(Debug)]
pub struct FolderVault(Arc<OpenVault>);

impl FolderVault {
    /// Opens the folder's key file, or makes one with a fresh data key. Knows no connector: accounts
    /// come sorted into roles.
    ///
    /// # Errors
    /// `VaultError`.
    pub fn open(folder: &Path) -> Result<FolderVault, VaultError> {
        FolderVault::open_with(folder, Arc::new(|_, _| Err(KeyError::Missing)))
    }

    /// The same for accounts that come as their connector's fields.
    ///
    /// # Errors
    /// `VaultError`.
    pub fn open_with(folder: &Path, make: KeyMaker) -> Result<FolderVault, VaultError> {
        let shelf = Box::new(KeyFileShelf::open(folder)?);
        Ok(FolderVault(Arc::new(OpenVault::new(shelf, make)?)))
    }

    /// Keeps the test keys of a demo account, replacing what was there.
    ///
    /// # Errors
    /// `Key` when a key cannot be used, before anything is written.
    pub fn keep(&self, id: &AccountId, material: AccountMaterial) -> Result<(), VaultError> {
        self.0.put(id, Stored::Direct(material)).map(drop)
    }

    /// The key of sealed fields: always at hand here.
    #[must_use]
    pub fn data_key(&self) -> Arc<SealingKey> {
        self.0.data_key()
    }

    /// Everything a vault can do.
    #[must_use]
    pub fn vault(&self) -> Arc<OpenVault> {
        Arc::clone(&self.0)
    }
}

impl Vault for FolderVault {
    fn keys(&self, account: &AccountId) -> Result<Arc<dyn Keys>, KeyError> {
        self.0.keys(account)
    }

    fn data_key(&self) -> Result<Arc<SealingKey>, KeyError> {
        Ok(self.0.data_key())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::testing::{self, Folder};
    use std::fs;

    #[test]
    fn the_data_key_is_the_same_after_a_restart_and_nobody_else_reads_it() {
        let folder = Folder::new("restart");
        let first = FolderVault::open(&folder.0)
            .unwrap()
            .data_key()
            .mac("label", b"input");
        assert_eq!(
            FolderVault::open(&folder.0)
                .unwrap()
                .data_key()
                .mac("label", b"input"),
            first
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(folder.0.join("keys.json"))
                    .unwrap()
                    .permissions()
                    .mode()
                    & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn a_damaged_file_is_said_and_not_replaced() {
        let folder = Folder::new("damaged");
        fs::write(folder.0.join("keys.json"), b"{").unwrap();
        assert!(matches!(
            FolderVault::open(&folder.0),
            Err(VaultError::Damaged { .. })
        ));
        assert_eq!(fs::read(folder.0.join("keys.json")).unwrap(), b"{");
    }

    #[test]
    fn kept_keys_sign_after_a_restart_and_unknown_accounts_have_none() {
        let folder = Folder::new("kept");
        let material = AccountMaterial {
            private_key: testing::private_key(0),
            signing_id: None,
            peer_keys: Vec::new(),
            answers_with: None,
            resource_key: None,
        };
        let id = AccountId("demo-alipay".to_owned());
        FolderVault::open(&folder.0)
            .unwrap()
            .keep(&id, material)
            .unwrap();
        let vault = FolderVault::open(&folder.0).unwrap();
        assert_eq!(vault.keys(&id).unwrap().sign(b"text").unwrap().len(), 256);
        assert!(matches!(
            vault.keys(&AccountId("other".to_owned())),
            Err(KeyError::Missing)
        ));
    }

    #[test]
    fn the_file_of_the_first_release_still_opens() {
        let folder = Folder::new("older");
        let old = serde_json::json!({
            "note": "whatever", "data_key": STANDARD.encode([7; 32]),
            "accounts": { "demo-wechatpay": {
                "private_key": testing::private_key(0), "signing_id": "S1", "peer_keys": [],
                "answers_with": null, "resource_key": "0123456789abcdef0123456789abcdef",
            }},
        });
        fs::write(folder.0.join("keys.json"), old.to_string()).unwrap();
        let vault = FolderVault::open(&folder.0).unwrap();
        let keys = vault.keys(&AccountId("demo-wechatpay".to_owned())).unwrap();
        assert_eq!(keys.signing_id().unwrap(), "S1");
        let expected = SealingKey::new(&[7; 32]).unwrap();
        assert_eq!(vault.data_key().mac("a", b"b"), expected.mac("a", b"b"));
        assert_eq!(vault.vault().mark().unwrap(), 0);
    }
}
