//! The vault: status, unlocking, locking, the passphrase. Answers hold states and seconds, nothing else.

use crate::{Console, coded, contract::*, errors::not_open};
use paydesk_desk::{
    DeskError, Secret,
    ports::{CustodyError, VaultKind, VaultStatus},
};

impl Console {
    pub(crate) async fn keys_status(&self, _: NoArgs) -> Result<KeysStatus, CommandError> {
        Ok(self.keys_view())
    }

    pub(crate) async fn unlock_keys(&self, args: UnlockKeys) -> Result<KeysStatus, CommandError> {
        let passphrase = args.passphrase.as_ref().map(secret);
        let custody = &self.desk.ports().custody;
        let status = custody.unlock(passphrase).await.map_err(refused_by_vault)?;
        must_be_open(status)?;
        self.desk.unlocked().await.map_err(coded)?;
        Ok(self.keys_view())
    }

    pub(crate) async fn lock_keys(&self, _: NoArgs) -> Result<KeysStatus, CommandError> {
        self.desk.ports().custody.lock();
        self.desk.unlocked().await.map_err(coded)?;
        Ok(self.keys_view())
    }

    pub(crate) async fn change_passphrase(
        &self,
        args: ChangePassphrase,
    ) -> Result<KeysStatus, CommandError> {
        let custody = &self.desk.ports().custody;
        let changed = custody.change_passphrase(secret(&args.old), secret(&args.new));
        changed.await.map_err(refused_by_vault)?;
        Ok(self.keys_view())
    }

    /// Moves a new folder's keys to the real vault.
    pub(crate) async fn go_real(&self, passphrase: Option<&Pasted>) -> Result<(), CommandError> {
        let custody = &self.desk.ports().custody;
        let moved = custody.go_real(passphrase.map(secret)).await;
        must_be_open(moved.map_err(refused_by_vault)?)
    }

    /// How it stands with the keys.
    pub(crate) fn keys_view(&self) -> KeysStatus {
        let custody = &self.desk.ports().custody;
        let kept_in = custody.kept_in();
        let is_sealed = kept_in == Some(VaultKind::Sealed);
        let state = match custody.status() {
            Err(CustodyError::Lost) => KeysState::Lost,
            Err(_) => KeysState::Unreadable,
            Ok(VaultStatus::Denied) => KeysState::Denied,
            Ok(VaultStatus::Hanging) => KeysState::Hanging,
            Ok(VaultStatus::MissingService) => KeysState::NoKeyring,
            Ok(VaultStatus::NeedsPassphrase { is_new: true }) => KeysState::NeedsNewPassphrase,
            Ok(VaultStatus::Open(_)) => KeysState::Open,
            Ok(
                VaultStatus::Locked
                | VaultStatus::NeedsPassphrase { is_new: false }
                | VaultStatus::WrongPassphrase { .. },
            ) => KeysState::Locked,
        };
        let wait = if is_sealed {
            custody.wait().as_millis().div_ceil(1000)
        } else {
            0
        };
        KeysStatus {
            state,
            kept_in: kept_in.map(|kind| match kind {
                VaultKind::KeyFile => KeysKept::KeyFile,
                VaultKind::Keyring => KeysKept::Keyring,
                VaultKind::Sealed => KeysKept::Sealed,
            }),
            asks_passphrase: state == KeysState::NeedsNewPassphrase
                || (is_sealed && state == KeysState::Locked),
            wait_seconds: u32::try_from(wait).unwrap_or(u32::MAX),
        }
    }
}

/// A pasted text as the desk takes it.
pub(crate) fn secret(pasted: &Pasted) -> Secret<String> {
    Secret::new(pasted.expose().to_owned())
}

fn must_be_open(status: VaultStatus) -> Result<(), CommandError> {
    match status {
        VaultStatus::Open(_) => Ok(()),
        closed => Err(not_open(closed)),
    }
}

fn refused_by_vault(error: CustodyError) -> CommandError {
    coded(DeskError::Custody(error))
}
