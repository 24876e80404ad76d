//! An open vault, whatever it is kept in: hands out abilities, changes accounts, remembers how far the past went.
//! Keeps no secret text in memory: what is changed is fetched from where it is kept, and wiped.

use crate::{
    AccountSecrets, KeyMaker, LearnedKey, VaultError,
    account::{Stored, StoredAccount, key_error},
    rotation::RotatingKeys,
};
use paydesk_desk::ports::{AccountStatus, SecretFields, Vault};
use paydesk_domain::{AccountId, Timestamp};
use paydesk_signing::{AccountKeys, KeyError, Keys, SealingKey};
use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};
use zeroize::Zeroizing;

/// Everything a vault holds, for the moment of opening it.
pub(crate) struct Contents {
    pub(crate) data_key: Zeroizing<[u8; 32]>,
    pub(crate) accounts: BTreeMap<AccountId, Stored>,
}

/// Where a vault is kept. Every call is complete in itself, so that two processes may share a folder.
pub(crate) trait Shelf: Send + Sync {
    fn load(&self) -> Result<Contents, VaultError>;
    fn account(&self, id: &AccountId) -> Result<Option<Stored>, VaultError>;
    /// Stores, or forgets with `None`.
    fn set_account(&self, id: &AccountId, account: Option<&Stored>) -> Result<(), VaultError>;
    fn mark(&self) -> Result<u64, VaultError>;
    fn set_mark(&self, mark: u64) -> Result<(), VaultError>;
}

/// One account, ready for use, or why it is not.
struct Loaded {
    keys: Result<Arc<dyn Keys>, KeyError>,
    status: AccountStatus,
}

/// The open vault of one data folder.
pub struct OpenVault {
    shelf: Box<dyn Shelf>,
    make: KeyMaker,
    data_key: Arc<SealingKey>,
    /// `None` while it is locked.
    accounts: RwLock<Option<BTreeMap<AccountId, Loaded>>>,
}

impl std::fmt::Debug for OpenVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenVault(<redacted>)")
    }
}

impl OpenVault {
    pub(crate) fn new(shelf: Box<dyn Shelf>, make: KeyMaker) -> Result<OpenVault, VaultError> {
        let contents = shelf.load()?;
        let data_key = SealingKey::new(&contents.data_key).map_err(|_| VaultError::Sealing)?;
        let accounts = load_all(&contents.accounts, &make);
        Ok(OpenVault {
            shelf,
            make,
            data_key: Arc::new(data_key),
            accounts: RwLock::new(Some(accounts)),
        })
    }

    /// The key of sealed fields, tags and the log's head; there as long as the vault is.
    #[must_use]
    pub fn data_key(&self) -> Arc<SealingKey> {
        Arc::clone(&self.data_key)
    }

    /// The accounts it holds keys for.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        self.read(|accounts| accounts.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// What may be shown of an account: fingerprints, dates, names. Never a key.
    #[must_use]
    pub fn status(&self, id: &AccountId) -> Option<AccountStatus> {
        self.read(|accounts| accounts.get(id).map(|account| account.status.clone()))?
    }

    /// The abilities these secrets would give, without storing them: for the connection test.
    ///
    /// # Errors
    /// Why a key cannot be used.
    pub fn try_out(&self, secrets: &AccountSecrets) -> Result<Arc<dyn Keys>, KeyError> {
        try_out(secrets, &self.make)
    }

    /// Stores an account, replacing what was there.
    ///
    /// # Errors
    /// `Key` when a key cannot be used, before anything is written.
    pub fn keep(
        &self,
        id: &AccountId,
        secrets: &AccountSecrets,
        now: Timestamp,
    ) -> Result<AccountStatus, VaultError> {
        self.put(id, Stored::Account(StoredAccount::new(secrets, now)))
    }

    /// Changes single fields in every version of the account's keys, for example the AES key or the
    /// channel's public key.
    ///
    /// # Errors
    /// `UnknownAccount`, `Key`.
    pub fn amend(
        &self,
        id: &AccountId,
        fields: &SecretFields,
    ) -> Result<AccountStatus, VaultError> {
        self.change(id, |account| {
            account.amend(fields);
            Ok(())
        })
    }

    /// Forgets an account.
    ///
    /// # Errors
    /// The vault's.
    pub fn forget(&self, id: &AccountId) -> Result<(), VaultError> {
        self.shelf.set_account(id, None)?;
        self.write(|accounts| {
            accounts.remove(id);
        })
    }

