//! Connections to one file: each is used by one call at a time and kept open between calls.
//!
//! A connection whose write failed is closed and never used again: what the system still shows of that
//! write may not be on the disk. It must never retry a call.

use crate::{
    errors::{fault, is_of_the_disk},
    wal::Wal,
};
use paydesk_desk::ports::StoreError;
use sqlx::{
    ConnectOptions, Connection, Sqlite, SqliteConnection, Transaction, sqlite::SqliteConnectOptions,
};
use std::{
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, Ordering},
};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, Semaphore, SemaphorePermit};

/// Some connections with the same options.
pub(crate) struct Lane {
    options: SqliteConnectOptions,
    wal: Option<Wal>,
    free: Semaphore,
    slots: Vec<Slot>,
}

#[derive(Default)]
struct Slot {
    connection: Mutex<Option<SqliteConnection>>,
    is_distrusted: AtomicBool,
}

/// A connection for one call; it is free again when this is dropped.
pub(crate) struct Held<'l> {
    connection: MappedMutexGuard<'l, SqliteConnection>,
    _permit: SemaphorePermit<'l>,
}

fn closed() -> StoreError {
    StoreError::Io("the store is closed".to_owned())
}

impl Lane {
    /// At most so many connections. One is opened now, the others when they are needed; each that writes
    /// keeps the write-ahead log first.
    pub(crate) async fn open(
        count: usize,
        options: SqliteConnectOptions,
        wal: Option<Wal>,
    ) -> Result<Lane, StoreError> {
        let lane = Lane {
            options,
            wal,
            free: Semaphore::new(count),
            slots: (0..count).map(|_| Slot::default()).collect(),
        };
        drop(lane.take().await?);
        Ok(lane)
    }

    /// The next free connection.
    pub(crate) async fn take(&self) -> Result<Held<'_>, StoreError> {
        let permit = self.free.acquire().await.map_err(|_| closed())?;
        // As many permits as slots: one is free.
        let mut slots = self.slots.iter();
        let free = slots.find_map(|slot| Some((slot, slot.connection.try_lock().ok()?)));
        let (slot, mut kept) = free.ok_or_else(closed)?;
        if let Some(connection) = kept.take() {
            let distrusted = slot.is_distrusted.swap(false, Ordering::AcqRel);
            *kept = usable(connection, distrusted).await;
        }
        if kept.is_none() {
            *kept = Some(self.connect().await?);
        }
        let connection = MutexGuard::try_map(kept, Option::as_mut).map_err(|_| closed())?;
        Ok(Held {
            connection,
            _permit: permit,
        })
    }

    async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        let mut connection = self.options.connect().await.map_err(fault)?;
        if let Some(wal) = &self.wal {
            wal.keep(&mut connection).await?;
        }
        Ok(connection)
    }

    /// The store's error of a write. After one of the disk no connection of the lane is used again.
    pub(crate) fn fault(&self, error: sqlx::Error) -> StoreError {
        if is_of_the_disk(&error) {
            for slot in &self.slots {
                slot.is_distrusted.store(true, Ordering::Release);
            }
        }
        fault(error)
    }

    /// A transaction that writes: nobody else does until it ends.
    pub(crate) async fn begin<'c>(
        &self,
        connection: &'c mut SqliteConnection,
    ) -> Result<Transaction<'c, Sqlite>, StoreError> {
        let begun = connection.begin_with("BEGIN IMMEDIATE").await;
        begun.map_err(|error| self.fault(error))
    }

    /// Waits for every call and closes every connection. Later calls are refused.
    pub(crate) async fn close(&self) {
        self.free.close();
        for slot in &self.slots {
            if let Some(connection) = slot.connection.lock().await.take() {
                // On a dead disk the last checkpoint fails, and everything is closed all the same.
                drop(connection.close().await);
            }
        }
    }
}

/// A call that was given up leaves a transaction to be rolled back, which a round trip waits for. After a
/// full disk SQLite has ended the transaction by itself; the connection still counts it as open and would
/// refuse every later one.
async fn usable(mut connection: SqliteConnection, distrusted: bool) -> Option<SqliteConnection> {
    if !distrusted {
        if !connection.is_in_transaction() {
            return Some(connection);
        }
        if connection.ping().await.is_ok() && !connection.is_in_transaction() {
            return Some(connection);
        }
    }
    // What it says while it closes changes nothing: it is gone.
    drop(connection.close().await);
    None
}

impl Deref for Held<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}
