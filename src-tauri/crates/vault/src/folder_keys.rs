//! The keys of one data folder, wherever they are kept: chooses the vault, says why it is not open, and
//! moves a folder from the demo's key file to a real one. Never makes a second data key for a folder.

use crate::{
    AccountSecrets, Cost, FolderVault, KeyMaker, Keyring, KeyringError, OpenVault, VaultError,
    attempts::Attempts,
    files, key_file,
    keyring::KeyringShelf,
    open_vault::{Contents, Shelf},
    sealed::{self, SealedShelf},
};
use paydesk_desk::ports::{VaultKind, VaultStatus};
use paydesk_domain::{AccountId, Mode, Timestamp};
use paydesk_signing::{KeyError, Keys, SealingKey, Secret, hex};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    time::Duration,
};
use zeroize::Zeroizing;

/// What is known when a folder is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Demo, or real. A folder whose mode is not chosen yet is opened as a demo.
    pub mode: Mode,
    /// Whether the folder holds data already, so that a missing data key is a loss and not a beginning.
    pub has_data: bool,
    /// The passphrase, if a person gave one.
    pub passphrase: Option<&'a Secret<String>>,
    /// Now.
    pub now: Timestamp,
}

/// Stands in the folder and says where its keys are. No secret.
#[derive(Serialize, Deserialize)]
struct Signpost {
    format: u32,
    kind: VaultKind,
    folder: String,
}

const FORMAT: u32 = 1;

/// The keys of one data folder.
#[derive(Debug)]
pub struct FolderKeys {
    folder: PathBuf,
    keyring: Arc<Keyring>,
    make: ShownMaker,
    cost: Cost,
    state: RwLock<(VaultStatus, Option<Arc<OpenVault>>)>,
}

/// A maker of keys that can stand in a type with `Debug`.
struct ShownMaker(KeyMaker);

impl std::fmt::Debug for ShownMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyMaker")
    }
}

impl FolderKeys {
    /// For the folder at this place; nothing is read yet.
    #[must_use]
    pub fn new(folder: &Path, keyring: Arc<Keyring>, make: KeyMaker) -> FolderKeys {
        FolderKeys {
            folder: folder.to_owned(),
            keyring,
            make: ShownMaker(make),
            cost: Cost::DEFAULT,
            state: RwLock::new((VaultStatus::Locked, None)),
        }
    }

    /// Opens, or tries again. Blocks for some seconds at most: call it off the window's thread.
    ///
    /// # Errors
    /// What no passphrase and no unlocking will mend: a damaged or newer file, a lost data key.
    pub fn open(&self, opening: Opening<'_>) -> Result<VaultStatus, VaultError> {
        self.keyring.restart();
        let opened = self.choose(opening);
        if let Ok((VaultKind::Keyring | VaultKind::Sealed, vault)) = &opened {
            self.finish_move(vault)?;
        }
        self.settle(opened)
    }

    /// Removes a key file that a move to the real vault left behind when it was cut off.
    fn finish_move(&self, vault: &OpenVault) -> Result<(), VaultError> {
        let file = key_file::path(&self.folder);
        if !file.exists() {
            return Ok(());
        }
        let left = FolderVault::open(&self.folder)?.vault();
        let same = |key: Arc<SealingKey>| key.mac("same key", b"");
        if left.accounts().is_empty() && same(left.data_key()) == same(vault.data_key()) {
            std::fs::remove_file(&file).map_err(files::fault(&file))?;
        }
        Ok(())
    }

