//! The folder's keys as the desk sees them: the vault, called off the runtime's threads, because a keyring
//! or a disk may take its time. A keyring that never answers delays nothing but itself.

use paydesk_desk::ports::{
    AccountStatus, BoxFuture, Clock, Custody, CustodyError, Mark, PeerKey, SecretFields, Vault,
    VaultKind, VaultStatus,
};
use paydesk_desk::{CALLER, CALLER_SECRET};
use paydesk_domain::{AccountId, Mode};
use paydesk_signing::{AccountKeys, KeyError, Keys, SealingKey, Secret};
use paydesk_vault::{AccountSecrets, FolderKeys, LearnedKey, OpenVault, Opening, VaultError};
use std::sync::{
    Arc, RwLock,
    atomic::{AtomicBool, Ordering},
};

/// The events of a mark stand in the lower bits, the epoch above them.
const EPOCH_SHIFT: u32 = 56;

/// The keys of the open folder.
pub(crate) struct HostKeys {
    keys: Arc<FolderKeys>,
    clock: Arc<dyn Clock>,
    /// What no passphrase and no unlocking will mend.
    fault: RwLock<Option<CustodyError>>,
    is_real: AtomicBool,
    has_data: AtomicBool,
}

/// Makes an account's keys with the connector that knows its fields.
pub(crate) fn key_maker(clock: Arc<dyn Clock>) -> paydesk_vault::KeyMaker {
    Arc::new(move |channel, fields| {
        // The secret of other software's key: no connector knows it, and it can do nothing else.
        if channel == CALLER {
            let secret = fields.get(CALLER_SECRET).ok_or(KeyError::Missing)?;
            let keys = AccountKeys::builder().mac_secret(secret.as_bytes())?;
            return Ok(keys.build());
        }
        let channel = paydesk_channels::by_id(channel).ok_or(KeyError::Missing)?;
        channel.account_keys(fields, clock.now())
    })
}

impl HostKeys {
    pub(crate) fn new(keys: Arc<FolderKeys>, clock: Arc<dyn Clock>) -> HostKeys {
        HostKeys {
            keys,
            clock,
            fault: RwLock::new(None),
            is_real: AtomicBool::new(false),
            has_data: AtomicBool::new(false),
        }
    }

    /// What the store says of the folder, before the first opening.
    pub(crate) fn learn(&self, mode: Option<Mode>) {
        self.is_real
            .store(mode == Some(Mode::Real), Ordering::Release);
        self.has_data.store(mode.is_some(), Ordering::Release);
    }

    /// Opens the vault, or tries again. Blocks.
    ///
    /// # Errors
    /// The vault's; remembered as what is wrong.
    pub(crate) fn open(
        &self,
        passphrase: Option<&Secret<String>>,
    ) -> Result<VaultStatus, VaultError> {
        let is_real = self.is_real.load(Ordering::Acquire);
        // A real folder of an earlier version, or one whose first run was cut off: its data key moves.
        if is_real && self.keys.kept_in() == Some(VaultKind::KeyFile) {
            return self.keys.move_to_real(passphrase);
        }
        self.keys.open(Opening {
            mode: if is_real { Mode::Real } else { Mode::Demo },
            has_data: self.has_data.load(Ordering::Acquire),
            passphrase,
            now: self.clock.now(),
        })
    }

    /// Opens, and remembers what cannot be mended. Blocks.
    pub(crate) fn open_or_note(
        &self,
        passphrase: Option<&Secret<String>>,
    ) -> Result<VaultStatus, CustodyError> {
        let opened = self.open(passphrase).map_err(CustodyError::from);
        if let Ok(mut fault) = self.fault.write() {
            *fault = opened
                .as_ref()
                .err()
                .filter(|error| is_lasting(error))
                .cloned();
        }
        opened
    }

    fn vault(&self) -> Result<Arc<OpenVault>, CustodyError> {
        let status = self.keys.status();
        let vault = self
            .keys
            .vault()
            .filter(|_| matches!(status, VaultStatus::Open(_)));
        vault.ok_or(CustodyError::NotOpen(status))
    }

    /// Something with the open vault, off the runtime's threads.
    fn with_vault<T: Send + 'static>(
        &self,
        act: impl FnOnce(&OpenVault) -> Result<T, VaultError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, CustodyError>> {
        let vault = self.vault();
        Box::pin(async move {
            let vault = vault?;
            blocking(move || act(&vault).map_err(CustodyError::from)).await
        })
    }
}

