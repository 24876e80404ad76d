//! The outside, wired once: folder, clock, randomness, network, vault, store, demo sandbox.
//! Used by the window, the command line and the test host. Holds no rule about money.

mod demo;
mod demo_accounts;
mod examine;
mod fonts;
mod history;
mod keys;
pub mod logs;
mod network;
mod new_file;
mod opening;
mod outside;
mod pages;

pub use demo::{DemoError, serve_sandbox};
pub use network::SANDBOX_GATEWAY;
pub use pages::{Browser, system_browser};
pub use paydesk_sandbox::Sandbox;
pub use paydesk_signing::Secret;

use demo::Demo;
use keys::{HostKeys, Shared, key_maker};
use network::{HttpNetwork, Reach};
use outside::{OsIds, RuntimeTasks, SystemClock};
use paydesk_console::{Console, contract::CommandError};
use paydesk_desk::{
    Desk, DeskError, Ports,
    ports::{Clock, Store, StoreError, Vault, VaultStatus},
    shop::Shop,
};
use paydesk_domain::Mode;
use paydesk_store::{SqliteStore, StoreOptions, SystemFiles};
use paydesk_vault::{FolderKeys, Keyring, VaultError};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    time::Duration,
};

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long opening a folder waits for its keyring; it goes on in the background.
const KEYRING_PATIENCE: Duration = Duration::from_secs(2);

/// Between two marks of how far the folder's past goes.
const MARK_EVERY: Duration = Duration::from_secs(2);

/// Which folder, and who works.
#[derive(Clone, Default)]
pub struct HostOptions {
    /// The data folder; the user's own when not given.
    pub data: Option<PathBuf>,
    /// Whose name stands on events; the last picked one when not given.
    pub operator: Option<String>,
    /// Whether this process resolves doubts in the background.
    pub resolve: bool,
    /// Another clock than the machine's, for tests of clocks that are wrong.
    pub clock: Option<Arc<dyn Clock>>,
    /// Another keyring than the system's, for tests of keyrings that are locked, missing or silent.
    pub keyring: Option<Arc<Keyring>>,
    /// What shows a channel's page; none where nobody sits before the screen.
    pub browser: Option<Browser>,
    /// Opens a sealed vault at once, for hosts without a window.
    pub passphrase: Option<Arc<Secret<String>>>,
}

