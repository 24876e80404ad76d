//! The vault: status, unlocking, locking.

use crate::{Console, contract::*, refused};

impl Console {
    pub(crate) async fn keys_status(&self, _: NoArgs) -> Result<KeysStatus, CommandError> {
        Ok(KeysStatus {
            state: KeysState::Open,
            kept_in: Some(KeysKept::KeyFile),
            asks_passphrase: false,
            wait_seconds: 0,
        })
    }

    pub(crate) async fn unlock_keys(&self, _: UnlockKeys) -> Result<KeysStatus, CommandError> {
        Err(refused(ErrorCode::NotNow))
    }

    pub(crate) async fn lock_keys(&self, _: NoArgs) -> Result<KeysStatus, CommandError> {
        Err(refused(ErrorCode::NotNow))
    }

    pub(crate) async fn change_passphrase(
        &self,
        _: ChangePassphrase,
    ) -> Result<KeysStatus, CommandError> {
        Err(refused(ErrorCode::NotNow))
    }
}