    /// Moves a folder from the demo's key file to the keyring or, without one, to a sealed file; the key
    /// file is removed. For the moment when "real" is chosen. A status other than `Open` changed nothing.
    ///
    /// # Errors
    /// `Exists` when accounts of a demo are in the key file.
    pub fn move_to_real(
        &self,
        passphrase: Option<&Secret<String>>,
    ) -> Result<VaultStatus, VaultError> {
        let file = key_file::path(&self.folder);
        let from = FolderVault::open(&self.folder)?.vault();
        let contents = from.contents()?;
        if !contents.accounts.is_empty() {
            return Err(VaultError::Exists { path: file });
        }
        let half_made = sealed::path(&self.folder);
        if self.signpost()?.is_none() && half_made.exists() {
            // Cut off before anything pointed to it; the key file is still the one that counts.
            std::fs::remove_file(&half_made).map_err(files::fault(&half_made))?;
        }
        let made = self.create(&contents, from.mark()?, passphrase);
        let status = self.settle(made)?;
        if matches!(status, VaultStatus::Open(_)) {
            std::fs::remove_file(&file).map_err(files::fault(&file))?;
        }
        Ok(status)
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> VaultStatus {
        self.state
            .read()
            .map_or(VaultStatus::Locked, |state| state.0)
    }

    /// The open vault, for everything that changes accounts; none while it is not open.
    #[must_use]
    pub fn vault(&self) -> Option<Arc<OpenVault>> {
        self.state.read().ok()?.1.clone()
    }

    /// What this account can do.
    ///
    /// # Errors
    /// `Locked` while the vault is not open.
    pub fn keys(&self, account: &AccountId) -> Result<Arc<dyn Keys>, KeyError> {
        use paydesk_desk::ports::Vault as _;
        self.vault().ok_or(KeyError::Locked)?.keys(account)
    }

    /// The key of sealed fields, tags and the log's head.
    ///
    /// # Errors
    /// `Locked` while the vault is not open. There is no stand-in: what is sealed with one is lost.
    pub fn data_key(&self) -> Result<Arc<SealingKey>, KeyError> {
        Ok(self.vault().ok_or(KeyError::Locked)?.data_key())
    }

    /// Where the keys of this folder are kept, once that is decided.
    #[must_use]
    pub fn kept_in(&self) -> Option<VaultKind> {
        match self.signpost() {
            Ok(Some(signpost)) => Some(signpost.kind),
            Ok(None) if sealed::exists(&self.folder) => Some(VaultKind::Sealed),
            Ok(None) if key_file::path(&self.folder).exists() => Some(VaultKind::KeyFile),
            _ => None,
        }
    }

    /// Drops the accounts' keys from memory; [`FolderKeys::open`] brings them back. The data key stays, so
    /// that answers in flight are still recorded.
    pub fn lock(&self) {
        if let Ok(mut state) = self.state.write() {
            if let Some(vault) = &state.1 {
                vault.lock();
            }
            state.0 = VaultStatus::Locked;
        }
    }

    /// How long to wait before a passphrase can be tried.
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Duration {
        Attempts::beside(&self.folder).wait(now)
    }

    /// Closes the vault; [`FolderKeys::open`] opens it again.
    pub fn close(&self) {
        if let Ok(mut state) = self.state.write() {
            *state = (VaultStatus::Locked, None);
        }
    }

    /// Changes the passphrase of a sealed vault.
    ///
    /// # Errors
    /// `WrongPassphrase`, `PassphraseTooShort`, the file's.
    pub fn change_passphrase(
        &self,
        old: &Secret<String>,
        new: &Secret<String>,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let shelf = SealedShelf::change_passphrase(&self.folder, old, new, self.cost, now)?;
        let vault = self.unpack(Box::new(shelf), VaultKind::Sealed);
        self.settle(vault).map(drop)
    }

    /// The abilities these secrets would give, without storing them: for the connection test.
    ///
    /// # Errors
    /// Why a key cannot be used.
    pub fn try_out(&self, secrets: &AccountSecrets) -> Result<Arc<dyn Keys>, KeyError> {
        crate::open_vault::try_out(secrets, &self.make.0)
    }

    fn choose(&self, opening: Opening<'_>) -> Result<(VaultKind, OpenVault), VaultError> {
        let signpost = self.signpost()?;
        match signpost {
            Some(Signpost {
                kind: VaultKind::Keyring,
                folder,
                ..
            }) => {
                let shelf = KeyringShelf::open(&self.keyring, &self.folder, &folder)?;
                self.unpack(Box::new(shelf), VaultKind::Keyring)
            }
            Some(Signpost {
                kind: VaultKind::Sealed,
                ..
            }) => self.unseal(opening),
            _ if opening.mode == Mode::Demo => {
                let shelf = key_file::KeyFileShelf::open(&self.folder)?;
                self.unpack(Box::new(shelf), VaultKind::KeyFile)
            }
            _ if sealed::exists(&self.folder) => self.unseal(opening),
            _ if opening.has_data => Err(VaultError::DataKeyMissing),
            _ => {
                let mut data_key = Zeroizing::new([0_u8; 32]);
                rand::rngs::OsRng.fill_bytes(data_key.as_mut());
                let contents = Contents {
                    data_key,
                    accounts: std::collections::BTreeMap::new(),
                };
                self.create(&contents, 0, opening.passphrase)
            }
        }
    }

    fn unseal(&self, opening: Opening<'_>) -> Result<(VaultKind, OpenVault), VaultError> {
        let passphrase = opening.passphrase.ok_or(VaultError::NeedsPassphrase)?;
        let shelf = SealedShelf::open(&self.folder, passphrase, opening.now)?;
        self.unpack(Box::new(shelf), VaultKind::Sealed)
    }

    /// Makes the vault of a real folder: in the keyring when it passes the probe, sealed when there is
    /// none. A locked or hanging keyring is said, not gone around, unless a person gave a passphrase.
    fn create(
        &self,
        contents: &Contents,
        mark: u64,
        passphrase: Option<&Secret<String>>,
    ) -> Result<(VaultKind, OpenVault), VaultError> {
        let mut folder = [0_u8; 16];
        rand::rngs::OsRng.fill_bytes(&mut folder);
        let folder = hex(&folder);
        let in_keyring = KeyringShelf::create(&self.keyring, &self.folder, &folder, contents);
        let (kind, shelf): (_, Box<dyn Shelf>) = match (in_keyring, passphrase) {
            (Ok(shelf), _) => {
                shelf.set_mark(mark)?;
                (VaultKind::Keyring, Box::new(shelf))
            }
            (Err(VaultError::Keyring(_)), Some(passphrase)) => {
                let (at, cost) = (&self.folder, self.cost);
                let shelf = SealedShelf::create(at, passphrase, cost, contents, mark)?;
                (VaultKind::Sealed, Box::new(shelf))
            }
            (Err(VaultError::Keyring(KeyringError::NoService)), None) => {
                return Err(VaultError::NeedsPassphrase);
            }
            (Err(error), _) => return Err(error),
        };
        // Read back before anything points to it.
        let made = self.unpack(shelf, kind)?;
        self.set_signpost(&Signpost {
            format: FORMAT,
            kind,
            folder,
        })?;
        Ok(made)
    }

    fn unpack(
        &self,
        shelf: Box<dyn Shelf>,
        kind: VaultKind,
    ) -> Result<(VaultKind, OpenVault), VaultError> {
        Ok((kind, OpenVault::new(shelf, Arc::clone(&self.make.0))?))
    }

    /// Turns what a person can mend into a status, and remembers it.
    fn settle(
        &self,
        opened: Result<(VaultKind, OpenVault), VaultError>,
    ) -> Result<VaultStatus, VaultError> {
        let (status, vault) = match opened {
            Ok((kind, vault)) => (VaultStatus::Open(kind), Some(Arc::new(vault))),
            Err(error) => (self.status_of(error)?, None),
        };
        let mut state = self.state.write().map_err(|_| VaultError::NotOpen)?;
        // What is open stays open: a failed second try takes nothing away.
        if vault.is_some() || state.1.is_none() {
            *state = (status, vault);
        }
        Ok(status)
    }

    fn status_of(&self, error: VaultError) -> Result<VaultStatus, VaultError> {
        Ok(match error {
            VaultError::Keyring(KeyringError::Denied) => VaultStatus::Denied,
            VaultError::Keyring(KeyringError::Hanging) => VaultStatus::Hanging,
            VaultError::Keyring(KeyringError::Locked) => VaultStatus::Locked,
            VaultError::Keyring(KeyringError::NoService) => VaultStatus::MissingService,
            VaultError::NeedsPassphrase => VaultStatus::NeedsPassphrase {
                is_new: !sealed::exists(&self.folder),
            },
            VaultError::WrongPassphrase { wait } => VaultStatus::WrongPassphrase { wait },
            other => return Err(other),
        })
    }

    fn signpost_path(&self) -> PathBuf {
        self.folder.join("vault.json")
    }

    fn signpost(&self) -> Result<Option<Signpost>, VaultError> {
        let path = self.signpost_path();
        let Some(bytes) = files::read(&path, 4096)? else {
            return Ok(None);
        };
        let signpost: Signpost =
            serde_json::from_slice(&bytes).map_err(|_| VaultError::Damaged { path })?;
        if signpost.format > FORMAT {
            return Err(VaultError::NewerFormat {
                found: signpost.format,
                known: FORMAT,
            });
        }
        Ok(Some(signpost))
    }

    fn set_signpost(&self, signpost: &Signpost) -> Result<(), VaultError> {
        let bytes = serde_json::to_vec_pretty(signpost).map_err(|_| VaultError::Sealing)?;
        files::write(&self.signpost_path(), &bytes)
    }
}

#[cfg(test)]
#[path = "folder_keys_tests.rs"]
mod tests;