/// Why the folder cannot be opened. Each says what to do; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The demo's sandbox.
    #[error("{0}")]
    Demo(#[from] DemoError),
    /// The desk.
    #[error("{0}")]
    Desk(#[from] DeskError),
    /// The folder cannot be made or read.
    #[error("the folder {folder} cannot be used: {source}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error("the network cannot be set up: {0}")]
    Network(String),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The vault.
    #[error("{0}")]
    Vault(#[from] VaultError),
}

/// What `verify` found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Verification {
    /// Events in the log.
    pub events: u64,
    /// The first damaged event, named.
    pub fault: Option<String>,
    /// Damage of the file, and projections that differ from what the log says.
    pub differences: Vec<String>,
}

/// An open data folder.
pub struct Host {
    console: Console,
    store: Arc<SqliteStore>,
    folder: PathBuf,
    demo: Arc<Demo>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Host {
    /// Opens a folder: vault, store, desk; the demo's sandbox when the folder is a demo; and starts
    /// resolving what is open.
    ///
    /// # Errors
    /// `HostError`; nothing was changed.
    pub async fn open(options: HostOptions) -> Result<Host, HostError> {
        let folder = options.data.unwrap_or_else(default_folder);
        std::fs::create_dir_all(&folder).map_err(|source| HostError::Folder {
            folder: folder.clone(),
            source,
        })?;
        let ids = Arc::new(OsIds);
        let clock: Arc<dyn Clock> = options.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let keyring = options
            .keyring
            .unwrap_or_else(|| Arc::new(Keyring::system()));
        let folder_keys = FolderKeys::new(&folder, keyring, key_maker(Arc::clone(&clock)));
        let folder_keys = Arc::new(folder_keys);
        let keys = Arc::new(HostKeys::new(Arc::clone(&folder_keys), Arc::clone(&clock)));
        let store = Arc::new(open_store(&folder, &keys, &ids, clock.as_ref()).await?);
        // The mode decides which vault it is; the store tells it without any key.
        let mode = mode_of(&store).await?;
        keys.learn(mode);
        let late = open_keys(&keys, mode, options.passphrase).await?;
        let address = Arc::new(RwLock::new(None));
        let tls = |error: reqwest::Error| HostError::Network(error.to_string());
        let network =
            Arc::new(HttpNetwork::new(Reach::Sandbox(Arc::clone(&address))).map_err(tls)?);
        let ports = Ports {
            clock: Arc::clone(&clock),
            custody: Arc::new(Shared(Arc::clone(&keys))),
            ids,
            network: Arc::<HttpNetwork>::clone(&network),
            store: Arc::<SqliteStore>::clone(&store),
            tasks: Arc::new(RuntimeTasks(tokio::runtime::Handle::current())),
            vault: Arc::<HostKeys>::clone(&keys),
        };
        let desk = Desk::open(ports.clone()).await?;
        if let Some(operator) = &options.operator {
            desk.act_as(operator);
        }
        let demo = Demo::new(
            folder.clone(),
            folder_keys,
            address,
            Arc::clone(&network),
            ports,
            options.browser,
        );
        let demo = Arc::new(demo.map_err(tls)?);
        match desk.shop().map(|shop| shop.mode) {
            Some(Mode::Demo) => demo.start().await?,
            Some(Mode::Real) => network.set_reach(Reach::Accounts).map_err(tls)?,
            None => {}
        }
        let mut tasks = vec![tokio::spawn(mark_forever(Arc::clone(&desk)))];
        match late {
            Some(late) => tasks.push(tokio::spawn(open_late(Arc::clone(&desk), late))),
            None if keys.is_locked() => {}
            // A mark that cannot be read locks the vault: the folder opens, and charges nothing unseen.
            None => drop(desk.compare_with_mark().await),
        }
        if options.resolve {
            tasks.push(tokio::spawn(Arc::clone(&desk).resolve_forever()));
            tasks.push(tokio::spawn(Arc::clone(&desk).fetch_bills_forever()));
            let examining = examine::forever(Arc::clone(&desk), Arc::clone(&store));
            tasks.push(tokio::spawn(examining));
        }
        let console = Console::new(desk, Arc::<Demo>::clone(&demo));
        Ok(Host {
            console,
            store,
            folder,
            demo,
            tasks,
        })
    }

    /// The commands.
    #[must_use]
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// Walks the event chain; on request examines the whole file, rebuilds the projections and compares them.
    ///
    /// # Errors
    /// The store's.
    pub async fn verify(&self, rebuild: bool) -> Result<Verification, StoreError> {
        let verified = examine::verified(&self.store, rebuild).await?;
        if rebuild {
            self.console.desk().note_damage(verified.is_damaged());
        }
        Ok(verified)
    }

    /// How many attempts and refunds are still looked at: doubts, and what is known but not over, such as a refund
    /// that the channel has accepted.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_work(&self) -> Result<usize, StoreError> {
        Ok(self.store.open_work().await?.len())
    }

    /// The demo sandbox's ledger, for tests and auditors: the truth of the demo's money.
    ///
    /// # Errors
    /// `SandboxGone`.
    pub async fn sandbox_ledger(&self) -> Result<serde_json::Value, CommandError> {
        self.demo.ledger().await
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops the demo's sandbox if this process runs it, and closes the store.
    pub async fn close(self) {
        for task in self.tasks {
            task.abort();
        }
        if let Err(error) = self.console.desk().mark_past().await {
            tracing::warn!(%error, "how far the folder's past goes could not be marked");
        }
        self.demo.stop().await;
        self.store.close().await;
    }
}

type Opening = tokio::task::JoinHandle<Result<VaultStatus, VaultError>>;

/// Opens the vault off the runtime's threads. A demo whose keys are wrong does not open at all; a real
/// folder opens with its vault as it is, so that lists and doubts are seen. What takes too long is handed
/// back: it goes on.
async fn open_keys(
    keys: &Arc<HostKeys>,
    mode: Option<Mode>,
    passphrase: Option<Arc<Secret<String>>>,
) -> Result<Option<Opening>, HostError> {
    let opener = Arc::clone(keys);
    let is_real = mode == Some(Mode::Real);
    let mut opening: Opening = tokio::task::spawn_blocking(move || {
        let passphrase = passphrase.as_deref();
        if is_real {
            // What is wrong is remembered and shown.
            return Ok(opener
                .open_or_note(passphrase)
                .unwrap_or(VaultStatus::Locked));
        }
        opener.open(passphrase)
    });
    match tokio::time::timeout(KEYRING_PATIENCE, &mut opening).await {
        Ok(Ok(opened)) => opened.map(|_| None).map_err(HostError::Vault),
        Ok(Err(_)) => Err(HostError::Vault(VaultError::NotOpen)),
        Err(_) => Ok(Some(opening)),
    }
}

/// A vault that opened late: everything that waited for it goes on.
async fn open_late(desk: Arc<Desk>, opening: Opening) {
    let opened = opening.await;
    if !matches!(opened, Ok(Ok(_))) {
        return;
    }
    if let Err(error) = desk.unlocked().await {
        tracing::error!(%error, "what waited for the keys could not go on");
    }
}

/// Tells the keyring now and then how far the folder's past goes.
async fn mark_forever(desk: Arc<Desk>) {
    let mut marked = 0;
    loop {
        desk.ports().clock.sleep(MARK_EVERY).await;
        let Ok(events) = desk.ports().store.data_version().await else {
            continue;
        };
        if events == marked || desk.ports().vault.is_locked() {
            continue;
        }
        match desk.mark_past().await {
            Ok(()) => marked = events,
            Err(error) => {
                tracing::warn!(%error, "how far the folder's past goes could not be marked");
            }
        }
    }
}

async fn mode_of(store: &SqliteStore) -> Result<Option<Mode>, StoreError> {
    let Some(document) = store.settings().await? else {
        return Ok(None);
    };
    let shop: Shop = serde_json::from_value(document)
        .map_err(|error| StoreError::Corrupt(format!("the settings cannot be read: {error}")))?;
    Ok(Some(shop.mode))
}

async fn open_store(
    folder: &Path,
    keys: &Arc<HostKeys>,
    ids: &Arc<OsIds>,
    clock: &dyn Clock,
) -> Result<SqliteStore, StoreError> {
    let keys = Arc::clone(keys);
    SqliteStore::open(StoreOptions {
        file: folder.join("paydesk.db"),
        key: Arc::new(move || keys.data_key()),
        ids: Arc::<OsIds>::clone(ids),
        now: clock.now(),
        files: Arc::new(SystemFiles),
        readers: 4,
    })
    .await
}

/// `PAYDESK_DATA`, or the user's own data folder.
#[must_use]
#[allow(
    clippy::disallowed_methods,
    reason = "the one reader of the environment"
)]
pub fn default_folder() -> PathBuf {
    let named = std::env::var_os("PAYDESK_DATA").map(PathBuf::from);
    named.unwrap_or_else(|| {
        dirs::data_dir()
            .unwrap_or_else(std::env::temp_dir)
            .join("paydesk")
    })
}