/// Whether trying again would not help.
fn is_lasting(error: &CustodyError) -> bool {
    matches!(error, CustodyError::Lost | CustodyError::Unreadable(_))
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, CustodyError> + Send + 'static,
) -> Result<T, CustodyError> {
    let done = tokio::task::spawn_blocking(act).await;
    done.map_err(|error| CustodyError::Failed(error.to_string()))?
}

impl Vault for HostKeys {
    fn keys(&self, account: &AccountId) -> Result<Arc<dyn Keys>, KeyError> {
        self.keys.keys(account)
    }

    fn data_key(&self) -> Result<Arc<SealingKey>, KeyError> {
        self.keys.data_key()
    }

    fn is_locked(&self) -> bool {
        self.vault().is_err()
    }
}

/// The desk's view: shares what the host holds.
pub(crate) struct Shared(pub(crate) Arc<HostKeys>);

impl Custody for Shared {
    fn status(&self) -> Result<VaultStatus, CustodyError> {
        let fault = self.0.fault.read().ok().and_then(|fault| fault.clone());
        fault.map_or_else(|| Ok(self.0.keys.status()), Err)
    }

    fn kept_in(&self) -> Option<VaultKind> {
        self.0.keys.kept_in()
    }

    fn wait(&self) -> std::time::Duration {
        self.0.keys.wait(self.0.clock.now())
    }

    fn unlock(
        &self,
        passphrase: Option<Secret<String>>,
    ) -> BoxFuture<'_, Result<VaultStatus, CustodyError>> {
        let keys = Arc::clone(&self.0);
        Box::pin(blocking(move || keys.open_or_note(passphrase.as_ref())))
    }

    fn lock(&self) {
        self.0.keys.lock();
    }

    fn go_real(
        &self,
        passphrase: Option<Secret<String>>,
    ) -> BoxFuture<'_, Result<VaultStatus, CustodyError>> {
        let keys = Arc::clone(&self.0);
        Box::pin(blocking(move || {
            let moved = matches!(
                keys.keys.kept_in(),
                Some(VaultKind::Keyring | VaultKind::Sealed)
            );
            // A first run that was cut off has moved already.
            let status = if moved {
                keys.open_or_note(passphrase.as_ref())?
            } else {
                keys.keys.move_to_real(passphrase.as_ref())?
            };
            if matches!(status, VaultStatus::Open(_)) {
                keys.is_real.store(true, Ordering::Release);
                keys.has_data.store(true, Ordering::Release);
            }
            Ok(status)
        }))
    }

    fn change_passphrase(
        &self,
        old: Secret<String>,
        new: Secret<String>,
    ) -> BoxFuture<'_, Result<(), CustodyError>> {
        let keys = Arc::clone(&self.0);
        Box::pin(blocking(move || {
            let now = keys.clock.now();
            Ok(keys.keys.change_passphrase(&old, &new, now)?)
        }))
    }

    fn account(&self, id: &AccountId) -> Option<AccountStatus> {
        self.0.vault().ok()?.status(id)
    }

    fn try_out(&self, channel: &str, fields: &SecretFields) -> Result<Arc<dyn Keys>, KeyError> {
        self.0.keys.try_out(&secrets(channel, fields))
    }

    fn try_key<'a>(
        &'a self,
        id: &'a AccountId,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Arc<dyn Keys>, CustodyError>> {
        let (id, key) = (id.clone(), key.to_owned());
        self.0.with_vault(move |vault| vault.keys_of(&id, &key))
    }

    fn keep<'a>(
        &'a self,
        id: &'a AccountId,
        channel: &'a str,
        fields: SecretFields,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        let (id, now) = (id.clone(), self.0.clock.now());
        let secrets = AccountSecrets {
            channel: channel.to_owned(),
            fields,
        };
        self.0
            .with_vault(move |vault| vault.keep(&id, &secrets, now).map(drop))
    }

    fn amend<'a>(
        &'a self,
        id: &'a AccountId,
        fields: SecretFields,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        let id = id.clone();
        self.0
            .with_vault(move |vault| vault.amend(&id, &fields).map(drop))
    }

    fn refresh(&self) -> BoxFuture<'_, Result<(), CustodyError>> {
        self.0.with_vault(OpenVault::refresh)
    }

    fn forget<'a>(&'a self, id: &'a AccountId) -> BoxFuture<'a, Result<(), CustodyError>> {
        let id = id.clone();
        self.0.with_vault(move |vault| vault.forget(&id))
    }

    fn add_key<'a>(
        &'a self,
        id: &'a AccountId,
        fields: SecretFields,
    ) -> BoxFuture<'a, Result<String, CustodyError>> {
        let (id, now) = (id.clone(), self.0.clock.now());
        self.0
            .with_vault(move |vault| vault.add_key(&id, &fields, now))
    }

    fn activate<'a>(
        &'a self,
        id: &'a AccountId,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        let (id, key) = (id.clone(), key.to_owned());
        self.0
            .with_vault(move |vault| vault.activate(&id, &key).map(drop))
    }

    fn retire<'a>(
        &'a self,
        id: &'a AccountId,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        let (id, key) = (id.clone(), key.to_owned());
        self.0
            .with_vault(move |vault| vault.retire(&id, &key).map(drop))
    }

    fn learn<'a>(
        &'a self,
        id: &'a AccountId,
        key: PeerKey,
    ) -> BoxFuture<'a, Result<(), CustodyError>> {
        let (id, now) = (id.clone(), self.0.clock.now());
        let key = LearnedKey {
            id: key.id,
            field: key.field,
            material: key.material,
        };
        self.0
            .with_vault(move |vault| vault.learn(&id, &key, now).map(drop))
    }

    fn mark(&self) -> BoxFuture<'_, Result<Mark, CustodyError>> {
        // Only a keyring is not copied with the folder; any other mark would say nothing.
        if self.0.keys.kept_in() != Some(VaultKind::Keyring) {
            return Box::pin(async { Ok(Mark::default()) });
        }
        let mark = self.0.with_vault(OpenVault::mark);
        Box::pin(async move {
            let mark = mark.await?;
            Ok(Mark {
                epoch: u8::try_from(mark >> EPOCH_SHIFT).unwrap_or(u8::MAX),
                events: mark & ((1 << EPOCH_SHIFT) - 1),
            })
        })
    }

    fn set_mark(&self, mark: Mark) -> BoxFuture<'_, Result<(), CustodyError>> {
        if self.0.keys.kept_in() != Some(VaultKind::Keyring) {
            return Box::pin(async { Ok(()) });
        }
        let mark = (u64::from(mark.epoch) << EPOCH_SHIFT) | mark.events;
        self.0
            .with_vault(move |vault| vault.raise_mark(mark).map(drop))
    }
}

