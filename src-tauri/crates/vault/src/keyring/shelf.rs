//! A folder's vault in the keyring: data key, mark, list of accounts, one item per account.

use super::{items, thread::Keyring};
use crate::{
    KeyringError, VaultError,
    account::Stored,
    files::FileLock,
    open_vault::{Contents, Shelf},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_domain::AccountId;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// The version of this arrangement of items.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Format {
    version: u32,
    accounts: BTreeSet<String>,
}

pub(crate) struct KeyringShelf {
    keyring: Arc<Keyring>,
    path: PathBuf,
    folder: String,
}

impl KeyringShelf {
    /// The shelf of a folder that has one.
    ///
    /// # Errors
    /// `DataKeyMissing` when the keyring works and has none.
    pub(crate) fn open(
        keyring: &Arc<Keyring>,
        path: &Path,
        folder: &str,
    ) -> Result<KeyringShelf, VaultError> {
        let shelf = KeyringShelf {
            keyring: Arc::clone(keyring),
            path: path.to_owned(),
            folder: folder.to_owned(),
        };
        shelf.probe()?;
        Ok(shelf)
    }

    /// A new shelf with this content.
    pub(crate) fn create(
        keyring: &Arc<Keyring>,
        path: &Path,
        folder: &str,
        contents: &Contents,
    ) -> Result<KeyringShelf, VaultError> {
        let shelf = KeyringShelf::open(keyring, path, folder)?;
        shelf.set_format(&Format {
            version: FORMAT,
            accounts: BTreeSet::new(),
        })?;
        let key = Zeroizing::new(STANDARD.encode(contents.data_key.as_ref()));
        shelf.set("data-key", key.as_bytes())?;
        for (id, stored) in &contents.accounts {
            shelf.set_account(id, Some(stored))?;
        }
        Ok(shelf)
    }

    fn probe(&self) -> Result<(), KeyringError> {
        let folder = self.folder.clone();
        self.keyring
            .run(move |connection| items::probe(connection, &folder))
    }

    fn item(&self, purpose: &str) -> String {
        format!("{}/{purpose}", self.folder)
    }

    fn get(&self, purpose: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        let item = self.item(purpose);
        self.keyring
            .run(move |connection| items::get(connection, &item))
    }

    fn set(&self, purpose: &str, value: &[u8]) -> Result<(), KeyringError> {
        let (item, value) = (self.item(purpose), Zeroizing::new(value.to_vec()));
        self.keyring
            .run(move |connection| items::set(connection, &item, &value))
    }

    fn corrupt(&self, purpose: &str) -> KeyringError {
        KeyringError::Corrupt {
            item: self.item(purpose),
        }
    }

    fn format(&self) -> Result<Format, VaultError> {
        let bytes = self.get("format")?.ok_or(VaultError::DataKeyMissing)?;
        let format: Format = serde_json::from_slice(&bytes).map_err(|_| self.corrupt("format"))?;
        if format.version > FORMAT {
            return Err(VaultError::NewerFormat {
                found: format.version,
                known: FORMAT,
            });
        }
        Ok(format)
    }

    fn set_format(&self, format: &Format) -> Result<(), VaultError> {
        let bytes = serde_json::to_vec(format).map_err(|_| self.corrupt("format"))?;
        Ok(self.set("format", &bytes)?)
    }
}

fn purpose_of(id: &AccountId) -> String {
    format!("account/{}", id.0)
}

impl Shelf for KeyringShelf {
    fn load(&self) -> Result<Contents, VaultError> {
        let format = self.format()?;
        let text = self.get("data-key")?.ok_or(VaultError::DataKeyMissing)?;
        let bytes = STANDARD.decode(text.as_slice());
        let bytes = Zeroizing::new(bytes.map_err(|_| self.corrupt("data-key"))?);
        let data_key =
            <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| self.corrupt("data-key"))?;
        let mut accounts = BTreeMap::new();
        for id in format.accounts {
            let id = AccountId(id);
            // Listed before it is written: an account whose writing was cut off is simply not there.
            if let Some(stored) = self.account(&id)? {
                accounts.insert(id, stored);
            }
        }
        Ok(Contents {
            data_key: Zeroizing::new(data_key),
            accounts,
        })
    }

    fn account(&self, id: &AccountId) -> Result<Option<Stored>, VaultError> {
        let purpose = purpose_of(id);
        let Some(bytes) = self.get(&purpose)? else {
            return Ok(None);
        };
        let stored = serde_json::from_slice(&bytes).map_err(|_| self.corrupt(&purpose))?;
        Ok(Some(stored))
    }

    fn set_account(&self, id: &AccountId, account: Option<&Stored>) -> Result<(), VaultError> {
        let _lock = FileLock::take(&self.path)?;
        let purpose = purpose_of(id);
        let mut format = self.format()?;
        if let Some(account) = account {
            if format.accounts.insert(id.0.clone()) {
                self.set_format(&format)?;
            }
            let bytes = serde_json::to_vec(account).map_err(|_| self.corrupt(&purpose))?;
            return Ok(self.set(&purpose, &Zeroizing::new(bytes))?);
        }
        let item = self.item(&purpose);
        self.keyring
            .run(move |connection| items::delete(connection, &item))?;
        format.accounts.remove(&id.0);
        self.set_format(&format)
    }

    fn mark(&self) -> Result<u64, VaultError> {
        let Some(bytes) = self.get("mark")? else {
            return Ok(0);
        };
        let text = std::str::from_utf8(&bytes).ok();
        let mark = text.and_then(|text| text.parse().ok());
        Ok(mark.ok_or_else(|| self.corrupt("mark"))?)
    }

    fn set_mark(&self, mark: u64) -> Result<(), VaultError> {
        Ok(self.set("mark", mark.to_string().as_bytes())?)
    }
}
