//! The whole database is looked through now and then: a bit that turned on the disk is shown before anybody
//! counts on what it says. Changes nothing, and mends nothing: a whole copy has to be put back.

use crate::Verification;
use paydesk_desk::{Desk, ports::StoreError};
use paydesk_store::SqliteStore;
use std::{sync::Arc, time::Duration};

/// First when the start is long over: until then the disk belongs to the open payments.
const FIRST: Duration = Duration::from_secs(10 * 60);

const EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// What was damaged is told by these many names at most.
const NAMES_MAX: usize = 5;

impl Verification {
    /// Whether the file does not say any more what was written into it.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.fault.is_some() || !self.differences.is_empty()
    }
}

/// Walks the log, and on request everything else.
pub(crate) async fn verified(
    store: &SqliteStore,
    everything: bool,
) -> Result<Verification, StoreError> {
    let report = store.verify().await?;
    let fault = report.fault.as_ref().map(ToString::to_string);
    let mut differences = Vec::new();
    if everything && fault.is_none() {
        differences = store.examine().await?;
        differences.extend(store.rebuild().await?.differences);
    }
    Ok(Verification {
        events: report.events,
        fault,
        differences,
    })
}

/// Looks through everything once a day, for as long as the process runs.
pub(crate) async fn forever(desk: Arc<Desk>, store: Arc<SqliteStore>) {
    let mut wait = FIRST;
    loop {
        desk.ports().clock.sleep(wait).await;
        wait = look(&desk, &store).await;
    }
}

/// Looks once; when to look again.
async fn look(desk: &Desk, store: &SqliteStore) -> Duration {
    match verified(store, true).await {
        Ok(verified) => {
            if verified.is_damaged() {
                let named: Vec<&String> = (verified.fault.iter())
                    .chain(&verified.differences)
                    .take(NAMES_MAX)
                    .collect();
                tracing::error!(?named, "the database is damaged: put back a whole copy");
            }
            desk.note_damage(verified.is_damaged());
            EVERY
        }
        Err(StoreError::Corrupt(what)) => {
            tracing::error!(what, "the database is damaged: put back a whole copy");
            desk.note_damage(true);
            EVERY
        }
        // Locked, busy, a disk that fails: asked again.
        Err(error) => {
            tracing::warn!(%error, "the database could not be looked through; trying again");
            FIRST
        }
    }
}