    /// Stores a new key beside the active one; gives its name. `fields` is what comes with it: the
    /// private key, its certificate or serial. The rest is taken from the active version.
    ///
    /// # Errors
    /// `KeyKnown`, `Key`, `UnknownAccount`.
    pub fn add_key(
        &self,
        id: &AccountId,
        fields: &SecretFields,
        now: Timestamp,
    ) -> Result<String, VaultError> {
        let mut name = String::new();
        self.change(id, |account| {
            name = account.add(fields, now)?;
            let keys = account.keys(account.version(&name)?, &self.make);
            keys.map(drop).map_err(|source| key_error(id, source))
        })?;
        Ok(name)
    }

    /// Makes this key sign. The one before stays for verifying and opening until it is retired.
    ///
    /// # Errors
    /// `UnknownKey`, `UnknownAccount`.
    pub fn activate(&self, id: &AccountId, key: &str) -> Result<AccountStatus, VaultError> {
        self.change(id, |account| account.activate(key))
    }

    /// Forgets a key that does not sign.
    ///
    /// # Errors
    /// `KeyInUse` for the active one.
    pub fn retire(&self, id: &AccountId, key: &str) -> Result<AccountStatus, VaultError> {
        self.change(id, |account| account.retire(key))
    }

    /// The abilities of one version, for testing a key before it is made active.
    ///
    /// # Errors
    /// `UnknownKey`, `Key`.
    pub fn keys_of(&self, id: &AccountId, key: &str) -> Result<Arc<dyn Keys>, VaultError> {
        let account = self.fetch(id)?;
        let keys = account.keys(account.version(key)?, &self.make);
        let keys: Arc<dyn Keys> = Arc::new(keys.map_err(|source| key_error(id, source))?);
        Ok(keys)
    }

    /// Trusts a further key of the channel, beside those that are trusted.
    ///
    /// # Errors
    /// `Key` when it cannot be used, before anything is written.
    pub fn learn(
        &self,
        id: &AccountId,
        key: &LearnedKey,
        now: Timestamp,
    ) -> Result<AccountStatus, VaultError> {
        self.change(id, |account| {
            account.learn(key, now);
            Ok(())
        })
    }

    /// Trusts a learned key no longer.
    ///
    /// # Errors
    /// `UnknownKey`.
    pub fn unlearn(&self, id: &AccountId, peer: &str) -> Result<AccountStatus, VaultError> {
        self.change(id, |account| {
            let before = account.peers.len();
            account.peers.retain(|known| known.id != peer);
            if account.peers.len() == before {
                return Err(VaultError::UnknownKey);
            }
            Ok(())
        })
    }

    /// How far the folder's past went when it was last marked: a number that only grows. Higher than the
    /// store's own: the folder is an older copy put back.
    ///
    /// # Errors
    /// The vault's.
    pub fn mark(&self) -> Result<u64, VaultError> {
        self.shelf.mark()
    }

    /// Raises the mark to at least this; never lowers it. Gives what it is now.
    ///
    /// # Errors
    /// The vault's.
    pub fn raise_mark(&self, to: u64) -> Result<u64, VaultError> {
        let now = self.shelf.mark()?;
        if to > now {
            self.shelf.set_mark(to)?;
        }
        Ok(to.max(now))
    }

    /// Reads every account again, because another process changed them or the clock moved past an
    /// expiry; also unlocks.
    ///
    /// # Errors
    /// The vault's; what was loaded stays.
    pub fn refresh(&self) -> Result<(), VaultError> {
        let accounts = load_all(&self.shelf.load()?.accounts, &self.make);
        *self.accounts.write().map_err(|_| VaultError::NotOpen)? = Some(accounts);
        Ok(())
    }

    /// Drops the accounts' keys from memory until [`OpenVault::refresh`].
    pub fn lock(&self) {
        if let Ok(mut accounts) = self.accounts.write() {
            *accounts = None;
        }
    }

    /// Stores and loads an account in any form.
    pub(crate) fn put(&self, id: &AccountId, stored: Stored) -> Result<AccountStatus, VaultError> {
        let loaded = load(&stored, &self.make);
        if let Err(source) = &loaded.keys {
            return Err(key_error(id, *source));
        }
        self.shelf.set_account(id, Some(&stored))?;
        let status = loaded.status.clone();
        self.write(|accounts| {
            accounts.insert(id.clone(), loaded);
        })?;
        Ok(status)
    }

