//! SQLite's write-ahead log as a file.
//!
//! It must never write anything else into it than what stands there.

use crate::{StoreOptions, errors::fault, files::Files};
use paydesk_desk::ports::StoreError;
use paydesk_signing::mutants::{Mutant, planted};
use sqlx::{Connection, SqliteConnection};
use std::{io::ErrorKind, path::PathBuf, sync::Arc};

/// The write-ahead log of one database file.
pub(crate) struct Wal {
    file: PathBuf,
    files: Arc<dyn Files>,
}

impl Wal {
    pub(crate) fn of(options: &StoreOptions) -> Wal {
        let mut file = options.file.clone().into_os_string();
        file.push("-wal");
        Wal {
            file: PathBuf::from(file),
            files: Arc::clone(&options.files),
        }
    }

    /// Makes durable what a new connection is about to read.
    ///
    /// A process that is killed between writing a commit and syncing it leaves a commit that the next one
    /// reads but that a power cut would still take back. A sync that failed is worse: no later one brings
    /// what it left behind, although it is read as if it were there. So the log is written and synced once
    /// more, while nobody else may write to it. On a full disk it is read all the same.
    pub(crate) async fn keep(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if planted(Mutant::UnsyncedReads) {
            return Ok(());
        }
        let alone = connection.begin_with("BEGIN IMMEDIATE").await;
        let alone = alone.map_err(fault)?;
        let kept = self.files.write_again(&self.file);
        alone.rollback().await.map_err(fault)?;
        match kept {
            Err(error) if error.kind() == ErrorKind::StorageFull => Ok(()),
            kept => kept.map_err(|error| StoreError::Io(format!("the log: {error}"))),
        }
    }
}
