//! The one thread that talks to the keyring. The stores block, some for ever, and are not reliable from
//! several threads; a call that takes too long is given up, the thread with it, and nothing else waits.

use crate::KeyringError;
use keyring_core::{CredentialStore, Entry, Error};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};
use zeroize::Zeroizing;

/// Connects to a store; called on the keyring's own thread.
pub type StoreMaker = Arc<dyn Fn() -> keyring_core::Result<Arc<CredentialStore>> + Send + Sync>;

/// The name under which every item of this program stands.
pub(crate) const SERVICE: &str = "paydesk";
/// How long the keyring has for one call.
const PATIENCE: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The keyring, reached through its own thread.
pub struct Keyring {
    make_store: StoreMaker,
    patience: Duration,
    worker: Mutex<Option<Worker>>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring")
    }
}

struct Worker {
    jobs: mpsc::Sender<Job>,
    /// Set when a call was given up, cleared by the thread when it comes back from it after all.
    stuck: Arc<AtomicBool>,
}

/// Lives on the thread.
pub(crate) struct Connection {
    make_store: StoreMaker,
    store: Option<Arc<CredentialStore>>,
}

impl Keyring {
    /// The operating system's keyring, five seconds for a call.
    #[must_use]
    pub fn system() -> Keyring {
        Keyring::new(Arc::new(system_store), PATIENCE)
    }

    /// Another store, or other patience.
    #[must_use]
    pub fn new(make_store: StoreMaker, patience: Duration) -> Keyring {
        Keyring {
            make_store,
            patience,
            worker: Mutex::new(None),
        }
    }

    /// Gives a hanging thread up, so that the next call begins with a new one. For a person's "try
    /// again"; calls between fail at once.
    pub fn restart(&self) {
        if let Ok(mut worker) = self.worker.lock()
            && worker.as_ref().is_some_and(Worker::is_stuck)
        {
            *worker = None;
        }
    }

    /// Runs a job on the thread and waits for it, as long as patience lasts.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let (answer, answered) = mpsc::channel();
        let (jobs, stuck) = self.worker()?;
        let done = Arc::clone(&stuck);
        let job: Job = Box::new(move |connection| {
            // Nobody may be waiting any more; then the answer is dropped, and wiped with it.
            let _nobody_waits = answer.send(job(connection));
            done.store(false, Ordering::SeqCst);
        });
        jobs.send(job).map_err(|_| KeyringError::Hanging)?;
        match answered.recv_timeout(self.patience) {
            Ok(result) => result,
            Err(_) => {
                stuck.store(true, Ordering::SeqCst);
                // It may have answered between the two lines above.
                let Ok(result) = answered.try_recv() else {
                    return Err(KeyringError::Hanging);
                };
                stuck.store(false, Ordering::SeqCst);
                result
            }
        }
    }

    fn worker(&self) -> Result<(mpsc::Sender<Job>, Arc<AtomicBool>), KeyringError> {
        let mut worker = self.worker.lock().map_err(|_| KeyringError::Hanging)?;
        if worker.is_none() {
            *worker = Some(Worker::start(&self.make_store)?);
        }
        match worker.as_ref() {
            Some(worker) if !worker.is_stuck() => {
                Ok((worker.jobs.clone(), Arc::clone(&worker.stuck)))
            }
            _ => Err(KeyringError::Hanging),
        }
    }
}

impl Worker {
    fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::SeqCst)
    }

    fn start(make_store: &StoreMaker) -> Result<Worker, KeyringError> {
        let (jobs, todo) = mpsc::channel::<Job>();
        let mut connection = Connection {
            make_store: Arc::clone(make_store),
            store: None,
        };
        let body = move || {
            for job in todo {
                job(&mut connection);
            }
        };
        let named = std::thread::Builder::new().name("keyring".to_owned());
        let started = named.spawn(body);
        started.map_err(|error| KeyringError::Failed(error.to_string()))?;
        Ok(Worker {
            jobs,
            stuck: Arc::new(AtomicBool::new(false)),
        })
    }
}

impl Connection {
    /// A service that was started after this program is found, because a failed connection is not kept.
    fn store(&mut self) -> Result<Arc<CredentialStore>, KeyringError> {
        if let Some(store) = &self.store {
            return Ok(Arc::clone(store));
        }
        let store = (self.make_store)().map_err(|error| match meaning(error, "") {
            KeyringError::Failed(_) => KeyringError::NoService,
            other => other,
        })?;
        self.store = Some(Arc::clone(&store));
        Ok(store)
    }

    fn on<T>(
        &mut self,
        account: &str,
        ask: impl FnOnce(&Entry) -> keyring_core::Result<T>,
    ) -> Result<Option<T>, KeyringError> {
        let entry = self.store()?.build(SERVICE, account, None);
        match entry.and_then(|entry| ask(&entry)) {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => {
                let error = meaning(error, account);
                if matches!(error, KeyringError::Failed(_) | KeyringError::NoService) {
                    self.store = None;
                }
                Err(error)
            }
        }
    }

    pub(crate) fn read(
        &mut self,
        account: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        let secret = self.on(account, Entry::get_secret)?;
        Ok(secret.map(Zeroizing::new))
    }

    pub(crate) fn write(&mut self, account: &str, value: &[u8]) -> Result<(), KeyringError> {
        let written = self.on(account, |entry| entry.set_secret(value))?;
        written.ok_or(KeyringError::Denied)
    }

    pub(crate) fn delete(&mut self, account: &str) -> Result<(), KeyringError> {
        self.on(account, Entry::delete_credential).map(drop)
    }
}

/// The stores tell the kinds apart by words only. Values that an error carries are never shown.
fn meaning(error: Error, account: &str) -> KeyringError {
    let said = |what: &dyn std::error::Error| what.to_string().to_lowercase();
    let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    match error {
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => KeyringError::NoService,
        Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
            zeroize::Zeroize::zeroize(&mut bytes);
            KeyringError::Corrupt {
                item: account.to_owned(),
            }
        }
        Error::BadStoreFormat(_) | Error::Ambiguous(_) => KeyringError::Corrupt {
            item: account.to_owned(),
        },
        Error::NoStorageAccess(what) if has(&said(what.as_ref()), &["denied", "not allowed"]) => {
            KeyringError::Denied
        }
        Error::NoStorageAccess(_) => KeyringError::Locked,
        Error::PlatformFailure(what) => {
            let text = said(what.as_ref());
            if has(&text, &["islocked", "is locked"]) {
                KeyringError::Locked
            } else if has(&text, &["accessdenied", "access denied"]) {
                KeyringError::Denied
            } else if has(
                &text,
                &[
                    "serviceunknown",
                    "not provided",
                    "no such file",
                    "unavailable",
                ],
            ) || has(
                &text,
                &[
                    "connection refused",
                    "disconnected",
                    "broken pipe",
                    "noreply",
                ],
            ) {
                KeyringError::NoService
            } else {
                KeyringError::Failed(what.to_string())
            }
        }
        Error::TooLong(name, _) => KeyringError::Failed(format!("{name} is too long")),
        Error::Invalid(name, _) => KeyringError::Failed(format!("{name} is not accepted")),
        _ => KeyringError::Failed("an unknown fault".to_owned()),
    }
}

#[cfg(target_os = "linux")]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(Error::NoDefaultStore)
}
