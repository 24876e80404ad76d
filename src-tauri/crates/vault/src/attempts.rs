//! Counts wrong passphrases, in a file beside the sealed one, so that the waiting survives a restart.
//! Whoever can delete that file is not slowed down: against them only the cost of Argon2id protects.

use crate::{VaultError, files};
use paydesk_domain::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Slips of the finger that cost nothing.
const FREE: u32 = 2;
/// The longest waiting, in seconds.
const WAIT_MAX: u64 = 900;

#[derive(Default, Serialize, Deserialize)]
struct Count {
    failed: u32,
    last: i64,
}

pub(crate) struct Attempts(PathBuf);

impl Attempts {
    pub(crate) fn beside(folder: &Path) -> Attempts {
        Attempts(folder.join("vault.attempts"))
    }

    /// Counts a try before it is made, so that killing the program does not save it.
    ///
    /// # Errors
    /// `WrongPassphrase` when it is too early; it is not counted then.
    pub(crate) fn begin(&self, now: Timestamp) -> Result<(), VaultError> {
        let wait = self.wait(now);
        if !wait.is_zero() {
            return Err(VaultError::WrongPassphrase { wait });
        }
        let count = Count {
            failed: self.read().failed.saturating_add(1),
            last: now.0,
        };
        let bytes = serde_json::to_vec(&count).map_err(|_| VaultError::Sealing)?;
        files::write(&self.0, &bytes)
    }

    /// How long to wait from now: 2, 4, 8 ... seconds after the third failure. A clock set back waits
    /// the whole time again, never longer.
    pub(crate) fn wait(&self, now: Timestamp) -> Duration {
        let count = self.read();
        let steps = count.failed.saturating_sub(FREE);
        if steps == 0 {
            return Duration::ZERO;
        }
        let whole = 2_u64.saturating_pow(steps).min(WAIT_MAX);
        let passed = now.0.saturating_sub(count.last).max(0);
        let passed = Duration::from_millis(u64::try_from(passed).unwrap_or(0));
        Duration::from_secs(whole).saturating_sub(passed)
    }

    pub(crate) fn succeeded(&self) -> Result<(), VaultError> {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(files::fault(&self.0)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A damaged count begins anew: it must never keep an honest person out.
    fn read(&self) -> Count {
        let bytes = files::read(&self.0, 1024).ok().flatten();
        let count = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        count.unwrap_or_default()
    }
}