fn secrets(channel: &str, fields: &SecretFields) -> AccountSecrets {
    let pairs = fields.iter();
    AccountSecrets {
        channel: channel.to_owned(),
        fields: pairs
            .map(|(name, value)| (name.clone(), Secret::new(value.expose().clone())))
            .collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::outside::SystemClock;
    use paydesk_vault::stand_ins::{Mood, StandIn};
    use std::time::Duration;

    #[test]
    fn a_real_folder_of_an_earlier_version_leaves_its_key_file() {
        let folder = std::env::temp_dir().join(format!("paydesk-keys-{}", std::process::id()));
        let _absent = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keyring = StandIn::new().unwrap();
        keyring.set(Mood::Missing);
        let open = |mode| {
            let keyring = keyring.keyring(Duration::from_secs(5));
            let keys = FolderKeys::new(&folder, keyring, key_maker(Arc::clone(&clock)));
            let keys = HostKeys::new(Arc::new(keys), Arc::clone(&clock));
            keys.learn(mode);
            keys
        };
        let first = open(None);
        first.open_or_note(None).unwrap();
        let mac = first.data_key().unwrap().mac("a", b"b");
        let later = open(Some(Mode::Real));
        let status = later.open_or_note(None).unwrap();
        assert_eq!(status, VaultStatus::NeedsPassphrase { is_new: true });
        assert!(later.is_locked());
        let passphrase = Secret::new("correct horse battery".to_owned());
        let status = later.open_or_note(Some(&passphrase)).unwrap();
        assert_eq!(status, VaultStatus::Open(VaultKind::Sealed));
        assert_eq!(later.data_key().unwrap().mac("a", b"b"), mac);
        assert!(!folder.join("keys.json").exists());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