    /// Everything, for moving into another vault.
    pub(crate) fn contents(&self) -> Result<Contents, VaultError> {
        self.shelf.load()
    }

    fn fetch(&self, id: &AccountId) -> Result<StoredAccount, VaultError> {
        match self.shelf.account(id)? {
            Some(Stored::Account(account)) => Ok(account),
            Some(Stored::Direct(_)) | None => Err(VaultError::UnknownAccount),
        }
    }

    fn change(
        &self,
        id: &AccountId,
        how: impl FnOnce(&mut StoredAccount) -> Result<(), VaultError>,
    ) -> Result<AccountStatus, VaultError> {
        let mut account = self.fetch(id)?;
        how(&mut account)?;
        self.put(id, Stored::Account(account))
    }

    fn read<T>(&self, look: impl FnOnce(&BTreeMap<AccountId, Loaded>) -> T) -> Option<T> {
        self.accounts.read().ok()?.as_ref().map(look)
    }

    fn write(
        &self,
        change: impl FnOnce(&mut BTreeMap<AccountId, Loaded>),
    ) -> Result<(), VaultError> {
        let mut accounts = self.accounts.write().map_err(|_| VaultError::NotOpen)?;
        // A locked vault stays locked: what was stored is loaded when it is unlocked.
        if let Some(accounts) = accounts.as_mut() {
            change(accounts);
        }
        Ok(())
    }
}

impl Vault for OpenVault {
    fn keys(&self, account: &AccountId) -> Result<Arc<dyn Keys>, KeyError> {
        let found = self.read(|accounts| accounts.get(account).map(|loaded| loaded.keys.clone()));
        found.ok_or(KeyError::Locked)?.ok_or(KeyError::Missing)?
    }

    fn data_key(&self) -> Result<Arc<SealingKey>, KeyError> {
        Ok(self.data_key())
    }
}

fn load_all(stored: &BTreeMap<AccountId, Stored>, make: &KeyMaker) -> BTreeMap<AccountId, Loaded> {
    let pairs = stored.iter();
    pairs
        .map(|(id, stored)| (id.clone(), load(stored, make)))
        .collect()
}

/// The abilities these secrets would give.
pub(crate) fn try_out(
    secrets: &AccountSecrets,
    make: &KeyMaker,
) -> Result<Arc<dyn Keys>, KeyError> {
    let account = StoredAccount::new(secrets, Timestamp(0));
    let version = account.active().ok_or(KeyError::Missing)?;
    Ok(Arc::new(account.keys(version, make)?))
}

/// One bad account must not keep the others from working: its error is handed out in its place.
fn load(stored: &Stored, make: &KeyMaker) -> Loaded {
    Loaded {
        keys: abilities(stored, make),
        status: stored.status(),
    }
}

