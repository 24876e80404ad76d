//! Time, randomness and tasks of the real machine: the only place that reads them.

use paydesk_desk::ports::{BoxFuture, Clock, Ids, Tasks};
use paydesk_domain::Timestamp;
use rand::RngCore;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The machine's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one reader of the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    #[allow(clippy::disallowed_methods, reason = "the one sleeper")]
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// The operating system's randomness.
pub(crate) struct OsIds;

impl Ids for OsIds {
    fn nonce(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        rand::rngs::OsRng.fill_bytes(&mut bytes);
        bytes
    }
}

/// Tasks of the runtime.
pub(crate) struct RuntimeTasks(pub(crate) tokio::runtime::Handle);

impl Tasks for RuntimeTasks {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        // The handle is not awaited: the task records its own end in the store.
        drop(self.0.spawn(task));
    }
}
