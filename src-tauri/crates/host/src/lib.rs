//! The outside, wired once: folder, clock, randomness, network, vault, store, demo sandbox.
//! Used by the window, the command line and the test host. Holds no rule about money.

mod demo;
mod history;
pub mod logs;
mod network;
mod new_file;
mod opening;
mod outside;

pub use demo::{DemoError, serve_sandbox};
pub use network::SANDBOX_GATEWAY;

use demo::Demo;
use network::{HttpNetwork, Reach};
use outside::{OsIds, RuntimeTasks, SystemClock};
use paydesk_console::{Console, contract::CommandError};
use paydesk_desk::{
    Desk, DeskError, Ports,
    ports::{Clock, StoreError},
};
use paydesk_domain::Mode;
use paydesk_store::{SqliteStore, StoreOptions};
use paydesk_vault::{FolderVault, VaultError};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

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
    /// Projections that differ from what the log says.
    pub differences: Vec<String>,
}

/// An open data folder.
pub struct Host {
    console: Console,
    store: Arc<SqliteStore>,
    folder: PathBuf,
    demo: Arc<Demo>,
    resolver: Option<tokio::task::JoinHandle<()>>,
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
        let vault = Arc::new(FolderVault::open(&folder)?);
        let ids = Arc::new(OsIds);
        let clock: Arc<dyn Clock> = options.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let store = Arc::new(open_store(&folder, &vault, &ids, clock.as_ref()).await?);
        let address = Arc::new(RwLock::new(None));
        let tls = |error: reqwest::Error| HostError::Network(error.to_string());
        let network =
            Arc::new(HttpNetwork::new(Reach::Sandbox(Arc::clone(&address))).map_err(tls)?);
        let ports = Ports {
            clock,
            ids,
            network: Arc::<HttpNetwork>::clone(&network),
            store: Arc::<SqliteStore>::clone(&store),
            tasks: Arc::new(RuntimeTasks(tokio::runtime::Handle::current())),
            vault: Arc::<FolderVault>::clone(&vault),
        };
        let desk = Desk::open(ports.clone()).await?;
        if let Some(operator) = &options.operator {
            desk.act_as(operator);
        }
        let demo = Arc::new(Demo::new(folder.clone(), vault, address, ports).map_err(tls)?);
        match desk.shop().map(|shop| shop.mode) {
            Some(Mode::Demo) => demo.start().await?,
            Some(Mode::Real) => network.set_reach(Reach::Channels).map_err(tls)?,
            None => {}
        }
        let resolver = options
            .resolve
            .then(|| tokio::spawn(Arc::clone(&desk).resolve_forever()));
        let console = Console::new(desk, Arc::<Demo>::clone(&demo));
        Ok(Host {
            console,
            store,
            folder,
            demo,
            resolver,
        })
    }

    /// The commands.
    #[must_use]
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// Walks the event chain; on request rebuilds the projections and compares them.
    ///
    /// # Errors
    /// The store's.
    pub async fn verify(&self, rebuild: bool) -> Result<Verification, StoreError> {
        let report = self.store.verify().await?;
        let fault = report.fault.as_ref().map(ToString::to_string);
        let mut differences = Vec::new();
        if rebuild && fault.is_none() {
            differences = self.store.rebuild().await?.differences;
        }
        Ok(Verification {
            events: report.events,
            fault,
            differences,
        })
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
        if let Some(resolver) = self.resolver {
            resolver.abort();
        }
        self.demo.stop().await;
        self.store.close().await;
    }
}

async fn open_store(
    folder: &Path,
    vault: &FolderVault,
    ids: &Arc<OsIds>,
    clock: &dyn Clock,
) -> Result<SqliteStore, StoreError> {
    use paydesk_desk::ports::Vault;
    SqliteStore::open(StoreOptions {
        file: folder.join("paydesk.db"),
        key: vault.data_key(),
        ids: Arc::<OsIds>::clone(ids),
        now: clock.now(),
        vfs: None,
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