fn abilities(stored: &Stored, make: &KeyMaker) -> Result<Arc<dyn Keys>, KeyError> {
    let account = match stored {
        Stored::Direct(material) => return Ok(Arc::new(material.keys()?)),
        Stored::Account(account) => account,
    };
    let active = account.active().ok_or(KeyError::Missing)?;
    let older = account.versions.iter();
    let older: Vec<AccountKeys> = older
        .filter(|version| version.state == crate::KeyState::Old)
        .filter_map(|version| account.keys(version, make).ok())
        .collect();
    let active = account.keys(active, make)?;
    Ok(Arc::new(RotatingKeys { active, older }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::{
        FolderVault, KeyState,
        testing::{self, Folder},
    };

    const ID: &str = "wechat-1";

    fn vault(folder: &Folder) -> Arc<OpenVault> {
        FolderVault::open_with(&folder.0, testing::maker())
            .unwrap()
            .vault()
    }

    fn id() -> AccountId {
        AccountId(ID.to_owned())
    }

    #[test]
    fn a_new_key_waits_then_signs_while_the_old_one_still_verifies() {
        let folder = Folder::new("rotate");
        let vault_now = vault(&folder);
        let (old, new) = (testing::private_key(0), testing::private_key(1));
        let secrets = testing::secrets(&old, "serial-old");
        vault_now.keep(&id(), &secrets, Timestamp(1)).unwrap();
        let by_old = vault_now.keys(&id()).unwrap().sign(b"x").unwrap();
        let fields = testing::secrets(&new, "serial-new").fields;
        let name = vault_now.add_key(&id(), &fields, Timestamp(2)).unwrap();
        assert!(matches!(
            vault_now.add_key(&id(), &fields, Timestamp(3)),
            Err(VaultError::KeyKnown)
        ));
        // It can be tested before it is used, and is not used before it is made active.
        let waiting = vault_now.keys_of(&id(), &name).unwrap();
        assert_eq!(waiting.signing_id().unwrap(), "serial-new");
        assert_eq!(vault_now.keys(&id()).unwrap().sign(b"x").unwrap(), by_old);
        vault_now.activate(&id(), &name).unwrap();

        let vault_later = vault(&folder);
        let keys = vault_later.keys(&id()).unwrap();
        assert_eq!(keys.signing_id().unwrap(), "serial-new");
        assert_ne!(keys.sign(b"x").unwrap(), by_old);
        let status = vault_later.status(&id()).unwrap();
        let states: Vec<_> = status.keys.iter().map(|key| key.state).collect();
        assert_eq!(states, [KeyState::Old, KeyState::Active]);
        assert_eq!(status.keys[0].fingerprint.as_ref().unwrap().len(), 79);
        assert!(matches!(
            vault_later.retire(&id(), &name),
            Err(VaultError::KeyInUse)
        ));
        let gone = status.keys[0].id.clone();
        vault_later.retire(&id(), &gone).unwrap();
        assert_eq!(vault_later.status(&id()).unwrap().keys.len(), 1);
        let text = std::fs::read_to_string(folder.0.join("keys.json")).unwrap();
        assert!(
            !text.contains(testing::body_of(&old)),
            "the retired key is gone"
        );
        assert!(text.contains(testing::body_of(&new)));
    }

    #[test]
    fn learned_keys_stand_beside_the_typed_ones_until_unlearned() {
        let folder = Folder::new("learn");
        let vault = vault(&folder);
        let secrets = testing::secrets(&testing::private_key(0), "serial");
        vault.keep(&id(), &secrets, Timestamp(1)).unwrap();
        let peer = testing::private_key(1);
        let signed = testing::sign_with(&peer, b"answer");
        let by = testing::peer_id(&peer);
        let believed = |vault: &OpenVault| {
            let keys = vault.keys(&id()).unwrap();
            keys.verify(&by, b"answer", &signed).is_ok()
        };
        assert!(!believed(&vault));
        let key = LearnedKey {
            id: "PUB-2".to_owned(),
            field: "peers".to_owned(),
            material: testing::public_of(&peer),
        };
        vault.learn(&id(), &key, Timestamp(5)).unwrap();
        assert!(believed(&vault));
        let status = vault.status(&id()).unwrap();
        assert_eq!(status.peers[0].learned_at, Timestamp(5));
        let bad = LearnedKey {
            material: "not a key".to_owned(),
            ..key
        };
        assert!(matches!(
            vault.learn(&id(), &bad, Timestamp(6)),
            Err(VaultError::Key { .. })
        ));
        assert!(believed(&vault), "a bad key changed nothing");
        vault.unlearn(&id(), "PUB-2").unwrap();
        assert!(!believed(&vault));
    }

    #[test]
    fn a_locked_vault_says_locked_and_refresh_opens_it() {
        let folder = Folder::new("lock");
        let vault = vault(&folder);
        let secrets = testing::secrets(&testing::private_key(0), "serial");
        vault.keep(&id(), &secrets, Timestamp(1)).unwrap();
        vault.lock();
        assert!(matches!(vault.keys(&id()), Err(KeyError::Locked)));
        vault.refresh().unwrap();
        assert!(vault.keys(&id()).is_ok());
        vault.forget(&id()).unwrap();
        assert!(matches!(vault.keys(&id()), Err(KeyError::Missing)));
        assert_eq!(vault.raise_mark(3).unwrap(), 3);
        assert_eq!(vault.raise_mark(2).unwrap(), 3, "never lowered");
    }

    #[test]
    fn a_key_that_cannot_be_used_is_refused_before_anything_is_written() {
        let folder = Folder::new("refused");
        let vault = vault(&folder);
        let before = std::fs::read(folder.0.join("keys.json")).unwrap();
        let secrets = testing::secrets("-----BEGIN PRIVATE KEY-----\nAAAA", "serial");
        let refused = vault.keep(&id(), &secrets, Timestamp(1)).unwrap_err();
        assert!(matches!(refused, VaultError::Key { .. }));
        assert_eq!(std::fs::read(folder.0.join("keys.json")).unwrap(), before);
    }
}
