//! The open data folder as the window holds it: opened once, beside the first paint, and closed at the end. While it is
//! open the interface for other software listens, if it is switched on.
//!
//! What went wrong at the opening answers the command that asked, so that the page can say it in words and try again.

use std::path::PathBuf;
use std::sync::Arc;

use paydesk_console::Console;
use paydesk_console::contract::{CommandError, Event};
use paydesk_host::{Host, HostOptions};
use paydesk_inbound::Keeper;
use serde_json::Value;
use tokio::sync::{Mutex, Notify, OnceCell};

/// The host, once it is open.
#[derive(Clone)]
pub(crate) struct Shop {
    folder: PathBuf,
    opened: Arc<OnceCell<Console>>,
    is_open: Arc<Notify>,
    host: Arc<Mutex<Option<(Host, Keeper)>>>,
}

impl Shop {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            opened: Arc::default(),
            is_open: Arc::default(),
            host: Arc::default(),
        }
    }

    /// The commands; opens the folder at the first call, and again at the next one where it failed.
    pub(crate) async fn console(&self) -> Result<&Console, CommandError> {
        self.opened
            .get_or_try_init(|| async {
                let options = HostOptions {
                    data: Some(self.folder.clone()),
                    operator: None,
                    resolve: true,
                    browser: Some(paydesk_host::system_browser()),
                    ..HostOptions::default()
                };
                let host = Host::open(options).await.map_err(|error| {
                    tracing::error!(%error, "the data folder could not be opened");
                    CommandError::from(error)
                })?;
                let console = host.console().clone();
                let interface = Keeper::start(console.clone());
                *self.host.lock().await = Some((host, interface));
                self.is_open.notify_one();
                Ok(console)
            })
            .await
    }

    /// Whether the folder is open: only then can something be running in it.
    pub(crate) fn is_open(&self) -> bool {
        self.opened.initialized()
    }

    /// Calls a command of the contract.
    pub(crate) async fn call(&self, name: &str, args: Value) -> Result<Value, CommandError> {
        self.console().await?.call(name, args).await
    }

    /// Opens the folder and hands on what moves until it is closed.
    pub(crate) async fn listen(&self, tell: impl Fn(&Event)) {
        // The page shows why a folder did not open; once a retry opens it, listening begins.
        let console = loop {
            match self.console().await {
                Ok(console) => break console,
                Err(_) => self.is_open.notified().await,
            }
        };
        let mut events = console.events();
        while let Some(event) = events.next().await {
            tell(&event);
        }
    }

    /// Closes the folder: doubts stay in it and are asked about at the next start.
    pub(crate) async fn close(&self) {
        let host = self.host.lock().await.take();
        if let Some((host, interface)) = host {
            interface.stop().await;
            host.close().await;
        }
    }
}
